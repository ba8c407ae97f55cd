"""Levers of all shapes, by our two solvers: one path or many, alone or by region, more than are taken whole."""

from __future__ import annotations

from pathlib import Path

import pytest

import optimize as opt
import sd_models as sd
from optimize.results.verdict import Standing

PERIODS = {1: (101, 150), 2: (60,), 40: (3,)}
SHAPES = [(regions, paths, periods) for regions in PERIODS for paths in (1, 2) for periods in PERIODS[regions]]


def problem(folder: Path, regions: int, paths: int, periods: int) -> opt.Problem:
    """Stocks by region that spending fills, of one kind or of two that replace each other; all may spend half."""
    names = ", ".join(f"r{number}" for number in range(regions))
    kinds = ", ".join(f"k{number}" for number in range(paths))
    text = f"""{{UTF-8}}
region: {names} ~~|
kind: {kinds} ~~|
spend[region, kind] = 1 ~~|
stock[region] = INTEG(SUM(SQRT(.1 + spend[region, kind!])) - .1 * stock[region], 5) ~~|
goal = SUM(LN(stock[region!])) ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = {periods} ~~|
TIME STEP = 1 ~~|
SAVEPER = 1 ~~|
"""
    (folder / "shapes.mdl").write_text(text, encoding="utf-8")
    plan = {
        "model": "shapes.mdl",
        "horizon": [0, periods - 1],
        "objective": {"maximize": "goal", "measure": "mean"},
        "lever": [{"variable": "spend", "lower": 0, "upper": 2}],
        "limit": [
            {
                "name": "all",
                "sum": "spend",
                "over": ["region", "kind"],
                "when": "total",
                "at_most": 0.5 * regions * paths * periods,
            }
        ],
    }
    return opt.Problem(sd.load(folder / "shapes.mdl"), opt.read_plan(plan))


@pytest.mark.parametrize(("regions", "paths", "periods"), SHAPES)
def test_both_solvers_find_the_same_optimum(regions: int, paths: int, periods: int, tmp_path: Path) -> None:
    """The problem is concave: there is one."""
    asked = problem(tmp_path, regions, paths, periods)
    assert asked.size == regions * paths * periods
    one, other = (opt.solve(asked, solver=solver) for solver in ("sqp", "ipm"))
    for found in (one, other):
        assert found.is_policy, found.status
        assert found.findings.kkt_residual < 1e-6
    assert one.objective == pytest.approx(other.objective, rel=1e-7)


def test_what_is_fixed_is_no_lever_that_moves_the_goal(tmp_path: Path) -> None:
    """Only what is left to decide can be recommended, and is called by its element."""
    asked = problem(tmp_path, 2, 1, 4)
    levers = [
        {"variable": "spend", "where": {"region": "r0"}, "fixed": 2},
        {"variable": "spend", "where": {"region": "r1"}, "lower": 0, "upper": 2},
    ]
    text = (tmp_path / "shapes.mdl").read_text(encoding="utf-8").replace("LN(stock[region!])", "only[region!]")
    text = text.replace("goal =", "only[r0] = LN(stock[r0]) ~~|\nonly[r1] = 0 ~~|\ngoal =")
    (tmp_path / "shapes.mdl").write_text(text, encoding="utf-8")
    plan = opt.read_plan({**asked.plan.model_dump(by_alias=True, exclude_defaults=True), "lever": levers, "limit": []})
    found = opt.solve(opt.Problem(sd.load(tmp_path / "shapes.mdl"), plan))
    assert found.status.standing is Standing.NO_GRADIENT
    assert "spend[r1, k0]" in found.status.sentence
    assert "spend[r0" not in found.status.sentence

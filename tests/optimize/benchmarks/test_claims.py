"""The judge of claims: its own runs are the simulator's, it refutes what is false and nothing that is true."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import optimize as opt
import sd_models as sd
from optimize.benchmarks import claims
from optimize.benchmarks.brute_force import Judge
from optimize.benchmarks.drawing import FAMILIES, draw
from optimize.benchmarks.drawn_model import DrawnLever, DrawnModel
from optimize.benchmarks.drawn_plan import DrawnLimit, DrawnPlan, Truth
from optimize.problems.pyomo_model import state
from optimize.problems.pyomo_reader import program


def plan_of(gain: str, *levers: tuple[float, float], budget: float | None = None, elements: int = 0) -> DrawnPlan:
    """Levers u and v, or u with elements, within bounds."""
    drawn = tuple(
        DrawnLever(name, elements, 1.0, low, high, (low, high), (low,) * max(elements, 1))
        for name, (low, high) in zip("uv", levers, strict=False)
    )
    limit = DrawnLimit({"name": "budget", "sum": "u", "over": ["r"]}, "SUM(u[r!])", upper=budget or 0.0)
    return DrawnPlan(
        number=1,
        family="mixed",
        model=DrawnModel(drawn, 1, 1, (("gain", gain), ("f", "gain"))),
        measure="integral",
        maximize=True,
        limits=() if budget is None else (limit,),
        unit=1.0,
        constant=0.0,
        truth=Truth.BOUNDED,
    )


@pytest.mark.parametrize("number", range(1, 25))
def test_plans_mean_to_numpy_what_they_mean_to_the_simulator(number: int, tmp_path: Path) -> None:
    """Objective and limits of some policy, by way of the files."""
    drawn = draw(number)
    drawn.write(tmp_path)
    plan = opt.load_plan(tmp_path / "plan.toml")
    problem = opt.Problem(sd.load(plan.model), plan)
    stated = program(state(problem), problem)
    low, high = Judge(drawn).box
    x = low + 0.37 * np.minimum(high - low, 3.0)
    found = stated.evaluate(x * drawn.model.each(lambda lever: lever.scale))
    size = abs(drawn.constant) + abs(float(drawn.gains(x[np.newaxis])[0])) + drawn.unit
    assert stated.sign * stated.cost(found.x, found.y) == pytest.approx(drawn.objective(x), rel=1e-9, abs=1e-9 * size)
    rows = stated.rows(found.x, found.y)
    missed = np.maximum(stated.row_lower - rows, rows - stated.row_upper) > 1e-9 * np.maximum(stated.amounts, 1e-12)
    assert missed.any() == (Judge(drawn).violations(x[np.newaxis]) > 1e-9).any()


def test_every_family_is_drawn_and_every_number_is_the_same_plan() -> None:
    """Whatever was drawn before."""
    plans = [draw(number) for number in range(60)]
    assert {plan.family for plan in plans} == set(FAMILIES)
    assert [plan.digest for plan in plans[-3:]] == [draw(number).digest for number in range(57, 60)]
    assert all(1 <= plan.model.size <= 8 for plan in plans)


FALSE = {
    "a minimum": (plan_of("u^2", (-1, 1)), [0.0]),
    "the least along a budget": (plan_of("SUM(u[r!]^2)", (0, 10), budget=8.0, elements=4), [2.0] * 4),
    "a saddle of third order": (plan_of("(u - 1)^3 - 3*(u - 1)*(v - 1)^2", (0, 2), (0, 2)), [1.0, 1.0]),
    "the lower side of a kink": (plan_of("ABS(u - 1)", (0, 2)), [1.0]),
    "below a jump": (plan_of("IF THEN ELSE(u > 1, 5, 1)", (0, 2)), [1.0]),
    "below a jump to a slope": (plan_of("IF THEN ELSE(u > 1, 5 - u, 1)", (0, 2)), [1.0]),
    "before a pole": (plan_of("XIDZ(1, u - 1, 0)", (0, 2)), [1.0]),
    "one lever beside a dear one": (plan_of("1e9*(2*u - u^2) + v", (0, 2), (0, 1)), [1.0, 0.6]),
    "beside the optimum": (plan_of("-(u - 1)^2", (0, 2)), [1.01]),
}
DEAR = plan_of("1e4*u", (-10, 16))
DEAR = replace(DEAR, limits=(DrawnLimit({"name": "load", "variable": "load"}, "EXP(u)", upper=1e-3),))
TRUE = {
    "a kink": (plan_of("MIN(u, 6 - 2*u)", (0, 10)), [2.0]),
    "a kink along a valley": (plan_of("u + v - 9*ABS(u - v)", (0, 1), (0, 1)), [1.0, 1.0]),
    "a smooth optimum": (plan_of("-(u - 1)^2 - (v - u)^2", (0, 2), (0, 2)), [1.0, 1.0]),
    "an optimum of fourth order": (plan_of("-((u - 1)^4)", (0, 2)), [1.0]),
    "a corner": (plan_of("SUM(u[r!]^2)", (0, 10), budget=8.0, elements=4), [8.0, 0.0, 0.0, 0.0]),
    "within what a limit allows": (plan_of("1e4*SUM(u[r!])", (0, 10), budget=8.0, elements=2), [4.0, 4.0 - 1e-8]),
    "within a hair of a bound": (plan_of("1e6*u + 0*v", (0, 2), (0, 2)), [2.0 - 1e-10, 1.0]),
    "on a limit that moves far": (DEAR, [np.log(1e-3)]),
    "a plateau": (plan_of("IF THEN ELSE(u > 1, 5, 1)", (0, 2)), [0.5]),
}


@pytest.mark.parametrize("name", FALSE)
def test_what_is_no_optimum_is_refuted(name: str) -> None:
    """A climb in small steps leaves it."""
    plan, x = FALSE[name]
    assert Judge(plan).better_near(np.array(x)) > 0.0


@pytest.mark.parametrize("name", TRUE)
def test_what_is_an_optimum_is_not_refuted(name: str) -> None:
    """Not by rounding, nor by what a limit allows."""
    plan, x = TRUE[name]
    assert Judge(plan).better_near(np.array(x)) == 0.0


def test_no_shape_adds_up_to_nothing() -> None:
    """A difference of two levers around a ring would: the plan would have nothing to find."""
    for number in range(1, 80):
        judge = Judge(draw(number, ("multimodal",)))
        low, high = judge.box
        x = low + (high - low) * np.random.default_rng(number).random((64, len(low)))
        assert np.ptp(judge.plan.gains(x)) > 1e-6 * judge.plan.unit


def test_the_best_policies_are_found() -> None:
    """Everywhere, and in the basin of the start: of a double well, one side of which is higher."""
    plan = plan_of("-((u^2 - 1)^2) + 0.1*u", (-2, 2))
    left = replace(plan, model=replace(plan.model, levers=(replace(plan.model.levers[0], own=(-1.5,)),)))
    known = Judge(left).known()
    assert known.best == pytest.approx(0.1006, abs=1e-4)
    assert known.basin == pytest.approx(-0.0994, abs=1e-4)
    assert Judge(plan_of("SUM(u[r!]^2)", (0, 10), budget=8.0, elements=4)).best() == pytest.approx(64.0)


def test_a_slope_and_a_move_are_seen() -> None:
    """What is stationary has no slope; what has no gradient does not move."""
    judge = Judge(plan_of("u^2", (-1, 1)))
    assert judge.slope_near(np.array([0.5])) > 0.0
    assert judge.slope_near(np.array([0.0])) == 0.0
    assert judge.moves(np.array([0.5]))
    assert not Judge(plan_of("IF THEN ELSE(u > 1, 5, 1)", (0, 2))).moves(np.array([0.5]))
    assert not Judge(plan_of("XIDZ(1, u - 1, 0)", (0, 2))).moves(np.array([1.0]))


def test_claims_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A few plans, a line of history, and what brute force found kept for the next call."""
    known, history = tmp_path / "known.txt", tmp_path / "claims.csv"
    chosen = ["--families", "concave,infeasible", "--count", "2", "--known", str(known), "--history", str(history)]
    claims.main(chosen)
    with history.open(encoding="utf-8", newline="") as file:
        (found,) = csv.DictReader(file)
    assert found["sqp, plans"] == "2"
    assert "verdicts:" in capsys.readouterr().out
    assert len(known.read_text("utf-8").splitlines()) == 2
    claims.main([*chosen, "--only", "1", "--out", str(tmp_path / "plan")])
    assert (tmp_path / "plan" / "model.mdl").is_file()
    assert len(known.read_text("utf-8").splitlines()) == 2


def test_a_program_has_nothing_to_complain_of() -> None:
    """Nor have the processes in which it judges: none of them loads a module twice."""
    words = ["--families", "infeasible", "--count", "1", "--no-history"]
    command = [sys.executable, "-m", "optimize.benchmarks.claims", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "false claims:\n{}" in done.stdout
    assert done.stderr == ""


def test_a_process_that_is_lost_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs one plan."""
    monkeypatch.setattr(claims, "SECONDS", 0.0)
    lost = claims.guarded(draw(1), FAMILIES, "sqp", claims.Known(0.0, 0.0))
    assert (lost.standing, lost.false) == ("error", "took too long")

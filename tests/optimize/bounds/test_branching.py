"""Bounds by polynomials: no policy that was not seen leaves them, and where the model is smooth they are near."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.kinked import CONTROLS, KINKED
from support.random_models import RandomModel, examples, random_models

import optimize as opt
import sd_models as sd
from optimize.bounds import branching
from optimize.bounds.branching import Box, Branching
from optimize.bounds.enclosure import Runs
from optimize.bounds.polynomials import Polynomial
from optimize.bounds.relaxation import Rows, above, concave, sides
from optimize.families.policy import Draw, Shape, problem_of
from optimize.plans.reach import reached
from optimize.problems.optimality import violation

# A budget that grows with what is made of it, so that no limit on levers alone tells how much may be spent.
GROWING = """
u = 0.1 ~~|
capital = INTEG(u - 0.05 * capital, 2) ~~|
output = capital ^ 0.4 ~~|
budget = 0.2 * output ~~|
welfare = LN(output - u) ~~|
"""
PLAN: dict[str, Any] = {
    "model": "case.mdl",
    "horizon": [0, 3],
    "objective": {"maximize": "welfare", "measure": "mean"},
    "lever": [{"variable": "u", "lower": 0.0, "upper": 0.6}],
    "limit": [
        {"name": "budget", "terms": [{"variable": "u"}, {"variable": "budget", "factor": -1.0}], "at_most": 0.0},
    ],
}


def growing(folder: Path, **changes: Any) -> opt.Problem:
    """A plan whose budget follows from the model."""
    (folder / "case.mdl").write_text(f"{{UTF-8}}\n{GROWING}\n{CONTROLS}", encoding="utf-8")
    return opt.Problem(sd.load(folder / "case.mdl"), opt.read_plan({**PLAN, **changes}))


def policies(problem: opt.Problem, count: int) -> Any:
    """Random levers of a problem that keep its limits, with what they cost."""
    program, random = opt.assemble(problem), np.random.default_rng(3)
    for _ in range(count):
        x = random.uniform(problem.lower, problem.upper) * random.choice([0.3, 0.7, 1.0])
        at = program.evaluate(np.clip(x, problem.lower, problem.upper))
        if at.is_finite and violation(program, at.x, at.y) <= 0.0:
            yield at.x, program.cost(at.x, at.y)


# --- all runs at once -------------------------------------------------------------------------------------------------


def moved(model: RandomModel, width: float) -> opt.Problem:
    """A random model's first constant as levers, each from `width` below its value to as much above; all that these
    reach are outcomes."""
    lever = model.constants[0]
    whole = model.loaded()
    places = ", ".join(whole.dimensions[d].elements[0] for d in whole.variables[lever].dimensions)
    goal = f"goal = level + {lever}[{places}] ~~|\n" if places else f"goal = level + {lever} ~~|\n"
    system = replace(model, text=model.text + goal).loaded()
    seen = reached(system, [lever], from_start=True).keys() & {*model.stocks, *model.auxiliaries}
    plan = {
        "model": "model.mdl",
        "horizon": [0, 0],
        "objective": {"maximize": "goal", "measure": "mean"},
        "lever": [{"variable": lever}],
        "limit": [{"name": name, "variable": name, "at_most": 1e9} for name in sorted(seen)],
    }
    free = opt.Problem(system, opt.read_plan(plan))
    free.lower[:], free.upper[:] = free.own - width, free.own + width
    return free


@examples(8)
@given(random_models(), st.sampled_from([0.01, 0.3, 2.0]), st.integers(0, 10**6))
def test_random_runs_of_random_models_stay_inside(model: RandomModel, width: float, seed: int) -> None:
    """Every outcome of levers that were not seen lies in its polynomial, whatever the model has: tables, jumps, delays;
    nothing is said of what may be anything."""
    problem = moved(model, width)
    outcomes = Runs(problem).outcomes(problem.lower, problem.upper)
    program, random = opt.assemble(problem), np.random.default_rng(seed)
    for share in (0.0, 1.0, 1.0, 1.0):
        s = np.clip(share * random.uniform(-1.3, 1.3, problem.size), -1, 1)
        x = np.clip(problem.own + width * s, problem.lower, problem.upper)
        for found, value in zip(outcomes, program.evaluate(x).y.tolist(), strict=True):
            if found is not None and not math.isnan(value):
                near = found.centre + found.slopes @ s + s @ found.bends @ s
                assert abs(value - near) <= found.sizes[2] + 1e-9 * (1 + abs(value))


def test_what_comes_before_a_pole_is_known(tmp_path: Path) -> None:
    """A limit of the first year is, when the third may divide by zero."""
    model = "u = 1 ~~|\nstock = INTEG(u, 1) ~~|\ngain = 1 / (stock - 2.7) ~~|"
    (tmp_path / "case.mdl").write_text(f"{{UTF-8}}\n{model}\n{CONTROLS}", encoding="utf-8")
    plan = {**PLAN, "objective": {"maximize": "gain", "measure": "mean"}}
    plan["limit"] = [{"name": "first", "sum": "gain", "at_most": 9.0}]
    problem = opt.Problem(sd.load(tmp_path / "case.mdl"), opt.read_plan(plan))
    found = Runs(problem).outcomes(np.full(4, 0.1), np.full(4, 0.6))
    known = [one is not None for one in found]
    assert known[1]
    assert not known[0]


# --- the most where rows hold -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_the_most_is_above_every_point_that_keeps_the_rows(seed: int) -> None:
    """For bends of any sign; where they are concave it is the maximum."""
    random = np.random.default_rng(seed)
    count = 4
    square = random.normal(size=(count, count))
    bends = square + square.T if seed % 2 else -square @ square.T
    polynomial = Polynomial(1.0, random.normal(size=count), bends, random.normal(size=2) * 0.1, 0.01)
    rows = Rows(random.normal(size=(3, count)), random.uniform(0.1, 0.5, 3))
    over = above(polynomial, rows)
    least, largest = sides(rows)
    best = -math.inf
    for s in random.uniform(-1, 1, (20_000, count)):
        if (rows.factors @ s <= rows.sides).all():
            value = polynomial.centre + polynomial.slopes @ s + s @ bends @ s
            best = max(best, value + polynomial.sizes[2])
            assert value + polynomial.sizes[2] <= over.centre + over.slopes @ s + 1e-9
            assert (least <= s).all()
            assert (s <= largest).all()
    assert best <= over.most
    assert seed % 2 or over.most - best < 0.3


def test_concave_bends_stay_as_they_are() -> None:
    """And nothing is added for them but for rounding."""
    bends, added = concave(np.diag([-1.0, -2.0]))
    assert np.allclose(bends, np.diag([-1.0, -2.0]), atol=1e-9)
    assert added < 1e-9


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_a_budget_of_the_model_caps_what_is_spent(tmp_path: Path) -> None:
    """The box gets smaller year by year, and no policy that keeps the budget is outside or costs less than is said."""
    problem = growing(tmp_path)
    box = Branching(problem, opt.assemble(problem), 60.0).bounded(Box(problem.lower, problem.upper, -math.inf))
    assert (box.upper < 0.5 * problem.upper).all()
    seen = list(policies(problem, 300))
    assert len(seen) > 50
    for x, cost in seen:
        assert (box.lower <= x).all()
        assert (x <= box.upper).all()
        assert cost >= box.least


def test_a_smooth_plan_is_proved_without_a_solver(tmp_path: Path) -> None:
    """Within a hundredth of what policies change; SCIP is not asked."""
    problem = growing(tmp_path)
    found = opt.bound(problem, opt.solve(problem), gap=0.005)
    assert found.by == "polynomials"
    assert found.share <= 0.005
    assert all(-cost <= found.value for _, cost in policies(problem, 100))


@pytest.mark.parametrize("measures", [1, 2])
def test_the_flagship_of_one_region_is_proved(measures: int) -> None:
    """Over three years, its budget an outcome of the model; ten and twenty take as many passes, which take longer."""
    problem = problem_of(Shape(1, measures, 3), Draw.of(0))
    found = opt.bound(problem, opt.solve(problem))
    assert found.by == "polynomials"
    assert found.share <= 0.01
    assert all(-cost <= found.value for _, cost in policies(problem, 30))


def test_splitting_proves_what_one_box_does_not(tmp_path: Path) -> None:
    """Two hills of which the far one is the higher: a polynomial of second degree sees neither."""
    model = "u = 1 ~~|\ngain = EXP(-3 * (u - 1)^2) + 1.5 * EXP(-3 * (u - 4)^2) ~~|"
    (tmp_path / "case.mdl").write_text(f"{{UTF-8}}\n{model}\n{CONTROLS}", encoding="utf-8")
    plan = {"model": "case.mdl", "horizon": [0, 0], "objective": {"maximize": "gain", "measure": "mean"}}
    levers = [{"variable": "u", "lower": 0, "upper": 5}]
    problem = opt.Problem(sd.load(tmp_path / "case.mdl"), opt.read_plan({**plan, "lever": levers}))
    program = opt.assemble(problem)
    near, far = (float(program.evaluate(np.array([x])).y[0]) for x in (1.0, 4.0))
    search = Branching(problem, program, 60.0)
    assert -search.least(-far - 0.01) == pytest.approx(far + 0.01)
    assert search.boxes > 2
    assert -Branching(problem, program, 60.0).least(-near - 0.01) >= far


@pytest.mark.parametrize("name", sorted(KINKED))
def test_kinks_are_bounded_from_the_right_side(name: str, tmp_path: Path) -> None:
    """Never below the optimum that is known by hand, even when the search is told that less would be enough."""
    problem = KINKED[name].problem(tmp_path)
    least = Branching(problem, opt.assemble(problem), 10.0).least(-0.9 * KINKED[name].best)
    assert -least >= KINKED[name].best * (1 - 1e-9)


def test_no_time_no_ends_and_too_large_prove_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minus infinity, at once."""
    problem = growing(tmp_path)
    program = opt.assemble(problem)
    assert Branching(problem, program, 1e-9).least(0.0) == -math.inf
    endless = growing(tmp_path, lever=[{"variable": "u", "lower": 0.0}])
    assert Branching(endless, opt.assemble(endless), 60.0).least(0.0) == -math.inf
    monkeypatch.setattr(branching, "LARGEST", 10)
    assert Branching(problem, program, 60.0).least(0.0) == -math.inf

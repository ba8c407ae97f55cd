"""A problem with smooth kinks is the problem itself when its widths are small, and builds nothing for another width."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import casadi as ca
import numpy as np
import pytest
from support.models import loaded

import optimize as opt
import optimize.problems.smoothed as smoothed_module
from optimize.problems.assembly import assemble
from optimize.problems.problem import Problem
from optimize.problems.program import Evaluation
from optimize.problems.smoothed import SmoothedProblem

MODEL = """
region: north, south ~~|
spending[region] = 1, 1 ~~|
places[region] = 3, 2 ~~|
starts[region] = MIN(spending[region], places[region] - trained[region] / 4) ~~|
trained[region] = INTEG(starts[region] - 0.1 * trained[region], first[region]) ~~|
first[region] = 0.5, 0.2 ~~|
crowding((0,1),(1,0.9),(2,0.5),(6,0.4)) ~~|
skill[region] = trained[region] * crowding(starts[region]) ~~|
far = MAX(0, 2 - Time) ~~|
gain = SUM(skill[region!]) + far ~~|
"""


def posed(folder: Path, text: str = MODEL, **changes: Any) -> Problem:
    """A plan for the model: most gain, at most 4 spent at a time."""
    content = {
        "model": "case.mdl",
        "horizon": [0, 3],
        "objective": {"maximize": "gain"},
        "lever": [{"variable": "spending", "lower": 0, "upper": 5}],
        "limit": [{"name": "budget", "sum": "spending", "over": ["region"], "at_most": 4}],
    }
    return Problem(loaded(folder, text), opt.read_plan({**content, **changes}))


def levers(problem: Problem, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(0.3, 3.0, problem.size)


def test_what_the_levers_move_is_smooth(tmp_path: Path) -> None:
    """MIN and the table, but not MAX of the time."""
    smooth = SmoothedProblem.of(posed(tmp_path))
    assert [(kink.variable, kink.function) for kink in smooth.kinks] == [("starts", "MIN"), ("skill", "LOOKUP")]
    assert smooth.has_kinks
    assert not smooth.left


def test_a_model_without_kinks_has_none(tmp_path: Path) -> None:
    """Though it has one that no lever moves."""
    text = MODEL.replace("crowding(starts[region])", "2").replace(
        "MIN(spending[region], places", "(spending[region] + (places"
    )
    smooth = SmoothedProblem.of(posed(tmp_path, text.replace("trained[region] / 4)", "trained[region] / 4))")))
    assert not smooth.has_kinks


@pytest.mark.parametrize("begin", [0, 1])
def test_outcomes_tend_to_the_exact_ones(begin: int, tmp_path: Path) -> None:
    """As the width falls, wherever the decisions begin; exact outcomes stay what they are."""
    problem = posed(tmp_path, horizon=[begin, 3])
    program, smooth, x = assemble(problem), SmoothedProblem.of(problem), levers(problem)
    exact = program.evaluate(x).y
    errors = [np.abs(smooth.program(program, width, x).evaluate(x).y - exact).max() for width in (1, 0.1, 0.01, 1e-8)]
    assert errors[0] > 10 * errors[1] > 10 * errors[2] > 0
    assert errors[3] < 1e-7
    np.testing.assert_array_equal(program.evaluate(x).y, exact)


def test_derivatives_are_those_of_the_smooth_model(tmp_path: Path) -> None:
    """Gradients, pullbacks and products against differences, with a width of a tenth."""
    problem = posed(tmp_path)
    x = levers(problem)
    outcomes = SmoothedProblem.of(problem).program(assemble(problem), 0.1, x).outcomes
    weights, move = np.random.default_rng(1).normal(size=len(problem.bound.quantities)), levers(problem, 2)
    at, (high, low) = outcomes.evaluate(x), (outcomes.evaluate(x + step * move) for step in (1e-5, -1e-5))
    slopes = outcomes.gradients(at, np.arange(len(weights)))
    np.testing.assert_allclose(slopes @ move, (high.y - low.y) / 2e-5, rtol=1e-6)
    np.testing.assert_allclose(outcomes.pullback(at, weights), weights @ slopes, rtol=1e-12)
    bent = (outcomes.pullback(high, weights) - outcomes.pullback(low, weights)) / 2e-5
    np.testing.assert_allclose(outcomes.products(at, weights, move[np.newaxis])[0], bent, rtol=1e-5, atol=1e-7)


def test_another_width_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the run nor its derivatives."""
    problem = posed(tmp_path)
    program, smooth, x = assemble(problem), SmoothedProblem.of(problem), levers(problem)

    def values(width: float) -> Any:
        outcomes = smooth.program(program, width, x).outcomes
        at = outcomes.evaluate(x)
        return outcomes.products(at, np.ones(len(at.y)), outcomes.gradients(at, np.arange(len(at.y))))

    before = values(0.3)
    for name in ("reverse", "forward", "mapaccum"):
        monkeypatch.setattr(ca.Function, name, lambda *_: pytest.fail("a function was built"))
    monkeypatch.setattr(smoothed_module, "compile", lambda *_, **__: pytest.fail("something was compiled"))
    assert np.abs(values(0.1) - before).max() > 0


SIZED = {
    "IF THEN ELSE(rate > 3, 1, 0)": 2.0,  # the spread of the rate over time
    "ABS(rate - 3)": 2.0,
    "MIN(rate, 100)": 2.0,
    "MIN(rate, 100 - 10 * rate)": 4.0,  # what the smaller one is on average, of a spread of 22
    "MIN(0.001 * rate, 100 - 10 * rate)": 0.03 * 20.002,
    "ABS(5 * lever)": 5.0,  # it does not move
    "ABS(0 * lever)": 1.0,
    "MAX(IF THEN ELSE(0, lever, 5), 3)": 2.0,  # no lever moves it, though one is named
}


@pytest.mark.parametrize("function", SIZED)
def test_a_switch_has_its_natural_size(function: str, tmp_path: Path) -> None:
    """Its spread over time; of MIN and MAX what they amount to, if less; the magnitude of what does not move, or 1."""
    text = f"lever = 1 ~~|\nrate = INTEG(0.5 * lever, 3) ~~|\nout = {function} ~~|\n"
    problem = posed(tmp_path, text, lever=[{"variable": "lever"}], objective={"maximize": "out"}, limit=[])
    (size,) = SmoothedProblem.of(problem).sizes(np.ones(problem.size))
    assert size == pytest.approx(SIZED[function], rel=1e-6)


def test_sizes_are_those_of_all_policies_together(tmp_path: Path) -> None:
    """One that stands on the kink all the time has no size to tell; with another the distance counts."""
    text = "lever = 1 ~~|\nout = ABS(lever - 3) ~~|\n"
    problem = posed(tmp_path, text, lever=[{"variable": "lever"}], objective={"maximize": "out"}, limit=[])
    smooth, ones = SmoothedProblem.of(problem), np.ones(problem.size)
    assert smooth.sizes(3 * ones).tolist() == [1]
    assert smooth.sizes(ones, 3.5 * ones).tolist() == [2.5]


def test_nobody_is_told_of_smooth_outcomes(tmp_path: Path) -> None:
    """They are not the model's own."""
    problem = posed(tmp_path)
    told: list[Evaluation] = []
    program = replace(assemble(problem), notice=told.append)
    x = levers(problem)
    SmoothedProblem.of(problem).program(program, 0.1, x).evaluate(x)
    assert not told
    program.evaluate(x)
    assert len(told) == 1

"""Limits against the run without the policy, bounds and fixed values by variables: optima and violations by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.models import loaded

import optimize as opt
import sd_models as sd
from optimize.problems.problem import Problem
from optimize.results.folder import load_result, save_result
from optimize.results.verification import THEIR_BASELINE, RunsAhead
from optimize.results.violations import violations
from sd_models.reference import ahead
from sd_models.system.model import System

# What is saved is not eaten: income is 4 + t without the policy, 5 + t - saved with it.
SAVING = """
place: town, country ~~|
saved[place] = 1, 1 ~ money/Year [0, 10] ~|
income[place] = 5 + Time - saved[place] ~ money/Year ~|
wealth[place] = INTEG(saved[place], 0) ~ money ~|
all wealth = SUM(wealth[place!]) ~ money ~|
share[place] = 0.25, 0.75 ~~|
budget = 4 + 2 * Time ~ money/Year ~|
even split[place] = share[place] * budget ~ money/Year ~|
half of income[place] = income[place] / 2 ~ money/Year ~|
"""
YEARLY = """
INITIAL TIME = 0 ~ Year ~|
FINAL TIME = 4 ~ Year ~|
TIME STEP = 1 ~ Year ~|
SAVEPER = 1 ~ Year ~|
"""
NOBODY = {
    "name": "nobody left behind",
    "variable": "income",
    "at_least": {"variable": "income", "baseline": True, "factor": 0.9},
}


@pytest.fixture
def system(tmp_path: Path) -> System:
    """The model in a file."""
    return loaded(tmp_path, SAVING, controls=YEARLY)


def plan_of(system: System, **changes: Any) -> opt.Plan:
    """As much wealth as possible in years 0, 1 and 2."""
    return opt.read_plan(
        {
            "model": str(system.path),
            "horizon": [0, 2],
            "objective": {"maximize": "all wealth", "measure": "final"},
            "lever": [{"variable": "saved"}],
            **changes,
        }
    )


def saved(result: opt.Result) -> list[list[float]]:
    """What is saved by year, in town and country."""
    return result.policy["saved"].sel(time=[0, 1, 2]).to_numpy().round(5).tolist()


@pytest.mark.parametrize("solver", ["sqp", "ipm", "ipopt"])
def test_an_optimum_at_a_share_of_the_baseline(system: System, solver: str) -> None:
    """0.9 (4 + t) = 5 + t - saved, so 1.4 + t / 10 is saved in each year and place."""
    result = opt.solve(Problem(system, plan_of(system, limit=[NOBODY])), solver=solver)
    assert saved(result) == [[1.4] * 2, [1.5] * 2, [1.6] * 2]
    assert result.objective == pytest.approx(9.0)
    held = next(item for item in result.violations if item.limit == "nobody left behind")
    assert held.size < 1e-6
    assert {0: 3.6, 1: 4.5, 2: 5.4}[int(held.time)] == pytest.approx(held.amount)
    price = result.shadow_prices["nobody left behind"]
    assert price.dims == ("place", "time")
    np.testing.assert_allclose(price.to_numpy(), -1.0, atol=1e-5)


def test_it_holds_in_the_periods_that_it_names_alone(system: System) -> None:
    """Elsewhere saving goes up to its own bound."""
    limit = {**NOBODY, "when": {"from": 0, "every": 2}}
    result = opt.solve(Problem(system, plan_of(system, limit=[limit])))
    assert saved(result) == [[1.4] * 2, [10.0] * 2, [1.6] * 2]
    single = opt.solve(Problem(system, plan_of(system, limit=[{**NOBODY, "when": [1]}])))
    assert saved(single) == [[10.0] * 2, [1.5] * 2, [10.0] * 2]


def test_a_result_is_verified_against_the_baseline_of_pysd(system: System, tmp_path: Path) -> None:
    """PySD runs the file with the policy and without; a folder comes back with the same limits."""
    result = opt.verify(opt.solve(Problem(system, plan_of(system, limit=[NOBODY]))))
    assert result.verification is not None
    assert result.verification.passed
    assert THEIR_BASELINE in result.verification.notes
    assert result.verification.violations == tuple(result.violations) or result.verification.gap.size < 1e-12
    save_result(result, tmp_path / "run")
    again = load_result(tmp_path / "run")
    assert again.plan == result.plan
    found = opt.verify(again).verification
    assert found is not None
    assert not found.doubts
    assert found.passed


def test_both_runs_of_pysd_can_be_begun_ahead(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then none is made afterwards, and the verification is the same."""
    problem = Problem(system, plan_of(system, limit=[NOBODY]))
    begun = RunsAhead.of(problem)
    result = opt.solve(problem)
    expected = opt.verify(result).verification
    monkeypatch.setattr(ahead, "replay", lambda *_, **__: pytest.fail("PySD ran once more"))
    found = opt.verify(result, ahead=begun).verification
    begun.close()
    assert found is not None
    assert expected is not None
    assert (found.violations, found.gap, found.notes) == (expected.violations, expected.gap, expected.notes)


def test_a_planted_violation_is_found(system: System) -> None:
    """Relative to the amount, or to what was moved."""
    problem = Problem(system, plan_of(system, limit=[NOBODY]))
    x = np.array([1.4, 1.5, 1.6, 1.4, 1.9, 1.6])
    span = sd.TimeSpan(stop=3.0)
    run, own = (sd.simulate(system, levers=problem.policy(each), time=span) for each in (x, problem.own))
    found, *_ = violations(problem.plan, system, run, run - own, own)
    assert (found.place, found.time) == ("nobody left behind[country]", 1.0)
    assert (found.value, found.amount) == (pytest.approx(4.1), pytest.approx(4.5))
    assert found.size == pytest.approx(0.4 / 4.5)
    poorer = own.assign(income=own["income"] * 0.5)  # where the baseline is another, so is the amount
    assert violations(problem.plan, system, run, run - own, poorer)[0].size == 0.0


def test_contradictory_limits_are_told_in_words(system: System) -> None:
    """With the amount as the plan words it."""
    limits = [NOBODY, {"name": "thrift", "variable": "saved", "at_least": 3.0}]
    result = opt.solve(Problem(system, plan_of(system, limit=limits)))
    assert not result.is_policy
    assert "0.9 times 'income' in the baseline" in " ".join(result.conflict)


@pytest.mark.parametrize(
    ("lever", "expected"),
    [
        ({"upper": "even split"}, [[1.0, 3.0], [1.5, 4.5], [2.0, 6.0]]),
        ({"fixed": "even split"}, [[1.0, 3.0], [1.5, 4.5], [2.0, 6.0]]),
        ({"upper": {"variable": "half of income", "baseline": True}}, [[2.0] * 2, [2.5] * 2, [3.0] * 2]),
        ({"fixed": {"variable": "income", "baseline": True, "factor": 0.5}}, [[2.0] * 2, [2.5] * 2, [3.0] * 2]),
        ({"fixed": "half of income"}, [[5 / 3] * 2, [2.0] * 2, [7 / 3] * 2]),
        ({"upper": "half of income"}, [[5 / 3] * 2, [2.0] * 2, [7 / 3] * 2]),
    ],
)
def test_bounds_and_fixed_values_by_element_and_period(system: System, lever: Any, expected: Any) -> None:
    """Of variables that no lever moves, of the baseline, and of what moves: s = (5 + t - s) / 2 is (5 + t) / 3."""
    plan = plan_of(system, lever=[{"variable": "saved", **lever}])
    result = opt.verify(opt.solve(Problem(system, plan)))
    np.testing.assert_allclose(result.policy["saved"].sel(time=[0, 1, 2]).to_numpy(), expected, atol=1e-5)
    assert result.is_policy
    assert result.verification is not None
    assert result.verification.largest_limit_violation < 1e-6


def test_a_transcription_has_the_same_optimum(system: System) -> None:
    """The amounts of the baseline are numbers in the equations; with bounds, too."""
    plan = plan_of(system, limit=[NOBODY], lever=[{"variable": "saved", "ramp": {"absolute": "share"}}])
    problem = Problem(system, plan)
    by_runs = opt.solve(problem)
    transcribed = opt.transcribe(problem, bounds=True)
    assert transcribed is not None
    by_equations = opt.solve(problem, solver="scip")
    assert by_equations.objective == pytest.approx(by_runs.objective, rel=1e-5)

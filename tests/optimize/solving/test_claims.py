"""Small plans on which claims went wrong, each with the right answer, found by hand or by brute force.

Each folder of `tests/support/cases` stands for a kind: a start on a minimum, a saddle, a kink, a jump, a flat, a pole;
scales and limits that hide a slope; plans without an optimum. `optimize.benchmarks.claims` draws more.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from support.kinked import CONTROLS
from support.models import loaded

import optimize as opt
import sd_models as sd
from optimize.results.sentences import sentences
from optimize.solvers.sequential.sqp import Sqp
from sd_models.errors import ModelError
from sd_models.system.model import FloatArray

CASES = Path(__file__).parents[2] / "support" / "cases"
OURS = ("sqp", "ipm")
SOLVERS = (*OURS, "ipopt")
CERTIFIED = ("proved optimum", "local optimum", "local optimum, not replayed yet")

# The objective of the optimum.
OPTIMA = {
    "treasury_that_cannot_be_negative": 100.0,
    "even_split_is_the_least": 1000.0,
    "minimum_along_a_budget": 64.0,
    "thresholds_of_two_regions": 3.642,
    "start_in_a_minimum": 10.0,
    "saddle_of_third_order": 2.0,
    "start_below_a_kink": 1.0,
    "plateau": 100.0,
    "start_at_a_jump": 5.0,
    "start_on_a_flat_table": 90.0,
    "penalty_of_the_start": 10 * np.log(4) + 20 * np.log(8),
    "one_dear_lever": 1e9 + 50.0,
    "elements_of_two_sizes": 1e8 + 1.5,
    "effects_of_two_sizes": 100.0,
    "limit_on_a_small_difference": -(899.0**2),
    "lever_without_effect": 0.0,
    "limit_that_holds_anyway": 10 * np.sqrt(10.0),
    "step_far_away": 5.0,
    "prices_of_two_sizes": 20 * np.log(6.0),
    "optimum_on_a_kink": 20.0,
    "capacity_far_away": 1e15,
    "stock_at_the_end": -20.0,
    "start_in_a_narrow_bend": 5.0,
    "range_far_beyond_the_optimum": 1.5,
}
# Levers that the objective's digits do not tell.
LEVERS = {
    "elements_of_two_sizes": {"x": [1e8, 1.0]},
    "effects_of_two_sizes": {"u": [1e7, 1e-5]},
    "one_dear_lever": {"x": [1.0] * 50, "y": [1.0]},
    "lever_without_effect": {"u": [2.0], "v": [1.0]},
}
# What is said of plans that have no optimum.
VERDICTS = {
    "unbounded_line": ("unbounded", r"\bx\b"),
    "unbounded_stock": ("unbounded", r"\bu\b"),
    "unbounded_together": ("unbounded", r"\bx; y\b"),
    "unbounded_along_an_equality": ("unbounded", r"\bx; y\b"),
    "unbounded_where_limits_hold": ("unbounded", r"\by\b"),
    "limit_that_no_lever_moves": ("infeasible", "No lever moves the limit 'c'.*short by 1"),
}
# What is refused, and what the message helps with.
REFUSED = {
    "limit_without_value": "'d' is not a number at 5 times from 0 to 4",
    "constant_lever": r"\[0, 0\] .* would do",
    "levers_of_two_lengths": r"\[0, 8\] .* would do",
    "own_value_without_logarithm": "the model's own value, where the search starts, of the lever 'u'",
    "two_faults": "(?s)'c'.*'region'|'region'.*'c'",
}
NOTES = {"lever_beyond_the_end": "FINAL TIME", "lever_without_effect": r"'v'|\bv\b"}
PRECISION = {"thresholds_of_two_regions": 1e-3}
# Where the optimum is a plateau, or is reached by jumps: it moves with no lever there.
FLAT = {"treasury_that_cannot_be_negative", "plateau", "start_at_a_jump", "step_far_away", "capacity_far_away"}
# Where policies elsewhere are as good as any near them.
SEVERAL = {*FLAT, "start_on_a_flat_table"}
BY_IPOPT = [name for name in OPTIMA if name not in (*SEVERAL, "penalty_of_the_start")]
# What several plans of this kind are known to bring at least: a table and a MIN, with many optima nearly as good.
TRAINING = 1711.75


def is_best(result: opt.Result, name: str) -> bool:
    """Whether the objective is the one that is known."""
    return result.objective == pytest.approx(OPTIMA[name], rel=PRECISION.get(name, 1e-7), abs=1e-7)


@cache
def solved(name: str, solver: str) -> opt.Result:
    """The result of a case."""
    plan = opt.load_plan(CASES / name / "plan.toml")
    return opt.solve(opt.Problem(sd.load(plan.model), plan), solver=solver)


@pytest.mark.parametrize("solver", OURS)
@pytest.mark.parametrize("name", OPTIMA)
def test_the_optimum_is_found_and_certified(name: str, solver: str) -> None:
    """From the model's own values."""
    result = solved(name, solver)
    assert is_best(result, name), result.status
    assert result.status.standing in (("no gradient",) if name in FLAT else CERTIFIED)
    for lever, values in LEVERS.get(name, {}).items():
        path = result.policy[lever].isel(time=0).to_numpy().ravel()
        np.testing.assert_allclose(path, values, rtol=1e-5)


@pytest.mark.parametrize("told", [opt.Ending.INFEASIBLE, opt.Ending.UNBOUNDED])
def test_what_a_solver_says_against_its_own_policy_is_not_repeated(told: opt.Ending) -> None:
    """The policy keeps all limits, and no lever gains without end."""

    class Wrong(Sqp):
        def solve(self, program: opt.Program, start: FloatArray, watch: opt.Watch) -> opt.Solution:
            return replace(super().solve(program, start, watch), ending=told)

    name = "minimum_along_a_budget"
    plan = opt.load_plan(CASES / name / "plan.toml")
    result = opt.solve(opt.Problem(sd.load(plan.model), plan), solver=Wrong())
    assert result.findings.ending is not told
    assert result.status.standing not in ("infeasible", "unbounded")
    assert is_best(result, name)


@pytest.mark.slow
def test_a_plan_over_a_table_and_a_minimum_is_solved() -> None:
    """120 levers on kinks: the best value is found. That it is one is not shown today: along directions of all levers
    the second derivative still promises gain, and the search goes on until its iterations are used up."""
    result = solved("training", "sqp")
    assert result.status.standing in (*CERTIFIED, "best found, limit reached"), result.status
    assert result.objective >= TRAINING


@pytest.mark.parametrize("name", BY_IPOPT)
def test_ipopt_claims_no_other(name: str) -> None:
    """Whatever it finds, only the optimum is called one."""
    result = solved(name, "ipopt")
    assert is_best(result, name) or result.status.standing not in CERTIFIED, result.status


@pytest.mark.parametrize("solver", SOLVERS)
def test_nothing_is_claimed_at_a_pole(solver: str) -> None:
    """The objective is as large as one likes beside the start."""
    assert solved("start_at_a_pole", solver).status.standing not in CERTIFIED


@pytest.mark.parametrize("solver", OURS)
def test_limits_that_contradict_each_other_are_not_unbounded(solver: str) -> None:
    """Though another lever could go on without end, and a search by IPOPT is lost with it."""
    assert "ceiling is missed" in str(solved("conflict_beside_unbounded", solver).status)
    assert solved("conflict_beside_unbounded", solver).status.standing == "infeasible"
    assert solved("conflict_beside_unbounded", "ipopt").status.standing not in (*CERTIFIED, "unbounded")


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", VERDICTS)
def test_a_plan_without_an_optimum_is_called_so(name: str, solver: str) -> None:
    """In words that name the lever or the limit."""
    standing, words = VERDICTS[name]
    status = solved(name, solver).status
    assert status.standing == standing
    assert re.search(words, str(status))


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_asked_is_refused(name: str) -> None:
    """With what to do."""
    with pytest.raises(ModelError, match=REFUSED[name]):
        solved(name, "sqp")


@pytest.mark.parametrize("name", NOTES)
def test_what_people_should_know_is_noted(name: str) -> None:
    """Of a lever without effect, and of decisions after the model's end."""
    assert any(re.search(NOTES[name], note) for note in solved(name, "sqp").notes)


@pytest.mark.parametrize(("discount", "is_told"), [(3, True), (0.03, False)])
def test_a_discount_in_per_cent_is_noted(discount: float, is_told: bool, tmp_path: Path) -> None:
    """Three are 300% a year, which hardly anybody means."""
    lever = {"variable": "u", "lower": 0, "upper": 8}
    objective = {"maximize": "gain", "discount": discount}
    content = {"model": "case.mdl", "horizon": [0, 3], "objective": objective, "lever": [lever]}
    problem = opt.Problem(loaded(tmp_path, "u = 3 ~~|\ngain = u ~~|", controls=CONTROLS), opt.read_plan(content))
    assert any("300% a unit of time" in note for note in opt.solve(problem).notes) == is_told


# --- levers without a slope -------------------------------------------------------------------------------------------


def gained(folder: Path, gain: str, start: np.ndarray | None = None) -> opt.Result:
    """Most of a gain by u, whose own value is 3, from 0 to 8 over four years."""
    lever = {"variable": "u", "lower": 0, "upper": 8}
    objective = {"maximize": "gain", "measure": "mean"}
    content = {"model": "case.mdl", "horizon": [0, 3], "objective": objective, "lever": [lever]}
    problem = opt.Problem(loaded(folder, f"u = 3 ~~|\ngain = {gain} ~~|", controls=CONTROLS), opt.read_plan(content))
    return opt.solve(problem, start=start)


def test_a_peak_on_a_kink_is_certified_where_the_search_begins_on_it(tmp_path: Path) -> None:
    """It has no slope there, on no side the same: it does move the objective."""
    result = gained(tmp_path, "5 - ABS(u - 3)")
    assert result.status.standing in CERTIFIED, result.status
    assert result.findings.looked is not None
    assert result.findings.looked.kinks == ("gain (ABS)",)


@pytest.mark.parametrize(("gain", "best"), [("5 - (u - 3)^4", 5.0), ("(u - 3)^4", 625.0), ("5 + (u - 3)^3", 130.0)])
def test_what_only_higher_orders_decide_is_neither_flat_nor_claimed_wrongly(
    tmp_path: Path, gain: str, best: float
) -> None:
    """A lever whose slope and curvature are none moves the objective further away."""
    result = gained(tmp_path, gain)
    assert result.status.standing in {*CERTIFIED, "stationary point"}, result.status
    assert result.objective == pytest.approx(best) or result.status.standing not in CERTIFIED


def test_a_rise_at_the_far_end_of_a_plateau_is_found(tmp_path: Path) -> None:
    """Each lever alone is tried at its bounds."""
    assert gained(tmp_path, "5 + MAX(0, u - 7.9)").objective == pytest.approx(5.1)


def test_a_lever_without_effect_anywhere_has_no_gradient(tmp_path: Path) -> None:
    """And stays."""
    result = gained(tmp_path, "5 + MAX(0, u - 9)")
    assert result.status.standing == "no gradient"
    assert result.policy["u"].values == pytest.approx([3.0] * 4)


def test_a_search_leaves_a_start_of_infinite_slope(tmp_path: Path) -> None:
    """As that of a root at zero."""
    result = gained(tmp_path, "SQRT(u)", start=np.zeros(4))
    assert result.status.standing in CERTIFIED, result.status
    assert result.objective == pytest.approx(np.sqrt(8.0))


@pytest.mark.parametrize("count", [3, 100])
def test_a_policy_that_is_the_only_one_is_the_best(count: int, tmp_path: Path) -> None:
    """Nothing is left to try, and that is what is said, also when it is computed anew."""
    text = f"r: (r1-r{count}) ~~|\nu[r] = 1 ~~|\ngain = SUM(u[r!] * u[r!]) ~~|"
    content = {
        "model": "case.mdl",
        "horizon": [0, 0],
        "objective": {"maximize": "gain", "measure": "mean"},
        "lever": [{"variable": "u", "lower": 0, "upper": 10}],
        "limit": [{"name": "budget", "sum": "u", "over": ["r"], "at_most": 0}],
    }
    result = opt.solve(opt.Problem(loaded(tmp_path, text, controls=CONTROLS), opt.read_plan(content)))
    assert "leave no other policy" in str(result.status)
    found = opt.verify(result)
    assert found.status.standing == "proved optimum"
    assert "there is no other policy" in " ".join(one.text for one in sentences(found))


def test_no_policy_that_breaks_a_limit_far_away_is_better(tmp_path: Path) -> None:
    """The price of a limit near a policy is too cheap for what grows faster than the excess."""
    text = "r: a, b, c ~~|\nu[r] = 1, 1, 1 ~~|\ngain = SUM(u[r!] * u[r!]) ~~|"
    content = {
        "model": "case.mdl",
        "horizon": [0, 0],
        "objective": {"maximize": "gain", "measure": "mean"},
        "lever": [{"variable": "u", "lower": 0, "upper": 10}],
        "limit": [{"name": "budget", "sum": "u", "over": ["r"], "at_most": 3}],
    }
    result = opt.solve(opt.Problem(loaded(tmp_path, text, controls=CONTROLS), opt.read_plan(content)))
    assert result.objective == pytest.approx(9.0)
    assert result.status.standing in CERTIFIED, result.status


@pytest.mark.parametrize("solver", OURS)
def test_numbers_that_run_away_are_no_warning(solver: str, tmp_path: Path) -> None:
    """At a pole within its range a lever moves the objective by more than there are numbers."""
    content = {
        "model": "case.mdl",
        "horizon": [0, 0],
        "objective": {"maximize": "gain", "measure": "integral"},
        "lever": [{"variable": "u", "lower": -1, "upper": 10}],
    }
    problem = opt.Problem(loaded(tmp_path, "u = 1 ~~|\ngain = -1/u ~~|", controls=CONTROLS), opt.read_plan(content))
    assert opt.solve(problem, solver=solver).status.standing not in CERTIFIED

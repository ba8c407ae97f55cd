"""Solvers of others on every known optimum that they take: what they say is re-run by the program.

An objective holds to 1e-6 of the known one, looser where LOOSE says why. What is known not to be solved stands in
MISSED: there the solver must not say that it was.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from support.known_optima import OPTIMA, Optimum, problem, stated
from support.solvers import Patient
from support.stated_programs import STATED as ARRAYS

from optimize.families.table import instances
from optimize.problems.program import Program
from optimize.solvers.choice import SOLVERS, named_solver
from optimize.solvers.rows import NotAccepted, Works
from optimize.solvers.solver import Ending, Solution
from optimize.solvers.traits import Trait
from optimize.transcription.transcription import transcribe
from sd_models.system.model import FloatArray

OTHERS = [name for name in SOLVERS if name not in ("sqp", "ipopt")]
STATED = [name for name in OTHERS if SOLVERS[name].works is not Works.ON_LEVERS]
SLOPES = ("slsqp", "trust-constr")
DRAWN = ("powell", "cma", "differential-evolution")
EXACT = [*SLOPES, *(name for name in STATED if SOLVERS[name].is_exact)]
SECONDS = 120.0  # none of these takes a second; a machine may be busy
TOLERANCE = 1e-6
# Their own tolerances are those of their measures, at their defaults.
LOOSE: Mapping[tuple[str, str], float] = {
    ("slsqp", "regulator"): 1e-4,
    ("trust-constr", "reinvestment"): 1e-4,
    ("trust-constr", "quadratic_limit"): 1e-5,
    ("scip", "regulator"): 1e-5,
    ("xpress", "regulator"): 1e-4,
    ("xpress", "pollution_tax"): 1e-5,
    ("xpress", "water_filling"): 1e-5,
}
UNPROVED: Mapping[str, tuple[str, ...]] = {
    "gurobi": ("growth", "fishery", "two_capitals"),
    "xpress": ("growth", "cake", "pollution_cap", "two_capitals"),
    "scip": ("two_capitals",),
}
MISSED: Mapping[tuple[str, str], str] = {
    ("casadi-daqp", "linear"): "it needs a strictly convex objective",
    ("casadi-fatrop", "water_filling"): "the status is unknown, though the answer is right",
    ("casadi-sqpmethod", "regulator"): "its step becomes too small at the start",
    ("casadi-sqpmethod", "pollution_tax"): "its step becomes too small at the start",
    ("casadi-qrsqp", "regulator"): "its step becomes too small at the start",
    ("casadi-qrsqp", "fishery"): "it ends at levers that are no numbers",
    ("scip", "fishery"): "within its tolerance of each equation, which the run adds up to 4e-6 of the limit",
    ("xpress", "fishery"): "its optimum is better than any, since it misses the limit of fish left by 8e-5 of it",
    ("xpress", "circle"): "its optimum misses the end of the circle by 4e-6",
    **{(name, case): "20 s do not prove it" for name, cases in UNPROVED.items() for case in cases},
}


@cache
def known(name: str) -> tuple[Program, Optimum]:
    """A problem with its equations, and its optimum."""
    optimum, given = OPTIMA[name](), problem(name)
    program = stated(given, optimum.constraints)
    return replace(program, equations=lambda x: transcribe(given, x, constraints=optimum.constraints)), optimum


def start_of(program: Program) -> FloatArray:
    return np.clip(program.reference, program.lower, program.upper)


def solved(solver: str, program: Program, seconds: float = SECONDS) -> Solution:
    """Skipped where the package is missing, or the solver says why it does not take the problem."""
    row = SOLVERS[solver]
    if row.version() is None:
        pytest.skip(f"{solver} is not installed: {row.install}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries of others compute with what overflows, and use what is deprecated
        try:
            return row.make({"time_limit": seconds}).solve(program, start_of(program), Patient())
        except NotAccepted as refused:
            pytest.skip(str(refused))


@pytest.mark.parametrize("name", OPTIMA)
@pytest.mark.parametrize("solver", [name for name in EXACT if SOLVERS[name].takes & {Trait.QUADRATIC_ROWS}])
def test_a_solver_finds_the_known_optimum(solver: str, name: str) -> None:
    """Or does not say that it did; what comes back is a run, and a claim is not far from it."""
    program, optimum = known(name)
    found = solved(solver, program, seconds=0.3 if name in UNPROVED.get(solver, ()) else SECONDS)
    at = program.evaluate(found.x)
    np.testing.assert_array_equal(found.y, at.y)
    if (solver, name) in MISSED:
        assert found.ending is not Ending.OPTIMAL
        return
    reached = program.sign * program.cost(found.x, found.y)
    assert found.ending is Ending.OPTIMAL
    assert found.violation <= 1e-6
    assert reached == pytest.approx(optimum.objective, rel=LOOSE.get((solver, name), TOLERANCE))
    assert found.claim is not None
    assert found.claim.objective == pytest.approx(reached, rel=LOOSE.get((solver, name), 1e-5))
    if found.claim.bound is not None:
        sign = program.sign
        assert sign * found.claim.bound <= sign * optimum.objective + 1e-4 * abs(optimum.objective)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("solver", STATED)
def test_a_solver_finds_the_optimum_of_a_linear_or_quadratic_program(solver: str, name: str) -> None:
    """Or does not say that it did: what is not exact may stop somewhere near, or break a limit by more than counts."""
    given = ARRAYS[name]
    program = given.program()
    found = solved(solver, program)
    reached = program.sign * program.cost(found.x, found.y)
    if (solver, name) in MISSED:
        assert found.ending is not Ending.OPTIMAL
    elif SOLVERS[solver].is_exact:
        assert found.ending is Ending.OPTIMAL
        assert found.violation <= 1e-6
        assert reached == pytest.approx(given.best, rel=TOLERANCE)
    else:
        assert found.ending in (Ending.OPTIMAL, Ending.STALLED)
        assert reached == pytest.approx(given.best, rel=1e-2)
    if given.whole and found.ending is Ending.OPTIMAL:
        np.testing.assert_array_equal(found.x, np.round(found.x))


def test_a_wrong_objective_of_a_library_is_no_more_than_its_claim() -> None:
    """Fatrop's quadratic programming tells an objective of zero, beside the right levers."""
    program = ARRAYS["quadratic"].program()
    found = solved("casadi-fatrop-qp", program)
    assert found.claim is not None
    assert found.claim.objective == program.constant
    assert program.cost(found.x, found.y) == pytest.approx(ARRAYS["quadratic"].best, rel=1e-6)


@pytest.mark.parametrize("solver", [*DRAWN, "casadi-alpaqa"])
def test_a_solver_without_proof_comes_near(solver: str) -> None:
    """On the problem with the fewest levers; it does not call that an optimum where it cannot know."""
    program, optimum = known("growth")
    found = solved(solver, program)
    assert program.sign * program.cost(found.x, found.y) == pytest.approx(optimum.objective, rel=1e-4)
    assert found.ending is (Ending.STALLED if solver in DRAWN else Ending.OPTIMAL)


@pytest.mark.parametrize("solver", [*SLOPES, *DRAWN])
def test_a_search_on_runs_obeys_its_limit_of_time(solver: str) -> None:
    """And comes back with the best that it has seen."""
    program, _ = known("state_budget")
    found = solved(solver, program, seconds=0.005)
    assert found.ending is Ending.TIME_LIMIT
    first = program.evaluate(start_of(program))
    assert program.cost(found.x, found.y) <= program.cost(first.x, first.y)


def test_an_answer_that_breaks_a_limit_is_no_optimum() -> None:
    """SCIP's own optimum of the fishery misses the limit of fish left by four times what counts as kept."""
    program, _ = known("fishery")
    found = solved("scip", program)
    assert found.claim is not None
    assert found.claim.status == "optimal"
    assert found.ending is Ending.STALLED
    assert found.violation > 1e-6
    assert "misses a limit" in found.notes[-1]


def test_an_optimum_that_is_better_than_any_breaks_a_limit() -> None:
    """Xpress's of the fishery: the claim is seen to be too good."""
    program, optimum = known("fishery")
    found = solved("xpress", program)
    assert found.claim is not None
    assert found.claim.ending is Ending.OPTIMAL
    assert found.claim.objective > optimum.objective * (1 + 1e-6)
    assert found.ending is Ending.STALLED


def test_a_program_without_equations_is_refused() -> None:
    """By those that need them."""
    program, _ = known("growth")
    with pytest.raises(
        NotAccepted, match=r"casadi-ipopt does not take this problem\. It has outcomes that a run alone"
    ):
        SOLVERS["casadi-ipopt"].make().solve(replace(program, equations=None), start_of(program), Patient())


def test_whole_numbers_are_refused_by_those_that_know_none() -> None:
    program, _ = known("growth")
    whole = replace(program, integers=np.array([0]))
    with pytest.raises(NotAccepted, match=r"slsqp does not take this problem\. It has whole numbers to decide\."):
        SOLVERS["slsqp"].make().solve(whole, start_of(program), Patient())


@pytest.mark.parametrize("solver", ["casadi-sleqp", "casadi-ipopt"])
def test_the_word_unbounded_is_no_success(solver: str) -> None:
    """What CasADi counts as one because a library came to an end."""
    (instance,) = [one for one in instances(["traps"]) if one.key == "trap-ray-0"]
    program = instance.program()
    found = named_solver(solver, {}).solve(program, np.clip(program.reference, program.lower, program.upper), Patient())
    assert found.claim is not None
    assert found.claim.ending is not Ending.OPTIMAL

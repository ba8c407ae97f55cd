"""KKT residual and violation say how far a policy is from an optimum, in scales of their own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.sparse import csr_array, eye_array
from support import islands

import optimize as opt
from optimize.problems.optimality import Multipliers, optimality, violation
from optimize.problems.program import Program
from optimize.problems.pyomo_model import state
from optimize.problems.pyomo_reader import program
from optimize.solvers.highs import ConvexProgram
from optimize.solvers.sequential.sqp import Sqp
from optimize.solvers.solver import Ending, Iteration, Solution
from optimize.solvers.starts import by_rounds, excess, neutral, projected, scattered
from sd_models.system.model import System


class Quiet:
    """Nobody looks on."""

    def iteration(self, iteration: Iteration) -> None:
        """Takes no notice."""

    def ending(self) -> Ending | None:
        """Never stops."""
        return None


@pytest.fixture(scope="module")
def stated(islands_system: System) -> Program:
    """The small plan as a program."""
    problem = opt.Problem(islands_system, opt.read_plan(islands.small_plan()))
    return program(state(problem), problem)


@pytest.fixture(scope="module")
def solution(stated: Program) -> Solution:
    """Its optimum."""
    return Sqp(tolerance=1e-8).solve(stated, stated.reference, Quiet())


def multipliers(solution: Solution) -> Multipliers:
    """Those of a solution."""
    return Multipliers(solution.row_multipliers, solution.quadratic_multipliers)


def test_an_optimum_has_no_residual(stated: Program, solution: Solution) -> None:
    """And is feasible; computed by other sweeps than the solver's."""
    found = optimality(stated, stated.evaluate(solution.x), multipliers(solution))
    assert found.within(1e-7)
    assert found.kkt_residual == pytest.approx(solution.kkt_residual, abs=1e-9)


def test_another_policy_or_other_multipliers_have_one(stated: Program, solution: Solution) -> None:
    """In proportion."""
    aside = np.clip(solution.x + 1e-3, stated.lower, stated.upper)
    assert optimality(stated, stated.evaluate(aside), multipliers(solution)).stationarity > 1e-5
    none = Multipliers.none(stated)
    assert optimality(stated, stated.evaluate(solution.x), none).stationarity > 1e-2


def test_multipliers_of_slack_limits_show(stated: Program, solution: Solution) -> None:
    """Complementarity."""
    values = stated.rows(solution.x, solution.y)
    slack = int(np.argmax(np.where(np.isinf(stated.row_lower), -np.inf, values - stated.row_lower)))
    rows = solution.row_multipliers.copy()
    rows[slack] -= 10.0
    wrong = Multipliers(rows, solution.quadratic_multipliers)
    assert optimality(stated, stated.evaluate(solution.x), wrong).complementarity > 1e-3


def test_a_multiplier_of_the_wrong_sign_shows(islands_system: System) -> None:
    """Also where another one makes up for it, so that every lever's slope is none: a limit that is stated twice."""
    twice = [islands.BUDGET, islands.FLOOR, {**islands.BUDGET, "name": "again"}]
    problem = opt.Problem(islands_system, opt.read_plan(islands.small_plan(limit=twice)))
    stated = program(state(problem), problem)
    found = Sqp(tolerance=1e-8).solve(stated, stated.reference, Quiet())
    count = len(problem.bound.rows[0].lower)
    at, rows = stated.evaluate(found.x), found.row_multipliers.copy()
    price = rows[:count] + rows[-count:]
    assert (price > 0).any()
    for first, right in ((1.0, True), (0.4, True), (1.4, False), (-0.4, False)):
        rows[:count], rows[-count:] = first * price, (1.0 - first) * price
        residuals = optimality(stated, at, Multipliers(rows, found.quadratic_multipliers))
        assert residuals.stationarity < 1e-7
        assert (residuals.complementarity < 1e-7) == right
        assert right or residuals.complementarity > 1e-3


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_residuals_stay_when_rows_and_objective_are_rescaled(
    stated: Program, solution: Solution, factor: float
) -> None:
    """Scales are those of the problem, not of its units."""
    scaled = replace(
        stated,
        lever_rows=stated.lever_rows * factor,
        outcome_rows=stated.outcome_rows * factor,
        row_lower=stated.row_lower * factor,
        row_upper=stated.row_upper * factor,
        amounts=stated.amounts * factor,
        lever_cost=stated.lever_cost * factor,
        outcome_cost=stated.outcome_cost * factor,
        constant=stated.constant * factor,
    )
    at = stated.evaluate(np.clip(solution.x + 1e-3, stated.lower, stated.upper))
    one, other = (optimality(each, at, multipliers(solution)) for each in (stated, scaled))
    assert other.stationarity == pytest.approx(one.stationarity, rel=1e-6)
    assert other.complementarity == pytest.approx(one.complementarity, rel=1e-6)
    assert other.violation == pytest.approx(one.violation, rel=1e-6)


def test_a_run_without_numbers_breaks_every_limit(stated: Program) -> None:
    """Rather than none."""
    assert violation(stated, stated.reference, np.full(len(stated.outcome_cost), np.nan)) == np.inf


# --- starts -----------------------------------------------------------------------------------------------------------


@cache
def never() -> bool:
    """Nobody stops."""
    return False


def test_own_levers_that_obey_all_limits_are_the_start(stated: Program) -> None:
    """As they are."""
    assert (neutral(stated, stop=never) == stated.reference).all()


def test_an_even_split_is_the_start_where_own_levers_are_zero(stated: Program) -> None:
    """As much as the limits allow, the same for all."""
    idle = replace(stated, reference=np.zeros_like(stated.reference))
    start = neutral(idle, stop=never)
    assert np.ptp(start) == 0
    assert start[0] > 0
    assert excess(stated, start) <= 1e-9


def test_the_nearest_point_obeys_the_linear_limits(stated: Program) -> None:
    """And moves no further than needed."""
    near = projected(stated, np.zeros(len(stated.lower)), stop=never)
    assert near is not None
    hard = np.diff(stated.outcome_rows.indptr) == 0
    assert (stated.lever_rows @ near >= stated.row_lower - 1e-6)[hard].all()
    assert near.sum() == pytest.approx(0.5 * hard.sum(), rel=1e-4)  # each floor of 0.5 is just met


@pytest.mark.parametrize("ends", [1, 25])
def test_the_nearest_point_obeys_rows_that_nearer_ones_break(ends: int) -> None:
    """Each of a chain may be half of the one before it at least: who lifts one breaks the next, round after round."""
    count = 25
    chain = csr_array(eye_array(count) - 0.5 * eye_array(count, k=-1))
    far = np.full(count, np.inf)
    lower = np.concatenate([[1.0], np.zeros(count - 1)])
    lower[ends:] = -np.inf
    whole = ConvexProgram(np.zeros(count), csr_array(eye_array(count)), -far, far, chain, lower, far)
    found = by_rounds(whole, never)
    assert found is not None
    # HiGHS leaves 3e-5, of all rows at once as well.
    assert found == pytest.approx(np.where(np.arange(count) < ends, 0.5 ** np.arange(count), 0.0), abs=1e-4)


def test_there_is_no_nearest_point_where_rows_contradict_each_other() -> None:
    """At least 2 and at most 1."""
    one, far = np.ones(1), np.full(1, np.inf)
    matrix = csr_array(np.ones((2, 1)))
    sides = np.array([2.0, -np.inf]), np.array([np.inf, 1.0])
    assert (
        by_rounds(ConvexProgram(np.zeros(1), csr_array(one[:, np.newaxis]), -far, far, matrix, *sides), never) is None
    )


def test_random_starts_are_the_same_for_the_same_seed(stated: Program) -> None:
    """And others for another."""
    assert (scattered(stated, 1, seed=0) == scattered(stated, 1, seed=0)).all()
    assert (scattered(stated, 1, seed=0) != scattered(stated, 2, seed=0)).any()
    assert (scattered(stated, 1, seed=0) <= stated.upper).all()

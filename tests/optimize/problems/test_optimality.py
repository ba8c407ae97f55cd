"""KKT residual and violation say how far a policy is from an optimum, in scales of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, eye_array
from support import islands
from support.forms import of_forms

import optimize as opt
from optimize.problems.optimality import (
    Marginals,
    Multipliers,
    Optimality,
    block_sizes,
    curvatures,
    lagrangian_weights,
    most_violated,
    optimality,
    own_sizes,
    pulls,
    quadratic_sizes,
    residuals,
    row_sizes,
    second_derivative,
    slopes,
    violation,
)
from optimize.problems.program import Block, Evaluation, Program, Quadratic
from optimize.problems.pyomo_model import state
from optimize.problems.pyomo_reader import program
from optimize.problems.scaling import rescaled
from optimize.solvers import starts
from optimize.solvers.highs import ConvexProgram
from optimize.solvers.sequential.sqp import Sqp
from optimize.solvers.solver import Ending, Iteration, Solution
from optimize.solvers.starts import by_rounds, excess, neutral, projected, scattered
from sd_models.system.model import FloatArray, IndexArray, System

INFINITY = np.inf


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


# --- by hand ----------------------------------------------------------------------------------------------------------


class ByHand:
    """y = (x0 x1, x0^2), of two levers."""

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Their values."""
        return Evaluation(x, np.array([x[0] * x[1], x[0] ** 2]))

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """Their slopes."""
        return np.array([[at.x[1], at.x[0]], [2 * at.x[0], 0.0]])[chosen]

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """The slope of their weighted sum."""
        return np.asarray(weights @ self.gradients(at, np.arange(2)))

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """With second derivatives that are the same everywhere."""
        assert len(at.y) == 2
        return np.asarray(directions @ np.array([[2 * weights[1], weights[0]], [weights[0], 0.0]]))


def by_hand(bound: float = 40.0, vector: Sequence[float] = (0, 1, -1, 0), **changes: Any) -> Program:
    """The cost is x0 + 2 x1 + 3 x0 x1 - x0^2 + 5, the rows x0 + x1 and x0 - 2 x0 x1, and the quadratic constraint is
    x0^2 + x0^4 + x0^3 + x1 - x0 x1."""
    matrix = np.zeros((4, 4))
    matrix[[0, 3], [0, 3]], matrix[[0, 3], [3, 0]] = 2.0, 1.0
    given: dict[str, Any] = {
        "outcomes": ByHand(),
        "lever_cost": np.array([1.0, 2.0]),
        "outcome_cost": np.array([3.0, -1.0]),
        "constant": 5.0,
        "lower": np.array([0.0, -INFINITY]),
        "upper": np.array([10.0, INFINITY]),
        "lever_rows": csr_array([[1.0, 1.0], [1.0, 0.0]]),
        "outcome_rows": csr_array([[0.0, 0.0], [-2.0, 0.0]]),
        "row_lower": np.array([-INFINITY, -16.0]),
        "row_upper": np.array([9.0, INFINITY]),
        "quadratics": (Quadratic("bowl", csr_array(matrix), np.array(vector, dtype=float), bound),),
    }
    return Program(**{**given, **changes})


def held(*rows: float, quadratic: float = 0.0) -> Multipliers:
    """Multipliers of the program by hand."""
    return Multipliers(np.array(rows), np.array([quadratic]))


HERE = np.array([2.0, 3.0])
PRICES = held(0.5, -0.25, quadratic=0.2)


def test_slopes_and_curvature_are_those_of_the_lagrangian() -> None:
    """By hand: d/dx of x0 + 2 x1 + 3 x0 x1 - x0^2, of the rows times 0.5 and -0.25, of the constraint times 0.2."""
    program = by_hand()
    at = program.evaluate(HERE)
    objective, lagrangian = slopes(program, at, PRICES)
    assert objective == pytest.approx([1 + 9 - 4, 2 + 6])
    assert lagrangian == pytest.approx([6 + 0.5 - 0.25 * -5 + 0.2 * 45, 8 + 0.5 - 0.25 * -4 + 0.2 * -1])
    by_x, by_y = lagrangian_weights(program, at.x, at.y, PRICES)
    assert by_x == pytest.approx([1 + 0.5 - 0.25 + 0.2 * 8, 2 + 0.5 + 0.2])
    assert by_y == pytest.approx([3 + 0.5 - 0.2, -1 + 0.2 * 10])
    second = [[-2 + 0.2 * 62, 3 + 0.5 - 0.2], [3 + 0.5 - 0.2, 0.0]]
    assert second_derivative(program, at, PRICES, np.eye(2)) == pytest.approx(np.array(second))
    assert second_derivative(program, at, PRICES, np.array([[1.0, -2.0]]))[0] == pytest.approx([10.4 - 6.6, 3.3])
    assert curvatures(program, at, PRICES) == pytest.approx([10.4, 0.0])
    assert curvatures(program, at, held(0.0, 0.0)) == pytest.approx([-2.0, 0.0])


def test_every_quadratic_constraint_counts_by_its_multiplier() -> None:
    """Of three, the second has none."""
    (bowl,) = by_hand().quadratics
    program = by_hand(quadratics=(bowl, bowl, bowl))
    at, rows = program.evaluate(HERE), np.array([0.5, -0.25])
    thrice = Multipliers(rows, np.array([0.15, 0.0, 0.05]))
    for several, one in zip(slopes(program, at, thrice), slopes(by_hand(), at, PRICES), strict=True):
        assert several == pytest.approx(one)
    assert curvatures(program, at, thrice) == pytest.approx([10.4, 0.0])


def test_a_quadratic_constraint_bends_with_the_outcomes_that_it_names() -> None:
    """The square of the first one: of (x0 x1)^2 along x0 2 x1^2, along x1 2 x0^2, along both 4 x0 x1."""
    square = Quadratic("square", csr_array(np.diag([0.0, 0.0, 2.0, 0.0])), np.zeros(4), 100.0)
    program = by_hand(outcome_cost=np.zeros(2), quadratics=(square,))
    found = second_derivative(program, program.evaluate(HERE), held(0.0, 0.0, quadratic=0.5), np.eye(2))
    assert found == pytest.approx(0.5 * np.array([[18.0, 24.0], [24.0, 8.0]]))


@pytest.mark.parametrize(("count", "products"), [(300, 300), (301, 8)])
def test_the_curvature_of_many_levers_is_estimated(count: int, products: int) -> None:
    """By few products, the same ones each time; exact where levers do not bend each other."""

    class Bent:
        def __init__(self, matrix: FloatArray) -> None:
            self.matrix = matrix

        def evaluate(self, x: FloatArray) -> Evaluation:
            return Evaluation(x, np.array([0.5 * x @ self.matrix @ x]))

        def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
            return (self.matrix @ at.x)[np.newaxis][chosen]

        def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
            return np.asarray(weights[0] * self.matrix @ at.x)

        def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
            assert len(at.y) == 1
            return np.asarray(weights[0] * directions @ self.matrix)

    diagonal = np.arange(1.0, count + 1)
    for beside, exact in ((0.0, True), (1.0, products == count)):
        program = Program(
            outcomes=Bent(np.diag(diagonal) + beside * (1 - np.eye(count))),
            lever_cost=np.zeros(count),
            outcome_cost=np.array([2.0]),
            lower=np.zeros(count),
            upper=np.ones(count),
            lever_rows=csr_array(np.ones((1, count))),
            outcome_rows=csr_array(np.ones((1, 1))),
            row_lower=np.zeros(1),
            row_upper=np.ones(1),
        )
        at, prices = program.evaluate(np.ones(count)), Multipliers(np.array([1.0]), np.zeros(0))
        found = curvatures(program, at, prices)
        assert program.counts.products == products
        assert np.allclose(found, 3 * diagonal) == exact
        assert (found == curvatures(program, at, prices)).all()
        # An estimate errs by (sum of the squares beside the diagonal / probes)^.5, here 3 * (300 / 8)^.5 = 18.
        assert np.abs(found - 3 * diagonal).mean() < 20


def test_a_slope_is_held_against_what_pulls_at_its_lever() -> None:
    """Slope of the objective, prices, curvature over the lever's own size; the worth is the sum over all levers."""
    program = by_hand()
    at = program.evaluate(HERE)
    found = Marginals(program, at, np.array([6.0, -8.0]), np.array([16.0, -9.0]), np.array([10.0, 0.0]))
    assert found.whole == pytest.approx([6 + 10 + 20, 8 + 1])
    assert found.worth == pytest.approx(36 * 2 + 9 * 3)
    assert found.gains == pytest.approx([16 * 1.6, 9 * 3])
    assert found.misses == pytest.approx([16 / 36, 1.0])
    narrow = replace(found, program=by_hand(pulls=np.array([4.0, 2.0])))
    assert narrow.whole == pytest.approx([10 + 4, 1 + 2])
    assert pulls(program, at) == pytest.approx([6, 8])  # a curvature of -2 counts as none
    bent = by_hand(outcome_cost=np.array([3.0, 1.0]))
    assert pulls(bent, at) == pytest.approx([1 + 9 + 4 + 2 * 2, 8])


class Peaks(ByHand):
    """y = (|x0| + x0^2, x1^2), whose kink has no slope; no numbers below -1e-3."""

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Their values."""
        return Evaluation(x, np.array([abs(x[0]) + x[0] ** 2 if x[0] >= -1e-3 else np.nan, x[1] ** 2]))

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """Their slopes."""
        return np.array([[np.sign(at.x[0]) + 2 * at.x[0], 0.0], [0.0, 2 * at.x[1]]])[chosen]

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """Those beside the kink."""
        assert len(at.y) == 2
        return np.asarray(directions * [0.0 if at.x[0] == 0.0 else 2 * weights[0], 2 * weights[1]])


@pytest.mark.parametrize(
    ("lower", "upper", "pull"),
    [
        (-5.0, 5.0, 1 + 2e-3 + 2 * 1e-3),  # slope, and curvature over the size there, 1e-3
        (0.0, 5.0, 1 + 1e-3 + 2 * 5e-4),
        (-5.0, 0.0, 1 + 1e-3 + 2 * 5e-4),  # of the other side
        (0.0, 0.0, 0.0),
        (-50.0, 50.0, 1 + 2e-2 + 2 * 1e-2),  # on one side only, as the other has no run
    ],
)
def test_in_the_middle_of_a_kink_what_pulls_beside_counts(lower: float, upper: float, pull: float) -> None:
    """For a lever that nothing pulls at there; others stay as they are."""
    program = by_hand(
        outcomes=Peaks(),
        lever_cost=np.zeros(2),
        outcome_cost=np.ones(2),
        lower=np.array([lower, -INFINITY]),
        upper=np.array([upper, INFINITY]),
    )
    at = program.evaluate(np.array([0.0, 3.0]))
    assert pulls(program, at) == pytest.approx([pull, 2 * 3 + 2 * 3], rel=1e-9)


@pytest.mark.parametrize(
    ("slope", "curvature", "gain"),
    [
        (3.0, 0.0, 3 * 2),  # down to the lower bound 0
        (-3.0, 0.0, 3 * 8),  # up to the upper bound 10
        (-3.0, 1.0, 3 * 3),  # until the curvature stops it
        (-3.0, 0.3, 3 * 8),  # it would stop it beyond the bound only
        (0.0, 1.0, 0.0),
    ],
)
def test_a_lever_can_gain_until_its_bound_or_until_its_curvature_stops_it(
    slope: float, curvature: float, gain: float
) -> None:
    """At 2, between 0 and 10."""
    program = by_hand()
    slopes_, bent = np.array([slope, 0.0]), np.array([curvature, 0.0])
    found = Marginals(program, program.evaluate(HERE), slopes_, slopes_, bent)
    assert found.gains == pytest.approx([gain, 0.0])


def test_a_lever_beyond_its_bound_gains_nothing_there() -> None:
    """Nor loses it."""
    program = by_hand()
    at = Evaluation(np.array([-1.0, 3.0]), np.zeros(2))
    found = Marginals(program, at, np.ones(2), np.ones(2), np.zeros(2))
    assert found.gains == pytest.approx([0.0, 3.0])


def test_a_slope_counts_less_where_nearly_nothing_can_be_gained() -> None:
    """Less than 1e-12 of what all levers are worth: a lever that stands nearly on its bound, which would gain 2e-13."""
    program = by_hand()
    at = program.evaluate(np.array([2e-13, 2.0]))
    found = Marginals(program, at, np.ones(2), np.array([1.0, 0.0]), np.zeros(2))
    assert found.worth == pytest.approx(1 * 2e-13 + 2 * 2)
    assert found.misses == pytest.approx([1e-6 * 2e-13 / (1e-12 * 4), 0.0])
    assert replace(found, lagrangian=np.zeros(2)).misses.tolist() == [0.0, 0.0]
    assert replace(found, objective=np.zeros(2), lagrangian=np.zeros(2)).misses.tolist() == [0.0, 0.0]


def test_a_lever_at_zero_is_worth_no_more_than_the_largest_other() -> None:
    """Its size is its range, which may be anything; where all are at zero, there is nothing else to go by."""
    wide = replace(by_hand(), lower=np.zeros(2), upper=np.array([1e9, 10.0]))
    at = wide.evaluate(np.array([0.0, 2.0]))
    slope = np.array([0.5, 3.0])
    assert Marginals(wide, at, slope, slope, np.zeros(2)).worth == pytest.approx(6 + 6)
    assert Marginals(wide, at, slope * [0, 1], slope * [0, 1], np.zeros(2)).worth == pytest.approx(6)
    none = wide.evaluate(np.zeros(2))
    assert Marginals(wide, none, np.ones(2), np.ones(2), np.zeros(2)).worth == pytest.approx(1e9 + 10)


def test_a_lever_at_zero_is_weighed_where_its_curvature_stops_what_pulls_at_it() -> None:
    """Of (1e8, 0) the second lever would go on to 1, in a range of 1e9."""
    program = of_forms([-2, -3], np.diag([2e-8, 3]), lower=[0, 0], upper=[1e9, 1e9])
    at, none = program.evaluate(np.array([1e8, 0.0])), Multipliers.none(program)
    found = Marginals(program, at, *slopes(program, at, none), curvatures(program, at, none))
    assert found.sizes == pytest.approx([1e8, 1.0])
    assert found.whole == pytest.approx([2.0, 3 + 3])
    assert pulls(program, at) == pytest.approx([2.0, 3 + 3])
    assert optimality(program, at, none).stationarity > 1e-3
    assert optimality(program, program.evaluate(np.array([1e8, 1.0])), none).within(1e-7)


@pytest.mark.parametrize(
    ("slope", "curvature", "upper", "size"),
    [
        (-3.0, 0.0, 8.0, 8.0),  # nothing stops it: its range
        (-3.0, 1.0, 8.0, 3.0),
        (3.0, 1.0, 8.0, 3.0),  # held at its bound
        (-3.0, 0.25, 8.0, 8.0),  # it would stop beyond its range
        (0.0, 1.0, 8.0, 8.0),  # nothing pulls
        (-3.0, 1.0, 1e30, 3.0),  # however wide
        (-3.0, 1.0, INFINITY, 3.0),
        (-3.0, 0.0, INFINITY, 1.0),
    ],
)
def test_the_size_in_which_a_lever_at_zero_is_weighed(
    slope: float, curvature: float, upper: float, size: float
) -> None:
    """Not that of a smooth stand-in, whose curvature says how narrow it is."""
    program = of_forms([slope], [[curvature]], lower=[0], upper=[upper])
    at, one = program.evaluate(np.zeros(1)), np.array([slope])
    found = Marginals(program, at, one, one, np.array([curvature]))
    assert found.sizes == pytest.approx([size])
    narrow = replace(found, program=replace(program, pulls=np.ones(1)))
    assert narrow.sizes.tolist() == [upper if np.isfinite(upper) else 1.0]


def test_where_all_levers_are_at_zero_a_range_is_worth_no_more_than_what_pulls() -> None:
    """One that nothing pulls at, or that nothing stops, hides no lever that would go on to 1."""
    for slope, curvature, worth in ((0, 1, 2 + 2), (1, 0, 2 + 2), (1, 1, 2 + 2), (0, 0, 2)):
        program = of_forms([slope, -1], np.diag([curvature, 1]), lower=[0, 0], upper=[1e13, 10])
        at, none = program.evaluate(np.zeros(2)), Multipliers.none(program)
        slope_, bent = slopes(program, at, none)[0], np.array([curvature, 1.0])
        assert Marginals(program, at, slope_, slope_, bent).worth == pytest.approx(worth)
        assert optimality(program, at, none).stationarity == pytest.approx(0.5)


POWERS = st.integers(-8, 8).map(lambda power: 10.0**power)
WIDTHS = st.floats(0.0, 30.0).map(lambda power: 10.0**power)


@given(
    widths=st.tuples(WIDTHS, WIDTHS),
    units=st.tuples(POWERS, POWERS),
    objective=POWERS,
    constant=st.floats(-1e6, 1e6),
    idle=st.integers(0, 20),
)
def test_no_range_hides_the_slope_of_a_lever_at_zero(
    widths: tuple[float, float], units: tuple[float, float], objective: float, constant: float, idle: int
) -> None:
    """In no units of levers and objective, beside no constant and no levers without effect: of two levers at zero the
    one that its bound holds is at its best, and the other is not, which is at its best at 1."""
    rest = [0.0] * idle
    program = of_forms(
        objective * np.array([1.0, -1.0, *rest]),
        objective * np.diag([1.0, 1.0, *rest]),
        lower=[0.0, 0.0, *rest],
        upper=[*widths, *(1.0 for _ in rest)],
        constant=objective * constant,
    )
    own = rescaled(program, np.array([*units, *(1.0 for _ in rest)]))
    none = Multipliers.none(own)
    start, best = np.zeros(2 + idle), np.array([0.0, 1.0 / units[1], *rest])
    assert optimality(own, own.evaluate(start), none).stationarity == pytest.approx(0.5)
    assert optimality(own, own.evaluate(best), none).within(1e-9)


def test_levers_are_worth_at_least_what_rounding_leaves_of_the_objective() -> None:
    """2.2e-16 of its value, over a share of 1e-12."""
    program = by_hand()
    none = np.zeros(2)
    found = Marginals(program, program.evaluate(HERE), none, none, none)
    assert found.worth == pytest.approx(2.220446049250313e-16 * 27 / 1e-12)


@pytest.mark.parametrize(
    ("multipliers", "expected"),
    [
        (held(0.0, 0.0), 0.0),
        (held(0.1, 0.0), 0.1 * 9 / 5),  # 4 below the upper side 9
        (held(1.0, 0.0), 4 / 9),
        (held(-1e-3, 0.0), 1e-3 * 9 / 5),  # on a side that is not there
        (held(0.0, -0.05), 0.05 * 16 / 5),  # 6 above the lower side -16
        (held(0.0, -1.0), 6 / 16),
        (held(0.0, 0.0, quadratic=0.02), 0.02 * 40 / 5),  # 15 below the bound 40
        (held(0.0, 0.0, quadratic=1.0), 15 / 40),
        (held(0.0, 0.0, quadratic=-1e-2), 1e-2 * 40 / 5),
        (held(0.0, 0.0, quadratic=-10.0), 10 / 5),  # of the wrong sign
        (held(1.0, -1.0, quadratic=1.0), 4 / 9),  # the largest of all
    ],
)
def test_multipliers_of_limits_that_do_not_hold_show(multipliers: Multipliers, expected: float) -> None:
    """The smaller of the share of the limit that is left and of what the multiplier makes of it, of a worth of 5."""
    program = by_hand()
    one = np.ones(2)
    found = residuals(program, program.evaluate(HERE), one, one, multipliers, np.array([-1.0, 0.0]))
    assert found.complementarity == pytest.approx(expected)
    assert found.stationarity == pytest.approx(1.0)
    assert found.violation == 0.0


def test_a_multiplier_of_a_limit_that_is_exceeded_shows_as_violation_only() -> None:
    """There is no room left."""
    program = by_hand(bound=20.0, row_upper=np.array([4.0, INFINITY]), row_lower=np.array([-INFINITY, -8.0]))
    one = np.ones(2)
    found = residuals(program, program.evaluate(HERE), one, one, held(1.0, -1.0, quadratic=1.0), np.zeros(2))
    assert found.complementarity == 0.0
    assert found.violation == pytest.approx(1 / 4)


def test_without_levers_that_are_worth_anything_a_multiplier_counts_as_it_is() -> None:
    """Of an objective that is zero."""
    nothing: dict[str, Any] = {"lever_cost": np.zeros(2), "outcome_cost": np.zeros(2), "constant": 0.0}
    program, none = by_hand(**nothing), np.zeros(2)
    at = program.evaluate(HERE)
    for multipliers, expected in (
        (held(0.01, 0.0), 0.01 * 9),
        (held(0.0, 0.0, quadratic=0.005), 0.005 * 40),
        (held(0.0, 0.0, quadratic=-3.0), 3.0),
    ):
        found = residuals(program, at, none, none, multipliers, none)
        assert found.complementarity == pytest.approx(expected)
        assert found.stationarity == 0.0


def test_optimality_is_the_worst_of_three() -> None:
    """Stationarity and complementarity are the residual; within a tolerance, also if just."""
    assert Optimality(1e-7, 3e-7, 1e-3).kkt_residual == 3e-7
    assert Optimality(4e-7, 3e-7, 1e-3).kkt_residual == 4e-7
    for numbers in ((1e-6, 0.0, 0.0), (0.0, 1e-6, 0.0), (0.0, 0.0, 1e-6)):
        assert Optimality(*numbers).within(1e-6)
        assert not Optimality(*numbers).within(0.9e-6)
    program = by_hand(lower=np.array([2.0, 3.0]), upper=np.array([10.0, INFINITY]))  # both slopes are held there
    assert optimality(program, program.evaluate(HERE), held(0.0, 0.0)).within(0.0)


@pytest.mark.parametrize(
    ("changes", "x", "size", "name"),
    [
        ({}, HERE, 0.0, ""),
        ({"row_upper": np.array([4.0, INFINITY])}, HERE, 1 / 4, "row 1"),
        ({"row_lower": np.array([-INFINITY, -8.0])}, HERE, 2 / 8, "row 2"),
        ({"bound": 20.0}, HERE, 5 / 28, "bowl"),
        ({"bound": -1.0, "vector": (0.0, -9.0, -1.0, 0.0)}, HERE, 0.0, ""),
        ({"bound": -7.0, "vector": (0.0, -9.0, -1.0, 0.0)}, HERE, 2 / 33, "bowl"),
        ({"upper": np.array([1.5, INFINITY])}, HERE, 0.5 / 2, "bounds of the levers"),
        ({"lower": np.array([0.0, 4.0])}, HERE, 1 / 3, "bounds of the levers"),
        ({}, np.array([np.nan, 0.0]), INFINITY, ""),
        ({}, np.array([1e200, 0.0]), INFINITY, ""),
    ],
)
def test_the_largest_violation_has_a_size_and_a_name(
    changes: dict[str, Any], x: FloatArray, size: float, name: str
) -> None:
    """Relative to the amount, to the largest term of a quadratic constraint, to the lever."""
    program = by_hand(**changes)
    with np.errstate(over="ignore"):
        y = program.evaluate(x).y
    largest, limit = most_violated(program, x, y)
    assert largest == pytest.approx(size)
    assert limit == name
    assert violation(program, x, y) == largest


def test_the_size_of_a_lever_is_its_own() -> None:
    """Its value, or its range where that is zero, or 1 where it has none."""
    lower = np.array([0.0, 0.0, -INFINITY, 1.0, -0.25, -5.0])
    upper = np.array([8.0, 8.0, 8.0, 1.0, 0.25, 0.0])
    x = np.array([2.0, 0.0, 0.0, 0.0, 0.0, -3.0])
    program = bounds(lower, upper)
    assert own_sizes(program, x).tolist() == [2.0, 8.0, 1.0, 1.0, 0.5, 3.0]


def test_levers_of_a_block_have_one_scale() -> None:
    """Its largest value, or its largest range where all are zero, or 1 where they have none."""
    lower = np.array([0.0, -9.0, 0.0, 0.0, 0.0, 2.0, -INFINITY, 0.0, 0.0])
    upper = np.array([8.0, 8.0, 0.5, 0.25, INFINITY, 2.0, 0.0, 0.0, 7.0])
    columns = ([0, 1], [2, 3, 4], [5, 6], [7, 8])
    blocks = tuple(Block(str(each), np.array(each)) for each in columns)
    program = bounds(lower, upper, blocks=blocks)
    x = np.array([2.0, -3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert block_sizes(program, x).tolist() == [3.0, 3.0, 0.5, 0.5, 0.5, 1.0, 1.0, 7.0, 7.0]
    assert block_sizes(bounds(lower, upper, blocks=(Block("none", np.array([], dtype=int)), *blocks)), x)[0] == 3.0


def bounds(lower: FloatArray, upper: FloatArray, **changes: Any) -> Program:
    """A program with so many levers, and nothing else."""
    count = len(lower)
    given: dict[str, Any] = {
        "outcomes": ByHand(),
        "lever_cost": np.zeros(count),
        "outcome_cost": np.zeros(2),
        "lower": lower,
        "upper": upper,
        "lever_rows": csr_array((0, count)),
        "outcome_rows": csr_array((0, 2)),
        "row_lower": np.zeros(0),
        "row_upper": np.zeros(0),
    }
    return Program(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "x", "sizes"),
    [
        ({}, HERE, [9.0, 16.0]),  # the amounts
        ({"amounts": np.array([0.5, 0.0])}, HERE, [0.5, 1 + 2 * 5]),  # what moved from (1, 1): x0 by 1, x0 x1 by 5
        ({"amounts": np.array([0.0, 0.5])}, HERE, [1 + 2, 0.5]),
        ({"amounts": np.zeros(2)}, np.ones(2), [1 + 1, 1 + 2 * 1]),  # nothing moved: the terms
        ({"amounts": np.zeros(2), "peaks": np.array([4.0, 0.0])}, np.ones(2), [2, 1 + 2 * 4]),
        ({"amounts": np.zeros(2), "reference": np.zeros(2)}, np.zeros(2), [1.0, 1.0]),
        ({"amounts": np.zeros(2), "reference": np.zeros(2)}, np.array([0.25, 0.0]), [0.25, 0.25]),
        ({"amounts": np.zeros(2), "reference": np.array([np.inf, 1.0])}, HERE, [np.inf, np.inf]),
    ],
)
def test_the_size_of_a_limit(changes: dict[str, Any], x: FloatArray, sizes: list[float]) -> None:
    """Its amount, or what the levers moved of its terms, or these, or 1."""
    program = by_hand(**{"reference": np.ones(2), **changes})
    with np.errstate(invalid="ignore"):
        found = row_sizes(program, x, ByHand().evaluate(x).y)
    assert found == pytest.approx(sizes)


def test_where_the_model_does_not_run_by_itself_outcomes_moved_from_zero() -> None:
    """All of them were the levers' work."""

    class Failing(ByHand):
        def evaluate(self, x: FloatArray) -> Evaluation:
            return Evaluation(x, np.full(2, np.nan)) if x[0] == 1 else super().evaluate(x)

    program = by_hand(outcomes=Failing(), reference=np.ones(2), amounts=np.zeros(2))
    assert row_sizes(program, HERE, program.evaluate(HERE).y) == pytest.approx([1 + 2, 1 + 2 * 6])


@pytest.mark.parametrize(
    ("bound", "vector", "x", "size"),
    [
        (-40.0, (0, 1, -1, 0), HERE, 40.0),
        (20.0, (0, 1, -1, 0), HERE, 28.0),  # x0^2 + x0^4 + x0^3
        (20.0, (0, 9, -1, 0), HERE, 9 * 3 + 6),
        (20.0, (0, 9, -1, 0), np.array([2.0, -3.0]), 9 * 3 + 6),
        (0.25, (0, 1, -1, 0), np.zeros(2), 0.25),
        (0.0, (0, 1, -1, 0), np.zeros(2), 1.0),
        (0.0, (0, 1, -1, 0), np.array([-0.5, 0.0]), 0.25 + 0.0625 - 0.125),
    ],
)
def test_the_size_of_a_quadratic_constraint(bound: float, vector: Sequence[float], x: FloatArray, size: float) -> None:
    """The largest of its bound, its square and its linear terms, or 1."""
    program = by_hand(bound, vector)
    assert quadratic_sizes(program, x, program.evaluate(x).y) == pytest.approx([size])


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


def test_ramps_of_one_lever_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two paths that begin with a millionth and with 1 at most, and double at most: an even split would be a millionth
    for all. How far levers may go is computed once."""
    counted = Mock(wraps=starts.reach)
    monkeypatch.setattr(starts, "reach", counted)
    rows = [(1, 0, 0, 0), (-2, 1, 0, 0), (0, 0, 1, 0), (0, 0, -2, 1), (1, 0, 1, 0, 1), (0, 1, 0, 1, 1)]
    upper = np.array([1e-6, 0.0, 1.0, 0.0, 4.0, 4.0])
    program = of_forms([-1.0] * 4, rows=rows, row_upper=upper, lower=np.zeros(4))
    start = neutral(program, stop=never)
    assert excess(program, start) <= 1e-9
    assert start[1] <= 2e-6
    assert start[2] > 0.1
    assert counted.call_count == 1


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


def test_slopes_are_no_dust_beside_what_is_too_large_for_numbers() -> None:
    """Levers near the largest number, whose sum is beyond it, are no optimum where nothing holds them."""
    program = of_forms([-1, -1, -1])
    found = optimality(program, program.evaluate(np.full(3, 8e307)), Multipliers.none(program))
    assert found.stationarity == 1.0


@dataclass
class Root:
    """The outcome sqrt(t^2 + w^2), where t is how far the only lever is from 1: a kink of that width."""

    width: float

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Its value."""
        return Evaluation(x, np.hypot(x - 1.0, self.width))

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """Its slope."""
        return ((at.x - 1.0) / at.y)[np.newaxis][chosen]

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """Its slope, weighted."""
        return weights @ self.gradients(at, np.arange(1))

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """With its second derivative: 1 / w in the middle."""
        return weights * self.width**2 / at.y**3 * directions


@pytest.mark.parametrize(("width", "bent"), [(1.0, 1.0), (1e-2, 100.0), (1e-9, 1000.0)])
def test_a_bend_weighs_no_more_than_slopes_change_by_around(width: float, bent: float) -> None:
    """In the middle of a bend as narrow as one likes; a thousandth of the lever away its slope is 1."""
    program = replace(of_forms([-2]), outcomes=Root(width))
    at, none = program.evaluate(np.ones(1)), Multipliers.none(program)
    assert curvatures(program, at, none) == pytest.approx(bent, rel=1e-2)
    assert optimality(program, at, none).stationarity == pytest.approx(2 / (2 + bent), rel=1e-2)

"""The parts of the penalty-barrier method, each alone: points, directions, curvature, pace, steering."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from support.forms import ball, of_forms
from support.solvers import Patient

from optimize.problems.optimality import Multipliers
from optimize.problems.program import Program
from optimize.solvers.interior_point.condensed import Condensed
from optimize.solvers.interior_point.elastic import ElasticProgram
from optimize.solvers.interior_point.path import Equations, Pairs
from optimize.solvers.penalty_barrier import blocks, tuning
from optimize.solvers.penalty_barrier.blocks import Blocks
from optimize.solvers.penalty_barrier.exact import Conjugate, ExactLagrangian
from optimize.solvers.penalty_barrier.ipm import Ipm
from optimize.solvers.penalty_barrier.iterate import Iterate, begun, joined, warm
from optimize.solvers.penalty_barrier.merit import Merit
from optimize.solvers.penalty_barrier.pace import Pace
from optimize.solvers.penalty_barrier.steering import Contradiction, left_over, raised
from optimize.solvers.penalty_barrier.step import Errors, straight
from optimize.solvers.penalty_barrier.warmth import first_multipliers
from optimize.solvers.sequential.curvature import Curvature, Group
from optimize.solvers.solver import Ending
from sd_models.system.model import FloatArray

NOBODY = lambda: None  # noqa: E731


def elastic(matrix: FloatArray, rows: FloatArray, upper: FloatArray, penalty: float = 10.0) -> ElasticProgram:
    """Levers from 0 to 1 with curvature `matrix`, and elastic rows with upper sides."""
    n, m = matrix.shape[0], len(rows)
    return ElasticProgram(
        cost=-np.ones(n),
        groups=(np.arange(n),),
        blocks=(matrix,),
        lower=np.zeros(n),
        upper=np.ones(n),
        ties=np.zeros((0, n)),
        by_lever=csr_array(rows),
        by_outcome=csr_array((m, 0)),
        row_lower=np.full(m, -np.inf),
        row_upper=upper,
        prices=np.full(m, penalty),
    )


@pytest.fixture
def program() -> ElasticProgram:
    """Three levers and two rows, one of which is missed at their middle."""
    return elastic(np.diag([1.0, 2.0, 3.0]), np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]), np.array([0.5, 3.0]))


@pytest.fixture
def middle(program: ElasticProgram) -> Iterate:
    """The beginning at the middle of the levers' ranges."""
    v = np.full(3, 0.5)
    return begun(program, v, program.values(v), 0.1, 0.1)


# --- points -----------------------------------------------------------------------------------------------------------


def test_a_search_begins_with_even_products_but_for_rows_that_are_missed(
    program: ElasticProgram, middle: Iterate
) -> None:
    """There the slack of excess takes in what is missed."""
    pairs = Pairs.of(program)
    *_, above, _ = pairs.apart(middle.slack * middle.price)
    assert middle.slack.min() > 0.0
    assert middle.price.min() > 0.0
    assert (np.delete(middle.slack * middle.price, pairs.cuts[3]) <= 0.1 + 1e-12).all()
    assert above[0] > 1.0
    assert pairs.missed(middle.slack, program.values(middle.v) - middle.s)[0] == pytest.approx(0.0, abs=1e-12)


def test_prices_and_multipliers_belong_together_after_every_step(program: ElasticProgram, middle: Iterate) -> None:
    """The price of a side is the multiplier, and that of an excess what the penalty leaves of it."""
    pairs = Pairs.of(program)
    equations = Equations.at(program, Condensed(program), pairs, middle.slack, middle.price)
    assert equations is not None
    by = equations.direction(-0.5 * middle.slack * middle.price, 0.1, 0.2, equations.precisely)
    there = middle.moved(by, 0.3, 0.2).dearer(pairs, 5.0)
    _, _, _, upper, above, _ = pairs.apart(there.price)
    np.testing.assert_allclose(upper, there.y, rtol=1e-9)
    np.testing.assert_allclose(above, 15.0 - there.y, rtol=1e-9)


def test_rows_that_join_leave_the_others_as_they_are(program: ElasticProgram, middle: Iterate) -> None:
    more = elastic(
        program.blocks[0], np.vstack([program.by_lever.toarray(), [1.0, 0.0, 0.0]]), np.array([0.5, 3.0, 0.9])
    )
    found = joined(middle, program, more, more.values(middle.v), 0.1)
    np.testing.assert_array_equal(found.y[:2], middle.y)
    np.testing.assert_array_equal(found.s[:2], middle.s)
    assert len(found.slack) == len(middle.slack) + 2
    assert found.slack.min() > 0.0


def test_rows_that_join_exceeded_have_the_product_of_the_others(program: ElasticProgram, middle: Iterate) -> None:
    """Slacks of what they are missed by, at its full price, would lead the path away."""
    more = elastic(
        program.blocks[0], np.vstack([program.by_lever.toarray(), [1.0, 0.0, 0.0]]), np.array([0.5, 3.0, 0.1]), 1e3
    )
    known = replace(program, prices=np.full(2, 1e3))
    found = joined(middle.dearer(Pairs.of(known), 990.0), known, more, more.values(middle.v), 0.1)
    kinds = Pairs.of(more).apart(found.slack * found.price)
    last = [kind[-1] for kind in (kinds[3], kinds[4])]
    assert max(last) <= middle.dearer(Pairs.of(known), 990.0).product * (1.0 + 1e-12)


def test_other_sizes_and_units_leave_products(program: ElasticProgram, middle: Iterate) -> None:
    """Slacks and prices go against each other in sizes, and together in units."""
    pairs = Pairs.of(program)
    resized = middle.resized(pairs, np.array([2.0, 4.0, 8.0]), np.array([3.0, 5.0]))
    np.testing.assert_allclose(resized.slack * resized.price, middle.slack * middle.price)
    np.testing.assert_allclose(resized.v * [2.0, 4.0, 8.0], middle.v)
    assert middle.in_unit(4.0).product == pytest.approx(middle.product / 4.0)


def test_a_warm_beginning_stays_next_to_what_holds(program: ElasticProgram) -> None:
    """A lever on its bound and one on none, within what their prices ask for."""
    v = np.array([1.0, 0.5, 0.0])
    found = warm(program, v, program.values(v), np.array([0.2, 0.0]), 1e-8)
    assert np.abs(found.v - v).max() <= 1e-4
    assert found.v[1] == 0.5
    assert found.slack.min() > 0.0
    assert (found.slack * found.price).max() <= 1.01e-8


# --- directions -------------------------------------------------------------------------------------------------------


def test_exact_products_make_good_what_the_factors_do_not_know(program: ElasticProgram, middle: Iterate) -> None:
    """Conjugate gradients find what a direct solution with the exact matrix finds."""
    exact = np.array([[2.0, 0.5, 0.1], [0.5, 3.0, 0.2], [0.1, 0.2, 1.0]])
    right = np.array([1.0, -2.0, 0.5]), np.array([0.3, -0.1])
    pairs, found = Pairs.of(program), []
    for block in (program.blocks[0], exact):
        other = replace(program, blocks=(block,))
        equations = Equations.at(other, Condensed(other), pairs, middle.slack, middle.price)
        assert equations is not None
        found.append(equations)
    conjugate = Conjugate(found[0], lambda v: exact @ v, 1e-12)
    for one, other in zip(conjugate(*right), found[1].once(*right), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)
    assert conjugate.products <= 4


def test_negative_curvature_is_followed_downward(program: ElasticProgram, middle: Iterate) -> None:
    """Where exact products show it, the direction still falls, and says that it met some."""
    exact = np.diag([1.0, -1e4, 3.0])
    equations = Equations.at(program, Condensed(program), Pairs.of(program), middle.slack, middle.price)
    assert equations is not None
    conjugate = Conjugate(equations, lambda v: exact @ v, 1e-12)
    right = np.array([1.0, 1.0, 1.0])
    v, _ = conjugate(right, np.zeros(2))
    assert conjugate.met_negative
    assert right @ v > 0.0
    assert v[1] > 0.0


def test_newtons_direction_makes_the_merit_function_smaller(program: ElasticProgram, middle: Iterate) -> None:
    """As fast as its slope says."""
    pairs, v = Pairs.of(program), middle.v
    rows = program.values(v)
    equations = Equations.at(program, Condensed(program), pairs, middle.slack, middle.price)
    assert equations is not None
    dual = pairs.slope(middle.price, program.cost + program.curved(v) + program.pulled(middle.y))
    missed = pairs.missed(middle.slack, rows - middle.s)
    by = equations.direction(0.1 - middle.slack * middle.price, dual, missed, equations.precisely)
    here = replace(program, cost=program.cost + program.curved(v))
    merit = Merit.of(here, pairs, 0.1, middle.y, middle.y + by.y)

    def value(at: Iterate) -> float:
        cost = float(program.cost @ at.v + 0.5 * at.v @ program.curved(at.v))
        return merit.value(cost, at, program.values(at.v))

    slope = merit.slope(middle, by, missed)
    assert slope < 0.0
    assert (value(middle.moved(by, 1e-6, 0.0)) - value(middle)) / 1e-6 == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize("seed", range(20))
def test_without_corrections_a_direction_falls_however_far_products_are_apart(
    program: ElasticProgram, middle: Iterate, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    at = replace(middle, slack=middle.slack * 10.0 ** draw.uniform(-3, 3, len(middle.slack)))
    pairs = Pairs.of(program)
    equations = Equations.at(program, Condensed(program), pairs, at.slack, at.price)
    assert equations is not None
    dual = pairs.slope(at.price, program.cost + program.pulled(at.y))
    errors = Errors(dual, pairs.missed(at.slack, program.values(at.v) - at.s))
    aim = straight(equations, at, errors, equations.precisely, 0.01)
    merit = Merit.of(program, pairs, 0.01, at.y, at.y + aim.direction.y)
    assert merit.slope(at, aim.direction, errors.primal) < 0.0


# --- curvature --------------------------------------------------------------------------------------------------------


def test_curvature_is_shifted_only_where_rows_allow_it_to_be_negative() -> None:
    """Along x + y = constant it is positive here, and across it is not."""
    across = np.array([[1.0, -3.0], [-3.0, 1.0]])
    held = Condensed(elastic(across, np.ones((1, 2)), np.zeros(1)))
    assert held.factored(np.full(2, 1e-8), np.array([1e7]))
    assert held.shift == 0.0
    assert held.downward is None
    assert held.factored(np.full(2, 1e-8), np.array([1e-7]))
    assert held.shift > 0.0
    way = held.downward
    assert way is not None
    assert way @ across @ way < 0.0


def test_exact_products_are_those_of_a_program_at_once() -> None:
    """In sizes of levers, quadratic constraints included."""
    program = of_forms([1, 1], [[2.0, 1.0], [1.0, 3.0]], quadratics=(ball(2, 1, 4.0),))
    multipliers = Multipliers(np.zeros(0), np.array([0.5]))
    lagrangian = ExactLagrangian(program, program.evaluate(np.ones(2)), multipliers, np.array([1.0, 10.0]))
    expected = np.array([[3.0, 10.0], [10.0, 400.0]])
    np.testing.assert_allclose(np.array(lagrangian.products(np.eye(2))), expected)


def test_exact_curvature_is_kept_until_errors_are_large_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for near an optimum, and not given up for one step that leads away from it."""
    groups = [Group(tuple(np.arange(400).reshape(4, 100) + 400 * number)) for number in range(2)]
    taken = Curvature(groups, [np.eye(400)] * 2, exact=False)
    monkeypatch.setattr(blocks, "bare_curvature_of", lambda *_, exact: replace(taken, exact=exact))
    program = of_forms([1.0])
    lagrangian = ExactLagrangian(program, program.evaluate(np.ones(1)), Multipliers.none(program), np.ones(1))
    found, kept = Blocks(groups, taken, 1.0), []
    for error in (1.1 * tuning.EXACT, 0.9 * tuning.EXACT, 0.9 * tuning.LEFT, 1.1 * tuning.LEFT):
        found.renew(lagrangian, error)
        kept.append(found.curvature.exact)
    assert kept == [False, True, True, False]


# --- pace, steering, warmth -------------------------------------------------------------------------------------------


def point(product: float) -> Iterate:
    """A point with one pair of this product."""
    none = np.zeros(1)
    return Iterate(none, none, none, np.ones(1), np.full(1, product))


def test_a_product_is_held_where_errors_do_not_fall_and_let_go_where_they_do() -> None:
    pace, stuck = Pace(), Errors(np.ones(1), np.zeros(1))
    for _ in range(6):
        pace.goes(point(0.1), stuck)
    assert pace.held == 0.1
    pace.goes(point(0.1), Errors(np.full(1, 0.5), np.zeros(1)))
    assert pace.held is None


def test_a_held_product_that_is_reached_is_followed_by_a_smaller_one() -> None:
    """Where errors did not fall below what was seen."""
    pace = Pace(held=0.1, seen=[0.1])
    pace.goes(point(0.1), Errors(np.full(1, 0.5), np.zeros(1)))
    assert pace.held == pytest.approx(0.02)


def test_a_price_near_the_penalty_raises_it() -> None:
    program = elastic(np.eye(1), np.ones((1, 1)), np.zeros(1), penalty=10.0)
    assert raised(10.0, np.array([7.0]), program, 1e6) == 10.0
    assert raised(10.0, np.array([9.0]), program, 1e6) == 100.0
    assert raised(10.0, np.array([9.0]), program, 50.0) == 50.0


def test_limits_contradict_each_other_where_no_step_helps_again_and_again() -> None:
    """x >= 1.5 of a lever up to 1: from 0 a step helps, from 1 none does."""
    program = elastic(np.eye(1), -np.ones((1, 1)), np.array([-1.5]))
    free, held = (left_over(program, v, program.values(v), NOBODY) for v in (np.zeros(1), np.ones(1)))
    assert free == pytest.approx(1.0 / 3.0, abs=1e-2)
    assert held == pytest.approx(1.0, abs=1e-3)
    seen = Contradiction()
    assert [seen.is_shown(left) for left in (held, held, free, held, held, held)] == [False] * 5 + [True]


def test_multipliers_at_a_start_are_told_only_near_an_optimum() -> None:
    """Of the row that holds there: 1 - its own curvature's part."""
    program = elastic(0.5 * np.eye(1), np.ones((1, 1)), np.array([0.5]))
    there = replace(program, cost=program.cost + program.curved(np.full(1, 0.5)))
    found = first_multipliers(there, np.full(1, 0.5), np.full(1, 0.5), NOBODY)
    assert found is not None
    assert found[0] == pytest.approx(0.75, rel=1e-3)
    assert first_multipliers(program, np.zeros(1), np.zeros(1), NOBODY) is None


# --- the search -------------------------------------------------------------------------------------------------------


def test_a_start_without_slopes_is_left_along_negative_curvature() -> None:
    """The middle of a concave quadratic in a box, down to a side at least."""
    program = of_forms([0, 0], -np.diag([1.0, 2.0]), lower=[-1, -1], upper=[1, 1])
    found = Ipm().solve(program, np.zeros(2), Patient())
    assert found.ending is Ending.OPTIMAL
    assert program.cost(found.x, found.y) <= -1.0 + 1e-6


def test_a_search_goes_on_from_where_its_outcomes_are_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a shorter step, and a note."""
    program = of_forms([-1, -1], np.diag([0.1, 0.1]), rows=[[1, 1]], row_upper=[8.0], lower=[0, 0], upper=[9, 9])
    plain = Program.evaluate

    def edged(self: Program, x: FloatArray) -> object:
        found = plain(self, x)
        return replace(found, y=found.y * np.nan) if x[0] > 5.0 else found

    monkeypatch.setattr(Program, "evaluate", edged)
    found = Ipm().solve(program, np.array([1.0, 0.5]), Patient())
    assert np.isfinite(found.y).all()
    assert found.violation <= 1e-6


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_the_unit_of_the_objective_does_not_matter(scale: float) -> None:
    """Nor its slope at the start."""
    program = of_forms([-2 * scale, -scale], scale * np.diag([1.0, 0.5]), rows=[[1, 1]], row_upper=[3.0], lower=[0, 0])
    found = Ipm().solve(program, np.zeros(2), Patient())
    assert found.ending is Ending.OPTIMAL
    np.testing.assert_allclose(found.x, [5.0 / 3.0, 4.0 / 3.0], rtol=1e-6)
    assert found.row_multipliers[0] == pytest.approx(scale / 3.0, rel=1e-5)

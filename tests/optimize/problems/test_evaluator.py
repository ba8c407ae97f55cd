"""An evaluator gives exact values and derivatives of any program, by as few runs as can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from support.curves import POINT, Curves, curves
from support.known_optima import OPTIMA, problem, stated

import optimize as opt
from sd_models.errors import InvalidRequest
from sd_models.system.model import FloatArray

PROGRAMS = ("curves", *OPTIMA)


def beside(name: str, *, scaled: bool) -> tuple[opt.Evaluator, FloatArray]:
    """An evaluator of the program above or of one with a known optimum, and levers beside that, none zero by chance."""
    known = OPTIMA[name]() if name in OPTIMA else None
    program = stated(problem(name), known.constraints) if known else curves()
    levers = known.levers if known else POINT
    shaken = np.asarray(levers * (1.0 + 0.01 * np.random.default_rng(0).uniform(-1.0, 1.0, len(levers))))
    own = opt.Evaluator.near(program, 0.9 * shaken) if scaled else opt.Evaluator(program)
    return own, shaken / own.levers(np.ones(own.size))


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("name", PROGRAMS)
def test_slopes_and_products_are_those_of_the_values(name: str, scaled: bool) -> None:
    """The gradient, the Jacobian and the second derivative of the Lagrangian, against central differences."""
    own, z = beside(name, scaled=scaled)
    random = np.random.default_rng(1)
    multipliers = random.standard_normal(len(own.constraint_upper))
    direction = random.uniform(-1.0, 1.0, own.size) * np.maximum(np.abs(z), 1e-2)

    def lagrangian(z: FloatArray) -> FloatArray:
        return np.asarray(0.5 * own.gradient(z) + multipliers @ own.jacobian(z))

    def change(function: Callable[[FloatArray], Any]) -> Any:
        step = 1e-5 * direction
        return (function(z + step) - function(z - step)) / 2e-5

    size = np.abs(own.gradient(z)) @ np.abs(direction) + 1e-9
    assert own.gradient(z) @ direction == pytest.approx(change(own.objective), abs=1e-6 * size)
    jacobian = own.jacobian(z)
    sizes = abs(jacobian) @ np.abs(direction) + 1e-9
    assert jacobian @ direction / sizes == pytest.approx(change(own.constraints) / sizes, abs=1e-6)
    product, differences = own.product(z, direction, multipliers, share=0.5), change(lagrangian)
    assert product == pytest.approx(differences, abs=1e-5 * np.abs(differences).max() + 1e-7)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("name", PROGRAMS)
def test_second_derivatives_are_symmetric(name: str, scaled: bool) -> None:
    """Whatever the multipliers, and several directions at once are each of them alone."""
    own, z = beside(name, scaled=scaled)
    random = np.random.default_rng(2)
    one, other = random.standard_normal((2, own.size))
    multipliers = random.standard_normal(len(own.constraint_upper))
    both = own.product(z, np.stack([one, other]), multipliers)
    assert one @ both[1] == pytest.approx(other @ both[0], rel=1e-9, abs=1e-12 * np.abs(both).max())
    assert both[0] == pytest.approx(own.product(z, one, multipliers), rel=1e-12, abs=1e-300)


def test_rows_of_levers_alone_are_kept_apart() -> None:
    """Each row once, in its order, with its sides and name; a zero that is stored is no outcome."""
    own = opt.Evaluator(curves())
    assert own.linear_names == ("sum", "difference")
    assert own.linear_matrix.toarray().tolist() == [[1, 1, 0], [1, 0, -1]]
    assert (own.linear_lower.tolist(), own.linear_upper.tolist()) == ([-np.inf, 2.0], [4.0, 2.0])
    assert own.constraint_names == ("both", "logarithm", "ball", "mixed")
    assert own.constraint_lower.tolist() == [1.0, -3.0, -np.inf, -np.inf]
    assert own.constraint_upper.tolist() == [8.0, np.inf, 6.0, 9.0]
    stored = csr_array((np.zeros(4), np.zeros(4, dtype=int), np.arange(5)), shape=(4, 3))
    assert opt.Evaluator(curves(outcome_rows=stored)).linear_names == ("sum", "both", "difference", "logarithm")


def test_values_are_those_of_the_program() -> None:
    """By hand: cost, what people see of it, rows and quadratic constraints."""
    own = opt.Evaluator(curves())
    y = 3.0, np.exp(0.3), np.log(2.0)
    cost = 2.0 + 0.6 + 0.5 * y[0] - y[1] + 3 * y[2] + 7.0
    assert (own.objective(POINT), own.shown(POINT)) == (pytest.approx(cost), pytest.approx(-cost))
    expected = [6.0 + y[0] + 2 * y[1], y[2], 4.0 + 0.09, 2 * 1.5**2 + 2 * y[0] ** 2 + y[1]]
    assert own.constraints(POINT) == pytest.approx(expected)


def test_the_jacobian_has_the_same_places_everywhere() -> None:
    """A quadratic constraint on levers alone has those of its own levers, zero or not; the others have all."""
    own = opt.Evaluator(curves())
    for x in (POINT, np.array([1.0, 0.0, 0.0])):
        found = own.jacobian(x)
        assert np.diff(found.indptr).tolist() == [3, 3, 2, 3]
        assert found.indices[6:8].tolist() == [0, 2]


def test_magnitudes_lead_there_and_back() -> None:
    """The same problem: values by their magnitudes, sides, and multipliers in the units of the program."""
    program = curves()
    own, scaled = opt.Evaluator(program), opt.Evaluator.near(program, 3.0 * POINT)
    z = POINT / scaled.levers(np.ones(3))
    assert scaled.levers(z) == pytest.approx(POINT)
    assert scaled.shown(z) == pytest.approx(own.shown(POINT))
    inside = scaled.constraints(z) <= scaled.constraint_upper
    assert inside.tolist() == (own.constraints(POINT) <= own.constraint_upper).tolist()
    steepest = np.abs(scaled.gradient(3.0 * POINT / scaled.levers(np.ones(3)))).max()
    assert steepest == pytest.approx(1.0)
    linear, constraints = np.array([2.0, -1.0]), np.array([0.5, -0.25, 4.0, 3.0])
    found = scaled.multipliers(linear, constraints)
    lagrangian = scaled.gradient(z) + linear @ scaled.linear_matrix + constraints @ scaled.jacobian(z)
    _, slope = opt.problems.optimality.slopes(program, program.evaluate(POINT), found)
    assert lagrangian * scaled.scales.cost / scaled.levers(np.ones(3)) == pytest.approx(slope)


def test_all_at_the_same_levers_costs_one_run() -> None:
    """Whatever is asked first, and what comes out can be written to."""
    program = curves()
    own = opt.Evaluator(program)
    own.jacobian(POINT)[0, 0] = 9.0
    own.gradient(POINT)[:] = 9.0
    own.constraints(POINT)[:] = 9.0
    moving = POINT.copy()
    own.objective(moving)
    moving += 1.0
    assert own.evaluate(POINT).x.tolist() == POINT.tolist()
    own.product(POINT, np.ones(3))
    assert program.counts.simulations == 1
    assert own.gradient(POINT)[1] == pytest.approx(0.5 * 2.0)
    assert own.jacobian(POINT)[0, 0] == pytest.approx(1.5)
    assert own.constraints(POINT)[1] == pytest.approx(np.log(2.0))


def test_few_runs_are_kept() -> None:
    """The last two by default, as a line search goes back to the better of two; memory does not grow."""
    program = curves()
    own = opt.Evaluator(program)
    for x in (POINT, POINT + 1, POINT, POINT + 1):
        own.objective(x)
    assert program.counts.simulations == 2
    for x in (POINT + 2, POINT):
        own.objective(x)
    assert program.counts.simulations == 4


def test_few_sweeps_are_taken() -> None:
    """As many as there are constraints or outcomes that they name, whichever are fewer."""
    program = curves(quadratics=(), outcome_rows=csr_array(np.array([[0.0, 0, 0], [1.0, 2, 3], [0, 0, 0], [0, 0, 0]])))
    opt.Evaluator(program).jacobian(POINT)
    assert program.counts.gradients == 1


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_where_there_is_no_run_nothing_is_feasible() -> None:
    """The objective is infinite and every constraint violated, which a line search takes as too far."""
    own = opt.Evaluator(curves(complaint=lambda x: "log is no number."))
    nowhere = np.array([-1.0, 1.0, 1.0])
    values = own.constraints(nowhere)
    assert own.objective(nowhere) == np.inf
    assert ((values > own.constraint_upper) | (values < own.constraint_lower)).all()
    for ask in (own.gradient, own.jacobian, lambda x: own.product(x, np.ones(3))):
        with pytest.raises(InvalidRequest, match=r"leaves the numbers: log is no number\. .*begin elsewhere"):
            ask(nowhere)
    with pytest.raises(InvalidRequest, match="leaves the numbers"):
        opt.Evaluator.near(own.program, nowhere)


@pytest.mark.parametrize(
    ("levers", "words"),
    [
        (np.ones(2), r"shape is \(2,\), expected \(3,\)"),
        (np.ones((1, 3)), r"shape is \(1, 3\), expected \(3,\)"),
        (1.0, r"shape is \(\), expected \(3,\)"),
        ([1.0, np.nan, np.inf], "nan at place 1, 2 such in all"),
        (["a", 1, 2], "array of numbers"),
        (None, r"shape is \(\)|array of numbers"),
    ],
)
def test_levers_that_are_none(levers: Any, words: str) -> None:
    """Shape, place and value are named, and no run is made."""
    program = curves()
    own = opt.Evaluator(program)
    for ask in (own.objective, own.gradient, own.constraints, own.jacobian, own.evaluate):
        with pytest.raises(InvalidRequest, match=words):
            ask(levers)
    assert program.counts.simulations == 0


def test_directions_and_multipliers_that_are_none() -> None:
    """As with levers."""
    own = opt.Evaluator(curves())
    with pytest.raises(InvalidRequest, match=r'"direction": the shape is \(2,\), expected \(3,\) or \(any, 3\)'):
        own.product(POINT, np.ones(2))
    with pytest.raises(InvalidRequest, match="direction"):
        own.product(POINT, np.ones((1, 1, 3)))
    with pytest.raises(InvalidRequest, match=r'"constraints": the shape is \(1,\), expected \(4,\)'):
        own.product(POINT, np.ones(3), np.ones(1))
    with pytest.raises(InvalidRequest, match='"linear"'):
        own.multipliers(np.ones(1), np.ones(4))


def test_a_program_without_outcomes_is_one_too() -> None:
    """A linear program: nothing but rows of levers."""

    class Nothing(Curves):
        def evaluate(self, x: FloatArray) -> opt.Evaluation:
            return opt.Evaluation(x, np.zeros(0))

    program = opt.Program(
        outcomes=Nothing(),
        lever_cost=np.ones(2),
        outcome_cost=np.zeros(0),
        lower=np.zeros(2),
        upper=np.ones(2),
        lever_rows=csr_array(np.ones((1, 2))),
        outcome_rows=csr_array((1, 0)),
        row_lower=np.ones(1),
        row_upper=np.full(1, np.inf),
    )
    own = opt.Evaluator(program)
    assert (own.objective(np.ones(2)), own.gradient(np.ones(2)).tolist()) == (2.0, [1.0, 1.0])
    assert own.linear_matrix.shape == (1, 2)
    assert (own.constraints(np.ones(2)).shape, own.jacobian(np.ones(2)).shape) == ((0,), (0, 2))
    assert own.product(np.ones(2), np.ones(2)).tolist() == [0.0, 0.0]

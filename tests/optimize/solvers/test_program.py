"""Every solver takes a program written by hand, with no model behind it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse import csr_array
from support.solvers import SOLVERS, Patient

from optimize.problems.optimality import Multipliers, optimality
from optimize.problems.program import Block, Evaluation, Program, Quadratic
from optimize.solvers.solver import Ending
from optimize.solvers.starts import neutral, projected, scattered
from sd_models.system.model import FloatArray, IndexArray

INFINITY = np.inf


class ByHand:
    """Two outcomes of any number of levers: the sum of logarithms of 1 + x, and the sum of squares."""

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Their values."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return Evaluation(x, np.array([np.log1p(x).sum(), x @ x]))

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """Their slopes."""
        return np.array([1.0 / (1.0 + at.x), 2.0 * at.x])[chosen]

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """The slope of their weighted sum."""
        return np.asarray(weights @ self.gradients(at, np.arange(2)))

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """Both second derivatives are diagonal."""
        return np.asarray(directions * (2.0 * weights[1] - weights[0] / (1.0 + at.x) ** 2))


def written(n: int = 3, **other: object) -> Program:
    """Logarithms are to be large, the levers add up to 6 at most."""
    given: dict[str, object] = {
        "outcomes": ByHand(),
        "sign": -1.0,
        "lever_cost": np.zeros(n),
        "outcome_cost": np.array([-1.0, 0.0]),
        "lower": np.zeros(n),
        "upper": np.full(n, 10.0),
        "lever_rows": csr_array(np.ones((1, n))),
        "outcome_rows": csr_array((1, 2)),
        "row_lower": np.array([-INFINITY]),
        "row_upper": np.array([6.0]),
    }
    return Program(**{**given, **other})  # type: ignore[arg-type]


BALL = Quadratic("ball", csr_array((5, 5)), np.array([0, 0, 0, 0, 1.0]), 3.0)
# Each with the best levers and the price of what binds.
CASES: dict[str, tuple[Callable[[], Program], FloatArray, float]] = {
    "a budget": (written, np.full(3, 2.0), 1.0 / 3.0),
    "a bound": (lambda: written(upper=np.array([1.0, 10.0, 10.0])), np.array([1.0, 2.5, 2.5]), 1.0 / 3.5),
    "a limit on an outcome": (
        lambda: written(
            lever_rows=csr_array((1, 3)), outcome_rows=csr_array(np.array([[0.0, 1.0]])), row_upper=np.array([3.0])
        ),
        np.ones(3),
        0.25,
    ),
    "an equation": (lambda: written(row_lower=np.array([6.0])), np.full(3, 2.0), 1.0 / 3.0),
}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", CASES)
def test_a_program_by_hand_is_solved(name: str, solver: str) -> None:
    """To its optimum, with the price of what binds."""
    make, levers, price = CASES[name]
    program = make()
    solution = SOLVERS[solver].solve(program, np.full(3, 0.5), Patient())
    assert solution.ending is Ending.OPTIMAL
    np.testing.assert_allclose(solution.x, levers, rtol=1e-5)
    assert solution.row_multipliers[0] == pytest.approx(price, rel=1e-4)
    found = optimality(program, program.evaluate(solution.x), Multipliers(solution.row_multipliers, np.zeros(0)))
    assert found.within(1e-7)
    assert program.counts.simulations > 2


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_quadratic_constraint_by_hand_holds(solver: str) -> None:
    """Here on an outcome, whose slope takes part."""
    program = written(lever_rows=csr_array((1, 3)), quadratics=(BALL,))
    solution = SOLVERS[solver].solve(program, np.full(3, 0.5), Patient())
    np.testing.assert_allclose(solution.x, np.ones(3), rtol=1e-5)
    assert solution.quadratic_multipliers[0] == pytest.approx(0.25, rel=1e-4)


def test_starts_need_no_model() -> None:
    """An even split within the budget, a random point within the bounds, the nearest point that obeys."""
    program = written()
    even = neutral(program, stop=lambda: False)
    assert np.ptp(even) == 0
    assert 0 < even.sum() <= 6.0
    assert not np.array_equal(scattered(program, 1, 0), scattered(program, 2, 0))
    nearest = projected(program, np.full(3, 5.0), stop=lambda: False)
    assert nearest is not None
    np.testing.assert_allclose(nearest, np.full(3, 2.0))


def test_shapes_that_do_not_meet_are_refused() -> None:
    """With the name of the array."""
    with pytest.raises(ValueError, match=r"upper has the shape \(2,\), expected \(3,\)"):
        written(upper=np.ones(2))


def test_everybody_is_told_of_finite_evaluations_only() -> None:
    """And all are counted."""
    seen: list[Evaluation] = []
    program = written(notice=seen.append, blocks=(Block("all", np.arange(3)[np.newaxis]),))
    program.evaluate(np.ones(3))
    program.evaluate(np.full(3, -2.0))
    assert len(seen) == 1
    assert program.counts.simulations == 2

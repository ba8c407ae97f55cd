"""Limits on levers that bounds only just meet become bounds, and keep their prices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from support import islands
from support.solvers import SOLVERS, Patient

import optimize as opt
from optimize.problems.optimality import Multipliers, optimality
from optimize.problems.presolve import presolve
from optimize.problems.program import Evaluation, Program
from optimize.solving import solve as solving
from sd_models.system.model import FloatArray, IndexArray, System

INFINITY = np.inf


class Logarithms:
    """The sum of logarithms of 1 + x."""

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Its value."""
        return Evaluation(x, np.array([np.log1p(x).sum()]))

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """Its slope."""
        return np.array([1.0 / (1.0 + at.x)])[chosen]

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """Its slope, weighted."""
        return np.asarray(weights[0] / (1.0 + at.x))

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """Its second derivative, which is diagonal."""
        return np.asarray(-weights[0] * directions / (1.0 + at.x) ** 2)


def program(rows: Any, sides: list[tuple[float, float]], **changes: Any) -> Program:
    """Levers from 0 to 10, the third lever worth three times as much, under rows on levers alone."""
    matrix = np.array(rows, dtype=np.float64)
    n = matrix.shape[1]
    given = {
        "outcomes": Logarithms(),
        "sign": -1.0,
        "lever_cost": np.where(np.arange(n) == 2, -2.0, 0.0),
        "outcome_cost": np.array([-1.0]),
        "lower": np.zeros(n),
        "upper": np.full(n, 10.0),
        "lever_rows": csr_array(matrix),
        "outcome_rows": csr_array((len(matrix), 1)),
        "row_lower": np.array([low for low, _ in sides]),
        "row_upper": np.array([high for _, high in sides]),
    }
    return Program(**{**given, **changes})


# Rows of three levers with their sides, and the levers' bounds that follow.
FORCED: dict[str, tuple[Any, list[tuple[float, float]], list[float], list[float]]] = {
    "a sum of zero": ([[1, 1, 0]], [(-INFINITY, 0.0)], [0, 0, 0], [0, 0, 10]),
    "exactly zero": ([[0, 1, 1]], [(0.0, 0.0)], [0, 0, 0], [10, 0, 0]),
    "all that may be": ([[1, 1, 0]], [(20.0, INFINITY)], [10, 10, 0], [10, 10, 10]),
    "a difference": ([[1, -2, 0]], [(-INFINITY, -20.0)], [0, 10, 0], [0, 10, 10]),
    "one after the other": ([[0, 1, -1], [1, 1, 0]], [(0.0, INFINITY), (-INFINITY, 0.0)], [0, 0, 0], [0, 0, 0]),
    "said twice": ([[1, 0, 0], [1, 1, 0]], [(-INFINITY, 0.0), (-INFINITY, 0.0)], [0, 0, 0], [0, 0, 10]),
    "nearly": ([[1, 1, 0]], [(-INFINITY, 1e-5)], [0, 0, 0], [10, 10, 10]),
}


@pytest.mark.parametrize("title", FORCED)
def test_rows_without_choice_become_bounds(title: str) -> None:
    """And have no sides any more; a row that leaves a little choice stays as it is."""
    rows, sides, lower, upper = FORCED[title]
    found = presolve(program(rows, sides))
    assert found.program.lower.tolist() == lower
    assert found.program.upper.tolist() == upper
    settled = [all(lower[i] == upper[i] for i in np.flatnonzero(row)) for row in rows]
    assert (np.isinf(found.program.row_lower) & np.isinf(found.program.row_upper)).tolist() == settled
    assert not len(found.hopeless)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("title", [title for title in FORCED if title != "nearly"])
def test_prices_are_found_again(title: str, solver: str) -> None:
    """With them, first order holds for the program as it was."""
    rows, sides, *_ = FORCED[title]
    original = program(rows, sides)
    found = presolve(original)
    solution = SOLVERS[solver].solve(found.program, np.full(3, 0.5), Patient())
    at = original.evaluate(np.clip(solution.x, found.program.lower, found.program.upper))
    kept = found.recovered(at, Multipliers(solution.row_multipliers, np.zeros(0)))
    assert optimality(original, at, kept).within(1e-6)


def test_a_price_is_what_the_best_of_its_levers_is_worth() -> None:
    """One more unit for two levers of slopes 1 and 3 is worth 3; for one that only costs, nothing."""
    rows: Any = [[0, 1, 1]]
    original = program(rows, [(-INFINITY, 0.0)])
    at = original.evaluate(np.array([10.0, 0.0, 0.0]))
    assert presolve(original).recovered(at, Multipliers.none(original)).rows.tolist() == [3.0]
    dear = program(rows, [(-INFINITY, 0.0)], lever_cost=np.full(3, 5.0))
    assert presolve(dear).recovered(at, Multipliers.none(dear)).rows.tolist() == [0.0]


@pytest.mark.parametrize(
    ("sides", "is_hopeless"),
    [((-INFINITY, -1e-3), True), ((20.001, INFINITY), True), ((-INFINITY, 2.0), False), ((20 + 1e-6, INFINITY), False)],
)
def test_rows_that_no_bounds_meet_are_hopeless(sides: tuple[float, float], is_hopeless: bool) -> None:
    """Where they are missed by more than a limit may be."""
    found = presolve(program([[1, 1, 0]], [sides]))
    assert found.hopeless.tolist() == ([0] if is_hopeless else [])


def test_levers_without_bounds_are_never_forced() -> None:
    """Their sums are infinite, not tight."""
    wide = program([[1, 1, 0]], [(-INFINITY, 0.0)], lower=np.full(3, -INFINITY), upper=np.full(3, INFINITY))
    assert presolve(wide).program is wide


def test_limits_that_depend_on_outcomes_stay() -> None:
    """However they stand."""
    soft = program([[1, 1, 0]], [(-INFINITY, 0.0)], outcome_rows=csr_array(np.ones((1, 1))))
    assert presolve(soft).program is soft


# --- in a plan --------------------------------------------------------------------------------------------------------

NO_BOOKS = {"name": "no books", "sum": "spending", "over": ["island"], "where": {"good": "books"}, "at_most": 0}


def solved(system: System, *more: dict[str, Any], **changes: Any) -> opt.Result:
    """The small plan with more limits."""
    content = {**islands.small_plan(), **changes}
    content["limit"] = [*content["limit"], *more]
    return opt.solve(opt.Problem(system, opt.read_plan(content)))


def test_nothing_for_something_is_a_plan_like_others(islands_system: System) -> None:
    """Solved in about as many iterations as without; its price is what the first yuan for it would buy."""
    plain, without = solved(islands_system), solved(islands_system, NO_BOOKS)
    assert without.findings.is_feasible
    assert without.kkt_residual <= 1e-6
    assert float(without.policy["spending"].sel(good="books")[1:].max()) == 0.0
    assert len(without.iterations) <= 1.5 * len(plain.iterations)
    little = 0.01
    some = solved(islands_system, {**NO_BOOKS, "at_most": little})
    prices = without.shadow_prices["no books"]
    gain = (some.objective - without.objective) / little
    assert float(prices.sum()) == pytest.approx(gain, rel=0.05)


def test_what_bounds_rule_out_is_never_searched(islands_system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named at once, with the least relaxation."""
    monkeypatch.setattr(solving._Solve, "_ends", lambda *_: pytest.fail("searched"))
    result = solved(islands_system, {**NO_BOOKS, "name": "books", "at_most": None, "at_least": 999.0})
    assert result.status.standing == "infeasible"
    assert "'books'" in " ".join(result.conflict)

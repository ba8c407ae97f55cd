"""Levers that go on without end, on programs whose answers are known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.forms import INFINITY, of_forms

from optimize.certificates.escapes import escaping
from optimize.problems.program import Evaluation, Program


def found(program: Program, *x: float) -> list[int]:
    """The levers that escape from a policy."""
    at = program.evaluate(np.array(x, dtype=float))
    return escaping(program, at).tolist()


def ratio(bound: float, **changes: Any) -> Program:
    """x0 and 2 x1 more are better and worse; x0 exceeds x1 times a bound by 1 at most; none is negative."""
    given = {"rows": [[1, -bound]], "row_upper": [1.0], "lower": [0, 0], **changes}
    return of_forms([-1, 2], **given)


def test_a_lever_that_nothing_holds_escapes() -> None:
    """Up, or down; not where it stands between bounds, nor where it costs something."""
    assert found(of_forms([-1, 0], upper=[INFINITY, 5.0]), 0, 0) == [0]
    assert found(of_forms([0, 1], lower=[-INFINITY, -INFINITY]), 0, 0) == [0, 1]
    assert found(of_forms([-1, 1], upper=[9, 9], lower=[0, 0]), 0, 0) == []
    assert found(of_forms([1, 1], lower=[0, 0]), 0, 0) == []


@pytest.mark.parametrize(("bound", "levers"), [(3.0, [0, 1]), (1.0, [])])
def test_levers_escape_together_where_limits_let_none_alone(bound: float, levers: list[int]) -> None:
    """3 - 2 is a gain for each unit of x1, 1 - 2 is none."""
    assert found(ratio(bound), 1, 1) == levers


def test_levers_escape_along_an_equality() -> None:
    """Which moves neither alone, and both of the block only by the same amount: x0 = 3 x1."""
    program = of_forms([-1, -1], rows=[[1, -3]], row_lower=[0.0], row_upper=[0.0], lower=[0, 0])
    assert found(program, 3, 1) == [0, 1]


def test_a_lever_that_must_stay_takes_no_part() -> None:
    """The row lets x0 grow with x1 alone, which has an upper bound."""
    assert found(ratio(3.0, upper=[INFINITY, 1e9]), 1, 1) == []


class Bent:
    """One outcome of one lever, by a function; its slope is 1 everywhere."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def evaluate(self, x: Any) -> Evaluation:
        """Its value."""
        with np.errstate(all="ignore"):
            return Evaluation(x, np.asarray(self.function(x)))

    def pullback(self, at: Evaluation, weights: Any) -> Any:
        """Its slope."""
        return np.asarray(weights) + 0 * at.x


@pytest.mark.parametrize(
    ("function", "levers"),
    [
        (lambda x: np.log(1 + x), [0]),
        (lambda x: x**20, [0]),  # too large for numbers at the longest rays
        (lambda x: np.minimum(x, 1e14), []),
        (lambda x: x / (1 + x / 1e13), []),
        (lambda x: x - 1e-10 * x**2, []),
        (lambda x: np.where(x > 1e7, np.nan, x), []),
    ],
)
def test_what_saturates_turns_or_breaks_is_not_without_end(function: Any, levers: list[int]) -> None:
    """However late."""
    program = of_forms([0], lower=[0])
    program = Program(
        Bent(function),  # type: ignore[arg-type]
        *(program.lever_cost, -program.outcome_cost, program.lower, program.upper),
        *(program.lever_rows, program.outcome_rows, program.row_lower, program.row_upper),
    )
    assert found(program, 1) == levers

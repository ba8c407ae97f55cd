"""CasADi's arithmetic: the operations on columns of symbols (`SX`) or numbers (`DM`), reductions, and tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import casadi as ca
import numpy as np

from ...dynamics.functions import FUNCTIONS, Column, Guard, Implementation, Kink, Moment, Operation, maximum, minimum
from ...system.model import Interpolation, Series

Reduction: TypeAlias = Callable[[Column, Moment, Guard], Column]


@dataclass(frozen=True, slots=True)
class Symbols:
    """Columns are `casadi.SX` or `casadi.DM`, of shape (elements, 1) or (1, 1)."""

    def apply(self, operation: Operation, *columns: Column) -> Column:
        """The operation, element by element."""
        return OPERATIONS[operation](*columns)

    def number(self, value: float) -> Column:
        """A single number."""
        return ca.DM(value)

    def is_number(self, *columns: Column) -> bool:
        """Whether all columns are numbers, not symbols."""
        return is_number(*columns)


def is_number(*columns: Column) -> bool:
    """Whether all columns are numbers, not symbols."""
    return all(isinstance(column, ca.DM) for column in columns)


def switch_value(kink: Kink) -> Column:
    """The switch of a kink where its guard holds, NaN elsewhere."""
    return kink.switch if kink.guard is None else ca.if_else(kink.guard, kink.switch, ca.DM.nan())


def choose(condition: Column, one: Column, other: Column) -> Column:
    """Elementwise `one` where the condition holds, else `other`; a condition known to be uniform leaves one branch."""
    if isinstance(condition, ca.DM):
        truths = np.asarray(condition).ravel() != 0
        if truths.all() or not truths.any():
            return _as_long(one if truths.all() else other, max(condition.numel(), one.numel(), other.numel()))
    return ca.if_else(condition, one, other)


def _as_long(column: Column, length: int) -> Column:
    return column if column.numel() == length else ca.repmat(column, length, 1)


def _power(base: Column, exponent: Column) -> Column:
    """Zero to a power above 1 has derivative zero to the exponent as well, not the 0 * ln 0 of the general formula."""
    if is_number(exponent):
        return base**exponent
    flat = ca.logic_and(base == 0, exponent > 1)
    return ca.if_else(flat, 0.0, ca.if_else(flat, 1.0, base) ** exponent)


OPERATIONS: Mapping[Operation, Callable[..., Column]] = {
    Operation.ADD: lambda one, other: one + other,
    Operation.SUBTRACT: lambda one, other: one - other,
    Operation.MULTIPLY: lambda one, other: one * other,
    Operation.DIVIDE: lambda one, other: one / other,
    Operation.NEGATE: lambda x: -x,
    Operation.POWER: _power,
    Operation.LESS: lambda one, other: one < other,
    Operation.LESS_EQUAL: lambda one, other: one <= other,
    Operation.EQUAL: lambda one, other: one == other,
    Operation.UNEQUAL: lambda one, other: one != other,
    Operation.AND: ca.logic_and,
    Operation.OR: ca.logic_or,
    Operation.NOT: ca.logic_not,
    Operation.CHOOSE: choose,
    Operation.MINIMUM: ca.fmin,
    Operation.MAXIMUM: ca.fmax,
    Operation.ABSOLUTE: ca.fabs,
    Operation.FLOOR: ca.floor,
    Operation.CEILING: ca.ceil,
    Operation.REMAINDER: ca.fmod,
    Operation.EXP: ca.exp,
    Operation.LOG: ca.log,
    Operation.SQRT: ca.sqrt,
    Operation.SIN: ca.sin,
    Operation.COS: ca.cos,
    Operation.TAN: ca.tan,
    Operation.ARCSIN: ca.asin,
    Operation.ARCCOS: ca.acos,
    Operation.ARCTAN: ca.atan,
    Operation.SINH: ca.sinh,
    Operation.COSH: ca.cosh,
    Operation.TANH: ca.tanh,
}
"""What CasADi does for each operation."""


def _sum(columns: Column, _: Moment, __: Guard) -> Column:
    return ca.sum1(columns).T


def _pairwise(function: Implementation) -> Reduction:
    """A function of two numbers, row after row."""

    def reduction(columns: Column, moment: Moment, guard: Guard) -> Column:
        result = columns[0, :].T
        for row in range(1, columns.size1()):
            result = function(moment, guard, result, columns[row, :].T)
        return result

    return reduction


REDUCTIONS: Mapping[str, Reduction] = {
    "SUM": _sum,
    "PROD": _pairwise(FUNCTIONS["*"]),
    "VMIN": _pairwise(minimum),
    "VMAX": _pairwise(maximum),
}
"""Each column of a matrix (reduced, kept) brought down to one number, as a column (kept, 1)."""


def table_value(series: Series, points: np.ndarray[Any, Any], x: Column, moment: Moment, guard: Guard) -> Column:
    """The table read at `x`, piece by piece; `points` is (points, elements) or (points, 1), aligned with `x`.

    Exactly one piece counts, so the value is that piece's own arithmetic: y0 + (x - x0) * slope.
    """
    at = series.x
    if len(at) == 1:
        return _as_long(ca.DM(points[0]), x.numel())
    reached = [x >= float(point) for point in at]
    below, above = _beyond(series, points, x)
    result = choose_zero(1 - reached[0], below) + choose_zero(reached[-1], above)
    for i in range(len(at) - 1):
        inside = reached[i] - reached[i + 1]
        result = result + choose_zero(inside, _piece(series.interpolation, at, points, i, x))
    moment.kink(guard, "LOOKUP", x, tuple(float(point) for point in at))
    return result


def choose_zero(condition: Column, value: Column) -> Column:
    """The value where the condition holds, else zero."""
    if is_number(condition, value):
        return ca.if_else(condition, value, 0.0)
    return ca.SX.binary(ca.OP_IF_ELSE_ZERO, ca.SX(condition), ca.SX(value))


def _piece(kind: Interpolation, at: np.ndarray[Any, Any], points: np.ndarray[Any, Any], i: int, x: Column) -> Column:
    """The value between the points i and i + 1."""
    if kind is Interpolation.BACKWARD:
        return ca.DM(points[i])
    if kind is Interpolation.FORWARD:
        return choose(x > float(at[i]), ca.DM(points[i + 1]), ca.DM(points[i]))
    return ca.DM(points[i]) + (x - float(at[i])) * ca.DM(_slope(at, points, i))


def _slope(at: np.ndarray[Any, Any], points: np.ndarray[Any, Any], i: int) -> np.ndarray[Any, Any]:
    """The slope between the points i and i + 1; 0 for a jump, which has no inside."""
    width = at[i + 1] - at[i]
    return np.asarray((points[i + 1] - points[i]) / width if width > 0 else np.zeros_like(points[i]))


def _beyond(series: Series, points: np.ndarray[Any, Any], x: Column) -> tuple[Column, Column]:
    """The values below the first point and from the last point on."""
    if series.interpolation is not Interpolation.EXTRAPOLATE:
        return ca.DM(points[0]), ca.DM(points[-1])
    at = series.x
    first = _piece(Interpolation.LINEAR, at, points, 0, x)
    return first, ca.DM(points[-1]) + (x - float(at[-1])) * ca.DM(_slope(at, points, len(at) - 2))

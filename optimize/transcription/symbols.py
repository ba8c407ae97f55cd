"""The operations of a tape on Pyomo expressions and numbers, element by element.

Numbers stay numbers, computed as the simulator does. A condition is kept as a relation, so that a choice between two
values is one `Expr_if`. Minimum, maximum and tables are written with absolute values, which every solver for
non-smooth problems knows: max(a, b) = (a + b + |a - b|) / 2; a table with slopes s is
a + b x + sum of (s[i+1] - s[i]) / 2 |x - x[i]|. A table that jumps is a choice.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import Expr_if, inequality

from sd_models.dynamics.functions import Operation
from sd_models.numbers.tables import read
from sd_models.system.model import FloatArray, Interpolation, Series
from sd_models.tape.arithmetic import calculate

from .forms import Form
from .intervals import Interval

Symbol: TypeAlias = Any
"""A number, a Pyomo variable or expression, a `Condition`, or one of these in its `Ranged` place."""
STEPS = (Interpolation.BACKWARD, Interpolation.FORWARD)
LARGE = 1e12  # a bound of this size in MIN or MAX is no bound, and would eat the digits of what stands beside it


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What holds or not, as a Pyomo relation; as a number it is 1 or 0."""

    relation: Any

    @property
    def number(self) -> Any:
        """1 where it holds, else 0."""
        return Expr_if(self.relation, 1.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Ranged:
    """A variable or an expression (`number`), between which numbers it lies, and how it follows from levers and stocks
    (`form`), where that is known; a truth is 0 or 1."""

    number: Any
    range: Interval
    is_truth: bool = False
    form: Form | None = None


def apply(operation: Operation, *arguments: Symbol) -> Symbol:
    """An operation on symbols; a number where all of them are."""
    if all(isinstance(argument, float) for argument in arguments):
        return float(calculate(operation, *arguments))
    if operation is Operation.CHOOSE:
        return choose(*arguments)
    return _OPERATIONS[operation](*(valued(argument) for argument in arguments))


def valued(symbol: Symbol) -> Any:
    """A symbol as a number or an expression."""
    inner = symbol.number if isinstance(symbol, Ranged) else symbol
    return inner.number if isinstance(inner, Condition) else inner


def total(row: Sequence[Symbol]) -> Symbol:
    """The sum of symbols."""
    known = sum(one for one in row if isinstance(one, float))
    return sum((one for one in row if not isinstance(one, float)), start=known)


def choose(condition: Symbol, one: Symbol, other: Symbol) -> Symbol:
    """The one where the condition holds, else the other."""
    if isinstance(condition, float):
        return one if condition else other
    if isinstance(condition, Condition):
        return Expr_if(condition.relation, valued(one), valued(other))
    return Expr_if(condition == 0.0, valued(other), valued(one))  # all but 0 is true


def look_up(table: Series, points: FloatArray, x: Symbol) -> Symbol:
    """A table (the values at its points) read at a symbol, as `sd_models.numbers.tables.read` reads it at numbers."""
    series = replace(table, y=points)
    if isinstance(x, float):
        return float(read(series, np.array(x), np.array(0)))
    xs, argument = np.asarray(table.x, dtype=np.float64), valued(x)
    if len(xs) == 1:
        return float(points[0])
    if table.interpolation in STEPS or (np.diff(xs) <= 0).any():
        return _pieces(series, xs, argument)
    return _broken_line(xs, points, argument, table.interpolation is Interpolation.EXTRAPOLATE)


def _broken_line(xs: FloatArray, ys: FloatArray, x: Any, goes_on: bool) -> Any:
    """A line with corners by absolute values; beyond its ends it goes on, or stays."""
    inner = np.diff(ys) / np.diff(xs)
    ends = (inner[0], inner[-1]) if goes_on else (0.0, 0.0)
    slopes = np.array([ends[0], *inner, ends[1]])
    turns = np.diff(slopes) / 2.0
    slope = float(slopes[0] + slopes[-1]) / 2.0
    start = float(ys[0] - slope * xs[0] - (turns * np.abs(xs[0] - xs)).sum())
    corners = [float(turn) * abs(x - float(at)) for turn, at in zip(turns, xs, strict=True) if turn]
    return sum(corners, start=slope * x + start if slope else start)


def _pieces(series: Series, xs: FloatArray, x: Any) -> Any:
    """A table that jumps, as one choice after the other: which piece holds, from the last to the first."""
    if series.interpolation is Interpolation.FORWARD:
        return _forward(xs, series.y.ravel(), x)
    found = _piece(series, xs, len(xs) - 1, x)
    for place in reversed(range(len(xs))):
        found = Expr_if(inequality(x, float(xs[place]), strict=True), _piece(series, xs, place - 1, x), found)
    return found


def _forward(xs: FloatArray, ys: FloatArray, x: Any) -> Any:
    """Up to a point its first value holds, at the point itself its last one, if it has several."""
    found: Any = float(ys[-1])
    for at in reversed(np.unique(xs).tolist()):
        before, there = ys[xs == at][[0, -1]].tolist()
        found = Expr_if(inequality(x, at, strict=False), there, found)
        if before != there:
            found = Expr_if(inequality(x, at, strict=True), before, found)
    return found


def _piece(series: Series, xs: FloatArray, place: int, x: Any) -> Any:
    """What holds from one point (the last with its x) to the next: a number or a line."""
    ys, last = series.y.ravel(), len(xs) - 1
    goes_on = series.interpolation is Interpolation.EXTRAPOLATE
    if series.interpolation is Interpolation.BACKWARD or (not 0 <= place < last and not goes_on):
        return float(ys[max(place, 0)])
    left = int(np.clip(place, 0, last - 1))
    width = xs[left + 1] - xs[left]
    slope = float((ys[left + 1] - ys[left]) / width) if width > 0 else 0.0
    start = last if place == last else left
    return float(ys[start]) + slope * (x - float(xs[start]))


def _extreme(sign: float) -> Callable[[Any, Any], Any]:
    def extreme(one: Any, other: Any) -> Any:
        for number, rest in ((one, other), (other, one)):
            if isinstance(number, float) and not abs(number) < LARGE:
                bound = np.isnan(number) or sign * number < 0  # beyond which nothing is
                return rest if bound else Expr_if(_above(sign, rest, number), rest, number)
        return 0.5 * (one + other) + (0.5 * sign) * abs(one - other)

    return extreme


def _above(sign: float, one: Any, other: Any) -> Any:
    return inequality(other, one, strict=False) if sign > 0 else inequality(one, other, strict=False)


def _relation(make: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Condition]:
    return lambda one, other: Condition(make(one, other))


def _remainder(one: Any, other: Any) -> Any:
    """C's fmod, but for what rounding makes of quotients that are nearly whole."""
    ratio = one / other
    whole = Expr_if(inequality(0.0, ratio), pyo.floor(ratio), pyo.ceil(ratio))
    return one - other * whole


def _both(one: Any, other: Any) -> Symbol:
    return choose(one, choose(other, 1.0, 0.0), 0.0)


def _either(one: Any, other: Any) -> Symbol:
    return choose(one, 1.0, choose(other, 1.0, 0.0))


_OPERATIONS: Mapping[Operation, Callable[..., Any]] = {
    Operation.ADD: operator.add,
    Operation.SUBTRACT: operator.sub,
    Operation.MULTIPLY: operator.mul,
    Operation.DIVIDE: operator.truediv,
    Operation.NEGATE: operator.neg,
    Operation.POWER: operator.pow,
    Operation.LESS: _relation(lambda a, b: inequality(a, b, strict=True)),
    Operation.LESS_EQUAL: _relation(lambda a, b: inequality(a, b, strict=False)),
    Operation.EQUAL: _relation(operator.eq),
    Operation.UNEQUAL: lambda a, b: Expr_if(a == b, 0.0, 1.0),
    Operation.AND: _both,
    Operation.OR: _either,
    Operation.NOT: lambda a: Condition(a == 0.0),
    Operation.MINIMUM: _extreme(-1.0),
    Operation.MAXIMUM: _extreme(1.0),
    Operation.ABSOLUTE: abs,
    Operation.FLOOR: pyo.floor,
    Operation.CEILING: pyo.ceil,
    Operation.REMAINDER: _remainder,
    Operation.EXP: pyo.exp,
    Operation.LOG: pyo.log,
    Operation.SQRT: pyo.sqrt,
    Operation.SIN: pyo.sin,
    Operation.COS: pyo.cos,
    Operation.TAN: pyo.tan,
    Operation.ARCSIN: pyo.asin,
    Operation.ARCCOS: pyo.acos,
    Operation.ARCTAN: pyo.atan,
    Operation.SINH: pyo.sinh,
    Operation.COSH: pyo.cosh,
    Operation.TANH: pyo.tanh,
}

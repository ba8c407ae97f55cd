"""The CasADi target: every compiled function of the catalogue on columns of symbols or numbers.

All arguments of an implementation are aligned columns (or single values, which CasADi broadcasts). The same table
serves symbols (`SX`) and numbers (`DM`, parts of a step that cannot move).

Formulas and tolerances are PySD's, which follow Vensim's reference manual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import casadi as ca
import numpy as np

from ...system.functions import SMALL
from ...system.model import Interpolation, Series

Column: TypeAlias = Any  # casadi.SX or casadi.DM, of shape (elements, 1) or (1, 1)


@dataclass(frozen=True, slots=True)
class Kink:
    """Where a function is not differentiable: its `switch` column equals one of the `breakpoints`.

    It is one only where `guard` holds (None: everywhere).
    """

    variable: str
    function: str
    switch: Column
    breakpoints: tuple[float, ...] = (0.0,)
    guard: Column | None = None

    @property
    def value(self) -> Column:
        """The switch where the guard holds, NaN elsewhere."""
        return self.switch if self.guard is None else ca.if_else(self.guard, self.switch, ca.DM.nan())


@dataclass
class Moment:
    """What functions see besides their arguments.

    `beginning` is the time at which the step begins, where a method of integration asks in the midst of it.
    `guard` is true where the value is used at all (inside IF THEN ELSE); None means everywhere. `kinks` collects the
    places without a derivative.
    """

    time: Column
    time_step: Column
    variable: str = ""
    kinks: list[Kink] = field(default_factory=list)
    beginning: Column | None = None

    @property
    def begun(self) -> Column:
        """The time at which the step begins."""
        return self.time if self.beginning is None else self.beginning

    @property
    def middle(self) -> Column:
        """The middle of the step: where Vensim looks for test inputs, which so hold over whole steps."""
        return self.begun + self.time_step / 2

    def kink(self, guard: Guard, function: str, switch: Column, breakpoints: tuple[float, ...] = (0.0,)) -> None:
        """Note where a function is not differentiable; numbers never move, so only symbols count."""
        if isinstance(switch, ca.SX):
            self.kinks.append(Kink(self.variable, function, switch, breakpoints, guard))


Guard: TypeAlias = Column | None
Implementation: TypeAlias = Callable[..., Column]
Reduction: TypeAlias = Callable[[Column, Moment, Guard], Column]


def guarded(guard: Guard, operand: Column) -> Column:
    """The operand where it is used, and 1 elsewhere, so that no unused branch spoils a derivative with 0 * infinity."""
    if guard is None or isinstance(operand, ca.DM):
        return operand
    return ca.if_else(guard, operand, 1.0)


def is_number(*columns: Column) -> bool:
    """Whether all columns are numbers, not symbols."""
    return all(isinstance(column, ca.DM) for column in columns)


def choose(condition: Column, one: Column, other: Column) -> Column:
    """Elementwise `one` where the condition holds, else `other`; a condition known to be uniform leaves one branch."""
    if isinstance(condition, ca.DM):
        truths = np.asarray(condition).ravel() != 0
        if truths.all() or not truths.any():
            return _as_long(one if truths.all() else other, max(condition.numel(), one.numel(), other.numel()))
    return ca.if_else(condition, one, other)


def _as_long(column: Column, length: int) -> Column:
    return column if column.numel() == length else ca.repmat(column, length, 1)


def _divide(_: Moment, guard: Guard, one: Column, other: Column) -> Column:
    return one / guarded(guard, other)


def _power(_: Moment, guard: Guard, base: Column, exponent: Column) -> Column:
    """Zero to a power above 1 has derivative zero to the exponent as well, not the 0 * ln 0 of the general formula."""
    used = guarded(guard, base)
    if is_number(exponent):
        return used**exponent
    flat = ca.logic_and(used == 0, exponent > 1)
    return ca.if_else(flat, 0.0, ca.if_else(flat, 1.0, used) ** exponent)


def _modulo(moment: Moment, guard: Guard, x: Column, base: Column) -> Column:
    return x - _quantum(moment, guard, x, base)


def _quantum(moment: Moment, guard: Guard, x: Column, base: Column) -> Column:
    usable = base >= SMALL
    safe = choose(usable, base, ca.DM(1.0))
    return choose(usable, base * _integer(moment, guard, x / safe), x)


def _integer(moment: Moment, guard: Guard, x: Column) -> Column:
    """Towards zero; the kink is at every integer, so the switch is the distance to the nearest one."""
    moment.kink(guard, "INTEGER", x - ca.floor(x + 0.5))
    return choose(x >= 0, ca.floor(x), ca.ceil(x))


def _ratio(moment: Moment, guard: Guard, one: Column, other: Column, otherwise: Column) -> Column:
    """XIDZ: `one / other`, or `otherwise` where `other` is within 1e-6 of zero."""
    vanishes = ca.fabs(other) < SMALL
    moment.kink(guard, "XIDZ", other, (-SMALL, SMALL))
    return choose(vanishes, otherwise, one / choose(vanishes, ca.DM(1.0), guarded(guard, other)))


def _minimum(moment: Moment, guard: Guard, one: Column, other: Column) -> Column:
    moment.kink(guard, "MIN", one - other)
    return ca.fmin(one, other)


def _maximum(moment: Moment, guard: Guard, one: Column, other: Column) -> Column:
    moment.kink(guard, "MAX", one - other)
    return ca.fmax(one, other)


def _absolute(moment: Moment, guard: Guard, x: Column) -> Column:
    moment.kink(guard, "ABS", x)
    return ca.fabs(x)


def _comparison(compare: Callable[[Column, Column], Column], name: str) -> Implementation:
    def implementation(moment: Moment, guard: Guard, one: Column, other: Column) -> Column:
        moment.kink(guard, name, one - other)
        return compare(one, other)

    return implementation


def _unary(function: Callable[[Column], Column], *, domain: bool = False) -> Implementation:
    """A function of one argument; with `domain`, one that is not defined or not smooth for every number."""

    def implementation(_: Moment, guard: Guard, x: Column) -> Column:
        return function(guarded(guard, x) if domain else x)

    return implementation


def _log(_: Moment, guard: Guard, x: Column, base: Column) -> Column:
    return ca.log(guarded(guard, x)) / ca.log(base)


def _subtract(_: Moment, __: Guard, one: Column, other: Column | None = None) -> Column:
    return -one if other is None else one - other


def _step(moment: Moment, guard: Guard, height: Column, start: Column) -> Column:
    moment.kink(guard, "STEP", moment.middle - start)
    return height * (moment.middle > start)


def _ramp(moment: Moment, guard: Guard, slope: Column, start: Column, end: Column | None = None) -> Column:
    moment.kink(guard, "RAMP", moment.time - start)
    if end is not None:
        moment.kink(guard, "RAMP", end - moment.time)
    last = moment.time if end is None else ca.fmin(end, moment.time)
    return (moment.time + SMALL > start) * slope * (last - start)


def _pulse(moment: Moment, guard: Guard, start: Column, width: Column) -> Column:
    """1 for `width` from `start` on, in the middle of a step; a width of 0 is one step (Vensim's manual, PULSE)."""
    end = start + choose(width == 0, moment.time_step, width)
    moment.kink(guard, "PULSE", moment.middle - start)
    moment.kink(guard, "PULSE", end - moment.middle)
    return ca.logic_and(start < moment.middle, moment.middle < end)


def _pulse_train(moment: Moment, guard: Guard, start: Column, width: Column, interval: Column, end: Column) -> Column:
    """Pulses of `width`, one step at least, every `interval` from `start` to `end` inclusive (Vensim's manual)."""
    since = moment.middle - start
    length = ca.fmax(width, moment.time_step)
    within = choose(interval > 0, ca.fmod(since, choose(interval > 0, interval, ca.DM(1.0))), ca.DM(0.0))
    moment.kink(guard, "PULSE TRAIN", since)
    moment.kink(guard, "PULSE TRAIN", within - length)
    moment.kink(guard, "PULSE TRAIN", moment.begun - end)
    given = ca.logic_and(since > 0, within < length)
    return ca.logic_and(given, moment.begun - SMALL <= end)


def _pulse_magnitude(
    moment: Moment, guard: Guard, start: Column, magnitude: Column, interval: Column | None = None
) -> Column:
    """XMILE's PULSE: `magnitude` spread over one step, once or in every `interval`; an interval of 0 is once."""
    since, width = moment.time - start + SMALL, moment.time_step / 2
    within, begun = since, since >= 0
    if interval is not None:
        within = choose(interval == 0, since, ca.fmod(since, choose(interval == 0, ca.DM(1.0), interval)))
        begun = choose(interval == 0, begun, moment.time >= start)
    moment.kink(guard, "PULSE MAGNITUDE", moment.time - start)
    moment.kink(guard, "PULSE MAGNITUDE", within - width)
    return magnitude / moment.time_step * ca.logic_and(begun, within < width)


FUNCTIONS: Mapping[str, Implementation] = {
    "+": lambda moment, guard, one, other: one + other,
    "-": _subtract,
    "*": lambda moment, guard, one, other: one * other,
    "/": _divide,
    "^": _power,
    "POWER": _power,
    "=": _comparison(lambda one, other: one == other, "="),
    "<>": _comparison(lambda one, other: one != other, "<>"),
    "<": _comparison(lambda one, other: one < other, "<"),
    "<=": _comparison(lambda one, other: one <= other, "<="),
    ">": _comparison(lambda one, other: one > other, ">"),
    ">=": _comparison(lambda one, other: one >= other, ">="),
    "AND": lambda moment, guard, one, other: ca.logic_and(one, other),
    "OR": lambda moment, guard, one, other: ca.logic_or(one, other),
    "NOT": lambda moment, guard, x: ca.logic_not(x),
    "MIN": _minimum,
    "MAX": _maximum,
    "ABS": _absolute,
    "EXP": _unary(ca.exp),
    "LN": _unary(ca.log, domain=True),
    "LOG": _log,
    "SQRT": _unary(ca.sqrt, domain=True),
    "SIN": _unary(ca.sin),
    "COS": _unary(ca.cos),
    "TAN": _unary(ca.tan),
    "ARCSIN": _unary(ca.asin, domain=True),
    "ARCCOS": _unary(ca.acos, domain=True),
    "ARCTAN": _unary(ca.atan),
    "SINH": _unary(ca.sinh),
    "COSH": _unary(ca.cosh),
    "TANH": _unary(ca.tanh),
    "INTEGER": _integer,
    "MODULO": _modulo,
    "QUANTUM": _quantum,
    "XIDZ": _ratio,
    "ZIDZ": lambda moment, guard, one, other: _ratio(moment, guard, one, other, ca.DM(0.0)),
    "STEP": _step,
    "RAMP": _ramp,
    "PULSE": _pulse,
    "PULSE TRAIN": _pulse_train,
    "PULSE MAGNITUDE": _pulse_magnitude,
}
"""Implementations that work element by element; those that see branches, tables or whole arrays stand in `lowering`."""


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
    "VMIN": _pairwise(_minimum),
    "VMAX": _pairwise(_maximum),
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

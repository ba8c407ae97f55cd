"""Between which numbers the results of operations lie, when their arguments lie between numbers.

Interval arithmetic (Moore 1966, Interval Analysis) over the operations of a tape, rounded outward: a bound is moved
away by a few units in its last place, more than the error of any operation of the C library. A
function that has no value in part of an interval (a logarithm of negative numbers) is taken where it has: a run that
leaves the numbers is no run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np

from sd_models.dynamics.functions import Operation
from sd_models.numbers.tables import read
from sd_models.system.model import FloatArray, Interpolation, Series

ROUNDING = 4 * 2.0**-52  # by which a bound moves outward: no function of a C library is further from the truth
INFINITE = math.inf


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from `low` to `high`, which may be infinite.

    >>> whole = of(Operation.MULTIPLY, Interval(-1.0, 2.0), Interval(3.0, 4.0))
    >>> round(whole.low, 9), round(whole.high, 9)
    (-4.0, 8.0)
    """

    low: float = -INFINITE
    high: float = INFINITE

    @property
    def is_finite(self) -> bool:
        """Whether both sides are."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def holds(self, number: float) -> bool:
        """Whether a number lies within."""
        return self.low <= number <= self.high

    def within(self, other: Interval) -> Interval:
        """What both have in common; this one where rounding leaves nothing."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Interval(low, high) if low <= high else self

    def around(self, other: Interval) -> Interval:
        """All numbers between those of both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))


ALL = Interval()
TRUTH = Interval(0.0, 1.0)


def point(number: float) -> Interval:
    """One number; anything where it is none."""
    return ALL if math.isnan(number) else Interval(number, number)


def of(operation: Operation, *arguments: Interval) -> Interval:
    """The numbers that an operation may give."""
    try:
        return _OPERATIONS[operation](*arguments)
    except OverflowError:
        return ALL


def of_table(table: Series, x: Interval) -> Interval:
    """The numbers that a table of one element may give."""
    xs, ys = np.asarray(table.x, dtype=np.float64), table.y.ravel()
    inside = np.flatnonzero((xs >= x.low) & (xs <= x.high))
    left, right = np.searchsorted(xs, (x.low, x.high))
    around = np.unique(np.clip([*inside, left - 1, right], 0, len(xs) - 1))  # what steps may hold over the ends
    if table.interpolation in (Interpolation.BACKWARD, Interpolation.FORWARD) or len(xs) == 1:
        return _hull([float(ys[i]) for i in around])
    ends = [end for end in (x.low, x.high) if math.isfinite(end)]
    found = [*(float(ys[i]) for i in inside), *(float(read(table, np.array(e), np.array(0))) for e in ends)]
    found += [float(ys[i]) for i, end in ((0, x.low), (-1, x.high)) if not math.isfinite(end)]
    jumps = np.flatnonzero(np.diff(xs) <= 0)
    found += [float(ys[i]) for j in jumps if x.holds(float(xs[j])) for i in (j, j + 1)]
    whole = _outward(min(found), max(found))
    if table.interpolation is not Interpolation.EXTRAPOLATE:
        return whole
    first, final = (math.copysign(INFINITE, rise) if rise else 0.0 for rise in _rises(xs, ys))
    endless = [-first] if x.low == -INFINITE and first else []
    endless += [final] if x.high == INFINITE and final else []
    return _hull([whole.low, whole.high, *endless])


def _rises(xs: FloatArray, ys: FloatArray) -> tuple[float, float]:
    """By how much the first and the last piece rise, of those that have a width."""
    rises = np.where(np.diff(xs) > 0, np.diff(ys), 0.0)
    return float(rises[0]), float(rises[-1])


def _hull(numbers: list[float]) -> Interval:
    known = [number for number in numbers if not math.isnan(number)]
    return Interval(min(known), max(known)) if len(known) == len(numbers) and known else ALL


def _outward(low: float, high: float) -> Interval:
    """A little more than from one number to the other; anything where they are none."""
    if math.isnan(low) or math.isnan(high) or low > high:
        return ALL
    return Interval(low - ROUNDING * abs(low), high + ROUNDING * abs(high))


# --- arithmetic -------------------------------------------------------------------------------------------------------


def _plus(one: float, other: float, side: float) -> float:
    found = one + other
    return side * INFINITE if math.isnan(found) else found


def _add(one: Interval, other: Interval) -> Interval:
    return _outward(_plus(one.low, other.low, -1.0), _plus(one.high, other.high, 1.0))


def _negate(one: Interval) -> Interval:
    return Interval(-one.high, -one.low)


def _subtract(one: Interval, other: Interval) -> Interval:
    return _add(one, _negate(other))


def _times(one: float, other: float) -> float:
    """A product, in which zero times anything is zero: an infinite side stands for large numbers."""
    return 0.0 if 0.0 in (one, other) else one * other


def _multiply(one: Interval, other: Interval) -> Interval:
    found = [_times(a, b) for a, b in product((one.low, one.high), (other.low, other.high))]
    return _outward(min(found), max(found))


def _reciprocal(one: Interval) -> Interval:
    if one.low < 0.0 < one.high or one.low == one.high == 0.0:
        return ALL
    low = -INFINITE if one.high == 0.0 else 1.0 / one.high
    high = INFINITE if one.low == 0.0 else 1.0 / one.low
    return _outward(low, high)


def _divide(one: Interval, other: Interval) -> Interval:
    if other.low < 0.0 < other.high or other.low == other.high == 0.0:
        return ALL
    if 0.0 in (other.low, other.high) or not other.is_finite:
        return _multiply(one, _reciprocal(other))
    found = [a / b for a, b in product((one.low, one.high), (other.low, other.high))]
    return _outward(min(found), max(found))


def _rising(function: Callable[[float], float], low: float = -INFINITE, high: float = INFINITE) -> _Work:
    """An increasing function that is defined from one number to another."""

    def work(one: Interval) -> Interval:
        if one.low > high or one.high < low:
            return ALL
        return _outward(function(max(one.low, low)), function(min(one.high, high)))

    return work


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return INFINITE


def _log(x: float) -> float:
    return -INFINITE if x <= 0.0 else math.log(x)


def _power(base: Interval, exponent: Interval) -> Interval:
    whole = exponent.low == exponent.high and float(exponent.low).is_integer()
    if whole and (base.low < 0.0 or exponent.low >= 0.0):
        return _whole_power(base, int(exponent.low))
    if not whole and base.low < 0.0:
        if exponent.low != exponent.high:
            return ALL  # whole exponents among them
        if base.high < 0.0:
            return ALL
        base = Interval(0.0, base.high)
    corners = [_positive_power(b, e) for b, e in product((base.low, base.high), (exponent.low, exponent.high))]
    if base.low < 1.0 < base.high:
        corners.append(1.0)
    found = _outward(min(corners), max(corners))
    return found if math.isnan(found.low) else Interval(max(found.low, 0.0), found.high)


def _positive_power(base: float, exponent: float) -> float:
    """A power of a number that is not negative."""
    try:
        return float(base**exponent)
    except ZeroDivisionError:
        return INFINITE
    except OverflowError:
        return INFINITE


def _whole_power(base: Interval, exponent: int) -> Interval:
    if exponent < 0:
        return _reciprocal(_whole_power(base, -exponent))
    corners = [_raised(base.low, exponent), _raised(base.high, exponent)]
    if exponent % 2 == 0:
        least = 0.0 if base.holds(0.0) and exponent else min(corners)
        return _outward(least, max(corners))
    return _outward(*corners)


def _raised(base: float, exponent: int) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return INFINITE if base > 0 or exponent % 2 == 0 else -INFINITE


def _wave(peak: float) -> _Work:
    """Sine, whose largest values are at `peak` (and every turn from there), or cosine."""

    def work(one: Interval) -> Interval:
        turn = 2.0 * math.pi
        if not one.is_finite or one.high - one.low >= turn or max(abs(one.low), abs(one.high)) > 1e6:
            return Interval(-1.0, 1.0)
        values = [math.cos(one.low - peak), math.cos(one.high - peak)]
        low = -1.0 if _passes(one, peak + math.pi, turn) else min(values) - 1e-12
        high = 1.0 if _passes(one, peak, turn) else max(values) + 1e-12
        return _outward(max(low, -1.0), min(high, 1.0))

    return work


def _passes(one: Interval, at: float, turn: float) -> bool:
    """Whether a place or one whole turns from it lies within; one a little beside counts."""
    near = 1e-9
    return math.floor((one.high - at + near) / turn) >= math.ceil((one.low - at - near) / turn)


def _tan(one: Interval) -> Interval:
    if not one.is_finite or abs(one.low) > 1e6 or abs(one.high) > 1e6 or _passes(one, math.pi / 2, math.pi):
        return ALL
    return _outward(math.tan(one.low), math.tan(one.high))


# --- kinks ------------------------------------------------------------------------------------------------------------


def _truth(is_sure: bool, is_excluded: bool) -> Interval:
    return point(1.0) if is_sure else point(0.0) if is_excluded else TRUTH


def _less(one: Interval, other: Interval) -> Interval:
    return _truth(one.high < other.low, one.low >= other.high)


def _less_equal(one: Interval, other: Interval) -> Interval:
    return _truth(one.high <= other.low, one.low > other.high)


def _equal(one: Interval, other: Interval) -> Interval:
    are_same = one.low == one.high == other.low == other.high
    return _truth(are_same, one.high < other.low or other.high < one.low)


def _not(one: Interval) -> Interval:
    return _truth(one.low == one.high == 0.0, not one.holds(0.0))


def _and(one: Interval, other: Interval) -> Interval:
    return _truth(not one.holds(0.0) and not other.holds(0.0), any(a.low == a.high == 0.0 for a in (one, other)))


def _choose(condition: Interval, one: Interval, other: Interval) -> Interval:
    if not condition.holds(0.0):
        return one
    return other if condition.low == condition.high == 0.0 else one.around(other)


def _absolute(one: Interval) -> Interval:
    least = 0.0 if one.holds(0.0) else min(abs(one.low), abs(one.high))
    return Interval(least, max(abs(one.low), abs(one.high)))


def _whole(function: Callable[[float], float]) -> _Work:
    def whole(number: float) -> float:
        return number if math.isinf(number) else float(function(number))

    return lambda one: Interval(whole(one.low), whole(one.high))


def _remainder(one: Interval, other: Interval) -> Interval:
    most = min(max(abs(one.low), abs(one.high)), max(abs(other.low), abs(other.high)))
    return Interval(-most if one.low < 0.0 else 0.0, most if one.high > 0.0 else 0.0)


_Work: TypeAlias = Callable[..., Interval]
_OPERATIONS: Mapping[Operation, _Work] = {
    Operation.ADD: _add,
    Operation.SUBTRACT: _subtract,
    Operation.MULTIPLY: _multiply,
    Operation.DIVIDE: _divide,
    Operation.NEGATE: _negate,
    Operation.POWER: _power,
    Operation.LESS: _less,
    Operation.LESS_EQUAL: _less_equal,
    Operation.EQUAL: _equal,
    Operation.UNEQUAL: lambda one, other: _not(_equal(one, other)),
    Operation.AND: _and,
    Operation.OR: lambda one, other: _not(_and(_not(one), _not(other))),
    Operation.NOT: _not,
    Operation.CHOOSE: _choose,
    Operation.MINIMUM: lambda one, other: Interval(min(one.low, other.low), min(one.high, other.high)),
    Operation.MAXIMUM: lambda one, other: Interval(max(one.low, other.low), max(one.high, other.high)),
    Operation.ABSOLUTE: _absolute,
    Operation.FLOOR: _whole(math.floor),
    Operation.CEILING: _whole(math.ceil),
    Operation.REMAINDER: _remainder,
    Operation.EXP: _rising(_exp),
    Operation.LOG: _rising(_log, 0.0),
    Operation.SQRT: _rising(math.sqrt, 0.0),
    Operation.SIN: _wave(math.pi / 2),
    Operation.COS: _wave(0.0),
    Operation.TAN: _tan,
    Operation.ARCSIN: _rising(math.asin, -1.0, 1.0),
    Operation.ARCCOS: lambda one: _negate(_rising(lambda x: -math.acos(x), -1.0, 1.0)(one)),
    Operation.ARCTAN: _rising(math.atan),
    Operation.SINH: _rising(lambda x: math.copysign(INFINITE, x) if abs(x) > 700 else math.sinh(x)),
    Operation.COSH: lambda one: _rising(lambda x: INFINITE if x > 700 else math.cosh(x))(_absolute(one)),
    Operation.TANH: _rising(math.tanh),
}

"""Numbers as affine forms: a centre, a slope by each of some symbols between -1 and 1, and an error.

Intervals forget that a stock in the outflow is the stock that it flows from: what decays seems to grow. A form
remembers (affine arithmetic: de Figueiredo and Stolfi 2004, Numerical Algorithms 37). Symbols are the levers, for the
whole run, and the stocks, for one step: after it, what levers do not explain of a stock is its own symbol again. So a
box of stocks grows by the absolute values of the step's derivatives, as it does in truth where these have one sign.

A curved function of one argument is its secant, and between how much it lies beside it; a product is to first order,
and the radius of one times that of the other. Rounding is an error of a few units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sd_models.dynamics.functions import Operation
from sd_models.numbers.tables import read
from sd_models.system.model import FloatArray, Interpolation, Series

from .intervals import ROUNDING, Interval

LARGE = 1e150  # beyond, forms would overflow


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """centre + slopes @ symbols, give or take an error.

    >>> one = Form(2.0, np.array([1.0, 0.0]))
    >>> (one.plus(one.times(-1.0))).range.high < 1e-14  # an interval would say 2
    True
    """

    centre: float
    slopes: FloatArray
    error: float = 0.0

    @property
    def radius(self) -> float:
        """How far it reaches from its centre."""
        return float(np.abs(self.slopes).sum()) + self.error

    @property
    def range(self) -> Interval:
        """All numbers that it can be."""
        radius = self.radius
        out = ROUNDING * (abs(self.centre) + radius)
        return Interval(self.centre - radius - out, self.centre + radius + out)

    def plus(self, other: Form) -> Form:
        """The sum."""
        return _rounded(self.centre + other.centre, self.slopes + other.slopes, self.error + other.error)

    def times(self, factor: float) -> Form:
        """A multiple."""
        return _rounded(factor * self.centre, factor * self.slopes, abs(factor) * self.error)

    def shifted(self, number: float) -> Form:
        """The form and a number."""
        return _rounded(self.centre + number, self.slopes, self.error)

    def by(self, other: Form) -> Form:
        """The product."""
        slopes = self.centre * other.slopes + other.centre * self.slopes
        error = abs(self.centre) * other.error + abs(other.centre) * self.error + self.radius * other.radius
        return _rounded(self.centre * other.centre, slopes, error)

    def closed(self, levers: int) -> Form:
        """What stays of it after its step: stocks' symbols, which come after those of the levers, become error."""
        slopes = self.slopes.copy()
        error = self.error + float(np.abs(slopes[levers:]).sum())
        slopes[levers:] = 0.0
        return _rounded(self.centre, slopes, error)

    def renewed(self, levers: int, symbol: int, among: Interval) -> Form:
        """A stock as the next step sees it: what levers do not explain is a symbol of its own.

        Where the interval that is known of it is narrower, that is all.
        """
        closed = self.closed(levers)
        if among.is_finite and 0.5 * (among.high - among.low) < closed.radius:
            return symbol_of(among, symbol, len(self.slopes))
        slopes = closed.slopes.copy()
        slopes[symbol] = closed.error
        return Form(closed.centre, slopes)

    def within(self, among: Interval) -> Form:
        """The form, or the interval that is known of it where that alone is much narrower."""
        if among.is_finite and 0.5 * (among.high - among.low) < 0.5 * self.error:
            return spread(among, len(self.slopes))
        return self


def _rounded(centre: float, slopes: FloatArray, error: float) -> Form:
    size = abs(centre) + float(np.abs(slopes).sum()) + error
    return Form(centre, slopes, error + ROUNDING * size)


def number(value: float, symbols: int) -> Form:
    """A number."""
    return Form(value, np.zeros(symbols))


def spread(among: Interval, symbols: int) -> Form:
    """All of a finite interval."""
    return _rounded(0.5 * (among.low + among.high), np.zeros(symbols), 0.5 * (among.high - among.low))


def symbol_of(among: Interval, symbol: int, symbols: int) -> Form:
    """A finite interval by a symbol."""
    slopes = np.zeros(symbols)
    slopes[symbol] = 0.5 * (among.high - among.low) * (1 + ROUNDING)
    return _rounded(0.5 * (among.low + among.high), slopes, 0.0)


def of(operation: Operation, *arguments: tuple[Form | None, Interval]) -> Form | None:
    """The form of an operation on forms with what is known of them; None where there is none."""
    forms = [form for form, _ in arguments if form is not None]
    work = _OPERATIONS.get(operation)
    if work is None or len(forms) < len(arguments):
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is no form
        found = work(*forms, *(among for _, among in arguments))
    if found is None or not abs(found.centre) + found.radius < LARGE:
        return None
    return found


def of_table(table: Series, form: Form | None, among: Interval) -> Form | None:
    """The form of a table without jumps."""
    steps = table.interpolation in (Interpolation.BACKWARD, Interpolation.FORWARD)
    if form is None or not among.is_finite or among.low >= among.high or steps or (np.diff(table.x) <= 0).any():
        return None
    xs = np.array([among.low, *(x for x in table.x if among.holds(float(x))), among.high])
    return _cornered(form, xs, np.array([float(read(table, np.array(x), np.array(0))) for x in xs]))


def _cornered(form: Form, xs: FloatArray, ys: FloatArray) -> Form:
    """A line with corners: its secant, and how far it is from that in the corners."""
    slope = float((ys[-1] - ys[0]) / (xs[-1] - xs[0]))
    beside = ys - slope * xs
    return _beside(form, slope, float(beside.min()), float(beside.max()))


def _beside(form: Form, slope: float, low: float, high: float) -> Form:
    """slope times the form, and a number from low to high."""
    found = form.times(slope).shifted(0.5 * (low + high))
    out = ROUNDING * 4 * (abs(low) + abs(high))
    return replace(found, error=found.error + 0.5 * (high - low) + out)


def _bent(function: Callable[[float], float], touch: Callable[[float], float], low: float = -math.inf) -> _Work:
    """A function that is convex or concave above `low`; its slope is that of the secant where `touch` of this is."""

    def work(form: Form, among: Interval) -> Form | None:
        a, b = among.low, among.high
        if not low < a < b < math.inf:
            return None
        try:
            ends = function(a), function(b)
            slope = (ends[1] - ends[0]) / (b - a)
            at = min(max(touch(slope), a), b)
            beside = [ends[0] - slope * a, ends[1] - slope * b, function(at) - slope * at]
        except (ArithmeticError, ValueError):
            return None
        return _beside(form, slope, min(beside), max(beside))

    return work


def _reciprocal(form: Form, among: Interval) -> Form | None:
    if among.high < 0.0:
        found = _reciprocal(form.times(-1.0), Interval(-among.high, -among.low))
        return None if found is None else found.times(-1.0)
    return _bent(lambda x: 1.0 / x, lambda slope: 1.0 / math.sqrt(-slope), 0.0)(form, among)


def _divide(one: Form, other: Form, _: Interval, among: Interval) -> Form | None:
    if among.low == among.high and among.low:
        return one.times(1.0 / among.low)
    found = _reciprocal(other, among)
    return None if found is None else one.by(found)


def _power(base: Form, exponent: Form, among: Interval, powers: Interval) -> Form | None:
    if powers.low != powers.high:
        logarithm = _LOG(base, among)
        if logarithm is None:
            return None
        whole = exponent.by(logarithm)
        return _EXP(whole, whole.range)
    power = powers.low
    if power == 1.0:
        return base
    if power == 2.0 and among.is_finite:
        low, high = among.low, among.high
        middle = 0.5 * (low + high)
        return _beside(base, low + high, -middle * middle, -low * high)
    return _bent(lambda x: x**power, lambda slope: float((slope / power) ** (1.0 / (power - 1.0))), 0.0)(base, among)


def _extreme(sign: float) -> Callable[[Form, Form, Interval, Interval], Form | None]:
    def extreme(one: Form, other: Form, _: Interval, __: Interval) -> Form | None:
        gap = one.plus(other.times(-1.0)).times(sign)  # the larger is the other, and what is positive of the gap
        among = gap.range
        if among.low >= 0.0 or among.high <= 0.0:
            return one if among.low >= 0.0 else other
        xs = np.array([among.low, 0.0, among.high])
        return other.plus(_cornered(gap, xs, np.maximum(xs, 0.0)).times(sign))

    return extreme


def _absolute(form: Form, among: Interval) -> Form | None:
    if not among.is_finite or among.low >= 0.0 or among.high <= 0.0:
        return form if among.low >= 0.0 else form.times(-1.0) if among.high <= 0.0 else None
    xs = np.array([among.low, 0.0, among.high])
    return _cornered(form, xs, np.abs(xs))


_Work = Callable[..., "Form | None"]
_EXP = _bent(math.exp, math.log)
_LOG = _bent(math.log, lambda slope: 1.0 / slope, 0.0)
# Of all that has `plus`, `times` (a number) and `by` (its like); operands are followed by their ranges.
SUMS_AND_PRODUCTS: Mapping[Operation, Callable[..., Any]] = {
    Operation.ADD: lambda one, other, *_: one.plus(other),
    Operation.SUBTRACT: lambda one, other, *_: one.plus(other.times(-1.0)),
    Operation.MULTIPLY: lambda one, other, *_: one.by(other),
    Operation.NEGATE: lambda one, _: one.times(-1.0),
}
_OPERATIONS: Mapping[Operation, _Work] = {
    **SUMS_AND_PRODUCTS,
    Operation.DIVIDE: _divide,
    Operation.POWER: _power,
    Operation.EXP: _EXP,
    Operation.LOG: _LOG,
    Operation.SQRT: _bent(math.sqrt, lambda slope: 0.25 / slope**2, 0.0),
    Operation.MINIMUM: _extreme(-1.0),
    Operation.MAXIMUM: _extreme(1.0),
    Operation.ABSOLUTE: _absolute,
}

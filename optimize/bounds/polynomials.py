"""Numbers as polynomials of second degree in the levers, with all that may be added to them.

A Taylor model (Berz and Makino 1998, Reliable Computing 4): a value is its `centre`, `slopes` and `bends` in the
levers, each scaled to lie from -1 to 1, an affine form in noise symbols (Stolfi and de Figueiredo 1997) for what stocks
carry from step to step, and an error. What a stock carries keeps its symbol through all later steps: so what cancels in
the dynamics cancels here, and only what products and curved functions leave out adds up. Everything that rounding may
move is in the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from sd_models.dynamics.functions import Operation
from sd_models.numbers.tables import read
from sd_models.system.model import FloatArray, Series

from ..transcription.forms import SUMS_AND_PRODUCTS
from ..transcription.intervals import Interval
from ..transcription.symbols import STEPS

UNIT = 2.0**-52
COEFFICIENT = 16 * UNIT  # how far rounding moves the coefficients of a result, relative to what they are made of
LARGE = 1e60  # beyond which nothing is told
SUM = 1 + 1e-11  # more than what rounding may take from a sum of ten thousand sizes


@dataclass(frozen=True, slots=True, eq=False)
class Polynomial:
    """centre + slopes s + s' bends s + noise e + an error: s (n) and e (m) from -1 to 1, the error of its size at most.

    The square of a lever minus the square of itself is nothing but rounding:

    >>> one = lever(0, Interval(1.0, 3.0), levers=1, noises=0)
    >>> square = one.by(one)
    >>> square.plus(square.times(-1.0)).range.high < 1e-12
    True
    """

    centre: float
    slopes: FloatArray
    bends: FloatArray
    noise: FloatArray
    error: float = 0.0

    @property
    def sizes(self) -> tuple[float, float, float]:
        """The largest that its slopes, its bends, and what else there is can add."""
        slopes, bends = float(np.abs(self.slopes).sum()), float(np.abs(self.bends).sum())
        return slopes * SUM, bends * SUM, (float(np.abs(self.noise).sum()) + self.error) * SUM

    @property
    def range(self) -> Interval:
        """All numbers that it can be."""
        slopes, bends, rest = self.sizes
        diagonal = np.diagonal(self.bends)  # a square is not below zero
        falls, rises = float(diagonal[diagonal < 0].sum()), float(diagonal[diagonal > 0].sum())
        out = COEFFICIENT * (abs(self.centre) + slopes + bends + rest) + (SUM - 1) * bends
        low, high = self.centre - slopes - (bends - rises) - rest, self.centre + slopes + (bends + falls) + rest
        return Interval(low - out, high + out)

    def plus(self, other: Polynomial) -> Polynomial:
        """The sum."""
        centre, slopes = self.centre + other.centre, self.slopes + other.slopes
        found = Polynomial(centre, slopes, self.bends + other.bends, self.noise + other.noise)
        return found._with(self.error + other.error)

    def times(self, factor: float) -> Polynomial:
        """A multiple."""
        found = Polynomial(factor * self.centre, factor * self.slopes, factor * self.bends, factor * self.noise)
        return found._with(abs(factor) * self.error)

    def shifted(self, number: float) -> Polynomial:
        """The polynomial and a number."""
        return replace(self, centre=self.centre + number)._with(self.error + COEFFICIENT * abs(number))

    def by(self, other: Polynomial) -> Polynomial:
        """The product: what is of third degree and more, and noise but for its first order, is error."""
        a, b = self.centre, other.centre
        half = np.outer(0.5 * self.slopes, other.slopes)
        bends = a * other.bends + b * self.bends + half + half.T
        slopes, noise = a * other.slopes + b * self.slopes, a * other.noise + b * self.noise
        (l1, q1, n1), (l2, q2, n2) = self.sizes, other.sizes
        error = abs(a) * other.error + abs(b) * self.error
        error += l1 * q2 + q1 * l2 + q1 * q2 + (l1 + q1) * n2 + n1 * (l2 + q2) + n1 * n2
        rounding = COEFFICIENT * (abs(a) + l1 + q1 + n1) * (abs(b) + l2 + q2 + n2)
        return Polynomial(a * b, slopes, bends, noise, (error + rounding) * SUM)

    def renewed(self, symbol: int) -> Polynomial:
        """The same where the error, which nothing else depends on so far, is a symbol of its own."""
        noise = self.noise.copy()
        noise[symbol] += self.error
        return replace(self, noise=noise, error=0.0)._with(UNIT * abs(float(noise[symbol])))

    def _with(self, error: float) -> Polynomial:
        slopes, bends, rest = self.sizes
        size = abs(self.centre) + slopes + bends + rest + error
        return replace(self, error=(error + COEFFICIENT * size) * SUM)


def number(value: float, levers: int, noises: int) -> Polynomial:
    """A number."""
    return Polynomial(value, np.zeros(levers), np.zeros((levers, levers)), np.zeros(noises))


def spread(among: Interval, levers: int, noises: int) -> Polynomial:
    """All of a finite interval."""
    middle, radius = _middle(among)
    return replace(number(middle, levers, noises), error=radius)


def lever(place: int, among: Interval, levers: int, noises: int) -> Polynomial:
    """A lever, which takes all of a finite interval."""
    middle, radius = _middle(among)
    found = number(middle, levers, noises)
    found.slopes[place] = radius
    return found


def _middle(among: Interval) -> tuple[float, float]:
    middle = 0.5 * (among.low + among.high)
    return middle, max(among.high - middle, middle - among.low) * (1 + 2 * UNIT)


# --- operations -------------------------------------------------------------------------------------------------------


def of(operation: Operation, *arguments: tuple[Polynomial, Interval]) -> Polynomial | None:
    """The polynomial of an operation on polynomials with the intervals known of them; None where there is none."""
    work = _OPERATIONS.get(operation)
    if work is None:
        return None
    try:
        found = work(*(each for each, _ in arguments), *(among for _, among in arguments))
    except (ArithmeticError, ValueError):
        return None
    return found if found is not None and abs(found.centre) + sum(found.sizes) < LARGE else None


def of_table(table: Series, argument: Polynomial, among: Interval) -> Polynomial | None:
    """The polynomial of a table without jumps: its secant, and how far its corners are from that."""
    if not among.is_finite or table.interpolation in STEPS or (np.diff(table.x) <= 0).any():
        return None
    xs = np.array([among.low, *(x for x in table.x if among.low < x < among.high), among.high])
    ys = np.array([float(read(table, np.array(x), np.array(0))) for x in xs])
    if not xs[0] < xs[-1] or not np.isfinite(ys).all():
        return None
    slope = float((ys[-1] - ys[0]) / (xs[-1] - xs[0]))
    beside = ys - slope * xs
    low, high = float(beside.min()), float(beside.max())
    found = argument.times(slope).shifted(0.5 * (low + high))
    out = COEFFICIENT * float(np.abs(ys).max() + abs(slope) * np.abs(xs).max())
    return replace(found, error=(found.error + 0.5 * (high - low) + out) * SUM)


@dataclass(frozen=True, slots=True)
class Smooth:
    """A function with its first derivative and half its second, whose third has one sign from `low` on."""

    function: Callable[[float], float]
    slope: Callable[[float], float]
    bend: Callable[[float], float]
    low: float = -math.inf

    def of(self, argument: Polynomial, among: Interval) -> Polynomial | None:
        """Its Taylor polynomial about the centre, and what is left of it, which grows toward both ends."""
        c = argument.centre
        low, high = min(among.low, c), max(among.high, c)
        if not self.low < low or not math.isfinite(low) or not math.isfinite(high):
            return None
        value, slope, bend = self.function(c), self.slope(c), self.bend(c)
        left, right = (self.function(x) - (value + (x - c) * (slope + (x - c) * bend)) for x in (low, high))
        reach = max(high - c, c - low)
        rounding = 4 * COEFFICIENT * (abs(value) + abs(slope) * (reach + abs(c)) + abs(bend) * (reach + abs(c)) ** 2)
        rounding += COEFFICIENT * (abs(self.function(low)) + abs(self.function(high)))
        least, most = min(left, right, 0.0), max(left, right, 0.0)
        away = argument.shifted(-c)
        found = away.times(slope).plus(away.by(away).times(bend)).shifted(value + 0.5 * (least + most))
        return replace(found, error=(found.error + 0.5 * (most - least) + rounding) * SUM)


def power(exponent: float) -> Smooth:
    """A power of positive numbers."""
    p = exponent
    return Smooth(lambda x: x**p, lambda x: p * x ** (p - 1), lambda x: 0.5 * p * (p - 1) * x ** (p - 2), 0.0)


EXP = Smooth(math.exp, math.exp, lambda x: 0.5 * math.exp(x))
LOG = Smooth(math.log, lambda x: 1 / x, lambda x: -0.5 / x**2, 0.0)
SQRT = Smooth(math.sqrt, lambda x: 0.5 / math.sqrt(x), lambda x: -0.125 / x**1.5, 0.0)
RECIPROCAL = Smooth(lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 1 / x**3, 0.0)


def _reciprocal(one: Polynomial, among: Interval) -> Polynomial | None:
    if among.high < 0.0:
        found = RECIPROCAL.of(one.times(-1.0), Interval(-among.high, -among.low))
        return None if found is None else found.times(-1.0)
    return RECIPROCAL.of(one, among)


def _divide(one: Polynomial, other: Polynomial, _: Interval, among: Interval) -> Polynomial | None:
    found = _reciprocal(other, among)
    return None if found is None else one.by(found)


def _power(base: Polynomial, exponent: Polynomial, among: Interval, powers: Interval) -> Polynomial | None:
    if powers.low != powers.high:
        logarithm = LOG.of(base, among)
        whole = None if logarithm is None else exponent.by(logarithm)
        return None if whole is None else EXP.of(whole, whole.range)
    if powers.low in (1.0, 2.0):
        return base if powers.low == 1.0 else base.by(base)
    return power(powers.low).of(base, among)


def _extreme(sign: float) -> Callable[[Polynomial, Polynomial, Interval, Interval], Polynomial | None]:
    """The larger or the smaller of two: one of them, or their mean and half their distance."""

    def extreme(one: Polynomial, other: Polynomial, _: Interval, __: Interval) -> Polynomial | None:
        gap = one.plus(other.times(-1.0)).times(sign)
        absolute = _absolute(gap, gap.range)
        return one.plus(other).plus(absolute.times(sign)).times(0.5)

    return extreme


def _absolute(one: Polynomial, among: Interval) -> Polynomial:
    if among.low >= 0.0 or among.high <= 0.0:
        return one if among.low >= 0.0 else one.times(-1.0)
    slope = (among.high + among.low) / (among.high - among.low)  # of the secant; below it by as much as at zero
    below = among.high * (1 - slope)
    found = one.times(slope).shifted(0.5 * below)
    return replace(found, error=(found.error + 0.5 * below + 8 * COEFFICIENT * (among.high - among.low)) * SUM)


_Work: TypeAlias = Callable[..., "Polynomial | None"]
_OPERATIONS: Mapping[Operation, _Work] = {
    **SUMS_AND_PRODUCTS,
    Operation.DIVIDE: _divide,
    Operation.POWER: _power,
    Operation.EXP: EXP.of,
    Operation.LOG: LOG.of,
    Operation.SQRT: SQRT.of,
    Operation.MINIMUM: _extreme(-1.0),
    Operation.MAXIMUM: _extreme(1.0),
    Operation.ABSOLUTE: _absolute,
}

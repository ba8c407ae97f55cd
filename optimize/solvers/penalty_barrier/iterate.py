"""A point of the search: levers, values of rows, multipliers, slacks and their prices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sd_models.system.model import FloatArray

from ..interior_point.elastic import ElasticProgram
from ..interior_point.path import Direction, Pairs, inside, room
from .tuning import BACK, NO_MORE, PRICED, PRICED_WARM


@dataclass(frozen=True, eq=False)
class Iterate:
    """Levers `v`, values `s` of rows within their sides, multipliers `y` of rows, and the complementary pairs.

    y is the price of a row's upper side less that of its lower one, and the price of an excess is the penalty less y:
    every step keeps that.
    """

    v: FloatArray
    s: FloatArray
    y: FloatArray
    slack: FloatArray
    price: FloatArray

    @property
    def product(self) -> float:
        """The mean product of slacks and prices."""
        return float(self.slack @ self.price) / max(len(self.slack), 1)

    def moved(self, by: Direction, primal: float, dual: float) -> Iterate:
        """After a step of these lengths."""
        return Iterate(
            self.v + primal * by.v,
            self.s + primal * by.s,
            self.y + dual * by.y,
            self.slack + primal * by.slack,
            self.price + dual * by.price,
        )

    def lengths(self, by: Direction) -> tuple[float, float]:
        """The longest steps of slacks and of prices, at most 1, that keep them positive."""
        return min(1.0, room(self.slack, by.slack)), min(1.0, room(self.price, by.price))

    def dearer(self, pairs: Pairs, more: float) -> Iterate:
        """With the penalty raised."""
        *inner, above, below = pairs.apart(self.price)
        return replace(self, price=np.concatenate([*inner, above + more, below + more]))

    def in_unit(self, factor: float) -> Iterate:
        """With the objective counted in a unit that many times as large."""
        return replace(self, y=self.y / factor, price=self.price / factor)

    def resized(self, pairs: Pairs, levers: FloatArray, rows: FloatArray) -> Iterate:
        """With the sizes of levers and rows that many times as large."""
        kinds = (pairs.lower, pairs.upper, pairs.row_lower, pairs.row_upper, pairs.above, pairs.below)
        factors = np.concatenate(
            [factor[kind] for factor, kind in zip((levers,) * 2 + (rows,) * 4, kinds, strict=True)]
        )
        return Iterate(self.v / levers, self.s / rows, self.y * rows, self.slack / factors, self.price * factors)


def begun(program: ElasticProgram, v: FloatArray, rows: FloatArray, product: float, distance: float) -> Iterate:
    """A point at levers that are inside their bounds: every product the same but where elastic rows are missed.

    There slacks take in what is missed, however dear it is: slacks that are small beside it hold steps up.
    """
    found, pairs = _central(program, v, rows, product, distance), Pairs.of(program)
    missed = rows - found.s
    *inner, above, below = pairs.apart(found.slack)
    above, below = np.maximum(above, missed[pairs.above]), np.maximum(below, -missed[pairs.below])
    return replace(found, slack=np.concatenate([*inner, above, below]))


def _central(program: ElasticProgram, v: FloatArray, rows: FloatArray, product: float, distance: float) -> Iterate:
    """A point at levers that are inside their bounds, every product the same, whatever rows are missed by."""
    equal = program.row_lower == program.row_upper
    s = np.where(equal, program.row_lower, inside(rows, program.row_lower, program.row_upper, distance))
    return _priced(program, v, s, np.zeros(len(s)), product)


def warm(program: ElasticProgram, v: FloatArray, rows: FloatArray, y: FloatArray, product: float) -> Iterate:
    """A point next to levers that are nearly an optimum, with multipliers of rows that are known.

    Each slack has at least the room that its price asks for at this product: what holds stays near its bound.
    """
    pairs = Pairs.of(program)
    elastic = np.isfinite(program.prices)
    y = np.where(elastic, np.clip(y, -PRICED_WARM * program.prices, PRICED_WARM * program.prices), y)
    slope = program.cost + program.pulled(y)
    least = np.sqrt(product)
    v, s = v.copy(), rows.copy()
    for places, bound, sign in ((pairs.lower, program.lower, 1.0), (pairs.upper, program.upper, -1.0)):
        asked = product / np.maximum(sign * slope[places], least)
        v[places] = _away(v[places], bound[places], sign, asked, (program.upper - program.lower)[places])
    for places, bound, sign in ((pairs.row_lower, program.row_lower, 1.0), (pairs.row_upper, program.row_upper, -1.0)):
        asked = product / np.maximum(-sign * y[places], least)
        s[places] = _away(s[places], bound[places], sign, asked, (program.row_upper - program.row_lower)[places])
    equal = program.row_lower == program.row_upper
    return _priced(program, v, np.where(equal, program.row_lower, s), np.where(equal, y, 0.0), product)


def _away(values: FloatArray, bound: FloatArray, sign: float, asked: FloatArray, width: FloatArray) -> FloatArray:
    """Values at least as far from a bound on one side as is asked, or at a quarter of the width."""
    room = np.minimum(asked, 0.25 * width)
    return np.asarray(bound + sign * np.maximum(sign * (values - bound), room))


def _priced(program: ElasticProgram, v: FloatArray, s: FloatArray, y: FloatArray, product: float) -> Iterate:
    """The point with prices that make every product the same; `y` are the multipliers of equations."""
    pairs = Pairs.of(program)
    slack = [
        (v - program.lower)[pairs.lower],
        (program.upper - v)[pairs.upper],
        (s - program.row_lower)[pairs.row_lower],
        (program.row_upper - s)[pairs.row_upper],
    ]
    price = [product / each for each in slack]
    y = y.copy()
    y[pairs.row_upper] += price[3]
    y[pairs.row_lower] -= price[2]
    inequal = program.row_lower < program.row_upper
    less = np.where(inequal, np.minimum(1.0, PRICED * program.prices / np.maximum(np.abs(y), NO_MORE)), 1.0)
    price[2], price[3], y = price[2] * less[pairs.row_lower], price[3] * less[pairs.row_upper], y * less
    price += [(program.prices - y)[pairs.above], (program.prices + y)[pairs.below]]
    slack += [product / each for each in price[4:]]
    return Iterate(v, s, y, np.concatenate(slack), np.concatenate(price))


def joined(
    before: Iterate, known: ElasticProgram, program: ElasticProgram, rows: FloatArray, distance: float
) -> Iterate:
    """A point with rows more, which come last: their products are that of the others, whatever they are missed by.

    Slacks that took in what is missed, at its full price, would make products of a thousand times the others', and the
    path would be left: on the plan of 31 provinces, 173 iterations instead of 37.
    """
    fresh = _central(program, before.v, rows, max(before.product, NO_MORE), distance)
    count = len(known.row_lower)
    old, new = Pairs.of(known), Pairs.of(program)
    parts = []
    for mine, theirs in ((before.slack, fresh.slack), (before.price, fresh.price)):
        kinds = zip(old.apart(mine), new.apart(theirs), strict=True)
        parts.append(np.concatenate([np.concatenate([kept, each[len(kept) :]]) for kept, each in kinds]))
    s, y = fresh.s.copy(), fresh.y.copy()
    s[:count], y[:count] = before.s, before.y
    return Iterate(before.v, s, y, *parts)


def backed(length: float) -> float:
    """A step that keeps away from the boundary."""
    return length if length >= 1.0 else BACK * length

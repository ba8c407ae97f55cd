"""The central path of an elastic program: complementary pairs, and Newton's equations of a step towards it.

Every slack and its price make a pair; on the path the products of all pairs are the same. Slacks of elastic rows and of
bounds of rows are eliminated from the equations: they make a row compliant. Both sides are regularized a little
(Friedlander and Orban 2012, Mathematical Programming Computation 4), which changes steps and not the solution: chains
of limits from period to period would otherwise hide the curvature of the levers that they tie to each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from sd_models.system.model import FloatArray, IndexArray, Mask

from .elastic import ElasticProgram

# What is added to the curvature of each lever and to the compliance of each row.
PROXIMITY, COMPLIANCE = 1e-8, 1e-7
# A fixed lever's curvature.
FIXED = 1e20
# The linear systems are solved until their error is this part of the product.
PRECISE, REFINEMENTS = 0.05, 4

System = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""Levers and multipliers of rows for two right sides."""


class Linear(Protocol):
    """Linear systems with (H + barrier) + E' weights E: factored, then solved."""

    def factored(self, barrier: FloatArray, weights: FloatArray) -> bool:
        """Factors the system; False where there is no factor."""

    def solved(self, right: FloatArray) -> FloatArray:
        """The solution for a right side."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which levers and rows have which slacks, by number: the complementary pairs, in this order."""

    lower: IndexArray
    upper: IndexArray
    row_lower: IndexArray
    row_upper: IndexArray
    above: IndexArray
    below: IndexArray

    @classmethod
    def of(cls, program: ElasticProgram) -> Pairs:
        """The pairs of a program."""
        free = program.lower < program.upper
        equal = program.row_lower == program.row_upper
        has_lower, has_upper = np.isfinite(program.row_lower), np.isfinite(program.row_upper)
        elastic = np.isfinite(program.prices)
        masks = (
            free & np.isfinite(program.lower),
            free & np.isfinite(program.upper),
            has_lower & ~equal,
            has_upper & ~equal,
            elastic & has_upper,
            elastic & has_lower,
        )
        return cls(*(np.flatnonzero(mask) for mask in masks))

    @cached_property
    def cuts(self) -> IndexArray:
        """Where each kind ends in arrays of all pairs."""
        kinds = (self.lower, self.upper, self.row_lower, self.row_upper, self.above)
        return np.cumsum([len(kind) for kind in kinds])

    def apart(self, pairs: FloatArray) -> list[FloatArray]:
        """An array of all pairs, by kind."""
        return np.split(pairs, self.cuts)

    def slope(self, price: FloatArray, smooth: FloatArray) -> FloatArray:
        """What is left of a slope (levers) where the prices of the levers' bounds hold against it."""
        lower, upper, *_ = self.apart(price)
        found = smooth.copy()
        found[self.lower] -= lower
        found[self.upper] += upper
        return found

    def missed(self, slack: FloatArray, rows: FloatArray) -> FloatArray:
        """What is left of differences (rows) where the slacks of excess take them in."""
        *_, above, below = self.apart(slack)
        found = rows.copy()
        found[self.above] -= above
        found[self.below] += below
        return found


@dataclass(frozen=True, eq=False)
class Direction:
    """Changes of levers, multipliers, values of rows, slacks and their multipliers."""

    v: FloatArray
    y: FloatArray
    s: FloatArray
    slack: FloatArray
    price: FloatArray

    def times(self, factor: float) -> Direction:
        """So many times as long."""
        return Direction(*(factor * each for each in (self.v, self.y, self.s, self.slack, self.price)))

    def plus(self, other: Direction) -> Direction:
        """Both together."""
        return Direction(
            self.v + other.v,
            self.y + other.y,
            self.s + other.s,
            self.slack + other.slack,
            self.price + other.price,
        )


@dataclass(frozen=True, eq=False)
class Equations:
    """Newton's equations at slacks and prices of a program, with the factors of their system.

    `barrier` (levers) and `weights` (rows) say what holds: what holds weighs much. `soft` are the compliances that the
    bounds of rows make.
    """

    program: ElasticProgram
    linear: Linear
    pairs: Pairs
    slack: FloatArray
    price: FloatArray
    barrier: FloatArray
    weights: FloatArray
    soft: FloatArray

    @classmethod
    def at(
        cls,
        program: ElasticProgram,
        linear: Linear,
        pairs: Pairs,
        slack: FloatArray,
        price: FloatArray,
        *,
        proximity: float = PROXIMITY,
    ) -> Equations | None:
        """The equations at a point; None where rounding has left a slack or a price of zero, or no factors."""
        with np.errstate(all="ignore"):
            ratio = price / slack
        if not ((ratio > 0.0) & (ratio < np.inf)).all():
            return None
        lower, upper, row_lower, row_upper, above, below = pairs.apart(ratio)
        barrier = np.full(len(program.cost), proximity)
        barrier[pairs.lower] += lower
        barrier[pairs.upper] += upper
        barrier[program.lower >= program.upper] = FIXED
        stiff = np.zeros(len(program.row_lower))
        stiff[pairs.row_lower] += row_lower
        stiff[pairs.row_upper] += row_upper
        equal = program.row_lower == program.row_upper
        soft = np.where(equal, 0.0, 1.0 / np.where(stiff > 0, stiff, 1.0))
        compliance = soft + COMPLIANCE
        compliance[pairs.above] += 1.0 / above
        compliance[pairs.below] += 1.0 / below
        found = cls(program, linear, pairs, slack, price, barrier, 1.0 / compliance, soft)
        return found if linear.factored(barrier, found.weights) else None

    def of(self, program: ElasticProgram) -> Equations:
        """The same, with the program whose curvature the factors have."""
        return replace(self, program=program)

    @cached_property
    def free(self) -> Mask:
        """The levers that may move."""
        return np.asarray(self.program.lower < self.program.upper)

    @cached_property
    def product(self) -> float:
        """The mean product of slacks and prices."""
        return float(self.slack @ self.price) / max(len(self.slack), 1)

    def direction(
        self, aim: FloatArray, dual: FloatArray | float, primal: FloatArray | float, system: System
    ) -> Direction:
        """The Newton direction to these products that mends these errors of slopes and rows; `system` solves."""
        first, second, pull = self._right(aim)
        v, y = system(first - dual, second - primal)
        return self._completed(v, y, aim, pull)

    def following(self, v: FloatArray) -> Direction:
        """The direction of levers alone, with rows within their sides that follow them; multipliers stay."""
        equal = self.program.row_lower == self.program.row_upper
        s = np.where(equal, 0.0, self.program.values(v))
        pairs, still = self.pairs, np.zeros_like
        slack = [v[pairs.lower], -v[pairs.upper], s[pairs.row_lower], -s[pairs.row_upper]]
        excess = np.zeros(len(pairs.above) + len(pairs.below))
        return Direction(v, still(self.weights), s, np.concatenate([*slack, excess]), still(self.price))

    def once(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(H + barrier) v + E'y = first, E v - y / weights = second, where E v are the values of rows."""
        free = self.free
        v = self.linear.solved(np.where(free, first + self.program.pulled(self.weights * second), 0.0))
        v[~free] = 0.0
        return v, self.weights * (self.program.values(v) - second)

    def precisely(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The same, with what rounding left of it mended."""
        v, y = self.once(first, second)
        least = np.inf
        for _ in range(REFINEMENTS):
            one = first - self.program.curved(v) - self.barrier * v - self.program.pulled(y)
            error = float(np.abs(one[self.free]).max(initial=0.0))
            if error <= PRECISE * self.product or error > 0.5 * least:
                break
            least = error
            more_v, more_y = self.once(one, second - self.program.values(v) + y / self.weights)
            v, y = v + more_v, y + more_y
        return v, y

    def _right(self, aim: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The right sides that products ask for, and the pull on the values of rows."""
        pairs = self.pairs
        lower, upper, row_lower, row_upper, _, _ = pairs.apart(aim / self.slack)
        _, _, _, _, above, below = pairs.apart(aim / self.price)
        rows, levers = len(self.weights), len(self.barrier)
        first, second, pull = np.zeros(levers), np.zeros(rows), np.zeros(rows)
        first[pairs.lower] += lower
        first[pairs.upper] -= upper
        pull[pairs.row_lower] += row_lower
        pull[pairs.row_upper] -= row_upper
        second[pairs.above] += above
        second[pairs.below] -= below
        return first, second + pull * self.soft, pull

    def _completed(self, v: FloatArray, y: FloatArray, aim: FloatArray, pull: FloatArray) -> Direction:
        """The direction of everything from that of levers and multipliers."""
        pairs = self.pairs
        s = (y + pull) * self.soft
        slack = np.concatenate([v[pairs.lower], -v[pairs.upper], s[pairs.row_lower], -s[pairs.row_upper]])
        inner = len(slack)
        price = (aim[:inner] - self.price[:inner] * slack) / self.slack[:inner]
        costs = np.concatenate([-y[pairs.above], y[pairs.below]])
        bends = (aim[inner:] - self.slack[inner:] * costs) / self.price[inner:]
        return Direction(v, y, s, np.concatenate([slack, bends]), np.concatenate([price, costs]))


def room(values: FloatArray, change: FloatArray) -> float:
    """How long a step may be until the first of these positive values is zero."""
    with np.errstate(divide="ignore"):
        return float(np.min(np.where(change < 0, values / -change, np.inf), initial=np.inf))


def inside(values: FloatArray, lower: FloatArray, upper: FloatArray, distance: float) -> FloatArray:
    """The nearest values at a distance from both bounds, or at a quarter of the width between them."""
    with np.errstate(invalid="ignore"):
        width = np.where(np.isfinite(upper - lower), upper - lower, np.inf)
    margin = np.minimum(distance, 0.25 * width)
    low, high = (
        np.maximum(margin, 4.0 * np.spacing(np.where(np.isfinite(end), abs(end), 0.0))) for end in (lower, upper)
    )
    return np.asarray(np.clip(values, lower + low, upper - high))

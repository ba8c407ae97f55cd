"""Directions with the exact second derivative, by conjugate gradients whose preconditioner are the factors.

Each takes one product of the second derivative of the Lagrangian. Where curvature along a direction is negative, the
step follows it downward, as far as its size tells, and ends there (Steihaug 1983, SIAM Journal on Numerical Analysis
20): nothing is hidden, and the step still makes the merit smaller.

Why curvature within groups is taken with national sums held, where groups act on each other through these alone: with
random signs, what all others do to the sums is noise in each group's block, which makes flat directions look negative.
Measured on `provinces-m16-y25-0` in processor time, side by side: 47 iterations and 21 s instead of 69 and 52 s, with 2
to 5 products a direction near the end instead of 20 to 40; `provinces-m4-y25-0` 31 and 4.6 s instead of 47 and 10.5 s.
What a group does to itself through the sums is left out then, which is little where groups are many (`SEVERAL`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from sd_models.system.model import FloatArray

from ...problems.optimality import lagrangian_weights, second_derivative
from ..interior_point.path import Equations
from ..sequential.curvature import Group, Lagrangian
from .tuning import AT_ONCE, MOST_PRODUCTS, SEVERAL


@dataclass(frozen=True, eq=False)
class ExactLagrangian(Lagrangian):
    """A Lagrangian whose products are exact, many at once: differences see no curvature below a millionth of others.

    `is_apart`: whether groups of levers are known to act on each other through sums alone, so that what each does to
    itself, these held, is exact.
    """

    is_apart: bool = False

    def product(self, direction: FloatArray) -> FloatArray:
        """Its second derivative times a direction."""
        return self.products([direction])[0]

    def products(self, directions: Iterable[FloatArray]) -> list[FloatArray]:
        """Its second derivative times each direction; zeros where that is no number."""
        return self._by_parts(partial(second_derivative, self.program, self.at, self.multipliers), directions)

    def within(self, directions: Iterable[FloatArray]) -> list[FloatArray]:
        """The same as far as groups act on themselves, where that is known: no noise of the others is in it."""
        return self._by_parts(self._local, directions) if self.is_apart else self.products(directions)

    def is_parting(self, groups: list[Group]) -> bool:
        """Whether what levers do to themselves alone, held apart, is known and stays within these groups.

        Groups move by chance, at first those whose number has a bit, then the others, for each bit: two groups differ
        in one, so that what one does to another shows.
        """
        if len(groups) < SEVERAL or self.program.local_products(self.at, *self._nothing()) is None:
            return False
        random, numbers = np.random.default_rng(5), np.arange(len(groups))
        bits = range(int(numbers[-1]).bit_length())
        for chosen in (numbers >> bit & 1 == side for bit in bits for side in (0, 1)):
            moving = np.concatenate([group.columns for group, moves in zip(groups, chosen, strict=True) if moves])
            direction = np.zeros(len(self.sizes))
            direction[moving] = random.uniform(0.5, 1.0, len(moving))
            (found,) = self._by_parts(self._local, [direction])
            found[moving] = 0.0
            if found.any():
                return False
        return True

    def _nothing(self) -> tuple[FloatArray, FloatArray]:
        return np.zeros(len(self.program.outcome_cost)), np.zeros((0, len(self.sizes)))

    def _local(self, directions: FloatArray) -> FloatArray:
        _, weights = lagrangian_weights(self.program, self.at.x, self.at.y, self.multipliers)
        found = self.program.local_products(self.at, weights, directions)
        assert found is not None
        return found

    def _by_parts(
        self, times: Callable[[FloatArray], FloatArray], directions: Iterable[FloatArray]
    ) -> list[FloatArray]:
        """Second derivatives times directions, in sizes of levers."""
        found, every = list[FloatArray](), list(directions)
        for first in range(0, len(every), AT_ONCE):
            self.check()
            bent = times(np.array(every[first : first + AT_ONCE]) * self.sizes)
            found.extend(np.where(np.isfinite(bent).all(axis=1, keepdims=True), bent, 0.0) * self.sizes)
        return found


@dataclass
class Conjugate:
    """Newton's equations with exact products; `products` counts them, `met_negative` tells of negative curvature."""

    equations: Equations
    product: Callable[[FloatArray], FloatArray]
    solved: float
    products: int = field(default=0, init=False)
    met_negative: bool = field(default=False, init=False)

    def __call__(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Levers and multipliers of rows for two right sides."""
        program, weights = self.equations.program, self.equations.weights
        v = self._conjugated(np.where(self.equations.free, first + program.pulled(weights * second), 0.0))
        return v, weights * (program.values(v) - second)

    def _conjugated(self, error: FloatArray) -> FloatArray:
        free, linear = self.equations.free, self.equations.linear
        found = np.zeros_like(error)
        direction = np.where(free, linear.solved(error), 0.0)
        size = float(error @ direction)
        least = self.solved**2 * size
        for _ in range(MOST_PRODUCTS):
            if size <= least:
                break
            bent = self._bent(direction)
            energy = float(direction @ bent)
            if energy <= 0.0:
                self.met_negative = True
                return found + (size / -energy if energy and found.any() else 1.0) * direction
            length = size / energy
            found, error = found + length * direction, error - length * bent
            solved = np.where(free, linear.solved(error), 0.0)
            before, size = size, float(error @ solved)
            direction = solved + (size / before) * direction
        return found

    def _bent(self, direction: FloatArray) -> FloatArray:
        program, self.products = self.equations.program, self.products + 1
        held = self.equations.barrier * direction
        rows = program.pulled(self.equations.weights * program.values(direction))
        return np.where(self.equations.free, self.product(direction) + held + rows, 0.0)

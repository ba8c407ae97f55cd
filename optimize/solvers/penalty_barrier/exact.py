"""Directions with the exact second derivative, by conjugate gradients whose preconditioner are the factors.

Each takes one product of the second derivative of the Lagrangian. Where curvature along a direction is negative, the
step follows it downward, as far as its size tells, and ends there (Steihaug 1983, SIAM Journal on Numerical Analysis
20): nothing is hidden, and the step still makes the merit smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from sd_models.system.model import FloatArray

from ...problems.optimality import second_derivative
from ..interior_point.path import Equations
from ..sequential.curvature import Lagrangian
from .tuning import AT_ONCE, MOST_PRODUCTS


class ExactLagrangian(Lagrangian):
    """A Lagrangian whose products are exact, many at once: differences see no curvature below a millionth of others."""

    def product(self, direction: FloatArray) -> FloatArray:
        """Its second derivative times a direction."""
        return self.products([direction])[0]

    def products(self, directions: Iterable[FloatArray]) -> list[FloatArray]:
        """Its second derivative times each direction; zeros where that is no number."""
        found, every = list[FloatArray](), list(directions)
        for first in range(0, len(every), AT_ONCE):
            self.check()
            part = np.array(every[first : first + AT_ONCE])
            bent = second_derivative(self.program, self.at, self.multipliers, part * self.sizes)
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

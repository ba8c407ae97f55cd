"""The curvature of the Lagrangian along each lever, learnt from the change of its gradient.

A diagonal secant: after a step p that changed the gradient by c, the curvature of lever j is c_j / p_j, kept positive
and within a factor of what it was before (Zhu, Nazareth and Wolkowicz 1999, SIAM J. Optim. 9, the quasi-Cauchy
relation, here entry by entry). The effects of a measure in one region and year saturate on their own, so that the
Lagrangian of such plans is dominated by its diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sd_models.system import FloatArray

# The most that one step changes a curvature.
LARGEST_CHANGE = 10.0
# Entries of a step below this share of the largest one say nothing: other levers outweigh them.
SMALLEST_STEP = 1e-6
# The least curvature, relative to the largest effect of a lever on the objective.
LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class Curvature:
    """Curvatures (levers), of the objective by levers in units of their sizes; at least `least`."""

    values: FloatArray
    least: float

    @classmethod
    def guess(cls, slope: FloatArray, changed: FloatArray, step: FloatArray) -> Curvature:
        """From the gradient at a point and at a step beside it, all in units of sizes."""
        least = LEAST * float(np.abs(slope).max(initial=0.0) or 1.0)
        known = step != 0
        found = np.where(known, (changed - slope) / np.where(known, step, 1.0), 0.0)
        usual = float(np.median(found[found > least])) if (found > least).any() else least
        return cls(np.where(found > least, np.clip(found, 1e-3 * usual, 1e3 * usual), np.maximum(usual, least)), least)

    def updated(self, step: FloatArray, change: FloatArray) -> Curvature:
        """After a step that changed the gradient, both in units of sizes."""
        known = np.abs(step) > SMALLEST_STEP * np.abs(step).max(initial=0.0)
        found = np.where(known, change / np.where(known, step, 1.0), self.values)
        within = np.clip(found, self.values / LARGEST_CHANGE, self.values * LARGEST_CHANGE)
        return replace(self, values=np.maximum(within, self.least))

    def scaled(self, factor: float) -> Curvature:
        """All of it times a factor."""
        return replace(self, values=np.maximum(self.values * factor, self.least))

    def resized(self, factors: FloatArray) -> Curvature:
        """After the sizes of the levers were multiplied by factors."""
        return replace(self, values=np.maximum(self.values * factors**2, self.least))

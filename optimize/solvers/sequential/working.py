"""The working set: the limits on outcomes that a search linearizes, and the gradients that they need.

Limits join when a point comes near to them, and stay: a search comes back to where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from ...problems.optimality import Multipliers, lagrangian_weights
from ...problems.program import Program
from .master import Slopes
from .points import Point

# A limit whose distance to its bound is within this share of its size is linearized.
NEAR = 0.1
# Gradients that are taken before it is asked again whether to stop: enough for all processors.
AT_ONCE = 128


@dataclass
class WorkingSet:
    """Limits on outcomes by number, and the gradients of outcomes at the point of the search.

    `check` may raise between sweeps, to end the work.
    """

    program: Program
    check: Callable[[], None]
    members: set[int] = field(default_factory=set)
    slopes: Slopes = field(default_factory=lambda: Slopes(np.zeros(0, dtype=np.int64), np.zeros((0, 0))))

    @property
    def numbers(self) -> IndexArray:
        """The numbers of the limits, in order."""
        return np.array(sorted(self.members), dtype=np.int64)

    def join(self, point: Point, sizes: FloatArray) -> bool:
        """Takes in the limits that a point exceeds or comes near to; whether there were new ones."""
        known = len(self.members)
        self.members |= set(np.flatnonzero(point.soft.room() <= NEAR * sizes).tolist())
        return len(self.members) > known

    def renew(self, point: Point, multipliers: Multipliers) -> None:
        """Takes the gradients at another point."""
        chosen = self._needed(point, multipliers)
        self.slopes = Slopes(chosen, self._gradients(point, chosen))

    def complete(self, point: Point, multipliers: Multipliers) -> None:
        """Takes the gradients that limits need which joined at the same point."""
        known = self.slopes
        new = np.setdiff1d(self._needed(point, multipliers), known.chosen)
        if len(new):
            chosen = np.union1d(known.chosen, new)
            matrix = np.empty((len(chosen), known.matrix.shape[1]))
            matrix[np.searchsorted(chosen, known.chosen)] = known.matrix
            matrix[np.searchsorted(chosen, new)] = self._gradients(point, new)
            self.slopes = Slopes(chosen, matrix)

    def _needed(self, point: Point, multipliers: Multipliers) -> IndexArray:
        """The outcomes whose gradients count: those of the objective, of the limits, and of the Lagrangian."""
        mask = self.program.outcome_cost != 0
        mask[point.soft.by_y[self.numbers].indices] = True
        _, weights = lagrangian_weights(self.program, point.run.x, point.run.y, multipliers)
        return np.flatnonzero(mask | (weights != 0))

    def _gradients(self, point: Point, chosen: IndexArray) -> FloatArray:
        found = np.empty((len(chosen), len(point.run.x)))
        for first in range(0, len(chosen), AT_ONCE):
            self.check()
            part = slice(first, first + AT_ONCE)
            found[part] = self.program.gradients(point.run, chosen[part])
        return found

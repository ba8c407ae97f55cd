"""Simulated policies on the way of a search, steps between them, and the sizes in which both are measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from ...problems.optimality import Multipliers, block_sizes, quadratic_sizes, row_sizes
from ...problems.program import Evaluation, Program
from .curvature import Group
from .master import Sizes, Soft, Split

# The least size of a lever, as a share of the largest one of its group and of its block.
LEAST_OF_GROUP, LEAST_OF_BLOCK = 0.1, 0.01


@dataclass(frozen=True, eq=False)
class Point:
    """A simulated policy: its cost, its limits on outcomes, and their relative excess."""

    run: Evaluation
    cost: float
    soft: Soft
    excess: FloatArray

    @property
    def left(self) -> float:
        """The sum of all relative excesses."""
        return float(self.excess.sum())

    @property
    def worst(self) -> float:
        """The largest relative excess."""
        return float(self.excess.max(initial=0.0))

    def merit(self, penalty: float) -> float:
        """Cost and penalty."""
        return self.cost + penalty * self.left


@dataclass(frozen=True, eq=False)
class Step:
    """A step with its policy, if that has outcomes, its multipliers, and the change of the objective by the model.

    `slope` is the part of that change which is linear in the step. `intended` is the move that the model speaks of: of
    a corrected step the one before its correction, which makes good what the model does not know.
    """

    trial: Point | None
    move: FloatArray
    intended: FloatArray
    multipliers: Multipliers
    change: float
    slope: float

    def shortened_change(self, share: float) -> float:
        """The change of the objective by the model after a part of the step."""
        return share * self.slope + share**2 * (self.change - self.slope)


@dataclass
class Scaling:
    """The sizes of levers, rows and limits, which follow the largest values that the levers had so far."""

    program: Program
    split: Split
    groups: list[Group] = field(default_factory=list)
    seen: FloatArray = field(default_factory=lambda: np.zeros(0))

    def first(self, run: Evaluation) -> Sizes:
        """The sizes at the first policy."""
        return self._sizes(run, self.soft(run))

    def renewed(self, run: Evaluation, sizes: Sizes) -> tuple[Sizes, FloatArray]:
        """The sizes at another policy, those of limits as they were, and the factors by which levers' grew."""
        found = self._sizes(run, sizes.soft)
        factors = found.levers / sizes.levers
        return (found if (factors != 1.0).any() else sizes), factors

    def soft(self, run: Evaluation) -> FloatArray:
        """The sizes of the limits on outcomes."""
        rows = row_sizes(self.program, run.x, run.y)[self.split.soft]
        return np.concatenate([rows, quadratic_sizes(self.program, run.x, run.y)])

    def _sizes(self, run: Evaluation, soft: FloatArray) -> Sizes:
        levers = self._levers(run)
        matrix = abs(self.program.lever_rows[self.split.hard]).multiply(levers[np.newaxis])
        hard = np.asarray(matrix.max(axis=1).toarray()).ravel() if matrix.shape[0] else np.zeros(0)
        return Sizes(levers, np.where(hard > 0, hard, 1.0), soft)

    def _levers(self, run: Evaluation) -> FloatArray:
        """The largest value so far of each lever's path, of a tenth of what its group has of its block, or a hundredth
        of its block's."""
        self.seen = np.maximum(self.seen, np.abs(run.x)) if len(self.seen) else np.abs(run.x)
        found = LEAST_OF_BLOCK * block_sizes(self.program, self.seen)
        for group in self.groups:
            largest = {path[0]: float(self.seen[path].max(initial=0.0)) for path in group.paths}
            floors: dict[int, float] = {}
            for lever, value in largest.items():
                block = self._block[lever]
                floors[block] = max(floors.get(block, 0.0), LEAST_OF_GROUP * value)
            for path in group.paths:
                found[path] = np.maximum(found[path], max(largest[path[0]], floors[self._block[path[0]]]))
        return found

    @cached_property
    def _block(self) -> IndexArray:
        """The number of the block of each lever (levers): levers of one block are of one unit."""
        found = np.zeros(len(self.program.lower), dtype=np.int64)
        for number, block in enumerate(self.program.blocks):
            found[block.columns] = number
        return found

"""The levers of a plan as columns: which number of x is which element of which variable in which period.

`LeverMap` is the one place where a vector of levers becomes paths over the horizon, with its adjoint and its inverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from .plan import Lever


@dataclass(frozen=True, eq=False)
class LeverBlock:
    """One lever of a plan: its elements times its periods, the periods running fastest, from column `first` on.

    `elements` are the flat positions in the variable, `period` the number of the period at each point of the horizon,
    `starts` the times at which the periods begin; `lower` and `upper` are (elements, periods), infinite where the plan
    or the model has no bound. `fixed` values make both bounds equal.
    """

    lever: Lever
    variable: str
    first: int
    elements: IndexArray
    period: IndexArray
    starts: FloatArray
    lower: FloatArray
    upper: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """Elements and periods."""
        return len(self.elements), len(self.starts)

    @property
    def columns(self) -> slice:
        """The columns of x that the block takes."""
        return slice(self.first, self.first + self.lower.size)

    @cached_property
    def numbers(self) -> IndexArray:
        """The column of each (element, period)."""
        return np.arange(self.first, self.first + self.lower.size).reshape(self.shape)

    @cached_property
    def spread(self) -> FloatArray:
        """1 where a period (row) holds at a point (column) of the horizon."""
        inside = np.arange(len(self.starts))[:, np.newaxis] == self.period[np.newaxis, :]
        return np.asarray(inside, dtype=np.float64)

    @cached_property
    def means(self) -> FloatArray:
        """The weight of each point (column) in the mean over a period (row); the last point lies in none."""
        inside = self.spread.copy()
        inside[:, -1] = 0.0
        return np.asarray(inside / inside.sum(axis=1, keepdims=True))

    def values(self, x: FloatArray) -> FloatArray:
        """The values (elements, periods) in a vector of all levers."""
        return x[self.columns].reshape(self.shape)


@dataclass(frozen=True, eq=False)
class LeverMap:
    """A vector of levers to the paths of their variables over the horizon, and back.

    `rows` are the rows of each lever variable, one for each element, in an array of paths (rows, points); `own` are
    the paths of the model itself, which elements keep that are not decided.
    """

    blocks: tuple[LeverBlock, ...]
    rows: Mapping[str, slice]
    own: FloatArray

    @property
    def size(self) -> int:
        """The number of levers."""
        return sum(block.lower.size for block in self.blocks)

    @cached_property
    def decided(self) -> tuple[IndexArray, ...]:
        """The rows of each block's elements."""
        return tuple(self.rows[block.variable].start + block.elements for block in self.blocks)

    def paths(self, x: FloatArray) -> FloatArray:
        """The paths (rows, points) of a vector of levers: a value holds for its period."""
        found = self.own.copy()
        for rows, block in zip(self.decided, self.blocks, strict=True):
            found[rows] = block.values(x)[:, block.period]
        return found

    def adjoint(self, paths: FloatArray) -> FloatArray:
        """The gradient (levers) of what has these gradients (rows, points) with respect to the paths."""
        return self._gathered([block.spread for block in self.blocks], paths)

    def inverse(self, paths: FloatArray) -> FloatArray:
        """The levers of paths (rows, points): the mean over each period, which gives back what `paths` made."""
        return self._gathered([block.means for block in self.blocks], paths)

    def directions(self, moves: FloatArray) -> FloatArray:
        """The moves of the paths (moves, rows, points) when the levers move (moves, levers)."""
        found = np.zeros((len(moves), *self.own.shape))
        for rows, block in zip(self.decided, self.blocks, strict=True):
            found[:, rows] = moves[:, block.columns].reshape(-1, *block.shape)[:, :, block.period]
        return found

    def _gathered(self, weights: list[FloatArray], paths: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore"):  # a slope may be infinite, as that of a root at zero
            parts = [(paths[rows] @ each.T).ravel() for rows, each in zip(self.decided, weights, strict=True)]
        return np.concatenate([np.zeros(0), *parts])

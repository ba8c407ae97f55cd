"""The levers of a plan as columns: which number of x is which element of which variable in which period."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sd_models.system.model import FloatArray

from .affine import Index
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
    elements: Index
    period: Index
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
    def numbers(self) -> Index:
        """The column of each (element, period)."""
        return np.arange(self.first, self.first + self.lower.size).reshape(self.shape)

    @cached_property
    def spread(self) -> FloatArray:
        """1 where a period (row) holds at a point (column) of the horizon."""
        inside = np.arange(len(self.starts))[:, np.newaxis] == self.period[np.newaxis, :]
        return np.asarray(inside, dtype=np.float64)

    def values(self, x: FloatArray) -> FloatArray:
        """The values (elements, periods) in a vector of all levers."""
        return x[self.columns].reshape(self.shape)

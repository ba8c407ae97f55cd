"""Affine expressions of levers and outcomes, many at once: what limits are made of.

A row is `constant + levers @ x + outcomes @ y`, with x the values of all levers and y the outcomes of a run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array

from sd_models.system.model import FloatArray, IndexArray


@dataclass(frozen=True, eq=False)
class Triplets:
    """Entries of a sparse matrix: `values` at (`rows`, `columns`); repeated places add up."""

    rows: IndexArray
    columns: IndexArray
    values: FloatArray

    @classmethod
    def none(cls) -> Triplets:
        """A matrix of zeros."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))

    def scaled(self, factors: FloatArray) -> Triplets:
        """Each row times its factor."""
        return Triplets(self.rows, self.columns, self.values * factors[self.rows])

    def joined(self, other: Triplets, down: int = 0) -> Triplets:
        """The sum with a matrix whose rows are moved down."""
        return Triplets(
            np.concatenate([self.rows, other.rows + down]),
            np.concatenate([self.columns, other.columns]),
            np.concatenate([self.values, other.values]),
        )

    def matrix(self, shape: tuple[int, int]) -> csr_array:
        """The matrix, without entries that add up to zero."""
        matrix = csr_array(coo_array((self.values, (self.rows, self.columns)), shape=shape))
        matrix.eliminate_zeros()
        return matrix


@dataclass(frozen=True, eq=False)
class Affine:
    """Rows `constant + levers @ x + outcomes @ y`; `constant` is (rows)."""

    constant: FloatArray
    levers: Triplets
    outcomes: Triplets

    @classmethod
    def numbers(cls, values: npt.ArrayLike) -> Affine:
        """Rows that are numbers."""
        return cls(np.asarray(values, dtype=np.float64).ravel(), Triplets.none(), Triplets.none())

    def __len__(self) -> int:
        return len(self.constant)

    def scaled(self, factors: npt.ArrayLike) -> Affine:
        """Each row times its factor."""
        each = np.broadcast_to(np.asarray(factors, dtype=np.float64), self.constant.shape)
        return Affine(self.constant * each, self.levers.scaled(each), self.outcomes.scaled(each))

    def plus(self, other: Affine) -> Affine:
        """Row by row the sum."""
        return Affine(
            self.constant + other.constant, self.levers.joined(other.levers), self.outcomes.joined(other.outcomes)
        )

    def above(self, other: Affine) -> Affine:
        """These rows and the others below them."""
        down = len(self)
        return Affine(
            np.concatenate([self.constant, other.constant]),
            self.levers.joined(other.levers, down),
            self.outcomes.joined(other.outcomes, down),
        )

    @property
    def is_constant(self) -> bool:
        """Whether no row depends on levers or outcomes."""
        return not len(self.levers.values) and not len(self.outcomes.values)


def stacked(parts: Iterable[Affine]) -> Affine:
    """The parts below each other."""
    return reduce(Affine.above, parts, Affine.numbers([]))

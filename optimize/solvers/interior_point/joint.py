"""What is left of a system by blocks for all of them together: the prices of rows with outcomes, a small dense system.

With R = H^-1 of all blocks, and E = A + B J of the rows that have outcomes (each with levers of one block at most),

    (1 / weights + E R E') y = E R first

By rows, this is taken as it stands. Where many rows share few outcomes, rows are eliminated block by block, and the
values z = J v and the prices p of the outcomes are left: twice as many numbers as outcomes.

Why both: with as many rows as outcomes the first takes a sixteenth of the multiplications, 20 instead of 330 ms for
1,300 limits; with a limit for each region and year on one national sum, it would have thousands of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.linalg import cho_factor, cho_solve, lu_factor, lu_solve
from scipy.sparse import csr_array, diags_array

from sd_models.system.model import FloatArray, IndexArray

from .triangular import solve_columns, solve_vector

# Up to so many rows for each outcome, their matrix is the cheaper one.
ROWS_FOR_AN_OUTCOME = 2


@dataclass(frozen=True, eq=False)
class Tied:
    """The rows that have outcomes: their numbers, B (rows, outcomes), and which of them have levers of each block."""

    numbers: IndexArray
    by_outcome: csr_array
    own: tuple[IndexArray, ...]

    @property
    def outcomes(self) -> int:
        """How many outcomes there are."""
        return int(self.by_outcome.shape[1])


class Joint(Protocol):
    """The system of all blocks, factored."""

    def prices(self, lows: Sequence[FloatArray]) -> list[FloatArray]:
        """For each block the prices of outcomes and own rows, from what its first right side makes of these."""


def joint_of(tied: Tied, weights: FloatArray, grams: Sequence[FloatArray]) -> Joint | None:
    """The system for the weights of all rows and, for each block, the products with R of outcomes and own rows; None
    without rows. LinAlgError where rounding leaves no factor."""
    chosen = weights[tied.numbers]
    if not len(chosen):
        return None
    if len(chosen) <= ROWS_FOR_AN_OUTCOME * tied.outcomes:
        try:
            return ByRows.of(tied, chosen, grams)
        except np.linalg.LinAlgError:  # rows that depend on each other: pivots may still be found
            pass
    return ByOutcomes.of(tied, chosen, grams)


@dataclass(frozen=True, eq=False)
class ByRows:
    """The system of the prices of rows."""

    tied: Tied
    factor: Any

    @classmethod
    def of(cls, tied: Tied, weights: FloatArray, grams: Sequence[FloatArray]) -> ByRows:
        """The system, factored; LinAlgError where rounding leaves no factor."""
        count, by_outcome = tied.outcomes, tied.by_outcome
        shared = _sum(gram[:count, :count] for gram in grams)
        matrix = np.asarray((by_outcome @ shared) @ by_outcome.T)
        for own, gram in zip(tied.own, grams, strict=True):
            across = gram[count:, :count] @ by_outcome.T
            matrix[own] += across
            matrix[:, own] += across.T
            matrix[np.ix_(own, own)] += gram[count:, count:]
        matrix[np.diag_indices_from(matrix)] += 1.0 / weights
        if not np.isfinite(matrix).all():
            raise np.linalg.LinAlgError
        return cls(tied, cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False))

    def prices(self, lows: Sequence[FloatArray]) -> list[FloatArray]:
        """The prices for each block."""
        tied, count = self.tied, self.tied.outcomes
        right = np.asarray(tied.by_outcome @ _sum(low[:count] for low in lows))
        for own, low in zip(tied.own, lows, strict=True):
            right[own] += low[count:]
        y = np.asarray(cho_solve(self.factor, right))
        shared = np.asarray(y @ tied.by_outcome)
        return [np.concatenate([shared, y[own]]) for own in tied.own]


def _sum(parts: Iterable[FloatArray]) -> FloatArray:
    """Their sum, without all of them side by side."""
    first, *others = parts
    found = first.copy()
    for part in others:
        found += part
    return found


@dataclass(frozen=True, eq=False)
class _OwnRows:
    """The rows of a block, eliminated: the factor of their system, and it applied to outcomes' prices and values."""

    lower: FloatArray
    outcomes: FloatArray
    values: FloatArray

    @classmethod
    def of(cls, gram: FloatArray, by_outcome: FloatArray, weights: FloatArray) -> _OwnRows:
        count = by_outcome.shape[1]
        lower = np.asfortranarray(np.linalg.cholesky(gram[count:, count:] + np.diag(1.0 / weights)))
        rows = np.asfortranarray(np.hstack([gram[count:, :count], by_outcome]))
        solve_columns(lower, rows)
        return cls(lower, rows[:, :count], rows[:, count:])


@dataclass(frozen=True, eq=False)
class ByOutcomes:
    """The system of the values and the prices of outcomes."""

    own: tuple[_OwnRows, ...]
    factor: Any

    @classmethod
    def of(cls, tied: Tied, weights: FloatArray, grams: Sequence[FloatArray]) -> ByOutcomes:
        """The system, factored; LinAlgError where rounding leaves no factor of the rows of a block."""
        count, shared = tied.outcomes, np.ones(len(tied.numbers), dtype=bool)
        own = []
        prices, mixed = np.zeros((count, count)), np.eye(count)
        values = np.zeros((count, count))
        for rows, gram in zip(tied.own, grams, strict=True):
            shared[rows] = False
            found = _OwnRows.of(gram, tied.by_outcome[rows].toarray(), weights[rows])
            prices += gram[:count, :count] - found.outcomes.T @ found.outcomes
            values += found.values.T @ found.values
            mixed += found.values.T @ found.outcomes
            own.append(found)
        pure = tied.by_outcome[np.flatnonzero(shared)]
        values += (pure.T @ diags_array(weights[shared]) @ pure).toarray()
        return cls(tuple(own), lu_factor(np.block([[values, -mixed], [-mixed.T, -prices]])))

    def prices(self, lows: Sequence[FloatArray]) -> list[FloatArray]:
        """The prices for each block."""
        count = len(self.factor[0]) // 2
        for_values, for_prices, parts = np.zeros(count), np.zeros(count), []
        for own, low in zip(self.own, lows, strict=True):
            part = low[count:].copy()
            solve_vector(own.lower, part)
            for_prices += part @ own.outcomes - low[:count]
            for_values -= part @ own.values
            parts.append(part)
        z, prices = np.split(lu_solve(self.factor, np.concatenate([for_values, for_prices])), 2)
        found = []
        for own, part in zip(self.own, parts, strict=True):
            rows = part - own.outcomes @ prices + own.values @ z
            solve_vector(own.lower, rows, transposed=True)
            found.append(np.concatenate([prices, rows]))
        return found

"""Linear systems of an interior-point method, by blocks with a border.

    (H + barrier) v + E'y = first
    E v - y / weights     = second        with E = A + B J

H has dense blocks for groups of levers. Rows of A with a few levers of one group and without outcomes are eliminated
into the blocks; rows of one group with outcomes are eliminated group by group after them; outcomes, and rows that reach
over groups, which count as outcomes here, form the border: a small dense system for their values and their prices.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

import numpy as np
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse import csr_array, diags_array

from sd_models.simulator.concurrency import processors
from sd_models.system.model import FloatArray, IndexArray, Mask

from .elastic import ElasticProgram
from .triangular import solve_columns, solve_vector

# Rows of more levers than this count as outcomes.
WIDE = 40
# Blocks are worth more than one processor if they have so many multiplications. The workers stay, unlike those of
# `sd_models.concurrency`: an iteration asks them nine times, and to start them anew takes a tenth of its time.
WORTH = 1e7
WORKERS = min(processors(), 8)

T = TypeVar("T")


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS)


@dataclass(frozen=True, eq=False)
class _Group:
    """A block: its levers, its H, the columns of outcomes, and the rows of its own with outcomes.

    `outcomes` (levers, outcomes) is J', `own` (levers, own rows) A', `own_by_outcome` B of these rows. `places` are
    those in the flat block that its rows without outcomes add to.
    """

    levers: IndexArray
    block: FloatArray
    outcomes: FloatArray
    rows: IndexArray
    own: FloatArray
    own_by_outcome: FloatArray
    places: IndexArray


@dataclass(frozen=True, eq=False)
class _Factor:
    """The factor of a block, its inverse times the border, and what its own rows with outcomes make of it."""

    lower: FloatArray
    border: FloatArray
    gram: FloatArray
    rows_lower: FloatArray
    rows_outcomes: FloatArray
    rows_values: FloatArray


class Bordered:
    """The structure of a program, and the factors of its system for the barrier and weights given last."""

    def __init__(
        self,
        groups: list[_Group],
        squares: csr_array,
        cuts: IndexArray,
        pure: IndexArray,
        pure_by_outcome: csr_array,
        count: int,
        convex: Callable[[FloatArray], FloatArray] | None,
    ) -> None:
        self._groups, self._squares, self._cuts = groups, squares, cuts
        self._pure, self._pure_by_outcome, self._count = pure, pure_by_outcome, count
        self._convex = convex
        self._factors: list[_Factor] = []
        self._pool = _pool() if sum(len(group.block) ** 3 for group in groups) > WORTH else None

    @classmethod
    def of(cls, program: ElasticProgram, convex: Callable[[FloatArray], FloatArray] | None = None) -> Bordered:
        """The structure of a program; `convex` makes another block of one that has no factor."""
        rows, levers = program.by_lever.shape
        owner, place = np.empty(levers, dtype=np.int64), np.empty(levers, dtype=np.int64)
        for number, group in enumerate(program.groups):
            owner[group], place[group] = number, np.arange(len(group))
        wide = _wide(program.by_lever, owner)
        used = np.unique(program.by_outcome.indices)
        outcomes = np.concatenate([program.ties[used], program.by_lever[wide].toarray()])
        by_outcome = _widened(program.by_outcome[:, used], wide)
        narrow = _kept(program.by_lever, ~np.isin(np.arange(rows), wide))
        tied, has_levers = np.diff(by_outcome.indptr) > 0, np.diff(narrow.indptr) > 0
        sizes = np.array([len(group) for group in program.groups])
        squares, at, cuts = _squares(_kept(narrow, ~tied), owner, place, sizes)
        starts = np.concatenate([[0], np.cumsum(sizes**2)])
        mixed = np.flatnonzero(tied & has_levers)
        owners = owner[narrow.indices[narrow.indptr[mixed]]]
        groups = []
        for number, (group, block) in enumerate(zip(program.groups, program.blocks, strict=True)):
            own = mixed[owners == number]
            groups.append(
                _Group(
                    group,
                    block,
                    np.asfortranarray(outcomes[:, group].T),
                    own,
                    np.asfortranarray(narrow[own][:, group].toarray().T),
                    by_outcome[own].toarray(),
                    at[cuts[number] : cuts[number + 1]] - starts[number],
                )
            )
        pure = np.flatnonzero(tied & ~has_levers)
        return cls(groups, squares, cuts, pure, csr_array(by_outcome[pure]), len(outcomes), convex)

    @property
    def blocks(self) -> tuple[FloatArray, ...]:
        """The blocks that the last factors have."""
        return tuple(group.block for group in self._groups)

    def factored(self, barrier: FloatArray, weights: FloatArray) -> bool:
        """Factors the system; False where rounding leaves a block without a factor."""
        added, count = self._squares @ weights, self._count
        values = (self._pure_by_outcome.T @ diags_array(weights[self._pure]) @ self._pure_by_outcome).toarray()
        prices, mixed = np.zeros((count, count)), np.eye(count)

        def factor(number: int) -> _Factor:
            group, part = self._groups[number], slice(self._cuts[number], self._cuts[number + 1])
            given = barrier[group.levers], added[part], weights[group.rows]
            try:
                return _factor(group, *given)
            except np.linalg.LinAlgError:
                if self._convex is None:
                    raise
                self._groups[number] = replace(group, block=self._convex(group.block))
                return _factor(self._groups[number], *given)

        try:
            self._factors = self._side_by_side(factor)
        except np.linalg.LinAlgError:
            return False
        for found in self._factors:
            outcomes, own = found.rows_outcomes, found.rows_values
            prices += found.gram - outcomes.T @ outcomes
            values += own.T @ own
            mixed += own.T @ outcomes
        self._border = lu_factor(np.block([[values, -mixed], [-mixed.T, -prices]])) if count else None
        return True

    def solved(self, right: FloatArray) -> FloatArray:
        """v where first is given and second is zero."""
        count, found = self._count, np.empty_like(right)

        def forward(number: int) -> tuple[FloatArray, FloatArray, FloatArray]:
            factor = self._factors[number]
            half = right[self._groups[number].levers]
            solve_vector(factor.lower, half)
            low = half @ factor.border
            part = low[count:]
            solve_vector(factor.rows_lower, part)
            return half, part, low[:count]

        begun = self._side_by_side(forward)
        z = prices = np.zeros(0)
        if self._border is not None:
            for_values, for_prices = np.zeros(count), np.zeros(count)
            for factor, (_, part, low) in zip(self._factors, begun, strict=True):
                for_prices += part @ factor.rows_outcomes - low
                for_values -= part @ factor.rows_values
            z, prices = np.split(lu_solve(self._border, np.concatenate([for_values, for_prices])), 2)

        def backward(number: int) -> None:
            factor, (half, part, _) = self._factors[number], begun[number]
            own = part - factor.rows_outcomes @ prices + factor.rows_values @ z
            solve_vector(factor.rows_lower, own, transposed=True)
            half -= factor.border @ np.concatenate([prices, own])
            solve_vector(factor.lower, half, transposed=True)
            found[self._groups[number].levers] = half

        self._side_by_side(backward)
        return found

    def _side_by_side(self, function: Callable[[int], T]) -> list[T]:
        """The values of a function of the numbers of the groups, on all processors."""
        numbers = range(len(self._groups))
        if self._pool is None:
            return [function(number) for number in numbers]
        shares = [numbers[first::WORKERS] for first in range(WORKERS)]
        parts = list(self._pool.map(lambda share: [function(number) for number in share], shares))
        return [parts[number % WORKERS][number // WORKERS] for number in numbers]


def _factor(group: _Group, barrier: FloatArray, added: FloatArray, weights: FloatArray) -> _Factor:
    """The factors of a block; LinAlgError where rounding leaves none."""
    count = group.outcomes.shape[1]
    matrix = group.block.copy()
    flat = matrix.reshape(-1)
    flat[group.places] += added
    flat[:: len(matrix) + 1] += barrier
    lower = np.asfortranarray(np.linalg.cholesky(matrix))
    border = np.empty((len(matrix), count + len(weights)), order="F")
    border[:, :count], border[:, count:] = group.outcomes, group.own
    solve_columns(lower, border)
    gram = border.T @ border
    rows_lower = np.asfortranarray(np.linalg.cholesky(gram[count:, count:] + np.diag(1.0 / weights)))
    rows = np.asfortranarray(np.hstack([gram[count:, :count], group.own_by_outcome]))
    solve_columns(rows_lower, rows)
    return _Factor(lower, border, gram[:count, :count], rows_lower, rows[:, :count], rows[:, count:])


def _wide(matrix: csr_array, owner: IndexArray) -> IndexArray:
    """The rows with many columns, or with those of several groups."""
    counts = np.diff(matrix.indptr)
    has = np.flatnonzero(counts)
    owners = owner[matrix.indices]
    starts = matrix.indptr[:-1][has]
    several = np.minimum.reduceat(owners, starts) < np.maximum.reduceat(owners, starts) if len(has) else has > 0
    return np.asarray(has[several | (counts[has] > WIDE)])


def _widened(by_outcome: csr_array, wide: IndexArray) -> csr_array:
    """B with an outcome more for each wide row."""
    known = by_outcome.tocoo()
    count = by_outcome.shape[1]
    rows = np.concatenate([known.coords[0], wide])
    columns = np.concatenate([known.coords[1], count + np.arange(len(wide))])
    values = np.concatenate([known.data, np.ones(len(wide))])
    return csr_array((values, (rows, columns)), shape=(by_outcome.shape[0], count + len(wide)))


def _kept(matrix: csr_array, mask: Mask) -> csr_array:
    """A matrix with the rows of a mask, the others empty."""
    found = csr_array(diags_array(mask.astype(np.float64)) @ matrix)
    found.eliminate_zeros()
    return found


def _squares(
    matrix: csr_array, owner: IndexArray, place: IndexArray, sizes: IndexArray
) -> tuple[csr_array, IndexArray, IndexArray]:
    """What the square of each row adds to the flat blocks, one after the other.

    A matrix (places, rows) to be multiplied by weights, the places, and where those of each block begin.
    """
    counts = np.diff(matrix.indptr)
    starts = np.concatenate([[0], np.cumsum(sizes**2)])
    places, values, rows = [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0, np.int64)]
    for count in np.unique(counts[counts > 0]):
        chosen = np.flatnonzero(counts == count)
        at = matrix.indptr[chosen][:, np.newaxis] + np.arange(count)
        columns, data = matrix.indices[at], matrix.data[at]
        group, inner = owner[columns[:, 0]], place[columns]
        first = (starts[group][:, np.newaxis] + inner * sizes[group][:, np.newaxis])[:, :, np.newaxis]
        places.append((first + inner[:, np.newaxis, :]).ravel())
        values.append((data[:, :, np.newaxis] * data[:, np.newaxis, :]).ravel())
        rows.append(np.repeat(chosen, count * count))
    every = np.concatenate(places)
    unique, inverse = np.unique(every, return_inverse=True)
    shape = len(unique), matrix.shape[0]
    squares = csr_array((np.concatenate(values), (inverse, np.concatenate(rows))), shape=shape)
    return squares, unique, np.searchsorted(unique, starts)

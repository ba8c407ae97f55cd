"""Linear systems of an interior-point method, by blocks with a border.

    (H + barrier) v + E'y = first
    E v - y / weights     = second        with E = A + B J

H has dense blocks for groups of levers. Rows of A with a few levers of one group and without outcomes are eliminated
into the blocks; outcomes, rows of one group with outcomes, and rows that reach over groups, which count as outcomes
here, form the border: what is left for all groups together is a small dense system (`joint.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

import numpy as np
from scipy.sparse import csr_array, diags_array

from sd_models.simulator.concurrency import processors
from sd_models.system.model import FloatArray, IndexArray, Mask

from .elastic import ElasticProgram
from .joint import Joint, Tied, joint_of
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

    `outcomes` (levers, outcomes) is J', `own` (levers, own rows) A'. `places` are those in the flat block that its rows
    without outcomes add to.
    """

    levers: IndexArray
    block: FloatArray
    outcomes: FloatArray
    own: FloatArray
    places: IndexArray


@dataclass(frozen=True, eq=False)
class _Factor:
    """The factor of a block, its inverse times the border, and the products of the columns of that."""

    lower: FloatArray
    border: FloatArray
    gram: FloatArray


class Bordered:
    """The structure of a program, and the factors of its system for the barrier and weights given last."""

    def __init__(
        self,
        groups: list[_Group],
        squares: csr_array,
        cuts: IndexArray,
        tied: Tied,
        convex: Callable[[FloatArray], FloatArray] | None,
    ) -> None:
        self._groups, self._squares, self._cuts, self._tied, self._convex = groups, squares, cuts, tied, convex
        self._factors: list[_Factor] = []
        self._joint: Joint | None = None
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
        outcomes = program.ties if len(used) == len(program.ties) else program.ties[used]
        wide_rows = program.by_lever[wide].toarray()
        by_outcome = _widened(program.by_outcome[:, used], wide)
        narrow = _kept(program.by_lever, ~np.isin(np.arange(rows), wide))
        has_outcomes, has_levers = np.diff(by_outcome.indptr) > 0, np.diff(narrow.indptr) > 0
        sizes = np.array([len(group) for group in program.groups])
        squares, at, cuts = _squares(_kept(narrow, ~has_outcomes), owner, place, sizes)
        starts = np.concatenate([[0], np.cumsum(sizes**2)])
        tied = np.flatnonzero(has_outcomes)
        mixed = np.flatnonzero(has_levers[tied])
        owners = owner[narrow.indices[narrow.indptr[tied[mixed]]]]
        own = [mixed[owners == number] for number in range(len(program.groups))]
        groups = [
            _Group(
                group,
                block,
                np.concatenate([outcomes[:, group], wide_rows[:, group]]).T,
                np.asfortranarray(narrow[tied[own[number]]][:, group].toarray().T),
                at[cuts[number] : cuts[number + 1]] - starts[number],
            )
            for number, (group, block) in enumerate(zip(program.groups, program.blocks, strict=True))
        ]
        return cls(groups, squares, cuts, Tied(tied, csr_array(by_outcome[tied]), tuple(own)), convex)

    @property
    def blocks(self) -> tuple[FloatArray, ...]:
        """The blocks that the last factors have."""
        return tuple(group.block for group in self._groups)

    def factored(self, barrier: FloatArray, weights: FloatArray) -> bool:
        """Factors the system; False where rounding leaves a block without a factor."""
        added = self._squares @ weights

        def factor(number: int) -> _Factor:
            group, part = self._groups[number], slice(self._cuts[number], self._cuts[number + 1])
            try:
                return _factor(group, barrier[group.levers], added[part])
            except np.linalg.LinAlgError:
                if self._convex is None:
                    raise
                self._groups[number] = replace(group, block=self._convex(group.block))
                return _factor(self._groups[number], barrier[group.levers], added[part])

        try:
            self._factors = self._side_by_side(factor)
            self._joint = joint_of(self._tied, weights, [factor.gram for factor in self._factors])
        except np.linalg.LinAlgError:
            return False
        return True

    def solved(self, right: FloatArray) -> FloatArray:
        """v where first is given and second is zero."""
        found = np.empty_like(right)

        def forward(number: int) -> tuple[FloatArray, FloatArray]:
            factor = self._factors[number]
            half = right[self._groups[number].levers]
            solve_vector(factor.lower, half)
            return half, half @ factor.border

        begun = self._side_by_side(forward)
        prices = [] if self._joint is None else self._joint.prices([low for _, low in begun])

        def backward(number: int) -> None:
            factor, (half, _) = self._factors[number], begun[number]
            if prices:
                half -= factor.border @ prices[number]
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


def _factor(group: _Group, barrier: FloatArray, added: FloatArray) -> _Factor:
    """The factors of a block; LinAlgError where rounding leaves none."""
    count, own = group.outcomes.shape[1], group.own.shape[1]
    matrix = group.block.copy()
    flat = matrix.reshape(-1)
    flat[group.places] += added
    flat[:: len(matrix) + 1] += barrier
    lower = np.asfortranarray(np.linalg.cholesky(matrix))
    border = np.empty((len(matrix), count + own), order="F")
    border[:, :count], border[:, count:] = group.outcomes, group.own
    solve_columns(lower, border)
    return _Factor(lower, border, border.T @ border)


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

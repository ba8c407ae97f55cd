"""Limits on levers that bounds can only just meet, made bounds before a solver sees them.

A sum of levers that are not negative, at most zero, leaves them no choice. As a row it has no interior: interior-point
methods lose their way there, and relative to what the levers are a sum of almost nothing misses it by a hundred per
cent. So these levers are fixed at their bounds, and the row goes (Brearley, Mitra and Williams 1975, Mathematical
Programming 8: forcing constraints). Its multiplier is found again afterwards, from the slopes of its levers: the least
that holds all of them at their bounds (Andersen and Andersen 1995, Mathematical Programming 71).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_array

from sd_models.system.model import FloatArray, IndexArray

from .optimality import Multipliers, slopes
from .program import Evaluation, Program

# Sums of bounds agree with a side within this part of their terms.
ROUNDING = 1e-12
# Limits hold within this part of their size.
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Forced:
    """A row that its levers only just meet at their bounds: on its upper `side` (1) or its lower one (-1).

    `levers` are those that it fixed, with its coefficients of them.
    """

    row: int
    side: float
    levers: IndexArray
    coefficients: FloatArray

    def price(self, slope: FloatArray) -> float:
        """The least multiplier that holds its levers where they are, from the slopes of the Lagrangian without it."""
        wanted = self.side * -slope[self.levers] / self.coefficients
        return self.side * max(0.0, float(wanted.max()))


@dataclass(frozen=True, eq=False)
class Presolved:
    """A `program` for solvers, of the same levers and rows as the `original`.

    Rows in `forced` have no sides in it, and their levers equal bounds. No levers within their bounds meet the rows in
    `hopeless`.
    """

    original: Program
    program: Program
    forced: tuple[Forced, ...] = ()
    hopeless: IndexArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def recovered(self, at: Evaluation, multipliers: Multipliers) -> Multipliers:
        """Multipliers of all rows of the original, from those of the program."""
        if not self.forced:
            return multipliers
        rows = multipliers.rows.copy()
        _, slope = slopes(self.original, at, multipliers)
        for forced in reversed(self.forced):  # what one fixed may have let another one fix more
            rows[forced.row] = price = forced.price(slope)
            slope = slope + price * self.original.lever_rows[[forced.row]].toarray()[0]
        return replace(multipliers, rows=rows)


def presolve(program: Program) -> Presolved:
    """The program with bounds for all rows that bounds can only just meet.

    Two levers that are not negative and may add up to nothing:

    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from optimize.problems.program import Evaluation, Program
    >>> class Nothing:
    ...     def evaluate(self, x):
    ...         return Evaluation(x, np.zeros(0))
    >>> program = Program(
    ...     outcomes=Nothing(),
    ...     lever_cost=np.array([-1.0, -2.0]),
    ...     outcome_cost=np.zeros(0),
    ...     lower=np.zeros(2),
    ...     upper=np.full(2, 9.0),
    ...     lever_rows=csr_array(np.ones((1, 2))),
    ...     outcome_rows=csr_array((1, 0)),
    ...     row_lower=np.array([-np.inf]),
    ...     row_upper=np.zeros(1),
    ... )
    >>> found = presolve(program)
    >>> found.program.upper.tolist(), found.program.row_upper.tolist()
    ([0.0, 0.0], [inf])
    >>> found.recovered(program.evaluate(np.zeros(2)), Multipliers.none(program)).rows.tolist()
    [2.0]
    """
    hard = np.flatnonzero(np.diff(program.outcome_rows.indptr) == 0)
    work = _Work(program, csr_array(program.lever_rows[hard]), hard, program.lower.copy(), program.upper.copy())
    forced = tuple(work.forced())
    hopeless = work.hopeless()
    if len(hopeless) or not forced:
        return Presolved(program, program, hopeless=hopeless)
    row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
    settled = work.settled()
    row_lower[settled], row_upper[settled] = -np.inf, np.inf
    smaller = replace(program, lower=work.lower, upper=work.upper, row_lower=row_lower, row_upper=row_upper)
    return Presolved(program, smaller, forced)


@dataclass(frozen=True, eq=False)
class _Work:
    """The rows on levers alone (`matrix`, by number `rows`), and bounds of the levers that close as rows are found."""

    program: Program
    matrix: csr_array
    rows: IndexArray
    lower: FloatArray
    upper: FloatArray

    def forced(self) -> Iterator[Forced]:
        """All rows that leave their levers no choice, until no bound that was closed brings about another one."""
        found = True
        while found:
            found = False
            for number, side in self._tight():
                for each in self._fixed(number, side):
                    found = True
                    yield each

    def _tight(self) -> Iterator[tuple[int, float]]:
        """Rows that bounds only just meet, with the side."""
        for side, end, reach in self._sides(self.lower, self.upper):
            near = ROUNDING * np.maximum(reach.terms, np.abs(end))
            room = side * (end - reach.values)
            yield from ((int(number), side) for number in np.flatnonzero(np.isfinite(room) & (room <= near)))

    def _sides(self, lower: FloatArray, upper: FloatArray) -> Iterator[tuple[float, FloatArray, Reach]]:
        """Both sides of the rows: 1 and -1, the ends, and how near to them levers between bounds may stay."""
        least, most = activities(self.matrix, lower, upper)
        yield 1.0, self.program.row_upper[self.rows], least
        yield -1.0, self.program.row_lower[self.rows], most

    def _fixed(self, number: int, side: float) -> Iterator[Forced]:
        """Closes the bounds of a row's levers, those that were not closed before."""
        part = slice(self.matrix.indptr[number], self.matrix.indptr[number + 1])
        levers, factors = self.matrix.indices[part].astype(np.int64), self.matrix.data[part]
        free = (self.lower[levers] < self.upper[levers]) & (factors != 0)
        levers, factors = levers[free], factors[free]
        if not len(levers):
            return
        held = np.where(side * factors > 0, self.lower[levers], self.upper[levers])
        self.lower[levers] = self.upper[levers] = held
        yield Forced(int(self.rows[number]), side, levers, factors)

    def hopeless(self) -> IndexArray:
        """The rows that no levers within the bounds meet."""
        reference = self.program.reference
        moves = self._sides(self.lower - reference, self.upper - reference)
        found = np.zeros(len(self.rows), dtype=bool)
        for (side, end, reach), (_, _, moved) in zip(self._sides(self.lower, self.upper), moves, strict=True):
            sizes = np.maximum(self.program.amounts[self.rows], moved.terms)
            found |= side * (reach.values - end) > TOLERANCE * np.where(sizes > 0, sizes, reach.terms)
        return self.rows[found]

    def settled(self) -> IndexArray:
        """The rows of which all levers are fixed."""
        free = (self.lower < self.upper).astype(np.float64)
        return self.rows[np.flatnonzero(abs(self.matrix) @ free == 0)]


@dataclass(frozen=True, eq=False)
class Reach:
    """The extreme values of rows between bounds, and the sums of their terms' absolute values there."""

    values: FloatArray
    terms: FloatArray


def activities(matrix: csr_array, lower: FloatArray, upper: FloatArray) -> tuple[Reach, Reach]:
    """The least and the largest value of each row between bounds of its columns; infinite where these are.

    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> least, most = activities(csr_array(np.array([[1.0, -2.0]])), np.zeros(2), np.array([3.0, np.inf]))
    >>> float(least.values[0]), float(most.values[0])
    (-inf, 3.0)
    """
    factors, columns = matrix.data, matrix.indices
    rising = factors > 0
    least = np.where(rising, lower[columns], upper[columns])
    most = np.where(rising, upper[columns], lower[columns])
    return _reach(matrix, factors * least), _reach(matrix, factors * most)


def _reach(matrix: csr_array, terms: FloatArray) -> Reach:
    return Reach(_row_sums(matrix, terms), _row_sums(matrix, np.abs(terms)))


def _row_sums(matrix: csr_array, values: FloatArray) -> FloatArray:
    """The sums of values that stand where a matrix has its entries."""
    if not len(values):
        return np.zeros(matrix.shape[0])
    starts = np.minimum(matrix.indptr[:-1], len(values) - 1)
    return np.where(np.diff(matrix.indptr) > 0, np.add.reduceat(values, starts), 0.0)

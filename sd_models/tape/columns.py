"""Columns as targets with vectors have them: the rows of a tape side by side, each filled up to whole vectors.

What fills a row repeats its last position, so that nothing is computed that the model does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..system.model import FloatArray, IndexArray
from .instructions import Load, Placed, Source, Tape

VECTOR = 8
"""Rows begin at, and are filled up to, multiples of so many numbers."""


@dataclass(frozen=True, eq=False)
class RowColumn:
    """A column of `size` elements in rows: `order` is the element at each place.

    `runs` are the lengths of the rows that lie side by side, by the place at which they begin. The last place is that
    of no element: what fills rows up may be written there.
    """

    size: int
    order: IndexArray
    runs: Mapping[int, int]

    @cached_property
    def places(self) -> IndexArray:
        """The first place of each element."""
        found = np.zeros(self.size, dtype=np.int64)
        found[self.order[::-1]] = np.arange(len(self.order))[::-1]
        return found

    def filled(self, values: FloatArray) -> FloatArray:
        """Values (..., elements) in places."""
        return np.ascontiguousarray(values[..., self.order])

    def elements(self, values: FloatArray) -> FloatArray:
        """Values (..., places) back at their elements."""
        return values[..., self.places]

    def is_run(self, places: IndexArray) -> bool:
        """Whether these places are a row that lies side by side, filled up."""
        return self.runs.get(int(places[0])) == len(places) and bool((np.diff(places) == 1).all())


def row_columns(tape: Tape, sizes: Mapping[Source, int]) -> dict[Source, RowColumn]:
    """The columns of the sources that a step reads and writes, with rows as it has them."""
    rows: dict[Source, list[IndexArray]] = {source: [] for source in sizes}
    for line in tape.instructions:
        if isinstance(line.data, Load):
            rows[line.data.source].append(line.data.elements)
    for name, placed in tape.results.items():
        rows[Source(name)] += [part.elements for part in placed]
    return {source: _column(rows[source], size) for source, size in sizes.items()}


def _column(rows: Iterable[IndexArray], size: int) -> RowColumn:
    taken = np.zeros(size, dtype=bool)
    order: list[int] = []
    runs: dict[int, int] = {}
    for row in rows:
        if len(row) > 1 and not taken[row].any() and len(np.unique(row)) == len(row):
            taken[row] = True
            runs[len(order)] = len(row)
            order += [*row.tolist(), *[int(row[-1])] * (-len(row) % VECTOR)]
    order += np.flatnonzero(~taken).tolist()
    order += order[-1:] * (VECTOR - len(order) % VECTOR)
    return RowColumn(size, np.array(order, dtype=np.int64), runs)


def in_rows(tape: Tape, columns: Mapping[Source, RowColumn]) -> Tape:
    """The tape on columns in rows: what it reads, and what comes out."""

    def moved(source: Source, elements: IndexArray) -> IndexArray:
        return columns[source].places[elements] if source in columns else elements

    lines = tuple(
        replace(line, data=replace(line.data, elements=moved(line.data.source, line.data.elements)))
        if isinstance(line.data, Load)
        else line
        for line in tape.instructions
    )
    results = {
        name: tuple(Placed(p.number, moved(Source(name), p.elements)) for p in placed)
        for name, placed in tape.results.items()
    }
    return Tape(lines, tape.tables, results)

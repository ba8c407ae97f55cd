"""Rows of a CSV file under known columns, read strictly: what is misspelt, missing or ragged is a fault of its line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sd_models.errors import Fault, InvalidRequest, nearest_or_some
from sd_models.system.model import key

from .rows import read_rows


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of a row by column, without blanks around them; a column that the file lacks is an empty cell."""

    file: str
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def fault(self, found: str, advice: str = "") -> Fault:
        """What is wrong with the row, at its place in the file."""
        return Fault(found, file=self.file, line=self.line, advice=advice)

    def empty(self, columns: Sequence[str]) -> Iterator[Fault]:
        """A fault for each of these columns in which the row has nothing."""
        yield from (self.fault(f"{column!r} is empty.", "Fill it in.") for column in columns if not self[column])

    def number(self, column: str) -> float:
        """The number in a cell; NaN where it holds none."""
        try:
            return float(self[column])
        except ValueError:
            return math.nan


def read_records(path: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> tuple[Record, ...]:
    """The rows of a table whose first row names its columns; InvalidRequest lists everything that is wrong."""
    rows = [(line, [cell.strip() for cell in row]) for line, row in read_rows(path)]
    rows = [(line, row) for line, row in rows if any(row)]
    columns = f"The first row names the columns: {', '.join((*needed, *optional))}."
    if not rows:
        raise InvalidRequest(Fault("is empty.", file=path.name, advice=columns))
    (first, header), *entries = rows
    faults = [replace(fault, file=path.name, line=first) for fault in _faults_of_header(header, needed, optional)]
    faults += [
        Fault(f"the row has {len(row)} cells, the header {len(header)}.", file=path.name, line=line)
        for line, row in entries
        if len(row) != len(header)
    ]
    if faults:
        raise InvalidRequest(faults)
    names = [key(name) for name in header]
    return tuple(Record(path.name, line, dict(zip(names, row, strict=True))) for line, row in entries)


def _faults_of_header(header: Sequence[str], needed: Sequence[str], optional: Sequence[str]) -> Iterator[Fault]:
    """What is wrong with the names of the columns."""
    known, names = (*needed, *optional), [key(name) for name in header]
    for place, name in enumerate(names):
        if name not in known:
            yield Fault(f"there is no column {header[place]!r}.", advice=nearest_or_some(name, known))
        elif name in names[:place]:
            yield Fault(f"two columns are called {name!r}.", advice="Keep one of them.")
    missing = [name for name in needed if name not in names]
    if missing:
        yield Fault(f"lacks the column {', '.join(map(repr, missing))}.", advice=f"It has: {', '.join(header)}.")

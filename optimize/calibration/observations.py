"""Observations from a table, in the two layouts that people keep.

Tidy: one observation a row, with columns for the time (`time` or `year`), the series (`series` or `variable`), the
`value`, and one for each dimension of the model variable, under its name (for a single dimension also `region` or
`element`). Wide: time and dimensions as before, and a column for each series. Other columns (unit, source) are left
alone, empty cells are missing. One element may also stand alone, in a column or a series that is called
`population[Beijing]`, or, where only that element is asked for, in a table without columns for dimensions. Names are
compared as in models, without case and underscores. The observations of a variable without dimensions are the rows
whose cells for dimensions are empty, or of a table that has no such column.

Why both: statistics come tidy, analysts keep them wide; neither should be converted by hand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.system.model import FloatArray, System, Variable, key

from ..files.names import Part
from ..files.rows import read_rows

TIMES = ("time", "year")
NAMES = ("series", "variable")
ELEMENTS = ("region", "element")
VALUE = "value"
MOST_LISTED = 5


@dataclass(frozen=True)
class Table:
    """The cells of a CSV file: header, and line and cells of each row."""

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def column(self, *names: str) -> int | None:
        """The place of the first column that has one of these names."""
        known = {key(name): place for place, name in reversed(list(enumerate(self.header)))}
        return next((known[key(name)] for name in names if key(name) in known), None)

    @property
    def is_tidy(self) -> bool:
        """Whether each row holds one observation."""
        return self.column(VALUE) is not None and self.column(*NAMES) is not None


@dataclass(frozen=True, eq=False)
class Observed:
    """Observations of a variable: `values` (times, elements), flat in the variable's order, NaN where missing."""

    times: FloatArray
    values: FloatArray
    notes: tuple[str, ...] = ()


@dataclass
class _Found:
    """What reading collects."""

    cells: dict[tuple[float, int], float] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    strangers: dict[str, None] = field(default_factory=dict)


def read_table(path: Path) -> Table:
    """The table of a CSV file; InvalidRequest for what is none."""
    rows = [(line, row) for line, row in read_rows(path) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        advice = "The first row names the columns: time (or year), dimensions, series."
        raise InvalidRequest(Fault("holds no observations.", file=path.name, advice=advice))
    header = tuple(cell.strip() for cell in rows[0][1])
    table = Table(path.name, header, tuple((line, tuple(cell.strip() for cell in row)) for line, row in rows[1:]))
    ragged = [(line, row) for line, row in table.rows if len(row) != len(header)]
    if ragged:
        found = "the row has {} cells, the header " + f"{len(header)}."
        raise InvalidRequest(Fault(found.format(len(row)), file=path.name, line=line) for line, row in ragged)
    if table.column(*TIMES) is None:
        advice = f"Name the column with the times {' or '.join(TIMES)}. It has: {', '.join(header)}."
        raise InvalidRequest(Fault("no column holds times.", file=path.name, line=1, advice=advice))
    return table


def observed(
    table: Table,
    column: str,
    system: System,
    variable: Variable,
    rows: Mapping[str, str] | None = None,
    part: Part | None = None,
) -> Observed:
    """The observations of a variable in the column (wide) or under the name (tidy) `column`.

    Only rows whose cells are those of `rows` count. A table that names no elements is about the single element of
    `part`. InvalidRequest lists what is wrong; elements that the model does
    not have are noted.
    """
    if variable.dimensions:
        table = _with_elements(table, column, variable, part)
    where = _Columns(table, column, system, variable, rows or {})
    found = _Found()
    for line, row in table.rows:
        if where.counts(row):
            where.read(line, row, found)
    if found.faults:
        raise InvalidRequest(found.faults)
    if not found.cells:
        raise InvalidRequest(where.nothing(found))
    times = sorted({time for time, _ in found.cells})
    values = np.full((len(times), where.size), np.nan)
    for (time, place), value in found.cells.items():
        values[times.index(time), place] = value
    return Observed(np.array(times), values, tuple(where.notes(found)))


def _names_of(dimension: str, variable: Variable) -> tuple[str, ...]:
    """What the column of a dimension may be called."""
    return (dimension, *ELEMENTS) if len(variable.dimensions) == 1 else (dimension,)


def _with_elements(table: Table, column: str, variable: Variable, part: Part | None) -> Table:
    """The table with a row of its own for each cell of a column or series `column[element]`, elements in columns.

    One that names no elements at all gets those of `part`, where it is about a single one.
    """
    missing = tuple(d for d in variable.dimensions if table.column(*_names_of(d, variable)) is None)
    if any(_elements(name, column) for name in _candidates(table)):
        return _spread(table, column, variable, missing)
    if part is None or not part.elements or missing != variable.dimensions:
        return table
    rows = tuple((line, (*row, *part.elements)) for line, row in table.rows)
    return Table(table.file, (*table.header, *missing), rows)


def _candidates(table: Table) -> Iterator[str]:
    """The texts that may name elements: those of columns, or of series."""
    series = table.column(*NAMES) if table.is_tidy else None
    yield from table.header if series is None else (row[series] for _, row in table.rows)


def _elements(name: str, column: str) -> tuple[str, ...]:
    """The elements that the name of a column or series adds to that of all of them; none for other names."""
    part = Part.of(name)
    return part.elements if key(part.name) == key(column) else ()


def _spread(table: Table, column: str, variable: Variable, missing: tuple[str, ...]) -> Table:
    """The table with columns for the elements that its columns or series name."""
    series = table.column(*NAMES) if table.is_tidy else None
    plain = table.column(column)
    header = (*table.header, *missing, *((column,) if series is None and plain is None else ()))
    wider = Table(table.file, header, ())
    axes = [wider.column(*_names_of(dimension, variable)) for dimension in variable.dimensions]
    places = [*axes, wider.column(column) if series is None else series]
    rows: list[tuple[int, tuple[str, ...]]] = []
    for line, row in table.rows:
        cells = zip(table.header, row, strict=True) if series is None else [(row[series], column)]
        named = [(*elements, cell) for name, cell in cells if (elements := _elements(name, column))]
        _check_count(named, variable, table.file, 1 if series is None else line)
        whole = (*row, *[""] * (len(header) - len(row)))
        changes = [dict(zip(places, texts, strict=True)) for texts in named]
        if not named or (series is None and plain is not None):
            changes.append({})
        rows += [(line, tuple(each.get(place, cell) for place, cell in enumerate(whole))) for each in changes]
    return replace(wider, rows=tuple(rows))


def _check_count(named: Sequence[tuple[str, ...]], variable: Variable, file: str, line: int) -> None:
    """InvalidRequest for a name with another number of elements than the variable has dimensions."""
    wrong = next((elements for *elements, _ in named if len(elements) != len(variable.dimensions)), None)
    if wrong is not None:
        found = f"it has the dimensions {', '.join(variable.dimensions)}; found [{', '.join(wrong)}]."
        raise InvalidRequest(Fault(found, variable.name, file, line))


class _Columns:
    """Where in the rows of a table the observations of one variable stand."""

    def __init__(self, table: Table, column: str, system: System, variable: Variable, rows: Mapping[str, str]) -> None:
        self.table, self.name, self.system, self.variable = table, column, system, variable
        self.size = system.size(variable)
        self.time = table.column(*TIMES)
        self.series = table.column(*NAMES) if table.is_tidy else None
        self.value = table.column(VALUE) if table.is_tidy else table.column(column)
        self.filters = [(table.column(name), text) for name, text in rows.items()]
        self.axes = [self._axis(dimension) for dimension in variable.dimensions]
        self.others = [] if variable.dimensions else self._element_columns()
        self._check(rows)

    def _axis(self, dimension: str) -> tuple[int | None, dict[str, int]]:
        """The column of a dimension, and the place of each of its elements."""
        elements = self.system.dimensions[dimension].elements
        places = {key(element): place for place, element in enumerate(elements)}
        return self.table.column(*_names_of(dimension, self.variable)), places

    def _element_columns(self) -> list[int]:
        """The columns that name elements of whatever dimension, unless a filter asks for them."""
        asked = {place for place, _ in self.filters}
        places = (self.table.column(name) for name in (*self.system.dimensions, *ELEMENTS))
        return [place for place in dict.fromkeys(places) if place is not None and place not in asked]

    def _check(self, rows: Mapping[str, str]) -> None:
        file, header = self.table.file, self.table.header
        faults = [
            Fault(f"there is no column {name!r}.", self.variable.name, file, 1, nearest(name, header))
            for name, (place, _) in zip(rows, self.filters, strict=True)
            if place is None
        ]
        if self.value is None:
            advice = nearest(self.name, header) or f"It has: {', '.join(header)}."
            faults.append(Fault(f"there is no column {self.name!r}.", self.variable.name, file, 1, advice))
        missing = [d for d, (place, _) in zip(self.variable.dimensions, self.axes, strict=True) if place is None]
        faults += [
            Fault(f"no column names the elements of {d!r}.", self.variable.name, file, 1, f"Call it {d!r}.")
            for d in missing
        ]
        if faults:
            raise InvalidRequest(faults)

    def counts(self, row: Sequence[str]) -> bool:
        """Whether a row is about this series."""
        if self.series is not None and key(row[self.series]) != key(self.name):
            return False
        if any(place is not None and key(row[place]) != key(text) for place, text in self.filters):
            return False
        return not any(row[place] for place in self.others)

    def read(self, line: int, row: Sequence[str], found: _Found) -> None:
        """Adds the observation of a row."""
        assert self.time is not None
        assert self.value is not None
        text, place = row[self.value], self._place(row, found)
        if place is None or text.casefold() in ("", "na", "nan"):
            return
        time, value = _number(row[self.time]), _number(text)
        for name, cell, number in ((TIMES[0], row[self.time], time), (self.name, text, value)):
            if not math.isfinite(number):
                found.faults.append(Fault(f"{cell!r} is not a number.", name, self.table.file, line))
                return
        if (time, place) in found.cells:
            found.faults.append(Fault(f"a second value for time {time:g}.", self.name, self.table.file, line))
        found.cells[time, place] = value

    def _place(self, row: Sequence[str], found: _Found) -> int | None:
        """The place of the element that a row is about; None for one that the model does not have."""
        places = []
        for column, known in self.axes:
            assert column is not None
            if key(row[column]) not in known:
                found.strangers[row[column]] = None
                return None
            places.append(known[key(row[column])])
        return int(np.ravel_multi_index(places, self.system.shape(self.variable))) if places else 0

    def nothing(self, found: _Found) -> Fault:
        """Why there is no observation."""
        if found.strangers:
            names = [element for d in self.variable.dimensions for element in self.system.dimensions[d].elements]
            stranger = next(iter(found.strangers))
            advice = nearest(stranger, names) or f"The model has: {', '.join(names[:MOST_LISTED])}, ..."
            return Fault(
                f"no row is about an element of the model; found {stranger!r}.",
                self.name,
                self.table.file,
                advice=advice,
            )
        if self.series is not None:
            place = self.series
            names = list(dict.fromkeys(row[place] for _, row in self.table.rows))
            if key(self.name) not in map(key, names):
                advice = nearest(self.name, names) or f"It has: {', '.join(names[:12])}."
                return Fault(f"there is no series {self.name!r}.", self.variable.name, self.table.file, advice=advice)
        return Fault("the table has no observation of it.", self.name, self.table.file)

    def notes(self, found: _Found) -> Iterator[str]:
        """What was left out."""
        if found.strangers:
            shown = ", ".join(list(found.strangers)[:MOST_LISTED]) + ", ..." * (len(found.strangers) > MOST_LISTED)
            yield f"{self.table.file}, {self.name}: rows of {shown} are left out; the model has no such elements."


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan

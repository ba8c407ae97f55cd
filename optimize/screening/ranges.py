"""Ranges of parameters from a CSV table with columns `name` (or `parameter`), `low` and `high`, and any others."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sd_models.errors import Fault, InvalidRequest, ModelError, nearest
from sd_models.rewrites.folding import unchanging
from sd_models.system.model import FloatArray, Kind, System, key

from ..files.names import Part, part_mask, part_of
from ..files.rows import read_rows

NAMES = ("name", "parameter", "variable")


@dataclass(frozen=True, eq=False)
class Ranges:
    """Parameters side by side: their labels, variables, places in these (flat), and the ends of their ranges."""

    labels: tuple[str, ...]
    variables: tuple[str, ...]
    places: tuple[int, ...]
    low: FloatArray
    high: FloatArray
    units: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def scaled(self, fractions: FloatArray) -> FloatArray:
        """Values at these fractions of the ranges, (runs, parameters)."""
        return np.asarray(self.low + fractions * (self.high - self.low))


def read_ranges(
    path: Path, system: System, chosen: Iterable[str] = (), without: Mapping[str, Sequence[str]] | None = None
) -> Ranges:
    """The ranges of a table, of all its rows or of those `chosen` by name; `without` those with one of these cells.

    InvalidRequest lists every row that is wrong: unknown names with the nearest ones, numbers that are none, ends in
    the wrong order. Rows without both ends, or with both alike, are noted and left out.
    """
    rows = [(line, row) for line, row in read_rows(path) if any(cell.strip() for cell in row)]
    columns = _columns(rows[0][1] if rows else [], path.name)
    entries = [(line, [row[c].strip() if c < len(row) else "" for c in columns]) for line, row in rows[1:]]
    wanted = _wanted([entry[0] for _, entry in entries], list(chosen), path.name)
    faults: list[Fault] = []
    found: list[tuple[str, str, int, float, float, str]] = []
    skipped: list[str] = []
    excluded = _excluded(rows, without or {}, path.name)
    still = unchanging(system)
    for line, (name, low, high) in entries:
        if not name or line in excluded or (wanted and key(name) not in wanted):
            continue
        if not low or not high or low == high:
            skipped.append(name)
            continue
        try:
            found.append(_range(system, still, name, _ends(low, high)))
        except ModelError as error:
            faults += [Fault(fault.found, name, path.name, line, fault.advice) for fault in error.faults]
    names = [label for label, *_ in found]
    faults += [
        Fault("two rows give its range.", name, path.name) for name in sorted(set(names)) if names.count(name) > 1
    ]
    if faults:
        raise InvalidRequest(faults)
    if not found:
        raise InvalidRequest(
            Fault("holds no range.", file=path.name, advice="Give each parameter a low and a high end.")
        )
    labels, variables, places, lows, highs, units = zip(*found, strict=True)
    return Ranges(labels, variables, places, np.array(lows), np.array(highs), units, tuple(_notes(path.name, skipped)))


def cells_by_column(texts: Iterable[str]) -> dict[str, list[str]]:
    """What the texts `COLUMN=CELL` name.

    >>> cells_by_column(["kind=fitted", "kind=estimate"])
    {'kind': ['fitted', 'estimate']}
    """
    cells: dict[str, list[str]] = {}
    for text in texts:
        column, equals, cell = text.partition("=")
        if not equals or not column.strip():
            raise InvalidRequest(Fault(f"{text!r} names no cells.", advice="Write COLUMN=CELL, as kind=fitted."))
        cells.setdefault(column.strip(), []).append(cell.strip())
    return cells


def _columns(header: Sequence[str], file: str) -> list[int]:
    """The columns of name, low end and high end."""
    known = {key(name): place for place, name in reversed(list(enumerate(header)))}
    name = next((known[name] for name in NAMES if name in known), None)
    places = {"name": name, "low": known.get("low"), "high": known.get("high")}
    missing = [what for what, place in places.items() if place is None]
    if missing:
        advice = f"It has: {', '.join(header)}." if header else ""
        raise InvalidRequest(
            Fault(f"there is no column {what!r}.", file=file, line=1, advice=advice) for what in missing
        )
    return [place for place in places.values() if place is not None]


def _wanted(names: Sequence[str], chosen: Sequence[str], file: str) -> set[str]:
    """The keys of the chosen rows; InvalidRequest for one that is not there."""
    unknown = [name for name in chosen if key(name) not in map(key, names)]
    if unknown:
        raise InvalidRequest(Fault(f"has no row {name!r}.", file=file, advice=nearest(name, names)) for name in unknown)
    return set(map(key, chosen))


def _excluded(rows: Sequence[tuple[int, Sequence[str]]], without: Mapping[str, Sequence[str]], file: str) -> set[int]:
    """The lines of rows with an unwanted cell; InvalidRequest for a column that is not there."""
    header = [key(name) for name in rows[0][1]]
    unknown = [name for name in without if key(name) not in header]
    if unknown:
        advice = nearest(unknown[0], rows[0][1])
        raise InvalidRequest(Fault(f"there is no column {unknown[0]!r}.", file=file, line=1, advice=advice))
    cells = {(header.index(key(name)), key(text)) for name, texts in without.items() for text in texts}
    return {line for line, row in rows[1:] if any(c < len(row) and key(row[c]) == text for c, text in cells)}


def _ends(low: str, high: str) -> tuple[float, float]:
    numbers = []
    for text in (low, high):
        try:
            numbers.append(float(text))
        except ValueError:
            numbers.append(math.nan)
        if not math.isfinite(numbers[-1]):
            raise InvalidRequest(Fault(f"{text!r} is not a number."))
    if numbers[0] >= numbers[1]:
        raise InvalidRequest(Fault(f"its low end {low} is not below its high end {high}."))
    return numbers[0], numbers[1]


def _range(
    system: System, still: Container[str], name: str, ends: tuple[float, float]
) -> tuple[str, str, int, float, float, str]:
    part = part_of(system, name)
    variable = system[part.name]
    if variable.kind not in (Kind.CONSTANT, Kind.AUXILIARY) or variable.name not in still:
        raise InvalidRequest(Fault("it is no constant of the model.", advice="Give ranges of constants."))
    places = np.flatnonzero(part_mask(system, part))
    if len(places) > 1:
        raise InvalidRequest(Fault("it has many elements.", advice=f"Name one: {variable.name}[element]."))
    return str(Part(variable.name, part.elements)), variable.name, int(places[0]), *ends, variable.unit


def _notes(file: str, skipped: Sequence[str]) -> Iterator[str]:
    if skipped:
        yield f"{file}: no range, so they keep the model's value: {', '.join(skipped)}."

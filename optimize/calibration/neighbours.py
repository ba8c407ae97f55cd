"""Tables beside a model that can say something about it: what observes its variables, and ranges of its constants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sd_models.dynamics.timing import CONTROLS
from sd_models.errors import InvalidRequest
from sd_models.rewrites.folding import unchanging
from sd_models.system.model import FloatArray, Kind, System, Variable, key

from ..files.names import part_of
from ..files.provenance import files_of
from ..files.rows import read_rows
from .observations import NAMES, TIMES, VALUE, Observed, Table, observed, read_table

MOST_FILES = 50  # of a folder that are looked into
LEAST_TIMES = 2
PARAMETERS = ("name", "parameter", "variable")  # columns that name a constant
FROM_REALITY = frozenset({"observed", "actual", "historical", "history", "measured"})  # cells that tell data from plans


@dataclass(frozen=True, eq=False)
class Observing:
    """A table that observes variables of a model: each with its observations, from rows with these cells only."""

    path: Path
    table: Table
    rows: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, Observed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Range:
    """The ends that a table gives a constant."""

    low: float
    high: float
    file: str


def folders_of(system: System) -> tuple[Path, ...]:
    """Where the tables of a model are looked for: its data folders, then the folder of its file."""
    if system.path is None:
        return ()
    found = (system.regions, *(path.parent for path in files_of(system)), system.path.parent)
    return tuple(dict.fromkeys(folder.resolve() for folder in found if folder is not None))


def _files(system: System) -> Iterator[Path]:
    for folder in folders_of(system):
        yield from sorted(path for path in folder.glob("*.csv") if path.is_file())[:MOST_FILES]


# --- what observes it -------------------------------------------------------------------------------------------------


def observing(system: System, times: FloatArray) -> tuple[Observing, ...]:
    """The tables that observe variables of a model within its times, the one with most of them first."""
    found: list[Observing] = []
    for path in _files(system):
        with suppress(InvalidRequest):  # a table of something else
            found.append(_observing(path, read_table(path), system, times))
    return tuple(sorted((one for one in found if one.found), key=lambda one: -len(one.found)))


def _observing(path: Path, table: Table, system: System, times: FloatArray) -> Observing:
    rows = _rows_from_reality(table)
    found: dict[str, Observed] = {}
    for variable in _named(table, system):
        with suppress(InvalidRequest):  # of other elements, or with cells that are no numbers
            seen = observed(table, variable.name, system, variable, rows)
            within = (seen.times >= times[0]) & (seen.times <= times[-1]) & np.isfinite(seen.values).any(axis=1)
            if within.sum() >= LEAST_TIMES:
                found[variable.name] = Observed(seen.times[within], seen.values[within])
    return Observing(path, table, rows, found)


def _named(table: Table, system: System) -> Iterator[Variable]:
    """The variables that change in a run and that the table names, each once."""
    series = table.column(*NAMES) if table.is_tidy else None
    names = table.header if series is None else tuple(dict.fromkeys(row[series] for _, row in table.rows))
    known = {key(name): name for name in system.variables}
    parts = (part_of(system, name).name for name in names)
    for name in dict.fromkeys(known[key(part)] for part in parts if key(part) in known):
        if can_be_observed(system, system[name]):
            yield system[name]


def can_be_observed(system: System, variable: Variable) -> bool:
    """Whether a variable of the modeller's changes in a run."""
    moves = variable.kind in (Kind.STOCK, Kind.AUXILIARY) and variable.name not in unchanging(system)
    return moves and not variable.origin and key(variable.name) not in {key(name) for name in CONTROLS}


def _rows_from_reality(table: Table) -> dict[str, str]:
    """The cell by which rows say that they are observed, where others say otherwise."""
    apart = {key(name) for name in (*TIMES, *NAMES, VALUE)}
    for place, name in enumerate(table.header):
        cells = dict.fromkeys(row[place] for _, row in table.rows)
        real = [cell for cell in cells if key(cell) in FROM_REALITY]
        if key(name) not in apart and len(real) == 1 and len(cells) > 1:
            return {name: real[0]}
    return {}


# --- ranges of constants ----------------------------------------------------------------------------------------------


def ranges_beside(system: System) -> dict[str, Range]:
    """The ranges that tables with columns `name` (or `parameter`), `low` and `high` give, by the key of the name."""
    found: dict[str, Range] = {}
    for path in _files(system):
        with suppress(InvalidRequest):
            for name, low, high in _ranges(path):
                found.setdefault(key(name), Range(low, high, path.name))
    return found


def _ranges(path: Path) -> Iterator[tuple[str, float, float]]:
    rows = [row for _, row in read_rows(path)]
    header = [key(cell) for cell in rows[0]] if rows else []
    columns = (PARAMETERS, ("low",), ("high",))
    places = [next((header.index(name) for name in names if name in header), None) for names in columns]
    if None in places:
        return
    for row in rows[1:]:
        name, *ends = (row[place] if place < len(row) else "" for place in places if place is not None)
        with suppress(ValueError):
            low, high = map(float, ends)
            if np.isfinite([low, high]).all() and low < high:
                yield name, low, high

"""A policy: paths of levers in a CSV file that any spreadsheet opens.

The first row names the columns: `time`, and one for each lever or element of it (`name`, `name[element]`). Every other
row gives a time and the values that hold from then on, until the next row.

Why a table and not TOML: analysts keep paths in spreadsheets, and `prosperity simulate --out run.csv` writes the same
layout, so that a column of a run can be edited and given back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import TimeSpan, slack
from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.simulator.simulation import compile
from sd_models.system.model import FloatArray, IndexArray, System

from ..files.names import Part, axes_of, positions, ranges_of
from ..files.rows import read_rows

TIME = "time"
SEPARATED = re.compile("[;\\t]")  # what spreadsheets write between columns in languages with commas in numbers


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """Values of parts of levers, (times, columns), each holding from its time on."""

    file: str
    times: FloatArray
    columns: tuple[Part, ...]
    values: FloatArray


def read_policy(path: Path) -> Policy:
    """The policy of a CSV file; InvalidRequest lists every cell that is wrong."""
    rows = [(line, row) for line, row in read_rows(path) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        advice = "The first row is `time` and the names of levers, the others are times and values."
        raise InvalidRequest(Fault("holds no policy.", file=path.name, advice=advice))
    header = [cell.strip() for cell in rows[0][1]]
    _check_header(header, path.name)
    numbers = _numbers(rows[1:], header, path.name)
    place = [name.casefold() for name in header].index(TIME)
    times = numbers[:, place]
    _check_ascending(times, rows[1:], path.name)
    columns = tuple(Part.of(name) for i, name in enumerate(header) if i != place)
    return Policy(path.name, times, columns, np.delete(numbers, place, axis=1))


def lever_paths(policy: Policy, system: System, time: TimeSpan | None = None) -> dict[str, xr.DataArray]:
    """The path of each lever of a policy at every time of a run, by name, (time, *dimensions).

    Elements without a column, and times before the first row, keep the model's own values.
    """
    names = list(dict.fromkeys(_known(system, part, policy.file) for part in policy.columns))
    simulator = compile(system, levers=names, outputs=names, time=time)
    own = {name: simulator.defaults[name].T for name in names}
    held = np.searchsorted(policy.times, simulator.times + slack(simulator.times), side="right") - 1
    paths = {name: _shaped(system, name, own[name]) for name in names}
    for part, values in zip(policy.columns, policy.values.T, strict=True):
        _put(paths[system[part.name].name], system, part, values, held)
    return {name: _labelled(path, simulator.times, system, name) for name, path in paths.items()}


def policy_notes(policy: Policy, times: FloatArray) -> Iterator[str]:
    """What of a policy has no effect in a run of these times, and where the model's own values hold."""
    if policy.times[0] > times[0] + slack(times):
        yield f"{policy.file}: before {policy.times[0]:.10g} the model's own values of the levers hold."
    if policy.times[-1] > times[-1] + slack(times):
        yield f"{policy.file}: rows after {times[-1]:.10g}, the end of the run, have no effect."


def _check_header(header: list[str], file: str) -> None:
    """InvalidRequest unless there is one `time` and every column has a name of its own."""
    names = [name.casefold() for name in header]
    faults = []
    if names.count(TIME) != 1:
        advice = "Name the column with the times `time`."
        if len(names) == 1 and SEPARATED.search(names[0]):
            advice = f"{advice} Commas stand between columns, and points in numbers: this file has other signs."
        found = f"{names.count(TIME)} columns are called `time`; expected one."
        faults.append(Fault(found, file=file, line=1, advice=advice))
    nameless = (i for i, name in enumerate(names, start=1) if not name)
    faults += [Fault(f"column {i} has no name.", file=file, line=1) for i in nameless]
    repeated = {name for name in header if name and header.count(name) > 1 and name.casefold() != TIME}
    faults += [Fault("there are two columns of this name.", name, file, 1) for name in sorted(repeated)]
    if not faults and len(header) < 2:
        faults.append(Fault("has no column with the values of a lever.", file=file, line=1))
    if faults:
        raise InvalidRequest(faults)


def _numbers(rows: Iterable[tuple[int, list[str]]], header: list[str], file: str) -> FloatArray:
    """The cells as numbers, (rows, columns)."""
    faults: list[Fault] = []
    numbers: list[list[float]] = []
    for line, row in rows:
        if len(row) != len(header):
            faults.append(Fault(f"the row has {len(row)} cells, the header {len(header)}.", file=file, line=line))
            continue
        values = [_number(cell) for cell in row]
        numbers.append(values)
        bad = (i for i, value in enumerate(values) if not math.isfinite(value))
        faults += [Fault(f"{row[i]!r} is not a number.", header[i], file, line) for i in bad]
    if faults:
        raise InvalidRequest(faults)
    return np.array(numbers)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _check_ascending(times: FloatArray, rows: list[tuple[int, list[str]]], file: str) -> None:
    back = np.flatnonzero(np.diff(times) <= 0)
    if len(back):
        row = int(back[0]) + 1
        found = f"time {times[row]:.10g} follows time {times[row - 1]:.10g}."
        raise InvalidRequest(Fault(found, TIME, file, rows[row][0], advice="Sort the rows by time."))


def _known(system: System, part: Part, file: str) -> str:
    """The modeller's name of the variable that a column names."""
    if part.name not in system:
        advice = nearest(part.name, system.variables)
        raise InvalidRequest(Fault(f"there is no variable {part.name!r}.", file=file, advice=advice))
    return system[part.name].name


def _shaped(system: System, name: str, path: FloatArray) -> FloatArray:
    return np.array(path, dtype=np.float64).reshape((len(path), *system.shape(system[name])))


def _put(path: FloatArray, system: System, part: Part, values: FloatArray, held: IndexArray) -> None:
    """Writes the values of one column into a path; `held` is the row that holds at each time, below 0 for none."""
    chosen = positions(part, axes_of(system, system[part.name]), ranges_of(system))
    times = np.flatnonzero(held >= 0)
    path[np.ix_(times, *chosen)] = values[held[times]].reshape((len(times), *(1 for _ in chosen)))


def _labelled(path: FloatArray, times: FloatArray, system: System, name: str) -> xr.DataArray:
    variable = system[name]
    return xr.DataArray(path, {TIME: times, **axes_of(system, variable)}, (TIME, *variable.dimensions))

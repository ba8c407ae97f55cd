"""Estimates put into the cells of CSV files from which the model reads its constants.

Only the cells change: other cells, quotes, line ends and comments stay as they are, byte by byte. All files are
written, or none.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np

from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.system.model import FloatArray, System, key

from .estimation import CalibrationResult, SourceFiles
from .parameters import Block, Parameters, labels_of, own_values
from .specification import Store

DIGITS = 9  # significant ones of an estimate in a file: far finer than any standard error
SAME = 1e-6  # relative: how well a cell must hold the model's own value, to be believed to be its source


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a CSV text: its text without quotes, and where it stands, quotes included."""

    text: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to stand in a file from `start` to `stop`."""

    path: Path
    start: int
    stop: int
    text: str


def cells_of(text: str) -> list[list[Cell]]:
    """The cells of a CSV text, row by row; empty lines have none.

    >>> [[cell.text for cell in row] for row in cells_of('a,"b, c"\\n1,2\\n')]
    [['a', 'b, c'], ['1', '2']]
    """
    rows: list[list[Cell]] = [[]]
    place = 0
    while place < len(text):
        stop = _end(text, place)
        raw = text[place:stop]
        if raw or rows[-1] or text[stop : stop + 1] == ",":
            rows[-1].append(Cell(_unquoted(raw), place, stop))
        if text[stop : stop + 1] != ",":
            rows.append([])
            stop += text.startswith("\r\n", stop)
        place = stop + 1
    return [row for row in rows if row]


def _end(text: str, start: int) -> int:
    """Where a cell ends: at the next comma or line end outside of quotes."""
    quoted, place = False, start
    while place < len(text) and (quoted or text[place] not in ",\r\n"):
        quoted ^= text[place] == '"'
        place += 1
    return place


def _unquoted(raw: str) -> str:
    text = raw.strip()
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text


class _Sheet:
    """A CSV file as a table of cells."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_bytes().decode("utf-8")
        self.rows = cells_of(self.text.removeprefix("\ufeff"))
        self.shift = len(self.text) - len(self.text.removeprefix("\ufeff"))

    def column(self, name: str) -> int:
        """The place of a column; InvalidRequest with the nearest names where there is none."""
        header = [cell.text for cell in self.rows[0]] if self.rows else []
        known = {key(text): place for place, text in reversed(list(enumerate(header)))}
        if key(name) not in known:
            raise InvalidRequest(
                Fault(f"there is no column {name!r}.", file=self.path.name, advice=nearest(name, header))
            )
        return known[key(name)]

    def cell(self, row: str, column: int, by: int) -> Cell:
        """The cell in the row whose cell in the column `by` is this text; InvalidRequest unless there is one such."""
        found = [cells for cells in self.rows[1:] if len(cells) > by and key(cells[by].text) == key(row)]
        if len(found) != 1:
            names = [cells[by].text for cells in self.rows[1:] if len(cells) > by]
            what = "no row is" if not found else f"{len(found)} rows are"
            raise InvalidRequest(Fault(f"{what} about {row!r}.", file=self.path.name, advice=nearest(row, names)))
        if len(found[0]) <= column:
            raise InvalidRequest(Fault(f"the row of {row!r} is too short.", file=self.path.name))
        return found[0][column]


def edits(system: System, parameters: Parameters, values: FloatArray, places: SourceFiles) -> list[Edit]:
    """The cells that hold the parameters and what shall stand in them.

    Parameters without `store` have none. InvalidRequest lists every cell that cannot be found, or that does not hold
    the model's own value, so that nothing is written where the model does not read.
    """
    sheets: dict[Path, _Sheet] = {}
    faults: list[Fault] = []
    found: list[Edit] = []
    own = own_values(system, parameters.variables)
    for number, block in enumerate(parameters.blocks):
        if block.asked.store is None:
            continue
        try:
            sheet = _sheet(block.asked.store, places, sheets)
            cells = list(_cells(system, block, block.asked.store, sheet))
        except InvalidRequest as error:
            faults += [Fault(f.found, block.variable, f.file, f.line, f.advice) for f in error.faults]
            continue
        faults += _strangers(system, block, cells, own[block.variable], sheet)
        for cell, value in zip(cells, values[parameters.block == number], strict=True):
            found.append(Edit(sheet.path, cell.start + sheet.shift, cell.stop + sheet.shift, f"{value:.{DIGITS}g}"))
    if faults:
        raise InvalidRequest(faults)
    return found


def check(system: System, parameters: Parameters, places: SourceFiles) -> None:
    """InvalidRequest, before long work, where the estimates could not be put in place afterwards."""
    if not edits(system, parameters, parameters.start, places):
        advice = "Add store = { file = ..., column = ... } to the parameters whose cells shall change."
        raise InvalidRequest(Fault("no parameter says where its value is stored.", advice=advice))


def edits_of(result: CalibrationResult) -> list[Edit]:
    """The edits that put the estimates of a result in place."""
    return edits(result.system, result.parameters, result.fit.values, result.places)


def notes(result: CalibrationResult, applied: Sequence[Path]) -> Iterator[str]:
    """Which estimates went nowhere."""
    without = dict.fromkeys(block.variable for block in result.parameters.blocks if block.asked.store is None)
    if not applied:
        yield "The search was interrupted, so no estimate was written into the model's data."
    elif without:
        yield f"{', '.join(without)}: the calibration file has no store for it, so the model's value stays."


def _sheet(store: Store, places: SourceFiles, sheets: dict[Path, _Sheet]) -> _Sheet:
    path = places.find(store.file)
    homes = [folder.resolve() for folder in places.folders]
    if not any(path.resolve().is_relative_to(home) for home in homes):
        raise InvalidRequest(Fault("lies outside of the data folder.", file=store.file))
    if not path.is_file():
        raise InvalidRequest(Fault("there is no such file.", file=str(path), advice="Correct `store`."))
    if not os.access(path, os.W_OK):
        raise InvalidRequest(Fault("cannot be written.", file=str(path)))
    if path not in sheets:
        try:
            sheets[path] = _Sheet(path)
        except UnicodeDecodeError as error:
            raise InvalidRequest(Fault("is not encoded in UTF-8.", file=path.name)) from error
    return sheets[path]


def _cells(system: System, block: Block, store: Store, sheet: _Sheet) -> Iterator[Cell]:
    """The cell of each element of a block."""
    variable = system[block.variable]
    by = 0 if store.key is None else sheet.column(store.key)
    axes = [system.dimensions[name].elements for name in variable.dimensions]
    for place in block.places:
        index = np.unravel_index(place, system.shape(variable)) if axes else ()
        row, column = _address([axis[i] for axis, i in zip(axes, index, strict=True)], block, store)
        yield sheet.cell(row, sheet.column(column), by)


def _address(elements: Sequence[str], block: Block, store: Store) -> tuple[str, str]:
    """The names of row and column of an element."""
    column = store.column or block.variable
    match elements:
        case [] if store.row is not None:
            return store.row, column
        case [element] if store.row is not None and store.column is None:
            return store.row, element
        case [element]:
            return element, column
        case [first, second]:
            return first, second
    what = "needs `row`" if not elements else f"has {len(elements)} dimensions; at most two fit into a table"
    raise InvalidRequest(Fault(f"its store {what}.", advice="Write store = { file = ..., row = ..., column = ... }."))


def _strangers(system: System, block: Block, cells: Sequence[Cell], own: FloatArray, sheet: _Sheet) -> Iterator[Fault]:
    """Faults for cells that hold something else than the model's own value."""
    labels = labels_of(system, block.variable)
    for place, cell in zip(block.places, cells, strict=True):
        value = float(own.reshape(-1)[place])
        if not math.isclose(_number(cell.text), value, rel_tol=SAME, abs_tol=1e-12):
            found = (
                f"the cell holds {cell.text!r}, the model's value is {value:.10g}: the model does not read it there."
            )
            yield Fault(found, labels[place], sheet.path.name, advice="Correct `store`.")
            return


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def apply(listed: Sequence[Edit]) -> tuple[Path, ...]:
    """Writes the edits, all files or none; the files that were written."""
    texts = {path: _edited(path, listed) for path in dict.fromkeys(edit.path for edit in listed)}
    _replace_all({path: text.encode("utf-8") for path, text in texts.items()})
    return tuple(texts)


def _edited(path: Path, listed: Sequence[Edit]) -> str:
    text = path.read_bytes().decode("utf-8")
    for edit in sorted((e for e in listed if e.path == path), key=lambda e: -e.start):
        text = text[: edit.start] + edit.text + text[edit.stop :]
    return text


def _replace_all(contents: Mapping[Path, bytes]) -> None:
    """Puts all contents in place; where one fails, those before it get their old content back."""
    before = {path: path.read_bytes() for path in contents}
    temporary = {path: path.with_name(f".{path.name}-{uuid4().hex}") for path in contents}
    done: list[Path] = []
    try:
        for path, content in contents.items():
            _write(temporary[path], content)
        for path in contents:
            temporary[path].replace(path)
            done.append(path)
    except BaseException as error:
        for path in done:
            path.write_bytes(before[path])
        if isinstance(error, OSError):
            found = f"cannot be written: {error.strerror or error}. Nothing was changed."
            raise InvalidRequest(Fault(found, file=str(error.filename or ""))) from error
        raise
    finally:
        for file in temporary.values():
            file.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

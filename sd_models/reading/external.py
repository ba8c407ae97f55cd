"""Numbers that a model keeps in files beside it: GET DIRECT/XLS constants, data, tables and subscripts.

PySD reads the cells; each file reference is first held against the folder of the model (`data_folder`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pysd.py_backend.data import Columns, TabData
from pysd.py_backend.external import ExtConstant, ExtData, ExtLookup, ExtSubscript
from pysd.translators.structures.abstract_expressions import (
    GetConstantsStructure,
    GetDataStructure,
    GetLookupsStructure,
)
from pysd.translators.structures.abstract_model import AbstractModel

from ..errors import Fault, InvalidModel, ModelError, UnreadableModel
from ..system.model import MISSING, FloatArray, Interpolation, Series, Values
from .cells import Sheets, reading_data
from .data_folder import DataFolder
from .grids import Grids
from .guard import check_cells, check_data

Read = TypeVar("Read")
NO_SERIES = "Data for "  # how PySD says that a file does not have the variable
SEPARATORS = {".tab": "\t"}  # of columns in files with named data, by the ending of the name; others have commas
KEYWORDS = {
    None: Interpolation.LINEAR,
    "interpolate": Interpolation.LINEAR,
    "extrapolate": Interpolation.EXTRAPOLATE,
    "hold_backward": Interpolation.BACKWARD,
    "look_forward": Interpolation.FORWARD,
    "raw": Interpolation.RAW,
}


def references(model: AbstractModel) -> tuple[str, ...]:
    """The data files to which a model refers, as it names them."""
    trees = [component.ast for s in model.sections for element in s.elements for component in element.components]
    ranges = [subscript.subscripts for section in model.sections for subscript in section.subscripts]
    names = (*(given["file"] for given in ranges if isinstance(given, dict)), *_files(trees))
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str)))


def _files(trees: list[Any]) -> Iterator[object]:
    """The names of files in syntax trees."""
    while trees:
        tree = trees.pop()
        if isinstance(tree, GetConstantsStructure | GetDataStructure | GetLookupsStructure):
            yield tree.file
        trees.extend(parts(tree))


def parts(tree: Any) -> Sequence[Any]:
    """What a node of a syntax tree is made of."""
    if isinstance(tree, list | tuple):
        return tree
    return [getattr(tree, part.name) for part in fields(tree)] if is_dataclass(tree) else ()


@dataclass
class ExternalFiles:
    """The files beside a model; `data` are files with the values of data variables that the model only names.

    `notes` collects what PySD remarks while it reads (missing cells, filled gaps), `read` the files that were read.
    """

    folder: DataFolder
    data: tuple[Path, ...] = ()
    notes: list[str] = field(default_factory=list)
    read: dict[Path, None] = field(default_factory=dict)
    grids: Grids = field(default_factory=Grids)

    def constants(self, request: GetConstantsStructure, block: Mapping[str, Sequence[str]], name: str) -> Values:
        """The cells as an array in the shape of the block (dimension name to elements)."""
        file = self._file(request)
        coords = {dimension: list(elements) for dimension, elements in block.items()}
        cells = (file, request.tab, request.cell, coords, self.folder.home, coords, name)
        external = self._read(lambda: _initialized(ExtConstant(*cells)))
        return Values(np.asarray(external.data, dtype=np.float64).reshape([len(e) for e in block.values()]))

    def series(
        self, request: GetDataStructure, block: Mapping[str, Sequence[str]], keyword: str | None, name: str
    ) -> Series:
        """A data series over time."""
        file = self._file(request)
        coords = {dimension: list(elements) for dimension, elements in block.items()}
        cells = (file, request.tab, request.time_row_or_col, request.cell, keyword or "interpolate")
        external = self._read(lambda: _initialized(ExtData(*cells, coords, self.folder.home, coords, name)))
        return _series(external.data["time"].to_numpy(), external.data.to_numpy(), KEYWORDS[keyword])

    def table(self, request: GetLookupsStructure, block: Mapping[str, Sequence[str]], name: str) -> Series:
        """A table of one argument."""
        file = self._file(request)
        coords = {dimension: list(elements) for dimension, elements in block.items()}
        cells = (file, request.tab, request.x_row_or_col, request.cell, coords, self.folder.home, coords, name)
        external = self._read(lambda: _initialized(ExtLookup(*cells)))
        points = external.data["lookup_dim"].to_numpy()
        return _series(points, external.data.to_numpy(), Interpolation.LINEAR)

    def subscripts(self, request: Mapping[str, str]) -> list[str]:
        """The elements of a subscript range."""
        file = self._checked(*list(request.values())[:-1])  # the last is a prefix
        cells = (request["tab"], request["firstcell"], request["lastcell"], request["prefix"])
        return [str(name) for name in self._read(lambda: ExtSubscript(file, *cells, self.folder.home).subscript)]

    def named_data(self, name: str, block: Mapping[str, Sequence[str]], keyword: str | None) -> Series | None:
        """The series of a data variable from the files given beside the model; None where none of them has it."""
        coords = {dimension: list(elements) for dimension, elements in block.items()}
        tabular = TabData(name, name.lower().replace(" ", "_"), coords, keyword or "interpolate")
        for file in self.data:
            check_data(file)
            self.grids.add(file, SEPARATORS.get(file.suffix.lower(), ","))
            try:
                self._read(lambda file=file: tabular.load_data(file))  # type: ignore[misc]
            except UnreadableModel as error:
                if NO_SERIES in str(error):
                    continue
                raise UnreadableModel(replace(fault, file=file.name) for fault in error.faults) from error
            self.read[file.resolve()] = None
            values = tabular.data.to_numpy()
            if np.isnan(values).all(axis=0).any():
                self.notes.append(f"{name}: {file.name} has no values for some of its elements; they are missing.")
            return _series(tabular.data["time"].to_numpy(), values, KEYWORDS[keyword])
        return None

    def close(self) -> None:
        """Forget the files; PySD keeps what it has read."""
        Sheets.clean()
        Columns.clean()

    def _file(self, request: GetConstantsStructure | GetDataStructure | GetLookupsStructure) -> str:
        """The file that a request names, as it was checked."""
        if not all(isinstance(value, str) for value in vars(request).values()):
            advice = "Write them as in GET DIRECT CONSTANTS('values.csv', ',', 'B2')."
            raise InvalidModel(Fault("file, sheet and cells are no texts in single quotes.", advice=advice))
        name, *cells = (getattr(request, part.name) for part in fields(request))
        return self._checked(name, *cells)

    def _checked(self, reference: str, *cells: object) -> str:
        """The file of a reference, taken note of, if these cells can be read in it."""
        file = self.folder.file(reference)
        check_cells(file, *cells)
        self.grids.add(file, str(cells[0]))
        self.read[file] = None
        return str(file)

    def _read(self, action: Callable[[], Read]) -> Read:
        """What PySD reads, its warnings kept as notes and its errors told as ours."""
        with warnings.catch_warnings(record=True) as caught, reading_data():
            warnings.simplefilter("always")
            try:
                value = action()
            except ModelError:
                raise
            except Exception as error:  # PySD, pandas and openpyxl raise whatever the file provokes in them
                found = f"cannot read the file beside the model: {' '.join(str(error).split())[:300]}"
                raise UnreadableModel(Fault(found, advice="Check file name, sheet and cells.")) from error
        self.notes.extend(self._told(str(warning.message)) for warning in caught)
        return value

    def _told(self, message: str) -> str:
        """A message of PySD's on one line, with the names of files as people know them."""
        for file in self.read:
            message = message.replace(f"{file.parent}/", "")
        return " ".join(message.split())


def _initialized(external: Any) -> Any:
    """PySD's object for a request, its cells read."""
    external.initialize()
    return external


def _series(points: FloatArray, values: FloatArray, interpolation: Interpolation) -> Series:
    """The points in ascending order."""
    order = np.argsort(points, kind="stable")
    x, y = (np.asarray(part, dtype=np.float64)[order] for part in (points, values))
    if interpolation is Interpolation.RAW:  # gaps are not filled
        y = np.where(np.isnan(y), MISSING, y)
    return Series(x, y, interpolation)

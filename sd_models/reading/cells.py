"""How PySD's readers of data files read here: texts in any usual encoding, series that end, numbers that are none.

- Text tables are decoded as models are (see `encodings`), and a note says so.
- A time or x without a number ends a series, as in Vensim ("the first blank cell" of GET XLS DATA); what stands behind
  it, a legend or another table, is none of the series. PySD reads on.
- A cell that looks like a number and is none, as `1,234.5` or `12%`, is an error. PySD takes it for a missing value.

The replay in PySD reads in the same way: which cells a model means is no matter of computing, so that it would compare
nothing but readers.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from pysd.py_backend.external import Excels, External

from ..errors import Fault, UnreadableModel
from .encodings import decoded, guess_note
from .guard import SPREADSHEETS
from .shadows import Shadows

LIKE_A_NUMBER = re.compile(r"[+-]?\s*[¥￥$€£]?\s*\d[\d.,'’\s]*%?")
MOST_TOLD = 5  # wrong cells in a message
_read_cells, _read_series = External._get_data_from_file, External._get_series_data


class _Pandas:
    """pandas, but its readers of text tables get decoded text."""

    def __getattr__(self, name: str) -> Any:
        return getattr(pd, name)

    def read_csv(self, file: Any, **options: Any) -> Any:
        """The table of a file with commas between its columns."""
        return pd.read_csv(_text(file), **{**options, "encoding": None})

    def read_table(self, file: Any, **options: Any) -> Any:
        """The table of a file with tabs between its columns."""
        return pd.read_table(_text(file), **{**options, "encoding": None})


def _text(file: Any) -> io.StringIO:
    path = Path(file)
    text, guess = decoded(path.read_bytes())
    if guess:
        Sheets.guesses[path] = guess_note(path.name, guess)
        warnings.warn(Sheets.guesses[path], stacklevel=2)
    return io.StringIO(text)


class Sheets(Excels):  # type: ignore[misc]
    """PySD's memory of the tables that it has read, with their cells as they stand in the file."""

    cells: ClassVar[dict[Path, Any]] = {}
    guesses: ClassVar[dict[Path, str]] = {}  # what to say of a file whose encoding was guessed

    @classmethod
    def read(cls, file_name: Path, tab: str) -> Any:
        """The numbers of a sheet of a spreadsheet, or of a text table with `tab` between columns; NaN elsewhere."""
        place = file_name.joinpath(tab)
        if place not in Excels._Excels or place not in cls.cells:
            cls.cells[place] = _table(file_name, tab)
            Excels._Excels[place] = np.array([pd.to_numeric(row, errors="coerce") for row in cls.cells[place]])
        return Excels._Excels[place]

    @classmethod
    def clean(cls) -> None:
        """Forget all of them."""
        Excels.clean()
        cls.cells.clear()
        cls.guesses.clear()


def _table(file: Path, tab: str) -> Any:
    """All cells of a table, as PySD asks pandas for them."""
    if file.suffix.lower() in SPREADSHEETS:
        return pd.read_excel(file, sheet_name=tab, header=None).values
    reader = _PANDAS.read_csv if file.suffix.lower() == ".csv" else _PANDAS.read_table
    separator = {"sep": tab} if tab and not tab[0].isalnum() else {}
    return reader(file, header=None, **separator).values


def _checked_cells(self: Any, rows: Sequence[int | None], cols: Sequence[int | None]) -> Any:
    """The numbers of some cells; UnreadableModel for a text there that looks like one."""
    numbers = _read_cells(self, rows, cols)
    asked = Sheets.cells[self.file.joinpath(self.tab)][slice(*rows), slice(*cols)]
    wrong = [
        f"{_name(row + (rows[0] or 0), column + (cols[0] or 0))} ({text.strip()!r})"
        for (row, column), text in np.ndenumerate(asked)
        if isinstance(text, str) and LIKE_A_NUMBER.fullmatch(text.strip()) and np.isnan(_number(text))
    ]
    if wrong:
        more = f" and {len(wrong) - MOST_TOLD} more" if len(wrong) > MOST_TOLD else ""
        found = f"no number in {', '.join(wrong[:MOST_TOLD])}{more}."
        advice = "Write numbers as 1234.5: a point for decimals, no separators of thousands, no units."
        encoding = Sheets.guesses.get(self.file, "")
        raise UnreadableModel(Fault(found, file=self.file.name, advice=f"{advice} {encoding}".rstrip()))
    return numbers


def _number(text: str) -> float:
    return float(pd.to_numeric(text, errors="coerce"))


def _name(row: int, column: int) -> str:
    """The name of a cell, as `B3`; both count from 0."""
    letters = ""
    while column >= 0:
        letters, column = chr(ord("A") + column % 26) + letters, column // 26 - 1
    return f"{letters}{row + 1}"


def _ended_series(self: Any, series_across: str, series_row_or_col: str, cell: str, size: int) -> Any:
    """Points and values of a series, up to the first point that is no number."""
    points, values = _read_series(self, series_across, series_row_or_col, cell, size)
    if series_across == "name" or not np.ndim(points):
        return points, values
    missing = np.isnan(points)
    end = int(missing.argmax()) if missing.any() else len(points)
    lost = int((~missing[end:]).sum())
    if end and lost:
        place = f"{self.py_name}: the series ends where {series_across} {series_row_or_col} has no number"
        warnings.warn(f"{place}; {lost} points behind it are not read.", stacklevel=2)
    return (points[:end], values[:end]) if end else (points, values)


_PANDAS = _Pandas()
_READERS = Shadows(
    (
        ("pysd.py_backend.external", "pd", _PANDAS),
        ("pysd.py_backend.data", "pd", _PANDAS),
        ("pysd.py_backend.utils", "pd", _PANDAS),
        ("pysd.py_backend.external", "Excels", Sheets),
        ("pysd.py_backend.external:External", "_get_data_from_file", _checked_cells),
        ("pysd.py_backend.external:External", "_get_series_data", _ended_series),
    )
)


@contextmanager
def reading_data() -> Iterator[None]:
    """PySD's readers as they read here, and pandas without its announcement of another reader of workbooks."""
    engines = ("io.excel.xlsx.reader", "openpyxl", "io.excel.xlsm.reader", "openpyxl")
    with _READERS.open(), pd.option_context(*engines):
        yield

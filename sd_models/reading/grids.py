"""How large the grids of spreadsheets and text tables are, told before anything is laid out in memory.

A spreadsheet of a kilobyte may hold one cell in the last column and one in the last row, and pandas makes an array with
all the cells between them; a text table with a long first row and many short ones is no better. So the files are first
walked through in a stream, with what their readers will make of them in mind: a cell without a place stands behind the
one before it, cells and rows that repeat count as often as they do, and empty ones at the end do not count. The kind of
a spreadsheet is told by its content, as pandas tells it.

Why not the size that a file declares: nobody holds it to that.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Protocol

from lxml import etree
from xlrd import XLRDError
from xlrd.compdoc import SIGNATURE, CompDoc, CompDocError

from ..errors import Fault, UnreadableModel, UnsafeModel
from .guard import ROWS, SPREADSHEETS, check_count

CELLS = 10_000_000  # of all tables of a model together; pandas takes up to a hundred bytes for each
COLUMNS = 20_000  # of a spreadsheet; the largest have 16,384
ELEMENTS = 1_000_000  # of an XML document that its reader holds as a whole: styles, names, or all of an .ods file
CHUNK = 1 << 20
ARCHIVE = b"PK\x03\x04"  # how one begins
PLACE = re.compile(r"([A-Za-z]+)\d+")
FILLED = frozenset(("v", "is", "f"))  # what a cell that is not empty holds
WHOLE = frozenset(("Types", "Relationships", "workbook", "styleSheet", "theme", "Properties", "coreProperties"))
CELL_KINDS = frozenset(("table-cell", "covered-table-cell"))
ADVICE = "Keep only the cells that the model reads, in the first rows and columns."

# Records of an .xls file: where a part begins and ends, where a sheet is, and cells, which have a row and a first
# column, and in the first two kinds a last column at the end.
BEGIN, END, SHEET = frozenset((0x0009, 0x0209, 0x0409, 0x0809)), 0x000A, 0x0085
SPANS = frozenset((0x00BD, 0x00BE))
CELL_RECORDS = SPANS | {0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x00D6, 0x00FD}
CELL_RECORDS |= {0x0201, 0x0203, 0x0204, 0x0205, 0x0206, 0x027E, 0x0406}
# Records of an .xlsb file: a row, and the least and last row and column of a sheet.
ROW, DIMENSION = 0, 0x0194


@dataclass
class Grids:
    """The cells of all tables that a model asks for, which are bounded together; each table is counted once."""

    counted: dict[tuple[Path, str], int] = field(default_factory=dict)

    def add(self, path: Path, tab: str) -> None:
        """UnsafeModel where there are more than `CELLS` with those of the file, whose columns `tab` separates."""
        table = path, "" if path.suffix.lower() in SPREADSHEETS else tab
        if table not in self.counted:
            self.counted[table] = cells(path, tab)
            check_count("cells in tables", sum(self.counted.values()), CELLS, ADVICE, file=path.name)


def cells(path: Path, tab: str = ",") -> int:
    """The cells that pandas would make of a file; UnsafeModel as soon as they are more than `CELLS`.

    All sheets of a spreadsheet count. `tab` separates the columns of a text table.
    """
    if path.suffix.lower() not in SPREADSHEETS:
        return _of_text(path, tab)
    try:
        with path.open("rb") as file:
            is_archive = file.read(4) == ARCHIVE
        return _of_archive(path) if is_archive else _of_xls(path)
    except (zipfile.BadZipFile, etree.XMLSyntaxError, struct.error, CompDocError, XLRDError, EOFError) as error:
        found = f"is a damaged spreadsheet: {' '.join(str(error).split())[:100]}."
        raise UnreadableModel(Fault(found, file=path.name, advice="Save the spreadsheet again.")) from error


@dataclass
class _Grid:
    """A grid as it grows: its last row and column that are not empty, and the cells gone through on the way, empty or
    not, with those of the grids before."""

    file: str
    others: int = 0  # cells of the grids before
    rows: int = 0
    columns: int = 0
    steps: int = 0

    @property
    def size(self) -> int:
        """The cells so far, with those of the grids before."""
        return self.others + self.rows * self.columns

    def reach(self, row: int, column: int) -> None:
        """Takes in a cell that is not empty; both count from 1."""
        self.rows, self.columns = max(self.rows, row), max(self.columns, column)
        self.check(row, column)

    def check(self, row: int, column: int) -> None:
        """UnsafeModel for a cell beyond what can be read, and for too many of them."""
        check_count("rows in a table", row, ROWS, ADVICE, file=self.file)
        check_count("columns in a table", column, COLUMNS, ADVICE, file=self.file)
        check_count("cells in tables", max(self.size, self.steps), CELLS, ADVICE, file=self.file)

    def next(self) -> _Grid:
        """The grid behind this one."""
        return _Grid(self.file, self.size, steps=self.steps)


# --- text tables ------------------------------------------------------------------------------------------------------


def _of_text(path: Path, tab: str) -> int:
    """Rows times the separators of the longest one; those between quotation marks count as well."""
    separator = (
        tab.encode().decode("latin-1") if tab and not tab[0].isalnum() else "," if path.suffix == ".csv" else "\t"
    )
    separator = "\t" if separator == r"\t" else separator
    rows = columns = 0
    with path.open(encoding="latin-1") as lines:
        for line in lines:
            rows, columns = rows + 1, max(columns, line.count(separator) + 1)
            if rows * columns > CELLS:
                break
    check_count("cells in tables", rows * columns, CELLS, ADVICE, file=path.name)
    return rows * columns


# --- .xlsx and .ods: archives of XML documents ------------------------------------------------------------------------


class _Target(Protocol):
    """What is told of an XML document as it is read."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""


def _of_archive(path: Path) -> int:
    """The cells of all documents in an archive."""
    grid = _Grid(path.name)
    with zipfile.ZipFile(path) as archive:
        names = {name.replace("\\", "/").lower() for name in archive.namelist()}
        is_binary = "xl/workbook.bin" in names and "xl/workbook.xml" not in names
        for member in archive.infolist():
            with archive.open(member) as document:
                grid = _of_binary(document, grid) if is_binary else _of_document(member.filename, document, grid)
    return grid.size


def _of_document(name: str, document: IO[bytes], grid: _Grid) -> _Grid:
    """The grids of an XML document; other files in the archive are pictures and the like, which nobody reads."""
    if not name.lower().endswith((".xml", ".rels")):
        return grid
    target = _Document(grid)
    parser = etree.XMLParser(target=target, resolve_entities=False, load_dtd=False, no_network=True)
    while chunk := document.read(CHUNK):
        parser.feed(chunk)
    parser.close()
    return target.grid.next()


class _Document:
    """An XML document, read by what its root says that it is."""

    def __init__(self, grid: _Grid) -> None:
        self.grid = grid
        self.told: _Target | None = None

    def doctype(self, *_declared: str | None) -> None:
        """No spreadsheet has one."""
        advice = "Save the spreadsheet again."
        raise UnsafeModel(Fault("declares a document type, which can define entities.", self.grid.file, advice=advice))

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins; the first one is the root."""
        if self.told is None:
            self.told = _reader(etree.QName(tag).localname)(self)
        self.told.start(tag.rpartition("}")[2], attributes)

    def end(self, tag: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """Text in an element."""
        if isinstance(self.told, _OpenDocument) and text.strip():
            self.told.fill()

    def close(self) -> None:
        """The document ends."""
        if isinstance(self.told, _OpenDocument):
            self.told.end_row()


def _reader(root: str) -> Callable[[_Document], _Target]:
    """Who reads a document with this root."""
    if root == "worksheet":
        return _Worksheet
    if root.startswith("document"):
        return _OpenDocument
    return partial(_Counted, most=CELLS if root == "sst" else ELEMENTS if root in WHOLE else None)


class _Counted:
    """A document that its reader holds as a whole: shared texts, styles; `most` is None for one that is not read."""

    def __init__(self, document: _Document, most: int | None) -> None:
        self.file, self.most, self.count = document.grid.file, most, 0

    def start(self, _tag: str, _attributes: dict[str, str]) -> None:
        """An element begins."""
        self.count += 1
        if self.most is not None:
            check_count("elements in a document", self.count, self.most, ADVICE, file=self.file)


class _Worksheet:
    """A sheet of an .xlsx file, placed as openpyxl places its cells."""

    def __init__(self, document: _Document) -> None:
        self.grid = document.grid
        self.row = self.column = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A row, a cell, or what is in a cell begins."""
        if tag == "row":
            self.row, self.column = self._number(attributes.get("r"), self.row + 1), 0
            self.grid.check(self.row, 0)
        elif tag == "c":
            before = self.column
            self.column = self._column(attributes.get("r"))
            self.grid.steps += max(1, self.column - before)
            self.grid.check(self.row, self.column)
        elif tag in FILLED:
            self.grid.reach(self.row, self.column)

    def _column(self, place: str | None) -> int:
        """The column of a cell: that of its place, or the next one."""
        found = PLACE.fullmatch(place or "")
        if found is None or len(found[1]) > 3:
            return self.column + 1 if place is None else COLUMNS + 1
        column = 0
        for letter in found[1].upper():
            column = column * 26 + ord(letter) - ord("A") + 1
        return column

    def _number(self, text: str | None, other: int) -> int:
        return _number(text, other, self.grid.file)


class _OpenDocument:
    """The tables of an .ods file, whose cells and rows may repeat."""

    def __init__(self, document: _Document) -> None:
        self.document, self.grid = document, document.grid
        self.elements = self.spaces = self.place = 0
        self.cell = self.cells = self.filled = 0  # of the row: how often its last cell repeats, all cells, filled ones
        self.repeats = self.empty_rows = self.rows = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A table, a row, a cell or what is in it begins."""
        self.elements += 1
        check_count("elements in a document", self.elements, ELEMENTS, ADVICE, file=self.grid.file)
        named = {name.rpartition("}")[2]: value for name, value in attributes.items()}
        if tag == "table":
            self.end_row()
            self.grid = self.document.grid = self.grid.next()
            self.rows = self.empty_rows = 0
        elif tag == "table-row":
            self.end_row()
            self.repeats = _number(named.get("number-rows-repeated"), 1, self.grid.file)
        elif tag in CELL_KINDS:
            self.cell = _number(named.get("number-columns-repeated"), 1, self.grid.file)
            self.cells += self.cell
            if "value-type" in named or "value" in named:
                self.fill()
        elif tag == "s":
            self.spaces += _number(named.get("c"), 1, self.grid.file)
            check_count("spaces in cells", self.spaces, CELLS, ADVICE, file=self.grid.file)

    def fill(self) -> None:
        """The last cell is not empty."""
        if self.repeats:
            self.filled = self.cells
            self.grid.reach(self.rows + self.empty_rows + self.repeats, self.filled)

    def end_row(self) -> None:
        """The row is complete; empty ones count when another one follows."""
        if self.filled:
            self.rows, self.empty_rows = self.rows + self.empty_rows + self.repeats, 0
        else:
            self.empty_rows += self.repeats
        self.cell = self.cells = self.filled = self.repeats = 0


def _number(text: str | None, other: int, file: str) -> int:
    """A whole number in an attribute; another one where there is none."""
    if text is None:
        return other
    try:
        return max(0, int(float(text)))
    except (ValueError, OverflowError) as error:
        found = f"{text[:30]!r} stands where the number of a row or column is expected."
        raise UnreadableModel(Fault(found, file=file, advice="Save the spreadsheet again.")) from error


# --- .xls and .xlsb: records ------------------------------------------------------------------------------------------


def _of_xls(path: Path) -> int:
    """The cells of all sheets, all of which xlrd reads, each from the place that the file says to the next end."""
    content = path.read_bytes()
    if content.startswith(SIGNATURE):
        content = _workbook(content)
    grid = _Grid(path.name)
    starts = [struct.unpack_from("<I", record)[0] for kind, record in _records(content, 0) if kind == SHEET]
    for start in starts or [0]:
        grid = _of_sheet(content, start, grid).next()
    return grid.size


def _workbook(content: bytes) -> bytes:
    """The stream of a compound file that holds the workbook."""
    document = CompDoc(content, logfile=io.StringIO())
    for name in ("Workbook", "Book"):
        stream, start, length = document.locate_named_stream(name)
        if stream is not None:
            return bytes(stream[start : start + length])
    raise EOFError("it holds no workbook")


def _of_sheet(content: bytes, start: int, grid: _Grid) -> _Grid:
    """The grid with the cells of a sheet; a chart inside it ends with an end of its own."""
    begun = is_inside = False
    for kind, record in _records(content, start):
        grid.steps += 1
        grid.check(0, 0)
        if kind == END and not is_inside:
            break
        if kind in BEGIN or kind == END:
            is_inside, begun = begun and kind != END, True
        elif kind in CELL_RECORDS and not is_inside and len(record) >= 4:
            row, first = struct.unpack_from("<HH", record)
            last = struct.unpack_from("<H", record, len(record) - 2)[0] if kind in SPANS else first
            grid.reach(row + 1, max(first, last) + 1)
    return grid


def _records(content: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each record from a place on."""
    while place + 4 <= len(content):
        kind, length = struct.unpack_from("<HH", content, place)
        yield kind, content[place + 4 : place + 4 + length]
        place += 4 + length


def _of_binary(document: IO[bytes], grid: _Grid) -> _Grid:
    """The grid of a part of an .xlsb file: each row of a sheet is as wide as the sheet says that it is."""
    width = 0
    for kind, record in _short_records(document.read()):
        if kind == DIMENSION and len(record) >= 16:
            width = struct.unpack_from("<I", record, 12)[0] + 1
        elif kind == ROW and len(record) >= 4:
            grid.steps += width
            grid.reach(struct.unpack_from("<I", record)[0] + 1, width)
    return grid.next()


def _short_records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each record of an .xlsb file; both have up to four bytes, the last one below 128."""
    place = 0
    while place < len(content):
        kind, place = _long(content, place, 8)
        length, place = _long(content, place, 7)
        yield kind, content[place : place + length]
        place += length


def _long(content: bytes, place: int, bits: int) -> tuple[int, int]:
    """A number with so many bits from each byte, and the place behind it."""
    number = 0
    for i in range(4):
        byte = content[place] if place < len(content) else 0
        number, place = number + ((byte & (1 << bits) - 1) << bits * i), place + 1
        if byte < 128:
            break
    return number, place

"""Grids are counted before anything reads them, as large as pandas would make them."""

from __future__ import annotations

import re
import resource
import struct
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from sd_models.errors import UnreadableModel, UnsafeModel
from sd_models.reading import grids
from sd_models.reading.cells import reading_data

MODEL = """{{UTF-8}}
x = GET DIRECT CONSTANTS('{file}', '{tab}', 'A1') ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 1 ~~|
TIME STEP = 1 ~~|
SAVEPER = TIME STEP ~~|
"""
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
SPACES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)
TABLE = (
    f"<office:document-content {SPACES}><office:body><office:spreadsheet>"
    '<table:table table:name="s">{}</table:table></office:spreadsheet></office:body></office:document-content>'
)
ONE = '<table:table-cell office:value-type="float" office:value="1"/>'
KILOBYTES = 500_000  # at most, of a process that refuses a file


def workbook(path: Path, rows: str, *, others: tuple[str, ...] = ()) -> Path:
    """An .xlsx file with these rows in its first sheet."""
    relations = "".join(
        f'<Relationship Id="r{i}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        f'Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, 2 + len(others))
    )
    sheets = "".join(f'<sheet name="s{i}" sheetId="{i}" r:id="r{i}"/>' for i in range(1, 2 + len(others)))
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for i in range(1, 2 + len(others))
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    main = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/xl/workbook.xml" ContentType='
            f'"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{kinds}</Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{main}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{main}">'
            f"<sheets>{sheets}</sheets></workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">{relations}</Relationships>',
        )
        for i, content in enumerate((rows, *others), start=1):
            archive.writestr(f"xl/worksheets/sheet{i}.xml", SHEET.format(content))
    return path


def open_document(path: Path, rows: str) -> Path:
    """An .ods file with these rows in its only table."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            '<manifest:file-entry manifest:full-path="/" '
            'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
            '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
            "</manifest:manifest>",
        )
        archive.writestr("content.xml", TABLE.format(rows))
    return path


def records(*parts: tuple[int, bytes]) -> bytes:
    """The bytes of an .xls file of the oldest kind, which is nothing but records."""
    begin, end = (0x0009, struct.pack("<HH", 7, 0x10)), (0x000A, b"")
    return b"".join(struct.pack("<HH", kind, len(part)) + part for kind, part in (begin, *parts, end))


def whole_number(row: int, column: int) -> tuple[int, bytes]:
    """The record of a cell with the number 1."""
    return 0x0002, struct.pack("<HH3xH", row, column, 1)


def of_pandas(path: Path) -> int:
    """The cells that pandas makes of the first sheet."""
    with warnings.catch_warnings(), reading_data():
        warnings.simplefilter("ignore")  # some readers will be others some day
        return int(pd.read_excel(path, header=None).size)


ROWS = (
    '<row r="1"><c r="A1"><v>7</v></c></row><row r="20"><c r="ZZ20"><v>1</v></c></row>',
    "<row><c><v>7</v></c><c><v>7</v></c></row><row><c><v>7</v></c></row>",
    '<row r="3"><c><v>7</v></c><c r="F3"><v>7</v></c><c><v>7</v></c></row>',
    '<row r="1"><c r="A1"><v>7</v></c><c r="D1" s="0"/></row><row r="9"><c r="A9"/></row>',
)


@pytest.mark.parametrize("rows", ROWS)
def test_a_workbook_is_as_large_as_pandas_makes_it(tmp_path: Path, rows: str) -> None:
    """Cells without a place stand behind the one before; what is empty at the end does not count."""
    path = workbook(tmp_path / "d.xlsx", rows)
    assert grids.cells(path) == of_pandas(path)


@pytest.mark.parametrize(
    "rows",
    [
        f"<table:table-row>{ONE}{ONE}</table:table-row><table:table-row>{ONE}</table:table-row>",
        f'<table:table-row table:number-rows-repeated="40">{ONE}</table:table-row>',
        f'<table:table-row><table:table-cell table:number-columns-repeated="7"/>{ONE}</table:table-row>',
        f'<table:table-row table:number-rows-repeated="5"><table:table-cell/></table:table-row>'
        f"<table:table-row>{ONE}</table:table-row>",
        f'<table:table-row>{ONE}<table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>',
    ],
)
def test_an_open_document_is_as_large_as_pandas_makes_it(tmp_path: Path, rows: str) -> None:
    """Rows and cells count as often as they repeat; LibreOffice fills its sheets up with empty ones, which do not."""
    path = open_document(tmp_path / "d.ods", rows)
    assert grids.cells(path) == of_pandas(path)


def test_an_old_workbook_is_as_large_as_pandas_makes_it(tmp_path: Path) -> None:
    """By its records."""
    path = tmp_path / "d.xls"
    path.write_bytes(records(whole_number(0, 3), whole_number(99, 0)))
    assert of_pandas(path) == 400
    assert grids.cells(path) >= 400


@pytest.mark.parametrize(
    ("text", "tab", "cells"), [("a,b\n1,2\n", ",", 4), ("1;2;3\n", ";", 3), ("1\t2\r3\t4", "\\t", 4)]
)
def test_text_tables_count_by_their_separator(tmp_path: Path, text: str, tab: str, cells: int) -> None:
    """Rows times the longest of them."""
    path = tmp_path / "d.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert grids.cells(path, tab) == cells


def far_binary(path: Path) -> Path:
    """An .xlsb file whose only row is the last one, and as wide as the sheet that declares it."""
    dimension = b"\x94\x01\x10" + struct.pack("<IIII", 0, 9, 0, 16383)
    row = b"\x00\x04" + struct.pack("<I", 1_048_575)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.bin", b"")
        archive.writestr("xl/worksheets/sheet1.bin", dimension + row)
    return path


def bombs(folder: Path) -> list[Path]:
    """Files of a few kilobytes that would take gigabytes."""
    far = '<row r="1"><c r="A1"><v>7</v></c></row><row r="20000"><c r="XFD20000"><v>1</v></c></row>'
    columns = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="900000000"/>'
    files = [
        workbook(folder / "far.xlsx", far),
        workbook(folder / "beyond.xlsx", '<row r="1"><c r="ZZZZ1"><v>7</v></c></row>'),
        workbook(folder / "last_row.xlsx", '<row r="900000000"><c><v>7</v></c></row>'),
        workbook(folder / "unplaced.xlsx", f"<row>{'<c/>' * 300_000}</row>"),
        workbook(folder / "sheets.xlsx", ROWS[0], others=('<row r="999"><c r="XFD999"><v>1</v></c></row>',) * 3),
        open_document(folder / "repeated.ods", f"<table:table-row>{columns}</table:table-row>"),
        open_document(
            folder / "rows.ods", f'<table:table-row table:number-rows-repeated="900000000">{ONE}</table:table-row>'
        ),
        open_document(
            folder / "spaces.ods",
            '<table:table-row><table:table-cell office:value-type="string"><text:p><text:s text:c="3000000000"/>'
            "</text:p></table:table-cell></table:table-row>",
        ),
        far_binary(folder / "far.xlsb"),
        folder / "far.xls",
        folder / "wide.csv",
        folder / "wide.tab",
    ]
    (folder / "far.xls").write_bytes(records(whole_number(0, 255), whole_number(65_534, 0)))
    (folder / "wide.csv").write_text("," * 60_000 + "\n" + "1\n" * 60_000, encoding="utf-8")
    (folder / "wide.tab").write_text("\t" * 60_000 + "\n" + "1\n" * 60_000, encoding="utf-8")
    return files


def test_small_files_that_declare_much_are_refused(tmp_path: Path) -> None:
    """Whatever their kind, with their name and what the limit is."""
    for path in bombs(tmp_path):
        with pytest.raises(UnsafeModel, match=rf"{path.name}: .*; the limit is"):
            grids.cells(path, "\t" if path.suffix == ".tab" else ",")


def test_the_tables_of_a_model_count_together(tmp_path: Path) -> None:
    """Each once, however often it is asked for."""
    rows = '<row r="1000"><c r="GGG1000"><v>1</v></c></row>'
    one, other, third = (workbook(tmp_path / f"{name}.xlsx", rows) for name in ("one", "other", "third"))
    counted = grids.Grids()
    for path in (one, one, one, other):
        counted.add(path, "s1")
    with pytest.raises(UnsafeModel, match=r"third\.xlsx: .* cells in tables"):
        counted.add(third, "s1")


@pytest.mark.parametrize("name", ["d.xlsx", "d.ods", "d.xls", "d.xlsb"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 nothing"])
def test_damaged_spreadsheets_are_told_as_such(tmp_path: Path, name: str, content: bytes) -> None:
    """Or hold no cells, for others to refuse."""
    path = tmp_path / name
    path.write_bytes(content)
    if content.startswith((b"PK", b"\xd0")):
        with pytest.raises(UnreadableModel, match="damaged spreadsheet"):
            grids.cells(path)
    else:
        assert grids.cells(path) == 0


def test_entities_in_a_workbook_are_refused(tmp_path: Path) -> None:
    """A few of them unfold to gigabytes."""
    path = workbook(tmp_path / "d.xlsx", ROWS[0])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/more.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(UnsafeModel, match="document type"):
        grids.cells(path)


def peak_of(status: str) -> int:
    """The peak of the resident set in the status of a process, in kilobytes.

    Why not what `wait4` tells: Linux counts the peak of the parent at the fork as the child's, which is the test run's.
    """
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


def bounded() -> None:
    """No process may take more than this, should the refusal fail."""
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


@pytest.mark.parametrize("name", ["far.xlsx", "repeated.ods", "far.xls", "far.xlsb", "wide.csv"])
def test_a_model_beside_such_a_file_is_refused_within_its_memory(tmp_path: Path, name: str) -> None:
    """In a process of its own: neither our reader nor PySD's takes more than half a gigabyte."""
    bombs(tmp_path)
    tab = "," if name.endswith("csv") else "s"
    (tmp_path / "m.mdl").write_text(MODEL.format(file=name, tab=tab), encoding="utf-8")
    code = (
        "import sys, sd_models as sd\n"
        "for read in (sd.load, sd.replay):\n"
        "    try: read(sys.argv[1])\n"
        "    except sd.ModelError as error: print(error)\n"
        "print(open('/proc/self/status').read(), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "m.mdl")]
    found = subprocess.run(command, capture_output=True, preexec_fn=bounded, text=True, check=False)
    assert found.stdout.count("the limit is") == 2, found
    assert peak_of(found.stderr) < KILOBYTES

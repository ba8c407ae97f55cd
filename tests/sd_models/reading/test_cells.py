"""Data beside a model: in any usual encoding, up to the end of a series, and only numbers that are numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pysd.py_backend import external
from support.models import faults, written

import sd_models as sd
from sd_models.errors import UnreadableModel
from sd_models.reading.cells import reading_data

CONTROLS = "INITIAL TIME = 0 ~~|\nFINAL TIME = 6 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = TIME STEP ~~|\n"


def model(folder: Path, equation: str, data: bytes, *, name: str = "data.csv") -> Path:
    """A model with one equation for `y`, and the file of data beside it."""
    (folder / name).write_bytes(data)
    return written(folder, f"y {equation} ~~|", controls=CONTROLS)


def y(path: Path) -> list[float]:
    """The path of `y`, which is that of the replay in PySD."""
    ours, theirs = sd.simulate(sd.load(path))["y"], sd.replay(path)["y"]
    np.testing.assert_array_equal(ours, theirs)
    return [float(value) for value in ours]


@pytest.mark.parametrize("sign", ["=", ":="])
@pytest.mark.parametrize(
    "rows",
    [
        "t,0,2,4,,note,9,10\nv,1,3,5,,x,99,98\n",
        "t,0,2,4,legend,8\nv,1,3,5,x,99\n",
        "t,0,2,4\nv,1,3,5\n",
        "t,0,2,4,,\nv,1,3,5,7,\n",
    ],
)
def test_the_first_time_that_is_blank_ends_a_series(tmp_path: Path, sign: str, rows: str) -> None:
    """What stands behind a blank time or a word is none of it; `=` reads data as `:=` does."""
    path = model(tmp_path, f"{sign} GET DIRECT DATA('data.csv', ',', '1', 'B2')", rows.encode())
    assert y(path) == [1, 2, 3, 4, 5, 5, 5]


def test_a_series_in_a_column_of_a_workbook_ends_as_well(tmp_path: Path) -> None:
    """Spreadsheets end as text tables do, and a note tells what is not read."""
    frame = pd.DataFrame({"t": [0, 2, 4, None, 9], "v": [1, 3, 5, None, 99]})
    frame.to_excel(tmp_path / "data.xlsx", sheet_name="sheet", index=False)
    path = written(tmp_path, "y := GET DIRECT DATA('data.xlsx', 'sheet', 'A', 'B2') ~~|", controls=CONTROLS)
    assert y(path) == [1, 2, 3, 4, 5, 5, 5]
    assert any("1 points behind it are not read" in note for note in sd.load(path).notes)


def test_a_table_ends_at_a_blank_too(tmp_path: Path) -> None:
    """The x of a table ends it, like the time of a series."""
    (tmp_path / "data.csv").write_text("x,0,2,,9\nv,0,4,,99\n", encoding="utf-8")
    text = "table = GET DIRECT LOOKUPS('data.csv', ',', '1', 'B2') ~~|\ny = table(Time) ~~|"
    assert y(written(tmp_path, text, controls=CONTROLS)) == [0, 2, 4, 4, 4, 4, 4]


@pytest.mark.parametrize("cell", ['"1,234.5"', '"1,234"', "1 234", "12%", "1'000", "$5", "1.234.567"])
def test_what_only_looks_like_a_number_is_an_error(tmp_path: Path, cell: str) -> None:
    """The cell, its text and how numbers are written are told; PySD takes it for a missing value."""
    path = model(tmp_path, "= GET DIRECT CONSTANTS('data.csv', ',', 'B2')", f"a,b\nk,{cell}\n".encode())
    (fault,) = faults(UnreadableModel, lambda: sd.load(path))
    assert cell.strip('"') in fault.found
    assert "B2" in fault.found
    assert "1234.5" in fault.advice


def test_the_time_of_a_series_is_held_to_that_as_well(tmp_path: Path) -> None:
    """A year with a separator of thousands would end the series before it began."""
    rows = 't,"1,000","2,000"\nv,1,3\n'
    path = model(tmp_path, ":= GET DIRECT DATA('data.csv', ',', '1', 'B2')", rows.encode())
    (fault,) = faults(UnreadableModel, lambda: sd.load(path))
    assert "B1 ('1,000'), C1 ('2,000')" in fault.found


def test_cells_that_nobody_asks_for_may_hold_anything(tmp_path: Path) -> None:
    """A text in another row is no fault."""
    path = model(tmp_path, "= GET DIRECT CONSTANTS('data.csv', ',', 'B2')", b'a,"1,000"\nk,5\nz,12%\n')
    assert y(path) == [5] * 7


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-8-sig", "utf-8"])
def test_tables_from_chinese_windows_are_read(tmp_path: Path, encoding: str) -> None:
    """The encoding is told by the bytes; a note says which, unless it is UTF-8."""
    rows = "年份;0;2;4\n城镇人口;1;3;5\n".encode(encoding)
    path = model(tmp_path, ":= GET DIRECT DATA('data.csv', ';', '1', 'B2')", rows)
    assert y(path) == [1, 2, 3, 4, 5, 5, 5]
    assert any("was read as" in note for note in sd.load(path).notes) is (not encoding.startswith("utf-8"))


def test_names_in_given_data_may_be_chinese(tmp_path: Path) -> None:
    """A table of named data is decoded as well, also for the replay."""
    (tmp_path / "values.csv").write_bytes("Time,人口\n0,1\n6,7\n".encode("gbk"))
    path = written(tmp_path, "人口 ~~|\ny = 人口 * 2 ~~|", controls=CONTROLS)
    system = sd.load(path, data=[tmp_path / "values.csv"])
    assert sd.simulate(system)["y"].to_numpy().tolist() == [2, 4, 6, 8, 10, 12, 14]


def test_pysd_reads_as_it_likes_outside(tmp_path: Path) -> None:
    """Nothing of PySD stays changed."""
    before = external.External._get_series_data, external.Excels, external.pd
    with reading_data():
        assert external.Excels is not before[1]
    assert (external.External._get_series_data, external.Excels, external.pd) == before

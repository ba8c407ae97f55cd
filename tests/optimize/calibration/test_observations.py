"""Observations are found in tidy and in wide tables, and every cell that is wrong is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from optimize.calibration.observations import observed, read_table
from optimize.files.names import Part
from sd_models.errors import InvalidRequest
from sd_models.system.model import System

TIDY = """lake,year,series,value,unit
north,0,fish,5,t
South,0,Fish,10,t
north,2,fish,,t
south,2,fish,14,t
north,1,fish,6,t
,0,all fish,15,t
east,0,fish,3,t
"""
WIDE = """Year,lake,fish,mean_depth,source
0,north,5,3,a
0,south,10,3,b
1,north,6,,a
2,south,14,3,b
"""
REGION = WIDE.replace("lake", "region").replace("Year", "time")


def found(path: Path, text: str, system: System, name: str = "fish", **options: object) -> tuple[list[float], object]:
    """Times and values of a table."""
    path.write_text(text, encoding="utf-8")
    answer = observed(read_table(path), name, system, system[name], **options)  # type: ignore[arg-type]
    return answer.times.tolist(), answer.values.tolist()


@pytest.mark.parametrize("text", [TIDY, WIDE, REGION, "\ufeff" + WIDE, WIDE.replace("\n", "\r\n")])
def test_layouts_tell_the_same(text: str, system: System, tmp_path: Path) -> None:
    """Whatever the order of rows, case, byte order mark or line ends; what is missing is NaN."""
    times, values = found(tmp_path / "t.csv", text, system)
    assert times == [0, 1, 2]
    np.testing.assert_equal(np.array(values), [[5, 10], [6, np.nan], [np.nan, 14]])


def test_a_variable_without_dimensions_has_rows_without_elements(system: System, tmp_path: Path) -> None:
    """In a table that has a column for elements, and in one that has none."""
    assert found(tmp_path / "t.csv", TIDY, system, "all fish") == ([0.0], [[15.0]])
    assert found(tmp_path / "t.csv", "year,all fish\n0,1\n3,2\n", system, "all fish") == ([0.0, 3.0], [[1.0], [2.0]])


ELEMENTS = """year,fish[north],Fish[ South ],source
0,5,10,a
1,6,,b
2,,14,b
"""
TIDY_ELEMENTS = """year,series,value
0,fish[north],5
0,fish[south],10
1,fish[North],6
1,all fish,6
2,fish[south],14
"""
MIXED = """year,lake,fish,fish[south]
0,north,5,10
1,north,6,
2,,,14
"""


@pytest.mark.parametrize("text", [ELEMENTS, TIDY_ELEMENTS, MIXED])
def test_columns_and_series_may_name_elements(text: str, system: System, tmp_path: Path) -> None:
    """As the command line and other tables do; beside a column for the dimension, too."""
    times, values = found(tmp_path / "t.csv", text, system)
    assert times == [0, 1, 2]
    np.testing.assert_equal(np.array(values), [[5, 10], [6, np.nan], [np.nan, 14]])


def test_a_table_without_elements_is_about_the_one_that_is_asked_for(system: System, tmp_path: Path) -> None:
    """A series of one element reads like one without dimensions."""
    part = Part("fish", ("south",))
    times, values = found(tmp_path / "t.csv", "year,fish\n0,10\n2,14\n", system, part=part)
    assert times == [0, 2]
    np.testing.assert_equal(np.array(values), [[np.nan, 10], [np.nan, 14]])


def test_rows_may_be_chosen(system: System, tmp_path: Path) -> None:
    """By the cells of any column."""
    text = "year,all fish,kind\n0,1,observed\n1,9,projected\n2,3,Observed\n"
    assert found(tmp_path / "t.csv", text, system, "all fish", rows={"kind": "observed"})[0] == [0.0, 2.0]


def test_rows_of_strangers_are_noted(system: System, tmp_path: Path) -> None:
    """A misspelt element must not vanish in silence."""
    path = tmp_path / "t.csv"
    path.write_text(TIDY, encoding="utf-8")
    (note,) = observed(read_table(path), "fish", system, system["fish"]).notes
    assert "rows of east are left out" in note


WRONG = {
    "no time": ("lake,fish\nnorth,1\n", "no column holds times"),
    "no series": ("lake,year,fihs\nnorth,0,1\n", "Did you mean 'fihs'"),
    "no tidy series": ("lake,year,series,value\nnorth,0,fihs,1\n", "Did you mean 'fihs'"),
    "no dimension": ("year,fish\n0,1\n", "no column names the elements of 'lake'"),
    "no number": (WIDE.replace("14", "many"), "t.csv:5, \"fish\": 'many' is not a number"),
    "infinite": (WIDE.replace("14", "inf"), "'inf' is not a number"),
    "no time in a row": (WIDE.replace("2,south", "soon,south"), "'soon' is not a number"),
    "twice": (WIDE + "0,north,7,3,a\n", "a second value for time 0"),
    "too many elements": ('year,"fish[north, old]"\n0,1\n', "it has the dimensions lake; found [north, old]"),
    "a stranger in brackets": ("year,fish[norht]\n0,1\n", "Did you mean 'north'"),
    "ragged": (WIDE + "3,north\n", "t.csv:6: the row has 2 cells, the header 5"),
    "strangers only": ("lake,year,fish\nnorht,0,1\n", "Did you mean 'north'"),
    "empty": ("lake,year,fish\n", "holds no observations"),
    "nothing in it": ("lake,year,fish\nnorth,0,\n", "has no observation of it"),
    "open quote": ('lake,year,fish\n"north,0,1\n', "is not a CSV file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named(case: str, system: System, tmp_path: Path) -> None:
    """With file, line and the nearest name."""
    text, told = WRONG[case]
    with pytest.raises(InvalidRequest) as raised:
        found(tmp_path / "t.csv", text, system)
    assert told in str(raised.value)


def test_all_wrong_cells_are_named_at_once(system: System, tmp_path: Path) -> None:
    """Not one after the other."""
    with pytest.raises(InvalidRequest) as raised:
        found(tmp_path / "t.csv", WIDE.replace("14", "x").replace(",5,", ",y,"), system)
    assert len(raised.value.faults) == 2


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_what_is_no_table_is_refused(content: bytes | None, tmp_path: Path) -> None:
    """Bytes that are no text, and no file at all."""
    if content is not None:
        (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(InvalidRequest, match=r"not a CSV file|no such file"):
        read_table(tmp_path / "t.csv")

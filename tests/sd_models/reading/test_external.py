"""Numbers in files beside a model: constants, data, tables, subscripts and the values of named data variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.models import faults, loaded

import sd_models as sd
from sd_models.errors import InvalidModel, UnreadableModel
from sd_models.system.equation import MISSING
from sd_models.system.model import Interpolation, Series, System

RANGES = "row: x, y ~~|\ncolumn: u, v, w ~~|\n"
FILES = {
    "table.csv": "n,u,v,w\nx,1,2,3\ny,4,5,6\n",
    "series.csv": "t,0,2,4\na,1,3,5\nb,10,,50\n",
    "down.csv": "t;a;b\n0;1;10\n2;3;30\n",
    "names.csv": "row,other\nx,1\ny,2\n",
    "gap.csv": "n,u\nx,1\ny,\nz,text\n",
}


def given(folder: Path, text: str, files: Mapping[str, str] = FILES, *, data: tuple[str, ...] = ()) -> System:
    """The system of a model with these files beside it."""
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return loaded(folder, text, data=[folder / name for name in data])


def series(system: System, name: str) -> Series:
    """The points of a data variable or table."""
    definition = system[name].equations[0].definition
    assert isinstance(definition, Series)
    return definition


# --- constants --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "cell", "values"),
    [
        ("c", "B2", 1),
        ("c", "d3", 6),
        ("c[column]", "B3", [4, 5, 6]),
        ("c[row]", "C2*", [2, 5]),
        ("c[row, column]", "B2", [[1, 2, 3], [4, 5, 6]]),
        ("c[column, row]", "B2*", [[1, 4], [2, 5], [3, 6]]),
    ],
)
def test_constants_fill_the_block_across_or_down(tmp_path: Path, left: str, cell: str, values: object) -> None:
    """From the cell to the right and down, with a star first down and then to the right."""
    text = f"{RANGES}{left} = GET DIRECT CONSTANTS('table.csv', ',', '{cell}') ~~|"
    assert sd.simulate(given(tmp_path, text))["c"].isel(time=0).values.tolist() == values


def test_constants_for_one_element_leave_the_others(tmp_path: Path) -> None:
    """They are dimensions of length one in the block."""
    text = f"{RANGES}c[y, column] = GET DIRECT CONSTANTS('table.csv', ',', 'B2') ~~|\nc[x, column] = 0 ~~|"
    assert sd.simulate(given(tmp_path, text))["c"].isel(time=0).values.tolist() == [[0, 0, 0], [1, 2, 3]]


def test_cells_without_a_number_are_missing_and_noted(tmp_path: Path) -> None:
    """A run goes on with NaN, since the file says that the value is missing."""
    text = "row: x, y, z ~~|\nc[row] = GET DIRECT CONSTANTS('gap.csv', ',', 'B2*') ~~|\nd = SUM(c[row!]) ~~|"
    system = given(tmp_path, text)
    np.testing.assert_array_equal(sd.simulate(system)["c"].isel(time=0), [1, np.nan, np.nan])
    assert np.isnan(sd.simulate(system)["d"]).all()
    assert any("missing" in note and "gap.csv" in note for note in system.notes)


# --- data and tables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "interpolation", "at_one"),
    [
        ("", Interpolation.LINEAR, 2.0),
        (":INTERPOLATE:", Interpolation.LINEAR, 2.0),
        (":HOLD BACKWARD:", Interpolation.BACKWARD, 1.0),
        (":LOOK FORWARD:", Interpolation.FORWARD, 3.0),
        (":RAW:", Interpolation.RAW, MISSING),
    ],
)
def test_data_is_read_between_its_points_as_its_keyword_says(
    tmp_path: Path, keyword: str, interpolation: Interpolation, at_one: float
) -> None:
    """Points stay points, whatever the keyword."""
    system = given(tmp_path, f"s {keyword} := GET DIRECT DATA('series.csv', ',', '1', 'B2') ~~|")
    assert series(system, "s").interpolation is interpolation
    np.testing.assert_array_equal(sd.simulate(system)["s"].sel(time=[0, 1, 2, 4]), [1, at_one, 3, 5])


def test_data_runs_across_or_down(tmp_path: Path) -> None:
    """Times stand in a row with a number, or in a column with a letter."""
    text = (
        f"{RANGES}across[row] := GET DIRECT DATA('series.csv', ',', '1', 'B2') ~~|"
        "\ndown[row] := GET DIRECT DATA('down.csv', ';', 'A', 'B2') ~~|"
    )
    system = given(tmp_path, text)
    assert series(system, "across").x.tolist() == [0, 2, 4]
    assert series(system, "across").y.tolist() == [[1, 10], [3, 30], [5, 50]]
    assert series(system, "down").y.tolist() == [[1, 10], [3, 30]]
    assert any("series.csv" in note for note in system.notes)


def test_tables_have_the_shape_of_their_block(tmp_path: Path) -> None:
    """Each element has its own values, the arguments are common."""
    text = f"{RANGES}t[row](GET DIRECT LOOKUPS('down.csv', ';', 'A', 'B2')) ~~|\ns[row] = t[row](1) ~~|"
    system = given(tmp_path, text)
    assert series(system, "t").y.tolist() == [[1, 10], [3, 30]]
    assert sd.simulate(system)["s"].isel(time=0).values.tolist() == [2, 20]


def test_subscripts_come_from_cells(tmp_path: Path) -> None:
    """With a prefix, and as parts of each other."""
    text = (
        "row: GET DIRECT SUBSCRIPT('names.csv', ',', 'A2', 'A3', '') ~~|"
        "\nnumbered: GET DIRECT SUBSCRIPT('names.csv', ',', 'B2', 'B3', 'no_') ~~|\nc[row] = 1 ~~|"
    )
    system = given(tmp_path, text)
    assert system.dimensions["row"].elements == ("x", "y")
    assert system.dimensions["numbered"].elements == ("no_1", "no_2")


# --- the values of named data variables -------------------------------------------------------------------------------

NAMED = "p[row] ~~|\nq :HOLD BACKWARD: ~~|\n"


@pytest.mark.parametrize(
    "content",
    ["Time,p[x],p[y],q\n0,1,2,3\n2,11,12,13\n", "Time,0,2\np[x],1,11\np[y],2,12\nq,3,13\n"],
    ids=["columns", "rows"],
)
def test_named_data_has_its_values_in_files_given_with_the_model(tmp_path: Path, content: str) -> None:
    """A variable in a column or in a row."""
    system = given(tmp_path, RANGES + NAMED, {"values.csv": content}, data=("values.csv",))
    assert series(system, "p").y.tolist() == [[1, 2], [11, 12]]
    assert series(system, "q").interpolation is Interpolation.BACKWARD
    assert sd.simulate(system)["q"].sel(time=1.5) == 3


def test_the_first_file_that_has_a_variable_counts(tmp_path: Path) -> None:
    """Tabs part the columns of a `.tab` file."""
    files = {"one.csv": "Time,a\n0,1\n", "two.tab": "Time\ta\tb\n0\t5\t6\n4\t7\t8\n"}
    system = given(tmp_path, "a ~~|\nb ~~|", files, data=("one.csv", "two.tab"))
    run = sd.simulate(system)
    assert float(run["a"][-1]) == 1
    assert float(run["b"][-1]) == 8


def test_points_need_no_order(tmp_path: Path) -> None:
    """They are sorted by time."""
    system = given(tmp_path, "q ~~|", {"values.csv": "Time,q\n4,9\n0,1\n"}, data=("values.csv",))
    assert series(system, "q").x.tolist() == [0, 4]
    assert float(sd.simulate(system)["q"].sel(time=2)) == 5


def test_elements_without_values_are_noted(tmp_path: Path) -> None:
    """They are missing, and a run goes on."""
    files = {"values.csv": "Time,p[x],q\n0,1,1\n4,5,1\n"}
    system = given(tmp_path, RANGES + NAMED, files, data=("values.csv",))
    assert "p: values.csv has no values for some of its elements; they are missing." in system.notes
    np.testing.assert_array_equal(sd.simulate(system)["p"].isel(time=-1), [5, np.nan])


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("c = GET DIRECT CONSTANTS('tabel.csv', ',', 'B2') ~~|", "tabel.csv: there is no such file."),
        ("c = GET DIRECT CONSTANTS('table.csv', ',', 'Z99') ~~|", "The cells are empty."),
        ("c = GET DIRECT CONSTANTS('table.csv', ';', 'B2') ~~|", "The cells are empty."),
        ("c = GET DIRECT CONSTANTS('table.csv', ',', 'first cell') ~~|", "cell='first cell'"),
        ("c := GET DIRECT DATA('series.csv', ',', '9', 'B2') ~~|", "cannot read the file beside the model"),
        ("c(GET DIRECT LOOKUPS('gone.csv', ',', '1', 'B2')) ~~|", "gone.csv: there is no such file."),
        ("c: GET DIRECT SUBSCRIPT('gone.csv', ',', 'A1', 'A2', '') ~~|", "gone.csv: there is no such file."),
        ("c ~~|", "the values of this data variable are not in the model file."),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, text: str, found: str) -> None:
    """The variable or range, its line, what is wrong with the file, and what to check."""
    kind = InvalidModel if text == "c ~~|" else UnreadableModel
    (fault,) = faults(kind, lambda: given(tmp_path, f"x = 1 ~~|\n{text}", {**FILES, "v.csv": "Time,x\n0,1\n"}))
    assert found in fault.found
    assert (fault.file, fault.line, fault.variable) == ("case.mdl", 2, "c")
    assert fault.advice


def test_a_misspelt_file_gets_the_nearest_one(tmp_path: Path) -> None:
    """Of those beside the model."""
    text = "c = GET DIRECT CONSTANTS('tabel.csv', ',', 'B2') ~~|"
    (fault,) = faults(UnreadableModel, lambda: given(tmp_path, text))
    assert fault.advice.startswith("Did you mean 'table.csv'")


def test_arguments_stand_in_single_quotes(tmp_path: Path) -> None:
    """Double quotes make names of variables."""
    text = 'c = GET DIRECT CONSTANTS("table.csv", ",", "B2") ~~|'
    (fault,) = faults(InvalidModel, lambda: given(tmp_path, text))
    assert fault.found == "file, sheet and cells are no texts in single quotes."


@pytest.mark.parametrize("content", ["", "time,q\n0,1\n", "\0\1", None])
def test_a_file_given_with_the_model_must_be_readable(tmp_path: Path, content: str | None) -> None:
    """Else the error names it, and not only the variable."""
    files = {} if content is None else {"values.csv": content}
    (fault,) = faults(UnreadableModel, lambda: given(tmp_path, "q ~~|", files, data=("values.csv",)))
    assert "values.csv: " in fault.found
    assert (fault.file, fault.line, fault.variable) == ("case.mdl", 1, "q")


def test_notes_of_a_workbook_are_of_its_cells_alone(tmp_path: Path) -> None:
    """Not of what pandas will read it with some day, in ours and in PySD's run, and without folders of this machine."""
    cells = pd.DataFrame({"time": [0, 2, 4], "whole": [1.0, 2.0, 3.0], "gap": [1.0, None, 3.0]})
    cells.to_excel(tmp_path / "cells.xlsx", sheet_name="data", index=False)
    text = (
        "x = GET XLS CONSTANTS('cells.xlsx', 'data', 'B2') ~~|\ny := GET XLS DATA('cells.xlsx', 'data', 'A', 'B2') ~~|"
    )
    system = loaded(tmp_path, text)
    assert system.notes == ()
    assert sd.replay(system).attrs["notes"] == []
    gap = loaded(tmp_path, "z := GET XLS DATA('cells.xlsx', 'data', 'A', 'C2') ~~|")
    for (note,) in (gap.notes, sd.replay(gap).attrs["notes"]):
        assert "missing" in note
        assert "'cells.xlsx'" in note

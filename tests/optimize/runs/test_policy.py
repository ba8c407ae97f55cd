"""A policy is a CSV file with a `time` column and a column for each lever or element of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from optimize.files.names import Part
from optimize.runs.policy import lever_paths, policy_notes, read_policy
from sd_models.dynamics.timing import TimeSpan
from sd_models.errors import InvalidRequest
from sd_models.system.model import System


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    """A policy file with this text."""
    path = folder / "policy.csv"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_columns_are_levers_and_rows_are_times(tmp_path: Path, encoding: str) -> None:
    """The time column may stand anywhere; empty rows and a byte order mark, as spreadsheets write it, do not count."""
    policy = read_policy(written(tmp_path, '"inflow[north]",Time,loss rate\n1,0,0.1\n\n,,\n2,3,0.2\n', encoding))
    assert policy.columns == (Part("inflow", ("north",)), Part("loss rate"))
    assert policy.times.tolist() == [0, 3]
    assert policy.values.tolist() == [[1, 0.1], [2, 0.2]]


def test_a_value_holds_until_the_next_row(tmp_path: Path, lakes: System) -> None:
    """Elements without a column, and times before the first row, keep the model's own values."""
    policy = read_policy(written(tmp_path, "time,inflow[north],inflow[coast]\n1,20,30\n3,21,31\n"))
    path = lever_paths(policy, lakes)["inflow"]
    assert path.dims == ("time", "region")
    assert path["time"].values.tolist() == [0, 1, 2, 3, 4]
    assert path.sel(region="north").values.tolist() == [4, 20, 20, 21, 21]
    assert path.sel(region="south").values.tolist() == [6, 30, 30, 31, 31]
    assert path.sel(region="east").values.tolist() == [8, 30, 30, 31, 31]


def test_a_column_without_elements_is_for_all_of_them(tmp_path: Path, lakes: System) -> None:
    """The name may be spelt in any case, and a later column goes before an earlier one."""
    policy = read_policy(written(tmp_path, "time,Inflow,inflow[east]\n0,5,7\n"))
    assert lever_paths(policy, lakes)["inflow"].isel(time=0).values.tolist() == [5, 5, 7]


def test_rows_meet_steps_that_rounding_has_moved(tmp_path: Path, lakes: System) -> None:
    """Ten steps of 0.1 add up to a little less than 1, and the row for 1 holds there all the same."""
    policy = read_policy(written(tmp_path, "time,loss rate\n0,0.5\n1,0.25\n"))
    path = lever_paths(policy, lakes, TimeSpan(step=0.1))["loss rate"]
    assert path.values[10] == 0.25
    assert path["time"].values[10] != 1.0


def test_rows_that_have_no_effect_are_noted(tmp_path: Path) -> None:
    """A policy that begins after the run does, or goes on after its end, is no error, but is said."""
    policy = read_policy(written(tmp_path, "time,loss rate\n2,0.5\n9,0.25\n"))
    before, after = policy_notes(policy, np.arange(5.0))
    assert "before 2 " in before
    assert "after 4" in after
    assert not list(policy_notes(policy, np.arange(2.0, 10.0)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no policy"),
        ("time,loss rate\n", "holds no policy"),
        ("year,loss rate\n0,1\n", "0 columns are called `time`; expected one"),
        ("time;loss rate\n0;1,5\n", "Commas stand between columns, and points in numbers"),
        ("time,time,loss rate\n0,0,1\n", "2 columns are called `time`"),
        ("time\n0\n", "no column with the values"),
        ("time,loss rate,\n0,1,2\n", "column 3 has no name"),
        ("time,loss rate,loss rate\n0,1,2\n", '"loss rate": there are two columns'),
        ("time,loss rate\n0,1,2\n", "policy.csv:2: the row has 3 cells, the header 2"),
        ("time,loss rate\n0,much\n", "policy.csv:2, \"loss rate\": 'much' is not a number"),
        ("time,loss rate\n0,\n", "'' is not a number"),
        ("time,loss rate\n0,nan\n", "'nan' is not a number"),
        ("time,loss rate\n0,1\n0,2\n", 'policy.csv:3, "time": time 0 follows time 0'),
        ('time,"loss rate\n0,1\n', "is not a CSV file"),
    ],
)
def test_what_is_wrong_with_the_table_is_said_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    """File, line and column, found and what to do."""
    with pytest.raises(InvalidRequest) as error:
        read_policy(written(tmp_path, text))
    assert told in str(error.value)


def test_every_wrong_cell_is_listed(tmp_path: Path) -> None:
    """All of them at once, so that the file is mended once."""
    with pytest.raises(InvalidRequest) as error:
        read_policy(written(tmp_path, "time,a,b\n0,x,1\n1,y,z\n"))
    assert len(error.value.faults) == 3


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_path_without_a_file_is_refused(tmp_path: Path, name: str) -> None:
    """A missing file as well as a folder."""
    with pytest.raises(InvalidRequest):
        read_policy(tmp_path / name)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A spreadsheet given in place of its CSV export."""
    path = tmp_path / "policy.csv"
    path.write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(InvalidRequest, match="not a CSV file"):
        read_policy(path)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("los rate", "Did you mean 'loss rate'"),
        ("inflow[nort]", "Did you mean 'north'"),
        ("water", "'water' is a stock"),
    ],
)
def test_levers_have_to_be_in_the_model(tmp_path: Path, lakes: System, header: str, told: str) -> None:
    """Misspelt names get the nearest ones; a stock is no lever."""
    policy = read_policy(written(tmp_path, f"time,{header}\n0,1\n"))
    with pytest.raises(InvalidRequest) as error:
        lever_paths(policy, lakes)
    assert told in str(error.value)

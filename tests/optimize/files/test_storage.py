"""Runs are written whole or not at all, and are read back as they were."""

from __future__ import annotations

import csv
import json
import os
import struct
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import sd_models as sd
from optimize.files.placement import check_target, write_folder_whole, write_whole
from optimize.files.storage import (
    DOTS_PER_INCH,
    ORIGINAL,
    finite,
    read_netcdf,
    run_document,
    save_netcdf,
    write_json,
    write_picture,
    write_run,
    write_table,
)
from optimize.runs.policy import lever_paths, read_policy
from sd_models.errors import InvalidRequest
from sd_models.system.model import System


def test_netcdf_holds_values_units_and_notes(tmp_path: Path, lakes: System) -> None:
    """Everything that the run holds."""
    run = sd.simulate(lakes)
    run.attrs["notes"] = ["one", "two"]
    write_run(run, tmp_path / "run.nc")
    with xr.open_dataset(tmp_path / "run.nc") as read:
        assert read["water"].equals(run["water"])
        assert read["water"].attrs == run["water"].attrs
        assert read.attrs["notes"] == "one\ntwo"


def test_netcdf_keeps_a_division_in_a_name(tmp_path: Path) -> None:
    """NetCDF would read the slash as a folder."""
    run = xr.Dataset({"births/deaths": ("time", [1.0])}, {"time": [0.0]}, {"notes": []})
    write_run(run, tmp_path / "run.nc")
    with xr.open_dataset(tmp_path / "run.nc") as read:
        assert list(read.data_vars) == ["births\u2215deaths"]


def test_netcdf_gives_back_whatever_names_a_model_has(tmp_path: Path) -> None:
    """Quoted names of Vensim may begin with any sign; two of them do not become one."""
    names = ['"rate (per cent)"', "$ of 2020", "a/b", "a\u2215b", "_$ of 2020", "plain", "名前"]
    run = xr.Dataset({name: (("time", "a / b"), [[float(i)]]) for i, name in enumerate(names)}, {"time": [0.0]})
    run = run.assign_coords({"a / b": ["x"]}).assign_attrs(notes=["one"])
    save_netcdf(run, tmp_path / "run.nc")
    read = read_netcdf(tmp_path / "run.nc")
    assert read.identical(run)


def test_netcdf_has_names_that_it_takes(tmp_path: Path) -> None:
    """Names as they are where they may be; what else they were is told beside them."""
    asked = {"a/b": "a\u2215b", "a\x07b ": "a_b", "$": "_$_", "_$": "_$", " x": "_ x", "x-1": "x-1", "_y": "_y"}
    save_netcdf(xr.Dataset({name: ("time", [1.0]) for name in asked}, {"time": [0.0]}), tmp_path / "run.nc")
    with netCDF4.Dataset(tmp_path / "run.nc") as file:
        assert [name for name in file.variables if name != "time"] == list(asked.values())
        told = {name: getattr(file[safe], ORIGINAL, name) for name, safe in asked.items()}
    assert told == {name: name for name in asked}


def test_netcdf_keeps_kinds_of_numbers_and_sizes(tmp_path: Path) -> None:
    """Whole numbers, numbers and texts; dimensions have the sizes that they have; without notes there are none."""
    run = xr.Dataset(
        {"whole": ("time", [1, 2]), "short": ("time", np.float32([0.5, 1.5])), "text": ("k", ["a", "bc", ""])},
        {"time": [0.0, 0.5]},
    )
    save_netcdf(run, tmp_path / "run.nc")
    with netCDF4.Dataset(tmp_path / "run.nc") as file:
        assert {name: (each.size, each.isunlimited()) for name, each in file.dimensions.items()} == {
            "time": (2, False),
            "k": (3, False),
        }
        assert [file[name].dtype for name in ("whole", "short", "text")] == [np.int64, np.float32, str]
    read = read_netcdf(tmp_path / "run.nc")
    assert read.drop_attrs().identical(run)
    assert read.attrs == {"notes": []}


def test_netcdf_leaves_times_as_numbers(tmp_path: Path) -> None:
    """Also where their unit looks like a date."""
    run = xr.Dataset({"x": ("time", [1.0])}, {"time": ("time", [3.0], {"units": "days since 2020-01-01"})})
    save_netcdf(run, tmp_path / "run.nc")
    assert read_netcdf(tmp_path / "run.nc")["time"].to_numpy().tolist() == [3.0]


def test_what_is_no_netcdf_is_told(tmp_path: Path) -> None:
    """With its path."""
    path = tmp_path / "run.nc"
    path.write_bytes(b"nothing")
    with pytest.raises(InvalidRequest) as caught:
        read_netcdf(path)
    assert str(caught.value) == f"{path}: is not a NetCDF file that can be read."


def test_a_file_may_have_its_ending_in_capitals(tmp_path: Path) -> None:
    """The kind is that of the small letters."""
    run = xr.Dataset({"x": (("k", "time"), [[1.0, 2.0], [3.0, 4.0]])}, {"time": [0.0, 0.5], "k": ["a", "b"]})
    write_run(run, tmp_path / "run.CSV")
    assert (tmp_path / "run.CSV").read_text() == "time,x[a],x[b]\n0.0,1.0,3.0\n0.5,2.0,4.0\n"


def test_a_picture_is_written_whole(tmp_path: Path) -> None:
    """In the format of its ending, so many dots to the inch."""
    path = write_picture(tmp_path / "line.png", Figure(figsize=(2, 1)))
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    assert (width, height) == (2 * DOTS_PER_INCH, DOTS_PER_INCH)
    assert [file.name for file in tmp_path.iterdir()] == ["line.png"]


def test_csv_has_a_row_for_each_time_and_a_column_for_each_element(tmp_path: Path, lakes: System) -> None:
    """Every digit is kept."""
    run = sd.simulate(lakes, outputs=["water", "total water"])
    write_run(run, tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header == ["time", "water[north]", "water[south]", "water[east]", "total water"]
    assert np.array_equal(np.array(lines, dtype=float)[:, 1:4], run["water"])


def test_a_written_run_is_a_policy(tmp_path: Path, lakes: System) -> None:
    """Columns of a CSV file can be edited and given back."""
    run = sd.simulate(lakes, outputs=["inflow"])
    write_run(run, tmp_path / "run.csv")
    path = lever_paths(read_policy(tmp_path / "run.csv"), lakes)["inflow"]
    assert np.array_equal(path, run["inflow"])


def test_json_has_null_for_what_is_no_number() -> None:
    """NaN and infinity are not JSON."""
    run = xr.Dataset(
        {"x": (("time", "k"), [[1.0, np.nan], [np.inf, 2.0]], {"units": "m"})},
        {"time": [0.0, 1.0], "k": ["a", "b"]},
        {"model": "m", "method": "euler"},
    )
    assert run_document(run)["variables"]["x"]["values"] == [[1.0, None], [None, 2.0]]
    run["y"] = ("k", "time"), [[1.0, 2.0], [3.0, 4.0]]
    document = json.loads(json.dumps(run_document(run), allow_nan=False))
    assert document["variables"]["y"] == {"unit": "", "dimensions": ["time", "k"], "values": [[1, 3], [2, 4]]}
    assert {name: document[name] for name in ("model", "method", "time")} == {
        "model": "m",
        "method": "euler",
        "time": [0, 1],
    }
    assert document["variables"]["x"] == {"unit": "m", "dimensions": ["time", "k"], "values": [[1, None], [None, 2]]}
    assert document["dimensions"] == {"k": ["a", "b"]}


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """Also where the writer is interrupted half way."""
    path = tmp_path / "run.csv"
    path.write_text("old")

    def interrupted(temporary: Path) -> None:
        temporary.write_text("half")
        raise KeyboardInterrupt

    def full(temporary: Path) -> None:
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, interrupted)
    with pytest.raises(InvalidRequest, match="No space left"):
        write_whole(path, full)
    assert [file.name for file in tmp_path.iterdir()] == ["run.csv"]
    assert path.read_text() == "old"


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What was synced, and what was put in place, by number of the file, in this order."""
    events: list[tuple[str, int]] = []
    synced, replaced = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        events.append(("synced", os.fstat(descriptor).st_ino))
        synced(descriptor)

    def replace(self: Path, target: Path) -> Path:
        events.append(("in place", self.stat().st_ino))
        return replaced(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    return events


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, disk: list[tuple[str, int]]) -> None:
    """Else a power cut could leave an empty file under the name of a whole one; and that it has it, afterwards."""
    path = write_json(tmp_path / "report.json", {"a": 1})
    number = path.stat().st_ino
    assert disk == [("synced", number), ("in place", number), ("synced", tmp_path.stat().st_ino)]


def test_a_folder_is_on_the_disk_with_all_that_is_in_it(tmp_path: Path, disk: list[tuple[str, int]]) -> None:
    """Before it has its name; and that it has it, afterwards."""

    def save(folder: Path) -> None:
        (folder / "inner").mkdir()
        for name in ("one.txt", "inner/other.txt"):
            (folder / name).write_text(name)

    folder = tmp_path / "result"
    write_folder_whole(folder, save)
    parts = {path.stat().st_ino for path in (folder, *folder.rglob("*"))}
    assert len(parts) == 4
    *before, placed, last = disk
    assert {number for kind, number in before if kind == "synced"} == parts
    assert placed == ("in place", folder.stat().st_ino)
    assert last == ("synced", tmp_path.stat().st_ino)


def test_a_table_has_nine_digits_and_nothing_for_what_is_no_number(tmp_path: Path) -> None:
    """A column for each key, quoted where a cell holds a comma; without rows there is still a file."""
    rows = [{"name": "a, b", "value": 1 / 3, "count": 2}, {"name": "c", "value": float("nan"), "count": 0}]
    assert write_table(tmp_path / "table.csv", rows).read_text() == 'name,value,count\n"a, b",0.333333333,2\nc,,0\n'
    assert write_table(tmp_path / "none.csv", []).read_text() == "empty\n"
    other = [{"b": 1, "a": 2}, {"a": 3, "b": 4}]
    assert write_table(tmp_path / "other.csv", other).read_text() == "b,a\n1,2\n4,3\n"


def test_a_document_with_what_json_has_no_word_for_is_not_written(tmp_path: Path) -> None:
    """NaN is no JSON; what stood there before stays."""
    path = write_json(tmp_path / "report.json", {"a": [1.5, None]})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert path.read_text() == '{\n "a": [\n  1.5,\n  null\n ]\n}'


@pytest.mark.parametrize("name", ["run.txt", "run", "folder.csv", "missing/run.csv"])
def test_targets_that_cannot_be_written_are_refused_before_the_work(tmp_path: Path, name: str) -> None:
    """Another ending, a folder, a folder that is not there."""
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidRequest):
        check_target(tmp_path / name, (".nc", ".csv"))


def test_targets_in_existing_folders_are_accepted(tmp_path: Path) -> None:
    """The ending may be in capitals."""
    check_target(tmp_path / "run.NC", (".nc", ".csv"))


def test_what_is_no_number_is_nothing_at_any_depth() -> None:
    """In lists, tuples and documents; everything else stays as it is."""
    document = {"a": (1.0, float("inf"), [float("-inf")]), "b": {"c": float("nan"), "d": "x"}, "e": 3, "f": None}
    assert finite(document) == {"a": [1.0, None, [None]], "b": {"c": None, "d": "x"}, "e": 3, "f": None}

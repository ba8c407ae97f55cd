"""`prosperity` answers people in tables, programs in JSON, and bad input with a sentence and exit status 2."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

from optimize.command_line.commands import main
from sd_models.reading.library import model_path

SCRIPT = Path(sys.executable).with_name("prosperity")
HEAVY = ("numpy", "xarray", "casadi", "pysd", "pandas", "matplotlib", "rich", "networkx", "pint")


def ran(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run([SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


# --- help -------------------------------------------------------------------------------------------------------------


def test_help_answers_within_a_third_of_a_second() -> None:
    """The best of five, since other work may hold up one."""

    def seconds() -> float:
        start = time.perf_counter()
        assert ran("--help").returncode == 0
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.3


def test_help_imports_nothing_heavy() -> None:
    """What costs time is imported by the command that needs it."""
    code = f"import sys, optimize.command_line.commands; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["simulate", "--help"], ["check", "-h"], ["--version"]])
def test_help_and_version_are_done(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Also without any argument."""
    assert main(arguments) == 0
    assert capsys.readouterr().out


# --- simulate ---------------------------------------------------------------------------------------------------------


def test_simulate_prints_what_tells_most(lakes_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names, units, first and last time."""
    assert main(["simulate", str(lakes_file)]) == 0
    printed = capsys.readouterr()
    for text in ("lakes, 0 to 4", "total water", "water[north]", "m3/Year", "30.00", "81.59", "$/m3"):
        assert text in printed.out
    assert not printed.err


def test_simulate_begins_with_the_headlines(capsys: pytest.CaptureFixture[str]) -> None:
    """Under the names and in the units in which `optimize` tells of them."""
    assert main(["simulate", "common_prosperity", "--regions", "macro"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"Common prosperity index +points of 100 +40", printed)
    assert "utilization" not in printed


def test_simulate_knows_headlines_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Spelt as they are; a name of the model's stays its own."""
    names = ("Urban share", "urban share[East]", "common prosperity index[West]", "共同富裕指数")
    shown = [part for name in names for part in ("--variables", name)]
    assert main(["simulate", "common_prosperity", "--regions", "macro", *shown]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"Urban share +% +50", printed)
    assert re.search(r"urban share\[East\] +Dmnl +0", printed)
    assert re.search(r"Common prosperity index\[West\] +points of 100", printed)
    assert re.search(r"Common prosperity index +points of 100 +40", printed)


def test_simulate_runs_a_scenario_and_shows_what_is_asked_for(
    lakes_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Options for constants, policy, time and variables; notes go to standard error."""
    policy = tmp_path / "policy.csv"
    policy.write_text("time,inflow[north]\n2,20\n", encoding="utf-8")
    options = [
        "--set",
        "loss rate=0",
        "--set",
        "inflow[east]=1",
        "--policy",
        str(policy),
        "--stop",
        "3",
        "--step",
        "0.5",
    ]
    assert main(["simulate", str(lakes_file), *options, "--variables", "Water[north]", "--json"]) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["time"] == [0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert document["variables"]["water"]["values"][-1] == [10 + 4 * 2 + 20, 10 + 6 * 3, 10 + 3]
    assert list(document["variables"]) == ["water"]
    assert "before 2 " in printed.err
    assert document["notes"]


def test_simulate_writes_files(lakes_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run as NetCDF or CSV, and a picture."""
    out, table, picture = tmp_path / "run.nc", tmp_path / "run.csv", tmp_path / "run.png"
    assert main(["simulate", str(lakes_file), "--out", str(out), "--plot", str(picture)]) == 0
    assert main(["simulate", str(lakes_file), "--out", str(table), "--variables", "total water"]) == 0
    with xr.open_dataset(out) as run:
        assert float(run["total water"][0]) == 30
    assert table.read_text(encoding="utf-8").startswith("time,total water\n0.0,30.0\n")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run.csv", "run.nc", "run.png"]
    assert f"Written: {out}" in capsys.readouterr().out


def test_simulate_in_pysd_gives_the_same_numbers(lakes_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The engine is the only difference."""
    documents = []
    for engine in ("native", "casadi", "pysd"):
        assert main(["simulate", str(lakes_file), "--engine", engine, "--json"]) == 0
        documents.append(json.loads(capsys.readouterr().out))
    one, symbolic, other = documents
    assert one["variables"]["water"]["values"] == symbolic["variables"]["water"]["values"]
    assert one["variables"]["water"]["values"] == other["variables"]["water"]["values"]
    assert other["engine"] == "pysd"


# --- check ------------------------------------------------------------------------------------------------------------


def test_check_passes_a_good_model(lakes_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict is the first line."""
    assert main(["check", str(lakes_file)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Yes: lakes can be compiled, and its run is PySD's.")
    assert "price$" in printed


def test_check_answers_no_to_what_cannot_be_compiled(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1, in both languages."""
    assert main(["check", str(folder / "allocated.mdl")]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("No: allocated cannot be compiled, because of 2 equations.")
    assert main(["check", str(folder / "allocated.mdl"), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert {item["function"] for item in document["unsupported"]} == {"ALLOCATE AVAILABLE", "RANDOM NORMAL"}


def test_check_in_json_has_the_keys_of_the_design(lakes_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object and nothing else."""
    assert main(["check", str(lakes_file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    keys = "variables stocks dimensions functions unsupported units replay_gap seconds notes"
    assert sorted(document) == sorted(keys.split())
    assert document["replay_gap"]["gap"] <= 1e-9


def test_check_takes_data_files(capsys: pytest.CaptureFixture[str]) -> None:
    """Values of data variables that the model only names."""
    models = Path(__file__).parents[2] / "models"
    assert main(["check", str(models / "data_beside.mdl")]) == 2
    assert main(["check", str(models / "data_beside.mdl"), "--data", str(models / "beside.csv")]) == 0
    assert "Yes:" in capsys.readouterr().out


# --- bad input --------------------------------------------------------------------------------------------------------

BAD = {
    "no model": (["simulate"], "Missing argument"),
    "unknown command": (["simlate"], "Did you mean 'simulate'? `prosperity"),
    "model for a plan": (["optimize", "LAKES"], "is a model; expected a plan. Write one for it: prosperity plan"),
    "unknown option": (["simulate", "LAKES", "--stpe", "1"], "--step"),
    "no number": (["simulate", "LAKES", "--stop", "soon"], "--stop"),
    "unknown engine": (["simulate", "LAKES", "--engine", "fast"], "native"),
    "no such library model": (["simulate", "urbanisation"], "Did you mean 'urbanization'"),
    "no such file": (["simulate", "FOLDER/laks.mdl"], "laks.mdl"),
    "folder": (["simulate", "FOLDER"], "neither a model file nor"),
    "binary file": (["check", "FOLDER/binary.mdl"], "UnreadableModel"),
    "cut off": (["check", "FOLDER/cut.mdl"], "cut.mdl"),
    "empty": (["check", "FOLDER/empty.mdl"], "it holds no model"),
    "no model language": (["check", "FOLDER/text.txt"], ".mdl"),
    "unknown variable": (["simulate", "LAKES", "--variables", "totl water"], "total water"),
    "unknown element": (["simulate", "LAKES", "--variables", "water[nort]"], "north"),
    "unknown constant": (["simulate", "LAKES", "--set", "los rate=1"], "loss rate"),
    "no value": (["simulate", "LAKES", "--set", "loss rate"], "NAME=VALUE"),
    "bad value": (["simulate", "LAKES", "--set", "loss rate=x"], "'x' is not a number"),
    "stock": (["simulate", "LAKES", "--set", "water=1"], "is a stock"),
    "no policy": (["simulate", "LAKES", "--policy", "FOLDER/none.csv"], "no such file"),
    "no data": (["simulate", "LAKES", "--data", "FOLDER/none.csv"], "none.csv"),
    "step of zero": (["simulate", "LAKES", "--step", "0"], "TIME STEP"),
    "unwritable": (["simulate", "LAKES", "--out", "FOLDER/none/run.csv"], "folder does not exist"),
    "unknown kind of file": (["simulate", "LAKES", "--out", "FOLDER/run.xlsx"], ".nc, .csv"),
    "unknown kind of picture": (["simulate", "LAKES", "--plot", "FOLDER/run.gif"], ".png, .svg, .pdf"),
    "out is a folder": (["simulate", "LAKES", "--out", "FOLDER"], "is a folder"),
    "run that stops": (["simulate", "FOLDER/stopping.mdl"], '"share": share is infinite at time 2'),
    "cannot be compiled": (["simulate", "FOLDER/allocated.mdl"], "--engine pysd"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_a_sentence_and_status_2(
    case: str, folder: Path, lakes_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error; standard output stays empty."""
    (folder / "binary.mdl").write_bytes(bytes(range(256)) * 40)
    (folder / "cut.mdl").write_text(lakes_file.read_text(encoding="utf-8")[:300], encoding="utf-8")
    (folder / "empty.mdl").write_text("", encoding="utf-8")
    (folder / "text.txt").write_text("no model", encoding="utf-8")
    arguments, told = BAD[case]
    given = [text.replace("LAKES", str(lakes_file)).replace("FOLDER", str(folder)) for text in arguments]
    assert main(given) == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert "Traceback" not in printed.err
    assert not printed.out


# --- regions ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def country(tmp_path: Path) -> Path:
    """The urbanization model with a second folder of data, its first two provinces alone."""
    path = tmp_path / "country" / "model.mdl"
    source = model_path("urbanization")
    shutil.copytree(source.parent / "provinces", path.parent / "provinces")
    shutil.copytree(source.parent / "provinces", path.parent / "pair")
    shutil.copyfile(source, path)
    for name, rows in (("initial", 3), ("parameters", 3)):
        file = path.parent / "pair" / f"{name}.csv"
        file.write_text("".join(file.read_text(encoding="utf-8").splitlines(keepends=True)[:rows]), encoding="utf-8")
    return path


@pytest.mark.parametrize("engine", ["native", "casadi", "pysd"])
def test_simulate_takes_another_folder_of_regions(
    country: Path, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its name beside the model or by its path."""
    printed = []
    for regions in ("pair", country.parent / "pair"):
        arguments = ["simulate", country, "--regions", regions, "--stop", "2011", "--engine", engine, "--json"]
        assert main(list(map(str, arguments))) == 0
        printed.append(json.loads(capsys.readouterr().out))
    assert printed[0] == printed[1]
    assert printed[0]["dimensions"]["province"] == ["Beijing", "Tianjin"]


def test_check_takes_another_folder_of_regions(country: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both engines read it."""
    assert main(["check", str(country), "--regions", "pair", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["dimensions"]["province"] == 2
    assert found["replay_gap"]["gap"] < 1e-9


def test_a_missing_folder_of_regions_is_bad_input(country: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the nearest name."""
    assert main(["check", str(country), "--regions", "pairs"]) == 2
    assert "Did you mean 'pair'?" in capsys.readouterr().err


# --- how a process can end --------------------------------------------------------------------------------------------


def test_a_closed_pipe_ends_in_silence(lakes_file: Path) -> None:
    """As in `| head`: no traceback, and the status that shells know."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        command = [SCRIPT, "simulate", lakes_file]
        ended = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said(lakes_file: Path) -> None:
    """Where standard output cannot take the answer."""
    with Path("/dev/full").open("w") as full:
        command = [SCRIPT, "simulate", lakes_file]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert ended.returncode == 2
    assert "No space left" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("moment", ["open_model", "run_scenario", "write_run"])
def test_an_interrupted_run_leaves_a_word_and_no_file(
    moment: str, lakes_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C while the model is read, run, or written."""

    def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(f"optimize.command_line.simulating.{moment}", interrupted)
    assert main(["simulate", str(lakes_file), "--out", str(tmp_path / "run.csv")]) == 130
    assert capsys.readouterr() == ("", "Interrupted.\n")
    assert not list(tmp_path.iterdir())


def test_an_interrupted_check_prints_what_is_known(
    lakes_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C while PySD works, which takes longest: the verdict without it, and that it is missing."""

    def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("optimize.runs.checking.replay", interrupted)
    assert main(["check", str(lakes_file)]) == 130
    out, err = capsys.readouterr()
    assert "can be compiled" in out
    assert "Yes" not in out
    assert "stocks" in out
    assert "The comparison with PySD is missing: it was interrupted." in err
    assert err.endswith("Interrupted.\n")


def test_letters_that_the_terminal_lacks_are_replaced(folder: Path) -> None:
    """A name in Chinese on a terminal that knows ASCII only."""
    path = folder / "chinese.mdl"
    text = (folder / "lakes.mdl").read_text(encoding="utf-8").replace("total water", "总水量")
    path.write_text(text, encoding="utf-8")
    ended = ran("simulate", path, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr

"""`prosperity calibrate` answers people in tables, programs in JSON, writes files, and can be interrupted."""

from __future__ import annotations

import csv
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from support.documents import toml

from optimize.calibration.misfit import Misfit
from optimize.command_line.commands import main

FILES = ["comparison.csv", "estimates.csv", "fish.png", "fit.csv", "holdout.csv", "report.json"]


@pytest.fixture
def asked(folder: Path, content: dict[str, Any]) -> Path:
    """A calibration file with a hold-out, somewhere else than the model."""
    content["holdout"] = {"fit_to": 14}
    content["parameter"].append({"name": "depth"})
    path = folder / "asked.toml"
    path.write_text(toml(content), encoding="utf-8")
    return path


def test_people_get_tables(folder: Path, asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How it ended, estimates with standing, what the data cannot tell, the fit, the hold-out."""
    assert main(["calibrate", str(folder / "fish.mdl"), str(asked)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("fish: converged. No step within the tolerance lowers the misfit further.")
    for text in ("42 observations of 1 series, 6 parameters", "identified", "capacity[north]", "U^C", "naive"):
        assert text in printed
    for text in ("The data do not tell depth.", "Hold-out, fitted to 14", "better than both", "--out DIR"):
        assert text in printed


def test_programs_get_json(folder: Path, asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object and nothing else, without NaN."""
    assert main(["calibrate", str(folder / "fish.mdl"), str(asked), "--json", "--seed", "3", "--starts", "2"]) == 0
    document = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name))
    assert document["status"] == "converged"
    assert (document["seed"], document["starts"], document["parameters"], document["observations"]) == (3, 2, 6, 42)
    estimates = {item["element"]: item for item in document["estimates"]}
    assert estimates["growth rate"]["estimate"] == pytest.approx(0.8)
    assert estimates["depth"]["standing"] == "not identified"
    assert estimates["depth"]["standard_error"] is None
    assert document["not_told_apart"][0]["parameters"] == ["depth"]
    assert document["summary"][0]["total"] < 1e-5
    assert document["holdout"]["summary"][0]["beats_naive"]
    assert document["holdout"]["fit_to"] == 14
    assert set(document["provenance"]["files"]) == {"fish.mdl", "asked.toml", "observed.csv"}
    assert document["run"] is None


def test_a_folder_gets_all_files(folder: Path, asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CSV, JSON and a figure of each series; the same again byte by byte, but for the seconds."""
    runs = []
    for name in ("one", "two"):
        assert main(["calibrate", str(folder / "fish.mdl"), str(asked), "--out", str(folder / name)]) == 0
        assert sorted(path.name for path in (folder / name).iterdir()) == FILES
        report = json.loads((folder / name / "report.json").read_text(encoding="utf-8"))
        del report["seconds"]
        tables = [(folder / name / file).read_bytes() for file in FILES if file.endswith(".csv")]
        runs.append((report, tables))
    assert runs[0] == runs[1]
    with (folder / "one" / "estimates.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["element"] for row in rows][:2] == ["growth rate", "capacity[north]"]
    with (folder / "one" / "comparison.csv").open(encoding="utf-8") as file:
        parts = [row["part"] for row in csv.DictReader(file)]
    assert (parts.count("fit"), parts.count("holdout")) == (42, 12)
    assert (folder / "one" / "fish.png").read_bytes().startswith(b"\x89PNG")


def test_a_library_model_has_its_own_calibration(capsys: pytest.CaptureFixture[str]) -> None:
    """It needs its name only."""
    assert main(["calibrate", "urbanization", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["observations"] == 7
    standings = {item["element"]: item["standing"] for item in document["estimates"]}
    assert standings == {"spreading speed": "identified", "income elasticity of migration": "prior"}
    assert document["holdout"]["summary"][0]["beats_naive"]


def test_without_holdout_there_is_one_fit(folder: Path, asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half the time."""
    assert main(["calibrate", str(folder / "fish.mdl"), str(asked), "--no-holdout", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["holdout"] is None


def test_estimates_are_applied_where_asked(folder: Path, asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What has no store is named; a second calibration starts where the first one ended."""
    assert main(["calibrate", str(folder / "fish.mdl"), str(asked), "--apply", "--json"]) == 0
    printed = capsys.readouterr()
    assert sorted(Path(path).name for path in json.loads(printed.out)["applied"]) == ["lakes.csv", "single.csv"]
    assert "depth: the calibration file has no store for it" in printed.err
    assert main(["calibrate", str(folder / "fish.mdl"), str(asked), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["misfit_at_start"] < 1e-6


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_interrupted_fit_is_written_and_not_applied(
    form: list[str], folder: Path, asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 130; the best values so far are told and on disk, the model's data as they were."""
    original, calls = Misfit.jacobian, []

    def interrupted(self: Misfit, values: Any) -> Any:
        calls.append(values)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return original(self, values)

    monkeypatch.setattr(Misfit, "jacobian", interrupted)
    before = (folder / "numbers" / "single.csv").read_bytes()
    command = ["calibrate", str(folder / "fish.mdl"), str(asked), "--apply", "--out", str(folder / "run"), *form]
    assert main(command) == 130
    printed = capsys.readouterr()
    assert "interrupted" in printed.out
    assert "Interrupted." in printed.err
    assert "no estimate was written into the model's data" in printed.err
    assert (folder / "numbers" / "single.csv").read_bytes() == before
    report = json.loads((folder / "run" / "report.json").read_text(encoding="utf-8"))
    assert report["misfit"] < report["misfit_at_start"]


def test_a_disk_that_fails_loses_no_result(
    folder: Path, asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tables are printed, and the error is told."""

    def failing(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", failing)
    assert main(["calibrate", str(folder / "fish.mdl"), str(asked), "--out", str(folder / "run")]) == 2
    printed = capsys.readouterr()
    assert "fish: converged" in printed.out
    assert "No space left on device" in printed.err


BAD = {
    "no file": (["calibrate", "MODEL"], "no calibration file beside the model"),
    "no such file": (["calibrate", "MODEL", "none.toml"], "no such file"),
    "no toml": (["calibrate", "MODEL", "FOLDER/fish.mdl"], "is not a TOML file"),
    "no such regions": (["calibrate", "MODEL", "ASKED", "--regions", "elsewhere"], "elsewhere"),
    "out is a file": (["calibrate", "MODEL", "ASKED", "--out", "FOLDER/fish.mdl"], "is a file"),
    "out in nothing": (["calibrate", "MODEL", "ASKED", "--out", "FOLDER/none/run"], "its folder does not exist"),
    "no starts": (["calibrate", "MODEL", "ASKED", "--starts", "0"], "starts"),
    "a negative seed": (["calibrate", "MODEL", "ASKED", "--seed", "-1"], "seed"),
    "no such model": (["calibrate", "urbanisation", "ASKED"], "Did you mean 'urbanization'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_a_sentence_and_status_2(
    case: str, folder: Path, asked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error; standard output stays empty."""
    arguments, told = BAD[case]
    places = {"MODEL": str(folder / "fish.mdl"), "ASKED": str(asked), "FOLDER": str(folder)}
    given = arguments
    for name, place in places.items():
        given = [text.replace(name, place) for text in given]
    assert main(given) == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert "Traceback" not in printed.err
    assert not printed.out

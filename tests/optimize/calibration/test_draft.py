"""A drafted calibration runs as it stands where a table observes the model, and says what to fill where none does."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from support.fish import TRUE, write_observations

import optimize
import sd_models as sd
from optimize.calibration.draft import starting_calibration
from optimize.calibration.specification import Calibration
from optimize.command_line.commands import main
from optimize.files.documents import document_of
from sd_models.errors import InvalidRequest
from sd_models.system.model import System

ALONE = """{UTF-8}
level = INTEG(growth * level, 3) ~ t ~ Evil \u2028 lines "and" quotes. |
growth = 0.1 ~ 1/Year ~|
thousand = 1000 ~ kg/t ~ Conversion of units. |
weight = level * thousand ~ kg ~|
INITIAL TIME = 0 ~ Year ~ |
FINAL TIME = 5 ~ Year ~ |
TIME STEP = 1 ~ Year ~ |
SAVEPER = 1 ~ Year ~ |
"""


def test_a_draft_runs_as_it_stands_where_a_table_observes_the_model(folder: Path) -> None:
    """It is valid TOML of what it says, finds the table, and its fit is a fit."""
    draft = starting_calibration(sd.load(folder / "fish.mdl"), folder=folder)
    assert not draft.missing
    assert tomllib.loads(draft.text) == draft.content
    assert {entry["variable"] for entry in draft.content["series"]} == {"fish", "all fish"}
    assert draft.content["data"] == "observed.csv"
    assert draft.content["window"] == {"from": 0.0, "to": 20.0}
    assert draft.content["holdout"]["fit_to"] < 20
    (folder / "draft.toml").write_text(draft.text, encoding="utf-8")
    found = optimize.calibrate(folder / "fish.mdl", folder / "draft.toml")
    assert found.fit.misfit < found.fit.misfit_at_start
    assert found.holdout is not None


def test_a_draft_finds_its_table_from_another_folder(folder: Path, tmp_path: Path) -> None:
    """The path is as seen from where the file is to lie; without that the whole path."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    system = sd.load(folder / "fish.mdl")
    assert starting_calibration(system, folder=elsewhere).content["data"] == "../observed.csv"
    assert Path(str(starting_calibration(system).content["data"])) == folder.resolve() / "observed.csv"


def test_bounds_come_from_tables_of_ranges_then_from_the_model(folder: Path) -> None:
    """Each with its reason; a range that does not hold the model's own value is none."""
    (folder / "ranges.csv").write_text("name,low,high\ngrowth rate,0.5,0.9\ncatch share,2,3\n", encoding="utf-8")
    draft = starting_calibration(sd.load(folder / "fish.mdl"), folder=folder)
    entries = {entry["name"]: entry for entry in draft.content["parameter"]}
    assert (entries["growth rate"]["lower"], entries["growth rate"]["upper"]) == (0.5, 0.9)
    assert (entries["catch share"]["lower"], entries["catch share"]["upper"]) == (0.0, 0.5)
    assert "the range in ranges.csv" in draft.text
    assert "the model's own limit" in draft.text


def test_rows_that_are_no_observations_are_left_out(folder: Path) -> None:
    """Where a column tells them apart, as in tables that hold projections, too."""
    (folder / "observed.csv").write_text(
        "year,all fish,kind\n0,15,observed\n1,16,observed\n2,90,projected\n", encoding="utf-8"
    )
    (series,) = starting_calibration(sd.load(folder / "fish.mdl"), folder=folder).content["series"]
    assert series["rows"] == {"kind": "observed"}


@pytest.mark.parametrize(("model", "regions"), [("urbanization", None), ("common_prosperity", "macro")])
def test_drafts_of_library_models_are_read(model: str, regions: str | None) -> None:
    """Their observations lie in their data folders, which the draft names; nobody fits a conversion of units."""
    draft = starting_calibration(sd.load(model, regions=regions))
    asked = document_of(draft.content, Calibration)
    assert asked.regions == (regions or "provinces")
    assert "thousands a head" not in {item.name for item in asked.parameter}
    found = optimize.calibrate(model, draft.content, holdout=False)
    assert found.fit.misfit <= found.fit.misfit_at_start


def test_without_a_table_a_draft_says_what_to_fill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says so, too, and with the table filled the file runs as it stands."""
    path = tmp_path / "alone.mdl"
    path.write_text(ALONE, encoding="utf-8")
    asked = tmp_path / "asked.toml"
    assert main(["calibrate", str(path), "--draft", "--out", str(asked)]) == 0
    assert "Fill observations.csv" in capsys.readouterr().err
    assert main(["calibrate", str(path), str(asked)]) == 2
    printed = capsys.readouterr().err
    assert "observations.csv: there is no such file, which is to hold observations." in printed
    assert str(tmp_path) in printed
    (name,) = [item["variable"] for item in tomllib.loads(asked.read_text(encoding="utf-8"))["series"]]
    assert f"with the columns time, {name}." in printed
    assert f"#   time,{name}\n" in asked.read_text(encoding="utf-8")
    run = sd.simulate(sd.load(path), constants={"growth": 0.15})
    rows = [f"{time:g},{float(value)}" for time, value in zip(run["time"], run[name], strict=True)]
    (tmp_path / "observations.csv").write_text("\n".join([f"time,{name}", *rows]), encoding="utf-8")
    assert main(["calibrate", str(path), str(asked)]) == 0
    assert "0.15" in capsys.readouterr().out


def test_a_draft_is_printed_or_written_and_never_over_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does it read a calibration file or answer in JSON."""
    model, asked = str(folder / "fish.mdl"), folder / "asked.toml"
    assert main(["calibrate", model, "--draft"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["parameter"]
    asked.write_text("mine", encoding="utf-8")
    assert main(["calibrate", model, "--draft", "--out", str(asked)]) == 2
    assert main(["calibrate", model, str(asked), "--draft"]) == 2
    assert main(["calibrate", model, "--draft", "--json"]) == 2
    assert asked.read_text(encoding="utf-8") == "mine"
    printed = capsys.readouterr().err
    assert "exists already" in printed
    assert "a calibration file does not go with" in printed


def test_a_model_without_constants_has_no_draft(tmp_path: Path) -> None:
    """There is nothing to fit, and what to do is said."""
    path = tmp_path / "bare.mdl"
    lines = [line for line in ALONE.splitlines() if not line.startswith(("growth", "thousand"))]
    text = "\n".join(lines).replace("growth *", "0.1 *").replace("* thousand", "")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match="no constant moves anything"):
        starting_calibration(sd.load(path))


def test_a_draft_fits_what_the_series_respond_to(system: System, folder: Path) -> None:
    """The depth of lakes moves no fish, and is offered last."""
    write_observations(folder / "observed.csv", system, TRUE)
    names = [entry["name"] for entry in starting_calibration(system, folder=folder).content["parameter"]]
    assert "depth" not in names
    assert np.all([name in ("growth rate", "fertility", "catch share") for name in names])

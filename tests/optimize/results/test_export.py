"""A result as tables: texts stay texts, numbers numbers, and nothing is left out in silence."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import xarray as xr
from support import results

import optimize as opt
import sd_models as sd
from optimize.files.rows import FORMULA
from optimize.headlines.headline import Headline
from optimize.results import export
from optimize.results.tidy import tidied
from optimize.results.verdict import Standing
from optimize.results.voice import voice_of
from optimize.solvers.solver import Ending
from sd_models.errors import InvalidRequest

EVIL = "=cmd|' /C calc'!A0"
HEADLINES = (
    Headline("total income", "money a year", 1.0, EVIL, "总收入", "more"),
    Headline("income", "money a year", 1.0, "Income", "收入", "more", "island"),
)


@pytest.fixture
def result() -> opt.Result:
    """The result by hand, with headlines, one of them named to harm."""
    found = results.verified()
    return replace(found, headlines=HEADLINES, time_unit="Year")


def cells(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each sheet, formulas as such."""
    book = openpyxl.load_workbook(path)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_a_workbook_has_all_that_is_asked(result: opt.Result, tmp_path: Path) -> None:
    """Outcomes, losers, who gets what by element and time, limits and prices, provenance; numbers are numbers."""
    found = cells(opt.save_tables(result, tmp_path / "result.xlsx", variables=["capital[north, rice]"]))
    names = ["In short", "Outcomes", "Who loses", "Who gets what", "Limits", "Prices", "Provenance", "Variables"]
    assert list(found) == names
    head, first, *_ = found["Outcomes"]
    assert head == ("outcome", "variable", "region", "year", "when", "without policy", "with policy", "change", "unit")
    assert all(isinstance(value, int | float) for value in first[5:8])
    spent = found["Who gets what"]
    assert spent[0][:4] == ("what is decided", "island", "good", "year")
    assert len(spent) == 1 + 4 * 9
    assert found["Variables"][1][:4] == ("capital", "north, rice", 2, "without")


def test_no_cell_is_a_formula(result: opt.Result, tmp_path: Path) -> None:
    """In a workbook a text, in a CSV file a text with a mark before it; letters that cannot be seen are gone."""
    path = opt.save_tables(replace(result, notes=("+1\x07", "@x")), tmp_path / "result.xlsx")
    book = openpyxl.load_workbook(path)
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert kinds <= {"s", "n"}
    assert any(row[0] == EVIL for row in cells(path)["Outcomes"])
    assert ("note", "+1") in cells(path)["Provenance"]
    folder = opt.save_tables(result, tmp_path / "tables")
    lines = list(csv.reader((folder / "summary.csv").read_text(encoding="utf-8").splitlines()))
    assert lines[1][0] == f"'{EVIL}"


def test_who_loses_of_what_is_below_zero_is_told_in_no_per_cent(result: opt.Result, tmp_path: Path) -> None:
    """A percentage of it would have a sign that misleads; the change stands there."""
    headline = Headline("total income", "money", 1.0, "Income", "收入", "more")
    below = 0.0 * result.baseline["total income"] - 2.0
    baseline = result.baseline.assign({"total income": below})
    run = result.trajectories.assign({"total income": below - 1.0})
    other = replace(result, headlines=(headline,), baseline=baseline, trajectories=run)
    head, row = cells(opt.save_tables(other, tmp_path / "result.xlsx"))["Who loses"]
    told = dict(zip(head, row, strict=True))
    assert (told["change"], told["in %"]) == (-1.0, None)


def test_a_workbook_speaks_chinese(result: opt.Result, tmp_path: Path) -> None:
    """Sheets, headers, outcomes."""
    found = cells(opt.save_tables(result, tmp_path / "result.xlsx", language="zh"))
    assert list(found)[:3] == ["概要", "结果", "受损者"]
    assert found["结果"][1][0] == "总收入"


def test_what_a_sheet_has_no_room_for_is_counted(
    result: opt.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its last row."""
    monkeypatch.setattr(export, "MOST_ROWS", 10)
    found = cells(opt.save_tables(result, tmp_path / "result.xlsx"))["Who gets what"]
    assert len(found) == 10
    assert found[-1][0].startswith("... and 28 more rows are left out here, since a sheet ends at 10")


def test_a_tidy_file_has_one_value_a_row(result: opt.Result, tmp_path: Path) -> None:
    """Of headline outcomes, or of the variables that are named, without the policy and with it."""
    path = opt.save_tables(result, tmp_path / "income.csv", variables=["income[south]"])
    header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    assert header == ["variable", "region", "year", "policy", "value", "unit"]
    assert {row[3] for row in rows} == {"without", "with"}
    assert {(row[0], row[1], row[5]) for row in rows} == {("income", "south", "money/Year")}
    assert [float(row[2]) for row in rows[:3]] == [2, 3, 4]


def test_what_is_not_there_or_cannot_be_written_is_told(result: opt.Result, tmp_path: Path) -> None:
    """A name with the nearest one; an ending; a folder that has something in it."""
    with pytest.raises(InvalidRequest, match=r"incom.*'income'"):
        opt.save_tables(result, tmp_path / "result.xlsx", variables=["incom"])
    with pytest.raises(InvalidRequest, match=r"\.ods"):
        opt.save_tables(result, tmp_path / "result.ods")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InvalidRequest, match="exists already"):
        opt.save_tables(result, tmp_path)
    assert not (tmp_path / "result.xlsx").exists()


NO_GAINS: dict[Standing, dict[str, Any]] = {
    Standing.INFEASIBLE: {"ending": Ending.INFEASIBLE, "violation": 0.5, "violated": "annual budget"},
    Standing.FAILED: {"ending": Ending.FAILED, "violation": float("nan"), "kkt_residual": float("nan")},
    Standing.INTERRUPTED: {"ending": Ending.INTERRUPTED, "kkt_residual": 0.1},
    Standing.UNBOUNDED: {"ending": Ending.UNBOUNDED, "failure": "spending goes up without end"},
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("standing", NO_GAINS)
def test_without_a_policy_there_are_no_gains(
    result: opt.Result, tmp_path: Path, standing: Standing, language: str
) -> None:
    """The verdict first and alone, then limits and where it comes from; no run of a policy, whatever is asked for."""
    findings = replace(result.findings, looked=None, **NO_GAINS[standing])
    lost = replace(result, findings=findings, verification=None, trajectories=result.trajectories * np.nan)
    assert lost.status.standing is standing
    found = cells(opt.save_tables(lost, tmp_path / "none.xlsx", variables=["income"], language=language))
    names = ["In short", "Limits", "Prices", "Provenance", "Variables"]
    assert list(found) == (names if language == "en" else ["概要", "约束", "影子价格", "来源", "变量"])
    short, variables = (list(found.values())[k] for k in (0, -1))
    called = voice_of(lost, language).standing(standing)
    assert [row[1].lower().startswith(called) for row in short[1:]] == [True]
    assert {row[3] for row in variables[1:]} == {"without"}
    folder = opt.save_tables(lost, tmp_path / "tables", language=language)
    assert sorted(path.stem for path in folder.iterdir()) == ["in_short", "limits", "prices", "provenance"]
    path = opt.save_tables(lost, tmp_path / "outcomes.csv")
    _, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    assert {row[3] for row in rows} == {"without"}


@pytest.mark.parametrize("standing", list(NO_GAINS))
def test_the_folder_of_a_search_without_a_policy_holds_no_gains(
    result: opt.Result, tmp_path: Path, standing: Standing
) -> None:
    """Its tables for people have the baseline alone: where a search ended is no policy."""
    ended = replace(result, findings=replace(result.findings, **NO_GAINS[standing]), verification=None)
    folder = opt.save_result(ended, tmp_path / "run")
    lines = list(csv.DictReader((folder / "outcomes.csv").read_text(encoding="utf-8").splitlines()))
    assert {line["policy"] for line in lines} == {"without"}
    assert len((folder / "summary.csv").read_text(encoding="utf-8").splitlines()) == 1


@pytest.mark.parametrize("name", ["=1+1", "+1+1", "-1+1", "@SUM(1)", "＝1+1", " =1", "\t=1", "'=1"])
def test_names_that_begin_as_formulas_do_are_texts(result: opt.Result, tmp_path: Path, name: str) -> None:
    """Of elements, outcomes, limits and units: as they are in a workbook, marked in a CSV file."""
    names = {"island": [name, "south", "east"]}
    runs = {run: getattr(result, run).assign_coords(names) for run in ("policy", "trajectories", "baseline")}
    headline = Headline("income", name, 1.0, name, name, "more", "island")
    harmful = replace(result, **runs, headlines=(headline,), notes=(name,))
    path = opt.save_tables(harmful, tmp_path / "result.xlsx", variables=["income"])
    book = openpyxl.load_workbook(path)
    told = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in told} <= {"s", "n"}
    assert sum(str(cell.value).strip() == name.strip() for cell in told) > 20
    assert all(cell.quotePrefix for cell in told if str(cell.value).startswith(tuple("=+-@")) and cell.data_type == "s")
    folder = opt.save_tables(harmful, tmp_path / "tables", variables=["income"])
    for file in folder.iterdir():
        for row in csv.reader(file.read_text(encoding="utf-8").splitlines()):
            assert not [cell for cell in row if FORMULA.match(cell) and not cell.startswith("'") and not number(cell)]


def number(text: str) -> bool:
    """Whether a cell is a number, which may be below zero."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_a_tidy_policy_keeps_what_is_decided() -> None:
    """Leftovers of a search are 0, twelve digits stay, and what was before the first decision stays too."""
    values = xr.DataArray([1e-12, 1.0 / 3.0, 1e-12, -1e-15], {"time": [0.0, 1.0, 2.0, 3.0]}, ("time",))
    found = tidied(xr.Dataset({"spending": values.assign_attrs(units="money")}), 1.0)["spending"]
    assert found.to_numpy().tolist() == [1e-12, 0.333333333333, 0.0, 0.0]
    assert found.attrs["units"] == "money"


SIZES = """{UTF-8}
place: here, there ~~|
use[place] = 0, 0 ~ x/Year ~|
ceiling[place] = 1e6, 1e-6 ~ x/Year ~|
worth[place] = 1e-6, 1e6 ~ Dmnl ~|
gain = SUM(use[place!] * worth[place!]) ~ x/Year ~|
INITIAL TIME = 0 ~ Year ~|
FINAL TIME = 4 ~ Year ~|
TIME STEP = 1 ~ Year ~|
SAVEPER = 1 ~ Year ~|
"""


def test_a_tiny_lever_that_matters_is_no_dust(islands_result: opt.Result, tmp_path: Path) -> None:
    """What is taken from a policy in a file was tried first; a lever of another size stands in it as it is."""
    assert islands_result.has_dust
    (tmp_path / "sizes.mdl").write_text(SIZES, encoding="utf-8")
    lever = {"variable": "use", "lower": 0, "upper": "ceiling"}
    plan = {"model": "sizes", "horizon": [0, 3], "objective": {"maximize": "gain"}, "lever": [lever]}
    found = opt.solve(opt.Problem(sd.load(tmp_path / "sizes.mdl"), opt.read_plan(plan)))
    assert not found.has_dust
    text = (opt.save_result(found, tmp_path / "run") / "policy.csv").read_text(encoding="utf-8")
    assert [float(line.split(",")[2]) for line in text.splitlines()[1:]] == pytest.approx([1e-6] * 4, rel=1e-9)

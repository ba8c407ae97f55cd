"""`prosperity report`: one page about a result, its sentences on the screen, and a line for what makes none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.results import verified

import optimize as opt
from optimize.command_line.commands import main
from optimize.solvers.solver import Ending


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a result in which the command runs."""
    opt.save_result(verified(), tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_report_is_named_after_its_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the current folder; what comes first on the page is printed too."""
    assert main(["report", "run"]) == 0
    assert (here / "run-report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    out = capsys.readouterr().out
    assert out.startswith("Islands: the policy that is recommended\nSpending: ")
    assert f"Written: {here / 'run-report.html'}" in out


def test_a_page_that_is_written_over_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of those that are made anew each time; a plan or a result is never written over."""
    assert main(["report", "run"]) == 0
    assert "written over" not in capsys.readouterr().err
    assert main(["report", "run"]) == 0
    assert "run-report.html was there and is written over" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_called_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And not something that is no result."""
    (here / "other").mkdir()
    assert main(["verify", "nowhere"]) == 2
    assert "nowhere: is not there." in capsys.readouterr().err
    assert main(["verify", "other"]) == 2
    assert "is not the folder of a result" in capsys.readouterr().err


def test_a_report_in_chinese_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object, with the page and its sentences."""
    assert main(["report", "run", "--language", "zh", "--out", "page.html", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["page"] == "page.html"
    assert document["bytes"] == (here / "page.html").stat().st_size
    assert document["title"] == "Islands：建议方案"
    assert len(document["sentences"]) == 2  # nothing is known of what people gain


def test_a_failed_run_makes_a_report_that_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page is written, so the command is done."""
    result = verified()
    failed = replace(result.findings, ending=Ending.INFEASIBLE, violation=0.5, violated="floor", looked=None)
    opt.save_result(replace(result, findings=failed, verification=None), here / "failed")
    assert main(["report", "failed"]) == 0
    assert "Infeasible: no policy was found that keeps all limits of the plan together." in capsys.readouterr().out


@pytest.mark.parametrize("target", ["result.xlsx", "result.csv", "tables"])
def test_tables_are_written_by_the_ending_of_their_name(
    here: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A workbook, a tidy file, a folder; with the verdict on the screen."""
    assert main(["report", "run", "--out", target, "--language", "zh"]) == 0
    assert (here / target).exists()
    assert f"Written: {target}." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none"], "is not there"),
        (["run", "--language", "fr"], "there is no language 'fr'"),
        (["run", "run", "--out", "result.xlsx"], "tables are those of one result"),
        (["run", "--out", "page.pdf"], "files ending in '.pdf' are not written"),
        (["run", "--out", "nowhere/page.html"], "its folder does not exist"),
    ],
)
def test_bad_input_is_told(here: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a sentence, and no page is written."""
    assert main(["report", *words]) == 2
    assert told in capsys.readouterr().err
    assert not list(here.glob("*.html"))

"""`prosperity explore`: a page for a model or a result, and a sentence for what makes none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import islands
from support.models import written
from support.results import verified

import optimize as opt
from optimize.command_line.commands import main
from optimize.files.documents import toml_text
from optimize.pages import page as page_module

HARBOUR = "public investment = 1 ~~|\nships = INTEG(public investment - ships / life, 10) ~~|\nlife = 20 ~~|\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the islands and a plan for them, in which the command runs."""
    (tmp_path / "islands.mdl").write_text(islands.MODEL, encoding="utf-8")
    plan = {**islands.small_plan(), "model": "islands.mdl"}
    (tmp_path / "plan.toml").write_text(toml_text(plan), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said on standard error."""
    return capsys.readouterr().err


def test_a_page_for_any_model_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named after it, in the current folder; what it leaves out is told."""
    written(here, HARBOUR)
    assert main(["explore", "case.mdl"]) == 0
    assert (here / "case-what-if.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    out, err = capsys.readouterr()
    assert "Written: case-what-if.html" in out
    assert "Note: No plan came with this model" in err


def test_a_page_for_a_plan_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object, with what is on the page."""
    assert main(["explore", "islands.mdl", "--plan", "plan.toml", "--out", "page.html", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["page"] == "page.html"
    assert document["bytes"] == (here / "page.html").stat().st_size
    assert document["levers"] == ["spending"]
    assert document["limits"] == ["annual budget", "floor"]


def test_a_plan_that_does_not_fit_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the file that it stands in and the names that the model has not got."""
    written(here, HARBOUR)
    assert main(["explore", "case.mdl", "--plan", "plan.toml"]) == 2
    assert "plan.toml, \"lever 'spending'\": there is no variable 'spending'" in told(capsys)
    assert not (here / "case-what-if.html").exists()


def test_a_model_in_which_nothing_moves_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to explore."""
    written(here, "weight = 3 ~~|\nlevel = INTEG(0, 1) ~~|\n")
    assert main(["explore", "case.mdl"]) == 2
    assert "no input of the model moves anything" in told(capsys)


def test_functions_without_javascript_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By variable and line, all at once."""
    written(here, HARBOUR + "noise = RANDOM NORMAL(0, 1, 0, 1, 0) ~~|\nwelfare = ships + noise ~~|\n")
    assert main(["explore", "case.mdl"]) == 2
    assert "RANDOM NORMAL" in told(capsys)


def test_a_folder_of_another_version_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It cannot be read by this one."""
    folder = opt.save_result(verified(), here / "run")
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    (folder / "result.json").write_text(json.dumps({**document, "layout": 99}), encoding="utf-8")
    assert main(["explore", "run"]) == 2
    assert "has a layout that is not known. It was written by another version" in told(capsys)


def test_a_result_is_explored_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has a plan and data of its own."""
    opt.save_result(verified(), here / "run")
    assert main(["explore", "run", "--plan", "plan.toml", "--regions", "macro"]) == 2
    assert "--plan and --regions would be others" in told(capsys)


@pytest.mark.parametrize("subject", ["nothing.mdl", "nothing", "."])
def test_what_is_no_model_and_no_result_is_told(here: Path, subject: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what would be one."""
    assert main(["explore", subject]) == 2
    assert told(capsys)


def test_another_ending_is_refused_before_any_work(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page is HTML."""
    assert main(["explore", "islands.mdl", "--out", "page.pdf"]) == 2
    assert ".html" in told(capsys)


def test_a_page_too_large_is_told(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what would make it smaller."""
    monkeypatch.setattr(page_module, "MOST_BYTES", 1000)
    assert main(["explore", "islands.mdl", "--plan", "plan.toml"]) == 2
    assert "fewer levers" in told(capsys)


def test_the_search_goes_on_from_a_policy_found_by_hand(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A CSV file or the folder of a result; one without levers of the plan is refused."""
    (here / "policy.csv").write_text('time,"spending[north, rice]"\n2,1.5\n', encoding="utf-8")
    asked = ["optimize", "plan.toml", "--no-verify", "--start-from"]
    assert main([*asked, "policy.csv", "--out", "run", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main([*asked, "run", "--out", "again", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["objective"] == pytest.approx(first["objective"], rel=1e-6)
    assert again["iterations"] <= first["iterations"]
    (here / "policy.csv").write_text("time,tax rate\n2,0.3\n", encoding="utf-8")
    assert main([*asked, "policy.csv"]) == 2
    assert "has no path of a lever of the plan; its levers are: spending" in told(capsys)

"""`prosperity export`: a problem with all its dynamics as a file, or a sentence that says why not."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from support.kinked import CONTROLS, KINKED

from optimize.command_line.commands import main


def test_a_problem_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its names beside it, and how large it is."""
    assert main(["export", "--model", "urbanization", "--out", str(tmp_path / "towns.nl")]) == 0
    printed = capsys.readouterr().out
    assert "22,680 variables" in printed
    assert {path.suffix for path in tmp_path.iterdir()} == {".nl", ".row", ".col"}


def test_a_script_states_the_same(tmp_path: Path) -> None:
    """In Python, with what the command line changed."""
    command = ["export", "--model", "urbanization", "--set", "mobility=0.02", "--auxiliaries", "variables"]
    assert main([*command, "--out", str(tmp_path / "towns.py")]) == 0
    model = runpy.run_path(str(tmp_path / "towns.py"))["model"]
    assert len(model.definitions) == len(model.auxiliaries) > 1000


def test_kinks_become_integers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a linear program whose format is named in place of a file, with bounds for all variables."""
    (tmp_path / "case.mdl").write_text(f"{{UTF-8}}\n{KINKED['MIN'].model}\n{CONTROLS}", encoding="utf-8")
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["export", "plan.toml", "--kinks", "integers", "--bounds", "--format", "lp"]) == 0
    assert "binary" in (tmp_path / "problem.lp").read_text(encoding="utf-8")


PLAN = """model = "case.mdl"
horizon = [0, 3]
[objective]
maximize = "gain"
[[lever]]
variable = "u"
lower = 0
upper = 8
"""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--out", "towns.lp"], "nonlinear: write .nl"),
        (["--format", "lp", "--out", "towns.nl"], "does not end in .lp"),
        (["--format", "xls"], "is not known"),
        (["--out", "towns.txt"], ".nl, .lp, .mps, .gms, .py"),
        (["--out", "towns.nl", "--smooth", "2"], "is no width"),
        (["--out", "nowhere/towns.nl"], "its folder does not exist"),
    ],
)
def test_what_cannot_be_written_says_why(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With status 2 and nothing left behind."""
    monkeypatch.chdir(tmp_path)
    assert main(["export", "--model", "urbanization", *words]) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

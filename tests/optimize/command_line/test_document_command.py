"""`prosperity document`: a page, or a sentence that says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optimize.command_line.commands import main


def test_a_page_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Under the name of the model where no file is named; what was counted is printed."""
    monkeypatch.chdir(tmp_path)
    assert main(["document", "urbanization"]) == 0
    assert (tmp_path / "urbanization-reference.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "Written: urbanization-reference.html"
    assert any(line.split() == ["Variables", "77"] for line in printed)


def test_json_says_what_was_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "model.html"
    assert main(["document", "urbanization", "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["file"] == str(out)
    assert found["assessment"]["Variables"] == "77"


@pytest.mark.parametrize("arguments", [["no_such_model"], ["urbanization", "--out", "model.txt"]])
def test_what_cannot_be_is_said(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["document", *arguments]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

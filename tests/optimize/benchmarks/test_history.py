"""The history of benchmarks: a line for each run, whatever it measured."""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from optimize.benchmarks import history
from optimize.benchmarks.history import COLUMNS, add_history_options, append, circumstances, commit
from sd_models.errors import InvalidRequest
from sd_models.simulator.concurrency import processors


def lines(path: Path) -> list[dict[str, str]]:
    """The lines of a history."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_run_appends_a_line(tmp_path: Path) -> None:
    """The folder is made, the lines above stay as they are."""
    path = tmp_path / "docs" / "engine.csv"
    append(path, {"4 regions, run ms": 0.25})
    (first,) = lines(path)
    append(path, {"4 regions, run ms": 0.5})
    assert lines(path)[0] == first
    assert [line["4 regions, run ms"] for line in lines(path)] == ["0.25", "0.5"]


def test_new_figures_are_new_columns_and_old_ones_are_kept(tmp_path: Path) -> None:
    """What a run has not measured, and what is NaN, is an empty cell."""
    path = tmp_path / "engine.csv"
    append(path, {"a, b": 1.0})
    append(path, {"c": 2.0})
    append(path, {"a, b": float("nan"), "c": 3.0})
    assert [(line["a, b"], line["c"]) for line in lines(path)] == [("1", ""), ("", "2"), ("", "3")]


def test_a_line_says_where_when_and_on_what(tmp_path: Path) -> None:
    """Commit, date, machine, versions stand first."""
    path = append(tmp_path / "engine.csv", {"run ms": 1.0})
    (line,) = lines(path)
    assert tuple(line) == (*COLUMNS, "run ms")
    assert line["processor"]
    assert line["cores"] == str(processors())
    assert "casadi 3" in line["versions"]
    age = datetime.now(UTC) - datetime.fromisoformat(line["date"])
    assert timedelta() <= age < timedelta(minutes=5)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_commit_is_told_and_whether_files_differ_from_it(tmp_path: Path) -> None:
    """Histories may differ: the run before has written to them."""

    def git(*words: str) -> str:
        own = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org", *words]
        return subprocess.run(own, capture_output=True, text=True, check=True).stdout.strip()

    assert commit(tmp_path) == ""
    git("init", "--quiet")
    kept = tmp_path / history.HISTORIES / "engine.csv"
    kept.parent.mkdir(parents=True)
    for path in (kept, tmp_path / "code.py"):
        path.write_text("a\n", encoding="utf-8")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    name = git("rev-parse", "--short", "HEAD")
    kept.write_text("b\n", encoding="utf-8")
    assert commit(tmp_path) == name
    (tmp_path / "code.py").write_text("b\n", encoding="utf-8")
    assert commit(tmp_path) == f"{name}-dirty"


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the line is written all the same."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert circumstances()["commit"] == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,value\na,1\n", "is no history of a benchmark"),
        ("", "is no history of a benchmark"),
        (",".join((*COLUMNS, "run ms")) + "\na,b,c\n", "has 3 cells in place of 6"),
    ],
)
def test_another_file_is_left_alone(tmp_path: Path, text: str, words: str) -> None:
    """Somebody's table is no history."""
    path = tmp_path / "engine.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match=words):
        append(path, {"run ms": 1.0})
    assert path.read_text(encoding="utf-8") == text


def test_the_default_is_in_the_checkout_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package writes where it is told to."""
    parser = argparse.ArgumentParser()
    add_history_options(parser, "engine")
    assert parser.parse_args([]).history == history.HOME / "docs" / "benchmarks" / "engine.csv"
    assert parser.parse_args(["--no-history"]).history is None
    assert parser.parse_args(["--history", "mine.csv"]).history == Path("mine.csv")
    monkeypatch.setattr(history, "HOME", tmp_path)
    assert history.default_history("engine") is None

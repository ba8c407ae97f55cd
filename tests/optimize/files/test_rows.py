"""Tables that a spreadsheet opens are texts and numbers to it, never formulas."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.files.rows import harmless, read_rows, save_rows

FORMULAS = ["=1+2", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "'=1", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_become_texts(text: str) -> None:
    """Also in full width, behind blanks, and behind what would be taken for our mark."""
    assert harmless(text)[0] == "'"


@pytest.mark.parametrize("text", ["-5", "+1e3", "annual budget", "a=b", "", "省", "'quoted'"])
def test_other_texts_stay(text: str) -> None:
    """A number in a text is one."""
    assert harmless(text) == text


def test_numbers_stay_numbers_and_control_characters_go(tmp_path: Path) -> None:
    """With all their digits, or so many; what is no number is empty."""
    path = tmp_path / "table.csv"
    save_rows(path, [["=a\x00\x1b\x7f", "b\nc"], [-1 / 3, math.nan], [-2, None]])
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["'=a", "b c"], ["-0.3333333333333333", ""], ["-2", ""]]
    save_rows(path, [[-1 / 3, 2.0]], digits=3)
    assert path.read_text() == "-0.333,2\n"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_what_was_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Names of levers that begin with a sign are found again in a policy."""
    path = tmp_path_factory.getbasetemp() / "again.csv"
    save_rows(path, [[text, "x"]])
    assert [row for _, row in read_rows(path)] == [[text, "x"]]

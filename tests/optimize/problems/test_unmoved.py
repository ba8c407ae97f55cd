"""Limits that no lever moves are judged before any search."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.models import loaded

import optimize as opt
from optimize.results.verdict import Standing
from sd_models.errors import InvalidRequest

MODEL = """
r: a, b ~~|
u = 1 ~ x ~|
k = 5 ~ x ~|
many[r] = 5, 6 ~ x ~|
falling = 10 - Time ~ x ~|
pot = INTEG(u, 7) ~ x ~|
gain = SQRT(u) ~ x ~|
known = IF THEN ELSE(k > 0, 3, u) ~ x ~|
"""
CONTROLS = "INITIAL TIME = 0 ~ Year ~|\nFINAL TIME = 10 ~ Year ~|\nTIME STEP = 1 ~ Year ~|\n"


def solved(folder: Path, *limits: dict[str, Any], lower: float = 0.0) -> opt.Result:
    """The result of a plan over ten years with these limits."""
    named = [{"name": f"limit {i}", **limit} for i, limit in enumerate(limits)]
    content = {
        "model": "case.mdl",
        "horizon": [0, 9],
        "objective": {"maximize": "gain"},
        "lever": [{"variable": "u", "lower": lower, "upper": 10}],
        "limit": named,
    }
    return opt.solve(opt.Problem(loaded(folder, MODEL, controls=CONTROLS), opt.read_plan(content)))


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        (
            {"variable": "k", "at_most": 4},
            "'limit 0' at 0: its value is 5 x, at most 4 x is asked for; .* short by 1 x",
        ),
        ({"variable": "many", "at_most": 5.5}, r"'limit 0\[b\]' at 0: .* short by 0.5 x"),
        ({"variable": "falling", "at_least": 3}, "'limit 0' at 9: its value is 1 x, at least 3 x .* short by 2 x"),
        ({"variable": "k", "equals": 4.5}, "exactly 4.5 x .* short by 0.5 x"),
        ({"sum": "k", "at_least": 51, "when": "total"}, "its value is 50 x[*]Year, at least 51 .* short by 1 x"),
        ({"variable": "k", "at_most": "falling"}, "at 9: its value is 5 x, at most 1 x .* short by 4 x"),
        ({"variable": "pot", "at_most": 6}, "'limit 0' at 0: its value is 7 x, at most 6 x .* short by 1 x"),
    ],
)
def test_one_that_does_not_hold_is_infeasible_at_once(tmp_path: Path, limit: dict[str, Any], told: str) -> None:
    """Named, with what is missing; a stock's first value is moved by no lever either. Nothing is searched."""
    result = solved(tmp_path, limit)
    assert result.status.standing is Standing.INFEASIBLE
    assert str(result.status).startswith("Infeasible. No lever moves")
    assert re.search(told, result.status.sentence)
    assert not result.iterations
    assert not result.conflict


def test_all_that_do_not_hold_are_told_together(tmp_path: Path) -> None:
    """One after the other would send people in a circle."""
    sentence = solved(tmp_path, {"variable": "k", "at_most": 4}, {"variable": "falling", "at_least": 3}).status.sentence
    assert "'limit 0'" in sentence
    assert "'limit 1'" in sentence


@pytest.mark.parametrize(
    "limit",
    [
        {"variable": "k", "at_most": 5},
        {"variable": "falling", "at_least": 0},
        {"variable": "known", "at_most": 3},
        {"variable": "k", "at_least": "known"},
    ],
)
def test_one_that_holds_is_a_note(tmp_path: Path, limit: dict[str, Any]) -> None:
    """The plan is solved, and says that the limit has no part in it; so with what is a number, though it names one."""
    result = solved(tmp_path, limit)
    assert result.objective == pytest.approx(10 * 10**0.5)
    assert "No lever moves the limit 'limit 0'; it holds." in result.notes


def test_an_objective_that_is_a_number_is_refused(tmp_path: Path) -> None:
    """Though its equation names a lever."""
    content = {"model": "case.mdl", "horizon": [0, 9], "objective": {"maximize": "known"}, "lever": [{"variable": "u"}]}
    problem = opt.Problem(loaded(tmp_path, MODEL, controls=CONTROLS), opt.read_plan(content))
    with pytest.raises(InvalidRequest, match=r"objective.*no lever moves 'known'"):
        opt.solve(problem)


def test_a_limit_that_levers_move_later_is_no_note(tmp_path: Path) -> None:
    """Its first row only is out of reach, and holds."""
    result = solved(tmp_path, {"variable": "pot", "at_most": 20}, lower=1)
    assert result.findings.is_feasible
    assert not any("No lever moves" in note for note in result.notes)

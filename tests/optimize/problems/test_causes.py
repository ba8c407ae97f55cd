"""What is no number is named: variable, element, time, and the lever whose own value is the cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.models import CONTROLS, loaded

import optimize as opt
from sd_models.errors import InvalidRequest, ModelError, SimulationError


def fault(folder: Path, text: str, *levers: str, **changes: Any) -> ModelError:
    """What is said of a plan that maximizes `gain` with these levers between 0 and 10."""
    content = {
        "model": "case.mdl",
        "horizon": [0, 3],
        "objective": {"maximize": "gain"},
        "lever": [{"variable": name, "lower": 0, "upper": 10} for name in levers],
        **changes,
    }
    with pytest.raises(ModelError) as caught:
        opt.solve(opt.Problem(loaded(folder, text, controls=CONTROLS), opt.read_plan(content)))
    return caught.value


def test_a_levers_own_value_is_named_as_the_cause(tmp_path: Path) -> None:
    """With a value that does; other levers are not blamed."""
    error = fault(tmp_path, "u = 0 ~~|\nv = 1 ~~|\ngain = LN(u) - u + v ~~|", "u", "v")
    assert isinstance(error, SimulationError)
    assert "gain is infinite at time 0" in str(error)
    assert "the lever 'u' (0; with 5 there is a run)" in str(error)
    assert "'v'" not in str(error)


def test_values_that_are_the_cause_together_are_named_together(tmp_path: Path) -> None:
    """None of them alone would be one."""
    error = fault(tmp_path, "u = 0 ~~|\nv = 0 ~~|\ngain = LN(u + v) - u ~~|", "u", "v")
    assert "the lever 'u' (0; with 5 there is a run) and 'v' (0; with 5 there is a run)" in str(error)


def test_a_lever_is_not_blamed_for_what_it_does_not_do(tmp_path: Path) -> None:
    """Whatever its value, the root is that of a negative number."""
    error = fault(tmp_path, "u = 0 ~~|\nw = SQRT(2 - Time) ~~|\ngain = u + w ~~|", "u")
    assert "w is not a number at time 2.5" in str(error)
    assert "own value" not in str(error)


MISSING = "u = 1 ~~|\nr: a, b ~~|\nd[r] = IF THEN ELSE(Time < 2, :NA:, u * 2) ~~|\ngain = u ~~|"


def test_a_limit_on_a_missing_value_says_which_and_when(tmp_path: Path) -> None:
    """And from when on it could be asked for."""
    limit = {"name": "l", "variable": "d", "where": {"r": "b"}, "at_most": 6}
    error = fault(tmp_path, MISSING, "u", limit=[limit])
    assert isinstance(error, InvalidRequest)
    assert "limit 'l'" in str(error)
    assert "'d[b]' is not a number at 4 times from 0 to 1.5" in str(error)
    assert "when = { from = 2 }" in str(error)


def test_what_is_advised_works(tmp_path: Path) -> None:
    """The same limit from then on: free before, half the limit after."""
    limit = {"name": "l", "variable": "d", "at_most": 6, "when": {"from": 2}}
    content = {
        "model": "case.mdl",
        "horizon": [0, 3],
        "objective": {"maximize": "gain"},
        "lever": [{"variable": "u", "lower": 0, "upper": 10}],
        "limit": [limit],
    }
    result = opt.solve(opt.Problem(loaded(tmp_path, MISSING, controls=CONTROLS), opt.read_plan(content)))
    assert result.policy["u"].to_numpy().tolist() == pytest.approx([10, 10, 3, 3])


def test_an_objective_on_a_missing_value_is_told(tmp_path: Path) -> None:
    """Likewise."""
    error = fault(tmp_path, MISSING, "u", objective={"maximize": "d"})
    assert "objective" in str(error)
    assert "'d[a]' is not a number" in str(error)

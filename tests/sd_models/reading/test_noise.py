"""A draw without spread is a number; one with spread is refused by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.models import faults, loaded

import sd_models as sd
from sd_models.errors import SimulationError, UnsupportedFunction


@pytest.mark.parametrize(
    ("draw", "value"),
    [
        ("RANDOM NORMAL(-10, 10, 1, spread, 7)", 1),
        ("RANDOM NORMAL(-10, 10, 1, 0, 7)", 1),
        ("RANDOM NORMAL(2, 2, 5, 3, 7)", 2),
        ("RANDOM UNIFORM(4, 4, 7)", 4),
        ("RANDOM UNIFORM(four, 4, 7)", 4),
        ("RANDOM EXPONENTIAL(0, 9, 3, 0, 7)", 3),
        ("RANDOM EXPONENTIAL(2, 2, 0, 1, 7)", 2),
    ],
)
def test_no_spread_no_chance(tmp_path: Path, draw: str, value: float) -> None:
    """The mean, or the only value there is; a note says so, and PySD's replay has the same."""
    system = loaded(tmp_path, f"x = {draw} ~~|\nspread = 0 ~~|\nfour = 4 ~~|")
    ours, theirs = sd.simulate(system), sd.replay(system)
    assert set(ours["x"].to_numpy()) == {value}
    assert set(theirs["x"].to_numpy()) == {value}
    assert any("no chance" in note for note in ours.attrs["notes"])


@pytest.mark.parametrize(
    "draw",
    ["RANDOM NORMAL(-10, 10, 1, 2, 7)", "RANDOM NORMAL(5, 10, 1, 0, 7)", "RANDOM UNIFORM(1, 2, 7)", "RANDOM 0 1()"],
)
def test_chance_is_refused(tmp_path: Path, draw: str) -> None:
    """Also a mean out of its bounds, for which Vensim would draw for ever."""
    found = faults(UnsupportedFunction, lambda: loaded(tmp_path, f"x = {draw} ~~|"))
    assert found[0].found.startswith("RANDOM")


def test_spread_that_comes_later_stops_the_run(tmp_path: Path) -> None:
    """With another value of the constant the draw would be chance again."""
    system = loaded(tmp_path, "x = RANDOM NORMAL(-10, 10, 1, spread, 7) ~~|\nspread = 0 ~~|")
    with pytest.raises(SimulationError, match="infinite"):
        sd.simulate(system, constants={"spread": 1.0})

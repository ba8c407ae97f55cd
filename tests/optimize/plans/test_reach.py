"""What levers reach, and how soon."""

from __future__ import annotations

from pathlib import Path

from support.models import loaded

from optimize.plans.reach import reached

CHAIN = """
u = 1 ~~|
pace = u * 2 ~~|
first = INTEG(pace, 1) ~~|
second = INTEG(first, u) ~~|
seen = second + 1 ~~|
apart = 3 ~~|
"""


def test_a_stock_is_reached_one_step_later(tmp_path: Path) -> None:
    """And what follows from a stock not before it; what no lever reaches is left out."""
    found = reached(loaded(tmp_path, CHAIN), ["u"], from_start=False)
    assert found == {"pace": 0, "first": 1, "second": 2, "seen": 2}


def test_an_initial_value_counts_where_decisions_begin_with_the_run(tmp_path: Path) -> None:
    """The second stock begins at the lever itself."""
    found = reached(loaded(tmp_path, CHAIN), ["u"], from_start=True)
    assert (found["first"], found["second"], found["seen"]) == (1, 0, 0)

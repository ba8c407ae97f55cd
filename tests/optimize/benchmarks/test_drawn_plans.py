"""Plans drawn at random: no claim about any of them is false, and nearly always the best policy is found.

What brute force knows of these plans, which takes most of the time, is kept in `tests/support/known_policies.txt`: the
number and digest of a plan, its best gain, and the best in the basin of its start. A plan that is drawn otherwise than
it was is searched anew. `python -m optimize.benchmarks.claims --count 5000` draws more.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from optimize.benchmarks.claims import figures, in_turn
from optimize.benchmarks.drawing import FAMILIES

KNOWN = Path(__file__).parents[2] / "support" / "known_policies.txt"


@pytest.mark.long
@pytest.mark.parametrize(("solver", "count", "of_basin", "of_all"), [("sqp", 200, 0.95, 0.85), ("ipopt", 60, 0.0, 0.0)])
def test_nothing_false_is_claimed_and_the_best_is_found(
    solver: str, count: int, of_basin: float, of_all: float, tmp_path: Path
) -> None:
    """By any solver; by the default one in 95 of 100 basins of the start, and in 85 of 100 plans."""
    known = Path(shutil.copy(KNOWN, tmp_path))
    found = list(in_turn(range(1, count + 1), list(FAMILIES), solver, known))
    assert [f"{one.number}: {one.standing}: {one.false}" for one in found if one.false] == []
    shares = figures(found)
    assert shares["verdict right"] == 1.0 or solver != "sqp"
    assert shares["best of the basin found"] >= of_basin
    assert shares["best found"] >= of_all

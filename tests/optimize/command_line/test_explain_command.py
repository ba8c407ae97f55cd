"""`prosperity explain`: where a gain comes from, in tables or as JSON; what cannot be explained says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import islands

import optimize as opt
from optimize.command_line.commands import main
from sd_models.system.model import System


@pytest.fixture(scope="module")
def run(islands_result: opt.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a result."""
    return opt.save_result(islands_result, tmp_path_factory.mktemp("runs") / "settled")


def test_tables(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The change in a sentence, its parts by every dimension, stocks, and loops with the policy and without."""
    assert main(["explain", str(run)]) == 0
    printed = capsys.readouterr()
    first = printed.out.splitlines()[0]
    assert first.startswith("The objective, discounted integral of welfare:")
    assert "for the better" in printed.out
    for words in ("by island", "by good", "by when it is decided", "remainder", "Stocks most worth", "capital"):
        assert words in printed.out
    assert "without policy" in printed.out
    assert "Scored: " in printed.err


def test_json(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object, whose parts add up."""
    assert main(["explain", str(run), "total income:mean", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    parts = found["parts"]["spending"]
    for dimension in ("island", "good", "time"):
        assert sum(parts[dimension].values()) + found["remainder"] == pytest.approx(found["gain"])
    assert found["after"] - found["before"] == pytest.approx(found["gain"])
    assert found["unit"] == "money/Year"
    assert found["status"] == "local optimum, not replayed yet"
    assert found["stocks"]["capital"]["dimensions"] == {"island": list(islands.ISLANDS), "good": list(islands.GOODS)}
    for name in ("without policy", "with policy"):
        assert set(found["loops"][name]) == {"feedbackLoops", "dominantLoopsByPeriod"}


def test_an_unknown_outcome_names_the_nearest(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is printed."""
    assert main(["explain", str(run), "totl income"]) == 2
    printed = capsys.readouterr()
    assert "'total income'" in printed.err
    assert not printed.out


def test_what_does_not_move_says_so(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No lever reaches the price."""
    assert main(["explain", str(run), "price"]) == 2
    assert "does not move it" in capsys.readouterr().err


def test_an_infeasible_result_says_so(
    islands_system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no policy."""
    floor = {"name": "much", "sum": "spending", "over": ["island", "good"], "at_least": 1000.0}
    result = opt.solve(opt.Problem(islands_system, opt.read_plan(islands.small_plan(limit=[floor]))))
    folder = opt.save_result(result, tmp_path / "none")
    assert main(["explain", str(folder)]) == 2
    assert "no policy to explain" in capsys.readouterr().err
    assert main(["explain", str(tmp_path / "nothing")]) == 2


def test_a_stock_of_many_elements_is_asked_for_one(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sums of unlike things are made by nobody."""
    assert main(["explain", str(run), "income"]) == 2
    assert "Name one" in capsys.readouterr().err

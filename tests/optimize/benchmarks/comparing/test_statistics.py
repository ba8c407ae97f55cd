"""Means, profiles and spread, against values by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from support.contests import PLAIN

from optimize.benchmarks.comparing.facts import End, Facts, Point
from optimize.benchmarks.comparing.statistics import (
    FACTORS,
    LEAST,
    cells_of,
    profile,
    references,
    shifted_mean,
    summaries,
    to_best,
)
from optimize.benchmarks.comparing.verdicts import Status, judged

LIMIT = 90.0


def run(solver: str, instance: str, seconds: float | None, repeat: int = 0) -> Facts:
    """A run that is solved after so many seconds, or not at all."""
    facts = replace(PLAIN, solver=solver, instance=instance, repeat=repeat, time_limit=LIMIT, memory=1e9 + repeat)
    return replace(facts, seconds=seconds) if seconds is not None else replace(facts, end=End.TIME, objective=math.nan)


def cells(times):
    """Cells of solvers with a time for each instance."""
    return cells_of(judged([run(name, f"i{at}", one) for name, own in times.items() for at, one in enumerate(own)]))


def test_the_mean_is_shifted_and_geometric() -> None:
    """Mittelmann's: of 0 and 90 s the square root of 10 times 100, less 10; unsolved runs count with their limit."""
    assert shifted_mean([0.0, 90.0]) == pytest.approx(math.sqrt(1000.0) - 10.0)
    assert shifted_mean([5.0]) == pytest.approx(5.0)
    assert math.isnan(shifted_mean([]))
    one, other = summaries(cells({"one": [0.0, None], "other": [30.0, 30.0]}))
    assert (one.solver, one.solved, one.mean) == ("other", 2, pytest.approx(30.0))
    assert (other.solved, other.mean) == (1, pytest.approx(math.sqrt(1000.0) - 10.0))
    assert one.ratio == pytest.approx(30.0 / (math.sqrt(1000.0) - 10.0))
    assert other.ratio == 1.0
    assert other.statuses == {Status.OK: 1, Status.TIMEOUT: 1}


def test_who_takes_fewer_is_told_apart() -> None:
    """It has a mean of its own, no ratio, and stands last, however fast it is."""
    runs = [run("all", "a", 5.0), run("all", "b", 5.0), run("few", "a", 0.1)]
    refused = replace(run("few", "b", None), end=End.REFUSED, message="it has kinks.")
    found = summaries(cells_of(judged([*runs, refused])))
    assert [(one.solver, one.accepted) for one in found] == [("all", 2), ("few", 1)]
    assert math.isnan(found[1].ratio)
    assert found[1].mean == pytest.approx(0.1)
    assert found[0].ratio == 1.0


def test_a_profile_counts_who_is_within_a_factor_of_the_fastest() -> None:
    """Dolan and More: three instances by hand; one that nobody solves is left out, and told by the count."""
    found = profile(cells({"one": [1.0, 4.0, None, None], "other": [2.0, 1.0, 3.0, None]}))
    at = {factor: place for place, factor in enumerate(FACTORS)}
    assert found.instances == 3
    assert [found.shares["one"][at[factor]] for factor in (1.0, 2.0, 4.0, 1024.0)] == [1 / 3, 1 / 3, 2 / 3, 2 / 3]
    assert [found.shares["other"][at[factor]] for factor in (1.0, 2.0, 4.0)] == [2 / 3, 1.0, 1.0]
    assert found.leader == "other"
    assert profile(cells({"one": [None]})).shares == {}


def test_a_profile_is_of_solvers_that_meet_most_problems_together() -> None:
    """Two take four problems, a third only one of them: it is left out, and not counted as failing on the others."""
    runs = [run(name, f"i{at}", 1.0) for name in ("one", "other") for at in range(4)]
    few = [replace(run("few", f"i{at}", None), end=End.REFUSED) for at in range(3)]
    found = profile(cells_of(judged([*runs, *few, run("few", "i3", 0.1)])))
    assert set(found.shares) == {"one", "other"}
    assert found.instances == 4
    assert profile(cells_of(judged(few))).shares == {}


def test_without_the_best_the_order_of_others_may_change() -> None:
    """Gould and Scott's warning: with the fastest `b` is more often within a factor of two than `c`, without it not."""
    times = {"a": [1.0, 1.0, 9.0], "b": [2.0, 2.0, 9.0], "c": [2.5, 1.0, 1.0]}
    with_all, rest = profile(cells(times)), profile(cells(times), without="a")
    assert "a" not in rest.shares
    assert rest.shares["b"][0] == pytest.approx(1 / 3)
    assert with_all.shares["b"][0] == 0.0


def test_what_is_faster_than_clocks_is_as_fast() -> None:
    """A millisecond more or less is no factor."""
    found = profile(cells({"one": [LEAST / 10], "other": [LEAST / 3]}))
    assert found.shares["one"][0] == found.shares["other"][0] == 1.0


def test_repeats_have_a_middle_and_a_spread() -> None:
    """One that fails makes the cell unsolved, and the peak is the largest."""
    (cell,) = cells_of(judged([run("one", "a", seconds, repeat) for repeat, seconds in enumerate((2.0, 8.0, 4.0))]))
    assert (cell.seconds, cell.spread, cell.is_solved, cell.memory) == (4.0, 4.0, True, 1e9 + 2)
    (cell,) = cells_of(judged([run("one", "a", 2.0), run("one", "a", None, 1)]))
    assert (cell.status, cell.is_solved) == (Status.TIMEOUT, False)


def test_the_time_to_the_best_is_that_of_the_first_policy_so_near() -> None:
    """The end where none was seen on the way; infinite where it was not reached."""
    points = (Point(0.5, 1, 0, 11.0), Point(1.0, 2, 0, 10.0 + 5e-6), Point(2.0, 3, 0, 10.0))
    seen = replace(run("seen", "a", 3.0), points=points)
    blind, late = run("blind", "a", 4.0), replace(run("late", "a", 5.0), objective=11.0)
    verdicts = judged([seen, blind, late])
    best = references(verdicts)["a"]
    assert [to_best(one, best) for one in verdicts] == [1.0, 4.0, math.inf]

"""Runs in processes of their own: what solvers do that they should not is caught within their limits."""

from __future__ import annotations

import math
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from support import contests
from support.contests import Planted, Stated, product

from optimize.benchmarks.comparing import contest
from optimize.benchmarks.comparing.attempt import run_again
from optimize.benchmarks.comparing.facts import End, Facts, Point, planned
from optimize.benchmarks.comparing.recording import thinned
from optimize.benchmarks.comparing.tasks import GIBIBYTE, Limits, Task
from optimize.problems.optimality import violation
from optimize.solvers.solver import Ending, Solution

LIMIT, MEMORY = 0.5, 0.4 * GIBIBYTE
SPARE = 5.0  # seconds after its limit within which every run has ended


def task(does, **options) -> Task:
    """A run of a planted solver."""
    return Task(Stated(), Planted(does.__name__, does), Limits(LIMIT, MEMORY), options=options)


def ran(given: Task) -> Facts:
    """What happened in it, within its limit."""
    begun = time.perf_counter()
    line = contest.limited(given)
    assert time.perf_counter() - begun < LIMIT + SPARE
    assert line is not None
    return Facts.of(line)


@pytest.fixture(scope="module", autouse=True)
def server() -> None:
    """What is heavy is loaded before any clock is looked at."""
    contest.limited(task(contests.finds))


def below_here() -> set[str]:
    """The command lines of all processes that wait as the planted solver's child does."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_text()
        except OSError:
            continue
        if f"prosperity-test-{os.getpid()}" in text:
            found.add(str(path))
    return found


def test_an_answer_is_run_again_and_its_way_kept() -> None:
    """Objective, violation, effort, and each better policy by the time at which it was run."""
    facts = ran(task(contests.finds))
    assert (facts.end, facts.message, facts.objective, facts.violation) == (End.ANSWERED, "", 4.0, 0.0)
    assert (facts.levers, facts.rows, facts.sign, facts.started) == (2, 1, -1.0, 2.0)
    assert [point.objective for point in facts.points] == [3.0, pytest.approx(3.8), 4.0]
    assert [point.simulations for point in facts.points] == [1, 2, 3]
    assert 0 < facts.seconds < LIMIT
    assert facts.memory > 1e7


@pytest.mark.parametrize(
    ("does", "end", "words"),
    [
        (contests.eats, End.MEMORY, "the limit is 0.4 GiB"),
        (contests.eats_at_once, End.MEMORY, "Unable to allocate"),
        (contests.eats_by_children, End.MEMORY, "the limit is 0.4 GiB"),
        (contests.crashes, End.CRASHED, "SIGSEGV"),
        (contests.aborts, End.CRASHED, "SIGABRT"),
        (contests.leaves, End.CRASHED, "without an answer, with the exit status 0"),
        (contests.raises, End.RAISED, "RuntimeError: factorization failed (contests.py:"),
        (contests.gives_another_shape, End.RAISED, "shape (3,), expected (2,)"),
    ],
)
def test_what_a_solver_should_not_do_is_a_status(does, end: End, words: str) -> None:
    """Too much memory, in one piece or in other processes; a crash; an exit; an error; something else than levers."""
    facts = ran(task(does))
    assert facts.end == end
    assert words in facts.message
    assert math.isnan(facts.objective)


def test_what_never_returns_is_ended_with_all_that_it_started() -> None:
    """Though it ignores every signal and its child has a session of its own; what it found by then is kept."""
    facts = ran(task(contests.ignores, mark=f"prosperity-test-{os.getpid()}"))
    assert facts.end == End.TIME
    assert [point.objective for point in facts.points] == [2.25]
    assert not below_here()


def test_what_is_printed_is_captured(capfd: pytest.CaptureFixture[str]) -> None:
    """It is kept where a run ended badly, and nowhere else to be seen."""
    assert "about to fall" in ran(task(contests.crashes)).log
    assert capfd.readouterr().out == ""


def test_a_problem_that_cannot_be_made_is_no_fault_of_the_solver() -> None:
    """Its error is told."""
    given = Task(Stated(make=contests.unmakeable), Planted("finds", contests.finds), Limits(LIMIT, MEMORY))
    facts = ran(given)
    assert (facts.end, facts.message) == (End.UNMADE, "ValueError: no such model")


def test_levers_that_are_no_numbers_break_all_limits() -> None:
    """Nothing is run with them."""
    facts = ran(task(contests.gives_no_numbers))
    assert (facts.end, facts.violation) == (End.ANSWERED, math.inf)


def test_rounding_breaks_no_limit_without_a_size() -> None:
    """An amount of 1e-16 for a project that is not chosen, where the limit is their difference; what is more counts."""
    program = replace(
        product(),
        lever_rows=csr_array(np.array([[1.0, -10.0]])),
        row_upper=np.zeros(1),
        amounts=np.zeros(1),
        reference=np.zeros(2),
    )
    none = np.zeros(0)

    def facts(amount: float) -> dict[str, Any]:
        x = np.array([amount, 0.0])
        return run_again(program, Solution(Ending.OPTIMAL, x, program.evaluate(x).y, none, none, none, 0.0, 0.0))

    assert violation(program, np.array([1e-16, 0.0]), np.zeros(1)) == 1.0
    assert (facts(1e-16)["violation"], facts(1e-16)["excess"]) == (0.0, 0.0)
    assert (facts(1e-6)["violation"], facts(1e-6)["excess"]) == (1.0, 1e-6)


def test_whole_numbers_are_looked_at() -> None:
    """The largest distance from a whole number is kept, and such a policy is no point on the way."""
    given = Task(Stated(make=halves), Planted("stops_short", contests.between), Limits(LIMIT, MEMORY))
    facts = ran(given)
    assert facts.fraction == 0.5
    assert facts.points == ()


def halves():
    """The product with both levers whole."""
    return product(integers=(0, 1))


def test_time_in_which_equations_are_stated_is_not_the_solvers() -> None:
    """It may be longer than the limit."""
    given = Task(Stated(make=contests.slowly_stated), Planted("states", contests.states), Limits(LIMIT, MEMORY))
    facts = ran(given)
    assert facts.end == End.ANSWERED
    assert facts.seconds < LIMIT
    assert facts.stating >= contests.STATING


def test_the_key_tells_all_that_changes_a_run() -> None:
    """Instance, solver, version, options, limits, repeat, seed."""
    solver = Planted("finds", contests.finds)
    tasks = [
        Task(Stated(), solver),
        Task(Stated(key="other"), solver),
        Task(Stated(), Planted("other", contests.finds)),
        Task(Stated(), Planted("finds", contests.finds, release="2.0")),
        Task(Stated(), solver, options={"tolerance": 1e-4}),
        Task(Stated(), solver, Limits(time=1.0)),
        Task(Stated(), solver, Limits(memory=1.0)),
        Task(Stated(), solver, repeat=1),
        Task(Stated(), solver, seed=1),
    ]
    assert len({each.key for each in tasks}) == len(tasks)
    assert Task(Stated(), solver).key == tasks[0].key


def test_facts_survive_being_written() -> None:
    """Also those that are no numbers; a changed digit is found out."""
    facts = planned(task(contests.finds))
    facts = Facts(**{**vars(facts), "violation": math.inf, "points": (Point(0.5, 1, 2, -3.0),), "notes": ("é\n",)})
    read = Facts.of(facts.line())
    assert (read.violation, read.points, read.notes) == (math.inf, facts.points, facts.notes)
    assert math.isnan(read.objective)
    assert read.line() == facts.line()
    with pytest.raises(ValueError, match="sum"):
        Facts.of(facts.line().replace("-3.0", "-3.1"))
    for text in ("[]", "{}", '{"sum": "", "run": []}', "nonsense"):
        with pytest.raises(ValueError, match=r".*"):
            Facts.of(text)


def test_many_points_are_thinned_by_their_gap() -> None:
    """First and last stay, and so do those at which the gap falls."""
    rng = np.random.default_rng(1)
    fallen = np.sort(rng.random(5000))[::-1] ** 4
    points = [Point(float(i), i, 0, float(value)) for i, value in enumerate(fallen)]
    kept = thinned(points, 1.0)
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    assert len(kept) < 95

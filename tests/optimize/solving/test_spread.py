"""Several starts tell what they found: how many ended at the best value, and how far the others are from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import islands

import optimize as opt
from optimize.problems.assembly import assemble
from optimize.results.prices import objective_unit
from optimize.results.voice import voice_of
from optimize.solvers.solver import Ending, Iteration
from optimize.solving.oversight import Candidate
from optimize.solving.search import End
from optimize.solving.spread import spread
from sd_models.system.model import System


def end(value: float, violation: float = 0.0) -> End:
    """Where a search to maximize ended."""
    return End(Candidate(np.zeros(1), np.zeros(1), -value, violation), Ending.OPTIMAL, None)


@pytest.mark.parametrize(
    ("ends", "asked", "told"),
    [
        ([end(3.0)], 1, []),
        ([end(3.0), end(3.0 + 1e-9), end(3.0)], 3, ["All 3 starts ended at the same value, 3."]),
        ([end(3.0), end(2.5)], 2, ["Of 2 starts 1 ended at the best value, 3, the others at 2.5."]),
        (
            [end(2.0), end(3.0), end(2.5), end(3.0)],
            4,
            ["Of 4 starts 2 ended at the best value, 3, the others from 2.5 to 2."],
        ),
        (
            [end(9.0, violation=0.1), end(3.0), end(2.0), end(np.nan)],
            4,
            [
                "Of 2 starts 1 ended at the best value, 3, the others at 2.",
                "From 2 of 4 starts no policy was found that keeps all limits.",
            ],
        ),
        ([end(9.0, violation=0.1)] * 2, 2, ["From 2 of 2 starts no policy was found that keeps all limits."]),
        (
            [end(3.0), end(3.0)],
            5,
            ["The search was stopped after 2 of 5 starts.", "All 2 starts ended at the same value, 3."],
        ),
    ],
)
def test_what_the_starts_found(islands_system: System, ends: list[End], asked: int, told: list[str]) -> None:
    """The best first; nothing of one start alone, nor is a value counted that breaks limits."""
    problem = opt.Problem(islands_system, opt.read_plan(islands.small_plan(solver={"starts": asked})))
    program = replace(assemble(problem), sign=-1.0)  # costs are less the values
    unit = objective_unit(problem.plan, problem.system)
    expected = [text.replace("value, 3", f"value, 3 {unit}") for text in told]
    assert list(spread(problem, program, ends)) == expected


class Heard:
    """A watch that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begin(self, what: str) -> None:
        """What is being done."""
        self.told.append(what)

    def iteration(self, iteration: Iteration) -> None:
        """A line of progress."""
        self.told.append(f"{iteration.number}")

    def ending(self) -> None:
        """No reason to stop."""


@pytest.mark.parametrize("starts", [1, 3])
def test_each_start_is_told_before_its_iterations(islands_system: System, starts: int) -> None:
    """So that nobody wonders which search a line belongs to; and the result says what came of them."""
    heard = Heard()
    heard.told.append("")
    problem = opt.Problem(islands_system, opt.read_plan(islands.small_plan(solver={"starts": starts})))
    result = opt.solve(problem, watch=heard)
    assert [text for text in heard.told if text.startswith("Start")] == [
        f"Start {number} of 3" for number in range(1, 4) if starts == 3
    ]
    notes = [note for note in result.notes if "starts ended at" in note]
    assert len(notes) == (1 if starts == 3 else 0)
    assert all("起点" in voice_of(result, "zh").told(note) for note in notes)

"""What a search on runs has seen: its best policy so far, and whether it has to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter

import numpy as np

from sd_models.system.model import FloatArray

from ...problems.optimality import violation
from ...problems.program import Evaluation, Program
from ...problems.rounding import HOLDS
from ..solver import Ending, Solution, Watch
from ..starts import reach
from .answers import Answer, solution, within

# What a relative violation of 1 costs, in sizes of the objective at the start: well above what any price makes of it.
PENALTY = 100.0
NOWHERE = 1e6  # the same of levers that have no outcomes


class Over(Exception):
    """A search has to stop."""


@dataclass(eq=False)
class Seen:
    """The best policy of a search: the least violated, among those that keep all limits the cheapest."""

    given: Program
    watch: Watch
    time_limit: float | None = None
    began: float = field(default_factory=perf_counter)
    best: Evaluation | None = None
    rank: tuple[float, float] = (np.inf, np.inf)
    stopped: Ending | None = None

    @cached_property
    def program(self) -> Program:
        """The program, every run of which passes by here."""
        return replace(self.given, notice=self._saw)

    def _saw(self, at: Evaluation) -> None:
        self.given.notice(at)
        missed = violation(self.given, at.x, at.y)
        rank = (missed if missed > HOLDS else 0.0, self.given.cost(at.x, at.y))
        if rank < self.rank:
            self.best, self.rank = replace(at, x=at.x.copy()), rank
        self.check()

    def check(self) -> None:
        """Over where the search has to stop."""
        self.stopped = self.stopped or self.watch.ending()
        if self.stopped is None and self.time_limit is not None and perf_counter() - self.began > self.time_limit:
            self.stopped = Ending.TIME_LIMIT
        if self.stopped is not None:
            raise Over

    def solution(self, start: FloatArray, name: str, search: Callable[[], Answer]) -> Solution:
        """The solution of a search that may be told to stop: then the best that it has seen."""
        try:
            self.program.evaluate(start)  # what it falls back upon
            answer = search()
        except Over:
            ending = self.stopped or Ending.INTERRUPTED
            answer = Answer(None if self.best is None else self.best.x, ending, str(ending))
        except (ArithmeticError, ValueError, RuntimeError) as error:  # what numerical libraries raise when they fail
            answer = Answer(None if self.best is None else self.best.x, Ending.FAILED, str(error)[:200])
        return solution(self.given, start, answer, self.watch, name)


@dataclass(eq=False)
class Ranges:
    """A program as one function of shares z (0 to 1) of the levers' ranges: cost, and a penalty for what is violated.

    Levers without bounds have the range that limits leave them, as `reach` finds it.
    """

    seen: Seen
    start: FloatArray

    @cached_property
    def ends(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each lever."""
        low, high = reach(self.seen.given)
        return np.minimum(low, self.start), np.maximum(high, self.start)

    @cached_property
    def size(self) -> float:
        """What a penalty is counted in."""
        given = self.seen.given
        at = given.evaluate(within(given, self.start))
        cost = abs(given.cost(at.x, at.y)) if at.is_finite else 0.0
        return cost or 1.0

    def levers(self, z: FloatArray) -> FloatArray:
        """Levers of shares, whole where they have to be."""
        low, high = self.ends
        x = low + np.clip(z, 0.0, 1.0) * (high - low)
        x[self.seen.given.integers] = np.round(x[self.seen.given.integers])
        return within(self.seen.given, x)

    def shares(self, x: FloatArray) -> FloatArray:
        """And back; a lever without a range has none."""
        low, high = self.ends
        return np.divide(x - low, high - low, out=np.zeros_like(x), where=high > low)

    def penalized(self, z: FloatArray) -> float:
        """The cost, and the penalty."""
        self.seen.check()
        program = self.seen.program
        at = program.evaluate(self.levers(np.asarray(z)))
        if not at.is_finite:
            return NOWHERE * self.size
        paid = program.cost(at.x, at.y) + PENALTY * self.size * violation(program, at.x, at.y)
        return min(paid, NOWHERE * self.size)  # a run that nearly leaves the numbers is no better than one that does

    def answer(self, z: FloatArray, value: float, status: str) -> Answer:
        """Where a method that draws or compares came to rest; `value` is what was penalized there.

        It cannot know whether that is an optimum.
        """
        return Answer(self.levers(z), Ending.STALLED, status, self.seen.given.sign * value)

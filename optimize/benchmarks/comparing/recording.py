"""What of a search is seen from outside: the best policies that it runs, and its time, without that of others.

A policy counts if it keeps all limits to 1e-6, which the program tells. A search on equations runs none until its end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from sd_models.system.model import FloatArray

from ...problems.optimality import violation
from ...problems.program import Evaluation, Program
from ...problems.rounding import HOLDS, WHOLE
from ...solvers.solver import Ending, Iteration
from .facts import Point

# A policy is worth a line if it is better by this part of all that was gained, or after so many seconds.
WORTH, SECONDS = 1e-8, 0.5
TENTHS = 90  # of a power of ten by which the gap to the last point falls, each of which keeps a point
FINEST = 1e-9  # of the objective: what is better by less is no other policy
Tell = Callable[[dict[str, Any]], None]


@dataclass(eq=False)
class Clock:
    """The time of a search, which stands still while equations are stated; both are told."""

    tell: Tell
    began: float = field(default_factory=perf_counter)
    stating: float = 0.0
    before: float = 0.0  # seconds in which equations were stated before the search began

    @property
    def seconds(self) -> float:
        """The solver's own."""
        return perf_counter() - self.began - self.stating

    def took_before(self, seconds: float) -> None:
        """Equations were taken that stood already."""
        self.before += seconds
        self.tell({"before": {"stating": seconds}})

    def apart(self, state: Callable[[FloatArray], Any] | None) -> Callable[[FloatArray], Any] | None:
        """What states equations, its time kept apart."""
        if state is None:
            return None

        def stated(x: FloatArray) -> Any:
            self.tell({"phase": "stating"})
            begun = perf_counter()
            try:
                return state(x)
            finally:
                self.stating += perf_counter() - begun
                self.tell({"phase": "solving"})

        return stated


@dataclass(eq=False)
class Recorder:
    """Judges every policy that a solver runs, and tells each that is better than all before."""

    program: Program
    clock: Clock
    tell: Tell
    best: float = np.inf
    _first: float = np.nan
    _told: float = -np.inf
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def saw(self, given: Program, at: Evaluation) -> None:
        """Judge a policy that was run."""
        seconds, cost = self.clock.seconds, self.program.cost(at.x, at.y)
        if cost >= self.best - FINEST * abs(self.best) if np.isfinite(self.best) else not np.isfinite(cost):
            return
        if violation(self.program, at.x, at.y) <= HOLDS and fraction(self.program, at.x) <= WHOLE:
            with self._lock:
                self._better(given, cost, seconds)

    def _better(self, given: Program, cost: float, seconds: float) -> None:
        if np.isnan(self._first):
            self._first = cost
        gained, step = self._first - cost, self.best - cost
        self.best = cost
        if step > WORTH * gained or seconds - self._told > SECONDS:
            self._told = seconds
            counts = given.counts
            point = Point(seconds, counts.simulations, counts.gradients, self.program.sign * cost)
            self.tell({"point": [point.seconds, point.simulations, point.gradients, point.objective]})


def thinned(points: Sequence[Point], sign: float) -> tuple[Point, ...]:
    """The first, the last, and of those between them the first in each tenth of a power of ten of the gap to the last.

    >>> [point.objective for point in thinned([Point(0.1 * i, i, 0, 2.0**-i) for i in range(60)], 1.0)][:3]
    [1.0, 0.5, 0.25]
    >>> len(thinned([Point(0.1 * i, i, 0, 1000.0 - i) for i in range(999)], 1.0)) < 100
    True
    """
    if len(points) < 3:
        return tuple(points)
    gaps = sign * (np.array([point.objective for point in points]) - points[-1].objective)
    with np.errstate(divide="ignore", invalid="ignore"):
        bins = np.floor(-10.0 * np.log10(gaps / gaps[0]))
    bins = np.where(np.isfinite(bins), np.minimum(bins, TENTHS), TENTHS)
    kept = [0, *(i for i in range(1, len(points) - 1) if bins[i] > bins[:i].max()), len(points) - 1]
    return tuple(points[i] for i in kept)


def excess(program: Program, x: FloatArray, y: FloatArray) -> float:
    """By how much limits and bounds are broken at most, each in its own unit."""
    values, z = program.rows(x, y), np.concatenate([x, y])
    sides = (program.row_lower - values, values - program.row_upper, program.lower - x, x - program.upper)
    squares = np.array([quadratic.excess(z) for quadratic in program.quadratics])
    return max(float(part.max(initial=0.0)) for part in (*sides, squares))


def fraction(program: Program, x: FloatArray) -> float:
    """The largest distance of what must be whole from a whole number."""
    chosen = x[program.integers]
    return float(np.abs(chosen - np.round(chosen)).max(initial=0.0))


@dataclass(frozen=True)
class Watching:
    """Asks a solver that asks to stop when its time is over."""

    clock: Clock
    limit: float

    def iteration(self, iteration: Iteration) -> None:
        """Nothing: the recorder sees every run."""

    def ending(self) -> Ending | None:
        """The time limit, where it is reached."""
        return Ending.TIME_LIMIT if self.clock.seconds > self.limit else None

"""Who watches over a solve: progress, the time limit, interruption, and the best policy so far.

A solver works in a thread of its own, and every run of the model that it asks for passes through here. So the best
policy is known at any moment, whatever the solver is doing, and a solver that does not come back (a hung library, a
long step) is left behind: the thread is a daemon and ends with the process.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol, runtime_checkable

import numpy as np

from sd_models.system.model import FloatArray

from ..problems.optimality import violation
from ..problems.program import Evaluation, Program
from ..solvers.solver import Ending, Iteration, Solution, Solver, Watch

# How long a solver may take to notice that it has to stop, in seconds. Somebody who interrupts waits for the answer; at
# the time limit a little more time is worth it, since the solver alone knows the prices of limits.
GRACE = {Ending.INTERRUPTED: 0.4, Ending.TIME_LIMIT: 3.0}
TICK = 0.05


@dataclass(frozen=True, eq=False)
class Candidate:
    """A policy with its outcomes, cost and largest relative violation."""

    x: FloatArray
    y: FloatArray
    cost: float
    violation: float

    def beats(self, other: Candidate | None, tolerance: float) -> bool:
        """Whether it is better: less violated, or both keep all limits and it costs less."""
        if other is None:
            return True
        if max(self.violation, other.violation) <= tolerance:
            return self.cost < other.cost
        return self.violation < other.violation


@runtime_checkable
class Herald(Protocol):
    """A watch that is also told what is being done where no iteration tells it."""

    def begin(self, what: str) -> None:
        """Says what is being done from now on."""


@dataclass(eq=False)
class Oversight:
    """The watch of one solve, which may have several starts.

    `limit` is in seconds from now. `inner` is told what happens; it may also ask to stop.
    """

    limit: float
    tolerance: float
    inner: Watch | None = None
    began: float = field(default_factory=perf_counter)
    iterations: list[Iteration] = field(default_factory=list)
    best: Candidate | None = None
    stopped: Ending | None = None
    program: Program | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def iteration(self, iteration: Iteration) -> None:
        """Takes notice of an iteration."""
        self.iterations.append(iteration)
        if self.inner is not None:
            self.inner.iteration(iteration)

    def begin(self, what: str) -> None:
        """Says what is done after the search, where somebody wants to know."""
        if isinstance(self.inner, Herald):
            self.inner.begin(what)

    def ending(self) -> Ending | None:
        """Why the solver has to stop now, or None."""
        if self.stopped is None and perf_counter() - self.began > self.limit:
            self.stopped = Ending.TIME_LIMIT
        if self.stopped is None and self.inner is not None:
            self.stopped = self.inner.ending()
        return self.stopped

    def saw(self, evaluation: Evaluation) -> None:
        """Keeps a policy if it is the best so far."""
        program = self.program
        if program is None:
            return
        found = self.candidate(evaluation)
        with self.lock:
            if found.beats(self.best, self.tolerance):
                self.best = found

    def candidate(self, evaluation: Evaluation) -> Candidate:
        """A run as a policy that may be the best."""
        assert self.program is not None
        x, y = evaluation.x.copy(), evaluation.y
        return Candidate(x, y, self.program.cost(x, y), violation(self.program, x, y))

    def run(self, solver: Solver, program: Program, start: FloatArray) -> Solution | None:
        """The solution of a solver, or None where it was stopped and did not come back in time.

        An interruption (Ctrl-C) ends the solve and not the program.
        """
        done = threading.Event()
        answer: list[Any] = []

        def work() -> None:
            try:
                with np.errstate(over="ignore"):  # beside a pole numbers end: what is infinite is no optimum's
                    answer.append(solver.solve(program, start, self))
            except BaseException as error:  # handed to whoever waits
                answer.append(error)
            done.set()

        threading.Thread(target=work, daemon=True, name=f"solver {solver.name}").start()
        self._wait(done)
        if not answer:
            return None
        if isinstance(answer[0], BaseException):
            raise answer[0]
        found: Solution = answer[0]
        return found

    def _wait(self, done: threading.Event) -> None:
        """Until the solver is done, or has had its time to notice that it has to stop."""
        stopped_at: float | None = None
        while not done.is_set():
            try:
                done.wait(TICK)
                if stopped_at is None and self.ending() is not None:
                    stopped_at = perf_counter()
                if stopped_at is not None and perf_counter() - stopped_at > GRACE.get(
                    self.stopped or Ending.TIME_LIMIT, 0.0
                ):
                    return
            except KeyboardInterrupt:
                self.stopped = self.stopped or Ending.INTERRUPTED

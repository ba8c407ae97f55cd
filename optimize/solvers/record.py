"""What a search of ours tells on its way, the best that it saw, how it begins, and its solution."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from sd_models.system.model import FloatArray

from ..problems.optimality import Multipliers, Optimality, lagrangian_weights, violation
from ..problems.program import Evaluation, Program
from .solver import Ending, Iteration, Solution, Watch
from .starts import projected

# A tolerance above this is that of a point on the way, of which nothing is claimed.
CLAIMED = 1e-6
# Changes of the objective or a merit function within so many roundings of its value count as none.
ROUNDINGS = 100.0


class Ended(Exception):
    """Somebody asked to stop, or numbers ran out."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


@dataclass(frozen=True, eq=False)
class Seen:
    """A policy and its cost, its multipliers, and how far it is from an optimum."""

    run: Evaluation
    cost: float
    multipliers: Multipliers
    found: Optimality

    @property
    def miss(self) -> float:
        """The larger of KKT residual and violation."""
        return max(self.found.kkt_residual, self.found.violation)


@dataclass
class Record:
    """The iterations so far, and the best policy."""

    program: Program
    tolerance: float
    watch: Watch
    began: float = field(default_factory=time.monotonic)
    log: list[Iteration] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    best: Seen | None = None

    def check(self) -> None:
        """Raises `Ended` where somebody asks to stop."""
        ending = self.watch.ending()
        if ending is not None:
            raise Ended(ending)

    def first(self, start: FloatArray) -> FloatArray:
        """The levers next to a start that keep the limits on levers alone; `Ended` where there are none."""
        nearest = projected(self.program, start, stop=lambda: self.watch.ending() is not None)
        if nearest is None:
            self.check()
            nearest = np.clip(start, self.program.lower, self.program.upper)
            at = self.program.evaluate(nearest)
            if violation(self.program, at.x, at.y) > CLAIMED:
                raise Ended(Ending.INFEASIBLE)
        return nearest

    def honest(self, ending: Ending) -> Ending:
        """An ending that does not deny the limits where a point was found that keeps them."""
        keeps = self.best is not None and self.best.found.violation <= max(self.tolerance, CLAIMED)
        return Ending.STALLED if ending is Ending.INFEASIBLE and keeps else ending

    def tell(self, seen: Seen, length: float, *, accepted: bool = True) -> None:
        """Notes an iteration, whose last step, or trust region, has this length in sizes of levers."""
        found, seconds = seen.found, time.monotonic() - self.began
        objective = self.program.sign * seen.cost
        residuals = found.kkt_residual, found.violation
        self.log.append(Iteration(len(self.log), objective, *residuals, length, seconds, accepted))
        self.watch.iteration(self.log[-1])
        if self.best is None or self._is_better(seen, self.best):
            self.best = seen

    def _is_better(self, seen: Seen, best: Seen) -> bool:
        """Whether a policy is better: feasible ones by cost, others by violation."""
        tolerance = self.tolerance
        if seen.found.violation <= tolerance and best.found.violation <= tolerance:
            noise = ROUNDINGS * float(np.finfo(float).eps) * abs(best.cost)
            nearer = seen.found.kkt_residual < best.found.kkt_residual and seen.cost < best.cost + noise
            return seen.cost < best.cost - noise or nearer
        return seen.found.violation <= max(best.found.violation, tolerance)

    def solution(self, ending: Ending, start: FloatArray, sizes: FloatArray) -> Solution:
        """The best policy, or the start where there is none."""
        notes = tuple(dict.fromkeys(self.notes))
        if self.best is None:
            none, y = Multipliers.none(self.program), np.full(len(self.program.outcome_cost), np.nan)
            ends = float("inf"), float("inf"), tuple(self.log), notes
            return Solution(ending, start, y, none.rows, np.zeros(len(start)), none.quadratics, *ends)
        run, multipliers, found = self.best.run, self.best.multipliers, self.best.found
        x, rows, quadratics = run.x, multipliers.rows, multipliers.quadratics
        ends = found.kkt_residual, found.violation, tuple(self.log), notes
        return Solution(ending, x, run.y, rows, self._held(self.best, sizes), quadratics, *ends)

    def _held(self, seen: Seen, sizes: FloatArray) -> FloatArray:
        """The multipliers of the bounds: what holds the levers that stand on one."""
        program, run = self.program, seen.run
        direct, weights = lagrangian_weights(program, run.x, run.y, seen.multipliers)
        slope = direct + program.pullback(run, weights)
        at_lower = (run.x - program.lower) / sizes <= self.tolerance
        at_upper = (program.upper - run.x) / sizes <= self.tolerance
        return np.where((at_lower & (slope > 0)) | (at_upper & (slope < 0)), -slope, 0.0)

"""Over kinks: a search on a smooth model whose width shrinks, to an optimum that may stand on a kink.

Piecewise-linear tables, MIN, MAX, ABS and IF THEN ELSE have slopes on either side and none between. A smooth stand-in
of a width has its optimum near; each narrower one is solved in a few steps from the last (homotopy; Nesterov 2005,
Mathematical Programming 103). At the last width the stand-in's balance of slopes says which mixture of the branches'
slopes holds a lever on a kink, which is what stationarity means there (Clarke 1983), and its curvature on which side of
the kink nothing is better.

Why from wide to narrow and not at once: measured on a plan over a table and a MIN with 120 levers, the exact search
stops making progress at 1711.61 after 30 iterations; ten widths end at 1711.77. What counts at the end is the exact
model: every policy on the way is run by it, and probed by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeGuard

import numpy as np

from sd_models.system.model import FloatArray

from ..problems.optimality import own_sizes, pulls
from ..problems.problem import Problem
from ..problems.program import Program
from ..problems.pyomo_model import Constraints
from ..problems.smoothed import SmoothedProblem, widths_of
from ..solvers.solver import Solution, Solver, hastened
from ..transcription.transcription import transcribe
from .oversight import Oversight

# Widths relative to the sizes of the kinks' arguments, one after the other.
WIDTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
# On the way a solver takes at most so many iterations, to this tolerance: only the last width is solved exactly.
SOME, ROUGH = 100, 1e-3
# Slopes are held against those where a solve began: the last width is solved again, at most so often, where one of
# these is less than this part of it in the end.
AGAIN, WEAKER = 3, 0.5
# The last width is one at which stand-in and exact model differ by this part of what the levers are worth.
SAME = 1e-8


@dataclass(frozen=True, eq=False)
class OverKinks:
    """The smooth model of a problem, compiled when it is first needed; `constraints` is what people add to it."""

    problem: Problem
    constraints: Constraints | None = None

    @cached_property
    def smoothed(self) -> SmoothedProblem:
        """The problem with smooth stand-ins."""
        return SmoothedProblem.of(self.problem)

    @property
    def is_there(self) -> bool:
        """Whether levers move kinks that have stand-ins."""
        return self.smoothed.has_kinks

    def __call__(
        self, program: Program, start: FloatArray, solver: Solver, oversight: Oversight
    ) -> tuple[Program, Solution] | None:
        """The smooth program of the last width and the solver's solution; None without kinks, or where stopped."""
        found, x = None, start
        for width in WIDTHS if self.smoothed.has_kinks else ():
            smooth = self.program(program, width, x, start)
            solution = oversight.run(hastened(solver, SOME, ROUGH), smooth, x)
            if not _is_usable(solution) or oversight.ending() is not None:
                return None
            found, x = (smooth, solution), solution.x
            if width == WIDTHS[-1] or _are_same(program, smooth, solution):
                break
        return None if found is None else self._exactly(program, found[0], x, solver, oversight)

    def _exactly(
        self, program: Program, smooth: Program, x: FloatArray, solver: Solver, oversight: Oversight
    ) -> tuple[Program, Solution] | None:
        """The smooth program, and the solution to the solver's own tolerance, held against the slopes where it is."""
        smooth = replace(smooth, pulls=pulls(program, program.evaluate(x)))
        found = None
        for _ in range(AGAIN):
            solution = oversight.run(solver, smooth, x)
            if not _is_usable(solution):
                return None
            before, x = smooth.pulls, solution.x
            smooth = replace(smooth, pulls=pulls(program, program.evaluate(x)))
            found = smooth, solution
            if (smooth.pulls >= WEAKER * before).all() or oversight.ending() is not None:
                break
        return found

    def standing(self, smooth: Program, x: FloatArray) -> tuple[str, ...]:
        """The kinks that a policy stands on, in words; `smooth` is the program of the last width."""
        widths = widths_of(smooth)
        return self.smoothed.standing_words(x, widths) if len(widths) else ()

    def program(self, program: Program, width: float, x: FloatArray, start: FloatArray) -> Program:
        """The smooth program of a width, in which slopes are held against those of the exact one at a policy."""
        smooth = self.smoothed.program(program, width, program.reference, start)
        at = program.evaluate(x)
        return replace(smooth, pulls=pulls(program, at), equations=self._equations(widths_of(smooth)))

    def _equations(self, widths: FloatArray) -> Callable[[FloatArray], Any]:
        """The problem in Pyomo with stand-ins of these widths, once it is asked for."""
        return lambda x: transcribe(
            self.problem, x, constraints=self.constraints, stand_ins=self.smoothed.with_widths(widths)
        )


def _is_usable(solution: Solution | None) -> TypeGuard[Solution]:
    return solution is not None and bool(np.isfinite(solution.y).all())


def _are_same(program: Program, smooth: Program, solution: Solution) -> bool:
    """Whether the exact run, which is what counts, is as good as the stand-in's."""
    at = program.evaluate(solution.x)
    worth = float(smooth.pulls @ own_sizes(program, at.x))
    return abs(program.cost(at.x, at.y) - program.cost(at.x, solution.y)) <= SAME * worth

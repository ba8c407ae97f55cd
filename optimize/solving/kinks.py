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

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sd_models.system.model import FloatArray

from ..problems.optimality import own_sizes, pulls
from ..problems.problem import Problem
from ..problems.program import Program
from ..problems.smoothed import SmoothedProblem, widths_of
from ..solvers.solver import Solution, Solver
from .oversight import Oversight

# Widths relative to the sizes of the kinks' arguments, one after the other.
WIDTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
# The last width is one at which stand-in and exact model differ by this part of what the levers are worth.
SAME = 1e-8


@dataclass(frozen=True, eq=False)
class OverKinks:
    """The smooth model of a problem, compiled when it is first needed."""

    problem: Problem

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
        found = None
        for width in WIDTHS if self.smoothed.has_kinks else ():
            x = start if found is None else found[1].x
            smooth = self.program(program, width, x, start)
            solution = oversight.run(solver, smooth, x)
            if solution is None or oversight.ending() is not None or not np.isfinite(solution.y).all():
                return None
            found = smooth, solution
            at = program.evaluate(solution.x)  # the exact run, which is what counts
            worth = float(smooth.pulls @ own_sizes(program, at.x))
            if abs(program.cost(at.x, at.y) - program.cost(at.x, solution.y)) <= SAME * worth:
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
        return replace(smooth, pulls=pulls(program, at))

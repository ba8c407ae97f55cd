"""Magnitudes near a policy, so that a solver works with numbers near one, and the way back to a program's units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from .optimality import Multipliers, block_sizes, quadratic_sizes, row_sizes
from .program import Evaluation, Program


@dataclass(frozen=True, eq=False)
class Scales:
    """Magnitudes that levers, outcomes, rows, quadratic constraints and the cost are measured in, all above zero."""

    levers: FloatArray
    outcomes: FloatArray
    rows: FloatArray
    quadratics: FloatArray
    cost: float

    @classmethod
    def ones(cls, program: Program) -> Scales:
        """The units of the program itself."""
        n, m, r = len(program.lower), len(program.outcome_cost), len(program.row_lower)
        return cls(np.ones(n), np.ones(m), np.ones(r), np.ones(len(program.quadratics)), 1.0)

    def unscaled(self, rows: FloatArray, quadratics: FloatArray) -> Multipliers:
        """Multipliers of scaled constraints in the units of the program."""
        return Multipliers(rows * self.cost / self.rows, quadratics * self.cost / self.quadratics)


def scales_of(program: Program, at: Evaluation) -> Scales:
    """The magnitudes near a policy: values along its run, and the cost's steepest slope over a lever's magnitude."""
    levers = block_sizes(program, at.x)
    outcomes = np.where(at.y == 0.0, 1.0, np.abs(at.y))
    slopes = program.lever_cost + program.pullback(at, program.outcome_cost)
    cost = float(np.abs(slopes * levers).max(initial=0.0)) or 1.0
    return Scales(levers, outcomes, row_sizes(program, at.x, at.y), quadratic_sizes(program, at.x, at.y), cost)


def named_outcomes(program: Program) -> IndexArray:
    """The numbers of the outcomes that rows and quadratic constraints name, ascending."""
    n = len(program.lower)
    named = np.zeros(n + len(program.outcome_cost), dtype=bool)
    named[n + program.outcome_rows.indices] = True
    for quadratic in program.quadratics:
        named[quadratic.matrix.indices] = True
        named |= quadratic.vector != 0.0
    return np.flatnonzero(named[n:])

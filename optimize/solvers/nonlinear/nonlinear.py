"""What IPOPT is given: a nonlinear program in scaled variables, and the way back to levers and rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import casadi as ca
import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from ...problems.optimality import Multipliers, block_sizes, quadratic_sizes, row_sizes
from ...problems.program import Evaluation, Program


class NonlinearProgram(Protocol):
    """Functions, bounds and start of a nonlinear program that stands for a program."""

    @property
    def functions(self) -> tuple[ca.Function, Mapping[str, ca.Function]]:
        """The function (x, p) to (f, g) and those of its derivatives that nlpsol takes as options."""

    @property
    def begin_scaled(self) -> FloatArray:
        """The variables at the start."""

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each variable."""

    @property
    def constraint_bounds(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each constraint."""

    def levers(self, z: FloatArray) -> FloatArray:
        """The levers among the variables."""

    def multipliers(self, weights: FloatArray) -> Multipliers:
        """The multipliers of the program from those of the constraints."""


@dataclass(frozen=True, eq=False)
class Scales:
    """Magnitudes that levers, outcomes, rows, quadratic constraints and the cost are measured in, all above zero."""

    levers: FloatArray
    outcomes: FloatArray
    rows: FloatArray
    quadratics: FloatArray
    cost: float

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

"""What IPOPT is given: a nonlinear program in scaled variables, and the way back to the levers and rows of a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import casadi as ca
import numpy as np

from sd_models.system import FloatArray

from ..evaluation import Evaluation
from ..program import Program


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

    def multipliers(self, constraints: FloatArray, bounds: FloatArray) -> Multipliers:
        """The multipliers of the program from those of the constraints and of the variables' bounds."""


@dataclass(frozen=True, eq=False)
class Multipliers:
    """Multipliers of the rows, of the quadratic constraints and of the levers' bounds of a program, in its units."""

    rows: FloatArray
    quadratics: FloatArray
    bounds: FloatArray

    @classmethod
    def none(cls, program: Program) -> Multipliers:
        """Zeros."""
        return cls(np.zeros(len(program.row_lower)), np.zeros(len(program.quadratics)), np.zeros(len(program.lower)))


@dataclass(frozen=True, eq=False)
class Scales:
    """Magnitudes that levers, outcomes, rows, quadratic constraints and the cost are measured in, all above zero."""

    levers: FloatArray
    outcomes: FloatArray
    rows: FloatArray
    quadratics: FloatArray
    cost: float

    def unscaled(self, rows: FloatArray, quadratics: FloatArray, bounds: FloatArray) -> Multipliers:
        """Multipliers of scaled constraints and levers in the units of the program."""
        cost = self.cost
        return Multipliers(rows * cost / self.rows, quadratics * cost / self.quadratics, bounds * cost / self.levers)


def scales_of(program: Program, at: Evaluation) -> Scales:
    """The magnitudes near a policy: values along its run, and the cost's steepest slope over a lever's magnitude."""
    levers = lever_scales(program, at.x)
    outcomes = np.where(at.y == 0.0, 1.0, np.abs(at.y))
    rows = abs(program.lever_rows) @ levers + abs(program.outcome_rows) @ outcomes
    rows[rows == 0.0] = 1.0
    both = np.concatenate([levers, outcomes])
    quadratics = [both @ (abs(q.matrix) @ both) + np.abs(q.vector) @ both + abs(q.bound) for q in program.quadratics]
    used = np.flatnonzero(program.outcome_cost)
    slopes = program.lever_cost + program.outcome_cost[used] @ program.evaluator.gradients(at, used)
    cost = float(np.abs(slopes * levers).max(initial=0.0)) or 1.0
    return Scales(levers, outcomes, rows, np.array([value or 1.0 for value in quadratics]), cost)


def lever_scales(program: Program, x: FloatArray) -> FloatArray:
    """The magnitude of each lever: the largest value of its element over time, else the width of its bounds, else 1."""
    found = np.empty(len(x))
    for block in program.evaluator.problem.bound.blocks:
        largest = np.broadcast_to(np.abs(block.values(x)).max(axis=1, keepdims=True), block.shape)
        width = program.upper[block.columns] - program.lower[block.columns]
        width = np.where(np.isfinite(width) & (width > 0.0), width, 1.0).reshape(block.shape)
        found[block.columns] = np.where(largest > 0.0, largest, width).ravel()
    return found

"""The problem as a solver sees it: arrays, and functions for what only a run of the model can tell.

    minimize    c'x + d'y + e
    subject to  lower <= x <= upper
                row_lower <= A x + B y <= row_upper
                1/2 z'Q z + a'z <= b   with z = (x, y), for each convex quadratic constraint
                y = y(x), the outcomes of a run

Maximization has its signs turned, so that every solver minimizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from sd_models.system.model import FloatArray

from .outcomes import Evaluator


@dataclass(frozen=True, eq=False)
class Quadratic:
    """A constraint 1/2 z'Q z + a'z <= b with z = (x, y): `matrix` is Q, symmetric and positive semidefinite."""

    name: str
    matrix: csr_array
    vector: FloatArray
    bound: float

    def slope(self, z: FloatArray) -> FloatArray:
        """The gradient of the left side."""
        return np.asarray(self.matrix @ z + self.vector)

    def excess(self, z: FloatArray) -> float:
        """By how much the left side is above the bound."""
        return float(0.5 * z @ (self.matrix @ z) + self.vector @ z) - self.bound


@dataclass(frozen=True, eq=False)
class Program:
    """Costs, bounds and rows of a problem, and the evaluator that gives outcomes and gradients.

    `lever_cost` is c, `outcome_cost` d, `constant` e; `lever_rows` A, `outcome_rows` B, both with one row for each
    `row_lower` and `row_upper`; the plan's rows come first, in the order of `Bound.rows`, then those with the names
    `added`. `sign` is -1 where the plan maximizes.
    """

    evaluator: Evaluator
    sign: float
    lever_cost: FloatArray
    outcome_cost: FloatArray
    constant: float
    lower: FloatArray
    upper: FloatArray
    lever_rows: csr_array
    outcome_rows: csr_array
    row_lower: FloatArray
    row_upper: FloatArray
    quadratics: tuple[Quadratic, ...] = ()
    added: tuple[str, ...] = ()

    def cost(self, x: FloatArray, y: FloatArray) -> float:
        """What is minimized."""
        with np.errstate(invalid="ignore"):
            return float(self.lever_cost @ x + self.outcome_cost @ y) + self.constant

    def rows(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The values of the rows."""
        return np.asarray(self.lever_rows @ x + self.outcome_rows @ y)

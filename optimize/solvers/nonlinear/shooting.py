"""A program as a nonlinear program in the levers alone: every value is a simulated run.

Second derivatives are left to the solver's limited-memory update: the exact Hessian of n levers would take n runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np
from scipy.sparse import csr_array, vstack

from sd_models.system.model import FloatArray

from ...problems.evaluator import Evaluator
from ...problems.optimality import Multipliers
from ...problems.program import Program
from ...problems.scales import Scales
from .callback import External, by_column, sparsity_of
from .nonlinear import NonlinearProgram


@dataclass(frozen=True, eq=False)
class Shooting(NonlinearProgram):
    """The nonlinear program in scaled levers: rows of levers alone, then the others and quadratic constraints."""

    program: Program
    start: FloatArray
    scales: Scales
    is_stopped: Callable[[], bool] = lambda: False

    @cached_property
    def evaluator(self) -> Evaluator:
        """The program in its magnitudes."""
        return Evaluator(self.program, self.scales)

    @cached_property
    def functions(self) -> tuple[ca.Function, dict[str, ca.Function]]:
        """The nonlinear program as nlpsol takes it, and its first derivatives."""
        n, rows = len(self.start), len(self.constraint_bounds[0])
        one, many = ca.Sparsity.scalar(), ca.Sparsity.dense(rows, 1)
        jacobian, slopes = sparsity_of(self._slopes(self.evaluator.jacobian_places)), ca.Sparsity.dense(n, 1)
        own = self.evaluator
        nlp = self._function("nlp", {"f": one, "g": many}, lambda z: [own.objective(z), self._rows(z)])
        return nlp, {
            "grad_f": self._function(
                "grad_f", {"f": one, "grad_f_x": slopes}, lambda z: [own.objective(z), own.gradient(z)]
            ),
            "jac_g": self._function(
                "jac_g",
                {"g": many, "jac_g_x": jacobian},
                lambda z: [self._rows(z), by_column(self._slopes(own.jacobian(z)))],
            ),
        }

    def _function(
        self, name: str, results: Mapping[str, ca.Sparsity], values: Callable[[FloatArray], list[Any]]
    ) -> ca.Function:
        """A function for nlpsol; once stopped it gives no numbers, at no cost, so that IPOPT comes to its end."""

        def unless_stopped(z: FloatArray, _: FloatArray) -> list[Any]:
            if self.is_stopped() or not self.evaluator.evaluate(z).is_finite:
                return [np.full(sparsity.nnz(), np.nan) for sparsity in results.values()]
            return values(z)

        return External(name, {"x": len(self.start), "p": 0}, results, unless_stopped)

    def _rows(self, z: FloatArray) -> FloatArray:
        return np.concatenate([self.evaluator.linear_matrix @ z, self.evaluator.constraints(z)])

    def _slopes(self, jacobian: csr_array) -> csr_array:
        return csr_array(vstack([self.evaluator.linear_matrix, jacobian], format="csr"))

    # --- bounds and the way back ----------------------------------------------------------------------------------

    @property
    def begin_scaled(self) -> FloatArray:
        """The variables at the start."""
        return self.start / self.scales.levers

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each variable."""
        return self.evaluator.lower, self.evaluator.upper

    @property
    def constraint_bounds(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each constraint."""
        own = self.evaluator
        lower = np.concatenate([own.linear_lower, own.constraint_lower])
        return lower, np.concatenate([own.linear_upper, own.constraint_upper])

    def levers(self, z: FloatArray) -> FloatArray:
        """The levers in their own units."""
        return self.evaluator.levers(z)

    def multipliers(self, weights: FloatArray) -> Multipliers:
        """The multipliers of the program from those of the constraints."""
        count = len(self.evaluator.linear_upper)
        return self.evaluator.multipliers(weights[:count], weights[count:])

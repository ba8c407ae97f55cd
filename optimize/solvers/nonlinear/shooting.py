"""A program as a nonlinear program in the levers alone: every value is a simulated run.

Second derivatives are left to the solver's limited-memory update: the exact Hessian of n levers would take n runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array

from sd_models.system.model import FloatArray, IndexArray

from ...problems.optimality import Multipliers
from ...problems.program import Evaluation, Program
from ...problems.scales import Scales, named_outcomes
from .nonlinear import NonlinearProgram


class _Function(ca.Callback):
    """A Python function of (x, p) as a CasADi function; its results are columns or the entries of sparse matrices."""

    def __init__(
        self, name: str, size: int, results: Mapping[str, ca.Sparsity], values: Callable[[FloatArray], list[Any]]
    ) -> None:
        ca.Callback.__init__(self)
        self.size, self.results, self.values = size, results, values
        self.construct(name, {})

    def get_n_in(self) -> int:
        """Two: x and p."""
        return 2

    def get_n_out(self) -> int:
        """As many as there are results."""
        return len(self.results)

    def get_name_in(self, i: int) -> str:
        """The names that nlpsol expects."""
        return ("x", "p")[i]

    def get_name_out(self, i: int) -> str:
        """The names that nlpsol expects."""
        return list(self.results)[i]

    def get_sparsity_in(self, i: int) -> ca.Sparsity:
        """x is a column, p is empty."""
        return ca.Sparsity.dense(self.size, 1) if i == 0 else ca.Sparsity(0, 1)

    def get_sparsity_out(self, i: int) -> ca.Sparsity:
        """Of each result."""
        return list(self.results.values())[i]

    def eval(self, arguments: Sequence[ca.DM]) -> Sequence[ca.DM]:
        """The results at a point."""
        return [
            ca.DM(sparsity, value)
            for sparsity, value in zip(self.results.values(), self.values(arguments[0].full().ravel()), strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Shooting(NonlinearProgram):
    """The nonlinear program in scaled levers."""

    program: Program
    start: FloatArray
    scales: Scales
    is_stopped: Callable[[], bool] = lambda: False

    @cached_property
    def functions(self) -> tuple[ca.Function, dict[str, ca.Function]]:
        """The nonlinear program as nlpsol takes it, and its first derivatives."""
        n, rows = len(self.start), len(self.program.row_lower) + len(self.program.quadratics)
        one, many = ca.Sparsity.scalar(), ca.Sparsity.dense(rows, 1)
        slopes = ca.Sparsity.dense(n, 1)
        jacobian = self._pattern[0]
        nlp = self._function("nlp", {"f": one, "g": many}, self._values)
        grad_f = self._function("grad_f", {"f": one, "grad_f_x": slopes}, self._cost_slopes)
        jac_g = self._function("jac_g", {"g": many, "jac_g_x": jacobian}, self._row_slopes)
        return nlp, {"grad_f": grad_f, "jac_g": jac_g}

    def _function(
        self, name: str, results: Mapping[str, ca.Sparsity], values: Callable[[FloatArray], list[Any]]
    ) -> ca.Function:
        """A function for nlpsol; once stopped it gives no numbers, at no cost, so that IPOPT comes to its end."""

        def unless_stopped(z: FloatArray) -> list[Any]:
            if self.is_stopped():
                return [np.full(sparsity.nnz(), np.nan) for sparsity in results.values()]
            return values(z)

        return _Function(name, len(self.start), results, unless_stopped)

    # --- values and slopes ----------------------------------------------------------------------------------------

    def _at(self, z: FloatArray) -> Evaluation:
        """The run of the levers; the last one is kept, since IPOPT asks for values and slopes one after the other."""
        kept = self._kept.get("at")
        if kept is None or not np.array_equal(kept[0], z):
            kept = (z.copy(), self.program.evaluate(self.levers(z)))
            self._kept["at"] = kept
        found: Evaluation = kept[1]
        return found

    def _slopes(self, z: FloatArray) -> FloatArray:
        """The gradients (outcomes that are used, scaled levers)."""
        kept = self._kept.get("slopes")
        if kept is None or not np.array_equal(kept[0], z):
            found = self.program.gradients(self._at(z), self._used) * self.scales.levers
            kept = (z.copy(), found)
            self._kept["slopes"] = kept
        slopes: FloatArray = kept[1]
        return slopes

    @cached_property
    def _kept(self) -> dict[str, Any]:
        return {}

    def _values(self, z: FloatArray) -> list[Any]:
        at, program = self._at(z), self.program
        both = np.concatenate([at.x, at.y])
        bent = [
            (0.5 * both @ (q.matrix @ both) + q.vector @ both) / scale
            for q, scale in zip(program.quadratics, self.scales.quadratics, strict=True)
        ]
        return [
            program.cost(at.x, at.y) / self.scales.cost,
            np.append(program.rows(at.x, at.y) / self.scales.rows, bent),
        ]

    def _cost_slopes(self, z: FloatArray) -> list[Any]:
        program = self.program
        slopes = program.lever_cost * self.scales.levers + program.outcome_cost[self._used] @ self._slopes(z)
        return [self._values(z)[0], slopes / self.scales.cost]

    def _row_slopes(self, z: FloatArray) -> list[Any]:
        """The rows, and the entries of their Jacobian by column."""
        at, program, slopes = self._at(z), self.program, self._slopes(z)
        both = np.concatenate([at.x, at.y])
        n = len(at.x)
        bent = [
            (sides[:n] * self.scales.levers + sides[n:][self._used] @ slopes) / scale
            for q, scale in zip(program.quadratics, self.scales.quadratics, strict=True)
            for sides in (q.matrix @ both + q.vector,)
        ]
        moved = self._linear[self._moved].toarray() + program.outcome_rows[self._moved][:, self._used] @ slopes
        moved /= self.scales.rows[self._moved, np.newaxis]
        entries = np.concatenate([self._still.data, moved.ravel(), *bent])
        return [self._values(z)[1], entries[self._pattern[1]]]

    # --- bounds and the way back ----------------------------------------------------------------------------------

    @property
    def begin_scaled(self) -> FloatArray:
        """The variables at the start."""
        return self.start / self.scales.levers

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each variable."""
        return self.program.lower / self.scales.levers, self.program.upper / self.scales.levers

    @property
    def constraint_bounds(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each constraint."""
        program, scales = self.program, self.scales
        most = np.array([q.bound for q in program.quadratics]) / scales.quadratics
        lower = np.append(program.row_lower / scales.rows, np.full(len(most), -np.inf))
        return lower, np.append(program.row_upper / scales.rows, most)

    def levers(self, z: FloatArray) -> FloatArray:
        """The levers in their own units."""
        return z * self.scales.levers

    def multipliers(self, weights: FloatArray) -> Multipliers:
        """The multipliers of the program from those of the constraints."""
        count = len(self.program.row_lower)
        return self.scales.unscaled(weights[:count], weights[count:])

    # --- structure ------------------------------------------------------------------------------------------------

    @cached_property
    def _used(self) -> IndexArray:
        """The outcomes that cost or constraints name."""
        return np.union1d(np.flatnonzero(self.program.outcome_cost), named_outcomes(self.program))

    @cached_property
    def _moved(self) -> IndexArray:
        """The rows that name outcomes."""
        return np.flatnonzero(np.diff(self.program.outcome_rows.indptr))

    @cached_property
    def _linear(self) -> csr_array:
        """The part of the rows that is linear in the scaled levers."""
        return csr_array(self.program.lever_rows @ diags_array(self.scales.levers))

    @cached_property
    def _still(self) -> coo_array:
        """The scaled rows that name no outcome; the other rows are empty."""
        factors = 1.0 / self.scales.rows
        factors[self._moved] = 0.0
        found = csr_array(diags_array(factors) @ self._linear)
        found.eliminate_zeros()
        return found.tocoo()

    @cached_property
    def _pattern(self) -> tuple[ca.Sparsity, IndexArray]:
        """Where the Jacobian has entries, and their order by column.

        Before they are ordered: those of rows without outcomes, then rows with outcomes, then quadratic constraints,
        each of the latter two with an entry for every lever.
        """
        n, count = len(self.start), len(self.program.row_lower)
        quadratic = count + np.arange(len(self.program.quadratics))
        whole = np.concatenate([self._moved, quadratic]).astype(np.int64)
        rows = np.concatenate([self._still.row, np.repeat(whole, n)])
        columns = np.concatenate([self._still.col, np.tile(np.arange(n), len(whole))])
        order = np.lexsort((rows, columns))
        starts = np.searchsorted(columns[order], np.arange(n + 1))
        shape = (count + len(quadratic), n)
        return ca.Sparsity(*shape, starts.tolist(), rows[order].tolist()), order

"""Quadratic programming with the solvers in CasADi's wheel, on matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np
from scipy.sparse import csc_array, csr_array

from sd_models.system.model import FloatArray

from ...problems.program import Program
from ..rows import Row
from ..solver import Ending, Solution, Watch
from .answers import Answer, solution
from .by_casadi import ENDINGS, last_sentence
from .equations import equations
from .matrices import Matrices, matrices

QUIET: Mapping[str, Any] = {"print_time": False, "error_on_fail": False}
SILENT: Mapping[str, Mapping[str, Any]] = {
    "osqp": {"osqp.verbose": False},
    "qpoases": {"printLevel": "none"},
    "qrqp": {"print_header": False, "print_iter": False, "print_info": False},
    "superscs": {"superscs.verbose": 0},
    "fatrop": {"fatrop.print_level": 0},
}


@dataclass(frozen=True)
class ByConic:
    """A solver of CasADi by its `plugin`, with its own default options; none of them knows a limit of time."""

    row: Row
    plugin: str

    @property
    def name(self) -> str:
        """The name in plans and on the command line."""
        return self.row.name

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        """What the library finds, run by the program."""
        stated = matrices(equations(program, start, self.row))
        return solution(program, start, self._answer(stated), watch, self.name)

    def _answer(self, stated: Matrices) -> Answer:
        program = stated.program
        curvature, matrix = sparse(program.curvature), sparse(program.matrix)
        structure = {"h": curvature.sparsity(), "a": matrix.sparsity()}
        try:
            solver = ca.conic("solver", self.plugin, structure, {**QUIET, **SILENT.get(self.plugin, {})})
            found = solver(
                h=curvature,
                g=program.cost,
                a=matrix,
                lbx=program.lower,
                ubx=program.upper,
                lba=program.row_lower,
                uba=program.row_upper,
                x0=stated.start,
            )
        except RuntimeError as error:  # CasADi's word for a failure of a library
            return Answer(None, Ending.FAILED, last_sentence(error))
        told = solver.stats()
        kind = str(told["unified_return_status"])
        status = str(told.get("return_status") or kind).replace("_", " ").lower()
        values = np.asarray(found["x"].full()).ravel()
        ending = ENDINGS.get(kind, Ending.FAILED)
        return Answer(stated.levers(values), ending, status, stated.shown(float(found["cost"])))


def sparse(matrix: csr_array) -> ca.DM:
    """A sparse matrix for CasADi."""
    found = csc_array(matrix)
    found.sum_duplicates()
    found.sort_indices()
    return ca.DM(ca.Sparsity(*found.shape, found.indptr.tolist(), found.indices.tolist()), found.data)

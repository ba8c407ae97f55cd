"""Quadratic programming with the solvers in CasADi's wheel, on matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np
from scipy.sparse import csc_array, csr_array

from ..solver import Ending
from .answers import Answer
from .by_casadi import QP, QRQP, last_sentence, told
from .matrices import Matrices
from .ways import OnMatrices

SILENT: Mapping[str, Mapping[str, Any]] = {
    "osqp": {"osqp.verbose": False},
    "qpoases": {"printLevel": "none"},
    "qrqp": QRQP,
    "superscs": {"superscs.verbose": 0},
    "fatrop": {"fatrop.print_level": 0},
}


@dataclass(frozen=True, kw_only=True)
class ByConic(OnMatrices):
    """A solver of CasADi by its `plugin`, with its own default options; none of them knows a limit of time."""

    plugin: str

    def _solved(self, stated: Matrices) -> Answer:
        program = stated.program
        curvature, matrix = sparse(program.curvature), sparse(program.matrix)
        structure = {"h": curvature.sparsity(), "a": matrix.sparsity()}
        try:
            solver = ca.conic("solver", self.plugin, structure, {**QP, **SILENT.get(self.plugin, {})})
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
        values = np.asarray(found["x"].full()).ravel()
        ending, status = told(solver)
        return Answer(stated.levers(values), ending, status, stated.shown(float(found["cost"])))


def sparse(matrix: csr_array) -> ca.DM:
    """A sparse matrix for CasADi."""
    found = csc_array(matrix)
    found.sum_duplicates()
    found.sort_indices()
    return ca.DM(ca.Sparsity(*found.shape, found.indptr.tolist(), found.indices.tolist()), found.data)

"""COPT on matrices: simplex, interior point, branch and bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix

from ..solver import Ending
from .answers import Answer
from .matrices import Matrices
from .ways import OnMatrices

# COPT's own numbers of its statuses, and what it calls infinite.
STATUSES: Mapping[int, tuple[str, Ending]] = {
    1: ("optimal", Ending.OPTIMAL),
    2: ("infeasible", Ending.INFEASIBLE),
    3: ("unbounded", Ending.UNBOUNDED),
    4: ("infeasible or unbounded", Ending.FAILED),
    5: ("numerical trouble", Ending.FAILED),
    7: ("imprecise", Ending.FAILED),
    8: ("time limit", Ending.TIME_LIMIT),
}
INFINITE = 1e30


@dataclass(frozen=True, kw_only=True)
class ByCopt(OnMatrices):
    """COPT with its own default options."""

    time_limit: float | None = None

    def _solved(self, stated: Matrices) -> Answer:
        import coptpy

        try:
            model = self._model(coptpy, stated)
            model.solve()
        except coptpy.CoptError as error:
            return Answer(None, Ending.FAILED, str(error))
        status, ending = STATUSES.get(int(model.status), (f"status {model.status}", Ending.FAILED))
        if not (model.hasmipsol if model.ismip else model.haslpsol):
            return Answer(None, ending, status)
        values = np.array([variable.x for variable in model.getVars()], dtype=np.float64)
        bound = stated.shown(float(model.bestbnd)) if model.ismip else None
        return Answer(stated.levers(values), ending, status, stated.shown(float(model.objval)), bound)

    def _model(self, coptpy: Any, stated: Matrices) -> Any:
        program = stated.program
        quiet = coptpy.EnvrConfig()
        quiet.set("nobanner", "1")
        model = coptpy.Envr(quiet).createModel("program")
        model.setParam("Logging", 0)
        if self.time_limit is not None:
            model.setParam("TimeLimit", self.time_limit)
        sides = (program.row_lower, program.row_upper, program.lower, program.upper)
        kinds = np.where(stated.whole, coptpy.COPT.INTEGER, coptpy.COPT.CONTINUOUS).tolist()
        model.loadMatrix(
            program.cost, csc_matrix(program.matrix), *(np.clip(side, -INFINITE, INFINITE) for side in sides), kinds
        )
        if program.curvature.nnz:
            model.loadQ(coo_matrix(0.5 * program.curvature))
        return model

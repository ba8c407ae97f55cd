"""HiGHS by each of its methods, on matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from ..highs import model_of
from ..solver import Ending
from .answers import Answer
from .matrices import Matrices
from .ways import OnMatrices

ENDINGS: Mapping[Any, Ending] = {
    highspy.HighsModelStatus.kOptimal: Ending.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Ending.INFEASIBLE,
    highspy.HighsModelStatus.kUnbounded: Ending.UNBOUNDED,
    highspy.HighsModelStatus.kTimeLimit: Ending.TIME_LIMIT,
    highspy.HighsModelStatus.kIterationLimit: Ending.ITERATION_LIMIT,
}


@dataclass(frozen=True, kw_only=True)
class ByHighs(OnMatrices):
    """HiGHS's `method` (its option `solver`), with its own default options for all else."""

    method: str
    time_limit: float | None = None

    def _solved(self, stated: Matrices) -> Answer:
        highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("solver", self.method)
        if self.time_limit is not None:
            highs.setOptionValue("time_limit", self.time_limit)
        if highs.passModel(model_of(stated.program)) == highspy.HighsStatus.kError:  # it would crash
            return Answer(None, Ending.FAILED, "it does not take these numbers")
        highs.run()
        status = highs.getModelStatus()
        values = np.array(highs.getSolution().col_value, dtype=np.float64)
        told = highs.modelStatusToString(status).lower()
        ending = ENDINGS.get(status, Ending.FAILED)
        if len(values) != len(stated.program.cost):
            return Answer(None, ending, told)
        cost = float(highs.getInfo().objective_function_value)
        return Answer(stated.levers(values), ending, told, stated.shown(cost))

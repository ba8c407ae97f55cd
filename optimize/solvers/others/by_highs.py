"""HiGHS by each of its methods, on matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from sd_models.system.model import FloatArray

from ...problems.program import Program
from ..highs import model_of
from ..rows import Row
from ..solver import Ending, Solution, Watch
from .answers import Answer, solution
from .equations import equations
from .matrices import Matrices, matrices

ENDINGS: Mapping[Any, Ending] = {
    highspy.HighsModelStatus.kOptimal: Ending.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Ending.INFEASIBLE,
    highspy.HighsModelStatus.kUnbounded: Ending.UNBOUNDED,
    highspy.HighsModelStatus.kTimeLimit: Ending.TIME_LIMIT,
    highspy.HighsModelStatus.kIterationLimit: Ending.ITERATION_LIMIT,
}


@dataclass(frozen=True)
class ByHighs:
    """HiGHS's `method` (its option `solver`), with its own default options for all else."""

    row: Row
    method: str
    time_limit: float | None = None

    @property
    def name(self) -> str:
        """The name in plans and on the command line."""
        return self.row.name

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        """What the method finds, run by the program."""
        stated = matrices(equations(program, start, self.row))
        return solution(program, start, self._answer(stated), watch, self.name)

    def _answer(self, stated: Matrices) -> Answer:
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

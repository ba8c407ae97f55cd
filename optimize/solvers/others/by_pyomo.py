"""Solvers through Pyomo: SCIP, POUNCE, Gurobi, CPLEX, CBC, HiGHS, and any other that Pyomo knows by name."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.fileutils import Executable, ExecutableData, PathManager, find_executable

from ..solver import Ending
from .answers import Answer
from .equations import Equations
from .ways import OnEquations


def _program_at(name: str, **more: Any) -> str | None:
    """Where a program is: where its whole path says, else on the PATH.

    Pyomo looks in the current folder first, and a program that came with a plan would run.
    """
    found: str | None = find_executable(name, cwd=Path(name).is_absolute(), **more)
    return found


Executable._manager = PathManager(_program_at, ExecutableData)

ENDINGS: Mapping[str, Ending] = {
    "optimal": Ending.OPTIMAL,
    "globallyOptimal": Ending.OPTIMAL,
    "locallyOptimal": Ending.OPTIMAL,
    "infeasible": Ending.INFEASIBLE,
    "infeasibleOrUnbounded": Ending.FAILED,
    "unbounded": Ending.UNBOUNDED,
    "maxTimeLimit": Ending.TIME_LIMIT,
    "maxIterations": Ending.ITERATION_LIMIT,
    "maxEvaluations": Ending.ITERATION_LIMIT,
}


@dataclass(frozen=True, kw_only=True)
class ByPyomo(OnEquations):
    """A solver that Pyomo calls `factory`, with its own default options.

    `brings` is a module that makes Pyomo know it, `program` the function of a module that tells where its program is.
    """

    factory: str
    brings: str = ""
    program: str = ""
    time_limit: float | None = None

    def _answer(self, stated: Equations) -> Answer:
        model = stated.model
        try:
            with quiet():
                found = self._made().solve(model, load_solutions=False, **self._options())
                ended = str(found.solver.termination_condition)
                told = len(found.solution) > 0
                if told:
                    model.solutions.load_from(found)
        except Exception as error:  # whatever a library or Pyomo's way to it raises: it is no answer
            return Answer(None, Ending.FAILED, _words(error))
        (goal,) = model.component_data_objects(pyo.Objective, active=True)
        objective = pyo.value(goal, exception=False) if told else None
        claimed = np.nan if objective is None else float(objective)
        return Answer(
            stated.levers if told else None,
            ENDINGS.get(ended, Ending.FAILED),
            ended,
            claimed,
            self._bound(found, goal.sense == pyo.minimize),
        )

    def _bound(self, found: Any, minimizes: bool) -> float | None:
        """What it says of how good any policy can be; None where it says nothing of that kind."""
        if not self.row.gives_bound:
            return None
        bound = found.problem.lower_bound if minimizes else found.problem.upper_bound
        return float(bound) if isinstance(bound, int | float) else None

    def _options(self) -> dict[str, Any]:
        return {} if self.time_limit is None else {"timelimit": self.time_limit}

    def _made(self) -> Any:
        if self.brings:
            import_module(self.brings)
        given = {"executable": _executable(self.program)} if self.program else {}
        return pyo.SolverFactory(self.factory, **given)


def _executable(place: str) -> str:
    module, function = place.split(":")
    return str(getattr(import_module(module), function)())


@contextmanager
def quiet() -> Iterator[None]:
    """Without warnings of statuses, licences and of starts beyond bounds: the answer says how it ended."""
    logger = logging.getLogger("pyomo")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _words(error: Exception) -> str:
    """The first line of an error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]

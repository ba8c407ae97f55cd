"""Xpress by its own package, which unlike Pyomo's way to it takes functions that are not quadratic."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo

from ..solver import Ending
from ..traits import Trait
from .answers import Answer
from .equations import Equations
from .restating import Restating
from .ways import OnEquations

FUNCTIONS = ("log", "exp", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan")
# What Xpress says of an answer, where it has come to its end and where it was stopped.
ENDINGS: Mapping[str, Ending] = {
    "OPTIMAL": Ending.OPTIMAL,
    "INFEASIBLE": Ending.INFEASIBLE,
    "UNBOUNDED": Ending.UNBOUNDED,
}


@dataclass(frozen=True, kw_only=True)
class ByXpress(OnEquations):
    """Xpress with its own default options."""

    time_limit: float | None = None

    def _answer(self, stated: Equations) -> Answer:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells the licence
            import xpress

            problem = xpress.problem()
        try:
            problem.setOutputEnabled(False)
            if self.time_limit is not None:
                problem.controls.timelimit = self.time_limit
            variables = _state(xpress, problem, stated)
            problem.optimize()
            return self._told(problem, stated, variables)
        except (xpress.SolverError, xpress.ModelError, xpress.InterfaceError, RuntimeError) as error:
            return Answer(None, Ending.FAILED, str(error)[:200])

    @staticmethod
    def _told(problem: Any, stated: Equations, variables: Mapping[int, Any]) -> Answer:
        found, is_done = problem.attributes.solstatus.name, problem.attributes.solvestatus.name == "COMPLETED"
        ending = ENDINGS.get(found, Ending.FAILED) if is_done else Ending.TIME_LIMIT
        status = f"{problem.attributes.solvestatus.name}, {found}".lower()
        if found not in ("OPTIMAL", "FEASIBLE"):
            return Answer(None, ending, status)
        values = [
            problem.getSolution(variables[id(lever)]) if id(lever) in variables else lever.value
            for lever in stated.model.levers.values()
        ]
        bound = float(problem.attributes.bestbound)
        return Answer(np.array(values, dtype=np.float64), ending, status, float(problem.attributes.objval), bound)


def _state(xpress: Any, problem: Any, stated: Equations) -> dict[int, Any]:
    """Variables, constraints and objective; its variables by the identity of Pyomo's."""
    model = stated.model

    def side(value: float | None, otherwise: float) -> float:
        return otherwise if value is None else float(value)

    variables = {
        id(each): problem.addVariable(
            lb=side(each.lb, -xpress.infinity),
            ub=side(each.ub, xpress.infinity),
            vartype=xpress.continuous if each.is_continuous() else xpress.integer,
        )
        for each in model.component_data_objects(pyo.Var, active=True)
        if not each.fixed
    }
    restating = Restating(variables, {name: getattr(xpress, name) for name in FUNCTIONS})
    for limit in model.component_data_objects(pyo.Constraint, active=True):
        lower, body, upper = limit.to_bounded_expression(evaluate_bounds=True)
        told = restating.of(body)
        if lower is not None and lower == upper:
            problem.addConstraint(told == lower)
            continue
        problem.addConstraint(
            [told >= lower] if lower is not None else [], [told <= upper] if upper is not None else []
        )
    (goal,) = model.component_data_objects(pyo.Objective, active=True)
    sense = xpress.minimize if goal.sense == pyo.minimize else xpress.maximize
    told = restating.of(goal.expr)
    if Trait.CURVED not in stated.traits:
        problem.setObjective(told, sense=sense)
        return variables
    aim = problem.addVariable(lb=-xpress.infinity)  # its objective takes no functions
    problem.addConstraint(aim >= told if goal.sense == pyo.minimize else aim <= told)
    problem.setObjective(aim, sense=sense)
    return variables

"""Solvers that bound a transcribed problem for all policies at once, by branching on its variables.

SCIP (Bolusani and others 2024) and Gurobi build convex relaxations and make them smaller piece by piece. What they tell
is a number in floating point: it holds up to the tolerance to which they keep equations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.solver.common.factory import SolverFactory
from pyomo.contrib.solver.common.results import TerminationCondition

from sd_models.errors import Fault, InvalidRequest, nearest_or_some
from sd_models.system.model import FloatArray

from ..solvers.choice import SOLVERS as TABLE
from ..solvers.rows import Row

FEASIBILITY = 1e-8  # to which equations are asked to hold
LARGE = 1e19  # what solvers tell for infinity
NO_BOUND = (
    TerminationCondition.unbounded,
    TerminationCondition.infeasibleOrUnbounded,
    TerminationCondition.error,
    TerminationCondition.emptyModel,
)


@dataclass(frozen=True)
class GlobalSolver:
    """A solver as people call it, its row in the table of solvers, and its words for what is asked."""

    label: str
    row: Row
    absolute_gap: str
    options: Mapping[str, float] = field(default_factory=dict)

    @property
    def version(self) -> str | None:
        """The version that is installed; None where it is missing."""
        return self.row.version()


SOLVERS: Mapping[str, GlobalSolver] = {
    "scip": GlobalSolver(
        "SCIP",
        TABLE["scip"],
        "limits/absgap",
        {"numerics/feastol": FEASIBILITY, "numerics/dualfeastol": FEASIBILITY, "limits/gap": 0.0},
    ),
    "gurobi": GlobalSolver(
        "Gurobi",
        TABLE["gurobi"],
        "MIPGapAbs",
        {"FeasibilityTol": FEASIBILITY, "OptimalityTol": FEASIBILITY, "MIPGap": 0.0},
    ),
}
"""Every solver that bounds, by its name."""

DEFAULT = SOLVERS["scip"]
"""The solver where none is asked for, if it is installed."""


@dataclass(frozen=True, eq=False)
class Told:
    """What a solver told: its bound (infinite where there is none), its status, the levers of its best point.

    `failure` says why it told nothing.
    """

    value: float
    status: str
    levers: FloatArray | None = None
    failure: str = ""


def global_solver(name: str) -> GlobalSolver:
    """The solver of a name; InvalidRequest for one that does not bound, and for one that is not installed."""
    if name not in SOLVERS:
        advice = nearest_or_some(name, SOLVERS)
        raise InvalidRequest(Fault(f"{name!r} gives no bound that holds for all policies.", "solver", advice=advice))
    found = SOLVERS[name]
    if found.version is None:
        advice = f"Install it: {found.row.install}."
        raise InvalidRequest(Fault(f"{found.label} is not installed.", "solver", advice=advice))
    return found


def told(model: pyo.ConcreteModel, solver: GlobalSolver, *, seconds: float, gap: float) -> Told:
    """What a solver finds within so many seconds, or to an absolute gap."""
    none = math.inf if model.objective.sense == pyo.maximize else -math.inf
    asked = {
        "time_limit": seconds,
        "solver_options": {**solver.options, solver.absolute_gap: gap},
        "load_solutions": False,
        "raise_exception_on_nonoptimal_result": False,
    }
    model.scaling_factor.deactivate()
    try:
        found = SolverFactory(solver.row.settings["factory"]).solve(model, **asked)
    except Exception as error:  # whatever a library of others raises: no bound, and why
        return Told(none, "error", failure=f"{solver.label} cannot state it: {_short(error)}")
    finally:
        model.scaling_factor.activate()
    status = str(found.termination_condition.name)
    value = found.objective_bound
    is_none = value is None or not abs(value) < LARGE or found.termination_condition in NO_BOUND
    return Told(none if is_none else float(value), status, _levers(found, model))


def _levers(found: Any, model: Any) -> FloatArray | None:
    """The levers of the best point, where there is one."""
    if found.incumbent_objective is None:
        return None
    values = found.solution_loader.get_vars(list(model.levers.values()))
    return np.array([values[lever] for lever in model.levers.values()], dtype=np.float64)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__

"""The table of solvers, by the names that plans and the command line use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module

from sd_models.errors import Fault, InvalidRequest, nearest

from ..plans.plan import SolverChoice
from .solver import Solver

# Name to module and class; the modules import what is heavy, so they are loaded when chosen.
SOLVERS: Mapping[str, tuple[str, str]] = {"sqp": ("sequential.sqp", "Sqp"), "ipopt": ("nonlinear.ipopt", "Ipopt")}
OPTIONS = ("tolerance", "iterations")


def chosen_solver(wanted: str | Solver | None, choice: SolverChoice) -> Solver:
    """The solver that is wanted, by default the plan's, with the plan's options; InvalidRequest for an unknown name."""
    if wanted is not None and not isinstance(wanted, str):
        return wanted
    name = wanted or choice.name
    if name not in SOLVERS:
        advice = nearest(name, SOLVERS) or f"There are: {', '.join(SOLVERS)}."
        raise InvalidRequest(Fault(f"there is no solver {name!r}.", "solver", advice=advice))
    module, kind = SOLVERS[name]
    solver = getattr(import_module(f".{module}", __package__), kind)
    known = {field.name for field in fields(solver)}
    set_in_plan = choice.model_fields_set & known & set(OPTIONS)
    made: Solver = solver(**{option: getattr(choice, option) for option in set_in_plan})
    return made

"""The table of solvers, by the names that plans and the command line use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module

from sd_models.errors import Fault, InvalidRequest, nearest

from .solver import Solver

# Name to module and class; the modules import what is heavy, so they are loaded when chosen.
SOLVERS: Mapping[str, tuple[str, str]] = {"sqp": ("sequential.sqp", "Sqp"), "ipopt": ("nonlinear.ipopt", "Ipopt")}
OPTIONS = ("tolerance", "iterations")


def named_solver(name: str, options: Mapping[str, object]) -> Solver:
    """The solver of a name with those of the options that are its own; InvalidRequest for an unknown name."""
    if name not in SOLVERS:
        advice = nearest(name, SOLVERS) or f"There are: {', '.join(SOLVERS)}."
        raise InvalidRequest(Fault(f"there is no solver {name!r}.", "solver", advice=advice))
    module, kind = SOLVERS[name]
    solver = getattr(import_module(f".{module}", __package__), kind)
    known = {field.name for field in fields(solver)}
    made: Solver = solver(**{option: options[option] for option in OPTIONS if option in known and option in options})
    return made

"""The table of solvers, by the names that plans and the command line use."""

from __future__ import annotations

from collections.abc import Mapping

from sd_models.errors import Fault, InvalidRequest, nearest_or_some

from .rows import Row, Works
from .solver import Solver
from .traits import Trait

OPTIONS = ("tolerance", "iterations")
# All that has slopes: limits and objectives of any form, kinks by way of smooth stand-ins.
SMOOTH = frozenset(Trait) - {Trait.INTEGERS}

_ROWS = (
    Row(
        "sqp",
        "sequential.sqp",
        "Sqp",
        "sequential quadratic programming on runs of the model, with exact derivatives",
        Works.ON_LEVERS,
        SMOOTH,
        "MIT",
    ),
    Row(
        "ipopt",
        "nonlinear.ipopt",
        "Ipopt",
        "IPOPT on the equations of all steps, or on runs",
        Works.ON_LEVERS,
        SMOOTH,
        "EPL-2.0, in CasADi's wheel (LGPL-3.0)",
        package="casadi",
        needs=("casadi",),
    ),
)
SOLVERS: Mapping[str, Row] = {row.name: row for row in _ROWS}
"""Every solver by its name."""


def named_solver(name: str, options: Mapping[str, object]) -> Solver:
    """The solver of a name with those of the options that are its own; InvalidRequest for an unknown name."""
    if name not in SOLVERS:
        advice = nearest_or_some(name, SOLVERS)
        raise InvalidRequest(Fault(f"there is no solver {name!r}.", "solver", advice=advice))
    return SOLVERS[name].make({option: options[option] for option in OPTIONS if option in options})

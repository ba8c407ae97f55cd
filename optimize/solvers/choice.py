"""The table of solvers, by the names that plans and the command line use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from sd_models.errors import Fault, InvalidRequest, nearest_or_some

from .others.table import ON_RUNS, STATED, rows
from .rows import NotAccepted, Row, Works, refusal
from .solver import Solver

# Up to so many levers, `sqp` is the solver where a plan names none.
FEW = 1000
OPTIONS = ("tolerance", "iterations", "time_limit", "seed")


def _ours() -> Iterator[Row]:
    about = "sequential quadratic programming on runs of the model, with exact derivatives"
    yield Row("sqp", "sequential.sqp", "Sqp", about, Works.ON_LEVERS, ON_RUNS, "MIT")
    about = "an interior-point method on runs of the model, with exact derivatives"
    yield Row("ipm", "penalty_barrier.ipm", "Ipm", about, Works.ON_LEVERS, ON_RUNS, "MIT")
    about = "IPOPT on the equations of all steps, or on runs"
    needs, licence = ("casadi",), "EPL-2.0"
    yield Row("ipopt", "nonlinear.ipopt", "Ipopt", about, Works.ON_LEVERS, ON_RUNS, licence, "casadi", needs)


SOLVERS: Mapping[str, Row] = {row.name: row for row in (*_ours(), *rows())}
"""Every solver by its name."""


def own_name(levers: int) -> str:
    """The solver of ours that suits so many levers; what was measured stands in `penalty_barrier/ipm.py`."""
    return "ipm" if levers > FEW else "sqp"


def row_of(name: str) -> Row:
    """The row of a solver, also of one that only Pyomo knows: `pyomo:NAME`, or the name alone.

    InvalidRequest for an unknown name, and for one whose program is not there.
    """
    if name in SOLVERS:
        return SOLVERS[name]
    known = import_module(".others.known_to_pyomo", __package__)
    if name.startswith(known.PREFIX) or known.is_known(name):
        found: Row = known.row(name.removeprefix(known.PREFIX), STATED)
        return found
    raise InvalidRequest(Fault(f"there is no solver {name!r}.", "solver", advice=nearest_or_some(name, SOLVERS)))


def named_solver(name: str, options: Mapping[str, object]) -> Solver:
    """The solver of a name with those of the options that are its own.

    InvalidRequest for an unknown name, and for a solver that is not installed.
    """
    row = row_of(name)
    reason = refusal(row)
    if reason is not None:
        raise NotAccepted(reason)
    return row.make({option: options[option] for option in OPTIONS if option in options})

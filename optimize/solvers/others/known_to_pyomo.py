"""Any other solver that Pyomo knows by its name and finds on this machine."""

from __future__ import annotations

import pyomo.environ as pyo

from sd_models.errors import Fault, InvalidRequest, nearest

from ..rows import Row, Works
from ..traits import Trait
from .by_pyomo import quiet

PREFIX = "pyomo:"


def names() -> list[str]:
    """The names that Pyomo has a way to."""
    return sorted(name for name in pyo.SolverFactory if not name.startswith("_"))


def is_known(name: str) -> bool:
    """Whether Pyomo has a way to a solver of this name."""
    return name in names()


def row(name: str, takes: frozenset[Trait]) -> Row:
    """Its row, which takes all that can be stated: nobody knows better. InvalidRequest where it is not to be had."""
    if not is_known(name):
        raise InvalidRequest(Fault(f"Pyomo knows no solver {name!r}.", "solver", advice=nearest(name, names())))
    if not _is_there(name):
        advice = "Install it so that its program is on the PATH, or the Python package that brings it."
        raise InvalidRequest(Fault(f"Pyomo knows the solver {name!r}, but does not find it.", "solver", advice=advice))
    return Row(
        f"{PREFIX}{name}",
        "others.by_pyomo",
        "ByPyomo",
        "whatever Pyomo calls by this name",
        Works.ON_EQUATIONS,
        takes,
        "its own",
        package="pyomo",
        needs=("pyomo",),
        settings={"factory": name},
    )


def _is_there(name: str) -> bool:
    try:
        with quiet():  # it warns of each program that is not there
            return bool(pyo.SolverFactory(name).available(exception_flag=False))
    except Exception:  # whatever a way of Pyomo's raises where its package is missing
        return False

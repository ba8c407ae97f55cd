"""Why a run is not a number: the first variable, in the order of evaluation, at the first time.

Values may be missing where the model says so: behind :NA:, raw data between its points, gaps in data, and elements
without an equation. Everything else that is not a number stops the run.
"""

from __future__ import annotations

import casadi as ca
import numpy as np
import numpy.typing as npt

from .casadi_functions import Moment
from .compilation import Model
from .errors import Fault
from .evaluation import element_names
from .expression import Expr, Number, nodes, references
from .lowering import Lowering
from .ordering import stages
from .results import Trajectories
from .system import FloatArray, Interpolation, Kind, Series, System, Values, Variable, fault_of


def wrong(model: Model, found: Trajectories) -> npt.NDArray[np.bool_]:
    """At which times of which run an output is NaN or infinite though the model does not say so."""
    bad = np.zeros(found.outputs.shape[1], dtype=bool)
    if all(np.isfinite(numbers).all() for numbers in (found.outputs, *model.fixed.values())):
        return bad
    allowed = _may_be_missing(model.expanded)
    outputs = {name: found.outputs[rows] for name, rows in model.outputs.rows.items()}
    fixed = {name: values[:, np.newaxis] for name, values in model.fixed.items()}
    for name, values in {**outputs, **fixed}.items():
        bad |= (np.isinf(values) if name in allowed else ~np.isfinite(values)).any(axis=0)
    return bad


def all_variables(system: System) -> list[str]:
    """All variables that have values in a run, those that rewrites added included."""
    return [variable.name for variable in system if variable.kind is not Kind.TABLE]


def first_fault(model: Model, found: Trajectories, step: int) -> Fault:
    """The fault at a step of a run that has all variables as outputs."""
    system, allowed = model.expanded, _may_be_missing(model.expanded)
    time = model.grid.times[step]
    for stage in stages(system, all_variables(system)):
        for name in stage.variables:
            rows = model.outputs.rows.get(name)
            column = model.fixed.get(name, np.zeros(0)) if rows is None else found.outputs[rows, step]
            bad = np.isinf(column) if name in allowed else ~np.isfinite(column)
            if bad.any():
                return _fault(system, name, int(np.flatnonzero(bad)[0]), column, time)
    return Fault(f"NaN or infinity at time {time:g}.", file=system.name)


def _fault(system: System, name: str, row: int, column: FloatArray, time: float) -> Fault:
    variable = system.variables[name]
    what = "infinite" if np.isinf(column[row]) else "not a number"
    found = f"{element_names(system, variable)[row]} is {what} at time {time:g}."
    advice = "Look for a division by zero, a logarithm or root of a negative number, or overflow; ZIDZ divides safely."
    return fault_of(variable, found, advice, file=system.name)


def _may_be_missing(system: System) -> frozenset[str]:
    """The variables that a gap reaches."""
    reached = {variable.name for variable in system if _has_gap(system, variable)}
    users: dict[str, set[str]] = {}
    for variable in system:
        for side in _sides(variable):
            for name in references(side):
                users.setdefault(name, set()).add(variable.name)
    open_names = list(reached)
    while open_names:
        for user in users.get(open_names.pop(), set()) - reached:
            reached.add(user)
            open_names.append(user)
    return frozenset(reached)


def _sides(variable: Variable) -> list[Expr]:
    sides = [side for equation in variable.equations for side in (equation.definition, equation.initial)]
    return [side for side in sides if side is not None and not isinstance(side, Values | Series)]


def _has_gap(system: System, variable: Variable) -> bool:
    """Whether the variable itself is missing a value somewhere."""
    for equation in variable.equations:
        match equation.definition:
            case Values(array=numbers) | Series(y=numbers) if np.isnan(numbers).any():
                return True
            case Series(interpolation=Interpolation.RAW):
                return True
    if any(isinstance(node, Number) and np.isnan(node.value) for side in _sides(variable) for node in nodes(side)):
        return True
    return _is_partly_defined(system, variable)


def _is_partly_defined(system: System, variable: Variable) -> bool:
    lowering = Lowering(system, {}, Moment(ca.DM(0.0), ca.DM(1.0), variable.name))
    defined = sum(int(lowering.kept(variable, equation).sum()) for equation in variable.equations)
    return defined < int(np.prod(system.shape(variable), dtype=np.int64))

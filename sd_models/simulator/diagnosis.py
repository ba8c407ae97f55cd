"""Why a run is not a number: the first variable, in the order of evaluation, at the first time.

Values may be missing where the model says so: gaps in data, elements without an equation, and NaN of XMILE. Everything
else that is not a number stops the run. Vensim's :NA: is a number.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..dynamics.preparation import STATES
from ..errors import Fault
from ..system.alignment import Alignment
from ..system.elements import element_names
from ..system.expression import Expr, Number, nodes, references
from ..system.model import Kind, Mask, Series, System, Values, Variable, fault_of
from ..system.ordering import stages
from .compilation import CompiledModel
from .datasets import Trajectories


def wrong(model: CompiledModel, found: Trajectories) -> Mask:
    """At which times of which run an output is NaN or infinite though the model does not say so."""
    bad = np.zeros(found.outputs.shape[1], dtype=bool)
    if all(np.isfinite(numbers).all() for numbers in (found.outputs, *model.fixed.values())):
        return bad
    allowed = may_be_missing(model)
    outputs = {name: found.outputs[rows] for name, rows in model.outputs.rows.items()}
    fixed = {name: values[:, np.newaxis] for name, values in model.fixed.items()}
    for name, values in {**outputs, **fixed}.items():
        bad |= (np.isinf(values) if name in allowed else ~np.isfinite(values)).any(axis=0)
    return bad


def needed(system: System, names: Iterable[str]) -> list[str]:
    """The named variables and all that their values follow from, at any time; without tables."""
    found: dict[str, None] = {}
    open_names = list(names)
    while open_names:
        name = open_names.pop()
        if name not in found and name != "Time" and system.variables[name].kind is not Kind.TABLE:
            found[name] = None
            open_names.extend(sorted(name for side in _sides(system.variables[name]) for name in references(side)))
    return list(found)


def first_fault(model: CompiledModel, found: Trajectories, step: int, missing: frozenset[str]) -> Fault:
    """The fault at a step of a run, or at those before it that led to it, by all variables among the outputs.

    A stock that is no number became it by a flow of the step before.
    """
    names = {*model.outputs.rows, *model.fixed}
    order = [name for stage in stages(model.expanded, names) for name in stage.variables if name in names]
    first = _bad(model, found, step, order, missing)
    while first is not None and step and model.expanded.variables[first[0]].kind in STATES:
        before = _bad(model, found, step - 1, order, missing)
        if before is None:
            break
        first, step = before, step - 1
    time = model.grid.times[step]
    if first is None:
        return Fault(f"NaN or infinity at time {time:g}.", file=model.system.name)
    return _fault(model.expanded, *first, time)


def _bad(
    model: CompiledModel, found: Trajectories, step: int, order: Iterable[str], missing: frozenset[str]
) -> tuple[str, int, float] | None:
    """The first variable that is no number at a step, with row and value."""
    for name in order:
        rows = model.outputs.rows.get(name)
        column = model.fixed[name] if rows is None else found.outputs[rows, step]
        bad = np.flatnonzero(np.isinf(column) if name in missing else ~np.isfinite(column))
        if len(bad):
            return name, int(bad[0]), float(column[bad[0]])
    return None


def _fault(system: System, name: str, row: int, value: float, time: float) -> Fault:
    variable = system.variables[name]
    what = "infinite" if np.isinf(value) else "not a number"
    found = f"{element_names(system, variable)[row]} is {what} at time {time:g}."
    advice = "Look for a division by zero, a logarithm or root of a negative number, or overflow; ZIDZ divides safely."
    return fault_of(variable, found, advice, file=system.name)


def may_be_missing(model: CompiledModel) -> frozenset[str]:
    """The variables that a gap reaches.

    Gaps are those of the model as it was written: NaN in a constant that was folded is no gap.
    """
    variables = {**model.expanded.variables, **model.system.variables}
    reached = {name for name, variable in variables.items() if _has_gap(model.expanded, variable)}
    users: dict[str, set[str]] = {}
    for variable in (*model.expanded, *model.system):
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
    if any(isinstance(node, Number) and np.isnan(node.value) for side in _sides(variable) for node in nodes(side)):
        return True
    return _is_partly_defined(system, variable)


def _is_partly_defined(system: System, variable: Variable) -> bool:
    alignment = Alignment(system)
    defined = sum(int(alignment.kept(variable, equation).sum()) for equation in variable.equations)
    return defined < system.size(variable)

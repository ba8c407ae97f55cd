"""What cannot change in a run to numbers, so that targets see it once and not in every step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from ..numbers.evaluation import numbers
from ..system.expression import Expr, functions, references
from ..system.functions import FUNCTIONS, Group
from ..system.model import Equation, Kind, System, Values, Variable
from ..system.ordering import current


def fold_constants(system: System, *, keep: Iterable[str] = ()) -> System:
    """The system with auxiliaries that follow from constants alone as constants; those that need `keep` stay."""
    fixed = unchanging(system, keep=keep)
    foldable = [v for v in system.of_kind(Kind.AUXILIARY) if v.name in fixed]
    values = numbers(system, [v.name for v in foldable], np.nan, np.nan, initial=False)
    variables = dict(system.variables)
    for variable in foldable:
        array = values[variable.name].reshape(system.shape(variable))
        equation = Equation(variable.dimensions, Values(array), place=variable.place)
        variables[variable.name] = replace(variable, kind=Kind.CONSTANT, equations=(equation,))
    return replace(system, variables=variables)


def unchanging(system: System, *, keep: Iterable[str] = ()) -> frozenset[str]:
    """The variables that no time, data, stock or kept variable reaches."""
    moving = set(keep) | {"Time"} | {v.name for v in system.of_kind(Kind.STOCK, Kind.SAMPLE, Kind.DATA)}
    users: dict[str, list[str]] = {}
    for variable in system.of_kind(Kind.AUXILIARY, Kind.CONSTANT):
        for name in _needs(variable):
            users.setdefault(name, []).append(variable.name)
    open_names = list(moving)
    while open_names:
        for user in users.get(open_names.pop(), ()):
            if user not in moving:
                moving.add(user)
                open_names.append(user)
    return frozenset(system.variables) - moving


def _needs(variable: Variable) -> frozenset[str]:
    """What a variable refers to; functions of time and active initials count as needing the time."""
    found: set[str] = set()
    for equation in variable.equations:
        side = current(equation)
        if side is None or isinstance(side, Values):
            continue
        found |= references(side)
        if equation.initial is not None or uses_time(side):
            found.add("Time")
    return frozenset(found)


def uses_time(expr: Expr) -> bool:
    """Whether the expression calls a function of time (STEP, PULSE, RAMP)."""
    return any(FUNCTIONS[name].group is Group.TIME for name in functions(expr))

"""The problem as a Pyomo model, which people may extend.

The Pyomo model holds everything but the run: `levers`, `outcomes`, `limits` and `objective`, each component with the
words of the plan as its index. Somebody's function may add linear and convex quadratic constraints on them, tighten or
fix variables (`tightened`).

Why Pyomo holds the statement and not the linearized problem of each iteration: Pyomo states 12,400 levers and 25,000
limits in 0.2 s and reads them back in 0.1 s, once a solve. The linearization has up to a million coefficients that are
new in every iteration; as Pyomo expressions they take seconds, as arrays to HiGHS milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, TypeAlias

import numpy as np
import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.core.expr import LinearExpression

from sd_models.errors import Fault, InvalidRequest

from ..plans.affine import Affine, stacked
from ..plans.horizon import Window, WindowKind
from .assembly import sides_of
from .problem import Problem

Words: TypeAlias = tuple[Any, ...]
Constraints: TypeAlias = Callable[[pyo.ConcreteModel], None]  # adds some to a model


def state(problem: Problem, constraints: Constraints | None = None) -> pyo.ConcreteModel:
    """The problem in Pyomo, with what `constraints` adds to it.

    `model.levers[variable, *elements, time]` are the levers, by the time at which their period begins;
    `model.outcomes[variable, *elements, window]` the outcomes, where the window is the time at which a period begins
    (the mean over it), "final", "objective", (from, to) for a total or ("mean", from, to) for the mean over a longer
    period of a lever; `model.limits[limit, *elements, time]` the rows.
    The outcomes are tied to the levers by the run of the model alone, which no Pyomo constraint states.
    """
    with PauseGC():  # a hundred thousand objects that stay: looking for garbage among them takes as long again
        model = _stated(problem)
    if constraints is not None:
        constraints(model)
    return model


def _stated(problem: Problem) -> pyo.ConcreteModel:
    model = pyo.ConcreteModel(name=problem.plan.model)
    lower, upper = problem.lower, problem.upper
    keys = list(lever_keys(problem))
    columns = dict(zip(keys, range(len(keys)), strict=True))
    model.levers = pyo.Var(
        pyo.Set(initialize=keys, dimen=None),
        bounds=lambda _, *key: _sides(lower[columns[key]], upper[columns[key]]),
    )
    model.outcomes = pyo.Var(pyo.Set(initialize=list(outcome_keys(problem)), dimen=None))
    variables = list(model.levers.values()), list(model.outcomes.values())
    _state_limits(model, problem, variables)
    (goal,) = _expressions(problem.bound.objective, variables)
    sense = pyo.maximize if problem.plan.objective.sign > 0 else pyo.minimize
    model.objective = pyo.Objective(expr=goal, sense=sense)
    return model


def tightened(problem: Problem, constraints: Constraints) -> pyo.ConcreteModel:
    """The problem in Pyomo with what `constraints` adds to it; InvalidRequest where it takes something away.

    A result is checked against the words of the plan. What is to be looser stands in the plan.
    """
    model = state(problem)
    parts = [model.levers, model.outcomes, model.limits, model.objective]
    limits = [(limit, limit.expr) for limit in model.limits.values()]
    goal, sense = model.objective.expr, model.objective.sense
    constraints(model)
    found = [
        f"the limit {limit.index()[0]!r} is changed or taken away."
        for limit, said in limits
        if not limit.active or limit.expr is not said
    ]
    if any(model.component(part.local_name) is not part for part in parts):
        found.append("levers, outcomes, limits or the objective are replaced.")
    goals = list(model.component_data_objects(pyo.Objective, active=True))
    if [id(one) for one in goals] != [id(parts[-1])] or goals[0].expr is not goal or goals[0].sense != sense:
        found.append("the objective is not the plan's.")
    sides = np.array([variable_sides(lever) for lever in parts[0].values()]).reshape(-1, 2)
    if np.isnan(sides).any():
        found.append("a lever is fixed at no number.")
    if (sides[:, 0] < problem.lower).any() or (sides[:, 1] > problem.upper).any():
        found.append("a lever may go beyond its bounds in the plan.")
    if found:
        advice = "Constraints add to a plan; what is to be looser or other, change in the plan."
        raise InvalidRequest([Fault(text, "constraints", problem.file, advice=advice) for text in dict.fromkeys(found)])
    return model


def lever_keys(problem: Problem) -> Iterator[Words]:
    """(variable, *elements, time) of each column of x."""
    for block in problem.bound.blocks:
        names = list(_element_names(problem, block.variable))
        for element, start in product(block.elements, block.starts):
            yield (block.variable, *names[int(element)], float(start))


def outcome_keys(problem: Problem) -> Iterator[Words]:
    """(variable, *elements, window) of each number of y."""
    quantities = problem.bound.quantities
    windows = [_window_key(problem, window) for window in quantities.over.each]
    names: dict[str, list[tuple[str, ...]]] = {}
    for (variable, element), window in zip(quantities.elements, quantities.windows, strict=True):
        if variable not in names:
            names[variable] = list(_element_names(problem, variable))
        yield (variable, *names[variable][element], windows[int(window)])


def limit_keys(problem: Problem) -> Iterator[Words]:
    """(limit, *elements, time) of each row, in the order of the rows."""
    for rows in problem.bound.rows:
        for *elements, time in product(*rows.axes.values(), rows.times):
            yield (rows.name, *elements, float(time))


def _element_names(problem: Problem, variable: str) -> Iterator[tuple[str, ...]]:
    system = problem.system
    return product(*(system.dimensions[d].elements for d in system[variable].dimensions))


def _window_key(problem: Problem, window: Window) -> Any:
    """The words for a window in an index: see `state`."""
    match window.kind:
        case WindowKind.FINAL | WindowKind.OBJECTIVE:
            return str(window.kind)
        case WindowKind.TOTAL:
            return window.start, window.end
        case WindowKind.MEAN:
            is_period = window in problem.horizon.always.each
            return window.start if is_period else (str(window.kind), window.start, window.end)


def _sides(lower: float, upper: float) -> tuple[float | None, float | None]:
    return (float(lower) if np.isfinite(lower) else None, float(upper) if np.isfinite(upper) else None)


def _state_limits(model: pyo.ConcreteModel, problem: Problem, variables: tuple[list[Any], list[Any]]) -> None:
    """The rows of all limits as Pyomo constraints; a row without variables keeps its place by one of factor zero."""
    keys = list(limit_keys(problem))
    rows = problem.bound.rows
    bodies = _expressions(stacked(each.expression for each in rows), variables)
    lower, upper = sides_of(rows)
    stated = dict(zip(keys, zip(lower, bodies, upper, strict=True), strict=True))

    def rule(_: Any, *key: Any) -> Any:
        lower, body, upper = stated[key]
        low, high = _sides(lower, upper)
        return (low, body, high) if low is None or low != high else (body, high)

    model.limits = pyo.Constraint(pyo.Set(initialize=keys, dimen=None), rule=rule)


def _expressions(affine: Affine, variables: tuple[list[Any], list[Any]]) -> Iterator[Any]:
    """Each row as a Pyomo expression."""
    levers, outcomes = variables
    parts = [
        (part.matrix((len(affine), len(known))), known)
        for part, known in ((affine.levers, levers), (affine.outcomes, outcomes))
    ]
    for row in range(len(affine)):
        coefficients: list[float] = []
        chosen: list[Any] = []
        for matrix, known in parts:
            inside = slice(matrix.indptr[row], matrix.indptr[row + 1])
            coefficients += matrix.data[inside].tolist()
            chosen += [known[i] for i in matrix.indices[inside]]
        if not chosen:
            coefficients, chosen = [0.0], [(levers or outcomes)[0]]
        constant = float(affine.constant[row])
        yield LinearExpression(constant=constant, linear_coefs=coefficients, linear_vars=chosen)


def variable_sides(variable: Any) -> tuple[float, float]:
    """The least and the largest value of a Pyomo variable; both its value where it is fixed."""
    if variable.fixed:
        value = np.nan if variable.value is None else float(variable.value)
        return value, value
    lower, upper = variable.bounds
    return (-np.inf if lower is None else float(lower), np.inf if upper is None else float(upper))

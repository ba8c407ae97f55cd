"""What one more unit of a limit would change the objective by: the multipliers of a solution, in the plan's own words.

The price of a limit is the derivative of the best value of the objective with respect to the limit's amount, in the
plan's direction and units: unit of the objective over unit of the limit. For a budget under a maximization it is
positive (one more yuan raises the objective), for a floor negative (a higher floor costs). It is zero where the limit
does not bind.

An objective that is discounted is counted from the start of the horizon, and so is the price: a yuan of 2040 is worth
what it adds to the discounted sum. `current` undoes that: worth at the time of the period itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import xarray as xr

from sd_models.simulator.datasets import label
from sd_models.simulator.measures import Measure
from sd_models.system.model import FloatArray, System

from ..plans.horizon import WindowKind
from ..plans.kinds import RowKind, free_name
from ..plans.limits import Rows
from ..plans.plan import Plan
from ..plans.quantities import time_unit, unit_of_integral
from ..problems.optimality import block_sizes
from ..problems.problem import Problem
from ..problems.program import Evaluation, Program

# A lever counts as held by a bound that is this near, in its size.
NEAR = 1e-6
SIDES = ("own", "lower", "upper")
SIZE = "size of the limit"  # a coordinate of prices


def shadow_prices(
    problem: Problem, rows: FloatArray, bounds: FloatArray, *, added: Mapping[str, float] | None = None
) -> dict[str, xr.DataArray]:
    """The prices by limit, each (elements ..., time), time being that at which the period begins.

    `rows` are the multipliers of the plan's rows, `bounds` those of the levers, both with the signs of `Solution`;
    `added` are the multipliers of constraints that were added in Pyomo, by name. Bounds of levers are called
    "lower bound of ..." and "upper bound of ...".
    """
    sign = problem.plan.objective.sign
    found: dict[str, xr.DataArray] = {}
    at = 0
    for part in problem.bound.rows:
        count = len(part.expression)
        values = sign * rows[at : at + count].reshape(part.shape)
        at += count
        array = _labelled(problem, part.kind, values, part.axes, part.times, part.unit)
        found[part.name] = array.assign_attrs(is_total=int(part.is_total), period=_period(part))
    for variable, array in _bounds(problem, sign * bounds):
        found[free_name(kind_of(array).named(variable), found)] = array
    for name, multiplier in (added or {}).items():
        found[free_name(name, found)] = _labelled(
            problem, RowKind.LIMIT, np.array([sign * multiplier]), {}, problem.horizon.points[:1], ""
        )
    return found


def with_sizes(
    prices: Mapping[str, xr.DataArray], problem: Problem, program: Program, at: Evaluation
) -> dict[str, xr.DataArray]:
    """The prices of the plan's rows with the size of each row as a coordinate: half of all that stands on both sides.

    Of a limit that binds that is its amount, also where this is made of terms: of `x - 0.1 * y >= 0` a tenth of y.
    """
    rows = problem.bound.rows
    count = sum(len(part.expression) for part in rows)
    own, lower, upper = (np.concatenate([np.zeros(0), *(getattr(part, name) for part in rows)]) for name in SIDES)
    amounts = (np.where(np.isfinite(side), np.abs(side + own), 0.0) for side in (lower, upper))
    terms = abs(program.lever_rows) @ np.abs(at.x) + abs(program.outcome_rows) @ np.abs(at.y)
    sizes = 0.5 * (terms[:count] + np.abs(own) + np.maximum(*amounts))
    sized = shadow_prices(problem, problem.plan.objective.sign * sizes, np.zeros(problem.size))
    names = {part.name for part in rows}
    return {
        name: price.assign_coords({SIZE: (price.dims, sized[name].to_numpy())}) if name in names else price
        for name, price in prices.items()
    }


def _period(rows: Rows) -> float:
    """How long a row holds, zero for a row of one moment or a total."""
    window = rows.windows[0]
    return window.length if window.kind is WindowKind.MEAN else 0.0


def _bounds(problem: Problem, prices: FloatArray) -> Iterator[tuple[str, xr.DataArray]]:
    """The prices of the bounds of levers by variable; those of levers that are fixed are one."""
    direction = problem.plan.objective.sign
    for block in problem.bound.blocks:
        variable = problem.system[block.variable]
        values = prices[block.columns].reshape(block.shape)
        shape, axes = _grid(problem.system, block.variable, block.elements)
        sides = [
            (RowKind.LOWER_BOUND, np.where(values * direction < 0, values, 0.0)),
            (RowKind.UPPER_BOUND, np.where(values * direction > 0, values, 0.0)),
        ]
        if (block.lower == block.upper).all():
            sides = [(RowKind.FIXED_VALUES, values)]
        for kind, chosen in sides:
            array = chosen.reshape((*shape, len(block.starts)))
            price = _labelled(problem, kind, array, axes, block.starts, variable.unit)
            yield block.variable, price.assign_attrs(period=block.lever.every)


def _grid(
    system: System, name: str, elements: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[tuple[int, ...], dict[str, tuple[str, ...]]]:
    """The shape and the elements along each dimension of a part of a variable, given by its flat positions."""
    variable = system[name]
    if not variable.dimensions:
        return (), {}
    places = np.unravel_index(elements, system.shape(variable))
    kept = [list(dict.fromkeys(part.tolist())) for part in places]
    names = [system.dimensions[d].elements for d in variable.dimensions]
    axes = {d: tuple(names[k][i] for i in kept[k]) for k, d in enumerate(variable.dimensions)}
    return tuple(len(part) for part in kept), axes


def _labelled(
    problem: Problem,
    kind: RowKind,
    values: FloatArray,
    axes: Mapping[str, Sequence[str]],
    times: FloatArray,
    unit: str,
) -> xr.DataArray:
    names = {d: label(problem.system, d) for d in axes}
    goal = problem.system[problem.plan.objective.variable]
    goal_unit = objective_unit(problem.plan, problem.system)
    return xr.DataArray(
        values,
        {**{names[d]: list(elements) for d, elements in axes.items()}, "time": times},
        (*(names[d] for d in axes), "time"),
        attrs={
            "kind": str(kind),
            "units": f"{_wrapped(goal_unit)}/{_wrapped(unit)}" if unit else goal_unit,
            "limit_unit": unit,
            "objective": goal.name,
            "objective_unit": goal_unit,
            "discount": problem.plan.objective.discount,
            "from": float(problem.horizon.points[0]),
        },
    )


def _wrapped(unit: str) -> str:
    """The unit, in brackets where it is a product or a quotient."""
    return f"({unit})" if any(sign in unit for sign in "*/ ") and not unit.startswith("(") else unit or "1"


def at_bounds(program: Program, x: FloatArray, lagrangian: FloatArray) -> FloatArray:
    """The multipliers of the bounds that levers are held at, positive for upper ones."""
    near = NEAR * block_sizes(program, x)
    at_lower = (x - program.lower <= near) & (lagrangian > 0)
    at_upper = (program.upper - x <= near) & (lagrangian < 0)
    return np.where(at_lower | at_upper, -lagrangian, 0.0)


def objective_unit(plan: Plan, system: System) -> str:
    """The unit of the objective: that of its variable, times that of time where it is an integral."""
    unit = system[plan.objective.variable].unit
    return unit_of_integral(unit, time_unit(system)) if plan.objective.measure is Measure.INTEGRAL else unit


def kind_of(price: xr.DataArray) -> RowKind:
    """What the price is about."""
    return RowKind(price.attrs.get("kind", RowKind.LIMIT))


def current(price: xr.DataArray) -> xr.DataArray:
    """The prices in the worth of their own time, instead of that of the start of the horizon."""
    since = price["time"] - price.attrs["from"]
    worth: xr.DataArray = price * np.exp(price.attrs["discount"] * since)
    return worth.assign_attrs(price.attrs)

"""What one more unit of a limit would change the objective by: the multipliers of a solution, in the plan's own words.

The price of a limit is the derivative of the best value of the objective with respect to the limit's amount, in the
plan's direction and units: unit of the objective over unit of the limit. For a budget under a maximization it is
positive (one more yuan raises the objective), for a floor negative (a higher floor costs). It is zero where the limit
does not bind.

An objective that is discounted is counted from the start of the horizon, and so is the price: a yuan of 2040 is worth
what it adds to the discounted sum. `current` undoes that: worth at the time of the period itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from sd_models.simulator.datasets import label
from sd_models.simulator.measures import Measure
from sd_models.system.model import FloatArray, System

from ..files.names import part_label
from ..plans.horizon import WindowKind
from ..plans.kinds import RowKind, free_name
from ..plans.limits import Rows
from ..plans.plan import Objective, Plan
from ..plans.quantities import time_unit, unit_of_integral
from ..problems.optimality import block_sizes
from ..problems.problem import Problem
from ..problems.program import Program

# A lever counts as held by a bound that is this near, in its size.
NEAR = 1e-6
YEARS = 1000.0  # from here on times are told as years
SCALE_WORDS = (("trillion", "billion", 1e-3),)  # so that one unit is a small change


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


# --- words ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Saying:
    """The largest price of a limit in words."""

    kind: RowKind
    limit: str
    time: float
    price: float
    sentence: str


def in_words(prices: Mapping[str, xr.DataArray], goal: Objective, time_unit: str = "") -> list[Saying]:
    """What each limit that binds is worth where it is worth most, in the order of the plan: one sentence each."""
    return [saying for name, price in prices.items() if (saying := _saying(name, price, goal, time_unit)) is not None]


def _saying(name: str, price: xr.DataArray, goal: Objective, time_unit: str) -> Saying | None:
    values = np.abs(price.to_numpy())
    if not values.size or not values.max() > 0:
        return None
    at = np.unravel_index(int(values.argmax()), values.shape)
    one = price[tuple(at)]
    elements = [str(one[d].item()) for d in price.dims if d != "time"]
    value, time = float(one), float(one["time"])
    # A rate that holds for one unit of time is an amount: one more yuan a year, for a year, is one more yuan.
    a_unit = math.isclose(price.attrs.get("period", 1.0), 1.0)
    amount, factor = _amount(str(price.attrs["limit_unit"]), time_unit if a_unit else "")
    place = part_label(name, elements)
    kind = kind_of(price)
    if kind is RowKind.FALL:  # the bound of a fall is a number below zero; people ask for a larger fall
        value = -value
    verb = "raises" if value > 0 else "lowers"
    better = (value > 0) == (goal.sign > 0)
    worth = f"{abs(value) * factor:.3g}{_unit_text(str(price.attrs['objective_unit']))}"
    when = "in the total from" if price.attrs.get("is_total") else "in" if time >= YEARS else "at"
    does = f"{verb} the {_measure_words(goal)} {goal.variable} by {worth}"
    text = f"{place}: one more {amount} {when} {_moment(time)} {does}"
    if price.attrs["discount"]:
        undone = abs(float(current(price)[tuple(at)])) * factor
        text = f"{text} ({undone:.3g} in the worth of {_moment(time)})"
    return Saying(kind, place, time, value, f"{text}, {'for the better' if better else 'for the worse'}.")


def _moment(time: float) -> str:
    """A year as such, another number as a time.

    >>> _moment(2026.0), _moment(0.0)
    ('2026', 'time 0')
    """
    return f"{time:g}" if time >= YEARS else f"time {time:g}"


def _measure_words(goal: Objective) -> str:
    words = {"integral": "sum of", "mean": "mean of", "final": "final"}[str(goal.measure)]
    return f"discounted {words}" if goal.discount else words


def _unit_text(unit: str) -> str:
    return "" if unit in ("", "Dmnl", "1") else f" {unit}"


def _amount(unit: str, time_unit: str) -> tuple[str, float]:
    """A small amount in words, and how much of the limit's unit it is."""
    text = unit.removesuffix(f"/{time_unit}").removesuffix(f"/{time_unit.lower()}") if time_unit else unit
    if text in ("", "Dmnl", "1"):
        return "hundredth", 0.01
    for large, small, factor in SCALE_WORDS:
        if text.lower().startswith(large):
            return small + text[len(large) :], factor
    return text[:1].lower() + text[1:] if " " in text else text, 1.0

"""A result in tables and sentences: who gets how much for what, what it buys, which limits hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import CONTROLS
from sd_models.system.model import FloatArray

from .result import Result
from .verdict import TOLERANCE, Standing
from .violations import Violation

MOST_TIMES = 5
MOST_OUTCOMES = 14
MOST_ROWS = 45
# A limit counts as reached within this part of its size.
REACHED = 1e-4
NOTHING = 1e-6


@dataclass(frozen=True)
class Table:
    """A table for people: a title, headers, rows of texts; the last `numbers` columns hold numbers."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int


def tables(result: Result) -> list[Table]:
    """The tables of a result in the order in which they are read.

    Gains and who gets what belong to a verdict on a policy: a search that was interrupted has none yet, and one that
    found no policy tells by how much limits are missed where it came nearest to them.
    """
    standing = result.status.standing
    if not result.is_policy:
        missed = () if standing in (Standing.UNBOUNDED, Standing.FAILED) else (_missed(result),)
        return [table for table in missed if table.rows]
    if standing is Standing.INTERRUPTED:
        return []
    found = [_goal(result)]
    for name in map(str, result.policy.data_vars):
        found += [_over_time(result, name), *_across(result, name)]
    found += [_outcomes(result), _limits(result)]
    return [table for table in found if table.rows]


def alternatives(result: Result) -> list[str]:
    """Policies of other starts that are nearly as good, in a sentence each."""
    return [
        f"Another start found a policy worth {item.objective:.6g} {result.objective_unit}, which differs in "
        f"{item.distance:.0%} of all values: alternative_{number}.nc."
        for number, item in enumerate(result.alternatives, start=1)
    ]


# --- the goal ---------------------------------------------------------------------------------------------------------


def _goal(result: Result) -> Table:
    goal = result.plan.objective
    measure = f"{goal.measure}, {goal.discount:.3g} discounted" if goal.discount else str(goal.measure)
    verb = "largest" if goal.sign > 0 else "smallest"
    row = (
        f"{goal.variable} ({measure})",
        result.objective_unit,
        number(result.baseline_objective),
        number(result.objective),
        f"{result.objective - result.baseline_objective:+.4g}",
    )
    return Table(f"The {verb} value found", ("", "unit", "without policy", "with policy", "gain"), (row,), 3)


# --- who gets how much for what ---------------------------------------------------------------------------------------


def _over_time(result: Result, lever: str) -> Table:
    """A lever over time by the elements of its last dimension, under their groups; the others summed."""
    path = result.allocation[lever]
    dims = [str(d) for d in path.dims if d != "time"]
    unit = str(path.attrs.get("units", ""))
    times = _times(path["time"].to_numpy())
    headers = ("", *(f"{path['time'].to_numpy()[i]:g}" for i in times), "total", "share")
    last = telling_dimension(result, dims)
    summed = path.sum([d for d in dims if d != last]).transpose("time", ...)
    totals = result.total(lever).sum([d for d in dims if d != last])
    whole = float(totals.sum()) or 1.0
    scale = float(abs(summed).max())
    if last is None:
        row = (lever, *(number(float(summed[i]), scale) for i in times), number(float(totals)), "100%")
        return Table(f"{lever}, {unit}" if unit else lever, headers, (row,), len(times) + 2)
    rows = []
    for label, elements in _grouped(result, last, [str(e) for e in path[last].to_numpy()]):
        part, total = summed.sel({last: elements}).sum(last), float(totals.sel({last: elements}).sum())
        rows.append(
            (label, *(number(float(part[i]), scale) for i in times), number(total, abs(whole)), f"{total / whole:.1%}")
        )
    rows.append(("all", *(number(float(summed[i].sum()), scale) for i in times), number(float(totals.sum())), "100%"))
    title = f"{lever} by {last}, {unit}; total in {result.total(lever).attrs['units']}"
    return Table(title, headers, tuple(rows), len(times) + 2)


def _across(result: Result, lever: str) -> Iterator[Table]:
    """The totals of a lever by its first dimension, across the groups or elements of its last one."""
    totals = result.total(lever)
    dims = [str(d) for d in totals.dims]
    if len(dims) < 2:
        return
    last = telling_dimension(result, dims)
    first = next(d for d in dims if d != last)
    table = totals.sum([d for d in dims if d not in (first, last)]).transpose(first, last)
    groups = result.groups.get(str(last)) or {str(e): (str(e),) for e in table[last].to_numpy()}
    if len(groups) > 8 or table.sizes[first] > MOST_ROWS:
        return
    whole = float(table.sum()) or 1.0
    headers = (first, *groups, "all", "share")
    rows = []
    for element in table[first].to_numpy():
        line = table.sel({first: element})
        parts = [number(float(line.sel({last: list(elements)}).sum()), abs(whole)) for elements in groups.values()]
        rows.append((str(element), *parts, number(float(line.sum())), f"{float(line.sum()) / whole:.1%}"))
    yield Table(
        f"{lever} by {first} and {last}, total in {totals.attrs['units']}", headers, tuple(rows), len(headers) - 1
    )


def telling_dimension(result: Result, dims: Sequence[str]) -> str | None:
    """What money is for: the dimension with named groups, else the last one."""
    return next((d for d in dims if d in result.groups), dims[-1] if dims else None)


def _grouped(result: Result, dimension: str, elements: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The groups of a dimension, each before its elements; without groups the elements."""
    groups = result.groups.get(dimension)
    if groups is None:
        yield from ((element, [element]) for element in elements)
        return
    for name, members in groups.items():
        kept = [member for member in members if member in elements]
        if kept:
            yield name, kept
            yield from ((f"  {member}", [member]) for member in kept)


def _times(times: FloatArray) -> list[int]:
    return sorted({round(place) for place in np.linspace(0, len(times) - 1, min(MOST_TIMES, len(times)))})


# --- what it buys -----------------------------------------------------------------------------------------------------


def outcome_names(result: Result) -> list[str]:
    """The variables without dimensions that tell what a policy does: those of the plan, then those that it moves."""
    run, baseline = result.trajectories.variables, result.baseline.variables
    single = [str(name) for name in result.trajectories.data_vars if run[name].dims == ("time",)]
    single = [name for name in single if name.upper() not in CONTROLS and name not in result.policy]
    named = {name.casefold() for name in result.plan.names}
    moved = {name: _change(run[name], baseline[name]) for name in single}
    chosen = [name for name in single if moved[name] > TOLERANCE]
    return sorted(chosen, key=lambda name: name.casefold() not in named)


def _change(one: xr.Variable, other: xr.Variable) -> float:
    """The largest difference, relative to the larger of both paths."""
    a, b = one.to_numpy(), other.to_numpy()
    size = max(float(np.nanmax(np.abs(a), initial=0.0)), float(np.nanmax(np.abs(b), initial=0.0)))
    return float(np.nanmax(np.abs(a - b), initial=0.0)) / size if size else 0.0


def _outcomes(result: Result) -> Table:
    run, baseline = result.trajectories, result.baseline
    last = run["time"].to_numpy()[-1]
    rows = []
    for name in outcome_names(result)[:MOST_OUTCOMES]:
        with_it, without = float(run[name][-1]), float(baseline[name][-1])
        unit = str(run[name].attrs.get("units", ""))
        peak = float(abs(run[name]).max())
        least = NOTHING * max(peak, without)
        change = f"{max(with_it, 0.0) / without - 1:+.1%}" if without > least and with_it > -least else ""
        rows.append((name, unit, number(without, peak), number(with_it, peak), f"{with_it - without:+.4g}", change))
    headers = ("", "unit", "without policy", "with policy", "change", "")
    return Table(f"What it buys, at {last:g}", headers, tuple(rows), 4)


# --- limits -----------------------------------------------------------------------------------------------------------


def _limits(result: Result) -> Table:
    rows = tuple(_limit_row(item) for item in result.violations)
    return Table("Limits, where each is nearest to its amount", ("", "", "from", "value", "amount"), rows, 2)


def _missed(result: Result) -> Table:
    rows = tuple(_limit_row(item) for item in result.violations if item.size > TOLERANCE)
    return Table(
        "No policy: limits that are missed where the search came nearest", ("", "", "from", "value", "amount"), rows, 2
    )


def _limit_row(item: Violation) -> tuple[str, ...]:
    word = f"MISSED by {item.size:.1e}" if item.size > TOLERANCE else "reached" if item.room <= REACHED else "kept"
    value = item.amount if word == "reached" and not item.amount else item.value
    return (item.place, word, f"{item.time:g}", number(value), number(item.amount))


def number(value: float, scale: float = 0.0) -> str:
    """A number with four digits; what is nothing beside the scale of its table is 0.

    >>> [number(0.99999), number(0.5), number(12345.6), number(-3e-16, 1.0)]
    ['1.000', '0.5000', '12,346', '0']
    """
    if not np.isfinite(value):
        return "-"
    if abs(value) <= NOTHING * scale or not value:
        return "0"
    if not 1e-3 <= abs(value) < 1e7:
        return f"{value:.3e}"
    rounded = abs(float(f"{value:.4g}"))  # so that 0.99999 is 1.000 and not 1.0000
    decimals = max(0, 3 - int(np.floor(np.log10(rounded))))
    return f"{value:,.{decimals}f}"

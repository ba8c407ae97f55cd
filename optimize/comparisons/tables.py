"""A comparison in tables and sentences: what is not the same, what comes of it, who loses, where the money goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from ..headlines.scales import PURE
from ..plans.horizon import horizon_end
from ..results.gains import Extreme, Outcome, Sides, part_changed
from ..results.moments import round_times
from ..results.numbers import changes, column, signed_column
from ..results.tables import Table, telling_dimension
from ..results.verdict import TOLERANCE, reached
from ..results.violations import Violation
from ..results.voice import voice_of
from .comparison import RUN, Compared, Comparison
from .differences import few
from .robustness import Draws, Robustness

MOST_LOSSES = 12  # outcomes in a table of losers
MOST_ROWS = 36
MOST_SAID = 3  # outcomes in a sentence, and differences of a plan where there are many plans
MOST_ASKED = 8  # differences of the one other plan


def sentences(found: Comparison) -> list[str]:
    """What is compared, whether all start from the same, and in what they differ before anything was decided."""
    told = [f"{one.label}: {one.standing}." for one in found.candidates]
    for label, assumed in found.assumed.items():
        if assumed:
            asked = few(assumed, MOST_ASKED if len(found.assumed) == 1 else MOST_SAID, "; ")
            told.append(f"Of {label} other things were asked than of {found.labels[0]}: {asked}.")
    return [*told, _baseline(found), *(_instead(found, label) for label in found.labels[1:])]


def _instead(found: Comparison, label: str) -> str:
    """What comes of one instead of the first, in the outcomes that people look at first."""
    single = [compared for compared in found.outcomes if compared.policy.ndim == 2][:MOST_SAID]
    when = found.said(float(found.outcomes[0].policy["time"][-1]))
    told = [_said(compared.between(found.labels[0], label)) for compared in single]
    return f"With {label} instead of {found.labels[0]}, {when}: {'; '.join(told)}." if told else ""


def _said(outcome: Outcome) -> str:
    change = float(outcome.change[-1])
    text = signed_column([change], like=[outcome.size])[0]
    name = outcome.headline.english
    return f"{name} {_with_unit(text, outcome)}" if text != "0" else f"{name} the same"


def _baseline(found: Comparison) -> str:
    """Whether gains can be compared."""
    if found.has_one_baseline:
        return "All have the same run without a policy, so their gains can be compared."
    worst = max(found.outcomes, key=lambda compared: compared.baseline_gap)
    gaps = worst.without.max(RUN) - worst.without.min(RUN)
    place = np.unravel_index(int(gaps.to_numpy().argmax()), gaps.shape)
    at = worst.without.isel(dict(zip(gaps.dims, map(int, place), strict=True)))
    element = ", ".join(str(at[d].item()) for d in gaps.dims if d != "time")
    name = f"{worst.headline.english}{f' [{element}]' if element else ''}"
    values = ", ".join(
        f"{text} in {label}" for text, label in zip(column(at.to_numpy().tolist()), found.labels, strict=True)
    )
    when = found.said(float(at["time"]))
    return (
        f"They do not start from the same run: without a policy, {name} stands at {values} ({when}). "
        "Compare levels, not gains."
    )


def tables(found: Comparison) -> list[Table]:
    """Goals, outcomes, who loses, money and limits."""
    listed = [_goals(found), _end(found)]
    for label in found.labels[1:]:
        listed += [_over_time(found, label), _losers(found, label)]
    for lever in map(str, found.allocations):
        listed += _money(found, lever)
    listed += [_limits(found), _prices(found)]
    return [table for table in listed if table.rows]


# --- outcomes ---------------------------------------------------------------------------------------------------------


def _goals(found: Comparison) -> Table:
    results = [one.result for one in found.candidates]
    goals = [f"{one.plan.objective.variable} ({one.plan.objective.measure})" for one in results]
    units = [voice_of(one).unit(one.objective_unit) for one in results]
    before = [unit.factor * one.baseline_objective for one, unit in zip(results, units, strict=True)]
    after = [unit.factor * one.objective for one, unit in zip(results, units, strict=True)]
    pairs = list(zip(before, after, strict=True))
    like = (*before, *after) if found.has_one_goal else ()
    numbers = [(*column(pair, like=like), *changes([pair], like=like)) for pair in pairs]
    rows = tuple(
        (label, goal, unit.english, *told)
        for label, goal, unit, told in zip(found.labels, goals, units, numbers, strict=True)
    )
    title = "The goal" if found.has_one_goal else "The goals, which are not the same: each by its own plan"
    return Table(title, ("", "goal", "unit", "without policy", "with policy", "change"), rows, 3)


def _end(found: Comparison) -> Table:
    """Outcomes without further dimensions at the end of the common time: without policy where that is one, each, and
    the differences from the first."""
    single = [one for one in found.outcomes if one.policy.ndim == 2]
    one_baseline = found.has_one_baseline
    others = found.labels[1:]
    rows = []
    for compared in single:
        last = compared.policy.isel(time=-1).to_numpy().tolist()
        before = compared.without.isel(time=-1).to_numpy().tolist()[: 1 if one_baseline else None]
        texts = column([*before, *last])
        others_less_first = changes([(last[0], value) for value in last[1:]], like=[*before, *last])
        rows.append((compared.headline.english, _unit(found, compared), *texts, *others_less_first))
    without = ("no policy",) if one_baseline else tuple(f"{label} without" for label in found.labels)
    headers = ("", "unit", *without, *found.labels, *(f"{label} - {found.labels[0]}" for label in others))
    when = found.said(float(found.outcomes[0].policy["time"][-1]))
    return Table(f"What comes of it, {when}", headers, tuple(rows), len(headers) - 2)


def _over_time(found: Comparison, label: str) -> Table:
    """The differences from the first at round times."""
    times = found.outcomes[0].policy["time"].to_numpy()
    places = round_times(times)
    rows = []
    for compared in found.outcomes:
        if compared.policy.ndim == 2:
            change = compared.between(found.labels[0], label).change.isel(time=places).to_numpy().tolist()
            size = float(abs(compared.policy).max())
            rows.append((compared.headline.english, _unit(found, compared), *signed_column(change, like=[size])))
    headers = ("", "unit", *(found.said(float(times[place])) for place in places))
    return Table(f"{label} against {found.labels[0]}, over time", headers, tuple(rows), len(places))


def _unit(found: Comparison, compared: Compared) -> str:
    """The unit of an outcome as people say it; pure numbers have none."""
    return voice_of(found.first).people_unit(compared.headline.unit)


def _losers(found: Comparison, label: str) -> Table:
    """Outcomes of which somebody has less by the other than by the first, the largest loss first."""
    losing = [side for side in found.sides(label) if side.loss is not None]
    losing.sort(key=lambda side: -part_changed(side.loss))
    rows = tuple(_losing_row(found, side) for side in losing[:MOST_LOSSES])
    headers = ("", "who loses", "at the end", "most", "when", "by how much")
    return Table(f"Who is worse off with {label} than with {found.labels[0]}", headers, rows, 1)


def _losing_row(found: Comparison, side: Sides) -> tuple[str, ...]:
    assert side.loss is not None
    of = f" of {side.of}" if side.of > 1 else ""
    who = f"{side.losing}{of}" if of else "all together"
    end = f"{side.losing_at_end}{of}" if of else "yes" if side.losing_at_end else "no"
    by = f" by {side.outcome.headline.by}" if of else ""
    return (
        f"{side.outcome.headline.english}{by}",
        who,
        end,
        side.loss.element,
        found.said(side.loss.time),
        _by_how_much(side.loss, side.outcome),
    )


def _with_unit(text: str, outcome: Outcome) -> str:
    return text if outcome.headline.unit in PURE else f"{text} {outcome.headline.unit}"


def _by_how_much(loss: Extreme, outcome: Outcome) -> str:
    told = _with_unit(signed_column([loss.change], like=[outcome.size])[0], outcome)
    return (
        told if not outcome.is_told_in_per_cent or not np.isfinite(loss.relative) else f"{told} ({loss.relative:+.1%})"
    )


# --- money ------------------------------------------------------------------------------------------------------------


def _money(found: Comparison, lever: str) -> Iterator[Table]:
    """A lever's amounts by what they are for, by its other dimensions, and by period."""
    amounts = found.allocations[lever]
    dims = [str(d) for d in amounts.dims if d not in (RUN, "time")]
    telling = telling_dimension(found.first, dims)
    unit = str(amounts.attrs.get("units", ""))
    moved = ", ".join(f"{label} spends {found.moved(lever, label):.0%} otherwise" for label in found.labels[1:])
    for d in ([telling] if telling else []) + [d for d in dims if d != telling]:
        summed = amounts.sum([each for each in amounts.dims if each not in (RUN, d)])
        rows = _by_groups(found, d, summed) if d == telling else _by(summed, d)
        yield _differences(found, f"{_in_unit(f'{lever} by {d}', unit)}: {moved}", [*rows, ("all", _whole(summed))])
    starts = amounts["time"].to_numpy()
    places = round_times(starts)
    by_period = amounts.sum(dims).isel(time=places)
    rows = [(f"{starts[place]:g}", by_period.isel(time=at).to_numpy().tolist()) for at, place in enumerate(places)]
    yield _differences(found, _in_unit(f"{lever} by period", unit), rows)


def _in_unit(title: str, unit: str) -> str:
    return f"{title}, {unit}" if unit else title


def _by(summed: xr.DataArray, dimension: str) -> list[tuple[str, list[float]]]:
    """The amounts of all runs by element, the elements that differ most of many."""
    rows = [(str(e), summed.sel({dimension: e}).to_numpy().tolist()) for e in summed[dimension].to_numpy()]
    if len(rows) <= MOST_ROWS:
        return rows
    most = sorted(rows, key=lambda row: -(max(row[1]) - min(row[1])))[:MOST_ROWS]
    return [row for row in rows if row in most]


def _by_groups(found: Comparison, dimension: str, summed: xr.DataArray) -> list[tuple[str, list[float]]]:
    """The same with the sums of groups before their elements."""
    groups = found.first.groups.get(dimension)
    rows = dict(_by(summed, dimension))
    if groups is None:
        return list(rows.items())
    listed: list[tuple[str, list[float]]] = []
    for name, members in groups.items():
        own = [member for member in members if member in rows]
        if own:
            listed.append((name, summed.sel({dimension: own}).sum(dimension).to_numpy().tolist()))
            listed += [(f"  {member}", rows[member]) for member in own]
    return listed


def _whole(summed: xr.DataArray) -> list[float]:
    """The sums of all elements, a number for each run."""
    return [float(value) for value in summed.sum([d for d in summed.dims if d != RUN]).to_numpy()]


def _differences(found: Comparison, title: str, rows: list[tuple[str, list[float]]]) -> Table:
    """Values of all runs, and the differences of the others from the first; one precision for all."""
    every = [value for _, values in rows for value in values]
    told = []
    for name, values in rows:
        less_first = changes([(values[0], value) for value in values[1:]], like=every)
        told.append((name, *column(values, like=every), *less_first))
    headers = ("", *found.labels, *(f"{label} - {found.labels[0]}" for label in found.labels[1:]))
    return Table(title, headers, tuple(told), len(headers) - 1)


# --- robustness -------------------------------------------------------------------------------------------------------


def robustness_table(found: Robustness, comparison: Comparison) -> Table:
    """The span of each outcome over all draws, and in how many of them another policy does better than the first."""
    rows = [row for draws in found.outcomes for row in _drawn(draws, comparison.labels)]
    first = comparison.labels[0]
    headers = ("", "unit", "", "lowest", "median", "highest", f"better than {first}", f"worse than {first}")
    when = comparison.said(horizon_end(comparison.first.plan))
    title = f"Under {found.draws:,} draws of the ranges in {found.file}, the same for all, {when}"
    return Table(title, headers, tuple(rows), 5)


def _drawn(draws: Draws, labels: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A row for each of the candidates; the first one names the outcome."""
    spans = [draws.span(label) for label in labels]
    texts = column([value for span in spans for value in span])
    for place, label in enumerate(labels):
        name = (draws.headline.english, draws.headline.unit) if place == 0 else ("", "")
        better, worse, of = draws.better(label)
        counts = (f"{better / of:.0%}", f"{worse / of:.0%}") if place and of else ("", "")
        yield (*name, label, *texts[3 * place : 3 * place + 3], *counts)


# --- limits -----------------------------------------------------------------------------------------------------------


def _limits(found: Comparison) -> Table:
    rows = tuple(
        (limit.name, *(_held(found, limit.held.get(label)) for label in found.labels)) for limit in found.limits
    )
    return Table("Limits, where each is nearest to its amount", ("", *found.labels), rows, 0)


def _held(found: Comparison, item: Violation | None) -> str:
    """Whether a limit holds, where it is nearest to its amount."""
    if item is None:
        return "not in its plan"
    where = f"{item.place.removeprefix(item.limit).strip('[]')} {found.said(item.time)}".strip()
    if item.size > TOLERANCE:
        return f"MISSED by {item.size:.1e} of its size, {where}"
    if reached(item):
        return f"reached, {where}"
    value, amount = column([item.value, item.amount])
    return f"kept ({value} of {amount}), {where}"


def _prices(found: Comparison) -> Table:
    """The largest price of each limit that binds in one of them."""
    rows = []
    for limit in found.limits:
        told = [limit.prices.get(label) for label in found.labels]
        if any(price is not None and price[0] for price in told):
            units = voice_of(found.first).people_unit(next(price[2] for price in told if price is not None))
            texts = ["-" if price is None else f"{price[0]:.3g} ({price[1]:g})" if price[0] else "0" for price in told]
            rows.append((limit.name, units, *texts))
    title = "What one more unit of a limit is worth, where and when it is worth most"
    return Table(title, ("", "unit", *found.labels), tuple(rows), len(found.labels))

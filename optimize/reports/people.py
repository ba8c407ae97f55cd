"""What people gain: who loses first, then headline outcomes with the policy and without, over time and by region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from ..results.gains import Outcome, Sides, unjudged
from ..results.moments import round_times
from .blocks import Block, Chart, Folded, Paragraph, Section, Table
from .opening import change_unit, extreme, unknown
from .subject import Subject
from .words import NONE, column, numeral, percent

MOST_PANELS = 12
MOST_ROWS, FEWER_ROWS = 36, 16  # of the first heat map, and of those that are folded: two of them stand on a sheet
MOST_POINTS = 60  # of a line
MOST_TIMES = 26  # columns of a heat map
MOST_HEATS = 8  # further ones are left out, and named


def section(subject: Subject) -> Section:
    """What people gain."""
    said = subject.speaker
    if not subject.outcomes:
        told = said.say("outcomes_none") if subject.system else said.say("outcomes_missing", why=subject.missing)
        return Section("people", said.say("heading_people"), (Paragraph(told),))
    blocks: list[Block] = [*_losers(subject), *_panels(subject)]
    blocks.append(Folded(said.say("outcomes_numbers"), tuple(_tables(subject))))
    return Section("people", said.say("heading_people"), tuple(blocks))


# --- losers first -----------------------------------------------------------------------------------------------------


def _losers(subject: Subject) -> Iterator[Block]:
    said = subject.speaker
    silent = [one for one in subject.outcomes if not one.headline.better]
    if not subject.sides:
        yield Paragraph(unknown(subject))
        return
    if unjudged(subject.outcomes):
        yield Paragraph(unknown(subject))
        silent = [one for one in silent if not one.headline.by]
    elif not subject.losing:
        yield Paragraph(said.say("losers_none", count=len(subject.sides)))
    yield from _losers_tables(subject)
    yield from _heats(subject)
    if silent:
        called = dict.fromkeys(said.headline(one.headline) for one in silent)
        yield Paragraph(said.say("not_judged", names=said.listed(called)), "hint")


def _losers_tables(subject: Subject) -> Iterator[Block]:
    """Who still loses at the end; then, folded, who loses for a time."""
    said = subject.speaker
    lasting = [one for one in subject.losing if one.losing_at_end]
    passing = [one for one in subject.losing if not one.losing_at_end]
    if lasting:
        yield losers_table(subject, said.say("losers_caption", when=said.at(said.voice.end)), lasting)
    if passing:
        table = losers_table(subject, said.say("passing_caption"), passing)
        yield Folded(said.say("passing", count=len(passing)), (table,)) if lasting else table


def losers_table(subject: Subject, caption: str, losing: list[Sides]) -> Table:
    """Who loses in what, from when to when, where and when most, and how many still do at the end."""
    said = subject.speaker
    heads = ("head_outcome", "head_losing", "head_from_to", "head_most", "head_loss", "head_losing_end")
    rows = tuple(_loser(subject, one) for one in sorted(losing, key=lambda one: bool(one.outcome.headline.by)))
    return Table(caption, tuple(said.say(head) for head in heads), rows, 2)


def _loser(subject: Subject, side: Sides) -> tuple[str, ...]:
    said, headline, worst = subject.speaker, side.outcome.headline, side.loss
    everybody = said.say("whole_country") if not headline.by else ""
    where = everybody or said.say("count_of", count=f"{side.losing:,}", of=f"{side.of:,}", what=said.inner(headline.by))
    first, last = said.moment(side.first), said.moment(side.last)
    span = first if side.first == side.last else said.say("span", first=first, last=last)
    if worst is None:
        return (said.headline(headline), where, span, NONE, NONE, NONE)
    place = said.listed(text for text in (said.name(worst.element), said.moment(worst.time)) if text)
    at_end = f"{side.losing_at_end:,}" if headline.by else said.voice.say("yes" if side.losing_at_end else "no")
    return said.headline(headline), where, span, place, extreme(said, side.outcome, worst), at_end


def _heats(subject: Subject) -> Iterator[Block]:
    """Regions by years for each outcome in which some region loses: the first one open, the others folded."""
    said = subject.speaker
    regional = sorted((one for one in subject.losing if one.outcome.headline.by), key=lambda one: not one.losing_at_end)
    shown = zip(regional[:MOST_HEATS], (MOST_ROWS, *[FEWER_ROWS] * MOST_HEATS), strict=False)
    charts = [list(_heat(subject, one, most)) for one, most in shown]
    if charts:
        yield from charts[0]
    if charts[1:]:
        inner = tuple(block for chart in charts[1:] for block in chart)
        yield Folded(said.say("more_losers", count=len(charts) - 1), inner)
    if regional[MOST_HEATS:]:
        names = said.listed(said.headline(one.outcome.headline) for one in regional[MOST_HEATS:])
        yield Paragraph(said.say("heats_left_out", names=names), "hint")


def _heat(subject: Subject, side: Sides, most: int) -> Iterator[Block]:
    """The change of an outcome by region and year, those who lose most at the top."""
    said, outcome = subject.speaker, side.outcome
    by = str(next(d for d in outcome.change.dims if d != "time"))
    is_share = not outcome.is_told_in_per_cent or not np.isfinite(outcome.relative.to_numpy()).all()
    values = outcome.change if is_share else 100 * outcome.relative
    times = values["time"].to_numpy()
    places = round_times(times, MOST_TIMES)
    table = values.isel(time=places).transpose(by, "time").to_numpy()
    harm = (table if outcome.headline.better == "less" else -table).max(axis=1)
    order = np.argsort(-harm, kind="stable")[:most]
    names = [str(values[by].to_numpy()[i]) for i in order]
    told = change_unit(said, outcome.headline.unit) if is_share else "%"
    rounded = np.where(np.abs(table) < 1e-9 * np.abs(table).max(initial=0.0), 0.0, table)[order]
    specification = {
        "title": said.say(
            "chart_losers", name=said.headline(outcome.headline), better=said.say(f"better_{outcome.headline.better}")
        ),
        "unit": told,
        "rows": [{"name": said.name(name)} for name in names],
        "columns": [{"name": said.moment(float(times[i]))} for i in places],
        "values": rounded.ravel().tolist(),
        "diverging": True,
        "reversed": outcome.headline.better == "less",
    }
    yield Chart("heat", specification)
    left = values.sizes[by] - len(order)
    worse = outcome.is_worse
    if left and worse is not None:
        losing = int(np.delete(worse.any("time").to_numpy(), order).sum())
        yield Paragraph(said.say("rows_of_losers", shown=len(order), count=f"{left:,}", losing=f"{losing:,}"), "hint")


# --- over time --------------------------------------------------------------------------------------------------------


def _panels(subject: Subject) -> Iterator[Block]:
    """Outcomes with the policy and without as small multiples; of regions alone where nothing adds them up."""
    said = subject.speaker
    whole = [one for one in subject.outcomes if not one.headline.by]
    if whole:
        panels = [_panel(subject, one, said.headline(one.headline)) for one in whole[:MOST_PANELS]]
        yield _multiples(subject, said.say("chart_outcomes"), panels, whole[0])
        return
    first = subject.outcomes[0]
    by = str(next(d for d in first.change.dims if d != "time"))
    elements = [str(e) for e in first.change[by].to_numpy()]
    chosen = elements if len(elements) <= MOST_PANELS else _telling(first, by, elements)
    panels = [_panel(subject, first, said.name(element), {by: element}) for element in chosen]
    yield _multiples(subject, said.headline(first.headline), panels, first)
    if len(elements) > len(chosen):
        told = {"shown": len(chosen), "count": f"{len(elements) - len(chosen):,}"}
        yield Paragraph(said.say("panels_left_out", **told), "hint")


def _telling(outcome: Outcome, by: str, elements: list[str]) -> list[str]:
    """The elements in which most changes."""
    sizes = abs(outcome.change).max("time").transpose(by).to_numpy()
    return [elements[i] for i in np.argsort(-sizes, kind="stable")[:MOST_PANELS]]


def _panel(subject: Subject, outcome: Outcome, name: str, where: dict[str, str] | None = None) -> dict[str, Any]:
    said = subject.speaker
    runs = (("with_policy", outcome.policy, "mine"), ("without_policy", outcome.without, "baseline"))
    series = [
        {"name": said.say(label), "role": role, "values": thinned(values.sel(where or {})).to_numpy().tolist()}
        for label, values, role in runs
    ]
    return {"name": name, "unit": said.people_unit(outcome.headline.unit), "series": series}


def thinned(values: xr.DataArray) -> xr.DataArray:
    """At most so many points, the last one among them."""
    stride = -(-values.sizes["time"] // MOST_POINTS)
    return values.isel(time=np.unique([*range(0, values.sizes["time"], stride), values.sizes["time"] - 1]))


def _multiples(subject: Subject, title: str, panels: list[dict[str, Any]], first: Outcome) -> Chart:
    said, times = subject.speaker, thinned(first.change)["time"].to_numpy()
    points = {"x": times.tolist(), "pointNames": [said.moment(float(time)) for time in times]}
    specification = {"title": title, "panels": panels, "shared": False, "xUnit": said.axis}
    return Chart("multiples", {**specification, **points})


# --- numbers ----------------------------------------------------------------------------------------------------------


def _tables(subject: Subject) -> Iterator[Block]:
    said = subject.speaker
    whole = [one for one in subject.outcomes if not one.headline.by]
    if whole:
        yield _whole_table(subject, whole)
    sides = [one for one in subject.sides if one.outcome.headline.by]
    if sides:
        heads = (
            "head_outcome",
            "head_of",
            "head_gaining",
            "head_losing_at_end",
            "head_largest_gain",
            "head_largest_loss",
        )
        rows = tuple(_side(subject, one) for one in sides)
        yield Table(
            said.say("regions_caption", when=said.the_moment(said.voice.end)), tuple(map(said.say, heads)), rows, 5
        )


def _whole_table(subject: Subject, whole: list[Outcome]) -> Table:
    """Outcomes at round times with the policy, and what they would be at the end without."""
    said = subject.speaker
    times = whole[0].change["time"].to_numpy()
    places = round_times(times)
    rows = []
    for one in whole:
        values = [float(v) for v in one.policy.to_numpy()[places]]
        without = float(one.without[-1])
        texts = column([*values, without], digits=4)
        change = numeral(float(one.change[-1]), signed=True)
        part = percent(float(one.relative[-1]), signed=True) if one.is_told_in_per_cent else ""
        rows.append((said.headline(one.headline), said.people_unit(one.headline.unit), *texts, change, part))
    ends = ("head_without_end", "head_change", "head_part")
    headers = ("", said.say("head_unit"), *(said.moment(float(times[i])) for i in places), *map(said.say, ends))
    return Table(said.say("outcomes_caption"), headers, tuple(rows), len(headers) - 2)


def _side(subject: Subject, side: Sides) -> tuple[str, ...]:
    said = subject.speaker
    told = []
    for found in (side.gain_at_end, side.loss_at_end):
        if found is None:
            told.append(NONE)
        else:
            size = extreme(said, side.outcome, found)
            told.append(said.say("in_brackets", name=size, inside=said.name(found.element)))
    counts = (f"{side.of:,}", f"{side.gaining_at_end:,}", f"{side.losing_at_end:,}")
    return (said.headline(side.outcome.headline), *counts, *told)

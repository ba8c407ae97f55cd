"""Further results beside the first: what each brings, who loses from the first to another, where the money goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import xarray as xr

from sd_models.errors import Fault, InvalidRequest

from ..comparisons.comparison import RUN, Compared, Comparison, compare
from ..results.gains import Sides, unjudged
from ..results.numbers import changes
from ..results.result import Result
from ..results.verdict import TOLERANCE, reached
from .blocks import Block, Chart, Folded, Listing, Paragraph, Section, Table
from .opening import unknown_of
from .people import MOST_PANELS, losers_table, thinned
from .subject import Subject
from .words import NONE, Speaker, column, percent, typeset

MOST_ROWS = 40


def section(subject: Subject, others: Sequence[Result]) -> Section:
    """All results side by side; InvalidRequest for one without a policy, and where nothing can be compared."""
    said, results = subject.speaker, (subject.result, *others)
    _check_settled(results)
    found = compare(results, [_label(said, result, number) for number, result in enumerate(results, start=1)])
    blocks: list[Block] = [Paragraph(_baseline(subject, found)), *_assumed(subject, found), _goals(subject, found)]
    single = [one for one in found.outcomes if one.policy.ndim == 2]
    if single:
        blocks += [_end(subject, found, single), _over_time(subject, found, single)]
    for label in found.labels[1:]:
        losing = [side for side in found.sides(label) if side.losing]
        silent = unjudged([one.between(found.labels[0], label) for one in found.outcomes])
        blocks += [Paragraph(unknown_of(said, silent))] if silent else []
        blocks += [] if silent and not losing else [_losers(subject, label, found.labels[0], losing)]
    money = tuple(table for lever in map(str, found.allocations) for table in _money(subject, found, lever))
    if money:
        blocks.append(Folded(said.say("alongside_money"), money))
    blocks.append(Folded(said.say("alongside_limits"), (_limits(subject, found),)))
    blocks += [Paragraph(note, "hint") for note in found.notes]
    return Section("alongside", said.say("heading_alongside"), tuple(blocks))


def _check_settled(results: Sequence[Result]) -> None:
    """InvalidRequest for a search that was stopped on its way: what it had found tells of no gains."""
    for result in results:
        if result.is_policy and not result.shows_gains:
            name = str(result.folder or result.provenance["model"])
            advice = "Search on from it (--start-from RUN), and report what is found then."
            raise InvalidRequest(Fault(f"is not compared: {result.status.sentence}", file=name, advice=advice))


def _label(said: Speaker, result: Result, number: int) -> str:
    return result.folder.name if result.folder is not None else said.say("result_number", number=number)


# --- what is compared -------------------------------------------------------------------------------------------------


def _baseline(subject: Subject, found: Comparison) -> str:
    """Whether gains can be compared."""
    said = subject.speaker
    if found.has_one_baseline:
        return said.say("one_baseline")
    worst = max(found.outcomes, key=lambda compared: compared.baseline_gap)
    return said.say("other_baseline", name=said.headline(worst.headline), gap=percent(worst.baseline_gap))


def _assumed(subject: Subject, found: Comparison) -> Iterator[Block]:
    """In what others differ before anything was decided."""
    said = subject.speaker
    for label, differences in found.assumed.items():
        if differences:
            yield Paragraph(said.say("asked_otherwise", label=label, first=found.labels[0]))
            yield Listing(differences)


def _goals(subject: Subject, found: Comparison) -> Table:
    """The verdict on each and its objective."""
    said = subject.speaker
    rows = []
    for candidate in found.candidates:
        result, unit = candidate.result, candidate.result.objective_unit
        values = [said.factor(unit) * value for value in (result.baseline_objective, result.objective)]
        verdict = said.voice.standing(result.status.called)
        solver = str(result.provenance["solver"])
        rows.append((candidate.label, verdict, solver, said.unit(unit), *column(values, digits=6)))
    heads = ("head_verdict", "head_solver", "head_unit", "head_without", "head_with")
    caption = said.say("goals_caption" if found.has_one_goal else "goals_differ")
    return Table(caption, ("", *map(said.say, heads)), tuple(rows), 2)


# --- outcomes ---------------------------------------------------------------------------------------------------------


def _end(subject: Subject, found: Comparison, single: Sequence[Compared]) -> Table:
    """Outcomes at the end of the common time: without a policy, where that is one, and with each."""
    said, others = subject.speaker, found.labels[1:]
    rows = []
    for compared in single:
        last = compared.policy.isel(time=-1).to_numpy().tolist()
        before = compared.without.isel(time=-1).to_numpy().tolist()[: 1 if found.has_one_baseline else None]
        less_first = map(typeset, changes([(last[0], value) for value in last[1:]], like=[*before, *last]))
        unit = said.people_unit(compared.headline.unit)
        rows.append((said.headline(compared.headline), unit, *column([*before, *last], digits=4), *less_first))
    without = (said.say("head_without"),) if found.has_one_baseline else _without(said, found)
    headers = ("", said.say("head_unit"), *without, *found.labels, *(_against(said, found, one) for one in others))
    when = said.at(float(single[0].policy["time"][-1]))
    return Table(said.say("alongside_end", when=when), headers, tuple(rows), len(headers) - 2)


def _without(said: Speaker, found: Comparison) -> tuple[str, ...]:
    return tuple(said.say("without_of", label=label) for label in found.labels)


def _against(said: Speaker, found: Comparison, label: str) -> str:
    return said.say("against", label=label, first=found.labels[0])


def _over_time(subject: Subject, found: Comparison, single: Sequence[Compared]) -> Chart:
    """The outcomes over time, a line for each result and one without a policy where that is one."""
    said = subject.speaker
    times = thinned(single[0].policy.isel({RUN: 0}))["time"].to_numpy()
    panels = [
        {
            "name": said.headline(one.headline),
            "unit": said.people_unit(one.headline.unit),
            "series": list(_lines(said, found, one)),
        }
        for one in single[:MOST_PANELS]
    ]
    points = {"x": times.tolist(), "pointNames": [said.moment(float(time)) for time in times]}
    specification = {"title": said.say("chart_alongside"), "panels": panels, "shared": False, "xUnit": said.axis}
    return Chart("multiples", {**specification, **points})


def _lines(said: Speaker, found: Comparison, one: Compared) -> Iterator[dict[str, object]]:
    for number, label in enumerate(found.labels):
        role = {"role": "mine"} if number == 0 else {}
        yield {"name": label, **role, "values": thinned(one.policy.sel({RUN: label})).to_numpy().tolist()}
    if found.has_one_baseline:
        values = thinned(one.without.isel({RUN: 0})).to_numpy().tolist()
        yield {"name": said.say("without_policy"), "role": "baseline", "values": values}


def _losers(subject: Subject, label: str, first: str, losing: list[Sides]) -> Block:
    said = subject.speaker
    if not losing:
        return Paragraph(said.say("alongside_no_losers", label=label, first=first))
    return losers_table(subject, said.say("alongside_losers", label=label, first=first), losing)


# --- money and limits -------------------------------------------------------------------------------------------------


def _money(subject: Subject, found: Comparison, lever: str) -> Iterator[Table]:
    """The sums of a lever by what they are for and where they go, and how much of them moved."""
    said, amounts = subject.speaker, found.allocations[lever]
    unit = str(amounts.attrs.get("units", ""))
    scaled = amounts * said.factor(unit)
    moved = said.parted(
        said.say("moved", label=label, share=percent(found.moved(lever, label))) for label in found.labels[1:]
    )
    for dimension in (str(d) for d in amounts.dims if d not in (RUN, "time")):
        summed = scaled.sum([d for d in scaled.dims if d not in (RUN, dimension)])
        if summed.sizes[dimension] > MOST_ROWS:
            continue
        told = {"lever": said.name(lever), "dimension": said.inner(dimension), "unit": said.unit(unit), "moved": moved}
        rows = tuple(_rows(subject, summed, dimension))
        yield Table(said.say("alongside_by", **told), ("", *found.labels), rows, len(found.labels), 1)


def _rows(subject: Subject, summed: xr.DataArray, dimension: str) -> Iterator[tuple[str, ...]]:
    """The sums of all runs for each group of a dimension with its elements, and of all."""
    said = subject.speaker
    names = [str(e) for e in summed[dimension].to_numpy()]
    lines: list[tuple[str, list[str]]] = []
    for group, members in subject.result.groups.get(dimension, {}).items():
        kept = [one for one in members if one in names]
        lines += [(said.name(group), kept), *((f"  {said.name(one)}", [one]) for one in kept)]
    lines = lines or [(said.name(name), [name]) for name in names]
    table = [summed.sel({dimension: chosen}).sum(dimension).to_numpy().tolist() for _, chosen in (*lines, ("", names))]
    texts = column([value for row in table for value in row])
    width = summed.sizes[RUN]
    for number, label in enumerate([*(label for label, _ in lines), said.say("all")]):
        yield label, *texts[number * width : (number + 1) * width]


def _limits(subject: Subject, found: Comparison) -> Table:
    """How each limit stands in each result."""
    said = subject.speaker
    rows = []
    for limit in found.limits[:MOST_ROWS]:
        told = []
        for label in found.labels:
            held = limit.held.get(label)
            if held is None:
                told.append(NONE)
            elif held.size > TOLERANCE:
                told.append(said.say("missed_by", size=percent(held.size)))
            else:
                told.append(said.voice.say("reached" if reached(held) else "kept"))
        rows.append((said.name(limit.name), *told))
    return Table(said.say("limits_caption"), (said.say("head_limit"), *found.labels), tuple(rows), 0)

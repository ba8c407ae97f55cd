"""Why the policy brings what it brings: the gain by measure, region and year, and the feedback loops that dominate.

What is explained is the first headline of the whole country of which somebody said what is better, at the end of the
horizon, as people look at it; where no such outcome is moved, the objective.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sd_models.errors import ModelError

from ..explanation.costates import Costates, costates
from ..explanation.explanation import WITH, WITHOUT
from ..explanation.loops import LoopScores, loop_scores
from ..explanation.target import Question, Target, question_of, target_of
from ..explanation.value import Value, value
from ..explanation.waterfall import Waterfall, waterfall
from ..headlines.headline import Headline
from .assumptions import Leaning, leanings
from .blocks import Block, Chart, Folded, Listing, Paragraph, Section, Table
from .opening import change_unit
from .subject import Subject
from .words import column, numeral, percent, with_unit

MOST_STEPS = 20  # of a waterfall
MOST_SPANS = 6  # of years
MOST_LOOPS = 8
MOST_PERIODS = 5
MOST_STOCKS, MOST_EFFECTS = 5, 3  # whose worth is taken apart, and effects of each
LARGEST = 20_000_000  # numbers of a run, about a minute of work; the provinces of China have 1.6 million


@dataclass(frozen=True, eq=False)
class Reasons:
    """What explains a result, as far as a report needs it; `failed` says why there is nothing to explain.

    `leanings` are None where they were not computed.
    """

    waterfall: Waterfall | None = None
    loops: LoopScores | None = None
    costates: Costates | None = None
    value: Value | None = None
    leanings: tuple[Leaning, ...] | None = None
    failed: str = ""


def reasons(subject: Subject) -> Reasons:
    """What explains a result; nothing where its model is not at hand, or where the policy changes nothing."""
    if not subject.shows_gains or subject.system is None:
        return Reasons()
    try:
        question = question_of(subject.result)
        if _numbers(question) > LARGEST:
            return Reasons(failed=subject.speaker.say("why_large"))
        objective = target_of(question)
        found = _waterfall(subject, question, objective)
        runs = {WITHOUT: question.own, WITH: question.decided}
        scores = loop_scores(question.simulator, runs, first=question.horizon.first)
        worth = costates(question, found.target)
        through = value(question, found.target, worth, with_loops=False)
        return Reasons(found, scores, worth, through, leanings(question, objective))
    except ModelError as error:
        return Reasons(failed=" ".join(str(error).split()))


def _numbers(question: Question) -> int:
    """How many numbers a run has."""
    return sum(map(question.system.size, question.system)) * len(question.simulator.times)


def _waterfall(subject: Subject, question: Question, objective: Target) -> Waterfall:
    first = next((one for one in subject.outcomes if not one.headline.by and one.headline.better), None)
    if first is not None and abs(float(first.change[-1])) > 1e-6 * first.size:
        return waterfall(question, target_of(question, first.headline.variable), terms=False)
    return waterfall(question, objective, terms=False)


def section(subject: Subject, found: Reasons) -> Section:
    """Why."""
    said = subject.speaker
    blocks: list[Block] = []
    if found.failed:
        blocks.append(Paragraph(found.failed))
    elif subject.system is None:
        blocks.append(Paragraph(said.say("why_missing", why=subject.missing)))
    if found.waterfall is not None:
        blocks += _waterfalls(subject, found.waterfall)
    if found.loops is not None:
        blocks += _loops(subject, found.loops)
    if found.waterfall is not None and found.costates is not None and found.value is not None:
        blocks += _worth(subject, found.waterfall, found.costates, found.value)
    return Section("why", said.say("heading_why"), tuple(blocks))


# --- where the gain comes from ----------------------------------------------------------------------------------------


def _waterfalls(subject: Subject, found: Waterfall) -> Iterator[Block]:
    said = subject.speaker
    charts = [*_by_dimension(subject, found), _chart(subject, found, said.say("by_when"), _spans(subject, found))]
    name = _label(subject, found.target)
    yield Paragraph(
        said.say(
            "why_intro",
            name=name,
            gain=with_unit(
                numeral(found.gain * _factor(subject, found), signed=True), _unit(subject, found, is_change=True)
            ),
        )
    )
    yield charts[0]
    if charts[1:]:
        yield Folded(said.say("why_more"), tuple(charts[1:]))
    rest = abs(found.remainder / found.gain)
    notes = [said.say("why_remainder", share=percent(rest))] if rest > 1e-4 else []
    if found.crossings:
        names = said.listed(dict.fromkeys(said.name(one.variable) for one in found.crossings[:3]))
        notes.append(said.say("why_corners", count=len(found.crossings), names=names))
    yield from (Paragraph(note, "hint") for note in notes)


def _headline(subject: Subject, target: Target) -> Headline | None:
    """The headline that is explained; None where it is the objective."""
    if target.label.startswith("the objective"):
        return None
    return next((one.headline for one in subject.outcomes if one.headline.variable == target.variable), None)


def _label(subject: Subject, target: Target) -> str:
    said = subject.speaker
    headline, goal = _headline(subject, target), subject.result.plan.objective
    if headline is not None:
        return said.say("at", name=said.headline(headline), when=said.at(said.voice.end))
    measured = said.say("measured", name=said.name(goal.variable), measure=said.say(f"measure_{goal.measure}"))
    return said.say("objective_of", measured=said.voice.with_end(measured, goal))


def _unit(subject: Subject, found: Waterfall, *, is_change: bool = False) -> str:
    """The unit of what is explained, which is a headline in the words of people, or the objective of the model."""
    said, target = subject.speaker, found.target
    if _headline(subject, target) is None:
        return said.unit(target.unit)
    return change_unit(said, target.unit) if is_change else said.people_unit(target.unit)


def _factor(subject: Subject, found: Waterfall) -> float:
    """What the numbers of an objective are multiplied with, so that people say their unit."""
    return 1.0 if _headline(subject, found.target) else subject.speaker.factor(found.target.unit)


def _chart(subject: Subject, found: Waterfall, by: str, steps: Sequence[Mapping[str, object]]) -> Chart:
    said, scale = subject.speaker, _factor(subject, found)
    specification = {
        "title": said.say("chart_waterfall", name=_label(subject, found.target), by=by),
        "unit": _unit(subject, found),
        "start": {"name": said.say("without_policy"), "value": scale * found.before},
        "steps": [{**step, "value": scale * float(str(step["value"]))} for step in steps],
        "end": {"name": said.say("with_policy"), "value": scale * found.after},
    }
    return Chart("waterfall", specification)


def _by_dimension(subject: Subject, found: Waterfall) -> Iterator[Chart]:
    """By lever where there are several, then along each dimension that all levers have."""
    said, levers = subject.speaker, found.by_lever()
    if len(levers) > 1:
        steps = _few(subject, [(said.name(name), "", value) for name, value in levers.items()], found.gain)
        yield _chart(subject, found, said.say("by_lever"), steps)
    shared = [d for d in found.parts.dims if d != "time" and all(d in part.dims for part in found.parts.values())]
    order = sorted(map(str, shared), key=lambda d: d != subject.telling(next(iter(levers))))
    for dimension in order:
        sums = found.by(dimension)
        values = {str(e): float(v) for e, v in zip(sums[dimension].to_numpy(), sums.to_numpy(), strict=True)}
        groups = subject.result.groups.get(dimension, {"": tuple(values)})
        lines = [
            (said.name(member), said.name(group) if group else "", values[member])
            for group, members in groups.items()
            for member in members
            if member in values
        ]
        yield _chart(
            subject, found, said.say("by_dimension", name=said.inner(dimension)), _few(subject, lines, found.gain)
        )


def _few(subject: Subject, lines: Sequence[tuple[str, str, float]], gain: float) -> list[Mapping[str, object]]:
    """Steps in their groups, the largest first in each; of many the largest ones, and the others as one."""
    order = list(dict.fromkeys(group for _, group, _ in lines))
    largest = sorted(lines, key=lambda line: -abs(line[2]))
    shown, rest = largest[:MOST_STEPS], largest[MOST_STEPS:]
    shown = sorted(shown, key=lambda line: (order.index(line[1]), -line[2] * np.sign(gain)))
    steps: list[Mapping[str, object]] = [
        {"name": name, "value": value, **({"group": group} if group else {})} for name, group, value in shown
    ]
    if rest:
        name = subject.speaker.say("others", count=f"{len(rest):,}")
        steps.append({"name": name, "value": sum(value for *_, value in rest)})
    return steps


def _spans(subject: Subject, found: Waterfall) -> list[Mapping[str, object]]:
    """By span of time in which decisions are made."""
    said = subject.speaker
    times = found.parts["time"].to_numpy()
    values = sum(part.sum([d for d in part.dims if d != "time"]).to_numpy() for part in found.parts.values())
    spans = np.array_split(np.arange(len(times)), min(MOST_SPANS, len(times)))
    steps: list[Mapping[str, object]] = []
    for span in spans:
        first, last = (said.moment(float(times[i])) for i in (span[0], span[-1]))
        name = first if first == last else said.say("span", first=first, last=last)
        steps.append({"name": name, "value": float(np.asarray(values)[span].sum())})
    return steps


# --- loops ------------------------------------------------------------------------------------------------------------


def _worth(subject: Subject, found: Waterfall, known: Costates, worth: Value) -> Iterator[Block]:
    """Through which links the stocks work that are worth most."""
    said = subject.speaker
    lines = [line for stock in known.dearest()[:MOST_STOCKS] for line in _effects(subject, worth, stock)]
    if lines:
        parts = column([_factor(subject, found) * part for *_, part, _ in lines], signed=True)
        rows = tuple(
            (stock, name, part, percent(share, signed=True))
            for (stock, name, _, share), part in zip(lines, parts, strict=True)
        )
        unit = _unit(subject, found, is_change=True)
        brings = said.say("in_unit", what=said.say("head_brings"), unit=unit) if unit else said.say("head_brings")
        heads = (said.say("head_stock"), said.say("head_through"), brings, said.say("head_share"))
        when = said.at(float(known.worth["time"].to_numpy()[0]))
        caption = said.say("worth_through", name=_label(subject, found.target), when=when)
        yield Folded(said.say("worth_fold"), (Table(caption, heads, rows, 2),))
    yield from (Paragraph(said.voice.told(note), "hint") for note in worth.notes)


def _effects(subject: Subject, worth: Value, stock: str) -> Iterator[tuple[str, str, float, float]]:
    """The largest effects of a stock, the others as one; its name stands before the first."""
    said, effects = subject.speaker, worth.effects(stock)
    for place, one in enumerate(effects[:MOST_EFFECTS]):
        name = said.say("itself") if one.name == stock else said.name(one.name)
        yield "" if place else said.name(stock), name, one.part, one.share
    rest = effects[MOST_EFFECTS:]
    if rest:
        name = said.say("others", count=f"{len(rest):,}")
        yield "", name, sum(one.part for one in rest), sum(one.share for one in rest)


def _loops(subject: Subject, loops: LoopScores) -> Iterator[Block]:
    """Which loops dominate when, with the policy and without, and what they are."""
    said = subject.speaker
    if not loops.loops:
        yield Paragraph(said.say("loops_none"))
        return
    numbers = [loop.group for loop in loops.loops]
    largest = max(dict.fromkeys(numbers), key=numbers.count)
    first, last = (float(loops.shares["time"].to_numpy()[i]) for i in (0, -1))
    every = max(subject.result.plan.every, float(np.ceil((last - first) / MOST_PERIODS)))
    periods = [one for one in loops.periods(every) if one.group == largest]
    labels = {WITHOUT: "without_policy", WITH: "with_policy"}
    rows = tuple(
        (
            said.say(labels[one.run]),
            said.say("span", first=said.moment(one.start), last=said.moment(one.end)),
            said.listed([*one.loops[:MOST_LOOPS], *(["…"] if len(one.loops) > MOST_LOOPS else [])]),
            percent(one.share),
        )
        for one in periods
    )
    heads = ("", said.say("head_period"), said.say("head_loops"), said.say("head_loop_share"))
    table = Table(said.say("loops_caption", count=numbers.count(largest)), heads, rows, 1)
    named = list(dict.fromkeys(name for one in periods for name in one.loops[:MOST_LOOPS]))
    chains = {loop.name: loop.variables for loop in loops.loops}
    texts = [f"{name}: {' → '.join(said.name(one) for one in (*chains[name], chains[name][0]))}" for name in named]
    yield Folded(said.say("loops_fold"), (table, Listing(tuple(texts)), Paragraph(said.say("loops_letters"), "hint")))

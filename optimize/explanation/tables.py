"""An explanation in tables and sentences that people understand at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import xarray as xr

from sd_models.system.model import FloatArray

from ..headlines.scales import PURE
from ..results.numbers import shares, signed_column
from ..results.tables import Table, number
from ..results.voice import LANGUAGE, Voice, voice_of
from ..results.worth import amount_words
from .explanation import Explanation
from .loops import LoopScores, Period
from .marginal import PART_OF_IT, Amount, Marginals
from .spoken import WORDS, spoken, spoken_text

MOST_ROWS = 36  # of a table; of more the largest and the smallest
MOST_STOCKS = 10
MOST_TIMES = 5
MOST_COLUMNS = 4  # of outcomes: what is explained, and its parts or headlines
PART = 0.01  # of a stock: a hundredth more
MOST_THROUGH, MOST_EFFECTS = 5, 3  # stocks whose worth is taken apart, and effects of each
LOOPS, LOOPS_OF_WORTH = "make half of what happens", "carry half of the worth that is new at a time"
NO_TABLE = Table("", (), (), 0)


def headline(found: Explanation, language: str = LANGUAGE) -> str:
    """The change in a sentence, and what the policy is worth that makes it."""
    parts, unit = found.waterfall, _unit(found)
    scale = max(abs(parts.before), abs(parts.after))
    without, with_it = number(parts.before, scale), number(parts.after, scale)
    judged = _judged(parts.gain, found.target.better)
    voice = voice_of(found.result, language)
    told = WORDS.say(
        "headline",
        language,
        label=spoken_text(found.target.label, voice),
        policy=f"{with_it}{unit}",
        without=without,
        gain=f"{parts.gain:+.4g}",
        judged=spoken_text(judged, voice),
        standing=voice.standing(found.result.status.called),
    )
    return f"{told[:1].upper()}{told[1:]}"


def tables(found: Explanation, language: str = LANGUAGE) -> list[Table]:
    """Where the change comes from, what stocks are worth and through what, and which loops dominate, as one reads.

    Names are those of the table of names beside the model where it has them, in English or Chinese (`zh`).

    >>> import optimize as opt, sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> found = tables(opt.explain(result), "zh")
    >>> found[0].title
    '变化从何而来，按省份'
    """
    voice = voice_of(found.result, language)
    parts = [_levers(found), _terms(found), *_dimensions(found), _years(found)]
    carried = [_stocks(found, voice), _through(found), *_loops(found, found.value.loops, LOOPS_OF_WORTH, voice)]
    listed = [*parts, *_marginals(found), *carried, *_loops(found, found.loops, LOOPS, voice)]
    return [spoken(table, voice) for table in listed if table.rows]


def _unit(found: Explanation) -> str:
    return "" if found.target.unit in PURE else f" {found.target.unit}"


def _judged(gain: float, better: str) -> str:
    if not better:
        return ""
    return ", for the better" if (gain > 0) == (better == "more") else ", for the worse"


# --- where it comes from ----------------------------------------------------------------------------------------------


def _parts_table(title: str, parts: Sequence[tuple[str, float]], found: Explanation, *, rest: bool = True) -> Table:
    """The parts in the order given, what is left, and all; each in parts of the change too."""
    gain, left = found.waterfall.gain, [("remainder", found.waterfall.remainder)] if rest else []
    lines = [*parts, *left, ("all", gain)]
    texts = signed_column([value for _, value in lines])
    if rest and texts[-2] == "0":  # it is told, however small
        texts[-2] = f"{found.waterfall.remainder:+.0e}"
    named = zip(lines, texts, shares([value / gain for _, value in lines], sign="+"), strict=True)
    rows = tuple((name, text, share) for (name, _), text, share in named)
    return Table(title, ("", found.target.unit or "change", "share"), rows, 2)


def _few(parts: Mapping[str, float], gain: float) -> list[tuple[str, float]]:
    """All parts, or the largest and the smallest ones with the sum of the others between them."""
    listed = sorted(parts.items(), key=lambda one: -one[1] * np.sign(gain))
    if len(listed) <= MOST_ROWS:
        return listed
    half = MOST_ROWS // 2
    others = listed[half:-half]
    return [*listed[:half], (f"{len(others)} others", sum(value for _, value in others)), *listed[-half:]]


def _levers(found: Explanation) -> Table:
    parts = found.waterfall.by_lever()
    kept = _few(parts, found.waterfall.gain) if len(parts) > 1 else []
    return _parts_table("Where the change comes from, by lever", kept, found) if kept else NO_TABLE


def _terms(found: Explanation) -> Table:
    parts = found.waterfall.by_term
    title = f"What of {found.target.variable} changes"
    return _parts_table(title, _few(parts, found.waterfall.gain), found, rest=False) if parts else NO_TABLE


def _dimensions(found: Explanation) -> Iterator[Table]:
    """For each dimension the parts of its named groups, and of its elements, the largest first."""
    parts = found.waterfall.parts
    for name in dict.fromkeys(str(d) for part in parts.values() for d in part.dims if d != "time"):
        sums = found.waterfall.by(name)
        values = {str(e): float(v) for e, v in zip(sums[name].to_numpy(), sums.to_numpy(), strict=True)}
        whole = all(name in part.dims for part in parts.values())
        title = (
            "Where the change comes from, by {}" if whole else "Where the change comes from, by {} where levers have it"
        )
        groups = found.result.groups.get(name, {})
        if groups:
            grouped = {group: sum(values[e] for e in members if e in values) for group, members in groups.items()}
            kept = _few(grouped, found.waterfall.gain)
            yield _parts_table(title.format(f"group of {name}"), kept, found, rest=whole)
        yield _parts_table(title.format(name), _few(values, found.waterfall.gain), found, rest=whole)


def _years(found: Explanation) -> Table:
    """By span of time in which decisions are made."""
    parts = found.waterfall.parts
    times = parts["time"].to_numpy()
    values = np.sum(
        [parts[name].sum([d for d in parts[name].dims if d != "time"]).to_numpy() for name in parts], axis=0
    )
    spans = np.array_split(np.arange(len(times)), min(MOST_TIMES, len(times)))
    lines = [(_span_text(times[span[0]], times[span[-1]]), float(values[span].sum())) for span in spans]
    return _parts_table("Where the change comes from, by when it is decided", lines, found)


def _span_text(first: float, last: float) -> str:
    return f"{first:g}" if first == last else f"{first:g} to {last:g}"


# --- one more ---------------------------------------------------------------------------------------------------------


def _marginals(found: Explanation) -> Iterator[Table]:
    """What an amount more of each lever would bring, along each of its dimensions and over time."""
    margin = found.marginals
    for name, amount in margin.amounts.items():
        words = _amount_words(found, name, amount)
        for dimension in [*(str(d) for d in margin.spent[name].dims if d != "time"), "time"]:
            values = margin.by(name, dimension)
            chosen = _kept_places(values[0].to_numpy(), is_time=dimension == "time")
            title = f"What {words} more of {name} would bring, with nothing taken away elsewhere, by {dimension}"
            yield _marginal_table(title, values.isel({dimension: chosen}), margin)


def _amount_words(found: Explanation, lever: str, amount: Amount) -> str:
    """An amount of a lever; of a level, which does not add up over time, how much higher it is and for how long."""
    unit, time_unit = str(found.result.policy[lever].attrs.get("units", "")), found.result.time_unit
    levels = (f"{unit}*{time_unit}", *((time_unit,) if unit in PURE else ()))
    if not time_unit or amount.unit not in levels:
        return amount_words(amount.value, amount.unit)
    return f"{amount_words(amount.value, unit)} (held for one {time_unit})"


def _kept_places(values: FloatArray, *, is_time: bool) -> list[int]:
    """Times across the horizon in their order; elements that are decided by what they bring, of many the ends."""
    if is_time:
        return sorted({round(place) for place in np.linspace(0, len(values) - 1, min(MOST_TIMES, len(values)))})
    order = [int(i) for i in np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable") if np.isfinite(values[i])]
    half = MOST_ROWS // 2
    return order if len(order) <= MOST_ROWS else [*order[:half], *order[-half:]]


def _marginal_table(title: str, values: xr.DataArray, margin: Marginals) -> Table:
    """A row for each element, a column for each outcome: what is explained, its parts, then headlines at the end."""
    dimension = str(values.dims[1])
    every = [*margin.targets]
    labels = every[: max(MOST_COLUMNS, 1 + len(margin.parts))]  # without one of its parts the others do not add up
    columns = [signed_column(values.sel(outcome=label).to_numpy().tolist()) for label in labels]
    heads = [label.removeprefix(PART_OF_IT) for label in labels]
    named = zip(heads, (margin.targets[label].unit for label in labels), strict=True)
    units = dict.fromkeys(f"{head} in {unit}" for head, unit in named if unit not in PURE)
    elements = [f"{e:g}" if dimension == "time" else str(e) for e in values[dimension].to_numpy()]
    rows = tuple((element, *texts) for element, *texts in zip(elements, *columns, strict=True))
    return Table(f"{title}: {'; '.join(units)}" if units else title, ("", *heads), rows, len(labels))


# --- stocks -----------------------------------------------------------------------------------------------------------


def _stocks(found: Explanation, voice: Voice) -> Table:
    """What a hundredth more of each stock would bring, and one more unit where it is worth most, at the first time."""
    hundredths, kept = found.costates.of_a_part(PART), found.costates.dearest(PART)[:MOST_STOCKS]
    if not kept:
        return NO_TABLE
    times = np.append(found.waterfall.parts["time"].to_numpy(), hundredths["time"].to_numpy()[-1])
    chosen = times[sorted({round(i) for i in np.linspace(0, len(times) - 1, MOST_TIMES)})]
    table = [[float(hundredths[name].sel(time=time, method="nearest")) for time in chosen] for name in kept]
    columns = [signed_column(column) for column in zip(*table, strict=True)]
    rows = tuple((name, *texts, *_dearest(found, name)) for name, *texts in zip(kept, *columns, strict=True))
    unit = f", {found.target.unit}" if _unit(found) else ""
    title = f"Stocks most worth: what 1% more of each at a time would bring{unit}; and one more unit at the first"
    return Table(title, ("", *map(voice.moment, chosen.tolist()), "one more", "unit", "where"), rows, len(chosen) + 3)


def _through(found: Explanation) -> Table:
    """Of the stocks most worth, the effects through which they are so, at the first time."""
    rows = [row for name in found.costates.dearest(PART)[:MOST_THROUGH] for row in _effects(found, name)]
    if not rows:
        return NO_TABLE
    texts = signed_column([part for *_, part, _ in rows])
    told = tuple(
        (stock, effect, text, f"{share:+.1%}") for (stock, effect, _, share), text in zip(rows, texts, strict=True)
    )
    unit = f", {found.target.unit}" if _unit(found) else ""
    title = f"Through what these stocks work: parts of what 1% more of each at the first time would bring{unit}"
    return Table(title, ("", "through", "part", "share"), told, 2)


def _effects(found: Explanation, stock: str) -> Iterator[tuple[str, str, float, float]]:
    """The effects that carry most of a stock's worth, each with its part and share; the rest in one."""
    effects = found.value.effects(stock, PART)
    for place, one in enumerate(effects[:MOST_EFFECTS]):
        yield "" if place else stock, "itself" if one.name == stock else one.name, one.part, one.share
    rest = effects[MOST_EFFECTS:]
    if rest:
        yield "", f"{len(rest)} others", sum(one.part for one in rest), sum(one.share for one in rest)


def _dearest(found: Explanation, name: str) -> tuple[str, str, str]:
    """What one more unit of a stock brings where it brings most, its unit, and where that is."""
    first = found.costates.worth[name].isel(time=0)
    at = np.unravel_index(int(np.abs(first.to_numpy()).argmax()), first.shape)
    names = [str(first[d].to_numpy()[i]) for d, i in zip(first.dims, at, strict=True)]
    unit = str(found.costates.levels[name].attrs["units"])
    return f"{float(first.to_numpy()[at]):+.3g}", "" if unit in PURE else unit, ", ".join(names) or "everywhere"


# --- loops ------------------------------------------------------------------------------------------------------------


def _loops(found: Explanation, loops: LoopScores, what: str, voice: Voice) -> Iterator[Table]:
    """Which loops dominate when, in the largest group of connected ones, and what these loops are."""
    if not loops.loops:
        return
    numbers = [loop.group for loop in loops.loops]
    largest = max(dict.fromkeys(numbers), key=numbers.count)
    first, last = (float(loops.shares["time"].to_numpy()[i]) for i in (0, -1))
    every = max(found.result.plan.every, float(np.ceil((last - first) / MOST_TIMES)))
    periods = [period for period in loops.periods(every) if period.group == largest]
    rows = tuple(_period_row(period, voice) for period in periods)
    more = len(set(numbers)) - 1
    apart = f"; {more} groups of loops apart from these are in --json" if more else ""
    title = f"Feedback loops that {what}, among {numbers.count(largest)} connected ones{apart}"
    yield Table(title, ("", "from", "to", "loops", "share"), rows, 1)
    named = dict.fromkeys(name for period in periods for name in period.loops)
    texts = {loop.name: str(loop) for loop in loops.loops}
    yield Table(
        "These loops (R reinforces, B balances, U does both)",
        ("loop", "through"),
        tuple((n, texts[n]) for n in named),
        0,
    )


def _period_row(period: Period, voice: Voice) -> tuple[str, ...]:
    ends = map(voice.moment, (period.start, period.end))
    return period.run, *ends, ", ".join(period.loops), f"{period.share:.0%}"

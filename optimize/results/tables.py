"""A result in tables and sentences: the goal, what comes of it, who loses and gains, who gets how much for what.

Names and units are those of people where the tables beside the model have them; the numbers of a column, or of a row
where each row has a unit of its own, have one precision.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from sd_models.simulator.measures import Measure

from .gains import Extreme, Outcome, Sides, gaining, losing, outcomes, times_of
from .moments import round_times
from .numbers import changes, column, shares, signed_column
from .result import Result
from .uses import Use, telling, uses
from .verdict import TOLERANCE, Standing, reached, size_words
from .violations import Violation
from .voice import LANGUAGE, Voice, voice_of

MOST_OUTCOMES = 14
MOST_ROWS = 45
MOST_PLACES = 8  # of an outcome that is told by element, where nothing is told of all together
NOTHING = 1e-6


@dataclass(frozen=True)
class Table:
    """A table for people: a title, headers, rows of texts; the last `numbers` columns hold numbers."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int


def tables(result: Result, language: str = LANGUAGE) -> list[Table]:
    """The tables of a result in the order in which they are read.

    Gains and who gets what belong to a verdict on a policy: a search that was interrupted has none yet, and one that
    found no policy tells by how much limits are missed where it came nearest to them.
    """
    standing, drawn = result.status.standing, _Tables(result, voice_of(result, language))
    if not result.is_policy:
        missed = () if standing in (Standing.UNBOUNDED, Standing.FAILED) else (drawn.missed(),)
        return [table for table in missed if table.rows]
    if not result.shows_gains:
        return []
    found = [drawn.goal(), drawn.outcomes(), drawn.difference(), drawn.losers(), drawn.gainers()]
    for use in uses(result, drawn.voice):
        found += [drawn.over_time(use), *drawn.across(use)]
    found.append(drawn.limits())
    return [table for table in found if table.rows]


def alternatives(result: Result) -> list[str]:
    """Policies of other starts that are nearly as good, in a sentence each."""
    return [
        f"Another start found a policy worth {item.objective:.6g} {result.objective_unit}, which differs in "
        f"{item.distance:.0%} of all values: alternative_{number}.nc."
        for number, item in enumerate(result.alternatives, start=1)
    ]


@dataclass(frozen=True)
class _Tables:
    """Draws the tables of a result in a language."""

    result: Result
    voice: Voice

    def _say(self, key: str, **values: object) -> str:
        return self.voice.say(key, **values)

    def _heads(self, *keys: str) -> tuple[str, ...]:
        """Headers of these words; an empty one has none."""
        return tuple(self._say(key) if key else "" for key in keys)

    def _title(self, key: str, **values: object) -> str:
        text = self._say(key, **values)
        return f"{text[:1].upper()}{text[1:]}"

    # --- the goal -----------------------------------------------------------------------------------------------------

    def goal(self) -> Table:
        """What was sought, without the policy and with it."""
        result, unit = self.result, self.voice.unit(self.result.objective_unit)
        without, found = (unit.factor * value for value in (result.baseline_objective, result.objective))
        named = next((one for one in outcomes(result) if one.headline.variable == result.plan.objective.variable), None)
        text = unit.of(self.voice.language)
        goal = result.plan.objective
        if named is not None and goal.measure is not Measure.INTEGRAL and not goal.final_weight:
            factor, text = named.headline.factor, self.voice.people_unit(named.headline.unit)
            without, found = (factor * value for value in (result.baseline_objective, result.objective))
        texts = (*column([without, found]), *changes([(without, found)]))
        sought = "largest" if result.plan.objective.sign > 0 else "smallest"
        verb = self._say("given_value" if result.status.is_given else sought)
        heads = self._heads("", "unit", "without", "with", "change")
        return Table(self._say("table_goal", verb=verb), heads, ((self._goal_name(), text, *texts),), 3)

    def _goal_name(self) -> str:
        goal = self.result.plan.objective
        measured = self._say(f"measure_{goal.measure}", name=self.voice.name(goal.variable))
        measured = self.voice.with_end(measured, goal)
        if not goal.discount:
            return measured
        rate = self.voice.unit(f"1/{self.result.time_unit}").of(self.voice.language).removeprefix("%")
        return self._say("discounted", measure=measured, rate=f"{100 * goal.discount:.4g}%{rate}")

    # --- what comes of it ---------------------------------------------------------------------------------------------

    @cached_property
    def _told(self) -> tuple[Outcome, ...]:
        return outcomes(self.result)

    @cached_property
    def _lines(self) -> list[tuple[str, Outcome]]:
        """Outcomes of all together by name; where there are none, each element of a few."""
        whole = [(self._name(one), one) for one in self._told if one.change.ndim == 1]
        if whole:
            return whole[:MOST_OUTCOMES]
        return [line for one in self._told for line in self._places(one)][:MOST_OUTCOMES]

    def _places(self, one: Outcome) -> Iterator[tuple[str, Outcome]]:
        (by,) = (str(d) for d in one.change.dims if d != "time")
        for element in one.change[by].to_numpy()[:MOST_PLACES]:
            part = Outcome(one.headline, one.without.sel({by: element}), one.policy.sel({by: element}))
            yield self._say("place", name=self._name(one), elements=self.voice.name(str(element))), part

    def _name(self, one: Outcome) -> str:
        return one.headline.chinese if self.voice.language == "zh" else one.headline.english

    def outcomes(self) -> Table:
        """At the start, and at the end without the policy and with it."""
        end = self.voice.moment(self.voice.end)
        start = self.voice.moment(self.result.plan.horizon[0])
        heads = (*self._heads("", "unit"), start, *self._heads("without", "with"))
        rows = tuple((name, self.voice.people_unit(one.headline.unit), *_course(one)) for name, one in self._lines)
        return Table(self._say("table_outcomes", end=end), (*heads, *self._heads("change", "relative")), rows, 5)

    def difference(self) -> Table:
        """What the policy adds, in steps of some years."""
        times = times_of(self.result)
        shown = times[round_times(times)]
        rows = tuple((name, self.voice.people_unit(one.headline.unit), *_at(one, shown)) for name, one in self._lines)
        heads = (*self._heads("", "unit"), *map(self.voice.moment, shown.tolist()))
        return Table(self._say("table_difference"), heads, rows, len(shown))

    # --- who loses, who gains -----------------------------------------------------------------------------------------

    def losers(self) -> Table:
        """Who loses most for their size and when, and how many lose at all."""
        heads = self._heads("", "unit", "who", "when", "change", "relative", "losing", "losing_at_end")
        found = [(one, one.loss) for one in losing(self.result)]
        rows = tuple(self._loser(one, loss) for one, loss in found if loss is not None)
        return Table(self._say("table_losers"), heads, rows, 4)

    def _loser(self, found: Sides, loss: Extreme) -> tuple[str, ...]:
        who, when = self._who(loss), self.voice.moment(loss.time)
        counts = (self._count(found.losing, found.of), self._count(found.losing_at_end, found.of))
        return (*self._outcome(found), who, when, *_changes(found.outcome, loss), *counts)

    def gainers(self) -> Table:
        """Who gains most at the end, and how many gain."""
        heads = self._heads("", "unit", "who", "change", "relative", "gaining_at_end")
        found = [(one, one.gain_at_end) for one in gaining(self.result)]
        rows = tuple(self._gainer(one, gain) for one, gain in found if gain is not None)
        return Table(self._say("table_gainers", end=self.voice.moment(self.voice.end)), heads, rows, 3)

    def _gainer(self, found: Sides, gain: Extreme) -> tuple[str, ...]:
        count = self._count(found.gaining_at_end, found.of)
        return (*self._outcome(found), self._who(gain), *_changes(found.outcome, gain), count)

    def _outcome(self, found: Sides) -> tuple[str, str]:
        return self._name(found.outcome), self.voice.people_unit(found.outcome.headline.unit)

    def _who(self, extreme: Extreme) -> str:
        return self.voice.name(extreme.element) if extreme.element else self._say("all_together")

    def _count(self, count: int, of: int) -> str:
        return self._say("of", count=count, of=of) if of > 1 else self._say("yes" if count else "no")

    # --- who gets how much for what -----------------------------------------------------------------------------------

    def over_time(self, use: Use) -> Table:
        """A lever over time by what it is for, under its groups; other dimensions summed."""
        shown = use.shown()
        times = use.paths["time"].to_numpy()[shown]
        heads = ("", *map(self.voice.moment, times.tolist()), *self._heads(_whole(use), "share"))
        has_share = use.what is not None and use.is_total
        labels, paths, totals = self._use_rows(use)
        decimals = paths[:, shown].ravel().tolist()
        texts = np.array(column(decimals), dtype=object).reshape(len(labels), len(shown))
        parts = shares([value / (use.whole or 1.0) for value in totals])
        lines = zip(labels, texts, column(totals), parts, strict=True)
        rows = tuple((label, *line, total, part) for label, line, total, part in lines)
        if not has_share:
            heads, rows = heads[:-1], tuple(row[:-1] for row in rows)
        by = () if use.what is None else (use.what,)
        return Table(self._use_title(use, *by), heads, rows, len(heads) - 1)

    def _use_rows(self, use: Use) -> tuple[list[str], np.ndarray, list[float]]:
        """A name, the path and the total of each row, and of all."""
        summed = use.over(use.paths, [d for d in use.dims if d != use.what]).transpose("time", ...)
        if use.what is None:
            return [self.voice.name(use.lever)], summed.to_numpy()[np.newaxis], [use.whole]
        along = use.by(use.what)
        elements = [str(element) for element in along[use.what].to_numpy()]
        parts = self._grouped(use.what, elements) if use.what in self.result.groups else self._largest(along, elements)
        lines = [*parts, (self._say("all"), elements)]
        paths = [use.over(summed.sel({use.what: part}), [use.what]).to_numpy() for _, part in lines]
        totals = [float(use.over(along.sel({use.what: part}), [use.what])) for _, part in lines]
        return [label for label, _ in lines], np.array(paths), totals

    def _grouped(self, dimension: str, elements: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """The groups of a dimension, each before its elements where there is room for them."""
        known, has_room = frozenset(elements), len(elements) <= MOST_ROWS
        for name, members in self.result.groups[dimension].items():
            kept = [member for member in members if member in known]
            if kept:
                yield self.voice.name(name), kept
                yield from ((f"  {self.voice.name(member)}", [member]) for member in kept if has_room)

    def _largest(self, along: xr.DataArray, elements: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """The elements; where there is no room for all, the largest of them and all others in one."""
        if len(elements) <= MOST_ROWS:
            yield from ((self.voice.name(element), [element]) for element in elements)
            return
        order = np.argsort(-np.abs(along.to_numpy()), kind="stable").tolist()
        yield from ((self.voice.name(elements[place]), [elements[place]]) for place in order[:MOST_ROWS])
        others = [elements[place] for place in order[MOST_ROWS:]]
        yield self._say("others", count=f"{len(others):,}"), others

    def _use_title(self, use: Use, *by: str) -> str:
        """A lever, its dimensions, its unit and that of its total."""
        title, language = self.voice.name(use.lever), self.voice.language
        if by:
            title = self._say("by_one", what=title, dimension=self.voice.inline(by[0]))
        if use.unit.of(language):
            title = self._say("in_unit", what=title, unit=use.unit.of(language))
        if not use.is_total or not use.whole_unit.of(language):
            return title
        return self._say("in_total", what=title, total=self._say("total"), unit=use.whole_unit.of(language))

    def across(self, use: Use) -> Iterator[Table]:
        """The totals of a lever by its first dimension, across the groups or elements of what it is for."""
        what, where = use.what, use.where
        if what is None or where is None:
            return
        table = use.over(use.totals, [d for d in use.dims if d not in (what, where)]).transpose(where, what)
        groups = self.result.groups.get(what) or {str(e): (str(e),) for e in table[what].to_numpy()}
        if len(groups) > MOST_PLACES or table.sizes[where] > MOST_ROWS:
            return
        columns = [_together(use, table, what, members) for members in groups.values()]
        whole = use.over(table, [what]).to_numpy().tolist()
        texts = [column(values, like=whole) for values in (*columns, whole)]
        parts = shares([value / (use.whole or 1.0) for value in whole])
        names = (self.voice.name(str(element)) for element in table[where].to_numpy())
        shared = [parts] if use.is_total else []
        heads = (self.voice.name(where), *map(self.voice.name, groups), *self._heads("all", "share")[: 1 + len(shared)])
        rows = tuple(zip(names, *texts, *shared, strict=True))
        yield Table(self._across_title(use, where, what), heads, rows, len(heads) - 1)

    def _across_title(self, use: Use, where: str, what: str) -> str:
        names = {"first": self.voice.inline(where), "last": self.voice.inline(what)}
        title = self._say("by_two", what=self.voice.name(use.lever), **names)
        unit = use.whole_unit.of(self.voice.language)
        return self._say("in_total", what=title, total=self._say(_whole(use)), unit=unit) if unit else title

    # --- limits -------------------------------------------------------------------------------------------------------

    def limits(self) -> Table:
        """Each limit where it is nearest to its amount."""
        return self._limit_table("table_limits", self.result.violations)

    def missed(self) -> Table:
        """The limits that do not hold."""
        return self._limit_table("table_missed", [item for item in self.result.violations if item.size > TOLERANCE])

    def _limit_table(self, title: str, items: Sequence[Violation]) -> Table:
        heads = self._heads("", "state", "from", "unit", "value", "amount")
        return Table(self._say(title), heads, tuple(map(self._limit_row, items)), 2)

    def _limit_row(self, item: Violation) -> tuple[str, ...]:
        unit = self.voice.unit(item.unit)
        is_reached = reached(item)
        state = self._say("missed", size=size_words(item.size)) if item.size > TOLERANCE else ""
        state = state or self._say("reached" if is_reached else "kept")
        value = item.amount if is_reached and not item.amount else item.value
        numbers = column([unit.factor * value, unit.factor * item.amount])
        return (
            self.voice.name(item.place),
            state,
            self.voice.moment(item.time),
            unit.of(self.voice.language),
            *numbers,
        )


def _course(one: Outcome) -> tuple[str, ...]:
    """An outcome at the start, at the end without the policy and with it, and the difference."""
    values = [float(one.policy[0]), float(one.without[-1]), float(one.policy[-1])]
    change = changes([(values[1], values[2])], like=values)
    return (*column(values), *change, _percent(one, float(one.relative[-1])))


def _at(one: Outcome, times: np.ndarray) -> list[str]:
    """What the policy adds at some times, in one precision; what is nothing beside the outcome is 0."""
    values = one.change.sel(time=times).to_numpy()
    return signed_column(np.where(np.abs(values) > NOTHING * one.size, values, 0.0).tolist())


def _changes(one: Outcome, extreme: Extreme) -> tuple[str, str]:
    """A change in the unit of the outcome, and in per cent where it is no share."""
    (text,), values = signed_column([extreme.change], like=[one.size]), [extreme.change]
    return signed_column(values)[0] if text == "0" else text, _percent(one, extreme.relative)


def _percent(one: Outcome, relative: float) -> str:
    """A change in per cent; of shares, and of what has values below zero, it would mislead."""
    return shares([relative], sign="+")[0] if one.is_told_in_per_cent and math.isfinite(relative) else ""


def _whole(use: Use) -> str:
    """What stands above what adds up, or does not."""
    return "total" if use.is_total else "mean"


def _together(use: Use, table: xr.DataArray, dimension: str, members: Sequence[str]) -> list[float]:
    """The members' columns together."""
    inside = [member for member in members if member in table[dimension].to_numpy()]
    values: list[float] = use.over(table.sel({dimension: inside}), [dimension]).to_numpy().tolist()
    return values


def telling_dimension(result: Result, dims: Sequence[str]) -> str | None:
    """What a lever is for: the dimension with named groups, else the last one."""
    return telling(dims, result.groups)


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

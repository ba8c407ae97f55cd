"""All that a what-if page or widget needs, as one value and its JSON: the model, what can be changed, what is watched.

Names in several languages are `{"en": ..., "zh": ...}`; arrays are as in `arrays.py`. What does not fit on a page is
left out by group, and `leftOut` says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sd_models.dynamics.timing import TimeSpan
from sd_models.simulator.measures import Measure
from sd_models.system.model import FloatArray, IndexArray, System, Variable

from ..files.names import Part, part_mask
from ..files.provenance import digest_of
from ..files.words import LANGUAGES
from ..headlines.headline import Headline
from ..headlines.names import Names, names
from ..headlines.scales import PURE
from ..plans.horizon import horizon_end
from ..plans.levers import LeverBlock
from ..plans.limits import Rows
from ..plans.quantities import time_unit
from ..results.groups import groups_of
from ..results.prices import objective_unit
from ..results.verdict import Standing
from ..results.voice import Voice
from .arrays import packed
from .constants import Chosen, chosen_constants
from .decisions import Decisions
from .engine import Engine, engine
from .shown import in_order
from .subject import Subject
from .watched import watched
from .words import Text, word, words

VERSION = 1
MOST_VALUES = 150_000  # of one policy, which is not the same number everywhere
MOST_ELEMENTS = 400  # of an outcome by region
MOST_POINTS = 90  # of a chart
PROVED, GIVEN = "_proved", "_given"  # behind the key of what is said of a proved optimum, and of a policy that is given


@dataclass(frozen=True)
class Payload:
    """A what-if as data; `document` is what the page reads."""

    subject: Subject
    screened: tuple[str, ...] = ()

    @property
    def system(self) -> System:
        """The model."""
        return self.subject.system

    @cached_property
    def names(self) -> Names:
        """What people call things."""
        return names(self.system)

    @cached_property
    def decisions(self) -> Decisions:
        """The levers."""
        return Decisions(self.subject)

    @cached_property
    def chosen(self) -> Chosen:
        """The constants that can be changed."""
        return chosen_constants(self.subject, self.screened)

    @cached_property
    def headlines(self) -> tuple[Headline, ...]:
        """The outcomes to be shown."""
        return in_order(self.system, self.subject.problem.headlines())

    @property
    def shown(self) -> tuple[Headline, ...]:
        """The outcomes of at most so many elements, of one dimension at most."""
        return tuple(one for one in self.headlines if self._fits(self.system[one.variable]))

    def _fits(self, variable: Variable) -> bool:
        return len(variable.dimensions) < 2 and self.system.size(variable) <= MOST_ELEMENTS

    @cached_property
    def engine(self) -> Engine:
        """The model in JavaScript."""
        problem = self.subject.problem
        outcomes = (self.system[one.variable].name for one in self.shown)
        needed = (name for name, _ in self.subject.amounts.quantities.elements)
        return engine(
            self.system,
            levers=problem.lever_names,
            constants=self.chosen.variables,
            outputs=tuple(dict.fromkeys((*outcomes, *needed))),
            time=TimeSpan(stop=horizon_end(self.subject.plan)),
        )

    @cached_property
    def document(self) -> dict[str, Any]:
        """The whole as JSON: plain values, and packed arrays."""
        rows, left_out = watched(self.subject, self.engine.outputs)
        return {
            "version": VERSION,
            "title": self.system.name,
            "label": {language: _title(self.names.of(self.system.name, language)) for language in LANGUAGES},
            "hash": self.subject.hash,
            "region": self.region,
            "time": self._time(),
            "dimensions": {name: self._dimension(name) for name in self._dimensions()},
            "levers": [self._lever(number, block) for number, block in enumerate(self.decisions.blocks)],
            "columns": self._columns(),
            "constants": [self._constant(place) for place in range(len(self.chosen.constants))],
            "defaults": packed(self._defaults()),
            "outcomes": [self._outcome(one) for one in self.shown if self._name(one) in self.engine.outputs],
            "outcomeRows": max((part.stop for part in self.engine.outputs.values()), default=0),
            **rows,
            "limits": [{**one, **self._named_limit(one)} for one in rows["limits"]],
            "objective": {**rows["objective"], **self._named_objective()},
            "presets": {name: packed(x) for name, x in self.presets.items()},
            "presetHashes": {name: self._hash(x) for name, x in self.presets.items()},
            "start": self._start,
            "evenSaid": self._even_said,
            "leftOut": list(self._left_out(left_out)),
            "model": {"text": self.engine.text, "data": dict(self.engine.data)},
            "words": self._words(),
            "plan": {"text": self.subject.text, "constants": self._assumed(), "command": self._command()},
        }

    @property
    def start(self) -> FloatArray:
        """The policy that people begin with, as a vector of all levers."""
        return self.presets[self._start]

    # --- parts ------------------------------------------------------------------------------------------------------

    @cached_property
    def _voices(self) -> Mapping[str, Voice]:
        """Who speaks of the plan in each language."""
        end, unit = horizon_end(self.subject.plan), time_unit(self.system)
        return {language: Voice(language, self.names, end, unit) for language in LANGUAGES}

    def _text(self, name: str) -> Text:
        return {language: self.names.of(name, language) for language in LANGUAGES}

    def _unit(self, unit: str) -> Text:
        """A unit in words; pure numbers have none."""
        if unit in PURE:
            return self._text("")
        return {language: voice.people_unit(unit) for language, voice in self._voices.items()}

    def _words(self) -> dict[str, Text]:
        """All words; a policy is the optimum only where it was chosen and none is better, else the best found."""
        told = dict(words())
        ways = {way: {name: told.pop(name) for name in [*told] if name.endswith(way)} for way in (PROVED, GIVEN)}
        result = self.subject.result
        if result is not None and result.status.is_given:
            told |= {name.removesuffix(GIVEN): text for name, text in ways[GIVEN].items()}
        elif result is not None and result.status.standing is Standing.PROVED:
            told |= {name.removesuffix(PROVED): text for name, text in ways[PROVED].items()}
        return told

    def _time(self) -> dict[str, Any]:
        horizon, grid = self.subject.problem.horizon, self.subject.problem.simulator.model.grid
        return {
            "label": self._text(time_unit(self.system)),
            "points": packed(grid.times),
            "first": horizon.first,
            "saved": packed(_thinned(grid.saved, len(grid.times))),
            "starts": packed(horizon.starts),
            "end": float(horizon.points[-1]),
            "endSaid": {language: voice.moment(voice.end) for language, voice in self._voices.items()},
        }

    def _dimensions(self) -> tuple[str, ...]:
        """The dimensions of levers, shown outcomes and limits."""
        variables = [block.variable for block in self.decisions.blocks] + [one.variable for one in self.shown]
        own = (name for variable in variables for name in self.system[variable].dimensions)
        return tuple(dict.fromkeys((*own, *(name for rows in self.subject.problem.bound.rows for name in rows.axes))))

    def _dimension(self, name: str) -> dict[str, Any]:
        elements = self.system.dimensions[name].elements
        groups = groups_of(self.system).get(name, {})
        places = {element: place for place, element in enumerate(elements)}
        return {
            "label": self._text(name),
            "elements": [{"name": element, **self._text(element)} for element in elements],
            "groups": [
                {"name": group, **self._text(group), "elements": [places[member] for member in members]}
                for group, members in groups.items()
            ],
            "tiles": [
                {"name": tile.name, **self._text(tile.name), "code": tile.code, "column": tile.column, "row": tile.row}
                for tile in self.names.tiles(elements)
            ],
        }

    def _lever(self, number: int, block: LeverBlock) -> dict[str, Any]:
        variable = self.system[block.variable]
        return {
            "variable": block.variable,
            "label": self._text(block.variable),
            "unit": self._unit(variable.unit),
            "dimensions": list(variable.dimensions),
            "shape": list(self.system.shape(variable)),
            "elements": packed(block.elements),
            "rows": packed(self.engine.levers[block.variable].start + block.elements),
            "first": block.first,
            "starts": packed(block.starts),
            "lower": packed(block.lower),
            "upper": packed(block.upper),
            "isFixed": block.lever.fixed is not None,
            "isAmount": self.decisions.is_amount(block),
            "periods": packed(self.decisions.columns.periods[number]),
        }

    def _columns(self) -> dict[str, Any]:
        """The columns of lever values, in the order of the rows of the page's model."""
        columns, rows = self.decisions.columns, self.decisions.rows
        order = np.concatenate([np.arange(rows[name].start, rows[name].stop) for name in self.engine.levers])
        return {"own": packed(columns.own[:, order]), "at": packed(columns.at), "count": len(columns.own)}

    def _constant(self, place: int) -> dict[str, Any]:
        one = self.chosen.constants[place]
        return {
            "name": one.label,
            "label": self._text(one.label if one.label == one.variable else one.variable),
            "element": one.label.removeprefix(one.variable),
            "row": self.engine.constants[one.variable].start + one.place,
            "value": one.value,
            "low": one.low,
            "high": one.high,
            "unit": self._unit(one.unit),
            "source": str(one.source),
        }

    def _defaults(self) -> list[float]:
        """The values of all rows of constants."""
        return [value for name in self.engine.constants for value in self.chosen.values[name]]

    def _name(self, one: Headline) -> str:
        """The name of a headline's variable in the model."""
        return self.system[one.variable].name

    def _named_limit(self, limit: Mapping[str, Any]) -> dict[str, Any]:
        return {"label": self._text(limit["name"]), "unit": self._unit(limit["unit"])}

    def _named_objective(self) -> dict[str, Any]:
        """The name of the objective, its unit and the factor to it; that of its headline where it is no integral."""
        goal = self.subject.plan.objective
        told = next((one for one in self.headlines if self._name(one) == self.system[goal.variable].name), None)
        label = {language: voice.with_end(voice.name(goal.variable), goal) for language, voice in self._voices.items()}
        if told is None or goal.measure is Measure.INTEGRAL or goal.final_weight:
            pure = self.system[goal.variable].unit in PURE  # its integral has the unit of time, which helps nobody
            unit = "" if pure else objective_unit(self.subject.plan, self.system)
            return {"label": label, "unit": self._unit(unit), "factor": 1.0}
        return {"label": label, "unit": self._unit(told.unit), "factor": told.factor}

    def _hash(self, x: FloatArray) -> str:
        """What tells the policy that a scenario begins with from others."""
        even = self.presets.get("even", x)
        return digest_of(np.concatenate([x, even]).astype("<f8").tobytes())

    def _outcome(self, one: Headline) -> dict[str, Any]:
        variable = self.system[one.variable]
        rows = self.engine.outputs[variable.name]
        return {
            "variable": variable.name,
            "en": one.english,
            "zh": one.chinese,
            "unit": self._unit(one.unit),
            "factor": one.factor,
            "better": one.better,
            "by": one.by,
            "row": rows.start,
            "count": rows.stop - rows.start,
        }

    @cached_property
    def presets(self) -> Mapping[str, FloatArray]:
        """The policies that fit: the model's own, which the page cannot do without, and the smallest of the others."""
        return {name: x for name, x in self.decisions.presets.items() if name == "baseline" or _is_small(x)}

    @property
    def _start(self) -> str:
        """What people begin with: the optimum, else equal shares where the model itself decides nothing and these keep
        all limits."""
        if "optimum" in self.presets:
            return "optimum"
        is_even = "even" in self.presets and not self.decisions.baseline.any() and self.decisions.is_even_allowed
        return "even" if is_even else "baseline"

    @property
    def _even_said(self) -> Text | None:
        """What the equal shares are shares of; nothing on a page without them."""
        if "even" not in self.presets:
            return None
        count = sum(len(block.elements) for block in self.decisions.blocks if block.lever.fixed is None)
        return word("evenOfBudget" if self.decisions.is_budget_split else "evenOfRange", count=f"{count:,}")

    def _command(self) -> str:
        """What goes on from a policy that somebody found by hand."""
        return "prosperity optimize plan.toml --start-from policy.csv"

    def _assumed(self) -> dict[str, float]:
        """The constants of the plan; a single element that the page offers goes by the name that it has there."""
        labels = {(one.variable, one.place): one.label for one in self.chosen.constants}
        found: dict[str, float] = {}
        for text, value in self.subject.plan.constants.items():
            part = Part.of(text)
            places = np.flatnonzero(part_mask(self.system, part))
            single = labels.get((self.system[part.name].name, int(places[0]))) if len(places) == 1 else None
            found[single or text] = value
        return found

    @cached_property
    def region(self) -> str:
        """The dimension that people look at one by one: places on a grid, else that of most outcomes."""
        known = [name for name in self._dimensions() if self.names.tiles(self.system.dimensions[name].elements)]
        by = Counter(one.by for one in self.headlines if one.by)
        levers = {name for block in self.decisions.blocks for name in self.system[block.variable].dimensions}
        carried = (name for name in by if name in self._dimensions())
        often = sorted(carried, key=lambda name: (name not in levers, -by[name]))
        return next(iter((*known, *often)), "")

    def _left_out(self, limits: tuple[Rows, ...]) -> Iterator[Text]:
        """What the page does not hold, in words."""
        if self.chosen.others:
            yield word("leftOutConstants", count=self.chosen.others)
        if self.chosen.behind:
            yield word("leftOutBehind", count=self.chosen.behind)
        if self.subject.result is not None and self.subject.optimum is None:
            yield word("noOptimum")
        wide = [one for one in self.headlines if not self._fits(self.system[one.variable])]
        if wide:
            most = max(self.system.size(self.system[one.variable]) for one in wide)
            yield _of("leftOutOutcomes", _listed({"en": one.english, "zh": one.chinese} for one in wide), most)
        if limits:
            yield _of("leftOutLimits", _listed(self._text(rows.name) for rows in limits), len(limits))
        unsplit = () if self.decisions.is_split else ("even",)
        for name in (*unsplit, *(name for name in self.decisions.presets if name not in self.presets)):
            yield _of("leftOutPreset", dict(words()[name]), self.subject.problem.size)
        if self.decisions.varies:
            yield word("ownPathsVary")
        if self.subject.offered:
            yield word("noPlan")


def _listed(names: Iterable[Text]) -> Text:
    """Names one after the other, as each language separates them."""
    told = list(names)
    return {"en": ", ".join(name["en"] for name in told), "zh": "、".join(name["zh"] for name in told)}


def _of(key: str, name: Text, count: int) -> Text:
    """A sentence about something that has a name in both languages."""
    return {language: word(key, name=name[language], count=f"{count:,}")[language] for language in name}


def _title(name: str) -> str:
    """The name of a file as a title."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _is_small(x: FloatArray) -> bool:
    """Whether a policy fits: few values, or one value everywhere."""
    return len(x) <= MOST_VALUES or bool((x == x[0]).all())


def _thinned(saved: IndexArray, points: int) -> IndexArray:
    """The saved points, not more than a chart shows, and the last one."""
    stride = -(-len(saved) // MOST_POINTS)
    return np.unique([*saved[::stride], *saved[-1:], points - 1]).astype(np.int64) if len(saved) else np.arange(points)

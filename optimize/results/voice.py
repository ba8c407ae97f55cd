"""A result spoken of in a language: names, units, times, and the texts that it keeps in English."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from sd_models.simulator.measures import Measure
from sd_models.system.model import key

from ..files.names import Part
from ..files.words import known
from ..headlines.names import Names
from ..headlines.scales import Said, of_people
from ..headlines.scales import said as unit_said
from ..plans.horizon import horizon_end
from ..plans.kinds import RowKind
from ..plans.plan import Objective, Plan
from .moments import is_in_years, moment
from .words import WORDS

LANGUAGE = "en"
COMMA = {"en": ", ", "zh": "、"}
BLANK = {"en": " ", "zh": ""}  # between sentences
NUMBERED = re.compile(r"(.+) \((\d+)\)")  # by `free_name`, where two limits are called alike


@dataclass(frozen=True)
class Voice:
    """Says in a language (`en`, `zh`) what the parts of a result are called; `end` is that of its horizon."""

    language: str = LANGUAGE
    names: Names = field(default_factory=Names)
    end: float = float("inf")
    time_unit: str = ""

    def say(self, word: str, **values: object) -> str:
        """A text of `words.csv`, with values in it."""
        return WORDS.say(word, self.language, **values)

    def joined(self, *sentences: str) -> str:
        """Sentences behind each other, those that say nothing left out."""
        return BLANK[self.language].join(sentence for sentence in sentences if sentence)

    def standing(self, standing: str) -> str:
        """What a result is, in a word or two."""
        return self.say(f"standing {standing}")

    def meaning(self, standing: str) -> str:
        """What a result is and what that means for whoever decides, in a sentence."""
        called = self.standing(standing)
        begun = f"{called[:1].upper()}{called[1:]}"
        return self.say("headline_verdict", standing=begun, plain=self.say(f"plain {standing}"))

    def name(self, name: str) -> str:
        """What people call a variable, an element, a dimension or a limit, at the beginning of a line."""
        part = Part.of(name)
        if part.elements:
            return self.say("place", name=self.name(part.name), elements=self.listed(part.elements))
        called = self.names.of(name, self.language)
        if called != name or key(name) in self.names.texts:
            return called
        return self._made(name) or name

    def inline(self, name: str) -> str:
        """The same inside a sentence, where no capital letter is that only begins a line."""
        called = self.name(name)
        begins_a_line = called != name and called[:1].isupper() and called[1:2].islower()
        return f"{called[:1].lower()}{called[1:]}" if begins_a_line else called

    def with_end(self, told: str, goal: Objective) -> str:
        """What is sought, with the value at the end where that counts besides; the one place that says so.

        >>> Voice(time_unit="Year").with_end("sum of welfare", Objective(maximize="welfare", final_weight=10.0))
        'sum of welfare and 10 years of its value at the end'
        """
        if not goal.final_weight:
            return told
        is_years = goal.measure is Measure.INTEGRAL and is_in_years(self.time_unit)
        word = "and_years_at_end" if is_years else "and_at_end"
        return self.say(word, measure=told, weight=f"{goal.final_weight:.6g}")

    def many(self, dimension: str) -> str:
        """The elements of a dimension inside a sentence, as a name of all of them.

        >>> Voice().many("province"), Voice().many("city"), Voice("zh").many("city")
        ('provinces', 'cities', 'city')
        """
        called = self.inline(dimension)
        if self.language != LANGUAGE or called.endswith("s"):
            return called
        return f"{called[:-1]}ies" if re.search("[^aeiou]y$", called) else f"{called}s"

    def _made(self, name: str) -> str:
        """The name of what a plan says of a lever, and of a limit that is numbered; nothing for any other."""
        for kind in RowKind:
            start = kind.named("")
            if kind is not RowKind.LIMIT and name.startswith(start):
                lever = self.inline(name.removeprefix(start))
                made = self.say("of_lever", kind=self.say(str(kind)), name=lever)
                return f"{made[:1].upper()}{made[1:]}" if self.names.texts else made
        numbered = NUMBERED.fullmatch(name)
        if numbered and self.name(numbered[1]) != numbered[1]:
            return self.say("numbered", name=self.name(numbered[1]), number=numbered[2])
        return ""

    def listed(self, names: Iterable[str]) -> str:
        """Names of elements, one after the other."""
        return COMMA[self.language].join(map(self.name, names))

    def unit(self, unit: str) -> Said:
        """A model's unit as people say it, and the factor to it; names of the table beside the model come first."""
        own = self.names.texts.get(key(unit))
        if own is not None:
            return Said(own["en"], own["zh"])
        found = unit_said(unit)
        named = self.names.texts.get(key(found.english)) if found.english else None
        return found if named is None else Said(named["en"], named["zh"], found.factor)

    def people_unit(self, unit: str) -> str:
        """A unit that people say already (that of a headline), in this language."""
        own = self.names.texts.get(key(unit))
        if own:
            return own[self.language]
        found = unit_said(unit)  # a headline that nobody chose has the model's unit
        return (found if found.factor == 1.0 and found.english != unit else of_people(unit)).of(self.language)

    @staticmethod
    def amount(number: str, unit: str) -> str:
        """A number with its unit.

        >>> Voice.amount("5", "yuan"), Voice.amount("5", "% a year"), Voice.amount("5", "")
        ('5 yuan', '5% a year', '5')
        """
        return f"{number}{unit}" if unit.startswith("%") else f"{number} {unit}".strip()

    def moment(self, time: float) -> str:
        """A time in words."""
        return moment(time, end=self.end, unit=self.time_unit, language=self.language)

    def told(self, text: str) -> str:
        """A text that a result keeps in English (a note, why there is no policy), as far as it has a known form."""
        return WORDS.translated(text, self.language, self.told_name)

    def told_name(self, text: str) -> str:
        """A value inside a kept text: a name, a list of names, or a text in itself."""
        called = self.name(text)
        if called != text or self.language == LANGUAGE:
            return called
        parts = text.split(", ")
        return self.told(text) if len(parts) == 1 else COMMA[self.language].join(map(self.told_name, parts))


class Spoken(Protocol):
    """What a voice has to know of a result."""

    @property
    def plan(self) -> Plan:
        """Its plan, which has a horizon."""

    @property
    def names(self) -> Names:
        """What its parts are called."""

    @property
    def time_unit(self) -> str:
        """The unit of time."""


def voice_of(result: Spoken, language: str = LANGUAGE) -> Voice:
    """The voice that speaks of a result; InvalidRequest for a language that there is not.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> voice_of(result, "zh").name("budget"), voice_of(result).unit("Billion yuan/Year").of("en")
    ('预算', 'billion yuan a year')
    """
    return Voice(known(language), result.names, horizon_end(result.plan), result.time_unit)

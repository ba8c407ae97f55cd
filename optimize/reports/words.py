"""The words of a report in one language: its own from "labels.csv", and those of the result, with times and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sd_models.system.model import FloatArray

from ..files.names import Part
from ..files.words import known, read_words
from ..headlines.headline import Headline
from ..results import numbers
from ..results.moments import YEARS, is_in_years
from ..results.voice import Voice

FILE = Path(__file__).parent / "labels.csv"
LABELS = read_words(FILE)
# Tables of words keep no blanks at the ends of their cells.
PAUSE, COMMA, SEMICOLON, GAP = (
    {"en": ", ", "zh": "，"},
    {"en": ", ", "zh": "、"},
    {"en": "; ", "zh": "；"},
    {"en": " ", "zh": ""},
)
BILLION = "十亿"
MINUS, NONE = "\N{MINUS SIGN}", "\N{EN DASH}"
DIGITS = 3  # of the largest number of a column
HUGE = 1e13  # from here on numbers are told by powers of ten
LEAST, SAME = 1e-4, 1e-9  # per cent that are told; rounding
DUST = 1e-9  # of the largest number of a column: nothing


@dataclass(frozen=True)
class Speaker:
    """What a report says in a language; `voice` knows what the parts of a result are called."""

    voice: Voice = field(default_factory=Voice)

    @property
    def language(self) -> str:
        """The language: en, zh."""
        return self.voice.language

    def say(self, label: str, /, **values: object) -> str:
        """A text with values in place of the names in braces.

        >>> speaker_in("zh").say("others", count=3)
        '其余 3 项'
        """
        return LABELS.say(label, self.language, **values)

    def name(self, name: str) -> str:
        """What people call a part of the model, a limit, or an element of it, at the beginning of a line."""
        return self.voice.name(name)

    def inner(self, name: str) -> str:
        """The same within a sentence."""
        return self.voice.inline(name)

    def inside(self, elements: str) -> str:
        """The elements between brackets, without these.

        >>> Speaker().inside("[north, rice]")
        'north, rice'
        """
        return self.voice.listed(Part.of(f"-{elements}").elements) if elements else ""

    def title(self, name: str) -> str:
        """What people call a model; the name of a file as a title.

        >>> Speaker().title("common_prosperity")
        'Common prosperity'
        """
        called = self.name(name)
        if called != name:
            return called
        bare = name.replace("_", " ").strip()
        return bare[:1].upper() + bare[1:]

    def headline(self, headline: Headline) -> str:
        """What people call an outcome."""
        return headline.chinese if self.language == "zh" else headline.english

    def unit(self, unit: str) -> str:
        """A unit of the model as people say it; pure numbers have none."""
        return self.voice.unit(unit).of(self.language)

    def factor(self, unit: str) -> float:
        """What a value in a unit of the model is multiplied with, to be one in the unit that people say."""
        return self.voice.unit(unit).factor

    def people_unit(self, unit: str) -> str:
        """The unit of a headline."""
        return self.voice.people_unit(unit)

    def listed(self, texts: Iterable[str]) -> str:
        """Texts one after the other, as the language separates them."""
        return COMMA[self.language].join(texts)

    def paused(self, clauses: Iterable[str]) -> str:
        """Clauses of a sentence one after the other, without those that are empty."""
        return PAUSE[self.language].join(clause for clause in clauses if clause)

    def parted(self, texts: Iterable[str]) -> str:
        """Longer texts one after the other."""
        return SEMICOLON[self.language].join(texts)

    def joined(self, sentences: Iterable[str]) -> str:
        """Sentences one after the other, without those that are empty."""
        return GAP[self.language].join(sentence for sentence in sentences if sentence)

    def both(self, texts: Sequence[str]) -> str:
        """Texts one after the other, with "and" before the last."""
        if len(texts) < 2:
            return "".join(texts)
        return self.say("and", first=self.listed(texts[:-1]), last=texts[-1])

    def moment(self, time: float) -> str:
        """A time in words: the end of a horizon of whole years is the end of the year before."""
        return self.voice.moment(time)

    def the_moment(self, time: float) -> str:
        """The same as it stands within a sentence."""
        text = self.moment(time)
        return self.say("the", what=text) if text.startswith("end of") else text

    def at(self, time: float) -> str:
        """A time with the preposition that it needs: in a year, at another time.

        >>> year = Speaker(Voice("en", end=2051.0, time_unit="Year"))
        >>> year.at(2030.0), year.at(2051.0), Speaker(Voice("en", end=120.0, time_unit="Month")).at(30.0)
        ('in 2030', 'at the end of 2050', 'at 30')
        """
        text = self.the_moment(time)
        is_year = is_in_years(self.voice.time_unit) and time >= YEARS and time != self.voice.end
        return self.say("in_year" if is_year else "at_time", time=text)

    @property
    def axis(self) -> str:
        """What a chart writes at the end of its axis of time."""
        unit = self.voice.time_unit
        return self.say("year") if is_in_years(unit) else self.unit(unit) if unit else ""

    def amount(self, value: float, unit: str, *, digits: int = DIGITS) -> str:
        """A value in a unit of the model, as people say both.

        >>> Speaker().amount(266.61, "trillion yuan"), Speaker().amount(0.6125, "1/Year")
        ('267 trillion yuan', '61.3% a year')
        """
        return self.measured(value * self.factor(unit), self.unit(unit), digits=digits)

    def measured(self, value: float, unit: str, *, digits: int = DIGITS) -> str:
        """A value in a unit that people say; Chinese counts by ten thousands, and has no word for a billion.

        >>> speaker_in("zh").measured(100, "十亿元"), speaker_in("zh").measured(0.5, "%")
        ('1,000 亿元', '0.500%')
        """
        if unit.startswith(BILLION):
            return with_unit(numeral(10 * value, digits=digits), unit.removeprefix(BILLION[0]))
        return with_unit(numeral(value, digits=digits), unit)


def speaker_in(language: str) -> Speaker:
    """A speaker without a model; InvalidRequest for a language that there is not.

    >>> speaker_in("zh").language
    'zh'
    """
    return Speaker(Voice(known(language)))


# --- numbers ----------------------------------------------------------------------------------------------------------


def with_unit(number: str, unit: str) -> str:
    """A number with its unit behind it.

    >>> with_unit("4.2", "%"), with_unit("3", "years"), with_unit("1", "")
    ('4.2%', '3 years', '1')
    """
    return f"{number}{'' if not unit or unit.startswith('%') else ' '}{unit}"


def numeral(value: float, *, digits: int = DIGITS, signed: bool = False) -> str:
    """One number with so many digits.

    >>> numeral(0.5), numeral(-12345.6), numeral(3.2e-7, signed=True)
    ('0.500', '−12,346', '+3.20e−07')
    """
    return column([value], digits=digits, signed=signed)[0]


def column(values: Iterable[float] | FloatArray, *, digits: int = DIGITS, signed: bool = False) -> list[str]:
    """Numbers of one precision: as many decimals as the largest needs for so many digits; no dust.

    >>> column([96.2, 0.5, -1e-15, float("nan")])
    ['96.2', '0.5', '0', '–']
    """
    listed = [float(value) for value in values]
    largest = max((abs(value) for value in listed if math.isfinite(value)), default=0.0)
    clean = [0.0 if abs(value) <= DUST * largest else value for value in listed]
    if numbers.MOST <= largest < HUGE:
        texts = [f"{value:{'+' if signed else ''},.0f}" for value in clean]
    else:
        texts = (numbers.signed_column if signed else numbers.column)(clean, digits=digits)
    return [typeset(text) if math.isfinite(value) else NONE for text, value in zip(texts, listed, strict=True)]


def typeset(text: str) -> str:
    """A number with the sign that is as wide as a plus."""
    return text.replace("-", MINUS)


def percent(share: float, *, signed: bool = False) -> str:
    """A part of one in per cent, with the decimals that a small one needs.

    >>> percent(0.401), percent(-0.0423, signed=True), percent(0.00004), percent(0)
    ('40%', '−4.2%', '0.004%', '0%')
    """
    if not math.isfinite(share):
        return NONE
    size = abs(100 * share)
    decimals = 0 if size >= 9.95 or size < LEAST else max(1, -math.floor(math.log10(size) + SAME))
    text = f"{100 * share:{'+' if signed else ''}.{decimals}f}" if size >= LEAST else "0"
    return typeset(f"{text}%")

"""Units as people say them, `thousand yuan a person and year`, and the factor that a model's unit needs to become one.

Words of size (thousand, million) and prefixes (Mt) are numbers here, and `%` is a hundredth, while models compare their
units by name alone. The words of both languages stand in `units.csv`: what one of a unit is called, many of it, and
both in Chinese.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sd_models.analysis.unit_texts import UnitReader, UnreadableUnit, equal, powers

from ..files.words import Text, read_words

if TYPE_CHECKING:
    from pint.util import UnitsContainer

FILE = Path(__file__).parent / "units.csv"
SIZES = {"ten": 10.0, "hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
# Units of pure numbers, as models write them.
PURE = ("", "Dmnl", "1")
# Names that are a number times another name; an empty name is a pure number.
PARTS = {
    "%": (0.01, ""),
    "per cent": (0.01, ""),
    "percent": (0.01, ""),
    "point of 100": (0.01, ""),
    "t": (1.0, "tonne"),
    "mt": (1e6, "tonne"),
    "gt": (1e9, "tonne"),
    "kg": (1e-3, "tonne"),
    "μg": (1e-12, "tonne"),
    "microgram": (1e-12, "tonne"),
    "metre": (1.0, "m"),
    "km": (1e3, "m"),
}
# What is none of the others, so that a difference is a mistake; of other names nobody knows.
DISTINCT = frozenset(("yuan", "$", "person", "year", "tonne", "m"))
_PER = re.compile(r"\s+(?:an?|per)\s+")
_AND = re.compile(r"\s+and\s+")
# Sizes that people say, and names that they do not take apart.
_SAID = {1e12: "trillion", 1e9: "billion", 1e6: "million", 1e3: "thousand", 1.0: ""}
_WHOLE = {"microgram": "µg", "μg": "µg", "kg": "kg", "km": "km", "metre": "m"}
_TIMES = ("year", "month", "week", "day", "hour", "minute", "second")
_RAISED = {1.0: "", 2.0: "²", 3.0: "³"}
_SAME = 1e-9  # of a factor: rounding
_POWERS = str.maketrans({"²": "^2", "³": "^3", "µ": "μ"})


@dataclass(frozen=True)
class Scale:
    """A number times a unit of base names."""

    size: float
    unit: UnitsContainer


@dataclass(frozen=True, slots=True)
class Said:
    """A unit as people say it, nothing for a pure number, and what a value in the model's unit is multiplied with."""

    english: str
    chinese: str
    factor: float = 1.0

    def of(self, language: str) -> str:
        """The unit in a language."""
        return self.chinese if language == "zh" else self.english


class DifferentUnits(ValueError):
    """One of the units cannot be the other, whatever the factor."""


def factor_between(model: str, people: str, synonyms: Iterable[Sequence[str]] = ()) -> float | None:
    """What a value in the model's unit is multiplied with; None where names do not tell.

    >>> factor_between("Billion yuan/(Million people*Year)", "yuan a person and year")
    1000.0
    >>> factor_between("Dmnl", "%")
    100.0
    >>> factor_between("Widgets", "pieces")

    DifferentUnits where the one is, say, money and the other one people.
    """
    reader = UnitReader(synonyms)
    try:
        one, other = _scale(reader, model), _scale(reader, _product(people))
        factor = one.size / other.size
    except (UnreadableUnit, OverflowError, ZeroDivisionError):  # no unit, or powers that no number holds
        return None
    if equal(one.unit, other.unit):
        return float(f"{factor:.12g}")
    if {*powers(one.unit), *powers(other.unit)} <= DISTINCT:
        raise DifferentUnits(f"{model!r} is no {people!r}")
    return None


@cache
def said(unit: str) -> Said:
    """A model's unit as people say it; what cannot be read, or read back, stays as it is.

    >>> said("Billion yuan/(Million people*Year)")
    Said(english='thousand yuan a person and year', chinese='千元/（人·年）', factor=1.0)
    >>> said("Mt/Year").english, said("Dmnl").english, said("1/Year").english, said("Year*Widget").english
    ('million tonnes a year', '', '% a year', 'Year*Widget')
    """
    reader = UnitReader()
    try:
        found = _said(reader, powers(reader.read(unit)))
        same = factor_between(unit, found.english) if found.english else 1.0
    except (UnreadableUnit, DifferentUnits, OverflowError, ZeroDivisionError):
        return Said(unit, unit)
    is_same = same is not None and math.isclose(same, found.factor, rel_tol=_SAME)
    return found if is_same else Said(unit, unit)


def of_people(unit: str) -> Said:
    """A unit that people say already, such as that of a headline, in both languages.

    >>> of_people("thousand yuan a person and year").chinese, of_people("points of 100").chinese
    ('千元/（人·年）', '分（百分制）')
    """
    own = _words().get(unit)
    found = Said(own["en"], own["zh"]) if own else said(_product(unit))
    return Said(unit, found.chinese if found.factor == 1.0 and found.chinese != _product(unit) else unit)


def _said(reader: UnitReader, parts: Mapping[str, float]) -> Said:
    """A unit by its names and their powers; UnreadableUnit for one that people have no short words for."""
    size, above, below = 1.0, list[str](), list[tuple[str, float]]()
    for name, power in parts.items():
        number, base = (1.0, _WHOLE[name]) if name in _WHOLE else _part(name)
        size *= number**power
        if not base:
            continue
        word = base if base in _words() else reader.text(reader.read(base))
        if power == 1:
            above.append(word)
        elif power < 0 and -power in _RAISED:
            below.append((word, -power))
        else:
            raise UnreadableUnit(f"{name!r} to the power {power:g}")
    if len(above) > 1:
        raise UnreadableUnit("a product")
    if not above:
        return _rate(size, below)
    return _quotient(size, above[0], below)


def _rate(size: float, below: Sequence[tuple[str, float]]) -> Said:
    """A pure number, or so many per cent of one a time."""
    if not below:
        return Said("", "", size)
    if [word for word, _ in below if word not in _TIMES]:
        raise UnreadableUnit("something for nothing")
    return _quotient(1.0, "%", below, 100.0 * size)


def _quotient(size: float, above: str, below: Sequence[tuple[str, float]], factor: float = 1.0) -> Said:
    """So much of something, for each of others."""
    scale = next((scale for scale in _SAID if scale <= size * (1 + _SAME)), 1.0)
    many = _words().get(above, {"en": above, "zh": above})
    word = _words().get(_SAID[scale], {"en": "", "zh": ""})
    english = f"{word['en']} {many['en']}".strip() + _for_each(below)
    return Said(english, f"{word['zh']}{many['zh']}{_per(below)}", float(f"{factor * size / scale:.12g}"))


def _for_each(below: Sequence[tuple[str, float]]) -> str:
    """`a person and year`; areas and volumes stand behind a stroke."""
    if not below:
        return ""
    if any(power != 1 for _, power in below):
        each = "·".join(f"{word}{_RAISED[power]}" for word, power in below)
        return f"/({each})" if len(below) > 1 else f"/{each}"
    first = below[0][0]
    article = "an" if first[0].lower() in "aeio" or first == "hour" else "a"
    return f" {article} {' and '.join(word for word, _ in below)}"


def _per(below: Sequence[tuple[str, float]]) -> str:
    """The same in Chinese."""
    cubes = {("m", 2.0): "平方米", ("m", 3.0): "立方米"}
    words = [cubes.get((w, p)) or _words().get(w, {"zh": w})["zh"] + _RAISED[p] for w, p in below]
    return f"/（{'·'.join(words)}）" if len(words) > 1 else "".join(f"/{word}" for word in words)


@cache
def _words() -> Mapping[str, Text]:
    return read_words(FILE).texts


def _product(people: str) -> str:
    """The unit with `*` and `/` for `a person and year`."""
    first, *others = (_AND.sub("*", part) for part in _PER.split(people.translate(_POWERS).strip()))
    return ("1" if first == "times" else first) + "".join(f"/({other})" for other in others)


def _scale(reader: UnitReader, text: str) -> Scale:
    """The unit in base names, and how many of it the text is."""
    size, unit = 1.0, reader.one
    for name, power in powers(reader.read(text)).items():
        number, base = _part(name)
        size *= number**power
        unit = unit * reader.read(base) ** power if base else unit
    return Scale(size, unit)


def _part(name: str) -> tuple[float, str]:
    """The number and the base name in a name.

    >>> _part("ten thousand person")
    (10000.0, 'person')
    """
    words, size = name.split(), 1.0
    while len(words) > 1 and words[0] in SIZES:
        size *= SIZES[words.pop(0)]
    number, base = PARTS.get(" ".join(words), (1.0, " ".join(words)))
    return size * number, base

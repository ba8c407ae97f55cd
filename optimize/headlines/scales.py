"""Units as people say them, `thousand yuan a person and year`, and the factor that a model's unit needs to become one.

Words of size (thousand, million) and prefixes (Mt) are numbers here, and `%` is a hundredth, while models compare their
units by name alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sd_models.analysis.unit_texts import UnitReader, UnreadableUnit, equal, powers

if TYPE_CHECKING:
    from pint.util import UnitsContainer

SIZES = {"ten": 10.0, "hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
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
_POWERS = str.maketrans({"²": "^2", "³": "^3", "µ": "μ"})


@dataclass(frozen=True)
class Scale:
    """A number times a unit of base names."""

    size: float
    unit: UnitsContainer


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

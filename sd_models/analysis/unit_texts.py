"""Units as modellers write them: names joined by `*`, `/`, `^` and parentheses.

Names are compared, not understood: a month is no twelfth of a year unless an equation says so. A name may have blanks.
Case, blanks and plurals make no difference, nor do the synonyms of the file and of `SYNONYMS`.

Why pint without its definitions: its containers multiply, divide and raise units of any name, which is what is needed;
its definitions are those of physics, where `unit`, `Rs` or `m` mean something else than in most models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from ..system.model import key

if TYPE_CHECKING:
    from pint.util import UnitsContainer

# Vensim's own groups for new models, and what people write instead; plurals need no mention.
SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("Dmnl", "Dimensionless", "Fraction", "Nil", "Unitless", "1"),
    ("Year", "yr", "yrs"),
    ("Month", "mo"),
    ("Week", "wk", "wks"),
    ("Day",),
    ("Hour", "hr", "hrs"),
    ("Minute",),
    ("Second", "sec", "secs"),
    ("Person", "People"),
    ("$", "Dollar", "$s"),
    ("Yuan", "RMB", "CNY"),
    ("Unit",),
)
DIMENSIONLESS = "dmnl"
LONGEST_UNIT = 1000  # characters; people need fifty
DEEPEST_UNIT = 50  # parentheses; people need two
LARGEST_POWER = 100.0
TOLERANCE = 1e-9  # of powers, whose sums and products are floating numbers


class UnreadableUnit(ValueError):
    """The text is no unit; the message says where it stops being one."""


def equal(one: UnitsContainer, other: UnitsContainer) -> bool:
    """Whether two units are the same."""
    return all(abs(power) < TOLERANCE for power in powers(one / other).values())


def powers(unit: UnitsContainer) -> Mapping[str, float]:
    """The names in a unit with their powers."""
    return cast("Mapping[str, float]", unit)


def raised(unit: UnitsContainer, power: float) -> UnitsContainer:
    """The unit to a power."""
    return cast("UnitsContainer", unit**power)


def _unit(factors: Mapping[str, float]) -> UnitsContainer:
    from pint.util import UnitsContainer

    return UnitsContainer(factors)


@dataclass
class UnitReader:
    """Reads and writes units; words that are synonyms become one name, written as the model wrote it first.

    A group of synonyms may hold a product (`Newton`, `kg*m/s^2`), which its names then stand for.
    """

    synonyms: Iterable[Sequence[str]] = ()
    one: UnitsContainer = field(init=False)
    _names: dict[str, str] = field(default_factory=dict)
    _spelling: dict[str, str] = field(default_factory=dict)
    _products: dict[str, UnitsContainer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.one = _unit({})
        for group in (*SYNONYMS, *self.synonyms):
            words = [_word(text) for text in group if not _OPERATOR.search(text)]
            root = self._join(words)
            for text in group:
                if words and _OPERATOR.search(text):
                    self._define(root, text)

    def _join(self, words: Sequence[str]) -> str:
        """The one name of all these words, and of those that were synonyms of one of them before."""
        roots = {self._names[word] for word in words if word in self._names}
        root = DIMENSIONLESS if DIMENSIONLESS in roots else min(roots, default=words[0] if words else "")
        self._names.update({word: root for word, name in self._names.items() if name in roots})
        self._names.update(dict.fromkeys(words, root))
        return root

    def _define(self, name: str, text: str) -> None:
        """Let the name stand for a product, where that can be read."""
        try:
            self._products[name] = self.read(text)
        except UnreadableUnit:
            return

    def read(self, text: str) -> UnitsContainer:
        """The unit of a text; UnreadableUnit says why it is none."""
        if len(text) > LONGEST_UNIT or text.count("(") > DEEPEST_UNIT:
            raise UnreadableUnit("it is too long")
        tokens = (token.strip() for token in _TOKEN.findall(text.replace("**", "^").replace("_", " ")))
        parser = _Parser(self, [token for token in tokens if token])
        unit = parser.product()
        if parser.here:
            raise UnreadableUnit(f"{parser.here!r} stands where * or / is expected")
        return unit

    def named(self, text: str) -> UnitsContainer:
        """The unit of one name; UnreadableUnit where nothing is left of it."""
        word = _word(text)
        if not word:
            raise UnreadableUnit(f"{text!r} is no name")
        name = self._names.get(word) or " ".join(self._names.get(part, part) for part in word.split())
        if name == DIMENSIONLESS:
            return self.one
        if name in self._products:
            return self._products[name]
        self._spelling.setdefault(name, " ".join(text.split()))
        return _unit({name: 1.0})

    def text(self, unit: UnitsContainer) -> str:
        """The unit as modellers write it.

        >>> units = UnitReader()
        >>> units.text(units.read("People / year / Person * Yuan"))
        'Yuan/year'
        """
        above = [self._factor(name, power) for name, power in powers(unit).items() if power > TOLERANCE]
        below = [self._factor(name, -power) for name, power in powers(unit).items() if power < -TOLERANCE]
        if not below:
            return "*".join(above) or "Dmnl"
        divisor = "*".join(below)
        return f"{'*'.join(above) or '1'}/{f'({divisor})' if len(below) > 1 else divisor}"

    def _factor(self, name: str, power: float) -> str:
        return self._spelling[name] + ("" if abs(power - 1) < TOLERANCE else f"^{power:g}")


_OPERATOR = re.compile(r"[*/()^]")
_TOKEN = re.compile(r"[*/()^]|[^*/()^]+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def _word(text: str) -> str:
    """A unit's name as units are compared: without case, and every word in the singular."""
    return " ".join(_singular(part) for part in key(text).split())


def _singular(word: str) -> str:
    """The word without a regular plural ending; short words such as Rs stay."""
    if len(word) < 4 or word.endswith("ss"):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes")) else word.removesuffix("s")


@dataclass
class _Parser:
    """Reads tokens as products and quotients from the left, with powers before them."""

    units: UnitReader
    tokens: Sequence[str]
    position: int = 0

    @property
    def here(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        self.position += 1
        return self.tokens[self.position - 1]

    def product(self) -> UnitsContainer:
        unit = self.power()
        while self.here in ("*", "/"):
            unit = unit * self.power() if self.take() == "*" else unit / self.power()
        return unit

    def power(self) -> UnitsContainer:
        unit = self.atom()
        if self.here != "^":
            return unit
        self.take()
        if not _NUMBER.fullmatch(self.here) or abs(float(self.here)) > LARGEST_POWER:
            raise UnreadableUnit(f"a number up to {LARGEST_POWER:g} is expected behind ^")
        return raised(unit, float(self.take()))

    def atom(self) -> UnitsContainer:
        if self.here == "(":
            return self.group()
        if not self.here or _OPERATOR.search(self.here):
            raise UnreadableUnit(f"a name is missing before {self.here or 'its end'!r}")
        if not _NUMBER.fullmatch(self.here):
            return self.units.named(self.take())
        if float(self.here) != 1:
            raise UnreadableUnit(f"the number {self.here} is no unit")
        self.take()
        return self.units.one

    def group(self) -> UnitsContainer:
        self.take()
        unit = self.product()
        if self.here != ")":
            raise UnreadableUnit("a parenthesis is not closed")
        self.take()
        return unit

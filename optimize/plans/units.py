"""Units that a plan brings together: a limit and what it names, terms that are added, a lever and its bounds.

Units are read and compared as those of the model's own equations are: by name, with the synonyms of the file. Nothing
is said where one of them is not known, nor where a factor other than 1 or -1 stands between, which may lead from one
unit to the other. A number has the unit of what it bounds.

Why no fault: models mix spellings that mean the same, and a plan with such a limit can be solved as it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sd_models.analysis.unit_texts import UnitReader, UnreadableUnit, equal
from sd_models.system.model import System

from .plan import Amount, Each, Lever, Limit, Plan, Step, Term, ValueAt
from .quantities import time_unit

if TYPE_CHECKING:
    from pint.util import UnitsContainer


@dataclass(frozen=True, slots=True)
class UnitClash:
    """Two parts of a plan that are held against each other, and their units, which are not the same."""

    place: str
    one: str
    unit: str
    other: str
    other_unit: str


@dataclass(frozen=True)
class _Measured:
    """A part of a plan and its unit, None where that is not known."""

    name: str
    unit: UnitsContainer | None


def unit_clashes(plan: Plan, system: System) -> tuple[UnitClash, ...]:
    """Where a plan holds numbers of different units against each other, with no factor between.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> plan = opt.load_plan("urbanization")
    >>> odd = plan.limits[0].model_copy(update={"at_most": "national income a head"})
    >>> clash, = unit_clashes(plan.model_copy(update={"limits": (odd,)}), sd.load("urbanization"))
    >>> clash.one, clash.unit, clash.other_unit
    ('public investment in citizenization', 'Billion yuan/Year', 'Billion yuan/(Million people*Year)')
    """
    units = _Units(system)
    found = (*(units.limit(one) for one in plan.limits), *(units.lever(one) for one in plan.levers))
    return tuple(clash for clashes in found for clash in clashes)


class _Units:
    """Compares what the parts of a plan are measured in."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.reader = UnitReader(system.unit_synonyms)
        self.time = self.read(time_unit(system))

    def read(self, text: str) -> UnitsContainer | None:
        """The unit of a text; None where there is none, or it cannot be read."""
        try:
            return self.reader.read(text) if text.strip() else None
        except UnreadableUnit:
            return None

    def of(self, name: str) -> UnitsContainer | None:
        """The unit of a variable."""
        return self.read(self.system[name].unit)

    def limit(self, limit: Limit) -> Iterator[UnitClash]:
        """The terms against the first of them, then the amounts against that."""
        place = f"limit {limit.name}"
        terms = [one for one in map(self._term, limit.listed) if one.unit is not None]
        if not terms:
            return
        first, *others = terms
        for term in others:
            yield from self._clash(place, first, term)
        for amount in (limit.at_most, limit.at_least, limit.equals):
            yield from self._clash(place, self._in_time(first, limit, amount), self._amount(amount))

    def lever(self, lever: Lever) -> Iterator[UnitClash]:
        """Bounds and fixed values against the lever, and how fast it may change against that in a unit of time."""
        own = _Measured(lever.variable, self.of(lever.variable))
        for amount in (lever.lower, lever.upper, lever.fixed):
            yield from self._clash(f"lever {lever.variable}", own, self._amount(amount))
        if lever.ramp is not None and self.time is not None and own.unit is not None:
            for unit, step in ((own.unit, lever.ramp.absolute), (self.reader.one, lever.ramp.relative)):
                a_time = _Measured(f"a ramp of {lever.variable}", unit / self.time)
                yield from self._clash(f"lever {lever.variable}", a_time, self._amount(step))

    def _term(self, term: Term) -> _Measured:
        unit = self.of(term.variable)
        if term.by is not None and unit is not None:
            by = self.of(term.by)
            unit = None if by is None else unit * by
        return _Measured(term.variable, unit if abs(term.factor) == 1.0 else None)

    def _amount(self, amount: Amount | Step | None) -> _Measured | None:
        """What a limit is held against, where that is a variable and no factor stands between."""
        if isinstance(amount, str):
            return _Measured(amount, self.of(amount))
        if isinstance(amount, ValueAt) and abs(amount.factor) == 1.0:
            return _Measured(amount.variable, self.of(amount.variable))
        return None

    def _in_time(self, term: _Measured, limit: Limit, amount: Amount | None) -> _Measured:
        """A term as it stands against a value of one period: an integral, where the limit is one."""
        is_total = limit.when == "total" or isinstance(limit.when, Each)
        is_at = isinstance(amount, ValueAt) and amount.at is not None
        if not (is_total and is_at) or self.time is None or term.unit is None:
            return term
        return _Measured(f"the integral of {term.name}", term.unit * self.time)

    def _clash(self, place: str, one: _Measured, other: _Measured | None) -> Iterator[UnitClash]:
        if other is None or one.unit is None or other.unit is None or equal(one.unit, other.unit):
            return
        texts = (self.reader.text(one.unit), self.reader.text(other.unit))
        yield UnitClash(place, one.name, texts[0], other.name, texts[1])

"""Units of all equations, checked as Vensim checks them; what is found is listed, never thrown.

A variable has the unit that its modeller wrote (`unit_texts`), an expression one that follows by rules (`unit_rules`);
the two sides of an equation have to agree. Plurals are no matter here, while Vensim takes `Hare` and `Hares` for two
units unless the file declares them equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ..system.description import equation_text
from ..system.expression import Expr
from ..system.model import Equation, Kind, Place, Series, System, Values, Variable
from .unit_rules import Mismatch, Units
from .unit_texts import UnitReader, UnreadableUnit, equal

if TYPE_CHECKING:
    from pint.util import UnitsContainer

CONTROLS = ("TIME STEP", "INITIAL TIME", "FINAL TIME")  # each has the unit of time
LONGEST_EXCERPT = 160


class Severity(StrEnum):
    """What is wrong with a unit."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the units of a variable: `message` names the part of the equation."""

    variable: str
    place: Place | None
    message: str
    found: str
    expected: str
    severity: Severity

    def __str__(self) -> str:
        where = f"{self.place}, " if self.place else ""
        return f'{where}"{self.variable}": {self.message}'


def check_units(system: System) -> tuple[Finding, ...]:
    """What is wrong with the units of the model, in the order of the file; at most one finding for an equation.

    A variable without a unit is reported once; whatever is computed from it agrees with everything.

    >>> from sd_models.system.expression import Number, Ref
    >>> from sd_models.system.model import Equation, Kind, System, Variable
    >>> births = Variable("births", Kind.AUXILIARY, (), (Equation((), Ref("people")),), unit="person/year")
    >>> people = Variable("people", Kind.CONSTANT, (), (Equation((), Number(5.0)),), unit="person")
    >>> print(*check_units(System("small", {"births": births, "people": people})))
    "births": the right-hand side has the unit person, expected person/year.
    """
    reader = UnitReader(system.unit_synonyms)
    declared = {variable.name: _declared(reader, variable) for variable in system}
    known = {name: unit for name, (unit, _) in declared.items()}
    check = _Check(reader, Units(known, system.dimensions, reader.one, _time(system, known)))
    findings: list[Finding] = []
    for variable in system:
        findings.extend(declared[variable.name][1])
        findings.extend(check.variable(variable))
    return tuple(findings)


def _declared(reader: UnitReader, variable: Variable) -> tuple[UnitsContainer | None, tuple[Finding, ...]]:
    """The unit that a variable says it has; None with a finding where it says none, or one that cannot be read.

    Variables that a macro or a rewrite added are not blamed for having none.
    """
    text = variable.unit.strip()
    if not text:
        message, severity = "it has no unit. Write one, or Dmnl for pure numbers.", Severity.MISSING
        missing = Finding(variable.name, variable.place, message, "", "a unit", severity)
        return None, () if variable.origin else (missing,)
    try:
        return reader.read(text), ()
    except UnreadableUnit as error:
        message, severity = f"its unit {text!r} cannot be read: {error}.", Severity.UNREADABLE
        expected = "names joined by *, /, ^ and parentheses"
        return None, (Finding(variable.name, variable.place, message, text, expected, severity),)


def _time(system: System, known: Mapping[str, UnitsContainer | None]) -> UnitsContainer | None:
    """The unit of time: that of the first control variable that has one."""
    units = (known[system[name].name] for name in CONTROLS if name in system)
    return next((unit for unit in units if unit is not None), None)


@dataclass(frozen=True, slots=True)
class _Check:
    """Compares the sides of equations."""

    reader: UnitReader
    units: Units

    def variable(self, variable: Variable) -> Iterator[Finding]:
        """A finding for each equation whose units do not fit; equations with the same message are one finding."""
        seen: set[str] = set()
        for equation in variable.equations:
            finding = self.equation(variable, equation)
            if finding is not None and finding.message not in seen:
                seen.add(finding.message)
                yield finding

    def equation(self, variable: Variable, equation: Equation) -> Finding | None:
        """The first thing that does not fit, inside the definition, between the two sides, or in the initial value."""
        for label, side, expected in self._sides(variable, equation):
            try:
                found = self.units.of(side)
            except Mismatch as error:
                label = f"{_excerpt(error.part)!r} in {_excerpt(error.where)!r}"
                return self._finding(variable, equation, label, error.found, error.expected)
            if not (found.adapts or found.unit is None or expected is None or equal(found.unit, expected)):
                return self._finding(variable, equation, label, found.unit, expected)
        return None

    def _sides(self, variable: Variable, equation: Equation) -> Iterator[tuple[str, Expr, UnitsContainer | None]]:
        """The expressions of an equation, what to call them, and the unit that each should have."""
        own = self.units.known[variable.name]
        if isinstance(equation.definition, Values | Series):
            return
        if variable.kind is Kind.STOCK:
            yield "the net flow into the stock", equation.definition, self.units.times_time(own, -1)
        else:
            yield "the right-hand side", equation.definition, own
        if equation.initial is not None:
            yield "the initial value", equation.initial, own

    def _finding(
        self, variable: Variable, equation: Equation, part: str, found: UnitsContainer, expected: UnitsContainer
    ) -> Finding:
        has, wanted = self.reader.text(found), self.reader.text(expected)
        message = f"{part} has the unit {has}, expected {wanted}."
        return Finding(variable.name, equation.place or variable.place, message, has, wanted, Severity.MISMATCH)


def _excerpt(expr: Expr) -> str:
    text = equation_text(expr)
    return text if len(text) <= LONGEST_EXCERPT else f"{text[:LONGEST_EXCERPT]} ..."

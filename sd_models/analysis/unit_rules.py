"""The unit of an expression, from the units of the variables in it.

`SIGNATURES` holds the functions whose arguments have to agree, `SPECIAL` those that make a new unit.

Numbers: a number is dimensionless where it multiplies, divides or is a power, and has the unit of its neighbours where
these have to be equal (`x + 1`, `MAX(0, x)`, `x > 5`, a branch of IF THEN ELSE, a whole right-hand side). So has
whatever is made of numbers alone.

Why not exactly as Vensim: its default forgives more (a number in a product may have the unit that makes the equation
right, so that `births = 0.03 * people` passes), its option of strictest testing less (`x + 1` fails unless x is
dimensionless). The first hides constants that need a name and a unit; the second complains of every `MAX(0, x)`.

Vensim warns of a table that is read at an argument with a unit; here a table may be read at anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ..system.expression import Call, Expr, Number, Reduce, Ref, fold, range_of
from ..system.model import Dimension
from .unit_texts import equal, raised

if TYPE_CHECKING:
    from pint.util import UnitsContainer


@dataclass(frozen=True, slots=True)
class Term:
    """The unit of an expression, None where it is unknown.

    `adapts` marks what is made of numbers alone; `value` is the number where it is needed as a power.
    """

    unit: UnitsContainer | None
    adapts: bool = False
    value: float | None = None


UNKNOWN = Term(None)


@dataclass(frozen=True, slots=True)
class _Slot:
    """The unit of an argument or a result: the unit that all free slots share or none, times a power of time."""

    free: bool
    time: int


_SLOTS: Mapping[str, _Slot | None] = {
    "x": _Slot(True, 0),
    "x/time": _Slot(True, -1),
    "1": _Slot(False, 0),
    "time": _Slot(False, 1),
    "1/time": _Slot(False, -1),
    "any": None,
}

SIGNATURES: Mapping[str, str] = {
    **dict.fromkeys(("+", "MIN", "MAX", "MODULO", "QUANTUM", "PREVIOUS", "ACTIVE INITIAL"), "x x -> x"),
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), "x x -> 1"),
    **dict.fromkeys(("AND", "OR", "NOT"), "any any -> 1"),
    **dict.fromkeys(("EXP", "LN", "LOG10", "SINH", "COSH", "TANH"), "1 -> 1"),
    **dict.fromkeys(("SIN", "COS", "TAN", "ARCSIN", "ARCCOS", "ARCTAN"), "1 -> 1"),
    **dict.fromkeys(("ABS", "INTEGER", "INITIAL", "GAME", "MEAN"), "x -> x"),
    **dict.fromkeys(("SMOOTH", "SMOOTH N", "DELAY", "DELAY N"), "x time x 1 -> x"),
    "DELAY FIXED": "x time x -> x",
    "LOG": "1 1 -> 1",
    "PI": "-> 1",
    "IF THEN ELSE": "any x x -> x",
    "SAMPLE IF TRUE": "any x x -> x",
    "INTEG": "x/time x -> x",
    "TREND": "any time 1/time -> 1/time",
    "FORECAST": "x time time 1/time -> x",
    "STEP": "x time -> x",
    "RAMP": "x/time time time -> x",
    "PULSE": "time time -> 1",
    "PULSE TRAIN": "time time time time -> 1",
    "PULSE MAGNITUDE": "time x time -> x/time",
    "GET TIME VALUE": "any any any -> time",
    "ELMCOUNT": "any -> 1",
    "VECTOR SORT ORDER": "any any -> 1",
    "VECTOR RANK": "any any -> 1",
    "VECTOR REORDER": "x any -> x",
    "RANDOM 0 1": "-> 1",
    "RANDOM UNIFORM": "x x any -> x",
    "RANDOM NORMAL": "x x x x any -> x",
    "RANDOM EXPONENTIAL": "x x x x any -> x",
    "ALLOCATE AVAILABLE": "x any x -> x",
    "ALLOCATE BY PRIORITY": "x any any any x -> x",
}
"""Arguments and result of functions: `x` is one unit, the same in every slot; `time` the unit of TIME STEP."""

UNKNOWN_RESULTS = frozenset(
    (
        *("WITH LOOKUP", "LOOKUP EXTRAPOLATE", "LOOKUP BACKWARD", "LOOKUP FORWARD", "VECTOR SELECT", "A FUNCTION OF"),
        *(f"GET {way} {what}" for way in ("XLS", "DIRECT") for what in ("CONSTANTS", "DATA", "LOOKUPS", "SUBSCRIPT")),
    )
)
"""Functions whose result has the unit of the variable that they define; they stand in no expression."""


@dataclass(frozen=True, slots=True)
class _Signature:
    arguments: tuple[_Slot | None, ...]
    result: _Slot | None


def _signature(text: str) -> _Signature:
    arguments, result = text.split("->")
    return _Signature(tuple(_SLOTS[word] for word in arguments.split()), _SLOTS[result.strip()])


_SIGNATURES = {name: _signature(text) for name, text in SIGNATURES.items()}


class Mismatch(Exception):
    """Units in an expression that do not fit; the first one ends the reading of an equation."""

    def __init__(self, where: Expr, part: Expr, found: UnitsContainer, expected: UnitsContainer) -> None:
        super().__init__()
        self.where, self.part, self.found, self.expected = where, part, found, expected


@dataclass(frozen=True)
class Units:
    """Reads expressions in the declared units of variables; None is unknown and agrees with everything.

    `one` is the unit of pure numbers, `time` that of TIME STEP.
    """

    known: Mapping[str, UnitsContainer | None]
    dimensions: Mapping[str, Dimension]
    one: UnitsContainer
    time: UnitsContainer | None

    def of(self, expr: Expr) -> Term:
        """The unit of an expression, from its leaves; Mismatch where parts do not fit."""
        return fold(expr, number=self._number, ref=self._ref, call=self._call, reduce=self._reduce)

    def _number(self, node: Number) -> Term:
        return Term(self.one, adapts=True, value=node.value)

    def _ref(self, node: Ref) -> Term:
        return Term(self.time if node.name == "Time" else self.known.get(node.name))

    def _reduce(self, node: Reduce, part: Term) -> Term:
        if node.operator != "PROD" or part.unit is None:
            return Term(part.unit, part.adapts)
        count = prod(len(self.dimensions[range_of(axis)].elements) for axis in node.axes)
        return Term(raised(part.unit, count), part.adapts)

    def _call(self, node: Call, parts: tuple[Term, ...]) -> Term:
        if node.function in _SIGNATURES:
            return self.by_signature(_SIGNATURES[node.function], node, parts)
        rule = SPECIAL.get(node.function)
        return rule(self, node, parts) if rule else UNKNOWN

    def by_signature(self, signature: _Signature, node: Call, parts: Sequence[Term]) -> Term:
        """The result of a function by its signature; Mismatch for the first argument that does not fit."""
        shared: UnitsContainer | None = None
        rows = list(zip(node.arguments, parts, signature.arguments, strict=False))
        for argument, part, slot in rows:
            base = self._base(part, slot)
            if slot is None or part.unit is None or base is None:
                continue
            expected = shared if slot.free else self.one
            if expected is None:
                shared = base
            elif not equal(base, expected):
                raise Mismatch(node, argument, part.unit, expected * part.unit / base)
        return self._result(signature.result, shared, [(part, slot) for _, part, slot in rows])

    def _base(self, part: Term, slot: _Slot | None) -> UnitsContainer | None:
        """The unit of an argument without the slot's power of time; None for what agrees with everything."""
        return None if slot is None or part.adapts else self.times_time(part.unit, -slot.time)

    def _result(
        self, slot: _Slot | None, shared: UnitsContainer | None, rows: Sequence[tuple[Term, _Slot | None]]
    ) -> Term:
        if slot is None:
            return UNKNOWN
        deciding = [part for part, other in rows if not slot.free or (other is not None and other.free)]
        if all(part.adapts for part in deciding):
            return Term(self.one, adapts=True)
        return Term(self.times_time(shared if slot.free else self.one, slot.time))

    def times_time(self, unit: UnitsContainer | None, power: int) -> UnitsContainer | None:
        """The unit times a power of the unit of time; None where one of them is unknown."""
        if not power or unit is None:
            return unit
        return None if self.time is None else unit * raised(self.time, power)


# --- functions with a rule of their own -------------------------------------------------------------------------------


def _difference(units: Units, node: Call, parts: Sequence[Term]) -> Term:
    """A difference of two terms, or the negative of one."""
    if len(parts) == 2:
        return units.by_signature(_SIGNATURES["+"], node, parts)
    value = parts[0].value
    return Term(parts[0].unit, parts[0].adapts, None if value is None else -value)


def _product(_: Units, __: Call, parts: Sequence[Term]) -> Term:
    one, other = parts
    if one.unit is None or other.unit is None:
        return UNKNOWN
    return Term(one.unit * other.unit, one.adapts and other.adapts)


def _quotient(_: Units, __: Call, parts: Sequence[Term]) -> Term:
    one, other = parts[:2]
    if one.unit is None or other.unit is None:
        return UNKNOWN
    value = one.value / other.value if one.value is not None and other.value else None
    return Term(one.unit / other.unit, one.adapts and other.adapts, value)


def _ratio(units: Units, node: Call, parts: Sequence[Term]) -> Term:
    """A quotient, and what stands for it where the divisor is zero."""
    quotient = _quotient(units, node, parts)
    if len(parts) < 3 or parts[2].adapts:
        return quotient
    if quotient.adapts or quotient.unit is None or parts[2].unit is None:
        return parts[2] if quotient.adapts else quotient
    if not equal(quotient.unit, parts[2].unit):
        raise Mismatch(node, node.arguments[2], parts[2].unit, quotient.unit)
    return quotient


def _power(units: Units, node: Call, parts: Sequence[Term]) -> Term:
    """The unit raised to a number; a power that is a variable needs a base without a unit."""
    base, exponent = parts
    if exponent.unit is not None and not equal(exponent.unit, units.one):
        raise Mismatch(node, node.arguments[1], exponent.unit, units.one)
    if base.unit is None or equal(base.unit, units.one):
        return Term(base.unit, base.adapts and exponent.adapts)
    if exponent.value is None:
        raise Mismatch(node, node.arguments[0], base.unit, units.one)
    return Term(raised(base.unit, exponent.value))


def _root(_: Units, __: Call, parts: Sequence[Term]) -> Term:
    unit = parts[0].unit
    return Term(None if unit is None else raised(unit, 0.5), parts[0].adapts)


def _inverse(_: Units, __: Call, parts: Sequence[Term]) -> Term:
    unit = parts[0].unit
    return Term(None if unit is None else raised(unit, -1), parts[0].adapts)


def _table(_: Units, __: Call, parts: Sequence[Term]) -> Term:
    """A table has the unit of its values, whatever it is read at."""
    return parts[0]


Rule = Callable[[Units, Call, Sequence[Term]], Term]

SPECIAL: Mapping[str, Rule] = {
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "^": _power,
    "POWER": _power,
    "SQRT": _root,
    "INVERT MATRIX": _inverse,
    "LOOKUP": _table,
    **dict.fromkeys(("XIDZ", "ZIDZ", "SAFEDIV"), _ratio),
}
"""Functions whose result is no matter of equal units; reductions keep the unit, but for products."""

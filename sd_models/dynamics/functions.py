"""The functions of the catalogue on columns of any kind: symbols, numbers, or instructions of a tape.

All arguments of an implementation are aligned columns, or single values, which every arithmetic broadcasts. Columns
have the operators of Python (`+ - * /` and comparisons, which give 1 or 0); everything else is an `Operation`.

Formulas and tolerances are PySD's, which follow Vensim's reference manual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from ..system.functions import SMALL

Column: TypeAlias = Any  # whatever an arithmetic works on
Guard: TypeAlias = Column | None


class Operation(StrEnum):
    """What an arithmetic can do with columns, element by element. Conditions are numbers: all but 0 is true.

    MINIMUM and MAXIMUM of a number and NaN are the number (C's fmin and fmax); REMAINDER has the sign of its first
    argument (C's fmod); CHOOSE takes a condition, the value where it holds, and the other.
    """

    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    DIVIDE = "divide"
    NEGATE = "negate"
    POWER = "power"
    LESS = "less"
    LESS_EQUAL = "less_equal"
    EQUAL = "equal"
    UNEQUAL = "unequal"
    AND = "and"
    OR = "or"
    NOT = "not"
    CHOOSE = "choose"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    ABSOLUTE = "absolute"
    FLOOR = "floor"
    CEILING = "ceiling"
    REMAINDER = "remainder"
    EXP = "exp"
    LOG = "log"
    SQRT = "sqrt"
    SIN = "sin"
    COS = "cos"
    TAN = "tan"
    ARCSIN = "arcsin"
    ARCCOS = "arccos"
    ARCTAN = "arctan"
    SINH = "sinh"
    COSH = "cosh"
    TANH = "tanh"


class Arithmetic(Protocol):
    """What works on columns of one kind."""

    def apply(self, operation: Operation, *columns: Column) -> Column:
        """The operation, element by element."""

    def number(self, value: float) -> Column:
        """A single number as a column."""

    def is_number(self, *columns: Column) -> bool:
        """Whether all columns are numbers, which never move."""


@dataclass(frozen=True, slots=True)
class Kink:
    """Where a function is not differentiable: its `switch` column equals one of the `breakpoints`.

    It is one only where `guard` holds (None: everywhere).
    """

    variable: str
    function: str
    switch: Column
    breakpoints: tuple[float, ...] = (0.0,)
    guard: Guard = None


@dataclass
class Moment:
    """What functions see besides their arguments.

    `beginning` is the time at which the step begins, where a method of integration asks in the midst of it.
    `guard` is true where the value is used at all (inside IF THEN ELSE); None means everywhere. `kinks` collects the
    places without a derivative.
    """

    arithmetic: Arithmetic
    time: Column
    time_step: Column
    variable: str = ""
    kinks: list[Kink] = field(default_factory=list)
    beginning: Column | None = None

    @property
    def begun(self) -> Column:
        """The time at which the step begins."""
        return self.time if self.beginning is None else self.beginning

    @property
    def middle(self) -> Column:
        """The middle of the step: where Vensim looks for test inputs, which so hold over whole steps."""
        return self.begun + self.time_step / 2

    def apply(self, operation: Operation, *columns: Column) -> Column:
        """An operation of the arithmetic."""
        return self.arithmetic.apply(operation, *columns)

    def choose(self, condition: Column, one: Column, other: Column) -> Column:
        """Elementwise `one` where the condition holds, else `other`."""
        return self.apply(Operation.CHOOSE, condition, one, other)

    def guarded(self, guard: Guard, operand: Column) -> Column:
        """The operand where it is used, and 1 elsewhere, so that no unused branch spoils a derivative with 0 * inf."""
        if guard is None or self.arithmetic.is_number(operand):
            return operand
        return self.choose(guard, operand, self.arithmetic.number(1.0))

    def kink(self, guard: Guard, function: str, switch: Column, breakpoints: tuple[float, ...] = (0.0,)) -> None:
        """Note where a function is not differentiable; numbers never move, so only what can move counts."""
        if not self.arithmetic.is_number(switch):
            self.kinks.append(Kink(self.variable, function, switch, breakpoints, guard))


Implementation: TypeAlias = Callable[..., Column]


def _divide(moment: Moment, guard: Guard, one: Column, other: Column) -> Column:
    return one / moment.guarded(guard, other)


def _power(moment: Moment, guard: Guard, base: Column, exponent: Column) -> Column:
    return moment.apply(Operation.POWER, moment.guarded(guard, base), exponent)


def _modulo(moment: Moment, guard: Guard, x: Column, base: Column) -> Column:
    return x - _quantum(moment, guard, x, base)


def _quantum(moment: Moment, guard: Guard, x: Column, base: Column) -> Column:
    usable = base >= SMALL
    safe = moment.choose(usable, base, moment.arithmetic.number(1.0))
    return moment.choose(usable, base * _integer(moment, guard, x / safe), x)


def _integer(moment: Moment, guard: Guard, x: Column) -> Column:
    """Towards zero; the kink is at every integer, so the switch is the distance to the nearest one."""
    moment.kink(guard, "INTEGER", x - moment.apply(Operation.FLOOR, x + 0.5))
    return moment.choose(x >= 0, moment.apply(Operation.FLOOR, x), moment.apply(Operation.CEILING, x))


def _ratio(moment: Moment, guard: Guard, one: Column, other: Column, otherwise: Column) -> Column:
    """XIDZ: `one / other`, or `otherwise` where `other` is within 1e-6 of zero."""
    vanishes = moment.apply(Operation.ABSOLUTE, other) < SMALL
    moment.kink(guard, "XIDZ", other, (-SMALL, SMALL))
    safe = moment.choose(vanishes, moment.arithmetic.number(1.0), moment.guarded(guard, other))
    return moment.choose(vanishes, otherwise, one / safe)


def minimum(moment: Moment, guard: Guard, one: Column, other: Column) -> Column:
    """The smaller of two columns."""
    moment.kink(guard, "MIN", one - other)
    return moment.apply(Operation.MINIMUM, one, other)


def maximum(moment: Moment, guard: Guard, one: Column, other: Column) -> Column:
    """The larger of two columns."""
    moment.kink(guard, "MAX", one - other)
    return moment.apply(Operation.MAXIMUM, one, other)


def _absolute(moment: Moment, guard: Guard, x: Column) -> Column:
    moment.kink(guard, "ABS", x)
    return moment.apply(Operation.ABSOLUTE, x)


def _comparison(compare: Callable[[Column, Column], Column], name: str) -> Implementation:
    def implementation(moment: Moment, guard: Guard, one: Column, other: Column) -> Column:
        moment.kink(guard, name, one - other)
        return compare(one, other)

    return implementation


def _plain(operation: Operation) -> Implementation:
    """An operation as it is, whose derivative is finite wherever it has a value."""
    return lambda moment, guard, *columns: moment.apply(operation, *columns)


def _domain(operation: Operation) -> Implementation:
    """An operation of one argument that is not defined or not smooth for every number."""
    return lambda moment, guard, x: moment.apply(operation, moment.guarded(guard, x))


def _log(moment: Moment, guard: Guard, x: Column, base: Column) -> Column:
    return moment.apply(Operation.LOG, moment.guarded(guard, x)) / moment.apply(Operation.LOG, base)


def _subtract(_: Moment, __: Guard, one: Column, other: Column | None = None) -> Column:
    return -one if other is None else one - other


def _step(moment: Moment, guard: Guard, height: Column, start: Column) -> Column:
    moment.kink(guard, "STEP", moment.middle - start)
    return height * (moment.middle > start)


def _ramp(moment: Moment, guard: Guard, slope: Column, start: Column, end: Column | None = None) -> Column:
    moment.kink(guard, "RAMP", moment.time - start)
    if end is not None:
        moment.kink(guard, "RAMP", end - moment.time)
    last = moment.time if end is None else moment.apply(Operation.MINIMUM, end, moment.time)
    return (moment.time + SMALL > start) * slope * (last - start)


def _pulse(moment: Moment, guard: Guard, start: Column, width: Column) -> Column:
    """1 for `width` from `start` on, in the middle of a step; a width of 0 is one step (Vensim's manual, PULSE)."""
    end = start + moment.choose(width == 0, moment.time_step, width)
    moment.kink(guard, "PULSE", moment.middle - start)
    moment.kink(guard, "PULSE", end - moment.middle)
    return moment.apply(Operation.AND, start < moment.middle, moment.middle < end)


def _pulse_train(moment: Moment, guard: Guard, start: Column, width: Column, interval: Column, end: Column) -> Column:
    """Pulses of `width`, one step at least, every `interval` from `start` to `end` inclusive (Vensim's manual)."""
    since = moment.middle - start
    length = moment.apply(Operation.MAXIMUM, width, moment.time_step)
    within = _within(moment, interval > 0, since, interval, moment.arithmetic.number(0.0))
    moment.kink(guard, "PULSE TRAIN", since)
    moment.kink(guard, "PULSE TRAIN", within - length)
    moment.kink(guard, "PULSE TRAIN", moment.begun - end)
    given = moment.apply(Operation.AND, since > 0, within < length)
    return moment.apply(Operation.AND, given, moment.begun - SMALL <= end)


def _pulse_magnitude(
    moment: Moment, guard: Guard, start: Column, magnitude: Column, interval: Column | None = None
) -> Column:
    """XMILE's PULSE: `magnitude` spread over one step, once or in every `interval`; an interval of 0 is once."""
    since, width = moment.time - start + SMALL, moment.time_step / 2
    within, begun = since, since >= 0
    if interval is not None:
        within = _within(moment, interval != 0, since, interval, since)
        begun = moment.choose(interval == 0, begun, moment.time >= start)
    moment.kink(guard, "PULSE MAGNITUDE", moment.time - start)
    moment.kink(guard, "PULSE MAGNITUDE", within - width)
    return magnitude / moment.time_step * moment.apply(Operation.AND, begun, within < width)


def _within(moment: Moment, repeated: Column, since: Column, interval: Column, once: Column) -> Column:
    """The time since the last beginning of an interval, where it is repeated."""
    safe = moment.choose(repeated, interval, moment.arithmetic.number(1.0))
    return moment.choose(repeated, moment.apply(Operation.REMAINDER, since, safe), once)


FUNCTIONS: Mapping[str, Implementation] = {
    "+": lambda moment, guard, one, other: one + other,
    "-": _subtract,
    "*": lambda moment, guard, one, other: one * other,
    "/": _divide,
    "^": _power,
    "POWER": _power,
    "=": _comparison(lambda one, other: one == other, "="),
    "<>": _comparison(lambda one, other: one != other, "<>"),
    "<": _comparison(lambda one, other: one < other, "<"),
    "<=": _comparison(lambda one, other: one <= other, "<="),
    ">": _comparison(lambda one, other: one > other, ">"),
    ">=": _comparison(lambda one, other: one >= other, ">="),
    "AND": _plain(Operation.AND),
    "OR": _plain(Operation.OR),
    "NOT": _plain(Operation.NOT),
    "MIN": minimum,
    "MAX": maximum,
    "ABS": _absolute,
    "EXP": _plain(Operation.EXP),
    "LN": _domain(Operation.LOG),
    "LOG": _log,
    "SQRT": _domain(Operation.SQRT),
    "SIN": _plain(Operation.SIN),
    "COS": _plain(Operation.COS),
    "TAN": _plain(Operation.TAN),
    "ARCSIN": _domain(Operation.ARCSIN),
    "ARCCOS": _domain(Operation.ARCCOS),
    "ARCTAN": _plain(Operation.ARCTAN),
    "SINH": _plain(Operation.SINH),
    "COSH": _plain(Operation.COSH),
    "TANH": _plain(Operation.TANH),
    "INTEGER": _integer,
    "MODULO": _modulo,
    "QUANTUM": _quantum,
    "XIDZ": _ratio,
    "ZIDZ": lambda moment, guard, one, other: _ratio(moment, guard, one, other, moment.arithmetic.number(0.0)),
    "STEP": _step,
    "RAMP": _ramp,
    "PULSE": _pulse,
    "PULSE TRAIN": _pulse_train,
    "PULSE MAGNITUDE": _pulse_magnitude,
}
"""Implementations that work element by element; what sees branches, tables or whole arrays belongs to the targets."""

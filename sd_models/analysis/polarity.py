"""Which way an expression moves when a variable grows, as far as its form tells.

Signs are 1 (never below zero), -1 (never above), 0 (always zero) and None (not known). A rule gives, for a function,
the direction in which each argument moves it: `+`, `-`, `?` (either way), or `0` for an initial value, which does not
move it while the model runs.

Signs of variables follow from given numbers, from limits that the modeller declared, and through equations. A stock has
the sign of its initial value, so what is said holds while no stock has crossed zero. Why this and no proof: an Euler
run can push any stock below zero, and without an assumption hardly a product of two stocks could be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..system.expression import Call, Expr, Number, Reduce, Ref, fold
from ..system.model import Definition, FloatArray, Interpolation, Kind, Series, Values, Variable

Sign: TypeAlias = int | None
Effects: TypeAlias = Mapping[str, Sign]


def added(one: Sign, other: Sign) -> Sign:
    """The sign of a sum."""
    if one == 0 or other == 0:
        return other if one == 0 else one
    return one if one == other else None


def multiplied(one: Sign, other: Sign) -> Sign:
    """The sign of a product."""
    if one == 0 or other == 0:
        return 0
    return None if one is None or other is None else one * other


def sign_of(array: FloatArray | float) -> Sign:
    """The sign of numbers, the finite ones among them."""
    numbers = np.asarray(array)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size or (numbers.min() < 0 < numbers.max()):
        return None
    return int(np.sign(numbers.min() + numbers.max()))


@dataclass(frozen=True, slots=True)
class Response:
    """The sign of an expression, and which way it moves when each of its variables grows."""

    sign: Sign
    effects: Effects


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of variables: the signs of their values, and of tables the signs of their slopes."""

    values: Mapping[str, Sign]
    slopes: Mapping[str, Sign]

    def response(self, expr: Expr) -> Response:
        """How an expression responds to its variables."""
        return fold(
            expr,
            number=lambda node: Response(sign_of(node.value), {}),
            ref=lambda node: Response(self.values.get(node.name), {node.name: 1}),
            call=self._call,
            reduce=_reduce,
        )

    def _call(self, node: Call, parts: tuple[Response, ...]) -> Response:
        if node.function == "LOOKUP" and isinstance(node.arguments[0], Ref):
            slope = self.slopes.get(node.arguments[0].name)
            return Response(parts[0].sign, merged(unknown(parts[:1]), scaled(parts[1].effects, slope)))
        special = SPECIAL.get(node.function)
        if special is not None:
            return special(node, parts)
        rule = RULES.get(node.function)
        return _moved(rule, parts) if rule else Response(None, unknown(parts))


def merged(*effects: Effects) -> Effects:
    """Effects that add up."""
    result: dict[str, Sign] = {}
    for part in effects:
        for name, sign in part.items():
            result[name] = added(result.get(name, 0), sign)
    return result


def scaled(effects: Effects, sign: Sign) -> Effects:
    """Effects times something of that sign."""
    return {name: multiplied(effect, sign) for name, effect in effects.items()}


def unknown(parts: Sequence[Response]) -> Effects:
    """All the variables in the parts, with effects that are not known."""
    return {name: None for part in parts for name in part.effects}


def _reduce(node: Reduce, part: Response) -> Response:
    """Sums and extremes move as their terms do; a product only where no factor is negative."""
    if node.operator != "PROD":
        return part
    sign = 1 if part.sign == 1 else None
    return Response(sign, scaled(part.effects, sign))


# --- functions by the direction of their arguments --------------------------------------------------------------------

SignRule: TypeAlias = Callable[[Sequence[Sign]], Sign]


def _alike(*positions: int) -> SignRule:
    """The sign that the arguments at these positions share."""

    def sign(signs: Sequence[Sign]) -> Sign:
        result: Sign = 0
        for position in positions:
            result = added(result, signs[position])
        return result

    return sign


def _least(signs: Sequence[Sign]) -> Sign:
    if -1 in signs:
        return -1
    return None if None in signs else min(sign for sign in signs if sign is not None)


def _greatest(signs: Sequence[Sign]) -> Sign:
    if 1 in signs:
        return 1
    return None if None in signs else max(sign for sign in signs if sign is not None)


def _positive(_: Sequence[Sign]) -> Sign:
    return 1


def _either(_: Sequence[Sign]) -> Sign:
    return None


@dataclass(frozen=True, slots=True)
class _Rule:
    """The direction of each argument, and the sign of the result from the signs of the arguments."""

    directions: str
    sign: SignRule = _either


_DIRECTIONS: Mapping[str, Sign] = {"+": 1, "-": -1, "0": 0, "?": None}


def _moved(rule: _Rule, parts: Sequence[Response]) -> Response:
    directions = (_DIRECTIONS[mark] for mark in rule.directions)
    effects = (scaled(part.effects, sign) for part, sign in zip(parts, directions, strict=False))
    return Response(rule.sign([part.sign for part in parts]), merged(*effects))


RULES: Mapping[str, _Rule] = {
    "+": _Rule("++", _alike(0, 1)),
    "MIN": _Rule("++", _least),
    "MAX": _Rule("++", _greatest),
    **dict.fromkeys(("AND", "OR"), _Rule("++", _positive)),
    **dict.fromkeys((">", ">="), _Rule("+-", _positive)),
    **dict.fromkeys(("<", "<="), _Rule("-+", _positive)),
    **dict.fromkeys(("=", "<>"), _Rule("??", _positive)),
    "NOT": _Rule("-", _positive),
    **dict.fromkeys(("EXP", "SQRT"), _Rule("+", _positive)),
    **dict.fromkeys(("LN", "LOG10"), _Rule("+")),
    "LOG": _Rule("+?"),
    **dict.fromkeys(("SINH", "TANH", "ARCSIN", "ARCTAN", "INTEGER", "GAME", "MEAN"), _Rule("+", _alike(0))),
    "ARCCOS": _Rule("-", _positive),
    "COSH": _Rule("?", _positive),
    **dict.fromkeys(("SIN", "COS", "TAN"), _Rule("?")),
    "QUANTUM": _Rule("+?", _alike(0)),
    "MODULO": _Rule("??", _alike(0)),
    "IF THEN ELSE": _Rule("?++", _alike(1, 2)),
    "STEP": _Rule("+?", _alike(0)),
    "RAMP": _Rule("+??", _alike(0)),
    "PULSE": _Rule("??", _positive),
    "PULSE TRAIN": _Rule("????", _positive),
    "PULSE MAGNITUDE": _Rule("?+?", _alike(1)),
    **dict.fromkeys(("SMOOTH", "SMOOTH N", "DELAY", "DELAY N"), _Rule("+?0?", _alike(0, 2))),
    "DELAY FIXED": _Rule("+?0", _alike(0, 2)),
    "TREND": _Rule("??0"),
    "FORECAST": _Rule("???0"),
    "SAMPLE IF TRUE": _Rule("?+0", _alike(1, 2)),
    "PREVIOUS": _Rule("+0", _alike(0, 1)),
    "INITIAL": _Rule("0", _alike(0)),
    "ACTIVE INITIAL": _Rule("+0", _alike(0)),
    "INTEG": _Rule("+0"),
}

UNTOLD = frozenset(
    (
        *("INVERT MATRIX", "VECTOR SELECT", "VECTOR SORT ORDER", "VECTOR RANK", "VECTOR REORDER", "ELMCOUNT"),
        *(
            "GET TIME VALUE",
            "PI",
            "WITH LOOKUP",
            "LOOKUP EXTRAPOLATE",
            "LOOKUP BACKWARD",
            "LOOKUP FORWARD",
            "A FUNCTION OF",
            "ALLOCATE AVAILABLE",
            "ALLOCATE BY PRIORITY",
        ),
        *("RANDOM 0 1", "RANDOM UNIFORM", "RANDOM NORMAL", "RANDOM EXPONENTIAL"),
        *(f"GET {way} {what}" for way in ("XLS", "DIRECT") for what in ("CONSTANTS", "DATA", "LOOKUPS", "SUBSCRIPT")),
    )
)
"""Functions of which nothing is said, because they can move either way, or stand in no expression."""


# --- functions with a rule of their own -------------------------------------------------------------------------------


def _difference(_: Call, parts: Sequence[Response]) -> Response:
    *first, last = parts
    sign = added(first[0].sign if first else 0, multiplied(last.sign, -1))
    return Response(sign, merged(*(part.effects for part in first), scaled(last.effects, -1)))


def _product(_: Call, parts: Sequence[Response]) -> Response:
    one, other = parts
    effects = merged(scaled(one.effects, other.sign), scaled(other.effects, one.sign))
    return Response(multiplied(one.sign, other.sign), effects)


def _quotient(_: Call, parts: Sequence[Response]) -> Response:
    """A quotient; what stands for it where the divisor is zero (XIDZ) moves it as itself."""
    one, other, *rest = parts
    falling = scaled(other.effects, multiplied(one.sign, -1))
    effects = merged(scaled(one.effects, other.sign), falling, *(part.effects for part in rest))
    sign = multiplied(one.sign, other.sign)
    return Response(added(sign, rest[0].sign) if rest else sign, effects)


def _power(node: Call, parts: Sequence[Response]) -> Response:
    """A base that is not negative moves as the sign of the exponent says; an odd power keeps every sign."""
    base, exponent = parts
    effects = merged(scaled(base.effects, exponent.sign), unknown(parts[1:]))
    if base.sign in (0, 1):
        return Response(1, effects)
    power = node.arguments[1]
    if isinstance(power, Number) and power.value % 2 == 1 and power.value > 0:
        return Response(base.sign, base.effects)
    return Response(None, unknown(parts))


def _absolute(_: Call, parts: Sequence[Response]) -> Response:
    return Response(1, scaled(parts[0].effects, parts[0].sign))


SPECIAL: Mapping[str, Callable[[Call, Sequence[Response]], Response]] = {
    "-": _difference,
    "*": _product,
    **dict.fromkeys(("/", "XIDZ", "ZIDZ", "SAFEDIV"), _quotient),
    **dict.fromkeys(("^", "POWER"), _power),
    "ABS": _absolute,
}


# --- variables --------------------------------------------------------------------------------------------------------


def given_sign(variable: Variable) -> Sign:
    """The sign of a variable by its limits or its given numbers; a constant that is zero may be raised."""
    low, high = variable.limits
    if variable.non_negative or (low is not None and low >= 0):
        return 1
    if high is not None and high <= 0:
        return -1
    if variable.kind in (Kind.STOCK, Kind.SAMPLE):
        return None
    return shared_sign([_given(equation.definition) for equation in variable.equations]) or None


def shared_sign(signs: Sequence[Sign]) -> Sign:
    """The sign that all of these have; zeros agree with every other sign."""
    return _alike(*range(len(signs)))(signs)


def _given(definition: Definition) -> Sign:
    if isinstance(definition, Series):
        return None if definition.interpolation is Interpolation.EXTRAPOLATE else at_least_zero(sign_of(definition.y))
    if isinstance(definition, Values):
        return at_least_zero(sign_of(definition.array))
    return at_least_zero(sign_of(definition.value)) if isinstance(definition, Number) else None


def at_least_zero(sign: Sign) -> Sign:
    """The sign of a number that stands in a model as zero for now."""
    return 1 if sign == 0 else sign


def slope_sign(variable: Variable) -> Sign:
    """The sign of a table's slope, where all its segments go one way; 0 for a table that is flat."""
    series = [equation.definition for equation in variable.equations if isinstance(equation.definition, Series)]
    return shared_sign([sign_of(np.diff(part.y, axis=0)) if len(part.x) > 1 else 0 for part in series])

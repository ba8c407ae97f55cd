"""Signs of expressions and of their slopes: never wrong, and known where the form tells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.expressions import call

from sd_models.analysis.polarity import (
    RULES,
    SPECIAL,
    UNTOLD,
    Sign,
    Signs,
    given_sign,
    shared_sign,
    sign_of,
    slope_sign,
)
from sd_models.system.expression import Call, Expr, Number, Reduce, Ref, fold
from sd_models.system.functions import FUNCTIONS, REDUCTIONS
from sd_models.system.model import Equation, Interpolation, Kind, Series, Values, Variable

SIGNS: Mapping[str, Sign] = {"p": 1, "q": 1, "n": -1}
KNOWN = Signs({**SIGNS, "rising": 1, "u": None}, {"rising": 1, "falling": -1, "flat": 0})


NUMERIC: Mapping[str, Callable[..., float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b=None: -a if b is None else a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
    "MIN": min,
    "MAX": max,
    "ABS": abs,
    "EXP": math.exp,
    "LN": math.log,
    "SQRT": math.sqrt,
    "TANH": math.tanh,
    "ARCTAN": math.atan,
    "COSH": math.cosh,
    "SIN": math.sin,
    "INTEGER": math.trunc,
    "IF THEN ELSE": lambda c, a, b: a if c else b,
    "<": lambda a, b: float(a < b),
    ">=": lambda a, b: float(a >= b),
    "=": lambda a, b: float(a == b),
    "AND": lambda a, b: float(bool(a) and bool(b)),
    "OR": lambda a, b: float(bool(a) or bool(b)),
    "NOT": lambda a: float(not a),
}
COUNTS = {"IF THEN ELSE": 3, "ABS": 1, "EXP": 1, "LN": 1, "SQRT": 1, "TANH": 1, "ARCTAN": 1, "COSH": 1, "SIN": 1}
COUNTS |= {"INTEGER": 1, "NOT": 1}


def value(expr: Expr, values: Mapping[str, float]) -> float:
    return fold(
        expr,
        number=lambda node: node.value,
        ref=lambda node: values[node.name],
        call=lambda node, parts: NUMERIC[node.function](*parts),
        reduce=lambda node, part: part,
    )


def _calls(parts: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    names = st.sampled_from(sorted(NUMERIC))
    return names.flatmap(lambda name: st.tuples(*[parts] * COUNTS.get(name, 2)).map(lambda row: Call(name, row)))


leaves = st.sampled_from([Ref(name) for name in SIGNS]) | st.sampled_from([0.0, 1.0, 2.0, -1.0, 0.5]).map(Number)
amounts = st.floats(0.01, 20.0)


@given(st.recursive(leaves, _calls, max_leaves=8), amounts, amounts, amounts, amounts, st.sampled_from(sorted(SIGNS)))
def test_what_is_told_is_true(expr: Expr, p: float, q: float, n: float, step: float, moved: str) -> None:
    """For any values with the known signs, and any growth of one variable that keeps its sign."""
    before = {"p": p, "q": q, "n": -n}
    after = {**before, moved: before[moved] + step if moved != "n" else -n / (1 + step)}
    try:
        low, high = value(expr, before), value(expr, after)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        assume(False)
    assume(
        isinstance(low, float | int) and isinstance(high, float | int) and math.isfinite(low) and math.isfinite(high)
    )
    told = KNOWN.response(expr)
    slack = 1e-9 * max(abs(low), abs(high))
    effect = told.effects.get(moved, 0)
    assert told.sign is None or all(sign_of(x) in (0, told.sign) for x in (low, high))
    assert effect is None or (effect == 0 and abs(high - low) <= slack) or effect * (high - low) >= -slack


TOLD = [
    (call("*", "p", "q"), {"p": 1, "q": 1}),
    (call("*", "p", "n"), {"p": -1, "n": 1}),
    (call("-", "p", "q"), {"p": 1, "q": -1}),
    (call("-", "p"), {"p": -1}),
    (call("/", "p", "q"), {"p": 1, "q": -1}),
    (call("*", "u", "p"), {"u": 1, "p": None}),
    (call("+", "p", call("-", 1, "p")), {"p": None}),
    (call("/", call("-", "u", "p"), "q"), {"u": 1, "p": -1, "q": None}),
    (call("^", "p", 2), {"p": 1}),
    (call("^", "p", -1), {"p": -1}),
    (call("^", "u", 2), {"u": None}),
    (call("^", "u", 3), {"u": 1}),
    (call("^", "p", "u"), {"p": None, "u": None}),
    (call("MIN", "p", call("-", "u")), {"p": 1, "u": -1}),
    (call("IF THEN ELSE", call(">", "u", 0), "p", call("*", 2, "p")), {"u": None, "p": 1}),
    (call("LOOKUP", "rising", call("/", "p", "q")), {"rising": None, "p": 1, "q": -1}),
    (call("LOOKUP", "falling", "p"), {"falling": None, "p": -1}),
    (call("LOOKUP", "flat", "p"), {"flat": None, "p": 0}),
    (call("LOOKUP", "other", "p"), {"other": None, "p": None}),
    (call("ZIDZ", "p", "q"), {"p": 1, "q": -1}),
    (call("XIDZ", "p", "q", "u"), {"p": 1, "q": -1, "u": 1}),
    (call("SMOOTH", "u", "p", "q", 1), {"u": 1, "p": None, "q": 0}),
    (call("DELAY N", "u", "p", call("-", "u"), 3), {"u": 1, "p": None}),
    (call("SIN", "p"), {"p": None}),
    (call("VECTOR SELECT", "p"), {"p": None}),
    (Reduce("SUM", ("d!",), call("-", "p")), {"p": -1}),
    (Reduce("PROD", ("d!",), Ref("p")), {"p": 1}),
    (Reduce("PROD", ("d!",), Ref("n")), {"n": None}),
]


@pytest.mark.parametrize(("expr", "effects"), TOLD, ids=range(len(TOLD)))
def test_effects_are_told_where_the_form_tells(expr: Expr, effects: Mapping[str, Sign]) -> None:
    """And left unknown otherwise."""
    assert KNOWN.response(expr).effects == effects


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_of_the_catalogue_is_told_or_said_to_be_untold(name: str) -> None:
    """A new function fails here until somebody has thought of its slope."""
    tables = (RULES, SPECIAL, UNTOLD, REDUCTIONS, ("LOOKUP",))
    assert sum(name in table for table in tables) == 1


@pytest.mark.parametrize("name", sorted(RULES))
def test_rules_have_as_many_directions_as_the_function_has_arguments(name: str) -> None:
    """A missing one would drop a cause."""
    assert len(RULES[name].directions) == FUNCTIONS[name].arguments[1]


def variable(
    definition: Expr | Values | Series,
    kind: Kind = Kind.CONSTANT,
    *,
    limits: tuple[float | None, float | None] = (None, None),
    non_negative: bool = False,
) -> Variable:
    return Variable("x", kind, (), (Equation((), definition),), limits=limits, non_negative=non_negative)


def series(*y: float, interpolation: Interpolation = Interpolation.LINEAR) -> Series:
    return Series(np.arange(float(len(y))), np.array(y), interpolation)


@pytest.mark.parametrize(
    ("given", "sign"),
    [
        (variable(Number(2.0)), 1),
        (variable(Number(-2.0)), -1),
        (variable(Number(0.0)), 1),
        (variable(Values(np.array([1.0, 2.0]))), 1),
        (variable(Values(np.array([0.0, -2.0]))), -1),
        (variable(Values(np.array([1.0, -2.0]))), None),
        (variable(Values(np.array([np.nan]))), None),
        (variable(series(1.0, 2.0), Kind.DATA), 1),
        (variable(series(1.0, 2.0, interpolation=Interpolation.EXTRAPOLATE), Kind.TABLE), None),
        (variable(Ref("y"), Kind.AUXILIARY), None),
        (variable(Ref("y"), Kind.AUXILIARY, limits=(0.0, None)), 1),
        (variable(Ref("y"), Kind.AUXILIARY, limits=(-1.0, 0.0)), -1),
        (variable(Ref("y"), Kind.AUXILIARY, limits=(-1.0, 1.0)), None),
        (variable(Number(5.0), Kind.STOCK), None),
        (variable(Number(5.0), Kind.STOCK, non_negative=True), 1),
    ],
)
def test_signs_are_given_by_numbers_and_limits(given: Variable, sign: Sign) -> None:
    """The number in a stock's definition is its flow and says nothing of its value."""
    assert given_sign(given) == sign


def test_a_table_slopes_one_way_or_neither() -> None:
    """Flat pieces do not matter."""
    assert slope_sign(variable(series(1.0, 1.0, 3.0), Kind.TABLE)) == 1
    assert slope_sign(variable(series(3.0, 1.0, 1.0), Kind.TABLE)) == -1
    assert slope_sign(variable(series(1.0, 3.0, 1.0), Kind.TABLE)) is None
    assert slope_sign(variable(series(1.0), Kind.TABLE)) == 0


def test_signs_that_differ_are_unknown() -> None:
    """Zero agrees with both."""
    assert shared_sign([1, 0, 1]) == 1
    assert shared_sign([1, -1]) is None
    assert shared_sign([0, None]) is None
    assert shared_sign([]) == 0

"""XMILE expressions: precedence, names, functions, and the column of whatever cannot be read."""

from __future__ import annotations

import contextlib
import math
import operator
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pysd.translators.structures import abstract_expressions as ast

import sd_models as sd
from sd_models.errors import UnreadableModel, UnsafeModel, UnsupportedFunction
from sd_models.reading.xmile.equations import parse_equation

SIGNS = {":AND:": "AND", ":OR:": "OR", ":NOT:": "NOT", "negative": "-"}


def shown(tree: object) -> str:
    """The tree as text with every parenthesis."""
    match tree:
        case ast.ReferenceStructure(name, None):
            return name
        case ast.ReferenceStructure(name, subscripts):
            return f"{name}[{', '.join(subscripts.subscripts)}]"
        case ast.CallStructure(function, arguments):
            return f"{shown(function)}({', '.join(map(shown, arguments))})"
        case ast.ArithmeticStructure([sign], [only]) | ast.LogicStructure([sign], [only]):
            return f"({SIGNS[sign]} {shown(only)})"
        case ast.ArithmeticStructure(signs, [first, *rest]) | ast.LogicStructure(signs, [first, *rest]):
            pairs = zip(signs, rest, strict=True)
            return f"({shown(first)}{''.join(f' {SIGNS.get(sign, sign)} {shown(part)}' for sign, part in pairs)})"
        case int() | float():
            return f"{tree:g}"
    fields = ", ".join(shown(part) for part in vars(tree).values())
    return f"{type(tree).__name__.removesuffix('Structure')}({fields})"


def check(text: str, expected: str) -> None:
    assert shown(parse_equation(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 - 2 + 3", "(1 - 2 + 3)"),
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("(1 + 2) * 3", "((1 + 2) * 3)"),
        ("8 / 4 / 2", "(8 / 4 / 2)"),
        ("2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))"),
        ("-2 ^ 2", "(- (2 ^ 2))"),
        ("2 ^ -1", "(2 ^ -1)"),
        ("2 ^ -x ^ 3", "(2 ^ (- (x ^ 3)))"),
        ("-x * y", "((- x) * y)"),
        ("- - 3", "3"),
        ("+x", "x"),
        ("a * b mod c * d", "(modulo((a * b), c) * d)"),
        ("a // b", "zidz(a, b)"),
        ("a + b < c * d", "((a + b) < (c * d))"),
        ("a < b = c > d", "((a < b) = (c > d))"),
        ("a or b and c or d", "(a OR (b AND c) OR d)"),
        ("not a and not (b = c)", "((NOT a) AND (NOT (b = c)))"),
        ("a <> b AND c <= d", "((a <> b) AND (c <= d))"),
        ("(((1)))", "1"),
    ],
)
def test_operators_bind_as_xmile_says(text: str, expected: str) -> None:
    """From tight to loose: ^, unary, products with MOD, sums, comparisons, AND, OR."""
    check(text, expected)


@pytest.mark.parametrize("words", ["if a > 1 then b else c", "IF a > 1 THEN b ELSE c", "If{why} a>1\nThen b Else c"])
def test_conditions_are_written_in_any_case(words: str) -> None:
    """Keywords have no case, and comments and line breaks count as blanks."""
    check(words, "if_then_else((a > 1), b, c)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + IF a THEN b ELSE c + 2", "(1 + if_then_else(a, b, (c + 2)))"),
        ("2 * (IF a THEN b ELSE c) + 2", "((2 * if_then_else(a, b, c)) + 2)"),
        ("IF a THEN IF b THEN 1 ELSE 2 ELSE 3", "if_then_else(a, if_then_else(b, 1, 2), 3)"),
        ("IF a THEN 1 ELSE IF b THEN 2 ELSE 3", "if_then_else(a, 1, if_then_else(b, 2, 3))"),
        ("MAX(IF a THEN 1 ELSE 2, 3)", "max(if_then_else(a, 1, 2), 3)"),
        ("IF_THEN_ELSE(a, b, c)", "if_then_else(a, b, c)"),
    ],
)
def test_conditions_stand_wherever_a_value_does(text: str, expected: str) -> None:
    """The last branch reaches as far as it can."""
    check(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Birth_Rate", "birth_rate"),
        ('"Birth Rate"', "birth_rate"),
        ('"birth   rate"', "birth_rate"),
        (r'"birth\nrate"', "birth_rate"),
        (r"birth\nrate", "birth_rate"),
        ("birth\u00a0rate", "birth_rate"),
        (r'"say \"yes\""', 'say_"yes"'),
        ('"a + b / c"', "a_+_b_/_c"),
        ("draining2", "draining2"),
        ("driver's_wage", "driver's_wage"),
        ("人口增长率 * 城市", "(人口增长率 * 城市)"),
        ("häufigkeit", "häufigkeit"),
        ("supply.orders", "supply.orders"),
        ('supply."net orders"', "supply.net_orders"),
        (".orders", "orders"),
        ("notional + order + iffy", "(notional + order + iffy)"),
    ],
)
def test_names_compare_without_case_blanks_and_quotation_marks(text: str, expected: str) -> None:
    """Underscores, blanks, no-break spaces and line breaks are one; letters of all languages are letters."""
    check(text, expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("1", 1.0), (".5", 0.5), ("14.", 14.0), ("6E5", 6e5), ("8.123e-10", 8.123e-10), ("-3", -3.0), ("+.72", 0.72)),
        *(("PI", math.pi), ("pi()", math.pi), ("INF", math.inf), ("-inf", -math.inf), ("std.PI", math.pi)),
    ],
)
def test_numbers_and_constants_are_numbers(text: str, value: float) -> None:
    """A minus before a number belongs to it; constants take parentheses or none."""
    assert parse_equation(text) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [("TIME", "time"), ("dt", "time_step"), ("StartTime", "initial_time"), ("STOPTIME", "final_time"), ('"dt"', "dt")],
)
def test_times_are_the_control_variables(text: str, expected: str) -> None:
    """A quoted name is a variable, whatever it is called."""
    check(text, expected)


def test_nan_is_a_number() -> None:
    """NaN stands for a missing value."""
    value = parse_equation("NaN")
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x[a, b]", "x[a, b]"),
        ("x[Row, *]", "x[Row, *]"),
        ("SUM(x[*])", "sum(x[*])"),
        ("SUM(x[row!])", "sum(x[row!])"),
        ("SUM(x[*:upper, Row])", "sum(x[upper!, Row])"),
        ("x[Row.*]", "x[*]"),
        ("x[Row.first]", "x[first]"),
        ('x["first row", 2]', "x[first row, 2]"),
    ],
)
def test_subscripts_are_elements_dimensions_or_all(text: str, expected: str) -> None:
    """`*` and `dimension!` are left for flattening, which knows the dimensions."""
    check(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ABS(x)", "abs(x)"),
        ("INT(x)", "integer(x)"),
        ("MOD(x, 2)", "modulo(x, 2)"),
        ("LOG10(x)", "log10(x)"),
        ("PERCENT(x)", "(x * 100)"),
        ("SAFEDIV(a, b)", "zidz(a, b)"),
        ("SAFEDIV(a, b, c)", "xidz(a, b, c)"),
        ("MIN(x[*])", "vmin_xmile(x[*])"),
        ("MAX(a, b, c)", "max(a, max(b, c))"),
        ("MAX(x[*], 0)", "max(vmax_xmile(x[*]), 0)"),
        ("DELAY(x, 2)", "DelayFixed(x, 2, x)"),
        ("DELAY(x, 2, 0)", "DelayFixed(x, 2, 0)"),
        ("DELAYN(x, 2, 4, 0)", "DelayN(x, 2, 0, 4)"),
        ("SMTHN(x, 2, 4)", "SmoothN(x, 2, x, 4)"),
        ("TREND(x, 2)", "Trend(x, 2, 0)"),
        ("FORCST(x, 2, 5)", "Forecast(x, 2, 5, 0)"),
        ("INIT(x)", "Initial(x)"),
        ("PREVIOUS(SELF, 0)", "previous(self, 0)"),
        ("STEP(6, 3)", "step(6, 3)"),
        ("RAMP(2, 5)", "Xramp(2, 5)"),
        ("RAMP(2, 5, 9)", "ramp(2, 5, 9)"),
        ("PULSE(20, 12)", "Xpulse(12, 20)"),
        ("PULSE(20, 12, 5)", "Xpulse_train(12, 5, 20)"),
        ("RANDOM(0, 1)", "random_uniform(0, 1)"),
        ("RANDOM()", "random_0_1()"),
        ("std.SIN(x)", "sin(x)"),
        ("MEAN(a, b, c)", "((a + b + c) / 3)"),
        ("Look_Ahead(x, 3)", "look_ahead(x, 3)"),
        ("VECTOR SELECT(x, 3)", "vector_select(x, 3)"),
        ("isee.HISTORY(x, 3)", "isee.history(x, 3)"),
    ],
)
def test_functions_become_what_pysd_calls_them(text: str, expected: str) -> None:
    """Functions that are not XMILE's stay calls of their own name, for flattening to know or to report."""
    check(text, expected)


def test_orders_of_delays_and_smooths_stay_whole_numbers() -> None:
    """DELAY1 and SMTH3 are the general ones of order 1 and 3, started at their input unless a start is given."""
    for name, order in (("DELAY1", 1), ("DELAY3", 3)):
        assert parse_equation(f"{name}(x, 2, 7)") == ast.DelayStructure(ast.ReferenceStructure("x"), 2.0, 7.0, order)
    for name, order in (("SMTH1", 1), ("SMTH3", 3)):
        x = ast.ReferenceStructure("x")
        assert parse_equation(f"{name}(x, 2)") == ast.SmoothStructure(x, 2.0, x, order)


@pytest.mark.parametrize(
    ("text", "column", "advice"),
    [
        ("", 1, "number"),
        ("a +", 4, "number"),
        ("a b", 3, "operator"),
        ("2x", 2, "operator"),
        ("(a", 3, "Close the parenthesis"),
        ("MAX(a, b", 9, "Close the call"),
        ("IF a THEN b", 12, "IF condition THEN"),
        ("a < b < c", 3, "AND"),
        ("NOT a = b", 7, "NOT (a = b)"),
        ("x[a + 1]", 5, "nothing can be computed"),
        ("x[1:3]", 4, "define a dimension"),
        ("x[@1]", 3, "name of the dimension"),
        ("A'", 2, "name the dimensions"),
        ("x[]", 3, "x[element]"),
        ("x[a](3)", 1, "Only tables"),
        ("Row.* + 1", 1, "inside"),
        ("{ never closed", 1, "Close the comment"),
        ('"never closed', 1, "double quote"),
        ("a; b", 2, "array"),
        (" ??? ", 2, "left this equation open"),
        ("SIN（x）", 4, "'('"),
        ("SIN(x, y)", 1, "Commas"),
        ("1e400", 1, "INF"),
        ("a $ b", 3, "double quotes"),
    ],
)
def test_faults_carry_the_column_and_an_advice(text: str, column: int, advice: str) -> None:
    """Whoever wrote the equation learns where it goes wrong and what to do."""
    with pytest.raises(UnreadableModel) as caught:
        parse_equation(text)
    (fault,) = caught.value.faults
    assert fault.found.startswith(f"column {column}: ")
    assert advice in fault.advice


@pytest.mark.parametrize(
    "bomb",
    [
        "(" * 5_000 + "1" + ")" * 5_000,
        "-" * 1_500 + "1",
        "not " * 1_500 + "a",
        "^".join(["2"] * 1_500),
        "IF a THEN b ELSE " * 1_500 + "1",
        "SMTH1(" * 60 + "x" + ", 1)" * 60,
        " mod ".join(["a"] * 1_500),
        "+".join(["a"] * 5_000),
        "1" * 100_000,
        "a" * 1_000_000,
        '"' * 100_000,
    ],
    ids=lambda bomb: str(bomb[:12]),
)
def test_expression_bombs_are_refused(bomb: str) -> None:
    """Deep, long or endlessly repeating expressions end in a fault, not in a full memory or stack."""
    with pytest.raises(UnreadableModel):
        parse_equation(bomb)


def test_delays_inside_one_another_are_a_bomb_only_when_many() -> None:
    """Each delay without a start repeats its input, so their number doubles the tree."""
    assert shown(parse_equation("SMTH1(SMTH1(SMTH1(x, 1), 1), 1)")).count("x") == 8
    with pytest.raises(UnsafeModel, match="inside one another"):
        parse_equation("DELAY1(" * 30 + "x" + ", 1)" * 30)


def test_long_sums_stay_flat() -> None:
    """A sum of two thousand terms is one structure, and a maximum of as many values a shallow tree."""
    tree = parse_equation("+".join(["a"] * 2_000))
    assert isinstance(tree, ast.ArithmeticStructure)
    assert len(tree.arguments) == 2_000
    assert shown(parse_equation(f"MAX({', '.join('a' * 2_000)})")).count("max") == 1_999


WORDS = ["1", "2.5", "x", '"a b"', "m.x", ".y", "(", ")", "[", "]", ",", "*", "!", "+", "-", "/", "^", "<", "<=", "<>"]
WORDS += ["=", "//", " and ", " or ", " not ", " mod ", "if ", " then ", " else ", "{c}", "max", "sum", "delay", "self"]
WORDS += ["time", "pi", "{", '"', "'", "@", ":", ";", "北", "（", "\u00a0", "\\n", ".", "$", "?", "\0", "\ud800", "1e9"]


@given(st.one_of(st.lists(st.sampled_from(WORDS), max_size=30).map("".join), st.text(max_size=60)))
def test_no_text_raises_anything_else(text: str) -> None:
    """Whatever stands in an equation, it is read or refused."""
    with contextlib.suppress(UnreadableModel):
        parse_equation(text)


def arithmetic() -> st.SearchStrategy[str]:
    """Texts of arithmetic that Python and XMILE read alike, but for the sign of a power."""
    numbers = st.integers(1, 4).map(str)
    return st.recursive(
        numbers,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map("".join),
            st.tuples(numbers, st.just("^"), numbers).map("".join),
            inner.map("({})".format),
            inner.map("-{}".format),
        ),
        max_leaves=12,
    )


@given(arithmetic())
def test_arithmetic_has_the_value_that_python_gives_it(text: str) -> None:
    """Python's precedences of arithmetic are XMILE's."""
    try:
        expected = float(eval(text.replace("^", "**")))
    except (ZeroDivisionError, OverflowError):
        assume(False)
    assert evaluate(parse_equation(text)) == pytest.approx(expected, rel=1e-12)


OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": operator.pow}


def evaluate(tree: object) -> float:
    """The value of an arithmetic tree, operators applied from the left."""
    if isinstance(tree, float):
        return tree
    assert isinstance(tree, ast.ArithmeticStructure)
    first, *rest = [evaluate(part) for part in tree.arguments]
    if not rest:
        return -first
    for sign, part in zip(tree.operators, rest, strict=True):
        first = OPERATIONS[sign](first, part)
    return first


@pytest.mark.parametrize(
    ("equation", "values"),
    [
        ("ROUND(2.5) + INT(3.7)", [6, 6, 6]),
        ("ROUND(TIME - 1.5)", [-2, -1, 1]),
        ("ROUND(1.4)", [1, 1, 1]),
        ("SINWAVE(2, 4)", [0, 2, 0]),
        ("COSWAVE(2, 4)", [2, 0, -2]),
    ],
)
def test_builtins_of_stella_are_compiled(tmp_path: Path, equation: str, values: list[float]) -> None:
    """ROUND goes to the nearest whole number, halves away from zero; waves run over time."""
    run = sd.simulate(sd.load(stella(tmp_path, equation)))
    assert run["x"].to_numpy().tolist() == pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize(
    "name", ["COUNTER", "EXPRND", "LOGNORMAL", "POISSON", "NPV", "ROOTN", "LOOKUPXY", "MONTECARLO"]
)
def test_builtins_of_stella_are_refused_by_their_name(tmp_path: Path, name: str) -> None:
    """Nobody is asked whether another function was meant."""
    arguments = "1" if name == "EXPRND" else "1, 2"
    with pytest.raises(UnsupportedFunction) as caught:
        sd.load(stella(tmp_path, f"{name}({arguments})"))
    assert caught.value.faults[0].found.startswith(f"{name} cannot be compiled")
    assert "did you mean" not in str(caught.value).lower()


def stella(folder: Path, equation: str) -> Path:
    """A file with one auxiliary, run from 0 to 2."""
    path = folder / "case.xmile"
    path.write_text(
        '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"><header><vendor>x</vendor>'
        '<product version="1">y</product></header><sim_specs><start>0</start><stop>2</stop><dt>1</dt></sim_specs>'
        f"<model><variables><aux name='x'><eqn>{equation}</eqn></aux></variables></model></xmile>",
        encoding="utf-8",
    )
    return path

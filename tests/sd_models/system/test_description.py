"""What a modeller reads: equations as text, a page for each variable, a summary of the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.expressions import call

import sd_models as sd
from sd_models.analysis.outline import describe, summary
from sd_models.system.description import (
    PLAIN_NAME,
    equation_text,
    name_text,
    number_text,
    range_text,
    shortened,
    table_text,
    values_text,
)
from sd_models.system.equation import MISSING
from sd_models.system.expression import Expr, Number, Reduce, Ref, Subscript
from sd_models.system.model import Dimension, Equation, Interpolation, Kind, Place, Series, System, Values, Variable

A, B, C = Ref("a"), Ref("b"), Ref("c")


def number(value: float) -> Number:
    return Number(float(value))


OPERATORS = [
    (call("-", call("-", A, B), C), "a - b - c"),
    (call("-", A, call("-", B, C)), "a - (b - c)"),
    (call("+", A, call("*", B, C)), "a + b * c"),
    (call("*", call("+", A, B), C), "(a + b) * c"),
    (call("/", call("/", A, B), C), "a / b / c"),
    (call("/", A, call("*", B, C)), "a / (b * c)"),
    (call("^", A, call("^", B, C)), "a ^ b ^ c"),
    (call("^", call("^", A, B), C), "(a ^ b) ^ c"),
    (call("^", call("-", A), number(2)), "(-a) ^ 2"),
    (call("-", call("^", A, number(2))), "-(a ^ 2)"),
    (call("^", number(-1), A), "(-1) ^ a"),
    (call("*", call("-", A), B), "-a * b"),
    (call("-", call("*", A, B)), "-(a * b)"),
    (call("-", call("-", A)), "-(-a)"),
    (call("-", A, call("-", B)), "a - (-b)"),
    (call("+", A, number(-1)), "a + (-1)"),
    (call("+", A, call("*", call("-", B), C)), "a + (-b * c)"),
    (call("OR", A, call("AND", B, C)), "a :OR: b :AND: c"),
    (call("AND", call("OR", A, B), C), "(a :OR: b) :AND: c"),
    (call("AND", A, call("AND", B, C)), "a :AND: (b :AND: c)"),
    (call("NOT", call("=", A, B)), ":NOT: a = b"),
    (call("NOT", call("AND", A, B)), ":NOT: (a :AND: b)"),
    (call("AND", call("NOT", A), B), ":NOT: a :AND: b"),
    (call(">=", call("+", A, B), C), "a + b >= c"),
    (call("+", call("<", A, B), C), "(a < b) + c"),
    (call("=", call("=", A, B), C), "(a = b) = c"),
]


@pytest.mark.parametrize(("expr", "text"), OPERATORS, ids=[text for _, text in OPERATORS])
def test_parentheses_stand_only_where_precedence_needs_them(expr: Expr, text: str) -> None:
    """Operators of one level are read from the left, powers from the right; a minus never follows an operator."""
    assert equation_text(expr) == text


CALLS = [
    (call("IF THEN ELSE", call(">", A, B), A, B), "IF THEN ELSE(a > b, a, b)"),
    (call("MAX", number(0), call("-", A)), "MAX(0, -a)"),
    (call("LOOKUP", Ref("effect"), call("/", A, B)), "effect(a / b)"),
    (call("LOOKUP", Ref("effect", (Subscript("north"),)), A), "effect[north](a)"),
    (call("SMOOTH", A, B, A, number(1)), "SMOOTH(a, b)"),
    (call("SMOOTH", A, B, C, number(3)), "SMOOTH3I(a, b, c)"),
    (call("SMOOTH", A, B, C, number(2)), "SMOOTH(a, b, c, 2)"),
    (call("DELAY", A, B, A, number(3)), "DELAY3(a, b)"),
    (call("DELAY", A, B, C, number(1)), "DELAY1I(a, b, c)"),
    (call("DELAY N", A, B, C, Ref("order")), "DELAY N(a, b, c, order)"),
    (call("PULSE TRAIN", A, B, C, number(9)), "PULSE TRAIN(a, b, c, 9)"),
    (Reduce("SUM", ("region!",), Ref("x", (Subscript("region", "region!"),))), "SUM(x[region!])"),
    (Ref("x", (Subscript("north"), Subscript("year", "year"))), "x[north, year]"),
    (Ref('"a+b"'), '"a+b"'),
    (Ref("a: SMOOTH"), '"a: SMOOTH"'),
]


@pytest.mark.parametrize(("expr", "text"), CALLS, ids=[text for _, text in CALLS])
def test_functions_are_written_as_vensim_names_them(expr: Expr, text: str) -> None:
    """Tables are called by their names, delays by the name for their order, the rest by the name in the catalogue."""
    assert equation_text(expr) == text


leaves = st.sampled_from([A, B, C]) | st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: Number(round(value, 3)))


def _negative(part: Expr) -> Expr:
    return Number(-part.value) if isinstance(part, Number) else call("-", part)


def _branches(parts: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    binary = st.sampled_from(["+", "-", "*", "/", "^", "MIN", "AND", "OR", "<", ">=", "=", "<>"])
    return (
        st.builds(call, binary, parts, parts)
        | parts.map(_negative)
        | parts.map(lambda part: call("NOT", part))
        | st.builds(call, st.just("IF THEN ELSE"), parts, parts, parts)
    )


@pytest.mark.filterwarnings("ignore:chardet:DeprecationWarning")  # of a library that PySD imports
@settings(max_examples=5, deadline=None)
@given(st.lists(st.recursive(leaves, _branches, max_leaves=12), min_size=25, max_size=25))
def test_the_text_of_an_expression_is_read_back_as_the_same_expression(
    tmp_path_factory: pytest.TempPathFactory, exprs: list[Expr]
) -> None:
    """Vensim's grammar undoes what the printing does."""
    path = Path(tmp_path_factory.mktemp("text")) / "printed.mdl"
    equations = [f"v{i} = {equation_text(expr)}\n~ ~|\n" for i, expr in enumerate(exprs)]
    path.write_text("{UTF-8}\n" + "".join([*equations, *(f"{name} = 1\n~ ~|\n" for name in "abc")]), encoding="utf-8")
    read = sd.load(path)
    assert [read[f"v{i}"].equations[0].definition for i in range(len(exprs))] == exprs


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (1e20, "1e+20"),
        (1e-9, "1e-09"),
        (MISSING, ":NA:"),
        (np.nan, "NaN"),
        (np.inf, "inf"),
        (1e14, "1" + "0" * 14),
    ],
)
def test_numbers_are_as_short_as_they_can_be(value: float, text: str) -> None:
    """Whole numbers have no decimal point, and no digit that matters is lost."""
    assert number_text(value) == text


@given(st.text(min_size=1))
def test_a_name_with_other_characters_stands_in_quotes(name: str) -> None:
    """Every name is either plain or quoted."""
    text = name_text(name)
    assert PLAIN_NAME.fullmatch(text) or (text[0] == text[-1] == '"')


def test_long_arrays_are_shortened() -> None:
    """A short array shows every number, a long one how many there are and their range."""
    assert values_text(np.array([1.0, 2.0])) == "1, 2"
    assert values_text(np.array([[1.0, 2.0], [3.0, 4.0]])) == "1, 2; 3, 4"
    assert values_text(np.array(5.0)) == "5"
    assert values_text(np.zeros((0, 3))) == ""
    assert values_text(np.arange(40.0)) == "40 values from 0 to 39: 0, 1, 2, ..."
    assert values_text(np.full((4, 5), 2.0)) == "4 x 5 values all 2: 2, 2, 2, ..."
    assert range_text(np.array([np.nan])) == "without a number"


def test_a_table_shows_its_points_and_how_it_is_read() -> None:
    """A long table keeps its last point; one that differs between elements is summarised."""
    x = np.arange(3.0)
    assert table_text(Series(x, x**2)) == "(0, 0), (1, 1), (2, 4)"
    assert table_text(Series(x, x, Interpolation.EXTRAPOLATE)).endswith("(2, 2), extrapolated")
    assert table_text(Series(x, np.stack([x, x], axis=1))) == "(0, 0), (1, 1), (2, 2)"
    assert table_text(Series(x, np.stack([x, 2 * x], axis=1))) == "3 points from 0 to 2, values from 0 to 4"
    long = np.arange(100.0)
    assert table_text(Series(long, long)).endswith("(10, 10), ..., (99, 99)")


def test_lists_of_names_are_shortened() -> None:
    """At most twelve names are shown."""
    assert shortened(["a", "b"]) == "a, b"
    assert shortened([str(i) for i in range(14)]).endswith("10, 11 and 2 more")


REGION = (Subscript("region", "region"),)
YEARS = np.arange(2000.0, 2026.0)


def model() -> System:
    """A model with a variable of every kind."""
    place = Place("model.mdl", 12)
    variables = [
        Variable(
            "population",
            Kind.STOCK,
            ("region",),
            (
                Equation(
                    ("region",),
                    call("-", Ref("births", REGION), Ref("deaths", REGION)),
                    Ref("initial population", REGION),
                    (("south",),),
                    place,
                ),
                Equation(("south",), number(0), number(7), place=place),
            ),
            unit="person",
            limits=(0.0, None),
            documentation="People who live\n in the region.",
            place=place,
            non_negative=True,
        ),
        Variable("births", Kind.AUXILIARY, ("region",), (Equation(("region",), number(1)),), unit="person/year"),
        Variable("deaths", Kind.AUXILIARY, ("region",), (Equation(("region",), A, B),), origin="population"),
        Variable(
            "initial population", Kind.CONSTANT, ("region",), (Equation(("region",), Values(np.array([5.0, 6.0]))),)
        ),
        Variable("a", Kind.DATA, (), (Equation((), Series(YEARS, YEARS, Interpolation.BACKWARD)),), unit="Dmnl"),
        Variable("b", Kind.TABLE, (), (Equation((), Series(np.array([0.0, 1.0]), np.array([2.0, 3.0]))),)),
        Variable("c", Kind.SAMPLE, (), (Equation((), A, B),)),
    ]
    region = Dimension("region", ("north", "south"), "region")
    return System("model", {v.name: v for v in variables}, {"region": region}, notes=("a remark",))


def test_a_variable_shows_everything_the_model_says_of_it() -> None:
    """Each equation with its left-hand side, then unit, limits, documentation, place, elements and users."""
    system = model()
    assert describe(system["population"], system).splitlines() == [
        "population[region] (stock)",
        "  population[region] :EXCEPT: [south] = INTEG(births[region] - deaths[region], initial population[region])",
        "  population[south] = INTEG(0, 7)",
        "  unit: person",
        "  limits: 0 to ?, never below 0",
        "  documentation: People who live in the region.",
        "  place: model.mdl:12",
        "  region: north, south",
    ]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "births",
            ["births[region] (auxiliary)", "  births[region] = 1", "  unit: person/year", "  used by: population"],
        ),
        (
            "deaths",
            ["deaths[region] (auxiliary)", "  deaths[region] = ACTIVE INITIAL(a, b)", "  added for: population"],
        ),
        ("initial population", ["initial population[region] (constant)", "  initial population[region] = 5, 6"]),
        ("a", ["a (data)", "  a := 26 points from 2000 to 2025, values from 2000 to 2025, hold backward"]),
        ("b", ["b (table)", "  b((0, 2), (1, 3))"]),
        ("c", ["c (sample)", "  c = PREVIOUS(a, b)"]),
    ],
)
def test_every_kind_has_its_own_form(name: str, lines: list[str]) -> None:
    """What is not known of a variable has no line."""
    system = model()
    assert [line for line in describe(system[name], system).splitlines() if line in lines] == lines


def test_a_variable_can_be_shown_without_its_system() -> None:
    """Then the elements of its dimensions and its users are left out."""
    assert str(model()["births"]).splitlines()[-1] == "  unit: person/year"


def test_many_equations_are_shortened_and_long_ones_wrapped() -> None:
    """A page stays a page, whatever the model."""
    long: Expr = Ref("a name of some length")
    for _ in range(40):
        long = call("+", long, A)
    variable = Variable("x", Kind.AUXILIARY, ("d",), tuple(Equation((str(i),), long) for i in range(3000)))
    lines = str(variable).splitlines()
    assert lines[-1] == "  ... and 2988 more equations"
    assert len(lines) < 50
    assert max(len(line) for line in lines) <= 110


def test_the_summary_has_a_line_for_each_variable() -> None:
    """Dimensions first, then the variables by kind, in the order of the file, then the notes."""
    assert summary(model()).splitlines() == [
        "model: 7 variables, integrated by Euler's method",
        "",
        "Dimensions",
        "  region (2): north, south",
        "",
        "Stocks",
        "  population[region] by 2 equations ~ person",
        "",
        "Samples",
        "  c = PREVIOUS(a, b)",
        "",
        "Auxiliaries",
        "  births[region] = 1 ~ person/year",
        "  deaths[region] = ACTIVE INITIAL(a, b)",
        "",
        "Constants",
        "  initial population[region] = 5, 6",
        "",
        "Data",
        "  a := 26 points from 2000 to 2025, values from 2000 to 2025, hold backward ~ Dmnl",
        "",
        "Tables",
        "  b((0, 2), (1, 3))",
        "",
        "Notes",
        "  a remark",
    ]

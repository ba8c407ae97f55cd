"""Units of equations: what agrees, what does not, and how it is said."""

from __future__ import annotations

import time

import numpy as np
import pytest
from support.expressions import call

from sd_models.analysis.unit_rules import SIGNATURES, SPECIAL, UNKNOWN_RESULTS
from sd_models.analysis.units import Finding, Severity, check_units
from sd_models.system.expression import Expr, Number, Reduce, Ref, Subscript
from sd_models.system.functions import FUNCTIONS, REDUCTIONS
from sd_models.system.model import Dimension, Equation, Kind, Place, Series, System, Values, Variable

REGION = Dimension("region", ("north", "south", "west"), "region")
UNITS = {
    "people": "person",
    "others": "People",
    "money": "yuan",
    "births": "person/year",
    "rate": "1/year",
    "share": "Dmnl",
    "years": "year",
    "month": "month",
    "area": "km*km",
    "silent": "",
    "TIME STEP": "Year",
}


def constant(name: str, unit: str) -> Variable:
    return Variable(name, Kind.CONSTANT, (), (Equation((), Values(np.array(1.0))),), unit=unit, origin="test")


def system(*variables: Variable, synonyms: tuple[tuple[str, ...], ...] = ()) -> System:
    table = Variable(
        "effect", Kind.TABLE, (), (Equation((), Series(np.array([0.0, 1.0]), np.array([0.0, 1.0]))),), unit="person"
    )
    everything = [*(constant(name, unit) for name, unit in UNITS.items()), table, *variables]
    return System("model", {v.name: v for v in everything}, {"region": REGION}, unit_synonyms=synonyms)


def checked(expr: Expr, unit: str, kind: Kind = Kind.AUXILIARY, initial: Expr | None = None) -> tuple[Finding, ...]:
    return check_units(system(Variable("x", kind, (), (Equation((), expr, initial),), unit=unit)))


AGREE = [
    (call("+", "people", "others"), "persons"),
    (call("+", "people", 1), "person"),
    (call("-", 1, "share"), "Dmnl"),
    (call("-", "people"), "person"),
    (call("*", "people", "rate"), "person/year"),
    (call("*", call("*", 2, "people"), "rate"), "person/year"),
    (call("/", "people", "years"), "person/year"),
    (call("/", 1, "years"), "1/year"),
    (call("^", "area", 0.5), "km"),
    (call("^", "people", 2), "person*person"),
    (call("^", "people", call("-", 1)), "1/person"),
    (call("^", "area", call("/", 1, 2)), "km"),
    (call("^", call("/", "people", "others"), "share"), "Dmnl"),
    (call("^", 2, "share"), "Dmnl"),
    (call("SQRT", "area"), "km"),
    (call("EXP", call("*", "rate", "Time")), "Dmnl"),
    (call("LN", call("/", "people", "others")), "Dmnl"),
    (call("EXP", 2), "person"),
    (call("MAX", 0, "people"), "person"),
    (call("MIN", 1, 2), "person"),
    (call("IF THEN ELSE", call(">", "people", 5), "money", 0), "yuan"),
    (call("IF THEN ELSE", call(">", "people", "others"), 1, 0), "yuan"),
    (call("AND", call(">", "people", 5), call("=", "money", 0)), "Dmnl"),
    (call("ABS", "people"), "person"),
    (call("XIDZ", "people", "years", "births"), "person/year"),
    (call("XIDZ", "people", "others", 1), "Dmnl"),
    (call("XIDZ", 1, 2, "births"), "person/year"),
    (call("ZIDZ", "people", "years"), "person/year"),
    (call("LOOKUP", "effect", "money"), "person"),
    (call("SMOOTH", "people", "years", "people", 1), "person"),
    (call("SMOOTH", "people", 5, 7, 3), "person"),
    (call("DELAY N", "births", "years", "births", 3), "person/year"),
    (call("DELAY FIXED", "births", "years", 0), "person/year"),
    (call("TREND", "people", "years", "rate"), "1/year"),
    (call("FORECAST", "people", "years", "years", 0), "person"),
    (call("SAMPLE IF TRUE", call(">", "Time", 5), "people", 0), "person"),
    (call("INITIAL", "people"), "person"),
    (call("INTEG", "births", "people"), "person"),
    (call("STEP", "people", "years"), "person"),
    (call("STEP", 3, 2020), "person"),
    (call("RAMP", "births", 2020, 2030), "person"),
    (call("RAMP", "rate", "years", "years"), "Dmnl"),
    (call("PULSE", "years", 1), "Dmnl"),
    (call("*", "people", call("PULSE TRAIN", 1, 2, 3, 4)), "person"),
    (call("PULSE MAGNITUDE", "years", "people"), "person/year"),
    (call("MODULO", "Time", 5), "year"),
    (Reduce("SUM", ("region!",), Ref("people")), "person"),
    (Reduce("PROD", ("region!",), Ref("people")), "person^3"),
    (Reduce("VMAX", ("region!",), Number(1.0)), "person"),
    (Ref("Time"), "year"),
    (Number(5.0), "person"),
    (call("+", "silent", "people"), "person"),
    (call("*", "silent", "people"), "anything"),
    (call("/", "people", "silent"), "anything"),
    (call("VECTOR SELECT", "people"), "anything"),
    (call("SQRT", "silent"), "anything"),
    (call("INVERT MATRIX", "people"), "1/person"),
]


@pytest.mark.parametrize(("expr", "unit"), AGREE, ids=range(len(AGREE)))
def test_equations_that_agree_have_no_finding(expr: Expr, unit: str) -> None:
    """Numbers adapt to their neighbours, and what is unknown agrees with everything."""
    assert checked(expr, unit) == ()


DIFFER = [
    (call("*", "people", "rate"), "person", "the right-hand side", "person/year", "person"),
    (call("*", 0.03, "people"), "person/year", "the right-hand side", "person", "person/year"),
    (call("+", "people", "money"), "person", "'money' in 'people + money'", "yuan", "person"),
    (call("-", "people", "money"), "person", "'money' in 'people - money'", "yuan", "person"),
    (call("*", call("+", "people", "money"), 2), "person", "'money' in 'people + money'", "yuan", "person"),
    (call("<", "people", "years"), "Dmnl", "'years' in 'people < years'", "year", "person"),
    (call("MAX", 0, call("MAX", "people", "money")), "person", "'money' in 'MAX(people, money)'", "yuan", "person"),
    (call("EXP", "years"), "Dmnl", "'years' in 'EXP(years)'", "year", "Dmnl"),
    (call("^", 2, "years"), "Dmnl", "'years' in '2 ^ years'", "year", "Dmnl"),
    (call("^", "people", "share"), "person", "'people' in 'people ^ share'", "person", "Dmnl"),
    (call("XIDZ", "people", "years", "people"), "births", "'people' in", "person", "person/year"),
    (call("STEP", "people", "money"), "person", "'money' in", "yuan", "Year"),
    (call("SMOOTH", "people", "month", "people", 1), "person", "'month' in 'SMOOTH(people, month)'", "month", "Year"),
    (call("RAMP", "years", "people", 1), "Dmnl", "'people' in", "person", "Year"),
    (call("TREND", "people", "years", "people"), "1/year", "'people' in", "person", "1/Year"),
    (call("PULSE MAGNITUDE", 1, "people"), "person", "the right-hand side", "person/Year", "person"),
    (Reduce("PROD", ("region!",), Ref("people")), "person", "the right-hand side", "person^3", "person"),
    (call("LOOKUP", "effect", "share"), "Dmnl", "the right-hand side", "person", "Dmnl"),
    (call("INTEG", "years", "years"), "year", "'years' in 'INTEG(years, years)'", "year", "year^2"),
]


@pytest.mark.parametrize(("expr", "unit", "part", "found", "expected"), DIFFER, ids=range(len(DIFFER)))
def test_the_part_that_does_not_fit_is_named(expr: Expr, unit: str, part: str, found: str, expected: str) -> None:
    """The innermost one, with the unit that it has and the unit that it should have."""
    (finding,) = checked(expr, unit)
    assert finding.message.startswith(part)
    assert (finding.found.casefold(), finding.expected.casefold()) == (found.casefold(), expected.casefold())
    assert (finding.variable, finding.severity) == ("x", Severity.MISMATCH)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_of_the_catalogue_has_one_rule(name: str) -> None:
    """A new function fails here until its units are said, or that they are unknown."""
    tables = (SIGNATURES, SPECIAL, UNKNOWN_RESULTS, REDUCTIONS)
    assert sum(name in table for table in tables) == 1


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_signatures_have_as_many_arguments_as_the_function(name: str) -> None:
    """A missing slot would leave an argument unchecked."""
    assert len(SIGNATURES[name].split("->")[0].split()) >= min(FUNCTIONS[name].arguments[1], 9)


def test_a_stock_changes_by_its_unit_each_unit_of_time() -> None:
    """The initial value has the stock's own unit."""
    assert checked(Ref("births"), "person", Kind.STOCK, Ref("people")) == ()
    (flow,) = checked(Ref("people"), "person", Kind.STOCK, Ref("people"))
    assert flow.message == "the net flow into the stock has the unit person, expected person/year."
    (initial,) = checked(Ref("births"), "person", Kind.STOCK, Ref("births"))
    assert initial.message == "the initial value has the unit person/year, expected person."


def test_without_a_unit_of_time_nothing_is_said_of_flows() -> None:
    """Rates cannot be judged then, nor delay times."""
    stock = Variable("x", Kind.STOCK, (), (Equation((), Ref("flow"), Ref("x")),), unit="person")
    smooth = Variable("s", Kind.AUXILIARY, (), (Equation((), call("SMOOTH", "x", "flow", "x", 1)),), unit="person")
    flow = constant("flow", "apples")
    assert check_units(System("model", {v.name: v for v in (stock, flow, smooth)})) == ()


def test_a_missing_unit_is_reported_once_and_then_unknown() -> None:
    """Not for each use; and not at all for what a macro added."""
    bare = Variable("x", Kind.AUXILIARY, (), (Equation((), Ref("people")),), place=Place("model.mdl", 7))
    user = Variable("y", Kind.AUXILIARY, (), (Equation((), call("+", "x", "people")),), unit="person")
    added = Variable("z", Kind.AUXILIARY, (), (Equation((), Ref("x")),), origin="y")
    (finding,) = check_units(system(bare, user, added))
    assert finding.severity is Severity.MISSING
    assert str(finding) == 'model.mdl:7, "x": it has no unit. Write one, or Dmnl for pure numbers.'


def test_an_unreadable_unit_is_reported_once_and_then_unknown() -> None:
    """The message says where reading stopped."""
    (finding,) = checked(Ref("people"), "person//year")
    assert finding.severity is Severity.UNREADABLE
    assert finding.found == "person//year"
    assert "before '/'" in finding.message


def test_equations_inside_a_variable_without_unit_are_checked_too() -> None:
    """Its own parts may disagree."""
    missing, mismatch = checked(call("+", "people", "money"), "")
    assert (missing.severity, mismatch.severity) == (Severity.MISSING, Severity.MISMATCH)


def test_synonyms_of_the_file_are_equal() -> None:
    """As the file's settings declare them."""
    variable = Variable("x", Kind.AUXILIARY, (), (Equation((), Ref("people")),), unit="Inhabitants")
    assert len(check_units(system(variable))) == 1
    assert check_units(system(variable, synonyms=(("person", "inhabitant"),))) == ()


def test_each_equation_has_its_own_finding() -> None:
    """At its own line; equations that say the same are one finding."""
    place = Place("model.mdl", 3)
    parts = [("north", "money"), ("south", "years"), ("west", "money")]
    equations = tuple(Equation((element,), Ref(name), place=place) for element, name in parts)
    findings = check_units(system(Variable("x", Kind.AUXILIARY, ("region",), equations, unit="person")))
    assert [finding.found for finding in findings] == ["yuan", "year"]
    assert {finding.place for finding in findings} == {place}


def test_the_effort_does_not_grow_with_the_elements() -> None:
    """A variable over a million elements is one equation."""
    large = Dimension("d", tuple(str(i) for i in range(1000)), "d")
    subscripts = (Subscript("d", "d"), Subscript("d", "d!"))
    reference = Reduce("SUM", ("d!",), Ref("x", subscripts))
    variables = [
        Variable("x", Kind.CONSTANT, ("d", "d"), (Equation(("d", "d"), Values(np.zeros((1000, 1000)))),), unit="a"),
        Variable("y", Kind.AUXILIARY, ("d",), (Equation(("d",), reference),), unit="b"),
    ]
    started = time.perf_counter()
    assert len(check_units(System("model", {v.name: v for v in variables}, {"d": large}))) == 1
    assert time.perf_counter() - started < 1.0


def test_long_expressions_are_cut_in_messages() -> None:
    """A message stays readable."""
    long: Expr = Ref("people")
    for _ in range(60):
        long = call("+", long, "others")
    (finding,) = checked(call("+", long, "money"), "person")
    assert "..." in finding.message
    assert len(finding.message) < 300

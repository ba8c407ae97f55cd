"""Units as modellers write them: which texts mean the same, which are no unit, how units are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sd_models.analysis.unit_texts import SYNONYMS, UnitReader, UnreadableUnit, equal

SAME = [
    ("Dmnl", "1"),
    ("dmnl", "Dimensionless"),
    ("fraction", "Nil"),
    ("people", "Person"),
    ("Persons", "person"),
    ("Hares", "hare"),
    ("boxes", "Box"),
    ("Companies", "company"),
    ("Years", "yr"),
    ("$", "dollars"),
    ("RMB", "yuan"),
    ("Degrees Fahrenheit", "degree_fahrenheit"),
    ("million people", "Million  Persons"),
    ("fraction/Month", "1/Months"),
    ("kg*m/s/s", "kg*m/s^2"),
    ("kg*m/(s*s)", "m*kg/s**2"),
    ("thousand yuan/(person*year)", "thousand yuan / person / year"),
    ("a/b*c", "(a/b)*c"),
    ("(a)", "a"),
    ("m^0.5*m^0.5", "m"),
    ("m^-1", "1/m"),
    ("Hares/(Year*Hare)", "1/Year"),
]
DIFFERENT = [
    ("month", "year"),
    ("a/b*c", "a/(b*c)"),
    ("percent", "Dmnl"),
    ("million people", "people"),
    ("Rs", "R"),
    ("mass", "mas"),
    ("m^2", "m"),
    ("person*hour", "person hour"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_units_are_the_same_in_all_spellings(one: str, other: str) -> None:
    """Case, blanks, plurals, synonyms and the order of factors make no difference."""
    units = UnitReader()
    assert equal(units.read(one), units.read(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_are_compared_not_understood(one: str, other: str) -> None:
    """Words that only look or mean alike stay different."""
    units = UnitReader()
    assert not equal(units.read(one), units.read(other))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a//b", "before '/'"),
        ("a*", "before 'its end'"),
        ("(a", "not closed"),
        ("a)", "stands where"),
        ("a(b)", "stands where"),
        ("a^b", "expected behind"),
        ("a^", "expected behind"),
        ("a^1e9", "expected behind"),
        ("100*a", "the number 100"),
        ("a^9^9^9^9", "stands where"),
        ("(" * 10_000, "too long"),
        ("a*" * 10_000, "too long"),
        ("", "before 'its end'"),
    ],
)
def test_what_is_no_unit_is_said(text: str, why: str) -> None:
    """The message names the place where the text stops being a unit."""
    with pytest.raises(UnreadableUnit, match=why.replace("(", r"\(")):
        UnitReader().read(text)


def test_the_synonyms_of_a_file_join_those_that_ship() -> None:
    """A group may extend another, join two, or give a name to a product."""
    units = UnitReader([("People", "Inhabitants"), ("head", "capita"), ("capita", "person"), ("Newton", "kg*m/s^2")])
    assert equal(units.read("inhabitant"), units.read("heads"))
    assert equal(units.read("newtons/kg"), units.read("m/s/s"))
    assert equal(UnitReader([("Dmnl", "percent")]).read("percent"), units.one)


@pytest.mark.parametrize("group", [("a*",), ("kg*m",), (), ("", "")])
def test_strange_groups_of_synonyms_are_harmless(group: tuple[str, ...]) -> None:
    """What cannot be read defines nothing."""
    units = UnitReader([group])
    assert units.text(units.read("person")) == "person"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("People/Years", "People/Years"),
        ("1 / Months", "1/Months"),
        ("a*b/(c*d)", "a*b/(c*d)"),
        ("m*m", "m^2"),
        ("people/persons", "Dmnl"),
        ("m^0.5", "m^0.5"),
    ],
)
def test_units_are_written_as_the_model_spells_them(text: str, written: str) -> None:
    """A name keeps the spelling in which it came first."""
    units = UnitReader()
    assert units.text(units.read(text)) == written


@given(st.text(alphabet="ab1 ^*/()_%$é.2-", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """And what is read can be written and read again."""
    units = UnitReader()
    try:
        unit = units.read(text)
    except UnreadableUnit:
        return
    assert equal(units.read(units.text(unit)), unit)


def test_the_shipped_groups_are_disjoint() -> None:
    """No word stands for two things."""
    words = [word.casefold() for group in SYNONYMS for word in group]
    assert len(set(words)) == len(words)

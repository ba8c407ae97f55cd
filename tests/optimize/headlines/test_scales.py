"""Units of models and of people: the factor between them, where their names tell."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.headlines.scales import DifferentUnits, Said, factor_between, said

FACTORS = [
    ("thousand yuan/(person*Year)", "thousand yuan a person and year", 1),
    ("thousand yuan/(person*Year)", "yuan per person and year", 1000),
    ("Billion yuan/(Million people*Year)", "thousand yuan a person and year", 1),
    ("trillion yuan", "billion yuan", 1000),
    ("trillion yuan/Year", "billion yuan a year", 1000),
    ("yuan", "trillion yuan", 1e-12),
    ("million people", "ten thousand people", 100),
    ("Mt/Year", "million tonnes a year", 1),
    ("Mt/Year", "Gt a year", 1e-3),
    ("microgram/(m*m*m)", "µg/m³", 1),
    ("microgram/(m*m*m)", "µg/m^3", 1),
    ("Dmnl", "%", 100),
    ("", "%", None),
    ("Dmnl", "points of 100", 100),
    ("Dmnl", "times", 1),
    ("1/Year", "% a year", 100),
    ("Year", "years", 1),
    ("Widgets", "pieces", None),
    ("Widgets", "widgets", 1),
    ("thousand widgets", "widgets", 1000),
    ("Month", "years", None),
    ("yuan/(", "yuan", None),
    ("trillion yuan^90", "yuan^90", None),
    ("yuan^90", "trillion yuan^90", None),
    ("yuan^30", "trillion yuan^30", None),
]


@pytest.mark.parametrize(("model", "people", "factor"), FACTORS)
def test_the_factor_follows_from_the_names(model: str, people: str, factor: float | None) -> None:
    """Exactly, as people write it; no factor where a name is not known or no unit."""
    assert factor_between(model, people) == factor


def test_synonyms_of_the_file_count() -> None:
    """As they do when units are checked."""
    assert factor_between("Kopf", "person") is None
    assert factor_between("Kopf", "person", [("Kopf", "person")]) == 1


@pytest.mark.parametrize(("model", "people"), [("yuan", "people"), ("yuan/Year", "yuan"), ("Dmnl", "million people")])
def test_units_that_no_factor_joins_are_refused(model: str, people: str) -> None:
    """Money is no people."""
    with pytest.raises(DifferentUnits, match="is no"):
        factor_between(model, people)


SAID = [
    ("Billion yuan/(Million people*Year)", "thousand yuan a person and year", "千元/（人·年）", 1.0),
    ("trillion yuan/Year", "trillion yuan a year", "万亿元/年", 1.0),
    ("Mt/Year", "million tonnes a year", "百万吨/年", 1.0),
    ("microgram/(m*m*m)", "µg/m³", "微克/立方米", 1.0),
    ("Million people", "million people", "百万人", 1.0),
    ("Billion yuan/(Million people*Year)*Year", "thousand yuan a person", "千元/人", 1.0),
    ("ten thousand person", "thousand people", "千人", 10.0),
    ("yuan/(ten thousand people*year)", "yuan a person and year", "元/（人·年）", 1e-4),
    ("1/Year", "% a year", "%/年", 100.0),
    ("Rabbit/(Fox*Year)", "Rabbit a Fox and year", "Rabbit/（Fox·年）", 1.0),
    ("Dmnl", "", "", 1.0),
    ("", "", "", 1.0),
]
AS_IT_IS = ["yuan*Year", "ton per year", "m*m", "1/Person", "yuan/(", "trillion yuan^90", "a and b/Year"]


@pytest.mark.parametrize(("unit", "english", "chinese", "factor"), SAID)
def test_a_unit_is_said_as_people_say_it(unit: str, english: str, chinese: str, factor: float) -> None:
    """In both languages, with what a value is multiplied with."""
    assert said(unit) == Said(english, chinese, factor)


@pytest.mark.parametrize("unit", AS_IT_IS)
def test_what_has_no_short_words_stays_as_it_is(unit: str) -> None:
    """Products, powers, names with words of their own, and what is no unit."""
    assert said(unit) == Said(unit, unit)


NAMES = st.sampled_from(
    ["yuan", "Million people", "person", "Year", "Month", "Mt", "trillion yuan", "kg", "microgram", "m", "km", "Widget",
     "ten thousand yuan", "$", "%", "per unit", "fish a day", "Dmnl", "thousand", "hour"]
)  # fmt: skip


@given(above=st.lists(NAMES, max_size=2), below=st.lists(NAMES, max_size=3))
def test_units_read_back(above: list[str], below: list[str]) -> None:
    """What people say leads back to the model's unit by the same factor."""
    unit = "*".join(above or ["1"]) + (f"/({'*'.join(below)})" if below else "")
    found = said(unit)
    if found.english and found.english != unit:
        same = factor_between(unit, found.english)
        assert same is not None
        assert math.isclose(same, found.factor, rel_tol=1e-9)

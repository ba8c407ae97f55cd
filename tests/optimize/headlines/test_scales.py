"""Units of models and of people: the factor between them, where their names tell."""

from __future__ import annotations

import pytest

from optimize.headlines.scales import DifferentUnits, factor_between

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

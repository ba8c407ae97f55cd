"""The waist: looking up variables, shapes and kinds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.models import faults

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.expression import Number
from sd_models.system.model import Dimension, Equation, Kind, Place, System, Variable, key

REGION = Dimension("region", ("north", "south", "west"), "region")
COAST = Dimension("coast", ("north", "west"), "region")
SECTOR = Dimension("sector", ("farms", "mills"), "sector")


def variable(name: str, *dimensions: str, kind: Kind = Kind.CONSTANT) -> Variable:
    """A variable with one equation for all its elements."""
    return Variable(name, kind, dimensions, (Equation(dimensions, Number(1.0)),))


SYSTEM = System(
    "model",
    {
        v.name: v
        for v in (
            variable("Birth rate", "region", "sector"),
            variable("people", "coast", kind=Kind.STOCK),
            variable('"a ""b"""'),
        )
    },
    {dimension.name: dimension for dimension in (REGION, COAST, SECTOR)},
)


@pytest.mark.parametrize("name", ["Birth rate", "birth_rate", "BIRTH   RATE", " birth\trate ", '"birth rate"'])
def test_a_variable_is_found_whatever_its_spelling(name: str) -> None:
    """Case, blanks, underscores and quotes do not count, as in Vensim."""
    assert name in SYSTEM
    assert SYSTEM[name].name == "Birth rate"


def test_other_names_are_not_in_the_system() -> None:
    """Nor is anything that is no name."""
    assert "birth" not in SYSTEM
    assert 3 not in SYSTEM


@pytest.mark.parametrize(
    ("name", "advice"),
    [("birht rate", "Did you mean 'Birth rate'?"), ("zzz", 'There are: Birth rate, people, "a ""b""".')],
)
def test_an_unknown_name_gets_advice(name: str, advice: str) -> None:
    """The nearest names, or those that there are."""
    expected = Fault(f"there is no variable {name!r}.", file="model", advice=advice)
    assert faults(InvalidRequest, lambda: SYSTEM[name]) == (expected,)


def test_what_rewrites_added_is_no_name_that_people_know() -> None:
    """It has one for the program alone."""
    added = replace(variable("delay of people"), origin="people")
    system = replace(SYSTEM, variables={**SYSTEM.variables, added.name: added})
    (fault,) = faults(InvalidRequest, lambda: system["zzz"])
    assert "delay of people" not in fault.advice


def test_a_system_goes_through_its_variables_in_the_order_of_the_file() -> None:
    """Kinds pick from them."""
    assert [v.name for v in SYSTEM] == ["Birth rate", "people", '"a ""b"""']
    assert [v.name for v in SYSTEM.of_kind(Kind.STOCK)] == ["people"]
    assert [v.name for v in SYSTEM.of_kind(Kind.STOCK, Kind.CONSTANT)] == [v.name for v in SYSTEM]


def test_the_shape_of_a_variable_is_that_of_its_dimensions() -> None:
    """A subrange has a shape of its own, a variable without dimensions the empty one."""
    assert SYSTEM.shape(SYSTEM["birth rate"]) == (3, 2)
    assert SYSTEM.shape(SYSTEM["people"]) == (2,)
    assert SYSTEM.shape(variable("x")) == ()


def test_a_dimension_is_full_or_part_of_another() -> None:
    """Its parent says so."""
    assert REGION.full
    assert not COAST.full


def test_a_place_reads_as_file_and_line() -> None:
    """As editors take it."""
    assert str(Place("model.mdl", 12)) == "model.mdl:12"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("A_b", "a b"), ('"A  b"', "a b"), ('"a \\"b\\""', 'a "b"'), ("  ", ""), ('"', '"'), ("STRASSE", "strasse")],
)
def test_names_are_compared_by_their_key(name: str, expected: str) -> None:
    """Quotes around a name are no part of it; those inside are."""
    assert key(name) == expected

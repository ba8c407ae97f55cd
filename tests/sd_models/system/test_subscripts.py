"""Subscript ranges: elements, parents, homes and correspondence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.models import faults

from sd_models.errors import Fault, InvalidModel, UnsafeModel
from sd_models.system.expression import Number
from sd_models.system.model import Correspondence, Equation
from sd_models.system.subscripts import MOST_ELEMENTS, Ranges, build_ranges

GIVEN: Mapping[str, Sequence[str] | str] = {
    "coast": ["north", "west"],
    "Region": ["north", "south", "west"],
    "copy": "region",
    "age": ["a1", "a2", "a3", "a4"],
    "older": ["a2", "a3", "a4"],
    "younger": ["a1", "a2", "a3"],
    "shore": ["sand", "rock"],
    "bloc": ["b1", "b2"],
    "all": ["shore", "more"],
    "more": ["mud"],
    "part": ["p1", "p2"],
    "short": ["s1"],
}
MAPPINGS = {
    "older": (Correspondence("younger", ()),),
    "coast": (Correspondence("Shore", ()),),
    "bloc": (Correspondence("region", (("coast",), ("south",))),),
    "part": (Correspondence("region", (("north",), ("south",))), Correspondence("short", ())),
}
RANGES = build_ranges(GIVEN, MAPPINGS, "m.mdl")


def test_ranges_in_a_list_are_replaced_by_their_elements() -> None:
    """Wherever they are defined; a copy has those of the other range."""
    assert RANGES.elements("all") == ("sand", "rock", "mud")
    assert RANGES.elements("copy") == RANGES.elements("REGION") == ("north", "south", "west")
    assert RANGES.elements("South") == ("south",)
    assert RANGES.elements("nowhere") == ()


def test_an_element_that_stands_twice_counts_once() -> None:
    """In a list, and by ranges that overlap."""
    assert build_ranges({"a": ["x", "y", "x", "b"], "b": ["y", "z"]}, {}, "m.mdl").elements("a") == ("x", "y", "z")


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("coast", "Region"),
        ("Region", "Region"),
        ("copy", "Region"),
        ("older", "age"),
        ("more", "all"),
        ("bloc", "bloc"),
    ],
)
def test_a_range_is_part_of_the_largest_that_holds_it(name: str, parent: str) -> None:
    """Of equal ranges the one that is no copy."""
    assert RANGES.dimensions[name].parent == parent
    assert RANGES.dimensions[name].full is (name == parent)


def test_names_are_found_whatever_their_spelling() -> None:
    """Ranges and elements, in the modeller's own."""
    assert RANGES.range_name("REGION") == "Region"
    assert RANGES.range_name("north") is None
    assert RANGES.element_name("NORTH") == "north"
    assert RANGES.element_name("region") is None


def test_an_element_has_its_number_in_the_full_dimension() -> None:
    """Counted from 1."""
    assert [RANGES.number(name) for name in ("north", "west", "A4", "mud")] == [1, 3, 4, 3]


@pytest.mark.parametrize(
    ("parts", "taken", "home"),
    [
        (["coast"], [], "coast"),
        (["region"], [], "Region"),
        (["copy"], [], "copy"),
        (["region"], ["Region"], "copy"),
        (["north", "south", "west"], [], "Region"),
        (["coast", "south"], [], "Region"),
        (["north", "west"], [], "coast"),
        (["sand"], [], "shore"),
        (["sand", "mud"], [], "all"),
        (["north", "a1"], [], None),
        (["coast"], ["coast", "Region", "copy"], None),
    ],
)
def test_the_home_of_a_subscript_holds_all_its_parts(parts: list[str], taken: list[str], home: str | None) -> None:
    """A range that the modeller wrote, else one with just these elements, else the smallest."""
    assert RANGES.home(parts, taken) == home


@pytest.mark.parametrize(
    ("name", "axis", "elements"),
    [
        ("Region", "Region", ("north", "south", "west")),
        ("Region", "copy", ("north", "south", "west")),
        ("younger", "older", ("a1", "a2", "a3")),
        ("older", "younger", ("a2", "a3", "a4")),
        ("coast", "shore", ("north", "west")),
        ("shore", "coast", ("sand", "rock")),
        ("bloc", "Region", ("b1", "b2", "b1")),
        ("Region", "part", ("north", "south")),
    ],
)
def test_a_range_moves_along_another_that_it_corresponds_to(name: str, axis: str, elements: tuple[str, ...]) -> None:
    """Equal ranges element by element, mapped ones by position or as listed, in both directions."""
    assert RANGES.corresponds(name, axis)
    assert RANGES.aligned(name, axis) == elements


@pytest.mark.parametrize(
    ("name", "axis"),
    [
        *(("coast", "Region"), ("age", "Region"), ("older", "age"), ("more", "all")),
        *(("part", "Region"), ("Region", "bloc"), ("part", "short"), ("short", "part")),
    ],
)
def test_other_ranges_do_not_correspond(name: str, axis: str) -> None:
    """A part does not correspond to the whole, nor does what a mapping leaves out, sends twice, or has no room for."""
    assert not RANGES.corresponds(name, axis)


# --- blocks of elements -----------------------------------------------------------------------------------------------


def test_a_block_names_elements_of_an_array() -> None:
    """Ranges and elements, also without dimensions."""
    array = np.arange(12).reshape(3, 4)
    assert array[RANGES.block(("Region", "age"), ("coast", "a2"))].tolist() == [[1], [9]]
    assert np.array(5)[RANGES.block((), ())] == 5


SIDES = st.tuples(st.sampled_from(("Region", "coast", "north", "south")), st.sampled_from(("age", "older", "a1", "a3")))


@given(st.lists(st.tuples(SIDES, st.lists(SIDES, max_size=2)), max_size=4))
def test_two_equations_of_one_element_are_found(sides: list[tuple[tuple[str, str], list[tuple[str, str]]]]) -> None:
    """The same as counting the elements one by one."""
    dimensions = ("Region", "age")
    equations = [Equation(side, Number(1.0), excluded=tuple(groups)) for side, groups in sides]

    def elements(side: Sequence[str]) -> set[tuple[str, str]]:
        one, other = (RANGES.elements(name) for name in side)
        return {(a, b) for a in one for b in other}

    seen: dict[tuple[str, str], Equation] = {}
    expected = None
    for equation in equations:
        defined = elements(equation.subscripts) - set().union(*map(elements, equation.excluded))
        twice = sorted(defined & set(seen), key=lambda item: [RANGES.number(name) for name in item])
        if twice:
            expected = (seen[twice[0]], equation)
            break
        seen.update(dict.fromkeys(defined, equation))
    assert RANGES.defined_twice(dimensions, equations) == expected


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "mappings", "fault"),
    [
        (
            {"a": ["b", "x"], "b": ["c"], "c": ["a"]},
            {},
            Fault("the subscript ranges a, b, c contain each other.", "a", "m.mdl"),
        ),
        ({"a": "b"}, {}, Fault("it copies the subscript range 'b', which is not defined.", "a", "m.mdl")),
        (
            {"a": ["x"]},
            {"a": (Correspondence("b", ()),)},
            Fault("it is mapped to 'b', which is no subscript range.", "a", "m.mdl"),
        ),
        (
            {"a": ["x", "y"], "b": ["u"]},
            {"a": (Correspondence("B", (("u",),)),)},
            Fault(
                "the mapping to 'b' lists 1 elements for 2.",
                "a",
                "m.mdl",
                advice="List one element or subrange for each.",
            ),
        ),
    ],
)
def test_ranges_that_do_not_fit_are_refused(
    given: Mapping[str, Sequence[str] | str], mappings: Mapping[str, tuple[Correspondence, ...]], fault: Fault
) -> None:
    """With the range that is wrong."""
    assert faults(InvalidModel, lambda: build_ranges(given, mappings, "m.mdl")) == (fault,)


def test_ranges_of_ranges_do_not_grow_without_end() -> None:
    """Each of these lists names the one before it a thousand times over."""
    given: dict[str, list[str]] = {"r0": [f"e{i}" for i in range(1001)]}
    given |= {f"r{n}": [f"r{n - 1}"] * 1001 for n in range(1, 9)}
    (fault,) = faults(UnsafeModel, lambda: build_ranges(given, {}, "m.mdl"))
    assert fault.found == f"more than {MOST_ELEMENTS} elements in all subscript ranges together."


def test_without_ranges_nothing_is_found() -> None:
    """A model need not have any."""
    empty = Ranges({})
    assert empty.range_name("a") is empty.element_name("a") is empty.home(["a"], []) is None

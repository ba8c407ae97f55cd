"""`name[element]` names a variable or a part of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.files.names import Part, part_labels, positions
from sd_models.errors import InvalidRequest

AXES = {"region": ["north", "south", "east"], "kind": ["Old Age", "young"]}
NAMES = (
    st.text(st.characters(exclude_characters="[],", categories=("L", "N", "Zs")), min_size=1)
    .map(str.strip)
    .filter(bool)
)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("water", Part("water")),
        (" water ", Part("water")),
        ("water[north]", Part("water", ("north",))),
        ("cost [ a , * ]", Part("cost", ("a", "*"))),
        ('"births [thousand]"', Part('"births [thousand]"')),
        ('"births [thousand]"[north]', Part('"births [thousand]"', ("north",))),
        ("[north]", Part("[north]")),
        ("odd]", Part("odd]")),
    ],
)
def test_text_is_a_name_and_its_elements(text: str, part: Part) -> None:
    """Brackets at the end hold elements, one for each dimension; other brackets belong to the name."""
    assert Part.of(text) == part


@given(NAMES, st.lists(NAMES, max_size=3))
def test_a_part_written_out_is_read_back(name: str, elements: list[str]) -> None:
    """Labels in tables and CSV headers can be given back to `--set`, `--variables` and `--policy`."""
    part = Part(name, tuple(elements))
    assert Part.of(str(part)) == part


def test_labels_name_every_element_the_last_dimension_fastest() -> None:
    """The order is that of the elements in memory."""
    assert list(part_labels("x", [["a", "b"], ["c", "d"]])) == ["x[a, c]", "x[a, d]", "x[b, c]", "x[b, d]"]
    assert list(part_labels("x", [])) == ["x"]


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ((), ([0, 1, 2], [0, 1])),
        (("south", "young"), ([1], [1])),
        (("SOUTH", "old_age"), ([1], [0])),
        (("*", "young"), ([0, 1, 2], [1])),
        (("coast", "*"), ([1, 2], [0, 1])),
        (("Region", "young"), ([0, 1, 2], [1])),
    ],
)
def test_elements_stars_and_ranges_select_positions(elements: tuple[str, ...], expected: tuple[list[int], ...]) -> None:
    """Case and underscores do not count, as everywhere in models."""
    ranges = {"coast": ["south", "east"], "region": AXES["region"]}
    assert tuple(place.tolist() for place in positions(Part("x", elements), AXES, ranges)) == expected


@pytest.mark.parametrize(
    ("elements", "told"),
    [
        (("nort", "young"), "Did you mean 'north'"),
        (("north",), "has 1 subscripts; 'x' has 2 dimensions (region, kind)"),
        (("young", "north"), "'region' has no element 'young'"),
    ],
)
def test_elements_that_are_not_there_are_refused(elements: tuple[str, ...], told: str) -> None:
    """The message names the nearest elements, or the dimensions."""
    with pytest.raises(InvalidRequest) as error:
        positions(Part("x", elements), AXES)
    assert told in str(error.value)

"""Vensim files to PySD's abstract model: what PySD's grammar reads wrongly, and where the faults are."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import loaded, written

import sd_models as sd
from sd_models.sources import read
from sd_models.system import Correspondence


@pytest.mark.parametrize(
    ("expression", "value"),
    [("3 + 4", 7.0), ("1-.25", 0.75), ("2e3 - 1", 1999.0), ("-3 + 5 - 1", 1.0), ("-2^2", -4.0), ("+3", 3.0)],
)
def test_sums_of_numbers_are_numbers(tmp_path: Path, expression: str, value: float) -> None:
    """PySD's grammar reads `1 - 0.5` as an array of signed numbers, and evaluates it."""
    run = sd.simulate(loaded(tmp_path, f"x = {expression} ~~|"))
    assert float(run["x"][0]) == value


def test_listed_elements_of_a_mapping_are_not_elements_of_the_range(tmp_path: Path) -> None:
    """PySD takes them for elements, and warns."""
    source = read(written(tmp_path, "plant: steel, glass -> (owner: anna, bert), land ~~|\nx = 1 ~~|"))
    assert source.model.sections[0].subscripts[0].subscripts == ["steel", "glass"]
    assert source.mappings["plant"] == (Correspondence("owner", (("anna",), ("bert",))), Correspondence("land", ()))


def test_an_arrow_in_a_quoted_name_maps_nothing(tmp_path: Path) -> None:
    """Only one behind a subscript range does."""
    text = '"from -> to" : a, b ~~|\n"a -> b" = 3 ~~|\nx["from -> to"] = 1, 2 ~~|\ncopy <-> "from -> to" ~~|'
    system = loaded(tmp_path, text)
    assert system.dimensions['"from -> to"'].elements == system.dimensions["copy"].elements == ("a", "b")
    assert '"a -> b"' in system

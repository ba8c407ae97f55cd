"""Given values in place of equations."""

from __future__ import annotations

import pytest

import sd_models as sd
from sd_models.errors import InvalidRequest
from sd_models.rewrites import substitute
from sd_models.system.model import Kind


@pytest.fixture(scope="module")
def system() -> sd.System:
    """The library's small model."""
    return sd.load("urbanization")


@pytest.mark.parametrize("name", ["urban population", "natural growth path"])
def test_stocks_and_tables_are_no_constants(system: sd.System, name: str) -> None:
    """A value for a stock or a table is refused, with what to give instead."""
    with pytest.raises(InvalidRequest, match="a constant value cannot stand for it") as caught:
        substitute(system, {name: 1.0})
    assert caught.value.faults[0].advice


def test_a_number_stands_for_every_element(system: sd.System) -> None:
    """One number fills the variable; name, unit and dimensions stay."""
    before, after = system["urban share"], substitute(system, {"urban_share": 0.5})["urban share"]
    assert (after.name, after.unit, after.dimensions) == (before.name, before.unit, before.dimensions)
    assert after.kind is Kind.CONSTANT


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1.0, 2.0]])
def test_values_that_do_not_fit_are_refused(system: sd.System, value: object) -> None:
    """NaN, infinity and wrong shapes are refused."""
    with pytest.raises(InvalidRequest, match="'urban share'"):
        substitute(system, {"urban share": value})  # type: ignore[dict-item]

"""A plan whose form has faults is looked through for all others as well."""

from __future__ import annotations

from typing import Any

import pytest
from support import islands

import optimize as opt
from optimize.problems.checking import further_faults
from sd_models.errors import InvalidRequest
from sd_models.system.model import System


def told(system: System, **changes: Any) -> list[str]:
    """What is said beyond the form of a plan."""
    content = islands.plan(**changes)
    with pytest.raises(InvalidRequest):
        opt.read_plan(content)
    return [str(fault) for fault in further_faults(content, system, file="mine.toml")]


def test_names_elements_and_times_are_told_besides_the_form(islands_system: System) -> None:
    """Of the same entries and of others."""
    found = told(
        islands_system,
        horizon=[2.2, 5],
        objective={"maximize": "welfar", "measur": "mean"},
        lever=[{"variable": "spending", "uper": 1, "where": {"island": "nort"}}],
        limit=[
            {"name": "one", "variable": "incme", "at_mst": 1},
            {"name": "one", "sum": "spending", "over": ["islnd"], "at_most": 1},
            {"name": "two", "terms": [{"variable": "capitl", "by": "peple"}], "at_most": "x", "when": "allways"},
        ],
    )
    for part in (
        "starts at 2.2",
        "'welfar'",
        "'nort'",
        "'incme'",
        "'islnd'",
        "'capitl'",
        "'peple'",
        "are called 'one'",
    ):
        assert sum(part in text for text in found) == 1, (part, found)
    assert all(text.startswith("mine.toml") for text in found)
    assert len(found) == 8


@pytest.mark.parametrize(
    "changes",
    [
        {"lever": [{"variable": "spending", "every": "a year"}]},
        {"lever": [{"uper": 1}]},
        {"lever": []},
        {"lever": 3, "limit": 3},
        {"horizon": [5, 2]},
        {"horizon": 3},
        {"objective": "welfare"},
        {"objective": {}},
        {"limit": [{"name": "x", "sum": "spending", "at_most": 1, "over": 3}]},
        {"limit": ["x"]},
        {"solver": {"starts": 0}},
        {"model": 3},
    ],
)
def test_nothing_is_said_that_only_follows_from_a_fault_of_the_form(
    islands_system: System, changes: dict[str, Any]
) -> None:
    """What is left out may be what the rest needs."""
    assert not told(islands_system, **changes)

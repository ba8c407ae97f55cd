"""Numbers of different units are not held against each other in silence; where nobody knows, nothing is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support import islands

import optimize as opt
import sd_models as sd
from optimize.plans.units import unit_clashes
from optimize.results.voice import voice_of
from sd_models.system.model import System

SPENT = {"variable": "spending", "over": ["island", "good"]}
HELD = {"variable": "capital", "over": ["island", "good"]}


def clashes(system: System, **changes: Any) -> list[tuple[str, str, str, str]]:
    """Both parts with their units."""
    plan = opt.read_plan(islands.plan(**changes))
    opt.Problem(system, plan)  # it can be solved as it is written
    return [(one.one, one.unit, one.other, one.other_unit) for one in unit_clashes(plan, system)]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({"sum": "capital", "over": ["island", "good"], "at_least": "budget"}, ("money", "money/Year")),
        ({"sum": "capital", "over": ["good"], "at_most": "people"}, ("money", "person")),
        ({"terms": [SPENT, {**HELD, "factor": -1}], "at_most": 0}, ("money/Year", "money")),
        ({"terms": [SPENT, {"variable": "total income", "by": "price"}], "at_most": 9}, None),
        ({"terms": [{**HELD, "by": "people"}], "at_most": "budget"}, ("money*person", "money/Year")),
        ({**SPENT, "variable": None, "sum": "spending", "at_most": {"variable": "budget", "at": 3}}, None),
        (
            {
                "sum": "spending",
                "over": ["island", "good"],
                "when": "total",
                "at_most": {"variable": "budget", "at": 3},
            },
            ("money", "money/Year"),
        ),
        ({"sum": "spending", "over": ["island", "good"], "when": "total", "at_most": "budget"}, None),
        ({"sum": "capital", "over": ["island", "good"], "at_least": {"variable": "budget", "factor": 0.5}}, None),
        ({"terms": [SPENT, {**HELD, "factor": -0.2}], "at_most": 0}, None),
        ({"variable": "welfare", "at_least": 1}, None),
    ],
)
def test_a_limit_and_what_it_names(
    islands_system: System, limit: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    """In all of it; a number, a factor, and a weight that makes them one unit say nothing."""
    content = {name: value for name, value in limit.items() if value is not None}
    found = clashes(islands_system, limit=[{"name": "odd", **content}])
    assert [(one, other) for _, one, _, other in found] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("lever", "expected"),
    [
        ({"upper": "ceiling"}, []),
        ({"upper": "people"}, [("spending", "money/Year", "people", "person")]),
        ({"fixed": {"variable": "people", "baseline": True}}, [("spending", "money/Year", "people", "person")]),
        ({"ramp": {"absolute": "ceiling"}}, [("a ramp of spending", "money/Year^2", "ceiling", "money/Year")]),
        ({"ramp": {"relative": 0.2, "absolute": 1.0}, "upper": 3.0}, []),
    ],
)
def test_a_lever_and_its_bounds(islands_system: System, lever: dict[str, Any], expected: list[Any]) -> None:
    """And how fast it may change, in a unit of time."""
    assert clashes(islands_system, lever=[{"variable": "spending", **lever}]) == expected


def test_a_unit_that_is_not_known_clashes_with_none(islands_system: System) -> None:
    """Nor does one that cannot be read."""
    for unit in ("", "2 * money"):
        variables = dict(islands_system.variables)
        variables["budget"] = replace(variables["budget"], unit=unit)
        system = replace(islands_system, variables=variables)
        limit = {"name": "odd", "sum": "capital", "over": ["island", "good"], "at_least": "budget"}
        assert not unit_clashes(opt.read_plan(islands.plan(limit=[limit])), system)


@pytest.mark.parametrize("name", ["common_prosperity", "urbanization"])
def test_the_library_plans_have_no_clash(name: str) -> None:
    """Their models check their units."""
    assert not unit_clashes(opt.load_plan(name), sd.load(name))


def test_a_result_notes_it_in_both_languages(islands_system: System) -> None:
    """With the limit by its name and both units."""
    limit = {"name": "odd", "sum": "capital", "over": ["island", "good"], "at_least": "budget"}
    result = opt.solve(opt.Problem(islands_system, opt.read_plan(islands.small_plan(limit=[islands.BUDGET, limit]))))
    (note,) = (note for note in result.notes if "measured" in note)
    assert note.startswith("limit odd: capital is measured in money and budget in money/Year; their numbers are held")
    assert "直接比较其数值" in voice_of(result, "zh").told(note)

"""What a plan says otherwise than other places gets the words to write, and not a list of all variables."""

from __future__ import annotations

from typing import Any

import pytest
from support import islands

import optimize as opt
from optimize.plans.naming import named
from sd_models.errors import InvalidRequest
from sd_models.system.model import System

TOTAL = {"name": "odd", "variable": "total income"}
SOUTH = 'Write variable = "income" with where = { island = "south" }.'
WHOLE = "An amount names a whole variable: add one to the model that is income[south], and name that."


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"limit": [{"name": "odd", "variable": "income[south]", "at_least": 1}]}, SOUTH),
        ({"limit": [{"name": "odd", "variable": "INCOME[south]", "at_least": 1}]}, SOUTH),
        ({"limit": [{"name": "odd", "terms": {"income[south]": 1, "price": -1}, "at_least": 1}]}, SOUTH),
        (
            {"lever": [{"variable": "spending[*, rice]", "upper": 5.0}]},
            'Write variable = "spending" with where = { good = "rice" }.',
        ),
        ({"objective": {"minimize": "income[south]"}}, SOUTH.replace("variable", "minimize")),
        ({"limit": [{**TOTAL, "at_least": "income[south]"}]}, WHOLE),
        ({"limit": [{**TOTAL, "at_least": {"variable": "income[south]", "baseline": True}}]}, WHOLE),
        ({"limit": [{"name": "odd", "terms": [{"variable": "price", "by": "income[south]"}], "at_most": 1}]}, WHOLE),
        ({"lever": [{"variable": "spending", "lower": "0"}]}, "Write a number without quotes: 0."),
        ({"lever": [{"variable": "spending", "upper": "-1.5e3"}]}, "Write a number without quotes: -1.5e3."),
        (
            {"limit": [{**TOTAL, "at_least": "1,750.5 million money"}]},
            "Write a number without quotes: 1750.5 (in the unit of what it bounds).",
        ),
        ({"limit": [{**TOTAL, "at_least": "5%"}]}, "Write a number without quotes: 5 (in the unit of what it bounds)."),
        ({"limit": [{**TOTAL, "at_least": "pric"}]}, "Did you mean 'price'?"),
        ({"limit": [{"name": "odd", "variable": "incme[south]", "at_least": 1}]}, "Did you mean 'income' or 'price'?"),
    ],
)
def test_what_is_no_name_gets_the_words_to_write(islands_system: System, change: dict[str, Any], advice: str) -> None:
    """One fault, with the variable and how its element is chosen, or the number."""
    with pytest.raises(InvalidRequest) as raised:
        opt.Problem(islands_system, opt.read_plan(islands.plan(**change)))
    assert [fault.advice for fault in raised.value.faults] == [advice]


def test_a_name_with_brackets_or_digits_of_its_own_is_a_name(islands_system: System) -> None:
    """Whatever it looks like."""
    assert named(islands_system, "Total_Income").name == "total income"

"""A plan is read strictly: every fault at once, in the words of the file, with the nearest valid name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import islands

from optimize.plans.plan import Each, Limit, Periods, Ramp, Term, ValueAt, load_plan, read_plan
from sd_models.errors import InvalidRequest
from sd_models.simulator.measures import Measure

TEXT = """
model = "islands.mdl"
horizon = [2, 5]

[objective]
maximize = "total income"
measure = "mean"
discount = 0.04

[[lever]]
variable = "spending"
every = 2
upper = "ceiling"
ramp = { relative = 0.25, absolute = 0.01 }
where = { island = ["north", "east"] }

[[limit]]
name = "annual budget"
sum = "spending"
over = ["island", "good"]
at_most = "budget"

[[limit]]
name = "books"
terms = [
    { variable = "spending", over = ["good"], where = { good = "books" } },
    { variable = "budget", factor = -0.1, by = "people" },
]
at_least = 0
when = { from = 3, to = 4 }

[[limit]]
name = "never below the start"
variable = "income"
at_least = { variable = "income", at = 2, factor = 0.9 }
when = { each = 2 }

[[limit]]
name = "path"
terms = { "total income" = 1, "budget" = -2.5 }
at_most = [[2, 1], [5, 4.5]]
when = "final"

[solver]
name = "ipopt"
time_limit = 60
starts = 3
"""


def test_a_plan_is_what_its_file_says(tmp_path: Path) -> None:
    """Every key; the files that it names are looked for beside it."""
    (tmp_path / "plan.toml").write_text(TEXT, encoding="utf-8")
    plan = load_plan(tmp_path / "plan.toml")
    assert plan.model == str(tmp_path / "islands.mdl")
    assert plan.horizon == (2, 5)
    assert (plan.objective.variable, plan.objective.sign, plan.objective.measure) == ("total income", 1, Measure.MEAN)
    (lever,) = plan.levers
    assert (lever.every, lever.upper, lever.lower) == (2, "ceiling", None)
    assert lever.ramp == Ramp(relative=0.25, absolute=0.01)
    assert lever.where == {"island": ("north", "east")}
    budget, books, start, path = plan.limits
    assert budget.listed == (Term(variable="spending", over=("island", "good")),)
    assert books.listed[1] == Term(variable="budget", factor=-0.1, by="people")
    assert books.when == Periods(from_=3, to=4)
    assert (start.at_least, start.when) == (ValueAt(variable="income", at=2, factor=0.9), Each(each=2))
    assert [(term.variable, term.factor) for term in path.listed] == [("total income", 1), ("budget", -2.5)]
    assert path.at_most == ((2, 1), (5, 4.5))
    assert (plan.solver.name, plan.solver.starts, plan.solver.time_limit) == ("ipopt", 3, 60)
    assert plan.every == 2


def test_a_library_model_is_not_looked_for_beside_the_plan(tmp_path: Path) -> None:
    """A name without an ending is one of the library."""
    (tmp_path / "plan.toml").write_text(TEXT.replace("islands.mdl", "urbanization"), encoding="utf-8")
    assert load_plan(tmp_path / "plan.toml").model == "urbanization"


# What is changed in a plan, and what the message says.
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"horzion": [2, 5]}, "no key 'horzion'. Did you mean 'horizon'"),
    "unknown key of a lever": ({"lever": [{"variable": "a", "uper": 1}]}, "lever 'a'.*no key 'uper'.*'upper'"),
    "unknown key of a ramp": (
        {"lever": [{"variable": "a", "ramp": {"relatve": 1}}]},
        "lever 'a', ramp.*no key 'relatve'.*'relative'",
    ),
    "no levers": ({"lever": []}, "lever.*at least 1 of them, not 0"),
    "horizon": ({"horizon": [5, 2]}, "ends .2. before it begins .5."),
    "one end": ({"horizon": [5]}, "horizon.*entry 2 is missing"),
    "both directions": ({"objective": {"maximize": "a", "minimize": "b"}}, "name one variable, to maximize or to"),
    "no direction": ({"objective": {}}, "objective.*name one variable"),
    "measure": ({"objective": {"maximize": "a", "measure": "integrl"}}, "'integrl'.*Did you mean 'integral'"),
    "negative length": ({"lever": [{"variable": "a", "every": 0}]}, "lever 'a', every.*greater than 0"),
    "negative ramp": ({"lever": [{"variable": "a", "ramp": {"relative": -1}}]}, "ramp, relative"),
    "text for a number": ({"objective": {"maximize": "a", "discount": "4%"}}, "discount.*'4%'"),
    "two of a name": (
        {"limit": [{"name": "x", "sum": "a", "at_most": 1}, {"name": "x", "sum": "b", "at_most": 1}]},
        "two limits are called 'x'",
    ),
    "nothing limited": ({"limit": [{"name": "x", "at_most": 1}]}, "limit 'x'.*one of sum, variable, terms"),
    "too much limited": ({"limit": [{"name": "x", "sum": "a", "variable": "a", "at_most": 1}]}, "one of sum, var"),
    "no amount": ({"limit": [{"name": "x", "sum": "a"}]}, "give at_most or at_least or both, or equals alone"),
    "equals and more": ({"limit": [{"name": "x", "sum": "a", "equals": 1, "at_most": 2}]}, "or equals alone"),
    "over of a variable": ({"limit": [{"name": "x", "variable": "a", "over": ["d"], "at_most": 1}]}, "write `sum`"),
    "when": ({"limit": [{"name": "x", "sum": "a", "at_most": 1, "when": "allways"}]}, "limit 'x', when.*'allways'"),
    "when in words": (
        {"limit": [{"name": "x", "sum": "a", "at_most": 1, "when": {"form": 3}}]},
        "limit 'x', when.*no key 'form'.*'from'",
    ),
    "when every": (
        {"limit": [{"name": "x", "sum": "a", "at_most": 1, "when": {"from": 3, "evry": 5}}]},
        "limit 'x', when.*no key 'evry'.*'every'",
    ),
    "no periods": ({"limit": [{"name": "x", "sum": "a", "at_most": 1, "when": []}]}, "limit 'x', when"),
    "baseline": (
        {"limit": [{"name": "x", "variable": "a", "at_least": {"variable": "a", "basline": True}}]},
        "limit 'x', at_least.*no key 'basline'.*'baseline'",
    ),
    "from the start": (
        {"lever": [{"variable": "a", "ramp": {"absolute": 1, "from_strat": True}}]},
        "lever 'a', ramp.*no key 'from_strat'.*'from_start'",
    ),
    "a share in words": ({"lever": [{"variable": "a", "ramp": {"relative": [1, 2]}}]}, "lever 'a', ramp, relative"),
    "amount": ({"limit": [{"name": "x", "sum": "a", "at_most": True}]}, "limit 'x', at_most"),
    "points": ({"limit": [{"name": "x", "sum": "a", "at_most": [[1, 2, 3]]}]}, "limit 'x', at_most"),
    "no points": ({"limit": [{"name": "x", "sum": "a", "at_most": []}]}, "limit 'x', at_most"),
    "infinity": ({"lever": [{"variable": "a", "upper": float("inf")}]}, "lever 'a', upper.*finite"),
    "starts": ({"solver": {"starts": 0}}, "solver, starts.*greater than or equal to 1"),
    "solver option": ({"solver": {"tolerence": 1e-6}}, "no key 'tolerence'. Did you mean 'tolerance'"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_fault_is_told_in_the_words_of_the_file(name: str) -> None:
    """Where, what was found, what was expected, the nearest name."""
    changes, message = BAD[name]
    with pytest.raises(InvalidRequest, match=message):
        read_plan(islands.plan(**changes))


@pytest.mark.parametrize("name", BAD)
def test_a_fault_is_told_once(name: str) -> None:
    """One mistake is one line, whatever forms a value could have had."""
    with pytest.raises(InvalidRequest) as caught:
        read_plan(islands.plan(**BAD[name][0]))
    assert len(caught.value.faults) == 1


def test_every_fault_is_told_at_once() -> None:
    """Each with its place, and the file in front."""
    content = islands.plan(
        horizon=["a", 5],
        lever=[{"variable": "spending", "evry": 1}, {"uper": 1}],
        limit=[{"name": "x", "sum": "a"}, {"name": "y", "variable": "b", "at_most": "c", "when": 3}],
        solver={"time_limit": -1},
    )
    with pytest.raises(InvalidRequest) as caught:
        read_plan(content, file="mine.toml")
    told = [str(fault) for fault in caught.value.faults]
    assert all(text.startswith("mine.toml") for text in told)
    for part in ("horizon", "'evry'", "'uper'", "'variable' is missing", "limit 'x'", "limit 'y', when", "time_limit"):
        assert sum(part in text for text in told) == 1, part


@pytest.mark.parametrize("text", ["model = ", "[[lever]\n", "a = 1\na = 2\n", 'model = "\x00"', "\xff\xfe"])
def test_what_is_no_toml_file_is_told(text: str, tmp_path: Path) -> None:
    """With the place where reading stopped."""
    (tmp_path / "plan.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidRequest, match=r"plan\.toml: is not a TOML file"):
        load_plan(tmp_path / "plan.toml")


def test_a_missing_plan_is_told(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(InvalidRequest, match="there is no such file"):
        load_plan(tmp_path / "plan.toml")


def test_a_plan_of_python_objects_is_that_of_its_dictionary() -> None:
    """What Python users build by hand."""
    plan = read_plan(islands.plan(limit=[{"name": "x", "sum": "spending", "over": ["good"], "at_most": 1}]))
    by_hand = plan.model_copy(update={"limits": (Limit(name="x", sum="spending", over=("good",), at_most=1),)})
    assert by_hand == plan

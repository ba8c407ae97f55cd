"""What a plan may assume otherwise than its model, and what it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import islands
from support.models import faults, loaded

import optimize as opt
import sd_models as sd
from optimize.plans.assumptions import MOST_TOLD, Assumption, sentence, with_constants
from sd_models.errors import InvalidRequest, SimulationError
from sd_models.system.model import System

TIMED = """{UTF-8}
spending = 1 ~~ Lever: what is spent. |
rate = 0.1 ~~|
yearly = 1 + 0.1 * Time ~~|
after tax = 1 - spending ~~|
series ~~|
shape((0, 0), (4, 4)) ~~|
capital = INTEG(spending - rate * capital, first) ~~|
first = 2 ~~|
welfare = LN(capital) * shape(after tax) ~~|
years = 4 ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = INITIAL TIME + years ~~|
TIME STEP = 0.5 ~~|
SAVEPER = TIME STEP ~~|
"""
TIMED_PLAN = {
    "model": "case.mdl",
    "horizon": [0, 2],
    "objective": {"maximize": "capital"},
    "lever": [{"variable": "spending", "lower": 0, "upper": 2}],
}


@pytest.fixture
def timed(tmp_path: Path) -> System:
    """A model with a variable of each kind."""
    return loaded(tmp_path, TIMED.replace("series ~~|\n", ""), controls="")


@pytest.fixture
def islands_system(tmp_path: Path) -> System:
    """The islands."""
    (tmp_path / "islands.mdl").write_text(islands.MODEL, encoding="utf-8")
    return sd.load(tmp_path / "islands.mdl")


def _problem(system: System, plan: dict[str, Any], **constants: float) -> opt.Problem:
    return opt.Problem(system, opt.read_plan({**plan, "constants": constants}), "plan.toml")


@pytest.mark.parametrize(
    ("name", "found", "advice"),
    [
        ("rat", "there is no variable 'rat'.", "Did you mean 'rate'?"),
        ("capital", "it is a stock, no constant.", "Set the constants of its flows or of its initial value."),
        ("shape", "it is a table, no constant.", "Change its points in the model file."),
        ("spending", "it is a lever of the plan, which decides it.", "Give its values there, as `fixed`, or take"),
        ("yearly", "it is no constant: it changes in a run, or follows from a lever.", "Set the constants that"),
        ("after tax", "it is no constant: it changes in a run, or follows from a lever.", "Set the constants that"),
        ("years", "it sets the time points of a run.", "The plan's horizon says when the run ends;"),
        ("TIME STEP", "it sets the time points of a run.", "The plan's horizon says when the run ends;"),
        ("rate[north]", "'rate[north]' has 1 subscripts; 'rate' has 0 dimensions (none).", ""),
    ],
)
def test_what_is_no_constant_is_refused(timed: System, name: str, found: str, advice: str) -> None:
    """By name, with what to do instead."""
    (fault,) = faults(InvalidRequest, lambda: _problem(timed, TIMED_PLAN, **{name: 0.5}))
    assert fault.found.startswith(found)
    assert fault.advice.startswith(advice)
    assert (fault.variable, fault.file) == (f"constant {name!r}", "plan.toml")


def test_a_series_of_data_is_no_constant(tmp_path: Path) -> None:
    """Its values change over time."""
    (tmp_path / "data.csv").write_text("Time,series\n0,1\n4,2\n", encoding="utf-8")
    system = loaded(tmp_path, TIMED, controls="", data=[tmp_path / "data.csv"])
    (fault,) = faults(InvalidRequest, lambda: _problem(system, TIMED_PLAN, series=0.5))
    assert fault.found == "it is a series of data, no constant."


def test_all_that_is_wrong_is_told_at_once(timed: System) -> None:
    """With what is wrong with the rest of the plan."""
    plan = {**TIMED_PLAN, "objective": {"maximize": "capitol"}}
    found = faults(InvalidRequest, lambda: _problem(timed, plan, rat=1.0, capital=2.0))
    assert [fault.variable for fault in found] == ["constant 'rat'", "constant 'capital'", "objective"]


def test_elements_that_are_not_there_are_named(islands_system: System) -> None:
    """With the nearest."""
    (fault,) = faults(InvalidRequest, lambda: _problem(islands_system, islands.plan(), **{"people[nort]": 2.0}))
    assert (fault.found, fault.advice) == (
        "'island' has no element 'nort', as 'people[nort]' asks for.",
        "Did you mean 'north'?",
    )


@pytest.mark.parametrize(
    "constants",
    [
        {"people": 1.0, "People": 2.0},
        {"people[north]": 1.0, "people[North]": 2.0},
        {"first capital[warm, *]": 1.0, "first capital[*, hard]": 2.0},
    ],
)
def test_constants_that_contradict_each_other_are_refused(islands_system: System, constants: dict[str, float]) -> None:
    """The same elements twice, or ranges that overlap: which of them counts would depend on their order."""
    (fault,) = faults(InvalidRequest, lambda: _problem(islands_system, islands.plan(), **constants))
    first, second = constants
    assert (fault.variable, fault.found) == (
        f"constant {second!r}",
        f"it gives other values to elements of {first!r}.",
    )


def test_the_same_value_twice_is_no_contradiction(islands_system: System) -> None:
    """Whoever says it twice means it."""
    problem = _problem(islands_system, islands.plan(), **{"people": 2.0, "People": 2.0})
    assert len(problem.assumptions) == 2


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", '"much"', "true"])
def test_a_value_is_a_finite_number(tmp_path: Path, value: str) -> None:
    """As everywhere in a plan."""
    (tmp_path / "plan.toml").write_text(
        f'model = "islands.mdl"\nhorizon = [2, 5]\n[objective]\nmaximize = "welfare"\n'
        f'[[lever]]\nvariable = "spending"\n'
        f'[constants]\n"tax rate" = {value}\n',
        encoding="utf-8",
    )
    (fault,) = faults(InvalidRequest, lambda: opt.load_plan(tmp_path / "plan.toml"))
    assert fault.variable == "constants, tax rate"


def test_a_model_that_cannot_run_says_which_assumption_it_is(timed: System) -> None:
    """A logarithm of a negative number, with the model's own constants as the other choice."""
    plan = {**TIMED_PLAN, "objective": {"maximize": "welfare"}}
    problem = _problem(timed, plan, first=-1.0)
    (fault,) = faults(SimulationError, lambda: problem.own)
    assert fault.variable == "welfare"
    assert fault.advice == (
        "With the model's own constants there is a run. Assumed otherwise than in the model: first -1 instead of 2. "
        "Take other values."
    )


def test_what_is_given_stays_and_what_is_asked_sees_the_constants(timed: System) -> None:
    """A problem made of the changed model with the same plan is the same problem."""
    problem = _problem(timed, TIMED_PLAN, rate=0.5)
    assert problem.given is timed
    assert problem.assumptions == (Assumption("rate", 0.5, 0.1, 0.1),)
    again = opt.Problem(problem.system, problem.plan)
    assert (again.own_paths["capital"] == problem.own_paths["capital"]).all()
    assert again.assumptions == ()
    assert opt.Problem(timed, opt.read_plan(TIMED_PLAN)).system is timed


def test_many_assumptions_are_one_sentence(islands_system: System) -> None:
    """The first of them by name; what varies over elements with its range; nothing where nothing differs."""
    problem = _problem(islands_system, islands.plan(), people=2.0, **{"returns[rice]": 0.1})
    assert sentence(problem.assumptions) == ("Assumed otherwise than in the model: people 2 instead of 1 to 3 person.")
    assert sentence(()) == ""
    many = [Assumption(f"x{i}", 1.0, 0.0, 0.0) for i in range(MOST_TOLD + 2)]
    assert sentence(many).endswith("x5 1 instead of 0; and 2 more.")


def test_what_leaves_the_range_of_the_model_is_told(islands_system: System) -> None:
    """In a sentence of its own, which stands wherever assumptions do; it is solved all the same."""
    problem = _problem(islands_system, islands.small_plan(), **{"tax rate": 0.9})
    assert sentence(problem.assumptions) == (
        "Assumed otherwise than in the model: tax rate 0.9 instead of 0.2 1/Year. "
        "Outside the range that the model gives it: tax rate 0.9 (0.05 to 0.5)."
    )
    assert opt.solve(problem).notes[0] == sentence(problem.assumptions)


def test_what_is_set_later_covers_what_was_set_before(islands_system: System) -> None:
    """All of a variable covers its elements; an element leaves the others; other spellings are the same name."""
    plan = opt.read_plan(islands.plan(constants={"people[north]": 1.5, "returns": 0.3}))
    assert with_constants(plan, islands_system, [("People", 2.0)]).constants == {"returns": 0.3, "People": 2.0}
    assert with_constants(plan, islands_system, [("returns[rice]", 0.1), ("returns[Rice]", 0.2)]).constants == {
        "people[north]": 1.5,
        "returns": 0.3,
        "returns[Rice]": 0.2,
    }
    assert with_constants(plan, islands_system, [("nothing", 1.0)]).constants["nothing"] == 1.0


def test_bounds_and_limits_follow(islands_system: System) -> None:
    """A bound that is a variable, and an amount made of constants."""
    plan = islands.plan(
        lever=[{"variable": "spending", "upper": "ceiling"}],
        limit=[{"name": "few", "variable": "income", "at_most": "people"}],
    )
    own, changed = (_problem(islands_system, plan, **more) for more in ({}, {"ceiling[north]": 1.0, "people": 9.0}))
    assert own.upper.max() == 5.0
    assert changed.upper.min() == 1.0
    assert changed.bound.rows[0].upper.max() == 9.0

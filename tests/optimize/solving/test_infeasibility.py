"""Contradictory limits are named, with the least that would reconcile them; nothing ends in a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from support import islands

import optimize as opt
from optimize.problems.pyomo_model import state
from optimize.problems.pyomo_reader import program
from optimize.results.verdict import Standing
from optimize.solvers.highs import Answer, ConvexProgram
from optimize.solving import conclusion, infeasibility
from optimize.solving.infeasibility import Conflict, Member, conflict
from sd_models.system.model import System

Limits = list[dict[str, Any]]


def spend(name: str, over: tuple[str, ...] = ("island", "good"), **sides: Any) -> dict[str, Any]:
    """A limit on a sum of spending."""
    return {"name": name, "sum": "spending", "over": list(over), **sides}


def outcome(name: str, variable: str, **sides: Any) -> dict[str, Any]:
    """A limit on a model variable."""
    return {"name": name, "variable": variable, **sides}


Planted = Iterator[tuple[str, Limits, set[str]]]  # a title, limits, the names of those that contradict each other


# Spending of 9 levers a year is between 0 and 2; with nothing spent, income only falls, from about 3.


def sums_apart() -> Planted:
    """Floors and ceilings of one sum."""
    for least, most in ((3.0, 2.0), (10.0, 9.9), (18.0, 1e-3), (1.001, 1.0), (1.0, 0.0), (17.9, 0.2)):
        limits = [spend("floor", at_least=least), spend("ceiling", at_most=most)]
        yield f"sum {least:g} > {most:g}", limits, {"floor", "ceiling"}
    for when in ("total", "final", {"from": 4}, {"from": 3, "to": 3}, {"each": 2}):
        limits = [spend("floor", at_least=9.0, when=when), spend("ceiling", at_most=0.5, when=when)]
        yield f"sum when {when}", limits, {"floor", "ceiling"}
    for total in (1.0, 3.9, 7.0):
        limits = [spend("yearly", at_least=2.0), spend("all years", at_most=total, when="total")]
        yield f"yearly floors above a total of {total:g}", limits, {"yearly", "all years"}


def against_bounds() -> Planted:
    """Limits that the bounds of the levers do not allow."""
    for least in (18.1, 20.0, 1e3):
        yield f"above all bounds: {least:g}", [spend("too much", at_least=least)], {"too much"}
    for least in (2.1, 3.0, 50.0):
        yield f"one lever above its bound: {least:g}", [outcome("too much", "spending", at_least=least)], {"too much"}


def parts_and_wholes() -> Planted:
    """Limits on parts against limits on the whole."""
    for exact, most in ((5.0, 4.0), (17.0, 3.0), (1.0, 0.5)):
        limits = [spend("exact", equals=exact), spend("ceiling", at_most=most)]
        yield f"exactly {exact:g} above {most:g}", limits, {"exact", "ceiling"}
    for part in (0.9, 1.5, 1.99):
        limits = [spend("each island", ("good",), at_least=3 * part), spend("all", at_most=8.9 * part)]
        yield f"islands of {part:g} above the whole", limits, {"each island", "all"}
    for part in (0.5, 1.0, 1.9):
        limits = [
            spend("rice", ("island",), at_least=part, where={"good": "rice"}),
            spend("hard goods", at_most=0.5 * part, where={"good": "hard"}),
            spend("books", at_most=1.0, where={"good": "books"}),
        ]
        yield f"a part of {part:g} above its range", limits, {"rice", "hard goods"}
    for north, south, whole in ((2.0, 2.0, 3.0), (5.0, 5.5, 10.0), (1.0, 0.5, 1.4)):
        limits = [
            spend("north", at_least=north, where={"island": "north"}),
            spend("warm", at_least=south, where={"island": "warm"}),
            spend("all", at_most=whole),
        ]
        yield f"three: {north:g} + {south:g} > {whole:g}", limits, {"north", "warm", "all"}


def outcomes() -> Planted:
    """Limits on what follows from the run, against bounds and against each other."""
    for least in (50.0, 100.0, 1e4):
        yield f"income of {least:g}", [outcome("rich", "total income", at_least=least)], {"rich"}
    for most in (0.0, 0.1, 0.5):
        yield f"income below {most:g}", [outcome("poor", "total income", at_most=most)], {"poor"}
    for least, most in ((4.0, 3.9), (6.0, 5.0), (4.5, 4.4)):
        limits = [
            outcome("rich", "total income", at_least=least, when="final"),
            outcome("poor", "total income", at_most=most, when="final"),
        ]
        yield f"income from {least:g} to {most:g}", limits, {"rich", "poor"}
    for most, least in ((0.1, 5.0), (0.5, 6.0), (1.0, 7.0)):
        limits = [spend("thrift", at_most=most), outcome("rich", "total income", at_least=least, when="final")]
        yield f"spending {most:g} for an income of {least:g}", limits, {"thrift", "rich"}


def budgets() -> Planted:
    """Limits against a budget that grows with what it feeds, and on the objective."""
    for least in (8.0, 12.0):
        limits = [spend("floor", at_least=least), spend("budget", at_most="budget")]
        yield f"floor of {least:g} above the budget", limits, {"floor", "budget"}
    for factor in (1.01, 1.5, 3.0):
        limits = [
            spend("budget", at_most="budget"),
            spend("more than the budget", at_least={"variable": "budget", "factor": factor}),
        ]
        yield f"{factor:g} times the budget", limits, {"budget", "more than the budget"}
    for least, most in ((16.0, 15.0), (15.5, 15.4)):
        limits = [
            outcome("welfare", "welfare", at_least=least, when="final"),
            outcome("not too well", "welfare", at_most=most, when="final"),
        ]
        yield f"welfare from {least:g} to {most:g}", limits, {"welfare", "not too well"}


PLANTED = [*sums_apart(), *against_bounds(), *parts_and_wholes(), *outcomes(), *budgets()]


@pytest.mark.parametrize(("title", "limits", "names"), PLANTED, ids=[title for title, _, _ in PLANTED])
def test_planted_contradictions_are_named(title: str, limits: Limits, names: set[str], islands_system: System) -> None:
    """By limits that cannot hold together, and by what would help."""
    plan = islands.small_plan(limit=limits)
    result = opt.solve(opt.Problem(islands_system, opt.read_plan(plan), "mine.toml"))
    assert result.status.standing is Standing.INFEASIBLE, title
    assert {limit["name"] for limit in limits if repr(limit["name"]) in result.conflict[0]} == names, result.conflict
    assert result.conflict[1].startswith(("The least that would help: '", "The least that would help, about: '"))


def found(system: System, limits: Limits) -> Conflict | None:
    """The conflict at the model's own levers."""
    problem = opt.Problem(system, opt.read_plan(islands.small_plan(limit=limits)))
    return conflict(problem, program(state(problem), problem), problem.own)


def test_there_are_fifty() -> None:
    """As promised."""
    assert len(PLANTED) >= 50


def test_limits_that_agree_have_no_conflict(islands_system: System) -> None:
    """Nothing is made up."""
    assert found(islands_system, [islands.BUDGET, islands.FLOOR]) is None


def test_many_elements_of_a_limit_are_told_together() -> None:
    """The first one, and how many others; every member stays what it is."""
    cap = Member("cap", (), 2030.0, "at most", "3", 0.0, "yuan")
    floors = [Member("floor", (name,), 2030.0 + year, "at least", "1", 0.5, "yuan") for year, name in enumerate("abcd")]
    found = Conflict((cap, *floors), tuple(floors), proved=True)
    assert found.sentences == (
        "These limits contradict each other: 'cap' in 2030 at most 3 yuan; "
        "'floor' of a and 3 others in 2030 to 2033 at least 1 yuan.",
        "The least that would help: 'floor' of a and 3 others in 2030 to 2033 up to 0.5 yuan more.",
    )
    assert len(Conflict((cap, *floors[:3]), (), proved=True).sentences[0].split(";")) == 4


def test_only_what_contradicts_is_named(islands_system: System) -> None:
    """No part could be left out, and limits beside it are not named."""
    beside = spend("beside", at_most=17.0, where={"island": "north"})
    conflict = found(islands_system, [spend("floor", at_least=4.0), spend("ceiling", at_most=3.0), beside])
    assert conflict is not None
    assert conflict.proved
    assert {member.limit for member in conflict.members} == {"floor", "ceiling"}


def test_a_constraint_that_is_called_like_a_limit_tells_its_own_bound(islands_system: System) -> None:
    """Somebody's Pyomo constraint is none of the plan's limits, whatever its name."""

    def thrift(model: pyo.ConcreteModel) -> None:
        model.floor = pyo.Constraint(expr=sum(model.levers.values()) <= 7.5)

    plan = islands.small_plan(limit=[spend("floor", at_least=4.0)])
    problem = opt.Problem(islands_system, opt.read_plan(plan))
    found = conflict(problem, program(state(problem, thrift), problem), problem.own)
    assert found is not None
    assert "'floor' at most 7.5" in found.sentences[0]
    assert "at least 4 money a year" in found.sentences[0]


def test_a_conflict_that_takes_too_long_is_given_up(islands_system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while the result says so; it is infeasible all the same."""

    def slow(posed: ConvexProgram, *, stop: Callable[[], bool]) -> Answer:
        none = np.zeros(len(posed.cost)), np.zeros(len(posed.row_lower))
        assert stop()
        return Answer(*none, np.inf, stopped=True)

    monkeypatch.setattr(infeasibility, "solve", slow)
    monkeypatch.setattr(conclusion, "PATIENCE", 0.0)
    content = islands.small_plan(limit=[islands.BUDGET, {**islands.FLOOR, "at_least": 9.0}])
    result = opt.solve(opt.Problem(islands_system, opt.read_plan(content)))
    assert result.status.standing == "infeasible"
    assert result.conflict == ("Which limits contradict each other was not found in 0 seconds.",)


def test_the_least_relaxation_is_exact(islands_system: System) -> None:
    """A floor of 4 under a ceiling of 3 needs 1 in every year, on either side."""
    conflict = found(islands_system, [spend("floor", at_least=4.0), spend("ceiling", at_most=3.0)])
    assert conflict is not None
    by_year: dict[float | None, float] = {}
    for member in conflict.relaxed:
        by_year[member.time] = by_year.get(member.time, 0.0) + abs(member.excess)
    assert np.allclose(list(by_year.values()), 1.0, atol=1e-6)
    assert len(by_year) == 4


def test_a_conflict_reads_well(islands_system: System) -> None:
    """Limits by name with their sides and units, then what would help."""
    conflict = found(islands_system, [spend("floor", at_least=4.0, when={"from": 3, "to": 3}), spend("top", at_most=3)])
    assert conflict is not None
    first, second = conflict.sentences
    assert "contradict each other: 'floor' in 3 at least 4 money a year; 'top' in 3 at most 3 money a year." in first
    assert second.startswith(("The least that would help: '", "The least that would help, about: '"))
    assert "1 money a year" in second

"""A plan meets a model: what does not fit is told at once, and a vector of levers becomes paths for any run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import islands
from support.models import loaded

import optimize as opt
import sd_models as sd
from optimize.problems import problem as problem_module
from sd_models.errors import InvalidRequest, SimulationError
from sd_models.system.model import System

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "lever": ({"lever": [{"variable": "spnding"}]}, "lever 'spnding'.*no variable 'spnding'.*'spending'"),
    "stock as a lever": ({"lever": [{"variable": "capital"}]}, "lever 'capital'.*is a stock, which follows from other"),
    "objective": ({"objective": {"maximize": "welfar"}}, "objective.*no variable 'welfar'.*'welfare'"),
    "objective out of reach": ({"objective": {"maximize": "price"}}, "objective.*no lever reaches 'price'"),
    "element": (
        {"lever": [{"variable": "spending", "where": {"island": "nort"}}]},
        "lever 'spending'.*no element 'nort'.*'north'",
    ),
    "dimension of a lever": (
        {"lever": [{"variable": "spending", "where": {"islnd": "north"}}]},
        "lever 'spending'.*dimension 'islnd'.*'island'",
    ),
    "dimension of the objective": (
        {"objective": {"maximize": "income", "where": {"good": "rice"}}},
        "objective.*dimension 'good'",
    ),
    "twice": (
        {"lever": [{"variable": "spending"}, {"variable": "spending", "where": {"good": "rice"}}]},
        "two levers decide the same elements",
    ),
    "crossed bounds": (
        {"lever": [{"variable": "spending", "lower": 2.0, "upper": [[2, 3.0], [5, 0.0]]}]},
        "lower bound is above its upper bound at 4",
    ),
    "a bound elsewhere": (
        {"lever": [{"variable": "spending", "upper": {"variable": "income", "at": 2}}]},
        "a bound is a number, points, the name of a variable, or the value of one in the baseline",
    ),
    "a ramp that moves": (
        {"lever": [{"variable": "spending", "ramp": {"absolute": "income"}}]},
        "lever 'spending'.*the levers move 'income', and a ramp.*absolute = { variable = \"income\", baseline",
    ),
    "a ramp of another dimension": (
        {"lever": [{"variable": "tax rate", "ramp": {"relative": "people"}}]},
        "lever 'tax rate'.*'people' has the dimension 'island'",
    ),
    "the name of a ramp": (
        {"lever": [{"variable": "spending", "ramp": {"absolute": "poeple"}}]},
        "lever 'spending'.*no variable 'poeple'.*'people'",
    ),
    "the name of fixed values": (
        {"lever": [{"variable": "spending", "fixed": "celing"}]},
        "lever 'spending'.*no variable 'celing'.*'ceiling'",
    ),
    "the dimensions of an amount without the policy": (
        {"limit": [{"name": "x", "variable": "total income", "at_least": {"variable": "income", "baseline": True}}]},
        "limit 'x'.*'income' has the dimension 'island', the limit has: none",
    ),
    "the name of an amount without the policy": (
        {"limit": [{"name": "x", "variable": "income", "at_least": {"variable": "incme", "baseline": True}}]},
        "limit 'x'.*no variable 'incme'.*'income'",
    ),
    "single periods": (
        {"limit": [{"name": "x", "variable": "income", "at_most": 9.0, "when": [3, 4.5]}]},
        "limit 'x'.*no period begins at 4.5; periods begin from 2 to 5",
    ),
    "no whole number of periods": (
        {"limit": [{"name": "x", "variable": "income", "at_most": 9.0, "when": {"from": 3, "every": 1.5}}]},
        "limit 'x'.*1.5 is no whole number of periods of 1. Take 1 or 2",
    ),
    "bound": ({"lever": [{"variable": "spending", "upper": "celing"}]}, "lever 'spending'.*no variable 'celing'"),
    "no element": (
        {"lever": [{"variable": "spending", "where": {"island": []}}]},
        "lever 'spending'.*chooses no element of 'island'",
    ),
    "too late": (
        {"horizon": [2, 2], "lever": [{"variable": "spending", "every": 0.5}], "objective": {"maximize": "income"}},
        "objective.*no lever reaches 'income' within the horizon, only 0.5 after",
    ),
    "start": ({"horizon": [2.2, 5]}, "horizon.*starts at 2.2, which is no time of a run"),
    "length": ({"lever": [{"variable": "spending", "every": 0.3}]}, "0.3 is no whole number of time steps of 0.5"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_is_told(islands_system: System, name: str) -> None:
    """Where in the plan, what was found, what is near."""
    changes, message = BAD[name]
    with pytest.raises(InvalidRequest, match=message) as caught:
        opt.Problem(islands_system, opt.read_plan(islands.plan(**changes)), "mine.toml")
    assert all(str(fault).startswith("mine.toml") for fault in caught.value.faults)


def test_every_name_that_is_missing_is_told_at_once(islands_system: System) -> None:
    """In the objective, levers and limits."""
    limits = [{"name": "one", "variable": "incme", "at_most": "budgt"}, {"name": "two", "sum": "x", "equals": 1}]
    content = islands.plan(objective={"maximize": "welfar"}, lever=[{"variable": "spnding"}], limit=limits)
    with pytest.raises(InvalidRequest) as caught:
        opt.Problem(islands_system, opt.read_plan(content))
    found = " ".join(fault.found for fault in caught.value.faults)
    assert all(f"'{name}'" in found for name in ("welfar", "spnding", "incme", "budgt", "x"))


def test_every_limit_that_does_not_fit_is_told_at_once(islands_system: System) -> None:
    """With names that are all there."""
    limits = [
        {"name": "one", "sum": "spending", "over": ["islnd"], "at_most": 1},
        {"name": "two", "variable": "total income", "at_most": "ceiling"},
        {"name": "three", "variable": "income", "at_most": 1, "when": {"from": 99}},
    ]
    with pytest.raises(InvalidRequest) as caught:
        opt.Problem(islands_system, opt.read_plan(islands.plan(limit=limits)))
    assert [fault.variable for fault in caught.value.faults] == ["limit 'one'", "limit 'two'", "limit 'three'"]


def test_faults_of_all_kinds_are_told_at_once(islands_system: System) -> None:
    """Names, elements, dimensions, bounds, horizon: nobody comes back for the next one."""
    content = islands.plan(
        horizon=[2.2, 5],
        objective={"maximize": "welfar"},
        lever=[
            {"variable": "spending", "where": {"island": "nort", "god": "rice"}, "upper": "celing"},
            {"variable": "tax rate", "lower": 0.5, "upper": 0.1, "every": 0.3},
        ],
        limit=[
            {"name": "one", "sum": "spending", "over": ["islnd"], "where": {"good": ["rce", "stel"]}, "at_most": 1},
            {"name": "two", "terms": {"incme": 1.0, "capitl": 2.0}, "at_most": 1, "when": {"from": 99}},
        ],
    )
    with pytest.raises(InvalidRequest) as caught:
        opt.Problem(islands_system, opt.read_plan(content), "mine.toml")
    told = [str(fault) for fault in caught.value.faults]
    for part in (
        "starts at 2.2", "'welfar'", "'nort'", "'god'", "'celing'", "lower bound is above", "0.3 is no whole",
        "'islnd'", "'rce'", "'stel'", "'incme'", "'capitl'", "from 99",
    ):  # fmt: skip
        assert sum(part in text for text in told) == 1, (part, told)
    assert len(told) == 13


def test_an_element_and_a_dimension_that_are_not_there_are_told_together(tmp_path: Path) -> None:
    """In a lever and in a limit."""
    system = loaded(tmp_path, "u[r] = 1, 1 ~~|\nr: a, b ~~|\ngain = u[a] + u[b] ~~|")
    content = {
        "model": "case.mdl",
        "horizon": [0, 3],
        "objective": {"maximize": "gain"},
        "lever": [{"variable": "u", "where": {"r": "c"}, "lower": 0, "upper": 10}],
        "limit": [{"name": "l", "variable": "u", "where": {"region": "a"}, "at_most": 2}],
    }
    with pytest.raises(InvalidRequest) as caught:
        opt.Problem(system, opt.read_plan(content))
    assert [fault.variable for fault in caught.value.faults] == ["lever 'u'", "limit 'l'"]


def test_a_problem_is_stated_without_a_run(tmp_path: Path) -> None:
    """A model whose own run is none is told where something is computed, not before all faults of the plan are."""
    system = loaded(tmp_path, "u = 1 ~~|\ngain = LN(-1) + u ~~|")
    content = {"model": "m", "horizon": [0, 3], "objective": {"maximize": "gain"}, "lever": [{"variable": "u"}]}
    problem = opt.Problem(system, opt.read_plan(content))
    with pytest.raises(SimulationError, match="gain is not a number"):
        _ = problem.bound


@given(
    every=st.sampled_from([0.5, 1.0, 2.0]),
    where=st.sampled_from([{}, {"island": "warm"}, {"good": "books"}, {"island": "east", "good": "hard"}]),
    seed=st.integers(0, 5),
)
def test_a_vector_becomes_the_paths_of_a_run(
    islands_system: System, every: float, where: dict[str, Any], seed: int
) -> None:
    """The simulator that everybody uses gives the outcomes that solvers see."""
    lever = {"variable": "spending", "every": every, "where": where}
    content = islands.plan(lever=[lever], horizon=[2, 6 - every], objective={"maximize": "welfare", "measure": "final"})
    problem = opt.Problem(islands_system, opt.read_plan(content))
    x = np.random.default_rng(seed).uniform(0, 2, problem.size)
    run = sd.simulate(islands_system, levers=problem.policy(x), time=sd.TimeSpan(stop=6.0))
    y = problem.outcomes.evaluate(x).y
    assert float(run["welfare"][-1]) == pytest.approx(y[0], rel=1e-13)


def test_a_policy_is_held_between_its_changes(islands_system: System) -> None:
    """Its start and that of each period are enough for the same run, whether or not a value changes there."""
    problem = opt.Problem(islands_system, opt.read_plan(islands.plan()))
    x = problem.own.copy()
    x[0] += 1.0
    held = problem.held_policy(x)
    assert held["time"].to_numpy().tolist() == [0.0, 2.0, 3.0, 4.0, 5.0]
    again, whole = (
        sd.simulate(islands_system, levers=levers, time=sd.TimeSpan(stop=6.0))
        for levers in ({"spending": held["spending"]}, problem.policy(x))
    )
    assert again.equals(whole)


def test_gradients_are_those_of_differences(islands_system: System) -> None:
    """Of every outcome to every lever."""
    limits = [{"name": "cap", "variable": "income", "at_most": 1.0}]
    problem = opt.Problem(islands_system, opt.read_plan(islands.small_plan(limit=limits)))
    outcomes = problem.outcomes
    x = np.random.default_rng(0).uniform(0.2, 1.0, problem.size)
    found = outcomes.gradients(outcomes.evaluate(x), np.arange(len(problem.bound.quantities)))
    for column in (0, 7, problem.size - 1):
        step = np.zeros(problem.size)
        step[column] = 1e-6
        high, low = (outcomes.evaluate(x + sign * step).y for sign in (1, -1))
        np.testing.assert_allclose(found[:, column], (high - low) / 2e-6, rtol=1e-6, atol=1e-8)


def test_products_are_differences_of_gradients(islands_system: System) -> None:
    """Of the second derivative of a weighted sum of all outcomes, more directions than one sweep takes."""
    limits = [{"name": "cap", "variable": "income", "at_most": 1.0}]
    problem = opt.Problem(islands_system, opt.read_plan(islands.small_plan(limit=limits)))
    outcomes, random = problem.outcomes, np.random.default_rng(0)
    x = random.uniform(0.2, 1.0, problem.size)
    weights, directions = random.normal(size=len(problem.bound.quantities)), random.normal(size=(5, problem.size))
    at = outcomes.evaluate(x)
    found = outcomes.products(at, weights, directions)
    for direction, product in zip(directions, found, strict=True):
        high, low = (outcomes.pullback(outcomes.evaluate(x + sign * 1e-5 * direction), weights) for sign in (1.0, -1.0))
        np.testing.assert_allclose(product, (high - low) / 2e-5, rtol=1e-5, atol=1e-6 * np.abs(found).max())


def test_a_problem_neither_compiles_nor_runs_before_it_is_asked(
    islands_system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with a plan is said without a run."""
    monkeypatch.setattr(problem_module, "compile", lambda *_, **__: pytest.fail("something was compiled"))
    ramp = {"variable": "spending", "upper": "budget", "ramp": {"relative": 0.25, "absolute": 0.1}}
    assert opt.Problem(islands_system, opt.read_plan(islands.small_plan(lever=[ramp]))).plan.levers
    wrong = [{"name": "cap", "sum": "spending", "over": ["goods"], "at_most": 1.0}]
    with pytest.raises(InvalidRequest, match="goods"):
        opt.Problem(islands_system, opt.read_plan(islands.small_plan(limit=wrong)))


def test_levers_become_paths_and_come_back(islands_system: System) -> None:
    """`inverse` undoes `paths`, `adjoint` is its transpose, `directions` are its differences."""
    problem = opt.Problem(islands_system, opt.read_plan(islands.small_plan()))
    levers, random = problem.levers, np.random.default_rng(0)
    x, move = random.uniform(0.2, 1.0, (2, levers.size))
    np.testing.assert_allclose(levers.inverse(levers.paths(x)), x, rtol=1e-14)
    slope = random.normal(size=levers.own.shape)
    change = levers.paths(x + move) - levers.paths(x)
    assert float(levers.adjoint(slope) @ move) == pytest.approx(float((slope * change).sum()))
    np.testing.assert_allclose(levers.directions(move[np.newaxis])[0], change, rtol=1e-12, atol=1e-14)


def test_the_models_own_values_are_the_mean_of_each_period(tmp_path: Any) -> None:
    """Where an input moves within a period."""
    path = tmp_path / "moving.mdl"
    path.write_text(islands.MODEL.replace("tax rate = 0.2", "tax rate = 0.1 + 0.01 * Time"), encoding="utf-8")
    plan = islands.plan(lever=[{"variable": "tax rate"}], objective={"maximize": "total income"})
    problem = opt.Problem(sd.load(path), opt.read_plan(plan))
    np.testing.assert_allclose(problem.own, 0.1 + 0.01 * (np.arange(2, 6) + 0.25))


def test_a_lever_beyond_all_numbers_is_told(islands_system: System) -> None:
    """A search may run there; no run of the model is made of it."""
    problem = opt.Problem(islands_system, opt.read_plan(islands.small_plan()))
    assert problem.complaint(np.full(problem.size, np.inf)) == "a lever is larger than numbers reach."

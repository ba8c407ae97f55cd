"""Limits re-checked from the plan's words agree with the rows that a solver is given, and find what is violated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from support import islands
from support.limits import LIMITS, moved, slacks

import optimize as opt
import sd_models as sd
from optimize.plans.plan import read_plan
from optimize.problems.problem import Problem
from optimize.results.verdict import reached
from optimize.results.violations import Violation, largest, objective_of, violations
from sd_models.system.model import System


def run_of(problem: Problem, x: Any) -> Any:
    """The run of a policy at every time step."""
    span = sd.TimeSpan(stop=islands.LAST, save_every=islands.STEP)
    return sd.simulate(problem.system, levers=problem.policy(x), time=span)


def violations_of(problem: Problem, run: xr.Dataset) -> tuple[Violation, ...]:
    """The violations of a run, measured by what it moved."""
    own = run_of(problem, problem.own)
    return violations(problem.plan, problem.system, run, run - own, own)


@pytest.mark.parametrize("name", LIMITS)
def test_words_and_rows_agree(islands_system: System, name: str) -> None:
    """On the value that comes nearest to the limit, or exceeds it most; both read the plan, neither the other."""
    for changes in ({}, {"at_most": None, "at_least": LIMITS[name][0]["at_most"]}):
        limit = {**LIMITS[name][0], **changes, "name": name}
        content = islands.plan(limit=[{k: v for k, v in limit.items() if v is not None}])
        problem = Problem(islands_system, read_plan(content))
        x, _ = moved(problem)
        (rows,) = problem.bound.rows
        low, high = slacks(problem, rows, x)
        over = high if "at_most" in content["limit"][0] else -low
        found = violations_of(problem, run_of(problem, x))[0]
        reached = found.value - found.amount if "at_most" in content["limit"][0] else found.amount - found.value
        assert found.limit == name
        assert np.isclose(over, reached, rtol=1e-9, atol=1e-12).any()
        assert (found.size > 0) == (over.max() > 0)
        assert found.time in rows.times


@pytest.mark.parametrize(("value", "size"), [(1.0, 0.0), (1.5, 0.5), (0.5, 0.5), (4.0, 9 * 3.0 / (9 * 4.0 - 4.5))])
def test_an_amount_to_be_met_is_missed_on_either_side(islands_system: System, value: float, size: float) -> None:
    """By more as by less; relative to what ought to be or, where that is more, to what levers moved of 4.5."""
    limit = {"name": "just so", "sum": "spending", "over": ["island", "good"], "equals": 9.0}
    problem = Problem(islands_system, read_plan(islands.plan(limit=[limit])))
    (found, _, *_) = violations_of(problem, run_of(problem, np.full(problem.size, value)))
    assert (found.limit, found.amount, found.value) == ("just so", 9.0, 9.0 * value)
    assert found.size == pytest.approx(size)
    assert found.room == pytest.approx(-size)


@pytest.mark.parametrize(
    ("limit", "time", "size"),
    [
        ({"at_most": 3.0}, 2, 6 / 4.5),  # what levers moved of 4.5
        ({"at_most": 6.0}, 2, 3 / 6),
        ({"at_least": 12.0}, 2, 3 / 12),
        ({"at_most": 6.0, "when": {"from": 3}}, 3, 3 / 6),
        ({"at_most": 6.0, "when": {"from": 4, "to": 4}}, 4, 3 / 6),
        ({"at_most": [[2, 90.0], [5, 6.0]], "when": {"to": 5}}, 5, 3 / 6),
        ({"at_most": [[2, 6.0], [3, 90.0]], "when": {"to": 2}}, 2, 3 / 6),
        ({"at_most": 30.0, "when": "total"}, 2, 6 / 30),
        ({"at_most": 6.0, "when": {"each": 2}}, 2, 12 / 9),
        ({"at_most": 12.0, "when": {"each": 3}}, 2, 15 / 13.5),
        ({"at_least": 12.0, "when": {"each": 3}}, 5, 3 / 12),  # the last of them is one year
        ({"at_most": 6.0, "when": "final"}, 6, 3 / 6),
    ],
)
def test_periods_totals_and_their_sizes(
    islands_system: System, limit: dict[str, Any], time: float, size: float
) -> None:
    """Nine lever values of 1 against 4.5 of the model's own, in years, totals of years, and at the end."""
    limit = {"name": "sum", "sum": "spending", "over": ["island", "good"], **limit}
    problem = Problem(islands_system, read_plan(islands.plan(limit=[limit])))
    found, *_ = violations_of(problem, run_of(problem, np.ones(problem.size)))
    assert (found.limit, found.place, found.time) == ("sum", "sum", time)
    assert found.size == pytest.approx(size)
    assert found.room == pytest.approx(-size)


def test_bounds_have_sizes_of_their_own(islands_system: System) -> None:
    """The amount, or what that lever moved alone; the first of equals is told, and how much room is left elsewhere."""
    lever = {"variable": "spending", "lower": 1.25, "upper": 0.5}
    problem = Problem(islands_system, read_plan(islands.plan(lever=[{**lever, "lower": 0.25}])))
    plan = problem.plan.model_copy(update={"levers": (problem.plan.levers[0].model_copy(update={"lower": 1.25}),)})
    run = run_of(problem, np.ones(problem.size))
    own = run_of(problem, problem.own)
    lower, upper = violations(plan, islands_system, run, run - own, own)
    assert (lower.place, lower.time, lower.size) == ("lower bound of spending[north, rice]", 2, pytest.approx(0.2))
    assert (upper.place, upper.time, upper.size) == ("upper bound of spending[south, steel]", 2, pytest.approx(1.0))
    kept, _ = violations_of(problem, run)
    assert kept.size == 0
    assert kept.room == pytest.approx(0.75 / 0.25)  # of the range between both bounds


def test_a_limit_of_zero_is_told_by_its_two_sides(islands_system: System) -> None:
    """What counts less than nothing is the amount; room and size are those of the difference."""
    terms = [{"variable": "tax rate", "factor": 1.0}, {"variable": "tax rate", "factor": -0.25}]
    limit = {"name": "floor", "terms": terms, "at_least": 0.0}
    problem = Problem(islands_system, read_plan(islands.plan(limit=[limit])))
    found, *_ = violations_of(problem, run_of(problem, problem.own))
    assert found.value == pytest.approx(4.0 * found.amount)
    assert found.amount > 0.0
    assert found.unit == islands_system["tax rate"].unit


def test_a_bound_of_zero_is_told_where_it_is_nearest(islands_system: System) -> None:
    """Not at the first place of what began at zero; room is a part of the lever's range."""
    for upper, room in ((None, 0.25 / 9.0), (5.0, 0.25 / 5.0)):  # the model itself says at most 9
        lever = {"variable": "spending", "lower": 0.0} | ({} if upper is None else {"upper": upper})
        problem = Problem(islands_system, read_plan(islands.plan(lever=[lever])))
        run = run_of(problem, problem.own)
        run["spending"][:] = 2.0
        run["spending"][8:10, 1, 2] = 0.25
        found, *_ = violations(problem.plan, islands_system, run, 1.0 * run, run)
        assert (found.size, found.time, found.value, found.amount) == (0.0, 4, 0.25, 0.0)
        assert found.room == pytest.approx(room)


def test_dust_above_a_bound_of_zero_leaves_no_room(islands_system: System) -> None:
    """What a search leaves there is nothing beside the lever's other values."""
    problem = Problem(islands_system, read_plan(islands.plan(lever=[{"variable": "spending", "lower": 0.0}])))
    run = run_of(problem, problem.own)
    run["spending"][:] = 2.0
    run["spending"][8:10, 1, 2] = 1e-12
    found, *_ = violations(problem.plan, islands_system, run, 1.0 * run, run)
    assert reached(found)
    assert found.time == 4


@pytest.mark.parametrize(("value", "size"), [(0.3, 0.0), (0.33, 0.1), (0.27, 0.1)])
def test_fixed_values_are_missed_on_either_side(islands_system: System, value: float, size: float) -> None:
    """By more as by less."""
    problem = Problem(islands_system, read_plan(islands.plan(lever=[{"variable": "tax rate", "fixed": 0.3}])))
    (found,) = violations_of(problem, run_of(problem, np.full(problem.size, value)))
    assert (found.limit, found.size) == ("fixed values of tax rate", pytest.approx(size))


def test_bounds_that_a_plan_does_not_name_are_the_models(islands_system: System) -> None:
    """As its file has them: a tax rate from 0.05 to 0.5."""
    problem = Problem(islands_system, read_plan(islands.plan(lever=[{"variable": "tax rate"}])))
    for value, missed in ((0.6, "upper"), (0.04, "lower")):
        run = run_of(problem, problem.own)
        run["tax rate"][:] = value
        told = {item.limit: item.size > 0 for item in violations_of(problem, run)}
        assert told == {f"{side} bound of tax rate": side == missed for side in ("lower", "upper")}


def test_an_amount_that_the_levers_move_counts_as_it_is_without_them(islands_system: System) -> None:
    """Or with what they moved of it and of the value, where that is more."""
    limit = {**islands.BUDGET, "when": {"from": 5, "to": 5}}
    problem = Problem(islands_system, read_plan(islands.plan(limit=[limit])))
    run, own = run_of(problem, np.full(problem.size, 1.5)), run_of(problem, problem.own)
    found, *_ = violations_of(problem, run)
    budget, before = (float(each["budget"].sel(time=[5.0, 5.5]).mean()) for each in (run, own))
    assert budget != pytest.approx(before, rel=0.1)
    assert found.amount == pytest.approx(budget)
    assert found.size == pytest.approx((13.5 - budget) / max(before, 13.5 - 4.5 + abs(budget - before)))


def test_ramps_have_sizes_of_both_years(islands_system: System) -> None:
    """What was moved of this year's value and, with its share, of last year's; rises and falls apart."""
    lever = {"variable": "tax rate", "every": 2, "ramp": {"relative": 0.1, "absolute": 0.02}}
    problem = Problem(islands_system, read_plan(islands.plan(horizon=[2, 4], lever=[lever])))
    found = {}
    for first, second in ((0.3, 0.5), (0.5, 0.3)):
        run = run_of(problem, np.array([first, second]))
        told = {item.limit: item for item in violations_of(problem, run)}
        for kind, sign in (("rise", 1.0), ("fall", -1.0)):
            item = told[f"largest {kind} of tax rate"]
            share, most = 1.0 + sign * 0.2, sign * 0.04  # of two years
            size = max(abs(most), abs(second - 0.2) + share * abs(first - 0.2))
            over = sign * (second - share * first - most)
            assert (item.time, item.amount) == (4, pytest.approx(most))
            assert item.value == pytest.approx(second - share * first)
            assert item.room == pytest.approx(-over / size)
            found[kind, first] = item.size > 0
    assert found == {("rise", 0.3): True, ("fall", 0.3): False, ("rise", 0.5): False, ("fall", 0.5): True}


def test_a_lever_counts_with_its_value_and_an_outcome_with_its_largest(islands_system: System) -> None:
    """Where nothing was moved and there is no amount: at each time, of each element."""
    for variable, sizes in (("spending", 2.0), ("income", 4.0)):
        limit = {"name": "none", "variable": variable, "at_most": 0.0, "when": {"from": 3, "to": 3}}
        problem = Problem(islands_system, read_plan(islands.plan(limit=[limit])))
        run = run_of(problem, problem.own)
        run[variable][:] = 9.0
        values = run[variable].isel({run[variable].dims[1]: 1})
        values[:] = 2.0
        values[8] = 4.0  # at 4, where the limit does not look
        run[variable].isel({run[variable].dims[1]: 0})[:] = -1.0
        run[variable].isel({run[variable].dims[1]: 2})[:] = -1.0
        found, *_ = violations(problem.plan, islands_system, run, 0 * run, run)
        assert found.value == pytest.approx(2.0)
        assert found.size == pytest.approx(2.0 / sizes)


def test_no_limit_is_missed_by_nothing() -> None:
    """Where there are none."""
    assert largest(()) == 0.0


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({"measure": "integral"}, lambda path, time: 0.5 * path[:-1].sum()),
        ({"measure": "final"}, lambda path, time: path[-1]),
        ({"measure": "mean"}, lambda path, time: path[:-1].mean()),
        ({"discount": 0.1}, lambda path, time: 0.5 * (path * np.exp(-0.1 * (time - 2)))[:-1].sum()),
        (
            {"discount": 0.1, "final_weight": 3.0},
            lambda path, time: 0.5 * (path * np.exp(-0.1 * (time - 2)))[:-1].sum() + 3 * path[-1] * np.exp(-0.4),
        ),
    ],
)
def test_the_objective_is_that_of_the_words(islands_system: System, changes: dict[str, Any], known: Any) -> None:
    """In plain NumPy over half years from 2 to 6, of the islands that the plan names."""
    goal = {"maximize": "income", "where": {"island": "warm"}, **changes}
    problem = Problem(islands_system, read_plan(islands.plan(objective=goal)))
    run = run_of(problem, np.ones(problem.size))
    path = run["income"].to_numpy()[4:, 1:].sum(axis=1)
    assert objective_of(problem.plan, islands_system, run) == pytest.approx(known(path, np.arange(2.0, 6.5, 0.5)))


def test_a_limit_that_is_called_like_a_bound_hides_no_bound(islands_system: System) -> None:
    """Both are told, each with its own amount."""
    name = "upper bound of spending"
    limit = {"name": name, "variable": "total income", "at_most": 90.0}
    content = islands.plan(lever=[{"variable": "spending", "upper": 0.5}], limit=[limit])
    problem = Problem(islands_system, read_plan(content))
    found = violations_of(problem, run_of(problem, np.full(problem.size, 0.75)))
    told = {item.limit: (item.amount, item.size) for item in found}
    assert told[name] == (90.0, 0.0)
    assert told[f"{name} (2)"] == (0.5, pytest.approx(0.25 / 0.5))


def test_bounds_and_ramps_are_levers_limits(islands_system: System) -> None:
    """Each by its own name; a lever that keeps them has no violation."""
    ramp = {"relative": 0.25, "absolute": 0.1}
    levers = [
        {"variable": "spending", "where": {"island": "north"}, "lower": 0.5, "upper": [[2, 1.0], [4, 2.0]]},
        {"variable": "spending", "where": {"island": "warm"}, "upper": "income", "ramp": ramp},
        {"variable": "tax rate", "fixed": 0.3},
    ]
    problem = Problem(islands_system, read_plan(islands.plan(lever=levers)))
    north, warm, tax = problem.bound.blocks
    x = np.zeros(problem.size)
    x[north.columns], x[tax.columns] = 0.75, 0.3
    x[warm.columns] = np.tile([0.2, 0.3, 0.4, 0.5], 6)
    assert largest(violations_of(problem, run_of(problem, x))) == 0
    x[north.numbers[1, 2]], x[warm.numbers[0, 3]], x[tax.columns] = 3.0, 0.9, 0.31
    found = {item.limit: item for item in violations_of(problem, run_of(problem, x))}
    upper = found["upper bound of spending"]
    assert (upper.place, upper.time, upper.value, upper.amount) == ("upper bound of spending[north, steel]", 4, 3, 2)
    assert upper.size == pytest.approx(1 / (3 - 0.2))
    rise = found["largest rise of spending"]
    assert (rise.time, rise.value, rise.amount) == (5, pytest.approx(0.9 - 0.5), 0.1)
    assert found["fixed values of tax rate"].size == pytest.approx(0.01 / 0.3)
    assert found["lower bound of spending"].size == 0


def test_a_run_without_numbers_violates_everything(islands_system: System) -> None:
    """NaN is never within a limit."""
    content = islands.plan(limit=[{"name": "x", "variable": "income", "at_most": 1.0}])
    problem = Problem(islands_system, read_plan(content))
    run = run_of(problem, problem.own)
    run["income"][10, 1] = np.nan
    assert largest(violations_of(problem, run)) == np.inf


def test_a_stock_that_is_used_up_may_miss_zero_by_a_rounding(islands_system: System) -> None:
    """A limit of zero on what is zero there counts in what the levers moved, without that in the stock's largest."""
    limit = {"name": "not in debt", "variable": "capital", "at_least": 0.0, "when": "final"}
    problem = Problem(islands_system, read_plan(islands.plan(limit=[limit])))
    run = run_of(problem, problem.own)
    run["capital"][-1] = -1e-12
    assert 0 < largest(violations_of(problem, run)) < 1e-11
    run["capital"][-1, 0, 0] = -0.4  # moved from 1.49
    assert largest(violations_of(problem, run)) == pytest.approx(0.4 / 1.89, rel=1e-2)
    still = violations(problem.plan, islands_system, run, 0 * run, run)
    assert largest(still) == pytest.approx(0.4 / float(run["capital"][4:, 0, 0].max()))


DIFFERENCE = """{UTF-8}
f = -(x - 900)^2 ~~|
a = 1e9 + x ~~|
b = 1e9 ~~|
x = 0 ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 1 ~~|
TIME STEP = 1 ~~|
SAVEPER = TIME STEP ~~|
"""


def test_a_difference_of_large_numbers_is_held_as_a_difference(tmp_path: Path) -> None:
    """At most 1 between two billions is 1, whatever the billions; PySD's run is judged likewise."""
    (tmp_path / "difference.mdl").write_text(DIFFERENCE, encoding="utf-8")
    content = {
        "model": "difference.mdl",
        "horizon": [0, 0],
        "objective": {"maximize": "f"},
        "lever": [{"variable": "x", "lower": 0, "upper": 5000}],
        "limit": [{"name": "gap", "terms": {"a": 1.0, "b": -1.0}, "at_most": 1}],
    }
    result = opt.solve(opt.Problem(sd.load(tmp_path / "difference.mdl"), read_plan(content)))
    assert result.findings.is_feasible
    for value, missed in ((1.001, 1e-3), (900.0, 899 / 900)):
        greedy = result.policy.copy(deep=True)
        greedy["x"][:] = value
        found = opt.verify(replace(result, policy=greedy))
        assert found.largest_limit_violation == pytest.approx(missed, rel=1e-3)
        assert not found.status.is_optimal

"""What a limit of a plan says is what its rows hold: each against the same run by hand in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import islands
from support.islands import STEP
from support.limits import LIMITS, START, Run, always, final, moved, slacks, total

from optimize.plans.horizon import Window, WindowKind
from optimize.plans.kinds import RowKind
from optimize.plans.plan import read_plan
from optimize.problems.problem import Problem
from sd_models.errors import InvalidRequest
from sd_models.system.model import System


@pytest.fixture(scope="module")
def problem(islands_system: System) -> Problem:
    """All limits in one plan."""
    limits = [{"name": name, **content} for name, (content, _) in LIMITS.items()]
    return Problem(islands_system, read_plan(islands.plan(limit=limits)))


@pytest.mark.parametrize("name", LIMITS)
def test_rows_hold_what_a_limit_says(problem: Problem, name: str) -> None:
    """By how much the policy exceeds the limit, for each cell and window."""
    (rows,) = (rows for rows in problem.bound.rows if rows.name == name)
    x, run = moved(problem)
    expected = LIMITS[name][1](run)
    low, found = slacks(problem, rows, x)
    np.testing.assert_allclose(np.moveaxis(found, -1, 0), expected, rtol=1e-12, atol=1e-12)
    assert np.isinf(low).all()
    assert [len(elements) for elements in rows.axes.values()] == list(expected.shape[1:])


def test_a_limit_keeps_names_and_times_of_what_it_is_about(problem: Problem) -> None:
    """The elements that `where` leaves, and the times at which the windows begin."""
    by_name = {rows.name: rows for rows in problem.bound.rows}
    part = by_name["where a subrange, summed over the other dimension"]
    assert dict(part.axes) == {"island": ("south", "east")}
    assert part.times.tolist() == [2, 3, 4, 5]
    assert by_name["final"].times.tolist() == [6]
    assert by_name["total"].unit == "money"
    assert by_name["totals of three years, the last one shorter"].times.tolist() == [2, 5]


def test_both_ends_and_equality(islands_system: System) -> None:
    """Numbers may stand on both sides; `equals` is both at once, also against what moves."""
    limits = [
        {"name": "between", "variable": "total income", "at_least": 1.0, "at_most": 4.0},
        {"name": "balanced", "sum": "spending", "over": ["island", "good"], "equals": "budget"},
    ]
    problem = Problem(islands_system, read_plan(islands.plan(limit=limits)))
    x, run = moved(problem)
    between, balanced = (slacks(problem, rows, x) for rows in problem.bound.rows)
    np.testing.assert_allclose(between[0], always(run["total income"]) - 1, rtol=1e-12)
    np.testing.assert_allclose(between[1], always(run["total income"]) - 4, rtol=1e-12)
    for found in balanced:
        expected = always(run["spending"].sum(axis=(1, 2)) - run["budget"])
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@given(
    over=st.lists(st.sampled_from(["island", "good"]), unique=True),
    island=st.sampled_from(["*", "north", "warm", ("north", "east")]),
    good=st.sampled_from(["*", "books", "hard", ("rice", "books")]),
    variable=st.sampled_from(["spending", "capital"]),
    when=st.sampled_from(["always", "final", "total"]),
    seed=st.integers(0, 9),
)
def test_any_part_over_any_dimensions(
    islands_system: System, over: list[str], island: Any, good: Any, variable: str, when: str, seed: int
) -> None:
    """Whatever is left out, and whatever is summed."""
    limit = {"name": "x", "sum": variable, "over": over, "where": {"island": island, "good": good}}
    content = islands.plan(limit=[{**limit, "at_least": 0.5, "when": when}])
    problem = Problem(islands_system, read_plan(content))
    x, run = moved(problem, seed)
    places = {"*": [0, 1, 2], "north": [0], "warm": [1, 2], ("north", "east"): [0, 2]}
    goods = {"*": [0, 1, 2], "books": [2], "hard": [0, 1], ("rice", "books"): [0, 2]}
    part = run[variable][:, places[island]][:, :, goods[good]]
    part = part.sum(axis=tuple(1 + ("island", "good").index(name) for name in over))
    measured = {"always": always, "final": final, "total": total}[when](part)
    (rows,) = problem.bound.rows
    np.testing.assert_allclose(np.moveaxis(slacks(problem, rows, x)[0], -1, 0), measured - 0.5, rtol=1e-11, atol=1e-12)


# --- levers -----------------------------------------------------------------------------------------------------------


def test_bounds_are_the_plans_else_the_models(islands_system: System) -> None:
    """Numbers, points, variables that no lever moves; without any, the limits that the model gives."""
    levers = [
        {"variable": "spending", "where": {"island": "north"}, "lower": 0.5, "upper": [[2, 1.0], [4, 2.0]]},
        {"variable": "spending", "where": {"island": "warm"}, "upper": "ceiling"},
        {"variable": "tax rate", "every": 2.0},
    ]
    problem = Problem(islands_system, read_plan(islands.plan(lever=levers)))
    north, warm, tax = problem.bound.blocks
    assert north.lower.tolist() == [[0.5] * 4] * 3
    assert north.upper.tolist() == [[1.0, 1.5, 2.0, 2.0]] * 3
    assert warm.lower.tolist() == [[0.0] * 4] * 6
    assert warm.upper.tolist() == [[4.0] * 4] * 3 + [[5.0] * 4] * 3
    assert (tax.lower.tolist(), tax.upper.tolist()) == ([[0.05, 0.05]], [[0.5, 0.5]])
    assert tax.starts.tolist() == [2, 4]
    assert problem.size == 3 * 4 + 6 * 4 + 2


def test_a_bound_that_levers_move_is_a_row(islands_system: System) -> None:
    """The lever keeps no number as its bound; the row holds it below the variable."""
    levers = [{"variable": "spending", "where": {"good": "rice"}, "upper": "income"}]
    problem = Problem(islands_system, read_plan(islands.plan(lever=levers)))
    x, run = moved(problem)
    (rows,) = problem.bound.rows
    assert rows.name == "upper bound of spending"
    assert np.isinf(problem.upper).all()
    expected = always(run["spending"][:, :, :1] - run["income"][:, :, np.newaxis])
    np.testing.assert_allclose(np.moveaxis(slacks(problem, rows, x)[1], -1, 0), expected, rtol=1e-12, atol=1e-12)


def test_a_lower_bound_that_levers_move_is_a_row(islands_system: System) -> None:
    """Also where the model has a bound of its own, which does not hold beside it."""
    levers = [{"variable": "tax rate", "lower": "welfare"}, {"variable": "spending"}]
    problem = Problem(islands_system, read_plan(islands.plan(lever=levers)))
    assert [rows.name for rows in problem.bound.rows] == ["lower bound of tax rate"]
    tax, _ = problem.bound.blocks
    assert (tax.lower.tolist(), tax.upper.tolist()) == ([[-np.inf] * 4], [[0.5] * 4])


def test_a_relative_ramp_of_what_may_be_negative_is_a_fault(islands_system: System) -> None:
    """A share of a negative value would force the lever down."""
    lever = {"variable": "spending", "lower": -1.0, "ramp": {"relative": 0.25, "absolute": 0.1}}
    with pytest.raises(InvalidRequest, match="share of a value that may be negative"):
        Problem(islands_system, read_plan(islands.plan(lever=[lever])))


def test_a_ramp_bounds_rise_and_fall(islands_system: System) -> None:
    """By a share of the value before, and an amount; both for each unit of time of the earlier period."""
    lever = {"variable": "spending", "every": 2.0, "ramp": {"relative": 0.25, "absolute": 0.1}}
    problem = Problem(islands_system, read_plan(islands.plan(lever=[lever], horizon=[2, 4])))
    x, _ = moved(problem)
    values = x.reshape(3, 3, 2)
    before, after = values[..., 0], values[..., 1]
    fall, rise = problem.bound.rows
    np.testing.assert_allclose(slacks(problem, fall, x)[0][..., 0], after - (before * 0.5 - 0.2), rtol=1e-12)
    np.testing.assert_allclose(slacks(problem, rise, x)[1][..., 0], after - (before * 1.5 + 0.2), rtol=1e-12)
    assert fall.times.tolist() == [4]


def test_a_kind_is_a_value_and_not_a_part_of_a_name(islands_system: System) -> None:
    """A limit may be called as a ramp, a bound or a window is; what the plan says of a lever is numbered then."""
    levers = [{"variable": "tax rate", "upper": "welfare", "ramp": {"absolute": 0.1}}, {"variable": "spending"}]
    names = ("ramp of tax rate", "upper bound of tax rate", "final")
    limits = [{"name": name, "variable": "total income", "at_most": 9.0} for name in names]
    problem = Problem(islands_system, read_plan(islands.plan(lever=levers, limit=limits)))
    assert [(rows.kind, rows.name) for rows in problem.bound.rows] == [
        *((RowKind.LIMIT, name) for name in names),
        (RowKind.UPPER_BOUND, "upper bound of tax rate (2)"),
        (RowKind.RAMP, "ramp of tax rate (2)"),
    ]


def test_rows_know_their_windows(islands_system: System) -> None:
    """What is taken of a path, and from when to when; a shorter end is one of its own."""
    limits = [
        {"name": "final", "variable": "total income", "at_most": 9.0},
        {"name": "end", "variable": "total income", "at_most": 9.0, "when": "final"},
        {"name": "sums", "variable": "total income", "at_most": 9.0, "when": {"each": 3.0}},
    ]
    problem = Problem(islands_system, read_plan(islands.plan(limit=limits)))
    mean, end, sums = (rows.windows for rows in problem.bound.rows)
    assert mean == tuple(Window(WindowKind.MEAN, time, time + 1) for time in (2.0, 3.0, 4.0, 5.0))
    assert end == (Window(WindowKind.FINAL, 6.0, 6.0),)
    assert sums == (Window(WindowKind.TOTAL, 2.0, 5.0), Window(WindowKind.TOTAL, 5.0, 6.0))
    assert [rows.is_total for rows in problem.bound.rows] == [False, False, True]


def test_a_ramp_without_a_share_is_one_row(islands_system: System) -> None:
    """Both ways by the same amount."""
    lever = {"variable": "tax rate", "ramp": {"absolute": 0.1}}
    problem = Problem(islands_system, read_plan(islands.plan(lever=[lever])))
    x, _ = moved(problem)
    (rows,) = problem.bound.rows
    low, high = slacks(problem, rows, x)
    np.testing.assert_allclose(low, np.diff(x) + 0.1, rtol=1e-12)
    np.testing.assert_allclose(high, np.diff(x) - 0.1, rtol=1e-12)


def test_fixed_levers_are_given_not_decided(islands_system: System) -> None:
    """A number or a path; both bounds are equal."""
    levers = [
        {"variable": "spending", "where": {"island": "north"}, "fixed": [[2, 1.0], [5, 4.0]]},
        {"variable": "spending", "where": {"island": "warm"}},
    ]
    problem = Problem(islands_system, read_plan(islands.plan(lever=levers)))
    assert problem.bound.blocks[0].lower.tolist() == [[1.0, 2.0, 3.0, 4.0]] * 3
    assert (problem.bound.blocks[0].lower == problem.bound.blocks[0].upper).all()


def test_what_is_not_decided_keeps_the_models_values(islands_system: System) -> None:
    """In the run and in sums: only east is decided, and its rice only from the start of the horizon."""
    levers = [{"variable": "spending", "where": {"island": "east", "good": "rice"}}]
    limits = [{"name": "all", "sum": "spending", "over": ["island", "good"], "at_most": 5.0}]
    problem = Problem(islands_system, read_plan(islands.plan(lever=levers, limit=limits)))
    x, run = moved(problem)
    policy = problem.policy(x)["spending"].to_numpy()
    np.testing.assert_array_equal(policy[:START], np.broadcast_to(islands.OWN_SPENDING, (START, 3, 3)))
    np.testing.assert_array_equal(policy[:, :2], np.broadcast_to(islands.OWN_SPENDING[:2], (13, 2, 3)))
    (rows,) = problem.bound.rows
    expected = always(run["spending"].sum(axis=(1, 2))) - 5.0
    np.testing.assert_allclose(slacks(problem, rows, x)[1], expected, rtol=1e-12)


# --- objective --------------------------------------------------------------------------------------------------------

SINCE = np.arange(0.0, 4.25, STEP)
OBJECTIVES: dict[str, tuple[dict[str, Any], Callable[[Run], float]]] = {
    "integral": ({"maximize": "total income"}, lambda r: STEP * r["total income"][START:-1].sum()),
    "mean": ({"minimize": "total income", "measure": "mean"}, lambda r: r["total income"][START:-1].mean()),
    "final": ({"maximize": "total income", "measure": "final"}, lambda r: r["total income"][-1]),
    "discounted": (
        {"maximize": "total income", "discount": 0.04},
        lambda r: STEP * (np.exp(-0.04 * SINCE) * r["total income"][START:])[:-1].sum(),
    ),
    "discounted with a last value": (
        {"maximize": "total income", "discount": 0.04, "final_weight": 3.0},
        lambda r: (
            STEP * (np.exp(-0.04 * SINCE) * r["total income"][START:])[:-1].sum()
            + 3 * np.exp(-0.16) * r["total income"][-1]
        ),
    ),
    "sum of elements": (
        {"maximize": "income", "where": {"island": "warm"}, "measure": "final"},
        lambda r: r["income"][-1, 1:].sum(),
    ),
    "a lever": ({"minimize": "spending"}, lambda r: STEP * r["spending"][START:-1].sum()),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_objective_is_what_the_plan_says(islands_system: System, name: str) -> None:
    """Measure, discount, last value, elements."""
    content, by_hand = OBJECTIVES[name]
    problem = Problem(islands_system, read_plan(islands.plan(objective=content)))
    x, run = moved(problem)
    y, row = problem.outcomes.evaluate(x).y, problem.bound.objective
    found = row.constant[0] + row.levers.matrix((1, len(x))) @ x + row.outcomes.matrix((1, len(y))) @ y
    assert found[0] == pytest.approx(by_hand(run), rel=1e-12)


# --- faults -----------------------------------------------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "dimension to sum": ({"sum": "spending", "over": ["islnd"]}, "no dimension 'islnd'.*Did you mean 'island'"),
    "sum of nothing": ({"sum": "spending"}, "no `over` that says what is summed.*'island', 'good'"),
    "dimension of where": ({"variable": "income", "where": {"god": "rice"}}, "names the dimension 'god'"),
    "element": ({"variable": "income", "where": {"island": "nort"}}, "no element 'nort'.*Did you mean 'north'"),
    "variable": ({"variable": "incme"}, "no variable 'incme'.*Did you mean 'income'"),
    "by": ({"terms": [{"variable": "spending", "by": "budgt"}]}, "no variable 'budgt'.*'budget'"),
    "by what levers move": (
        {"terms": [{"variable": "spending", "over": ["island", "good"], "by": "budget"}]},
        "the levers move 'budget'",
    ),
    "amount with more dimensions": ({"variable": "total income", "at_most": "ceiling"}, "'ceiling' has the dimension"),
    "amount": ({"variable": "income", "at_most": "celing"}, "no variable 'celing'.*'ceiling'"),
    "period": ({"variable": "income", "when": {"from": 9}}, "no period begins"),
    "value at": ({"variable": "income", "at_most": {"variable": "income", "at": 2.5}}, "no period begins at 2.5"),
    "each": ({"variable": "income", "when": {"each": 0.3}}, "no whole number of time steps"),
    "points": ({"variable": "income", "at_most": [[3, 1], [2, 1]]}, "do not ascend"),
    "two moving ends": (
        {"variable": "total income", "at_most": "budget", "at_least": 1.0},
        "one of two bounds follows from the run",
    ),
    "different elements of terms": (
        {
            "terms": [
                {"variable": "income", "where": {"island": "north"}},
                {"variable": "income", "where": {"island": "south"}, "factor": -1.0},
            ]
        },
        "keep different elements of 'island'",
    ),
    "dimensions of terms": (
        {"terms": [{"variable": "spending"}, {"variable": "income", "over": ["god"]}]},
        "no dimension 'god'",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_fault_names_the_limit_and_what_is_meant(islands_system: System, name: str) -> None:
    """What was found and the nearest names."""
    content, message = BAD[name]
    limit = {"name": "mine", "at_most": 1.0, **content}
    with pytest.raises(InvalidRequest, match=message) as caught:
        Problem(islands_system, read_plan(islands.plan(limit=[limit])), "mine.toml")
    assert str(caught.value.faults[0]).startswith("mine.toml, \"limit 'mine'\": ")

"""A shadow price is what the objective gains by one more unit of a limit, as solving again with that unit shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import islands

import optimize as opt
from optimize.results.prices import current, objective_unit, shadow_prices
from sd_models.system.model import System

BUDGET = {"name": "budget", "sum": "spending", "over": ["island", "good"], "at_most": [[2, 4.0], [5, 5.5]]}
CAP = {"name": "cap", "variable": "total income", "at_most": 5.2, "when": "final"}
LEVERS = [
    {"variable": "spending", "where": {"island": "north"}, "lower": 0.3, "upper": 0.45},
    {"variable": "spending", "where": {"island": "warm"}, "upper": 2.0},
]
STEP = 1e-4


def solved(system: System, **changes: Any) -> opt.Result:
    """A plan in which a budget, a floor, a cap on an outcome and bounds bind."""
    content = islands.small_plan(**{"lever": LEVERS, "limit": [BUDGET, islands.FLOOR, CAP], **changes})
    return opt.solve(opt.Problem(system, opt.read_plan(content)))


@pytest.fixture(scope="module")
def result(islands_system: System) -> opt.Result:
    """The plan as it stands."""
    found = solved(islands_system)
    assert found.findings.is_feasible
    assert found.kkt_residual <= 1e-6
    return found


def slope(system: System, change: Any) -> float:
    """The change of the objective with that of an amount, by central differences; `change` gives the plan's parts."""
    high, low = (solved(system, **change(step)).objective for step in (STEP, -STEP))
    return (high - low) / (2 * STEP)


def test_the_price_of_a_budget(islands_system: System, result: opt.Result) -> None:
    """In one year: the points around it are moved up."""
    price = result.shadow_prices["budget"]
    assert (price.to_numpy() > 0).all()

    def more(step: float) -> dict[str, Any]:
        points = [[2, 4.0], [3, 4.5 + step], [4, 5.0], [5, 5.5]]
        return {"limit": [{**BUDGET, "at_most": points}, islands.FLOOR, CAP]}

    assert float(price.sel(time=3)) == pytest.approx(slope(islands_system, more), rel=1e-3)


def test_the_price_of_a_limit_on_an_outcome(islands_system: System, result: opt.Result) -> None:
    """At the end of the horizon."""
    (price,) = result.shadow_prices["cap"].to_numpy()

    def more(step: float) -> dict[str, Any]:
        return {"limit": [BUDGET, islands.FLOOR, {**CAP, "at_most": 5.2 + step}]}

    assert price > 0
    assert price == pytest.approx(slope(islands_system, more), rel=1e-3)


def test_the_price_of_a_levers_bounds(islands_system: System, result: opt.Result) -> None:
    """All of one side together; floors cost, ceilings gain."""
    prices = [
        p for name, p in result.shadow_prices.items() if name.startswith("upper bound") and p.sizes["island"] == 1
    ]

    def more(step: float) -> dict[str, Any]:
        return {"lever": [{**LEVERS[0], "upper": 0.45 + step}, LEVERS[1]]}

    assert sum(float(p.sum()) for p in prices) == pytest.approx(slope(islands_system, more), rel=1e-3)
    low = [p for name, p in result.shadow_prices.items() if name.startswith("lower bound") and p.sizes["island"] == 1]
    assert all(float(p.max()) <= 0 for p in low)


def test_a_minimum_has_prices_in_its_own_direction(islands_system: System) -> None:
    """A higher floor raises what is to be small."""
    floor = {"name": "floor", "variable": "welfare", "at_least": 12.0, "when": "final"}
    plan = {"objective": {"minimize": "spending"}, "limit": [floor], "lever": [{"variable": "spending", "upper": 5.0}]}
    found = solved(islands_system, **plan)
    (price,) = found.shadow_prices["floor"].to_numpy()

    def more(step: float) -> dict[str, Any]:
        return {**plan, "limit": [{**floor, "at_least": 12.0 + step}]}

    assert price > 0
    assert price == pytest.approx(slope(islands_system, more), rel=1e-3)


def test_prices_have_units_and_a_worth_at_their_own_time(result: opt.Result) -> None:
    """Discounted to the start of the horizon; `current` undoes it."""
    price = result.shadow_prices["budget"]
    assert price.attrs["units"] == "Year/(money/Year)"
    assert price.attrs["discount"] == 0.04
    np.testing.assert_allclose(current(price), price * np.exp(0.04 * (price["time"] - 2)))


def test_a_row_holds_as_long_as_its_window(islands_system: System) -> None:
    """A period of the plan, the longer one of a lever, a moment or total none; a price of none is not told."""
    levers = [{"variable": "spending", "every": 2.0, "upper": "total income"}, {"variable": "tax rate"}]
    limits = [{**BUDGET, "name": str(when), "when": when} for when in ("always", "final", "total")]
    problem = opt.Problem(islands_system, opt.read_plan(islands.plan(lever=levers, limit=limits)))
    count = sum(len(rows.expression) for rows in problem.bound.rows)
    prices = shadow_prices(problem, np.zeros(count), np.zeros(problem.size))
    periods = {name: price.attrs["period"] for name, price in prices.items()}
    assert [periods[name] for name in ("always", "final", "total", "upper bound of spending")] == [1.0, 0.0, 0.0, 2.0]


@pytest.mark.parametrize(
    ("variable", "measure", "unit"),
    [
        ("welfare", "integral", "Year"),
        ("total income", "integral", "money"),
        ("total income", "mean", "money/Year"),
        ("capital", "integral", "money*Year"),
    ],
)
def test_the_unit_of_an_objective(islands_system: System, variable: str, measure: str, unit: str) -> None:
    """An integral has that of its variable times time."""
    content = islands.plan(objective={"maximize": variable, "measure": measure})
    assert objective_unit(opt.read_plan(content), islands_system) == unit

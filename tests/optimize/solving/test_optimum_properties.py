"""What holds for every optimum: more money never harms, limits never help, units and names do not matter.

Each on a small model with numbers that are drawn; every solver that answers within a second takes part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.known_optima import FOLDER, stated
from support.solvers import SOLVERS, Patient

import sd_models as sd
from optimize.files.documents import read_toml
from optimize.plans.plan import read_plan
from optimize.problems.problem import Problem
from optimize.problems.program import Program
from optimize.solvers.solver import Ending, Solution
from optimize.solvers.starts import projected
from sd_models.rewrites import substitute
from sd_models.system.model import FloatArray, System

# What a solver's tolerance can move an objective by.
SLACK = 1e-7
EXAMPLES = 8

solvers = pytest.mark.parametrize("solver", SOLVERS)
money = st.floats(0.1, 100.0)
prices = st.lists(st.floats(0.1, 10.0), min_size=4, max_size=4)


@cache
def model(name: str) -> System:
    """The model of a folder."""
    content = read_toml(FOLDER / name / "plan.toml")
    return sd.load(FOLDER / name / content["model"])


def program_of(name: str, values: Mapping[str, Any] | None = None, **changes: Any) -> Program:
    """The problem of a folder with other constants, and other parts of its plan."""
    content = {**read_toml(FOLDER / name / "plan.toml"), **changes}
    return stated(Problem(substitute(model(name), values or {}), read_plan(content)))


def optimum(solver: str, program: Program) -> tuple[float, Solution]:
    """The objective in the plan's own direction, and the solution, from a start that obeys the linear limits."""
    start = projected(program, program.reference, stop=lambda: False)
    assert start is not None
    solution = SOLVERS[solver].solve(program, start, Patient())
    assert solution.ending is Ending.OPTIMAL
    return program.sign * program.cost(solution.x, solution.y), solution


def regions(budget: float, price: Sequence[float]) -> Program:
    """Four regions that share a budget at these prices."""
    limit = {"name": "budget", "sum": "spending", "over": ["region"], "at_most": budget}
    return program_of("water_filling", {"price": np.array(price)}, limit=[limit])


def spending(solution: Solution) -> FloatArray:
    """By region and period."""
    return solution.x.reshape(4, 3)


# --- money and limits -------------------------------------------------------------------------------------------------


@solvers
@settings(max_examples=EXAMPLES)
@given(budgets=st.tuples(money, money))
def test_a_larger_budget_never_lowers_the_optimum(solver: str, budgets: tuple[float, float]) -> None:
    small, large = (optimum(solver, regions(budget, (1.0, 2.0, 0.5, 6.0)))[0] for budget in sorted(budgets))
    assert small <= large + SLACK * abs(large)


@solvers
@settings(max_examples=EXAMPLES)
@given(shares=st.tuples(st.floats(0.02, 0.3), st.floats(0.02, 0.3)))
def test_a_larger_share_of_wealth_to_spend_never_lowers_the_optimum(solver: str, shares: tuple[float, float]) -> None:
    """The budget follows from the state, which follows from what was spent."""

    def best(share: float) -> float:
        terms = [{"variable": "spending"}, {"variable": "wealth", "factor": -share}]
        return optimum(solver, program_of("state_budget", limit=[{"name": "b", "terms": terms, "at_most": 0}]))[0]

    small, large = (best(share) for share in sorted(shares))
    assert small <= large + SLACK * abs(large)


@solvers
@settings(max_examples=EXAMPLES)
@given(caps=st.tuples(st.floats(1.5, 9.0), st.floats(1.5, 9.0)))
def test_a_tighter_limit_never_raises_the_optimum(solver: str, caps: tuple[float, float]) -> None:
    def best(cap: float) -> float:
        limits = [{"name": str(when), "variable": "pollution", "at_most": cap, "when": when} for when in WHEN]
        return optimum(solver, program_of("pollution_cap", limit=limits))[0]

    tight, loose = (best(cap) for cap in sorted(caps))
    assert tight <= loose + SLACK * abs(loose)


WHEN = ({"from": 0.5}, "final")


# --- units and names --------------------------------------------------------------------------------------------------


@solvers
@settings(max_examples=EXAMPLES)
@given(factor=st.sampled_from((1e-6, 1e-3, 1e3, 1e6)), budget=st.floats(1.0, 20.0))
def test_units_of_money_do_not_move_the_policy(solver: str, factor: float, budget: float) -> None:
    """Spending, prices and the budget in yuan instead of millions: shares of the budget move by less than 1e-5."""
    price = np.array([1.0, 2.0, 0.5, 6.0])
    plain = spending(optimum(solver, regions(budget, price))[1]) / budget
    scaled = regions(budget * factor, factor * price)
    moved = spending(optimum(solver, scaled)[1]) / (budget * factor)
    np.testing.assert_allclose(moved, plain, atol=1e-5)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
@solvers
def test_units_of_a_stock_do_not_move_the_policy(solver: str, factor: float, tmp_path: Path) -> None:
    """The same for wealth that grows, is spent, and bounds what may be spent."""
    text = (FOLDER / "state_budget" / "model.mdl").read_text()
    scaled = text
    for name, value in {"first wealth": 100, "spending": 10}.items():
        assert f"\n{name} = {value}\n" in scaled
        scaled = scaled.replace(f"\n{name} = {value}\n", f"\n{name} = {value * factor!r}\n")
    (tmp_path / "model.mdl").write_text(scaled)
    content = read_toml(FOLDER / "state_budget" / "plan.toml")
    lever = {**content["lever"][0], "lower": 0.1 * factor, "upper": 100.0 * factor}
    plain = optimum(solver, program_of("state_budget"))[1]
    problem = Problem(sd.load(tmp_path / "model.mdl"), read_plan({**content, "lever": [lever]}))
    moved = optimum(solver, stated(problem))[1]
    np.testing.assert_allclose(moved.x / factor, plain.x, rtol=1e-5)


@solvers
@settings(max_examples=EXAMPLES)
@given(order=st.permutations(range(4)), price=prices, budget=money)
def test_permuted_regions_permute_the_policy(solver: str, order: list[int], price: list[float], budget: float) -> None:
    need = np.array([4.0, 3.0, 2.0, 1.0])
    limit = {"name": "budget", "sum": "spending", "over": ["region"], "at_most": budget}

    def policy(places: Sequence[int]) -> FloatArray:
        values = {"price": np.array(price)[places], "need": need[places]}
        return spending(optimum(solver, program_of("water_filling", values, limit=[limit]))[1])

    np.testing.assert_allclose(policy(order), policy(range(4))[order], atol=1e-5 * budget)


@solvers
@settings(max_examples=EXAMPLES)
@given(region=st.integers(0, 3), price=prices, budget=money)
def test_a_doubled_price_never_raises_what_is_bought(
    solver: str, region: int, price: list[float], budget: float
) -> None:
    doubled = [2.0 * value if place == region else value for place, value in enumerate(price)]
    before = spending(optimum(solver, regions(budget, price))[1])[region] / price[region]
    after = spending(optimum(solver, regions(budget, doubled))[1])[region] / doubled[region]
    assert (after <= before + 1e-5 * budget / price[region]).all()

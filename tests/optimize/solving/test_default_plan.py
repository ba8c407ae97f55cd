"""The plan beside the flagship binds for provinces and for macro-regions, and can be kept."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import optimize as opt
import sd_models as sd
from optimize.plans.horizon import horizon_end
from optimize.results.verification import every_step, named_variables
from optimize.results.violations import violations
from optimize.solvers.solver import Ending

PLAN = Path(sd.__file__).parent / "common_prosperity" / "plan.toml"
MEASURES, YEARS = 16, 25
LIMITS = {
    "annual budget": 1,
    "floor of citizenization": 1,
    "floor of regional layout": 1,
    "floor of city quality": 1,
    "floor of rural integration": 1,
    "floor of provinces": None,
    "carbon peak": 1,
    "clean air": 1,
    "debt at the end": None,
}


@pytest.fixture(scope="module", params=["macro", "provinces"])
def problem(request: pytest.FixtureRequest) -> opt.Problem:
    """The default plan, bound."""
    return opt.Problem(sd.load("common_prosperity", regions=request.param), opt.load_plan("common_prosperity"))


def test_it_asks_what_the_model_is_for(problem: opt.Problem) -> None:
    """Sixteen measures in every region and year from 2026 to the end of 2050, under nine limits."""
    regions = len(problem.system.dimensions["province"].elements)
    assert problem.size == regions * MEASURES * YEARS
    assert horizon_end(problem.plan) == 2051
    rows = {part.name: part for part in problem.bound.rows}
    for name, cells in LIMITS.items():
        assert int(np.prod(rows[name].shape[:-1])) == (cells or regions), name
    assert rows["annual budget"].times.tolist() == list(range(2026, 2051))
    assert rows["carbon peak"].times.tolist() == list(range(2031, 2051))
    assert rows["clean air"].times.tolist() == list(range(2035, 2051))
    assert rows["debt at the end"].times.tolist() == [2051]


def test_it_can_be_kept(problem: opt.Problem) -> None:
    """By money for everyone alike, a little less than the budget: only what the run makes of it may be missed."""
    system, plan = problem.system, problem.plan
    share = sd.simulate(system, outputs=["census population share"])["census population share"][0].to_numpy()
    budget = problem.own_paths["public investment budget"][0]
    yearly = budget[:-1].reshape(YEARS, -1).mean(axis=1) * 0.95
    x = (share[:, np.newaxis, np.newaxis] * yearly / MEASURES * np.ones((1, MEASURES, 1))).ravel()
    names, span = named_variables(plan, system), every_step(system, plan)
    run, own = (sd.simulate(system, levers=y, outputs=names, time=span) for y in (problem.policy(x), None))
    missed = {item.limit: item.size for item in violations(plan, system, run, run - own, own) if item.size > 1e-9}
    assert set(missed) <= {"debt at the end", "carbon peak"}, missed


def every_five_years(dear: str | None = None) -> opt.Plan:
    """The default plan, decided every five years, where a yuan for one measure takes two from the budget."""
    plan = tomllib.loads(PLAN.read_text(encoding="utf-8"))
    plan["horizon"] = [2025, 2045]
    plan["lever"][0]["every"] = 5
    spent = {"variable": "public investment", "over": ["province", "measure"]}
    terms = [spent, {"variable": "public investment budget", "factor": -1}]
    if dear:
        terms.append({**spent, "where": {"measure": dear}})
    plan["limit"][0] = {"name": "annual budget", "terms": terms, "at_most": 0}
    return opt.read_plan(plan)


def solved(plan: opt.Plan) -> opt.Result:
    """For macro-regions."""
    return opt.solve(opt.Problem(sd.load("common_prosperity", regions="macro"), plan))


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["social insurance", "green production"])
def test_a_doubled_price_never_raises_what_is_bought(measure: str) -> None:
    """The optimal use of a measure, summed over regions and periods, when each yuan for it takes two."""
    cheap, dear = (solved(every_five_years(price)) for price in (None, measure))
    assert cheap.findings.ending is dear.findings.ending is Ending.OPTIMAL
    bought = [float(each.policy["public investment"].sel(measure=measure).sum()) for each in (cheap, dear)]
    assert bought[1] <= bought[0] * (1 + 1e-5)
    assert dear.objective <= cheap.objective + 1e-6


@pytest.mark.slow
def test_macro_regions_are_solved_to_an_optimum() -> None:
    """All 1,600 levers, in tens of iterations, with a KKT residual that is computed apart from the solver."""
    result = solved(opt.load_plan("common_prosperity"))
    assert result.findings.ending is Ending.OPTIMAL
    assert result.findings.kkt_residual <= 1e-6
    assert max(item.size for item in result.violations) <= 1e-6
    assert len(result.iterations) < 40
    assert result.objective > result.baseline_objective + 1.0


def with_limit(**limit: object) -> opt.Plan:
    """The plan of five-year periods with one limit more."""
    plan = every_five_years().model_dump(by_alias=True, exclude_unset=True)
    plan["limit"] = [*plan["limit"], limit]
    return opt.read_plan(plan)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "variable", "most", "share"),
    [("equality", "national income ratio", 1.5, 0.02), ("low carbon", "national CO2", 7000.0, 0.01)],
)
def test_what_outcomes_cannot_keep_is_named_with_what_would_help(
    name: str, variable: str, most: float, share: float
) -> None:
    """The limit that is too much, and a relaxation with which the plan is solved; with half of it, it is not."""
    limit = {"name": name, "variable": variable, "when": {"from": 2035}}
    short = solved(with_limit(**limit, at_most=most))
    assert short.findings.ending is Ending.INFEASIBLE
    first, second = short.conflict
    assert repr(name) in first
    found = re.search(rf"'{name}'.* ([\d.]+) .*more", second)
    assert found is not None, second
    more = float(found[1])
    assert solved(with_limit(**limit, at_most=most + (1 + share) * more)).findings.is_feasible
    assert solved(with_limit(**limit, at_most=most + 0.5 * more)).findings.ending is Ending.INFEASIBLE


@pytest.mark.slow
def test_no_money_for_culture_is_a_bound() -> None:
    """A limit of zero on a sum of levers that cannot be negative takes these out, and is no harder than the plan."""
    spent = {"sum": "public investment", "over": ["province"], "where": {"measure": "cultural heritage"}, "at_most": 0}
    without = solved(with_limit(name="no money for culture", **spent))
    assert without.findings.ending is Ending.OPTIMAL
    assert float(without.policy["public investment"].sel(measure="cultural heritage").max()) == 0.0
    assert without.objective <= solved(every_five_years()).objective + 1e-6

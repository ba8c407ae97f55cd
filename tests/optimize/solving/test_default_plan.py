"""The plan beside the flagship binds for provinces and for macro-regions, and can be kept."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import optimize as opt
import sd_models as sd
from optimize.plans.horizon import horizon_end
from optimize.results.verification import every_step, named_variables
from optimize.results.violations import violations
from optimize.solvers.solver import Ending
from sd_models.system.model import FloatArray

PLAN = Path(sd.__file__).parent / "common_prosperity" / "plan.toml"
MEASURES, YEARS = 16, 25
YEARLY, EVERY_FIVE = range(2026, 2051), range(2030, 2051, 5)
LIMITS = {  # for the nation or for each region, and when
    "annual budget": (1, YEARLY),
    "absorption": (None, YEARLY),
    "carbon path": (1, range(2038, 2051)),
    "clean air": (1, range(2035, 2051)),
    "rural incomes": (None, range(2030, 2051)),
    "urban incomes": (None, range(2030, 2051)),
    "output": (None, EVERY_FIVE),
    "debt at the end": (None, [2051]),
}


@pytest.fixture(scope="module", params=["macro", "provinces"])
def problem(request: pytest.FixtureRequest) -> opt.Problem:
    """The default plan, bound."""
    return opt.Problem(sd.load("common_prosperity", regions=request.param), opt.load_plan("common_prosperity"))


def test_it_asks_what_the_model_is_for(problem: opt.Problem) -> None:
    """Sixteen measures in every region and year from 2026 to the end of 2050, eight limits, ramps from the start."""
    regions = len(problem.system.dimensions["province"].elements)
    assert problem.size == regions * MEASURES * YEARS
    assert horizon_end(problem.plan) == 2051
    rows = {part.name: part for part in problem.bound.rows}
    ramps = {f"largest {way} of public investment": (regions * MEASURES, YEARLY) for way in ("rise", "fall")}
    assert rows.keys() == LIMITS.keys() | ramps.keys()
    for name, (cells, times) in {**LIMITS, **ramps}.items():
        assert int(np.prod(rows[name].shape[:-1])) == (cells or regions), name
        assert rows[name].times.tolist() == list(times), name


def growing(problem: opt.Problem) -> FloatArray:
    """Money for all measures alike, to regions by what they can take, as fast as ramps let it come to the budget."""
    paths = problem.own_paths
    budget, room = (
        paths[name][:, :-1].reshape(-1, YEARS, paths[name].shape[1] // YEARS).mean(axis=2)
        for name in ("public investment budget", "most investment of a province")
    )
    most = (budget * room / room.sum(axis=0) / MEASURES)[:, np.newaxis] * np.ones((1, MEASURES, 1))
    first = paths["first ramp"][:, 0].reshape(-1, MEASURES)
    money, before = np.zeros_like(most), np.zeros_like(first)
    for year in range(YEARS):
        before = money[..., year] = np.minimum(0.95 * most[..., year], 1.25 * before + 0.95 * first)
    return np.asarray(money.ravel())


def test_it_can_be_kept(problem: opt.Problem) -> None:
    """By a little less than the budget and the ramps allow: only what the run makes of it may be missed."""
    system, plan = problem.system, problem.plan
    names, span = named_variables(plan, system), every_step(system, plan)
    policy = problem.policy(growing(problem))
    run, own = (sd.simulate(system, levers=y, outputs=names, time=span) for y in (policy, None))
    missed = {item.limit: item.size for item in violations(plan, system, run, run - own, own) if item.size > 1e-9}
    assert set(missed) <= {"carbon path", "urban incomes"}, missed


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
    assert result.objective > result.baseline_objective + 0.8


def with_limit(limit: Mapping[str, object], *, without: str = "") -> opt.Plan:
    """The plan of five-year periods with one limit more, and perhaps one less."""
    plan = every_five_years().model_dump(by_alias=True, exclude_unset=True)
    plan["limit"] = [*(one for one in plan["limit"] if one["name"] != without), limit]
    return opt.read_plan(plan)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "variable", "most", "share"),
    [("equality", "national income ratio", 1.5, 0.02), ("low carbon", "national CO2", 7000.0, 0.01)],
)
def test_what_outcomes_cannot_keep_is_named_with_what_would_help(
    name: str, variable: str, most: float, share: float
) -> None:
    """The limit that is too much, and a relaxation with which the plan is solved; with half of it, it is not.

    Without the limit on urban incomes, of which the least relaxation takes a little, too.
    """

    def held(amount: float) -> opt.Result:
        limit = {"name": name, "variable": variable, "at_most": amount, "when": {"from": 2035}}
        return solved(with_limit(limit, without="urban incomes"))

    short = held(most)
    assert short.findings.ending is Ending.INFEASIBLE
    first, second = short.conflict
    assert repr(name) in first
    found = re.search(rf"'{name}'.* ([\d.]+) .*more", second)
    assert found is not None, second
    more = float(found[1])
    assert held(most + (1 + share) * more).findings.is_feasible
    assert held(most + 0.5 * more).findings.ending is Ending.INFEASIBLE


@pytest.mark.slow
def test_no_money_for_culture_is_a_bound() -> None:
    """A limit of zero on a sum of levers that cannot be negative takes these out, and is no harder than the plan."""
    spent = {"sum": "public investment", "over": ["province"], "where": {"measure": "cultural heritage"}, "at_most": 0}
    without = solved(with_limit({"name": "no money for culture", **spent}))
    assert without.findings.ending is Ending.OPTIMAL
    assert float(without.policy["public investment"].sel(measure="cultural heritage").max()) == 0.0
    assert without.objective <= solved(every_five_years()).objective + 1e-6

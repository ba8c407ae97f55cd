"""What one more of a decision would bring is what a run with a little more brings."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support import islands

import optimize as opt
from optimize.explanation.document import document
from optimize.explanation.tables import tables
from optimize.results.recomputation import policy_of
from sd_models.dynamics.timing import TimeSpan
from sd_models.errors import InvalidRequest
from sd_models.simulator.simulation import simulate
from sd_models.system.model import System

WARM = [{"variable": "spending", "upper": 2.0, "where": {"island": "warm"}}]
STEP = 1e-4


@pytest.fixture(scope="module")
def result(islands_system: System) -> opt.Result:
    """A plan that decides what two of three islands spend."""
    return opt.solve(opt.Problem(islands_system, opt.read_plan(islands.small_plan(lever=WARM, limit=[islands.BUDGET]))))


@pytest.fixture(scope="module")
def found(result: opt.Result) -> opt.Explanation:
    """What explains all income at the end."""
    return opt.explain(result, "total income")


def moved(result: opt.Result, system: System, change: float, **where: object) -> float:
    """All income at the end with a little more spent somewhere."""
    span = TimeSpan(stop=6.0)
    policy = policy_of(result.policy)
    path = policy["spending"].copy(deep=True)
    path.loc[where] += change
    return float(simulate(system, levers={"spending": path}, outputs=["total income"], time=span)["total income"][-1])


def test_one_more_is_what_a_run_with_a_little_more_brings(
    result: opt.Result, found: opt.Explanation, islands_system: System
) -> None:
    """For each element and period, in the unit of people; what the plan does not decide has none."""
    margin = found.marginals
    assert next(iter(margin.targets)) == found.target.label
    label = found.target.label
    for island, good, time in (("south", "steel", 2.0), ("east", "books", 4.0), ("south", "rice", 5.0)):
        where = {"island": island, "good": good, "time": slice(time, time + 0.9)}
        high, low = (moved(result, islands_system, step, **where) for step in (STEP, -STEP))
        one = float(margin.worth["spending"].sel(outcome=label, island=island, good=good, time=time))
        assert one == pytest.approx((high - low) / (2 * STEP) / 1.0, rel=1e-6)
    assert np.isnan(margin.worth["spending"].sel(island="north")).all()
    np.testing.assert_allclose(
        margin.spent["spending"].sum("time").sel(island="south"),
        result.total("spending").sel(island="south"),
        rtol=1e-12,
    )


def test_it_is_told_of_a_round_amount_spread_as_the_policy_spreads_it(
    result: opt.Result, found: opt.Explanation, islands_system: System
) -> None:
    """So that one more of a good is what a policy with that much more of it brings."""
    margin = found.marginals
    spent = result.total("spending").sel(island=["south", "east"])
    amount = margin.amounts["spending"]
    assert amount.unit == "money"
    assert 0.003 < amount.value / (float(spent.sum()) / 4.0) < 0.032
    share = STEP * amount.value / float(spent.sel(good="rice").sum())
    path = policy_of(result.policy)["spending"].copy(deep=True)
    ends = []
    for sign in (1.0, -1.0):
        more = path.copy(deep=True)
        where = {"good": "rice", "island": ["south", "east"], "time": slice(2.0, None)}
        more.loc[where] *= 1 + sign * share
        run = simulate(islands_system, levers={"spending": more}, outputs=["total income"], time=TimeSpan(stop=6.0))
        ends.append(float(run["total income"][-1]))
    told = float(margin.by("spending", "good").sel(outcome=found.target.label, good="rice"))
    assert told == pytest.approx((ends[0] - ends[1]) / (2 * STEP), rel=1e-5)


def test_parts_of_an_outcome_add_up(result: opt.Result) -> None:
    """What one more brings to the parts of a sum is what it brings to the sum."""
    margin = opt.explain(result, "budget").marginals
    if margin.parts:
        values = margin.by("spending", "good")
        np.testing.assert_allclose(values.sel(outcome=list(margin.parts)).sum("outcome"), values[0], rtol=1e-9)
    whole = opt.explain(result).marginals
    assert len(whole.targets) > 1
    assert all(np.isfinite(whole.by("spending", "island", "time").sel(island="south")).all("time"))


def test_a_dimension_that_is_not_there_is_named(found: opt.Explanation) -> None:
    """With those that are."""
    with pytest.raises(InvalidRequest, match="It has: time, island, good"):
        found.marginals.by("spending", "province")


def test_people_and_programs_read_it(found: opt.Explanation) -> None:
    """A table for each dimension and for the time, and all outcomes by dimension as JSON."""
    titles = [table.title for table in tables(found) if "with nothing taken away elsewhere" in table.title]
    assert [title.partition("elsewhere, by ")[2].partition(":")[0] for title in titles] == ["island", "good", "time"]
    told = json.loads(json.dumps(document(found)["marginals"], allow_nan=False))
    by = told["levers"]["spending"]["by"]
    assert list(by) == ["time", "island", "good"]
    assert by["island"]["north"] == [None] * len(told["outcomes"])
    assert told["outcomes"][0] == {"label": found.target.label, "unit": found.target.unit}

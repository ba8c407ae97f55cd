"""Every printed table belongs to a verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from support import islands

import optimize as opt
from optimize.headlines.headline import Headline
from optimize.results.sentences import sentences
from optimize.results.tables import tables
from optimize.results.verdict import Curvature, Findings, Looked
from optimize.solvers.solver import Ending


@pytest.fixture(scope="module")
def result(islands_result: opt.Result) -> opt.Result:
    """A result of the small plan."""
    return islands_result


def test_a_policy_has_gains(result: opt.Result) -> None:
    """Found and kept, before its replay too: the goal, what comes of it, who gets how much, limits."""
    assert result.is_policy
    titles = [table.title for table in tables(result)]
    assert titles[0] == "The goal: the largest value found"
    assert titles[1].startswith("What comes of it: at the start, and at the end (6) without the policy and with it")
    assert "Spending by good, money a year; total in money" in [f"{t[:1].upper()}{t[1:]}" for t in titles]
    assert titles[-1] == "Limits, where each is nearest to its amount"


def test_what_is_nothing_beside_the_rest_is_told_as_zero(result: opt.Result) -> None:
    """Leftovers of a search, in a lever with and without dimensions; each column has one precision."""
    policy = result.policy.copy(deep=True)
    policy["spending"].loc[{"time": slice(5.0, None)}] = 1e-18
    policy["tax rate"] = policy["spending"][:, 0, 0].drop_vars(["island", "good"]).assign_attrs(units="1/Year")
    levers = (*result.plan.levers, result.plan.levers[0].model_copy(update={"variable": "tax rate"}))
    plan = result.plan.model_copy(update={"levers": levers})
    told = {table.title: table.rows for table in tables(replace(result, plan=plan, policy=policy))}
    (tax,) = told["tax rate, % a year"]
    spent = next(rows for title, rows in told.items() if title.startswith("spending by good"))
    assert [tax[-2], *(row[-3] for row in spent)] == ["0"] * 5
    for texts in zip(*(row[1:-2] for row in spent), strict=True):
        assert len({len(text.partition(".")[2]) for text in texts if text != "0"}) <= 1


HEADLINES = (
    Headline("total income", "money a year", 1.0, "All income", "总收入", "more"),
    Headline("income", "money a year", 1.0, "Income", "收入", "more", "island"),
    Headline("welfare", "points of 100", 100.0, "Welfare", "福利", "more"),
)


def lost(result: opt.Result) -> opt.Result:
    """The result where one island loses, and all together at the end, of which nobody said how they are called."""
    run = result.trajectories.copy(deep=True)
    run["income"] = result.baseline["income"] * xr.DataArray([1.0, 0.5, 1.2], {"island": list(islands.ISLANDS)})
    run["total income"] = 0.9 * result.baseline["total income"]
    run["welfare"] = result.baseline["welfare"] + 0.05
    return replace(result, headlines=HEADLINES, trajectories=run)


def test_losers_are_told_first_and_by_name(result: opt.Result) -> None:
    """How many of how many, the worst and when, all in people's units; then who gains at the end."""
    told = {table.title: table for table in tables(lost(result))}
    losers = told["Who loses most and when"]
    assert [(row[0], row[2], row[5], row[6], row[7]) for row in losers.rows] == [
        ("Income", "south", "-50.0%", "1 of 3", "1 of 3"),
        ("All income", "all together", "-10.0%", "yes", "yes"),
    ]
    (gainer,) = told["Who gains most at the end (6)"].rows
    assert (gainer[0], gainer[2], gainer[4], gainer[5]) == ("Income", "east", "+20.0%", "1 of 3")
    titles = list(told)
    assert titles.index(losers.title) < titles.index("Who gains most at the end (6)")
    welfare = next(row for row in told[titles[1]].rows if row[0] == "Welfare")
    assert (welfare[1], welfare[-2], welfare[-1]) == ("points of 100", "+5", "")


def test_the_first_sentences_answer_what_people_ask(result: opt.Result) -> None:
    """What is recommended, who gains, who loses and when, what it costs, what binds, how sure; in both languages."""
    told = {one.topic: one.text for one in sentences(lost(result))}
    assert list(told) == ["verdict", "sure", "recommended", "brings", "loses", "gains", "costs", "binds"]
    assert "income in 1 of 3 islands at some time, in 1 at the end; most in south, -50.0%" in told["loses"]
    assert "all income, -10.0% at" in told["loses"]
    assert "most in east, +20.0%" in told["gains"]
    assert "welfare" in told["brings"]
    assert "without the policy" in told["costs"]
    chinese = {one.topic: one.text for one in sentences(lost(result), "zh")}
    assert list(chinese) == list(told)
    assert "收入：3 个island中曾有 1 个受损，期末 1 个；最多为south" in chinese["loses"]


def test_what_is_below_zero_is_told_in_no_per_cent(result: opt.Result) -> None:
    """Of a value below zero a percentage has no sign that people would guess: tables and sentences tell its change."""
    baseline = result.baseline.assign(welfare=-2.0 + 0.0 * result.baseline["welfare"])
    run = result.trajectories.assign(welfare=baseline["welfare"] - 1.0)
    headline = Headline("welfare", "money", 1.0, "Welfare", "福利", "less")
    other = replace(result, headlines=(headline,), baseline=baseline, trajectories=run)
    told = {one.topic: one.text for one in sentences(other)}
    assert "welfare -3.000 money, -2.000 without it (-1.000 money)" in told["brings"]
    worse = replace(other, headlines=(replace(headline, better="more"),))
    assert "welfare, -1.000 money at" in {one.topic: one.text for one in sentences(worse)}["loses"]


def test_a_goal_that_is_worse_than_without_is_said_with_the_verdict(result: opt.Result) -> None:
    """As where the model's own path breaks limits; and what changes is called no gain."""
    other = replace(result, objective=result.baseline_objective - 1.0)
    assert "The goal is worse than without a policy" in sentences(other)[0].text
    assert "The goal is worse" not in sentences(result)[0].text
    goal = tables(other)[0]
    assert (goal.headers[-1], goal.rows[0][-1][0]) == ("change", "-")


def test_a_change_is_told_between_numbers_that_read_differently(result: opt.Result) -> None:
    """Where the precision of both would make it nothing."""
    near = replace(result, baseline_objective=1234.4, objective=1234.6)
    goal = tables(near)[0]
    assert goal.rows[0][-3:] == ("1,234", "1,235", "+0.20")


def test_where_no_lever_moves_the_goal_nothing_is_recommended(result: opt.Result) -> None:
    """The policy of such a search is the one that it began with."""
    looked = Looked(Curvature.HOLDS, 0.0, 0, 0, 10, 0.0, 0.0, idle=("spending",), is_idle=True)
    flat = replace(result, findings=Findings(Ending.OPTIMAL, 0.0, 0.0, looked=looked))
    assert flat.status.standing == "no gradient"
    assert [one.topic for one in sentences(flat)] == ["verdict", "sure"]


def test_what_was_not_settled_is_not_recommended(result: opt.Result) -> None:
    """It is the best that was found; and of a search on its way nobody knows what binds."""
    ended = replace(result, findings=Findings(Ending.TIME_LIMIT, 0.1, 0.0))
    told = {one.topic: one.text for one in sentences(ended)}
    assert told["recommended"].startswith("The best found, ")
    assert "binds" not in told
    assert {one.topic: one.text for one in sentences(result)}["recommended"].startswith("Recommended, ")


def test_bounds_that_bind_alone_are_not_told_as_besides(result: opt.Result) -> None:
    """There is nothing that they are besides."""
    prices = {name: price for name, price in result.shadow_prices.items() if price.attrs["kind"] != "limit"}
    bound = next(name for name, price in prices.items())
    prices[bound] = prices[bound] + 1.0
    told = {one.topic: one.text for one in sentences(replace(result, shadow_prices=prices))}
    assert told["binds"] == "What binds: bounds of levers and how fast they may change."


def level(result: opt.Result) -> opt.Result:
    """The result with a lever that does not add up, at 1, 2 and 3 in three places."""
    rate = result.policy["spending"].isel(good=0, drop=True) * 0.0 + xr.DataArray(
        [1.0, 2.0, 3.0], {"island": list(islands.ISLANDS)}
    )
    lever = result.plan.levers[0].model_copy(update={"variable": "rate"})
    plan = result.plan.model_copy(update={"levers": (lever,)})
    return replace(result, plan=plan, policy=rate.assign_attrs(units="Dmnl").to_dataset(name="rate"))


def test_levels_that_do_not_add_up_are_told_by_their_mean(result: opt.Result) -> None:
    """Three rates of 1, 2 and 3 are 2 on average, and none has a share of 6."""
    other = level(result)
    told = {one.topic: one.text for one in sentences(other)}
    first, *_, last = islands.ISLANDS
    assert told["recommended"].endswith(f": rate of 2.000 on average, from 1.000 in {first} to 3.000 in {last}.")
    table = next(table for table in tables(other) if table.title == "Rate by island" or table.title == "rate by island")
    assert table.headers[-1] == "mean"
    assert [row[-1] for row in table.rows] == ["1.000", "2.000", "3.000", "2.000"]


def test_of_many_places_the_largest_are_told(result: opt.Result) -> None:
    """And all others in one line; thousands of rows are for files."""
    first = result.policy["spending"].isel(island=0, good=0, drop=True)
    villages = xr.DataArray(np.arange(1.0, 101.0), {"village": [f"v{number}" for number in range(1, 101)]})
    lever = result.plan.levers[0].model_copy(update={"variable": "works"})
    plan = result.plan.model_copy(update={"levers": (lever,)})
    policy = (0.0 * first + villages).assign_attrs(units="money/Year").to_dataset(name="works")
    other = replace(result, plan=plan, policy=policy)
    table = next(table for table in tables(other) if table.title.lower().startswith("works by village"))
    names, totals = [row[0] for row in table.rows], [float(row[-2].replace(",", "")) for row in table.rows]
    assert (names[0], names[-2], names[-1], len(names)) == ("v100", "55 others", "all", 47)
    assert sum(totals[:-1]) == pytest.approx(totals[-1])
    assert "most in v100 (2.0%)" in {one.topic: one.text for one in sentences(other)}["recommended"]


def test_nobody_loses(result: opt.Result) -> None:
    """This is said, where somebody said what is better."""
    same = replace(lost(result), trajectories=result.baseline)
    told = {one.topic: one.text for one in sentences(same)}
    assert told["loses"].startswith("Loses: nobody, at any time, in the outcomes of which it is known what is better: ")
    assert "brings" not in told


def test_a_result_without_headlines_says_so(result: opt.Result) -> None:
    """Of an earlier version."""
    told = [one.text for one in sentences(replace(result, headlines=()))]
    assert any("`prosperity verify RUN` adds them" in text for text in told)


@pytest.mark.parametrize(
    ("findings", "is_policy"),
    [
        (Findings(Ending.FAILED, np.inf, np.inf, failure="welfare is NaN at 3."), False),
        (Findings(Ending.UNBOUNDED, np.inf, 0.0, failure="spending"), False),
        (Findings(Ending.INFEASIBLE, np.inf, 0.5, "floor[north]"), False),
        (Findings(Ending.TIME_LIMIT, np.inf, 0.5, "floor[north]"), False),
        (Findings(Ending.INTERRUPTED, np.inf, 0.5, "floor[north]"), False),
        (Findings(Ending.INTERRUPTED, np.inf, 0.0), True),
    ],
)
def test_what_is_no_end_has_no_gains(result: opt.Result, findings: Findings, is_policy: bool) -> None:
    """No table of gains, no allocation; the best policy of an interrupted search stays in the result."""
    other = replace(result, findings=findings)
    assert other.is_policy is is_policy
    assert tables(other) == []
    assert [one.topic for one in sentences(other)] == ["verdict"]
    assert ("no policy was found" in str(other)) is not is_policy


def test_limits_that_are_missed_are_shown(result: opt.Result) -> None:
    """Those alone, by how much."""
    first = replace(result.violations[0], size=0.25, room=-0.25)
    findings = Findings(Ending.INFEASIBLE, np.inf, 0.25, first.place)
    (table,) = tables(replace(result, findings=findings, violations=(first, *result.violations[1:])))
    assert table.title.startswith("No policy")
    assert [row[1] for row in table.rows] == ["missed by 25.00%"]

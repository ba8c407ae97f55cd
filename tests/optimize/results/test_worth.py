"""What limits are worth, in words that hold: amounts, shares and directions as solving again shows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from support import islands
from support.models import loaded

import optimize as opt
import sd_models as sd
from optimize.plans.kinds import RowKind
from optimize.results.prices import SIZE
from optimize.results.sentences import sentences
from optimize.results.verdict import Findings
from optimize.results.worth import FREE, MOST, PRICED, amount_words, unit_of_amount, worths
from optimize.solvers.solver import Ending
from sd_models.system.model import System

CAP = {"name": "cap", "variable": "total income", "at_most": 5.2, "when": "final"}
FAR = {"name": "far away", "variable": "total income", "at_most": 50.0, "when": "final"}
LEVERS = [{"variable": "spending", "upper": 2.0, "ramp": {"relative": 0.2, "absolute": 0.05}}]


def solved(system: System, **changes: Any) -> opt.Result:
    """A plan with a budget that follows from the run, floors, a cap, a limit that is far, and a ramp."""
    limits = [islands.BUDGET, islands.FLOOR, CAP, FAR]
    return opt.solve(
        opt.Problem(system, opt.read_plan(islands.small_plan(**{"lever": LEVERS, "limit": limits, **changes})))
    )


@pytest.fixture(scope="module")
def result(islands_system: System) -> opt.Result:
    """The plan as it stands."""
    return solved(islands_system)


def test_the_dearest_is_told_first(result: opt.Result) -> None:
    """By what a hundredth more everywhere brings; the sum is that of prices and sizes."""
    found = worths(result)
    assert [one.everywhere for one in found] == sorted((one.everywhere for one in found), reverse=True)
    for one in found:
        price = result.shadow_prices[one.limit]
        assert one.places == price.size
        assert one.binding == int((price != 0).sum())
        if one.kind is RowKind.LIMIT:
            assert one.everywhere == pytest.approx(0.01 * float((abs(price) * price[SIZE]).sum()))


def test_a_size_is_what_stands_on_one_side(result: opt.Result) -> None:
    """Of a limit that binds, its amount; also of one that is made of terms."""
    assert float(result.shadow_prices["cap"][SIZE].item()) == pytest.approx(5.2, rel=1e-6)
    budget = result.shadow_prices["annual budget"]
    spent = result.allocation["spending"].sum(["island", "good"])
    np.testing.assert_allclose(budget[SIZE], spent, rtol=1e-6)


def test_what_is_said_comes_true(islands_system: System, result: opt.Result) -> None:
    """A small amount in the direction that is said brings what is said, for a cap and for a floor."""
    said = {one.limit: one for one in worths(result)}
    for name, change in (("cap", lambda step: [islands.BUDGET, islands.FLOOR, {**CAP, "at_most": 5.2 + step}, FAR]),):
        one = said[name]
        step = 1e-3 * one.amount
        again = solved(islands_system, limit=change(step))
        assert again.objective - result.objective == pytest.approx(1e-3 * one.gain, rel=1e-2)
    floors = said["floor"]
    assert floors.amount < 0
    text = next(text for text in opt.sayings(result) if text.startswith("floor:"))
    assert "1% less of it everywhere and at all times would bring" in text
    assert "less asked for" in text


def test_sentences_are_measured_by_what_the_policy_brings(result: opt.Result) -> None:
    """The first says what that is; levers are one line for ramps and one for bounds; what is far costs nothing."""
    first, *others = opt.sayings(result)
    brought = result.objective - result.baseline_objective
    assert first == (
        f"The policy raises the discounted sum of welfare by {brought:.4g} years; "
        "small changes, to first order, beside that:"
    )
    (cap,) = (text for text in others if text.startswith("cap:"))
    assert cap.startswith("cap: 0.1 money a year more allowed at the end (6) (1.9% of it) would bring ")
    assert cap.endswith(" years).")
    assert sum(text.startswith("Ramps of levers bind at ") for text in others) == 1
    assert sum(text.startswith("Bounds of levers bind at ") for text in others) <= 1
    assert others[-1] == "Nobody needs to argue about: far away: it costs nothing here."


def test_a_minimum_is_told_in_its_own_direction(islands_system: System) -> None:
    """What lowers the objective helps; the share is one of what the policy saves."""
    plan = {
        "objective": {"minimize": "total income"},
        "lever": [{"variable": "spending", "upper": 2.0}],
        "limit": [{**islands.FLOOR, "at_least": 0.2}],
    }
    found = solved(islands_system, **plan)
    one = worths(found)[0]
    assert one.amount < 0
    assert one.gain > 0
    assert opt.sayings(found)[0].startswith("The policy lowers the sum of total income by ")


def test_what_is_reached_at_a_price_of_zero_is_not_free(result: opt.Result) -> None:
    """Somebody who tightens it would pay."""
    near = [replace(item, room=FREE / 2) if item.limit == "far away" else item for item in result.violations]
    last = opt.sayings(replace(result, violations=tuple(near)))[-1]
    assert last == "At a price of zero, but reached or nearly so: far away; tighter, they may cost."


@pytest.mark.parametrize("ending", [Ending.TIME_LIMIT, Ending.INTERRUPTED])
def test_prices_of_what_is_no_optimum_are_not_said(result: opt.Result, ending: Ending) -> None:
    """Nor that something costs nothing."""
    found = replace(result, findings=Findings(ending, 0.1, 0.0))
    assert worths(found) == ()
    (said,) = opt.sayings(found)
    assert said.startswith("What limits are worth is not said: the policy is no local optimum (best found")


def test_a_policy_that_brings_nothing_measures_nothing(result: opt.Result) -> None:
    """Gains are told in the unit of the objective alone."""
    found = replace(result, baseline_objective=result.objective + 1.0)
    first, *others = opt.sayings(found)
    assert first == "Small changes, to first order, of the discounted sum of welfare:"
    assert not any("of that" in text for text in others)


def test_what_is_rounding_beside_the_objective_measures_nothing(result: opt.Result) -> None:
    """Else a limit would bring 3e+15% of it."""
    found = replace(result, baseline_objective=result.objective * (1.0 - 1e-15))
    first, *others = opt.sayings(found)
    assert first == "Small changes, to first order, of the discounted sum of welfare:"
    assert not any("of that" in text for text in others)


def test_what_a_search_leaves_over_in_a_price_is_no_price(result: opt.Result) -> None:
    """None is worth 8e-14% of anything."""
    dusty = {name: 1e-15 * price.assign_attrs() for name, price in result.shadow_prices.items()}
    dusty = {name: price.assign_attrs(result.shadow_prices[name].attrs) for name, price in dusty.items()}
    found = replace(result, shadow_prices=dusty)
    assert worths(found) == ()
    assert not any("%" in text for text in opt.sayings(found))
    told = {one.topic: one.text for one in sentences(found)}["binds"]
    assert told.startswith("What binds, though a little more would bring next to nothing: ")


def test_many_limits_are_counted(result: opt.Result) -> None:
    """The dearest are told."""
    prices = {f"limit {i}": result.shadow_prices["cap"] for i in range(MOST + 3)}
    found = opt.sayings(replace(result, shadow_prices=prices))
    assert found[MOST + 1] == "... and 3 more in shadow_prices.csv."


def test_a_fixed_amount_is_set_higher_or_lower(islands_system: System) -> None:
    """An equation has no side on which more is allowed."""
    equal = {"name": "exactly", "sum": "spending", "over": ["island", "good"], "equals": 4.0}
    found = solved(islands_system, lever=[{"variable": "spending", "upper": 2.0}], limit=[equal])
    assert "most where 0.1 money higher at time 2 (2.5% of it) would bring" in opt.sayings(found)[1]


@pytest.mark.parametrize(
    ("amount", "unit", "said"),
    [
        (0.1, "trillion yuan", "100 billion yuan"),
        (-10.0, "Billion yuan/Year", "-10 billion yuan a year"),
        (0.001, "thousand tonnes", "1 tonnes"),
        (1000.0, "people", "1,000 people"),
        (20.0, "ten thousand person", "200,000 people"),
        (0.01, "", "0.01"),
        (1e-7, "m", "1e-07 metres"),
        (3.0, "thousandfold", "3 thousandfold"),
    ],
)
def test_amounts_are_those_that_people_say(amount: float, unit: str, said: str) -> None:
    """Words of size belong to the number."""
    assert amount_words(amount, unit) == said


def test_a_rate_is_an_amount_only_where_it_holds_for_one_unit_of_time() -> None:
    """A year's budget of one more yuan a year is one more yuan; half a year's is not, nor a rate at the end."""
    price = xr.DataArray([3.0], {"time": [2026.0]}, ("time",), attrs={"limit_unit": "yuan/Year"})
    units = [unit_of_amount(price.assign_attrs(period=period), "Year") for period in (1.0, 0.5, 0.0)]
    assert units == ["yuan", "yuan/Year", "yuan/Year"]


def test_sizes_are_kept_and_computed_anew(result: opt.Result, tmp_path: Path) -> None:
    """In the folder; whoever forges them is found, since shares of them are said."""
    folder = opt.save_result(result, tmp_path / "run")
    again = opt.load_result(folder)
    np.testing.assert_array_equal(again.shadow_prices["cap"][SIZE], result.shadow_prices["cap"][SIZE])
    assert opt.sayings(again) == opt.sayings(result)
    honest = opt.verify(again).verification
    assert honest is not None
    assert honest.doubts == ()
    prices = {**again.shadow_prices}
    prices["cap"] = prices["cap"].assign_coords({SIZE: 2 * prices["cap"][SIZE]})
    forged = opt.verify(replace(again, shadow_prices=prices)).verification
    assert forged is not None
    assert forged.doubts == ("the shadow price of 'cap' is another",)


TINY = 1e-9
SPENT = "public investment in citizenization"
LEVER = {"variable": SPENT, "every": 10, "lower": 0, "upper": 60}
WHOLE = {"name": "budget", "sum": SPENT, "over": ["province"], "at_most": 600}
OF_LEVERS = "bounds of levers and how fast they may change"
FEW = {"where": {"province": ["Beijing", "Tibet"]}}


@pytest.mark.parametrize(
    ("lever", "limit", "told"),
    [
        ({"ramp": {"absolute": TINY, "from_start": True}}, {}, OF_LEVERS),
        ({"ramp": {"relative": 0.1, "absolute": TINY, "from_start": True}}, {}, OF_LEVERS),
        ({"upper": TINY}, {}, OF_LEVERS),
        ({}, {"at_most": TINY}, "budget"),
        ({}, {"sum": None, "over": [], "variable": SPENT, "at_most": TINY}, "budget"),
    ],
)
def test_what_is_tiny_binds_all_the_same(lever: dict[str, Any], limit: dict[str, Any], told: str) -> None:
    """Though nobody would gain much by a little more of it."""
    limit = {key: value for key, value in {**WHOLE, **limit}.items() if value is not None}
    binds = _binding({"lever": [{**LEVER, **lever}], "limit": [limit]})
    assert binds.startswith(f"What binds, though a little more would bring next to nothing: {told}")


def test_what_is_tiny_binds_beside_what_counts() -> None:
    """What is said of levers is said once."""
    small = {**FEW, "name": "small", "variable": SPENT, "at_most": TINY}
    binds = _binding({"lever": [LEVER], "limit": [WHOLE, small]})
    assert binds.startswith("What binds: budget; besides, bounds of levers and how fast they may change; and, though a")
    assert "next to nothing: small" in binds
    assert binds.count("bounds of levers") == 1


def _binding(plan: dict[str, Any]) -> str:
    goal = {"maximize": "national urban share", "measure": "mean"}
    content = {"model": "urbanization", "horizon": [2021, 2041], "objective": goal, **plan}
    result = opt.solve(opt.Problem(sd.load("urbanization"), opt.read_plan(content)))
    assert result.status.standing in PRICED
    (binds,) = [one.text for one in sentences(result) if one.topic == "binds"]
    return binds


def test_what_does_not_bind_has_no_price(tmp_path: Path) -> None:
    """However tiny it is: what is best is below it."""
    lever = {"variable": "u", "lower": TINY / 2, "upper": TINY, "ramp": {"absolute": TINY, "from_start": True}}
    model = "u = 0 ~~|\n stock = INTEG(u, 0) ~~|\n gain = LN(2 + stock) ~~|"
    content = {"model": "case.mdl", "horizon": [0, 3], "objective": {"minimize": "gain"}, "lever": [lever]}
    result = opt.solve(opt.Problem(loaded(tmp_path, model), opt.read_plan(content)))
    binding = [name for name, price in result.shadow_prices.items() if price.to_numpy().any()]
    assert binding == ["lower bound of u"]

"""What a report says, section by section, of a result that is known by hand; and what it does not say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from support import valleys
from support.results import verified

import optimize as opt
from optimize.headlines.headline import Headline
from optimize.reports import reasons
from optimize.reports.blocks import Block, Chart, Folded, Report, Table, texts_of
from optimize.reports.content import report_of
from optimize.results.verdict import Standing
from optimize.solvers.solver import Ending
from sd_models.errors import InvalidRequest

NO_GAINS = {
    Standing.INFEASIBLE: {"ending": Ending.INFEASIBLE, "violation": 0.5, "violated": "annual budget"},
    Standing.FAILED: {"ending": Ending.FAILED, "violation": 0.5},
    Standing.INTERRUPTED: {"ending": Ending.INTERRUPTED, "kkt_residual": 0.1},
    Standing.UNBOUNDED: {"ending": Ending.UNBOUNDED, "failure": "spending goes up without end"},
}


@pytest.fixture(scope="module")
def english(result: opt.Result) -> Report:
    """The report of the valleys."""
    return report_of(result, "en", today="2026-01-02")


def blocks_of(report: Report, section: str) -> Iterator[Block]:
    """All blocks of a section, folded ones too."""
    found = report.section(section)
    assert found is not None
    for block in found.blocks:
        yield block
        if isinstance(block, Folded):
            yield from block.blocks


def told(report: Report, section: str) -> str:
    """Everything that a section says."""
    found = report.section(section)
    assert found is not None
    return "\n".join(texts_of(found.blocks))


def charts(report: Report, section: str) -> dict[str, Any]:
    """The charts of a section by kind; the first of each."""
    found: dict[str, Any] = {}
    for block in blocks_of(report, section):
        if isinstance(block, Chart):
            found.setdefault(block.kind, block.specification)
    return found


def table(report: Report, section: str, caption: str) -> list[tuple[str, ...]]:
    """The rows of a table by its caption."""
    return next(
        list(block.rows)
        for block in blocks_of(report, section)
        if isinstance(block, Table) and block.caption.startswith(caption)
    )


# --- what stands first --------------------------------------------------------------------------------------------


def test_three_sentences_say_what_is_known_by_hand(english: Report) -> None:
    """What to do, who gains and who loses when, what binds and how sure that is; each with its numbers."""
    first, second, third = english.sentences
    assert first == (
        "Public money: 12.0 billion yuan from 2026 to the end of 2029, most of it for Roads (100%); by valley, most "
        "goes to Lower valley (67%) and Upper valley (33%)."
    )
    assert second == (
        "At the end of 2029: Wealth of both 20.8 billion yuan instead of 20.0 (+4.0%). Worse off: Wealth in 1 of 2, "
        "2027 to the end of 2029, most in Upper valley at the end of 2029 (−28%)."
    )
    assert third.startswith(
        "Local optimum: the best policy found; none near it is better, one far away may be. Seen: KKT "
    )
    assert "PySD's replay is the same" in third
    assert third.endswith(
        "Limits that are reached: 2 (budget and floor of the upper valley); worth most is budget: 1% more allowed at "
        "all places and times would bring 3.0% of the whole gain."
    )


def test_the_title_names_model_plan_and_time(english: Report) -> None:
    """And the day of the report; there is nothing to warn of."""
    assert english.title == "Two valleys: the policy that is recommended"
    assert english.about == ("Plan: mine.toml", "2026 to the end of 2029", "Report of 2026-01-02")
    assert english.warning == ""


def test_a_report_is_said_in_chinese(result: opt.Result) -> None:
    """With the names, units and times of that language."""
    report = report_of(result, "zh", today="2026-01-02")
    first, second, third = report.sentences
    assert report.title == "两谷：建议方案"
    assert (
        first == "公共资金：2026年至2029年末共 120 亿元，主要用于道路（100%）；按河谷主要投向下谷（67%）和上谷（33%）。"
    )
    assert "2029年末：两谷财富 20.8 十亿元（无政策时为 20.0，+4.0%）。" in second
    assert "2029年末上谷最甚（−28%）" in second
    assert third.startswith("局部最优：")
    for section in report.sections:
        for text in texts_of(section.blocks):
            assert "Wealth" not in text, text


def test_a_lever_that_is_no_amount_is_told_by_its_level() -> None:
    """A rate has no sum over time that anybody understands."""
    result = verified()
    rate = result.policy["spending"].isel(island=0, good=0, drop=True).assign_attrs(units="1/Year")
    report = report_of(replace(result, policy=rate.to_dataset(name="tax rate")), "en")
    assert report.sentences[0].startswith("Tax rate: 294% a year on average, from 125% a year at first")
    assert "lines" in charts(report, "money")


def test_a_policy_that_changes_nothing_is_not_praised(result: opt.Result) -> None:
    """There is no number to be told of it."""
    still = replace(result, policy=result.policy * 0.0, trajectories=result.baseline, objective=20.0)
    report = report_of(still, "en")
    assert report.sentences[0] == "Nothing is to be changed: the policy is what the model does without one."
    assert report.sentences[1].startswith("The policy moves none of the outcomes")


def test_what_was_not_settled_is_not_recommended(result: opt.Result) -> None:
    """It is the best that was found, and said to be."""
    findings = replace(result.findings, ending=Ending.TIME_LIMIT, kkt_residual=0.1, looked=None)
    report = report_of(replace(result, findings=findings), "en")
    assert report.title == "Two valleys: the best policy found"
    assert report.warning.startswith(
        "Best found, limit reached: the best policy so far: the search ended before it was done"
    )
    assert "What limits are worth is not said" in told(report, "limits")


def test_nothing_is_recommended_where_no_lever_moves_the_goal(result: opt.Result) -> None:
    """Neither in the title nor in a sentence."""
    looked = result.findings.looked
    assert looked is not None
    idle = replace(result, findings=replace(result.findings, looked=replace(looked, is_idle=True)))
    report = report_of(idle, "en")
    assert report.title == "Two valleys: no gradient"
    (only,) = report.sentences
    told = "no lever moves the objective here, and what is shown is the best of the policies that were tried."
    assert only.startswith(f"No gradient: nothing is recommended: {told} Seen: ")


def test_a_goal_that_is_worse_than_without_is_said_first(result: opt.Result) -> None:
    """As where the model's own path breaks limits."""
    report = report_of(replace(result, objective=19.0), "en")
    assert report.warning.startswith("The goal is worse than without a policy")


def test_no_dust_and_no_immense_percentages_are_told() -> None:
    """What is nothing beside the largest value is 0; of what was next to nothing no per cent are told."""
    result = verified()
    values = result.policy["spending"].isel(good=0, drop=True).assign_attrs(units="")
    dusty = values.where(values["island"] != "north", 1e-20)
    income = result.trajectories["total income"]
    headline = Headline("total income", "money", 1.0, "Income", "收入", "more")
    report = report_of(
        replace(
            result,
            policy=dusty.to_dataset(name="effort"),
            headlines=(headline,),
            baseline=(income * 1e-6).to_dataset(name="total income"),
        ),
        "en",
    )
    assert "from 0 (north) to " in report.sentences[0]
    assert "%" not in report.sentences[1]


def test_what_differs_by_rounding_is_one_level() -> None:
    """Else a lever would go from 1.00 in one place to 1.00 in another."""
    result = verified()
    spending = result.policy["spending"].isel(good=0, drop=True).assign_attrs(units="")
    noise = xr.where(spending["island"] == "north", 1.0, 1.0 + 1e-12)
    report = report_of(replace(result, policy=(0.0 * spending + noise).to_dataset(name="effort")), "en")
    assert report.sentences[0] == "Effort: 1.00 on average."


def test_where_no_part_is_worth_a_word_none_is_named() -> None:
    """Of a thousand villages alike none gets most."""
    first = verified().policy["spending"].isel(island=0, good=0, drop=True)
    villages = xr.DataArray(np.ones(1000), {"village": [f"v{number}" for number in range(1000)]})
    policy = (0.0 * first + villages).assign_attrs(units="money/Year").to_dataset(name="works")
    report = report_of(replace(verified(), policy=policy), "en")
    assert "most" not in report.sentences[0]


# --- sections -----------------------------------------------------------------------------------------------------


def test_money_is_shown_over_time_by_place_and_as_a_table(english: Report) -> None:
    """One billion a year goes to the upper valley, two to the lower one, all into roads."""
    found = charts(english, "money")
    assert [one["name"] for one in found["stack"]["series"]] == ["Roads", "Schools"]
    assert found["stack"]["x"] == [2026.0, 2027.0, 2028.0, 2029.0]
    assert found["stack"]["series"][0]["values"] == pytest.approx([3.0] * 4, abs=1e-5)
    assert [(one["code"], round(one["value"], 3)) for one in found["tiles"]["tiles"]] == [("UP", 4.0), ("LO", 8.0)]
    assert found["heat"]["values"] == pytest.approx([4.0, 0.0, 8.0, 0.0], abs=1e-4)
    rows = table(english, "money", "Public money by use")
    assert rows[0] == ("Roads", "3.00", "3.00", "3.00", "3.00", "12.0", "100%")
    assert rows[-1] == ("All", "3.00", "3.00", "3.00", "3.00", "12.0", "100%")


def test_losers_come_first(english: Report) -> None:
    """The upper valley loses .7 a year of 10: 28% at the end; then come the outcomes with the policy and without."""
    people = english.section("people")
    assert people is not None
    first = people.blocks[0]
    assert isinstance(first, Table)
    assert first.caption == "Who is worse off at the end of 2029"
    assert first.rows == (
        ("Wealth", "1 of 2 (valley)", "2027 to end of 2029", "Upper valley, end of 2029", "−28%", "1"),
    )
    heat = charts(english, "people")["heat"]
    assert [row["name"] for row in heat["rows"]] == ["Upper valley", "Lower valley"]
    assert heat["values"][:5] == pytest.approx([0.0, -7.0, -14.0, -21.0, -28.0], abs=1e-3)
    assert [one["name"] for one in heat["columns"]] == ["2026", "2027", "2028", "2029", "end of 2029"]
    panel = charts(english, "people")["multiples"]["panels"][0]
    assert panel["series"][0]["values"] == pytest.approx([20.0, 20.2, 20.4, 20.6, 20.8], abs=1e-4)
    assert panel["series"][1]["values"] == [20.0] * 5


def test_limits_tell_what_they_cost_and_which_cost_nothing(english: Report) -> None:
    """A yuan of the budget brings .2, one of the floor costs .4, of a gain of .8; the ceiling is free."""
    rows = table(english, "limits", "What a small change")
    assert [(row[0], row[1], row[2].split(", ")[-1][:2], *row[3:]) for row in rows] == [
        ("Budget", "3.0%", "20", "10 million yuan more allowed", "0.00200", "0.2%"),
        ("Floor of the upper valley", "2.0%", "20", "10 million yuan less asked for", "0.00400", "0.5%"),
    ]
    assert "Nobody needs to argue about ceiling:" in told(english, "limits")
    assert [row[1] for row in table(english, "limits", "Limits, where")] == ["reached", "reached", "kept"]


def test_the_gain_is_shared_out_and_adds_up(english: Report) -> None:
    """Of the gain of .8 the lower valley's roads bring 1.6, those of the upper one take .8."""
    waterfalls = [block.specification for block in blocks_of(english, "why") if isinstance(block, Chart)]
    for chart in waterfalls:
        steps = sum(step["value"] for step in chart["steps"])
        assert chart["start"]["value"] + steps == pytest.approx(chart["end"]["value"], abs=1e-4)
    valley = next(chart for chart in waterfalls if "by valley" in chart["title"])
    assert {step["name"]: round(step["value"], 3) for step in valley["steps"]} == {
        "Lower valley": 1.6,
        "Upper valley": -0.8,
    }
    assert "No variable of the model takes part in a feedback loop." in told(english, "why")


def test_stocks_tell_through_what_they_work(english: Report) -> None:
    """A hundredth of the ten billion of each valley is there at the end, and is wealth of both then."""
    rows = table(english, "why", "What 1% more of each of these stocks in 2026 would bring")
    assert rows == [("Wealth", "Wealth of both", "+0.200", "+100%")]


def test_certainty_tells_what_was_seen_what_it_leans_on_and_what_was_not_done(english: Report) -> None:
    """The return of the lower roads is worth 8 a unit, and its range of half to twice 1.8: 1800% of the gain."""
    said = told(english, "certainty")
    assert "The objective is 20.8000 billion yuan, without the policy 20.0000." in said
    assert "PySD's own run of the untouched file was compared: it is the same." in said
    rows = table(english, "certainty", "On which numbers")
    assert ("Return: Lower valley, Roads", "0.60 to 2.40", "assumed", "1.20", "+1800%") in rows
    assert "Only one start was searched from" in said
    assert "No other solver's result" in said


def test_the_same_is_made_anew_by_one_command(english: Report) -> None:
    """Versions, hashes, the plan, and no folder of anybody's machine."""
    said = told(english, "origins")
    assert "prosperity optimize mine.toml" in said
    assert "valleys.mdl" in said
    assert 'maximize = "national wealth"' in said
    assert "/" not in next(row for row in table(english, "origins", "What this") if row[0] == "Model")[1]


def test_another_solver_is_a_second_opinion(result: opt.Result) -> None:
    """Of the same plan; of another plan it is none."""
    plan = result.plan.model_copy(update={"solver": result.plan.solver.model_copy(update={"name": "ipopt"})})
    known = {**result.provenance, "solver": "ipopt", "plan_hash": "of another solver"}
    other = replace(result, plan=plan, provenance=known, objective=20.8000001)
    said = told(report_of(result, "en", others=[other]), "certainty")
    assert (
        "Another solver (ipopt: local optimum) found 20.8000 billion yuan for the same plan, a relative difference of "
        in said
    )
    assert "No other solver's result" not in said
    stranger = replace(other, plan=opt.read_plan({**valleys.PLAN, "limit": valleys.PLAN["limit"][:1]}))
    assert "Another solver" not in told(report_of(result, "en", others=[stranger]), "certainty")


# --- several results ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stricter(model: Path) -> opt.Result:
    """The valleys with two billion for the upper one at least: .4 less of wealth a year, and less of a loss there."""
    floor = {**valleys.PLAN["limit"][1], "at_least": 2}
    return valleys.solved(model, limit=[valleys.PLAN["limit"][0], floor])


def test_results_stand_side_by_side(result: opt.Result, stricter: opt.Result) -> None:
    """A column each, from one baseline; who loses from the first to the other, and where the money goes."""
    report = report_of(result, "en", others=[stricter])
    said = told(report, "alongside")
    assert "All start from the same run without a policy" in said
    assert "Of result 2 other things were asked than of result 1:" in said
    assert table(report, "alongside", "What comes of each") == [
        ("Wealth of both", "billion yuan", "20.00", "20.80", "19.20", "−1.60")
    ]
    lines = charts(report, "alongside")["multiples"]["panels"][0]["series"]
    assert [one["name"] for one in lines] == ["result 1", "result 2", "without"]
    losers = table(report, "alongside", "Who is worse off with result 2 than with result 1")
    assert ("Wealth", "1 of 2 (valley)", "2027 to end of 2029", "Lower valley, end of 2029", "−35%", "1") in losers
    money = table(report, "alongside", "Public money by valley, billion yuan; result 2 spends 33% otherwise")
    assert money == [("Upper valley", "4.0", "8.0"), ("Lower valley", "8.0", "4.0"), ("All", "12.0", "12.0")]
    assert ("Ceiling", "kept", "–") in table(report, "alongside", "Limits, where")


def test_other_baselines_are_told(result: opt.Result, model: Path) -> None:
    """Gains from them cannot be compared."""
    other = valleys.solved(model, constants={"initial wealth": 12})
    assert other.assumptions
    said = told(report_of(result, "en", others=[other]), "alongside")
    assert "They do not start from the same run without a policy (Wealth of both differs by up to 17%)" in said
    alone = report_of(other, "en", today="2026-01-02")
    assert "Assumed: initial wealth 12.0 billion yuan instead of 10.0" in alone.about
    assert "--set 'initial wealth=12.0'" in told(alone, "origins")


def test_what_cannot_be_compared_is_refused_by_name(result: opt.Result) -> None:
    """A run without a policy, one that was interrupted, and a model that has nothing in common."""
    infeasible = replace(result, findings=replace(result.findings, ending=Ending.INFEASIBLE, violation=0.5))
    with pytest.raises(InvalidRequest, match="result 2: has no policy"):
        report_of(result, "en", others=[infeasible])
    findings = replace(result.findings, ending=Ending.INTERRUPTED, kkt_residual=0.1, looked=None)
    with pytest.raises(InvalidRequest, match="valleys: is not compared: It was interrupted"):
        report_of(result, "en", others=[replace(result, findings=findings)])
    with pytest.raises(InvalidRequest, match="have no headline outcome in common"):
        report_of(result, "en", others=[verified()])
    alone = told(report_of(infeasible, "en", others=[result]), "verdict")
    assert "The further results are not compared" in alone


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("standing", NO_GAINS)
def test_without_a_settled_policy_the_verdict_comes_first_and_no_gains(standing: Standing, language: str) -> None:
    """Infeasible, failed, interrupted and unbounded runs say so in the title and the first line."""
    result = verified()
    findings = replace(result.findings, looked=None, **NO_GAINS[standing])
    report = report_of(replace(result, findings=findings, verification=None), language)
    name = report.warning.split(":" if language == "en" else "：")[0]
    assert report.title.lower().endswith(name.lower())
    assert report.sentences == ()
    assert [section.name for section in report.sections] == ["verdict", "certainty", "origins"]
    assert report.charts == ()
    assert standing == replace(result, findings=findings, verification=None).status.standing


def test_limits_that_contradict_each_other_are_named(model: Path) -> None:
    """A floor above the budget."""
    high = {**valleys.PLAN["limit"][1], "at_least": 5}
    report = report_of(valleys.solved(model, limit=[valleys.PLAN["limit"][0], high]), "en")
    assert report.warning.startswith("Infeasible: no policy was found that keeps all limits of the plan together.")
    assert "These cannot hold together:" in told(report, "verdict")


def test_a_folder_tells_what_it_can_without_its_model(result: opt.Result, tmp_path: Path) -> None:
    """Money, gains and limits need no model; why, and what it leans on, do, and that is said."""
    alone = {**result.provenance, "model_path": str(tmp_path / "gone.mdl")}
    folder = opt.save_result(replace(result, provenance=alone, opened=None), tmp_path / "run")
    report = report_of(opt.load_result(folder), "zh")
    assert report.title == "两谷：建议方案"
    assert len(report.sentences) == 3
    assert charts(report, "money").keys() == {"stack", "tiles", "heat"}
    assert "gone.mdl" in told(report, "why")
    assert "收益依赖哪些参数需用模型计算，而模型不可用。" in told(report, "certainty")


def test_a_large_model_is_reported_without_reasons(result: opt.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take minutes is left to the command that does it, and said to be."""
    monkeypatch.setattr(reasons, "LARGEST", 100)
    report = report_of(result, "en")
    assert "The reasons are not computed here, since the model is large" in told(report, "why")
    assert "What the gain leans on was not computed." in told(report, "certainty")
    assert charts(report, "why") == {}


def test_a_folder_that_was_changed_says_so_first(result: opt.Result, tmp_path: Path) -> None:
    """Whoever reads it learns that before any number."""
    folder = opt.save_result(result, tmp_path / "run")
    with (folder / "policy.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert "Changed after the result was saved: policy.csv." in report_of(opt.load_result(folder), "en").warning


def test_a_model_without_tables_makes_a_report(tmp_path: Path) -> None:
    """By the names of the model; who loses cannot be told where nobody said what is better, but of the goal."""
    report = report_of(valleys.solved(valleys.written(tmp_path, tables=False)), "en")
    assert report.sentences[0].startswith("Money: 12.0 billion yuan from 2026 to the end of 2029, most of it for roads")
    assert "Of these nobody has said whether more or less is better" in told(report, "people")


def test_there_are_two_languages(result: opt.Result) -> None:
    """Another one is refused by name."""
    with pytest.raises(InvalidRequest, match="there is no language 'fr'"):
        report_of(result, "fr")

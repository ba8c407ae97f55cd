"""The parts of a gain add up to it, are those that one computes by hand, and tell what they leave out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.models import loaded

import optimize as opt
from optimize.explanation.tables import headline, tables
from optimize.explanation.target import question_of, target_of
from optimize.explanation.waterfall import Waterfall, waterfall
from optimize.solvers.solver import Ending
from sd_models.errors import InvalidRequest
from sd_models.system.model import System

YEARS = """
INITIAL TIME = 0 ~ Year ~|
FINAL TIME = 4 ~ Year ~|
TIME STEP = 1 ~ Year ~|
SAVEPER = TIME STEP ~ Year ~|
"""
PRODUCT = """{UTF-8}
labour = 1 ~ people [0, 10] ~ Lever. |
capital = 2 ~ money [0, 10] ~ Lever. |
output = labour * capital ~ goods/Year ~|
"""
BOUNDS = [{"variable": "labour", "lower": 4, "upper": 4}, {"variable": "capital", "lower": 6, "upper": 6}]


def solved(system: System, objective: dict[str, Any], levers: list[dict[str, Any]], first: float = 0) -> opt.Result:
    """The optimum of a plan with these levers."""
    plan = {"model": "case.mdl", "horizon": [first, 3], "objective": objective, "lever": levers}
    return opt.solve(opt.Problem(system, opt.read_plan(plan)))


def explained(result: opt.Result, outcome: str | None = None) -> Waterfall:
    """The parts of the gain of an outcome."""
    question = question_of(result)
    return waterfall(question, target_of(question, outcome))


def test_a_product_is_shared_along_the_diagonal(tmp_path: Path) -> None:
    """From 1 x 2 to 4 x 6: capital is 2 + 4t on the path, 4 in the mean, labour 2.5: 3 x 4 and 4 x 2.5 make 22."""
    result = solved(loaded(tmp_path, PRODUCT, controls=YEARS), {"maximize": "output", "measure": "mean"}, BOUNDS)
    found = explained(result)
    assert found.gain == pytest.approx(22.0)
    assert found.by_lever() == pytest.approx({"labour": 12.0, "capital": 10.0})
    assert found.by("time", lever="labour").to_numpy() == pytest.approx(3.0)
    assert abs(found.remainder) < 1e-9
    assert not found.crossings


def test_parts_add_up_to_the_gain(islands_result: opt.Result) -> None:
    """Of the objective as of any other outcome, by any dimension and any two of them."""
    for outcome in (None, "total income:mean", "capital[north, rice]:5"):
        found = explained(islands_result, outcome)
        assert abs(found.remainder) <= 1e-4 * abs(found.gain)
        for dimensions in (("island",), ("good",), ("time",), ("island", "time"), ("good", "island")):
            assert float(found.by(*dimensions).sum()) + found.remainder == pytest.approx(found.gain)
    assert explained(islands_result).gain == pytest.approx(islands_result.objective - islands_result.baseline_objective)


def test_what_a_decision_cannot_reach_has_no_part_of_it(islands_result: opt.Result) -> None:
    """The capital of one island is made by spending there, before the time at which one looks."""
    parts = explained(islands_result, "capital[north, rice]:4").by("island", "good", "time")
    assert float(abs(parts.sel(island=["south", "east"])).sum()) == 0
    assert float(abs(parts.sel(good=["steel", "books"])).sum()) == 0
    assert float(abs(parts.sel(time=[4, 5])).sum()) == 0


def test_an_exponential_needs_more_points_and_says_so(tmp_path: Path) -> None:
    """Three are too few for a curve that bends by e^30."""
    text = "effort = 0 ~ 1 [0, 30] ~ Lever. |\ngood = EXP(effort) ~ 1 ~|"
    lever = [{"variable": "effort", "lower": 30, "upper": 30}]
    found = explained(solved(loaded(tmp_path, text, controls=YEARS), {"maximize": "good", "measure": "final"}, lever))
    assert found.points > 6
    assert abs(found.remainder) <= 1e-4 * found.gain


def test_a_corner_on_the_way_is_named_and_what_it_leaves_is_shown(tmp_path: Path) -> None:
    """Beyond 2.2 more of one brings nothing: the derivative jumps."""
    text = "effort = 0 ~ 1 [0, 9] ~ Lever. |\ngood = MIN(effort, 2.2) ~ 1 ~|"
    lever = [{"variable": "effort", "lower": 7, "upper": 7}]
    found = explained(solved(loaded(tmp_path, text, controls=YEARS), {"maximize": "good", "measure": "final"}, lever))
    assert [(one.variable, one.function) for one in found.crossings] == [("good", "MIN")]
    assert any("corners of good: MIN" in note for note in found.notes)
    assert float(found.by("time").sum()) + found.remainder == pytest.approx(2.2)
    assert any("remainder" in note for note in found.notes) == (abs(found.remainder) > 1e-4 * found.gain)


def test_terms_of_a_weighted_mean(tmp_path: Path) -> None:
    """An index whose equation is a sum, behind a mean over elements: the gain of each part, and all of it."""
    text = """{UTF-8}
place: a, b ~~|
money[place] = 0, 0 ~ 1 [0, 4] ~ Lever. |
growth[place] = 2 * money[place] ~ 1 ~|
sharing[place] = SQRT(1 + money[place]) ~ 1 ~|
weight = 0.25 ~ 1 ~|
index[place] = (1 - weight) * growth[place] + weight * sharing[place] ~ 1 ~|
welfare = SUM(index[place!]) / 2 ~ 1 ~|
"""
    lever = [{"variable": "money", "lower": 3, "upper": 3}]
    found = explained(
        solved(loaded(tmp_path, text, controls=YEARS), {"maximize": "welfare", "measure": "final"}, lever)
    )
    assert found.by_term == pytest.approx({"growth": 0.75 * 6, "sharing": 0.25})
    assert sum(found.by_term.values()) == pytest.approx(found.gain)
    assert found.terms["money"].dims == ("part", "time", "place")
    assert found.terms["money"].sum(("time", "place")).to_numpy() == pytest.approx([4.5, 0.25], abs=5e-4)


def test_an_outcome_without_parts_says_so(tmp_path: Path) -> None:
    """A product is no sum."""
    found = explained(solved(loaded(tmp_path, PRODUCT, controls=YEARS), {"maximize": "output"}, BOUNDS))
    assert found.by_term == {}
    assert any("no sum of named variables" in note for note in found.notes)


def test_an_outcome_that_does_not_move(islands_result: opt.Result) -> None:
    """No lever reaches the price."""
    with pytest.raises(InvalidRequest, match="does not move it"):
        explained(islands_result, "price")


def test_an_unknown_outcome_names_the_nearest(islands_result: opt.Result) -> None:
    """As everywhere; one of many elements is asked for one."""
    with pytest.raises(InvalidRequest, match="'total income'"):
        explained(islands_result, "totl income:mean")
    with pytest.raises(InvalidRequest, match="many elements"):
        explained(islands_result, "income")
    with pytest.raises(InvalidRequest, match="no lever has the dimensions"):
        explained(islands_result).by("province")


def test_a_policy_that_changes_nothing_is_not_explained(tmp_path: Path) -> None:
    """The levers are what they are without it."""
    fixed = [{"variable": "labour", "lower": 1, "upper": 1}, {"variable": "capital", "lower": 2, "upper": 2}]
    result = solved(loaded(tmp_path, PRODUCT, controls=YEARS), {"maximize": "output"}, fixed)
    with pytest.raises(InvalidRequest, match="nothing to explain"):
        question_of(result)


def test_no_policy_is_not_explained(tmp_path: Path) -> None:
    """An infeasible plan has none."""
    system = loaded(tmp_path, PRODUCT, controls=YEARS)
    cap = {"name": "cap", "variable": "output", "at_most": 1.0}
    plan = {
        "model": "case.mdl",
        "horizon": [0, 3],
        "objective": {"maximize": "output"},
        "lever": BOUNDS,
        "limit": [cap],
    }
    with pytest.raises(InvalidRequest, match="no policy to explain"):
        question_of(opt.solve(opt.Problem(system, opt.read_plan(plan))))


def test_headlines_are_told_as_people_say_them(urbanization_result: opt.Result) -> None:
    """By their English or Chinese name, in their unit."""
    result = urbanization_result
    found = explained(result, "urban share:2041")
    assert (found.target.label, found.target.unit) == ("Urban share, at 2041", "%")
    assert found.gain == pytest.approx(100 * (result.objective - result.baseline_objective))
    share = result.trajectories["national urban share"] - result.baseline["national urban share"]
    assert found.gain == pytest.approx(100 * float(np.asarray(share)[-1]))


def test_the_equation_of_a_lever_does_not_count(tmp_path: Path) -> None:
    """It is given: what the modeller wrote for it is no part of the outcome, be it a part of it or the lever itself."""
    text = """{UTF-8}
base = 1 ~ 1 ~|
effort = base + Time / 10 ~ 1 [0, 9] ~ Lever. |
good = 2 * effort ~ 1 ~|
"""
    lever = [{"variable": "effort", "lower": 5, "upper": 5}]
    system = loaded(tmp_path, text, controls=YEARS)
    result = solved(system, {"maximize": "good", "measure": "mean"}, lever)
    found = explained(result)
    assert found.by_term == {}
    assert found.gain == pytest.approx(2 * np.mean([4.0, 3.9, 3.8, 3.7]))
    assert found.by("time").to_numpy() == pytest.approx([2.0, 1.95, 1.9, 1.85])
    of_lever = explained(result, "effort:mean")
    assert of_lever.by_term == {}
    assert of_lever.gain == pytest.approx(found.gain / 2)


def test_an_interrupted_search_is_not_explained(islands_result: opt.Result) -> None:
    """Its policy is on the way to another one."""
    findings = replace(islands_result.findings, ending=Ending.INTERRUPTED, kkt_residual=0.5)
    with pytest.raises(InvalidRequest, match="interrupted"):
        question_of(replace(islands_result, findings=findings))


def test_less_is_better_where_a_plan_minimizes(tmp_path: Path) -> None:
    """The sign of the gain is that of the outcome."""
    system = loaded(tmp_path, PRODUCT, controls=YEARS)
    fixed = [{"variable": "labour", "lower": 0.5, "upper": 0.5}, {"variable": "capital", "lower": 2, "upper": 2}]
    found = opt.explain(solved(system, {"minimize": "output", "measure": "mean"}, fixed))
    assert found.waterfall.by_lever() == pytest.approx({"labour": -1.0, "capital": 0.0})
    assert "for the better" in headline(found)
    assert found.loops.loops == ()
    assert next(table.title for table in tables(found)).startswith("Where the change comes from, by lever")


def test_terms_of_a_geometric_mean(tmp_path: Path) -> None:
    """The logarithm of a product of powers, behind a variable of its own, has the parts of its factors."""
    text = """{UTF-8}
money = 0 ~ 1 [0, 4] ~ Lever. |
growth = 1 + money ~ 1 ~|
ecology = EXP(-money / 10) ~ 1 ~|
sharing = 2 + money ~ 1 ~|
overall = (growth * ecology) ^ (1 / 2) ~ 1 ~|
welfare = 0.5 * LN(overall) + 0.5 * LN(sharing) ~ 1 ~|
"""
    lever = [{"variable": "money", "lower": 3, "upper": 3}]
    found = explained(
        solved(loaded(tmp_path, text, controls=YEARS), {"maximize": "welfare", "measure": "final"}, lever)
    )
    by_hand = {"growth": np.log(4) / 4, "ecology": -0.3 / 4, "sharing": np.log(2.5) / 2}
    assert found.by_term == pytest.approx(by_hand)
    assert sum(found.by_term.values()) == pytest.approx(found.gain)


def test_factors_that_are_not_positive_are_no_parts(tmp_path: Path) -> None:
    """Two negative ones have a product with a logarithm, which is no sum of theirs."""
    text = """{UTF-8}
money = 0 ~ 1 [0, 4] ~ Lever. |
welfare = LN((-1 - money) * (-2 - money)) ~ 1 ~|
"""
    lever = [{"variable": "money", "lower": 3, "upper": 3}]
    found = explained(
        solved(loaded(tmp_path, text, controls=YEARS), {"maximize": "welfare", "measure": "final"}, lever)
    )
    assert found.by_term == {}
    assert found.gain == pytest.approx(np.log(10))
    assert float(found.by("time").sum()) == pytest.approx(found.gain, rel=1e-4)

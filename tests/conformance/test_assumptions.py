"""A plan with constants of its own is the plan for a model file in which somebody edited the numbers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import islands
from support.models import CONTROLS
from support.random_models import examples

import optimize as opt
import sd_models as sd
from optimize.problems.assembly import assemble
from optimize.results.recomputation import policy_of
from sd_models.reading.library import model_path

TIGHT = {"tolerance": 1e-9}

DELAYED = """{UTF-8}
spending = 1 ~ money/Year [0, 4] ~ Lever: what is spent. |
delay time = 1 ~ Year ~|
arriving = DELAY3(spending, delay time) ~ money/Year ~|
yield = RETURN TABLE(capital / scale) ~ Dmnl ~|
RETURN TABLE((0, 0), (1, 1), (2, 1.5), (4, 1.8)) ~~|
scale = 2 * unit of capital ~ money ~|
unit of capital = 1.5 ~ money ~|
wear = 0.1 ~ 1/Year ~|
capital = INTEG(arriving - wear * capital, first capital) ~ money ~|
first capital = 2 ~ money ~|
purse = 6 + share of yield * yield ~ money/Year ~|
share of yield = 0.5 ~ money/Year ~|
"""
DELAYED_PLAN = {
    "model": "case.mdl",
    "horizon": [0, 3],
    "objective": {"maximize": "yield", "discount": 0.03},
    "lever": [{"variable": "spending"}],
    "limit": [{"name": "purse", "sum": "spending", "at_most": "purse", "when": "total"}],
}
ISLANDS_PLAN = islands.plan(
    objective={"maximize": "welfare", "discount": 0.04},
    lever=[{"variable": "spending", "upper": "ceiling"}],
    limit=[islands.BUDGET, islands.FLOOR],
)


@dataclass(frozen=True)
class Case:
    """A model, a plan for it, constants that the plan sets, and the same numbers as edits of the file's text."""

    text: str
    plan: Mapping[str, Any]
    constants: Mapping[str, float]
    edits: Mapping[str, str]


CASES = {
    "scalars, behind a delay, a table and a limit": Case(
        DELAYED + CONTROLS,
        DELAYED_PLAN,
        {"delay time": 1.5, "Wear": 0.2, "first capital": 3, "share of yield": 0.8},
        {
            "delay time = 1 ": "delay time = 1.5 ",
            "wear = 0.1": "wear = 0.2",
            "first capital = 2": "first capital = 3",
            "share of yield = 0.5": "share of yield = 0.8",
        },
    ),
    "a number that follows from another": Case(
        DELAYED + CONTROLS, DELAYED_PLAN, {"scale": 2.5}, {"scale = 2 * unit of capital": "scale = 2.5"}
    ),
    "elements, a subrange, all of a variable and one of them": Case(
        islands.MODEL,
        ISLANDS_PLAN,
        {"returns[steel]": 0.25, "first capital[warm, rice]": 5, "ceiling[north]": 1.5, "ceiling": 2.5},
        {
            "returns[good] = 0.1, 0.2, 0.3": "returns[good] = 0.1, 0.25, 0.3",
            "4, 1, 2; 6, 2, 3; 8, 3, 4;": "4, 1, 2; 5, 2, 3; 5, 3, 4;",
            "ceiling[island] = 3, 4, 5": "ceiling[island] = 1.5, 2.5, 2.5",
        },
    ),
}


def _solved(folder: Path, text: str, plan: Mapping[str, Any]) -> opt.Result:
    folder.mkdir()
    (folder / "case.mdl").write_text(text, encoding="utf-8")
    read = opt.read_plan({**plan, "solver": TIGHT})
    return opt.solve(opt.Problem(sd.load(folder / "case.mdl"), read))


def _edited(case: Case) -> str:
    text = case.text
    for before, after in case.edits.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    return text


@pytest.mark.parametrize("name", CASES)
def test_constants_are_an_edited_file(name: str, tmp_path: Path) -> None:
    """Baseline, policy, trajectories, limits, prices, and PySD's replay of the untouched file with these numbers."""
    case = CASES[name]
    by_plan = _solved(tmp_path / "plan", case.text, {**case.plan, "constants": case.constants})
    by_hand = _solved(tmp_path / "hand", _edited(case), case.plan)
    assert by_plan.is_policy
    _assert_same(by_plan, by_hand)
    untouched = _solved(tmp_path / "untouched", case.text, case.plan)
    assert abs(by_plan.baseline_objective - untouched.baseline_objective) > 1e-3 * abs(untouched.baseline_objective)
    folder = opt.save_result(by_plan, tmp_path / "result")
    verified = opt.verify(opt.load_result(folder))
    assert verified.verification is not None
    assert verified.verification.doubts == ()
    assert verified.verification.gap.size < 1e-9
    assert verified.verification.objective == pytest.approx(by_hand.objective, rel=1e-7)


def _assert_same(one: opt.Result, other: opt.Result) -> None:
    assert one.objective == pytest.approx(other.objective, rel=1e-9)
    assert one.baseline_objective == pytest.approx(other.baseline_objective, rel=1e-12)
    for run in ("baseline", "trajectories"):
        for name, path in getattr(other, run).data_vars.items():
            np.testing.assert_allclose(getattr(one, run)[name], path, rtol=1e-6, atol=1e-9)
    assert one.shadow_prices.keys() == other.shadow_prices.keys()
    for name, price in other.shadow_prices.items():
        np.testing.assert_allclose(one.shadow_prices[name], price, rtol=1e-5, atol=1e-8)
    assert [(item.limit, item.amount) for item in one.violations] == [
        (item.limit, pytest.approx(item.amount, rel=1e-7)) for item in other.violations
    ]


def _assert_same_problems(one: opt.Problem, other: opt.Problem) -> None:
    """Bounds, and at a policy apart from the model's own: outcomes, gradients, and what limits leave."""
    np.testing.assert_allclose(one.lower, other.lower, rtol=1e-12)
    np.testing.assert_allclose(one.upper, other.upper, rtol=1e-12)
    programs = assemble(one), assemble(other)
    x = 0.01 + 1.1 * one.own
    at = [program.evaluate(x) for program in programs]
    np.testing.assert_allclose(at[0].y, at[1].y, rtol=1e-10)
    every = np.arange(len(at[0].y))
    gradients = [program.gradients(there, every) for program, there in zip(programs, at, strict=True)]
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-9, atol=1e-12)


def test_of_the_flagship(tmp_path: Path) -> None:
    """Numbers of its data files, one of a region, and the budget that follows from one."""
    folder = tmp_path / "hand"
    shutil.copytree(model_path("common_prosperity").parent, folder, ignore=shutil.ignore_patterns("provinces"))
    edits = {
        "parameters.csv": (
            ("public investment share of GDP,0.05,", "public investment share of GDP,0.04,"),
            ("basic mobility,0.03,", "basic mobility,0.02,"),
        ),
        "initial.csv": (("East,509.3316,0.598398,", "East,509.3316,0.61,"),),
    }
    for name, changes in edits.items():
        path = folder / "macro" / name
        text = path.read_text(encoding="utf-8")
        for before, after in changes:
            assert text.count(before) == 1
            text = text.replace(before, after)
        path.write_text(text, encoding="utf-8")
    plan = opt.load_plan("common_prosperity").model_copy(update={"regions": "macro", "horizon": (2026.0, 2040.0)})
    constants = {"public investment share of GDP": 0.04, "basic mobility": 0.02, "initial urban share[East]": 0.61}
    by_hand = opt.Problem(sd.load(folder / "model.mdl", regions=folder / "macro"), plan)
    by_plan = opt.Problem(
        sd.load("common_prosperity", regions="macro"), plan.model_copy(update={"constants": constants})
    )
    _assert_same_problems(by_plan, by_hand)
    runs = [sd.simulate(problem.system, outputs=["welfare rate"]) for problem in (by_plan, by_hand)]
    np.testing.assert_allclose(runs[0]["welfare rate"], runs[1]["welfare rate"], rtol=1e-12)


@given(values=st.lists(st.floats(0.02, 0.9), min_size=3, max_size=3), place=st.integers(0, 2), order=st.booleans())
@examples(10)
def test_any_numbers_in_any_order(
    values: list[float], place: int, order: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All of a variable and some elements of it, whichever stands first: bounds, outcomes, gradients are the same."""
    folder = tmp_path_factory.mktemp("models")
    good = islands.GOODS[place]
    pairs = [("returns", values[0]), (f"returns[{good}]", values[1]), ("people[*]", values[2])]
    constants = dict(reversed(pairs) if order else pairs)
    numbers = [values[1] if i == place else values[0] for i in range(3)]
    text = re.sub(r"(returns\[good\] =).*?~", rf"\1 {', '.join(map(repr, numbers))} ~", islands.MODEL)
    text = re.sub(r"(people\[island\] =).*?~", rf"\1 {', '.join([repr(values[2])] * 3)} ~", text)
    for name, content in (("plan", islands.MODEL), ("hand", text)):
        (folder / f"{name}.mdl").write_text(content, encoding="utf-8")
    systems = [sd.load(folder / f"{name}.mdl") for name in ("plan", "hand")]
    plans = [opt.read_plan({**ISLANDS_PLAN, "constants": constants}), opt.read_plan(ISLANDS_PLAN)]
    _assert_same_problems(*(opt.Problem(system, plan) for system, plan in zip(systems, plans, strict=True)))


def test_a_result_keeps_its_assumptions(tmp_path: Path) -> None:
    """In words, as values, in its folder; whoever forges them is found, and whoever explains it sees them."""
    case = CASES["scalars, behind a delay, a table and a limit"]
    result = _solved(tmp_path / "plan", case.text, {**case.plan, "constants": {"wear": 0.2}})
    assert result.notes[0] == "Assumed otherwise than in the model: wear 0.2 instead of 0.1 1/Year."
    again = opt.load_result(opt.save_result(result, tmp_path / "result"))
    assert again.plan.constants == {"wear": 0.2}
    assert again.assumptions == result.assumptions
    assert opt.explain(again).notes[0] == result.notes[0]
    forged = tmp_path / "result" / "result.json"
    forged.write_text(forged.read_text(encoding="utf-8").replace('"least": 0.1', '"least": 0.15'), encoding="utf-8")
    found = opt.verify(opt.load_result(tmp_path / "result")).verification
    assert found is not None
    assert result.notes[0] in found.doubts
    assert policy_of(again.policy)["spending"].equals(policy_of(result.policy)["spending"])

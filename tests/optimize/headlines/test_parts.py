"""What a goal is the sum of is sought of each element, so that whoever loses of it is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support import valleys

import optimize as opt
import sd_models as sd
from optimize.headlines.choice import Goal, headlines_towards
from optimize.headlines.parts import parts
from optimize.reports.content import report_of
from optimize.results.sentences import sentences
from sd_models.system.model import System

MODEL = """{{UTF-8}}
region: A, B ~~|
first: A ~~|
choice[region] = 1, 0 ~~|
need = 3 ~~|
relief = -1 ~~|
weight[region] = 0.5, 1.5 ~~|
grown[region] = 1 + Time ~~|
stock[region] = INTEG(grown[region], 1) ~~|
other = 2 * Time ~~|
half = SUM(stock[region!]) / 2 ~~|
goal = {goal} ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 4 ~~|
TIME STEP = 1 ~~|
SAVEPER = 1 ~~|
"""


@pytest.fixture
def system(tmp_path: Path) -> Callable[[str], System]:
    """The model with a goal."""

    def loaded(goal: str) -> System:
        path = tmp_path / "made.mdl"
        path.write_text(MODEL.format(goal=goal), encoding="utf-8")
        return sd.load(path)

    return loaded


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("SUM(stock[region!])", ("stock",)),
        ("stock[A] + stock[B]", ("stock",)),
        ("SUM(weight[region!] * stock[region!]) / need", ("stock",)),
        ("half + 2 * SUM(grown[region!])", ("grown", "stock")),
        ("half", ("stock",)),
        ("stock[A]", ()),
        ("SUM(stock[first!])", ()),
        ("SUM(stock[first!]) + stock[B]", ("stock",)),
        ("SUM(grown[region!]) + stock[B]", ("grown",)),
        ("SUM(choice[region!] * stock[region!])", ()),
        ("SUM(stock[region!]) + 0 * SUM(grown[region!])", ()),
        ("SUM(stock[region!]) * relief", ()),
        ("SUM(stock[region!]) - SUM(grown[region!])", ()),
        ("SUM(stock[region!] * grown[region!])", ()),
        ("SUM(stock[region!]) / SUM(grown[region!])", ()),
        ("VMIN(stock[region!])", ()),
        ("MAX(SUM(stock[region!]), 3)", ()),
        ("need * 2", ()),
        ("Time", ()),
    ],
)
def test_the_parts_of_a_goal(system: Callable[[str], System], goal: str, expected: tuple[str, ...]) -> None:
    """Where more of the goal is more of each of them, and nowhere else."""
    assert parts(system(goal), "goal") == expected


@pytest.mark.parametrize(
    ("goal", "lever", "expected"),
    [
        ("need * SUM(stock[region!])", "need", ()),
        ("SUM(stock[region!]) / need", "need", ()),
        ("SUM(weight[region!] * stock[region!])", "weight", ()),
        ("half", "half", ()),
        ("SUM(stock[region!]) + need", "need", ("stock",)),
        ("half + SUM(grown[region!])", "half", ("grown",)),
        ("SUM(stock[region!])", "goal", ()),
    ],
)
def test_what_a_plan_decides_is_no_constant(
    system: Callable[[str], System], goal: str, lever: str, expected: tuple[str, ...]
) -> None:
    """Nor does its equation hold: a plan may turn the sign of a weight."""
    assert parts(system(goal), "goal", [lever]) == expected


def test_a_weight_has_the_sign_that_a_plan_assumes(system: Callable[[str], System]) -> None:
    """And not that of the file."""
    model = system("need * SUM(stock[region!])")
    plan = {
        "model": "made.mdl",
        "horizon": [0, 3],
        "objective": {"maximize": "goal"},
        "lever": [{"variable": "grown", "lower": 0, "upper": 1}],
    }
    told = {
        need: {one.variable: one.better for one in opt.Problem(model, opt.read_plan(given)).headlines()}
        for need, given in ((3, plan), (-1, plan | {"constants": {"need": -1.0}}))
    }
    assert (told[3]["stock"], told[-1]["stock"]) == ("more", "")


@pytest.mark.parametrize("is_more_better", [True, False])
def test_what_is_better_is_known_of_the_parts(system: Callable[[str], System], is_more_better: bool) -> None:
    """They stand behind the goal; a lever is none of them."""
    made, better = system("SUM(stock[region!]) + SUM(grown[region!])"), "more" if is_more_better else "less"
    found = headlines_towards(Goal("goal", is_more_better, levers=("grown",)), made)
    assert [(one.variable, one.better, one.by) for one in found[:2]] == [
        ("goal", better, ""),
        ("stock", better, "region"),
    ]
    assert [one.variable for one in found].count("stock") == 1


def test_a_region_that_loses_of_a_national_goal_is_told(tmp_path: Path) -> None:
    """Also where nobody wrote a table of headlines."""
    result = valleys.solved(valleys.written(tmp_path, tables=False))
    told = {one.topic: one.text for one in sentences(result)}
    assert told["loses"].startswith("Loses: wealth in 1 of 2 valleys at some time, in 1 at the end; most in upper")
    assert "Worse off: wealth in 1 of 2" in report_of(result, "en").sentences[1]


def test_who_loses_is_not_known_where_nobody_said_what_is_better_of_a_region(tmp_path: Path) -> None:
    """In the first words, with the outcomes by name and where to say it; the page agrees."""
    path = valleys.written(tmp_path, tables=False)
    text = path.read_text(encoding="utf-8")
    sought = "sought = national wealth - 0.1 * wealth[upper] ~ billion yuan ~|\nINITIAL TIME"
    path.write_text(text.replace("INITIAL TIME", sought), encoding="utf-8")
    result = valleys.solved(path, objective={"maximize": "sought", "measure": "final"})
    told = {one.topic: one.text for one in sentences(result)}
    unknown = "Who loses is not known: nobody has said what is better for wealth; see docs/how-to/headlines.md."
    assert told["loses"] == unknown
    assert report_of(result, "en").sentences[1].endswith(unknown)
    assert {one.topic: one.text for one in sentences(result, "zh")}["loses"].startswith("尚不知谁受损")
    found = opt.compare([result, result])
    assert not any("obody is worse off" in note for note in found.notes)

"""What a page is about: whose plan counts, what is offered without one, what is refused."""

from __future__ import annotations

from pathlib import Path

from support.models import faults, loaded
from support.results import verified

import optimize as opt
import sd_models as sd
from optimize.pages.subject import Subject, subject_of
from sd_models.errors import InvalidRequest
from sd_models.system.model import System

HARBOUR = """
ships = INTEG(public investment - ships / lifetime, 10) ~ ship ~|
public investment = 1 ~ ship ~ Lever: what is built. |
public subsidy = 0.5 ~ ship ~ Policy: what is added. |
lifetime = 20 ~~|
profit = ships * (1 + public subsidy) ~~|
"""
STILL = "weight = 3 ~~|\nlevel = INTEG(0, 1) ~~|"


def test_a_library_model_brings_its_own_plan() -> None:
    """As `prosperity optimize` takes it, with the text that people read."""
    found = subject_of(sd.load("urbanization"))
    assert found.plan == opt.load_plan("urbanization")
    assert found.text.startswith("#")
    assert not found.offered


def test_a_model_without_a_plan_gets_one_and_offers_its_other_inputs(tmp_path: Path) -> None:
    """What its modeller calls something to decide becomes a lever, all else may be changed as a constant."""
    found = subject_of(loaded(tmp_path, HARBOUR))
    assert sorted(lever.variable for lever in found.plan.levers) == ["public investment", "public subsidy"]
    assert [one.variable.name for one in found.offered] == ["lifetime"]


def test_a_model_in_which_nothing_can_be_changed_says_so(tmp_path: Path) -> None:
    """There is nothing to explore, and what would be."""
    (fault,) = faults(InvalidRequest, lambda: subject_of(loaded(tmp_path, STILL)))
    assert "no input of the model moves anything" in fault.found
    assert "lever" in fault.advice


def test_a_plan_that_does_not_fit_is_refused_with_everything_that_is_wrong(tmp_path: Path) -> None:
    """By the names that the model has not got."""
    wrong = opt.load_plan("urbanization")
    found = faults(InvalidRequest, lambda: subject_of(loaded(tmp_path, HARBOUR), wrong))
    assert any("public investment in citizenization" in fault.found for fault in found)


def test_a_result_has_a_plan_of_its_own(plan: opt.Plan) -> None:
    """A second one would be another question."""
    (fault,) = faults(InvalidRequest, lambda: subject_of(verified(), plan))
    assert "a plan of its own" in fault.found


def test_another_model_or_plan_has_another_hash(system: System, subject: Subject, tmp_path: Path) -> None:
    """So that a scenario of the one is not taken for one of the other."""
    again = subject_of(system, subject.plan)
    later = subject_of(system, subject.plan.model_copy(update={"horizon": (2.0, 4.0)}))
    other = subject_of(loaded(tmp_path, HARBOUR))
    assert again.hash == subject.hash
    assert len({subject.hash, later.hash, other.hash}) == 3

"""Which constants can be changed, between which ends, and which come first."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.models import faults, loaded

import sd_models as sd
from optimize.pages.constants import Source, chosen_constants, screened_labels
from optimize.pages.subject import Subject, subject_of
from optimize.plans.plan import read_plan
from sd_models.errors import InvalidRequest

MODEL = """
people = INTEG(births - deaths, first people) ~ person ~|
births = birth rate * people ~ person ~|
deaths = people / lifetime ~ person ~|
public investment = 0 ~~ Lever: what is spent. |
welfare = people + public investment - penalty ~~|
birth rate = 0.04 ~ 1/Year [0.01, 0.09] ~|
lifetime = 50 ~ Year ~|
penalty = 0 ~~|
first people = 100 ~ person ~|
unused = 7 ~~|
"""


@pytest.fixture
def chosen(tmp_path: Path) -> Subject:
    """A model whose numbers matter in a known order."""
    return subject_of(loaded(tmp_path, MODEL))


def test_the_flagship_takes_the_ranges_of_its_table() -> None:
    """Those of assumptions, estimates and studies, not those of fitted parameters."""
    found = chosen_constants(subject_of(sd.load("common_prosperity")))
    assert {one.source for one in found.constants} == {Source.TABLE}
    skills = next(one for one in found.constants if one.label == "cost of cultural heritage")
    assert (skills.low, skills.value, skills.high) == (0.1, 0.15, 0.4)
    assert found.others > 50
    effects = [one.effect for one in found.constants]
    assert effects == sorted(effects, reverse=True)


def test_a_model_without_a_table_says_where_its_ranges_come_from(chosen: Subject) -> None:
    """The model's own limits where it was run between these, or what was tried; zero has no half and no twice."""
    found = {one.label: one for one in chosen_constants(chosen).constants}
    assert (found["birth rate"].low, found["birth rate"].high) == (0.01, 0.09)
    assert found["first people"].source is Source.ASSUMED
    assert (found["first people"].low, found["first people"].high) == (50.0, 200.0)
    assert "unused" not in found


def test_a_cap_leaves_out_what_matters_least(chosen: Subject) -> None:
    """And counts it."""
    whole, most = chosen_constants(chosen), chosen_constants(chosen, most=1)
    assert most.constants == whole.constants[:1]
    assert most.others == len(whole.constants) - 1


def test_a_screening_comes_first(chosen: Subject) -> None:
    """Whatever the gradient says, since it moved all parameters at once."""
    last = chosen_constants(chosen).constants[-1].label
    assert chosen_constants(chosen, [last]).constants[0].label == last


def test_the_order_of_a_screening_is_read_from_its_folder(tmp_path: Path) -> None:
    """The largest effects on any outcome first."""
    rows = ["outcome,rank,parameter", "a,1,x", "a,2,y", "b,1,z", "b,2,x"]
    (tmp_path / "effects.csv").write_text("\n".join(rows), encoding="utf-8")
    assert screened_labels(tmp_path) == ("x", "z", "y")


def test_a_folder_without_a_screening_is_refused(tmp_path: Path) -> None:
    """With what would be one."""
    (fault,) = faults(InvalidRequest, lambda: screened_labels(tmp_path))
    assert "prosperity screen --out" in fault.advice
    (tmp_path / "effects.csv").write_text("name,size\nx,1\n", encoding="utf-8")
    (fault,) = faults(InvalidRequest, lambda: screened_labels(tmp_path))
    assert "no columns `rank` and `parameter`" in fault.found


def test_what_numbers_of_a_plan_follow_from_is_not_offered(tmp_path: Path) -> None:
    """A page carries caps, parts of limits and bounds that no lever moves as numbers, so these must not move."""
    text = """
    u = 1 ~~|
    k = 1 ~~|
    free = 0.1 ~~|
    x = INTEG(u - free * x + k, 10) ~~|
    cap = 5 * k + 0 * Time ~~|
    INITIAL TIME = 0 ~~|
    FINAL TIME = 10 ~~|
    TIME STEP = 0.5 ~~|
    SAVEPER = 1 ~~|
    """
    system = loaded(tmp_path, text, controls="")
    plan = {
        "model": "case.mdl",
        "horizon": [0, 8],
        "objective": {"maximize": "x", "measure": "final"},
        "lever": [{"variable": "u", "lower": 0, "upper": 9}],
    }
    free = chosen_constants(subject_of(system, read_plan(plan)))
    assert {one.label for one in free.constants} == {"k", "free"}
    assert free.behind == 0
    held = {"name": "held", "variable": "x", "at_least": {"variable": "x", "baseline": True}, "when": "final"}
    same = chosen_constants(subject_of(system, read_plan({**plan, "limit": [held]})))  # the page runs that itself
    assert ({one.label for one in same.constants}, same.behind) == ({"k", "free"}, 0)
    for more in (
        {"limit": [{"name": "spent", "variable": "u", "at_most": "cap"}]},
        {"limit": [{"name": "both", "terms": {"u": 1, "cap": 1}, "at_most": 6}]},
        {"lever": [{"variable": "u", "lower": 0, "upper": "cap"}]},
        {"lever": [{"variable": "u", "lower": 0, "upper": 9, "ramp": {"absolute": "cap"}}]},
        {"lever": [{"variable": "u", "lower": 0, "upper": {"variable": "cap", "baseline": True}}]},
    ):
        bound = chosen_constants(subject_of(system, read_plan({**plan, **more})))
        assert {one.label for one in bound.constants} == {"free"}
        assert bound.behind == 1

"""A plan that is like another: its own tables, and those of the other where it has none."""

from __future__ import annotations

from pathlib import Path

import pytest

import optimize as opt
from sd_models.errors import InvalidRequest
from sd_models.reading.library import FOLDER

WHOLE = opt.load_plan("urbanization")
EFFECTS = ("growth", "culture", "ecology", "sharing")


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_own_tables_replace_those_of_the_other_whole(tmp_path: Path) -> None:
    text = 'like = "urbanization"\n[objective]\nminimize = "national urban share"\n'
    plan = opt.load_plan(write(tmp_path, "other.toml", text))
    assert plan.objective.minimize == "national urban share"
    assert plan.objective.measure.value == "integral"  # nothing of the other's objective is left
    assert (plan.levers, plan.limits, plan.horizon) == (WHOLE.levers, WHOLE.limits, WHOLE.horizon)


def test_files_are_looked_for_beside_the_plan_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    model = write(tmp_path / "below", "model.mdl", "")
    base = 'model = "model.mdl"\nhorizon = [0, 1]\n[objective]\nmaximize = "x"\n[[lever]]\nvariable = "u"\n'
    write(tmp_path / "below", "base.toml", base)
    plan = opt.load_plan(write(tmp_path, "above.toml", 'like = "below/base.toml"\nhorizon = [0, 5]\n'))
    assert Path(plan.model) == model.absolute()
    assert plan.horizon == (0, 5)


def test_a_chain_of_plans_ends_in_the_whole_one(tmp_path: Path) -> None:
    write(tmp_path, "one.toml", 'like = "urbanization"\nhorizon = [2021, 2041]\n')
    plan = opt.load_plan(write(tmp_path, "two.toml", 'like = "one.toml"\nlimit = []\n'))
    assert plan.horizon == (2021, 2041)
    assert plan.limits == ()


def test_a_circle_of_plans_is_named(tmp_path: Path) -> None:
    write(tmp_path, "one.toml", 'like = "two.toml"\n')
    with pytest.raises(InvalidRequest, match=r"like itself: one\.toml -> two\.toml -> one\.toml"):
        opt.load_plan(write(tmp_path, "two.toml", 'like = "one.toml"\n').with_name("one.toml"))


@pytest.mark.parametrize("value", ["3", "[]", '["urbanization"]'])
def test_what_is_no_name_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(InvalidRequest, match=r"'like' is .*; expected a text"):
        opt.load_plan(write(tmp_path, "plan.toml", f"like = {value}\n"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"nowhere\.toml"):
        opt.load_plan(write(tmp_path, "plan.toml", 'like = "nowhere.toml"\n'))


@pytest.mark.parametrize("effect", EFFECTS)
def test_plans_of_one_effect_differ_from_the_default_plan_in_their_goal_alone(effect: str) -> None:
    default = opt.load_plan("common_prosperity")
    plan = opt.load_plan(FOLDER / "common_prosperity" / "plans" / f"{effect}.toml")
    assert plan.objective != default.objective
    assert plan.model_copy(update={"objective": default.objective}) == default

"""Every model is drawn whole, in its groups, without boxes on boxes, with an arrow for each reference and no other."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from support.diagrams import ROOT, check, model_files, runs_through
from support.models import faults, loaded
from support.random_models import RandomModel, examples, random_models

import sd_models as sd
from sd_models.diagrams.picture import View
from sd_models.errors import InvalidRequest
from sd_models.system.model import System


@cache
def drawn(path: Path) -> tuple[System, tuple[View, ...]]:
    """A model and its diagrams."""
    system = sd.load(path)
    return system, sd.draw(system)


@pytest.mark.parametrize("path", model_files(), ids=lambda path: "/".join(path.parts[-2:]))
def test_every_model_is_drawn_whole(path: Path) -> None:
    """Boxes, members, pipes and arrows."""
    check(*drawn(path))


@examples(25)
@given(random_models())
def test_random_models_are_drawn_whole(model: RandomModel) -> None:
    """Whatever their equations name."""
    system = model.loaded()
    check(system, sd.draw(system))


@pytest.mark.parametrize("name", sd.library())
def test_few_arrows_run_through_boxes(name: str) -> None:
    """Less than one in thirty of a model, though all of it is drawn."""
    _, views = drawn(Path(sd.load(name).path or ""))
    through = sum(map(runs_through, views))
    assert through <= sum(len(view.arrows) for view in views) / 30


def test_the_same_model_gives_the_same_file() -> None:
    """In every process, however Python orders its sets there."""
    code = "import sd_models as sd; print(sd.diagram(sd.load('urbanization')))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_one_view_is_the_same_alone() -> None:
    """Whatever the case of its name."""
    system = sd.load("urbanization")
    assert sd.draw(system, view="people") == tuple(view for view in sd.draw(system) if view.name == "People")


def test_an_unknown_view_gets_the_nearest_names() -> None:
    """In an error that says where."""
    (fault,) = faults(InvalidRequest, lambda: sd.draw(sd.load("urbanization"), view="Poeple"))
    assert fault.found == "there is no view 'Poeple'."
    assert fault.advice == "Did you mean 'People'?"


def test_what_many_use_is_drawn_beside_each(tmp_path: Path) -> None:
    """Defined once, by shadows for the rest, so that no arrow crosses the view."""
    many = "\n".join(f"x{i} = rate * {i} + y{i} ~~|\ny{i} = Time ~~|" for i in range(12))
    (view,) = sd.draw(loaded(tmp_path, f"rate = 3 ~~|\n{many}"))
    rates = [node for node in view.nodes if node.name == "rate"]
    assert len(rates) == 12
    assert [node.shadow for node in rates].count(False) == 1
    assert all(arrow.arc.length < 300 for arrow in view.arrows)


def test_arrows_carry_what_is_known_of_their_direction(tmp_path: Path) -> None:
    """Signs of effects, and whether only an initial value is set."""
    system = loaded(
        tmp_path,
        "s = INTEG(a - b, first) ~~|\na = 2 * up ~~|\nup = 3 ~~|\nb = s / slow ~~|\nslow = 4 ~~|\nfirst = 9 ~~|",
    )
    (view,) = sd.draw(system)
    found = {(arrow.source, arrow.target): (arrow.sign, arrow.initial) for arrow in view.arrows}
    assert found == {
        ("up", "a"): (1, False),
        ("s", "b"): (1, False),
        ("slow", "b"): (-1, False),
        ("first", "s"): (None, True),
    }

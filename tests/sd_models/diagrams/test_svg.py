"""Pictures are one file that shows every view and asks nobody for anything."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from lxml import etree
from support.diagrams import model_files
from support.models import loaded

import sd_models as sd
from sd_models.diagrams.picture import View
from sd_models.diagrams.shapes import clipped
from sd_models.system.model import FloatArray, System

SPACE = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("path", model_files()[:60:6], ids=lambda path: path.stem)
def test_every_name_of_every_view_is_written(path: Path) -> None:
    """In well-formed XML, without a link to anything outside."""
    system = sd.load(path)
    text = sd.diagram(system)
    root = etree.fromstring(text.encode())
    told = [node.text for node in root.iter(f"{SPACE}title")]
    for view in sd.draw(system):
        assert {node.name for node in view.nodes} <= set(told)
    assert text.count("http") == 1
    assert "<script" not in text


def test_names_of_models_are_text(tmp_path: Path) -> None:
    """Whatever they hold."""
    text = sd.diagram(loaded(tmp_path, '"<script>&\'" = 1 ~~|\nb = "<script>&\'" ~~|'))
    assert "<script" not in text
    assert "&lt;script&gt;&amp;" in text
    etree.fromstring(text.encode())


def test_views_stand_below_each_other() -> None:
    """Each under its name, all inside of the page."""
    root = etree.fromstring(sd.diagram(sd.load("urbanization")).encode())
    tops = [float(group.get("transform").split()[1][:-1]) for group in root if group.tag == f"{SPACE}g"]
    assert tops == sorted(tops)
    assert len(tops) == len(sd.draw(sd.load("urbanization")))
    assert tops[-1] < float(root.get("height"))


def test_polarities_hide_no_names() -> None:
    """A sign stands where there is room for it, beside all names."""
    for view in sd.draw(sd.load("urbanization")):
        root = etree.fromstring(sd.diagram(sd.load("urbanization"), view=view.name).encode())
        signs = [text for text in root.iter(f"{SPACE}text") if text.text in ("+", "\u2212")]
        boxes = [node.box for node in view.nodes]
        hidden = sum(
            any(
                abs(float(s.get("x")) - b.x) < b.width / 2 and abs(float(s.get("y")) - 4 - b.y) < b.height / 2
                for b in boxes
            )
            for s in signs
        )
        assert hidden <= len(signs) / 10


def doubtful(system: System) -> tuple[int, int]:
    """How many signs of a model's pictures stand nearer to another arrow than to their own, and how many there are."""
    drawn = [(view, etree.fromstring(sd.diagram(system, view=view.name).encode())) for view in sd.draw(system)]
    found = [pair for view, root in drawn for pair in distances(view, root)]
    return sum(own >= other for own, other in found), len(found)


def distances(view: View, root: etree._Element) -> list[tuple[float, float]]:
    """For each sign how far it is from its own arrow and from the nearest other one."""
    paths = [clipped(arrow.arc, *view.ends(arrow)) for arrow in view.arrows]
    groups = [one for one in root.iter(f"{SPACE}g") if (one.get("class") or "").startswith("arrow")]
    found = []
    for number, group in enumerate(groups):
        for text in group.iter(f"{SPACE}text"):
            place = np.array([float(text.get("x")), float(text.get("y")) - 4])
            away = [to_line(place, path) for path in paths]
            found.append((away[number], min((one for i, one in enumerate(away) if i != number), default=np.inf)))
    return found


def to_line(place: FloatArray, path: FloatArray) -> float:
    """How far a place is from a line, read at many points of it."""
    shares = np.linspace(0.0, 1.0, 40)[:, None]
    points = np.vstack([a + shares * (b - a) for a, b in pairwise(path)])
    return float(np.linalg.norm(points - place, axis=1).min())


@pytest.mark.parametrize("name", ["urbanization", "common_prosperity"])
def test_a_sign_stands_beside_its_own_arrow(name: str) -> None:
    """And nearer to no other: of two that arrive side by side each keeps its sign."""
    wrong, signs = doubtful(sd.load(name))
    assert signs > 20
    assert wrong <= signs / 100

"""Pictures are one file that shows every view and asks nobody for anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from support.diagrams import model_files
from support.models import loaded

import sd_models as sd

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

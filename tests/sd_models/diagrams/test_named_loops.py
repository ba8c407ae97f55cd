"""Loops are called what comments call them; others get the next numbers."""

from __future__ import annotations

from pathlib import Path

from support.models import loaded

import sd_models as sd

GROWTH = """
people = INTEG(births - deaths, 100) ~~ {comment} |
births = people * birth rate ~~|
birth rate = 0.03 ~~|
deaths = people / lifetime ~~|
lifetime = 70 ~~|
"""


def marked(folder: Path, comment: str) -> list[tuple[str, str]]:
    """Labels and names of the marks of a model of growth."""
    (view,) = sd.draw(loaded(folder, GROWTH.format(comment=comment)))
    return [(mark.label, mark.name) for mark in view.marks]


def test_found_loops_are_numbered_by_their_polarity(tmp_path: Path) -> None:
    """Births reinforce, deaths balance."""
    assert marked(tmp_path, "") == [("R1", ""), ("B1", "")]


def test_a_comment_names_a_loop(tmp_path: Path) -> None:
    """With its number, from which the others go on; its variables make it the loop that is found too."""
    comment = 'Loop R4 "growth": people -> births -> people, as everybody knows.'
    assert marked(tmp_path, comment) == [("R4", "growth"), ("B1", "")]


def test_what_names_no_variables_marks_nothing(tmp_path: Path) -> None:
    """A comment may speak of a loop in other words."""
    assert marked(tmp_path, 'Loop R4 "growth": more -> even more.') == [("R1", ""), ("B1", "")]


def test_the_flagship_names_its_loops() -> None:
    """Each loop with a path is marked once, in the view of the variable with the comment."""
    views = sd.draw(sd.load("common_prosperity"))
    labels = [mark.label for view in views for mark in view.marks]
    assert len(labels) == len(set(labels))
    assert any(mark.name for view in views for mark in view.marks)

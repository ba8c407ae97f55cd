"""Progress tells each iteration, and gives a sign of life while there is none."""

from __future__ import annotations

import io
import time

import pytest

from optimize.command_line import progress
from optimize.command_line.progress import HEADER, Progress, line
from optimize.solvers.solver import Ending, Iteration


class Terminal(io.StringIO):
    """A stream that people watch."""

    def isatty(self) -> bool:
        return True


def test_a_line_stands_below_its_header() -> None:
    """Column by column; a rejected step has a mark."""
    text = line(Iteration(3, -6.54537142, 1.4e-5, 0.0, 0.25, 12.34))
    assert len(text) == len(HEADER)
    assert text.split() == ["3", "-6.54537142", "1.4e-05", "0.0e+00", "2.5e-01", "12.3"]
    assert line(Iteration(3, 1.0, 1.0, 0.0, 0.25, 1.0, accepted=False)).endswith("step rejected")


def test_life_is_shown_while_nothing_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file a line, not more often than needed; the header comes once a phase."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "EVERY", 0.02)
    monkeypatch.setattr(progress, "SILENCE", 0.1)
    with Progress() as shown:
        with shown.phase("Solving"):
            time.sleep(0.6)
            shown.iteration(Iteration(0, 1.0, 1.0, 0.0, 1.0, 0.1))
            shown.iteration(Iteration(1, 2.0, 0.5, 0.0, 1.0, 0.2))
        time.sleep(0.2)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Solving ..."
    assert 3 <= sum(text.startswith("Solving ...") for text in lines) < 10
    assert lines.count(HEADER) == 1
    assert lines[-1] == line(Iteration(1, 2.0, 0.5, 0.0, 1.0, 0.2))


def test_a_terminal_has_one_line_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cleared before anything else is written, and at the end."""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with Progress() as shown, shown.phase("Solving"):
        shown.iteration(Iteration(0, 1.0, 1.0, 0.0, 1.0, 0.1))
    text = stream.getvalue()
    assert text.startswith("\r\x1b[2KSolving ...\r\x1b[2K")
    assert text.endswith("\r\x1b[2K")


def test_who_asks_is_heard() -> None:
    """The watch of a solve says why it has to stop."""
    assert Progress().ending() is None
    assert Progress(lambda: Ending.INTERRUPTED).ending() is Ending.INTERRUPTED

"""Progress tells each iteration, and gives a sign of life: a line that moves on a terminal, one a minute elsewhere."""

from __future__ import annotations

import io
import time
from contextlib import suppress

import pytest

from optimize.command_line import progress
from optimize.command_line.progress import HEADER, Progress, line, working
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


def test_a_log_has_a_line_for_what_happens_and_a_sign_of_life_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line when a phase begins and for each iteration, and one whenever nothing was told for a while."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "EVERY", 0.02)
    monkeypatch.setattr(progress, "SILENCE", 0.2)
    with Progress() as shown:
        with shown.phase("Solving"):
            time.sleep(0.7)
            shown.iteration(Iteration(0, 1.0, 1.0, 0.0, 1.0, 0.1))
            shown.iteration(Iteration(1, 2.0, 0.5, 0.0, 1.0, 0.2))
        time.sleep(0.4)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Solving ..."
    assert 2 <= sum(text.startswith("Solving ...") for text in lines) <= 4
    assert lines.count(HEADER) == 1
    assert lines[-1] == line(Iteration(1, 2.0, 0.5, 0.0, 1.0, 0.2))


def test_a_log_is_silent_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds of work are one line, however often the clock is looked at."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "EVERY", 0.02)
    with Progress() as shown, shown.phase("Solving"):
        time.sleep(2.0)
    assert progress.SILENCE == 60.0
    assert stream.getvalue() == "Solving ...\n"


@pytest.mark.parametrize(("told", "expected"), [(False, ""), (True, "Fitting ...\nFitting: 3 of 8 ...\n")])
def test_other_work_tells_a_log_only_what_is_worth_a_line(
    monkeypatch: pytest.MonkeyPatch, told: bool, expected: str
) -> None:
    """How far a calibration is moves on a terminal; what `check` knows is told anywhere."""
    stream, terminal = io.StringIO(), Terminal()
    for watched in (stream, terminal):
        monkeypatch.setattr("sys.stderr", watched)
        with working("Fitting", told=told) as tell:
            tell("Fitting: 3 of 8")
            time.sleep(2 * progress.EVERY)
    assert stream.getvalue() == expected
    assert "Fitting: 3 of 8 ..." in terminal.getvalue()
    assert "\n" not in terminal.getvalue()


def test_what_ended_in_an_error_is_no_longer_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay that was interrupted gives no sign of life while the result is printed."""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "EVERY", 0.02)
    with Progress() as shown:
        with suppress(KeyboardInterrupt), shown.phase("PySD"):
            raise KeyboardInterrupt
        before = stream.getvalue()
        time.sleep(0.2)
        assert stream.getvalue() == before


def test_a_line_that_moves_is_never_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one line can be cleared."""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with Progress() as shown, shown.phase("x" * 300):
        pass
    assert stream.getvalue().count("x") == progress.WIDTH - 1


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

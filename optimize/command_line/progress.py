"""Work as it goes, on standard error: what is being done, and of a solve a line for each iteration.

On a terminal one line moves while nothing else is told. Elsewhere (a log, a file) every line stays, so there is one
when a phase begins, one for each iteration, and one a minute while nothing else is told.

Why not rich's live display: solvers turn Python's and the process's output streams away while they work, and a display
that writes through these would write into the solver's log. So the descriptor of standard error is kept as it was.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:  # what waits for a solver imports it; other commands start sooner without
    from ..solvers.solver import Ending, Iteration

HEADER = (
    f"{'iteration':>9}  {'objective':>16}  {'KKT residual':>12}  {'violation':>9}  {'trust region':>12}  {'seconds':>8}"
)
EVERY = 0.2  # seconds between looks at the clock
SILENCE = 60.0  # the longest where nobody watches, in seconds
WIDTH = 80  # characters of a terminal that does not say how many it has
CLEAR = "\r\x1b[2K"


def nothing_asked() -> None:
    """No reason to stop."""
    return


class Progress:
    """The watch of work that tells people about it; `asked` says whether a solve has to stop, and why."""

    def __init__(self, asked: Callable[[], Ending | None] = nothing_asked) -> None:
        self.asked = asked
        self.began = perf_counter()
        self._lock = threading.Lock()
        self._doing = ""
        self._since = self.began
        self._told = self.began
        self._headed = False
        self._done = threading.Event()
        self._stream: TextIO = sys.stderr
        self._live = False

    def __enter__(self) -> Self:
        self._stream = _kept(sys.stderr)
        self._live = self._stream.isatty()
        threading.Thread(target=self._tick, daemon=True, name="progress").start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        with self._lock:
            self._clear()
            if self._stream is not sys.stderr:
                with suppress(OSError):
                    self._stream.close()

    @contextmanager
    def phase(self, what: str, *, told: bool = True) -> Iterator[None]:
        """Says what is being done, until it is; one that is not told is not worth a line where nobody watches."""
        self.begin(what, told=told)
        try:
            yield
        finally:
            with self._lock:
                self._clear()
                self._doing = ""

    def begin(self, what: str, *, told: bool = True) -> None:
        """Says what is being done from now on."""
        with self._lock:
            self._doing, self._since, self._headed = what, perf_counter(), False
            if told or self._live:
                self._sign()

    def say(self, what: str) -> None:
        """Says how far it is, with the next sign of life."""
        with self._lock:
            self._doing = what

    def iteration(self, iteration: Iteration) -> None:
        """A line for an iteration."""
        with self._lock:
            self._clear()
            if not self._headed:
                self._write(f"{HEADER}\n")
                self._headed = True
            self._write(f"{line(iteration)}\n")

    def ending(self) -> Ending | None:
        """Why the solve has to stop, or None."""
        return self.asked()

    def _tick(self) -> None:
        while not self._done.wait(EVERY):
            with self._lock:
                if self._doing and (self._live or perf_counter() - self._told >= SILENCE - EVERY):
                    self._sign()

    def _sign(self) -> None:
        """What is being done, and for how long."""
        seconds = perf_counter() - self._since
        text = f"{self._doing} ... {seconds:.0f} s" if seconds >= 0.5 else f"{self._doing} ..."
        self._write(f"{CLEAR}{text[: _width(self._stream) - 1]}" if self._live else f"{text}\n")

    def _clear(self) -> None:
        if self._live:
            self._write(CLEAR)

    def _write(self, text: str) -> None:
        self._told = perf_counter()
        with suppress(OSError, ValueError):  # nobody reads it (any more): no reason to end a solve
            self._stream.write(text)
            self._stream.flush()


@contextmanager
def working(what: str, *, told: bool = False) -> Iterator[Callable[[str], None]]:
    """A sign of life while something takes long; what it gives says how far things are.

    What is `told` has a line for each thing that is said, also where nobody watches.
    """
    with Progress() as progress, progress.phase(what, told=told):
        yield progress.begin if told else progress.say


def line(iteration: Iteration) -> str:
    """An iteration as a row below the header; one whose step was thrown away has a mark."""
    return (
        f"{iteration.number:>9}  {iteration.objective:>16.9g}  {iteration.kkt_residual:>12.1e}"
        f"  {iteration.violation:>9.1e}  {iteration.trust_region:>12.1e}  {iteration.seconds:>8.1f}"
        f"{'' if iteration.accepted else '  step rejected'}"
    )


def _kept(stream: TextIO) -> TextIO:
    """The stream under a descriptor of its own; the stream itself where it has none, as in tests."""
    try:
        return os.fdopen(os.dup(stream.fileno()), "w", encoding=stream.encoding, errors="replace")
    except (OSError, ValueError, AttributeError):
        return stream


def _width(stream: TextIO) -> int:
    """The characters that a line of the terminal has; one that is longer could not be cleared."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or WIDTH
    except (OSError, ValueError, AttributeError):
        return WIDTH

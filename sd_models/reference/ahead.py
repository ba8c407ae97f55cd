"""PySD's run in a process of its own, begun before its levers are known.

A search decides nothing before the horizon of its plan begins: what PySD reads, translates and steps through until then
can be done while the search goes on, on a processor that it leaves idle. The run is `replay`'s own, step by step; its
levers are those of the model's own run until the horizon begins, and then those that are handed in.

Why it is waited for as long as it computes, not for some seconds: a replay may take minutes, and then one begun anew
takes longer still. What computes says so once a second, with the processor time that it has taken; one that is stopped
or waits for what never comes does not.
"""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import xarray as xr

from ..dynamics.timing import TimeSpan
from ..errors import ModelError
from ..interpreter import command, environment
from ..system.model import System
from .replay import Given, Later, replay

Paths = Mapping[str, xr.DataArray]
BEAT = 1.0  # seconds from one sign of life to the next
SILENT = 60  # beats without work that are waited for; most that were seen are 13: libraries load on a crowded machine
WORK = 0.05  # seconds of processor time that are work: more than the signs of life take themselves


@dataclass(frozen=True)
class Asked:
    """What is asked of PySD beside the levers, as `replay` takes it."""

    system: System
    constants: Given
    outputs: tuple[str, ...]
    time: TimeSpan
    data: tuple[str, ...] = ()

    def replayed(
        self, levers: Paths, *, watch: Callable[[str], None] | None = None, later: Later | None = None
    ) -> xr.Dataset:
        """The run with these levers; errors are those of `replay`."""
        return replay(
            self.system,
            constants=self.constants,
            levers=levers,
            outputs=self.outputs,
            time=self.time,
            data=self.data,
            watch=watch,
            later=later,
        )


@dataclass(eq=False)
class ReplayAhead:
    """A run that has begun with the levers' own paths, which hold until `since`: for good where that is infinite.

    `close` ends it wherever it is. OSError where the machine has no room for another process.
    """

    asked: Asked
    own: Paths
    since: float = math.inf
    _process: subprocess.Popen[bytes] = field(init=False, repr=False)
    _threads: list[threading.Thread] = field(init=False, repr=False)
    _words: queue.SimpleQueue[Any] = field(init=False, repr=False, default_factory=queue.SimpleQueue)
    _answers: queue.SimpleQueue[xr.Dataset | None] = field(init=False, repr=False, default_factory=queue.SimpleQueue)
    _computed: float = field(init=False, repr=False, default=0.0)  # seconds of processor time, as it said last

    def __post_init__(self) -> None:
        # Not `multiprocessing`: that would import whatever script this is called from once more. In a session of its
        # own, so that Ctrl-C reaches the one who asked alone; when that one is gone, so is the pipe that it waits at.
        self._process = subprocess.Popen(  # noqa: S603 - our words
            command(__name__),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,
        )
        self._words.put((self.asked, self.own, self.since))
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._say, self._hear)]
        for thread in self._threads:
            thread.start()

    def _say(self) -> None:
        """Tells it what it is to know; it takes that when it has come so far."""
        with contextlib.suppress(OSError):
            while (words := self._words.get()) is not None:
                _send(words, self._process.stdin)

    def _hear(self) -> None:
        """Takes its signs of life and its answer, no run where it ended without."""
        answer: xr.Dataset | None = None
        with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
            while isinstance(heard := _receive(self._process.stdout), float):
                self._computed = heard
            answer = heard
        self._answers.put(answer)

    def finish(self, levers: Paths) -> xr.Dataset | None:
        """The run with these levers, as `replay` gives it; None where it is not to be had this way: levers that differ
        from the own ones before the horizon, or a process that ended.

        TimeoutError where the process neither works nor ends.
        """
        if not _same_before(levers, self.own, self.since):
            return None
        if self.since < math.inf:
            self._words.put(dict(levers))
        silent, computed = 0, self._computed
        while silent < SILENT:
            with contextlib.suppress(queue.Empty):
                return self._answers.get(timeout=BEAT)
            works = self._computed > computed + WORK
            silent, computed = (0, self._computed) if works else (silent + 1, computed)
        raise TimeoutError(f"the process has not worked for {SILENT * BEAT:g} seconds")

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        self._words.put(None)
        for thread in self._threads:
            thread.join()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):  # of what it did not take
                stream.close()


def _send(what: object, stream: IO[bytes] | None) -> None:
    assert stream is not None
    pickle.dump(what, stream)
    stream.flush()


def _receive(stream: IO[bytes] | None) -> Any:
    assert stream is not None
    return pickle.load(stream)  # noqa: S301 - from the process that we began, or the one that began us


def _same_before(levers: Paths, own: Paths, since: float) -> bool:
    """Whether two policies hold the same values before a time."""
    if set(levers) != set(own):
        return False
    pairs = ((levers[name].where(levers[name]["time"] < since, drop=True), own[name]) for name in own)
    return all(
        np.array_equal(one.to_numpy(), other.where(other["time"] < since, drop=True).to_numpy()) for one, other in pairs
    )


@contextlib.contextmanager
def _beating(answers: IO[bytes]) -> Iterator[None]:
    """A sign of life at every beat."""
    ended = threading.Event()

    def beat() -> None:
        with contextlib.suppress(OSError):  # nobody listens any more
            while not ended.wait(BEAT):
                _send(time.process_time(), answers)

    beating = threading.Thread(target=beat)
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()


def _answer() -> None:
    """What the process does; whoever asked hears None where the run fails, and runs it again to hear why."""
    answers, asks = os.fdopen(os.dup(sys.stdout.fileno()), "wb"), sys.stdin.buffer
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    found = None
    with contextlib.suppress(EOFError, ModelError), _beating(answers):
        asked, own, since = _receive(asks)
        later = Later(since, lambda: _receive(asks)) if since < math.inf else None
        found = asked.replayed(own, later=later)
    with contextlib.suppress(OSError):
        _send(found, answers)


if __name__ == "__main__":
    _answer()

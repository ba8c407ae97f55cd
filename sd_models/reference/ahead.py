"""PySD's run in a process of its own, begun before its levers are known.

A search decides nothing before the horizon of its plan begins: what PySD reads, translates and steps through until then
can be done while the search goes on, on a processor that it leaves idle. The run is `replay`'s own, step by step; its
levers are those of the model's own run until the horizon begins, and then those that are handed in.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
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
    """A run that has begun with the levers' own paths, which hold until `since`. `close` ends it wherever it is.

    OSError where the machine has no room for another process.
    """

    asked: Asked
    own: Paths
    since: float
    _process: subprocess.Popen[bytes] = field(init=False, repr=False)
    _asking: threading.Thread = field(init=False, repr=False)

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
        self._asking = threading.Thread(target=self._ask, daemon=True)  # it takes what is asked when it has begun
        self._asking.start()

    def _ask(self) -> None:
        with contextlib.suppress(OSError):
            _send((self.asked, self.own, self.since), self._process.stdin)

    def finish(self, levers: Paths) -> xr.Dataset | None:
        """The run with these levers, as `replay` gives it; None where it is not to be had this way: levers that differ
        from the own ones before the horizon, or a process that ended."""
        if not _same_before(levers, self.own, self.since):
            return None
        self._asking.join()
        try:
            _send(dict(levers), self._process.stdin)
            found: xr.Dataset | None = _receive(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            return None
        return found

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        self._asking.join()
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


def _answer() -> None:
    """What the process does; whoever asked hears None where the run fails, and runs it again to hear why."""
    answers, asks = os.fdopen(os.dup(sys.stdout.fileno()), "wb"), sys.stdin.buffer
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    asked, own, since = _receive(asks)
    found = None
    with contextlib.suppress(EOFError, ModelError):
        found = asked.replayed(own, later=Later(since, lambda: _receive(asks)))
    with contextlib.suppress(OSError):
        _send(found, answers)


if __name__ == "__main__":
    _answer()

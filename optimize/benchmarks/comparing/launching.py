"""Processes that begin within milliseconds: a server that has loaded all that is heavy, and forks when it is asked.

    who asks for runs  ->  server  ->  guard  ->  solver, and what it starts

The server is started once, with its own session, so that Ctrl-C at a terminal does not reach it. Each run has a
connection of its own; closed, it ends the run.

Why not `multiprocessing`'s own fork server: there the process of a run is nobody's child who could limit it, it lives
on when who asked for it is killed, it may not be started from workers that are daemons, as those of Dask are, and it
imports the user's script again.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from sd_models.errors import Fault, InvalidRequest

from .guard import PIECE, Order, guarded

PRELOADED = (
    "numpy",
    "scipy.optimize",
    "scipy.sparse.linalg",
    "casadi",
    "pyomo.environ",
    "highspy",
    "sd_models.reading.library",
    "optimize.solving.solve",
    "optimize.transcription.transcription",
    "optimize.benchmarks.comparing.attempt",
)


class Launcher:
    """Starts runs, from any thread."""

    def __init__(self, preloaded: Sequence[str] = PRELOADED) -> None:
        if not hasattr(os, "fork"):
            advice = "Run it on Linux or macOS; on Windows within WSL."
            raise InvalidRequest(Fault("this system cannot hold runs to their limits.", advice=advice))
        ours, theirs = socket.socketpair()
        # What is imported here can be imported there, whatever way it was made known.
        paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        self._server = subprocess.Popen(  # noqa: S603 - our words
            [sys.executable, "-m", __name__, str(theirs.fileno()), *preloaded],
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
        )
        theirs.close()
        self._control = ours
        self._asking = threading.Lock()
        self._running: set[socket.socket] = set()

    @property
    def is_open(self) -> bool:
        """Whether the server still works."""
        return self._server.poll() is None

    def run(self, order: Order, held: Sequence[int] = ()) -> str | None:
        """The record of a run as a line, when it has ended; None where it was stopped, or its guard was killed.

        `held` are descriptors that stay open until the run is over, whatever becomes of this process.
        """
        ours, theirs = socket.socketpair()
        with ours:
            try:
                with theirs, self._asking:
                    socket.send_fds(self._control, [b"r"], [theirs.fileno(), *held])
                    self._running.add(ours)
                ours.sendall(order.packed())
                return b"".join(iter(lambda: ours.recv(PIECE), b"")).decode() or None
            except OSError:
                return None
            finally:
                with self._asking:
                    self._running.discard(ours)

    def stop(self) -> None:
        """Ends all runs that are under way."""
        with self._asking:
            for connection in self._running:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the server, with all runs."""
        self.stop()
        self._control.close()
        self._server.wait()
        atexit.unregister(self.close)


_launchers: list[Launcher] = []
_starting = threading.Lock()


def launcher() -> Launcher:
    """The one of this process, started when it is first asked for, and again where its server has ended."""
    with _starting:
        if not _launchers or not _launchers[-1].is_open:
            _launchers[:] = [Launcher()]
            atexit.register(_launchers[-1].close)
        return _launchers[-1]


def serve(descriptor: int, preloaded: Sequence[str]) -> None:
    """Forks a guard for each connection that comes, until who started the server is gone."""
    control = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for guards
    warnings.simplefilter("ignore")
    for name in preloaded:
        import_module(name)
    gc.collect()
    gc.freeze()  # pages that the collector leaves alone stay shared
    while True:
        asked, descriptors, _, _ = socket.recv_fds(control, 1, 8)
        if not asked:
            os._exit(0)
        connection, *held = descriptors
        if os.fork() == 0:
            try:
                control.close()
                guarded(socket.socket(fileno=connection), held)
            finally:
                os._exit(0)
        for each in descriptors:
            os.close(each)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2:])

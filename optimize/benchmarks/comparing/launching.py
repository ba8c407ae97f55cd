"""Processes that begin within milliseconds: a server that has loaded all that is heavy, and forks when it is asked.

    who asks for runs  ->  server  ->  keeper  ->  maker  ->  guard  ->  solver, and what it starts

The server is started once, with its own session, so that Ctrl-C at a terminal does not reach it. Each run has a
connection of its own; closed, it ends the run. Runs of one problem come one after the other: its keeper and maker (see
`sharing.py`) are forked when the first comes, and get no more when one of another problem does.

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
from hashlib import sha256
from importlib import import_module

from sd_models.errors import Fault, InvalidRequest
from sd_models.interpreter import command, environment

from .guard import MOST_HELD, NEW, Order
from .sharing import keeper_of
from .watching import PIECE

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
MARK = 32  # bytes that a problem is known by
NO_MORE = bytes(MARK)


class Launcher:
    """Starts runs, from any thread."""

    def __init__(self, preloaded: Sequence[str] = PRELOADED) -> None:
        if not hasattr(os, "fork"):
            advice = "Run it on Linux or macOS; on Windows within WSL."
            raise InvalidRequest(Fault("this system cannot hold runs to their limits.", advice=advice))
        ours, theirs = socket.socketpair()
        self._server = subprocess.Popen(  # noqa: S603 - our words
            command(__name__, str(theirs.fileno()), *preloaded),
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=environment(),
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
                    socket.send_fds(self._control, [_mark(order)], [theirs.fileno(), *held])
                    self._running.add(ours)
                ours.sendall(order.packed())
                return b"".join(iter(lambda: ours.recv(PIECE), b"")).decode() or None
            except OSError:
                return None
            finally:
                with self._asking:
                    self._running.discard(ours)

    def stop(self) -> None:
        """Ends all runs that are under way, and who made their problems."""
        with self._asking:
            for connection in self._running:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                self._control.sendall(NO_MORE)

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


def _mark(order: Order) -> bytes:
    """What runs have in common that may be forked from one process: the instance, and the limit of memory."""
    return sha256(order.instance + str(order.facts.memory_limit).encode()).digest()


def serve(descriptor: int, preloaded: Sequence[str]) -> None:
    """Gives each connection that comes to the keeper of its problem, until who started the server is gone."""
    control = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    warnings.simplefilter("ignore")
    for name in preloaded:
        import_module(name)
    gc.collect()
    gc.freeze()  # pages that the collector leaves alone stay shared
    last, keeper = NO_MORE, None
    while True:
        mark, descriptors, _, _ = socket.recv_fds(control, MARK, MOST_HELD)
        if not mark:
            os._exit(0)
        if mark != last and keeper is not None:
            keeper.close()
            keeper = None
        last = mark
        if descriptors:
            keeper = _passed_on(descriptors, keeper, control)


def _passed_on(descriptors: Sequence[int], keeper: socket.socket | None, control: socket.socket) -> socket.socket:
    """The way to the keeper that a run was given to, a new one where there is none or it has ended."""
    if keeper is None:
        keeper = keeper_of(None, closing=(control.fileno(), *descriptors))
    try:
        socket.send_fds(keeper, [NEW], descriptors)
    except OSError:
        keeper.close()
        return _passed_on(descriptors, None, control)
    for each in descriptors:
        os.close(each)
    return keeper


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2:])

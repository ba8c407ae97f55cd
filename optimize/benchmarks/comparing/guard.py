"""The process beside a run: it starts the solver's, holds time and memory to their limits, and writes down what
happened, whatever that was.

It ends the solver's process with all that it started: at its limit of time and a little more, in which a solver may end
by itself; when it takes too much memory; and when whoever asked for the run is gone, which the closed connection tells.

Why the guard writes the record and not who asked for the run: nobody knows when that one is killed. A run that ended is
a file then, and a benchmark that is taken up again takes it in.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import struct
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...files.placement import write_whole
from .facts import Facts
from .processes import address_space, adopt_orphans, die_with
from .recording import Tell
from .watching import PIECE, Gone, Watched, ended

if TYPE_CHECKING:
    from .making import Made

SPARE = 8.0 * 2**30  # bytes of addresses beyond twice the limit of memory: the second line, which never comes first
SIZE = struct.Struct("!Q")
NEW, READ = b"n", b"r"  # a run whose order comes over its own connection, or beside it
MOST_HELD = 8  # descriptors that come with a run


@dataclass(frozen=True)
class Order:
    """What a guard is told: the facts that are known before the run, where to write them, and, packed, the task and its
    instance; whether the solver works on equations."""

    facts: Facts
    path: str
    task: bytes
    instance: bytes
    on_equations: bool = False

    def packed(self) -> bytes:
        """The order as bytes, with their numbers before them."""
        told = {"line": self.facts.line(), "path": self.path, "on_equations": self.on_equations}
        parts = json.dumps(told).encode(), self.task, self.instance
        return b"".join((*(SIZE.pack(len(part)) for part in parts), *parts))

    @classmethod
    def received(cls, connection: socket.socket) -> Order:
        """The order that comes over a connection; EOFError where its other side is gone."""
        sizes = [SIZE.unpack(_exactly(connection, SIZE.size))[0] for _ in range(3)]
        head, task, instance = (_exactly(connection, size) for size in sizes)
        told = json.loads(head)
        return cls(Facts.of(told["line"]), told["path"], task, instance, told["on_equations"])


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = connection.recv(min(size, PIECE))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


@dataclass(frozen=True, eq=False)
class Asked:
    """A run that somebody waits for at the other side of its connection; `held` are descriptors that stay open until it
    is over."""

    order: Order
    connection: socket.socket
    held: list[int]

    @classmethod
    def taken(cls, control: socket.socket) -> Asked | None:
        """The next that comes, None where nobody waits for it any more; EOFError where no more come."""
        how, descriptors, _, _ = socket.recv_fds(control, 1, MOST_HELD)
        if not how:
            raise EOFError
        first, *held = descriptors
        connection = socket.socket(fileno=first)
        try:
            return cls(Order.received(connection if how == NEW else control), connection, held)
        except (EOFError, OSError):
            _close(connection, held)
            return None

    def passed_on(self, control: socket.socket) -> None:
        """Gives it to another process; OSError where that one has ended."""
        socket.send_fds(control, [READ], [self.connection.fileno(), *self.held])
        control.sendall(self.order.packed())
        self.close()

    def answer(self, facts: Facts) -> None:
        """Writes what happened, and tells it."""
        line = facts.line()
        if self.order.path:
            with suppress(Exception):  # a full disk: who waits is told over the connection, and says so
                write_whole(Path(self.order.path), lambda path: path.write_text(f"{line}\n", encoding="utf-8"))
        with suppress(OSError):
            self.connection.sendall(line.encode())

    def close(self) -> None:
        """Lets go of it in this process."""
        _close(self.connection, self.held)


def _close(connection: socket.socket, held: Iterable[int]) -> None:
    connection.close()
    for descriptor in held:
        os.close(descriptor)


@dataclass(eq=False)
class Guard(Watched):
    """A solver's process, as it is seen from beside it."""

    connection: socket.socket = field(kw_only=True)

    def beside(self) -> list[int]:
        """The connection, which says no word."""
        return [self.connection.fileno()]

    def came(self, ready: list[int]) -> None:
        """Gone where it is closed."""
        if ready:
            raise Gone


# --- both processes ---------------------------------------------------------------------------------------------------


def guarded(asked: Asked, made: Made | None) -> None:
    """One run from its order to its record, which is written and told; nothing where nobody waits for it.

    `made` is its problem, None where the run is to make it. What the run is asked with stays open as long as the guard
    lives, and not in the solver's process.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    adopt_orphans()
    scratch = Path(tempfile.mkdtemp(prefix="prosperity-run-"))
    try:
        guard = _started(asked, made, scratch)
        try:
            guard.follow()
        finally:
            guard.tree.end()
        asked.answer(ended(asked.order.facts, guard.outcome()))
    except Gone:
        return
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _started(asked: Asked, made: Made | None, scratch: Path) -> Guard:
    """The guard of a run whose process has begun."""

    def work(tell: Tell) -> None:
        from .attempt import attempt

        asked.close()
        with suppress(OSError):  # of all processes the one to be ended, where the system's memory is short
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
        attempt(asked.order.task, made, tell)

    facts = asked.order.facts
    return Guard(facts, *watched(work, scratch, facts.memory_limit), connection=asked.connection)


def watched(work: Any, scratch: Path, memory: float) -> tuple[int, int, int]:
    """A new process that does some work, and the descriptors that it tells and prints over."""
    (words, tells), (prints, output) = os.pipe(), os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            for descriptor in (words, prints):
                os.close(descriptor)
            _become_apart(parent, output, scratch, memory)
            work(_teller(tells))
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(0)
        finally:
            os._exit(70)  # with no other way out: what stands in the frames below is the server's
    for descriptor in (tells, output):
        os.close(descriptor)
    for descriptor in (words, prints):
        os.set_blocking(descriptor, False)
    return child, words, prints


def _become_apart(parent: int, output: int, scratch: Path, memory: float) -> None:
    """A process of its own: group, streams, folder for what it leaves behind, second line of its limit of memory."""
    import resource  # which Windows lacks, where no guard is started

    os.setsid()
    die_with(parent)
    silent = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((silent, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(output)
    sys.stdout = os.fdopen(1, "w", closefd=False, errors="replace", buffering=1)
    sys.stderr = os.fdopen(2, "w", closefd=False, errors="replace", buffering=1)
    os.environ["TMPDIR"] = str(scratch)
    tempfile.tempdir = str(scratch)
    os.chdir(scratch)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):
        most = int(address_space() + 2.0 * memory + SPARE)
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _teller(descriptor: int) -> Tell:
    """What writes a word into a pipe, as one line and at once."""

    def tell(word: dict[str, Any]) -> None:
        told = memoryview(json.dumps(word).encode() + b"\n")
        while told:
            told = told[os.write(descriptor, told) :]

    return tell

"""The process beside a run: it starts the solver's, listens to it, holds time and memory to their limits, and writes
down what happened, whatever that was.

The guard runs nothing but this module, so nothing that a solver does keeps it from looking at the clock. It ends the
solver's process with all that it started: at its limit of time and a little more, in which a solver may end by itself;
when it takes too much memory; and when whoever asked for the run is gone, which the closed connection tells.

Why the guard writes the record and not who asked for the run: nobody knows when that one is killed. A run that ended is
a file then, and a benchmark that is taken up again takes it in.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from ...files.placement import write_whole
from ..machine import peak_of
from .facts import End, Facts, facts_of
from .processes import Tree, address_space, adopt_orphans, die_with
from .recording import Tell, thinned

GRACE = 2.0  # seconds after its limit in which a solver may end by itself
MAKING = 900.0  # seconds for a problem to be made, and its equations to be stated
JUDGING = 120.0  # seconds for one run of the answer
LOOK = 0.05  # seconds between looks at clock and memory
LOG = 2000  # characters that are kept of what a run prints, where it ended badly
PIECE = 65_536  # bytes read at once
SPARE = 8.0 * 2**30  # bytes of addresses beyond twice the limit of memory: the second line, which never comes first
SIZE = struct.Struct("!Q")
ALLOWED = {"making": MAKING, "stating": MAKING, "judging": JUDGING}


@dataclass(frozen=True)
class Order:
    """What a guard is told: the facts that are known before the run, where to write them, and the task, packed."""

    facts: Facts
    path: str
    payload: bytes

    def packed(self) -> bytes:
        """The order as bytes, with their number before them."""
        head = json.dumps({"line": self.facts.line(), "path": self.path}).encode()
        return SIZE.pack(len(head)) + SIZE.pack(len(self.payload)) + head + self.payload

    @classmethod
    def received(cls, connection: socket.socket) -> Order:
        """The order that comes over a connection; EOFError where its other side is gone."""
        sizes = [SIZE.unpack(_exactly(connection, SIZE.size))[0] for _ in range(2)]
        head, payload = (_exactly(connection, size) for size in sizes)
        told = json.loads(head)
        return cls(Facts.of(told["line"]), told["path"], payload)


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = connection.recv(min(size, PIECE))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class Gone(Exception):
    """Nobody waits for the run any more."""


@dataclass(eq=False)
class Guard:
    """A run, as it is seen from beside it."""

    order: Order
    connection: socket.socket
    child: int
    words: int  # the descriptor that the attempt tells over
    prints: int  # the descriptor of what it prints
    told: dict[str, Any] = field(default_factory=dict)
    points: list[list[float]] = field(default_factory=list)
    phase: str = "making"
    since: float = field(default_factory=perf_counter)
    spent: dict[str, float] = field(default_factory=dict)
    unread: bytes = b""
    log: str = ""

    def __post_init__(self) -> None:
        self.tree = Tree(os.getpid())

    def watch(self) -> Facts:
        """What happened, when it has; Gone where nobody waits for it any more."""
        exit_status = None
        while exit_status is None:
            self._listen()
            done, status, usage = os.wait4(self.child, os.WNOHANG)
            exit_status = status if done else None
            if done:
                self.tree.peak = max(self.tree.peak, peak_of(usage))
            excess = None if done else self._excess()
            if excess is not None:
                self.tree.end()
                self.told |= excess
                break
        self._enter("ended")
        self.tree.end()
        self._hear()
        return self._facts(exit_status)

    def _listen(self) -> None:
        """Waits a moment, hears what comes meanwhile."""
        connection = self.connection.fileno()
        ready, _, _ = select.select([connection, *self._open()], [], [], LOOK)
        if connection in ready:
            raise Gone
        self._hear(ready)

    def _open(self) -> list[int]:
        return [descriptor for descriptor in (self.words, self.prints) if descriptor >= 0]

    def _hear(self, ready: list[int] | None = None) -> None:
        """Takes what the run tells and prints; without `ready` all that is left of it."""
        for descriptor in self._open() if ready is None else ready:
            while piece := _piece(descriptor):
                self._take(descriptor, piece)
                if ready is not None:
                    break
            else:
                if ready is not None:
                    self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        os.close(descriptor)
        self.words, self.prints = (-1 if one == descriptor else one for one in (self.words, self.prints))

    def _take(self, descriptor: int, piece: bytes) -> None:
        if descriptor == self.prints:
            self.log = (self.log + piece.decode(errors="replace"))[-LOG:]
            return
        *lines, self.unread = (self.unread + piece).split(b"\n")
        for line in lines:
            with suppress(ValueError, TypeError, AttributeError):  # what is no word of ours is not listened to
                self._understand(json.loads(line))

    def _understand(self, word: dict[str, Any]) -> None:
        if "phase" in word:
            self._enter(str(word["phase"]))
        elif "point" in word:
            self.points.append([float(value) for value in word["point"]])
        else:
            self.told |= word["facts"]

    def _enter(self, phase: str) -> None:
        now = perf_counter()
        self.spent[self.phase] = self.spent.get(self.phase, 0.0) + now - self.since
        self.phase, self.since = phase, now

    def _excess(self) -> dict[str, Any] | None:
        """What a run has too much of, as facts; None while it has not."""
        facts, spent = self.order.facts, self.spent.get(self.phase, 0.0) + perf_counter() - self.since
        if self.tree.memory() > facts.memory_limit:
            taken, most = self.tree.peak / 2**30, facts.memory_limit / 2**30
            return {
                "end": End.MEMORY,
                "message": f"took {taken:.2f} GiB while {self.phase}; the limit is {most:g} GiB.",
            }
        if self.phase == "solving" and spent > facts.time_limit + GRACE:
            return {"end": End.TIME, "message": f"was ended {GRACE:g} s after its limit of {facts.time_limit:g} s."}
        if spent > ALLOWED.get(self.phase, float("inf")):
            end = End.UNMADE if self.phase == "making" else End.TIME
            return {"end": end, "message": f"was ended after {spent:.0f} s of {self.phase}."}
        return None

    def _facts(self, exit_status: int | None) -> Facts:
        """All that is known when the run is over."""
        told = {"end": End.CRASHED, **self.told}
        if "end" not in self.told:
            told["message"] = _departure(exit_status)
        told.setdefault("seconds", self.spent.get("solving", float("nan")))
        told.setdefault("stating", self.spent.get("stating", 0.0))
        told |= {"making": self.spent.get("making", 0.0), "memory": self.tree.peak, "points": self.points}
        told |= {"when": datetime.now(UTC).isoformat(timespec="seconds")}
        if told["end"] != End.ANSWERED:
            told["log"] = self.log
        try:
            found = facts_of({**_plain(self.order.facts), **told})
        except ValueError:  # words that a solver has made up
            known = _plain(self.order.facts)
            found = facts_of({**known, "end": End.CRASHED, "message": "told what nobody understands."})
        return replace(found, points=thinned(found.points, found.sign))


def _plain(facts: Facts) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(facts.line())["run"]
    return found


def _departure(status: int | None) -> str:
    """How a process ended that gave no answer."""
    if status is None:
        return "was ended."
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        why = ", as the system does where memory is short" if number == signal.SIGKILL else ""
        return f"its process was ended by {name}{why}."
    return f"its process ended without an answer, with the exit status {os.waitstatus_to_exitcode(status)}."


def _piece(descriptor: int) -> bytes:
    with suppress(BlockingIOError):
        return os.read(descriptor, PIECE)
    return b""


# --- both processes ---------------------------------------------------------------------------------------------------


def guarded(connection: socket.socket, held: list[int]) -> None:
    """One run from its order to its record, which is written and told; nothing where nobody waits for it.

    `held` are descriptors that the guard keeps open as long as it lives, and the solver's process does not.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    adopt_orphans()
    order = Order.received(connection)
    scratch = Path(tempfile.mkdtemp(prefix="prosperity-run-"))
    try:
        guard = _started(order, connection, held, scratch)
        try:
            facts = guard.watch()
        finally:
            guard.tree.end()
        line = facts.line()
        if order.path:
            with suppress(Exception):  # a full disk: who waits is told over the connection, and says so
                write_whole(Path(order.path), lambda path: path.write_text(f"{line}\n", encoding="utf-8"))
        with suppress(OSError):
            connection.sendall(line.encode())
    except (Gone, EOFError):
        return
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _started(order: Order, connection: socket.socket, held: list[int], scratch: Path) -> Guard:
    """The guard of a run whose process has begun."""
    (words, tells), (prints, output) = os.pipe(), os.pipe()
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            for descriptor in (words, prints, connection.fileno(), *held):
                os.close(descriptor)
            _become_solver(guard, output, scratch, order.facts.memory_limit)
            _attempted(order.payload, tells)
        finally:
            os._exit(70)  # with no other way out: what stands in the frames below is the server's
    for descriptor in (tells, output):
        os.close(descriptor)
    for descriptor in (words, prints):
        os.set_blocking(descriptor, False)
    return Guard(order, connection, child, words, prints)


def _become_solver(guard: int, output: int, scratch: Path, memory: float) -> None:
    """A process of its own: group, streams, folder for what it leaves behind, second line of its limit of memory."""
    import resource  # which Windows lacks, where no guard is started

    os.setsid()
    die_with(guard)
    silent = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((silent, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    sys.stdout = os.fdopen(1, "w", closefd=False, errors="replace", buffering=1)
    sys.stderr = os.fdopen(2, "w", closefd=False, errors="replace", buffering=1)
    os.environ["TMPDIR"] = str(scratch)
    tempfile.tempdir = str(scratch)
    os.chdir(scratch)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):
        most = int(address_space() + 2.0 * memory + SPARE)
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
    with suppress(OSError):  # of all processes the one to be ended, where the system's memory is short
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _attempted(payload: bytes, tells: int) -> None:
    """The attempt, and the end of its process."""
    from .attempt import attempt

    attempt(payload, _teller(tells))
    with suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


def _teller(descriptor: int) -> Tell:
    """What writes a word into a pipe, as one line and at once."""

    def tell(word: dict[str, Any]) -> None:
        told = memoryview(json.dumps(word).encode() + b"\n")
        while told:
            told = told[os.write(descriptor, told) :]

    return tell

"""A problem made once: a process makes it, and those of its runs are forked from there.

    keeper  ->  maker  ->  guard  ->  solver                          runs on levers
                  |
                  +-->  keeper  ->  maker  ->  guard  ->  solver      runs on equations

A maker makes its problem under the eyes of its keeper, within the time for that and the memory that a run may take.
Then it forks the guard of each run, and does nothing else. The first run on equations makes it fork a second pair, and
that one adds the equations. So whatever ran before, a run finds the same: its own copy of what its maker made.

A problem that cannot be made is told for each of its runs. Equations that cannot be stated are left to each run, whose
status tells how that ended. So is all where a maker has threads when it is done: no process may be forked beside them.

Memory of a run counts every page that its processes have, also those that they share with their maker: what the run
would need alone. What making took for a while and let go counts for the maker only.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from .facts import End
from .guard import Asked, guarded, watched
from .processes import adopt_orphans, reap, wait_for_all
from .recording import Tell
from .watching import Gone, Watched, ended

if TYPE_CHECKING:
    from .making import Made

MADE, THREADED = "made", "threaded"  # phases in which a maker has done its work
THREADS = Path("/proc/self/task")
LOOKS, LOOK = 20, 0.005  # at threads that are about to end, and seconds between
Give = Callable[[Asked], None]


def keeper_of(made: Made | None, closing: Iterable[int]) -> socket.socket:
    """The way to a new keeper, which has more made of what there is; descriptors that it does not keep open."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        try:
            for descriptor in (ours.fileno(), *closing):
                os.close(descriptor)
            _keep(Runs(theirs), made)
        finally:
            os._exit(0)
    theirs.close()
    return ours


@dataclass(eq=False)
class Runs:
    """Those that come to a process over its control, and those that wait there."""

    control: socket.socket
    waiting: list[Asked] = field(default_factory=list)
    is_open: bool = True

    def next(self) -> Asked | None:
        """The one that waits longest, or the next that comes; None where no more come."""
        while self.is_open and not self.waiting:
            self._take()
        return self.waiting.pop(0) if self.waiting else None

    def beside(self) -> list[int]:
        """Descriptors that tell of more that come, and of those that nobody waits for any more."""
        control = [self.control.fileno()] if self.is_open else []
        return [*control, *(each.connection.fileno() for each in self.waiting)]

    def look(self, ready: Iterable[int]) -> None:
        """Takes in what came over some of these."""
        for asked in [each for each in self.waiting if each.connection.fileno() in ready]:
            self.waiting.remove(asked)
            asked.close()
        if self.is_open and self.control.fileno() in ready:
            self._take()

    def _take(self) -> None:
        try:
            asked = Asked.taken(self.control)
        except (EOFError, OSError):
            self.is_open = False
            return
        if asked is not None:
            self.waiting.append(asked)

    @property
    def descriptors(self) -> list[int]:
        """All that is open here for runs."""
        held = [descriptor for each in self.waiting for descriptor in each.held]
        return [self.control.fileno(), *(each.connection.fileno() for each in self.waiting), *held]


# --- the keeper -------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Making(Watched):
    """A maker at its work, and the runs that wait for it."""

    runs: Runs = field(kw_only=True)

    @property
    def is_done(self) -> bool:
        """Whether all is made."""
        return self.phase in (MADE, THREADED)

    def beside(self) -> list[int]:
        """What tells of runs."""
        return self.runs.beside()

    def came(self, ready: list[int]) -> None:
        """Runs that come and go; Gone where none waits."""
        self.runs.look(ready)
        if not self.runs.waiting:
            raise Gone


def _keep(runs: Runs, made: Made | None) -> None:
    """Has made what runs need, when the first comes, and gives it them and all that come later."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    adopt_orphans()
    scratch = Path(tempfile.mkdtemp(prefix="prosperity-problem-"))
    try:
        while (asked := runs.next()) is not None:
            runs.waiting.insert(0, asked)
            with suppress(Gone), _giver(runs, made, scratch) as give:
                _give_all(runs, give)
        wait_for_all()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _give_all(runs: Runs, give: Give) -> None:
    while (asked := runs.next()) is not None:
        give(asked)
        reap()


@contextmanager
def _giver(runs: Runs, made: Made | None, scratch: Path) -> Iterator[Give]:
    """What is done with each run, once its problem is made, or is not; Gone where none waits for that any more."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            making = _begun(runs, made, scratch, ours, theirs)
        try:
            making.follow()
        finally:
            making.close()
            if making.phase != MADE:
                making.tree.end()
        if making.phase == MADE:
            yield lambda asked: _passed_on(asked, ours, made, runs)
        elif made is None and making.phase != THREADED:
            yield lambda asked: _refused(asked, making)
        else:
            yield lambda asked: _forked(asked, made, [ours.fileno(), *runs.descriptors])


def _begun(runs: Runs, made: Made | None, scratch: Path, ours: socket.socket, theirs: socket.socket) -> Making:
    """A maker that works on the problem of the first run, and will take runs over its side of a pair of sockets."""
    first = runs.waiting[0].order

    def work(tell: Tell) -> None:
        for descriptor in (ours.fileno(), *runs.descriptors):
            os.close(descriptor)
        _make(first.instance, made, tell, Runs(theirs))

    process = watched(work, scratch, first.facts.memory_limit)
    return Making(first.facts, *process, phase="making" if made is None else "stating", runs=runs)


def _refused(asked: Asked, making: Making) -> None:
    """Tells a run that its problem could not be made."""
    told = making.outcome()
    if told["end"] == End.CRASHED:
        told |= {"end": End.UNMADE, "message": f"while it was made, {told['message']}"}
    asked.answer(ended(asked.order.facts, told))
    asked.close()


def _passed_on(asked: Asked, to: socket.socket, made: Made | None, runs: Runs) -> None:
    """Gives a run to another process; forks it here, with what there is here, where that one has ended."""
    try:
        asked.passed_on(to)
    except OSError:
        _forked(asked, made, (to.fileno(), *runs.descriptors))


def _forked(asked: Asked, made: Made | None, closing: Iterable[int]) -> None:
    """Forks the guard of a run."""
    if os.fork() == 0:
        try:
            for descriptor in closing:
                os.close(descriptor)
            guarded(asked, made)
        finally:
            os._exit(0)
    asked.close()


# --- the maker --------------------------------------------------------------------------------------------------------


def _make(instance: bytes, before: Made | None, tell: Tell, runs: Runs) -> None:
    """Makes a problem, or its equations where it is made, and then forks runs as they come."""
    made = _more(instance, before, tell)
    if made is None:
        return
    gc.collect()
    if before is None:
        gc.freeze()  # pages that the collector leaves alone stay shared; equations it may take when they are let go
    is_alone = _is_alone()
    tell({"phase": MADE if is_alone else THREADED})
    if not is_alone:
        select.select([], [], [])  # until the keeper ends it
    silent = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        os.dup2(silent, output)
    _serve(made, runs)


def _more(instance: bytes, made: Made | None, tell: Tell) -> Made | None:
    """The problem, or its equations too; None where that fails, which is told."""
    from ...solvers.highs import end_threads
    from .attempt import said
    from .making import make

    try:
        found = make(pickle.loads(instance)) if made is None else made.stated()  # noqa: S301 - our own
        end_threads()
    except Exception as error:
        tell({"facts": {"end": End.UNMADE, "message": said(error)}})
        return None
    return found


def _serve(made: Made, runs: Runs) -> None:
    """Forks each run; those on equations from where these are stated."""
    stating: socket.socket | None = None
    while (asked := runs.next()) is not None:
        if not (asked.order.on_equations and made.can_state):
            _forked(asked, made, [*runs.descriptors, *([] if stating is None else [stating.fileno()])])
        else:
            stating = stating or keeper_of(made, [*runs.descriptors, asked.connection.fileno(), *asked.held])
            _passed_on(asked, stating, made, runs)
        reap()
    if stating is not None:
        stating.close()
    wait_for_all()


def _is_alone() -> bool:
    """Whether this process has one thread; False where the system does not tell.

    A fork comes first: pools of threads that can live with one, as those of OpenBLAS, end themselves before it, and
    begin anew in each process that computes.
    """
    if threading.active_count() > 1 or not THREADS.is_dir():
        return False
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    for _ in range(LOOKS):
        if len(os.listdir(THREADS)) == 1:  # noqa: PTH208 - names alone
            return True
        sleep(LOOK)
    return False

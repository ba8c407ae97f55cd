"""A process as it is seen from beside it: what it tells and prints, what it takes of time and memory, how it ends.

Who watches runs nothing but this, so nothing that the process does keeps it from looking at the clock.
"""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from ..machine import peak_of
from .facts import End, Facts, facts_of
from .processes import Tree
from .recording import thinned

GRACE = 2.0  # seconds after its limit in which a solver may end by itself
MAKING = 900.0  # seconds for a problem to be made, and its equations to be stated
JUDGING = 120.0  # seconds for one run of the answer
LOOK = 0.05  # seconds between looks at clock and memory
LOG = 2000  # characters that are kept of what a process prints, where it ended badly
PIECE = 65_536  # bytes read at once
ALLOWED = {"making": MAKING, "stating": MAKING, "judging": JUDGING}


class Gone(Exception):
    """Nobody waits for the run any more."""


@dataclass(eq=False)
class Watched:
    """A process below this one, which watches it, and what is known of the run that it is for."""

    planned: Facts
    child: int
    words: int  # the descriptor that it tells over
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

    @property
    def is_done(self) -> bool:
        """Whether it has told all that it was to tell, and lives on."""
        return False

    def beside(self) -> list[int]:
        """Descriptors that are looked at too."""
        return []

    def came(self, ready: list[int]) -> None:
        """Something came over some of these; Gone where nobody waits any more."""

    def follow(self) -> None:
        """Looks on until the process is done or has ended, by itself or since it took too much; all below ended too."""
        exit_status = None
        while exit_status is None:
            self._listen()
            if self.is_done:
                return
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
        if "end" not in self.told:
            self.told |= {"end": End.CRASHED, "message": _departure(exit_status)}

    def _listen(self) -> None:
        """Waits a moment, hears what comes meanwhile."""
        beside, own = self.beside(), self._open()
        ready, _, _ = select.select([*beside, *own], [], [], LOOK)
        self.came([each for each in beside if each in ready])
        self._hear([each for each in own if each in ready])

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
        elif "before" in word:  # seconds that its problem took before this process began
            for phase, seconds in word["before"].items():
                self.spent[phase] = self.spent.get(phase, 0.0) + float(seconds)
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
        facts, spent = self.planned, self.spent.get(self.phase, 0.0) + perf_counter() - self.since
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

    def close(self) -> None:
        """Listens no more."""
        for descriptor in self._open():
            self._close(descriptor)

    def outcome(self) -> dict[str, Any]:
        """All that is known when it is over, as facts."""
        told = dict(self.told)
        told.setdefault("seconds", self.spent.get("solving", float("nan")))
        told.setdefault("stating", self.spent.get("stating", 0.0))
        told |= {"making": self.spent.get("making", 0.0), "memory": self.tree.peak, "points": self.points}
        if told["end"] != End.ANSWERED:
            told["log"] = self.log
        return told


def ended(planned: Facts, told: Mapping[str, Any]) -> Facts:
    """What was known of a run before, and what came of it, at this moment."""
    known = {**_plain(planned), "when": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        found = facts_of({**known, **told})
    except ValueError:  # words that a solver has made up
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

"""A process and all below it: what they take of memory, how they are ended, and that they end with who started them.

Linux tells in /proc; elsewhere `ps` does, more slowly.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

PROC = Path("/proc")
EVERY = 0.2  # seconds between looks for new processes, which read all that there are
DEATH_SIGNAL, SUBREAPER = 1, 36  # of prctl(2)
LAST_LOOKS = 20  # rounds in which processes that begin others while they are ended are ended too


@dataclass(eq=False)
class Tree:
    """The processes below one (`guard`), which looks at them, and the largest memory that they took together."""

    guard: int
    peak: float = 0.0
    _members: tuple[int, ...] = ()
    _looked: float = field(default=-1.0)

    def memory(self) -> float:
        """Bytes that all processes below take now; pages that they share count for each."""
        if perf_counter() - self._looked > EVERY:
            self._members, self._looked = tuple(below(self.guard)), perf_counter()
        found = sum(map(resident, self._members))
        self.peak = max(self.peak, found)
        return found

    def end(self) -> None:
        """Ends them all, whatever they do about it."""
        for _ in range(LAST_LOOKS):
            members = [process for process in below(self.guard) if not _is_gone(process)]
            if not members:
                return
            for process in members:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGKILL)
            reap()


def reap() -> None:
    """Takes notice of children that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def wait_for_all() -> None:
    """Returns when this process has no children any more."""
    with suppress(ChildProcessError):
        while True:
            os.wait()


def below(process: int) -> Iterator[int]:
    """The processes that one has started, and those that these have."""
    children: dict[int, list[int]] = {}
    for each, parent in parents().items():
        children.setdefault(parent, []).append(each)
    open_ones = list(children.get(process, ()))
    while open_ones:
        each = open_ones.pop()
        yield each
        open_ones.extend(children.get(each, ()))


def parents() -> Mapping[int, int]:
    """All processes, each with the one that started it."""
    if not PROC.is_dir():
        return {process: parent for process, parent, _ in _told_by_ps()}
    found = {}
    for name in os.listdir(PROC):  # noqa: PTH208 - names alone, several times a second
        if name.isdecimal():
            with suppress(OSError, ValueError, IndexError):
                # After the name, which may hold anything: its state, and the process that started it.
                found[int(name)] = int(_content(f"/proc/{name}/stat").rpartition(b")")[2].split()[1])
    return found


def resident(process: int) -> float:
    """Bytes that a process takes; 0 for one that is gone."""
    if not PROC.is_dir():
        return next((size for each, _, size in _told_by_ps() if each == process), 0.0)
    with suppress(OSError, ValueError, IndexError):
        return float(_content(f"/proc/{process}/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0.0


def address_space() -> float:
    """Bytes of addresses that this process has taken, of which most may hold nothing; 0 where nothing tells."""
    with suppress(OSError, ValueError, IndexError):
        return float(_content("/proc/self/statm").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0.0


def _is_gone(process: int) -> bool:
    """Whether a process has ended, and only waits for somebody to take notice."""
    with suppress(OSError, ValueError, IndexError):
        return _content(f"/proc/{process}/stat").rpartition(b")")[2].split()[0] in (b"Z", b"X")
    return PROC.is_dir()


def _content(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - many times a second
        return file.read()


def _told_by_ps() -> list[tuple[int, int, float]]:
    """Process, parent and bytes of all processes."""
    ps = shutil.which("ps")
    if ps is None:
        return []
    done = subprocess.run([ps, "-axo", "pid=,ppid=,rss="], capture_output=True, text=True, check=False)  # noqa: S603 - our words
    rows = (line.split() for line in done.stdout.splitlines())
    return [(int(row[0]), int(row[1]), float(row[2]) * 1024) for row in rows if len(row) == 3]


# --- ends that belong together ----------------------------------------------------------------------------------------


def die_with(parent: int) -> None:
    """This process ends with the one that started it, where the system knows how."""
    _prctl(DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Processes below this one stay below it when those between have ended, where the system knows how."""
    _prctl(SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)

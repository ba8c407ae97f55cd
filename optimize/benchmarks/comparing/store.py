"""The folder of a benchmark: one line of JSON for each run that has ended, so that none is lost and none repeated.

    runs.jsonl     the runs, each line with a sum over it
    arriving/      runs that have ended and are not in there yet, a file each, put there by their guards
    .lock          held by whoever works in the folder, and by the guards of its runs until these are over

A run is taken in (written, waited for until it is on the disk), and only then its file in `arriving` is removed; what
has been taken in already is only removed. So the process may be killed at any moment. Lines that cannot be read are set
aside in a file of their own, and the rest is kept.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from sd_models.errors import Fault, InvalidRequest

from ...files.placement import check_folder, clear, write_whole
from ...files.untrusted import read_regular
from .facts import Facts

if sys.platform != "win32":
    import fcntl

RUNS, ARRIVING, LOCK, DAMAGED = "runs.jsonl", "arriving", ".lock", "damaged"
MOST_BYTES = 2_000_000_000
PATIENCE = 5.0  # seconds in which the runs of a benchmark that was killed have ended


@dataclass(eq=False)
class Store:
    """An open folder: the runs that it holds by key, notes on what was set aside, and the descriptor of its lock."""

    folder: Path
    lock: int = -1
    runs: dict[str, Facts] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def arriving(self, key: str) -> Path:
        """Where the guard of a run puts its record."""
        return self.folder / ARRIVING / f"{key}.json"

    def add(self, facts: Facts) -> None:
        """Takes a run in; InvalidRequest, with all before it kept, where the disk is full or gone."""
        if facts.key not in self.runs:
            _append(self.folder / RUNS, f"{facts.line()}\n")
            self.runs[facts.key] = facts
        with suppress(OSError):
            self.arriving(facts.key).unlink()

    def take_in(self) -> None:
        """Takes in what arrived while nobody was there."""
        home = self.folder / ARRIVING
        clear(home)
        for path in sorted(home.glob("*.json")) if home.is_dir() else ():
            facts, damaged = _read(path)
            for each in facts:
                self.add(each)
            if damaged:
                self.notes.append(_set_aside(self.folder, damaged, path.name))
            with suppress(OSError):
                path.unlink()


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """The folder of a benchmark, made where it is not there, for this process alone; InvalidRequest where another
    one works in it."""
    check_folder(folder)
    try:
        (folder / ARRIVING).mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
    except OSError as error:
        raise InvalidRequest(_unwritable(folder, error)) from error
    try:
        _wait_for(descriptor, folder)
        store = Store(folder, descriptor)
        read_into(store)
        store.take_in()
        yield store
    finally:
        os.close(descriptor)


def looked_at(folder: Path) -> Store:
    """The runs of a folder, which may be another one's at work; nothing is changed."""
    store = Store(folder)
    for path in (folder / RUNS, *sorted((folder / ARRIVING).glob("*.json"))):
        if path.exists():
            found, damaged = _read(path)
            store.runs |= {facts.key: facts for facts in found if facts.key not in store.runs}
            store.notes += [f"{path.name}: {len(damaged)} lines cannot be read."] if damaged else []
    return store


def read_into(store: Store) -> None:
    """What the file of runs holds; lines that cannot be read are set aside, and the file is written anew."""
    path = store.folder / RUNS
    if not path.exists():
        return
    found, damaged = _read(path)
    for facts in found:
        store.runs.setdefault(facts.key, facts)
    if damaged:
        store.notes.append(_set_aside(store.folder, damaged, RUNS))
    if damaged or len(found) > len(store.runs):
        lines = "".join(f"{facts.line()}\n" for facts in store.runs.values())
        write_whole(path, lambda temporary: temporary.write_text(lines, encoding="utf-8"))


def _read(path: Path) -> tuple[list[Facts], list[bytes]]:
    """The runs of a file, and its lines that are none."""
    found: list[Facts] = []
    damaged: list[bytes] = []
    for line in read_regular(path, MOST_BYTES).split(b"\n"):
        if line.strip():
            try:
                found.append(Facts.of(line.decode("utf-8")))
            except (ValueError, RecursionError):
                damaged.append(line)
    return found, damaged


def _set_aside(folder: Path, lines: Iterable[bytes], name: str) -> str:
    """Puts lines into a file of their own; says so."""
    listed = list(lines)
    taken = {path.name for path in folder.glob(f"{DAMAGED}-*")}
    place = next(f"{DAMAGED}-{i}.txt" for i in range(1, len(taken) + 2) if f"{DAMAGED}-{i}.txt" not in taken)
    write_whole(folder / place, lambda path: path.write_bytes(b"\n".join(listed) + b"\n"))
    many = "a line" if len(listed) == 1 else f"{len(listed)} lines"
    rest = "all others are kept, and what is missing is run again."
    return f"{name}: {many} could not be read, set aside in {place}; {rest}"


def _append(path: Path, line: str) -> None:
    """A line at the end of a file, on the disk when this returns; InvalidRequest and no part of it where it cannot."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o644)
    except OSError as error:
        raise InvalidRequest(_unwritable(path, error)) from error
    before = os.fstat(descriptor).st_size
    try:
        told = memoryview(line.encode())
        while told:
            told = told[os.write(descriptor, told) :]
        os.fsync(descriptor)
    except OSError as error:
        with suppress(OSError):
            os.ftruncate(descriptor, before)
        raise InvalidRequest(_unwritable(path, error)) from error
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> Fault:
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    found = "the disk is full." if is_full else f"cannot be written: {error.strerror or error}."
    advice = "All runs that ended before are kept. Make room, and give the same command again: it goes on from there."
    return Fault(found, file=str(path), advice=advice if is_full else "May you write there?")


def _wait_for(descriptor: int, folder: Path) -> None:
    """The lock of a folder; the last runs of a benchmark that was killed hold it for a moment."""
    if sys.platform == "win32":
        return
    until = monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if monotonic() > until:
                advice = "Wait for it, or name another folder with --out."
                raise InvalidRequest(
                    Fault("another benchmark is at work in it.", file=str(folder), advice=advice)
                ) from error
        except OSError:  # a disk without locks
            return
        sleep(0.1)

"""What has ended is kept, whatever happens: damaged lines, full disks, two at once, processes that are killed."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support import contests
from support.contests import Planted, Stated

from optimize.benchmarks.comparing import store as stores
from optimize.benchmarks.comparing.facts import End, Facts, planned
from optimize.benchmarks.comparing.store import ARRIVING, RUNS, looked_at, opened
from optimize.benchmarks.comparing.tasks import Task
from sd_models.errors import InvalidRequest

HERE = Path(__file__).parents[4]


def facts(number: int = 0) -> Facts:
    """A run that has ended."""
    given = Task(Stated(), Planted("finds", contests.finds), repeat=number)
    return replace(planned(given), end=End.ANSWERED, objective=float(number))


def filled(folder: Path, count: int = 3) -> list[Facts]:
    """A folder with runs."""
    runs = [facts(number) for number in range(count)]
    with opened(folder) as store:
        for each in runs:
            store.add(each)
    return runs


def test_runs_come_back_as_they_were(tmp_path: Path) -> None:
    """All of them, from a folder that is opened or looked at."""
    runs = filled(tmp_path / "new")
    with opened(tmp_path / "new") as store:
        assert [each.line() for each in store.runs.values()] == [each.line() for each in runs]
        assert store.notes == []
    assert looked_at(tmp_path / "new").runs.keys() == {each.key for each in runs}


def test_what_arrived_while_nobody_was_there_is_taken_in_once(tmp_path: Path) -> None:
    """Also where it had been taken in before the process was killed, its file not yet removed."""
    runs = filled(tmp_path)
    late = facts(7)
    for each in (runs[0], late):
        (tmp_path / ARRIVING / f"{each.key}.json").write_text(f"{each.line()}\n")
    with opened(tmp_path) as store:
        assert list(store.runs) == [*(each.key for each in runs), late.key]
    assert len((tmp_path / RUNS).read_text().splitlines()) == 4
    assert not list((tmp_path / ARRIVING).iterdir())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-40],  # torn while it was written
        lambda text: text.replace('"objective":"', '"objective":"9', 1) if '"objective":"' in text else text[5:],
        lambda text: f"{text}nonsense \x00 \udc80\n",
        lambda text: f'{text}{{"sum": "0", "run": {{}}}}\n',
        lambda text: text + "[" * 100_000 + "\n",
    ],
)
def test_what_can_be_read_is_kept_and_the_rest_set_aside(tmp_path: Path, spoil) -> None:
    """With a sentence; the next opening finds nothing wrong any more."""
    filled(tmp_path)
    path = tmp_path / RUNS
    path.write_bytes(spoil(path.read_text()).encode(errors="surrogateescape"))
    with opened(tmp_path) as store:
        assert len(store.runs) >= 2
        (note,) = store.notes
        assert "set aside in damaged-1.txt" in note
        store.add(facts(9))
    with opened(tmp_path) as store:
        assert store.notes == []
        assert facts(9).key in store.runs
    assert (tmp_path / "damaged-1.txt").stat().st_size


def test_a_full_disk_is_told_and_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ended before is kept, and the sentence says so."""
    filled(tmp_path)
    before = (tmp_path / RUNS).read_bytes()
    write, calls = os.write, iter([20])

    def full(descriptor: int, data: bytes) -> int:
        for most in calls:
            return write(descriptor, bytes(data[:most]))
        raise OSError(errno.ENOSPC, "No space left on device")

    with opened(tmp_path) as store:
        monkeypatch.setattr(stores.os, "write", full)
        with pytest.raises(InvalidRequest, match=r"the disk is full\. All runs that ended before are kept"):
            store.add(facts(9))
        monkeypatch.undo()
    assert (tmp_path / RUNS).read_bytes() == before


def test_two_at_once_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is told whom it meets; looking is allowed."""
    filled(tmp_path)
    monkeypatch.setattr(stores, "PATIENCE", 0.2)
    with opened(tmp_path), pytest.raises(InvalidRequest, match="another benchmark is at work"), opened(tmp_path):
        pass
    with opened(tmp_path):
        assert len(looked_at(tmp_path).runs) == 3


@pytest.mark.parametrize("name", ["file", "missing/folder"])
def test_a_folder_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    """Before any run."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidRequest), opened(tmp_path / name):
        pass


# --- kill -9 ----------------------------------------------------------------------------------------------------------

REPEATS = 12
WORK = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
from support import contests
from support.contests import Planted, Stated
from optimize.benchmarks.comparing.contest import contest
from optimize.benchmarks.comparing.store import opened
from optimize.benchmarks.comparing.tasks import Limits, Task

if __name__ == "__main__":
    place = Path(sys.argv[1])
    solver, limits = Planted("counts", contests.counts), Limits(10.0)
    told = str(place / "worked.txt")
    tasks = [Task(Stated(), solver, limits, repeat=i, options={{"place": told}}) for i in range({repeats})]
    with opened(place) as store:
        with open(told, "a") as file:
            file.write(" ".join(("kept", *(str(facts.repeat) for facts in store.runs.values()))) + chr(10))
        contest(tasks, store, jobs=2, seen=lambda facts, done, count: print(facts.repeat, done, count, flush=True))
"""


def killed_until_done(folder: Path, moments: Iterator[float]) -> int:
    """A benchmark killed at these moments after its first run, or its start, until it is done; how often that was."""
    script = folder / "work.py"
    script.write_text(WORK.format(paths=[str(HERE), str(HERE / "tests")], repeats=REPEATS))
    kills = 0
    for moment in moments:
        with subprocess.Popen(
            [sys.executable, str(script), str(folder)], stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            assert process.stdout is not None
            begun = time.monotonic()
            while process.poll() is None and time.monotonic() - begun < moment:
                time.sleep(0.005)
            if process.poll() is not None:
                return kills
            process.send_signal(signal.SIGKILL)
            kills += 1
    subprocess.run([sys.executable, str(script), str(folder)], check=True, stdout=subprocess.PIPE)
    return kills


def all_kept_and_none_repeated(folder: Path) -> None:
    """Each run stands in the folder once, what a restart found was never run again, and nothing is left over."""
    lines = [Facts.of(line) for line in (folder / RUNS).read_text().splitlines()]
    assert sorted(each.repeat for each in lines) == list(range(REPEATS))
    assert all(each.end == End.ANSWERED for each in lines)
    assert not list((folder / ARRIVING).iterdir())
    kept: set[str] = set()
    for line in (folder / "worked.txt").read_text().splitlines():
        first, *rest = line.split()
        if first == "kept":
            assert kept <= set(rest)
            kept = set(rest)
        else:
            assert first not in kept


@pytest.mark.slow
def test_a_killed_benchmark_goes_on_where_it_was(tmp_path: Path) -> None:
    """Killed while runs are under way."""
    killed_until_done(tmp_path, iter([4.0]))
    all_kept_and_none_repeated(tmp_path)


@pytest.mark.long
def test_a_benchmark_killed_thirty_times_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """At thirty random moments, in as many benchmarks as that takes."""
    rng = random.Random(13)
    moments = [rng.uniform(1.5, 6.0) for _ in range(30)]
    kills = 0
    while kills < len(moments):
        folder = tmp_path / str(kills)
        folder.mkdir()
        kills += killed_until_done(folder, iter(moments[kills:])) or 1
        all_kept_and_none_repeated(folder)

"""Problems made once: what that one process does, or what befalls it, holds for all runs, and no run sees another."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import contests, impatient
from support.contests import Noted, Planted, Stated

from optimize.benchmarks.comparing.contest import contest, order_of
from optimize.benchmarks.comparing.facts import End, Facts
from optimize.benchmarks.comparing.launching import Launcher
from optimize.benchmarks.comparing.store import opened
from optimize.benchmarks.comparing.tasks import GIBIBYTE, Limits, Task
from optimize.solvers.rows import Works

HERE = Path(__file__).parents[4]
ON_EQUATIONS = Planted("spoils", contests.spoils, works=Works.ON_EQUATIONS)
ON_LEVERS = Planted("finds", contests.finds)
PAUSE = 0.5  # seconds in which it is made, and in which its equations are stated
SOON = 10.0  # seconds within which a process ends that nobody needs


@pytest.fixture
def noted(tmp_path: Path) -> Noted:
    """A problem that notes who makes it."""
    return Noted(str(tmp_path / "noted.txt"))


@pytest.fixture(scope="module")
def impatient_server() -> Iterator[Launcher]:
    """A server that waits a second for a problem."""
    launcher = Launcher(("optimize.benchmarks.comparing.attempt", "support.impatient"))
    yield launcher
    launcher.close()


def ran(launcher: Launcher, make: Noted, *solvers: Planted, memory: float = GIBIBYTE) -> list[Facts]:
    """Runs of these solvers, one after the other."""
    lines = [launcher.run(order_of(Task(Stated(make=make), each, Limits(5.0, memory)))) for each in solvers]
    return [Facts.of(line) for line in lines if line is not None]


def ends(process: int) -> bool:
    """Whether a process ends soon."""
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_a_problem_is_made_once_for_all_its_runs(tmp_path: Path) -> None:
    """Its equations too, which each run finds untouched; all have the seconds that it took."""
    make = Noted(str(tmp_path / "noted.txt"), seconds=PAUSE)
    solvers = ON_LEVERS, ON_EQUATIONS, ON_LEVERS, ON_EQUATIONS, ON_EQUATIONS
    tasks = [Task(Stated(make=make), each, Limits(5.0), repeat=i) for i, each in enumerate(solvers)]
    with opened(tmp_path / "out") as store:
        contest(tasks, store, jobs=2, seen=lambda *_: None)
        found = list(store.runs.values())
    assert [what for what, _ in make.lines()] == ["made", "stated"]
    assert [(facts.end, facts.objective) for facts in found] == [(End.ANSWERED, 4.0)] * len(tasks)
    assert all(facts.making >= PAUSE for facts in found)
    assert all((facts.stating >= PAUSE) == (facts.solver == "spoils") for facts in found)
    assert all(facts.seconds < PAUSE for facts in found)
    assert all(ends(process) for _, process in make.lines())


def test_memory_does_not_depend_on_who_ran_before(impatient_server: Launcher, noted: Noted) -> None:
    """Neither on one that took all, nor on equations that were stated."""
    eats = Planted("eats", contests.eats)
    runs = ran(impatient_server, noted, ON_LEVERS, eats, ON_EQUATIONS, ON_LEVERS, memory=0.5 * GIBIBYTE)
    first, eaten, _, last = runs
    assert eaten.end == End.MEMORY
    assert last.memory == pytest.approx(first.memory, rel=0.05)
    assert [what for what, _ in noted.lines()] == ["made", "stated"]


@pytest.mark.parametrize(
    ("fate", "seconds", "words"),
    [
        ("crashes", 0.0, "while it was made, its process was ended by SIGSEGV"),
        ("raises", 0.0, "ValueError: no such model"),
        ("", 600.0, "was ended after 1 s of making."),
    ],
)
def test_a_problem_that_cannot_be_made_is_told_for_each_run(
    impatient_server: Launcher, tmp_path: Path, fate: str, seconds: float, words: str
) -> None:
    """It is tried once."""
    make = Noted(str(tmp_path / "noted.txt"), fate, seconds)
    runs = ran(impatient_server, make, ON_LEVERS, ON_EQUATIONS, ON_LEVERS)
    assert [facts.end for facts in runs] == [End.UNMADE] * 3
    assert all(words in facts.message for facts in runs)
    assert len({facts.key for facts in runs}) == 2
    assert len(make.lines()) == 1
    assert all(facts.making < impatient.SECONDS + 1.0 for facts in runs)
    assert ends(make.lines()[0][1])


def test_equations_that_crash_end_the_runs_on_equations(impatient_server: Launcher, tmp_path: Path) -> None:
    """Each in its own process; those on levers find their problem."""
    make = Noted(str(tmp_path / "noted.txt"), "crashes when stated")
    runs = ran(impatient_server, make, ON_EQUATIONS, ON_LEVERS, ON_EQUATIONS)
    assert [facts.end for facts in runs] == [End.CRASHED, End.ANSWERED, End.CRASHED]
    assert [what for what, _ in make.lines()].count("made") == 1


def test_beside_threads_nothing_is_forked(impatient_server: Launcher, tmp_path: Path) -> None:
    """Each run makes its problem in its own process then."""
    make = Noted(str(tmp_path / "noted.txt"), "has threads")
    runs = ran(impatient_server, make, ON_LEVERS, ON_EQUATIONS)
    assert [facts.end for facts in runs] == [End.ANSWERED, End.ANSWERED]
    assert len({process for what, process in make.lines() if what == "made"}) == 3


def test_threads_of_libraries_do_not_count(impatient_server: Launcher, tmp_path: Path) -> None:
    """Those of matrix products and of HiGHS end before a fork."""
    make = Noted(str(tmp_path / "noted.txt"), "computes side by side")
    runs = ran(impatient_server, make, ON_LEVERS, ON_LEVERS)
    assert [facts.end for facts in runs] == [End.ANSWERED, End.ANSWERED]
    assert len(make.lines()) == 1


def test_a_maker_that_is_killed_loses_no_run(impatient_server: Launcher, noted: Noted) -> None:
    """The next makes its own problem."""
    ran(impatient_server, noted, ON_LEVERS)
    ((_, maker),) = noted.lines()
    subprocess.run(["kill", "-9", str(maker)], check=True)
    assert ends(maker)
    (facts,) = ran(impatient_server, noted, ON_LEVERS)
    assert facts.end == End.ANSWERED
    assert len(noted.lines()) == 2


def test_a_maker_ends_when_nobody_waits(tmp_path: Path) -> None:
    """At once, though it is at work."""
    make, launcher = Noted(str(tmp_path / "noted.txt"), seconds=600.0), Launcher(())
    waiting = threading.Thread(target=ran, args=(launcher, make, ON_LEVERS))
    waiting.start()
    while not make.lines():
        time.sleep(0.02)
    launcher.stop()
    assert ends(make.lines()[0][1])
    waiting.join()
    launcher.close()


def test_code_of_the_current_folder_does_not_run(tmp_path: Path, noted: Noted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan may come with files named like modules."""
    for name in ("pickle", "numpy", "runpy"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    launcher = Launcher(())
    (facts,) = ran(launcher, noted, ON_LEVERS)
    launcher.close()
    assert facts.end == End.ANSWERED
    assert not (tmp_path / "ran").exists()


WORK = """
import sys
sys.path[:0] = {paths!r}
from support.contests import Noted, Planted, Stated, finds
from optimize.benchmarks.comparing.contest import order_of
from optimize.benchmarks.comparing.launching import Launcher
from optimize.benchmarks.comparing.tasks import Task

if __name__ == "__main__":
    make = Noted({place!r}, seconds=600.0)
    Launcher(()).run(order_of(Task(Stated(make=make), Planted("finds", finds))))
"""


def test_a_maker_ends_with_who_asked(tmp_path: Path) -> None:
    """Killed while the problem is made."""
    make = Noted(str(tmp_path / "noted.txt"))
    script = tmp_path / "work.py"
    script.write_text(WORK.format(paths=[str(HERE), str(HERE / "tests")], place=make.place))
    with subprocess.Popen([sys.executable, str(script)], start_new_session=True) as process:
        while not make.lines():
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert ends(make.lines()[0][1])

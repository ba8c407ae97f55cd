"""Processes that are killed, interrupted or run out of disk at random moments of an optimization, and what is left.

A process with everything imported is copied for each moment, so that a moment costs a second. As a program it tries as
many moments as are asked for and prints what it counted: `PYTHONPATH=tests python -m support.attacks 200`.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import optimize as opt
from optimize.command_line.commands import main
from sd_models.errors import ModelError

from . import islands

PLAN = """
model = "islands.mdl"
horizon = [2, 30]
objective = { maximize = "welfare", discount = 0.04 }
lever = [{ variable = "spending", upper = 2.0 }]
limit = [
    { name = "annual budget", sum = "spending", over = ["island", "good"], at_most = "budget" },
    { name = "floor", sum = "spending", over = ["good"], at_least = 0.5 },
]
"""
SMALL, LARGE = 1_000, 60_000  # bytes that a file may have on a disk that is nearly full


@dataclass
class Report:
    """What was left after so many moments: how processes ended, and everything that should not have been."""

    moments: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    saved: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        endings = ", ".join(f"{count} {name}" for name, count in sorted(self.endings.items()))
        return f"{self.moments} moments: {endings}; {self.saved} results saved, {len(self.faults)} faults"


class Attacked:
    """A small plan in a folder of its own, optimized again and again."""

    def __init__(self, home: Path, seed: int = 0) -> None:
        self.home, self.random, self.number = home, random.Random(seed), 0
        (home / "islands.mdl").write_text(islands.MODEL.replace("FINAL TIME = 20", "FINAL TIME = 40"), encoding="utf-8")
        (home / "plan.toml").write_text(PLAN, encoding="utf-8")
        began = time.perf_counter()
        _, self.begun = self._waited(self.started())
        self.length = time.perf_counter() - began

    def started(self, *, most_bytes: int | None = None) -> int:
        """The number of a process that optimizes."""
        self.number += 1
        child = os.fork()
        if child:
            return child
        status = 99
        try:
            os.chdir(self.home)
            for descriptor, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(f"{self.number}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
            sys.stdout, sys.stderr = (os.fdopen(descriptor, "w", closefd=False) for descriptor in (1, 2))
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
            if most_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
            status = main(["optimize", "plan.toml", "--out", f"run{self.number}", "--json"])
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def _waited(self, child: int) -> tuple[int, float]:
        """How a process ended, and the seconds until it had its first iteration."""
        began, first = time.perf_counter(), 0.0
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            first = first or (time.perf_counter() - began if self._has_policy() else 0.0)
            if ended:
                return os.waitstatus_to_exitcode(status), first
            time.sleep(0.005)

    def _text(self, name: str) -> str:
        path = self.home / f"{self.number}.{name}"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _has_policy(self) -> bool:
        """Whether the solve has told an iteration."""
        return any(line.split()[:1] == ["1"] for line in self._text("err").splitlines())

    @property
    def folder(self) -> Path:
        """Where the result of the last process has to be."""
        return self.home / f"run{self.number}"

    # --- attacks --------------------------------------------------------------------------------------------------

    def killed(self, count: int) -> Report:
        """Processes that end at once, at any moment: there is no folder, or a whole one."""
        report = Report()
        for _ in range(count):
            child = self.started()
            time.sleep(self.random.uniform(0, 1.1 * self.length))
            os.kill(child, signal.SIGKILL)
            self._count(report, child, must_be_saved=False)
        return report

    def interrupted(self, number: signal.Signals, count: int) -> Report:
        """Processes with a policy at hand that are asked to end: it is saved."""
        report = Report()
        while report.moments < count:
            child = self.started()
            while not self._has_policy() and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                time.sleep(0.002)
            time.sleep(self.random.uniform(0, 1.1 * max(self.length - self.begun, 0.0)))
            os.kill(child, number)
            self._count(report, child, must_be_saved=True)
        return report

    def full(self, count: int) -> Report:
        """Processes on a disk with room for files of some size: the verdict is printed, whatever was written."""
        report = Report()
        for _ in range(count):
            child = self.started(most_bytes=int(SMALL * (LARGE / SMALL) ** self.random.random()))
            status = self._count(report, child, must_be_saved=False)
            told = self._json()
            if status not in (0, 2) or (told is None and status != 2):
                report.faults.append(f"{self.folder.name}: status {status} without a verdict")
            if told is not None and (status == 0) != (told["run"] is not None and self.folder.exists()):
                report.faults.append(f"{self.folder.name}: status {status}, said to be in {told['run']}")
        return report

    def _count(self, report: Report, child: int, *, must_be_saved: bool) -> int:
        """Takes a process that ends into account, and looks at what it left."""
        status, _ = self._waited(child)
        report.moments += 1
        report.endings[f"status {status}" if status >= 0 else signal.Signals(-status).name] += 1
        if self.folder.exists():
            report.saved += 1
            report.faults += self._faults()
        elif must_be_saved:
            report.faults.append(f"{self.folder.name}: a policy was found and is lost; {self._text('err')[-300:]}")
        if "Traceback" in self._text("err"):
            report.faults.append(f"{self.folder.name}: {self._text('err')[-2000:]}")
        return status

    def _faults(self) -> list[str]:
        """What is wrong with a folder that is there."""
        try:
            found = opt.load_result(self.folder)
        except ModelError as error:
            return [f"{self.folder.name} cannot be read: {error}"]
        if found.stored is None or found.stored.changed or not found.findings.is_feasible:
            return [f"{self.folder.name} is not what was saved, or keeps no limits"]
        return []

    def _json(self) -> dict[str, object] | None:
        """What was printed, if it is one object."""
        try:
            found: dict[str, object] = json.loads(self._text("out"))
        except ValueError:
            return None
        return found


def everything(home: Path, count: int) -> dict[str, Report]:
    """All attacks, each at so many moments, by what people call them."""
    attacked = Attacked(home)
    return {
        "kill -9": attacked.killed(count),
        "SIGINT": attacked.interrupted(signal.SIGINT, count),
        "SIGTERM": attacked.interrupted(signal.SIGTERM, count),
        "full disk": attacked.full(count),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        reports = everything(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    for name, report in reports.items():
        print(f"{name}: {report}", *report.faults, sep="\n  ")
    sys.exit(any(report.faults for report in reports.values()))

"""Standard output holds the answer and nothing else, and whatever becomes of it, no result is lost."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from support import islands

import optimize as opt
from optimize.command_line import optimizing, simulating
from optimize.command_line.commands import main
from optimize.command_line.requests import Status
from sd_models.reading.library import model_path

SCRIPT = Path(sys.executable).with_name("prosperity")
PLAN = """
model = "islands.mdl"
horizon = [2, 3]
objective = { maximize = "welfare", discount = 0.04 }
lever = [{ variable = "spending", upper = 2.0 }]
limit = [{ name = "annual budget", sum = "spending", over = ["island", "good"], at_most = "budget" }]
"""
# A command whose libraries print: in Python, at the descriptor, and in C, which writes when the process ends.
PRINTING = """
import ctypes, os, sys
from optimize.command_line import commands, simulating
answer = simulating.answer_check

def printing(request):
    print("by Python")
    os.write(1, b"at the descriptor")
    ctypes.CDLL(None).puts(b"in C")
    return answer(request)

simulating.answer_check = printing
sys.exit(commands.main())
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan beside its model, in the current folder."""
    (tmp_path / "islands.mdl").write_text(islands.MODEL, encoding="utf-8")
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "plan.toml"


def ran(line: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A line of the shell, with `prosperity` in it; its output on both streams."""
    code = f'prosperity() {{ {SCRIPT} "$@"; }}; {line}'
    return subprocess.run(["bash", "-c", code], capture_output=True, text=True, timeout=240, **options)


def test_what_libraries_print_is_no_part_of_the_answer() -> None:
    """Neither Python's nor C's prints, whenever they are written."""
    command = [sys.executable, "-c", PRINTING, "check", "urbanization", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert json.loads(done.stdout)["stocks"]
    for text in ("by Python", "at the descriptor", "in C"):
        assert text in done.stderr


@pytest.mark.parametrize("solver", ["sqp", "ipopt"])
def test_solvers_print_nothing_into_the_answer(solver: str, plan: Path) -> None:
    """One JSON object."""
    done = ran(f"prosperity optimize plan.toml --solver {solver} --no-verify --json", cwd=plan.parent)
    assert json.loads(done.stdout)["status"] == "local optimum, not replayed yet", done.stderr


@pytest.mark.parametrize(
    ("redirection", "status", "told"),
    [
        (">&-", Status.NO_READER, "Standard output is closed"),
        ("| true; exit ${PIPESTATUS[0]}", Status.NO_READER, "The result is in run"),
        ("> /dev/full", Status.BAD_INPUT, "standard output cannot be written to: No space left"),
    ],
)
def test_an_answer_that_nobody_gets_costs_no_result(redirection: str, status: int, told: str, plan: Path) -> None:
    """It is saved and said to be; no traceback."""
    done = ran(f"prosperity optimize plan.toml --out run --no-verify {redirection}", cwd=plan.parent)
    assert done.returncode == status, done.stderr
    assert told in done.stderr
    assert "The result is in run" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert opt.load_result(plan.parent / "run").findings.is_feasible


@pytest.mark.parametrize("redirection", ["2>&-", "2> /dev/full", "2> >(true)"])
def test_nobody_has_to_watch(redirection: str, plan: Path) -> None:
    """The answer comes all the same where standard error is closed, full, or read by nobody."""
    done = ran(f"prosperity optimize plan.toml --json --no-verify {redirection}", cwd=plan.parent)
    assert done.returncode == Status.DONE
    assert json.loads(done.stdout)["status"] == "local optimum, not replayed yet"


@pytest.mark.parametrize("line", ["prosperity --help >&-", "prosperity --help > /dev/full", "prosperity --version >&-"])
def test_help_that_nobody_gets_is_no_mistake(line: str) -> None:
    """A status, and no traceback."""
    done = ran(line)
    assert done.returncode in (Status.NO_READER, Status.BAD_INPUT)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_closed_streams_lend_their_descriptors_to_no_file(tmp_path: Path) -> None:
    """Else what a library prints would stand in the file."""
    done = ran(f"prosperity simulate urbanization --stop 2012 --out {tmp_path}/run.nc <&- >&- 2>&-")
    assert done.returncode == Status.NO_READER
    assert (tmp_path / "run.nc").read_bytes()[1:4] == b"HDF"


# --- a full disk ------------------------------------------------------------------------------------------------------


def small_files() -> None:
    """No file of this process may grow beyond some kilobytes, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))


@pytest.mark.parametrize("json_option", ["", "--json"])
def test_a_full_disk_costs_neither_verdict_nor_tables(json_option: str, plan: Path, tmp_path: Path) -> None:
    """They are printed, then it is told where nothing could be written; nothing is left behind."""
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    done = subprocess.run(
        [SCRIPT, "optimize", plan, "--out", "run", *json_option.split()],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=plan.parent,
        preexec_fn=small_files,
        env={**os.environ, "TMPDIR": str(elsewhere), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == Status.BAD_INPUT
    if json_option:
        assert json.loads(done.stdout)["run"] is None
    else:
        assert "annual budget" in done.stdout
    assert "InvalidRequest: run: cannot be written: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (plan.parent / "run").exists()
    assert not [path for path in (*plan.parent.iterdir(), *elsewhere.iterdir()) if "prosperity" in path.name]


def test_a_result_goes_to_a_second_place(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first one turns out to be full; status 2, since it is not where it should be."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    save = optimizing.save_result

    def full_here(result: opt.Result, folder: Path) -> Path:
        if folder == Path("run"):
            (tmp_path / "run").write_text("a file by now")
        return save(result, folder)

    monkeypatch.setattr(optimizing, "save_result", full_here)
    assert main(["optimize", "plan.toml", "--no-verify", "--json", "--out", "run"]) == Status.BAD_INPUT
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert f"It was saved in {document['run']} instead." in document["notes"]
    assert "InvalidRequest: run: exists already." in printed.err
    assert opt.load_result(document["run"]).findings.is_feasible


def test_a_run_that_cannot_be_written_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the file is not said to be there."""

    def full(*_: object) -> None:
        (tmp_path / "missing" / "file").touch()

    monkeypatch.setitem(simulating.SAVERS, ".csv", full)
    assert main(["simulate", "urbanization", "--stop", "2012", "--out", str(tmp_path / "run.csv")]) == 2
    printed = capsys.readouterr()
    assert "of 74 variables" in printed.out
    assert "Written" not in printed.out
    assert "cannot be written" in printed.err


# --- the last resort --------------------------------------------------------------------------------------------------


def broken(*_: object, **__: object) -> None:
    """A mistake of the program."""
    raise KeyError("a mistake")


def test_a_mistake_of_the_program_is_told_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened, how to report it, status 70; with --debug where it was."""
    monkeypatch.setattr(simulating, "check", broken)
    assert main(["check", str(model_path("urbanization"))]) == Status.MISTAKE
    told = capsys.readouterr().err
    assert "KeyError: 'a mistake'" in told
    assert "Please report it" in told
    assert "Traceback" not in told
    assert main(["check", str(model_path("urbanization")), "--debug"]) == Status.MISTAKE
    assert "Traceback" in capsys.readouterr().err


def test_a_mistake_after_the_solve_says_where_the_result_is(
    plan: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the replay or in the tables."""
    monkeypatch.setattr(optimizing, "verify", broken)
    assert main(["optimize", "plan.toml", "--out", "run"]) == Status.MISTAKE
    assert "The result is in run." in capsys.readouterr().err
    assert opt.load_result("run").findings.is_feasible

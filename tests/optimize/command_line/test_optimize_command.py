"""`prosperity optimize`, `verify` and `plan`: what people and programs get, whatever happens."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support import islands

import optimize as opt
from optimize.command_line import optimizing
from optimize.command_line.commands import main
from optimize.command_line.interruption import Interruption
from optimize.command_line.requests import Status
from sd_models.errors import Fault, InvalidRequest

SCRIPT = Path(sys.executable).with_name("prosperity")
PLAN = """
model = "islands.mdl"
horizon = [2, 5]

[objective]
maximize = "welfare"
discount = 0.04

[[lever]]
variable = "spending"
upper = 2.0

[[limit]]
name = "annual budget"
sum = "spending"
over = ["island", "good"]
at_most = "budget"

[[limit]]
name = "floor"
sum = "spending"
over = ["good"]
at_least = 0.5
"""
# A run long enough to be interrupted: many steps, and a plan of many levers.
LONG = islands.MODEL.replace("TIME STEP = 0.5", "TIME STEP = 0.25").replace("FINAL TIME = 20", "FINAL TIME = 100")


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan beside its model, in the current folder."""
    (tmp_path / "islands.mdl").write_text(islands.MODEL, encoding="utf-8")
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "plan.toml"


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a result."""
    folder = tmp_path_factory.mktemp("solved")
    (folder / "islands.mdl").write_text(islands.MODEL, encoding="utf-8")
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    assert main(["optimize", str(folder / "plan.toml"), "--no-verify", "--out", str(folder / "run")]) == 0
    return folder / "run"


# --- optimize ---------------------------------------------------------------------------------------------------------


def test_people_read_who_gets_what_and_what_it_buys(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verdict, allocation, outcomes, limits, prices in words, where it is; progress on standard error."""
    assert main(["optimize", str(plan)]) == Status.DONE
    printed = capsys.readouterr()
    for text in (
        "Local optimum: the best policy found",
        "How sure: all limits hold",
        "What binds: annual budget",
        "The goal: the largest value found",
        "spending by good, money a year; total in money",
        "spending by island and good",
        "What comes of it",
        "Certificate: Local optimum.",
        "annual budget",
        "more allowed",
        "Written: runs/islands-",
    ):
        assert text in printed.out
    for text in ("KKT residual", "trust region", "Solving", "PySD replays the policy"):
        assert text in printed.err
    (folder,) = (plan.parent / "runs").iterdir()
    assert opt.load_result(folder).status.is_optimal


def test_a_plan_may_assume_other_numbers(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the command line beside those of the file, in what is printed, noted, kept and replayed by PySD."""
    (plan.parent / "own.toml").write_text(f'{PLAN}\n[constants]\n"tax rate" = 0.1\n"people" = 2\n', encoding="utf-8")
    said = "Assumed otherwise than in the model: people 2 instead of 1 to 3 person; tax rate 0.3 instead of 0.2 1/Year."
    assert main(["optimize", "own.toml", "--set", "Tax Rate=0.3", "--out", "run"]) == Status.DONE
    printed = capsys.readouterr()
    assert said in " ".join(printed.out.split())
    assert "Assumed" not in printed.err
    result = opt.load_result("run")
    assert result.plan.constants == {"people": 2.0, "Tax Rate": 0.3}
    assert said in result.notes
    assert result.verification is not None
    assert main(["verify", "run"]) == Status.DONE
    capsys.readouterr()
    assert main(["explain", "run", "--json"]) == Status.DONE
    assert said in json.loads(capsys.readouterr().out)["notes"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tax rate", "'tax rate' sets nothing."),
        ("tax rate=much", "'much' is not a number."),
        ("tax rate=nan", "'nan' is not a number."),
        ("tax rat=0.3", "there is no variable 'tax rat'. Did you mean 'tax rate'?"),
        ("spending[north, rice]=1", "it is a lever of the plan, which decides it."),
        ("capital=1", "it is a stock, no constant."),
        ("people[nort]=1", "'island' has no element 'nort'"),
    ],
)
def test_what_cannot_be_assumed_is_told(plan: Path, text: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a sentence, before anything is computed."""
    assert main(["optimize", "plan.toml", "--set", text]) == Status.BAD_INPUT
    printed = " ".join(capsys.readouterr().err.split())
    assert told in printed
    assert "Traceback" not in printed


def test_numbers_with_which_the_model_cannot_run_are_told(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the assumption that makes the difference."""
    assert main(["optimize", "plan.toml", "--set", "first capital=-3"]) == Status.BAD_INPUT
    printed = " ".join(capsys.readouterr().err.split())
    assert (
        "With the model's own constants there is a run. Assumed otherwise than in the model: first capital -3"
        in printed
    )


def test_programs_read_one_object(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else on standard output; the keys that the documentation names."""
    assert main(["optimize", str(plan), "--json", "--out", "mine"]) == Status.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["status"] == "local optimum"
    assert document["kkt_residual"] <= 1e-6
    assert document["largest_limit_violation"] <= 1e-6
    assert document["replay_gap"] <= 1e-6
    assert document["levers"] == 36
    assert document["run"] == "mine"
    assert set(document["seconds"]) >= {"load", "compile", "solve", "verify"}
    assert {"objective", "baseline_objective", "iterations", "simulations", "gradients", "notes"} <= set(document)


def test_options_stand_in_for_the_plans(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Solver, starts, time limit, model; no replay where it is not wanted."""
    other = plan.parent / "other.mdl"
    other.write_text(islands.MODEL.replace("first capital[island, good] = 4,", "first capital[island, good] = 5,"))
    options = ["--model", str(other), "--starts", "2", "--time-limit", "50", "--no-verify", "--json", "--out", "mine"]
    assert main(["optimize", str(plan), *options]) == Status.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["replay_gap"] is None
    assert document["status"] == "local optimum, not replayed yet"
    stored = opt.load_result("mine")
    assert (stored.plan.model, stored.plan.solver.starts, stored.plan.solver.time_limit) == (str(other), 2, 50)
    assert sum(item.number == 0 for item in stored.iterations) >= 2


def test_no_is_an_answer(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Limits that contradict each other: status 1, a result all the same, no replay."""
    plan.write_text(PLAN.replace("at_least = 0.5", "at_least = 9.0"), encoding="utf-8")
    assert main(["optimize", str(plan), "--json", "--out", "mine"]) == Status.NO
    document = json.loads(capsys.readouterr().out)
    assert document["status"] == "infeasible"
    assert document["replay_gap"] is None
    assert opt.load_result("mine").status.standing == "infeasible"


GAINS = (
    "Recommended",
    "It brings",
    "value found",
    "without policy",
    "What comes of it",
    "Who loses",
    "spending by",
    "What the limits are worth",
    "policy.csv",
)


def test_an_infeasible_plan_shows_no_gains(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What contradicts what, the least that would help, what is missed; no allocation, no start as a policy."""
    plan.write_text(PLAN.replace("at_least = 0.5", "at_least = 9.0"), encoding="utf-8")
    assert main(["optimize", str(plan)]) == Status.NO
    out = capsys.readouterr().out
    for text in (
        "Infeasible.",
        "'floor' of",
        "The least that would help",
        "No policy: limits that are missed",
        "missed by",
    ):
        assert text in out
    assert not [text for text in GAINS if text in out]


def test_an_unbounded_plan_says_no_and_shows_no_gains(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1, the lever that goes on without end, and nothing else; programs read the same."""
    (plan.parent / "islands.mdl").write_text(islands.MODEL.replace("[0, 9]", ""), encoding="utf-8")
    plan.write_text(PLAN.split("[[limit]]")[0].replace("upper = 2.0", ""), encoding="utf-8")
    assert main(["optimize", str(plan), "--out", "mine"]) == Status.NO
    out = capsys.readouterr().out
    assert "Unbounded." in out
    assert "spending" in out
    assert not [text for text in (*GAINS, "missed by", "nearest") if text in out]
    assert "no policy was found" in str(opt.load_result("mine"))
    assert main(["verify", "mine"]) == Status.NO


def test_an_interrupted_search_shows_no_gains(
    plan: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best policy so far is kept in the folder, and what it is worth is not told as a result."""
    monkeypatch.setattr(Interruption, "ending", lambda self: opt.Ending.INTERRUPTED)
    assert main(["optimize", str(plan)]) == Status.INTERRUPTED
    out = capsys.readouterr().out
    assert "interrupted" in out
    assert not [text for text in GAINS[:-1] if text in out]


def test_a_result_that_cannot_be_saved_is_told(
    plan: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was computed, and somebody may have waited an hour for it."""

    def full(*_: object) -> None:
        raise InvalidRequest(Fault("cannot be written: No space left on device.", file="mine"))

    monkeypatch.setattr(optimizing, "save_result", full)
    assert main(["optimize", str(plan), "--json", "--no-verify", "--out", "mine"]) == Status.BAD_INPUT
    document = json.loads(capsys.readouterr().out)
    assert document["status"] == "local optimum, not replayed yet"
    assert document["run"] is None
    assert "It could not be saved: mine: cannot be written: No space left on device." in document["notes"]


def test_a_folder_for_runs_that_cannot_be_made_is_found_before_the_solve(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not after it."""
    Path("runs").write_text("a file", encoding="utf-8")
    assert main(["optimize", str(plan)]) == Status.BAD_INPUT
    printed = capsys.readouterr()
    assert "cannot be created" in printed.err
    assert "Solving" not in printed.err


def test_a_model_without_a_plan_is_solved_with_one_to_start_from(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a note says so."""
    assert main(["optimize", "--model", "islands.mdl", "--no-verify", "--json"]) == Status.DONE
    printed = capsys.readouterr()
    assert json.loads(printed.out)["status"] == "local optimum, not replayed yet"
    assert "There is no plan for islands" in printed.err


BAD: dict[str, tuple[list[str], str]] = {
    "plan": (["optimize", "plam.toml"], "there is no such file"),
    "model": (["optimize", "--model", "common_prosprity"], "Did you mean 'common_prosperity'"),
    "solver": (["optimize", "plan.toml", "--solver", "ipotp"], "Did you mean 'ipopt'"),
    "starts": (["optimize", "plan.toml", "--starts", "0"], "--starts"),
    "time limit": (["optimize", "plan.toml", "--time-limit", "nan"], "--time-limit"),
    "out": (["optimize", "plan.toml", "--out", "plan.toml"], "exists already"),
    "regions": (["optimize", "plan.toml", "--regions", "macro"], "no other folder of regions can stand in"),
    "run": (["verify", "."], "is not the folder of a result"),
    "plan of nothing": (["plan", "nothing.mdl"], "nothing.mdl"),
    "plan out": (["plan", "islands.mdl", "--out", "plan.toml"], "exists already"),
    "plan ending": (["plan", "islands.mdl", "--out", "plan.txt"], ".toml"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told(name: str, plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a sentence with status 2; nothing is printed or written."""
    arguments, message = BAD[name]
    assert main(arguments) == Status.BAD_INPUT
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert not printed.out
    assert not (plan.parent / "runs").exists()


# --- interruption -----------------------------------------------------------------------------------------------------


@pytest.fixture
def long_plan(tmp_path: Path) -> Path:
    """A plan that takes long to solve: from many starts."""
    (tmp_path / "islands.mdl").write_text(LONG, encoding="utf-8")
    path = tmp_path / "plan.toml"
    path.write_text(f"{PLAN.replace('[2, 5]', '[2, 30]')}[solver]\nstarts = 10000\n", encoding="utf-8")
    return path


def started(plan: Path, *options: str) -> subprocess.Popen[str]:
    """The command in a process of its own, after its first iteration."""
    command = [SCRIPT, "optimize", plan, "--json", "--out", plan.parent / "run", *options]
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=plan.parent
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.split()[:1] == ["3"]:
            break
    return process


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, Status.INTERRUPTED), (signal.SIGTERM, Status.TERMINATED)]
)
def test_a_signal_keeps_the_best_policy(number: int, status: int, long_plan: Path) -> None:
    """Saved, readable, feasible; without a replay."""
    process = started(long_plan)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    document = json.loads(out)
    assert document["replay_gap"] is None
    assert document["largest_limit_violation"] <= 1e-6
    assert opt.load_result(long_plan.parent / "run").findings.is_feasible


@pytest.mark.slow
def test_the_time_limit_keeps_the_best_policy(long_plan: Path) -> None:
    """And the run is an answer: status 0, since all limits hold."""
    process = started(long_plan, "--time-limit", "2", "--no-verify")
    out, err = process.communicate(timeout=60)
    assert process.returncode == Status.DONE, err
    document = json.loads(out)
    assert document["largest_limit_violation"] <= 1e-6
    assert document["seconds"]["solve"] < 6


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, Status.INTERRUPTED), (signal.SIGTERM, Status.TERMINATED)]
)
def test_a_signal_in_the_replay_leaves_the_result_and_a_word(
    number: signal.Signals,
    status: int,
    plan: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All but what PySD would have said."""
    monkeypatch.setattr(f"{optimizing.__name__}.verify", lambda *_, **__: signal.raise_signal(number))
    assert main(["optimize", str(plan)]) == status
    printed = capsys.readouterr()
    assert "The replay in PySD was interrupted." in printed.err
    assert "Written: runs/islands-" in printed.out


def test_a_signal_while_the_plan_is_read_leaves_a_word(
    plan: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When there is nothing to keep."""
    monkeypatch.setattr(f"{optimizing.__name__}.asked_for", lambda _: signal.raise_signal(signal.SIGTERM))
    assert main(["optimize", str(plan)]) == Status.TERMINATED
    assert capsys.readouterr().err.endswith("Terminated.\n")


STUCK = """
import sys, threading
from optimize.command_line import commands
threading.Thread(target=threading.Event().wait, name="solver stuck").start()
sys.argv = ["prosperity", "--version"]
sys.exit(commands.main())
"""


def test_a_solver_that_was_left_behind_does_not_hold_up_the_end() -> None:
    """Nor abort it, as C++ code does that comes back to a Python that has ended; all output is written."""
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


# --- verify -----------------------------------------------------------------------------------------------------------


def test_verify_replays_a_folder(solved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And keeps what it found in it."""
    assert main(["verify", str(solved)]) == Status.DONE
    assert "agrees with ours" in capsys.readouterr().out
    assert opt.load_result(solved).status.is_optimal
    assert main(["verify", str(solved), "--json"]) == Status.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["replay_gap"] <= 1e-6
    assert set(document["limits"]) >= {"annual budget", "floor"}


def test_verify_says_no(solved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that was changed by hand misses its budget."""
    import xarray as xr

    folder = tmp_path / "changed"
    shutil.copytree(solved, folder)
    policy = xr.load_dataset(folder / "policy.nc", decode_times=False)
    policy["spending"][1:] = 1.9
    policy.to_netcdf(folder / "policy.nc")
    assert main(["verify", str(folder)]) == Status.NO
    assert "largest violation of a limit there is" in capsys.readouterr().out


# --- plan -------------------------------------------------------------------------------------------------------------


def test_plan_writes_what_optimize_reads(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Printed or written; TOML with comments."""
    assert main(["plan", "islands.mdl"]) == Status.DONE
    content: dict[str, Any] = tomllib.loads(capsys.readouterr().out)
    assert content["objective"]["maximize"]
    assert main(["plan", "islands.mdl", "--out", "new.toml"]) == Status.DONE
    assert "prosperity optimize new.toml" in capsys.readouterr().err
    assert main(["optimize", "new.toml", "--no-verify", "--json"]) == Status.DONE


# --- help -------------------------------------------------------------------------------------------------------------


def test_a_plan_that_is_written_elsewhere_is_solved_from_anywhere(
    plan: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draft names the model as seen from where it lies, not from where the command ran."""
    plans = tmp_path_factory.mktemp("plans")
    assert main(["plan", "islands.mdl", "--out", str(plans / "new.toml")]) == Status.DONE
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert main(["optimize", str(plans / "new.toml"), "--no-verify", "--out", "run"]) == Status.DONE


def test_faults_of_form_and_names_are_told_together(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody mends one to meet the next."""
    text = plan.read_text(encoding="utf-8")
    plan.with_name("bad.toml").write_text(f"horzion = 3\n{text}".replace("welfare", "welfar"), encoding="utf-8")
    assert main(["optimize", "bad.toml"]) == Status.BAD_INPUT
    told = capsys.readouterr().err
    assert "there is no key 'horzion'" in told
    assert "there is no variable 'welfar'" in told


@pytest.mark.parametrize("command", ["optimize", "verify", "plan"])
def test_help_imports_nothing_heavy(command: str) -> None:
    """What costs time is imported by the job."""
    heavy = ("numpy", "xarray", "casadi", "pysd", "pyomo", "highspy", "matplotlib", "rich")
    code = (
        f"import sys, optimize.command_line.commands as c; c.main(['{command}', '--help']); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip().endswith("[]")


def test_progress_shows_life_every_second(long_plan: Path) -> None:
    """No second without a line on standard error, as long as it works."""
    command = [SCRIPT, "optimize", long_plan, "--time-limit", "2", "--no-verify", "--out", long_plan.parent / "run"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr is not None
        times = [time.perf_counter() for _ in process.stderr]
    gaps = [after - before for before, after in pairwise(times)]
    assert sorted(gaps)[len(gaps) // 2] < 1.0
    assert len(times) > 3

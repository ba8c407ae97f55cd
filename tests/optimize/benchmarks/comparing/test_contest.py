"""Whole benchmarks: what solvers do does not stop them, what is there is not run again, tables and page tell it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from support import contests
from support.contests import Planted, Stated

from optimize.benchmarks.comparing import contest as contests_module
from optimize.benchmarks.comparing.benchmark import Benchmark, benchmark, chosen_solvers, named_instances
from optimize.benchmarks.comparing.clusters import named_executor
from optimize.benchmarks.comparing.contest import contest
from optimize.benchmarks.comparing.facts import Facts
from optimize.benchmarks.comparing.files import document, save_tables
from optimize.benchmarks.comparing.page import page_of, report_of
from optimize.benchmarks.comparing.store import opened
from optimize.benchmarks.comparing.tasks import AS_WHOLE, GIBIBYTE, Limits, Task
from optimize.benchmarks.comparing.verdicts import Status, judged
from optimize.command_line.commands import main
from optimize.reports.blocks import texts_of
from optimize.solvers.choice import SOLVERS
from optimize.solvers.traits import Trait
from sd_models.errors import InvalidRequest

MODELS = Path(__file__).parents[4] / "optimize" / "families" / "models"
PLANTED = {
    contests.finds: Status.OK,
    contests.stops_short: Status.LOCAL,
    contests.breaks: Status.WRONG,
    contests.lies: Status.WRONG,
    contests.calls_infeasible: Status.WRONG,
    contests.gives_no_numbers: Status.WRONG,
    contests.crashes: Status.ERROR,
    contests.raises: Status.ERROR,
    contests.eats_at_once: Status.MEMORY,
    contests.waits: Status.OK,
}


def tasks(*does, **changes) -> list[Task]:
    """A run of each planted solver."""
    limits = Limits(5.0, GIBIBYTE)
    return [Task(Stated(**changes), Planted(each.__name__, each), limits) for each in does]


def nobody(facts: Facts, done: int, count: int) -> None:
    """Looks on."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """All planted solvers on one problem, one that is missing, and one that does not take it."""
    folder = tmp_path_factory.mktemp("planted")
    given = tasks(*PLANTED)
    given.append(Task(Stated(), Planted("missing", contests.finds, release=None)))
    given.append(Task(Stated(), Planted("linear", contests.finds, takes=frozenset())))
    with opened(folder) as store:
        contest(given, store, jobs=2, seen=nobody)
        return Benchmark(folder, tuple(judged(store.runs.values())))


def test_each_solver_gets_its_status(found: Benchmark) -> None:
    """Those that lie, break limits, crash or take all memory stop nobody else."""
    statuses = {one.facts.solver: one.status for one in found.verdicts}
    expected = {each.__name__: status for each, status in PLANTED.items()}
    assert statuses == {**expected, "missing": Status.NOT_ACCEPTED, "linear": Status.NOT_ACCEPTED}


def test_what_is_there_is_not_run_again(found: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started; what is new is."""
    monkeypatch.setattr(contests_module, "limited", lambda *_: pytest.fail("run again"))
    seen: list[int] = []
    with opened(found.folder) as store:
        contest(tasks(*PLANTED), store, seen=lambda *_: seen.append(1))
    assert not seen


def test_runs_under_way_end_when_somebody_stops(tmp_path: Path) -> None:
    """What had ended by then is kept, the rest is no run."""

    def stop(facts: Facts, done: int, count: int) -> None:
        raise KeyboardInterrupt

    begun = threading.active_count()
    with opened(tmp_path) as store, pytest.raises(KeyboardInterrupt):
        contest(tasks(contests.finds, contests.ignores, contests.ignores, key="other"), store, jobs=2, seen=stop)
    with opened(tmp_path) as store:
        assert [facts.solver for facts in store.runs.values()] == ["finds"]
    assert threading.active_count() == begun


def test_any_executor_runs_within_limits(tmp_path: Path) -> None:
    """Processes of `concurrent.futures`, each of which starts the limited process itself."""
    with ProcessPoolExecutor(1) as pool, opened(tmp_path) as store:
        contest(tasks(contests.finds, contests.crashes), store, executor=pool, seen=nobody)
        statuses = {one.facts.solver: one.status for one in judged(store.runs.values())}
    assert statuses == {"finds": Status.OK, "crashes": Status.ERROR}


@pytest.mark.slow
def test_dask_runs_within_limits(tmp_path: Path) -> None:
    """Its workers are daemons, which may start no processes by `multiprocessing`."""
    pytest.importorskip("distributed", reason="Dask is an option")
    with named_executor("dask", 1) as pool, opened(tmp_path) as store:
        contest(tasks(contests.finds, contests.crashes), store, executor=pool, seen=nobody)
        statuses = {one.facts.solver: one.status for one in judged(store.runs.values())}
    assert statuses == {"finds": Status.OK, "crashes": Status.ERROR}


def test_a_scheduler_that_is_not_there_is_told() -> None:
    """With what to name."""
    pytest.importorskip("distributed", reason="Dask is an option")
    with pytest.raises(InvalidRequest, match="no Dask scheduler answers at 'nonsense'"), named_executor("nonsense", 1):
        pass


def test_unknown_solvers_are_told_all_at_once() -> None:
    """With the nearest name."""
    with pytest.raises(InvalidRequest) as caught:
        chosen_solvers(["sqpp", "nobody"])
    assert [fault.found for fault in caught.value.faults] == [
        "there is no solver 'sqpp'.",
        "there is no solver 'nobody'.",
    ]


# --- files and page ---------------------------------------------------------------------------------------------------


def test_tables_hold_every_run(found: Benchmark) -> None:
    """CSV and Parquet with the same rows; JSON without numbers that are none."""
    files, _ = save_tables(found)
    assert {path.name for path in files} >= {"runs.csv", "points.csv", "summary.csv"}
    rows = pd.read_csv(found.folder / "runs.csv")
    assert len(rows) == len(found.verdicts)
    wrong = rows[rows["solver"] == "breaks"].iloc[0]
    assert (wrong["status"], wrong["violation"], wrong["breaks"]) == ("wrong", 0.25, "together")
    json.dumps(document(found), allow_nan=False)


def test_parquet_holds_the_same(found: Benchmark) -> None:
    """Where pyarrow is installed."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet is an option")
    save_tables(found)
    table = parquet.read_table(found.folder / "runs.parquet").to_pylist()
    assert [row["status"] for row in table] == [str(one.status) for one in found.verdicts]


def test_the_page_says_why_answers_are_wrong(found: Benchmark) -> None:
    """Each with its solver, problem and reason, the warning of profiles, and how to install what is missing."""
    report = report_of(found)
    texts = [text for section in report.sections for text in texts_of(section.blocks)]
    best = "better than the best that there is, 4:"
    assert f"{best} called optimal; 'together' is broken by 2.5e-01 of its size. It said: optimal." in texts
    assert f"{best} tells 5; its own levers bring 4. It said: optimal." in texts
    assert any("Gould and Scott 2016" in text for text in texts)
    assert "missing is not installed. Install it: pip install nothing." in texts
    assert report.sentences[1].startswith("Wrong are 4 answers: ")


def test_the_page_asks_nobody_for_anything(found: Benchmark) -> None:
    """Its policy allows no connection, and nothing in it names another host."""
    page = page_of(found)
    assert "connect-src 'none'" in page
    assert 'src="' not in page
    assert '<link rel="stylesheet"' not in page


def test_what_solvers_say_is_text(found: Benchmark) -> None:
    """A name or a message cannot become a part of the page."""
    evil = "<script>alert(1)</script>"
    first = found.verdicts[2]
    facts = Facts(**{**vars(first.facts), "solver": evil, "breaks": evil, "said": evil, "family": evil})
    page = page_of(Benchmark(found.folder, tuple(judged([facts]))))
    assert evil not in page
    assert "&lt;script&gt;alert(1)" in page


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_compares_solvers_on_a_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan is a family; called again, nothing is run."""
    out = tmp_path / "out"
    words = ["benchmark", "--plan", str(MODELS / "cake" / "plan.toml"), "--solvers", "sqp", "--out", str(out)]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "1 run of 1 solver on 1 problem, 0 of them with a false answer." in told.out
    assert "1 of 1: sqp on cake-" in told.err
    assert (out / "benchmark.html").stat().st_size > 100_000
    assert main([*words, "--json"]) == 0
    again = capsys.readouterr()
    (run,) = json.loads(again.out)["runs"]
    assert (run["status"], run["family"], run["gap"]) == ("ok", "own plan", 0.0)
    assert "1 of 1" not in again.err


def test_the_list_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Solvers with version or how to install them, families with how many problems."""
    assert main(["benchmark", "--list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    ours = next(row for row in found["solvers"] if row["solver"] == "sqp")
    assert ours["version"]
    assert any(row["family"] == "policy" and int(row["small"]) > 0 for row in found["families"])
    assert main(["benchmark", "--list"]) == 0
    assert "Families" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["polixy"], "there is no family and no small problem 'polixy'. Did you mean 'policy'?"),
        (["--solvers", "sqpp"], "there is no solver 'sqpp'"),
        (["--size", "huge"], "there is no size 'huge'"),
        (["--plan", "nowhere.toml"], "nowhere.toml"),
        (["--out", "missing/folder"], "its folder does not exist"),
        (["--page", "page.pdf"], "files ending in '.pdf' are not written"),
    ],
)
def test_bad_requests_are_told_before_any_run(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a sentence, with the status of bad input."""
    monkeypatch.chdir(tmp_path)
    assert main(["benchmark", *words]) == 2
    assert told in capsys.readouterr().err


def test_python_compares_as_the_command_does(tmp_path: Path) -> None:
    """An instance of a family may be named itself."""
    (one,) = named_instances("cake-0", size="small", seed=0)
    found = benchmark(one, solvers=["sqp"], repeats=2, out=tmp_path)
    (cell,) = found.cells
    assert cell.is_solved
    assert len(cell.verdicts) == 2


def test_who_refuses_kinks_alone_is_told_what_would_do() -> None:
    """With whole numbers in their place; not where something else is in the way, or the solver knows none."""
    task = Task(Stated(), SOLVERS["scip"])
    assert task.refused("It has kinks.", frozenset({Trait.KINKS, Trait.CURVED})) == f"It has kinks. {AS_WHOLE}"
    assert task.refused("Why.", frozenset({Trait.KINKS, Trait.BLACK_BOX})) == "Why."
    assert task.refused("Why.", frozenset()) == "Why."
    assert replace(task, solver=SOLVERS["casadi-ipopt"]).refused("Why.", frozenset({Trait.KINKS})) == "Why."

"""What `prosperity optimize`, `verify` and `plan` do once their arguments are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import xarray as xr

from sd_models.errors import Fault, InvalidRequest, ModelError
from sd_models.reading.library import load

from ..files.placement import check_new_folder, check_target, in_second_place, shortened, write_whole
from ..files.storage import finite
from ..plans.assumptions import sentence
from ..plans.draft import starting_plan
from ..problems.problem import Problem
from ..results.answer import answer
from ..results.folder import load_result, save_result, save_verification
from ..results.result import Result
from ..results.sentences import sentences
from ..results.tables import alternatives, tables
from ..results.verdict import Verification
from ..results.verification import NOTHING_COMPARED, RunsAhead, verify
from ..results.worth import sayings
from ..solvers.choice import FEW
from ..solvers.solver import Ending
from ..solving.solve import chosen_solver, solve, with_seconds
from . import console
from .asked import Asked, asked_for, start_of
from .interruption import Interruption, interruptible
from .progress import Progress, working
from .requests import OptimizeRequest, PlanRequest, Status, VerifyRequest

RUNS = Path("runs")
NAME = 100  # bytes of a model's name in that of a folder


def answer_optimize(request: OptimizeRequest) -> Status:
    """Solves the plan, saves the result, replays it in PySD, and prints all of it."""
    if request.out:
        check_new_folder(request.out)
    with interruptible() as interruption, Progress(interruption.ending) as progress:
        with progress.phase("Reading model and plan"):
            stated = stated_for(request)
            check_new_folder(request.out or run_folder(stated.asked.system.name))
        result, failure = solved(stated, progress, interruption)
    with _keeping(result):
        _tell(result, json=request.json)
    if failure is not None:
        raise failure
    return status_of(result, interruption)


@dataclass(frozen=True)
class Stated:
    """A request as a problem, where its search begins, and the seconds that it took to read."""

    request: OptimizeRequest
    asked: Asked
    problem: Problem
    start: dict[str, xr.DataArray] | None
    loading: float


def stated_for(request: OptimizeRequest) -> Stated:
    """Reads model and plan; InvalidRequest for everything in the request that does not fit."""
    began = perf_counter()
    asked = asked_for(request)
    chosen_solver(request.solver, asked.plan.solver)
    problem = Problem(asked.system, asked.plan, asked.file)
    return Stated(request, asked, problem, start_of(request.start_from, problem), perf_counter() - began)


def solved(stated: Stated, progress: Progress, interruption: Interruption) -> tuple[Result, ModelError | None]:
    """The result, saved and replayed where that is asked for, and why it is not where it should be."""
    request, asked, problem = stated.request, stated.asked, stated.problem
    with _begun_ahead(request, problem) as ahead:
        with progress.phase("Solving"):
            result = solve(problem, solver=request.solver, watch=progress, start=stated.start)
        result = replace(result, notes=(*asked.notes, *result.notes))
        with progress.phase("Saving"):
            result, failure = _saved(result, request.out or run_folder(asked.system.name), stated.loading)
        with _keeping(result):
            return _replayed(request, result, progress, interruption, ahead), failure


def _saved(result: Result, folder: Path, loading: float) -> tuple[Result, ModelError | None]:
    """The result with its folder and the seconds of both phases, and why it is not where it should be.

    Where it cannot be written it goes among the temporary files; one that cannot be written at all is still worth
    telling.
    """
    began = perf_counter()
    failure: ModelError | None = None
    try:
        save_result(result, folder)
    except ModelError as error:
        result, failure = _noted(result, "It could not be saved", error), error
        try:
            folder = in_second_place(folder, lambda place: save_result(result, place))
        except ModelError as again:
            return _noted(result, "Nor among the temporary files", again), failure
        result = replace(result, notes=(*result.notes, f"It was saved in {folder} instead."))
    return with_seconds(replace(result, folder=folder), load=loading, save=perf_counter() - began), failure


@contextmanager
def _keeping(result: Result) -> Iterator[None]:
    """Says where a result is if what is done with it afterwards ends in another way than it should."""
    try:
        yield
    except BaseException:
        if result.folder is not None:
            console.tell(f"The result is in {result.folder}.")
        raise


@contextmanager
def _begun_ahead(request: OptimizeRequest, problem: Problem) -> Iterator[RunsAhead | None]:
    """PySD's runs, begun beside a solve that takes long enough to be worth processes of their own."""
    if not request.verify or problem.size <= FEW:
        yield None
        return
    try:
        ahead = RunsAhead.of(problem)
    except OSError:  # no room for other processes: the replay begins when the policy is known
        yield None
        return
    try:
        yield ahead
    finally:
        ahead.close()


def _replayed(
    request: OptimizeRequest,
    result: Result,
    progress: Progress,
    interruption: Interruption,
    ahead: RunsAhead | None = None,
) -> Result:
    """The result, verified where that is asked for and makes sense; a replay that fails costs nothing but a note."""
    if not request.verify or not result.is_policy or interruption.received is not None:
        return result
    try:
        interruption.keeping = False
        with progress.phase("PySD replays the policy"):
            result = verify(result, watch=progress.begin, ahead=ahead)
        if result.folder is not None:
            result = _verification_saved(result, result.folder)
    except ModelError as error:
        return _noted(result, "PySD could not replay it", error)
    except KeyboardInterrupt:
        return replace(result, notes=(*result.notes, "The replay in PySD was interrupted."))
    return result


def _verification_saved(result: Result, folder: Path) -> Result:
    """The result, with a note where what PySD found could not be written beside it."""
    try:
        save_verification(result, folder)
    except ModelError as error:
        return _noted(result, "What PySD found could not be saved", error)
    return result


def _noted(result: Result, what: str, error: ModelError) -> Result:
    """The result with a note on what went wrong after it was found."""
    return replace(result, notes=(*result.notes, *(f"{what}: {fault}" for fault in error.faults)))


def status_of(result: Result, interruption: Interruption) -> Status:
    """How a command ends that ends with a result."""
    if interruption.received is not None or result.findings.ending is Ending.INTERRUPTED:
        terminated = interruption.received is not None and interruption.received != 2
        return Status.TERMINATED if terminated else Status.INTERRUPTED
    return Status.DONE if result.is_policy else Status.NO


# --- plans ------------------------------------------------------------------------------------------------------------


def answer_plan(request: PlanRequest) -> Status:
    """Writes or prints a plan to start from."""
    if request.out:
        check_target(request.out, (".toml",))
        if request.out.exists():
            raise InvalidRequest(Fault("exists already.", file=str(request.out), advice="Name a new file."))
    with working("Looking at the model"):
        system = load(request.model, data=request.data, regions=request.regions)
        found = starting_plan(system, data=request.data, folder=request.out.parent if request.out else None)
    text = found.text
    if request.out is None:
        console.print_text(text)
    else:
        write_whole(request.out, lambda path: path.write_text(text, encoding="utf-8"))
        console.tell(f"Written: {request.out}. Solve it: prosperity optimize {request.out}")
    return Status.DONE


# --- verify -----------------------------------------------------------------------------------------------------------


def answer_verify(request: VerifyRequest) -> Status:
    """Computes a result anew, replays it in PySD, prints what was found, and keeps it in the folder if that is true."""
    with working("Reading the result") as watch:
        result = verify(load_result(request.run), watch=watch)
    found = result.verification
    if found is None:
        return _not_compared(result, json=request.json)
    console.tell_notes((*result.notes, *found.notes))
    if request.json:
        console.print_json(_verification_document(result, found))
    else:
        console.print_text("\n".join([*_verified(result, found), f"Model: {result.provenance['model_path']}"]))
    if not found.doubts:
        save_verification(result, request.run)
    return Status.DONE if result.is_policy else Status.NO


def _verified(result: Result, found: Verification) -> list[str]:
    """The verdict in plain words, what the replay found, and what it rests on."""
    if not result.is_policy:
        return [*([] if result.status.sentence == found.sentence else [found.sentence]), str(result.status)]
    plain = [one.text for one in sentences(result) if one.topic in ("verdict", "sure")]
    return [*plain, found.sentence, f"Certificate: {result.status}"]


def _verification_document(result: Result, found: Verification) -> dict[str, Any]:
    """What was found, as one JSON object; null stands for no finite number."""
    document: dict[str, Any] = finite(
        {
            "status": str(result.status.standing),
            "refuted": list(found.doubts),
            "model": str(result.provenance["model_path"]),
            "replay_gap": found.gap.size,
            "variable": found.gap.variable,
            "time": found.gap.time,
            "objective": found.objective,
            "kkt_residual": result.kkt_residual,
            "largest_limit_violation": found.largest_limit_violation,
            "limits": {item.limit: item.size for item in found.violations},
            "seconds": found.seconds,
        }
    )
    return document


def _not_compared(result: Result, *, json: bool) -> Status:
    """That nothing of the run can be held against PySD's, which is no confirmation."""
    console.tell_notes(result.notes)
    if json:
        console.print_json({"status": str(result.status.standing), "replay_gap": None, "notes": list(result.notes)})
    else:
        console.print_text(f"{NOTHING_COMPARED}\n{result.status}")
    return Status.NO


# --- what people and programs read ------------------------------------------------------------------------------------


def _tell(result: Result, *, json: bool) -> None:
    notes = (*result.notes, *(() if result.verification is None else result.verification.notes))
    assumed = sentence(result.assumptions)
    console.tell_notes(note for note in notes if json or note != assumed)
    if json:
        console.print_json(answer(result))
        return
    seconds = ", ".join(f"{name} {value:.1f}" for name, value in result.seconds.items())
    foot = (
        *([f"Certificate: {result.status}"] if result.is_policy else []),
        f"Seconds: {seconds}. {result.iteration_count} iterations, {result.work.simulations} runs, "
        f"{result.work.gradients} gradients of {result.work.levers:,} levers.",
        "Not written." if result.folder is None else f"Written: {result.folder} ({_content(result)})",
    )
    before = (
        *([assumed] if assumed else []),
        *(one.text for one in sentences(result)),
        *result.conflict,
        *(alternatives(result) if result.is_policy else ()),
    )
    shown = tables(result)
    console.print_result(before, shown, sayings(result) if shown and result.is_policy else (), foot)


def _content(result: Result) -> str:
    """What is in a folder, for people who open it."""
    if result.is_policy:
        return "summary.csv, outcomes.csv, policy.csv, shadow_prices.csv, result.json ..."
    return "where the search ended; it is no policy"


def run_folder(model: str) -> Path:
    """A new folder for a run, named after the model and the time."""
    stem = RUNS / f"{shortened(model, NAME)}-{datetime.now():%Y%m%d-%H%M%S}"
    folder, number = stem, 2
    while folder.exists():
        folder, number = stem.with_name(f"{stem.name}-{number}"), number + 1
    return folder

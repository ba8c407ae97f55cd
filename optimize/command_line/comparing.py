"""What `prosperity compare` does once its arguments are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sd_models.errors import Fault, InvalidRequest, ModelError
from sd_models.reading.library import library

from ..comparisons.comparison import compare
from ..comparisons.document import document
from ..comparisons.robustness import robustness
from ..comparisons.tables import robustness_table, sentences, tables
from ..files.gathering import kept
from ..plans.plan import plan_path
from ..results.folder import load_result
from ..results.verification import opened
from ..solvers.solver import Ending
from . import console
from .interruption import Interruption, interruptible
from .optimizing import RUNS, Stated, solved, stated_for
from .progress import Progress, working
from .requests import CompareRequest, OptimizeRequest, Status


def answer_compare(request: CompareRequest) -> Status:
    """Compares results, policies and plans, in tables or as one JSON object."""
    _check_labels(request)
    prepared = _solved(request)
    labels = [label for label, run in zip(request.labels, prepared.runs, strict=False) if run is not None]
    runs = [run for run in prepared.runs if run is not None]
    if prepared.left_out and len(runs) < 2:
        console.tell_notes(prepared.notes)
        console.tell(f"Nothing is compared: {len(runs)} of {len(prepared.runs)} can be.")
        return prepared.status
    with working("Reading the results"):
        found = compare(runs, labels or None)
    robust = None
    if request.ranges is not None:
        with working("Drawing from the ranges"):
            robust = robustness(found, request.ranges, samples=request.samples)
    if request.json:
        console.print_json(document(found, robust))
    else:
        drawn = () if robust is None else (robustness_table(robust, found),)
        console.print_result(sentences(found), [*tables(found), *drawn], (), ())
    console.tell_notes((*prepared.notes, *found.notes, *(() if robust is None else robust.notes)))
    return prepared.status


def _check_labels(request: CompareRequest) -> None:
    """InvalidRequest before anything is solved for labels that are not as many."""
    if request.labels and len(request.labels) != len(request.runs):
        raise InvalidRequest(Fault(f"{len(request.labels)} labels for {len(request.runs)} results."))


# --- plans ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Prepared:
    """What is compared, a folder or a file for each that was named; None for a plan without a policy. `notes` say why,
    and what was not solved again; `status` is how the command ends."""

    runs: tuple[Path | None, ...]
    notes: tuple[str, ...] = ()
    status: Status = Status.DONE

    @property
    def left_out(self) -> bool:
        """Whether a plan came to no policy."""
        return None in self.runs


def _solved(request: CompareRequest) -> _Prepared:
    """The request with its plans solved; InvalidRequest for all that is wrong with any of them before one is solved."""
    if not any(map(_is_plan, request.runs)):
        if request.out is not None or request.regions is not None:
            raise InvalidRequest(Fault("--out and --regions belong to plans, of which there is none."))
        return _Prepared(request.runs)
    if len(request.runs) < 2:
        raise InvalidRequest(Fault("1 plan to compare.", advice="Name two or more plans, results or policies."))
    with interruptible() as interruption, Progress(interruption.ending) as progress:
        with progress.phase("Reading models and plans"):
            stated = _stated(request)
        return _each(request.runs, stated, progress, interruption)


def _is_plan(path: Path) -> bool:
    """Whether a path is that of a plan: a TOML file, or a library model that has one."""
    if path.is_dir():
        return False
    return path.suffix.casefold() == ".toml" or (str(path) in library() and plan_path(str(path)).is_file())


def _stated(request: CompareRequest) -> dict[Path, Stated]:
    """The problem of each plan; InvalidRequest for the faults of all of them."""
    faults: list[Fault] = []
    found: dict[Path, Stated] = {}
    for path, folder in _folders(request).items():
        asked = OptimizeRequest(plan_path(path), regions=request.regions, out=folder, verify=request.verify)
        stated = kept(faults, partial(_one_stated, asked, folder))
        if stated is not None:
            found[path] = stated
    if faults:
        raise InvalidRequest(list(dict.fromkeys(faults)))
    return found


def _one_stated(asked: OptimizeRequest, folder: Path) -> Stated:
    """The problem of a plan; InvalidRequest where its folder holds something else than a result of it."""
    stated = stated_for(asked)
    if folder.exists():
        result, system = load_result(folder), stated.asked.system
        opened(result)  # the files are those that were optimized
        told = [result.provenance.get(name) for name in ("model_path", "regions_path")]
        now = [str(path.absolute()) if path else None for path in (system.path, system.regions)]
        if result.plan != stated.problem.plan or told != now:
            advice = "Name another --out, or delete the folder."
            raise InvalidRequest(Fault("holds the result of another plan or model.", file=str(folder), advice=advice))
    return stated


def _folders(request: CompareRequest) -> dict[Path, Path]:
    """The folder for the result of each plan: by its name, the second of one name numbered."""
    taken: dict[str, int] = {}
    found = {}
    for path in dict.fromkeys(filter(_is_plan, request.runs)):
        taken[path.stem] = number = taken.get(path.stem, 0) + 1
        found[path] = (request.out or RUNS) / (path.stem if number == 1 else f"{path.stem}-{number}")
    return found


def _each(
    runs: Sequence[Path], stated: dict[Path, Stated], progress: Progress, interruption: Interruption
) -> _Prepared:
    """Every plan solved, one after the other; what goes wrong with one is a note, and the others go on."""
    notes: list[str] = []
    folders: dict[Path, Path | None] = {}
    for number, path in enumerate(list(stated), start=1):
        one = stated.pop(path)  # what a search builds goes with it
        progress.begin(f"Plan {number} of {number + len(stated)}: {path.stem}")
        if interruption.received is not None:
            folders[path] = None
            notes.append(f"{path.name} is left out: interrupted before it was solved.")
            continue
        folder, told = _folder_of(one, path, progress, interruption)
        folders[path] = folder
        notes += told
    left_out = None in folders.values()
    status = Status.NO if left_out else Status.DONE
    if interruption.received is not None:
        status = Status.INTERRUPTED if interruption.received == 2 else Status.TERMINATED
    return _Prepared(tuple(folders.get(path, path) for path in runs), tuple(notes), status)


def _folder_of(
    stated: Stated, path: Path, progress: Progress, interruption: Interruption
) -> tuple[Path | None, tuple[str, ...]]:
    """The folder with the result of a plan, if it has a policy, and what there is to say of it."""
    folder = stated.request.out
    try:
        if folder is not None and folder.exists():
            return _found_again(path, folder)
        result, failure = solved(stated, progress, interruption)
    except ModelError as error:
        return None, tuple(f"{path.name} is left out: {fault}" for fault in error.faults)
    told = tuple(f"{path.name}: {fault}" for fault in (failure.faults if failure else ()))
    if not result.is_policy:
        return None, (*told, f"{path.name} is left out: {result.status.sentence}")
    if result.findings.ending is Ending.INTERRUPTED:
        told = (*told, f"{path.name}: the search was interrupted; delete {folder} to search again.")
    return result.folder, told


def _found_again(path: Path, folder: Path) -> tuple[Path | None, tuple[str, ...]]:
    """The folder with the result of a plan from before, if it has a policy."""
    result = load_result(folder)
    if not result.is_policy:
        return None, (f"{path.name} is left out: {result.status.sentence} Delete {folder} to search again.",)
    return folder, (f"{path.name} is not solved again: its result is in {folder}.",)

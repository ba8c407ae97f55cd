"""What `prosperity calibrate` and `screen` do once their arguments are read."""

from __future__ import annotations

from pathlib import Path

from sd_models.errors import Fault, InvalidRequest
from sd_models.reading.library import load

from ..calibration import store, tables
from ..calibration.draft import starting_calibration
from ..calibration.estimation import CalibrationResult, calibrate
from ..calibration.fitting import Ending
from ..calibration.report import calibration_document, write_calibration
from ..files.placement import check_folder, check_target, write_whole
from ..screening.ranges import cells_by_column
from ..screening.report import screening_document, write_screening
from ..screening.report import tables as screening_tables
from ..screening.screening import Screening, screen
from . import console
from .progress import working
from .requests import CalibrateRequest, ScreenRequest, Status


def answer_calibrate(request: CalibrateRequest) -> Status:
    """Fits the parameters, writes what is asked for, and prints the result; or writes a file to start from."""
    if request.draft:
        return _answer_draft(request)
    if request.out:
        check_folder(request.out)
    with working("Fitting") as tell:
        result = calibrate(
            request.model,
            request.calibration,
            regions=request.regions,
            starts=request.starts,
            seed=request.seed,
            holdout=request.holdout,
            prepare=store.check if request.apply else None,
            watch=lambda now: tell(tables.progress_text(now)),
        )
    interrupted = result.ending is Ending.INTERRUPTED
    written: list[Path] = []
    applied: tuple[Path, ...] = ()
    try:
        if request.out:
            written = write_calibration(result, request.out)
        if request.apply and not interrupted:
            applied = store.apply(store.edits_of(result))
    finally:  # also where a disk is full: what was found is not lost
        console.tell_notes([*result.notes, *(store.notes(result, applied) if request.apply else ())])
        _print_calibration(request, result, written, applied)
    return Status.INTERRUPTED if interrupted else Status.DONE


def _answer_draft(request: CalibrateRequest) -> Status:
    """Writes or prints a calibration file to start from."""
    if request.calibration is not None or request.json:
        other = "a calibration file" if request.calibration is not None else "--json"
        raise InvalidRequest(Fault(f"--draft writes a new calibration file, which {other} does not go with."))
    if request.out:
        check_target(request.out, (".toml",))
        if request.out.exists():
            raise InvalidRequest(Fault("exists already.", file=str(request.out), advice="Name a new file."))
    with working("Looking at the model and the tables beside it"):
        system = load(request.model, regions=request.regions)
        found = starting_calibration(system, folder=request.out.parent if request.out else None)
    if request.out is None:
        console.print_text(found.text)
    else:
        write_whole(request.out, lambda path: path.write_text(found.text, encoding="utf-8"))
        then = f"prosperity calibrate {request.model} {request.out}"
        first = f"Fill {found.missing}, whose columns it names, then fit" if found.missing else "Fit"
        console.tell(f"Written: {request.out}. {first}: {then}")
    return Status.DONE


def _print_calibration(
    request: CalibrateRequest, result: CalibrationResult, written: list[Path], applied: tuple[Path, ...]
) -> None:
    if request.json:
        files = {"run": _folder(request, written), "applied": [str(path) for path in applied]}
        console.print_json({**calibration_document(result), **files})
        return
    headers = (tables.ESTIMATE_HEADERS, tables.FIT_HEADERS, tables.HOLDOUT_HEADERS)
    foot = [_foot(request, written, "All elements and all numbers"), *(f"Applied: {path}" for path in applied)]
    console.print_calibration(tables.tables(result), headers, foot)


def answer_screen(request: ScreenRequest) -> Status:
    """Screens the parameters, writes what is asked for, and prints the result."""
    if request.out:
        check_folder(request.out)
    with working("Screening") as tell:
        found = screen(
            request.model,
            request.ranges,
            request.outcomes,
            method=str(request.method),
            samples=request.samples,
            seed=request.seed,
            first=request.first,
            chosen=request.parameters,
            without=cells_by_column(request.without),
            policy=request.policy,
            regions=request.regions,
            watch=lambda done, runs: tell(f"Screening: {done} of {runs} runs"),
        )
    written: list[Path] = []
    try:
        if request.out:
            written = write_screening(found, request.out)
    finally:  # also where a disk is full: what was found is not lost
        console.tell_notes(found.notes)
        _print_screening(request, found, written)
    return Status.INTERRUPTED if found.interrupted else Status.DONE


def _print_screening(request: ScreenRequest, found: Screening, written: list[Path]) -> None:
    if request.json:
        console.print_json({**screening_document(found), "run": _folder(request, written)})
    else:
        console.print_screening(screening_tables(found), [_foot(request, written, "All parameters")])


def _folder(request: CalibrateRequest | ScreenRequest, written: list[Path]) -> str | None:
    """The folder with everything, if it was written."""
    return str(request.out) if written else None


def _foot(request: CalibrateRequest | ScreenRequest, written: list[Path], everything: str) -> str:
    """What is below the tables: where everything is, or how to get it."""
    return f"Written: {request.out} ({len(written)} files)" if written else f"{everything}: --out DIR."

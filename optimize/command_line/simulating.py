"""What `prosperity simulate` and `check` do once their arguments are read."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from sd_models.dynamics.timing import TimeSpan
from sd_models.errors import ModelError
from sd_models.simulator.plotting import plot
from sd_models.system.model import System

from ..files.placement import check_target
from ..files.storage import SAVERS, run_document, write_picture, write_run
from ..runs.checking import check, check_document
from ..runs.engine import Engine
from ..runs.scenario import Scenario, open_model, read_scenario, run_scenario
from ..runs.selection import MOST_CHOSEN_ELEMENTS, MOST_ELEMENTS, rows, shown_times
from . import console
from .outlook import Outlook
from .progress import working
from .requests import CheckRequest, SimulateRequest, Status

PICTURES = (".png", ".svg", ".pdf")
MOST_PANELS = 9


def answer_simulate(request: SimulateRequest) -> Status:
    """Runs the model, writes the files that are asked for, and prints the run."""
    scenario = _scenario(request)
    if request.out:
        check_target(request.out, SAVERS)
    if request.plot:
        check_target(request.plot, PICTURES)
    system = open_model(scenario, request.engine)
    outlook = Outlook(system)
    run = _run(request, scenario, system, [*outlook.names(request.variables)] or None)
    shown = outlook.asked(run, request.variables) if request.variables else outlook.first(run)
    failure: ModelError | None = None
    try:
        _write(request, run, shown, system)
    except ModelError as error:  # a disk may be full, and what was computed is not lost
        failure = error
    _tell(request, run, shown, is_written=failure is None)
    if failure is not None:
        raise failure
    return Status.DONE


def _scenario(request: SimulateRequest) -> Scenario:
    return read_scenario(
        request.model,
        settings=request.settings,
        policy=request.policy,
        time=TimeSpan(request.start, request.stop, request.step),
        data=request.data,
        regions=request.regions,
    )


def _run(request: SimulateRequest, scenario: Scenario, system: System | None, outputs: list[str] | None) -> xr.Dataset:
    if request.engine is not Engine.PYSD:
        return run_scenario(scenario, request.engine, system, outputs=outputs)
    with working("PySD runs the model"):
        return run_scenario(scenario, request.engine, system, outputs=outputs)


def _write(request: SimulateRequest, run: xr.Dataset, shown: list[xr.DataArray], system: System | None) -> None:
    """The files that were asked for."""
    if request.out:
        write_run(run, request.out)
    if request.plot:
        unit = system["TIME STEP"].unit if system is not None and "TIME STEP" in system else ""
        figure = plot(shown[:MOST_PANELS], title=str(run.attrs["model"]), time_unit=unit)
        write_picture(request.plot, figure)


def _tell(request: SimulateRequest, run: xr.Dataset, shown: list[xr.DataArray], *, is_written: bool) -> None:
    notes = run.attrs["notes"]
    console.tell_notes(notes)
    if request.json:
        console.print_json({**run_document(run), "engine": str(request.engine), "notes": list(notes)})
    else:
        written = [path for path in (request.out, request.plot) if path and is_written]
        _print(request, run, shown, written)


def _print(request: SimulateRequest, run: xr.Dataset, shown: list[xr.DataArray], written: list[Path]) -> None:
    times = run["time"].to_numpy()
    chosen = shown_times(times, console.time_columns())
    most_elements = MOST_CHOSEN_ELEMENTS if request.variables else MOST_ELEMENTS
    table = rows([values.isel(time=chosen) for values in shown], most_elements)
    first, last = (console.time_text(time) for time in (times[0], times[-1]))
    title = f"{run.attrs['model']}, {first} to {last}, {run.attrs['method']}, {request.engine}"
    console.print_run(title, list(times[chosen]), table, _foot(request, written, len(shown), len(run.data_vars)))


def _foot(request: SimulateRequest, written: list[Path], shown: int, variables: int) -> list[str]:
    """What is below the table: how to see more, and what was written."""
    more = f"{shown} of {variables} variables. Others: --variables NAME. All of them at all times: --out FILE."
    seen = [more] if shown < variables and not request.variables else []
    return [*seen, *(f"Written: {path}" for path in written)]


def answer_check(request: CheckRequest) -> Status:
    """Checks the model and prints what was found."""
    with working("Reading the model", told=True) as watch:
        answer = check(request.model, data=request.data, regions=request.regions, watch=watch)
    console.tell_notes(answer.notes)
    if request.json:
        console.print_json(check_document(answer))
    else:
        console.print_check(answer)
    if answer.interrupted:
        return Status.INTERRUPTED
    return Status.DONE if answer.passed else Status.NO

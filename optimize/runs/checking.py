"""`check`: what a model holds, what of it cannot be compiled, whether its units agree, and the gap to PySD's run.

PySD comes last, since it takes longest by far: what is known before it stands, whatever PySD does, and also if somebody
does not want to wait for it (Ctrl-C).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import xarray as xr

from sd_models.analysis.units import Finding, check_units
from sd_models.dynamics.timing import CONTROLS
from sd_models.errors import Fault, ModelError, UnsupportedFunction
from sd_models.reading.library import load
from sd_models.reference.departures import departing, left_out_notes
from sd_models.reference.replay import replay
from sd_models.simulator.simulation import Simulator, compile
from sd_models.system.expression import functions
from sd_models.system.model import Kind, Method, Series, System, Values

from .comparison import Gap, largest_gap
from .scenario import data_files

Answer = TypeVar("Answer")
Watcher = Callable[[str], None]
GIVEN = " was given "  # in notes of a replay: PySD has run another model than the file's
CANNOT = "PySD cannot"
INTERRUPTED = "The comparison with PySD is missing: it was interrupted."
MOST_NAMES = 10
NOTHING_COMPARED = "Nothing is left to compare with PySD, so that no agreement can be told."


@dataclass(frozen=True, slots=True)
class Contents:
    """How many variables and stocks a model has, the size of each dimension, and the functions that it calls."""

    variables: int
    stocks: int
    dimensions: dict[str, int]
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A function in an equation that cannot be compiled, why, and what to do instead."""

    variable: str
    function: str
    line: int
    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Seconds:
    """Time taken: until the model is ready to run, by a compiled run, and by PySD from the file to the end of its run.

    None for what did not happen.
    """

    compile: float | None = None
    compiled_run: float | None = None
    pysd_run: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """The answer of `check`. `gap` is None where none was found, as where PySD was `interrupted`; where it `was_given`
    another model than the file's, a note says which.

    With unsupported functions, `contents` and `units` leave out what cannot be read, and are none where that is all.
    """

    model: str
    contents: Contents | None = None
    unsupported: tuple[Unsupported, ...] = ()
    units: tuple[Finding, ...] = ()
    gap: Gap | None = None
    seconds: Seconds = field(default_factory=Seconds)
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    was_given: bool = False

    @property
    def passed(self) -> bool:
        """Whether the model can be compiled and its run is PySD's, as far as PySD can run it."""
        return not self.unsupported and (self.gap is None or self.gap.small)


def check(
    model: str | Path,
    *,
    data: Iterable[str | Path] = (),
    regions: str | Path | None = None,
    watch: Watcher | None = None,
) -> Check:
    """What can be said about a model without anybody's help; raises a ModelError for one that is none.

    `data` and `regions` are those of `load`; `watch` is told what is known so far and what is done next. A Ctrl-C while
    PySD works ends the comparison, and the rest is answered.
    """
    files, told = data_files(data), watch or _unwatched
    try:
        system = load(model, data=files, regions=regions)
    except UnsupportedFunction as error:
        return _of_unsupported(model, error, files, regions, told)
    return _of_system(system, files, told)


def _unwatched(_doing: str) -> None:
    """Nobody wants to know."""


def _of_unsupported(
    model: str | Path,
    error: UnsupportedFunction,
    data: Iterable[str | Path],
    regions: str | Path | None,
    watch: Watcher,
) -> Check:
    """The answer for a model that only PySD may be able to run."""
    unsupported = tuple(_unsupported(fault) for fault in error.faults)
    read = error.system if isinstance(error.system, System) else None
    held = contents(read, also=(item.function for item in unsupported)) if read else None
    units = check_units(read) if read else ()
    replayed = _replay(model, data, regions, lambda doing: watch(f"It cannot be compiled. {doing}"))
    able = (f"PySD can run it: prosperity simulate {model} --engine pysd",)
    return Check(
        read.name if read else Path(model).stem,
        held,
        unsupported,
        units,
        seconds=Seconds(pysd_run=replayed.seconds),
        notes=replayed.notes if replayed.run is None else able,
        interrupted=replayed.interrupted,
    )


def _unsupported(fault: Fault) -> Unsupported:
    reason = fault.found.removeprefix(fault.function).strip().removeprefix("cannot be compiled: ")
    return Unsupported(fault.variable, fault.function, fault.line, reason, fault.advice)


def _of_system(system: System, data: Iterable[str | Path], watch: Watcher) -> Check:
    """The answer for a model that can be loaded."""
    watch("Compiling it")
    simulator, building = _timed(lambda: _ready(system))
    run, running = _timed(simulator.run)
    held, units = contents(system), check_units(system)
    replayed = _replay(system, data, None, lambda doing: watch(f"Compiled and run. {doing}"))
    gap, notes = None, [*run.attrs["notes"], *replayed.notes]
    if replayed.run is not None:
        left_out = departing(system)
        same = run if system.method is Method.EULER else _euler_run(system)
        gap = _compared(same, replayed.run, left_out)
        notes.extend(left_out_notes(left_out, map(str, run.data_vars)))
        notes.extend([_without_a_path(system, run)] if gap and _tables(system, run) else [])
        notes.extend([] if gap else [NOTHING_COMPARED])
    if gap is not None and system.method is not Method.EULER:
        notes.append("The gap to PySD is that of Euler's method, the only one that PySD has.")
    return Check(
        system.name,
        held,
        units=units,
        gap=gap,
        seconds=Seconds(building, running, replayed.seconds),
        notes=tuple(dict.fromkeys(notes)),
        interrupted=replayed.interrupted,
        was_given=any(GIVEN in note for note in replayed.notes),
    )


def _compared(run: xr.Dataset, reference: xr.Dataset, left_out: Iterable[str]) -> Gap | None:
    """The gap between two runs without what is left out; None where nothing but times is left."""
    apart = [name for name in left_out if name in run and name in reference]
    rest, other = run.drop_vars(apart), reference.drop_vars(apart)
    return largest_gap(rest, other) if {*map(str, rest.data_vars)} - {*CONTROLS} else None


def _tables(system: System, run: xr.Dataset) -> list[str]:
    """The variables of the file that have no value at a time: tables and series, which others read."""
    return [variable.name for variable in system if not variable.origin and variable.name not in run]


def _without_a_path(system: System, run: xr.Dataset) -> str:
    """What is said of these."""
    names = _tables(system, run)
    shown = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
    return f"Not compared with PySD, since they are tables, of which what reads them is compared: {shown}."


def contents(system: System, *, also: Iterable[str] = ()) -> Contents:
    """What a model holds, and `also` these functions; variables that macros and rewrites added do not count."""
    own = [variable for variable in system if not variable.origin]
    sides = (side for v in system for e in v.equations for side in (e.definition, e.initial) if side is not None)
    called = frozenset[str]().union(*(functions(side) for side in sides if not isinstance(side, Values | Series)))
    sizes = {name: len(dimension.elements) for name, dimension in system.dimensions.items()}
    stocks = sum(variable.kind is Kind.STOCK for variable in own)
    return Contents(len(own), stocks, sizes, tuple(sorted(called.union(also))))


def _ready(system: System) -> Simulator:
    """A simulator that has run once, and with it built all that runs need."""
    simulator = compile(system)
    simulator.run()
    return simulator


def _euler_run(system: System) -> xr.Dataset:
    return compile(replace(system, method=Method.EULER)).run()


@dataclass(frozen=True, slots=True, eq=False)
class _Replayed:
    """PySD's run and the time that it took, or a note on why there is none."""

    run: xr.Dataset | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    interrupted: bool = False


def _replay(
    model: System | str | Path, data: Iterable[str | Path], regions: str | Path | None, watch: Watcher
) -> _Replayed:
    try:
        run, seconds = _timed(lambda: replay(model, data=data, regions=regions, watch=watch))
    except ModelError as error:
        return _Replayed(notes=tuple(map(_why_not, error.faults)))
    except KeyboardInterrupt:
        return _Replayed(notes=(INTERRUPTED,), interrupted=True)
    return _Replayed(run, seconds, tuple(run.attrs.get("notes", ())))


def _why_not(fault: Fault) -> str:
    """Why PySD has no run, in one sentence; what to do about it stands with what cannot be compiled."""
    found = fault.found if fault.found.startswith(CANNOT) else f"{CANNOT}: {fault.found}"
    return str(replace(fault, found=found, advice=""))


def _timed(action: Callable[[], Answer]) -> tuple[Answer, float]:
    """What an action returns, and the seconds that it took."""
    start = perf_counter()
    answer = action()
    return answer, perf_counter() - start


def check_document(answer: Check) -> dict[str, Any]:
    """The answer as one JSON object; null where the model has no answer."""
    held, gap = answer.contents, answer.gap
    return {
        "variables": held and held.variables,
        "stocks": held and held.stocks,
        "dimensions": held and held.dimensions,
        "functions": held and list(held.functions),
        "unsupported": [asdict(item) for item in answer.unsupported],
        "units": [_finding_document(finding) for finding in answer.units],
        "replay_gap": gap and {"gap": gap.size, "variable": gap.variable, "time": gap.time},
        "seconds": asdict(answer.seconds),
        "notes": list(answer.notes),
    }


def _finding_document(finding: Finding) -> dict[str, Any]:
    """A finding with the line in place of file and line."""
    return {
        "variable": finding.variable,
        "line": finding.place.line if finding.place else 0,
        "message": finding.message,
        "found": finding.found,
        "expected": finding.expected,
        "severity": str(finding.severity),
    }

"""The time points of a run: when it starts and ends, its step, and which points are saved.

Times are summed up step by step, as PySD does it, so that a run has the same points and saves the same ones. All
tolerances of times stand here. They are parts of a step: in a unit of time they would mean something else in days than
in years, and relative to the time they would reach over steps that are short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from ..errors import Fault, InvalidModel, InvalidRequest
from ..numbers.evaluation import numbers
from ..rewrites.folding import unchanging
from ..rewrites.substitution import substitute
from ..system.model import FloatArray, Kind, System, fault_of, key

# Of a step: which points a run has and which are saved, by PySD's own tolerance; and whether a length is a whole number
# of steps, so that a hundred periods of it end where they should (SAME_TIME).
TOLERANCE = 1e-5
# Of a step: whether a time that people write is a point of a run. Summed steps drift, by 5e-5 of a step in the longest
# run there may be (200,000 steps of 0.0001 from 1900 on); nobody means another time by a thousandth of a step.
SAME_TIME = 1e-3
# In the unit of time: whether two times that people write are the same, one of them perhaps moved by a decimal number.
SAME_DECIMALS = 1e-6
# Building the chain of steps takes some 5 kB and 40 microseconds a step, whatever the model.
MOST_STEPS = 200_000
CONTROLS = ("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER")


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Another time span than the file's; None keeps the file's value. All in the model's unit of time.

    >>> TimeSpan(stop=2035.0).stop
    2035.0
    """

    start: float | None = None
    stop: float | None = None
    step: float | None = None
    save_every: float | None = None


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """The points of a run: `times` (steps + 1), the constant `step`, and the indices of the saved points."""

    times: FloatArray
    step: float
    saved: np.ndarray[tuple[int], np.dtype[np.int64]]

    @property
    def saved_times(self) -> FloatArray:
        """The saved times, rounded to what the step resolves."""
        digits = -int(np.log10(self.step * TOLERANCE))
        return np.asarray(np.round(self.times[self.saved], digits))


def slack(times: FloatArray) -> float:
    """How far a written time may lie from one of these points and still be it; a single point counts as a step of 1.

    >>> slack(np.array([2020.0, 2020.5, 2021.0]))
    0.0005
    """
    return SAME_TIME * (float(np.diff(times).min()) if len(times) > 1 else 1.0)


def with_time(system: System, span: TimeSpan | None) -> System:
    """The system with another time span."""
    if span is None:
        return system
    given = dict(zip(CONTROLS, (getattr(span, field.name) for field in fields(span)), strict=True))
    return substitute(system, {name: value for name, value in given.items() if value is not None})


def time_grid(system: System) -> TimeGrid:
    """The points of a run by the control variables of the system at its initial time."""
    control = control_values(system)
    start, stop, step = (control[name] for name in CONTROLS[:3])
    saveper = control.get("SAVEPER", step)
    _check(system, start, stop, step, saveper)
    count = max(0, int(np.ceil((stop - start) / step)) + 2)
    times = np.concatenate(([start], np.full(count, step))).cumsum()
    steps = int(np.argmin(times + step * TOLERANCE < stop)) if count else 0
    times = times[: steps + 1]
    since, slack = times - start, step * TOLERANCE
    saved = np.flatnonzero((since % saveper < slack) | (-since % saveper < slack))
    return TimeGrid(times, step, saved)


def division_notes(system: System, grid: TimeGrid) -> tuple[str, ...]:
    """That TIME STEP does not divide the run, or SAVEPER the steps, where that is so."""
    control = control_values(system)
    wanted, step = control["FINAL TIME"] - control["INITIAL TIME"], grid.step
    notes = []
    fixed = system["FINAL TIME"].kind is Kind.CONSTANT
    if fixed and wanted > 0 and not _divides(step, wanted):
        fitting = f"TIME STEP = {wanted / max(1, round(wanted / step)):.10g} would."
        end = f"the run ends at {grid.times[-1]:.10g}, not at FINAL TIME {control['FINAL TIME']:.10g}"
        notes.append(f"TIME STEP {step:.10g} does not divide the run: {end}. {fitting}")
    saved = control.get("SAVEPER", step)
    if not _divides(step, saved):
        notes.append(f"TIME STEP {step:.10g} does not divide SAVEPER {saved:.10g}: only times that are both are saved.")
    return tuple(notes)


def _divides(step: float, length: float) -> bool:
    parts = length / step
    return abs(parts - round(parts)) <= TOLERANCE and round(parts) >= 1


def control_values(system: System) -> Mapping[str, float]:
    """INITIAL TIME, FINAL TIME, TIME STEP and SAVEPER at the initial time."""
    missing = [name for name in CONTROLS[:3] if name not in system]
    if missing:
        advice = "Add it to the model, or give time=TimeSpan(...)."
        raise InvalidRequest(Fault(f"the model has no {' and no '.join(missing)}.", file=system.name, advice=advice))
    controls = [system[name] for name in CONTROLS if name in system]
    many = [variable for variable in controls if variable.dimensions or variable.kind is Kind.TABLE]
    if many:
        raise InvalidModel(fault_of(v, "it is not one number.", "Give it one.", file=system.name) for v in many)
    fixed = unchanging(system)
    moving = [variable for variable in controls if key(variable.name) != "final time" and variable.name not in fixed]
    if moving:
        advice = "Make it a constant; only FINAL TIME may follow from the run."
        raise InvalidModel(fault_of(v, "it changes during the run.", advice, file=system.name) for v in moving)
    values: dict[str, float] = {}
    for name in ("INITIAL TIME", "TIME STEP", "FINAL TIME", "SAVEPER"):
        if name in system:
            start, step = values.get("INITIAL TIME", np.nan), values.get("TIME STEP", np.nan)
            values[name] = float(numbers(system, [system[name].name], start, step)[system[name].name][0])
    return values


def _check(system: System, start: float, stop: float, step: float, saveper: float) -> None:
    """InvalidRequest for a time span that no run can have."""
    if not np.isfinite((start, stop, step, saveper)).all() or step <= 0 or saveper <= 0:
        found = f"INITIAL TIME is {start:g}, FINAL TIME {stop:g}, TIME STEP {step:g}, SAVEPER {saveper:g}"
        found = f"{found}; expected numbers, and the last two above 0."
        raise InvalidRequest(Fault(found, file=system.name, advice="Correct the control variables of the model."))
    if (stop - start) / step > MOST_STEPS:
        found = f"the run would take {(stop - start) / step:.3g} steps; at most {MOST_STEPS} are possible."
        raise InvalidRequest(Fault(found, file=system.name, advice="Take a larger TIME STEP or a shorter time span."))

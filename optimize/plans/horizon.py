"""The horizon of a plan on the time points of a run: its periods, and the windows over which amounts are measured."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np

from sd_models.dynamics.timing import TOLERANCE, TimeGrid, control_values, slack
from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray, IndexArray, System

from .plan import Each, Periods, Plan, When


class WindowKind(StrEnum):
    """What is taken of a path in a window; the objective's own measure may be discounted, or have weight at the end."""

    MEAN = "mean"
    TOTAL = "total"
    FINAL = "final"
    OBJECTIVE = "objective"


@dataclass(frozen=True, slots=True)
class Window:
    """A span of the horizon, and what is taken of a path in it."""

    kind: WindowKind
    start: float
    end: float

    @property
    def length(self) -> float:
        """From the start to the end, in the model's unit of time."""
        return self.end - self.start


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows, and the `weights` of each point of the horizon in each (windows, points).

    The value of a window is the weighted sum of a path over the points.
    """

    each: tuple[Window, ...]
    weights: FloatArray

    @property
    def times(self) -> FloatArray:
        """When each begins."""
        return starts_of(self.each)

    def only(self, chosen: IndexArray) -> Windows:
        """Some of them."""
        return Windows(tuple(self.each[i] for i in chosen), self.weights[chosen])

    def means(self) -> Windows:
        """The same spans, over which the mean is taken; what is one moment stays as it is."""
        each = (replace(one, kind=WindowKind.MEAN) if one.kind is WindowKind.TOTAL else one for one in self.each)
        return Windows(tuple(each), self.weights / self.weights.sum(axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class Horizon:
    """The points of a run from the start of the first period to the end of the last one.

    `first` is the index of the first point among all points of the run, `points` their times (points), the last one the
    end; `starts` are the times at which the periods begin, `steps` how many time steps a period has.
    """

    first: int
    points: FloatArray
    time_step: float
    starts: FloatArray
    steps: int

    @property
    def length(self) -> float:
        """From the start to the end, in the model's unit of time."""
        return self.time_step * (len(self.points) - 1)

    def periods(self, every: float) -> IndexArray:
        """The number of the period of this length in which each point lies; the end belongs to the last one."""
        steps = round(every / self.time_step)
        inner = np.minimum(np.arange(len(self.points)), len(self.points) - 2)
        return inner // steps

    @cached_property
    def always(self) -> Windows:
        """The mean over each period."""
        return self.means(self.steps * self.time_step)

    @cached_property
    def final(self) -> Windows:
        """The value at the end."""
        weights = np.zeros((1, len(self.points)))
        weights[0, -1] = 1.0
        end = float(self.points[-1])
        return Windows((Window(WindowKind.FINAL, end, end),), weights)

    def means(self, length: float) -> Windows:
        """The mean over each period of this length, the last one perhaps shorter."""
        inside = self._inside(length)
        return Windows(self._each(WindowKind.MEAN, inside), inside / inside.sum(axis=1, keepdims=True))

    def totals(self, length: float) -> Windows:
        """The integral over each period of this length, the last one perhaps shorter."""
        inside = self._inside(length)
        return Windows(self._each(WindowKind.TOTAL, inside), inside * self.time_step)

    def _inside(self, length: float) -> FloatArray:
        """1 where a point (column) lies in a period (row) of this length; the end lies in none."""
        period = self.periods(length)
        inside = np.asarray(np.arange(period[-1] + 1)[:, np.newaxis] == period[np.newaxis, :], dtype=np.float64)
        inside[:, -1] = 0.0
        return inside

    def _each(self, kind: WindowKind, inside: FloatArray) -> tuple[Window, ...]:
        places = (np.flatnonzero(row) for row in inside)
        return tuple(Window(kind, float(self.points[at[0]]), float(self.points[at[-1] + 1])) for at in places)

    def windows(self, when: When) -> Windows:
        """The windows in which a limit holds; InvalidRequest where there is none."""
        if when == "final":
            return self.final
        if when == "total":
            return self.totals(self.length)
        if isinstance(when, Each):
            self._check_multiple(when.each, "each")
            return self.totals(when.each)
        if isinstance(when, Periods):
            return self._between(when)
        if isinstance(when, tuple):
            return self.always.only(np.unique(np.concatenate([self._beginning(time) for time in when])))
        return self.always

    def at(self, time: float) -> Windows:
        """The mean over the period that begins at a time; InvalidRequest where none does."""
        return self.always.only(self._beginning(time))

    def _beginning(self, time: float) -> IndexArray:
        """The period that begins at a time."""
        near = np.flatnonzero(np.abs(self.starts - time) <= slack(self.points))
        if not len(near):
            found = f"no period begins at {time:g}; periods begin from {self.starts[0]:g} to {self.starts[-1]:g}."
            raise InvalidRequest(Fault(found))
        return near.astype(np.int64)

    def _between(self, when: Periods) -> Windows:
        low = -np.inf if when.from_ is None else when.from_ - slack(self.points)
        high = np.inf if when.to is None else when.to + slack(self.points)
        chosen = np.flatnonzero((self.starts >= low) & (self.starts <= high))
        if not len(chosen):
            asked = " ".join(
                f"{word} {time:g}" for word, time in (("from", when.from_), ("to", when.to)) if time is not None
            )
            found = f"no period begins {asked}; the horizon has {self.starts[0]:g} to"
            raise InvalidRequest(Fault(f"{found} {self.starts[-1]:g}."))
        return self.always.only(chosen[:: self._periods_in(when.every)])

    def _periods_in(self, every: float | None) -> int:
        """How many periods there are in a length of time."""
        period = self.steps * self.time_step
        for fault in () if every is None else length_faults(every, period, "when, every", "periods"):
            raise InvalidRequest(fault)
        return 1 if every is None else round(every / period)

    def _check_multiple(self, length: float, what: str) -> None:
        for fault in length_faults(length, self.time_step, what):
            raise InvalidRequest(fault)


def starts_of(windows: Sequence[Window]) -> FloatArray:
    """When each window begins."""
    return np.array([window.start for window in windows])


def length_faults(length: float, time_step: float, what: str, steps_are: str = "time steps") -> Iterator[Fault]:
    """A fault if a length of time is no whole number of time steps, or of what else `steps_are`."""
    steps = length / time_step
    if _whole(steps) is None or round(steps) < 1:
        near = [count * time_step for count in _around(steps) if count > 0]
        found = f"{length:g} is no whole number of {steps_are} of {time_step:g}."
        yield Fault(found, what, advice=f"Take {' or '.join(f'{one:g}' for one in near)}.")


def horizon_end(plan: Plan) -> float:
    """The time at which the last period ends."""
    return plan.horizon[1] + plan.every


def horizon_of(plan: Plan, grid: TimeGrid) -> Horizon:
    """The horizon of a plan without `horizon_faults` on the points of a run that ends with it."""
    first = round((plan.horizon[0] - grid.times[0]) / grid.step)
    points, steps = grid.times[first:], round(plan.every / grid.step)
    return Horizon(first, points, grid.step, points[:-1:steps], steps)


def horizon_faults(plan: Plan, clock: Clock) -> Iterator[Fault]:
    """Where the times of a plan do not meet the steps of a run, and what would do."""
    for lever in plan.levers:
        yield from length_faults(lever.every, clock.step, f"lever {lever.variable!r}, every")
    first, found = plan.horizon[0], []
    begun = clock.steps_to(first)
    if _whole(begun) is None or begun < -TOLERANCE:
        run = f"a run from {clock.start:g} in steps of {clock.step:g}"
        found.append(f"the horizon starts at {first:g}, which is no time of {run}")
    periods = (horizon_end(plan) - first) / plan.every
    if _whole(periods) is None:
        end = f"{horizon_end(plan):.10g}"
        found.append(f"from {first:.10g} to {end} (the last period's end) are {periods:.4g} periods of {plan.every:g}")
    if found:
        yield Fault(f"{'; '.join(found)}.", "horizon", advice=_advice(plan, clock))


@dataclass(frozen=True)
class Clock:
    """When a run starts, its step, and where the model's own run ends."""

    start: float
    step: float
    end: float

    def steps_to(self, time: float) -> float:
        """The time steps from the start to a time."""
        return (time - self.start) / self.step

    def time(self, steps: int) -> float:
        """The time after so many steps, without the digits that only rounding makes."""
        return float(f"{self.start + steps * self.step:.12g}")


def clock_of(system: System) -> Clock:
    """The clock of a model."""
    control = control_values(system)
    return Clock(control["INITIAL TIME"], control["TIME STEP"], control["FINAL TIME"])


@dataclass(frozen=True)
class Fitting:
    """A horizon in whole periods: the times at which its first and last period begin, and its end."""

    first: float
    last: float
    end: float


def fittings(plan: Plan, clock: Clock) -> tuple[Fitting, ...]:
    """The horizons in whole periods, of all levers where that is possible, that come nearest to the plan's.

    Lengths of periods that are no whole steps count as the nearest ones. The shorter horizons come first; where all of
    these end after the model's run, the longest one within it goes before them.
    """
    each = [max(1, round(lever.every / clock.step)) for lever in plan.levers]
    shortest, common = min(each), math.lcm(*each)
    length = (plan.horizon[1] - plan.horizon[0]) / clock.step + shortest
    unit = common if common <= length + TOLERANCE else shortest
    begun = max(clock.steps_to(plan.horizon[0]), 0.0)
    starts, counts = _around(begun), _around(length / unit)
    room = math.floor((clock.steps_to(clock.end) - starts[0]) / unit + TOLERANCE)
    within = [room] if 0 < room < min(counts) else []
    return tuple(
        Fitting(clock.time(start), clock.time(start + unit * count - shortest), clock.time(start + unit * count))
        for count in (*within, *counts)
        for start in starts
        if count > 0
    )


def fitted(plan: Plan, clock: Clock) -> Plan:
    """The plan with its times brought to the nearest ones that do."""
    if not any(horizon_faults(plan, clock)):
        return plan
    whole = [max(1, round(lever.every / clock.step)) * clock.step for lever in plan.levers]
    levers = [one.model_copy(update={"every": every}) for one, every in zip(plan.levers, whole, strict=True)]
    longest = fittings(plan, clock)[-1]
    return plan.model_copy(update={"levers": tuple(levers), "horizon": (longest.first, longest.last)})


def _advice(plan: Plan, clock: Clock) -> str:
    parts = []
    for one in fittings(plan, clock):
        beyond = one.end > clock.end + clock.step * TOLERANCE
        after = f", after the model's FINAL TIME {clock.end:.10g}" if beyond else ""
        parts.append(f"[{one.first:.10g}, {one.last:.10g}] (to {one.end:.10g}{after})")
    return f"{' or '.join(parts)} would do."


def _whole(count: float) -> int | None:
    """The whole number that a number is but for rounding; None where it is none."""
    return round(count) if abs(count - round(count)) <= TOLERANCE else None


def _around(count: float) -> list[int]:
    """A number if it is whole, else the whole ones below and above it."""
    whole = _whole(count)
    return [math.floor(count), math.ceil(count)] if whole is None else [whole]

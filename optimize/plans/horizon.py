"""The horizon of a plan on the time points of a run: its periods, and the windows over which amounts are measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np

from sd_models.errors import Fault, InvalidRequest
from sd_models.simulator.timing import TOLERANCE, TimeGrid
from sd_models.system.model import FloatArray, IndexArray

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
        return self.always

    def at(self, time: float) -> Windows:
        """The mean over the period that begins at a time; InvalidRequest where none does."""
        near = np.flatnonzero(np.abs(self.starts - time) <= self.time_step * TOLERANCE)
        if not len(near):
            found = f"no period begins at {time:g}; periods begin from {self.starts[0]:g} to {self.starts[-1]:g}."
            raise InvalidRequest(Fault(found))
        return self.always.only(near)

    def _between(self, when: Periods) -> Windows:
        slack = self.time_step * TOLERANCE
        low = -np.inf if when.from_ is None else when.from_ - slack
        high = np.inf if when.to is None else when.to + slack
        chosen = np.flatnonzero((self.starts >= low) & (self.starts <= high))
        if not len(chosen):
            found = f"no period begins from {low:g} to {high:g}; the horizon has {self.starts[0]:g} to"
            raise InvalidRequest(Fault(f"{found} {self.starts[-1]:g}."))
        return self.always.only(chosen)

    def _check_multiple(self, length: float, what: str) -> None:
        for fault in length_faults(length, self.time_step, what):
            raise InvalidRequest(fault)


def starts_of(windows: Sequence[Window]) -> FloatArray:
    """When each window begins."""
    return np.array([window.start for window in windows])


def length_faults(length: float, time_step: float, what: str) -> Iterator[Fault]:
    """A fault if a length of time is no whole number of time steps."""
    steps = length / time_step
    if round(steps) < 1 or abs(steps - round(steps)) > TOLERANCE:
        found = f"{length:g} is no whole number of time steps of {time_step:g}."
        yield Fault(found, what, advice=f"Take a multiple of {time_step:g}.")


def horizon_end(plan: Plan) -> float:
    """The time at which the last period ends."""
    return plan.horizon[1] + plan.every


def horizon_of(plan: Plan, grid: TimeGrid) -> Horizon:
    """The horizon of a plan on the points of a run that ends with it; InvalidRequest where the two do not meet."""
    faults = [fault for lever in plan.levers for fault in length_faults(lever.every, grid.step, "every")]
    near = np.flatnonzero(np.abs(grid.times - plan.horizon[0]) <= grid.step * TOLERANCE)
    if not len(near):
        found = f"the horizon starts at {plan.horizon[0]:g}, which is no time of a run from {grid.times[0]:g} in steps"
        advice = "Start at INITIAL TIME or whole steps later."
        faults.append(Fault(f"{found} of {grid.step:g}.", "horizon", advice=advice))
    if faults:
        raise InvalidRequest(faults)
    points = grid.times[int(near[0]) :]
    steps = round(plan.every / grid.step)
    over = (len(points) - 1) % steps
    if over or len(points) < 2:
        found = f"from {plan.horizon[0]:g} to {horizon_end(plan):g} are {(len(points) - 1) / steps:g} periods of"
        raise InvalidRequest(Fault(f"{found} {plan.every:g}.", "horizon", advice="Let the last period be a whole one."))
    return Horizon(int(near[0]), points, grid.step, points[:-1:steps], steps)

"""The horizon of a plan on the time points of a run: its periods, and the windows over which amounts are measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sd_models.errors import Fault, InvalidRequest
from sd_models.simulator.timing import TOLERANCE, TimeGrid
from sd_models.system.model import FloatArray, IndexArray

from .plan import Each, Periods, Plan, When


@dataclass(frozen=True, eq=False)
class Windows:
    """Spans of the horizon: `times` at which they begin (windows), and the `weights` of each point (windows, points).

    The value of a window is the weighted sum of a path over the points.
    """

    times: FloatArray
    weights: FloatArray
    is_total: bool = False


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

    def count(self, every: float) -> int:
        """How many periods of this length the horizon has, the last one perhaps shorter."""
        return int(self.periods(every)[-1]) + 1

    @cached_property
    def always(self) -> Windows:
        """The mean over each period."""
        return period_means(self.periods(self.steps * self.time_step), self.starts)

    @cached_property
    def final(self) -> Windows:
        """The value at the end."""
        weights = np.zeros((1, len(self.points)))
        weights[0, -1] = 1.0
        return Windows(self.points[-1:], weights)

    def totals(self, length: float) -> Windows:
        """Integrals over spans of this length, the last one perhaps shorter."""
        block = self.periods(length)
        inside = np.arange(block[-1] + 1)[:, np.newaxis] == block[np.newaxis, :]
        inside[:, -1] = False
        starts = self.points[[int(np.flatnonzero(row)[0]) for row in inside]]
        return Windows(starts, inside * self.time_step, is_total=True)

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
        return Windows(self.starts[near], self.always.weights[near])

    def _between(self, when: Periods) -> Windows:
        slack = self.time_step * TOLERANCE
        low = -np.inf if when.from_ is None else when.from_ - slack
        high = np.inf if when.to is None else when.to + slack
        chosen = np.flatnonzero((self.starts >= low) & (self.starts <= high))
        if not len(chosen):
            found = f"no period begins from {low:g} to {high:g}; the horizon has {self.starts[0]:g} to"
            raise InvalidRequest(Fault(f"{found} {self.starts[-1]:g}."))
        return Windows(self.starts[chosen], self.always.weights[chosen])

    def _check_multiple(self, length: float, what: str) -> None:
        for fault in length_faults(length, self.time_step, what):
            raise InvalidRequest(fault)


def period_means(period: IndexArray, starts: FloatArray) -> Windows:
    """The mean over each period; `period` is the number of the period of each point, the last point lies in none."""
    inside = np.arange(len(starts))[:, np.newaxis] == period[np.newaxis, :]
    inside[:, -1] = False
    return Windows(starts, inside / inside.sum(axis=1, keepdims=True))


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

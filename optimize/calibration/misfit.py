"""How far a run is from the observations, and which way each parameter moves it: residuals and their exact Jacobian.

Why forward sweeps as a rule: a sweep along a parameter costs less than a run, a sweep back from a residual two to
three, and there are usually more residuals than parameters. Where there are far fewer, the adjoint takes over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sd_models.dynamics.timing import SAME_DECIMALS, TOLERANCE
from sd_models.errors import Fault, InvalidRequest
from sd_models.simulator.datasets import Trajectories
from sd_models.simulator.inputs import Inputs
from sd_models.simulator.sensitivity import adjoint, tangents
from sd_models.simulator.simulation import Simulator
from sd_models.system.model import FloatArray, IndexArray, Mask, System, fault_of

from ..files.names import part_of
from .observations import Observed
from .parameters import Parameters, labels_of
from .specification import ObservedSeries, Transform

# A sweep back from one residual costs about three times a sweep along one parameter.
ADJOINT_COST = 3
RESIDUALS_AT_ONCE = 16
RELATIVE_DEVIATION = 0.01  # of an error where the file gives none


@dataclass(frozen=True, eq=False)
class Target:
    """A series: what was asked for, its variable, and its observations in the model's unit, (times, elements).

    `times` are those of the model; elements that do not count are NaN. `weights` (times, elements) or the name of a
    model variable weigh the mean of the elements; None weighs them alike.
    """

    asked: ObservedSeries
    variable: str
    labels: tuple[str, ...]
    times: FloatArray
    values: FloatArray
    weights: FloatArray | str | None = None

    @property
    def is_log(self) -> bool:
        """Whether errors are those of logarithms."""
        return self.asked.transform is Transform.LOG

    @property
    def deviation(self) -> float:
        """The standard deviation of an error, on the scale of the transform."""
        if self.asked.deviation is not None:
            return self.asked.deviation
        size = 1.0 if self.is_log else float(np.nanmean(np.abs(self.values)))
        return RELATIVE_DEVIATION * (size or 1.0)

    def between(self, first: float, last: float) -> Target:
        """The same with the observations of these times only, both included."""
        chosen = (self.times >= first - SAME_DECIMALS) & (self.times <= last + SAME_DECIMALS)
        weights = self.weights[chosen] if isinstance(self.weights, np.ndarray) else self.weights
        return Target(self.asked, self.variable, self.labels, self.times[chosen], self.values[chosen], weights)


def target_of(system: System, asked: ObservedSeries, found: Observed, chosen: Mask) -> Target:
    """A series and its observations; InvalidRequest where the logarithm of one does not exist."""
    variable = system[part_of(system, asked.variable).name]
    with np.errstate(over="ignore"):
        values = np.where(chosen, found.values * asked.factor, np.nan)
    if np.isinf(values).any():
        raise InvalidRequest(
            fault_of(variable, f"factor = {asked.factor:g} makes observations infinite.", file=system.name)
        )
    target = Target(asked, variable.name, tuple(labels_of(system, variable.name)), found.times + asked.shift, values)
    bad = np.argwhere(values <= 0) if target.is_log else np.empty((0, 2))
    if len(bad):
        time, place = bad[0]
        what = f"{values[time, place]:g} at time {target.times[time]:g} ({len(bad)} such)"
        found_text = f"{target.labels[place]} is observed as {what}, which has no logarithm."
        raise InvalidRequest(fault_of(variable, found_text, "Take transform = 'level'.", file=system.name))
    if np.isnan(values).all():
        raise InvalidRequest(fault_of(variable, "where leaves no observation of it.", file=system.name))
    return target


@dataclass(frozen=True, eq=False)
class Points:
    """All observations in one row: where in the outputs, between which steps, and how each counts.

    `scale` turns an error into a residual: the root of the weight over the standard deviation.
    """

    row: IndexArray
    step: IndexArray
    fraction: FloatArray
    observed: FloatArray
    is_log: Mask
    scale: FloatArray
    target: IndexArray

    def __len__(self) -> int:
        return len(self.row)


class Misfit:
    """Residuals of a simulator's runs, whose constants are those of the parameters, against targets.

    Residuals are (points + priors,), the Jacobian (points + priors, parameters). A run that is no number, or has no
    logarithm where one is asked for, gives residuals that are no numbers.
    """

    def __init__(self, simulator: Simulator, parameters: Parameters, targets: Sequence[Target]) -> None:
        self.simulator, self.parameters, self.targets = simulator, parameters, tuple(targets)
        self.points = self._points()
        self.rows = parameters.rows(simulator)
        self.base = simulator.inputs()
        self.has_prior = np.isfinite(parameters.deviation)
        self._last: tuple[FloatArray, Trajectories] | None = None

    def __len__(self) -> int:
        """The number of residuals."""
        return len(self.points) + int(self.has_prior.sum())

    def inputs(self, values: FloatArray) -> Inputs:
        """The inputs of the run with these values of the parameters."""
        constants = self.base.constants.copy()
        constants[self.rows, 0] = values
        return Inputs(self.base.levers, constants, self.base.initials)

    def run(self, values: FloatArray) -> Trajectories:
        """The run with these values; that of the last values is kept."""
        if self._last is None or not np.array_equal(self._last[0], values):
            self._last = values.copy(), self.simulator.trajectories(self.inputs(values))
        return self._last[1]

    @np.errstate(all="ignore")  # what is no number is an answer, too
    def residuals(self, values: FloatArray) -> FloatArray:
        """The residuals of the observations, then those of the priors."""
        points = self.points
        simulated = self._at_points(self._all_rows(self.run(values).outputs))
        scaled = np.where(points.is_log, np.log(np.where(points.is_log, simulated, 1.0)), simulated)
        errors = (scaled - points.observed) * points.scale
        prior = (values - self.parameters.prior) / self.parameters.deviation
        return np.concatenate([errors, prior[self.has_prior]])

    @np.errstate(all="ignore")
    def jacobian(self, values: FloatArray) -> FloatArray:
        """The derivative of each residual to each parameter."""
        points, run = self.points, self.run(values)
        slopes = self._forward(values, run) if self.takes_forward else self._backward(values, run)
        simulated = self._at_points(self._all_rows(run.outputs))
        slopes *= (points.scale / np.where(points.is_log, simulated, 1.0))[:, np.newaxis]
        priors = np.diag(1.0 / self.parameters.deviation)[self.has_prior]
        return np.concatenate([slopes, priors])

    @property
    def takes_forward(self) -> bool:
        """Whether forward sweeps are the cheaper ones."""
        return len(self.parameters) <= ADJOINT_COST * len(self.points)

    def simulated(self, values: FloatArray, target: Target) -> FloatArray:
        """The simulated values at the times of a target, (times, elements)."""
        return self.at(values, target.variable, target.times)

    def at(self, values: FloatArray, variable: str, times: FloatArray) -> FloatArray:
        """A variable among the outputs at these times, (times, elements)."""
        block = self._all_rows(self.run(values).outputs)[self._layout[variable]]
        step, fraction = self._place(times)
        after = np.minimum(step + 1, block.shape[1] - 1)
        return np.asarray((block[:, step] * (1 - fraction) + block[:, after] * fraction).T)

    def check(self, values: FloatArray) -> None:
        """SimulationError or InvalidRequest, with variable and time, where the run of these values has no residuals."""
        if np.isfinite(self.residuals(values)).all():
            return
        self.simulator.check(self.inputs(values), self.run(values))
        bad = int(np.flatnonzero(~np.isfinite(self.residuals(values)))[0])
        target, time = self.targets[self.points.target[bad]], self.simulator.times[self.points.step[bad]]
        found = f"the simulated value at time {time:g} has no logarithm."
        raise InvalidRequest(
            Fault(found, target.variable, self.simulator.system.name, advice="Take transform = 'level'.")
        )

    # --- from outputs to points ---------------------------------------------------------------------------------------

    @cached_property
    def _layout(self) -> dict[str, slice]:
        """The rows of each output, those that cannot change below the others."""
        model = self.simulator.model
        rows, stop = dict(model.outputs.rows), model.outputs.size
        for name, values in model.fixed.items():
            rows[name] = slice(stop, stop + len(values))
            stop += len(values)
        return rows

    def _all_rows(self, outputs: FloatArray) -> FloatArray:
        fixed = [np.repeat(v[:, np.newaxis], outputs.shape[1], axis=1) for v in self.simulator.model.fixed.values()]
        return np.concatenate([outputs, *fixed])

    def _place(self, times: FloatArray) -> tuple[IndexArray, FloatArray]:
        """The step before each time, and the fraction of a step from there."""
        grid = self.simulator.times
        exact = np.clip((times - grid[0]) / self.simulator.model.grid.step, 0, len(grid) - 1)
        near = np.rint(exact)
        exact = np.where(np.abs(exact - near) < TOLERANCE, near, exact)
        step = np.floor(exact).astype(np.int64)
        return step, exact - step

    def _at_points(self, table: FloatArray) -> FloatArray:
        """The values of (..., rows, times) at the points."""
        points = self.points
        after = np.minimum(points.step + 1, table.shape[-1] - 1)
        first, second = table[..., points.row, points.step], table[..., points.row, after]
        return np.asarray(np.where(points.fraction > 0, first + (second - first) * points.fraction, first))

    def _points(self) -> Points:
        columns = [self._points_of(number, target) for number, target in enumerate(self.targets)]
        joined = [np.concatenate(parts) for parts in zip(*columns, strict=True)]
        return Points(*joined)

    def _points_of(self, number: int, target: Target) -> tuple[npt.NDArray[np.generic], ...]:
        time, place = np.nonzero(np.isfinite(target.values))
        step, fraction = self._place(target.times[time])
        observed, count = target.values[time, place], len(time)
        scale = np.sqrt(_weights(target.asked, target.times[time])) / target.deviation if count else np.zeros(0)
        return (
            self._layout[target.variable].start + place,
            step,
            fraction,
            np.log(observed) if target.is_log else observed,
            np.full(count, target.is_log),
            scale,
            np.full(count, number),
        )

    def _forward(self, values: FloatArray, run: Trajectories) -> FloatArray:
        directions = np.zeros((self.simulator.model.constants.size, len(self.rows)))
        directions[self.rows, np.arange(len(self.rows))] = 1.0
        found = tangents(self.simulator, self.inputs(values), run, directions)
        still = np.zeros((len(found), sum(map(len, self.simulator.model.fixed.values())), found.shape[2]))
        return np.ascontiguousarray(self._at_points(np.concatenate([found, still], axis=1)).T)

    def _backward(self, values: FloatArray, run: Trajectories) -> FloatArray:
        inputs, parts = self.inputs(values), []
        for seeds in self._seeds(run.outputs.shape):
            _, (_, gradients, _) = adjoint(self.simulator, inputs, seeds)
            parts.append(gradients[:, self.rows, 0])
        return np.concatenate(parts)[: len(self.points)]

    def _seeds(self, shape: tuple[int, ...]) -> Iterator[FloatArray]:
        """The weights of the outputs in each point, some points at once, the last group filled up."""
        points = self.points
        for start in range(0, len(points), RESIDUALS_AT_ONCE):
            seeds = np.zeros((RESIDUALS_AT_ONCE, *shape))
            for place, point in enumerate(range(start, min(start + RESIDUALS_AT_ONCE, len(points)))):
                if points.row[point] < shape[0]:
                    after = min(points.step[point] + 1, shape[1] - 1)
                    seeds[place, points.row[point], points.step[point]] += 1 - points.fraction[point]
                    seeds[place, points.row[point], after] += points.fraction[point]
            yield seeds


def _weights(asked: ObservedSeries, times: FloatArray) -> FloatArray:
    """The weights of observations at these times, halved with every half-life before the last one."""
    age = times.max() - times if asked.half_life else np.zeros(len(times))
    return np.asarray(asked.weight * 0.5 ** (age / (asked.half_life or 1.0)))


def latest(targets: Iterable[Target]) -> float:
    """The last time that is observed."""
    return max(float(target.times[np.isfinite(target.values).any(axis=1)].max()) for target in targets)

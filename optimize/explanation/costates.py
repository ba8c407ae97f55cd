"""What one more unit of a stock is worth at each time, in units of an outcome: the costates of a run.

They are what an outcome gains by one more unit of a stock at a time, all decisions left as they are. At the end a unit
is worth what it adds to the outcome there; a step earlier, what it adds then and what becomes of it is worth later:
lambda(k) = A(k)' lambda(k+1) + c(k), A the derivative of the step, c that of the outcome (Pontryagin and others 1962;
Bryson and Ho 1975, Applied Optimal Control, section 2.2). One sweep backward over the steps of a run gives all of them,
exactly. Where the run stands on a corner of a function, they are those of the active side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from sd_models.simulator.datasets import label
from sd_models.simulator.inputs import Inputs
from sd_models.simulator.sensitivity import Point, touched_kinks
from sd_models.simulator.simulation import Simulator
from sd_models.system.model import FloatArray
from sd_models.targets.casadi.buffers import call

from .target import Question, Target

MOST = 3  # corners that are named


@dataclass(frozen=True, eq=False)
class Costates:
    """The worth of one more unit of each stock, a variable each, `(time, *dimensions)` over all points of the horizon.

    Each has the unit of the outcome over that of the stock. What rewrites added (stages of delays) has in `origin` the
    variable that it serves. `levels` are the stocks themselves.
    """

    target: Target
    worth: xr.Dataset
    levels: xr.Dataset
    notes: tuple[str, ...] = ()

    def of_a_part(self, part: float = 0.01) -> xr.Dataset:
        """What this part more of each stock, everywhere, is worth at each time: to compare stocks of any unit."""
        found = {}
        for name in map(str, self.worth):
            product = self.worth[name] * self.levels[name] * part
            found[name] = product.sum([d for d in product.dims if d != "time"]).assign_attrs(self.worth[name].attrs)
        return xr.Dataset(found)

    def dearest(self, part: float = 0.01) -> list[str]:
        """The modeller's stocks of which this part more is worth something at some time, the dearest first."""
        parts = self.of_a_part(part)
        sizes = {str(name): float(np.nanmax(np.abs(values.to_numpy()))) for name, values in parts.items()}
        order = sorted(sizes, key=lambda name: -sizes[name])
        return [name for name in order if sizes[name] > 0 and not parts[name].attrs["origin"]]


def costates(question: Question, target: Target) -> Costates:
    """The worth of all stocks along the run with the policy."""
    asked = question.asking({target.variable: None})
    found, states, kinks = swept(asked.simulator, asked.decided, asked.weights(target))
    per = f"{target.unit or '1'} / ({{}})"
    return Costates(target, _labelled(asked, found, per), _labelled(asked, states, "{}"), _notes(kinks))


def swept(simulator: Simulator, inputs: Inputs, weights: FloatArray) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """The costates of a weighted sum of outputs and the stocks, each (rows, times), and the corners on the run."""
    model, run = simulator.model, simulator.trajectories(inputs)
    simulator.check(inputs, run)
    sweep, times = model.step.reverse(1), simulator.times
    found = np.zeros_like(run.states)
    after = np.zeros((model.states.size, 1))
    for k in reversed(range(len(times))):
        at = slice(k, k + 1)
        given = (
            run.states[:, at],
            inputs.levers[:, at],
            inputs.constants,
            model.data_table[:, at],
            times[at, np.newaxis],
        )
        later = run.states[:, k + 1 : k + 2] if k + 1 < len(times) else after
        after = call(sweep, *given, later, run.outputs[:, at], after, weights[:, at])[0]
        found[:, at] = after
    kinks = dict.fromkeys(
        f"{touch.variable}: {touch.function}" for touch in touched_kinks(Point(simulator, inputs, run))
    )
    return found, run.states, tuple(kinks)


def _labelled(question: Question, found: FloatArray, unit: str) -> xr.Dataset:
    """Values of stocks (rows, times) with names, over the horizon; `unit` is a pattern for that of the stock."""
    horizon, model = question.horizon, question.simulator.model
    system = model.expanded
    worth = {}
    for name, rows in model.states.rows.items():
        variable = system.variables[name]
        axes = {label(system, d): list(system.dimensions[d].elements) for d in variable.dimensions}
        block = found[rows, horizon.first :].T.reshape((len(horizon.points), *system.shape(variable)))
        attributes = {"units": unit.format(variable.unit or "1"), "origin": variable.origin}
        worth[name] = xr.DataArray(block, {"time": horizon.points, **axes}, ("time", *axes), attrs=attributes)
    return xr.Dataset(worth)


def _notes(kinks: tuple[str, ...]) -> tuple[str, ...]:
    if not kinks:
        return ()
    more = f" and {len(kinks) - MOST} more" if len(kinks) > MOST else ""
    return (f"The run stands on corners of {', '.join(kinks[:MOST])}{more}; worths are those of the active side.",)

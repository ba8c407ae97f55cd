"""Exact derivatives of outcomes with respect to paths, constants and initial values, by the adjoint.

One reverse sweep over the steps of a run gives the gradient of an outcome to all inputs together, at a few times the
cost of the run, whatever their number (Griewank and Walther 2008, Evaluating Derivatives, chapter 3). Forward sweeps
give the derivatives of all outputs along a direction of the inputs for less than a run's cost. Both are exact: no
step size, no truncation. At a kink (MIN, IF THEN ELSE, table points) it is the derivative of the active branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from ..dynamics.functions import Kink
from ..dynamics.timing import TimeSpan
from ..errors import Fault, InvalidRequest
from ..system.model import FloatArray, System
from ..tape.instructions import Source
from ..targets.casadi.arithmetic import switch_value
from ..targets.casadi.buffers import call
from ..targets.native.model import INPUTS, NativeModel
from .concurrency import concurrently
from .datasets import Trajectories
from .inputs import Given, Inputs
from .measures import Measure, Outcome
from .simulation import Simulator, compile


@dataclass(frozen=True, slots=True)
class KinkTouch:
    """A time at which a run stood on a point without derivative."""

    variable: str
    function: str
    time: float

    def __str__(self) -> str:
        return f"{self.variable}: {self.function} at time {self.time:g}"


@dataclass(frozen=True)
class Sensitivities:
    """`values` of the outcomes, and `gradients` to each input with a leading `outcome` dimension.

    The gradient to a lever has a `time` dimension with all time points of the run; the unit is that of the outcome over
    that of the input.

    >>> import sd_models as sd
    >>> system = sd.load("urbanization")
    >>> found = sd.sensitivities(system, ["national urban share"], constants=["mobility"])
    >>> round(float(found.values.sel(outcome="national urban share")), 3), found.gradients["mobility"].sizes["outcome"]
    (0.833, 1)
    >>> found.kinks
    ()
    """

    values: xr.DataArray
    gradients: xr.Dataset
    point: Point

    @cached_property
    def kinks(self) -> tuple[KinkTouch, ...]:
        """The times at which the run stood on a kink, in the order of the equations."""
        return touched_kinks(self.point)


@dataclass(frozen=True)
class Point:
    """Where derivatives were taken: a simulator, its inputs, and the run that they gave."""

    simulator: Simulator
    inputs: Inputs
    run: Trajectories


# A switch within this distance of its breakpoint, relative to the larger of it and 1, counts as standing on it.
KINK_TOLERANCE = 1e-9
# Directions of one forward sweep: more take longer to build than they save (127 directions through 31 provinces: 81 ms
# by fours, 57 by 16, 53 by 32 or more; built in 25, 90 and 180 ms).
DIRECTIONS_AT_ONCE = 16
# Outcomes of one reverse sweep: more take longer to build, and to compute as well (32 outcomes of the flagship with 31
# provinces, seconds of one core: 0.92 by twos, 0.66 by fours, 0.56 by eights, 0.59 by 16, 0.66 at once; built in 0.5,
# 0.8, 1.4, 2.8 and 5.7). Halves in two threads cost a fifth more of it, and saved nothing that could be measured.
OUTCOMES_AT_ONCE = 8


def sensitivities(
    model: System | Simulator,
    outcomes: Mapping[str, Outcome] | Iterable[Outcome | str],
    *,
    levers: Given | Iterable[str] = (),
    constants: Given | Iterable[str] = (),
    initial: Given | Iterable[str] = (),
    time: TimeSpan | None = None,
) -> Sensitivities:
    """Gradients of outcomes with respect to the named levers, constants and initial values.

    Inputs are names (taken at the model's own values) or mappings to values. A simulator that was compiled with these
    inputs and the outcomes' variables among its outputs is used as it is, and can be used again and again.

    >>> import sd_models as sd
    >>> system = sd.load("urbanization")
    >>> found = sd.sensitivities(system, ["national urban share"], constants=["income elasticity of migration"])
    >>> found.gradients["income elasticity of migration"].dims
    ('outcome',)
    """
    chosen = _named(outcomes)
    if not chosen:
        raise InvalidRequest(Fault("there is no outcome.", advice="Name variables, or give Outcomes."))
    if isinstance(model, System):
        wanted = [outcome.variable for outcome in chosen.values()]
        model = compile(model, levers=levers, constants=constants, initial=initial, outputs=wanted, time=time)
    if model.model.moving_end is not None:
        advice = "Give a time span that ends at a fixed time: time=TimeSpan(stop=...)."
        raise InvalidRequest(Fault("FINAL TIME follows from the run.", file=model.system.name, advice=advice))
    inputs = model.inputs(levers=_given(levers), constants=_given(constants), initial=_given(initial))
    if inputs.runs is not None:
        raise InvalidRequest(Fault("sensitivities take one run, not a batch.", file=model.system.name))
    return _sensitivities(model, chosen, inputs)


def _named(outcomes: Mapping[str, Outcome] | Iterable[Outcome | str]) -> dict[str, Outcome]:
    """Outcomes by name; one without a name is called after its variable."""
    if isinstance(outcomes, Mapping):
        return dict(outcomes)
    items = [outcomes] if isinstance(outcomes, str) else outcomes
    listed = [Outcome(item) if isinstance(item, str) else item for item in items]
    named = {outcome.variable: outcome for outcome in listed}
    if len(named) < len(listed):
        advice = "Give them names: {'first': Outcome(...), 'second': Outcome(...)}."
        raise InvalidRequest(Fault("two outcomes are called after the same variable.", advice=advice))
    return named


def _given(inputs: Given | Iterable[str]) -> Given:
    return inputs if isinstance(inputs, Mapping) else {}


def _sensitivities(simulator: Simulator, outcomes: Mapping[str, Outcome], inputs: Inputs) -> Sensitivities:
    weights = np.stack([weighted(simulator, outcome) for outcome in outcomes.values()])
    run, parts = adjoint(simulator, inputs, weights)
    simulator.check(inputs, run)
    values = (weights * run.outputs).sum(axis=(1, 2)) + _fixed_part(simulator, outcomes)
    return Sensitivities(
        xr.DataArray(values, {"outcome": list(outcomes)}, ("outcome",)),
        _gradients(simulator, list(outcomes), parts),
        Point(simulator, inputs, run),
    )


def adjoint(simulator: Simulator, inputs: Inputs, weights: FloatArray) -> tuple[Trajectories, list[FloatArray]]:
    """A run, and the gradients of weighted sums of its outputs, as numbers only: the fast way for many evaluations.

    `weights` is (outcomes, rows of outputs, times). The gradients to levers, constants and initials are each
    (outcomes, rows, times or 1). The run is not checked for NaN.
    """
    if simulator.model.native is not None:
        return _native_adjoint(simulator, simulator.model.native, inputs, weights)
    run = simulator.trajectories(inputs)
    width = min(OUTCOMES_AT_ONCE, len(weights))
    chunks = []
    for start in range(0, len(weights), width):
        chunk = np.zeros((width, *run.outputs.shape))
        chunk[: len(weights) - start] = weights[start : start + width]
        point = inputs.levers, inputs.constants, inputs.initials, run.outputs
        found = call(simulator.backward(width), *point, np.concatenate(list(chunk), axis=1))
        chunks.append([np.stack(np.split(part, width, axis=1)) for part in found])
    return run, [np.concatenate(parts)[: len(weights)] for parts in zip(*chunks, strict=True)]


def _native_adjoint(
    simulator: Simulator, kernels: NativeModel, inputs: Inputs, weights: FloatArray
) -> tuple[Trajectories, list[FloatArray]]:
    run = kernels.run(simulator.given(inputs))
    found = kernels.gradients(run, weights, INPUTS, each=concurrently)
    return Trajectories(kernels.outputs(run), lambda: kernels.stocks(run)), [found[source] for source in INPUTS]


def tangents(simulator: Simulator, inputs: Inputs, run: Trajectories, directions: FloatArray) -> FloatArray:
    """The derivatives of the outputs along directions of the constants, (directions, rows of outputs, times).

    `directions` is (rows of constants, directions); `run` is the run of these inputs. Forward sweeps: the cheap way
    where there are fewer directions than numbers that are differentiated.
    """
    number, kernels = directions.shape[1], simulator.model.native
    if not number:
        return np.zeros((0, *run.outputs.shape))
    if kernels is not None:
        again = kernels.run(simulator.given(inputs))
        return kernels.tangents(again, {Source.CONSTANTS: directions.T}, each=concurrently)
    width = min(DIRECTIONS_AT_ONCE, number)
    simulator.ahead(width)  # built once, before the threads need it
    chunks = [directions[:, start : start + width] for start in range(0, number, width)]
    return np.concatenate(concurrently(lambda chunk: _along(simulator, inputs, run, chunk, width), chunks))


def _along(simulator: Simulator, inputs: Inputs, run: Trajectories, directions: FloatArray, width: int) -> FloatArray:
    """The derivatives along at most `width` directions, (directions, rows of outputs, times)."""
    model, count = simulator.model, len(simulator.times)
    filled = np.zeros((len(directions), width))
    filled[:, : directions.shape[1]] = directions
    point = inputs.levers, inputs.constants, inputs.initials, run.outputs
    still = np.zeros((model.levers.size, count * width)), filled, np.zeros((model.initials.size, width))
    (found,) = call(simulator.ahead(width), *point, *still)
    return np.stack(np.split(found, width, axis=1))[: directions.shape[1]]


def weighted(simulator: Simulator, outcome: Outcome) -> FloatArray:
    """The weights (rows of outputs, times) whose product with the outputs is the outcome."""
    model = simulator.model
    name = model.expanded[outcome.variable].name
    weights = np.zeros((model.outputs.size, len(simulator.times)))
    if name in model.outputs.rows:
        weights[model.outputs.rows[name]] = np.outer(chosen(model.expanded, outcome), over_time(simulator, outcome))
    elif name not in model.fixed:
        advice = f"Name it: sd.compile(system, outputs=[{name!r}])."
        raise InvalidRequest(Fault(f"{name!r} is not among the outputs.", file=model.system.name, advice=advice))
    return weights


def over_time(simulator: Simulator, outcome: Outcome) -> FloatArray:
    """The weight of each time in the measure of an outcome."""
    times, step = simulator.times, simulator.model.grid.step
    discount = np.exp(-outcome.discount * (times - times[0]))
    if outcome.measure is Measure.FINAL:
        last = np.zeros(len(times))
        last[-1] = discount[-1]
        return last
    weights = np.where(np.arange(len(times)) < len(times) - 1, step * discount, 0.0)
    if outcome.measure is Measure.INTEGRAL:
        return weights
    return weights / (times[-1] - times[0]) if len(times) > 1 else np.ones(1)


def chosen(system: System, outcome: Outcome) -> FloatArray:
    """1 for each element of the outcome's variable that counts, flat; InvalidRequest for unknown ones."""
    variable = system[outcome.variable]
    mask = np.ones(system.shape(variable), dtype=bool)
    for dimension, wanted in outcome.where.items():
        if dimension not in variable.dimensions:
            known = ", ".join(variable.dimensions) or "none"
            found = f"{variable.name!r} has no dimension {dimension!r}; it has: {known}."
            raise InvalidRequest(Fault(found, file=system.name))
        elements = system.dimensions[dimension].elements
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        unknown = [name for name in names if name not in elements]
        if unknown:
            found = f"{dimension!r} has no element {unknown[0]!r}."
            raise InvalidRequest(Fault(found, file=system.name, advice=f"It has: {', '.join(elements[:20])}."))
        along = [1] * mask.ndim
        along[variable.dimensions.index(dimension)] = len(elements)
        mask &= np.isin(elements, names).reshape(along)
    return mask.ravel().astype(np.float64)


def _fixed_part(simulator: Simulator, outcomes: Mapping[str, Outcome]) -> FloatArray:
    """The outcomes of variables that cannot change."""
    model = simulator.model
    parts = np.zeros(len(outcomes))
    for i, outcome in enumerate(outcomes.values()):
        value = model.fixed.get(model.expanded[outcome.variable].name)
        if value is not None:
            parts[i] = float(chosen(model.expanded, outcome) @ value) * float(over_time(simulator, outcome).sum())
    return parts


def _gradients(simulator: Simulator, outcomes: list[str], parts: Sequence[FloatArray]) -> xr.Dataset:
    """The gradients to levers, constants and initials, each (outcomes, rows, times or 1), as arrays with names."""
    model, frame = simulator.model, simulator.frame
    system = model.expanded
    variables = {}
    for layout, found in zip((model.levers, model.constants, model.initials), parts, strict=True):
        for name, rows in layout.rows.items():
            variable = system.variables[name]
            block = np.moveaxis(found[:, rows], 1, 2)
            array = block.reshape((*block.shape[:2], *system.shape(variable)))
            dimensions = tuple(frame.label(d) for d in variable.dimensions)
            if layout is model.levers:
                variables[name] = (("outcome", "time", *dimensions), array)
            else:
                key = name if layout is model.constants else f"initial {name}"
                variables[key] = (("outcome", *dimensions), array[:, 0])
    shown = {d for variable in variables.values() for d in variable[0]}
    known = {"outcome": outcomes, "time": model.grid.times, **frame.coordinates}
    return xr.Dataset(variables, coords={name: known[name] for name in known if name in shown})


def touched_kinks(point: Point) -> tuple[KinkTouch, ...]:
    """The times at which a run stood on a kink, in the order of the equations."""
    touches: list[KinkTouch] = []
    times = point.simulator.times
    for kink, rows in switches(point):
        distance = np.min([np.abs(rows - at) for at in kink.breakpoints], axis=0)
        near = distance <= KINK_TOLERANCE * np.maximum(1.0, np.abs(rows))
        touched = near.any(axis=0)
        touches.extend(KinkTouch(kink.variable, kink.function, float(time)) for time in times[touched])
    return tuple(touches)


def switches(point: Point) -> Iterator[tuple[Kink, FloatArray]]:
    """Each kink of a run with what decides on which side of it the run is, (rows, times)."""
    model, inputs = point.simulator.model, point.inputs
    if not model.kinks:
        return
    times = point.simulator.times
    constants = np.repeat(inputs.constants, len(times), axis=1)
    given = inputs.levers, constants, model.data_table, times[np.newaxis, :]
    (found,) = call(model.switches, point.run.states, *given)
    start = 0
    for kink in model.kinks:
        rows = found[start : start + switch_value(kink).numel()]
        start += len(rows)
        yield kink, rows

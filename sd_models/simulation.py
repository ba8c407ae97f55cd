"""Runs: given paths and values in, trajectories out as an `xarray.Dataset` with units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import casadi as ca
import numpy as np
import numpy.typing as npt
import xarray as xr

from .buffers import call
from .compilation import Layout, Model, compile_system
from .errors import Fault, InvalidRequest, SimulationError
from .evaluation import element_names, numbers
from .expression import Expr, Number, nodes, references
from .ordering import stages
from .rewrites.folding import unchanging
from .rewrites.substitution import shaped, substitute
from .system import Definition, FloatArray, Interpolation, Kind, Series, System, Values, Variable
from .timing import TimeSpan

Given: TypeAlias = Mapping[str, npt.ArrayLike | xr.DataArray]


def compile(  # noqa: A001 - the verb of the field, and of the command
    system: System,
    *,
    levers: Iterable[str] = (),
    constants: Iterable[str] = (),
    initial: Iterable[str] = (),
    outputs: Iterable[str] | None = None,
    time: TimeSpan | None = None,
) -> Simulator:
    """A simulator with the named variables as inputs: levers over time, constants once a run, initial values of stocks.

    `outputs` names the variables that runs return, all of the file's by default; `time` replaces the file's time span.
    Raises InvalidModel for equations without an order, InvalidRequest for names that do not fit.
    """
    return Simulator(
        compile_system(system, levers=levers, constants=constants, initial=initial, outputs=outputs, time=time)
    )


def simulate(
    system: System,
    *,
    levers: Given | None = None,
    constants: Given | None = None,
    initial: Given | None = None,
    outputs: Iterable[str] | None = None,
    time: TimeSpan | None = None,
) -> xr.Dataset:
    """One run: trajectories of all variables at the saved times, with the modeller's names, units and documentation.

    `levers` gives variables a path: an array (times, *dimensions), or a DataArray whose `time` coordinate says from when
    on each value holds. `constants` gives variables another constant value, `initial` stocks another initial value.
    A DataArray with a `run` dimension gives a batch of runs in one call.

    Raises SimulationError with variable, element and time where NaN or infinity appears.

    >>> import sd_models as sd
    >>> run = sd.simulate(sd.load("urbanization"), constants={"income elasticity of migration": 0.5})
    >>> run["national urban share"].dims
    ('time',)
    """
    batched = {n: v for n, v in (constants or {}).items() if isinstance(v, xr.DataArray) and "run" in v.dims}
    single = {name: value for name, value in (constants or {}).items() if name not in batched}
    changed = substitute(system, {name: _plain(system, name, value) for name, value in single.items()})
    simulator = compile(
        changed, levers=levers or (), constants=batched, initial=initial or (), outputs=outputs, time=time
    )
    return simulator.run(levers=levers, constants=batched, initial=initial)


def _plain(system: System, name: str, value: npt.ArrayLike | xr.DataArray) -> npt.ArrayLike:
    """A value as an array in the order of the variable's dimensions."""
    if not isinstance(value, xr.DataArray):
        return value
    return value.transpose(*system[name].dimensions).to_numpy() if value.dims else value.item()


@dataclass(frozen=True)
class Trajectories:
    """The raw numbers of a run: `outputs` (rows, times), `states` (rows, times), both at all times of the grid."""

    outputs: FloatArray
    states: FloatArray


@dataclass(frozen=True)
class InputValues:
    """Given values as columns of the compiled functions, for one run or for each of a batch."""

    levers: FloatArray  # (rows, times * runs)
    constants: FloatArray  # (rows, runs)
    initials: FloatArray  # (rows, runs)
    runs: int | None  # None for a single run


@dataclass(frozen=True)
class Simulator:
    """A compiled model that can be run again and again with other inputs."""

    model: Model

    @cached_property
    def _backward(self) -> dict[int, ca.Function]:
        return {}

    @property
    def system(self) -> System:
        """The model as the modeller wrote it."""
        return self.model.system

    @property
    def times(self) -> FloatArray:
        """All time points of a run, saved or not; lever paths have a value for each."""
        return self.model.grid.times

    def run(
        self, *, levers: Given | None = None, constants: Given | None = None, initial: Given | None = None
    ) -> xr.Dataset:
        """Trajectories of the outputs at the saved times; inputs that are not given keep the model's own values."""
        values = self.values(levers=levers, constants=constants, initial=initial)
        found = self.trajectories(values)
        self.check(values, found)
        return _dataset(self.model, found, values.runs)

    def check(self, values: InputValues, found: Trajectories) -> None:
        """SimulationError for NaN or infinity, unless the model itself says that values are missing."""
        if not np.isfinite(found.outputs).all():
            _check(self, values, found)

    def backward(self, outcomes: int) -> ca.Function:
        """(levers, constants, initials, outputs, seeds) to the gradients of that many outcomes, one behind the other.

        Seeds are the weights of each outcome over (rows of outputs, times), side by side.
        """
        return self._backward.setdefault(outcomes, self.model.forward.reverse(outcomes))

    def trajectories(self, values: InputValues) -> Trajectories:
        """The numbers of a run, unchecked: the fast way for many runs."""
        model, runs = self.model, values.runs or 1
        data, times = model.data_table, self.times[np.newaxis, :]
        count = times.shape[1]
        begin = model.start.map(runs) if runs > 1 else model.start
        go = model.run.map(runs) if runs > 1 else model.run
        first, start = values.levers[:, ::count], (_tiled(data[:, :1], runs), values.initials, _tiled(times[:, :1], runs))
        (x0,) = call(begin, first, values.constants, *start)
        constants = np.repeat(values.constants, count, axis=1)
        states, outputs = call(go, x0, values.levers, constants, _tiled(data, runs), _tiled(times, runs))
        return Trajectories(outputs, _states_at_times(states, x0))

    def values(
        self, *, levers: Given | None = None, constants: Given | None = None, initial: Given | None = None
    ) -> InputValues:
        """The inputs of a run as columns; InvalidRequest for what does not fit."""
        given = {"levers": levers or {}, "constants": constants or {}, "initial": initial or {}}
        runs = _runs(given, self.system)
        layouts = {"levers": self.model.levers, "constants": self.model.constants, "initial": self.model.initials}
        for role, part in given.items():
            _known(self.system, part, layouts[role], role)
        n = runs or 1
        return InputValues(
            self._columns(self.model.levers, given["levers"], n, over_time=True),
            self._columns(self.model.constants, given["constants"], n, over_time=False),
            self._columns(self.model.initials, given["initial"], n, over_time=False),
            runs,
        )

    def _columns(self, part: Layout, given: Given, runs: int, *, over_time: bool) -> FloatArray:
        """Values of a layout's variables below each other, (rows, [times *] runs)."""
        width = len(self.times) if over_time else 1
        columns = np.empty((part.size, runs * width))
        named = {self.system[name].name: value for name, value in given.items()}
        for name, rows in part.rows.items():
            variable = self.model.expanded.variables[name]
            value = named.get(name)
            for i in range(runs):
                one = value.isel(run=i) if isinstance(value, xr.DataArray) and "run" in value.dims else value
                if one is None:
                    array = self.defaults[name] if over_time else self.defaults[name][:, :1]
                elif over_time:
                    array = _path(self.model.expanded, variable, one, self.times)
                else:
                    plain = _plain(self.model.expanded, name, one)
                    array = shaped(self.model.expanded, variable, plain).reshape(-1, 1)
                columns[rows, i * width : (i + 1) * width] = array
        return columns

    @cached_property
    def defaults(self) -> Mapping[str, FloatArray]:
        """The model's own values of all inputs, each (rows, times): numbers where they cannot change, else from a run."""
        system, count = self.model.expanded, len(self.times)
        names = (*self.model.levers.rows, *self.model.constants.rows, *self.model.initials.rows)
        still = unchanging(system)
        fixed = numbers(system, [n for n in names if n in still], self.times[0], self.model.grid.step, initial=False)
        moving = [name for name in names if name not in still]
        defaults = {name: np.repeat(value[:, np.newaxis], count, axis=1) for name, value in fixed.items()}
        if moving:
            own = Simulator(compile_system(system, outputs=moving))
            found = own.trajectories(own.values()).outputs
            defaults.update({name: found[rows] for name, rows in own.model.outputs.rows.items()})
        return defaults


def _tiled(array: FloatArray, runs: int) -> FloatArray:
    return np.tile(array, (1, runs)) if runs > 1 else array


def _states_at_times(after: FloatArray, first: FloatArray) -> FloatArray:
    """States at each time, (rows, times * runs), from states after each step and the first states (rows, runs)."""
    runs = first.shape[1]
    by_run = after.reshape(len(after), runs, after.shape[1] // runs)
    return np.concatenate([first[:, :, np.newaxis], by_run[:, :, :-1]], axis=2).reshape(after.shape)


def _runs(given: Mapping[str, Given], system: System) -> int | None:
    """The number of runs that DataArrays with a `run` dimension ask for; None without one."""
    sizes = {
        value.sizes["run"]
        for part in given.values()
        for value in part.values()
        if isinstance(value, xr.DataArray) and "run" in value.dims
    }
    if len(sizes) > 1:
        found = f"the inputs have different numbers of runs: {', '.join(map(str, sorted(sizes)))}."
        raise InvalidRequest(Fault(found, file=system.name))
    return sizes.pop() if sizes else None


def _known(system: System, given: Given, part: Layout, role: str) -> None:
    """InvalidRequest for a given variable that was not compiled as an input."""
    for name in given:
        if system[name].name not in part.rows:
            found = f"{system[name].name!r} was not compiled as one of {role}."
            advice = f"Name it: sd.compile(system, {role}=[{system[name].name!r}])."
            raise InvalidRequest(Fault(found, file=system.name, advice=advice))


def _path(system: System, variable: Variable, value: Any, times: FloatArray) -> FloatArray:
    """A lever's value at every time, (rows, times)."""
    shape = system.shape(variable)
    if isinstance(value, xr.DataArray) and "time" in value.dims:
        return _held(system, variable, value, times)
    array = np.asarray(_plain(system, variable.name, value), dtype=np.float64)
    if array.ndim == len(shape) + 1 and array.shape[0] in (len(times), len(times) - 1):
        full = array if array.shape[0] == len(times) else np.concatenate([array, array[-1:]])
        if full.shape[1:] in ((), shape) and np.isfinite(full).all():
            return full.reshape(len(times), -1).T
    return np.repeat(shaped(system, variable, array).reshape(-1, 1), len(times), axis=1)


def _held(system: System, variable: Variable, value: xr.DataArray, times: FloatArray) -> FloatArray:
    """A path whose values hold from their own time on."""
    ordered = value.transpose("time", *variable.dimensions)
    starts = ordered["time"].to_numpy().astype(np.float64)
    slack = 1e-9 * max(1.0, float(np.abs(times).max()))
    if not (np.diff(starts) > 0).all() or starts[0] > times[0] + slack:
        found = f"the path of {variable.name!r} starts at {starts[0]:g}; expected ascending times from {times[0]:g} on."
        raise InvalidRequest(Fault(found, file=system.name))
    rows = np.searchsorted(starts, times + slack, side="right") - 1
    path = ordered.to_numpy().astype(np.float64)[rows]
    if path.shape[1:] != system.shape(variable) or not np.isfinite(path).all():
        found = f"the path of {variable.name!r} has shape {path.shape[1:]} or holds NaN."
        raise InvalidRequest(Fault(found, file=system.name, advice=f"Expected {system.shape(variable)}, all finite."))
    return path.reshape(len(times), -1).T


# --- results ----------------------------------------------------------------------------------------------------------


def _dataset(model: Model, found: Trajectories, runs: int | None) -> xr.Dataset:
    """The outputs at the saved times."""
    system, grid = model.system, model.grid
    count = len(grid.times)
    saved = grid.saved[grid.saved <= _last(model, found)]
    labels = {name: label(model, name) for name in model.expanded.dimensions}
    variables = {}
    for name in (*model.outputs.rows, *model.fixed):
        variable = model.expanded.variables[name]
        shape = model.expanded.shape(variable)
        if name in model.fixed:
            values = np.broadcast_to(model.fixed[name].reshape((1, *shape)), (runs or 1, len(saved), *shape))
        else:
            rows = found.outputs[model.outputs.rows[name]].reshape(-1, runs or 1, count)
            values = np.moveaxis(rows[:, :, saved], 0, -1).reshape((runs or 1, len(saved), *shape))
        leading = ("time",) if runs is None else ("run", "time")
        attributes = {"units": variable.unit, "long_name": variable.documentation}
        dimensions = (*leading, *(labels[d] for d in variable.dimensions))
        variables[name] = (dimensions, values[0] if runs is None else values, attributes)
    used = {d for name in variables for d in model.expanded.variables[name].dimensions}
    coordinates = {labels[d]: list(model.expanded.dimensions[d].elements) for d in model.expanded.dimensions if d in used}
    order = [v.name for v in system if v.name in variables]
    rest = [name for name in variables if name not in order]
    return xr.Dataset(
        {name: variables[name] for name in (*order, *rest)},
        coords={"time": grid.saved_times[: len(saved)], **coordinates},
        attrs={"model": system.name, "method": str(system.method), "notes": list(model.expanded.notes)},
    )


def label(model: Model, dimension: str) -> str:
    """The dimension's name in the dataset; a variable of the same name goes before it."""
    return f"{dimension} (subscript)" if dimension in model.expanded.variables else dimension


def _last(model: Model, found: Trajectories) -> int:
    """The index of the last time: FINAL TIME may move and end the run before its first value says."""
    last = len(model.grid.times) - 1
    rows = model.outputs.rows.get("FINAL TIME")
    if rows is None:
        return last
    ends = found.outputs[rows].reshape(-1)[: last + 1]
    over = np.flatnonzero(model.grid.times + model.grid.step * 1e-5 >= ends)
    return int(over[0]) if len(over) else last


def _check(simulator: Simulator, values: InputValues, found: Trajectories) -> None:
    """SimulationError for NaN or infinity, unless the model itself says that values are missing."""
    model = simulator.model
    allowed = _may_be_missing(model.expanded)
    bad = ~np.isfinite(found.outputs)
    for name, rows in model.outputs.rows.items():
        if name in allowed:
            bad[rows] = np.isinf(found.outputs[rows])
    count = len(simulator.times)
    if not bad.any():
        return
    when = int(np.flatnonzero(bad.any(axis=0))[0])
    raise SimulationError(_first_fault(simulator, values, when // count, when % count, allowed))


def _first_fault(simulator: Simulator, values: InputValues, run: int, step: int, allowed: frozenset[str]) -> Fault:
    """The first variable in the order of evaluation that is not a number, evaluated once more with all variables."""
    model, count = simulator.model, len(simulator.times)
    names = [v.name for v in model.expanded if v.kind is not Kind.TABLE]
    whole = Simulator(
        compile_system(model.expanded, levers=model.levers.rows, constants=model.constants.rows, initial=model.initials.rows, outputs=names)
    )
    one = InputValues(values.levers[:, run * count : (run + 1) * count], values.constants[:, run : run + 1], values.initials[:, run : run + 1], None)
    found = whole.trajectories(one).outputs
    for stage in stages(model.expanded, names):
        for name in stage.variables:
            rows = whole.model.outputs.rows.get(name)
            column = found[rows, step] if rows is not None else whole.model.fixed.get(name, np.zeros(0))
            wrong = np.isinf(column) if name in allowed else ~np.isfinite(column)
            if wrong.any():
                return _fault(model.expanded, name, int(np.flatnonzero(wrong)[0]), column, simulator.times[step])
    return Fault(f"NaN or infinity at time {simulator.times[step]:g}.", file=model.system.name)


def _fault(system: System, name: str, row: int, column: FloatArray, time: float) -> Fault:
    variable = system.variables[name]
    place = variable.place
    what = "infinite" if np.isinf(column[row]) else "not a number"
    element = element_names(system, variable)[row]
    advice = "Look for a division by zero, a logarithm or root of a negative number, or overflow; XIDZ and ZIDZ divide safely."
    return Fault(f"{element} is {what} at time {time:g}.", name, place.file if place else system.name, place.line if place else 0, advice)


def _may_be_missing(system: System) -> frozenset[str]:
    """Variables that :NA:, raw data, gaps in data or undefined elements reach."""
    reached = {v.name for v in system if _has_gaps(system, v)}
    users: dict[str, set[str]] = {}
    for variable in system:
        for side in _sides(variable):
            for name in references(side):
                users.setdefault(name, set()).add(variable.name)
    open_names = list(reached)
    while open_names:
        for user in users.get(open_names.pop(), set()) - reached:
            reached.add(user)
            open_names.append(user)
    return frozenset(reached)


def _sides(variable: Variable) -> list[Expr]:
    sides: list[Definition | None] = [side for e in variable.equations for side in (e.definition, e.initial)]
    return [side for side in sides if side is not None and not isinstance(side, Values | Series)]


def _has_gaps(system: System, variable: Variable) -> bool:
    for equation in variable.equations:
        match equation.definition:
            case Values(array=array) if np.isnan(array).any():
                return True
            case Series(interpolation=Interpolation.RAW):
                return True
            case Series(y=y) if np.isnan(y).any():
                return True
    if any(isinstance(node, Number) and np.isnan(node.value) for side in _sides(variable) for node in nodes(side)):
        return True
    return _undefined(system, variable)


def _undefined(system: System, variable: Variable) -> bool:
    """Whether some elements have no equation."""
    from .casadi_functions import Moment
    from .lowering import Lowering

    lowering = Lowering(system, {}, Moment(ca.DM(0), ca.DM(1), variable.name))
    defined = sum(int(lowering.kept(variable, e).sum()) for e in variable.equations)
    return defined < int(np.prod(system.shape(variable), dtype=np.int64))



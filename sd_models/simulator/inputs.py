"""What is given to a run: names and values from a person to columns of the compiled functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr

from ..dynamics.preparation import Layout
from ..dynamics.timing import slack
from ..errors import Fault, InvalidRequest, nearest
from ..rewrites.substitution import numeric, shaped
from ..system.model import FloatArray, System, Variable
from .compilation import CompiledModel
from .datasets import label

Value: TypeAlias = npt.ArrayLike | xr.DataArray
Given: TypeAlias = Mapping[str, Value]

# What the times of a path are called while a dimension of the model may have the name `time`; no model can have this.
STARTS = "times at which values begin"


@dataclass(frozen=True)
class Inputs:
    """Given values as columns, for one run (`runs` is None) or side by side for each of a batch.

    `levers` is (rows, times * runs), `constants` and `initials` are (rows, runs).
    """

    levers: FloatArray
    constants: FloatArray
    initials: FloatArray
    runs: int | None = None

    def one(self, run: int, times: int) -> Inputs:
        """The inputs of one run of a batch."""
        levers = self.levers[:, run * times : (run + 1) * times]
        return Inputs(levers, self.constants[:, run : run + 1], self.initials[:, run : run + 1])


def columns(
    model: CompiledModel, levers: Given, constants: Given, initial: Given, defaults: Mapping[str, FloatArray]
) -> Inputs:
    """The inputs of a run; what is not given has its default (rows, times). InvalidRequest for what does not fit."""
    roles = {"levers": (levers, model.levers), "constants": (constants, model.constants)}
    roles["initial"] = (initial, model.initials)
    for role, (given, layout) in roles.items():
        _check_known(model.expanded, given, layout, role)
    runs = _runs(model.system, levers, constants, initial)
    fill = _Filler(model, defaults, runs or 1)
    return Inputs(
        fill.paths(model.levers, levers),
        fill.once(model.constants, constants),
        fill.once(model.initials, initial),
        runs,
    )


def plain(system: System, variable: Variable, value: Value, *, leading: tuple[str, ...] = ()) -> npt.ArrayLike:
    """A value as an array in the order of the variable's dimensions, which may be labelled as in results.

    Dimensions in `leading`, which the variable has not, come first.
    """
    if not isinstance(value, xr.DataArray):
        return value
    labels = {label(system, dimension): dimension for dimension in variable.dimensions}
    value = value.reset_coords(drop=True).rename({old: new for old, new in labels.items() if old in value.dims})
    unknown = [str(name) for name in value.dims if name not in (*leading, *variable.dimensions)]
    if unknown:
        found = f"the value for {variable.name!r} has the dimension {unknown[0]!r}; expected {variable.dimensions}."
        raise InvalidRequest(Fault(found, file=system.name))
    named = [str(d) for d in value.dims if d in value.coords and d not in leading]
    labelled = {d: system.dimensions[d].elements for d in named}
    for dimension in labelled:
        _check_labels(system, variable, dimension, Counter(value[dimension].to_numpy().tolist()))
    ordered = value.reindex({d: list(elements) for d, elements in labelled.items()})
    return np.asarray(ordered.transpose(*(d for d in (*leading, *variable.dimensions) if d in value.dims)))


def _check_labels(system: System, variable: Variable, dimension: str, given: Counter[str]) -> None:
    """InvalidRequest for labels that are not the elements of a dimension, in any order."""
    elements = dict.fromkeys(system.dimensions[dimension].elements)
    unknown = [name for name in given if name not in elements]
    if unknown:
        found = f"the value for {variable.name!r} has {unknown[0]!r}, which is no element of {dimension!r}."
        raise InvalidRequest(Fault(found, file=system.name, advice=nearest(str(unknown[0]), elements)))
    odd = [name for name in elements if given[name] != 1]
    if odd:
        found = f"the value for {variable.name!r} has {odd[0]!r} of {dimension!r} {given[odd[0]]} times."
        raise InvalidRequest(Fault(found, file=system.name, advice="Give every element once."))


@dataclass(frozen=True)
class _Filler:
    """Fills columns variable by variable and run by run."""

    model: CompiledModel
    defaults: Mapping[str, FloatArray]
    runs: int

    def paths(self, layout: Layout, given: Given) -> FloatArray:
        """Values over time, (rows, times * runs)."""
        times = self.model.grid.times
        filled = np.empty((layout.size, self.runs, len(times)))
        for name, rows, variable, value in self._parts(layout, given):
            for run in range(self.runs):
                one = _of_run(value, run)
                path = self.defaults[name] if one is None else _path(self.model.expanded, variable, one, times)
                filled[rows, run] = path
        return filled.reshape(layout.size, self.runs * len(times))

    def once(self, layout: Layout, given: Given) -> FloatArray:
        """Values that hold for a whole run, (rows, runs)."""
        filled = np.empty((layout.size, self.runs))
        for name, rows, variable, value in self._parts(layout, given):
            for run in range(self.runs):
                one = _of_run(value, run)
                if one is None:
                    filled[rows, run] = self.defaults[name][:, 0]
                else:
                    array = plain(self.model.expanded, variable, one)
                    filled[rows, run] = shaped(self.model.expanded, variable, array).ravel()
        return filled

    def _parts(self, layout: Layout, given: Given) -> list[tuple[str, slice, Variable, Value | None]]:
        system = self.model.expanded
        named = {system[name].name: value for name, value in given.items()}
        return [(name, rows, system.variables[name], named.get(name)) for name, rows in layout.rows.items()]


def _of_run(value: Value | None, run: int) -> Value | None:
    return value.isel(run=run) if isinstance(value, xr.DataArray) and "run" in value.dims else value


def _runs(system: System, *given: Given) -> int | None:
    """The number of runs that DataArrays with a `run` dimension ask for; None without one."""
    arrays = (value for part in given for value in part.values() if isinstance(value, xr.DataArray))
    sizes = {array.sizes["run"] for array in arrays if "run" in array.dims}
    if len(sizes) > 1 or 0 in sizes:
        found = f"the inputs are for {' and '.join(map(str, sorted(sizes)))} runs; expected one number above 0."
        raise InvalidRequest(Fault(found, file=system.name))
    return sizes.pop() if sizes else None


def _check_known(system: System, given: Given, layout: Layout, role: str) -> None:
    """InvalidRequest for a given variable that was not compiled as an input."""
    for name in given:
        if system[name].name not in layout.rows:
            found = f"{system[name].name!r} was not compiled as one of {role}."
            advice = f"Name it: sd.compile(system, {role}=[{system[name].name!r}])."
            raise InvalidRequest(Fault(found, file=system.name, advice=advice))


def _path(system: System, variable: Variable, value: Value, times: FloatArray) -> FloatArray:
    """A lever's value at every time, (rows, times)."""
    shape = system.shape(variable)
    if isinstance(value, xr.DataArray) and "time" in value.dims:
        return _held(system, variable, value, times)
    array = numeric(system, variable, plain(system, variable, value))
    if array.ndim == len(shape) + 1 and array.shape[1:] == shape and array.shape[0] in (len(times), len(times) - 1):
        full = array if array.shape[0] == len(times) else np.concatenate([array, array[-1:]])
        return _finite(system, variable, full).reshape(len(times), -1).T
    return np.repeat(shaped(system, variable, array).reshape(-1, 1), len(times), axis=1)


def _held(system: System, variable: Variable, value: xr.DataArray, times: FloatArray) -> FloatArray:
    """A path whose values hold from their own time on."""
    starts = numeric(system, variable, value["time"].to_numpy()) if "time" in value.coords else np.zeros(0)
    if not len(starts) or not (np.diff(starts) > 0).all() or starts[0] > times[0] + slack(times):
        what = f"starts at {starts[0]:g}" if len(starts) else "has no times"
        found = f"the path of {variable.name!r} {what}; expected ascending times from {times[0]:g} on."
        raise InvalidRequest(Fault(found, file=system.name))
    rows = np.searchsorted(starts, times + slack(times), side="right") - 1
    unlabelled = value.drop_vars("time").rename(time=STARTS)
    values = numeric(system, variable, plain(system, variable, unlabelled, leading=(STARTS,)))
    first = shaped(system, variable, values[0])
    wide = values.reshape(len(values), *(values.shape[1:] or (1,) * first.ndim))
    whole = np.broadcast_to(_finite(system, variable, wide), (len(values), *first.shape))
    return whole[rows].reshape(len(times), -1).T


def _finite(system: System, variable: Variable, array: FloatArray) -> FloatArray:
    if not np.isfinite(array).all():
        raise InvalidRequest(Fault(f"the path of {variable.name!r} holds NaN or infinity.", file=system.name))
    return array

"""The numbers of a run as an `xarray.Dataset` with the modeller's names, units and documentation."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from ..dynamics.timing import TOLERANCE
from ..system.model import FloatArray, System, Variable
from .compilation import CompiledModel

# Dimensions that results have besides those of the model.
OWN_DIMENSIONS = frozenset(("time", "run", "outcome"))


def label(system: System, dimension: str) -> str:
    """The dimension's name in a dataset; variables and the dimensions that all results have go before it."""
    taken = dimension in system.variables or dimension in OWN_DIMENSIONS
    return f"{dimension} (subscript)" if taken else dimension


@dataclass(frozen=True)
class Trajectories:
    """The numbers of a run, or of a batch side by side: (rows, times * runs) of outputs and of states.

    `found` brings the states, which few ask for, into that form.
    """

    outputs: FloatArray
    found: Callable[[], FloatArray]

    @cached_property
    def states(self) -> FloatArray:
        """The stocks and samples at each time, (rows, times * runs)."""
        return self.found()


@dataclass(frozen=True)
class Frame:
    """What all datasets of a model share: dimensions, coordinates, attributes."""

    model: CompiledModel

    def dataset(self, found: Trajectories, runs: int | None) -> xr.Dataset:
        """The outputs at the saved times; a batch has a leading `run` dimension."""
        saved = self.model.grid.saved[self.model.grid.saved <= self._last(found)]
        variables = {name: self._variable(name, found, runs, saved) for name in self._names}
        return xr.Dataset(
            variables,
            coords={"time": self.model.grid.saved_times[: len(saved)], **self.coordinates},
            attrs={
                "model": self.model.system.name,
                "method": str(self.model.system.method),
                "notes": list(self.model.expanded.notes),
            },
        )

    def label(self, dimension: str) -> str:
        """The dimension's name in a dataset."""
        return label(self.model.expanded, dimension)

    @cached_property
    def coordinates(self) -> Mapping[Hashable, xr.Variable]:
        """The elements of the dimensions that outputs or inputs have."""
        model = self.model
        shown = (*self._names, *model.levers.rows, *model.constants.rows, *model.initials.rows)
        used = dict.fromkeys(d for name in shown for d in model.expanded.variables[name].dimensions)
        labels = {d: self.label(d) for d in used}
        return {labels[d]: xr.Variable(labels[d], list(model.expanded.dimensions[d].elements)) for d in used}

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """The outputs in the order of the file, behind them those that rewrites added."""
        shown = {*self.model.outputs.rows, *self.model.fixed}
        own = [variable.name for variable in self.model.system if variable.name in shown]
        return (*own, *(name for name in self.model.expanded.variables if name in shown.difference(own)))

    def _variable(
        self, name: str, found: Trajectories, runs: int | None, saved: np.ndarray[tuple[int], np.dtype[np.int64]]
    ) -> xr.Variable:
        variable = self.model.expanded.variables[name]
        shape = self.model.expanded.shape(variable)
        count = runs or 1
        if name in self.model.fixed:
            values = np.broadcast_to(self.model.fixed[name].reshape((1, 1, *shape)), (count, len(saved), *shape))
        else:
            block = found.outputs[self.model.outputs.rows[name]]
            points = block.reshape(len(block), count, -1)[:, :, saved]
            values = np.moveaxis(points, 0, -1).reshape((count, len(saved), *shape))
        leading = ("time",) if runs is None else ("run", "time")
        dimensions = (*leading, *(self.label(d) for d in variable.dimensions))
        return xr.Variable(dimensions, values[0] if runs is None else values, _attributes(variable))

    def _last(self, found: Trajectories) -> int:
        """The index of the last time: FINAL TIME may move and end the run, of a batch the longest, before its time."""
        grid, end = self.model.grid, self.model.moving_end
        if end is None:
            return len(grid.times) - 1
        ends = found.outputs[self.model.outputs.rows[end]].reshape(-1, len(grid.times))
        over = grid.times + grid.step * TOLERANCE >= ends
        over[:, -1] = True
        return int(over.argmax(axis=1).max())


def _attributes(variable: Variable) -> dict[str, str]:
    return {"units": variable.unit, "long_name": variable.documentation}

"""Runs: given paths and values in, trajectories out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import casadi as ca
import numpy as np
import xarray as xr

from ..dynamics.timing import TimeSpan
from ..errors import SimulationError
from ..numbers.evaluation import numbers
from ..rewrites.folding import unchanging
from ..rewrites.substitution import substitute
from ..system.model import FloatArray, System
from ..targets.casadi.buffers import call
from ..targets.native import model as native
from .compilation import CompiledModel, compile_system
from .concurrency import concurrently
from .datasets import Frame, Trajectories
from .diagnosis import first_fault, may_be_missing, needed, wrong
from .engines import Engine
from .inputs import Given, Inputs, columns, plain


def compile(
    system: System,
    *,
    levers: Iterable[str] = (),
    constants: Iterable[str] = (),
    initial: Iterable[str] = (),
    outputs: Iterable[str] | None = None,
    time: TimeSpan | None = None,
    engine: Engine | str | None = None,
) -> Simulator:
    """A simulator with the named variables as inputs: levers over time, constants once a run, initial values of stocks.

    `outputs` names the variables that runs return, all of the file's by default; `time` replaces the file's time span;
    `engine` is `native` or `casadi`; by default native where this machine can make kernels.
    Raises InvalidModel for equations without an order, InvalidRequest for names that do not fit.

    >>> import sd_models as sd
    >>> simulator = sd.compile(sd.load("urbanization"), constants=["mobility"], outputs=["national urban share"])
    >>> list(simulator.run(constants={"mobility": 0.03}))
    ['national urban share']
    """
    return Simulator(
        compile_system(
            system, levers=levers, constants=constants, initial=initial, outputs=outputs, time=time, engine=engine
        )
    )


def simulate(
    system: System,
    *,
    levers: Given | None = None,
    constants: Given | None = None,
    initial: Given | None = None,
    outputs: Iterable[str] | None = None,
    time: TimeSpan | None = None,
    engine: Engine | str | None = None,
) -> xr.Dataset:
    """One run: trajectories of all variables at the saved times, with the modeller's names, units and documentation.

    `levers` gives variables a path: an array `(times, *dimensions)`, or a DataArray whose `time` coordinate says from
    when on each value holds. `constants` gives variables another constant value, `initial` stocks another initial
    value. A DataArray with a `run` dimension gives a batch of runs in one call.

    Raises SimulationError with variable, element and time where NaN or infinity appears.

    >>> import sd_models as sd
    >>> run = sd.simulate(sd.load("urbanization"), outputs=["national urban share"])
    >>> run["national urban share"].dims
    ('time',)
    """
    given = constants or {}
    batched = {name: value for name, value in given.items() if isinstance(value, xr.DataArray) and "run" in value.dims}
    single = {name: plain(system, system[name], value) for name, value in given.items() if name not in batched}
    simulator = compile(
        substitute(system, single),
        levers=levers or (),
        constants=batched,
        initial=initial or (),
        outputs=outputs,
        time=time,
        engine=engine,
    )
    return simulator.run(levers=levers, constants=batched, initial=initial)


@dataclass(frozen=True)
class Simulator:
    """A compiled model that can be run again and again with other inputs.

    >>> import sd_models as sd
    >>> simulator = sd.compile(sd.load("urbanization"), constants=["mobility"], outputs=["national urban share"])
    >>> simulator.times[[0, -1]].tolist()
    [2010.0, 2050.0]
    >>> runs = [simulator.run(constants={"mobility": value}) for value in (0.02, 0.03)]
    >>> bool(runs[0]["national urban share"][-1] < runs[1]["national urban share"][-1])
    True
    """

    model: CompiledModel

    @property
    def system(self) -> System:
        """The model as the modeller wrote it."""
        return self.model.system

    @property
    def times(self) -> FloatArray:
        """All time points of a run, saved or not; lever paths have a value for each."""
        return self.model.grid.times

    @cached_property
    def frame(self) -> Frame:
        """Names, dimensions and coordinates of results."""
        return Frame(self.model)

    def run(
        self, *, levers: Given | None = None, constants: Given | None = None, initial: Given | None = None
    ) -> xr.Dataset:
        """Trajectories of the outputs at the saved times; inputs that are not given keep the model's own values."""
        inputs = self.inputs(levers=levers, constants=constants, initial=initial)
        found = self.trajectories(inputs)
        self.check(inputs, found)
        return self.frame.dataset(found, inputs.runs)

    def inputs(
        self, *, levers: Given | None = None, constants: Given | None = None, initial: Given | None = None
    ) -> Inputs:
        """The inputs of a run as columns; InvalidRequest for what does not fit."""
        return columns(self.model, levers or {}, constants or {}, initial or {}, self.defaults)

    def trajectories(self, inputs: Inputs) -> Trajectories:
        """The numbers of a run, unchecked: the fast way for many runs."""
        kernels, runs = self.model.native, inputs.runs or 1
        if kernels is None:
            return self._by_casadi(inputs, runs)
        if runs == 1:
            found = kernels.run(self.given(inputs))
            return Trajectories(kernels.outputs(found), lambda: kernels.stocks(found))
        count = len(self.times)
        outputs = np.empty((self.model.outputs.size, runs * count))

        def one(run: int) -> None:
            kernels.write_outputs(self.given(inputs, run), outputs[:, run * count : (run + 1) * count])

        concurrently(one, range(runs))
        return Trajectories(outputs, lambda: self._states(kernels, inputs, runs))

    def _states(self, kernels: native.NativeModel, inputs: Inputs, runs: int) -> FloatArray:
        """The stocks of a batch, by its runs once more: hardly anybody asks for them."""
        found = (kernels.stocks(kernels.run(self.given(inputs, run))) for run in range(runs))
        return np.concatenate(list(found), axis=1)

    def given(self, inputs: Inputs, run: int = 0) -> native.RunInputs:
        """What kernels take of one run of a batch."""
        one = inputs.one(run, len(self.times)) if inputs.runs else inputs
        return native.RunInputs(one.levers, one.constants[:, 0], one.initials[:, 0])

    def prepare(self, runs: int) -> None:
        """Makes what batches of so many runs need: threads may run them at once, but not make it."""
        if self.model.native is None:
            self._functions(runs)

    def _by_casadi(self, inputs: Inputs, runs: int) -> Trajectories:
        count = len(self.times)
        begin, go = self._functions(runs)
        data, times = np.tile(self.model.data_table, (1, runs)), np.tile(self.times[np.newaxis, :], (1, runs))
        first = inputs.levers[:, ::count], inputs.constants, data[:, ::count], inputs.initials, times[:, ::count]
        (x0,) = call(begin, *first)
        states, outputs = call(go, x0, inputs.levers, np.repeat(inputs.constants, count, axis=1), data, times)
        return Trajectories(outputs, lambda: _at_times(states, x0))

    def _functions(self, runs: int) -> tuple[ca.Function, ca.Function]:
        """The functions to the first stocks and of the run, for so many runs side by side; built once for each."""
        if runs not in self._batch:
            start, run = self.model.start, self.model.run
            self._batch[runs] = (start, run) if runs == 1 else (start.map(runs), run.map(runs))
        return self._batch[runs]

    @cached_property
    def _batch(self) -> dict[int, tuple[ca.Function, ca.Function]]:
        return {}

    def check(self, inputs: Inputs, found: Trajectories) -> None:
        """SimulationError for NaN or infinity, unless the model itself says that values are missing."""
        bad = wrong(self.model, found)
        if bad.any():
            run, step = divmod(int(np.flatnonzero(bad)[0]), len(self.times))
            whole = self._with_causes()
            again = whole.trajectories(inputs.one(run, len(self.times)))
            raise SimulationError(first_fault(whole.model, again, step, may_be_missing(self.model)))

    def backward(self, outcomes: int) -> ca.Function:
        """(levers, constants, initials, outputs, weights) to the gradients of that many outcomes, side by side.

        `weights` are those of each outcome over (rows of outputs, times), side by side. Built once for each number.

        Why CasADi's reverse of the whole run, though it runs forward once more: the gradient written as one expression
        with the run, which would share that, is four times slower.
        """
        if outcomes not in self._backward:
            self._backward[outcomes] = self.model.forward.reverse(outcomes)
        return self._backward[outcomes]

    def ahead(self, directions: int) -> ca.Function:
        """(levers, constants, initials, outputs, and a direction of each input) to the derivatives of the outputs.

        That many directions and derivatives stand side by side. Built once for each number.
        """
        if directions not in self._ahead:
            self._ahead[directions] = self.model.forward.forward(directions)
        return self._ahead[directions]

    @cached_property
    def _ahead(self) -> dict[int, ca.Function]:
        return {}

    @cached_property
    def _backward(self) -> dict[int, ca.Function]:
        return {}

    def _with_causes(self) -> Simulator:
        """The same run with all that the outputs follow from among its outputs."""
        model = self.model
        system = model.expanded
        return compile(
            system,
            levers=model.levers.rows,
            constants=model.constants.rows,
            initial=model.initials.rows,
            outputs=needed(system, (*model.outputs.rows, *model.fixed)),
        )

    @cached_property
    def defaults(self) -> Mapping[str, FloatArray]:
        """The model's own values of all inputs, each (rows, times): numbers where they cannot change, else a run."""
        system, count = self.model.expanded, len(self.times)
        names = (*self.model.levers.rows, *self.model.constants.rows, *self.model.initials.rows)
        still = unchanging(system)
        fixed = numbers(system, [n for n in names if n in still], self.times[0], self.model.grid.step, initial=False)
        defaults = {name: np.repeat(value[:, np.newaxis], count, axis=1) for name, value in fixed.items()}
        moving = [name for name in names if name not in still]
        if moving:
            own = compile(system, outputs=moving, engine=Engine.CASADI)
            found = own.trajectories(own.inputs()).outputs
            defaults.update({name: found[rows] for name, rows in own.model.outputs.rows.items()})
        return defaults


def _at_times(after: FloatArray, first: FloatArray) -> FloatArray:
    """States at each time, (rows, times * runs), from states after each step and the first states (rows, runs)."""
    runs = first.shape[1]
    by_run = after.reshape(len(after), runs, after.shape[1] // runs)
    return np.concatenate([first[:, :, np.newaxis], by_run[:, :, :-1]], axis=2).reshape(after.shape)

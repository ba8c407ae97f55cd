"""A plan meets a model: every name found, every limit a row, every outcome a weighted sum over a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import networkx as nx
import numpy as np
import xarray as xr

from sd_models.analysis.loops import influences
from sd_models.errors import Fault, InvalidRequest, SimulationError
from sd_models.simulator.datasets import label
from sd_models.simulator.measures import Measure
from sd_models.simulator.simulation import Simulator, compile
from sd_models.simulator.timing import TimeSpan, time_grid, with_time
from sd_models.system.model import FloatArray, Kind, System

from ..files.gathering import Faults
from ..plans.affine import Affine
from ..plans.horizon import Horizon, Window, WindowKind, Windows, horizon_end, horizon_of
from ..plans.kinds import free_name
from ..plans.levers import LeverBlock, LeverMap
from ..plans.limits import Binder, Cells, Rows, check_where, gathered, numbers
from ..plans.plan import Amount, Lever, Objective, Plan, ValueAt
from ..plans.quantities import Quantities, Registry
from .outcomes import SimulatedOutcomes


@dataclass(frozen=True)
class Bound:
    """What a plan means for a model: levers, rows of limits, the outcomes that these and the objective need, and the
    objective, one row of levers and outcomes."""

    blocks: tuple[LeverBlock, ...]
    rows: tuple[Rows, ...]
    quantities: Quantities
    objective: Affine


@dataclass(frozen=True)
class Problem:
    """A model and a plan for it; InvalidRequest lists every name and number of the plan that does not fit the model.

    The number n of levers counts every element and period of every lever; a policy is a vector x of that length.

    Nothing is compiled or run before something is asked that needs it: names, elements, periods and dimensions are
    checked at once, without a run.
    """

    system: System
    plan: Plan
    file: str = ""

    def __post_init__(self) -> None:
        self._check_names()
        self._check_horizon()
        _ = self._bind(_Unknown(self.system, len(self.horizon.points)))

    @cached_property
    def simulator(self) -> Simulator:
        """The model with the levers as inputs and all that the plan names as outputs, to the end of the horizon."""
        return compile(
            self.system,
            levers=self.lever_names,
            outputs=self.output_names,
            time=TimeSpan(stop=horizon_end(self.plan)),
        )

    @cached_property
    def horizon(self) -> Horizon:
        """Periods and points from the first decision to the end."""
        return horizon_of(self.plan, time_grid(with_time(self.system, TimeSpan(stop=horizon_end(self.plan)))))

    @cached_property
    def lever_names(self) -> tuple[str, ...]:
        """The variables that may be decided."""
        return tuple(dict.fromkeys(self.system[lever.variable].name for lever in self.plan.levers))

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """The variables other than levers that the plan names."""
        names = dict.fromkeys(self.system[name].name for name in self.plan.names)
        return tuple(name for name in names if name not in self.lever_names)

    @cached_property
    def moved(self) -> frozenset[str]:
        """The variables that the levers reach."""
        graph = influences(self.system)
        return frozenset().union(*(nx.descendants(graph, name) for name in self.lever_names if name in graph))

    @cached_property
    def own_paths(self) -> Mapping[str, FloatArray]:
        """The paths (elements, points of the horizon) of levers and outputs in the model's own run."""
        simulator, first = self.simulator, self.horizon.first
        inputs = simulator.inputs()
        found = simulator.trajectories(inputs)
        simulator.check(inputs, found)
        paths = {name: found.outputs[rows, first:] for name, rows in simulator.model.outputs.rows.items()}
        still = {n: np.repeat(v[:, np.newaxis], len(self.horizon.points), 1) for n, v in simulator.model.fixed.items()}
        levers = {name: inputs.levers[rows, first:] for name, rows in simulator.model.levers.rows.items()}
        return {**paths, **still, **levers}

    @cached_property
    def bound(self) -> Bound:
        """The levers, rows and outcomes of the plan."""
        return self._bind(self.own_paths)

    def _bind(self, paths: Mapping[str, FloatArray]) -> Bound:
        """The plan's names found in the model; `paths` give the numbers of what no lever moves."""
        faults = Faults(self.file)
        registry = Registry(len(self.horizon.points))
        binder = Binder(self.system, self.horizon, (), self.moved, paths, registry)
        blocks = tuple(self._blocks(binder, faults))
        faults.raise_all()
        binder = replace(binder, blocks=blocks)
        objective = Affine.numbers([0.0])
        with faults.at("objective"):
            objective = self._objective(binder)
        rows = tuple(_named_apart(self._rows(binder, faults)))
        faults.raise_all()
        return Bound(blocks, rows, registry.done(), objective)

    # --- policies -------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The number of levers."""
        return sum(block.lower.size for block in self.bound.blocks)

    @cached_property
    def lower(self) -> FloatArray:
        """The least value of each lever, minus infinity where there is none."""
        return np.concatenate([block.lower.ravel() for block in self.bound.blocks])

    @cached_property
    def upper(self) -> FloatArray:
        """The largest value of each lever, infinity where there is none."""
        return np.concatenate([block.upper.ravel() for block in self.bound.blocks])

    @cached_property
    def own(self) -> FloatArray:
        """The model's own values of all levers, the mean over each period."""
        return self.levers.inverse(self.levers.own)

    @cached_property
    def levers(self) -> LeverMap:
        """A policy as the inputs of the compiled model over the horizon."""
        rows = self.simulator.model.levers.rows
        return LeverMap(self.bound.blocks, rows, np.concatenate([self.own_paths[name] for name in rows]))

    @cached_property
    def outcomes(self) -> SimulatedOutcomes:
        """What the compiled model makes of a policy, as solvers ask for it."""
        return SimulatedOutcomes(self.simulator, self.horizon, self.levers, self.bound.quantities)

    @cached_property
    def peaks(self) -> FloatArray:
        """What each outcome would be if its element kept its largest absolute value along the run of the own levers."""
        quantities = self.bound.quantities
        largest = [np.abs(self.own_paths[name][element]).max() for name, element in quantities.elements]
        return np.asarray(np.array(largest) * np.abs(quantities.weights).sum(axis=1)[quantities.windows])

    def complaint(self, x: FloatArray) -> str:
        """What is wrong with the run of a policy: the variable, element and time at which it leaves the numbers."""
        inputs = self.simulator.inputs(levers=self.policy(x))
        try:
            self.simulator.check(inputs, self.simulator.trajectories(inputs))
        except SimulationError as error:
            return str(error)
        return "an outcome is no number."

    def policy(self, x: FloatArray) -> dict[str, xr.DataArray]:
        """The paths of all lever variables at every time of a run, as `sd.simulate` and `sd.replay` take them."""
        model = self.simulator.model
        own = np.concatenate([self.simulator.defaults[name] for name in model.levers.rows])
        columns = np.concatenate([own[:, : self.horizon.first], self.levers.paths(x)], axis=1)
        return {name: self._labelled(name, columns[rows]) for name, rows in model.levers.rows.items()}

    def _labelled(self, name: str, path: FloatArray) -> xr.DataArray:
        variable, times = self.system[name], self.simulator.times
        axes = {label(self.system, d): list(self.system.dimensions[d].elements) for d in variable.dimensions}
        array = path.T.reshape((len(times), *self.system.shape(variable)))
        attributes = {"units": variable.unit, "long_name": variable.documentation}
        return xr.DataArray(array, {"time": times, **axes}, ("time", *axes), name=name, attrs=attributes)

    # --- binding --------------------------------------------------------------------------------------------------

    def _check_names(self) -> None:
        """InvalidRequest for variables that are not there or cannot be decided, all at once."""
        faults = Faults(self.file)
        for place, name in self.plan.named:
            with faults.at(place):
                _ = self.system[name]
        for lever in self.plan.levers:
            with faults.at(f"lever {lever.variable!r}"):
                self._check_lever(lever)
        faults.raise_all()

    def _check_horizon(self) -> None:
        faults = Faults(self.file)
        with faults.at("horizon"):
            _ = self.horizon
        faults.raise_all()

    def _check_lever(self, lever: Lever) -> None:
        if lever.variable not in self.system:
            return
        kind = self.system[lever.variable].kind
        if kind not in (Kind.CONSTANT, Kind.AUXILIARY, Kind.DATA):
            advice = "Take a constant, an auxiliary or a data variable that acts on it."
            raise InvalidRequest(Fault(f"it is a {kind}, which follows from other variables.", advice=advice))

    def _blocks(self, binder: Binder, faults: Faults) -> Iterator[LeverBlock]:
        first = 0
        taken: dict[str, set[int]] = {}
        for lever in self.plan.levers:
            with faults.at(f"lever {lever.variable!r}"):
                block = self._block(binder, lever, first)
                self._check_apart(block, taken.setdefault(block.variable, set()))
                first += block.lower.size
                yield block

    def _block(self, binder: Binder, lever: Lever, first: int) -> LeverBlock:
        variable, horizon = self.system[lever.variable], self.horizon
        check_where(lever.where, variable.dimensions)
        cells = Cells(binder.places(variable, lever.where))
        period, windows = horizon.periods(lever.every), horizon.means(lever.every)
        starts = windows.times
        least, most = variable.limits
        lower = self._bound_values(binder, lever.lower, cells, windows, -np.inf, least)
        upper = self._bound_values(binder, lever.upper, cells, windows, np.inf, most)
        if lever.fixed is not None:
            lower = upper = np.tile(numbers(lever.fixed, starts), (cells.size, 1))
        if (lower > upper).any():
            at = starts[int(np.argwhere(lower > upper)[0][1])]
            raise InvalidRequest(Fault(f"its lower bound is above its upper bound at {at:g}."))
        flat = cells.flat(variable.dimensions, self.system.shape(variable))
        return LeverBlock(lever, variable.name, first, flat, period, starts, lower, upper)

    def _bound_values(
        self, binder: Binder, amount: Amount | None, cells: Cells, windows: Windows, free: float, own: float | None
    ) -> FloatArray:
        """A bound in numbers (elements, periods): where the plan gives none the model's `own`; where there is none of
        that either, or a row holds it, `free`."""
        shape = (cells.size, len(windows.each))
        if amount is None:
            return np.full(shape, free if own is None else own)
        if isinstance(amount, ValueAt):
            raise InvalidRequest(Fault("a bound is a number, points, or the name of a variable."))
        if isinstance(amount, str) and (self.system[amount].name in (*self.moved, *self.lever_names)):
            return np.full(shape, free)
        return binder.amount(amount, cells, windows).constant.reshape(shape)

    def _check_apart(self, block: LeverBlock, taken: set[int]) -> None:
        again = taken.intersection(block.elements.tolist())
        if again:
            advice = "Give each lever a `where` of its own."
            raise InvalidRequest(Fault("two levers decide the same elements.", advice=advice))
        taken.update(block.elements.tolist())

    def _objective(self, binder: Binder) -> Affine:
        """The objective as one row; one of the plan's variables summed over elements and time."""
        objective = self.plan.objective
        variable = self.system[objective.variable]
        if not binder.is_moved(variable.name):
            advice = f"`sd.describe` shows what a variable follows from. The levers are: {', '.join(self.lever_names)}."
            raise InvalidRequest(Fault(f"no lever reaches {variable.name!r}.", advice=advice))
        check_where(objective.where, variable.dimensions)
        cells = Cells(binder.places(variable, objective.where))
        row = objective_weights(self.horizon, objective.measure, objective.discount, objective.final_weight)
        whole = Windows((objective_window(self.horizon, objective),), row[np.newaxis])
        found = binder.measured(variable, cells.flat(variable.dimensions, self.system.shape(variable)), whole)
        return gathered(found, np.zeros(len(found), dtype=np.int64), 1)

    def _rows(self, binder: Binder, faults: Faults) -> Iterator[Rows]:
        for limit in self.plan.limits:
            with faults.at(f"limit {limit.name!r}"):
                yield binder.limit(limit)
        for block in binder.blocks:
            with faults.at(f"lever {block.variable!r}"):
                yield from binder.bounds(block)
                yield from binder.ramps(block)


@dataclass(frozen=True, eq=False)
class _Unknown(Mapping[str, FloatArray]):
    """Paths (elements, points) that nobody has run: no numbers of the right shape."""

    system: System
    points: int

    def __getitem__(self, name: str) -> FloatArray:
        return np.full((int(np.prod(self.system.shape(self.system[name]), dtype=np.int64)), self.points), np.nan)

    def __iter__(self) -> Iterator[str]:
        return iter(self.system.variables)

    def __len__(self) -> int:
        return len(self.system.variables)


def _named_apart(found: Iterable[Rows]) -> Iterator[Rows]:
    """The rows, the second of one name numbered."""
    taken: set[str] = set()
    for rows in found:
        name = free_name(rows.name, taken)
        taken.add(name)
        yield replace(rows, name=name)


def objective_window(horizon: Horizon, objective: Objective) -> Window:
    """The window of the objective; where nothing is discounted and no value weighs twice, that of a limit likewise."""
    first, last = float(horizon.points[0]), float(horizon.points[-1])
    if objective.discount or objective.final_weight:
        return Window(WindowKind.OBJECTIVE, first, last)
    plain = {Measure.FINAL: horizon.final.each[0], Measure.INTEGRAL: Window(WindowKind.TOTAL, first, last)}
    return plain.get(objective.measure, Window(WindowKind.OBJECTIVE, first, last))


def objective_weights(horizon: Horizon, measure: Measure, discount: float, final_weight: float) -> FloatArray:
    """The weight of each point of the horizon in the objective."""
    since = horizon.points - horizon.points[0]
    discounted = np.exp(-discount * since)
    last = np.zeros(len(since))
    last[-1] = discounted[-1]
    if measure is Measure.FINAL:
        return last * (1.0 + final_weight)
    inner = np.where(np.arange(len(since)) < len(since) - 1, horizon.time_step * discounted, 0.0)
    scale = horizon.length if measure is Measure.MEAN else 1.0
    return inner / scale + final_weight * last

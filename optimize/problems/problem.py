"""A plan meets a model: every name found, every limit a row, every outcome a weighted sum over a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import TimeGrid, TimeSpan, slack, time_grid, with_time
from sd_models.errors import Fault, InvalidRequest, ModelError, SimulationError
from sd_models.simulator.datasets import label
from sd_models.simulator.simulation import Simulator, compile
from sd_models.system.model import FloatArray, System

from ..files.gathering import Faults
from ..headlines.choice import Goal, headlines_towards
from ..headlines.headline import Headline
from ..plans.assumptions import Assumption, assumed, assumptions
from ..plans.horizon import Horizon, clock_of, fitted, horizon_end, horizon_faults, horizon_of
from ..plans.levers import LeverMap
from ..plans.plan import Plan
from .binding import Bound, bind, check_words
from .causes import assuming, explained
from .outcomes import HorizonRun, SimulatedOutcomes
from .unmoved import Unmoved, unmoved


@dataclass(frozen=True)
class Problem:
    """A model and a plan for it; InvalidRequest lists every name and number of the plan that does not fit the model.

    The number n of levers counts every element and period of every lever; a policy is a vector x of that length.

    `given` is the model as it was given, and `system` the one with the plan's constants in place of its own: nothing
    that follows from a problem sees another. `assumptions` are those that differ.

    Nothing is compiled or run before something is asked that needs it: names, elements, periods and dimensions are
    checked at once, without a run.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> problem = opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization"))
    >>> problem.size  # 31 provinces, two periods
    62
    """

    system: System
    plan: Plan
    file: str = ""
    given: System = field(init=False, repr=False)
    assumptions: tuple[Assumption, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises for everything that is wrong with the plan at once."""
        faults = Faults(self.file)
        object.__setattr__(self, "given", self.system)
        object.__setattr__(self, "system", assumed(self.given, self.plan, faults))
        check_words(self.system, self.plan, faults)
        clock = clock_of(self.system)
        faults.keep(horizon_faults(self.plan, clock))
        plan = fitted(self.plan, clock)  # what else is wrong shows in a plan whose times do
        bind(self.system, plan, horizon_of(plan, self._grid(plan)), None, faults)
        faults.raise_all()
        object.__setattr__(self, "assumptions", assumptions(self.given, self.plan))

    def _grid(self, plan: Plan) -> TimeGrid:
        """The points of a run to the end of a plan."""
        return time_grid(with_time(self.system, TimeSpan(stop=horizon_end(plan))))

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
        return horizon_of(self.plan, self._grid(self.plan))

    @cached_property
    def lever_names(self) -> tuple[str, ...]:
        """The variables that may be decided."""
        return tuple(dict.fromkeys(self.system[lever.variable].name for lever in self.plan.levers))

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """The variables other than levers that the plan names."""
        names = dict.fromkeys(self.system[name].name for name in self.plan.names)
        return tuple(name for name in names if name not in self.lever_names)

    def headlines(self, run: xr.Dataset | None = None) -> tuple[Headline, ...]:
        """What people look at first; where no table beside the model tells, by how variables move in this run."""
        goal = self.plan.objective
        return headlines_towards(
            Goal(goal.variable, goal.sign > 0, self.plan.limited, self.lever_names), self.system, run
        )

    @cached_property
    def own_paths(self) -> Mapping[str, FloatArray]:
        """The paths (elements, points of the horizon) of levers and outputs in the model's own run."""
        simulator, first = self.simulator, self.horizon.first
        inputs = simulator.inputs()
        found = simulator.trajectories(inputs)
        try:
            simulator.check(inputs, found)
        except SimulationError as error:
            if self.assumptions and self._runs_without_constants():
                raise assuming(error, self.assumptions) from error
            blocks = bind(self.system, self.plan, self.horizon, None, Faults()).blocks
            raise explained(error, simulator, blocks, first) from error
        paths = {name: found.outputs[rows, first:] for name, rows in simulator.model.outputs.rows.items()}
        still = {n: np.repeat(v[:, np.newaxis], len(self.horizon.points), 1) for n, v in simulator.model.fixed.items()}
        levers = {name: inputs.levers[rows, first:] for name, rows in simulator.model.levers.rows.items()}
        return {**paths, **still, **levers}

    @cached_property
    def own_before(self) -> Mapping[str, FloatArray]:
        """The model's own values (elements) of levers just before the horizon, at its start where it is the run's."""
        last = max(self.horizon.first - 1, 0)
        return {name: self.simulator.defaults[name][:, last] for name in self.simulator.model.levers.rows}

    def _runs_without_constants(self) -> bool:
        """Whether the model runs with its own constants."""
        try:
            return bool(Problem(self.given, self.plan.model_copy(update={"constants": {}})).own_paths)
        except ModelError:
            return False

    @cached_property
    def bound(self) -> Bound:
        """The levers, rows and outcomes of the plan."""
        faults = Faults(self.file)
        still = self.simulator.model.fixed
        own, before = self.own_paths, self.own_before
        found = bind(self.system, self.plan, self.horizon, own, faults, still=still, before=before)
        faults.raise_all()
        return found

    @cached_property
    def unmoved(self) -> tuple[Unmoved, ...]:
        """The limits that no lever moves; where one of them does not hold, there is no policy."""
        return tuple(unmoved(self.bound.rows))

    @property
    def broken(self) -> tuple[str, ...]:
        """The limits that do not hold whatever the levers do, in words."""
        return tuple(limit.sentence for limit in self.unmoved if not limit.holds)

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
        self._check_goal()
        return SimulatedOutcomes(HorizonRun(self.simulator, self.horizon), self.levers, self.bound.quantities)

    def _check_goal(self) -> None:
        """InvalidRequest for an objective that is a number, though its equation names what levers move."""
        name = self.system[self.plan.objective.variable].name
        if name in self.simulator.model.fixed:
            found = f"no lever moves {name!r}: its equation comes to a number, whatever the levers are."
            raise InvalidRequest(Fault(found, file=self.file, variable="objective", advice="Name one that moves."))

    @cached_property
    def peaks(self) -> FloatArray:
        """What each outcome would be if its element kept its largest absolute value along the run of the own levers."""
        quantities = self.bound.quantities
        largest = [np.nan_to_num(np.abs(self.own_paths[name][element])).max() for name, element in quantities.elements]
        return np.asarray(np.array(largest) * np.abs(quantities.weights).sum(axis=1)[quantities.windows])

    def complaint(self, x: FloatArray) -> str:
        """What is wrong with the run of a policy: the variable, element and time at which it leaves the numbers."""
        if not np.isfinite(x).all():
            return "a lever is larger than numbers reach."
        inputs = self.simulator.inputs(levers=self.policy(x))
        try:
            self.simulator.check(inputs, self.simulator.trajectories(inputs))
        except SimulationError as error:
            return str(error)
        return "an outcome is no number."

    def vector(self, policy: Mapping[str, xr.DataArray]) -> FloatArray:
        """All levers of a policy, the mean over each period; what it does not name keeps the model's own values."""
        known = {self.system[name].name: values for name, values in policy.items()}
        inputs = self.simulator.inputs(levers={n: v for n, v in known.items() if n in self.lever_names})
        return self.levers.inverse(inputs.levers[:, self.horizon.first :])

    def policy(self, x: FloatArray) -> dict[str, xr.DataArray]:
        """The paths of all lever variables at every time of a run, as `sd.simulate` and `sd.replay` take them."""
        model = self.simulator.model
        own = np.concatenate([self.simulator.defaults[name] for name in model.levers.rows])
        columns = np.concatenate([own[:, : self.horizon.first], self.levers.paths(x)], axis=1)
        return {name: self._labelled(name, columns[rows]) for name, rows in model.levers.rows.items()}

    def held_policy(self, x: FloatArray) -> xr.Dataset:
        """The same paths at the times alone at which values change or periods start; each holds until the next."""
        paths = self.policy(x)
        times = next(iter(paths.values()))["time"].to_numpy()
        keep = np.isin(np.arange(len(times)), np.searchsorted(times, self.horizon.starts - slack(times)))
        keep[0] = True
        for path in paths.values():
            table = path.to_numpy().reshape(len(times), -1)
            keep[1:] |= (np.diff(table, axis=0) != 0).any(axis=1)
        return xr.Dataset({name: path.isel(time=np.flatnonzero(keep)) for name, path in paths.items()})

    def _labelled(self, name: str, path: FloatArray) -> xr.DataArray:
        variable, times = self.system[name], self.simulator.times
        axes = {label(self.system, d): list(self.system.dimensions[d].elements) for d in variable.dimensions}
        array = path.T.reshape((len(times), *self.system.shape(variable)))
        attributes = {"units": variable.unit, "long_name": variable.documentation}
        return xr.DataArray(array, {"time": times, **axes}, ("time", *axes), name=name, attrs=attributes)

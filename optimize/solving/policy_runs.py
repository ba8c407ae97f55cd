"""What is run of a policy after a search: all variables, and what the plan names at every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from sd_models.dynamics.preparation import Layout
from sd_models.dynamics.timing import TimeSpan
from sd_models.simulator.datasets import Frame
from sd_models.simulator.simulation import Simulator, compile

from ..plans.horizon import horizon_end
from ..problems.problem import Problem
from ..results.verification import named_variables


@dataclass(frozen=True, eq=False)
class PolicyRuns:
    """What is run after a search, compiled before it, so that an interruption is answered at once.

    One run gives two datasets: of all variables at the saved times, and of what the plan names at every step.
    """

    simulator: Simulator
    steps: Frame

    @classmethod
    def of(cls, problem: Problem) -> PolicyRuns:
        """Compiles the model with all its variables."""
        system, plan = problem.system, problem.plan
        simulator = compile(system, levers=problem.lever_names, time=TimeSpan(stop=horizon_end(plan)))
        model, names = simulator.model, named_variables(plan, system)
        every = replace(model.grid, saved=np.arange(len(model.grid.times)))
        rows = {name: rows for name, rows in model.outputs.rows.items() if name in names or name == model.moving_end}
        fixed = {name: values for name, values in model.fixed.items() if name in names}
        return cls(simulator, Frame(replace(model, grid=every, outputs=Layout(rows), fixed=fixed)))

    def own(self) -> xr.Dataset:
        """All variables with the model's own levers."""
        return self.simulator.run()

    def own_steps(self) -> xr.Dataset:
        """What the plan names at every step with the model's own levers."""
        return self.steps.dataset(self.simulator.trajectories(self.simulator.inputs()), None)

    def of_policy(self, policy: Mapping[str, xr.DataArray]) -> tuple[xr.Dataset, xr.Dataset]:
        """All variables at the saved times, and what the plan names at every step; SimulationError for no numbers."""
        inputs = self.simulator.inputs(levers=policy)
        found = self.simulator.trajectories(inputs)
        self.simulator.check(inputs, found)
        return self.simulator.frame.dataset(found, None), self.steps.dataset(found, None)

    def broken(self, policy: Mapping[str, xr.DataArray]) -> xr.Dataset:
        """A run that left the numbers, as far as it came."""
        found = self.simulator.trajectories(self.simulator.inputs(levers=policy))
        return self.simulator.frame.dataset(found, None)

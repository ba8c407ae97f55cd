"""How people use both packages, as a strict type checker sees it: read by mypy, never run.

`assert_type` holds what an answer is; a line marked `type: ignore[...]` holds that a mistake is noticed, since a strict
check refuses marks that nothing needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import optimize as opt
import sd_models as sd
from sd_models.system.model import FloatArray

# From a file to runs and gradients.
system = sd.load("urbanization")
assert_type(system, sd.System)
assert_type(sd.load(Path("model.mdl"), data=["values.csv"], regions="provinces"), sd.System)
assert_type(sd.library(), tuple[str, ...])
assert_type(sd.simulate(system, constants={"mobility": 0.03}, time=sd.TimeSpan(stop=2035)), xr.Dataset)
assert_type(sd.replay(system), xr.Dataset)
simulator = sd.compile(system, levers=["public investment in citizenization"])
assert_type(simulator, sd.Simulator)
assert_type(simulator.run(), xr.Dataset)
found = sd.sensitivities(simulator, [sd.Outcome("national urban share", sd.Measure.MEAN, discount=0.04)])
assert_type(found, sd.Sensitivities)
assert_type(found.gradients, xr.Dataset)
assert_type(sd.summary(system), str)
assert_type(sd.describe(system["urban share"], system), str)
assert_type(sd.plot(simulator.run()), Figure)
for loop in sd.feedback_loops(system):
    assert_type(loop.variables, tuple[str, ...])
for finding in sd.check_units(system):
    assert_type(finding.message, str)
try:
    sd.load("nowhere.mdl")
except sd.ModelError as error:
    assert_type(error.faults[0].advice, str)

# From a plan to a policy.
plan = opt.read_plan({"model": "urbanization", "horizon": [2021, 2031]})
assert_type(plan, opt.Plan)
assert_type(opt.load_plan(Path("plan.toml")), opt.Plan)
problem = opt.Problem(system, plan)
result = opt.solve(problem, solver="ipopt")
assert_type(result, opt.Result)
assert_type(result.policy, xr.Dataset)
assert_type(result.objective, float)
assert_type(opt.verify(result), opt.Result)
assert_type(opt.sayings(result), list[str])
assert_type(opt.plot(result, "prices"), Figure)
assert_type(opt.load_result(opt.save_result(result, "runs/mine")), opt.Result)

# A solver and somebody who looks on, of one's own.


class Watching:
    """Stops after ten iterations."""

    def __init__(self) -> None:
        self.seen = 0

    def iteration(self, iteration: opt.Iteration) -> None:
        """Counts."""
        self.seen = iteration.number

    def ending(self) -> opt.Ending | None:
        """After ten."""
        return opt.Ending.INTERRUPTED if self.seen >= 10 else None


class Staying:
    """A solver that stays where it starts."""

    name = "staying"

    def solve(self, program: opt.Program, start: FloatArray, watch: opt.Watch) -> opt.Solution:
        """The start."""
        assert_type(watch.ending(), opt.Ending | None)
        at, rows = program.evaluate(start), np.zeros(len(program.row_lower))
        assert_type(opt.optimality(program, at, opt.Multipliers.none(program)), opt.Optimality)
        return opt.Solution(opt.Ending.STALLED, at.x, at.y, rows, np.zeros(len(start)), np.zeros(0), np.inf, np.inf)


watch: opt.Watch = Watching()
solver: opt.Solver = Staying()
opt.solve(problem, solver=solver, watch=watch)

# Models and data.
calibrated = opt.calibrate(system)
assert_type(calibrated, opt.CalibrationResult)
assert_type(sd.simulate(system, constants=calibrated.constants), xr.Dataset)
assert_type(opt.screen(system, "ranges.csv", ["welfare:final"], method="sobol"), opt.Screening)

# Mistakes.
sd.load(1)  # type: ignore[arg-type]
sd.simulate(system, step=0.5)  # type: ignore[call-arg]
opt.solve(plan)  # type: ignore[arg-type]
print(result.objectiv)  # type: ignore[attr-defined]

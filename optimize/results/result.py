"""What an optimization gives back: the best policy, what it brings, what it is worth, and where it comes from.

A result is data, and what follows from that alone. Whatever is done with one stands below: PySD replays it (`verify`),
people read it (`tables`, `plot`), and a folder keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import slack
from sd_models.system.model import FloatArray, System

from ..headlines.headline import Headline
from ..headlines.names import Names
from ..plans.assumptions import Assumption
from ..plans.plan import Plan
from ..plans.quantities import unit_of_integral
from ..solvers.solver import Iteration
from .bounded import Bound
from .groups import Groups
from .verdict import TOLERANCE, Findings, Standing, Verdict, Verification, judge
from .violations import Violation, largest
from .voice import Voice


@dataclass(frozen=True, eq=False)
class Alternative:
    """Another policy, nearly as good: its objective, and the share of all lever values in which it differs."""

    objective: float
    distance: float
    policy: xr.Dataset


@dataclass(frozen=True, slots=True)
class Work:
    """What a solve took: levers decided, runs of the model, gradients, and seconds by phase."""

    levers: int
    simulations: int
    gradients: int
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Stored:
    """What a folder says of the result in it: its verdict, and which of its files are not those that were saved."""

    status: str
    changed: tuple[str, ...] = ()


PHASES = ("load", "compile", "solve", "result", "save", "verify")  # as they follow each other


@dataclass(frozen=True, eq=False)
class Result:
    """The end of an optimization.

    `policy` holds the paths of the levers over the whole run, `(time, *dimensions)`; each value holds from its time on,
    as `sd.simulate(levers=...)` takes it. `trajectories` and `baseline` are the runs with it and without, all variables
    at the saved times. `shadow_prices` are by limit (see `shadow_prices`), `multipliers` what they were made of, by
    row; `widths` are those of the stand-ins for kinks by which an optimum that stands on them is certified. `objective`
    and `baseline_objective` are in the plan's direction and in `objective_unit`. `groups` are the named parts into
    which subscript ranges fall, `headlines` the outcomes that people look at first, `names` what people call all that,
    `assumptions` the constants of the plan that are not the model's own. `has_dust` tells that the policy without what
    is nothing beside its other values is as good (see `tidied`), `bound` what no policy can be better than, where that
    was asked for. `opened` is the model as it was given, without the
    assumptions, where it is at hand; a result that was read from a `folder` knows its file by `provenance`, and has in
    `stored` what that says of itself.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> print(str(result).splitlines()[0])
    urbanization: national urban share maximized, 0.801414 Dmnl, without the policy 0.799349.
    >>> spent = result.policy["public investment in citizenization"].sum("province")
    >>> float(spent.sel(time=2021).round(3))
    600.0
    """

    plan: Plan
    findings: Findings
    policy: xr.Dataset
    trajectories: xr.Dataset
    baseline: xr.Dataset
    shadow_prices: Mapping[str, xr.DataArray]
    objective: float
    baseline_objective: float
    objective_unit: str
    violations: tuple[Violation, ...]
    iterations: tuple[Iteration, ...]
    work: Work
    provenance: Mapping[str, Any]
    time_unit: str = ""
    groups: Groups = field(default_factory=dict)
    headlines: tuple[Headline, ...] = ()
    names: Names = field(default_factory=Names)
    has_dust: bool = False
    notes: tuple[str, ...] = ()
    conflict: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    verification: Verification | None = None
    folder: Path | None = None
    multipliers: FloatArray = field(default_factory=lambda: np.zeros(0))
    widths: FloatArray = field(default_factory=lambda: np.zeros(0))
    stored: Stored | None = None
    opened: System | None = None
    assumptions: tuple[Assumption, ...] = ()
    bound: Bound | None = None

    def __str__(self) -> str:
        goal = self.plan.objective
        verb = "maximized" if goal.sign > 0 else "minimized"
        numbers = "no policy was found"
        if self.is_policy:
            numbers = f"{self.objective:.6g} {self.objective_unit}, without the policy {self.baseline_objective:.6g}"
        return f"{self.provenance['model']}: {goal.variable} {verb}, {numbers}.\n{self.status}"

    def __repr__(self) -> str:
        worth = f", objective {self.objective:.6g}" if self.is_policy else ""
        return f"<Result {self.provenance['model']!r}: {self.status.word}{worth}>"

    @property
    def status(self) -> Verdict:
        """What the result is worth, with a sentence and advice."""
        return self.judged(Voice())

    def judged(self, voice: Voice) -> Verdict:
        """The same in the language of a voice (see `voice_of`)."""
        proof = None if self.bound is None else self.bound.proof(self.objective)
        return judge(self.findings, self.verification, self.plan.solver.starts, voice, proof)

    @property
    def is_policy(self) -> bool:
        """Whether there is a policy that keeps all limits, in our run and in PySD's, and that a search found."""
        return self.status.is_policy and self.largest_limit_violation <= TOLERANCE

    @property
    def shows_gains(self) -> bool:
        """Whether gains may be told of it: there is a policy, and its search was not stopped on its way."""
        return self.is_policy and self.status.standing is not Standing.INTERRUPTED

    @property
    def kkt_residual(self) -> float:
        """The scaled residual of the conditions of an optimum; see `optimality`."""
        return self.findings.kkt_residual

    @property
    def largest_limit_violation(self) -> float:
        """The largest relative violation of a limit, in our run and in PySD's if there is one."""
        replayed = 0.0 if self.verification is None else self.verification.largest_limit_violation
        return max(largest(self.violations), self.findings.violation, replayed)

    @property
    def seconds(self) -> Mapping[str, float]:
        """Seconds by phase, one after the other: load, compile, solve, result, save, and verify once it has been."""
        verify = {} if self.verification is None else {"verify": self.verification.seconds}
        order = {name: place for place, name in enumerate(PHASES)}
        found = {**self.work.seconds, **verify}
        return {name: found[name] for name in sorted(found, key=lambda name: order.get(name, len(order)))}

    @property
    def iteration_count(self) -> int:
        """How many iterations there were; what is numbered 0 is where a search began."""
        return sum(iteration.number > 0 for iteration in self.iterations)

    @property
    def allocation(self) -> xr.Dataset:
        """The levers from the start of the horizon on, one value a period."""
        first, end = self.plan.horizon
        times = self.policy["time"].to_numpy()
        near = slack(times)
        return self.policy.isel(time=np.flatnonzero((times >= first - near) & (times < end + self.plan.every - near)))

    def total(self, lever: str) -> xr.DataArray:
        """The integral of a lever over the horizon, by element."""
        amounts = self.amounts(lever)
        return amounts.sum("time").assign_attrs(amounts.attrs)

    def amounts(self, lever: str) -> xr.DataArray:
        """The integral of a lever over each period, by element."""
        path = self.allocation[lever]
        lengths = np.diff([*path["time"].to_numpy(), self.plan.horizon[1] + self.plan.every])
        amounts = path * xr.DataArray(lengths, {"time": path["time"]}, ("time",))
        return amounts.assign_attrs(units=unit_of_integral(str(path.attrs.get("units", "")), self.time_unit))

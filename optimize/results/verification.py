"""A result held against PySD: the policy replayed in PySD's own run of the untouched file, limits re-checked there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

from sd_models.reference.replay import replay
from sd_models.simulator.simulation import simulate
from sd_models.simulator.timing import TimeSpan, time_grid, with_time
from sd_models.system.model import Method, System

from ..plans.horizon import horizon_end
from ..plans.plan import Plan
from ..runs.comparison import Gap, largest_gap
from .verdict import TOLERANCE
from .violations import Violation, largest, objective_of, violations

if TYPE_CHECKING:
    from .result import Result


OTHER_METHOD = (
    "The gap to PySD is that of Euler's method, the only one that PySD has; limits are checked again in our run by the "
    "method of the file."
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What PySD's replay found.

    `gap` is the largest relative gap between our run and PySD's, over everything that the plan names; `objective` the
    one of PySD's run, `violations` those of the limits in it, `seconds` the time that PySD took. Of a file that asks
    for another method than Euler's, the gap is that of Euler's method, and the limits are those in our run.
    """

    gap: Gap
    objective: float
    violations: tuple[Violation, ...]
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def largest_limit_violation(self) -> float:
        """The largest relative violation of a limit in PySD's run."""
        return largest(self.violations)

    @property
    def passed(self) -> bool:
        """Whether PySD's run is ours."""
        return self.gap.size <= TOLERANCE

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        where = f' ("{self.gap.variable}" at {self.gap.time:g})' if self.gap.size else ""
        limits = f"the largest violation of a limit there is {self.largest_limit_violation:.1e}"
        agrees = "agrees with ours" if self.passed else "differs from ours"
        return f"PySD's run of the policy {agrees}: largest gap {self.gap.size:.1e}{where}; {limits}."


def verify(result: Result) -> Result:
    """The result with its verification: PySD's replay of the policy, and every limit checked again in it.

    Nothing of ours takes part in that but the policy and the words of the plan. PySD may need a minute. Raises a
    ModelError where the model file is gone or PySD cannot run it.
    """
    start = perf_counter()
    system, plan = result.system, result.plan
    names = named_variables(plan, system)
    span = every_step(system, plan)
    policy = {str(name): values for name, values in result.policy.data_vars.items()}
    ours = simulate(system, levers=policy, outputs=names, time=span)
    theirs = replay(system, levers=policy, outputs=names, time=span, data=plan.data)
    notes, judged, same = tuple(theirs.attrs.get("notes", ())), theirs, ours
    if system.method is not Method.EULER:
        notes, judged = (*notes, OTHER_METHOD), ours
        same = simulate(replace(system, method=Method.EULER), levers=policy, outputs=names, time=span)
    found = Verification(
        largest_gap(same, theirs),
        objective_of(plan, system, judged),
        violations(plan, system, judged),
        perf_counter() - start,
        notes,
    )
    return replace(result, verification=found)


def named_variables(plan: Plan, system: System) -> list[str]:
    """The variables that a plan names, in the modeller's spelling."""
    return list(dict.fromkeys(system[name].name for name in plan.names))


def every_step(system: System, plan: Plan) -> TimeSpan:
    """The time of a run to the end of the horizon, every step of it saved."""
    end = horizon_end(plan)
    return TimeSpan(stop=end, save_every=time_grid(with_time(system, TimeSpan(stop=end))).step)

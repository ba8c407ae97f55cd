"""A result held against PySD: the policy replayed in PySD's own run of the untouched file, limits re-checked there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import TimeSpan, time_grid, with_time
from sd_models.errors import Fault, InvalidRequest
from sd_models.numbers.evaluation import numbers
from sd_models.reading.library import library, load
from sd_models.reference.ahead import Asked, Paths, ReplayAhead
from sd_models.reference.departures import departing, left_out_notes
from sd_models.simulator.simulation import simulate
from sd_models.system.model import FloatArray, Method, System

from ..files.names import Part
from ..files.provenance import files_of, is_file_of
from ..plans.horizon import horizon_end
from ..plans.plan import Plan
from ..problems.problem import Problem
from ..runs.comparison import largest_gap
from .recomputation import anew, policy_of
from .result import Result
from .verdict import Verification
from .violations import objective_of, violations

OTHER_METHOD = (
    "The gap to PySD is that of Euler's method, the only one that PySD has; limits are checked again in our run by the "
    "method of the file."
)

OUR_RUN = "Limits and objective are those of our run, since PySD computes some of what the plan names otherwise."
BEGUN_ANEW = "PySD's run that was begun during the search did no work any more, so it was begun anew."
THEIR_BASELINE = "Amounts without the policy are those of PySD's own run of the file."
NOTHING_COMPARED = "PySD computes all that the plan names otherwise than the language says: no replay is compared."


@dataclass(frozen=True, eq=False)
class RunsAhead:
    """PySD's runs of a problem that is yet to be solved, each in a process of its own, as `verify` takes them:
    `baseline` where the plan compares with the run without the policy."""

    policy: ReplayAhead
    baseline: ReplayAhead | None = None

    @classmethod
    def of(cls, problem: Problem) -> RunsAhead:
        """The runs, begun; OSError where the machine has no room for the processes."""
        asked, own = _asked(problem), policy_of(problem.held_policy(problem.own))
        policy = ReplayAhead(asked, own, problem.plan.horizon[0])
        if not problem.plan.has_baseline:
            return cls(policy)
        try:
            return cls(policy, ReplayAhead(asked, {}))
        except OSError:
            policy.close()
            raise

    def close(self) -> None:
        """Ends the processes."""
        for each in (self.policy, self.baseline):
            if each is not None:
                each.close()


def _asked(problem: Problem) -> Asked:
    """What PySD is asked of a problem, whatever the policy."""
    plan, system = problem.plan, problem.system
    names = tuple(named_variables(plan, system))
    return Asked(problem.given, constants_of(problem), names, every_step(system, plan), plan.data)


def verify(result: Result, *, watch: Callable[[str], None] | None = None, ahead: RunsAhead | None = None) -> Result:
    """The result with its verification: PySD's replay of the policy, and every limit checked again in it.

    Nothing of ours takes part in that but the policy and the words of the plan. A result from a folder, which may come
    from anybody, is computed anew first (see `recomputation`): what it says and is not so refutes it. What PySD
    computes otherwise than the language says is left out, and a note says so; where that is all, there is no
    verification. What a plan takes from the run without the policy comes from PySD's own run too. For each run PySD may
    need a minute; `watch` is told what is begun, and `ahead` are the runs if they have begun already (`RunsAhead`).
    Raises a ModelError where the model file is gone or PySD cannot run it.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> opt.verify(result).verification.gap.size < 1e-9
    True
    """
    start = perf_counter()
    problem = Problem(opened(result), result.plan)
    system, plan = problem.system, problem.plan
    asked, policy = _asked(problem), policy_of(result.policy)
    names, span = asked.outputs, asked.time
    ours, own = (simulate(system, levers=levers, outputs=names, time=span) for levers in (policy, None))
    theirs, told = _replayed(asked, policy, None if ahead is None else ahead.policy, watch)
    notes, judged, same, baseline = (*told, *theirs.attrs.get("notes", ())), theirs, ours, own
    if system.method is not Method.EULER:
        notes, judged = (*notes, OTHER_METHOD), ours
        same = simulate(replace(system, method=Method.EULER), levers=policy, outputs=names, time=span)
    doubts: tuple[str, ...] = ()
    if result.stored is not None:
        if watch:
            watch("Computing anew what the folder says")
        computed = anew(result, problem.given, ours, own)
        result, doubts = computed.result, computed.doubts
    left_out = departing(system)
    apart = [name for name in names if name in left_out]
    given = {system[lever.variable].name for lever in plan.levers}  # agree whatever PySD computes
    if apart and not set(names) - {*apart, *given} and not doubts:
        notes = (*result.notes, *notes, *left_out_notes(left_out, names), NOTHING_COMPARED)
        return replace(result, verification=None, notes=tuple(dict.fromkeys(notes)))
    if apart:
        notes, judged = (*notes, *left_out_notes(left_out, names), OUR_RUN), ours
    gaps = [largest_gap(same.drop_vars(apart), theirs.drop_vars(apart))]
    if plan.has_baseline and judged is theirs:
        baseline, told = _replayed(asked, {}, None if ahead is None else ahead.baseline, watch)
        notes = (*notes, *told, THEIR_BASELINE)
        gaps.append(largest_gap(own, baseline))
    found = Verification(
        max(gaps, key=lambda gap: gap.size),
        objective_of(plan, system, judged),
        violations(plan, system, judged, ours - own, baseline),
        perf_counter() - start,
        notes,
        doubts,
    )
    return replace(result, verification=found)


def _replayed(
    asked: Asked, policy: Paths, ahead: ReplayAhead | None, watch: Callable[[str], None] | None
) -> tuple[xr.Dataset, tuple[str, ...]]:
    """PySD's run, the one that has begun already where that comes to its end, and what there is to say of it."""
    notes: tuple[str, ...] = ()
    if ahead is not None:
        if watch:
            watch("PySD runs its translation")
        try:
            if (theirs := ahead.finish(policy)) is not None:
                return theirs, notes
        except TimeoutError:
            notes = (BEGUN_ANEW,)
    return asked.replayed(policy, watch=watch), notes


def opened(result: Result) -> System:
    """The model of a result as its file has it, in which `Problem` puts the plan's constants.

    InvalidRequest where its file is gone or not the one that was optimized.
    """
    return result.opened if result.opened is not None else _opened_again(result)


def _opened_again(result: Result) -> System:
    known = result.provenance
    system = _found_again(known, result.plan)
    changed = [path.name for path in files_of(system) if not is_file_of(path, known["files"].get(path.name))]
    if changed:
        found = f"{', '.join(changed)} changed since the optimization, so the result is not about this model."
        raise InvalidRequest(Fault(found, file=str(known["model"]), advice="Optimize again."))
    return system


def _found_again(known: Mapping[str, Any], plan: Plan) -> System:
    """The model where it was; one of the library wherever that is now, since programs are installed anew and moved."""
    if plan.model in library() and not Path(known["model_path"]).exists():
        return load(plan.model, data=plan.data, regions=plan.regions)
    return load(known["model_path"], data=plan.data, regions=known.get("regions_path"))


def constants_of(problem: Problem) -> dict[str, FloatArray]:
    """The values of all constants that the plan sets, as PySD takes them beside the untouched file."""
    system = problem.system
    names = dict.fromkeys(system[Part.of(text).name].name for text in problem.plan.constants)
    values = numbers(system, names, np.nan, np.nan, initial=False)
    return {name: values[name].reshape(system.shape(system[name])) for name in names}


def named_variables(plan: Plan, system: System) -> list[str]:
    """The variables that a plan names, in the modeller's spelling."""
    return list(dict.fromkeys(system[name].name for name in plan.names))


def every_step(system: System, plan: Plan) -> TimeSpan:
    """The time of a run to the end of the horizon, every step of it saved."""
    end = horizon_end(plan)
    return TimeSpan(stop=end, save_every=time_grid(with_time(system, TimeSpan(stop=end))).step)

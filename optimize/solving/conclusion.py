"""The conclusion of a solve: from where its searches ended to a result.

Nothing is taken over from a search but its policy, how it ended and the multipliers it tells: objective, limits,
optimality and prices are found anew at the policy that is returned.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import SAME_TIME
from sd_models.errors import SimulationError
from sd_models.system.model import FloatArray, Mask

from ..files.provenance import digest_of, files_of, provenance
from ..headlines.names import names
from ..plans.assumptions import sentence
from ..plans.horizon import clock_of, horizon_end
from ..plans.quantities import time_unit
from ..plans.ramps import Held
from ..problems.optimality import Marginals, Multipliers, most_violated, normals, optimality, row_sizes, slopes
from ..problems.presolve import Presolved
from ..problems.problem import Problem
from ..problems.program import Evaluation, Program
from ..problems.smoothed import widths_of
from ..results.certified import lever_words, looked
from ..results.groups import groups_of
from ..results.prices import at_bounds, objective_unit, shadow_prices, with_sizes
from ..results.recomputation import policy_of
from ..results.remarks import unit_remarks
from ..results.result import Result, Work
from ..results.tidy import tidied
from ..results.verdict import REACHED, TOLERANCE, Findings, Looked
from ..results.violations import Violation, violations
from ..results.words import WORDS
from ..solvers.solver import Ending, Solver
from .alternatives import alternatives
from .infeasibility import conflict
from .kinks import OverKinks
from .oversight import Oversight
from .policy_runs import PolicyRuns
from .search import End, best_of
from .spread import spread

# A price is the solver's rounding if the limit's whole size, times it, is this small a part of the objective, unless
# the limit is reached and a lever stands still by that price alone: what is tiny may bind all the same.
NO_EFFECT = 1e-9
# How near the worth of a policy is to that of one from which nothing was taken but dust.
SAME = 1e-10
# How long it may take to find which limits contradict each other, in seconds.
PATIENCE = 60.0
# Elements that one note names.
STEEP = 1.0  # a discount a unit of time, above which it is told: a unit later counts 37% or less
MOST_NAMES = 3
# Endings that nobody expects prices of.
WITHOUT_PRICES = (Ending.FAILED, Ending.INFEASIBLE, Ending.UNBOUNDED)


@dataclass(frozen=True, eq=False)
class Conclusion:
    """What follows from where the searches of a presolved problem ended, each from a start of its own.

    `detour` is the way over kinks that they knew; `baseline` is the run with the model's own levers.
    """

    problem: Problem
    solver: Solver
    oversight: Oversight
    presolved: Presolved
    ends: Sequence[End]
    detour: OverKinks
    runs: PolicyRuns
    baseline: xr.Dataset

    @property
    def program(self) -> Program:
        """The problem as it was stated."""
        return self.presolved.original

    @cached_property
    def end(self) -> End:
        """The best end."""
        return best_of(self.ends)

    @cached_property
    def at(self) -> Evaluation:
        """The policy of the best end within its bounds, and its outcomes."""
        return self.program.evaluate(np.clip(self.end.best.x, self.program.lower, self.program.upper))

    @cached_property
    def multipliers(self) -> Multipliers | None:
        """Those of all rows, where somebody tells any."""
        found = _multipliers(self.end)
        return None if found is None else self.presolved.recovered(self.at, found)

    def result(self, notes: Iterable[str]) -> Result:
        """All that is known of the best policy; `notes` are those of the search."""
        problem, program, at = self.problem, self.program, self.at
        own, multipliers = program.origin, self.multipliers
        findings, checked, run = self._findings()
        told = multipliers if findings.is_feasible else None  # where limits do not hold there is no price of them
        prices = {} if told is None else _prices(problem, program, at, told)
        counts = program.counts
        return Result(
            plan=problem.plan,
            findings=findings,
            policy=problem.held_policy(at.x),
            trajectories=run,
            baseline=self.baseline,
            shadow_prices=prices,
            multipliers=np.zeros(0) if told is None else told.rows,
            widths=np.zeros(0) if self.end.smooth is None else widths_of(self.end.smooth),
            objective=program.sign * program.cost(at.x, at.y) + 0.0,  # no -0
            baseline_objective=program.sign * program.cost(own.x, own.y),
            objective_unit=objective_unit(problem.plan, problem.system),
            violations=checked,
            iterations=tuple(self.oversight.iterations),
            work=Work(problem.size, counts.simulations, counts.gradients, {}),
            provenance=_provenance(problem, self.solver),
            time_unit=time_unit(problem.system),
            groups=groups_of(problem.system),
            headlines=problem.headlines(run),
            names=names(problem.system),
            has_dust=findings.is_feasible and self._has_dust(),
            notes=tuple(dict.fromkeys((*_of_plan(problem), *self._spread(), *notes, *self._notes(findings)))),
            conflict=self._contradiction(findings),
            alternatives=tuple(alternatives(problem, program, self.ends, self.end)),
            opened=problem.given,
            assumptions=problem.assumptions,
        )

    def _spread(self) -> Iterator[str]:
        """What the starts found, where anything was searched for."""
        is_searched = not self.problem.broken and not len(self.presolved.hopeless)
        return spread(self.problem, self.program, self.ends) if is_searched else iter(())

    def _findings(self) -> tuple[Findings, tuple[Violation, ...], xr.Dataset]:
        """What the verdict rests on, all of it found anew at the policy that is returned, and the run."""
        problem, end, at = self.problem, self.end, self.at
        policy = problem.policy(at.x)
        try:
            run, steps = self.runs.of_policy(policy)
        except SimulationError as error:
            run = self.runs.broken(policy)
            return Findings(Ending.FAILED, np.inf, np.inf, failure=str(error)), (), run
        own = self.runs.own_steps()
        checked = violations(problem.plan, problem.system, steps, steps - own, own)
        residual = self._residual()
        missed, place = self._missed(checked)
        convex = not len(problem.bound.quantities)
        failure = " ".join(problem.broken)
        if end.ending is Ending.UNBOUNDED:
            failure = "; ".join(lever_words(problem, end.escaping))
        return Findings(end.ending, residual, missed, place, convex, failure, self._looked()), checked, run

    def _has_dust(self) -> bool:
        """Whether the policy is worth the same, and keeps the limits, without what is nothing beside its values."""
        program, at = self.program, self.at
        paths = tidied(self.problem.held_policy(at.x), self.problem.plan.horizon[0])
        x = self.problem.vector(policy_of(paths))
        inside = np.clip(x, program.lower, program.upper)
        found = program.evaluate(inside)
        if not found.is_finite or not np.allclose(x, inside, rtol=SAME, atol=0.0):
            return False
        worth, same = program.cost(at.x, at.y), program.cost(inside, found.y)
        return abs(same - worth) <= SAME * abs(worth) and most_violated(program, inside, found.y)[0] <= TOLERANCE

    def _residual(self) -> float:
        """How far the policy is from an optimum: what the certificate found, else by the solver's multipliers."""
        if self.end.certificate is not None:
            return float(self.end.certificate.optimality.kkt_residual)
        if self.multipliers is not None:
            return float(optimality(self.program, self.at, self.multipliers).kkt_residual)
        return np.inf

    def _missed(self, checked: Sequence[Violation]) -> tuple[float, str]:
        """The largest relative violation of a limit, and which, in the words of the plan where they tell it."""
        worst = max(checked, key=lambda item: item.size, default=None)
        missed, place = most_violated(self.program, self.at.x, self.at.y)  # also of what was added to the plan
        if worst is not None and (worst.size > TOLERANCE or worst.size >= missed):
            return worst.size, worst.place
        return missed, place

    def _looked(self) -> Looked | None:
        """What certificates found, as values."""
        found, smooth = self.end.certificate, self.end.smooth
        if found is None:
            return None
        kinks = () if smooth is None else self.detour.standing(smooth, self.end.best.x)
        return looked(self.problem, found, kinks)

    def _contradiction(self, findings: Findings) -> tuple[str, ...]:
        """Which limits contradict each other, in words, where that is why there is no policy."""
        if findings.ending is not Ending.INFEASIBLE or findings.is_feasible or self.problem.broken:
            return ()
        began, watch = perf_counter(), self.oversight.inner
        self.oversight.begin("No policy keeps all limits; looking for those that contradict each other")

        def stop() -> bool:
            return perf_counter() - began > PATIENCE or (watch is not None and watch.ending() is not None)

        found = conflict(self.problem, self.program, self.at.x, stop=stop)
        if found is None and stop():
            return (WORDS.say("conflict_not_found", seconds=f"{perf_counter() - began:.0f}"),)
        return found.sentences if found is not None else ()

    def _notes(self, findings: Findings) -> Iterator[str]:
        """Levers without effect, prices that nobody tells, and what solvers note."""
        seen = findings.looked
        if seen is not None and seen.idle and not seen.is_idle:
            yield WORDS.say("note_idle", levers=", ".join(seen.idle))
        if self.multipliers is None and findings.ending not in WITHOUT_PRICES:
            yield WORDS.say("note_no_prices")
        for end in self.ends:
            yield from end.told.notes if end.told is not None else ()


def _multipliers(end: End) -> Multipliers | None:
    """Those that the certificate found, else the solver's, of the policy that the search ended at."""
    if end.certificate is not None:
        return end.certificate.multipliers
    if end.told is not None:
        return Multipliers(end.told.row_multipliers, end.told.quadratic_multipliers)
    return None


def _prices(problem: Problem, program: Program, at: Evaluation, multipliers: Multipliers) -> dict[str, xr.DataArray]:
    """Shadow prices of the plan's limits, of bounds, and of what was added to the plan; rounding is none."""
    plan_rows = sum(len(rows.expression) for rows in problem.bound.rows)
    names = (*program.row_names[plan_rows:], *(quadratic.name for quadratic in program.quadratics))
    objective, lagrangian = slopes(program, at, multipliers)
    marginals = Marginals(program, at, objective, lagrangian, np.zeros(len(at.x)))
    rows = np.where(_counting(program, at, multipliers, marginals), multipliers.rows, 0.0)
    held = np.where(np.abs(lagrangian) > TOLERANCE * marginals.whole, lagrangian, 0.0)
    values = (*rows[plan_rows:], *multipliers.quadratics)
    prices = shadow_prices(
        problem,
        rows,
        at_bounds(program, at.x, held),
        added=dict(zip(names, map(float, values), strict=True)),
    )
    return with_sizes(prices, problem, program, at)


def _counting(program: Program, at: Evaluation, multipliers: Multipliers, marginals: Marginals) -> Mask:
    """The rows whose prices are no rounding."""
    sizes, values = row_sizes(program, at.x, at.y), program.rows(at.x, at.y)
    found = np.abs(multipliers.rows) * sizes > NO_EFFECT * marginals.worth
    room = np.where(multipliers.rows > 0, program.row_upper - values, values - program.row_lower)
    tiny = np.flatnonzero(~found & (multipliers.rows != 0.0) & (room <= REACHED * sizes))
    if len(tiny):
        pulls = normals(program, at, tiny, np.zeros(0, dtype=np.int64))
        rows = np.repeat(tiny, np.diff(pulls.indptr))
        weighed = np.abs(pulls.data * multipliers.rows[rows])
        found[rows[weighed > TOLERANCE * _of_kind(program, marginals.whole)[pulls.indices]]] = True
    return found


def _of_kind(program: Program, values: FloatArray) -> FloatArray:
    """The largest of values (levers) among all levers of one kind."""
    found = values.copy()
    for block in program.blocks:
        found[block.columns] = values[block.columns].max(initial=0.0)
    return found


def _of_plan(problem: Problem) -> Iterator[str]:
    """What people may not expect of a plan: other assumptions than the model's, limits that nothing moves, levers that
    their ramps keep where they begin, units that differ, a run beyond the model's own end, what is noted of the
    compiled model.

    That is said of every run beyond, also of one whose last period begins with the model's end: whoever writes
    `horizon = [2025, 2060]` for periods of five years may mean a run that ends there. (The default plan of the flagship
    ends with the year 2050, at 2051, which is its FINAL TIME.)
    """
    if problem.assumptions:
        yield sentence(problem.assumptions)
    yield from _discounted(problem)
    yield from (limit.sentence for limit in problem.unmoved if limit.holds)
    yield from map(_held_words, problem.bound.held)
    yield from unit_remarks(problem.plan, problem.system)
    yield from (note for note in problem.simulator.model.expanded.notes if note not in problem.system.notes)
    end, clock = horizon_end(problem.plan), clock_of(problem.system)
    if end > clock.end + clock.step * SAME_TIME:
        yield WORDS.say("note_beyond", end=f"{end:.10g}", final=f"{clock.end:.10g}")


def _discounted(problem: Problem) -> Iterator[str]:
    """That a discount leaves little of what comes a unit of time later, as of per cents that were written as such."""
    rate, unit = problem.plan.objective.discount, time_unit(problem.system)
    if rate >= STEEP:
        share = f"{100 * math.exp(-rate):.2g}"
        yield WORDS.say("note_discount", rate=f"{100 * rate:.4g}", unit=unit, share=share, given=f"{rate:g}")


def _held_words(found: Held) -> str:
    """That a ramp never lets some elements of a lever move."""
    count = len(found.names)
    more = [WORDS.say("more", count=count - MOST_NAMES)] if count > MOST_NAMES else []
    names = ", ".join([*found.names[:MOST_NAMES], *more])
    key = "note_held_share" if found.has_share else "note_held"
    return WORDS.say(key, lever=found.variable, count=count, of=found.count, names=names)


def _provenance(problem: Problem, solver: Solver) -> dict[str, Any]:
    """Model, plan, solver and its options, and where all of it ran."""
    system = problem.system
    return {
        "model": system.name,
        "model_path": str(system.path.absolute()) if system.path else "",
        "regions_path": str(system.regions.absolute()) if system.regions else None,
        "plan": problem.file,
        "plan_hash": digest_of(problem.plan.model_dump_json(by_alias=True).encode()),
        "solver": solver.name,
        "options": {key: str(value) for key, value in vars(solver).items()},
        "seed": problem.plan.solver.seed,
        **provenance(files_of(system)),
    }

"""What a folder says of a result, held against what follows from its model, its plan and its policy.

Nothing is believed: the policy has to be one that the plan can decide, within its bounds; objective, runs, limits,
alternatives and convexity are computed anew; `certify` looks at the policy as it does after a solve; and the
multipliers of the folder have to make it one that no small change improves. Prices of limits are these multipliers,
those of bounds have to be what they leave at each lever: whoever forges one misses them. An optimum on a kink is
certified by a smooth stand-in of a tiny width. The folder may name that width, which proves nothing by itself: a
stand-in whose outcomes are not the model's is not looked at.

A global bound takes minutes to find: it is left out, and a note says so. What nobody can find again is not looked at:
iterations, seconds, notes, and how the solver ended. A folder names its
own model and plan, so what is confirmed is confirmed for these; `verify` says which model that is.

What differs is told in words, as a doubt. Prices of constraints that were added in Python cannot be computed anew,
since a folder does not hold them; a result that leans on them is not confirmed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import TimeSpan
from sd_models.simulator.simulation import simulate
from sd_models.system.model import FloatArray, System

from ..certificates.certificate import Certificate, certify
from ..certificates.escapes import escaping
from ..headlines.names import names
from ..plans.assumptions import sentence
from ..plans.horizon import horizon_end
from ..plans.quantities import time_unit
from ..problems.assembly import assemble
from ..problems.optimality import (
    Marginals,
    Multipliers,
    curvatures,
    most_violated,
    optimality,
    pulls,
    row_sizes,
    slopes,
)
from ..problems.problem import Problem
from ..problems.program import Evaluation, Program
from ..problems.smoothed import SmoothedProblem
from ..runs.comparison import largest_gap, relative_gaps
from ..solvers.solver import Ending
from .bounded import NOT_ANEW
from .certified import looked
from .groups import groups_of
from .prices import SIZE, at_bounds, objective_unit, shadow_prices, with_sizes
from .result import Result
from .verdict import TOLERANCE, Findings, Standing, judge
from .violations import Violation, objective_of, violations

# Of the values of a policy: what NetCDF and means over periods leave of them.
SAME = 1e-9
# By how much prices of limits and of bounds may differ from multipliers and gradients, relative to themselves and to
# what pulls at a lever; and what counts for nothing, of what all levers are worth: `solve` tells it as zero.
ROW, PRICE, DUST = 1e-6, 1e-4, 1e-8
EARLIER = ("units", "limit_unit", "objective", "objective_unit", "discount", "from")  # what all folders say of a price
ADDED = "what was added to the plan in Python cannot be confirmed, since the folder does not hold it"
# By how much, relative to themselves, outcomes of stand-ins for kinks may differ from the model's.
STAND_IN = 1e-6
MOST = 5  # doubts of one kind that are told
WORTH = {Standing.PROVED: 2, Standing.LOCAL: 1, Standing.UNVERIFIED: 1}


@dataclass(frozen=True, eq=False)
class Anew:
    """A result as it follows from model, plan and policy, and what its folder says that is not so."""

    result: Result
    doubts: tuple[str, ...]


def anew(result: Result, system: System, ours: xr.Dataset, own: xr.Dataset) -> Anew:
    """The result computed anew from its model, as the file has it; `ours` and `own` are the runs with its policy and
    without, every step of them."""
    problem = Problem(system, result.plan)
    system = problem.system
    program = assemble(problem)
    policy = policy_of(result.policy)
    at = program.evaluate(problem.vector(policy))
    rows, unreadable = _row_multipliers(problem, result)
    span = TimeSpan(stop=horizon_end(result.plan))
    checked = violations(result.plan, system, ours, ours - own, own)
    feasible = _kept(program, at, checked, result.findings)
    stand_ins = SmoothedProblem.of(problem) if len(result.widths) else None
    smooth = None if stand_ins is None else _smooth(stand_ins, program, at, result.widths)
    kinks = () if stand_ins is None or smooth is None else stand_ins.standing_words(at.x, result.widths)
    certificate = None
    if feasible.is_feasible and at.is_finite:
        told = Multipliers(rows, np.zeros(0))
        certificate = certify(program, at, told, smooth=smooth, seed=result.plan.solver.seed)
    run = simulate(system, levers=policy, time=span)
    found = replace(
        result,
        findings=_findings(problem, certificate, feasible, kinks),
        violations=checked,
        trajectories=run,
        baseline=simulate(system, time=span),
        objective=objective_of(result.plan, system, ours),
        baseline_objective=objective_of(result.plan, system, own),
        objective_unit=objective_unit(result.plan, system),
        time_unit=time_unit(system),
        groups=groups_of(system),
        assumptions=problem.assumptions,
        headlines=problem.headlines(run),
        names=names(system),
        verification=None,
        bound=None,
        notes=(*result.notes, *(() if result.bound is None else (NOT_ANEW,))),
    )
    doubts = (
        *_of_files(result),
        *undecided(problem, policy, at.x),
        *_of_numbers(result, found),
        *_of_runs(result, found),
        *_of_claims(result, found),
        *_of_ending(result, found, program, at),
        *unreadable,
        *(() if unreadable else _of_prices(problem, program, at, rows, smooth, certificate, found)),
        *_of_alternatives(result, problem, program),
    )
    return Anew(found, doubts)


def _smooth(stand_ins: SmoothedProblem, program: Program, at: Evaluation, widths: FloatArray) -> Program | None:
    """The program with stand-ins of the widths that a folder names; None where these are no widths, or no stand-ins of
    what the policy brings: their outcomes have to be those of the model."""
    if len(widths) != len(stand_ins.kinks) or not (np.isfinite(widths) & (widths > 0)).all():
        return None
    smooth = replace(stand_ins.of_widths(program, widths), pulls=pulls(program, at))
    there = smooth.evaluate(at.x)
    gap = relative_gaps(there.y, at.y).max(initial=0.0)
    return smooth if there.is_finite and gap <= STAND_IN else None


def policy_of(policy: xr.Dataset) -> dict[str, xr.DataArray]:
    """The paths of a policy by the names of their levers."""
    return {str(name): values for name, values in policy.data_vars.items()}


def _kept(program: Program, at: Evaluation, checked: tuple[Violation, ...], told: Findings) -> Findings:
    """The findings on limits; how the solver ended is the only thing that nobody can find again."""
    missed, place = most_violated(program, at.x, at.y)
    worst = max(checked, key=lambda item: item.size, default=None)
    if worst is not None and worst.size >= missed:
        missed, place = worst.size, worst.place
    return replace(told, kkt_residual=math.inf, violation=missed, violated=place, looked=None)


def _findings(problem: Problem, certificate: Certificate | None, kept: Findings, kinks: tuple[str, ...]) -> Findings:
    """What a verdict rests on, with what a certificate found."""
    convex = not len(problem.bound.quantities)
    if certificate is None:
        return replace(kept, convex=convex)
    residual = certificate.optimality.kkt_residual
    return replace(kept, kkt_residual=residual, convex=convex, looked=looked(problem, certificate, kinks))


# --- files, policy, numbers -------------------------------------------------------------------------------------------


def _of_files(result: Result) -> Iterator[str]:
    if result.stored is not None and result.stored.changed:
        listed = ", ".join(result.stored.changed[:MOST])
        yield f"{listed}: not what was saved (SHA-256)"


def undecided(problem: Problem, policy: Mapping[str, xr.DataArray], x: FloatArray) -> Iterator[str]:
    """What of a policy the plan does not decide: other variables, other elements, times before its horizon."""
    named = {problem.system[name].name for name in policy}
    strange = sorted(named ^ set(problem.lever_names))
    if strange:
        yield f"the plan decides {', '.join(problem.lever_names)}; the policy has more or less: {', '.join(strange)}"
        return
    inputs = problem.simulator.inputs
    given, decided = inputs(levers=policy).levers, inputs(levers=problem.policy(x)).levers
    size = np.maximum(np.abs(given), np.abs(decided)).max(initial=0.0)
    if (np.abs(given - decided) > SAME * size).any():
        yield "the policy changes elements or times (within a period, before the horizon) that the plan does not decide"


def _of_numbers(told: Result, found: Result) -> Iterator[str]:
    for name, words in (("objective", "the objective"), ("baseline_objective", "the objective without the policy")):
        said, is_so = getattr(told, name), getattr(found, name)
        if not _same(said, is_so):
            yield f"{words} is {is_so:.9g}, not {said:.9g}"
    for name in ("objective_unit", "time_unit"):
        if getattr(told, name) != getattr(found, name):
            yield f"the {name.replace('_', ' ')} is {getattr(found, name)!r}, not {getattr(told, name)!r}"
    if told.assumptions != found.assumptions:
        yield sentence(found.assumptions) or "nothing is assumed otherwise than in the model"


def _same(one: float, other: float) -> bool:
    return one == other or math.isclose(one, other, rel_tol=TOLERANCE)


def _of_runs(told: Result, found: Result) -> Iterator[str]:
    for name in ("trajectories", "baseline"):
        gap = largest_gap(getattr(told, name), getattr(found, name))
        if gap.size > TOLERANCE:
            where = f'"{gap.variable}" at {gap.time:g}'
            yield f"{name}.nc is not the run of model and policy: largest gap {gap.size:.1e} in {where}"


def _of_alternatives(result: Result, problem: Problem, program: Program) -> Iterator[str]:
    for number, item in enumerate(result.alternatives, start=1):
        policy = policy_of(item.policy)
        at = program.evaluate(problem.vector(policy))
        reached = program.sign * program.cost(at.x, at.y)
        yield from (f"alternative {number}: {doubt}" for doubt in undecided(problem, policy, at.x))
        if not _same(item.objective, reached):
            yield f"alternative {number} is worth {reached:.9g}, not {item.objective:.9g}"


# --- claims -----------------------------------------------------------------------------------------------------------


def _of_claims(told: Result, found: Result) -> Iterator[str]:
    """What the folder claims beyond what was found: limits kept, first order, convexity, the verdict itself."""
    said, is_so = told.findings, found.findings
    if said.violation <= TOLERANCE and not is_so.violation <= TOLERANCE:  # also where it is no number
        yield f"{is_so.violated} is missed by {is_so.violation:.1e} of its size, not by {said.violation:.1e}"
    if said.kkt_residual <= TOLERANCE and not is_so.kkt_residual <= TOLERANCE:
        yield f"the KKT residual is {is_so.kkt_residual:.1e}, not {said.kkt_residual:.1e}"
    if said.convex and not is_so.convex:
        yield "the problem is not convex by its structure"
    if told.stored is not None and _worth(told.stored.status) > _worth(judge_as_replayed(found)):
        yield f"the verdict is {judge_as_replayed(found)!r}, not {told.stored.status!r}"


def _of_ending(told: Result, found: Result, program: Program, at: Evaluation) -> Iterator[str]:
    """Endings that say more than that a search ended: no policy keeps all limits, or levers go on without end."""
    if told.findings.ending is Ending.INFEASIBLE and found.findings.is_feasible:
        yield "the policy keeps all limits, so these do not contradict each other"
    if told.findings.ending is Ending.UNBOUNDED and at.is_finite:
        is_lost = len(escaping(program, at)) > 0
        if not (is_lost and found.findings.is_feasible):
            yield "no lever goes on without end"


def judge_as_replayed(found: Result) -> str:
    """The verdict that a result would have if PySD agreed."""
    standing = judge(found.findings).standing
    optimum = Standing.PROVED if found.findings.is_global else Standing.LOCAL
    return str(optimum if standing is Standing.UNVERIFIED else standing)


def _worth(status: str) -> int:
    """How much a verdict claims; one in words that nobody knows claims most."""
    return WORTH.get(Standing(status), 0) if status in list(Standing) else 3


# --- prices -----------------------------------------------------------------------------------------------------------


def _row_multipliers(problem: Problem, told: Result) -> tuple[FloatArray, tuple[str, ...]]:
    """The multipliers of the plan's rows, and why they cannot be read.

    In folders of earlier versions they are told by the prices alone, in which small ones are zero.
    """
    count = sum(len(rows.expression) for rows in problem.bound.rows)
    if not told.shadow_prices:
        return np.zeros(count), ()
    given = told.multipliers if len(told.multipliers) else _of_all_prices(problem, told.shadow_prices)
    if len(given) < count or not np.isfinite(given).all():
        return np.zeros(count), (f"there are no multipliers of all {count} rows",)
    return given[:count], (ADDED,) if len(given) > count else ()


def _of_all_prices(problem: Problem, prices: Mapping[str, xr.DataArray]) -> FloatArray:
    found = [prices[rows.name].to_numpy().ravel() for rows in problem.bound.rows if rows.name in prices]
    return np.asarray(problem.plan.objective.sign * np.concatenate([np.zeros(0), *found]))


def _of_prices(
    problem: Problem,
    program: Program,
    at: Evaluation,
    rows: FloatArray,
    smooth: Program | None,
    certificate: Certificate | None,
    found: Result,
) -> Iterator[str]:
    """Which prices are not those that multipliers and gradients leave, as far as levers and limits can feel it.

    Where first order does not hold there are no prices, whatever is told.
    """
    told = found.shadow_prices
    if not told or certificate is None:
        return
    if len(found.multipliers):
        of_told = optimality(smooth or program, (smooth or program).evaluate(at.x), Multipliers(rows, np.zeros(0)))
        if certificate.is_first_order and not of_told.kkt_residual <= TOLERANCE:
            yield f"its multipliers leave a KKT residual of {of_told.kkt_residual:.1e}"
    else:
        rows = certificate.multipliers.rows
    multipliers = Multipliers(rows, np.zeros(0))
    marginals = Marginals(program, at, *slopes(program, at, multipliers), curvatures(program, at, multipliers).clip(0))
    prices = shadow_prices(problem, rows, at_bounds(program, at.x, marginals.lagrangian))
    prices = with_sizes(prices, problem, program, at)
    if any(name not in prices for name in told):
        yield ADDED
    if not certificate.is_first_order:
        return
    dust = DUST * marginals.worth
    of_rows = np.maximum(ROW * np.abs(rows), dust / row_sizes(program, at.x, at.y))
    of_bounds = np.maximum(PRICE * marginals.whole, dust / marginals.sizes)
    slack = [shadow_prices(problem, sign * of_rows, sign * of_bounds) for sign in (1.0, -1.0)]  # one for each side
    for name, price in prices.items():
        allowed = np.maximum(*(np.abs(each[name].to_numpy()) for each in slack))
        named = list(price.attrs) if len(found.multipliers) else EARLIER
        if name not in told or not _alike(told[name], price, allowed, named):
            yield f"the shadow price of {name!r} is another"


def _alike(told: xr.DataArray, found: xr.DataArray, slack: FloatArray, named: Sequence[str]) -> bool:
    """Whether prices are the same, elements, times and units included."""
    if told.dims != found.dims or told.shape != found.shape:
        return False
    places = all(told[d].to_numpy().tolist() == found[d].to_numpy().tolist() for d in told.dims)
    words = all(told.attrs.get(name) == found.attrs[name] for name in named)
    sizes = SIZE not in told.coords or np.allclose(told[SIZE], found.coords.get(SIZE, np.nan), rtol=ROW)
    return places and words and sizes and bool((np.abs(told.to_numpy() - found.to_numpy()) <= slack).all())

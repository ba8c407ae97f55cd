"""A problem to a bound that no policy can be better than.

First polynomials of the levers with all that they leave out (`branching.py`): near where levers move the model gently,
however long it runs. Where that is not near enough, intervals: what every variable can be, from the levers' bounds on,
which may say little, since what cancels in the equations does not cancel in intervals. Then a solver of `globally.py`
on the transcription with these bounds. Its number is believed as far as it can be held against something: a margin for
its tolerance is added, its best point is run by the model, and a policy that keeps all limits and is better than the
number refutes it. Where no solver is installed and none is asked for, polynomials and intervals are all there is.
"""

from __future__ import annotations

import math
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray

from ..problems.assembly import assemble
from ..problems.optimality import violation
from ..problems.problem import Problem
from ..problems.program import Program
from ..problems.pyomo_model import lever_keys
from ..results.bounded import Bound, is_contradicted
from ..results.recomputation import policy_of
from ..results.result import Result
from ..results.verdict import TOLERANCE
from ..solving.solve import solve
from ..transcription.reach import lever_bounds
from ..transcription.transcription import statements, transcribed_exactly
from .branching import Branching
from .globally import DEFAULT, FEASIBILITY, GlobalSolver, Told, global_solver, told
from .tolerances import slip

MOST = 300_000  # values that are stated
SMALL, NOTHING = 1e-6, 1e-14  # of a variable that a tolerance would swallow, and of one that is zero but for rounding
ADVICE = "Give it one in the plan, beyond all that is sensible: what is not bounded cannot be proved."
TOO_SMALL = (
    "{names}: so small in their unit that a solver's tolerance would swallow them; only intervals bound the plan. "
    "State them in a smaller unit."
)
NO_SOLVER = f"{DEFAULT.label} is not installed; it may prove more, after {DEFAULT.row.install}."
TIME_LIMIT = 60.0
SAME = 1e-6  # policies whose objectives differ by less, of what they change, are as good as each other


def bound(
    problem: Problem,
    result: Result | None = None,
    *,
    time_limit: float = TIME_LIMIT,
    gap: float = 0.01,
    solver: str | None = None,
) -> Bound:
    """A bound that no policy of the plan can be better than, and how near to it the best policy known is.

    `result` is one of the same plan (by default it is solved first). The solver ("scip" or "gurobi"; by default SCIP
    where it is installed, else none, which a note tells) has so many seconds, and stops at a gap of this part of what
    the policy changes. InvalidRequest for a solver that is not installed, and numbers that are none.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> problem = opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization"))
    >>> opt.bound(problem, solver="best")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    sd_models.errors.InvalidRequest: "solver": 'best' gives no bound that holds for all policies. ...
    """
    chosen = checked(solver, time_limit, gap)
    return _Bounding(problem, chosen, time_limit, gap).bound(solve(problem) if result is None else result)


def checked(solver: str | None, time_limit: float, gap: float) -> GlobalSolver | None:
    """The solver of a request for a bound; None where none is asked for, and the default is not installed.

    InvalidRequest for one that is not there, and numbers that are none.
    """
    if not (time_limit > 0 and math.isfinite(time_limit)):
        raise InvalidRequest(Fault(f"a time limit of {time_limit:g} seconds is none.", advice="Give one above 0."))
    if not 0 <= gap < 1:
        raise InvalidRequest(Fault(f"a gap of {gap:g} is none.", advice="Give a part of 1, such as 0.01."))
    if solver is None:
        return DEFAULT if DEFAULT.version is not None else None
    return global_solver(solver)


class _Bounding:
    """One call of `bound`."""

    def __init__(self, problem: Problem, solver: GlobalSolver | None, time_limit: float, gap: float) -> None:
        self.problem, self.solver, self.time_limit, self.gap = problem, solver, time_limit, gap
        self.program: Program = assemble(problem)
        self.maximize = problem.plan.objective.sign > 0
        self.worst = math.inf if self.maximize else -math.inf

    def bound(self, result: Result) -> Bound:
        """By polynomials; by intervals and by the solver where that is nearer."""
        began = perf_counter()
        x = np.clip(self.problem.vector(policy_of(result.policy)), self.program.lower, self.program.upper)
        known = self.worth(x)
        baseline = self.baseline(known)
        found = Bound(self.worst, "nothing", known, baseline, self.maximize, self.worst)
        changed = abs(known - baseline) if math.isfinite(known + baseline) else 0.0
        found = self.by_polynomials(found, self.gap * changed / 2)
        if self.is_near(found, changed):
            return replace(found, seconds=perf_counter() - began)
        size = statements(self.problem)
        if size > MOST:
            note = f"The plan is too large to be stated with bounds ({size:,} values, at most {MOST:,})."
            return replace(found, seconds=perf_counter() - began, notes=(note,))
        model, definitions = transcribed_exactly(self.problem, x)
        interval = self.by_intervals(model)
        found = replace(found, interval=interval, notes=(*self.endless(), *model.notes))
        found = self.nearer(found, interval, "intervals")
        small = _small(model)
        if small:
            return replace(found, notes=(*found.notes, TOO_SMALL.format(names=", ".join(small[:3]))))
        if self.solver is None:
            return replace(found, notes=(*found.notes, NO_SOLVER), seconds=perf_counter() - began)
        margin = slip(model, definitions, FEASIBILITY)
        answer = told(model, self.solver, seconds=self.time_limit, gap=self.gap * changed / 2)
        found = self.with_solver(found, self.solver, answer, margin)
        return replace(found, seconds=perf_counter() - began)

    def by_polynomials(self, found: Bound, gap: float) -> Bound:
        """The bound by polynomials, to an absolute gap where the policy known is as good as that."""
        sign = self.program.sign
        enough = sign * found.objective - gap if math.isfinite(found.objective) else math.inf
        least = Branching(self.problem, self.program, self.time_limit).least(enough)
        return self.nearer(found, sign * least, "polynomials")

    def is_near(self, found: Bound, changed: float) -> bool:
        """Whether the gap is no larger than what is asked for."""
        return math.isfinite(found.objective) and found.gap <= self.gap * changed

    def nearer(self, found: Bound, value: float, by: str) -> Bound:
        """The bound, or another that holds as well where that is nearer."""
        sign = 1.0 if self.maximize else -1.0
        return replace(found, value=value, by=by) if sign * value < sign * found.value else found

    def endless(self) -> tuple[str, ...]:
        """The levers that go on without end, in a note."""
        lower, upper = lever_bounds(self.problem)
        open_sides = {"lower": ~np.isfinite(lower), "upper": ~np.isfinite(upper)}
        told = []
        for side, is_open in open_sides.items():
            names = dict.fromkeys(key[0] for key, one in zip(lever_keys(self.problem), is_open, strict=True) if one)
            if names:
                told.append(f"{', '.join(names)}: no {side} bound, nor do limits on levers alone give one. {ADVICE}")
        return tuple(told)

    def worth(self, x: FloatArray) -> float:
        """The objective of levers as the model runs them; NaN where a limit does not hold."""
        at = self.program.evaluate(x)
        if not at.is_finite or violation(self.program, at.x, at.y) > TOLERANCE:
            return math.nan
        return self.program.sign * self.program.cost(at.x, at.y)

    def baseline(self, known: float) -> float:
        """What changes are counted from: the run without a policy; where that is the best, one of the least levers."""
        own = self.program.origin
        baseline = self.program.sign * self.program.cost(own.x, own.y)
        if abs(known - baseline) > SAME * abs(known) or not np.isfinite(self.program.lower).all():
            return baseline
        least = self.worth(self.program.lower)
        return baseline if math.isnan(least) else least

    def by_intervals(self, model: Any) -> float:
        """The best that the objective can be when each lever and outcome is the best that it can be for itself."""
        found = self.program.constant
        costs = np.concatenate([self.program.lever_cost, self.program.outcome_cost])
        for cost, variable in zip(costs.tolist(), [*model.levers.values(), *model.outcomes.values()], strict=True):
            side = variable.lb if cost > 0 else variable.ub
            if cost:
                found += cost * float(side) if side is not None else -math.inf
        return self.program.sign * found

    def with_solver(self, found: Bound, solver: GlobalSolver, answer: Told, margin: float) -> Bound:
        """The bound with what a solver told, as far as nothing speaks against it."""
        sign = 1.0 if self.maximize else -1.0
        label = f"{solver.label} {solver.version}"
        found = replace(found, claimed=answer.value, margin=margin, status=answer.status)
        if answer.failure:
            found = replace(found, notes=(*found.notes, answer.failure))
        found = self.with_levers(found, answer.levers)
        value = answer.value + sign * margin
        if not math.isfinite(value):
            return found
        if is_contradicted(value, found.objective, found.baseline, maximize=self.maximize):
            said = (
                f"{label} says that no policy is better than {answer.value:.9g}; one that keeps all limits brings "
                f"{found.objective:.9g} in a run of the model. Its bound counts for nothing."
            )
            return replace(found, contradiction=said, notes=(*found.notes, said))
        if sign * value < sign * found.value:
            return replace(found, value=value, by=label, notes=(*found.notes, _margin(label, margin)))
        return found

    def with_levers(self, found: Bound, levers: FloatArray | None) -> Bound:
        """The bound with the solver's policy, where that keeps all limits in a run and is better than the one known."""
        if levers is None:
            return found
        worth = self.worth(np.clip(levers, self.program.lower, self.program.upper))
        sign = 1.0 if self.maximize else -1.0
        if math.isnan(worth) or sign * (worth - found.objective) <= SAME * abs(found.objective - found.baseline):
            return found
        return replace(found, objective=worth, better=tuple(levers.tolist()))


def _small(model: Any) -> list[str]:
    """The variables that are nowhere larger than what a solver's tolerance swallows."""
    sizes: dict[str, float] = {}
    for key, variable in (*model.stocks.items(), *model.auxiliaries.items(), *model.sums.items()):
        sides = [abs(side) for side in (variable.lb, variable.ub, variable.value) if side is not None]
        endless = variable.lb is None or variable.ub is None
        sizes[str(key[0])] = max(sizes.get(str(key[0]), 0.0), math.inf if endless else max(sides))
    return [name for name, size in sizes.items() if NOTHING < size < SMALL]


def _margin(label: str, margin: float) -> str:
    return (
        f"The bound is that of {label}, which keeps equations to {FEASIBILITY:g}; along the run that may move the "
        f"objective by {margin:.1g} to first order, which the bound allows for. It is a computation in floating point, "
        "no proof on paper, as bounds by polynomials and by intervals are."
    )

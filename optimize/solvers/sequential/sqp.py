"""Sequential quadratic programming with a trust region: a master problem for each step, the simulator judges.

Each iteration solves the master problem (`master.py`, `interior.py`): the plan's levers and linear limits as they are,
the outcomes linearized by their exact gradients, the Lagrangian's curvature by groups of levers (`curvature.py`). Near
an optimum, the exact second derivative mends its answer (`newton.py`). Limits on outcomes are elastic with an exact
penalty that is steered (Byrd, Nocedal and Waltz 2008, Optimization Methods and Software 23), so that there is always a
step; a step is taken if the simulated run confirms enough of what the model of it promised (Conn, Gould and Toint 2000,
Trust Region Methods). A step that only misses limits because they are curved is corrected once (Fletcher 1982). Every
point obeys the model's equations exactly, since it is simulated.

Only limits near their bound are linearized (a working set): a gradient of an outcome costs a sweep through the run. All
limits are checked after each step; if a step is no good and came near to others, these join, and the master problem is
solved again. Shorter steps would not help: they are blind to the limit that is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from threadpoolctl import threadpool_limits

from sd_models.system.model import FloatArray

from ...problems.optimality import (
    Multipliers,
    Optimality,
    excesses,
    lagrangian_weights,
    optimality,
    residuals,
)
from ...problems.program import Program
from .. import highs
from ..endless import Begun
from ..interior_point import interior
from ..interior_point.elastic import ElasticProgram
from ..interior_point.interior import Optimum
from ..record import CLAIMED, ROUNDINGS, Ended, Record, Seen
from ..solver import Ending, Solution, Watch
from .curvature import Curvature, Group, Lagrangian, coupled_groups, curvature_of
from .master import Master, Soft, Split
from .newton import Exact, Refined
from .points import Point, Scaling, Step
from .working import WorkingSet

# Parts of the promised gain at which a step is taken, and at which the trust region grows.
ENOUGH, PLENTY, GOOD = 1e-3, 0.1, 0.75
# Shares of a step that are tried where the whole step is no good.
SHORTER = (0.5, 0.25, 0.1)
# Below this KKT residual, the exact second derivative mends the master's answer; above the second one no more.
CLOSE, FAR = 0.12, 0.4
# There, curvature is exact within groups of at most so many levers; it is taken anew where it disagrees by this much,
# relative to what a step promises, with the exact one.
MOST, DISAGREES = 1000, 3.0
# As long as the residual falls to this share in an iteration, the whole second derivative is kept.
SERVES = 0.2
# How accurately a master problem is solved: its gap, relative to what its step gains; at most, and per KKT residual.
ACCURACY, FINER = 1e-2, 0.1
# Factors by which the penalty is raised, one after the other, where limits do not hold.
HARDER = (10.0, 1e3, 1e5)
# The excess of limits that is left, relative to that before, at which a step makes no progress with them; iterations in
# a row without progress, or with steps of no length, after which there is none; how often limits may join in one.
NO_PROGRESS, STUCK, JOINS = 0.98, 3, 4
# The largest relative excess of limits that a second-order correction is worth.
CORRECTABLE = 0.3
SMALLEST_RADIUS = 1e-13
# Levers that went so far, in their sizes at the start, and could go on for ever, are looked at for growth without end.
FAR_AWAY = 1e6


@dataclass(frozen=True)
class Sqp:
    """Options: `tolerance` on scaled KKT residual and violation; `radius` of the first trust region in lever sizes."""

    tolerance: float = 1e-6
    iterations: int = 200
    radius: float = 2.0

    @property
    def name(self) -> str:
        """The name in plans and on the command line."""
        return "sqp"

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        """The best point found from a start, which need not be feasible."""
        with threadpool_limits(1, user_api="blas"):  # blocks are solved side by side; see `border.py`
            return _Search(program, self, watch).run(start)


@dataclass(frozen=True, eq=False)
class _Answer:
    """An answer of the master problem: levers and multipliers of its rows; `optimum` if it has one to be mended."""

    values: FloatArray
    multipliers: FloatArray
    is_good: bool
    optimum: Optimum | None = None


@dataclass
class _Search:
    """The state of a solve."""

    program: Program
    options: Sqp
    watch: Watch
    penalty: float = 0.0
    first_penalty: float = 0.0
    stuck: int = 0
    still: int = 0
    radius: float = 1.0
    close: bool = False
    residual: float = 1.0
    groups: list[Group] = field(default_factory=list)

    # --- the loop -------------------------------------------------------------------------------------------------

    def run(self, start: FloatArray) -> Solution:
        """From a start to the end."""
        self.record = Record(self.program, self.options.tolerance, self.watch)
        self.split = Split.of(self.program)
        self.scaling = Scaling(self.program, self.split)
        ending = Ending.FAILED
        try:
            ending = self._search(start)
        except Ended as end:
            ending = end.ending
        sizes = self.sizes.levers if hasattr(self, "sizes") else np.ones(len(start))
        return self.record.solution(self.record.honest(ending), start, sizes)

    def _search(self, start: FloatArray) -> Ending:
        self.radius = self.options.radius
        self.point = self._first(self.record.first(start))
        self.sizes = self.scaling.first(self.point.run)
        self.begun, self.first_sizes = self.point.run.x, self.sizes.levers
        self.multipliers = Multipliers.none(self.program)
        self.working = WorkingSet(self.program, self.record.check)
        self._differentiate()
        self._curve(self.multipliers, exact=False)
        self.penalty = self.first_penalty = self._first_penalty()
        self._report()
        for _ in range(self.options.iterations):
            ending = self._iterate()
            if ending is not None:
                return ending
        return Ending.ITERATION_LIMIT

    def _iterate(self) -> Ending | None:
        """One step; why the search ends, or None."""
        for _ in range(JOINS):
            master = self._master()
            answer = self._ask(master)
            if not answer.is_good:
                return self._smaller(0.25)
            master, answer = self._steered(master, answer)
            if self.stuck >= STUCK:
                return Ending.INFEASIBLE
            refined = self._refined(master, answer)
            if self._is_rough() or self._is_outdated(refined):
                self._curve(master.multipliers(answer.multipliers), exact=True)
                continue
            plain = self._plain(master, answer, refined)
            if self._is_accepted(master, plain):
                return self._taken(master, plain)
            if not self._joined(plain):
                break
        for step in self._others(master, plain):
            if self._is_accepted(master, step):
                return self._taken(master, step)
        return self._rejected(plain)

    def _plain(self, master: Master, answer: _Answer, refined: Refined | None) -> Step:
        """The step that the master problem asks for, mended as far as may be."""
        if refined is None:
            move = master.step(answer.values)
            return self._step(master, move, master.multipliers(answer.multipliers), master.predicted(move)[0])
        found = self._exact(master, answer).finished(refined, self._accuracy())
        move = master.step(found.optimum.values)
        bent = float(found.optimum.values @ found.curved) * master.scale * self.radius
        change = float(master.gradient @ move) + 0.5 * bent
        return self._step(master, move, master.multipliers(found.optimum.multipliers), change)

    def _others(self, master: Master, plain: Step) -> Iterator[Step]:
        """Steps to try after the plain one, one after the other, as long as none is taken."""
        if plain.trial is not None and self.point.left < plain.trial.left and plain.trial.worst < CORRECTABLE:
            corrected = self._corrected(master, plain)
            if corrected is not None:
                yield corrected
        for share in SHORTER:
            yield self._step(master, share * plain.move, plain.multipliers, plain.shortened_change(share))

    def _step(self, master: Master, move: FloatArray, multipliers: Multipliers, change: float) -> Step:
        trial, slope = self._simulated(self.point.run.x + move), float(master.gradient @ move)
        return Step(trial, move, move, multipliers, change, slope)

    def _corrected(self, master: Master, plain: Step) -> Step | None:
        """A second-order correction: the step again, with what the limits turned out to be."""
        assert plain.trial is not None
        second = replace(master, correction=plain.trial.soft.values - master.linearized(plain.move))
        answer = self._ask(second)
        if not answer.is_good:
            return None
        found = self._step(second, second.step(answer.values), second.multipliers(answer.multipliers), plain.change)
        return replace(found, intended=plain.move)

    def _joined(self, step: Step) -> bool:
        """Whether a step came near to limits that the master problem did not know; they join the working set."""
        if step.trial is None or not self.working.join(step.trial, self.sizes.soft):
            return False
        self.working.complete(self.point, self.multipliers)
        return True

    def _quality(self, master: Master, step: Step) -> tuple[float, float]:
        """How much of what a step promised it keeps, by the merit function and by the Lagrangian.

        The Lagrangian counts only where limits are not exceeded by more than what the next step makes good: a step
        along a curved limit gains nothing by the merit function, however good it is (Maratos 1978).
        """
        if step.trial is None:
            return -np.inf, -np.inf
        noise = self._noise()
        _, excess = master.predicted(step.intended)
        promised = -step.change + self.penalty * (self.point.left - float(excess.sum()))
        gain = self.point.merit(self.penalty) - step.trial.merit(self.penalty)
        merit = (gain + noise) / (promised + noise) if promised > -0.5 * noise else -np.inf
        if step.trial.worst > self._funnel():
            return merit, -np.inf
        direct, weights = lagrangian_weights(self.program, self.point.run.x, self.point.run.y, step.multipliers)
        fall = -float(direct @ step.move + weights @ (step.trial.run.y - self.point.run.y))
        slope = direct + self.working.slopes.weighted(weights)
        hoped = -(step.change + float((slope - master.gradient) @ step.intended))
        return merit, ((fall + noise) / (hoped + noise) if hoped > -0.5 * noise else -np.inf)

    def _funnel(self) -> float:
        """The excess of limits that the Lagrangian may leave to the next step."""
        residual = self._optimality(self.multipliers).kkt_residual
        return max(0.5 * self.options.tolerance, 1e-2 * min(residual, 1.0))

    def _is_accepted(self, master: Master, step: Step) -> bool:
        merit, lagrangian = self._quality(master, step)
        return merit >= ENOUGH or lagrangian >= PLENTY or self._mends(step)

    def _mends(self, step: Step) -> bool:
        """Whether a step brings small levers back that rounding put beyond limits on levers, at no expense of others.

        The merit function knows nothing of such limits, which every step obeys but for rounding, and calls it a loss.
        """
        trial, tolerance = step.trial, self.options.tolerance
        if trial is None or trial.left > self.point.left + tolerance:
            return False
        missed = self._missed(self.point)
        return missed > tolerance and self._missed(trial) <= 0.5 * missed

    def _missed(self, point: Point) -> float:
        """The largest excess of limits on levers alone, relative to their sizes."""
        rows, _, _ = excesses(self.program, point.run.x, point.run.y)
        return float(rows[self.split.hard].max(initial=0.0))

    def _taken(self, master: Master, step: Step) -> Ending | None:
        self._move(step, max(self._quality(master, step)))
        found = self._report()
        if self._is_optimal(found):
            return Ending.OPTIMAL
        if found.violation <= self.options.tolerance and self._is_endless():
            return Ending.UNBOUNDED
        self.still = self.still + 1 if self.radius <= SMALLEST_RADIUS else 0
        return self._stalled() if self.still >= STUCK else None

    def _is_optimal(self, found: Optimality) -> bool:
        """Whether the point is an optimum, by its own second derivatives too: those of the search are of another point,
        and positive by force."""
        tolerance = self.options.tolerance
        if not found.within(tolerance):
            return False
        if tolerance > CLAIMED:
            return True
        confirmed = optimality(self.program, self.point.run, self.multipliers)
        if confirmed.within(tolerance):
            self.record.best = Seen(self.point.run, self.point.cost, self.multipliers, confirmed)
        return confirmed.within(tolerance)

    def _is_endless(self) -> bool:
        """Whether levers that are far from where they began can go on for ever, keep the limits, and gain."""
        begun = Begun(self.begun, self.first_sizes * FAR_AWAY)
        return begun.runs_away(self.program, self.point.run, self.options.tolerance, self.record.check)

    def _length(self, move: FloatArray) -> float:
        return float(np.abs(move / self.sizes.levers).max(initial=0.0))

    def _steered(self, master: Master, answer: _Answer) -> tuple[Master, _Answer]:
        """The step with a penalty that makes the linearized limits hold where that is possible.

        The penalty ends where an excess of the tolerance costs as much as the lever with the largest effect may gain: a
        harder one would change nothing but the rounding.
        """
        now, enough = self.point.left, 0.1 * self.options.tolerance
        left, most = self._left(master, answer), master.scale / self.options.tolerance
        for factor in HARDER:
            progresses = left < NO_PROGRESS * now and factor != HARDER[0]
            if left <= max(0.1 * now, enough) or progresses or master.penalty >= most:
                break
            harder = replace(master, penalty=min(master.penalty * factor, most))
            again = self._ask(harder)
            if not again.is_good:
                break
            gained = left - self._left(harder, again)
            if gained > 0.1 * left:
                master, answer, left = harder, again, left - gained
        self._count_stuck(now, left)
        price = 3.0 * self._largest_price(master.multipliers(answer.multipliers), master)
        lowest = 0.1 * max(master.penalty, self.first_penalty) if left <= enough else master.penalty
        self.penalty = min(max(price, lowest), most)
        return master, answer

    def _left(self, master: Master, answer: _Answer) -> float:
        """The excess of limits that the linearized problem leaves."""
        return float(master.predicted(master.step(answer.values))[1].sum())

    def _count_stuck(self, now: float, left: float) -> None:
        """Counts iterations in a row in which no step within the trust region makes the excess of limits smaller."""
        stuck = now > self.options.tolerance and left > NO_PROGRESS * now
        self.stuck = self.stuck + 1 if stuck else 0

    def _rejected(self, step: Step) -> Ending | None:
        """Shrinks the trust region; a curvature of another point is taken anew."""
        length = self._length(step.move)
        ending = self._smaller(SHORTER[-1] * length / self.radius if length else 0.25)
        if ending is None and self.curved_at is not self.point:
            self._curve(self.multipliers, exact=self.close)
        return ending

    def _smaller(self, factor: float) -> Ending | None:
        self.radius *= min(factor, 0.5)
        self._report(accepted=False)
        return self._stalled() if self.radius < SMALLEST_RADIUS else None

    def _stalled(self) -> Ending:
        """How a search ends that finds no step."""
        found = self._report(accepted=False)
        if self._is_optimal(found):
            return Ending.OPTIMAL
        return Ending.STALLED if found.violation <= self.options.tolerance else Ending.INFEASIBLE

    def _move(self, step: Step, quality: float) -> None:
        """Takes a step: new gradients, trust region, sizes, and curvature unless what is known serves well."""
        assert step.trial is not None
        length = self._length(step.move)
        self.point, self.multipliers = step.trial, step.multipliers
        self._differentiate()
        if quality > GOOD and length > 0.9 * self.radius:
            self.radius = min(2.0 * self.radius, 1e3)
        elif quality < 0.25:
            self.radius = 0.5 * length
        self.radius = max(min(self.radius, 10.0 * length), SMALLEST_RADIUS)
        before, self.residual = self.residual, self._optimality(self.multipliers).kkt_residual
        self.close = self.residual < (FAR if self.close else CLOSE)
        self._resize()
        serves = self.residual < SERVES * before if self.curvature.is_whole else self.close
        if not serves:
            self._curve(self.multipliers, exact=False)

    # --- curvature ------------------------------------------------------------------------------------------------

    def _lagrangian(self, multipliers: Multipliers) -> Lagrangian:
        return Lagrangian(self.program, self.point.run, multipliers, self.sizes.levers, self.record.check)

    def _curve(self, multipliers: Multipliers, *, exact: bool) -> None:
        """Takes the curvature of the Lagrangian at the point."""
        self.record.check()
        lagrangian = self._lagrangian(multipliers)
        if not self.groups:
            self.groups = self.scaling.groups = coupled_groups(lagrangian)
        self.curvature: Curvature = curvature_of(lagrangian, self.groups, exact=exact)
        self.curved_at = self.point

    def _refined(self, master: Master, answer: _Answer) -> Refined | None:
        """The answer, mended by the exact second derivative on its face, where that is worth the products."""
        if not self.close or self.curvature.is_whole or self._is_rough() or answer.optimum is None:
            return None
        return self._exact(master, answer).on_face(answer.optimum)

    def _exact(self, master: Master, answer: _Answer) -> Exact:
        assert answer.optimum is not None
        lagrangian = self._lagrangian(master.multipliers(answer.multipliers))
        unit = self.radius / master.scale
        return Exact(answer.optimum.program, lambda v: lagrangian.product(v) * unit, self.record.check)

    def _is_rough(self) -> bool:
        """Whether the curvature is too rough for where the search is, and the exact one is to be had."""
        return self.close and not self.curvature.exact and max(len(group.columns) for group in self.groups) <= MOST

    def _is_outdated(self, refined: Refined | None) -> bool:
        """Whether the curvature is not that of the Lagrangian any more, and was not taken at this point."""
        return refined is not None and self.curved_at is not self.point and refined.disagreement > DISAGREES

    # --- pieces ---------------------------------------------------------------------------------------------------

    def _accuracy(self) -> float:
        return min(ACCURACY, FINER * self.residual)

    def _ask(self, master: Master) -> _Answer:
        """The master problem's answer; HiGHS's where our own method has none."""
        self.record.check()
        posed = master.pose()
        found = interior.solve(posed, accuracy=self._accuracy(), check=self.record.check)
        if found.residual <= highs.LARGEST_RESIDUAL:
            return _Answer(found.values, found.multipliers, True, found if found.has_factors else None)
        return self._asked_elsewhere(posed)

    def _asked_elsewhere(self, posed: ElasticProgram) -> _Answer:
        answer = highs.solve(posed.flat(), stop=lambda: self.watch.ending() is not None)
        if answer.stopped:
            self.record.check()
            raise Ended(Ending.INTERRUPTED)
        levers, rows = len(posed.cost), len(posed.row_lower)
        return _Answer(answer.values[:levers], answer.multipliers[:rows], answer.is_good)

    def _simulated(self, x: FloatArray) -> Point | None:
        """A policy and its outcomes, or None where the run leaves the numbers."""
        self.record.check()
        run = self.program.evaluate(x)
        if not run.is_finite:
            self.record.notes.append(f"A step was thrown away: {self.program.complaint(x)}")
            return None
        soft = Soft.at(self.program, self.split, run.x, run.y)
        sizes = self.sizes.soft if hasattr(self, "sizes") else self.scaling.soft(run)
        return Point(run, self.program.cost(run.x, run.y), soft, soft.excess() / sizes)

    def _first(self, start: FloatArray) -> Point:
        point = self._simulated(start)
        if point is None:
            raise Ended(Ending.FAILED)
        return point

    def _resize(self) -> None:
        self.sizes, factors = self.scaling.renewed(self.point.run, self.sizes)
        if (factors != 1.0).any():
            self.curvature = self.curvature.resized(factors)

    def _differentiate(self) -> None:
        """Gradients at a new point."""
        self.working.join(self.point, self.sizes.soft)
        self.working.renew(self.point, self.multipliers)

    def _objective_gradient(self) -> FloatArray:
        return self.program.lever_cost + self.working.slopes.weighted(self.program.outcome_cost)

    def _first_penalty(self) -> float:
        slope = np.abs(self._objective_gradient() * self.sizes.levers)
        return max(float(slope.sum()), 1e-12)

    def _largest_price(self, multipliers: Multipliers, master: Master) -> float:
        soft = np.concatenate([multipliers.rows[self.split.soft], multipliers.quadratics])
        prices = np.abs(soft) * self.sizes.soft
        return float(prices[prices < 0.999 * master.penalty].max(initial=0.0))

    def _master(self) -> Master:
        return Master(
            program=self.program,
            split=self.split,
            at=self.point.run,
            soft=self.point.soft,
            slopes=self.working.slopes,
            gradient=self._objective_gradient(),
            curvature=self.curvature,
            sizes=self.sizes,
            working=self.working.numbers,
            radius=self.radius,
            penalty=self.penalty,
        )

    def _noise(self) -> float:
        return ROUNDINGS * float(np.finfo(float).eps) * abs(self.point.merit(self.penalty))

    # --- reports --------------------------------------------------------------------------------------------------

    def _optimality(self, multipliers: Multipliers) -> Optimality:
        direct, weights = lagrangian_weights(self.program, self.point.run.x, self.point.run.y, multipliers)
        lagrangian = direct + self.working.slopes.weighted(weights)
        with np.errstate(over="ignore"):  # of levers that run away
            bent = self.curvature.diagonal / self.sizes.levers / self.sizes.levers
        return residuals(self.program, self.point.run, self._objective_gradient(), lagrangian, multipliers, bent)

    def _report(self, *, accepted: bool = True) -> Optimality:
        found = self._optimality(self.multipliers)
        self.record.tell(Seen(self.point.run, self.point.cost, self.multipliers, found), self.radius, accepted=accepted)
        return found

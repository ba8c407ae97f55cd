"""Sequential quadratic programming with a trust region: HiGHS solves the linearized problem, the simulator judges.

Each iteration solves the master problem (`master.py`): the plan's levers and linear limits as they are, the outcomes
linearized by their exact gradients, the Lagrangian's curvature learnt from the change of its gradient. Limits on
outcomes are elastic with an exact penalty that is steered (Byrd, Nocedal and Waltz 2008, Optimization Methods and
Software 23), so that there is always a step; a step is taken if the simulated run confirms enough of what the model of
it promised (Conn, Gould and Toint 2000, Trust Region Methods). A step that only misses limits because they are curved
is corrected once (Fletcher 1982). Every point obeys the model's equations exactly, since it is simulated.

Only limits near their bound are linearized (a working set): a gradient of an outcome costs a sweep through the run. All
limits are checked after each step, and those that it came near to join.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from threadpoolctl import threadpool_limits

from sd_models.system import FloatArray

from ..affine import Index
from ..evaluation import Evaluation
from ..optimality import (
    Multipliers,
    Optimality,
    lagrangian_weights,
    lever_sizes,
    objective_size,
    quadratic_sizes,
    residuals,
    row_sizes,
)
from ..program import Program
from . import highs
from .curvature import Curvature, Group, Lagrangian, curvature_of, groups_of
from .master import Master, Sizes, Slopes, Soft, Split
from .solver import Ending, Iteration, Solution, Watch
from .starts import projected

# A limit whose distance to its bound is within this share of its size is linearized.
NEAR = 0.1
# Parts of the promised gain at which a step is taken, and at which the trust region grows.
ENOUGH, PLENTY, GOOD = 1e-3, 0.1, 0.75
# Shares of a step that are tried where the whole step is no good.
SHORTER = (0.5, 0.25, 0.1)
# Below this KKT residual, curvature is taken exactly.
CLOSE = 0.1
# Below this one, exact curvature stays, and groups take over what they meet along each step; before, that misleads.
FINE = 1e-4
# As long as the residual falls to this share in an iteration, exact curvature is kept.
SERVES = 0.2
# The least size of a lever, as a share of the largest one of its group and of its block.
LEAST_OF_GROUP, LEAST_OF_BLOCK = 0.1, 0.01
# Factors by which the penalty is raised, one after the other, where limits do not hold.
HARDER = (10.0, 1e3, 1e5)
# Iterations in a row without a way to make the excess of limits smaller, after which there is none.
STUCK = 3
# The largest relative excess of limits that a second-order correction is worth.
CORRECTABLE = 0.02
SMALLEST_RADIUS = 1e-13
# Changes of the merit function within this many roundings of its value count as none.
ROUNDINGS = 100.0


class _Ended(Exception):
    """Somebody asked to stop, or numbers ran out."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


@dataclass(frozen=True)
class Sqp:
    """Options: `tolerance` on scaled KKT residual and violation; `radius` of the first trust region in lever sizes."""

    tolerance: float = 1e-6
    iterations: int = 200
    radius: float = 0.5

    @property
    def name(self) -> str:
        """The name in plans and on the command line."""
        return "sqp"

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        """The best point found from a start, which need not be feasible."""
        with threadpool_limits(1, user_api="blas"):
            return _Search(program, self, watch).run(start)


@dataclass(frozen=True, eq=False)
class _Point:
    """A simulated policy: its cost, its limits on outcomes, and their relative excess."""

    run: Evaluation
    cost: float
    soft: Soft
    excess: FloatArray

    def merit(self, penalty: float) -> float:
        """Cost and penalty."""
        return self.cost + penalty * float(self.excess.sum())


@dataclass(frozen=True, eq=False)
class _Step:
    """A step with its policy, if that has outcomes, its multipliers, and the change of the objective by the model."""

    kind: str
    trial: _Point | None
    move: FloatArray
    multipliers: Multipliers
    change: float


@dataclass
class _Search:
    """The state of a solve."""

    program: Program
    options: Sqp
    watch: Watch
    began: float = field(default_factory=time.monotonic)
    log: list[Iteration] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    penalty: float = 0.0
    first_penalty: float = 0.0
    stuck: int = 0
    radius: float = 1.0
    best: tuple[_Point, Multipliers, Optimality] | None = None
    worked: set[int] = field(default_factory=set)
    close: bool = False
    residual: float = 1.0
    seen: FloatArray = field(default_factory=lambda: np.zeros(0))

    # --- the loop -------------------------------------------------------------------------------------------------

    def run(self, start: FloatArray) -> Solution:
        """From a start to the end."""
        self.split = Split.of(self.program)
        if not highs.has_hipo():
            self.notes.append(highs.WITHOUT_HIPO)
        self.groups: list[Group] = []
        ending = Ending.FAILED
        try:
            ending = self._search(start)
        except _Ended as end:
            ending = end.ending
        return self._solution(ending, start)

    def _search(self, start: FloatArray) -> Ending:
        self.radius = self.options.radius
        nearest = projected(self.program, start, stop=lambda: self.watch.ending() is not None)
        if nearest is None:
            self._check()
            return Ending.INFEASIBLE
        self.point = self._first(nearest)
        self.sizes = self._sizes()
        self.slopes = self._gradients(self.point, self._working(self.point), Multipliers.none(self.program))
        self.multipliers = Multipliers.none(self.program)
        self.curvature = self._curved()
        self.penalty = self.first_penalty = self._first_penalty()
        self._report(0)
        for number in range(1, self.options.iterations + 1):
            ending = self._iterate(number)
            if ending is not None:
                return ending
        return Ending.ITERATION_LIMIT

    def _iterate(self, number: int) -> Ending | None:
        """One step; why the search ends, or None."""
        master = self._master()
        answer = self._ask(master)
        if not answer.is_good:
            return self._smaller(number, 0.25)
        master, answer = self._steered(master, answer)
        if self.stuck >= STUCK:
            return Ending.INFEASIBLE
        first: _Step | None = None
        for step in self._steps(master, answer):
            first = first or step
            if self._is_accepted(master, step):
                return self._taken(number, master, step)
        assert first is not None
        return self._rejected(number, master, first)

    def _steps(self, master: Master, answer: highs.Answer) -> Iterator[_Step]:
        """Steps to try, one after the other, as long as none is taken."""
        plain = self._step("plain", master, master.step(answer), master.multipliers(answer))
        yield plain
        if (
            plain.trial is not None
            and self.point.excess.sum() < plain.trial.excess.sum()
            and self._is_near(plain.trial)
        ):
            corrected = self._corrected(master, plain)
            if corrected is not None:
                yield corrected
        for share in SHORTER:
            yield self._step("shorter", master, share * plain.move, plain.multipliers)

    def _is_near(self, trial: _Point) -> bool:
        """Whether limits are missed by little enough for a correction, which costs a master problem, to help."""
        return float(trial.excess.max(initial=0.0)) < CORRECTABLE

    def _step(self, kind: str, master: Master, move: FloatArray, multipliers: Multipliers) -> _Step:
        change, _ = master.predicted(move)
        return _Step(kind, self._simulated(self.point.run.x + move), move, multipliers, change)

    def _corrected(self, master: Master, plain: _Step) -> _Step | None:
        """A second-order correction: the step again, with what the limits turned out to be."""
        assert plain.trial is not None
        linear = np.zeros(master.soft.by_y.shape[1])
        linear[master.slopes.chosen] = master.slopes.matrix @ plain.move
        promised = master.soft.values + master.soft.by_x @ plain.move + master.soft.by_y @ linear
        second = replace(master, correction=plain.trial.soft.values - promised)
        answer = self._ask(second)
        if not answer.is_good:
            return None
        move = second.step(answer)
        trial = self._simulated(self.point.run.x + move)
        return _Step("corrected", trial, move, second.multipliers(answer), plain.change)

    def _quality(self, master: Master, step: _Step) -> tuple[float, float]:
        """How much of what a step promised it keeps, by the merit function and by the Lagrangian.

        The Lagrangian counts only where limits are not exceeded by more than what the next step makes good: a step
        along a curved limit gains nothing by the merit function, however good it is (Maratos 1978).
        """
        if step.trial is None:
            return -np.inf, -np.inf
        noise = self._noise()
        _, excess = master.predicted(step.move)
        promised = -step.change + self.penalty * (float(self.point.excess.sum()) - float(excess.sum()))
        gain = self.point.merit(self.penalty) - step.trial.merit(self.penalty)
        merit = (gain + noise) / (promised + noise) if promised > -0.5 * noise else -np.inf
        if float(step.trial.excess.max(initial=0.0)) > self._funnel():
            return merit, -np.inf
        direct, weights = lagrangian_weights(self.program, self.point.run.x, self.point.run.y, step.multipliers)
        fall = -float(direct @ step.move + weights @ (step.trial.run.y - self.point.run.y))
        slope = direct + self.slopes.weighted(weights)
        hoped = -(step.change + float((slope - master.gradient) @ step.move))
        return merit, ((fall + noise) / (hoped + noise) if hoped > -0.5 * noise else -np.inf)

    def _funnel(self) -> float:
        """The excess of limits that the Lagrangian may leave to the next step."""
        residual = self._optimality(self.multipliers).kkt_residual
        return max(0.5 * self.options.tolerance, 1e-2 * min(residual, 1.0))

    def _is_accepted(self, master: Master, step: _Step) -> bool:
        merit, lagrangian = self._quality(master, step)
        return merit >= ENOUGH or lagrangian >= PLENTY

    def _taken(self, number: int, master: Master, step: _Step) -> Ending | None:
        self._move(step, max(self._quality(master, step)))
        found = self._report(number)
        return Ending.OPTIMAL if found.within(self.options.tolerance) else None

    def _length(self, move: FloatArray) -> float:
        return float(np.abs(move / self.sizes.levers).max(initial=0.0))

    def _steered(self, master: Master, answer: highs.Answer) -> tuple[Master, highs.Answer]:
        """The step with a penalty that makes the linearized limits hold where that is possible."""
        now, enough = float(self.point.excess.sum()), 0.1 * self.options.tolerance
        left = self._left(master, answer)
        for factor in HARDER:
            if left <= max(0.1 * now, enough):
                break
            harder = replace(master, penalty=master.penalty * factor)
            again = self._ask(harder)
            if not again.is_good:
                break
            gained = left - self._left(harder, again)
            if gained > 0.1 * left:
                master, answer, left = harder, again, left - gained
        self._count_stuck(now, left)
        price = 3.0 * self._largest_price(master.multipliers(answer), master)
        lowest = 0.1 * max(master.penalty, self.first_penalty) if left <= enough else master.penalty
        self.penalty = max(price, lowest)
        return master, answer

    def _left(self, master: Master, answer: highs.Answer) -> float:
        """The excess of limits that the linearized problem leaves."""
        return float(master.predicted(master.step(answer))[1].sum())

    def _count_stuck(self, now: float, left: float) -> None:
        """Counts iterations in a row in which no step within the trust region makes the excess of limits smaller."""
        stuck = now > self.options.tolerance and left > 0.98 * now
        self.stuck = self.stuck + 1 if stuck else 0

    def _rejected(self, number: int, master: Master, step: _Step) -> Ending | None:
        """Shrinks the trust region, and lets the limits that the step came near to join the working set."""
        if step.trial is not None:
            self.worked |= set(self._near(step.trial).tolist())
            if len(np.setdiff1d(self._working(self.point), master.working)):
                self._complete()
        length = self._length(step.move)
        return self._smaller(number, SHORTER[-1] * length / self.radius if length else 0.25)

    def _smaller(self, number: int, factor: float) -> Ending | None:
        self.radius *= min(factor, 0.5)
        self._report(number, accepted=False)
        return self._stalled(number) if self.radius < SMALLEST_RADIUS else None

    def _stalled(self, number: int) -> Ending:
        """How a search ends that finds no step."""
        found = self._report(number, accepted=False)
        if found.within(self.options.tolerance):
            return Ending.OPTIMAL
        return Ending.STALLED if found.violation <= self.options.tolerance else Ending.INFEASIBLE

    def _move(self, step: _Step, quality: float) -> None:
        """Takes a step: new gradients, curvature, trust region and sizes."""
        assert step.trial is not None
        length, before, slopes = self._length(step.move), self.point, self.slopes
        self.point, self.multipliers = step.trial, step.multipliers
        self.slopes = self._gradients(self.point, self._working(self.point), step.multipliers)
        if quality > GOOD and length > 0.9 * self.radius:
            self.radius = min(2.0 * self.radius, 1e3)
        elif quality < 0.25:
            self.radius = 0.5 * length
        self.radius = max(min(self.radius, 10.0 * length), SMALLEST_RADIUS)
        self._learn(before, slopes, step.move)

    def _learn(self, before: _Point, slopes: Slopes, move: FloatArray) -> None:
        """New sizes, and new curvature unless what is known serves well; then what the step met."""
        residual, last = self._optimality(self.multipliers).kkt_residual, self.residual
        self.residual, self.close = residual, residual < CLOSE
        self._resize()
        if not (self.curvature.exact and residual < max(SERVES * last, FINE)):
            self.curvature = self._curved()
        _, weights = lagrangian_weights(self.program, before.run.x, before.run.y, self.multipliers)
        if residual < FINE and np.isin(np.flatnonzero(weights), slopes.chosen).all():
            old = self._lagrangian_gradient(before, slopes, self.multipliers)
            new = self._lagrangian_gradient(self.point, self.slopes, self.multipliers)
            sizes = self.sizes.levers
            self.curvature = self.curvature.updated(move / sizes, (new - old) * sizes)

    # --- pieces ---------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        ending = self.watch.ending()
        if ending is not None:
            raise _Ended(ending)

    def _ask(self, master: Master) -> highs.Answer:
        self._check()
        answer = highs.solve(master.pose(), stop=lambda: self.watch.ending() is not None)
        if answer.stopped:
            self._check()
            raise _Ended(Ending.INTERRUPTED)
        return answer

    def _simulated(self, x: FloatArray) -> _Point | None:
        """A policy and its outcomes, or None where the run leaves the numbers."""
        self._check()
        run = self.program.evaluator.evaluate(x)
        if not run.is_finite:
            self.notes.append(f"A step was thrown away: {self.program.evaluator.complaint(x)}")
            return None
        soft = Soft.at(self.program, self.split, run.x, run.y)
        sizes = self.sizes.soft if hasattr(self, "sizes") else self._soft_sizes(run)
        return _Point(run, self.program.cost(run.x, run.y), soft, soft.excess() / sizes)

    def _first(self, start: FloatArray) -> _Point:
        point = self._simulated(start)
        if point is None:
            raise _Ended(Ending.FAILED)
        return point

    def _soft_sizes(self, run: Evaluation) -> FloatArray:
        rows = row_sizes(self.program, run.x, run.y)[self.split.soft]
        return np.concatenate([rows, quadratic_sizes(self.program, run.x, run.y)])

    def _sizes(self) -> Sizes:
        levers = self._lever_sizes()
        matrix = abs(self.program.lever_rows[self.split.hard]).multiply(levers[np.newaxis])
        hard = np.asarray(matrix.max(axis=1).toarray()).ravel() if matrix.shape[0] else np.zeros(0)
        return Sizes(levers, np.where(hard > 0, hard, 1.0), self._soft_sizes(self.point.run))

    def _lever_sizes(self) -> FloatArray:
        """The largest value so far of each lever's path, of a tenth of its group's, or a hundredth of its block's."""
        block_sizes = self._block_sizes()
        self.seen = np.maximum(self.seen, np.abs(self.point.run.x)) if len(self.seen) else np.abs(self.point.run.x)
        found = LEAST_OF_BLOCK * block_sizes
        for group in self.groups:
            paths = [float(self.seen[path].max(initial=0.0)) for path in group.paths]
            floor = LEAST_OF_GROUP * max(paths)
            for path, largest in zip(group.paths, paths, strict=True):
                found[path] = np.maximum(found[path], max(largest, floor))
        return found

    def _block_sizes(self) -> FloatArray:
        """The largest value so far of each block, or its range, or 1."""
        return lever_sizes(self.program, self.seen if len(self.seen) else self.point.run.x)

    def _resize(self) -> None:
        levers = self._lever_sizes()
        factors = levers / self.sizes.levers
        if (factors != 1.0).any():
            self.curvature = self.curvature.resized(factors)
            self.sizes = replace(self._sizes(), soft=self.sizes.soft)

    def _near(self, point: _Point) -> Index:
        """The limits on outcomes that a point exceeds or comes near to."""
        sizes = self.sizes.soft
        return np.flatnonzero(point.soft.room() <= NEAR * sizes)

    def _working(self, point: _Point) -> Index:
        self.worked |= set(self._near(point).tolist())
        return np.array(sorted(self.worked), dtype=np.int64)

    def _needed(self, point: _Point, working: Index, multipliers: Multipliers) -> Index:
        """The outcomes whose gradients count: those of the objective, of the working set, and of the Lagrangian."""
        mask = self.program.outcome_cost != 0
        columns = point.soft.by_y[working].indices
        mask[columns] = True
        _, weights = lagrangian_weights(self.program, point.run.x, point.run.y, multipliers)
        return np.flatnonzero(mask | (weights != 0))

    def _gradients(self, point: _Point, working: Index, multipliers: Multipliers) -> Slopes:
        chosen = self._needed(point, working, multipliers)
        found = [np.zeros((0, len(point.run.x)))]
        for part in np.array_split(chosen, max(1, -(-len(chosen) // 8))):
            self._check()
            found.append(self.program.evaluator.gradients(point.run, part))
        return Slopes(chosen, np.concatenate(found))

    def _complete(self) -> None:
        """Gradients of limits that joined the working set."""
        working = self._working(self.point)
        needed = self._needed(self.point, working, self.multipliers)
        new = np.setdiff1d(needed, self.slopes.chosen)
        if len(new):
            more = self.program.evaluator.gradients(self.point.run, new)
            chosen = np.concatenate([self.slopes.chosen, new])
            order = np.argsort(chosen)
            self.slopes = Slopes(chosen[order], np.concatenate([self.slopes.matrix, more])[order])

    def _objective_gradient(self) -> FloatArray:
        return self.program.lever_cost + self.slopes.weighted(self.program.outcome_cost)

    def _lagrangian_gradient(self, point: _Point, slopes: Slopes, multipliers: Multipliers) -> FloatArray:
        direct, weights = lagrangian_weights(self.program, point.run.x, point.run.y, multipliers)
        return direct + slopes.weighted(weights)

    def _curved(self) -> Curvature:
        """The curvature of the Lagrangian at the point."""
        self._check()
        lagrangian = Lagrangian(self.program, self.point.run, self.multipliers, self.sizes.levers, self._check)
        if not self.groups:
            self.groups = groups_of(lagrangian)
        return curvature_of(lagrangian, self.groups, exact=self.close)

    def _first_penalty(self) -> float:
        slope = np.abs(self._objective_gradient() * self.sizes.levers)
        return max(float(slope.sum()), self._size(), 1e-12)

    def _size(self) -> float:
        return objective_size(self.program, self.point.run)

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
            slopes=self.slopes,
            gradient=self._objective_gradient(),
            curvature=self.curvature.matrix,
            sizes=self.sizes,
            working=self._working(self.point),
            radius=self.radius,
            penalty=self.penalty,
        )

    def _noise(self) -> float:
        return ROUNDINGS * float(np.finfo(float).eps) * max(abs(self.point.merit(self.penalty)), self._size())

    # --- reports --------------------------------------------------------------------------------------------------

    def _optimality(self, multipliers: Multipliers) -> Optimality:
        lagrangian = self._lagrangian_gradient(self.point, self.slopes, multipliers)
        return residuals(
            self.program, self.point.run, self._objective_gradient(), lagrangian, multipliers, self._size()
        )

    def _report(self, number: int, *, accepted: bool = True) -> Optimality:
        found = self._optimality(self.multipliers)
        line = Iteration(
            number,
            self.program.sign * self.point.cost,
            found.kkt_residual,
            found.violation,
            self.radius,
            time.monotonic() - self.began,
            accepted,
        )
        self.log.append(line)
        self.watch.iteration(line)
        if self.best is None or self._is_better(found):
            self.best = self.point, self.multipliers, found
        return found

    def _is_better(self, found: Optimality) -> bool:
        """Whether the point is better than the best so far: feasible ones by cost, others by violation."""
        assert self.best is not None
        best, _, known = self.best
        tolerance = self.options.tolerance
        if found.violation <= tolerance and known.violation <= tolerance:
            return self.point.cost < best.cost - self._noise() or found.kkt_residual < known.kkt_residual
        return found.violation <= max(known.violation, tolerance)

    def _solution(self, ending: Ending, start: FloatArray) -> Solution:
        if self.best is None:
            return self._nothing(ending, start)
        point, multipliers, found = self.best
        direct, weights = lagrangian_weights(self.program, point.run.x, point.run.y, multipliers)
        slope = direct + self.program.evaluator.pullback(point.run, weights)
        x, sizes = point.run.x, self.sizes.levers
        at_lower = (x - self.program.lower) / sizes <= self.options.tolerance
        at_upper = (self.program.upper - x) / sizes <= self.options.tolerance
        held = (at_lower & (slope > 0)) | (at_upper & (slope < 0))
        return Solution(
            ending,
            x,
            point.run.y,
            multipliers.rows,
            np.where(held, -slope, 0.0),
            multipliers.quadratics,
            found.kkt_residual,
            found.violation,
            tuple(self.log),
            tuple(dict.fromkeys(self.notes)),
        )

    def _nothing(self, ending: Ending, start: FloatArray) -> Solution:
        none = Multipliers.none(self.program)
        y = np.full(len(self.program.outcome_cost), np.nan)
        zeros = np.zeros(len(start))
        ends = float("inf"), float("inf"), tuple(self.log), tuple(dict.fromkeys(self.notes))
        return Solution(ending, start, y, none.rows, zeros, none.quadratics, *ends)

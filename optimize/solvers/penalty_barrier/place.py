"""Where the search is: the policy, the program around it in scaled numbers, and the point of the path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from sd_models.system.model import FloatArray, IndexArray, Mask

from ...problems.optimality import Multipliers, Optimality, block_sizes, lagrangian_weights, residuals
from ...problems.program import Program
from ..interior_point.elastic import ElasticProgram
from ..interior_point.path import PROXIMITY, Direction, Equations, Pairs, inside
from ..record import Seen
from ..sequential.curvature import Group, coupled_groups
from ..sequential.master import Sizes, Soft
from ..sequential.points import Point, Scaling
from ..sequential.working import NEAR, WorkingSet
from . import tuning
from .blocks import Blocks
from .exact import ExactLagrangian
from .frame import Frame, Ties, movable
from .iterate import Iterate, begun, joined, warm
from .merit import Trial
from .steering import raised
from .step import Errors
from .warmth import first_multipliers


@dataclass
class Place:
    """The place of a search of a program. `check` may raise, to end the work; `notes` are told what went wrong.

    `dearest` is the largest price of an excess. After `begin`, `point` is the simulated policy, `at` the point of the
    path, `posed` the program linearized there with the limits of `order`, `rows` their values, `tends` the pairs whose
    slack fell faster than its price in the last step.
    """

    program: Program
    dearest: float
    check: Callable[[], None]
    notes: list[str] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    sizes: Sizes | None = None
    penalty: float = 1.0
    are_apart: bool = False
    ties: Ties | None = None
    frame: Frame = field(init=False)
    point: Point = field(init=False)
    at: Iterate = field(init=False)
    rows: FloatArray = field(init=False)
    order: IndexArray = field(init=False)
    working: WorkingSet = field(init=False)
    blocks: Blocks = field(init=False)
    posed: ElasticProgram = field(init=False)
    pairs: Pairs = field(init=False)
    errors: Errors = field(init=False)
    multipliers: Multipliers = field(init=False)
    tends: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.split = movable(self.program)
        self.scaling = Scaling(self.program, self.split)

    # --- the beginning --------------------------------------------------------------------------------------------

    def begin(self, x: FloatArray, product: float, distance: float) -> bool:
        """Goes to levers: near an optimum next to them, else away from bounds; False where they have no outcomes."""
        first = self.simulated(x)
        if first is None:
            return False
        self.multipliers = Multipliers.none(self.program)
        if not self.groups:
            levers = block_sizes(self.program, first.run.x)
            lagrangian = ExactLagrangian(self.program, first.run, self.multipliers, levers, self.check)
            self.groups = self.scaling.groups = coupled_groups(lagrangian)
            self.are_apart = lagrangian.is_parting(self.groups)
        self.sizes = self.scaling.first(first.run)
        self.frame = Frame(self.program, self.split, self.sizes, 1.0)
        if not self._begin_warm(first):
            point, v = self._moved_inside(first, distance)
            self._begin_at(point, v)
            self.at = begun(self.posed, v, self.rows, product, distance)
        self.tends = np.zeros(len(self.at.slack), dtype=bool)
        self.pose()
        return True

    def _begin_warm(self, first: Point) -> bool:
        """Goes near an optimum, if that is where the levers are and they are few; whether it did."""
        if len(first.run.x) > tuning.SMALL:
            return False
        v = first.run.x / self.frame.sizes.levers
        self._begin_at(first, v)
        y = first_multipliers(self.posed, v, self.rows, self.check)
        if y is None:
            return False
        v = warm(self.posed, v, self.rows, y, tuning.PRODUCT_WARM).v
        point = self.simulated(self.frame.policy(v))
        if point is None or len(np.setdiff1d(self.near(point), self.order)):
            return False
        self._begin_at(point, v, self.order)
        self.at = warm(self.posed, v, self.rows, y, tuning.PRODUCT_WARM)
        return True

    def _moved_inside(self, first: Point, distance: float) -> tuple[Point, FloatArray]:
        """A policy away from the bounds, by as much as the run stays among the numbers."""
        frame, v = self.frame, first.run.x / self.frame.sizes.levers
        for share in (1.0, 0.1, 1e-2, 1e-3):
            away = inside(v, frame.lower, frame.upper, share * distance)
            away = np.where(frame.lower < frame.upper, away, frame.lower)
            point = self.simulated(frame.policy(away))
            if point is not None:
                return point, away
        return first, inside(v, frame.lower, frame.upper, 0.0)

    def _begin_at(self, point: Point, v: FloatArray, order: IndexArray | None = None) -> None:
        """Slopes, units and curvature at the first policy, with limits of these numbers or those that are near."""
        self.point = point
        self.working = WorkingSet(self.program, self.check)
        self.order = self.near(point) if order is None else order
        self.working.members = set(self.order.tolist())
        self.working.renew(point, self.multipliers)
        self.blocks = Blocks.first(self.lagrangian(), self.groups)
        self.frame = replace(self.frame, unit=max(self._largest_effect(), tuning.FLAT * self.blocks.largest) or 1.0)
        self.penalty = max(self._worth(), 1.0)
        self.posed = self._posed()
        self.rows = self.frame.rows(point, v, self.order)

    # --- steps ----------------------------------------------------------------------------------------------------

    def equations(self, damping: float) -> Equations | None:
        """Newton's equations with so much curvature added; None where rounding leaves none."""
        linear, slack, price = self.blocks.linear(self.posed), self.at.slack, self.at.price
        proximity = min(PROXIMITY, max(self.at.product, tuning.LEAST_PROXIMITY)) + damping
        found = Equations.at(self.posed, linear, self.pairs, slack, price, proximity=proximity)
        return None if found is None else found.of(replace(self.posed, blocks=linear.blocks))

    def trial(self, by: Direction, primal: float, dual: float) -> Trial | None:
        """Where a step leads; None where the run leaves the numbers."""
        at = self.at.moved(by, primal, dual)
        point = self.simulated(self.frame.policy(at.v))
        if point is None:
            return None
        rows = self.frame.rows(point, at.v, self.order)
        return Trial(point, at, rows, self.frame.cost(point), self.unknown_excess(point))

    def move(self, to: Trial) -> None:
        """Goes on: new slopes, limits that came near, sizes and units that fit, the price of excess."""
        tends = to.at.slack * self.at.price < self.at.slack * to.at.price
        falls = to.point.left < tuning.MENDS * self.point.left
        self.point, self.at, self.rows = to.point, to.at, to.rows
        self.multipliers = self.frame.multipliers(self.at.y, self.order)
        self.working.renew(self.point, self.multipliers)
        new = np.setdiff1d(self.near(self.point), self.order)
        if len(new):
            self.join(new)
        self._resize()
        asked = self.penalty if falls else raised(self.penalty, self.at.y, self.posed, self.dearest)
        penalty = max(asked, self._worth())
        if penalty > self.penalty:
            self.at = self.at.dearer(Pairs.of(self.posed), penalty - self.penalty)
            self.penalty = penalty
        self.pose()
        self.tends = tends if len(tends) == len(self.at.slack) else np.zeros(len(self.at.slack), dtype=bool)

    def join(self, new: IndexArray) -> None:
        """Takes limits in that a step met."""
        known = self.posed
        self.order = np.concatenate([self.order, new])
        self.working.members |= set(new.tolist())
        self.working.complete(self.point, self.multipliers)
        self.posed = self._posed()
        self.rows = self.frame.rows(self.point, self.at.v, self.order)
        self.at = joined(self.at, known, self.posed, self.rows, tuning.DISTANCE)

    def bend(self, error: float) -> None:
        """Takes the curvature anew."""
        self.blocks.renew(self.lagrangian(), error)
        _, blocks = self.blocks.scaled(self.frame.unit)
        self.posed = replace(self.posed, blocks=blocks)

    def _resize(self) -> None:
        """Counts levers in larger sizes where they have outgrown theirs, and the objective in another unit where slopes
        have."""
        assert self.sizes is not None
        found, factors = self.scaling.renewed(self.point.run, self.sizes)
        if factors.max(initial=1.0) >= tuning.OUTGROWN:
            rows = np.concatenate([found.hard / self.sizes.hard, np.ones(len(self.order))])
            self.at = self.at.resized(Pairs.of(self.posed), factors, rows)
            self.sizes, self.frame = found, replace(self.frame, sizes=found)
            self.rows = self.frame.rows(self.point, self.at.v, self.order)
            self.blocks.curvature = self.blocks.curvature.resized(factors)
        slope, bent = (each / self.frame.unit for each in (self._largest_effect(), self.blocks.largest))
        if slope > tuning.OUT_OF_UNIT or 0.0 < max(slope, bent) < 1.0 / tuning.OUT_OF_UNIT:
            factor = max(slope, min(bent, 1.0))
            self.frame = replace(self.frame, unit=self.frame.unit * factor)
            self.at, self.penalty = self.at.in_unit(factor), self.penalty / factor

    # --- looks ----------------------------------------------------------------------------------------------------

    @property
    def error(self) -> float:
        """The largest miss of slopes and rows, or the product."""
        return max(self.errors.largest, self.at.product)

    def seen(self) -> Seen:
        """The policy, or the one on the bounds next to it where the path is near its end, and what it misses."""
        self.multipliers = self.frame.multipliers(self.at.y, self.order)
        here = self._seen(self.point)
        snapped = self._snapped() if self.at.product < tuning.NEAR_THE_END else None
        if snapped is None:
            return here
        other = self._seen(snapped)
        return other if other.miss < here.miss else here

    def _snapped(self) -> Point | None:
        """The policy whose levers are on the bounds that hold them: there slacks fall faster than prices."""
        frame, v, pairs = self.frame, self.at.v.copy(), self.pairs
        lower, upper, *_ = np.split((self.at.slack < self.at.price) & self.tends, pairs.cuts)
        v[pairs.lower[lower]] = frame.lower[pairs.lower[lower]]
        v[pairs.upper[upper]] = frame.upper[pairs.upper[upper]]
        return self.simulated(frame.policy(v))

    def _seen(self, point: Point) -> Seen:
        return Seen(point.run, point.cost, self.multipliers, self._optimality(point))

    def _optimality(self, point: Point) -> Optimality:
        direct, weights = lagrangian_weights(self.program, point.run.x, point.run.y, self.multipliers)
        lagrangian = direct + self.working.slopes.weighted(weights)
        levers = self.frame.sizes.levers
        bent = self.blocks.curvature.diagonal / levers / levers
        return residuals(self.program, point.run, self._objective_slope(), lagrangian, self.multipliers, bent)

    def near(self, point: Point) -> IndexArray:
        """The limits on outcomes that a policy exceeds or comes near to."""
        near = NEAR if len(point.run.x) <= tuning.SMALL else tuning.NEAR_OF_MANY
        return np.flatnonzero(point.soft.room() <= near * self.frame.sizes.soft)

    def unknown_excess(self, point: Point) -> float:
        """The price of excess of limits that take no part yet."""
        return self.penalty * (point.left - float(point.excess[self.order].sum()))

    # --- pieces ---------------------------------------------------------------------------------------------------

    def pose(self) -> None:
        """Slopes and errors at the point."""
        self.posed = self._posed()
        self.pairs = Pairs.of(self.posed)
        dual = self.pairs.slope(self.at.price, self.posed.cost + self.posed.pulled(self.at.y))
        dual[self.frame.lower >= self.frame.upper] = 0.0
        self.errors = Errors(dual, self.pairs.missed(self.at.slack, self.rows - self.at.s))

    def _posed(self) -> ElasticProgram:
        slopes, levers = self.working.slopes, self.frame.sizes.levers
        if self.ties is None or self.ties.slopes is not slopes or self.ties.levers is not levers:
            self.ties = Ties.of(slopes, levers)
        curvature = self.blocks.scaled(self.frame.unit)
        return self.frame.posed(self.point, self.ties, self.order, curvature, self.penalty)

    def lagrangian(self) -> ExactLagrangian:
        """The Lagrangian around the policy."""
        levers = self.frame.sizes.levers
        return ExactLagrangian(self.program, self.point.run, self.multipliers, levers, self.check, self.are_apart)

    def simulated(self, x: FloatArray) -> Point | None:
        """A policy and its outcomes, or None where the run leaves the numbers."""
        self.check()
        run = self.program.evaluate(x)
        if not run.is_finite:
            self.notes.append(f"A step was thrown away: {self.program.complaint(x)}")
            return None
        soft = Soft.at(self.program, self.split, run.x, run.y)
        sizes = self.scaling.soft(run) if self.sizes is None else self.sizes.soft
        return Point(run, self.program.cost(run.x, run.y), soft, soft.excess() / sizes)

    def _objective_slope(self) -> FloatArray:
        return self.program.lever_cost + self.working.slopes.weighted(self.program.outcome_cost)

    def _largest_effect(self) -> float:
        """The largest effect of a lever on the objective, in the lever's size."""
        return float(np.abs(self._objective_slope() * self.frame.sizes.levers).max(initial=0.0))

    def _worth(self) -> float:
        """What all levers in their sizes are worth: the least price of an excess of the whole size of a limit."""
        return float(np.abs(self._objective_slope() * self.frame.sizes.levers).sum()) / self.frame.unit

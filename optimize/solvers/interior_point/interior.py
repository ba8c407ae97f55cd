"""Convex quadratic programs with the structure of a master problem, by a primal-dual interior-point method.

The program is that of `elastic.py`; `border.py` solves the linear systems by its structure, one Cholesky factorization
for each block.

The iteration is Mehrotra's predictor and corrector (1992, SIAM Journal on Optimization 2) with further correctors of
Gondzio (1996, Computational Optimization and Applications 6), which are cheap beside a factorization; `path.py` has
Newton's equations.

Where limits contradict each other, prices are raised to a million times the costs. In units of the costs the path is
lost there, in those of the prices the costs are; so the objective is counted in the geometric mean of both.

Why not HiGHS: its interior-point method HiPO knows of no structure. Measured on masters of the default plans, on two
processors: with 12,400 levers 0.5 to 1.2 s where HiPO takes 8 to 13 s, with 1,600 levers 0.1 to 0.25 s where it takes
0.9 s, in 6 to 40 iterations, with smaller residuals. HiGHS still solves what this method cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from sd_models.system.model import FloatArray

from .border import Bordered
from .elastic import ElasticProgram
from .path import PROXIMITY, Direction, Equations, Pairs, inside, room

ITERATIONS = 80
CORRECTORS = 2
# The product of a slack and its multiplier at the start, and the distance from bounds, in units of the program.
FIRST_PRODUCT, FIRST_DISTANCE = 0.01, 0.001
# Prices beyond these, costs being 1, are steep: the objective is counted in other units.
STEEP = 1e3
# The part of the way to the boundary that a step takes.
BACK = 0.995
# As long as the product falls to this part in a step, the predictor's whole error is corrected.
FALLS = 0.9
# A step as long as this needs no more correctors; a corrector has to make a step longer by this part.
LONG, WORTH = 0.9, 1.01
# The widest range of the products of slacks and multipliers, relative to their target.
SPREAD = 10.0
# Steps shorter than this one after the other are no progress.
SHORTEST, STUCK = 1e-3, 4
# Rows and slopes count as met at this error; products below the least one, relative to the scale, are none.
MET, LEAST = 1e-9, 1e-13
# An error that grows by this factor over the best one so far shows that rounding has taken over.
LOST = 1e6


@dataclass(frozen=True, eq=False)
class Optimum:
    """Levers, multipliers of rows (positive at an upper side, negative at a lower one), and how good they are.

    `residual` is that of `ElasticProgram.residual`. `linear` has the last factors, for these `barrier` of levers and
    `weights` of rows: what holds weighs much. They are of the system in a `unit` of the objective.
    """

    program: ElasticProgram
    values: FloatArray
    multipliers: FloatArray
    residual: float
    iterations: int
    linear: Bordered = field(repr=False)
    barrier: FloatArray = field(repr=False)
    weights: FloatArray = field(repr=False)
    unit: float = 1.0

    @property
    def has_factors(self) -> bool:
        """Whether there were any iterations."""
        return self.iterations > 0

    def solved(self, right: FloatArray) -> FloatArray:
        """The solution of the last system for another right side."""
        return self.linear.solved(right) / self.unit

    def of(self, program: ElasticProgram, unit: float) -> Optimum:
        """The optimum of a program from that of the same one in other units of its objective."""
        multipliers = self.multipliers * unit
        return replace(
            self,
            program=program,
            multipliers=multipliers,
            residual=program.residual(self.values, multipliers),
            barrier=self.barrier * unit,
            weights=self.weights * unit,
            unit=unit,
        )


def solve(program: ElasticProgram, *, accuracy: float, check: Callable[[], None] = lambda: None) -> Optimum:
    """The minimum, to where the duality gap is below this part of what the levers gain against none, or below rounding.

    `check` is asked before each iteration, and may raise to end the work.
    """
    unit = float(np.sqrt(program.scale)) if program.scale > STEEP else 1.0
    scaled = program.in_units(unit)
    return _Path(scaled, Bordered.of(scaled), accuracy, check).followed().of(program, unit)


@dataclass
class _Path:
    """The central path, followed."""

    program: ElasticProgram
    linear: Bordered
    accuracy: float
    check: Callable[[], None]
    product: float = np.inf
    last: float = np.inf

    def followed(self) -> Optimum:
        """To its end, or to where it is lost."""
        self._begin()
        short, taken = 0, 0
        best = self.v, self.y, np.inf
        while taken < ITERATIONS:
            self._look()
            lost = max(self.product, float(np.abs(self.primal).max(initial=0.0)), float(np.abs(self.dual).max()))
            if lost < best[2]:
                best = self.v, self.y, lost
            met = np.abs(self.primal).max(initial=0.0) < MET and np.abs(self.dual).max() < MET * self.program.scale
            if (met and self._is_done()) or short >= STUCK or lost > LOST * best[2]:
                break
            self.check()
            if not self._weighed():
                break
            length = self._step(*self._direction())
            short, taken = short + 1 if length < SHORTEST else 0, taken + 1
        v, y, _ = best
        v = np.clip(v, self.program.lower, self.program.upper)
        return Optimum(self.program, v, y, self.program.residual(v, y), taken, self.linear, self.barrier, self.weights)

    # --- the point --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """A point with all slacks well inside, and every product the same but where elastic rows are missed.

        There slacks take in what is missed, however dear it is: slacks that are small beside it hold steps up.
        """
        p = self.program
        self.pairs = pairs = Pairs.of(p)
        self.fixed = p.lower >= p.upper
        self.equal = p.row_lower == p.row_upper
        self.v = np.where(self.fixed, p.lower, inside(np.zeros(len(p.cost)), p.lower, p.upper, FIRST_DISTANCE))
        rows = p.values(self.v)
        self.s = np.where(self.equal, p.row_lower, inside(rows, p.row_lower, p.row_upper, FIRST_DISTANCE))
        slack = [
            (self.v - p.lower)[pairs.lower],
            (p.upper - self.v)[pairs.upper],
            (self.s - p.row_lower)[pairs.row_lower],
            (p.row_upper - self.s)[pairs.row_upper],
        ]
        price = [FIRST_PRODUCT / each for each in slack]
        y = np.zeros(len(p.row_lower))
        y[pairs.row_upper] += price[3]
        y[pairs.row_lower] -= price[2]
        less = np.minimum(1.0, 0.5 * p.prices / np.maximum(np.abs(y), 1e-100))
        price[2], price[3], self.y = price[2] * less[pairs.row_lower], price[3] * less[pairs.row_upper], y * less
        price += [(p.prices - self.y)[pairs.above], (p.prices + self.y)[pairs.below]]
        missed = rows - self.s
        over = (missed[pairs.above], -missed[pairs.below])
        slack += [np.maximum(FIRST_PRODUCT / each, part) for each, part in zip(price[4:], over, strict=True)]
        self.slack, self.price = np.concatenate(slack), np.concatenate(price)
        self.curved, self.rows, self.pulled = p.curved(self.v), rows, p.pulled(self.y)
        self.barrier, self.weights = np.full(len(self.v), PROXIMITY), np.ones(len(self.y))

    def _look(self) -> None:
        """By how much rows and slopes are missed, and the mean product."""
        pairs, p = self.pairs, self.program
        self.dual = pairs.slope(self.price, p.cost + self.curved + self.pulled)
        self.dual[self.fixed] = 0.0
        self.primal = pairs.missed(self.slack, self.rows - self.s)
        self.last, self.product = self.product, float(self.slack @ self.price) / max(len(self.slack), 1)

    def _is_done(self) -> bool:
        """Whether what is left to gain is little beside what the point gains."""
        left = self.product * len(self.slack)
        return self.product <= LEAST * self.program.scale or left <= self.accuracy * self._gain()

    def _gain(self) -> float:
        """By how much the point is better than no step at all, prices of excess included."""
        nothing = np.zeros_like(self.v)
        return self.program.value(nothing, nothing) - self.program.value(self.v, self.curved)

    def _weighed(self) -> bool:
        """Newton's equations at the point; whether there are any."""
        found = Equations.at(self.program, self.linear, self.pairs, self.slack, self.price)
        if found is not None:
            self.equations, self.barrier, self.weights = found, found.barrier, found.weights
        return found is not None

    # --- steps ------------------------------------------------------------------------------------------------------

    def _direction(self) -> tuple[Direction, float]:
        """Predictor, corrector and further correctors, and the longest step along them."""
        affine = self._solved(-self.slack * self.price, self.dual, self.primal)
        length = self._longest(affine)
        reached = float((self.slack + length * affine.slack) @ (self.price + length * affine.price))
        reached /= max(len(self.slack), 1)
        falls = reached / self.product if self.product else 0.0  # without slacks there are only equations to be met
        target = max(falls**3 * self.product, 0.01 * LEAST * self.program.scale)
        share = 1.0 if self.product < FALLS * self.last else length**2  # Mehrotra's correction may cycle (Cartis 2009)
        aim = target - self.slack * self.price - share * affine.slack * affine.price
        found = self._solved(aim, self.dual, self.primal, precise=True)
        length = self._longest(found)
        for _ in range(CORRECTORS):
            if length > LONG:
                break
            hoped = min(1.0, 1.08 * length + 0.08)
            products = (self.slack + hoped * found.slack) * (self.price + hoped * found.price)
            wanted = np.clip(products, target / SPREAD, SPREAD * target) - products
            more = found.plus(self._solved(np.maximum(wanted, -SPREAD * target), 0.0, 0.0))
            longer = self._longest(more)
            if longer < WORTH * length:
                break
            found, length = more, longer
        return found, length

    def _solved(
        self, aim: FloatArray, dual: FloatArray | float, primal: FloatArray | float, *, precise: bool = False
    ) -> Direction:
        """The Newton direction to these products that mends these errors of slopes and rows."""
        system = self.equations.precisely if precise else self.equations.once
        return self.equations.direction(aim, dual, primal, system)

    def _longest(self, direction: Direction) -> float:
        """The longest step, at most 1, that keeps slacks and prices positive."""
        return min(room(self.slack, direction.slack), room(self.price, direction.price), 1.0)

    def _step(self, found: Direction, longest: float) -> float:
        """Takes a step, as long as may be."""
        length = longest if longest >= 1.0 else BACK * longest
        self.v, self.y, self.s = self.v + length * found.v, self.y + length * found.y, self.s + length * found.s
        self.slack, self.price = self.slack + length * found.slack, self.price + length * found.price
        p = self.program
        self.curved, self.rows, self.pulled = p.curved(self.v), p.values(self.v), p.pulled(self.y)
        return length

"""What a step has to make smaller: objective, prices of excess, barrier, and what rows are missed by.

    objective + penalty * excess - target * sum of log(slack) + sum of weights * |rows - s - above + below|

With weights above the multipliers of the rows, a step of Newton's equations whose matrix is positive definite makes it
smaller (Byrd, Hribar and Nocedal 1999, SIAM Journal on Optimization 9). Limits on outcomes are elastic, so that the
penalty bounds their multipliers and the weights never run away (Curtis 2012, Mathematical Programming Computation 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_models.system.model import FloatArray

from ..interior_point.elastic import ElasticProgram
from ..interior_point.path import Direction, Pairs
from ..sequential.points import Point
from .iterate import Iterate
from .tuning import ENOUGH, HEAVY, LIGHT


@dataclass(frozen=True, eq=False)
class Trial:
    """Where a step leads: its policy, its point of the path, the values of rows, its objective, and the price of the
    excess of limits that take no part yet."""

    point: Point
    at: Iterate
    rows: FloatArray
    cost: float
    unknown: float


@dataclass(frozen=True)
class Bar:
    """What the merit of a step has to come below: that of the point with its rounding, and a part of the slope."""

    now: float
    slope: float

    def is_met(self, trial: Trial, merit: Merit, length: float) -> bool:
        """Whether a step of this length keeps enough of what the slope promises (Armijo 1966)."""
        value = merit.value(trial.cost, trial.at, trial.rows) + trial.unknown
        return value <= self.now + ENOUGH * length * self.slope


@dataclass(frozen=True, eq=False)
class Merit:
    """The merit function for a product to aim at; `weights` are those of rows."""

    program: ElasticProgram
    pairs: Pairs
    target: float
    weights: FloatArray

    @classmethod
    def of(cls, program: ElasticProgram, pairs: Pairs, target: float, *multipliers: FloatArray) -> Merit:
        """The merit function with weights above the multipliers of rows before and after a step."""
        largest = np.max(np.abs(multipliers), axis=0)
        return cls(program, pairs, target, np.minimum(HEAVY * largest + LIGHT, program.prices))

    def missed(self, at: Iterate, rows: FloatArray) -> FloatArray:
        """What rows are missed by."""
        return self.pairs.missed(at.slack, rows - at.s)

    def value(self, cost: float, at: Iterate, rows: FloatArray) -> float:
        """The merit of a point with this objective and these values of rows."""
        excess = self._priced(at.slack)
        barrier = self.target * float(np.log(at.slack).sum()) if self.target else 0.0
        return cost + excess - barrier + float(self.weights @ np.abs(self.missed(at, rows)))

    def slope(self, at: Iterate, by: Direction, missed: FloatArray) -> float:
        """Its slope along a direction that mends the rows as far as they are linear."""
        barrier = self.target * float((by.slack / at.slack).sum()) if self.target else 0.0
        linear = float(self.program.cost @ by.v) + self._priced(by.slack)
        return linear - barrier - float(self.weights @ np.abs(missed))

    def _priced(self, slack: FloatArray) -> float:
        *_, above, below = self.pairs.apart(slack)
        prices = self.program.prices
        return float(prices[self.pairs.above] @ above + prices[self.pairs.below] @ below)

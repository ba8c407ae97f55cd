"""Convex quadratic programs with the structure of a master problem: blocks, few outcomes, rows that may give way.

    minimize    cost'v + 1/2 v'H v + sum of prices * (above + below)
    subject to  lower <= v <= upper
                row_lower <= A v + B z - above + below <= row_upper,   above, below >= 0
                z = J v

H has a dense block for each group of levers, most rows of A have a few levers of one group, and J has a few dense rows:
the outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import block_diag, csr_array, eye_array, hstack, vstack

from sd_models.system.model import FloatArray, IndexArray

from ..highs import ConvexProgram


@dataclass(frozen=True, eq=False)
class ElasticProgram:
    """The program of the module.

    `groups` are the levers of each block of H (`blocks`); together they are all levers, each once. `ties` is J
    (outcomes, levers), `by_lever` A, `by_outcome` B. `prices` are infinite for rows that have to hold.
    """

    cost: FloatArray
    groups: tuple[IndexArray, ...]
    blocks: tuple[FloatArray, ...]
    lower: FloatArray
    upper: FloatArray
    ties: FloatArray
    by_lever: csr_array
    by_outcome: csr_array
    row_lower: FloatArray
    row_upper: FloatArray
    prices: FloatArray

    def values(self, v: FloatArray) -> FloatArray:
        """A v + B J v."""
        return np.asarray(self.by_lever @ v + self.by_outcome @ (self.ties @ v))

    def pulled(self, y: FloatArray) -> FloatArray:
        """The transpose of `values` times multipliers of rows."""
        return np.asarray(self._by_lever_back @ y + (y @ self.by_outcome) @ self.ties)

    def curved(self, v: FloatArray) -> FloatArray:
        """H v."""
        found = np.empty_like(v)
        for group, block in zip(self.groups, self.blocks, strict=True):
            found[group] = block @ v[group]
        return found

    @cached_property
    def scale(self) -> float:
        """The largest cost or price, at least 1."""
        prices = self.prices[np.isfinite(self.prices)]
        return max(1.0, float(np.abs(self.cost).max(initial=0.0)), float(prices.max(initial=0.0)))

    def in_units(self, unit: float) -> ElasticProgram:
        """The same with the objective counted in another unit."""
        blocks = tuple(block / unit for block in self.blocks)
        return replace(self, cost=self.cost / unit, blocks=blocks, prices=self.prices / unit)

    def flat(self) -> ConvexProgram:
        """The same with a variable for each slack of an elastic row: levers, outcomes, slacks above, slacks below."""
        rows, outcomes = len(self.row_lower), len(self.ties)
        elastic = np.flatnonzero(np.isfinite(self.prices))
        slacks = csr_array((np.ones(len(elastic)), (elastic, np.arange(len(elastic)))), shape=(rows, len(elastic)))
        blocks = [csr_array(block) for block in self.blocks]
        order = np.argsort(np.concatenate(self.groups))
        curvature = csr_array(block_diag(blocks, format="csr")[order][:, order])
        more = outcomes + 2 * len(elastic)
        free, slack = np.full(outcomes, np.inf), np.zeros(2 * len(elastic))
        ties = hstack([csr_array(self.ties), -eye_array(outcomes), csr_array((outcomes, 2 * len(elastic)))])
        return ConvexProgram(
            cost=np.concatenate([self.cost, np.zeros(outcomes), np.tile(self.prices[elastic], 2)]),
            curvature=csr_array(block_diag([curvature, csr_array((more, more))], format="csr")),
            lower=np.concatenate([self.lower, -free, slack]),
            upper=np.concatenate([self.upper, free, slack + np.inf]),
            matrix=csr_array(vstack([hstack([self.by_lever, self.by_outcome, -slacks, slacks]), ties])),
            row_lower=np.concatenate([self.row_lower, np.zeros(outcomes)]),
            row_upper=np.concatenate([self.row_upper, np.zeros(outcomes)]),
        )

    def excess(self, v: FloatArray) -> FloatArray:
        """By how much each row is above its upper side, less than zero below its lower one."""
        rows = self.values(v)
        return np.maximum(rows - self.row_upper, 0.0) - np.maximum(self.row_lower - rows, 0.0)

    def value(self, v: FloatArray, curved: FloatArray) -> float:
        """The objective of levers and of their curvature times them, prices of excess included."""
        elastic = np.isfinite(self.prices)
        excess = np.abs(self.excess(v))[elastic]
        return float(self.cost @ v + 0.5 * v @ curved + self.prices[elastic] @ excess)

    def residual(self, v: FloatArray, y: FloatArray) -> float:
        """By how much levers and multipliers of rows miss the KKT conditions, multipliers relative to the scale."""
        slope = self.cost + self.curved(v) + self.pulled(y)
        rows, excess = self.values(v), self.excess(v)
        room = np.where(slope > 0, v - self.lower, self.upper - v)
        slack = np.where(y > 0, self.row_upper - rows, rows - self.row_lower)
        owed = np.where(np.isfinite(self.prices), np.abs(self.prices - np.sign(excess) * y) / self.scale, np.inf)
        parts = (
            np.minimum(np.abs(slope) / self.scale, np.maximum(room, 0.0)),
            np.minimum(np.abs(y) / self.scale, np.maximum(slack, 0.0)),
            np.maximum(self.lower - v, v - self.upper),
            np.minimum(np.abs(excess), owed),
        )
        return max(float(part.max(initial=0.0)) for part in parts)

    @cached_property
    def _by_lever_back(self) -> csr_array:
        return csr_array(self.by_lever.T)

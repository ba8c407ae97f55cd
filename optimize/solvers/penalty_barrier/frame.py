"""The program in scaled numbers, around a policy: what the linear algebra sees.

A lever is counted in its size, a limit in its size, the objective in `unit`. Unlike a master problem, this one has no
trust region, and its levers are values, not steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array, diags_array, vstack

from sd_models.system.model import FloatArray, IndexArray

from ...problems.optimality import Multipliers
from ...problems.program import Program
from ..interior_point.elastic import ElasticProgram
from ..sequential.master import Sizes, Slopes, Split
from ..sequential.points import Point


def movable(program: Program) -> Split:
    """The rows of a program apart; rows without an outcome whose levers are all fixed, which no step changes, in
    neither."""
    found = Split.of(program)
    free = (program.lower < program.upper).astype(np.float64)
    moved = abs(program.lever_rows[found.hard]) @ free > 0.0
    return Split(found.hard[moved], found.soft)


@dataclass(frozen=True, eq=False)
class Ties:
    """The slopes of outcomes by `levers` in these sizes, each outcome in the unit of its largest one.

    `matrix` is (outcomes, levers). Limits by region and year have sixteen million slopes, which are counted once.
    """

    slopes: Slopes
    levers: FloatArray
    matrix: FloatArray
    units: FloatArray

    @classmethod
    def of(cls, slopes: Slopes, levers: FloatArray) -> Ties:
        """Slopes in sizes of levers."""
        matrix = slopes.matrix * levers
        largest = np.maximum(matrix.max(axis=1, initial=0.0), -matrix.min(axis=1, initial=0.0))
        units = np.where(largest > 0, largest, 1.0)
        matrix /= units[:, np.newaxis]
        return cls(slopes, levers, matrix, units)


@dataclass(frozen=True, eq=False)
class Frame:
    """A program, its rows apart, the sizes of everything, and the unit of the objective."""

    program: Program
    split: Split
    sizes: Sizes
    unit: float

    @cached_property
    def lower(self) -> FloatArray:
        """The lower bounds of the levers."""
        return np.asarray(self.program.lower / self.sizes.levers)

    @cached_property
    def upper(self) -> FloatArray:
        """The upper bounds of the levers."""
        return np.asarray(self.program.upper / self.sizes.levers)

    @cached_property
    def hard(self) -> csr_array:
        """The rows on levers alone."""
        rows = self.program.lever_rows[self.split.hard]
        return csr_array(diags_array(1.0 / self.sizes.hard) @ rows @ diags_array(self.sizes.levers))

    def policy(self, v: FloatArray) -> FloatArray:
        """The levers in the program's units, within their bounds."""
        return np.clip(v * self.sizes.levers, self.program.lower, self.program.upper)

    def cost(self, point: Point) -> float:
        """The objective at a policy."""
        return point.cost / self.unit

    def rows(self, point: Point, v: FloatArray, order: IndexArray) -> FloatArray:
        """The values of all rows that take part: those on levers alone, then the limits of these numbers."""
        return np.concatenate([self.hard @ v, point.soft.values[order] / self.sizes.soft[order]])

    def posed(
        self,
        point: Point,
        ties: Ties,
        order: IndexArray,
        curvature: tuple[tuple[IndexArray, ...], tuple[FloatArray, ...]],
        penalty: float,
    ) -> ElasticProgram:
        """The program linearized at a policy; `curvature` are groups of levers and a block for each."""
        chosen, sizes, soft = self.split.hard, self.sizes, point.soft
        down = diags_array(1.0 / sizes.soft[order])
        by_x = csr_array(down @ soft.by_x[order] @ diags_array(sizes.levers))
        by_y = csr_array(down @ soft.by_y[order][:, ties.slopes.chosen] @ diags_array(ties.units))
        lower, upper = self.program.row_lower[chosen], self.program.row_upper[chosen]
        return ElasticProgram(
            cost=(self.program.lever_cost + ties.slopes.weighted(self.program.outcome_cost)) * sizes.levers / self.unit,
            groups=curvature[0],
            blocks=curvature[1],
            lower=self.lower,
            upper=self.upper,
            ties=ties.matrix,
            by_lever=csr_array(vstack([self.hard, by_x])),
            by_outcome=csr_array(vstack([csr_array((len(chosen), len(ties.units))), by_y])),
            row_lower=np.concatenate([lower / sizes.hard, soft.lower[order] / sizes.soft[order]]),
            row_upper=np.concatenate([upper / sizes.hard, soft.upper[order] / sizes.soft[order]]),
            prices=np.concatenate([np.full(len(chosen), np.inf), np.full(len(order), penalty)]),
        )

    def multipliers(self, y: FloatArray, order: IndexArray) -> Multipliers:
        """Multipliers of rows in the units of the program."""
        hard, soft_rows = len(self.split.hard), len(self.split.soft)
        rows = np.zeros(len(self.program.row_lower))
        rows[self.split.hard] = y[:hard] * self.unit / self.sizes.hard
        soft = np.zeros(soft_rows + len(self.program.quadratics))
        soft[order] = y[hard:] * self.unit / self.sizes.soft[order]
        rows[self.split.soft] = soft[:soft_rows]
        return Multipliers(rows, soft[soft_rows:])

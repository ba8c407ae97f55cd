"""The master problem of an iteration: the program linearized at a point, with curvature, inside a trust region.

    minimize    g'p + 1/2 p'D p + penalty * sum of slacks
    subject to  the linear limits, exactly;  |p| <= radius * sizes;  lower <= x + p <= upper
                limits on outcomes with y + J p in place of y(x + p), each side with a slack

All of it is posed in scaled numbers: a lever in its size times the radius, a limit in its size times the radius, the
objective by its largest entry. So the steps near the end, a millionth of a lever, are found as exactly as the first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array, diags_array, vstack

from sd_models.system.model import FloatArray, IndexArray

from ...problems.optimality import Multipliers
from ...problems.program import Evaluation, Program
from ..interior_point.elastic import ElasticProgram
from .curvature import Curvature

# A linear limit that is exceeded by less than this part of the longest step has to hold after it.
MENDED = 1e-3


@dataclass(frozen=True, eq=False)
class Split:
    """The rows of a program apart: `hard` are linear in the levers, `soft` depend on outcomes."""

    hard: IndexArray
    soft: IndexArray

    @classmethod
    def of(cls, program: Program) -> Split:
        """The numbers of the rows of each kind."""
        moved = np.diff(program.outcome_rows.indptr) > 0
        return cls(np.flatnonzero(~moved), np.flatnonzero(moved))


@dataclass(frozen=True, eq=False)
class Slopes:
    """The gradients (outcomes, levers) of the outcomes with these numbers at a point."""

    chosen: IndexArray
    matrix: FloatArray

    def weighted(self, weights: FloatArray) -> FloatArray:
        """The gradient of the sum of the outcomes times their weights (all outcomes)."""
        chosen = weights[self.chosen]
        used = np.flatnonzero(chosen)
        if 2 * len(used) > len(chosen):
            return np.asarray(chosen @ self.matrix)
        return np.asarray(chosen[used] @ self.matrix[used])


@dataclass(frozen=True, eq=False)
class Soft:
    """The limits on outcomes at a point, the quadratic ones last: `by_x` and `by_y` are their slopes.

    `values` lie between `lower` and `upper` where they hold.
    """

    by_x: csr_array
    by_y: csr_array
    values: FloatArray
    lower: FloatArray
    upper: FloatArray

    @classmethod
    def at(cls, program: Program, split: Split, x: FloatArray, y: FloatArray) -> Soft:
        """The limits at levers x and outcomes y."""
        z = np.concatenate([x, y])
        slopes = [csr_array(q.slope(z)[np.newaxis]) for q in program.quadratics]
        excess = np.array([q.excess(z) for q in program.quadratics])
        chosen, count = split.soft, len(program.quadratics)
        return cls(
            csr_array(vstack([program.lever_rows[chosen], *(slope[:, : len(x)] for slope in slopes)])),
            csr_array(vstack([program.outcome_rows[chosen], *(slope[:, len(x) :] for slope in slopes)])),
            np.concatenate([program.rows(x, y)[chosen], excess]),
            np.concatenate([program.row_lower[chosen], np.full(count, -np.inf)]),
            np.concatenate([program.row_upper[chosen], np.zeros(count)]),
        )

    def excess(self, values: FloatArray | None = None) -> FloatArray:
        """By how much each limit is exceeded, at the point or at other values."""
        found = self.values if values is None else values
        return np.maximum(np.maximum(self.lower - found, found - self.upper), 0.0)

    def room(self) -> FloatArray:
        """The distance of each limit to its nearer bound, negative where it is exceeded."""
        return np.minimum(self.values - self.lower, self.upper - self.values)


@dataclass(frozen=True, eq=False)
class Sizes:
    """The sizes of levers, of hard rows and of soft limits."""

    levers: FloatArray
    hard: FloatArray
    soft: FloatArray


@dataclass(frozen=True, eq=False)
class Master:
    """The master problem at a point; `working` are the numbers of the soft limits that it knows.

    `correction` is added to the linearized values of the soft limits: what a step turned out to miss.
    """

    program: Program
    split: Split
    at: Evaluation
    soft: Soft
    slopes: Slopes
    gradient: FloatArray
    curvature: Curvature
    sizes: Sizes
    working: IndexArray
    radius: float
    penalty: float
    correction: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def scale(self) -> float:
        """The largest effect of a lever on the objective."""
        return float(np.abs(self.gradient * self.sizes.levers).max(initial=0.0)) or 1.0

    def pose(self) -> ElasticProgram:
        """The master problem in scaled numbers; the hard rows come first."""
        hard, hard_lower, hard_upper = self._hard_rows()
        by_x, by_y = self._soft_rows()
        soft_lower, soft_upper = self._soft_sides()
        ties = self.slopes.matrix * self.sizes.levers / self._outcome_sizes[:, np.newaxis]
        return ElasticProgram(
            cost=self.gradient * self.sizes.levers / self.scale,
            groups=tuple(group.columns for group in self.curvature.groups),
            blocks=tuple(block * (self.radius / self.scale) for block in self.curvature.blocks),
            lower=np.clip((self.program.lower - self.at.x) / self._unit, -1.0, 0.0),
            upper=np.clip((self.program.upper - self.at.x) / self._unit, 0.0, 1.0),
            ties=ties,
            by_lever=csr_array(vstack([hard, by_x])),
            by_outcome=csr_array(vstack([csr_array((hard.shape[0], len(ties))), by_y])),
            row_lower=np.concatenate([hard_lower, soft_lower]),
            row_upper=np.concatenate([hard_upper, soft_upper]),
            prices=np.concatenate(
                [np.full(len(hard_lower), np.inf), np.full(len(soft_lower), self.penalty / self.scale)]
            ),
        )

    def step(self, values: FloatArray) -> FloatArray:
        """The step of the levers from their values in scaled numbers."""
        found = values * self._unit
        return np.clip(found, self.program.lower - self.at.x, self.program.upper - self.at.x)

    def multipliers(self, scaled: FloatArray) -> Multipliers:
        """The multipliers of all rows and quadratic constraints in the units of the program, from those of `pose`."""
        hard = len(self.split.hard)
        rows = np.zeros(len(self.program.row_lower))
        rows[self.split.hard] = scaled[:hard] * self.scale / self.sizes.hard
        soft = np.zeros(len(self.soft.values))
        soft[self.working] = scaled[hard:] * self.scale / self.sizes.soft[self.working]
        rows[self.split.soft] = soft[: len(self.split.soft)]
        return Multipliers(rows, soft[len(self.split.soft) :])

    def linearized(self, step: FloatArray) -> FloatArray:
        """The values of the soft limits after a step, as their slopes have them."""
        outcomes = np.zeros(self.soft.by_y.shape[1])
        outcomes[self.slopes.chosen] = self.slopes.matrix @ step
        return np.asarray(self.soft.values + self.soft.by_x @ step + self.soft.by_y @ outcomes)

    def predicted(self, step: FloatArray) -> tuple[float, FloatArray]:
        """The change of the objective by the model, and the relative excess of each soft limit after a step."""
        scaled = step / self.sizes.levers
        change = float(self.gradient @ step + 0.5 * scaled @ self.curvature.product(scaled))
        values = self.linearized(step)
        excess = np.zeros(len(values))
        excess[self.working] = (self.soft.excess(values) / self.sizes.soft)[self.working]
        return change, excess

    @property
    def _unit(self) -> FloatArray:
        return self.sizes.levers * self.radius

    def _hard_rows(self) -> tuple[csr_array, FloatArray, FloatArray]:
        rows, sizes = self.split.hard, self.sizes.hard
        matrix = self.program.lever_rows[rows]
        scaled = diags_array(1.0 / sizes) @ matrix @ diags_array(self.sizes.levers)
        values, unit = matrix @ self.at.x, sizes * self.radius
        lower = (self.program.row_lower[rows] - values) / unit
        upper = (self.program.row_upper[rows] - values) / unit
        # What rounding left is mended where the step is long beside it; beyond, no step might obey the limit.
        return csr_array(scaled), np.where(lower < MENDED, lower, 0.0), np.where(upper > -MENDED, upper, 0.0)

    @property
    def _outcome_sizes(self) -> FloatArray:
        found = np.abs(self.slopes.matrix * self.sizes.levers).max(axis=1, initial=0.0)
        return np.where(found > 0, found, 1.0)

    def _soft_rows(self) -> tuple[csr_array, csr_array]:
        down = diags_array(1.0 / self.sizes.soft[self.working])
        by_x = down @ self.soft.by_x[self.working] @ diags_array(self.sizes.levers)
        by_y = down @ self.soft.by_y[self.working][:, self.slopes.chosen] @ diags_array(self._outcome_sizes)
        return csr_array(by_x), csr_array(by_y)

    def _soft_sides(self) -> tuple[FloatArray, FloatArray]:
        chosen, values = self.working, self.soft.values
        if len(self.correction):
            values = values + self.correction
        unit = self.sizes.soft[chosen] * self.radius
        return (self.soft.lower - values)[chosen] / unit, (self.soft.upper - values)[chosen] / unit

"""How far a policy is from an optimum: the scaled KKT residual and the violation of limits, apart from any solver.

A point is stationary if the gradient of the Lagrangian

    L = c'x + d'y(x) + multipliers of rows * (A x + B y(x)) + multipliers of quadratics * q(x, y(x))

vanishes, but for levers that stand on a bound and are held there (Karush 1939; Kuhn and Tucker 1951). Three numbers say
by how much a point misses this:

- `stationarity`: for each lever the smaller of its entry of the gradient and its distance to the bound that holds it,
  the largest of these. A lever counts in the size of its block, the largest of its values there (or its range, where
  all are zero). The gradient is divided by the largest entry of the gradient of the objective, or by the size of the
  objective over the number of levers where that is larger: 1e-6 means that no lever's marginal value departs from the
  prices of the limits by more than a millionth of the largest marginal value that there is.
- `complementarity`: for each limit with a multiplier the smaller of its distance to its bound, relative to the limit's
  size, and of what the multiplier makes of the limit's whole size, relative to the objective.
- `violation`: how far a limit or bound is exceeded, relative to its size: the largest of its bounds and of the sum of
  its terms' absolute values (`row_sizes`).

All three stay what they are if units, levers or limits are scaled. The size of the objective is what the policy gains
or loses against the reference levers, so that a number added to the objective changes little.

Why these scales and not those of a solver: IPOPT divides by the mean multiplier, HiGHS by norms of its costs; neither
number means anything to the person who reads it, and two solvers could not be compared by them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_models.system.model import FloatArray

from .program import Evaluation, Program


@dataclass(frozen=True, slots=True)
class Multipliers:
    """Multipliers of rows and of quadratic constraints, with the signs of `Solution`."""

    rows: FloatArray
    quadratics: FloatArray

    @classmethod
    def none(cls, program: Program) -> Multipliers:
        """All zero."""
        return cls(np.zeros(len(program.row_lower)), np.zeros(len(program.quadratics)))


@dataclass(frozen=True, slots=True)
class Optimality:
    """How far a point is from an optimum; see the module."""

    stationarity: float
    complementarity: float
    violation: float

    @property
    def kkt_residual(self) -> float:
        """The larger of stationarity and complementarity."""
        return max(self.stationarity, self.complementarity)

    def within(self, tolerance: float) -> bool:
        """Whether the point counts as an optimum."""
        return max(self.kkt_residual, self.violation) <= tolerance


def optimality(program: Program, at: Evaluation, multipliers: Multipliers) -> Optimality:
    """The residuals of a policy with its outcomes, by gradients that are taken here."""
    direct, weights = lagrangian_weights(program, at.x, at.y, multipliers)
    objective = program.lever_cost + program.pullback(at, program.outcome_cost)
    lagrangian = direct + program.pullback(at, weights)
    return residuals(program, at, objective, lagrangian, multipliers, objective_size(program, at))


def residuals(
    program: Program,
    at: Evaluation,
    objective: FloatArray,
    lagrangian: FloatArray,
    multipliers: Multipliers,
    size: float,
) -> Optimality:
    """The residuals from the gradients of objective and Lagrangian (levers) and the size of the objective."""
    return Optimality(
        _stationarity(program, at.x, objective, lagrangian, size),
        _complementarity(program, at, multipliers, size),
        violation(program, at.x, at.y),
    )


def lagrangian_weights(
    program: Program, x: FloatArray, y: FloatArray, multipliers: Multipliers
) -> tuple[FloatArray, FloatArray]:
    """The derivatives of the Lagrangian by x, outcomes held, and by y."""
    by_x = program.lever_cost + program.lever_rows.T @ multipliers.rows
    by_y = program.outcome_cost + program.outcome_rows.T @ multipliers.rows
    z = np.concatenate([x, y])
    for quadratic, multiplier in zip(program.quadratics, multipliers.quadratics, strict=True):
        if multiplier:
            slope = multiplier * quadratic.slope(z)
            by_x, by_y = by_x + slope[: len(x)], by_y + slope[len(x) :]
    return np.asarray(by_x), np.asarray(by_y)


# --- sizes ------------------------------------------------------------------------------------------------------------


def objective_size(program: Program, at: Evaluation) -> float:
    """How much the objective differs from that of the reference levers, or a millionth of it where that is more."""
    own = program.origin
    here, there = program.cost(at.x, at.y), program.cost(own.x, own.y)
    gain = abs(here - there) if np.isfinite(there) else abs(here)
    return max(gain, 1e-6 * abs(here))


def lever_sizes(program: Program, x: FloatArray) -> FloatArray:
    """The size of each lever: the largest absolute value of its block, or its range where all are zero, or 1."""
    sizes = np.ones(len(x))
    for block in program.blocks:
        columns = block.columns
        largest = np.abs(x[columns]).max(initial=0.0)
        span = program.upper[columns] - program.lower[columns]
        ranges = span[np.isfinite(span) & (span > 0)]
        sizes[columns] = largest or ranges.max(initial=0.0) or 1.0
    return sizes


def row_sizes(program: Program, x: FloatArray, y: FloatArray) -> FloatArray:
    """The size of each row: the largest of its bounds and of the sum of its terms' absolute values, or 1.

    An outcome counts with its peak, where that is more: a stock that
    must not be negative at the end, and is used up, has no size of its own.
    """
    outcomes = np.maximum(np.abs(y), program.peaks)
    terms = abs(program.lever_rows) @ np.abs(x) + abs(program.outcome_rows) @ outcomes
    for side in (program.row_lower, program.row_upper):
        terms = np.maximum(terms, np.where(np.isfinite(side), np.abs(side), 0.0))
    return np.where(terms > 0, terms, 1.0)


def quadratic_sizes(program: Program, x: FloatArray, y: FloatArray) -> FloatArray:
    """The size of each quadratic constraint: the largest of its bound, its square and its linear terms, or 1."""
    z = np.concatenate([x, y])
    found = [
        max(abs(q.bound), abs(0.5 * float(z @ (q.matrix @ z))), float(np.abs(q.vector) @ np.abs(z)))
        for q in program.quadratics
    ]
    return np.array([size or 1.0 for size in found])


# --- residuals --------------------------------------------------------------------------------------------------------


def violation(program: Program, x: FloatArray, y: FloatArray) -> float:
    """The largest relative violation of rows, quadratic constraints and bounds; infinite where a run is no number."""
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return float("inf")
    return max(float(part.max(initial=0.0)) for part in _excesses(program, x, y))


def most_violated(program: Program, x: FloatArray, y: FloatArray) -> tuple[float, str]:
    """The largest relative violation and the name of the limit, or of the constraint that was added, where it is."""
    largest = violation(program, x, y)
    if not 0 < largest < np.inf:
        return largest, ""
    quadratics = (quadratic.name for quadratic in program.quadratics)
    names = (*program.row_names, *quadratics, *("bounds of the levers" for _ in x))
    return largest, names[int(np.concatenate(_excesses(program, x, y)).argmax())]


def _excesses(program: Program, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """By how much rows, quadratic constraints and bounds are exceeded, relative to their sizes."""
    values = program.rows(x, y)
    rows = np.maximum(program.row_lower - values, values - program.row_upper) / row_sizes(program, x, y)
    over = np.array([quadratic.excess(np.concatenate([x, y])) for quadratic in program.quadratics])
    bounds = np.maximum(program.lower - x, x - program.upper) / lever_sizes(program, x)
    return rows, over / quadratic_sizes(program, x, y), bounds


def _stationarity(program: Program, x: FloatArray, objective: FloatArray, lagrangian: FloatArray, size: float) -> float:
    sizes = lever_sizes(program, x)
    scale = max(float(np.abs(objective * sizes).max(initial=0.0)), size / max(len(x), 1))
    slope = lagrangian * sizes / scale if scale > 0 else lagrangian * sizes
    room = np.where(slope > 0, x - program.lower, program.upper - x) / sizes
    return float(np.minimum(np.abs(slope), np.maximum(room, 0.0)).max(initial=0.0))


def _complementarity(program: Program, at: Evaluation, multipliers: Multipliers, size: float) -> float:
    values = program.rows(at.x, at.y)
    room = np.where(multipliers.rows > 0, program.row_upper - values, values - program.row_lower)
    rows = _unmatched(multipliers.rows, room, row_sizes(program, at.x, at.y), size)
    z = np.concatenate([at.x, at.y])
    slack = np.array([-quadratic.excess(z) for quadratic in program.quadratics])
    unsigned = np.maximum(-multipliers.quadratics, 0.0) / (size or 1.0)
    quadratics = _unmatched(multipliers.quadratics, slack, quadratic_sizes(program, at.x, at.y), size)
    return max(float(part.max(initial=0.0)) for part in (rows, quadratics, unsigned))


def _unmatched(multipliers: FloatArray, room: FloatArray, sizes: FloatArray, objective: float) -> FloatArray:
    """The smaller of the relative distance to the bound and of the multiplier's relative effect."""
    effect = np.abs(multipliers) * sizes / (objective or 1.0)
    return np.minimum(effect, np.maximum(room, 0.0) / sizes)

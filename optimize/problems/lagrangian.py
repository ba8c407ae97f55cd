"""The Lagrangian of a program: its slopes and its second derivative, by gradients and products that a run tells.

L = c'x + d'y(x) + multipliers of rows * (A x + B y(x)) + multipliers of quadratics * q(x, y(x))
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from sd_models.system.model import FloatArray, IndexArray

from .program import Evaluation, Program, Quadratic


@dataclass(frozen=True, slots=True)
class Multipliers:
    """Multipliers of rows and of quadratic constraints, with the signs of `Solution`.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> program = opt.assemble(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> opt.Multipliers.none(program).rows.tolist()
    [0.0, 0.0]
    """

    rows: FloatArray
    quadratics: FloatArray

    @classmethod
    def none(cls, program: Program) -> Multipliers:
        """All zero."""
        return cls(np.zeros(len(program.row_lower)), np.zeros(len(program.quadratics)))


def slopes(program: Program, at: Evaluation, multipliers: Multipliers) -> tuple[FloatArray, FloatArray]:
    """The gradients (levers) of the objective and of the Lagrangian."""
    direct, weights = lagrangian_weights(program, at.x, at.y, multipliers)
    objective = program.lever_cost + program.pullback(at, program.outcome_cost)
    return objective, direct + program.pullback(at, weights)


def second_derivative(
    program: Program, at: Evaluation, multipliers: Multipliers, directions: FloatArray, *, share: float = 1.0
) -> FloatArray:
    """The second derivative of the Lagrangian with a share of the cost, times directions (k, levers)."""
    _, weights = lagrangian_weights(program, at.x, at.y, multipliers, share=share)
    found = program.products(at, weights, directions)
    for quadratic, multiplier in zip(program.quadratics, multipliers.quadratics, strict=True):
        if multiplier:
            found = found + multiplier * _squared(program, at, quadratic, directions)
    return found


def _squared(program: Program, at: Evaluation, quadratic: Quadratic, directions: FloatArray) -> FloatArray:
    """[I, J]' Q [I, J] times directions, with J the gradients of the outcomes that Q names."""
    n = len(at.x)
    named = np.unique(quadratic.matrix.indices).astype(np.int64)
    outcomes = named[named >= n] - n
    slopes = program.gradients(at, outcomes)
    moves = np.zeros((len(directions), quadratic.matrix.shape[0]))
    moves[:, :n] = directions
    moves[:, n + outcomes] = directions @ slopes.T
    bent = np.asarray((quadratic.matrix @ moves.T).T)
    return np.asarray(bent[:, :n] + bent[:, n + outcomes] @ slopes)


def lagrangian_weights(
    program: Program, x: FloatArray, y: FloatArray, multipliers: Multipliers, *, share: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """The derivatives of the Lagrangian with a share of the cost by x, outcomes held, and by y."""
    by_x = share * program.lever_cost + program.lever_rows.T @ multipliers.rows
    by_y = share * program.outcome_cost + program.outcome_rows.T @ multipliers.rows
    z = np.concatenate([x, y])
    for quadratic, multiplier in zip(program.quadratics, multipliers.quadratics, strict=True):
        if multiplier:
            slope = multiplier * quadratic.slope(z)
            by_x, by_y = by_x + slope[: len(x)], by_y + slope[len(x) :]
    return np.asarray(by_x), np.asarray(by_y)


def normals(program: Program, at: Evaluation, rows: IndexArray, curved: IndexArray) -> csr_array:
    """The gradients (rows, then quadratic constraints; levers), by those of the outcomes that they name."""
    n, z = len(at.x), np.concatenate([at.x, at.y])
    ends = np.array([program.quadratics[i].slope(z) for i in curved]).reshape(len(curved), len(z))
    by_x, by_y = ends[:, :n], ends[:, n:]
    outcomes = program.outcome_rows[rows]
    named = np.unique(np.concatenate([outcomes.indices, np.flatnonzero((by_y != 0).any(axis=0))])).astype(np.int64)
    gradients = program.gradients(at, named)
    plain = program.lever_rows[rows] + _pulled(csr_array(outcomes[:, named]), gradients)
    bent = csr_array(by_x + by_y[:, named] @ gradients)
    return csr_array(vstack([plain, bent]))


def _pulled(outcomes: csr_array, gradients: FloatArray) -> csr_array:
    """The product of these, (rows, outcomes) and (outcomes, levers), where many rows have no outcome."""
    has = np.flatnonzero(np.diff(outcomes.indptr))
    places = csr_array((np.ones(len(has)), (has, np.arange(len(has)))), shape=(outcomes.shape[0], len(has)))
    return csr_array(places @ csr_array(outcomes[has] @ gradients))

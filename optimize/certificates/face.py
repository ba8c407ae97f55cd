"""The face of a policy: the limits that hold there as equations, their multipliers, and the directions that keep them.

Multipliers are found anew here, as those that leave least of the slope of the Lagrangian (bounded least squares, Stark
and Parker 1995, Computational Statistics 10), each with the sign that its side allows. So a claim leans on no solver,
and complementarity holds by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.optimize import lsq_linear
from scipy.sparse import csr_array, diags_array, eye_array
from scipy.sparse.linalg import splu

from sd_models.system.model import FloatArray, IndexArray, Mask

from ..problems.optimality import (
    FEW,
    Multipliers,
    balance,
    block_sizes,
    normals,
    own_sizes,
    quadratic_sizes,
    row_sizes,
    slopes,
)
from ..problems.program import Evaluation, Program

# A limit holds as an equation within this share of its size. A lever stands on a bound within this share of its block's
# largest value: what is claimed does not lean on it, since a lever off its bound counts by what it can still gain.
HELD, AT_BOUND = 1e-6, 1e-7
# Told multipliers that leave at most this residual are taken as they are.
ENOUGH = 1e-6
# A multiplier counts if its limit's pull is this share of what pulls at some lever.
PULLS = 1e-7
# Limits up to which multipliers are found anew; beyond so many those of the solver stand.
MOST = 600


@dataclass(frozen=True, eq=False)
class Face:
    """What holds at a policy.

    `rows` are the numbers of rows, `curved` of quadratic constraints, that hold as equations; `sides` is 1 where the
    upper side holds, -1 for the lower one, 0 for both, rows first. `normals` (held limits, levers) are their gradients,
    in the program's units. `at_lower` and `at_upper` (levers) tell the bounds that hold. `sizes` (levers) is the unit
    of directions: each lever in its own size.
    """

    program: Program
    at: Evaluation
    rows: IndexArray
    curved: IndexArray
    sides: FloatArray
    normals: csr_array
    at_lower: Mask
    at_upper: Mask
    sizes: FloatArray

    @cached_property
    def free(self) -> IndexArray:
        """The levers that stand on no bound."""
        return np.flatnonzero(~(self.at_lower | self.at_upper))

    # --- multipliers ----------------------------------------------------------------------------------------------

    def multipliers(self, told: Multipliers | None = None) -> Multipliers:
        """The multipliers that leave least of the slope; the told ones where they leave little, or limits are many."""
        if told is not None and balance(self.program, self.at, told).kkt_residual <= ENOUGH:
            return told
        few = len(self.sides) <= MOST and len(self.sizes) <= FEW
        candidates = [self._fitted(Multipliers.none(self.program))] if few or told is None else []
        candidates += [told, self._held(told)] if told is not None else []
        if len(candidates) == 1:
            return candidates[0]
        residuals = [balance(self.program, self.at, each).kkt_residual for each in candidates]
        return candidates[int(np.argmin(residuals))]

    def _held(self, told: Multipliers) -> Multipliers:
        """Told multipliers where their limits hold on the side of their sign, zero elsewhere."""
        rows, curved = np.zeros_like(told.rows), np.zeros_like(told.quadratics)
        count = len(self.rows)
        sides = self.sides[:count]
        values = told.rows[self.rows]
        rows[self.rows] = np.where((sides == 0) | (np.sign(values) == sides), values, 0.0)
        curved[self.curved] = np.maximum(told.quadratics[self.curved], 0.0)
        return Multipliers(rows, curved)

    def _fitted(self, none: Multipliers) -> Multipliers:
        if not len(self.sides):
            return none
        objective, _ = slopes(self.program, self.at, none)
        unit = np.abs(objective) * self.sizes
        weights = self.sizes / np.maximum(unit, 1e-9 * (unit.max(initial=0.0) or 1.0))
        scaled = self.normals @ diags_array(weights)
        norms = np.asarray(np.sqrt(scaled.multiply(scaled).sum(axis=1))).ravel()
        norms = np.where(norms > 0, norms, 1.0)
        bounds = np.flatnonzero(self.at_lower | self.at_upper)
        pushes = np.where(self.at_upper[bounds], 1.0, -1.0)
        columns = np.concatenate(
            [(diags_array(1.0 / norms) @ scaled).toarray().T, np.eye(len(objective))[:, bounds] * pushes], axis=1
        )
        lower = np.concatenate([np.where(self.sides <= 0, -np.inf, 0.0), np.zeros(len(bounds))])
        upper = np.concatenate([np.where(self.sides >= 0, np.inf, 0.0), np.full(len(bounds), np.inf)])
        answer = lsq_linear(columns, -objective * weights, (lower, upper), method="bvls", tol=1e-14)
        values = answer.x[: len(self.sides)] / norms
        rows, curved = none.rows.copy(), none.quadratics.copy()
        rows[self.rows] = values[: len(self.rows)]
        curved[self.curved] = values[len(self.rows) :]
        return Multipliers(rows, curved)

    # --- directions -----------------------------------------------------------------------------------------------

    def tangent(self, multipliers: Multipliers) -> Tangent:
        """The directions that keep what pulls: limits with a multiplier, equations, bounds that a lever is held at."""
        objective, lagrangian = slopes(self.program, self.at, multipliers)
        pull = np.abs(objective) + np.abs(lagrangian - objective)
        values = np.concatenate([multipliers.rows[self.rows], multipliers.quadratics[self.curved]])
        pulled = abs(diags_array(values) @ self.normals) @ diags_array(1.0 / np.where(pull > 0, pull, 1.0))
        strong = np.asarray(pulled.max(axis=1).toarray()).ravel() > PULLS if len(values) else np.zeros(0, dtype=bool)
        kept = np.flatnonzero(strong | (self.sides == 0))
        bound = self.at_lower | self.at_upper
        held = bound & (np.abs(lagrangian) > PULLS * np.where(pull > 0, pull, 1.0))
        held |= self.program.lower >= self.program.upper
        weak = np.setdiff1d(np.arange(len(self.sides)), kept)
        return Tangent(self, kept, weak, np.flatnonzero(~held))


@dataclass(frozen=True, eq=False)
class Tangent:
    """Directions of the levers, in their sizes, along which the `kept` limits stay as they are and only `moving` levers
    move. `weak` are limits that hold without a pull: a direction may go to one side of them only."""

    face: Face
    kept: IndexArray
    weak: IndexArray
    moving: IndexArray

    @cached_property
    def _normals(self) -> csr_array:
        return csr_array((self.face.normals @ diags_array(self.face.sizes))[self.kept][:, self.moving])

    @cached_property
    def _unit_normals(self) -> csr_array:
        norms = np.asarray(np.sqrt(self._normals.multiply(self._normals).sum(axis=1))).ravel()
        return csr_array(diags_array(1.0 / np.where(norms > 0, norms, 1.0)) @ self._normals)

    @cached_property
    def basis(self) -> FloatArray:
        """Orthonormal directions (moving levers, dimension), for few levers."""
        matrix = self._unit_normals.toarray()
        if not len(matrix):
            return np.eye(len(self.moving))
        _, values, rows = np.linalg.svd(matrix, full_matrices=True)
        rank = int((values > 1e-10 * max(values.max(initial=0.0), 1.0)).sum())
        return np.asarray(rows[rank:].T)

    @cached_property
    def _solve(self) -> Any:
        squares = self._unit_normals @ self._unit_normals.T + 1e-12 * eye_array(len(self.kept))
        return splu(squares.tocsc())

    def projected(self, direction: FloatArray) -> FloatArray:
        """The nearest direction (moving levers) that keeps the limits."""
        if len(self.face.program.lower) <= FEW:
            return np.asarray(self.basis @ (self.basis.T @ direction))
        if not len(self.kept):
            return direction
        normals = self._unit_normals
        for _ in range(2):  # once more for what rounding leaves
            direction = direction - normals.T @ self._solve.solve(normals @ direction)
        return direction

    def whole(self, direction: FloatArray) -> FloatArray:
        """A direction of the moving levers as one of all levers, in their own units."""
        found = np.zeros(len(self.face.sizes))
        found[self.moving] = direction
        return found * self.face.sizes

    def sides(self, direction: FloatArray) -> tuple[float, ...]:
        """The signs (1, -1) with which a direction of all levers passes no bound and no weak limit that holds."""
        face = self.face
        rates = np.asarray(face.normals[self.weak] @ direction)
        slack = 1e-9 * np.asarray(abs(face.normals[self.weak]) @ face.sizes)

        def passes(sign: float) -> bool:
            move = sign * direction
            bounds = (face.at_lower & (move < 0)) | (face.at_upper & (move > 0))
            return not bounds.any() and bool((face.sides[self.weak] * sign * rates <= slack).all())

        return tuple(sign for sign in (1.0, -1.0) if passes(sign))


def face_of(program: Program, at: Evaluation) -> Face:
    """The face of a policy that keeps all limits."""
    x, y = at.x, at.y
    values, sizes = program.rows(x, y), row_sizes(program, x, y)
    above = (program.row_upper - values) <= HELD * sizes
    below = (values - program.row_lower) <= HELD * sizes
    rows = np.flatnonzero(above | below)
    z = np.concatenate([x, y])
    excess = np.array([quadratic.excess(z) for quadratic in program.quadratics])
    curved = np.flatnonzero(excess >= -HELD * quadratic_sizes(program, x, y)) if len(excess) else np.zeros(0, np.int64)
    sides = np.concatenate([above[rows].astype(float) - below[rows], np.ones(len(curved))])
    span = program.upper - program.lower
    near = AT_BOUND * np.minimum(block_sizes(program, x), np.where(span > 0, span, np.inf))
    return Face(
        program,
        at,
        rows,
        curved,
        sides,
        normals(program, at, rows, curved),
        x - program.lower <= near,
        program.upper - x <= near,
        own_sizes(program, x),
    )

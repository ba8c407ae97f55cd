"""The least curvature of the Lagrangian along directions that keep what holds (second-order conditions; Nocedal and
Wright 2006, Numerical Optimization, 12.5).

Directions are in the levers' own sizes, so a curvature is a change of the objective: that of moving one lever by its
own size. Few levers have the whole matrix; many are searched by Lanczos' method with exact products, which finds the
ends of the spectrum first: after two dozen products, negative curvature that matters has shown itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import eigh_tridiagonal

from sd_models.system.model import FloatArray

from ..problems.optimality import FEW, Multipliers, second_derivative
from .face import Tangent

# A curvature counts as negative below this share of what the levers are worth, and as none within it.
NEGATIVE = 1e-7
# Products that the search for the least curvature of many levers takes.
STEPS = 24
# What limits leave of a random direction below this share is rounding: a thousandth or so is left by one dimension.
NO_DIRECTION = 1e-9


@dataclass(frozen=True, eq=False)
class SecondOrder:
    """The least curvature (unit of the objective; infinite where no direction keeps what holds) and its direction (all
    levers, own units). `flat` directions of `dimensions` have none; `complete` tells whether the search came to an
    end."""

    least: float
    direction: FloatArray
    dimensions: int
    flat: int
    complete: bool = True
    negative: tuple[FloatArray, ...] = field(default=())


def least_curvature(
    tangent: Tangent, multipliers: Multipliers, worth: float, *, stop: Callable[[], bool] = lambda: False
) -> SecondOrder:
    """The second-order findings at a face, with curvatures held against what the levers are worth."""
    n = len(tangent.face.sizes)
    if not len(tangent.moving):
        return SecondOrder(np.inf, np.zeros(n), 0, 0)
    return _dense(tangent, multipliers, worth) if n <= FEW else _searched(tangent, multipliers, worth, stop)


def _products(tangent: Tangent, multipliers: Multipliers, directions: FloatArray) -> FloatArray:
    """The second derivative times directions (k, moving levers), in sizes."""
    face = tangent.face
    moves = np.array([tangent.whole(direction) for direction in directions])
    bent = second_derivative(face.program, face.at, multipliers, moves)
    return np.asarray((bent * face.sizes)[:, tangent.moving])


def _dense(tangent: Tangent, multipliers: Multipliers, worth: float) -> SecondOrder:
    basis = tangent.basis
    if not basis.shape[1]:
        return SecondOrder(np.inf, np.zeros(len(tangent.face.sizes)), 0, 0)
    matrix = basis.T @ _products(tangent, multipliers, basis.T).T
    matrix = 0.5 * (matrix + matrix.T)
    if not np.isfinite(matrix).all():
        return SecondOrder(np.nan, np.zeros(len(tangent.face.sizes)), basis.shape[1], 0, complete=False)
    values, vectors = np.linalg.eigh(matrix)
    none = NEGATIVE * max(worth, 1e-9 * float(np.abs(values).max()))
    ways = [tangent.whole(basis @ vectors[:, i]) for i in range(len(values))]
    negative = tuple(way for way, value in zip(ways, values, strict=True) if value < -none)
    flat = int((np.abs(values) <= none).sum())
    return SecondOrder(float(values[0]), ways[0], len(values), flat, negative=negative)


def _searched(tangent: Tangent, multipliers: Multipliers, worth: float, stop: Callable[[], bool]) -> SecondOrder:
    """By Lanczos' method with full orthogonalization (Golub and Van Loan 2013, Matrix Computations, 10.3)."""
    n = len(tangent.moving)
    drawn = np.random.default_rng(0).normal(size=n)
    first = tangent.projected(drawn)
    if np.linalg.norm(first) <= NO_DIRECTION * np.linalg.norm(drawn):
        return SecondOrder(np.inf, np.zeros(len(tangent.face.sizes)), 0, 0)
    vectors = [first / np.linalg.norm(first)]
    diagonal: list[float] = []
    beside: list[float] = []
    stopped = False
    for _ in range(STEPS):
        if stopped := stop():
            break
        found = tangent.projected(_products(tangent, multipliers, vectors[-1][np.newaxis])[0])
        diagonal.append(float(found @ vectors[-1]))
        basis = np.array(vectors)
        for _ in range(2):  # what rounding leaves across the limits would grow from step to step
            found = tangent.projected(found - basis.T @ (basis @ found))
        rest = float(np.linalg.norm(found))
        if not np.isfinite(rest):
            return SecondOrder(np.nan, np.zeros(len(tangent.face.sizes)), n, 0, complete=False)
        if rest <= 1e-12 * abs(diagonal[0]):
            break
        beside.append(rest)
        vectors.append(found / rest)
    if not diagonal:
        return SecondOrder(np.nan, np.zeros(len(tangent.face.sizes)), n, 0, complete=False)
    steps = len(diagonal)
    values, ways = eigh_tridiagonal(np.array(diagonal), np.array(beside[: steps - 1]))
    way = tangent.whole(np.array(vectors[:steps]).T @ ways[:, 0])
    negative = (way,) if values[0] < -NEGATIVE * worth else ()
    return SecondOrder(float(values[0]), way, n - len(tangent.kept), 0, complete=not stopped, negative=negative)

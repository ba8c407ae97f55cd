"""What a polynomial of second degree can be at most where linear rows hold: a concave one above it, and its dual.

For any point s and any multipliers of the rows that are not negative, a concave q is nowhere above

    q(s) + q'(s) (t - s) + multipliers (sides - rows t),  at most over the box of t.

So nothing rests on the solver of the quadratic program that gives both: a poor answer makes the bound weaker. What is
not concave is taken for what its eigenvectors can add at most (Adjiman and others 1998, Computers and Chemical
Engineering 22, have its diagonal).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from sd_models.system.model import FloatArray

from ..solvers.highs import ConvexProgram, solve
from .polynomials import COEFFICIENT, SUM, Polynomial

EIGEN = 1e-13  # more than what rounding moves an eigenvalue by, relative to the largest and for each row


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows (k, n) of levers from -1 to 1, and what these are at most (k)."""

    factors: FloatArray
    sides: FloatArray

    def along(self, factors: FloatArray, side: float) -> Rows:
        """These and one more."""
        return Rows(np.vstack([self.factors, factors]), np.append(self.sides, side))


@dataclass(frozen=True, slots=True, eq=False)
class Above:
    """What lies above a polynomial where rows hold: the number `most` everywhere, and `centre` + `slopes` s."""

    most: float
    centre: float
    slopes: FloatArray


def above(polynomial: Polynomial, rows: Rows) -> Above:
    """A number that a polynomial does not exceed where the rows hold, and a plane that it does not exceed at all."""
    bends, added = concave(polynomial.bends)
    point, multipliers = _answer(polynomial.slopes, bends, rows)
    curved = bends @ point
    slopes = polynomial.slopes + 2.0 * curved
    rest = polynomial.sizes[2] + added
    size = abs(polynomial.centre) + float(np.abs(polynomial.slopes).sum() + 4.0 * np.abs(bends).sum()) + rest
    centre = polynomial.centre - float(point @ curved) + rest + (SUM - 1) * size + COEFFICIENT * size
    return Above(most(centre, slopes, multipliers, rows), centre, slopes)


def most(centre: float, slopes: FloatArray, multipliers: FloatArray, rows: Rows) -> float:
    """A number that centre + slopes s does not exceed where the rows hold, by multipliers that are not negative."""
    left = slopes - multipliers @ rows.factors
    size = abs(centre) + float(np.abs(slopes).sum())
    size += float(multipliers @ (np.abs(rows.factors).sum(axis=1) + np.abs(rows.sides)))
    return centre + float(multipliers @ rows.sides) + float(np.abs(left).sum()) + (SUM - 1) * size


def sides(rows: Rows) -> tuple[FloatArray, FloatArray]:
    """The least and the largest (n) that each lever can be from -1 to 1 where the rows hold."""
    count = rows.factors.shape[1]
    straight = np.zeros((count, count))
    found = np.ones((2, count))
    for way, sign in enumerate((-1.0, 1.0)):
        for place in range(count):
            slopes = np.zeros(count)
            slopes[place] = sign
            _, multipliers = _answer(slopes, straight, rows)
            found[way, place] = min(1.0, most(0.0, slopes, multipliers, rows))
    least, largest = -found[0], found[1]
    return np.minimum(least, largest), np.maximum(least, largest)  # crossed where no policy is left


def concave(bends: FloatArray) -> tuple[FloatArray, float]:
    """Bends that are negative semidefinite, and by how much the given ones can be above them for levers from -1 to 1.

    >>> concave(np.array([[-1.0, 0.0], [0.0, 0.5]]))[1] < 0.5 + 1e-9
    True
    """
    count = len(bends)
    values, vectors = np.linalg.eigh(bends)
    rising = (vectors * np.maximum(values, 0.0)) @ vectors.T
    falling = bends - 0.5 * (rising + rising.T)
    shift = EIGEN * count**2 * float(np.abs(values).max(initial=0.0))  # so that it is so in spite of rounding
    added = float(np.abs(rising).sum()) * SUM + 2 * shift * count
    return falling - shift * np.eye(count), added


def _answer(slopes: FloatArray, bends: FloatArray, rows: Rows) -> tuple[FloatArray, FloatArray]:
    """A point of the box and multipliers, near to where the maximum is."""
    count, ones = len(rows.sides), np.ones(len(slopes))
    scale = 1.0 / max(float(np.abs(slopes).max(initial=0.0)), 1e-300)
    matrix, below = csr_array(rows.factors), np.full(count, -np.inf)
    program = ConvexProgram(-scale * slopes, csr_array(-2.0 * scale * bends), -ones, ones, matrix, below, rows.sides)
    found = solve(program, stop=lambda: False)
    return np.clip(found.values, -1.0, 1.0), np.maximum(found.multipliers, 0.0) / scale

"""The direction of a step: Mehrotra's predictor and corrector, and Gondzio's further correctors, on the program itself.

The predictor tells how far the products may fall; where the path is held (`held`), they are to be of one size, and the
corrector aims there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_models.system.model import FloatArray

from ..interior_point.path import Direction, Equations, System
from .iterate import Iterate
from .tuning import CORRECTORS, FALLS, LEAST_FALL, LONG, SPREAD, WORTH


@dataclass(frozen=True, eq=False)
class Aim:
    """A direction and the product that it aims at."""

    direction: Direction
    target: float


@dataclass(frozen=True, eq=False)
class Errors:
    """By how much slopes (levers) and rows are missed."""

    dual: FloatArray
    primal: FloatArray

    @property
    def largest(self) -> float:
        """The largest of them."""
        return max(float(np.abs(each).max(initial=0.0)) for each in (self.dual, self.primal))


def towards(
    equations: Equations, at: Iterate, errors: Errors, system: System, *, least: float, last: float, held: float | None
) -> Aim:
    """The direction from a point; products fall to `least` at most, or to `held`. `last` was the product before."""
    target, correction = _predicted(equations, at, errors, least, last) if held is None else (held, 0.0)
    aim = target - at.slack * at.price - correction
    found = equations.direction(aim, errors.dual, errors.primal, system)
    return Aim(_corrected(equations, at, found, target), target)


def straight(equations: Equations, at: Iterate, errors: Errors, system: System, target: float) -> Aim:
    """The direction to products of one size without what is foreseen of the second order.

    With a matrix that is positive definite it makes the merit function smaller, which a corrected direction need not:
    corrections lead far where products are far apart.
    """
    found = equations.direction(target - at.slack * at.price, errors.dual, errors.primal, system)
    return Aim(found, target)


def _predicted(
    equations: Equations, at: Iterate, errors: Errors, least: float, last: float
) -> tuple[float, FloatArray | float]:
    """The product to aim at, and the predictor's error of second order (Mehrotra 1992)."""
    affine = equations.direction(-at.slack * at.price, errors.dual, errors.primal, equations.once)
    primal, dual = at.lengths(affine)
    product = at.product
    if not product:
        return 0.0, 0.0  # without slacks there are only equations to be met
    reached = float((at.slack + primal * affine.slack) @ (at.price + dual * affine.price)) / len(at.slack)
    falls = max(reached / product, 0.0)
    target = min(max(falls**3 * product, least, LEAST_FALL * product), product)
    share = 1.0 if product < FALLS * last else primal * dual  # the whole may cycle (Cartis 2009)
    return target, share * affine.slack * affine.price


def _corrected(equations: Equations, at: Iterate, found: Direction, target: float) -> Direction:
    """A direction whose products are nearer to each other, if that makes a longer step (Gondzio 1996)."""
    primal, dual = at.lengths(found)
    for _ in range(CORRECTORS):
        if min(primal, dual) > LONG:
            break
        hoped = min(1.0, 1.08 * primal + 0.08), min(1.0, 1.08 * dual + 0.08)
        products = (at.slack + hoped[0] * found.slack) * (at.price + hoped[1] * found.price)
        wanted = np.clip(products, target / SPREAD, SPREAD * target) - products
        more = found.plus(equations.direction(np.maximum(wanted, -SPREAD * target), 0.0, 0.0, equations.once))
        longer = at.lengths(more)
        if sum(longer) < WORTH * (primal + dual):
            break
        found, (primal, dual) = more, longer
    return found

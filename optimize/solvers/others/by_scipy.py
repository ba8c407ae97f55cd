"""SciPy's methods on runs: with exact slopes and products of second derivatives, or with values alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import (
    Bounds,
    LinearConstraint,
    NonlinearConstraint,
    OptimizeResult,
    differential_evolution,
    minimize,
)
from scipy.sparse.linalg import LinearOperator

from sd_models.system.model import FloatArray

from ...problems.evaluator import Evaluator
from ..solver import Ending
from .answers import Answer
from .seen import Ranges, Seen
from .ways import OnRuns


@dataclass(frozen=True, kw_only=True)
class ByScipy(OnRuns):
    """A `method` of SciPy with its own default options; `seed` is that of the one that draws."""

    method: str

    def _search(self, seen: Seen, start: FloatArray) -> Answer:
        return METHODS[self.method](seen, start, self.seed)


# --- with slopes ------------------------------------------------------------------------------------------------------


def _near(seen: Seen, start: FloatArray) -> tuple[Evaluator, FloatArray]:
    """Functions of levers in their magnitudes near the start, and the start in these."""
    found = Evaluator.near(seen.program, start)
    return found, start / found.levers(np.ones(len(start)))


def _told(own: Evaluator, found: OptimizeResult) -> Answer:
    """What SciPy says of its end."""
    ending = Ending.OPTIMAL if found.success else ENDINGS.get(int(found.status), Ending.STALLED)
    return Answer(own.levers(found.x), ending, str(found.message), own.shown(found.x))


ENDINGS: Mapping[int, Ending] = {0: Ending.ITERATION_LIMIT, 9: Ending.ITERATION_LIMIT}


def _slsqp(seen: Seen, start: FloatArray, _: int) -> Answer:
    own, z = _near(seen, start)
    found = minimize(
        own.objective,
        z,
        jac=own.gradient,
        bounds=Bounds(own.lower, own.upper),
        constraints=_limits(own, with_products=False),
        method="SLSQP",
    )
    return _told(own, found)


def _trust_constr(seen: Seen, start: FloatArray, _: int) -> Answer:
    own, z = _near(seen, start)
    found = minimize(
        own.objective,
        z,
        jac=own.gradient,
        hessp=own.product,
        bounds=Bounds(own.lower, own.upper),
        constraints=_limits(own, with_products=True),
        method="trust-constr",
    )
    return _told(own, found)


def _limits(own: Evaluator, *, with_products: bool) -> list[Any]:
    """Rows of levers alone, and the others with exact slopes."""
    found: list[Any] = []
    if len(own.linear_lower):
        found.append(LinearConstraint(own.linear_matrix, own.linear_lower, own.linear_upper))
    if len(own.constraint_lower):
        more: Any = {"hess": _bent(own)} if with_products else {}
        slopes = own.jacobian if with_products else lambda z: own.jacobian(z).toarray()
        found.append(
            NonlinearConstraint(own.constraints, own.constraint_lower, own.constraint_upper, jac=slopes, **more)
        )
    return found


def _bent(own: Evaluator) -> Callable[[FloatArray, FloatArray], LinearOperator]:
    """The second derivative of multipliers times constraints, as what it does to a direction."""

    def bent(z: FloatArray, multipliers: FloatArray) -> LinearOperator:
        def product(direction: FloatArray) -> FloatArray:
            return own.product(z, np.ravel(direction), multipliers, share=0.0)

        return LinearOperator((own.size, own.size), matvec=product, dtype=np.float64)

    return bent


# --- with values ------------------------------------------------------------------------------------------------------


def _powell(seen: Seen, start: FloatArray, _: int) -> Answer:
    ranges = Ranges(seen, start)
    bounds = Bounds(np.zeros(len(start)), np.ones(len(start)))
    found = minimize(ranges.penalized, ranges.shares(start), bounds=bounds, method="Powell")
    return ranges.answer(found.x, float(found.fun), str(found.message))


def _differential_evolution(seen: Seen, start: FloatArray, seed: int) -> Answer:
    ranges = Ranges(seen, start)
    bounds = Bounds(np.zeros(len(start)), np.ones(len(start)))
    found = differential_evolution(ranges.penalized, bounds, x0=ranges.shares(start), rng=seed)
    return ranges.answer(found.x, float(found.fun), str(found.message))


METHODS: Mapping[str, Callable[[Seen, FloatArray, int], Answer]] = {
    "slsqp": _slsqp,
    "trust-constr": _trust_constr,
    "powell": _powell,
    "differential-evolution": _differential_evolution,
}

"""The price of excess, and limits that contradict each other.

Limits on outcomes are elastic. A limit whose multiplier comes near to the price of an excess asks for more than that,
and the price is raised. Where it is raised and the excess stays, the linearized limits tell whether a step could make
it smaller at all (Byrd, Nocedal and Waltz 2008, Optimization Methods and Software 23): where none could, again and
again, the point is one of least excess, and limits contradict each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sd_models.system.model import FloatArray

from .. import highs
from ..interior_point import interior
from ..interior_point.elastic import ElasticProgram
from .tuning import NO_PROGRESS, RAISED, RAISED_AT, REACH, STUCK

# Curvature that makes the least excess unique, beside prices of 1, and the accuracy that a comparison of parts needs.
ROUND, ACCURACY = 1e-6, 1e-3


def raised(penalty: float, y: FloatArray, program: ElasticProgram, most: float) -> float:
    """The penalty that multipliers of rows ask for, at most `most`."""
    is_pressed = float(np.abs(y[np.isfinite(program.prices)]).max(initial=0.0)) >= RAISED_AT * penalty
    return min(RAISED * penalty, max(most, penalty)) if is_pressed else penalty


def left_over(program: ElasticProgram, v: FloatArray, rows: FloatArray, check: Callable[[], None]) -> float | None:
    """The part of the excess of limits that the best step of at most `REACH` leaves, as their slopes have it; None
    where no answer is good enough to tell."""
    elastic = np.isfinite(program.prices)
    now = float(_excess(program, rows)[elastic].sum())
    if not now:
        return 0.0
    lower, upper = (np.minimum(program.row_lower - rows, 0.0), np.maximum(program.row_upper - rows, 0.0))
    step = replace(
        program,
        cost=np.zeros_like(v),
        blocks=tuple(ROUND * np.eye(len(group)) for group in program.groups),
        lower=np.clip(program.lower - v, -REACH, 0.0),
        upper=np.clip(program.upper - v, 0.0, REACH),
        row_lower=np.where(elastic, program.row_lower - rows, lower),
        row_upper=np.where(elastic, program.row_upper - rows, upper),
        prices=np.where(elastic, 1.0, np.inf),
    )
    found = interior.solve(step, accuracy=ACCURACY, check=check)
    if found.residual > highs.LARGEST_RESIDUAL:
        return None
    return float(np.abs(step.excess(found.values))[elastic].sum()) / now


def _excess(program: ElasticProgram, rows: FloatArray) -> FloatArray:
    return np.maximum(np.maximum(rows - program.row_upper, program.row_lower - rows), 0.0)


@dataclass
class Contradiction:
    """How often in a row no step could make the excess of limits smaller."""

    looks: int = 0

    def is_shown(self, left: float | None) -> bool:
        """Whether another look, with this part left over, shows that limits contradict each other."""
        self.looks = self.looks + 1 if left is not None and left > NO_PROGRESS else 0
        return self.looks >= STUCK

"""Growth without end: what is gained along a direction grows as far as numbers reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from sd_models.system.model import FloatArray

from ..problems.optimality import violation
from ..problems.program import Evaluation, Program

# How far along a direction is looked, in its own length, and by how much the gain has to grow from one to the next. A
# logarithm grows by a third to a fifth between these; what saturates does not. At the longer ones powers may be too
# large for numbers.
LENGTHS, LONGER, GROWS = (1e3, 1e6, 1e9, 1e12), (1e15, 1e18), 1.15
# What a direction along a limit may leave of its terms by rounding.
STRAIGHT = 1e-9


def is_endless(gain: Callable[[float], float]) -> bool:
    """Whether a gain by length, no number where numbers do not reach, grows without end.

    >>> is_endless(lambda length: length**0.5), is_endless(lambda length: min(length, 1e7))
    (True, False)
    """
    longer = (gain(length) for length in LONGER)
    gains = [*(gain(length) for length in LENGTHS), *(each for each in longer if np.isfinite(each))]
    return gains[0] > 0 and all(later >= GROWS * sooner for sooner, later in pairwise(gains))


@dataclass(frozen=True, eq=False)
class Begun:
    """Where a search began: its levers (levers), and how far from there each is far away."""

    x: FloatArray
    far: FloatArray

    def runs_away(
        self, program: Program, at: Evaluation, tolerance: float, check: Callable[[], None] = lambda: None
    ) -> bool:
        """Whether levers that are far from where they began can go on for ever, keep the limits, and gain; `check` may
        end the work."""
        moved = at.x - self.x
        is_open = np.isinf(np.where(moved > 0.0, program.upper, program.lower))
        ray = np.where(is_open & (np.abs(moved) > self.far), moved, 0.0)
        if not ray.any() or _is_held(program, ray):
            return False
        unseen, here = replace(program, notice=lambda _: None), program.cost(at.x, at.y)  # no policies to keep

        def gain(length: float) -> float:
            check()
            run = unseen.evaluate(at.x + length * ray)
            broken = run.is_finite and violation(unseen, run.x, run.y) > tolerance
            return 0.0 if broken else here - unseen.cost(run.x, run.y)

        return is_endless(gain)


def _is_held(program: Program, ray: FloatArray) -> bool:
    """Whether a limit on levers alone ends a direction, however far away."""
    rows = np.flatnonzero(np.diff(program.outcome_rows.indptr) == 0)
    towards, dust = program.lever_rows[rows] @ ray, STRAIGHT * (program.absolute_rows[0][rows] @ np.abs(ray))
    above, below = np.isfinite(program.row_upper[rows]), np.isfinite(program.row_lower[rows])
    return bool(((towards > dust) & above | (towards < -dust) & below).any())

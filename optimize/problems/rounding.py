"""Policies without what rounding leaves: a lever that is nothing beside its range from where it should be.

A limit of zero on a difference, as that on an amount which a project has to be chosen for, has no size of its own where
both are zero: an amount of 1e-16 breaks it by all of its size (`optimality.py`). To call that kept would need a size
from the levers' ranges, and a bound is often many millions times what matters: the same size would hide amounts that
count. So the measure stays as it is, and the levers are mended: what is told is a policy that keeps its limits.

What would change our mind: rounding in outcomes, which no lever mends.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sd_models.system.model import FloatArray

from .optimality import own_sizes, violation
from .program import Evaluation, Program

# How near to a bound, or to its reference, a lever is taken there, as a part of its range; the first that will do.
NEAR = (1e-15, 1e-12, 1e-9)
# Limits hold within this part of their size; the cost of a mended policy may differ by this part of its own.
HOLDS, SAME = 1e-6, 1e-9
# A number that is meant to be whole may miss it by this much, as solvers take it by default.
WHOLE = 1e-5


def mended(program: Program, at: Evaluation) -> Evaluation:
    """The policy; where it breaks limits by rounding alone, the same with levers where they should be.

    A policy that would cost more, or less, is another one, and is not taken.
    """
    if not at.is_finite or violation(program, at.x, at.y) <= HOLDS:
        return at
    cost = program.cost(at.x, at.y)
    for x in _without_rounding(program, at.x):
        found = program.evaluate(x)
        is_same = abs(program.cost(found.x, found.y) - cost) <= SAME * abs(cost)
        if is_same and violation(program, found.x, found.y) <= HOLDS:
            return found
    return at


def _without_rounding(program: Program, x: FloatArray) -> Iterator[FloatArray]:
    """The levers with those that are near to a bound or to their reference there, ever more of them."""
    span = program.upper - program.lower
    sizes = np.where(np.isfinite(span), span, own_sizes(program, program.reference))
    last = x
    for near in NEAR:
        found = x.copy()
        for place in (program.reference, program.upper, program.lower):
            found = np.where(np.abs(x - place) <= near * sizes, place, found)
        if not np.array_equal(found, last):
            yield found
        last = found

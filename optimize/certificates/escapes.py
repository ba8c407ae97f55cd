"""Levers that go on without end: the objective grows as far as numbers reach, and no limit stops it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from ..problems.program import Program
from .probes import SMALL, Merit

# Lengths of a ray, in sizes of its levers, and by how much the gain has to grow from one to the next. A logarithm grows
# by a third to a fifth between these; what saturates does not.
LENGTHS, GROWS = (1e3, 1e6, 1e9, 1e12), 1.15


def escaping(program: Program, merit: Merit, x: FloatArray) -> IndexArray:
    """The levers along which the objective grows without end from a policy: one alone, or those of a block together."""
    here = merit(program.evaluate(x))
    for levers, sign in _rays(program):
        gains = [here - merit(program.evaluate(_along(x, levers, sign, length))) for length in LENGTHS]
        if gains[0] > 0 and all(later >= GROWS * sooner for sooner, later in pairwise(gains)):
            return levers
    return np.zeros(0, dtype=np.int64)


def _rays(program: Program) -> Iterator[tuple[IndexArray, float]]:
    """Levers that have no bound on one side."""
    for sign, side in ((1.0, program.upper), (-1.0, program.lower)):
        free = np.isinf(side) & (program.lower < program.upper)
        yield from ((one, sign) for block in program.blocks if len(one := block.columns[free[block.columns]]))
        if len(side) <= SMALL:
            yield from ((np.array([lever]), sign) for lever in np.flatnonzero(free))


def _along(x: FloatArray, levers: IndexArray, sign: float, length: float) -> FloatArray:
    found = x.copy()
    found[levers] += sign * length * np.maximum(np.abs(x[levers]), 1.0)
    return found

"""Levers that go on without end: the objective grows as far as numbers reach, and no limit stops it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array, diags_array

from sd_models.system.model import FloatArray, IndexArray

from ..problems.lagrangian import normals
from ..problems.optimality import FEW, Marginals, Multipliers, slopes
from ..problems.program import Evaluation, Program
from ..solvers.endless import is_endless
from ..solvers.highs import ConvexProgram, solve
from .probes import SMALL, Merit

# What breaking a limit costs along a ray, in what all levers are worth: more than they gain near.
DEAR = 10.0
# Levers whose part of a ray is below this stay where they are.
NO_PART = 1e-9


def escaping(program: Program, at: Evaluation) -> IndexArray:
    """The levers along which the objective grows without end from a policy: one alone, those of a block together, or
    those that grow together as limits let them."""
    none = Multipliers.none(program)
    slope, lagrangian = slopes(program, at, none)
    merit = Merit.at(program, at, none, DEAR * Marginals(program, at, slope, lagrangian, np.zeros(len(slope))).worth)
    here = merit(at)
    for ray in _rays(program, at, slope):

        def gain(length: float, ray: FloatArray = ray) -> float:
            return here - merit(program.evaluate(at.x + length * ray))

        if is_endless(gain):
            return np.flatnonzero(ray)
    return np.zeros(0, dtype=np.int64)


def _rays(program: Program, at: Evaluation, slope: FloatArray) -> Iterator[FloatArray]:
    """Directions (levers) of levers that have no bound on one side, in their sizes."""
    sizes = np.maximum(np.abs(at.x), 1.0)
    for sign, side in ((1.0, program.upper), (-1.0, program.lower)):
        free = np.isinf(side) & (program.lower < program.upper)
        alone = [np.array([lever]) for lever in np.flatnonzero(free)] if len(side) <= SMALL else []
        for levers in (*(block.columns[free[block.columns]] for block in program.blocks), *alone):
            if len(levers):
                ray = np.zeros(len(side))
                ray[levers] = sign * sizes[levers]
                yield ray
    if len(sizes) <= FEW:
        yield from _along_limits(program, at, slope, sizes)


def _along_limits(program: Program, at: Evaluation, slope: FloatArray, sizes: FloatArray) -> Iterator[FloatArray]:
    """The direction in which the objective grows most where all limits, linear at a policy, let it go on for ever."""
    matrix = normals(program, at, np.arange(len(program.row_lower)), np.zeros(0, dtype=np.int64))
    largest = float(np.abs(slope * sizes).max(initial=0.0))
    if not (0.0 < largest < np.inf and np.isfinite(matrix.data).all()):
        return
    scales = np.asarray(abs(matrix @ diags_array(sizes)).max(axis=1).toarray()).ravel()
    posed = ConvexProgram(
        cost=slope * sizes / largest,
        curvature=csr_array((len(sizes), len(sizes))),
        lower=np.where(np.isinf(program.lower), -1.0, 0.0),
        upper=np.where(np.isinf(program.upper), 1.0, 0.0),
        matrix=csr_array(diags_array(1.0 / np.where(scales > 0, scales, 1.0)) @ matrix @ diags_array(sizes)),
        row_lower=np.where(np.isinf(program.row_lower), -np.inf, 0.0),
        row_upper=np.where(np.isinf(program.row_upper), np.inf, 0.0),
    )
    answer = solve(posed, stop=lambda: False)
    ray = np.where(np.abs(answer.values) > NO_PART, answer.values, 0.0) * sizes
    if answer.is_good and ray.any():
        yield ray

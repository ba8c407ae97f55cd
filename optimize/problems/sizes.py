"""Sizes of levers and limits at a policy, which measures without units lean on."""

from __future__ import annotations

import numpy as np

from sd_models.system.model import FloatArray

from .program import Program


def own_sizes(program: Program, x: FloatArray) -> FloatArray:
    """The size of each lever: its own absolute value, or its range where that is zero, or 1."""
    span = program.upper - program.lower
    ranges = np.where(np.isfinite(span) & (span > 0), span, 1.0)
    return np.where(x != 0.0, np.abs(x), ranges)


def block_sizes(program: Program, x: FloatArray) -> FloatArray:
    """A scale for each lever: the largest absolute value of its block, or its range where all are zero, or 1.

    Solvers scale by it: levers of one kind are of one unit. Nothing is claimed by it.
    """
    sizes = np.ones(len(x))
    for block in program.blocks:
        columns = block.columns
        largest = np.abs(x[columns]).max(initial=0.0)
        span = program.upper[columns] - program.lower[columns]
        ranges = span[np.isfinite(span) & (span > 0)]
        sizes[columns] = largest or ranges.max(initial=0.0) or 1.0
    return sizes


def row_sizes(program: Program, x: FloatArray, y: FloatArray) -> FloatArray:
    """The size of each row: its amount, or without one what the levers moved of its terms from the reference; or 1.

    Where nothing has moved and there is no amount, the sum of its terms' absolute values stands for them; an outcome
    counts with its peak, where that is more: a stock that must not be negative at the end, and is used up, has no size
    of its own.
    """
    origin = program.origin
    away = np.abs(y - origin.y) if origin.is_finite else np.abs(y)
    by_levers, by_outcomes = program.absolute_rows
    moved = by_levers @ np.abs(x - origin.x) + by_outcomes @ away
    sizes = np.where(program.amounts > 0, program.amounts, moved)
    terms = by_levers @ np.abs(x) + by_outcomes @ np.maximum(np.abs(y), program.peaks)
    sizes = np.where(sizes > 0, sizes, terms)
    return np.where(sizes > 0, sizes, 1.0)


def quadratic_sizes(program: Program, x: FloatArray, y: FloatArray) -> FloatArray:
    """The size of each quadratic constraint: the largest of its bound, its square and its linear terms, or 1."""
    z = np.concatenate([x, y])
    found = [
        max(abs(q.bound), abs(0.5 * float(z @ (q.matrix @ z))), float(np.abs(q.vector) @ np.abs(z)))
        for q in program.quadratics
    ]
    return np.array([size or 1.0 for size in found])

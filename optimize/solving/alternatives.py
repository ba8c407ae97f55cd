"""Alternatives: policies of other starts that are nearly as good as the best, and differ from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sd_models.system.model import FloatArray

from ..problems.problem import Problem
from ..problems.program import Program
from ..results.result import Alternative
from ..results.verdict import TOLERANCE
from .search import End

# A policy from another start is worth telling if its objective is this near to the best, and it differs this much.
NEAR_OPTIMAL = 1e-3
DIFFERENT = 0.01


def alternatives(problem: Problem, program: Program, ends: Sequence[End], best: End) -> Iterator[Alternative]:
    """Policies of other starts that are nearly as good and differ."""
    kept = [best.best.x]
    scale = max(abs(best.best.cost), 1e-300)
    for end in ends:
        near = end.best.violation <= TOLERANCE and end.best.cost - best.best.cost <= NEAR_OPTIMAL * scale
        differs = min(distance(end.best.x, x) for x in kept) > DIFFERENT
        if end is not best and near and differs:
            kept.append(end.best.x)
            apart = distance(end.best.x, best.best.x)
            yield Alternative(program.sign * end.best.cost, apart, problem.held_policy(end.best.x))


def distance(x: FloatArray, other: FloatArray) -> float:
    """The share of all lever values in which two policies differ: 0 for the same, at most 2 for opposite ones."""
    size = max(float(np.abs(x).sum()), float(np.abs(other).sum()))
    return float(np.abs(x - other).sum()) / size if size else 0.0

"""Bounds of levers that follow from the bounds of the others and from the limits on levers alone."""

from __future__ import annotations

import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from ..problems.assembly import assemble
from ..problems.problem import Problem

ROUNDS = 5
ROUNDING = 1e-9  # by which a bound that follows is moved outward, relative to its terms


def lever_bounds(problem: Problem) -> tuple[FloatArray, FloatArray]:
    """The least and the largest value of each lever (n) that limits on levers leave (a budget of levers that are not
    negative bounds each of them).

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> problem = opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization"))
    >>> lower, upper = lever_bounds(problem)
    >>> bool((upper <= problem.upper).all()), bool((lower >= problem.lower).all())
    (True, True)
    """
    program = assemble(problem)
    lower, upper = program.lower.copy(), program.upper.copy()
    hard = np.flatnonzero(np.diff(program.outcome_rows.indptr) == 0)
    rows = program.lever_rows[hard].tocsr()
    for _ in range(ROUNDS):
        before = lower.copy(), upper.copy()
        for number, row in enumerate(hard.tolist()):
            inside = slice(rows.indptr[number], rows.indptr[number + 1])
            at, factors = rows.indices[inside].astype(np.int64), rows.data[inside]
            for sign, side in ((1.0, program.row_upper[row]), (-1.0, -program.row_lower[row])):
                if np.isfinite(side):
                    _tighten(lower, upper, at, sign * factors, float(side))
        if np.array_equal(before[0], lower) and np.array_equal(before[1], upper):
            break
    return lower, upper


def _tighten(lower: FloatArray, upper: FloatArray, at: IndexArray, factors: FloatArray, side: float) -> None:
    """The bounds (changed) that a row factors * x[at] <= side leaves."""
    least = np.where(factors > 0, factors * lower[at], factors * upper[at])
    endless = np.isinf(least)
    if endless.sum() > 1:
        return
    rest = np.where(endless.any(), np.where(endless, least[~endless].sum(), -np.inf), least.sum() - least)
    margin = ROUNDING * (abs(side) + np.abs(least[~endless]).sum())
    reach = (side - rest + margin) / factors
    rising = (factors > 0) & np.isfinite(rest)
    falling = (factors < 0) & np.isfinite(rest)
    upper[at[rising]] = np.maximum(np.minimum(upper[at], reach)[rising], lower[at[rising]])
    lower[at[falling]] = np.minimum(np.maximum(lower[at], reach)[falling], upper[at[falling]])

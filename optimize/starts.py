"""Where a search begins: points that obey the linear limits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array

from sd_models.system import FloatArray

from .affine import Index
from .optimality import lever_sizes
from .program import Program
from .solvers.highs import ConvexProgram, solve


def projected(program: Program, x: FloatArray, *, stop: Callable[[], bool]) -> FloatArray | None:
    """The nearest point that obeys the bounds and all limits without outcomes, or None where there is none.

    Distances are in the sizes of the levers. A point that obeys them already is returned as it is.
    """
    inside = np.clip(x, program.lower, program.upper)
    hard = np.flatnonzero(np.diff(program.outcome_rows.indptr) == 0)
    if _obeys(program, hard, inside):
        return inside
    sizes = lever_sizes(program, inside)
    matrix = csr_array(program.lever_rows[hard] @ diags_array(sizes))
    values = program.lever_rows[hard] @ inside
    norms = np.maximum(abs(matrix).max(axis=1).toarray().ravel(), np.finfo(float).tiny)
    nearest = ConvexProgram(
        cost=np.zeros(len(x)),
        curvature=csr_array(eye_array(len(x))),
        lower=(program.lower - inside) / sizes,
        upper=(program.upper - inside) / sizes,
        matrix=csr_array(diags_array(1.0 / norms) @ matrix),
        row_lower=(program.row_lower[hard] - values) / norms,
        row_upper=(program.row_upper[hard] - values) / norms,
    )
    answer = solve(nearest, stop=stop)
    if not answer.is_good:
        return None
    return np.clip(inside + answer.values * sizes, program.lower, program.upper)


def _obeys(program: Program, hard: Index, x: FloatArray) -> bool:
    values = program.lever_rows[hard] @ x
    return bool((values >= program.row_lower[hard]).all() and (values <= program.row_upper[hard]).all())

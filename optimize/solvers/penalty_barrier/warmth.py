"""Whether a search begins near an optimum, and the multipliers there: by one quadratic program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sd_models.system.model import FloatArray

from .. import highs
from ..interior_point import interior
from ..interior_point.elastic import ElasticProgram
from ..sequential.curvature import LEAST, convex
from .tuning import WARM_GAIN

# How accurately the program is solved: its gap relative to what its step gains.
ACCURACY = 1e-4


def first_multipliers(
    program: ElasticProgram, v: FloatArray, rows: FloatArray, check: Callable[[], None]
) -> FloatArray | None:
    """The multipliers of rows at the minimum of the linearized program around levers; None where that is not near."""
    step = replace(
        program,
        blocks=tuple(convex(block, LEAST) for block in program.blocks),
        lower=np.maximum(program.lower - v, -1.0),
        upper=np.minimum(program.upper - v, 1.0),
        row_lower=program.row_lower - rows,
        row_upper=program.row_upper - rows,
    )
    found = interior.solve(step, accuracy=ACCURACY, check=check)
    nothing = np.zeros_like(v)
    gain = step.value(nothing, nothing) - step.value(found.values, step.curved(found.values))
    is_near = gain <= WARM_GAIN * float(np.abs(program.cost).sum()) and found.residual <= highs.LARGEST_RESIDUAL
    return found.multipliers if is_near else None

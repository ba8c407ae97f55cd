"""By how much the objective may move when every equation may be missed by a solver's tolerance.

To first order along a run that is the sum of the equations' multipliers times the tolerance: the multiplier of an
equation is what one unit by which it is missed adds to the objective, through all equations after it. One sweep
backward over the equations gives all of them (Griewank and Walther 2008, Evaluating Derivatives, chapter 3). Dynamics
amplify: what is missed in the first year grows for as long as a run is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr.calculus.derivatives import Modes, differentiate
from pyomo.core.expr.numvalue import is_potentially_variable

from ..transcription.exact import Definitions


def slip(model: pyo.ConcreteModel, definitions: Definitions, tolerance: float) -> float:
    """The most by which the objective of a transcribed problem moves, to first order where its variables are, when each
    of its equations is missed by `tolerance`, relative to what it gives where that is more than 1."""
    weights, total = dict(_slopes(model.objective.expr)), 0.0
    for variable, definition in reversed(definitions):
        weight = weights.pop(id(variable), 0.0)
        total += abs(weight) * _size(model, variable)
        for other, slope in (_slopes(definition()) if weight else {}).items():
            weights[other] = weights.get(other, 0.0) + weight * slope
    return float(tolerance * total)


def _size(model: Any, variable: Any) -> float:
    """What a tolerance is relative to: 1 or the variable; where kinks are stated with integers their bounds, since a
    number within the tolerance of a whole one counts as that."""
    if variable.parent_component() is not model.pieces:
        return max(1.0, abs(float(variable.value)))
    return max(1.0, *(abs(float(side)) for side in (variable.value, variable.lb, variable.ub) if side is not None))


def _slopes(expression: Any) -> Mapping[int, float]:
    """The derivatives of an expression, by the identity of its variables."""
    if not is_potentially_variable(expression):
        return {}
    if expression.is_variable_type():
        return {id(expression): 1.0}
    found = differentiate(expression, mode=Modes.reverse_numeric)
    return {id(variable): float(slope) for variable, slope in found.items()}

"""Given values in place of equations: what a run with other constants is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..errors import Fault, InvalidRequest
from ..system.model import Equation, FloatArray, Kind, System, Values, Variable


def substitute(system: System, values: Mapping[str, npt.ArrayLike]) -> System:
    """The system with the named variables as constants; each value has the shape of its variable or is one number."""
    variables = dict(system.variables)
    for name, value in values.items():
        variable = system[name]
        if variable.kind in _REFUSED:
            found = f"{variable.name!r} is a {variable.kind}; a constant value cannot stand for it."
            raise InvalidRequest(Fault(found, file=system.name, advice=_REFUSED[variable.kind]))
        array = shaped(system, variable, value)
        equation = Equation(variable.dimensions, Values(array), place=variable.place)
        variables[variable.name] = replace(variable, kind=Kind.CONSTANT, equations=(equation,))
    return replace(system, variables=variables)


_REFUSED: Mapping[Kind, str] = {
    Kind.TABLE: "Change its points in the model file.",
    Kind.STOCK: "Give its initial value as initial, or a flow as constant.",
    Kind.SAMPLE: "Give its initial value as initial.",
}


def numeric(system: System, variable: Variable, value: npt.ArrayLike) -> FloatArray:
    """A value as an array of numbers; InvalidRequest for texts, complex numbers and lists of uneven length."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        found = f"the value for {variable.name!r} is no number and no array of numbers."
        raise InvalidRequest(Fault(found, file=system.name)) from error


def shaped(system: System, variable: Variable, value: npt.ArrayLike) -> FloatArray:
    """A value in the shape of its variable; one number stands for every element."""
    shape = system.shape(variable)
    array = numeric(system, variable, value)
    if array.shape not in ((), shape):
        wanted = f"one number or an array of shape {shape} over ({', '.join(variable.dimensions)})"
        found = f"the value for {variable.name!r} has shape {array.shape}; expected {wanted}."
        raise InvalidRequest(Fault(found, file=system.name))
    if not np.isfinite(array).all():
        raise InvalidRequest(Fault(f"the value for {variable.name!r} holds NaN or infinity.", file=system.name))
    return np.broadcast_to(array, shape)

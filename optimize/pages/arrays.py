"""Numbers as a page carries them: typed arrays, little-endian, as base64; what repeats one number is that number."""

from __future__ import annotations

import base64
import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Packed: TypeAlias = dict[str, Any]


def packed(values: npt.ArrayLike) -> Packed:
    """An array, flat, as JSON: whole numbers as int32, all others as float64; its page-side reader is `arrays.js`.

    >>> packed([2.5, 2.5, 2.5])
    {'type': 'float64', 'length': 3, 'fill': 2.5}
    >>> packed(np.array([1, 2]))
    {'type': 'int32', 'length': 2, 'base64': 'AQAAAAIAAAA='}
    """
    flat = np.asarray(values).ravel()
    whole = flat.dtype.kind in "iub"
    flat = flat.astype("<i4" if whole else "<f8")
    head: Packed = {"type": "int32" if whole else "float64", "length": len(flat)}
    if len(flat) and (flat == flat[0]).all():
        return {**head, "fill": _number(flat[0].item())}
    return {**head, "base64": base64.b64encode(flat.tobytes()).decode("ascii")}


def unpacked(packed_values: Packed) -> npt.NDArray[Any]:
    """The array that `packed` was given, flat.

    >>> unpacked(packed([0.1, float("inf")])).tolist()
    [0.1, inf]
    """
    kind = "<i4" if packed_values["type"] == "int32" else "<f8"
    if "fill" in packed_values:
        return np.full(packed_values["length"], float(packed_values["fill"])).astype(kind)
    return np.frombuffer(base64.b64decode(packed_values["base64"]), dtype=kind)


def _number(value: float) -> float | str:
    """A number as JSON has it; infinity, which JSON has not, in the word that JavaScript reads as a number."""
    return value if math.isfinite(value) else f"{'-' if value < 0 else ''}Infinity"

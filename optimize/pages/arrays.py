"""Numbers as a page carries them: typed arrays, little-endian, as base64.

What repeats one number is that number. Whole numbers that go on in even steps, as the places of levers in a sum do, are
carried as runs: the sum of a million levers takes a hundred bytes.
"""

from __future__ import annotations

import base64
import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

LARGEST = 2**31 - 1  # of a whole number

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
    if whole and len(runs := _runs(flat)) < len(flat):
        return {**head, "runs": _letters(runs)}
    return {**head, "base64": _letters(flat)}


def unpacked(packed_values: Packed) -> npt.NDArray[Any]:
    """The array that `packed` was given, flat.

    >>> unpacked(packed([0.1, float("inf")])).tolist()
    [0.1, inf]
    """
    kind = "<i4" if packed_values["type"] == "int32" else "<f8"
    if "fill" in packed_values:
        return np.full(packed_values["length"], float(packed_values["fill"])).astype(kind)
    if "runs" in packed_values:
        runs = np.frombuffer(base64.b64decode(packed_values["runs"]), dtype=kind).reshape(-1, 3)
        return np.concatenate([first + step * np.arange(count, dtype=kind) for first, step, count in runs])
    return np.frombuffer(base64.b64decode(packed_values["base64"]), dtype=kind)


def _letters(values: npt.NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def _runs(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The runs (first value, step, length) that whole numbers fall into; themselves where a step is too large."""
    steps = np.diff(values.astype(np.int64))
    if (np.abs(steps) > LARGEST).any():
        return values
    ends = np.flatnonzero(np.diff(steps)) + 1  # where a step differs from the one before
    found, at = [], 0
    for end in (*ends.tolist(), len(steps)):
        if end > at:  # else the step leads from one run to the next
            found.append((values[at], steps[at], end - at + 1))
            at = end + 1
    if at < len(values):
        found.append((values[at], 0, 1))
    return np.array(found, dtype="<i4").ravel()


def _number(value: float) -> float | str:
    """A number as JSON has it; infinity, which JSON has not, in the word that JavaScript reads as a number."""
    return value if math.isfinite(value) else f"{'-' if value < 0 else ''}Infinity"

"""The NumPy target: every compiled function of the catalogue on arrays of numbers.

The arguments of an implementation are arrays that broadcast; who calls turns truths into 1 and 0. Numbers are those of
the CasADi target to the last bit, but for inverses of matrices, where LAPACK has another order of operations.

Formulas and tolerances are PySD's, which follow Vensim's reference manual.

Why powers, exponentials, logarithms and trigonometry come from the C library, one number after the other: NumPy's own
differ with the processor (AVX-512 or not) by a unit of the last place, so a run would depend on the machine, and on
whether a constant was folded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ..system.functions import SMALL
from ..system.model import FloatArray

Array: TypeAlias = Any  # of numbers or truths
Implementation: TypeAlias = Callable[..., Array]


@dataclass(frozen=True, slots=True)
class Moment:
    """What functions see besides their arguments; NaN where nothing that is computed depends on it."""

    time: float
    time_step: float


def _plain(function: Callable[..., Array]) -> Implementation:
    """A function that needs nothing but its arguments."""
    return lambda moment, *arguments: function(*arguments)


def _of_library(function: Callable[..., float], otherwise: Callable[..., Array]) -> Implementation:
    """A function of the C library, element by element; where it has no value, what IEEE 754 says, as NumPy does."""

    def one(*values: float) -> float:
        try:
            return function(*values)
        except (ValueError, OverflowError):
            return float(otherwise(*values))

    def implementation(_: Moment, *arguments: Array) -> Array:
        arrays = np.broadcast_arrays(*arguments)
        found = [one(*values) for values in zip(*(array.ravel().tolist() for array in arrays), strict=True)]
        return np.array(found).reshape(arrays[0].shape)

    return implementation


_ln, _power = _of_library(math.log, np.log), _of_library(math.pow, np.power)


def _subtract(one: Array, other: Array | None = None) -> Array:
    return -one if other is None else one - other


def _log(moment: Moment, x: Array, base: Array) -> Array:
    return np.divide(_ln(moment, x), _ln(moment, base))


def _quantum(x: Array, base: Array) -> Array:
    usable = base >= SMALL
    return np.where(usable, base * np.trunc(x / np.where(usable, base, 1.0)), x)


def _ratio(one: Array, other: Array, otherwise: Array) -> Array:
    """XIDZ: `one / other`, or `otherwise` where `other` is within 1e-6 of zero."""
    vanishes = np.abs(other) < SMALL
    return np.where(vanishes, otherwise, one / np.where(vanishes, 1.0, other))


def _step(moment: Moment, height: Array, start: Array) -> Array:
    return height * (moment.time + moment.time_step / 2 > start)


def _ramp(moment: Moment, slope: Array, start: Array, end: Array | None = None) -> Array:
    last = moment.time if end is None else np.fmin(end, moment.time)
    return (moment.time + SMALL > start) * slope * (last - start)


def _pulse(moment: Moment, start: Array, width: Array) -> Array:
    """1 for `width` from `start` on, in the middle of a step; a width of 0 is one step (Vensim's manual, PULSE)."""
    middle = moment.time + moment.time_step / 2
    return (start < middle) & (middle < start + np.where(width == 0, moment.time_step, width))


def _pulse_train(moment: Moment, start: Array, width: Array, interval: Array, end: Array) -> Array:
    """Pulses of `width`, one step at least, every `interval` from `start` to `end` inclusive (Vensim's manual)."""
    since = moment.time + moment.time_step / 2 - start
    within = np.where(interval > 0, np.fmod(since, np.where(interval > 0, interval, 1.0)), 0.0)
    return (since > 0) & (within < np.fmax(width, moment.time_step)) & (moment.time - SMALL <= end)


def _pulse_magnitude(moment: Moment, start: Array, magnitude: Array, interval: Array = 0.0) -> Array:
    """XMILE's PULSE: `magnitude` spread over one step, once or in every `interval`; an interval of 0 is once."""
    since, once = moment.time - start + SMALL, interval == 0
    within = np.where(once, since, np.fmod(since, np.where(once, 1.0, interval)))
    begun = np.where(once, since >= 0, moment.time >= start)
    return magnitude / moment.time_step * (begun & (within < moment.time_step / 2))


FUNCTIONS: Mapping[str, Implementation] = {
    "+": _plain(np.add),
    "-": _plain(_subtract),
    "*": _plain(np.multiply),
    "/": _plain(np.divide),
    "^": _power,
    "POWER": _power,
    "=": _plain(np.equal),
    "<>": _plain(np.not_equal),
    "<": _plain(np.less),
    "<=": _plain(np.less_equal),
    ">": _plain(np.greater),
    ">=": _plain(np.greater_equal),
    "AND": _plain(np.logical_and),
    "OR": _plain(np.logical_or),
    "NOT": _plain(np.logical_not),
    "IF THEN ELSE": _plain(lambda condition, one, other: np.where(condition != 0, one, other)),
    "MIN": _plain(np.fmin),
    "MAX": _plain(np.fmax),
    "ABS": _plain(np.abs),
    "EXP": _of_library(math.exp, np.exp),
    "LN": _ln,
    "LOG": _log,
    "SQRT": _plain(np.sqrt),
    "SIN": _of_library(math.sin, np.sin),
    "COS": _of_library(math.cos, np.cos),
    "TAN": _of_library(math.tan, np.tan),
    "ARCSIN": _of_library(math.asin, np.arcsin),
    "ARCCOS": _of_library(math.acos, np.arccos),
    "ARCTAN": _of_library(math.atan, np.arctan),
    "SINH": _of_library(math.sinh, np.sinh),
    "COSH": _of_library(math.cosh, np.cosh),
    "TANH": _of_library(math.tanh, np.tanh),
    "INTEGER": _plain(np.trunc),
    "MODULO": _plain(lambda x, base: x - _quantum(x, base)),
    "QUANTUM": _plain(_quantum),
    "XIDZ": _plain(_ratio),
    "ZIDZ": _plain(lambda one, other: _ratio(one, other, 0.0)),
    "STEP": _step,
    "RAMP": _ramp,
    "PULSE": _pulse,
    "PULSE TRAIN": _pulse_train,
    "PULSE MAGNITUDE": _pulse_magnitude,
}
"""Implementations that work element by element."""

# Sums and products element after element, as the other targets have them: NumPy's own `sum` goes by pairs.
REDUCTIONS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "SUM": lambda array: np.asarray(np.add.accumulate(array, axis=-1)[..., -1]),
    "PROD": lambda array: np.asarray(np.multiply.accumulate(array, axis=-1)[..., -1]),
    "VMIN": lambda array: np.asarray(np.fmin.reduce(array, axis=-1)),
    "VMAX": lambda array: np.asarray(np.fmax.reduce(array, axis=-1)),
}
"""The last axis brought down to one number."""


def inverse(matrices: FloatArray) -> FloatArray:
    """The inverse of each matrix over the last two axes; NaN for one that has none."""
    return np.array([_inverse(matrix) for matrix in matrices.reshape(-1, *matrices.shape[-2:])]).reshape(matrices.shape)


def _inverse(matrix: FloatArray) -> FloatArray:
    try:
        return np.asarray(np.linalg.inv(matrix))
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)

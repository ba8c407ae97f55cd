"""The operations of a tape on NumPy arrays: what constants are folded with, and what a tape is held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..dynamics.functions import Operation
from ..numbers import functions as numbers

_UNUSED = numbers.Moment(np.nan, np.nan)


def _named(function: str) -> Callable[..., Any]:
    """The NumPy target's own implementation: that of the C library, whatever the processor."""
    return lambda *arguments: numbers.FUNCTIONS[function](_UNUSED, *arguments)


OPERATIONS: Mapping[Operation, Callable[..., Any]] = {
    Operation.ADD: np.add,
    Operation.SUBTRACT: np.subtract,
    Operation.MULTIPLY: np.multiply,
    Operation.DIVIDE: np.divide,
    Operation.NEGATE: np.negative,
    Operation.POWER: _named("^"),
    Operation.LESS: np.less,
    Operation.LESS_EQUAL: np.less_equal,
    Operation.EQUAL: np.equal,
    Operation.UNEQUAL: np.not_equal,
    Operation.AND: np.logical_and,
    Operation.OR: np.logical_or,
    Operation.NOT: np.logical_not,
    Operation.CHOOSE: _named("IF THEN ELSE"),
    Operation.MINIMUM: np.fmin,
    Operation.MAXIMUM: np.fmax,
    Operation.ABSOLUTE: np.abs,
    Operation.FLOOR: np.floor,
    Operation.CEILING: np.ceil,
    Operation.REMAINDER: np.fmod,
    Operation.EXP: _named("EXP"),
    Operation.LOG: _named("LN"),
    Operation.SQRT: np.sqrt,
    Operation.SIN: _named("SIN"),
    Operation.COS: _named("COS"),
    Operation.TAN: _named("TAN"),
    Operation.ARCSIN: _named("ARCSIN"),
    Operation.ARCCOS: _named("ARCCOS"),
    Operation.ARCTAN: _named("ARCTAN"),
    Operation.SINH: _named("SINH"),
    Operation.COSH: _named("COSH"),
    Operation.TANH: _named("TANH"),
}


def calculate(operation: Operation, *arguments: Any) -> Any:
    """An operation on numbers that broadcast; truths are 1 and 0."""
    with np.errstate(all="ignore"):
        return np.asarray(OPERATIONS[operation](*arguments), dtype=np.float64)

"""Intervals hold every value that an operation or a table takes within its arguments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.random_models import examples

from optimize.transcription import forms
from optimize.transcription.intervals import ALL, Interval, of, of_table
from sd_models.dynamics.functions import Operation
from sd_models.numbers.tables import read
from sd_models.system.model import Interpolation, Series
from sd_models.tape.arithmetic import calculate

ENDS = st.sampled_from([-math.inf, -300.0, -2.5, -1.0, -0.3, 0.0, 1e-9, 0.4, 1.0, 1.5, 2.0, 3.0, 50.0, 800.0, math.inf])
UNARY = frozenset(
    (
        *(Operation.NEGATE, Operation.NOT, Operation.ABSOLUTE, Operation.FLOOR, Operation.CEILING, Operation.EXP),
        *(Operation.LOG, Operation.SQRT, Operation.SIN, Operation.COS, Operation.TAN, Operation.ARCSIN),
        *(Operation.ARCCOS, Operation.ARCTAN, Operation.SINH, Operation.COSH, Operation.TANH),
    )
)


def count(operation: Operation) -> int:
    """The number of arguments of an operation."""
    return 1 if operation in UNARY else 3 if operation is Operation.CHOOSE else 2


@st.composite
def intervals(draw: st.DrawFn) -> tuple[Interval, list[float]]:
    """An interval and finite numbers in it, among them its ends."""
    low, high = sorted((draw(ENDS), draw(ENDS)))
    within = st.floats(max(low, -1e4), min(high, 1e4)) if low <= 1e4 and high >= -1e4 else st.nothing()
    inside = [draw(within) for _ in range(3)]
    return Interval(low, high), [x for x in (low, high, *inside) if math.isfinite(x)]


@pytest.mark.parametrize("operation", list(Operation))
@examples(15)
@given(st.data())
def test_an_operation_stays_in_its_interval(operation: Operation, data: st.DataObject) -> None:
    """Whatever finite numbers of the arguments are taken; where it has no value, nothing is said."""
    parts = [data.draw(intervals()) for _ in range(count(operation))]
    found = of(operation, *(interval for interval, _ in parts))
    assert not math.isnan(found.low + found.high - found.high) or not found.is_finite
    for _ in range(5):
        values = [data.draw(st.sampled_from(inside)) if inside else 0.0 for _, inside in parts]
        if all(inside for _, inside in parts):
            value = float(calculate(operation, *values))
            assert math.isnan(value) or math.isinf(value) or found.holds(value)


@pytest.mark.parametrize(
    ("operation", "arguments", "low", "high"),
    [
        (Operation.MULTIPLY, (Interval(-1.0, 2.0), Interval(0.0, math.inf)), -math.inf, math.inf),
        (Operation.MULTIPLY, (Interval(0.0, 0.0), ALL), 0.0, 0.0),
        (Operation.DIVIDE, (Interval(1.0, 2.0), Interval(0.0, 4.0)), 0.25, math.inf),
        (Operation.POWER, (Interval(-2.0, 1.0), Interval(2.0, 2.0)), 0.0, 4.0),
        (Operation.POWER, (Interval(0.0, 4.0), Interval(0.5, 0.5)), 0.0, 2.0),
        (Operation.COS, (Interval(-1.0, 1.0),), math.cos(1.0), 1.0),
        (Operation.MAXIMUM, (Interval(0.0, 3.0), Interval(2.0, 2.0)), 2.0, 3.0),
        (Operation.LESS, (Interval(0.0, 1.0), Interval(1.0, 2.0)), 0.0, 1.0),
        (Operation.LESS_EQUAL, (Interval(0.0, 1.0), Interval(1.0, 2.0)), 1.0, 1.0),
    ],
)
def test_intervals_are_tight(operation: Operation, arguments: tuple[Interval, ...], low: float, high: float) -> None:
    """They are the range of the operation, but for rounding."""
    found = of(operation, *arguments)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("interpolation", list(Interpolation))
@examples(60)
@given(st.data())
def test_a_table_stays_in_its_interval(interpolation: Interpolation, data: st.DataObject) -> None:
    """Between its points, at its jumps, beyond its ends."""
    size = data.draw(st.integers(1, 5))
    steps = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=size - 1, max_size=size - 1))
    xs = np.cumsum([-1.0, *steps])
    ys = np.array(data.draw(st.lists(st.floats(-10, 10), min_size=size, max_size=size)))
    table = Series(xs, ys, interpolation)
    sides = st.sampled_from([-math.inf, -5.0, -1.0, -0.75, -0.5, 0.0, 0.5, 2.0, 9.0, math.inf])
    low, high = sorted((data.draw(sides), data.draw(sides)))
    found = of_table(table, Interval(low, high))
    for x in (-1e3, *xs, *(xs[:-1] + np.diff(xs) / 3), low, high, 1e3):
        if low <= x <= high and math.isfinite(x):
            value = float(read(table, np.array(x), np.array(0)))
            assert math.isnan(value) or found.holds(value)


def test_what_overflows_is_no_form() -> None:
    """And no warning: a slope of 1e301 over a stock that may be anything says nothing."""
    assert forms.of(Operation.EXP, (forms.Form(0.0, np.array([1e10])), Interval(0.0, 700.0))) is None

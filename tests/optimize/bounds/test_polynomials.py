"""Polynomials hold every value that an operation or a table takes, whatever the levers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.random_models import examples

from optimize.bounds import polynomials
from optimize.bounds.polynomials import Polynomial
from optimize.transcription.intervals import Interval
from sd_models.dynamics.functions import Operation
from sd_models.numbers.tables import read
from sd_models.system.model import FloatArray, Interpolation, Series
from sd_models.tape.arithmetic import calculate

LEVERS, NOISES = 3, 2
NUMBERS = st.floats(-2.0, 2.0)
UNARY = (Operation.NEGATE, Operation.EXP, Operation.LOG, Operation.SQRT, Operation.ABSOLUTE)
BINARY = (
    *(Operation.ADD, Operation.SUBTRACT, Operation.MULTIPLY, Operation.DIVIDE, Operation.POWER),
    *(Operation.MINIMUM, Operation.MAXIMUM),
)


def value(one: Polynomial, s: FloatArray, e: FloatArray, error: float) -> float:
    """What a polynomial is at levers, noise and a part of its error."""
    return float(one.centre + one.slopes @ s + s @ one.bends @ s + one.noise @ e + error * one.error)


@st.composite
def drawn(draw: st.DrawFn) -> Polynomial:
    """Any polynomial, many of them above zero."""
    size = draw(st.sampled_from([0.01, 0.3, 1.0]))
    array = lambda *shape: size * np.reshape([draw(NUMBERS) for _ in range(math.prod(shape))], shape)  # noqa: E731
    bends = array(LEVERS, LEVERS)
    centre = draw(st.sampled_from([-3.0, 0.0, 0.5, 2.0, 40.0]))
    return Polynomial(centre, array(LEVERS), bends + bends.T, array(NOISES), size * abs(draw(NUMBERS)))


def holds(found: Polynomial, s: FloatArray, e: FloatArray, expected: float) -> bool:
    """Whether a polynomial holds a number at levers: noise of operands stays what it was, all else is error."""
    near = value(found, s, e, 0.0)
    return abs(expected - near) <= found.error + 1e-12 * (abs(expected) + abs(near)) and found.range.holds(expected)


@pytest.mark.parametrize("operation", [*UNARY, *BINARY])
@examples(60)
@given(st.data())
def test_an_operation_stays_in_its_polynomial(operation: Operation, data: st.DataObject) -> None:
    """At any levers, noise and errors of the arguments; also where an interval is known that holds these."""
    arguments = [data.draw(drawn()) for _ in range(1 if operation in UNARY else 2)]
    if operation is Operation.POWER and data.draw(st.booleans()):
        power = data.draw(st.sampled_from([-1.5, 0.3, 0.5, 1.0, 2.0, 3.0]))
        arguments[1] = polynomials.number(power, LEVERS, NOISES)
        ranges = [arguments[0].range, Interval(power, power)]
    else:
        ranges = [argument.range for argument in arguments]
    found = polynomials.of(operation, *zip(arguments, ranges, strict=True))
    for _ in range(20 if found is not None else 0):
        random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
        s, e = random.uniform(-1, 1, LEVERS), random.choice([-1.0, 1.0], NOISES)
        given_ = [value(one, s, e, random.choice([-1.0, 0.3, 1.0])) for one in arguments]
        expected = float(calculate(operation, *given_))
        assert found is not None
        assert holds(found, s, e, expected)


@pytest.mark.parametrize("operation", [Operation.EXP, Operation.LOG, Operation.SQRT, Operation.POWER])
def test_what_is_left_out_is_of_third_degree(operation: Operation) -> None:
    """A lever that moves half as far leaves an eighth of the error."""
    errors = []
    for width in (0.2, 0.1):
        one = polynomials.lever(0, Interval(2.0 - width, 2.0 + width), LEVERS, NOISES)
        exponent = polynomials.number(0.4, LEVERS, NOISES)
        arguments = [(one, one.range), (exponent, Interval(0.4, 0.4))]
        found = polynomials.of(operation, *arguments[: 2 if operation is Operation.POWER else 1])
        assert found is not None
        errors.append(found.error)
    assert errors[0] / errors[1] == pytest.approx(8.0, rel=0.2)


@examples(60)
@given(st.data())
def test_a_table_stays_in_its_polynomial(data: st.DataObject) -> None:
    """Within its points and beyond them; a table that jumps has none."""
    xs = np.array([-2.0, -0.5, 0.0, 1.5, 3.0])
    ys = np.array([data.draw(NUMBERS) for _ in xs])
    kind = data.draw(st.sampled_from([Interpolation.LINEAR, Interpolation.EXTRAPOLATE, Interpolation.BACKWARD]))
    table, argument = Series(xs, ys, kind), data.draw(drawn())
    found = polynomials.of_table(table, argument, argument.range)
    assert (found is None) == (kind is Interpolation.BACKWARD)
    for _ in range(20 if found is not None else 0):
        random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
        s, e = random.uniform(-1, 1, LEVERS), random.choice([-1.0, 1.0], NOISES)
        x = value(argument, s, e, random.uniform(-1, 1))
        assert found is not None
        assert holds(found, s, e, float(read(table, np.array(x), np.array(0))))


def test_an_error_that_became_a_symbol_cancels() -> None:
    """While it is an error it adds up."""
    one = replace(polynomials.number(1.0, LEVERS, NOISES), error=0.5)
    assert one.plus(one.times(-1.0)).range.high == pytest.approx(1.0)
    renewed = one.renewed(1)
    assert renewed.plus(renewed.times(-1.0)).range.high < 1e-13
    assert renewed.range.high == pytest.approx(1.5)

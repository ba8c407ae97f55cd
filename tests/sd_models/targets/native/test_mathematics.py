"""Exponentials, logarithms and powers of several numbers at once: how exact they are, and what they do at the edges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.kernels import computing

from sd_models.dynamics.functions import Operation
from sd_models.tape.instructions import Placed, Source
from sd_models.tape.recording import Recorder

WIDE = np.finfo(np.longdouble).nmant > 52
COUNT = 1 << 14
ODD = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -2.0, -0.5, 3.0, np.inf, -np.inf, np.nan, 5e-324, 1e-308, 1e308, -1e308, 709.0)
REFERENCE: dict[Operation, Callable[..., np.ndarray]] = {
    Operation.EXP: np.exp,
    Operation.LOG: np.log,
    Operation.POWER: np.power,
}


def by_kernel(operation: Operation, length: int, *arguments: np.ndarray) -> np.ndarray:
    """The operation on numbers, in rows of a length."""
    recorder, count = Recorder(), len(arguments)
    rows = [recorder.load(Source.STOCKS, i * length + np.arange(length)) for i in range(count)]
    tape = recorder.tape({"outputs": [Placed(recorder.apply(operation, *rows), np.arange(length))]})
    compute = computing(tape, {Source.STOCKS: count * length}, {"outputs": length})
    values = np.concatenate([argument.reshape(-1, length) for argument in arguments], axis=1)
    return np.asarray(compute({Source.STOCKS: values})["outputs"]).ravel()


def drawn(kind: str) -> tuple[Operation, tuple[np.ndarray, ...]]:
    """Numbers of a kind."""
    draw = np.random.default_rng(0)
    match kind:
        case "exponents that reach far":
            return Operation.EXP, (draw.uniform(-707, 707, COUNT),)
        case "exponents beside zero":
            return Operation.EXP, (draw.normal(size=COUNT) * 10.0 ** draw.integers(-8, 1, COUNT),)
        case "numbers of every size":
            return Operation.LOG, (np.exp(draw.uniform(-700, 700, COUNT)),)
        case "numbers beside one":
            return Operation.LOG, (1 + draw.normal(size=COUNT) * 10.0 ** draw.integers(-9, -1, COUNT),)
        case "powers of every size":
            return Operation.POWER, (np.exp(draw.uniform(-7, 7, COUNT)), draw.uniform(-90, 90, COUNT))
        case "large powers of numbers beside one":
            return Operation.POWER, (1 + draw.normal(size=COUNT) * 1e-4, draw.uniform(-1e6, 1e6, COUNT))
        case "roots of numbers of every size":
            return Operation.POWER, (np.exp(draw.uniform(-600, 600, COUNT)), draw.uniform(-1, 1, COUNT))
    raise AssertionError(kind)


@pytest.mark.skipif(not WIDE, reason="there are no wider numbers on this machine to measure against")
@pytest.mark.parametrize("length", [2, 4, 8])
@pytest.mark.parametrize(
    "kind",
    [
        "exponents that reach far",
        "exponents beside zero",
        "numbers of every size",
        "numbers beside one",
        "powers of every size",
        "large powers of numbers beside one",
        "roots of numbers of every size",
    ],
)
def test_errors_are_below_a_unit_in_the_last_place(kind: str, length: int) -> None:
    """As the module says, whatever the width of vectors."""
    operation, arguments = drawn(kind)
    found = by_kernel(operation, length, *arguments)
    exact = REFERENCE[operation](*(argument.astype(np.longdouble) for argument in arguments))
    normal = np.isfinite(exact) & (np.abs(exact) > 1e-300) & (np.abs(exact) < 1e300)
    errors = np.abs(found.astype(np.longdouble) - exact)[normal] / np.spacing(np.abs(found[normal]))
    assert float(errors.max()) < 1.0


@pytest.mark.parametrize("length", [2, 4, 8])
@pytest.mark.parametrize("operation", list(REFERENCE))
def test_special_numbers_give_what_the_c_library_gives(operation: Operation, length: int) -> None:
    """Zeros, infinities, no numbers, subnormal ones, negative bases, results that leave the numbers: in any company."""
    pairs = np.array(np.meshgrid(ODD, ODD)).reshape(2, -1)
    pairs = pairs[:, : pairs.shape[1] // length * length]
    arguments = pairs if operation is Operation.POWER else pairs[:1]
    with np.errstate(all="ignore"):
        wanted = REFERENCE[operation](*arguments)
    np.testing.assert_allclose(by_kernel(operation, length, *arguments), wanted, rtol=2.0**-51, atol=0)


@pytest.mark.parametrize("length", [2, 4, 8])
def test_whole_powers_of_whole_numbers_are_exact(length: int) -> None:
    """So that a comparison with a whole number decides as it does by hand."""
    bases, exponents = np.array(np.meshgrid(np.arange(1.0, 65.0), np.arange(0.0, 8.0))).reshape(2, -1)
    assert (by_kernel(Operation.POWER, length, bases, exponents) == bases**exponents).all()

"""NumPy's numbers are CasADi's, function by function, on numbers of every kind and at times of every kind."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import casadi as ca
import numpy as np
import pytest
from numpy.typing import NDArray

import sd_models as sd
from sd_models.dynamics.evaluation import Known
from sd_models.dynamics.timing import control_values
from sd_models.numbers.evaluation import data_values, numbers
from sd_models.rewrites import expand_stateful
from sd_models.system.expression import Call, Expr, Reduce, Ref, Subscript
from sd_models.system.functions import FUNCTIONS, REDUCTIONS
from sd_models.system.model import Dimension, Equation, Interpolation, Kind, Series, System, Values, Variable
from sd_models.targets.casadi.evaluation import evaluate

SIZE, ROWS = 400, 5
ODD = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 1e-6, -1e-6, 9e-7, 1e300, -1e300, 1e-300, np.inf, -np.inf, np.nan)
TIMES = (0.0, 1.0, 1.9999999, 2.0, -3.5, 1e9)
DIMENSIONS = {
    "k": Dimension("k", tuple(f"k{i}" for i in range(SIZE)), "k"),
    "r": Dimension("r", tuple(f"r{i}" for i in range(ROWS)), "r"),
    "s": Dimension("s", tuple(f"s{i}" for i in range(ROWS)), "s"),
}


def constant(name: str, values: NDArray[np.float64], *dimensions: str) -> Variable:
    """A constant with these values."""
    return Variable(name, Kind.CONSTANT, dimensions, (Equation(dimensions, Values(values)),))


def along(name: str, *axes: str) -> Ref:
    """A variable moved along its own dimensions."""
    return Ref(name, tuple(Subscript(axis.removesuffix("!"), axis) for axis in axes))


def both(expr: Expr, dimensions: tuple[str, ...], given: Mapping[str, Variable], time: float = 1.0) -> list[object]:
    """The values of an expression over the dimensions by NumPy and by CasADi."""
    found = Variable("x", Kind.AUXILIARY, dimensions, (Equation(dimensions, expr),))
    system = System("model", {**given, "x": found}, DIMENSIONS)
    lowered = evaluate(system, ["x"], Known({}, ca.DM(time), ca.DM(0.25))).columns["x"]
    return [numbers(system, ["x"], time, 0.25, initial=False)["x"], np.asarray(lowered).ravel()]


def drawn(seed: int, *shape: int) -> NDArray[np.float64]:
    """Numbers of every size and sign, whole and broken, among them odd ones."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=shape) * 10.0 ** draw.integers(-4, 4, size=shape)
    values = np.where(draw.random(shape) < 0.3, np.round(values), values)
    return np.where(draw.random(shape) < 0.2, draw.choice(ODD, size=shape), values)


ELEMENTWISE = sorted(
    name for name, f in FUNCTIONS.items() if f.compiled and name not in {*REDUCTIONS, "LOOKUP", "INVERT MATRIX"}
)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_function_has_the_same_value_to_the_last_bit(name: str) -> None:
    """With the least and the largest number of arguments, at several times where it depends on the time."""
    for count, time in product(sorted(set(FUNCTIONS[name].arguments)), TIMES):
        given = {f"p{i}": constant(f"p{i}", drawn(31 * i + len(name), SIZE), "k") for i in range(count)}
        expr = Call(name, tuple(along(part, "k") for part in given))
        np.testing.assert_array_equal(*both(expr, ("k",), given, time), err_msg=f"{name} of {count} at {time}")


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_pair_of_odd_numbers_has_the_same_value(name: str) -> None:
    """Zero, infinity, what is not a number, and what counts as zero: as first and as second argument."""
    columns = np.ones((SIZE, 2))
    columns[: len(ODD) ** 2] = list(product(ODD, ODD))
    given = {f"p{i}": constant(f"p{i}", columns[:, i], "k") for i in range(2)}
    arguments = tuple(along(f"p{i % 2}", "k") for i in range(FUNCTIONS[name].arguments[0]))
    np.testing.assert_array_equal(*both(Call(name, arguments), ("k",), given), err_msg=name)


@pytest.mark.parametrize("operator", sorted(REDUCTIONS))
@pytest.mark.parametrize("axes", [("r!",), ("k!",), ("k!", "r!"), ("s!",)])
def test_a_reduction_has_the_same_value_to_the_last_bit(operator: str, axes: tuple[str, ...]) -> None:
    """Over few and many elements, over an axis along which nothing moves as well; with missing ones and without."""
    moved = tuple(f"{d}!" if f"{d}!" in axes else d for d in ("k", "r"))
    left = tuple(d for d in moved if not d.endswith("!"))
    for values in (drawn(1, SIZE, ROWS), np.random.default_rng(2).normal(size=(SIZE, ROWS))):
        expr = Reduce(operator, axes, along("p", *moved))
        np.testing.assert_array_equal(*both(expr, left, {"p": constant("p", values, "k", "r")}), err_msg=operator)


@pytest.mark.parametrize("kind", [kind for kind in Interpolation if kind is not Interpolation.RAW])
@pytest.mark.parametrize("x", [[0.0, 1.0, 1.0, 4.5], [2.0], [-1.0, 0.3], [0.0, 2.0, 2.0], [-1.0, -1.0, 3.0]])
def test_a_table_is_read_alike(kind: Interpolation, x: list[float]) -> None:
    """On, between and beyond its points, at jumps, at what is not a number; each element has its own points."""
    draw = np.random.default_rng(len(x))
    y = draw.normal(size=(len(x), ROWS))
    table = Variable("t", Kind.TABLE, ("r",), (Equation(("r",), Series(np.array(x), y, kind)),))
    argument = np.concatenate([drawn(3, SIZE - 40), draw.choice(x, 20), draw.normal(size=20)])
    given = {"t": table, "p": constant("p", argument, "k")}
    found = both(Call("LOOKUP", (along("t", "r"), along("p", "k"))), ("k", "r"), given)
    np.testing.assert_array_equal(*found)


def test_matrices_have_the_same_inverses() -> None:
    """Up to rounding: LAPACK has another order of operations."""
    matrices = np.random.default_rng(0).normal(size=(SIZE, ROWS, ROWS))
    given = {"p": constant("p", matrices, "k", "r", "s")}
    found = both(Call("INVERT MATRIX", (along("p", "k", "r", "s"),)), ("k", "r", "s"), given)
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-12)


FOLDER = Path(__file__).parents[1] / "models"
FILES = sorted(path for ending in ("mdl", "xmile") for path in FOLDER.rglob(f"*.{ending}"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_of_a_model_begins_alike(path: Path) -> None:
    """Arrays, mappings, exceptions, circles of elements, tables and data: all that a model computes before it runs."""
    beside = path.name in ("data_bare.mdl", "data_beside.mdl")
    system = sd.load(path, data=[FOLDER / "beside.csv"] if beside else ())
    time, step = (control_values(system)[name] for name in ("INITIAL TIME", "TIME STEP"))
    expanded = expand_stateful(system, initial_time=time, time_step=step)
    names = [v.name for v in expanded if v.kind is not Kind.TABLE]
    data = {v.name: ca.DM(data_values(expanded, v, np.array([time]))[0]) for v in expanded.of_kind(Kind.DATA)}
    lowered = evaluate(expanded, names, Known(data, ca.DM(time), ca.DM(step)), initial=True).columns
    inverts = any("INVERT MATRIX" in str(v) for v in system)
    for name, values in numbers(expanded, names, time, step).items():
        np.testing.assert_allclose(values, np.asarray(lowered[name]).ravel(), rtol=inverts * 1e-12, err_msg=name)

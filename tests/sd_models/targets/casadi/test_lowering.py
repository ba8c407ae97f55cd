"""Expressions to columns: alignment of axes, blocks of elements, reductions, tables and branches."""

from __future__ import annotations

from pathlib import Path

import casadi as ca
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.models import faults, loaded

import sd_models as sd
from sd_models.dynamics.functions import Moment
from sd_models.errors import InvalidModel
from sd_models.system.alignment import EVERYWHERE, Alignment
from sd_models.system.expression import Call, Expr, Number, Reduce, Ref, Subscript
from sd_models.system.model import Dimension, Equation, Interpolation, Kind, Series, System, Values, Variable
from sd_models.targets.casadi.arithmetic import Symbols
from sd_models.targets.casadi.lowering import Block, Lowering

NO = np.nan
SIZES = {"a": 2, "b": 3, "c": 4}
DIMENSIONS = {name: Dimension(name, tuple(f"{name}{i}" for i in range(n)), name) for name, n in SIZES.items()}
DIMENSIONS["part"] = Dimension("part", ("c1", "c3"), "c")
ORDERS = st.permutations(tuple(SIZES)).flatmap(lambda names: st.integers(0, 3).map(lambda n: tuple(names[:n])))


def numbered(name: str, *dimensions: str, start: int = 1) -> Variable:
    """A constant whose elements are numbered."""
    shape = [SIZES[d] for d in dimensions]
    values = np.arange(start, start + int(np.prod(shape, dtype=int)), dtype=float).reshape(shape)
    return Variable(name, Kind.CONSTANT, dimensions, (Equation(dimensions, Values(values)),))


def alignment(*variables: Variable) -> Alignment:
    """Of a system of these variables."""
    return Alignment(System("model", {v.name: v for v in variables}, DIMENSIONS))


def lowering(*variables: Variable) -> Lowering:
    """For a system of these constants, their values known."""
    found = Lowering(alignment(*variables), {}, Moment(Symbols(), ca.DM(0.0), ca.DM(1.0)))
    for variable in variables:
        definition = variable.equations[0].definition
        if isinstance(definition, Values):
            found.columns[variable.name] = ca.DM(definition.array.ravel())
    return found


def along(name: str, *axes: str) -> Ref:
    """A variable moved along its own dimensions; `d!` is the axis of a reduction."""
    return Ref(name, tuple(Subscript(axis.removesuffix("!"), axis) for axis in axes))


def value(work: Lowering, expr: Expr, axes: tuple[str, ...]) -> NDArray[np.float64]:
    """An expression as an array over these axes."""
    column = work.spread(work.expression(expr)(None), axes)
    return np.asarray(column).reshape(work.alignment.lengths(axes))


# --- alignment --------------------------------------------------------------------------------------------------------


@given(ORDERS, ORDERS)
def test_axes_are_aligned_by_name(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Whatever their order in the arguments and on the left, as NumPy does it with einsum."""
    work = lowering(numbered("p", *one), numbered("q", *other, start=7))
    left = tuple(SIZES)
    found = value(work, Call("-", (along("p", *one), along("q", *other))), left)
    p, q = (
        np.asarray(work.columns[name]).reshape([SIZES[d] for d in axes]) for name, axes in (("p", one), ("q", other))
    )
    ones = np.ones(list(SIZES.values()))
    left_text, one_text, other_text = "".join(left), "".join(one), "".join(other)
    expected = np.einsum(f"{one_text},{left_text}->{left_text}", p, ones)
    expected = expected - np.einsum(f"{other_text},{left_text}->{left_text}", q, ones)
    np.testing.assert_array_equal(found, expected)


@given(ORDERS.filter(bool), st.data())
def test_reductions_are_those_of_numpy(order: tuple[str, ...], data: st.DataObject) -> None:
    """Over any axes, the others stay; over none the value itself."""
    reduced = tuple(data.draw(st.sets(st.sampled_from(order))))
    axes = tuple(f"{d}!" if d in reduced else d for d in order)
    kept = tuple(d for d in order if d not in reduced)
    work = lowering(numbered("p", *order))
    array = np.asarray(work.columns["p"]).reshape([SIZES[d] for d in order])
    places = tuple(order.index(d) for d in reduced)
    for operator, expected in (
        ("SUM", array.sum(places)),
        ("PROD", array.prod(places)),
        ("VMIN", array.min(places)),
        ("VMAX", array.max(places)),
    ):
        expr = Reduce(operator, tuple(f"{d}!" for d in reduced), along("p", *axes))
        np.testing.assert_array_equal(value(work, expr, kept), expected)


def test_subscripts_fix_move_and_take_parts() -> None:
    """Elements, parts of a range, and the same axis twice."""
    work = lowering(numbered("p", "b", "c"), numbered("q", "a", "a"))
    array = np.arange(1, 13).reshape(3, 4)
    fixed = Ref("p", (Subscript("b2"), Subscript("c", "c")))
    assert value(work, fixed, ("c",)).tolist() == array[2].tolist()
    part = Ref("p", (Subscript("b", "b"), Subscript("part", "part")))
    assert value(work, part, ("part", "b")).tolist() == array[:, [1, 3]].T.tolist()
    diagonal = Ref("q", (Subscript("a", "a"), Subscript("a", "a")))
    assert value(work, diagonal, ("a",)).tolist() == [1, 4]


# --- equations --------------------------------------------------------------------------------------------------------


EXCEPT = Equation(("b", "c"), Number(1.0), excluded=(("b1", "part"), ("b0", "c0")))
ELEMENTS = Equation(("b", "c1"), Values(np.array([[7.0], [8.0], [9.0]])))
PART = Equation(("b2", "part"), Values(np.array([[7.0, 8.0]])), excluded=(("b2", "c3"),))


@pytest.mark.parametrize(
    ("equations", "rows"),
    [
        ([Equation(("b", "part"), Number(5.0))], [[NO, 5, NO, 5]] * 3),
        ([EXCEPT], [[NO, 1, 1, 1], [1, NO, 1, NO], [1, 1, 1, 1]]),
        (
            [Equation(("b0", "c"), Number(1.0)), Equation(("b1", "c2"), Number(2.0))],
            [[1] * 4, [NO, NO, 2, NO], [NO] * 4],
        ),
        ([ELEMENTS], [[NO, 7, NO, NO], [NO, 8, NO, NO], [NO, 9, NO, NO]]),
        ([PART], [[NO] * 4, [NO] * 4, [NO, 7, NO, NO]]),
    ],
)
def test_equations_fill_their_block(equations: list[Equation], rows: list[list[float]]) -> None:
    """Without what EXCEPT leaves out; elements without equation are missing."""
    variable = Variable("x", Kind.AUXILIARY, ("b", "c"), tuple(equations))
    work = lowering(variable)
    column = work.variable(variable, lambda equation: equation.definition)  # type: ignore[arg-type,return-value]
    np.testing.assert_array_equal(np.asarray(column).reshape(3, 4), rows)


def test_a_column_of_symbols_keeps_its_numbers() -> None:
    """Blocks of numbers and of symbols join."""
    variable = Variable("x", Kind.AUXILIARY, ("b",), (Equation(("b0",), Number(1.0)), Equation(("b2",), Ref("p"))))
    work = Lowering(alignment(variable, numbered("p")), {"p": ca.SX.sym("p")}, Moment(Symbols(), 0, 1))
    column = work.variable(variable, lambda equation: equation.definition)  # type: ignore[arg-type,return-value]
    assert str(column) == "[1, nan, p]"


# --- tables -----------------------------------------------------------------------------------------------------------


def table(x: list[float], y: object, *dimensions: str, kind: Interpolation = Interpolation.LINEAR) -> Variable:
    """A table over the dimensions."""
    return Variable("t", Kind.TABLE, dimensions, (Equation(dimensions, Series(np.array(x), np.array(y, float), kind)),))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Interpolation.LINEAR, [10, 10, 15, 20, 30, 40, 40]),
        (Interpolation.EXTRAPOLATE, [0, 10, 15, 20, 30, 40, 50]),
        (Interpolation.BACKWARD, [10, 10, 10, 20, 20, 40, 40]),
        (Interpolation.FORWARD, [10, 10, 20, 20, 40, 40, 40]),
    ],
)
def test_tables_are_read_between_and_beyond_their_points(kind: Interpolation, values: list[float]) -> None:
    """Numbers and symbols alike."""
    arguments = np.array([-1, 0, 0.5, 1, 2, 3, 4.0])
    work = lowering(table([0, 1, 3], [10, 20, 40], kind=kind))
    found = [value(work, Call("LOOKUP", (Ref("t"), Number(x))), ()) for x in arguments]
    np.testing.assert_allclose(found, values, rtol=1e-14)
    x = ca.SX.sym("x")
    work = Lowering(alignment(*work.alignment.system, numbered("x")), {"x": x}, work.moment)
    block = work.expression(Call("LOOKUP", (Ref("t"), Ref("x"))))(None)
    read = ca.Function("read", [x], [block.column])
    np.testing.assert_allclose(np.asarray(read(arguments[np.newaxis])).ravel(), values, rtol=1e-14)


@pytest.mark.parametrize(
    ("x", "y", "at", "expected"),
    [
        ([2], [7], [1, 2, 3], [7, 7, 7]),
        ([0, 1, 1, 2], [0, 10, 20, 30], [0.5, 1, 1.5], [5, 20, 25]),
    ],
)
def test_odd_tables_have_a_value_everywhere(
    x: list[float], y: list[float], at: list[float], expected: list[float]
) -> None:
    """One point is a constant; at a jump the right side holds."""
    work = lowering(table(x, y))
    assert [float(value(work, Call("LOOKUP", (Ref("t"), Number(a))), ())) for a in at] == expected


def test_a_table_of_an_array_is_read_at_each_element() -> None:
    """Moved, fixed and reduced; the argument may have other axes."""
    y = [[0, 0, 0], [10, 20, 30]]
    work = lowering(table([0, 10], y, "b"), numbered("p", "a"))
    moved = Call("LOOKUP", (along("t", "b"), along("p", "a")))
    assert value(work, moved, ("a", "b")).tolist() == [[1, 2, 3], [2, 4, 6]]
    fixed = Call("LOOKUP", (Ref("t", (Subscript("b2"),)), along("p", "a")))
    assert value(work, fixed, ("a",)).tolist() == [3, 6]
    total = Reduce("SUM", ("b!",), Call("LOOKUP", (along("t", "b!"), along("p", "a"))))
    assert value(work, total, ("a",)).tolist() == [6, 12]


# --- branches ---------------------------------------------------------------------------------------------------------


def test_a_guard_reaches_through_arrays() -> None:
    """What is the same along an axis is used where it is used anywhere along it."""
    work = lowering(numbered("p", "a"))
    guard = Block(("a", "b"), ca.DM([0, 0, 0, 0, 1, 0]))
    assert np.asarray(work.fitting(guard, ("a",), EVERYWHERE)).ravel().tolist() == [0, 1]
    assert np.asarray(work.fitting(guard, ("b",), EVERYWHERE)).ravel().tolist() == [0, 1, 0]
    assert np.asarray(work.fitting(guard, (), EVERYWHERE)).ravel().tolist() == [1]
    assert np.asarray(work.fitting(guard, ("b", "a"), EVERYWHERE)).ravel().tolist() == [0, 0, 0, 1, 0, 0]
    assert work.fitting(None, ("a",), EVERYWHERE) is None


def test_a_branch_inside_a_recursion_of_elements(tmp_path: Path) -> None:
    """Values and gradients, element by element."""
    text = (
        "age: a1, a2, a3 ~~|\nolder: a2, a3 -> younger ~~|\nyounger: a1, a2 ~~|\nk[age] = 1, 0, 2 ~~|"
        "\nx[a1] = k[a1] ~~|\nx[older] = IF THEN ELSE(k[older] > 0, x[younger] / k[older], 5 + x[younger]) ~~|"
    )
    system = loaded(tmp_path, text)
    assert sd.simulate(system)["x"].isel(time=0).values.tolist() == [1, 6, 3]
    found = sd.sensitivities(system, [sd.Outcome("x", where={"age": "a3"})], constants=["k"])
    assert found.gradients["k"].values.tolist() == [[0.5, 0, -1.5]]


def test_a_condition_along_an_axis_chooses_between_numbers(tmp_path: Path) -> None:
    """Branches without that axis are spread along it."""
    text = (
        "a: a1, a2, a3 ~~|\nk[a] = 0, 1, 2 ~~|\nx[a] = IF THEN ELSE(k[a] > 0, 7, Time) ~~|\ny = SUM(x[a!] * k[a!]) ~~|"
    )
    run = sd.simulate(loaded(tmp_path, text)).isel(time=-1)
    assert run["x"].values.tolist() == [4, 7, 7]
    assert float(run["y"]) == 21


def test_a_sum_may_have_as_many_terms_as_a_file_may_hold(tmp_path: Path) -> None:
    """Nested deeper than Python's stack."""
    system = loaded(tmp_path, f"x = {' + '.join(['Time * k'] * 900)} ~~|\nk = 2 ~~|")
    assert float(sd.simulate(system)["x"][-1]) == 900 * 8
    assert float(sd.sensitivities(system, ["x"], constants=["k"]).gradients["k"][0]) == 900 * 4


@pytest.mark.parametrize("argument", ["k[a, b]", "k[a1, b]", "1"])
def test_only_a_square_matrix_is_inverted(tmp_path: Path, argument: str) -> None:
    """The fault names the variable and its line."""
    left = "x[a, b]" if argument == "k[a, b]" else "x[b]" if "b]" in argument else "x"
    text = f"a: a1, a2 ~~|\nb: b1, b2, b3 ~~|\nk[a, b] = 1 ~~|\n{left} = INVERT MATRIX({argument}, 2) ~~|"
    (fault,) = faults(InvalidModel, lambda: sd.simulate(loaded(tmp_path, text)))
    assert fault.found == "INVERT MATRIX takes a whole matrix over two ranges of the same length."
    assert (fault.variable, fault.line) == ("x", 4)


def test_an_element_of_a_table_without_points_has_no_value(tmp_path: Path) -> None:
    """Whether others have points or not."""
    ranges = "a: a1, a2, a3 ~~|\n"
    table = "t[a1]((0,0),(1,1)) ~~|\nt[a2]((0,5),(1,5)) ~~|\n"
    run = sd.simulate(loaded(tmp_path, f"{ranges}{table}x[a] = t[a](0.5) ~~|\ny = t[a3](Time) ~~|"))
    np.testing.assert_array_equal(run["x"].isel(time=0), [0.5, 5, np.nan])
    assert np.isnan(run["y"]).all()

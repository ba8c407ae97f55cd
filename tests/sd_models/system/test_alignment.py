"""Which rows equations define and references read: NumPy indices of a system, the same for every target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.models import faults, loaded

import sd_models as sd
from sd_models.errors import InvalidModel
from sd_models.system.alignment import Alignment, broadcastable, places_among, together
from sd_models.system.expression import Number, Ref, Subscript
from sd_models.system.model import Dimension, Equation, Kind, System, Values, Variable

SIZES = {"a": 2, "b": 3, "c": 4}
DIMENSIONS = {name: Dimension(name, tuple(f"{name}{i}" for i in range(n)), name) for name, n in SIZES.items()}
DIMENSIONS["part"] = Dimension("part", ("c1", "c3"), "c")
DIMENSIONS["back"] = Dimension("back", ("c3", "c2", "c1", "c0"), "c")
SOME = st.lists(st.sampled_from(tuple(SIZES)), unique=True).map(tuple)


def of(*dimensions: str, equations: tuple[Equation, ...] = ()) -> tuple[Alignment, Variable]:
    """The alignment of a system of one variable `p` over these dimensions."""
    variable = Variable("p", Kind.AUXILIARY, dimensions, equations)
    return Alignment(System("model", {"p": variable}, DIMENSIONS)), variable


# --- references -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subscripts", "axes", "rows"),
    [
        ([Subscript("b", "b"), Subscript("c", "c")], ("b", "c"), np.arange(12).reshape(3, 4)),
        ([Subscript("b2"), Subscript("c", "c")], ("c",), [8, 9, 10, 11]),
        ([Subscript("b", "b!"), Subscript("part", "part")], ("b!", "part"), [[1, 3], [5, 7], [9, 11]]),
        ([Subscript("b2"), Subscript("c3")], (), 11),
        ([Subscript("b0"), Subscript("back", "back")], ("back",), [3, 2, 1, 0]),
    ],
)
def test_a_reference_reads_rows(subscripts: list[Subscript], axes: tuple[str, ...], rows: object) -> None:
    """Of elements, whole ranges and parts of them, over the axes that move them."""
    found, indices = of("b", "c")[0].gather(Ref("p", tuple(subscripts)))
    assert found == axes
    np.testing.assert_array_equal(indices, rows)


def test_one_axis_may_move_two_subscripts() -> None:
    """A diagonal."""
    axes, rows = of("a", "a")[0].gather(Ref("p", (Subscript("a", "a"), Subscript("a", "a"))))
    assert (axes, rows.tolist()) == (("a",), [0, 3])


def test_axes_may_stay_at_some_positions() -> None:
    """For what is evaluated element by element; what was gathered without them stays."""
    alignment, _ = of("b", "c")
    ref = Ref("p", (Subscript("b", "b"), Subscript("c", "c")))
    for _ in range(2):
        assert alignment.gather(ref)[1].shape == (3, 4)
        axes, rows = alignment.gather(ref, {"b": (2,)})
        assert (axes, rows.tolist()) == (("b", "c"), [[8, 9, 10, 11]])
    assert alignment.lengths(axes, {"b": (2,)}) == (1, 4)
    assert alignment.count(axes, {"b": (2,)}) == 4


def test_an_element_of_another_dimension_is_refused() -> None:
    """Where a reference reaches beyond its variable."""
    alignment, _ = of("part")
    (fault,) = faults(InvalidModel, lambda: alignment.gather(Ref("p", (Subscript("c", "c"),))))
    assert fault.found == "'c0' of 'c' is not an element of 'part'."


def test_who_reads_beyond_is_named() -> None:
    """The variable whose equation it is, though the alignment knows only the reference."""
    short = Variable("p", Kind.CONSTANT, ("part",), (Equation(("part",), Number(1.0)),))
    reader = Variable("q", Kind.AUXILIARY, ("c",), (Equation(("c",), Ref("p", (Subscript("c", "c"),))),))
    times = {n: Variable(n, Kind.CONSTANT, (), (Equation((), Number(1.0)),)) for n in ("INITIAL TIME", "FINAL TIME")}
    step = Variable("TIME STEP", Kind.CONSTANT, (), (Equation((), Number(1.0)),))
    system = System("model", {"p": short, "q": reader, **times, "TIME STEP": step}, DIMENSIONS)
    (fault,) = faults(InvalidModel, lambda: sd.compile(system))
    assert (fault.variable, fault.file) == ("q", "model")


# --- equations --------------------------------------------------------------------------------------------------------


def test_an_equation_defines_rows() -> None:
    """Those that its left-hand side names, without what EXCEPT leaves out."""
    whole = Equation(("b", "c"), Number(1.0), excluded=(("b1", "part"), ("b0", "c0")))
    part = Equation(("b2", "part"), Number(1.0))
    alignment, variable = of("b", "c", equations=(whole, part))
    assert alignment.axes(part) == ("part",)
    assert alignment.rows(variable, part).tolist() == [9, 11]
    rows, kept = alignment.rows(variable, whole), alignment.kept(variable, whole)
    assert rows.tolist() == list(range(12))
    assert rows[~kept].tolist() == [0, 5, 7]
    assert alignment.kept(variable, whole, {"b": (1,)}).tolist() == [True, False, True, False]


def test_given_numbers_are_those_of_the_rows() -> None:
    """In the shape of the block, or spread over it: of all rows, or of those at some positions."""
    alignment, _ = of("b", "c")
    column = Equation(("b", "c1"), Values(np.array([[7.0], [8.0], [9.0]])))
    assert alignment.given(column.definition, column).tolist() == [7, 8, 9]  # type: ignore[arg-type]
    one = Equation(("b", "part"), Values(np.array(5.0)))
    assert alignment.given(one.definition, one).tolist() == [5] * 6  # type: ignore[arg-type]
    assert alignment.given(column.definition, column, {"b": (1,)}).tolist() == [8]  # type: ignore[arg-type]


def test_elements_without_an_equation_may_stand_in_a_circle(tmp_path: Path) -> None:
    """What no equation defines has no value, and neither has what follows from it."""
    text = (
        "a: a0, a1, a2, a3 ~~|\nlate: a2, a3 -> early ~~|\nearly: a1, a2 ~~|\nx[a0] = 1 ~~|\nx[late] = x[early] + 1 ~~|"
    )
    run = sd.simulate(loaded(tmp_path, text))
    np.testing.assert_array_equal(run["x"].isel(time=-1), [1, np.nan, np.nan, np.nan])


# --- axes -------------------------------------------------------------------------------------------------------------


@given(SOME, SOME)
def test_arrays_are_spread_as_numpy_broadcasts_them(own: tuple[str, ...], more: tuple[str, ...]) -> None:
    """By the name of the axis, in whatever order."""
    alignment, _ = of("a")
    axes = tuple(reversed(together(own, more)))
    array = np.arange(alignment.count(own)).reshape(alignment.lengths(own))
    expected = np.einsum(f"{''.join(own)},{''.join(axes)}->{''.join(axes)}", array, np.ones(alignment.lengths(axes)))
    np.testing.assert_array_equal(alignment.spread(own, axes), expected.ravel())
    np.testing.assert_array_equal(np.broadcast_to(broadcastable(array, own, axes), expected.shape), expected)


@given(st.lists(st.integers(0, 9), unique=True, min_size=1), st.lists(st.integers(0, 9)))
def test_rows_are_found_among_others(rows: list[int], wanted: list[int]) -> None:
    """The place of each, and which are missing."""
    places, there = places_among(np.array(rows), np.array(wanted, dtype=np.int64))
    assert there.tolist() == [row in rows for row in wanted]
    assert places.tolist() == [rows.index(row) if row in rows else 0 for row in wanted]

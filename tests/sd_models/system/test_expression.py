"""Expression trees: the fold and everything that is read with it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sd_models.system.expression import (
    Call,
    Expr,
    Number,
    Reduce,
    Ref,
    Subscript,
    fold,
    free_axes,
    functions,
    nodes,
    range_of,
    rebuild,
    references,
    refs,
    rename_axes,
)

RANGES = ("a", "b", "c")
AXES = (*RANGES, *(f"{name}!" for name in RANGES))
SUBSCRIPTS = st.builds(Subscript, st.sampled_from(("a", "b", "x")), st.sampled_from((None, *AXES)))
LEAVES = st.one_of(
    st.builds(Number, st.floats(allow_nan=False)),
    st.builds(Ref, st.sampled_from(("p", "q")), st.lists(SUBSCRIPTS, max_size=3).map(tuple)),
)


def _larger(parts: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    arguments = st.lists(parts, min_size=1, max_size=3).map(tuple)
    axes = st.lists(st.sampled_from(AXES[3:]), unique=True).map(tuple)
    return st.one_of(
        st.builds(Call, st.sampled_from(("+", "MAX")), arguments), st.builds(Reduce, st.just("SUM"), axes, parts)
    )


EXPRESSIONS = st.recursive(LEAVES, _larger, max_leaves=12)
TOTAL = Reduce("SUM", ("a!",), Call("*", (Ref("p", (Subscript("a", "a!"),)), Ref("q", (Subscript("x"),)))))


def height(expr: Expr) -> int:
    """How many nodes stand above each other."""
    return fold(
        expr,
        number=lambda node: 1,
        ref=lambda node: 1,
        call=lambda node, parts: 1 + max(parts),
        reduce=lambda node, part: 1 + part,
    )


def test_a_fold_reads_from_the_leaves_to_the_root() -> None:
    """Calls and reductions get what their parts became."""
    assert height(TOTAL) == 3


@given(EXPRESSIONS)
def test_rebuilding_without_changes_gives_an_equal_expression(expr: Expr) -> None:
    """Expressions are values."""
    assert rebuild(expr) == expr


@given(EXPRESSIONS)
def test_rebuilding_replaces_leaves_first(expr: Expr) -> None:
    """A call already holds what its arguments became."""

    def checked(node: Call) -> Expr:
        assert "p" not in references(node)
        return node

    found = rebuild(expr, ref=lambda node: Ref("r", node.subscripts), call=checked)
    assert references(found) <= {"r"}
    assert free_axes(found) == free_axes(expr)


@given(EXPRESSIONS)
def test_nodes_start_with_the_root_and_leave_none_out(expr: Expr) -> None:
    """As many as a fold counts, and references among them in the order of reading."""
    found = list(nodes(expr))
    count = fold(
        expr,
        number=lambda node: 1,
        ref=lambda node: 1,
        call=lambda node, parts: 1 + sum(parts),
        reduce=lambda node, part: 1 + part,
    )
    assert found[0] is expr
    assert len(found) == count
    assert refs(expr) == tuple(node for node in found if isinstance(node, Ref))


def test_names_of_variables_and_functions_are_told_apart() -> None:
    """Reductions count as functions."""
    assert references(TOTAL) == {"p", "q"}
    assert functions(TOTAL) == {"SUM", "*"}


def test_free_axes_are_those_that_no_reduction_binds() -> None:
    """In the order of reading, each once."""
    inner = Call("+", (Ref("p", (Subscript("b", "b"), Subscript("a", "a!"))), Ref("q", (Subscript("a", "a"),))))
    assert free_axes(inner) == ("b", "a!", "a")
    assert free_axes(Reduce("SUM", ("a!",), inner)) == ("b", "a")
    assert free_axes(Call("*", (Reduce("SUM", ("a!",), inner), inner))) == ("b", "a", "a!")


@given(EXPRESSIONS, st.permutations(AXES))
def test_renamed_axes_are_free_where_the_old_ones_were(expr: Expr, order: list[str]) -> None:
    """For any names that stay different; renaming back gives the expression again."""
    names = dict(zip(AXES, order, strict=True))
    renamed = rename_axes(expr, names)
    assert free_axes(renamed) == tuple(names[axis] for axis in free_axes(expr))
    assert rename_axes(renamed, {new: old for old, new in names.items()}) == expr


@given(EXPRESSIONS)
def test_axes_without_a_new_name_stay(expr: Expr) -> None:
    """Also fixed elements."""
    assert rename_axes(expr, {}) == expr


def test_an_axis_knows_its_range() -> None:
    """With and without the mark of a reduction."""
    assert range_of("region") == range_of("region!") == "region"


def test_expressions_may_be_deeper_than_pythons_stack() -> None:
    """A sum of many terms is a tree as deep as it is long."""
    expr: Expr = Number(0.0)
    for _ in range(20_000):
        expr = Call("+", (expr, Ref("p", (Subscript("a", "a"),))))
    assert height(expr) == 20_001
    assert len(refs(expr)) == 20_000
    assert free_axes(rename_axes(expr, {"a": "b"})) == ("b",)


def test_a_fold_goes_from_left_to_right() -> None:
    """Whoever counts on the way counts in the order of reading."""
    seen: list[str] = []

    def noted(node: Ref) -> Expr:
        seen.append(node.name)
        return node

    rebuild(Call("+", (Call("*", (Ref("p"), Ref("q"))), Reduce("SUM", ("a!",), Ref("r")), Ref("s"))), ref=noted)
    assert seen == ["p", "q", "r", "s"]

"""Expressions: trees of four kinds, read with one fold.

`Number`, `Ref`, `Call` and `Reduce` are all there is. An operator is a call (`"+"`, `"<="`), a table is a variable that
the call `LOOKUP` names, and a delay is a call that a rewrite turns into stocks. Whoever reads expressions (printing,
compiling, collecting names) passes four functions to `fold`; `match` on the kinds stands in this module only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Subscript:
    """One index of a reference: an element, or a range that an axis moves along.

    `name` is an element or a range of the referenced variable. `axis` is None for a fixed element; otherwise the axis
    of the equation that moves the index: the range on the left-hand side, or the range of a `Reduce`, which carries a
    trailing `!`. Where `name` and the range of `axis` differ, their elements correspond by mapping.
    """

    name: str
    axis: str | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number."""

    value: float


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of a variable, of all its elements or of those that the subscripts select."""

    name: str
    subscripts: tuple[Subscript, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the catalogue (`sd_models.functions`) applied to its arguments."""

    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Reduce:
    """`operator` (SUM, PROD, VMIN or VMAX) over all positions of the axes, each its range with a trailing `!`."""

    operator: str
    axes: tuple[str, ...]
    argument: Expr


Expr: TypeAlias = Number | Ref | Call | Reduce


def fold(
    expr: Expr,
    *,
    number: Callable[[Number], Result],
    ref: Callable[[Ref], Result],
    call: Callable[[Call, tuple[Result, ...]], Result],
    reduce: Callable[[Reduce, Result], Result],
) -> Result:
    """The expression read from its leaves to its root; `call` and `reduce` get what their parts became.

    Why no recursion: a sum of a thousand terms is a tree a thousand calls deep, and Python stops there.
    """
    results: list[Result] = []
    for node in _leaves_first(expr):
        match node:
            case Number():
                results.append(number(node))
            case Ref():
                results.append(ref(node))
            case Call():
                count = len(results) - len(node.arguments)
                results[count:] = [call(node, tuple(results[count:]))]
            case Reduce():
                results[-1] = reduce(node, results[-1])
    return results.pop()


def _leaves_first(expr: Expr) -> list[Expr]:
    """Every node behind its parts, from left to right."""
    found: list[Expr] = []
    open_nodes = [expr]
    while open_nodes:
        found.append(open_nodes.pop())
        open_nodes.extend(_parts(found[-1]))
    return found[::-1]


def _parts(node: Expr) -> tuple[Expr, ...]:
    match node:
        case Call():
            return node.arguments
        case Reduce():
            return (node.argument,)
    return ()


def rebuild(
    expr: Expr,
    *,
    ref: Callable[[Ref], Expr] = lambda node: node,
    call: Callable[[Call], Expr] = lambda node: node,
    reduce: Callable[[Reduce], Expr] = lambda node: node,
) -> Expr:
    """The expression with nodes replaced, leaves first; nodes for which no function is given stay as they are."""
    return fold(
        expr,
        number=lambda node: node,
        ref=ref,
        call=lambda node, parts: call(Call(node.function, parts)),
        reduce=lambda node, part: reduce(Reduce(node.operator, node.axes, part)),
    )


def nodes(expr: Expr) -> Iterator[Expr]:
    """Every node of the expression, the root first, each before its parts."""
    open_nodes = [expr]
    while open_nodes:
        node = open_nodes.pop()
        yield node
        open_nodes.extend(reversed(_parts(node)))


def refs(expr: Expr) -> tuple[Ref, ...]:
    """The references of the expression in the order of reading, repeated ones kept."""
    return tuple(node for node in nodes(expr) if isinstance(node, Ref))


def references(expr: Expr) -> frozenset[str]:
    """Names of the variables that the expression refers to."""
    return frozenset(node.name for node in refs(expr))


def functions(expr: Expr) -> frozenset[str]:
    """Names of the functions and reductions that the expression calls."""
    calls = (node.function for node in nodes(expr) if isinstance(node, Call))
    reductions = (node.operator for node in nodes(expr) if isinstance(node, Reduce))
    return frozenset((*calls, *reductions))


def free_axes(expr: Expr) -> tuple[str, ...]:
    """The axes that move a reference of the expression and that no `Reduce` in it binds, in the order of reading."""

    def bound(node: Reduce, part: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(axis for axis in part if axis not in node.axes)

    found = fold(
        expr,
        number=lambda node: (),
        ref=lambda node: tuple(s.axis for s in node.subscripts if s.axis is not None),
        call=lambda node, parts: tuple(axis for part in parts for axis in part),
        reduce=bound,
    )
    return tuple(dict.fromkeys(found))


def rename_axes(expr: Expr, names: dict[str, str]) -> Expr:
    """The expression with its axes renamed, in references as in reductions."""

    def moved(node: Ref) -> Ref:
        return Ref(node.name, tuple(Subscript(s.name, names.get(s.axis or "", s.axis)) for s in node.subscripts))

    def reduced(node: Reduce) -> Reduce:
        return Reduce(node.operator, tuple(names.get(axis, axis) for axis in node.axes), node.argument)

    return rebuild(expr, ref=moved, reduce=reduced)


def range_of(axis: str) -> str:
    """The range that an axis moves along."""
    return axis.removesuffix("!")

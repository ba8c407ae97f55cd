"""Elements one by one: their names, and the order of those that need each other within one variable or several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

import numpy as np

from .alignment import Alignment, Positions
from .expression import Expr, refs
from .model import Equation, IndexArray, System, Values, Variable
from .ordering import Stage, circle_error

Part: TypeAlias = Callable[[Equation], Expr | Values | None]
"""Which side of an equation counts: the definition, or the initial value."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One element of one equation, at `positions` of the equation's axes; `rows` are its places in the variable.

    There are several where some axes stay whole.
    """

    variable: Variable
    rows: IndexArray
    equation: Equation
    definition: Expr | Values
    positions: Positions


def pieces_in_order(
    alignment: Alignment, stage: Stage, part: Part, *, initial: bool, whole: frozenset[str] = frozenset()
) -> list[Piece]:
    """The elements of a circular stage, each behind those that it needs; InvalidModel where elements form a circle.

    Elements along axes that stay `whole` go together. What no equation defines is no piece, and keeps no value.
    """
    variables = [alignment.system.variables[name] for name in stage.variables]
    pieces = [piece for variable in variables for piece in _pieces(alignment, variable, part, whole)]
    owner = {(p.variable.name, int(row)): i for i, p in enumerate(pieces) for row in p.rows}
    names = frozenset(stage.variables)
    graph = {
        i: sorted({owner[need] for need in _needs(alignment, piece, names) if need in owner})
        for i, piece in enumerate(pieces)
    }
    try:
        return [pieces[i] for i in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        members = (pieces[i] for i in error.args[1][:-1])
        circle = [element_name(alignment.system, p.variable.name, int(p.rows[0])) for p in members]
        raise circle_error(alignment.system, reversed(circle), initial=initial) from error


def _pieces(alignment: Alignment, variable: Variable, part: Part, whole: frozenset[str]) -> Iterator[Piece]:
    for equation in variable.equations:
        definition = part(equation)
        if definition is None:
            continue
        axes = alignment.axes(equation)
        rows, kept = alignment.rows(variable, equation), alignment.kept(variable, equation)
        moved = tuple(axis for axis in axes if axis not in whole)
        group = alignment.spread(moved, axes)
        for number in np.unique(group[kept]):
            places = np.unravel_index(number, alignment.lengths(moved)) if moved else ()
            positions = {axis: (int(place),) for axis, place in zip(moved, places, strict=True)}
            yield Piece(variable, rows[kept & (group == number)], equation, definition, positions)


def _needs(alignment: Alignment, piece: Piece, names: frozenset[str]) -> set[tuple[str, int]]:
    """The elements of the same stage that a piece needs."""
    if isinstance(piece.definition, Values):
        return set()
    inner = (ref for ref in refs(piece.definition) if ref.name in names)
    return {(ref.name, int(row)) for ref in inner for row in alignment.gather(ref, piece.positions)[1].ravel()}


def element_name(system: System, name: str, row: int) -> str:
    """The name of a variable with the element that stands in a row."""
    variable = system.variables[name]
    if not variable.dimensions:
        return name
    places = np.unravel_index(row, system.shape(variable))
    elements = (system.dimensions[d].elements[int(i)] for d, i in zip(variable.dimensions, places, strict=True))
    return f"{name}[{', '.join(elements)}]"


def element_names(system: System, variable: Variable) -> list[str]:
    """The variable's name with each of its elements, in the order of its rows."""
    return [element_name(system, variable.name, row) for row in range(system.size(variable))]

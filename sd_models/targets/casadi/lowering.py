"""Expressions to columns: every variable becomes one CasADi column, its elements in the order of its dimensions.

A `Block` is the value of an expression over some axes. Blocks are aligned by gathering rows, so the number of CasADi
operations that Python issues does not depend on the number of elements.

Why columns of scalars (SX) and not matrix symbols (MX): the scalar tape of one step runs two to five times faster at 4
to 31 regions and differentiates at the same ratio; with thousands of regions both are bound by memory, and the tape
still compiles in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import casadi as ca
import numpy as np
import numpy.typing as npt

from ...errors import Fault, InvalidModel
from ...recursion import deep
from ...system.expression import Call, Expr, Number, Reduce, Ref, Subscript, fold, range_of
from ...system.model import Equation, Series, System, Values, Variable, fault_of
from ...system.subscripts import Ranges
from .functions import FUNCTIONS, Column, Moment, choose, is_number, reduced, table_value

Window: TypeAlias = Mapping[str, tuple[int, ...]]
Indices: TypeAlias = npt.NDArray[np.int64]
Points: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """A column over `axes`, the last axis running fastest; without axes a single value."""

    axes: tuple[str, ...]
    column: Column


Guard: TypeAlias = Block | None  # where a value is used at all, inside IF THEN ELSE; None means everywhere
Lowered: TypeAlias = Callable[[Guard], Block]


@dataclass
class Lowering:
    """Evaluates expressions of a system for given values of its variables.

    `columns` holds the variables known so far; `moment` what functions see of time. The same object serves symbols and
    numbers.
    """

    system: System
    columns: dict[str, Column]
    moment: Moment
    ranges: Ranges = field(init=False)
    _gathers: dict[tuple[str, tuple[Subscript, ...]], tuple[tuple[str, ...], Indices]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ranges = Ranges(self.system.dimensions)

    # --- variables --------------------------------------------------------------------------------------------------

    def variable(self, variable: Variable, part: Callable[[Equation], Expr | Values | None]) -> Column:
        """The column of a variable from its equations; `part` says which side of an equation counts."""
        self.moment.variable = variable.name
        size = int(np.prod(self.system.shape(variable), dtype=np.int64))
        pieces = [
            (rows, column)
            for equation in variable.equations
            if (definition := part(equation)) is not None
            for rows, column in (self.equation(variable, equation, definition),)
        ]
        if len(pieces) == 1 and len(pieces[0][0]) == size and bool((np.diff(pieces[0][0]) == 1).all()):
            return pieces[0][1]
        result: Column = ca.DM.nan(size, 1)
        if not is_number(*(column for _, column in pieces)):
            result = ca.SX(result)
        for rows, column in pieces:
            result[rows.tolist()] = column
        return result

    def equation(
        self, variable: Variable, equation: Equation, definition: Expr | Values, window: Window | None = None
    ) -> tuple[Indices, Column]:
        """The rows of the variable that an equation defines, and their values."""
        axes = self.axes(equation)
        rows = self.rows(variable, equation, window)
        if isinstance(definition, Values):
            column = ca.DM(self._given(definition, equation, window).ravel())
        else:
            column = self.spread(self._lowered(definition, window), axes, window)
        kept = self.kept(variable, equation, window)
        if kept.all():
            return rows, column
        return rows[kept], column[np.flatnonzero(kept).tolist()]

    def axes(self, equation: Equation) -> tuple[str, ...]:
        """The ranges on the left-hand side."""
        return tuple(name for name in equation.subscripts if name in self.ranges.dimensions)

    def rows(self, variable: Variable, equation: Equation, window: Window | None = None) -> Indices:
        """The rows of the variable that the left-hand side names, its axes in order."""
        left = tuple(Subscript(name, name if name in self.ranges.dimensions else None) for name in equation.subscripts)
        axes, indices = self.gather(Ref(variable.name, left), window)
        return np.asarray(np.broadcast_to(indices, self.lengths(axes, window)).ravel())

    def _given(self, values: Values, equation: Equation, window: Window | None) -> Points:
        """Given numbers of the rows of an equation."""
        shape = [len(self.ranges.elements(n)) if n in self.ranges.dimensions else 1 for n in equation.subscripts]
        places = [(window or {}).get(name, range(size)) for name, size in zip(equation.subscripts, shape, strict=True)]
        return np.asarray(np.broadcast_to(values.array, shape)[np.ix_(*places)])

    def _lowered(self, expr: Expr, window: Window | None) -> Block:
        """The value of an expression; a long sum needs as many nested calls as it has terms."""
        with deep():
            return self.expression(expr, window)(None)

    def kept(self, variable: Variable, equation: Equation, window: Window | None = None) -> npt.NDArray[np.bool_]:
        """Which of the equation's rows its :EXCEPT: leaves."""
        rows = self.rows(variable, equation, window)
        left_out = [self.rows(variable, Equation(group, Number(0.0))) for group in equation.excluded]
        return ~np.isin(rows, np.concatenate(left_out)) if left_out else np.ones(len(rows), dtype=bool)

    def invalid(self, found: str) -> InvalidModel:
        """The error for the variable that is being evaluated."""
        variable = self.system.variables.get(self.moment.variable)
        return InvalidModel(Fault(found, file=self.system.name) if variable is None else fault_of(variable, found))

    # --- axes -------------------------------------------------------------------------------------------------------

    def lengths(self, axes: Sequence[str], window: Window | None = None) -> tuple[int, ...]:
        """The number of positions along each axis; a window fixes some of them."""
        return tuple(
            len(window[axis]) if window and axis in window else len(self.ranges.dimensions[range_of(axis)].elements)
            for axis in axes
        )

    def gather(self, ref: Ref, window: Window | None = None) -> tuple[tuple[str, ...], Indices]:
        """The axes of a reference and the rows that it reads, as an array over these axes."""
        cached = self._gathers.get((ref.name, ref.subscripts)) if not window else None
        if cached is not None:
            return cached
        variable = self.system.variables[ref.name]
        axes = tuple(dict.fromkeys(s.axis for s in ref.subscripts if s.axis is not None))
        shape = self.system.shape(variable)
        indices = np.zeros((1,) * len(axes), dtype=np.int64)
        for subscript, dimension, stride in zip(ref.subscripts, variable.dimensions, _strides(shape), strict=True):
            places = self._places(subscript, dimension)
            if subscript.axis is not None:
                if window and subscript.axis in window:
                    places = places[list(window[subscript.axis])]
                along = [1] * len(axes)
                along[axes.index(subscript.axis)] = len(places)
                places = places.reshape(along)
            indices = indices + stride * places
        if not window:
            self._gathers[(ref.name, ref.subscripts)] = (axes, indices)
        return axes, indices

    def _places(self, subscript: Subscript, dimension: str) -> Indices:
        """The positions in the dimension that a subscript goes through."""
        elements = self.ranges.dimensions[dimension].elements
        number = {element: i for i, element in enumerate(elements)}
        if subscript.axis is None:
            return np.array(number[subscript.name])
        aligned = self.ranges.aligned(subscript.name, range_of(subscript.axis))
        if aligned == elements:
            return np.arange(len(elements))
        missing = [element for element in aligned if element not in number]
        if missing:
            raise self.invalid(f"{missing[0]!r} of {subscript.name!r} is not an element of {dimension!r}.")
        return np.array([number[element] for element in aligned])

    def spread(self, block: Block, axes: tuple[str, ...], window: Window | None = None) -> Column:
        """The column of a block over more axes, or over its own in another order."""
        lengths = self.lengths(axes, window)
        size = int(np.prod(lengths, dtype=np.int64))
        if block.axes == axes:
            return block.column
        if not block.axes:
            return ca.repmat(block.column, size, 1)
        own = np.arange(block.column.numel()).reshape(self.lengths(block.axes, window))
        order = [block.axes.index(axis) for axis in axes if axis in block.axes]
        shape = [length if axis in block.axes else 1 for axis, length in zip(axes, lengths, strict=True)]
        rows = np.broadcast_to(own.transpose(order).reshape(shape), lengths).ravel()
        return block.column[rows.tolist()]

    def together(self, blocks: Sequence[Block], window: Window | None = None) -> tuple[tuple[str, ...], list[Column]]:
        """Blocks over their common axes; single values stay single."""
        axes = tuple(dict.fromkeys(axis for block in blocks for axis in block.axes))
        return axes, [block.column if not block.axes else self.spread(block, axes, window) for block in blocks]

    # --- expressions ------------------------------------------------------------------------------------------------

    def expression(self, expr: Expr, window: Window | None = None) -> Lowered:
        """The value of an expression, as a function of the guard under which it is used."""

        def number(node: Number) -> Lowered:
            block = Block((), ca.DM(node.value))
            return lambda guard: block

        def ref(node: Ref) -> Lowered:
            return lambda guard: self.reference(node, window)

        def call(node: Call, parts: tuple[Lowered, ...]) -> Lowered:
            special = _SPECIAL.get(node.function)
            if special is not None:
                return lambda guard: special(self, node, parts, guard, window)
            return lambda guard: self.elementwise(node.function, parts, guard, window)

        def reduce(node: Reduce, part: Lowered) -> Lowered:
            return lambda guard: self.reduction(node, part(self.outside(guard, node.axes, window)), guard, window)

        return fold(expr, number=number, ref=ref, call=call, reduce=reduce)

    def reference(self, node: Ref, window: Window | None) -> Block:
        """The rows of a variable that a reference reads."""
        if node.name == "Time":
            return Block((), self.moment.time)
        column = self.columns[node.name]
        axes, indices = self.gather(node, window)
        rows = indices.ravel()
        if len(rows) == column.numel() and bool((rows == np.arange(len(rows))).all()):
            return Block(axes, column)
        return Block(axes, column[rows.tolist()])

    def elementwise(self, function: str, parts: Sequence[Lowered], guard: Guard, window: Window | None) -> Block:
        """A function that works element by element."""
        axes, columns = self.together([part(guard) for part in parts], window)
        return Block(axes, FUNCTIONS[function](self.moment, self.fitting(guard, axes, window), *columns))

    def fitting(self, guard: Guard, axes: tuple[str, ...], window: Window | None) -> Column | None:
        """The guard over these axes: what is the same along others is used where it is used anywhere along them.

        A guard only keeps the derivatives of unused branches finite; values do not depend on it.
        """
        if guard is None:
            return None
        guard = self.anywhere(guard, [axis for axis in guard.axes if axis not in axes], window)
        return self.spread(guard, axes, window) if guard.axes else guard.column

    def anywhere(self, guard: Block, axes: Sequence[str], window: Window | None) -> Block:
        """Whether a guard is true at any position of the axes."""
        if not axes:
            return guard
        columns, kept = self.matrix(guard, axes, window)
        return Block(kept, ca.sum1(columns != 0).T > 0)

    def reduction(self, node: Reduce, block: Block, guard: Guard, window: Window | None) -> Block:
        """A sum, product, minimum or maximum over some axes of a block."""
        columns, kept = self.matrix(block, node.axes, window)
        return Block(kept, reduced(node.operator, columns, self.moment, self.fitting(guard, kept, window)))

    def outside(self, guard: Guard, axes: Sequence[str], window: Window | None) -> Guard:
        """The guard of a reduction's argument, in which these axes have another meaning."""
        return None if guard is None else self.anywhere(guard, [axis for axis in guard.axes if axis in axes], window)

    def matrix(self, block: Block, axes: Sequence[str], window: Window | None) -> tuple[Column, tuple[str, ...]]:
        """A block with some axes down its columns, and the axes that are left."""
        kept = tuple(axis for axis in block.axes if axis not in axes)
        column = self.spread(block, (*kept, *axes), window)
        rows = int(np.prod(self.lengths(axes, window), dtype=np.int64))
        return ca.reshape(column, rows, column.numel() // rows), kept


def _strides(shape: Sequence[int]) -> list[int]:
    return [int(np.prod(shape[i + 1 :], dtype=np.int64)) for i in range(len(shape))]


def _if_then_else(lowering: Lowering, _: Call, parts: Sequence[Lowered], guard: Guard, window: Window | None) -> Block:
    """Both branches are evaluated, each guarded by its condition; the value is that of the active one."""
    condition = parts[0](guard)
    holds = condition.column
    if is_number(holds) and holds.numel() == 1:
        return parts[1 if float(holds) != 0 else 2](guard)
    inner = _both(lowering, guard, condition, window)
    outer = _both(lowering, guard, Block(condition.axes, ca.logic_not(holds)), window)
    blocks = [condition, parts[1](inner), parts[2](outer)]
    axes, columns = lowering.together(blocks, window)
    return Block(axes, choose(*columns))


def _lookup(lowering: Lowering, node: Call, parts: Sequence[Lowered], guard: Guard, window: Window | None) -> Block:
    """A table read at its argument; a subscripted table is read at each of its elements."""
    table = node.arguments[0]
    assert isinstance(table, Ref)
    axes, indices = lowering.gather(table, window)
    argument = parts[1](guard)
    all_axes = tuple(dict.fromkeys((*argument.axes, *axes)))
    x = lowering.spread(argument, all_axes, window) if all_axes else argument.column
    places = np.broadcast_to(indices, lowering.lengths(axes, window)).ravel()
    used = lowering.fitting(guard, all_axes, window)
    result: Column = ca.DM.nan(x.numel(), 1)  # of elements without points
    for series, rows in _tables(lowering, table.name):
        mine = np.isin(places, rows)
        if not mine.any():
            continue
        own = series.y.reshape(len(series.x), -1)[:, _order(rows, places)]
        points = _along(lowering, Block(axes, own), all_axes, window)
        value = table_value(series, points, x, lowering.moment, used)
        chosen = lowering.spread(Block(axes, ca.DM(mine.astype(float))), all_axes, window) if axes else ca.DM(1.0)
        result = choose(chosen, value, result)
    return Block(all_axes, result)


def _both(lowering: Lowering, guard: Guard, condition: Block, window: Window | None) -> Block:
    """The guard of a branch: the condition, and the guard of the whole."""
    if guard is None:
        return condition
    axes, columns = lowering.together([guard, condition], window)
    return Block(axes, ca.logic_and(*columns))


def _tables(lowering: Lowering, name: str) -> list[tuple[Series, Indices]]:
    """The points of a table and the rows of the variable that they hold for, equation by equation."""
    variable = lowering.system.variables[name]
    return [
        (equation.definition, lowering.rows(variable, equation))
        for equation in variable.equations
        if isinstance(equation.definition, Series)
    ]


def _order(rows: Indices, places: Indices) -> Indices:
    """For each place its position among the rows; 0 for one that is not there."""
    sorter = np.argsort(rows)
    found = sorter[np.minimum(np.searchsorted(rows, places, sorter=sorter), len(rows) - 1)]
    return np.where(rows[found] == places, found, 0)


def _along(lowering: Lowering, table: Block, all_axes: tuple[str, ...], window: Window | None) -> Points:
    """The points of a table, (points, elements), over more axes; one column where all elements have the same."""
    points: Points = table.column
    if bool((points == points[:, :1]).all()):
        return points[:, :1]
    if table.axes == all_axes:
        return points
    rows = [np.asarray(lowering.spread(Block(table.axes, ca.DM(row)), all_axes, window)).ravel() for row in points]
    return np.array(rows)


def _invert(lowering: Lowering, _node: Call, parts: Sequence[Lowered], guard: Guard, window: Window | None) -> Block:
    """The inverse of each matrix over the last two axes."""
    block = parts[0](guard)
    *_, rows, columns = (0, 1, *lowering.lengths(block.axes, window))  # fewer axes than two are no square
    if rows != columns or window:
        raise lowering.invalid("INVERT MATRIX takes a whole matrix over two ranges of the same length.")
    size = rows * columns
    pieces = []
    for start in range(0, block.column.numel(), size):
        matrix = ca.reshape(block.column[start : start + size], columns, rows).T
        pieces.append(ca.reshape(ca.inv(matrix).T, size, 1))
    return Block(block.axes, ca.vertcat(*pieces))


_SPECIAL: Mapping[str, Callable[[Lowering, Call, Sequence[Lowered], Guard, Window | None], Block]] = {
    "IF THEN ELSE": _if_then_else,
    "LOOKUP": _lookup,
    "INVERT MATRIX": _invert,
}

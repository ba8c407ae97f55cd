"""Expressions to columns: every variable becomes one CasADi column, its elements in the order of its dimensions.

A `Block` is the value of an expression over some axes. Blocks are aligned by gathering rows, so the number of CasADi
operations that Python issues does not depend on the number of elements.

Why columns of scalars (SX) and not matrix symbols (MX): the scalar tape of one step runs two to five times faster at 4
to 31 regions and differentiates at the same ratio; with thousands of regions both are bound by memory, and the tape
still compiles in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import casadi as ca
import numpy as np

from ...dynamics.functions import FUNCTIONS, Column, Moment
from ...errors import Fault, InvalidModel
from ...recursion import deep
from ...system.alignment import EVERYWHERE, Alignment, Axes, Positions, places_among, together
from ...system.elements import Part, pieces_in_order
from ...system.expression import Call, Expr, Number, Reduce, Ref, fold
from ...system.model import Equation, IndexArray, Values, Variable, blaming
from ...system.ordering import Stage
from .arithmetic import REDUCTIONS, choose, is_number, table_value


@dataclass(frozen=True, slots=True)
class Block:
    """A column over `axes`, the last axis running fastest; without axes a single value."""

    axes: Axes
    column: Column


Guard: TypeAlias = Block | None  # where a value is used at all, inside IF THEN ELSE; None means everywhere
Lowered: TypeAlias = Callable[[Guard], Block]


@dataclass(frozen=True, eq=False)
class Lowering:
    """Evaluates expressions of a system for given values of its variables.

    `columns` holds the variables known so far; `moment` what functions see of time. The same object serves symbols and
    numbers.
    """

    alignment: Alignment
    columns: dict[str, Column]
    moment: Moment

    # --- variables --------------------------------------------------------------------------------------------------

    def variable(self, variable: Variable, part: Part) -> Column:
        """The column of a variable from its equations; `part` says which side of an equation counts."""
        size = self.alignment.system.size(variable)
        pieces = [
            self.equation(variable, equation, definition)
            for equation in variable.equations
            if (definition := part(equation)) is not None
        ]
        if len(pieces) == 1 and len(pieces[0][0]) == size and bool((np.diff(pieces[0][0]) == 1).all()):
            return pieces[0][1]
        result: Column = ca.DM.nan(size, 1)
        if not is_number(*(column for _, column in pieces)):
            result = ca.SX(result)
        for rows, column in pieces:
            result[rows.tolist()] = column
        return result

    def element_by_element(self, stage: Stage, part: Part, *, initial: bool) -> None:
        """Columns of variables that need each other's elements; InvalidModel where elements form a circle."""
        system = self.alignment.system
        pieces = pieces_in_order(self.alignment, stage, part, initial=initial)
        for name in stage.variables:
            self.columns[name] = ca.SX(ca.DM.nan(system.size(system.variables[name]), 1))
        for piece in pieces:
            _, column = self.equation(piece.variable, piece.equation, piece.definition, piece.positions)
            self.columns[piece.variable.name][int(piece.rows[0])] = column
        for name in stage.variables:  # what holds no symbol becomes numbers again
            if self.columns[name].is_constant():
                self.columns[name] = ca.evalf(self.columns[name])

    def equation(
        self, variable: Variable, equation: Equation, definition: Expr | Values, positions: Positions = EVERYWHERE
    ) -> tuple[IndexArray, Column]:
        """The rows of the variable that an equation defines, and their values."""
        self.moment.variable = variable.name
        with blaming(variable, self.alignment.system.name):
            rows = self.alignment.rows(variable, equation, positions)
            column = self._side(equation, definition, positions)
        kept = self.alignment.kept(variable, equation, positions)
        if kept.all():
            return rows, column
        return rows[kept], column[np.flatnonzero(kept).tolist()]

    def _side(self, equation: Equation, definition: Expr | Values, positions: Positions) -> Column:
        """The value of a side over the axes of its equation; a long sum needs as many nested calls as it has terms."""
        if isinstance(definition, Values):
            return ca.DM(self.alignment.given(definition, equation, positions))
        with deep():
            return self.spread(self.expression(definition, positions)(None), self.alignment.axes(equation), positions)

    # --- axes -------------------------------------------------------------------------------------------------------

    def spread(self, block: Block, axes: Axes, positions: Positions = EVERYWHERE) -> Column:
        """The column of a block over more axes, or over its own in another order."""
        if block.axes == axes:
            return block.column
        if not block.axes:
            return ca.repmat(block.column, self.alignment.count(axes, positions), 1)
        return _rows(block.column, self.alignment.spread(block.axes, axes, positions))

    def together(self, blocks: Sequence[Block], positions: Positions) -> tuple[Axes, list[Column]]:
        """Blocks over their common axes; single values stay single."""
        axes = together(*(block.axes for block in blocks))
        return axes, [block.column if not block.axes else self.spread(block, axes, positions) for block in blocks]

    # --- expressions ------------------------------------------------------------------------------------------------

    def expression(self, expr: Expr, positions: Positions = EVERYWHERE) -> Lowered:
        """The value of an expression, as a function of the guard under which it is used."""

        def number(node: Number) -> Lowered:
            block = Block((), ca.DM(node.value))
            return lambda guard: block

        def ref(node: Ref) -> Lowered:
            return lambda guard: self.reference(node, positions)

        def call(node: Call, parts: tuple[Lowered, ...]) -> Lowered:
            special = _SPECIAL.get(node.function)
            if special is not None:
                return lambda guard: special(self, node, parts, guard, positions)
            return lambda guard: self.elementwise(node.function, parts, guard, positions)

        def reduce(node: Reduce, part: Lowered) -> Lowered:
            return lambda guard: self.reduction(node, part(self.outside(guard, node.axes, positions)), guard, positions)

        return fold(expr, number=number, ref=ref, call=call, reduce=reduce)

    def reference(self, node: Ref, positions: Positions) -> Block:
        """The rows of a variable that a reference reads."""
        if node.name == "Time":
            return Block((), self.moment.time)
        column = self.columns[node.name]
        axes, indices = self.alignment.gather(node, positions)
        rows = indices.ravel()
        if len(rows) == column.numel() and bool((rows == np.arange(len(rows))).all()):
            return Block(axes, column)
        return Block(axes, _rows(column, rows))

    def elementwise(self, function: str, parts: Sequence[Lowered], guard: Guard, positions: Positions) -> Block:
        """A function that works element by element."""
        axes, columns = self.together([part(guard) for part in parts], positions)
        return Block(axes, FUNCTIONS[function](self.moment, self.fitting(guard, axes, positions), *columns))

    def fitting(self, guard: Guard, axes: Axes, positions: Positions) -> Column | None:
        """The guard over these axes: what is the same along others is used where it is used anywhere along them.

        A guard only keeps the derivatives of unused branches finite; values do not depend on it.
        """
        if guard is None:
            return None
        guard = self.anywhere(guard, [axis for axis in guard.axes if axis not in axes], positions)
        return self.spread(guard, axes, positions) if guard.axes else guard.column

    def anywhere(self, guard: Block, axes: Sequence[str], positions: Positions) -> Block:
        """Whether a guard is true at any position of the axes."""
        if not axes:
            return guard
        columns, kept = self.matrix(guard, axes, positions)
        return Block(kept, ca.sum1(columns != 0).T > 0)

    def reduction(self, node: Reduce, block: Block, guard: Guard, positions: Positions) -> Block:
        """A sum, product, minimum or maximum over some axes of a block."""
        columns, kept = self.matrix(block, node.axes, positions)
        return Block(kept, REDUCTIONS[node.operator](columns, self.moment, self.fitting(guard, kept, positions)))

    def outside(self, guard: Guard, axes: Sequence[str], positions: Positions) -> Guard:
        """The guard of a reduction's argument, in which these axes have another meaning."""
        return None if guard is None else self.anywhere(guard, [axis for axis in guard.axes if axis in axes], positions)

    def matrix(self, block: Block, axes: Sequence[str], positions: Positions) -> tuple[Column, Axes]:
        """A block with some axes down its columns, and the axes that are left."""
        kept = tuple(axis for axis in block.axes if axis not in axes)
        column = self.spread(block, (*kept, *axes), positions)
        rows = self.alignment.count(axes, positions)
        return ca.reshape(column, rows, column.numel() // rows), kept


def _rows(column: Column, rows: IndexArray) -> Column:
    """These rows of a column, as a column: of a single number CasADi would make a row of them."""
    return column[rows.tolist(), 0]


def _if_then_else(lowering: Lowering, _: Call, parts: Sequence[Lowered], guard: Guard, positions: Positions) -> Block:
    """Both branches are evaluated, each guarded by its condition; the value is that of the active one."""
    condition = parts[0](guard)
    holds = condition.column
    if is_number(holds) and holds.numel() == 1:
        return parts[1 if float(holds) != 0 else 2](guard)
    inner = _both(lowering, guard, condition, positions)
    outer = _both(lowering, guard, Block(condition.axes, ca.logic_not(holds)), positions)
    blocks = [condition, parts[1](inner), parts[2](outer)]
    axes, columns = lowering.together(blocks, positions)
    return Block(axes, choose(*columns))


def _lookup(lowering: Lowering, node: Call, parts: Sequence[Lowered], guard: Guard, positions: Positions) -> Block:
    """A table read at its argument; a subscripted table is read at each of its elements."""
    table = node.arguments[0]
    assert isinstance(table, Ref)
    axes, indices = lowering.alignment.gather(table, positions)
    argument = parts[1](guard)
    all_axes = together(argument.axes, axes)
    x = lowering.spread(argument, all_axes, positions)
    used = lowering.fitting(guard, all_axes, positions)
    result: Column = ca.DM.nan(x.numel(), 1)  # of elements without points
    for series, rows in lowering.alignment.tables(table.name):
        places, mine = places_among(rows, indices.ravel())
        if not mine.any():
            continue
        points = series.y.reshape(len(series.x), -1)[:, places]
        same = bool((points == points[:, :1]).all())  # one column serves all elements
        points = points[:, :1] if same else points[:, lowering.alignment.spread(axes, all_axes, positions)]
        value = table_value(series, points, x, lowering.moment, used)
        chosen = lowering.spread(Block(axes, ca.DM(mine.astype(float))), all_axes, positions) if axes else ca.DM(1.0)
        result = choose(chosen, value, result)
    return Block(all_axes, result)


def _both(lowering: Lowering, guard: Guard, condition: Block, positions: Positions) -> Block:
    """The guard of a branch: the condition, and the guard of the whole."""
    if guard is None:
        return condition
    axes, columns = lowering.together([guard, condition], positions)
    return Block(axes, ca.logic_and(*columns))


def _invert(lowering: Lowering, _node: Call, parts: Sequence[Lowered], guard: Guard, positions: Positions) -> Block:
    """The inverse of each matrix over the last two axes."""
    block = parts[0](guard)
    *_, rows, columns = (0, 1, *lowering.alignment.lengths(block.axes, positions))  # fewer axes than two are no square
    if rows != columns or positions:
        raise InvalidModel(Fault("INVERT MATRIX takes a whole matrix over two ranges of the same length."))
    size = rows * columns
    pieces = []
    for start in range(0, block.column.numel(), size):
        matrix = ca.reshape(block.column[start : start + size], columns, rows).T
        pieces.append(ca.reshape(ca.inv(matrix).T, size, 1))
    return Block(block.axes, ca.vertcat(*pieces))


_SPECIAL: Mapping[str, Callable[[Lowering, Call, Sequence[Lowered], Guard, Positions], Block]] = {
    "IF THEN ELSE": _if_then_else,
    "LOOKUP": _lookup,
    "INVERT MATRIX": _invert,
}
IMPLEMENTATIONS: Mapping[str, Callable[..., object]] = {**FUNCTIONS, **REDUCTIONS, **_SPECIAL}
"""Every function that can be lowered."""

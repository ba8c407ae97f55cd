"""Expressions to instructions: a block has a row along its lane, and an instruction for each position of other axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from ..dynamics.functions import FUNCTIONS, Moment, Operation
from ..errors import Fault, InvalidModel
from ..numbers import functions as known
from ..system.alignment import EVERYWHERE, Alignment, Axes, Positions, places_among, together
from ..system.elements import Part, Piece, pieces_in_order
from ..system.expression import Call, Expr, Number, Reduce, Ref, fold
from ..system.model import Equation, IndexArray, Kind, Values, Variable, blaming
from ..system.ordering import Stage
from .cells import Cells
from .instructions import Movement
from .lanes import Lanes
from .matrices import inverse
from .recording import Recorder, Rows

REDUCTIONS: Mapping[str, tuple[Movement, Operation]] = {
    "SUM": (Movement.SUM, Operation.ADD),
    "PROD": (Movement.PRODUCT, Operation.MULTIPLY),
    "VMIN": (Movement.LEAST, Operation.MINIMUM),
    "VMAX": (Movement.LARGEST, Operation.MAXIMUM),
}
"""Each reduction along a row, and between instructions."""


@dataclass(frozen=True, slots=True)
class Block:
    """A value over `axes`. `numbers` are instructions, one for each position of all axes but the lane, in their order;
    without a lane each is a single number."""

    axes: Axes
    lane: str | None
    numbers: tuple[int, ...]

    @property
    def others(self) -> Axes:
        """The axes off the lane."""
        return tuple(axis for axis in self.axes if axis != self.lane)


@dataclass(frozen=True, eq=False)
class RowLowering:
    """Makes instructions of the equations of a system.

    `columns` holds the variables known so far, `cells` those of which only some elements are: variables that need each
    other's elements, while these are made one after the other.
    """

    alignment: Alignment
    lanes: Lanes
    recorder: Recorder
    columns: dict[str, Rows]
    moment: Moment
    cells: dict[str, Cells] = field(default_factory=dict)

    # --- variables --------------------------------------------------------------------------------------------------

    def variable(self, variable: Variable, part: Part) -> Rows:
        """The column of a variable from its equations; `part` says which side of an equation counts."""
        cells = Cells.none(self.recorder, self.alignment.system.shape(variable), self.lanes.place(variable))
        for equation in variable.equations:
            definition = part(equation)
            if definition is not None:
                self.equation(cells, variable, equation, definition)
        return Rows(self.recorder, cells.rows())

    def element_by_element(self, stage: Stage, part: Part, *, initial: bool) -> None:
        """Columns of variables that need each other's elements; InvalidModel where elements form a circle.

        They go row by row where no element needs another one along the same row.
        """
        for name in stage.variables:
            variable = self.alignment.system.variables[name]
            shape, place = self.alignment.system.shape(variable), self.lanes.place(variable)
            self.cells[name] = Cells.none(self.recorder, shape, place)
        for piece in self._in_order(stage, part, initial=initial):
            cells = self.cells[piece.variable.name]
            self.equation(cells, piece.variable, piece.equation, piece.definition, piece.positions)
        for name in stage.variables:
            self.columns[name] = Rows(self.recorder, self.cells.pop(name).rows())

    def _in_order(self, stage: Stage, part: Part, *, initial: bool) -> list[Piece]:
        """The pieces in order, whole rows if that can be."""
        try:
            return pieces_in_order(self.alignment, stage, part, initial=initial, whole=self.lanes.ranges)
        except InvalidModel:
            return pieces_in_order(self.alignment, stage, part, initial=initial)

    def equation(
        self,
        cells: Cells,
        variable: Variable,
        equation: Equation,
        definition: Expr | Values,
        positions: Positions = EVERYWHERE,
    ) -> None:
        """Puts the values of an equation into the cells that it defines."""
        self.moment.variable = variable.name
        with blaming(variable, self.alignment.system.name):
            rows = self.alignment.rows(variable, equation, positions)
            kept = self.alignment.kept(variable, equation, positions)
            if isinstance(definition, Values):
                cells.put_values(rows[kept], self.alignment.given(definition, equation, positions)[kept])
                return
            axes = self.alignment.axes(equation)
            block = self.expression(definition, positions)
            place = self.lanes.place(variable)
            lane = None if place is None else self._moving(equation.subscripts[place], axes, positions)
            numbers, at = self._flat(
                self.spread(self.with_lane(block, lane, positions, axes), axes, positions), positions
            )
            cells.put(rows[kept], numbers[kept], at[kept])

    def _moving(self, name: str, axes: Axes, positions: Positions) -> str | None:
        """The axis if an equation moves along it."""
        return name if name in axes and self.alignment.lengths((name,), positions)[0] > 1 else None

    def _flat(self, block: Block, positions: Positions) -> tuple[IndexArray, IndexArray]:
        """For each position of all axes its instruction, and the position in its row."""
        lengths = self.alignment.lengths(block.others, positions)
        numbers = np.array(block.numbers, dtype=np.int64).reshape(lengths)
        if block.lane is None:
            return numbers.ravel(), np.zeros(numbers.size, dtype=np.int64)
        place, (length,) = block.axes.index(block.lane), self.alignment.lengths((block.lane,), positions)
        shape = (*lengths[:place], length, *lengths[place:])
        turned = [1] * len(shape)
        turned[place] = length
        at = np.broadcast_to(np.arange(length).reshape(turned), shape)
        return np.broadcast_to(np.expand_dims(numbers, place), shape).ravel(), at.ravel()

    # --- axes -------------------------------------------------------------------------------------------------------

    def spread(self, block: Block, axes: Axes, positions: Positions) -> Block:
        """A block over more axes, or over its own in another order; its lane stays."""
        others = tuple(axis for axis in axes if axis != block.lane)
        return Block(axes, block.lane, self._off_lane(block, others, positions))

    def with_lane(self, block: Block, lane: str | None, positions: Positions, axes: Axes = ()) -> Block:
        """A block with its rows along another axis, or with none; one that does not move along it has numbers there."""
        if block.lane == lane:
            return block
        if block.lane is not None:
            block = self._unrolled(block, positions)
        if lane is None or lane not in block.axes:
            return replace(block, lane=lane, axes=(*block.axes, lane)) if lane in axes else block
        return self._rolled(block, lane, positions)

    def _unrolled(self, block: Block, positions: Positions) -> Block:
        """Single numbers at all positions."""
        numbers, at = self._flat(block, positions)
        picked = tuple(self.recorder.pick(n, p) for n, p in zip(numbers.tolist(), at.tolist(), strict=True))
        return Block(block.axes, None, picked)

    def _rolled(self, block: Block, lane: str, positions: Positions) -> Block:
        """Rows along an axis, from single numbers."""
        others = tuple(axis for axis in block.axes if axis != lane)
        last = self.spread(block, (*others, lane), positions)
        (length,) = self.alignment.lengths((lane,), positions)
        table = np.array(last.numbers, dtype=np.int64).reshape(-1, length)
        none = np.zeros(length, dtype=np.int64)
        return Block(block.axes, lane, tuple(self.recorder.merge(row, none) for row in table))

    def together(self, blocks: Sequence[Block], positions: Positions) -> tuple[Axes, str | None, list[Rows]]:
        """Blocks over their common axes and along one lane."""
        axes = together(*(block.axes for block in blocks))
        lane = self.lanes.first([block.lane for block in blocks if block.lane is not None])
        along = [self.with_lane(block, lane, positions) for block in blocks]
        others = tuple(axis for axis in axes if axis != lane)
        spread = [self._off_lane(block, others, positions) for block in along]
        return axes, lane, [Rows(self.recorder, numbers) for numbers in spread]

    def _off_lane(self, block: Block, others: Axes, positions: Positions) -> tuple[int, ...]:
        if block.others == others:
            return block.numbers
        return tuple(block.numbers[i] for i in self.alignment.spread(block.others, others, positions).tolist())

    # --- expressions ------------------------------------------------------------------------------------------------

    def expression(self, expr: Expr, positions: Positions = EVERYWHERE) -> Block:
        """The value of an expression."""

        def number(node: Number) -> Block:
            return Block((), None, (self.recorder.constant(node.value),))

        def call(node: Call, parts: tuple[Block, ...]) -> Block:
            special = _SPECIAL.get(node.function)
            if special is not None:
                return special(self, node, parts, positions)
            return self.elementwise(node.function, parts, positions)

        return fold(
            expr,
            number=number,
            ref=lambda node: self.reference(node, positions),
            call=call,
            reduce=lambda node, part: self.reduction(node, part, positions),
        )

    def reference(self, node: Ref, positions: Positions) -> Block:
        """The rows of a variable that a reference reads."""
        if node.name == "Time":
            return Block((), None, self.moment.time.numbers)
        variable = self.alignment.system.variables[node.name]
        axes, indices = self.alignment.gather(node, positions)
        if variable.name in self.cells:
            return self._read(axes, indices, self.cells[variable.name].at, positions)
        if variable.kind is Kind.TABLE:  # what a LOOKUP names has no value of its own
            return Block(axes, None, ())
        held = Cells.of(
            self.recorder,
            self.alignment.system.shape(variable),
            self.lanes.place(variable),
            self.columns[node.name].numbers,
        )
        return self._read(axes, indices, held.at, positions)

    def _read(
        self, axes: Axes, indices: IndexArray, at: Callable[..., tuple[IndexArray, IndexArray]], positions: Positions
    ) -> Block:
        """A block of the elements of a variable; its rows go along an axis that stays within one row at every place."""
        shape = self.alignment.lengths(axes, positions)
        numbers, places = (part.reshape(shape) for part in at(np.broadcast_to(indices, shape).ravel()))
        for lane in sorted(filter(self.lanes.is_long, axes), key=lambda axis: axis.endswith("!")):
            axis = axes.index(lane)
            if shape[axis] > 1 and _constant_along(numbers, axis) and not _constant_along(places, axis):
                rows = np.moveaxis(numbers, axis, -1).reshape(-1, shape[axis])
                where = np.moveaxis(places, axis, -1).reshape(-1, shape[axis])
                taken = (self.recorder.take(int(n[0]), p) for n, p in zip(rows, where, strict=True))
                return Block(axes, lane, tuple(taken))
        flat = zip(numbers.ravel().tolist(), places.ravel().tolist(), strict=True)
        return Block(axes, None, tuple(self.recorder.pick(n, p) for n, p in flat))

    def elementwise(self, function: str, parts: Sequence[Block], positions: Positions) -> Block:
        """A function that works element by element."""
        axes, lane, columns = self.together(parts, positions)
        return Block(axes, lane, FUNCTIONS[function](self.moment, None, *columns).numbers)

    def reduction(self, node: Reduce, block: Block, positions: Positions) -> Block:
        """A sum, product, minimum or maximum over some axes of a block: between instructions first, then along rows."""
        if all(self.recorder.values(number) is not None for number in block.numbers):
            return self._known(node, block, positions)
        along, between = REDUCTIONS[node.operator]
        kept = tuple(axis for axis in block.axes if axis not in node.axes)
        inner = tuple(axis for axis in node.axes if axis in block.axes and axis != block.lane)
        outer = tuple(axis for axis in kept if axis != block.lane)
        table = np.array(self._off_lane(block, (*outer, *inner), positions), dtype=np.int64)
        table = table.reshape(-1, self.alignment.count(inner, positions))
        found = [self._folded(between, row.tolist()) for row in table]
        if block.lane in node.axes:
            (length,) = self.alignment.lengths((block.lane,), positions)
            found = [self.recorder.reduce(along, n, length) for n in found]
        idle = self.alignment.count([axis for axis in node.axes if axis not in block.axes], positions)
        lane = block.lane if block.lane in kept else None
        return Block(kept, lane, tuple(self.recorder.repeated(along, n, idle) for n in found))

    def _known(self, node: Reduce, block: Block, positions: Positions) -> Block:
        """A reduction of numbers, element after element in the order of the axes, as every other target has it."""
        kept = tuple(axis for axis in block.axes if axis not in node.axes)
        numbers, at = self._flat(block, positions)
        values = np.array([self.recorder.value_at(n, p) for n, p in zip(numbers.tolist(), at.tolist(), strict=True)])
        order = self.alignment.spread(block.axes, (*kept, *node.axes), positions)
        table = values[order].reshape(-1, self.alignment.count(node.axes, positions))
        found = known.REDUCTIONS[node.operator](table)
        return Block(kept, None, tuple(self.recorder.constant(float(value)) for value in found))

    def _folded(self, operation: Operation, numbers: Sequence[int]) -> int:
        result = numbers[0]
        for number in numbers[1:]:
            result = self.recorder.apply(operation, result, number)
        return result


def _constant_along(array: IndexArray, axis: int) -> bool:
    return bool((array == np.take(array, [0], axis=axis)).all())


def _if_then_else(work: RowLowering, _: Call, parts: Sequence[Block], positions: Positions) -> Block:
    """Both branches are computed; the value is that of the one that holds."""
    axes, lane, columns = work.together(parts, positions)
    return Block(axes, lane, work.moment.choose(*columns).numbers)


def _lookup(work: RowLowering, node: Call, parts: Sequence[Block], positions: Positions) -> Block:
    """A table read at its argument; a subscripted table is read at each of its elements."""
    table = node.arguments[0]
    assert isinstance(table, Ref)
    own, indices = work.alignment.gather(table, positions)
    axes = together(parts[1].axes, own)
    tables = _tables(work, table.name, indices.ravel())[work.alignment.spread(own, axes, positions)]
    lane = work.lanes.first([axis for axis in axes if work.alignment.lengths((axis,), positions)[0] > 1])
    others = tuple(axis for axis in axes if axis != lane)
    argument = work.with_lane(parts[1], lane, positions)
    x = work._off_lane(argument, others, positions)
    last = work.alignment.count([lane] if lane else [], positions)
    each = tables[work.alignment.spread(axes, (*others, *([lane] if lane else [])), positions)].reshape(-1, last)
    return Block(axes, lane, tuple(work.recorder.lookup(n, t) for n, t in zip(x, each, strict=True)))


def _tables(work: RowLowering, name: str, elements: IndexArray) -> IndexArray:
    """The number of the table of each element; -1 of one without points."""
    found = np.full(len(elements), -1, dtype=np.int64)
    for series, rows in work.alignment.tables(name):
        places, mine = places_among(rows, elements)
        points = series.y.reshape(len(series.x), -1)
        for i in np.flatnonzero(mine):
            found[i] = work.recorder.table(series, points[:, places[i]])
    return found


def _invert(work: RowLowering, _: Call, parts: Sequence[Block], positions: Positions) -> Block:
    """The inverse of each matrix over the last two axes."""
    block = parts[0]
    *_rest, rows, columns = (0, 1, *work.alignment.lengths(block.axes, positions))  # fewer axes than two are no square
    if rows != columns or positions:
        raise InvalidModel(Fault("INVERT MATRIX takes a whole matrix over two ranges of the same length."))
    if block.lane in block.axes[-2:]:
        block = work.with_lane(block, None, positions)
    size = rows * columns
    matrices = [block.numbers[start : start + size] for start in range(0, len(block.numbers), size)]
    inverses = (number for matrix in matrices for number in inverse(work.recorder, matrix, rows))
    return replace(block, numbers=tuple(inverses))


_Special: TypeAlias = Callable[[RowLowering, Call, Sequence[Block], Positions], Block]
_SPECIAL: Mapping[str, _Special] = {"IF THEN ELSE": _if_then_else, "LOOKUP": _lookup, "INVERT MATRIX": _invert}
IMPLEMENTATIONS: Mapping[str, object] = {**FUNCTIONS, **REDUCTIONS, **_SPECIAL}
"""Every function that becomes instructions."""

"""Records instructions, each once; what is known before a run is computed at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from ..dynamics.functions import Operation
from ..numbers.tables import read
from ..system.model import FloatArray, IndexArray, Series
from .arithmetic import calculate
from .instructions import Data, Given, Instruction, Load, Merge, Movement, Placed, Places, Role, Source, Tables, Tape

REDUCED: Mapping[Movement, Callable[[FloatArray], float]] = {
    Movement.SUM: lambda row: float(np.add.accumulate(row)[-1]),
    Movement.PRODUCT: lambda row: float(np.multiply.accumulate(row)[-1]),
    Movement.LEAST: lambda row: float(np.fmin.reduce(row)),
    Movement.LARGEST: lambda row: float(np.fmax.reduce(row)),
}


Origins: TypeAlias = tuple[tuple[int, int], ...]
"""For each position of a row the number of an instruction, and the position in its row (0 of a single number)."""


@dataclass(eq=False)
class Recorder:
    """A tape while it grows. Numbers are those of instructions."""

    instructions: list[Instruction] = field(default_factory=list)
    tables: list[Series] = field(default_factory=list)
    _known: dict[Any, int] = field(default_factory=dict)
    _tables: dict[Any, int] = field(default_factory=dict)

    def tape(self, results: Mapping[str, Sequence[Placed]]) -> Tape:
        """The tape with what its results need, and nothing else."""
        needed = np.zeros(len(self.instructions), dtype=bool)
        for placed in results.values():
            needed[[p.number for p in placed]] = True
        for number in reversed(range(len(needed))):
            if needed[number]:
                needed[list(self.instructions[number].arguments)] = True
        new = np.cumsum(needed) - 1
        lines = tuple(
            Instruction(line.operation, tuple(int(new[a]) for a in line.arguments), line.length, line.data)
            for line, used in zip(self.instructions, needed, strict=True)
            if used
        )
        moved = {name: tuple(Placed(int(new[p.number]), p.elements) for p in found) for name, found in results.items()}
        return Tape(lines, tuple(self.tables), moved)

    def length(self, number: int) -> int:
        """The length of the row, 0 for a single number."""
        return self.instructions[number].length

    # --- what is given ----------------------------------------------------------------------------------------------

    def constant(self, values: FloatArray | float) -> int:
        """Numbers, one for each position; a single one where all are equal."""
        array = np.asarray(values, dtype=np.float64).reshape(-1)
        array = array[:1] if len({number.tobytes() for number in array}) == 1 else array
        length = len(array) if len(array) > 1 else 0
        return self._add(Movement.CONSTANT, (), length, Given(array), array.tobytes())

    def load(self, source: Source, elements: IndexArray, role: Role = Role.VALUE) -> int:
        """Elements of a source; a single number where there is one."""
        several = len(set(elements.tolist())) > 1
        found = elements if several else elements[:1]
        key = (source, role, found.tobytes())
        return self._add(Movement.LOAD, (), len(found) * several, Load(source, found, role), key)

    def values(self, number: int) -> FloatArray | None:
        """The numbers of a constant, one or one for each position; None for what can move."""
        data = self.instructions[number].data
        return data.values if isinstance(data, Given) else None

    # --- operations -------------------------------------------------------------------------------------------------

    def apply(self, operation: Operation, *arguments: int) -> int:
        """An operation, position by position; constants are folded, and choices that are known made."""
        known = [self.values(a) for a in arguments]
        if all(array is not None for array in known):
            return self.constant(calculate(operation, *known))
        if operation is Operation.CHOOSE:
            decided = self._decided(arguments, known[0])
            if decided is not None:
                return decided
        return self._add(operation, arguments, max(self.length(a) for a in arguments))

    def _decided(self, arguments: Sequence[int], condition: FloatArray | None) -> int | None:
        """The branch of a choice that is the same everywhere."""
        if arguments[1] == arguments[2]:
            return arguments[1]
        if condition is None or len(set((condition != 0).tolist())) > 1:
            return None
        return arguments[1] if condition[0] != 0 else arguments[2]

    def reduce(self, operation: Movement, number: int, length: int) -> int:
        """A row of this length brought down to one number; a single number stands at every position of it."""
        known = self.values(number)
        if known is not None:
            return self.constant(REDUCED[operation](np.broadcast_to(known, length)))
        if self.length(number):
            return self._add(operation, (number,), 0)
        return self.repeated(operation, number, length)

    def repeated(self, operation: Movement, number: int, times: int) -> int:
        """What a reduction of equal numbers gives; elementwise where they are rows."""
        again = {Movement.SUM: Operation.MULTIPLY, Movement.PRODUCT: Operation.POWER}.get(operation)
        return number if again is None or times == 1 else self.apply(again, number, self.constant(float(times)))

    def lookup(self, x: int, tables: IndexArray) -> int:
        """A table read at x; `tables` has one for each position, or one for all."""
        same = tables[:1] if len(set(tables.tolist())) == 1 else tables
        length = max(self.length(x), len(same) * (len(same) > 1))
        known = np.zeros(1) if all(t >= 0 and len(self.tables[t].x) == 1 for t in same) else self.values(x)
        if known is None:
            return self._add(Movement.LOOKUP, (x,), length, Tables(same), same.tobytes())
        at, which = np.broadcast_arrays(known, same)
        return self.constant(np.array([self._read(int(t), value) for value, t in zip(at, which, strict=True)]))

    def _read(self, table: int, x: float) -> float:
        return float(read(self.tables[table], np.array(x), np.array(0))) if table >= 0 else np.nan

    def table(self, series: Series, y: FloatArray) -> int:
        """The number of a table: the points of a series with the values of one element."""
        key = (series.interpolation, series.x.tobytes(), y.tobytes())
        if key not in self._tables:
            self._tables[key] = len(self.tables)
            self.tables.append(Series(series.x, y, series.interpolation))
        return self._tables[key]

    # --- other positions --------------------------------------------------------------------------------------------

    def pick(self, number: int, position: int) -> int:
        """One position of a row."""
        line = self.instructions[number]
        if not line.length:
            return number
        match line.data:
            case Load(source, elements, role):
                return self.load(source, elements[position : position + 1], role)
            case Merge(argument, at):
                return self.pick(line.arguments[argument[position]], int(at[position]))
            case Given(values):
                return self.constant(values[position])
            case Places(positions):
                return self.pick(line.arguments[0], int(positions[position]))
        where = np.array([position])
        return self._add(Movement.PICK, (number,), 0, Places(where), where.tobytes())

    def take(self, number: int, positions: IndexArray) -> int:
        """Positions of a row as a row; one number where they are one."""
        line = self.instructions[number]
        if not line.length or (len(positions) == line.length and bool((np.diff(positions) == 1).all())):
            return number
        if len(set(positions.tolist())) == 1:
            return self.pick(number, int(positions[0]))
        match line.data:
            case Load(source, elements, role):
                return self.load(source, elements[positions], role)
            case Given(values):
                return self.constant(values[positions])
            case Places(inner):
                return self.take(line.arguments[0], inner[positions])
        return self._add(Movement.TAKE, (number,), len(positions), Places(positions), positions.tobytes())

    def merge(self, numbers: IndexArray, positions: IndexArray) -> int:
        """A row whose positions come from positions of rows, or from numbers (position 0).

        Instructions of one form at all positions, as equations of one form for each region give them, become that
        form over rows.
        """
        cells = [(int(n), int(p) if self.length(n) else 0) for n, p in zip(numbers, positions, strict=True)]
        return self._row(tuple(cells))

    def _row(self, cells: Origins) -> int:
        """The row of these cells. What it is made of comes first; why no recursion: a sum may have a thousand terms."""
        open_rows = [cells]
        while open_rows:
            last = open_rows.pop()
            parts = self._parts(last) if ("row", last) not in self._known else []
            missing = [part for part in parts if ("row", part) not in self._known]
            if missing:
                open_rows += [last, *reversed(missing)]
            elif ("row", last) not in self._known:
                self._known["row", last] = self._merged(last, [self._known["row", part] for part in parts])
        return self._known["row", cells]

    def _parts(self, cells: Origins) -> list[Origins]:
        """The rows of arguments, where all cells are different single numbers by one operation."""
        lines = [self.instructions[number] for number, _ in cells]
        same = len({number for number, _ in cells}) == 1 or len({line.operation for line in lines}) > 1
        if same or not isinstance(lines[0].operation, Operation) or any(line.length for line in lines):
            return []
        return [tuple((a, 0) for a in each) for each in zip(*(line.arguments for line in lines), strict=True)]

    def _merged(self, cells: Origins, parts: Sequence[int]) -> int:
        numbers, positions = (np.array(part) for part in zip(*cells, strict=True))
        if (numbers == numbers[0]).all():
            return self.take(int(numbers[0]), positions)
        lines = [self.instructions[n] for n in numbers]
        kinds = {line.operation for line in lines}
        if kinds == {Movement.CONSTANT}:
            return self.constant(np.array([self.value_at(*cell) for cell in cells]))
        loads = [line.data for line in lines if isinstance(line.data, Load)]
        if kinds == {Movement.LOAD} and len({(load.source, load.role) for load in loads}) == 1:
            elements = np.array([load.elements[p] for load, p in zip(loads, positions, strict=True)])
            return self.load(loads[0].source, elements, loads[0].role)
        if parts and isinstance(lines[0].operation, Operation):
            return self.apply(lines[0].operation, *parts)
        return self._merge_of(numbers, positions)

    def _merge_of(self, numbers: IndexArray, positions: IndexArray) -> int:
        arguments, where = np.unique(numbers, return_inverse=True)
        data = Merge(where, positions)
        key = (where.tobytes(), positions.tobytes())
        return self._add(Movement.MERGE, tuple(arguments.tolist()), len(numbers), data, key)

    def value_at(self, number: int, position: int) -> float:
        """The number of a constant at a position."""
        values = self.values(number)
        assert values is not None
        return float(values[position if len(values) > 1 else 0])

    # ----------------------------------------------------------------------------------------------------------------

    def _add(
        self,
        operation: Operation | Movement,
        arguments: tuple[int, ...],
        length: int,
        data: Data = None,
        key: object = None,
    ) -> int:
        """The number of the instruction, which is new or known; rows of different lengths do not meet."""
        found = (operation, arguments, key)
        if found not in self._known:
            lengths = {self.length(a) for a in arguments} - {0}
            assert len(lengths) <= 1 or operation is Movement.MERGE, "rows of different lengths"
            self._known[found] = len(self.instructions)
            self.instructions.append(Instruction(operation, arguments, length, data))
        return self._known[found]


@dataclass(frozen=True, eq=False)
class Rows:
    """A column of a tape: an instruction for each position off the lane."""

    recorder: Recorder
    numbers: tuple[int, ...]

    def __add__(self, other: Rows | float) -> Rows:
        return _apply(Operation.ADD, self, other)

    def __radd__(self, other: float) -> Rows:
        return _apply(Operation.ADD, self._column(other), self)

    def __sub__(self, other: Rows | float) -> Rows:
        return _apply(Operation.SUBTRACT, self, other)

    def __mul__(self, other: Rows | float) -> Rows:
        return _apply(Operation.MULTIPLY, self, other)

    def __rmul__(self, other: float) -> Rows:
        return _apply(Operation.MULTIPLY, self._column(other), self)

    def __truediv__(self, other: Rows | float) -> Rows:
        return _apply(Operation.DIVIDE, self, other)

    def __neg__(self) -> Rows:
        return _apply(Operation.NEGATE, self)

    def __lt__(self, other: Rows | float) -> Rows:
        return _apply(Operation.LESS, self, other)

    def __le__(self, other: Rows | float) -> Rows:
        return _apply(Operation.LESS_EQUAL, self, other)

    def __gt__(self, other: Rows | float) -> Rows:
        return _apply(Operation.LESS, self._column(other), self)

    def __ge__(self, other: Rows | float) -> Rows:
        return _apply(Operation.LESS_EQUAL, self._column(other), self)

    def __eq__(self, other: object) -> Rows:  # type: ignore[override]  # a column of truths, as every arithmetic has it
        return _apply(Operation.EQUAL, self, other)

    def __ne__(self, other: object) -> Rows:  # type: ignore[override]
        return _apply(Operation.UNEQUAL, self, other)

    __hash__ = None  # type: ignore[assignment]

    def _column(self, value: Rows | float) -> Rows:
        return value if isinstance(value, Rows) else Rows(self.recorder, (self.recorder.constant(value),))


def _apply(operation: Operation, first: Rows, *others: Any) -> Rows:
    """An operation on columns of one length and single values."""
    recorder = first.recorder
    columns = [first, *(other if isinstance(other, Rows) else first._column(other) for other in others)]
    count = max(len(c.numbers) for c in columns)
    wide = [c.numbers if len(c.numbers) == count else c.numbers * count for c in columns]
    return Rows(recorder, tuple(recorder.apply(operation, *each) for each in zip(*wide, strict=True)))


@dataclass(frozen=True, eq=False)
class RowArithmetic:
    """The arithmetic of columns of a tape."""

    recorder: Recorder

    def apply(self, operation: Operation, *columns: Rows) -> Rows:
        """The operation, element by element."""
        return _apply(operation, *columns)

    def number(self, value: float) -> Rows:
        """A single number."""
        return Rows(self.recorder, (self.recorder.constant(value),))

    def is_number(self, *columns: Rows) -> bool:
        """Whether all columns are numbers, which never move."""
        return all(self.recorder.values(n) is not None for column in columns for n in column.numbers)

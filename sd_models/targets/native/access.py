"""Where code reads and writes: columns, memory, constant rows, at the place in the code where it stands.

Numbers of a row that lie side by side are read and written together, others one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from llvmlite import ir

from ...system.model import IndexArray
from ...tape.columns import VECTOR
from ...tape.instructions import REDUCTIONS, Source
from .arrangement import Arrangement, Origin, Result
from .words import NUMBER, SHORT, WHOLE, Value, constant, each_whole, table, vector, whole


@dataclass(frozen=True, eq=False)
class Column:
    """Where a column begins, the bits of times that count, and the numbers between two times and two copies."""

    start: Value
    mask: Value
    between_times: Value
    between_copies: Value


@dataclass(eq=False)
class Scope:
    """A place in the code: the values that are there, and those of the places around it.

    `position` is that of the first of `width` positions of rows (None among single numbers); `length` is that of rows
    which do not fill their last vector (else 0); `copy` is the copy (None in what all share).
    """

    around: Scope | None
    position: Value | None = None
    width: int = 1
    length: int = 0
    copy: Value | None = None
    values: dict[object, Value] = field(default_factory=dict)

    def find(self, key: object) -> Value | None:
        """A value of this place or of one around it."""
        scope: Scope | None = self
        while scope is not None:
            if key in scope.values:
                return scope.values[key]
            scope = scope.around
        return None


@dataclass(eq=False)
class Access:
    """What the code of a tape reads and writes; `memory` is where its own memory begins."""

    arrangement: Arrangement
    builder: ir.IRBuilder
    memory: Value
    read: dict[Origin, Column] = field(default_factory=dict)
    written: dict[str, Column] = field(default_factory=dict)

    def at(self, column: Column, time: Value) -> Column:
        """The column at a time."""
        far = self.builder.mul(self.builder.and_(time, column.mask), column.between_times)
        return replace(column, start=self.moved(column.start, far))

    def moved(self, pointer: Value, count: Value) -> Value:
        """So many numbers behind a pointer."""
        return self.builder.gep(pointer, [count], source_etype=NUMBER)

    def splat(self, value: Value, wide: int) -> Value:
        """One value at each position."""
        if isinstance(value, ir.Constant):
            return ir.Constant(vector(value.type, wide), [value.constant] * wide)
        kind = vector(value.type, wide)
        first = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, whole(0, kind=SHORT))
        zeros = ir.Constant(vector(SHORT, wide), [0] * wide)
        return self.builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), zeros)

    def indices(self, values: IndexArray, scope: Scope, last: int | None = None) -> Value:
        """Whole numbers at the positions of a place; where it is filled up the last of them, or `last`."""
        values = filled(values, last)
        key = values.astype(np.int64).tobytes()
        array = table(self.builder.module, f"index.{self._names.setdefault(key, len(self._names))}", WHOLE, values)
        at = self.builder.gep(array, [scope.position], source_etype=WHOLE)
        return self.builder.load(at, typ=vector(WHOLE, scope.width), align=8)

    @cached_property
    def _names(self) -> dict[bytes, int]:
        return {}

    @cached_property
    def shared_size(self) -> int:
        """The numbers of memory that all share; that of copies lies behind."""
        return memory_sizes(self.arrangement)[0]

    @cached_property
    def copy_size(self) -> int:
        """The numbers of memory of each copy."""
        return memory_sizes(self.arrangement)[1]

    def memory_of(self, mine: bool, scope: Scope) -> Value:
        """Where memory of all, or of the copy at hand, begins."""
        if not mine:
            return self.memory
        found = scope.find("memory")
        if found is None:
            far = self.builder.mul(self.copy(scope), whole(self.copy_size))
            found = scope.values["memory"] = self.moved(self.memory, self.builder.add(far, whole(self.shared_size)))
        return found

    def copy(self, scope: Scope) -> Value:
        """The copy at hand."""
        assert scope.copy is not None
        return scope.copy

    def column(self, origin: Origin, scope: Scope) -> Value:
        """Where a column begins that is read, at the time and of the copy at hand."""
        column = self.read[origin]
        return self.of_copy(column, origin, scope) if origin[0] in self.arrangement.own else column.start

    def of_copy(self, column: Column, key: object, scope: Scope) -> Value:
        """Where the part of a column begins that the copy at hand has."""
        found = scope.find(("column", key))
        if found is None:
            far = self.builder.mul(self.copy(scope), column.between_copies)
            found = scope.values["column", key] = self.moved(column.start, far)
        return found

    def is_run(self, source: Source, elements: IndexArray) -> bool:
        """Whether elements of a column are a row that lies side by side."""
        column = self.arrangement.columns.get(source)
        return column is not None and column.is_run(elements)

    def read_at(self, start: Value, elements: IndexArray, scope: Scope, is_run: bool) -> Value:
        """The elements at the positions of a place; those of a run lie side by side."""
        if len(elements) == 1 or scope.position is None:
            return self.builder.load(self.moved(start, whole(int(elements[0]))), typ=NUMBER)
        if not is_run:
            return self.lanes(start, self.indices(elements, scope), scope.width)
        here = self.moved(self.moved(start, whole(int(elements[0]))), scope.position)
        return self.builder.load(here, typ=vector(NUMBER, scope.width), align=8)

    def lanes(self, start: Value, places: Value, wide: int) -> Value:
        """The numbers at several places, one by one."""
        result = ir.Constant(vector(NUMBER, wide), ir.Undefined)
        for lane in range(wide):
            at = whole(lane, kind=SHORT)
            value = self.builder.load(self.moved(start, self.builder.extract_element(places, at)), typ=NUMBER)
            result = self.builder.insert_element(result, value, at)
        return result

    def real(self, row: Value, otherwise: Value, scope: Scope) -> Value:
        """The row at the positions that the model has, something else where it is filled up."""
        if not scope.length:
            return row
        flags = scope.find("real")
        if flags is None:
            here = self.builder.add(self.splat(scope.position, scope.width), each_whole(range(scope.width)))
            flags = scope.values["real"] = self.builder.icmp_signed("<", here, whole(scope.length, scope.width))
        return self.builder.select(flags, row, otherwise)

    def put(self, result: Result, start: Value, value: Value, scope: Scope) -> None:
        """A value at its elements: side by side where they lie so, one after the other where they may meet."""
        elements = result.elements
        value = self.real(value, constant(0.0, scope.width), scope) if result.adds else value
        if scope.position is None:
            self._put_one(value, self.moved(start, whole(int(elements[0]))), adds=result.adds)
        elif self.is_run(Source(result.column), elements):
            here = self.moved(self.moved(start, whole(int(elements[0]))), scope.position)
            self._put_one(value, here, adds=result.adds)
        else:
            nowhere = len(self.arrangement.columns[Source(result.column)].order) - 1
            places = self.indices(elements, scope, nowhere)
            for lane in range(scope.width):
                at = whole(lane, kind=SHORT)
                place = self.moved(start, self.builder.extract_element(places, at))
                self._put_one(self.builder.extract_element(value, at), place, adds=result.adds)

    def _put_one(self, value: Value, place: Value, *, adds: bool) -> None:
        if adds:
            value = self.builder.fadd(self.builder.load(place, typ=value.type, align=8), value)
        self.builder.store(value, place, align=8)


def filled(values: np.ndarray, last: float | None = None) -> np.ndarray:
    """A row filled up to whole vectors by its last position, or by another value."""
    end = values[-1:] if last is None else np.array([last], dtype=values.dtype)
    return np.concatenate([values, np.repeat(end, -len(values) % VECTOR)])


def memory_sizes(arrangement: Arrangement) -> tuple[int, int]:
    """The numbers of memory that the code needs: for all, and for each copy."""
    reductions = [n for n, line in enumerate(arrangement.tape.instructions) if line.operation in REDUCTIONS]
    mine = sum(bool(arrangement.copied[n]) for n in reductions)
    shared, own = arrangement.memory
    return shared + VECTOR * (len(reductions) - mine), own + VECTOR * mine

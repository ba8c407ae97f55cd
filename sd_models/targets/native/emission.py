"""A tape to the code of one function: its instructions over a range of times.

The function is `run(memory, first, count, increment, copies, columns...)`: for `count` times from `first` on, each
`increment` after the one before, it reads columns and writes results. A column is four arguments: where it begins, a
mask of the bits of times that count, how many numbers lie between two times and between two copies (0 where all times
or copies have the same).

Rows are filled up to whole vectors by their last position; sums count each position once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from llvmlite import ir

from ...dynamics.functions import Operation
from ...system.model import IndexArray
from ...tape.columns import VECTOR
from ...tape.instructions import REDUCTIONS, Given, Load, Merge, Movement, Places, Source, Tables
from .arrangement import Arrangement, Loop, Origin, Phase, Result
from .lookups import lookup
from .operations import NEUTRAL, STEPS, apply
from .words import (
    NUMBER,
    POINTER,
    SHORT,
    WHOLE,
    Value,
    constant,
    each_whole,
    table,
    vector,
    whole,
)

COSTS = {8: 1.0, 4: 0.75, 2: 0.65}
"""What an operation on so many positions costs beside one on eight (512 bits), calls of functions included."""
FUNCTION = "run"


def width(length: int) -> int:
    """How many positions of rows of a length go side by side."""
    return min((w for w in COSTS if w <= length), key=lambda w: -(-length // w) * COSTS[w])


def emit(arrangement: Arrangement) -> ir.Module:
    """The module with the function of a tape."""
    module = ir.Module(FUNCTION)
    kinds = [POINTER, WHOLE, WHOLE, WHOLE, WHOLE]
    kinds += [POINTER, WHOLE, WHOLE, WHOLE] * (len(arrangement.origins) + len(arrangement.tape.results))
    made = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), FUNCTION)
    builder = ir.IRBuilder(made.append_basic_block("entry"))
    _Code(arrangement, builder).emit()
    return module


@dataclass(frozen=True, eq=False)
class _Column:
    """Where a column begins, the bits of times that count, and the numbers between two times and two copies."""

    start: Value
    mask: Value
    between_times: Value
    between_copies: Value


@dataclass(eq=False)
class _Scope:
    """A place in the code: the values that are there, and those of the places around it.

    `position` is that of the first of `width` positions of rows (None among single numbers); `length` is that of rows
    which do not fill their last vector (else 0); `copy` is the copy (None in what all share).
    """

    around: _Scope | None
    position: Value | None = None
    width: int = 1
    length: int = 0
    copy: Value | None = None
    values: dict[object, Value] = field(default_factory=dict)

    def find(self, key: object) -> Value | None:
        """A value of this place or of one around it."""
        scope: _Scope | None = self
        while scope is not None:
            if key in scope.values:
                return scope.values[key]
            scope = scope.around
        return None


@dataclass(eq=False)
class _Code:
    """The code of a tape while it is written."""

    arrangement: Arrangement
    builder: ir.IRBuilder

    def emit(self) -> None:
        """The whole function."""
        memory, first, count, increment, copies, *columns = self.builder.function.args
        self.memory, self.copies = memory, copies
        listed = [_Column(*columns[i : i + 4]) for i in range(0, len(columns), 4)]
        origins = self.arrangement.origins
        with self._repeated(count) as step:
            time = self.builder.add(first, self.builder.mul(step, increment))
            self.read = {o: self._at(c, time) for o, c in zip(origins, listed, strict=False)}
            written = listed[len(origins) :]
            self.written = {
                name: self._at(c, time) for name, c in zip(self.arrangement.tape.results, written, strict=True)
            }
            numbers = _Scope(None)
            for at, phase in enumerate(self.arrangement.phases):
                self._phase(phase, at, numbers)
        self.builder.ret_void()

    def _at(self, column: _Column, time: Value) -> _Column:
        """The column at a time."""
        far = self.builder.mul(self.builder.and_(time, column.mask), column.between_times)
        return replace(column, start=self._moved(column.start, far))

    def _moved(self, pointer: Value, count: Value) -> Value:
        return self.builder.gep(pointer, [count], source_etype=NUMBER)

    @contextmanager
    def _repeated(self, count: Value) -> Iterator[Value]:
        """What is written inside runs so many times, with its number."""
        if isinstance(count, ir.Constant) and count.constant == 1:
            yield whole(0)
            return
        builder, before = self.builder, self.builder.block
        head, body, done = (builder.append_basic_block(name) for name in ("head", "body", "done"))
        builder.branch(head)
        builder.position_at_end(head)
        number = builder.phi(WHOLE)
        number.add_incoming(whole(0), before)
        builder.cbranch(builder.icmp_signed("<", number, count), body, done)
        builder.position_at_end(body)
        yield number
        number.add_incoming(builder.add(number, whole(1)), builder.block)
        builder.branch(head)
        builder.position_at_end(done)

    # --- phases -----------------------------------------------------------------------------------------------------

    def _phase(self, phase: Phase, at: int, numbers: _Scope) -> None:
        """Single numbers, those that the loops before left, and the loops."""
        finished = [r for r in self._reductions if int(self.arrangement.tape.phases[r]) == at]
        single = [result for result in self.arrangement.results_of(at) if not result.length]
        copied = self.arrangement.copied
        self._numbers([r for r in finished if not copied[r]], phase.shared, numbers)
        mine = [r for r in finished if copied[r]]
        if self.arrangement.own:
            if mine or phase.copied or single:
                with self._repeated(self.copies) as copy:
                    scope = _Scope(numbers, copy=copy)
                    self._numbers(mine, phase.copied, scope)
                    self._results(single, scope)
        else:
            self._results(single, numbers)
        for loop in phase.loops:
            results = [r for r in self.arrangement.results_of(at) if r.length == loop.length]
            self._loop(loop, results, numbers)

    def _numbers(self, finished: Sequence[int], lines: Sequence[int], scope: _Scope) -> None:
        for number in finished:
            scope.values[number] = self._brought_down(number, scope)
            self._keep(number, scope)
        for number in lines:
            if number not in self._reductions:
                self._evaluate(number, scope)

    @cached_property
    def _reductions(self) -> dict[int, int]:
        """The place of the vector that each reduction adds to, behind what waits in memory."""
        lines = self.arrangement.tape.instructions
        found: dict[int, int] = {}
        for mine in (False, True):
            here = [n for n, line in enumerate(lines) if line.operation in REDUCTIONS]
            here = [n for n in here if bool(self.arrangement.copied[n]) is mine]
            found |= {n: self.arrangement.memory[mine] + VECTOR * i for i, n in enumerate(here)}
        return found

    def _loop(self, loop: Loop, results: Sequence[Result], numbers: _Scope) -> None:
        """A loop over the positions of rows, with one over copies inside."""
        wide = width(loop.length)
        sums = [n for n in (*loop.shared, *loop.copied) if n in self._reductions]
        self._begin(sums, wide, numbers)
        own = bool(self.arrangement.own)
        with self._repeated(whole(-(-loop.length // wide))) as block:
            partly = loop.length if loop.length % wide else 0
            scope = _Scope(numbers, self.builder.mul(block, whole(wide)), wide, partly)
            self._rows(loop.shared, scope)
            if own and (loop.copied or results):
                with self._repeated(self.copies) as copy:
                    inner = _Scope(scope, scope.position, wide, partly, copy)
                    self._rows(loop.copied, inner)
                    self._results(results, inner)
            elif not own:
                self._results(results, scope)

    def _begin(self, sums: Sequence[int], wide: int, numbers: _Scope) -> None:
        """The vectors that reductions add to, as they are before."""
        copied = self.arrangement.copied
        self._neutral([n for n in sums if not copied[n]], wide, numbers)
        mine = [n for n in sums if copied[n]]
        if mine:
            with self._repeated(self.copies) as copy:
                self._neutral(mine, wide, _Scope(numbers, copy=copy))

    def _neutral(self, sums: Sequence[int], wide: int, scope: _Scope) -> None:
        for number in sums:
            self.builder.store(constant(NEUTRAL[self._movement(number)], wide), self._sum_at(number, scope), align=8)

    def _movement(self, number: int) -> Movement:
        operation = self.arrangement.tape.instructions[number].operation
        assert isinstance(operation, Movement)
        return operation

    def _sum_at(self, number: int, scope: _Scope) -> Value:
        return self._moved(self._memory(bool(self.arrangement.copied[number]), scope), whole(self._reductions[number]))

    def _rows(self, lines: Sequence[int], scope: _Scope) -> None:
        for number in lines:
            if number in self._reductions:
                self._reduce(number, scope)
            else:
                self._evaluate(number, scope)

    def _reduce(self, number: int, scope: _Scope) -> None:
        movement, place = self._movement(number), self._sum_at(number, scope)
        row = self._value(self.arrangement.tape.instructions[number].arguments[0], scope)
        real = self._real(row, constant(NEUTRAL[movement], scope.width), scope)
        before = self.builder.load(place, typ=row.type, align=8)
        self.builder.store(apply(self.builder, STEPS[movement], [before, real]), place, align=8)

    def _real(self, row: Value, otherwise: Value, scope: _Scope) -> Value:
        """The row at the positions that the model has, something else where it is filled up."""
        if not scope.length:
            return row
        flags = scope.find("real")
        if flags is None:
            here = self.builder.add(self._splat(scope.position, scope.width), each_whole(range(scope.width)))
            flags = scope.values["real"] = self.builder.icmp_signed("<", here, whole(scope.length, scope.width))
        return self.builder.select(flags, row, otherwise)

    def _brought_down(self, number: int, scope: _Scope) -> Value:
        """The number of a reduction, from the vector that blocks added to: halves on halves."""
        movement, place = self._movement(number), self._sum_at(number, scope)
        wide = width(self.arrangement.tape.instructions[self.arrangement.tape.instructions[number].arguments[0]].length)
        parts = [self.builder.load(self._moved(place, whole(i)), typ=NUMBER) for i in range(wide)]
        while len(parts) > 1:
            half = len(parts) // 2
            pairs = zip(parts[:half], parts[half:], strict=True)
            parts = [apply(self.builder, STEPS[movement], pair) for pair in pairs]
        return parts[0]

    # --- values -----------------------------------------------------------------------------------------------------

    def _evaluate(self, number: int, scope: _Scope) -> None:
        """The value of an instruction where it runs, put aside where others need it."""
        scope.values[number] = self._computed(number, scope)
        self._keep(number, scope)

    def _computed(self, number: int, scope: _Scope) -> Value:
        line = self.arrangement.tape.instructions[number]
        if isinstance(line.operation, Operation):
            return apply(self.builder, line.operation, [self._value(a, scope) for a in line.arguments])
        match line.data:
            case Load(source, elements, role):
                return self._read_at(
                    self._column((role, source), scope), elements, scope, self._is_run(source, elements)
                )
            case Given(values):
                return self._given(number, values, scope)
            case Places(positions):
                waiting = self.arrangement.kept[line.arguments[0]]
                start = self._memory(bool(self.arrangement.copied[line.arguments[0]]), scope)
                return self._read_at(start, positions + waiting, scope, False)
            case Merge():
                return self._merged(number, line.data, scope)
            case Tables(numbers):
                return self._looked_up(line.arguments[0], numbers, scope)
        raise AssertionError(line)

    def _value(self, number: int, scope: _Scope) -> Value:
        """The value of an instruction at the positions of a place, a single number at each of them."""
        line = self.arrangement.tape.instructions[number]
        alone = not line.length and scope.width > 1
        key: object = ("wide", number) if alone else number
        found = scope.find(key)
        if found is None:
            found = self._splat(self._number(number, scope), scope.width) if alone else self._fetched(number, scope)
            scope.values[key] = found
        return found

    def _number(self, number: int, scope: _Scope) -> Value:
        found = scope.find(number)
        if found is None:
            narrow = _Scope(scope.around, copy=scope.copy, values=scope.values)
            found = scope.values[number] = self._fetched(number, narrow)
        return found

    def _fetched(self, number: int, scope: _Scope) -> Value:
        """A value that is not there: a leaf is read, anything else waits in memory."""
        line = self.arrangement.tape.instructions[number]
        if isinstance(line.data, Load | Given):
            return self._computed(number, scope)
        start = self._memory(bool(self.arrangement.copied[number]), scope)
        place = self.arrangement.kept[number] + np.arange(max(line.length, 1))
        return self._read_at(start, place, scope, True)

    def _keep(self, number: int, scope: _Scope) -> None:
        if number not in self.arrangement.kept:
            return
        start = self._memory(bool(self.arrangement.copied[number]), scope)
        place = self._moved(start, whole(self.arrangement.kept[number]))
        row = self.arrangement.tape.instructions[number].length
        at = self._moved(place, scope.position) if row and scope.position is not None else place
        self.builder.store(scope.values[number], at, align=8)

    def _splat(self, value: Value, wide: int) -> Value:
        """One value at each position."""
        if isinstance(value, ir.Constant):
            return ir.Constant(vector(value.type, wide), [value.constant] * wide)
        kind = vector(value.type, wide)
        first = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, whole(0, kind=SHORT))
        zeros = ir.Constant(vector(SHORT, wide), [0] * wide)
        return self.builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), zeros)

    def _given(self, number: int, values: np.ndarray, scope: _Scope) -> Value:
        if len(values) == 1:
            return constant(values[0])
        array = table(self.builder.module, f"row.{number}", NUMBER, filled(values))
        return self._read_at(array, np.arange(len(values)), scope, True)

    def _looked_up(self, argument: int, numbers: IndexArray, scope: _Scope) -> Value:
        x = self._value(argument, scope)
        which = whole(int(numbers[0]), scope.width) if len(numbers) == 1 else self._indices(numbers, scope)
        return lookup(self.builder, self.arrangement.tape.tables, x, which)

    def _merged(self, number: int, data: Merge, scope: _Scope) -> Value:
        """A row put together from what waits in memory; that of copies lies behind that of all."""
        arrangement = self.arrangement
        arguments = np.array(arrangement.tape.instructions[number].arguments)
        origin, starts = arguments[data.argument], np.array([arrangement.kept[int(a)] for a in arguments])
        mine = arrangement.copied[origin].astype(np.int64)
        place = self._indices(starts[data.argument] + data.position + mine * self._shared_size, scope)
        if mine.any():
            between = self.builder.mul(self._copy(scope), whole(self._copy_size))
            factor = self._indices(mine, scope)
            place = self.builder.add(place, self.builder.mul(factor, self._splat(between, scope.width)))
        return self._lanes(self.memory, place, scope.width)

    def _indices(self, values: IndexArray, scope: _Scope, last: int | None = None) -> Value:
        """Whole numbers at the positions of a place; where it is filled up the last of them, or `last`."""
        values = filled(values, last)
        key = values.astype(np.int64).tobytes()
        array = table(self.builder.module, f"index.{self._names.setdefault(key, len(self._names))}", WHOLE, values)
        at = self.builder.gep(array, [scope.position], source_etype=WHOLE)
        return self.builder.load(at, typ=vector(WHOLE, scope.width), align=8)

    @cached_property
    def _names(self) -> dict[bytes, int]:
        return {}

    # --- memory -----------------------------------------------------------------------------------------------------

    @cached_property
    def _shared_size(self) -> int:
        return memory_sizes(self.arrangement)[0]

    @cached_property
    def _copy_size(self) -> int:
        return memory_sizes(self.arrangement)[1]

    def _memory(self, mine: bool, scope: _Scope) -> Value:
        """Where memory of all, or of the copy at hand, begins."""
        if not mine:
            return self.memory
        found = scope.find("memory")
        if found is None:
            far = self.builder.mul(self._copy(scope), whole(self._copy_size))
            found = scope.values["memory"] = self._moved(self.memory, self.builder.add(far, whole(self._shared_size)))
        return found

    def _copy(self, scope: _Scope) -> Value:
        assert scope.copy is not None
        return scope.copy

    def _column(self, origin: Origin, scope: _Scope) -> Value:
        column = self.read[origin]
        return self._of_copy(column, origin, scope) if origin[0] in self.arrangement.own else column.start

    def _of_copy(self, column: _Column, key: object, scope: _Scope) -> Value:
        found = scope.find(("column", key))
        if found is None:
            far = self.builder.mul(self._copy(scope), column.between_copies)
            found = scope.values["column", key] = self._moved(column.start, far)
        return found

    def _is_run(self, source: Source, elements: IndexArray) -> bool:
        column = self.arrangement.columns.get(source)
        return column is not None and column.is_run(elements)

    def _read_at(self, start: Value, elements: IndexArray, scope: _Scope, is_run: bool) -> Value:
        """The elements at the positions of a place; those of a run lie side by side."""
        if len(elements) == 1 or scope.position is None:
            return self.builder.load(self._moved(start, whole(int(elements[0]))), typ=NUMBER)
        if not is_run:
            return self._lanes(start, self._indices(elements, scope), scope.width)
        here = self._moved(self._moved(start, whole(int(elements[0]))), scope.position)
        return self.builder.load(here, typ=vector(NUMBER, scope.width), align=8)

    def _lanes(self, start: Value, places: Value, wide: int) -> Value:
        """The numbers at several places, one by one."""
        result = ir.Constant(vector(NUMBER, wide), ir.Undefined)
        for lane in range(wide):
            at = whole(lane, kind=SHORT)
            value = self.builder.load(self._moved(start, self.builder.extract_element(places, at)), typ=NUMBER)
            result = self.builder.insert_element(result, value, at)
        return result

    # --- results ----------------------------------------------------------------------------------------------------

    def _results(self, results: Sequence[Result], scope: _Scope) -> None:
        for result in results:
            column = self.written[result.column]
            start = self._of_copy(column, result.column, scope) if self.arrangement.own else column.start
            self._put(result, start, self._value(result.number, scope), scope)

    def _put(self, result: Result, start: Value, value: Value, scope: _Scope) -> None:
        """A value at its elements: side by side where they lie so, one after the other where they may meet."""
        elements = result.elements
        value = self._real(value, constant(0.0, scope.width), scope) if result.adds else value
        if scope.position is None:
            self._put_one(value, self._moved(start, whole(int(elements[0]))), adds=result.adds)
        elif self._is_run(Source(result.column), elements):
            here = self._moved(self._moved(start, whole(int(elements[0]))), scope.position)
            self._put_one(value, here, adds=result.adds)
        else:
            nowhere = len(self.arrangement.columns[Source(result.column)].order) - 1
            places = self._indices(elements, scope, nowhere)
            for lane in range(scope.width):
                at = whole(lane, kind=SHORT)
                place = self._moved(start, self.builder.extract_element(places, at))
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

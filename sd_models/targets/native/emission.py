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
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from llvmlite import ir

from ...dynamics.functions import Operation
from ...system.model import IndexArray
from ...tape.columns import VECTOR
from ...tape.instructions import REDUCTIONS, Given, Load, Merge, Movement, Places, Tables
from .access import Access, Column, Scope, filled
from .arrangement import Arrangement, Loop, Phase, Result
from .lookups import lookup
from .operations import NEUTRAL, STEPS, apply
from .words import NUMBER, POINTER, WHOLE, Value, constant, table, whole

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
    memory, first, count, increment, copies, *columns = made.args
    listed = [Column(*columns[i : i + 4]) for i in range(0, len(columns), 4)]
    _Code(Access(arrangement, builder, memory), copies).emit(first, count, increment, listed)
    return module


@dataclass(eq=False)
class _Code:
    """The code of a tape while it is written."""

    access: Access
    copies: Value

    @property
    def arrangement(self) -> Arrangement:
        """The order of the tape."""
        return self.access.arrangement

    @property
    def builder(self) -> ir.IRBuilder:
        """What writes the code."""
        return self.access.builder

    def emit(self, first: Value, count: Value, increment: Value, columns: Sequence[Column]) -> None:
        """The whole function."""
        access, origins = self.access, self.arrangement.origins
        with self._repeated(count) as step:
            time = self.builder.add(first, self.builder.mul(step, increment))
            here = [access.at(column, time) for column in columns]
            access.read = dict(zip(origins, here[: len(origins)], strict=True))
            access.written = dict(zip(self.arrangement.tape.results, here[len(origins) :], strict=True))
            numbers = Scope(None)
            for at, phase in enumerate(self.arrangement.phases):
                self._phase(phase, at, numbers)
        self.builder.ret_void()

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

    def _phase(self, phase: Phase, at: int, numbers: Scope) -> None:
        """Single numbers, those that the loops before left, and the loops."""
        finished = [r for r in self._reductions if int(self.arrangement.tape.phases[r]) == at]
        single = [result for result in self.arrangement.results_of(at) if not result.length]
        copied = self.arrangement.copied
        self._numbers([r for r in finished if not copied[r]], phase.shared, numbers)
        mine = [r for r in finished if copied[r]]
        if self.arrangement.own:
            if mine or phase.copied or single:
                with self._repeated(self.copies) as copy:
                    scope = Scope(numbers, copy=copy)
                    self._numbers(mine, phase.copied, scope)
                    self._results(single, scope)
        else:
            self._results(single, numbers)
        for loop in phase.loops:
            results = [r for r in self.arrangement.results_of(at) if r.length == loop.length]
            self._loop(loop, results, numbers)

    def _numbers(self, finished: Sequence[int], lines: Sequence[int], scope: Scope) -> None:
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

    def _loop(self, loop: Loop, results: Sequence[Result], numbers: Scope) -> None:
        """A loop over the positions of rows, with one over copies inside."""
        wide = width(loop.length)
        sums = [n for n in (*loop.shared, *loop.copied) if n in self._reductions]
        self._begin(sums, wide, numbers)
        own = bool(self.arrangement.own)
        with self._repeated(whole(-(-loop.length // wide))) as block:
            partly = loop.length if loop.length % wide else 0
            scope = Scope(numbers, self.builder.mul(block, whole(wide)), wide, partly)
            self._rows(loop.shared, scope)
            if own and (loop.copied or results):
                with self._repeated(self.copies) as copy:
                    inner = Scope(scope, scope.position, wide, partly, copy)
                    self._rows(loop.copied, inner)
                    self._results(results, inner)
            elif not own:
                self._results(results, scope)

    def _begin(self, sums: Sequence[int], wide: int, numbers: Scope) -> None:
        """The vectors that reductions add to, as they are before."""
        copied = self.arrangement.copied
        self._neutral([n for n in sums if not copied[n]], wide, numbers)
        mine = [n for n in sums if copied[n]]
        if mine:
            with self._repeated(self.copies) as copy:
                self._neutral(mine, wide, Scope(numbers, copy=copy))

    def _neutral(self, sums: Sequence[int], wide: int, scope: Scope) -> None:
        for number in sums:
            self.builder.store(constant(NEUTRAL[self._movement(number)], wide), self._sum_at(number, scope), align=8)

    def _movement(self, number: int) -> Movement:
        operation = self.arrangement.tape.instructions[number].operation
        assert isinstance(operation, Movement)
        return operation

    def _sum_at(self, number: int, scope: Scope) -> Value:
        return self.access.moved(
            self.access.memory_of(bool(self.arrangement.copied[number]), scope), whole(self._reductions[number])
        )

    def _rows(self, lines: Sequence[int], scope: Scope) -> None:
        for number in lines:
            if number in self._reductions:
                self._reduce(number, scope)
            else:
                self._evaluate(number, scope)

    def _reduce(self, number: int, scope: Scope) -> None:
        movement, place = self._movement(number), self._sum_at(number, scope)
        row = self._value(self.arrangement.tape.instructions[number].arguments[0], scope)
        real = self.access.real(row, constant(NEUTRAL[movement], scope.width), scope)
        before = self.builder.load(place, typ=row.type, align=8)
        self.builder.store(apply(self.builder, STEPS[movement], [before, real]), place, align=8)

    def _brought_down(self, number: int, scope: Scope) -> Value:
        """The number of a reduction, from the vector that blocks added to: halves on halves."""
        movement, place = self._movement(number), self._sum_at(number, scope)
        wide = width(self.arrangement.tape.instructions[self.arrangement.tape.instructions[number].arguments[0]].length)
        parts = [self.builder.load(self.access.moved(place, whole(i)), typ=NUMBER) for i in range(wide)]
        while len(parts) > 1:
            half = len(parts) // 2
            pairs = zip(parts[:half], parts[half:], strict=True)
            parts = [apply(self.builder, STEPS[movement], pair) for pair in pairs]
        return parts[0]

    # --- values -----------------------------------------------------------------------------------------------------

    def _evaluate(self, number: int, scope: Scope) -> None:
        """The value of an instruction where it runs, put aside where others need it."""
        scope.values[number] = self._computed(number, scope)
        self._keep(number, scope)

    def _computed(self, number: int, scope: Scope) -> Value:
        line = self.arrangement.tape.instructions[number]
        if isinstance(line.operation, Operation):
            return apply(self.builder, line.operation, [self._value(a, scope) for a in line.arguments])
        match line.data:
            case Load(source, elements, role):
                return self.access.read_at(
                    self.access.column((role, source), scope), elements, scope, self.access.is_run(source, elements)
                )
            case Given(values):
                return self._given(number, values, scope)
            case Places(positions):
                waiting = self.arrangement.kept[line.arguments[0]]
                start = self.access.memory_of(bool(self.arrangement.copied[line.arguments[0]]), scope)
                return self.access.read_at(start, positions + waiting, scope, False)
            case Merge():
                return self._merged(number, line.data, scope)
            case Tables(numbers):
                return self._looked_up(line.arguments[0], numbers, scope)
        raise AssertionError(line)

    def _value(self, number: int, scope: Scope) -> Value:
        """The value of an instruction at the positions of a place, a single number at each of them."""
        line = self.arrangement.tape.instructions[number]
        alone = not line.length and scope.width > 1
        key: object = ("wide", number) if alone else number
        found = scope.find(key)
        if found is None:
            found = (
                self.access.splat(self._number(number, scope), scope.width) if alone else self._fetched(number, scope)
            )
            scope.values[key] = found
        return found

    def _number(self, number: int, scope: Scope) -> Value:
        found = scope.find(number)
        if found is None:
            narrow = Scope(scope.around, copy=scope.copy, values=scope.values)
            found = scope.values[number] = self._fetched(number, narrow)
        return found

    def _fetched(self, number: int, scope: Scope) -> Value:
        """A value that is not there: a leaf is read, anything else waits in memory."""
        line = self.arrangement.tape.instructions[number]
        if isinstance(line.data, Load | Given):
            return self._computed(number, scope)
        start = self.access.memory_of(bool(self.arrangement.copied[number]), scope)
        place = self.arrangement.kept[number] + np.arange(max(line.length, 1))
        return self.access.read_at(start, place, scope, True)

    def _keep(self, number: int, scope: Scope) -> None:
        if number not in self.arrangement.kept:
            return
        start = self.access.memory_of(bool(self.arrangement.copied[number]), scope)
        place = self.access.moved(start, whole(self.arrangement.kept[number]))
        row = self.arrangement.tape.instructions[number].length
        at = self.access.moved(place, scope.position) if row and scope.position is not None else place
        self.builder.store(scope.values[number], at, align=8)

    def _given(self, number: int, values: np.ndarray, scope: Scope) -> Value:
        if len(values) == 1:
            return constant(values[0])
        array = table(self.builder.module, f"row.{number}", NUMBER, filled(values))
        return self.access.read_at(array, np.arange(len(values)), scope, True)

    def _looked_up(self, argument: int, numbers: IndexArray, scope: Scope) -> Value:
        x = self._value(argument, scope)
        which = whole(int(numbers[0]), scope.width) if len(numbers) == 1 else self.access.indices(numbers, scope)
        return lookup(self.builder, self.arrangement.tape.tables, x, which)

    def _merged(self, number: int, data: Merge, scope: Scope) -> Value:
        """A row put together from what waits in memory; that of copies lies behind that of all."""
        arrangement = self.arrangement
        arguments = np.array(arrangement.tape.instructions[number].arguments)
        origin, starts = arguments[data.argument], np.array([arrangement.kept[int(a)] for a in arguments])
        mine = arrangement.copied[origin].astype(np.int64)
        place = self.access.indices(starts[data.argument] + data.position + mine * self.access.shared_size, scope)
        if mine.any():
            between = self.builder.mul(self.access.copy(scope), whole(self.access.copy_size))
            factor = self.access.indices(mine, scope)
            place = self.builder.add(place, self.builder.mul(factor, self.access.splat(between, scope.width)))
        return self.access.lanes(self.access.memory, place, scope.width)

    # --- memory -----------------------------------------------------------------------------------------------------

    # --- results ----------------------------------------------------------------------------------------------------

    def _results(self, results: Sequence[Result], scope: Scope) -> None:
        for result in results:
            column = self.access.written[result.column]
            start = self.access.of_copy(column, result.column, scope) if self.arrangement.own else column.start
            self.access.put(result, start, self._value(result.number, scope), scope)

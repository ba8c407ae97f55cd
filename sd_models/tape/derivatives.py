"""Derivatives of tapes as tapes: along a direction (tangent), and of a weighted sum of results (reverse sweep).

Each is made by walking over the instructions once, and is as long with thousands of regions as with four. The product
of the second derivative with a direction is the tangent of a reverse sweep.

At a kink the derivative is that of one side, as CasADi has it: the first of equals in MIN and MAX, the right side of a
point of a table, zero for ABS at zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..dynamics.functions import Operation
from ..system.model import FloatArray, IndexArray, Interpolation, Series
from .instructions import (
    REDUCTIONS,
    Given,
    Instruction,
    Load,
    Merge,
    Movement,
    Placed,
    Places,
    Role,
    Source,
    Tables,
    Tape,
)
from .recording import Recorder

MOVED: Mapping[Role, Role] = {Role.VALUE: Role.DIRECTION, Role.WEIGHT: Role.WEIGHT_DIRECTION}
"""The role of the direction in which what is read in a role moves."""


def tangent(tape: Tape, sources: Sequence[Source], *, local: bool = False) -> Tape:
    """How the results of a tape change along a direction of these sources.

    The results keep their names. The tape reads, besides values, the directions of the sources; of a tape that reads
    weights, theirs too. With `local`, sums over rows do not move, nor what a row takes from other positions: each
    position moves as if it moved alone and nothing answered it. What is read as a single number still moves.
    """
    work = _Copy(tape, sources, local)
    for number in range(len(tape.instructions)):
        work.copy(number)
        work.tangents.append(work.moved(number))
    results = {name: work.placed(placed, work.tangents) for name, placed in tape.results.items()}
    return work.recorder.tape(results)


def reverse(tape: Tape, sources: Sequence[Source]) -> Tape:
    """The derivative of the sum of all results, each times its weight, to these sources.

    Results are named like the sources; where several places give an element, their sum is its derivative. Weights are
    read as those of the sources that have the names of the results.
    """
    work = _Copy(tape, sources)
    for number in range(len(tape.instructions)):
        work.copy(number)
    sweep = _Sweep(work)
    for name, placed in tape.results.items():
        for one in placed:
            weight = work.recorder.load(Source(name), one.elements, Role.WEIGHT)
            sweep.add(one.number, work.as_long(weight, one.number, len(one.elements)))
    for number in reversed(range(len(tape.instructions))):
        sweep.back(number)
    return work.recorder.tape({str(source): sweep.found[source] for source in sources})


@dataclass(eq=False)
class _Copy:
    """A tape recorded once more, with what is derived from it."""

    tape: Tape
    sources: Sequence[Source]
    local: bool = False
    recorder: Recorder = field(default_factory=Recorder)
    numbers: list[int] = field(default_factory=list)
    tangents: list[int | None] = field(default_factory=list)

    def copy(self, number: int) -> None:
        """The instruction in the new tape."""
        line = self.tape.instructions[number]
        self.numbers.append(self._again(line, [self.numbers[a] for a in line.arguments]))

    def _again(self, line: Instruction, arguments: Sequence[int]) -> int:
        match line.data:
            case Load(source, elements, role):
                return self.recorder.load(source, elements, role)
            case Given(values):
                return self.recorder.constant(values)
            case Tables(tables):
                return self.recorder.lookup(arguments[0], self.tables(tables))
            case _ if isinstance(line.operation, Operation):
                return self.recorder.apply(line.operation, *arguments)
        return self.across(line, arguments)

    def across(self, line: Instruction, arguments: Sequence[int]) -> int:
        """An instruction that moves numbers about, with other arguments."""
        match line.data:
            case Places(positions):
                taken = self.recorder.take(arguments[0], positions)
                return taken if line.length else self.recorder.pick(arguments[0], int(positions[0]))
            case Merge(argument, position):
                found = np.array(arguments)[argument]
                return self.recorder.merge(found, position)
        assert isinstance(line.operation, Movement)
        return self.recorder.reduce(line.operation, arguments[0], self.length(line.arguments[0]))

    def length(self, number: int) -> int:
        """The length of the row in the given tape."""
        return self.tape.instructions[number].length

    def tables(self, tables: IndexArray, change: Callable[[Series], Series] = lambda series: series) -> IndexArray:
        """The numbers of tables, or of what becomes of them, in the new tape."""
        found = [change(self.tape.tables[t]) if t >= 0 else None for t in tables.tolist()]
        return np.array([-1 if series is None else self.recorder.table(series, series.y) for series in found])

    def zero(self) -> int:
        """Nothing."""
        return self.recorder.constant(0.0)

    def as_long(self, weight: int, number: int, count: int) -> int:
        """The weight of a result at several places: where its value is a single number, their sum."""
        if self.length(number) or count == 1:
            return weight
        return self.recorder.reduce(Movement.SUM, weight, count)

    def placed(self, placed: Sequence[Placed], values: Sequence[int | None]) -> list[Placed]:
        """Where values go that belong to the instructions of the given tape."""
        return [Placed(self._or_zero(values[p.number]), p.elements) for p in placed]

    def _or_zero(self, number: int | None) -> int:
        return self.zero() if number is None else number

    # --- partial derivatives ----------------------------------------------------------------------------------------

    def moved(self, number: int) -> int | None:
        """How the value moves, None if it does not."""
        line = self.tape.instructions[number]
        if isinstance(line.data, Load):
            return self._loaded(line.data)
        moves = [self.tangents[a] for a in line.arguments]
        if all(move is None for move in moves):
            return None
        if self.local and (line.operation in REDUCTIONS or isinstance(line.data, Places | Merge)):
            return self._moved_here(line, [self._or_zero(move) for move in moves])
        if isinstance(line.data, Places | Merge) or line.operation is Movement.SUM:
            return self.across(line, [self._or_zero(move) for move in moves])
        if line.operation is Operation.CHOOSE:
            condition = self.numbers[line.arguments[0]]
            return self.recorder.apply(line.operation, condition, *(self._or_zero(move) for move in moves[1:]))
        parts = [self._times(move, self.partial(number, place)) for place, move in enumerate(moves) if move is not None]
        total = self.total([part for part in parts if part is not None])
        if total is not None and line.operation in REDUCTIONS:
            return self.recorder.reduce(Movement.SUM, total, self.length(line.arguments[0]))
        return total

    def _moved_here(self, line: Instruction, moves: Sequence[int]) -> int | None:
        """What of a movement stays at its position."""
        match line.data:
            case Places(positions):
                found, position = np.full(line.length, moves[0]), positions
            case Merge(argument, position):
                found = np.array(moves)[argument]
            case _:
                return None
        here = np.arange(len(found))
        found[position[: len(found)] != here] = self.zero()
        return self.recorder.merge(found, here) if len(found) else None

    def _loaded(self, load: Load) -> int | None:
        if load.role is Role.VALUE and load.source not in self.sources:
            return None
        return self.recorder.load(load.source, load.elements, MOVED[load.role])

    def total(self, parts: Sequence[int]) -> int | None:
        """The sum of parts, None of none."""
        result: int | None = None
        for part in parts:
            result = part if result is None else self.recorder.apply(Operation.ADD, result, part)
        return result

    def _times(self, number: int, partial: int | None) -> int | None:
        if partial is None:
            return None
        known = self.recorder.values(partial)
        if known is not None and (known == 1).all():
            return number
        return self.recorder.apply(Operation.MULTIPLY, number, partial)

    def partial(self, number: int, place: int) -> int | None:
        """The derivative of an instruction to one of its arguments, None for zero everywhere."""
        line = self.tape.instructions[number]
        if isinstance(line.data, Tables):
            slopes = self.tables(line.data.numbers, _slopes)
            return self.recorder.lookup(self.numbers[line.arguments[0]], slopes)
        if line.operation in REDUCTIONS:
            return _REDUCED[line.operation](
                self, self.numbers[line.arguments[0]], number, self.length(line.arguments[0])
            )
        rule = _PARTIALS.get(line.operation)
        if rule is None:
            return None
        arguments = [self.numbers[a] for a in line.arguments]
        return rule(_Arithmetic(self.recorder), place, arguments, self.numbers[number])


@dataclass(frozen=True, eq=False)
class _Arithmetic:
    """Operations by their signs, so that rules read like formulas."""

    recorder: Recorder

    def __call__(self, operation: Operation, *arguments: int | float) -> int:
        known = [a if isinstance(a, int) else self.recorder.constant(a) for a in arguments]
        return self.recorder.apply(operation, *known)


_Rule = Callable[[_Arithmetic, int, Sequence[int], int], int | None]


def _of_divide(do: _Arithmetic, place: int, arguments: Sequence[int], value: int) -> int:
    one = do(Operation.DIVIDE, 1.0, arguments[1])
    return one if place == 0 else do(Operation.NEGATE, do(Operation.MULTIPLY, value, one))


def _of_power(do: _Arithmetic, place: int, arguments: Sequence[int], value: int) -> int:
    """Zero to a power above 1 has derivative zero to the exponent as well.

    Why the power over its base where that is sure to be right, and not a power once more: it takes a sixth of the time.
    """
    base, exponent = arguments
    if place == 0:
        less = do(Operation.SUBTRACT, exponent, 1.0)
        if _is_smooth_at_zero(do.recorder.values(exponent)):
            lower = do(Operation.CHOOSE, base, do(Operation.DIVIDE, value, base), do(Operation.POWER, 0.0, less))
        else:
            lower = do(Operation.POWER, base, less)
        return do(Operation.MULTIPLY, exponent, lower)
    flat = do(Operation.AND, do(Operation.EQUAL, base, 0.0), do(Operation.LESS, 1.0, exponent))
    slope = do(Operation.MULTIPLY, value, do(Operation.LOG, do(Operation.CHOOSE, flat, 1.0, base)))
    return do(Operation.CHOOSE, flat, 0.0, slope)


def _is_smooth_at_zero(exponent: FloatArray | None) -> bool:
    """Whether the slope of a power with a known exponent moves at zero like a number, or is none there.

    That of an exponent up to 2 moves though it is zero, or infinitely fast.
    """
    return exponent is not None and bool(((exponent > 2) | (exponent < 1)).all())


def _of_extreme(do: _Arithmetic, place: int, arguments: Sequence[int], _: int, *, least: bool) -> int:
    one, other = arguments if least else arguments[::-1]
    first = do(Operation.LESS_EQUAL, one, other)
    return first if place == 0 else do(Operation.NOT, first)


def _of_absolute(do: _Arithmetic, _: int, arguments: Sequence[int], __: int) -> int:
    x = arguments[0]
    return do(Operation.SUBTRACT, do(Operation.LESS, 0.0, x), do(Operation.LESS, x, 0.0))


def _of_remainder(do: _Arithmetic, place: int, arguments: Sequence[int], value: int) -> int:
    if place == 0:
        return do.recorder.constant(1.0)
    return do(Operation.DIVIDE, do(Operation.SUBTRACT, value, arguments[0]), arguments[1])


def _of_root(do: _Arithmetic, sign: float, x: int) -> int:
    """One over the root of 1 - x^2, with a sign."""
    inside = do(Operation.SUBTRACT, 1.0, do(Operation.MULTIPLY, x, x))
    return do(Operation.DIVIDE, sign, do(Operation.SQRT, inside))


_PARTIALS: Mapping[Operation | Movement, _Rule] = {
    Operation.ADD: lambda do, place, arguments, value: do.recorder.constant(1.0),
    Operation.SUBTRACT: lambda do, place, arguments, value: do.recorder.constant(-1.0 if place else 1.0),
    Operation.MULTIPLY: lambda do, place, arguments, value: arguments[1 - place],
    Operation.DIVIDE: _of_divide,
    Operation.NEGATE: lambda do, place, arguments, value: do.recorder.constant(-1.0),
    Operation.POWER: _of_power,
    Operation.MINIMUM: lambda do, place, arguments, value: _of_extreme(do, place, arguments, value, least=True),
    Operation.MAXIMUM: lambda do, place, arguments, value: _of_extreme(do, place, arguments, value, least=False),
    Operation.ABSOLUTE: _of_absolute,
    Operation.REMAINDER: _of_remainder,
    Operation.EXP: lambda do, place, arguments, value: value,
    Operation.LOG: lambda do, place, arguments, value: do(Operation.DIVIDE, 1.0, arguments[0]),
    Operation.SQRT: lambda do, place, arguments, value: do(Operation.DIVIDE, 0.5, value),
    Operation.SIN: lambda do, place, arguments, value: do(Operation.COS, arguments[0]),
    Operation.COS: lambda do, place, arguments, value: do(Operation.NEGATE, do(Operation.SIN, arguments[0])),
    Operation.TAN: lambda do, place, arguments, value: do(Operation.ADD, 1.0, do(Operation.MULTIPLY, value, value)),
    Operation.ARCSIN: lambda do, place, arguments, value: _of_root(do, 1.0, arguments[0]),
    Operation.ARCCOS: lambda do, place, arguments, value: _of_root(do, -1.0, arguments[0]),
    Operation.ARCTAN: lambda do, place, arguments, value: do(
        Operation.DIVIDE, 1.0, do(Operation.ADD, 1.0, do(Operation.MULTIPLY, arguments[0], arguments[0]))
    ),
    Operation.SINH: lambda do, place, arguments, value: do(Operation.COSH, arguments[0]),
    Operation.COSH: lambda do, place, arguments, value: do(Operation.SINH, arguments[0]),
    Operation.TANH: lambda do, place, arguments, value: do(
        Operation.SUBTRACT, 1.0, do(Operation.MULTIPLY, value, value)
    ),
}
"""The derivative of each operation to the argument at a place; what is not here moves in jumps only."""


def _of_product(work: _Copy, row: int, number: int, length: int) -> int:
    """The product of all other positions: not a quotient where one of them is zero."""
    do, recorder = _Arithmetic(work.recorder), work.recorder
    is_zero = do(Operation.EQUAL, row, 0.0)
    safe = do(Operation.CHOOSE, is_zero, 1.0, row)
    zeros, others = recorder.reduce(Movement.SUM, is_zero, length), recorder.reduce(Movement.PRODUCT, safe, length)
    alone = do(Operation.CHOOSE, do(Operation.EQUAL, zeros, 1.0), others, 0.0)
    return do(Operation.CHOOSE, is_zero, alone, do(Operation.DIVIDE, work.numbers[number], safe))


def _of_first(work: _Copy, row: int, number: int, length: int) -> int:
    """1 at the first position that has the extreme value."""
    do, places = _Arithmetic(work.recorder), work.recorder.constant(np.arange(length, dtype=np.float64))
    there = do(Operation.EQUAL, row, work.numbers[number])
    first = work.recorder.reduce(Movement.LEAST, do(Operation.CHOOSE, there, places, np.inf), length)
    return do(Operation.EQUAL, places, first)


_REDUCED: Mapping[Operation | Movement, Callable[[_Copy, int, int, int], int]] = {
    Movement.SUM: lambda work, row, number, length: work.recorder.constant(1.0),
    Movement.PRODUCT: _of_product,
    Movement.LEAST: _of_first,
    Movement.LARGEST: _of_first,
}
"""The derivative of a reduction to its row."""


def _slopes(series: Series) -> Series:
    """The slope of a table as a table that holds from point to point."""
    rise, width = np.diff(series.y.ravel()), np.diff(series.x)
    inner = np.divide(rise, width, out=np.zeros_like(rise), where=width > 0)
    if series.interpolation in (Interpolation.BACKWARD, Interpolation.FORWARD) or not len(inner):
        inner = np.zeros_like(inner)
    prolonged = series.interpolation is Interpolation.EXTRAPOLATE and len(inner) > 0
    ends: FloatArray = inner[[0, -1]] if prolonged else np.zeros(2)
    x = np.concatenate([[-np.inf], series.x])
    return Series(x, np.concatenate([ends[:1], inner, ends[1:]]), Interpolation.BACKWARD)


@dataclass(eq=False)
class _Sweep:
    """The derivative of the weighted sum to each instruction of the given tape, from the last to the first."""

    work: _Copy
    parts: dict[int, list[int]] = field(default_factory=dict)
    found: dict[Source, list[Placed]] = field(init=False)

    def __post_init__(self) -> None:
        self.found = {source: [] for source in self.work.sources}

    def add(self, number: int, part: int) -> None:
        """One more use of an instruction."""
        self.parts.setdefault(number, []).append(part)

    def back(self, number: int) -> None:
        """Pass on what an instruction is worth to its arguments."""
        weight = self.work.total(self.parts.pop(number, []))
        line = self.work.tape.instructions[number]
        if weight is None:
            return
        match line.data:
            case Load(source, elements, Role.VALUE):
                if source in self.found:
                    self.found[source].append(Placed(weight, elements))
            case Places(positions):
                self._scattered(line.arguments[0], weight, np.arange(len(positions)), positions)
            case Merge(argument, position):
                for place, name in enumerate(line.arguments):
                    here = np.flatnonzero(argument == place)
                    self._scattered(name, weight, here, position[here])
            case _ if line.operation is Operation.CHOOSE:
                self._chosen(line, weight)
            case _:
                self._multiplied(number, line, weight)

    def _chosen(self, line: Instruction, weight: int) -> None:
        condition, one, other = line.arguments
        zero, holds = self.work.zero(), self.work.numbers[condition]
        self._give(one, line, self.work.recorder.apply(Operation.CHOOSE, holds, weight, zero))
        self._give(other, line, self.work.recorder.apply(Operation.CHOOSE, holds, zero, weight))

    def _multiplied(self, number: int, line: Instruction, weight: int) -> None:
        for place, argument in enumerate(line.arguments):
            partial = self.work.partial(number, place)
            if partial is not None:
                self._give(argument, line, self._product(line, weight, partial))

    def _product(self, line: Instruction, weight: int, partial: int) -> int:
        """The weight times a slope; a weight of zero, of a branch that does not hold, leaves no infinite slope."""
        do = _Arithmetic(self.work.recorder)
        known = self.work.recorder.values(partial)
        if known is not None and (known == 1).all():
            return weight
        product = do(Operation.MULTIPLY, weight, partial)
        if line.operation not in _UNBOUNDED or not self.has_branches:
            return product
        return do(Operation.CHOOSE, weight, product, 0.0)

    @cached_property
    def has_branches(self) -> bool:
        """Whether the tape chooses anywhere."""
        return any(line.operation is Operation.CHOOSE for line in self.work.tape.instructions)

    def _give(self, argument: int, line: Instruction, part: int) -> None:
        """Part of the worth of an argument; a single number that rows read has the sum over their positions."""
        length = self.work.length(line.arguments[0]) if line.operation in REDUCTIONS else line.length
        if length and not self.work.length(argument):
            part = self.work.recorder.reduce(Movement.SUM, part, length)
        self.add(argument, part)

    def _scattered(self, argument: int, weight: int, here: IndexArray, positions: IndexArray) -> None:
        """The weights at some places given to the positions of the row that they came from."""
        recorder, length = self.work.recorder, self.work.length(argument)
        mine = recorder.take(weight, here) if recorder.length(weight) else weight
        if not length:
            self.add(argument, recorder.reduce(Movement.SUM, mine, len(here)) if len(here) > 1 else mine)
            return
        for layer in _layers(positions):
            numbers = np.full(length, self.work.zero())
            where = np.zeros(length, dtype=np.int64)
            numbers[positions[layer]], where[positions[layer]] = mine, layer
            self.add(argument, recorder.merge(numbers, where))


_UNBOUNDED = frozenset(
    (
        Operation.DIVIDE,
        Operation.POWER,
        Operation.LOG,
        Operation.SQRT,
        Operation.ARCSIN,
        Operation.ARCCOS,
        Operation.TAN,
        Operation.EXP,
        Operation.SINH,
        Operation.COSH,
        Operation.REMAINDER,
    )
)
"""Operations whose slope may be infinite or missing."""


def _layers(positions: IndexArray) -> list[IndexArray]:
    """The places parted so that no position comes twice in a part.

    >>> [layer.tolist() for layer in _layers(np.array([3, 1, 3]))]
    [[0, 1], [2]]
    """
    rank = np.array([int((positions[:i] == p).sum()) for i, p in enumerate(positions)])
    return [np.flatnonzero(rank == layer) for layer in range(int(rank.max(initial=-1)) + 1)]

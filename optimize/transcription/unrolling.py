"""A tape with Pyomo expressions in place of numbers, one step after the other.

Rows are arrays of symbols, one for each position. What no outcome needs is left out: instructions from which neither a
wanted output nor a stock that reaches one follows. What several instructions read becomes an expression of its own
(`shared`), so that it is written once: an expression is a tree, and a tape is not. So does what looks at a whole row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np

from sd_models.dynamics.functions import Operation
from sd_models.system.model import FloatArray, Series
from sd_models.tape.instructions import (
    REDUCTIONS,
    Given,
    Instruction,
    Load,
    Merge,
    Movement,
    Placed,
    Places,
    Source,
    Tables,
    Tape,
)

from . import symbols
from .symbols import Symbol

Symbols: TypeAlias = Any  # an array of symbols, (positions,), or one symbol
Keep: TypeAlias = Callable[[int, int, Symbol], Symbol]
"""What becomes of an expression that has to be kept: its instruction, its position, itself."""


class Arithmetic(Protocol):
    """What operations and tables are on symbols; the functions of `symbols`, or another way to state them."""

    def apply(self, operation: Operation, *arguments: Symbol) -> Symbol:
        """An operation; a number where all arguments are."""

    def look_up(self, table: Series, points: FloatArray, x: Symbol) -> Symbol:
        """A table (the values at its points) read at a symbol."""

    def total(self, row: Sequence[Symbol]) -> Symbol:
        """The sum of symbols."""


CHEAP = (Movement.LOAD, Movement.CONSTANT, Movement.PICK, Movement.TAKE, Movement.MERGE)


@dataclass(frozen=True)
class Part:
    """The part of a tape from which some results follow: elements of columns, by name."""

    tape: Tape
    wanted: Mapping[str, Collection[int]]

    @cached_property
    def placed(self) -> Mapping[str, tuple[Placed, ...]]:
        """The results that have a wanted element."""
        return {
            name: tuple(one for one in self.tape.results[name] if not set(one.elements.tolist()).isdisjoint(elements))
            for name, elements in self.wanted.items()
        }

    @cached_property
    def lines(self) -> tuple[int, ...]:
        """The instructions that are needed, in order."""
        needed = np.zeros(len(self.tape.instructions), dtype=bool)
        for placed in self.placed.values():
            needed[[one.number for one in placed]] = True
        for number in reversed(range(len(needed))):
            if needed[number]:
                needed[list(self.tape.instructions[number].arguments)] = True
        return tuple(np.flatnonzero(needed).tolist())

    @cached_property
    def uses(self) -> Counter[int]:
        """How many needed instructions and results read each instruction."""
        found = Counter(a for number in self.lines for a in self.tape.instructions[number].arguments)
        found.update(one.number for placed in self.placed.values() for one in placed)
        return found

    def loaded(self, source: Source) -> frozenset[int]:
        """The elements of a source that are read."""
        loads = (self.tape.instructions[number].data for number in self.lines)
        return frozenset(
            int(element)
            for load in loads
            if isinstance(load, Load) and load.source is source
            for element in load.elements
        )

    def results(
        self, sources: Mapping[Source, Sequence[Symbol]], keep: Keep, arithmetic: Arithmetic = symbols
    ) -> dict[str, dict[int, Symbol]]:
        """The wanted elements of the results, from the columns that are read."""
        values: dict[int, Symbols] = {}
        for number in self.lines:
            line = self.tape.instructions[number]
            found = _value(self.tape, line, [values[a] for a in line.arguments], sources, arithmetic)
            if line.operation in REDUCTIONS or (self.uses[number] > 1 and line.operation not in CHEAP):
                found = _kept(found, number, keep)
            values[number] = found
        return {name: dict(self._elements(placed, values)) for name, placed in self.placed.items()}

    @staticmethod
    def _elements(placed: Sequence[Placed], values: Mapping[int, Symbols]) -> Iterator[tuple[int, Symbol]]:
        for one in placed:
            value = values[one.number]
            for place, element in enumerate(one.elements.tolist()):
                yield element, value[place] if isinstance(value, np.ndarray) else value


def needed(step: Tape, outputs: Collection[int]) -> Part:
    """The part of a step from which outputs follow, and the stocks from which these follow at any later time."""
    stocks: frozenset[int] = frozenset()
    while True:
        part = Part(step, {"stocks": stocks, "outputs": outputs})
        read = part.loaded(Source.STOCKS)
        if read <= stocks:
            return part
        stocks |= read


def _kept(found: Symbols, number: int, keep: Keep) -> Symbols:
    if not isinstance(found, np.ndarray):
        return found if isinstance(found, float) else keep(number, 0, found)
    return _array(one if isinstance(one, float) else keep(number, place, one) for place, one in enumerate(found))


def _array(symbols: Iterator[Symbol] | Sequence[Symbol]) -> Symbols:
    """Symbols as an array, which holds them as they are."""
    listed = list(symbols)
    found = np.empty(len(listed), dtype=object)
    for place, symbol in enumerate(listed):
        found[place] = symbol
    return found


def _value(
    tape: Tape,
    line: Instruction,
    arguments: Sequence[Symbols],
    sources: Mapping[Source, Sequence[Symbol]],
    arithmetic: Arithmetic,
) -> Symbols:
    """The value of an instruction: an array for a row, a symbol for a single number."""
    operation = line.operation
    if isinstance(operation, Operation):
        return _elementwise(line, arguments, lambda *given: arithmetic.apply(operation, *given))
    match line.data:
        case Load(source, elements):
            column = sources[source]
            return _array([column[e] for e in elements.tolist()]) if line.length else column[int(elements[0])]
        case Given(numbers):
            return _array(numbers.tolist()) if line.length else float(numbers[0])
        case Places(positions):
            return arguments[0][positions] if line.length else arguments[0][int(positions[0])]
        case Merge(argument, position):
            parts = [part if isinstance(part, np.ndarray) else [part] for part in arguments]
            return _array([parts[a][p] for a, p in zip(argument.tolist(), position.tolist(), strict=True)])
        case Tables(numbers):
            return _looked_up(tape, line, arguments[0], numbers.tolist(), arithmetic)
    return _reduced(line.operation, arguments[0], arithmetic)


def _elementwise(line: Instruction, arguments: Sequence[Symbols], work: Callable[..., Symbol]) -> Symbols:
    if not line.length:
        return work(*arguments)
    rows = [part if isinstance(part, np.ndarray) else [part] * line.length for part in arguments]
    return _array([work(*given) for given in zip(*rows, strict=True)])


def _looked_up(tape: Tape, line: Instruction, x: Symbols, tables: list[int], arithmetic: Arithmetic) -> Symbols:
    if not line.length:
        return _read(tape, tables[0], x, arithmetic)
    row = x if isinstance(x, np.ndarray) else [x] * line.length
    numbers = tables if len(tables) == line.length else tables * line.length
    return _array([_read(tape, table, one, arithmetic) for table, one in zip(numbers, row, strict=True)])


def _read(tape: Tape, table: int, x: Symbol, arithmetic: Arithmetic) -> Symbol:
    return arithmetic.look_up(tape.tables[table], tape.tables[table].y.ravel(), x) if table >= 0 else float("nan")


_BETWEEN = {
    Movement.SUM: Operation.ADD,
    Movement.PRODUCT: Operation.MULTIPLY,
    Movement.LEAST: Operation.MINIMUM,
    Movement.LARGEST: Operation.MAXIMUM,
}


def _reduced(operation: Any, row: Symbols, arithmetic: Arithmetic) -> Symbol:
    """A row brought down to one symbol, element after element."""
    between = _BETWEEN[operation]
    if between is Operation.ADD:
        return arithmetic.total(row)
    found = row[0]
    for one in row[1:]:
        found = arithmetic.apply(between, found, one)
    return found

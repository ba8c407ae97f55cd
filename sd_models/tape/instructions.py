"""A tape: one calculation as a straight line of instructions over rows.

The value of an instruction is a row, one number for each position along a lane (the regions, or part of them), or a
single number. Elementwise operations take rows of one length and numbers; everything else moves numbers about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

import numpy as np

from ..dynamics.functions import Operation
from ..system.model import FloatArray, IndexArray, Series


class Source(StrEnum):
    """The columns that a tape reads; outputs are read as weights alone."""

    STOCKS = "stocks"
    LEVERS = "levers"
    CONSTANTS = "constants"
    INITIALS = "initials"
    DATA = "data"
    TIME = "time"
    OUTPUTS = "outputs"


class Role(StrEnum):
    """What is read of a column: its values, the direction in which they move, the weight that each result has in what
    is differentiated, or the direction in which that weight moves."""

    VALUE = "value"
    DIRECTION = "direction"
    WEIGHT = "weight"
    WEIGHT_DIRECTION = "direction of the weight"


class Movement(StrEnum):
    """What an instruction does that is no elementwise operation.

    LOAD reads elements of a source, CONSTANT is given; SUM, PRODUCT, LEAST and LARGEST bring a row down to one number;
    PICK is one position of a row, TAKE several of them as a row; MERGE puts a row together from numbers and positions
    of rows; LOOKUP reads a table at its argument, at each position one of its own if need be.
    """

    LOAD = "load"
    CONSTANT = "constant"
    SUM = "sum"
    PRODUCT = "product"
    LEAST = "least"
    LARGEST = "largest"
    PICK = "pick"
    TAKE = "take"
    MERGE = "merge"
    LOOKUP = "lookup"


REDUCTIONS = frozenset((Movement.SUM, Movement.PRODUCT, Movement.LEAST, Movement.LARGEST))
ACROSS = REDUCTIONS | {Movement.PICK, Movement.TAKE, Movement.MERGE}
"""What looks at other positions of a row than its own, so that the whole row must be there before."""


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """The elements of a source, one for each position."""

    source: Source
    elements: IndexArray
    role: Role = Role.VALUE


@dataclass(frozen=True, slots=True, eq=False)
class Merge:
    """For each position, the argument that it comes from, and the position in it (0 in a number)."""

    argument: IndexArray
    position: IndexArray


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Numbers of a CONSTANT, one for each position."""

    values: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The positions of a row that a PICK (one) or a TAKE reads."""

    positions: IndexArray


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The number of the table that a LOOKUP reads, at each position or (one) at all; -1 has no points and is NaN."""

    numbers: IndexArray


Data: TypeAlias = Load | Merge | Given | Places | Tables | None


@dataclass(frozen=True, slots=True, eq=False)
class Instruction:
    """One line: an operation on the values of earlier lines. `length` is that of the row, 0 for a single number."""

    operation: Operation | Movement
    arguments: tuple[int, ...]
    length: int
    data: Data = None


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Where the value of an instruction goes: an element of a column for each position."""

    number: int
    elements: IndexArray


@dataclass(frozen=True, eq=False)
class Tape:
    """The instructions in order, the tables that they read, and the columns that come out, by name."""

    instructions: tuple[Instruction, ...]
    tables: tuple[Series, ...]
    results: Mapping[str, tuple[Placed, ...]]

    @cached_property
    def phases(self) -> IndexArray:
        """The phase of each instruction: a row is whole, so that others may look across it, one phase later."""
        found = np.zeros(len(self.instructions), dtype=np.int64)
        for number, line in enumerate(self.instructions):
            later = line.operation in ACROSS
            found[number] = max(
                (found[a] + (later and self.instructions[a].length > 0) for a in line.arguments), default=0
            )
        return found

    @property
    def counts(self) -> tuple[int, int]:
        """The number of instructions on rows and on single numbers, constants and loads aside."""
        still = (Movement.LOAD, Movement.CONSTANT)
        rows = [line.length > 0 for line in self.instructions if line.operation not in still]
        return sum(rows), len(rows) - sum(rows)


def ordered(tape: Tape, roots: Iterable[int]) -> list[int]:
    """What the roots need, each behind its arguments, these as close before it as can be."""
    seen: set[int] = set()
    order: list[int] = []
    for root in sorted(set(roots)):
        open_lines = [(root, False)]
        while open_lines:
            number, ready = open_lines.pop()
            if ready:
                order.append(number)
            elif number not in seen:
                seen.add(number)
                open_lines.append((number, True))
                open_lines.extend((a, False) for a in reversed(tape.instructions[number].arguments))
    return order

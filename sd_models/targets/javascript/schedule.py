"""The instructions of a part of a tape in order: phase by phase single numbers, rows that are put together, and loops.

A part is what runs together: once a run what depends on constants alone, in every step what the next stocks need, at
the times that are kept what only outputs need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ...system.model import Mask
from ...tape.instructions import REDUCTIONS, Load, Movement, Source, Tape, ordered

LONGEST = 120  # instructions of a loop


class Part(StrEnum):
    """When instructions run."""

    ONCE = "once"
    STEP = "step"
    OUTPUT = "output"


class Shape(StrEnum):
    """What a unit is: lines of single numbers, rows put together, a loop over the positions of rows, or results that
    its part only copies."""

    NUMBERS = "numbers"
    MERGES = "merges"
    LOOP = "loop"
    COPIES = "copies"


@dataclass(frozen=True, eq=False)
class Unit:
    """Instructions that become one function; `length` is that of the rows of a loop."""

    part: Part
    shape: Shape
    length: int
    lines: tuple[int, ...]


LEAVES = frozenset((Movement.LOAD, Movement.CONSTANT, Movement.PICK, Movement.TAKE))
"""What is read where it is used: it has no line of its own."""


def units(tape: Tape, roots: Sequence[tuple[Part, Sequence[int]]], once: Mask) -> list[Unit]:
    """The units of parts in the order in which they run; `roots` are what each part brings about.

    What is marked `once` belongs to that part.
    """
    done = np.zeros(len(tape.instructions), dtype=bool)
    found: list[Unit] = []
    wanted = ordered(tape, [number for _, numbers in roots for number in numbers])
    found += _of_part(tape, Part.ONCE, [number for number in wanted if once[number]])
    done |= once
    for part, numbers in roots:
        lines = [number for number in ordered(tape, numbers) if not done[number]]
        done[lines] = True
        found += _of_part(tape, part, lines)
        own = {number for unit in found if unit.part is part for number in unit.lines}
        found += _chunks(part, Shape.COPIES, 0, sorted(set(numbers) - own))
    return found


def constant_all_through(tape: Tape) -> Mask:
    """Which instructions depend on constants of the run alone, and so are the same in every step."""
    still = np.zeros(len(tape.instructions), dtype=bool)
    for number, line in enumerate(tape.instructions):
        given = not isinstance(line.data, Load) or line.data.source is Source.CONSTANTS
        still[number] = given and all(still[a] for a in line.arguments)
    return still


def _of_part(tape: Tape, part: Part, lines: Sequence[int]) -> list[Unit]:
    """The units of one part. A reduction runs in the loop of its row, one phase before it is there."""
    named = [n for n in lines if tape.instructions[n].operation not in LEAVES]
    found: list[Unit] = []
    phase = {n: int(tape.phases[n]) - (tape.instructions[n].operation in REDUCTIONS) for n in named}
    for at in sorted(set(phase.values())):
        here = [n for n in named if phase[n] == at]
        shapes = {n: _shape(tape, n) for n in here}
        lengths = {n: _length(tape, n) for n in here}
        found += _chunks(part, Shape.NUMBERS, 0, [n for n in here if shapes[n] is Shape.NUMBERS])
        found += _chunks(part, Shape.MERGES, 0, [n for n in here if shapes[n] is Shape.MERGES])
        loops = [n for n in here if shapes[n] is Shape.LOOP]
        for length in sorted({lengths[n] for n in loops}):
            found += _chunks(part, Shape.LOOP, length, [n for n in loops if lengths[n] == length])
    return found


def _shape(tape: Tape, number: int) -> Shape:
    line = tape.instructions[number]
    if line.operation is Movement.MERGE:
        return Shape.MERGES
    return Shape.LOOP if line.length or line.operation in REDUCTIONS else Shape.NUMBERS


def _length(tape: Tape, number: int) -> int:
    line = tape.instructions[number]
    return tape.instructions[line.arguments[0]].length if line.operation in REDUCTIONS else line.length


def _chunks(part: Part, shape: Shape, length: int, lines: Sequence[int]) -> list[Unit]:
    return [Unit(part, shape, length, tuple(lines[i : i + LONGEST])) for i in range(0, len(lines), LONGEST)]

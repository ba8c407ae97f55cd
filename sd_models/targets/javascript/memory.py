"""Where values stand that leave their unit: one array for all, places used again once nobody reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...tape.instructions import Movement, Tape
from .schedule import LEAVES, Part, Shape, Unit


@dataclass(frozen=True, eq=False)
class Memory:
    """The first place of each value that is kept, and the size of all places together."""

    places: Mapping[int, int]
    size: int


def memory(tape: Tape, units: Sequence[Unit]) -> Memory:
    """Places for merged rows and for what another unit than its own reads."""
    readers = _readers(tape, units)
    places: dict[int, int] = {}
    free: dict[int, list[int]] = {}
    ending: dict[int, list[int]] = {}
    size = 0
    for at, unit in enumerate(units):
        for number in ending.pop(at, ()):
            free.setdefault(_width(tape, number), []).append(places[number])
        for number in _made(unit):
            if not readers.get(number, set()) - {at} and tape.instructions[number].operation is not Movement.MERGE:
                continue
            width, lasting = _width(tape, number), unit.part is Part.ONCE
            if free.get(width) and not lasting:
                places[number] = free[width].pop()
            else:
                places[number], size = size, size + width
            if not lasting:
                ending.setdefault(max(readers.get(number, {at})) + 1, []).append(number)
    return Memory(places, max(1, size))


def _made(unit: Unit) -> tuple[int, ...]:
    return () if unit.shape is Shape.COPIES else unit.lines


def _width(tape: Tape, number: int) -> int:
    return max(1, tape.instructions[number].length)


def _readers(tape: Tape, units: Sequence[Unit]) -> dict[int, set[int]]:
    """For each value the units that read it, also where it is picked or taken from."""
    found: dict[int, set[int]] = {}
    for at, unit in enumerate(units):
        for number in unit.lines:
            line = tape.instructions[number]
            open_numbers = [number] if unit.shape is Shape.COPIES else list(line.arguments)
            while open_numbers:
                read = open_numbers.pop()
                if tape.instructions[read].operation in LEAVES:
                    open_numbers.extend(tape.instructions[read].arguments)
                else:
                    found.setdefault(read, set()).add(at)
    return found

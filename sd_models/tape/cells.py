"""The elements of a variable as positions of rows, while its equations are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from ..system.model import FloatArray, IndexArray
from .recording import Recorder

UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Cells:
    """For each element, in rows (others, positions along the lane), its instruction and the position in that one's row.

    `numbers` is UNKNOWN of an element that no equation has defined yet. Elements are named by their flat place in the
    variable, whose `shape` has the lane at `place` (None: no lane).
    """

    recorder: Recorder
    shape: tuple[int, ...]
    place: int | None
    numbers: IndexArray
    positions: IndexArray

    @classmethod
    def none(cls, recorder: Recorder, shape: tuple[int, ...], place: int | None) -> Cells:
        """Cells that nothing defines."""
        length = 1 if place is None else shape[place]
        size = (prod(shape) // length, length)
        return cls(recorder, shape, place, np.full(size, UNKNOWN), np.zeros(size, dtype=np.int64))

    @classmethod
    def of(cls, recorder: Recorder, shape: tuple[int, ...], place: int | None, rows: Sequence[int]) -> Cells:
        """The cells of rows."""
        found = cls.none(recorder, shape, place)
        found.numbers[:] = np.array(rows)[:, np.newaxis]
        long = np.array([recorder.length(n) > 0 for n in rows])
        found.positions[:] = np.arange(found.numbers.shape[1]) * long[:, np.newaxis]
        return found

    def place_of(self, elements: IndexArray) -> tuple[IndexArray, IndexArray]:
        """Row and position of elements."""
        if self.place is None:
            return elements, np.zeros_like(elements)
        length, inner = self.shape[self.place], prod(self.shape[self.place + 1 :])
        return elements // (length * inner) * inner + elements % inner, elements // inner % length

    def put(self, elements: IndexArray, numbers: IndexArray, positions: IndexArray) -> None:
        """Define elements by positions of instructions."""
        where = self.place_of(elements)
        self.numbers[where], self.positions[where] = numbers, positions

    def put_values(self, elements: IndexArray, values: FloatArray) -> None:
        """Define elements by numbers."""
        numbers = np.array([self.recorder.constant(float(value)) for value in values], dtype=np.int64)
        self.put(elements, numbers, np.zeros_like(numbers))

    def at(self, elements: IndexArray) -> tuple[IndexArray, IndexArray]:
        """Instruction and position of elements; of one that nothing defines the instruction is NaN."""
        where = self.place_of(elements)
        numbers = self.numbers[where]
        missing = numbers == UNKNOWN
        if missing.any():
            numbers = np.where(missing, self.recorder.constant(np.nan), numbers)
        return numbers, self.positions[where]

    def rows(self) -> tuple[int, ...]:
        """An instruction for each row."""
        numbers = np.where(self.numbers == UNKNOWN, self.recorder.constant(np.nan), self.numbers)
        if self.place is None:
            return tuple(
                self.recorder.pick(int(n), int(p)) for n, p in zip(numbers[:, 0], self.positions[:, 0], strict=True)
            )
        return tuple(self.recorder.merge(n, p) for n, p in zip(numbers, self.positions, strict=True))

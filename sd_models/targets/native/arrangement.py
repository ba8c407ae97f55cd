"""The instructions of a tape in the order in which machine code runs them, and where values wait in between.

A phase has its single numbers first and then a loop over positions for each length of row; several positions at once
go through all instructions of a loop, so that what is used in it alone never leaves the registers. What a row needs of
other positions is whole one phase later.

Parts of a calculation may be made for several *copies* at once (many outcomes, many directions): what depends on what
each copy has of its own stands in a loop over copies inside that over positions, and all else is computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from ...system.model import IndexArray, Mask
from ...tape.columns import VECTOR, RowColumn
from ...tape.instructions import REDUCTIONS, Load, Merge, Movement, Places, Role, Source, Tape, ordered

Origin: TypeAlias = tuple[Role, Source]
LEAVES = frozenset((Movement.LOAD, Movement.CONSTANT))
"""What is read where it is used."""


@dataclass(frozen=True, eq=False)
class Loop:
    """Instructions on rows of one length, those of copies apart; reductions run in the loop of their row."""

    length: int
    shared: tuple[int, ...]
    copied: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Phase:
    """Single numbers, those of copies apart, and the loops that follow."""

    shared: tuple[int, ...]
    copied: tuple[int, ...]
    loops: tuple[Loop, ...]


@dataclass(frozen=True, eq=False)
class Result:
    """A value that goes to elements of a column, in what loop over positions it does (length 0: none).

    With `adds`, it is added to what is there.
    """

    column: str
    number: int
    elements: IndexArray
    adds: bool

    @property
    def length(self) -> int:
        """The length of the row that goes there; a single number may go to many elements."""
        return len(self.elements) if len(self.elements) > 1 else 0


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The order of a tape on columns in rows; `own` is what each copy has of its own, `added` which columns are sums
    over all steps."""

    tape: Tape
    columns: Mapping[Source, RowColumn]
    own: frozenset[Role]
    added: frozenset[str] = frozenset()

    @cached_property
    def copied(self) -> Mask:
        """Which instructions each copy has of its own."""
        found = np.zeros(len(self.tape.instructions), dtype=bool)
        for number, line in enumerate(self.tape.instructions):
            mine = isinstance(line.data, Load) and line.data.role in self.own
            found[number] = mine or any(found[a] for a in line.arguments)
        return found

    @cached_property
    def origins(self) -> tuple[Origin, ...]:
        """What is read, each once, in a fixed order."""
        loads = [line.data for line in self.tape.instructions if isinstance(line.data, Load)]
        return tuple(sorted({(load.role, load.source) for load in loads}))

    @cached_property
    def results(self) -> tuple[Result, ...]:
        """All results, each with whether other values go to its elements."""
        found = []
        for column, placed in self.tape.results.items():
            several = _several([p.elements for p in placed])
            found += [
                Result(column, p.number, p.elements, column in self.added or bool(several[p.elements].any()))
                for p in placed
            ]
        return tuple(found)

    @cached_property
    def phase_of(self) -> IndexArray:
        """The phase in which each instruction runs: a reduction in that of its row, one before its value is there."""
        early = [line.operation in REDUCTIONS for line in self.tape.instructions]
        return np.asarray(self.tape.phases - np.array(early, dtype=np.int64))

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """All phases in order."""
        order = ordered(self.tape, (result.number for result in self.results))
        named = [n for n in order if self.tape.instructions[n].operation not in LEAVES or n in self.kept]
        return tuple(
            self._phase([n for n in named if self.phase_of[n] == at], at)
            for at in range(int(self.tape.phases.max(initial=0)) + 1)
        )

    def _phase(self, lines: Sequence[int], at: int) -> Phase:
        numbers = [n for n in lines if not self._length(n)]
        lengths = {self._length(n) for n in lines} | {r.length for r in self.results_of(at)}
        loops = tuple(self._loop(lines, length) for length in sorted(lengths - {0}))
        return Phase(*self._parted(numbers), loops)

    def _loop(self, lines: Sequence[int], length: int) -> Loop:
        return Loop(length, *self._parted([n for n in lines if self._length(n) == length]))

    def _parted(self, lines: Iterable[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        listed = list(lines)
        return tuple(n for n in listed if not self.copied[n]), tuple(n for n in listed if self.copied[n])

    def _length(self, number: int) -> int:
        """The length of the loop in which an instruction runs."""
        line = self.tape.instructions[number]
        return self.tape.instructions[line.arguments[0]].length if line.operation in REDUCTIONS else line.length

    def results_of(self, at: int) -> list[Result]:
        """The results that are there in a phase: of a number that a reduction gives, in the next."""
        return [result for result in self.results if int(self.tape.phases[result.number]) == at]

    # --- what waits in memory ---------------------------------------------------------------------------------------

    @property
    def kept(self) -> Mapping[int, int]:
        """Where values wait that other loops need: the place in the memory of all, or of each copy."""
        return self._waiting[0]

    @property
    def memory(self) -> tuple[int, int]:
        """The numbers that wait: of all, and of each copy."""
        return self._waiting[1]

    @cached_property
    def _waiting(self) -> tuple[Mapping[int, int], tuple[int, int]]:
        sizes = [0, 0]
        places: dict[int, int] = {}
        waiting = [n for n in range(len(self.tape.instructions)) if self._waits(n)]
        for number in sorted(waiting, key=lambda n: not self.tape.instructions[n].length):
            line = self.tape.instructions[number]
            mine = int(self.copied[number])
            places[number] = sizes[mine]
            sizes[mine] += line.length + -line.length % VECTOR or 1
        return places, (sizes[0] + -sizes[0] % VECTOR, sizes[1] + -sizes[1] % VECTOR)

    def _waits(self, number: int) -> bool:
        line = self.tape.instructions[number]
        users = self._users[number]
        if any(isinstance(self.tape.instructions[u].data, Merge | Places) for u in users):
            return True
        if line.operation in LEAVES:
            return False
        if not line.length:
            return bool(self.copied[number])
        return any(self.phase_of[u] != self.phase_of[number] for u in users)

    @cached_property
    def _users(self) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in self.tape.instructions]
        for number, line in enumerate(self.tape.instructions):
            for argument in line.arguments:
                found[argument].append(number)
        return found


def _several(elements: Sequence[IndexArray]) -> Mask:
    """For each element of a column whether more than one value goes there."""
    listed = np.concatenate(elements) if elements else np.zeros(0, dtype=np.int64)
    return np.bincount(listed, minlength=1) > 1

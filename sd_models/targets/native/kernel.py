"""Compiled tapes: functions of columns of numbers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import TypeAlias

import llvmlite.binding as llvm
import numpy as np

from ...system.model import FloatArray
from ...tape.columns import VECTOR, RowColumn
from ...tape.instructions import Role, Source, Tape
from . import store
from .access import memory_sizes
from .arrangement import Arrangement, Origin
from .emission import FUNCTION, emit
from .processor import machine

BYTES = 8  # of a number
SMALLEST = 16_384  # bytes of code that are kept on disk: less is compiled as soon as it is read
MOST_SPARE = 4  # spaces of a kind that wait for the next call
_MAKING = RLock()  # LLVM makes one function at a time
Column: TypeAlias = "FloatArray | Alternating"


@dataclass(frozen=True)
class Span:
    """Times: `count` of them from `first` on, each `increment` after the one before."""

    first: int
    count: int
    increment: int = 1


@dataclass(frozen=True, eq=False)
class Alternating:
    """A column of which only two times are kept, (copies, 2, places): that of a step, or with `later` that one on."""

    values: FloatArray
    later: bool = False

    @property
    def arguments(self) -> tuple[int, int, int, int]:
        """Where it begins, the last bit of times, and the numbers between two times and between two copies."""
        between, copies = self.values.strides[1] // BYTES, self.values.strides[0] // BYTES
        start = self.values.ctypes.data
        return (start + BYTES * between, 1, -between, copies) if self.later else (start, 1, between, copies)


@dataclass(frozen=True, eq=False)
class Kernel:
    """A tape as machine code. Copies have the columns of the roles in `own` each for themselves; results in `added`
    are sums over all steps.

    Columns are arrays (times, elements), or (copies, times, elements) for what each copy has; one time or one copy
    stands for all. Several threads may call a kernel at once.
    """

    tape: Tape
    columns: Mapping[Source, RowColumn]
    own: frozenset[Role] = frozenset()
    added: frozenset[str] = frozenset()
    _spare: list[FloatArray] = field(default_factory=list)

    def __call__(
        self, span: Span, read: Mapping[Origin, Column], written: Mapping[str, Column], copies: int = 1
    ) -> None:
        """Run the times of a span; the results go into the arrays `written`, which hold 0 where sums are to begin."""
        columns = [read[origin] for origin in self.arrangement.origins] + [written[name] for name in self.tape.results]
        shared, own = self._sizes
        memory = self._memory(shared + own * copies)
        arguments: list[int] = []
        for column in columns:
            arguments += column.arguments if isinstance(column, Alternating) else _arguments(column)
        self._function(memory.ctypes.data, span.first, span.count, span.increment, copies, *arguments)
        self._spare.append(memory)

    def sums_into(self, column: str) -> bool:
        """Whether several values go to one element of a result."""
        return column in self._summed

    @cached_property
    def _summed(self) -> frozenset[str]:
        return frozenset(result.column for result in self.arrangement.results if result.adds)

    def _memory(self, size: int) -> FloatArray:
        """Memory that no other call uses."""
        try:
            found = self._spare.pop()
        except IndexError:
            found = np.empty(0)
        return found if len(found) >= size else aligned((size,))

    @cached_property
    def arrangement(self) -> Arrangement:
        """The order of the instructions."""
        return Arrangement(self.tape, self.columns, self.own, self.added)

    @cached_property
    def _sizes(self) -> tuple[int, int]:
        """The numbers of memory that the code needs, for all and for each copy."""
        return memory_sizes(self.arrangement)

    @cached_property
    def _compiled(self) -> tuple[llvm.ExecutionEngine, int]:
        """The engine that holds the code, and where the function begins."""
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine())
        engine.add_object_file(llvm.ObjectFileRef.from_data(self._code()))
        engine.finalize_object()
        return engine, engine.get_function_address(FUNCTION)

    def _code(self) -> bytes:
        """The machine code, from disk where it is there."""
        text = str(emit(self.arrangement))
        name = store.name_of(text)
        found = store.load(name)
        if found is None:
            module = llvm.parse_assembly(text)
            module.verify()
            found = machine().emit_object(module)
            if len(found) >= SMALLEST:
                store.save(name, found)
        return found

    @property
    def _function(self) -> Callable[..., None]:
        ready: Callable[..., None] | None = self.__dict__.get("_made")
        if ready is None:
            with _MAKING:  # one thread makes it, others wait for it
                ready = self._made
        return ready

    @cached_property
    def _made(self) -> Callable[..., None]:
        _, address = self._compiled
        columns = len(self.arrangement.origins) + len(self.tape.results)
        kinds = [ctypes.c_void_p, *[ctypes.c_int64] * 4, *[ctypes.c_void_p, *[ctypes.c_int64] * 3] * columns]
        return ctypes.CFUNCTYPE(None, *kinds)(address)


@dataclass(frozen=True, eq=False)
class Spaces:
    """Memory that calls use one after the other: fresh pages cost more than the numbers that go there.

    What a purpose leaves in a space is what the next call for the same purpose finds there, zeros at first.
    """

    _spare: dict[tuple[object, tuple[int, ...]], list[FloatArray]] = field(default_factory=dict)

    @contextmanager
    def lent(self, purpose: object, shape: tuple[int, ...]) -> Iterator[FloatArray]:
        """A space for a purpose, until the block ends."""
        spare = self._spare.setdefault((purpose, shape), [])
        try:
            space = spare.pop()
        except IndexError:
            space = aligned(shape)
        yield space
        if len(spare) < MOST_SPARE:
            spare.append(space)


def aligned(shape: tuple[int, ...]) -> FloatArray:
    """Zeros that begin at a multiple of 64 bytes, as vectors are fastest."""
    size = int(np.prod(shape))
    whole = np.zeros(size + VECTOR)
    start = -whole.ctypes.data // BYTES % VECTOR
    return whole[start : start + size].reshape(shape)


def _arguments(column: FloatArray) -> tuple[int, int, int, int]:
    """Where a column begins, all bits of times, and the numbers between two times and between two copies."""
    wide = column if column.ndim == 3 else column[np.newaxis]
    copies, times, _ = wide.shape
    between = wide.strides
    steps = (between[1] // BYTES if times > 1 else 0), (between[0] // BYTES if copies > 1 else 0)
    return column.ctypes.data, -1, *steps

"""A prepared system as kernels: runs, gradients of many outcomes, derivatives along many directions, and products of
the second derivative with many directions.

Every function takes and gives columns as everywhere, (rows, times); inside they stand in rows (`tape.columns`). Kernels
are made when they are first needed. Several threads may call a model at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from ...dynamics.preparation import Preparation
from ...system.model import FloatArray
from ...tape.columns import RowColumn, in_rows, row_columns
from ...tape.derivatives import reverse, tangent
from ...tape.instructions import Role, Source, Tape
from ...tape.tracing import STOCKS, TapedModel, traced
from .arrangement import Origin
from .kernel import Alternating, Column, Kernel, Spaces, Span, aligned

SIDE_BY_SIDE = 8
"""Outcomes or directions that go through a kernel together: what all of them share is computed once, and what each has
of its own stays in the cache (eight of the flagship's 31 provinces take 1.1 MB)."""
ROOM = 2**26
"""Numbers that the stocks of directions may take over a whole run, in one group of directions: half a gigabyte."""
INPUTS = (Source.LEVERS, Source.CONSTANTS, Source.INITIALS)
Slopes: TypeAlias = Mapping[Source, FloatArray]
Each: TypeAlias = Callable[..., Iterable[Any]]
"""What applies a function to groups of outcomes or directions, one after the other or at once."""


@dataclass(frozen=True, eq=False)
class RunInputs:
    """What a run is made of: levers (rows, times), constants (rows), initials (rows), and from which time on it goes.

    `before` are the stocks (rows) at that time where it is not the beginning.
    """

    levers: FloatArray
    constants: FloatArray
    initials: FloatArray
    first: int = 0
    before: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """A run: what it read, in rows, and its stocks (times + 1, places) and outputs (times, places)."""

    given: RunInputs
    read: Mapping[Origin, FloatArray]
    stocks: FloatArray
    outputs: FloatArray

    @property
    def count(self) -> int:
        """The number of times."""
        return len(self.outputs)


@dataclass(frozen=True, eq=False)
class Weighed:
    """A run and the weights of outputs (1, times, places), with what its stocks are worth (1, times + 1, places)."""

    run: Run
    seed: FloatArray
    worth: FloatArray


@dataclass(frozen=True, eq=False)
class NativeModel:
    """The kernels of a taped model."""

    taped: TapedModel

    @classmethod
    def of(cls, prepared: Preparation) -> NativeModel:
        """The kernels of a prepared system, none of them made yet."""
        return cls(traced(prepared))

    @cached_property
    def columns(self) -> Mapping[Source, RowColumn]:
        """How the columns stand in rows."""
        model = self.taped
        sizes = {
            Source.STOCKS: model.states.size,
            Source.LEVERS: model.levers.size,
            Source.CONSTANTS: model.constants.size,
            Source.INITIALS: model.initials.size,
            Source.DATA: len(model.data_table),
            Source.TIME: 1,
            Source.OUTPUTS: model.outputs.size,
        }
        return row_columns(model.step, sizes)

    # --- runs -------------------------------------------------------------------------------------------------------

    def run(self, given: RunInputs) -> Run:
        """The run of what is given."""
        count = given.levers.shape[1]
        stocks, outputs = self._space(STOCKS, count + 1), self._space(Source.OUTPUTS, count)
        return self._ran(given, stocks, outputs)

    def write_outputs(self, given: RunInputs, into: FloatArray) -> None:
        """The outputs of a run, (rows, times), into an array, and nothing of the run kept: the way for many runs."""
        count = given.levers.shape[1]
        with (
            self._spaces.lent(STOCKS, (count + 1, self._size(STOCKS))) as stocks,
            self._spaces.lent(Source.OUTPUTS, (count, self._size(Source.OUTPUTS))) as outputs,
        ):
            self._ran(given, stocks, outputs)
            np.copyto(into, self.columns[Source.OUTPUTS].elements(outputs).T)

    def _ran(self, given: RunInputs, stocks: FloatArray, outputs: FloatArray) -> Run:
        read = self._read(given)
        if given.before is None:
            self._kernels.start(Span(0, 1), read, {STOCKS: stocks[:1]})
        else:
            stocks[0] = self.columns[Source.STOCKS].filled(given.before)
        now = {**read, (Role.VALUE, Source.STOCKS): stocks}
        self._kernels.step(Span(0, len(outputs)), now, {STOCKS: stocks[1:], Source.OUTPUTS: outputs})
        return Run(given, now, stocks, outputs)

    def outputs(self, run: Run) -> FloatArray:
        """The outputs of a run, (rows, times)."""
        return self._back(Source.OUTPUTS, run.outputs)

    def stocks(self, run: Run) -> FloatArray:
        """The stocks at each time of a run, (rows, times)."""
        return self._back(Source.STOCKS, run.stocks[:-1])

    def _read(self, given: RunInputs) -> dict[Origin, FloatArray]:
        times = slice(given.first, given.first + given.levers.shape[1])
        values = {
            Source.LEVERS: given.levers.T,
            Source.CONSTANTS: given.constants.reshape(1, -1),
            Source.INITIALS: given.initials.reshape(1, -1),
        }
        filled = {source: self._filled(source, value) for source, value in values.items()}
        filled |= {source: value[times] for source, value in self._fixed.items()}
        return {(Role.VALUE, source): value for source, value in filled.items()}

    @cached_property
    def _fixed(self) -> Mapping[Source, FloatArray]:
        """What is the same for every run."""
        times = self.taped.grid.times[:, np.newaxis]
        return {Source.DATA: self._filled(Source.DATA, self.taped.data_table.T), Source.TIME: times.copy()}

    # --- first derivatives ------------------------------------------------------------------------------------------

    def gradients(
        self, run: Run, weights: FloatArray, to: Iterable[Source] = (Source.LEVERS,), each: Each = map
    ) -> Slopes:
        """The gradients of weighted sums of outputs to inputs: `weights` is (sums, rows of outputs, times).

        To levers they are (sums, rows, times), to constants and initials (sums, rows, 1).
        """
        wanted = tuple(source for source in INPUTS if source in set(to))

        def swept(part: FloatArray) -> dict[Source, FloatArray]:
            return self._swept(run, self._filled(Source.OUTPUTS, part.transpose(0, 2, 1)), wanted)

        parts = list(each(swept, _groups(weights)))
        return {source: np.concatenate([self._back(source, part[source]) for part in parts]) for source in wanted}

    def _swept(
        self, run: Run, weights: FloatArray, to: tuple[Source, ...], worth: FloatArray | None = None
    ) -> dict[Source, FloatArray]:
        """The gradients by a sweep back in time, from the last one that has a weight; `worth` (sums, times + 1, places)
        takes what stocks are worth."""
        kernels, copies, count = self._kernels.sweeps(to), len(weights), run.count
        found = {source: self._space(source, count if source is Source.LEVERS else 1, copies) for source in to}
        weighty = np.flatnonzero(weights.any(axis=(0, 2)))
        if not len(weighty):
            return found
        swept = int(weighty[-1]) + 1
        with self._worths(kernels.step, copies, count, swept, worth) as (last, later, now):
            read = {**run.read, (Role.WEIGHT, Source.STOCKS): later, (Role.WEIGHT, Source.OUTPUTS): weights}
            slopes: dict[str, Column] = {str(source): part for source, part in found.items()}
            kernels.step(Span(swept - 1, swept, -1), read, {STOCKS: now, **slopes}, copies)
            if run.given.before is None:
                kernels.start(Span(0, 1), {**run.read, (Role.WEIGHT, Source.STOCKS): last[:, :1]}, slopes, copies)
        return found

    @contextmanager
    def _worths(
        self, kernel: Kernel, copies: int, count: int, swept: int, worth: FloatArray | None = None
    ) -> Iterator[tuple[FloatArray, Column, Column]]:
        """Space for what a sweep back over the first `swept` times leaves of stocks, as that of the time after a step
        and of the time of a step.

        Two times are enough, unless the kernel adds to what must be zero before, or `worth` takes all.
        """
        if worth is None and not kernel.sums_into(STOCKS):
            with self._spaces.lent(kernel, (copies, 2, self._size(STOCKS))) as two:
                two[:, swept % 2] = 0.0
                yield two, Alternating(two, later=True), Alternating(two)
            return
        whole = self._space(STOCKS, count + 1, copies) if worth is None else worth
        yield whole, whole[:, 1:], whole[:, :-1]

    # --- along directions -------------------------------------------------------------------------------------------

    def tangents(self, run: Run, directions: Slopes, each: Each = map) -> FloatArray:
        """The derivatives of the outputs, (directions, rows, times), along directions of inputs.

        Those of levers are (directions, rows, times), of constants and initials (directions, rows).
        """
        moving = tuple(source for source in INPUTS if source in directions)
        number = len(next(iter(directions.values())))
        together = self._together(run.count)
        groups = [slice(i, i + together) for i in range(0, number, together)]

        def moved(group: slice) -> FloatArray:
            moves = self._moves({source: directions[source][group] for source in moving})
            with self._moved(run, moves, moving) as (_, outputs):
                return self._back(Source.OUTPUTS, outputs)

        return np.concatenate(list(each(moved, groups)))

    def _moves(self, directions: Slopes) -> dict[Source, FloatArray]:
        """Directions in rows, (directions, times or 1, places)."""
        return {
            source: self._filled(source, part.transpose(0, 2, 1) if part.ndim == 3 else part[:, np.newaxis])
            for source, part in directions.items()
        }

    @contextmanager
    def _moved(
        self, run: Run, moves: Mapping[Source, FloatArray], moving: tuple[Source, ...], *, local: bool = False
    ) -> Iterator[tuple[FloatArray, FloatArray]]:
        """How stocks (directions, times + 1, places) and outputs move."""
        kernels = self._kernels.ahead(moving, local=local)
        copies, count = len(next(iter(moves.values()))), run.count
        outputs = self._space(Source.OUTPUTS, count, copies)
        with self._spaces.lent(kernels, (copies, count + 1, self._size(STOCKS))) as stocks:
            stocks[:, 0] = 0.0
            read: dict[Origin, Column] = {**run.read, **{(Role.DIRECTION, s): move for s, move in moves.items()}}
            if run.given.before is None:
                kernels.start(Span(0, 1), read, {STOCKS: stocks[:, :1]}, copies)
            read[Role.DIRECTION, Source.STOCKS] = stocks
            kernels.step(Span(0, count), read, {STOCKS: stocks[:, 1:], Source.OUTPUTS: outputs}, copies)
            yield stocks, outputs

    def weighed(self, run: Run, weights: FloatArray) -> Weighed:
        """A run with what its stocks are worth for a weighted sum of outputs, `weights` (rows of outputs, times)."""
        seed = self._filled(Source.OUTPUTS, weights.T[np.newaxis])
        worth = self._space(STOCKS, run.count + 1, 1)
        self._swept(run, seed, (Source.LEVERS,), worth)
        return Weighed(run, seed, worth)

    def products(
        self, weighed: Weighed, directions: FloatArray, each: Each = map, *, local: bool = False
    ) -> FloatArray:
        """The second derivative of a weighted sum of outputs times directions of the levers: both (directions, rows,
        times).

        With `local`, what positions of rows do to each other is held (`tape.derivatives.tangent`): one direction gives
        an exact product for every position at once.
        """
        run = weighed.run
        groups = list(_groups(directions, self._together(run.count)))
        if not groups:
            return np.zeros((0, *run.given.levers.shape))
        parts = each(lambda part: self._bent(weighed, self._moves({Source.LEVERS: part}), local), groups)
        return np.concatenate([self._back(Source.LEVERS, part) for part in parts])

    def _bent(self, weighed: Weighed, moves: Mapping[Source, FloatArray], local: bool) -> FloatArray:
        """Products of one group of directions: how a sweep back moves when what it goes along does."""
        run, worth = weighed.run, weighed.worth
        kernels, moving = self._kernels.bends(local=local), (Source.LEVERS,)
        copies, count = len(moves[Source.LEVERS]), run.count
        found = self._space(Source.LEVERS, count, copies)
        read: dict[Origin, Column] = {
            **run.read,
            (Role.WEIGHT, Source.OUTPUTS): weighed.seed[0],
            (Role.DIRECTION, Source.LEVERS): moves[Source.LEVERS],
            (Role.WEIGHT_DIRECTION, Source.OUTPUTS): self._space(Source.OUTPUTS, 1),
        }
        with (
            self._moved(run, moves, moving, local=local) as (stocks, _),
            self._worths(kernels.step, copies, count, count) as (last, later, now),
        ):
            read |= {(Role.DIRECTION, Source.STOCKS): stocks}
            ahead = {(Role.WEIGHT, Source.STOCKS): worth[0, 1:], (Role.WEIGHT_DIRECTION, Source.STOCKS): later}
            written = {STOCKS: now, Source.LEVERS: found}
            kernels.step(Span(count - 1, count, -1), {**read, **ahead}, written, copies)
            if run.given.before is None:
                begin = {
                    (Role.WEIGHT, Source.STOCKS): worth[0, :1],
                    (Role.WEIGHT_DIRECTION, Source.STOCKS): last[:, :1],
                }
                kernels.start(Span(0, 1), {**read, **begin}, {Source.LEVERS: found}, copies)
        return found

    # --- columns ----------------------------------------------------------------------------------------------------

    @cached_property
    def _kernels(self) -> _Kernels:
        return _Kernels(in_rows(self.taped.start, self.columns), in_rows(self.taped.step, self.columns), self.columns)

    @cached_property
    def _spaces(self) -> Spaces:
        return Spaces()

    def _together(self, count: int) -> int:
        """How many directions go through kernels together over so many times; there may be no stock."""
        return min(max(ROOM // ((count + 1) * self._size(STOCKS) or 1), 1), SIDE_BY_SIDE)

    def _size(self, source: str) -> int:
        return len(self.columns[Source(source)].order)

    def _space(self, source: str, times: int, copies: int | None = None) -> FloatArray:
        """Zeros for a column at times, for copies of it."""
        size = self._size(source)
        return aligned((times, size) if copies is None else (copies, times, size))

    def _filled(self, source: Source, values: FloatArray) -> FloatArray:
        return self.columns[source].filled(values)

    def _back(self, source: Source, values: FloatArray) -> FloatArray:
        """Values (..., times, places) as (..., rows, times)."""
        return np.ascontiguousarray(np.swapaxes(self.columns[source].elements(values), -1, -2))


def _groups(parts: FloatArray, count: int = SIDE_BY_SIDE) -> Iterable[FloatArray]:
    return (parts[i : i + count] for i in range(0, len(parts), count))


@dataclass(frozen=True, eq=False)
class _Pair:
    """The kernels of the first stocks and of a step."""

    start: Kernel
    step: Kernel


@dataclass(frozen=True, eq=False)
class _Kernels:
    """All kernels of a model, each made once; those of derivatives by the inputs that move."""

    first: Tape
    next: Tape
    columns: Mapping[Source, RowColumn]

    @cached_property
    def start(self) -> Kernel:
        """The first stocks."""
        return Kernel(self.first, self.columns)

    @cached_property
    def step(self) -> Kernel:
        """The stocks one step later, and the outputs."""
        return Kernel(self.next, self.columns)

    def sweeps(self, to: tuple[Source, ...]) -> _Pair:
        """Sweeps back in time, many outcomes at once."""
        if to not in self._sweeps:
            added = frozenset(map(str, to)) - {Source.LEVERS}
            own = frozenset((Role.WEIGHT,))
            self._sweeps[to] = _Pair(
                Kernel(reverse(self.first, to), self.columns, own, frozenset(map(str, to))),
                Kernel(reverse(self.next, (Source.STOCKS, *to)), self.columns, own, added),
            )
        return self._sweeps[to]

    def ahead(self, moving: tuple[Source, ...], *, local: bool = False) -> _Pair:
        """Along many directions at once."""
        if (moving, local) not in self._ahead:
            own = frozenset((Role.DIRECTION,))
            self._ahead[moving, local] = _Pair(
                Kernel(tangent(self.first, moving, local=local), self.columns, own),
                Kernel(tangent(self.next, (Source.STOCKS, *moving), local=local), self.columns, own),
            )
        return self._ahead[moving, local]

    def bends(self, *, local: bool = False) -> _Pair:
        """How sweeps back to the levers move along many directions of these."""
        if local not in self._bends:
            own, to = frozenset((Role.DIRECTION, Role.WEIGHT_DIRECTION)), (Source.LEVERS,)
            back = self.sweeps(to)
            first = tangent(back.start.tape, to, local=local)
            step = tangent(back.step.tape, (Source.STOCKS, *to), local=local)
            self._bends[local] = _Pair(
                Kernel(first, self.columns, own, frozenset((Source.LEVERS,))), Kernel(step, self.columns, own)
            )
        return self._bends[local]

    @cached_property
    def _sweeps(self) -> dict[tuple[Source, ...], _Pair]:
        return {}

    @cached_property
    def _ahead(self) -> dict[tuple[tuple[Source, ...], bool], _Pair]:
        return {}

    @cached_property
    def _bends(self) -> dict[bool, _Pair]:
        return {}

"""A prepared system to two tapes: its first stocks, and one step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from ..dynamics.evaluation import Known
from ..dynamics.functions import Moment
from ..dynamics.preparation import Layout, Preparation, layout, prepare
from ..dynamics.step import Given, Step
from ..dynamics.timing import TimeSpan
from ..system.alignment import Alignment
from ..system.model import FloatArray, IndexArray, System
from .instructions import Placed, Source, Tape
from .lanes import Lanes, long_lanes
from .lowering import RowLowering
from .recording import Recorder, RowArithmetic, Rows

STOCKS, OUTPUTS = "stocks", "outputs"


@dataclass(frozen=True)
class TapedModel(Preparation):
    """A prepared system as tapes.

    `start` gives the `stocks` at the first time, `step` those one step later and the `outputs` now. `outputs` lists
    what the step gives, `fixed` holds the outputs that cannot change, flat.
    """

    lanes: Lanes
    outputs: Layout
    fixed: Mapping[str, FloatArray]
    start: Tape
    step: Tape


def trace(
    system: System,
    *,
    levers: Iterable[str] = (),
    constants: Iterable[str] = (),
    initial: Iterable[str] = (),
    outputs: Iterable[str] | None = None,
    time: TimeSpan | None = None,
    still: bool = False,
) -> TapedModel:
    """The tapes of a system with these variables as inputs; `outputs` are all variables unless named.

    With `still`, outputs that cannot change are computed like the others.

    Raises InvalidModel for equations without an order or what cannot become instructions, InvalidRequest for names that
    do not fit.
    """
    prepared = prepare(system, levers=levers, constants=constants, initial=initial, outputs=outputs, time=time)
    return traced(prepared, still=still)


def traced(prepared: Preparation, *, still: bool = False) -> TapedModel:
    """The tapes of a prepared system; with `still`, outputs that cannot change are computed like the others."""
    lanes = long_lanes(prepared.expanded)
    columns = _Columns(prepared, lanes, Recorder())
    step = columns.step
    first, now = step.first(), step.now()
    after = step.after(now)
    known = {n: columns.numbers(n, now.columns[n]) for n in prepared.wanted if not still}
    fixed = {name: values for name, values in known.items() if values is not None}
    outputs = layout(prepared.expanded, [name for name in prepared.wanted if name not in fixed])
    return TapedModel(
        **{field.name: getattr(prepared, field.name) for field in fields(prepared)},
        lanes=lanes,
        outputs=outputs,
        fixed=fixed,
        start=columns.recorder.tape({STOCKS: columns.placed(prepared.states, first)}),
        step=columns.recorder.tape(
            {STOCKS: columns.placed(prepared.states, after), OUTPUTS: columns.placed(outputs, now.columns)}
        ),
    )


@dataclass(frozen=True, eq=False)
class _Columns:
    """The columns of a system on a tape."""

    prepared: Preparation
    lanes: Lanes
    recorder: Recorder

    @property
    def step(self) -> Step:
        """The step of the system in these columns."""
        arithmetic, alignment = RowArithmetic(self.recorder), Alignment(self.prepared.expanded)

        def begin(known: Known) -> RowLowering:
            moment = Moment(arithmetic, known.time, known.time_step, beginning=known.beginning)
            return RowLowering(alignment, self.lanes, self.recorder, dict(known.columns), moment)

        return Step(self.prepared, self._given(), arithmetic, begin)

    def _given(self) -> Given:
        prepared = self.prepared
        return Given(
            self._loaded(prepared.states, Source.STOCKS),
            self._loaded(prepared.levers, Source.LEVERS),
            self._loaded(prepared.constants, Source.CONSTANTS),
            self._loaded(prepared.initials, Source.INITIALS),
            {
                offset: self._loaded(prepared.data, Source.DATA, i * prepared.data.size)
                for i, offset in enumerate(prepared.offsets)
            },
            Rows(self.recorder, (self.recorder.load(Source.TIME, np.zeros(1, dtype=np.int64)),)),
        )

    def _loaded(self, columns: Layout, source: Source, start: int = 0) -> dict[str, Rows]:
        return {
            name: Rows(
                self.recorder, tuple(self.recorder.load(source, part) for part in self._elements(columns, name, start))
            )
            for name in columns.rows
        }

    def _elements(self, columns: Layout, name: str, start: int = 0) -> Sequence[IndexArray]:
        """The elements of each row of a variable in a column."""
        variable = self.prepared.expanded.variables[name]
        shape, place = self.prepared.expanded.shape(variable), self.lanes.place(variable)
        flat = np.arange(self.prepared.expanded.size(variable)).reshape(shape) + columns.rows[name].start + start
        return list(flat.reshape(-1, 1) if place is None else np.moveaxis(flat, place, -1).reshape(-1, shape[place]))

    def placed(self, columns: Layout, values: Mapping[str, Rows]) -> list[Placed]:
        """Where the rows of variables go in a column."""
        return [
            Placed(number, elements)
            for name in columns.rows
            for number, elements in zip(values[name].numbers, self._elements(columns, name), strict=True)
        ]

    def numbers(self, name: str, column: Rows) -> FloatArray | None:
        """The values of a variable if they cannot move, flat."""
        known = [self.recorder.values(n) for n in column.numbers]
        if any(values is None for values in known):
            return None
        variable = self.prepared.expanded.variables[name]
        found = np.empty(self.prepared.expanded.size(variable))
        for values, elements in zip(known, self._elements(Layout({name: slice(0, 0)}), name), strict=True):
            found[elements] = values
        return found

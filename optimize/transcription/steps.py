"""The steps of a problem's model on any symbols: what they read at each point, and what outcomes are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sd_models.dynamics.timing import TimeSpan
from sd_models.system.model import System
from sd_models.tape.instructions import Source
from sd_models.tape.tracing import STOCKS, TapedModel, trace

from ..plans.horizon import horizon_end
from ..problems.problem import Problem
from .symbols import Symbol
from .unrolling import Arithmetic, Keep, Part, needed


@dataclass(eq=False)
class Steps:
    """The steps of a problem, `system` in place of its model: the same, or with smooth stand-ins."""

    problem: Problem
    system: System

    @cached_property
    def tapes(self) -> TapedModel:
        """The model as tapes, with the names of all its variables."""
        names = self.problem.lever_names
        return trace(self.system, levers=names, time=TimeSpan(stop=horizon_end(self.problem.plan)))

    @cached_property
    def part(self) -> Part:
        """What of a step outcomes need, now or later."""
        rows = self.tapes.outputs.rows
        wanted = [rows[name].start + e for name, e in self.problem.bound.quantities.elements if name in rows]
        return needed(self.tapes.step, frozenset(wanted))

    def sources(self, stocks: Mapping[int, Symbol], levers: Sequence[Symbol], point: int) -> dict[Source, Any]:
        """The columns that a step reads at a point of the horizon."""
        at = self.problem.horizon.first + point
        return {
            Source.STOCKS: stocks,
            Source.LEVERS: levers,
            Source.DATA: self.tapes.data_table[:, at].tolist(),
            Source.TIME: [float(self.tapes.grid.times[at])],
        }

    def levers(self, columns: Sequence[Symbol]) -> list[list[Symbol]]:
        """The levers at each point: that of `columns` (n) where the plan decides, else the model's own value."""
        levers = self.problem.levers
        points: list[list[Symbol]] = [column.tolist() for column in levers.own.T]
        for rows, block in zip(levers.decided, levers.blocks, strict=True):
            for row, numbers in zip(rows.tolist(), block.numbers, strict=True):
                for point, period in enumerate(block.period.tolist()):
                    points[point][row] = columns[numbers[period]]
        return points

    def first(self, levers: Sequence[Symbol], keep: Keep, arithmetic: Arithmetic) -> Mapping[int, Symbol]:
        """The stocks at the start of the horizon; where that is the start of the run, levers may set them."""
        read = self.part.loaded(Source.STOCKS)
        if self.problem.horizon.first:
            values = self.problem.outcomes.run.first_stocks[:, 0]
            return {row: float(values[self.row(row)]) for row in read}
        begin = Part(self.tapes.start, {STOCKS: read})
        sources = {**self.sources({}, levers, 0), Source.INITIALS: []}
        return begin.results(sources, keep, arithmetic)[STOCKS]

    def row(self, row: int) -> int:
        """The row of a stock among those of the problem's simulator."""
        own: Mapping[str, slice] = self.problem.simulator.model.states.rows
        name = next(n for n, part in self.tapes.states.rows.items() if part.start <= row < part.stop)
        return int(own[name].start + row - self.tapes.states.rows[name].start)

    def terms(self, outputs: Sequence[Mapping[int, Symbol]]) -> Iterator[list[tuple[float, Symbol]]]:
        """The weights over time of each outcome, and what they weigh; of points that `outputs` does not reach, NaN."""
        quantities, rows = self.problem.bound.quantities, self.tapes.outputs.rows
        for (name, element), window in zip(quantities.elements, quantities.windows.tolist(), strict=True):
            weights = quantities.weights[window]
            at = np.flatnonzero(weights).tolist()
            if name in self.tapes.fixed:
                values = [float(self.tapes.fixed[name][element])] * len(at)
            else:
                row = rows[name].start + element
                values = [outputs[point][row] if point < len(outputs) else float("nan") for point in at]
            yield list(zip(weights[at].tolist(), values, strict=True))

"""Runs tapes in NumPy, instruction by instruction: slow, and plain enough to hold targets against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..dynamics.functions import Operation
from ..numbers.tables import read
from ..system.model import FloatArray
from .arithmetic import calculate
from .instructions import Given, Instruction, Load, Merge, Movement, Placed, Places, Role, Source, Tables, Tape
from .recording import REDUCED
from .tracing import OUTPUTS, STOCKS, TapedModel


def run(
    model: TapedModel, levers: FloatArray, constants: FloatArray, initials: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Outputs (rows, times) and stocks (rows, times) of a run; `levers` is (rows, times), the others (rows)."""
    times = model.grid.times
    given = {(Role.VALUE, Source.CONSTANTS): constants, (Role.VALUE, Source.INITIALS): initials}
    outputs, stocks = np.empty((model.outputs.size, len(times))), np.empty((model.states.size, len(times)))

    def sources(i: int) -> dict[tuple[Role, Source], FloatArray]:
        return {
            **given,
            (Role.VALUE, Source.LEVERS): levers[:, i],
            (Role.VALUE, Source.DATA): model.data_table[:, i],
            (Role.VALUE, Source.TIME): times[i : i + 1],
        }

    now = results(model.start, sources(0), {STOCKS: model.states.size})[STOCKS]
    sizes = {STOCKS: model.states.size, OUTPUTS: model.outputs.size}
    for i in range(len(times)):
        stocks[:, i] = now
        found = results(model.step, {**sources(i), (Role.VALUE, Source.STOCKS): now}, sizes)
        now, outputs[:, i] = found[STOCKS], found[OUTPUTS]
    return outputs, stocks


Read: TypeAlias = Mapping[tuple[Role, Source], FloatArray]
"""The columns that a tape reads, by role and source."""


def results(tape: Tape, sources: Read, sizes: Mapping[str, int]) -> dict[str, FloatArray]:
    """The columns that come out of a tape, from those that go in; several places of one element add up."""
    values: list[Any] = []
    for line in tape.instructions:
        values.append(_value(tape, line, values, sources))
    return {name: _column(placed, values, sizes[name]) for name, placed in tape.results.items()}


def _column(placed: Sequence[Placed], values: Sequence[Any], size: int) -> FloatArray:
    column = np.zeros(size)
    for part in placed:
        np.add.at(column, part.elements, values[part.number])
    return column


def _value(tape: Tape, line: Instruction, values: Sequence[Any], sources: Read) -> Any:
    arguments = [values[a] for a in line.arguments]
    if isinstance(line.operation, Operation):
        return calculate(line.operation, *arguments)
    match line.data:
        case Load(source, elements, role):
            return sources[role, source][elements if line.length else elements[0]]
        case Given(numbers):
            return numbers if line.length else numbers[0]
        case Places(positions):
            return arguments[0][positions if line.length else positions[0]]
        case Merge(argument, position):
            parts = [np.atleast_1d(a) for a in arguments]
            return np.array([parts[a][p] for a, p in zip(argument, position, strict=True)])
        case Tables(tables):
            x, which = np.broadcast_arrays(arguments[0], tables if line.length else tables[0])
            found = [_looked_up(tape, int(t), float(v)) for t, v in zip(which.ravel(), x.ravel(), strict=True)]
            return np.array(found).reshape(x.shape)
    assert isinstance(line.operation, Movement)
    return REDUCED[line.operation](arguments[0])


def _looked_up(tape: Tape, table: int, x: float) -> float:
    return float(read(tape.tables[table], np.array(x), np.array(0))) if table >= 0 else np.nan

"""How far levers move from one period to the next, as rows.

A ramp is a unit of time: it counts for the length of the period that a lever leaves. The share and the amount are those
of the period into which it moves. A ramp that counts from the start holds the first period likewise: against the
model's own value just before the horizon, over a time as long as the first period.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray, IndexArray

from .affine import Affine, Triplets
from .horizon import Window
from .kinds import RowKind
from .levers import LeverBlock
from .limits import Binder, Rows
from .plan import Ramp, Step, ValueAt


@dataclass(frozen=True, eq=False)
class Steps:
    """How far a lever may move into each period of a ramp (elements, periods): by a share of its value, by an amount.

    `windows` are the periods into which it moves. `start` is the value (elements) from which it moves into the first
    one, where that is before the horizon, else None.
    """

    windows: tuple[Window, ...]
    relative: FloatArray
    absolute: FloatArray
    start: FloatArray | None


def ramp_rows(binder: Binder, block: LeverBlock) -> Iterator[Rows]:
    """Rows for how far a lever moves from one period to the next; InvalidRequest for a ramp that does not fit."""
    steps = None if block.lever.ramp is None else steps_of(binder, block, block.lever.ramp)
    if steps is None or not steps.windows:
        return
    axes, unit = binder.labels(binder.block_cells(block)), binder.system[block.variable].unit
    most = steps.absolute.ravel()
    free = np.full(most.shape, np.inf)
    sides = [
        (RowKind.FALL, steps.relative - 1.0, -most, free),
        (RowKind.RISE, -1.0 - steps.relative, -free, most),
    ]
    if (steps.relative == 0).all():
        sides = [(RowKind.RAMP, steps.relative - 1.0, -most, most)]
    for kind, factor, low, high in sides:
        expression, own = _moves(block, factor, steps.start)
        name = kind.named(block.variable)
        yield Rows(kind, name, axes, steps.windows, expression, low - own, high - own, own, unit)


def steps_of(binder: Binder, block: LeverBlock, ramp: Ramp) -> Steps:
    """How far a lever may move, in numbers."""
    first = 0 if ramp.from_start else 1
    windows = binder.horizon.means(block.lever.every)
    lengths = np.array([window.length for window in windows.each])
    between = np.concatenate([lengths[:1], lengths[:-1]])
    relative, absolute = (
        between * _numbers(binder, block, name, step)
        for name, step in (("relative", ramp.relative), ("absolute", ramp.absolute))
    )
    start = _start(binder, block) if ramp.from_start else None
    if (relative > 0).any() and ((block.lower < 0).any() or (start is not None and (start < 0).any())):
        advice = "Give the lever a lower bound of zero or more, or the ramp an absolute part only."
        raise InvalidRequest(Fault("its relative ramp is a share of a value that may be negative.", advice=advice))
    return Steps(windows.each[first:], relative[:, first:], absolute[:, first:], start)


def _numbers(binder: Binder, block: LeverBlock, name: str, step: Step) -> FloatArray:
    """A share or an amount (elements, periods), none of which is negative."""
    variable = step if isinstance(step, str) else step.variable if isinstance(step, ValueAt) else None
    in_baseline = isinstance(step, ValueAt) and step.baseline
    if variable is not None and not in_baseline and binder.is_moved(variable):
        found = f"the levers move {variable!r}, and a ramp is held by numbers."
        advice = f'Take what it is without the policy: {name} = {{ variable = "{variable}", baseline = true }}.'
        raise InvalidRequest(Fault(found, advice=advice))
    windows = binder.horizon.means(block.lever.every)
    found_numbers = binder.amount(step, binder.block_cells(block), windows).constant.reshape(block.shape)
    if (found_numbers < 0).any():
        low = found_numbers.min()
        found = f"its {name} part is {low:g} where it is least; expected zero or more."
        raise InvalidRequest(Fault(found, advice=f"Look at {variable!r} in the model's own run."))
    return found_numbers


def _start(binder: Binder, block: LeverBlock) -> FloatArray:
    """The model's own values before the horizon; unknown where nothing was run."""
    if binder.before is None:
        return np.full(len(block.elements), np.nan)
    return binder.before[block.variable][block.elements]


def _moves(block: LeverBlock, factor: FloatArray, start: FloatArray | None) -> tuple[Affine, FloatArray]:
    """Each value plus `factor` (elements, steps) times the value before it, and what of that no lever moves."""
    first = 1 if start is None else 0
    later, count = block.numbers[:, first:], factor.size
    rows: IndexArray = np.arange(count).reshape(later.shape)
    decided = np.s_[:, 1 - first :]
    ones = Triplets(rows.ravel(), later.ravel(), np.ones(count))
    before = Triplets(rows[decided].ravel(), block.numbers[:, :-1].ravel(), factor[decided].ravel())
    own = np.zeros(factor.shape)
    if start is not None:
        own[:, 0] = factor[:, 0] * start
    return Affine(np.zeros(count), ones.joined(before), Triplets.none()), own.ravel()

"""How far levers move from one period to the next, as rows.

A ramp is a unit of time: it counts for the length of the period that a lever leaves. The share and the amount are those
of the period into which it moves. A ramp that counts from the start holds the first period likewise: against the
model's own value just before the horizon, over a time as long as the first period.

A share of nothing is nothing: a lever that begins at zero stays there for good if its ramp has no absolute part. That
is within the words of a plan, and hardly ever meant, so it is found here and told (`held`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray, IndexArray

from ..files.names import part_labels
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


@dataclass(frozen=True, slots=True)
class Held:
    """Elements of a lever that its ramp never lets leave the value at which they begin, in any period.

    `names` are theirs, of `count` elements that are decided; `has_share` says whether the ramp allows a share of that
    value, which is zero then.
    """

    variable: str
    names: tuple[str, ...]
    count: int
    has_share: bool

    @property
    def fault(self) -> Fault:
        """What is wrong with a plan in which nothing else is decided."""
        why = (
            "a share of a lever that begins at 0 is 0" if self.has_share else "it allows neither a share nor an amount"
        )
        at = ", at 0" if self.has_share else ""
        found = f"its ramp keeps all that is decided where it begins{at}, so that nothing is: {why}."
        advice = "Give the ramp an absolute part: how much a lever may rise in a unit of time, also from nothing."
        return Fault(found, variable=f"lever {self.variable!r}", advice=advice)


def held(binder: Binder, block: LeverBlock, steps: Steps) -> Held | None:
    """What a ramp never lets move, of what bounds leave to decide; None where that is nothing, or nothing was run."""
    low, high = _ends(block, steps)
    decided = (block.lower != block.upper).any(axis=1)
    still = decided & (low == high).all(axis=1)
    if not still.any():
        return None
    names = list(part_labels(block.variable, list(binder.labels(binder.block_cells(block)).values())))
    has_share = bool((steps.relative[still] > 0).any())
    return Held(block.variable, tuple(names[i] for i in np.flatnonzero(still)), int(decided.sum()), has_share)


@np.errstate(invalid="ignore")  # all of what has no end is no number, and nothing that is held
def _ends(block: LeverBlock, steps: Steps) -> tuple[FloatArray, FloatArray]:
    """How low and how high each value (elements, periods) may be by bounds and by what goes before it."""
    low, high = block.lower.copy(), block.upper.copy()
    first = block.shape[1] - len(steps.windows)
    for period in range(first, block.shape[1]):
        share, amount = steps.relative[:, period - first], steps.absolute[:, period - first]
        least, most = (steps.start, steps.start) if period == 0 else (low[:, period - 1], high[:, period - 1])
        assert least is not None
        assert most is not None
        low[:, period] = np.maximum(low[:, period], (1.0 - share) * least - amount)
        high[:, period] = np.minimum(high[:, period], (1.0 + share) * most + amount)
    return low, high


def ramp_rows(binder: Binder, block: LeverBlock, steps: Steps) -> Iterator[Rows]:
    """Rows for how far a lever moves from one period to the next."""
    if not steps.windows:
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
    """How far a lever may move, in numbers; InvalidRequest for a ramp that does not fit."""
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

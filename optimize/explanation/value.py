"""Which links and feedback loops carry the worth of stocks: the costates of a run, taken apart by what made them.

A stock is worth something through what follows from it: each of its effects hands back what it is worth itself, times
the derivative of its equation (`sd_models.simulator.worth`). What is left of a unit works again a step later, so the
parts of a stock's worth at a time are sums over all times to come; they add up to its costate, and where they do not,
because a step does something that no equation says, they are left out and a note says so.

Loops of value are scored like those of the run, along the same links the other way round: of the worth that is new to
a cause at a time, what each effect gave, in parts of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from sd_models.errors import InvalidRequest
from sd_models.simulator.links import with_all
from sd_models.simulator.worth import Worth, worth_along

from .costates import Costates
from .loops import LARGEST_RUN, MOST_LOOPS, LoopScores, run_numbers, scored, unscored
from .target import Question, Target

WORTH = "worth"  # the name of the run that is followed back
AGREE = 1e-9  # of the largest worth of a stock: parts that add up to it


@dataclass(frozen=True, slots=True)
class Effect:
    """What a stock is worth through one effect, and its share of the sum of all absolute parts."""

    name: str
    part: float
    share: float


@dataclass(frozen=True, eq=False)
class Value:
    """Through what stocks are worth what they are, and the loops that carry it.

    `through` has for each stock the parts of its worth by effect, `(effect, time, *dimensions)`, over the horizon;
    under its own name stand its own equation and what the outcome itself gives it. They have the unit of the costates.
    """

    through: Mapping[str, xr.DataArray]
    loops: LoopScores
    notes: tuple[str, ...] = ()
    levels: xr.Dataset = field(default_factory=xr.Dataset)

    def of_a_part(self, stock: str, part: float = 0.01) -> xr.DataArray:
        """What this part more of a stock, everywhere, is worth at each time, by effect, `(effect, time)`."""
        product = self.through[stock] * self.levels[stock] * part
        return product.sum([d for d in product.dims if d not in ("effect", "time")])

    def shares(self, stock: str) -> xr.DataArray:
        """The parts of what a little more of a stock is worth, over the sum of their absolute values."""
        parts = self.of_a_part(stock)
        total = abs(parts).sum("effect")
        return parts / total.where(total > 0, 1.0)

    def effects(self, stock: str, part: float = 0.01) -> tuple[Effect, ...]:
        """The effects through which this part more of a stock is worth something at the first time, the largest first;
        none where worth is not told link by link."""
        if stock not in self.through:
            return ()
        parts = self.of_a_part(stock, part).isel(time=0)
        values = {str(e): float(v) for e, v in zip(parts["effect"].to_numpy(), parts.to_numpy(), strict=True) if v}
        size = sum(map(abs, values.values()))
        order = sorted(values, key=lambda effect: -abs(values[effect]))
        return tuple(Effect(effect, values[effect], values[effect] / size) for effect in order)


def value(
    question: Question, target: Target, known: Costates, *, most: int = MOST_LOOPS, with_loops: bool = True
) -> Value:
    """Through what the stocks along the run with the policy are worth what `known` says; without loops it takes half
    the time."""
    numbers = run_numbers(question.simulator)
    if numbers > LARGEST_RUN:
        return _nothing(f"A run has {numbers:.2g} numbers, so worth is not told link by link.")
    whole = replace(question, simulator=with_all(question.simulator))
    try:
        worth = worth_along(whole.simulator, whole.decided, whole.weights(target))
    except InvalidRequest as error:
        return _nothing(str(error.faults[0]))
    through = {str(name): _labelled(worth, str(name), known, whole) for name in known.worth if name in worth.worths}
    apart = [name for name, parts in through.items() if not _adds_up(parts, known.worth[name])]
    if apart:
        return _nothing(f"Worth is not told link by link: parts do not add up to the worth of {apart[0]}.")
    if not with_loops:
        return Value(through, unscored([WORTH], "Loops of worth were not asked for."), levels=known.levels)
    loops = scored({WORTH: worth.carried()}, first=whole.horizon.first, most=most, backward=True)
    return Value(through, loops, levels=known.levels)


def _nothing(why: str) -> Value:
    return Value({}, unscored([WORTH], why), (why,))


def _labelled(worth: Worth, stock: str, known: Costates, question: Question) -> xr.DataArray:
    """The parts of a stock's worth with names, over the horizon."""
    like, parts = known.worth[stock], worth.through(stock)
    shape = like.transpose("time", ...).shape
    blocks = [part[:, question.horizon.first :].T.reshape(shape) for part in parts.values()]
    coordinates = {"effect": list(parts), **{name: like[name] for name in like.dims}}
    return xr.DataArray(np.stack(blocks), coordinates, ("effect", *like.dims), attrs=like.attrs)


def _adds_up(parts: xr.DataArray, worth: xr.DataArray) -> bool:
    """Whether the parts are all of the worth, up to rounding."""
    difference = np.abs((parts.sum("effect") - worth).to_numpy())
    size = max(float(np.abs(parts.to_numpy()).max(initial=0.0)), float(np.abs(worth.to_numpy()).max(initial=0.0)))
    return bool(difference.max(initial=0.0) <= AGREE * size)

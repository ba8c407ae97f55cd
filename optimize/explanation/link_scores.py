"""Link scores: what a link carries of its effect's change over a step, in parts of that change, with its sign.

Schoenberg, Davidsen and Eberlein 2020, "Understanding model behavior using the Loops that Matter method", System
Dynamics Review 36:2; links into stocks as corrected by Schoenberg, Hayward and Eberlein 2023, System Dynamics Review
39:2. Where a change is no more than rounding leaves, there is nothing to be explained, and scores are zero: else noise
would rank first.

Scores are by element of one dimension. What an element does to a sum over that dimension is told as what all elements
do to it together; further dimensions are taken together by projection on the change of the effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sd_models.simulator.links import Carried
from sd_models.system.model import FloatArray, Mask, System

ROUNDING = 1e-11  # of what a change is computed from: thousands of the last bits of numbers


def by_link(runs: Iterable[Carried], links: Sequence[tuple[str, str]], dimension: str) -> FloatArray:
    """The scores of links, cause before effect, (runs, links, elements of the dimension or 1, steps)."""
    effects, found = dict.fromkeys(effect for _, effect in links), []
    for run in runs:
        slices = Slices(run.system, dimension)
        moving = {effect: _moving(run, slices, effect) for effect in effects}
        size = len(run.system.dimensions[dimension].elements) if dimension else 1
        scores = np.zeros((len(links), size, len(run.times) - 1))
        for k, link in enumerate(links):
            if link in run.parts:
                scores[k] = np.where(moving[link[1]], _score(run, slices, link), 0.0)
        found.append(scores)
    return np.stack(found)


@dataclass(frozen=True, slots=True)
class Slices:
    """Arrays of a variable by element of one dimension: (elements of it or 1, all others, steps)."""

    system: System
    dimension: str

    def of(self, name: str, values: FloatArray) -> FloatArray:
        """The values (flat elements, steps) of a variable."""
        variable = self.system.variables[name]
        shape = self.system.shape(variable)
        full = values.reshape((*shape, values.shape[-1]))
        if self.dimension not in variable.dimensions:
            return full.reshape((1, -1, values.shape[-1]))
        front = np.moveaxis(full, variable.dimensions.index(self.dimension), 0)
        return front.reshape((front.shape[0], -1, values.shape[-1]))


def _score(run: Carried, slices: Slices, link: tuple[str, str]) -> FloatArray:
    """What a link carries of the change of its effect, with the sign of its direction."""
    cause, effect = link
    part, change = slices.of(effect, run.parts[link]), slices.of(effect, run.changes[effect])
    move = slices.of(cause, run.moves[cause])
    if len(part) == 1:
        move = move.reshape((1, -1, move.shape[2]))
    squared = (change**2).sum(axis=1)
    size = np.abs((part * change).sum(axis=1)) / np.where(squared > 0, squared, 1.0)
    if part.shape[1] == move.shape[1]:
        return np.asarray(size * np.sign((part * move).sum(axis=1)))
    return np.asarray(size * np.sign(part.sum(axis=1) * move.sum(axis=1)))


def _moving(run: Carried, slices: Slices, effect: str) -> Mask:
    """Where the change of an effect is more than rounding leaves of what it is computed from, (elements or 1, steps).

    An error of the last bits of a cause moves the effect by the slope times the cause, whatever the effect's own size:
    the difference of two large flows is as uncertain as these.
    """
    change = np.abs(run.changes[effect])
    noise = np.zeros(change.shape[1])
    for (cause, other), part in run.parts.items():
        if other == effect:
            move = np.abs(run.moves[cause]).max(axis=0)
            slope = np.abs(part).max(axis=0) / np.where(move > 0, move, np.inf)
            noise = np.maximum(noise, slope * run.sizes[cause].max())
    return np.asarray(slices.of(effect, change).max(axis=1) > ROUNDING * noise)

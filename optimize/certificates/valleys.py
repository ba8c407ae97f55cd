"""Values along valleys: is a policy better along a direction in which levers move together and hardly anything bends?

Looked along are the direction that the second derivative promises most of; those whose slopes are lost in rounding,
where a stiff term has used up the digits; and the one of least curvature, unless that is negative. The floor of a
valley is curved by nothing but what is at stake there, so a value counts from a millionth of that: what all levers are
worth, each moved alone, is what climbing the walls costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sd_models.system.model import FloatArray

from ..problems.program import Evaluation
from ..problems.promise import EPS, NONE, ROUNDINGS, Directions, Promise
from .probes import Merit, Probed
from .second_order import SecondOrder

TOLERANCE = 1e-6
# Parts of a move that are tried: where a valley is curved, the first ones leave it.
PARTS = (1.0, 0.3, 0.1, 3e-2, 1e-2, 3e-3, 1e-3, 1e-4)
# Of directions that rounding leaves unsure, so many are looked along.
MOST = 6


def along_valleys(
    at: Evaluation,
    directions: Directions,
    promise: Promise,
    second: SecondOrder | None,
    merit: Merit,
    probed: Probed,
) -> tuple[Probed, float]:
    """What was probed, with the best policy along valleys where that is better; and the gain from which one counts."""
    program = merit.program
    here, best, gain, count = merit(at), probed.better, probed.gain, probed.count
    rounding = ROUNDINGS * EPS * abs(here)
    enough = np.inf
    start = at.x if promise.step is None else at.x + promise.step
    for move, stake in _moves(directions, promise, second):
        least = max(TOLERANCE * stake, rounding)
        for part in PARTS:
            x = np.clip(start + part * move, program.lower, program.upper)
            if np.array_equal(x, at.x):
                break
            found = program.evaluate(x)
            count += 1
            better = here - merit(found)
            if better > max(least, gain):
                best, gain, enough = found, better, min(enough, least)
    if promise.share > TOLERANCE:
        enough = min(enough, max(TOLERANCE * promise.stake, rounding))
    return replace(probed, better=best, gain=gain, count=count), enough


def _moves(directions: Directions, promise: Promise, second: SecondOrder | None) -> Iterator[tuple[FloatArray, float]]:
    """Moves (levers) as far as bounds let them go, and what is at stake along each."""
    if promise.share > NONE:
        yield promise.move, promise.stake
    ways = list(promise.unsure[:MOST])
    if second is not None and not second.negative and np.isfinite(second.least) and second.direction.any():
        ways.append(directions.way(max(second.least, 0.0), second.direction / directions.sizes))
    for way in ways:
        for sign in (1.0, -1.0):
            move = sign * way.direction
            reach = float(directions.reach(move).min(initial=np.inf))
            yield (reach if np.isfinite(reach) else 1.0) * move * directions.sizes, way.stake

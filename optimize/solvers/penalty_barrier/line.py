"""The step along a direction: the longest that makes the merit function smaller."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_models.system.model import IndexArray

from ..interior_point.condensed import Condensed
from ..interior_point.path import Direction, Equations
from ..record import ROUNDINGS
from . import tuning
from .iterate import backed
from .merit import Bar, Merit, Trial
from .place import Place
from .step import Aim


@dataclass(frozen=True, eq=False)
class Found:
    """Where a step leads, with its length in sizes of levers, and whether it is as long as may be; without a step, the
    limits that the longest one `met` and that its direction did not know."""

    met: IndexArray
    trial: Trial | None = None
    length: float = 0.0
    whole: bool = False


def descends(place: Place, aim: Aim) -> bool:
    """Whether the merit function falls along a direction at first."""
    by, at = aim.direction, place.at
    merit = Merit.of(place.posed, place.pairs, aim.target, at.y, at.y + by.y)
    return merit.slope(at, by, place.errors.primal) < 0.0


def along(place: Place, equations: Equations, aim: Aim) -> Found:
    """The longest step along a direction that makes the merit function smaller.

    The longest of all is corrected where it only misses rows because these are curved.
    """
    by, at = aim.direction, place.at
    merit = Merit.of(place.posed, place.pairs, aim.target, at.y, at.y + by.y)
    bar, (primal, dual) = _bar(place, merit, by), _lengths(place, by)
    for halving in range(tuning.HALVINGS):
        trial = place.trial(by, primal, dual)
        if trial is not None and halving == 0 and not bar.is_met(trial, merit, primal):
            met = np.setdiff1d(place.near(trial.point), place.order)
            if len(met):
                return Found(met)
            corrected = _corrected(place, equations, merit, by, trial, primal)
            trial = corrected if corrected is not None and bar.is_met(corrected, merit, primal) else trial
        if trial is not None and bar.is_met(trial, merit, primal):
            length = primal * float(np.abs(by.v).max(initial=0.0))
            return Found(place.order[:0], trial, length, halving == 0)
        primal *= 0.5
    return Found(place.order[:0])


def downward(place: Place, equations: Equations) -> Found | None:
    """The longest step, at most one size of a lever, along negative curvature that makes the merit function smaller;
    None where slopes tell where to go, and where there is none.

    At a saddle, or in a minimum of what is to be made large, slopes are nothing, and Newton's step is none.
    """
    linear, at = equations.linear, place.at
    if place.errors.largest > tuning.FLAT or not isinstance(linear, Condensed) or linear.downward is None:
        return None
    merit = Merit.of(place.posed, place.pairs, at.product, at.y)
    by = equations.following(linear.downward)
    by = by if merit.slope(at, by, place.errors.primal) <= 0.0 else by.times(-1.0)
    bar, longest = _bar(place, merit, by, least=True), min(1.0, backed(at.lengths(by)[0]))
    for halving in range(tuning.HALVINGS):
        trial = place.trial(by, longest * 0.5**halving, 0.0)
        if trial is not None and bar.is_met(trial, merit, 0.0):
            return Found(place.order[:0], trial, longest * 0.5**halving)
    return None


def _lengths(place: Place, by: Direction) -> tuple[float, float]:
    """How long the steps of slacks and prices may be."""
    primal, dual = (backed(length) for length in place.at.lengths(by))
    far, here = (float(np.abs(each).max(initial=0.0)) for each in (by.v, place.at.v))
    return min(primal, tuning.LONGEST * max(1.0, here) / max(far, tuning.NO_MORE)), dual


def _bar(place: Place, merit: Merit, by: Direction, *, least: bool = False) -> Bar:
    """What the merit of a step along a direction has to come below; with `least` it has to be smaller for sure."""
    cost = place.frame.cost(place.point)
    now = merit.value(cost, place.at, place.rows) + place.unknown_excess(place.point)
    noise = ROUNDINGS * float(np.finfo(float).eps) * max(abs(now), abs(cost))
    return Bar(now - noise if least else now + noise, min(merit.slope(place.at, by, place.errors.primal), 0.0))


def _corrected(
    place: Place, equations: Equations, merit: Merit, by: Direction, trial: Trial, primal: float
) -> Trial | None:
    """A second-order correction: the step again, with what it missed the rows by (Fletcher 1982)."""
    missed = merit.missed(trial.at, trial.rows)
    if float(np.abs(missed).sum()) <= float(np.abs(place.errors.primal).sum()):
        return None
    more = equations.direction(np.zeros_like(place.at.slack), 0.0, missed, equations.once)
    both = by.plus(more.times(1.0 / primal))
    slacks, prices = place.at.lengths(both)
    return place.trial(both, min(primal, backed(slacks)), backed(prices))

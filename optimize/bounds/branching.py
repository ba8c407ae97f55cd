"""A bound by polynomials: the box of the levers made smaller by limits, then split until the bound is near.

Limits on outcomes bound levers once it is known between which numbers outcomes lie: a budget that follows from the
model caps what is spent, however little the model tells of it before. Each pass over a box gives such numbers for all
policies in it that keep the limits, so the next pass starts from a smaller box; and each box is bounded by the maximum
of a concave polynomial over the limits (`relaxation.py`).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from time import perf_counter

import numpy as np

from sd_models.system.model import FloatArray

from ..problems.problem import Problem
from ..problems.program import Program
from ..transcription.intervals import Interval
from ..transcription.reach import lever_bounds
from ..transcription.transcription import statements
from . import polynomials
from .enclosure import Runs
from .polynomials import COEFFICIENT, Polynomial
from .relaxation import Rows, above, sides

ROUNDS = 8  # passes over a box
PROGRESS = 0.02  # part of its width by which a lever must get narrower for another pass over the box
LARGEST = 10**10  # numbers of a pass: minutes
BOXES = 64  # after so many passes a solver is the better way


@dataclass(frozen=True, eq=False)
class Box:
    """Levers from `lower` to `upper` (n), and what no policy in it that keeps the limits can cost less than."""

    lower: FloatArray
    upper: FloatArray
    least: float


@dataclass(eq=False)
class Branching:
    """The least cost of a program that polynomials prove, within so many seconds."""

    problem: Problem
    program: Program
    seconds: float
    cutoff: float = math.inf

    def __post_init__(self) -> None:
        """The clock starts."""
        began = perf_counter()
        self.runs = Runs(self.problem, lambda: perf_counter() - began > self.seconds)
        self.boxes = 0

    def least(self, enough: float) -> float:
        """A number that no policy costs less than; the search ends where that is `enough`. Minus infinity if there is
        none.
        """
        lower, upper = lever_bounds(self.problem)
        is_bounded = bool(np.isfinite(lower).all() and np.isfinite(upper).all())
        if not is_bounded or statements(self.problem) * self.runs.numbers > LARGEST:
            return -math.inf
        self.cutoff = enough
        first = self.bounded(Box(lower, upper, -math.inf))
        order = count()
        boxes = [(first.least, next(order), first)]
        while -math.inf < boxes[0][0] < enough and self.boxes < BOXES and not self.runs.stop():
            _, _, worst = boxes[0]
            halves = [self.bounded(half) for half in _halves(worst, upper - lower)]
            if self.runs.stop():  # what was not done counts for nothing
                break
            heapq.heapreplace(boxes, (halves[0].least, next(order), halves[0]))
            heapq.heappush(boxes, (halves[1].least, next(order), halves[1]))
        return boxes[0][0]

    def bounded(self, box: Box) -> Box:
        """The box, as small as limits make it, with its bound."""
        for _ in range(ROUNDS):
            self.boxes += 1
            outcomes = self.runs.outcomes(box.lower, box.upper)
            rows = self.rows(box, outcomes)
            least, rows = self.cost(box, outcomes, rows)
            found = Box(box.lower, box.upper, max(box.least, min(least, self.cutoff)))
            if found.least >= self.cutoff or self.runs.stop():
                return found
            box = _smaller(found, rows)
            width = found.upper - found.lower
            if not (width - (box.upper - box.lower) > PROGRESS * width).any():
                break
        return box

    def cost(self, box: Box, outcomes: Sequence[Polynomial | None], rows: Rows) -> tuple[float, Rows]:
        """What levers in a box cost at least, and the rows with one for those that cost less than the cutoff."""
        program = self.program
        gain = self._sum(box, -program.lever_cost, -program.outcome_cost, outcomes)
        if gain is None:
            return -math.inf, rows
        over = above(gain, rows)
        least = program.constant - over.most
        if math.isinf(self.cutoff):
            return least, rows
        return least, rows.along(-over.slopes, over.centre - program.constant + self.cutoff)

    def rows(self, box: Box, outcomes: Sequence[Polynomial | None]) -> Rows:
        """The limits as rows of the levers alone: what is curved in them, as if it were what it can be at best."""
        program = self.program
        factors, ends = [], []
        for place in range(len(program.row_lower)):
            for sign, side in ((1.0, program.row_upper[place]), (-1.0, -program.row_lower[place])):
                if not math.isfinite(side):
                    continue
                levers = sign * program.lever_rows[[place]].toarray()[0]
                total = self._sum(box, levers, sign * program.outcome_rows[[place]].toarray()[0], outcomes)
                if total is not None:
                    _, bends, rest = total.sizes
                    size = abs(total.centre) + abs(side) + float(np.abs(total.slopes).sum()) + bends + rest
                    factors.append(total.slopes)
                    ends.append(float(side) - total.centre + bends + rest + COEFFICIENT * size)
        return Rows(np.reshape(factors, (-1, self.problem.size)), np.array(ends))

    def _sum(
        self, box: Box, levers: FloatArray, weights: FloatArray, outcomes: Sequence[Polynomial | None]
    ) -> Polynomial | None:
        """The sum of levers and outcomes times their weights; None where an outcome in it is not known."""
        total = polynomials.number(0.0, len(levers), self.runs.noises)
        for place in np.flatnonzero(levers).tolist():
            side = Interval(float(box.lower[place]), float(box.upper[place]))
            each = polynomials.lever(place, side, len(levers), self.runs.noises)
            total = total.plus(each.times(float(levers[place])))
        for place in np.flatnonzero(weights).tolist():
            known = outcomes[place]
            if known is None:
                return None
            total = total.plus(known.times(float(weights[place])))
        return total


def _smaller(box: Box, rows: Rows) -> Box:
    """The part of a box that rows leave."""
    least, largest = sides(rows)
    middle, radius = 0.5 * (box.lower + box.upper), 0.5 * (box.upper - box.lower)
    out = COEFFICIENT * (np.abs(middle) + radius)
    lower, upper = middle + radius * least - out, middle + radius * largest + out
    return Box(np.maximum(box.lower, lower), np.minimum(box.upper, upper), box.least)


def _halves(box: Box, whole: FloatArray) -> tuple[Box, Box]:
    """Both halves of a box, split where it is widest as part of the whole."""
    widest = int(np.argmax((box.upper - box.lower) / np.where(whole > 0, whole, 1.0)))
    middle = 0.5 * (box.lower[widest] + box.upper[widest])
    lower, upper = box.lower.copy(), box.upper.copy()
    lower[widest], upper[widest] = middle, middle
    return Box(box.lower, upper, box.least), Box(lower, box.upper, box.least)

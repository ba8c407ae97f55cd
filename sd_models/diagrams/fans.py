"""Places for causes that have none themselves, around the one thing that they change.

Beside a variable they stand left and right of it, so that what leads on comes in from above and goes out below. Below
a flow they stand as an arch. Both are bent such that straight arrows run clear of the neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from .shapes import Box, Point
from .sheet import Word

BESIDE, BETWEEN = 34.0, 8.0  # pixels from a variable to its causes, and between these
BELOW = 26.0
CURVE = 13.0  # pixels by which the middle ones of a side stand further out, for each cause there
FLAT = 1.2  # the height of the ellipse to that of the causes
SLOPE = 44.0  # pixels by which the upper pairs of an arch stand further out, for each pair below


def beside(target: Word, causes: Sequence[Word]) -> list[Point]:
    """The middles of causes around a variable at (0, 0): in turn left and right, on the sides of an ellipse."""
    found: dict[str, Point] = {}
    for side, mine in ((-1, causes[::2]), (1, causes[1::2])):
        middles = _stacked(mine)
        tall = FLAT * max((abs(y) for y in middles), default=0.0) or 1.0
        for word, y in zip(mine, middles, strict=True):
            curve = CURVE * len(mine) * math.sqrt(1 - (y / tall) ** 2)
            found[word.key] = Point(side * (target.width / 2 + BESIDE + curve + word.width / 2), y)
    return [found[word.key] for word in causes]


def _stacked(column: Sequence[Word]) -> list[float]:
    """The middles of words below each other, around 0."""
    ends = list(accumulate(word.height + BETWEEN for word in column))
    middle = (ends[-1] - BETWEEN) / 2 if ends else 0.0
    return [end - BETWEEN - word.height / 2 - middle for end, word in zip(ends, column, strict=True)]


def arch(top: float, causes: Sequence[Word]) -> list[Point]:
    """The middles of causes below something whose lower side is at (0, top): in pairs, the lower the nearer."""
    found: dict[str, Point] = {}
    pairs = [causes[i : i + 2] for i in range(0, len(causes), 2)]
    y = top + BELOW
    for i, pair in enumerate(pairs):
        inner = BETWEEN + SLOPE * (len(pairs) - 1 - i)
        tall = max(word.height for word in pair)
        for side, word in zip((-1, 1) if len(pair) == 2 else (0,), pair, strict=True):
            found[word.key] = Point(side * (inner + word.width / 2), y + tall / 2)
        y += tall + BETWEEN
    return [found[word.key] for word in causes]


def column(left: float, middle: float, causes: Sequence[Word]) -> list[Point]:
    """The middles of causes in a column that ends right at `left`."""
    return [Point(left - word.width / 2, middle + y) for word, y in zip(causes, _stacked(causes), strict=True)]


def frame(middles: Sequence[Point], causes: Sequence[Word]) -> list[Box]:
    """The boxes of causes."""
    return [Box(*middle, word.width, word.height) for middle, word in zip(middles, causes, strict=True)]

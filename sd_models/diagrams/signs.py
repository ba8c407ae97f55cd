"""Where the polarity of each arrow stands: beside its own arrow, and beside no other.

Places lie along the arrow from its head, on its outer side first. The first one is taken that hides nothing and is
nearer to its own arrow than to any other by a clear margin; where arrows lie so close that there is none, that with the
largest margin.

Why further back rather than nearer: at the head of one arrow that of another may arrive, and a sign between two heads
is read as that of either.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from ..system.model import FloatArray
from .shapes import Box, Point

BACK = (13.0, 8.0, 19.0, 26.0, 34.0, 44.0, 56.0, 70.0, 90.0, 115.0, 150.0, 200.0)  # pixels from the head
ASIDE = (9.0, 7.0, 12.0)  # pixels from the arrow to the middle of its sign
CLEAR = 2.0  # times as far from another arrow as from its own, at least
WIDE, TALL = 8.0, 10.0  # pixels of a sign


def sign_place(path: FloatArray, others: Sequence[FloatArray], outer: int, taken: Sequence[Box]) -> Box:
    """Where the sign of an arrow stands: `path` are its points from end to head, `others` those of all other arrows;
    `outer` is 1 where its outer side is on the left as it goes, -1 on the right; `taken` is what must not be hidden."""
    places = list(_places(path, outer))
    free = [place for place in places if not any(place.overlaps(box) for box in taken)] or places[:1]
    margins = [_margin(place.middle, path, others) for place in free]
    clear = (place for place, margin in zip(free, margins, strict=True) if margin >= CLEAR)
    return next(clear, free[int(np.argmax(margins))])


def _places(path: FloatArray, outer: int) -> Iterator[Box]:
    """Places beside an arrow, those nearest to where a sign is expected first; none in its first third but for two."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    length = float(steps.sum())
    behind = np.concatenate([[0.0], np.cumsum(steps[::-1])])
    backwards = path[::-1]
    for aside, back, side in itertools.product(ASIDE, BACK, (outer, -outer)):
        if back > 2 * length / 3 and back != BACK[0]:
            continue
        at = min(int(np.searchsorted(behind, back, side="right")), len(path) - 1)
        (x, y), (u, v) = backwards[at], backwards[at - 1]
        span = float(behind[at] - behind[at - 1]) or 1.0
        share = (back - float(behind[at - 1])) / span
        dx, dy = float(u - x) / span, float(v - y) / span
        place = Point(float(u) + share * float(x - u), float(v) + share * float(y - v))
        yield Box(place.x + side * aside * dy, place.y - side * aside * dx, WIDE, TALL)


def _margin(place: Point, path: FloatArray, others: Sequence[FloatArray]) -> float:
    """How many times as far the nearest other arrow is as its own."""
    return min((_distance(place, other) for other in others), default=np.inf) / max(_distance(place, path), 1.0)


def _distance(place: Point, path: FloatArray) -> float:
    """How far a place is from a line through points."""
    start, span = path[:-1], np.diff(path, axis=0)
    along = np.einsum("ij,ij->i", np.asarray(place) - start, span) / np.maximum(np.einsum("ij,ij->i", span, span), 1e-9)
    nearest = start + np.clip(along, 0.0, 1.0)[:, None] * span
    return float(np.linalg.norm(nearest - np.asarray(place), axis=1).min())

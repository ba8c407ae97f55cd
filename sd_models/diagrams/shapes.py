"""Points, boxes, and circular arcs between boxes; lengths are pixels, y points down."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..system.model import FloatArray, Mask

SAMPLES = 33  # points of an arc


class Point(NamedTuple):
    """A place in a picture."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its middle and its whole width and height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """Its left side."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """Its upper side."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """Its lower side."""
        return self.y + self.height / 2

    @property
    def middle(self) -> Point:
        """Its middle."""
        return Point(self.x, self.y)

    def moved(self, x: float, y: float) -> Box:
        """The box further right and down."""
        return Box(self.x + x, self.y + y, self.width, self.height)

    def overlaps(self, other: Box, gap: float = 0.0) -> bool:
        """Whether less than `gap` lies between two boxes; boxes that touch do not overlap."""
        across = abs(self.x - other.x) < (self.width + other.width) / 2 + gap
        return across and abs(self.y - other.y) < (self.height + other.height) / 2 + gap


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box around others."""
    found = list(boxes)
    left, right = min(box.left for box in found), max(box.right for box in found)
    top, bottom = min(box.top for box in found), max(box.bottom for box in found)
    return Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)


def edges(boxes: Sequence[Box]) -> FloatArray:
    """The left, top, right and bottom sides of boxes, of shape (boxes, 4)."""
    return np.array([(box.left, box.top, box.right, box.bottom) for box in boxes]).reshape(-1, 4)


def inside(points: FloatArray, sides: FloatArray) -> Mask:
    """Whether each of the points (points, 2) is in each of the boxes (boxes, 4): of shape (points, boxes)."""
    x, y = points[:, :1], points[:, 1:]
    found: Mask = (x > sides[:, 0]) & (y > sides[:, 1]) & (x < sides[:, 2]) & (y < sides[:, 3])
    return found


@dataclass(frozen=True, slots=True)
class Arc:
    """Part of a circle from one point to another; `bend` is how far its middle lies left of the chord, per length."""

    start: Point
    end: Point
    bend: float = 0.0

    @property
    def length(self) -> float:
        """The length of the chord."""
        return math.dist(self.start, self.end)

    @property
    def peak(self) -> Point:
        """The middle of the arc."""
        (x, y), (u, v) = self.start, self.end
        return Point((x + u) / 2 + (v - y) * self.bend, (y + v) / 2 - (u - x) * self.bend)

    @property
    def radius(self) -> float:
        """The radius of the circle; infinite for a straight line."""
        rise = abs(self.bend) * self.length
        return (self.length**2 / 4 + rise**2) / (2 * rise) if rise else math.inf

    @property
    def take_off(self) -> float:
        """The angle in degrees at which it leaves its start, anticlockwise from the right, in 0 to 360."""
        (x, y), (u, v) = self.start, self.end
        chord = math.degrees(math.atan2(y - v, u - x))
        return (chord + 2 * math.degrees(math.atan(2 * self.bend))) % 360

    def points(self) -> FloatArray:
        """Points along the arc, of shape (SAMPLES, 2)."""
        share = np.linspace(0.0, 1.0, SAMPLES)[:, None]
        start, end = np.array(self.start), np.array(self.end)
        if not self.bend or not self.length:
            return np.asarray(start + share * (end - start))
        half = 2 * math.atan(2 * self.bend)  # half of the angle that the arc spans
        along, across = (end - start) / 2, np.array((end - start)[::-1]) / 2 * (1, -1)
        turn = (2 * share - 1) * half
        rise = (np.cos(turn) - math.cos(half)) / math.sin(half)
        return np.asarray((start + end) / 2 + along * np.sin(turn) / math.sin(half) + across * rise)


def clipped(arc: Arc, source: Box, target: Box) -> FloatArray:
    """The points of an arc from the border of its source to the border of its target; at least two."""
    points = arc.points()
    hidden = inside(points, edges([source, target]))
    shown = np.flatnonzero(~hidden.any(axis=1))
    if len(shown) < 2:
        return points[[0, -1]]
    first, last = int(shown[0]), int(shown[-1])
    start = _border(points[max(first - 1, 0)], points[first], source)
    end = _border(points[min(last + 1, len(points) - 1)], points[last], target)
    return np.vstack((start, points[first : last + 1], end))


def _border(within: FloatArray, without: FloatArray, box: Box) -> FloatArray:
    """Where the line between a point in a box and one outside of it meets the border."""
    sides = edges([box])
    for _ in range(20):  # halved to far below a pixel
        middle = (within + without) / 2
        if inside(middle[None], sides)[0, 0]:
            within = middle
        else:
            without = middle
    return without

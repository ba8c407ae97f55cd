"""Loop marks: in the middle of what a loop joins, or the nearest place where there is room."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from .labels import LINE, text_width
from .named_loops import NamedLoop
from .picture import Mark
from .shapes import Box, Point, edges

SIZE = 26.0
STEP, RINGS = 18.0, 60
GAP = 6.0


def marks(loops: Sequence[NamedLoop], places: Mapping[str, Point], taken: Sequence[Box]) -> tuple[Mark, ...]:
    """The marks of loops of which something is in the view; `places` are those of variables."""
    boxes = list(taken)
    found: list[Mark] = []
    for loop in loops:
        points = [places[name] for name in loop.variables if name in places]
        if points:
            box = _free(_middle(points), loop.name, boxes)
            boxes.append(box)
            found.append(Mark(loop.label, loop.name, _is_clockwise(points), box))
    return tuple(found)


def _middle(points: Sequence[Point]) -> Point:
    return Point(sum(p.x for p in points) / len(points), sum(p.y for p in points) / len(points))


def _is_clockwise(points: Sequence[Point]) -> bool:
    """Whether points follow each other clockwise, as seen (y points down)."""
    turned = zip(points, (*points[1:], points[0]), strict=True)
    return sum(a.x * b.y - b.x * a.y for a, b in turned) >= 0


def _free(middle: Point, name: str, taken: Sequence[Box]) -> Box:
    """The nearest box of the size of a mark that overlaps none."""
    width, height = max(SIZE, text_width(name) + 4), SIZE + (LINE if name else 0)
    sides = edges(taken)
    for point in _around(middle):
        x, y = point
        wide, tall = width / 2 + GAP, height / 2 + GAP
        beside = (x + wide <= sides[:, 0]) | (x - wide >= sides[:, 2])
        apart = beside | (y + tall <= sides[:, 1]) | (y - tall >= sides[:, 3])
        if bool(np.all(apart)):
            return Box(x, y, width, height)
    lowest = max(box.bottom for box in taken)
    return Box(round(middle.x), round(lowest + GAP + height / 2), width, height)


def _around(middle: Point) -> Iterator[Point]:
    """Places around a point, the nearest first."""
    yield Point(round(middle.x), round(middle.y))
    for ring in range(1, RINGS):
        for i in range(6 * ring):
            angle = i * math.pi / 3 / ring
            yield Point(
                round(middle.x + ring * STEP * math.cos(angle)), round(middle.y + ring * STEP * math.sin(angle))
            )

"""Loop marks: in the middle of what a loop joins, or the nearest place where there is room."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..system.model import FloatArray
from .labels import LINE, text_width
from .named_loops import NamedLoop
from .picture import Mark
from .shapes import Box, Point, edges, inside

SIZE = 26.0
STEP, RINGS = 18.0, 60
NEAR = 14  # rings within which a mark looks for a place without arrows
GAP = 6.0


def marks(
    loops: Sequence[NamedLoop], places: Mapping[str, Point], taken: Sequence[Box], lines: FloatArray
) -> tuple[Mark, ...]:
    """The marks of loops of which something is in the view.

    `places` are those of variables, `lines` points of arrows, of shape (points, 2), which marks avoid if they can.
    """
    boxes = list(taken)
    found: list[Mark] = []
    for loop in loops:
        points = [places[name] for name in loop.variables if name in places]
        if points:
            box = _free(_middle(points), loop.name, boxes, lines)
            boxes.append(box)
            found.append(Mark(loop.label, loop.name, _is_clockwise(points), box))
    return tuple(found)


def _middle(points: Sequence[Point]) -> Point:
    return Point(sum(p.x for p in points) / len(points), sum(p.y for p in points) / len(points))


def _is_clockwise(points: Sequence[Point]) -> bool:
    """Whether points follow each other clockwise, as seen (y points down)."""
    turned = zip(points, (*points[1:], points[0]), strict=True)
    return sum(a.x * b.y - b.x * a.y for a, b in turned) >= 0


def _free(middle: Point, name: str, taken: Sequence[Box], lines: FloatArray) -> Box:
    """The nearest box of the size of a mark that overlaps none, and that no arrow runs through if that is not far."""
    width, height = max(SIZE, text_width(name) + 4), SIZE + (LINE if name else 0)
    sides = edges(taken)
    first: Box | None = None
    for ring, point in _around(middle):
        box = Box(*point, width, height)
        if first is not None and ring > NEAR:
            return first
        if _is_free(box, sides):
            first = first or box
            if not inside(lines, edges([box])).any():
                return box
    lowest = max(box.bottom for box in taken)
    return first or Box(round(middle.x), round(lowest + GAP + height / 2), width, height)


def _is_free(box: Box, sides: FloatArray) -> bool:
    beside = (box.right + GAP <= sides[:, 0]) | (box.left - GAP >= sides[:, 2])
    return bool(np.all(beside | (box.bottom + GAP <= sides[:, 1]) | (box.top - GAP >= sides[:, 3])))


def _around(middle: Point) -> Iterator[tuple[int, Point]]:
    """Places around a point and how many rings away they are, the nearest first."""
    yield 0, Point(round(middle.x), round(middle.y))
    for ring in range(1, RINGS):
        for i in range(6 * ring):
            angle = i * math.pi / 3 / ring
            x, y = (middle.x + ring * STEP * math.cos(angle), middle.y + ring * STEP * math.sin(angle))
            yield ring, Point(round(x), round(y))

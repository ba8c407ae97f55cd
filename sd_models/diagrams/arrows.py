"""Arcs between what is placed: of some bends the one that runs through fewest boxes, then the least bent.

Arrows of circles are bent a little even where they need not be, as modellers draw feedback, and so are those that have
another one the other way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from ..system.model import FloatArray, Mask
from .picture import Pipe
from .shapes import Arc, Box, Point, edges, inside
from .sheet import Link

BENDS = (0.0, 0.1, -0.1, 0.2, -0.2, 0.32, -0.32, 0.46, -0.46)
CIRCULAR = (0.12, *(bend for bend in BENDS if bend))
HIT, CROSSED, BENT = 1.0, 0.12, 0.25  # what a box, a pipe, and a bend of 1 cost, the bend more in a long arrow
LONG = 300.0  # pixels from which on bends cost more
SPARE = 2.0  # pixels that an arrow should keep from boxes


VALVE = "valve\n"  # before the key of a flow: its valve among the boxes


@dataclass(frozen=True, slots=True)
class Route:
    """An arrow's arc, whether it leads to a valve, and how many boxes it runs through."""

    link: Link
    arc: Arc
    at_valve: bool
    hits: int


def routes(
    links: Sequence[Link], boxes: Mapping[str, Box], pipes: Sequence[Pipe], bent: Set[Link]
) -> tuple[Route, ...]:
    """The arcs of all arrows; an arrow to a flow leads to its valve or to its name, as it runs better."""
    keys, sides = list(boxes), edges([_grown(box) for box in boxes.values()])
    flows = edges([box for pipe in pipes for box in pieces(pipe)])
    found = []
    for link in links:
        ways = []
        for end in (key for key in (link.target, VALVE + link.target) if key in boxes):
            own = np.array([key in (link.source, end) for key in keys])
            for bend in CIRCULAR if link in bent else BENDS:
                arc = Arc(boxes[link.source].middle, boxes[end].middle, bend)
                hits = _runs_through(arc, sides, own)
                bent_cost = BENT * abs(bend) * max(1.0, arc.length / LONG)
                cost = HIT * hits + CROSSED * _runs_through(arc, flows, None) + bent_cost
                ways.append((cost, Route(link, arc, end != link.target, hits)))
        found.append(min(ways, key=lambda way: way[0])[1])
    return tuple(found)


def _runs_through(arc: Arc, sides: FloatArray, own: Mask | None) -> int:
    """Through how many boxes an arrow runs, its own two left out."""
    within = inside(arc.points(), sides)
    if own is None:
        return int(within.any(axis=0).sum())
    outside = ~within[:, own].any(axis=1)
    return int(within[outside][:, ~own].any(axis=0).sum())


def _grown(box: Box) -> Box:
    return Box(box.x, box.y, box.width + 2 * SPARE, box.height + 2 * SPARE)


def pieces(pipe: Pipe) -> list[Box]:
    """The straight pieces of a pipe as narrow boxes."""
    found = []
    for start, end in zip(pipe.points, pipe.points[1:], strict=False):
        middle = Point((start.x + end.x) / 2, (start.y + end.y) / 2)
        found.append(Box(*middle, max(4.0, abs(start.x - end.x)), max(4.0, abs(start.y - end.y))))
    return found

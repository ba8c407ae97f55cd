"""What arrows do not join is placed apart; the parts are put side by side and below each other, the largest first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import networkx as nx

from .chains import Block
from .coordinates import ACROSS, DOWN, Join, coordinates
from .layers import layers
from .ordering import ordered, parted
from .shapes import Box, Point, around

LEAST_WIDTH, SHAPE = 760.0, 1.6  # of a view: pixels, and how much wider than high
APART = 44.0  # pixels between parts


def places(blocks: Mapping[str, Block], joins: Sequence[Join]) -> dict[str, Point]:
    """The middle of each block."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(blocks)
    graph.add_edges_from((one, other) for one, _, other, _ in joins)
    order = {key: place for place, key in enumerate(blocks)}
    parts = [sorted(part, key=order.__getitem__) for part in nx.connected_components(graph)]
    placed = [_part({key: blocks[key] for key in part}, joins) for part in sorted(parts, key=lambda p: order[p[0]])]
    frames = [around(_box(blocks[key], place) for key, place in part.items()) for part in placed]
    found: dict[str, Point] = {}
    for part, frame, corner in zip(placed, frames, _corners(frames), strict=True):
        x, y = corner.x - frame.left, corner.y - frame.top
        found.update({key: Point(round(place.x + x), round(place.y + y)) for key, place in part.items()})
    return found


def _box(block: Block, place: Point) -> Box:
    return Box(*place, block.width, block.height)


def _part(blocks: Mapping[str, Block], joins: Sequence[Join]) -> dict[str, Point]:
    """Blocks that arrows join, in layers."""
    mine = [join for join in joins if join[0] in blocks and join[0] != join[2]]
    edges = [(one, other) for one, _, other, _ in mine]
    width = {key: block.width + ACROSS for key, block in blocks.items()}
    area = sum(width[key] * (block.height + DOWN) for key, block in blocks.items())
    most = max(LEAST_WIDTH, math.sqrt(area * SHAPE), *width.values())
    return coordinates(parted(ordered(layers(list(blocks), edges), edges), width, most), blocks, mine)


def _corners(frames: Sequence[Box]) -> list[Point]:
    """The upper left corner of each part: the largest first, each as high and then as far left as there is room."""
    area = sum((frame.width + APART) * (frame.height + APART) for frame in frames)
    most = max([LEAST_WIDTH, math.sqrt(area * SHAPE), *(frame.width for frame in frames)])
    found = [Point(0, 0)] * len(frames)
    taken: list[Box] = []
    for i in sorted(range(len(frames)), key=lambda i: (-frames[i].width * frames[i].height, i)):
        wide, tall = frames[i].width, frames[i].height
        x, y = next(corner for corner in _free_corners(taken) if _fits(corner, wide, tall, most, taken))
        found[i] = Point(x, y)
        taken.append(Box(x + wide / 2, y + tall / 2, wide, tall))
    return found


def _free_corners(taken: Sequence[Box]) -> list[Point]:
    """Corners to try: beside and below what is there, from the top."""
    across = sorted({0.0, *(box.right + APART for box in taken)})
    down = sorted({0.0, *(box.bottom + APART for box in taken)})
    return [Point(x, y) for y in down for x in across]


def _fits(corner: Point, wide: float, tall: float, most: float, taken: Sequence[Box]) -> bool:
    box = Box(corner.x + wide / 2, corner.y + tall / 2, wide, tall)
    return box.right <= most + 1 and not any(box.overlaps(other, APART - 1) for other in taken)

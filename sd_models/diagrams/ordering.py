"""The order of blocks within rows: each near the middle of its neighbours, so that few arrows cross.

Arrows over several rows hold a place in those between. Rows are sorted by barycentres, downwards and upwards in turn,
and the order with fewest crossings is kept (K. Sugiyama and others 1981). A row that would be too wide is parted into
several, of which each takes every second or third block.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise

from .layers import Edge

SWEEPS = 16
Rows = list[list[str]]


def ordered(rows: Mapping[str, int], edges: Sequence[Edge]) -> Rows:
    """The blocks row by row from the left."""
    order: Rows = [[] for _ in range(max(rows.values(), default=-1) + 1)]
    for key, row in rows.items():
        order[row].append(key)
    segments = _segments(rows, edges, order)
    best, fewest = [list(row) for row in order], _crossings(order, segments)
    for sweep in range(SWEEPS):
        _sort(order, segments, down=sweep % 2 == 0)
        count = _crossings(order, segments)
        if count < fewest:
            best, fewest = [list(row) for row in order], count
    return [[key for key in row if key in rows] for row in best]


def _segments(rows: Mapping[str, int], edges: Sequence[Edge], order: Rows) -> list[list[Edge]]:
    """The arrows between each row and the next; those over several rows get a place in each between."""
    segments: list[list[Edge]] = [[] for _ in order]
    for number, (one, other) in enumerate(edges):
        upper, lower = sorted((one, other), key=rows.__getitem__)
        last = upper
        for row in range(rows[upper] + 1, rows[lower]):
            place = f"\n{number}\n{row}"
            order[row].append(place)
            segments[row - 1].append((last, place))
            last = place
        if rows[upper] < rows[lower]:
            segments[rows[lower] - 1].append((last, lower))
    return segments


def _sort(order: Rows, segments: Sequence[Sequence[Edge]], *, down: bool) -> None:
    """Sort each row by the middle of its neighbours in the row before it."""
    for row in range(1, len(order)) if down else range(len(order) - 2, -1, -1):
        fixed = order[row - 1] if down else order[row + 1]
        place = {key: (i + 0.5) / len(fixed) for i, key in enumerate(fixed)}
        near: dict[str, list[float]] = {key: [] for key in order[row]}
        for upper, lower in segments[row - 1 if down else row]:
            one, other = (lower, upper) if down else (upper, lower)
            near[one].append(place[other])
        now = {key: (i + 0.5) / len(order[row]) for i, key in enumerate(order[row])}
        middle = {key: sum(found) / len(found) if found else now[key] for key, found in near.items()}
        order[row].sort(key=middle.__getitem__)


def _crossings(order: Rows, segments: Sequence[Sequence[Edge]]) -> int:
    """How many pairs of arrows between neighbouring rows cross."""
    total = 0
    for (upper, lower), between in zip(pairwise(order), segments, strict=False):
        above, below = ({key: i for i, key in enumerate(row)} for row in (upper, lower))
        ends = [below[b] for a, b in sorted(between, key=lambda edge: (above[edge[0]], below[edge[1]]))]
        total += _inversions(ends)
    return total


def _inversions(numbers: Sequence[int]) -> int:
    """How many pairs stand in the wrong order."""
    seen: list[int] = []
    count = 0
    for number in numbers:
        place = bisect_right(seen, number)
        count += len(seen) - place
        seen.insert(place, number)
    return count


def parted(order: Rows, width: Mapping[str, float], most: float) -> Rows:
    """The rows, those wider than `most` in several."""
    found: Rows = []
    for row in order:
        wide = sum(width[key] for key in row)
        count = min(len(row), math.ceil(wide / most)) or 1
        found.extend(row[i::count] for i in range(count))
    return found

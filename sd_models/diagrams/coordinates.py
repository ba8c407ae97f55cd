"""Places for blocks: rows below each other, and in a row each block as near below its causes as its neighbours allow.

Where blocks of a row would like to stand is the mean of what they are joined to; the nearest places at which none
overlaps another are found exactly, by the pool of adjacent violators (R. Barlow and others, Statistical Inference under
Order Restrictions, 1972). Rows take turns until places hardly change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .chains import Block
from .shapes import Point

ACROSS, DOWN = 26.0, 58.0  # pixels between blocks of a row, and between rows
ROUNDS = 14


def coordinates(rows: Sequence[Sequence[str]], blocks: Mapping[str, Block], joins: Sequence[Join]) -> dict[str, Point]:
    """The middle of each block."""
    x = {key: place for row in rows for key, place in zip(row, _packed(row, blocks), strict=True)}
    near: dict[str, list[tuple[float, str, float]]] = {key: [] for key in x}
    for one, offset, other, reach in joins:
        near[one].append((offset, other, reach))
        near[other].append((reach, one, offset))
    for round_ in range(ROUNDS):
        for row in rows if round_ % 2 == 0 else reversed(rows):
            wanted = [_wanted(key, near[key], x) for key in row]
            x.update(zip(row, _apart(row, blocks, wanted), strict=True))
    y = _heights(rows, blocks)
    return {key: Point(round(place), round(y[key])) for key, place in x.items()}


Join = tuple[str, float, str, float]
"""Two blocks, and how far right of the middle of each the arrow between them ends."""


def _packed(row: Sequence[str], blocks: Mapping[str, Block]) -> list[float]:
    """Places side by side, around 0."""
    return _apart(row, blocks, [0.0] * len(row))


def _wanted(key: str, near: Sequence[tuple[float, str, float]], x: Mapping[str, float]) -> float:
    """Where a block would like to stand: in the middle of what it is joined to."""
    if not near:
        return x[key]
    return sum(x[other] + reach - offset for offset, other, reach in near) / len(near)


def _apart(row: Sequence[str], blocks: Mapping[str, Block], wanted: Sequence[float]) -> list[float]:
    """The places nearest to those wanted, in this order and without overlaps."""
    start = 0.0
    starts: list[float] = []
    for i, key in enumerate(row):
        if i:
            start += (blocks[row[i - 1]].width + blocks[key].width) / 2 + ACROSS
        starts.append(start)
    pools: list[tuple[float, int]] = []  # the mean and the number of members that move as one
    for place, offset in zip(wanted, starts, strict=True):
        mean, count = place - offset, 1
        while pools and pools[-1][0] > mean:
            other, members = pools.pop()
            mean, count = (mean * count + other * members) / (count + members), count + members
        pools.append((mean, count))
    means = [mean for mean, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, starts, strict=True)]


def _heights(rows: Sequence[Sequence[str]], blocks: Mapping[str, Block]) -> dict[str, float]:
    """The middle of each row."""
    found: dict[str, float] = {}
    top = 0.0
    for row in rows:
        tall = max((blocks[key].height for key in row), default=0.0)
        found.update(dict.fromkeys(row, top + tall / 2))
        top += tall + DOWN
    return found

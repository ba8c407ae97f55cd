"""Limits that no lever moves: whether they hold is known before any search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from sd_models.system.model import FloatArray

from ..files.names import part_labels
from ..plans.limits import Rows

# A row holds within this part of the larger of its value and its amount, as every limit does.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Unmoved:
    """A limit with rows that no lever moves: the worst of these in words, and whether all of them hold."""

    limit: str
    sentence: str
    holds: bool


def unmoved(rows: Iterable[Rows]) -> Iterator[Unmoved]:
    """The limits of which some row, and if they hold every row, is moved by no lever."""
    for limit in rows:
        still = np.ones(len(limit.expression), dtype=bool)
        still[limit.expression.levers.rows] = False
        still[limit.expression.outcomes.rows] = False
        short = np.where(still, np.maximum(limit.lower, -limit.upper), -np.inf)
        over = short > TOLERANCE * _sizes(limit)
        if over.any():
            worst = int(np.where(over, short, -np.inf).argmax())
            yield Unmoved(limit.name, _sentence(limit, worst, short[worst]), holds=False)
        elif still.all() and len(still):
            yield Unmoved(limit.name, f"No lever moves the limit {limit.name!r}; it holds.", holds=True)


def _sizes(limit: Rows) -> FloatArray:
    """The larger of the value of each row and of what bounds it."""
    ends = [np.where(np.isfinite(end), np.abs(end + limit.own), 0.0) for end in (limit.lower, limit.upper)]
    return np.asarray(np.maximum(np.abs(limit.own), np.maximum(*ends)))


def _sentence(limit: Rows, row: int, short: float) -> str:
    """By how much a row misses its amount, where and when."""
    cell, window = divmod(row, len(limit.times))
    place = list(part_labels("", list(limit.axes.values())))[cell]
    below = limit.lower[row] > 0
    words = "exactly" if limit.lower[row] == limit.upper[row] else "at least" if below else "at most"
    amount = (limit.lower if below else limit.upper)[row] + limit.own[row]
    unit = f" {limit.unit}" if limit.unit else ""
    return (
        f"No lever moves the limit {limit.name + place!r} at {limit.times[window]:.10g}: its value is "
        f"{limit.own[row]:.6g}{unit}, {words} {amount:.6g}{unit} is asked for; it is short by {short:.6g}{unit}."
    )

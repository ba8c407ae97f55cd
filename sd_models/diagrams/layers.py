"""Rows for blocks, so that most arrows point down (K. Sugiyama and others, IEEE Transactions SMC 11:2, 1981).

Circles are opened first: of an order of the blocks in which few arrows point back, those that do are turned round (P.
Eades and others, Information Processing Letters 47:6, 1993). Then each block is put into the row below its lowest
cause, and in a few rounds as near to its causes and effects as its arrows allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

ROUNDS = 6
Edge: TypeAlias = tuple[str, str]


def layers(keys: Sequence[str], edges: Iterable[Edge]) -> dict[str, int]:
    """The row of each block, counted from 0 at the top without gaps."""
    place = {key: i for i, key in enumerate(_few_back(keys, list(edges)))}
    down = {(a, b) if place[a] < place[b] else (b, a) for a, b in edges if a != b}
    causes: dict[str, list[str]] = {key: [] for key in keys}
    effects: dict[str, list[str]] = {key: [] for key in keys}
    for a, b in sorted(down, key=lambda edge: (place[edge[0]], place[edge[1]])):
        effects[a].append(b)
        causes[b].append(a)
    rows: dict[str, int] = {}
    order = sorted(keys, key=place.__getitem__)
    for key in order:
        rows[key] = max((rows[cause] + 1 for cause in causes[key]), default=0)
    for round_ in range(ROUNDS):
        for key in order if round_ % 2 else reversed(order):
            rows[key] = _nearest(rows, key, causes[key], effects[key])
    used = {row: i for i, row in enumerate(sorted(set(rows.values())))}
    return {key: used[rows[key]] for key in keys}


def _nearest(rows: Mapping[str, int], key: str, causes: Sequence[str], effects: Sequence[str]) -> int:
    """The row at which the arrows of a block are shortest."""
    least = max((rows[cause] + 1 for cause in causes), default=None)
    most = min((rows[effect] - 1 for effect in effects), default=None)
    if least is None:
        return rows[key] if most is None else most
    if most is None:
        return least
    return least if len(causes) >= len(effects) else most


def _few_back(keys: Sequence[str], edges: Sequence[Edge]) -> list[str]:
    """The blocks in an order in which few edges point back: ends are taken off, then what has most going out."""
    out: dict[str, dict[str, int]] = {key: {} for key in keys}
    into: dict[str, dict[str, int]] = {key: {} for key in keys}
    for a, b in edges:
        if a != b:
            out[a][b] = out[a].get(b, 0) + 1
            into[b][a] = into[b].get(a, 0) + 1
    first: list[str] = []
    last: list[str] = []
    left = dict.fromkeys(keys)
    while left:
        key = next((k for k in left if not out[k]), "")
        side = last
        if not key:
            key = next((k for k in left if not into[k]), "")
            side = first
        if not key:
            key = max(left, key=lambda k: sum(out[k].values()) - sum(into[k].values()))
        side.append(key)
        del left[key]
        for other in out[key]:
            into[other].pop(key, None)
        for other in into[key]:
            out[other].pop(key, None)
    return [*first, *reversed(last)]

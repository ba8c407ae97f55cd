"""Which feedback loops are scored: all where there are few, else the shortest independent and the strongest ones.

There may be millions (a graph of 14 nodes that are all connected has 119 million). The shortest independent ones
(`sd_models.analysis.loops`) hold every link that is part of feedback. A loop that is made of links of shorter ones may
still be strong; such are looked for along the run, at some moments of it: from each stock along the strongest links
first, where a variable is followed on only if it is reached by a path nearly as strong as any before (Eberlein and
Schoenberg 2020, "Finding the Loops That Matter", Proceedings of the International System Dynamics Conference, on
strongest paths; they ask for one that is as strong). That finds most of the strongest loops, not surely all, and it is
bounded: what was looked at is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import networkx as nx
import numpy as np

from sd_models.analysis.loops import circle_from_stock, feedback_graph, feedback_loops, has_stock
from sd_models.system.model import FloatArray, Kind, System

MOMENTS = 12  # of a run at which strong loops are looked for
MOST_STEPS = 20_000  # of the searches at one moment, from all stocks alike
SLACK = 0.3  # of the best path to a variable: a weaker one is not followed on
OF_STRONG = 2  # strong loops beside the shortest ones: what these leave of the budget, at least one half of it


@dataclass(frozen=True)
class Search:
    """The loops that were found, shorter ones first, and what was looked at in a sentence."""

    loops: tuple[tuple[str, ...], ...]
    searched: str


@dataclass(frozen=True)
class Feedback:
    """The links of a system that are part of feedback."""

    system: System

    @property
    def graph(self) -> nx.DiGraph[str]:
        """Their graph."""
        return feedback_graph(self.system)

    def loops(self, links: Sequence[tuple[str, str]], sizes: FloatArray, most: int) -> Search:
        """At most so many loops, and half as many strong ones; `sizes` are those of links' scores, (links, moments)."""
        graph = self.graph
        known = [tuple(circle) for circle in islice(nx.simple_cycles(graph), most + 1)]
        if len(known) <= most:
            every = self._kept(known)
            count = f"all {len(every)} feedback loops" if len(every) > 1 else "the one feedback loop"
            none = "No variable of the model takes part in a feedback loop."
            return Search(every, f"Scored: {count} of the model." if every else none)
        short = self._kept([loop.variables for loop in feedback_loops(self.system, limit=len(graph.edges))])
        strong, is_whole = _strong(self._weights(graph, links, sizes), self._stocks(graph))
        new = [one for one in self._kept(strong, by_length=False) if one not in set(short)]
        chosen, longer = short[:most], new[: max(most - len(short), most // OF_STRONG)]
        return Search((*chosen, *longer), _told(len(short), len(chosen), len(longer), whole=is_whole))

    def _kept(self, circles: Sequence[tuple[str, ...]], *, by_length: bool = True) -> tuple[tuple[str, ...], ...]:
        """Those through a stock that are the modeller's, each from its first stock on."""
        variables, graph = self.system.variables, self.graph
        order = {name: place for place, name in enumerate(variables)}
        ours = (one for one in circles if has_stock(graph, one) and any(not variables[name].origin for name in one))
        turned = dict.fromkeys(circle_from_stock(self.system, order, one) for one in ours)
        sort = sorted(turned, key=lambda one: (len(one), [order[name] for name in one])) if by_length else turned
        return tuple(sort)

    def _stocks(self, graph: nx.DiGraph[str]) -> list[str]:
        return [name for name in graph if self.system.variables[name].kind in (Kind.STOCK, Kind.SAMPLE)]

    @staticmethod
    def _weights(
        graph: nx.DiGraph[str], links: Sequence[tuple[str, str]], sizes: FloatArray
    ) -> Iterator[Mapping[str, Sequence[tuple[float, str]]]]:
        """For each moment the effects of each variable with the sizes of links to them, the strongest first."""
        inside = [k for k, link in enumerate(links) if graph.has_edge(*link)]
        for column in sizes.T:
            found: dict[str, list[tuple[float, str]]] = {name: [] for name in graph}
            for k in inside:
                if column[k] > 0:
                    found[links[k][0]].append((float(column[k]), links[k][1]))
            yield {name: sorted(effects, reverse=True) for name, effects in found.items()}


def moments(scores: FloatArray) -> FloatArray:
    """The sizes of scores (runs, links, elements, steps) at some moments of each run, (links, moments)."""
    steps = scores.shape[-1]
    chosen = sorted({round(place) for place in np.linspace(0, steps - 1, min(MOMENTS, steps))}) if steps else []
    mean = np.abs(scores[..., chosen]).mean(axis=2)
    return np.asarray(np.moveaxis(mean, 1, 0).reshape(scores.shape[1], len(scores) * len(chosen)))


def _told(independent: int, short: int, strong: int, *, whole: bool) -> str:
    cut = "" if whole else f"; the search for strong ones was ended after {MOST_STEPS:,} steps a moment"
    first = f"the first {short} of the {independent}" if short < independent else f"the {short}"
    also = f" and {strong} strong one{'' if strong == 1 else 's'} made of links of these" if strong else ""
    return (
        f"Scored: {short + strong} loops, {first} shortest independent feedback loops{also}{cut}; other longer ones "
        "were not looked at."
    )


def _strong(
    weights: Iterator[Mapping[str, Sequence[tuple[float, str]]]], stocks: Sequence[str]
) -> tuple[list[tuple[str, ...]], bool]:
    """Loops by the largest size of their scores, relative to the largest of the same moment, and whether no search was
    cut short: raw scores of different moments do not compare, since they grow without bound where a change is small."""
    found: dict[frozenset[tuple[str, str]], tuple[float, tuple[str, ...]]] = {}
    is_whole = True
    for effects in weights:
        searches = [_from(stock, effects, MOST_STEPS // max(1, len(stocks))) for stock in stocks]
        circles = [one for search, _ in searches for one in search]
        largest = max((size for size, _ in circles), default=0.0)
        for size, circle in circles:
            links = frozenset(pairwise((*circle, circle[0])))
            found[links] = max(found.get(links, (0.0, circle)), (size / largest, circle))
        is_whole &= all(whole for _, whole in searches)
    return [circle for _, circle in sorted(found.values(), key=lambda one: -one[0])], is_whole


def _from(
    start: str, effects: Mapping[str, Sequence[tuple[float, str]]], steps: int
) -> tuple[list[tuple[float, tuple[str, ...]]], bool]:
    """The circles from a stock along strong paths, each with its size, and whether the steps sufficed."""
    best: dict[str, float] = {start: 1.0}
    path, sizes, waiting = [start], [1.0], [iter(effects[start])]
    on_path, found = {start}, []
    while waiting and steps > 0:
        link = next(waiting[-1], None)
        if link is None:
            waiting.pop()
            sizes.pop()
            on_path.discard(path.pop())
            continue
        steps -= 1
        size, effect = sizes[-1] * link[0], link[1]
        if effect == start:
            found.append((size, tuple(path)))
        elif effect not in on_path and size >= SLACK * best.get(effect, 0.0):
            best[effect] = max(size, best.get(effect, 0.0))
            path.append(effect)
            on_path.add(effect)
            sizes.append(size)
            waiting.append(iter(effects[effect]))
    return found, not waiting

"""Which feedback loops make a run what it is, and when: loop scores with the policy and without.

The score of a loop is the product of those of its links (see `link_scores`; Schoenberg, Davidsen and Eberlein 2020).
Raw scores grow without bound where a change passes zero, so loops are told by their share: the score over the sum of
all absolute scores of loops whose stocks are connected by feedback. Shares of reinforcing loops are positive, of
balancing ones negative. Links are told likewise by their share of all links into the same effect, by element. A model
at rest has no dominant loop. Shares are among the loops that were looked at (see `search`); loops inside a delay, of
stages alone that a rewrite added, are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import networkx as nx
import numpy as np
import xarray as xr

from sd_models.analysis.loops import feedback_graph
from sd_models.errors import Fault, InvalidRequest
from sd_models.simulator.datasets import label
from sd_models.simulator.inputs import Inputs
from sd_models.simulator.links import Carried, carried, with_all
from sd_models.simulator.simulation import Simulator
from sd_models.system.model import FloatArray, System

from .link_scores import by_link
from .search import Feedback, moments

MOST_LOOPS = 200
LARGEST = 20_000_000  # scores, 8 bytes each
LARGEST_RUN = 15_000_000  # numbers of a run, of which some twenty copies are held: 2.2 GB with 13 million
HALF = 0.5  # of all that loops explain: what dominates


@dataclass(frozen=True, slots=True)
class ScoredLoop:
    """A loop: its name (R1, B2, U3 where its polarity changes or is not known), variables, and the group of connected
    loops (counted from 1) among which its share is."""

    name: str
    variables: tuple[str, ...]
    group: int

    def __str__(self) -> str:
        return " -> ".join((*self.variables, self.variables[0]))

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Each cause with its effect."""
        return tuple(circle(self.variables))


@dataclass(frozen=True, slots=True)
class Period:
    """Loops that together make at least half of what loops of a group explain, all of one polarity."""

    run: str
    group: int
    loops: tuple[str, ...]
    start: float
    end: float
    share: float


@dataclass(frozen=True, eq=False)
class LoopScores:
    """`scores` and `shares` of loops, (run, loop, time, element); the time is that at which a step ends.

    `elements` is the dimension along which loops are told apart, empty where there is none. `links` are the scores of
    all links into variables that are part of feedback, `link_shares` each over the sum of absolute ones into the same
    variable. `searched` says what was looked at.
    """

    loops: tuple[ScoredLoop, ...]
    scores: xr.DataArray
    shares: xr.DataArray
    links: xr.DataArray
    link_shares: xr.DataArray
    elements: str
    searched: str

    def through(self, variable: str) -> xr.DataArray:
        """The shares among the loops through one variable alone, which are those of its own change."""
        chosen = [loop.name for loop in self.loops if variable in loop.variables]
        if not chosen:
            raise InvalidRequest(Fault("none of the loops that were scored passes through it.", variable))
        return _shares(self.scores.sel(loop=chosen), [1] * len(chosen))

    def periods(self, every: float) -> tuple[Period, ...]:
        """Which loops dominate when, by spans of this length, equal neighbours as one; the mean of all elements."""
        return tuple(
            period
            for run in map(str, self.shares["run"].to_numpy())
            for group in dict.fromkeys(loop.group for loop in self.loops)
            for period in self._periods(run, group, every)
        )

    def _periods(self, run: str, group: int, every: float) -> Iterator[Period]:
        names = [loop.name for loop in self.loops if loop.group == group]
        mean = self.shares.sel(run=run, loop=names).mean("element").transpose("time", "loop")
        times, values = mean["time"].to_numpy(), mean.to_numpy()
        first = times[0] - (times[1] - times[0] if len(times) > 1 else 0.0)
        spans = np.ceil((times - first) / every - 1e-9).astype(int)
        found = []
        for span in dict.fromkeys(spans.tolist()):
            inside = values[spans == span].mean(axis=0)
            chosen = dominant(inside)
            share = float(np.abs(inside[chosen]).sum())
            end = min(float(times[-1]), float(first + span * every))
            found.append((tuple(names[i] for i in chosen), float(first + (span - 1) * every), end, share))
        for loops, members in groupby(found, key=lambda one: one[0]):
            listed = list(members)
            if loops:
                share = float(np.mean([one[3] for one in listed]))
                yield Period(run, group, loops, listed[0][1], listed[-1][2], share)

    def document(self, run: str, every: float) -> dict[str, object]:
        """The loops of a run in the words of other tools of system dynamics.

        The fields are those that the discussion engines of SD-AI (BEAMS Initiative, isee systems) document:
        `feedbackLoops` with identifier, name, links, polarity, loopset, and "Percent of Model Behavior Explained By
        Loop", and `dominantLoopsByPeriod` with dominantLoops, startTime, endTime, as pysimlin's tools have them too.
        """
        mean = self.shares.sel(run=run).mean("element")
        return {
            "feedbackLoops": [self._loop(loop, run, mean.sel(loop=loop.name)) for loop in self.loops],
            "dominantLoopsByPeriod": [
                {"dominantLoops": list(one.loops), "startTime": one.start, "endTime": one.end, "partition": one.group}
                for one in self.periods(every)
                if one.run == run
            ],
        }

    def _loop(self, loop: ScoredLoop, run: str, share: xr.DataArray) -> dict[str, object]:
        known = set(self.links["link"].to_numpy().tolist())
        scores = {link: self.links.sel(run=run, link=_arrow(link)) for link in loop.links if _arrow(link) in known}
        signs = {link: float(np.sign(scores[link].to_numpy()).sum()) if link in scores else 0.0 for link in loop.links}
        told = [(float(t), 100 * float(v)) for t, v in zip(share["time"].to_numpy(), share.to_numpy(), strict=True)]
        return {
            "identifier": loop.name,
            "name": str(loop),
            "links": [{"from": a, "to": b, "polarity": _sign_text(signs[a, b])} for a, b in loop.links],
            "polarity": {"R": "+", "B": "-"}.get(loop.name[0], "?"),
            "loopset": loop.group,
            "Percent of Model Behavior Explained By Loop": [{"time": t, "value": v} for t, v in told],
        }


def _arrow(link: tuple[str, str]) -> str:
    return " -> ".join(link)


def _sign_text(sign: float) -> str:
    return "+" if sign > 0 else "-" if sign < 0 else "?"


def dominant(shares: FloatArray) -> list[int]:
    """The fewest loops of one polarity that together have half of all absolute shares, the largest first.

    >>> dominant(np.array([0.3, -0.2, 0.4, -0.1]))
    [2, 0]
    """
    total = np.abs(shares).sum()
    if not total > 0:
        return []
    sign = 1.0 if shares[shares > 0].sum() >= -shares[shares < 0].sum() else -1.0
    order = sorted(np.flatnonzero(sign * shares > 0).tolist(), key=lambda i: -abs(shares[i]))
    reached = np.cumsum([abs(shares[i]) for i in order])
    return order[: int(np.searchsorted(reached, HALF * total - 1e-12)) + 1]


def loop_scores(
    simulator: Simulator, runs: Mapping[str, Inputs], *, first: int = 0, most: int = MOST_LOOPS
) -> LoopScores:
    """The scores of feedback loops along each of some runs, from a time point on."""
    numbers = run_numbers(simulator)
    if numbers > LARGEST_RUN:
        why = f"Loops are not scored: a run has {numbers:.2g} numbers, more than {LARGEST_RUN:.2g}."
        return unscored(list(runs), why)
    whole = with_all(simulator)
    effects = [name for name, causes in feedback_graph(whole.model.expanded).in_degree if causes]
    return scored({name: carried(whole, inputs, effects) for name, inputs in runs.items()}, first=first, most=most)


def run_numbers(simulator: Simulator) -> float:
    """The numbers of a run with all variables."""
    system = simulator.model.expanded
    return float(sum(map(system.size, system)) * len(simulator.times))


def scored(
    runs: Mapping[str, Carried], *, first: int = 0, most: int = MOST_LOOPS, backward: bool = False
) -> LoopScores:
    """The scores of loops from what links carry along some runs of a system; `backward` from effects to causes."""
    one = next(iter(runs.values()))
    system, graph = one.system, feedback_graph(one.system)
    inside = {name for edge in graph.edges for name in edge}
    dimension = _widest(system, inside)
    width = len(system.dimensions[dimension].elements) if dimension else 1
    steps = len(one.times) - 1 - first
    links = list(dict.fromkeys(link for run in runs.values() for link in _links(run, graph, backward=backward)))
    room = max(1, LARGEST // max(1, len(runs) * width * (steps + first)))
    links = links[:room] if len(links) <= room else [link for link in links if graph.has_edge(*link)][:room]
    ways = [(effect, cause) for cause, effect in links] if backward else links
    found = by_link(runs.values(), ways, dimension)[..., first:]
    search = Feedback(system).loops(links, moments(found), max(1, min(most, room)))
    number = {link: k for k, link in enumerate(links)}
    chains = [[number.get(link, -1) for link in circle(names)] for names in search.loops]
    products = _products(found, chains)
    told = tuple(_named(search.loops, products, _groups(graph, search.loops)))
    elements = list(system.dimensions[dimension].elements) if dimension else ["all"]
    at, axes = one.times[first + 1 :], {"run": list(runs)}
    causes, effects = {"cause": ("link", [a for a, _ in links])}, {"effect": ("link", [b for _, b in links])}
    scores, arrows = (
        xr.DataArray(
            np.moveaxis(values, 2, 3),
            {**axes, what: named, "time": at, "element": elements},
            ("run", what, "time", "element"),
        )
        for what, named, values in (
            ("loop", [loop.name for loop in told], products),
            ("link", [_arrow(link) for link in links], found),
        )
    )
    shares = _shares(scores, [loop.group for loop in told])
    targets = [list(dict.fromkeys(way[1] for way in ways)).index(way[1]) for way in ways]
    arrows = arrows.assign_coords({**causes, **effects})
    parts = _shares(arrows.rename(link="loop"), targets).rename(loop="link")
    along = label(system, dimension) if dimension else ""
    return LoopScores(told, scores, shares, arrows, parts, along, search.searched)


def _links(run: Carried, graph: nx.DiGraph[str], *, backward: bool) -> Iterator[tuple[str, str]]:
    """All links into (or, of what runs back, out of) variables that are part of feedback, cause before effect."""
    inside = {name for edge in graph.edges for name in edge}
    for cause, effect in run.parts:
        if effect in inside:
            yield (effect, cause) if backward else (cause, effect)


def circle(names: Sequence[str]) -> list[tuple[str, str]]:
    """The links of a loop."""
    return list(pairwise((*names, names[0])))


def unscored(runs: Sequence[str], why: str) -> LoopScores:
    """No loops, and why."""
    nothing = xr.DataArray(np.zeros((len(runs), 0, 0, 0)), {"run": list(runs)}, ("run", "loop", "time", "element"))
    links = nothing.rename({"loop": "link"})
    return LoopScores((), nothing, nothing, links, links, "", why)


def _products(scores: FloatArray, chains: Sequence[Sequence[int]]) -> FloatArray:
    """The scores of loops, (runs, loops, elements, steps), given the numbers of their links; -1 carries nothing."""
    nothing = np.zeros_like(scores[:, 0]) if scores.shape[1] else scores.sum(axis=1)
    found = [nothing if -1 in chain else scores[:, chain].prod(axis=1) for chain in chains]
    return np.stack(found, axis=1) if found else scores[:, :0]


def _widest(system: System, names: Collection[str]) -> str:
    """The dimension that most of the variables have; of several the one with most elements."""
    counts = Counter(d for name in sorted(names) for d in system.variables[name].dimensions)
    return max(counts, key=lambda d: (counts[d], len(system.dimensions[d].elements)), default="")


def _groups(graph: nx.DiGraph[str], loops: Sequence[Sequence[str]]) -> list[int]:
    """The number of the group of each loop: those that are connected by feedback."""
    parts = enumerate(nx.strongly_connected_components(graph))
    member = {name: i for i, members in parts for name in members}
    numbers = {part: i + 1 for i, part in enumerate(dict.fromkeys(member[loop[0]] for loop in loops))}
    return [numbers[member[loop[0]]] for loop in loops]


def _named(loops: Sequence[tuple[str, ...]], products: FloatArray, groups: Sequence[int]) -> Iterator[ScoredLoop]:
    """The loops with names by the signs of their scores, as far as these agree."""
    counts: dict[str, int] = {}
    for loop, scores, group in zip(loops, np.moveaxis(products, 1, 0), groups, strict=True):
        seen = set(np.sign(scores[scores != 0]).tolist())
        letter = {frozenset((1.0,)): "R", frozenset((-1.0,)): "B"}.get(frozenset(seen), "U")
        counts[letter] = counts.get(letter, 0) + 1
        yield ScoredLoop(f"{letter}{counts[letter]}", loop, group)


def _shares(scores: xr.DataArray, groups: Sequence[int]) -> xr.DataArray:
    """Each score over the sum of absolute ones of its group; zero where all of these are."""
    if not groups:
        return scores
    values = np.moveaxis(scores.to_numpy(), scores.dims.index("loop"), 0)
    shares = np.zeros_like(values)
    numbers = np.array(groups)
    for group in dict.fromkeys(groups):
        chosen = values[numbers == group]
        largest = np.abs(chosen).max(axis=0)
        scaled = chosen / np.where(largest > 0, largest, 1.0)  # so that no sum overflows
        total = np.abs(scaled).sum(axis=0)
        shares[numbers == group] = scaled / np.where(total > 0, total, 1.0)
    return scores.copy(data=np.moveaxis(shares, 0, scores.dims.index("loop")))

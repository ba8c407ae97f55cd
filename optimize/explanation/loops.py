"""Which feedback loops make a run what it is, and when: loop scores with the policy and without.

The score of a link is what it carries of its effect's change over a step, in parts of that change, with the sign of the
direction in which it works; the score of a loop is the product of those of its links (Schoenberg, Davidsen and Eberlein
2020, "Understanding model behavior using the Loops that Matter method", System Dynamics Review 36:2; links into stocks
as corrected by Schoenberg, Hayward and Eberlein 2023, System Dynamics Review 39:2). Raw scores grow without bound where
a change passes zero, so loops are told by their share: the score over the sum of all absolute scores of loops whose
stocks are connected by feedback. Shares of reinforcing loops are positive, of balancing ones negative.

Where a change is no more than rounding leaves, there is nothing to be explained, and scores are zero: else noise would
rank first. A model at rest has no dominant loop.

Scores are by element of the dimension that most variables have. What an element does to a sum over that dimension is
told as what all elements do to it together; further dimensions are taken together by projection on the change of the
effect.

Why not all loops: there may be millions (a graph of 14 nodes that are all connected has 119 million). Scored are the
shortest independent ones (`sd_models.analysis.loops`), as many as the budget allows; every link that is part of
feedback is in one of these if the budget suffices. Longer ones are not looked at, and shares are among those that were.
Loops inside a delay, of stages alone that a rewrite added, are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import networkx as nx
import numpy as np
import xarray as xr

from sd_models.analysis.loops import Loop, feedback_loops, influences
from sd_models.errors import Fault, InvalidRequest
from sd_models.simulator.datasets import label
from sd_models.simulator.inputs import Inputs
from sd_models.simulator.links import Carried, carried, with_all
from sd_models.simulator.simulation import Simulator
from sd_models.system.model import FloatArray, Mask, System

MOST_LOOPS = 200
LARGEST = 20_000_000  # scores, 8 bytes each
LARGEST_RUN = 50_000_000  # numbers of a run, of which several copies are held
ROUNDING = 1e-11  # of what a change is computed from: thousands of the last bits of numbers
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
        return tuple(pairwise((*self.variables, self.variables[0])))


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

    `elements` is the dimension along which loops are told apart, empty where there is none. `searched` says what was
    looked at.
    """

    loops: tuple[ScoredLoop, ...]
    scores: xr.DataArray
    shares: xr.DataArray
    links: xr.DataArray
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
        signs = {
            link: float(np.sign(self.links.sel(run=run, link=" -> ".join(link)).to_numpy()).sum())
            for link in loop.links
        }
        told = [(float(t), 100 * float(v)) for t, v in zip(share["time"].to_numpy(), share.to_numpy(), strict=True)]
        return {
            "identifier": loop.name,
            "name": str(loop),
            "links": [{"from": a, "to": b, "polarity": _sign_text(signs[a, b])} for a, b in loop.links],
            "polarity": {"R": "+", "B": "-"}.get(loop.name[0], "?"),
            "loopset": loop.group,
            "Percent of Model Behavior Explained By Loop": [{"time": t, "value": v} for t, v in told],
        }


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
    """The scores of the shortest independent loops along each of some runs, from a time point on."""
    system = simulator.model.expanded
    numbers = sum(map(system.size, system)) * len(simulator.times)
    if numbers > LARGEST_RUN:
        return _unscored(runs, f"Loops are not scored: a run has {numbers:.2g} numbers, more than {LARGEST_RUN:.2g}.")
    whole = with_all(simulator)
    system = whole.model.expanded
    known = feedback_loops(system, limit=most + 1 + len(system.variables))
    found = [loop for loop in known if any(not system.variables[name].origin for name in loop.variables)]
    dimension = _widest(system, {name for loop in found for name in loop.variables})
    width = len(system.dimensions[dimension].elements) if dimension else 1
    most = max(1, min(most, LARGEST // (len(runs) * width * len(whole.times))))
    loops = found[:most]
    chains = [list(pairwise((*loop.variables, loop.variables[0]))) for loop in loops]
    links = list(dict.fromkeys(link for chain in chains for link in chain))
    by_link = _by_link(whole, runs, links, dimension)[..., first:]
    products = _products(by_link, [[links.index(link) for link in chain] for chain in chains])
    groups = _groups(system, loops)
    told = tuple(_named(loops, products, groups))
    elements = list(system.dimensions[dimension].elements) if dimension else ["all"]
    names = [loop.name for loop in told], [" -> ".join(link) for link in links]
    scores, arrows = (
        xr.DataArray(
            np.moveaxis(values, 2, 3),
            {"run": list(runs), what: named, "time": whole.times[first + 1 :], "element": elements},
            ("run", what, "time", "element"),
        )
        for what, named, values in (("loop", names[0], products), ("link", names[1], by_link))
    )
    along = label(system, dimension) if dimension else ""
    return LoopScores(told, scores, _shares(scores, groups), arrows, along, _searched(len(found), most))


def _unscored(runs: Mapping[str, Inputs], why: str) -> LoopScores:
    nothing = xr.DataArray(np.zeros((len(runs), 0, 0, 0)), {"run": list(runs)}, ("run", "loop", "time", "element"))
    return LoopScores((), nothing, nothing, nothing.rename({"loop": "link"}), "", why)


def _by_link(
    simulator: Simulator, runs: Mapping[str, Inputs], links: Sequence[tuple[str, str]], dimension: str
) -> FloatArray:
    """The scores of links, (runs, links, elements of the dimension or 1, steps)."""
    system, effects = simulator.model.expanded, dict.fromkeys(effect for _, effect in links)
    size = len(system.dimensions[dimension].elements) if dimension else 1
    found = np.zeros((len(runs), len(links), size, len(simulator.times) - 1))
    for i, inputs in enumerate(runs.values()):
        run, slices = carried(simulator, inputs, effects), _Slices(system, dimension)
        moving = {effect: _moving(run, slices, effect) for effect in effects}
        for k, link in enumerate(links):
            if link in run.parts:
                found[i, k] = np.where(moving[link[1]], _score(run, slices, link), 0.0)
    return found


def _products(by_link: FloatArray, chains: Sequence[Sequence[int]]) -> FloatArray:
    """The scores of loops, (runs, loops, elements, steps), given the numbers of the links of each."""
    found = [by_link[:, chain].prod(axis=1) for chain in chains]
    return np.stack(found, axis=1) if found else by_link[:, :0]


def _searched(found: int, most: int) -> str:
    what = "the shortest independent feedback loops; longer ones were not looked at"
    if found > most:
        return f"Scored: the first {most} of {what}, nor what of the shortest lies beyond that budget."
    if not found:
        return "No variable of the model takes part in a feedback loop."
    return f"Scored: {found} loop{'' if found == 1 else 's'}, {what}."


def _widest(system: System, names: Collection[str]) -> str:
    """The dimension that most of the variables have; of several the one with most elements."""
    counts = Counter(d for name in sorted(names) for d in system.variables[name].dimensions)
    return max(counts, key=lambda d: (counts[d], len(system.dimensions[d].elements)), default="")


def _groups(system: System, loops: Sequence[Loop]) -> list[int]:
    """The number of the group of each loop: those that are connected by feedback."""
    graph = influences(system)
    graph.remove_edges_from([edge for edge in graph.edges if graph.edges[edge]["initial"]])
    parts = enumerate(nx.strongly_connected_components(graph))
    member = {name: i for i, members in parts for name in members}
    numbers = {part: i + 1 for i, part in enumerate(dict.fromkeys(member[loop.variables[0]] for loop in loops))}
    return [numbers[member[loop.variables[0]]] for loop in loops]


def _named(loops: Sequence[Loop], products: FloatArray, groups: Sequence[int]) -> Iterator[ScoredLoop]:
    """The loops with names by the signs of their scores, as far as these agree."""
    counts: dict[str, int] = {}
    for loop, scores, group in zip(loops, np.moveaxis(products, 1, 0), groups, strict=True):
        seen = set(np.sign(scores[scores != 0]).tolist())
        letter = {frozenset((1.0,)): "R", frozenset((-1.0,)): "B"}.get(frozenset(seen), "U")
        counts[letter] = counts.get(letter, 0) + 1
        yield ScoredLoop(f"{letter}{counts[letter]}", loop.variables, group)


def _shares(scores: xr.DataArray, groups: Sequence[int]) -> xr.DataArray:
    """Each score over the sum of absolute ones of its group; zero where all of these are."""
    if not groups:
        return scores
    number = xr.DataArray(list(groups), {"loop": scores["loop"]}, ("loop",))
    parts = []
    for group in dict.fromkeys(groups):
        chosen = scores.where(number == group, drop=True)
        largest = abs(chosen).max("loop")
        scaled = chosen / largest.where(largest > 0, 1.0)  # so that no sum overflows
        total = abs(scaled).sum("loop")
        parts.append(scaled / total.where(total > 0, 1.0))
    return xr.concat(parts, "loop").sel(loop=scores["loop"]).transpose(*scores.dims)


# --- links ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Slices:
    """Arrays of a variable by element of one dimension: (elements of it or 1, all others, steps)."""

    system: System
    dimension: str

    def of(self, name: str, values: FloatArray) -> FloatArray:
        """The values (flat elements, steps) of a variable."""
        variable = self.system.variables[name]
        shape = self.system.shape(variable)
        full = values.reshape((*shape, values.shape[-1]))
        if self.dimension not in variable.dimensions:
            return full.reshape((1, -1, values.shape[-1]))
        front = np.moveaxis(full, variable.dimensions.index(self.dimension), 0)
        return front.reshape((front.shape[0], -1, values.shape[-1]))


def _score(run: Carried, slices: _Slices, link: tuple[str, str]) -> FloatArray:
    """What a link carries of the change of its effect, with the sign of its direction."""
    cause, effect = link
    part, change = slices.of(effect, run.parts[link]), slices.of(effect, run.changes[effect])
    move = slices.of(cause, run.moves[cause])
    if len(part) == 1:
        move = move.reshape((1, -1, move.shape[2]))
    squared = (change**2).sum(axis=1)
    size = np.abs((part * change).sum(axis=1)) / np.where(squared > 0, squared, 1.0)
    if part.shape[1] == move.shape[1]:
        return np.asarray(size * np.sign((part * move).sum(axis=1)))
    return np.asarray(size * np.sign(part.sum(axis=1) * move.sum(axis=1)))


def _moving(run: Carried, slices: _Slices, effect: str) -> Mask:
    """Where the change of an effect is more than rounding leaves of what it is computed from, (elements or 1, steps).

    An error of the last bits of a cause moves the effect by the slope times the cause, whatever the effect's own size:
    the difference of two large flows is as uncertain as these.
    """
    change = np.abs(run.changes[effect])
    noise = np.zeros(change.shape[1])
    for (cause, other), part in run.parts.items():
        if other == effect:
            move = np.abs(run.moves[cause]).max(axis=0)
            slope = np.abs(part).max(axis=0) / np.where(move > 0, move, np.inf)
            noise = np.maximum(noise, slope * run.sizes[cause].max())
    return np.asarray(slices.of(effect, change).max(axis=1) > ROUNDING * noise)

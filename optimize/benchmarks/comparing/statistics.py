"""How solvers compare: shifted geometric means, performance profiles, statuses, spread of repeats.

What counts as solved is `ok` and nothing else. Times are the solver's own; a run that is not solved is counted with its
whole limit.

- Shifted geometric mean with a shift of 10 s (Mittelmann, "Benchmarks for Optimization Software", plato.asu.edu/bench):
  exp(mean(log(t + 10))) - 10. It neither forgets small problems nor is ruled by the largest.
- Performance profiles (Dolan and More 2002, Mathematical Programming 91): the share of instances that a solver solves
  within a factor of the fastest there. They compare each solver with the best of the field and not with each other:
  without the best one the order of the others may change (Gould and Scott 2016, ACM Transactions on Mathematical
  Software 43). So there is a second profile without the solver that leads the first.

Ratios of means are of solvers that take all of a family; one that takes fewer is told apart, with how many. Profiles
are of the solvers and the problems, all of which these take, that are most pairs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

from .facts import Facts
from .verdicts import CLOSE, Reference, Status, Verdict, reference

SHIFT = 10.0  # seconds
LEAST = 0.01  # seconds: what is faster is as fast as that, since clocks and other work on the machine are no better
FACTORS = tuple(2.0 ** (step / 4) for step in range(41))  # up to 1024


def shifted_mean(seconds: Sequence[float], shift: float = SHIFT) -> float:
    """The shifted geometric mean of times; NaN of none.

    >>> round(shifted_mean([0.0, 90.0]), 3)  # the square root of 10 times 100, less 10
    21.623
    """
    if not seconds:
        return math.nan
    return math.exp(sum(math.log(one + shift) for one in seconds) / len(seconds)) - shift


@dataclass(frozen=True)
class Cell:
    """An instance and a solver: all repeats together."""

    instance: str
    family: str
    solver: str
    verdicts: tuple[Verdict, ...]

    @property
    def status(self) -> Status:
        """The worst of the repeats; `wrong` is worse than all others."""
        order = {status: place for place, status in enumerate(WORST_FIRST)}
        return min((one.status for one in self.verdicts), key=lambda status: order[status])

    @property
    def is_accepted(self) -> bool:
        """Whether the solver takes the instance."""
        return self.status != Status.NOT_ACCEPTED

    @property
    def is_solved(self) -> bool:
        """Whether every repeat solved it."""
        return self.status == Status.OK

    @cached_property
    def times(self) -> tuple[float, ...]:
        """The solver's seconds in each repeat; its limit where that did not solve it."""
        return tuple(charged(one) for one in self.verdicts)

    @property
    def seconds(self) -> float:
        """The middle of the repeats."""
        return median(self.times)

    @property
    def spread(self) -> float:
        """The slowest repeat over the fastest; 1 for one alone."""
        return max(max(self.times), LEAST) / max(min(self.times), LEAST)

    @property
    def memory(self) -> float:
        """The largest peak of the repeats in bytes."""
        found = [one.facts.memory for one in self.verdicts if math.isfinite(one.facts.memory)]
        return max(found, default=math.nan)

    @property
    def gap(self) -> float:
        """The largest gap to the best objective of the repeats; NaN where one gave none."""
        return max((one.gap for one in self.verdicts), key=lambda gap: math.inf if math.isnan(gap) else gap)


WORST_FIRST = (
    Status.WRONG,
    Status.ERROR,
    Status.MEMORY,
    Status.TIMEOUT,
    Status.INTERRUPTED,
    Status.INEXACT,
    Status.UNBOUNDED,
    Status.INFEASIBLE,
    Status.LOCAL,
    Status.NOT_ACCEPTED,
    Status.OK,
)


def charged(one: Verdict) -> float:
    """The seconds that a run counts with."""
    is_timed = one.status == Status.OK and math.isfinite(one.facts.seconds)
    return min(one.facts.seconds, one.facts.time_limit) if is_timed else one.facts.time_limit


def cells_of(verdicts: Iterable[Verdict]) -> tuple[Cell, ...]:
    """Instances and solvers in the order in which they come."""
    found: dict[tuple[str, str], list[Verdict]] = {}
    for one in verdicts:
        found.setdefault((one.facts.instance, one.facts.solver), []).append(one)
    return tuple(Cell(key[0], runs[0].facts.family, key[1], tuple(runs)) for key, runs in found.items())


@dataclass(frozen=True)
class Summary:
    """A solver on the instances of a family: how many it takes, of these the statuses, and its mean over all of them.

    `ratio` is the mean over that of the fastest, among those that take all instances; `to_best` the middle of the times
    to 1e-6 of the best, over the instances on which that was seen.
    """

    solver: str
    instances: int
    accepted: int
    statuses: Mapping[Status, int]
    mean: float
    memory: float
    spread: float
    to_best: float
    ratio: float = math.nan

    @property
    def solved(self) -> int:
        """How many instances are solved."""
        return self.statuses.get(Status.OK, 0)


def summaries(cells: Sequence[Cell]) -> tuple[Summary, ...]:
    """Each solver on some instances, those that take and solve most first."""
    count = len({cell.instance for cell in cells})
    bests = references(one for cell in cells for one in cell.verdicts)
    by_solver: dict[str, list[Cell]] = {}
    for cell in cells:
        by_solver.setdefault(cell.solver, []).append(cell)
    found = [_summary(name, own, count, bests) for name, own in by_solver.items()]
    fastest = min((max(one.mean, LEAST) for one in found if one.accepted == count), default=math.nan)
    told = [replace(one, ratio=max(one.mean, LEAST) / fastest) if one.accepted == count else one for one in found]
    return tuple(sorted(told, key=lambda one: (-one.accepted, -one.solved, one.mean)))


def _summary(name: str, own: Sequence[Cell], count: int, bests: Mapping[str, Reference]) -> Summary:
    taken = [cell for cell in own if cell.is_accepted]
    statuses: dict[Status, int] = {}
    for cell in own:
        statuses[cell.status] = statuses.get(cell.status, 0) + 1
    memories = [cell.memory for cell in taken if math.isfinite(cell.memory)]
    times = [to_best(one, bests[cell.instance]) for cell in taken for one in cell.verdicts]
    reached = [seconds for seconds in times if math.isfinite(seconds)]
    return Summary(
        name,
        count,
        len(taken),
        statuses,
        shifted_mean([cell.seconds for cell in taken]),
        max(memories, default=math.nan),
        max((cell.spread for cell in taken), default=math.nan),
        median(reached) if reached else math.nan,
    )


def references(verdicts: Iterable[Verdict]) -> dict[str, Reference]:
    """What is known of each instance."""
    runs: dict[str, list[Facts]] = {}
    for one in verdicts:
        runs.setdefault(one.facts.instance, []).append(one.facts)
    return {key: reference(found) for key, found in runs.items()}


def to_best(one: Verdict, best: Reference) -> float:
    """Seconds until the first policy that was seen within 1e-6 of the best; infinite where none was."""
    seen = (point.seconds for point in one.facts.points if best.behind(point.objective) <= CLOSE)
    first = next(seen, math.inf)
    return min(first, one.facts.seconds) if one.status == Status.OK else first


# --- profiles ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Profile:
    """The share of instances (0 to 1) that each solver solves within each factor of the fastest."""

    instances: int
    factors: tuple[float, ...]
    shares: Mapping[str, tuple[float, ...]]

    @property
    def leader(self) -> str:
        """Who has most of all within the factors, on a logarithmic scale."""
        return max(self.shares, key=lambda name: sum(self.shares[name]), default="")


def profile(cells: Sequence[Cell], without: str = "") -> Profile:
    """The profile of the solvers that meet most problems together, but for one, over those that any of them solves."""
    met = [cell for cell in meeting(cells) if cell.solver != without]
    names = tuple(one.solver for one in summaries(met))
    ratios = _ratios(met)
    count = len(ratios)
    shares = {
        name: tuple(sum(own.get(name, math.inf) <= factor for own in ratios) / count for factor in FACTORS)
        for name in names
        if count
    }
    return Profile(count, FACTORS, shares)


def meeting(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """The solvers and the problems, all of which these take, that are most pairs.

    Tried are the solvers that take each of the problems; all of a family, where all take it.
    """
    taken: dict[str, set[str]] = {}
    for cell in cells:
        if cell.is_accepted:
            taken.setdefault(cell.instance, set()).add(cell.solver)
    groups = {frozenset(solvers) for solvers in taken.values()}
    fields = [(group, {name for name, solvers in taken.items() if group <= solvers}) for group in groups]
    most = max(fields, key=lambda field: (len(field[0]) * len(field[1]), len(field[0]), sorted(field[1])), default=None)
    if most is None:
        return ()
    return tuple(cell for cell in cells if cell.solver in most[0] and cell.instance in most[1])


def _ratios(cells: Sequence[Cell]) -> list[dict[str, float]]:
    """For each instance that somebody solved: the times of those who did, over the least of these."""
    solved: dict[str, dict[str, float]] = {}
    for cell in cells:
        if cell.is_solved:
            solved.setdefault(cell.instance, {})[cell.solver] = max(cell.seconds, LEAST)
    return [{name: time / min(own.values()) for name, time in own.items()} for own in solved.values()]

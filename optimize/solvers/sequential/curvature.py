"""The curvature of the Lagrangian at a point, by exact products or by differences of its exact gradient.

Up to `FULL` levers the whole second derivative is taken exactly. Beyond, by differences, what ties the levers of one
group: all measures and periods of a region, say, but not one region to another. All groups are probed at once, with
random signs across them, so that what other groups add averages out (Bekas, Kokiopoulou and Saad 2007, Applied
Numerical Mathematics 57). Far from an optimum a rough estimate will do: in a group, one lever's path acts on another's
through stocks, so smoothly in time, and is probed along a few smooth paths; what a path does to itself, period by
period. Where groups are known to act on each other through national sums alone, products with these sums held have
nothing of other groups in them, and signs do not matter (`penalty_barrier/exact.py`).

Why groups and not a diagonal learnt from step to step: spending passes a delay into a stock, so that one year's
replaces another's, and measures whose effects meet in one region replace each other. Measured with 400 levers: a
diagonal secant has a KKT residual of 1e-2 after 15 iterations, blocks over time alone 3e-4, the whole second derivative
3e-7 after 8.
With 1,200 levers the generalized eigenvalues of the second derivative to blocks over time reach from 1e-5 to 6, to
blocks of regions from 0.95 to 1. What is left between groups, `newton.py` makes good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from sd_models.simulator.concurrency import concurrently
from sd_models.system.model import FloatArray, IndexArray

from ...problems.optimality import Multipliers, lagrangian_weights, second_derivative
from ...problems.program import Block, Evaluation, Program

# Up to this many levers the whole second derivative is taken.
FULL = 100
# How many smooth paths show what one path does to others.
SMOOTH = 4
# The most directions that show what a path does to itself; periods beyond share one. There, what one period does to
# another is taken for its own: with 40 for the 100 periods of DICE 200 iterations found no optimum, with 100 12 do.
DIRECTIONS = 100
# Paths that are moved to learn which levers act on each other.
SAMPLES = 8
# The step of a difference in lever sizes: errors of its truncation and of rounding are both about 1e-6.
STEP = 1e-7
# The least curvature, relative to the largest effect of a lever on the objective.
LEAST = 1e-8


@dataclass(frozen=True, eq=False)
class Lagrangian:
    """The Lagrangian around a point, with levers in units of their `sizes`; `check` may end the work between sweeps."""

    program: Program
    at: Evaluation
    multipliers: Multipliers
    sizes: FloatArray
    check: Callable[[], None] = lambda: None

    @cached_property
    def slope(self) -> FloatArray:
        """Its gradient at the point."""
        return self._slope(self.at)

    @np.errstate(over="ignore")
    def product(self, direction: FloatArray) -> FloatArray:
        """Its second derivative times a direction; zeros where the run beside the point leaves the numbers."""
        self.check()
        length = float(np.abs(direction).max(initial=0.0))
        if length == 0.0:
            return np.zeros_like(direction)
        for step in (STEP / length, -STEP / length):
            found = (self._beside(step * direction) - self.slope) / step
            if np.isfinite(found).all():
                return np.asarray(found)
        return np.zeros_like(direction)

    def products(self, directions: Iterable[FloatArray]) -> list[FloatArray]:
        """Its second derivative times each direction."""
        _ = self.slope
        return concurrently(self.product, directions)

    def within(self, directions: Iterable[FloatArray]) -> list[FloatArray]:
        """The same, of which only what groups of levers do to themselves will be asked."""
        return self.products(directions)

    def whole(self) -> FloatArray:
        """Its second derivative (levers, levers), exactly: no difference sees how steep a smooth kink is."""
        found = second_derivative(self.program, self.at, self.multipliers, np.diag(self.sizes)) * self.sizes
        return found if np.isfinite(found).all() else np.array(self.products(np.eye(len(self.sizes))))

    def _beside(self, step: FloatArray) -> FloatArray:
        """The gradient a step away; without quadratic constraints, a sweep alone tells."""
        x = self.at.x + step * self.sizes
        if self.program.quadratics:
            return self._slope(self.program.evaluate(x))
        return self._slope(replace(self.at, x=x))

    def _slope(self, run: Evaluation) -> FloatArray:
        direct, weights = lagrangian_weights(self.program, run.x, run.y, self.multipliers)
        return (direct + self.program.pullback(run, weights)) * self.sizes


@dataclass(frozen=True, eq=False)
class Group:
    """Levers that act on each other: the columns of each path (element of a lever) over its periods."""

    paths: tuple[IndexArray, ...]

    @cached_property
    def columns(self) -> IndexArray:
        """The columns of all paths."""
        return np.concatenate(self.paths)

    @cached_property
    def parts(self) -> tuple[slice, ...]:
        """The places of each path among the columns of the group."""
        ends = np.cumsum([len(path) for path in self.paths])
        return tuple(slice(int(end) - len(path), int(end)) for end, path in zip(ends, self.paths, strict=True))


@dataclass(frozen=True, eq=False)
class Curvature:
    """A symmetric matrix for each group of levers, in units of sizes; `exact` within groups, or a rough one."""

    groups: list[Group]
    blocks: list[FloatArray]
    exact: bool

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out between groups."""
        return self.exact and len(self.groups) == 1

    def product(self, step: FloatArray) -> FloatArray:
        """The matrix of all levers times a step."""
        found = np.zeros_like(step)
        for group, block in zip(self.groups, self.blocks, strict=True):
            found[group.columns] = block @ step[group.columns]
        return found

    @property
    def diagonal(self) -> FloatArray:
        """The second derivative by each lever alone."""
        found = np.zeros(sum(len(group.columns) for group in self.groups))
        for group, block in zip(self.groups, self.blocks, strict=True):
            found[group.columns] = np.diagonal(block)
        return found

    def resized(self, factors: FloatArray) -> Curvature:
        """After the sizes of the levers were multiplied by factors."""
        each = [factors[group.columns] for group in self.groups]
        return replace(self, blocks=[b * np.outer(f, f) for b, f in zip(self.blocks, each, strict=True)])


def curvature_of(lagrangian: Lagrangian, groups: list[Group], *, exact: bool) -> Curvature:
    """The curvature at a point: whole, or in groups of levers, each roughly or exactly."""
    least = LEAST * float(np.abs(lagrangian.slope).max(initial=0.0) or 1.0)
    found = bare_curvature_of(lagrangian, groups, exact=exact)
    return replace(found, blocks=[convex(matrix, least) for matrix in found.blocks])


def bare_curvature_of(lagrangian: Lagrangian, groups: list[Group], *, exact: bool) -> Curvature:
    """The same as it is: some of it may be negative."""
    size = len(lagrangian.sizes)
    if size <= FULL:
        return Curvature([Group((np.arange(size),))], [lagrangian.whole()], exact=True)
    found = _exact(lagrangian, groups) if exact else _rough(lagrangian, groups)
    return Curvature(groups, [0.5 * (matrix + matrix.T) for matrix in found], exact=exact)


def coupled_groups(lagrangian: Lagrangian) -> list[Group]:
    """The levers by element of the dimension within which they act on each other most.

    A few paths are moved, one at a time, and the share of what other paths feel that falls to paths with the same
    element tells the dimension. Levers without it make a group by themselves.
    """
    blocks = lagrangian.program.blocks
    names = {dimension: None for block in blocks for dimension in block.places}
    found = {name: _grouped(blocks, name) for name in names} or {"": _grouped(blocks, "")}
    if len(found) == 1:
        return next(iter(found.values()))
    paths = [path for block in blocks for path in block.numbers]
    chosen = np.random.default_rng(3).permutation(len(paths))[:SAMPLES]
    directions = []
    for number in chosen:
        direction = np.zeros(len(lagrangian.sizes))
        direction[paths[number]] = 1.0
        directions.append(direction)
    shares = dict.fromkeys(found, 0.0)
    for number, product in zip(chosen, lagrangian.products(directions), strict=True):
        others = product.copy()
        others[paths[number]] = 0.0
        whole = float(others @ others) or 1.0
        for name, groups in found.items():
            for group in groups:
                if (group.columns == paths[number][0]).any():
                    part = others[group.columns]
                    shares[name] += float(part @ part) / whole
    return found[max(shares, key=lambda name: shares[name])]


def _grouped(blocks: Sequence[Block], dimension: str) -> list[Group]:
    found: dict[int, list[IndexArray]] = {}
    for block in blocks:
        places = block.places.get(dimension, np.full(len(block.numbers), -1))
        for place, path in zip(places, block.numbers, strict=True):
            found.setdefault(int(place), []).append(path)
    return [Group(tuple(paths)) for _, paths in sorted(found.items())]


def _exact(lagrangian: Lagrangian, groups: list[Group]) -> list[FloatArray]:
    """The second derivative within each group, a column at a time in all groups together."""
    count = max(len(group.columns) for group in groups)
    signs = np.array([_signs(0, place, len(groups)) for place in range(count)])
    directions = np.zeros((count, len(lagrangian.sizes)))
    for g, group in enumerate(groups):
        places = np.arange(len(group.columns))
        directions[places, group.columns] = signs[places, g]
    found = np.array(lagrangian.within(directions))
    return [
        (found[: len(group.columns), group.columns] * signs[: len(group.columns), g, np.newaxis]).T
        for g, group in enumerate(groups)
    ]


def _rough(lagrangian: Lagrangian, groups: list[Group]) -> list[FloatArray]:
    """The second derivative within each group, by smooth paths between its paths and period by period on each."""
    found = _between(lagrangian, groups)
    longest = max(len(path) for group in groups for path in group.paths)
    count = min(longest, DIRECTIONS)
    directions = np.array([_own_direction(lagrangian, groups, first, count) for first in range(count)])
    products = np.array(lagrangian.within(directions))
    for group, matrix in zip(groups, found, strict=True):
        signs = directions[:, group.columns]
        rest = products[:, group.columns] - signs @ matrix.T
        for part in group.parts:
            places = np.arange(part.start, part.stop)
            first = (places - part.start) % count
            matrix[part, part] += (rest[first, part] * signs[first, places][:, np.newaxis]).T
    return found


def _own_direction(lagrangian: Lagrangian, groups: list[Group], first: int, count: int) -> FloatArray:
    """Random signs in the period of this number, and in those `count` later each, of all paths."""
    direction = np.zeros(len(lagrangian.sizes))
    chosen = np.concatenate([path[first::count] for group in groups for path in group.paths])
    direction[chosen] = _signs(1, first, len(chosen))
    return direction


def _between(lagrangian: Lagrangian, groups: list[Group]) -> list[FloatArray]:
    """What paths do to other paths of their group, as far as smooth paths show it; zero for a path on itself."""
    slots = max(len(group.paths) for group in groups)
    signs = np.array([_signs(2, probe, len(groups)) for probe in range(slots * SMOOTH)])
    directions = np.zeros((slots * SMOOTH, len(lagrangian.sizes)))
    for g, group in enumerate(groups):
        for slot, path in enumerate(_moved_paths(group)):
            probes = slot * SMOOTH + np.arange(len(smooth_paths(len(path))))
            directions[np.ix_(probes, path)] = signs[probes, g, np.newaxis] * smooth_paths(len(path))
    used = np.flatnonzero(directions.any(axis=1))
    products = np.zeros_like(directions)
    for probe, product in zip(used, lagrangian.within(directions[used]), strict=True):
        products[probe] = product
    return [_between_paths(group, products[:, group.columns] * signs[:, [g]]) for g, group in enumerate(groups)]


def _moved_paths(group: Group) -> tuple[IndexArray, ...]:
    """The paths of a group that are moved to learn what they do to others of it: none of one alone."""
    return group.paths if len(group.paths) > 1 else ()


def _between_paths(group: Group, products: FloatArray) -> FloatArray:
    """What the paths of a group do to each other, from products with smooth paths, slot by slot."""
    half = np.zeros((len(group.columns), len(group.columns)))
    for slot, path in enumerate(_moved_paths(group)):
        base, part = smooth_paths(len(path)), group.parts[slot]
        half[:, part] = products[slot * SMOOTH : slot * SMOOTH + len(base)].T @ base
    return _symmetric(group, half)


def _signs(kind: int, number: int, count: int) -> FloatArray:
    return np.random.default_rng((kind, number)).choice((-1.0, 1.0), count)


@cache
def smooth_paths(periods: int) -> FloatArray:
    """Orthonormal polynomials over the periods, at most `SMOOTH` of them."""
    at = np.linspace(-1.0, 1.0, periods)
    powers = np.polynomial.legendre.legvander(at, min(SMOOTH, periods) - 1)
    return np.asarray(np.linalg.qr(powers)[0].T)


def _symmetric(group: Group, half: FloatArray) -> FloatArray:
    """The parts between different paths: known from both sides as far as smooth paths reach, what both know once."""
    whole = half + half.T
    for i, part in enumerate(group.parts):
        base = smooth_paths(len(group.paths[i]))
        whole[part] -= base.T @ (base @ half[part])
        whole[part, part] = 0.0
    return 0.5 * (whole + whole.T)


def convex(matrix: FloatArray, least: float) -> FloatArray:
    """A matrix with the same eigenvectors whose eigenvalues are positive: their sizes, at least `least`.

    A floor as high as the lowest eigenvalue below zero would hide all directions of little curvature: those in which
    levers replace each other.
    """
    values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
    return np.asarray((vectors * np.maximum(np.abs(values), least)) @ vectors.T)

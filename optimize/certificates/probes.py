"""Policies around a policy and far from it, drawn by a seed: is one of them better?

A policy is held against another by an exact penalty: its cost, and for what it exceeds of a limit more than the limit's
multiplier says it is worth (Han and Mangasarian 1979, Mathematical Programming 17). A probe near by that is better that
way is a place to go on from, whether or not it keeps every limit itself; far away, where the penalty may be too cheap,
only one that keeps them counts as better.

Near probes go along each lever, exchange two levers that share a limit, and along random directions that keep what
holds; at steps from a tenth to a ten-millionth of a lever's size and range, so that kinks, jumps and flat spots show.
Far probes are each lever alone at its bounds, and others drawn over what the bounds and the limits on levers allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from ..problems.optimality import Multipliers, quadratic_sizes, row_sizes, violation
from ..problems.program import Evaluation, Program
from ..solvers.starts import over_the_range
from .face import HELD, Tangent

# Steps of near probes, as shares of a lever's size or range.
STEPS = (1e-1, 1e-2, 1e-4, 1e-7)
# Up to so many levers all kinds of probes are made; with more only some directions are tried, at two steps.
SMALL = 60
# At most so many pairs and directions are probed, and so many far points; so many directions with more levers.
PAIRS, DIRECTIONS, FAR, FEWER = 120, 24, 48, 8
# Steps of a lever, as shares of its size, at which something changes unless it has no effect there.
NUDGES = (1e-4, 1e-7)
# A gain below this share of what the levers are worth is none.
NOTHING = 1e-7


class _Place(StrEnum):
    """Where a probe is: around the policy, there but for one lever at a bound, or anywhere."""

    NEAR = "near"
    AT_BOUND = "at a bound"
    FAR = "far"


@dataclass(frozen=True, eq=False)
class Merit:
    """An exact penalty around a policy: cost plus prices times the excess of rows and quadratic constraints."""

    program: Program
    rows: FloatArray
    quadratics: FloatArray

    @classmethod
    def at(cls, program: Program, at: Evaluation, multipliers: Multipliers, worth: float) -> Merit:
        """Prices of twice the multipliers, and at least the whole worth for the whole size of a limit."""
        rows = np.maximum(2.0 * np.abs(multipliers.rows), worth / row_sizes(program, at.x, at.y))
        curved = np.maximum(2.0 * multipliers.quadratics, worth / quadratic_sizes(program, at.x, at.y))
        return cls(program, rows, curved)

    def __call__(self, at: Evaluation) -> float:
        """The value at an evaluation; infinite where the run leaves the numbers."""
        if not at.is_finite:
            return float("inf")
        program = self.program
        values = program.rows(at.x, at.y)
        over = np.maximum(np.maximum(program.row_lower - values, values - program.row_upper), 0.0)
        z = np.concatenate([at.x, at.y])
        bent = np.array([max(quadratic.excess(z), 0.0) for quadratic in program.quadratics])
        return program.cost(at.x, at.y) + float(self.rows @ over) + float(self.quadratics @ bent)


@dataclass(frozen=True, eq=False)
class Probed:
    """The best probe, if it is better than the policy, and how many were tried; the best far ones, best first."""

    better: Evaluation | None
    gain: float
    count: int
    far: tuple[FloatArray, ...] = ()


def probed(
    program: Program,
    at: Evaluation,
    tangent: Tangent,
    merit: Merit,
    least: float,
    *,
    seed: int,
    stop: Callable[[], bool] = lambda: False,
) -> Probed:
    """Near and far probes of a policy; a gain counts above `least` (in the unit of the objective)."""
    here = merit(at)
    best, value, count = None, here - least, 0
    far: list[tuple[float, FloatArray]] = []
    for x, place in _points(tangent, seed):
        if stop():
            break
        found = program.evaluate(x)
        reached = merit(found)
        count += 1
        if place is _Place.FAR and np.isfinite(reached):
            far.append((reached, x))
        if reached < value and (place is _Place.NEAR or violation(program, found.x, found.y) <= HELD):
            best, value = found, reached
    far.sort(key=lambda pair: pair[0])
    return Probed(best, here - value if best is not None else 0.0, count, tuple(x for _, x in far))


def moved(merit: Merit, at: Evaluation, sizes: FloatArray, levers: IndexArray) -> IndexArray:
    """Those of some levers that move the objective, or a limit that holds, when they alone are moved a little.

    Of many levers all are moved together, and all count as moving something if any of these moves does.
    """
    here, program = merit(at), merit.program

    def moves(some: IndexArray) -> bool:
        step = np.zeros(len(sizes))
        step[some] = sizes[some]
        points = (
            np.clip(at.x + share * step, program.lower, program.upper) for nudge in NUDGES for share in (nudge, -nudge)
        )
        return any(merit(program.evaluate(x)) != here for x in points)

    groups = levers[:, np.newaxis] if len(levers) <= SMALL else levers[np.newaxis]
    return np.concatenate([group for group in groups if moves(group)] or [levers[:0]])


def _points(tangent: Tangent, seed: int) -> Iterator[tuple[FloatArray, _Place]]:
    program, x = tangent.face.program, tangent.face.at.x
    random = np.random.default_rng((seed, 7))
    for move in _moves(tangent, random):
        point = np.clip(x + move, program.lower, program.upper)
        if not np.array_equal(point, x):
            yield point, _Place.NEAR
    if len(x) > SMALL:
        return
    yield from ((point, _Place.AT_BOUND) for point in _at_bounds(program, x))
    yield from ((over_the_range(program, number, seed), _Place.FAR) for number in range(FAR))


def _at_bounds(program: Program, x: FloatArray) -> Iterator[FloatArray]:
    """The policy with each lever alone at each of its finite bounds."""
    for side in (program.lower, program.upper):
        for lever in np.flatnonzero(np.isfinite(side) & (side != x)):
            point = x.copy()
            point[lever] = side[lever]
            yield point


def _moves(tangent: Tangent, random: np.random.Generator) -> Iterator[FloatArray]:
    """Moves of all levers, the largest steps first."""
    span = tangent.face.program.upper - tangent.face.program.lower
    if len(span) > SMALL:
        ways = _ways(tangent, random, FEWER)
        yield from (sign * step * way for step in STEPS[:2] for way in ways for sign in (1.0, -1.0))
        return
    units = [tangent.face.sizes, *([span] if np.isfinite(span).all() else [])]
    pairs, ways = _pairs(tangent, random), _ways(tangent, random, DIRECTIONS)
    for step in STEPS:
        for unit in units:
            for lever in np.flatnonzero(span > 0):
                move = np.zeros(len(span))
                move[lever] = step * unit[lever]
                yield from (move, -move)
        yield from (step * pair for pair in pairs)
        yield from (sign * step * way for way in ways for sign in (1.0, -1.0))


def _ways(tangent: Tangent, random: np.random.Generator, count: int) -> list[FloatArray]:
    """Random directions that keep what holds."""
    return [tangent.whole(tangent.projected(each)) for each in random.normal(size=(count, len(tangent.moving)))]


def _pairs(tangent: Tangent, random: np.random.Generator) -> list[FloatArray]:
    """Exchanges between two levers that leave a limit on levers as it is."""
    face = tangent.face
    found = []
    rows = face.normals
    for number in random.permutation(rows.shape[0])[:PAIRS]:
        members = rows.indices[rows.indptr[number] : rows.indptr[number + 1]]
        if len(members) < 2:
            continue
        for _ in range(max(1, PAIRS // max(1, rows.shape[0]))):
            one, other = random.choice(members, 2, replace=False)
            move = np.zeros(rows.shape[1])
            factors = rows[[number], [one]], rows[[number], [other]]
            size = min(face.sizes[one] * abs(float(factors[0][0])), face.sizes[other] * abs(float(factors[1][0])))
            move[one], move[other] = size / float(factors[0][0]), -size / float(factors[1][0])
            found.append(move)
    return found

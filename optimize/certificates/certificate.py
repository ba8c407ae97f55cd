"""`certify`: everything that is looked at before a policy may be called an optimum, apart from the solver.

First order in a measure free of scale; second order on the directions that keep what holds; policies around, and far
away; levers without effect. What is found is a value each, and so is what to do about it: places to go on from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from ..problems.optimality import (
    Marginals,
    Multipliers,
    Optimality,
    curvatures,
    residuals,
    slopes,
    violation,
    within_sight,
)
from ..problems.program import Evaluation, Program
from ..problems.promise import Directions
from .face import Face, Tangent, face_of
from .probes import NOTHING, Merit, Probed, moved, probed
from .second_order import SecondOrder, least_curvature
from .valleys import along_valleys

TOLERANCE = 1e-6
# Lengths at which a direction of negative curvature is tried, in the levers' sizes.
LENGTHS = (1.0, 0.3, 0.1, 1e-2, 1e-3)


@dataclass(frozen=True, eq=False)
class Certificate:
    """What was found at a policy `at`.

    `optimality` are the residuals with `multipliers`, which were found anew; `worth` is what all levers in their sizes
    are worth there, in the unit of the objective. `second` is None where first order does not hold, or was not asked
    for. `idle` are levers that move nothing there, of `free` ones that bounds leave a choice; `blind` have no slope
    either but do move the objective: they stand on a kink or a jump, where slopes tell nothing. `least` is the gain
    from which another policy counts as better. `onward` are places from which a search goes on to a better policy, the
    best first.
    """

    at: Evaluation
    multipliers: Multipliers
    optimality: Optimality
    worth: float
    second: SecondOrder | None
    probes: Probed | None
    idle: IndexArray
    blind: IndexArray
    free: int
    least: float = 0.0
    onward: tuple[FloatArray, ...] = field(default=())

    @property
    def is_first_order(self) -> bool:
        """Whether the policy is stationary and keeps all limits."""
        return self.optimality.within(TOLERANCE)

    @property
    def is_second_order(self) -> bool:
        """Whether slopes tell all, and no negative curvature was found along directions that keep what holds."""
        second = self.second
        return second is not None and second.complete and not second.negative and not len(self.blind)

    @property
    def is_idle(self) -> bool:
        """Whether no lever moves anything there, of those that are free to."""
        return len(self.idle) == self.free > 0

    @property
    def is_local_optimum(self) -> bool:
        """Whether everything that was looked at says so."""
        probes = self.probes is not None and self.probes.better is None
        return self.is_first_order and self.is_second_order and probes and not self.is_idle


@dataclass(frozen=True, eq=False)
class _Look:
    """What all findings at a policy share."""

    program: Program
    at: Evaluation
    told: Multipliers | None
    exact: Program

    @cached_property
    def face(self) -> Face:
        return face_of(self.program, self.at)

    @cached_property
    def multipliers(self) -> Multipliers:
        return self.face.multipliers(self.told)

    @cached_property
    def marginals(self) -> Marginals:
        bent = np.maximum(curvatures(self.program, self.at, self.multipliers), 0.0)
        return Marginals(self.program, self.at, *slopes(self.program, self.at, self.multipliers), bent)

    @cached_property
    def optimality(self) -> Optimality:
        found, program = self.marginals, self.program
        smooth = residuals(program, self.at, found.objective, found.lagrangian, self.multipliers, found.curvature)
        smooth = within_sight(program, self.at, smooth, self.multipliers, found.curvature)
        exact = self.exact.evaluate(self.at.x)
        return replace(smooth, violation=violation(self.exact, exact.x, exact.y))

    @cached_property
    def tangent(self) -> Tangent:
        return self.face.tangent(self.multipliers)

    @cached_property
    def still(self) -> IndexArray:
        """Levers whose slopes and curvature are none."""
        return np.flatnonzero((self.marginals.whole == 0.0) & (self.program.lower < self.program.upper))


def certify(
    program: Program,
    at: Evaluation,
    told: Multipliers | None,
    *,
    smooth: Program | None = None,
    seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
) -> Certificate:
    """What can be said of a policy and its run; `told` are the multipliers of a solver, where there are any.

    First and second order are those of `smooth`, a program with smooth stand-ins of a tiny width, where the policy may
    stand on kinks; limits and probes are always those of the program itself.
    """
    look = _Look(program, at, told, program)
    if smooth is not None:
        look = _Look(smooth, smooth.evaluate(at.x), told, program)
    worth = look.marginals.worth
    merit = Merit.at(program, at, look.multipliers, worth)
    least = NOTHING * worth
    probes = probed(program, at, look.tangent, merit, least, seed=seed, stop=stop)
    second = None
    if look.optimality.within(TOLERANCE) and not stop():
        second = least_curvature(look.tangent, look.multipliers, worth, stop=stop)
    enough = least
    if look.optimality.promise is not None and not stop():
        directions = Directions(look.program, look.at, look.multipliers, look.marginals.curvature)
        probes, floor = along_valleys(at, directions, look.optimality.promise, second, merit, probes)
        enough = min(least, floor)
    blind = look.still[:0]
    if smooth is None and probes.better is None and not stop():
        blind = moved(merit, at, look.face.sizes, look.still)
    idle = np.setdiff1d(look.still, blind)
    ways = _downward(program, at, look.tangent, merit, second, least) if second is not None else []
    near = [probes.better.x] if probes.better is not None else []
    free, onward = int((program.lower < program.upper).sum()), (*near, *ways)
    return Certificate(at, look.multipliers, look.optimality, worth, second, probes, idle, blind, free, enough, onward)


def _downward(
    program: Program, here: Evaluation, tangent: Tangent, merit: Merit, second: SecondOrder, least: float
) -> list[FloatArray]:
    """The best place along directions of negative curvature, if it is better than the policy."""
    found: list[tuple[float, FloatArray]] = []
    for way in second.negative[:4]:
        for sign in tangent.sides(way) or (1.0, -1.0):
            for length in LENGTHS:
                x = np.clip(here.x + sign * length * way, program.lower, program.upper)
                found.append((merit(program.evaluate(x)), x))
    better = sorted((pair for pair in found if pair[0] < merit(here) - least), key=lambda pair: pair[0])
    return [x for _, x in better[:1]]

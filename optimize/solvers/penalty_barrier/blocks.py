"""The curvature that the factors have: whole for few levers; else by groups, roughly far away and exactly near.

Blocks are taken as they are. One that has no factor, because curvature along some of its directions is negative, is
made convex; the others keep what they know.

Why not factors of blocks that keep negative curvature where the whole system has none, as limits on national sums may
bring about: tried with symmetric indefinite factors and a count of inertia, they took as many iterations (provinces-m16
46 instead of 47, the default plan 40 instead of 38), and near the end blocks that are nearly singular left so little
accuracy that conjugate gradients failed (`macro-m4-y25-0`: 25 iterations instead of 18).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from ..interior_point.border import Bordered
from ..interior_point.condensed import Condensed
from ..interior_point.elastic import ElasticProgram
from ..sequential.curvature import DIRECTIONS, LEAST, SMOOTH, Curvature, Group, Lagrangian, bare_curvature_of, convex
from .tuning import CHEAP, EVERY, EXACT, EXACT_EVERY, LARGEST, LEFT, SERVES, SMALL


@dataclass
class Blocks:
    """The curvature taken last, for how many iterations it has served, and the error at the last of these."""

    groups: list[Group]
    curvature: Curvature
    error: float
    age: int = 0
    _counted: tuple[Curvature, float, tuple[FloatArray, ...]] | None = None
    _convex: dict[int, FloatArray] = field(default_factory=dict)

    @classmethod
    def first(cls, lagrangian: Lagrangian, groups: list[Group]) -> Blocks:
        """At the first point."""
        return cls(groups, bare_curvature_of(lagrangian, groups, exact=_is_cheap(groups)), np.inf)

    def is_due(self, error: float) -> bool:
        """Whether curvature is to be taken anew at a point with this error."""
        before, self.error = self.error, error
        if self.curvature.is_whole:
            return self.age > 0 and error > SERVES * before
        if not self._wants_exact(error):
            return self.age >= EVERY
        return not self.curvature.exact or self.age >= (EXACT_EVERY if error <= EXACT else EVERY)

    def renew(self, lagrangian: Lagrangian, error: float) -> None:
        """Takes the curvature at another point."""
        self.curvature = bare_curvature_of(lagrangian, self.groups, exact=self._wants_exact(error))
        self.age = 0

    def _wants_exact(self, error: float) -> bool:
        is_near = error <= (LEFT if self.curvature.exact else EXACT)
        return _is_cheap(self.groups) or (is_near and max(len(group.columns) for group in self.groups) <= LARGEST)

    @property
    def largest(self) -> float:
        """The largest second derivative by a lever."""
        return float(np.abs(self.curvature.diagonal).max(initial=0.0))

    def scaled(self, unit: float) -> tuple[tuple[IndexArray, ...], tuple[FloatArray, ...]]:
        """Groups of levers, and a block for each, with the objective counted in a unit."""
        known = self._counted
        if known is None or known[0] is not self.curvature or known[1] != unit:
            known = self.curvature, unit, tuple(block / unit for block in self.curvature.blocks)
            self._counted = known
            self._convex.clear()
        return tuple(group.columns for group in self.curvature.groups), known[2]

    def linear(self, program: ElasticProgram) -> Bordered | Condensed:
        """The linear systems of a program with these blocks; one is made convex once, as long as it serves."""
        if len(program.blocks) == 1 and len(program.cost) <= SMALL:
            return Condensed(program)
        least = LEAST * max(1.0, float(np.abs(program.cost).max(initial=0.0)))

        def convexed(block: FloatArray) -> FloatArray:
            found = self._convex.get(id(block))
            if found is None:
                found = self._convex[id(block)] = convex(block, least)
            return found

        return Bordered.of(program, convexed)


def _is_cheap(groups: list[Group]) -> bool:
    """Whether exact curvature costs little more than a rough one."""
    exact = max(len(group.columns) for group in groups)
    periods = max(len(path) for group in groups for path in group.paths)
    rough = min(periods, DIRECTIONS) + SMOOTH * max(len(group.paths) for group in groups)
    return exact <= CHEAP * rough

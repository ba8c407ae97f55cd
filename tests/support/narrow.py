"""Narrow valleys: two levers that a stiff penalty ties together, with the best policy along the floor in closed form.

    minimize   scale * (K (a u + b v - d)^2 / 2 - p u - q v + r (u - m)^2 / 2)

over a box of levers, in any units of theirs. On the floor, a u + b v = d, the objective is a parabola or a line of u,
whose least within the box is one of three points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimize.problems.program import Program
from optimize.solvers.solver import Ending, Iteration
from sd_models.system.model import FloatArray

from .forms import of_forms

SIDE = 10.0


class Quiet:
    """Nobody looks on."""

    def iteration(self, iteration: Iteration) -> None:
        """Takes no notice."""

    def ending(self) -> Ending | None:
        """Never stops."""
        return None


@dataclass(frozen=True)
class Valley:
    """A valley in the box from 0 to 10, through `middle`, along (cos, sin) of `angle`; `units` are of the levers."""

    stiffness: float
    angle: float
    middle: tuple[float, float] = (5.0, 5.0)
    pull: tuple[float, float] = (1.0, 1.0)
    bend: float = 0.0
    best_at: float = 7.0
    units: tuple[float, float] = (1.0, 1.0)
    scale: float = 1.0

    @property
    def across(self) -> FloatArray:
        """The direction of the penalty."""
        return np.array([-np.sin(self.angle), np.cos(self.angle)])

    @property
    def along(self) -> FloatArray:
        """The direction of the floor."""
        return np.array([np.cos(self.angle), np.sin(self.angle)])

    def value(self, x: FloatArray) -> float:
        """The objective at levers in units of the box."""
        wall = self.stiffness * float(self.across @ (x - self.middle)) ** 2
        return self.scale * (0.5 * wall - float(np.dot(self.pull, x)) + 0.5 * self.bend * (x[0] - self.best_at) ** 2)

    def floor(self, t: float) -> FloatArray:
        """The point of the floor at a distance from the middle."""
        return np.asarray(self.middle + t * self.along)

    @property
    def ends(self) -> tuple[float, float]:
        """Where the floor leaves the box."""
        with np.errstate(divide="ignore"):
            sides = np.array([(0.0 - np.array(self.middle)) / self.along, (SIDE - np.array(self.middle)) / self.along])
        return float(sides.min(axis=0).max()), float(sides.max(axis=0).min())

    @property
    def best(self) -> FloatArray:
        """The best point of the floor."""
        low, high = self.ends
        slope = -float(np.dot(self.pull, self.along))
        bent = self.bend * self.along[0] ** 2
        inside = self.bend * (self.best_at - self.middle[0]) * self.along[0] - slope
        places = [low, high, *([float(np.clip(inside / bent, low, high))] if bent > 1e-9 else [])]
        return min(map(self.floor, places), key=self.value)

    @property
    def stake(self) -> float:
        """What policies on the floor differ by."""
        values = [self.value(self.floor(t)) for t in np.linspace(*self.ends, 21)]
        return max(values) - min(*values, self.value(self.best))

    @property
    def program(self) -> Program:
        """The valley as a program."""
        units = np.array(self.units)
        walls = self.stiffness * np.outer(self.across, self.across)
        matrix = walls + np.diag([self.bend, 0.0])
        slope = -(walls @ self.middle) - self.pull - np.array([self.bend * self.best_at, 0.0])
        return of_forms(
            list(self.scale * slope / units),
            self.scale * matrix / np.outer(units, units),
            lower=[0.0, 0.0],
            upper=list(SIDE * units),
        )

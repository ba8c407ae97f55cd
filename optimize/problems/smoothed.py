"""A problem with its kinks made smooth, to a width that a search makes smaller and smaller.

What a search finds on the smooth model is a start for the next, and at last for the exact one: the answer is always
that of the exact model. The model is compiled once; a width is a number that its functions take.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sd_models.rewrites.smoothing import Exact, Smoothed, Smoothing, smooth
from sd_models.simulator.simulation import Simulator, compile
from sd_models.system.model import FloatArray

from ..plans.reach import reached
from .outcomes import HorizonRun, SimulatedOutcomes
from .problem import Problem
from .program import Evaluation, Program

# The width, relative to sizes, at which sizes are measured: the switches are those of the exact run.
NARROW = 1e-9


@dataclass(frozen=True, eq=False)
class SmoothedProblem:
    """A problem, and its model with smooth stand-ins for the kinks that the levers move."""

    problem: Problem
    smoothing: Smoothing

    @classmethod
    def of(cls, problem: Problem) -> SmoothedProblem:
        """The problem with its kinks made smooth; compiles when it is first asked for outcomes."""
        system = problem.simulator.model.expanded
        moved = reached(system, problem.lever_names, from_start=problem.horizon.first == 0)
        return cls(problem, smooth(system, {*moved, *problem.lever_names}))

    @property
    def has_kinks(self) -> bool:
        """Whether the levers move kinks that were made smooth; where none is, the exact model is what there is."""
        return bool(self.kinks)

    @property
    def kinks(self) -> tuple[Smoothed, ...]:
        """The kinks that were made smooth."""
        return self.smoothing.kinks

    @property
    def left(self) -> tuple[Exact, ...]:
        """The kinks that stayed exact, and why."""
        return self.smoothing.left

    def program(self, program: Program, width: float, at: FloatArray) -> Program:
        """The program with outcomes of the smooth model, its widths `width` times the sizes of the switches at `at`.

        Nobody is told its evaluations: they are not those of the model.
        """
        outcomes = replace(self._outcomes, constants=width * self.sizes(at))
        return replace(program, outcomes=outcomes, notice=_nobody)

    def sizes(self, at: FloatArray) -> FloatArray:
        """A natural size of each kink's switch: its spread over elements and the points of the horizon along the run of
        a policy; where it does not move its magnitude, and 1 where that is zero."""
        found = self._measured(at, np.full(len(self.kinks), NARROW))
        return self._measured(at, NARROW * found)

    # --- pieces ---------------------------------------------------------------------------------------------------

    @property
    def _widths(self) -> tuple[str, ...]:
        return tuple(kink.width for kink in self.kinks)

    @cached_property
    def _outcomes(self) -> SimulatedOutcomes:
        exact = self.problem.outcomes
        simulator = self._compiled(self.problem.output_names)
        before = exact.run.first_stocks if self.problem.horizon.first else None
        return replace(exact, run=HorizonRun(simulator, self.problem.horizon, before))

    @cached_property
    def _gauge(self) -> Simulator:
        """The smooth model with its switches as outputs."""
        return self._compiled(tuple(dict.fromkeys(kink.switch for kink in self.kinks)))

    def _compiled(self, outputs: tuple[str, ...]) -> Simulator:
        names = self.problem.lever_names
        return compile(self.smoothing.system, levers=names, constants=self._widths, outputs=outputs)

    def _measured(self, at: FloatArray, widths: FloatArray) -> FloatArray:
        gauge = self._gauge
        given = dict(zip(self._widths, widths, strict=True))
        inputs = gauge.inputs(levers=self.problem.policy(at), constants=given)
        outputs = gauge.trajectories(inputs).outputs[:, self.problem.horizon.first :]
        rows = gauge.model.outputs.rows
        return np.array([_size(outputs[rows[kink.switch]]) if kink.switch in rows else 1.0 for kink in self.kinks])


def _nobody(_: Evaluation) -> None:
    """Nobody looks on."""


def _size(values: FloatArray) -> float:
    """The spread of the finite values; of one value that never changes its magnitude, and 1 for zero."""
    finite = values[np.isfinite(values)]
    magnitude = float(np.abs(finite).max(initial=0.0))
    spread = float(np.ptp(finite)) if len(finite) else 0.0
    return spread if spread > 1e-12 * magnitude else magnitude or 1.0

"""A problem with its kinks made smooth, to a width that a search makes smaller and smaller.

What a search finds on the smooth model is a start for the next, and at last for the exact one: the answer is always
that of the exact model. The model is compiled once; a width is a number that its functions take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sd_models.rewrites.kinks import Smoothed
from sd_models.rewrites.smoothing import Exact, Smoothing, smooth
from sd_models.rewrites.substitution import substitute
from sd_models.simulator.simulation import Simulator, compile
from sd_models.system.model import FloatArray, System

from ..plans.reach import reached
from .outcomes import HorizonRun, SimulatedOutcomes
from .problem import Problem
from .program import Evaluation, Program

# The width, relative to sizes, at which sizes are measured: the switches are those of the exact run.
NARROW = 1e-9
# The least size of the switch of MIN and MAX, as part of its spread.
LEAST = 0.03
# A narrower width, and the part of a width by which a stand-in differs on a kink, relative to its own spread.
NARROWER, TOUCHES = 0.1, 0.01
# A spread of this part of the values is rounding.
ROUNDING = 1e-12


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

    def program(self, program: Program, width: float, *at: FloatArray) -> Program:
        """The program with outcomes of the smooth model, its widths `width` times the `sizes` of the switches.

        Nobody is told its evaluations: they are not those of the model.
        """
        return self.of_widths(program, width * self.sizes(*at))

    def of_widths(self, program: Program, widths: FloatArray) -> Program:
        """The same for the width of each kink; without equations, which are those of the kinks."""
        outcomes = replace(self._outcomes, constants=widths)
        return replace(program, outcomes=outcomes, equations=None, notice=_nobody)

    def with_widths(self, widths: FloatArray) -> System:
        """The smooth model with these widths (kinks) as numbers."""
        numbers = {name: np.asarray(width) for name, width in zip(self._widths, widths, strict=True)}
        return substitute(self.smoothing.system, numbers)

    def standing_words(self, at: FloatArray, widths: FloatArray) -> tuple[str, ...]:
        """The kinks that the run of a policy stands on (see `standing`), in words."""
        return tuple(dict.fromkeys(f"{kink.variable} ({kink.function})" for kink in self.standing(at, widths)))

    def sizes(self, *at: FloatArray) -> FloatArray:
        """A natural size of each kink's switch along the runs of some policies.

        It is the spread over policies, elements and points of the horizon; where the switch does not move its
        magnitude, and 1 where that is zero. Of MIN and MAX it is at most what they amount to on average, as long as
        that is no less than `LEAST` of the spread: a small demand beside a large capacity is to stay small.

        A search gives where it began and where it is: a policy that has arrived on a kink alone knows no size of it.
        """
        first = np.full(len(self.kinks), NARROW)
        return self._measured(at, NARROW * self._measured(at, first))

    def standing(self, at: FloatArray, widths: FloatArray) -> tuple[Smoothed, ...]:
        """The kinks that the run of a policy stands on: there a stand-in of these widths (kinks) still differs from a
        narrower one by a part of its width, elsewhere by a part of its square."""
        wide, narrow = self._paths(at, widths), self._paths(at, NARROWER * widths)
        sizes = widths / np.maximum(self._measured((at,), NARROW * widths), np.finfo(float).tiny)
        return tuple(
            kink
            for kink, size in zip(self.kinks, sizes, strict=True)
            if np.abs(wide[kink.value] - narrow[kink.value]).max() > TOUCHES * size * _spread(wide[kink.value])
        )

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
        """The smooth model with its switches and stand-ins as outputs."""
        return self._compiled(tuple(dict.fromkeys(name for kink in self.kinks for name in (kink.switch, kink.value))))

    def _compiled(self, outputs: tuple[str, ...]) -> Simulator:
        names = self.problem.lever_names
        return compile(self.smoothing.system, levers=names, constants=self._widths, outputs=outputs)

    def _measured(self, at: Sequence[FloatArray], widths: FloatArray) -> FloatArray:
        runs = [self._paths(x, widths) for x in at]
        return np.array(
            [_size(kink, *(_together(runs, name) for name in (kink.switch, kink.value))) for kink in self.kinks]
        )

    def _paths(self, x: FloatArray, widths: FloatArray) -> Mapping[str, FloatArray]:
        """The switches and stand-ins along the run of a policy."""
        model, given = self._gauge.model, dict(zip(self._widths, widths, strict=True))
        inputs = self._gauge.inputs(levers=self.problem.policy(x), constants=given)
        outputs = self._gauge.trajectories(inputs).outputs[:, self.problem.horizon.first :]
        return {**model.fixed, **{name: outputs[rows] for name, rows in model.outputs.rows.items()}}


def widths_of(smooth: Program) -> FloatArray:
    """The widths of the stand-ins that a smooth program has; none for a program of another kind."""
    outcomes = smooth.outcomes
    return outcomes.constants if isinstance(outcomes, SimulatedOutcomes) else np.zeros(0)


def _together(runs: Sequence[Mapping[str, FloatArray]], name: str) -> FloatArray:
    """The finite values of a variable in all runs; a zero where there is none."""
    values = np.concatenate([run[name].ravel() for run in runs])
    finite = values[np.isfinite(values)]
    return finite if len(finite) else np.zeros(1)


def _nobody(_: Evaluation) -> None:
    """Nobody looks on."""


def _size(kink: Smoothed, switch: FloatArray, value: FloatArray) -> float:
    """The size of a kink's switch, from its values and those of the stand-in."""
    spread = _spread(switch)
    if kink.function not in ("MIN", "MAX"):
        return spread
    return float(np.clip(np.abs(value).mean(), LEAST * spread, spread))


def _spread(values: FloatArray) -> float:
    """The spread of values; of one value that never changes its magnitude, and 1 for zero."""
    magnitude, spread = float(np.abs(values).max()), float(np.ptp(values))
    return spread if spread > ROUNDING * magnitude else magnitude or 1.0

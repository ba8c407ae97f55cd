"""What every solver takes and gives.

How a solve ended is a value. A solver returns the best point that it has, whatever ended it: the time limit, an
interruption or a failure of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from sd_models.system.model import FloatArray

from ..problems.program import Program


class Ending(StrEnum):
    """Why a solver stopped."""

    OPTIMAL = "optimal"  # the scaled KKT residual and the violation are within the tolerance
    INFEASIBLE = "infeasible"  # no point near fulfils all limits: the violation cannot be made smaller
    ITERATION_LIMIT = "iteration limit"
    TIME_LIMIT = "time limit"
    INTERRUPTED = "interrupted"
    STALLED = "stalled"  # no step makes progress, yet the KKT residual is above the tolerance
    FAILED = "failed"  # the solver or the model gave no usable numbers


@dataclass(frozen=True, slots=True)
class Iteration:
    """One line of progress: the objective in the plan's own direction, scaled residuals, seconds since the start."""

    number: int
    objective: float
    kkt_residual: float
    violation: float
    trust_region: float
    seconds: float
    accepted: bool = True


class Watch(Protocol):
    """Who looks on: is told each iteration, and may ask to stop."""

    def iteration(self, iteration: Iteration) -> None:
        """Takes notice of an iteration."""

    def ending(self) -> Ending | None:
        """Why the solver has to stop now, or None; asked before each expensive step."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Where a solver ended.

    Multipliers belong to the minimization of `Program`: with L = cost + rows' multipliers, a positive multiplier stands
    for an active upper side, a negative one for an active lower side; likewise those of the bounds of x. The relaxation
    of an active upper side by one unit thus lowers the cost by the multiplier.
    """

    ending: Ending
    x: FloatArray
    y: FloatArray
    row_multipliers: FloatArray
    bound_multipliers: FloatArray
    quadratic_multipliers: FloatArray
    kkt_residual: float
    violation: float
    iterations: tuple[Iteration, ...] = ()
    notes: tuple[str, ...] = field(default=())


class Solver(Protocol):
    """A method; its options are the fields of a frozen dataclass."""

    @property
    def name(self) -> str:
        """The name in plans and on the command line."""

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        """The best point found from a start, which need not be feasible."""

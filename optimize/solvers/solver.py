"""What every solver takes and gives.

How a solve ended is a value. A solver returns the best point that it has, whatever ended it: the time limit, an
interruption or a failure of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from sd_models.system.model import FloatArray

from ..problems.program import Program


class Ending(StrEnum):
    """Why a solver stopped.

    >>> import optimize as opt
    >>> opt.Ending("time limit")
    <Ending.TIME_LIMIT: 'time limit'>
    """

    OPTIMAL = "optimal"  # the scaled KKT residual and the violation are within the tolerance
    INFEASIBLE = "infeasible"  # no point near fulfils all limits: the violation cannot be made smaller
    ITERATION_LIMIT = "iteration limit"
    TIME_LIMIT = "time limit"
    INTERRUPTED = "interrupted"
    STALLED = "stalled"  # no step makes progress, yet the KKT residual is above the tolerance
    UNBOUNDED = "unbounded"  # the objective grows without end
    FAILED = "failed"  # the solver or the model gave no usable numbers


@dataclass(frozen=True, slots=True)
class Iteration:
    """One line of progress: the objective in the plan's own direction, scaled residuals, seconds since the start.

    >>> import optimize as opt
    >>> step = opt.Iteration(7, objective=2.5, kkt_residual=1e-3, violation=0.0, trust_region=1.0, seconds=0.4)
    >>> f"{step.number}: {step.objective}, {step.kkt_residual:.0e} from an optimum"
    '7: 2.5, 1e-03 from an optimum'
    """

    number: int
    objective: float
    kkt_residual: float
    violation: float
    trust_region: float
    seconds: float
    accepted: bool = True


class Watch(Protocol):
    """Who looks on: is told each iteration, and may ask to stop.

    Somebody who has seen enough after two iterations:

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> class Impatient:
    ...     seen = 0
    ...     def iteration(self, iteration):
    ...         self.seen += 1
    ...     def ending(self):
    ...         return opt.Ending.INTERRUPTED if self.seen >= 2 else None
    >>> problem = opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization"))
    >>> str(opt.solve(problem, watch=Impatient()).findings.ending)
    'interrupted'
    """

    def iteration(self, iteration: Iteration) -> None:
        """Takes notice of an iteration."""

    def ending(self) -> Ending | None:
        """Why the solver has to stop now, or None; asked before each expensive step."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a library said of its own answer, before the program ran it: nothing of it is taken over.

    `objective` is what it told, in the direction that people see (`program.sign * cost`), NaN where it told nothing;
    `status` its own word, and `ending` what that means. `bound`: no policy is better than this, by its account; None
    where it tells none.

    >>> Claim(objective=17.013919, status="optimal", bound=None).status
    'optimal'
    """

    objective: float
    status: str
    bound: float | None = None
    ending: Ending | None = None


@dataclass(frozen=True, eq=False)
class Solution:
    """Where a solver ended. `claim` is what a library of others said; None for solvers that run the program themselves.

    Multipliers belong to the minimization of `Program`: with L = cost + rows' multipliers, a positive multiplier stands
    for an active upper side, a negative one for an active lower side; likewise those of the bounds of x. The relaxation
    of an active upper side by one unit thus lowers the cost by the multiplier.

    >>> import numpy as np
    >>> import optimize as opt
    >>> none = np.zeros(0)
    >>> found = opt.Solution(opt.Ending.OPTIMAL, np.array([2.0]), none, none, np.array([-0.5]), none, 1e-9, 0.0)
    >>> found.ending, float(found.bound_multipliers[0])  # held at its lower bound
    (<Ending.OPTIMAL: 'optimal'>, -0.5)
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
    claim: Claim | None = None


class Solver(Protocol):
    """A method; its options are the fields of a frozen dataclass.

    One that stays where it starts; what comes out says that this is no optimum:

    >>> import numpy as np
    >>> import optimize as opt
    >>> import sd_models as sd
    >>> class Lazy:
    ...     name = "lazy"
    ...     def solve(self, program, start, watch):
    ...         at, rows = program.evaluate(start), np.zeros(len(program.row_lower))
    ...         return opt.Solution(
    ...             opt.Ending.STALLED, at.x, at.y, rows, np.zeros(len(start)), np.zeros(0), np.inf, np.inf
    ...         )
    >>> problem = opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization"))
    >>> opt.solve(problem, solver=Lazy()).status.is_optimal
    False
    """

    @property
    def name(self) -> str:
        """The name in plans and on the command line."""

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        """The best point found from a start, which need not be feasible."""


S = TypeVar("S", bound=Solver)


def hastened(solver: S, iterations: int, tolerance: float = 0.0) -> S:
    """The solver with at most so many iterations and at least this tolerance, as far as it has such options."""
    given: Any = solver
    names = {each.name for each in fields(given)} if is_dataclass(given) else set()
    changes: dict[str, float] = {}
    if "iterations" in names:
        changes["iterations"] = min(iterations, given.iterations)
    if "tolerance" in names:
        changes["tolerance"] = max(tolerance, given.tolerance)
    return replace(given, **changes) if changes else solver

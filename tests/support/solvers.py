"""The solvers that every problem meets, and a watch that never asks to stop."""

from __future__ import annotations

from collections.abc import Mapping

from optimize.solvers.nonlinear.ipopt import Formulation, Ipopt
from optimize.solvers.penalty_barrier.ipm import Ipm
from optimize.solvers.sequential.sqp import Sqp
from optimize.solvers.solver import Ending, Iteration, Solver

SOLVERS: Mapping[str, Solver] = {
    "sqp": Sqp(tolerance=1e-8),
    "ipm": Ipm(tolerance=1e-8),
    "ipopt, simultaneous": Ipopt(tolerance=1e-8, formulation=Formulation.SIMULTANEOUS),
    "ipopt, shooting": Ipopt(tolerance=1e-8, formulation=Formulation.SHOOTING),
}


class Patient:
    """Looks on and never asks to stop."""

    def iteration(self, iteration: Iteration) -> None:
        """Nothing."""

    def ending(self) -> Ending | None:
        """Never."""

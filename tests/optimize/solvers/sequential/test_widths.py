"""Our solvers find optima on kinks, width after width, where the exact model stalls them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.kinked import KINKED, Kinked
from support.solvers import Patient

from optimize.problems.assembly import assemble
from optimize.problems.smoothed import SmoothedProblem
from optimize.solvers.penalty_barrier.ipm import Ipm
from optimize.solvers.sequential.sqp import Sqp
from optimize.solvers.solver import Ending

WIDTHS = (1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


def reached(kinked: Kinked, folder: Path, solver: type[Ipm | Sqp]) -> tuple[float, float]:
    """The objectives of the last smooth model, at its optimum, and of the exact one there."""
    problem = kinked.problem(folder)
    program, smooth = assemble(problem), SmoothedProblem.of(problem)
    assert not smooth.left
    x = first = np.clip(problem.own, program.lower, program.upper)
    for width in WIDTHS:
        soft = smooth.program(program, width, first, x)
        tolerance = 1e-6 if width == WIDTHS[-1] else 1e-3
        solution = solver(tolerance=tolerance).solve(soft, x, Patient())
        assert solution.ending is Ending.OPTIMAL
        x = solution.x
    at = program.evaluate(x)
    return program.sign * soft.cost(x, solution.y), program.sign * program.cost(x, at.y)


@pytest.mark.parametrize("solver", [Sqp, Ipm])
@pytest.mark.parametrize("name", KINKED)
def test_an_optimum_on_a_kink_is_found(name: str, solver: type[Ipm | Sqp], tmp_path: Path) -> None:
    """Smooth and exact objectives agree to widths, and are those known by hand, or of a known local optimum."""
    kinked = KINKED[name]
    smooth, exact = reached(kinked, tmp_path, solver)
    assert smooth == pytest.approx(exact, rel=1e-4)
    wanted = kinked.best if kinked.nearby is None or exact > kinked.nearby + 1e-3 else kinked.nearby
    assert exact == pytest.approx(wanted, rel=1e-5), kinked.where

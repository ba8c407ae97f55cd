"""The search never denies what its own point shows, sees where the objective grows without end, and comes to an end."""

from __future__ import annotations

import numpy as np
import pytest
from support.forms import of_forms
from support.solvers import Patient

from optimize.families.instance import start_of
from optimize.families.table import instances
from optimize.families.traps import program_of
from optimize.problems.optimality import violation
from optimize.solvers import record
from optimize.solvers.penalty_barrier import tuning
from optimize.solvers.penalty_barrier.ipm import Ipm
from optimize.solvers.sequential import sqp
from optimize.solvers.sequential.sqp import Sqp
from optimize.solvers.solver import Ending

OURS = (Sqp, Ipm)
RAYS = [("ray", 0), ("ray", 1), ("no-end", 0)]


@pytest.mark.parametrize("solver", OURS)
@pytest.mark.parametrize(("name", "seed"), RAYS)
def test_growth_without_end_is_told_where_limits_hold(solver: type[Ipm | Sqp], name: str, seed: int) -> None:
    """Along an equality, and of a stock that grows with the third power; the point keeps all limits."""
    program = program_of(name, seed=seed)
    found = solver().solve(program, start_of(program), Patient())
    assert found.ending is Ending.UNBOUNDED
    assert violation(program, found.x, found.y) <= 1e-6


@pytest.mark.parametrize("solver", OURS)
@pytest.mark.parametrize(("name", "seed"), RAYS[:2])
def test_levers_that_run_away_are_not_called_infeasible(
    solver: type[Ipm | Sqp], name: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 1e300 rounding breaks the other limits; points on the way kept them."""
    monkeypatch.setattr(sqp, "FAR_AWAY", np.inf)
    monkeypatch.setattr(tuning, "FAR_AWAY", np.inf)
    program = program_of(name, seed=seed)
    with np.errstate(all="ignore"):
        found = solver().solve(program, start_of(program), Patient())
    assert found.ending is Ending.STALLED
    assert violation(program, found.x, found.y) <= 1e-6


@pytest.mark.parametrize("solver", OURS)
def test_a_start_that_keeps_the_limits_is_never_infeasible(
    solver: type[Ipm | Sqp], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the library that looks for the nearest such point has no answer."""
    monkeypatch.setattr(record, "projected", lambda *_, **__: None)
    program = of_forms([-1, -2], rows=[[1, 1]], row_upper=[9.0], lower=[0, 0])
    assert solver().solve(program, np.ones(2), Patient()).ending is Ending.OPTIMAL
    assert solver().solve(program, np.full(2, 9.0), Patient()).ending is Ending.INFEASIBLE


@pytest.mark.parametrize("solver", OURS)
@pytest.mark.parametrize("far", [1e8, 1e12, 1e18, 1e30])
def test_a_limit_far_away_is_an_end(solver: type[Ipm | Sqp], far: float) -> None:
    """Each lever has no bound of its own, and both together have one."""
    program = of_forms([-1, -2], rows=[[1, 1]], row_upper=[far], lower=[0, 0])
    found = solver().solve(program, np.ones(2), Patient())
    assert found.ending is Ending.OPTIMAL
    np.testing.assert_allclose(found.x, [0, far], atol=1e-6 * far)


@pytest.mark.parametrize(
    ("solver", "size"), [(Sqp, 1e-8), *((solver, size) for solver in OURS for size in (1e-5, 1e-4))]
)
@pytest.mark.parametrize("worth", [1.0, 1e3])
@pytest.mark.parametrize("least", [-np.inf, 0.0])
def test_small_levers_that_rounding_put_beyond_a_limit_come_back(
    solver: type[Ipm | Sqp], size: float, worth: float, least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a lever of one they are nothing, and of their own size they miss it by a thousandth; to mend it costs."""
    monkeypatch.setattr(record, "projected", lambda _, start, **__: start)
    bent, sides = np.diag([1.0, 0.0, 0.0]), {"row_lower": [least], "row_upper": [0.0]}
    program = of_forms([-2, -worth, 0], bent, rows=[[0, 1, -1]], lower=[0, 0, 0], upper=[9, 1, size], **sides)
    found = solver().solve(program, np.array([2.0, 1.001 * size, size]), Patient())
    assert found.ending is Ending.OPTIMAL
    np.testing.assert_allclose(found.x, [2.0, size, size], rtol=1e-4)


@pytest.mark.parametrize("solver", OURS)
def test_a_hundred_periods_take_few_iterations(solver: type[Ipm | Sqp]) -> None:
    """Savings and emissions of DICE-2016R; its optimum by IPOPT as well."""
    program = next(one for one in instances(["climate"]) if one.key == "dice2016-100-0").program()
    found = solver(iterations=30).solve(program, start_of(program), Patient())
    assert found.ending is Ending.OPTIMAL
    assert -program.cost(found.x, found.y) == pytest.approx(4517.31468, abs=1e-4)

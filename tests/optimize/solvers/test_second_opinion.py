"""Two unrelated methods agree on the flagship: sequential quadratic programming and an interior-point method."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.known_optima import stated
from support.solvers import Patient

import sd_models as sd
from optimize.plans.plan import Plan, load_plan
from optimize.problems.problem import Problem
from optimize.solvers.nonlinear.ipopt import Ipopt
from optimize.solvers.sequential.sqp import Sqp
from optimize.solvers.starts import projected

PLAN = Path(sd.__file__).parent / "common_prosperity" / "plan.toml"


def coarse(plan: Plan) -> Plan:
    """The default plan decided every five years, from 2025 to 2044: all its limits, a fraction of its levers."""
    levers = tuple(lever.model_copy(update={"every": 5.0}) for lever in plan.levers)
    return plan.model_copy(update={"horizon": (2025.0, 2040.0), "levers": levers})


@pytest.mark.slow
def test_two_methods_agree_on_the_flagship() -> None:
    """Objectives within 1e-6 relative, and each obeys all limits."""
    problem = Problem(sd.load("common_prosperity", regions="macro"), coarse(load_plan(PLAN)))
    program = stated(problem)
    start = projected(program, problem.own, stop=lambda: False)
    assert start is not None
    first = Sqp().solve(program, start, Patient())
    second = Ipopt(iterations=250).solve(program, start, Patient())
    costs = [program.cost(each.x, each.y) for each in (first, second)]
    assert max(first.violation, second.violation) <= 1e-6
    assert costs[0] == pytest.approx(costs[1], rel=1e-6)

"""CasADi is given the problem itself, with exact derivatives of both orders."""

from __future__ import annotations

from typing import Any

import casadi as ca
import numpy as np
import pytest
from support.curves import POINT, curves
from support.known_optima import OPTIMA, problem, stated

import optimize as opt
from sd_models.system.model import FloatArray

QUIET = {"print_time": False, "show_eval_warnings": False}
IPOPT = {**QUIET, "ipopt.print_level": 0, "ipopt.sb": "yes", "ipopt.tol": 1e-9}
SQP = {
    **QUIET,
    "print_header": False,
    "print_iteration": False,
    "print_status": False,
    "qpsol": "qrqp",
    "qpsol_options": {"print_iter": False, "print_header": False, "print_info": False},
}


def written() -> tuple[ca.MX, ca.MX, ca.MX]:
    """The program of `support.curves` as expressions of CasADi, by hand: x, cost, and rows of levers, then the rest."""
    x = ca.MX.sym("x", 3)
    y = ca.vertcat(x[0] * x[1], ca.exp(x[2]), ca.log(x[0]))
    cost = x[0] + 2 * x[2] + 0.5 * y[0] - y[1] + 3 * y[2] + 7
    ball, mixed = x[0] ** 2 + x[2] ** 2, 2 * x[1] ** 2 + 2 * y[0] ** 2 + y[1]
    return x, cost, ca.vertcat(x[0] + x[1], x[0] - x[2], 4 * x[1] + y[0] + 2 * y[1], y[2], ball, mixed)


def numbers(found: Any) -> FloatArray:
    """What CasADi gives as an array."""
    return np.asarray(ca.DM(found).full())


def test_derivatives_are_those_of_casadi() -> None:
    """Value, gradient, Jacobian and the Hessian of the Lagrangian, against the same program in CasADi's own words."""
    x, cost, rows = written()
    weights = ca.MX.sym("weights", 6)
    own = opt.casadi_problem(opt.Evaluator(curves()))
    theirs = own.problem["x"], own.problem["f"], own.problem["g"]
    at, multipliers = POINT + 0.1, np.array([1.0, -2.0, 0.5, 3.0, -1.0, 0.7])

    def derivatives(x: ca.MX, cost: ca.MX, rows: ca.MX) -> list[FloatArray]:
        bent, slope = ca.hessian(0.5 * cost + ca.dot(weights, rows), x)
        wanted = [cost, rows, ca.gradient(cost, x), ca.jacobian(rows, x), slope, bent]
        return [numbers(each) for each in ca.Function("all", [x, weights], wanted)(at, multipliers)]

    for found, expected in zip(derivatives(*theirs), derivatives(x, cost, rows), strict=True):
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("plugin", "options"), [("ipopt", IPOPT), ("sqpmethod", SQP)])
@pytest.mark.parametrize("name", ["pollution_cap", "circle", "state_budget"])
def test_nlpsol_finds_known_optima(name: str, plugin: str, options: dict[str, Any]) -> None:
    """By second derivatives from here."""
    known = OPTIMA[name]()
    evaluator = opt.Evaluator.near(stated(problem(name), known.constraints), 0.9 * known.levers)
    own = opt.casadi_problem(evaluator)
    solver = ca.nlpsol("solver", plugin, dict(own.problem), options)
    found = solver(**{**own.sides, "x0": 0.9 * known.levers / evaluator.levers(np.ones(evaluator.size))})
    assert evaluator.shown(numbers(found["x"]).ravel()) == pytest.approx(known.objective, rel=1e-6)


def test_values_and_slopes_at_a_point_cost_one_run() -> None:
    """CasADi asks for them one after the other."""
    program = curves()
    own = opt.casadi_problem(opt.Evaluator(program))
    slopes = ca.Function("slopes", [own.problem["x"]], [ca.jacobian(own.problem["g"], own.problem["x"])])
    values = ca.Function("values", [own.problem["x"]], [own.problem["f"], own.problem["g"]])
    values(POINT)
    slopes(POINT)
    assert program.counts.simulations == 1


def test_the_function_stands_in_expressions_of_ones_own() -> None:
    """And brings its slopes along."""
    own = opt.casadi_problem(opt.Evaluator(curves()))
    t = ca.MX.sym("t")
    cost, _ = own.function(t * ca.DM(POINT))
    found = numbers(ca.Function("slope", [t], [ca.gradient(cost, t)])(1.0))
    assert found.item() == pytest.approx(opt.Evaluator(curves()).gradient(POINT) @ POINT)


def test_whole_numbers_are_told() -> None:
    """For solvers that know such."""
    own = opt.casadi_problem(opt.Evaluator(curves(integers=np.array([1]))))
    assert own.discrete == [False, True, False]

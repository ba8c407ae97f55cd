"""Every solver finds every known optimum: objective, levers, and the prices of limits and bounds.

A new solver is a row of SOLVERS in `support/solvers.py`, a new problem a folder and a row of OPTIMA.
"""

from __future__ import annotations

import numpy as np
import pytest
from support.known_optima import FOLDER, OPTIMA, Optimum, problem, stated
from support.solvers import SOLVERS, Patient

from optimize.problems.optimality import lever_sizes
from optimize.problems.program import Program
from optimize.solvers.solver import Ending, Solution, Solver
from sd_models.system.model import FloatArray


def solved(solver: Solver, program: Program) -> Solution:
    start = np.clip(program.evaluator.problem.own, program.lower, program.upper)
    return solver.solve(program, start, Patient())


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], tuple[Program, Optimum, Solution]]:
    return {}


@pytest.fixture(params=[(name, solver) for name in OPTIMA for solver in SOLVERS], ids=" by ".join)
def case(
    request: pytest.FixtureRequest, found: dict[tuple[str, str], tuple[Program, Optimum, Solution]]
) -> tuple[Program, Optimum, Solution]:
    """A problem, its optimum, and what a solver makes of it; solved once."""
    name, solver = request.param
    if (name, solver) not in found:
        optimum = OPTIMA[name]()
        program = stated(problem(name), optimum.extension)
        found[(name, solver)] = program, optimum, solved(SOLVERS[solver], program)
    return found[(name, solver)]


def test_every_folder_has_its_optimum() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == set(OPTIMA)


@pytest.mark.parametrize("name", OPTIMA)
def test_the_simulator_gives_the_closed_form_for_the_optimal_levers(name: str) -> None:
    optimum = OPTIMA[name]()
    program = stated(problem(name), optimum.extension)
    run = program.evaluator.evaluate(optimum.levers)
    assert program.sign * program.cost(run.x, run.y) == pytest.approx(optimum.objective, rel=1e-12)


def test_a_solver_calls_the_optimum_optimal(case: tuple[Program, Optimum, Solution]) -> None:
    _, _, solution = case
    assert solution.ending is Ending.OPTIMAL
    assert solution.kkt_residual <= 1e-8
    assert solution.violation <= 1e-8


def test_the_objective_is_the_known_one(case: tuple[Program, Optimum, Solution]) -> None:
    program, optimum, solution = case
    reached = program.sign * program.cost(solution.x, solution.y)
    assert reached == pytest.approx(optimum.objective, rel=1e-6)


def test_the_levers_are_the_known_ones(case: tuple[Program, Optimum, Solution]) -> None:
    program, optimum, solution = case
    gap = np.abs(solution.x - optimum.levers) / lever_sizes(program, optimum.levers)
    assert gap.max() <= 1e-4


def test_the_outcomes_are_those_of_a_run(case: tuple[Program, Optimum, Solution]) -> None:
    program, _, solution = case
    np.testing.assert_allclose(solution.y, program.evaluator.evaluate(solution.x).y, rtol=1e-12, atol=1e-12)


def test_the_multipliers_are_the_known_ones(case: tuple[Program, Optimum, Solution]) -> None:
    program, optimum, solution = case
    first = 0
    for rows in program.evaluator.problem.bound.rows:
        reached = solution.row_multipliers[first : first + len(rows.lower)]
        first += len(rows.lower)
        if rows.name in optimum.multipliers:
            agree(reached, optimum.multipliers[rows.name])
    if optimum.bounds is not None:
        agree(solution.bound_multipliers, optimum.bounds)
    if optimum.quadratics is not None:
        agree(solution.quadratic_multipliers, optimum.quadratics)


def agree(reached: FloatArray, known: FloatArray) -> None:
    """Within 1e-4 of the largest."""
    np.testing.assert_allclose(reached, known, rtol=1e-4, atol=1e-4 * np.abs(known).max())

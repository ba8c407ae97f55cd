"""Every solver finds every known optimum: objective, levers, and the prices of limits and bounds.

A new solver is a row of SOLVERS in `support/solvers.py`, a new problem a folder and a row of OPTIMA. How many
iterations each takes stands in `iterations.csv`; PROSPERITY_RENEW=1 with this file's tests writes it anew.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.known_optima import FOLDER, OPTIMA, Optimum, problem, stated
from support.solvers import SOLVERS, Patient

from optimize.problems.optimality import block_sizes
from optimize.problems.program import Program
from optimize.solvers.solver import Ending, Solution, Solver
from sd_models.system.model import FloatArray

GOLDEN = Path(__file__).with_name("iterations.csv")
# Iterations may depart from the golden ones by this part of them, and by a few: other processors round otherwise.
SHARE, FEW = 0.25, 2


def solved(solver: Solver, program: Program) -> Solution:
    start = np.clip(program.reference, program.lower, program.upper)
    return solver.solve(program, start, Patient())


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], tuple[Program, Optimum, Solution]]:
    return {}


@pytest.fixture(params=[(name, solver) for name in OPTIMA for solver in SOLVERS], ids=" by ".join)
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The names of a problem and of a solver."""
    names: tuple[str, str] = request.param
    return names


@pytest.fixture
def case(
    pair: tuple[str, str], found: dict[tuple[str, str], tuple[Program, Optimum, Solution]]
) -> tuple[Program, Optimum, Solution]:
    """A problem, its optimum, and what a solver makes of it; solved once."""
    name, solver = pair
    if (name, solver) not in found:
        optimum = OPTIMA[name]()
        program = stated(problem(name), optimum.constraints)
        found[(name, solver)] = program, optimum, solved(SOLVERS[solver], program)
    return found[(name, solver)]


@pytest.fixture(scope="module")
def golden(found: dict[tuple[str, str], tuple[Program, Optimum, Solution]]) -> Iterator[dict[tuple[str, str], int]]:
    """The iterations that each problem takes by each solver; written anew at the end where that is asked for."""
    is_renewed = "PROSPERITY_RENEW" in os.environ
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        table = {(row["problem"], row["solver"]): int(row["iterations"]) for row in csv.DictReader(file)}
    yield {} if is_renewed else table
    if is_renewed:
        rows = [(*case, len(solution.iterations) - 1) for case, (_, _, solution) in found.items()]
        with GOLDEN.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("problem", "solver", "iterations"), *sorted(rows)])


def test_every_optimum_has_its_folder() -> None:
    """Other folders there are of families whose optimum has no closed form."""
    assert set(OPTIMA) <= {path.name for path in FOLDER.iterdir() if path.is_dir()}


@pytest.mark.parametrize("name", OPTIMA)
def test_the_simulator_gives_the_closed_form_for_the_optimal_levers(name: str) -> None:
    optimum = OPTIMA[name]()
    program = stated(problem(name), optimum.constraints)
    run = program.evaluate(optimum.levers)
    assert program.sign * program.cost(run.x, run.y) == pytest.approx(optimum.objective, rel=1e-12)


def test_a_solver_calls_the_optimum_optimal(case: tuple[Program, Optimum, Solution]) -> None:
    _, _, solution = case
    assert solution.ending is Ending.OPTIMAL
    assert solution.kkt_residual <= 1e-8
    assert solution.violation <= 1e-8


def test_a_solver_takes_as_many_iterations_as_ever(
    pair: tuple[str, str], case: tuple[Program, Optimum, Solution], golden: dict[tuple[str, str], int]
) -> None:
    """A part of a solver that does nothing any more still finds the optima, but later."""
    _, _, solution = case
    taken = len(solution.iterations) - 1
    known = golden.get(pair, taken)
    words = f"{taken} iterations and not {known}: mend the solver, or renew {GOLDEN.name} where that is meant"
    assert abs(taken - known) <= SHARE * known + FEW, words


def test_the_golden_iterations_are_of_all_problems_by_all_solvers(golden: dict[tuple[str, str], int]) -> None:
    """PROSPERITY_RENEW=1 with this file's tests writes them."""
    assert not golden or set(golden) == {(name, solver) for name in OPTIMA for solver in SOLVERS}


def test_the_objective_is_the_known_one(case: tuple[Program, Optimum, Solution]) -> None:
    program, optimum, solution = case
    reached = program.sign * program.cost(solution.x, solution.y)
    assert reached == pytest.approx(optimum.objective, rel=1e-6)


def test_the_levers_are_the_known_ones(case: tuple[Program, Optimum, Solution]) -> None:
    program, optimum, solution = case
    gap = np.abs(solution.x - optimum.levers) / block_sizes(program, optimum.levers)
    assert gap.max() <= 1e-4


def test_the_outcomes_are_those_of_a_run(case: tuple[Program, Optimum, Solution]) -> None:
    program, _, solution = case
    np.testing.assert_allclose(solution.y, program.evaluate(solution.x).y, rtol=1e-12, atol=1e-12)


def test_the_multipliers_are_the_known_ones(case: tuple[Program, Optimum, Solution]) -> None:
    program, optimum, solution = case
    for name, multipliers in optimum.multipliers.items():
        agree(solution.row_multipliers[[each == name for each in program.row_names]], multipliers)
    if optimum.bounds is not None:
        agree(solution.bound_multipliers, optimum.bounds)
    if optimum.quadratics is not None:
        agree(solution.quadratic_multipliers, optimum.quadratics)


def agree(reached: FloatArray, known: FloatArray) -> None:
    """Within 1e-4 of the largest."""
    np.testing.assert_allclose(reached, known, rtol=1e-4, atol=1e-4 * np.abs(known).max())

"""DICE as Vensim files: the published utility, and the path that the same equations stated apart from us have.

`dice2016.csv` and `dice2023.csv` were made by restating the published equations in CasADi, solved by IPOPT to 1e-12.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.solvers import Patient

import optimize as opt
import sd_models as sd
from optimize.families.climate import COMPUTED, PUBLISHED, WHOLE, WHOLE_2023, problem_of
from optimize.families.stating import stated
from optimize.problems.program import Program
from optimize.solvers.nonlinear.ipopt import Ipopt

FIRST = 60  # periods that are compared: behind them hardly anything is worth anything


@pytest.fixture(scope="module")
def path() -> pd.DataFrame:
    """The optimal path, restated independently."""
    return pd.read_csv(Path(__file__).parent / "dice2016.csv", index_col="period")


@pytest.fixture(scope="module")
def problem() -> opt.Problem:
    """At the published numbers."""
    return problem_of("dice2016", WHOLE, 0)


@pytest.fixture(scope="module")
def program(problem: opt.Problem) -> Program:
    return stated(problem)


def test_the_restated_optimum_has_the_published_utility(program: Program, path: pd.DataFrame) -> None:
    """As our simulator runs the file; to all digits that are published."""
    x = np.concatenate([path["control rate"], path["saving rate"]])
    at = program.evaluate(np.clip(x, program.lower, program.upper))
    assert -program.cost(at.x, at.y) == pytest.approx(PUBLISHED, rel=1e-10)


def test_the_equations_are_those_of_the_restatement(problem: opt.Problem, path: pd.DataFrame) -> None:
    """Every stock that the objective hangs on, along the same policy."""
    x = np.clip(np.concatenate([path["control rate"], path["saving rate"]]), problem.lower, problem.upper)
    names = ["air temperature", "capital", "carbon in air"]
    run = sd.simulate(problem.system, levers=problem.policy(x), outputs=names)
    for name in names:
        np.testing.assert_allclose(run[name].to_numpy()[:FIRST], path[name].to_numpy()[:FIRST], rtol=1e-9)


def test_the_optimal_path_is_found_from_the_file(program: Program, path: pd.DataFrame) -> None:
    """Sixty periods of both levers within 1e-6, from a policy of one control rate and one saving rate."""
    start = np.clip(program.reference, program.lower, program.upper)
    found = Ipopt(tolerance=1e-10).solve(program, start, Patient())
    assert -program.cost(found.x, found.y) == pytest.approx(PUBLISHED, rel=1e-10)
    control, saving = found.x.reshape(2, WHOLE)
    np.testing.assert_allclose(control[:FIRST], path["control rate"][:FIRST], atol=1e-6)
    np.testing.assert_allclose(saving[:FIRST], path["saving rate"][:FIRST], atol=1e-6)


def test_the_climate_of_2023_is_that_of_the_restatement() -> None:
    """Along its optimal path: welfare, stocks, the limit that holds the speed of decay, and what the manual prints."""
    path = pd.read_csv(Path(__file__).parent / "dice2023.csv", index_col="period")
    problem = problem_of("dice2023", WHOLE_2023, 0)
    program = stated(problem)
    x = np.concatenate([path[name] for name in ("control rate", "saving rate", "stretch of decay")])
    at = program.evaluate(np.clip(x, program.lower, program.upper))
    assert -program.cost(at.x, at.y) == pytest.approx(COMPUTED, rel=1e-10)
    assert np.abs(program.rows(at.x, at.y)).max() < 1e-9
    names = ["air temperature", "capital", "carbon in air", "emissions"]
    run = sd.simulate(problem.system, levers=problem.policy(at.x), outputs=names)
    for name in names:
        np.testing.assert_allclose(run[name].to_numpy()[:WHOLE_2023], path[name], rtol=1e-9, atol=1e-9)
    assert path["emissions"][[0, 1, 6, 16]].round(1).tolist() == [42.9, 42.9, 37.1, 15.9]
    assert path["control rate"][[0, 2, 4, 6, 8, 16]].round(2).tolist() == [0.05, 0.24, 0.31, 0.39, 0.46, 0.84]

"""Problems whose optimum is known in closed form, as every solver meets them: those of `optimize/families`, seed 0."""

from __future__ import annotations

from optimize.families.known_optima import OPTIMA, Optimum, problem_of
from optimize.families.stating import FOLDER
from optimize.problems.problem import Problem
from optimize.problems.program import Program
from optimize.problems.pyomo_model import Constraints, state
from optimize.problems.pyomo_reader import program

__all__ = ["FOLDER", "OPTIMA", "Optimum", "problem", "stated"]


def problem(name: str) -> Problem:
    """The model of a folder bound to its plan."""
    return problem_of(name, 0)


def stated(given: Problem, constraints: Constraints | None = None) -> Program:
    """The arrays of a problem, with what a person adds."""
    return program(state(given, constraints), given)

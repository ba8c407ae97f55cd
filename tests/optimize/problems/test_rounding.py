"""Levers that miss their place by rounding are mended; what a limit of zero forbids stays forbidden."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.forms import of_forms
from support.solvers import Patient

from optimize.problems.optimality import violation
from optimize.problems.program import Evaluation, Program
from optimize.problems.rounding import mended
from optimize.solvers.others.answers import Answer, solution
from optimize.solvers.solver import Ending, Solution, Watch
from optimize.solving.oversight import Oversight
from optimize.solving.search import Search
from sd_models.system.model import FloatArray


def gate(**changes: Any) -> Program:
    """An amount of at most 10 where a gate is open, and 0 where it is not; another lever pays."""
    given = {"rows": [[1, -10, 0]], "row_upper": [0.0], "lower": [0, 0, 0], "upper": [10, 1, 1], **changes}
    return of_forms([-1, 0.5, -3], **given)


def of(program: Program, *x: float) -> Evaluation:
    """The policy after it was mended."""
    return mended(program, program.evaluate(np.array(x)))


@pytest.mark.parametrize("dust", [2e-16, 1e-12])
def test_dust_of_an_amount_for_a_closed_gate_is_taken_off(dust: float) -> None:
    """All of nothing is broken before, and nothing after; what is worth something stays."""
    program = gate()
    assert violation(program, np.array([dust, 0.0, 1.0]), np.zeros(1)) == 1.0
    assert of(program, dust, 0.0, 1.0).x.tolist() == [0.0, 0.0, 1.0]


def test_dust_beside_the_model_s_own_value_is_taken_off() -> None:
    """Two levers that must be equal, as they are by themselves, without bounds that are near."""
    program = of_forms([1, 1], rows=[[1, -1]], row_lower=[0], row_upper=[0], reference=np.array([3.0, 3.0]))
    x = np.array([3.0 + 4e-16, 3.0])
    assert violation(program, x, np.zeros(1)) == 1.0
    assert of(program, *x).x.tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    ("program", "x"),
    [
        (gate(), (1e-6, 0.0, 1.0)),  # more than rounding
        (of_forms([-1, 0], rows=[[1, 1]], row_upper=[0.0], lower=[0, 0], upper=[1e9, 1e9]), (1e-12, 0.0)),
        (of_forms([-1, 0], rows=[[1e8, 1e8]], row_upper=[0.0], lower=[0, 0], upper=[1e15, 1]), (1e-12, 0.0)),
        (of_forms([0, 0], rows=[[1, 1]], row_lower=[1.0], lower=[0, 0], upper=[1, 1]), (1e-16, 0.0)),  # far from it
    ],
)
def test_what_a_limit_forbids_stays_forbidden(program: Program, x: tuple[float, ...]) -> None:
    """Where bounds are far beyond what matters, too: trillionths that are worth something are no rounding."""
    found = of(program, *x)
    assert found.x.tolist() == list(x)
    assert violation(program, found.x, found.y) >= 0.999


def test_a_policy_that_keeps_its_limits_is_left_as_it_is() -> None:
    """Dust that breaks nothing is nobody's business."""
    assert of(gate(), 2e-16, 1.0, 1.0).x.tolist() == [2e-16, 1.0, 1.0]


def test_answers_of_libraries_are_mended() -> None:
    """An optimum is one, though the library leaves dust."""
    program = gate()
    found = solution(program, np.zeros(3), Answer(np.array([2e-16, 0.0, 1.0]), Ending.OPTIMAL, "ok"), Patient(), "it")
    assert (found.ending, found.violation) == (Ending.OPTIMAL, 0.0)
    assert found.x.tolist() == [0.0, 0.0, 1.0]


class Dusty:
    """A solver that leaves dust."""

    name = "dusty"

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:  # noqa: ARG002 - as all solvers
        """The optimum, nearly."""
        at, none = program.evaluate(np.array([2e-16, 0.0, 1.0])), np.zeros(0)
        return Solution(Ending.OPTIMAL, at.x, at.y, np.zeros(1), np.zeros(3), none, 0.0, 1.0)


def test_a_search_mends_what_a_solver_tells() -> None:
    """Its end is a policy that keeps its limits."""
    oversight = Oversight(60.0, 1e-6)
    oversight.program = gate(notice=oversight.saw)
    found = Search(oversight.program, Dusty(), oversight).solved(np.full(3, 0.5))
    assert found.best.x.tolist() == [0.0, 0.0, 1.0]
    assert found.best.violation == 0.0
    assert found.told is not None
    assert found.told.violation == 0.0

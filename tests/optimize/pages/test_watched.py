"""Outcomes, limits and objective as sparse rows: what a page computes of a run is what the program computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from support import islands

import optimize as opt
from optimize.pages import watched as watched_module
from optimize.pages.arrays import unpacked
from optimize.pages.subject import Subject, subject_of
from optimize.pages.watched import watched
from sd_models.system.model import FloatArray, System


def matrix(packed: dict[str, Any], columns: int) -> csr_array:
    """A sparse matrix of the payload."""
    parts = [unpacked(packed[name]) for name in ("values", "columns", "pointers")]
    return csr_array(tuple(parts), shape=(len(parts[2]) - 1, columns))


def run_of(subject: Subject, x: FloatArray) -> tuple[dict[str, Any], FloatArray]:
    """What is watched, and the outcomes y made of a run's outputs as the page makes them."""
    problem = subject.problem
    rows = problem.simulator.model.outputs.rows
    found, _ = watched(subject, rows)
    inputs = problem.simulator.inputs(levers=problem.policy(x))
    outputs = problem.simulator.trajectories(inputs).outputs[:, problem.horizon.first :]
    quantities = found["quantities"]
    weights = matrix(quantities["weights"], outputs.shape[1])
    paths = outputs[unpacked(quantities["rows"])]
    y = (paths * weights[unpacked(quantities["windows"])].toarray()).sum(axis=1)
    return found, y


def test_outcomes_limits_and_objective_are_those_of_the_program(subject: Subject) -> None:
    """At a policy that is none of the presets."""
    program = subject.program
    x = np.clip(program.reference + np.linspace(0.0, 0.4, len(program.reference)), program.lower, program.upper)
    found, y = run_of(subject, x)
    at = program.evaluate(x)
    assert y == pytest.approx(at.y, rel=1e-12)

    def value(one: dict[str, Any]) -> FloatArray:
        return np.asarray(matrix(one["levers"], len(x)) @ x + matrix(one["outcomes"], len(y)) @ y)

    rows = np.concatenate([value(one) for one in found["limits"]])
    expected = program.rows(at.x, at.y)
    assert rows == pytest.approx(expected[: len(rows)], rel=1e-12)
    goal = found["objective"]
    assert goal["constant"] + value(goal)[0] == pytest.approx(program.sign * program.cost(at.x, at.y), rel=1e-12)


def test_a_limit_against_the_run_without_the_policy_needs_no_number_of_it(system: System) -> None:
    """With other constants it is what a plan with these says."""
    amount = {"variable": "income", "baseline": True, "factor": 0.9}
    held = {"name": "held", "variable": "income", "at_least": amount, "when": {"from": 3}}
    subject = subject_of(system, opt.read_plan(islands.small_plan(limit=[islands.BUDGET, held])))
    found, _ = watched(subject, subject.problem.simulator.model.outputs.rows)
    assert [one["baseline"] is None for one in found["limits"]] == [True, False]
    told = found["limits"][1]
    other = subject_of(system, subject.plan.model_copy(update={"constants": {"returns[rice]": 0.3}}))
    x = np.clip(1.1 * other.program.reference, other.program.lower, other.program.upper)
    (_, y), (_, without) = (run_of(other, each) for each in (x, other.problem.own))
    parts = (("levers", x), ("outcomes", y), ("baseline", without))
    value = sum(matrix(told[name], len(vector)) @ vector for name, vector in parts)
    program, at = other.program, other.program.evaluate(x)
    rows = np.array([name == "held" for name in program.row_names])
    expected = (program.rows(at.x, at.y) - program.row_lower)[rows]
    assert value - unpacked(told["lower"]) == pytest.approx(expected, rel=1e-9)


def test_a_ramp_is_two_numbers_for_each_element_and_step(subject: Subject) -> None:
    """A share of the value and an amount, a year's worth."""
    found, _ = watched(subject, subject.problem.simulator.model.outputs.rows)
    (ramp,) = found["ramps"]
    assert unpacked(ramp["relative"]).tolist() == [0.5] * 27
    assert unpacked(ramp["absolute"]).tolist() == [0.1] * 27
    assert ramp["start"] is None


def test_a_ramp_may_follow_a_variable_or_count_from_the_start(system: System) -> None:
    """The amount of each element, and the value from which a lever moves into the first period."""
    levers = [
        {"variable": "spending", "upper": 2.0, "ramp": {"relative": 0.5, "absolute": "people"}},
        {"variable": "tax rate", "ramp": {"absolute": 0.1, "from_start": True}},
    ]
    subject = subject_of(system, opt.read_plan(islands.small_plan(lever=levers)))
    found, left_out = watched(subject, subject.problem.simulator.model.outputs.rows)
    assert [one["name"] for one in found["limits"]] == ["annual budget", "floor"]
    spending, tax = found["ramps"]
    assert unpacked(spending["absolute"]).tolist() == np.repeat(islands.PEOPLE, 9).tolist()
    assert unpacked(tax["absolute"]).tolist() == [0.1] * 4
    assert unpacked(tax["start"]).tolist() == [0.2]
    assert not left_out


def test_a_budget_is_a_sum_that_is_bounded_from_above(subject: Subject) -> None:
    """A floor is none."""
    found, _ = watched(subject, subject.problem.simulator.model.outputs.rows)
    assert {one["name"]: one["isBudget"] for one in found["limits"]} == {"annual budget": True, "floor": False}


def test_limits_too_large_for_a_page_are_told(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Budgets are kept first."""
    monkeypatch.setattr(watched_module, "MOST_BYTES", 1300)
    found, left_out = watched(subject, subject.problem.simulator.model.outputs.rows)
    assert [one["name"] for one in found["limits"]] == ["annual budget"]
    assert [rows.name for rows in left_out] == ["floor"]

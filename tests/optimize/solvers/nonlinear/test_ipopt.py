"""IPOPT is given the right functions, can be stopped, and ends honestly whatever happens."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import casadi as ca
import numpy as np
import pytest
from support.allocation import plan, write_model
from support.known_optima import OPTIMA, problem, stated
from support.models import written

import sd_models as sd
from optimize.plans.plan import read_plan
from optimize.problems.outcomes import SimulatedOutcomes
from optimize.problems.problem import Problem
from optimize.problems.program import Program
from optimize.problems.scales import scales_of
from optimize.solvers.nonlinear.ipopt import Formulation, Ipopt, inside
from optimize.solvers.nonlinear.nonlinear import NonlinearProgram
from optimize.solvers.nonlinear.shooting import Shooting
from optimize.solvers.nonlinear.transcription import Transcription
from optimize.solvers.solver import Ending, Iteration

BOTH = (Formulation.SIMULTANEOUS, Formulation.SHOOTING)


@dataclass
class Onlooker:
    """Keeps the iterations, and asks to stop after some of them or after some seconds."""

    most: int = 10_000
    seconds: float = np.inf
    reason: Ending = Ending.INTERRUPTED
    seen: list[Iteration] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    def iteration(self, iteration: Iteration) -> None:
        self.seen.append(iteration)

    def ending(self) -> Ending | None:
        over = time.perf_counter() - self.began > self.seconds
        return self.reason if over or len(self.seen) >= self.most else None


@pytest.fixture(scope="module")
def allocation(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The flagship's kind in small: four regions, two measures, all kinds of limits, sixteen years."""
    model = write_model(tmp_path_factory.mktemp("model"), 4, 2)
    content = plan(model, years=16)
    return stated(Problem(sd.load(model), read_plan({**content, "horizon": [1, 16]})))


def begin(program: Program) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Something everywhere."""
    return np.clip(np.full(len(program.lower), 0.01), program.lower, program.upper)


# --- functions --------------------------------------------------------------------------------------------------------


def formulated(program: Program, formulation: Formulation) -> NonlinearProgram:
    x = inside(program, begin(program))
    scales = scales_of(program, program.evaluate(x))
    if formulation is Formulation.SHOOTING:
        return Shooting(program, x, scales)
    assert isinstance(program.outcomes, SimulatedOutcomes)
    return Transcription(program, program.outcomes, x, scales)


@pytest.mark.parametrize("formulation", BOTH)
@pytest.mark.parametrize("case", ["allocation", "quadratic_limit"])
def test_the_derivatives_are_those_of_the_functions(case: str, formulation: Formulation, allocation: Program) -> None:
    """Central differences along random directions agree with Jacobian and Hessian."""
    program = allocation if case == "allocation" else stated(problem(case), OPTIMA[case]().constraints)
    nonlinear = formulated(program, formulation)
    function, derivatives = nonlinear.functions
    source = np.random.default_rng(1)
    z = nonlinear.begin_scaled
    d = source.normal(size=len(z))
    weights = source.normal(size=function.numel_out(1))
    step = 1e-5
    after, before = function(z + step * d, []), function(z - step * d, [])
    slope = (after[1] - before[1]).full().ravel() / (2 * step)
    jacobian = derivatives["jac_g"](z, [])[1]
    np.testing.assert_allclose((jacobian @ d).full().ravel(), slope, rtol=1e-6, atol=1e-7)
    if "hess_lag" not in derivatives:
        cost = float(after[0] - before[0]) / (2 * step)
        assert float(derivatives["grad_f"](z, [])[1].T @ d) == pytest.approx(cost, rel=1e-6, abs=1e-8)
        return
    upper = derivatives["hess_lag"](z, [], 0.7, weights)
    bent = 2 * d @ (upper @ d).full().ravel() - d**2 @ ca.diag(upper).full().ravel()
    lagrangian = [
        0.7 * float(value) + weights @ rows.full().ravel() for value, rows in (after, function(z, []), before)
    ]
    bend = (lagrangian[0] - 2 * lagrangian[1] + lagrangian[2]) / step**2
    assert bent == pytest.approx(bend, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("formulation", BOTH)
def test_the_start_obeys_the_equations(formulation: Formulation, allocation: Program) -> None:
    """Equations hold there: what IPOPT starts from is a simulated run."""
    nonlinear = formulated(allocation, formulation)
    values = nonlinear.functions[0](nonlinear.begin_scaled, [])[1].full().ravel()
    lower, upper = nonlinear.constraint_bounds
    equations = lower == upper
    np.testing.assert_allclose(values[equations], lower[equations], atol=1e-12)


SINGLE = """region: east, west, north, south ~~|
country: only ~~|
level[region] = INTEG(spending[region] - 0.5 * level[region], 1) ~~|
spending[region] = 1 ~~|
evenness[region] = 1 + ZIDZ(LN(level[region]), LN(ELMCOUNT(country))) ~~|
worth = SUM(level[region!] ^ 0.5) / SUM(evenness[region!]) - 0.1 * SUM(spending[region!]) ~~|
"""


def test_a_sum_that_turns_out_to_be_a_number_is_no_variable(tmp_path: Path) -> None:
    """The entropy of a single country is none, whatever the levels are; both formulations find the same."""
    model = written(tmp_path, SINGLE)
    lever = {"variable": "spending", "every": 1.0, "lower": 0.0, "upper": 9.0}
    content = {"model": str(model), "horizon": [1, 3], "objective": {"maximize": "worth"}, "lever": [lever]}
    program = stated(Problem(sd.load(model), read_plan(content)))
    found = [Ipopt(formulation=each, tolerance=1e-8).solve(program, begin(program), Onlooker()) for each in BOTH]
    assert [each.ending for each in found] == [Ending.OPTIMAL] * 2
    np.testing.assert_allclose(found[0].x, found[1].x, rtol=1e-5, atol=1e-5)


# --- endings ----------------------------------------------------------------------------------------------------------


def test_the_two_formulations_agree(allocation: Program) -> None:
    """Unrelated methods, one optimum: objective to 1e-8, levers to a thousandth of the largest."""
    found = [Ipopt(formulation=each).solve(allocation, begin(allocation), Onlooker()) for each in BOTH]
    assert [solution.ending for solution in found] == [Ending.OPTIMAL, Ending.OPTIMAL]
    costs = [allocation.cost(solution.x, solution.y) for solution in found]
    assert costs[0] == pytest.approx(costs[1], rel=1e-8)
    np.testing.assert_allclose(found[0].x, found[1].x, atol=1e-3 * found[0].x.max())


def test_every_iteration_is_told_in_order(allocation: Program) -> None:
    watch = Onlooker()
    solution = Ipopt().solve(allocation, begin(allocation), watch)
    assert watch.seen == list(solution.iterations)
    assert [each.number for each in watch.seen] == list(range(len(watch.seen)))
    assert watch.seen[-1].objective == pytest.approx(
        allocation.sign * allocation.cost(solution.x, solution.y), rel=1e-12
    )


@pytest.mark.parametrize("reason", [Ending.INTERRUPTED, Ending.TIME_LIMIT])
@pytest.mark.parametrize("formulation", BOTH)
def test_a_stopped_solve_returns_the_best_policy_that_it_saw(
    reason: Ending, formulation: Formulation, allocation: Program
) -> None:
    solver = Ipopt(formulation=formulation, tolerance=1e-12)
    solution = solver.solve(allocation, begin(allocation), Onlooker(most=6, reason=reason))
    assert solution.ending is reason
    least = min(each.violation for each in solution.iterations)
    assert solution.violation <= max(least, solver.tolerance)
    np.testing.assert_allclose(solution.y, allocation.evaluate(solution.x).y, rtol=1e-12)


def test_a_stopped_solve_returns_within_a_second_and_its_thread_ends(allocation: Program) -> None:
    began = time.perf_counter()
    watch = Onlooker(seconds=0.2)
    Ipopt(formulation=Formulation.SIMULTANEOUS, tolerance=1e-14).solve(allocation, begin(allocation), watch)
    assert time.perf_counter() - began < 0.2 + 1.0
    for thread in threading.enumerate():
        if thread.name.startswith("solver "):
            thread.join(30.0)
            assert not thread.is_alive()


@pytest.mark.parametrize("formulation", BOTH)
def test_limits_that_nothing_obeys_are_infeasible(formulation: Formulation) -> None:
    program = stated(problem("state_budget"))
    least = np.full_like(program.row_upper, -np.inf)
    impossible = replace(program, row_lower=least, row_upper=np.full_like(program.row_upper, -50.0))
    solution = Ipopt(formulation=formulation).solve(impossible, begin(impossible), Onlooker())
    assert solution.ending in (Ending.INFEASIBLE, Ending.STALLED)
    assert solution.violation > 0.1
    assert any(note.startswith("IPOPT ended with") for note in solution.notes)


def test_the_iteration_limit_is_an_ending(allocation: Program) -> None:
    solution = Ipopt(iterations=3).solve(allocation, begin(allocation), Onlooker())
    assert solution.ending is Ending.ITERATION_LIMIT


@pytest.mark.parametrize("formulation", BOTH)
def test_a_start_that_leaves_the_numbers_is_a_failure_that_says_so(formulation: Formulation, tmp_path: Path) -> None:
    model = tmp_path / "model.mdl"
    model.write_text(
        "{UTF-8}\na = 0 ~~|\nb = SQRT(a - 5) ~~|\nINITIAL TIME = 0 ~~|\nFINAL TIME = 4 ~~|\nTIME STEP = 1 ~~|\n"
        "SAVEPER = 1 ~~|\n\\\\\\---/// Sketch information - do not modify anything except names\n"
    )
    content = {
        "model": str(model),
        "horizon": [0, 3],
        "objective": {"maximize": "b"},
        "lever": [{"variable": "a", "lower": 0.0, "upper": 10.0}],
    }
    with pytest.raises(sd.ModelError):
        stated(Problem(sd.load(model), read_plan(content)))
    model.write_text(model.read_text().replace("a = 0", "a = 6"))
    program = stated(Problem(sd.load(model), read_plan(content)))
    solution = Ipopt(formulation=formulation).solve(program, np.full(4, 1.0), Onlooker())
    assert solution.ending is Ending.FAILED
    assert "leaves the numbers" in solution.notes[0]
    better = Ipopt(formulation=formulation).solve(program, np.full(4, 7.0), Onlooker())
    assert better.ending is Ending.OPTIMAL
    np.testing.assert_allclose(better.x, 10.0, rtol=1e-6)


def test_fixed_levers_stay_and_have_a_price(allocation: Program) -> None:
    """A lever whose bounds are equal is no decision, but its bound has a multiplier: what the objective would gain."""
    start = begin(allocation)
    lower, upper = allocation.lower.copy(), allocation.upper.copy()
    lower[3] = upper[3] = 0.005
    fixed = replace(allocation, lower=lower, upper=upper)
    solution = Ipopt(tolerance=1e-8).solve(fixed, start, Onlooker())
    assert solution.ending is Ending.OPTIMAL
    assert solution.x[3] == 0.005
    step = 1e-5
    lower[3] = upper[3] = 0.005 + step
    more = Ipopt(tolerance=1e-8).solve(replace(allocation, lower=lower, upper=upper), start, Onlooker())
    gain = allocation.cost(solution.x, solution.y) - allocation.cost(more.x, more.y)
    assert solution.bound_multipliers[3] == pytest.approx(gain / step, rel=1e-2)


def test_levers_that_set_stocks_at_the_start_are_found_by_shooting(tmp_path: Path) -> None:
    """A delay begins full of what flows in then; a plan that starts with the run decides that too."""
    model = write_model(tmp_path, 2, 2)
    content = {**plan(model, years=16), "limit": []}
    found = Problem(sd.load(model), read_plan(content))
    program = stated(found)
    solution = Ipopt(formulation=Formulation.SIMULTANEOUS).solve(program, begin(program), Onlooker())
    assert solution.ending is Ending.OPTIMAL
    assert "shooting" in solution.notes[-1]
    run = sd.simulate(found.system, levers=found.policy(solution.x), time=sd.TimeSpan(stop=16.0))
    rows = found.simulator.model.outputs.rows["welfare rate"]
    path = program.evaluate(solution.x).outputs[rows.start]
    np.testing.assert_allclose(run["welfare rate"], path[::4], rtol=1e-9)

"""`solve` gives a result for whatever happens: an optimum, no optimum, no time, no numbers, an interruption."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from support import islands

import optimize as opt
import sd_models as sd
from optimize.plans.horizon import clock_of, horizon_end
from optimize.problems.assembly import assemble
from optimize.problems.program import Program
from optimize.results.verdict import Standing
from optimize.solvers.solver import Ending, Iteration, Solution, Watch
from optimize.solvers.starts import scattered
from optimize.solving.oversight import Oversight
from optimize.solving.search import Search
from optimize.solving.solve import vector
from sd_models.errors import InvalidRequest
from sd_models.system.model import System


def problem_of(system: System, **changes: Any) -> opt.Problem:
    """The small plan with changes, bound."""
    return opt.Problem(system, opt.read_plan(islands.small_plan(**changes)), "mine.toml")


@pytest.fixture(scope="module")
def problem(islands_system: System) -> opt.Problem:
    """The small plan, bound."""
    return problem_of(islands_system)


@pytest.fixture(scope="module")
def result(problem: opt.Problem) -> opt.Result:
    """Its result, not yet replayed."""
    return opt.solve(problem)


@dataclass(frozen=True)
class Scripted:
    """A solver that does what a test says, after it has run the model with a policy."""

    act: Callable[[Program, Watch], Solution]
    first: float = 0.3

    @property
    def name(self) -> str:
        """Its name."""
        return "scripted"

    def solve(self, program: Program, start: Any, watch: Watch) -> Solution:
        """Runs a policy that keeps all limits, then acts."""
        program.evaluate(np.full(len(start), self.first))
        return self.act(program, watch)


def hangs(program: Program, watch: Watch) -> Solution:
    """Never comes back."""
    while True:
        time.sleep(1)


# --- an optimum -------------------------------------------------------------------------------------------------------


def test_a_result_holds_all_that_there_is_to_know(problem: opt.Problem, result: opt.Result) -> None:
    """Policy, run, baseline, objective, limits, prices, work, where it comes from."""
    assert result.kkt_residual <= 1e-6
    assert result.largest_limit_violation <= 1e-6
    assert result.objective > result.baseline_objective
    assert set(result.policy) == {"spending"}
    assert result.allocation["time"].to_numpy().tolist() == [2, 3, 4, 5]
    assert {"capital", "welfare", "price"} <= set(result.trajectories)
    assert result.trajectories["time"].to_numpy()[-1] == 6
    assert set(result.shadow_prices) >= {"annual budget", "floor", "upper bound of spending"}
    assert (result.work.levers, result.work.simulations > 0, result.work.gradients > 0) == (36, True, True)
    assert {"compile", "solve", "result"} <= set(result.seconds)
    assert result.provenance["files"]["islands.mdl"]
    assert {"plan", "plan_hash", "solver", "options", "seed", "versions", "platform"} <= set(result.provenance)
    assert result.objective_unit == "Year"
    assert "maximized" in str(result)


def test_nothing_is_called_optimal_before_pysd_agrees(result: opt.Result) -> None:
    """And it is afterwards; the verified objective is the same number."""
    assert result.status.standing is Standing.UNVERIFIED
    verified = opt.verify(result)
    assert verified.status.standing is Standing.LOCAL
    assert verified.verification is not None
    assert verified.verification.objective == pytest.approx(result.objective, rel=1e-12)
    assert verified.seconds["verify"] > 0


def test_the_policy_gives_the_run(problem: opt.Problem, result: opt.Result) -> None:
    """By the simulator that everybody has, from the policy as it is told."""
    policy = {str(name): values for name, values in result.policy.data_vars.items()}
    run = sd.simulate(problem.system, levers=policy, time=sd.TimeSpan(stop=6))
    np.testing.assert_array_equal(run["welfare"], result.trajectories["welfare"])


def test_a_problem_without_runs_is_proved(islands_system: System) -> None:
    """Linear in the levers alone: a local optimum is the optimum."""
    problem = problem_of(islands_system, objective={"minimize": "spending"}, limit=[islands.FLOOR])
    result = opt.verify(opt.solve(problem))
    assert result.status.standing is Standing.PROVED
    assert result.objective == pytest.approx(0.5 * 3 * 4)


def test_constraints_may_be_added_in_pyomo(problem: opt.Problem, result: opt.Result) -> None:
    """Linear and convex quadratic; their prices stand under their names."""
    import pyomo.environ as pyo

    def constraints(model: pyo.ConcreteModel) -> None:
        books = [model.levers[key] for key in model.levers if key[2] == "books"]
        model.few_books = pyo.Constraint(expr=sum(books) <= 3.0)

    bound = opt.solve(problem, constraints=constraints)
    assert bound.total("spending").sel(good="books").sum() == pytest.approx(3.0)
    assert bound.objective < result.objective
    assert float(bound.shadow_prices["few_books"].item()) > 0


def test_constraints_may_not_loosen_the_plan(problem: opt.Problem) -> None:
    """A result is held to the words of the plan, so it would be judged by what the solver never saw."""
    import pyomo.environ as pyo

    def loosen(model: pyo.ConcreteModel) -> None:
        first, second, *_ = model.levers.values()
        first.setub(9.0)
        second.fix(0.25)
        model.limits["annual budget", 2.0].deactivate()
        model.objective.deactivate()
        model.other = pyo.Objective(expr=first)

    with pytest.raises(InvalidRequest) as caught:
        opt.solve(problem, constraints=loosen)
    found = " ".join(map(str, caught.value.faults))
    assert "the limit 'annual budget' is changed or taken away" in found
    assert "a lever may go beyond its bounds" in found
    assert "the objective is not the plan's" in found
    with pytest.raises(InvalidRequest, match="fixed at no number"):
        opt.solve(problem, constraints=lambda model: next(iter(model.levers.values())).fix())
    with pytest.raises(InvalidRequest, match="are replaced"):
        opt.solve(problem, constraints=lambda model: model.del_component(model.limits))


def test_constraints_that_contradict_the_plan_are_violated(problem: opt.Problem) -> None:
    """Whatever the plan's own limits say, and by their own name."""
    import pyomo.environ as pyo

    def lavish(model: pyo.ConcreteModel) -> None:
        model.much_spending = pyo.Constraint(expr=sum(model.levers.values()) >= 1000.0)

    result = opt.solve(problem, constraints=lavish)
    assert result.status.standing is Standing.INFEASIBLE
    assert result.largest_limit_violation > 0.9
    assert result.findings.violated == "much_spending"


def test_several_starts_tell_alternatives(islands_system: System) -> None:
    """Two goods that yield the same can replace each other; each start has lines of progress."""
    text = islands.MODEL.replace("welfare = SUM(LN(1 + capital[island!, good!]))", "welfare = LN(total income)")
    path = islands_system.path.with_name("alike.mdl")
    path.write_text(text, encoding="utf-8")
    plan = islands.small_plan(model=str(path), solver={"starts": 3, "seed": 1})
    result = opt.solve(opt.Problem(sd.load(path), opt.read_plan(plan)))
    assert sum(iteration.number == 0 for iteration in result.iterations) >= 3
    assert result.alternatives
    for alternative in result.alternatives:
        assert alternative.objective == pytest.approx(result.objective, rel=1e-3)
        assert alternative.distance > 0.01


# --- no optimum -------------------------------------------------------------------------------------------------------


def test_contradictory_limits_are_an_answer(islands_system: System) -> None:
    """Infeasible, with the limit that is missed; nothing is replayed."""
    high = {"name": "too high", "sum": "spending", "over": ["good"], "at_least": 9.0}
    result = opt.solve(problem_of(islands_system, limit=[islands.BUDGET, high]))
    assert result.status.standing is Standing.INFEASIBLE
    assert "too high" in result.status.sentence
    assert not result.findings.is_feasible


def test_a_run_that_leaves_the_numbers_is_an_answer(islands_system: System) -> None:
    """With variable and time."""
    text = islands.MODEL.replace(
        "welfare = SUM(LN(1 + capital[island!, good!]))", "welfare = LN(4.5 - tax rate * 10 - Time)"
    )
    path = islands_system.path.with_name("broken.mdl")
    path.write_text(text, encoding="utf-8")
    levers = [{"variable": "tax rate", "lower": 0.2}]
    plan = opt.read_plan(islands.small_plan(lever=levers, limit=[], horizon=[0, 1]))
    problem = opt.Problem(sd.load(path), plan)

    def fails(program: Program, watch: Watch) -> Solution:
        x = np.array([0.5, 0.5])
        y = program.evaluate(x).y
        zeros = np.zeros(2)
        return Solution(Ending.FAILED, x, y, zeros[:0], zeros, zeros[:0], np.inf, np.inf)

    result = opt.solve(problem, solver=Scripted(fails, 0.5))
    assert result.status.standing is Standing.FAILED
    assert "welfare" in result.status.sentence


def test_an_error_of_a_solver_is_not_swallowed(problem: opt.Problem) -> None:
    """It reaches whoever called."""

    def breaks(program: Program, watch: Watch) -> Solution:
        raise InvalidRequest([])

    with pytest.raises(InvalidRequest):
        opt.solve(problem, solver=Scripted(breaks))


def test_a_library_that_fails_costs_no_policy(problem: opt.Problem) -> None:
    """Where it was is kept, and the error is told."""

    def breaks(program: Program, watch: Watch) -> Solution:
        raise RuntimeError("std::bad_alloc")

    result = opt.solve(problem, solver=Scripted(breaks))
    assert result.status.standing is Standing.FAILED
    assert "The solver failed; where it ended keeps all limits" in result.status.sentence
    assert any("RuntimeError: std::bad_alloc" in note for note in result.notes)
    program = assemble(problem)
    at = program.evaluate(np.full(problem.size, 0.3))
    assert result.objective >= program.sign * program.cost(at.x, at.y)
    assert result.largest_limit_violation <= 1e-6


def test_a_horizon_beyond_the_models_end_is_told(islands_system: System) -> None:
    """It runs on, and nobody may have thought of that."""
    late = opt.solve(problem_of(islands_system, horizon=[18, 22], limit=[]))
    assert any("after the model's FINAL TIME 20" in note for note in late.notes)
    within = opt.solve(problem_of(islands_system, horizon=[18, 19], limit=[]))
    assert not within.notes


@pytest.mark.parametrize(("last", "every"), [(20, 1), (20, 2), (19, 3)])
def test_a_last_period_that_begins_with_the_models_end_goes_beyond_it_too(
    islands_system: System, last: int, every: int
) -> None:
    """By a whole period or a part of one: `horizon` names when it begins."""
    lever = [{"variable": "spending", "every": every, "upper": 2.0}]
    first = last - 2 * every
    late = opt.solve(problem_of(islands_system, horizon=[first, last], lever=lever, limit=[]))
    assert any(f"ends at {last + every}, after the model's FINAL TIME 20" in note for note in late.notes)


def test_the_default_plan_ends_with_its_model() -> None:
    """The year 2050 to its end is the model's own run, so nothing is noted."""
    assert (
        horizon_end(opt.load_plan("common_prosperity")) == clock_of(sd.load("common_prosperity", regions="macro")).end
    )


@pytest.mark.parametrize(
    ("ending", "residual", "kept"),
    [
        (Ending.ITERATION_LIMIT, 0.1, 0.3),
        (Ending.STALLED, np.inf, 0.3),
        (Ending.OPTIMAL, 0.0, 0.2),
        (Ending.ITERATION_LIMIT, 1e-9, 0.2),
    ],
)
def test_the_best_policy_seen_is_better_than_a_worse_one_told(
    problem: opt.Problem, ending: Ending, residual: float, kept: float
) -> None:
    """Unless the solver has an optimum, whose prices are worth more than what a step on the way happened to gain."""

    def forgets(program: Program, watch: Watch) -> Solution:
        x = np.full(len(program.lower), 0.2)
        none = np.zeros(len(program.row_lower)), np.zeros(len(x)), np.zeros(len(program.quadratics))
        return Solution(ending, x, program.evaluate(x).y, *none, residual, 0.0)

    oversight = Oversight(60.0, 1e-6)
    oversight.program = replace(assemble(problem), notice=oversight.saw)
    found = Search(oversight.program, Scripted(forgets), oversight).solved(problem.own)
    np.testing.assert_array_equal(found.best.x, kept)


def test_a_last_period_that_outlasts_the_model_is_told(islands_system: System) -> None:
    """It begins before FINAL TIME and ends after it."""
    lever = [{"variable": "spending", "every": 3, "upper": 2.0}]
    late = opt.solve(problem_of(islands_system, horizon=[16, 19], lever=lever, limit=[]))
    assert any("ends at 22, after the model's FINAL TIME 20" in note for note in late.notes)


# --- no time ----------------------------------------------------------------------------------------------------------


def test_a_solver_that_hangs_is_left_behind(islands_system: System) -> None:
    """At the time limit, with the best policy that it had run."""
    problem = problem_of(islands_system, solver={"time_limit": 0.2})
    began = time.perf_counter()
    result = opt.solve(problem, solver=Scripted(hangs))
    assert time.perf_counter() - began < 6
    assert result.seconds["solve"] < 4
    assert result.status.standing is Standing.LIMIT_REACHED
    assert result.findings.is_feasible
    np.testing.assert_array_equal(result.allocation["spending"], 0.3)
    assert not result.shadow_prices
    assert any("shadow prices" in note for note in result.notes)


def test_ctrl_c_keeps_the_best_policy(problem: opt.Problem) -> None:
    """Within a second, also while the solver does not listen."""

    def interrupted(program: Program, watch: Watch) -> Solution:
        threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        return hangs(program, watch)

    result = opt.solve(problem, solver=Scripted(interrupted))
    assert result.status.standing is Standing.INTERRUPTED
    assert result.seconds["solve"] < 2
    np.testing.assert_array_equal(result.allocation["spending"], 0.3)


def test_who_watches_may_stop_it(problem: opt.Problem) -> None:
    """And is told of each iteration."""

    class Impatient:
        def __init__(self) -> None:
            self.seen: list[Iteration] = []

        def iteration(self, iteration: Iteration) -> None:
            self.seen.append(iteration)

        def ending(self) -> Ending | None:
            return Ending.INTERRUPTED if len(self.seen) > 1 else None

    watch = Impatient()
    result = opt.solve(problem, watch=watch)
    assert result.status.standing is Standing.INTERRUPTED
    assert list(result.iterations) == watch.seen
    assert result.findings.is_feasible


# --- starts and solvers -----------------------------------------------------------------------------------------------


def test_a_start_may_be_a_policy_or_a_vector(problem: opt.Problem, result: opt.Result) -> None:
    """What a result holds can be started from, and ends there at once."""
    assert vector(problem, None).tolist() == problem.own.tolist()
    x = np.linspace(0.1, 0.9, problem.size)
    np.testing.assert_allclose(vector(problem, problem.policy(x)), x, rtol=1e-12)
    again = opt.solve(problem, start=result.policy)
    assert again.iterations[0].objective == pytest.approx(result.objective, rel=1e-9)
    assert again.objective == pytest.approx(result.objective, rel=1e-9)
    with pytest.raises(InvalidRequest, match="expected 36 numbers"):
        opt.solve(problem, start=np.zeros(3))


def test_random_starts_lie_between_the_bounds(problem: opt.Problem) -> None:
    """Also where there are none."""
    from optimize.problems.pyomo_model import state
    from optimize.problems.pyomo_reader import program

    stated = program(state(problem), problem)
    x = scattered(stated, 1, seed=0)
    assert ((x >= stated.lower) & (x <= stated.upper)).all()


def test_an_unknown_solver_gets_the_nearest_name(islands_system: System) -> None:
    """In the plan or in the call."""
    with pytest.raises(InvalidRequest, match=r"no solver 'ipotp'\. Did you mean 'ipopt'"):
        opt.solve(problem_of(islands_system), solver="ipotp")
    with pytest.raises(InvalidRequest, match="no solver 'sqpp'"):
        opt.solve(problem_of(islands_system, solver={"name": "sqpp"}))

"""The parts of the sequential solver: convex programs, curvature, working set, trust region, stops."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array, eye_array
from support import allocation, known_optima

import optimize as opt
import sd_models as sd
from optimize.problems.optimality import Multipliers, optimality
from optimize.problems.program import Program
from optimize.problems.pyomo_model import state
from optimize.problems.pyomo_reader import program
from optimize.solvers.highs import ConvexProgram, residual, solve
from optimize.solvers.sequential import curvature as curving
from optimize.solvers.sequential import sqp
from optimize.solvers.sequential.curvature import Curvature, Group, Lagrangian, coupled_groups, curvature_of
from optimize.solvers.sequential.sqp import Sqp
from optimize.solvers.solver import Ending, Iteration
from optimize.solvers.starts import neutral


class Recorder:
    """Notes all iterations; ends after so many, or after so many seconds."""

    def __init__(self, most: float = np.inf, seconds: float = np.inf) -> None:
        self.most, self.until = most, time.monotonic() + seconds
        self.seen: list[Iteration] = []

    def iteration(self, iteration: Iteration) -> None:
        """Notes it."""
        self.seen.append(iteration)

    def ending(self) -> Ending | None:
        """Why to stop."""
        if time.monotonic() > self.until:
            return Ending.TIME_LIMIT
        return Ending.INTERRUPTED if len(self.seen) > self.most else None


def stated(folder: Path, regions: int, measures: int) -> Program:
    """A plan of the flagship's kind."""
    file = allocation.write_model(folder, regions, measures)
    problem = opt.Problem(sd.load(file), opt.read_plan(allocation.plan(file)))
    return program(state(problem), problem)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """200 levers: the whole second derivative."""
    return stated(tmp_path_factory.mktemp("small"), 4, 2)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """600 levers: groups."""
    return stated(tmp_path_factory.mktemp("larger"), 6, 4)


def start(stated: Program) -> np.ndarray:
    """An even split."""
    return neutral(stated, stop=lambda: False)


# --- convex programs --------------------------------------------------------------------------------------------------


def test_a_quadratic_program_has_its_known_answer() -> None:
    """The point of a line nearest to another point, and the price of the line."""
    line = ConvexProgram(
        cost=np.array([-3.0, -0.5]),
        curvature=csr_array(eye_array(2)),
        lower=np.zeros(2),
        upper=np.full(2, 10.0),
        matrix=csr_array(np.array([[1.0, 1.0], [1.0, 0.0]])),
        row_lower=np.array([-np.inf, -np.inf]),
        row_upper=np.array([2.0, 100.0]),
    )
    answer = solve(line, stop=lambda: False)
    assert answer.values == pytest.approx([2.0, 0.0], abs=1e-4)
    assert answer.multipliers == pytest.approx([1.0, 0.0], abs=1e-4)
    assert residual(line, np.array([2.0, 0.0]), np.array([1.0, 0.0])) == 0
    assert residual(line, np.array([1.0, 1.0]), np.array([1.0, 0.0])) > 0.1
    assert line.slack_rows().tolist() == [False, True]


def test_no_answer_is_told_apart_from_a_bad_one() -> None:
    """Infeasible, or stopped."""
    crossed = ConvexProgram(
        np.zeros(1), csr_array((1, 1)), np.zeros(1), np.ones(1), csr_array([[1.0]]), np.array([2.0]), np.array([3.0])
    )
    answer = solve(crossed, stop=lambda: False)
    assert answer.infeasible
    assert not answer.is_good


def test_numbers_that_highs_does_not_take_have_no_answer() -> None:
    """A curvature beyond its largest number; the process goes on."""
    steep = ConvexProgram(
        cost=np.array([1.0, 1.0]),
        curvature=csr_array(np.diag([1e17, 1e-3])),
        lower=np.full(2, -1.0),
        upper=np.ones(2),
        matrix=csr_array(np.array([[1.0, 1.0]])),
        row_lower=np.array([-np.inf]),
        row_upper=np.array([-0.5]),
    )
    assert not solve(steep, stop=lambda: False).is_good


# --- curvature --------------------------------------------------------------------------------------------------------


def lagrangian(stated: Program) -> Lagrangian:
    """Around an even split, without multipliers."""
    run = stated.evaluate(start(stated))
    return Lagrangian(stated, run, Multipliers.none(stated), np.full(len(run.x), np.abs(run.x).max()))


def test_products_are_second_derivatives(small: Program) -> None:
    """They are symmetric, and agree with a wider difference."""
    around = lagrangian(small)
    one, other = np.random.default_rng(5).normal(size=(2, len(around.sizes)))
    first, second = around.products([one, other])
    assert other @ first == pytest.approx(one @ second, rel=1e-4)


def test_levers_are_grouped_by_what_they_act_on(larger: Program) -> None:
    """Measures of one region meet in its output and air; regions meet in national sums only."""
    groups = coupled_groups(lagrangian(larger))
    assert len(groups) == 6
    assert all(len(group.paths) == 4 for group in groups)


def test_exact_groups_have_the_second_derivative_of_their_levers(larger: Program) -> None:
    """But for signs of directions that bend the other way."""
    around = lagrangian(larger)
    groups = coupled_groups(around)
    found = curvature_of(around, groups, exact=True)
    direction = np.zeros(len(around.sizes))
    direction[groups[2].columns] = np.random.default_rng(1).normal(size=len(groups[2].columns))
    product = around.product(direction)[groups[2].columns]
    gap = found.product(direction)[groups[2].columns] - product
    assert np.abs(gap).max() < 0.02 * np.abs(product).max()
    rough = curvature_of(around, groups, exact=False)
    off = np.abs(rough.product(direction)[groups[2].columns] - product).max()
    assert off < 0.5 * np.abs(product).max()
    assert min(np.linalg.eigvalsh(block)[0] for block in rough.blocks) > 0


def test_a_curvature_follows_the_sizes_of_levers() -> None:
    """The product with a step in larger units is that with a longer step."""
    plain = Curvature([Group((np.arange(3),))], [np.diag([1.0, 2.0, 3.0])], exact=True)
    assert plain.resized(np.array([2.0, 1.0, 1.0])).product(np.ones(3)) == pytest.approx([4.0, 2.0, 3.0])
    assert plain.is_whole


# --- the search -------------------------------------------------------------------------------------------------------


def test_a_plan_with_limits_of_all_kinds_is_solved(small: Program) -> None:
    """In few iterations, each with its residuals, to an optimum by a check of its own."""
    watch = Recorder()
    solution = Sqp().solve(small, start(small), watch)
    assert solution.ending is Ending.OPTIMAL
    found = optimality(small, small.evaluate(solution.x), Multipliers(solution.row_multipliers, np.zeros(0)))
    assert found.within(1e-6)
    assert len(watch.seen) < 30
    assert [item.number for item in watch.seen] == sorted(item.number for item in watch.seen)


@pytest.fixture(scope="module")
def circle() -> Program:
    """The shortest way along a curved limit to where it costs least."""
    return known_optima.stated(known_optima.problem("circle"))


def around(circle: Program, angle: float) -> np.ndarray:
    """Levers on the circle, in radians from the optimum."""
    return np.repeat([np.cos(angle), np.sin(angle)], len(circle.lower) // 2)


@pytest.mark.parametrize(("angle", "most"), [(0.05, 7), (0.2, 9), (0.7, 9), (1.0, 13)])
def test_a_curved_limit_is_followed_by_corrected_steps(circle: Program, angle: float, most: int) -> None:
    """As long as whole steps: without the correction, or with one that is refused, it takes 13 to 23 iterations."""
    solution = Sqp(tolerance=1e-8).solve(circle, around(circle, angle), Recorder())
    assert solution.ending is Ending.OPTIMAL
    assert len(solution.iterations) - 1 <= most


def test_a_step_that_the_merit_function_refuses_is_taken_where_it_leaves_little_excess(
    circle: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of limits, beside the residual that it starts from: a hundredth. So it is left to the next step to make good."""
    judged = sqp._Search._quality
    kept: list[tuple[float, float]] = []

    def noted(self: Any, master: Any, step: Any) -> tuple[float, float]:
        merit, lagrangian = judged(self, master, step)
        if merit < sqp.ENOUGH and lagrangian >= sqp.PLENTY:
            found = self._optimality(self.multipliers).kkt_residual
            kept.append((step.trial.worst, found))
        return merit, lagrangian

    monkeypatch.setattr(sqp._Search, "_quality", noted)
    for angle in (0.05, 0.5, 0.9273, 1.0, 2.0):
        assert Sqp().solve(circle, around(circle, angle), Recorder()).ending is Ending.OPTIMAL
    assert kept
    assert all(worst <= max(0.01 * min(residual, 1.0), 1e-6) for worst, residual in kept)


def test_groups_find_the_same_optimum_as_the_whole(small: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the tolerance."""
    whole = Sqp().solve(small, start(small), Recorder())
    monkeypatch.setattr(curving, "FULL", 0)
    grouped = Sqp().solve(small, start(small), Recorder())
    assert grouped.ending is Ending.OPTIMAL
    assert small.cost(grouped.x, grouped.y) == pytest.approx(small.cost(whole.x, whole.y), rel=1e-6)


def test_gradients_are_taken_of_limits_near_their_bounds_only(small: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working set is smaller than all outcomes: some limits are far from their bounds."""
    taken: set[int] = set()
    plain = Program.gradients

    def noted(self: Program, at: Any, chosen: Any) -> Any:
        taken.update(chosen.tolist())
        return plain(self, at, chosen)

    monkeypatch.setattr(Program, "gradients", noted)
    solution = Sqp(iterations=2).solve(small, start(small), Recorder())
    assert solution.ending is Ending.ITERATION_LIMIT
    assert 0 < len(taken) < len(small.outcome_cost)


@pytest.mark.parametrize("most", [0, 2])
def test_an_interruption_leaves_the_best_so_far(larger: Program, most: int) -> None:
    """Of what was seen."""
    solution = Sqp().solve(larger, start(larger), Recorder(most))
    assert solution.ending is Ending.INTERRUPTED
    assert np.isfinite(solution.y).all()
    assert len(solution.iterations) == most + 1


def test_a_time_limit_ends_within_a_second(larger: Program) -> None:
    """Also inside of HiGHS and of a series of sweeps."""
    begin, watch = start(larger), Recorder(seconds=1.0)
    solution = Sqp().solve(larger, begin, watch)
    late = time.monotonic() - watch.until
    assert solution.ending in (Ending.TIME_LIMIT, Ending.OPTIMAL)
    assert late < 3.0  # a second on a quiet machine


def test_steps_into_what_is_no_number_are_thrown_away(tmp_path: Path) -> None:
    """With variable and time in the notes; the search goes on with shorter ones."""
    text = """{UTF-8}
    effort = 0.5 ~ 1/year [0, 1] ~|
    stock = INTEG(1 - effort, 1) ~ unit ~|
    yield = LN(0.3 - stock * (effort - 0.5) ^ 3) + 4 * effort ~ unit ~|
    INITIAL TIME = 0 ~ year ~|
    FINAL TIME = 4 ~ year ~|
    TIME STEP = 1 ~ year ~|
    SAVEPER = 1 ~ year ~|
    """
    file = tmp_path / "edge.mdl"
    file.write_text(text.replace("\n    ", "\n"), encoding="utf-8")
    plan = {
        "model": "edge.mdl",
        "horizon": [0, 3],
        "objective": {"maximize": "yield"},
        "lever": [{"variable": "effort", "upper": 9.0}],
    }
    problem = opt.Problem(sd.load(file), opt.read_plan(plan))
    edge = program(state(problem), problem)
    solution = Sqp(radius=10.0).solve(edge, problem.own, Recorder())
    assert solution.ending is Ending.OPTIMAL
    assert any("yield" in note and "time" in note for note in solution.notes)

"""The Pyomo model states the problem, takes additions, and comes back as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from support import islands
from support.known_optima import OPTIMA
from support.known_optima import problem as known

import optimize as opt
import sd_models as sd
from optimize.problems.assembly import assemble
from optimize.problems.program import Program
from optimize.problems.pyomo_model import Constraints, state
from optimize.problems.pyomo_reader import program
from sd_models.errors import InvalidRequest
from sd_models.reading.library import FOLDER
from sd_models.system.model import System


@pytest.fixture(scope="module")
def problem(islands_system: System) -> opt.Problem:
    """A budget that follows from the run, a floor of levers, ramps."""
    ramp = {"variable": "spending", "upper": 2.0, "ramp": {"relative": 0.25, "absolute": 0.1}}
    return opt.Problem(islands_system, opt.read_plan(islands.small_plan(lever=[ramp])))


def read(problem: opt.Problem, constraints: Constraints | None = None) -> Program:
    """The program of the stated problem, with what a person adds."""
    return program(state(problem, constraints), problem)


def test_levers_outcomes_and_limits_go_by_the_words_of_the_plan(problem: opt.Problem) -> None:
    """Variable, elements, time at which a period begins."""
    model = state(problem)
    assert model.levers["spending", "south", "steel", 3.0].bounds == (0.0, 2.0)
    assert ("total income", 4.0) in model.outcomes or ("budget", 4.0) in model.outcomes
    assert model.limits["floor", "north", 5.0].lb == 0.5
    assert len(model.levers) == problem.size


def test_each_window_of_an_outcome_has_words_of_its_own(islands_system: System) -> None:
    """A period, the longer period of a lever, a total as long as a period, the end, and a discounted objective."""
    levers = [{"variable": "spending", "every": 2.0, "upper": "total income"}, {"variable": "tax rate"}]
    measured = (("mean", "always"), ("sum", {"each": 1.0}), ("end", "final"))
    limits = [{"name": name, "variable": "total income", "at_most": 9.0, "when": when} for name, when in measured]
    goal = {"maximize": "total income", "discount": 0.04}
    content = islands.plan(objective=goal, lever=levers, limit=limits, horizon=[2, 3])
    outcomes = state(opt.Problem(islands_system, opt.read_plan(content))).outcomes
    windows = [("objective",), (2.0,), (3.0,), (2.0, 3.0), (3.0, 4.0), ("final",), ("mean", 2.0, 4.0)]
    assert list(outcomes) == [("total income", *window) for window in windows]


@pytest.mark.parametrize(
    ("measure", "window"), [("integral", (2.0, 6.0)), ("final", ("final",)), ("mean", ("objective",))]
)
def test_a_plain_objective_is_the_outcome_that_a_limit_would_be(
    islands_system: System, measure: str, window: tuple[Any, ...]
) -> None:
    """So that people find it, and that a limit on the same takes no further outcome."""
    content = islands.plan(objective={"maximize": "total income", "measure": measure})
    assert list(state(opt.Problem(islands_system, opt.read_plan(content))).outcomes) == [("total income", *window)]


def test_the_program_has_the_rows_of_the_plan(problem: opt.Problem) -> None:
    """What Pyomo gives back equals what the plan means, row by row."""
    found, rows = read(problem), problem.bound.rows
    x = np.random.default_rng(1).uniform(0, 2, problem.size)
    y = np.random.default_rng(2).uniform(0, 2, len(problem.bound.quantities))
    size = (len(found.row_lower), len(x)), (len(found.row_lower), len(y))
    at = 0
    for part in rows:
        count = len(part.expression)
        levers = part.expression.levers.matrix((count, size[0][1])) @ x
        outcomes = part.expression.outcomes.matrix((count, size[1][1])) @ y
        inside = slice(at, at + count)
        assert np.allclose(found.rows(x, y)[inside], levers + outcomes)
        assert (found.row_lower[inside] == part.lower).all()
        assert (found.row_upper[inside] == part.upper).all()
        at += count
    assert at == len(found.row_lower)


ARRAYS = ("lever_cost", "outcome_cost", "lower", "upper", "row_lower", "row_upper", "reference", "peaks")


def without_policy(system: System) -> opt.Problem:
    """The islands held against the run without a policy, with ramps by element from the start."""
    ramp = {"relative": 0.25, "absolute": "people", "from_start": True}
    fixed = {"variable": "tax rate", "fixed": {"variable": "tax rate", "baseline": True, "factor": 0.9}}
    amount = {"variable": "income", "baseline": True, "factor": 0.99}
    limit = {"name": "nobody left behind", "variable": "income", "at_least": amount, "when": {"from": 3, "every": 2}}
    levers = [{"variable": "spending", "upper": 2.0, "ramp": ramp}, fixed]
    return opt.Problem(system, opt.read_plan(islands.small_plan(lever=levers, limit=[islands.BUDGET, limit])))


@pytest.mark.parametrize("name", [*OPTIMA, "islands", "without policy", "flagship"])
def test_pyomo_gives_back_what_the_plan_says(name: str, problem: opt.Problem, islands_system: System) -> None:
    """The arrays read from the Pyomo model are those that the plan's rows make without it, to the last bit."""
    others = {
        "islands": lambda: problem,
        "without policy": lambda: without_policy(islands_system),
        "flagship": flagship,
    }
    given = others.get(name, lambda: known(name))()
    through, direct = read(given), assemble(given)
    for field in ARRAYS:
        np.testing.assert_array_equal(getattr(through, field), getattr(direct, field), err_msg=field)
    for field in ("lever_rows", "outcome_rows"):
        assert (getattr(through, field) != getattr(direct, field)).nnz == 0, field
    assert (through.constant, through.sign, through.row_names) == (direct.constant, direct.sign, direct.row_names)
    for one, other in zip(through.blocks, direct.blocks, strict=True):
        np.testing.assert_array_equal(one.numbers, other.numbers)


def flagship() -> opt.Problem:
    """The default plan with its four regions."""
    return opt.Problem(
        sd.load("common_prosperity", regions="macro"), opt.load_plan(FOLDER / "common_prosperity" / "plan.toml")
    )


def test_the_objective_is_minimized(problem: opt.Problem) -> None:
    """Maximization has its sign turned."""
    found = read(problem)
    assert found.sign == -1.0
    assert found.outcome_cost.min() < 0


def test_linear_constraints_become_rows_after_the_plan(problem: opt.Problem) -> None:
    """With their names."""

    def more(model: pyo.ConcreteModel) -> None:
        first, second = list(model.levers.values())[:2]
        outcome = next(iter(model.outcomes.values()))
        model.twice = pyo.Constraint(expr=first >= 2 * second - outcome + 1)

    found, plain = read(problem, more), read(problem)
    assert found.row_names[-1] == "twice"
    row = len(plain.row_lower)
    coefficients = found.lever_rows[[row]].toarray()[0][:2]
    low, high = found.row_lower[row], found.row_upper[row]
    signs = 1.0 if np.isfinite(low) else -1.0
    assert (signs * coefficients).tolist() == [1.0, -2.0]
    assert signs * (low if np.isfinite(low) else high) == 1.0
    assert signs * found.outcome_rows[[row]].toarray()[0][0] == 1.0


def test_convex_squares_become_quadratic_constraints(problem: opt.Problem) -> None:
    """As 1/2 z'Qz + a'z <= b."""

    def more(model: pyo.ConcreteModel) -> None:
        first, second = list(model.levers.values())[:2]
        model.ball = pyo.Constraint(expr=(first - 1) ** 2 + second**2 <= 4)
        model.lower_side = pyo.Constraint(expr=9 - first**2 >= second)

    found = read(problem, more)
    assert [quadratic.name for quadratic in found.quadratics] == ["ball", "lower_side"]
    z = np.zeros(problem.size + len(problem.bound.quantities))
    z[:2] = 3.0, 2.0
    assert found.quadratics[0].excess(z) == pytest.approx(4 + 4 - 4)
    assert found.quadratics[1].excess(z) == pytest.approx(9 + 2 - 9)


def test_bounds_fixed_levers_and_limits_that_are_switched_off_are_read(problem: opt.Problem) -> None:
    """What somebody changes in the model counts."""

    def change(model: pyo.ConcreteModel) -> None:
        first, second, *_ = model.levers.values()
        first.setub(1.5)
        second.fix(0.25)
        model.limits["floor", "north", 5.0].deactivate()
        next(iter(model.outcomes.values())).setlb(0.125)

    found = read(problem, change)
    assert found.upper[0] == 1.5
    assert found.lower[1] == found.upper[1] == 0.25
    row = list(state(problem).limits).index(("floor", "north", 5.0))
    assert np.isinf([found.row_lower[row], found.row_upper[row]]).all()
    assert found.row_lower[-1] == 0.125


def foreign(model: pyo.ConcreteModel) -> None:
    """A variable of one's own."""
    model.mine = pyo.Var()
    model.use = pyo.Constraint(expr=model.mine <= 1)


def product(model: pyo.ConcreteModel) -> None:
    """A product is not convex."""
    first, second = list(model.levers.values())[:2]
    model.use = pyo.Constraint(expr=first * second <= 1)


def logarithm(model: pyo.ConcreteModel) -> None:
    """Neither linear nor quadratic."""
    model.use = pyo.Constraint(expr=pyo.log(next(iter(model.levers.values())) + 1) <= 1)


def whole(model: pyo.ConcreteModel) -> None:
    """A lever in whole numbers."""
    next(iter(model.levers.values())).domain = pyo.Integers


def two_goals(model: pyo.ConcreteModel) -> None:
    """A second objective."""
    model.more = pyo.Objective(expr=next(iter(model.levers.values())))


def crossed(model: pyo.ConcreteModel) -> None:
    """Bounds the wrong way round."""
    next(iter(model.levers.values())).setlb(3.0)


def ordered_set(model: pyo.ConcreteModel) -> None:
    """A component that no solver here knows."""
    model.sos = pyo.SOSConstraint(var=model.levers, sos=1)


@pytest.mark.parametrize(
    ("constraints", "found"),
    [
        (foreign, "'mine' is neither a lever nor an outcome"),
        (product, "not convex"),
        (logarithm, "neither linear nor quadratic"),
        (whole, "whole number"),
        (two_goals, "2 active objectives"),
        (crossed, "above its upper bound"),
        (ordered_set, "SOSConstraint"),
    ],
)
def test_what_no_solver_can_take_is_refused(problem: opt.Problem, constraints: Constraints, found: str) -> None:
    """By name, with what to do."""
    with pytest.raises(InvalidRequest, match=found):
        read(problem, constraints)

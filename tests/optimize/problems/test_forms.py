"""SciPy and pygmo are given the problem itself: their answers are the known ones, by exact slopes."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_array
from support.curves import POINT, curves
from support.known_optima import OPTIMA, problem, stated

import optimize as opt
from sd_models.errors import InvalidRequest


def near_optimum(name: str) -> tuple[opt.Evaluator, Any]:
    """The evaluator of a problem with a known optimum, in magnitudes, and what is known."""
    known = OPTIMA[name]()
    return opt.Evaluator.near(stated(problem(name), known.constraints), 0.9 * known.levers), known


def free() -> opt.Program:
    """Nothing is limited but by bounds, which bind."""
    return curves(
        lever_rows=csr_array((0, 3)),
        outcome_rows=csr_array((0, 3)),
        row_lower=np.zeros(0),
        row_upper=np.zeros(0),
        row_names=(),
        amounts=np.zeros(0),
        quadratics=(),
        lower=np.array([1.0, 1.0, 0.0]),
        upper=np.array([2.0, 2.0, 0.5]),
    )


@pytest.mark.parametrize(("method", "gap"), [("SLSQP", 1e-6), ("trust-constr", 2e-5)])
@pytest.mark.parametrize("name", ["pollution_cap", "circle", "state_budget"])
def test_scipy_finds_known_optima(name: str, method: str, gap: float) -> None:
    """Limits on levers, on outcomes, and quadratic ones; an interior method stops a little inside them."""
    own, known = near_optimum(name)
    given = opt.scipy_problem(own, method)
    inside = {"x0": 0.9 * known.levers / own.levers(np.ones(own.size))}
    exact = {"gtol": 1e-8, "xtol": 1e-12, "barrier_tol": 1e-9, "maxiter": 500}
    options = {"SLSQP": {"ftol": 1e-14, "maxiter": 500}, "trust-constr": exact}
    found = minimize(**{**given, **inside}, options=options[method])
    assert own.shown(found.x) == pytest.approx(known.objective, rel=gap)


@pytest.mark.parametrize("method", ["L-BFGS-B", "TNC", "Powell", "Nelder-Mead", "SLSQP", "trust-constr", "COBYQA"])
def test_methods_find_the_same_where_only_bounds_hold(method: str) -> None:
    """Each is given what it takes, without a warning."""
    own = opt.Evaluator(free())
    found = minimize(**{**opt.scipy_problem(own, method), "x0": np.array([1.5, 1.5, 0.3])})
    assert found.x == pytest.approx([1.0, 1.0, 0.0], abs=3e-3)


def test_linear_rows_are_linear_constraints() -> None:
    """Of what there is: no empty constraint, sparse for who takes it."""
    linear, bent = opt.scipy_problem(opt.Evaluator(curves()))["constraints"]
    assert linear.A.toarray().tolist() == [[1, 1, 0], [1, 0, -1]]
    assert (linear.lb.tolist(), linear.ub.tolist()) == ([-np.inf, 2.0], [4.0, 2.0])
    assert (len(bent.lb), bent.jac(POINT).shape) == (4, (4, 3))
    dense, _ = opt.scipy_problem(opt.Evaluator(curves()), "SLSQP")["constraints"]
    assert isinstance(dense.A, np.ndarray)
    (alone,) = opt.scipy_problem(opt.Evaluator(curves(outcome_rows=csr_array((4, 3)), quadratics=())))["constraints"]
    assert alone.A.shape == (4, 3)
    assert "constraints" not in opt.scipy_problem(opt.Evaluator(free()), "SLSQP")


def test_constraints_bend_without_the_objective() -> None:
    """SciPy adds the objective's second derivative itself."""
    own = opt.Evaluator(curves())
    weights, direction = np.array([1.0, -2.0, 0.5, 3.0]), np.array([1.0, 2.0, -1.0])
    _, bent = opt.scipy_problem(own)["constraints"]
    expected = own.product(POINT, direction, weights, share=0.0)
    assert (bent.hess(POINT, weights) @ direction).tolist() == expected.tolist()
    assert np.abs(expected - own.product(POINT, direction, weights)).max() > 0.1


@pytest.mark.parametrize(
    ("program", "method", "words"),
    [
        (curves(), "SLQP", "no method 'SLQP' here. Did you mean 'SLSQP'?"),
        (curves(), "L-BFGS-B", "keeps bounds only, and there are 6 limits. These keep them: trust-constr, SLSQP"),
        (curves(integers=np.array([2])), "SLSQP", "knows no whole numbers"),
    ],
)
def test_what_scipy_cannot_is_said(program: opt.Program, method: str, words: str) -> None:
    """Before it begins, and what to take instead."""
    with pytest.raises(InvalidRequest) as error:
        opt.scipy_problem(opt.Evaluator(program), method)
    assert words in str(error.value)


# --- pygmo ------------------------------------------------------------------------------------------------------------


def test_fitness_is_objective_equalities_inequalities() -> None:
    """Each finite side once; not above zero where it is kept."""
    own = opt.Evaluator(curves())
    udp = opt.PygmoProblem(own)
    x0, x1, x2 = POINT
    both, logarithm, ball, mixed = own.constraints(POINT)
    expected = [x0 - x2 - 2, x0 + x1 - 4, both - 8, ball - 6, mixed - 9, 1 - both, -3 - logarithm]
    assert udp.fitness(POINT) == pytest.approx([own.objective(POINT), *expected])
    assert (udp.get_nec(), udp.get_nic(), udp.get_nix()) == (1, 6, 0)
    assert [side.tolist() for side in udp.get_bounds()] == [own.lower.tolist(), own.upper.tolist()]


def test_sparse_slopes_are_those_of_the_fitness() -> None:
    """In the order of the places that are told: rising by row, then by lever."""
    udp = opt.PygmoProblem(opt.Evaluator(curves()))
    places = udp.gradient_sparsity()
    assert places.tolist() == sorted(places.tolist())
    slopes = np.zeros((8, 3))
    slopes[places[:, 0], places[:, 1]] = udp.gradient(POINT)
    for lever, step in enumerate(1e-6 * np.eye(3)):
        difference = (udp.fitness(POINT + step) - udp.fitness(POINT - step)) / 2e-6
        assert slopes[:, lever] == pytest.approx(difference, abs=1e-6)


def test_copies_share_their_runs() -> None:
    """pygmo copies what it is given; what was compiled is not to be."""
    udp = opt.PygmoProblem(opt.Evaluator(curves()))
    assert copy.deepcopy(udp) is udp


def test_whole_numbers_come_last() -> None:
    """As pygmo has it; elsewhere they are refused."""
    assert opt.PygmoProblem(opt.Evaluator(curves(integers=np.array([1, 2])))).get_nix() == 2
    with pytest.raises(InvalidRequest, match="as the last ones only"):
        opt.PygmoProblem(opt.Evaluator(curves(integers=np.array([0]))))


def test_pygmo_finds_a_known_optimum() -> None:
    """By NLopt's SLSQP, with the slopes from here."""
    pygmo = pytest.importorskip("pygmo", reason="pygmo is not installed (pip install pygmo)")
    own, known = near_optimum("pollution_cap")
    udp = pygmo.problem(opt.PygmoProblem(own))
    method = pygmo.nlopt("slsqp")
    method.ftol_rel, method.xtol_rel = 1e-14, 0.0
    udp.c_tol = 1e-8
    population = pygmo.population(udp)
    population.push_back(0.9 * known.levers / own.levers(np.ones(own.size)))
    found = pygmo.algorithm(method).evolve(population)
    assert own.shown(found.champion_x) == pytest.approx(known.objective, rel=1e-6)

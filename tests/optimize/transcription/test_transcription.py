"""A problem with all its dynamics in Pyomo: a run fulfils it, and another solver finds the same optimum."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import casadi as ca
import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.core.expr.visitor import identify_variables
from support import islands, known_optima
from support.kinked import KINKED as KINKED_PLANS
from support.known_optima import OPTIMA

import optimize as opt
import sd_models as sd
from optimize.solvers.sequential.sqp import Sqp
from optimize.transcription.transcription import Auxiliaries
from optimize.transcription.values import Values
from sd_models.errors import InvalidRequest
from sd_models.system.model import FloatArray, Method, System

EQUATIONS = 1e-10  # relative: what a run leaves of its own equations


def islands_problem(system: System, **changes: Any) -> opt.Problem:
    """The small plan of the islands, with changes."""
    return opt.Problem(system, opt.read_plan(islands.small_plan(**changes)))


def residual(model: pyo.ConcreteModel) -> float:
    """The largest difference of both sides of an equation, relative to what stands on its left."""
    values, worst = Values(), 0.0
    groups = [(model.dynamics, model.stocks), (model.ties, model.outcomes), (model.totals, model.sums)]
    groups += [(model.definitions, model.auxiliaries)] if hasattr(model, "definitions") else []
    for equations, variables in groups:
        for key, equation in equations.items():
            gap = abs(values.of(equation.body) - float(equation.upper))
            worst = max(worst, gap / max(1.0, abs(variables[key].value)))
    return worst


def drawn(problem: opt.Problem, seed: int) -> FloatArray:
    """Levers somewhere within their bounds."""
    lower, upper = np.maximum(problem.lower, -1.0), np.minimum(problem.upper, 1.0)
    return np.random.default_rng(seed).uniform(lower, np.maximum(lower, upper))


@pytest.mark.parametrize("auxiliaries", ["expressions", "variables"])
@pytest.mark.parametrize("method", list(Method))
def test_a_run_fulfils_all_equations(method: str, auxiliaries: Auxiliaries, tmp_path: Path) -> None:
    """Whatever the levers, by the method of the file, with what equations name as expressions or as variables."""
    (tmp_path / "islands.mdl").write_text(islands.MODEL, encoding="utf-8")
    problem = islands_problem(replace(sd.load(tmp_path / "islands.mdl"), method=method))
    for seed in range(3):
        x = drawn(problem, seed)
        model = opt.transcribe(problem, x, auxiliaries=auxiliaries)
        assert residual(model) <= EQUATIONS
        np.testing.assert_allclose([v.value for v in model.levers.values()], x)
        program = opt.assemble(problem)
        goal = program.sign * program.cost(x, program.evaluate(x).y)
        assert pyo.value(model.objective) == pytest.approx(goal, rel=1e-12)


def test_a_stock_that_levers_set_at_the_start(tmp_path: Path) -> None:
    """Where the horizon begins with the run, its first stocks are equations too."""
    text = islands.MODEL.replace(
        "first capital[island, good])", "first capital[island, good] + spending[island, good])"
    )
    (tmp_path / "islands.mdl").write_text(text, encoding="utf-8")
    problem = islands_problem(sd.load(tmp_path / "islands.mdl"), horizon=[0, 3])
    model = opt.transcribe(problem, drawn(problem, 1))
    assert ("capital", "north", "rice", 0.0) in model.dynamics
    assert residual(model) <= EQUATIONS


@pytest.mark.parametrize(("name", "regions"), [("urbanization", None), ("common_prosperity", "macro")])
def test_a_library_model_fulfils_its_equations(name: str, regions: str | None) -> None:
    """At a policy far from the model's own; stocks that no lever moves are numbers."""
    problem = opt.Problem(sd.load(name, regions=regions), opt.load_plan(name))
    model = opt.transcribe(problem, drawn(problem, 0) * (20 if name == "urbanization" else 0.2))
    assert residual(model) <= EQUATIONS
    points, states = len(problem.horizon.points) - 1, problem.simulator.model.states.size
    assert 0 < len(model.stocks) < points * states


def test_sums_over_many_are_variables() -> None:
    """With 31 provinces, so that each equation stays short; with four regions they are written out."""
    plan = opt.load_plan("urbanization")
    model = opt.transcribe(opt.Problem(sd.load("urbanization"), plan))
    assert len(model.sums) == len(model.totals) > 0
    last = [equation for key, equation in model.dynamics.items() if key[-1] == 2041.0]
    assert max(len(list(identify_variables(equation.expr))) for equation in last) < 31
    few = opt.Problem(sd.load("common_prosperity", regions="macro"), opt.load_plan("common_prosperity"))
    assert not len(opt.transcribe(few).sums)


# --- solved by others -------------------------------------------------------------------------------------------------


def solved(model: pyo.ConcreteModel, folder: Path) -> float:
    """The optimum that IPOPT finds from the file that is written, which knows nothing of us."""
    model.scaling_factor.deactivate()
    model.del_component(model.scaling_factor)  # CasADi reads no suffix
    path, *_ = opt.export(model, folder / "problem.nl")
    nl = ca.NlpBuilder()
    nl.import_nl(str(path))
    parts = {"x": ca.vcat(nl.x), "f": nl.f, "g": ca.vcat(nl.g)}
    solver = ca.nlpsol("solver", "ipopt", parts, {"ipopt.print_level": 0, "print_time": False, "ipopt.sb": "yes"})
    found = solver(x0=nl.x_init, lbx=nl.x_lb, ubx=nl.x_ub, lbg=nl.g_lb, ubg=nl.g_ub)
    assert solver.stats()["success"]
    return float(found["f"])


@pytest.mark.parametrize("auxiliaries", ["expressions", "variables"])
def test_another_solver_finds_the_same_optimum(
    auxiliaries: Auxiliaries, islands_system: System, tmp_path: Path
) -> None:
    """All at once, from the file alone."""
    problem = islands_problem(islands_system)
    found = -solved(opt.transcribe(problem, auxiliaries=auxiliaries), tmp_path)
    assert found == pytest.approx(opt.solve(problem).objective, rel=1e-6)


def test_kinks_become_smooth_where_that_is_wished(tmp_path: Path) -> None:
    """Stand-ins come near to the exact model with their width, and the notes say how near."""
    (tmp_path / "kinked.mdl").write_text(KINKED, encoding="utf-8")
    problem = opt.Problem(sd.load(tmp_path / "kinked.mdl"), opt.read_plan(KINKED_PLAN))
    x = np.full(problem.size, 0.9)
    exact = opt.transcribe(problem, x)
    assert residual(exact) <= EQUATIONS
    assert exact.notes == []
    gaps = []
    for width in (1e-2, 1e-4):
        model = opt.transcribe(problem, x, smooth=width)
        assert any("smooth stand-ins" in note for note in model.notes)
        assert residual(model) <= EQUATIONS  # the start is the stand-ins' own run
        near = np.array([outcome.value for outcome in model.outcomes.values()])
        gaps.append(np.abs(near - np.array([outcome.value for outcome in exact.outcomes.values()])).max())
    assert 0.0 < gaps[1] < gaps[0] < 0.1
    with pytest.raises(InvalidRequest, match="is no width"):
        opt.transcribe(problem, smooth=-1.0)


KINKED = """{UTF-8}
effort = 0.5 ~ Dmnl [0, 2] ~|
growth = MIN(effort, 1) + MAX(0, effort - 1.5) ~ Dmnl ~|
level = INTEG(growth - effect(level), 1) ~ Dmnl ~|
effect((0,0),(1,0.2),(3,1)) ~ Dmnl ~|
INITIAL TIME = 0 ~ Year ~|
FINAL TIME = 4 ~ Year ~|
TIME STEP = 0.5 ~ Year ~|
SAVEPER = 0.5 ~ Year ~|
"""
KINKED_PLAN = {
    "model": "kinked.mdl",
    "horizon": [0, 3],
    "objective": {"maximize": "level", "measure": "final"},
    "lever": [{"variable": "effort"}],
}


@pytest.mark.parametrize("name", sorted(OPTIMA))
def test_a_known_optimum_is_found_all_at_once(name: str, tmp_path: Path) -> None:
    """By IPOPT from the file, from the run of levers a little above their lower bounds or zero."""
    known, problem = OPTIMA[name](), known_optima.problem(name)
    start = np.where(np.isfinite(problem.lower), problem.lower, 0.0) + 0.1
    model = opt.transcribe(problem, start)
    if known.constraints is not None:
        known.constraints(model)
    found = -problem.plan.objective.sign * solved(model, tmp_path)
    assert found == pytest.approx(known.objective, rel=1e-5)


# --- files ------------------------------------------------------------------------------------------------------------


def test_names_stand_beside_the_numbers(islands_system: System, tmp_path: Path) -> None:
    """A name for each row (the objective last) and column of `.nl`, in their order."""
    model = opt.transcribe(islands_problem(islands_system))
    path, rows, columns = opt.export(model, tmp_path / "islands.nl")
    counts = path.read_text(encoding="utf-8").splitlines()[1].split()
    assert len(columns.read_text(encoding="utf-8").splitlines()) == int(counts[0])
    assert len(rows.read_text(encoding="utf-8").splitlines()) == int(counts[1]) + int(counts[2])
    assert "levers[spending,north,rice,2.0]" in columns.read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", ["lp", "mps"])
def test_a_linear_problem_goes_into_linear_formats(ending: str, islands_system: System, tmp_path: Path) -> None:
    """Income is linear in spending as long as the tax is; a logarithm is refused with what would do."""
    problem = islands_problem(islands_system, objective={"maximize": "total income"})
    (path,) = opt.export(opt.transcribe(problem), tmp_path / f"islands.{ending}")
    assert "capital" in path.read_text(encoding="utf-8")
    with pytest.raises(InvalidRequest, match=r"nonlinear: write \.nl"):
        opt.export(opt.transcribe(islands_problem(islands_system)), tmp_path / f"logarithm.{ending}")
    assert not (tmp_path / f"logarithm.{ending}").exists()


def test_a_gams_file_holds_the_names(islands_system: System, tmp_path: Path) -> None:
    """As GAMS reads them."""
    (path,) = opt.export(opt.transcribe(islands_problem(islands_system)), tmp_path / "islands.gms")
    assert "Maximize" in path.read_text(encoding="utf-8") or "maximizing" in path.read_text(encoding="utf-8")


def test_other_endings_are_refused(islands_system: System, tmp_path: Path) -> None:
    """With those that there are."""
    with pytest.raises(InvalidRequest, match=r"\.nl"):
        opt.export(opt.transcribe(islands_problem(islands_system)), tmp_path / "islands.xyz")


def test_what_people_add_is_in_the_equations() -> None:
    """A constraint in Pyomo stands beside the dynamics, as it does in `solve`."""
    problem, optimum = known_optima.problem("quadratic_limit"), OPTIMA["quadratic_limit"]()
    assert optimum.constraints is not None
    model = opt.transcribe(problem, optimum.levers, constraints=optimum.constraints)
    assert pyo.value(model.tired.body) == pytest.approx(model.tired.upper.value)
    assert residual(model) <= EQUATIONS


def test_a_solver_is_given_the_equations_of_the_program(tmp_path: Path) -> None:
    """Those of the exact model first, then of the stand-ins that a search over kinks goes by."""

    class Reader(Sqp):
        seen: ClassVar[list[tuple[bool, float]]] = []

        def solve(self, program: opt.Program, start: FloatArray, watch: opt.Watch) -> opt.Solution:
            assert program.equations is not None
            model, y = program.equations(start), program.evaluate(start).y
            gap = np.abs([value.value for value in model.outcomes.values()] - y).max()
            self.seen.append((bool(len(program.pulls)), float(gap) + residual(model)))
            return super().solve(program, start, watch)

    problem = KINKED_PLANS["MIN"].problem(tmp_path)
    opt.solve(problem, solver=Reader())
    assert {smooth for smooth, _ in Reader.seen} == {False, True}
    assert max(gap for _, gap in Reader.seen) <= EQUATIONS

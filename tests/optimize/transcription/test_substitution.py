"""An objective that is quadratic in levers and stocks is one for who reads quadratic programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyomo.environ as pyo
import pytest

import optimize as opt
import sd_models as sd
from optimize.solvers.choice import SOLVERS
from optimize.transcription.export import remarks
from optimize.transcription.substitution import substitute

# Both levers are paid from one purse of 8 in each of three years; s = 0.9 s + u is linear in u.
MODEL = """{UTF-8}
s = INTEG(u - 0.1*s, 2) ~~|
u = 1 ~~|
v = 1 ~~|
gain = s - 0.05*u^2 + v - 0.1*v^2 ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 3 ~~|
TIME STEP = 1 ~~|
SAVEPER = 1 ~~|
"""
# By hand: of each u the first two bring 1.9 and 1, the last one nothing; where the purse binds 1.9 - 0.1 u equals
# 1 - 0.2 (8 - u), so u = 25/3 > 8 in the first year: u = 8, v = 0; then u + v = 8 with 1 - 0.1 u = 1 - 0.2 v: u = 16/3,
# v = 8/3; at last u = 0, v = 5.
BEST = (2 + (1.8 + 8) + (8.82 + 16 / 3)) - 0.05 * (8**2 + (16 / 3) ** 2) + (8 / 3 + 5) - 0.1 * ((8 / 3) ** 2 + 5**2)
ISLANDS = """{UTF-8}
Region: (r1-r9) ~~|
u[Region] = 1 ~~|
gain = SUM(worth[Region!]) ~~|
worth[Region] = 2*u[Region] - u[Region]^2 ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 2 ~~|
TIME STEP = 1 ~~|
SAVEPER = 1 ~~|
"""


def problem(folder: Path, text: str = MODEL, *limits: dict[str, Any]) -> opt.Problem:
    """The largest gain of three years (two, on the islands)."""
    (folder / "model.mdl").write_text(text, encoding="utf-8")
    levers = [{"variable": name, "lower": 0, "upper": 10} for name in ("u", "v") if f"\n{name} =" in text]
    levers += [{"variable": "u", "lower": 0, "upper": 10}] if not levers else []
    purse = [{"name": "purse", "terms": {"u": 1, "v": 1}, "at_most": 8}] if len(levers) == 2 else []
    plan = {
        "model": str(folder / "model.mdl"),
        "horizon": [0, 2] if purse else [0, 1],
        "objective": {"maximize": "gain"},
        "lever": levers,
        "limit": [*purse, *limits],
    }
    return opt.Problem(sd.load(folder / "model.mdl"), opt.read_plan(plan))


def degrees(model: Any) -> tuple[int, set[int]]:
    """Of the objective and of the equations and limits."""
    (goal,) = model.component_data_objects(pyo.Objective, active=True)
    rows = model.component_data_objects(pyo.Constraint, active=True)
    return goal.expr.polynomial_degree(), {row.body.polynomial_degree() for row in rows}


@pytest.mark.parametrize("auxiliaries", ["expressions", "variables"])
@pytest.mark.parametrize("text", [MODEL, ISLANDS], ids=["expression", "sum over many"])
def test_what_the_objective_alone_names_is_put_into_it(text: str, auxiliaries: Any, tmp_path: Path) -> None:
    """Also by way of sums and of auxiliaries, and at the same value."""
    model: Any = opt.transcribe(problem(tmp_path, text), auxiliaries=auxiliaries)
    assert degrees(model)[0] == 1
    before = pyo.value(model.objective)
    assert substitute(model)
    degree, others = degrees(model)
    assert degree == 2
    assert others <= {1}
    assert pyo.value(model.objective) == pytest.approx(before, rel=1e-12)


@pytest.mark.parametrize(
    "text", [MODEL.replace("0.1*v^2", "EXP(v)"), MODEL.replace("0.1*v^2", "0.1*v")], ids=["curved", "linear"]
)
def test_all_else_stays_as_it_is(text: str, tmp_path: Path) -> None:
    """What is more than quadratic, or less."""
    model: Any = opt.transcribe(problem(tmp_path, text.replace("0.05*u^2", "0.05*u")))
    before = degrees(model)
    assert not substitute(model)
    assert degrees(model) == before


def test_an_outcome_that_a_limit_names_stays(tmp_path: Path) -> None:
    """Somebody may add one to the Pyomo model."""
    model: Any = opt.transcribe(problem(tmp_path))
    (outcome,) = (one for key, one in model.outcomes.items() if key[0] == "gain")
    model.more = pyo.Constraint(expr=outcome <= 20)
    assert not substitute(model)
    model.del_component("more")
    outcome.setub(20)
    assert not substitute(model)
    outcome.setub(None)
    assert substitute(model)


@pytest.mark.parametrize("ending", ["lp", "mps"])
def test_a_file_with_a_quadratic_objective_is_read(ending: str, tmp_path: Path) -> None:
    """By HiGHS, which reads no quadratic equations; the model is what it was."""
    highspy = pytest.importorskip("highspy")
    model: Any = opt.transcribe(problem(tmp_path))
    before = degrees(model)
    (path,) = opt.export(model, tmp_path / f"quadratic.{ending}")
    assert degrees(model) == before
    assert remarks(model, path) == ()
    highs = highspy.Highs()
    highs.silent()
    assert highs.readModel(str(path)) != highspy.HighsStatus.kError
    highs.run()
    assert highs.getObjectiveValue() == pytest.approx(BEST, rel=1e-9)


def test_a_file_with_quadratic_equations_is_told(tmp_path: Path) -> None:
    """HiGHS does not read it, Gurobi does."""
    highspy = pytest.importorskip("highspy")
    model: Any = opt.transcribe(problem(tmp_path, MODEL, {"name": "floor", "variable": "gain", "at_least": 1}))
    (path,) = opt.export(model, tmp_path / "quadratic.mps")
    (told,) = remarks(model, path)
    assert "are quadratic, which HiGHS does not read; Gurobi" in told
    assert remarks(model, tmp_path / "quadratic.nl") == ()
    highs = highspy.Highs()
    highs.silent()
    assert highs.readModel(str(path)) == highspy.HighsStatus.kError
    gurobi = pytest.importorskip("gurobipy")
    with gurobi.Env(params={"OutputFlag": 0}) as environment, gurobi.read(str(path), environment) as read:
        read.optimize()
        assert read.ObjVal < BEST


@pytest.mark.parametrize("solver", ["highs", "cplex", "copt", "casadi-piqp", "highs-hipo"])
def test_solvers_of_quadratic_programs_take_it(solver: str, tmp_path: Path) -> None:
    """They know no quadratic equations."""
    if SOLVERS[solver].version() is None:
        pytest.skip(f"{solver} is not installed: {SOLVERS[solver].install}")
    assert opt.solve(problem(tmp_path), solver=solver).objective == pytest.approx(BEST, rel=1e-6)

"""Plans solved by solvers of others: over kinks too, and what is told where one does not take a plan."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from support.kinked import KINKED
from support.known_optima import FOLDER

import optimize as opt
import sd_models as sd
from optimize.command_line.commands import main
from optimize.solvers.choice import SOLVERS
from optimize.solvers.others import table
from optimize.solvers.rows import Limit, NotAccepted


def solved(case: str, solver: str, folder: Path) -> opt.Result:
    """Skipped where the package is missing."""
    if SOLVERS[solver].version() is None:
        pytest.skip(f"{solver} is not installed: {SOLVERS[solver].install}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries of others compute with what overflows
        return opt.solve(KINKED[case].problem(folder), solver=solver)


@pytest.mark.parametrize("case", ["MIN", "corner", "surcharge", "capacity", "jump"])
def test_a_global_solver_takes_kinks_with_whole_numbers(case: str, tmp_path: Path) -> None:
    """And finds the best objective, behind a jump too."""
    assert solved(case, "scip", tmp_path).objective == pytest.approx(KINKED[case].best, rel=1e-5)


def test_a_solver_of_smooth_problems_goes_over_stand_ins(tmp_path: Path) -> None:
    """What counts is the exact model: the objective is that of a run."""
    result = solved("corner", "casadi-sleqp", tmp_path)
    assert result.objective == pytest.approx(KINKED["corner"].best, rel=1e-6)
    assert str(result.status).startswith("Local optimum")


def test_the_best_of_all_widths_is_kept(tmp_path: Path) -> None:
    """IPOPT loses its way on the narrowest stand-ins, beyond a policy that it had."""
    result = solved("corner", "casadi-ipopt", tmp_path)
    assert result.objective >= 0.99 * KINKED["corner"].best


def test_stand_ins_that_a_solver_cannot_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        NotAccepted, match=r"casadi-uno does not take this problem\. It has choices between expressions"
    ):
        solved("MIN", "casadi-uno", tmp_path)


# --- the command line -------------------------------------------------------------------------------------------------


def asked(*words: str, out: Path) -> int:
    return main(["optimize", str(FOLDER / "growth" / "plan.toml"), "--no-verify", "--out", str(out), *words])


@pytest.mark.parametrize("solver", ["casadi-uno", "slsqp"])
def test_a_plan_is_solved_by_name(solver: str, tmp_path: Path) -> None:
    """As by any solver, with everything that is found anew at the policy."""
    assert asked("--solver", solver, out=tmp_path / "run") == 0
    result = opt.load_result(tmp_path / "run")
    assert str(result.status).startswith("Local optimum") or solver == "slsqp"  # whose own tolerance is wider than ours
    assert result.objective == pytest.approx(9.6796514, rel=1e-6)
    assert result.provenance["solver"] == solver


@pytest.mark.parametrize(
    ("solver", "told"),
    [
        ("casadi-unno", "there is no solver 'casadi-unno'. Did you mean 'casadi-uno'"),
        ("highs", "highs does not take this problem. It has functions that are neither linear nor quadratic."),
        ("baron", "Pyomo knows the solver 'baron', but does not find it."),
        ("pyomo:barom", "Pyomo knows no solver 'barom'. Did you mean 'baron'"),
    ],
)
def test_what_a_solver_does_not_take_is_a_sentence(
    solver: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit status 2, and nothing is left behind."""
    assert asked("--solver", solver, out=tmp_path / "run") == 2
    printed = " ".join(capsys.readouterr().err.split())
    assert told in printed
    assert "Traceback" not in printed
    assert not (tmp_path / "run").exists()


def test_a_solver_that_is_missing_says_how_to_install_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optimize.solvers.rows.find_spec", lambda name: None)
    assert asked("--solver", "scip", out=tmp_path / "run") == 2
    assert "scip is not installed. Install it: pip install pyscipopt." in " ".join(capsys.readouterr().err.split())


def test_a_plan_beyond_a_free_size_says_which() -> None:
    """Told before the library is asked."""
    plan = opt.load_plan("urbanization")
    problem = opt.Problem(sd.load(plan.model), plan)
    if SOLVERS["gurobi"].version() is None:
        pytest.skip("gurobi is not installed")
    told = r"gurobi does not take this problem: beyond the free licence are its 22,680 variables \(at most 200\) and"
    with pytest.raises(NotAccepted, match=told):
        opt.solve(problem, solver="gurobi")


def test_sizes_of_free_licences_are_those_that_were_tried() -> None:
    """Gurobi's and Xpress's are lower for what is not linear."""
    assert table.GUROBI.harder == Limit(200, 2000)
    assert table.XPRESS.harder == Limit(together=200)

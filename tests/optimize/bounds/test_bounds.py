"""Global bounds: right where the optimum is known by hand, refuted by a better policy, never more than was found."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from support.kinked import CONTROLS, KINKED

import optimize as opt
import sd_models as sd
from optimize.bounds import bound as bounding
from optimize.bounds import branching
from optimize.bounds.globally import SOLVERS, Told
from optimize.bounds.tolerances import slip
from optimize.command_line.commands import main
from optimize.results.bounded import Bound, is_contradicted, percent, read_bound, save_bound, share
from optimize.results.verdict import Standing
from optimize.solvers.rows import Row
from optimize.transcription.transcription import transcribed_exactly
from sd_models.errors import InvalidRequest

CASES = Path(__file__).parents[2] / "support" / "cases"
scip = pytest.mark.skipif(SOLVERS["scip"].version is None, reason="pyscipopt is not installed")
PLAN: dict[str, Any] = {
    "model": "case.mdl",
    "horizon": [0, 3],
    "objective": {"maximize": "gain", "measure": "mean"},
    "lever": [{"variable": "u", "lower": 0, "upper": 8}],
}


def problem(folder: Path, model: str, **changes: Any) -> opt.Problem:
    """A small plan over four years, its mean gain maximized unless changed."""
    (folder / "case.mdl").write_text(f"{{UTF-8}}\n{model}\n{CONTROLS}", encoding="utf-8")
    return opt.Problem(sd.load(folder / "case.mdl"), opt.read_plan({**PLAN, **changes}))


def own(asked: opt.Problem, x: float) -> Any:
    """Something with a policy of levers that are all the same, as a result has."""
    policy = asked.held_policy(np.full(asked.size, x))
    return type("Known", (), {"policy": policy})()


def bounded(asked: opt.Problem, x: float, **options: Any) -> Bound:
    """The bound of a problem, known a policy of which all levers are the same."""
    return opt.bound(asked, own(asked, x), **options)


# --- what is found ----------------------------------------------------------------------------------------------------


@scip
@pytest.mark.parametrize("name", ["MIN", "two corners", "peak", "jump", "surcharge", "fairness", "capacity"])
def test_optima_on_kinks_are_bounded(name: str, tmp_path: Path) -> None:
    """The bound is not below the optimum that is known by hand, and within a hundredth of what policies change; the
    solver's policy, run by the model, is as good."""
    asked = KINKED[name].problem(tmp_path)
    found = opt.bound(asked, own(asked, 0.1))
    assert found.value >= KINKED[name].best * (1 - 1e-9)
    assert found.share <= 0.011
    assert found.objective == pytest.approx(KINKED[name].best, rel=2e-2)
    assert not found.contradiction
    assert found.interval >= found.value


@scip
def test_minimization_and_equalities_are_bounded(tmp_path: Path) -> None:
    """From below, and where a limit holds two levers together."""
    model = "u[r] = 1, 1 ~~|\nr: a, b ~~|\ncost = (u[a] - 3)^2 + 2 * (u[b] - 1)^2 ~~|\nall = u[a] + u[b] ~~|"
    asked = problem(
        tmp_path,
        model,
        objective={"minimize": "cost", "measure": "mean"},
        limit=[{"name": "together", "sum": "u", "over": ["r"], "equals": 2.5}],
    )
    found = bounded(asked, 1.25)
    # u[a] + u[b] = 2.5: by hand, 1.5 divides as 2 to 1, so the least is 1 + 2 * 0.25
    assert found.value <= 1.5 * (1 + 1e-9)
    assert found.value == pytest.approx(1.5, abs=0.05)
    assert found.gap >= 0


def test_the_bound_by_intervals_holds_every_run(tmp_path: Path) -> None:
    """Of a stock that decays and grows, whatever the levers."""
    model = "u = 1 ~~|\nstock = INTEG(u - 0.4 * stock, 2) ~~|\ngain = SQRT(stock) - 0.1 * stock + MIN(u, 3) ~~|"
    asked = problem(tmp_path, model)
    program = opt.assemble(asked)
    model_, _ = transcribed_exactly(asked, np.full(asked.size, 1.0))
    bounds = [(v.lb, v.ub) for v in model_.component_data_objects(pyo.Var)]
    assert all(low is not None and high is not None for low, high in bounds)
    most = bounding._Bounding(asked, SOLVERS["scip"], 1.0, 0.0).by_intervals(model_)
    random = np.random.default_rng(0)
    for _ in range(50):
        x = random.uniform(asked.lower, asked.upper)
        assert program.sign * program.cost(x, program.evaluate(x).y) <= most


def test_what_tolerances_move_is_the_sum_of_sensitivities(tmp_path: Path) -> None:
    """By hand: a stock that doubles for four years; what is missed in the first is sixteen times as much at the end."""
    model = "u = 1 ~~|\nstock = INTEG(2 * stock + u, 1) ~~|\ngain = stock ~~|"
    asked = problem(tmp_path, model, objective={"maximize": "gain", "measure": "final"})
    stated, definitions = transcribed_exactly(asked, np.full(asked.size, 1.0))
    moved = slip(stated, definitions, 1e-6)
    program, x = opt.assemble(asked), np.full(asked.size, 1.0)
    last = program.evaluate(x).y[0]
    # eight half-years, each stock twice the one before, plus a half: every equation's size times its amplification
    stocks = [1.0]
    for _ in range(8):
        stocks.append(2.0 * stocks[-1] + 0.5)
    by_hand = 1e-6 * (last + sum(max(1.0, s) * 2.0 ** (8 - k) for k, s in enumerate(stocks) if k))
    assert last == pytest.approx(stocks[8])
    assert by_hand <= moved <= 3 * by_hand  # flows have equations too


# --- wrong claims -----------------------------------------------------------------------------------------------------


def with_answer(monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    """A solver that tells this, where polynomials tell nothing."""
    monkeypatch.setattr(branching, "LARGEST", 0)
    monkeypatch.setattr(bounding, "told", lambda *_, **__: told)
    rows = {name: replace(one.row, package="pyomo", needs=()) for name, one in SOLVERS.items()}
    monkeypatch.setattr(bounding, "global_solver", lambda name: replace(SOLVERS[name], row=rows[name]))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (Told(1.9, "optimal"), "Its bound counts for nothing"),
        (Told(-math.inf, "provenInfeasible"), ""),
        (Told(math.inf, "unbounded"), ""),
        (Told(math.inf, "error", failure="SCIP cannot state it: tan"), "cannot state it"),
        (Told(math.nan, "unknown"), ""),
    ],
)
def test_a_bound_that_a_policy_refutes_is_no_proof(
    told: Told, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is infinity, nothing, or a failure: what intervals say is left."""
    with_answer(monkeypatch, told)
    found = bounded(KINKED["MIN"].problem(tmp_path), 2.0)
    assert found.by == "intervals"
    assert found.value == found.interval > 2.0
    assert found.share > 0.1
    assert said in " ".join(found.notes)
    assert bool(found.contradiction) == ("nothing" in said)


def test_an_answer_that_breaks_limits_is_no_better_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Levers of the solver that break the budget count for nothing, however good."""
    asked = KINKED["surcharge"].problem(tmp_path)
    with_answer(monkeypatch, Told(9.0, "timeLimit", levers=np.full(asked.size, 8.0)))
    found = bounded(asked, 1.0)
    assert found.better == ()
    assert found.objective == pytest.approx(3 * math.sqrt(2))


def test_no_policy_that_keeps_limits_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the policy that is given breaks a limit, its objective is not compared with a bound."""
    asked = KINKED["surcharge"].problem(tmp_path)
    with_answer(monkeypatch, Told(4.9, "optimal"))
    found = bounded(asked, 8.0)
    assert math.isnan(found.objective)
    assert "none is known that keeps all limits" in found.sentence
    assert found.share == 1.0


def test_without_a_solver_the_rest_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SCIP is an option: where it is missing, polynomials and intervals bound, and a note says what else would."""
    monkeypatch.setattr(Row, "version", lambda row: None)
    asked = KINKED["two corners"].problem(tmp_path)
    found = opt.bound(asked, own(asked, 0.1), time_limit=1.0)
    assert KINKED["two corners"].best * (1 - 1e-9) <= found.value <= found.interval
    assert any("SCIP is not installed" in note and "pip install pyscipopt" in note for note in found.notes)
    with pytest.raises(InvalidRequest, match="SCIP is not installed"):
        opt.bound(asked, own(asked, 0.1), solver="scip")


@scip
def test_levers_without_bounds_are_told(tmp_path: Path) -> None:
    """No finite interval; the bound of a solver on what is unbounded is no bound."""
    lever = [{"variable": "u", "lower": 0}]
    found = bounded(problem(tmp_path, "u = 1 ~~|\ngain = u ~~|", lever=lever), 1.0, time_limit=5)
    assert math.isinf(found.value)
    assert found.share == 1.0
    assert "nothing is proved" in found.sentence
    assert any("no upper bound" in note for note in found.notes)


def test_numbers_that_a_tolerance_swallows_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No solver is asked where a stock is below a millionth; where something may be divided by zero a note says so."""
    with_answer(monkeypatch, Told(0.0, "optimal"))
    tiny = "u = 1 ~~|\nstock = INTEG(1e-9 * u, 0) ~~|\ngain = 1e9 * stock / (u + 1e-12) ~~|"
    found = bounded(problem(tmp_path, tiny), 1.0)
    assert found.by in ("intervals", "nothing")
    assert any("stock: so small" in note for note in found.notes)
    assert any("within 1e-9 of zero" in note for note in found.notes)


def test_large_plans_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how large they are, and nothing claimed."""
    monkeypatch.setattr(bounding, "MOST", 3)
    with_answer(monkeypatch, Told(0.0, "optimal"))
    found = bounded(KINKED["MIN"].problem(tmp_path), 1.0)
    assert math.isinf(found.value)
    assert "too large" in found.notes[0]


def test_nearness_is_not_flattered_by_constants() -> None:
    """A constant added to the objective changes no share; rounding is nothing; no more than all is left."""
    for constant in (0.0, 1e6, -1e6):
        found = share(11.0 + constant, 10.0 + constant, 1.0 + constant, maximize=True)
        assert found == pytest.approx(0.1)
    assert share(10.0 + 1e-13, 10.0, 1.0, maximize=True) == 0.0
    assert share(math.inf, 10.0, 1.0, maximize=True) == 1.0
    assert share(9.0, 10.0, 30.0, maximize=False) == pytest.approx(1 / 21)
    assert is_contradicted(9.999, 10.0, 1.0, maximize=True)
    assert is_contradicted(10.001, 10.0, 19.0, maximize=False)
    assert not is_contradicted(10.0 - 1e-6, 10.0, 1.0, maximize=True)
    assert [percent(part) for part in (0.00991, 0.0101, 0.5, 1.0, 2e-9)] == ["1%", "1.1%", "50%", "100%", "0.001%"]


# --- results and folders ----------------------------------------------------------------------------------------------


@cache
def solved() -> opt.Result:
    """A result without a folder, replayed."""
    import tempfile

    return opt.verify(opt.solve(KINKED["MIN"].problem(Path(tempfile.mkdtemp()))))


def test_a_bound_makes_a_result_proved() -> None:
    """As near as it is; one that is far, or contradicted, leaves the verdict as it was."""
    result = solved()
    near = Bound(result.objective + 1e-9, "SCIP", result.objective, result.baseline_objective, True, 9.0)
    proved = replace(result, bound=near)
    assert proved.status.standing is Standing.BOUNDED
    assert "within 0.001%" in proved.status.sentence
    far = replace(result, bound=replace(near, value=result.objective + 1.0))
    assert far.status.standing is Standing.LOCAL
    assert "within 51%" in far.status.sentence
    refuted = replace(result, bound=replace(near, value=result.objective - 0.1))
    assert refuted.status == result.status
    assert replace(proved, verification=None).status.standing is Standing.UNVERIFIED


def test_a_folder_keeps_a_bound_that_verify_does_not_believe(tmp_path: Path) -> None:
    """A forged one confirms nothing; one of another policy, or that is none, is not read."""
    result = solved()
    near = Bound(result.objective, "SCIP", result.objective, result.baseline_objective, True, 9.0)
    folder = opt.save_result(result, tmp_path / "run")
    save_bound(near, folder)
    loaded = opt.load_result(folder)
    assert loaded.bound == near or loaded.bound is not None
    assert loaded.status.standing is Standing.BOUNDED
    verified = opt.verify(loaded)
    assert verified.status.standing is Standing.LOCAL
    assert any("was not computed again" in note for note in verified.notes)
    text = (folder / "bound.json").read_text(encoding="utf-8")
    (folder / "bound.json").write_text(text.replace('"policy": "', '"policy": "0'), encoding="utf-8")
    assert read_bound(folder) is None
    (folder / "bound.json").write_text(text.replace("value", "vlaue"), encoding="utf-8")
    with pytest.raises(InvalidRequest, match="does not hold a bound"):
        opt.load_result(folder)


# --- the command ------------------------------------------------------------------------------------------------------


TOML = """model = "case.mdl"
horizon = [0, 3]
[objective]
maximize = "gain"
measure = "mean"
[[lever]]
variable = "u"
lower = 0
upper = 8
"""


@scip
def test_the_command_proves_a_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a plan to a result with its bound, and again from its folder, as one JSON object."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "case.mdl").write_text(f"{{UTF-8}}\n{KINKED['MIN'].model}\n{CONTROLS}", encoding="utf-8")
    (tmp_path / "plan.toml").write_text(TOML, encoding="utf-8")
    assert main(["bound", "plan.toml", "--out", "run"]) == 0
    printed = capsys.readouterr().out
    assert "No policy reaches more than 2" in printed
    assert "Proved within a gap" in printed
    assert main(["bound", "run", "--json", "--gap", "1e-6"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["value"] == pytest.approx(2.0, rel=1e-6)
    assert document["share"] < 1e-6
    assert main(["verify", "run"]) == 0
    assert "was not computed again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--solver", "ipopt"], "gives no bound that holds for all policies"),
        (["--time-limit", "0"], "is none"),
        (["--gap", "2"], "is none"),
    ],
)
def test_bad_requests_are_sentences(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With status 2, before anything is solved."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text(TOML, encoding="utf-8")
    assert main(["bound", "plan.toml", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_missing_solver_is_told_how_to_get(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its package."""
    scip = SOLVERS["scip"]
    missing = replace(scip, row=replace(scip.row, package="no-such-package"))
    monkeypatch.setattr("optimize.bounds.globally.SOLVERS", {"scip": missing})
    with pytest.raises(InvalidRequest, match="pip install no-such-package"):
        bounding.global_solver("scip")

"""A result is held against PySD's own run of the file, and a result that PySD does not reproduce is told as such."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support import islands

import optimize as opt
import sd_models as sd
from optimize.results import verification
from optimize.results.verdict import Curvature, Findings, Looked, Standing, Verdict, judge
from optimize.solvers.solver import Ending
from sd_models.system.model import System


@pytest.fixture(scope="module")
def result(islands_system: System) -> opt.Result:
    """A result that has not been replayed."""
    return opt.solve(opt.Problem(islands_system, opt.read_plan(islands.small_plan())))


def test_pysd_agrees(result: opt.Result) -> None:
    """On everything that the plan names, at every step; all limits hold there too."""
    found = opt.verify(result).verification
    assert found is not None
    assert found.gap.size <= 1e-12
    assert {item.limit for item in found.violations} >= {"annual budget", "floor", "upper bound of spending"}
    assert found.largest_limit_violation <= 1e-6
    assert found.objective == pytest.approx(result.objective, rel=1e-12)
    assert "agrees with ours" in found.sentence


def test_a_policy_that_breaks_a_limit_is_found_out(result: opt.Result) -> None:
    """Whatever the result itself says."""
    greedy = result.policy.copy(deep=True)
    greedy["spending"][1:] = 1.9
    found = opt.verify(replace(result, policy=greedy))
    assert found.verification is not None
    worst = max(found.verification.violations, key=lambda item: item.size)
    assert worst.limit == "annual budget"
    assert worst.value == pytest.approx(9 * 1.9)
    assert found.largest_limit_violation > 0.1


def test_a_run_that_pysd_does_not_reproduce_is_refuted(result: opt.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable and the time of the gap."""
    true = verification.replay

    def other(*arguments: object, **options: object) -> xr.Dataset:
        run = true(*arguments, **options)  # type: ignore[arg-type]
        run["welfare"][5] *= 1 + 1e-4
        return run

    monkeypatch.setattr(verification, "replay", other)
    found = opt.verify(result)
    assert found.status.standing is Standing.REFUTED
    assert '"welfare" at 2.5' in found.status.sentence
    assert not found.status.is_optimal


def test_what_pysd_computes_otherwise_is_not_compared(result: opt.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named with the reason, and limits and objective are those of our run."""
    true = verification.replay

    def other(*arguments: object, **options: object) -> xr.Dataset:
        run = true(*arguments, **options)  # type: ignore[arg-type]
        run["welfare"][5] *= 2
        return run

    monkeypatch.setattr(verification, "replay", other)
    monkeypatch.setattr(verification, "departing", lambda system: {"welfare": "PySD counts backwards"})
    found = opt.verify(result).verification
    assert found is not None
    assert found.passed
    assert found.objective == pytest.approx(result.objective, rel=1e-12)
    assert any("welfare, since PySD counts backwards" in note for note in found.notes)


def test_nothing_is_verified_where_nothing_is_compared(result: opt.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict stays what it was, and a note says why."""
    monkeypatch.setattr(verification, "departing", lambda system: dict.fromkeys(system.variables, "of a reason"))
    found = opt.verify(result)
    assert found.verification is None
    assert found.status.standing is Standing.UNVERIFIED
    assert verification.NOTHING_COMPARED in found.notes


# --- verdicts ---------------------------------------------------------------------------------------------------------

LOOKED = Looked(Curvature.HOLDS, 0.5, 3, 0, 100, 0.0, 1.0)
GOOD = Findings(Ending.OPTIMAL, 1e-8, 1e-9, "x", looked=LOOKED)
VERDICTS = {
    Standing.UNVERIFIED: GOOD,
    Standing.INFEASIBLE: Findings(Ending.INFEASIBLE, 1.0, 0.5, "floor[north]"),
    Standing.LIMIT_REACHED: Findings(Ending.TIME_LIMIT, 1e-3, 0.0),
    Standing.INTERRUPTED: Findings(Ending.INTERRUPTED, np.inf, 0.2, "floor[north]"),
    Standing.STALLED: Findings(Ending.STALLED, 1e-4, 0.0),
    Standing.UNBOUNDED: Findings(Ending.UNBOUNDED, np.inf, 0.0, failure="spending[north]"),
    Standing.STATIONARY: replace(GOOD, looked=replace(LOOKED, curvature=Curvature.NEGATIVE)),
    Standing.NO_GRADIENT: replace(GOOD, looked=replace(LOOKED, idle=("spending",), is_idle=True)),
    Standing.FAILED: Findings(Ending.FAILED, np.inf, np.inf, failure="welfare is NaN at 3."),
}


@pytest.mark.parametrize("standing", VERDICTS)
def test_a_verdict_says_why_and_what_to_do(standing: Standing) -> None:
    """A sentence and an advice for every ending."""
    verdict = judge(VERDICTS[standing])
    assert verdict.standing is standing
    assert verdict.sentence.endswith(".")
    assert verdict.advice.endswith(".")
    assert not verdict.is_optimal
    assert str(verdict).startswith(str(standing)[:1].upper())


@pytest.mark.parametrize(
    "findings",
    [replace(GOOD, kkt_residual=2e-6), replace(GOOD, violation=2e-6), replace(GOOD, kkt_residual=np.nan)],
)
def test_what_misses_one_condition_is_no_optimum(findings: Findings) -> None:
    """Whatever the solver says."""
    assert judge(findings).standing is Standing.LIMIT_REACHED


@pytest.mark.parametrize(
    "looked",
    [
        None,
        replace(LOOKED, curvature=Curvature.NEGATIVE),
        replace(LOOKED, curvature=Curvature.UNKNOWN),
        replace(LOOKED, better=0.1),
        replace(LOOKED, is_idle=True),
    ],
)
def test_first_order_alone_is_no_optimum(looked: Looked | None) -> None:
    """Nor with a better policy near by, negative or unknown curvature, or levers that move nothing."""
    assert judge(replace(GOOD, looked=looked)).standing in (Standing.STATIONARY, Standing.NO_GRADIENT)
    assert judge(replace(GOOD, looked=looked, convex=True)).standing is Standing.UNVERIFIED


def test_a_limit_that_was_reached_at_the_optimum_is_none() -> None:
    """What counts is where the policy is, not why the solver stopped."""
    assert judge(replace(GOOD, ending=Ending.ITERATION_LIMIT)).standing is Standing.UNVERIFIED


def test_verdicts_print() -> None:
    """Standing, sentence, advice."""
    assert str(Verdict(Standing.LOCAL, "Fine.", "Go on.")) == "Local optimum. Fine. Go on."


def test_a_solver_that_stops_too_early_is_told_so() -> None:
    """A plan may ask for a tolerance at which nothing counts as an optimum."""
    verdict = judge(Findings(Ending.OPTIMAL, 1e-3, 0.0))
    assert verdict.standing is Standing.LIMIT_REACHED
    assert "reached its tolerance" in verdict.sentence
    assert "smaller tolerance" in verdict.advice


def test_limits_have_to_hold_in_pysds_run_too(result: opt.Result) -> None:
    """A gap too small to be one may still exceed a limit."""
    found = opt.verify(result).verification
    assert found is not None
    (first, *rest) = found.violations
    missed = replace(found, violations=(replace(first, size=3e-6), *rest))
    verdict = judge(result.findings, missed)
    assert not verdict.is_optimal
    assert f"{first.place} in PySD's run by 3.0e-06 of its size" in verdict.sentence


def test_a_file_that_asks_for_another_method_is_not_refuted() -> None:
    """PySD knows Euler's method alone: the equations are compared by it, and a note says so."""
    model = Path(__file__).parents[2] / "models" / "runge_kutta" / "decay.mdl"
    system = sd.load(model)
    plan = opt.starting_plan(system).content
    found = opt.verify(opt.solve(opt.Problem(system, opt.read_plan(plan))))
    assert found.status.standing is Standing.LOCAL
    assert found.verification is not None
    assert found.verification.gap.size <= 1e-9
    assert verification.OTHER_METHOD in found.verification.notes
    assert found.verification.objective == pytest.approx(found.objective, rel=1e-12)

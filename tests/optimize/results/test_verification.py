"""A result is held against PySD's own run of the file, and a result that PySD does not reproduce is told as such."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import xarray as xr
from support import islands

import optimize as opt
import sd_models as sd
from optimize.results import verification
from optimize.results.verdict import Standing
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

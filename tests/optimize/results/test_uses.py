"""What a policy does with its levers, without what a search leaves over."""

from __future__ import annotations

from dataclasses import replace

import pytest
import xarray as xr
from support import valleys

import optimize as opt
from optimize.reports.content import report_of
from optimize.results.sentences import sentences
from optimize.results.uses import uses
from optimize.results.voice import voice_of


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> opt.Result:
    """The best policy of a plan that bounds its only lever by numbers."""
    return valleys.solved(valleys.written(tmp_path_factory.mktemp("valleys")))


def spending(result: opt.Result, amount: float) -> opt.Result:
    """The same with another amount of money everywhere, and none without the policy."""
    policy, baseline = result.policy.copy(), result.baseline.copy()
    policy["money"] = xr.full_like(policy["money"], amount)
    baseline["money"] = xr.zeros_like(baseline["money"])
    return replace(result, policy=policy, baseline=baseline)


@pytest.mark.parametrize(("amount", "told"), [(2e-22, 0.0), (9e-15, 0.0), (1e-12, 1e-12), (-2e-22, 0.0)])
def test_what_is_nothing_beside_what_a_plan_allows_is_nothing(result: opt.Result, amount: float, told: float) -> None:
    """The least number by which the plan bounds this lever is its budget, 3; bounds may be far beyond what is meant."""
    found = spending(result, amount)
    (use,) = uses(found, voice_of(found))
    assert float(use.paths.max()) == pytest.approx(told, rel=1e-9, abs=0)


def test_dust_is_not_recommended(result: opt.Result) -> None:
    """In no first words: nothing is."""
    found = spending(result, 2.147e-22)
    said = {one.topic: one.text for one in sentences(found)}
    assert "e-2" not in said["recommended"]
    assert "e-2" not in " ".join(report_of(found, "en").sentences)

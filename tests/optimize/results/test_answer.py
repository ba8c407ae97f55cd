"""The JSON answer of a solve: totals, outcomes, limits, prices and provenance, and no gain without a policy."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support import results

import optimize as opt
from optimize.results.answer import answer
from optimize.results.gains import outcomes
from optimize.results.verdict import Findings
from optimize.results.violations import Violation
from optimize.solvers.solver import Ending

KEYS = {
    *("status", "sentence", "advice", "objective", "baseline_objective", "objective_unit", "kkt_residual"),
    *("largest_limit_violation", "iterations", "simulations", "gradients", "levers", "seconds", "replay_gap", "run"),
    *("notes", "conflict", "alternatives", "horizon", "time_unit", "assumptions", "policy", "outcomes", "limits"),
    *("prices", "provenance"),
}


def written(result: opt.Result) -> dict[str, Any]:
    """The answer as a program reads it; numbers that JSON does not know fail."""
    found: dict[str, Any] = json.loads(json.dumps(answer(result), allow_nan=False))
    return found


@pytest.fixture(scope="module")
def result(urbanization_result: opt.Result) -> opt.Result:
    """A result of a model with a table of headlines."""
    return urbanization_result


def test_keys_are_those_that_the_documentation_names(result: opt.Result) -> None:
    """Programs rely on them."""
    document = written(result)
    assert set(document) == KEYS
    assert document["horizon"] == {"first": 2021.0, "last": 2031.0, "end": 2041.0}
    assert document["provenance"]["model"] == "urbanization"
    lever, outcome, limit, price = (document[name][0] for name in ("policy", "outcomes", "limits", "prices"))
    assert set(lever) == {"variable", "unit", "total_unit", "total", "periods", "by", "by_group"}
    assert set(outcome) == {
        *("variable", "name", "name_zh", "unit", "better", "time", "said", "dimensions", "elements", "without"),
        *("with", "sides"),
    }
    assert set(limit) == {"limit", "place", "state", "time", "said", "value", "amount", "violation", "room", "unit"}
    assert set(price) == {
        *("limit", "kind", "place", "elements", "time", "said", "price", "current", "unit", "limit_unit"),
        *("not_zero", "of"),
    }


def test_totals_add_up(result: opt.Result) -> None:
    """By element, by period and in all."""
    (lever,) = written(result)["policy"]
    whole = float(result.total(lever["variable"]).sum())
    assert lever["total"] == pytest.approx(whole)
    assert sum(lever["by"]["province"].values()) == pytest.approx(whole)
    assert sum(lever["periods"]["total"]) == pytest.approx(whole)
    assert (lever["unit"], lever["total_unit"]) == ("Billion yuan/Year", "Billion yuan")


def test_groups_add_up() -> None:
    """Where a dimension falls into named parts."""
    given = replace(results.verified(), groups={"good": {"heavy": ("steel",), "light": ("rice", "books")}})
    lever = written(given)["policy"][0]
    good = lever["by"]["good"]
    assert lever["by_group"] == {"good": {"heavy": good["steel"], "light": good["rice"] + good["books"]}}


def test_outcomes_are_told_from_the_start_to_the_end(result: opt.Result) -> None:
    """In five-year steps, by element where there are such, with who gains and who loses."""
    document = written(result)
    whole, *_ = document["outcomes"]
    (one, *_) = outcomes(result)
    assert whole["time"] == [2021.0, 2025.0, 2030.0, 2035.0, 2041.0]
    assert whole["said"][-1] == "end of 2040"
    assert whole["without"][-1] == pytest.approx(float(one.without[-1]))
    assert whole["with"][-1] == pytest.approx(float(one.policy[-1]))
    assert whole["sides"]["losing"] == 0
    by = next(item for item in document["outcomes"] if item["elements"])
    assert by["dimensions"] == ["time", "province"]
    assert np.shape(by["with"]) == (len(by["time"]), len(by["elements"]["province"]))


def test_limits_say_whether_they_are_reached(result: opt.Result) -> None:
    """And prices of those that are not are zero."""
    document = written(result)
    states = {item["limit"]: item["state"] for item in document["limits"]}
    assert states["budget"] == "reached"
    prices = {item["limit"]: item for item in document["prices"]}
    assert prices["budget"]["price"] == pytest.approx(float(abs(result.shadow_prices["budget"]).max()))
    missed = replace(result, violations=(Violation("budget", 0.5, "budget", 2021.0, np.nan, 1.0, -0.5),))
    (limit,) = written(missed)["limits"]
    assert (limit["state"], limit["value"]) == ("missed", None)


@pytest.mark.parametrize("ending", [Ending.INFEASIBLE, Ending.FAILED, Ending.UNBOUNDED])
def test_nothing_is_gained_without_a_policy(result: opt.Result, ending: Ending) -> None:
    """What a search ended at is no policy; its limits tell by how much."""
    document = written(replace(result, findings=Findings(ending, np.inf, 0.5, "budget")))
    assert set(document) == KEYS
    assert (document["policy"], document["outcomes"], document["prices"]) == ([], [], [])
    assert document["limits"]
    assert document["kkt_residual"] is None


def test_an_interrupted_search_has_a_policy_and_no_gains(result: opt.Result) -> None:
    """What it is worth was not looked at."""
    document = written(replace(result, findings=Findings(Ending.INTERRUPTED, np.inf, 0.0)))
    assert document["policy"]
    assert (document["outcomes"], document["prices"]) == ([], [])

"""Every printed table belongs to a verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import islands

import optimize as opt
from optimize.results.tables import tables
from optimize.results.verdict import Findings
from optimize.solvers.solver import Ending
from sd_models.system.model import System


@pytest.fixture(scope="module")
def result(islands_system: System) -> opt.Result:
    """A result of the small plan."""
    return opt.solve(opt.Problem(islands_system, opt.read_plan(islands.small_plan())))


def test_a_policy_has_gains(result: opt.Result) -> None:
    """Found and kept, before its replay too."""
    assert result.is_policy
    assert tables(result)[0].title == "The largest value found"


def test_what_is_nothing_beside_the_rest_is_told_as_zero(result: opt.Result) -> None:
    """Leftovers of a search, in a lever with and without dimensions, and what they make of an outcome."""
    policy = result.policy.copy(deep=True)
    policy["spending"].loc[{"time": slice(5.0, None)}] = 1e-18
    policy["tax rate"] = policy["spending"][:, 0, 0].drop_vars(["island", "good"]).assign_attrs(units="1/Year")
    run = result.trajectories.copy(deep=True)
    run["total income"][-1] = -1e-17
    levers = (*result.plan.levers, result.plan.levers[0].model_copy(update={"variable": "tax rate"}))
    plan = result.plan.model_copy(update={"levers": levers})
    told = {table.title: table.rows for table in tables(replace(result, plan=plan, policy=policy, trajectories=run))}
    (tax,) = told["tax rate, 1/Year"]
    spent = next(rows for title, rows in told.items() if title.startswith("spending by good"))
    assert [tax[-3], *(row[-3] for row in spent)] == ["0"] * 5
    (income,) = (row for row in told["What it buys, at 6"] if row[0] == "total income")
    assert (income[3], income[-1]) == ("0", "-100.0%")


@pytest.mark.parametrize(
    ("findings", "is_policy"),
    [
        (Findings(Ending.FAILED, np.inf, np.inf, failure="welfare is NaN at 3."), False),
        (Findings(Ending.UNBOUNDED, np.inf, 0.0, failure="spending"), False),
        (Findings(Ending.INFEASIBLE, np.inf, 0.5, "floor[north]"), False),
        (Findings(Ending.TIME_LIMIT, np.inf, 0.5, "floor[north]"), False),
        (Findings(Ending.INTERRUPTED, np.inf, 0.5, "floor[north]"), False),
        (Findings(Ending.INTERRUPTED, np.inf, 0.0), True),
    ],
)
def test_what_is_no_end_has_no_gains(result: opt.Result, findings: Findings, is_policy: bool) -> None:
    """No table of gains, no allocation; the best policy of an interrupted search stays in the result."""
    other = replace(result, findings=findings)
    assert other.is_policy is is_policy
    assert tables(other) == []
    assert ("no policy was found" in str(other)) is not is_policy


def test_limits_that_are_missed_are_shown(result: opt.Result) -> None:
    """Those alone, by how much."""
    first = replace(result.violations[0], size=0.25, room=-0.25)
    findings = Findings(Ending.INFEASIBLE, np.inf, 0.25, first.place)
    (table,) = tables(replace(result, findings=findings, violations=(first, *result.violations[1:])))
    assert table.title.startswith("No policy")
    assert [row[:2] for row in table.rows] == [(first.place, "MISSED by 2.5e-01")]

"""Levers as columns: what the page's model is given is what the plan's policy means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import islands
from support.models import CONTROLS, loaded

import optimize as opt
import sd_models as sd
from optimize.pages.decisions import Decisions
from optimize.pages.subject import Subject, subject_of
from sd_models.system.model import FloatArray, System


def filled(decisions: Decisions, x: FloatArray) -> FloatArray:
    """The lever values (rows, time points), made of columns as the page makes them."""
    columns = decisions.columns
    found = columns.own.copy()
    for block, periods in zip(decisions.blocks, columns.periods, strict=True):
        rows = decisions.rows[block.variable].start + block.elements
        for column in np.flatnonzero(periods >= 0):
            found[column, rows] = block.values(x)[:, periods[column]]
    return found[columns.at].T


def decided(system: System, **changes: Any) -> Decisions:
    """The levers of a plan without limits."""
    return Decisions(subject_of(system, opt.read_plan(islands.small_plan(limit=[], **changes))))


@pytest.fixture
def rented(tmp_path: Path) -> Decisions:
    """A lever whose own path moves all the time."""
    system = loaded(tmp_path, "rent = 1 + 0.1 * Time ~~|\nwelfare = INTEG(rent, 0) ~~|", controls=CONTROLS)
    return decided(system, lever=[{"variable": "rent"}], horizon=[1, 3])


PARTS = [
    [{"variable": "spending", "upper": 2.0}, {"variable": "tax rate"}],
    [{"variable": "spending", "every": 2.0, "where": {"island": "warm"}}, {"variable": "tax rate", "every": 0.5}],
]


def agree(decisions: Decisions) -> None:
    """That columns hold what the plan's policy means, at every time."""
    problem = decisions.subject.problem
    x = problem.own + np.linspace(0.1, 0.9, problem.size)
    policy = problem.policy(x)
    expected = np.concatenate([path.to_numpy().reshape(len(path), -1).T for path in policy.values()])
    assert np.array_equal(filled(decisions, x), expected)


@pytest.mark.parametrize("levers", PARTS)
def test_columns_hold_what_a_policy_means(system: System, levers: list[dict[str, Any]]) -> None:
    """Also where only some elements are decided, and periods differ."""
    agree(decided(system, lever=levers))


def test_columns_hold_the_own_path_before_the_horizon(rented: Decisions) -> None:
    """Where it moves at every step."""
    agree(rented)


def test_there_are_as_few_columns_as_values_change(subject: Subject) -> None:
    """One before the horizon, and one for each of four years."""
    assert len(Decisions(subject).columns.own) == 5


def test_money_adds_up_and_rates_do_not(subject: Subject) -> None:
    """What a limit sums is an amount; of a tax rate people want the mean."""
    decisions = Decisions(subject)
    assert [decisions.is_amount(block) for block in decisions.blocks] == [True, False]


def test_an_even_split_is_offered_where_the_model_spends_nothing() -> None:
    """And the model's own levers are always there to go back to."""
    decisions = Decisions(subject_of(sd.load("urbanization")))
    assert list(decisions.presets) == ["baseline", "even"]
    assert not decisions.baseline.any()
    assert decisions.even is not None
    assert len(set(decisions.even)) == 1


def test_an_even_split_comes_to_the_budget_as_fast_as_ramps_from_nothing_let_it(tmp_path: Path) -> None:
    """Two goods share ten a year, and may begin with one each and grow by half and one."""
    model = """
    good: rice, steel ~~|
    spending[good] = 0 ~~|
    welfare = INTEG(SUM(spending[good!]), 0) ~~|
    """
    plan = {
        "model": "case.mdl",
        "horizon": [1, 6],
        "objective": {"maximize": "welfare", "measure": "final"},
        "lever": [{"variable": "spending", "ramp": {"relative": 0.5, "absolute": 1, "from_start": True}, "lower": 0}],
        "limit": [{"name": "budget", "sum": "spending", "over": ["good"], "at_most": 10}],
    }
    decisions = Decisions(subject_of(loaded(tmp_path, model, controls=CONTROLS), opt.read_plan(plan)))
    (block,) = decisions.blocks
    assert decisions.even is not None
    assert block.values(decisions.even) == pytest.approx(np.tile([1.0, 2.5, 4.75, 5.0, 5.0, 5.0], (2, 1)), abs=1e-6)


def test_a_path_that_moves_within_a_period_is_told(rented: Decisions, subject: Subject) -> None:
    """Its mean is not quite itself."""
    assert rented.varies
    assert not Decisions(subject).varies

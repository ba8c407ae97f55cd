"""The times of a plan meet the steps of a run, or the message says which would."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.models import faults

from optimize.plans.horizon import Clock, Horizon, fitted, fittings, horizon_faults, horizon_of
from optimize.plans.plan import Periods, Plan, read_plan
from sd_models.dynamics.timing import TimeGrid
from sd_models.errors import InvalidRequest

TEN_YEARS = Clock(0.0, 1.0, 10.0)


def plan(horizon: tuple[float, float], *every: float) -> Plan:
    """A plan with a lever for each length of a period."""
    levers = [{"variable": f"x{i}", "every": length} for i, length in enumerate(every)]
    content: dict[str, Any] = {"model": "m", "horizon": list(horizon), "objective": {"maximize": "y"}, "lever": levers}
    return read_plan(content)


@pytest.mark.parametrize(
    ("horizon", "every", "told"),
    [
        ((0, 9), (10,), "1.9 periods of 10. [0, 0] (to 10) or [0, 10] (to 20, after the model's FINAL TIME 10)"),
        ((0, 9), (2, 5), "5.5 periods of 2. [0, 8] (to 10) or [0, 18] (to 20, after the model's FINAL TIME 10)"),
        ((0, 8.3), (1,), "9.3 periods of 1. [0, 8] (to 9) or [0, 9] (to 10)"),
        ((2.2, 9.2), (1,), "starts at 2.2, which is no time of a run from 0 in steps of 1. [2, 9] (to 10) or [3, 10]"),
        ((-3, 4), (1,), "starts at -3, which is no time of a run from 0 in steps of 1. [0, 7] (to 8) would do"),
        ((2021, 2049), (10,), "3.8 periods of 10. [2021, 2041] (to 2051"),
    ],
)
def test_the_message_says_which_horizon_would_do(
    horizon: tuple[float, float], every: tuple[float, ...], told: str
) -> None:
    """The nearest whole periods, of all levers where that is possible, and which of them outlast the model's run."""
    found = " ".join(str(fault) for fault in horizon_faults(plan(horizon, *every), TEN_YEARS))
    assert told in found


def test_every_length_that_does_not_fit_is_told_at_once() -> None:
    """With the lengths that would, lever by lever, and the horizon besides."""
    told = [str(fault) for fault in horizon_faults(plan((0.3, 9), 0.7, 0.2), Clock(0.0, 0.5, 10.0))]
    assert len(told) == 3
    assert "lever 'x0', every" in told[0]
    assert told[0].endswith("Take 0.5 or 1.")
    assert told[1].endswith("Take 0.5.")
    assert "horizon" in told[2]


def test_a_run_that_is_shorter_than_the_horizon_is_offered() -> None:
    """What people wrote for other years comes with what the model has."""
    (first, *_) = fittings(plan((0, 49), 3), TEN_YEARS)
    assert (first.first, first.last, first.end) == (0, 6, 9)


@given(
    start=st.integers(-8, 60).map(lambda number: number / 4),
    length=st.integers(0, 200).map(lambda number: number / 8),
    every=st.lists(st.integers(1, 60).map(lambda number: number / 8), min_size=1, max_size=3),
    step=st.sampled_from([0.125, 0.25, 0.5, 1.0]),
)
def test_what_is_offered_does(start: float, length: float, every: list[float], step: float) -> None:
    """Advice never sends in a circle: each horizon that is offered has no fault, with lengths that are whole steps."""
    clock = Clock(1.0, step, 20.0)
    asked = plan((start, start + length), *every)
    whole = fitted(asked, clock)
    assert not list(horizon_faults(whole, clock))
    for one in fittings(asked, clock):
        assert not list(horizon_faults(whole.model_copy(update={"horizon": (one.first, one.last)}), clock))


def test_each_offer_is_a_pair_that_can_be_copied() -> None:
    """In the notation of the file."""
    (fault,) = horizon_faults(plan((2021, 2040), 10), Clock(2020.0, 0.25, 2050.0))
    assert re.findall(r"\[[^]]*\]", fault.advice) == ["[2021, 2031]", "[2021, 2041]"]


# --- summed steps -----------------------------------------------------------------------------------------------------

# 150,000 steps of 0.001 from 2000 on: their sums lie 2e-5 of a step beside the decimals at the end.
TIMES = np.concatenate(([2000.0], np.full(150_000, 0.001))).cumsum()


@pytest.fixture(scope="module")
def horizon() -> Horizon:
    """The last years of a long run."""
    return horizon_of(plan((2147.0, 2149.0), 1.0), TimeGrid(TIMES, 0.001, np.array([0, 150_000])))


def test_a_horizon_begins_in_a_long_run(horizon: Horizon) -> None:
    """At the point that is meant, whatever the sums of steps have become."""
    assert TIMES[147_000] != 2147.0
    assert (horizon.first, len(horizon.points), len(horizon.starts)) == (147_000, 3001, 3)


def test_periods_are_found_in_a_long_run(horizon: Horizon) -> None:
    """By the time at which they begin, and from one to another, both included; a hundredth of a step is too much."""
    assert horizon.at(2149.0).times.tolist() == [TIMES[149_000]]
    found = horizon.windows(Periods(**{"from": 2148.0, "to": 2149.0}))
    assert found.times.tolist() == TIMES[[148_000, 149_000]].tolist()
    (fault,) = faults(InvalidRequest, lambda: horizon.at(2149.00001))
    assert fault.found.startswith("no period begins at 2149")


@pytest.mark.parametrize("every", [1.0004, 0.0014, 0.0004])
def test_a_period_is_a_whole_number_of_steps(every: float) -> None:
    """Held more tightly than single times: what it misses adds up over the periods."""
    (fault, *_) = horizon_faults(plan((0.0, 1.0), every), TEN_YEARS)
    assert "is no whole number of time steps" in fault.found

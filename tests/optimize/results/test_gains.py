"""Headline outcomes with the policy and without: who gains, who loses, and when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import optimize as opt
import sd_models as sd
from optimize.headlines.headline import Headline
from optimize.results.gains import TOLD, Outcome, Sides, outcomes, said, sides, times_of

TIMES = [2026.0, 2027.0, 2028.0]
PLACES = ["here", "there"]


def outcome(without: list[list[float]], policy: list[list[float]], *, better: str = "more", unit: str = "t") -> Outcome:
    """An outcome of two places over three years."""
    coordinates = {"time": TIMES, "place": PLACES}
    runs = (xr.DataArray(values, coordinates, ("time", "place")) for values in (without, policy))
    return Outcome(Headline("x", unit, 1.0, "X", "X", better, "place"), *runs)


def told(one: Outcome) -> Sides:
    """Who gains and loses of it."""
    found = sides(one)
    assert found is not None
    return found


STILL = [[10.0, 20.0]] * 3


def test_who_loses_and_when() -> None:
    """The place that loses most for its size, in the year in which it does; a gain of others hides no loss."""
    found = told(outcome(STILL, [[10, 20], [9, 19], [10, 26]]))
    assert (found.of, found.losing, found.losing_at_end, found.gaining_at_end) == (2, 2, 0, 1)
    assert (found.first, found.last) == (2027, 2027)
    assert found.loss is not None
    assert found.loss_at_end is None
    assert found.gain_at_end is not None
    assert (found.loss.element, found.loss.time, found.loss.change) == ("here", 2027, -1)
    assert found.loss.relative == pytest.approx(-0.1)
    assert (found.gain_at_end.element, found.gain_at_end.change) == ("there", 6)


def test_less_is_better() -> None:
    """A rise of what there should be less of is a loss."""
    found = told(outcome(STILL, [[10, 20], [10, 20], [11, 18]], better="less"))
    assert found.loss_at_end is not None
    assert found.loss_at_end.change == 1
    assert found.gain_at_end is not None
    assert found.gain_at_end.element == "there"


def test_nobody_said_what_is_better() -> None:
    """Then nobody gains and nobody loses."""
    assert sides(outcome(STILL, [[1, 1]] * 3, better="")) is None


def test_points_are_compared_as_points() -> None:
    """One point of 10% is no more than one of 20%."""
    found = told(outcome(STILL, [[9, 20], [10, 18.5], [10, 20]], unit="%"))
    assert found.loss is not None
    assert found.loss.element == "there"


def test_from_nothing_there_is_no_percentage() -> None:
    """A value that was nothing has changed, by no share of it."""
    found = told(outcome([[0, 5]] * 3, [[-1, 5]] * 3))
    assert found.loss is not None
    assert found.loss.element == "here"
    assert np.isnan(found.loss.relative)


@pytest.mark.parametrize("dust", [2.4e-14, -2.4e-14, 9e-9])
def test_dust_where_there_was_nothing_is_no_change(dust: float) -> None:
    """Beside what others have, with the policy or without."""
    found = told(outcome([[0, 0]] * 3, [[dust, 10]] * 3))
    assert (found.losing, found.gaining_at_end) == (0, 1)
    assert found.gain_at_end is not None
    assert found.gain_at_end.element == "there"
    assert told(outcome([[0, 10]] * 3, [[dust, 10]] * 3)).gaining_at_end == 0


def test_a_small_change_from_nothing_is_told() -> None:
    """Where it is more than rounding."""
    assert told(outcome([[0, 10]] * 3, [[1e-7, 10]] * 3)).gaining_at_end == 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=6), st.floats(-1, 1))
def test_what_is_smaller_than_told_is_nobodys_loss(values: list[float], share: float) -> None:
    """Rounding makes no losers."""
    without = np.reshape(values, (3, 2))
    found = told(outcome(without.tolist(), (without * (1 + 0.9 * TOLD * share)).tolist()))
    assert found.losing == 0
    assert found.loss is None
    assert found.gain_at_end is None


def solved(system: sd.System) -> opt.Result:
    """The library's smallest plan."""
    return opt.solve(opt.Problem(system, opt.load_plan("urbanization")))


@pytest.fixture(scope="module")
def result(urbanization_result: opt.Result) -> opt.Result:
    """A result of a model with a table of headlines."""
    return urbanization_result


def test_outcomes_are_in_units_of_people_from_the_first_decision_on(result: opt.Result) -> None:
    """The goal first, then the table; values are those of the runs times the factor."""
    first, *_ = outcomes(result)
    assert first.headline.variable == "national urban share"
    assert first.headline.unit == "%"
    assert first.policy["time"].to_numpy()[0] == 2021
    assert float(first.policy[-1]) == pytest.approx(100 * float(result.trajectories["national urban share"][-1]))
    problem = opt.Problem(sd.load("urbanization"), result.plan)
    assert [one.headline for one in outcomes(result)] == list(problem.headlines())


def test_the_end_of_a_result(result: opt.Result) -> None:
    """The last time is the end of the last period."""
    assert said(result, float(times_of(result)[-1])).startswith("end of ")
    assert said(result, 2021.0) == "2021"


def test_a_result_of_an_earlier_version_has_none(result: opt.Result) -> None:
    """Nothing is made up."""
    assert outcomes(replace(result, headlines=())) == ()

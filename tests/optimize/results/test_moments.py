"""Times as people say them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.results.moments import MOST_TIMES, moment, round_times


@pytest.mark.parametrize(
    ("time", "end", "unit", "text"),
    [
        (2051.0, 2051.0, "Year", "end of 2050"),
        (2050.99999999999, 2051.0, "years", "end of 2050"),
        (2050.5, 2050.5, "Year", "the end (2050.5)"),
        (2050.0, 2051.0, "Year", "2050"),
        (100.0, 100.0, "Year", "the end (100)"),
        (2400.0, 2400.0, "Day", "the end (2400)"),
        (0.25, 1.0, "Month", "0.25"),
    ],
)
def test_the_end_is_said_as_such(time: float, end: float, unit: str, text: str) -> None:
    """Calendar years end with the year before; other ends are called so."""
    assert moment(time, end=end, unit=unit) == text


@pytest.mark.parametrize(
    ("time", "end", "unit", "text"),
    [
        (2051.0, 2051.0, "Year", "2050年末"),
        (2030.0, 2051.0, "Year", "2030年"),
        (5.0, 60.0, "Month", "5"),
        (60.0, 60.0, "", "期末（60）"),
    ],
)
def test_times_are_said_in_chinese(time: float, end: float, unit: str, text: str) -> None:
    """Years of a calendar as such."""
    assert moment(time, end=end, unit=unit, language="zh") == text


@given(
    st.floats(-3000, 3000),
    st.floats(0.01, 10),
    st.integers(1, 400),
)
def test_round_times_begin_at_the_first_and_end_with_the_last(first: float, step: float, count: int) -> None:
    """They are in order, at most so many, without crowding the ends."""
    times = first + step * np.arange(count)
    places = round_times(times)
    assert places[0] == 0
    assert places[-1] == count - 1
    assert len(places) <= MOST_TIMES
    assert places == sorted(set(places))


def test_twenty_five_years_are_told_in_steps_of_five() -> None:
    """Multiples of five, whatever the first year is."""
    times = np.arange(2023.0, 2049.0)
    assert times[round_times(times)].tolist() == [2023, 2030, 2035, 2040, 2045, 2048]

"""Arrays come back as they were, whatever is in them."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.pages.arrays import packed, unpacked

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(NUMBERS) | st.tuples(NUMBERS, st.integers(0, 9)).map(lambda pair: [pair[0]] * pair[1]))
def test_numbers_come_back_to_the_last_bit(values: list[float]) -> None:
    """Also through JSON, which knows neither NaN nor infinity."""
    found = unpacked(json.loads(json.dumps(packed(np.array(values, dtype=np.float64)), allow_nan=False)))
    assert np.array_equal(found, np.array(values, dtype=np.float64), equal_nan=True)


STEPS = st.tuples(st.integers(-1000, 1000), st.integers(-9, 9), st.integers(1, 20))


@given(
    st.lists(st.integers(-(2**31), 2**31 - 1))
    | st.lists(STEPS).map(lambda runs: [first + step * i for first, step, count in runs for i in range(count)])
)
def test_whole_numbers_come_back_whole(values: list[int]) -> None:
    """As places of rows and columns."""
    found = unpacked(packed(np.array(values, dtype=np.int64)))
    assert found.tolist() == values
    assert not values or found.dtype == np.dtype("<i4")


@pytest.mark.parametrize("value", [0.0, 1.5, math.inf, -math.inf])
def test_one_number_many_times_is_that_number(value: float) -> None:
    """A million bounds that are alike take no more room than one."""
    assert len(json.dumps(packed(np.full(1_000_000, value)))) < 80

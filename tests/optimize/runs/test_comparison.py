"""The gap between two runs is relative, forgives rounding, and never misses what only one run has."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from optimize.runs.comparison import largest_gap, relative_gaps

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6)


def dataset(**variables: list[float]) -> xr.Dataset:
    """A run of scalars at the times 0, 1, 2, ..."""
    length = len(next(iter(variables.values())))
    return xr.Dataset({n: ("time", v) for n, v in variables.items()}, {"time": np.arange(float(length))})


@pytest.mark.parametrize(
    ("one", "other", "gap"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, 2.0], [1.0, 1.0], 0.5),
        ([0.0, 1.0], [0.0, 1.0 + 1e-6], 1e-6),
        ([1e-13, 1.0], [0.0, 1.0], 0.0),
        ([1e-6, 1.0], [0.0, 1.0], 1.0),
        ([np.nan], [np.nan], 0.0),
        ([np.nan], [1.0], 1.0),
        ([np.inf], [np.inf], 0.0),
        ([np.inf], [-np.inf], 1.0),
        ([1.0, np.inf], [1.0, 1e300], 1.0),
    ],
)
def test_gaps_by_hand(one: list[float], other: list[float], gap: float) -> None:
    """Relative to the larger number; below 1e-12 of the peak nothing; a number on one side only is 1."""
    found = relative_gaps(np.array(one), np.array(other)).max()
    assert found == pytest.approx(gap, rel=1e-5, abs=0.0)


@given(NUMBERS, st.floats(1e-3, 1e3))
def test_gaps_do_not_depend_on_order_or_unit(numbers: list[float], factor: float) -> None:
    """Symmetric, and the same in metres and in kilometres."""
    a = np.array(numbers)
    b = a * (1 + 1e-4)
    assert np.allclose(relative_gaps(a, b), relative_gaps(b, a))
    assert np.allclose(relative_gaps(a, b), relative_gaps(a * factor, b * factor))


def test_the_largest_gap_is_named_with_variable_and_time() -> None:
    """Of all variables and times."""
    gap = largest_gap(dataset(x=[1.0, 2.0], y=[1.0, 2.0]), dataset(x=[1.0, 2.0], y=[1.0, 2.2]))
    assert (gap.variable, gap.time, gap.variables) == ("y", 1.0, 2)
    assert gap.size == pytest.approx(1 / 11)
    assert not gap.small


@pytest.mark.parametrize("other", [dataset(x=[1.0, 2.0], z=[1.0, 1.0]), dataset(x=[1.0]), dataset(y=[1.0, 2.0])])
def test_what_one_run_lacks_is_a_gap_of_one(other: xr.Dataset) -> None:
    """A variable, or times."""
    assert largest_gap(dataset(x=[1.0, 2.0]), other).size == 1.0

"""Measures of accuracy are those of the books: Theil's parts sum to 1, and naive forecasts know only the past."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.calibration.accuracy import accuracy, drift, mean_error, no_change, previous

NUMBERS = st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=30)


@given(NUMBERS)
def test_theils_parts_sum_to_one(pairs: list[tuple[float, float]]) -> None:
    """Whatever the two series, unless the simulation is perfect."""
    simulated, observed = np.array(pairs).T
    if np.abs(simulated - observed).max() < 1e-3:
        return
    found = accuracy(simulated, observed)
    assert found.u_mean + found.u_variation + found.u_covariation == pytest.approx(1, abs=1e-9)
    assert min(found.u_mean, found.u_variation, found.u_covariation) > -1e-9


def test_each_part_stands_alone() -> None:
    """A constant error is one of means, a wrong amplitude one of variation, a wrong phase one of covariation."""
    wave = np.sin(np.linspace(0, 20 * np.pi, 2001)[:-1])
    shifted = np.cos(np.linspace(0, 20 * np.pi, 2001)[:-1])
    assert accuracy(wave + 3, wave + 2).u_mean == pytest.approx(1)
    assert accuracy(2 * wave, wave).u_variation == pytest.approx(1)
    assert accuracy(shifted, wave).u_covariation == pytest.approx(1)


def test_measures_by_hand() -> None:
    """Missing observations do not count."""
    found = accuracy(np.array([11.0, 18.0, 5.0, 30.0]), np.array([10.0, 20.0, np.nan, 30.0]))
    assert found.count == 3
    assert found.mape == pytest.approx((0.1 + 0.1 + 0) / 3)
    assert found.rmspe == pytest.approx(np.sqrt((0.01 + 0.01) / 3))
    assert found.r2 == pytest.approx(1 - 5 / 200)
    assert found.u == pytest.approx(np.sqrt((5 / 3) / (1400 / 3)))


def test_what_has_no_meaning_is_nan() -> None:
    """A perfect run has no parts of an error, zeros no percentages, a constant no variation, nothing no measure."""
    assert np.isnan(accuracy(np.ones(3), np.ones(3)).u_mean)
    assert np.isnan(accuracy(np.ones(3), np.zeros(3)).mape)
    assert np.isnan(accuracy(np.ones(3), np.full(3, 2.0)).r2)
    assert accuracy(np.ones(2), np.full(2, np.nan)).count == 0


def test_naive_forecasts_by_hand() -> None:
    """The last value seen, and the line through the first and the last one."""
    gap = np.array([1.0, np.nan, 4.0, 5.0])
    np.testing.assert_equal(previous(gap), [np.nan, 1, 1, 4])
    np.testing.assert_equal(no_change(np.array([1.0, 2.0, np.nan]), 2), [2, 2])
    times = np.array([0.0, 1.0, 2.0])
    np.testing.assert_allclose(drift(times, np.array([1.0, 9.0, 3.0]), np.array([3.0, 5.0]), is_log=False), [4, 6])
    np.testing.assert_allclose(drift(times, np.array([1.0, 9.0, 4.0]), np.array([3.0, 4.0]), is_log=True), [8, 16])
    assert mean_error(np.array([np.nan, 1.0]), np.array([1.0, 2.0])) == 0.5

"""Data series and tables between their points, and beyond them."""

from __future__ import annotations

import numpy as np
import pytest

from sd_models.numbers.tables import read, series_values
from sd_models.system.equation import MISSING
from sd_models.system.model import Interpolation, Series

TIMES = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0])
NO = np.nan


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Interpolation.LINEAR, [10, 10, 15, 20, 30, 40, 40]),
        (Interpolation.EXTRAPOLATE, [0, 10, 15, 20, 30, 40, 50]),
        (Interpolation.BACKWARD, [10, 10, 10, 20, 20, 40, 40]),
        (Interpolation.FORWARD, [10, 10, 20, 20, 40, 40, 40]),
        (Interpolation.RAW, [NO, 10, NO, 20, NO, 40, NO]),
    ],
)
def test_a_series_is_read_at_all_times_at_once(kind: Interpolation, values: list[float]) -> None:
    """Each element of its block by itself."""
    y = np.array([10.0, 20.0, 40.0])
    series = Series(np.array([0.0, 1.0, 3.0]), np.stack([y, -y], axis=1), kind)
    found = np.where(series_values(series, TIMES) == MISSING, NO, series_values(series, TIMES))
    np.testing.assert_array_equal(found, np.array([values, np.negative(values)]).T)


@pytest.mark.parametrize("kind", [kind for kind in Interpolation if kind is not Interpolation.RAW])
def test_one_point_is_a_constant(kind: Interpolation) -> None:
    """There is no line through it."""
    series = Series(np.array([1.0]), np.array([7.0]), kind)
    assert series_values(series, TIMES).ravel().tolist() == [7] * len(TIMES)
    assert read(series, TIMES, np.array(0)).tolist() == [7] * len(TIMES)


def test_a_point_counts_whatever_is_missing_beside_it() -> None:
    """A gap in data makes the times around it unknown, not the known points at its edges."""
    series = Series(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, NO, 5.0, 6.0]))
    found = series_values(series, np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.5])).ravel()
    np.testing.assert_array_equal(found, [1, NO, NO, NO, 5, 5.5])


@pytest.mark.parametrize("x", [[0.0, 1.0, 1.0, 2.0], [0.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
@pytest.mark.parametrize("kind", list(Interpolation))
def test_at_a_jump_the_right_side_holds(kind: Interpolation, x: list[float]) -> None:
    """Whether it stands inside or at an end."""
    at = x[x.index(1.0) if x.count(1.0) > 1 else 0]
    series = Series(np.array(x), np.arange(len(x), dtype=float), kind)
    last = max(i for i, place in enumerate(x) if place == at)
    assert series_values(series, np.array([at])).tolist() == [[last]]
    assert read(series, np.array(at), np.array(0)) == last

"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from optimize.files.numbers import number_texts, share_texts


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.50331, 0.6], ["0.5033", "0.6000"]),
        ([1.0, 2.0], ["1", "2"]),
        ([1234.5, 0.25], ["1,234", "0"]),
        ([12.5, -0.125], ["12.50", "-0.12"]),
        ([0.0, 0.0], ["0", "0"]),
        ([0.0, 1.5e-7], ["0", "1.500e-07"]),
        ([3.2e9, 1.0], ["3.200e+09", "1.000e+00"]),
        ([math.nan, 2.0], ["-", "2"]),
        ([math.inf, 0.5], ["inf", "0.5000"]),
    ],
)
def test_numbers_of_a_row_share_their_decimals(values: list[float], texts: list[str]) -> None:
    """Four digits of the largest; very small and very large rows have exponents."""
    assert number_texts(values) == texts


def test_rounding_has_no_sign_and_no_digits() -> None:
    """What is nothing beside the largest number, or the scale of the whole table, is told as nothing."""
    assert number_texts([1.5, -1e-18], signed=True) == ["+1.500", "0.000"]
    assert number_texts([-3.184e-4], scale=4.0) == ["0.000"]
    assert number_texts([3.2e9, -1e-3]) == ["3.200e+09", "0"]
    assert number_texts([0.99999]) == ["1.000"]
    assert share_texts([-1e-9, 0.1], signed=True) == ["0.0%", "+10.0%"]

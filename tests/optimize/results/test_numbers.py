"""Numbers for people: one precision for a column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.results.numbers import LEAST, MOST, column, signed_column

NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=8)


def decimals(text: str) -> int:
    """How many digits stand after the point."""
    return len(text.partition(".")[2])


@given(NUMBERS)
def test_all_but_zeros_have_as_many_decimals(values: list[float]) -> None:
    """And each is what was given, but for what the precision leaves away."""
    texts = column(values)
    largest = max(map(abs, values))
    if largest == 0 or not LEAST <= largest < MOST:
        return
    told = {decimals(text) for text in texts if text != "0"}
    assert len(told) <= 1
    for text, value in zip(texts, values, strict=True):
        assert float(text.replace(",", "")) == pytest.approx(value, abs=0.5001 * 10 ** -max(told, default=0) + 1e-12)


@given(NUMBERS)
def test_signs_are_told_but_of_nothing(values: list[float]) -> None:
    """No minus before zero."""
    for text, plain in zip(signed_column(values), column(values), strict=True):
        assert text == "0" if plain == "0" else text.lstrip("+-") == plain.lstrip("-")
        assert text == "0" or text[0] in "+-"

"""Numbers for people: one precision for a column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.results.numbers import LEAST, MOST, changes, column, signed_column

NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=8)
NEAR = st.builds(lambda value, part: (value, value + part), st.floats(0.1, 1e4), st.floats(-1.0, 1.0))
PAIRS = st.lists(NEAR, min_size=1, max_size=4)


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


@given(PAIRS, st.floats(-1e4, 1e4))
def test_a_change_is_nothing_where_both_read_alike(pairs: list[tuple[float, float]], beside: float) -> None:
    """And nowhere else; between others it is what both differ by, as far as it tells."""
    like = [beside, *(value for pair in pairs for value in pair)]
    for pair, text in zip(pairs, changes(pairs, like=[beside]), strict=True):
        before, after = column(pair, like=like)
        move = pair[1] - pair[0]
        if not move:
            assert text == "0"
        elif before != after:
            assert text != "0"
        if text != "0":
            assert (text[0] == "+") == (move > 0)
            apart = 0.5001 * 10 ** -decimals(text) if "e" not in text else 0.06 * abs(move)
            assert float(text.replace(",", "")) == pytest.approx(move, abs=apart)
        if before == after and text != "0":
            assert "e" in text or decimals(text) > decimals(before)


@pytest.mark.parametrize(
    ("pair", "like", "told"),
    [
        ((1.2344, 1.2346), [123.0], ["1.2", "1.2", "0"]),
        ((1.249, 1.251), [123.0], ["1.2", "1.3", "+0.0020"]),
        ((1.251, 1.349), [123.0], ["1.3", "1.3", "+0.098"]),
        ((1234.4, 1234.6), [], ["1,234", "1,235", "+0.20"]),
        ((1.0, 2.0), [], ["1.000", "2.000", "+1.000"]),
    ],
)
def test_a_change_agrees_with_what_is_shown(pair: tuple[float, float], like: list[float], told: list[str]) -> None:
    """With more digits where it needs them."""
    assert [*column(pair, like=like), *changes([pair], like=like)] == told

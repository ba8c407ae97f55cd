"""Numbers as people read them: all of a row or a column with one precision, and nothing told of what is none."""

from __future__ import annotations

import math
from collections.abc import Sequence

DIGITS = 4  # significant ones of the largest number
LEAST, MOST = 1e-3, 1e7  # numbers beyond are written with an exponent
DUST = 1e-12  # of the largest: nothing but rounding


def number_texts(values: Sequence[float], *, signed: bool = False, scale: float = 0.0) -> list[str]:
    """Numbers with as many decimals as the largest of them needs for four digits, so that a row reads as one.

    `scale` is that of what they are part of, where this is larger; `signed` ones show that they are above zero. What
    rounds to nothing has no sign; NaN is a dash.

    >>> number_texts([0.50331, 0.6, 12.5]), number_texts([1.5, -1e-18], signed=True)
    (['0.50', '0.60', '12.50'], ['+1.500', '0.000'])
    """
    finite = [abs(value) for value in values if math.isfinite(value)]
    largest = max([*finite, scale])
    if largest and not LEAST <= largest < MOST:
        return [_exponential(value, DUST * largest, signed) for value in values]
    decimals = _decimals(largest) if largest % 1 or any(value % 1 for value in finite) else 0
    return [_fixed(value, decimals, signed) for value in values]


def share_texts(values: Sequence[float], *, signed: bool = False, decimals: int = 1) -> list[str]:
    """Parts in per cent.

    >>> share_texts([0.235, -1e-9, float("nan")], signed=True)
    ['+23.5%', '0.0%', '-']
    """
    return [_fixed(100 * value, decimals, signed) + "%" * math.isfinite(value) for value in values]


def _decimals(largest: float) -> int:
    """How many decimals make four digits of a number, once it is rounded to them: 0.99999 is 1.000."""
    before = math.floor(math.log10(float(f"{largest:.{DIGITS}g}"))) + 1 if largest else DIGITS
    return max(0, DIGITS - before)


def _fixed(value: float, decimals: int, signed: bool) -> str:
    if not math.isfinite(value):
        return _plain(value)
    text = f"{value:,.{decimals}f}"
    is_none = not text.strip("-0.,")
    return text.removeprefix("-") if is_none else f"+{text}" if signed and value > 0 else text


def _exponential(value: float, least: float, signed: bool) -> str:
    if not value or not math.isfinite(value):
        return _plain(value)
    return "0" if abs(value) < least else f"{value:{'+' if signed else ''}.{DIGITS - 1}e}"


def _plain(value: float) -> str:
    """Zero and what is no number; NaN is a dash."""
    return "-" if math.isnan(value) else f"{value:g}"

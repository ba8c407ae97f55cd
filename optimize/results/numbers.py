"""Numbers for people: those that stand in one column have one precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DIGITS = 4
OWN = 2  # digits of a change that its neighbours' precision would hide
LEAST, MOST = 1e-3, 1e7  # what is told without a power of ten


def column(values: Sequence[float], *, like: Sequence[float] = (), digits: int = DIGITS) -> list[str]:
    """Numbers with the decimals that the largest of them and of those that stand beside them needs for so many digits.

    What is nothing in this precision is 0, what is no number a dash.

    >>> column([12.3456, 0.5, 1e-9, float("nan")])
    ['12.35', '0.50', '0', '-']
    >>> column([0.5, 1.25], like=[12345.0])
    ['0', '1']
    """
    return [_text(value, _decimals((*values, *like), digits), "", digits) for value in values]


def signed_column(values: Sequence[float], *, like: Sequence[float] = (), digits: int = DIGITS) -> list[str]:
    """The same with their signs.

    >>> signed_column([12.3456, -0.5, 0.0])
    ['+12.35', '-0.50', '0']
    """
    return [_text(value, _decimals((*values, *like), digits), "+", digits) for value in values]


def changes(pairs: Sequence[tuple[float, float]], *, like: Sequence[float] = (), digits: int = DIGITS) -> list[str]:
    """The changes from the first to the second number of each pair, as they stand beside these in a column.

    Where that would contradict them, nothing between two that read differently or something between two that read
    alike, a change has two digits of its own.

    >>> changes([(12.34, 56.78), (12.344, 12.346), (12.346, 12.354)])
    ['+44.44', '+0.0020', '+0.0080']
    """
    beside = [*like, *(value for pair in pairs for value in pair)]
    told = [column(pair, like=beside, digits=digits) for pair in pairs]
    moves = [after - before for before, after in pairs]
    texts = signed_column(moves, like=beside, digits=digits)
    return [
        text if (text == "0") == (before == after) else signed_column([move], digits=OWN)[0]
        for text, (before, after), move in zip(texts, told, moves, strict=True)
    ]


def shares(parts: Sequence[float], *, sign: str = "", decimals: int = 1) -> list[str]:
    """Parts in per cent; what is none in this precision has no sign, what is no number is a dash.

    >>> shares([0.2351, -1e-9, float("nan")], sign="+")
    ['+23.5%', '0%', '-']
    """
    texts = (_text(100 * part, decimals, sign, DIGITS) for part in parts)
    return [text if text == "-" else f"{text}%" for text in texts]


def _decimals(values: Sequence[float], digits: int) -> int | None:
    """The decimals of a column; None where it needs powers of ten."""
    largest = max((abs(value) for value in values if np.isfinite(value)), default=0.0)
    if largest and not LEAST <= largest < MOST:
        return None
    rounded = float(f"{largest:.{digits}g}")  # so that 0.99999 is 1.000 and not 1.0000
    return max(0, digits - 1 - int(np.floor(np.log10(rounded)))) if largest else 0


def _text(value: float, decimals: int | None, sign: str, digits: int) -> str:
    if not np.isfinite(value):
        return "-"
    if decimals is None:
        return f"{value:{sign}.{digits - 1}e}" if value else "0"
    return f"{value:{sign},.{decimals}f}" if round(value, decimals) else "0"

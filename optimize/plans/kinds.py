"""What the rows of a plan are: its limits, and what it says of its levers."""

from __future__ import annotations

from collections.abc import Container
from enum import StrEnum


class RowKind(StrEnum):
    """What a row, or the price of one, is about."""

    LIMIT = "limit"
    LOWER_BOUND = "lower bound"
    UPPER_BOUND = "upper bound"
    FIXED_VALUES = "fixed values"
    RAMP = "ramp"
    RISE = "largest rise"
    FALL = "largest fall"

    def named(self, name: str) -> str:
        """What people call a limit of this name, or what a plan says of a lever.

        >>> [RowKind.LIMIT.named("annual budget"), RowKind.RISE.named("spending")]
        ['annual budget', 'largest rise of spending']
        """
        return name if self is RowKind.LIMIT else f"{self} of {name}"


def free_name(name: str, taken: Container[str]) -> str:
    """The name, numbered where it is taken: a limit may be called as a bound is, and two levers may share a variable.

    >>> free_name("ramp of spending", {"ramp of spending": 1})
    'ramp of spending (2)'
    """
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free

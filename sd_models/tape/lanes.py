"""The long dimension of a model: along it values stand in rows, along all others they are instructions of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from ..system.expression import range_of
from ..system.model import Kind, System, Variable

SHORTEST = 2  # positions of a row


@dataclass(frozen=True)
class Lanes:
    """Which ranges are long: those along which a variable is a row.

    A variable with several of them has its rows along the first.
    """

    system: System
    ranges: frozenset[str]

    def place(self, variable: Variable) -> int | None:
        """The place of the long dimension among those of a variable; None for one that has none."""
        return next((i for i, name in enumerate(variable.dimensions) if name in self.ranges), None)

    def length(self, variable: Variable) -> int:
        """The length of the variable's rows, 1 for one that has none."""
        place = self.place(variable)
        return 1 if place is None else self.system.shape(variable)[place]

    def is_long(self, axis: str) -> bool:
        """Whether an axis moves along a long range."""
        return range_of(axis) in self.ranges

    def first(self, axes: Sequence[str]) -> str | None:
        """Of these axes the one along which an expression has its rows; rather one that is not summed over."""
        along = sorted(filter(self.is_long, axes), key=lambda axis: axis != range_of(axis))
        return along[0] if along else None


def long_lanes(system: System) -> Lanes:
    """The dimension whose rows leave the fewest instructions, with its parts and all ranges of its length."""
    candidates = [
        _alike(system, name) for name, d in system.dimensions.items() if d.full and len(d.elements) >= SHORTEST
    ]
    return min((Lanes(system, names) for names in candidates), key=_count, default=Lanes(system, frozenset()))


def _alike(system: System, name: str) -> frozenset[str]:
    length = len(system.dimensions[name].elements)
    return frozenset(
        other
        for other, dimension in system.dimensions.items()
        if len(dimension.elements) >= SHORTEST and (dimension.parent == name or len(dimension.elements) == length)
    )


def _count(lanes: Lanes) -> int:
    """The number of rows and single numbers of all variables that can move."""
    moving = lanes.system.of_kind(Kind.STOCK, Kind.SAMPLE, Kind.AUXILIARY)
    return sum(prod(lanes.system.shape(v)) // lanes.length(v) for v in moving)

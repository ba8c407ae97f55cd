"""Promises of a benchmark about a ratio or a time, and whether a run keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Target:
    """A promise about a ratio or a time: at most `limit`, or at least."""

    text: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or `not measured`."""
        if self.value != self.value:
            return "not measured"
        met = self.value >= self.limit if self.at_least else self.value <= self.limit
        return "met" if met else "missed"


def judged(targets: Iterable[Target]) -> Table:
    """The promises with what was measured."""
    table = Table(title="targets")
    for column in ("target", "value", "limit", ""):
        table.add_column(column, justify="left" if column == "target" else "right")
    for target in targets:
        bound = f"{'>=' if target.at_least else '<='} {target.limit:g}"
        table.add_row(target.text, f"{target.value:.4g}", bound, target.verdict)
    return table

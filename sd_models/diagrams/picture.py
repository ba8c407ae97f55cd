"""A picture as a value: what is drawn, and where. Writers turn it into files and place nothing themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from ..analysis.polarity import Sign
from .shapes import Arc, Box, Point


class Role(StrEnum):
    """How a variable is drawn."""

    STOCK = "stock"
    FLOW = "flow"
    AUXILIARY = "auxiliary"
    CONSTANT = "constant"
    DATA = "data"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Node:
    """A variable in a view: `key` tells it from its copies there; a shadow stands for one that is defined elsewhere."""

    key: str
    name: str
    role: Role
    box: Box
    lines: tuple[str, ...]
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Pipe:
    """A flow from `source` to `target`, the keys of stocks, or empty where a cloud stands in the view.

    `points` lead from the source over the valve to the target. `flow` is the key of the node with its name, empty where
    the model gives it none; `both` says that it may run either way.
    """

    key: str
    flow: str
    source: str
    target: str
    points: tuple[Point, ...]
    valve: Box
    upright: bool = False
    both: bool = False
    clouds: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrow:
    """A cause and what it changes, by their keys; an `initial` one sets only where a stock begins.

    An arrow to a flow leads to its name, or where `at_valve` says so to its valve. The arc joins the middles of both.
    """

    source: str
    target: str
    sign: Sign
    initial: bool
    at_valve: bool
    arc: Arc


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of a feedback loop: R1, B1 and so on, with its name where the model gives one."""

    label: str
    name: str
    clockwise: bool
    box: Box


@dataclass(frozen=True)
class View:
    """A picture; everything in it lies between 0 and `width`, 0 and `height`."""

    name: str
    nodes: tuple[Node, ...]
    pipes: tuple[Pipe, ...]
    arrows: tuple[Arrow, ...]
    marks: tuple[Mark, ...]
    width: float
    height: float

    def boxes(self) -> Iterator[tuple[str, Box]]:
        """Every box in which something is drawn, with what it is."""
        yield from ((node.key, node.box) for node in self.nodes)
        for pipe in self.pipes:
            yield f"valve of {pipe.key}", pipe.valve
            yield from ((f"cloud of {pipe.key}", cloud) for cloud in pipe.clouds)
        yield from ((f"mark {mark.label}", mark.box) for mark in self.marks)

    def ends(self, arrow: Arrow) -> tuple[Box, Box]:
        """The boxes that an arrow joins."""
        return self._nodes[arrow.source], (self._valves if arrow.at_valve else self._nodes)[arrow.target]

    @cached_property
    def _nodes(self) -> dict[str, Box]:
        return {node.key: node.box for node in self.nodes}

    @cached_property
    def _valves(self) -> dict[str, Box]:
        return {pipe.key: pipe.valve for pipe in self.pipes}

"""Integration over one step of fixed length.

A method takes the stocks, their net flows at any point of the step, and a way to move along flows. All methods are
explicit, so that the step is one expression of the stocks at its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ..system.model import Method
from .functions import Column

Columns: TypeAlias = Mapping[str, Column]
FlowsAt: TypeAlias = Callable[[Columns, float], Columns]
"""Net flows for given stocks at a fraction (0, 0.5 or 1) of the step."""
Move: TypeAlias = Callable[[Columns, float], Columns]
"""The stocks at the beginning moved along flows for a fraction of the step."""

OFFSETS: Mapping[Method, tuple[float, ...]] = {
    Method.EULER: (0.0,),
    Method.RK2: (0.0, 1.0),
    Method.RK4: (0.0, 0.5, 1.0),
}
"""The fractions of a step at which each method asks for flows."""


def euler(stocks: Columns, flows: FlowsAt, move: Move) -> Columns:
    """The stocks moved along the flows at the beginning of the step."""
    return move(flows(stocks, 0.0), 1.0)


def heun(stocks: Columns, flows: FlowsAt, move: Move) -> Columns:
    """Second-order Runge-Kutta with the mean of the flows at both ends of the step (Heun 1900)."""
    first = flows(stocks, 0.0)
    last = flows(move(first, 1.0), 1.0)
    return move({name: (first[name] + last[name]) / 2.0 for name in first}, 1.0)


def kutta(stocks: Columns, flows: FlowsAt, move: Move) -> Columns:
    """The classical fourth-order Runge-Kutta method (Kutta 1901)."""
    first = flows(stocks, 0.0)
    second = flows(move(first, 0.5), 0.5)
    third = flows(move(second, 0.5), 0.5)
    fourth = flows(move(third, 1.0), 1.0)
    mean = {name: (first[name] + 2.0 * second[name] + 2.0 * third[name] + fourth[name]) / 6.0 for name in first}
    return move(mean, 1.0)


METHODS: Mapping[Method, Callable[[Columns, FlowsAt, Move], Columns]] = {
    Method.EULER: euler,
    Method.RK2: heun,
    Method.RK4: kutta,
}

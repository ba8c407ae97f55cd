"""How soon levers reach a variable: what no lever can move, and from which point of the horizon on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import networkx as nx

from sd_models.analysis.loops import influences
from sd_models.system.expression import references
from sd_models.system.model import Kind, Series, System, Values, Variable


def reached(system: System, names: Iterable[str], *, from_start: bool) -> Mapping[str, int]:
    """The variables that follow from the named ones, and after how many time steps they are reached at the earliest.

    A stock follows its flows one step later; initial values count where decisions begin with the run (`from_start`).
    The named variables are given from outside, so they follow from nothing.
    """
    graph = influences(system)
    known = {name for name in names if name in graph}
    if not known:
        return {}
    found = nx.multi_source_dijkstra_path_length(graph, known, weight=_steps(system, from_start))
    return {name: int(steps) for name, steps in found.items() if name not in known}


def _steps(system: System, from_start: bool) -> Callable[[str, str, Mapping[str, Any]], int | None]:
    """The time steps that an influence takes, None for one that does not count."""

    def steps(cause: str, effect: str, edge: Mapping[str, Any]) -> int | None:
        if edge["initial"] and not from_start:
            return None
        variable = system.variables[effect]
        waits = variable.kind is Kind.STOCK and not edge["initial"]
        return int(waits and not (from_start and cause in _initial_causes(variable)))

    return steps


def _initial_causes(variable: Variable) -> frozenset[str]:
    """What the initial value of a variable refers to."""
    sides = (equation.initial for equation in variable.equations)
    found = (references(side) for side in sides if side is not None and not isinstance(side, Values | Series))
    return frozenset().union(*found)

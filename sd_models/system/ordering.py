"""The order of evaluation, and the circular equations that have none.

At a time, stocks, constants and data are known; auxiliaries follow from each other. At the first time stocks follow
from their initial values as well. Variables that depend on each other only through different elements (a cohort on the
one before) are evaluated element by element; only a true circle of elements is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from ..errors import Fault, InvalidModel
from .expression import Expr, references
from .model import Equation, Kind, Series, System, Values, Variable

GIVEN = frozenset((Kind.DATA, Kind.TABLE))


def current(equation: Equation) -> Expr | Values | None:
    """What an auxiliary or a constant is at any time of the run."""
    return None if isinstance(equation.definition, Series) else equation.definition


def at_start(equation: Equation) -> Expr | Values | None:
    """What a variable is while initial values are computed."""
    return current(equation) if equation.initial is None else equation.initial


def dependencies(variable: Variable, *, initial: bool = False) -> frozenset[str]:
    """The variables whose values at the same time the value of this one needs."""
    if variable.kind in GIVEN or (not initial and variable.kind in (Kind.STOCK, Kind.SAMPLE)):
        return frozenset()
    part = at_start if initial else current
    sides = (part(equation) for equation in variable.equations)
    found = frozenset().union(*(references(s) for s in sides if s is not None and not isinstance(s, Values)))
    return found - {"Time"}


@dataclass(frozen=True, slots=True)
class Stage:
    """Variables that are evaluated together: one, or several that depend on each other's elements."""

    variables: tuple[str, ...]
    circular: bool


def stages(
    system: System, wanted: Iterable[str], *, given: frozenset[str] = frozenset(), initial: bool = False
) -> tuple[Stage, ...]:
    """The variables that the wanted ones need, in an order in which each follows what it needs.

    `given` variables (levers, parameters) need nothing.
    """
    graph: dict[str, frozenset[str]] = {}
    open_names = list(wanted)
    while open_names:
        name = open_names.pop()
        if name in graph or name == "Time":
            continue
        needs = frozenset() if name in given else dependencies(system.variables[name], initial=initial)
        graph[name] = needs
        open_names.extend(needs)
    try:
        return tuple(Stage((name,), False) for name in TopologicalSorter(_sorted(graph)).static_order())
    except CycleError:
        return _condensed(graph)


def _sorted(graph: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    """The graph with its edges in a fixed order, so that equal models compile equally."""
    return {name: sorted(graph[name]) for name in sorted(graph)}


def _condensed(graph: Mapping[str, frozenset[str]]) -> tuple[Stage, ...]:
    """Stages of a graph with circles, each circle one stage."""
    import networkx as nx  # a tenth of the time of a first run, and few models have circles

    directed = nx.DiGraph((need, name) for name, needs in _sorted(graph).items() for need in needs)
    directed.add_nodes_from(graph)
    condensed = nx.condensation(directed)
    order = nx.lexicographical_topological_sort(condensed, key=lambda n: min(condensed.nodes[n]["members"]))
    result = []
    for number in order:
        members = sorted(condensed.nodes[number]["members"])
        circular = len(members) > 1 or members[0] in graph[members[0]]
        result.append(Stage(tuple(members), circular))
    return tuple(result)


def circle_error(system: System, circle: Iterable[str], *, initial: bool) -> InvalidModel:
    """The error for equations that need each other's values at the same time, as the loop that they are."""
    names = list(circle)
    first = system.variables.get(names[0].split("[", 1)[0])
    when = "initial values" if initial else "equations"
    found = f"these {when} need each other at the same time: {' <- '.join((*names, names[0]))}."
    advice = (
        "Break the loop with a stock or a delay, or with ACTIVE INITIAL where only the initial values are circular."
    )
    fault = Fault(found, advice=advice, file=system.name)
    if first is not None and first.place is not None:
        fault = replace(fault, variable=first.name, file=first.place.file, line=first.place.line)
    return InvalidModel(fault)

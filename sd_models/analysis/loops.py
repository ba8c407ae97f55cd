"""Who influences whom in a model: causes, effects and feedback loops.

Influences are between variables as a whole, not between their elements: two cohorts of one stock are one variable.

Why not all loops: their number grows exponentially with the model, and most are long walks that nobody reads. We list
the shortest independent ones (R. Oliva, System Dynamics Review 20:4, 2004): shortest first, a loop is kept if it has a
link that no kept one has. Every link that takes part in feedback is then in a loop, and there are at most as many loops
as links. A loop that is made of links of shorter ones is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import networkx as nx

from ..system.expression import Call, Expr, fold
from ..system.functions import STATEFUL
from ..system.model import Equation, Kind, Series, System, Values, Variable
from .polarity import Sign, Signs, at_least_zero, given_sign, merged, shared_sign, slope_sign

STOCKS = (Kind.STOCK, Kind.SAMPLE)


class Polarity(StrEnum):
    """What a loop does with a disturbance."""

    REINFORCING = "reinforcing"
    BALANCING = "balancing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Loop:
    """A circle of variables, each a cause of the next and the last one of the first, which is a stock."""

    variables: tuple[str, ...]
    polarity: Polarity

    def __str__(self) -> str:
        return f"{' -> '.join((*self.variables, self.variables[0]))} ({self.polarity})"


class Passage(StrEnum):
    """How a cause reaches its effect."""

    NOW = "now"  # at the same time
    STOCK = "stock"  # through a stock, or a function with a memory
    START = "start"  # through an initial value only


def influences(system: System) -> nx.DiGraph[str]:
    """The variables as nodes, an edge from each cause to its effect.

    An edge has `stock`, whether the influence passes through a stock or a function with a memory; `initial`, whether it
    only sets an initial value; and `sign`, 1 or -1 for the direction of the effect, None where that is not known.
    """
    signs = variable_signs(system)
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(system.variables)
    for variable in system:
        effects = _effects(signs, variable)
        for cause, ways in _passages(variable).items():
            if cause in system.variables:
                initial = ways == {Passage.START}
                graph.add_edge(
                    cause,
                    variable.name,
                    stock=Passage.STOCK in ways,
                    initial=initial,
                    sign=None if initial else effects.get(cause) or None,
                )
    return graph


def reached_from(system: System, name: str) -> tuple[str, ...]:
    """The variables that a variable influences, directly or through others, the nearest first."""
    return tuple(found for _, found in nx.bfs_edges(influences(system), system[name].name))


def causes_of(system: System, name: str) -> tuple[str, ...]:
    """The variables that influence a variable, directly or through others, the nearest first."""
    return tuple(found for _, found in nx.bfs_edges(influences(system), system[name].name, reverse=True))


def feedback_loops(system: System, *, limit: int = 200) -> tuple[Loop, ...]:
    """The shortest independent feedback loops, the shortest first, at most `limit` of them.

    Each passes through a stock. Its polarity is told where every link has a known sign (see `polarity`). The effort
    grows as variables times links of those that are part of feedback: seconds for some thousands.

    >>> import sd_models as sd
    >>> print(sd.feedback_loops(sd.load("urbanization"))[2])
    urban capital -> urban capital (balancing)
    """
    graph = feedback_graph(system)
    order = {name: position for position, name in enumerate(system.variables)}
    links = {name: list(graph.successors(name)) for name in graph}
    found = (circle for name in graph for circle in _shortest_circles(links, name, set(graph.predecessors(name))))
    circles = {circle_from_stock(system, order, circle) for circle in found}
    loops: list[Loop] = []
    covered: set[tuple[str, str]] = set()
    for circle in sorted(circles, key=lambda circle: (len(circle), [order[name] for name in circle])):
        edges = set(_edges(circle))
        if not edges <= covered and has_stock(graph, circle):
            covered |= edges
            loops.append(Loop(circle, _polarity(graph.edges[edge]["sign"] for edge in edges)))
    return tuple(loops[:limit])


def feedback_graph(system: System) -> nx.DiGraph[str]:
    """The links that are part of a circle, without those that only set initial values."""
    graph = influences(system)
    running: nx.DiGraph[str] = nx.DiGraph()
    running.add_nodes_from(graph)
    running.add_edges_from(edge for edge in graph.edges(data=True) if not edge[2]["initial"])
    groups = enumerate(nx.strongly_connected_components(running))
    group = {name: number for number, members in groups for name in members}
    running.remove_edges_from([link for link in running.edges if group[link[0]] != group[link[1]]])
    return running


def has_stock(graph: nx.DiGraph[str], circle: Sequence[str]) -> bool:
    """Whether a circle of the graph passes through a stock."""
    return any(graph.edges[edge]["stock"] for edge in _edges(tuple(circle)))


def _shortest_circles(links: Mapping[str, Sequence[str]], start: str, last: set[str]) -> Iterator[tuple[str, ...]]:
    """The shortest circles from `start` through each variable of `last`, which are those that lead back to it.

    A plain search by layers, since it runs once for each variable: that of networkx takes two or three times as long.
    """
    cause = {start: start}
    layer = [start]
    while layer and last:
        for name in layer:
            if name in last:
                yield _path(cause, start, name)
        last = last.difference(layer)
        layer = _next_layer(links, layer, cause)


def _next_layer(links: Mapping[str, Sequence[str]], layer: Sequence[str], cause: dict[str, str]) -> list[str]:
    """The variables that the layer leads to and that have no cause yet; they get one."""
    found: list[str] = []
    for name in layer:
        for effect in links[name]:
            if effect not in cause:
                cause[effect] = name
                found.append(effect)
    return found


def _path(cause: Mapping[str, str], start: str, end: str) -> tuple[str, ...]:
    path = [end]
    while path[-1] != start:
        path.append(cause[path[-1]])
    return tuple(reversed(path))


def circle_from_stock(system: System, order: Mapping[str, int], circle: Sequence[str]) -> tuple[str, ...]:
    """The circle from its first stock in this order; without a stock, from its first variable."""
    stocks = [name for name in circle if system.variables[name].kind in STOCKS]
    first = circle.index(min(stocks or circle, key=order.__getitem__))
    return (*circle[first:], *circle[:first])


def _edges(circle: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return zip(circle, (*circle[1:], circle[0]), strict=True)


def _polarity(signs: Iterable[Sign]) -> Polarity:
    product = 1
    for sign in signs:
        if not sign:
            return Polarity.UNKNOWN
        product *= sign
    return Polarity.REINFORCING if product > 0 else Polarity.BALANCING


# --- passages ---------------------------------------------------------------------------------------------------------

Ways = dict[str, set[Passage]]

# Which argument of a function with a memory is its initial value.
INITIAL_ARGUMENT: Mapping[str, int] = {
    **dict.fromkeys(("SMOOTH", "SMOOTH N", "DELAY", "DELAY N", "DELAY FIXED", "TREND", "SAMPLE IF TRUE"), 2),
    **dict.fromkeys(("INTEG", "PREVIOUS", "ACTIVE INITIAL"), 1),
    "FORECAST": 3,
    "INITIAL": 0,
}


def _passages(variable: Variable) -> Ways:
    """The causes of a variable in the order of reading, and the ways in which each reaches it."""
    through = Passage.STOCK if variable.kind in STOCKS else Passage.NOW
    found: list[Ways] = []
    for equation in variable.equations:
        if not isinstance(equation.definition, Values | Series):
            found.append(_through(_ways(equation.definition), through))
        if equation.initial is not None:
            found.append(_through(_ways(equation.initial), Passage.START))
    return _together(found)


def _ways(expr: Expr) -> Ways:
    return fold(
        expr,
        number=lambda node: {},
        ref=lambda node: {node.name: {Passage.NOW}},
        call=_call_ways,
        reduce=lambda node, part: part,
    )


def _call_ways(node: Call, parts: tuple[Ways, ...]) -> Ways:
    if node.function not in STATEFUL:
        return _together(parts)
    initial = INITIAL_ARGUMENT[node.function]
    rest = Passage.NOW if node.function == "ACTIVE INITIAL" else Passage.STOCK
    return _together(_through(part, Passage.START if i == initial else rest) for i, part in enumerate(parts))


def _through(ways: Ways, passage: Passage) -> Ways:
    """The ways of a part of an expression, as seen from behind what the part goes through."""
    if passage is Passage.NOW:
        return ways
    start = {Passage.START}
    return {
        name: start if passage is Passage.START or found == start else found | {passage} for name, found in ways.items()
    }


def _together(parts: Iterable[Ways]) -> Ways:
    result: Ways = {}
    for part in parts:
        for name, ways in part.items():
            result[name] = result.get(name, set()) | ways
    return result


# --- signs ------------------------------------------------------------------------------------------------------------


def variable_signs(system: System) -> Signs:
    """The signs of the variables, as far as they follow from given numbers, limits and equations."""
    slopes = {table.name: slope_sign(table) for table in system.of_kind(Kind.TABLE)}
    values: dict[str, Sign] = {variable.name: given_sign(variable) for variable in system}
    signs = Signs(values, slopes)
    for name in _in_order(system):
        if values[name] is None:
            values[name] = _value(signs, system.variables[name])
    return signs


def _in_order(system: System) -> Iterator[str]:
    """The variables, each behind those that its value at the start needs, as far as they form no circle."""
    needs: nx.DiGraph[str] = nx.DiGraph()
    needs.add_nodes_from(system.variables)
    for variable in system:
        for equation in variable.equations:
            side = _starting_side(variable, equation)
            if side is not None:
                needs.add_edges_from((name, variable.name) for name in _ways(side) if name in system.variables)
    condensed = nx.condensation(needs)
    order = {name: position for position, name in enumerate(system.variables)}
    for group in nx.topological_sort(condensed):
        yield from sorted(condensed.nodes[group]["members"], key=order.__getitem__)


def _starting_side(variable: Variable, equation: Equation) -> Expr | None:
    """What decides the sign of a variable: the initial value of a stock, the definition of all others."""
    side = equation.initial if variable.kind in STOCKS else equation.definition
    return None if isinstance(side, Values | Series) else side


def _value(signs: Signs, variable: Variable) -> Sign:
    sides = [_starting_side(variable, equation) for equation in variable.equations]
    found = [None if side is None else signs.response(side).sign for side in sides]
    sign = shared_sign(found)
    return at_least_zero(sign) if variable.kind in STOCKS else sign


def _effects(signs: Signs, variable: Variable) -> Mapping[str, Sign]:
    """Which way each cause moves the variable; where its equations disagree, that is not known."""
    sides = (equation.definition for equation in variable.equations)
    return merged(*(signs.response(side).effects for side in sides if not isinstance(side, Values | Series)))

"""What a diagram shows of a system: roles, the causes of each variable, and what fills and drains each stock.

Variables that reading added (copies of macros, tables inside equations) are not drawn: what they pass on is drawn as a
cause of the variable that they serve.

A flow is a variable that stands alone as a term of the net flow of a stock, or summed over a dimension. It joins two
stocks if it leaves one and enters the other. What else a net flow holds is drawn as valves without a name, of which a
stock has at most three: what fills it, what drains it, and what may do either. Causes of these terms lead to the valve,
which is how Vensim counts them as causes of the stock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import networkx as nx

from ..analysis.loops import influences, variable_signs
from ..analysis.polarity import Effects, Sign, Signs, scaled
from ..system.expression import Call, Expr, Reduce, Ref, fold, nodes, references
from ..system.model import Kind, Series, System, Values, Variable, key
from .picture import Role

TIME = "Time"
CONTROLS = frozenset(("initial time", "final time", "time step", "saveper"))
ROLES: Mapping[Kind, Role] = {
    Kind.STOCK: Role.STOCK,
    Kind.SAMPLE: Role.AUXILIARY,
    Kind.AUXILIARY: Role.AUXILIARY,
    Kind.CONSTANT: Role.CONSTANT,
    Kind.DATA: Role.DATA,
    Kind.TABLE: Role.TABLE,
}
FLOWING = (Kind.AUXILIARY, Kind.CONSTANT, Kind.DATA)


@dataclass(frozen=True, slots=True)
class Cause:
    """A variable that another one depends on; `initial` where it only sets an initial value."""

    name: str
    sign: Sign = None
    initial: bool = False


@dataclass(frozen=True, slots=True)
class Valve:
    """What runs from one stock to another; an empty name stands for the outside of the model.

    `flow` is the variable that it is, empty where the equation names none; then `causes` tell what opens it.
    """

    flow: str
    source: str = ""
    target: str = ""
    both: bool = False
    causes: tuple[Cause, ...] = ()

    @property
    def stocks(self) -> tuple[str, ...]:
        """The stocks that it joins."""
        return tuple(name for name in (self.source, self.target) if name)


@dataclass(frozen=True)
class Structure:
    """The variables of the file with their roles, in its order; the causes of each; the valves of all stocks.

    What passes a valve into a stock is no cause of the stock here.
    """

    roles: Mapping[str, Role]
    causes: Mapping[str, tuple[Cause, ...]]
    valves: tuple[Valve, ...]


def structure(system: System) -> Structure:
    """What is drawn of a system."""
    reader = _Reader(system, variable_signs(system), influences(system))
    drains = _Drains()
    for stock in system.of_kind(Kind.STOCK):
        if not stock.origin:
            reader.drain(stock, drains)
    valves = tuple(drains.valves())
    drawn = [variable for variable in system if not variable.origin]
    flows = {valve.flow for valve in valves}
    return Structure(
        {v.name: Role.FLOW if v.name in flows else ROLES[v.kind] for v in drawn},
        {v.name: reader.causes(v) for v in drawn},
        valves,
    )


Term: TypeAlias = tuple[int, Expr]


def terms(expr: Expr) -> tuple[Term, ...]:
    """What an expression adds up, each with 1 or -1; zeros are left out."""
    found = fold(
        expr,
        number=lambda node: ((1, node),) if node.value else (),
        ref=lambda node: ((1, node),),
        call=_call_terms,
        reduce=lambda node, part: ((1, node),),
    )
    return tuple(found)


def _call_terms(node: Call, parts: tuple[tuple[Term, ...], ...]) -> tuple[Term, ...]:
    if node.function == "+":
        return (*parts[0], *parts[1])
    if node.function == "-":
        return (*(parts[0] if len(parts) == 2 else ()), *((-sign, term) for sign, term in parts[-1]))
    return ((1, node),)


@dataclass
class _Drains:
    """Valves while stock after stock is read."""

    sources: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    unnamed: dict[tuple[str, int], dict[str, Sign]] = field(default_factory=dict)

    def take(self, flow: str, stock: str, sign: int) -> bool:
        """Whether the flow runs into (1) or out of (-1) this stock and no other."""
        mine, others = (self.targets, self.sources) if sign > 0 else (self.sources, self.targets)
        return others.get(flow) != stock and mine.setdefault(flow, stock) == stock

    def add(self, stock: str, direction: int, effects: Effects) -> None:
        """Add causes of what has no name."""
        known = self.unnamed.setdefault((stock, direction), {})
        for name, sign in effects.items():
            known[name] = sign if known.get(name, sign) == sign else None

    def valves(self) -> Iterator[Valve]:
        """The flows in the order in which stocks name them, then what has no name."""
        for flow in {**self.targets, **self.sources}:
            yield Valve(flow, self.sources.get(flow, ""), self.targets.get(flow, ""))
        for (stock, direction), effects in self.unnamed.items():
            causes = tuple(Cause(name, sign) for name, sign in effects.items())
            ends = ("", stock) if direction >= 0 else (stock, "")
            yield Valve("", *ends, both=direction == 0, causes=causes)


@dataclass(frozen=True)
class _Reader:
    system: System
    signs: Signs
    graph: nx.DiGraph[str]

    def drain(self, stock: Variable, drains: _Drains) -> None:
        """Add the valves of a stock."""
        for equation in stock.equations:
            if isinstance(equation.definition, Values | Series):
                continue
            for sign, term in terms(equation.definition):
                flow = self._flow(term)
                if not flow or not drains.take(flow, stock.name, sign):
                    drains.add(stock.name, *self._unnamed(sign, term))

    def _flow(self, term: Expr) -> str:
        """The variable that a term is, alone or summed; empty for another term."""
        inner = term.argument if isinstance(term, Reduce) and term.operator == "SUM" else term
        found = self.system.variables.get(inner.name) if isinstance(inner, Ref) else None
        is_flow = found is not None and found.kind in FLOWING and not found.origin and key(found.name) not in CONTROLS
        return found.name if found is not None and is_flow else ""

    def _unnamed(self, sign: int, term: Expr) -> tuple[int, Effects]:
        """Which way a term runs (0: either), and how its causes move what runs that way."""
        response = self.signs.response(term)
        known = {1: sign, 0: sign, -1: -sign}.get(2 if response.sign is None else response.sign)
        direction = known if known is not None else 0 if _has_difference(term) else sign
        effects = scaled({name: self._effect(response.effects, name) for name in references(term)}, sign)
        named: dict[str, Sign] = {}
        for name, effect in sorted(scaled(effects, direction or 1).items()):
            for cause in self._drawn(name):
                named[cause] = effect if cause == name else None
        return direction, named

    def _effect(self, effects: Effects, name: str) -> Sign:
        return effects.get(name) or None

    def _drawn(self, name: str) -> tuple[str, ...]:
        """A cause as it is drawn: itself, or what an added variable passes on."""
        variable = self.system.variables.get(name)
        if variable is None:
            return (TIME,) if name == TIME else ()
        return tuple(self._passed_on(name)) if variable.origin else (name,)

    def _passed_on(self, name: str) -> dict[str, bool]:
        """The drawn causes behind an added variable, and whether each sets initial values only."""
        found: dict[str, bool] = {}
        waiting, seen = [(name, False)], {name}
        while waiting:
            effect, initial = waiting.pop()
            for cause, start in self._direct(effect):
                variable = self.system.variables.get(cause)
                if variable is None or not variable.origin:
                    found[cause] = found.get(cause, True) and (initial or start)
                elif cause not in seen:
                    seen.add(cause)
                    waiting.append((cause, initial or start))
        return found

    def _direct(self, name: str) -> Iterator[tuple[str, bool]]:
        """The causes of a variable, those that only set its initial value marked; the time of the run is one."""
        yield from ((cause, self.graph.edges[cause, name]["initial"]) for cause in self.graph.predecessors(name))
        definitions, initials = _names(self.system.variables[name])
        if TIME in definitions | initials:
            yield TIME, TIME not in definitions

    def causes(self, variable: Variable) -> tuple[Cause, ...]:
        """What leads into a variable, in the order of the file; of a stock only what sets its initial value."""
        found: dict[str, Cause] = {}
        for name, initial in self._passed_on(variable.name).items():
            direct = self.graph.has_edge(name, variable.name)
            sign = self.graph.edges[name, variable.name]["sign"] if direct else None
            if name != variable.name and (initial or variable.kind is not Kind.STOCK):
                found[name] = Cause(name, sign, initial)
        order = {name: place for place, name in enumerate((*self.system.variables, TIME))}
        return tuple(sorted(found.values(), key=lambda cause: order[cause.name]))


def _names(variable: Variable) -> tuple[frozenset[str], frozenset[str]]:
    """What the definitions of a variable name, and what its initial values name."""
    definitions = [e.definition for e in variable.equations if not isinstance(e.definition, Values | Series)]
    initials = [e.initial for e in variable.equations if e.initial is not None]
    return frozenset().union(*map(references, definitions)), frozenset().union(*map(references, initials))


def _has_difference(expr: Expr) -> bool:
    """Whether something is subtracted inside of it."""
    return any(isinstance(n, Call) and n.function == "-" and len(n.arguments) == 2 for n in nodes(expr))

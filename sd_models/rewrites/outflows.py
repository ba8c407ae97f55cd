"""Stocks that cannot be negative: their outflows cut to what they hold, so that matter is conserved.

In each step the first named outflow takes what it asks for, at most what the stock holds and what flows in:
MIN(asked, stock / TIME STEP + inflows); the next ones take of what is left. This is isee systems' "Flow prioritization"
(Stella's online help, Computational Details: "outflow volume = MIN(stock/DT + total inflow volume, explicit outflow
volume)", "the priority 1 outflow gets first crack at the contents of the stock"); XMILE lists a stock's flows by
priority (version 1.0, section on stocks). The flow itself is cut, so that the stock into which it runs, and every
equation that reads it, see what flows indeed. A flow that may run backwards out of a stock into which it is drawn is
held to what the stock holds and the inflows named before it bring, before the outflows take theirs.

Why equations and not a rule of the integration: every target sees them, derivatives follow, and the kinks are those of
MIN and MAX. What is left is rounding: a step may end 1e-17 below zero, which the integration cuts off.

Where outflows read each other, the one that is read goes first, as in Stella. Where an inflow follows from the outflow
that it would feed, in the same step, it is not counted for that one, and a note says so: it can be passed on one step
later.

Runge-Kutta methods ask for flows several times a step. What the stock holds is held at the beginning of the step (see
`Variable.held`), so that no stage sees less than the step can give, and a stock can be emptied in one step, as by
Euler's method. A weighted mean of such flows takes no more than the stock holds.

A flow that is given for a run (a lever, a constant) keeps the given values as its own; what flows is then the variable
`NAME: taken`, to which all equations refer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..system.expression import Call, Expr, Ref, Subscript, rebuild, references
from ..system.model import Equation, Kind, System, Variable
from ..system.ordering import dependencies

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Cut:
    """What a stock lets a flow be: at most `bound` for an outflow, at least its negative for an inflow (`into`).

    The bound is over the dimensions of the flow; it names the stock and TIME STEP, other flows, and numbers.
    """

    flow: str
    stock: str
    bound: Expr
    into: bool = False


def cuts(system: System) -> tuple[tuple[Cut, ...], tuple[str, ...]]:
    """What stocks that cannot be negative do to their flows, and the notes on that."""
    work = _Order(system)
    found = [cut for stock in limited(system) for cut in work.cuts(stock)]
    return tuple(found), tuple(work.notes)


def limited(system: System) -> tuple[Variable, ...]:
    """The stocks that cannot be negative and have flows to be cut."""
    return tuple(v for v in system.of_kind(Kind.STOCK) if v.non_negative and (v.inflows or v.outflows))


def cut_outflows(system: System, *, given: Collection[str] = ()) -> System:
    """The system with all flows cut by equations; `given` are the flows whose own values come from outside.

    Doing it twice is as good as once: the stocks of the result name no flows any more.
    """
    if not limited(system):
        return system
    found, notes = cuts(system)
    work = _Cutting(system, tuple(cut for cut in found if cut.flow in given), _circular_at_start(system, found))
    for name in dict.fromkeys(cut.flow for cut in found):
        work.cut(system.variables[name], [cut for cut in found if cut.flow == name], given=name in given)
    return work.result((*notes, *(_told(cut) for cut in work.given)))


def _told(cut: Cut) -> str:
    return (
        f"{cut.flow}: its values are given; what {cut.stock} cannot give of them does not flow "
        f"({taken(cut.flow)} is what does)."
    )


def taken(flow: str) -> str:
    """The name of what flows of a flow whose values are given."""
    return f"{flow}: taken"


# --- what each stock lets its flows be --------------------------------------------------------------------------------


@dataclass
class _Order:
    """The flows that need each other at the same time, growing by what the cuts need."""

    system: System
    needs: nx.DiGraph[str] = field(init=False)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        import networkx as nx  # few models have stocks that cannot be negative

        self.needs = nx.DiGraph()
        self.needs.add_nodes_from(self.system.variables)
        self.needs.add_edges_from((v.name, name) for v in self.system for name in dependencies(v))

    def cuts(self, stock: Variable) -> Iterator[Cut]:
        """The cuts of one stock: inflows that may run backwards first, then outflows by their priority."""
        for position, name in enumerate(stock.inflows):
            if not self.system.variables[name].non_negative:
                yield Cut(name, stock.name, self._held(stock, name, stock.inflows[:position]), into=True)
        before: list[str] = []
        for name in self._by_priority(stock.outflows):
            held = self._held(stock, name, stock.inflows)
            yield Cut(name, stock.name, _less(held, [self._ref(other) for other in before]))
            self.needs.add_edges_from((name, other) for other in before)
            before.append(name)

    def _by_priority(self, flows: Sequence[str]) -> list[str]:
        """In the order named, but what an outflow follows from before it."""
        waiting, ordered = list(flows), list[str]()
        while waiting:
            free = (f for f in waiting if not any(self._follows(f, other) for other in waiting if other != f))
            ordered.append(next(free, waiting[0]))
            waiting.remove(ordered[-1])
        return ordered

    def _held(self, stock: Variable, flow: str, inflows: Sequence[str]) -> Expr:
        """What the stock holds and what flows in, as a rate over one step."""
        coming = [name for name in inflows if not self._follows(name, flow)]
        if len(coming) < len(inflows):
            lost = ", ".join(name for name in inflows if name not in coming)
            found = f"what flows in by {lost} follows from {flow}, so that it cannot feed it in the same step."
            self.notes.append(f"{stock.name}: {found}")
        self.needs.add_edges_from((flow, name) for name in coming)
        held: Expr = Call("/", (self._ref(stock.name), Ref(self.system["TIME STEP"].name)))
        for name in coming:
            held = Call("+", (held, self._ref(name)))
        return held

    def _follows(self, flow: str, other: str) -> bool:
        """Whether a flow needs the value of another one (or is it) at the same time."""
        import networkx as nx

        return nx.has_path(self.needs, flow, other)

    def _ref(self, name: str) -> Ref:
        return _whole(self.system.variables[name])


def _whole(variable: Variable) -> Ref:
    """All elements of a variable, where its dimensions are those of the equation."""
    return Ref(variable.name, tuple(Subscript(name, name) for name in variable.dimensions))


def _less(held: Expr, flows: Sequence[Expr]) -> Expr:
    for flow in flows:
        held = Call("-", (held, flow))
    return held


# --- the equations ----------------------------------------------------------------------------------------------------


@dataclass
class _Cutting:
    """The system while its flows are being cut."""

    before: System
    given: tuple[Cut, ...]
    circular: frozenset[str]
    variables: dict[str, Variable] = field(init=False)

    def __post_init__(self) -> None:
        self.variables = dict(self.before.variables)

    def cut(self, flow: Variable, found: Sequence[Cut], *, given: bool) -> None:
        """The equation of one flow, next to what it asks for."""
        asked = flow if given else replace(flow, name=f"{flow.name}: asked", origin=flow.name)
        value: Expr = _whole(asked)
        for cut in found:
            value = self._bounded(value, cut)
        start = _whole(asked) if flow.name in self.circular else None
        equation = Equation(flow.dimensions, value, start, place=flow.place)
        name, origin = (taken(flow.name), flow.name) if given else (flow.name, flow.origin)
        self.variables[asked.name] = asked
        self.variables[name] = replace(
            flow, name=name, kind=Kind.AUXILIARY, equations=(equation,), origin=origin, limits=(None, None)
        )

    def _bounded(self, value: Expr, cut: Cut) -> Expr:
        bound = rebuild(cut.bound, call=lambda node: self._content(cut.stock) if node.function == "/" else node)
        if cut.into:
            return Call("MAX", (value, Call("-", (bound,))))
        return Call("MIN", (value, bound))

    def _content(self, stock: str) -> Ref:
        """What a stock holds at the beginning of a step, as a rate over it."""
        owner, name = self.before.variables[stock], f"{stock}: content"
        definition = Call("/", (_whole(owner), Ref(self.before["TIME STEP"].name)))
        equation = Equation(owner.dimensions, definition, place=owner.place)
        content = Variable(name, Kind.AUXILIARY, owner.dimensions, (equation,), origin=stock, held=True)
        self.variables[name] = content
        return _whole(content)

    def result(self, notes: tuple[str, ...]) -> System:
        """The system with what flows in place of given flows, and stocks that are done."""
        names = {cut.flow: taken(cut.flow) for cut in self.given}
        variables = {name: _redirected(variable, names) for name, variable in self.variables.items()}
        for stock in limited(self.before):
            variables[stock.name] = replace(variables[stock.name], inflows=(), outflows=())
        return replace(self.before, variables=variables, notes=tuple(dict.fromkeys((*self.before.notes, *notes))))


def _redirected(variable: Variable, names: Mapping[str, str]) -> Variable:
    """The variable with other names in its references, but for the one that has the new name."""
    if not names or variable.name in names.values():
        return variable

    def renamed(side: Expr) -> Expr:
        return rebuild(side, ref=lambda node: replace(node, name=names.get(node.name, node.name)))

    return replace(variable, equations=tuple(equation.rewritten(renamed) for equation in variable.equations))


def _circular_at_start(system: System, found: Sequence[Cut]) -> frozenset[str]:
    """The flows from which a stock's first value follows that would cut them: uncut, while stocks initialize."""
    import networkx as nx

    needs: nx.DiGraph[str] = nx.DiGraph()
    needs.add_nodes_from(system.variables)
    needs.add_edges_from((v.name, name) for v in system for name in dependencies(v, initial=True))
    needs.add_edges_from((cut.flow, name) for cut in found for name in references(cut.bound))
    circles = (group for group in nx.strongly_connected_components(needs) if len(group) > 1)
    return frozenset(name for circle in circles for name in circle)

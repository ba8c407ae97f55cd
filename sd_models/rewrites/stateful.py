"""Functions with a memory to stocks: what remains is stocks, samples (discrete stocks) and equations.

Formulas as in PySD's statefuls, which follow Vensim's reference manual: a delay of order n is a chain of n stocks that
hold what is under way, a smooth a chain of n averages, a fixed delay a chain of samples that moves on every step.

Why chains along a dimension of stages: the number of equations stays the same, whatever the order.

How long a chain is follows from values at the initial time. They are computed in the model as it stands there
(`at_beginning`), with each function in place of its first value: its stocks do not matter then, and the delay whose
length is asked for may stand in a variable on which another delay's length depends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np

from ..errors import InvalidModel
from ..numbers.evaluation import numbers
from ..system.expression import (
    Call,
    Expr,
    Number,
    Ref,
    Subscript,
    free_axes,
    functions,
    nodes,
    range_of,
    rebuild,
    references,
    rename_axes,
)
from ..system.functions import STATEFUL
from ..system.model import (
    Correspondence,
    Dimension,
    Equation,
    FloatArray,
    Kind,
    Series,
    System,
    Values,
    Variable,
    fault_of,
)
from ..system.ordering import stages

# Delays are rounded to steps after adding this, so that half a step counts as one (PySD, as Vensim).
ROUNDING = 1e-6
LONGEST_CHAIN = 100_000


def expand_stateful(system: System, *, initial_time: float, time_step: float) -> System:
    """The system without calls that remember; lengths of chains are taken at the initial time."""
    work = _Expansion(system, initial_time, time_step)
    for variable in system:
        work.expand(variable)
    return work.system()


def lengths(system: System) -> frozenset[str]:
    """The variables that set the length of a chain: times of fixed delays, orders, and all that these follow from.

    Their values shape the expanded system, so they cannot be inputs of a compiled one.
    """
    definitions = (side for variable in system for e in variable.equations for side in (e.definition, e.initial))
    expressions = (side for side in definitions if side is not None and not isinstance(side, Values | Series))
    calls = (node for side in expressions for node in nodes(side) if isinstance(node, Call))
    parts = (call.arguments[_LENGTHS[call.function]] for call in calls if call.function in _LENGTHS)
    names = frozenset(name for part in parts for name in references(part)) - {"Time"}
    beginning = at_beginning(system)
    return frozenset(name for stage in stages(beginning, names, initial=True) for name in stage.variables)


def at_beginning(system: System) -> System:
    """The system with the first value of each function that remembers in its place: good for the initial time alone."""
    return replace(system, variables={variable.name: _beginning(variable) for variable in system})


def _beginning(variable: Variable) -> Variable:
    def side(expr: Expr) -> Expr:
        return rebuild(expr, call=lambda node: _first_value(node)) if functions(expr) & STATEFUL else expr

    return replace(variable, equations=tuple(equation.rewritten(side) for equation in variable.equations))


# The argument that says how long a chain is.
_LENGTHS = {"DELAY FIXED": 1, "DELAY": 3, "DELAY N": 3, "SMOOTH": 3, "SMOOTH N": 3}


@dataclass(frozen=True, slots=True)
class CallPlace:
    """Where a call stands: its owner, the ranges of the new variables, and their axes at the call."""

    owner: Variable
    name: str
    ranges: tuple[str, ...]
    axes: tuple[str, ...]
    excluded: tuple[tuple[str, ...], ...]

    def here(self) -> tuple[Subscript, ...]:
        """The subscripts of a new variable inside its own equations."""
        return tuple(Subscript(name, name) for name in self.ranges)

    def at_call(self, expr: Expr) -> Expr:
        """An expression in the new variables' axes, as it stands at the call."""
        return rename_axes(expr, dict(zip(self.ranges, self.axes, strict=True)))


@dataclass
class _Expansion:
    """The system while it grows; `beginning` holds all of its variables as they stand at the initial time."""

    given: System
    initial_time: float
    time_step: float
    variables: dict[str, Variable] = field(init=False)
    beginning: dict[str, Variable] = field(init=False)
    dimensions: dict[str, Dimension] = field(init=False)
    notes: list[str] = field(default_factory=list)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.variables = dict(self.given.variables)
        self.beginning = dict(at_beginning(self.given).variables)
        self.dimensions = dict(self.given.dimensions)

    def system(self) -> System:
        """The system as it is now."""
        notes = (*self.given.notes, *self.notes)
        return replace(self.given, variables=dict(self.variables), dimensions=dict(self.dimensions), notes=notes)

    def expand(self, variable: Variable) -> None:
        """Replace the stateful calls in the equations of a variable."""
        equations = tuple(self._equation(variable, equation) for equation in variable.equations)
        self.variables[variable.name] = replace(variable, equations=equations)

    def _equation(self, variable: Variable, equation: Equation) -> Equation:
        def side(expr: Expr) -> Expr:
            if not functions(expr) & STATEFUL:
                return expr
            return rebuild(expr, call=lambda node: self._call(variable, equation, node))

        return equation.rewritten(side)

    def _call(self, variable: Variable, equation: Equation, node: Call) -> Expr:
        if node.function not in STATEFUL:
            return node
        axes = free_axes(node)
        ranges = tuple(range_of(axis) for axis in axes)
        if len(set(ranges)) < len(ranges):
            found = f"{node.function} moves along {' and '.join(axes)}, which are the same range."
            raise InvalidModel(fault_of(variable, found, "Name the function in a variable of its own."))
        whole = axes == equation.subscripts
        place = CallPlace(
            variable, self._name(variable, node.function), ranges, axes, equation.excluded if whole else ()
        )
        arguments = (rename_axes(part, dict(zip(axes, ranges, strict=True))) for part in node.arguments)
        return place.at_call(_HANDLERS[node.function](self, place, *arguments))

    def _name(self, variable: Variable, function: str) -> str:
        count = self.counts[(variable.name, function)] = self.counts.get((variable.name, function), 0) + 1
        return f"{variable.name}: {function}{f' {count}' if count > 1 else ''}"

    def add(self, place: CallPlace, name: str, kind: Kind, definition: Expr, initial: Expr | None = None) -> Ref:
        """A new variable over the ranges of a call, and the reference to it inside equations over these ranges."""
        equation = Equation(place.ranges, definition, initial, place.excluded, place.owner.place)
        self._put(place, name, kind, place.ranges, (equation,))
        return Ref(name, place.here())

    def _put(
        self, place: CallPlace, name: str, kind: Kind, dimensions: tuple[str, ...], equations: tuple[Equation, ...]
    ) -> None:
        owner = place.owner
        new = Variable(name, kind, dimensions, equations, place=owner.place, origin=owner.name)
        self.variables[name] = self.beginning[name] = new

    def at_start(self, place: CallPlace, expr: Expr) -> FloatArray:
        """The values of a delay time or order over the ranges of a call at the initial time."""
        values = np.array([expr.value]) if isinstance(expr, Number) else self._probed(place, expr)
        known = np.isfinite(values)
        if place.excluded and known.any():  # elements that :EXCEPT: leaves out have no value, and need none
            values = np.where(known, values, values[known].max())
        if not np.isfinite(values).all():
            found = f"a delay time or order is {values[~np.isfinite(values)][0]} at the initial time."
            raise InvalidModel(fault_of(place.owner, found, "Give it a number; ZIDZ divides safely."))
        return values

    def _probed(self, place: CallPlace, expr: Expr) -> FloatArray:
        name = f"{place.name} length"
        equation = Equation(place.ranges, expr, None, place.excluded, place.owner.place)
        probe = Variable(name, Kind.AUXILIARY, place.ranges, (equation,), place=place.owner.place)
        system = replace(self.given, variables={**self.beginning, name: probe}, dimensions=dict(self.dimensions))
        return numbers(system, (name,), self.initial_time, self.time_step)[name]

    def chain(
        self,
        place: CallPlace,
        name: str,
        kind: Kind,
        links: Links,
        initial: Expr | None,
        count: int,
        *,
        stages_of: str = "",
    ) -> tuple[Ref, Ref]:
        """Variables in a row: the references to the first and the last; `stages_of` names a chain of equal length."""
        if count == 1:
            only = self.add(place, name, kind, links.first(Ref(name, place.here())), initial)
            return only, only
        if not stages_of:
            self._add_stages(place, name, count)
        stage = stages_of or name
        later, here = f"{stage} later", place.here()
        first = Ref(name, (Subscript("1"), *here))
        own = Ref(name, (Subscript(later, later), *here))
        before = Ref(name, (Subscript(f"{stage} earlier", later), *here))
        sides = {"1": links.first(first), later: links.later(own, before)}
        equations = tuple(
            Equation((left, *place.ranges), side, initial, _prefixed(left, place.excluded), place.owner.place)
            for left, side in sides.items()
        )
        self._put(place, name, kind, (f"{stage} stage", *place.ranges), equations)
        return first, Ref(name, (Subscript(str(count)), *here))

    def times_in_step(self, place: CallPlace, times: str, time: Expr, count: int) -> Ref:
        """The delay times that the chain `times` takes on in this step: the first is new, each later the one before."""
        name = f"{times} in step"
        moved = Links(lambda own: time, lambda own, before: Ref(times, before.subscripts))
        return self.chain(place, name, Kind.AUXILIARY, moved, None, count, stages_of=times)[0]

    def each_its_own(self, place: CallPlace, counts: FloatArray) -> Ref:
        """From a chain, for each element over the ranges of a call, the link with its own number."""
        name = f"{place.name} output"
        elements = [self.dimensions[name].elements for name in place.ranges]
        equations = tuple(
            Equation(left, Ref(place.name, tuple(Subscript(part) for part in (str(count), *left))))
            for left, count in zip(product(*elements), counts, strict=True)
        )
        self._put(place, name, Kind.AUXILIARY, place.ranges, equations)
        return Ref(name, place.here())

    def _add_stages(self, place: CallPlace, name: str, count: int) -> None:
        """The dimension of the stages of a chain, with its later stages mapped to those before them."""
        if count > LONGEST_CHAIN:
            found = f"a delay is {count} steps long; at most {LONGEST_CHAIN} are possible."
            raise InvalidModel(fault_of(place.owner, found, "Shorten the delay, or take a larger TIME STEP."))
        elements = tuple(str(number) for number in range(1, count + 1))
        whole, later, earlier = f"{name} stage", f"{name} later", f"{name} earlier"
        mapping = (Correspondence(later, ()),)
        self.dimensions[whole] = Dimension(whole, elements, whole)
        self.dimensions[later] = Dimension(later, elements[1:], whole)
        self.dimensions[earlier] = Dimension(earlier, elements[:-1], whole, mapping)

    def order(self, place: CallPlace, expr: Expr, delay_time: Expr | None = None) -> int:
        """The order of a delay: a whole number that is the same for all elements; less where the delay is too short."""
        orders = self.at_start(place, expr)
        order = int(orders[0])
        if order < 1 or not (orders == orders[0]).all():
            given = ", ".join(f"{number:g}" for number in np.unique(orders))
            raise InvalidModel(fault_of(place.owner, f"the order of a delay is {given}; expected one number from 1."))
        if order != orders[0]:
            self.notes.append(f"{place.owner.name}: the order {orders[0]} of a delay is cut off to {order}.")
        if delay_time is None:
            return order
        shortest = float(self.at_start(place, delay_time).min())
        fitting = order
        while fitting > 1 and fitting * self.time_step > shortest:
            fitting -= 1
        if fitting < order:
            found = f"the delay time {shortest:g} is short for TIME STEP, so its order is {fitting}, not {order}."
            self.notes.append(f"{place.owner.name}: {found}")
        return fitting


@dataclass(frozen=True, slots=True)
class Links:
    """The definitions along a chain: of the first link from itself, of a later one from itself and the one before."""

    first: Callable[[Ref], Expr]
    later: Callable[[Ref, Ref], Expr]


def _prefixed(subscript: str, groups: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    return tuple((subscript, *group) for group in groups)


def _minus(one: Expr, other: Expr) -> Expr:
    return Call("-", (one, other))


def _times(one: Expr, other: Expr) -> Expr:
    return Call("*", (one, other))


def _over(one: Expr, other: Expr) -> Expr:
    return Call("/", (one, other))


def _smooth(work: _Expansion, place: CallPlace, source: Expr, time: Expr, initial: Expr, order: Expr) -> Expr:
    """d average = (target - average) * order / time, the target of a later average being the one before."""
    count = work.order(place, order)
    factor = Number(float(count))

    def towards(target: Expr, own: Expr) -> Expr:
        return _over(_times(_minus(target, own), factor), time)

    links = Links(lambda own: towards(source, own), lambda own, before: towards(before, own))
    return work.chain(place, place.name, Kind.STOCK, links, initial, count)[1]


def _delay(work: _Expansion, place: CallPlace, source: Expr, time: Expr, initial: Expr, order: Expr) -> Expr:
    """d content = (inflow - content / time) * order; the delay gives the last outflow, content / time."""
    count = work.order(place, order, time)
    factor = Number(float(count))
    links = Links(
        lambda own: _times(_minus(source, _over(own, time)), factor),
        lambda own, before: _times(_minus(_over(before, time), _over(own, time)), factor),
    )
    _, last = work.chain(place, place.name, Kind.STOCK, links, _times(initial, time), count)
    return _over(last, time)


def _delay_n(work: _Expansion, place: CallPlace, source: Expr, time: Expr, initial: Expr, order: Expr) -> Expr:
    """As `_delay`, but a content flows on with the delay time that held when it came in: times move along a chain.

    PySD moves the times at the end of a step, so its output divides by the delay time of one step ago.
    """
    count = work.order(place, order, time)
    factor = Number(float(count))
    times = f"{place.name} times"
    moved = Links(lambda own: time, lambda own, before: before)
    first_time, _ = work.chain(place, times, Kind.SAMPLE, moved, time, count)

    def outflow(content: Ref) -> Expr:
        return _over(content, Ref(now.name, content.subscripts))

    def later(own: Ref, before: Ref) -> Expr:
        return _times(_minus(outflow(before), outflow(own)), factor)

    now = work.times_in_step(place, times, time, count)
    links = Links(lambda own: _times(_minus(source, _over(own, time)), factor), later)
    _, last = work.chain(place, place.name, Kind.STOCK, links, _times(initial, time), count, stages_of=times)
    return _over(last, first_time)


def _fixed_delay(work: _Expansion, place: CallPlace, source: Expr, time: Expr, initial: Expr) -> Expr:
    """The input of `time` ago: a chain of samples, one for each step of the delay."""
    steps = np.maximum(work.at_start(place, time) / work.time_step, 1.0)
    counts = np.array([round(float(step) + ROUNDING) for step in steps])
    if not (counts == steps).all():
        work.notes.append(f"{place.owner.name}: a fixed delay is rounded to {', '.join(map(str, set(counts)))} steps.")
    links = Links(lambda own: source, lambda own, before: before)
    _, last = work.chain(place, place.name, Kind.SAMPLE, links, initial, int(counts.max()))
    if (counts == counts.max()).all():
        return last
    return work.each_its_own(place, counts)


def _trend(work: _Expansion, place: CallPlace, source: Expr, time: Expr, initial: Expr) -> Expr:
    """(input - average) / (time * |average|), the average smoothing the input over the time."""
    start = _discounted(source, _times(initial, time))
    average = work.add(place, place.name, Kind.STOCK, _over(_minus(source, Ref(place.name, place.here())), time), start)
    return _trend_from(source, average, time)


def _forecast(work: _Expansion, place: CallPlace, source: Expr, time: Expr, horizon: Expr, initial: Expr) -> Expr:
    """input * (1 + trend * horizon)."""
    start = _discounted(source, initial)
    average = work.add(place, place.name, Kind.STOCK, _over(_minus(source, Ref(place.name, place.here())), time), start)
    return _forecast_from(source, average, time, horizon)


def _discounted(source: Expr, growth: Expr) -> Expr:
    return _over(source, Call("+", (Number(1.0), growth)))


def _trend_from(source: Expr, average: Expr, time: Expr) -> Expr:
    return Call("ZIDZ", (_minus(source, average), _times(time, Call("ABS", (average,)))))


def _forecast_from(source: Expr, average: Expr, time: Expr, horizon: Expr) -> Expr:
    trend = Call("ZIDZ", (_minus(source, average), _times(time, average)))
    return _times(source, Call("+", (Number(1.0), _times(trend, horizon))))


def _sample_if_true(work: _Expansion, place: CallPlace, condition: Expr, source: Expr, initial: Expr) -> Expr:
    """The input while the condition holds, else the last sample."""
    held = Ref(place.name, place.here())
    value = Call("IF THEN ELSE", (condition, source, held))
    work.add(place, place.name, Kind.SAMPLE, value, initial)
    return value


def _previous(work: _Expansion, place: CallPlace, source: Expr, initial: Expr) -> Expr:
    """The value of one step ago."""
    return work.add(place, place.name, Kind.SAMPLE, source, initial)


def _initial(work: _Expansion, place: CallPlace, source: Expr) -> Expr:
    """The value at the initial time, kept."""
    return work.add(place, place.name, Kind.SAMPLE, Ref(place.name, place.here()), source)


def _integral(work: _Expansion, place: CallPlace, flow: Expr, initial: Expr) -> Expr:
    return work.add(place, place.name, Kind.STOCK, flow, initial)


_HANDLERS: Mapping[str, Callable[..., Expr]] = {
    "SMOOTH": _smooth,
    "SMOOTH N": _smooth,
    "DELAY": _delay,
    "DELAY N": _delay_n,
    "DELAY FIXED": _fixed_delay,
    "TREND": _trend,
    "FORECAST": _forecast,
    "SAMPLE IF TRUE": _sample_if_true,
    "PREVIOUS": _previous,
    "INITIAL": _initial,
    "INTEG": _integral,
}


def _first_value(node: Call) -> Expr:
    """What a call is at the initial time; calls that remember nothing stay as they are."""
    return _FIRST_VALUES[node.function](*node.arguments) if node.function in STATEFUL else node


_FIRST_VALUES: Mapping[str, Callable[..., Expr]] = {
    "SMOOTH": lambda _source, _time, initial, _order: initial,
    "SMOOTH N": lambda _source, _time, initial, _order: initial,
    "DELAY": lambda _source, _time, initial, _order: initial,
    "DELAY N": lambda _source, _time, initial, _order: initial,
    "DELAY FIXED": lambda _source, _time, initial: initial,
    "TREND": lambda source, time, initial: _trend_from(source, _discounted(source, _times(initial, time)), time),
    "FORECAST": lambda source, time, horizon, initial: _forecast_from(
        source, _discounted(source, initial), time, horizon
    ),
    "SAMPLE IF TRUE": lambda condition, source, initial: Call("IF THEN ELSE", (condition, source, initial)),
    "PREVIOUS": lambda _source, initial: initial,
    "INITIAL": lambda source: source,
    "INTEG": lambda _flow, initial: initial,
}

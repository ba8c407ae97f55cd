"""PySD's syntax trees to expressions: names resolved, subscripts bound to axes, functions by their canonical names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
from pysd.translators.structures import abstract_expressions as ast

from .errors import Fault, InvalidModel, UnsupportedFunction, nearest
from .expression import Call, Expr, Number, Reduce, Ref, Subscript, free_axes, nodes, range_of, rename_axes
from .functions import FUNCTIONS, REDUCTIONS, canonical
from .subscripts import Ranges
from .system import Kind, key

Tree: TypeAlias = object
MISSING = float("nan")


class Names(Protocol):
    """What a translation asks of the model around it."""

    @property
    def ranges(self) -> Ranges:
        """The subscript ranges of the model."""

    @property
    def reduces_bare_ranges(self) -> bool:
        """Whether a reduction reduces over every range that it names (XMILE), not over those marked with `!` only."""

    def variable(self, name: str) -> tuple[str, tuple[str, ...], Kind] | None:
        """Name, dimensions and kind of the variable with that name in the section at hand."""

    def add(self, owner: str, label: str, expr: Expr, initial: Expr | None = None) -> Ref:
        """A reference to a new auxiliary with that expression, over the expression's free axes."""

    def add_table(self, owner: str, points: ast.LookupsStructure) -> Ref:
        """A reference to a new table."""

    def position(self, name: str, *, own: bool = False) -> str:
        """The constant with the position, from 1, of each element of a range in its dimension (`own`: in the range)."""

    def constant(self, expr: Expr) -> float | None:
        """The number that an expression is, written out or as a constant without dimensions; None if it is not."""

    def macro(self, name: str, owner: str, arguments: Sequence[Expr]) -> Ref | None:
        """A reference to the output of a new copy of a macro; None where no macro has that name."""

    def note(self, text: str) -> None:
        """Keep a remark for the people who read results."""


@dataclass
class Translation:
    """One equation: `axes` are the ranges on its left-hand side, `implied` those that a macro call puts before them."""

    names: Names
    owner: str
    axes: tuple[str, ...]
    implied: tuple[str, ...] = ()
    depth: int = field(default=0)

    def expression(self, tree: Tree) -> Expr:
        """The expression of a tree; InvalidModel or UnsupportedFunction say what does not fit."""
        if isinstance(tree, int | float | np.number):
            return Number(float(tree))
        translate = _TREES.get(type(tree))
        if translate is None:
            raise self.invalid(f"{type(tree).__name__.removesuffix('Structure')} cannot stand inside an expression.")
        return translate(self, tree)

    def invalid(self, found: str, advice: str = "") -> InvalidModel:
        """The error for this equation."""
        return InvalidModel(Fault(found, self.owner, advice=advice))

    def reference(self, tree: ast.ReferenceStructure) -> Expr:
        """A variable, the current time, or a subscript used as a number."""
        found = self.names.variable(tree.reference)
        if found is not None:
            return Ref(found[0], self.subscripts(found[0], found[1], tree.subscripts))
        if key(tree.reference) == "time":
            return Ref("Time")
        return self.subscript_number(tree)

    def subscript_number(self, tree: ast.ReferenceStructure) -> Expr:
        """The position of an element, or of the element that an axis is at."""
        name = self.names.ranges.range_name(tree.reference)
        element = self.names.ranges.element_name(tree.reference)
        if name is not None and name in (*self.axes, *self.implied):
            return Ref(self.names.position(name), (Subscript(name, name),))
        if element is not None:
            return Number(self.names.ranges.number(element))
        raise self.invalid(f"it refers to {tree.reference.replace('_', ' ')!r}, which is not defined.")

    def subscripts(
        self, name: str, dimensions: tuple[str, ...], given: ast.SubscriptsReferenceStructure | None
    ) -> tuple[Subscript, ...]:
        """The subscripts of a reference, each bound to an axis or fixed to an element."""
        texts = [text.strip() for text in given.subscripts] if given is not None else []
        extra = self.implied[: max(0, len(dimensions) - len(texts))] if self._in_macro(dimensions) else ()
        bound = tuple(Subscript(axis, axis) for axis in extra)
        dimensions = dimensions[len(bound) :]
        if not texts and dimensions:
            return bound + self.without_subscripts(name, dimensions)
        if len(texts) != len(dimensions):
            raise self.invalid(f"{name!r} has {len(dimensions)} subscripts, but {len(texts)} are given.")
        return bound + tuple(self.subscript(t, d, texts) for t, d in zip(texts, dimensions, strict=True))

    def _in_macro(self, dimensions: tuple[str, ...]) -> bool:
        return bool(self.implied) and dimensions[: len(self.implied)] == self.implied

    def without_subscripts(self, name: str, dimensions: tuple[str, ...]) -> tuple[Subscript, ...]:
        """An array named without subscripts: reduced inside a reduction (XMILE), else moved by the equation's axes."""
        if self.depth:
            return tuple(Subscript(dimension, f"{dimension}!") for dimension in dimensions)
        if set(dimensions) <= set(self.axes):
            return tuple(Subscript(dimension, dimension) for dimension in dimensions)
        raise self.invalid(f"{name!r} is an array over {', '.join(dimensions)}, but no subscripts are given.")

    def subscript(self, text: str, dimension: str, others: Sequence[str]) -> Subscript:
        """One subscript: `range!` and `*` are reduced, a range is an axis, an element is fixed."""
        ranges = self.names.ranges
        if text == "*":
            return Subscript(dimension, f"{dimension}!")
        name = ranges.range_name(text.removesuffix("!").strip())
        if name is None or (text in ranges.dimensions[dimension].elements and name not in self.axes):
            return Subscript(self.element(text, dimension))
        if text.endswith("!"):
            return Subscript(name, f"{name}!")
        return Subscript(name, self.axis(name, others))

    def element(self, text: str, dimension: str) -> str:
        """The element of that name in the dimension; XMILE also counts elements from 1."""
        elements = self.names.ranges.dimensions[dimension].elements
        found = {key(element): element for element in elements}.get(key(text))
        if found is None and text.isdigit() and 0 < int(text) <= len(elements):
            found = elements[int(text) - 1]
        if found is None:
            raise self.invalid(f"{text!r} is not an element of {dimension!r}.", nearest(text, elements))
        return found

    def axis(self, name: str, others: Sequence[str]) -> str:
        """The axis that moves a range: itself, or one that it corresponds to and that no other subscript takes."""
        axes = (*self.axes, *self.implied)
        if name in axes:
            return name
        ranges = self.names.ranges
        free = [axis for axis in axes if key(axis) not in {key(other) for other in others}]
        for axis in (*free, *axes):
            if ranges.corresponds(name, axis):
                return axis
        if self.depth and self.names.reduces_bare_ranges:
            return f"{name}!"
        advice = f"Sum over it with {name}!, or map it to a range of the left-hand side."
        raise self.invalid(f"the subscript {name!r} does not stand on the left-hand side.", advice)

    def arithmetic(self, tree: ast.ArithmeticStructure | ast.LogicStructure) -> Expr:
        """A chain of operators of one precedence: powers from the right, all others from the left."""
        operators = [_OPERATORS.get(str(operator).upper(), str(operator)) for operator in tree.operators]
        parts = [self.expression(argument) for argument in tree.arguments]
        if len(parts) == 1:
            return negated(parts[0]) if operators == ["-"] else Call(operators[0], (parts[0],))
        if "AND" in operators and "OR" in operators:
            return self.mixed_logic(operators, parts)
        if operators[-1] == "^":
            result = parts[-1]
            for operator, part in zip(reversed(operators), reversed(parts[:-1]), strict=True):
                result = Call(operator, (part, result))
            return result
        return chained(operators, parts)

    def mixed_logic(self, operators: Sequence[str], parts: Sequence[Expr]) -> Expr:
        """AND binds before OR, as in Vensim; PySD reads such a chain from the right."""
        self.names.note(f"{self.owner}: :AND: is evaluated before :OR:, as in Vensim; PySD reads from the right.")
        groups: list[list[Expr]] = [[parts[0]]]
        for operator, part in zip(operators, parts[1:], strict=True):
            if operator == "OR":
                groups.append([part])
            else:
                groups[-1].append(part)
        return chained(["OR"] * (len(groups) - 1), [chained(["AND"] * (len(g) - 1), g) for g in groups])

    def call(self, tree: ast.CallStructure) -> Expr:
        """A function, a macro or a table."""
        name = tree.function.reference
        found = self.names.variable(name)
        if found is not None and found[2] in (Kind.TABLE, Kind.DATA):
            table = Ref(found[0], self.subscripts(found[0], found[1], tree.function.subscripts))
            return Call("LOOKUP", (table, self.expression(tree.arguments[0])))
        macro = self.macro_call(name, tree.arguments)
        if macro is not None:
            return macro
        function = canonical(name)
        if function is None:
            raise self.unsupported(name.upper().replace("_", " "), "is not known.")
        self.check_count(function, len(tree.arguments), name)
        if function in REDUCTIONS:
            return self.reduction(function, tree.arguments)
        special = _CALLS.get(name, _CALLS.get(function))
        if special is not None:
            return special(self, tree.arguments)
        if FUNCTIONS[function].reason:
            raise self.unsupported(function, f"cannot be compiled: {FUNCTIONS[function].reason}")
        return Call(function, tuple(self.expression(argument) for argument in tree.arguments))

    def macro_call(self, name: str, arguments: Sequence[Tree]) -> Expr | None:
        """The output of a macro; its arguments are translated only if there is such a macro."""
        if self.names.macro(name, self.owner, ()) is None:
            return None
        return self.names.macro(name, self.owner, [self.expression(argument) for argument in arguments])

    def unsupported(self, function: str, why: str) -> UnsupportedFunction:
        """The error for a function that cannot be compiled."""
        advice = "Simulate the model with PySD (--engine pysd), or rewrite the equation."
        return UnsupportedFunction(Fault(f"{function} {why}", self.owner, advice=advice))

    def check_count(self, function: str, count: int, name: str) -> None:
        """InvalidModel for a call with too few or too many arguments."""
        least, most = FUNCTIONS[function].arguments
        if not least <= count <= most:
            expected = f"{least}" if least == most else f"{least} to {most}"
            raise self.invalid(f"{name.upper().replace('_', ' ')} takes {expected} arguments, but {count} are given.")

    def reduction(self, operator: str, arguments: Sequence[Tree]) -> Expr:
        """A reduction over all axes marked with `!` that its argument leaves free."""
        self.depth += 1
        argument = self.expression(arguments[0])
        self.depth -= 1
        axes = tuple(axis for axis in free_axes(argument) if axis.endswith("!"))
        return Reduce(operator, axes, argument) if axes else argument

    def reduced_axes(self, *parts: Expr) -> tuple[str, ...]:
        """The axes marked with `!` that the parts leave free."""
        return tuple(dict.fromkeys(axis for part in parts for axis in free_axes(part) if axis.endswith("!")))

    def array(self, trees: Sequence[Tree]) -> tuple[Expr, ...]:
        """Arguments of an array function, in which bare arrays are reduced."""
        self.depth += 1
        parts = tuple(self.expression(tree) for tree in trees)
        self.depth -= 1
        return parts


def negated(expr: Expr) -> Expr:
    """The negative of an expression; a number stays a number."""
    return Number(-expr.value) if isinstance(expr, Number) else Call("-", (expr,))


def chained(operators: Sequence[str], parts: Sequence[Expr]) -> Expr:
    """Operators applied from the left."""
    result = parts[0]
    for operator, part in zip(operators, parts[1:], strict=True):
        result = Call(operator, (result, part))
    return result


def has_missing(expr: Expr) -> bool:
    """Whether the expression holds :NA:."""
    return any(isinstance(node, Number) and np.isnan(node.value) for node in nodes(expr))


_OPERATORS: Mapping[str, str] = {"NEGATIVE": "-", ":NOT:": "NOT", ":AND:": "AND", ":OR:": "OR"}


def _stateful(function: str, *fields: str) -> Callable[[Translation, Tree], Expr]:
    """A translation to a call with the fields of PySD's structure as arguments."""

    def translate(translation: Translation, tree: Tree) -> Expr:
        return Call(function, tuple(translation.expression(getattr(tree, name)) for name in fields))

    return translate


def _inline_table(translation: Translation, tree: Tree) -> Expr:
    assert isinstance(tree, ast.InlineLookupsStructure)
    table = translation.names.add_table(translation.owner, tree.lookups)
    return Call("LOOKUP", (table, translation.expression(tree.argument)))


def _unsupported(function: str) -> Callable[[Translation, Tree], Expr]:
    def refuse(translation: Translation, _tree: Tree) -> Expr:
        raise translation.unsupported(function, f"cannot be compiled: {FUNCTIONS[function].reason}")

    return refuse


_TREES: dict[type, Callable[[Translation, Tree], Expr]] = {
    ast.ReferenceStructure: Translation.reference,
    ast.ArithmeticStructure: Translation.arithmetic,
    ast.LogicStructure: Translation.arithmetic,
    ast.CallStructure: Translation.call,
    ast.GameStructure: lambda translation, tree: translation.expression(tree.expression),  # type: ignore[attr-defined]
    ast.InitialStructure: _stateful("INITIAL", "initial"),
    ast.IntegStructure: _stateful("INTEG", "flow", "initial"),
    ast.DelayStructure: _stateful("DELAY", "input", "delay_time", "initial", "order"),
    ast.DelayNStructure: _stateful("DELAY N", "input", "delay_time", "initial", "order"),
    ast.DelayFixedStructure: _stateful("DELAY FIXED", "input", "delay_time", "initial"),
    ast.SmoothStructure: _stateful("SMOOTH", "input", "smooth_time", "initial", "order"),
    ast.SmoothNStructure: _stateful("SMOOTH N", "input", "smooth_time", "initial", "order"),
    ast.TrendStructure: _stateful("TREND", "input", "average_time", "initial_trend"),
    ast.ForecastStructure: _stateful("FORECAST", "input", "average_time", "horizon", "initial_trend"),
    ast.SampleIfTrueStructure: _stateful("SAMPLE IF TRUE", "condition", "input", "initial"),
    ast.InlineLookupsStructure: _inline_table,
    ast.AllocateAvailableStructure: _unsupported("ALLOCATE AVAILABLE"),
    ast.AllocateByPriorityStructure: _unsupported("ALLOCATE BY PRIORITY"),
}


def _log10(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    return Call("LOG", (translation.expression(arguments[0]), Number(10.0)))


def _element_count(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    """ELMCOUNT of a range; SIZE of an array."""
    tree = arguments[0]
    name = translation.names.ranges.range_name(tree.reference) if isinstance(tree, ast.ReferenceStructure) else None
    if name is not None:
        return Number(len(translation.names.ranges.elements(name)))
    axes = translation.reduced_axes(*translation.array(arguments))
    return Number(float(np.prod([len(translation.names.ranges.elements(axis[:-1])) for axis in axes])))


def _mean(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    total = translation.reduction("SUM", arguments)
    return Call("/", (total, _element_count(translation, arguments)))


def _time_value(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    relative, offset, measure = (translation.expression(argument) for argument in arguments)
    if translation.names.constant(relative) == 0.0 and translation.names.constant(measure) == 0.0:
        return Call("+", (Ref("Time"), offset))
    raise translation.unsupported("GET TIME VALUE", "is compiled for the model's own time only (0, offset, 0).")


def _pulse_train(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    """PySD hands on start, interval, width, end; Vensim's order is start, width, interval, end."""
    start, interval, width, end = (translation.expression(argument) for argument in arguments)
    return Call("PULSE TRAIN", (start, width, interval, end))


def _magnitude_train(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    """XMILE's PULSE as PySD hands it on: start, interval, magnitude."""
    start, interval, magnitude = (translation.expression(argument) for argument in arguments)
    return Call("PULSE MAGNITUDE", (start, magnitude, interval))


def _active_initial(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    active, initial = (translation.expression(argument) for argument in arguments)
    return translation.names.add(translation.owner, "active initial", active, initial)


def _previous(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    return Call("PREVIOUS", tuple(translation.expression(argument) for argument in arguments))


def _vector_select(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    """VECTOR SELECT(selection, expression, missing value, numerical action, error action)."""
    selection, expr = translation.array(arguments[:2])
    missing, action, _ = (translation.expression(argument) for argument in arguments[2:])
    axes = translation.reduced_axes(selection, expr)
    chosen = Call("<>", (selection, Number(0.0)))
    count = Reduce("SUM", axes, Call("IF THEN ELSE", (chosen, Number(1.0), Number(0.0))))
    number = translation.names.constant(action)
    codes = range(11) if number is None else (int(number),)
    if not set(codes) <= set(range(11)):
        raise translation.invalid(f"VECTOR SELECT has the numerical action {number:g}; expected 0 to 10.")
    result: Expr = Number(MISSING)
    for code in codes:
        found = _selected(code, axes, chosen, selection, expr, count)
        this = Call("=", (action, Number(float(code))))
        result = found if number is not None else Call("IF THEN ELSE", (this, found, result))
    return Call("IF THEN ELSE", (Call("=", (count, Number(0.0))), missing, result))


def _selected(code: int, axes: tuple[str, ...], chosen: Expr, selection: Expr, expr: Expr, count: Expr) -> Expr:
    """One numerical action over the chosen elements."""
    value = expr if code >= 6 else Call("^", (expr, selection)) if code == 5 else Call("*", (selection, expr))
    operator, neutral = _SELECTIONS["PROD" if code == 5 else _ACTIONS[code % 6]]
    picked = Reduce(operator, axes, Call("IF THEN ELSE", (chosen, value, Number(neutral))))
    return Call("/", (picked, count)) if code in (4, 10) else picked


# Numerical actions 0 to 4, and 6 to 10 on the unweighted expression; 5 is the product of expression ^ selection.
_ACTIONS = ("SUM", "PROD", "VMIN", "VMAX", "MEAN")
_SELECTIONS = {
    "SUM": ("SUM", 0.0),
    "PROD": ("PROD", 1.0),
    "VMIN": ("VMIN", np.inf),
    "VMAX": ("VMAX", -np.inf),
    "MEAN": ("SUM", 0.0),
}


@dataclass(frozen=True, slots=True)
class _Vector:
    """A vector along its last range, at the element of the left-hand side and at all elements (the axis `all`)."""

    here: Expr
    there: Expr
    axis: str
    all: str
    index_here: Expr
    index_there: Expr


def _vector(translation: Translation, tree: Tree) -> _Vector:
    """The vector that an argument of a VECTOR function names; its last subscript is a range of the left-hand side."""
    if not isinstance(tree, ast.ReferenceStructure) or tree.subscripts is None:
        raise translation.invalid("VECTOR functions take a subscripted variable as their vector.")
    *first, last = tree.subscripts.subscripts
    name = translation.names.ranges.range_name(last)
    if name is None:
        raise translation.invalid(f"{last!r} is not a subscript range, so there is nothing to sort over.")
    axis, marked = translation.axis(name, first), f"{name}!"
    there = translation.reference(
        ast.ReferenceStructure(tree.reference, ast.SubscriptsReferenceStructure((*first, marked)))
    )
    index = translation.names.position(name, own=True)
    return _Vector(
        translation.reference(tree),
        there,
        axis,
        marked,
        Ref(index, (Subscript(name, axis),)),
        Ref(index, (Subscript(name, marked),)),
    )


def _rank(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    """VECTOR RANK: the rank, counted from 1; equal values stand in their own order, from behind where it descends."""
    vector, ascends = _vector(translation, arguments[0]), _ascends(translation.expression(arguments[1]))
    before = _either(ascends, vector.there, vector.here)
    earlier = _either(ascends, vector.index_there, vector.index_here)
    tied = Call("AND", (Call("=", (vector.there, vector.here)), earlier))
    counted = Call("IF THEN ELSE", (Call("OR", (before, tied)), Number(1.0), Number(0.0)))
    return Call("+", (Number(1.0), Reduce("SUM", (vector.all,), counted)))


def _ascends(direction: Expr) -> Expr:
    return Call(">", (direction, Number(0.0)))


def _either(ascends: Expr, one: Expr, other: Expr) -> Expr:
    """Whether `one` stands before `other` in the order asked for."""
    return Call("IF THEN ELSE", (ascends, Call("<", (one, other)), Call(">", (one, other))))


def _sort_order(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    """VECTOR SORT ORDER: the index, counted from 0, of the element that stands at this place of the order."""
    vector = _vector(translation, arguments[0])
    rank = translation.names.add(translation.owner, "rank", _rank(translation, arguments))
    ranks = rename_axes(rank, {vector.axis: f"{vector.axis}!"})
    place = translation.names.position(range_of(vector.axis), own=True)
    here = Ref(place, (Subscript(vector.axis, vector.axis),))
    there = Ref(place, (Subscript(vector.axis, f"{vector.axis}!"),))
    index = Call("-", (there, Number(1.0)))
    chosen = Call("IF THEN ELSE", (Call("=", (ranks, here)), index, Number(0.0)))
    return Reduce("SUM", (f"{vector.axis}!",), chosen)


def _reorder(translation: Translation, arguments: Sequence[Tree]) -> Expr:
    """VECTOR REORDER: the element of the vector with the index, counted from 0, that the order gives."""
    vector, order = _vector(translation, arguments[0]), translation.expression(arguments[1])
    wanted = Call("=", (Call("-", (vector.index_there, Number(1.0))), order))
    return Reduce("SUM", (vector.all,), Call("IF THEN ELSE", (wanted, vector.there, Number(0.0))))


_CALLS: dict[str, Callable[[Translation, Sequence[Tree]], Expr]] = {
    "PI": lambda translation, arguments: Number(float(np.pi)),
    "LOG10": _log10,
    "ELMCOUNT": _element_count,
    "MEAN": _mean,
    "GET TIME VALUE": _time_value,
    "pulse_train": _pulse_train,
    "Xpulse_train": _magnitude_train,
    "ACTIVE INITIAL": _active_initial,
    "GAME": lambda translation, arguments: translation.expression(arguments[0]),
    "VECTOR SELECT": _vector_select,
    "VECTOR RANK": _rank,
    "VECTOR SORT ORDER": _sort_order,
    "VECTOR REORDER": _reorder,
}

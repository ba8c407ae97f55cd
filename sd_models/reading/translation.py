"""PySD's syntax trees to expressions: names resolved, subscripts bound to axes, functions by their canonical names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from pysd.translators.structures import abstract_expressions as ast

from ..errors import Fault, InvalidModel, UnsupportedFunction
from ..system.expression import Call, Expr, Number, Reduce, Ref, Subscript, free_axes, range_of
from ..system.functions import ELSEWHERE, FUNCTIONS, REDUCTIONS, canonical
from ..system.model import Interpolation, Kind, key
from . import replaced_functions
from .replaced_functions import CALLS, Tree, allocate_by_priority

# SMOOTH(x, time) unfolds to two copies of x, so that calls inside each other could fill the memory.
LARGEST_EXPRESSION = 100_000


class Names(replaced_functions.Names, Protocol):
    """What a translation asks of the model around it."""

    @property
    def reduces_bare_ranges(self) -> bool:
        """Whether a reduction reduces over every range that it names (XMILE), not over those marked with `!` only."""

    def variable(self, name: str) -> tuple[str, tuple[str, ...], Kind] | None:
        """Name, dimensions and kind of the variable with that name in the section at hand."""

    def add_table(self, owner: str, points: ast.LookupsStructure) -> Ref:
        """A reference to a new table."""

    def table_read(self, name: str, interpolation: Interpolation) -> str:
        """The name of a table with the same points, read in another way."""

    def nearest(self, name: str, known: Iterable[str] | None = None) -> str:
        """Advice with the nearest of the known names, by default of the variables."""

    def is_macro(self, name: str) -> bool:
        """Whether a macro has that name."""

    def macro(self, name: str, owner: str, arguments: Sequence[Expr]) -> Ref:
        """A reference to the output of a new copy of a macro."""

    def note(self, text: str) -> None:
        """Keep a remark for the people who read results."""


@dataclass
class Translation:
    """One equation: `axes` are the ranges on its left-hand side, `implied` those that a macro call puts before them."""

    names: Names
    owner: str
    axes: tuple[str, ...]
    implied: tuple[str, ...] = ()
    depth: int = 0
    parts: int = 0

    def equation(self, tree: Tree) -> Expr:
        """The expression of a whole side of an equation, in which reductions bind all axes marked with `!`."""
        expr = self.expression(tree)
        unbound = [axis for axis in free_axes(expr) if axis.endswith("!")]
        if unbound:
            raise self.invalid(f"{unbound[0]!r} stands outside of SUM, PROD, VMIN and VMAX.", "Leave out the mark.")
        return expr

    def expression(self, tree: Tree) -> Expr:
        """The expression of a tree; InvalidModel or UnsupportedFunction say what does not fit."""
        self.parts += 1
        if self.parts > LARGEST_EXPRESSION:
            raise self.invalid(
                "its expression unfolds to too many parts.", "Name parts of it in variables of their own."
            )
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
            if found[2] is Kind.TABLE:
                raise self.invalid(f"{found[0]!r} is a table.", f"Read it at an argument: {found[0]}(x).")
            return Ref(found[0], self.subscripts(found[0], found[1], tree.subscripts))
        if key(tree.reference) in ("time", "time$"):
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
        found = f"it refers to {tree.reference.replace('_', ' ')!r}, which is not defined."
        raise self.invalid(found, self.names.nearest(tree.reference))

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
        if self.depth and self.names.reduces_bare_ranges:
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
        axis = f"{name}!" if text.endswith("!") else self.axis(name, others)
        elements = set(ranges.dimensions[dimension].elements)
        stranger = next((e for e in ranges.aligned(name, range_of(axis)) if e not in elements), None)
        if stranger is not None:
            raise self.invalid(f"{stranger!r} of {name!r} is not an element of {dimension!r}.")
        return Subscript(name, axis)

    def element(self, text: str, dimension: str) -> str:
        """The element of that name in the dimension; XMILE also counts elements from 1."""
        elements = self.names.ranges.dimensions[dimension].elements
        found = {key(element): element for element in elements}.get(key(text))
        if found is None and text.isdigit() and 0 < int(text) <= len(elements):
            found = elements[int(text) - 1]
        if found is None:
            raise self.invalid(f"{text!r} is not an element of {dimension!r}.", self.names.nearest(text, elements))
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
            return self.table_call(tree, *found)
        if self.names.is_macro(name):
            return self.names.macro(name, self.owner, [self.expression(argument) for argument in tree.arguments])
        function = canonical(name)
        if function is None and found is not None:
            raise self.invalid(f"{found[0]!r} is no table, so it has no arguments.", "Is an operator missing?")
        if function is None:
            raise self.unknown(name.upper().replace("_", " "))
        self.check_count(function, len(tree.arguments), name)
        if function in REDUCTIONS:
            return self.reduction(function, tree.arguments)
        special = CALLS.get(name, CALLS.get(function))
        if special is not None:
            return special(self, tree.arguments)
        if FUNCTIONS[function].reason:
            raise self.unsupported(function, f"cannot be compiled: {FUNCTIONS[function].reason}")
        return Call(function, tuple(self.expression(argument) for argument in tree.arguments))

    def table(self, tree: Tree, interpolation: Interpolation) -> Ref:
        """A reference to a table that is read in another way than its own."""
        name = tree.reference if isinstance(tree, ast.ReferenceStructure) else ""
        found = self.names.variable(name)
        if not isinstance(tree, ast.ReferenceStructure) or found is None or found[2] is not Kind.TABLE:
            raise self.invalid("it reads a table, but names none.", "Put the name of a table first, without argument.")
        other = self.names.table_read(found[0], interpolation)
        return Ref(other, self.subscripts(found[0], found[1], tree.subscripts))

    def table_call(self, tree: ast.CallStructure, name: str, dimensions: tuple[str, ...], kind: Kind) -> Expr:
        """A table or a data series read at an argument."""
        if len(tree.arguments) != 1:
            raise self.invalid(f"the {kind} {name!r} takes 1 argument, but {len(tree.arguments)} are given.")
        table = Ref(name, self.subscripts(name, dimensions, tree.function.subscripts))
        return Call("LOOKUP", (table, self.expression(tree.arguments[0])))

    def note(self, text: str) -> None:
        """Keep a remark for the people who read results."""
        self.names.note(text)

    def unsupported(self, function: str, why: str, advice: str = "") -> UnsupportedFunction:
        """The error for a function that cannot be compiled."""
        advice = advice or "PySD has it (--engine pysd), if it has all else of the file; or rewrite the equation."
        if self.names.reduces_bare_ranges:
            function = _XMILE_NAMES.get(function, function)
        return UnsupportedFunction(Fault(f"{function} {why}", self.owner, advice=advice, function=function))

    def unknown(self, function: str) -> UnsupportedFunction:
        """The error for a function that is in no catalogue: misspelt, or new."""
        if function in ELSEWHERE:
            return self.unsupported(function, "cannot be compiled, and PySD has it not either.", ELSEWHERE[function])
        advice = self.names.nearest(function, FUNCTIONS) or self.names.nearest(function)
        return self.unsupported(function, "is not known.", advice or "Rewrite the equation; PySD has it not either.")

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


_XMILE_NAMES = {"RANDOM EXPONENTIAL": "EXPRND", "RANDOM NORMAL": "NORMAL", "RANDOM UNIFORM": "RANDOM"}
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


def _by_priority(translation: Translation, tree: Tree) -> Expr:
    assert isinstance(tree, ast.AllocateByPriorityStructure)
    width, supply = translation.expression(tree.width), translation.expression(tree.supply)
    return allocate_by_priority(translation, tree.request, tree.priority, width, supply)


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
    ast.AllocateByPriorityStructure: _by_priority,
}

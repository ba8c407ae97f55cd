"""Functions that become other expressions while a model is flattened: means, selections, sorting, pulses.

What remains in a `System` is the smaller set of functions that every target implements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from pysd.translators.structures import abstract_expressions as ast

from ..errors import InvalidModel, UnsupportedFunction
from ..system.expression import Call, Expr, Number, Reduce, Ref, Subscript, range_of, rename_axes
from ..system.functions import FUNCTIONS
from ..system.model import Interpolation
from ..system.subscripts import Ranges
from .noise import without_chance

Tree: TypeAlias = object
MISSING = float("nan")


class Names(Protocol):
    """What a translation asks of the model around it."""

    @property
    def ranges(self) -> Ranges:
        """The subscript ranges of the model."""

    def add(self, owner: str, label: str, expr: Expr, initial: Expr | None = None, *, kinked: bool = True) -> Ref:
        """A reference to a new auxiliary with that expression, over the expression's free axes."""

    def position(self, name: str, *, own: bool = False) -> str:
        """The constant with the position, from 1, of each element of a range in its dimension (`own`: in the range)."""

    def constant(self, expr: Expr) -> float | None:
        """The number that an expression is, written out or as a constant without dimensions; None if it is not."""


class Translator(Protocol):
    """What these functions ask of the translation of an equation."""

    @property
    def names(self) -> Names:
        """The model around the equation."""

    @property
    def owner(self) -> str:
        """The variable of the equation."""

    def expression(self, tree: Tree) -> Expr:
        """The expression of a tree."""

    def array(self, trees: Sequence[Tree]) -> tuple[Expr, ...]:
        """Arguments of an array function, in which bare arrays are reduced."""

    def reference(self, tree: ast.ReferenceStructure) -> Expr:
        """The expression of a reference."""

    def reduction(self, operator: str, arguments: Sequence[Tree]) -> Expr:
        """A reduction over the free axes of an argument."""

    def reduced_axes(self, *parts: Expr) -> tuple[str, ...]:
        """The axes marked with `!` that the parts leave free."""

    def axis(self, name: str, others: Sequence[str]) -> str:
        """The axis of the equation that moves a range."""

    def table(self, tree: Tree, interpolation: Interpolation) -> Ref:
        """A reference to a table that is read in another way than its own."""

    def invalid(self, found: str, advice: str = "") -> InvalidModel:
        """The error for this equation."""

    def note(self, text: str) -> None:
        """Keep a remark for the people who read results."""

    def unsupported(self, function: str, why: str) -> UnsupportedFunction:
        """The error for a function that cannot be compiled."""


def _log10(translation: Translator, arguments: Sequence[Tree]) -> Expr:
    return Call("LOG", (translation.expression(arguments[0]), Number(10.0)))


def _element_count(translation: Translator, arguments: Sequence[Tree]) -> Expr:
    """ELMCOUNT of a range; SIZE of an array."""
    tree = arguments[0]
    name = translation.names.ranges.range_name(tree.reference) if isinstance(tree, ast.ReferenceStructure) else None
    if name is not None:
        return Number(len(translation.names.ranges.elements(name)))
    axes = translation.reduced_axes(*translation.array(arguments))
    return Number(float(np.prod([len(translation.names.ranges.elements(axis[:-1])) for axis in axes])))


def _mean(translation: Translator, arguments: Sequence[Tree]) -> Expr:
    total = translation.reduction("SUM", arguments)
    return Call("/", (total, _element_count(translation, arguments)))


def _time_value(translation: Translator, arguments: Sequence[Tree]) -> Expr:
    relative, offset, measure = (translation.expression(argument) for argument in arguments)
    if translation.names.constant(relative) == 0.0 and translation.names.constant(measure) == 0.0:
        return Call("+", (Ref("Time"), offset))
    raise translation.unsupported("GET TIME VALUE", "is compiled for the model's own time only (0, offset, 0).")


def _pulse_train(translation: Translator, arguments: Sequence[Tree]) -> Expr:
    """PySD hands on start, interval, width, end; Vensim's order is start, width, interval, end."""
    start, interval, width, end = (translation.expression(argument) for argument in arguments)
    return Call("PULSE TRAIN", (start, width, interval, end))


def _magnitude_train(translation: Translator, arguments: Sequence[Tree]) -> Expr:
    """XMILE's PULSE as PySD hands it on: start, interval, magnitude."""
    start, interval, magnitude = (translation.expression(argument) for argument in arguments)
    return Call("PULSE MAGNITUDE", (start, magnitude, interval))


def _active_initial(translation: Translator, arguments: Sequence[Tree]) -> Expr:
    active, initial = (translation.expression(argument) for argument in arguments)
    return translation.names.add(translation.owner, "active initial", active, initial)


def _previous(translation: Translator, arguments: Sequence[Tree]) -> Expr:
    return Call("PREVIOUS", tuple(translation.expression(argument) for argument in arguments))


def _vector_select(translation: Translator, arguments: Sequence[Tree]) -> Expr:
    """VECTOR SELECT(selection, expression, missing value, numerical action, error action)."""
    selection, expr = translation.array(arguments[:2])
    missing, action, _ = (translation.expression(argument) for argument in arguments[2:])
    axes = translation.reduced_axes(selection, expr)
    chosen = Call("<>", (selection, Number(0.0)))
    count = Reduce("SUM", axes, Call("IF THEN ELSE", (chosen, Number(1.0), Number(0.0))))
    number = translation.names.constant(action)
    if number is not None and not 0 <= number < 11:
        raise translation.invalid(f"VECTOR SELECT has the numerical action {number:g}; expected 0 to 10.")
    codes = range(11) if number is None else (int(number),)
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


def _vector(translation: Translator, tree: Tree) -> _Vector:
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


def _rank(translation: Translator, arguments: Sequence[Tree]) -> Expr:
    """VECTOR RANK: the rank, counted from 1; equal values stand in their own order, from behind where it descends."""
    vector, ascends = _vector(translation, arguments[0]), _ascends(translation.expression(arguments[1]))
    before = _either(ascends, vector.there, vector.here)
    earlier = _either(ascends, vector.index_there, vector.index_here)
    tied = Call("AND", (Call("=", (vector.there, vector.here)), earlier))
    counted = Call("IF THEN ELSE", (Call("OR", (before, tied)), Number(1.0), Number(0.0)))
    itself = Call("=", (vector.index_there, vector.index_here))  # a tie with itself is no kink
    counted = Call("IF THEN ELSE", (itself, Number(0.0), counted))
    return Call("+", (Number(1.0), Reduce("SUM", (vector.all,), counted)))


def _ascends(direction: Expr) -> Expr:
    return Call(">", (direction, Number(0.0)))


def _either(ascends: Expr, one: Expr, other: Expr) -> Expr:
    """Whether `one` stands before `other` in the order asked for."""
    return Call("IF THEN ELSE", (ascends, Call("<", (one, other)), Call(">", (one, other))))


def _sort_order(translation: Translator, arguments: Sequence[Tree]) -> Expr:
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


def _reorder(translation: Translator, arguments: Sequence[Tree]) -> Expr:
    """VECTOR REORDER: the element of the vector with the index, counted from 0, that the order gives."""
    vector, order = _vector(translation, arguments[0]), translation.expression(arguments[1])
    wanted = Call("=", (Call("-", (vector.index_there, Number(1.0))), order))
    return Reduce("SUM", (vector.all,), Call("IF THEN ELSE", (wanted, vector.there, Number(0.0))))


def allocate_by_priority(translation: Translator, request: Tree, priority: Tree, width: Expr, supply: Expr) -> Expr:
    """ALLOCATE BY PRIORITY: each gets request * clip((priority - price) / width, 0, 1), where the price clears supply.

    Demand falls with the price in straight lines between breakpoints, at each priority and one width below it, so the
    price follows from the two breakpoints around it: those whose demand is the least from supply on, and the largest
    below it. Requests must not be negative, the width must be positive; no more than all requests is given.
    """
    # There is a kink where the price stands at a breakpoint, and the target whose breakpoint it is has it in its share.
    # The demand at a breakpoint always stands on one, which is none.
    wants, ranks = _vector(translation, request), _vector(translation, priority)
    total = Reduce("SUM", (wants.all,), wants.there)
    given = Call("MIN", (supply, total))
    starts, ends = ranks.here, Call("-", (ranks.here, width))
    sides = [_Side(_demand(translation, wants, ranks, width, at), at) for at in (starts, ends)]
    lowest, highest = (Reduce(name, (ranks.all,), ranks.there) for name in ("VMIN", "VMAX"))
    cheap, dear = Call("-", (lowest, width)), Call("+", (highest, width))
    demand_below = _extreme("MIN", [(_enough(side, given), side.demand) for side in sides], total, ranks.axis)
    demand_above = _extreme("MAX", [(_short(side, given), side.demand) for side in sides], Number(-1.0), ranks.axis)
    price_below = _extreme("MAX", [(_enough(side, given), side.price) for side in sides], cheap, ranks.axis)
    price_above = _extreme("MIN", [(_short(side, given), side.price) for side in sides], dear, ranks.axis)
    share = Call("/", (Call("-", (demand_below, given)), Call("-", (demand_below, demand_above))))
    price = Call("+", (price_below, Call("*", (share, Call("-", (price_above, price_below))))))
    cleared = translation.names.add(translation.owner, "price", price, kinked=False)
    got = Call("*", (wants.here, _filled(ranks.here, cleared, width)))
    scarce = Call("IF THEN ELSE", (Call(">", (given, Number(0.0))), got, Number(0.0)))
    return Call("IF THEN ELSE", (Call(">=", (supply, total)), wants.here, scarce))


@dataclass(frozen=True, slots=True)
class _Side:
    """The breakpoint of each target at one end of its range of prices, and the demand there."""

    demand: Expr
    price: Expr


def _enough(side: _Side, given: Expr) -> Expr:
    return Call(">=", (side.demand, given))


def _short(side: _Side, given: Expr) -> Expr:
    return Call("<", (side.demand, given))


def _filled(rank: Expr, price: Expr, width: Expr) -> Expr:
    """The part of its request that a target gets at a price."""
    return Call("MAX", (Number(0.0), Call("MIN", (Number(1.0), Call("/", (Call("-", (rank, price)), width))))))


def _demand(translation: Translator, wants: _Vector, ranks: _Vector, width: Expr, price: Expr) -> Ref:
    """All that targets would get at a price, as an auxiliary over the axis of the price."""
    filled = rename_axes(_filled(ranks.there, price, width), {ranks.all: wants.all})
    total = Reduce("SUM", (wants.all,), Call("*", (wants.there, filled)))
    return translation.names.add(translation.owner, "demand", total, kinked=False)


def _extreme(function: str, choices: Sequence[tuple[Expr, Expr]], otherwise: Expr, axis: str) -> Expr:
    """The least or largest of the values whose condition holds, over all positions of the axis and all choices."""
    everywhere = {axis: f"{axis}!"}
    moved = [(rename_axes(condition, everywhere), rename_axes(value, everywhere)) for condition, value in choices]
    chosen = (Call("IF THEN ELSE", (condition, value, otherwise)) for condition, value in moved)
    return Call(function, tuple(Reduce(f"V{function}", (f"{axis}!",), part) for part in chosen))


def _read_as(interpolation: Interpolation) -> Callable[[Translator, Sequence[Tree]], Expr]:
    """A table read in a way of its own."""

    def translate(translation: Translator, arguments: Sequence[Tree]) -> Expr:
        return Call("LOOKUP", (translation.table(arguments[0], interpolation), translation.expression(arguments[1])))

    return translate


def _draw(function: str) -> Callable[[Translator, Sequence[Tree]], Expr]:
    """The mean of a draw that has no spread; UnsupportedFunction where chance is left."""

    def translate(translation: Translator, arguments: Sequence[Tree]) -> Expr:
        parts = tuple(translation.expression(argument) for argument in arguments)
        mean = without_chance(function, parts, translation.names.constant)
        if mean is None:
            raise translation.unsupported(function, f"cannot be compiled: {FUNCTIONS[function].reason}")
        translation.note(f"{translation.owner}: {function} has no spread, so that it is a number and no chance.")
        return mean

    return translate


CALLS: dict[str, Callable[[Translator, Sequence[Tree]], Expr]] = {
    "PI": lambda translation, arguments: Number(float(np.pi)),
    "LOG10": _log10,
    "ELMCOUNT": _element_count,
    "MEAN": _mean,
    "GET TIME VALUE": _time_value,
    "pulse_train": _pulse_train,
    "Xpulse_train": _magnitude_train,
    "ACTIVE INITIAL": _active_initial,
    "LOOKUP EXTRAPOLATE": _read_as(Interpolation.EXTRAPOLATE),
    "LOOKUP BACKWARD": _read_as(Interpolation.BACKWARD),
    "LOOKUP FORWARD": _read_as(Interpolation.FORWARD),
    **{name: _draw(name) for name in ("RANDOM UNIFORM", "RANDOM NORMAL", "RANDOM EXPONENTIAL")},
    "GAME": lambda translation, arguments: translation.expression(arguments[0]),
    "VECTOR SELECT": _vector_select,
    "VECTOR RANK": _rank,
    "VECTOR SORT ORDER": _sort_order,
    "VECTOR REORDER": _reorder,
}
"""By canonical name, or by PySD's where that says more; each takes the translation and the argument trees."""

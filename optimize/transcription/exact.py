"""Kinks stated with integer variables, and between which numbers everything lies.

Where the bounds of what a kink looks at decide it, it is no kink. Otherwise

- the positive part p of d is p >= 0, p >= d, p <= high z, p <= d - low (1 - z) with z 0 or 1, and MAX, MIN and ABS are
  made of it; low and high are the bounds of d that intervals give (big-M, as small as these are)
- a comparison is z with low (1 - z) <= d <= high z; a choice between a and b is b + z (a - b), its product stated by
  the four inequalities that are exact for z 0 or 1 (McCormick 1976, Mathematical Programming 10)
- a table is filled from its first piece to its last, each piece full before the next begins (Markowitz and Manne 1957,
  Econometrica 25), or, if wished, a mean of neighbouring points (SOS2: Beale and Tomlin 1970)
- a table that jumps is one of its pieces (z of each), a whole number an integer variable

At a jump both sides are allowed: solvers know no open side. A policy that leans on that shows when it is run. Where
bounds are infinite, products with z take the place of big-M, which are exact but not linear.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
import pyomo.environ as pyo

from sd_models.dynamics.functions import Operation
from sd_models.numbers.tables import read
from sd_models.system.model import FloatArray, Interpolation, Series

from . import forms, intervals, symbols
from .forms import Form
from .intervals import Interval, point
from .symbols import LARGE, STEPS, Ranged, Symbol
from .values import Values

Kinks: TypeAlias = Literal["absolute", "integers", "sos2"]
KINKS: tuple[Kinks, ...] = ("absolute", "integers", "sos2")
Start: TypeAlias = Callable[[Values], float]
Definitions: TypeAlias = list[tuple[Any, Callable[[], Any]]]
"""Variables, and expressions that give them near the values of all, on the side of a kink where these are."""
BIG = 1e9  # a bound from which on the digits of what stands beside it would suffer
TINY = 1e-9  # nearer to zero some solvers do not look
INTEGRALITY = 1e-6  # within which most solvers take a number for whole
OPEN = (
    "Comparisons and jumps have no open side here: where both sides are equal ({count} places), either may be taken, "
    "and a run takes one. A bound on the optimum stays valid; run a policy before its objective counts."
)
PRODUCTS = (
    "{count} kinks of arguments without finite bounds are products with a variable that is 0 or 1: exact, not linear."
)
LARGEST = (
    "Kinks stand as integer variables with bounds up to {size:.3g}: a solver that takes numbers within 1e-6 of whole "
    "ones for whole may miss a kink by {slip:.1g} where these are largest."
)
NEAR_ZERO = (
    "{count} divisions, logarithms and powers may come within 1e-9 of zero, by the ranges of their arguments; solvers "
    "such as SCIP look at what is further away alone."
)
LEFT = "{count} times {function} has no form with integers, as its argument has no finite bounds: stated as without."


def range_of(symbol: Symbol) -> Interval:
    """Between which numbers a symbol lies."""
    if isinstance(symbol, Ranged):
        return symbol.range
    return point(symbol) if isinstance(symbol, float) else intervals.ALL


@dataclass(eq=False)
class RangedArithmetic:
    """Operations and tables on ranged symbols, kinks stated in the `form` that is wished, on a model.

    `starts` has the value at which each variable that was made starts, in their order. `symbols` is the number of
    those that forms have; 0 for intervals alone.
    """

    model: Any
    form: Kinks
    starts: list[tuple[Any, Start]]
    definitions: Definitions = field(default_factory=list)
    symbols: int = 0
    open_sides: int = 0
    products: int = 0
    tables: int = 0
    largest: float = 0.0
    near_zero: int = 0
    left: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Room for what kinks need."""
        model = self.model
        model.switches = pyo.Var(pyo.Any, dense=False, domain=pyo.Binary)
        model.wholes = pyo.Var(pyo.Any, dense=False, domain=pyo.Integers)
        model.pieces = pyo.Var(pyo.Any, dense=False)
        model.cases = pyo.Constraint(pyo.Any)
        model.neighbours = pyo.Block()

    @property
    def notes(self) -> Iterator[str]:
        """What is to be said of the kinks that were stated."""
        if self.open_sides:
            yield OPEN.format(count=self.open_sides)
        if self.largest:
            yield LARGEST.format(size=self.largest, slip=INTEGRALITY * self.largest)
        if self.near_zero:
            yield NEAR_ZERO.format(count=self.near_zero)
        if self.products:
            yield PRODUCTS.format(count=self.products)
        yield from (LEFT.format(count=count, function=name) for name, count in self.left.items())

    # --- operations -----------------------------------------------------------------------------------------------

    def apply(self, operation: Operation, *arguments: Symbol) -> Symbol:
        """An operation; a number where its value is known."""
        if all(isinstance(argument, float) for argument in arguments):
            return symbols.apply(operation, *arguments)
        self.near_zero += _comes_near_zero(operation, *map(range_of, arguments))
        found, form = self.known(operation, *arguments)
        if operation in _TRUTHS and found.low == found.high:
            return found.low
        way = _FORMS.get(operation)
        stated = None if way is None else way(self, *arguments)
        if stated is None:
            return Ranged(symbols.apply(operation, *map(_raw, arguments)), found, form=form)
        if isinstance(stated, Ranged):
            return replace(stated, range=stated.range.within(found), form=stated.form or form)
        return stated

    def known(self, operation: Operation, *arguments: Symbol) -> tuple[Interval, Form | None]:
        """Between which numbers an operation lies, and how it follows from levers and stocks."""
        found = intervals.of(operation, *map(range_of, arguments))
        if not self.symbols:
            return found, None
        form = forms.of(operation, *((self.form_of(one), range_of(one)) for one in arguments))
        return self.together(found, form)

    def together(self, found: Interval, form: Form | None) -> tuple[Interval, Form | None]:
        """What an interval and a form say of the same."""
        if form is not None:
            found = found.within(form.range)
            return found, form.within(found)
        return found, forms.spread(found, self.symbols) if self.symbols and found.is_finite else None

    def form_of(self, symbol: Symbol) -> Form | None:
        """How a symbol follows from levers and stocks."""
        if isinstance(symbol, float):
            return forms.number(symbol, self.symbols) if math.isfinite(symbol) else None
        return symbol.form if isinstance(symbol, Ranged) else None

    def between(self, one: Symbol, other: Symbol) -> Interval:
        """Between which numbers the difference of two symbols lies."""
        return self.known(Operation.SUBTRACT, one, other)[0]

    def look_up(self, table: Series, points: FloatArray, x: Symbol) -> Symbol:
        """A table read at a symbol."""
        if isinstance(x, float):
            return symbols.look_up(table, points, x)
        series, at = replace(table, y=points), range_of(x)
        if at.low == at.high:
            return symbols.look_up(table, points, at.low)
        found, shape = self.together(intervals.of_table(series, at), self._table_form(series, x))
        if found.low == found.high:
            return found.low
        if self.form == "absolute" or not at.is_finite:
            if self.form != "absolute":
                self.leave("a table")
            return Ranged(symbols.look_up(table, points, _raw(x)), found, form=shape)
        jumps = table.interpolation in STEPS or bool((np.diff(table.x) <= 0).any())
        stated = _pieces(self, series, x, at) if jumps else _line(self, series, x, at)
        return Ranged(stated, found, form=shape)

    def _table_form(self, series: Series, x: Symbol) -> Form | None:
        return forms.of_table(series, self.form_of(x), range_of(x)) if self.symbols else None

    def total(self, row: Sequence[Symbol]) -> Symbol:
        """The sum of symbols."""
        found = symbols.total([one if isinstance(one, float) else symbols.valued(one) for one in row])
        if isinstance(found, float):
            return found
        among = reduce(partial(intervals.of, Operation.ADD), map(range_of, row))
        parts = [self.form_of(one) for one in row] if self.symbols else [None]
        whole = None if None in parts else reduce(Form.plus, [part for part in parts if part is not None])
        return self._of(found, *self.together(among, whole))

    @staticmethod
    def _of(expression: Any, among: Interval, form: Form | None) -> Ranged:
        return Ranged(expression, among, form=form)

    # --- what kinks are made of -------------------------------------------------------------------------------------

    def part(self, expression: Any, among: Interval) -> Any:
        """An expression as a variable."""
        if not isinstance(expression, float) and expression.is_variable_type():
            return expression
        variable = self.piece(among, lambda values: values.of(expression))
        self.hold(variable == expression)
        self.definitions.append((variable, lambda: expression))
        return variable

    def piece(self, among: Interval, start: Start) -> Any:
        """A variable between numbers."""
        return self._made(self.model.pieces, among, start)

    def switch(self, start: Start) -> Any:
        """A variable that is 0 or 1."""
        return self._made(self.model.switches, intervals.TRUTH, start)

    def whole(self, among: Interval, start: Start) -> Any:
        """A variable that is a whole number."""
        return self._made(self.model.wholes, among, start)

    def _made(self, variables: Any, among: Interval, start: Start) -> Any:
        variable = variables[len(variables) + 1]
        set_bounds(variable, among)
        self.starts.append((variable, start))
        return variable

    def hold(self, relation: Any) -> None:
        """A constraint."""
        self.model.cases[len(self.model.cases) + 1] = relation

    def _is_big(self, among: Interval) -> bool:
        """Whether bounds are none, or so large that they would eat the digits of what they bound; counts which are."""
        size = max(abs(among.low), abs(among.high))
        if size < BIG:
            self.largest = max(self.largest, size)
            return False
        self.products += 1
        return True

    def leave(self, function: str) -> None:
        """Counts a kink that stays as it is without integers."""
        self.left[function] = self.left.get(function, 0) + 1

    def positive(self, one: Symbol, other: Symbol) -> Any:
        """The positive part of the difference of two symbols."""
        among = self.between(one, other)
        difference = symbols.valued(one) - symbols.valued(other)
        if among.low >= 0.0:
            return difference
        if among.high <= 0.0:
            return 0.0
        gap = self.part(difference, among)
        switch = self.switch(lambda values: float(values.of(gap) >= 0.0))
        found = self.piece(Interval(0.0, among.high), lambda values: max(0.0, values.of(gap)))
        self.definitions.append((found, lambda: switch.value * gap))
        self.hold(found >= gap)
        if self._is_big(among):
            self.hold(found == switch * gap)
        else:
            self.hold(found <= among.high * switch)
            self.hold(found <= gap - among.low * (1 - switch))
        return found

    def above(self, one: Symbol, other: Symbol, *, strictly: bool) -> Symbol:
        """Whether one is above the other: 1, 0, or where both are equal either; it starts with what is so."""
        among = self.between(one, other)
        gap = self.part(symbols.valued(one) - symbols.valued(other), among)
        switch = self.switch(lambda values: float(values.of(gap) > 0.0 or (values.of(gap) == 0.0 and not strictly)))
        self.open_sides += 1
        if self._is_big(among):
            self.hold(switch * gap >= 0.0)
            self.hold((1 - switch) * gap <= 0.0)
        else:
            self.hold(gap >= among.low * (1 - switch))
            self.hold(gap <= among.high * switch)
        return _truth(switch)

    def same(self, one: Symbol, other: Symbol) -> Symbol:
        """Whether two are equal; where they are, not being so is allowed as well."""
        among = self.between(one, other)
        gap = self.part(symbols.valued(one) - symbols.valued(other), among)
        switch = self.switch(lambda values: float(values.of(gap) == 0.0))
        self.open_sides += 1
        if self._is_big(among):
            self.hold(switch * gap == 0.0)
        else:
            self.hold(gap >= among.low * (1 - switch))
            self.hold(gap <= among.high * (1 - switch))
        return _truth(switch)

    def truth(self, symbol: Symbol) -> Any:
        """A condition as 1 or 0, a number or an expression: all but 0 is true."""
        among = range_of(symbol)
        if isinstance(symbol, Ranged) and symbol.is_truth:
            return symbol.number
        if isinstance(symbol, float) or among.low == among.high or not among.holds(0.0):
            return float(among.low != 0.0 or among.high != 0.0)
        return 1 - self.same(symbol, 0.0).number

    def times(self, truth: Any, expression: Any, among: Interval) -> Any:
        """A truth times an expression."""
        if isinstance(truth, float) or isinstance(expression, float):
            return truth * expression
        gap = self.part(expression, among)
        if self._is_big(among):
            return truth * gap
        around = among.around(point(0.0))
        found = self.piece(around, lambda values: values.of(truth) * values.of(gap))
        self.definitions.append((found, lambda: pyo.value(truth) * gap))
        self.hold(found >= among.low * truth)
        self.hold(found <= among.high * truth)
        self.hold(found >= gap - among.high * (1 - truth))
        self.hold(found <= gap - among.low * (1 - truth))
        return found


def set_bounds(variable: Any, among: Interval) -> None:
    """The finite sides of an interval as bounds of a variable."""
    variable.setlb(among.low if math.isfinite(among.low) else None)
    variable.setub(among.high if math.isfinite(among.high) else None)


def _truth(expression: Any) -> Ranged:
    return Ranged(expression, intervals.TRUTH, is_truth=True)


def _raw(symbol: Symbol) -> Symbol:
    """A symbol as the functions of `symbols` take it: a truth as a condition that solvers without integers know."""
    return symbol.number if isinstance(symbol, Ranged) else symbol


def _comes_near_zero(operation: Operation, *arguments: Interval) -> bool:
    """Whether a function that has no value at zero may be asked for it nearly there."""
    if operation is Operation.DIVIDE:
        return arguments[1].low < TINY and arguments[1].high > -TINY
    if operation is Operation.POWER:
        low, high = arguments[1].low, arguments[1].high
        return arguments[0].low < TINY and not (low == high and low >= 0.0 and low.is_integer())
    return operation is Operation.LOG and arguments[0].low < TINY


# --- tables -----------------------------------------------------------------------------------------------------------


def _line(work: RangedArithmetic, table: Series, x: Symbol, among: Interval) -> Any:
    """A line with corners, between the bounds of its argument."""
    xs, slopes = _corners(table, among)
    first, argument = float(read(table, np.array(xs[0]), np.array(0))), symbols.valued(x)
    if len(slopes) == 1:
        return first + slopes[0] * (argument - xs[0])
    at = work.part(argument, among)
    return (_mean if work.form == "sos2" else _filled)(work, at, xs, slopes, first)


def _corners(table: Series, among: Interval) -> tuple[list[float], list[float]]:
    """The bounds, and between them the points at which a table without jumps turns; the slopes between all these."""
    xs, ys = np.asarray(table.x, dtype=np.float64), table.y.ravel()
    goes_on = table.interpolation is Interpolation.EXTRAPOLATE
    inner = np.diff(ys) / np.diff(xs)
    slopes = np.array([inner[0] if goes_on else 0.0, *inner, inner[-1] if goes_on else 0.0])
    turns = np.diff(slopes) != 0.0
    inside = np.flatnonzero(turns & (xs > among.low) & (xs < among.high))
    first = int(np.searchsorted(xs, among.low, side="right"))
    return [among.low, *xs[inside].tolist(), among.high], slopes[[first, *(inside + 1)]].tolist()


def _mean(work: RangedArithmetic, at: Any, xs: list[float], slopes: list[float], first: float) -> Any:
    """A mean of two neighbouring points."""
    ys = np.cumsum([first, *(np.array(slopes) * np.diff(xs))]).tolist()

    def start(number: int) -> Start:
        return lambda values: float(np.interp(values.of(at), xs, np.eye(len(xs))[number]))

    weights = [work.piece(intervals.TRUTH, start(number)) for number in range(len(xs))]
    work.hold(sum(weights) == 1.0)
    work.hold(at == sum(x * weight for x, weight in zip(xs, weights, strict=True)))
    hats = np.diff(np.eye(len(xs)), axis=0) / np.diff(xs)[:, np.newaxis]

    def of_weight(number: int) -> Callable[[], Any]:
        return lambda: float(hats[_piece_at(at, xs), number]) * at

    work.definitions += [(weight, of_weight(number)) for number, weight in enumerate(weights)]
    order = list(range(1, len(xs) + 1))
    work.tables += 1
    work.model.neighbours.add_component(
        f"table_{work.tables}", pyo.SOSConstraint(rule=lambda _: (weights, order), sos=2)
    )
    return sum(y * weight for y, weight in zip(ys, weights, strict=True))


def _filled(work: RangedArithmetic, at: Any, xs: list[float], slopes: list[float], first: float) -> Any:
    """Pieces that are filled one after the other."""

    def start(left: float, width: float) -> Start:
        return lambda values: min(max(values.of(at) - left, 0.0), width)

    def is_full(right: float) -> Start:
        return lambda values: float(values.of(at) >= right)

    widths = np.diff(xs).tolist()
    fills = [work.piece(Interval(0.0, w), start(left, w)) for left, w in zip(xs, widths, strict=False)]
    for number, right in enumerate(xs[1:-1]):
        full = work.switch(is_full(right))
        work.hold(fills[number] >= widths[number] * full)
        work.hold(fills[number + 1] <= widths[number + 1] * full)

    def of_fill(number: int) -> Callable[[], Any]:
        return lambda: float(_piece_at(at, xs) == number) * at

    work.definitions += [(fill, of_fill(number)) for number, fill in enumerate(fills)]
    work.hold(at == xs[0] + sum(fills))
    return first + sum(slope * fill for slope, fill in zip(slopes, fills, strict=True) if slope)


def _piece_at(at: Any, xs: list[float]) -> int:
    """The piece of a line on which a variable is."""
    return int(np.clip(np.searchsorted(xs, at.value, side="right") - 1, 0, len(xs) - 2))


def _pieces(work: RangedArithmetic, table: Series, x: Symbol, among: Interval) -> Any:
    """One of the lines that a table with jumps is made of."""
    lines = list(_lines(table, among))
    at = work.part(symbols.valued(x), among)
    if len(lines) == 1:
        (low, _, value, slope) = lines[0]
        return value + slope * (at - low)
    work.open_sides += 1

    def is_here(number: int) -> Start:
        after = [low for low, *_ in lines[1:]]
        return lambda values: float(int(np.searchsorted(after, values.of(at), side="right")) == number)

    def share(number: int) -> Start:
        return lambda values: is_here(number)(values) * values.of(at)

    total, place, found = 0.0, 0.0, 0.0
    for number, (low, high, value, slope) in enumerate(lines):
        switch = work.switch(is_here(number))
        inside = work.piece(Interval(low, high).around(point(0.0)), share(number))
        work.definitions.append((inside, partial(_part_of, switch, at)))
        work.hold(inside >= low * switch)
        work.hold(inside <= high * switch)
        total, place = total + switch, place + inside
        found = found + (value - slope * low) * switch + slope * inside
    work.hold(total == 1.0)
    work.hold(at == place)
    return found


def _part_of(switch: Any, at: Any) -> Any:
    return switch.value * at


def _lines(table: Series, among: Interval) -> Iterator[tuple[float, float, float, float]]:
    """From where to where each line of a table goes, its first value and its slope."""
    points = np.unique(np.asarray(table.x, dtype=np.float64))
    sides = [among.low, *points[(points > among.low) & (points < among.high)].tolist(), among.high]
    for low, high in pairwise(sides):
        width = high - low
        near, far = (float(read(table, np.array(low + part * width), np.array(0))) for part in (0.25, 0.75))
        slope = 2.0 * (far - near) / width if width > 0.0 else 0.0
        yield low, high, near - slope * 0.25 * width, slope


# --- operations -------------------------------------------------------------------------------------------------------


def _extreme(sign: float) -> Callable[..., Symbol]:
    def extreme(work: RangedArithmetic, one: Symbol, other: Symbol) -> Symbol | None:
        for number, rest in ((one, other), (other, one)):
            if isinstance(number, float) and math.isnan(number):
                return rest
        among = work.between(one, other)
        if among.low >= 0.0 or among.high <= 0.0:
            return one if (among.low >= 0.0) == (sign > 0.0) else other
        if work.form == "absolute":
            return None
        if any(isinstance(part, float) and not abs(part) < LARGE for part in (one, other)):
            work.leave("MIN or MAX")
            return None
        above, below = (one, other) if sign > 0.0 else (other, one)
        return Ranged(symbols.valued(other) + sign * work.positive(above, below), intervals.ALL)

    return extreme


def _absolute(work: RangedArithmetic, one: Symbol) -> Symbol | None:
    among = range_of(one)
    if among.low >= 0.0:
        return one
    if among.high <= 0.0:
        return Ranged(-symbols.valued(one), intervals.ALL)
    if work.form == "absolute":
        return None
    return Ranged(2.0 * work.positive(one, 0.0) - symbols.valued(one), intervals.ALL)


def _choose(work: RangedArithmetic, condition: Symbol, one: Symbol, other: Symbol) -> Symbol | None:
    among = range_of(condition)
    if isinstance(condition, float) or not among.holds(0.0) or among.low == among.high:
        return other if among.low == among.high == 0.0 else one
    if work.form == "absolute":
        return None
    truth = work.truth(condition)
    if isinstance(truth, float):
        return one if truth else other
    difference = symbols.valued(one) - symbols.valued(other)
    between = work.between(one, other)
    is_one = all(isinstance(part, float) for part in (one, other)) and {one, other} == {0.0, 1.0}
    return Ranged(symbols.valued(other) + work.times(truth, difference, between), intervals.ALL, is_truth=is_one)


def _multiply(work: RangedArithmetic, one: Symbol, other: Symbol) -> Symbol | None:
    for truth, rest in ((one, other), (other, one)):
        if isinstance(truth, Ranged) and truth.is_truth and work.form != "absolute":
            both = isinstance(rest, Ranged) and rest.is_truth
            found = work.times(truth.number, symbols.valued(rest), range_of(rest))
            return Ranged(found, intervals.ALL, is_truth=both)
    return None


def _integers(form: Callable[..., Symbol]) -> Callable[..., Symbol | None]:
    """A form that only integers have."""
    return lambda work, *arguments: None if work.form == "absolute" else form(work, *arguments)


def _and(work: RangedArithmetic, one: Symbol, other: Symbol) -> Symbol:
    a, b = work.truth(one), work.truth(other)
    if isinstance(a, float) or isinstance(b, float):
        (known, rest) = (a, b) if isinstance(a, float) else (b, a)
        return (rest if isinstance(rest, float) else _truth(rest)) if known else 0.0
    found = work.piece(intervals.TRUTH, lambda values: values.of(a) * values.of(b))
    for relation in (found <= a, found <= b, found >= a + b - 1):
        work.hold(relation)
    return _truth(found)


def _not(work: RangedArithmetic, one: Symbol) -> Symbol:
    truth = work.truth(one)
    return 1.0 - truth if isinstance(truth, float) else _truth(1 - truth)


def _or(work: RangedArithmetic, one: Symbol, other: Symbol) -> Symbol:
    return _not(work, _and(work, _not(work, one), _not(work, other)))


def _floor(work: RangedArithmetic, one: Symbol) -> Symbol:
    return _rounded(work, one, Operation.FLOOR, math.floor, 0.0)


def _ceiling(work: RangedArithmetic, one: Symbol) -> Symbol:
    return _rounded(work, one, Operation.CEILING, math.ceil, 1.0)


def _rounded(
    work: RangedArithmetic, one: Symbol, operation: Operation, function: Callable[[float], float], up: float
) -> Symbol:
    among = range_of(one)
    found = intervals.of(operation, among)
    if found.low == found.high:
        return found.low
    gap = work.part(symbols.valued(one), among)
    whole = work.whole(found, lambda values: float(function(values.of(gap))))
    work.hold(whole <= gap + up)
    work.hold(gap <= whole + 1.0 - up)
    work.open_sides += 1
    return Ranged(whole, found)


def _remainder(work: RangedArithmetic, one: Symbol, other: Symbol) -> Symbol:
    ratio = work.apply(Operation.DIVIDE, one, other)
    whole = work.apply(
        Operation.CHOOSE,
        work.apply(Operation.LESS_EQUAL, 0.0, ratio),
        work.apply(Operation.FLOOR, ratio),
        work.apply(Operation.CEILING, ratio),
    )
    return work.apply(Operation.SUBTRACT, one, work.apply(Operation.MULTIPLY, other, whole))


_TRUTHS = frozenset(
    (
        *(Operation.LESS, Operation.LESS_EQUAL, Operation.EQUAL, Operation.UNEQUAL),
        *(Operation.AND, Operation.OR, Operation.NOT),
    )
)
_FORMS: Mapping[Operation, Callable[..., Symbol | None]] = {
    Operation.MINIMUM: _extreme(-1.0),
    Operation.MAXIMUM: _extreme(1.0),
    Operation.ABSOLUTE: _absolute,
    Operation.CHOOSE: _choose,
    Operation.MULTIPLY: _multiply,
    Operation.LESS: _integers(lambda work, a, b: work.above(b, a, strictly=True)),
    Operation.LESS_EQUAL: _integers(lambda work, a, b: work.above(b, a, strictly=False)),
    Operation.EQUAL: _integers(lambda work, a, b: work.same(a, b)),
    Operation.UNEQUAL: _integers(lambda work, a, b: _not(work, work.same(a, b))),
    Operation.AND: _integers(_and),
    Operation.OR: _integers(_or),
    Operation.NOT: _integers(_not),
    Operation.FLOOR: _integers(_floor),
    Operation.CEILING: _integers(_ceiling),
    Operation.REMAINDER: _integers(_remainder),
}
"""How operations with kinks are stated; None where they are stated as without ranges."""

"""Kinks and jumps that levers move to smooth stand-ins, each with a width of its own that is a constant of the model.

One compiled model serves all widths: with large ones a search sees far beyond a kink, with small ones the model is as
good as the exact one. What becomes of each function stands in `stand_ins.py`. Every kink gets auxiliaries of its own:
its switch (of MIN and MAX the difference of both, of a table its argument), its stand-in, and whatever operand is more
than a name. So expressions do not grow by being nested, and a caller can measure the switch along a run.

What no lever moves stays exact: conditions on the time, tables of the time. So does, with a reason, what has no smooth
neighbour: equality, whole numbers, division by what may be zero. An IF THEN ELSE whose branch may be no number on the
other side of its condition (`IF THEN ELSE(stock > 0, flow / stock, 0)`) stays exact too: a blend would look at both
branches near the switch. So do kinks inside such a branch, since they are looked at only where the branch is.

Why after the rewrites that make stocks: the kinks that these bring (cut outflows, samples) come for free, and what a
lever reaches is known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..recursion import deep
from ..system.alignment import Alignment
from ..system.expression import (
    Call,
    Expr,
    Number,
    Reduce,
    Ref,
    Subscript,
    fold,
    free_axes,
    functions,
    nodes,
    range_of,
    references,
    rename_axes,
)
from ..system.functions import FUNCTIONS, Group
from ..system.model import Definition, Dimension, Equation, Kind, Series, System, Values, Variable
from ..system.ordering import dependencies
from . import stand_ins
from .corners import Corners, corners_of
from .folding import unchanging
from .stand_ins import HALF, ONE, ZERO, choice, minus, plus, times


@dataclass(frozen=True, slots=True)
class Smoothed:
    """A kink or jump that was made smooth: the modeller's variable and function, and the names of the auxiliaries that
    hold its switch and its stand-in, and of the constant that holds its width, in the unit of the switch."""

    variable: str
    function: str
    switch: str
    value: str
    width: str


@dataclass(frozen=True, slots=True)
class Exact:
    """A kink or jump that stayed as it is, and why, in a sentence."""

    variable: str
    function: str
    reason: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.function} stays exact: {self.reason}"


@dataclass(frozen=True)
class Smoothing:
    """A system with smooth stand-ins of the kinks that could have them, all widths 1; `left` could not."""

    system: System
    kinks: tuple[Smoothed, ...]
    left: tuple[Exact, ...]


def smooth(system: System, moved: Collection[str]) -> Smoothing:
    """The system with smooth stand-ins for the kinks that the `moved` variables switch: levers and all they reach.

    Calls that remember keep their arguments' stand-ins and stay calls; expand them before. Widths are to be above zero.
    """
    work = _Work(system, frozenset(moved))
    for variable in system.of_kind(Kind.AUXILIARY, Kind.STOCK, Kind.SAMPLE):
        if variable.kinked:
            work.variables[variable.name] = work.smoothed(variable)
    found = replace(system, variables=work.variables, dimensions=work.dimensions)
    return Smoothing(found, tuple(work.kinks), tuple(work.left))


_SHELTERED = "it stands in a branch of IF THEN ELSE that may be no number on the other side of the condition."
_ONE_SIDED = "a branch may be no number on the other side of the condition."
_IN_CONDITION = "it stands in a condition that stays exact."
_DIVISOR = "it stands in a divisor that may be zero, which a stand-in would miss by its width."
_NO_ORDER = "its condition is not made of comparisons with <, <=, > and >= alone."
_TWICE = "it moves along the same subscript range twice."
_NO_LIMIT = "one of its arguments is so large that it stands for no limit."
_GAPS = "the table has points without a number."
_WHOLE = "it jumps again and again, so that no width suits it."
_POINT = "it holds at single points, which have no width."
_TIMED = "it jumps with the time, and a run sees the times of its steps alone."
_ZERO = "it departs from a division only within 1e-6 of zero, where the quotient has no bound."

REASONS: Mapping[str, str] = {
    **dict.fromkeys(("=", "<>"), _POINT),
    **dict.fromkeys(("INTEGER", "QUANTUM", "MODULO"), _WHOLE),
    **dict.fromkeys(("ZIDZ", "XIDZ"), _ZERO),
    **dict.fromkeys(("STEP", "RAMP", "PULSE", "PULSE TRAIN", "PULSE MAGNITUDE"), _TIMED),
}
"""Why a function with kinks has no stand-in."""

# The arguments that switch, of functions that are smooth in others.
_SWITCHING: Mapping[str, tuple[int, ...]] = {
    "IF THEN ELSE": (0,),
    "LOOKUP": (1,),
    "ZIDZ": (1,),
    "XIDZ": (1,),
    "STEP": (1,),
    "RAMP": (1, 2),
    "PULSE MAGNITUDE": (0, 2),
}
# Which arguments of a function may be no number, or have no derivative, for some operands.
_PARTIAL: Mapping[str, tuple[int, ...]] = {
    "/": (1,),
    "^": (0,),
    "POWER": (0,),
    **dict.fromkeys(("LN", "LOG", "SQRT", "ARCSIN", "ARCCOS", "INVERT MATRIX"), (0,)),
}
_ORDER = frozenset(("<", "<=", ">", ">="))
_LOGIC = frozenset(("AND", "OR", "NOT"))
# A constant of this size is a modeller's infinity.
NO_LIMIT = 1e15

Made: TypeAlias = Callable[[str], Expr]
"""What an expression becomes, given why kinks in it have to stay exact ("" where they need not)."""


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a kink stands: its owner, its name, the ranges of its auxiliaries, and their axes at the call."""

    owner: Variable
    function: str
    name: str
    ranges: tuple[str, ...]
    axes: tuple[str, ...]
    excluded: tuple[tuple[str, ...], ...]

    @property
    def modeller(self) -> str:
        """The variable of the file that the kink is part of."""
        return self.owner.origin or self.owner.name

    def inside(self, expr: Expr) -> Expr:
        """An expression of the call in the ranges of the auxiliaries."""
        return rename_axes(expr, dict(zip(self.axes, self.ranges, strict=True)))

    def at_call(self, expr: Expr) -> Expr:
        """An expression in the ranges of the auxiliaries as it stands at the call."""
        return rename_axes(expr, dict(zip(self.ranges, self.axes, strict=True)))


@dataclass
class _Work:
    """The system while it grows."""

    given: System
    moved: frozenset[str]
    variables: dict[str, Variable] = field(init=False)
    dimensions: dict[str, Dimension] = field(init=False)
    kinks: list[Smoothed] = field(default_factory=list)
    left: dict[Exact, None] = field(default_factory=dict)
    tables: dict[str, Corners] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.variables = dict(self.given.variables)
        self.dimensions = dict(self.given.dimensions)

    @cached_property
    def alignment(self) -> Alignment:
        """Rows and axes of the given system."""
        return Alignment(self.given)

    @cached_property
    def still(self) -> frozenset[str]:
        """The variables that cannot change in a run."""
        return unchanging(self.given, keep=self.moved)

    # --- equations --------------------------------------------------------------------------------------------------

    def smoothed(self, variable: Variable) -> Variable:
        """The variable with the kinks of its equations replaced."""
        return replace(variable, equations=tuple(self._equation(variable, each) for each in variable.equations))

    def _equation(self, owner: Variable, equation: Equation) -> Equation:
        definition, initial = equation.definition, equation.initial
        if not isinstance(definition, Values | Series):
            equation = replace(equation, definition=self._side(owner, equation, definition))
        return equation if initial is None else replace(equation, initial=self._side(owner, equation, initial))

    def _side(self, owner: Variable, equation: Equation, expr: Expr) -> Expr:
        if not self._moves(expr) or all(FUNCTIONS[name].smooth for name in functions(expr)):
            return expr

        def call(node: Call, parts: tuple[Made, ...]) -> Made:
            return lambda why: self._call(owner, equation, node, parts, why)

        def reduce(node: Reduce, part: Made) -> Made:
            return lambda why: self._reduction(owner, equation, node, part, why)

        with deep():
            return fold(expr, number=_constantly, ref=_constantly, call=call, reduce=reduce)("")

    def _call(self, owner: Variable, equation: Equation, node: Call, parts: tuple[Made, ...], why: str) -> Expr:
        if node.function == "IF THEN ELSE":
            return self._if(owner, equation, node, parts, why)
        switches = self._switches(node)
        if switches and node.function in _LOGIC and not why:
            return self._logic(node, parts)
        plain = Call(node.function, tuple(part(why or self._shelter(node, i)) for i, part in enumerate(parts)))
        if not switches or FUNCTIONS[node.function].smooth:
            return plain
        reason = why or REASONS.get(node.function, "")
        if reason:
            is_part = why and FUNCTIONS[node.function].group in (Group.COMPARISON, Group.LOGIC)
            return plain if is_part else self._stays(owner, node.function, reason, plain)
        return self._stands_in(owner, equation, node, plain)

    def _shelter(self, node: Call, place: int) -> str:
        """Why kinks in an argument of a call have to stay exact, or nothing."""
        if node.function in ("ZIDZ", "XIDZ") and place == 1:
            return _DIVISOR
        is_branch = node.function == "IF THEN ELSE" and place > 0
        return _SHELTERED if is_branch and self._partial(node.arguments[place]) else ""

    def _stays(self, owner: Variable, function: str, reason: str, plain: Expr) -> Expr:
        """The exact expression, and a note where there is a reason."""
        if reason:
            self.left[Exact(owner.origin or owner.name, function, reason)] = None
        return plain

    def _stands_in(self, owner: Variable, equation: Equation, node: Call, plain: Call) -> Expr:
        site = self._site(owner, equation, node.function, free_axes(node))
        if site is None:
            return self._stays(owner, node.function, _TWICE, plain)
        reason = self._obstacle(node)
        if reason or self._is_straight(node):
            return self._stays(owner, node.function, reason, plain)
        arguments = tuple(site.inside(part) for part in plain.arguments)
        return self._value(site, STAND_INS[node.function](self, site, *arguments))

    def _obstacle(self, node: Call) -> str:
        """Why a call cannot be smoothed though its function can, or nothing."""
        if node.function == "LOOKUP":
            return "" if self._corners(node).is_whole else _GAPS
        huge = node.function in ("MIN", "MAX") and any(self._is_no_limit(part) for part in node.arguments)
        return _NO_LIMIT if huge else ""

    def _is_straight(self, node: Call) -> bool:
        """Whether a call reads a table without corners."""
        return node.function == "LOOKUP" and self._corners(node).is_straight

    def _corners(self, node: Call) -> Corners:
        table = node.arguments[0]
        assert isinstance(table, Ref)
        if table.name not in self.tables:
            self.tables[table.name] = corners_of(self.alignment, table.name)
        return self.tables[table.name]

    def _is_no_limit(self, expr: Expr) -> bool:
        """Whether an argument is a number, or a constant of numbers, so large that nothing will reach it."""
        if not isinstance(expr, Ref) or expr.name not in self.given.variables:
            return _is_huge(expr)
        sides = (equation.definition for equation in self.given.variables[expr.name].equations)
        return all(_is_huge(side) for side in sides)

    # --- conditions -------------------------------------------------------------------------------------------------

    def _if(self, owner: Variable, equation: Equation, node: Call, parts: tuple[Made, ...], why: str) -> Expr:
        switches = self._switches(node)
        reason = (why or self._against(node)) if switches else ""
        condition = parts[0](why or (_IN_CONDITION if reason else ""))
        branches = (parts[i](why or self._shelter(node, i)) for i in (1, 2))
        made = Call(node.function, (condition, *branches))
        site = self._site(owner, equation, node.function, free_axes(node))
        if not switches or reason or site is None:
            return self._stays(owner, node.function, reason, made)
        share, one, other = (site.inside(part) for part in made.arguments)
        return self._value(site, stand_ins.blend(self._named(site, "truth", share), one, other))

    def _against(self, node: Call) -> str:
        """Why an IF THEN ELSE has to stay exact, or nothing."""
        condition, *branches = node.arguments
        if not self._is_ordered(condition):
            return _NO_ORDER
        along = [free_axes(each) for each in (node, *nodes(condition)) if not isinstance(each, Number | Ref)]
        if any(_twice(axes) for axes in along):
            return _TWICE
        looked_at = self._at_once(condition)
        return _ONE_SIDED if any(self._at_once(p) & looked_at for b in branches for p in self._partial(b)) else ""

    def _is_ordered(self, condition: Expr) -> bool:
        """Whether what moves in a condition are comparisons by size, joined by AND, OR and NOT."""

        def call(node: Call, parts: tuple[bool, ...]) -> bool:
            if node.function in _LOGIC:
                return all(parts)
            return node.function in _ORDER or not self._moves(node)

        return fold(
            condition,
            number=lambda node: True,
            ref=lambda node: not self._moves(node),
            call=call,
            reduce=lambda node, part: not self._moves(node),
        )

    def _logic(self, node: Call, parts: tuple[Made, ...]) -> Expr:
        """AND, OR and NOT of shares between 0 and 1, as of independent events."""
        shares = [self._share(given, part("")) for given, part in zip(node.arguments, parts, strict=True)]
        if node.function == "NOT":
            return minus(ONE, shares[0])
        if node.function == "AND":
            return times(*shares)
        return minus(ONE, times(*(minus(ONE, share) for share in shares)))

    def _share(self, given: Expr, made: Expr) -> Expr:
        return made if self._moves(given) else choice(given, ONE, ZERO)

    def _partial(self, branch: Expr) -> list[Expr]:
        """The operands in a branch, other than numbers, for which a function may have no value or no derivative."""
        calls = (node for node in nodes(branch) if isinstance(node, Call) and node.function in _PARTIAL)
        operands = (node.arguments[i] for node in calls if not _is_polynomial(node) for i in _PARTIAL[node.function])
        return [operand for operand in operands if not references(operand) <= self.still]

    def _at_once(self, expr: Expr) -> frozenset[str]:
        """What an expression follows from at the same time, but for what cannot change."""
        found: set[str] = set()
        open_names = [name for name in references(expr) if name not in self.still]
        while open_names:
            name = open_names.pop()
            if name not in found:
                found.add(name)
                needed = dependencies(self.given.variables[name]) if name != "Time" else ()
                open_names.extend(other for other in needed if other not in self.still)
        return frozenset(found)

    # --- reductions -------------------------------------------------------------------------------------------------

    def _reduction(self, owner: Variable, equation: Equation, node: Reduce, part: Made, why: str) -> Expr:
        plain = Reduce(node.operator, node.axes, part(why))
        if node.operator not in REDUCED or not self._moves(node):
            return plain
        whole = self._site(owner, equation, node.operator, tuple(dict.fromkeys((*free_axes(node), *node.axes))))
        site = self._site(owner, equation, node.operator, free_axes(node))
        endless = any(_is_huge(each) for each in nodes(node))
        if why or whole is None or site is None or endless:
            return self._stays(owner, node.operator, why or (_NO_LIMIT if endless else _TWICE), plain)
        return self._value(site, self._extreme(site, whole, plain))

    def _extreme(self, site: _Site, whole: _Site, node: Reduce) -> Expr:
        """The stand-in of VMIN or VMAX; `whole` is the site over what is reduced too."""
        x = self._named(whole, "of", whole.inside(node.argument))
        exact = self._add(site, "exact", site.inside(Reduce(node.operator, node.axes, whole.at_call(x))))
        switch = self._add(whole, "switch", minus(x, exact))
        width = self._width(site, switch)
        return REDUCED[node.operator](site.inside(whole.at_call(x)), exact, node.axes, width)

    # --- auxiliaries ------------------------------------------------------------------------------------------------

    def _moves(self, expr: Expr) -> bool:
        return not self.moved.isdisjoint(references(expr))

    def _switches(self, node: Call) -> bool:
        """Whether what moves are arguments with which the function switches."""
        places = _SWITCHING.get(node.function, range(len(node.arguments)))
        return any(self._moves(node.arguments[i]) for i in places if i < len(node.arguments))

    def _site(self, owner: Variable, equation: Equation, function: str, axes: tuple[str, ...]) -> _Site | None:
        """The site of a kink that moves along these axes; none where two of them are one range."""
        if _twice(axes):
            return None
        ranges = tuple(range_of(axis) for axis in axes)
        count, name = 1, f"{owner.name}: {function}"
        while name in self.variables or f"{name} switch" in self.variables:
            count += 1
            name = f"{owner.name}: {function} {count}"
        return _Site(owner, function, name, ranges, axes, equation.excluded if axes == equation.subscripts else ())

    def _add(self, site: _Site, label: str, definition: Expr) -> Ref:
        """An auxiliary over the ranges of a site, and the reference to it inside them."""
        name, owner = f"{site.name} {label}".rstrip(), site.owner
        equation = Equation(site.ranges, definition, excluded=site.excluded, place=owner.place)
        self.variables[name] = Variable(
            name,
            Kind.AUXILIARY,
            site.ranges,
            (equation,),
            place=owner.place,
            origin=site.modeller,
            kinked=False,
            held=owner.held,
        )
        return Ref(name, tuple(Subscript(each, each) for each in site.ranges))

    def _named(self, site: _Site, label: str, expr: Expr) -> Expr:
        """An expression by its name, unless it is a name or a number already."""
        return expr if isinstance(expr, Number | Ref) else self._add(site, label, expr)

    def _value(self, site: _Site, definition: Expr) -> Expr:
        """The reference at the call to the auxiliary that stands for it."""
        return site.at_call(self._add(site, "", definition))

    def _width(self, site: _Site, switch: Ref) -> Ref:
        """The constant that holds the width of a kink, which is noted."""
        name = f"{site.name} width"
        self._constant(name, (), np.ones(()), site.modeller)
        self.kinks.append(Smoothed(site.modeller, site.function, switch.name, site.name, name))
        return Ref(name)

    def _constant(self, name: str, dimensions: tuple[str, ...], values: npt.NDArray[np.float64], origin: str) -> None:
        """A constant with these values."""
        equation = Equation(dimensions, Values(values))
        self.variables[name] = Variable(name, Kind.CONSTANT, dimensions, (equation,), origin=origin)

    # --- stand-ins --------------------------------------------------------------------------------------------------

    def extreme_of_two(self, site: _Site, one: Expr, other: Expr, *, made: Callable[..., Expr]) -> Expr:
        """MIN or MAX."""
        one, other = self._named(site, "first", one), self._named(site, "second", other)
        switch = self._add(site, "switch", minus(one, other))
        width = self._width(site, switch)
        distance = self._add(site, "distance", stand_ins.root(switch, width))
        return made(one, other, switch, distance, width)

    def absolute(self, site: _Site, x: Expr) -> Expr:
        """ABS."""
        switch = self._add(site, "switch", x)
        return stand_ins.root(switch, self._width(site, switch))

    def comparison(self, site: _Site, one: Expr, other: Expr, *, above: bool) -> Expr:
        """The share to which a comparison holds."""
        switch = self._add(site, "switch", minus(one, other) if above else minus(other, one))
        return stand_ins.truth(switch, self._width(site, switch))

    def lookup(self, site: _Site, table: Expr, x: Expr) -> Expr:
        """A table as a line, bends and jumps."""
        assert isinstance(table, Ref)
        corners = self.tables[table.name]
        self._keep(table.name, corners)
        switch = self._add(site, "switch", x)
        width, point = self._width(site, switch), f"{table.name}: point"

        def of_table(part: str, *more: Subscript) -> Ref:
            return Ref(f"{table.name}: {part}", (*table.subscripts, *more))

        def over_corners(part: str, made: Callable[[Expr, Expr], Expr]) -> Expr:
            here = Subscript(point, f"{point}!")
            away = minus(switch, of_table("corner", here))
            return Reduce("SUM", (f"{point}!",), times(of_table(part, here), made(away, width)))

        parts = [over_corners("bend", stand_ins.root)] if corners.bends.any() else []
        parts += [over_corners("jump", stand_ins.sign)] if corners.jumps.any() else []
        line = plus(of_table("base"), times(of_table("slope"), switch))
        return plus(line, times(HALF, parts[0] if len(parts) == 1 else plus(*parts)))

    def _keep(self, table: str, corners: Corners) -> None:
        """The corners of a table as constants of the system."""
        variable, point = self.given.variables[table], f"{table}: point"
        shape, count = self.given.shape(variable), corners.at.shape[1]
        self.dimensions[point] = Dimension(point, tuple(f"{point} {i + 1}" for i in range(count)), point)
        for name, values in {"corner": corners.at, "bend": corners.bends, "jump": corners.jumps}.items():
            dimensions = (*variable.dimensions, point)
            self._constant(f"{table}: {name}", dimensions, values.reshape((*shape, count)), table)
        for name, values in {"base": corners.base, "slope": corners.slope}.items():
            self._constant(f"{table}: {name}", variable.dimensions, values.reshape(shape), table)


def _is_huge(side: Definition) -> bool:
    """Whether a definition gives numbers, all of them so large that they stand for no limit."""
    if isinstance(side, Number):
        return abs(side.value) >= NO_LIMIT
    return isinstance(side, Values) and bool((np.abs(side.array) >= NO_LIMIT).all())


def _constantly(node: Expr) -> Made:
    return lambda why: node


def _twice(axes: tuple[str, ...]) -> bool:
    """Whether two axes move along the same range."""
    return len({range_of(axis) for axis in axes}) < len(axes)


def _is_polynomial(node: Call) -> bool:
    """Whether a call is a power with a whole exponent from 1 on, which has a value everywhere."""
    exponent = node.arguments[-1]
    if node.function not in ("^", "POWER") or not isinstance(exponent, Number):
        return False
    return exponent.value >= 1.0 and exponent.value.is_integer()


STAND_INS: Mapping[str, Callable[..., Expr]] = {
    "MIN": partial(_Work.extreme_of_two, made=stand_ins.smaller),
    "MAX": partial(_Work.extreme_of_two, made=stand_ins.larger),
    "ABS": _Work.absolute,
    **dict.fromkeys((">", ">="), partial(_Work.comparison, above=True)),
    **dict.fromkeys(("<", "<="), partial(_Work.comparison, above=False)),
    "LOOKUP": _Work.lookup,
}
REDUCED: Mapping[str, Callable[..., Expr]] = {"VMIN": stand_ins.smallest, "VMAX": stand_ins.greatest}
SMOOTHED = frozenset((*STAND_INS, *REDUCED, *_LOGIC, "IF THEN ELSE"))
"""The functions with kinks that have stand-ins."""

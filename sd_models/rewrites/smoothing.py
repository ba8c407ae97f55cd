"""Kinks and jumps that levers move to smooth stand-ins, each with a width of its own that is a constant of the model.

One compiled model serves all widths: with large ones a search sees far beyond a kink, with small ones the model is as
good as the exact one. What becomes of each function stands in `stand_ins.py`, which variables that takes in `kinks.py`;
a caller can measure the switch of each kink along a run.

What no lever moves stays exact: conditions on the time, tables of the time. So does, with a reason, what has no smooth
neighbour: equality, whole numbers, division by what may be zero. An IF THEN ELSE whose branch may be no number on the
other side of its condition (`IF THEN ELSE(stock > 0, flow / stock, 0)`) stays exact too: a blend would look at both
branches near the switch. So do kinks inside such a branch, since they are looked at only where the branch is.

Why after the rewrites that make stocks: the kinks that these bring (cut outflows, samples) come for free, and what a
lever reaches is known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from ..recursion import deep
from ..system.alignment import Alignment
from ..system.expression import Call, Expr, Number, Reduce, Ref, fold, free_axes, functions, nodes, range_of, references
from ..system.functions import FUNCTIONS, Group
from ..system.model import Definition, Equation, Kind, Series, System, Values, Variable
from ..system.ordering import dependencies
from . import stand_ins
from .corners import Corners, corners_of
from .folding import unchanging
from .kinks import REDUCED, STAND_INS, Growth, Smoothed
from .stand_ins import ONE, ZERO, choice, minus, times


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
    work = _Walk(Growth(system), frozenset(moved))
    grown = work.growth
    for variable in system.of_kind(Kind.AUXILIARY, Kind.STOCK, Kind.SAMPLE):
        if variable.kinked:
            grown.variables[variable.name] = work.smoothed(variable)
    found = replace(system, variables=grown.variables, dimensions=grown.dimensions)
    return Smoothing(found, tuple(grown.kinks), tuple(work.left))


_SHELTERED = "it stands in a branch of IF THEN ELSE that may be no number on the other side of the condition."
_ONE_SIDED = "a branch may be no number on the other side of the condition."
_IN_CONDITION = "it stands in a condition that stays exact."
_DIVISOR = "it stands in a divisor that may be zero, which a stand-in would miss by its width."
_NO_ORDER = "its condition is not made of comparisons with <, <=, > and >= alone."
_TWICE = "it moves along the same subscript range twice."
_NO_LIMIT = "a number in it is missing, or so large that it stands for no limit."
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
# The argument of a function that may be without a value, or without a derivative, for some numbers.
_PARTIAL: Mapping[str, int] = {
    "/": 1,
    **dict.fromkeys(("^", "POWER", "LN", "LOG", "SQRT", "ARCSIN", "ARCCOS", "INVERT MATRIX"), 0),
}
_ORDER = frozenset(("<", "<=", ">", ">="))
_LOGIC = frozenset(("AND", "OR", "NOT"))
SMOOTHED = frozenset((*STAND_INS, *REDUCED, *_LOGIC, "IF THEN ELSE"))
"""The functions with kinks that have stand-ins."""
# A constant of this size is a modeller's infinity.
NO_LIMIT = 1e15

Made: TypeAlias = Callable[[str], Expr]
"""What an expression becomes, given why kinks in it have to stay exact ("" where they need not)."""


@dataclass
class _Walk:
    """Goes through the equations; `left` fills with what stays exact."""

    growth: Growth
    moved: frozenset[str]
    left: dict[Exact, None] = field(default_factory=dict)

    # --- equations --------------------------------------------------------------------------------------------------

    def smoothed(self, variable: Variable) -> Variable:
        """The variable with the kinks of its equations replaced."""
        return replace(variable, equations=tuple(self._equation(variable, each) for each in variable.equations))

    def _equation(self, owner: Variable, equation: Equation) -> Equation:
        at, definition, initial = _Equation(self, owner, equation), equation.definition, equation.initial
        if not isinstance(definition, Values | Series):
            equation = replace(equation, definition=at.side(definition))
        return equation if initial is None else replace(equation, initial=at.side(initial))

    # --- what moves -------------------------------------------------------------------------------------------------

    @cached_property
    def given(self) -> System:
        """The system as it was."""
        return self.growth.given

    @cached_property
    def still(self) -> frozenset[str]:
        """The variables that cannot change in a run."""
        return unchanging(self.given, keep=self.moved)

    def moves(self, expr: Expr) -> bool:
        """Whether levers move an expression."""
        return not self.moved.isdisjoint(references(expr))

    def switches(self, node: Call) -> bool:
        """Whether levers move the arguments with which a function switches."""
        places = _SWITCHING.get(node.function, range(len(node.arguments)))
        return any(self.moves(node.arguments[i]) for i in places if i < len(node.arguments))

    # --- what stays exact -------------------------------------------------------------------------------------------

    def against(self, node: Call) -> str:
        """Why a call whose function has a stand-in has to stay exact, or nothing."""
        if node.function == "LOOKUP":
            return "" if self.corners(node).is_whole else _GAPS
        if node.function == "IF THEN ELSE":
            return self._against_choice(node)
        endless = node.function in ("MIN", "MAX") and self._is_endless(node.arguments)
        return _NO_LIMIT if endless else ""

    def _against_choice(self, node: Call) -> str:
        condition, *branches = node.arguments
        if not self._is_ordered(condition):
            return _NO_ORDER
        if any(is_twice(free_axes(each)) for each in nodes(condition)):
            return _TWICE
        if self._is_endless(each for branch in branches for each in nodes(branch) if isinstance(each, Number | Ref)):
            return _NO_LIMIT
        looked_at = self._at_once(condition)
        operands = (operand for branch in branches for operand in self.partial(branch))
        return _ONE_SIDED if any(self._at_once(operand) & looked_at for operand in operands) else ""

    def _is_ordered(self, condition: Expr) -> bool:
        """Whether what moves in a condition are comparisons by size, joined by AND, OR and NOT."""

        def call(node: Call, parts: tuple[bool, ...]) -> bool:
            if node.function in _LOGIC:
                return all(parts)
            return node.function in _ORDER or not self.moves(node)

        return fold(
            condition,
            number=lambda node: True,
            ref=lambda node: not self.moves(node),
            call=call,
            reduce=lambda node, part: not self.moves(node),
        )

    def _is_endless(self, operands: Iterable[Expr]) -> bool:
        """Whether an operand is a number, or a constant with one, that is missing or stands for no limit."""
        return any(_is_endless(side) for operand in operands for side in self._numbers(operand))

    def _numbers(self, operand: Expr) -> tuple[Definition, ...]:
        if not isinstance(operand, Ref) or operand.name not in self.given.variables:
            return (operand,)
        return tuple(equation.definition for equation in self.given.variables[operand.name].equations)

    def partial(self, branch: Expr) -> list[Expr]:
        """The operands in a branch, other than numbers, for which a function may have no value or no derivative."""
        calls = (node for node in nodes(branch) if isinstance(node, Call) and node.function in _PARTIAL)
        operands = (node.arguments[_PARTIAL[node.function]] for node in calls if not _is_polynomial(node))
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

    # --- tables -----------------------------------------------------------------------------------------------------

    def corners(self, node: Call) -> Corners:
        """The corners of the table that a call reads."""
        table = node.arguments[0]
        assert isinstance(table, Ref)
        if table.name not in self._tables:
            self._tables[table.name] = corners_of(self._alignment, table.name)
        return self._tables[table.name]

    @cached_property
    def _tables(self) -> dict[str, Corners]:
        return {}

    @cached_property
    def _alignment(self) -> Alignment:
        return Alignment(self.given)


@dataclass(frozen=True)
class _Equation:
    """One equation of a variable: what its sides become."""

    walk: _Walk
    owner: Variable
    equation: Equation

    def side(self, expr: Expr) -> Expr:
        """A side of the equation with its kinks replaced."""
        if not self.walk.moves(expr) or all(FUNCTIONS[name].smooth for name in functions(expr)):
            return expr
        with deep():
            return fold(expr, number=_constantly, ref=_constantly, call=self._call, reduce=self._reduce)("")

    def _call(self, node: Call, parts: tuple[Made, ...]) -> Made:
        made = _BY_FUNCTION.get(node.function, _Equation._plainly)
        return lambda why: made(self, node, parts, why)

    def _plainly(self, node: Call, parts: tuple[Made, ...], why: str) -> Expr:
        """The call, or its stand-in where it has one."""
        is_ratio = node.function in ("ZIDZ", "XIDZ")
        shelters = (_DIVISOR if is_ratio and i == 1 else "" for i in range(len(parts)))
        plain = Call(node.function, tuple(part(why or each) for part, each in zip(parts, shelters, strict=True)))
        if FUNCTIONS[node.function].smooth or not self.walk.switches(node):
            return plain
        reason = why or REASONS.get(node.function, "")
        if not reason:
            return self._stands_in(node, plain)
        is_part = why and FUNCTIONS[node.function].group is Group.COMPARISON  # told by what looks at it
        return plain if is_part else self._stays(node.function, reason, plain)

    def _stays(self, function: str, reason: str, plain: Expr) -> Expr:
        """The exact expression, and a note where there is a reason."""
        if reason:
            self.walk.left[Exact(self.owner.origin or self.owner.name, function, reason)] = None
        return plain

    def _stands_in(self, node: Call, plain: Call) -> Expr:
        reason = _TWICE if is_twice(free_axes(node)) else self.walk.against(node)
        more = (self.walk.corners(node),) if node.function == "LOOKUP" else ()
        if reason or any(corners.is_straight for corners in more):
            return self._stays(node.function, reason, plain)
        growth = self.walk.growth
        site = growth.site(self.owner, self.equation, node.function, free_axes(node))
        arguments = (site.inside(part) for part in plain.arguments)
        return growth.value(site, STAND_INS[node.function](growth, site, *arguments, *more))

    def _chosen(self, node: Call, parts: tuple[Made, ...], why: str) -> Expr:
        """IF THEN ELSE: a blend of its branches, or as it is."""
        switches = self.walk.switches(node)
        reason = why or (_TWICE if is_twice(free_axes(node)) else self.walk.against(node)) if switches else ""
        condition = parts[0](why or (_IN_CONDITION if reason else ""))
        shelters = (_SHELTERED if self.walk.partial(branch) else "" for branch in node.arguments[1:])
        branches = (part(why or each) for part, each in zip(parts[1:], shelters, strict=True))
        made = Call(node.function, (condition, *branches))
        if reason or not switches:
            return self._stays(node.function, reason, made)
        growth = self.walk.growth
        site = growth.site(self.owner, self.equation, node.function, free_axes(node))
        share, one, other = (site.inside(part) for part in made.arguments)
        return growth.value(site, stand_ins.blend(growth.named(site, "truth", share), one, other))

    def _logic(self, node: Call, parts: tuple[Made, ...], why: str) -> Expr:
        """AND, OR and NOT of shares between 0 and 1, as of independent events."""
        made = tuple(part(why) for part in parts)
        if why or not self.walk.switches(node):
            return Call(node.function, made)
        shares = [_share(given, part) for given, part in zip(node.arguments, made, strict=True)]
        if node.function == "NOT":
            return minus(ONE, shares[0])
        if node.function == "AND":
            return times(*shares)
        return minus(ONE, times(*(minus(ONE, share) for share in shares)))

    def _reduce(self, node: Reduce, part: Made) -> Made:
        return lambda why: self._reduced(node, Reduce(node.operator, node.axes, part(why)), why)

    def _reduced(self, node: Reduce, plain: Reduce, why: str) -> Expr:
        """The reduction, or the stand-in of VMIN and VMAX."""
        if node.operator not in REDUCED or not self.walk.moves(node):
            return plain
        axes = tuple(dict.fromkeys((*free_axes(node), *node.axes)))
        endless = any(_is_endless(each) for each in nodes(node))
        reason = why or (_TWICE if is_twice(axes) else _NO_LIMIT if endless else "")
        if reason:
            return self._stays(node.operator, reason, plain)
        growth = self.walk.growth
        whole, site = (growth.site(self.owner, self.equation, node.operator, a) for a in (axes, free_axes(node)))
        return growth.value(site, growth.extreme_of_many(site, whole, plain))


_BY_FUNCTION: Mapping[str, Callable[[_Equation, Call, tuple[Made, ...], str], Expr]] = {
    "IF THEN ELSE": _Equation._chosen,
    **dict.fromkeys(_LOGIC, _Equation._logic),
}


def _constantly(node: Expr) -> Made:
    return lambda why: node


def _share(given: Expr, made: Expr) -> Expr:
    """What a part of a logical expression became, as a number between 0 and 1."""
    group = FUNCTIONS[given.function].group if isinstance(given, Call) else None
    return made if group in (Group.COMPARISON, Group.LOGIC) else choice(made, ONE, ZERO)


def is_twice(axes: tuple[str, ...]) -> bool:
    """Whether two axes move along the same range."""
    return len({range_of(axis) for axis in axes}) < len(axes)


def _is_endless(side: Definition) -> bool:
    """Whether a definition has a number that is missing, or so large that it stands for no limit."""
    if isinstance(side, Number):
        return not abs(side.value) < NO_LIMIT
    return isinstance(side, Values) and not bool((np.abs(side.array) < NO_LIMIT).all())


def _is_polynomial(node: Call) -> bool:
    """Whether a call is a power with a whole exponent from 1 on, which has a value everywhere."""
    exponent = node.arguments[-1]
    if node.function not in ("^", "POWER") or not isinstance(exponent, Number):
        return False
    return exponent.value >= 1.0 and exponent.value.is_integer()

"""What a modeller sees of a model: equations as Vensim-like text, a page for each variable, a summary of the whole.

Operators stand between their arguments with as few parentheses as their precedence allows, and Vensim reads the text of
an expression back as the same expression. `Piece`, `Infix` and `joined` serve every target that writes operators so.

Why a minus stands in parentheses behind an operator and before a power, although Vensim could do without: readers, PySD
and Vensim disagree about `-2 ^ 2`, and `a - -b` is easily misread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from textwrap import wrap

import numpy as np

from .equation import MISSING, Equation, FloatArray, Interpolation, Kind, Series, Values
from .expression import Call, Expr, Number, Reduce, Ref, Subscript, fold

WIDTH = 110
MOST_NUMBERS = 12  # numbers, points or elements shown one by one
PLAIN_NAME = re.compile(r"[^\W\d][\w $']*")
QUOTED_NAME = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)


class Level(IntEnum):
    """How tightly the outermost operator of a text binds."""

    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    SUM = 5
    TERM = 6  # a sum over elements as mathematicians write it: fine beside a plus, but not beside a product
    PRODUCT = 7
    NEGATIVE = 8
    POWER = 9
    ATOM = 10


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of an expression."""

    text: str
    level: Level = Level.ATOM


@dataclass(frozen=True, slots=True)
class Infix:
    """An operator between two texts: its own level, and the least level of each text that needs no parentheses."""

    symbol: str
    level: Level
    left: Level
    right: Level


def _from_left(symbol: str, level: Level) -> Infix:
    return Infix(symbol, level, level, Level(level + 1))


INFIX: Mapping[str, Infix] = {
    "OR": _from_left(":OR:", Level.OR),
    "AND": _from_left(":AND:", Level.AND),
    **{name: Infix(name, Level.COMPARISON, Level.SUM, Level.SUM) for name in ("=", "<>", "<", "<=", ">", ">=")},
    **{name: _from_left(name, Level.SUM) for name in ("+", "-")},
    **{name: _from_left(name, Level.PRODUCT) for name in ("*", "/")},
    "^": Infix("^", Level.POWER, Level.ATOM, Level.POWER),
}


def parenthesized(text: str) -> str:
    """The text in parentheses."""
    return f"({text})"


def enclosed(piece: Piece, least: Level, around: Callable[[str], str] = parenthesized) -> str:
    """The text of the piece, in parentheses where it binds less tightly than `least`."""
    return piece.text if piece.level >= least else around(piece.text)


def joined(operator: Infix, left: Piece, right: Piece, around: Callable[[str], str] = parenthesized) -> Piece:
    """Two texts with an operator between them; a right one that starts with a minus stands in parentheses."""
    second = around(right.text) if right.text.startswith("-") else enclosed(right, operator.right, around)
    return Piece(f"{enclosed(left, operator.left, around)} {operator.symbol} {second}", operator.level)


# --- expressions ------------------------------------------------------------------------------------------------------


def equation_text(expr: Expr) -> str:
    """The expression as Vensim writes it.

    >>> from sd_models.system.expression import Call, Number, Ref
    >>> equation_text(Call("*", (Call("+", (Ref("births"), Number(1.0))), Ref("delay"))))
    '(births + 1) * delay'
    """
    return fold(expr, number=_number, ref=_ref, call=_call, reduce=_reduce).text


def number_text(value: float) -> str:
    """The shortest text that is read back as the same number."""
    if value == MISSING or np.isnan(value):
        return ":NA:" if value == MISSING else "NaN"
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(float(value))


def name_text(name: str) -> str:
    """The name as it stands in an equation: in quotes if it has characters that mean something else."""
    if PLAIN_NAME.fullmatch(name) or QUOTED_NAME.fullmatch(name):
        return name
    escaped = name.replace('"', '\\"')
    return f'"{escaped}"'


def left_text(name: str, subscripts: Sequence[str]) -> str:
    """The name with its subscripts."""
    return name_text(name) + (f"[{', '.join(subscripts)}]" if subscripts else "")


def _number(node: Number) -> Piece:
    return Piece(number_text(node.value), Level.NEGATIVE if node.value < 0 else Level.ATOM)


def _ref(node: Ref) -> Piece:
    return Piece(left_text(node.name, [_subscript(subscript) for subscript in node.subscripts]))


def _subscript(subscript: Subscript) -> str:
    return f"{subscript.name}!" if (subscript.axis or "").endswith("!") else subscript.name


def _reduce(node: Reduce, part: Piece) -> Piece:
    return Piece(f"{node.operator}({part.text})")


def _call(node: Call, parts: tuple[Piece, ...]) -> Piece:
    if node.function in INFIX and len(parts) == 2:
        return joined(INFIX[node.function], *parts)
    form = _FORMS.get(node.function)
    return form(node, parts) if form else _called(node.function, parts)


def _called(name: str, parts: Sequence[Piece]) -> Piece:
    return Piece(f"{name}({', '.join(part.text for part in parts)})")


def _negative(_: Call, parts: tuple[Piece, ...]) -> Piece:
    return Piece(f"-{enclosed(parts[0], Level.ATOM)}", Level.NEGATIVE)


def _not(_: Call, parts: tuple[Piece, ...]) -> Piece:
    return Piece(f":NOT: {enclosed(parts[0], Level.COMPARISON)}", Level.NOT)


def _table(_: Call, parts: tuple[Piece, ...]) -> Piece:
    return _called(parts[0].text, parts[1:])


def _delayed(names: Mapping[float, str]) -> Callable[[Call, tuple[Piece, ...]], Piece]:
    """A smooth or delay by the name for its order, with a trailing I where the initial value is not the input's."""

    def form(node: Call, parts: tuple[Piece, ...]) -> Piece:
        source, _, initial, order = node.arguments
        name = names.get(order.value) if isinstance(order, Number) else None
        if name is None:
            return _called(node.function, parts)
        return _called(name, parts[:2]) if initial == source else _called(f"{name}I", parts[:3])

    return form


_FORMS: Mapping[str, Callable[[Call, tuple[Piece, ...]], Piece]] = {
    "-": _negative,
    "NOT": _not,
    "LOOKUP": _table,
    "SMOOTH": _delayed({1.0: "SMOOTH", 3.0: "SMOOTH3"}),
    "DELAY": _delayed({1.0: "DELAY1", 3.0: "DELAY3"}),
}


# --- numbers ----------------------------------------------------------------------------------------------------------


def values_text(array: FloatArray) -> str:
    """The numbers of an array; of a long one how many there are, their range, and the first ones."""
    numbers = array.ravel()
    if len(numbers) <= MOST_NUMBERS:
        return _rows(array)
    count = " x ".join(str(length) for length in array.shape)
    first = ", ".join(number_text(float(value)) for value in numbers[:3])
    return f"{count} values {range_text(array)}: {first}, ..."


def _rows(array: FloatArray) -> str:
    """All numbers, the last dimension in rows that end with a semicolon."""
    width = array.shape[-1] if array.ndim > 1 else max(1, array.size)
    rows = array.reshape((-1, width)) if array.size else array.reshape((0, width))
    return "; ".join(", ".join(number_text(float(value)) for value in row) for row in rows)


def range_text(array: FloatArray) -> str:
    """Between which numbers the finite ones of the array lie."""
    finite = array[np.isfinite(array)]
    if not finite.size:
        return "without a number"
    low, high = float(finite.min()), float(finite.max())
    return f"all {low:g}" if low == high else f"from {low:g} to {high:g}"


def table_text(series: Series) -> str:
    """The points of a table, and how it is read between and beyond them."""
    first = series.y.reshape((len(series.x), -1))[:, :1]
    if (series.y.reshape((len(series.x), -1)) != first).any():
        return series_text(series)
    points = [f"({number_text(float(x))}, {number_text(float(y))})" for x, y in zip(series.x, first[:, 0], strict=True)]
    shown = points if len(points) <= MOST_NUMBERS else [*points[: MOST_NUMBERS - 1], "...", points[-1]]
    return ", ".join(shown) + _READING[series.interpolation]


def series_text(series: Series) -> str:
    """How many points a series has, where they lie, and how it is read between and beyond them."""
    points = f"{len(series.x)} points {range_text(series.x)}, values {range_text(series.y)}"
    return points + _READING[series.interpolation]


_READING: Mapping[Interpolation, str] = {
    Interpolation.LINEAR: "",
    Interpolation.EXTRAPOLATE: ", extrapolated",
    Interpolation.BACKWARD: ", hold backward",
    Interpolation.FORWARD: ", look forward",
    Interpolation.RAW: ", at these points only",
}


# --- equations --------------------------------------------------------------------------------------------------------


def equation_line(name: str, kind: Kind, equation: Equation) -> str:
    """One equation of the variable of that name and kind, with its left-hand side."""
    excluded = ", ".join(f"[{', '.join(group)}]" for group in equation.excluded)
    left = left_text(name, equation.subscripts) + (f" :EXCEPT: {excluded}" if excluded else "")
    definition = equation.definition
    if isinstance(definition, Series):
        table = kind is Kind.TABLE
        return left + (f"({table_text(definition)})" if table else f" := {series_text(definition)}")
    right = values_text(definition.array) if isinstance(definition, Values) else equation_text(definition)
    if equation.initial is not None:
        right = f"{_WITH_INITIAL[kind]}({right}, {equation_text(equation.initial)})"
    return f"{left} = {right}"


# A sample takes on in each step what its definition was one step before.
_WITH_INITIAL: Mapping[Kind, str] = dict.fromkeys(Kind, "ACTIVE INITIAL") | {
    Kind.STOCK: "INTEG",
    Kind.SAMPLE: "PREVIOUS",
}


# --- pages ------------------------------------------------------------------------------------------------------------


def page(title: str, lines: Sequence[str]) -> str:
    """A title and lines below it, wrapped and indented."""
    return "\n".join((title, *_indented(lines)))


def _indented(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from wrap(
            text,
            WIDTH,
            initial_indent="  ",
            subsequent_indent="      ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def shortened(names: Sequence[str]) -> str:
    """The names in a row; of many the first ones and how many more there are."""
    rest = len(names) - MOST_NUMBERS
    return ", ".join(names) if rest <= 0 else f"{', '.join(names[:MOST_NUMBERS])} and {rest} more"

"""The LaTeX target: equations as mathematicians write them, with the modeller's names.

A stock is a derivative and an initial value, a division a fraction, IF THEN ELSE a brace with cases, a sum over a range
a capital sigma with an index. Functions that mathematics has no sign for keep their name: `CALLS` says which.

The text needs `amsmath`; names in other scripts need XeLaTeX or LuaLaTeX, or MathJax or KaTeX on a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..system.description import INFIX, MOST_NUMBERS, Infix, Level, Piece, enclosed, joined, number_text, range_text
from ..system.expression import Expr, Reduce, Ref, Subscript, fold, nodes, range_of
from ..system.model import MISSING, Equation, FloatArray, Interpolation, Kind, Series, System, Values, Variable

LETTERS = "ijklmnpqrsuvw"  # o is no letter for an index, t is the time
Form = Callable[[tuple[Piece, ...]], Piece]


def latex(system: System, name: str | None = None) -> str:
    """The equations of a variable, or of the whole model in the order of the file, in an `align` environment.

    >>> from sd_models.system.expression import Number
    >>> from sd_models.system.model import Equation, Kind, System, Variable
    >>> rate = Variable("birth rate", Kind.CONSTANT, (), (Equation((), Number(0.03)),))
    >>> print(latex(System("small", {"birth rate": rate})))
    \\begin{align}
    \\text{birth rate} &= 0.03
    \\end{align}
    """
    variables = list(system) if name is None else [system[name]]
    lines = [line for v in variables for equation in v.equations for line in _lines(system, v, equation)]
    return "\n".join((r"\begin{align}", " \\\\\n".join(lines), r"\end{align}"))


def expression_latex(expr: Expr, letters: Mapping[str, str] | None = None) -> str:
    """An expression; `letters` gives the index letter of each axis, i, j, k ... in the order of reading by default."""
    return _piece(expr, letters if letters is not None else _letters((), expr)).text


def text_latex(text: str) -> str:
    """Words as they stand in a formula, with the characters that mean something to TeX escaped."""
    words = " ".join(text.strip('"').split())
    return rf"\text{{{''.join(_ESCAPES.get(c, c) for c in words if c.isprintable())}}}"


_ESCAPES: Mapping[str, str] = {
    **{character: f"\\{character}" for character in "{}$&#_%"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


# --- equations --------------------------------------------------------------------------------------------------------


def _lines(system: System, variable: Variable, equation: Equation) -> Iterator[str]:
    """The equation, and its initial value where it has one."""
    axes = [name for name in equation.subscripts if name in system.dimensions]
    letters = _letters(axes, equation.definition, equation.initial)
    where = _where(axes, equation, letters)
    subscripts = [Subscript(name, name if name in axes else None) for name in equation.subscripts]
    left = _name(variable.name, subscripts, letters)
    note = r" \quad \text{never below 0}" if variable.non_negative else ""
    yield f"{_LEFT.get(variable.kind, str)(left)} &= {_right(equation, letters)}{where}{note}"
    if equation.initial is not None:
        yield f"{left}(t_0) &= {expression_latex(equation.initial, letters)}{where}"


_LEFT: Mapping[Kind, Callable[[str], str]] = {
    Kind.STOCK: lambda left: rf"\frac{{d}}{{dt}} {left}",
    Kind.SAMPLE: lambda left: rf"{left}(t + \Delta t)",
    Kind.DATA: lambda left: f"{left}(t)",
    Kind.TABLE: lambda left: f"{left}(x)",
}


def _where(axes: Sequence[str], equation: Equation, letters: Mapping[str, str]) -> str:
    """Which elements the equation holds for."""
    ranges = [rf"{letters[axis]} \in {text_latex(axis)}" for axis in axes]
    groups = [f"({', '.join(text_latex(name) for name in group)})" for group in equation.excluded]
    excluded = [rf"\text{{except }} {', '.join(groups)}"] if groups else []
    return rf" \quad {', '.join((*ranges, *excluded))}" if ranges or excluded else ""


def _right(equation: Equation, letters: Mapping[str, str]) -> str:
    if isinstance(equation.definition, Series):
        return _series(equation.definition)
    if isinstance(equation.definition, Values):
        return _values(equation.definition.array)
    return expression_latex(equation.definition, letters)


def _series(series: Series) -> str:
    """The points of a short series, the range of a long one, and how it is read between them."""
    if series.y.size > MOST_NUMBERS or series.y.size != len(series.x):
        points = f"{len(series.x)} points {range_text(series.x)}, values {range_text(series.y)}"
        return rf"\text{{{points}{_READING[series.interpolation]}}}"
    pairs = zip(series.x, series.y.ravel(), strict=True)
    points = r",\ ".join(f"({_number(float(x)).text}, {_number(float(y)).text})" for x, y in pairs)
    return rf"\text{{points }} {points}\text{{{_READING[series.interpolation]}}}"


_READING: Mapping[Interpolation, str] = {
    Interpolation.LINEAR: ", straight lines between, constant beyond",
    Interpolation.EXTRAPOLATE: ", straight lines between and beyond",
    Interpolation.BACKWARD: ", the last point before",
    Interpolation.FORWARD: ", the next point",
    Interpolation.RAW: ", nothing between",
}


def _values(array: FloatArray) -> str:
    """A short array in parentheses, rows below each other; the range of a long one."""
    if array.size > MOST_NUMBERS:
        return rf"\text{{{array.size} values {range_text(array)}}}"
    if array.size == 1:
        return _number(float(array.ravel()[0])).text
    if array.ndim < 2:
        return rf"\left({', '.join(_number(float(value)).text for value in array)}\right)"
    rows = (" & ".join(_number(float(value)).text for value in row) for row in array.reshape((-1, array.shape[-1])))
    return r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}"


# --- names and indices ------------------------------------------------------------------------------------------------


def _letters(axes: Sequence[str], *sides: Expr | Values | Series | None) -> Mapping[str, str]:
    """A letter for each axis: those of the left-hand side first, then the others in the order of reading."""
    names = list(axes)
    for side in sides:
        if not (side is None or isinstance(side, Values | Series)):
            names.extend(axis for node in nodes(side) for axis in _axes(node))
    found = dict.fromkeys(names)
    return {name: _letter(position) for position, name in enumerate(found)}


def _axes(node: Expr) -> tuple[str, ...]:
    if isinstance(node, Reduce):
        return node.axes
    return tuple(s.axis for s in node.subscripts if s.axis is not None) if isinstance(node, Ref) else ()


def _letter(position: int) -> str:
    lap, letter = divmod(position, len(LETTERS))
    return f"{LETTERS[letter]}{chr(39) * lap}"


def _name(name: str, subscripts: Sequence[Subscript], letters: Mapping[str, str]) -> str:
    indices = ", ".join(_index(subscript, letters) for subscript in subscripts)
    return text_latex(name) + (f"_{{{indices}}}" if indices else "")


def _index(subscript: Subscript, letters: Mapping[str, str]) -> str:
    """An element by its name, an axis by its letter; a range that another range's axis moves as a function of it."""
    if subscript.axis is None:
        return text_latex(subscript.name)
    letter = letters[subscript.axis]
    return letter if subscript.name == range_of(subscript.axis) else f"{text_latex(subscript.name)}({letter})"


# --- expressions ------------------------------------------------------------------------------------------------------


def _around(text: str) -> str:
    return rf"\left({text}\right)"


def _piece(expr: Expr, letters: Mapping[str, str]) -> Piece:
    def ref(node: Ref) -> Piece:
        return Piece("t" if node.name == "Time" else _name(node.name, node.subscripts, letters))

    def reduce(node: Reduce, part: Piece) -> Piece:
        ranges = ", ".join(rf"{letters[axis]} \in {text_latex(range_of(axis))}" for axis in node.axes)
        return REDUCTIONS[node.operator](ranges, part)

    return fold(
        expr,
        number=lambda node: _number(node.value),
        ref=ref,
        call=lambda node, parts: CALLS[node.function](parts),
        reduce=reduce,
    )


def _number(value: float) -> Piece:
    if value == MISSING or np.isnan(value):
        return Piece(rf"\text{{{number_text(value)}}}")
    level = Level.NEGATIVE if value < 0 else Level.ATOM
    if np.isinf(value):
        return Piece(r"-\infty" if value < 0 else r"\infty", level)
    digits, _, exponent = number_text(value).partition("e")
    return Piece(rf"{digits} \times 10^{{{int(exponent)}}}", Level.PRODUCT) if exponent else Piece(digits, level)


def _joined(operator: Infix) -> Form:
    """An operator between its two arguments."""
    return lambda parts: joined(operator, parts[0], parts[1], _around)


def _called(name: str) -> Form:
    """A function by a name in front of its arguments."""
    return lambda parts: Piece(f"{name}{_around(', '.join(part.text for part in parts))}")


def _named(name: str) -> Form:
    """A function that mathematics has no sign for."""
    return _called(rf"\operatorname{{{name.replace(' ', chr(92) + ' ')}}}")


def _difference(parts: tuple[Piece, ...]) -> Piece:
    if len(parts) == 2:
        return joined(INFIX["-"], parts[0], parts[1], _around)
    operand = _around(parts[0].text) if parts[0].text.startswith("-") else enclosed(parts[0], Level.PRODUCT, _around)
    return Piece(f"-{operand}", Level.NEGATIVE)


def _fraction(parts: tuple[Piece, ...]) -> Piece:
    return Piece(rf"\frac{{{parts[0].text}}}{{{parts[1].text}}}", Level.POWER)


def _power(parts: tuple[Piece, ...]) -> Piece:
    return Piece(f"{{{enclosed(parts[0], Level.ATOM, _around)}}}^{{{parts[1].text}}}", Level.POWER)


def _logarithm(parts: tuple[Piece, ...]) -> Piece:
    return Piece(rf"\log_{{{parts[1].text}}}{_around(parts[0].text)}")


def _cases(parts: tuple[Piece, ...]) -> Piece:
    condition, one, other = (part.text for part in parts)
    lines = rf"{one} & \text{{if }} {condition} \\ {other} & \text{{otherwise}}"
    return Piece(rf"\begin{{cases}} {lines} \end{{cases}}", Level.OR)


def _not(parts: tuple[Piece, ...]) -> Piece:
    return Piece(rf"\lnot {enclosed(parts[0], Level.ATOM, _around)}", Level.NOT)


def _table(parts: tuple[Piece, ...]) -> Piece:
    return Piece(f"{parts[0].text}{_around(parts[1].text)}")


def _big(sign: str) -> Callable[[str, Piece], Piece]:
    """A capital sigma or pi over what follows."""

    def form(ranges: str, part: Piece) -> Piece:
        return Piece(rf"{sign}_{{{ranges}}} {enclosed(part, Level.PRODUCT, _around)}", Level.TERM)

    return form


def _extreme(sign: str) -> Callable[[str, Piece], Piece]:
    return lambda ranges, part: Piece(rf"{sign}_{{{ranges}}}{_around(part.text)}")


REDUCTIONS: Mapping[str, Callable[[str, Piece], Piece]] = {
    "SUM": _big(r"\sum"),
    "PROD": _big(r"\prod"),
    "VMIN": _extreme(r"\min"),
    "VMAX": _extreme(r"\max"),
}

_SYMBOLS: Mapping[str, str] = {
    "+": "+",
    "*": r"\cdot",
    "=": "=",
    "<>": r"\neq",
    "<": "<",
    "<=": r"\le",
    ">": ">",
    ">=": r"\ge",
    "AND": r"\land",
    "OR": r"\lor",
}

_SIGNS: Mapping[str, str] = {
    **{name: rf"\{name.lower()}" for name in ("MIN", "MAX", "EXP", "LN", "SIN", "COS", "TAN", "SINH", "COSH", "TANH")},
    **{name: rf"\{name.lower()}" for name in ("ARCSIN", "ARCCOS", "ARCTAN")},
    "LOG10": r"\log_{10}",
    "INTEGER": r"\operatorname{trunc}",
    "MODULO": r"\operatorname{mod}",
}

_NAMES: tuple[str, ...] = (
    *("QUANTUM", "XIDZ", "ZIDZ", "SAFEDIV", "STEP", "PULSE", "PULSE TRAIN", "PULSE MAGNITUDE", "RAMP"),
    *("LOOKUP EXTRAPOLATE", "LOOKUP BACKWARD", "LOOKUP FORWARD"),
    *("GET TIME VALUE", "MEAN", "ELMCOUNT", "VECTOR SELECT", "VECTOR SORT ORDER", "VECTOR RANK", "VECTOR REORDER"),
    *("INTEG", "DELAY", "DELAY N", "DELAY FIXED", "SMOOTH", "SMOOTH N", "TREND", "FORECAST", "SAMPLE IF TRUE"),
    *("PREVIOUS", "INITIAL", "ACTIVE INITIAL", "GAME", "WITH LOOKUP"),
    *("GET XLS CONSTANTS", "GET XLS DATA", "GET XLS LOOKUPS", "GET XLS SUBSCRIPT"),
    *("GET DIRECT CONSTANTS", "GET DIRECT DATA", "GET DIRECT LOOKUPS", "GET DIRECT SUBSCRIPT"),
    *("RANDOM 0 1", "RANDOM UNIFORM", "RANDOM NORMAL", "RANDOM EXPONENTIAL"),
    *("ALLOCATE AVAILABLE", "ALLOCATE BY PRIORITY", "A FUNCTION OF"),
)

CALLS: Mapping[str, Form] = {
    **{name: _joined(replace(INFIX[name], symbol=symbol)) for name, symbol in _SYMBOLS.items()},
    **{name: _called(sign) for name, sign in _SIGNS.items()},
    **{name: _named(name) for name in _NAMES},
    "-": _difference,
    "/": _fraction,
    "^": _power,
    "POWER": _power,
    "NOT": _not,
    "IF THEN ELSE": _cases,
    "LOG": _logarithm,
    "ABS": lambda parts: Piece(rf"\left|{parts[0].text}\right|"),
    "SQRT": lambda parts: Piece(rf"\sqrt{{{parts[0].text}}}"),
    "PI": lambda parts: Piece(r"\pi"),
    "LOOKUP": _table,
    "INVERT MATRIX": lambda parts: Piece(f"{{{enclosed(parts[0], Level.ATOM, _around)}}}^{{-1}}", Level.POWER),
}
"""Every function of the catalogue that stands in calls; REDUCTIONS holds the others."""

IMPLEMENTATIONS: Mapping[str, Callable[..., Piece]] = {**CALLS, **REDUCTIONS}
"""Every function that can be typeset."""

"""Random models as Vensim text: stocks, auxiliaries, constants, tables, delays and sums over up to three ranges.

Every value is bounded by construction (`squashed`), so that no run overflows; auxiliaries follow from constants, stocks
and earlier auxiliaries, so that no model is circular. Forms that PySD is known to run wrongly are not written (see
`departures` for those): mixed :AND: and :OR:, negative numbers before a power, two calls of one macro in an equation.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from hypothesis import note, settings
from hypothesis import strategies as st

import sd_models as sd
from sd_models.system.model import System

EFFORT = int(os.environ.get("PROSPERITY_EXAMPLES", "1"))


def examples(count: int) -> settings:
    """So many random examples, times the effort that the environment asks for."""
    return settings(max_examples=count * EFFORT)


HEAD = """{UTF-8}
A: a1, a2, a3 ~~|
B: b1, b2 ~~|
C: c1, c2 ~~|
D <-> A ~ ~ The first range once more. |
front: a1, a2 -> back ~~|
back: a2, a3 ~~|
"""
ELEMENTS: Mapping[str, tuple[str, ...]] = {
    "A": ("a1", "a2", "a3"),
    "B": ("b1", "b2"),
    "C": ("c1", "c2"),
    "D": ("a1", "a2", "a3"),
}
SHAPES: tuple[tuple[str, ...], ...] = (
    *((), ("A",), ("B",), ("D",), ("A", "B"), ("B", "A"), ("A", "D"), ("C", "B")),
    *(("A", "B", "C"), ("C", "A", "B"), ("B", "D", "A")),
)
# Dimensions with the same elements: a variable over one can be read along the other.
SAME = {"A": ("A", "D"), "D": ("D", "A"), "B": ("B",), "C": ("C",)}
# How the equations of a variable may share a dimension out; a part that holds all of it leaves out the others.
PARTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "A": (("A",), ("a1", "a2", "a3"), ("a1", "back"), ("front", "a3"), ("A", "a2")),
    "B": (("B",), ("b1", "b2"), ("B", "b1")),
    "C": (("C",), ("c1", "c2")),
    "D": (("D",),),
}


@dataclass(frozen=True)
class Known:
    """A variable that expressions may refer to."""

    name: str
    dimensions: tuple[str, ...]


@dataclass(frozen=True)
class Scope:
    """What an expression may use: variables, tables, and along each dimension the subscript at hand.

    `smooth` leaves out all that has kinks, `memory` allows delays, `sums` allows reductions; `flow` says that stocks
    are initialized before the expression is needed, which PySD asks of SAMPLE IF TRUE.
    """

    known: tuple[Known, ...] = ()
    tables: tuple[str, ...] = ()
    frame: Mapping[str, str] = field(default_factory=dict)
    smooth: bool = False
    memory: bool = True
    sums: bool = True
    flow: bool = False


@dataclass(frozen=True)
class RandomModel:
    """The text of a model file, and the names of its variables by kind."""

    text: str
    constants: tuple[str, ...]
    auxiliaries: tuple[str, ...]
    stocks: tuple[str, ...]

    def written(self, folder: str) -> Path:
        """The model as a file; a failing test shows its text."""
        note(self.text)
        path = Path(folder) / "model.mdl"
        path.write_text(self.text, encoding="utf-8")
        return path

    def loaded(self) -> System:
        """The system of the model."""
        with tempfile.TemporaryDirectory() as folder:
            return sd.load(self.written(folder))


Form: TypeAlias = Callable[["Writer", Scope, int], str]


@dataclass(frozen=True)
class Writer:
    """Writes equations by drawing; `depth` is how many more levels an expression may have."""

    draw: st.DrawFn

    def one(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def number(self, least: int = -40, most: int = 40) -> str:
        """A number with few digits, whole or broken."""
        count = self.draw(st.integers(least, most))
        return f"{count / self.draw(st.sampled_from((8, 10))):g}"

    def operand(self) -> str:
        """A number as it may stand behind an operator."""
        number = self.number()
        return f"({number})" if number.startswith("-") else number

    def variables(self, kind: str, least: int, most: int) -> tuple[Known, ...]:
        """So many variables of any shape."""
        shapes = self.draw(st.lists(st.sampled_from(SHAPES), min_size=least, max_size=most))
        return tuple(Known(f"{kind} {i}", shape) for i, shape in enumerate(shapes))

    # --- leaves -----------------------------------------------------------------------------------------------------

    def leaf(self, scope: Scope) -> str:
        """A variable where there is one, else a number or the time."""
        forms = ["number", "time", *["reference"] * 4] if scope.known else ["number", "time"]
        match self.one(*forms):
            case "number":
                return self.operand()
            case "time":
                return "Time"
        return self.reference(self.draw(st.sampled_from(scope.known)), scope)

    def reference(self, known: Known, scope: Scope, fixed: Mapping[str, str] | None = None) -> str:
        """A variable with subscripts of the frame, each used once, or with single elements."""
        if not known.dimensions:
            return _plain(known.name, scope)
        taken = set(fixed or ())
        texts = [(fixed or {}).get(d) or self.subscript(d, scope, taken) for d in known.dimensions]
        return f"{known.name}[{', '.join(texts)}]"

    def subscript(self, dimension: str, scope: Scope, taken: set[str]) -> str:
        axes = [d for d in SAME[dimension] if d in scope.frame and d not in taken]
        if not axes or self.draw(st.integers(0, 5)) == 0:
            return self.one(*ELEMENTS[dimension])
        taken.add(axes[0])
        text = scope.frame[axes[0]]
        return self.one("back", "front") if text == "back" else text

    # --- expressions ------------------------------------------------------------------------------------------------

    def expression(self, scope: Scope, depth: int) -> str:
        """An expression in parentheses or a call, so that it can stand anywhere."""
        if depth <= 0:
            return self.leaf(scope)
        forms = [form for group, form in _FORMS if group(scope)]
        return self.draw(st.sampled_from(forms))(self, scope, depth - 1)

    def positive(self, scope: Scope, depth: int) -> str:
        """An expression above 1.5: a divisor, or a time."""
        inner = self.expression(scope, depth)
        return f"(1.5 + {inner} * {inner})" if scope.smooth else f"(1.5 + ABS({inner}))"

    def condition(self, scope: Scope, depth: int) -> str:
        """A comparison, or several joined by one operator."""
        one, other = (self.comparison(scope, depth) for _ in range(2))
        joint = self.one(":AND:", ":OR:")
        return self.one(one, f"({one} {joint} {other})", f":NOT: ({other})")

    def comparison(self, scope: Scope, depth: int) -> str:
        one, other = (self.expression(scope, depth) for _ in range(2))
        return f"({one} {self.one('<', '<=', '>', '>=', '=', '<>')} {other})"

    def table(self) -> str:
        """Points of a table, by ascending x."""
        widths = self.draw(st.lists(st.integers(-20, 20), min_size=2, max_size=5, unique=True))
        return ",".join(f"({x / 4:g},{self.number()})" for x in sorted(widths))


def squashed(expr: str, *, smooth: bool) -> str:
    """The expression brought between -5 and 5."""
    return f"5 * TANH({expr} / 10)" if smooth else f"5 * ({expr}) / (1 + ABS({expr}))"


def _plain(expr: str, scope: Scope) -> str:
    """An expression as PySD can spread it over an array: a single value from NumPy must pass through a function."""
    return expr if scope.smooth else f"MIN({expr}, 9)"


# --- forms of expressions ---------------------------------------------------------------------------------------------


def _leaf(writer: Writer, scope: Scope, _depth: int) -> str:
    return writer.leaf(scope)


def _binary(writer: Writer, scope: Scope, depth: int) -> str:
    one, other = (writer.expression(scope, depth) for _ in range(2))
    return f"({one} {writer.one('+', '-', '*')} {other})"


def _negative(writer: Writer, scope: Scope, depth: int) -> str:
    return f"(-{writer.expression(scope, depth)})"


def _quotient(writer: Writer, scope: Scope, depth: int) -> str:
    return f"({writer.expression(scope, depth)} / {writer.positive(scope, depth)})"


def _power(writer: Writer, scope: Scope, depth: int) -> str:
    return f"({writer.positive(scope, depth)} ^ {writer.one('0.5', '1.2', '-0.7', '2')})"


def _smooth_function(writer: Writer, scope: Scope, depth: int) -> str:
    inner = writer.expression(scope, depth)
    template = writer.one("SIN({})", "COS({})", "TANH({})", "ARCTAN({})", "EXP(-ABS({}))", "LN(1.5 + ABS({}))")
    if scope.smooth:
        template = template.replace("ABS({})", "{0} * {0}")
    return template.format(inner)


def _kinked_function(writer: Writer, scope: Scope, depth: int) -> str:
    one, other = (writer.expression(scope, depth) for _ in range(2))
    templates = ("ABS({})", "INTEGER({})", "MODULO({}, 2.5)", "QUANTUM({}, 0.5)", "SQRT(ABS({}))")
    return writer.one(*templates, "MIN({}, {})", "MAX({}, {})", "XIDZ({}, {}, 3)", "ZIDZ({}, {})").format(one, other)


def _choice(writer: Writer, scope: Scope, depth: int) -> str:
    one, other = (_plain(writer.expression(scope, depth), scope) for _ in range(2))
    return f"IF THEN ELSE({writer.condition(scope, depth)}, {one}, {other})"


def _lookup(writer: Writer, scope: Scope, depth: int) -> str:
    inner = writer.expression(scope, depth)
    if not scope.frame and writer.draw(st.booleans()):
        return _plain(f"WITH LOOKUP({inner}, ({writer.table()}))", scope)
    return f"{writer.one(*scope.tables)}({inner})" if scope.tables else inner


def _of_time(writer: Writer, scope: Scope, _depth: int) -> str:
    templates = ("STEP({}, {})", "RAMP({}, {}, 3)", "({} * PULSE({}, 1))", "({} * PULSE TRAIN({}, 0.5, 1.5, 3.5))")
    return _plain(writer.one(*templates).format(writer.operand(), writer.number(0, 30)), scope)


def _sum(writer: Writer, scope: Scope, depth: int) -> str:
    """A reduction over dimensions of an array, whose argument may hold more arrays along them."""
    known = writer.draw(st.sampled_from([known for known in scope.known if known.dimensions]))
    over = writer.draw(st.lists(st.sampled_from(known.dimensions), min_size=1, unique=True))
    axes = {d: writer.one("A!", "back!") if d == "A" else f"{d}!" for d in over}
    inner = replace(scope, frame={**scope.frame, **axes}, sums=False, memory=False)
    operator = writer.one("SUM", "SUM", "VMIN", "VMAX", "PROD") if not scope.smooth else "SUM"
    factor = writer.expression(inner, min(depth, 1))
    return f"{operator}({writer.reference(known, inner, fixed=axes)} * {factor})"


def _memory(writer: Writer, scope: Scope, depth: int) -> str:
    """A delay, smooth, trend, sample or first value."""
    inner = replace(scope, memory=False)
    source, time, initial = writer.expression(inner, depth), writer.number(16, 40), writer.expression(inner, 0)
    moving = writer.one(time, writer.positive(inner, 0))
    templates: tuple[str, ...] = (
        f"SMOOTH({source}, {moving})",
        f"SMOOTHI({source}, {moving}, {initial})",
        f"SMOOTH3({source}, {moving})",
        f"DELAY1({source}, {moving})",
        f"DELAY1I({source}, {moving}, {initial})",
        f"DELAY3({source}, {moving})",
        f"DELAY N({source}, {time}, {initial}, 2)",
        f"SMOOTH N({source}, {moving}, {initial}, 4)",
        f"INITIAL({source})",
        f"TREND(6 + 5 * SIN({source}), {moving}, 0.1)",
        f"FORECAST(6 + 5 * SIN({source}), {moving}, 2)",
    )
    if not scope.smooth:
        templates += (f"DELAY FIXED({source}, {time}, {initial})",)
    if not scope.smooth and scope.flow:
        templates += (f"SAMPLE IF TRUE({writer.comparison(inner, 0)}, {source}, {initial})",)
    return _plain(writer.one(*templates), scope)


def _always(_: Scope) -> bool:
    return True


def _kinks(scope: Scope) -> bool:
    return not scope.smooth


def _arrays(scope: Scope) -> bool:
    return scope.sums and any(known.dimensions for known in scope.known)


def _remembers(scope: Scope) -> bool:
    return scope.memory


_FORMS: tuple[tuple[Callable[[Scope], bool], Form], ...] = (
    *((_always, form) for form in (_leaf, _binary, _binary, _negative, _quotient, _power, _smooth_function, _of_time)),
    *((_kinks, form) for form in (_kinked_function, _choice, _lookup)),
    (_arrays, _sum),
    *((_remembers, form) for form in (_memory, _memory)),
)


# --- variables --------------------------------------------------------------------------------------------------------


def _constant(writer: Writer, known: Known) -> list[str]:
    """Numbers: one, a list, rows, or rows for each element of the first dimension."""
    if len(known.dimensions) < 3:
        return [f"{_left(known.name, known.dimensions)} = {_block(writer, known.dimensions)}"]
    first, *rest = known.dimensions
    return [f"{_left(known.name, (e, *rest))} = {_block(writer, rest)}" for e in ELEMENTS[first]]


def _block(writer: Writer, dimensions: tuple[str, ...] | list[str]) -> str:
    if not dimensions:
        return writer.number()
    *rows, columns = dimensions
    lines = [", ".join(writer.number() for _ in ELEMENTS[columns]) for _ in (ELEMENTS[rows[0]] if rows else ("",))]
    return "; ".join(lines) + (";" if rows else "")


def _left(name: str, subscripts: tuple[str, ...]) -> str:
    return f"{name}[{', '.join(subscripts)}]" if subscripts else name


def _lefts(writer: Writer, known: Known) -> list[tuple[str, Mapping[str, str]]]:
    """The left-hand sides of a variable, and the subscript that each has along its dimensions."""
    whole = {dimension: dimension for dimension in known.dimensions}
    shared = writer.draw(st.sampled_from(known.dimensions)) if known.dimensions else ""
    parts = writer.draw(st.sampled_from(PARTS[shared])) if shared else ("",)
    if len(parts) > 1 and parts[0] == shared:
        rest = {**whole, shared: parts[1]}
        excepted = f"{_left(known.name, tuple(whole.values()))} :EXCEPT: {_left('', tuple(rest.values()))}"
        return [(excepted, whole), (_left(known.name, tuple(rest.values())), rest)]
    frames = [{**whole, shared: part} if shared else whole for part in parts]
    return [(_left(known.name, tuple(frame.values())), frame) for frame in frames]


def _equations(writer: Writer, known: Known, scope: Scope, depth: int) -> list[str]:
    return [
        f"{left} = {squashed(writer.expression(replace(scope, frame=frame), depth), smooth=scope.smooth)}"
        for left, frame in _lefts(writer, known)
    ]


def _stock(writer: Writer, known: Known, scope: Scope, first: Scope) -> list[str]:
    """Stocks that drain, so that they stay bounded; the first value follows from constants and earlier stocks."""
    texts = []
    for left, frame in _lefts(writer, known):
        own = _left(known.name, tuple(frame.values()))
        flow = squashed(writer.expression(replace(scope, frame=frame, flow=True), 2), smooth=scope.smooth)
        initial = squashed(writer.expression(replace(first, frame=frame), 1), smooth=scope.smooth)
        texts.append(f"{left} = INTEG({flow} - {own} / 4, {initial})")
    return texts


@st.composite
def random_models(draw: st.DrawFn, *, smooth: bool = False) -> RandomModel:
    """Models of a few variables in any order; `smooth` ones can be differentiated everywhere."""
    writer = Writer(draw)
    constants, auxiliaries = writer.variables("constant", 1, 3), writer.variables("aux", 1, 4)
    stocks = (Known("level", ()), *writer.variables("stock", 0, 2))  # PySD fails where no stock is a single number
    tables = tuple(f"table {i}" for i in range(draw(st.integers(0, 2))))
    scope = Scope((*constants, *stocks), tables, smooth=smooth)
    entries = [f"{name}({writer.table()})" for name in tables]
    for known in constants:
        entries += _constant(writer, known)
    for known in auxiliaries:
        entries += _equations(writer, known, scope, 3)
        scope = replace(scope, known=(*scope.known, known))
    for i, known in enumerate(stocks):
        first = replace(scope, known=(*constants, *stocks[:i]), memory=False)
        entries += _stock(writer, known, scope, first)
    entries += ["INITIAL TIME = 0", "FINAL TIME = 2", f"TIME STEP = {writer.one('0.25', '0.5', '0.1')}"]
    entries += [f"SAVEPER = {writer.one('TIME STEP', '0.5')}"]
    text = HEAD + "".join(f"{entry} ~~|\n" for entry in draw(st.permutations(entries)))
    names = (tuple(known.name for known in group) for group in (constants, auxiliaries, stocks))
    return RandomModel(text, *names)

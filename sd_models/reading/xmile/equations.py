"""XMILE expressions to PySD's syntax trees, by climbing precedences.

From tight to loose: `^` (from the right), unary `+ - NOT`, `* / MOD //`, `+ -`, `< <= > >=`, `= <>`, `AND`, `OR`.
IF THEN ELSE may stand wherever a value may; its last branch reaches as far as it can.

Why not PySD's grammar: it hands texts to `eval`, and knows no NOT after an operator, no IF inside an expression, no
comments, no wildcards and no qualified names.

Why XMILE's precedences where PySD's differ: a model means what its language says. PySD reads `-2^2` as 4 (but `-x^2` as
-(x^2)), and MOD as looser than `*`. `NOT a = b` is refused: XMILE reads it as (NOT a) = b, PySD and most people do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pysd.translators.structures.abstract_expressions import (
    AbstractSyntax,
    ArithmeticStructure,
    LogicStructure,
    ReferenceStructure,
    SubscriptsReferenceStructure,
)

from ...errors import Fault, UnreadableModel, UnsafeModel
from ..guard import check_expression
from .functions import CONSTANTS, Syntax, apply, called
from .words import END, Name, Token, tokens, unreadable

NESTING = 100  # expressions inside one another
PARTS = 100_000  # of one tree; DELAY(x, 1) holds x twice, so that nested ones grow without bound

LEVELS = {"or": 0, "and": 1, "=": 2, "<>": 2, "<": 3, "<=": 3, ">": 3, ">=": 3, "+": 4, "-": 4}
LEVELS |= {"*": 5, "/": 5, "mod": 5, "//": 5, "^": 7}
PRODUCT, UNARY, POWER = 5, 6, 7


class Scope(Protocol):
    """What names mean where an equation stands."""

    def knows(self, name: Name, /) -> bool:
        """Whether a variable has that name, which then hides a constant of the language."""

    def reference(self, name: Name, subscripts: tuple[str, ...], /) -> Syntax:
        """The variable of that name, with subscripts where some are given."""

    def call(self, name: Name, subscripts: tuple[str, ...], arguments: tuple[Syntax, ...], /) -> Syntax | None:
        """The value of a table or macro; None where the name is neither."""


class Plain:
    """No model around: names stay as they are."""

    def knows(self, _name: Name, /) -> bool:
        """Nothing is a variable."""
        return False

    def reference(self, name: Name, subscripts: tuple[str, ...], /) -> Syntax:
        """The reference itself."""
        return referred(".".join(name).removeprefix("."), subscripts)

    def call(self, _name: Name, _subscripts: tuple[str, ...], _arguments: tuple[Syntax, ...], /) -> Syntax | None:
        """Nothing is a table or macro."""
        return None


PLAIN = Plain()


def parse_equation(text: str, scope: Scope = PLAIN) -> Syntax:
    """The tree of an expression; `UnreadableModel` says at which column it cannot be read.

    >>> parse_equation("-2^2")
    ArithmeticStructure(operators=['negative'], arguments=(ArithmeticStructure(operators=['^'], arguments=(2.0, 2.0)),))
    """
    check_expression(text)
    tree = _Parser(text, list(tokens(text)), scope).equation()
    if _size(tree, {}) > PARTS:
        found = f"delays inside one another repeat their input more than {PARTS:,} times."
        raise UnsafeModel(Fault(found, advice="Give each delay a variable of its own."))
    return tree


def referred(name: str, subscripts: tuple[str, ...] = ()) -> ReferenceStructure:
    """A reference as PySD's translators spell it: in lower case, with underscores."""
    spelled = "_".join(name.replace("_", " ").split()).lower()
    return ReferenceStructure(spelled, SubscriptsReferenceStructure(subscripts) if subscripts else None)


def trees(tree: object) -> Iterator[AbstractSyntax]:
    """Every structure of a tree once, the root first, also where several places share it."""
    waiting, seen = [tree], set[int]()
    while waiting:
        item = waiting.pop()
        if id(item) not in seen:
            seen.add(id(item))
            waiting.extend(_parts(item))
            if isinstance(item, AbstractSyntax):
                yield item


def _parts(item: object) -> Iterable[object]:
    if isinstance(item, AbstractSyntax):
        return list(vars(item).values())
    return item if isinstance(item, tuple | list) else ()


def _size(tree: object, sizes: dict[int, int]) -> int:
    """The number of structures when every place has its own copy; `sizes` holds those already counted."""
    if id(tree) not in sizes:
        total = int(isinstance(tree, AbstractSyntax))
        for part in _parts(tree):
            total += _size(part, sizes)
        sizes[id(tree)] = total
    return sizes[id(tree)]


@dataclass
class _Parser:
    """The words of one equation, read from left to right."""

    text: str
    tokens: list[Token]
    scope: Scope
    position: int = 0
    depth: int = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.next
        self.position += 1
        return token

    def at(self, *signs: str) -> bool:
        return self.next.kind == "sign" and self.next.text in signs

    def taken(self, *signs: str) -> bool:
        """Whether one of the signs stood next; it is behind us now."""
        found = self.at(*signs)
        self.position += found
        return found

    def expect(self, sign: str, advice: str) -> None:
        if not self.taken(sign):
            raise self.wrong(f"{sign.upper()!r}", advice)

    def wrong(self, expected: str, advice: str) -> UnreadableModel:
        """The error for a word in the place of what is expected."""
        here = END if self.at(END) else repr(self.text[self.next.column - 1 :][:20])
        return unreadable(f"{expected} is expected, but found {here}", self.next.column, advice)

    def equation(self) -> Syntax:
        """The whole text as one expression."""
        tree = self.expression()
        if not self.at(END):
            advice = (
                "Is an operator missing? A name with blanks needs underscores, one with special signs double quotes."
            )
            raise self.wrong("an operator or the end", advice)
        return tree

    def expression(self, loosest: int = 0) -> Syntax:
        """A value, and all operators behind it that bind at least as tightly as `loosest`."""
        self.depth += 1
        if self.depth > NESTING:
            found = f"more than {NESTING} expressions inside one another"
            raise unreadable(
                found, self.next.column, "Split the equation: give its inner parts variables of their own."
            )
        tree = self.value()
        while (level := self.level()) >= loosest:
            tree = self.chain(level, tree)
        self.depth -= 1
        return tree

    def level(self) -> int:
        """How tightly the operator that stands next binds; -1 where there is none."""
        return LEVELS.get(self.next.text, -1) if self.next.kind == "sign" else -1

    def chain(self, level: int, first: Syntax) -> Syntax:
        """Operators of one level and their operands: one flat structure, so that long sums stay shallow."""
        signs, operands, column = list[str](), [first], self.next.column
        while self.level() == level:
            signs.append(self.take().text)
            operands.append(self.expression(UNARY if level == POWER else level + 1))
        if level in (LEVELS["="], LEVELS["<"]) and len(signs) > 1:
            raise unreadable("two comparisons in a row", column, "Join them: (a < b) AND (b < c).")
        if level == PRODUCT:
            return _product(signs, operands, column)
        structure = ArithmeticStructure if level > LEVELS["<"] else LogicStructure
        return structure([_LOGIC.get(sign, sign) for sign in signs], tuple(operands))

    def value(self) -> Syntax:
        """What an operator applies to."""
        token = self.take()
        if token.kind == "number":
            return self.number(token)
        if token.kind == "name":
            return self.named(token)
        reader = _VALUES.get(token.text)
        if reader is None:
            self.position -= 1
            raise self.wrong("a value", "A number, a name, a function or a parenthesis may stand there.")
        return reader(self)

    def number(self, token: Token) -> float:
        value = float(token.text)
        if value == float("inf"):
            raise unreadable(f"the number {token.text} is too large", token.column, "Write INF for infinity.")
        return value

    def inner(self) -> Syntax:
        """The rest of a parenthesis."""
        tree = self.expression()
        self.expect(")", "Close the parenthesis.")
        return tree

    def negative(self) -> Syntax:
        """The rest of a negation; a number stays a number."""
        tree = self.expression(POWER)
        return -tree if isinstance(tree, float) else ArithmeticStructure(["negative"], (tree,))

    def inverse(self) -> Syntax:
        """The rest of a NOT."""
        tree = self.expression(POWER)
        if self.level() >= LEVELS["="]:
            advice = "Write NOT (a = b) or (NOT a) = b."
            raise unreadable("what NOT applies to is not plain", self.next.column, advice)
        return LogicStructure([":NOT:"], (tree,))

    def condition(self) -> Syntax:
        """The rest of an IF."""
        advice = "Write IF condition THEN value ELSE value."
        condition = self.expression()
        self.expect("then", advice)
        chosen = self.expression()
        self.expect("else", advice)
        return called("if_then_else", condition, chosen, self.expression())

    def modulo(self) -> Syntax:
        """The rest of MOD where it is written as a function."""
        self.expect("(", "Write a MOD b, or MOD(a, b).")
        return self.applied("mod", self.arguments(), self.next.column)

    def named(self, token: Token) -> Syntax:
        """A variable, a constant of the language, or a call."""
        if token.name[-1] == "*":
            raise unreadable(f"{token.text} stands for all elements", token.column, "It may stand inside [ ] only.")
        token = self.joined(token)
        subscripts = self.subscripts() if self.taken("[") else ()
        if self.taken("("):
            return self.call(token, subscripts, self.arguments())
        constant = CONSTANTS.get(token.text.lower().removeprefix("std."))
        if constant is None or subscripts or self.scope.knows(token.name):
            return self.scope.reference(token.name, subscripts)
        return constant

    def joined(self, token: Token) -> Token:
        """The name of a function that is written with blanks, as Vensim's are: `VECTOR SELECT(`."""
        end = self.position
        while self.tokens[end].kind == "name":
            end += 1
        if end == self.position or not (self.tokens[end].kind == "sign" and self.tokens[end].text == "("):
            return token
        words = (token, *self.tokens[self.position : end])
        self.position = end
        return Token("name", token.text, token.column, ("_".join(".".join(word.name) for word in words),))

    def call(self, token: Token, subscripts: tuple[str, ...], arguments: tuple[Syntax, ...]) -> Syntax:
        found = self.scope.call(token.name, subscripts, arguments)
        if found is not None:
            return found
        name = referred(".".join(token.name[1:] if token.name[0].lower() == "std" else token.name)).reference
        if subscripts:
            raise unreadable(
                f"{token.text} is no table", token.column, "Only tables take both subscripts and arguments."
            )
        if not arguments and name in CONSTANTS:
            return CONSTANTS[name]
        return self.applied(name, arguments, token.column)

    def applied(self, name: str, arguments: tuple[Syntax, ...], column: int) -> Syntax:
        try:
            return apply(name, arguments)
        except UnreadableModel as error:
            fault = error.faults[0]
            raise unreadable(fault.found.removesuffix("."), column, fault.advice) from error

    def arguments(self) -> tuple[Syntax, ...]:
        """The rest of a call."""
        if self.taken(")"):
            return ()
        found = [self.expression()]
        while self.taken(","):
            found.append(self.expression())
        self.expect(")", "Close the call, and part its arguments with commas.")
        return tuple(found)

    def subscripts(self) -> tuple[str, ...]:
        """The rest of a bracket."""
        found = [self.subscript()]
        while self.taken(","):
            found.append(self.subscript())
        advice = "Elements, dimensions and * may stand there, parted by commas; nothing can be computed there."
        if self.at(":"):
            advice = "Ranges such as 1:3 cannot be compiled: define a dimension with these elements."
        self.expect("]", advice)
        return tuple(found)

    def subscript(self) -> str:
        """An element or dimension, `dimension!`, or `*`; an element may carry the name of its dimension.

        Exporters from Vensim write `*:part` for all elements of a part of the dimension.
        """
        if self.taken("*") and not self.taken(":"):
            return "*"
        is_part = self.tokens[self.position - 1].text == ":"
        token = self.take()
        if token.kind == "number" and token.text.isdigit():
            return token.text
        if token.kind != "name":
            self.position -= 1
            raise self.wrong("an element, a dimension or *", "Write x[element], x[dimension] or SUM(x[*]).")
        return token.name[-1] + ("!" if self.taken("!") or is_part else "")


_VALUES: dict[str, Callable[[_Parser], Syntax]] = {
    "(": _Parser.inner,
    "-": _Parser.negative,
    "+": lambda parser: parser.expression(POWER),
    "not": _Parser.inverse,
    "mod": _Parser.modulo,
    "if": _Parser.condition,
}
_LOGIC = {"and": ":AND:", "or": ":OR:"}


def _product(signs: list[str], operands: list[Syntax], column: int) -> Syntax:
    """Products from the left, where MOD and `//` are calls."""
    if sum(sign in _PRODUCT_CALLS for sign in signs) > NESTING:
        raise unreadable(f"more than {NESTING} MOD or // in a row", column, "Split the equation.")
    tree, start = operands[0], 0
    for index, sign in enumerate(signs):
        if sign in _PRODUCT_CALLS:
            left = _flat(signs[start:index], (tree, *operands[start + 1 : index + 1]))
            tree, start = called(_PRODUCT_CALLS[sign], left, operands[index + 1]), index + 1
    return _flat(signs[start:], (tree, *operands[start + 1 :]))


_PRODUCT_CALLS = {"mod": "modulo", "//": "zidz"}


def _flat(signs: list[str], operands: tuple[Syntax, ...]) -> Syntax:
    return ArithmeticStructure(signs, operands) if signs else operands[0]

"""The words of XMILE equations: numbers, names, signs and keywords, without blanks and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ...errors import Fault, UnreadableModel

Name: TypeAlias = tuple[str, ...]
"""A name by its parts: `supply.orders` has two, and the first of `.orders` (of the root model) is empty."""

# Identifiers may hold all characters above 127 but spaces, controls and the full-width forms of ASCII.
FOREIGN = "\u00a1-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\ufefe\uff5f-\U0010ffff"
BLANKS = "\u00a0\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
LETTER = rf"[A-Za-z0-9_{FOREIGN}]"
PART = rf"""(?:"(?:\\.|[^"\\])*"|[A-Za-z_{FOREIGN}](?:[A-Za-z0-9_${FOREIGN}]|\\n|['\u00a0](?={LETTER}))*)"""
TOKEN = re.compile(
    rf"""(?P<space>(?:[\s{BLANKS}]|\{{[^}}]*\}})+)
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>\.?{PART}(?:\.{PART})*(?:\.\*)?)
    |(?P<sign><>|<=|>=|//|[-+*/^()\[\],=<>!:])""",
    re.VERBOSE | re.ASCII,
)
KEYWORDS = frozenset(("if", "then", "else", "and", "or", "not", "mod"))
END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an equation; `name` has the parts of a name, `column` counts from 1."""

    kind: str
    text: str
    column: int
    name: Name = ()


def tokens(text: str) -> Iterator[Token]:
    """The words of an equation without blanks and comments, and its end."""
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise _unknown(text, position)
        kind, word = str(match.lastgroup), match.group()
        name = tuple(_name(word)) if kind == "name" else ()
        if kind == "name" and word.lower() in KEYWORDS:
            kind, word = "sign", word.lower()
        if kind != "space":
            yield Token(kind, word, position + 1, name)
        position = match.end()
    yield Token("sign", END, len(text) + 1)


def _name(word: str) -> Iterator[str]:
    if word.startswith("."):
        yield ""
    for part in re.findall(rf"{PART}|\*$", word, re.ASCII):
        yield unquoted(part)


def _unknown(text: str, position: int) -> UnreadableModel:
    """The error for a character that starts no word."""
    sign = text[position]
    advice = _ADVICE.get(sign, "Put names with special characters in double quotes.")
    if "\uff01" <= sign <= "\uff5e":
        advice = f"Write {chr(ord(sign) - 0xFEE0)!r}, the character of half that width."
    return unreadable(f"{text[position : position + 20]!r} cannot be read", position + 1, advice)


_ADVICE = {
    "{": "Close the comment with }.",
    '"': "Close the name with a double quote.",
    "?": "The program that wrote the file left this equation open: write it.",
    "'": "Transposition cannot be compiled: name the dimensions, as in x[columns, rows].",
    "@": "Dimension positions cannot be compiled: write the name of the dimension.",
    ";": "Numbers of an array stand alone, one for each element, in an equation of a variable with dimensions.",
}


def unquoted(text: str) -> str:
    r"""A name without its quotation marks; `\n` is a blank, `\"` and `\\` are the characters behind the backslash."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return re.sub(r"\\(.)", lambda match: " " if match.group(1) == "n" else match.group(1), text)


def unreadable(found: str, column: int, advice: str) -> UnreadableModel:
    """The error for what stands at a column of an equation."""
    return UnreadableModel(Fault(f"column {column}: {found}.", advice=advice))

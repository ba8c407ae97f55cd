"""Columns of a table for a terminal, in blocks of as many as fit, so that no name and no number is ever cut.

Why blocks below each other and not numbered columns with a legend: each block reads by itself, with the names of its
rows at the left and of its columns at the top, and can be copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import fill

HEADER_WIDTH = 16  # of a column of numbers, whose title is broken between words
LEAST_WIDTH = 22  # from which on a column of texts may be broken into lines, between words
APART = 3  # characters between two columns
UNIT = "unit"  # a column that is never wider than it must be
LEADING = ("", UNIT)  # titles of columns that say what a row is: they begin every block


@dataclass(frozen=True, slots=True)
class Column:
    """A title and a text for each row; `natural` is a width that breaks nothing, `least` one that breaks no word."""

    title: str
    cells: tuple[str, ...]
    is_number: bool
    natural: int
    least: int


def columns(headers: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int) -> tuple[Column, ...]:
    """The columns of a table; the last `numbers` of them hold numbers."""
    kept = list(rows)
    first = len(headers) - numbers
    return tuple(
        _column(title, tuple(row[place] for row in kept), is_number=place >= first)
        for place, title in enumerate(headers)
    )


def _column(title: str, cells: tuple[str, ...], *, is_number: bool) -> Column:
    shown = fill(title, HEADER_WIDTH, break_long_words=False, break_on_hyphens=False) if is_number else title
    natural = max((length(line) for text in (shown, *cells) for line in text.splitlines()), default=0)
    words = max((length(word) for text in (shown, *cells) for word in text.split()), default=0)
    least = natural if is_number else min(natural, max(words, LEAST_WIDTH if title in LEADING else HEADER_WIDTH))
    natural = least if title == UNIT else natural
    return Column(shown, cells, is_number, natural, least)


def length(text: str) -> int:
    """How many places of a terminal a text takes."""
    from rich.cells import cell_len

    return cell_len(text)


def total(widths: Iterable[int]) -> int:
    """The width of a table whose columns have these widths."""
    listed = list(widths)
    return sum(listed) + APART * max(len(listed) - 1, 0)


def blocks(found: Sequence[Column], room: int) -> list[tuple[Column, ...]]:
    """The columns in tables that have room, each with the columns that say what a row is; one column at least.

    >>> made = columns(("", "unit", "one", "two"), [("fish", "tonnes", "12", "123,456")], numbers=2)
    >>> [[column.title for column in block] for block in blocks(made, 24)]
    [['', 'unit', 'one'], ['', 'unit', 'two']]
    """
    leading = _leading(found)
    listed: list[list[Column]] = []
    for column in found[len(leading) :]:
        if not listed or total(each.least for each in (*leading, *listed[-1], column)) > room:
            listed.append([])
        listed[-1].append(column)
    return [(*leading, *block) for block in listed] or [tuple(leading)]


def _leading(found: Sequence[Column]) -> Sequence[Column]:
    """The first column, and those behind it that say what a row is."""
    others = (
        place for place, column in enumerate(found) if place and (column.is_number or column.title not in LEADING)
    )
    return found[: next(others, len(found))]


def widths(block: Sequence[Column], room: int) -> list[int]:
    """How wide each column of a block is: as it needs, or broken between words where there is no room for that."""
    spare = max(room - total(column.least for column in block), 0)
    found = []
    for column in block:
        more = min(column.natural - column.least, spare)
        spare -= more
        found.append(column.least + more)
    return found

"""What a report is made of, as data: whoever draws it needs no model, and whoever tests it needs no page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text; `kind` is empty, or how it is set apart: "warning", "hint", "code"."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Points, one below the other; in a row of their own where they are `numbered`."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: a caption, headers, rows of texts; the last `numbers` columns hold numbers.

    The first cell of a row that begins with two spaces belongs to the row above it; `strong` counts the rows at the end
    that add up the others.
    """

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int
    strong: int = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of the drawing module by its name, and what it is to draw, as plain data."""

    kind: str
    specification: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Folded:
    """Details below a line that opens them; on paper they are open."""

    summary: str
    blocks: tuple[Block, ...]


Block: TypeAlias = Paragraph | Listing | Table | Chart | Folded


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report with a heading; parts of one `group` can be looked at without those of others."""

    name: str
    heading: str
    blocks: tuple[Block, ...]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report: its title, what stands under it, the sentences that come first, and its sections.

    `warning` is the line above all others where there is no policy to speak of.
    """

    language: str
    title: str
    about: tuple[str, ...]
    warning: str
    sentences: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All charts in the order in which they stand."""
        return tuple(block for section in self.sections for block in _all(section.blocks) if isinstance(block, Chart))

    def section(self, name: str) -> Section | None:
        """The section of that name, where there is one."""
        return next((section for section in self.sections if section.name == name), None)


def _all(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Folded):
            yield from _all(block.blocks)


def texts_of(blocks: Sequence[Block]) -> Iterator[str]:
    """All texts that people read in these blocks, charts by their titles.

    >>> list(texts_of([Paragraph("a"), Folded("b", (Listing(("c", "d")),))]))
    ['a', 'b', 'c', 'd']
    """
    for block in blocks:
        match block:
            case Paragraph(text=text):
                yield text
            case Listing(items=items):
                yield from items
            case Table(caption=caption, headers=headers, rows=rows):
                yield from (caption, *headers, *(cell for row in rows for cell in row))
            case Chart(specification=specification):
                yield str(specification["title"])
            case Folded(summary=summary, blocks=inner):
                yield summary
                yield from texts_of(inner)

"""How much room a name takes, and where it is broken into lines."""

from __future__ import annotations

import math
import unicodedata

LINE = 15.0  # pixels from line to line
NARROW, WIDE = 6.6, 12.5  # pixels of a letter at a size of 12, generous for Latin letters and exact for Chinese ones
WIDEST = 118.0  # pixels after which a name goes on in the next line
PADDING = 8.0


def text_width(text: str) -> float:
    """Pixels that a text needs in one line."""
    return sum(WIDE if unicodedata.east_asian_width(letter) in "WF" else NARROW for letter in text)


def wrapped(text: str) -> tuple[str, ...]:
    """The lines of a name, as even as its words allow.

    >>> wrapped("growth of the number of people in towns")
    ('growth of the', 'number of people', 'in towns')
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or text_width(longer) <= WIDEST:
            lines[-1] = longer
        else:
            lines.append(word)
    return tuple(lines)


def label_size(lines: tuple[str, ...]) -> tuple[float, float]:
    """Width and height of a name in lines."""
    return math.ceil(max(map(text_width, lines)) + PADDING), len(lines) * LINE + 4

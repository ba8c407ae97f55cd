"""The text of a Vensim `.mdl` file, cut into entries that keep their line.

PySD cuts the file after it has folded all white space, so that line numbers are lost, and it stumbles over inline
`{comments}` and over several macros behind a file header. Here the text is cut first; every entry then goes to PySD.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import Fault, UnreadableModel

SKETCH_MARK = re.compile(r"(?<!\\)\\{2,}---///")  # looked for once in a run of backslashes
SETTINGS_MARK = "///---\\\\\\"
MACRO_START = re.compile(r":MACRO:([^(:]+)\(([^():]*)(?::([^()]*))?\)", re.IGNORECASE)
MACRO_END = re.compile(r":END\s+OF\s+MACRO:", re.IGNORECASE)
GROUP = re.compile(r"\*{3,}\s*\.(.+?)\s*\*{3,}")
QUOTED = re.compile(r'"(?:\\"|\\\s*\n|[^"\n])*"')


@dataclass(frozen=True, slots=True)
class Entry:
    """One `equation ~ unit ~ comment |` of the file; white space is folded, `line` counts from 1.

    `group` is the name in the last group header before it (`.Name` between lines of asterisks), empty without one.
    """

    equation: str
    unit: str
    documentation: str
    line: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class MacroHeader:
    """`:MACRO: name(inputs : outputs)`."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextSection:
    """The entries of the main model (`macro` is None) or of one macro."""

    macro: MacroHeader | None
    entries: tuple[Entry, ...]


def sections(text: str, file: str) -> tuple[TextSection, ...]:
    """The main section first, then the macros in the order of the file."""
    main: list[Entry] = []
    macros: list[TextSection] = []
    inside: tuple[MacroHeader, list[Entry]] | None = None
    group = ""
    clean, marks = _clean(SKETCH_MARK.split(text, maxsplit=1)[0])
    line_starts = (0, *(match.end() for match in re.finditer("\n", clean)))
    for start, tildes, end in _spans(clean, marks):
        start = _skip_space(clean, start)
        while match := MACRO_START.match(clean, start) or MACRO_END.match(clean, start):
            if inside is not None:
                macros.append(TextSection(inside[0], tuple(inside[1])))
            inside = (_header(match), []) if match.re is MACRO_START else None
            start = _skip_space(clean, match.end())
        parts = [fold_space(clean[i:j]) for i, j in zip((start, *(t + 1 for t in tildes)), (*tildes, end), strict=True)]
        line = bisect_right(line_starts, start)
        if end == len(clean) and parts[0]:
            found = f"the text {parts[0][:60]!r} does not end with '~ unit ~ comment |'."
            raise UnreadableModel(Fault(found, file=file, line=line, advice="Is the file cut off?"))
        if len(parts) > 2 and parts[0]:  # a group header has one tilde only
            (main if inside is None else inside[1]).append(Entry(parts[0], parts[1], parts[2], line, group))
        elif header := GROUP.fullmatch(parts[0]):
            group = header[1]
    if inside is not None:
        found, advice = f"the macro {inside[0].name!r} is not closed.", "Close it with :END OF MACRO:."
        line = clean.rstrip().count("\n") + 1
        raise UnreadableModel(Fault(found, file=file, line=line, advice=advice))
    return (TextSection(None, tuple(main)), *macros)


def settings(text: str) -> dict[int, tuple[str, ...]]:
    """The numbered lines of the settings block at the end of the file: number to the texts behind the colon."""
    found: dict[int, list[str]] = {}
    block = text.split(SETTINGS_MARK, 1)[-1] if SETTINGS_MARK in text else ""
    for number, value in re.findall(r"^(\d{1,3}):(.*)$", block, re.MULTILINE):
        found.setdefault(int(number), []).append(value.strip())
    return {number: tuple(values) for number, values in found.items()}


def fold_space(text: str) -> str:
    """The text with line continuations and runs of white space as one blank."""
    return re.sub(r"\s+", " ", re.sub(r"\\\s*\n\s*", " ", text)).strip()


def _clean(text: str) -> tuple[str, list[int]]:
    """The text with `{comments}` in equations and units blanked out, and the offsets of the `~` and `|` that cut it."""
    pieces: list[str] = []
    marks: list[int] = []
    position, tildes = 0, 0
    comments = _comments(text)
    for match in re.finditer(r'[{"~|]', text):
        start = match.start()
        if start < position:
            continue
        end = start + 1
        if match.group() in "~|":
            marks.append(start)
            tildes = tildes + 1 if match.group() == "~" else 0
        elif tildes < 2:  # documentation may hold any quote or brace
            end = comments.get(start, start + 1) if match.group() == "{" else _end_of_quote(text, start)
        is_comment = match.group() == "{" and end > start + 1
        pieces += (text[position:start], re.sub(r"[^\n]", " ", text[start:end]) if is_comment else text[start:end])
        position = end
    return "".join((*pieces, text[position:])), marks


def _spans(text: str, marks: list[int]) -> Iterator[tuple[int, list[int], int]]:
    """Start, tildes and end of every stretch of the text between two bars, the last one ending with the text."""
    start = 0
    tildes: list[int] = []
    for mark in marks:
        if text[mark] == "~":
            tildes.append(mark)
            continue
        yield start, tildes, mark
        start, tildes = mark + 1, []
    yield start, tildes, len(text)


def _header(match: re.Match[str]) -> MacroHeader:
    name, inputs, outputs = match.groups()
    return MacroHeader(fold_space(name), _names(inputs), _names(outputs or ""))


def _comments(text: str) -> dict[int, int]:
    """The offset of every brace that opens and is closed again, to the offset behind the one that closes it."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for match in re.finditer(r"[{}]", text):
        if match.group() == "{":
            opened.append(match.start())
        elif opened:
            found[opened.pop()] = match.end()
    return found


def _end_of_quote(text: str, start: int) -> int:
    """The offset behind the quoted name that opens at `start`; behind the quote alone if it does not close."""
    match = QUOTED.match(text, start)
    return match.end() if match else start + 1


def _skip_space(text: str, start: int) -> int:
    match = re.compile(r"[\s\ufeff]*").match(text, start)
    return match.end() if match else start


def _names(text: str) -> tuple[str, ...]:
    return tuple(fold_space(part) for part in text.split(",") if part.strip())

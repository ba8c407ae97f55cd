"""What people and programs read: tables and sentences, or one JSON object; notes and errors on standard error.

Names come from model files, which are not trusted: control characters in them never reach a terminal.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_models.errors import ModelError

from . import streams
from .columns import Column, blocks, columns, total, widths

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from ..calibration.tables import Tables
    from ..results.tables import Table as TextTable
    from ..runs.checking import Check, Contents, Seconds, Unsupported
    from ..runs.comparison import Gap
    from ..runs.selection import Row
    from ..screening.report import Tables as Screened

DIGITS = 4  # significant ones in tables
LEAST, MOST = 1e-3, 1e7  # numbers beyond are written with an exponent
UNWATCHED_WIDTH = 120  # characters in a line where the output goes to a file or another program
MOST_FINDINGS = 40


def print_json(document: dict[str, Any]) -> None:
    """One JSON object on standard output, in letters that every encoding has."""
    streams.write(json.dumps(document, allow_nan=False) + "\n")


def tell(text: str) -> None:
    """A remark on standard error."""
    streams.tell(f"{printable(text)}\n")


def tell_replaced(path: Path) -> None:
    """That a file which is there is written over."""
    if path.exists():
        tell_notes([f"{path} was there and is written over."])


def tell_notes(notes: Iterable[str]) -> None:
    """The notes of a run, each once."""
    for note in dict.fromkeys(notes):
        tell(f"Note: {note}")


def tell_error(error: ModelError) -> None:
    """An error, each of its faults on a line of its own; advice that they share once, at the end."""
    advices = list(dict.fromkeys(fault.advice for fault in error.faults))
    shared = advices[0] if len(error.faults) > 1 and len(advices) == 1 else ""
    for fault in error.faults:
        tell(f"{type(error).__name__}: {replace(fault, advice='') if shared else fault}")
    if shared:
        tell(shared)


def printable(text: str) -> str:
    """The text without line breaks, terminal codes and other characters that cannot be seen.

    >>> printable("stock\\x1b[2J")
    'stock?[2J'
    """
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in text)


def width() -> int:
    """The characters that a line has."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    try:
        return os.get_terminal_size(streams.out().fileno()).columns or UNWATCHED_WIDTH
    except (OSError, ValueError, AttributeError):
        return UNWATCHED_WIDTH


def time_columns() -> int:
    """How many times a table has room for."""
    return 3 if width() < 90 else 5 if width() < 150 else 9


def _console() -> Console:
    from rich.console import Console

    return Console(file=streams.out(), width=width(), highlight=False, markup=False, emoji=False, soft_wrap=False)


def _print(*parts: RenderableType, foot: Iterable[str] = ()) -> None:
    """The parts below each other; rich itself would end the program where nobody reads on.

    Lines of the foot name files, which people copy: they are not wrapped, however long a path is.
    """
    console = _console()
    with console.capture() as captured:
        for part in parts:
            console.print(part, crop=False)
    streams.write(captured.get())
    print_text("\n".join(map(printable, foot)))


def _table(headers: Iterable[str] = ()) -> Table:
    """A table of texts without lines but the one below its header."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    titles = list(headers)
    table = Table(box=SIMPLE_HEAD, show_header=bool(titles), pad_edge=False, show_edge=False, header_style="bold")
    for title in titles:
        table.add_column(printable(title), overflow="fold")
    return table


def _add(table: Table, *cells: str) -> None:
    from rich.text import Text

    table.add_row(*(Text(printable(cell)) for cell in cells))


# --- numbers ----------------------------------------------------------------------------------------------------------


def number_texts(values: Sequence[float]) -> list[str]:
    """Numbers with as many decimals as the largest of them needs for four digits, so that a row reads as one.

    >>> number_texts([0.50331, 0.6, 12.5])
    ['0.50', '0.60', '12.50']
    """
    finite = [abs(value) for value in values if math.isfinite(value)]
    largest = max(finite, default=0.0)
    if largest and not LEAST <= largest < MOST:
        return [f"{value:.{DIGITS - 1}e}" if value and math.isfinite(value) else _plain(value) for value in values]
    before = math.floor(math.log10(largest)) + 1 if largest else DIGITS
    decimals = max(0, DIGITS - before) if largest % 1 or any(value % 1 for value in finite) else 0
    return [f"{value:,.{decimals}f}" if math.isfinite(value) else _plain(value) for value in values]


def _plain(value: float) -> str:
    """Zero and what is no number; NaN is a dash."""
    return "-" if math.isnan(value) else f"{value:g}"


def time_text(time: float) -> str:
    """A time without trailing zeros."""
    return f"{time:.10g}"


# --- simulate ---------------------------------------------------------------------------------------------------------


def print_run(title: str, times: Sequence[float], rows: Sequence[Row], foot: Iterable[str]) -> None:
    """A run: what it is of, a table with a row for each variable or element, and what else there is to know."""
    told = [(row.label, row.unit, *number_texts(list(row.values))) for row in rows]
    table = _filled(("", "unit", *map(time_text, times)), told, numbers=len(times))
    _print(printable(title), "", table, "", foot=foot)


# --- optimize ---------------------------------------------------------------------------------------------------------


def print_text(text: str) -> None:
    """Lines as they are."""
    streams.write("".join(f"{printable(line)}\n" for line in text.splitlines()))


def print_result(
    verdict: Iterable[str], tables: Iterable[TextTable], sentences: Sequence[str], foot: Iterable[str]
) -> None:
    """What a result is worth, its tables, and what its limits are worth in words."""
    parts: list[RenderableType] = [*map(printable, verdict)]
    for table in tables:
        parts += ["", printable(table.title), _filled(table.headers, table.rows, numbers=table.numbers)]
    if sentences:
        parts += ["", "What the limits are worth", *(f"- {printable(sentence)}" for sentence in sentences)]
    _print(*parts, "", foot=foot)


# --- explain ----------------------------------------------------------------------------------------------------------


def print_explanation(sentence: str, tables: Iterable[TextTable]) -> None:
    """The change in a sentence, then what explains it."""
    parts: list[RenderableType] = [printable(sentence)]
    for table in tables:
        parts += ["", printable(table.title), "", _filled(table.headers, table.rows, numbers=table.numbers)]
    _print(*parts, "")


# --- check ------------------------------------------------------------------------------------------------------------


def print_check(answer: Check) -> None:
    """The verdict, then the facts it rests on, then what is wrong in detail."""
    _print(printable(_verdict(answer)), "")
    facts = _table()
    for name, fact in _facts(answer):
        _add(facts, name, fact)
    _print(facts)
    if answer.unsupported:
        _print_unsupported(answer.unsupported)
    if answer.units:
        _print_findings(answer)


def _verdict(answer: Check) -> str:
    """The answer in one sentence."""
    if answer.unsupported:
        return f"No: {answer.model} cannot be compiled, because of {_count(len(answer.unsupported), 'equation')}."
    if answer.interrupted:
        return f"{answer.model} can be compiled. Whether its run is PySD's was not seen, since PySD was interrupted."
    if answer.gap is None:
        return f"{answer.model} can be compiled. There is no run of PySD to hold it against."
    if not answer.gap.small:
        return f"No: {answer.model} can be compiled, but its run is not PySD's."
    of = ", which was given another model than the file's where a note says so" if answer.was_given else ""
    return f"Yes: {answer.model} can be compiled, and its run is PySD's{of}."


def _facts(answer: Check) -> Iterator[tuple[str, str]]:
    if answer.contents is not None:
        yield from _content_facts(answer.contents)
        found = _count(len(answer.units), "finding")
        yield "units", f"{found}, listed below" if answer.units else "all equations agree"
    if answer.gap is not None:
        yield "gap to PySD", _gap_text(answer.gap)
    yield "seconds", _seconds_text(answer.seconds)


def _content_facts(contents: Contents) -> Iterator[tuple[str, str]]:
    yield "variables", f"{contents.variables}, {contents.stocks} of them stocks"
    yield "dimensions", ", ".join(f"{name} ({size})" for name, size in contents.dimensions.items()) or "none"
    yield "functions", "  ".join(contents.functions) or "none"


def _gap_text(gap: Gap) -> str:
    if not gap.size:
        return f"none in {_count(gap.variables, 'variable')}, beyond rounding"
    place = f'"{gap.variable}" at {time_text(gap.time)}'
    return f"{gap.size:.1e} at most, relative, in {place}; {_count(gap.variables, 'variable')} compared"


def _seconds_text(seconds: Seconds) -> str:
    parts = (
        ("to compile", seconds.compile),
        ("for a run", seconds.compiled_run),
        ("for PySD, reading included", seconds.pysd_run),
    )
    return ", ".join(f"{value:.2g} {what}" for what, value in parts if value is not None) or "none"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _print_unsupported(unsupported: Sequence[Unsupported]) -> None:
    table = _table(("line", "variable", "function that cannot be compiled"))
    for item in unsupported:
        _add(table, str(item.line or ""), item.variable, item.function)
    reasons = dict.fromkeys(f"{item.function}: {item.reason} {item.advice}".rstrip() for item in unsupported)
    _print("", table, "", *map(printable, reasons))


def _print_findings(answer: Check) -> None:
    table = _table(("line", "variable", "unit finding"))
    for finding in answer.units[:MOST_FINDINGS]:
        _add(table, str(finding.place.line if finding.place else ""), finding.variable, finding.message)
    rest = len(answer.units) - MOST_FINDINGS
    _print("", table, *(["", f"... and {rest} more; --json lists all."] if rest > 0 else []))


# --- calibrate --------------------------------------------------------------------------------------------------------


def print_calibration(answer: Tables, headers: tuple[Sequence[str], ...], foot: Iterable[str]) -> None:
    """A calibration: how it ended, the estimates, what the data cannot tell, and how good the fit is."""
    estimates = _filled(headers[0], answer.estimates, numbers=4)
    _print(printable(answer.title), *map(printable, answer.facts), "", estimates)
    if answer.warnings:
        _print("", *map(printable, answer.warnings))
    _print("", "Fit: absolute errors in per cent, over time and elements", "")
    _print(_filled(headers[1], answer.fit, numbers=len(headers[1]) - 1))
    if answer.holdout:
        _print("", printable(answer.holdout_title), "")
        _print(_filled(headers[2], answer.holdout, numbers=len(headers[2]) - 1))
    _print("", foot=foot)


def _filled(headers: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int) -> RenderableType:
    """A table; in blocks of as many columns as fit, one below the other, where it is too wide."""
    from rich.console import Group

    seen = [[printable(cell) for cell in row] for row in rows]
    found = blocks(columns([printable(title) for title in headers], seen, numbers=numbers), width())
    return Group(*[part for block in found for part in ("", _block(block))][1:])


def _block(block: Sequence[Column]) -> Table:
    """Columns as a table that breaks no word, even where the terminal is too narrow for one of them."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    given = widths(block, width())
    table.width = total(given) if total(given) > width() else None
    for column, size in zip(block, given, strict=True):
        table.add_column(column.title, justify="right" if column.is_number else "left", width=size, overflow="fold")
    for row in zip(*(column.cells for column in block), strict=True):
        _add(table, *row)
    return table


# --- screen -----------------------------------------------------------------------------------------------------------


def print_screening(answer: Screened, foot: Iterable[str]) -> None:
    """A screening: the parameters that matter most for each outcome."""
    _print(printable(answer.title))
    for title, rows in answer.outcomes:
        _print("", printable(title), "", _filled(answer.headers, rows, numbers=len(answer.headers) - 2))
    _print("", foot=foot)

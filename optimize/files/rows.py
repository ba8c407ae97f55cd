"""Rows of CSV files, as people write and read them in spreadsheets.

A spreadsheet takes a cell that begins with = + - or @ for a formula, which may start programs and send what is in the
table elsewhere; names in our tables come from models and plans that anybody may have written. Such a text is written
with an apostrophe before it, which spreadsheets hide, and which is taken off again here. Numbers stay numbers, and
control characters are left out.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sd_models.errors import Fault, InvalidRequest

MOST_BYTES = 200_000_000
# What a spreadsheet takes for the beginning of a formula, also in the full width of East Asian letters, and what undoes
# our mark; a mark in front of it gets another one, so that texts come back as they were.
FORMULA = re.compile(r"\s*'*\s*[=+\-@＝＋－＠]")
MARK = "'"


def save_rows(path: Path, rows: Iterable[Sequence[Any]], *, digits: int | None = None) -> None:
    """Writes a CSV file; numbers with all their digits or so many of them, NaN as an empty cell."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([_written(cell, digits) for cell in row] for row in rows)


def _written(cell: Any, digits: int | None) -> Any:
    match cell:
        case float():
            return "" if math.isnan(cell) else cell if digits is None else f"{cell:.{digits}g}"
        case str():
            return harmless(cell)
    return cell


def harmless(text: str) -> str:
    """A text that a spreadsheet takes for nothing but a text.

    >>> harmless("=1+2"), harmless("-5"), harmless("a\\x07b")
    ("'=1+2", '-5', 'ab')
    """
    kept = "".join(" " if letter in "\t\n\r" else letter for letter in text)
    kept = "".join(letter for letter in kept if unicodedata.category(letter) != "Cc")
    return f"{MARK}{kept}" if FORMULA.match(kept) and not _is_number(kept) else kept


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _as_it_was(cell: str) -> str:
    return cell.removeprefix(MARK) if cell.startswith(MARK) and FORMULA.match(cell) else cell


def read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row; InvalidRequest for a file that is no CSV file."""
    try:
        reader = csv.reader(io.StringIO(read_text(path, MOST_BYTES), newline=""), strict=True)
        for row in reader:
            yield reader.line_num, [_as_it_was(cell) for cell in row]
    except (UnicodeDecodeError, csv.Error) as error:
        advice = "Save the table as CSV with UTF-8 encoding."
        raise InvalidRequest(Fault(f"is not a CSV file: {error}.", file=path.name, advice=advice)) from error
    except OSError as error:
        raise InvalidRequest(Fault(f"cannot be read: {error.strerror}.", file=path.name)) from error


def read_text(path: Path, most_bytes: int) -> str:
    """The text of a file in UTF-8; InvalidRequest for one that is not there or larger than that."""
    if not path.is_file():
        found = "is not a regular file." if path.exists() else "there is no such file."
        raise InvalidRequest(Fault(found, file=str(path), advice="Check the path."))
    if path.stat().st_size > most_bytes:
        raise InvalidRequest(Fault(f"is larger than {most_bytes:,} bytes.", file=path.name))
    return path.read_text(encoding="utf-8-sig")

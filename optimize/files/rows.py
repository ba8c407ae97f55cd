"""Rows of CSV files, as people write them in spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from sd_models.errors import Fault, InvalidRequest

MOST_BYTES = 200_000_000


def read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row; InvalidRequest for a file that is no CSV file."""
    try:
        reader = csv.reader(io.StringIO(read_text(path, MOST_BYTES), newline=""), strict=True)
        for row in reader:
            yield reader.line_num, row
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

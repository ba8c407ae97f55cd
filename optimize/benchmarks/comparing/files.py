"""A benchmark as files: CSV always, Parquet where pyarrow is installed, JSON for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...files.placement import write_whole
from ...files.storage import write_table
from .benchmark import Benchmark
from .tables import point_rows, run_rows, summary_rows

PARQUET = "pyarrow"
WITHOUT = "Parquet is not written without pyarrow: pip install 'common-prosperity[benchmark]'."


def save_tables(found: Benchmark) -> tuple[list[Path], list[str]]:
    """The tables of a benchmark in its folder: runs, points and summary; the files, and what is to be known of them."""
    tables = {"runs": run_rows(found), "points": point_rows(found), "summary": summary_rows(found)}
    files = [write_table(found.folder / f"{name}.csv", rows) for name, rows in tables.items() if rows]
    if find_spec(PARQUET) is None:
        return files, [WITHOUT]
    return [*files, *(_parquet(found.folder / f"{name}.parquet", rows) for name, rows in tables.items() if rows)], []


def _parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Rows as a Parquet file."""
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.Table.from_pylist([dict(row) for row in rows])
    write_whole(path, lambda temporary: parquet.write_table(table, temporary))
    return path


def document(found: Benchmark) -> dict[str, Any]:
    """A benchmark as one JSON object; numbers that are none are null."""
    return {
        "folder": str(found.folder),
        "runs": [_plain(row) for row in run_rows(found)],
        "summary": [_plain(row) for row in summary_rows(found)],
        "wrong": [one.facts.key for one in found.wrong],
        "notes": list(found.notes),
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _number(value) if isinstance(value, float) else value for name, value in row.items()}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None

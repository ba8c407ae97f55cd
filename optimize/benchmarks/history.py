"""A line for each run of a benchmark: the commit, the date, the machine, the versions, and the figures.

Figures of one machine may be compared from line to line; those of two machines may not. A run that measures what no
run before it has measured adds columns, and leaves them empty in the lines above.
"""

from __future__ import annotations

import shutil
import subprocess
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sd_models.errors import Fault, InvalidRequest
from sd_models.simulator.concurrency import processors

from ..files.provenance import PACKAGES
from ..files.rows import read_rows
from ..files.storage import write_table
from .machine import processor

HOME = Path(__file__).parents[2]
HISTORIES = "docs/benchmarks"
COLUMNS = ("commit", "date", "processor", "cores", "versions")
PEERS = ("pysimlin", "cma")  # that benchmarks may meet, beside what the project itself needs


def add_history_options(parser: ArgumentParser, benchmark: str) -> None:
    """`--history FILE` and `--no-history`."""
    own = default_history(benchmark)
    text = "CSV file that gets a line with the figures (default: %(default)s)"
    parser.add_argument("--history", type=Path, default=own, metavar="FILE", help=text)
    parser.add_argument("--no-history", dest="history", action="store_const", const=None, help="write no such line")


def default_history(benchmark: str) -> Path | None:
    """The file in a checkout of the project; None where the package is installed without one."""
    return HOME / HISTORIES / f"{benchmark}.csv" if (HOME / "pyproject.toml").is_file() else None


def append(path: Path, figures: Mapping[str, float]) -> Path:
    """The file with one line more; InvalidRequest for one that is no history. Figures that are NaN stay empty."""
    lines: list[Mapping[str, str | float]] = [*(_lines(path) if path.exists() else []), {**circumstances(), **figures}]
    columns = dict.fromkeys(name for line in lines for name in line)
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_table(path, [{name: line.get(name, "") for name in columns} for line in lines])


def circumstances() -> dict[str, str]:
    """What the figures of a run depend on, beside what is measured."""
    date = datetime.now(UTC).isoformat(timespec="seconds")
    values = (commit(HOME), date, processor(), str(processors()), versions((*PACKAGES, *PEERS)))
    return dict(zip(COLUMNS, values, strict=True))


def commit(folder: Path) -> str:
    """The commit of a checkout, with `-dirty` where files other than histories differ; empty where there is none."""
    name = _git(folder, "rev-parse", "--short", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".", f":(exclude){HISTORIES}")
    return f"{name}-dirty" if name and changed else name


def _git(folder: Path, *words: str) -> str:
    """What git says; nothing where it is missing or fails."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - our words


def versions(packages: Iterable[str]) -> str:
    """Names and versions of those packages that are installed.

    >>> versions(["no such package"])
    ''
    """
    return "; ".join(f"{name} {found}" for name in packages if (found := _version(name)))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _lines(path: Path) -> list[dict[str, str]]:
    """The lines that a history has."""
    (_, names), *rows = list(read_rows(path)) or [(1, [])]
    if tuple(names[: len(COLUMNS)]) != COLUMNS:
        found = f"is no history of a benchmark: its first columns are not {', '.join(COLUMNS)}."
        raise InvalidRequest(Fault(found, file=str(path), line=1, advice="Name another file, or a new one."))
    for number, cells in rows:
        if len(cells) != len(names):
            found = f"has {len(cells)} cells in place of {len(names)}."
            raise InvalidRequest(Fault(found, file=str(path), line=number, advice="Mend or remove the line."))
    return [dict(zip(names, cells, strict=True)) for _, cells in rows]

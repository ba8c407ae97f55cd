"""How many models of a folder with published outputs are read, run and agree, beside PySD's own count.

    python -m optimize.benchmarks.corpus FOLDER [--pysd] [--javascript] [--json FILE]

FOLDER is a checkout of SDXorg/test-models (not part of this project), or any folder in which a model file stands
beside an `output.csv`, `output.tab` or other output file. A run agrees where every published number that it has a
variable for is met to 0.5 per cent (published figures are rounded), the difference being taken relative to the figure
or to a thousandth of the variable's peak. With `--pysd` PySD runs every file too, and the largest gap between the two
engines is counted against 1e-9; PySD runs code that a model file carries, so this is for folders that are trusted.
With `--javascript` each model that runs is also run as JavaScript in an embedded V8, and every number of it counted
against 1e-9.
Every file runs in a process of its own with a time limit, so that one cannot spoil the others.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty
from typing import TypeVar

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.table import Table

from sd_models.system.model import FloatArray

from .history import add_history_options, append
from .pysd_itself import run_in_pysd

Run = TypeVar("Run")
GROUPS = {"Vensim": (".mdl",), "XMILE": (".xmile", ".xml", ".stmx", ".itmx")}
TOLERANCE, PYSD_TOLERANCE = 5e-3, 1e-9
SECONDS = 120


@dataclass(frozen=True)
class Verdict:
    """What became of one file: `ours` and `pysd` are agrees, differs, no reference, or why it did not run."""

    file: str
    group: str
    ours: str
    pysd: str = ""
    gap: float | None = None
    javascript: float | None = None


@dataclass(frozen=True)
class Others:
    """Which engines run a file besides ours."""

    pysd: bool = False
    javascript: bool = False


def judge(path: Path, group: str, others: Others) -> Verdict:
    """Run one file and compare."""
    references = published(path)
    run, ours = attempt(lambda: run_ours(path))
    if run is not None:
        ours = agreement(series(run), references)
    page = javascript_gap(path) if run is not None and others.javascript else None
    if not others.pysd:
        return Verdict(str(path), group, ours, javascript=page)
    other, pysd = attempt(lambda: run_pysd(path))
    if other is not None:
        pysd = agreement(other, references)
    gap = None if run is None or other is None else largest_gap(series(run), other)
    return Verdict(str(path), group, ours, pysd, gap, page)


def attempt(action: Callable[[], Run]) -> tuple[Run | None, str]:
    """What the action gives, and an empty text; or None and the kind of its failure."""
    try:
        return action(), ""
    except Exception as error:  # whatever an engine makes of a file is what is counted here
        return None, type(error).__name__


def run_ours(path: Path) -> xr.Dataset:
    """Our run."""
    import sd_models as sd

    return sd.simulate(sd.load(path, data=data_beside(path)))


def javascript_gap(path: Path) -> float:
    """The largest relative gap of the JavaScript to our run, of all elements at all times; infinite where it fails."""
    import sd_models as sd

    from .embedded import Engine

    system = sd.load(path, data=data_beside(path))
    simulator = sd.compile(system)
    reference = simulator.trajectories(simulator.inputs()).outputs
    program, _ = attempt(lambda: sd.javascript(system))
    if program is None:
        return float("inf")
    ours, still = Engine(program).run(), program.model.fixed
    found = {name: ours[rows] for name, rows in program.outputs.rows.items()}
    found |= {name: values[:, np.newaxis] for name, values in still.items()}  # a tape knows of more that cannot move
    return max(
        (_apart(found[name], reference[rows]) for name, rows in simulator.model.outputs.rows.items()), default=0.0
    )


def _apart(one: FloatArray, other: FloatArray) -> float:
    """The largest relative gap; 1e-12 of the peak is none, equal infinities and NaN neither."""
    with np.errstate(invalid="ignore"):
        far = np.where((one == other) | (np.isnan(one) & np.isnan(other)), 0.0, np.abs(one - other))
    peak = np.abs(other[np.isfinite(other)]).max(initial=0.0)
    scale = np.where(np.abs(other) > 0, np.abs(other), np.finfo(float).tiny)
    return float(np.nan_to_num(np.where(far <= 1e-12 * peak, 0.0, far / scale), nan=np.inf).max(initial=0.0))


def run_pysd(path: Path) -> dict[str, pd.Series]:
    """PySD's own run."""
    frame = run_in_pysd(path, data_beside(path))
    return {key(name): frame[name].astype(float) for name in frame.columns}


def data_beside(path: Path) -> list[Path]:
    """Files with values of data variables that a model only names."""
    return sorted(path.parent.glob("data*.tab")) + sorted(path.parent.glob("data_file*.csv"))


def published(path: Path) -> list[dict[str, pd.Series]]:
    """The published outputs beside a model; a model may have several, from different programs."""
    files = sorted(file for ending in ("csv", "tab") for file in path.parent.glob(f"output*.{ending}"))
    return [table for file in files if (table := read_table(file))]


def read_table(path: Path) -> dict[str, pd.Series]:
    """The columns of an output file over time."""
    separator = "\t" if path.suffix == ".tab" else ","
    try:
        frame = pd.read_csv(path, sep=separator, encoding="utf-8", encoding_errors="replace", index_col=0)
        frame.index = frame.index.astype(float)
        return {key(name): pd.to_numeric(frame[name], errors="coerce") for name in frame.columns}
    except (ValueError, TypeError, pd.errors.ParserError):
        return {}


def key(name: str) -> str:
    """A name as models compare it."""
    plain = re.sub(r"[\s_]+", " ", str(name).replace('"', "").replace("\\n", " "))
    return re.sub(r"\s*,\s*", ",", plain).strip().lower()


def series(run: xr.Dataset) -> dict[str, pd.Series]:
    """Each element of each variable over time, named like a column of an output file."""
    found: dict[str, pd.Series] = {}
    for name, array in run.data_vars.items():
        for index in np.ndindex(*array.shape[1:]):
            labels = [str(run.coords[d].values[i]) for d, i in zip(array.dims[1:], index, strict=True)]
            column = f"{name}[{','.join(labels)}]" if labels else str(name)
            found[key(column)] = pd.Series(array.values[(slice(None), *index)], index=run["time"].values)
    return found


def agreement(run: dict[str, pd.Series], references: list[dict[str, pd.Series]]) -> str:
    """Whether one of the published outputs is met."""
    if not references:
        return "no reference"
    return "agrees" if any(agrees(run, reference) for reference in references) else "differs"


def agrees(run: dict[str, pd.Series], reference: dict[str, pd.Series]) -> bool:
    """Whether all numbers that both have are met, and there is one."""
    common = [name for name in reference if name in run and name not in ("saveper", "time step", "final time")]
    return bool(common) and all(gap(run[name], reference[name], 1e-3) <= TOLERANCE for name in common)


def gap(one: pd.Series, other: pd.Series, floor: float) -> float:
    """The largest relative difference at common times; below `floor` of the peak it is relative to that."""
    known = other.dropna()
    nearest = one.set_axis(one.index.to_numpy().round(6)).reindex(known.index.to_numpy().round(6))
    both = nearest.notna().to_numpy()
    if not both.any():
        return 0.0
    a, b = nearest.to_numpy()[both], known.to_numpy()[both]
    scale = np.maximum(np.abs(b), floor * np.abs(b).max())
    return float(np.max(np.abs(a - b) / np.where(scale > 0, scale, 1.0)))


def largest_gap(one: dict[str, pd.Series], other: dict[str, pd.Series]) -> float:
    """The largest relative gap between two engines over all variables that both have."""
    return max((gap(one[name], other[name], 1e-3) for name in one if name in other), default=float("nan"))


def worker(path: Path, group: str, others: Others, answers: multiprocessing.Queue[Verdict]) -> None:
    """Judge one file in a process of its own."""
    warnings.simplefilter("ignore")
    answers.put(judge(path, group, others))


def verdicts(folder: Path, others: Others) -> list[Verdict]:
    """All model files of a folder."""
    context = multiprocessing.get_context("forkserver")  # no copies of threads, and what is imported is so once
    context.set_forkserver_preload(["optimize.files.storage", "pandas", "rich.table", "sd_models.simulator.simulation"])
    found = []
    for group, endings in GROUPS.items():
        for path in sorted(file for file in folder.rglob("*") if file.suffix.lower() in endings):
            answers: multiprocessing.Queue[Verdict] = context.Queue()
            process = context.Process(target=worker, args=(path, group, others, answers))
            process.start()
            try:
                found.append(answers.get(timeout=SECONDS))
            except Empty:
                found.append(Verdict(str(path), group, "took too long"))
            process.terminate()
            process.join()
    return found


def counts(found: Sequence[Verdict]) -> dict[str, int]:
    """How many of some files run, agree with what was published, and with PySD."""
    gaps = [verdict.gap for verdict in found if verdict.gap is not None]
    pages = [verdict.javascript for verdict in found if verdict.javascript is not None]
    return {
        "files": len(found),
        "run": sum(verdict.ours in ("agrees", "differs", "no reference") for verdict in found),
        "agree with published": sum(verdict.ours == "agrees" for verdict in found),
        "PySD agrees with published": sum(verdict.pysd == "agrees" for verdict in found),
        "run in PySD too": len(gaps),
        "gap to PySD <= 1e-9": sum(gap <= PYSD_TOLERANCE for gap in gaps),
        "run as JavaScript": len(pages),
        "JavaScript <= 1e-9": sum(gap <= PYSD_TOLERANCE for gap in pages),
    }


def by_group(found: Sequence[Verdict]) -> dict[str, dict[str, int]]:
    """The counts of each group."""
    return {group: counts([verdict for verdict in found if verdict.group == group]) for group in GROUPS}


def asked(name: str, others: Others) -> bool:
    """Whether a count belongs to an engine that was run."""
    return ("PySD" not in name or others.pysd) and ("JavaScript" not in name or others.javascript)


def figures(folder: str, found: Sequence[Verdict], others: Others) -> Mapping[str, float]:
    """What the history keeps of a run."""
    return {
        f"{folder}, {group}, {name}": count
        for group, row in by_group(found).items()
        for name, count in row.items()
        if asked(name, others)
    }


def show(found: list[Verdict], others: Others) -> None:
    """The counts by group, and every file that does not agree."""
    console = Console()
    table = Table("group", *counts([]))
    for group, row in by_group(found).items():
        cells = [str(count) if asked(name, others) else "-" for name, count in row.items()]
        table.add_row(group, *cells)
    console.print(table)
    console.print(dict(Counter(verdict.ours for verdict in found)))
    for verdict in found:
        if (
            verdict.ours not in ("agrees", "no reference")
            or max(verdict.gap or 0.0, verdict.javascript or 0.0) > PYSD_TOLERANCE
        ):
            console.print(
                f"{verdict.file}: ours {verdict.ours}, PySD {verdict.pysd or '-'}, gap {verdict.gap}, "
                f"JavaScript {verdict.javascript}"
            )


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("folder", type=Path)
    made.add_argument("--pysd", action="store_true", help="run PySD too")
    made.add_argument("--javascript", action="store_true", help="run each model as JavaScript too")
    made.add_argument("--json", type=Path, help="write every verdict to this file")
    add_history_options(made, "corpus")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, judge, show."""
    options = parser().parse_args(arguments)
    others = Others(options.pysd, options.javascript)
    found = verdicts(options.folder, others)
    show(found, others)
    if options.json:
        options.json.write_text(json.dumps([asdict(verdict) for verdict in found], indent=1))
    if options.history:
        append(options.history, figures(options.folder.resolve().name, found, others))


if __name__ == "__main__":
    main()

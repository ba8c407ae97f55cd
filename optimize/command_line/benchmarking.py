"""What `prosperity benchmark` does once its arguments are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..benchmarks.comparing.benchmark import Benchmark, benchmark, chosen_instances
from ..benchmarks.comparing.clusters import named_executor
from ..benchmarks.comparing.facts import Facts
from ..benchmarks.comparing.files import document, save_tables
from ..benchmarks.comparing.page import save_page
from ..benchmarks.comparing.tables import counted, false_table, summary_table
from ..benchmarks.comparing.verdicts import Status as Standing
from ..families.files import write_instances
from ..families.instance import Instance
from ..families.table import FAMILIES, instances
from ..files.placement import check_folder, check_target
from ..pages.page import ENDINGS
from ..results.tables import Table
from ..solvers.choice import SOLVERS
from . import console
from .interruption import interruptible
from .progress import working
from .requests import BenchmarkRequest, Status

MISSING = "missing"


def answer_benchmark(request: BenchmarkRequest) -> Status:
    """Runs what is asked for, writes tables and a page, and says what came of it."""
    if request.listing:
        return _listed(request)
    if request.write is not None:
        return _written(request, request.write)
    check_folder(request.out)
    if request.page is not None:
        check_target(request.page, ENDINGS)
    found = _found(request)
    with working("Writing"):
        files, notes = save_tables(found)
        page = save_page(found, request.page or found.folder / "benchmark.html")
    if request.json:
        console.print_json({**document(found), "page": str(page)})
    else:
        written = f"Written: {', '.join(map(str, (page, *files)))}."
        console.print_result([_headline(found)], _tables(found), (), [written])
    console.tell_notes((*found.notes, *notes))
    return Status.DONE


def _found(request: BenchmarkRequest) -> Benchmark:
    """What came of the runs; what has ended is kept where somebody interrupts them."""
    try:
        with (
            interruptible(),
            named_executor(request.executor, request.jobs) as executor,
            working("Beginning", told=True) as say,
        ):

            def seen(facts: Facts, done: int, count: int) -> None:
                say(f"{done} of {count}: {facts.solver} on {facts.instance}: {facts.end}{_after(facts)}")

            return benchmark(
                *request.families,
                solvers=request.solvers,
                plans=request.plans,
                size=request.size,
                time_limit=request.time_limit,
                memory=request.memory,
                repeats=request.repeats,
                seed=request.seed,
                jobs=request.jobs,
                executor=executor,
                out=request.out,
                seen=seen,
            )
    except KeyboardInterrupt:
        console.tell(f"What has ended is kept in {request.out}. The same command goes on from there.")
        raise


def _after(facts: Facts) -> str:
    return f" after {facts.seconds:.1f} s" if facts.seconds == facts.seconds else ""


def _headline(found: Benchmark) -> str:
    """What was run in a sentence."""
    instances_, solvers = ({getattr(cell, name) for cell in found.cells} for name in ("instance", "solver"))
    whom = f"{counted(len(solvers), 'solver')} on {counted(len(instances_), 'problem')}"
    told = f"{counted(len(found.verdicts), 'run')} of {whom}"
    return f"{told}, {len(found.wrong)} of them with a false answer."


def _tables(found: Benchmark) -> list[Table]:
    """A table for each family, and the answers that do not hold."""
    drawn = [summary_table(family, found.summaries(family)) for family in found.families]
    inexact = [one for one in found.verdicts if one.status == Standing.INEXACT]
    named = (("Wrong answers", found.wrong), ("Answers that hold to a looser tolerance only", inexact))
    return [*drawn, *(false_table(title, runs) for title, runs in named if runs)]


# --- problems as files ------------------------------------------------------------------------------------------------


def _written(request: BenchmarkRequest, folder: Path) -> Status:
    """Writes the problems as files for other programs, and runs none of them."""
    posed = chosen_instances(request.families, request.plans, size=request.size, seed=request.seed)
    with interruptible(), working("Writing", told=True) as say:

        def told(instance: Instance) -> None:
            say(f"{posed.index(instance) + 1} of {len(posed)}: {instance.key}")

        table = write_instances(folder, posed, told=told)
    if request.json:
        console.print_json({"table": str(table), "problems": [instance.key for instance in posed]})
    else:
        console.print_result((), (), (), [f"Written: {counted(len(posed), 'problem')}, described in {table}."])
    return Status.DONE


# --- what there is ----------------------------------------------------------------------------------------------------


def _listed(request: BenchmarkRequest) -> Status:
    """Says which solvers and families there are, in which versions, and how to install what is missing."""
    solvers, families = _solver_rows(), _family_rows(request)
    if request.json:
        console.print_json({"solvers": solvers, "families": families})
        return Status.DONE
    console.print_result((), [_table("Solvers", solvers), _table("Families", families)], (), ())
    return Status.DONE


def _solver_rows() -> list[dict[str, Any]]:
    return [
        {
            "solver": row.name,
            "version": row.version() or f"{MISSING}: {row.install}",
            "works on": str(row.works),
            "bound": "yes" if row.gives_bound else "",
            "licence": row.licence if row.limit is None else f"{row.licence}: {row.limit}",
            "method": row.about,
        }
        for row in SOLVERS.values()
    ]


def _family_rows(request: BenchmarkRequest) -> list[dict[str, Any]]:
    return [
        {
            "family": name,
            request.size: str(len(instances([name], size=request.size, seed=request.seed))),
            "about": family.about,
        }
        for name, family in FAMILIES.items()
    ]


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    return Table(title, tuple(rows[0]), tuple(tuple(row.values()) for row in rows), 0)

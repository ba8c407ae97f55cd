"""Growth with regions: `python -m optimize.benchmarks.growth [--regions 4,31,333,2844] [--seconds 480]`.

The flagship's policy with more and more regions, two measures decided every five years over 25 years, by our default
solver: time and memory, each run in a process of its own within limits. Finer regions are the provinces, split.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from ..families.instance import Instance
from ..families.policy import Shape, program_of
from ..solvers.choice import SOLVERS
from .comparing.contest import limited
from .comparing.facts import Facts
from .comparing.tasks import GIBIBYTE, Limits, Task
from .history import add_history_options, append

SOLVER = "sqp"
MEASURES, YEARS, EVERY = 2, 25, 5


def task_of(regions: int, limits: Limits) -> Task:
    """The run with so many regions."""
    shape = Shape(regions, MEASURES, YEARS, EVERY)
    return Task(Instance("growth", shape.name, 0, program_of, {"shape": shape}), SOLVERS[SOLVER], limits)


def runs(regions: Sequence[int], limits: Limits) -> Iterator[tuple[int, Facts]]:
    """What happened with each number of regions, one after the other."""
    for count in regions:
        line = limited(task_of(count, limits))
        if line is not None:
            yield count, Facts.of(line)


def figures(found: Sequence[tuple[int, Facts]]) -> dict[str, float]:
    """What the history keeps."""
    seconds = {f"{count} regions, {SOLVER}, s": facts.seconds for count, facts in found}
    memory = {f"{count} regions, {SOLVER}, GiB": facts.memory / GIBIBYTE for count, facts in found}
    return {**seconds, **memory}


def shown(found: Sequence[tuple[int, Facts]]) -> Table:
    """The runs for people."""
    table = Table(title=f"{SOLVER}, {MEASURES} measures, decided every {EVERY} years")
    for column in (
        "regions",
        "levers",
        "objective",
        "s",
        "s to make it",
        "simulations",
        "gradients",
        "GiB",
        "ended by",
    ):
        table.add_column(column, justify="right")
    for count, facts in found:
        effort = str(facts.simulations), str(facts.gradients)
        times = f"{facts.seconds:.1f}", f"{facts.making:.1f}"
        ended = facts.ending or f"{facts.end}: {facts.message}"
        reached = next((point.objective for point in reversed(facts.points)), facts.objective)
        objective = "-" if math.isnan(reached) else f"{reached:.6f}"
        size = f"{facts.memory / GIBIBYTE:.2f}"
        table.add_row(str(count), str(facts.levers), objective, *times, *effort, size, ended)
    return table


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--regions", default="4,31,333", help="numbers of regions (default: %(default)s)")
    made.add_argument("--seconds", type=float, default=480.0, help="limit of time for each")
    made.add_argument("--memory", type=float, default=16.0, help="limit of memory for each, in GiB")
    add_history_options(made, "growth")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    given = parser().parse_args(arguments)
    counts = [int(part) for part in given.regions.split(",") if part]
    found = list(runs(counts, Limits(given.seconds, given.memory * GIBIBYTE)))
    Console().print(shown(found))
    if given.history:
        append(given.history, figures(found))


if __name__ == "__main__":
    main()

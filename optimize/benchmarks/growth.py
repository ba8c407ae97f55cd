"""Growth with regions: `python -m optimize.benchmarks.growth [--regions 4,31,333,2844] [--seconds 480]`.

The flagship's policy with more and more regions over 25 years, by our solver for many levers: time and memory, each run
in a process of its own within limits. Two measures are decided every five years, or as `--measures` and `--every` say:
`--regions 31,333 --measures 16 --every 1` has 12,400 and 133,200 levers. With `--ramps` they begin at nothing and grow
as in the flagship's own plan, in place of floors for each measure. Finer regions are the provinces, split.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from ..families.instance import Instance
from ..families.policy import Shape, program_of
from ..solvers.choice import SOLVERS
from .comparing.contest import limited
from .comparing.facts import Facts
from .comparing.tasks import GIBIBYTE, Limits, Task
from .history import add_history_options, append

SOLVER = "ipm"
YEARS = 25


@dataclass(frozen=True)
class Decided:
    """How many measures are decided in each region, every so many years, and whether spending ramps up from nothing."""

    measures: int = 2
    every: int = 5
    ramps: bool = False

    def __str__(self) -> str:
        said = f"{self.measures} measures, decided every {self.every} years"
        return f"{said}, ramping up from nothing" if self.ramps else said


def task_of(regions: int, limits: Limits, decided: Decided = Decided()) -> Task:
    """The run with so many regions."""
    shape = Shape(regions, decided.measures, YEARS, decided.every, decided.ramps)
    return Task(Instance("growth", shape.name, 0, program_of, {"shape": shape}), SOLVERS[SOLVER], limits)


def runs(regions: Sequence[int], limits: Limits, decided: Decided = Decided()) -> Iterator[tuple[int, Facts]]:
    """What happened with each number of regions, one after the other."""
    for count in regions:
        line = limited(task_of(count, limits, decided))
        if line is not None:
            yield count, Facts.of(line)


def figures(found: Sequence[tuple[int, Facts]]) -> dict[str, float]:
    """What the history keeps."""
    seconds = {f"{facts.levers} levers in {count} regions, {SOLVER}, s": facts.seconds for count, facts in found}
    memory = {
        f"{facts.levers} levers in {count} regions, {SOLVER}, GiB": facts.memory / GIBIBYTE for count, facts in found
    }
    return {**seconds, **memory}


def shown(found: Sequence[tuple[int, Facts]], decided: Decided = Decided()) -> Table:
    """The runs for people."""
    table = Table(title=f"{SOLVER}, {decided}")
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
    made.add_argument("--measures", type=int, default=2, help="measures decided in each (default: %(default)s)")
    made.add_argument("--every", type=int, default=5, help="years for which a decision holds (default: %(default)s)")
    made.add_argument("--ramps", action="store_true", help="spending begins at nothing and ramps up, without floors")
    made.add_argument("--seconds", type=float, default=480.0, help="limit of time for each")
    made.add_argument("--memory", type=float, default=16.0, help="limit of memory for each, in GiB")
    add_history_options(made, "growth")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    given = parser().parse_args(arguments)
    counts = [int(part) for part in given.regions.split(",") if part]
    decided = Decided(given.measures, given.every, given.ramps)
    found = list(runs(counts, Limits(given.seconds, given.memory * GIBIBYTE), decided))
    Console().print(shown(found, decided))
    if given.history:
        append(given.history, figures(found))


if __name__ == "__main__":
    main()

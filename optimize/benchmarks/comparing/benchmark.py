"""Solvers on problem families, compared: what `prosperity benchmark` and `opt.benchmark` do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sd_models.errors import Fault, InvalidRequest, nearest_or_some

from ...families.instance import Instance
from ...families.table import FAMILIES, instances
from ...solvers.choice import SOLVERS
from ...solvers.rows import Row
from .contest import Pool, Seen, contest
from .facts import Facts
from .own_plan import plan_instance
from .statistics import Cell, Summary, cells_of, summaries
from .store import opened
from .tasks import GIBIBYTE, Limits, Task
from .verdicts import Status, Verdict, judged


def _unseen(_facts: Facts, _done: int, _count: int) -> None:
    """Nobody looks on."""


@dataclass(frozen=True)
class Settings:
    """Limits, repeats and options of all runs; `memory` in GiB, `time_limit` in seconds."""

    time_limit: float = 60.0
    memory: float = 4.0
    repeats: int = 1
    seed: int = 0
    options: Mapping[str, Any] | None = None

    def tasks(self, posed: Sequence[Instance], rows: Sequence[Row]) -> Iterator[Task]:
        """All runs: instances outermost, so that what there is of each instance can be compared at any time."""
        limits = Limits(self.time_limit, self.memory * GIBIBYTE)
        for instance in posed:
            for row in rows:
                for repeat in range(self.repeats):
                    yield Task(instance, row, limits, repeat, self.seed, self.options or {})


@dataclass(frozen=True, eq=False)
class Benchmark:
    """What a benchmark found: a verdict for each run, and notes on what was set aside or left out.

    >>> import optimize as opt
    >>> opt.Benchmark(Path("nowhere"), ()).cells
    ()
    """

    folder: Path
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Instances and solvers, with all repeats."""
        return cells_of(self.verdicts)

    @property
    def wrong(self) -> tuple[Verdict, ...]:
        """The runs whose claims are false."""
        return tuple(one for one in self.verdicts if one.status == Status.WRONG)

    @property
    def families(self) -> tuple[str, ...]:
        """The families in their order."""
        return tuple(dict.fromkeys(cell.family for cell in self.cells))

    def summaries(self, family: str | None = None) -> tuple[Summary, ...]:
        """Each solver on a family, or on all instances; best first."""
        return summaries([cell for cell in self.cells if family in (None, cell.family)])


def benchmark(
    *families: str | Instance,
    solvers: Iterable[str] = (),
    plans: Iterable[str | Path] = (),
    size: str = "small",
    time_limit: float = Settings.time_limit,
    memory: float = Settings.memory,
    repeats: int = Settings.repeats,
    seed: int = Settings.seed,
    options: Mapping[str, Any] | None = None,
    jobs: int = 1,
    executor: Pool | None = None,
    out: str | Path = "benchmark",
    seen: Seen = _unseen,
) -> Benchmark:
    """Runs solvers on problem families, each run in a process of its own within hard limits, and judges all answers.

    `families` are names of the table, keys of problems, or instances; without any, and without `plans`, all families
    are taken. `solvers` are names of the table, by default all that are installed; each gets `options` as far as they
    are its own, else its defaults. `time_limit` in seconds and `memory` in GiB are those of a run. The folder `out`
    keeps each run when it has ended; what it holds already is not run again. `executor` (of `concurrent.futures`, or
    Dask's) takes the place of `jobs` runs side by side here, whose times disturb each other.
    InvalidRequest for unknown names, and where the folder cannot be written or another benchmark works in it.

    >>> from tempfile import TemporaryDirectory
    >>> import optimize as opt
    >>> from optimize.families.table import instances
    >>> with TemporaryDirectory() as folder:
    ...     found = opt.benchmark(instances(["known optima"])[0], solvers=["sqp"], out=folder)
    >>> str(found.verdicts[0].status)
    'ok'
    """
    settings = Settings(time_limit, memory, repeats, seed, options)
    posed = chosen_instances(families, plans, size=size, seed=seed)
    tasks = list(settings.tasks(posed, chosen_solvers(solvers)))
    with opened(Path(out)) as store:
        contest(tasks, store, executor=executor, jobs=jobs, seen=seen)
        return found_in(store.folder, tasks, store.runs, tuple(store.notes))


def found_in(folder: Path, tasks: Sequence[Task], runs: Mapping[str, Facts], notes: tuple[str, ...]) -> Benchmark:
    """What runs mean of those that were asked for, beside all that a folder holds of the same instances."""
    keys = {task.key for task in tasks}
    asked = {task.instance.key for task in tasks}
    verdicts = judged(facts for facts in runs.values() if facts.instance in asked)
    return Benchmark(folder, tuple(one for one in verdicts if one.facts.key in keys), notes)


def chosen_instances(
    families: Iterable[str | Instance], plans: Iterable[str | Path], *, size: str, seed: int
) -> tuple[Instance, ...]:
    """The instances that are asked for, in their order."""
    listed, own = list(families), [plan_instance(path) for path in plans]
    if not listed and not own:
        listed = list(FAMILIES)
    found: list[Instance] = []
    for each in listed:
        found += [each] if isinstance(each, Instance) else named_instances(each, size=size, seed=seed)
    return (*found, *own)


def named_instances(name: str, *, size: str, seed: int) -> tuple[Instance, ...]:
    """Those of a family, or the one with that key; InvalidRequest where there is neither."""
    if name in FAMILIES:
        return instances([name], size=size, seed=seed)
    every = {each.key: each for each in instances(size=size, seed=seed)}
    if name not in every:
        advice = nearest_or_some(name, [*FAMILIES, *every])
        raise InvalidRequest(Fault(f"there is no family and no {size} problem {name!r}.", advice=advice))
    return (every[name],)


def chosen_solvers(names: Iterable[str]) -> tuple[Row, ...]:
    """The rows of names; all that are installed without any; InvalidRequest for a name that there is not."""
    listed = list(dict.fromkeys(names))
    if not listed:
        return tuple(row for row in SOLVERS.values() if row.version() is not None)
    faults = [
        Fault(f"there is no solver {name!r}.", advice=nearest_or_some(name, SOLVERS))
        for name in listed
        if name not in SOLVERS
    ]
    if faults:
        raise InvalidRequest(faults)
    return tuple(SOLVERS[name] for name in listed)

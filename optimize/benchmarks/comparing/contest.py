"""Many runs, side by side, into a folder: what it holds already is not run again.

Runs go to threads of this process, which wait for theirs, or to anybody's executor (`concurrent.futures`, Dask). What
an executor is given starts the limited process where it works, so that limits hold there too.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from sd_models.errors import Fault, InvalidRequest

from ...solvers.rows import refusal
from .facts import End, Facts, planned
from .guard import Order
from .launching import launcher
from .store import Store
from .tasks import Task

Pool: TypeAlias = Executor  # of anybody
Seen = Callable[[Facts, int, int], None]  # a run, and how many of how many there are
AGAIN = "All runs that ended before are kept. Give the same command again: it goes on from there."


def contest(tasks: Iterable[Task], store: Store, *, executor: Pool | None = None, jobs: int = 1, seen: Seen) -> None:
    """Runs all tasks that a folder does not hold, `jobs` at a time or as many as an executor takes, and keeps them."""
    unique = {task.key: task for task in tasks}
    open_ones = [task for key, task in unique.items() if key not in store.runs]
    done = len(unique) - len(open_ones)

    def keep(facts: Facts) -> None:
        nonlocal done
        store.add(facts)
        done += 1
        seen(facts, done, len(unique))

    accepted = []
    for task in open_ones:
        refused = refusal(task.solver, task.instance.traits)
        if refused is None:
            accepted.append(task)
        else:
            keep(replace(planned(task), end=End.REFUSED, message=task.refused(refused, task.instance.traits)))
    if accepted:
        with _pool(executor, jobs) as pool:
            for facts in _ended(pool, accepted, store, is_here=executor is None):
                keep(facts)


@contextmanager
def _pool(executor: Pool | None, jobs: int) -> Iterator[Pool]:
    """The executor, or threads of this process."""
    if executor is not None:
        yield executor
        return
    with ThreadPoolExecutor(jobs) as threads:
        yield threads


def _ended(pool: Pool, tasks: Sequence[Task], store: Store, *, is_here: bool) -> Iterator[Facts]:
    """The runs as they end; those that have not are stopped when nobody takes more."""
    waited: dict[Future[str | None], Task] = {}
    try:
        for task in tasks:
            path, held = (store.arriving(task.key), (store.lock,)) if is_here else (None, ())
            waited[pool.submit(limited, task, path, held)] = task
        for future in as_completed(waited):
            yield _facts(future, waited[future])
    finally:
        for future in waited:
            future.cancel()
        if is_here:
            launcher().stop()


def limited(task: Task, path: Path | None = None, held: Sequence[int] = ()) -> str | None:
    """The record of a run in a process of its own, on the machine where this is called; None where it was stopped."""
    return launcher().run(order_of(task, path), held)


def order_of(task: Task, path: Path | None = None) -> Order:
    """What a guard is told of a run, whose record goes to the path."""
    place = "" if path is None else str(path.absolute())
    return Order(planned(task), place, pickle.dumps(task), pickle.dumps(task.instance), task.on_equations)


def _facts(future: Future[str | None], task: Task) -> Facts:
    """What a run came to; what ended its guard, or the worker that it was given to, is a crash."""
    try:
        line = future.result()
    except InvalidRequest:
        raise
    except Exception as error:  # whatever an executor makes of a worker that is gone
        told = f"its worker failed: {type(error).__name__}: {error}"
        return replace(planned(task), end=End.CRASHED, message=" ".join(told.split()))
    if line is not None:
        return Facts.of(line)
    if not launcher().is_open:
        raise InvalidRequest(Fault("the processes of the runs were ended from outside.", advice=AGAIN))
    return replace(planned(task), end=End.CRASHED, message="it was ended from outside, with what watched it.")

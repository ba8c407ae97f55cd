"""Independent evaluations on all processors: CasADi lets go of Python's lock while it computes.

Threads and not processes: compiled functions are not copied, and a function may be evaluated in several threads at
once, each with memory of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def concurrently(action: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
    """The answers for all items, in their order.

    >>> concurrently(abs, [-1, 2, -3])
    [1, 2, 3]
    """
    listed = list(items)
    workers = min(processors(), len(listed))
    if workers < 2:
        return [action(item) for item in listed]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(action, listed))

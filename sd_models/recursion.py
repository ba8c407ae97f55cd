"""Room for the recursion that long expressions need."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Frames for the longest expression that a model file may hold (`reading.guard`), at three for each operator.
FRAMES = 10_000


@contextmanager
def deep() -> Iterator[None]:
    """Python's limit of nested calls raised: a long sum needs as many as it has terms."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)

"""What computes a run, as a value that costs nothing to import."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """What computes a run."""

    COMPILED = "compiled"
    PYSD = "pysd"

"""What computes a run, as a value that costs nothing to import."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """What computes a run: machine code, CasADi, or PySD itself."""

    NATIVE = "native"
    CASADI = "casadi"
    PYSD = "pysd"

"""What somebody asks a command for, and how it can end, as values that cost nothing to import."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path


class Engine(StrEnum):
    """What computes a run."""

    COMPILED = "compiled"
    PYSD = "pysd"


@dataclass(frozen=True, slots=True)
class SimulateRequest:
    """A run of a model, what is set otherwise in it, and what to do with the result."""

    model: str
    settings: tuple[str, ...] = ()
    policy: Path | None = None
    engine: Engine = Engine.COMPILED
    data: tuple[Path, ...] = ()
    regions: str | None = None
    variables: tuple[str, ...] = ()
    start: float | None = None
    stop: float | None = None
    step: float | None = None
    out: Path | None = None
    plot: Path | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """A check of a model."""

    model: str
    data: tuple[Path, ...] = ()
    regions: str | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class CalibrateRequest:
    """A calibration of a model, and what to do with the result; None keeps what the calibration file says."""

    model: str
    calibration: Path | None = None
    regions: str | None = None
    starts: int | None = None
    seed: int | None = None
    holdout: bool = True
    out: Path | None = None
    apply: bool = False
    json: bool = False


class Status(IntEnum):
    """Exit statuses; the last two are those that shells report for the signals."""

    DONE = 0
    NO = 1
    BAD_INPUT = 2
    INTERRUPTED = 130
    NO_READER = 141

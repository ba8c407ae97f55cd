"""What somebody asks a command for, and how it can end, as values that cost nothing to import."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TypeAlias

from ..runs.engine import Engine


@dataclass(frozen=True, slots=True)
class SimulateRequest:
    """A run of a model, what is set otherwise in it, and what to do with the result."""

    model: str
    settings: tuple[str, ...] = ()
    policy: Path | None = None
    engine: Engine = Engine.NATIVE
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
    draft: bool = False
    json: bool = False


class ScreeningMethod(StrEnum):
    """How parameters are screened."""

    MORRIS = "morris"
    SOBOL = "sobol"


@dataclass(frozen=True, slots=True)
class ScreenRequest:
    """A screening of a model's parameters, and what to do with the result."""

    model: str
    ranges: Path
    outcomes: tuple[str, ...]
    method: ScreeningMethod = ScreeningMethod.MORRIS
    samples: int | None = None
    seed: int = 1
    first: float | None = None
    parameters: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    policy: Path | None = None
    regions: str | None = None
    out: Path | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class OptimizeRequest:
    """An optimization, and what to do with the result; None keeps what the plan says."""

    plan: Path | None = None
    model: str | None = None
    regions: str | None = None
    settings: tuple[str, ...] = ()
    solver: str | None = None
    starts: int | None = None
    start_from: Path | None = None
    time_limit: float | None = None
    out: Path | None = None
    verify: bool = True
    json: bool = False


class Auxiliaries(StrEnum):
    """What the names of equations become in a transcription."""

    EXPRESSIONS = "expressions"
    VARIABLES = "variables"


class Kinks(StrEnum):
    """How a transcription states minimum, maximum, choices and tables."""

    ABSOLUTE = "absolute"
    INTEGERS = "integers"
    SOS2 = "sos2"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A problem with all its dynamics as a file; `asked` says which one, and where other solvers begin."""

    asked: OptimizeRequest
    out: Path | None = None
    auxiliaries: Auxiliaries = Auxiliaries.EXPRESSIONS
    smooth: float | None = None
    kinks: Kinks = Kinks.ABSOLUTE
    bounds: bool = False
    format: str | None = None


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """The replay of a result in PySD."""

    run: Path
    json: bool = False


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A plan to start from, for a model."""

    model: str
    data: tuple[Path, ...] = ()
    regions: str | None = None
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class ExploreRequest:
    """A what-if page of a model or of a result."""

    subject: str
    plan: Path | None = None
    screening: Path | None = None
    data: tuple[Path, ...] = ()
    regions: str | None = None
    out: Path | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class DiagramRequest:
    """Stock-and-flow diagrams of a model: all of its views, or the one of that name."""

    model: str
    format: str | None = None
    view: str = ""
    data: tuple[Path, ...] = ()
    regions: str | None = None
    out: Path | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """The reference of a model: every variable on one page."""

    model: str
    data: tuple[Path, ...] = ()
    regions: str | None = None
    out: Path | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """Results, policies and plans to be laid side by side, what to call them, and ranges under which they are held too.

    Plans are solved first, each into a folder of its own in `out`; `regions` and `verify` are theirs.
    """

    runs: tuple[Path, ...]
    labels: tuple[str, ...] = ()
    ranges: Path | None = None
    samples: int | None = None
    out: Path | None = None
    regions: str | None = None
    verify: bool = True
    json: bool = False


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """Why a result changes an outcome, by default its objective."""

    run: Path
    outcome: str | None = None
    limit: str | None = None
    more: str | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class BoundRequest:
    """What no policy of a plan can be better than; the plan is in a file, or in the folder of a result."""

    asked: OptimizeRequest
    run: Path | None = None
    solver: str | None = None
    time_limit: float = 60.0
    gap: float = 0.01


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A page about results, the first of which is reported."""

    runs: tuple[Path, ...]
    language: str = "en"
    out: Path | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class BenchmarkRequest:
    """Solvers on problem families, limits of their runs, and what to do with what comes of it."""

    families: tuple[str, ...] = ()
    solvers: tuple[str, ...] = ()
    plans: tuple[Path, ...] = ()
    size: str = "small"
    time_limit: float = 60.0
    memory: float = 4.0
    repeats: int = 1
    seed: int = 0
    jobs: int = 1
    executor: str | None = None
    out: Path = Path("benchmark")
    listing: bool = False
    page: Path | None = None
    write: Path | None = None
    json: bool = False


Request: TypeAlias = (
    OptimizeRequest
    | BoundRequest
    | ExportRequest
    | VerifyRequest
    | PlanRequest
    | SimulateRequest
    | CheckRequest
    | CalibrateRequest
    | ScreenRequest
    | ExploreRequest
    | DiagramRequest
    | DocumentRequest
    | CompareRequest
    | ExplainRequest
    | ReportRequest
    | BenchmarkRequest
)


class Status(IntEnum):
    """Exit statuses; 70 is that of a mistake in a program (sysexits.h), the last three those of the signals."""

    DONE = 0
    NO = 1
    BAD_INPUT = 2
    MISTAKE = 70
    INTERRUPTED = 130
    NO_READER = 141
    TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """Somebody asked the process to end (SIGTERM)."""

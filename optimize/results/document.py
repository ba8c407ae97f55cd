"""What stands in `result.json`, read as strictly as a plan: every key known, every value of its type.

Numbers that JSON has no word for (NaN and infinity) are null there, and infinite here.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, Field

from sd_models.errors import Fault, InvalidRequest, ModelError

from ..files.documents import Document, document_of
from ..files.untrusted import read_json
from ..headlines.headline import Headline
from ..headlines.names import Names
from ..plans.assumptions import Assumption
from ..plans.plan import Plan, read_plan
from ..solvers.solver import Iteration
from .result import Work
from .verdict import Findings, Verification
from .violations import Violation

LAYOUT = 1  # of the folder; another number is another way to read it
JSON = "result.json"


class Table(Document):
    """A table of the document; numbers may be infinite."""

    model_config = ConfigDict(allow_inf_nan=True)


class StoredAlternative(Table):
    """Another policy, without the policy."""

    objective: float
    distance: float


class StoredSummary(Table):
    """What programs ask for first."""

    status: str
    sentence: str
    advice: str
    objective: float
    baseline_objective: float
    objective_unit: str
    kkt_residual: float
    largest_limit_violation: float
    iterations: int
    simulations: int
    gradients: int
    levers: int
    seconds: Mapping[str, float]
    replay_gap: float | None
    run: str | None
    notes: tuple[str, ...]
    conflict: tuple[str, ...]
    alternatives: tuple[StoredAlternative, ...]


class StoredProvenance(Table):
    """Where a result comes from."""

    model: str
    model_path: str
    regions_path: str | None = None
    plan: str
    plan_hash: str
    solver: str
    options: Mapping[str, str]
    seed: int
    files: Mapping[str, str]
    versions: Mapping[str, str]
    python: str
    platform: str


class StoredResult(Table):
    """The whole document; `hashes` gives the SHA-256 of each file beside it, and of the plan under its name."""

    layout: Literal[1]
    summary: StoredSummary
    plan: Mapping[str, Any]
    findings: Findings
    violations: tuple[Violation, ...]
    iterations: tuple[Iteration, ...]
    work: Work
    provenance: StoredProvenance
    time_unit: str
    groups: Mapping[str, Mapping[str, tuple[str, ...]]]
    headlines: tuple[Headline, ...] = ()
    names: Names = Field(default_factory=Names)
    has_dust: bool = False
    verification: Verification | None
    hashes: Mapping[str, str] = Field(default_factory=dict)
    assumptions: tuple[Assumption, ...] = ()

    def read_plan(self) -> Plan:
        """The plan."""
        return read_plan(self.plan, file=JSON)


def read_result(folder: Path) -> StoredResult:
    """The document in a folder; InvalidRequest for one that is missing, damaged or changed."""
    path = folder / JSON
    if not path.exists() and not path.is_symlink():
        advice = "Name the folder that `prosperity optimize` wrote."
        found = "is not the folder of a result." if folder.exists() else "is not there."
        raise InvalidRequest(Fault(found, file=str(folder), advice=advice))
    known = read_json(path)
    if known.get("layout") != LAYOUT:
        advice = "It was written by another version of this program; optimize again."
        raise InvalidRequest(Fault("has a layout that is not known.", file=str(path), advice=advice))
    try:
        return document_of(_numbers(known, StoredResult), StoredResult)
    except (ModelError, RecursionError, TypeError, ValueError) as error:
        found = f"does not hold what a result has: {' '.join(str(error).split())[:500]}"
        raise InvalidRequest(Fault(found, file=str(path), advice="Was it changed by hand?")) from error


def _numbers(content: Any, kind: Any) -> Any:
    """The content with null read as infinity where a number has to be."""
    if content is None:
        return math.inf if kind is float else None
    if is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, Table)):
        return _fields(content, kind) if isinstance(content, dict) else content
    inner = [part for part in get_args(kind) if part not in (NoneType, ...)]
    if get_origin(kind) is UnionType:
        return _numbers(content, inner[0])
    if get_origin(kind) is tuple and isinstance(content, list):
        return [_numbers(item, inner[0]) for item in content]
    if inner and isinstance(content, dict):
        return {name: _numbers(value, inner[-1]) for name, value in content.items()}
    return content


def _fields(content: dict[str, Any], kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: _numbers(value, hints.get(name)) for name, value in content.items()}


def plain(content: Any) -> Any:
    """A value as JSON has it: dataclasses as objects, and null for what is no finite number."""
    match content:
        case Mapping():
            return {key: plain(value) for key, value in content.items()}
        case list() | tuple():
            return [plain(value) for value in content]
        case float():
            return content if math.isfinite(content) else None
    return plain(asdict(content)) if is_dataclass(content) and not isinstance(content, type) else content


def plan_hash(plan: Mapping[str, Any]) -> str:
    """The SHA-256 of a plan as it stands in the document, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()

"""A number that no policy can be better than, what it rests on, and how near a policy is to it.

Nearness is measured by what policies change: the gap to the bound, as part of the gap and of what the policy changes
against the run without one. So a constant in the objective, or a baseline that brings most of it, makes no bound look
better than it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict

from sd_models.errors import Fault, InvalidRequest, ModelError

from ..files.documents import Document, document_of
from ..files.storage import finite, write_json
from ..files.untrusted import read_json, sha256

FILE, LAYOUT = "bound.json", 1
PROVED = 0.01  # the largest part of what policies change within which one counts as proved
# What is nothing, of an objective, and by how much of what it changes a policy may be better than a bound before both
# contradict each other: limits hold to 1e-6.
ROUNDING, LIMITS = 1e-12, 1e-6
NOT_ANEW = (
    "The global bound that the folder tells was not computed again, and nothing is said by it; "
    "`prosperity bound RUN` does."
)


@dataclass(frozen=True, slots=True)
class Proof:
    """How near a policy is to a bound: `value` in the unit of the objective, the `share` of what policies change."""

    value: float
    share: float
    by: str

    @property
    def is_near(self) -> bool:
        """Whether the policy counts as proved."""
        return self.share <= PROVED


@dataclass(frozen=True, slots=True)
class Bound:
    """What no policy of a plan can be better than, in the plan's own direction.

    `value` is the bound (infinite where none was found), `by` what it rests on: "intervals" or "polynomials", which
    hold for all numbers that a run can have, or the name of a solver, whose bound holds up to its tolerances. `margin`
    is what these may have moved it by, to first order along the run, and is part of `value`; `interval` the bound by
    intervals alone (infinite where it was not needed), `claimed` what the solver told, in its own word `status`.
    `objective` is that of the best policy known, as the model runs it (NaN where none keeps all limits), `baseline`
    that of the run without a policy, or where the best policy is none, that of all levers at their lower bounds.
    `better` are the levers of a policy of the solver's that is better than the one that was given, empty if there is
    none. `contradiction` says which policy is better than the solver's bound, which then counts for nothing.

    A policy that brings 9.9 where nothing brings 9, and none can bring more than 10:

    >>> found = Bound(10.0, "intervals", objective=9.9, baseline=9.0, maximize=True, interval=10.0)
    >>> found.sentence.partition(":")[0], percent(found.share)
    ('No policy reaches more than 10 (intervals)', '10%')
    """

    value: float
    by: str
    objective: float
    baseline: float
    maximize: bool
    interval: float
    claimed: float = math.nan
    margin: float = 0.0
    status: str = ""
    seconds: float = 0.0
    better: tuple[float, ...] = ()
    contradiction: str = ""
    notes: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """By how much a policy might at most be better than the best one known."""
        return left(self.value, self.objective, maximize=self.maximize)

    @property
    def share(self) -> float:
        """The gap as part of what policies change; 1 where nothing is known."""
        return share(self.value, self.objective, self.baseline, maximize=self.maximize)

    @property
    def sentence(self) -> str:
        """What is proved, in a sentence."""
        if not math.isfinite(self.value):
            return "No bound was found: nothing is proved."
        word = "more" if self.maximize else "less"
        if math.isnan(self.objective):
            return f"No policy reaches {word} than {self.value:.7g} ({self.by}); none is known that keeps all limits."
        near = f"within {percent(self.share)} of the largest change that any policy makes"
        return f"No policy reaches {word} than {self.value:.7g} ({self.by}): the best one known is {near}."

    def proof(self, objective: float) -> Proof | None:
        """How near a policy of this objective is; None where the bound says nothing of it, or is contradicted by it."""
        if not math.isfinite(self.value) or is_contradicted(
            self.value, objective, self.baseline, maximize=self.maximize
        ):
            return None
        return Proof(self.value, share(self.value, objective, self.baseline, maximize=self.maximize), self.by)


def left(value: float, objective: float, *, maximize: bool) -> float:
    """What is left between an objective and a bound, not below zero."""
    found = value - objective if maximize else objective - value
    if math.isnan(found):
        return math.inf
    return found if found > ROUNDING * abs(objective) else 0.0


def share(value: float, objective: float, baseline: float, *, maximize: bool) -> float:
    """What is left, as part of that and of what the policy changes."""
    gap = left(value, objective, maximize=maximize)
    if gap == 0.0:
        return 0.0
    changed = abs(objective - baseline) if math.isfinite(baseline) else 0.0
    return 1.0 if math.isinf(gap) else gap / (gap + changed)


def is_contradicted(value: float, objective: float, baseline: float, *, maximize: bool) -> bool:
    """Whether an objective is better than a bound by more than rounding and the tolerance of limits leave."""
    over = objective - value if maximize else value - objective
    changed = abs(objective - baseline) if math.isfinite(baseline) else 0.0
    return bool(over > ROUNDING * max(abs(objective), abs(value)) + LIMITS * changed)


def percent(part: float) -> str:
    """A part in per cent, rounded up, to a thousandth of a per cent at most.

    >>> percent(0.00812), percent(0.0), percent(0.00999999)
    ('0.82%', '0%', '1%')
    """
    if part == 0.0:
        return "0%"
    digits = min(3, max(0, 1 - math.floor(math.log10(100.0 * part))))
    scale = 10.0**digits
    text = f"{math.ceil(100.0 * part * scale * (1 - 1e-12)) / scale:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


# --- beside a result --------------------------------------------------------------------------------------------------


class StoredBound(Document):
    """What stands in `bound.json`; null stands for no finite number. `policy` is the SHA-256 of the policy's file."""

    model_config = ConfigDict(allow_inf_nan=True)

    layout: Literal[1]
    policy: str
    bound: Bound


def save_bound(bound: Bound, folder: Path) -> Path:
    """Keeps a bound beside the result that it is about, in place of an earlier one; the file."""
    values = {name: getattr(bound, name) for name in Bound.__slots__}
    return write_json(
        folder / FILE, finite({"layout": LAYOUT, "policy": sha256(folder / "policy.nc"), "bound": values})
    )


def read_bound(folder: Path) -> Bound | None:
    """What is kept beside a result and is about its policy, if anything is. It is read strictly, not believed."""
    path = folder / FILE
    if not path.exists() and not path.is_symlink():
        return None
    try:
        known = document_of(_numbers(read_json(path)), StoredBound)
    except (ModelError, RecursionError, TypeError, ValueError) as error:
        found = f"does not hold a bound: {' '.join(str(error).split())[:500]}"
        raise InvalidRequest(Fault(found, file=str(path), advice="Remove it, or compute it again.")) from error
    return known.bound if known.policy == sha256(folder / "policy.nc") else None


def _numbers(content: Mapping[str, Any]) -> dict[str, Any]:
    bound = content.get("bound")
    if not isinstance(bound, dict):
        return dict(content)
    sign = 1.0 if bound.get("maximize") else -1.0
    infinite = {"value": sign * math.inf, "interval": sign * math.inf, "baseline": math.nan, "objective": math.nan}
    absent = {**infinite, "claimed": math.nan, "margin": math.inf}
    return {**content, "bound": {k: absent.get(k) if v is None else v for k, v in bound.items()}}

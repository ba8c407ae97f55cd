"""A drawn plan: a small model, what is wanted of it, its limits, and what is known of it before any search."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from sd_models.system.model import FloatArray

from .drawn_model import DrawnLever, DrawnModel


class Truth(StrEnum):
    """What is known of a plan before any search."""

    BOUNDED = "bounded"
    UNBOUNDED = "unbounded"
    INFEASIBLE = "infeasible"
    POLE = "pole"


@dataclass(frozen=True)
class DrawnLimit:
    """A limit: its words in the plan, what they mean as an expression of the model, and the sides that it has.

    `when` is always, final or total, as in plans; `rounding` is the size of terms that cancel.
    """

    words: Mapping[str, Any]
    expression: str
    lower: float = -np.inf
    upper: float = np.inf
    rounding: float = 0.0

    @property
    def when(self) -> str:
        """When it holds."""
        return str(self.words.get("when", "always"))

    @property
    def content(self) -> dict[str, Any]:
        """The limit in a plan."""
        sides = {"at_least": self.lower, "at_most": self.upper}
        if self.lower == self.upper:
            sides = {"equals": self.upper}
        return {**self.words, **{key: value for key, value in sides.items() if np.isfinite(value)}}


@dataclass(frozen=True)
class DrawnPlan:
    """A model, what is maximized, limits, and what is known; `unit` is the least weight of a part of the objective.

    `constant` is a part of the objective that no lever moves.
    """

    number: int
    family: str
    model: DrawnModel
    measure: str
    maximize: bool
    limits: tuple[DrawnLimit, ...]
    unit: float
    constant: float
    truth: Truth

    @property
    def content(self) -> dict[str, Any]:
        """The plan as `read_plan` takes it."""
        return {
            "model": "model.mdl",
            "horizon": [0, self.model.periods - 1],
            "objective": {"maximize" if self.maximize else "minimize": "f", "measure": self.measure},
            "lever": [_bounds(lever) for lever in self.model.levers],
            "limit": [limit.content for limit in self.limits],
            "solver": {"time_limit": 30.0},
        }

    def gains(self, x: FloatArray) -> FloatArray:
        """What is to become large, without the constant, for each policy (policies, values)."""
        return self._measured(self.model.paths(x, ("gain",))[0])

    def objective(self, x: FloatArray) -> float:
        """The objective of a policy as the plan means it."""
        return float(self._measured(self.model.paths(x[np.newaxis], ("f",))[0])[0])

    def _measured(self, path: FloatArray) -> FloatArray:
        if self.measure == "final":
            return np.asarray(path[-1])
        total = path[:-1].sum(axis=0) / self.model.steps
        return np.asarray(total / self.model.periods if self.measure == "mean" else total)

    def rows(self, x: FloatArray) -> FloatArray:
        """The values (policies, rows) that the limits bound, one for each limit and window."""
        paths = self.model.paths(x, tuple(limit.expression for limit in self.limits))
        found = [self._windows(limit, path) for limit, path in zip(self.limits, paths, strict=True)]
        return np.asarray(np.concatenate([np.zeros((0, len(x))), *found]).T)

    def _windows(self, limit: DrawnLimit, path: FloatArray) -> FloatArray:
        if limit.when == "final":
            return np.asarray(path[-1:])
        if limit.when == "total":
            return np.asarray(path[:-1].sum(axis=0, keepdims=True) / self.model.steps)
        return np.asarray(path[:-1].reshape(self.model.periods, self.model.steps, -1).mean(axis=1))

    @cached_property
    def sides(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Lower and upper sides of the rows, and the size of terms that cancel in them."""
        windows = [self.model.periods if limit.when == "always" else 1 for limit in self.limits]
        sides = np.array([(limit.lower, limit.upper, limit.rounding) for limit in self.limits]).reshape(-1, 3)
        lower, upper, rounding = np.repeat(sides, windows, axis=0).T
        return lower, upper, rounding

    @property
    def digest(self) -> str:
        """What tells plans apart."""
        return sha256((self.model.text + toml(self.content)).encode()).hexdigest()[:12]

    def write(self, folder: Path) -> None:
        """Model and plan as files."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.mdl").write_text(self.model.text, "utf-8")
        (folder / "plan.toml").write_text(toml(self.content), "utf-8")


def _bounds(lever: DrawnLever) -> dict[str, Any]:
    sides = {"lower": lever.lower * lever.scale, "upper": lever.upper * lever.scale}
    return {"variable": lever.name, **{key: value for key, value in sides.items() if np.isfinite(value)}}


def toml(content: Mapping[str, Any]) -> str:
    """A plan's dictionary as a plan file."""

    def value(one: Any) -> str:
        if isinstance(one, Mapping):
            return "{ " + ", ".join(f"{key} = {value(item)}" for key, item in one.items()) + " }"
        return json.dumps(one)

    lines = [f"{key} = {value(one)}" for key, one in content.items() if isinstance(one, str) or key == "horizon"]
    for key, one in content.items():
        tables = one if key in ("lever", "limit") else [one] if isinstance(one, Mapping) else []
        head = f"[[{key}]]" if key in ("lever", "limit") else f"[{key}]"
        lines += [
            line for table in tables for line in ("", head, *(f"{name} = {value(v)}" for name, v in table.items()))
        ]
    return "\n".join(lines) + "\n"

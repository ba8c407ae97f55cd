"""What is to be run: an instance, a solver, limits, the number of the repeat; and the key by which a run is known.

The key is made of all that may change the outcome: instance, solver, its version, options, limits, repeat and seed. A
benchmark that is taken up again leaves out what has the same key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Protocol

from ...problems.program import Program
from ...solvers.rows import Row, Works
from ...solvers.traits import Trait

DIGITS = 20  # of the key: enough for any number of runs
GIBIBYTE = 2**30
BREAKS = frozenset({Trait.KINKS, Trait.CHOICES})
AS_WHOLE = "That is how a benchmark states it; `prosperity optimize` and `bound` state kinks with whole numbers for it."


class Posed(Protocol):
    """An instance of a family, as a benchmark sees it."""

    @property
    def key(self) -> str:
        """What it is called."""

    @property
    def family(self) -> str:
        """The family that it is of."""

    @property
    def seed(self) -> int:
        """What its random numbers come from."""

    @property
    def traits(self) -> frozenset[Trait]:
        """What it asks of a solver."""

    @property
    def known(self) -> float | None:
        """Its best objective, where that is known from elsewhere."""

    @property
    def truth(self) -> str:
        """`solvable`, `infeasible` or `unbounded`."""

    def program(self) -> Program:
        """The problem."""


@dataclass(frozen=True)
class Limits:
    """Seconds that a solver may take, beside those in which the problem is made and stated; bytes that it may take with
    all processes that it starts."""

    time: float = 60.0
    memory: float = 4.0 * GIBIBYTE


@dataclass(frozen=True)
class Task:
    """A run that is to be made; `options` are the solver's, for all the same but where somebody gave some."""

    instance: Posed
    solver: Row
    limits: Limits = Limits()
    repeat: int = 0
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        """The solver's version; empty where it is missing."""
        return self.solver.version() or ""

    @property
    def on_equations(self) -> bool:
        """Whether the solver asks for equations."""
        return self.solver.works is not Works.ON_LEVERS

    def refused(self, reason: str, asked: frozenset[Trait]) -> str:
        """Why the solver does not take it, and what would, where kinks alone are in the way."""
        in_the_way = asked - self.solver.takes
        is_whole = Trait.INTEGERS in self.solver.takes and bool(in_the_way) and in_the_way <= BREAKS
        return f"{reason} {AS_WHOLE}" if is_whole else reason

    @property
    def identity(self) -> dict[str, Any]:
        """All that may change the outcome, as plain values."""
        return {
            "instance": self.instance.key,
            "solver": self.solver.name,
            "version": self.version,
            "options": {name: self.options[name] for name in sorted(self.options)},
            "time_limit": self.limits.time,
            "memory_limit": self.limits.memory,
            "repeat": self.repeat,
            "seed": self.seed,
        }

    @cached_property
    def key(self) -> str:
        """By what the run is known."""
        return sha256(json.dumps(self.identity, sort_keys=True, default=str).encode()).hexdigest()[:DIGITS]

    @property
    def solver_options(self) -> dict[str, Any]:
        """What the solver is made with: its limit of time, a seed for each repeat, and what somebody gave."""
        return {"time_limit": self.limits.time, "seed": self.seed + self.repeat, **self.options}

"""An instance of a family: a problem by parameters and seed, which is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from sd_models.system.model import FloatArray

from ..problems.program import Program
from ..solvers.starts import neutral
from ..solvers.traits import Trait


class Extent(StrEnum):
    """How large the instances of a family are: seconds, minutes, or up to hours for a good solver."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Truth(StrEnum):
    """What is known of an instance before any search."""

    SOLVABLE = "solvable"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"


@dataclass(frozen=True)
class Instance:
    """A problem of a family; `make(**parameters, seed=seed)` states it, and nothing is done before that.

    `known` is its best objective in closed form, as published, or computed independently, and `source` says which of
    these and by whom. `traits` are what it asks of a solver.

    >>> from optimize.families.table import instances
    >>> first = instances(["known optima"])[0]
    >>> first.key, round(first.known, 6)
    ('growth-0', 9.679651)
    >>> program = first.program()
    >>> len(program.lower), program.equations is None
    (12, False)
    """

    family: str
    name: str
    seed: int
    make: Callable[..., Program] = field(repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    traits: frozenset[Trait] = frozenset()
    known: float | None = None
    source: str = ""
    truth: Truth = Truth.SOLVABLE

    @property
    def key(self) -> str:
        """What it is called everywhere: short, of letters, digits, points and dashes."""
        return f"{self.name}-{self.seed}"

    def program(self) -> Program:
        """The problem, with its equations."""
        return self.make(**self.parameters, seed=self.seed)


def start_of(program: Program) -> FloatArray:
    """Where every solver begins: the reference levers or an even split (see `starts.neutral`), whole where levers are.

    >>> from optimize.families.table import instances
    >>> start_of(instances(["known optima"])[0].program())[:3].tolist()
    [0.3, 0.3, 0.3]
    """
    x = neutral(program, stop=lambda: False)
    x[program.integers] = np.clip(
        np.round(x[program.integers]),
        np.ceil(program.lower[program.integers]),
        np.floor(program.upper[program.integers]),
    )
    return x

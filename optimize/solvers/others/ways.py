"""The ways to a library: by equations, by the matrices read off them, and by runs.

A solver of others says what its library answers; what is made of that is here, once for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from sd_models.system.model import FloatArray

from ...problems.program import Program
from ..rows import Row, accept
from ..solver import Solution, Watch
from ..traits import traits_of
from .answers import Answer, solution
from .equations import Equations, equations
from .matrices import Matrices, matrices
from .seen import Seen


@dataclass(frozen=True)
class _Named:
    """A solver of a row of the table."""

    row: Row

    @property
    def name(self) -> str:
        """The name in plans and on the command line."""
        return self.row.name


@dataclass(frozen=True)
class OnEquations(_Named, ABC):
    """A `Solver` that is given all that a run computes as equations."""

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        """What the library finds from a start, run by the program."""
        return solution(program, start, self._answer(equations(program, start, self.row)), watch, self.name)

    @abstractmethod
    def _answer(self, stated: Equations) -> Answer:
        """What the library answers."""


@dataclass(frozen=True)
class OnMatrices(OnEquations):
    """A `Solver` that is given linear or quadratic equations as numbers."""

    def _answer(self, stated: Equations) -> Answer:
        return self._solved(matrices(stated))

    @abstractmethod
    def _solved(self, stated: Matrices) -> Answer:
        """What the library answers."""


@dataclass(frozen=True)
class OnRuns(_Named, ABC):
    """A `Solver` that runs policies; stopped, it gives the best that it has seen."""

    time_limit: float | None = None
    seed: int = 1

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        """The best that the method finds from a start."""
        accept(self.row, traits_of(program))
        seen = Seen(program, watch, self.time_limit)
        inside = np.clip(start, program.lower, program.upper)
        return seen.solution(inside, self.name, lambda: self._search(seen, inside))

    @abstractmethod
    def _search(self, seen: Seen, start: FloatArray) -> Answer:
        """Where the method ends from a start within the bounds."""

"""CMA-ES: policies drawn around the best, with a covariance that adapts (Hansen and Ostermeier 2001)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sd_models.system.model import FloatArray

from ...problems.program import Program
from ..rows import Row
from ..solver import Solution, Watch
from .answers import Answer
from .seen import Ranges, Seen, accept

# The first spread, in shares of ranges: the package advises a quarter.
SPREAD = 0.25


@dataclass(frozen=True)
class ByCma:
    """CMA-ES on objective and penalty, with its own default options."""

    row: Row
    time_limit: float | None = None
    seed: int = 1

    @property
    def name(self) -> str:
        """The name in plans and on the command line."""
        return self.row.name

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        """The best that it draws from a start."""
        accept(self.row, program)
        seen = Seen(program, watch, self.time_limit)
        inside = np.clip(start, program.lower, program.upper)
        return seen.solution(inside, self.name, lambda: self._search(Ranges(seen, inside)))

    def _search(self, ranges: Ranges) -> Answer:
        import cma

        options: Any = {"bounds": [0.0, 1.0], "verbose": -9, "seed": self.seed}
        x, search = cma.fmin2(ranges.penalized, ranges.shares(ranges.start), SPREAD, options)
        status = ", ".join(f"{name} {value}" for name, value in search.stop().items())
        return ranges.answer(np.asarray(x), float(search.result.fbest), status)

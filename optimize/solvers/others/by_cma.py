"""CMA-ES: policies drawn around the best, with a covariance that adapts (Hansen and Ostermeier 2001)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sd_models.system.model import FloatArray

from .answers import Answer
from .seen import Ranges, Seen
from .ways import OnRuns

# The first spread, in shares of ranges: the package advises a quarter.
SPREAD = 0.25


@dataclass(frozen=True)
class ByCma(OnRuns):
    """CMA-ES on objective and penalty, with its own default options."""

    def _search(self, seen: Seen, start: FloatArray) -> Answer:
        import cma

        ranges = Ranges(seen, start)
        options: Any = {"bounds": [0.0, 1.0], "verbose": -9, "seed": self.seed}
        x, search = cma.fmin2(ranges.penalized, ranges.shares(ranges.start), SPREAD, options)
        status = ", ".join(f"{name} {value}" for name, value in search.stop().items())
        return ranges.answer(np.asarray(x), float(search.result.fbest), status)

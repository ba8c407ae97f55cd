"""How fast products fall: freely as long as errors fall with them, else held, and followed one after the other.

A product that is held makes one merit function, which every step makes smaller: the path is followed as theory has it
(Nocedal, Waechter and Waltz 2009, SIAM Journal on Optimization 19).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .iterate import Iterate
from .step import Errors
from .tuning import FALLING, FASTER, LAST, REACHED, SLOWLY, SMALLEST_PRODUCT


@dataclass
class Pace:
    """The product that is held, if any, the one before the last step, and the errors that were seen freely."""

    held: float | None = None
    last: float = np.inf
    seen: list[float] = field(default_factory=list)

    def in_unit(self, factor: float) -> Pace:
        """With the objective counted in a unit that many times as large; errors of another unit tell nothing."""
        return Pace(last=self.last / factor)

    def goes(self, at: Iterate, errors: Errors) -> None:
        """Notes a point: holds the product where errors do not fall, and lets it go where they do."""
        error = max(errors.largest, at.product)
        if self.held is None:
            if len(self.seen) == LAST and error > FALLING * max(self.seen):
                self.held = at.product
            self.seen = [*self.seen, error][-LAST:]
            return
        apart = float(np.abs(at.slack * at.price - self.held).max(initial=0.0))
        if max(errors.largest, apart) > REACHED * self.held:
            return
        if error <= FALLING * max(self.seen, default=np.inf):
            self.held, self.seen = None, [error]
        else:
            self.held = max(min(SLOWLY * self.held, self.held**FASTER), SMALLEST_PRODUCT)

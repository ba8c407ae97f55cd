"""Growth without end: what is gained along a direction grows as far as numbers reach."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

# How far along a direction is looked, in its own length, and by how much the gain has to grow from one to the next. A
# logarithm grows by a third to a fifth between these; what saturates does not. At the longer ones powers may be too
# large for numbers.
LENGTHS, LONGER, GROWS = (1e3, 1e6, 1e9, 1e12), (1e15, 1e18), 1.15


def is_endless(gain: Callable[[float], float]) -> bool:
    """Whether a gain by length, no number where numbers do not reach, grows without end.

    >>> is_endless(lambda length: length**0.5), is_endless(lambda length: min(length, 1e7))
    (True, False)
    """
    longer = (gain(length) for length in LONGER)
    gains = [*(gain(length) for length in LENGTHS), *(each for each in longer if np.isfinite(each))]
    return gains[0] > 0 and all(later >= GROWS * sooner for sooner, later in pairwise(gains))

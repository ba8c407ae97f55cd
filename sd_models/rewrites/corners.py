"""Tables as a line, bends and jumps: f(x) = base + slope * x + SUM(bend * |x - c| + jump * SIGN(x - c)) / 2.

Every table that is read between its points, by straight lines or steps, is such a sum over its corners c, clipped or
prolonged at its ends: `bend` is what the slope changes by at a corner, `jump` what the value changes by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..system.alignment import Alignment
from ..system.model import FloatArray, Interpolation, Series


@dataclass(frozen=True, eq=False)
class Corners:
    """Corners, bends and jumps (elements, corners), base and slope (elements); elements without points have NaN."""

    at: FloatArray
    bends: FloatArray
    jumps: FloatArray
    base: FloatArray
    slope: FloatArray

    @property
    def is_straight(self) -> bool:
        """Whether there is neither bend nor jump."""
        return not (self.bends.any() or self.jumps.any())

    @property
    def is_whole(self) -> bool:
        """Whether no point misses its number."""
        return bool(np.isfinite(self.at).all() and np.isfinite(self.bends).all() and np.isfinite(self.jumps).all())


def corners_of(alignment: Alignment, table: str) -> Corners:
    """The corners of all elements of a table; each has as many as the longest, and those beyond its own do nothing."""
    size = alignment.system.size(alignment.system.variables[table])
    parts = alignment.tables(table)
    count = max((len(series.x) for series, _ in parts), default=1)
    at, bends, jumps = np.zeros((3, size, count))
    base, slope = np.full((2, size), np.nan)
    for series, rows in parts:
        n = len(series.x)
        at[rows, :n] = series.x
        slopes, bends[rows, :n], jumps[rows, :n] = _changes(series)
        slope[rows] = 0.5 * (slopes[0] + slopes[-1])
        # On the first corner the exact table has the value of its right side; the sum has the middle of its jump.
        first = _first(series) - slope[rows] * series.x[0]
        away = np.abs(series.x[0] - series.x)
        after = np.where(series.x > series.x[0], 1.0, -1.0)
        base[rows] = first - 0.5 * (bends[rows, :n] @ away - jumps[rows, :n] @ after)
    return Corners(at, bends, jumps, base, slope)


def _first(series: Series) -> FloatArray:
    """The value (elements) just right of the first point."""
    y = _values(series)
    here = int(np.flatnonzero(series.x == series.x[0])[-1])
    return np.asarray(y[min(here + 1, len(y) - 1) if series.interpolation is Interpolation.FORWARD else here])


def _values(series: Series) -> FloatArray:
    return series.y.reshape(len(series.x), -1)


def _changes(series: Series) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The slopes (intervals, elements) from left of the first point to right of the last; bends and jumps (elements,
    points)."""
    y, x = _values(series), series.x
    rise, width = np.diff(y, axis=0), np.diff(x)[:, np.newaxis]
    still, none = np.zeros((1, y.shape[1])), np.zeros_like(y.T)
    if series.interpolation is Interpolation.BACKWARD:
        return still, none, np.concatenate([still, rise]).T
    if series.interpolation is Interpolation.FORWARD:
        return still, none, np.concatenate([rise, still]).T
    inner = np.divide(rise, width, out=np.zeros_like(rise), where=width > 0)
    prolonged = series.interpolation is Interpolation.EXTRAPOLATE and len(x) > 1
    slopes = np.concatenate([inner[:1] if prolonged else still, inner, inner[-1:] if prolonged else still])
    jumps = np.concatenate([still, np.where(width > 0, 0.0, rise)])
    return slopes, np.diff(slopes, axis=0).T, jumps.T

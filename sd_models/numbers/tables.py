"""Tables and data series, read between their points and beyond them."""

from __future__ import annotations

import numpy as np

from ..system.model import MISSING, FloatArray, IndexArray, Interpolation, Series


def read(series: Series, x: FloatArray, elements: IndexArray) -> FloatArray:
    """The points of elements (numbered through the block of the series) read at `x`; both broadcast.

    Between the points i and i + 1 it is that piece's own arithmetic, y[i] + (x - x[i]) * slope. Where x jumps, the
    right side holds; NaN lies before the first point.

    >>> curve = Series(np.array([0.0, 2.0]), np.array([1.0, 5.0]))
    >>> read(curve, np.array([-1.0, 0.5, 3.0]), np.array(0))
    array([1., 2., 5.])
    """
    at, y = series.x, series.y.reshape(len(series.x), -1)
    reached = np.where(np.isnan(x), -1, np.searchsorted(at, x, side="right") - 1)
    last = len(at) - 1
    held = y[np.maximum(reached, 0), elements]
    if last == 0 or series.interpolation is Interpolation.BACKWARD:
        return held
    if series.interpolation is Interpolation.FORWARD:
        passed = (reached >= 0) & (x > at[np.maximum(reached, 0)])
        return np.where(passed, y[np.minimum(reached + 1, last), elements], held)
    straight = _straight(at, y, x, reached, elements)
    if series.interpolation is Interpolation.EXTRAPOLATE:
        return straight
    return np.where((reached >= 0) & (reached < last), straight, held)


def _straight(at: FloatArray, y: FloatArray, x: FloatArray, reached: IndexArray, elements: IndexArray) -> FloatArray:
    """The line of the piece on which x lies; beyond the points, those of the first and of the last piece."""
    last = len(at) - 1
    left = np.clip(reached, 0, last - 1)
    rise, width = y[left + 1, elements] - y[left, elements], at[left + 1] - at[left]
    slope = np.divide(rise, width, out=np.zeros_like(rise), where=width > 0)
    start = np.where(reached == last, last, left)
    return np.asarray(y[start, elements] + (x - at[start]) * slope)


def series_values(series: Series, times: FloatArray) -> FloatArray:
    """A data series at times, (times, elements of its block); MISSING for a raw series between its points.

    At a point it is the point's own value, whatever is missing beside it.
    """
    x, elements = times[:, np.newaxis], np.arange(series.y[0].size)
    place = np.maximum(np.searchsorted(series.x, x, side="right") - 1, 0)
    exact = series.x[place] == x
    raw = series.interpolation is Interpolation.RAW
    between = np.array(MISSING) if raw else read(series, x, elements)
    return np.where(exact, series.y.reshape(len(series.x), -1)[place, elements], between)

"""Two runs of the same model held against each other.

The gap of two numbers is their difference over the larger of them. A difference below 1e-12 of the variable's peak is
none: a sum of large terms that cancel has no more digits. What only one of the runs has (a variable, an element, a
time, a finite number) is a gap of 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import slack
from sd_models.system.model import FloatArray

# A run counts as PySD's within this relative gap: 1e-16 a step, over the hundreds of steps of usual runs, amplified a
# thousand times by the dynamics.
GAP_TOLERANCE = 1e-9
PEAK_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest relative gap between two runs, where it is, and how many variables were compared."""

    size: float
    variable: str
    time: float
    variables: int

    @property
    def small(self) -> bool:
        """Whether the runs agree."""
        return self.size <= GAP_TOLERANCE


def largest_gap(run: xr.Dataset, reference: xr.Dataset) -> Gap:
    """The largest gap over all variables, elements and saved times."""
    names = [str(name) for name in dict.fromkeys((*run.data_vars, *reference.data_vars))]
    gaps = {name: _by_time(run, reference, name) for name in names}
    worst = max(names, key=lambda name: float(gaps[name].max(initial=0.0)))
    at = int(gaps[worst].argmax())
    return Gap(float(gaps[worst][at]), worst, float(run["time"][at]), len(names))


def _by_time(run: xr.Dataset, reference: xr.Dataset, name: str) -> FloatArray:
    """The largest gap of a variable at each time."""
    if name not in run or name not in reference or not _alike(run[name], reference[name]):
        return np.ones(1)
    a, b = (dataset[name].to_numpy().astype(np.float64) for dataset in (run, reference))
    return np.asarray(relative_gaps(a, b).reshape(len(a), -1).max(axis=1, initial=0.0))


def _alike(one: xr.DataArray, other: xr.DataArray) -> bool:
    """Whether dimensions, elements and times are the same, times but for rounding."""
    if one.dims != other.dims or one.shape != other.shape:
        return False
    times = one["time"].to_numpy()
    elements = all(list(one[d].values) == list(other[d].values) for d in one.dims if d != "time")
    return elements and bool((np.abs(times - other["time"].to_numpy()) <= slack(times)).all())


def relative_gaps(a: FloatArray, b: FloatArray) -> FloatArray:
    """The gap of each pair of numbers; the peak is that of the arrays.

    >>> relative_gaps(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([0. , 0.5])
    """
    both = np.isfinite(a) & np.isfinite(b)
    largest = np.where(both, np.maximum(np.abs(a), np.abs(b)), 0.0)
    difference = np.abs(np.where(both, a, 0.0) - np.where(both, b, 0.0))
    counts = difference > PEAK_TOLERANCE * largest.max(initial=0.0)
    gaps = np.divide(difference, largest, out=np.zeros_like(difference), where=counts)
    missing = ~both & ~((a == b) | (np.isnan(a) & np.isnan(b)))
    return np.where(missing, 1.0, gaps)

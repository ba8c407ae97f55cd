"""Compares our run of a model file with PySD's own run of the same file, variable by variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import xarray as xr

import sd_models as sd
from sd_models.reference.replay import replay

# The promise of the design: relative to the value, or to the largest value that the variable reaches.
RELATIVE, OF_PEAK = 1e-9, 1e-12


def runs(path: Path, *, data: Iterable[Path] = ()) -> tuple[xr.Dataset, xr.Dataset]:
    """Our run of a model file, and PySD's."""
    files = tuple(data)
    return sd.simulate(sd.load(path, data=files)), replay(path, data=files)


def gaps(ours: xr.Dataset, reference: xr.Dataset) -> Mapping[str, float]:
    """The largest relative gap of each variable; infinite where one run lacks it or has other dimensions or times."""
    names = dict.fromkeys((*map(str, ours.data_vars), *map(str, reference.data_vars)))
    return {name: _variable_gap(ours, reference, name) for name in names}


def disagreeing(ours: xr.Dataset, reference: xr.Dataset) -> Mapping[str, float]:
    """The variables whose gap is larger than the design allows."""
    return {name: gap for name, gap in gaps(ours, reference).items() if gap > RELATIVE}


def _variable_gap(ours: xr.Dataset, reference: xr.Dataset, name: str) -> float:
    if name not in ours or name not in reference or not _same_frame(ours[name], reference[name]):
        return np.inf
    return gap(ours[name].to_numpy(), reference[name].to_numpy())


def _same_frame(one: xr.DataArray, other: xr.DataArray) -> bool:
    """Whether dimensions, elements and times are the same."""
    if one.dims != other.dims or one.shape != other.shape:
        return False
    elements = (list(one[d].to_numpy()) == list(other[d].to_numpy()) for d in one.dims if d != "time")
    return all(elements) and bool(np.allclose(one["time"], other["time"], rtol=1e-12, atol=1e-9))


def gap(ours: np.ndarray, reference: np.ndarray) -> float:
    """The largest relative gap between two arrays; NaN agrees with NaN, and 1e-12 of the peak is no gap."""
    if (np.isnan(ours) != np.isnan(reference)).any():
        return np.inf
    finite = np.abs(reference[np.isfinite(reference)])
    unequal = ~((ours == reference) | np.isnan(ours))
    with np.errstate(invalid="ignore"):  # infinity less infinity, where both are equal
        far = np.abs(ours - reference)
    unequal &= ~(far <= OF_PEAK * finite.max(initial=0.0))
    distance = far[unequal]
    return float((distance / np.maximum(np.abs(reference[unequal]), np.finfo(float).tiny)).max(initial=0.0))

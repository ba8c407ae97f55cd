"""A result as rows, each with what it is about and one value: what spreadsheets, statistics and other programs read.

- what headline outcomes are without the policy and with it, at a few times and at all
- what a policy decides, without what a search leaves over
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import xarray as xr

from sd_models.system.model import FloatArray

from .gains import Outcome, outcomes, times_of
from .moments import is_in_years, round_times
from .result import Result
from .voice import Voice

DUST = 1e-9  # of the largest value of a lever, or of an outcome: nothing
DIGITS = 12  # of a lever's values that count: far more than any solver's tolerance
SUMMARY = ("outcome", "variable", "region", "year", "when", "without", "with", "change", "unit")
OUTCOMES = ("variable", "region", "year", "policy", "value", "unit")

Cell = str | float | int
Row = tuple[Cell, ...]


def headers(result: Result, columns: tuple[str, ...]) -> Row:
    """The columns of a table; where the model does not count in years, times are no years."""
    return columns if is_in_years(result.time_unit) else tuple("time" if c == "year" else c for c in columns)


def summary_rows(result: Result, voice: Voice) -> Iterator[Row]:
    """Headline outcomes at the start, in steps of some years and at the end: see `SUMMARY`; none where there is no
    policy of which gains may be told."""
    if not result.shows_gains:
        return
    times = times_of(result)
    shown = round_times(times)
    moments = [(float(times[k]), voice.moment(float(times[k]))) for k in shown]
    for one in outcomes(result):
        name = one.headline.chinese if voice.language == "zh" else one.headline.english
        unit = voice.people_unit(one.headline.unit)
        tables = [_table(values, one.size)[shown] for values in (one.without, one.policy, one.change)]
        for column, region in enumerate(_regions(one)):
            place = (name, one.headline.variable, region and voice.name(region))
            for row, moment in enumerate(moments):
                yield (*place, *moment, *(float(table[row, column]) for table in tables), unit)


def outcome_rows(result: Result) -> Iterator[Row]:
    """Headline outcomes at all times, without the policy and with it: see `OUTCOMES`; the model's own names. Without it
    alone where there is none of which gains may be told."""
    times = times_of(result).tolist()
    for one in outcomes(result):
        runs = (("without", one.without), ("with", one.policy))[: 2 if result.shows_gains else 1]
        tables = [(word, _table(values, one.size)) for word, values in runs]
        for (column, region), (word, table) in product(enumerate(_regions(one)), tables):
            for time, value in zip(times, table[:, column].tolist(), strict=True):
                yield one.headline.variable, region, time, word, value, one.headline.unit


def _regions(one: Outcome) -> list[str]:
    """Where an outcome has values: nowhere in particular where all are one."""
    by = next((str(d) for d in one.change.dims if d != "time"), None)
    return [""] if by is None else list(map(str, one.change[by].to_numpy().tolist()))


def _table(values: xr.DataArray, size: float) -> FloatArray:
    """An outcome as (times, places), without what is nothing beside it."""
    return _without_dust(values.to_numpy().reshape(values.sizes["time"], -1), size)


def _without_dust(values: FloatArray, size: float) -> FloatArray:
    return np.where(np.abs(values) <= DUST * size, 0.0, values)


def tidied(policy: xr.Dataset, first: float) -> xr.Dataset:
    """A policy of numbers with `DIGITS` digits; from its first decision on, what is nothing beside a lever is 0."""
    return xr.Dataset({name: _tidied(path, first) for name, path in policy.items()}, attrs=policy.attrs)


def _tidied(path: xr.DataArray, first: float) -> xr.DataArray:
    rounded = path.copy(data=np.reshape([float(f"{value:.{DIGITS}g}") for value in path.to_numpy().flat], path.shape))
    decided = rounded["time"] >= first
    size = float(abs(rounded.where(decided)).max())
    return rounded.where(~decided | (abs(rounded) > DUST * size), 0.0).assign_attrs(path.attrs)

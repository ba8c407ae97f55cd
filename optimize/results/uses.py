"""What a policy does with its levers: how much of each, for what, where, and when.

What is spent or done at a rate (`yuan/Year`) adds up over time and over elements, and is told by its total; any other
lever (a share, a price) has a mean over the horizon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from sd_models.system.model import FloatArray, key

from ..headlines.scales import Said
from ..plans.quantities import unit_of_integral
from .moments import round_times
from .result import Result
from .voice import Voice

NONE = ("", "Dmnl", "1")
DUST, ROUNDING = 1e-9, 1e-14  # of the largest value of a lever, and of what a plan bounds it by: nothing
SAME = 1e-6  # of a level: a difference that a search leaves over


@dataclass(frozen=True, eq=False)
class Use:
    """A lever over the horizon, in the units of people: `paths` (periods, *dimensions) and `amounts` of each period.

    `is_total` tells whether amounts add up; else a `whole` is a mean over the horizon and over all elements.
    """

    lever: str
    paths: xr.DataArray
    amounts: xr.DataArray
    own: xr.DataArray
    length: float
    unit: Said
    whole_unit: Said
    is_total: bool
    groups: Mapping[str, Mapping[str, tuple[str, ...]]]

    @property
    def dims(self) -> list[str]:
        """The dimensions of the lever."""
        return [str(d) for d in self.paths.dims if d != "time"]

    @property
    def what(self) -> str | None:
        """What it is for: the dimension with named groups, else the last one."""
        return telling(self.dims, self.groups)

    @property
    def where(self) -> str | None:
        """The first of the other dimensions."""
        return next((d for d in self.dims if d != self.what), None)

    @cached_property
    def totals(self) -> xr.DataArray:
        """Over the horizon, by element."""
        return self.amounts.sum("time") / (1.0 if self.is_total else self.length)

    @property
    def whole(self) -> float:
        """All of it."""
        return float(self.over(self.totals, self.dims))

    def over(self, values: xr.DataArray, dimensions: Sequence[str]) -> xr.DataArray:
        """The values of several elements together: their sum, or their mean where they do not add up."""
        return values.sum(dimensions) if self.is_total else values.mean(dimensions)

    def by(self, dimension: str) -> xr.DataArray:
        """The totals along one dimension, those of the others together."""
        return self.over(self.totals, [d for d in self.dims if d != dimension])

    def ends(self) -> tuple[tuple[str, float], tuple[str, float]] | None:
        """The elements where it is lowest and where it is highest, with their means; None where all are the same.

        They are those of the first of its dimensions, or of what it is for where it has no other.
        """
        dimension = self.where or self.what
        if dimension is None or self.totals.sizes[dimension] < 2:
            return None
        sums = self._sums(dimension)
        low, high = (one(sums.items(), key=lambda pair: pair[1]) for one in (min, max))
        return None if np.isclose(low[1], high[1], rtol=SAME) else (low, high)

    def parts(self) -> list[tuple[str, float]]:
        """Groups of what it is for, else its elements, with their part of all, the largest first."""
        if self.what is None or not self.is_total:
            return []
        sums = self._sums(self.what)
        groups = self.groups.get(self.what)
        if groups:
            sums = {name: sum(sums.get(member, 0.0) for member in members) for name, members in groups.items()}
        return self._ordered(sums)

    def places(self) -> list[tuple[str, float]]:
        """Elements of the other dimension with their part of all, the largest first."""
        if self.where is None or not self.is_total:
            return []
        return self._ordered(self._sums(self.where))

    def _sums(self, dimension: str) -> dict[str, float]:
        """The totals along one dimension by element."""
        along = self.by(dimension)
        return dict(zip(map(str, along[dimension].to_numpy()), map(float, along.to_numpy()), strict=True))

    def _ordered(self, sums: Mapping[str, float]) -> list[tuple[str, float]]:
        whole = self.whole or 1.0
        return sorted(((name, value / whole) for name, value in sums.items()), key=lambda pair: -pair[1])

    def shown(self) -> list[int]:
        """The few periods that a table has room for."""
        return round_times(self.paths["time"].to_numpy())


def telling(dims: Sequence[str], groups: Mapping[str, object]) -> str | None:
    """What a lever is for: the dimension with named groups, else the last one."""
    return next((d for d in dims if d in groups), dims[-1] if dims else None)


def uses(result: Result, voice: Voice) -> Iterator[Use]:
    """All levers of a result, in the order of its policy."""
    yield from (_use(result, str(lever), voice) for lever in result.policy.data_vars)


def decided(result: Result, lever: str) -> xr.DataArray:
    """A lever from the start of the horizon on, one value a period, 0 where it is nothing beside its largest one.

    A search leaves traces of what it turned down. A bound may be far beyond anything that is meant, so that only what
    rounding leaves of it is nothing.
    """
    path = result.allocation[lever]
    return path.where(~(abs(path) <= traces(result, lever)), 0.0).assign_attrs(path.attrs)


def traces(result: Result, lever: str) -> float:
    """What a lever's values, with the policy and without, and the least of the numbers that the plan bounds it by leave
    as traces."""
    runs = (float(abs(run[lever]).max()) for run in (result.policy, result.baseline) if lever in run)
    least = min((size for size in _bounds(result, lever) if 0 < size < np.inf), default=0.0)
    return max((size for size in (*(DUST * run for run in runs), ROUNDING * least) if np.isfinite(size)), default=0.0)


def _bounds(result: Result, lever: str) -> Iterator[float]:
    """The sizes of the numbers that a plan gives as bounds of a lever, and as limits of it alone."""
    plan = result.plan
    levers = (amount for one in plan.levers if key(one.variable) == key(lever) for amount in (one.lower, one.upper))
    limits = (one for one in plan.limits if key(one.sum or one.variable or "") == key(lever))
    for amount in (*levers, *(amount for one in limits for amount in (one.at_most, one.at_least, one.equals))):
        if isinstance(amount, int | float):
            yield abs(float(amount))
        elif isinstance(amount, str) and (name := _named(result.baseline, amount)):
            yield float(abs(result.baseline[name]).max())


def _named(run: xr.Dataset, name: str) -> str:
    """What a variable is called in a run; nothing where it is not kept."""
    return next((str(own) for own in run if key(str(own)) == key(name)), "")


def _use(result: Result, lever: str, voice: Voice) -> Use:
    path = decided(result, lever).transpose("time", ...)
    model_unit = str(path.attrs.get("units", ""))
    integral = unit_of_integral(model_unit, result.time_unit)
    adds = model_unit not in NONE and integral not in NONE and integral != f"{model_unit}*{result.time_unit}"
    is_total = adds or not model_unit
    unit = voice.unit(model_unit)
    whole_unit = voice.unit(integral) if is_total else unit
    lengths = lengths_of(result)
    amounts = whole_unit.factor * path * xr.DataArray(lengths, {"time": path["time"]}, ("time",))
    return Use(
        lever,
        unit.factor * path,
        amounts,
        whole_unit.factor * _own(result, lever, lengths),
        float(lengths.sum()),
        unit,
        whole_unit,
        is_total,
        result.groups,
    )


def lengths_of(result: Result) -> FloatArray:
    """How long each period of the policy holds."""
    times = result.allocation["time"].to_numpy()
    return np.diff([*times, result.plan.horizon[1] + result.plan.every])


def _own(result: Result, lever: str, lengths: FloatArray) -> xr.DataArray:
    """What the model itself does with a lever in each period, as it stands when the period begins; NaN if unknown."""
    if lever not in result.baseline:  # a folder of somebody else's
        return xr.full_like(result.allocation[lever], np.nan)
    own = result.baseline[lever].sel(time=result.allocation["time"], method="nearest")
    return own * xr.DataArray(lengths, {"time": own["time"]}, ("time",))

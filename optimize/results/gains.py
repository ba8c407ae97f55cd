"""What a policy brings, in the outcomes that people look at first: with it and without, who gains, who loses and when.

All values are in the units of people and over the horizon, from the first decision to the end of the last period.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import slack
from sd_models.system.model import FloatArray, key

from ..headlines.headline import Headline
from ..plans.horizon import horizon_end
from .moments import moment
from .result import Result

# A change counts from this part of the larger of both values on, where it is none of `NOTHING`: below it nobody gains
# and nobody loses.
TOLD = 1e-4
# Units of which a change is told in points and not in per cent of them.
SHARES = ("%", "point", "per cent", "percent")
# What was made of a result, which never changes, as long as somebody holds it.
_KNOWN: WeakKeyDictionary[Result, tuple[Outcome, ...]] = WeakKeyDictionary()
NOTHING = 1e-9  # of the largest value: no base of a percentage, and no change


@dataclass(frozen=True, eq=False)
class Outcome:
    """A headline outcome without the policy and with it, each `(time, *by)`, in `headline.unit`."""

    headline: Headline
    without: xr.DataArray
    policy: xr.DataArray

    @cached_property
    def change(self) -> xr.DataArray:
        """What the policy adds, in the unit of the outcome."""
        return self.policy - self.without

    @cached_property
    def relative(self) -> xr.DataArray:
        """What the policy adds, as a part of the size without it; NaN where that is nothing."""
        base = abs(self.without)
        return self.change / base.where(base > NOTHING * self.size)

    @cached_property
    def sides(self) -> Sides | None:
        """Who gains and who loses; None where nobody said what is better."""
        return _sides(self)

    @cached_property
    def size(self) -> float:
        """The largest of all values."""
        both = np.concatenate([self.without.to_numpy().ravel(), self.policy.to_numpy().ravel()])
        return float(np.nanmax(np.abs(both), initial=0.0))

    @property
    def is_share(self) -> bool:
        """Whether it is measured in per cent or points, of which a percentage would mislead."""
        return self.headline.unit.startswith(SHARES)

    @cached_property
    def is_told_in_per_cent(self) -> bool:
        """Whether a percentage says what changed; of shares, and of what has values below zero, it would mislead."""
        return not self.is_share and bool((self.without >= 0).all())

    @cached_property
    def harm(self) -> xr.DataArray | None:
        """By how much it is worse with the policy, below zero where it is better; None where nobody said what is."""
        signs = {"more": -1.0, "less": 1.0}
        return signs[self.headline.better] * self.change if self.headline.better else None

    @cached_property
    def is_worse(self) -> xr.DataArray | None:
        """Where and when it is worse by more than `TOLD` of its size there."""
        harm = self.harm
        return None if harm is None else self._is_told(harm)

    @cached_property
    def is_better(self) -> xr.DataArray | None:
        """Where and when it is better by more than `TOLD` of its size there."""
        harm = self.harm
        return None if harm is None else self._is_told(-harm)

    def _is_told(self, change: xr.DataArray) -> xr.DataArray:
        """Where a change is more than a part of the size there, and of the largest of all: rounding alone moves a value
        that was nothing."""
        return (change > TOLD * np.maximum(abs(self.without), abs(self.policy))) & (change > NOTHING * self.size)


@dataclass(frozen=True, slots=True)
class Extreme:
    """The largest change of an outcome for the worse or the better: where (empty where all are one), when, by how much.

    `change` is in the unit of the outcome, `relative` a part of the value without the policy (NaN where that is none).
    """

    element: str
    time: float
    change: float
    relative: float


@dataclass(frozen=True, slots=True)
class Sides:
    """Who gains and who loses: how many `of` all elements lose at some time and at the end, and the extremes.

    `first` and `last` are the times between which somebody loses; NaN where nobody does.
    """

    outcome: Outcome
    of: int
    losing: int
    losing_at_end: int
    gaining_at_end: int
    first: float
    last: float
    loss: Extreme | None
    loss_at_end: Extreme | None
    gain_at_end: Extreme | None


def outcomes(result: Result) -> tuple[Outcome, ...]:
    """The headline outcomes of a result; none of a result that was kept by a version that knew no headlines.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> found = outcomes(result)[0]
    >>> found.headline.english, round(float(found.change[-1]), 2), found.headline.unit
    ('Urban share', 0.21, '%')
    """
    if result not in _KNOWN:
        _KNOWN[result] = tuple(_outcomes(result))
    return _KNOWN[result]


def unjudged(found: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes by element, where nobody said of any what is better: who loses is not known then."""
    by = tuple(one for one in found if one.headline.by)
    return () if any(one.headline.better for one in by) else by


def panels(result: Result) -> tuple[Outcome, ...]:
    """What is drawn first: the headline outcomes of all together; without these those by element; else the goal."""
    found = outcomes(result)
    whole = tuple(one for one in found if one.change.ndim == 1)
    return whole or found or tuple(_goal(result))


def _goal(result: Result) -> Iterator[Outcome]:
    """What is sought, as an outcome in the model's own words."""
    runs, goal = (result.baseline, result.trajectories), result.plan.objective
    name = next((str(name) for name in result.trajectories if key(str(name)) == key(goal.variable)), "")
    if name and result.trajectories[name].ndim < 3:
        by = next((str(d) for d in result.trajectories[name].dims if d != "time"), "")
        unit, better = str(result.trajectories[name].attrs.get("units", "")), "more" if goal.sign > 0 else "less"
        headline = Headline(name, unit, 1.0, name, name, better, by)
        yield Outcome(headline, *(_values(result, run[name], headline) for run in runs))


def _outcomes(result: Result) -> Iterator[Outcome]:
    for headline in result.headlines:
        runs = (result.baseline, result.trajectories)
        if all(headline.variable in run for run in runs):
            yield Outcome(headline, *(_values(result, run[headline.variable], headline) for run in runs))


def _values(result: Result, values: xr.DataArray, headline: Headline) -> xr.DataArray:
    """The values of a headline in the units of people, over the horizon."""
    times = values["time"].to_numpy()
    chosen = values.isel(time=np.flatnonzero(times >= result.plan.horizon[0] - slack(times)))
    return (headline.factor * chosen).transpose("time", ...).assign_attrs(units=headline.unit)


def sides(outcome: Outcome) -> Sides | None:
    """Who gains and who loses; None where nobody said what is better."""
    return outcome.sides


def _sides(outcome: Outcome) -> Sides | None:
    harm, worse, better = outcome.harm, outcome.is_worse, outcome.is_better
    if harm is None or worse is None or better is None:
        return None
    losers = worse.any([d for d in worse.dims if d != "time"])
    times = worse["time"].to_numpy()[losers.to_numpy()]
    return Sides(
        outcome,
        int(worse.isel(time=0).size),
        int(worse.any("time").sum()),
        int(worse.isel(time=-1).sum()),
        int(better.isel(time=-1).sum()),
        float(times[0]) if len(times) else float("nan"),
        float(times[-1]) if len(times) else float("nan"),
        _extreme(outcome, harm.where(worse)),
        _extreme(outcome, harm.where(worse).isel(time=slice(-1, None))),
        _extreme(outcome, (-harm).where(better).isel(time=slice(-1, None))),
    )


def losing(result: Result) -> list[Sides]:
    """The outcomes that somebody loses, what changes most for its size first.

    Where it is told who loses, all together are not told besides.
    """
    found = [one for outcome in outcomes(result) if (one := sides(outcome)) is not None and one.loss is not None]
    named = {one.outcome.headline.english for one in found if one.of > 1}
    kept = [one for one in found if one.of > 1 or one.outcome.headline.english not in named]
    return sorted(kept, key=lambda one: -part_changed(one.loss))


def gaining(result: Result) -> list[Sides]:
    """The outcomes by element that somebody gains at the end, what changes most for its size first."""
    found = [one for outcome in outcomes(result) if (one := sides(outcome)) is not None]
    kept = [one for one in found if one.of > 1 and one.gain_at_end is not None]
    return sorted(kept, key=lambda one: -part_changed(one.gain_at_end))


def part_changed(extreme: Extreme | None) -> float:
    """How large a change is, as a part of what it changes; 0 where it changes what was nothing."""
    return abs(extreme.relative) if extreme is not None and np.isfinite(extreme.relative) else 0.0


def _extreme(outcome: Outcome, sizes: xr.DataArray) -> Extreme | None:
    """Where a size is largest as a part of the value there, or in itself where that is a share; None where none is."""
    base = 1.0 if outcome.is_share else abs(outcome.without).sel(time=sizes["time"])
    compared = (sizes / base).fillna(-np.inf).transpose(*sizes.dims).to_numpy()
    told = np.where(np.isfinite(sizes.to_numpy()), np.nan_to_num(compared, posinf=np.finfo(float).max), -np.inf)
    if not told.size or not np.isfinite(told).any():
        return None
    place = dict(zip(map(str, sizes.dims), np.unravel_index(int(told.argmax()), told.shape), strict=True))
    at = {d: sizes[d].to_numpy()[k] for d, k in place.items()}
    element = ", ".join(str(value) for d, value in at.items() if d != "time")
    return Extreme(element, float(at["time"]), float(outcome.change.sel(at)), float(outcome.relative.sel(at)))


def said(result: Result, time: float, language: str = "en") -> str:
    """A time of a result in words; its end is the end of the last period."""
    return moment(time, end=horizon_end(result.plan), unit=result.time_unit, language=language)


def is_worse(result: Result) -> bool:
    """Whether the goal is worse than that of the model's own path, by more than rounding; that may break limits."""
    brought = result.plan.objective.sign * (result.objective - result.baseline_objective)
    return bool(brought < -NOTHING * max(abs(result.objective), abs(result.baseline_objective)))


def times_of(result: Result) -> FloatArray:
    """The saved times from the first decision to the end."""
    times = result.trajectories["time"].to_numpy()
    return np.asarray(times[times >= result.plan.horizon[0] - slack(times)])

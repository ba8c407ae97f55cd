"""How good a simulated series is: the measures of model evaluation, beside naive forecasts.

With simulated S, observed A, their means and standard deviations (over n, not n - 1) and correlation r:

- MAPE: mean of |S - A| / |A|; RMSPE: root of the mean of ((S - A) / A)^2
- R2: 1 - sum (S - A)^2 / sum (A - mean A)^2
- U: root of mean (S - A)^2 over root of mean A^2 (Theil 1966, Applied Economic Forecasting, chapter 2)
- U^M, U^S, U^C: the parts of the mean square error from unequal means, unequal variation, and lacking covariation
  (Theil 1966; Sterman 1984, System Dynamics Review 1): (mean S - mean A)^2, (sd S - sd A)^2 and 2 (1 - r) sd S sd A,
  each over mean (S - A)^2. They sum to 1. A good model's error is mostly U^C.

Naive forecasts of a hold-out: *no change* keeps the last value seen; *drift* goes on with the mean change a year from
the first to the last value seen (of the logarithm, where errors are those of logarithms). Within the fitted years naive
is last observation's value, one step ahead: a hard rival, since it sees what a simulation from the first year does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sd_models.system.model import FloatArray

from .misfit import Target

TOTAL = "total"
ROUNDING = 1e-9  # relative error that is none: its parts would be those of rounding


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The measures of one series of one element over `count` times; NaN where a measure has no meaning."""

    count: int
    mape: float
    rmspe: float
    r2: float
    u: float
    u_mean: float
    u_variation: float
    u_covariation: float


@dataclass(frozen=True, slots=True)
class Rated:
    """A series of one element (`total`: all of them), how good the simulation is, and how good naive forecasts are.

    Errors are mean absolute percentage errors; `drift` is NaN within the fitted years.
    """

    series: str
    element: str
    accuracy: Accuracy
    naive: float
    drift: float = np.nan


@np.errstate(all="ignore")  # of numbers too small or too large to be squared nothing is known
def accuracy(simulated: FloatArray, observed: FloatArray) -> Accuracy:
    """The measures of a simulated against an observed series, missing observations left out.

    >>> round(accuracy(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0])).u_mean, 4)
    0.3333
    """
    known = np.isfinite(observed)
    s, a = simulated[known], observed[known]
    if not len(a):
        return Accuracy(0, *[np.nan] * 7)
    errors = s - a
    square = float(np.mean(errors**2))
    relative = _relative(errors, a)
    variation = float(np.sum((a - a.mean()) ** 2))
    return Accuracy(
        len(a),
        float(np.mean(np.abs(relative))) if len(relative) else np.nan,
        float(np.sqrt(np.mean(relative**2))) if len(relative) else np.nan,
        1 - len(a) * square / variation if variation > 0 else np.nan,
        float(np.sqrt(square / np.mean(a**2))) if a.any() else np.nan,
        *_parts(s, a, square),
    )


def _relative(errors: FloatArray, observed: FloatArray) -> FloatArray:
    """Errors over the sizes of the observations, zeros left out."""
    known = observed != 0
    return np.asarray(errors[known] / np.abs(observed[known]))


def _parts(simulated: FloatArray, observed: FloatArray, square: float) -> tuple[float, float, float]:
    """Theil's three parts of the mean square error."""
    if not square > ROUNDING**2 * np.mean(observed**2):
        return np.nan, np.nan, np.nan
    bias = (simulated.mean() - observed.mean()) ** 2
    one, other = simulated.std(), observed.std()
    together = np.mean((simulated - simulated.mean()) * (observed - observed.mean()))
    return float(bias / square), float((one - other) ** 2 / square), float(2 * (one * other - together) / square)


def mean_error(forecast: FloatArray, observed: FloatArray) -> float:
    """The mean absolute percentage error of what is known; NaN for nothing."""
    known = np.isfinite(observed) & np.isfinite(forecast)
    relative = _relative(forecast[known] - observed[known], observed[known])
    return float(np.mean(np.abs(relative))) if len(relative) else np.nan


# --- naive forecasts --------------------------------------------------------------------------------------------------


def previous(observed: FloatArray) -> FloatArray:
    """The last known observation before each time; NaN before the first."""
    known = np.isfinite(observed)
    last = np.maximum.accumulate(np.where(known, np.arange(len(observed)), -1))
    before = np.concatenate([[-1], last[:-1]]).astype(np.int64)
    return np.asarray(np.where(before >= 0, observed[before], np.nan))


def no_change(seen: FloatArray, count: int) -> FloatArray:
    """The last observation seen, for each of the times to come."""
    known = seen[np.isfinite(seen)]
    return np.full(count, known[-1] if len(known) else np.nan)


def drift(seen_times: FloatArray, seen: FloatArray, times: FloatArray, *, is_log: bool) -> FloatArray:
    """The line through the first and the last observation seen, gone on with."""
    known = np.isfinite(seen)
    if known.sum() < 2:
        return np.full(len(times), np.nan)
    t, y = seen_times[known], np.log(seen[known]) if is_log else seen[known]
    forecast = y[-1] + (y[-1] - y[0]) / (t[-1] - t[0]) * (times - t[-1])
    return np.asarray(np.exp(forecast) if is_log else forecast)


# --- whole series -----------------------------------------------------------------------------------------------------


def rated(target: Target, simulated: FloatArray, weights: FloatArray | None) -> list[Rated]:
    """How good each element of a fitted series is, then their total; arrays are (times, elements)."""
    columns = _columns(target, simulated, target.values, weights)
    return [Rated(target.asked.title, name, accuracy(s, a), mean_error(previous(a), a)) for name, s, a in columns]


def rated_holdout(
    seen: Target, unseen: Target, simulated: FloatArray, weights: tuple[FloatArray | None, FloatArray | None]
) -> list[Rated]:
    """How good each element and their total is at times that the fit has not seen, beside both naive forecasts."""
    answers = []
    past = {name: a for name, _, a in _columns(seen, seen.values, seen.values, weights[0])}
    for name, s, a in _columns(unseen, simulated, unseen.values, weights[1]):
        before = past.get(name, np.full(len(seen.times), np.nan))
        still = no_change(before, len(a))
        going = drift(seen.times, before, unseen.times, is_log=seen.is_log)
        answers.append(Rated(unseen.asked.title, name, accuracy(s, a), mean_error(still, a), mean_error(going, a)))
    return answers


def _columns(
    target: Target, simulated: FloatArray, values: FloatArray, weights: FloatArray | None
) -> list[tuple[str, FloatArray, FloatArray]]:
    """Name, simulated and observed values of each element that is observed, and of their total if there is one."""
    shown = np.flatnonzero(np.isfinite(values).any(axis=0))
    columns = [(target.labels[place], simulated[:, place], values[:, place]) for place in shown]
    if weights is not None:
        columns.append((TOTAL, total(simulated, values, weights), total(values, values, weights)))
    return columns


def total(values: FloatArray, observed: FloatArray, weights: FloatArray) -> FloatArray:
    """The weighted sum over the elements that are observed, where all that ever are, are; else NaN.

    `weights` is (times, elements); those of a mean sum to 1 over the observed elements.
    """
    known = np.isfinite(observed)
    complete = known[:, known.any(axis=0)].all(axis=1)
    sums = np.where(known, values * weights, 0.0).sum(axis=1)
    return np.asarray(np.where(complete, sums, np.nan))


@dataclass(frozen=True, slots=True)
class Summary:
    """A series over its elements: mean, median and worst error, mean parts of Theil's U, and naive forecasts' errors.

    Errors are mean absolute percentage errors; NaN where a series has no total, or naive forecasts no meaning.
    """

    series: str
    elements: int
    mean: float
    median: float
    worst: float
    worst_element: str
    total: float
    r2: float
    u_mean: float
    u_variation: float
    u_covariation: float
    naive: float
    drift: float

    @property
    def beats_naive(self) -> bool:
        """Whether the mean error is below that of no change."""
        return self.mean < self.naive


def summaries(rated: Sequence[Rated]) -> list[Summary]:
    """One summary for each series, in their order."""
    return [
        _summary(series, [r for r in rated if r.series == series]) for series in dict.fromkeys(r.series for r in rated)
    ]


def _summary(series: str, rated: Sequence[Rated]) -> Summary:
    single = [item for item in rated if item.element != TOTAL]
    totals = [item.accuracy.mape for item in rated if item.element == TOTAL]
    errors = [item.accuracy.mape for item in single]
    worst = max(single, key=lambda item: np.nan_to_num(item.accuracy.mape, nan=-1.0))
    return Summary(
        series,
        len(single),
        _mean(errors),
        _over(np.median, errors),
        worst.accuracy.mape,
        worst.element,
        totals[0] if totals else np.nan,
        _over(np.median, [item.accuracy.r2 for item in single]),
        _mean([item.accuracy.u_mean for item in single]),
        _mean([item.accuracy.u_variation for item in single]),
        _mean([item.accuracy.u_covariation for item in single]),
        _mean([item.naive for item in single]),
        _mean([item.drift for item in single]),
    )


def _mean(values: Sequence[float]) -> float:
    return _over(np.mean, values)


def _over(measure: Callable[[FloatArray], np.floating[Any]], values: Sequence[float]) -> float:
    """A measure of the values that are numbers; NaN for none."""
    known = np.array([value for value in values if np.isfinite(value)])
    return float(measure(known)) if len(known) else np.nan

"""Bounded least squares: SciPy's trust region reflective method (Branch, Coleman and Li 1999) on exact Jacobians.

Parameters are scaled by the distance of their bounds. A run that is no number is a step that is rejected: the trust
region shrinks. Ctrl-C and a derivative that is no number end a fit with the best values so far.

Why one thread for the linear algebra: the matrices are small (2,600 x 300: 0.04 s a decomposition), and two threads
that wait for each other on a busy machine took 200 times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter

import numpy as np
from scipy.optimize import least_squares
from threadpoolctl import threadpool_limits

from sd_models.errors import ModelError
from sd_models.system.model import FloatArray

from .misfit import Misfit
from .parameters import Parameters

MOST_DRAWS = 20  # until random values have a run
INFINITE_SPREAD = 1.0  # random starts of a parameter without bounds stay within one size of its own start


class Ending(StrEnum):
    """How a fit ended."""

    CONVERGED = "converged"
    LIMIT = "limit reached"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


ADVICE = {
    Ending.CONVERGED: "No step within the tolerance lowers the misfit further.",
    Ending.LIMIT: "The limit of evaluations came first: raise most_evaluations.",
    Ending.STOPPED: "A derivative is no number at the best values: a bound lies where an equation has no derivative.",
    Ending.INTERRUPTED: "These are the best values so far.",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known while a fit goes on: evaluations and Jacobians so far, and the least misfit."""

    start: int
    starts: int
    evaluations: int
    jacobians: int
    misfit: float


Watcher = Callable[[Progress], None]


@dataclass(frozen=True, eq=False)
class Fit:
    """The best values found; `misfit` is the sum of squared residuals, `misfits` that of each start."""

    values: FloatArray
    residuals: FloatArray
    jacobian: FloatArray
    misfit: float
    misfit_at_start: float
    ending: Ending
    evaluations: int
    jacobians: int
    seconds: float
    misfits: tuple[float, ...]


@np.errstate(over="ignore")  # a misfit too large for a number is only a bad one
def fit(
    misfit: Misfit, *, starts: int, seed: int, tolerance: float, most_evaluations: int, watch: Watcher | None = None
) -> Fit:
    """The parameters with the least sum of squares, of as many starts as asked for; the first is the model's own."""
    began = perf_counter()
    misfit.check(misfit.parameters.start)
    search = _Search(misfit, starts, tolerance, most_evaluations, watch)
    endings: list[tuple[float, Ending]] = []
    with threadpool_limits(1):
        for number, start in enumerate(_starts(misfit, starts, seed)):
            endings.append(search.go(number, start))
            if endings[-1][1] is Ending.INTERRUPTED:
                break
    values = search.values
    residuals = misfit.residuals(values)
    return Fit(
        values,
        residuals,
        _derivative(misfit, values),
        float(residuals @ residuals),
        search.first,
        _ending(endings),
        search.evaluations,
        search.jacobians,
        perf_counter() - began,
        tuple(found for found, _ in endings),
    )


def _ending(endings: list[tuple[float, Ending]]) -> Ending:
    """The ending of the best start, unless somebody ended them all."""
    if endings[-1][1] is Ending.INTERRUPTED:
        return Ending.INTERRUPTED
    return min(endings, key=lambda ending: ending[0])[1]


def _derivative(misfit: Misfit, values: FloatArray) -> FloatArray:
    """The Jacobian, with zeros where a derivative is no number."""
    return np.nan_to_num(misfit.jacobian(values), nan=0.0, posinf=0.0, neginf=0.0)


class _NoDerivative(ArithmeticError):
    """A derivative is no number."""


class _Search:
    """Fits from one start after the other, and the best values of all evaluations."""

    def __init__(
        self, misfit: Misfit, starts: int, tolerance: float, most_evaluations: int, watch: Watcher | None
    ) -> None:
        self.misfit, self.watch, self.starts = misfit, watch, starts
        self.tolerance, self.most_evaluations = tolerance, most_evaluations
        self.size = misfit.parameters.size
        self.values = misfit.parameters.start
        at_start = misfit.residuals(self.values)
        self.first = self.best = float(at_start @ at_start)
        self.here = np.inf
        self.number = self.evaluations = self.jacobians = 0

    def go(self, number: int, start: FloatArray) -> tuple[float, Ending]:
        """The least sum of squares from a start, and how the fit ended."""
        parameters, self.number, self.here = self.misfit.parameters, number, np.inf
        bounds = parameters.lower / self.size, parameters.upper / self.size
        try:
            found = least_squares(
                self._residuals,
                np.clip(start / self.size, *bounds),
                self._jacobian,
                bounds,
                method="trf",
                ftol=self.tolerance,
                xtol=self.tolerance,
                gtol=self.tolerance,
                max_nfev=self.most_evaluations,
            )
        except KeyboardInterrupt:
            return self.here, Ending.INTERRUPTED
        except _NoDerivative:
            return self.here, Ending.STOPPED
        return self.here, Ending.CONVERGED if found.status > 0 else Ending.LIMIT

    def _residuals(self, scaled: FloatArray) -> FloatArray:
        values = self._values(scaled)
        residuals = self.misfit.residuals(values)
        self.evaluations += 1
        squares = float(residuals @ residuals)
        if squares < self.here:
            self.here = squares
        if squares < self.best:
            self.values, self.best = values, squares
        self._tell()
        return residuals

    def _jacobian(self, scaled: FloatArray) -> FloatArray:
        self.jacobians += 1
        jacobian = self.misfit.jacobian(self._values(scaled)) * self.size
        if not np.isfinite(jacobian).all():
            raise _NoDerivative
        self._tell()
        return jacobian

    def _values(self, scaled: FloatArray) -> FloatArray:
        """The values, kept within the bounds that rounding might miss."""
        return np.clip(scaled * self.size, self.misfit.parameters.lower, self.misfit.parameters.upper)

    def _tell(self) -> None:
        if self.watch:
            self.watch(Progress(self.number + 1, self.starts, self.evaluations, self.jacobians, self.best))


def _starts(misfit: Misfit, count: int, seed: int) -> Iterator[FloatArray]:
    """The model's own values, then random ones within the bounds that have a run."""
    parameters = misfit.parameters
    yield parameters.start
    random = np.random.default_rng(seed)
    for _ in range(count - 1):
        for _ in range(MOST_DRAWS):
            values = _drawn(parameters, random)
            if _runs(misfit, values):
                yield values
                break


def _drawn(parameters: Parameters, random: np.random.Generator) -> FloatArray:
    """Random values within the bounds, or around the start where there are none."""
    lower = np.where(
        np.isfinite(parameters.lower), parameters.lower, parameters.start - INFINITE_SPREAD * parameters.size
    )
    upper = np.where(
        np.isfinite(parameters.upper), parameters.upper, parameters.start + INFINITE_SPREAD * parameters.size
    )
    fraction = random.random(len(parameters))
    return np.asarray(lower * (1 - fraction) + upper * fraction)


def _runs(misfit: Misfit, values: FloatArray) -> bool:
    try:
        misfit.check(values)
    except ModelError:
        return False
    return True

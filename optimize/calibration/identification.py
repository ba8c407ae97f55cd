"""What the data say about the parameters: standard errors, what cannot be told, and what trades off against what.

At the optimum the covariance of the estimates is (J'J / s^2 + P)^-1, with s^2 the sum of squared residuals over their
number less that of free parameters (Seber and Wild 2003, Nonlinear Regression, chapter 2; 1 where that number is not
positive) and P the precision of the priors, which is taken at its word. A parameter that the bound holds is not free.

What the data alone cannot tell shows in the singular values of their part of J, the priors left out, with every
parameter scaled by the distance of its bounds: along a singular direction that is `weak`, one standard error reaches
over more than half that distance.

An estimate may have a small standard error and still be known only together with others: growth and decay of a stock
that the data see grow. By how much the others swell its standard error is the root of its variance inflation factor,
F_ii C_ii, with F the information J'J / s^2 + P and C its inverse; where that factor exceeds ten (Marquardt 1970,
Technometrics 12, page 610) an estimate does not count as identified by itself. Between two alone that is a correlation
of .949; the words that people read follow this one threshold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import numpy as np
from threadpoolctl import threadpool_limits

from sd_models.system.model import FloatArray, IndexArray

from .fitting import Fit
from .parameters import Parameters

# A parameter this near its bound, relative to the distance of the bounds, is held by it if the misfit pushes it there:
# the method keeps its iterates inside the bounds and comes close to them only.
AT_BOUND = 1e-3
# Singular values below this fraction of the largest are zero: Jacobians are exact to about 1e-13.
SINGULAR = 1e-9
LARGEST = 1e150  # of a derivative, so that its square is a number
LEAST_SPREAD = 1e-9  # of the deviations: a model that fits its own observations leaves rounding errors only
WEAK = 0.5  # of the distance of the bounds, one standard error
SHARE = 0.2  # of the largest part in a weak direction: smaller parts are not named
SILENT_SHARE = 1e-3  # the same in a direction in which the data say nothing at all
KEPT = 0.9  # of a prior's standard deviation: what is left of it means that the data say little
MOST_DIRECTIONS = 20
MOST_PAIRS = 10
LEAST_CORRELATION = 0.9
MOST_INFLATION = np.sqrt(10.0)  # of a standard error by what others leave open: see above
STRONG_CORRELATION = np.sqrt(0.9)  # of two, the same threshold: 1 / (1 - r^2) is ten


class Standing(StrEnum):
    """What is to be thought of an estimate."""

    IDENTIFIED = "identified"
    WEAK = "weak"  # one standard error is more than half the distance of the bounds
    PRIOR = "prior"  # the data hardly narrow the prior, or only together with the priors of others do they tell it
    TOGETHER = "only with others"  # the data tell it together with others, far less by itself
    UNIDENTIFIED = "not identified"  # the data do not move it, or move it only together with others
    LOWER = "at lower bound"
    UPPER = "at upper bound"


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """Parameters that the data cannot tell apart: moved together by `parts`, in sizes, the fit hardly changes.

    `error` is one standard error along the direction, in distances of bounds; infinite where the data are silent.
    """

    members: tuple[int, ...]
    parts: tuple[float, ...]
    error: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two parameters whose estimates go together."""

    first: int
    second: int
    correlation: float


@dataclass(frozen=True, slots=True)
class Partner:
    """The parameter with whose estimate another one goes together most."""

    number: int
    correlation: float


@dataclass(frozen=True, eq=False)
class Identification:
    """The answer: one entry of each array for each parameter; a standard error is NaN where a bound holds it.

    `inflation` is the standard error over what it would be were all others known; `partners` has for each parameter
    whose standing is TOGETHER the one that it goes with most.
    """

    errors: FloatArray
    inflation: FloatArray
    partners: tuple[Partner | None, ...]
    standings: tuple[Standing, ...]
    directions: tuple[Direction, ...]
    pairs: tuple[Pair, ...]
    variance: float


@threadpool_limits.wrap(limits=1)  # type: ignore[untyped-decorator]
def identify(parameters: Parameters, fit: Fit) -> Identification:
    """What the data say about each parameter, and about which ones only together."""
    held = _held(parameters, fit)
    free = np.flatnonzero(held == 0)
    count = len(fit.residuals) - len(free)
    variance = fit.misfit / count if count > 0 else np.nan
    spread = max(np.sqrt(variance), LEAST_SPREAD) if np.isfinite(variance) else 1.0
    with np.errstate(over="ignore"):
        scaled = np.clip(fit.jacobian[:, free] * parameters.size[free], -LARGEST, LARGEST)
    points = len(fit.residuals) - int(np.isfinite(parameters.deviation).sum())
    scaled[:points] /= spread
    covariance = _covariance(scaled)
    errors, inflation = np.full(len(parameters), np.nan), np.full(len(parameters), np.nan)
    errors[free] = np.sqrt(np.diag(covariance)) * parameters.size[free]
    with np.errstate(over="ignore", invalid="ignore"):
        inflation[free] = np.sqrt((scaled**2).sum(axis=0) * np.diag(covariance))
    directions = _directions(scaled[:points], free)
    standings = tuple(_standings(parameters, held, errors, inflation, directions))
    correlations = _correlations(covariance)
    partners = _partners(standings, correlations, free)
    return Identification(errors, inflation, partners, standings, directions, _pairs(correlations, free), variance)


def _held(parameters: Parameters, fit: Fit) -> IndexArray:
    """-1 where the lower bound holds a parameter, 1 where the upper one does, else 0."""
    slope = fit.jacobian.T @ fit.residuals
    near = AT_BOUND * parameters.size
    at_lower = (fit.values - parameters.lower <= near) & (slope >= 0)
    at_upper = (parameters.upper - fit.values <= near) & (slope <= 0)
    return np.where(at_lower, -1, np.where(at_upper, 1, 0))


def _covariance(scaled: FloatArray) -> FloatArray:
    """(J'J)^-1, infinite for whatever has a part in a singular direction."""
    if not scaled.shape[1]:
        return np.zeros((0, 0))
    _, singular, directions = np.linalg.svd(_tall(scaled), full_matrices=False)
    known = singular > SINGULAR * max(singular[0], np.finfo(float).tiny)
    safe = np.where(known, singular, 1.0)
    covariance = np.asarray((directions.T / np.where(known, safe, np.inf) ** 2) @ directions)
    silent = (np.abs(directions[~known]) > np.sqrt(SINGULAR)).any(axis=0)
    covariance[silent, silent] = np.inf
    return covariance


def _tall(matrix: FloatArray) -> FloatArray:
    """At least as many rows as columns, filled up with zeros."""
    missing = matrix.shape[1] - len(matrix)
    return np.pad(matrix, ((0, max(0, missing)), (0, 0)))


def _directions(scaled: FloatArray, free: IndexArray) -> tuple[Direction, ...]:
    """The directions along which the data are weak, the weakest first."""
    if not scaled.shape[1]:
        return ()
    _, singular, directions = np.linalg.svd(_tall(scaled), full_matrices=False)
    singular = np.where(singular > SINGULAR * max(singular[0], np.finfo(float).tiny), singular, 0.0)
    with np.errstate(divide="ignore"):
        errors = 1.0 / singular
    weak = np.flatnonzero(errors > WEAK)[::-1]
    silent = [place for place in weak if np.isinf(errors[place])]
    named = [*_plain(directions[silent]), *(directions[place] for place in weak if np.isfinite(errors[place]))]
    sizes = [np.inf] * len(silent) + [errors[place] for place in weak if np.isfinite(errors[place])]
    return tuple(_direction(part, size, free) for part, size in zip(named, sizes, strict=True))


def _plain(silent: FloatArray) -> list[FloatArray]:
    """A basis of the silent directions with as few parameters in each as elimination leaves.

    Any mixture of silent directions is silent too; what a singular value decomposition returns is an arbitrary one.
    """
    rows = np.array(silent)
    for place in range(len(rows)):
        column = int(np.abs(rows[place]).argmax())
        rows[place] /= rows[place, column]
        for other in range(len(rows)):
            if other != place:
                rows[other] -= rows[place] * rows[other, column]
    return list(rows)


def _direction(part: FloatArray, error: float, free: IndexArray) -> Direction:
    part = part / np.linalg.norm(part)
    order = np.argsort(-np.abs(part), kind="stable")
    share = SILENT_SHARE if np.isinf(error) else SHARE
    chosen = [place for place in order if abs(part[place]) >= share * abs(part[order[0]])]
    sign = np.sign(part[chosen[0]])
    return Direction(
        tuple(int(free[place]) for place in chosen), tuple(float(part[place] * sign) for place in chosen), float(error)
    )


def _standings(
    parameters: Parameters,
    held: IndexArray,
    errors: FloatArray,
    inflation: FloatArray,
    directions: Sequence[Direction],
) -> Iterator[Standing]:
    silent = {member for direction in directions if np.isinf(direction.error) for member in direction.members}
    for place, error in enumerate(errors):
        if held[place]:
            yield Standing.LOWER if held[place] < 0 else Standing.UPPER
        elif np.isinf(error):
            yield Standing.UNIDENTIFIED
        elif _rests_on_priors(error, float(parameters.deviation[place]), place in silent):
            yield Standing.PRIOR
        elif error > WEAK * parameters.size[place]:
            yield Standing.WEAK
        else:
            is_shared = place in silent or inflation[place] > MOST_INFLATION
            yield Standing.TOGETHER if is_shared else Standing.IDENTIFIED


def _rests_on_priors(error: float, deviation: float, silent: bool) -> bool:
    """Whether a finite standard error is that of a prior: its own, or without one those of others."""
    return error > KEPT * deviation if np.isfinite(deviation) else silent


def _correlations(covariance: FloatArray) -> FloatArray:
    """The correlations of the estimates; 0 for those that have none."""
    variances = np.diag(covariance)
    known = np.isfinite(variances) & (variances > 0)
    roots = np.sqrt(np.where(known, variances, 1.0))
    with np.errstate(invalid="ignore"):
        found = np.where(np.outer(known, known), covariance / np.outer(roots, roots), 0.0)
    return np.clip(found, -1.0, 1.0)


def _partners(standings: Sequence[Standing], correlations: FloatArray, free: IndexArray) -> tuple[Partner | None, ...]:
    """For each parameter that is known only with others the one that goes with it most."""
    found: list[Partner | None] = [None] * len(standings)
    others = correlations - np.eye(len(free))
    for place, number in enumerate(free.tolist()):
        if standings[number] is Standing.TOGETHER and len(free) > 1:
            most = int(np.abs(others[place]).argmax())
            found[number] = Partner(int(free[most]), float(others[place, most]))
    return tuple(found)


def _pairs(correlations: FloatArray, free: IndexArray) -> tuple[Pair, ...]:
    """The pairs whose correlation is largest."""
    first, second = np.triu_indices(len(free), 1)
    values = correlations[first, second]
    order = np.argsort(-np.abs(values), kind="stable")[:MOST_PAIRS]
    return tuple(
        Pair(int(free[first[i]]), int(free[second[i]]), float(values[i]))
        for i in order
        if abs(values[i]) >= LEAST_CORRELATION
    )


def described(parameters: Parameters, direction: Direction) -> str:
    """The direction in words: its parameters, many elements of one variable as their number."""
    texts: list[str] = []
    ordered = sorted(direction.members, key=lambda member: int(parameters.block[member]))
    for block, members in groupby(ordered, key=lambda member: int(parameters.block[member])):
        listed = list(members)
        total = int((parameters.block == block).sum())
        name = parameters.blocks[block].variable
        few = len(listed) <= 3
        texts.append(
            ", ".join(parameters.labels[m] for m in listed) if few else f"{len(listed)} of {total} elements of {name}"
        )
    return " with ".join(texts)

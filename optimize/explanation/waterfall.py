"""Where a gain comes from: the share of each decision in the change of an outcome from the baseline to a policy.

The share of a lever value is its change times the mean of the outcome's derivative along the straight path from the
model's own levers to the policy's (Aumann and Shapley 1974, Values of Non-Atomic Games; integrated gradients). Shares
add up to the change, whatever the model bends on the way, and a value that the policy leaves alone has none. Gradients
are exact; the mean is taken by Gauss and Legendre's points, more and more of them until what is left of the change is
below `ENOUGH` of it. What is left is told as a remainder, never spread.

Why the straight path: all decisions grow in proportion, so that no order of them is preferred. Where functions have
corners on the way (MIN, tables, IF THEN ELSE) the derivative jumps, and another path might give other shares: such
corners are named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from sd_models.errors import Fault, InvalidRequest, SimulationError
from sd_models.simulator.datasets import Trajectories, label
from sd_models.simulator.sensitivity import Point, adjoint, switches
from sd_models.system.model import FloatArray, IndexArray

from .target import Question, Target
from .terms import with_terms

POINTS = (3, 6, 12, 24, 48)
ENOUGH = 1e-4  # of the change
# An outcome moves where its change is more than rounding leaves of it.
STILL = 1e-12
AGREE = 1e-9  # of their sizes: the parts of an equation, which are no more than rounding away from it


@dataclass(frozen=True, slots=True)
class Crossing:
    """A corner that the run passes on the way from the baseline to the policy, and at how many elements and times."""

    variable: str
    function: str
    places: int

    def __str__(self) -> str:
        return f"{self.variable}: {self.function} ({self.places} elements and times)"


@dataclass(frozen=True, eq=False)
class Waterfall:
    """The change of an outcome from `before` (the model's own levers) to `after` (the policy), by decision.

    `parts` has for each lever variable the part of each of its values, `(time, *dimensions)`, the time being that at
    which a period begins; the sum of all and the `remainder` are the change. `terms` are the same parts of what the
    equation of the outcome adds up, with a leading dimension `part`, and `by_term` the change of each, which needs no
    mean; both empty where that is no sum. All in `target.unit`. `points` is the number of points on the path,
    `crossings` the corners between them.
    """

    target: Target
    before: float
    after: float
    parts: xr.Dataset
    remainder: float
    points: int
    terms: xr.Dataset = field(default_factory=xr.Dataset)
    by_term: Mapping[str, float] = field(default_factory=dict)
    crossings: tuple[Crossing, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def gain(self) -> float:
        """The change from the baseline to the policy."""
        return self.after - self.before

    def by(self, *dimensions: str, lever: str = "") -> xr.DataArray:
        """The parts along these dimensions (of one lever, or of all levers that have them), the others summed."""
        chosen = [self.parts[name] for name in self.parts if not lever or name == lever]
        fitting = [one for one in chosen if set(dimensions) <= set(one.dims)]
        if not fitting:
            known = ", ".join(dict.fromkeys(str(d) for one in chosen for d in one.dims))
            found = f"no lever has the dimensions {', '.join(dimensions)}."
            raise InvalidRequest(Fault(found, lever, advice=f"There are: {known}."))
        summed = [one.sum([d for d in one.dims if d not in dimensions]) for one in fitting]
        total = sum(summed[1:], start=summed[0])
        return total.transpose(*dimensions).assign_attrs(units=self.target.unit)

    def by_lever(self) -> Mapping[str, float]:
        """The part of each lever variable."""
        return {str(name): float(self.parts[name].sum()) for name in self.parts}


def waterfall(question: Question, target: Target, *, terms: bool = True) -> Waterfall:
    """The parts of an outcome's change by decision; InvalidRequest for an outcome that the policy does not move.

    Without `terms` what the equation adds up is left out, which takes a third of the time.
    """
    if not terms:
        return _waterfall(question.asking({target.variable: None}), target, None)
    system, named = with_terms(question.system, target.variable, question.problem.lever_names)
    if named:
        with suppress(SimulationError):  # a logarithm of a part that is not positive
            found = _waterfall(
                question.asking({target.variable: None, **dict.fromkeys(named.values())}, system), target, named
            )
            if abs(sum(found.by_term.values()) - found.gain) <= AGREE * sum(map(abs, found.by_term.values())):
                return found
    return _waterfall(question.asking({target.variable: None}), target, {})


def _waterfall(asked: Question, target: Target, found_terms: Mapping[str, str] | None) -> Waterfall:
    """The parts of the change of a target and of the variables that add up to it, where these are asked for."""
    named = found_terms or {}
    weights = np.stack([asked.weights(one) for one in (target, *_terms(target, named))])
    ends = [_values(asked, target, weights, share) for share in (0.0, 1.0)]
    before, after = (float(values[0]) for values in ends)
    gain = after - before
    if abs(gain) <= STILL * max(abs(before), abs(after)) or not gain:
        raise InvalidRequest(Fault("the policy does not move it, so there is nothing to explain.", target.label))
    for points in POINTS:
        found, sides = _integrated(asked, weights, points)
        remainder = gain - float(found[0].sum())
        if abs(remainder) <= ENOUGH * abs(gain):
            break
    parts = [by_period(asked, each) for each in found]
    terms = xr.concat(parts[1:], xr.Variable("part", list(named))) if named else xr.Dataset()
    by_term = dict(zip(named, (ends[1] - ends[0])[1:].tolist(), strict=True))
    crossings = tuple(_crossings(asked, sides))
    notes = tuple(_notes(target, crossings, remainder / gain, points, found_terms is None or bool(named)))
    return Waterfall(target, before, after, parts[0], remainder, points, terms, by_term, crossings, notes)


def _terms(target: Target, named: Mapping[str, str]) -> Iterator[Target]:
    for name, variable in named.items():
        yield Target(name, variable, target.elements, target.times, target.unit, target.factor)


def _values(question: Question, target: Target, weights: FloatArray, share: float) -> FloatArray:
    """The outcomes at a point of the path; what is fixed counts in the first alone, since it is in no change."""
    inputs = question.between(share)
    run = question.simulator.trajectories(inputs)
    question.simulator.check(inputs, run)
    fixed = np.zeros(len(weights))
    fixed[0] = question.fixed(target)
    return np.asarray((weights * run.outputs).sum(axis=(1, 2)) + fixed)


def _integrated(question: Question, weights: FloatArray, points: int) -> tuple[FloatArray, list[list[IndexArray]]]:
    """The parts (outcomes, rows of levers, times), and on which side of each kink the run was at each point."""
    nodes, shares = np.polynomial.legendre.leggauss(points)
    moved = question.decided.levers - question.own.levers
    parts = np.zeros((len(weights), *moved.shape))
    sides = [_sides(question, 0.0)]
    for node, share in zip((nodes + 1) / 2, shares / 2, strict=True):
        inputs = question.between(float(node))
        run, (gradients, *_) = adjoint(question.simulator, inputs, weights)
        question.simulator.check(inputs, run)
        parts += share * np.where(moved == 0, 0.0, gradients) * moved
        sides.append(_sides_of(question, float(node), run))
    return parts, [*sides, _sides(question, 1.0)]


def _sides(question: Question, share: float) -> list[IndexArray]:
    return _sides_of(question, share, question.simulator.trajectories(question.between(share)))


def _sides_of(question: Question, share: float, run: Trajectories) -> list[IndexArray]:
    """For each kink the number of its breakpoints that lie below the run, (rows, times)."""
    point = Point(question.simulator, question.between(share), run)
    return [np.sum([rows > at for at in kink.breakpoints], axis=0) for kink, rows in switches(point)]


def _crossings(question: Question, sides: list[list[IndexArray]]) -> Iterator[Crossing]:
    counts: Counter[tuple[str, str]] = Counter()
    for kink, along in zip(question.simulator.model.kinks, zip(*sides, strict=True), strict=True):
        crossed = np.any([one != along[0] for one in along[1:]], axis=0)
        counts[kink.variable, kink.function] += int(crossed.sum())
    yield from (Crossing(*place, count) for place, count in counts.most_common() if count)


def by_period(question: Question, parts: FloatArray) -> xr.Dataset:
    """The parts of lever values (rows, times) with names, summed over the periods of the horizon."""
    horizon, system = question.horizon, question.system
    period = horizon.periods(horizon.steps * horizon.time_step)
    spread = np.arange(len(horizon.starts))[:, np.newaxis] == period[np.newaxis, :]
    summed = spread @ parts[:, horizon.first :].T
    found = {}
    for name, rows in question.simulator.model.levers.rows.items():
        dimensions = system[name].dimensions
        axes = {label(system, d): list(system.dimensions[d].elements) for d in dimensions}
        block = summed[:, rows].reshape((len(horizon.starts), *system.shape(system[name])))
        found[name] = xr.DataArray(block, {"time": horizon.starts, **axes}, ("time", *axes))
    return xr.Dataset(found)


def _notes(
    target: Target, crossings: tuple[Crossing, ...], remainder: float, points: int, is_parted: bool
) -> Iterator[str]:
    if abs(remainder) > ENOUGH:
        yield f"{points} points on the path leave {abs(remainder):.1%} of the change of {target.label} as a remainder."
    if crossings:
        named = ", ".join(map(str, crossings[:3]))
        more = f" and {len(crossings) - 3} more" if len(crossings) > 3 else ""
        yield f"The policy passes corners of {named}{more}: there the derivative jumps, and parts depend on the path."
    if not is_parted:
        yield f"The equation of {target.variable} is no sum of named variables, so it has no parts to tell apart."

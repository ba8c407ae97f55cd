"""What one more of each decision would bring, with nothing taken away elsewhere: the margin of a policy.

The derivative of each outcome with respect to each lever value, along the run with the policy, exact and by one reverse
sweep; told for a round amount of about a hundredth of what the policy spends in a unit of time. No budget is kept: what
is best under a budget has the same margin wherever nothing else binds, so what differs here is held by something else,
a floor, a ramp, a bound, or serves another outcome than the objective. Sums along a dimension are spread as the policy
spreads them: 100 billion yuan more for a measure go to the regions and years that have it, in proportion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from sd_models.errors import Fault, InvalidRequest, SimulationError
from sd_models.simulator.sensitivity import Point, adjoint, touched_kinks
from sd_models.system.model import FloatArray, System

from ..plans.quantities import time_unit, unit_of_integral
from ..results.worth import PART, round_amount
from .target import Question, Target, target_of
from .terms import with_terms
from .waterfall import by_period

PART_OF_IT = "part of it: "
MOST = 3  # corners that are named


@dataclass(frozen=True, slots=True)
class Amount:
    """How much more of a lever is told: a round part of what the policy spends in a unit of time."""

    value: float
    unit: str


@dataclass(frozen=True, eq=False)
class Marginals:
    """What one more unit of each lever's amount brings to each outcome.

    An amount is a lever's value times the length of its period. `worth` has a variable for each lever, `(outcome, time,
    *dimensions)`, in the unit of the outcome over that of the amount, NaN where the plan does not decide; `spent` are
    the policy's own amounts. `targets` are the outcomes by label: the one that is explained, then its `parts`, then the
    headlines at the end. `amounts` says how much more of each lever people are told of.
    """

    targets: Mapping[str, Target]
    parts: tuple[str, ...]
    worth: xr.Dataset
    spent: xr.Dataset
    amounts: Mapping[str, Amount]
    notes: tuple[str, ...] = ()

    def by(self, lever: str, *dimensions: str) -> xr.DataArray:
        """What the lever's amount more brings, `(outcome, *dimensions)`, spread along the others as the policy has it,
        and evenly where it has nothing."""
        worth, spent = self.worth[lever], abs(self.spent[lever])
        others = [d for d in worth.dims if d not in ("outcome", *dimensions)]
        if set(dimensions) - set(worth.dims):
            known = f"It has: {', '.join(str(d) for d in worth.dims if d != 'outcome')}."
            raise InvalidRequest(Fault(f"it has not all of {', '.join(dimensions)}.", lever, advice=known))
        weights = spent.where(np.isfinite(worth.isel(outcome=0)), 0.0)
        whole = weights.sum(others)
        spread = (worth.fillna(0.0) * weights).sum(others) / whole.where(whole > 0)
        found = self.amounts[lever].value * spread.where(whole > 0, worth.mean(others))
        return found.transpose("outcome", *dimensions)


def marginals(question: Question, target: Target, *, with_parts: bool = True) -> Marginals:
    """What one more of each lever brings to an outcome, to its parts, and to the headline outcomes at the end."""
    system, named = with_terms(question.system, target.variable, question.problem.lever_names)
    others = _headlines(question, target)
    parts = {f"{PART_OF_IT}{name}": replace(target, label=name, variable=variable) for name, variable in named.items()}
    if parts and with_parts:
        with suppress(SimulationError):  # a logarithm of a part that is not positive
            return _marginals(question, {target.label: target, **parts, **others}, tuple(parts), system)
    return _marginals(question, {target.label: target, **others}, (), question.system)


def _headlines(question: Question, target: Target) -> dict[str, Target]:
    """The headline outcomes of all regions together, at the end."""
    found = {}
    for headline in question.result.headlines:
        if headline.by or headline.variable in question.problem.lever_names:
            continue
        one = target_of(question, f"{headline.variable}:final")
        is_same = one.variable == target.variable and np.array_equal(one.times, target.times)
        if not is_same:
            found[headline.english] = one
    return found


def _marginals(question: Question, targets: Mapping[str, Target], parts: tuple[str, ...], system: System) -> Marginals:
    asked = question.asking(dict.fromkeys(one.variable for one in targets.values()), system)
    weights = np.stack([asked.weights(one) for one in targets.values()])
    run, (gradients, *_) = adjoint(asked.simulator, asked.decided, weights)
    asked.simulator.check(asked.decided, run)
    length = question.horizon.steps * question.horizon.time_step
    labels = xr.Variable("outcome", list(targets))
    worth = xr.concat([by_period(asked, one) / length for one in gradients], labels).where(_is_decided(question))
    spent = _spent(question, length)
    touches = touched_kinks(Point(asked.simulator, asked.decided, run))
    kinks = list(dict.fromkeys(f"{one.variable}: {one.function}" for one in touches))
    return Marginals(targets, parts, worth, spent, _amounts(question, spent), tuple(_notes(kinks)))


def _is_decided(question: Question) -> xr.Dataset:
    """Which lever values the plan decides."""
    inside = np.zeros_like(question.decided.levers)
    rows = question.simulator.model.levers.rows
    for block in question.problem.bound.blocks:
        inside[rows[block.variable].start + block.elements] = 1.0
    return by_period(question, inside) > 0


def _spent(question: Question, length: float) -> xr.Dataset:
    """The policy's amounts: the integral of each lever over each period."""
    horizon = question.horizon
    return by_period(question, question.decided.levers * _inner(question)) * (length / horizon.steps)


def _inner(question: Question) -> FloatArray:
    """1 at each point of a run but the last, at which nothing lasts any more."""
    found = np.ones(len(question.simulator.times))
    found[-1] = 0.0
    return found


def _amounts(question: Question, spent: xr.Dataset) -> dict[str, Amount]:
    """A round part of what the policy spends in a unit of time, for each lever."""
    system, span = question.problem.system, question.horizon.length
    found = {}
    for name in map(str, spent):
        whole = float(abs(spent[name]).sum()) / span
        unit = unit_of_integral(system[name].unit, time_unit(system))
        found[name] = Amount(round_amount(PART * whole) if whole > 0 else 1.0, unit)
    return found


def _notes(kinks: list[str]) -> Iterator[str]:
    if kinks:
        more = f" and {len(kinks) - MOST} more" if len(kinks) > MOST else ""
        named = ", ".join(kinks[:MOST])
        yield f"The run stands on corners of {named}{more}; what one more brings is that of the active side."

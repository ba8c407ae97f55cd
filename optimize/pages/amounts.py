"""What limits take from the run without the policy, as sums of that run: a page computes them for any constants.

Bound as usual, a limit `lower <= A x + B y <= upper` has these amounts within its sides, as numbers. Here they are
D y0, with y0 the outcomes of the run without the policy: `lower <= A x + B y + D y0 <= upper`.

Why a second binding: with each of these amounts taken from the run of the policy, what the rows gain is D. So a limit
means here what it means everywhere, and no second reader of plans is needed. A limit of which that cannot be said (a
bound on either side, an amount that levers do not move, levers whose own values are no policy of the plan) keeps its
numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from sd_models.system.model import FloatArray

from ..files.gathering import Faults
from ..plans.horizon import Windows
from ..plans.limits import Rows
from ..plans.plan import Limit, Plan, ValueAt
from ..plans.quantities import Quantities
from ..problems.binding import bind
from ..problems.problem import Problem

SIDES = ("at_least", "at_most", "equals")
SAME = 1e-12  # relative; own values that a policy of the plan repeats


@dataclass(frozen=True, eq=False)
class Sides:
    """The sides of a limit's rows without what comes from the run without the policy, and that: `taken` (rows, y0)."""

    lower: FloatArray
    upper: FloatArray
    taken: csr_array


@dataclass(frozen=True, eq=False)
class Amounts:
    """The outcomes of a problem, after them those that amounts alone need; the limits, by name, that have amounts."""

    quantities: Quantities
    limits: Mapping[str, Sides] = field(default_factory=dict)


def amounts_of(problem: Problem) -> Amounts:
    """What the limits of a problem take from the run without the policy."""
    plain = problem.bound
    names = {limit.name for limit in problem.plan.limits if _in_baseline(limit)}
    if not names or not _repeats(problem):
        return Amounts(plain.quantities)
    before, fixed = problem.own_before, problem.simulator.model.fixed
    moving = bind(
        problem.system, _moving(problem.plan), problem.horizon, problem.own_paths, Faults(), still=fixed, before=before
    )
    quantities, places = _joined(plain.quantities, moving.quantities)
    rows = {each.name: each for each in plain.rows if each.name in names}
    found = {
        each.name: _sides(rows[each.name], each, places, len(quantities)) for each in moving.rows if each.name in rows
    }
    return Amounts(quantities, {name: sides for name, sides in found.items() if sides is not None})


def _in_baseline(limit: Limit) -> bool:
    amounts = (getattr(limit, side) for side in SIDES)
    return any(isinstance(amount, ValueAt) and amount.baseline for amount in amounts)


def _repeats(problem: Problem) -> bool:
    """Whether the model's own levers are a policy of the plan: no period in which they move."""
    own, repeated = problem.levers.own, problem.levers.paths(problem.own)
    return bool((np.abs(repeated - own) <= SAME * np.abs(own).max(initial=0.0)).all())


def _moving(plan: Plan) -> Plan:
    """The plan with amounts of the run of the policy in the place of those of the run without it; no ramps."""
    return plan.model_copy(
        update={
            "limits": tuple(limit.model_copy(update=dict(_from_run(limit))) for limit in plan.limits),
            "levers": tuple(lever.model_copy(update={"ramp": None}) for lever in plan.levers),
        }
    )


def _from_run(limit: Limit) -> Iterator[tuple[str, ValueAt]]:
    for side in SIDES:
        amount = getattr(limit, side)
        if isinstance(amount, ValueAt) and amount.baseline:
            yield side, amount.model_copy(update={"baseline": False})


def _joined(first: Quantities, second: Quantities) -> tuple[Quantities, list[int]]:
    """The outcomes of both, each once, those of the first before the others; where those of the second are."""
    known = {each: place for place, each in enumerate(_keys(first))}
    places = [known.setdefault(each, len(known)) for each in _keys(second)]
    more = [number for number, place in enumerate(places) if place >= len(first)]
    windows = second.windows[more] + len(first.over.each)
    over = Windows(first.over.each + second.over.each, np.concatenate([first.over.weights, second.over.weights]))
    elements = first.elements + tuple(second.elements[number] for number in more)
    return Quantities(elements, np.concatenate([first.windows, windows]), over), places


def _keys(quantities: Quantities) -> list[tuple[object, ...]]:
    each = quantities.over.each
    return [(*one, each[window]) for one, window in zip(quantities.elements, quantities.windows, strict=True)]


def _sides(plain: Rows, moving: Rows, places: list[int], outcomes: int) -> Sides | None:
    """What the rows gain; None where one of them gains nothing."""
    count = len(plain.lower)
    theirs = moving.expression.outcomes
    moved = csr_array(
        (theirs.values, (theirs.rows, np.array(places, dtype=np.int64)[theirs.columns])), shape=(count, outcomes)
    )
    taken = csr_array(moved - plain.expression.outcomes.matrix((count, outcomes)))
    taken.eliminate_zeros()
    if not (np.diff(taken.indptr) > 0).all():
        return None
    return Sides(moving.lower, moving.upper, taken)

"""What a page watches: the outcomes, limits and objective of a plan, as sparse rows of levers x and outcomes y.

A limit is `lower <= A x + B y <= upper`, as `problems.program` has it; y are weighted sums over time of single elements
of the model's outputs. One that is held against the run without the policy has a third part, of the same sums of that
run (see `amounts`). Ramps follow from two numbers for each element and period, so that these are carried and not rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from sd_models.system.model import FloatArray

from ..plans.affine import Triplets
from ..plans.kinds import RowKind
from ..plans.limits import Binder, Rows
from ..plans.quantities import Quantities, Registry
from ..plans.ramps import steps_of
from .amounts import Sides
from .arrays import packed
from .decisions import is_budget
from .subject import Subject

LIMITS = (RowKind.LIMIT, RowKind.LOWER_BOUND, RowKind.UPPER_BOUND, RowKind.FIXED_VALUES)
MOST_BYTES = 3_000_000  # of all limits of a page


def watched(subject: Subject, rows: Mapping[str, slice]) -> tuple[dict[str, Any], tuple[Rows, ...]]:
    """The limits, ramps, outcomes and objective of a plan, and the limits that are left out because they are too large.

    `rows` are the rows of the variables among the outputs of the page's model.
    """
    amounts = subject.amounts
    shape = subject.problem.size, len(amounts.quantities)
    limits = [each for each in subject.problem.bound.rows if each.kind in LIMITS]
    told = [_limit(each, shape, amounts.limits.get(each.name)) for each in limits]
    kept = _fitting(told)
    left_out = (each for place, each in enumerate(limits) if place not in kept)
    return {
        "quantities": _quantities(amounts.quantities, rows),
        "limits": [each for place, each in enumerate(told) if place in kept],
        "ramps": list(_ramps(subject)),
        "objective": _objective(subject, shape),
    }, tuple(left_out)


def _fitting(limits: Sequence[Mapping[str, Any]]) -> set[int]:
    """The places of the limits that fit: budgets first, then the smallest."""
    sizes = [len(json.dumps(limit)) for limit in limits]
    kept: set[int] = set()
    room = MOST_BYTES
    for place in sorted(range(len(limits)), key=lambda i: (not limits[i]["isBudget"], sizes[i])):
        room -= sizes[place]
        if room >= 0:
            kept.add(place)
    return kept


def _quantities(quantities: Quantities, rows: Mapping[str, slice]) -> dict[str, Any]:
    """Each outcome: its row among the outputs and its window; the weights of each window over the horizon's points."""
    return {
        "rows": packed(np.array([rows[name].start + element for name, element in quantities.elements], dtype=np.int64)),
        "windows": packed(quantities.windows),
        "weights": sparse(csr_array(quantities.weights)),
    }


def _limit(rows: Rows, shape: tuple[int, int], sides: Sides | None) -> dict[str, Any]:
    levers = rows.expression.levers.matrix((len(rows.expression), shape[0]))
    return {
        "name": rows.name,
        "kind": str(rows.kind),
        "unit": rows.unit,
        "axes": {dimension: list(elements) for dimension, elements in rows.axes.items()},
        "starts": [window.start for window in rows.windows],
        "ends": [window.end for window in rows.windows],
        "window": str(rows.windows[0].kind),
        "lower": packed(rows.lower if sides is None else sides.lower),
        "upper": packed(rows.upper if sides is None else sides.upper),
        "own": packed(rows.own),
        "levers": sparse(levers),
        "outcomes": sparse(rows.expression.outcomes.matrix((len(rows.expression), shape[1]))),
        "baseline": None if sides is None else sparse(sides.taken),
        "isBudget": is_budget(rows, shape[0]),
    }


def _ramps(subject: Subject) -> Iterator[dict[str, Any]]:
    """How far each lever moves from one period to the next: a share of its value and an amount, by element and step.

    Steps begin with that into the first period where a lever has a value before it, `start`, by element.
    """
    problem = subject.problem
    blocks, registry = problem.bound.blocks, Registry(len(problem.horizon.points))
    binder = Binder(problem.system, problem.horizon, blocks, {}, problem.own_paths, registry, problem.own_before)
    for number, block in enumerate(blocks):
        steps = None if block.lever.ramp is None else steps_of(binder, block, block.lever.ramp)
        if steps is not None and steps.windows:
            yield {
                "lever": number,
                "name": RowKind.RAMP.named(block.variable),
                "relative": packed(steps.relative.ravel()),
                "absolute": packed(steps.absolute.ravel()),
                "start": None if steps.start is None else packed(steps.start),
            }


def _objective(subject: Subject, shape: tuple[int, int]) -> dict[str, Any]:
    """The objective as one row."""
    goal = subject.problem.bound.objective
    return {
        "variable": subject.system[subject.plan.objective.variable].name,
        "sign": subject.plan.objective.sign,
        "measure": str(subject.plan.objective.measure),
        "discount": subject.plan.objective.discount,
        "finalWeight": subject.plan.objective.final_weight,
        "constant": float(goal.constant[0]),
        "levers": _row(goal.levers, shape[0]),
        "outcomes": _row(goal.outcomes, shape[1]),
    }


def _row(entries: Triplets, length: int) -> dict[str, Any]:
    return sparse(entries.matrix((1, length)))


def sparse(matrix: csr_array) -> dict[str, Any]:
    """A sparse matrix by rows: where each begins, its columns, its values."""
    values: FloatArray = np.asarray(matrix.data, dtype=np.float64)
    return {
        "pointers": packed(np.asarray(matrix.indptr, dtype=np.int64)),
        "columns": packed(np.asarray(matrix.indices, dtype=np.int64)),
        "values": packed(values),
    }

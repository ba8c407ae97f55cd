"""A problem as a program, straight from the plan's rows, without Pyomo in between.

The default road goes by Pyomo, which people may extend; a test holds that both give the same arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sd_models.system.model import FloatArray

from ..plans.affine import Affine, stacked
from ..plans.levers import LeverBlock
from ..plans.limits import Rows
from .problem import Problem
from .program import Block, Program


def assemble(problem: Problem) -> Program:
    """The arrays of a problem: costs, bounds, the rows of its limits in the order of the plan, and its outcomes.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> program = opt.assemble(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> len(program.lever_cost), program.row_names
    (62, ('budget', 'budget'))
    """
    n, m = problem.size, len(problem.bound.quantities)
    rows = problem.bound.rows
    body = stacked(each.expression for each in rows)
    lower, upper = sides_of(rows)
    goal, sign = problem.bound.objective, -problem.plan.objective.sign
    return Program(
        outcomes=problem.outcomes,
        sign=sign,
        lever_cost=sign * _row(goal, n, "levers"),
        outcome_cost=sign * _row(goal, m, "outcomes"),
        constant=sign * float(goal.constant[0]),
        lower=problem.lower,
        upper=problem.upper,
        lever_rows=body.levers.matrix((len(body), n)),
        outcome_rows=body.outcomes.matrix((len(body), m)),
        row_lower=lower - body.constant,
        row_upper=upper - body.constant,
        row_names=plan_names(problem),
        amounts=plan_amounts(problem),
        **surroundings(problem),
    )


def surroundings(problem: Problem) -> dict[str, Any]:
    """What a program is measured by: reference, peaks and blocks; and the words for a run that left the numbers."""
    return {
        "reference": problem.own,
        "peaks": problem.peaks,
        "blocks": tuple(_block(problem, block) for block in problem.bound.blocks),
        "complaint": problem.complaint,
    }


def plan_names(problem: Problem) -> tuple[str, ...]:
    """The name of each row of the plan: that of its limit."""
    return tuple(rows.name for rows in problem.bound.rows for _ in range(len(rows.expression)))


def plan_amounts(problem: Problem) -> FloatArray:
    """The size of the amount that each row of the plan is held to, as the plan words it."""
    return np.concatenate([np.zeros(0), *(_amounts(rows) for rows in problem.bound.rows)])


def _amounts(rows: Rows) -> FloatArray:
    sides = np.abs([rows.lower + rows.own, rows.upper + rows.own])
    return np.asarray(np.where(np.isfinite(sides), sides, 0.0).max(axis=0))


def sides_of(rows: tuple[Rows, ...]) -> tuple[FloatArray, FloatArray]:
    """The lower and the upper sides of all rows."""
    none = np.zeros(0)
    return np.concatenate([none, *(each.lower for each in rows)]), np.concatenate(
        [none, *(each.upper for each in rows)]
    )


def _row(goal: Affine, count: int, part: str) -> FloatArray:
    return np.asarray(getattr(goal, part).matrix((1, count)).toarray()[0])


def _block(problem: Problem, block: LeverBlock) -> Block:
    variable, system = problem.system[block.variable], problem.system
    at = np.unravel_index(block.elements, system.shape(variable)) if variable.dimensions else ()
    places = {name: np.asarray(each, dtype=np.int64) for name, each in zip(variable.dimensions, at, strict=True)}
    return Block(block.variable, block.numbers, places)

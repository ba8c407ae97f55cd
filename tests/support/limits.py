"""Each kind of limit as in a plan, and by hand in NumPy what it says of a run of the islands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from optimize.plans.limits import Rows
from optimize.problems.problem import Problem
from support import islands
from support.islands import STEP, simulated

Values = npt.NDArray[np.float64]
Run = dict[str, Values]
START = 4  # the point at which the horizon begins
YEARS = 4


def always(path: Values) -> Values:
    """The mean over each of the four years, in front."""
    inner = path[START:-1]
    return inner.reshape((YEARS, 2, *path.shape[1:])).mean(axis=1)


def total(path: Values) -> Values:
    """The integral over the horizon, as one window."""
    return STEP * path[START:-1].sum(axis=0, keepdims=True)


def final(path: Values) -> Values:
    """The last value, as one window."""
    return path[-1:]


def slacks(problem: Problem, rows: Rows, x: Values) -> tuple[Values, Values]:
    """The value of the rows over the lower and over the upper end, (cells, windows)."""
    y = problem.outcomes.evaluate(x).y
    shape = (len(rows.expression), problem.size), (len(rows.expression), len(y))
    value = rows.expression.levers.matrix(shape[0]) @ x + rows.expression.outcomes.matrix(shape[1]) @ y
    return (value - rows.lower).reshape(rows.shape), (value - rows.upper).reshape(rows.shape)


def moved(problem: Problem, seed: int = 0) -> tuple[Values, Run]:
    """A policy drawn at random, and the run by hand that it gives."""
    x = np.random.default_rng(seed).uniform(0.1, 2.0, problem.size)
    policy = problem.policy(x)
    points = round((islands.LAST - islands.FIRST) / STEP) + 1
    spending = np.broadcast_to(islands.OWN_SPENDING, (points, 3, 3))
    tax = np.full(points, 0.2)
    return x, simulated(
        policy["spending"].to_numpy() if "spending" in policy else spending,
        policy["tax rate"].to_numpy() if "tax rate" in policy else tax,
    )


OWN = simulated(np.broadcast_to(islands.OWN_SPENDING, (13, 3, 3)), np.full(13, 0.2))  # the run without a policy

# Each limit as in a plan, and by hand what its left side exceeds its right side by: windows first, then dimensions.
LIMITS: dict[str, tuple[dict[str, Any], Callable[[Run], Values]]] = {
    "sum of a lever over all dimensions": (
        {"sum": "spending", "over": ["island", "good"], "at_most": 7.0},
        lambda r: always(r["spending"].sum(axis=(1, 2))) - 7.0,
    ),
    "a moved variable as the right side": (
        {"sum": "spending", "over": ["island", "good"], "at_most": "budget"},
        lambda r: always(r["spending"].sum(axis=(1, 2)) - r["budget"]),
    ),
    "sum over one dimension leaves the other": (
        {"sum": "spending", "over": ["good"], "at_most": 3.0},
        lambda r: always(r["spending"].sum(axis=2)) - 3.0,
    ),
    "a right side with the dimension that stays": (
        {"sum": "spending", "over": ["good"], "at_most": "ceiling"},
        lambda r: always(r["spending"].sum(axis=2)) - np.array([3.0, 4.0, 5.0]),
    ),
    "a path of points, straight between": (
        {"sum": "spending", "over": ["island", "good"], "at_most": [[2, 1.0], [4, 3.0]]},
        lambda r: always(r["spending"].sum(axis=(1, 2))) - np.array([1.0, 2.0, 3.0, 3.0]),
    ),
    "a variable that no lever moves as the right side": (
        {"sum": "spending", "over": ["island", "good"], "at_most": "price"},
        lambda r: always(r["spending"].sum(axis=(1, 2)) - r["price"]),
    ),
    "each element by itself": (
        {"variable": "income", "at_most": 1.0},
        lambda r: always(r["income"]) - 1.0,
    ),
    "where one element": (
        {"variable": "capital", "where": {"island": "east"}, "at_most": 1.0},
        lambda r: always(r["capital"][:, 2:]) - 1.0,
    ),
    "where a subrange, summed over the other dimension": (
        {"sum": "spending", "over": ["good"], "where": {"island": "warm"}, "at_most": 1.0},
        lambda r: always(r["spending"][:, 1:].sum(axis=2)) - 1.0,
    ),
    "where a subrange that is summed": (
        {"sum": "spending", "over": ["island", "good"], "where": {"good": "hard"}, "at_most": 1.0},
        lambda r: always(r["spending"][:, :, :2].sum(axis=(1, 2))) - 1.0,
    ),
    "where a list of elements and whatever case": (
        {"sum": "Spending", "over": ["island", "good"], "where": {"good": ["Books", "rice"]}, "at_most": 1.0},
        lambda r: always(r["spending"][:, :, [0, 2]].sum(axis=(1, 2))) - 1.0,
    ),
    "terms by name with factors": (
        {"terms": {"total income": 1.0, "budget": -2.0}, "at_most": 0.0},
        lambda r: always(r["total income"] - 2 * r["budget"]),
    ),
    "terms in a list: a share of a sum": (
        {
            "terms": [
                {"variable": "spending", "over": ["island", "good"], "where": {"good": "books"}},
                {"variable": "spending", "over": ["island", "good"], "factor": -0.1},
            ],
            "at_most": 0.0,
        },
        lambda r: always(r["spending"][:, :, 2].sum(axis=1) - 0.1 * r["spending"].sum(axis=(1, 2))),
    ),
    "a term without the dimension that stays": (
        {
            "terms": [
                {"variable": "spending", "over": ["good"]},
                {"variable": "total income", "factor": -0.3},
            ],
            "at_most": 0.0,
        },
        lambda r: always(r["spending"].sum(axis=2) - 0.3 * r["total income"][:, np.newaxis]),
    ),
    "a term times a variable that no lever moves": (
        {
            "terms": [
                {"variable": "spending", "over": ["good"]},
                {"variable": "budget", "factor": -0.5, "by": "people"},
            ],
            "at_most": 0.0,
        },
        lambda r: always(r["spending"].sum(axis=2) - 0.5 * r["people"] * r["budget"][:, np.newaxis]),
    ),
    "final": (
        {"variable": "income", "at_most": 2.0, "when": "final"},
        lambda r: final(r["income"]) - 2.0,
    ),
    "total": (
        {"sum": "spending", "over": ["island", "good"], "at_most": 20.0, "when": "total"},
        lambda r: total(r["spending"].sum(axis=(1, 2))) - 20.0,
    ),
    "total of a right side": (
        {"sum": "income", "over": ["island"], "at_most": "budget", "when": "total"},
        lambda r: total(r["income"].sum(axis=1) - r["budget"]),
    ),
    "totals of two years each": (
        {"variable": "total income", "at_most": 5.0, "when": {"each": 2.0}},
        lambda r: STEP * r["total income"][START:-1].reshape(2, 4).sum(axis=1) - 5.0,
    ),
    "totals of three years, the last one shorter": (
        {"variable": "total income", "at_most": 5.0, "when": {"each": 3.0}},
        lambda r: STEP * np.array([r["total income"][4:10].sum(), r["total income"][10:12].sum()]) - 5.0,
    ),
    "from a time on": (
        {"variable": "total income", "at_most": 5.0, "when": {"from": 4}},
        lambda r: always(r["total income"])[2:] - 5.0,
    ),
    "from a time to another": (
        {"variable": "total income", "at_most": 5.0, "when": {"from": 3, "to": 4}},
        lambda r: always(r["total income"])[1:3] - 5.0,
    ),
    "the value in an earlier period": (
        {"variable": "income", "at_most": {"variable": "income", "at": 3}, "when": {"from": 4}},
        lambda r: always(r["income"])[2:] - always(r["income"])[1],
    ),
    "a share of a variable at the same time": (
        {"variable": "income", "at_most": {"variable": "total income", "factor": 0.4}},
        lambda r: always(r["income"] - 0.4 * r["total income"][:, np.newaxis]),
    ),
    "in one of two periods": (
        {"variable": "total income", "at_most": 5.0, "when": {"from": 3, "every": 2}},
        lambda r: always(r["total income"])[1::2] - 5.0,
    ),
    "in single periods": (
        {"variable": "income", "at_most": 5.0, "when": [5, 2]},
        lambda r: always(r["income"])[[0, 3]] - 5.0,
    ),
    "what it is without the policy": (
        {
            "variable": "income",
            "at_most": {"variable": "income", "baseline": True, "factor": 0.99},
            "when": {"from": 3},
        },
        lambda r: (always(r["income"]) - 0.99 * always(OWN["income"]))[1:],
    ),
    "without the policy, all elements alike": (
        {"variable": "income", "at_most": {"variable": "total income", "baseline": True, "factor": 0.4}},
        lambda r: always(r["income"]) - 0.4 * always(OWN["total income"])[:, np.newaxis],
    ),
    "the end without the policy": (
        {"variable": "capital", "at_most": {"variable": "capital", "baseline": True}, "when": "final"},
        lambda r: final(r["capital"] - OWN["capital"]),
    ),
    "the total without the policy": (
        {
            "sum": "income",
            "over": ["island"],
            "at_most": {"variable": "total income", "baseline": True, "factor": 1.1},
            "when": "total",
        },
        lambda r: total(r["total income"] - 1.1 * OWN["total income"]),
    ),
    "the value in an earlier period without the policy": (
        {"variable": "income", "at_most": {"variable": "income", "baseline": True, "at": 3}, "when": {"from": 4}},
        lambda r: always(r["income"])[2:] - always(OWN["income"])[1],
    ),
    "a lever against the model's own values": (
        {"variable": "spending", "at_most": {"variable": "spending", "baseline": True, "factor": 2.0}},
        lambda r: always(r["spending"] - 2.0 * OWN["spending"]),
    ),
    "a mean of a variable that no lever moves, at one time": (
        {"variable": "total income", "at_most": {"variable": "price", "at": 5, "factor": 2.0}},
        lambda r: always(r["total income"]) - 2.0 * always(r["price"])[3],
    ),
}

"""How far the gain of a policy moves with each constant of the model: exact gradients times ranges.

The policy is left as it is. The gain is the objective with it less that without, and both move with a constant. What
one backward pass of each run gives holds for small changes; over a whole range it is a first look, which a screening
takes further.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sd_models.dynamics.timing import TimeSpan
from sd_models.errors import SimulationError
from sd_models.simulator.sensitivity import adjoint
from sd_models.simulator.simulation import compile

from ..explanation.target import Question, Target
from ..pages.constants import MOST_LOOKED_AT, Constant, ranged_constants
from ..pages.subject import Subject as Page
from ..plans.horizon import horizon_end


@dataclass(frozen=True, slots=True)
class Leaning:
    """How far the objective with the policy, and its gain, move as a constant goes through its range.

    Both have the sign of the change that a larger constant brings.
    """

    constant: Constant
    objective: float
    gain: float


def leanings(question: Question, target: Target) -> tuple[Leaning, ...]:
    """The constants that can be changed, those with which the gain moves most first; none of a model without such.

    Constants from which an amount of the plan follows are left out, since limits would be others.
    """
    found = ranged_constants(Page(question.problem, question.result))[:MOST_LOOKED_AT]
    if not found:
        return ()
    names = list(dict.fromkeys(one.variable for one in found))
    simulator = compile(
        question.problem.system,
        levers=question.problem.lever_names,
        constants=names,
        outputs=[target.variable],
        time=TimeSpan(stop=horizon_end(question.problem.plan)),
    )
    asked = replace(question, simulator=simulator)
    weights = asked.weights(target)[np.newaxis]
    try:
        runs = [adjoint(simulator, inputs, weights) for inputs in (asked.decided, asked.own)]
    except SimulationError:  # the model's own run has no numbers
        return ()
    rows = simulator.model.constants.rows
    with_it, without = (gradients[1][0, :, 0] for _, gradients in runs)
    moved = []
    for one in found:
        at = rows[one.variable].start + one.place
        span = one.high - one.low
        moved.append(Leaning(one, float(with_it[at]) * span, float(with_it[at] - without[at]) * span))
    told = [one for one in moved if np.isfinite([one.objective, one.gain]).all() and (one.gain or one.objective)]
    return tuple(sorted(told, key=lambda one: -abs(one.gain)))

"""Small plans whose optima stand on kinks and jumps, known by hand.

Each decides over four years; what is told holds in every year, as the objective is a mean. Stocks move where they are
named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optimize as opt
from optimize.problems.problem import Problem

from .models import loaded

CONTROLS = "INITIAL TIME = 0 ~~|\nFINAL TIME = 4 ~~|\nTIME STEP = 0.5 ~~|\nSAVEPER = TIME STEP ~~|\n"


@dataclass(frozen=True)
class Kinked:
    """Equations with the lever `u`, changes of the plan, the best objective, and where it is in words.

    `nearby` is the worst local optimum that a search from the middle of the range may end at.
    """

    model: str
    best: float
    where: str
    nearby: float | None = None
    plan: Mapping[str, Any] = field(default_factory=dict)

    def problem(self, folder: Path) -> Problem:
        """The model and its plan: most `gain`, with u from 0 to 8 every year."""
        content = {
            "model": "case.mdl",
            "horizon": [0, 3],
            "objective": {"maximize": "gain", "measure": "mean"},
            "lever": [{"variable": "u", "lower": 0, "upper": 8}],
        }
        return Problem(loaded(folder, self.model, controls=CONTROLS), opt.read_plan({**content, **self.plan}))


_BUDGET = {"name": "budget", "variable": "cost", "at_most": 6.0}
_REGIONS = "region: a, b, c ~~|\nu[region] = 0.1, 0.1, 0.1 ~~|\n"

KINKED: Mapping[str, Kinked] = {
    "MIN": Kinked("u = 1 ~~|\ngain = MIN(u, 6 - 2 * u) ~~|", 2.0, "u is 2, where both are equal"),
    "MAX": Kinked("u = 1 ~~|\ngain = 9 - MAX(u, 6 - 2 * u) ~~|", 7.0, "u is 2, where both are equal"),
    "corner": Kinked("u = 1 ~~|\nt((0,0),(2,4),(5,1)) ~~|\ngain = t(u) ~~|", 4.0, "u is 2, on a corner"),
    "two corners": Kinked(
        "u = 1 ~~|\nt((0,0),(2,4),(5,1)) ~~|\ns((0,0),(3,1),(8,-9)) ~~|\ngain = t(u) + s(u) ~~|",
        4.0 + 2 / 3,
        "u is 2, on the first of two corners",
    ),
    "peak": Kinked("u = 3 ~~|\ngain = 5 - ABS(u - 3) ~~|", 5.0, "u is 3, where the model's own value is"),
    "valley": Kinked("u = 1.2 ~~|\ngain = ABS(u - 3) ~~|", 5.0, "u is 8, beyond the valley", nearby=3.0),
    "IF": Kinked("u = 1 ~~|\ngain = IF THEN ELSE(u < 2, u, 3 - 0.5 * u) ~~|", 2.0, "u is 2, where the branches meet"),
    "jump": Kinked(
        "u = 1 ~~|\ngain = IF THEN ELSE(u > 3, 10 - u, u) ~~|", 7.0, "u is just above 3, behind the jump", nearby=3.0
    ),
    "surcharge": Kinked(
        f"{_REGIONS}gain = SUM(SQRT(u[region!] + 1)) ~~|\nall = SUM(u[region!]) ~~|\ncost = all + MAX(0, all - 4) ~~|",
        3 * (5 / 3 + 1) ** 0.5,
        "5 in all, split evenly: what is above 4 costs twice",
        plan={"limit": [_BUDGET]},
    ),
    "fairness": Kinked(
        f"{_REGIONS}back[region] = 1, 2, 3 ~~|\nincome[region] = back[region] * u[region] ~~|\n"
        "cost = SUM(u[region!]) ~~|\ngain = VMIN(income[region!]) ~~|",
        6 / (1 + 1 / 2 + 1 / 3),
        "equal incomes",
        plan={"limit": [_BUDGET]},
    ),
    "capacity": Kinked(
        "u = 1 ~~|\nroom = 2 + 0.5 * made ~~|\nflow = MIN(u, room) ~~|\nmade = INTEG(flow, 0) ~~|\n"
        "gain = flow - 0.2 * u ~~|",
        0.8 * 2.0 * (1.25**8 - 1) / 0.25 / 8,
        "u is the room in every half year, which grows by a quarter in each",
        plan={"lever": [{"variable": "u", "lower": 0, "upper": 90, "every": 0.5}], "horizon": [0, 3.5]},
    ),
}

"""An answer of a library as a solution: its levers run by the program, its own words kept as what it claimed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_models.system.model import FloatArray

from ...problems.optimality import violation
from ...problems.program import Program
from ...problems.rounding import HOLDS, WHOLE, mended
from ..solver import Claim, Ending, Solution, Watch


@dataclass(frozen=True, eq=False)
class Answer:
    """Levers that a library tells (None where it tells none), how it ended, and its own words.

    Objective and bound are in the direction that people see.
    """

    x: FloatArray | None
    ending: Ending
    status: str
    objective: float = np.nan
    bound: float | None = None

    @property
    def claim(self) -> Claim:
        """What it says."""
        bound = self.bound if self.bound is not None and np.isfinite(self.bound) else None
        return Claim(float(self.objective), self.status, bound, self.ending)


def solution(program: Program, start: FloatArray, answer: Answer, watch: Watch, name: str) -> Solution:
    """The solution that stands behind an answer: levers within their bounds, run by the program.

    Rounding that breaks limits is taken from them (`rounding.py`). An optimum that does not keep the limits in the run
    is called stalled. Libraries tell no prices here: whoever needs them finds them at the policy, as `certify` does.
    """
    told = answer.x is not None and bool(np.isfinite(answer.x).all())
    at = mended(program, program.evaluate(within(program, answer.x if answer.x is not None and told else start)))
    missed = violation(program, at.x, at.y) if at.is_finite else np.inf
    ending, notes = answer.ending, [f"{name} ended with: {answer.status}."]
    if ending is Ending.OPTIMAL and not (told and missed <= HOLDS):
        ending = Ending.STALLED if at.is_finite else Ending.FAILED
        notes.append(f"Run by the model, its answer misses a limit by {missed:.1e} of its size.")
    if ending is not Ending.OPTIMAL and (stopped := watch.ending()) is not None:
        ending = stopped
    rows, levers = np.zeros(len(program.row_lower)), np.zeros(len(at.x))
    quadratics = np.zeros(len(program.quadratics))
    return Solution(
        ending, at.x, at.y, rows, levers, quadratics, np.inf, missed, notes=tuple(notes), claim=answer.claim
    )


def within(program: Program, x: FloatArray) -> FloatArray:
    """Levers within their bounds, whole numbers whole where a library meant them to be."""
    whole = np.zeros(len(x), dtype=bool)
    whole[program.integers] = True
    near = whole & (np.abs(x - np.round(x)) <= WHOLE)
    return np.clip(np.where(near, np.round(x), x), program.lower, program.upper)

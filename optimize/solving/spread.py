"""What several starts found, in a sentence: how many ended at the best value, and how far the others are from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..problems.problem import Problem
from ..problems.program import Program
from ..results.prices import objective_unit
from ..results.verdict import TOLERANCE
from ..results.words import WORDS
from .search import End, best_of

# Values that differ by no more than this part of the best are one: each search ends within its tolerance.
SAME_VALUE = 1e-6


def spread(problem: Problem, program: Program, ends: Sequence[End]) -> Iterator[str]:
    """How many of the starts ended where; nothing where there was to be one start alone."""
    asked = problem.plan.solver.starts
    if asked < 2:
        return
    kept = [end for end in ends if end.best.violation <= TOLERANCE and np.isfinite(end.best.cost)]
    if len(ends) < asked:
        yield WORDS.say("note_starts_left", count=len(ends), of=asked)
    if kept:
        yield _values(problem, program, kept)
    if len(kept) < len(ends):
        yield WORDS.say("note_starts_lost", count=len(ends) - len(kept), of=len(ends))


def _values(problem: Problem, program: Program, kept: Sequence[End]) -> str:
    """The best value and how many have it; the range of the others, the best of them first."""
    best = best_of(kept).best.cost
    others = sorted(end.best.cost for end in kept if end.best.cost - best > SAME_VALUE * abs(best))
    unit = objective_unit(problem.plan, problem.system)
    value = f"{program.sign * best:.7g} {unit}".strip()
    if not others:
        return WORDS.say("note_starts_same", count=len(kept), value=value)
    first, last = (f"{program.sign * cost:.7g}" for cost in (others[0], others[-1]))
    word = "note_starts_other" if first == last else "note_starts_spread"
    same = len(kept) - len(others)
    return WORDS.say(word, count=len(kept), same=same, value=value, first=first, last=last)

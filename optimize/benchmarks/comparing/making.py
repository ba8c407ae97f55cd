"""A problem as its runs find it: made, compiled, with the start of all solvers, and its equations where it has them.

All of it happens in one process, from which those of the runs are forked; see `sharing.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from sd_models.system.model import FloatArray

from ...families.instance import start_of
from ...problems.program import Program
from .recording import Clock
from .tasks import Posed

States = Callable[[FloatArray], Any]


@dataclass(eq=False)
class Made:
    """A program, where all solvers begin, its objective there, and the seconds that it took to make them.

    `model` are its equations at the start, where somebody stated them in `stating` seconds. The first who asks for them
    may change them, so they are given once.
    """

    program: Program
    start: FloatArray
    started: float
    seconds: float
    model: Any = None
    stating: float = 0.0

    @property
    def can_state(self) -> bool:
        """Whether its equations could be stated and are not."""
        return self.model is None and self.program.equations is not None

    def stated(self) -> Made:
        """With its equations; whatever error stating them raises."""
        assert self.program.equations is not None
        begun = perf_counter()
        model = self.program.equations(self.start)
        return replace(self, model=model, stating=perf_counter() - begun)

    def stater(self, clock: Clock) -> States | None:
        """What gives the equations at levers, the time of stating them told and kept apart."""
        states = clock.apart(self.program.equations)
        if self.model is None or states is None:
            return states

        def given(x: FloatArray) -> Any:
            model, self.model = self.model, None
            if model is None or not np.array_equal(x, self.start):
                return states(x)
            clock.took_before(self.stating)
            return model

        return given


def make(instance: Posed) -> Made:
    """The problem of an instance, compiled; whatever error making it raises."""
    begun = perf_counter()
    program = instance.program()
    start = start_of(program)
    run = program.evaluate(start)  # compiled by now, so that the clock starts with the search
    objective = program.sign * program.cost(run.x, run.y)
    return Made(program, start, objective, perf_counter() - begun)

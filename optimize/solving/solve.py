"""`solve`: a problem to its result, by a solver of the table, from one or several starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from time import perf_counter
from typing import Literal, TypeAlias

import numpy as np
import xarray as xr

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray

from ..headlines.names import names
from ..plans.plan import SolverChoice
from ..problems.presolve import presolve
from ..problems.problem import Problem
from ..problems.program import Program
from ..problems.pyomo_model import Constraints, state, tightened
from ..problems.pyomo_reader import program as program_of
from ..results.result import Result
from ..results.verdict import TOLERANCE
from ..solvers.choice import named_solver, own_name
from ..solvers.rows import Row
from ..solvers.solver import Ending, Solver, Watch
from ..solvers.starts import neutral, over_the_range
from ..solvers.traits import Trait
from ..transcription.transcription import transcribe
from .conclusion import Conclusion
from .kinks import OverKinks
from .oversight import Candidate, Oversight
from .policy_runs import PolicyRuns
from .search import End, Search

Start: TypeAlias = "FloatArray | Mapping[str, xr.DataArray] | xr.Dataset"


def solve(
    problem: Problem,
    *,
    solver: str | Solver | None = None,
    constraints: Constraints | None = None,
    watch: Watch | None = None,
    start: Start | None = None,
) -> Result:
    """The best policy that the solver finds, with all that is known about it. How it ended is `result.status`.

    `solver` is a name or a solver with its options, by default the plan's. `constraints` may add linear and convex
    quadratic Pyomo constraints on `model.levers` and `model.outcomes`, and tighten what the plan says, but not loosen
    it: a result is held to the words of the plan. `watch` is told of each iteration and may ask to stop. `start` is a
    policy to start from, or a vector of all levers; by default the model's own values.

    Ctrl-C ends the solve and returns the best policy so far. PySD does not replay the result here; `verify` does.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> str(result.findings.ending), result.objective > result.baseline_objective
    ('optimal', True)
    """
    chosen = chosen_solver(solver, problem.plan.solver, problem.size)
    with np.errstate(over="ignore"):  # beside a pole slopes leave the numbers: infinite, they keep to no tolerance
        return _Solve(problem, chosen, watch, constraints).result(start)


def chosen_solver(solver: str | Solver | None, choice: SolverChoice, levers: int = 0) -> Solver:
    """The solver that is wanted, by default the plan's or the one that suits so many levers, with the options that the
    plan sets."""
    if solver is None or isinstance(solver, str):
        given = {key: getattr(choice, key) for key in choice.model_fields_set}
        name = solver or choice.name or own_name(levers)
        return named_solver(name, {"time_limit": choice.time_limit, **given})
    return solver


@dataclass
class _Clock:
    """Seconds by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Counts what runs inside."""
        began = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - began


@dataclass(eq=False)
class _Solve:
    """One call of `solve`."""

    problem: Problem
    solver: Solver
    watch: Watch | None
    constraints: Constraints | None
    clock: _Clock = field(default_factory=_Clock)
    notes: list[str] = field(default_factory=list)

    def result(self, start: Start | None) -> Result:
        """All phases."""
        problem, constraints = self.problem, self.constraints
        oversight = Oversight(problem.plan.solver.time_limit, TOLERANCE, self.watch)
        with self.clock.phase("compile"):
            first = vector(problem, start)
            stated = state(problem) if constraints is None else tightened(problem, constraints)
            equations = partial(transcribe, problem, constraints=constraints, kinks=self._kinks)
            program = replace(program_of(stated, problem), notice=oversight.saw, equations=equations)
            presolved = presolve(program)
            names(problem.system)  # a table beside the model that is wrong costs no search
            if start is None and not problem.broken:
                first = neutral(presolved.program, stop=lambda: False)
            runs = PolicyRuns.of(problem)
            baseline, own = runs.own(), program.origin
            _ = program.gradients(own, np.arange(min(1, len(own.y))))  # built here, not in the first iteration
            oversight.program = program
        with self.clock.phase("solve"):
            oversight.began = perf_counter()
            hopeless = problem.broken or len(presolved.hopeless)
            ends = [_hopeless(program, first)] if hopeless else self._ends(oversight, presolved.program, first)
        with self.clock.phase("result"):
            found = Conclusion(problem, self.solver, oversight, presolved, ends, self.detour, runs, baseline)
            result = found.result(self.notes)
        return with_seconds(result, **self.clock.seconds)

    @property
    def _kinks(self) -> Literal["absolute", "integers"]:
        """How equations state kinks: exactly with whole numbers for a solver that knows such."""
        row = getattr(self.solver, "row", None)
        return "integers" if isinstance(row, Row) and Trait.INTEGERS in row.takes else "absolute"

    @cached_property
    def detour(self) -> OverKinks:
        """The way over kinks."""
        return OverKinks(self.problem, self.constraints)

    def _ends(self, oversight: Oversight, program: Program, first: FloatArray) -> list[End]:
        """Where the search ends from each start."""
        seed = self.problem.plan.solver.seed
        detour = None if self._kinks == "integers" else self.detour
        search = Search(program, self.solver, oversight, seed, detour, self.notes)
        return [search.end(x) for x in self._starts(program, first, oversight)]

    def _starts(self, program: Program, first: FloatArray, oversight: Oversight) -> Iterator[FloatArray]:
        """The starts, as long as nobody asks to stop."""
        count = self.problem.plan.solver.starts
        if count > 1:
            oversight.begin(f"Start 1 of {count}")
        yield first
        for number in range(1, count):
            if oversight.ending() is not None:
                return
            oversight.begin(f"Start {number + 1} of {count}")
            yield over_the_range(program, number, self.problem.plan.solver.seed)


def _hopeless(program: Program, x: FloatArray) -> End:
    """Where nothing is searched: a limit does not hold, whatever the levers do within their bounds."""
    at = program.evaluate(np.clip(x, program.lower, program.upper))
    best = Candidate(at.x, at.y, program.cost(at.x, at.y), np.inf)
    return End(best, Ending.INFEASIBLE, None)


def vector(problem: Problem, start: Start | None) -> FloatArray:
    """All levers as one vector: of a policy the mean over each period, without one the model's own values."""
    if start is None:
        return problem.own
    if isinstance(start, Mapping):
        return problem.vector({str(name): values for name, values in start.items()})
    try:
        x = np.asarray(start, dtype=np.float64)
    except (TypeError, ValueError):
        x = np.full(1, np.nan)
    if x.shape != (problem.size,) or not np.isfinite(x).all():
        found = f"the start is neither a policy nor a vector of finite numbers; expected {problem.size} numbers."
        raise InvalidRequest(Fault(found, file=problem.file))
    return x


def with_seconds(result: Result, /, **seconds: float) -> Result:
    """The result with the seconds of further phases."""
    return replace(result, work=replace(result.work, seconds={**seconds, **result.work.seconds}))

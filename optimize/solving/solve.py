"""`solve`: a problem to its result, by a solver of the table, from one or several starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import xarray as xr

from sd_models.errors import Fault, InvalidRequest, SimulationError
from sd_models.simulator.compilation import Layout
from sd_models.simulator.datasets import Frame
from sd_models.simulator.simulation import Simulator, compile
from sd_models.simulator.timing import SAME_TIME, TimeSpan
from sd_models.system.model import FloatArray

from ..files.provenance import digest_of, files_of, provenance
from ..plans.horizon import clock_of, horizon_end
from ..plans.plan import SolverChoice
from ..plans.quantities import time_unit
from ..problems.optimality import Marginals, Multipliers, most_violated, optimality, row_sizes, slopes
from ..problems.presolve import Presolved, presolve
from ..problems.problem import Problem
from ..problems.program import Evaluation, Program
from ..problems.pyomo_model import state, tightened
from ..problems.pyomo_reader import program as program_of
from ..problems.smoothed import widths_of
from ..results.certified import lever_words, looked
from ..results.groups import groups_of
from ..results.prices import at_bounds, objective_unit, shadow_prices
from ..results.result import Alternative, Result, Work, held_paths
from ..results.verdict import TOLERANCE, Findings, Looked
from ..results.verification import named_variables
from ..results.violations import violations
from ..solvers.choice import named_solver
from ..solvers.solver import Ending, Solver, Watch
from ..solvers.starts import neutral, over_the_range
from .infeasibility import conflict
from .kinks import OverKinks
from .oversight import Candidate, Oversight
from .search import End, Search, best_of

if TYPE_CHECKING:
    import pyomo.environ as pyo

Constraints: TypeAlias = "Callable[[pyo.ConcreteModel], None]"
Start: TypeAlias = "FloatArray | Mapping[str, xr.DataArray] | xr.Dataset"

# A policy from another start is worth telling if its objective is this near to the best, and it differs this much.
NEAR_OPTIMAL = 1e-3
DIFFERENT = 0.01
# A price is none if the limit's whole size, times it, is this small a part of the objective: the solver's rounding.
NO_EFFECT = 1e-9
# How long it may take to find which limits contradict each other, in seconds.
PATIENCE = 60.0


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
    return _Solve(problem, chosen_solver(solver, problem.plan.solver), watch).result(constraints, start)


def chosen_solver(solver: str | Solver | None, choice: SolverChoice) -> Solver:
    """The solver that is wanted, by default the plan's, with the options that the plan sets."""
    if solver is None or isinstance(solver, str):
        return named_solver(solver or choice.name, {key: getattr(choice, key) for key in choice.model_fields_set})
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


@dataclass(frozen=True, eq=False)
class _Runs:
    """What is run after a solve, compiled before it, so that an interruption is answered at once.

    One run gives two datasets: of all variables at the saved times, and of what the plan names at every step.
    """

    simulator: Simulator
    steps: Frame

    @classmethod
    def of(cls, problem: Problem) -> _Runs:
        """Compiles the model with all its variables."""
        system, plan = problem.system, problem.plan
        simulator = compile(system, levers=problem.lever_names, time=TimeSpan(stop=horizon_end(plan)))
        model, names = simulator.model, named_variables(plan, system)
        every = replace(model.grid, saved=np.arange(len(model.grid.times)))
        rows = {name: rows for name, rows in model.outputs.rows.items() if name in names or name == model.moving_end}
        fixed = {name: values for name, values in model.fixed.items() if name in names}
        return cls(simulator, Frame(replace(model, grid=every, outputs=Layout(rows), fixed=fixed)))

    def own(self) -> xr.Dataset:
        """All variables with the model's own levers."""
        return self.simulator.run()

    def own_steps(self) -> xr.Dataset:
        """What the plan names at every step with the model's own levers."""
        return self.steps.dataset(self.simulator.trajectories(self.simulator.inputs()), None)

    def of_policy(self, policy: Mapping[str, xr.DataArray]) -> tuple[xr.Dataset, xr.Dataset]:
        """All variables at the saved times, and what the plan names at every step; SimulationError for no numbers."""
        inputs = self.simulator.inputs(levers=policy)
        found = self.simulator.trajectories(inputs)
        self.simulator.check(inputs, found)
        return self.simulator.frame.dataset(found, None), self.steps.dataset(found, None)

    def broken(self, policy: Mapping[str, xr.DataArray]) -> xr.Dataset:
        """A run that left the numbers, as far as it came."""
        found = self.simulator.trajectories(self.simulator.inputs(levers=policy))
        return self.simulator.frame.dataset(found, None)


@dataclass(eq=False)
class _Solve:
    """One call of `solve`."""

    problem: Problem
    solver: Solver
    watch: Watch | None
    clock: _Clock = field(default_factory=_Clock)
    notes: list[str] = field(default_factory=list)

    def result(self, constraints: Constraints | None, start: Start | None) -> Result:
        """All phases."""
        problem = self.problem
        oversight = Oversight(problem.plan.solver.time_limit, TOLERANCE, self.watch)
        with self.clock.phase("compile"):
            first = vector(problem, start)
            stated = state(problem) if constraints is None else tightened(problem, constraints)
            program = replace(program_of(stated, problem), notice=oversight.saw)
            presolved = presolve(program)
            if start is None and not self.broken:
                first = neutral(presolved.program, stop=lambda: False)
            runs = _Runs.of(problem)
            baseline, own = runs.own(), program.origin
            _ = program.gradients(own, np.arange(min(1, len(own.y))))  # built here, not in the first iteration
            oversight.program = program
        with self.clock.phase("solve"):
            oversight.began = perf_counter()
            hopeless = self.broken or len(presolved.hopeless)
            ends = [self._hopeless(program, first)] if hopeless else self._ends(oversight, presolved.program, first)
        with self.clock.phase("result"):
            reached = program.sign * program.cost(own.x, own.y)
            return self._result(presolved, oversight, ends, runs, baseline, reached)

    @cached_property
    def detour(self) -> OverKinks:
        """The way over kinks."""
        return OverKinks(self.problem)

    @property
    def broken(self) -> tuple[str, ...]:
        """The limits that do not hold whatever the levers do, in words."""
        return tuple(limit.sentence for limit in self.problem.unmoved if not limit.holds)

    # --- before -----------------------------------------------------------------------------------------------------

    def _hopeless(self, program: Program, x: FloatArray) -> End:
        """Where nothing is searched: a limit does not hold, whatever the levers do within their bounds."""
        at = program.evaluate(np.clip(x, program.lower, program.upper))
        best = Candidate(at.x, at.y, program.cost(at.x, at.y), np.inf)
        return End(best, Ending.INFEASIBLE, None)

    def _ends(self, oversight: Oversight, program: Program, first: FloatArray) -> list[End]:
        """Where the search ends from each start."""
        seed = self.problem.plan.solver.seed
        search = Search(program, self.solver, oversight, seed, self.detour, self.notes)
        return [search.end(x) for x in self._starts(program, first, oversight)]

    def _starts(self, program: Program, first: FloatArray, oversight: Oversight) -> Iterator[FloatArray]:
        """The starts, as long as nobody asks to stop."""
        yield first
        for number in range(1, self.problem.plan.solver.starts):
            if oversight.ending() is not None:
                return
            yield over_the_range(program, number, self.problem.plan.solver.seed)

    # --- after ------------------------------------------------------------------------------------------------------

    def _result(
        self,
        presolved: Presolved,
        oversight: Oversight,
        ends: Sequence[End],
        runs: _Runs,
        baseline: xr.Dataset,
        baseline_objective: float,
    ) -> Result:
        problem, program = self.problem, presolved.original
        best = best_of(ends)
        x = np.clip(best.best.x, program.lower, program.upper)
        at = program.evaluate(x)
        found = _multipliers(best)
        multipliers = None if found is None else presolved.recovered(at, found)
        findings, checked, run = self._findings(program, best, at, multipliers, runs)
        told = multipliers if findings.is_feasible else None  # where limits do not hold there is no price of them
        prices = {} if told is None else self._prices(program, told, at)
        if multipliers is None and findings.ending not in (Ending.FAILED, Ending.INFEASIBLE, Ending.UNBOUNDED):
            self.notes.append("There are no shadow prices: the solver ended before it could tell them.")
        counts = program.counts
        return Result(
            plan=problem.plan,
            findings=findings,
            policy=held_paths(problem.policy(x), problem.horizon.starts),
            trajectories=run,
            baseline=baseline,
            shadow_prices=prices,
            multipliers=np.zeros(0) if told is None else told.rows,
            widths=np.zeros(0) if best.smooth is None else widths_of(best.smooth),
            objective=program.sign * program.cost(x, at.y) + 0.0,  # no -0
            baseline_objective=baseline_objective,
            objective_unit=objective_unit(problem.plan, problem.system),
            violations=checked,
            iterations=tuple(oversight.iterations),
            work=Work(problem.size, counts.simulations, counts.gradients, self.clock.seconds),
            provenance=self._provenance(),
            time_unit=time_unit(problem.system),
            groups=groups_of(problem.system),
            notes=tuple(dict.fromkeys((*_of_plan(problem), *self.notes, *_notes(ends)))),
            conflict=() if self.broken else self._contradiction(program, findings, x),
            alternatives=tuple(self._alternatives(program, ends, best)),
            opened=problem.system,
        )

    def _findings(
        self, program: Program, end: End, at: Evaluation, multipliers: Multipliers | None, runs: _Runs
    ) -> tuple[Findings, tuple[Any, ...], xr.Dataset]:
        """What the verdict rests on, all of it found anew at the policy that is returned, and the run."""
        problem = self.problem
        policy = problem.policy(at.x)
        try:
            run, steps = runs.of_policy(policy)
        except SimulationError as error:
            run = runs.broken(policy)
            return Findings(Ending.FAILED, np.inf, np.inf, failure=str(error)), (), run
        checked = violations(problem.plan, problem.system, steps, steps - runs.own_steps())
        residual = np.inf
        if end.certificate is not None:
            residual = end.certificate.optimality.kkt_residual
        elif multipliers is not None:
            residual = optimality(program, at, multipliers).kkt_residual
        worst = max(checked, key=lambda item: item.size, default=None)
        missed, place = most_violated(program, at.x, at.y)  # also of what was added to the plan
        if worst is not None and (worst.size > TOLERANCE or worst.size >= missed):
            missed, place = worst.size, worst.place
        convex = not len(problem.bound.quantities)
        failure = " ".join(self.broken)
        if end.ending is Ending.UNBOUNDED:
            failure = "; ".join(lever_words(problem, end.escaping))
        findings = Findings(end.ending, float(residual), missed, place, convex, failure, self._looked(end))
        return findings, checked, run

    def _looked(self, end: End) -> Looked | None:
        """What certificates found, as values."""
        found = end.certificate
        if found is None:
            return None
        if len(found.idle) and not found.is_idle:
            idle = ", ".join(lever_words(self.problem, found.idle))
            self.notes.append(f"Without effect on the objective and on every limit that binds: {idle}.")
        kinks = () if end.smooth is None else self.detour.standing(end.smooth, end.best.x)
        return looked(self.problem, found, kinks)

    def _prices(self, program: Program, multipliers: Multipliers, at: Evaluation) -> dict[str, xr.DataArray]:
        plan_rows = sum(len(rows.expression) for rows in self.problem.bound.rows)
        names = (*program.row_names[plan_rows:], *(quadratic.name for quadratic in program.quadratics))
        objective, lagrangian = slopes(program, at, multipliers)
        worth = Marginals(program, at, objective, lagrangian, np.zeros(len(at.x))).worth
        effects = np.abs(multipliers.rows) * row_sizes(program, at.x, at.y)
        rows = np.where(effects > NO_EFFECT * worth, multipliers.rows, 0.0)
        values = (*rows[plan_rows:], *multipliers.quadratics)
        return shadow_prices(
            self.problem,
            rows,
            at_bounds(program, at.x, lagrangian),
            added=dict(zip(names, map(float, values), strict=True)),
        )

    def _contradiction(self, program: Program, findings: Findings, x: FloatArray) -> tuple[str, ...]:
        """Which limits contradict each other, in words, where that is why there is no policy."""
        if findings.ending is not Ending.INFEASIBLE or findings.is_feasible:
            return ()
        began = perf_counter()

        def stop() -> bool:
            return perf_counter() - began > PATIENCE or (self.watch is not None and self.watch.ending() is not None)

        found = conflict(self.problem, program, x, stop=stop)
        if found is None and stop():
            return (f"Which limits contradict each other was not found in {perf_counter() - began:.0f} seconds.",)
        return found.sentences if found is not None else ()

    def _alternatives(self, program: Program, ends: Sequence[End], best: End) -> Iterator[Alternative]:
        """Policies of other starts that are nearly as good and differ."""
        kept = [best.best.x]
        scale = max(abs(best.best.cost), 1e-300)
        for end in ends:
            near = end.best.violation <= TOLERANCE and end.best.cost - best.best.cost <= NEAR_OPTIMAL * scale
            apart = min(distance(end.best.x, x) for x in kept)
            if end is not best and near and apart > DIFFERENT:
                kept.append(end.best.x)
                policy = held_paths(self.problem.policy(end.best.x), self.problem.horizon.starts)
                yield Alternative(program.sign * end.best.cost, distance(end.best.x, best.best.x), policy)

    def _provenance(self) -> dict[str, Any]:
        problem = self.problem
        system = problem.system
        return {
            "model": system.name,
            "model_path": str(system.path.absolute()) if system.path else "",
            "regions_path": str(system.regions.absolute()) if system.regions else None,
            "plan": problem.file,
            "plan_hash": digest_of(problem.plan.model_dump_json(by_alias=True).encode()),
            "solver": self.solver.name,
            "options": {key: str(value) for key, value in vars(self.solver).items()},
            "seed": problem.plan.solver.seed,
            **provenance(files_of(system)),
        }


def _multipliers(end: End) -> Multipliers | None:
    """Those that the certificate found, else the solver's, of the policy that the search ended at."""
    if end.certificate is not None:
        return end.certificate.multipliers
    if end.told is not None:
        return Multipliers(end.told.row_multipliers, end.told.quadratic_multipliers)
    return None


def _of_plan(problem: Problem) -> Iterator[str]:
    """What people may not expect of a plan: limits that nothing moves, a run beyond the model's own end, what is noted
    of the compiled model.

    A last period that begins with the model's end is what people mean by "until 2050".
    """
    yield from (limit.sentence for limit in problem.unmoved if limit.holds)
    yield from (note for note in problem.simulator.model.expanded.notes if note not in problem.system.notes)
    end, clock = horizon_end(problem.plan), clock_of(problem.system)
    near = clock.step * SAME_TIME
    if end > clock.end + near and abs(problem.plan.horizon[1] - clock.end) > near:
        found = f"The horizon ends at {end:.10g}, after the model's FINAL TIME {clock.end:.10g}"
        yield f"{found}: the run goes on to there, where the model's data may have ended."


def _notes(ends: Iterable[End]) -> Iterator[str]:
    for end in ends:
        yield from end.told.notes if end.told is not None else ()


def distance(x: FloatArray, other: FloatArray) -> float:
    """The share of all lever values in which two policies differ: 0 for the same, at most 2 for opposite ones."""
    size = max(float(np.abs(x).sum()), float(np.abs(other).sum()))
    return float(np.abs(x - other).sum()) / size if size else 0.0


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


def with_seconds(result: Result, **seconds: float) -> Result:
    """The result with the seconds of further phases."""
    return replace(result, work=replace(result.work, seconds={**seconds, **result.work.seconds}))

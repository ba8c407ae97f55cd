"""IPOPT, an interior-point method for nonlinear programs (Waechter and Biegler 2006), through CasADi.

The second opinion on every plan: nothing is shared with the default solver but the compiled step of the model.

Two formulations. *Simultaneous*: the stocks at every step are variables, the steps are equations, with exact sparse
second derivatives; IPOPT moves through points that obey no run, and meets the model only at the end. *Shooting*: only
the levers are variables, every value is a simulated run, and a limited-memory update stands for second derivatives.

Whatever IPOPT says, the levers are run once more by the simulator, and what is returned comes from that run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from time import perf_counter
from typing import Any

import casadi as ca
import numpy as np

from sd_models.system.model import FloatArray

from ...problems.optimality import (
    Multipliers,
    Optimality,
    block_sizes,
    curvatures,
    lagrangian_weights,
    optimality,
    residuals,
    slopes,
    violation,
    within_sight,
)
from ...problems.outcomes import SimulatedOutcomes
from ...problems.program import Evaluation, Program
from ...problems.scales import scales_of
from ..solver import Ending, Iteration, Solution, Watch
from .nonlinear import NonlinearProgram
from .shooting import Shooting
from .transcription import Transcription

# IPOPT's own lines on standard output would break the answers of commands.
QUIET = {
    "print_time": False,
    "ipopt.print_level": 0,
    "ipopt.sb": "yes",
    "no_nlp_grad": True,
    "show_eval_warnings": False,
}
# IPOPT is ended at this share of the tolerance, so that the way back to the plan's units leaves room.
ENOUGH = 0.1
# Bounds are widened by this share of the tolerance, so that there is a way inside where they leave none.
RELAXED = 0.01
# Variables up to which MUMPS is the quicker linear solver.
SMALL = 5_000
# Steps that the limited-memory update remembers; IPOPT's own 6 are made for runs that cost little.
HISTORY = 50
NOWHERE = Optimality(np.inf, np.inf, np.inf)
# The share of a lever's range that the start is kept off its bounds.
PUSH = 1e-2
# Asking whether to stop takes no time beside an iteration, and a person waits this long at most.
POLL = 0.05


ENDINGS: Mapping[str, Ending] = {
    "Solve_Succeeded": Ending.OPTIMAL,
    "Solved_To_Acceptable_Level": Ending.OPTIMAL,
    "Feasible_Point_Found": Ending.OPTIMAL,
    "Infeasible_Problem_Detected": Ending.INFEASIBLE,
    "Maximum_Iterations_Exceeded": Ending.ITERATION_LIMIT,
    "Search_Direction_Becomes_Too_Small": Ending.STALLED,
    "Restoration_Failed": Ending.STALLED,
    "Diverging_Iterates": Ending.STALLED,
}


class Formulation(StrEnum):
    """What the variables of the nonlinear program are."""

    AUTOMATIC = "automatic"  # simultaneous where its matrices are small enough, else shooting
    SIMULTANEOUS = "simultaneous"
    SHOOTING = "shooting"


class LinearSolver(StrEnum):
    """What solves IPOPT's linear systems; both come with CasADi."""

    AUTOMATIC = "automatic"  # by the number of variables
    MUMPS = "mumps"
    SPRAL = "spral"


@dataclass(frozen=True)
class Ipopt:
    """Options of IPOPT.

    `tolerance` bounds the scaled KKT residual and the violation (`optimality.py`) of what is called optimal. IPOPT's
    own measure is another: it is ended where a simulated iterate is within a tenth of the tolerance, or where its own
    measure is within `inner_tolerance`. `largest` is the number of entries of the Hessian up to which the
    automatic formulation is the simultaneous one.

    Why two linear solvers: SPRAL took 0.5 s for a factorization where MUMPS, as CasADi brings it, took 20 s (31
    provinces, 12,000 variables); with 3,700 variables MUMPS took 0.05 s and SPRAL 0.25 s.
    """

    tolerance: float = 1e-6
    inner_tolerance: float = 1e-13
    iterations: int = 1000
    formulation: Formulation = Formulation.AUTOMATIC
    linear_solver: LinearSolver = LinearSolver.AUTOMATIC
    largest: int = 300_000
    adaptive_barrier: bool = True

    @property
    def name(self) -> str:
        """The name in plans and on the command line."""
        return "ipopt"

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        """The best point found from a start, which need not be feasible."""
        return _Solve(self, program, watch).run(start)


@dataclass(frozen=True, eq=False)
class _Point:
    """A policy with its run, and the multipliers that IPOPT had there."""

    at: Evaluation
    cost: float
    violation: float
    multipliers: Multipliers


@dataclass(eq=False)
class _Solve:
    """One solve: what is known so far, and the best policy."""

    options: Ipopt
    program: Program
    watch: Watch
    began: float = field(default_factory=perf_counter)
    iterations: list[Iteration] = field(default_factory=list)
    best: _Point = field(init=False)
    last: _Point = field(init=False)
    stopped: Ending | None = None
    reached: bool = False
    bent: FloatArray = field(default_factory=lambda: np.zeros(0))
    notes: list[str] = field(default_factory=list)

    def run(self, start: FloatArray) -> Solution:
        """The solution from a start."""
        program = self.program
        inner = inside(program, start)
        at = program.evaluate(inner)
        if not at.is_finite:
            at = program.evaluate(np.clip(start, program.lower, program.upper))
        if not at.is_finite:
            self.notes.append("The run of the starting policy leaves the numbers.")
            return self._ended(Ending.FAILED, self._point(at, Multipliers.none(program)), np.inf)
        self.best = self._point(at, Multipliers.none(program))
        status = self._in_thread(lambda: self._ipopt(self._formulated(at)))
        return self._solution(status)

    # --- IPOPT ----------------------------------------------------------------------------------------------------

    def _formulated(self, at: Evaluation) -> NonlinearProgram:
        """The nonlinear program in the formulation that was asked for, or that fits."""
        x, scales = at.x, scales_of(self.program, at)
        if not isinstance(self.program.outcomes, SimulatedOutcomes):
            return Shooting(self.program, x, scales, lambda: self.stopped is not None)
        simultaneous = Transcription(self.program, self.program.outcomes, x, scales)
        choice = Formulation(self.options.formulation)
        if choice is Formulation.AUTOMATIC:
            small = simultaneous.most_entries <= self.options.largest
            choice = Formulation.SIMULTANEOUS if small else Formulation.SHOOTING
        if choice is Formulation.SIMULTANEOUS and simultaneous.begins_with_levers:
            choice = Formulation.SHOOTING
            self.notes.append(
                "The levers set stocks at the start of the run, so that all steps were not solved at once."
            )
        self.notes.append(f"IPOPT solved the {choice} formulation.")
        if choice is Formulation.SIMULTANEOUS:
            return simultaneous
        return Shooting(self.program, x, scales, lambda: self.stopped is not None)

    def _ipopt(self, nlp: NonlinearProgram) -> str:
        """What IPOPT says of its end; every iterate is taken notice of."""
        function, derivatives = nlp.functions
        progress = _Progress(function, lambda found: self._iterate(nlp, found))
        settings = {**QUIET, **self._settings(function.numel_in(0), exact="hess_lag" in derivatives), **derivatives}
        solver = ca.nlpsol("ipopt", "ipopt", function, {**settings, "iteration_callback": progress})
        (lower, upper), (low, high) = nlp.bounds, nlp.constraint_bounds
        found = solver(x0=nlp.begin_scaled, lbx=lower, ubx=upper, lbg=low, ubg=high)
        if not self.reached:
            self.last = self._met(nlp, found)
        return "Solve_Succeeded" if self.reached else str(solver.stats()["return_status"])

    def _settings(self, size: int, *, exact: bool) -> dict[str, Any]:
        options = self.options
        linear = LinearSolver(options.linear_solver)
        if linear is LinearSolver.AUTOMATIC:
            linear = LinearSolver.MUMPS if size <= SMALL else LinearSolver.SPRAL
        found: dict[str, Any] = {
            "ipopt.tol": options.inner_tolerance,
            "ipopt.acceptable_iter": 0,
            "ipopt.bound_relax_factor": RELAXED * options.tolerance,
            "ipopt.mu_min": 0.1 * options.inner_tolerance,
            "ipopt.max_iter": options.iterations,
            "ipopt.linear_solver": str(linear),
            "ipopt.mu_strategy": "adaptive" if options.adaptive_barrier else "monotone",
        }
        if not exact:
            found["ipopt.hessian_approximation"] = "limited-memory"
            found["ipopt.limited_memory_max_history"] = HISTORY
        return found

    def _iterate(self, nlp: NonlinearProgram, found: Mapping[str, ca.DM]) -> bool:
        """Takes notice of an iterate, as the simulator sees it; whether to go on."""
        if self.stopped is not None:
            return False
        point = self._met(nlp, found)
        if _is_better(point, self.best, self.options.tolerance):
            self.best = point
        residual = self._residual(point)
        seconds = perf_counter() - self.began
        objective = self.program.sign * point.cost
        number = len(self.iterations)
        line = Iteration(number, objective, residual.kkt_residual, residual.violation, np.nan, seconds)
        self.iterations.append(line)
        self.last = point
        self.reached = residual.within(ENOUGH * self.options.tolerance)
        return not self.reached

    def _residual(self, point: _Point) -> Optimality:
        """The residual with second derivatives of an iterate before, or its own where that would be an optimum."""
        if not point.at.is_finite:
            return NOWHERE
        program, at, multipliers = self.program, point.at, point.multipliers
        if not len(self.bent):
            self.bent = curvatures(program, at, multipliers)
        found = residuals(program, at, *slopes(program, at, multipliers), multipliers, self.bent)
        if found.within(ENOUGH * self.options.tolerance):
            self.bent = curvatures(program, at, multipliers)
            found = residuals(program, at, *slopes(program, at, multipliers), multipliers, self.bent)
            found = within_sight(program, at, found, multipliers, self.bent)
        return found

    def _met(self, nlp: NonlinearProgram, found: Mapping[str, ca.DM]) -> _Point:
        """The levers of an iterate, run by the simulator."""
        x = np.clip(nlp.levers(_numbers(found["x"])), self.program.lower, self.program.upper)
        return self._point(self.program.evaluate(x), nlp.multipliers(_numbers(found["lam_g"])))

    def _point(self, at: Evaluation, weights: Multipliers) -> _Point:
        return _Point(at, self.program.cost(at.x, at.y), violation(self.program, at.x, at.y), weights)

    def _in_thread(self, work: Callable[[], str]) -> str:
        """What the work returns, while the caller is told of iterations and may stop it at any time.

        Why a thread: a factorization of a large matrix takes longer than people wait. CasADi lets other threads run
        meanwhile; a stopped IPOPT ends by itself with the iteration at hand.
        """
        results: list[str] = []
        failures: list[BaseException] = []

        def worker() -> None:
            try:
                results.append(work())
            except Exception as error:  # raised again where the caller sees it
                failures.append(error)

        thread = threading.Thread(target=worker, name="solver ipopt, its library")
        thread.start()
        try:
            told = 0
            while thread.is_alive():
                thread.join(POLL)
                told = self._tell(told)
                self.stopped = self.stopped or self.watch.ending()
                if self.stopped is not None:
                    return ""
            self._tell(told)
        except BaseException:
            self.stopped = Ending.INTERRUPTED
            raise
        if failures:
            raise failures[0]
        return results[0]

    def _tell(self, told: int) -> int:
        """Tells the caller of the iterations after the first `told`; how many were told by now."""
        for iteration in self.iterations[told:]:
            self.watch.iteration(iteration)
            told += 1
        return told

    # --- the end --------------------------------------------------------------------------------------------------

    def _solution(self, status: str) -> Solution:
        """The best point with an honest ending."""
        if self.stopped is not None:
            return self._ended(self.stopped, self.best, self._last_residual)
        ending = ENDINGS.get(status, Ending.FAILED)
        if ending is not Ending.OPTIMAL:
            self.notes.append(f"IPOPT ended with {status.replace('_', ' ').lower()}.")
        point = self.last if ending is Ending.OPTIMAL else self.best
        found = optimality(self.program, point.at, point.multipliers)
        good = found.within(self.options.tolerance)
        if good or ending is Ending.OPTIMAL:
            ending = Ending.OPTIMAL if good else Ending.STALLED
        return self._ended(ending, point, found.kkt_residual)

    def _ended(self, ending: Ending, point: _Point, residual: float) -> Solution:
        found, program = point.multipliers, self.program
        x, sizes = point.at.x, block_sizes(program, point.at.x)
        direct, weights = lagrangian_weights(program, x, point.at.y, found)
        slope = direct + program.pullback(point.at, weights)
        at_lower = (x - program.lower) / sizes <= self.options.tolerance
        at_upper = (program.upper - x) / sizes <= self.options.tolerance
        held = (at_lower & (slope > 0)) | (at_upper & (slope < 0))
        return Solution(
            ending,
            point.at.x,
            point.at.y,
            found.rows,
            np.where(held, -slope, 0.0),
            found.quadratics,
            residual,
            point.violation,
            tuple(self.iterations),
            tuple(self.notes),
        )

    @property
    def _last_residual(self) -> float:
        return self.iterations[-1].kkt_residual if self.iterations else np.inf


class _Progress(ca.Callback):
    """IPOPT's call after each iteration, which may end it."""

    def __init__(self, nlp: ca.Function, notice: Callable[[Mapping[str, ca.DM]], bool]) -> None:
        ca.Callback.__init__(self)
        self.sizes = {"x": nlp.numel_in(0), "lam_x": nlp.numel_in(0), "f": 1, "g": nlp.numel_out(1)}
        self.sizes["lam_g"] = self.sizes["g"]
        self.notice = notice
        self.construct("progress", {})

    def get_n_in(self) -> int:
        """What nlpsol returns."""
        return int(ca.nlpsol_n_out())

    def get_n_out(self) -> int:
        """One: whether to end."""
        return 1

    def get_name_in(self, i: int) -> str:
        """The names of what nlpsol returns."""
        return str(ca.nlpsol_out(i))

    def get_sparsity_in(self, i: int) -> ca.Sparsity:
        """Columns."""
        return ca.Sparsity.dense(self.sizes.get(ca.nlpsol_out(i), 0), 1)

    def eval(self, arguments: Sequence[ca.DM]) -> Sequence[ca.DM]:
        """0 to go on, 1 to end."""
        found = dict(zip((ca.nlpsol_out(i) for i in range(len(arguments))), arguments, strict=True))
        return [ca.DM(0 if self.notice(found) else 1)]


def _numbers(column: ca.DM) -> FloatArray:
    return np.asarray(column.full()).ravel()


def inside(program: Program, start: FloatArray) -> FloatArray:
    """The start moved off its bounds, by a hundredth of a lever's size or of its range, as the method needs it."""
    lower, upper = program.lower, program.upper
    margin = PUSH * np.minimum(block_sizes(program, start), upper - lower)
    return np.clip(start, lower + margin, upper - margin)


def _is_better(point: _Point, best: _Point, tolerance: float) -> bool:
    """Whether a point violates less, or as little and costs less."""
    if not point.at.is_finite:
        return False
    found, known = max(point.violation, tolerance), max(best.violation, tolerance)
    return found < known or (found == known and point.cost < best.cost)

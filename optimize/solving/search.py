"""A search: the solver, what certificates find where it ended, and on from there until nothing better shows itself.

A solver stops where first order holds. That may be the least along a budget, a saddle between equal regions, one side
of a kink, the edge of a plateau. Whatever a certificate finds that is better is a start for the same solver again, any
solver. Few levers also have the best of the policies drawn over their whole range as starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from ..certificates.certificate import Certificate, certify
from ..certificates.escapes import escaping
from ..certificates.probes import NOTHING, SMALL
from ..problems.optimality import Multipliers, own_sizes, slopes, violation
from ..problems.program import Program
from ..problems.rounding import mended
from ..problems.scaling import is_mixed, rescaled
from ..solvers.rows import NotAccepted
from ..solvers.solver import Ending, Solution, Solver, hastened
from ..solvers.starts import excess, over_the_range
from ..solvers.traits import Trait
from .oversight import Candidate, Oversight

# What numerical libraries raise when they fail.
LIBRARY_FAILURES = (ArithmeticError, MemoryError, RuntimeError, ValueError)
# Iterations of a first trial where kinks may hold it up: without kinks near, it ends within as many.
FEW = 30
# How often a search goes on from a better policy, and how many far policies it starts from.
ROUNDS, FAR = 12, 3
# How often it takes the way over kinks.
DETOURS = 4
# Policies that are drawn where no limit holds.
POINTS = 60
TOLERANCE = 1e-6
# Where slopes are infinite, a search begins by this part nearer to the middle of each lever's range.
INSIDE = 1e-3


@dataclass(frozen=True, eq=False)
class End:
    """Where a search ended: the best policy that was run, how the solver ended, and what certificates say of it.

    `escaping` are levers that go on without end; `told` is the solver's solution, where it came back. `smooth` is the
    program with smooth stand-ins of a tiny width that the solution is one of, where the policy may stand on kinks.
    """

    best: Candidate
    ending: Ending
    told: Solution | None
    certificate: Certificate | None = None
    escaping: IndexArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    smooth: Program | None = None


class Detour(Protocol):
    """Another way to an optimum where a solver did not come to one: over kinks made smooth."""

    @property
    def is_there(self) -> bool:
        """Whether there is such a way."""

    def __call__(
        self, program: Program, start: FloatArray, solver: Solver, oversight: Oversight
    ) -> tuple[Program, Solution] | None:
        """The last program on the way and the solver's solution of it, or None where there is no way."""


@dataclass(eq=False)
class Search:
    """One search of a program; `detour` is tried where the solver's end is no optimum.

    `is_smooth_only` says that the solver takes no kinks, and knows the smooth stand-ins alone.
    """

    program: Program
    solver: Solver
    oversight: Oversight
    seed: int = 0
    detour: Detour | None = None
    start: FloatArray = field(init=False)
    detours: int = field(default=0, init=False)
    is_smooth_only: bool = field(default=False, init=False)
    notes: list[str] = field(default_factory=list)

    def end(self, start: FloatArray) -> End:
        """Where the search ends from a start."""
        lost = self._unbounded(self._holding(start))
        if lost is not None:
            return lost
        self.start, self.detours = start, 0
        end = self._certified(self._begun(start))
        for _ in range(0 if self.is_smooth_only else ROUNDS):
            better = None if self._stopped() else self._next(end)
            if better is None:
                break
            end = better
        return self._unbounded(end.best.x) or _not_denied(self._settled(end))

    def _begun(self, start: FloatArray) -> End:
        """The first end from a start: of a solver that takes no kinks, that of the way over them."""
        try:
            return self._feasible(self.solved(start, self._first()))
        except NotAccepted as refused:
            if not refused.traits <= {Trait.KINKS, Trait.CHOICES} or self.detour is None or not self.detour.is_there:
                raise
        self.is_smooth_only, self.oversight.best = True, None
        found = self.detour(self.program, start, self.solver, self.oversight)
        if found is None:
            return self._at(np.clip(start, self.program.lower, self.program.upper), Ending.STALLED)
        smooth, solution = found
        last, best = self.oversight.candidate(self.program.evaluate(solution.x)), self.oversight.best
        if best is not None and _is_clearly_better(best, last):  # of a wider stand-in
            return End(best, Ending.STALLED, None, smooth=smooth)
        return End(last, solution.ending, solution, smooth=smooth)

    def _next(self, end: End) -> End | None:
        """A better end; None where none is found, or a library fails: that costs no policy that was found before."""
        try:
            return next(self._better(end), None)
        except NotAccepted:  # what lies on the way from here, such as levers in other units, has no equations
            return None
        except LIBRARY_FAILURES as error:
            self.notes.append(f"On from a policy, {self._failed(error)}")
            return None

    def _failed(self, error: BaseException) -> str:
        return f"{self.solver.name} ended with an error: {type(error).__name__}: {error}"

    def _stopped(self) -> bool:
        return self.oversight.ending() is not None

    # --- one run of the solver ------------------------------------------------------------------------------------

    def _first(self) -> Solver:
        """The solver, with few iterations where it may only be stuck on kinks."""
        return hastened(self.solver, FEW) if self.detour is not None and self.detour.is_there else self.solver

    def solved(self, start: FloatArray, solver: Solver | None = None) -> End:
        """Where the solver ends from a start; the best policy seen, unless the solver tells one that is as good."""
        start = self._with_slopes(start)
        self.oversight.best = None
        solution = self._mended(self._ran(start, solver or self.solver))
        best = self.oversight.best
        if solution is not None and np.isfinite(solution.y).all():
            found = Candidate(solution.x, solution.y, self.program.cost(solution.x, solution.y), solution.violation)
            is_told = solution.kkt_residual <= TOLERANCE or solution.ending is Ending.OPTIMAL
            if best is None or is_told or not best.beats(found, TOLERANCE):
                return End(found, solution.ending, solution)
        ending = solution.ending if solution is not None else self.oversight.stopped or Ending.FAILED
        if best is None:
            x = np.clip(start if solution is None else solution.x, self.program.lower, self.program.upper)
            at = self.program.evaluate(x)
            best = self.oversight.best or Candidate(x, at.y, np.inf, np.inf)
            ending = ending if at.is_finite else Ending.FAILED
        return End(best, ending, solution)

    def _mended(self, solution: Solution | None) -> Solution | None:
        """A solution without rounding that breaks its limits."""
        if solution is None or solution.violation <= TOLERANCE or not np.isfinite(solution.x).all():
            return solution
        at = self.program.evaluate(solution.x)
        found = mended(self.program, at)
        if found is at:
            return solution
        return replace(solution, x=found.x, y=found.y, violation=violation(self.program, found.x, found.y))

    def _with_slopes(self, start: FloatArray) -> FloatArray:
        """A start, or a point a little inside the bounds where slopes are infinite at it, as that of a root at zero."""
        program = self.program
        x = np.clip(start, program.lower, program.upper)
        at = program.evaluate(x)
        if not at.is_finite or np.isfinite(slopes(program, at, Multipliers.none(program))[0]).all():
            return start
        sizes = own_sizes(program, x)
        low = np.where(np.isfinite(program.lower), program.lower, x - sizes)
        high = np.where(np.isfinite(program.upper), program.upper, x + sizes)
        return np.asarray(x + INSIDE * (0.5 * (low + high) - x))

    def _ran(self, start: FloatArray, solver: Solver) -> Solution | None:
        """What the solver tells; a library that fails costs no policy that was found before."""
        try:
            return self.oversight.run(solver, self.program, start)
        except LIBRARY_FAILURES as error:
            if self.oversight.best is None:
                raise
            self.notes.append(self._failed(error))
            return None

    def _feasible(self, end: End) -> End:
        """Where limits do not hold at an end: that from the policy over the whole range that breaks them least, if they
        hold there; for few levers."""
        program = self.program
        if end.best.violation <= TOLERANCE or len(program.lower) > SMALL or self._stopped():
            return end
        points = [over_the_range(program, number, self.seed) for number in range(POINTS)]
        for start in sorted(points, key=lambda x: excess(program, x))[:FAR]:
            other = self.solved(start, self._first())
            if other.best.violation <= TOLERANCE:
                return other
        return end

    # --- certificates and on --------------------------------------------------------------------------------------

    def _certified(self, end: End) -> End:
        """The end with what certificates find there; without, where limits do not hold or there is no run."""
        if end.best.violation > TOLERANCE or self._stopped():
            return end
        at = self.program.evaluate(end.best.x)
        told = None
        if end.told is not None and np.array_equal(end.told.x, end.best.x):
            told = Multipliers(end.told.row_multipliers, end.told.quadratic_multipliers)
        try:
            found = certify(self.program, at, told, smooth=end.smooth, seed=self.seed, stop=self._stopped)
        except LIBRARY_FAILURES as error:
            self.notes.append(f"What was found could not be certified: {type(error).__name__}: {error}")
            return end
        return replace(end, certificate=found)

    def _better(self, end: End) -> Iterator[End]:
        """Better ends: from what the certificate found, by other ways where it is no optimum, from far policies."""
        found = end.certificate
        if found is None:
            return
        if end.smooth is None and not (found.is_first_order and found.is_second_order):
            yield from self._around(end)
        if not found.is_first_order and is_mixed(self.program, own_sizes(self.program, end.best.x)):
            yield from self._accepted(end, self._in_own_units(end))
        for start in found.onward:
            yield from self._accepted(end, self.solved(start, self._first()))
            yield from self._kept(end)
        far = found.probes.far if found.probes is not None else ()
        for start in far[:FAR]:
            if self._stopped():
                return
            yield from self._accepted(end, self.solved(start, self._first()))

    def _in_own_units(self, end: End) -> End:
        """Where the solver ends with each lever counted in its own size."""
        units = own_sizes(self.program, end.best.x)
        program = rescaled(self.program, units)
        self.oversight.best = None
        solution = self.oversight.run(self._first(), program, end.best.x / units)
        best = self.oversight.best or end.best
        if solution is None or not np.isfinite(solution.y).all():
            return End(best, end.ending, None)
        told = replace(solution, x=solution.x * units, bound_multipliers=solution.bound_multipliers / units)
        found = self.oversight.candidate(self.program.evaluate(told.x))
        return End(best, told.ending, None) if best.beats(found, TOLERANCE) else End(found, told.ending, told)

    def _around(self, end: End) -> Iterator[End]:
        """Ends of a detour that are better, or as good and an optimum: once from the start, then from ends."""
        while self.detours < DETOURS and not self._stopped():
            self.detours += 1
            start = self.start if self.detours == 1 else end.best.x
            other = self._detoured(end, start)
            if other is not None:
                yield other
            if start is not self.start:
                return

    def _detoured(self, end: End, start: FloatArray) -> End | None:
        """The end of a detour, if it is better, or as good and an optimum."""
        assert end.certificate is not None
        found = None
        if self.detour is not None and not self._stopped():
            found = self.detour(self.program, start, self.solver, self.oversight)
        if found is None:
            return None
        smooth, solution = found
        best = self.oversight.candidate(self.program.evaluate(solution.x))
        other = self._certified(End(best, solution.ending, solution, smooth=smooth))
        as_good = best.cost <= end.best.cost + NOTHING * end.certificate.worth
        is_optimum = other.certificate is not None and other.certificate.is_first_order
        is_better = best.violation <= TOLERANCE and (best.cost < end.best.cost or (as_good and is_optimum))
        return other if is_better else None

    def _accepted(self, end: End, other: End) -> Iterator[End]:
        """Another end, certified, if it is better than this one by more than nothing."""
        assert end.certificate is not None
        least = end.certificate.least
        if other.best.violation > TOLERANCE or not other.best.cost < end.best.cost - least:
            return
        yield self._certified(other)

    def _kept(self, end: End) -> Iterator[End]:
        """A policy that a probe found and the solver lost again."""
        assert end.certificate is not None
        probes = end.certificate.probes
        if probes is not None and probes.better is not None:
            yield from self._accepted(end, self._at(probes.better.x, end.ending))

    def _at(self, x: FloatArray, ending: Ending) -> End:
        """A policy as an end that no solver told."""
        return End(self.oversight.candidate(self.program.evaluate(x)), ending, None)

    def _settled(self, end: End) -> End:
        """The end with levers that have no effect where they were, which costs nothing."""
        found = end.certificate
        if found is None or not len(found.idle):
            return end
        x = end.best.x.copy()
        x[found.idle] = np.clip(self.program.reference, self.program.lower, self.program.upper)[found.idle]
        if np.array_equal(x, end.best.x):
            return end
        other = self._at(x, end.ending)
        if other.best.violation > TOLERANCE or other.best.cost > end.best.cost:
            return end
        settled = self._certified(other)
        probes = settled.certificate.probes if settled.certificate is not None else None
        return end if probes is None or probes.better is not None else settled

    # --- without end ----------------------------------------------------------------------------------------------

    def _escaping(self, start: FloatArray) -> IndexArray:
        """Levers along which the objective grows without end from a start."""
        program = self.program
        if np.isfinite(program.lower).all() and np.isfinite(program.upper).all():
            return np.zeros(0, dtype=np.int64)
        at = program.evaluate(np.clip(start, program.lower, program.upper))
        if not at.is_finite:
            return np.zeros(0, dtype=np.int64)
        return escaping(program, at)

    def _unbounded(self, x: FloatArray) -> End | None:
        """A policy as an end from which levers go on without end; None where none do, or limits do not hold there."""
        levers = self._escaping(x)
        if not len(levers):
            return None
        end = replace(self._at(np.clip(x, self.program.lower, self.program.upper), Ending.UNBOUNDED), escaping=levers)
        return end if end.best.violation <= TOLERANCE else None

    def _holding(self, start: FloatArray) -> FloatArray:
        """A start; where levers go on from it without end, but limits do not hold, where they do with these held."""
        program = self.program
        x = np.clip(start, program.lower, program.upper)
        levers = self._escaping(x) if excess(program, x) > TOLERANCE else ()
        if not len(levers):
            return start
        lower, upper = program.lower.copy(), program.upper.copy()
        lower[levers] = upper[levers] = x[levers]
        held = replace(self, program=replace(program, lower=lower, upper=upper), detour=None)
        return held.solved(x, self._first()).best.x


def _not_denied(end: End) -> End:
    """An end that does not say of the limits, or of what levers gain without end, what its policy does not show."""
    told = end.ending
    is_denied = told is Ending.UNBOUNDED or (told is Ending.INFEASIBLE and end.best.violation <= TOLERANCE)
    return replace(end, ending=Ending.STALLED) if is_denied else end


def _is_clearly_better(one: Candidate, other: Candidate) -> bool:
    """Whether a policy keeps the limits, and another does not or costs more by more than rounding."""
    costs_less = other.cost - one.cost > TOLERANCE * abs(one.cost)
    return one.violation <= TOLERANCE and (other.violation > TOLERANCE or costs_less)


def best_of(ends: Sequence[End]) -> End:
    """The best of all ends; among equals the first."""
    best = ends[0]
    for end in ends[1:]:
        if end.ending is Ending.UNBOUNDED or end.best.beats(best.best, TOLERANCE):
            best = end
    return best

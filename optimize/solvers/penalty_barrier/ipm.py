"""A penalty-barrier method: one primal-dual interior-point loop on the nonlinear program itself.

Each iteration takes one factorization (`blocks.py`), a direction (`step.py`, near an optimum with exact products by
`exact.py`) and a step that makes the merit function smaller (`merit.py`), by runs of the model. Limits on outcomes are
elastic with a penalty that is steered (`steering.py`), limits on levers alone hold. Every policy is simulated.

Why one loop: the sequential method solves a quadratic program by an interior-point method in every iteration, and
throws away where its path was. What keeps this one from cycling or ending elsewhere: for a product that is held, every
step makes one merit function smaller, along a direction in which it falls; products fall faster only while the errors
of the conditions fall with them. Where no step is found, curvature is added, until steps are so short that slopes alone
decide; where even these gain nothing, it begins anew from where it is, in new sizes, and ends after some such trials.

Why it is the default for many levers, and `sqp` for few, side by side on two quiet processors, when blocks were still
taken with random signs (`exact.py`), on the flagship's first edition: its plan of 12,400 levers takes 12.4 s (34
iterations), with `sqp` 29 s (13); that of 1,600 levers 2.6 s and 4.6 s; the benchmark's `macro-m16-y25-0` 7 s of
processor time, where `sqp` has not ended after 36 s. On `macro-m4-y25-0` (400 levers) it takes 1.4 s and `sqp` 1.0 s,
and over many kinks (`training`) `sqp` needs fewer runs. The plan of the second edition has limits by province and year:
1,600 levers take 3.2 s and 10.1 s, and on 12,400 `sqp` did not end in twenty minutes. With more than a thousand levers
over many kinks, `sqp` is the one to name: that model with six regions and a decision each month (1,440 levers) reached
789.6 with it and 765.5 with this one in 150 s on a busy machine, neither an optimum. It is not the default there: one
model tells little.

Why it does not begin at the optimum of a coarser plan: a barrier method has to leave the bounds that hold there first.
`provinces-m16-y25-0` from its own optimum with five-year periods takes 58 iterations and 28 s of processor time, and
from where that search was within 1e-2 of it 35 and 17.5 s, after 2.2 s for that; from its neutral start 47 and 19.6 s.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from threadpoolctl import threadpool_limits

from sd_models.system.model import FloatArray

from ...problems.optimality import optimality
from ...problems.program import Program
from ..endless import Begun
from ..interior_point.path import Equations, System
from ..record import CLAIMED, Ended, Record, Seen
from ..solver import Ending, Solution, Watch
from . import tuning
from .exact import Conjugate
from .line import Found, along, descends, downward
from .pace import Pace
from .place import Place
from .steering import Contradiction, left_over
from .step import Aim, straight, towards


@dataclass(frozen=True)
class Ipm:
    """Options: `tolerance` on scaled KKT residual and violation."""

    tolerance: float = 1e-6
    iterations: int = 200

    @property
    def name(self) -> str:
        """The name in plans and on the command line."""
        return "ipm"

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        """The best point found from a start, which need not be feasible."""
        with threadpool_limits(1, user_api="blas"):  # blocks are solved side by side; see `border.py`
            return _Search(program, self, watch).run(start)


@dataclass
class _Search:
    """The state of a solve."""

    program: Program
    options: Ipm
    watch: Watch
    damping: float = 0.0
    length: float = 0.0
    is_near: bool = False
    pace: Pace = field(default_factory=Pace)
    confirmed: Seen | None = None
    finishing: int = 0
    anew: int = 0
    idle: int = 0
    nearest: float = np.inf
    lowest: float = np.inf
    violations: list[float] = field(default_factory=list)
    patience: int = 1
    contradiction: Contradiction = field(default_factory=Contradiction)

    def run(self, start: FloatArray) -> Solution:
        """From a start to the end."""
        self.record = Record(self.program, self.options.tolerance, self.watch)
        self.place = Place(self.program, 1.0 / self.options.tolerance, self.record.check, self.record.notes)
        try:
            ending = self._search(start)
        except Ended as end:
            ending = end.ending
        if self.confirmed is not None:
            ending, self.record.best = Ending.OPTIMAL, self.confirmed
        sizes = np.ones(len(start)) if self.place.sizes is None else self.place.sizes.levers
        return self.record.solution(self.record.honest(ending), start, sizes)

    def _search(self, start: FloatArray) -> Ending:
        nearest = self.record.first(start)
        if not self.place.begin(nearest, tuning.PRODUCT, tuning.DISTANCE):
            return Ending.FAILED
        self.begun = Begun(nearest, self.place.frame.sizes.levers * tuning.FAR_AWAY)
        for _ in range(self.options.iterations):
            seen = self._look()
            ending = self._ending(seen) or self._iterate()
            if ending is not None:
                return ending
        self._look()
        return Ending.ITERATION_LIMIT

    def _look(self) -> Seen:
        seen = self.place.seen()
        self.record.tell(seen, self.length)
        return seen

    # --- an iteration ---------------------------------------------------------------------------------------------

    def _iterate(self) -> Ending | None:
        """One step; why the search ends, or None."""
        place, joins = self.place, 0
        if place.blocks.is_due(place.error):
            place.bend(place.error)
        place.blocks.age += 1
        while self.damping <= tuning.MOST_DAMPING:
            self.record.check()
            equations = place.equations(self.damping)
            if equations is None:
                break
            if (self.confirmed is None or not self.length) and self._escapes(equations):
                return None
            found = along(place, equations, self._aim(equations))
            if found.trial is not None:
                self._take(found)
                return None
            if len(found.met) and joins < tuning.JOINS:
                place.join(found.met)
                place.pose()
                joins += 1
            else:
                self.damping = max(tuning.FIRST_DAMPING, tuning.DAMPS * self.damping)
        return self._begun_anew()

    def _escapes(self, equations: Equations) -> bool:
        """Whether negative curvature leads on from a point without slopes; the search begins anew where it leads.

        Saddles where it ends are left to the certificate, which looks at all their directions at once.
        """
        found = downward(self.place, equations)
        if found is None or found.trial is None:
            return False
        self.confirmed, self.finishing, self.length = None, 0, found.length
        self._go(found.trial.point.run.x)
        return True

    def _aim(self, equations: Equations) -> Aim:
        """The direction of the next step, with exact products near an optimum."""
        place, pace = self.place, self.pace
        system: System = equations.precisely
        self.is_near = place.error < (tuning.LEFT if self.is_near else tuning.PRODUCTS)
        if self.is_near and not place.blocks.curvature.is_whole:
            lagrangian, unit = place.lagrangian(), place.frame.unit
            solved = min(max(place.error, tuning.FINEST), tuning.SOLVED)
            system = Conjugate(equations, lambda v: lagrangian.product(v) / unit, solved)
        missed = np.abs(place.errors.dual) * np.minimum(np.abs(place.at.v) + 1e-3, 1.0)
        least = max(tuning.BESIDE_SLOPES * float(missed.mean()), tuning.SMALLEST_PRODUCT)
        aim = towards(equations, place.at, place.errors, system, least=least, last=pace.last, held=pace.held)
        return aim if descends(place, aim) else straight(equations, place.at, place.errors, system, aim.target)

    def _take(self, found: Found) -> None:
        """Takes a step; added curvature goes again after steps that were taken whole."""
        assert found.trial is not None
        place, unit = self.place, self.place.frame.unit
        self.pace.last, self.length = place.at.product, found.length
        place.move(found.trial)
        if place.frame.unit != unit:
            self.pace = self.pace.in_unit(place.frame.unit / unit)
        self.pace.goes(place.at, place.errors)
        if found.whole:
            self.damping = self.damping / tuning.DAMPS if self.damping > tuning.FIRST_DAMPING else 0.0

    def _begun_anew(self) -> Ending | None:
        """A search that lost its path begins again from where it is, some times."""
        if self.anew == tuning.ANEW:
            return Ending.STALLED
        self.anew += 1
        return None if self._go(self.place.point.run.x) else Ending.FAILED

    def _go(self, x: FloatArray) -> bool:
        """Begins anew from levers; whether they have outcomes."""
        self.damping, self.pace = 0.0, Pace()
        return self.place.begin(x, tuning.PRODUCT_ANEW, tuning.DISTANCE_ANEW)

    # --- the end --------------------------------------------------------------------------------------------------

    def _ending(self, seen: Seen) -> Ending | None:
        """Why the search is over at a point, or None."""
        self._confirm(seen)
        if self.confirmed is not None:
            self.finishing += 1
            most = tuning.FEW_FINISHING if self.place.blocks.curvature.is_whole else tuning.FINISHING
            is_over = self.place.at.product <= tuning.FINISHED or self.finishing > most
            return Ending.OPTIMAL if is_over else None
        if seen.found.violation > self.options.tolerance:
            return Ending.INFEASIBLE if self._is_contradictory(seen.found.violation) else self._idle(seen)
        far = self.begun.runs_away(self.program, self.place.point.run, self.options.tolerance, self.record.check)
        return Ending.UNBOUNDED if far else self._idle(seen)

    def _confirm(self, seen: Seen) -> None:
        """Keeps a point that is an optimum by its own second derivatives too: the search has those of another one."""
        tolerance, known = self.options.tolerance, self.confirmed
        if not seen.found.within(tolerance):
            return
        if tolerance <= CLAIMED:
            seen = replace(seen, found=optimality(self.program, seen.run, seen.multipliers))
        if seen.found.within(tolerance) and (known is None or seen.found.kkt_residual <= known.found.kkt_residual):
            self.confirmed = seen

    def _idle(self, seen: Seen) -> Ending | None:
        """How a search ends that gains nothing any more."""
        cost = seen.cost
        is_nearer = seen.miss < tuning.NEARER * self.nearest or cost < self.lowest - tuning.GAINS * abs(cost)
        self.idle = 0 if is_nearer else self.idle + 1
        self.nearest, self.lowest = min(seen.miss, self.nearest), min(cost, self.lowest)
        is_over = self.idle > tuning.IDLE and self.place.at.product < tuning.NEAR_THE_END
        return Ending.STALLED if is_over else None

    def _is_contradictory(self, violation: float) -> bool:
        """Whether limits are exceeded for good, and were at every policy seen.

        A look is taken where excess is hardly less than some iterations before, fewer where looks are cheap; after one
        that found a way to mend it, twice as many.
        """
        best = self.record.best
        if best is not None and best.found.violation <= self.options.tolerance:
            return False
        few = len(self.place.at.v) <= tuning.SMALL
        last = self.patience * (tuning.LAST_FEW if few else tuning.LAST_MANY)
        self.violations = [*self.violations, violation][-last:]
        if len(self.violations) < last or violation < tuning.SLOW * self.violations[0]:
            return False
        place = self.place
        if self.contradiction.is_shown(left_over(place.posed, place.at.v, place.rows, self.record.check)):
            return True
        if not self.contradiction.looks:
            self.patience, self.violations = 2 * self.patience, []
        return False

"""A program as functions of its levers alone, in the form that methods of optimization ask for.

    minimize    f(z)
    subject to  lower <= z <= upper
                linear_lower <= G z <= linear_upper               the rows that name no outcome
                constraint_lower <= c(z) <= constraint_upper      the rows that do, then the quadratic constraints

Every value comes from a whole simulated run, every derivative is exact. A run is kept until others follow it, so that
f, c and their slopes at the same levers cost one run. Maximization has its sign turned: f is always minimized.

Why the split: rows of levers alone cost no run, their slopes are known once and are sparse, and many methods keep them
at every step. The others have a slope for every lever, since nothing is known of which levers an outcome looks at.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray, IndexArray

from .optimality import Multipliers, second_derivative
from .program import Evaluation, Program, Quadratic
from .scales import Scales, named_outcomes, scales_of


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Values and exact derivatives of a program at levers z, as many numbers as there are levers.

    z are the levers in the units of the program, and so are cost, rows and bounds; with `scales` they are shares of
    these magnitudes: z = x / scales.levers, f = cost / scales.cost, each row by its own. `Evaluator.near(program, x)`
    takes those near levers x, for methods that stop by absolute changes; `levers(z)` leads back. `runs_kept` runs are
    remembered.

    Where a run leaves the numbers, f is infinite and every constraint is infinitely violated, which line searches
    understand; slopes do not exist there, and asking for them is an error.

    >>> import numpy as np
    >>> import optimize as opt
    >>> import sd_models as sd
    >>> program = opt.assemble(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> own = opt.Evaluator(program)
    >>> x = np.full(own.size, 10.0)
    >>> round(own.objective(x), 6), own.gradient(x).shape  # an urban share is maximized, so its negative is minimized
    (-0.800158, (62,))
    >>> program.counts.simulations, round(own.shown(x), 6)  # both by one run
    (1, 0.800158)
    >>> own.linear_matrix.shape, own.linear_upper.tolist()  # the budget of both periods names levers only
    ((2, 62), [600.0, 600.0])
    >>> own.constraints(x).tolist(), own.jacobian(x).shape  # nothing else is limited
    ([], (0, 62))
    >>> own.product(x, np.ones(62)).shape  # the second derivative of f times a direction
    (62,)
    """

    program: Program
    scales: Scales | None = None
    runs_kept: int = 2
    _runs: OrderedDict[bytes, _Run] = field(default_factory=OrderedDict, init=False, repr=False)

    @classmethod
    def near(cls, program: Program, x: FloatArray) -> Evaluator:
        """The evaluator whose levers, rows and cost are counted in their magnitudes near levers x.

        >>> import optimize as opt
        >>> import sd_models as sd
        >>> program = opt.assemble(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
        >>> scaled = opt.Evaluator.near(program, program.reference + 10.0)
        >>> scaled.levers(scaled.start + 1.0)[0], float(abs(scaled.gradient(scaled.start + 1.0)).max())
        (np.float64(10.0), 1.0)
        """
        at = cls(program)._run(x).at
        if not at.is_finite:
            raise _no_slopes(program, at.x)
        return cls(program, scales_of(program, at))

    # --- levers ---------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The number of levers."""
        return len(self.program.lower)

    @property
    def lower(self) -> FloatArray:
        """The least value of each lever; some may be minus infinity."""
        return self.program.lower / self._scales.levers

    @property
    def upper(self) -> FloatArray:
        """The largest value of each lever; some may be infinite."""
        return self.program.upper / self._scales.levers

    @property
    def start(self) -> FloatArray:
        """A place to begin: the levers of the model itself, within their bounds."""
        return np.clip(self.program.reference / self._scales.levers, self.lower, self.upper)

    def levers(self, z: FloatArray) -> FloatArray:
        """The levers in the units of the program."""
        return z * self._scales.levers

    def evaluate(self, z: FloatArray) -> Evaluation:
        """The run of levers, in the units of the program."""
        return self._run(z).at

    # --- the objective --------------------------------------------------------------------------------------------

    def objective(self, z: FloatArray) -> float:
        """What is minimized; infinite where the run leaves the numbers."""
        at = self.evaluate(z)
        return self.program.cost(at.x, at.y) / self._scales.cost if at.is_finite else float("inf")

    def shown(self, z: FloatArray) -> float:
        """The objective as people see it: in its own unit, and more is better where it is maximized."""
        return self.program.sign * self.objective(z) * self._scales.cost

    def gradient(self, z: FloatArray) -> FloatArray:
        """The slope (levers) of the objective."""
        return self._run(z).gradient.copy()

    # --- rows of levers alone -------------------------------------------------------------------------------------

    @cached_property
    def linear_matrix(self) -> csr_array:
        """G (rows that name no outcome, levers)."""
        still = self._still
        rows = diags_array(1.0 / self._scales.rows[still]) @ self.program.lever_rows[still]
        return csr_array(rows @ diags_array(self._scales.levers))

    @property
    def linear_lower(self) -> FloatArray:
        """The lower side of each such row; some may be minus infinity."""
        return self._sides(self.program.row_lower)[self._still]

    @property
    def linear_upper(self) -> FloatArray:
        """The upper side of each such row; some may be infinite."""
        return self._sides(self.program.row_upper)[self._still]

    @property
    def linear_names(self) -> tuple[str, ...]:
        """The name of each such row."""
        return tuple(self.program.row_names[row] for row in self._still)

    # --- the other rows, and quadratic constraints ----------------------------------------------------------------

    @property
    def constraint_lower(self) -> FloatArray:
        """The lower side of each constraint; some may be minus infinity."""
        none = np.full(len(self.program.quadratics), -np.inf)
        return np.append(self._sides(self.program.row_lower)[self._moved], none)

    @property
    def constraint_upper(self) -> FloatArray:
        """The upper side of each constraint; some may be infinite."""
        most = np.array([each.bound for each in self.program.quadratics]) / self._scales.quadratics
        return np.append(self._sides(self.program.row_upper)[self._moved], most)

    @property
    def constraint_names(self) -> tuple[str, ...]:
        """The name of each constraint."""
        rows = (self.program.row_names[row] for row in self._moved)
        return (*rows, *(each.name for each in self.program.quadratics))

    def constraints(self, z: FloatArray) -> FloatArray:
        """c (constraints); infinite on the side that is violated where the run leaves the numbers."""
        return self._run(z).constraints.copy()

    def jacobian(self, z: FloatArray) -> csr_array:
        """The slopes (constraints, levers) of the constraints, with the same places at all levers."""
        return self._run(z).jacobian.copy()

    @cached_property
    def jacobian_places(self) -> csr_array:
        """1 where the Jacobian may have an entry: everywhere, but in quadratic constraints on levers alone."""
        n = self.size
        columns = [np.arange(n)] * len(self._moved)
        columns += [_columns(each, n) for each in self.program.quadratics]
        rows = np.repeat(np.arange(len(columns)), [len(each) for each in columns])
        places = np.concatenate([np.zeros(0, dtype=np.int64), *columns])
        return csr_array(coo_array((np.ones(len(rows)), (rows, places)), shape=(len(columns), n)))

    # --- second derivatives ---------------------------------------------------------------------------------------

    def product(
        self, z: FloatArray, direction: FloatArray, multipliers: FloatArray | None = None, *, share: float = 1.0
    ) -> FloatArray:
        """The second derivative of share * f + multipliers * c times a direction (levers), or each of (k, levers).

        One direction costs about two runs; `product(z, np.eye(size), ...)` is the whole Hessian.
        """
        moves = np.atleast_2d(_numbers(direction, "direction", (..., self.size)))
        given = np.zeros(len(self.constraint_upper)) if multipliers is None else multipliers
        weights = self.multipliers(np.zeros(len(self._still)), given)
        at, levers = self._finite(z).at, self._scales.levers
        bent = second_derivative(self.program, at, weights, moves * levers, share=share) * levers / self._scales.cost
        return np.asarray(bent.reshape(np.shape(direction)))

    def multipliers(self, linear: FloatArray, constraints: FloatArray) -> Multipliers:
        """The multipliers of a program from those of rows of levers alone and of constraints.

        With f + linear * G z + constraints * c: positive where an upper side is active, negative where a lower one is.
        """
        count, rows = len(self._moved), np.zeros(len(self.program.row_lower))
        given = _numbers(constraints, "constraints", (len(self.constraint_upper),))
        rows[self._still] = _numbers(linear, "linear", (len(self._still),))
        rows[self._moved] = given[:count]
        return self._scales.unscaled(rows, given[count:])

    # --- runs -----------------------------------------------------------------------------------------------------

    def _run(self, z: FloatArray) -> _Run:
        """The run of levers: a kept one, or a new one that is kept."""
        levers = np.array(_numbers(z, "levers", (self.size,)))
        key = levers.tobytes()
        found = self._runs.pop(key, None) or _Run(self, self.program.evaluate(self.levers(levers)))
        self._runs[key] = found
        while len(self._runs) > max(self.runs_kept, 1):
            self._runs.popitem(last=False)
        return found

    def _finite(self, z: FloatArray) -> _Run:
        found = self._run(z)
        if not found.at.is_finite:
            raise _no_slopes(self.program, found.at.x)
        return found

    @cached_property
    def _scales(self) -> Scales:
        return self.scales or Scales.ones(self.program)

    # --- structure ------------------------------------------------------------------------------------------------

    @cached_property
    def _moved(self) -> IndexArray:
        """The rows that name outcomes."""
        return np.flatnonzero(abs(self.program.outcome_rows).sum(axis=1))

    @cached_property
    def _still(self) -> IndexArray:
        """The other rows."""
        return np.setdiff1d(np.arange(len(self.program.row_lower)), self._moved)

    @cached_property
    def _used(self) -> IndexArray:
        """The outcomes that constraints name."""
        return named_outcomes(self.program)

    def _sides(self, sides: FloatArray) -> FloatArray:
        return np.asarray(sides / self._scales.rows)


@dataclass(frozen=True, eq=False)
class _Run:
    """A run, and what was computed from it."""

    evaluator: Evaluator
    at: Evaluation

    @cached_property
    def gradient(self) -> FloatArray:
        """The slope (levers) of the scaled cost."""
        program, scales = self._program, self.evaluator._scales
        slope = program.lever_cost + program.pullback(self.at, program.outcome_cost)
        return np.asarray(slope * scales.levers / scales.cost)

    @cached_property
    def constraints(self) -> FloatArray:
        """The scaled constraints."""
        program, evaluator = self.evaluator.program, self.evaluator
        if not self.at.is_finite:
            return np.where(np.isfinite(evaluator.constraint_upper), np.inf, -np.inf)
        z = np.concatenate([self.at.x, self.at.y])
        rows = program.rows(self.at.x, self.at.y)[evaluator._moved]
        bent = np.array([each.excess(z) + each.bound for each in program.quadratics])
        return np.concatenate([rows, bent]) / self._sizes

    @cached_property
    def jacobian(self) -> csr_array:
        """The slopes (scaled constraints, scaled levers)."""
        pattern, n = self.evaluator.jacobian_places, self.evaluator.size
        by_x, by_y = self._sides
        whole = by_x + self._pulled(by_y)
        entries = whole[np.repeat(np.arange(len(whole)), np.diff(pattern.indptr)), pattern.indices]
        sizes = np.repeat(self._sizes, np.diff(pattern.indptr))
        entries = entries * self.evaluator._scales.levers[pattern.indices] / sizes
        return csr_array((entries, pattern.indices, pattern.indptr), shape=(len(whole), n))

    def _pulled(self, by_y: FloatArray) -> FloatArray:
        """What outcomes bring to the slopes of constraints, by as few sweeps as there are outcomes or constraints."""
        program, used = self._program, self.evaluator._used
        if len(used) <= len(by_y):
            return np.asarray(by_y[:, used] @ program.gradients(self.at, used))
        return np.array([program.pullback(self.at, weights) for weights in by_y])

    @property
    def _sides(self) -> tuple[FloatArray, FloatArray]:
        """The slopes (constraints, levers) with outcomes held, and (constraints, outcomes)."""
        program, moved = self.evaluator.program, self.evaluator._moved
        z, n = np.concatenate([self.at.x, self.at.y]), self.evaluator.size
        bent = np.array([each.slope(z) for each in program.quadratics]).reshape(-1, len(z))
        by_x = np.concatenate([program.lever_rows[moved].toarray(), bent[:, :n]])
        return by_x, np.concatenate([program.outcome_rows[moved].toarray(), bent[:, n:]])

    @property
    def _sizes(self) -> FloatArray:
        scales = self.evaluator._scales
        return np.concatenate([scales.rows[self.evaluator._moved], scales.quadratics])

    @property
    def _program(self) -> Program:
        """The program, where it can be asked for slopes."""
        if not self.at.is_finite:
            raise _no_slopes(self.evaluator.program, self.at.x)
        return self.evaluator.program


def _columns(quadratic: Quadratic, n: int) -> IndexArray:
    """The levers that a quadratic constraint looks at."""
    named = np.union1d(quadratic.matrix.indices, np.flatnonzero(quadratic.vector))
    return np.arange(n) if (named >= n).any() else named.astype(np.int64)


def _numbers(given: Any, name: str, shape: tuple[Any, ...]) -> FloatArray:
    """Finite numbers of a shape (`...`: any or no leading dimension); InvalidRequest where they are not."""
    try:
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidRequest(Fault("expected an array of numbers.", name)) from None
    leading = shape[:1] == (...,)
    if (found.shape[-1:] != shape[1:] or found.ndim > 2) if leading else found.shape != shape:
        expected = f"({shape[1]},) or (any, {shape[1]})" if leading else str(shape)
        raise InvalidRequest(Fault(f"the shape is {found.shape}, expected {expected}.", name))
    wrong = np.flatnonzero(~np.isfinite(found))
    if len(wrong):
        value = found.ravel()[wrong[0]]
        advice = "Give a finite number for each."
        raise InvalidRequest(Fault(f"{value} at place {wrong[0]}, {len(wrong)} such in all.", name, advice=advice))
    return found


def _no_slopes(program: Program, x: FloatArray) -> InvalidRequest:
    advice = "There are no slopes here: begin elsewhere, or go back to levers whose objective is finite."
    return InvalidRequest(Fault(f"the run leaves the numbers: {program.complaint(x)}", "levers", advice=advice))

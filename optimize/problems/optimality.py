"""How far a policy is from an optimum: the KKT residual and the violation of limits, apart from any solver.

A point is stationary if the gradient of the Lagrangian

    L = c'x + d'y(x) + multipliers of rows * (A x + B y(x)) + multipliers of quadratics * q(x, y(x))

vanishes, but for levers that stand on a bound and are held there (Karush 1939; Kuhn and Tucker 1951). Three numbers say
by how much a point misses this, none of which knows the unit of anything:

- `stationarity`: each lever's slope of the Lagrangian is held against its own marginals: the slope of the objective,
  what the prices of limits make of it, and by how much its curvature changes it over the lever's own size. 1e-6 means
  that the two sides of every lever's balance agree to a millionth. A lever at zero has no size of its own: that is how
  far it goes until its curvature stops what pulls at it, and its range, which may be anything, only where nothing does.
  A lever counts for less where what it can still gain, until its bound or until its curvature stops it, is less than
  1e-12 of what all levers together are worth here.
- `complementarity`: for each limit with a multiplier the smaller of its distance to its bound, relative to the limit's
  size, and of what the multiplier makes of the limit's whole size, relative to what all levers are worth here.
- `violation`: how far a limit or bound is exceeded, relative to its size: its amount, or what the levers moved of its
  terms (`row_sizes`). Terms that cancel are no part of it.

A fourth looks at all levers together (`promise.py`): the gain that the exact second derivative still promises along
directions in which they move at once. Beside the curvature across a narrow valley every slope along it is nothing,
lever by lever: a penalty of 1e6 for leaving a line made 15 of 20 look like an optimum.

Why local sizes: the objective's value, or its gain over some start, says nothing about this point. A penalty that only
the start pays, a constant, a thousand idle levers or one lever worth a billion would loosen the claim for the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sd_models.system.model import FloatArray

from .lagrangian import Multipliers, lagrangian_weights, normals, second_derivative, slopes
from .program import Evaluation, Program
from .promise import FEW, ROUNDS, Promise, promised
from .sizes import block_sizes, own_sizes, quadratic_sizes, row_sizes

__all__ = [
    "FEW",
    "Marginals",
    "Multipliers",
    "Optimality",
    "Promise",
    "balance",
    "block_sizes",
    "curvatures",
    "excesses",
    "lagrangian_weights",
    "most_violated",
    "normals",
    "optimality",
    "own_sizes",
    "pulls",
    "quadratic_sizes",
    "residuals",
    "row_sizes",
    "second_derivative",
    "slopes",
    "violation",
    "within_sight",
]

# What a lever can still gain counts for nothing below this share of what all levers are worth.
DUST = 1e-12
# What levers are worth is not more than this: beside infinity every gain would be dust.
LARGEST = float(np.finfo(float).max)
# Up to so many levers all second derivatives are taken, beyond so many probes of their diagonal.
PROBES = 8
# Directions of all levers are looked along where each alone misses its balance by no more than this.
IN_SIGHT = 1e-5
# How far beside a policy the slopes of its kinks show, in sizes of levers.
BESIDE = 1e-4
# How far around a policy, in sizes of levers, slopes are looked at for what their change is.
AROUND = (1.0, 1e-1, 1e-2, 1e-3)


@dataclass(frozen=True, slots=True)
class Optimality:
    """How far a point is from an optimum; see the module.

    >>> import optimize as opt
    >>> opt.Optimality(stationarity=1e-7, complementarity=3e-8, violation=0.0).within(1e-6)
    True
    """

    stationarity: float
    complementarity: float
    violation: float
    promise: Promise | None = None

    @property
    def kkt_residual(self) -> float:
        """The largest of stationarity, complementarity, and the share that is still promised."""
        share = 0.0 if self.promise is None else self.promise.share
        return max(self.stationarity, self.complementarity, share)

    def within(self, tolerance: float) -> bool:
        """Whether the point counts as an optimum."""
        return max(self.kkt_residual, self.violation) <= tolerance


def optimality(program: Program, at: Evaluation, multipliers: Multipliers) -> Optimality:
    """The residuals of a policy with its outcomes, by gradients and second derivatives that are taken here.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> program = opt.assemble(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> own = program.evaluate(program.reference)  # nothing is spent: far from an optimum, though no limit is violated
    >>> found = opt.optimality(program, own, opt.Multipliers.none(program))
    >>> found.violation, found.within(1e-6)
    (0.0, False)
    """
    bent = curvatures(program, at, multipliers)
    found = residuals(program, at, *slopes(program, at, multipliers), multipliers, bent)
    return within_sight(program, at, found, multipliers, bent, rounds=ROUNDS if len(at.x) <= FEW else 1)


def balance(program: Program, at: Evaluation, multipliers: Multipliers) -> Optimality:
    """The residuals lever by lever alone, by which multipliers are chosen."""
    bent = curvatures(program, at, multipliers)
    return residuals(program, at, *slopes(program, at, multipliers), multipliers, bent)


def within_sight(
    program: Program,
    at: Evaluation,
    found: Optimality,
    multipliers: Multipliers,
    curvature: FloatArray,
    *,
    rounds: int = ROUNDS,
) -> Optimality:
    """Residuals with what is promised along directions of all levers, where each lever alone is balanced."""
    if not found.within(IN_SIGHT):
        return found
    return replace(found, promise=promised(program, at, multipliers, curvature, rounds=rounds))


def residuals(
    program: Program,
    at: Evaluation,
    objective: FloatArray,
    lagrangian: FloatArray,
    multipliers: Multipliers,
    curvature: FloatArray,
) -> Optimality:
    """The residuals from the gradients of objective and Lagrangian, and its second derivative by each lever."""
    marginals = Marginals(program, at, objective, lagrangian, np.maximum(curvature, 0.0))
    return Optimality(
        float(marginals.misses.max(initial=0.0)),
        _complementarity(program, at, multipliers, marginals.worth),
        violation(program, at.x, at.y),
    )


@dataclass(frozen=True, eq=False)
class Marginals:
    """What the levers are worth at a point: slopes of objective and Lagrangian, and `curvature`, not below zero."""

    program: Program
    at: Evaluation
    objective: FloatArray
    lagrangian: FloatArray
    curvature: FloatArray

    @cached_property
    def sizes(self) -> FloatArray:
        """The size of each lever (levers)."""
        return _sizes(self.program, self.at.x, self._stops)

    @cached_property
    def whole(self) -> FloatArray:
        """What a lever's slope is held against: what pulls at it from all sides (levers)."""
        if len(self.program.pulls):
            return np.asarray(self._prices + self.program.pulls)
        return np.asarray(np.abs(self.objective) + self._prices + self.curvature * self.sizes)

    @cached_property
    @np.errstate(over="ignore")
    def worth(self) -> float:
        """What all levers in their sizes are worth, not less than what rounding leaves of the objective.

        A lever at zero counts for no more than the largest with a value; where none has one, a lever whose size is its
        range counts for no more than the largest other.
        """
        rounding = np.finfo(float).eps * abs(self.program.cost(self.at.x, self.at.y))
        each = self.whole * self.sizes
        for tells in (self.at.x != 0.0, self._stops > 0.0):
            largest = float(each[tells].max(initial=0.0))
            if largest > 0.0:
                each = np.where(tells, each, np.minimum(each, largest))
                break
        return min(max(float(each.sum()), rounding / DUST), LARGEST)

    @cached_property
    def gains(self) -> FloatArray:
        """What each lever alone can still gain, until its bound or until its curvature stops it (levers)."""
        slope = np.abs(self.lagrangian)
        room = np.where(self.lagrangian > 0, self.at.x - self.program.lower, self.program.upper - self.at.x)
        reach = np.where(np.isfinite(room), np.maximum(room, 0.0), self.sizes)
        stop = np.divide(slope, self.curvature, out=reach.copy(), where=self.curvature * reach > slope)
        return np.asarray(slope * np.minimum(stop, reach))

    @cached_property
    def misses(self) -> FloatArray:
        """By how much each lever misses its balance (levers)."""
        whole = self.whole
        share = np.divide(np.abs(self.lagrangian), whole, out=np.zeros_like(whole), where=whole > 0)
        return np.minimum(share, 1e-6 * self.gains / (DUST * self.worth or 1.0))

    @cached_property
    def _prices(self) -> FloatArray:
        """What the prices of limits make of each lever's slope (levers)."""
        return np.abs(self.lagrangian - self.objective)

    @cached_property
    def _stops(self) -> FloatArray:
        """Where levers at zero stop; the curvature of a smooth stand-in says nothing of it."""
        if len(self.program.pulls):
            return np.zeros(len(self.at.x))
        return _stops(self.program, self.at.x, np.abs(self.objective) + self._prices, self.curvature)


def pulls(program: Program, at: Evaluation) -> FloatArray:
    """What pulls at each lever (levers) without prices: the objective's slope, and what its curvature makes of it.

    Where nothing does, in the middle of a kink, it is what pulls a little beside.
    """
    found = _pulls(program, at)
    if found.all():
        return found
    step = BESIDE * own_sizes(program, at.x)
    sides = [program.evaluate(np.clip(at.x + move, program.lower, program.upper)) for move in (step, -step)]
    beside = [_pulls(program, side) for side in sides if side.is_finite]
    return np.where(found > 0.0, found, np.max([found, *beside], axis=0))


def _pulls(program: Program, at: Evaluation) -> FloatArray:
    none = Multipliers.none(program)
    objective, _ = slopes(program, at, none)
    pull, bent = np.abs(objective), np.maximum(curvatures(program, at, none), 0.0)
    return np.asarray(pull + bent * _sizes(program, at.x, _stops(program, at.x, pull, bent)))


def curvatures(program: Program, at: Evaluation, multipliers: Multipliers) -> FloatArray:
    """The second derivative of the Lagrangian by each lever (levers), not more than slopes change by around the policy;
    beyond `FEW` levers an estimate of it.

    In a bend as narrow as that of a root of a square the derivative is huge, and says nothing a little beside it.
    The estimate is the mean of v * (H v) over random signs v (Bekas, Kokiopoulou and Saad 2007, Applied Numerical
    Mathematics 57); it only weighs slopes, for which its order is enough.
    """
    n = len(at.x)
    if n <= FEW:
        bent = np.diagonal(second_derivative(program, at, multipliers, np.eye(n)))
        return np.minimum(bent, _changes(program, at, multipliers)) if (bent > 0.0).any() else bent.copy()
    signs = np.random.default_rng(0).choice((-1.0, 1.0), (PROBES, n))
    return np.asarray((signs * second_derivative(program, at, multipliers, signs)).mean(axis=0))


@np.errstate(over="ignore")
def _changes(program: Program, at: Evaluation, multipliers: Multipliers) -> FloatArray:
    """The most that slopes of the Lagrangian change by in moves of all levers, for each unit of a lever (levers);
    infinite where nothing tells."""
    _, here = slopes(program, at, multipliers)
    found = np.full(len(at.x), np.nan)
    for x in _around(program, at.x):
        there = program.evaluate(x)
        if there.is_finite:
            change, moved = np.abs(slopes(program, there, multipliers)[1] - here), np.abs(x - at.x)
            found = np.fmax(found, np.divide(change, moved, out=np.full(len(x), np.nan), where=moved > 0.0))
    return np.where(np.isfinite(found), found, np.inf)


def _around(program: Program, x: FloatArray) -> Iterator[FloatArray]:
    """Policies at several distances, each lever moved to a side by chance, and then to the other."""
    random, sizes = np.random.default_rng(0), own_sizes(program, x)
    for share in np.repeat(AROUND, 2):
        move = share * random.choice((-1.0, 1.0), len(x)) * sizes
        yield from (np.clip(x + each, program.lower, program.upper) for each in (move, -move))


# --- sizes ------------------------------------------------------------------------------------------------------------


def _sizes(program: Program, x: FloatArray, stops: FloatArray) -> FloatArray:
    """The size in which each lever is weighed (levers): where it stops, if it is at zero, or its own."""
    return np.where(stops > 0.0, stops, own_sizes(program, x))


@np.errstate(over="ignore")
def _stops(program: Program, x: FloatArray, pull: FloatArray, curvature: FloatArray) -> FloatArray:
    """How far each lever at zero goes until its curvature stops what pulls at it (levers), neither below zero.

    Zero for levers with a value, and where nothing pulls, or nothing stops the lever within its range. A pull is never
    taken for rounding beside a range: at worst an optimum at which all levers are zero is then not claimed.
    """
    stop = np.divide(pull, curvature, out=np.zeros(len(x)), where=curvature > 0.0)
    return np.where((x == 0.0) & (stop < program.upper - program.lower), stop, 0.0)


# --- residuals --------------------------------------------------------------------------------------------------------


def violation(program: Program, x: FloatArray, y: FloatArray) -> float:
    """The largest relative violation of rows, quadratic constraints and bounds; infinite where a run is no number."""
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return float("inf")
    return max(float(part.max(initial=0.0)) for part in excesses(program, x, y))


def most_violated(program: Program, x: FloatArray, y: FloatArray) -> tuple[float, str]:
    """The largest relative violation and the name of the limit, or of the constraint that was added, where it is."""
    largest = violation(program, x, y)
    if not 0 < largest < np.inf:
        return largest, ""
    quadratics = (quadratic.name for quadratic in program.quadratics)
    names = (*program.row_names, *quadratics, *("bounds of the levers" for _ in x))
    return largest, names[int(np.concatenate(excesses(program, x, y)).argmax())]


def excesses(program: Program, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """By how much rows, quadratic constraints and bounds are exceeded, relative to their sizes; negative with room."""
    values = program.rows(x, y)
    rows = np.maximum(program.row_lower - values, values - program.row_upper) / row_sizes(program, x, y)
    over = np.array([quadratic.excess(np.concatenate([x, y])) for quadratic in program.quadratics])
    bounds = np.maximum(program.lower - x, x - program.upper) / own_sizes(program, x)
    return rows, over / quadratic_sizes(program, x, y), bounds


def _complementarity(program: Program, at: Evaluation, multipliers: Multipliers, size: float) -> float:
    values = program.rows(at.x, at.y)
    room = np.where(multipliers.rows > 0, program.row_upper - values, values - program.row_lower)
    rows = _unmatched(multipliers.rows, room, row_sizes(program, at.x, at.y), size)
    z = np.concatenate([at.x, at.y])
    slack = np.array([-quadratic.excess(z) for quadratic in program.quadratics])
    unsigned = np.maximum(-multipliers.quadratics, 0.0) / (size or 1.0)
    quadratics = _unmatched(multipliers.quadratics, slack, quadratic_sizes(program, at.x, at.y), size)
    return max(float(part.max(initial=0.0)) for part in (rows, quadratics, unsigned))


def _unmatched(multipliers: FloatArray, room: FloatArray, sizes: FloatArray, objective: float) -> FloatArray:
    """The smaller of the relative distance to the bound and of the multiplier's relative effect."""
    effect = np.abs(multipliers) * sizes / (objective or 1.0)
    return np.minimum(effect, np.maximum(room, 0.0) / sizes)

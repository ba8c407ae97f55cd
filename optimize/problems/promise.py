"""What the exact second derivative still promises: the gain along directions in which levers move together.

A lever alone may look balanced though all levers together are not. Where a stiff penalty ties u to v, a slope by u is
nothing beside what moving u alone would cost, while both together could go on to their bounds for nothing: a valley. So
slopes are looked at along the directions that the curvature itself names: those of Lanczos' method from the slope of
the Lagrangian (Golub and Van Loan 2013, Matrix Computations, 10.3), which parts it into few directions of one curvature
each. Along each, levers and limits set how far it can go, and the model of second order says what is gained there:

    gain(t) = slope t - curvature t^2 / 2,    t up to where curvature, bounds or limits stop it

That is held against what is at stake along the same direction: what pulls at its levers, and what curvature makes of
moving them by their own sizes. The share has no unit and knows no other direction: one that is stiff, or worth a
billion, hides nothing of one that is not. What a multiplier of a limit with room pretends to hold counts for nothing.

In a curved valley, a wall that is off its balance by a hair's breadth bends what is along the floor. So where stiff
directions still pull, the same is looked at again where these have gone to their balance.

What rounding leaves is no promise: slopes below what the curvature of the levers loses in the digits of their values.
Whether a policy is better there, values tell better than slopes (`certificates.valleys`): a valley's floor is flat in
them to the square of a rounding.

Why not the gain of all directions together: one share for all, of what all levers are worth, lets the dearest of them
hide what the others still gain. Why not a bounded quadratic program: directions are stopped at the first bound, which
is then held; what is promised is at least that much. More levers than `FEW` have `STEPS` products, as the least
curvature has; fewer have as many as there are directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.sparse import csr_array, diags_array, eye_array, vstack
from scipy.sparse.linalg import splu

from sd_models.system.model import FloatArray, IndexArray, Mask

from .lagrangian import Multipliers, normals, second_derivative, slopes
from .program import Evaluation, Program
from .sizes import block_sizes, own_sizes, quadratic_sizes, row_sizes

EPS = float(np.finfo(float).eps)
# Up to so many levers Lanczos' method goes to its end, beyond so many it takes so many products.
FEW, STEPS = 300, 24
# How often bounds and limits that stop a direction at once are held and directions are looked for anew.
ROUNDS, FEWER = 12, 2
# Limits hold, and levers stand on a bound, within these shares of their sizes.
HELD, AT_BOUND = 1e-6, 1e-7
# A limit counts where its multiplier's pull is this share of what pulls at some lever.
PULLS = 1e-7
# What can still be gained counts for nothing below this share of what all levers are worth.
DUST = 1e-12
# A share that rounding may hide counts from here on.
UNSURE = 1e-7
# A share below this is none: an optimum needs no more.
NONE = 1e-9
# Roundings of the objective's value, and of a lever's slope, that count for nothing.
ROUNDINGS = 8.0
# A lever's own size is rounding below this share of its block's.
ROUNDED = 1e-9
# A share above this is enough to know: no optimum.
ENOUGH = 1e-6
# A lever is drawn off its bound by a slope of this share of what pulls at it.
DRAWN = 1e-6
# Directions are stiff of which this share of the curvature is more than the least; they are taken to their balance
# where their slope is more than this share of what pulls at some lever.
STIFF, BESIDE = 1e-2, 1e-3
# What is left of a direction below this share of it is rounding.
NO_DIRECTION = 1e-13


@dataclass(frozen=True, eq=False)
class Promise:
    """The gain (unit of the objective) that is promised along a move (levers), and its share of what is at stake there
    for moving levers by their own sizes, which is `stake`. `unsure` are directions whose slopes are lost in rounding,
    though what is lost may count. All this is seen a `step` beside the policy, where one was taken."""

    gain: float
    share: float
    stake: float
    move: FloatArray
    unsure: tuple[Way, ...] = ()
    step: FloatArray | None = None

    @classmethod
    def none(cls, count: int) -> Promise:
        """Nothing is promised."""
        return cls(0.0, 0.0, 0.0, np.zeros(count))


@dataclass(frozen=True, eq=False)
class Way:
    """A direction (levers, in their sizes, the largest move 1), downhill, with its slope, its curvature, what is at
    stake along it, and what rounding may leave of a slope, all in the unit of the objective."""

    direction: FloatArray
    slope: float
    curvature: float
    stake: float
    noise: float

    def gain(self, reach: float) -> float:
        """What is gained up to a reach, or until curvature stops it."""
        t = min(reach, self.stop)
        if not np.isfinite(t):
            return t * self.slope
        return t * (self.slope - 0.5 * self.curvature * t)

    @property
    def stop(self) -> float:
        """Where curvature stops it."""
        return self.slope / self.curvature if self.curvature > 0.0 else np.inf

    @property
    def is_unsure(self) -> bool:
        """Whether a slope that rounding leaves would promise what counts."""
        return self.slope <= self.noise and replace(self, slope=self.noise).share(1.0) > UNSURE

    def share(self, reach: float) -> float:
        """The share of the stake that is gained within the levers' sizes, up to a reach."""
        return self.gain(min(reach, 1.0)) / self.stake if self.stake > 0.0 else 0.0


def promised(
    program: Program,
    at: Evaluation,
    multipliers: Multipliers,
    curvature: FloatArray,
    *,
    rounds: int = ROUNDS,
    stop: Callable[[], bool] = lambda: False,
) -> Promise:
    """The largest promise at a policy that keeps its limits; `curvature` (levers) is the second derivative by each.

    Directions are looked for anew in so many `rounds` at most, where bounds or limits stop them; with one, only here.

    A program of two levers that a stiff spring ties together, and that both gain by rising:

    >>> import numpy as np
    >>> from optimize.problems.lagrangian import Multipliers
    >>> from optimize.problems.program import Evaluation, Program
    >>> from scipy.sparse import csr_array
    >>> stiff = 1e6 * np.array([[1.0, -1.0], [-1.0, 1.0]])
    >>> class Spring:
    ...     def evaluate(self, x):
    ...         return Evaluation(x, np.array([0.5 * x @ stiff @ x]))
    ...     def gradients(self, at, chosen):
    ...         return (stiff @ at.x)[np.newaxis][chosen]
    ...     def pullback(self, at, weights):
    ...         return weights[0] * stiff @ at.x
    ...     def products(self, at, weights, directions):
    ...         return weights[0] * directions @ stiff
    >>> none = csr_array((0, 2)), csr_array((0, 1)), np.zeros(0), np.zeros(0)
    >>> program = Program(Spring(), -np.ones(2), np.ones(1), np.zeros(2), np.full(2, 10.0), *none)
    >>> at = program.evaluate(np.full(2, 5.0))
    >>> found = promised(program, at, Multipliers.none(program), np.full(2, 1e6))
    >>> round(found.gain, 6), found.move.round(6).tolist()
    (10.0, [5.0, 5.0])
    """
    return Directions(program, at, multipliers, curvature).promise(rounds, stop)


@dataclass(frozen=True, eq=False)
class Directions:
    """The directions at a policy; `told` are its multipliers, `curvature` is the second derivative by each lever."""

    program: Program
    at: Evaluation
    told: Multipliers
    curvature: FloatArray
    is_beside: bool = False

    def promise(self, rounds: int = ROUNDS, stop: Callable[[], bool] = lambda: False) -> Promise:
        """The largest promise: directions that a bound or a limit stops at once are looked for anew with it held, and
        with levers that a step of the others would draw off their bounds."""
        fixed, held, rows = self.fixed, np.zeros(len(self.at.x), dtype=bool), np.zeros(0, dtype=np.int64)
        best, unsure = self._none, tuple[Way, ...]()
        for _ in range(rounds if len(self.at.x) <= FEW else min(rounds, FEWER)):
            ways = list(self.ways(fixed | held, rows, stop))
            unsure = unsure or tuple(way for way in ways if way.is_unsure)
            best = max((best, *map(self._promise, ways)), key=lambda each: each.share)
            if best.share > ENOUGH or stop():
                break
            more, limits = self._stopping(ways)
            free = fixed & ~held & self._drawn(ways)
            if not ((more & ~held).any() or free.any() or len(np.setdiff1d(limits, rows))):
                break
            fixed, held, rows = fixed & ~free, held | more, np.union1d(rows, limits)
        found = replace(best, unsure=unsure)
        return found if best.share > ENOUGH or rounds == 1 or stop() else self._beside(found, ways, stop)

    def _beside(self, found: Promise, ways: Sequence[Way], stop: Callable[[], bool]) -> Promise:
        """The promise where stiff directions have gone to their balance, if there is one."""
        least = min((way.curvature for way in ways), default=0.0)
        stiff = [way for way in ways if way.stop <= 1.0 and STIFF * way.curvature > least]
        if self.is_beside or not self._pulls(stiff):
            return found
        x = np.clip(self.at.x + self._step(stiff), self.program.lower, self.program.upper)
        there = self.program.evaluate(x)
        if not there.is_finite:
            return found
        other = replace(self, at=there, is_beside=True).promise(ROUNDS if len(x) <= FEW else 1, stop)
        is_more = other.share > ENOUGH or (len(other.unsure) > 0 and not found.unsure)
        return replace(other, step=x - self.at.x) if is_more else found

    def _pulls(self, ways: Sequence[Way]) -> bool:
        """Whether the slopes along some directions are a part that counts of what pulls at some lever."""
        parts = [way.slope * np.abs(way.direction) / (way.direction @ way.direction) for way in ways]
        return bool(parts) and bool((np.sum(parts, axis=0) > BESIDE * self._pull * self.sizes).any())

    def _step(self, ways: Sequence[Way]) -> FloatArray:
        """The move (levers) along directions that curvature stops within the levers' sizes."""
        moves = [way.stop * way.direction * self.sizes for way in ways if way.stop <= 1.0]
        return np.sum(moves, axis=0) if moves else np.zeros(len(self.at.x))

    def _stopping(self, ways: Sequence[Way]) -> tuple[Mask, IndexArray]:
        """What stops the direction that would promise most, before it has gained anything that counts."""
        counting = [way for way in ways if self._counts(way, 1.0) and way.share(1.0) > ENOUGH]
        if not counting:
            return np.zeros(len(self.at.x), dtype=bool), np.zeros(0, dtype=np.int64)
        return self._blockers(max(counting, key=lambda way: way.share(1.0)))

    def _drawn(self, ways: Sequence[Way]) -> Mask:
        """Levers on a bound that are drawn off it once the others have gone where curvature stops them."""
        move = self._step(ways)
        if not move.any():
            return np.zeros(len(move), dtype=bool)
        bent = second_derivative(self.program, self.at, self.multipliers, move[np.newaxis])[0]
        after = self._slopes[1] + bent
        down, up = self.room
        inward = np.where(down < up, -after, after)
        bends = np.sqrt(np.abs(self.curvature))
        lost = ROUNDINGS * EPS * bends * float((bends * self.sizes).max(initial=0.0))
        room = np.maximum(down, up) * self.sizes
        room = np.where(np.isfinite(room), room, self.sizes)
        counts = (inward > DRAWN * self._pull + lost) & (inward * room > self._least)
        return np.asarray(counts & (self.program.lower < self.program.upper))

    # --- what is there --------------------------------------------------------------------------------------------

    @cached_property
    def sizes(self) -> FloatArray:
        """The unit of directions: each lever in its own size, or that of its block where its own is rounding."""
        own, unit = own_sizes(self.program, self.at.x), self._unit
        return np.where(np.isfinite(unit) & (own < ROUNDED * unit), unit, own)

    @cached_property
    def _unit(self) -> FloatArray:
        """The size of each lever's block, or its range where that is less."""
        span = self.program.upper - self.program.lower
        return np.minimum(block_sizes(self.program, self.at.x), np.where(span > 0, span, np.inf))

    @cached_property
    def multipliers(self) -> Multipliers:
        """Those of limits that hold: what others pretend to hold counts for nothing."""
        rows = np.where(self._active[0], self.told.rows, 0.0)
        return Multipliers(rows, np.where(self._active[1], self.told.quadratics, 0.0))

    @cached_property
    def _active(self) -> tuple[Mask, Mask]:
        program, x, y = self.program, self.at.x, self.at.y
        values, near = program.rows(x, y), HELD * row_sizes(program, x, y)
        rows = (program.row_upper - values <= near) | (values - program.row_lower <= near)
        z = np.concatenate([x, y])
        excess = np.array([quadratic.excess(z) for quadratic in program.quadratics])
        return rows, excess >= -HELD * quadratic_sizes(program, x, y)

    @cached_property
    def _slopes(self) -> tuple[FloatArray, FloatArray]:
        return slopes(self.program, self.at, self.multipliers)

    @cached_property
    def slope(self) -> FloatArray:
        """The slope of the Lagrangian (levers), in sizes."""
        return self._slopes[1] * self.sizes

    @cached_property
    def _prices(self) -> FloatArray:
        objective, lagrangian = self._slopes
        return np.abs(lagrangian - objective)

    @cached_property
    def _pull(self) -> FloatArray:
        return np.abs(self._slopes[0]) + self._prices

    @cached_property
    def room(self) -> tuple[FloatArray, FloatArray]:
        """How far each lever can go down and up, in sizes."""
        program, x = self.program, self.at.x
        return np.maximum(x - program.lower, 0.0) / self.sizes, np.maximum(program.upper - x, 0.0) / self.sizes

    @cached_property
    def fixed(self) -> Mask:
        """Levers that stand on a bound and are held there, or near one with no more than dust to gain on the way."""
        program, x, slope, unit = self.program, self.at.x, self._slopes[1], self._unit
        below, above = x - program.lower, program.upper - x
        room = np.where(slope >= 0, below, above)
        with np.errstate(invalid="ignore"):
            dust = (room <= HELD * unit) & (np.abs(slope) * room <= DUST * self._worth)
        return np.asarray((room <= AT_BOUND * unit) | dust | (program.upper <= program.lower))

    @cached_property
    def _worth(self) -> float:
        """What all levers in their sizes are worth."""
        return float(((self._pull + np.maximum(self.curvature, 0.0) * self.sizes) * self.sizes).sum())

    @cached_property
    def _none(self) -> Promise:
        return Promise.none(len(self.at.x))

    @cached_property
    def _kept(self) -> csr_array:
        """The gradients of limits that hold and count, or are equations, in sizes."""
        equal = self.program.row_lower == self.program.row_upper
        rows = np.flatnonzero(self._active[0] & (equal | (self.multipliers.rows != 0.0)))
        curved = np.flatnonzero(self.multipliers.quadratics)
        found = normals(self.program, self.at, rows, curved)
        if not found.shape[0]:
            return found
        values = np.concatenate([self.multipliers.rows[rows], self.multipliers.quadratics[curved]])
        pulled = abs(diags_array(values) @ found) @ diags_array(1.0 / np.where(self._pull > 0, self._pull, 1.0))
        strong = np.asarray(pulled.max(axis=1).toarray()).ravel() > PULLS
        strong |= np.concatenate([equal[rows], np.zeros(len(curved), dtype=bool)])
        return csr_array((found @ diags_array(self.sizes))[np.flatnonzero(strong)])

    # --- directions -----------------------------------------------------------------------------------------------

    def ways(self, held: Mask, rows: IndexArray, stop: Callable[[], bool]) -> Iterator[Way]:
        """The directions that the slope is made of, with levers held and more rows kept than those that count."""
        moving = np.flatnonzero(~held)
        kept = self._kept
        if len(rows):
            more = normals(self.program, self.at, rows, np.zeros(0, dtype=np.int64)) @ diags_array(self.sizes)
            kept = csr_array(vstack([kept, csr_array(more)]))
        space = _Space(csr_array(kept[:, moving]), len(moving))
        first = space.projected(self.slope[moving])
        norm = float(np.linalg.norm(first))
        if not np.isfinite(norm) or norm <= NO_DIRECTION * np.linalg.norm(self.slope[moving]):
            return

        def product(direction: FloatArray) -> FloatArray:
            move = np.zeros(len(self.sizes))
            move[moving] = direction
            bent = second_derivative(self.program, self.at, self.multipliers, (move * self.sizes)[np.newaxis])[0]
            return space.projected((bent * self.sizes)[moving])

        most = len(moving) if len(self.sizes) <= FEW else STEPS
        values, vectors, parts = lanczos(first / norm, product, most, stop)
        if not len(values):
            return
        directions = np.zeros((len(values), len(self.sizes)))
        directions[:, moving] = vectors
        parts = parts * norm
        pull = self._pull_after(values, directions, parts)
        for value, direction, part in zip(values, directions, parts, strict=True):
            yield self.way(float(value), direction, float(part), pull)

    def _pull_after(self, values: FloatArray, directions: FloatArray, parts: FloatArray) -> FloatArray:
        """What pulls at each lever (levers), without what a step within the levers' sizes takes away."""
        if len(self.program.pulls):
            return np.asarray(self.program.pulls + self._prices)
        taken = np.abs(parts) <= values / np.abs(directions).max(axis=1)
        change = -(parts[taken] @ directions[taken]) / self.sizes
        objective = self._slopes[0]
        return np.asarray(np.minimum(np.abs(objective), np.abs(objective + change)) + self._prices)

    def way(self, value: float, direction: FloatArray, part: float = 0.0, pull: FloatArray | None = None) -> Way:
        """A direction (levers, in sizes) of a curvature and a part of the slope, with what pulls at each lever."""
        pull = self._pull if pull is None else pull
        scale = 1.0 / float(np.abs(direction).max())
        move = -np.sign(part or 1.0) * scale * direction
        bent = max(value, 0.0) * scale**2
        stake = float((pull * self.sizes) @ np.abs(move)) + bent
        lost = np.abs(self.curvature) * self.sizes**2 + self._pull * self.sizes
        noise = ROUNDINGS * EPS * float(lost @ np.abs(move))
        return Way(move, abs(part) * scale, bent, stake, noise)

    # --- how far they go ------------------------------------------------------------------------------------------

    def reach(self, move: FloatArray) -> FloatArray:
        """How far each lever lets a direction go (levers)."""
        down, up = self.room
        room = np.where(move > 0, up, down)
        return np.asarray(np.divide(room, np.abs(move), out=np.full(len(move), np.inf), where=move != 0.0))

    @cached_property
    def _least(self) -> float:
        """What is dust, in the unit of the objective."""
        worth = float((self._pull * self.sizes) @ ~self.fixed)
        return max(DUST * worth, ROUNDINGS * EPS * abs(self.program.cost(self.at.x, self.at.y)))

    def _counts(self, way: Way, reach: float) -> bool:
        return way.slope > way.noise and way.gain(reach) > self._least

    def _promise(self, way: Way) -> Promise:
        """What a direction promises."""
        reach = float(self.reach(way.direction).min(initial=np.inf))
        if not self._counts(way, reach) or way.share(reach) <= NONE:
            return self._none
        reach = min(way.stop, reach if np.isfinite(reach) else 1.0)
        if way.share(reach) > ENOUGH:  # what is no more is as good as none, however far limits let it go
            reach = min(reach, self._within_rows(way, reach))
        if not self._counts(way, reach):
            return self._none
        move = reach * way.direction * self.sizes
        return Promise(way.gain(reach), way.share(reach), way.stake, move)

    def _within_rows(self, way: Way, reach: float) -> float:
        """How far limits let a direction go, by what they are there."""
        return float(self._rows_reach(way, reach).min(initial=np.inf))

    def _rows_reach(self, way: Way, reach: float) -> FloatArray:
        program, at = self.program, self.at
        if not len(program.row_lower):
            return np.zeros(0)
        there = program.evaluate(np.clip(at.x + reach * way.direction * self.sizes, program.lower, program.upper))
        now = program.rows(at.x, at.y)
        change = program.rows(there.x, there.y) - now
        slack = np.where(change > 0, program.row_upper - now, now - program.row_lower)
        near = HELD * row_sizes(program, at.x, at.y)
        change = np.abs(change)
        crossed = np.isfinite(change) & (change > np.maximum(slack, 0.0) + near)
        part = np.divide(np.where(crossed, slack, 0.0), change, out=np.zeros(len(change)), where=crossed)
        return np.where(crossed, reach * np.maximum(part, 0.0), np.inf)

    def _blockers(self, way: Way) -> tuple[Mask, IndexArray]:
        """Levers and rows that stop a direction before it has gained anything that counts."""
        reach = self.reach(way.direction)
        levers = (reach < 1.0) & self._is_nothing(way, reach)
        rows = self._rows_reach(way, min(way.stop, 1.0, float(reach[~levers].min(initial=np.inf))))
        return levers, np.flatnonzero((rows < 1.0) & self._is_nothing(way, rows))

    def _is_nothing(self, way: Way, reach: FloatArray) -> Mask:
        """Whether what a direction gains up to reaches is nothing that counts."""
        t = np.minimum(np.minimum(reach, way.stop), 1.0)
        gain = t * (way.slope - 0.5 * way.curvature * t)
        return np.asarray((gain <= self._least) | (gain <= NONE * way.stake))


@dataclass(frozen=True, eq=False)
class _Space:
    """Directions of so many levers along which rows stay as they are."""

    rows: csr_array
    count: int

    @cached_property
    def _unit(self) -> csr_array:
        norms = np.asarray(np.sqrt(self.rows.multiply(self.rows).sum(axis=1))).ravel()
        kept = np.flatnonzero(norms > 0)
        return csr_array(diags_array(1.0 / norms[kept]) @ self.rows[kept])

    @cached_property
    def _solve(self) -> Any:
        squares = self._unit @ self._unit.T + 1e-12 * eye_array(self._unit.shape[0])
        return splu(squares.tocsc())

    def projected(self, direction: FloatArray) -> FloatArray:
        """The nearest direction that keeps the rows."""
        if not self.rows.shape[0] or not self._unit.shape[0]:
            return direction
        for _ in range(2):  # once more for what rounding leaves
            direction = direction - self._unit.T @ self._solve.solve(self._unit @ direction)
        return direction


def lanczos(
    first: FloatArray,
    product: Callable[[FloatArray], FloatArray],
    most: int,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Values (k) and vectors (k, n) of a symmetric matrix in the space that it makes of a first vector in so many
    products at most, and what part of the first vector each is; none where a number is lost."""
    vectors, diagonal, beside = [first], list[float](), list[float]()
    while len(diagonal) < most and not stop():
        found = product(vectors[-1])
        diagonal.append(float(found @ vectors[-1]))
        basis = np.array(vectors)
        for _ in range(2):  # full orthogonalization, once more for what rounding leaves
            found = found - basis.T @ (basis @ found)
        rest = float(np.linalg.norm(found))
        if not np.isfinite(rest):
            return np.zeros(0), np.zeros((0, len(first))), np.zeros(0)
        if rest <= NO_DIRECTION * max(np.abs(diagonal).max(), max(beside, default=0.0)):
            break
        beside.append(rest)
        vectors.append(found / rest)
    if not diagonal:
        return np.zeros(0), np.zeros((0, len(first))), np.zeros(0)
    steps = len(diagonal)
    values, ways = eigh_tridiagonal(np.array(diagonal), np.array(beside[: steps - 1]))
    return np.asarray(values), np.asarray(ways.T @ np.array(vectors[:steps])), np.asarray(ways[0])

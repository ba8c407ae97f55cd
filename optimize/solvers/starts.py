"""Where a search begins: points that obey the linear limits, an even split of what there is to spend, random points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array

from sd_models.system.model import FloatArray, IndexArray

from ..problems.optimality import block_sizes, excesses
from ..problems.program import Program
from .highs import ConvexProgram, solve

# Even splits are tried from the whole range of a lever down by halves, this often; from 2**RAISED without a range.
HALVINGS = 40
RAISED = 20
# Halvings that break limits more and more, one after the other, until smaller ones are given up: they only approach
# the lower bounds.
RISES = 6
# Parts of an even split that are tried where its whole breaks limits.
PARTS = (0.75, 0.5)
# A relative excess of limits below this counts as none.
NEGLIGIBLE = 1e-9
# Shares of what levers may reach are halved so often; a policy below such a part of it is next to nothing; one that
# breaks each limit by such a part at most is nearer to an optimum than next to nothing is.
SHARES, NEXT_TO_NOTHING, NEAR_ENOUGH = 12, 1e-3, 0.1
# Powers of ten that are drawn from, where all sizes are as likely.
SIZES = 18.0
# Rounds in which a nearest point meets the rows that the last one broke, before it meets all.
ROUNDS = 6


def neutral(program: Program, *, stop: Callable[[], bool]) -> FloatArray:
    """A start that favours nothing: the reference levers, or an even split where these break limits or are all zero.

    An even split raises all levers of a block above their lower bounds by the same share of their range; the largest
    share that breaks the limits least is taken. What it still breaks is mended by the nearest point that does not, or
    by that of a part of it. Where ramps from nothing leave hardly any even split, levers get the same share of what
    each may reach instead.
    """
    own = np.clip(program.reference, program.lower, program.upper)
    broken = excess(program, own)
    if broken <= NEGLIGIBLE and np.abs(own).any():
        return own
    best, least = own, broken if np.abs(own).any() else max(broken, NEGLIGIBLE)
    rises, last = 0, np.inf
    for share in _shares(program):
        even = _even(program, share)
        found = excess(program, even)
        if found <= NEGLIGIBLE or found < 0.999 * least:
            best, least = even, found
        rises, last = (rises + 1 if found > last else 0), found
        if stop() or found <= NEGLIGIBLE or rises == RISES:
            break
    floor = np.where(np.isfinite(program.lower), program.lower, 0.0)
    for part in (1.0, *PARTS):
        if least <= NEGLIGIBLE or stop():
            break
        even = floor + part * (best - floor)
        better = reconciled(program, even, stop=stop)
        if better is not None and (found := excess(program, better)) < least:
            best, least = better, found
    ends = _ends_where_held_up(program, best, floor)
    return best if ends is None else _as_ramps_allow(program, best, ends, stop)


def _ends_where_held_up(program: Program, x: FloatArray, floor: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """How low and how high levers may go, if there are ramps, limits on differences of levers, and an even split is
    next to nothing, or as small as it is since one lever cannot follow."""
    rows = np.flatnonzero(np.diff(program.outcome_rows.indptr) == 0)
    matrix = csr_array(program.lever_rows[rows])
    counts = np.diff(matrix.indptr)
    ramps = np.abs(matrix.sign().sum(axis=1)) < counts
    if not ramps.any():
        return None
    low, high = ends = reach(program)
    if ((x - floor) <= NEXT_TO_NOTHING * (high - low)).all():
        return ends
    values = matrix @ (floor + 2.0 * (x - floor))
    broken = (values > program.row_upper[rows] + NEGLIGIBLE) | (values < program.row_lower[rows] - NEGLIGIBLE)
    return ends if (broken & (ramps | (counts == 1))).any() else None


def _as_ramps_allow(
    program: Program, even: FloatArray, ends: tuple[FloatArray, FloatArray], stop: Callable[[], bool]
) -> FloatArray:
    """The largest share of what each lever may reach that keeps the limits on levers and outcomes together, as budgets
    are, and comes near to those on outcomes; then the nearest point that obeys all limits on levers, outcomes as they
    are with the reference levers. The even split where there is none."""
    low, high = ends
    outcomes = np.diff(program.outcome_rows.indptr) > 0
    allowed = np.where(np.diff(program.lever_rows.indptr) > 0, NEGLIGIBLE, NEAR_ENOUGH)
    for share in 2.0 ** -np.arange(SHARES):
        found = _excesses(program, x := low + share * (high - low))
        if found is not None and (found[0] <= allowed)[outcomes].all() and (found[1] <= NEAR_ENOUGH).all():
            nearest = _nearest(program, x, np.arange(len(program.row_lower)), program.origin.y, stop)
            return even if nearest is None else nearest
        if stop():
            break
    return even


def scattered(program: Program, number: int, seed: int) -> FloatArray:
    """A random point between the bounds, the same for the same number and seed: uniform below twice an even split."""
    random = np.random.default_rng((seed, number))
    centre = neutral(program, stop=lambda: False)
    spread = np.abs(centre - program.lower)
    spread = np.where(np.isfinite(spread), spread, np.abs(centre))
    point = centre + spread * random.uniform(-1.0, 1.0, len(centre))
    return np.clip(point, program.lower, program.upper)


def excess(program: Program, x: FloatArray) -> float:
    """The sum of all relative excesses of limits at a policy; infinite where its run leaves the numbers."""
    found = _excesses(program, x)
    return float("inf") if found is None else float(found[0].sum() + found[1].sum())


def _excesses(program: Program, x: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """The relative excesses of rows and of quadratic constraints at a policy; None where its run leaves the numbers."""
    run = program.evaluate(x)
    if not run.is_finite:
        return None
    rows, curved, _ = excesses(program, run.x, run.y)
    return np.maximum(rows, 0.0), np.maximum(curved, 0.0)


def projected(program: Program, x: FloatArray, *, stop: Callable[[], bool]) -> FloatArray | None:
    """The nearest point that obeys the bounds and all limits without outcomes, or None where there is none.

    Distances are in the sizes of the levers. A point that obeys them already is returned as it is.
    """
    inside = np.clip(x, program.lower, program.upper)
    hard = np.flatnonzero(np.diff(program.outcome_rows.indptr) == 0)
    return _nearest(program, inside, hard, np.zeros(program.outcome_rows.shape[1]), stop)


def reconciled(program: Program, x: FloatArray, *, stop: Callable[[], bool]) -> FloatArray | None:
    """The nearest point that obeys the bounds and all rows if outcomes stay what they are; None where there is none.

    Outcomes move little with levers beside what the levers themselves add up to (a budget that follows output), so what
    is left of an excess is small.
    """
    run = program.evaluate(x)
    return _nearest(program, x, np.arange(len(program.row_lower)), run.y, stop) if run.is_finite else None


def _nearest(
    program: Program, inside: FloatArray, rows: IndexArray, y: FloatArray, stop: Callable[[], bool]
) -> FloatArray | None:
    """The nearest point within the bounds that obeys some rows with outcomes held; None where there is none."""
    held = program.outcome_rows[rows] @ y
    values = program.lever_rows[rows] @ inside + held
    if ((values >= program.row_lower[rows]) & (values <= program.row_upper[rows])).all():
        return inside
    sizes = block_sizes(program, inside)
    matrix = csr_array(program.lever_rows[rows] @ diags_array(sizes))
    moved = np.flatnonzero(np.diff(matrix.indptr) > 0)
    norms = abs(matrix[moved]).max(axis=1).toarray().ravel()
    nearest = ConvexProgram(
        cost=np.zeros(len(inside)),
        curvature=csr_array(eye_array(len(inside))),
        lower=(program.lower - inside) / sizes,
        upper=(program.upper - inside) / sizes,
        matrix=csr_array(diags_array(1.0 / norms) @ matrix[moved]),
        row_lower=((program.row_lower[rows] - values)[moved]) / norms,
        row_upper=((program.row_upper[rows] - values)[moved]) / norms,
    )
    found = by_rounds(nearest, stop)
    return None if found is None else np.clip(inside + found * sizes, program.lower, program.upper)


def by_rounds(nearest: ConvexProgram, stop: Callable[[], bool]) -> FloatArray | None:
    """The minimum of a program whose rows few minima break, or None where there is none.

    Only rows that were broken take part, more of them in each round: with 12,400 levers and 24,708 rows, of which 50 to
    500 matter, that takes a fifth of the time.
    """
    met = np.zeros(len(nearest.row_lower), dtype=bool)
    values = np.zeros(len(nearest.cost))
    for number in range(1, ROUNDS + 1):
        rows = nearest.matrix @ values
        broken = (rows > nearest.row_upper + NEGLIGIBLE) | (rows < nearest.row_lower - NEGLIGIBLE)
        if not (broken & ~met).any():
            return values
        met |= broken if number < ROUNDS else True
        answer = solve(nearest.without(~met), stop=stop)
        if not answer.is_good:
            return None
        values = answer.values
    return values


def _shares(program: Program) -> FloatArray:
    open_ended = not np.isfinite(program.upper - program.lower).all()
    return np.asarray(2.0 ** -np.arange(-RAISED if open_ended else 1, HALVINGS), dtype=np.float64)


def _even(program: Program, share: float) -> FloatArray:
    span = program.upper - program.lower
    own = np.abs(program.reference)
    x = np.empty(len(span))
    for block in program.blocks:
        columns = block.columns
        step = np.where(np.isfinite(span[columns]), span[columns], own[columns].max(initial=0.0) or 1.0)
        floor = np.where(np.isfinite(program.lower[columns]), program.lower[columns], 0.0)
        x[columns] = floor + share * step
    return np.clip(x, program.lower, program.upper)


def over_the_range(program: Program, number: int, seed: int) -> FloatArray:
    """A random point over the whole range of each lever, within the limits on levers; the same for number and seed.

    The range is that of the bounds, or what limits allow where there is none. In turn every lever is drawn by itself,
    each path of levers by one number, some levers stay where they are, or each path has a size that may be any power of
    ten below its range: a bound may be many millions times what matters.
    """
    random = np.random.default_rng((seed, 11, number))
    low, high = reach(program)
    n = len(low)
    share = random.uniform(size=n)
    if number % 2 == 1:
        for block in program.blocks:
            share[block.numbers] = random.uniform(size=(len(block.numbers), 1))
    point = low + share * (high - low)
    if number % 4 == 3:
        point = low + 10.0 ** (-SIZES * share) * (high - low)
    if number % 4 == 2:
        stays = random.uniform(size=n) < random.uniform()
        point = np.where(stays, np.clip(program.reference, low, high), np.where(share < 0.5, low, high))
    found = projected(program, point, stop=lambda: False)
    return np.clip(point, program.lower, program.upper) if found is None else found


def reach(program: Program) -> tuple[FloatArray, FloatArray]:
    """How low and how high each lever may go: its bounds, tightened by rows as other levers stand at theirs.

    One pass of feasibility-based bound tightening over rows, outcomes as they are with the reference levers. Where that
    leaves a side open, it is ten times the size of the reference, at least 1.
    """
    low, high = program.lower.copy(), program.upper.copy()
    origin = program.origin
    held = program.outcome_rows @ np.where(np.isfinite(origin.y), origin.y, 0.0)
    for sign, sides in ((1.0, program.row_upper - held), (-1.0, held - program.row_lower)):
        matrix = csr_array(sign * program.lever_rows).tocoo()
        least = matrix.data * np.where(matrix.data > 0, low[matrix.col], high[matrix.col])
        open_ends = np.bincount(matrix.row, weights=~np.isfinite(least), minlength=len(sides))
        sums = np.bincount(matrix.row, weights=np.where(np.isfinite(least), least, 0.0), minlength=len(sides))
        others = open_ends[matrix.row] - ~np.isfinite(least)
        rest = sides[matrix.row] - sums[matrix.row] + np.where(np.isfinite(least), least, 0.0)
        usable = (others == 0) & np.isfinite(rest) & (matrix.data != 0)
        ends = np.divide(rest, matrix.data, out=np.zeros_like(rest), where=usable)
        up, down = usable & (matrix.data > 0), usable & (matrix.data < 0)
        np.minimum.at(high, matrix.col[up], ends[up])
        np.maximum.at(low, matrix.col[down], ends[down])
    size = np.maximum(10.0 * np.abs(program.reference), 1.0)
    open_low = np.where(np.isfinite(high), np.minimum(high, 0.0), 0.0) - size
    low = np.where(np.isfinite(low), low, open_low)
    high = np.where(np.isfinite(high), high, np.maximum(low, 0.0) + size)
    return np.minimum(low, high), np.maximum(low, high)

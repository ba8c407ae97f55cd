"""The best policies of a drawn plan by brute force, and whether a policy is as good as any other near it.

All is done on NumPy's own runs of the plan's equations, thousands at once, and shares nothing with our solvers:

- `Judge.restored` brings policies into the feasible set, by Newton's steps of least length on limits that are missed
- `Judge.climbed` goes up from many policies at once, by the best of many small moves (compass search; Kolda, Lewis and
  Torczon 2003, SIAM Review 45): each lever, exchanges of two, the gradient, random ones, what helped before. Each step
  is at most as long as asked for, so that a climb stays in the basin in which it starts
- `Judge.best` looks everywhere: a low-discrepancy sample, climbs from its best policies, SLSQP at the end
- `Judge.basin` is what climbs from the start and from near it reach in small steps
- `Judge.better_near` is how much better the best policy is that a climb in tiny steps reaches near a policy. This is no
  optimum then, whatever the way: smooth, kinked, or through a jump

What is found is a lower bound. Where nothing is found, there may still be something; what is found is so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.stats import qmc

from sd_models.system.model import FloatArray

from .drawn_plan import DrawnPlan

HOLDS = 1e-6  # of a limit's amount, or of what the levers move of it
EXACT = 1e-11  # of its amount, for policies that are held against an answer: none is better by what it misses
GAIN = 1e-6  # of the objective's unit: what counts as better
SAMPLE = 2**13
NEAR, AROUND = 1e-3, 3e-2  # the longest step, and how far a climb goes to refute an optimum, in natural sizes
SEEN = 1e-6  # the least move, in natural sizes, that can refute an optimum
SLOPE = 1e-6  # step of difference quotients
SLSQP_OPTIONS: Any = {"maxiter": 60, "ftol": 1e-14}
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Known:
    """What brute force found: the best objective (gain) of all, and of the start's basin; NaN where there is none."""

    best: float
    basin: float


@dataclass(frozen=True)
class Judge:
    """Brute force on one plan."""

    plan: DrawnPlan

    # --- the feasible set -----------------------------------------------------------------------------------------

    @cached_property
    def box(self) -> tuple[FloatArray, FloatArray]:
        """The part of the levers' ranges in which anything happens."""
        model = self.plan.model
        return model.each(lambda lever: lever.near[0]), model.each(lambda lever: min(lever.near[1], lever.upper))

    @cached_property
    def amounts(self) -> FloatArray:
        """What each row is held to, the larger of two sides; 0 where that is nothing."""
        lower, upper, _ = self.plan.sides
        return np.asarray(np.maximum(*(np.where(np.isfinite(side), np.abs(side), 0.0) for side in (lower, upper))))

    @cached_property
    def sizes(self) -> FloatArray:
        """The size of each row: its amount, or what the levers move of it."""
        values = self.plan.rows(self._spread(256))
        moved = np.ptp(np.where(np.isfinite(values), values, 0.0), axis=0)
        return np.asarray(np.maximum(self.amounts, moved) + 1e-300)

    @cached_property
    def rounding(self) -> FloatArray:
        """What rows are uncertain by, relative to their sizes."""
        return np.asarray(8 * EPSILON * (self.plan.sides[2] + self.amounts) / self.sizes)

    @cached_property
    def exact(self) -> FloatArray:
        """What policies may miss rows by that are held against an answer, relative to their sizes."""
        return EXACT * np.where(self.amounts > 0.0, self.amounts / self.sizes, 1.0) + self.rounding

    def violations(self, x: FloatArray) -> FloatArray:
        """By how much each policy misses each row (policies, rows), relative to its size; 0 where it holds."""
        return np.abs(self._missed(x))

    def _missed(self, x: FloatArray) -> FloatArray:
        lower, upper, _ = self.plan.sides
        values = self.plan.rows(x)
        with np.errstate(invalid="ignore"):
            missed = np.maximum(values - upper, 0.0) - np.maximum(lower - values, 0.0)
        return np.where(np.isfinite(values), missed / self.sizes, np.inf)

    def gains(self, x: FloatArray) -> FloatArray:
        """The objective of each policy, without its constant; minus infinity where a limit is missed."""
        held = (self.violations(x) <= self.exact).all(axis=1)
        found = self.plan.gains(x)
        return np.where(held & np.isfinite(found), found, -np.inf)

    def restored(self, x: FloatArray) -> FloatArray:
        """Policies moved into the limits, as far as Newton's steps come."""
        model = self.plan.model
        x = np.clip(x, model.lower, model.upper)
        if not self.plan.limits:
            return x
        for _ in range(8):
            missed = self._missed(x)
            wrong = (np.abs(missed) > 0.1 * self.exact + 0.9 * self.rounding).any(axis=1) & np.isfinite(missed).all(
                axis=1
            )
            if not wrong.any():
                break
            x = x.copy()
            x[wrong] = self._stepped(x[wrong], missed[wrong])
        return x

    def _stepped(self, x: FloatArray, missed: FloatArray) -> FloatArray:
        """A step of least length to where the missed rows would hold if they were straight."""
        model = self.plan.model
        slopes = self._slopes(x, missed) * (missed != 0.0)[:, :, np.newaxis]
        for _ in range(2):  # the second without the levers that stand on their bounds and would leave them
            step = -(np.linalg.pinv(slopes, rcond=1e-9) @ missed[:, :, np.newaxis])[:, :, 0]
            stuck = ((x <= model.lower) & (step < 0)) | ((x >= model.upper) & (step > 0))
            slopes = slopes * ~stuck[:, np.newaxis, :]
        return np.clip(x + step, model.lower, model.upper)

    def _slopes(self, x: FloatArray, missed: FloatArray) -> FloatArray:
        """The slopes (policies, rows, values) of rows, relative to their sizes, by central differences."""
        moves = SLOPE * np.eye(x.shape[1])
        around = np.concatenate([x[:, np.newaxis] + moves, x[:, np.newaxis] - moves], axis=1)
        values = self.plan.rows(around.reshape(-1, x.shape[1])).reshape(len(x), 2, x.shape[1], missed.shape[1])
        found = (values[:, 0] - values[:, 1]) / (2 * SLOPE) / self.sizes
        return np.asarray(np.where(np.isfinite(found), found, 0.0)).transpose(0, 2, 1)

    def _spread(self, count: int) -> FloatArray:
        """Policies all over the box; a quarter of them with most values at the ends."""
        low, high = self.box
        with np.errstate(all="ignore"):
            places = qmc.Sobol(len(low), seed=1).random(count)
        places[::4] = np.clip(2.0 * places[::4] - 0.5, 0.0, 1.0)
        places[1::8] = np.round(places[1::8])
        return low + (high - low) * places

    # --- climbs ---------------------------------------------------------------------------------------------------

    def climbed(
        self, starts: FloatArray, *, longest: float, reach: float = np.inf, rounds: int = 250, shortest: float = 1e-9
    ) -> tuple[FloatArray, FloatArray]:
        """Where climbs from feasible policies end, and the gains there.

        No step is longer than `longest`, and no end farther from its start than `reach`, in natural sizes.
        """
        random = np.random.default_rng(self.plan.number)
        x, best = starts.copy(), self.gains(starts)
        step, before = np.full(len(x), longest), np.zeros_like(x)
        for _ in range(rounds):
            live = np.flatnonzero((step > shortest) & np.isfinite(best))
            if not len(live):
                break
            moves = self._moves(random, x[live], before[live])
            tried = x[live, np.newaxis] + step[live, np.newaxis, np.newaxis] * moves
            tried = np.clip(tried, starts[live, np.newaxis] - reach, starts[live, np.newaxis] + reach)
            tried = self.restored(tried.reshape(-1, x.shape[1])).reshape(tried.shape)
            gains = self.gains(tried.reshape(-1, x.shape[1])).reshape(tried.shape[:2])
            far = np.abs(tried - x[live, np.newaxis]).max(axis=2) > 3 * step[live, np.newaxis]
            gains[far] = -np.inf
            top = gains.argmax(axis=1)
            risen = gains[np.arange(len(live)), top] > best[live] + 4 * EPSILON * np.abs(best[live])
            up, rows = live[risen], np.flatnonzero(risen)
            before[up] = (tried[rows, top[rows]] - x[up]) / step[up, np.newaxis]
            x[up], best[up] = tried[rows, top[rows]], gains[rows, top[rows]]
            step[up] = np.minimum(2.0 * step[up], longest)
            step[live[~risen]] /= 3.0
        return x, best

    def _moves(self, random: np.random.Generator, x: FloatArray, before: FloatArray) -> FloatArray:
        """Moves (policies, moves, values), none longer than 1 in any value."""
        n = x.shape[1]
        one = np.eye(n)
        exchanges = (one[:, np.newaxis] - one[np.newaxis])[~np.eye(n, dtype=bool)]
        common = np.concatenate([one, -one, exchanges, np.ones((1, n)), -np.ones((1, n))])
        drawn = random.normal(size=(len(x), 2 * n + 4, n))
        slopes = self._gradients(x)
        own = np.concatenate(
            [before[:, np.newaxis], slopes[:, np.newaxis], np.sign(slopes)[:, np.newaxis], drawn], axis=1
        )
        found = np.concatenate([np.broadcast_to(common, (len(x), *common.shape)), own], axis=1)
        return np.asarray(found / np.maximum(np.abs(found).max(axis=2, keepdims=True), 1e-300))

    def _gradients(self, x: FloatArray) -> FloatArray:
        """The slopes of the objective by central differences; 0 where there are none."""
        moves = SLOPE * np.eye(x.shape[1])
        around = np.concatenate([x[:, np.newaxis] + moves, x[:, np.newaxis] - moves], axis=1)
        values = self.plan.gains(around.reshape(-1, x.shape[1])).reshape(len(x), 2, -1)
        found = values[:, 0] - values[:, 1]
        return np.asarray(np.where(np.isfinite(found), found, 0.0))

    def polished(self, x: FloatArray) -> FloatArray:
        """A feasible policy near one, improved by SLSQP where that helps."""
        low, high = (np.clip(x + side * 0.5, self.plan.model.lower, self.plan.model.upper) for side in (-1, 1))
        goal = max(self.plan.unit, EPSILON * abs(float(self.plan.gains(x[np.newaxis])[0])))
        lower, upper, _ = self.plan.sides
        conditions: list[Any] = []
        for row in range(len(lower)):
            if lower[row] == upper[row]:
                conditions.append({"type": "eq", "fun": self._side(row, 1.0, lower[row])})
                continue
            pairs = ((1.0, lower[row]), (-1.0, upper[row]))
            conditions += [{"type": "ineq", "fun": self._side(row, s, a)} for s, a in pairs if np.isfinite(a)]
        if sum(one["type"] == "eq" for one in conditions) >= len(x):  # SLSQP writes beyond its memory then
            return x
        try:
            found: Any = minimize(  # type: ignore[call-overload]  # a policy is an array of any shape for our types
                lambda at: -float(self.plan.gains(at[np.newaxis])[0]) / goal,
                x,
                method="SLSQP",
                bounds=list(zip(low, high, strict=True)),
                constraints=conditions,
                options=SLSQP_OPTIONS,
            )
        except ValueError:
            return x
        ends = np.array([x, *self.restored(np.nan_to_num(found.x, nan=0.0)[np.newaxis])])
        return np.asarray(ends[self.gains(ends).argmax()])

    def _side(self, row: int, sign: float, amount: float) -> Any:
        return lambda at: sign * float(self.plan.rows(at[np.newaxis])[0, row] - amount) / self.sizes[row]

    # --- what is asked --------------------------------------------------------------------------------------------

    @cached_property
    def start(self) -> FloatArray:
        """The model's own levers, moved into the limits."""
        return np.asarray(self.restored(self.plan.model.own[np.newaxis])[0])

    def known(self) -> Known:
        """The best of all, and the best of the start's basin."""
        basin = self.basin()
        return Known(max(self.best(), basin), basin)

    def best(self) -> float:
        """The best objective that is found anywhere."""
        sample = self.restored(np.concatenate([self._spread(SAMPLE), self.start[np.newaxis]]))
        gains = self.gains(sample)
        order = np.argsort(-gains)[:200]
        chosen = self._apart(sample[order[np.isfinite(gains[order])]])
        return self._top(chosen, longest=0.2)

    def basin(self) -> float:
        """The best objective that climbs in small steps reach from the start, or from near it."""
        random = np.random.default_rng(self.plan.number)
        near = self.start + random.uniform(-0.02, 0.02, (7, len(self.start)))
        starts = self.restored(np.concatenate([self.start[np.newaxis], near]))
        return self._top(starts, longest=0.05, rounds=600)

    def _apart(self, x: FloatArray) -> FloatArray:
        """Up to sixteen policies of many, the first ones that differ."""
        found = list[FloatArray]()
        for one in x:
            if len(found) < 16 and all(np.abs(one - other).max() > 0.1 for other in found):
                found.append(one)
        return np.array(found).reshape(-1, len(self.start))

    def _top(self, starts: FloatArray, *, longest: float, rounds: int = 250) -> float:
        """The best objective at the ends of climbs, three of which are polished."""
        if not len(starts):
            return float("nan")
        ends, gains = self.climbed(starts, longest=longest, rounds=rounds, shortest=1e-7)
        order = np.argsort(-gains)[:3]
        last = np.array([self.polished(end) for end in ends[order] if np.isfinite(self.gains(end[np.newaxis])[0])])
        if not len(last):
            return float("nan")
        return float(self.climbed(last, longest=1e-4, rounds=40)[1].max())

    def threshold(self, x: FloatArray) -> float:
        """What counts as better than a policy: a part of the objective's unit, and more than its rounding."""
        rounding = 1e3 * EPSILON * (abs(float(self.plan.gains(x[np.newaxis])[0])) + abs(self.plan.constant))
        return max(GAIN * self.plan.unit, rounding)

    def better_near(self, x: FloatArray) -> float:
        """By how much a policy is bettered by one near it; 0 where that is nothing."""
        return self._bettered(x, longest=NEAR, reach=AROUND, rounds=60)

    def slope_near(self, x: FloatArray) -> float:
        """By how much a policy is bettered within a thousandth, as no stationary point can be; 0 where by nothing."""
        return self._bettered(x, longest=0.1 * NEAR, reach=NEAR, rounds=12)

    def _bettered(self, x: FloatArray, *, longest: float, reach: float, rounds: int) -> float:
        """What a climb, or its first step, gains from a policy that was moved into the limits exactly.

        Moves that are less than `SEEN` are taken back: bounds and limits are not met to more digits than that.
        """
        start = np.repeat(self.restored(x[np.newaxis]), 4, axis=0)
        climbs = ((longest, 1), (0.1 * longest, 1), (longest, rounds))
        ends = np.concatenate([self.climbed(start, longest=step, reach=reach, rounds=n)[0] for step, n in climbs])
        ends = self.restored(np.where(np.abs(ends - x) > SEEN, ends, x))
        gains = self.gains(ends) - float(self.plan.gains(x[np.newaxis])[0])
        best = int(gains.argmax())
        enough = max(self.threshold(x), GAIN * self._worth(x, ends[best] - x))
        return float(gains[best]) if gains[best] > enough else 0.0

    def _worth(self, x: FloatArray, move: FloatArray) -> float:
        """What the levers that move are worth one by one, over their natural sizes.

        Where dear levers balance each other, or a limit, to a millionth, a balance is all that can be seen.
        """
        direction = NEAR * move / max(float(np.abs(move).max()), 1e-300)
        values = self.plan.gains(np.array([x, *(x + np.diag(direction))]))
        parts = np.abs(values[1:] - values[0]) / NEAR
        return float(parts[np.isfinite(parts)].sum())

    def moves(self, x: FloatArray) -> bool:
        """Whether the objective changes with some lever within a ten-millionth of its size, beyond rounding."""
        step = 0.1 * SLOPE
        around = x + step * np.concatenate([np.zeros((1, len(x))), np.eye(len(x)), -np.eye(len(x))])
        gains = self.plan.gains(np.clip(around, self.plan.model.lower, self.plan.model.upper))
        enough = step * GAIN * self.plan.unit + 16 * EPSILON * abs(gains[0])
        return bool((np.abs(gains - gains[0]) > enough).any())

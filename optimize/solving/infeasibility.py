"""Which limits contradict each other, and the least that would reconcile them.

At the point where a search for a feasible policy ended, all limits are linear: those on levers exactly, those on
outcomes by their gradients. The linear program that exceeds them least, each relative to its size, tells the least
relaxation; its multipliers name limits that cannot hold together (Farkas), and HiGHS reduces these to a set of which no
part could be left out (an irreducible infeasible subsystem; Chinneck 2008, Feasibility and Infeasibility in
Optimization). For limits on levers alone this is a proof; with outcomes it holds near the point, and what would help is
told as about that: outcomes that bend between the point and the relaxed limit are not at their linear value there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array, hstack

from sd_models.system.model import FloatArray, IndexArray

from ..headlines.scales import said
from ..plans.kinds import RowKind
from ..plans.plan import Amount, Limit, Term, ValueAt
from ..problems.lagrangian import normals
from ..problems.optimality import block_sizes, quadratic_sizes, row_sizes
from ..problems.problem import Problem
from ..problems.program import Evaluation, Program
from ..results.words import WORDS
from ..solvers.highs import Answer, ConvexProgram, solve

# Multipliers and excesses below this count as none, in scaled numbers.
NEGLIGIBLE = 1e-7
# Elements of one limit that are named one by one; of more, the first one and how many others.
MANY = 3
# How far levers without bounds may move from the point, in their sizes, where limits depend on outcomes.
REACH = 10.0


@dataclass(frozen=True)
class Member:
    """One side of one limit for one element and time: `side` is "at most" or "at least" or "exactly", `bound` what it
    says, `excess` by how much the least relaxation exceeds it, in `unit`."""

    limit: str
    elements: tuple[str, ...]
    time: float | None
    side: str
    bound: str
    excess: float
    unit: str


@dataclass(frozen=True)
class Conflict:
    """Limits that cannot hold together, and the least relaxation of some of them; `proved` if levers alone tell."""

    members: tuple[Member, ...]
    relaxed: tuple[Member, ...]
    proved: bool

    @property
    def sentences(self) -> tuple[str, ...]:
        """The conflict in words."""
        if not self.members:
            return ()
        names = [_named(part) for part in _alike(self.members)]
        key = f"conflict_{'many' if len(names) > 1 else 'one'}{'' if self.proved else '_near'}"
        return (WORDS.say(key, limits="; ".join(names)), *_advice(self.relaxed, proved=self.proved))


def _advice(relaxed: Sequence[Member], *, proved: bool) -> Iterator[str]:
    """The least that would help; of limits that were linearized about that."""
    parts = [_relaxation(part) for part in _alike(relaxed)]
    if parts:
        yield WORDS.say("conflict_least" if proved else "conflict_least_near", parts="; ".join(parts))


def conflict(
    problem: Problem, program: Program, x: FloatArray, *, stop: Callable[[], bool] = lambda: False
) -> Conflict | None:
    """The conflict between the limits of a program near a policy, or None where they agree there.

    `stop` is asked all the time whether to give up; then there is none either.
    """
    hard = np.diff(program.outcome_rows.indptr) == 0
    labels = _Labels.of(problem, program)
    found = _conflict(_Limits.linear(program, x, np.flatnonzero(hard)), labels, stop, proved=True)
    if found is not None or (hard.all() and not program.quadratics):
        return found
    run = program.evaluate(x)
    if stop() or not run.is_finite:
        return None
    return _conflict(_Limits.around(program, run), labels, stop, proved=False)


@dataclass(frozen=True, eq=False)
class _Limits:
    """Limits as linear rows of a step in lever sizes, each divided by its size."""

    program: Program
    numbers: IndexArray
    matrix: csr_array
    lower: FloatArray
    upper: FloatArray
    sizes: FloatArray
    least: FloatArray
    most: FloatArray

    @classmethod
    def linear(cls, program: Program, x: FloatArray, rows: IndexArray) -> _Limits:
        """The limits on levers alone, from a policy."""
        sizes, units = row_sizes(program, x, np.zeros(program.outcome_rows.shape[1]))[rows], block_sizes(program, x)
        values = program.lever_rows[rows] @ x
        matrix = diags_array(1.0 / sizes) @ program.lever_rows[rows] @ diags_array(units)
        lower, upper = program.row_lower[rows] - values, program.row_upper[rows] - values
        reach = (program.lower - x) / units, (program.upper - x) / units
        return cls(program, rows, csr_array(matrix), lower / sizes, upper / sizes, sizes, *reach)

    @classmethod
    def around(cls, program: Program, at: Evaluation) -> _Limits:
        """All limits, linearized at a policy and its outcomes, for levers not far from it."""
        x, y = at.x, at.y
        z, count = np.concatenate([x, y]), len(program.quadratics)
        values = np.concatenate([program.rows(x, y), [quadratic.excess(z) for quadratic in program.quadratics]])
        sizes = np.concatenate([row_sizes(program, x, y), quadratic_sizes(program, x, y)])
        lower = np.concatenate([program.row_lower, np.full(count, -np.inf)]) - values
        upper = np.concatenate([program.row_upper, np.zeros(count)]) - values
        units = block_sizes(program, x)
        gradients = normals(program, at, np.arange(len(program.row_lower)), np.arange(count))
        matrix = diags_array(1.0 / sizes) @ gradients @ diags_array(units)
        least = np.where(np.isfinite(program.lower), (program.lower - x) / units, -REACH)
        most = np.where(np.isfinite(program.upper), (program.upper - x) / units, REACH)
        numbers = np.arange(len(sizes))
        return cls(program, numbers, csr_array(matrix), lower / sizes, upper / sizes, sizes, least, most)

    def posed(self) -> ConvexProgram:
        """The linear program that exceeds the limits least."""
        count, levers = self.matrix.shape
        ones = eye_array(count)
        return ConvexProgram(
            cost=np.concatenate([np.zeros(levers), np.ones(2 * count)]),
            curvature=csr_array((levers + 2 * count, levers + 2 * count)),
            lower=np.concatenate([np.minimum(self.least, self.most), np.zeros(2 * count)]),
            upper=np.concatenate([self.most, np.full(2 * count, np.inf)]),
            matrix=csr_array(hstack([self.matrix, -ones, ones])),
            row_lower=self.lower,
            row_upper=self.upper,
        )

    def only(self, rows: IndexArray) -> _Limits:
        """Some of the limits."""
        return replace(
            self,
            numbers=self.numbers[rows],
            matrix=csr_array(self.matrix[rows]),
            lower=self.lower[rows],
            upper=self.upper[rows],
            sizes=self.sizes[rows],
        )


def _conflict(limits: _Limits, label: _Labels, stop: Callable[[], bool], *, proved: bool) -> Conflict | None:
    if not len(limits.numbers):
        return None
    answer = solve(limits.posed(), stop=stop)
    count, levers = limits.matrix.shape
    over = answer.values[levers : levers + count] - answer.values[levers + count :]
    if not answer.is_good or np.abs(over).max(initial=0.0) <= NEGLIGIBLE:
        return None
    sides = _irreducible(limits, answer)
    members = [label.member(limits.numbers[i], side, over[i] * limits.sizes[i]) for i, side in sides]
    relaxed = [
        label.member(limits.numbers[i], np.sign(over[i]), over[i] * limits.sizes[i])
        for i in np.flatnonzero(np.abs(over) > NEGLIGIBLE)
    ]
    return Conflict(tuple(members), tuple(relaxed), proved)


def _irreducible(limits: _Limits, answer: Answer) -> list[tuple[int, float]]:
    """Rows, with the side that counts (1 upper, -1 lower), of which none could be left out."""
    support = np.flatnonzero(np.abs(answer.multipliers) > NEGLIGIBLE)
    part = limits.only(support)
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("iis_strategy", int(highspy.IisStrategy.kIisStrategyIrreducible))
    highs.setOptionValue("time_limit", 10.0)
    highs.passModel(_model(part))
    _, found = highs.getIis()
    rows = [int(row) for row in found.row_index_]
    if not rows:
        return [(int(i), float(np.sign(answer.multipliers[i]))) for i in support]
    return [(int(support[row]), float(np.sign(answer.multipliers[support[row]]))) for row in sorted(rows)]


def _model(limits: _Limits) -> highspy.HighsLp:
    count, levers = limits.matrix.shape
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = levers, count
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.zeros(levers), limits.least, limits.most
    lp.row_lower_, lp.row_upper_ = limits.lower, limits.upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    matrix = limits.matrix
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    return lp


# --- words ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Label:
    """What a row is called, and the limit of the plan that it belongs to, if there is one."""

    name: str
    elements: tuple[str, ...] = ()
    time: float | None = None
    unit: str = ""
    limit: Limit | None = None


@dataclass(frozen=True)
class _Labels:
    """What each row of a program is called."""

    program: Program
    rows: tuple[_Label, ...]

    @classmethod
    def of(cls, problem: Problem, program: Program) -> _Labels:
        """The labels of all rows, those of quadratic constraints last."""
        plan = tuple(_labelled(problem))
        added = (*program.row_names[len(plan) :], *(quadratic.name for quadratic in program.quadratics))
        return cls(program, (*plan, *(_Label(name) for name in added)))

    def member(self, number: int, side: float, excess: float) -> Member:
        """A side of a row."""
        row = self.rows[number]
        equal = (
            number < len(self.program.row_lower) and self.program.row_lower[number] == self.program.row_upper[number]
        )
        words = "exactly" if equal else "at most" if side > 0 else "at least"
        return Member(row.name, row.elements, row.time, words, self._bound(number, side), float(excess), row.unit)

    def _bound(self, number: int, side: float) -> str:
        limit = self.rows[number].limit
        if limit is not None:
            amount = limit.equals if limit.equals is not None else limit.at_most if side > 0 else limit.at_least
            across = _across(limit)
            if amount == 0.0 and across:
                return across
            return _amount(amount, self.rows[number].time)
        if number >= len(self.program.row_lower):
            return f"{self.program.quadratics[number - len(self.program.row_lower)].bound:.6g}"
        return f"{(self.program.row_upper if side > 0 else self.program.row_lower)[number]:.6g}"


def _labelled(problem: Problem) -> Iterator[_Label]:
    limits = {limit.name: limit for limit in problem.plan.limits}
    for rows in problem.bound.rows:
        limit = limits[rows.name] if rows.kind is RowKind.LIMIT else None
        for *elements, time in product(*rows.axes.values(), rows.times):
            yield _Label(rows.name, tuple(elements), float(time), _unit(rows.unit), limit)


def _unit(unit: str) -> str:
    """The unit as people say it, where a number in it is one in the model's."""
    found = said(unit)
    return found.english if found.factor == 1.0 else unit


def _across(limit: Limit) -> str:
    """What a limit of zero says that some of its terms are held against: those that count less than nothing."""
    less = [term for term in limit.listed if term.factor < 0.0]
    return " plus ".join(map(_times, less)) if len(less) < len(limit.listed) else ""


def _times(term: Term) -> str:
    """A term that stands on the other side."""
    factor = "" if term.factor == -1.0 else f"{-term.factor:g} times "
    return f"{factor}{'' if term.by is None else f'{term.by!r} times '}{term.variable!r}"


def _amount(amount: Amount | None, time: float | None) -> str:
    if isinstance(amount, ValueAt):
        factor = "" if amount.factor == 1.0 else f"{amount.factor:g} times "
        when = "" if amount.at is None else f" at {amount.at:g}"
        return f"{factor}{amount.variable!r}{when}{' in the baseline' if amount.baseline else ''}"
    if isinstance(amount, str):
        return repr(amount)
    if isinstance(amount, tuple):
        at, values = np.array(amount, dtype=np.float64).T
        return f"{float(np.interp(at[0] if time is None else time, at, values)):.6g}"
    return "its bound" if amount is None else f"{amount:.6g}"


def _alike(members: Sequence[Member]) -> list[list[Member]]:
    """The members of one limit, side and elements together, over their times; of many elements all in one."""

    def key(member: Member) -> tuple[str, str, tuple[str, ...]]:
        return member.limit, member.side, member.elements

    found: list[list[Member]] = []
    for _, of_limit in groupby(sorted(members, key=key), key=lambda member: key(member)[:2]):
        parts = [list(part) for _, part in groupby(of_limit, key=key)]
        found += parts if len(parts) <= MANY else [[member for part in parts for member in part]]
    return found


def _named(part: Sequence[Member]) -> str:
    one = part[0]
    bounds = list(dict.fromkeys(member.bound for member in part))
    bound = bounds[0] if len(bounds) == 1 else f"{bounds[0]} to {bounds[-1]}"
    unit = f" {one.unit}" if one.unit and not bound.endswith("'") else ""
    return f"{_place(part)} {one.side} {bound}{unit}"


def _relaxation(part: Sequence[Member]) -> str:
    largest = max(part, key=lambda member: abs(member.excess))
    unit = f" {largest.unit}" if largest.unit else ""
    way = "more" if largest.excess > 0 else "less"
    upto = "up to " if len(part) > 1 else ""
    return f"{_place(part)} {upto}{abs(largest.excess):.4g}{unit} {way}"


def _place(part: Sequence[Member]) -> str:
    one = part[0]
    others = len({member.elements for member in part}) - 1
    where = f" of {', '.join(one.elements)}" if one.elements else ""
    where += f" and {others} others" if others else ""
    times = sorted({member.time for member in part if member.time is not None})
    when = "" if not times else f" in {times[0]:g}" if len(times) == 1 else f" in {times[0]:g} to {times[-1]:g}"
    return f"{one.limit!r}{where}{when}"

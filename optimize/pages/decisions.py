"""What can be decided, as a page carries it: levers, the columns of their values over time, and policies to begin with.

The page's model takes its levers as columns, each of which holds at one or more time points. A lever of the plan is one
number of the policy x for each element and period; what it does not decide keeps the model's own path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sd_models.system.model import FloatArray, IndexArray

from ..plans.candidates import SPENT
from ..plans.kinds import RowKind
from ..plans.levers import LeverBlock
from ..plans.limits import Rows
from ..solvers.starts import excess, neutral, reconciled
from .subject import Subject

MOST_SPLIT = 200_000  # levers of which an even split is made: for a million it takes longer than people wait
ROUNDS = 2  # in which a budget that follows what is spent is met
ALLOWED = 1e-6  # of its size, by which a limit may be missed, as everywhere in this program
SAME = 1e-9  # of two policies, relative to the larger of their values


@dataclass(frozen=True)
class Columns:
    """The model's own lever values, (columns, rows), and which column holds at each time point of the run.

    `periods` gives for each block of levers the number of its period in each column, -1 before the horizon.
    """

    own: FloatArray
    at: IndexArray
    periods: tuple[IndexArray, ...]


@dataclass(frozen=True)
class Decisions:
    """The levers of a subject, over all time points of its run."""

    subject: Subject

    @property
    def blocks(self) -> tuple[LeverBlock, ...]:
        """The levers of the plan."""
        return self.subject.problem.bound.blocks

    @cached_property
    def rows(self) -> Mapping[str, slice]:
        """The rows of each lever variable in a column."""
        return self.subject.problem.simulator.model.levers.rows

    @cached_property
    def columns(self) -> Columns:
        """As few columns as there are times at which a value may change."""
        periods = np.array([self._periods(block) for block in self.blocks])
        own = self._undecided(periods)
        changes = (np.diff(periods, axis=1) != 0).any(axis=0) | (np.diff(own, axis=1) != 0).any(axis=0)
        at = np.concatenate([[0], np.cumsum(changes)]).astype(np.int64)
        first = np.concatenate([[0], np.flatnonzero(changes) + 1])
        return Columns(own[:, first].T, at, tuple(each[first] for each in periods))

    def _periods(self, block: LeverBlock) -> IndexArray:
        """The number of the block's period at each time point of the run."""
        before = np.full(self.subject.problem.horizon.first, -1, dtype=np.int64)
        return np.concatenate([before, block.period])

    def _undecided(self, periods: IndexArray) -> FloatArray:
        """The model's own paths (rows, time points), zero where the plan decides."""
        defaults = self.subject.problem.simulator.defaults
        own = np.concatenate([defaults[name] for name in self.rows])
        for block, each in zip(self.blocks, periods, strict=True):
            rows = self.rows[block.variable].start + block.elements
            own[np.ix_(rows, np.flatnonzero(each >= 0))] = 0.0
        return own

    def is_amount(self, block: LeverBlock) -> bool:
        """Whether values of different elements add up to something, as money does, and rates do not.

        They do if the plan limits a sum of them, or if by its name it is spent.
        """
        system = self.subject.system
        summed = {
            system[term.variable].name
            for limit in self.subject.plan.limits
            for term in limit.listed
            if (term.over or limit.over) and term.variable in system
        }
        return block.variable in summed or bool(SPENT.search(block.variable))

    # --- policies ---------------------------------------------------------------------------------------------------

    @cached_property
    def baseline(self) -> FloatArray:
        """The model's own values, the mean over each period."""
        return self.subject.problem.own

    @cached_property
    def even(self) -> FloatArray | None:
        """An even split of what there is to spend, where the model's own levers spend nothing or break limits.

        None of too many levers. Where the model spends nothing and the plan has a budget, that is split, as near to
        evenly as the other limits on what is spent let it be: ramps that count from nothing would leave next to nothing
        of a split that is the same in all periods.
        """
        if not self.is_split:
            return None
        found = self._budget_split
        found = neutral(self.subject.program, stop=lambda: False) if found is None else found
        return None if _same(found, self.baseline) else found

    @property
    def is_budget_split(self) -> bool:
        """Whether the even split is one of a budget, else it is one of the ranges of levers."""
        return self.is_split and self._budget_split is not None

    @cached_property
    def is_even_allowed(self) -> bool:
        """Whether the even split keeps all limits of the plan."""
        return self.even is not None and excess(self.subject.program, self.even) <= ALLOWED

    @cached_property
    def _budget_split(self) -> FloatArray | None:
        """Each budget on all levers of its periods alike, and of that what the other limits leave.

        None where the model itself spends something, and without a budget.
        """
        if self.baseline.any():
            return None
        program = self.subject.program
        rows = np.array([name in self._budgets for name in program.row_names], dtype=bool)
        if not rows.any():
            return None
        matrix, sides = program.lever_rows[rows], program.row_upper[rows]
        x = self.baseline
        for _ in range(ROUNDS):
            room = sides - program.outcome_rows[rows] @ program.evaluate(x).y
            shares = np.maximum(room, 0.0) / np.asarray(matrix.sum(axis=1)).ravel()
            split = np.full(len(x), np.inf)
            entries = matrix.tocoo()
            np.minimum.at(split, entries.col, shares[entries.row])
            found = reconciled(program, np.where(np.isfinite(split), split, self.baseline), stop=lambda: False)
            if found is None:
                return None
            x = found
        return x

    @cached_property
    def _budgets(self) -> frozenset[str]:
        """The names of the limits that are budgets."""
        problem = self.subject.problem
        found = (each for each in problem.bound.rows if is_budget(each, problem.size))
        return frozenset(each.name for each in found)

    @property
    def is_split(self) -> bool:
        """Whether an even split is looked for."""
        return self.subject.problem.size <= MOST_SPLIT

    @property
    def presets(self) -> Mapping[str, FloatArray]:
        """The policies that a page begins with, by name."""
        found = {"baseline": self.baseline, "even": self.even, "optimum": self.subject.optimum}
        return {name: x for name, x in found.items() if x is not None}

    @property
    def varies(self) -> bool:
        """Whether the model's own levers move within a period, so that one value a period is not quite its own path."""
        problem = self.subject.problem
        own = problem.levers.own
        return not _same(problem.levers.paths(self.baseline), own)


def is_budget(rows: Rows, levers: int) -> bool:
    """Whether it bounds what levers add up to from above, all of them together: spent, and to be spent."""
    matrix = rows.expression.levers.matrix((len(rows.expression), levers))
    return (
        rows.kind is RowKind.LIMIT
        and not rows.axes
        and bool(np.isfinite(rows.upper).all() and matrix.nnz and (matrix.data > 0).all())
        and bool((np.diff(matrix.indptr) > 0).all())
    )


def _same(one: FloatArray, other: FloatArray) -> bool:
    """Whether two arrays are the same but for rounding."""
    size = max(float(np.abs(one).max(initial=0.0)), float(np.abs(other).max(initial=0.0)))
    return bool((np.abs(one - other) <= SAME * size).all())

"""The first stocks of a run, and one step: the stocks later and the outputs now, from what is given at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..system.expression import references
from ..system.model import Kind, Series, Values, Variable
from ..system.ordering import current
from .evaluation import Evaluated, Known, Lowering, evaluated
from .functions import Arithmetic, Column, Operation
from .integration import METHODS, Columns
from .preparation import Preparation


@dataclass(frozen=True)
class Given:
    """What a step takes: columns by name of stocks, levers, constants, initials, and of data at each fraction of the
    step at which the method asks for them; and the time at which it begins."""

    stocks: Columns
    levers: Columns
    constants: Columns
    initials: Columns
    data: Mapping[float, Columns]
    time: Column


@dataclass(frozen=True)
class Step:
    """The step of a prepared system in the columns of a target; `begin` makes its lowering from what is known."""

    preparation: Preparation
    given: Given
    arithmetic: Arithmetic
    begin: Callable[[Known], Lowering]

    def first(self) -> Columns:
        """The stocks at the first time."""
        known = {**self._inputs(0.0), **self.given.initials}
        found = self._evaluated(known, 0.0, self.preparation.states.rows, initial=True)
        return {name: found.columns[name] for name in self.preparation.states.rows}

    def now(self) -> Evaluated:
        """The outputs, and all that flows and next values need, at the beginning of the step."""
        return self._moment(self.given.stocks, 0.0, self.preparation.wanted)

    def after(self, now: Evaluated) -> Columns:
        """Stocks and samples one step later, samples as they follow from its beginning.

        What rounding leaves below zero in stocks that cannot be negative is cut off: their flows see to the rest.
        """
        begin, size = self.given.stocks, self.preparation.grid.step
        held = {name: column for name, column in now.columns.items() if self._variable(name).held}

        def flows(stocks: Columns, offset: float) -> Columns:
            given = {**begin, **held, **stocks}
            return self._sides(now if offset == 0.0 else self._moment(given, offset), Kind.STOCK)

        def move(along: Columns, fraction: float) -> Columns:
            return {n: self._floored(n, begin[n] + flow * (fraction * size)) for n, flow in along.items()}

        moved = METHODS[self.preparation.expanded.method](begin, flows, move)
        later = {**moved, **self._sides(now, Kind.SAMPLE)}
        return {name: later[name] for name in self.preparation.states.rows}

    def _floored(self, name: str, stock: Column) -> Column:
        if not self._variable(name).non_negative:
            return stock
        return self.arithmetic.apply(Operation.MAXIMUM, stock, self.arithmetic.number(0.0))

    def _inputs(self, offset: float) -> Columns:
        """Levers, constants, and data at a fraction of the step; levers hold over the whole step."""
        return {**self.given.data[offset], **self.given.levers, **self.given.constants}

    def _moment(self, stocks: Columns, offset: float, wanted: Iterable[str] = ()) -> Evaluated:
        """The wanted variables, and all that flows and next values need, at a fraction of the step."""
        needed = {name for state in self.preparation.states.rows for name in _right_side(self._variable(state))}
        return self._evaluated({**self._inputs(offset), **stocks}, offset, sorted({*wanted, *needed}))

    def _evaluated(self, columns: Columns, offset: float, wanted: Iterable[str], *, initial: bool = False) -> Evaluated:
        begins, size = self.given.time, self.preparation.grid.step
        time = begins if offset == 0.0 else begins + offset * size
        lowering = self.begin(Known(columns, time, self.arithmetic.number(size), begins))
        return evaluated(self.preparation.expanded, wanted, lowering, initial=initial)

    def _variable(self, name: str) -> Variable:
        return self.preparation.expanded.variables[name]

    def _sides(self, found: Evaluated, kind: Kind) -> Columns:
        """The right-hand sides of the states of one kind: net flows of stocks, next values of samples."""
        variables = (self._variable(name) for name in self.preparation.states.rows)
        return {v.name: found.side(v, current) for v in variables if v.kind is kind}


def _right_side(variable: Variable) -> frozenset[str]:
    """What the definition of a stock or sample refers to."""
    sides = (equation.definition for equation in variable.equations)
    found = (references(side) for side in sides if not isinstance(side, Values | Series))
    return frozenset().union(*found) - {"Time"}

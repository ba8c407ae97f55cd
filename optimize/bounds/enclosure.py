"""All runs at once whose levers lie in a box: outcomes as polynomials of the levers.

One pass over the steps, with polynomials (`polynomials.py`) in place of numbers. What a step adds in errors becomes a
noise symbol of each stock, and stays that to the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce
from typing import Any

from sd_models.dynamics.functions import Operation
from sd_models.system.model import FloatArray, Series
from sd_models.tape.instructions import Source
from sd_models.tape.tracing import OUTPUTS, STOCKS

from ..problems.problem import Problem
from ..transcription import intervals, symbols
from ..transcription.intervals import Interval, point
from ..transcription.steps import Steps
from ..transcription.symbols import Symbol
from . import polynomials
from .polynomials import Polynomial


class Endless(ArithmeticError):
    """A value that may be anything; or no time is left."""


@dataclass(frozen=True, slots=True, eq=False)
class Enclosed:
    """All values of a variable: between which numbers they lie, and how they follow from the levers."""

    range: Interval
    polynomial: Polynomial


@dataclass(frozen=True)
class EnclosingArithmetic:
    """Operations and tables on what is enclosed; Endless where nothing is known of a result."""

    levers: int
    noises: int

    def apply(self, operation: Operation, *arguments: Symbol) -> Symbol:
        """An operation; a number where all arguments are."""
        if all(isinstance(argument, float) for argument in arguments):
            return symbols.apply(operation, *arguments)
        ranges = [_range(argument) for argument in arguments]
        known = intervals.of(operation, *ranges)
        if known.low == known.high:
            return known.low
        return self._joined(known, self._polynomial_of(operation, arguments, ranges))

    def _polynomial_of(
        self, operation: Operation, arguments: Sequence[Symbol], ranges: Sequence[Interval]
    ) -> Polynomial | None:
        """The polynomial of an operation, by a shorter way where one argument is a number."""
        factor, other = arguments if len(arguments) == 2 else (None, None)
        if isinstance(other, float):
            factor, other = other, factor
        if isinstance(factor, float) and operation is Operation.MULTIPLY:
            return self.polynomial(other).times(factor)
        if isinstance(factor, float) and operation is Operation.ADD:
            return self.polynomial(other).shifted(factor)
        return polynomials.of(operation, *zip(map(self.polynomial, arguments), ranges, strict=True))

    def polynomial(self, symbol: Symbol) -> Polynomial:
        """How a symbol follows from the levers."""
        if isinstance(symbol, float):
            return polynomials.number(symbol, self.levers, self.noises)
        found: Polynomial = symbol.polynomial
        return found

    def _joined(self, known: Interval, polynomial: Polynomial | None) -> Enclosed:
        """What an interval and a polynomial say of the same."""
        among = known if polynomial is None else known.within(polynomial.range)
        if not max(-among.low, among.high) < polynomials.LARGE:
            raise Endless
        if polynomial is None or 0.5 * (among.high - among.low) < 0.5 * polynomial.error:
            polynomial = polynomials.spread(among, self.levers, self.noises)
        return Enclosed(among, polynomial)

    def look_up(self, table: Series, points: FloatArray, x: Symbol) -> Symbol:
        """A table (the values at its points) read at a symbol."""
        if isinstance(x, float):
            return symbols.look_up(table, points, x)
        series = replace(table, y=points)
        known = intervals.of_table(series, x.range)
        if known.low == known.high:
            return known.low
        return self._joined(known, polynomials.of_table(series, x.polynomial, x.range))

    def total(self, row: Sequence[Symbol]) -> Symbol:
        """The sum of symbols."""
        return reduce(partial(self.apply, Operation.ADD), row)


def _range(symbol: Symbol) -> Interval:
    return point(symbol) if isinstance(symbol, float) else symbol.range


@dataclass(eq=False)
class Runs:
    """All runs of a problem at once, over boxes of its levers. `stop` is asked at each step whether to give up."""

    problem: Problem
    stop: Callable[[], bool] = lambda: False

    @cached_property
    def steps(self) -> Steps:
        """The steps of its model."""
        return Steps(self.problem, self.problem.system)

    @cached_property
    def places(self) -> Mapping[int, int]:
        """The place of each stock that is read among the noise symbols of a step."""
        return {row: place for place, row in enumerate(sorted(self.steps.part.loaded(Source.STOCKS)))}

    @property
    def numbers(self) -> int:
        """How many numbers stand for a value."""
        levers = self.problem.size
        return 1 + levers + levers**2 + self.noises

    @property
    def noises(self) -> int:
        """How many noise symbols there are: one of each stock at the start, and after each step."""
        return len(self.places) * (len(self.problem.horizon.points) + 1)

    def outcomes(self, lower: FloatArray, upper: FloatArray) -> list[Polynomial | None]:
        """The outcomes (m) of all levers between finite bounds (n); None where nothing is known of one.

        The levers of the polynomials go from -1 at `lower` to 1 at `upper`. An outcome that ends before a run may
        leave the numbers is known all the same: what comes later does not move it.
        """
        arithmetic = EnclosingArithmetic(self.problem.size, self.noises)
        outputs = self._outputs(self.steps.levers(self._columns(lower, upper)), arithmetic)
        return [self._outcome(terms, arithmetic) for terms in self.steps.terms(outputs)]

    def _columns(self, lower: FloatArray, upper: FloatArray) -> list[Symbol]:
        sides = [Interval(*side) for side in zip(lower.tolist(), upper.tolist(), strict=True)]
        return [
            Enclosed(side, polynomials.lever(place, side, len(sides), self.noises))
            if side.low < side.high
            else side.low
            for place, side in enumerate(sides)
        ]

    def _outputs(self, levers: Sequence[Sequence[Symbol]], arithmetic: EnclosingArithmetic) -> list[Mapping[int, Any]]:
        """The outputs at the points of the horizon, up to where something may be anything."""
        found: list[Mapping[int, Any]] = []
        try:
            stocks = self._renewed(self.steps.first(levers[0], _itself, arithmetic), 0)
            for point, column in enumerate(levers):
                if self.stop():
                    break
                sources = self.steps.sources(stocks, column, point)
                results = self.steps.part.results(sources, _itself, arithmetic)
                found.append(results[OUTPUTS])
                stocks = self._renewed(results[STOCKS], point + 1)
        except Endless:
            pass
        return found

    def _renewed(self, stocks: Mapping[int, Symbol], steps: int) -> Mapping[int, Symbol]:
        """The stocks as later steps see them, after so many steps: their errors are symbols that stay."""
        first = steps * len(self.places)
        return {
            row: replace(one, polynomial=one.polynomial.renewed(first + self.places[row]))
            if isinstance(one, Enclosed) and row in self.places
            else one
            for row, one in stocks.items()
        }

    def _outcome(self, terms: Sequence[tuple[float, Symbol]], arithmetic: EnclosingArithmetic) -> Polynomial | None:
        if any(isinstance(value, float) and math.isnan(value) for _, value in terms):
            return None
        try:
            each = [arithmetic.apply(Operation.MULTIPLY, weight, value) for weight, value in terms]
            total = arithmetic.total(each) if each else 0.0
        except Endless:
            return None
        return arithmetic.polynomial(total)


def _itself(*told: Any) -> Any:
    """What is to be kept, as it is."""
    return told[-1]

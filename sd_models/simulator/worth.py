"""How the worth of a variable at a time is made up: the parts that each of its effects carries back to it.

The worth of a variable is what a weighted sum of outputs gains by one more unit of it at a time (its costate). What an
effect is worth it hands to its causes, times the derivative of its equation: an auxiliary at the same time, a stock or
a sample at the next one. So worth runs along the same links as change, the other way round, and the parts of a cause
add up to its worth with what the sum itself weighs it and, of a stock, with the worth of what is left of it a step
later (Pontryagin and others 1962; the chain rule of a reverse sweep, Griewank and Walther 2008, Evaluating Derivatives,
chapter 3, by variable). On a corner of a function parts are those of the active side.

Why derivatives equation by equation, where one sweep gives all costates: a sweep gives what variables are worth, not
through what. The two are held against each other by whoever uses both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from ..errors import Fault, InvalidRequest
from ..system.model import FloatArray, IndexArray, Kind, Mask, Method, System
from ..targets.casadi.buffers import call
from .inputs import Inputs
from .links import Carried, Side, paths_of
from .simulation import Simulator

LARGEST = 20_000_000  # derivatives of a run, 8 bytes each, of which some copies are held
STATES = (Kind.STOCK, Kind.SAMPLE)


@dataclass(frozen=True, eq=False)
class Worth:
    """What variables are worth along a run, (elements, times), and through what.

    `parts` are what each link carries back, by cause and effect, in the elements of the cause (what only sets the first
    value of a stock is no link); `direct` is what the weights themselves give. `kept` says where a unit of a stock is
    still there a step later, (elements, times).
    """

    system: System
    times: FloatArray
    worths: Mapping[str, FloatArray]
    parts: Mapping[tuple[str, str], FloatArray]
    direct: Mapping[str, FloatArray]
    kept: Mapping[str, Mask]

    def through(self, stock: str) -> Mapping[str, FloatArray]:
        """The worth of a stock at each time by the effects through which it is made from then on.

        What is left of a unit works again a step later, so that parts are sums over all times to come; under the
        stock's own name stands also what the weights give it. They add up to its worth.
        """
        now = {effect: part for (cause, effect), part in self.parts.items() if cause == stock}
        now[stock] = now.get(stock, 0.0) + self.direct[stock]
        return {effect: _summed_ahead(part, self.kept[stock]) for effect, part in now.items()}

    def carried(self) -> Carried:
        """The same as what reversed links carry: of the worth of a cause that is new at a time, from its effects."""
        moves = {name: self._source(name)[:, :-1] for name in self.worths}
        changes = {name: np.array(values[:, :-1]) for name, values in self.direct.items()}
        for (cause, _), part in self.parts.items():
            changes[cause] += part[:, :-1]
        sizes = {name: np.abs(values).max(axis=1, initial=0.0) for name, values in self.worths.items()}
        parts = {(effect, cause): part[:, :-1] for (cause, effect), part in self.parts.items()}
        return Carried(self.system, self.times, moves, sizes, changes, parts)

    def _source(self, name: str) -> FloatArray:
        """The worth that an effect hands on at each time: of states that a step later."""
        worth = self.worths[name]
        return _later(worth) if self.system.variables[name].kind in STATES else worth


def worth_along(simulator: Simulator, inputs: Inputs, weights: FloatArray) -> Worth:
    """The worth of all variables that move with the stocks; `simulator` returns all variables (see `with_all`).

    `weights` are those of the outputs, (rows, times). InvalidRequest for a run by another method than Euler's, whose
    steps are no single moment, and for one with too many derivatives.
    """
    if simulator.model.expanded.method is not Method.EULER:
        raise InvalidRequest(Fault("worth is told link by link for Euler's method only.", file=simulator.system.name))
    return _Backward(simulator, inputs, weights).worth()


def _later(values: FloatArray) -> FloatArray:
    """The values a step later; nothing after the last time."""
    return np.concatenate([values[:, 1:], np.zeros((len(values), 1))], axis=1)


def _summed_ahead(part: FloatArray, kept: Mask) -> FloatArray:
    """The sums of a part over all times to come, as long as a unit is kept."""
    found = np.array(part)
    for k in reversed(range(part.shape[1] - 1)):
        found[:, k] += np.where(kept[:, k], found[:, k + 1], 0.0)
    return found


@dataclass(frozen=True, eq=False)
class _Slopes:
    """The derivatives of an effect by its causes: places among all rows, and values (derivatives, times)."""

    effect: str
    causes: IndexArray
    effects: IndexArray
    values: FloatArray


@dataclass(frozen=True)
class _Backward:
    """A sweep back along a run, by variable."""

    simulator: Simulator
    inputs: Inputs
    weights: FloatArray

    @property
    def system(self) -> System:
        return self.simulator.model.expanded

    @cached_property
    def paths(self) -> Mapping[str, FloatArray]:
        run = self.simulator.trajectories(self.inputs)
        self.simulator.check(self.inputs, run)
        return paths_of(self.simulator, self.inputs, run)

    @cached_property
    def rows(self) -> Mapping[str, slice]:
        """The places of all variables that move with the stocks."""
        model, found, start = self.simulator.model, {}, 0
        for variable in self.system:
            is_ours = variable.kind in STATES or (variable.kind is Kind.AUXILIARY and variable.name not in model.fixed)
            if is_ours and variable.name not in model.levers.rows:
                found[variable.name] = slice(start, start := start + self.system.size(variable))
        return found

    @property
    def size(self) -> int:
        return sum(rows.stop - rows.start for rows in self.rows.values())

    @cached_property
    def slopes(self) -> tuple[_Slopes, ...]:
        """The derivatives of all equations, those of the net flow of a stock times the step."""
        step, variables = self.simulator.model.grid.step, self.system.variables
        sides = {name: Side.of(self.system, variables[name], step) for name in self.rows}
        known = {name: [cause for cause in side.causes if cause in self.rows] for name, side in sides.items()}
        count = 0
        for name, causes in known.items():  # one equation with a sum over regions has as many as their square
            count += sides[name].count(causes) * len(self.simulator.times) if causes else 0
            if count > LARGEST:
                told = f"a run has more than {LARGEST:.2g} derivatives, so worth is not told link by link."
                raise InvalidRequest(Fault(told, file=self.system.name))
        return tuple(self._slopes(name, sides[name], causes) for name, causes in known.items() if causes)

    def _slopes(self, effect: str, side: Side, known: Sequence[str]) -> _Slopes:
        variable, step = self.system.variables[effect], self.simulator.model.grid.step
        matrix, function = side.derivatives(known)
        given = [self.paths[name] for name in side.causes]
        (values,) = call(function.map(len(self.simulator.times)), *given, self.simulator.times[np.newaxis])
        if variable.kind is Kind.STOCK:
            values = values * step * self.kept[effect][matrix.row()]
        places = np.concatenate([np.arange(self.rows[name].start, self.rows[name].stop) for name in known])
        effects = self.rows[effect].start + np.array(matrix.row(), dtype=np.int64)
        return _Slopes(effect, places[np.array(matrix.get_col(), dtype=np.int64)], effects, values)

    @cached_property
    def kept(self) -> Mapping[str, Mask]:
        """Where a unit of a state is there a step later: not of samples, nor of what a floor cuts off."""
        found = {}
        for name, rows in self.rows.items():
            variable = self.system.variables[name]
            shape = rows.stop - rows.start, len(self.simulator.times)
            if variable.kind is Kind.STOCK:
                found[name] = np.ones(shape, dtype=bool)
                if variable.non_negative:
                    side = Side.of(self.system, variable, self.simulator.model.grid.step)
                    flow = side.values(self.paths, self.simulator.times)
                    found[name] = self.paths[name] + self.simulator.model.grid.step * flow > 0
            elif variable.kind is Kind.SAMPLE:
                found[name] = np.zeros(shape, dtype=bool)
        return found

    # --- the sweep --------------------------------------------------------------------------------------------------

    def worth(self) -> Worth:
        """Worths of all rows from the last time to the first, and the parts of each link."""
        direct = {name: self._direct(name) for name in self.rows}
        start = np.concatenate([direct[name] for name in self.rows]) if self.rows else np.zeros((0, 0))
        found = self._swept(start)
        worths = {name: found[rows] for name, rows in self.rows.items()}
        parts = {link: part for slopes in self.slopes for link, part in self._parts(slopes, found)}
        return Worth(self.system, self.simulator.times, worths, parts, direct, self.kept)

    def _direct(self, name: str) -> FloatArray:
        rows = self.simulator.model.outputs.rows.get(name)
        size = self.rows[name].stop - self.rows[name].start
        return np.zeros((size, len(self.simulator.times))) if rows is None else self.weights[rows]

    def _swept(self, direct: FloatArray) -> FloatArray:
        """The worths of all rows; within a time worth runs from effects to causes until nothing is left to hand on."""
        is_state = np.zeros(self.size, dtype=bool)
        kept = np.zeros((self.size, direct.shape[1]))
        for name, mask in self.kept.items():
            is_state[self.rows[name]], kept[self.rows[name]] = True, mask
        over, within = (self._matrix(of_states=wanted, is_state=is_state) for wanted in (True, False))
        found = np.array(direct)
        for k in reversed(range(direct.shape[1])):
            if k + 1 < direct.shape[1]:
                after = np.where(is_state, found[:, k + 1], 0.0)
                found[:, k] += kept[:, k] * after + over.at(k) @ after
            matrix, new = within.at(k), np.where(is_state, 0.0, found[:, k])
            while (new := matrix @ new).any():
                found[:, k] += new
                new = np.where(is_state, 0.0, new)
        return found

    def _matrix(self, *, of_states: bool, is_state: Mask) -> _Matrix:
        """The derivatives of states (over a step) or of auxiliaries (within a time), transposed."""
        chosen = [one for one in self.slopes if is_state[self.rows[one.effect].start] == of_states]
        nothing = np.zeros(0, dtype=np.int64)
        causes, effects = (
            np.concatenate([nothing, *(getattr(one, side) for one in chosen)]) for side in ("causes", "effects")
        )
        values = np.concatenate([np.zeros((0, len(self.simulator.times))), *(one.values for one in chosen)])
        order = np.lexsort((effects, causes))
        counts = np.bincount(causes, minlength=self.size)
        return _Matrix(self.size, np.concatenate([[0], np.cumsum(counts)]), effects[order], values[order])

    def _parts(self, slopes: _Slopes, worths: FloatArray) -> Iterator[tuple[tuple[str, str], FloatArray]]:
        """What each cause of an effect gets of its worth."""
        is_state = self.system.variables[slopes.effect].kind in STATES
        handed = _later(worths)[slopes.effects] if is_state else worths[slopes.effects]
        given = slopes.values * handed
        for cause, rows in self.rows.items():
            mine = np.flatnonzero((slopes.causes >= rows.start) & (slopes.causes < rows.stop))
            if len(mine):
                size = rows.stop - rows.start
                entries = np.ones(len(mine)), (slopes.causes[mine] - rows.start, np.arange(len(mine)))
                yield (cause, slopes.effect), csr_array(entries, shape=(size, len(mine))) @ given[mine]


@dataclass(frozen=True, eq=False)
class _Matrix:
    """A sparse square matrix whose values change with the time."""

    size: int
    starts: IndexArray
    columns: IndexArray
    values: FloatArray

    def at(self, k: int) -> csr_array:
        """That of one time."""
        return csr_array((self.values[:, k], self.columns, self.starts), shape=(self.size, self.size))

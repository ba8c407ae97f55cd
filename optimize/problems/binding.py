"""What a plan means for a model: blocks of levers, rows of limits, the outcomes that these need, and the objective.

Binding goes through with or without a run. Without one (`paths` None) every amount that a run would give is unknown:
enough to find all that does not fit, before anything is compiled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sd_models.errors import Fault, InvalidRequest
from sd_models.simulator.measures import Measure
from sd_models.system.model import FloatArray, Kind, System, Variable

from ..files.gathering import Faults
from ..plans.affine import Affine
from ..plans.horizon import Horizon, Window, WindowKind, Windows
from ..plans.kinds import free_name
from ..plans.levers import LeverBlock
from ..plans.limits import Binder, Cells, Rows, gathered, where_faults
from ..plans.naming import AMOUNT, named, written_as
from ..plans.plan import Amount, Elements, Lever, Objective, Plan, ValueAt
from ..plans.quantities import Quantities, Registry
from ..plans.ramps import Held, Steps, held, ramp_rows, steps_of
from ..plans.reach import reached


@dataclass(frozen=True)
class Bound:
    """What a plan means for a model: levers, rows of limits, the outcomes that these and the objective need, the
    objective, one row of levers and outcomes, and what of levers a ramp never lets move."""

    blocks: tuple[LeverBlock, ...]
    rows: tuple[Rows, ...]
    quantities: Quantities
    objective: Affine
    held: tuple[Held, ...] = ()


def check_words(system: System, plan: Plan, faults: Faults) -> None:
    """Keeps what is wrong with the names of a plan: variables that are not there or cannot be decided or measured."""
    for place, name in plan.named:
        with faults.at(place):
            check_measured(system, name, written_as(plan, name))
    for lever in plan.levers:
        with faults.at(f"lever {lever.variable!r}"):
            _check_lever(system, lever)


def check_measured(system: System, name: str, written: str = "variable") -> None:
    """InvalidRequest for a name that no variable has, or one without a value of its own."""
    if named(system, name, written).kind is Kind.TABLE:
        advice = "Name the variable that calls it."
        raise InvalidRequest(Fault(f"{name!r} is a table; it has no value of its own in a run.", advice=advice))


def _check_lever(system: System, lever: Lever) -> None:
    if lever.variable not in system or system[lever.variable].kind is Kind.TABLE:
        return
    kind = system[lever.variable].kind
    if kind not in (Kind.CONSTANT, Kind.AUXILIARY, Kind.DATA):
        advice = "Take a constant, an auxiliary or a data variable that acts on it."
        raise InvalidRequest(Fault(f"it is a {kind}, which follows from other variables.", advice=advice))


def bind(
    system: System,
    plan: Plan,
    horizon: Horizon,
    paths: Mapping[str, FloatArray] | None,
    faults: Faults,
    *,
    still: Collection[str] = (),
    before: Mapping[str, FloatArray] | None = None,
) -> Bound:
    """The levers, rows and outcomes of a plan; what does not fit is kept in `faults`, and left out.

    `still` are variables that turned out to be numbers, whatever their equations refer to: limits on them do not move.
    `before` are the own values (elements) of levers just before the horizon, where that is known.
    """
    return _Binding(system, plan, horizon, faults, frozenset(still), before).bound(paths)


@dataclass(frozen=True)
class _Binding:
    """A plan that meets a model."""

    system: System
    plan: Plan
    horizon: Horizon
    faults: Faults
    still: frozenset[str]
    before: Mapping[str, FloatArray] | None

    def bound(self, paths: Mapping[str, FloatArray] | None) -> Bound:
        known = [self.system[lever.variable].name for lever in self.plan.levers if lever.variable in self.system]
        steps = reached(self.system, known, from_start=self.horizon.first == 0)
        moved = {name: count for name, count in steps.items() if name not in self.still}
        registry = Registry(len(self.horizon.points))
        binder = Binder(self.system, self.horizon, (), moved, paths, registry, self.before)
        blocks = tuple(self._blocks(binder))
        binder = replace(binder, blocks=blocks)
        objective = Affine.numbers([0.0])
        if len(known) == len(self.plan.levers):  # else nobody knows what they would reach
            with self.faults.at("objective"):
                objective = self._objective(replace(binder, moved=steps))  # a number is told when it is computed
        ramps = self._ramps(binder)
        rows = tuple(_named_apart(self._rows(binder, ramps)))
        return Bound(blocks, rows, registry.done(), objective, self._held(binder, ramps))

    # --- levers ---------------------------------------------------------------------------------------------------

    def _blocks(self, binder: Binder) -> Iterator[LeverBlock]:
        first = 0
        taken: dict[str, set[int]] = {}
        for lever in self.plan.levers:
            with self.faults.at(f"lever {lever.variable!r}"):
                block = self._block(binder, lever, first)
                self._check_apart(block, taken.setdefault(block.variable, set()))
                first += block.lower.size
                yield block

    def _block(self, binder: Binder, lever: Lever, first: int) -> LeverBlock:
        variable, horizon = named(self.system, lever.variable), self.horizon
        self._check_where(lever.where, variable)
        cells = Cells(binder.places(variable, lever.where))
        period, windows = horizon.periods(lever.every), horizon.means(lever.every)
        starts = windows.times
        least, most = variable.limits
        lower = self._bound_values(binder, lever.lower, cells, windows, -np.inf, least)
        upper = self._bound_values(binder, lever.upper, cells, windows, np.inf, most)
        if lever.fixed is not None:
            lower, upper = (
                self._bound_values(binder, lever.fixed, cells, windows, free, None) for free in (-np.inf, np.inf)
            )
        if (lower > upper).any():
            at = starts[int(np.argwhere(lower > upper)[0][1])]
            raise InvalidRequest(Fault(f"its lower bound is above its upper bound at {at:g}."))
        flat = cells.flat(variable.dimensions, self.system.shape(variable))
        return LeverBlock(lever, variable.name, first, flat, period, starts, lower, upper)

    def _bound_values(
        self, binder: Binder, amount: Amount | None, cells: Cells, windows: Windows, free: float, own: float | None
    ) -> FloatArray:
        """A bound in numbers (elements, periods): where the plan gives none the model's `own`; where there is none of
        that either, or a row holds it, `free`."""
        shape = (cells.size, len(windows.each))
        if amount is None:
            return np.full(shape, free if own is None else own)
        if isinstance(amount, ValueAt) and not amount.baseline:
            expected = "a bound is a number, points, the name of a variable, or the value of one in the baseline."
            advice = f'That of the baseline: {{ variable = "{amount.variable}", baseline = true }}.'
            raise InvalidRequest(Fault(expected, advice=advice))
        if isinstance(amount, str) and self._is_moved(binder, amount):
            return np.full(shape, free)
        return binder.amount(amount, cells, windows).constant.reshape(shape)

    def _is_moved(self, binder: Binder, name: str) -> bool:
        """Whether a variable is one that levers reach, or one of them; `binder` may not know all blocks yet."""
        names = {self.system[lever.variable].name for lever in self.plan.levers if lever.variable in self.system}
        return named(self.system, name, AMOUNT).name in (*binder.moved, *names)

    def _check_apart(self, block: LeverBlock, taken: set[int]) -> None:
        again = taken.intersection(block.elements.tolist())
        if again:
            advice = "Give each lever a `where` of its own."
            raise InvalidRequest(Fault("two levers decide the same elements.", advice=advice))
        taken.update(block.elements.tolist())

    def _check_where(self, where: Mapping[str, Elements], variable: Variable) -> None:
        faults = list(where_faults(self.system, where, [variable]))
        if faults:
            raise InvalidRequest(faults)

    # --- objective and limits -------------------------------------------------------------------------------------

    def _objective(self, binder: Binder) -> Affine:
        """The objective as one row; one of the plan's variables summed over elements and time."""
        objective = self.plan.objective
        variable = named(self.system, objective.variable, "maximize" if objective.maximize else "minimize")
        self._check_where(objective.where, variable)
        cells = Cells(binder.places(variable, objective.where))
        row = objective_weights(self.horizon, objective.measure, objective.discount, objective.final_weight)
        whole = Windows((objective_window(self.horizon, objective),), row[np.newaxis])
        found = binder.measured(variable, cells.flat(variable.dimensions, self.system.shape(variable)), whole)
        if not self._is_moved(binder, variable.name) or (found.is_constant and variable.name in binder.moved):
            raise InvalidRequest(self._out_of_reach(variable.name, binder))
        return gathered(found, np.zeros(len(found), dtype=np.int64), 1)

    def _out_of_reach(self, name: str, binder: Binder) -> Fault:
        names = ", ".join(dict.fromkeys(self.system[lever.variable].name for lever in self.plan.levers))
        if name in binder.moved:
            later = binder.moved[name] * self.horizon.time_step
            found = f"no lever reaches {name!r} within the horizon, only {later:g} after a decision at the earliest."
            return Fault(found, advice="Let the horizon end later.")
        advice = f"`sd.describe` shows what a variable follows from. The levers are: {names}."
        return Fault(f"no lever reaches {name!r}.", advice=advice)

    def _ramps(self, binder: Binder) -> dict[int, Steps]:
        """How far levers may move, by the first column of each."""
        found: dict[int, Steps] = {}
        for block in binder.blocks:
            if block.lever.ramp is not None:
                with self.faults.at(f"lever {block.variable!r}"):
                    found[block.first] = steps_of(binder, block, block.lever.ramp)
        return found

    def _held(self, binder: Binder, ramps: Mapping[int, Steps]) -> tuple[Held, ...]:
        """What ramps never let move; a fault where that is all that is decided."""
        ramped = [(block, ramps[block.first]) for block in binder.blocks if block.first in ramps]
        found = tuple(one for block, steps in ramped if (one := held(binder, block, steps)) is not None)
        decided = sum(int((block.lower != block.upper).any(axis=1).sum()) for block in binder.blocks)
        if found and sum(len(one.names) for one in found) == decided:
            self.faults.keep(one.fault for one in found)
        return found

    def _rows(self, binder: Binder, ramps: Mapping[int, Steps]) -> Iterator[Rows]:
        for limit in self.plan.limits:
            with self.faults.at(f"limit {limit.name!r}"):
                yield binder.limit(limit)
        for block in binder.blocks:
            with self.faults.at(f"lever {block.variable!r}"):
                yield from binder.bounds(block)
                if block.first in ramps:
                    yield from ramp_rows(binder, block, ramps[block.first])


def _named_apart(found: Iterable[Rows]) -> Iterator[Rows]:
    """The rows, the second of one name numbered."""
    taken: set[str] = set()
    for rows in found:
        name = free_name(rows.name, taken)
        taken.add(name)
        yield replace(rows, name=name)


def objective_window(horizon: Horizon, objective: Objective) -> Window:
    """The window of the objective; where nothing is discounted and no value weighs twice, that of a limit likewise."""
    first, last = float(horizon.points[0]), float(horizon.points[-1])
    if objective.discount or objective.final_weight:
        return Window(WindowKind.OBJECTIVE, first, last)
    plain = {Measure.FINAL: horizon.final.each[0], Measure.INTEGRAL: Window(WindowKind.TOTAL, first, last)}
    return plain.get(objective.measure, Window(WindowKind.OBJECTIVE, first, last))


def objective_weights(horizon: Horizon, measure: Measure, discount: float, final_weight: float) -> FloatArray:
    """The weight of each point of the horizon in the objective."""
    since = horizon.points - horizon.points[0]
    discounted = np.exp(-discount * since)
    last = np.zeros(len(since))
    last[-1] = discounted[-1]
    if measure is Measure.FINAL:
        return last * (1.0 + final_weight)
    inner = np.where(np.arange(len(since)) < len(since) - 1, horizon.time_step * discounted, 0.0)
    scale = horizon.length if measure is Measure.MEAN else 1.0
    return inner / scale + final_weight * last

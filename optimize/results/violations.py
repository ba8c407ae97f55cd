"""How far a run is from keeping the limits of a plan, straight from the plan's words.

It reads nothing but the plan and the trajectories of a run (ours or PySD's): names, elements and times are looked up
anew, and sums, means and totals are taken in plain NumPy, so that a mistake in the rows that a solver is given cannot
hide here.

A violation is relative to the size of its limit: the larger of its amount, as it is without the policy, and of what the
levers moved of its terms, one by one, against the run of the model's own levers. What terms that cancel add up to is no
part of it: a difference of two large numbers is held as a difference. Only where there is no amount and nothing has
moved, the sum of the terms' absolute values stands for them, in which a variable that is no lever counts with its
largest one in the horizon. Bounds, fixed values and ramps of levers are measured likewise.

Where a limit holds, what is told is where it is nearest to its amount. The room that is left there is relative to one
size for all times, so that the place with the least room is the nearest one: the range of a lever between its bounds,
else the largest size of an element over time or, of an amount of zero, of all elements. The size at each place itself
would be no measure: of what began at zero and has a floor of zero, the room would be its own size everywhere.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import slack
from sd_models.simulator.datasets import label
from sd_models.simulator.measures import Measure
from sd_models.system.model import FloatArray, System, key

from ..files.names import part_label
from ..plans.kinds import RowKind, free_name
from ..plans.plan import Amount, Each, Elements, Lever, Limit, Periods, Plan, Points, Term, ValueAt, When
from ..plans.quantities import time_unit, unit_of_integral

WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Violation:
    """Where a limit is exceeded most, or comes nearest to it: `size` is relative and zero where the limit holds.

    `time` is when the period (or total) begins; `value` stands against `amount`, both in the limit's unit; `room` is
    what is left between them, relative to what the levers can move, and below zero where the limit is exceeded. Where
    the amount is zero and some terms count less than nothing, these are the amount: of `x - 0.1 y >= 0` it is `0.1 y`.
    """

    limit: str
    size: float
    place: str
    time: float
    value: float
    amount: float
    room: float = 0.0
    unit: str = ""


def violations(
    plan: Plan, system: System, run: xr.Dataset, moved: xr.Dataset, baseline: xr.Dataset
) -> tuple[Violation, ...]:
    """The largest violation of each limit, of each lever's bounds, and of its ramp.

    `run` has every time step from the start of the horizon to its end (from the one before, where a ramp counts from
    there), and every variable that the plan names. `moved` is what the levers moved of these: a run of the policy less
    that of the model's own levers, both of one simulator, so that what differs is not the rounding of two. `baseline`
    is the run of the model's own levers from which amounts are taken, where the plan says so.
    """
    reading = _Reading(plan, system, run, moved, baseline)
    with xr.set_options(arithmetic_join="exact"):  # type: ignore[no-untyped-call]
        checks = [check for limit in plan.limits for check in reading.limit(limit)]
        checks += [check for lever in plan.levers for check in reading.lever(lever)]
    names: dict[tuple[RowKind, str], str] = {}
    for check in checks:
        subject = (check.kind, check.name)
        if subject not in names:
            names[subject] = free_name(check.kind.named(check.name), names.values())
    worst: dict[str, Violation] = {}
    for check in checks:
        found = _worst(check, names[check.kind, check.name])
        if found is not None and (found.limit not in worst or found.room < worst[found.limit].room):
            worst[found.limit] = found
    return tuple(worst.values())


def objective_of(plan: Plan, system: System, run: xr.Dataset) -> float:
    """The objective of a run, as the plan words it; the run is as for `violations`."""
    return _Reading(plan, system, run, run, run).objective()


def largest(found: Iterable[Violation]) -> float:
    """The largest of the violations."""
    return max((violation.size for violation in found), default=0.0)


@dataclass(frozen=True)
class _Check:
    """A value that has to be at most (`sign` 1) or at least (-1) an amount; all have the same dimensions.

    `name` is that of the limit or the lever. A violation is relative to `size`, what room is left to `scale`.
    What is `across` is added to value and amount where people are told of them, in `unit`.
    """

    kind: RowKind
    name: str
    sign: float
    value: xr.DataArray
    amount: xr.DataArray
    size: xr.DataArray
    scale: xr.DataArray
    across: xr.DataArray
    unit: str = ""


@dataclass(frozen=True)
class _Reached:
    """What a limit is about: its value, what the levers moved of its terms, and the sum of their absolute values."""

    value: xr.DataArray
    moved: xr.DataArray
    whole: xr.DataArray

    def plus(self, other: _Reached) -> _Reached:
        """The sum of two terms."""
        return _Reached(self.value + other.value, self.moved + other.moved, self.whole + other.whole)

    def times(self, factor: xr.DataArray) -> _Reached:
        """The same times a factor."""
        return _Reached(self.value * factor, self.moved * abs(factor), self.whole * abs(factor))

    def from_second(self) -> _Reached:
        """All spans but the first."""
        kept = {WINDOW: slice(1, None)}
        return _Reached(self.value.isel(kept), self.moved.isel(kept), self.whole.isel(kept))

    def to_last_but_one(self) -> _Reached:
        """All spans but the last, without their times."""
        parts = (self.value, self.moved, self.whole)
        return _Reached(*(part.isel({WINDOW: slice(None, -1)}).drop_vars(WINDOW) for part in parts))

    def after(self, start: xr.DataArray) -> _Reached:
        """The same behind a first span with a value that nothing has moved."""
        firsts = (start, 0.0 * start, abs(start))
        parts = zip(firsts, (self.value, self.moved, self.whole), strict=True)
        return _Reached(*(xr.concat([first, part], WINDOW, join="exact") for first, part in parts))

    def summed(self, dims: Sequence[str]) -> _Reached:
        """The sum over dimensions."""
        return _Reached(self.value.sum(dims), self.moved.sum(dims), self.whole.sum(dims))

    def beside(self, amount: xr.DataArray, own: xr.DataArray) -> xr.DataArray:
        """Its size beside an amount, which is `own` without the policy."""
        size = _larger(abs(own), self.moved + abs(amount - own))
        return size.where(size > 0, self.whole)


@dataclass(frozen=True)
class _Spans:
    """Spans of time, each from a first point to before a last one: the mean over it, the total, or one value."""

    times: FloatArray
    first: Sequence[int]
    last: Sequence[int]
    step: float = 0.0  # of totals; 0 for means

    def measured(self, path: xr.DataArray) -> xr.DataArray:
        """The mean or total of a path in each span."""
        values = path.transpose("time", ...)
        numbers = values.to_numpy()
        parts = [numbers[a:b] for a, b in zip(self.first, self.last, strict=True)]
        found = [part.sum(axis=0) * self.step if self.step else part.mean(axis=0) for part in parts]
        coordinates = {d: values.coords[d] for d in values.dims[1:]}
        return xr.DataArray(np.array(found), {WINDOW: self.times, **coordinates}, (WINDOW, *values.dims[1:]))

    def means(self) -> _Spans:
        """The same spans, over which the mean is taken."""
        return _Spans(self.times, self.first, self.last)

    def only(self, kept: Sequence[int]) -> _Spans:
        """The means over some of the spans."""
        return _Spans(self.times[list(kept)], [self.first[i] for i in kept], [self.last[i] for i in kept])


@dataclass(frozen=True)
class _Reading:
    """The words of a plan read on a run."""

    plan: Plan
    system: System
    run: xr.Dataset
    moved: xr.Dataset
    baseline: xr.Dataset

    def objective(self) -> float:
        """What is maximized or minimized, as one number."""
        goal = self.plan.objective
        path = self._chosen(self._path(goal.variable), goal.where)
        values = path.sum([d for d in path.dims if d != "time"]).to_numpy()
        values = values * np.exp(-goal.discount * (self._times - self._times[0]))
        integral = float(values[:-1].sum() * self._step)
        length = float(self._times[-1] - self._times[0])
        measured = {Measure.FINAL: float(values[-1]), Measure.INTEGRAL: integral, Measure.MEAN: integral / length}
        return measured[goal.measure] + goal.final_weight * float(values[-1])

    # --- limits ---------------------------------------------------------------------------------------------------

    def limit(self, limit: Limit) -> Iterator[_Check]:
        """What a limit asks for."""
        spans = self._spans(limit.when)
        terms = [self._term(term, limit, spans) for term in limit.listed]
        reached, across = reduce(_Reached.plus, terms), self._across(limit, terms)
        for sign, amount in ((1.0, limit.at_most), (-1.0, limit.at_least), (1.0, limit.equals), (-1.0, limit.equals)):
            if amount is not None:
                check = self._check(RowKind.LIMIT, limit.name, sign, reached, amount, spans, limit.shift)
                yield replace(check, across=across + 0.0 * check.value, unit=self._unit(limit))

    @staticmethod
    def _across(limit: Limit, terms: Sequence[_Reached]) -> xr.DataArray:
        """What people read as the amount of a limit of zero: the terms that count less than nothing; else 0."""
        less = [-term.value for term, said in zip(terms, limit.listed, strict=True) if said.factor < 0.0]
        zero = 0.0 * terms[0].value
        is_zero = {0.0} == {amount for amount in (limit.at_most, limit.at_least, limit.equals) if amount is not None}
        return reduce(operator.add, less, zero) if is_zero and len(less) < len(terms) else zero

    def _unit(self, limit: Limit) -> str:
        """The unit of a limit."""
        unit = self.system[limit.listed[0].variable].unit
        is_total = limit.when == "total" or isinstance(limit.when, Each)
        return unit_of_integral(unit, time_unit(self.system)) if is_total else unit

    def _term(self, term: Term, limit: Limit, spans: _Spans) -> _Reached:
        """A term and the size of its parts."""
        where, over = {**limit.where, **term.where}, term.over or limit.over
        factor: xr.DataArray | float = term.factor
        if term.by is not None:
            factor = factor * self._chosen(spans.means().measured(self._path(term.by)), where)
        found = self._reached(term.variable, where, spans, factor)
        return found.summed([self._dimension(name) for name in over if self._dimension(name) in found.value.dims])

    def _reached(
        self, variable: str, where: Mapping[str, Elements], spans: _Spans, factor: xr.DataArray | float = 1.0
    ) -> _Reached:
        """A variable times a factor in each span.

        A lever counts with what it is and was moved at each time, another variable with what was moved of its mean or
        total, and with its largest value in the run: a stock that must not be negative at the end, and is used up,
        would have no size by its value there.
        """
        path, moved = (self._chosen(self._path(variable, part), where) for part in (self.run, self.moved))
        whole = abs(path)
        if self.system[variable].name in {self.system[lever.variable].name for lever in self.plan.levers}:
            moved = abs(moved)
        else:
            whole = whole.max("time") + 0.0 * path
        value, moves, sizes = (spans.measured(each) * factor for each in (path, moved, whole))
        return _Reached(value, abs(moves), abs(sizes))

    def _check(
        self,
        kind: RowKind,
        name: str,
        sign: float,
        reached: _Reached,
        amount: Amount,
        spans: _Spans,
        shift: float | Points = 0.0,
        whole: xr.DataArray | None = None,
    ) -> _Check:
        """What is reached, beside an amount that is shifted; `whole` is the range of a lever."""
        most = self._amount(amount, spans, self.run)
        own = most - self._amount(amount, spans, self.moved) if _may_move(amount) else most
        by = xr.DataArray(_numbers(shift, spans.times), {WINDOW: spans.times}, (WINDOW,))
        return _check(kind, name, sign, reached, most + by, own + by, whole)

    def _amount(self, amount: Amount, spans: _Spans, run: xr.Dataset) -> xr.DataArray:
        """An amount in each span."""
        if isinstance(amount, str):
            return spans.measured(self._path(amount, run))
        if not isinstance(amount, ValueAt):
            return xr.DataArray(_numbers(amount, spans.times), {WINDOW: spans.times}, (WINDOW,))
        at = spans if amount.at is None else self._spans(Periods.model_validate({"from": amount.at, "to": amount.at}))
        value = at.measured(self._path(amount.variable, self.baseline if amount.baseline else run)) * amount.factor
        return value if amount.at is None else value.isel({WINDOW: 0}, drop=True)

    # --- levers ---------------------------------------------------------------------------------------------------

    def lever(self, lever: Lever) -> Iterator[_Check]:
        """The bounds of a lever, its fixed values, and its ramp."""
        spans = self._blocks(lever.every)
        reached = self._reached(lever.variable, lever.where, spans)
        least, most = self.system[lever.variable].limits
        sides: list[tuple[RowKind, float, Amount | None]] = [
            (RowKind.LOWER_BOUND, -1.0, least if lever.lower is None else lever.lower),
            (RowKind.UPPER_BOUND, 1.0, most if lever.upper is None else lever.upper),
        ]
        if lever.fixed is not None:
            sides = [(RowKind.FIXED_VALUES, sign, lever.fixed) for sign in (1.0, -1.0)]
        whole = self._range([amount for _, _, amount in sides], reached, spans)
        for kind, sign, amount in sides:
            if amount is not None:
                check = self._check(kind, lever.variable, sign, reached, amount, spans, whole=whole)
                yield replace(check, unit=self.system[lever.variable].unit)
        yield from self._ramp(lever, reached)

    def _range(self, sides: Sequence[Amount | None], reached: _Reached, spans: _Spans) -> xr.DataArray:
        """From the lower bound of a lever to its upper one; without both, the largest value that it has."""
        largest = reached.whole.max() + 0.0 * reached.whole
        if any(amount is None for amount in sides):
            return largest
        ends = [self._amount(amount, spans, self.run) for amount in sides if amount is not None]
        of_lever, low, high = xr.align(reached.whole, *ends, join="left")
        whole = abs(high - low) + 0.0 * of_lever
        return whole.where(np.isfinite(whole) & (whole > 0), largest)

    def _ramp(self, lever: Lever, reached: _Reached) -> Iterator[_Check]:
        ramp, spans = lever.ramp, self._blocks(lever.every)
        if ramp is None or len(spans.times) + ramp.from_start < 2:
            return
        after, before = reached.from_second(), reached.to_last_but_one()
        length = np.diff([*spans.times, self._times[-1]])
        between = length[:-1]
        if ramp.from_start:
            after, before = reached, before.after(self._before(lever))
            between = np.concatenate([length[:1], between])
        into = {WINDOW: slice(len(spans.times) - len(between), None)}
        share, most = (
            self._amount(step, spans, self.run).isel(into).drop_vars(WINDOW) * xr.DataArray(between, dims=WINDOW)
            for step in (ramp.relative, ramp.absolute)
        )
        for kind, sign in ((RowKind.RISE, 1.0), (RowKind.FALL, -1.0)):
            changed = after.plus(before.times(-(1.0 + sign * share)))
            amount = sign * most + 0.0 * changed.value
            check = _check(kind, lever.variable, sign, changed, amount, amount)
            yield replace(check, unit=self.system[lever.variable].unit)

    def _before(self, lever: Lever) -> xr.DataArray:
        """The model's own value of a lever just before the horizon; where the run starts there, at its start."""
        earlier = int(np.flatnonzero(self._inside(self._all_times))[0]) - 1
        path = self.baseline[self.system[lever.variable].name].isel(time=[max(earlier, 0)])
        return self._chosen(path.rename(time=WINDOW).drop_vars(WINDOW), lever.where)

    # --- paths, elements, times -----------------------------------------------------------------------------------

    def _path(self, name: str, run: xr.Dataset | None = None) -> xr.DataArray:
        """The path of a variable over the horizon, in the run or another one."""
        path = (self.run if run is None else run)[self.system[name].name]
        return path.isel(time=np.flatnonzero(self._inside(path["time"].to_numpy())))

    def _inside(self, times: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        near = slack(self._all_times)
        first, end = self.plan.horizon[0], self.plan.horizon[1] + self.plan.every
        return np.asarray((times >= first - near) & (times <= end + near))

    @property
    def _step(self) -> float:
        return float(np.diff(self._all_times).min())

    @property
    def _all_times(self) -> FloatArray:
        return np.asarray(self.run["time"].to_numpy(), dtype=np.float64)

    @property
    def _times(self) -> FloatArray:
        return self._all_times[self._inside(self._all_times)]

    def _spans(self, when: When) -> _Spans:
        if when == "final":
            last = len(self._times) - 1
            return _Spans(self._times[-1:], [last], [last + 1])
        if when == "total":
            return self._blocks(float(self._times[-1] - self._times[0]), total=True)
        if isinstance(when, Each):
            return self._blocks(when.each, total=True)
        spans, near = self._blocks(self.plan.every), slack(self._all_times)
        if isinstance(when, tuple):
            return spans.only([i for i, time in enumerate(spans.times) if min(abs(time - one) for one in when) <= near])
        if not isinstance(when, Periods):
            return spans
        low = -np.inf if when.from_ is None else when.from_ - near
        high = np.inf if when.to is None else when.to + near
        kept = [i for i, time in enumerate(spans.times) if low <= time <= high]
        return spans.only(kept if when.every is None else kept[:: round(when.every / self.plan.every)])

    def _blocks(self, length: float, *, total: bool = False) -> _Spans:
        """Spans of one length from the start of the horizon on; the last one may be shorter."""
        steps, end = round(length / self._step), len(self._times) - 1
        first = list(range(0, end, steps))
        last = [min(start + steps, end) for start in first]
        return _Spans(self._times[first], first, last, self._step if total else 0.0)

    def _chosen(self, path: xr.DataArray, where: Mapping[str, Elements]) -> xr.DataArray:
        """The elements that a plan chooses, in the order of the model."""
        for dimension, wanted in where.items():
            name = self._dimension(dimension)
            if name in path.dims:
                chosen = self._elements(dimension, wanted)
                path = path.isel({name: [i for i, e in enumerate(path[name].to_numpy()) if key(str(e)) in chosen]})
        return path

    def _elements(self, dimension: str, wanted: Elements) -> set[str]:
        ranges = {key(name): found.elements for name, found in self.system.dimensions.items()}
        entries = [wanted] if isinstance(wanted, str) else wanted
        whole = {key(element) for element in ranges[key(dimension)]}
        found = set[str]()
        for entry in entries:
            inside = key(entry) in whole
            names = (entry,) if inside else ranges.get(key(entry), ()) if entry != "*" else whole
            found |= {key(name) for name in names}
        return found

    def _dimension(self, name: str) -> str:
        """The name of a dimension in a run."""
        known = {key(dimension): dimension for dimension in self.system.dimensions}
        return label(self.system, known.get(key(name), name))


def _may_move(amount: Amount) -> bool:
    """Whether an amount is one of the run."""
    return isinstance(amount, str) or (isinstance(amount, ValueAt) and not amount.baseline)


def _numbers(amount: float | Sequence[tuple[float, float]], times: FloatArray) -> FloatArray:
    points = [(0.0, amount)] if isinstance(amount, int | float) else amount
    return np.interp(times, [time for time, _ in points], [value for _, value in points])


def _larger(one: xr.DataArray, other: xr.DataArray) -> xr.DataArray:
    one, other = xr.broadcast(one, other)
    return one.where(one > other, other)


def _check(
    kind: RowKind,
    name: str,
    sign: float,
    reached: _Reached,
    amount: xr.DataArray,
    own: xr.DataArray,
    whole: xr.DataArray | None = None,
) -> _Check:
    aligned = xr.align(reached.value, reached.moved, reached.whole, amount, own, join="left")
    value, moved, terms, amount, own = xr.broadcast(*aligned)
    size = _Reached(value, moved, terms).beside(amount, own)
    scale = _scale(size, own) if whole is None else whole + 0.0 * size
    return _Check(kind, name, sign, value, amount, size, scale.transpose(*value.dims), 0.0 * value)


def _scale(size: xr.DataArray, own: xr.DataArray) -> xr.DataArray:
    """The largest size of each element over time; of all elements where there is no amount."""
    by_element = size.max(WINDOW).where(abs(own).max(WINDOW) > 0, size.max())
    return by_element + 0.0 * size


def _worst(check: _Check, name: str) -> Violation | None:
    """Where a check is missed most; where it holds, the place that comes nearest to the amount. People read `name`."""
    if not check.value.size:
        return None
    over = (check.sign * (check.value - check.amount)).to_numpy()
    missed = np.where(np.isnan(over), np.inf, _beside(over, check.size.to_numpy()))
    nearest = missed if missed.max() > 0 else _beside(over, check.scale.to_numpy())
    at = np.unravel_index(int(nearest.argmax()), nearest.shape)
    dims, sides = [str(d) for d in check.value.dims], (check.value, check.amount)
    elements = [str(check.value[d].to_numpy()[i]) for d, i in zip(dims, at, strict=True) if d != WINDOW]
    time = check.value[WINDOW].to_numpy()[at[dims.index(WINDOW)]]
    value, amount = (float((side + check.across).transpose(*check.value.dims).to_numpy()[at]) for side in sides)
    place, room = part_label(name, elements), -float(nearest[at])
    return Violation(name, max(0.0, float(missed[at])), place, float(time), value, amount, room, check.unit)


def _beside(over: FloatArray, size: FloatArray) -> FloatArray:
    """By how much amounts are exceeded, relative to sizes; what is far below an infinite one is nowhere near it."""
    relative = np.divide(over, size, out=np.where(over > 0, np.inf, 0.0), where=size > 0)
    return np.where(np.isnan(relative), -np.inf, relative)

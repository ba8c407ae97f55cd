"""The limits of a plan as rows: linear in the levers and in the outcomes of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.system.model import MISSING, FloatArray, IndexArray, Mask, System, Variable

from ..files.gathering import Faults, kept
from ..files.names import Part, axes_of, part_labels, positions, ranges_of
from .affine import Affine, Triplets
from .horizon import Horizon, Window, WindowKind, Windows, starts_of
from .kinds import RowKind
from .levers import LeverBlock
from .naming import AMOUNT, named
from .plan import Amount, Elements, Limit, Term, ValueAt
from .quantities import Registry, time_unit, unit_of_integral


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one limit: an expression between `lower` and `upper`, cell by cell, the windows running fastest.

    `name` is what people call it; of what `kind` it is, the name does not tell. `axes` are the elements along the
    dimensions that stay; there are as many rows as cells of the dimensions and windows. `unit` is that of the
    expression, an integral if `is_total`.
    `own` is what no lever moves of the value, which `lower` and `upper` have taken off.
    """

    kind: RowKind
    name: str
    axes: Mapping[str, tuple[str, ...]]
    windows: tuple[Window, ...]
    expression: Affine
    lower: FloatArray
    upper: FloatArray
    own: FloatArray
    unit: str = ""

    @property
    def times(self) -> FloatArray:
        """When each window begins."""
        return starts_of(self.windows)

    @property
    def is_total(self) -> bool:
        """Whether the rows are about integrals over time."""
        return self.windows[0].kind is WindowKind.TOTAL

    @property
    def shape(self) -> tuple[int, ...]:
        """Elements along each dimension, and windows."""
        return (*(len(elements) for elements in self.axes.values()), len(self.windows))


@dataclass(frozen=True, eq=False)
class Cells:
    """A grid of elements: `axes` gives the positions along each dimension."""

    axes: Mapping[str, IndexArray]

    @property
    def shape(self) -> tuple[int, ...]:
        """Positions along each dimension."""
        return tuple(len(places) for places in self.axes.values())

    @cached_property
    def size(self) -> int:
        """How many cells there are."""
        return int(np.prod(self.shape, dtype=np.int64))

    def flat(self, dimensions: Sequence[str], lengths: Sequence[int]) -> IndexArray:
        """For each cell the flat position in a variable with these dimensions, all of them among the grid's."""
        if not dimensions:
            return np.zeros(self.size, dtype=np.int64)
        grids = np.meshgrid(*self.axes.values(), indexing="ij")
        along = dict(zip(self.axes, grids, strict=True))
        places = [along[dimension].ravel() for dimension in dimensions]
        return np.ravel_multi_index(places, tuple(lengths)).astype(np.int64)

    def within(self, other: Cells) -> IndexArray:
        """For each cell the number of the cell of another grid, over some of the dimensions, that it lies in."""
        lengths = [len(self.axes[dimension]) for dimension in self.axes]
        order = np.meshgrid(*(np.arange(length) for length in lengths), indexing="ij")
        along = dict(zip(self.axes, order, strict=True))
        if not other.axes:
            return np.zeros(self.size, dtype=np.int64)
        return np.ravel_multi_index([along[d].ravel() for d in other.axes], other.shape).astype(np.int64)


@dataclass(frozen=True)
class Binder:
    """Names of a plan to rows: what every term and amount needs to know of the model.

    `moved` are the variables that the levers reach, each with the points of the horizon that it takes at least; `paths`
    the paths (elements, points) over the horizon, with the model's own levers, of all variables that the plan names, or
    None where nothing was run: the baseline. `before` are the own values (elements) of levers just before the horizon.
    """

    system: System
    horizon: Horizon
    blocks: Sequence[LeverBlock]
    moved: Mapping[str, int]
    paths: Mapping[str, FloatArray] | None
    registry: Registry
    before: Mapping[str, FloatArray] | None = None

    # --- limits ---------------------------------------------------------------------------------------------------

    def limit(self, limit: Limit) -> Rows:
        """The rows of a limit; InvalidRequest for all that does not fit the model."""
        self._check(limit)
        windows = self.horizon.windows(limit.when)
        cells = self._kept(limit)
        expression = Affine.numbers(np.zeros(cells.size * len(windows.each)))
        for term in limit.listed:
            expression = expression.plus(self._term(term, limit, cells, windows))
        low = limit.at_least if limit.equals is None else limit.equals
        high = limit.at_most if limit.equals is None else limit.equals
        rows = self._between(RowKind.LIMIT, limit.name, cells, windows, expression, low, high)
        shift = np.tile(numbers(limit.shift, windows.times), cells.size)
        return replace(rows, lower=rows.lower + shift, upper=rows.upper + shift, unit=self._unit(limit, windows))

    def bounds(self, block: LeverBlock) -> Iterator[Rows]:
        """Rows for the bounds and fixed values of a lever that outcomes of a run move."""
        lever = block.lever
        sides: list[tuple[RowKind, Amount | None, Amount | None]] = [
            (RowKind.LOWER_BOUND, lever.lower, None),
            (RowKind.UPPER_BOUND, None, lever.upper),
        ]
        if lever.fixed is not None:
            sides = [(RowKind.FIXED_VALUES, lever.fixed, lever.fixed)]
        for kind, low, high in sides:
            amount = high if low is None else low
            if isinstance(amount, str) and self.is_moved(amount):
                cells, windows = self.block_cells(block), self.horizon.means(lever.every)
                own = self._lever_affine(block.variable, self._flat(block.variable, cells), windows)
                rows = self._between(kind, kind.named(block.variable), cells, windows, own, low, high)
                yield replace(rows, unit=self.system[block.variable].unit)

    def _between(
        self,
        kind: RowKind,
        name: str,
        cells: Cells,
        windows: Windows,
        expression: Affine,
        low: Amount | None,
        high: Amount | None,
    ) -> Rows:
        """The rows that keep an expression between two amounts, what moves of them on the left side."""
        amounts = [None if amount is None else self.amount(amount, cells, windows) for amount in (low, high)]
        moving = [bound for bound in amounts if bound is not None and not bound.is_constant]
        if moving and None not in amounts and low is not high:
            found = "one of two bounds follows from the run; such a limit has one bound."
            raise InvalidRequest(Fault(found, advice="Write two limits."))
        rest = expression.plus(moving[0].scaled(-1.0)) if moving else expression
        ends = [
            np.full(len(rest), end) if bound is None else (0.0 if moving else bound.constant) - rest.constant
            for bound, end in zip(amounts, (-np.inf, np.inf), strict=True)
        ]
        bare = Affine(np.zeros(len(rest)), rest.levers, rest.outcomes)
        axes, own = self.labels(cells), expression.constant
        return Rows(kind, name, axes, windows.each, bare, ends[0], ends[1], own)

    # --- terms and amounts ----------------------------------------------------------------------------------------

    def amount(self, amount: Amount, cells: Cells, windows: Windows) -> Affine:
        """An amount for each cell and window."""
        if isinstance(amount, ValueAt):
            at = windows if amount.at is None else self.horizon.at(amount.at)
            one = self._named(amount.variable, cells, at, in_baseline=amount.baseline).scaled(amount.factor)
            return one if amount.at is None else _repeated(one, len(windows.each))
        if isinstance(amount, str):
            return self._named(amount, cells, windows)
        return Affine.numbers(np.tile(numbers(amount, windows.times), cells.size))

    def _named(self, name: str, cells: Cells, windows: Windows, *, in_baseline: bool = False) -> Affine:
        """A variable for each cell and window, as levers move it or as it is without them."""
        variable = named(self.system, name, AMOUNT)
        self._check_dimensions(variable, cells.axes)
        elements = cells.flat(variable.dimensions, self.system.shape(variable))
        if in_baseline:
            return Affine.numbers(self._own(variable.name, elements, windows))
        return self.measured(variable, elements, windows)

    def _term(self, term: Term, limit: Limit, cells: Cells, windows: Windows) -> Affine:
        """A term of a limit, what it sums already summed, for each cell and window."""
        variable = self.system[term.variable]
        summed = self._summed(term, limit)
        inside = {d: p for d, p in self.places(variable, {**limit.where, **term.where}).items() if d in summed}
        whole = Cells({**cells.axes, **inside})
        found = self.measured(variable, whole.flat(variable.dimensions, self.system.shape(variable)), windows)
        found = found.scaled(term.factor * self._weights(term, whole, windows))
        into = whole.within(cells)[:, np.newaxis] * len(windows.each) + np.arange(len(windows.each))
        return gathered(found, into.ravel(), cells.size * len(windows.each))

    def _weights(self, term: Term, cells: Cells, windows: Windows) -> FloatArray:
        """The value of the variable that a term is multiplied by, for each cell and window."""
        if term.by is None:
            return np.ones(cells.size * len(windows.each))
        if self.is_moved(term.by):
            advice = "Add the product to the model as a variable of its own, and limit that."
            raise InvalidRequest(Fault(f"the levers move {term.by!r}, so the limit is not linear.", advice=advice))
        return self._named(term.by, cells, windows.means()).constant

    def measured(self, variable: Variable, elements: IndexArray, windows: Windows) -> Affine:
        """Some elements of a variable in some windows: levers, outcomes, or numbers that no lever moves."""
        if any(block.variable == variable.name for block in self.blocks):
            return self._lever_affine(variable.name, elements, windows)
        numbers = self._own(variable.name, elements, windows)
        late = windows.weights[:, self.moved.get(variable.name, windows.weights.shape[1]) :].any(axis=1)
        if not late.any():
            return Affine.numbers(numbers)
        once, back = np.unique(elements, return_inverse=True)
        found = self.registry.add(variable.name, once, windows.only(np.flatnonzero(late)))[back].ravel()
        places = np.flatnonzero(np.tile(late, len(elements)))
        constant = np.where(late, 0.0, numbers).ravel()
        return Affine(constant, Triplets.none(), Triplets(places, found, np.ones(len(found))))

    def _own(self, name: str, elements: IndexArray, windows: Windows) -> FloatArray:
        """The values (elements, windows) with the model's own levers; InvalidRequest where they are no numbers."""
        if self.paths is None:
            return np.full((len(elements), len(windows.weights)), np.nan)
        path = self.paths[name][elements]
        missing = ~_given(path) & windows.weights.any(axis=0)
        if missing.any():
            raise InvalidRequest(self._missing(name, elements, missing))
        return np.asarray(np.where(_given(path), path, 0.0) @ windows.weights.T)

    def _missing(self, name: str, elements: IndexArray, missing: Mask) -> Fault:
        """That a variable has no value, in which element and when."""
        axes = axes_of(self.system, self.system[name]).values()
        row = int(np.flatnonzero(missing.any(axis=1))[0])
        times = self.horizon.points[np.flatnonzero(missing[row])]
        label = list(part_labels(name, list(axes)))[int(elements[row])]
        when = f"at {times[0]:g}" if len(times) == 1 else f"at {len(times)} times from {times[0]:g} to {times[-1]:g}"
        found = f"{label!r} is not a number {when} in the model's own run (:NA:, a gap in data)."
        later = self.horizon.starts[self.horizon.starts > times[-1]]
        again = f" (of a limit: when = {{ from = {later[0]:g} }})" if len(later) else ""
        return Fault(found, advice=f"Leave these times out{again}, or name a variable that always has a value.")

    def _lever_affine(self, name: str, elements: IndexArray, windows: Windows) -> Affine:
        """Some elements of a lever variable in some windows; elements that are not decided are numbers."""
        result = Affine.numbers(self._own(name, elements, windows))
        for block in self.blocks:
            if block.variable == name:
                result = result.plus(self._decided(block, elements, windows))
        return result

    def _decided(self, block: LeverBlock, elements: IndexArray, windows: Windows) -> Affine:
        """What a block of levers adds to the elements that it decides, in place of the model's own values."""
        order = {int(element): place for place, element in enumerate(block.elements)}
        cells = np.array([i for i, element in enumerate(elements) if int(element) in order], dtype=np.int64)
        places = np.array([order[int(elements[i])] for i in cells], dtype=np.int64)
        share = windows.weights @ block.spread.T  # windows, periods
        window, period = np.nonzero(share)
        rows = cells[:, np.newaxis] * len(windows.each) + window
        columns = block.numbers[places[:, np.newaxis], period]
        values = np.broadcast_to(share[window, period], rows.shape)
        constant = np.zeros((len(elements), len(windows.each)))
        constant[cells] = -self._own(block.variable, elements[cells], windows)
        triplets = Triplets(rows.ravel(), columns.ravel(), values.ravel())
        return Affine(constant.ravel(), triplets, Triplets.none())

    # --- grids ----------------------------------------------------------------------------------------------------

    def is_moved(self, name: str) -> bool:
        """Whether a variable is a lever or one that levers reach."""
        variable = named(self.system, name, AMOUNT).name
        return variable in self.moved or any(block.variable == variable for block in self.blocks)

    def block_cells(self, block: LeverBlock) -> Cells:
        """The grid of the elements of a lever."""
        return Cells(self.places(self.system[block.variable], block.lever.where))

    def _kept(self, limit: Limit) -> Cells:
        """The grid of the dimensions that a limit does not sum."""
        kept: dict[str, IndexArray] = {}
        for term in limit.listed:
            variable, summed = self.system[term.variable], self._summed(term, limit)
            places = self.places(variable, {**limit.where, **term.where})
            for dimension in (name for name in places if name not in summed):
                if not np.array_equal(kept.setdefault(dimension, places[dimension]), places[dimension]):
                    found = f"its terms keep different elements of {dimension!r}, which have no common row."
                    advice = f"Sum them: over = [{dimension!r}] in each term; or choose the same elements."
                    raise InvalidRequest(Fault(found, advice=advice))
        return Cells(kept)

    def _summed(self, term: Term, limit: Limit) -> frozenset[str]:
        """The dimensions that a term sums; another term may have some of them."""
        return frozenset(term.over or limit.over)

    def _check(self, limit: Limit) -> None:
        """InvalidRequest for everything in the words of a limit that does not fit the model."""
        faults = Faults()
        for term in limit.listed:
            kept(faults.found, partial(named, self.system, term.variable))
            kept(faults.found, partial(named, self.system, term.by or term.variable, AMOUNT if term.by else "variable"))
        kept(faults.found, partial(self.horizon.windows, limit.when))
        faults.raise_all()
        variables = [self.system[term.variable] for term in limit.listed]
        faults.keep(self._sum_faults(limit))
        faults.keep(fault for term in limit.listed for fault in self._over_faults(term, limit, variables))
        faults.keep(where_faults(self.system, limit.where, variables))
        for term, variable in zip(limit.listed, variables, strict=True):
            faults.keep(where_faults(self.system, term.where, [variable]))
        faults.raise_all()

    def _sum_faults(self, limit: Limit) -> Iterator[Fault]:
        """That a sum sums nothing, which would be a limit on each element."""
        dimensions = self.system[limit.sum].dimensions if limit.sum is not None else ()
        if dimensions and "over" not in limit.model_fields_set:
            advice = f"Write over = {list(dimensions)}, or some of them; or `variable` to limit each element by itself."
            yield Fault(f"the sum of {limit.sum!r} has no `over` that says what is summed.", advice=advice)

    def _over_faults(self, term: Term, limit: Limit, variables: Sequence[Variable]) -> Iterator[Fault]:
        """Dimensions that a term sums and no term has."""
        known = {dimension for variable in variables for dimension in variable.dimensions}
        for name in term.over or limit.over:
            if name not in known:
                have = ", ".join(sorted(known)) or "none"
                found = f"{term.variable!r} has no dimension {name!r} to sum over; it has: {have}."
                yield Fault(found, advice=nearest(name, known))

    def places(self, variable: Variable, where: Mapping[str, Elements]) -> dict[str, IndexArray]:
        """The positions along each dimension of a variable that `where` leaves; InvalidRequest for what is not there.

        Dimensions of `where` that the variable has not count for the other terms of a limit.
        """
        return {
            dimension: positions_of(self.system, variable, dimension, where.get(dimension, "*"))
            for dimension in variable.dimensions
        }

    def _check_dimensions(self, variable: Variable, axes: Mapping[str, IndexArray]) -> None:
        extra = [dimension for dimension in variable.dimensions if dimension not in axes]
        if extra:
            have = ", ".join(axes) or "none"
            found = f"{variable.name!r} has the dimension {extra[0]!r}, the limit has: {have}."
            raise InvalidRequest(Fault(found, advice="Take a variable without it, or do not sum over it."))

    def _flat(self, name: str, cells: Cells) -> IndexArray:
        variable = self.system[name]
        return cells.flat(variable.dimensions, self.system.shape(variable))

    def labels(self, cells: Cells) -> dict[str, tuple[str, ...]]:
        """The names of the elements along each dimension of a grid."""
        names = {d: self.system.dimensions[d].elements for d in cells.axes}
        return {d: tuple(names[d][i] for i in at) for d, at in cells.axes.items()}

    def _unit(self, limit: Limit, windows: Windows) -> str:
        unit = self.system[limit.listed[0].variable].unit
        return unit_of_integral(unit, time_unit(self.system)) if windows.each[0].kind is WindowKind.TOTAL else unit


def where_faults(system: System, where: Mapping[str, Elements], variables: Sequence[Variable]) -> Iterator[Fault]:
    """The dimensions and elements of a choice that none of the variables has."""
    known = sorted({dimension for variable in variables for dimension in variable.dimensions})
    for name, wanted in where.items():
        having = next((variable for variable in variables if name in variable.dimensions), None)
        if having is None:
            found = f"`where` names the dimension {name!r}; there are: {', '.join(known) or 'none'}."
            yield Fault(found, advice=nearest(name, known))
            continue
        if not wanted:
            yield Fault(f"`where` chooses no element of {name!r}.", advice='Name elements, or "*" for all.')
        faults: list[Fault] = []
        for entry in [wanted] if isinstance(wanted, str) else wanted:
            kept(faults, partial(positions_of, system, having, name, entry))
        yield from faults


def positions_of(system: System, variable: Variable, dimension: str, wanted: Elements) -> IndexArray:
    """The positions of elements or subscript ranges along a dimension; InvalidRequest for what is not there."""
    axes = {dimension: list(system.dimensions[dimension].elements)}
    entries = [wanted] if isinstance(wanted, str) else list(wanted)
    found = [positions(Part(variable.name, (entry,)), axes, ranges_of(system))[0] for entry in entries]
    return np.array(list(dict.fromkeys(np.concatenate(found).tolist())), dtype=np.int64)


def numbers(amount: float | Sequence[tuple[float, float]], times: FloatArray) -> FloatArray:
    """A number or a path of points at some times: straight between points, the end values beyond."""
    if isinstance(amount, int | float):
        return np.full(len(times), float(amount))
    at, values = np.array(amount, dtype=np.float64).T
    if not (np.diff(at) > 0).all():
        raise InvalidRequest(Fault("the times of the points do not ascend.", advice="Sort the points by time."))
    return np.asarray(np.interp(times, at, values))


def _repeated(one: Affine, times: int) -> Affine:
    """Each row so many times in a row."""

    def again(part: Triplets) -> Triplets:
        rows = part.rows[:, np.newaxis] * times + np.arange(times)
        return Triplets(rows.ravel(), np.repeat(part.columns, times), np.repeat(part.values, times))

    return Affine(np.repeat(one.constant, times), again(one.levers), again(one.outcomes))


def gathered(found: Affine, into: IndexArray, count: int) -> Affine:
    """Rows added up into `count` rows, each into the one that `into` names."""
    constant = np.bincount(into, weights=found.constant, minlength=count).astype(np.float64)
    levers = Triplets(into[found.levers.rows], found.levers.columns, found.levers.values)
    outcomes = Triplets(into[found.outcomes.rows], found.outcomes.columns, found.outcomes.values)
    return Affine(constant, levers, outcomes)


def _given(path: FloatArray) -> Mask:
    """Where a path has values; what follows from :NA:, a number of 1e32, is none."""
    return np.asarray(np.abs(path) < abs(MISSING) / 2)  # NaN is not either

"""The constants that a page lets people change: which ones, between which ends, and which of them come first.

Where the model's own data files hold a table of parameters (columns `low` and `high`, as `prosperity screen` reads
them), it is those of the table that are not fitted. Else a range is where the model was run, the limits that it gives a
variable, or from half to twice its value; the page says which.

Those that matter most come first: by how far the objective moves as the constant moves over its range, by the exact
gradient at the model's own run. A screening looks further, since it moves all of them at once: where there is one, its
order counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from sd_models.dynamics.preparation import shaping
from sd_models.dynamics.timing import CONTROLS
from sd_models.errors import Fault, InvalidRequest, SimulationError
from sd_models.rewrites.folding import unchanging
from sd_models.simulator.diagnosis import needed
from sd_models.simulator.measures import Measure, Outcome
from sd_models.simulator.sensitivity import sensitivities
from sd_models.simulator.simulation import compile
from sd_models.system.model import FloatArray, Kind, System, Variable, key

from ..files.names import axes_of, part_labels
from ..files.rows import read_rows
from ..plans.candidates import rounded
from ..plans.plan import ValueAt
from ..plans.reach import reached
from ..screening.ranges import read_ranges
from .subject import Subject

MOST = 24  # constants on a page
MOST_LOOKED_AT = 400  # of which these are chosen
MOST_ELEMENTS = 12  # of a constant whose elements can be changed one by one
RANGE_COLUMNS = ("low", "high")
NAME_COLUMNS = ("name", "parameter", "variable")


class Source(StrEnum):
    """Where a range comes from."""

    TABLE = "table"
    LIMITS = "limits"
    TRIED = "tried"
    ASSUMED = "assumed"


@dataclass(frozen=True)
class Constant:
    """One number that can be changed: the element `place` (flat) of a variable, its value, its range, its effect.

    `effect` is how far the objective moves over the range, to first order; NaN where that is not known.
    """

    label: str
    variable: str
    place: int
    value: float
    low: float
    high: float
    unit: str
    source: Source
    effect: float = float("nan")


@dataclass(frozen=True)
class Chosen:
    """The constants of a page, the first one matters most; how many others the model has; the `values` of variables.

    `behind` counts those that are left out because an amount of the plan follows from them that no lever moves: a page
    carries such amounts as numbers.
    """

    constants: tuple[Constant, ...]
    others: int
    values: Mapping[str, FloatArray]
    behind: int = 0

    @property
    def variables(self) -> tuple[str, ...]:
        """Their variables, each once."""
        return tuple(dict.fromkeys(one.variable for one in self.constants))


def chosen_constants(subject: Subject, screened: Sequence[str] = (), most: int = MOST) -> Chosen:
    """The constants that matter most; `screened` are labels in the order of a screening, which come first."""
    values = _own_values(subject)
    amounts = _behind_amounts(subject)
    candidates = _candidates(subject, values)
    found = tuple(_ranked(subject, [one for one in candidates if one.variable not in amounts]))
    order = {key(label): place for place, label in enumerate(screened)}
    ordered = sorted(found, key=lambda one: order.get(key(one.label), len(order)))
    behind = sum(one.variable in amounts for one in candidates)
    return Chosen(tuple(ordered[:most]), max(0, len(found) - most), values, behind)


def ranged_constants(subject: Subject) -> tuple[Constant, ...]:
    """All constants that can be changed, with their ranges, but those from which an amount of the plan follows."""
    amounts = _behind_amounts(subject)
    return tuple(one for one in _candidates(subject, _own_values(subject)) if one.variable not in amounts)


def _behind_amounts(subject: Subject) -> frozenset[str]:
    """What the amounts of the plan follow from that no lever moves: bounds of levers, and limits or parts of them."""
    system, problem = subject.system, subject.problem
    moved = reached(system, problem.lever_names, from_start=problem.horizon.first == 0)
    named = {system[name].name for name in subject.plan.names}
    still = named - {*moved, *problem.lever_names, system[subject.plan.objective.variable].name}
    elsewhere = {system[name].name for name in _elsewhere(subject)}
    return frozenset(needed(system, sorted(still | elsewhere)))


def _elsewhere(subject: Subject) -> Iterator[str]:
    """The variables whose value before the horizon or without the policy is a number that the page carries."""
    first = float(subject.problem.horizon.points[0])
    computed = subject.amounts.limits
    plan = subject.plan.model_copy(
        update={"limits": tuple(limit for limit in subject.plan.limits if limit.name not in computed)}
    )
    for amount in plan.amounts:
        if isinstance(amount, ValueAt) and (amount.baseline or (amount.at is not None and amount.at < first)):
            yield amount.variable
    yield from (lever.variable for lever in subject.plan.levers if lever.ramp is not None and lever.ramp.from_start)


def screened_labels(folder: Path) -> tuple[str, ...]:
    """The parameters in the folder of a screening, those with the largest effects on any outcome first."""
    path = folder / "effects.csv"
    if not path.is_file():
        advice = "Name the folder that `prosperity screen --out DIR` wrote."
        raise InvalidRequest(Fault("holds no screening: there is no effects.csv.", file=str(folder), advice=advice))
    rows = [row for _, row in read_rows(path)]
    header = {name: place for place, name in enumerate(rows[0])} if rows else {}
    if not {"rank", "parameter"} <= header.keys():
        raise InvalidRequest(Fault("has no columns `rank` and `parameter`.", file=str(path), line=1))
    ranked = sorted(rows[1:], key=lambda row: _rank(row[header["rank"]]))
    return tuple(dict.fromkeys(row[header["parameter"]] for row in ranked))


def _rank(cell: str) -> float:
    return float(cell) if cell.isdecimal() else float("inf")


# --- which --------------------------------------------------------------------------------------------------------


def _candidates(subject: Subject, values: Mapping[str, FloatArray]) -> list[Constant]:
    """The numbers of the model that may be changed, each once: those of its tables, or else all."""
    found: dict[tuple[str, int], Constant] = {}
    known = tuple(_of_tables(subject.system, values))
    for one in known or (*_of_offers(subject, values), *_of_variables(subject.system, values)):
        if one.low < one.high:
            widened = replace(one, low=min(one.low, one.value), high=max(one.high, one.value))
            found.setdefault((one.variable, one.place), widened)
    return list(found.values())


def _own_values(subject: Subject) -> Mapping[str, FloatArray]:
    """The values (flat) of what does not change in a run, is no lever, and could be given otherwise."""
    system = subject.system
    still, fixed = unchanging(system), shaping(system)
    left_out = {*subject.problem.lever_names, *fixed, *(system[name].name for name in CONTROLS if name in system)}
    names = [v.name for v in system if v.kind is Kind.CONSTANT and not v.origin and v.name in still - left_out]
    acting = [name for name in names if system.size(system[name]) <= max(MOST_ELEMENTS, 1)]
    if not acting:
        return {}
    return {name: row[:, 0] for name, row in compile(system, constants=acting, outputs=acting).defaults.items()}


def _of_tables(system: System, values: Mapping[str, FloatArray]) -> Iterator[Constant]:
    """The constants whose range stands in a table among the model's files."""
    for file in system.files:
        if file.suffix.lower() != ".csv" or not _has_ranges(file):
            continue
        fitted = {"kind": ["fitted"]} if "kind" in _header(file) else {}
        try:
            ranges = read_ranges(file, system, without=fitted)
        except InvalidRequest:  # a table of the model's own that has such columns and means something else by them
            continue
        parts = zip(ranges.labels, ranges.variables, ranges.places, ranges.low, ranges.high, ranges.units, strict=True)
        for label, name, place, low, high, unit in parts:
            if name in values:
                ends = float(low), float(high)
                yield Constant(label, name, place, float(values[name][place]), *ends, unit, Source.TABLE)


def _has_ranges(file: Path) -> bool:
    header = _header(file)
    return {*RANGE_COLUMNS} <= header and bool(header.intersection(NAME_COLUMNS))


def _header(file: Path) -> set[str]:
    try:
        return {key(name) for name in next(iter(read_rows(file)), (0, []))[1]}
    except InvalidRequest:
        return set()


def _of_offers(subject: Subject, values: Mapping[str, FloatArray]) -> Iterator[Constant]:
    """The inputs of a model without a plan, between the ends at which it was run."""
    for offer in subject.offered:
        name = offer.variable.name
        if name in values:
            yield from _each(subject.system, offer.variable, values[name], (offer.lower.value, offer.upper.value))


def _each(system: System, variable: Variable, own: FloatArray, ends: tuple[float, float]) -> Iterator[Constant]:
    for place, (label, value) in enumerate(zip(_labels(system, variable), own, strict=True)):
        yield Constant(label, variable.name, place, float(value), *ends, variable.unit, Source.TRIED)


def _of_variables(system: System, values: Mapping[str, FloatArray]) -> Iterator[Constant]:
    """The others: between the model's own limits, or from half to twice the value; zero has no such range."""
    for name, own in values.items():
        variable = system[name]
        for place, (label, value) in enumerate(zip(_labels(system, variable), own, strict=True)):
            low, high, source = _range(variable, float(value))
            yield Constant(label, name, place, float(value), low, high, variable.unit, source)


def _range(variable: Variable, value: float) -> tuple[float, float, Source]:
    low, high = variable.limits
    if low is not None and high is not None:
        return low, high, Source.LIMITS
    half, twice = sorted((rounded(0.5 * value, 6), rounded(2.0 * value, 6)))
    return (half if low is None else max(half, low)), (twice if high is None else min(twice, high)), Source.ASSUMED


def _labels(system: System, variable: Variable) -> Iterable[str]:
    return part_labels(variable.name, list(axes_of(system, variable).values()))


# --- which of them first ------------------------------------------------------------------------------------------


def _ranked(subject: Subject, found: list[Constant]) -> Iterator[Constant]:
    """The constants with their effects, the largest first; what moves nothing is left out, if anything moves."""
    rank = {source: place for place, source in enumerate(Source)}
    ordered = sorted(found, key=lambda one: rank[one.source])[:MOST_LOOKED_AT]
    gradients = _gradients(subject, list(dict.fromkeys(one.variable for one in ordered)))
    told = [replace(one, effect=_effect(one, gradients)) for one in ordered]
    moving = [one for one in told if one.effect > 0] if gradients else told
    return iter(sorted(moving, key=lambda one: -np.nan_to_num(one.effect)))


def _effect(one: Constant, gradients: Mapping[str, FloatArray]) -> float:
    slope = gradients[one.variable][one.place] if one.variable in gradients else float("nan")
    return float(abs(slope) * (one.high - one.low))


def _gradients(subject: Subject, names: list[str]) -> Mapping[str, FloatArray]:
    """The gradient of the objective's variable to each constant (flat); none where the model's own run has none."""
    objective = subject.plan.objective
    variable = subject.system[objective.variable].name
    if not names or subject.problem.simulator.model.moving_end is not None or variable in names:
        return {}
    goal = Outcome(variable, Measure.FINAL if objective.measure is Measure.FINAL else Measure.MEAN)
    simulator = compile(subject.system, constants=names, outputs=[variable])
    try:
        found = sensitivities(simulator, [goal], constants=names)
    except SimulationError:
        return {}
    return {name: found.gradients[name].to_numpy()[0].ravel() for name in names}

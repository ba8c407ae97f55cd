"""What of a model can be decided, how far, and what that moves: measured by runs of the model itself.

A range is the model's own, as its units field publishes it; else it follows from what the model holds: the input's own
values along the run, or for an input that is zero in the file the size of a flow that has its unit. Then the model is
run at both ends, from the start of the horizon on: an end at which it leaves the numbers comes nearer, and an input
that moves no outcome at either end is dead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import networkx as nx
import numpy as np

from sd_models.analysis.loops import influences
from sd_models.dynamics.preparation import shaping
from sd_models.dynamics.timing import CONTROLS, TimeGrid
from sd_models.errors import SimulationError
from sd_models.rewrites.folding import unchanging
from sd_models.simulator.diagnosis import wrong
from sd_models.simulator.inputs import Inputs
from sd_models.simulator.measures import Measure, Outcome
from sd_models.simulator.sensitivity import sensitivities
from sd_models.simulator.simulation import Simulator, compile
from sd_models.system.expression import references
from sd_models.system.model import Definition, FloatArray, Kind, Series, System, Values, Variable, key

from ..headlines.headline import Headline, headlines

DECIDED = re.compile(r"\b(levers?|polic(y|ies)|decisions?|decide|invest|subsid|spend|budget|tax)", re.IGNORECASE)
SPENT = re.compile(r"(invest|subsid|spend|expenditure|budget|fund)", re.IGNORECASE)
EARNED = re.compile(r"(revenue|budget|income|output|sales|gdp|spend|expenditure)", re.IGNORECASE)
SHARE = re.compile(r"\b(share|fraction|probability|percentage|proportion)\b", re.IGNORECASE)
SWITCH = re.compile(r"\b(switch|flag|on off)\b", re.IGNORECASE)
GIVEN = re.compile(r"^(initial|first|starting)\b", re.IGNORECASE)  # what nobody decides any more
WANTED = re.compile(
    r"\b(welfare|utility|profit|payoff|benefit|income|prosperity|index|happiness|wellbeing)", re.IGNORECASE
)
UNWANTED = re.compile(
    r"(\bratio\b|\bgap\b|gini|inequal|dispar|\bcosts?\b|\bloss|debt|deficit|pollut|emission|carbon|death|mortal|infect"
    r"|disease|unemploy|poverty|\bcrime|waste|congest|damage|backlog|error)",
    re.IGNORECASE,
)
MOST_GRADIENTS = 400  # inputs whose strength is measured
MOST_TRIED = 12  # inputs that are run at the ends of their range
MOST_GOALS = 6  # outcomes that are looked at as objectives
PERIODS = 25  # of the horizon, at most
CALENDAR = 1800.0, 2200.0  # times that are years
OF_FLOW = 0.1  # of a flow with its unit that an input which is zero in the file may take
NEARER = 0.5, 0.75, 0.9, 1.0  # of the way back to its own values, where the model does not run at an end
NO_EFFECT = 1e-9  # of the size of an outcome


@dataclass(frozen=True, slots=True)
class Limit:
    """An end of a range, and where it comes from."""

    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An input that can be decided: its own values (elements, points of the horizon), its range, and what it moves.

    `strength` is the largest response of an outcome to one per cent of the value, in per cent; `effects` are by how
    much each outcome moves at an end of the range, nothing where that was not tried.
    """

    variable: Variable
    own: FloatArray
    strength: float
    lower: Limit
    upper: Limit
    effects: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_named(self) -> bool:
        """Whether its modeller calls it something to decide."""
        return bool(DECIDED.search(f"{self.variable.name} {first_sentence(self.variable.documentation)}"))

    @property
    def is_spent(self) -> bool:
        """Whether it is an amount that a budget would bound."""
        return bool(SPENT.search(self.variable.name)) and self.lower.value >= 0

    @property
    def is_dead(self) -> bool:
        """Whether it was tried and moves nothing."""
        return bool(self.effects) and not any(self.effects.values())

    @property
    def order(self) -> tuple[bool, bool, bool, float]:
        """Smaller comes first."""
        is_last = bool(SWITCH.search(self.variable.name) or GIVEN.search(self.variable.name))
        return is_last, not self.is_named, bool(np.any(self.own)), -self.strength


@dataclass(frozen=True, slots=True)
class Goal:
    """An outcome that may be the objective: whether more of it is wanted, and how that is known."""

    variable: Variable
    maximize: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Span:
    """Whole periods within a model's run: the point of the first one, the times of the first and last, their length."""

    point: int
    first: float
    last: float
    every: float
    reason: str

    @property
    def end(self) -> float:
        """When the last period ends."""
        return rounded(self.last + self.every, 12)

    @property
    def length(self) -> float:
        """From the start to the end."""
        return self.end - self.first


@dataclass(frozen=True)
class Survey:
    """A look at a model, by one run of it and one gradient."""

    system: System

    @cached_property
    def graph(self) -> nx.DiGraph[str]:
        """What follows from what."""
        return influences(self.system)

    @cached_property
    def simulator(self) -> Simulator:
        """The model with all its variables."""
        return compile(self.system)

    @property
    def grid(self) -> TimeGrid:
        """The points of the model's own run."""
        return self.simulator.model.grid

    @cached_property
    def span(self) -> Span:
        """The horizon that is looked at."""
        return span_of(self.grid, PERIODS)

    @cached_property
    def own(self) -> Mapping[str, FloatArray]:
        """The paths (elements, points of the horizon) of all variables in the model's own run."""
        model, point = self.simulator.model, self.span.point
        found = self.simulator.trajectories(self.simulator.inputs()).outputs[:, point:]
        still = {n: np.repeat(v[:, np.newaxis], found.shape[1], axis=1) for n, v in model.fixed.items()}
        return {**{name: found[rows] for name, rows in model.outputs.rows.items()}, **still}

    # --- what can be decided, what it moves -----------------------------------------------------------------------

    @cached_property
    def inputs(self) -> tuple[Variable, ...]:
        """The variables that follow from numbers only, and that something follows from while the model runs."""
        fixed = shaping(self.system)
        return tuple(v for v in self.system if self._is_input(v) and v.name not in fixed and self._acts(v.name))

    def _is_input(self, variable: Variable) -> bool:
        if variable.origin or key(variable.name) in {key(name) for name in CONTROLS}:
            return False
        if variable.kind is Kind.DATA:
            return all(isinstance(equation.definition, Series) for equation in variable.equations)
        if variable.kind not in (Kind.CONSTANT, Kind.AUXILIARY) or variable.name not in unchanging(self.system):
            return False
        return all(_is_plain(equation.definition) for equation in variable.equations)

    def _acts(self, name: str) -> bool:
        """Whether something follows from a variable in a run, and not only at its start."""
        return any(not self.graph.edges[name, effect]["initial"] for effect in self.graph.successors(name))

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """What the inputs move, the most telling first: what is wanted or unwanted by name, then single numbers that
        nothing else follows from."""
        moved = set[str]().union(*(nx.descendants(self.graph, variable.name) for variable in self.inputs))
        kinds = (Kind.STOCK, Kind.AUXILIARY)
        found = [v for v in self.system if v.name in moved and v.kind in kinds and not v.origin]
        found = [v for v in found if key(v.name) not in {key(name) for name in CONTROLS}]
        good = [v for v in found if np.isfinite(self.own[v.name]).all()]
        return tuple(self._goal(variable) for variable in sorted(good or found, key=self._rank))

    @cached_property
    def headlines(self) -> Mapping[str, Headline]:
        """The headlines in the table beside the model, by their variable."""
        return {one.variable: one for one in headlines(self.system)}

    def _goal(self, variable: Variable) -> Goal:
        named = self.headlines.get(variable.name)
        if named is not None and named.better:
            reason = f"it is a headline of the model, of which {named.better} is better"
            return Goal(variable, named.better == "more", reason)
        return _goal(variable, self._way(variable))

    def _rank(self, variable: Variable) -> tuple[bool, int, int, bool, bool]:
        named = self.headlines.get(variable.name)
        first = list(self.headlines).index(variable.name) if named is not None and named.better else len(self.headlines)
        used = any(not self.system.variables[n].origin for n in self.graph.successors(variable.name))
        stock = variable.kind is Kind.STOCK
        tier = 2 if self._way(variable) is None else 0 if self._way(variable) else 1
        return bool(variable.dimensions), first, tier, used and not stock, stock

    def _way(self, variable: Variable) -> bool | None:
        """Whether by its name more of a variable is wanted; None where nobody knows, as of a gap that has two sides."""
        if UNWANTED.search(variable.name):
            return None if (self.own[variable.name] < 0).any() else False
        return True if WANTED.search(variable.name) else None

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """The inputs, the first of them run at the ends of their range."""
        strengths = self._strengths()
        found = [self._candidate(variable, strengths.get(variable.name, 0.0)) for variable in self.inputs]
        found.sort(key=lambda candidate: candidate.order)
        return (*self._tried(found[:MOST_TRIED]), *found[MOST_TRIED:])

    def _candidate(self, variable: Variable, strength: float) -> Candidate:
        own = self.own[variable.name]
        return Candidate(variable, own, strength, self._lower(variable, own), self._upper(variable, own))

    # --- strengths --------------------------------------------------------------------------------------------------

    def _strengths(self) -> dict[str, float]:
        """The largest response of a few outcomes to one per cent of each input within the horizon, in per cent."""
        names = [variable.name for variable in self.inputs]
        goals = [goal.variable.name for goal in self.goals[:3]]
        simulator = compile(self.system, levers=names, outputs=goals)
        if len(names) > MOST_GRADIENTS or simulator.model.moving_end is not None:
            return {}
        try:
            found = sensitivities(simulator, [Outcome(name, Measure.MEAN) for name in goals], levers=names)
        except SimulationError:
            return {}
        sizes = np.where(found.values == 0, 1.0, np.abs(found.values))
        return {name: self._strength(name, found.gradients[name].to_numpy(), sizes) for name in names}

    def _strength(self, name: str, gradients: FloatArray, sizes: FloatArray) -> float:
        """Of one input, from its gradients (outcomes, times, elements)."""
        own, point = self.own[name], self.span.point
        each = [
            abs(float((np.moveaxis(one, 0, -1).reshape(len(own), -1)[:, point:] * own).sum())) / size
            for one, size in zip(gradients, sizes, strict=True)
        ]
        return max((one for one in each if np.isfinite(one)), default=0.0)

    # --- ranges -----------------------------------------------------------------------------------------------------

    def _lower(self, variable: Variable, own: FloatArray) -> Limit:
        low, high = _ends(own)
        if variable.limits[0] is not None:
            return Limit(min(rounded(variable.limits[0], 12), low), "the model's own limit")
        if low >= 0:
            return Limit(0.0, "like its own values it is not below zero")
        return Limit(_below(low - max(abs(low), abs(high))), "as far below its own values as these are large")

    def _upper(self, variable: Variable, own: FloatArray) -> Limit:
        low, high = _ends(own)
        if variable.limits[1] is not None:
            return Limit(max(rounded(variable.limits[1], 12), high), "the model's own limit")
        if SWITCH.search(variable.name) and low >= 0 and high <= 1:
            return Limit(1.0, "a switch: on")
        if low < 0 or high > 0:
            twice = _above(high + max(abs(low), abs(high)))
            if SHARE.search(variable.name) and high <= 1 < twice:
                return Limit(1.0, "a share: all of it")
            return Limit(
                twice, "twice its own largest value" if high > 0 else "as far above as its own values are large"
            )
        return self._upper_of_zero(variable)

    def _upper_of_zero(self, variable: Variable) -> Limit:
        """How far an input goes that is zero in the file."""
        flow = next(iter(sorted(self._alike(variable), key=lambda pair: pair[0])), None)
        if flow is None:
            return Limit(1.0, "it is zero in the file and nothing else has its unit: say how far it may go")
        _, name, size = flow
        words = ", shared by all elements" if len(self.own[name]) < len(self.own[variable.name]) else ""
        return Limit(_above(OF_FLOW * size), f"a tenth of {name!r}, which has its unit{words}")

    def _alike(self, variable: Variable) -> Iterator[tuple[tuple[bool, bool, float], str, float]]:
        """The variables with the unit of an input: how they rank, name, and size an element on average."""
        count = len(self.own[variable.name])
        for other in self.system:
            path = self.own.get(other.name)
            same = key(other.unit) == key(variable.unit) and other.unit not in ("", "Dmnl", "1")
            if not same or path is None or other.origin or other.name == variable.name or not np.isfinite(path).all():
                continue
            size = float(np.abs(path).mean()) * (1.0 if len(path) >= count else len(path) / count)
            is_flow = any(self.graph.edges[other.name, n]["stock"] for n in self.graph.successors(other.name))
            if size > 0:
                yield (not EARNED.search(other.name), not is_flow, -size), other.name, size

    # --- runs at the ends -------------------------------------------------------------------------------------------

    def _tried(self, candidates: Sequence[Candidate]) -> Iterator[Candidate]:
        """The candidates with ends at which the model runs, and what they move between these."""
        if not candidates or self.simulator.model.moving_end is not None:
            yield from candidates
            return
        goals = [goal.variable.name for goal in self.goals[:MOST_GOALS]]
        trial = _Trial(compile(self.system, levers=[one.variable.name for one in candidates]), self.span.point, goals)
        yield from (trial.of(candidate) for candidate in candidates)


@dataclass(frozen=True)
class _Trial:
    """Runs of a model with one of its inputs elsewhere from a point on."""

    simulator: Simulator
    point: int
    goals: Sequence[str]

    @cached_property
    def own(self) -> Inputs:
        return self.simulator.inputs()

    def of(self, candidate: Candidate) -> Candidate:
        """The candidate with what it moves; as it was where the model's own run is none."""
        base = self._means(self.own)
        if base is None:
            return candidate
        lower, low = self._end(candidate, candidate.lower)
        upper, high = self._end(candidate, candidate.upper)
        means = [one for one in (low, high) if one is not None]
        effects = {name: max((abs(one[name] - base[name]) for one in means), default=0.0) for name in base}
        small = {
            name: 0.0 if effect <= NO_EFFECT * (abs(base[name]) or 1.0) else effect for name, effect in effects.items()
        }
        return replace(candidate, lower=lower, upper=upper, effects=small)

    def _end(self, candidate: Candidate, end: Limit) -> tuple[Limit, Mapping[str, float] | None]:
        """An end at which the model runs, and the outcomes there."""
        least, most = _ends(candidate.own)
        own, side = (least, min) if end is candidate.lower else (most, max)
        found = self._means(self._at(candidate.variable.name, end.value))
        if found is not None:
            return end, found
        reason = f"the model does not run at {end.value:.6g}"
        for share in NEARER:
            value = side(rounded(end.value + share * (own - end.value)), own)
            found = self._means(self._at(candidate.variable.name, value))
            if found is not None:
                return Limit(value, reason), found
        return Limit(own, reason), None

    def _at(self, name: str, value: float) -> Inputs:
        levers = self.own.levers.copy()
        levers[self.simulator.model.levers.rows[name], self.point :] = value
        return replace(self.own, levers=levers)

    def _means(self, inputs: Inputs) -> Mapping[str, float] | None:
        """The outcomes of a run over the horizon, None where it leaves the numbers."""
        found, model = self.simulator.trajectories(inputs), self.simulator.model
        if wrong(model, found).any():
            return None
        rows = {name: model.outputs.rows[name] for name in self.goals if name in model.outputs.rows}
        return {name: float(found.outputs[part, self.point :].sum(axis=0).mean()) for name, part in rows.items()}


def span_of(grid: TimeGrid, most: int) -> Span:
    """At most so many whole periods, of one unit of time or one step if possible, that end with the run at the latest.

    Years of a calendar begin halfway: what came before is history. Other clocks begin with the run.
    """
    steps, start = len(grid.times) - 1, float(grid.times[0])
    is_calendar = CALENDAR[0] <= start <= CALENDAR[1]
    a_unit = max(1, round(1.0 / grid.step))
    inside = a_unit if steps >= 2 * a_unit else 1
    point = ((steps // 2) // inside) * inside if is_calendar and steps > 2 * inside else 0
    inside *= max(1, -(-((steps - point) // inside) // most))
    periods = max(1, (steps - point) // inside)
    first, every = rounded(start + point * grid.step, 12), rounded(inside * grid.step, 12)
    reason = "The second half of the model's run: what came before stays as it is" if point else "The model's whole run"
    return Span(point, first, rounded(first + (periods - 1) * inside * grid.step, 12), every, reason)


def _goal(variable: Variable, way: bool | None) -> Goal:
    if way is None:
        return Goal(
            variable, True, "the model does not say what is wanted: this is an outcome, say what is to be better"
        )
    return Goal(variable, way, f"by its name {'more' if way else 'less'} of it is better")


def _ends(own: FloatArray) -> tuple[float, float]:
    """The least and the largest of finite values."""
    finite = own[np.isfinite(own)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _is_plain(side: Definition) -> bool:
    """Whether a definition is made of numbers only."""
    return isinstance(side, Values) or (not isinstance(side, Series) and not references(side))


def rounded(value: float, digits: int = 3) -> float:
    """A number with so many significant digits."""
    return float(f"{value:.{digits}g}")


def _above(value: float) -> float:
    """A number of three digits that is not below."""
    near = rounded(value)
    return near if near >= value else rounded(near + 10.0 ** (np.floor(np.log10(abs(value))) - 2))


def _below(value: float) -> float:
    return -_above(-value)


def first_sentence(text: str) -> str:
    """The first sentence."""
    return " ".join(text.split()).split(". ")[0]

"""The number that is explained, and the two runs between which it moves: with the policy, and without.

The number is the plan's objective, or an outcome as people look at it: `NAME`, `NAME[element]`, and after a colon
`final` (the default), `mean`, `integral` or a time. Headlines are known by the names that people call them too, and
told in their units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np

from sd_models.dynamics.timing import TimeSpan
from sd_models.errors import Fault, InvalidRequest, nearest_or_some
from sd_models.simulator.inputs import Inputs
from sd_models.simulator.simulation import Simulator, compile
from sd_models.system.model import FloatArray, System, key

from ..files.names import ALL, Part, part_mask
from ..headlines.headline import Headline, headlines
from ..plans.horizon import Horizon, horizon_end
from ..problems.binding import objective_weights
from ..problems.problem import Problem
from ..results.prices import objective_unit
from ..results.recomputation import policy_of
from ..results.result import Result
from ..results.verdict import Standing
from ..results.verification import opened
from ..screening.outcomes import Wanted, wanted, weights


@dataclass(frozen=True, eq=False)
class Target:
    """A weighted sum of one variable over its elements (flat) and all times of a run, times `factor` in `unit`.

    `label` is what people call it; `better` is "more", "less" or nothing.
    """

    label: str
    variable: str
    elements: FloatArray
    times: FloatArray
    unit: str
    factor: float = 1.0
    better: str = ""


@dataclass(frozen=True, eq=False)
class Question:
    """A result to explain: its problem, and the model compiled with its levers and the variables that are asked for."""

    result: Result
    problem: Problem
    simulator: Simulator

    @property
    def system(self) -> System:
        """The model, with the variables that were added to it to be asked for."""
        return self.simulator.system

    @property
    def horizon(self) -> Horizon:
        """The time points that count."""
        return self.problem.horizon

    @cached_property
    def own(self) -> Inputs:
        """The inputs of the run without the policy."""
        return self.simulator.inputs()

    @cached_property
    def decided(self) -> Inputs:
        """The inputs of the run with the policy."""
        return self.simulator.inputs(levers=policy_of(self.result.policy))

    def between(self, share: float) -> Inputs:
        """The inputs of a point on the straight path from the one to the other."""
        return replace(self.own, levers=self.own.levers + share * (self.decided.levers - self.own.levers))

    def asking(self, names: Mapping[str, object], system: System | None = None) -> Question:
        """The same question with these variables as outputs, in a system that may have more of them."""
        return replace(self, simulator=_compiled(system or self.system, self.problem, names))

    def weights(self, target: Target) -> FloatArray:
        """The weights (rows of outputs, times) whose product with the outputs is what of the target can move."""
        found = np.zeros((self.simulator.model.outputs.size, len(self.simulator.times)))
        rows = self.simulator.model.outputs.rows.get(target.variable)
        if rows is not None:
            found[rows] = np.outer(target.elements, target.times) * target.factor
        return found

    def fixed(self, target: Target) -> float:
        """The target of a variable that cannot change."""
        values = self.simulator.model.fixed.get(target.variable)
        return 0.0 if values is None else float(target.elements @ values) * float(target.times.sum()) * target.factor


def question_of(result: Result) -> Question:
    """What is asked of a result; InvalidRequest where there is no settled policy, or one that changes nothing."""
    if not result.is_policy:
        sentence = str(result.status).splitlines()[0]
        raise InvalidRequest(Fault(f"there is no policy to explain: {sentence}", file=_name(result)))
    if result.status.standing is Standing.INTERRUPTED:
        advice = "Search on from it (--start-from RUN), and explain what is found then."
        raise InvalidRequest(
            Fault("the search was interrupted, so its policy is on the way.", file=_name(result), advice=advice)
        )
    problem = Problem(opened(result), result.plan)
    found = Question(result, problem, _compiled(problem.system, problem, {problem.plan.objective.variable: None}))
    if np.array_equal(found.own.levers, found.decided.levers):
        told = "the policy is what the model does without one, so there is nothing to explain."
        raise InvalidRequest(Fault(told, file=_name(result)))
    return found


def _name(result: Result) -> str:
    return str(result.folder or result.provenance["model"])


def _compiled(system: System, problem: Problem, names: Mapping[str, object]) -> Simulator:
    outputs = [system[name].name for name in names]
    span = TimeSpan(stop=horizon_end(problem.plan))
    return compile(system, levers=problem.lever_names, outputs=outputs, time=span)


def target_of(question: Question, outcome: str | None = None) -> Target:
    """The objective of the plan, or the outcome of that name; InvalidRequest with the nearest names where none is."""
    return _objective(question) if outcome is None else _outcome(question, outcome)


def _objective(question: Question) -> Target:
    goal, problem = question.problem.plan.objective, question.problem
    variable = problem.system[goal.variable]
    chosen = {key(dimension): one for dimension, one in goal.where.items()}
    asked = [chosen.get(key(dimension), ALL) for dimension in variable.dimensions]
    entries = product(*([one] if isinstance(one, str) else one for one in asked))
    masks = [part_mask(problem.system, Part(variable.name, entry)) for entry in entries]
    mask = np.any(masks, axis=0).astype(np.float64)
    times = np.zeros(len(question.simulator.times))
    times[question.horizon.first :] = objective_weights(
        question.horizon, goal.measure, goal.discount, goal.final_weight
    )
    unit, better = objective_unit(problem.plan, problem.system), "more" if goal.sign > 0 else "less"
    label = f"the objective, {'discounted ' if goal.discount else ''}{goal.measure} of {variable.name}"
    return Target(label, variable.name, mask, times, unit, better=better)


def _outcome(question: Question, text: str) -> Target:
    system = question.problem.system
    named = headlines(system)
    asked = _spelt(system, text, named)
    found = wanted(system, asked)
    headline = next((one for one in named if one.variable == found.variable), None)
    elements = np.zeros(system.size(system[found.variable]))
    elements[found.place] = 1.0
    times = weights(question.simulator, found, float(question.horizon.points[0]))
    plain = headline is None or found.unit != system[found.variable].unit
    label = text.strip() if headline is None else _label(found, headline)
    if plain or headline is None:
        better = "" if headline is None else headline.better
        return Target(label, found.variable, elements, times, found.unit, better=better)
    return Target(label, found.variable, elements, times, headline.unit, headline.factor, headline.better)


def _spelt(system: System, text: str, named: tuple[Headline, ...]) -> str:
    """The text with the model's name in the place of what people call a headline."""
    for part in (text, text.rpartition(":")[0]):
        name, bracket, rest = part.partition("[")
        by_people = [h for h in named if key(name) in (key(h.english), key(h.chinese)) and bool(h.by) == bool(bracket)]
        if part and by_people:
            return f"{by_people[0].variable}{bracket}{rest}{text[len(part) :]}"
    _check_name(system, text, named)
    return text


def _check_name(system: System, text: str, named: tuple[Headline, ...]) -> None:
    """InvalidRequest for a name that neither the model nor a headline has."""
    names = {part.partition("[")[0].strip() for part in (text, text.rpartition(":")[0]) if part}
    if not any(name in system for name in (text, *names)):
        known = [*(h.english for h in named), *system.variables]
        raise InvalidRequest(
            Fault(
                f"there is no outcome {text!r}.", file=system.name, advice=nearest_or_some(text, dict.fromkeys(known))
            )
        )


def _label(found: Wanted, headline: Headline) -> str:
    place = found.label[found.label.find("[") : found.label.find("]") + 1] if "[" in found.label else ""
    when = f"at {found.measure:g}" if isinstance(found.measure, float) else str(found.measure)
    return f"{headline.english}{place}, {when}"

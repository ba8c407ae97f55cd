"""A plan to start from, for any model: what can be decided, what that moves, and a first question that can be solved.

Candidates for levers are the inputs of a model, numbers and data that follow from nothing else. Those that their
modeller calls a lever, policy or decision come first, then what is at rest (zero) in the file, then the others by how
strongly outcomes respond to them within the horizon. The objective is what by its name is wanted or unwanted and moves
with a lever; every number has its reason in a comment (`candidates.py`).

The first question is small on purpose: one lever between the ends of its range, and for what is spent a budget as large
as what the model itself spends. It loads, binds and can be solved as it is; what it asks is for people to say.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from sd_models.errors import Fault, InvalidRequest
from sd_models.reading.library import FOLDER, library
from sd_models.system.model import System, Variable

from ..headlines.scales import said
from .candidates import PERIODS, Candidate, Goal, Span, Survey, first_sentence, rounded, span_of
from .quantities import time_unit

MOST_CANDIDATES = 30
MOST_OUTCOMES = 20
LEAST_STRENGTH = 1e-9  # in per cent; less is rounding
MOST_LEVERS = 2000  # elements times periods: few enough for seconds
TIME_LIMIT = 60.0


@dataclass(frozen=True)
class StartingPlan:
    """A plan as the content of a TOML file, and as the text of one, with comments."""

    content: Mapping[str, Any]
    text: str

    def __str__(self) -> str:
        return self.text


def starting_plan(system: System, *, data: Iterable[str | Path] = (), folder: str | Path | None = None) -> StartingPlan:
    """A plan that can be solved as it is; InvalidRequest for a model without inputs that move anything.

    The files that it names are named as seen from `folder`, where the plan is to lie, since `load_plan` looks for them
    beside the plan; without one by their whole path.

    >>> import sd_models as sd
    >>> starting_plan(sd.load("urbanization")).content["lever"][0]["variable"]
    'public investment in citizenization'
    """
    return _Draft(Survey(system), folder=None if folder is None else Path(folder)).plan(data)


@dataclass(frozen=True)
class _Draft:
    """A survey of a model, made a plan."""

    survey: Survey
    folder: Path | None

    @property
    def system(self) -> System:
        return self.survey.system

    def plan(self, data: Iterable[str | Path]) -> StartingPlan:
        if not self.survey.goals:
            advice = (
                "A lever is a number or data that follows from nothing else and that something follows from: give a "
                "number inside an equation a name of its own, or make a variable a constant."
            )
            raise InvalidRequest(Fault("no input of the model moves anything.", file=self.system.name, advice=advice))
        goal, chosen = self._chosen()
        span = self._span(chosen)
        budget = _Budget.of(chosen, span.length)
        files = [self._seen(Path(file)) for file in data]
        content = {
            "model": self._model(),
            **({"regions": self._regions(self.system.regions)} if self.system.regions else {}),
            **({"data": files} if files else {}),
            "horizon": [span.first, span.last],
            "objective": {"maximize" if goal.maximize else "minimize": goal.variable.name, "measure": "mean"},
            "lever": [
                {
                    "variable": chosen.variable.name,
                    "every": span.every,
                    "lower": chosen.lower.value,
                    "upper": chosen.upper.value,
                }
            ],
            **({"limit": [budget.content]} if chosen.is_spent else {}),
            "solver": {"time_limit": TIME_LIMIT},
        }
        return StartingPlan(content, _Text(self.survey, content, goal, chosen, budget, span).text)

    def _span(self, chosen: Candidate) -> Span:
        """The horizon, in longer periods for a lever with many elements."""
        periods = max(1, min(PERIODS, MOST_LEVERS // len(chosen.own)))
        return span_of(self.survey.grid, periods)

    def _chosen(self) -> tuple[Goal, Candidate]:
        """The first objective that a lever moves, and the first lever that moves it."""
        candidates, goals = self.survey.candidates, self.survey.goals
        for goal in goals:
            for candidate in candidates:
                if candidate.effects.get(goal.variable.name):
                    return goal, candidate
        # Nothing that was tried moves anything: what could, by the equations.
        reaching = nx.ancestors(self.survey.graph, goals[0].variable.name)
        found = [candidate for candidate in candidates if candidate.variable.name in reaching]
        return goals[0], (found or list(candidates))[0]

    # --- files ------------------------------------------------------------------------------------------------------

    def _model(self) -> str:
        path = self.system.path
        if path is None:
            return self.system.name
        path = path.resolve()
        is_ours = path.parent.parent == FOLDER.resolve() and path.parent.name in library()
        return path.parent.name if is_ours else self._seen(path)

    def _regions(self, regions: Path) -> str:
        """A folder beside the model by its name, as `load` looks for it; any other by its path."""
        path = self.system.path
        beside = path is not None and regions.resolve().parent == path.resolve().parent
        return regions.name if beside else str(regions.resolve())

    def _seen(self, path: Path) -> str:
        """The path as seen from the folder of the plan; the whole path where that is not known, or on another drive."""
        path = path.resolve()
        if self.folder is None:
            return str(path)
        try:
            return Path(os.path.relpath(path, self.folder.resolve())).as_posix()
        except ValueError:
            return str(path)


@dataclass(frozen=True)
class _Budget:
    """A limit on what a lever spends, and where its amount comes from."""

    content: Mapping[str, Any]
    reason: str

    @classmethod
    def of(cls, chosen: Candidate, length: float) -> _Budget:
        """As much as the model itself spends; where that is nothing, half of what the bounds allow.

        A lever with elements has a budget in every period, one without has one for the whole horizon.
        """
        dimensions = chosen.variable.dimensions
        own = float(chosen.own[:, :-1].sum(axis=0).mean()) if chosen.own.shape[1] > 1 else float(chosen.own.sum())
        allowed = 0.5 * (chosen.lower.value + chosen.upper.value) * len(chosen.own)
        amount, reason = (
            (own, "as much as the model itself spends") if own > 0 else (allowed, "half of what the bounds allow")
        )
        content = {
            "name": "budget",
            "sum": chosen.variable.name,
            **({"over": list(dimensions)} if dimensions else {}),
            "at_most": rounded(amount if dimensions else amount * length, 6),
            "when": "always" if dimensions else "total",
        }
        return cls(content, reason if dimensions else f"{reason}, over the whole horizon")


@dataclass(frozen=True)
class _Text:
    """The text of a plan."""

    survey: Survey
    content: Mapping[str, Any]
    goal: Goal
    chosen: Candidate
    budget: _Budget
    span: Span

    @property
    def unit(self) -> str:
        return time_unit(self.survey.system)

    @property
    def text(self) -> str:
        name = self.survey.system.name
        lines = [
            f"# A plan to start from for {_line(name)}. Change what it asks, then: prosperity optimize THIS_FILE",
            "",
            *self._model(),
            "",
            *self._objective(),
            "",
            *self._lever(),
            "",
            *self._others(),
            "",
            *self._limit(),
            "",
            "[solver]",
            f"time_limit = {_number(TIME_LIMIT)}  # seconds",
            '# name = "ipopt"  # by default ours, the one that suits the number of levers',
            "# starts = 1",
        ]
        return "\n".join(lines) + "\n"

    def _model(self) -> list[str]:
        content, grid, span = self.content, self.survey.grid, self.span
        unit = f" {self.unit}" if self.unit else ""
        run = f"{grid.times[0]:.10g} to {grid.times[-1]:.10g} in steps of {grid.step:.6g}{unit}"
        return [
            f"model = {_quoted(content['model'])}  # a file is looked for from the folder of this plan",
            *([f"regions = {_quoted(content['regions'])}"] if "regions" in content else []),
            *([f"data = {json.dumps(content['data'], ensure_ascii=False)}"] if "data" in content else []),
            f"# The first and the last period begin at these times; the last one ends at {span.end:.10g}.",
            f"# {span.reason}; the model runs from {_line(run)}.",
            f"horizon = [{_number(content['horizon'][0])}, {_number(content['horizon'][1])}]",
        ]

    def _objective(self) -> list[str]:
        goal = self.goal
        way, other = ("maximize", "minimize") if goal.maximize else ("minimize", "maximize")
        others = [self._outcome(one.variable) for one in self.survey.goals if one is not goal]
        return [
            "[objective]",
            f"# Why this: {goal.reason}.",
            f"{way} = {_quoted(goal.variable.name)}  # or {other}; {self._outcome(goal.variable, name=False)}",
            'measure = "mean"  # or "integral", or "final"',
            f"# discount = 0.04  # a {_line(self.unit) or 'unit of time'}",
            "",
            *_listed("# What else the inputs move:", others, MOST_OUTCOMES),
        ]

    def _outcome(self, variable: Variable, *, name: bool = True) -> str:
        """An outcome in one line; of a headline what people call it."""
        named = self.survey.headlines.get(variable.name)
        if named is None:
            return _about(variable, name=name)
        told = f": {named.english}" if name else named.english
        title = f"{_title(variable)}{told}" if name else told
        other = "" if math.isclose(named.factor, 1.0) else f" (here in {variable.unit})"
        return _line(f"{title}, {named.unit}{other}")

    def _lever(self) -> list[str]:
        chosen, lever = self.chosen, self.content["lever"][0]
        dead = (
            ["# No run showed that it moves an outcome within the horizon."] if not any(chosen.effects.values()) else []
        )
        return [
            *dead,
            "[[lever]]",
            f"variable = {_quoted(chosen.variable.name)}  # {_about(chosen.variable)}",
            f"every = {_number(lever['every'])}  # {_line(self.unit) or 'units of time'} that a value holds",
            f"lower = {_number(lever['lower'])}  # {_line(chosen.lower.reason)}",
            f"upper = {_number(lever['upper'])}  # {_line(chosen.upper.reason)}",
            "# ramp = { relative = 0.25, absolute = 0.01 }  # the most it moves from one period to the next",
            *self._where(chosen.variable),
        ]

    def _where(self, chosen: Variable) -> list[str]:
        lines = []
        for dimension in chosen.dimensions:
            elements = self.survey.system.dimensions[dimension].elements
            shown = ", ".join(elements[:4]) + (", ..." if len(elements) > 4 else "")
            ranges = self.survey.system.dimensions.items()
            parts = [name for name, d in ranges if d.parent == dimension and name != dimension]
            named = f"; parts of it: {', '.join(parts)}" if parts else ""
            lines.append(
                f"# where = {{ {_bare(dimension)} = {_quoted(elements[0])} }}  # {shown} ({len(elements)}){named}"
            )
        return lines

    def _others(self) -> list[str]:
        """What else can be decided; inputs that were tried and move nothing stand apart."""
        others = [candidate for candidate in self.survey.candidates if candidate is not self.chosen]
        alive = [_offer(candidate) for candidate in others if not candidate.is_dead]
        dead = [_about(candidate.variable, name=True) for candidate in others if candidate.is_dead]
        title = "# What else can be decided (value, range; change of an outcome's mean for 1% within the horizon):"
        return [
            *_listed(title, alive, MOST_CANDIDATES),
            *_listed("# What moves no outcome within the horizon:", dead, MOST_CANDIDATES),
        ]

    def _limit(self) -> list[str]:
        """The budget; where nothing is spent one as an example."""
        found, reason = self.budget.content, f"{self.budget.reason[0].upper()}{self.budget.reason[1:]}"
        sign = "" if self.chosen.is_spent else "# "
        others = ", ".join(f'"{when}"' for when in ("always", "total", "final") if when != found["when"])
        over = [f"over = {json.dumps(found['over'], ensure_ascii=False)}"] if "over" in found else []
        lines = [
            "[[limit]]",
            f"name = {_quoted(found['name'])}",
            f"sum = {_quoted(found['sum'])}",
            *over,
            f"at_most = {_number(found['at_most'])}  # a number, or the name of a variable",
            f'when = "{found["when"]}"  # or {others}, {{ from = ..., to = ... }}, {{ each = 5 }}',
        ]
        first = f"# {reason}." if self.chosen.is_spent else "# A limit, for example:"
        held = [self._outcome(self.survey.system[name]) for name in self.survey.headlines]
        besides = _listed("# What limits can hold besides:", held, MOST_OUTCOMES)
        return [*besides, first, *(sign + line for line in lines)]


def _about(variable: Variable, *, name: bool = False) -> str:
    """A variable in one line: name, dimensions, unit, what it is."""
    title = _title(variable) if name else _title(variable).removeprefix(variable.name)
    words = first_sentence(variable.documentation)[:90]
    return _line(", ".join(part for part in (title, _unit(variable), words) if part))


def _title(variable: Variable) -> str:
    """The name and the dimensions of a variable."""
    return f"{variable.name}[{', '.join(variable.dimensions)}]" if variable.dimensions else variable.name


def _unit(variable: Variable) -> str:
    """The unit as people say it, where a number in it is one in the model's."""
    unit = said(variable.unit)
    return unit.english if unit.factor == 1.0 else variable.unit


def _offer(candidate: Candidate) -> str:
    low, high = float(np.nanmin(candidate.own)), float(np.nanmax(candidate.own))
    value = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
    strength = candidate.strength if candidate.strength > LEAST_STRENGTH else 0.0
    reach = f"{candidate.lower.value:.6g} to {candidate.upper.value:.6g}"
    return f"{_about(candidate.variable, name=True)} ({value}; {reach}; {strength:.2g}%)"


def _listed(title: str, entries: Sequence[str], most: int) -> list[str]:
    more = [f"#   ... and {len(entries) - most} more"] if len(entries) > most else []
    return [title, *(f"#   {entry}" for entry in entries[:most]), *more] if entries else []


def _line(text: str) -> str:
    """Without what would end a comment."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _quoted(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False)


def _bare(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _quoted(text)


def _number(value: float) -> str:
    return f"{value:.12g}"

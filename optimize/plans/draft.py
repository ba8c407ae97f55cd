"""A plan to start from, for any model: what can be decided, what that moves, and a first question that can be solved.

Candidates for levers are the inputs of a model, numbers and data that follow from nothing else. Those that their
modeller calls a lever, policy or decision come first, then what is at rest (zero) in the file, then the others by how
strongly the objective responds to them: the change of the objective, in per cent, for a change of the input by one per
cent of its value, found by one exact gradient for all of them.

The first question is small on purpose: the first candidate, within the model's own limits or a span around its value,
and nothing else but a commented budget. It loads, binds and can be solved as it is; what it asks is for people to say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from sd_models.analysis.loops import influences
from sd_models.errors import Fault, InvalidRequest, SimulationError
from sd_models.rewrites.folding import unchanging
from sd_models.simulator.compilation import shaping
from sd_models.simulator.inputs import Inputs
from sd_models.simulator.measures import Measure, Outcome
from sd_models.simulator.sensitivity import sensitivities
from sd_models.simulator.simulation import Simulator, compile
from sd_models.simulator.timing import CONTROLS, TimeGrid
from sd_models.system.expression import references
from sd_models.system.model import Definition, FloatArray, Kind, Series, System, Values, Variable, key

from .quantities import time_unit

DECIDED = re.compile(
    r"\b(levers?|polic(y|ies)|decisions?|decide|investments?|subsid|spending|budget|tax)", re.IGNORECASE
)
WANTED = re.compile(r"\b(welfare|utility|profit|payoff|benefit|income|prosperity|index)", re.IGNORECASE)
MOST_CANDIDATES = 30
MOST_OUTCOMES = 20
MOST_GRADIENTS = 400  # inputs whose strength is measured
POWERS = tuple(10.0**k for k in range(9, -10, -1))
PERIODS = 25  # of the horizon, at most


@dataclass(frozen=True, slots=True)
class Candidate:
    """An input that can be decided, and how strongly the objective responds to it (per cent for one per cent)."""

    variable: Variable
    value: FloatArray
    strength: float
    is_named: bool

    @property
    def order(self) -> tuple[bool, bool, float]:
        """Smaller comes first."""
        return (not self.is_named, bool(np.any(self.value)), -self.strength)


@dataclass(frozen=True)
class StartingPlan:
    """A plan as the content of a TOML file, and as the text of one, with comments."""

    content: Mapping[str, Any]
    text: str

    def __str__(self) -> str:
        return self.text


def starting_plan(system: System, *, data: Iterable[str | Path] = ()) -> StartingPlan:
    """A plan that can be solved as it is; InvalidRequest for a model without inputs that move anything.

    >>> import sd_models as sd
    >>> starting_plan(sd.load("urbanization")).content["lever"][0]["variable"]
    'public investment in citizenization'
    """
    return _Survey(system).plan([str(file) for file in data])


@dataclass(frozen=True)
class _Survey:
    """A look at a model."""

    system: System

    def plan(self, data: Sequence[str]) -> StartingPlan:
        graph = influences(self.system)
        fixed = shaping(self.system)
        inputs = [v for v in self.system if self._is_input(v) and v.name not in fixed and _running(graph, v.name)]
        outcomes = self._outcomes(graph, inputs)
        if not outcomes:
            advice = "A lever is a number or data that follows from nothing else and that something follows from."
            raise InvalidRequest(Fault("no input of the model moves anything.", file=self.system.name, advice=advice))
        simulator = compile(self.system)
        goal = outcomes[0]
        reaching = [v for v in inputs if goal.name in nx.descendants(graph, v.name)]
        candidates = sorted(self._measured(reaching, goal), key=lambda candidate: candidate.order)
        grid = simulator.model.grid
        horizon, every = _horizon(grid)
        lever = self._lever(candidates[0], every)
        content = {
            "model": self._model(),
            **({"regions": str(self.system.regions)} if self.system.regions else {}),
            **({"data": list(data)} if data else {}),
            "horizon": horizon,
            "objective": {"maximize": goal.name, "measure": "mean"},
            "lever": [lever],
        }
        return StartingPlan(content, self._text(content, candidates, outcomes, grid))

    # --- what can be decided, what it moves ---------------------------------------------------------------------------

    def _is_input(self, variable: Variable) -> bool:
        """Whether a variable follows from nothing else but numbers."""
        if variable.origin or key(variable.name) in {key(name) for name in CONTROLS}:
            return False
        if variable.kind is Kind.DATA:
            return all(isinstance(equation.definition, Series) for equation in variable.equations)
        if variable.kind not in (Kind.CONSTANT, Kind.AUXILIARY) or variable.name not in unchanging(self.system):
            return False
        return all(_is_plain(equation.definition) for equation in variable.equations)

    def _outcomes(self, graph: nx.DiGraph[str], inputs: Sequence[Variable]) -> list[Variable]:
        """What the inputs move, the most telling first: single numbers that nothing else follows from."""
        moved = set[str]().union(*(nx.descendants(graph, variable.name) for variable in inputs))
        kinds = (Kind.STOCK, Kind.AUXILIARY)
        found = [v for v in self.system if v.name in moved and v.kind in kinds and not v.origin]
        found = [v for v in found if key(v.name) not in {key(name) for name in CONTROLS}]

        def rank(variable: Variable) -> tuple[bool, bool, bool, bool]:
            used = any(not self.system.variables[n].origin for n in graph.successors(variable.name))
            stock = variable.kind is Kind.STOCK
            wanted = bool(WANTED.search(variable.name))
            return bool(variable.dimensions), not wanted, used and not stock, stock

        return sorted(found, key=rank)

    def _measured(self, inputs: Sequence[Variable], goal: Variable) -> list[Candidate]:
        """The inputs with the strength of the goal's response; zero where the run has no gradient."""
        simulator = compile(self.system, levers=[v.name for v in inputs], outputs=[goal.name])
        values = {v.name: simulator.defaults[v.name] for v in inputs}
        strengths = dict.fromkeys(values, 0.0)
        if len(inputs) <= MOST_GRADIENTS and simulator.model.moving_end is None:
            strengths.update(self._strengths(simulator, inputs, goal, values))
        return [
            Candidate(v, values[v.name], strengths[v.name], bool(DECIDED.search(f"{v.name} {_first(v.documentation)}")))
            for v in inputs
        ]

    def _strengths(
        self, simulator: Simulator, inputs: Sequence[Variable], goal: Variable, values: Mapping[str, FloatArray]
    ) -> dict[str, float]:
        try:
            found = sensitivities(simulator, [Outcome(goal.name, Measure.MEAN)], levers=[v.name for v in inputs])
        except SimulationError:
            return {}
        size = abs(float(found.values[0])) or 1.0
        strengths = {}
        for name, value in values.items():
            gradient = np.moveaxis(found.gradients[name].to_numpy()[0], 0, -1).reshape(value.shape)
            strength = abs(float((gradient * value).sum())) / size
            strengths[name] = strength if np.isfinite(strength) else 0.0
        return strengths

    # --- the first question -------------------------------------------------------------------------------------------

    def _lever(self, candidate: Candidate, every: float) -> dict[str, Any]:
        """The lever with bounds between which the model runs."""
        least, most = candidate.variable.limits
        low, high = float(candidate.value.min()), float(candidate.value.max())
        span = max(abs(low), abs(high))
        lower = least if least is not None else min(0.0, low) if low >= 0 else low - span
        upper = most if most is not None else high + span if span else self._largest(candidate)
        return {
            "variable": candidate.variable.name,
            "every": every,
            "lower": _round(min(lower, low)),
            "upper": _round(max(upper, high)),
        }

    def _largest(self, candidate: Candidate) -> float:
        """A tenth of the largest power of ten at which the model runs; for inputs that are zero in the file."""
        simulator = compile(self.system, levers=[candidate.variable.name])
        rows = simulator.model.levers.size
        for power in POWERS:
            levers = np.full((rows, len(simulator.times)), power)
            inputs = Inputs(levers, np.zeros((0, 1)), np.zeros((0, 1)))
            try:
                simulator.check(inputs, simulator.trajectories(inputs))
            except SimulationError:
                continue
            return power / 10
        return 1.0

    def _model(self) -> str:
        from sd_models.reading.library import FOLDER, library

        path = self.system.path
        if path is None:
            return self.system.name
        return path.parent.name if path.parent.parent == FOLDER and path.parent.name in library() else str(path)

    # --- the text -----------------------------------------------------------------------------------------------------

    def _text(
        self, content: Mapping[str, Any], candidates: Sequence[Candidate], outcomes: Sequence[Variable], grid: TimeGrid
    ) -> str:
        lever, goal = content["lever"][0], content["objective"]
        chosen = self.system[lever["variable"]]
        unit = f" {time_unit(self.system)}".rstrip()
        lines = [
            f"# A plan to start from for {self.system.name}. Change what it asks, then: prosperity optimize THIS_FILE",
            "",
            f"model = {_quoted(content['model'])}",
            *([f"regions = {_quoted(content['regions'])}"] if "regions" in content else []),
            *([f"data = {json.dumps(content['data'], ensure_ascii=False)}"] if "data" in content else []),
            f"# The first and the last period begin at these times. The model runs from {grid.times[0]:g} to "
            f"{grid.times[-1]:g} in steps of {grid.step:g}{unit}.",
            f"horizon = [{_number(content['horizon'][0])}, {_number(content['horizon'][1])}]",
            "",
            "[objective]",
            f"maximize = {_quoted(goal['maximize'])}  # or minimize; {_about(self.system[goal['maximize']])}",
            'measure = "mean"  # or "integral", or "final"',
            f"# discount = 0.04  # a{unit or ' unit of time'}",
            "",
            *_listed("# What else the inputs move:", [_about(v, name=True) for v in outcomes[1:]], MOST_OUTCOMES),
            "",
            "[[lever]]",
            f"variable = {_quoted(chosen.name)}  # {_about(chosen)}",
            f"every = {_number(lever['every'])}  #{unit or ' units of time'} that a value holds",
            f"lower = {_number(lever['lower'])}{_of_model(chosen, 0)}",
            f"upper = {_number(lever['upper'])}{_of_model(chosen, 1)}",
            "# ramp = { relative = 0.25, absolute = 0.01 }  # the most it moves from one period to the next",
            *self._where(chosen),
            "",
            *_listed(
                "# What else can be decided (value, limits of the model; response of the objective to 1%):",
                [_offer(candidate) for candidate in candidates[1:]],
                MOST_CANDIDATES,
            ),
            "",
            *self._budget(chosen, lever),
            "",
            "# [solver]",
            '# name = "sqp"  # or "ipopt"',
            "# starts = 1",
            "# time_limit = 600  # seconds",
        ]
        return "\n".join(lines) + "\n"

    def _where(self, chosen: Variable) -> list[str]:
        lines = []
        for dimension in chosen.dimensions:
            elements = self.system.dimensions[dimension].elements
            shown = ", ".join(elements[:4]) + (", ..." if len(elements) > 4 else "")
            ranges = self.system.dimensions.items()
            parts = [name for name, d in ranges if d.parent == dimension and name != dimension]
            named = f"; parts of it: {', '.join(parts)}" if parts else ""
            lines.append(
                f"# where = {{ {_bare(dimension)} = {_quoted(elements[0])} }}  # {shown} ({len(elements)}){named}"
            )
        return lines

    def _budget(self, chosen: Variable, lever: Mapping[str, Any]) -> list[str]:
        elements = self.system.size(chosen)
        over = ", ".join(_quoted(d) for d in chosen.dimensions)
        total = _round(0.5 * elements * max(abs(lever["lower"]), abs(lever["upper"])))
        return [
            "# A budget, for example:",
            "# [[limit]]",
            '# name = "budget"',
            f"# sum = {_quoted(chosen.name)}",
            *([f"# over = [{over}]"] if over else []),
            f"# at_most = {_number(total)}  # a number, or the name of a variable",
            '# when = "always"  # or "total", "final", { from = ..., to = ... }, { each = 5 }',
        ]


def _is_plain(side: Definition) -> bool:
    """Whether a definition is made of numbers only."""
    return isinstance(side, Values) or (not isinstance(side, Series) and not references(side))


def _running(graph: nx.DiGraph[str], name: str) -> bool:
    """Whether something follows from a variable in a run, and not only at its start."""
    return any(not graph.edges[name, effect]["initial"] for effect in graph.successors(name))


def _horizon(grid: TimeGrid) -> tuple[list[float], float]:
    """The second half of the run in whole periods, as long as one unit of time or one step, not too many of them."""
    steps = len(grid.times) - 1
    a_unit = max(1, round(1.0 / grid.step))
    in_period = a_unit if steps >= 2 * a_unit else 1
    first = ((steps // 2) // in_period) * in_period if steps > 2 * in_period else 0
    periods = (steps - first) // in_period
    in_period *= max(1, -(-periods // PERIODS))
    periods = max(1, (steps - first) // in_period)
    start, every = float(grid.times[first]), in_period * grid.step
    return [_round(start, 12), _round(start + (periods - 1) * every, 12)], _round(every, 12)


def _round(value: float, digits: int = 3) -> float:
    return float(f"{value:.{digits}g}")


def _first(text: str) -> str:
    """The first sentence."""
    return " ".join(text.split()).split(". ")[0]


def _about(variable: Variable, *, name: bool = False) -> str:
    """A variable in one line: name, dimensions, unit, what it is."""
    over = f"[{', '.join(variable.dimensions)}]" if variable.dimensions else ""
    title = f"{variable.name}{over}" if name else over
    words = " ".join(_first(variable.documentation).split())[:90]
    return _line(", ".join(part for part in (title, variable.unit, words) if part))


def _offer(candidate: Candidate) -> str:
    low, high = float(candidate.value.min()), float(candidate.value.max())
    value = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
    least, most = candidate.variable.limits
    limits = "" if least is None and most is None else f"; {_side(least)} to {_side(most)}"
    return f"{_about(candidate.variable, name=True)} ({value}{limits}; {candidate.strength:.2g}%)"


def _side(limit: float | None) -> str:
    return "?" if limit is None else f"{limit:g}"


def _of_model(variable: Variable, side: int) -> str:
    return "  # the model's own limit" if variable.limits[side] is not None else "  # say how far it may go"


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

"""A problem as one Pyomo model: levers, stocks at every step, the equations between them, limits and the objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import product
from typing import Any, Literal, TypeAlias

import numpy as np
import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC

from sd_models.dynamics.functions import Operation
from sd_models.dynamics.preparation import Layout
from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray, System
from sd_models.tape.instructions import Movement, Source
from sd_models.tape.tracing import OUTPUTS, STOCKS, TapedModel

from ..problems.assembly import assemble
from ..problems.problem import Problem
from ..problems.pyomo_model import Constraints, state, tightened, variable_sides
from ..problems.smoothed import SmoothedProblem
from ..runs.comparison import relative_gaps
from . import symbols
from .exact import KINKS, Definitions, Kinks, RangedArithmetic, Start, set_bounds
from .forms import Form, symbol_of
from .intervals import Interval
from .reach import lever_bounds
from .steps import Steps
from .symbols import Ranged, Symbol, valued
from .unrolling import CHEAP, Arithmetic, Part
from .values import Values

Auxiliaries: TypeAlias = Literal["expressions", "variables"]
Words: TypeAlias = tuple[Any, ...]
MANY = 8  # elements of a sum
MOST_SYMBOLS = 1500  # levers and stocks that forms remember; an array of so many numbers stands for each value
LEAST = 1e-8  # the smallest size by which something is scaled


def transcribe(
    problem: Problem,
    start: FloatArray | None = None,
    *,
    auxiliaries: Auxiliaries = "expressions",
    smooth: float | None = None,
    constraints: Constraints | None = None,
    stand_ins: System | None = None,
    kinks: Kinks = "absolute",
    bounds: bool = False,
) -> pyo.ConcreteModel:
    """The problem in Pyomo, all dynamics included: `state`, and beside it

    - `model.stocks[variable, *elements, time]`: stocks and samples at the points of the horizon, where levers move them
    - `model.dynamics[variable, *elements, time]`: the equation of the step that leads there, by the method of the file
    - `model.auxiliaries[variable, *elements, time]`: what the equations name, as Pyomo expressions or, if wished, as
      variables with `model.definitions`
    - `model.sums[variable or a number, *elements, time]`, defined by `model.totals`: sums over many elements, as
      variables, since a sum of hundreds would be written out wherever it is read
    - `model.ties[variable, *elements, window]`: that an outcome is its weighted sum over time

    All variables start at the run of the levers `start` (n), by default the model's own within their bounds (with
    stand-ins at theirs);
    `model.scaling_factor` has the reciprocal of the largest size of each along that run. Minimum, maximum and tables
    are written with absolute values, other kinks as choices (`symbols.py`); with `kinks` as "integers" or "sos2" all of
    them exactly with integer variables, tables with those or as SOS2 (`exact.py`): `model.switches`, `model.wholes`,
    `model.pieces`, `model.neighbours` and the constraints between them in `model.cases`. A model that is linear but for
    kinks is a mixed-integer linear program then. `smooth` is the width of smooth stand-ins for kinks, relative to their
    sizes; `stand_ins` the model of the problem with such already in it. `constraints` adds what people add to the Pyomo
    model, as in `solve`.

    With `bounds` all variables have those that follow from the levers' by interval arithmetic, as far as these are
    finite. `model.notes` says what is not exact, and what a solver's tolerance may make of it.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> model = transcribe(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> len(model.levers), len(model.stocks) > 1000
    (62, True)
    """
    if auxiliaries not in ("expressions", "variables"):
        raise InvalidRequest(Fault(f"auxiliaries={auxiliaries!r}", advice='Write "expressions" or "variables".'))
    if kinks not in KINKS:
        raise InvalidRequest(Fault(f"kinks={kinks!r}", advice=f"Write one of {', '.join(map(repr, KINKS))}."))
    x = np.clip(problem.own, problem.lower, problem.upper) if start is None else start
    form = _Form(auxiliaries == "variables", kinks, bounds)
    with PauseGC():  # as in `state`
        model = state(problem) if constraints is None else tightened(problem, constraints)
        stated = _Stated(stand_ins) if stand_ins is not None else _stated(problem, smooth, x)
        return _Transcription(problem, model, stated, form).whole(x)


def transcribed_exactly(problem: Problem, start: FloatArray) -> tuple[pyo.ConcreteModel, Definitions]:
    """The problem with auxiliaries as variables, kinks as integers and bounds for all, and what defines each variable,
    in the order in which they follow from each other."""
    with PauseGC():
        whole = _Transcription(problem, state(problem), _Stated(problem.system), _Form(True, "integers", True))
        return whole.whole(start), whole.definitions


def statements(problem: Problem) -> int:
    """How many values a transcription computes: those from which outcomes follow, at all points of the horizon."""
    steps = Steps(problem, problem.system)
    lines = (steps.tapes.step.instructions[number] for number in steps.part.lines)
    each = sum(max(1, line.length) for line in lines if line.operation not in CHEAP)
    return each * len(problem.horizon.points)


@dataclass(frozen=True)
class _Form:
    """How things are stated: what equations name, kinks, and whether bounds follow."""

    as_variables: bool
    kinks: Kinks
    bounds: bool

    @property
    def is_ranged(self) -> bool:
        """Whether it needs to be known between which numbers everything lies."""
        return self.bounds or self.kinks != "absolute"


@dataclass(frozen=True)
class _Stated:
    """The system whose equations are stated: that of the problem, or with smooth stand-ins; and what to say of it."""

    system: System
    notes: tuple[str, ...] = ()


def _stated(problem: Problem, smooth: float | None, x: FloatArray) -> _Stated:
    if smooth is None:
        return _Stated(problem.system)
    if not 0 < smooth < 1:
        raise InvalidRequest(Fault(f"smooth={smooth!r} is no width.", advice="Give a part of 1, such as 0.001."))
    stand_ins = SmoothedProblem.of(problem)
    if not stand_ins.has_kinks:
        return _Stated(problem.system, tuple(str(left) for left in stand_ins.left))
    widths = smooth * stand_ins.sizes(x)
    program = assemble(problem)
    exact, near = (each.evaluate(x).y for each in (program, stand_ins.of_widths(program, widths)))
    worst = float(relative_gaps(exact, near).max(initial=0.0))
    told = (
        f"{len(widths)} kinks are smooth stand-ins; at the start outcomes differ by {worst:.1e} of themselves at most."
    )
    return _Stated(stand_ins.with_widths(widths), (told, *(str(left) for left in stand_ins.left)))


@dataclass(eq=False)
class _Transcription:
    """One call of `transcribe`, on the model of `state`."""

    problem: Problem
    model: Any
    stated: _Stated
    form: _Form
    starts: list[tuple[Any, Start]] = field(default_factory=list)
    definitions: Definitions = field(default_factory=list)

    def whole(self, x: FloatArray) -> pyo.ConcreteModel:
        """The model with everything in it."""
        model = self.model
        model.stocks, model.dynamics = pyo.Var(pyo.Any, dense=False), pyo.Constraint(pyo.Any)
        model.auxiliaries = pyo.Var(pyo.Any, dense=False) if self.form.as_variables else pyo.Expression(pyo.Any)
        if self.form.as_variables:
            model.definitions = pyo.Constraint(pyo.Any)
        model.sums, model.totals = pyo.Var(pyo.Any, dense=False), pyo.Constraint(pyo.Any)
        model.shared = pyo.Expression(pyo.Any)
        model.ties = pyo.Constraint(pyo.Any)
        self._tie(self._unrolled())
        self._start(x)
        told = self.arithmetic.notes if isinstance(self.arithmetic, RangedArithmetic) else ()
        model.notes = [*self.stated.notes, *told]
        return model

    @cached_property
    def arithmetic(self) -> Arithmetic:
        """How operations are stated."""
        return (
            RangedArithmetic(self.model, self.form.kinks, self.starts, self.definitions, self.symbols)
            if self.form.is_ranged
            else symbols
        )

    # --- dynamics ---------------------------------------------------------------------------------------------------

    @cached_property
    def steps(self) -> Steps:
        """The steps of the model of the problem, with the names of all its variables."""
        return Steps(self.problem, self.stated.system)

    @property
    def tapes(self) -> TapedModel:
        """The model as tapes."""
        return self.steps.tapes

    @property
    def part(self) -> Part:
        """What of a step outcomes need, now or later."""
        return self.steps.part

    @cached_property
    def named(self) -> Mapping[int, tuple[Words, ...]]:
        """The words of each position of the instructions that are values of a variable."""
        words = _words(self.tapes, self.tapes.outputs)
        placed = self.tapes.step.results[OUTPUTS]
        found: dict[int, tuple[Words, ...]] = {}
        for one in placed:
            found.setdefault(one.number, tuple(words[e] for e in one.elements.tolist()))
        return found

    @cached_property
    def stock_symbols(self) -> Mapping[int, int]:
        """The symbol of each stock in forms, after those of the levers."""
        return {row: self.problem.size + i for i, row in enumerate(sorted(self.part.loaded(Source.STOCKS)))}

    @cached_property
    def symbols(self) -> int:
        """How many symbols forms have; none where they would be too many."""
        count = self.problem.size + len(self.stock_symbols)
        return count if count <= MOST_SYMBOLS else 0

    def _closed(self, symbol: Symbol) -> Symbol:
        """What stays of an output after its step."""
        if not isinstance(symbol, Ranged) or symbol.form is None:
            return symbol
        return replace(symbol, form=symbol.form.closed(self.problem.size))

    def _unrolled(self) -> Sequence[Mapping[int, Symbol]]:
        """The outputs at all points of the horizon; the equations of the steps between them are stated."""
        horizon, words = self.problem.horizon, _words(self.tapes, self.tapes.states)
        stocks, outputs = self._first(), []
        for point, time in enumerate(horizon.points.tolist()):
            found = self.part.results(
                self.steps.sources(stocks, self._levers[point], point),
                lambda *one, at=time: self._keep(at, *one),
                self.arithmetic,
            )
            outputs.append({row: self._closed(one) for row, one in found[OUTPUTS].items()})
            if point + 1 < len(horizon.points):
                later = float(horizon.points[point + 1])
                stocks = {row: self._stock((*words[row], later), one, row) for row, one in found[STOCKS].items()}
        return outputs

    def _stock(self, key: Words, value: Symbol, row: int) -> Symbol:
        """A stock one step later: a number where no lever moves it, else a variable with its equation."""
        if isinstance(value, float):
            return value
        stock = self.model.stocks[key]
        self.model.dynamics[key] = stock == valued(value)
        self.definitions.append((stock, lambda: valued(value)))
        self._start_anew(stock, value)
        found = self._like(stock, value)
        if not isinstance(found, Ranged) or found.form is None or row not in self.stock_symbols:
            return replace(found, form=None) if isinstance(found, Ranged) else found
        renewed = found.form.renewed(self.problem.size, self.stock_symbols[row], found.range)
        return replace(found, form=renewed)

    def _start_anew(self, variable: Any, value: Symbol) -> None:
        """The start of a variable that is not that of the run, where stand-ins lead elsewhere."""
        if self.has_stand_ins:
            self._start_at(variable, valued(value))

    def _start_at(self, variable: Any, expression: Any) -> None:
        self.starts.append((variable, lambda values: values.of(expression)))

    def _like(self, variable: Any, value: Symbol) -> Symbol:
        """A variable in place of an expression that equals it, with its bounds where they are wished."""
        if not isinstance(value, Ranged):
            return variable
        if self.form.bounds and variable.is_variable_type():
            set_bounds(variable, value.range)
        return replace(value, number=variable)

    @property
    def has_stand_ins(self) -> bool:
        """Whether the equations are not quite those of the run that all variables start at."""
        return self.stated.system is not self.problem.system

    def _keep(self, time: float, number: int, place: int, expression: Symbol) -> Symbol:
        """An expression under the name that it has in the model, or as one that is shared."""
        model, words = self.model, self.named.get(number)
        if number in self.long_sums:
            key = (*(words[place] if words else ("sum", number)), time)
            return self._defined(model.sums, model.totals, key, expression)
        if words is None:
            return self._share(number, place, expression)
        key = (*words[place], time)
        if self.form.as_variables:
            return self._defined(model.auxiliaries, model.definitions, key, expression)
        model.auxiliaries[key] = valued(expression)
        return self._like(model.auxiliaries[key], expression)

    def _defined(self, variables: Any, equations: Any, key: Words, expression: Symbol) -> Symbol:
        """A variable that an equation defines."""
        variable, definition = variables[key], valued(expression)
        self._start_at(variable, definition)
        self.definitions.append((variable, lambda: definition))
        equations[key] = variable == definition
        return self._like(variable, expression)

    @cached_property
    def long_sums(self) -> frozenset[int]:
        """The instructions that are sums over many elements."""
        lines = self.tapes.step.instructions
        return frozenset(
            number
            for number, line in enumerate(lines)
            if line.operation is Movement.SUM and lines[line.arguments[0]].length >= MANY
        )

    def _share(self, *told: Symbol) -> Symbol:
        """The expression (told last) as one that is shared."""
        number = len(self.model.shared) + 1
        self.model.shared[number] = valued(told[-1])
        return self._like(self.model.shared[number], told[-1])

    @cached_property
    def _levers(self) -> list[list[Symbol]]:
        """The levers at each point."""
        return self.steps.levers(self._columns)

    @property
    def _columns(self) -> list[Symbol]:
        """The levers in their order, with their bounds where these are needed."""
        columns = list(self.model.levers.values())
        if not self.form.is_ranged:
            return columns
        limits = [Interval(*side) for side in zip(*lever_bounds(self.problem), strict=True)]
        sides = [Interval(*variable_sides(x)).within(limit) for x, limit in zip(columns, limits, strict=True)]
        each = [
            Ranged(x, side, form=self._lever_form(i, side))
            for i, (x, side) in enumerate(zip(columns, sides, strict=True))
        ]
        return [self._like(x, one) for x, one in zip(columns, each, strict=True)]

    def _lever_form(self, number: int, among: Interval) -> Form | None:
        return symbol_of(among, number, self.symbols) if self.symbols and among.is_finite else None

    def _first(self) -> Mapping[int, Symbol]:
        """The stocks at the start of the horizon, those that levers set as variables."""
        found = self.steps.first(self._levers[0], self._share, self.arithmetic)
        words, time = _words(self.tapes, self.tapes.states), float(self.problem.horizon.points[0])
        return {row: self._stock((*words[row], time), one, row) for row, one in found.items()}

    # --- outcomes ---------------------------------------------------------------------------------------------------

    def _tie(self, outputs: Sequence[Mapping[int, Symbol]]) -> None:
        """Each outcome is the weighted sum over time of an element of a variable."""
        for (key, outcome), terms in zip(self.model.outcomes.items(), self.steps.terms(outputs), strict=True):
            each = [self.arithmetic.apply(Operation.MULTIPLY, weight, value) for weight, value in terms]
            total = self.arithmetic.total(each)
            self.model.ties[key] = outcome == valued(total)
            self._like(outcome, total)
            self._start_anew(outcome, total)
            self.definitions.append((outcome, partial(valued, total)))

    # --- start and scale --------------------------------------------------------------------------------------------

    def _start(self, x: FloatArray) -> None:
        """All variables at the values of a run, and the scale of each."""
        problem, model = self.problem, self.model
        model.scaling_factor = pyo.Suffix(direction=pyo.Suffix.EXPORT)
        evaluation = problem.outcomes.evaluate(x)
        for variable, value in zip(model.levers.values(), x.tolist(), strict=True):
            variable.set_value(value, skip_validation=True)
        for variable, value in zip(model.outcomes.values(), evaluation.y.tolist(), strict=True):
            variable.set_value(value, skip_validation=True)
        self._start_stocks(x)
        values = Values()
        for variable, start in self.starts:
            variable.set_value(start(values), skip_validation=True)

    def _start_stocks(self, x: FloatArray) -> None:
        problem, model = self.problem, self.model
        simulator = problem.simulator
        run = simulator.trajectories(simulator.inputs(levers=problem.policy(x))).states
        sizes = np.maximum(np.abs(run).max(axis=1), LEAST)
        words = _words(self.tapes, self.tapes.states)
        points = dict(zip(problem.horizon.points.tolist(), range(problem.horizon.first, run.shape[1]), strict=True))
        rows = {key: self.steps.row(row) for row, key in words.items()}
        for key, stock in model.stocks.items():
            row = rows[key[:-1]]
            stock.set_value(float(run[row, points[key[-1]]]), skip_validation=True)
            model.scaling_factor[stock] = model.scaling_factor[model.dynamics[key]] = 1.0 / float(sizes[row])


def _words(tapes: TapedModel, columns: Layout) -> dict[int, Words]:
    """(variable, *elements) of each row of a column."""
    system, found = tapes.expanded, dict[int, Words]()
    for name, rows in columns.rows.items():
        dimensions = system.variables[name].dimensions
        elements = product(*(system.dimensions[d].elements for d in dimensions))
        found.update(zip(range(rows.start, rows.stop), ((name, *each) for each in elements), strict=True))
    return found

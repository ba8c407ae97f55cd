"""A system to CasADi functions: initial values, one step, and the whole run.

One step takes the stocks and what is given at a time and returns the stocks one step later and the outputs now. The run
is that function repeated (`mapaccum`), so its derivatives come from CasADi's reverse sweep over the same steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from math import isqrt

import casadi as ca
import numpy as np

from ..errors import Fault, InvalidRequest
from ..numbers.evaluation import data_values
from ..rewrites import cut_outflows, expand_stateful, fold_constants, lengths
from ..system.expression import references
from ..system.model import FloatArray, Kind, Series, System, Values, Variable, key
from ..system.ordering import current, stages
from ..targets.casadi.evaluation import Evaluated, Known, evaluate
from ..targets.casadi.functions import Column, Kink, is_number
from .integration import METHODS, OFFSETS, Columns
from .timing import CONTROLS, TimeGrid, TimeSpan, control_values, division_notes, time_grid, with_time

STATES = (Kind.STOCK, Kind.SAMPLE)
# Steps stand in one row up to this many: CasADi's default, groups of groups of ten, takes six times the memory with
# thousands of regions. Beyond, groups of the square root of their number: a chain of groups and of the steps left over
# takes memory with its length times the number of steps, 20 GB for 12,801 steps in groups of 10,000.
STEPS_IN_A_ROW = 10_000
# Outputs times steps of one run; 8 bytes each.
LARGEST_RESULT = 500_000_000


@dataclass(frozen=True, slots=True)
class Layout:
    """Variables one below the other in a column: name to the rows that it takes."""

    rows: Mapping[str, slice]

    @property
    def size(self) -> int:
        """The length of the column."""
        return max((part.stop for part in self.rows.values()), default=0)

    def split(self, column: Column) -> dict[str, Column]:
        """The parts of a column by name."""
        return {name: column[part] for name, part in self.rows.items()}


def layout(system: System, names: Iterable[str]) -> Layout:
    """The variables below each other in the order given."""
    rows: dict[str, slice] = {}
    start = 0
    for name in names:
        stop = start + system.size(system.variables[name])
        rows[name] = slice(start, stop)
        start = stop
    return Layout(rows)


@dataclass(frozen=True)
class CompiledModel:
    """A compiled system: which columns its functions take, and the functions.

    `system` is as the modeller wrote it, `expanded` after the rewrites. Levers are variables given for every time,
    constants are given once a run, initials are stocks whose initial value is given. `outputs` lists what the step
    function returns, `fixed` holds the outputs that cannot change, flat. `data_table` is (rows of data, times).

    `start` takes (levers, constants, data, initials, time) to the stocks at the first time; `step` takes (stocks,
    levers, constants, data, time) to the stocks one step later and the outputs; `kink_values` takes the same to the
    switches of `kinks`.
    """

    system: System
    expanded: System
    grid: TimeGrid
    states: Layout
    levers: Layout
    constants: Layout
    initials: Layout
    outputs: Layout
    start: ca.Function
    step: ca.Function
    fixed: Mapping[str, FloatArray]
    kinks: tuple[Kink, ...]
    kink_values: ca.Function
    data_table: FloatArray

    @property
    def moving_end(self) -> str | None:
        """The name of FINAL TIME where it follows from the run."""
        return next((name for name in self.outputs.rows if key(name) == "final time"), None)

    @cached_property
    def run(self) -> ca.Function:
        """(initial stocks, levers, constants, data, times) to (stocks after each step, outputs at each time)."""
        steps = len(self.grid.times)
        group = steps if steps <= STEPS_IN_A_ROW else isqrt(steps)
        return self.step.mapaccum("run", steps, {"base": group + 1})

    @cached_property
    def switches(self) -> ca.Function:
        """(stocks, levers, constants, data, times), each at all times, to the switches of the kinks at each time."""
        return self.kink_values.map(len(self.grid.times))

    @cached_property
    def forward(self) -> ca.Function:
        """(levers, constants, initials) to the outputs at each time: the run with its data and times filled in."""
        count = len(self.grid.times)
        u = ca.MX.sym("levers", self.levers.size, count)
        p, i = ca.MX.sym("constants", self.constants.size), ca.MX.sym("initials", self.initials.size)
        begin = self.start(u[:, 0], p, self.data_table[:, 0], i, self.grid.times[0])
        _, outputs = self.run(begin, u, ca.repmat(p, 1, count), self.data_table, self.grid.times[np.newaxis, :])
        return ca.Function("forward", [u, p, i], [outputs])


def compile_system(
    system: System,
    *,
    levers: Iterable[str] = (),
    constants: Iterable[str] = (),
    initial: Iterable[str] = (),
    outputs: Iterable[str] | None = None,
    time: TimeSpan | None = None,
) -> CompiledModel:
    """The compiled system, with these variables as inputs; `outputs` are all variables unless named."""
    timed = with_time(system, time)
    control = control_values(timed)
    expanded = expand_stateful(timed, initial_time=control["INITIAL TIME"], time_step=control["TIME STEP"])
    roles = {"lever": levers, "constant": constants, "initial": initial}
    chosen = {role: tuple(_named(expanded, names, role)) for role, names in roles.items()}
    _check_roles(expanded, chosen["lever"], chosen["constant"])
    _check_shape(timed, (*chosen["lever"], *chosen["constant"]))
    given = (*chosen["lever"], *chosen["constant"])
    folded = fold_constants(cut_outflows(expanded, given=given), keep=given)
    grid = time_grid(folded)
    notes = dict.fromkeys((*folded.notes, *division_notes(folded, grid)))
    work = _Compiler(
        system=replace(folded, notes=tuple(notes)),
        grid=grid,
        states=layout(folded, [v.name for v in folded.of_kind(*STATES)]),
        levers=layout(folded, chosen["lever"]),
        constants=layout(folded, chosen["constant"]),
        initials=layout(folded, chosen["initial"]),
        data=layout(folded, [v.name for v in folded.of_kind(Kind.DATA) if v.name not in chosen["lever"]]),
        wanted=_outputs(timed, folded, outputs),
    )
    return work.model(system)


def _named(system: System, names: Iterable[str], role: str) -> Iterator[str]:
    """The names in the modeller's spelling; InvalidRequest for one that cannot take that role."""
    for name in _listed(names):
        variable = system[name]
        allowed, advice = _ROLES[role]
        if variable.kind not in allowed:
            found = f"{variable.name!r} is a {variable.kind}; expected {' or '.join(allowed)}."
            raise InvalidRequest(Fault(found, file=system.name, advice=advice))
        yield variable.name


def _listed(names: Iterable[str]) -> list[str]:
    """Each name once; a text alone is one name."""
    return [names] if isinstance(names, str) else list(dict.fromkeys(names))


def _check_roles(system: System, levers: Iterable[str], constants: Iterable[str]) -> None:
    """InvalidRequest for a variable that is given over time and once a run."""
    both = set(levers) & set(constants)
    if both:
        found = f"{min(both)!r} is given as lever and as constant."
        raise InvalidRequest(Fault(found, file=system.name, advice="A lever has a path, a constant one value a run."))


def _check_shape(system: System, inputs: Sequence[str]) -> None:
    """InvalidRequest for an input on which the number of time points or of stages of a delay depends."""
    known = shaping(system)
    for name in (name for name in inputs if name in known):
        found = f"{name!r} sets {known[name]}, so it cannot be an input of a compiled model."
        advice = "Give it to sd.simulate as one constant value, or time=TimeSpan(...)."
        raise InvalidRequest(Fault(found, file=system.name, advice=advice))


def shaping(system: System) -> Mapping[str, str]:
    """The variables that set how many numbers a compiled model has, and what each of them sets."""
    controls = [system[name].name for name in CONTROLS if name in system]
    timed = {name for stage in stages(system, controls, initial=True) for name in stage.variables}
    return dict.fromkeys(lengths(system), "the length of a delay") | dict.fromkeys(timed, "the time points of a run")


_ROLES: Mapping[str, tuple[tuple[Kind, ...], str]] = {
    "lever": (
        (Kind.CONSTANT, Kind.AUXILIARY, Kind.DATA),
        "Stocks follow from their flows: take a flow as lever, or the initial value as initial.",
    ),
    "constant": ((Kind.CONSTANT, Kind.AUXILIARY), "Give a path as levers, an initial value as initial."),
    "initial": (STATES, "Give a constant as constants, a path over time as levers."),
}


def _outputs(system: System, expanded: System, names: Iterable[str] | None) -> tuple[str, ...]:
    """The variables that a run returns: all but tables and what rewrites added, unless they are named.

    A FINAL TIME that moves is always among them: it says where the run ends.
    """
    if names is None:
        return tuple(variable.name for variable in system if variable.kind is not Kind.TABLE and not variable.origin)
    chosen = tuple(dict.fromkeys(expanded[name].name for name in (*_listed(names), *_moving_end(expanded))))
    tables = [name for name in chosen if expanded.variables[name].kind is Kind.TABLE]
    if tables:
        found = f"{tables[0]!r} is a table; it has no value of its own in a run."
        raise InvalidRequest(Fault(found, file=system.name, advice="Name the variable that calls it."))
    return chosen


def _moving_end(system: System) -> tuple[str, ...]:
    names = (system[name].name for name in ("FINAL TIME",) if name in system)
    return tuple(name for name in names if system.variables[name].kind is not Kind.CONSTANT)


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Operations in the order of the equations.

    CasADi's simplification would reorder products of constants, and so move results by rounding errors, sometimes
    across a threshold.
    """
    before = ca.GlobalOptions.getSimplificationOnTheFly()
    ca.GlobalOptions.setSimplificationOnTheFly(False)
    try:
        yield
    finally:
        ca.GlobalOptions.setSimplificationOnTheFly(before)


@dataclass(frozen=True)
class _Symbols:
    """The inputs of the functions: stocks, levers, constants, data at each offset of the method, initials, time."""

    stocks: ca.SX
    levers: ca.SX
    constants: ca.SX
    data: ca.SX
    initials: ca.SX
    time: ca.SX


@dataclass(frozen=True)
class _Compiler:
    """Builds the functions of a model from the layouts of its columns."""

    system: System
    grid: TimeGrid
    states: Layout
    levers: Layout
    constants: Layout
    initials: Layout
    data: Layout
    wanted: tuple[str, ...]

    def model(self, original: System) -> CompiledModel:
        """The compiled model."""
        symbols = self.symbols
        with exact_arithmetic():
            begin = self._initial_stocks()
            now = self._moment(self.states.split(symbols.stocks), 0.0, self.wanted)
            after = self._after(now)
            fixed = {n: np.asarray(now.columns[n]).ravel() for n in self.wanted if is_number(now.columns[n])}
            outputs = layout(self.system, [name for name in self.wanted if name not in fixed])
            values = _stacked([now.columns[name] for name in outputs.rows])
        self._check_size(outputs)
        moving = (symbols.stocks, symbols.levers, symbols.constants)
        found = (kink for kink in now.kinks if self.system.variables[kink.variable].kinked)
        kinks = tuple(kink for kink in found if _moves(kink.switch, moving))
        given = [symbols.levers, symbols.constants, symbols.data]
        at_step = [symbols.stocks, *given, symbols.time]
        return CompiledModel(
            system=original,
            expanded=self.system,
            grid=self.grid,
            states=self.states,
            levers=self.levers,
            constants=self.constants,
            initials=self.initials,
            outputs=outputs,
            start=ca.Function("start", [*given, symbols.initials, symbols.time], [begin]),
            step=ca.Function("step", at_step, [after, values]),
            fixed=fixed,
            kinks=kinks,
            kink_values=ca.Function("kinks", at_step, [_stacked([kink.value for kink in kinks])]),
            data_table=self._data_table(),
        )

    def _check_size(self, outputs: Layout) -> None:
        """InvalidRequest for a result that would not fit into memory."""
        size = (outputs.size + self.states.size) * len(self.grid.times)
        if size > LARGEST_RESULT:
            found = f"a run gives {size:.3g} numbers; at most {LARGEST_RESULT:.3g} fit into memory."
            advice = "Name the outputs that you need, or take a larger TIME STEP."
            raise InvalidRequest(Fault(found, file=self.system.name, advice=advice))

    @cached_property
    def symbols(self) -> _Symbols:
        """The symbols of all inputs."""
        return _Symbols(
            ca.SX.sym("stocks", self.states.size),
            ca.SX.sym("levers", self.levers.size),
            ca.SX.sym("constants", self.constants.size),
            ca.SX.sym("data", self.data.size * len(self.offsets)),
            ca.SX.sym("initials", self.initials.size),
            ca.SX.sym("time"),
        )

    @cached_property
    def offsets(self) -> tuple[float, ...]:
        """The fractions of a step at which the method asks for data."""
        return OFFSETS[self.system.method]

    def _given(self, offset: float) -> Columns:
        """Levers, constants, and data at a fraction of the step; levers hold over the whole step."""
        start = self.offsets.index(offset) * self.data.size
        data = self.symbols.data[start : start + self.data.size]
        levers, constants = self.levers.split(self.symbols.levers), self.constants.split(self.symbols.constants)
        return {**self.data.split(data), **levers, **constants}

    def _initial_stocks(self) -> Column:
        known = {**self._given(0.0), **self.initials.split(self.symbols.initials)}
        found = evaluate(self.system, self.states.rows, self._known(known, 0.0), initial=True)
        return _stacked([found.columns[name] for name in self.states.rows])

    def _known(self, columns: Columns, offset: float) -> Known:
        time = self.symbols.time if offset == 0.0 else self.symbols.time + offset * self.grid.step
        return Known(columns, time, ca.DM(self.grid.step), self.symbols.time)

    def _moment(self, stocks: Columns, offset: float, wanted: Iterable[str] = ()) -> Evaluated:
        """The wanted variables, and all that flows and next values need, at a fraction of the step."""
        needed = {name for state in self.states.rows for name in _right_side(self.system.variables[state])}
        known = self._known({**self._given(offset), **stocks}, offset)
        return evaluate(self.system, sorted({*wanted, *needed}), known)

    def _after(self, now: Evaluated) -> Column:
        """Stocks and samples one step later, samples as they follow from its beginning.

        What rounding leaves below zero in stocks that cannot be negative is cut off: their flows see to the rest.
        """
        begin = self.states.split(self.symbols.stocks)
        held = {name: column for name, column in now.columns.items() if self._variable(name).held}

        def flows(stocks: Columns, offset: float) -> Columns:
            given = {**begin, **held, **stocks}
            return self._sides(now if offset == 0.0 else self._moment(given, offset), Kind.STOCK)

        def move(along: Columns, fraction: float) -> Columns:
            moved = {n: begin[n] + flow * (fraction * self.grid.step) for n, flow in along.items()}
            return {n: ca.fmax(col, 0.0) if self._variable(n).non_negative else col for n, col in moved.items()}

        moved = METHODS[self.system.method](begin, flows, move)
        later = {**moved, **self._sides(now, Kind.SAMPLE)}
        return _stacked([later[name] for name in self.states.rows])

    def _variable(self, name: str) -> Variable:
        return self.system.variables[name]

    def _sides(self, found: Evaluated, kind: Kind) -> Columns:
        """The right-hand sides of the states of one kind: net flows of stocks, next values of samples."""
        variables = (self.system.variables[name] for name in self.states.rows)
        return {v.name: found.side(v, current) for v in variables if v.kind is kind}

    def _data_table(self) -> FloatArray:
        """Values of all data at all times, below each other for each fraction of the step."""
        variables = [self.system.variables[name] for name in self.data.rows]
        if not variables:
            return np.zeros((0, len(self.grid.times)))
        at = [self.grid.times + offset * self.grid.step for offset in self.offsets]
        return np.concatenate([data_values(self.system, v, times).T for times in at for v in variables])


def _right_side(variable: Variable) -> frozenset[str]:
    """What the definition of a stock or sample refers to."""
    sides = (equation.definition for equation in variable.equations)
    found = (references(side) for side in sides if not isinstance(side, Values | Series))
    return frozenset().union(*found) - {"Time"}


def _stacked(columns: Sequence[Column]) -> Column:
    return ca.vertcat(*(ca.SX(column) for column in columns)) if columns else ca.SX(0, 1)


def _moves(switch: Column, inputs: Sequence[Column]) -> bool:
    """Whether stocks, levers or constants move a switch; one that time alone moves is no kink of a derivative."""
    return any(part.numel() and bool(ca.depends_on(switch, part)) for part in inputs)

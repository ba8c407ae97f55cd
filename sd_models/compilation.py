"""A system to CasADi functions: initial values, one step, and the whole run.

One step takes the stocks and what is given at a time and returns the stocks one step later and the outputs now. The run
is that function repeated (`mapaccum`), so its derivatives come from CasADi's reverse sweep over the same steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import casadi as ca
import numpy as np

from .casadi_functions import Column, Kink, is_number
from .errors import Fault, InvalidRequest
from .evaluation import Evaluated, Known, data_values, evaluate
from .ordering import current, dependencies
from .rewrites import expand_stateful, fold_constants
from .system import FloatArray, Kind, Method, System, Variable
from .timing import TimeGrid, TimeSpan, control_values, time_grid, with_time

STATES = (Kind.STOCK, Kind.SAMPLE)
# Simplification would reorder products of constants and so move results by rounding errors across a threshold.
SIMPLIFY = False


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
        stop = start + int(np.prod(system.shape(system.variables[name]), dtype=np.int64))
        rows[name] = slice(start, stop)
        start = stop
    return Layout(rows)


@dataclass(frozen=True)
class Model:
    """A compiled system: which columns its functions take, and the functions.

    `system` is as the modeller wrote it, `expanded` after the rewrites. Levers are variables given for every time,
    constants are given once a run, initials are stocks whose initial value is given. `outputs` lists what the step
    function returns, `fixed` holds the outputs that cannot change, flat.
    """

    system: System
    expanded: System
    grid: TimeGrid
    states: Layout
    levers: Layout
    constants: Layout
    initials: Layout
    data: Layout
    outputs: Layout
    start: ca.Function
    step: ca.Function
    fixed: Mapping[str, FloatArray]
    kinks: tuple[Kink, ...]
    kink_values: ca.Function
    data_table: FloatArray

    @cached_property
    def run(self) -> ca.Function:
        """(initial stocks, levers, constants, data, times) to (stocks after each step, outputs at each time).

        All steps stand in one row: CasADi's default, groups of groups of ten, takes three times the memory to build.
        """
        steps = len(self.grid.times)
        return self.step.mapaccum("run", steps, {"base": steps + 1})

    @cached_property
    def forward(self) -> ca.Function:
        """(levers, constants, initials) to the outputs at each time: the run with its data and times filled in."""
        count = len(self.grid.times)
        u, p, i = (
            ca.MX.sym(name, *shape)
            for name, shape in (
                ("levers", (self.levers.size, count)),
                ("constants", (self.constants.size, 1)),
                ("initials", (self.initials.size, 1)),
            )
        )
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
) -> Model:
    """The compiled system, with these variables as inputs; `outputs` are all variables unless named."""
    timed = with_time(system, time)
    control = control_values(timed)
    expanded = expand_stateful(timed, initial_time=control["INITIAL TIME"], time_step=control["TIME STEP"])
    chosen = Inputs(
        tuple(_named(expanded, levers, "lever")),
        tuple(_named(expanded, constants, "constant")),
        tuple(_named(expanded, initial, "initial")),
    )
    folded = fold_constants(expanded, keep=(*chosen.levers, *chosen.constants))
    return _Compiler(system, folded, time_grid(folded), chosen, _outputs(timed, folded, outputs)).model()


@dataclass(frozen=True, slots=True)
class Inputs:
    """The names of the variables that are given from outside."""

    levers: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    initials: tuple[str, ...] = ()


def _named(system: System, names: Iterable[str], role: str) -> Iterator[str]:
    """The names in the modeller's spelling; InvalidRequest for one that cannot take that role."""
    for name in dict.fromkeys(names):
        variable = system[name]
        allowed = _ROLES[role]
        if variable.kind not in allowed:
            found = f"{variable.name!r} is a {variable.kind}; {role} takes {' or '.join(allowed)}."
            raise InvalidRequest(Fault(found, file=system.name, advice=_ADVICE[role]))
        yield variable.name


_ROLES: Mapping[str, tuple[Kind, ...]] = {
    "lever": (Kind.CONSTANT, Kind.AUXILIARY, Kind.DATA),
    "constant": (Kind.CONSTANT, Kind.AUXILIARY),
    "initial": STATES,
}
_ADVICE = {
    "lever": "Stocks follow from their flows; take a flow, or the initial value.",
    "constant": "Give a path over time as a lever, an initial value as initial.",
    "initial": "Give a constant as constants, a path over time as levers.",
}


def _outputs(system: System, expanded: System, names: Iterable[str] | None) -> tuple[str, ...]:
    """The variables that a run returns: all but tables and what rewrites added, unless they are named."""
    if names is not None:
        return tuple(dict.fromkeys(expanded[name].name for name in names))
    return tuple(variable.name for variable in system if variable.kind is not Kind.TABLE and not variable.origin)


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Operations in the order of the equations: CasADi's simplification reorders factors, which moves rounding."""
    before = ca.GlobalOptions.getSimplificationOnTheFly()
    ca.GlobalOptions.setSimplificationOnTheFly(SIMPLIFY)
    try:
        yield
    finally:
        ca.GlobalOptions.setSimplificationOnTheFly(before)


@dataclass
class _Compiler:
    """Builds the functions of a model."""

    original: System
    system: System
    grid: TimeGrid
    inputs: Inputs
    wanted: tuple[str, ...]

    def model(self) -> Model:
        """The compiled model."""
        system = self.system
        states = layout(system, [v.name for v in system.of_kind(*STATES) if v.name not in self.inputs.levers])
        levers, constants = layout(system, self.inputs.levers), layout(system, self.inputs.constants)
        data_names = [v.name for v in system.of_kind(Kind.DATA) if v.name not in self.inputs.levers]
        data, initials = layout(system, data_names), layout(system, self.inputs.initials)
        x, u, p = (ca.SX.sym(n, part.size) for n, part in (("x", states), ("u", levers), ("p", constants)))
        e, i, t = ca.SX.sym("e", self._data_columns(data)), ca.SX.sym("i", initials.size), ca.SX.sym("t")
        step = ca.DM(self.grid.step)
        with exact_arithmetic():
            given = {**levers.split(u), **constants.split(p)}
            at = lambda offset: {**given, **data.split(e[offset * data.size : (offset + 1) * data.size])}
            begin = self._initial(Known({**at(0), **initials.split(i)}, t, step), states)
            now = self._moment(states, x, at(0), t, self.wanted)
            fixed = {n: np.asarray(now.columns[n]).ravel() for n in self.wanted if is_number(now.columns[n])}
            outputs = layout(system, [name for name in self.wanted if name not in fixed])
            after = _METHODS[system.method](self, states, x, now, at, t)
            y = _stacked([now.columns[name] for name in outputs.rows])
        kinks = tuple(kink for kink in now.kinks if _moves(kink.switch, (x, u, p)))
        return Model(
            system=self.original,
            expanded=system,
            grid=self.grid,
            states=states,
            levers=levers,
            constants=constants,
            initials=initials,
            data=data,
            outputs=outputs,
            start=ca.Function("start", [u, p, e, i, t], [begin]),
            step=ca.Function("step", [x, u, p, e, t], [after, y]),
            fixed=fixed,
            kinks=kinks,
            kink_values=ca.Function("kinks", [x, u, p, e, t], [_stacked([k.switch for k in kinks])]),
            data_table=self._data_table(data),
        )

    # --- moments ----------------------------------------------------------------------------------------------------

    def _initial(self, known: Known, states: Layout) -> Column:
        """The stocks at the first time."""
        found = evaluate(self.system, states.rows, known, initial=True)
        return _stacked([found.columns[name] for name in states.rows])

    def _moment(
        self, states: Layout, x: Column, given: Mapping[str, Column], time: Column, wanted: Iterable[str]
    ) -> Evaluated:
        """The wanted variables, and all that flows and next values need, at one time."""
        needed = {name for state in states.rows for name in _side_references(self.system.variables[state])}
        known = Known({**given, **states.split(x)}, time, ca.DM(self.grid.step))
        return evaluate(self.system, sorted({*wanted, *needed} - {"Time"}), known)

    def sides(self, found: Evaluated, states: Layout, kind: Kind) -> dict[str, Column]:
        """The definitions of the states of one kind: net flows of stocks, next values of samples."""
        variables = (self.system.variables[name] for name in states.rows)
        return {v.name: found.side(v, current) for v in variables if v.kind is kind}

    # --- data -------------------------------------------------------------------------------------------------------

    def _data_columns(self, data: Layout) -> int:
        """Data at the time itself; Runge-Kutta also needs it in the middle and at the end of the step."""
        return data.size * (1 if self.system.method is Method.EULER else 3)

    def _data_table(self, data: Layout) -> FloatArray:
        """Values of all data at all times: (rows of data, times)."""
        offsets = (0.0,) if self.system.method is Method.EULER else (0.0, 0.5, 1.0)
        variables = [self.system.variables[name] for name in data.rows]
        columns = [
            np.concatenate([
                data_values(self.system, v, time + offset * self.grid.step) for offset in offsets for v in variables
            ])
            for time in self.grid.times
        ] if variables else []
        return np.array(columns).T if columns else np.zeros((0, len(self.grid.times)))


def _side_references(variable: Variable) -> frozenset[str]:
    """What the definition of a stock or sample refers to."""
    return dependencies(replace(variable, kind=Kind.AUXILIARY))


def _stacked(columns: Sequence[Column]) -> Column:
    return ca.vertcat(*(ca.SX(column) for column in columns)) if columns else ca.SX(0, 1)


def _moves(switch: Column, inputs: Sequence[Column]) -> bool:
    """Whether stocks, levers or constants move a switch; one that time alone moves is no kink of a derivative."""
    return any(part.numel() and bool(ca.depends_on(switch, part)) for part in inputs)


Given = Callable[[int], Mapping[str, Column]]


def _advance(compiler: _Compiler, states: Layout, x: Column, flows: Mapping[str, Column], factor: float) -> Column:
    """The stocks after a part of a step along flows; samples stay."""
    parts = states.split(x)
    moved = {n: part if n not in flows else _cut(compiler, n, part + flows[n] * (factor * compiler.grid.step)) for n, part in parts.items()}
    return _stacked(list(moved.values()))


def _cut(compiler: _Compiler, name: str, column: Column) -> Column:
    """A stock that cannot be negative is cut off at zero."""
    return ca.fmax(column, 0.0) if compiler.system.variables[name].non_negative else column


def _euler(compiler: _Compiler, states: Layout, x: Column, now: Evaluated, given: Given, time: Column) -> Column:
    flows = compiler.sides(now, states, Kind.STOCK)
    return _with_samples(compiler, states, now, _advance(compiler, states, x, flows, 1.0))


def _with_samples(compiler: _Compiler, states: Layout, now: Evaluated, x: Column) -> Column:
    """The states with samples at their next value, which is taken at the beginning of the step."""
    parts = {**states.split(x), **compiler.sides(now, states, Kind.SAMPLE)}
    return _stacked([parts[name] for name in states.rows])


def _runge_kutta_4(
    compiler: _Compiler, states: Layout, x: Column, now: Evaluated, given: Given, time: Column
) -> Column:
    """The classical method with a fixed step (Kutta 1901)."""
    step = compiler.grid.step
    first = compiler.sides(now, states, Kind.STOCK)
    second = _flows(compiler, states, _advance(compiler, states, x, first, 0.5), given(1), time + step / 2)
    third = _flows(compiler, states, _advance(compiler, states, x, second, 0.5), given(1), time + step / 2)
    fourth = _flows(compiler, states, _advance(compiler, states, x, third, 1.0), given(2), time + step)
    flows = {n: (first[n] + 2.0 * second[n] + 2.0 * third[n] + fourth[n]) / 6.0 for n in first}
    return _with_samples(compiler, states, now, _advance(compiler, states, x, flows, 1.0))


def _runge_kutta_2(
    compiler: _Compiler, states: Layout, x: Column, now: Evaluated, given: Given, time: Column
) -> Column:
    """Heun's method: the mean of the flows at both ends of the step."""
    first = compiler.sides(now, states, Kind.STOCK)
    end = _flows(compiler, states, _advance(compiler, states, x, first, 1.0), given(2), time + compiler.grid.step)
    flows = {name: (first[name] + end[name]) / 2.0 for name in first}
    return _with_samples(compiler, states, now, _advance(compiler, states, x, flows, 1.0))


def _flows(
    compiler: _Compiler, states: Layout, x: Column, given: Mapping[str, Column], time: Column
) -> Mapping[str, Column]:
    return compiler.sides(compiler._moment(states, x, given, time, ()), states, Kind.STOCK)


_METHODS: Mapping[Method, Callable[[_Compiler, Layout, Column, Evaluated, Given, Column], Column]] = {
    Method.EULER: _euler,
    Method.RK2: _runge_kutta_2,
    Method.RK4: _runge_kutta_4,
}


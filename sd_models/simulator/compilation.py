"""A prepared system compiled: by LLVM for runs and derivatives, by CasADi where functions are asked for or LLVM is not.

Of both, one step takes the stocks and what is given at a time and returns the stocks one step later and the outputs
now; a run is that step again and again. Kernels and functions are made when they are first needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from math import isqrt

import casadi as ca
import numpy as np

from ..dynamics.functions import Column, Kink
from ..dynamics.preparation import Layout, Preparation, layout, prepare
from ..dynamics.step import Given, Step
from ..dynamics.timing import TimeSpan
from ..errors import Fault, InvalidRequest
from ..system.model import FloatArray, System, key
from ..targets.casadi.arithmetic import Symbols, is_number, switch_value
from ..targets.casadi.evaluation import lowering
from ..targets.native.model import NativeModel
from .engines import Engine, choose

# Steps stand in one row up to this many: CasADi's default, groups of groups of ten, takes six times the memory with
# thousands of regions. Beyond, groups of the square root of their number: a chain of groups and of the steps left over
# takes memory with its length times the number of steps, 20 GB for 12,801 steps in groups of 10,000.
STEPS_IN_A_ROW = 10_000
# Outputs times steps of one run; 8 bytes each.
LARGEST_RESULT = 500_000_000


@dataclass(frozen=True, eq=False)
class Functions:
    """A prepared system as CasADi functions.

    `start` takes (levers, constants, data, initials, time) to the stocks at the first time; `step` takes (stocks,
    levers, constants, data, time) to the stocks one step later and the outputs; `kink_values` takes the same to the
    switches of `kinks`. `fixed` holds the outputs that cannot change, flat.
    """

    outputs: Layout
    fixed: Mapping[str, FloatArray]
    start: ca.Function
    step: ca.Function
    kinks: tuple[Kink, ...]
    kink_values: ca.Function


@dataclass(frozen=True)
class CompiledModel(Preparation):
    """A prepared system with what runs it.

    `outputs` lists what a step returns, `fixed` holds the outputs that cannot change, flat. `native` are its kernels,
    None where CasADi runs it; `functions` are then there already.
    """

    outputs: Layout
    fixed: Mapping[str, FloatArray]
    native: NativeModel | None
    made: Functions | None = None

    @cached_property
    def functions(self) -> Functions:
        """The CasADi functions, with the outputs of the model."""
        return self.made or _functions(self, self.outputs)

    @property
    def start(self) -> ca.Function:
        """(levers, constants, data, initials, time) to the stocks at the first time."""
        return self.functions.start

    @property
    def step(self) -> ca.Function:
        """(stocks, levers, constants, data, time) to the stocks one step later and the outputs."""
        return self.functions.step

    @property
    def kinks(self) -> tuple[Kink, ...]:
        """Where the equations are not differentiable."""
        return self.functions.kinks

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
        return self.functions.kink_values.map(len(self.grid.times))

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
    engine: Engine | str | None = None,
) -> CompiledModel:
    """The compiled system, with these variables as inputs; `outputs` are all variables unless named.

    It runs by the engine named, else by the one that `engines.choose` takes.
    """
    prepared = prepare(system, levers=levers, constants=constants, initial=initial, outputs=outputs, time=time)
    native, note = choose(prepared, engine)
    noted = replace(prepared, expanded=replace(prepared.expanded, notes=(*prepared.expanded.notes, *note)))
    made = None if native is not None else _functions(prepared)
    found = native.taped if native is not None else made
    assert found is not None
    _check_size(prepared, found.outputs)
    kept = {field.name: getattr(noted, field.name) for field in fields(prepared)}
    return CompiledModel(**kept, outputs=found.outputs, fixed=found.fixed, native=native, made=made)


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

    @classmethod
    def of(cls, prepared: Preparation) -> _Symbols:
        """Symbols for the columns of a prepared system."""
        return cls(
            ca.SX.sym("stocks", prepared.states.size),
            ca.SX.sym("levers", prepared.levers.size),
            ca.SX.sym("constants", prepared.constants.size),
            ca.SX.sym("data", prepared.data.size * len(prepared.offsets)),
            ca.SX.sym("initials", prepared.initials.size),
            ca.SX.sym("time"),
        )

    def given(self, prepared: Preparation) -> Given:
        """What a step takes, by name."""
        size = prepared.data.size
        data = {o: self.data[i * size : (i + 1) * size] for i, o in enumerate(prepared.offsets)}
        return Given(
            prepared.states.split(self.stocks),
            prepared.levers.split(self.levers),
            prepared.constants.split(self.constants),
            prepared.initials.split(self.initials),
            {offset: prepared.data.split(column) for offset, column in data.items()},
            self.time,
        )


def _functions(prepared: Preparation, known: Layout | None = None) -> Functions:
    """The functions of a prepared system; its outputs are `known`, or those that can change."""
    symbols, system = _Symbols.of(prepared), prepared.expanded
    step = Step(prepared, symbols.given(prepared), Symbols(), lambda columns: lowering(system, columns))
    with exact_arithmetic():
        begin = _stacked(step.first().values())
        now = step.now()
        after = _stacked(step.after(now).values())
        fixed = {n: np.asarray(now.columns[n]).ravel() for n in prepared.wanted if is_number(now.columns[n])}
        outputs = known or layout(system, [name for name in prepared.wanted if name not in fixed])
        values = _stacked(now.columns[name] for name in outputs.rows)
    moving = (symbols.stocks, symbols.levers, symbols.constants)
    found = (kink for kink in now.kinks if system.variables[kink.variable].kinked)
    kinks = tuple(kink for kink in found if _moves(kink.switch, moving))
    given = [symbols.levers, symbols.constants, symbols.data]
    at_step = [symbols.stocks, *given, symbols.time]
    return Functions(
        outputs,
        fixed,
        start=ca.Function("start", [*given, symbols.initials, symbols.time], [begin]),
        step=ca.Function("step", at_step, [after, values]),
        kinks=kinks,
        kink_values=ca.Function("kinks", at_step, [_stacked(map(switch_value, kinks))]),
    )


def _check_size(prepared: Preparation, outputs: Layout) -> None:
    """InvalidRequest for a result that would not fit into memory."""
    size = (outputs.size + prepared.states.size) * len(prepared.grid.times)
    if size > LARGEST_RESULT:
        found = f"a run gives {size:.3g} numbers; at most {LARGEST_RESULT:.3g} fit into memory."
        advice = "Name the outputs that you need, or take a larger TIME STEP."
        raise InvalidRequest(Fault(found, file=prepared.system.name, advice=advice))


def _stacked(columns: Iterable[Column]) -> Column:
    stacked = [ca.SX(column) for column in columns]
    return ca.vertcat(*stacked) if stacked else ca.SX(0, 1)


def _moves(switch: Column, inputs: Sequence[Column]) -> bool:
    """Whether stocks, levers or constants move a switch; one that time alone moves is no kink of a derivative."""
    return any(part.numel() and bool(ca.depends_on(switch, part)) for part in inputs)

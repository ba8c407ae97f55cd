"""A system with its inputs, states and outputs: what stands in which rows of which column.

Inputs are chosen, checked, and kept from folding; delays become stocks; outflows of stocks that cannot be negative are
cut. What is left is the same for every target.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..errors import Fault, InvalidRequest
from ..numbers.evaluation import data_values
from ..rewrites import cut_outflows, expand_stateful, fold_constants, lengths
from ..system.model import FloatArray, Kind, System
from ..system.ordering import stages
from .functions import Column
from .integration import OFFSETS
from .timing import CONTROLS, TimeGrid, TimeSpan, control_values, division_notes, time_grid, with_time

STATES = (Kind.STOCK, Kind.SAMPLE)


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
class Preparation:
    """A system ready for targets.

    `system` is as the modeller wrote it, `expanded` after the rewrites. Levers are variables given for every time,
    constants are given once a run, initials are stocks whose initial value is given. `wanted` are the variables that a
    run returns.
    """

    system: System
    expanded: System
    grid: TimeGrid
    states: Layout
    levers: Layout
    constants: Layout
    initials: Layout
    data: Layout
    wanted: tuple[str, ...]

    @property
    def offsets(self) -> tuple[float, ...]:
        """The fractions of a step at which the method asks for data."""
        return OFFSETS[self.expanded.method]

    @cached_property
    def data_table(self) -> FloatArray:
        """Values of all data at all times, below each other for each fraction of the step: (rows, times)."""
        variables = [self.expanded.variables[name] for name in self.data.rows]
        if not variables:
            return np.zeros((0, len(self.grid.times)))
        at = [self.grid.times + offset * self.grid.step for offset in self.offsets]
        return np.concatenate([data_values(self.expanded, v, times).T for times in at for v in variables])


def prepare(
    system: System,
    *,
    levers: Iterable[str] = (),
    constants: Iterable[str] = (),
    initial: Iterable[str] = (),
    outputs: Iterable[str] | None = None,
    time: TimeSpan | None = None,
) -> Preparation:
    """The system with these variables as inputs; `outputs` are all variables unless named.

    Raises InvalidRequest for names that cannot be inputs or outputs, InvalidModel for what has no order.
    """
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
    return Preparation(
        system=system,
        expanded=replace(folded, notes=tuple(notes)),
        grid=grid,
        states=layout(folded, [v.name for v in folded.of_kind(*STATES)]),
        levers=layout(folded, chosen["lever"]),
        constants=layout(folded, chosen["constant"]),
        initials=layout(folded, chosen["initial"]),
        data=layout(folded, [v.name for v in folded.of_kind(Kind.DATA) if v.name not in chosen["lever"]]),
        wanted=_outputs(timed, folded, outputs),
    )


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

"""Evaluates the variables of a system at one moment, stage by stage, with symbols or with numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import casadi as ca
import numpy as np

from ...system.expression import Expr, refs
from ...system.model import Equation, FloatArray, Kind, Series, System, Values, Variable
from ...system.ordering import Stage, at_start, circle_error, current, stages
from .functions import Column, Kink, Moment, series_value
from .lowering import Lowering, Window

Part = Callable[[Equation], Expr | Values | None]


@dataclass(frozen=True, slots=True)
class Known:
    """What is given from outside at a moment: columns of stocks, levers, parameters and data by name, and the time."""

    columns: Mapping[str, Column]
    time: Column
    time_step: Column


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The columns of all variables that were needed, and where they are not differentiable."""

    lowering: Lowering

    @property
    def kinks(self) -> tuple[Kink, ...]:
        """The kinks of all that has been evaluated, the sides of stocks and samples included."""
        return tuple(self.lowering.moment.kinks)

    @property
    def columns(self) -> Mapping[str, Column]:
        """Column of each variable."""
        return self.lowering.columns

    def side(self, variable: Variable, part: Part) -> Column:
        """A side of a variable's equations (a flow, a next value) at this moment."""
        return self.lowering.variable(variable, part)


def evaluate(system: System, wanted: Iterable[str], known: Known, *, initial: bool = False) -> Evaluated:
    """The wanted variables and all that they need, from what is known; `initial` evaluates initial values."""
    moment = Moment(known.time, known.time_step)
    lowering = Lowering(system, dict(known.columns), moment)
    part = at_start if initial else current
    for stage in stages(system, wanted, given=frozenset(known.columns), initial=initial):
        if stage.circular:
            _element_by_element(lowering, stage, part, initial=initial)
            continue
        variable = system.variables[stage.variables[0]]
        if variable.name not in lowering.columns and variable.kind is not Kind.TABLE:
            lowering.columns[variable.name] = lowering.variable(variable, part)
    return Evaluated(lowering)


def numbers(
    system: System, wanted: Iterable[str], time: float, time_step: float, *, initial: bool = True
) -> dict[str, FloatArray]:
    """Values of variables at one time as flat arrays, with data read at that time; stocks at their initial values."""
    data = {variable.name: ca.DM(data_values(system, variable, time)) for variable in system.of_kind(Kind.DATA)}
    found = evaluate(system, wanted, Known(data, ca.DM(time), ca.DM(time_step)), initial=initial)
    return {name: np.asarray(found.columns[name]).ravel() for name in wanted}


def data_values(system: System, variable: Variable, time: float) -> FloatArray:
    """A data variable at one time, flat; elements without an equation are NaN."""
    lowering = Lowering(system, {}, Moment(ca.DM(time), ca.DM(1.0), variable.name))
    values = np.full(int(np.prod(system.shape(variable), dtype=np.int64)), np.nan)
    for equation in variable.equations:
        rows = lowering.rows(variable, equation)
        match equation.definition:
            case Series():
                values[rows] = np.broadcast_to(series_value(equation.definition, time).ravel(), rows.shape)
            case Values():
                values[rows] = equation.definition.array.ravel()
    return values


@dataclass(frozen=True, slots=True)
class _Piece:
    """One element of one equation, as a window on the equation's axes."""

    variable: Variable
    equation: Equation
    definition: Expr | Values
    window: Window


def _element_by_element(lowering: Lowering, stage: Stage, part: Part, *, initial: bool) -> None:
    """Columns of variables that need each other's elements; InvalidModel where elements form a circle."""
    system = lowering.system
    pieces = {
        (variable.name, int(row)): piece
        for name in stage.variables
        for variable in (system.variables[name],)
        for row, piece in _pieces(lowering, variable, part)
    }
    graph = {node: sorted(_needs(lowering, piece, frozenset(stage.variables))) for node, piece in pieces.items()}
    try:
        order = tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = [_element_name(system, name, row) for name, row in error.args[1][:-1]]
        raise circle_error(system, reversed(circle), initial=initial) from error
    for name in stage.variables:
        lowering.columns[name] = ca.SX(ca.DM.nan(int(np.prod(system.shape(system.variables[name]))), 1))
    for name, row in order:
        piece = pieces[(name, row)]
        lowering.moment.variable = name
        _, column = lowering.equation(piece.variable, piece.equation, piece.definition, piece.window)
        lowering.columns[name][row] = column
    _as_numbers(lowering, stage)


def _as_numbers(lowering: Lowering, stage: Stage) -> None:
    """Columns that hold no symbol become numbers again."""
    for name in stage.variables:
        column = lowering.columns[name]
        if column.is_constant():
            lowering.columns[name] = ca.evalf(column)


def _pieces(lowering: Lowering, variable: Variable, part: Part) -> Iterator[tuple[int, _Piece]]:
    for equation in variable.equations:
        definition = part(equation)
        if definition is None:
            continue
        axes = lowering.axes(equation)
        rows = lowering.rows(variable, equation)
        kept = lowering.kept(variable, equation)
        for position, (row, keep) in enumerate(zip(rows, kept, strict=True)):
            if keep:
                places = np.unravel_index(position, lowering.lengths(axes)) if axes else ()
                window = {axis: (int(place),) for axis, place in zip(axes, places, strict=True)}
                yield int(row), _Piece(variable, equation, definition, window)


def _needs(lowering: Lowering, piece: _Piece, names: frozenset[str]) -> set[tuple[str, int]]:
    """The elements of the same stage that a piece needs."""
    if isinstance(piece.definition, Values):
        return set()
    inner = (ref for ref in refs(piece.definition) if ref.name in names)
    return {(ref.name, int(row)) for ref in inner for row in lowering.gather(ref, piece.window)[1].ravel()}


def _element_name(system: System, name: str, row: int) -> str:
    variable = system.variables[name]
    if not variable.dimensions:
        return name
    places = np.unravel_index(row, system.shape(variable))
    elements = (system.dimensions[d].elements[int(i)] for d, i in zip(variable.dimensions, places, strict=True))
    return f"{name}[{', '.join(elements)}]"


def element_names(system: System, variable: Variable) -> list[str]:
    """The variable's name with each of its elements, in the order of its column."""
    size = int(np.prod(system.shape(variable), dtype=np.int64))
    return [_element_name(system, variable.name, row) for row in range(size)]

"""Evaluates the variables of a system at one moment, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import casadi as ca

from ...system.alignment import Alignment
from ...system.elements import Part, pieces_in_order
from ...system.model import Kind, System, Variable
from ...system.ordering import Stage, at_start, current, stages
from .functions import Column, Kink, Moment
from .lowering import Lowering


@dataclass(frozen=True, slots=True)
class Known:
    """What is given from outside at a moment: columns of stocks, levers, parameters and data by name, and the time."""

    columns: Mapping[str, Column]
    time: Column
    time_step: Column
    beginning: Column | None = None  # of the step; None where it is the time


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
    moment = Moment(known.time, known.time_step, beginning=known.beginning)
    lowering = Lowering(Alignment(system), dict(known.columns), moment)
    part = at_start if initial else current
    for stage in stages(system, wanted, given=frozenset(known.columns), initial=initial):
        if stage.circular:
            _element_by_element(lowering, stage, part, initial=initial)
            continue
        variable = system.variables[stage.variables[0]]
        if variable.name not in lowering.columns and variable.kind is not Kind.TABLE:
            lowering.columns[variable.name] = lowering.variable(variable, part)
    return Evaluated(lowering)


def _element_by_element(lowering: Lowering, stage: Stage, part: Part, *, initial: bool) -> None:
    """Columns of variables that need each other's elements; InvalidModel where elements form a circle."""
    system = lowering.alignment.system
    pieces = pieces_in_order(lowering.alignment, stage, part, initial=initial)
    for name in stage.variables:
        lowering.columns[name] = ca.SX(ca.DM.nan(system.size(system.variables[name]), 1))
    for piece in pieces:
        _, column = lowering.equation(piece.variable, piece.equation, piece.definition, piece.positions)
        lowering.columns[piece.variable.name][piece.row] = column
    _as_numbers(lowering, stage)


def _as_numbers(lowering: Lowering, stage: Stage) -> None:
    """Columns that hold no symbol become numbers again."""
    for name in stage.variables:
        column = lowering.columns[name]
        if column.is_constant():
            lowering.columns[name] = ca.evalf(column)

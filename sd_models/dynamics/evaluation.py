"""Evaluates the variables of a system at one moment, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..system.elements import Part
from ..system.model import Kind, System, Variable
from ..system.ordering import Stage, at_start, current, stages
from .functions import Column, Kink, Moment


@dataclass(frozen=True, slots=True)
class Known:
    """What is given from outside at a moment: columns of stocks, levers, parameters and data by name, and the time."""

    columns: Mapping[str, Column]
    time: Column
    time_step: Column
    beginning: Column | None = None  # of the step; None where it is the time


class Lowering(Protocol):
    """Makes columns of equations. It holds the columns of the variables known so far."""

    @property
    def columns(self) -> dict[str, Column]:
        """The column of each variable that is known."""

    @property
    def moment(self) -> Moment:
        """What functions see of time."""

    def variable(self, variable: Variable, part: Part) -> Column:
        """The column of a variable from its equations; `part` says which side of an equation counts."""

    def element_by_element(self, stage: Stage, part: Part, *, initial: bool) -> None:
        """Adds the columns of variables that need each other's elements; InvalidModel where elements form a circle."""


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


def evaluated(system: System, wanted: Iterable[str], lowering: Lowering, *, initial: bool = False) -> Evaluated:
    """The wanted variables and all that they need, from what the lowering knows; `initial` takes initial values."""
    part = at_start if initial else current
    for stage in stages(system, wanted, given=frozenset(lowering.columns), initial=initial):
        if stage.circular:
            lowering.element_by_element(stage, part, initial=initial)
            continue
        variable = system.variables[stage.variables[0]]
        if variable.name not in lowering.columns and variable.kind is not Kind.TABLE:
            lowering.columns[variable.name] = lowering.variable(variable, part)
    return Evaluated(lowering)

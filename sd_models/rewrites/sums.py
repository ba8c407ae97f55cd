"""Sums over many elements as variables of their own, so that a target may cut a step into loosely coupled parts.

What all regions share goes through a few sums. Written out, every region depends on every other one; with the sums held
as values of their own, each region depends on itself and on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..system.expression import Expr, Reduce, Ref, Subscript, free_axes, range_of, rebuild, references, rename_axes
from ..system.model import Equation, Kind, Series, System, Values, Variable
from .folding import unchanging


def name_sums(system: System, *, smallest: int = 4, keep: Iterable[str] = ()) -> tuple[System, Mapping[str, str]]:
    """The system with sums (and other reductions) of at least so many elements that can move as auxiliaries.

    Each comes twice: one that the equations refer to, and one of the same definition that none does. The mapping gives
    the second for the first: with the first as lever, the second is what it would be. Sums that only constants reach
    stay where they are; `keep` names constants that may move.
    """
    work = _Naming(system, smallest, unchanging(system, keep=keep))
    for variable in system.of_kind(Kind.AUXILIARY, Kind.STOCK, Kind.SAMPLE):
        work.variables[variable.name] = work.named(variable)
    return replace(system, variables=work.variables), work.twins


@dataclass
class _Naming:
    """The system while it grows."""

    given: System
    smallest: int
    still: frozenset[str]
    variables: dict[str, Variable] = field(init=False)
    twins: dict[str, str] = field(default_factory=dict)
    known: dict[Expr, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.variables = dict(self.given.variables)

    def named(self, variable: Variable) -> Variable:
        """The variable with its sums replaced."""
        return replace(variable, equations=tuple(self._equation(variable, part) for part in variable.equations))

    def _equation(self, variable: Variable, equation: Equation) -> Equation:
        definition = equation.definition
        if isinstance(definition, Values | Series) or equation.excluded:
            return equation
        return replace(equation, definition=rebuild(definition, reduce=lambda node: self._sum(variable, node)))

    def _sum(self, owner: Variable, node: Reduce) -> Expr:
        """The reference to the sum, or the sum itself where it is small, still, or moves along one range twice."""
        axes = free_axes(node)
        ranges = tuple(range_of(axis) for axis in axes)
        lengths = [len(self.given.dimensions[range_of(axis)].elements) for axis in node.axes]
        still = references(node) <= self.still
        if still or np.prod(lengths) < self.smallest or len(set(ranges)) < len(ranges):
            return node
        definition = rename_axes(node, dict(zip(axes, ranges, strict=True)))
        if definition not in self.known:
            self.known[definition] = self._add(owner, ranges, definition)
        subscripts = tuple(Subscript(name, axis) for name, axis in zip(ranges, axes, strict=True))
        return Ref(self.known[definition], subscripts)

    def _add(self, owner: Variable, ranges: tuple[str, ...], definition: Expr) -> str:
        count = sum(self.variables[name].origin == owner.name for name in self.twins) + 1
        name = f"{owner.name}: sum{f' {count}' if count > 1 else ''}"
        twin = f"{name} as it follows"
        equations = (Equation(ranges, definition, place=owner.place),)
        for each in (name, twin):
            self.variables[each] = Variable(
                each, Kind.AUXILIARY, ranges, equations, place=owner.place, origin=owner.name
            )
        self.twins[name] = twin
        return name

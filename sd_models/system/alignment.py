"""Alignment: which rows of a variable an equation defines and a reference reads, as NumPy indices.

The elements of a variable stand below each other in the order of its dimensions, the last one running fastest: their
places are its rows. An expression has a value at every position of its axes, in the same order. What joins the two is
index arithmetic of the system alone, so every target aligns with the same indices, and needs as few operations with
thousands of regions as with four.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import Fault, InvalidModel
from .expression import Number, Ref, Subscript, range_of
from .model import Equation, FloatArray, IndexArray, Mask, Series, System, Values, Variable
from .subscripts import Ranges

Axes: TypeAlias = tuple[str, ...]
Positions: TypeAlias = Mapping[str, tuple[int, ...]]
"""Axes that stay at some of their positions; the others move over all of theirs."""
EVERYWHERE: Positions = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Alignment:
    """The axes, lengths and rows of the equations and references of a system."""

    system: System

    @cached_property
    def ranges(self) -> Ranges:
        """The subscript ranges of the system."""
        return Ranges(self.system.dimensions)

    @cached_property
    def _gathered(self) -> dict[Ref, tuple[Axes, IndexArray]]:
        return {}

    # --- equations --------------------------------------------------------------------------------------------------

    def axes(self, equation: Equation) -> Axes:
        """The ranges on the left-hand side."""
        return tuple(name for name in equation.subscripts if name in self.system.dimensions)

    def rows(self, variable: Variable, equation: Equation, positions: Positions = EVERYWHERE) -> IndexArray:
        """The rows of the variable that the left-hand side names, its axes in order."""
        axes = self.axes(equation)
        left = tuple(Subscript(name, name if name in axes else None) for name in equation.subscripts)
        return self.gather(Ref(variable.name, left), positions)[1].ravel()

    def kept(self, variable: Variable, equation: Equation, positions: Positions = EVERYWHERE) -> Mask:
        """Which of the equation's rows its :EXCEPT: leaves."""
        rows = self.rows(variable, equation, positions)
        left_out = [self.rows(variable, Equation(group, Number(0.0))) for group in equation.excluded]
        return ~np.isin(rows, np.concatenate(left_out)) if left_out else np.ones(len(rows), dtype=bool)

    def given(self, values: Values, equation: Equation, positions: Positions = EVERYWHERE) -> FloatArray:
        """The numbers that stand in an equation, one for each of its rows."""
        shape = [len(self.ranges.elements(n)) if n in self.system.dimensions else 1 for n in equation.subscripts]
        places = [positions.get(name, range(size)) for name, size in zip(equation.subscripts, shape, strict=True)]
        return np.asarray(np.broadcast_to(values.array, shape)[np.ix_(*places)]).ravel()

    def tables(self, name: str) -> list[tuple[Series, IndexArray]]:
        """The points of a table and the rows of the variable that they hold for, equation by equation."""
        variable = self.system.variables[name]
        return [
            (equation.definition, self.rows(variable, equation))
            for equation in variable.equations
            if isinstance(equation.definition, Series)
        ]

    # --- axes -------------------------------------------------------------------------------------------------------

    def lengths(self, axes: Sequence[str], positions: Positions = EVERYWHERE) -> tuple[int, ...]:
        """The number of positions along each axis."""
        return tuple(
            len(positions[axis]) if axis in positions else len(self.system.dimensions[range_of(axis)].elements)
            for axis in axes
        )

    def count(self, axes: Sequence[str], positions: Positions = EVERYWHERE) -> int:
        """The number of positions of all axes together."""
        return prod(self.lengths(axes, positions))

    def gather(self, ref: Ref, positions: Positions = EVERYWHERE) -> tuple[Axes, IndexArray]:
        """The axes of a reference and the rows that it reads, as an array over these axes."""
        if positions:
            return self._gather(ref, positions)
        if ref not in self._gathered:
            self._gathered[ref] = self._gather(ref, positions)
        return self._gathered[ref]

    def _gather(self, ref: Ref, positions: Positions) -> tuple[Axes, IndexArray]:
        variable = self.system.variables[ref.name]
        axes = tuple(dict.fromkeys(s.axis for s in ref.subscripts if s.axis is not None))
        shape = self.system.shape(variable)
        indices = np.zeros((1,) * len(axes), dtype=np.int64)
        for place, (subscript, dimension) in enumerate(zip(ref.subscripts, variable.dimensions, strict=True)):
            steps = prod(shape[place + 1 :]) * self._places(subscript, dimension, positions)
            own = () if subscript.axis is None else (subscript.axis,)
            indices = indices + broadcastable(steps, own, axes)
        return axes, indices

    def _places(self, subscript: Subscript, dimension: str, positions: Positions) -> IndexArray:
        """The positions in the dimension that a subscript goes through."""
        elements = self.system.dimensions[dimension].elements
        if subscript.axis is None:
            return np.array(elements.index(subscript.name))
        aligned = self.ranges.aligned(subscript.name, range_of(subscript.axis))
        places = np.arange(len(elements)) if aligned == elements else self._found(subscript.name, aligned, dimension)
        return places[list(positions[subscript.axis])] if subscript.axis in positions else places

    def _found(self, name: str, wanted: Sequence[str], dimension: str) -> IndexArray:
        """The positions of elements of the range `name` in the dimension."""
        number = {element: i for i, element in enumerate(self.system.dimensions[dimension].elements)}
        missing = [element for element in wanted if element not in number]
        if missing:
            found = f"{missing[0]!r} of {name!r} is not an element of {dimension!r}."
            raise InvalidModel(Fault(found, file=self.system.name))
        return np.array([number[element] for element in wanted])

    def spread(self, own: Axes, axes: Axes, positions: Positions = EVERYWHERE) -> IndexArray:
        """For each position of the axes the one of `own`, which are among them in any order."""
        places = np.arange(self.count(own, positions)).reshape(self.lengths(own, positions))
        return np.broadcast_to(broadcastable(places, own, axes), self.lengths(axes, positions)).ravel()


def together(*axes: Axes) -> Axes:
    """All axes, each once, in the order in which they come."""
    return tuple(dict.fromkeys(axis for group in axes for axis in group))


def broadcastable(array: npt.NDArray[Any], own: Axes, axes: Axes) -> npt.NDArray[Any]:
    """An array over its own axes, turned so that NumPy broadcasts it over others that they are among.

    >>> broadcastable(np.zeros((2, 3)), ("region", "age"), ("age", "sex", "region")).shape
    (3, 1, 2)
    """
    order = [own.index(axis) for axis in axes if axis in own]
    shape = [array.shape[own.index(axis)] if axis in own else 1 for axis in axes]
    return array.transpose(order).reshape(shape)


def places_among(rows: IndexArray, wanted: IndexArray) -> tuple[IndexArray, Mask]:
    """For each wanted row its place among the rows, and whether it is there; 0 for one that is not.

    >>> places_among(np.array([5, 3]), np.array([3, 4, 5]))
    (array([1, 0, 0]), array([ True, False,  True]))
    """
    sorter = np.argsort(rows)
    found = sorter[np.minimum(np.searchsorted(rows, wanted, sorter=sorter), len(rows) - 1)]
    there = rows[found] == wanted
    return np.where(there, found, 0), there

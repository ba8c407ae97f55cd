"""The values of variables at one time, stage by stage, as NumPy arrays; and of data at many times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import Fault, InvalidModel
from ..system.alignment import (
    EVERYWHERE,
    Alignment,
    Axes,
    Positions,
    broadcastable,
    places_among,
    together,
)
from ..system.elements import Part, pieces_in_order
from ..system.expression import Call, Expr, Reduce, Ref, fold
from ..system.model import Equation, FloatArray, IndexArray, Kind, Series, System, Values, Variable, blaming
from ..system.ordering import Stage, at_start, current, stages
from .functions import FUNCTIONS, REDUCTIONS, Moment, inverse
from .tables import read, series_values


def numbers(
    system: System, wanted: Iterable[str], time: float, time_step: float, *, initial: bool = True
) -> dict[str, FloatArray]:
    """Values of variables at one time as flat arrays, with data read at that time; stocks at their initial values.

    A division by zero is infinite, a logarithm of a negative number NaN: whoever needs a number looks at it.
    """
    names = list(wanted)
    found = _Evaluation(Alignment(system), Moment(time, time_step), initial)
    with np.errstate(all="ignore"):
        for stage in stages(system, names, initial=initial):
            found.add(stage)
    return {name: found.values[name] for name in names}


def data_values(system: System, variable: Variable, times: FloatArray) -> FloatArray:
    """A data variable at times, (times, elements); elements without an equation are NaN."""
    alignment = Alignment(system)
    values = np.full((len(times), system.size(variable)), np.nan)
    for equation in variable.equations:
        rows = alignment.rows(variable, equation)
        match equation.definition:
            case Series():
                values[:, rows] = series_values(equation.definition, times)
            case Values():
                values[:, rows] = alignment.given(equation.definition, equation)
    return values


@dataclass(frozen=True, slots=True)
class _Block:
    """An array over `axes`; of a reference to a table the rows that it reads."""

    axes: Axes
    array: npt.NDArray[Any]

    def over(self, axes: Axes) -> npt.NDArray[Any]:
        """The array as it broadcasts over more axes."""
        return self.array if self.axes == axes else broadcastable(self.array, self.axes, axes)


@dataclass(frozen=True, eq=False)
class _Evaluation:
    """The variables known so far, flat, and what the others follow from."""

    alignment: Alignment
    moment: Moment
    initial: bool
    values: dict[str, FloatArray] = field(default_factory=dict)

    @property
    def part(self) -> Part:
        """Which side of an equation counts."""
        return at_start if self.initial else current

    def add(self, stage: Stage) -> None:
        """The values of the variables of a stage."""
        variables = [self.alignment.system.variables[name] for name in stage.variables]
        if stage.circular:
            self._element_by_element(stage, variables)
            return
        for variable in variables:
            if variable.kind is Kind.DATA:
                times = np.array([self.moment.time])
                self.values[variable.name] = data_values(self.alignment.system, variable, times)[0]
            elif variable.kind is not Kind.TABLE:
                self.values[variable.name] = self._variable(variable)

    def _variable(self, variable: Variable) -> FloatArray:
        result = self._unknown(variable)
        for equation in variable.equations:
            definition = self.part(equation)
            if definition is not None:
                rows, values = self._equation(variable, equation, definition)
                result[rows] = values
        return result

    def _element_by_element(self, stage: Stage, variables: Sequence[Variable]) -> None:
        """Variables that need each other's elements; InvalidModel where elements form a circle."""
        self.values.update((variable.name, self._unknown(variable)) for variable in variables)
        for piece in pieces_in_order(self.alignment, stage, self.part, initial=self.initial):
            _, values = self._equation(piece.variable, piece.equation, piece.definition, piece.positions)
            self.values[piece.variable.name][piece.rows[0]] = values[0]

    def _unknown(self, variable: Variable) -> FloatArray:
        return np.full(self.alignment.system.size(variable), np.nan)

    def _equation(
        self, variable: Variable, equation: Equation, definition: Expr | Values, positions: Positions = EVERYWHERE
    ) -> tuple[IndexArray, FloatArray]:
        """The rows of the variable that an equation defines, and their values."""
        with blaming(variable, self.alignment.system.name):
            rows = self.alignment.rows(variable, equation, positions)
            values = self._side(equation, definition, positions)
        if not equation.excluded:
            return rows, values
        kept = self.alignment.kept(variable, equation, positions)
        return rows[kept], values[kept]

    def _side(self, equation: Equation, definition: Expr | Values, positions: Positions) -> FloatArray:
        """The values of a side, one for each row of its equation."""
        if isinstance(definition, Values):
            return self.alignment.given(definition, equation, positions)
        axes = self.alignment.axes(equation)
        array = self._expression(definition, positions).over(axes)
        return np.broadcast_to(array, self.alignment.lengths(axes, positions)).ravel()

    def _expression(self, expr: Expr, positions: Positions) -> _Block:
        def call(node: Call, parts: tuple[_Block, ...]) -> _Block:
            special = _SPECIAL.get(node.function)
            return self._elementwise(node, parts) if special is None else special(self, node, parts)

        return fold(
            expr,
            number=lambda node: _Block((), np.array(node.value)),
            ref=lambda node: self._reference(node, positions),
            call=call,
            reduce=lambda node, part: self._reduction(node, part, positions),
        )

    def _reference(self, node: Ref, positions: Positions) -> _Block:
        """The rows of a variable that a reference reads."""
        if node.name == "Time":
            return _Block((), np.array(self.moment.time))
        axes, rows = self.alignment.gather(node, positions)
        is_table = self.alignment.system.variables[node.name].kind is Kind.TABLE
        return _Block(axes, rows if is_table else self.values[node.name][rows])

    def _elementwise(self, node: Call, parts: Sequence[_Block]) -> _Block:
        """A function that works element by element."""
        axes = together(*(part.axes for part in parts))
        found = FUNCTIONS[node.function](self.moment, *(part.over(axes) for part in parts))
        return _Block(axes, np.asarray(found, dtype=np.float64))

    def _reduction(self, node: Reduce, part: _Block, positions: Positions) -> _Block:
        """A sum, product, minimum or maximum over some axes of a block."""
        kept = tuple(axis for axis in part.axes if axis not in node.axes)
        lengths = self.alignment.lengths(kept, positions), self.alignment.lengths(node.axes, positions)
        array = np.broadcast_to(part.over((*kept, *node.axes)), (*lengths[0], *lengths[1]))
        return _Block(kept, REDUCTIONS[node.operator](array.reshape((*lengths[0], -1))))

    def lookup(self, node: Call, parts: Sequence[_Block]) -> _Block:
        """A table read at its argument; a subscripted table is read at each of its elements."""
        (table, argument), name = parts, node.arguments[0]
        assert isinstance(name, Ref)
        axes = together(argument.axes, table.axes)
        result = np.array(np.nan)  # of elements without points
        for series, rows in self.alignment.tables(name.name):
            places, mine = (_Block(table.axes, found).over(axes) for found in places_among(rows, table.array))
            result = np.where(mine, read(series, argument.over(axes), places), result)
        return _Block(axes, np.broadcast_to(result, np.broadcast_shapes(*(b.over(axes).shape for b in parts))))

    def invert(self, _node: Call, parts: Sequence[_Block]) -> _Block:
        """The inverse of each matrix over the last two axes."""
        block = parts[0]
        *_, height, width = (0, 1, *block.array.shape)  # fewer axes than two are no square
        if height != width:
            raise InvalidModel(Fault("INVERT MATRIX takes a whole matrix over two ranges of the same length."))
        return _Block(block.axes, inverse(block.array))


_SPECIAL: Mapping[str, Callable[[_Evaluation, Call, Sequence[_Block]], _Block]] = {
    "LOOKUP": _Evaluation.lookup,
    "INVERT MATRIX": _Evaluation.invert,
}
IMPLEMENTATIONS: Mapping[str, Callable[..., object]] = {**FUNCTIONS, **REDUCTIONS, **_SPECIAL}
"""Every function that can be computed."""

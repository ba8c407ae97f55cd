"""Inverses of matrices as instructions: cofactors over the determinant, each minor once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ..dynamics.functions import Operation
from ..errors import Fault, InvalidModel
from .recording import Recorder

LARGEST = 8  # rows: the minors of one that is larger are more than two thousand


def inverse(recorder: Recorder, matrix: Sequence[int], size: int) -> list[int]:
    """The instructions of the inverse, row after row; that of a singular matrix is not finite."""
    if size > LARGEST:
        found = (
            f"INVERT MATRIX of {size} rows is too large to be written as instructions; at most {LARGEST} are possible."
        )
        raise InvalidModel(Fault(found, advice="Invert a smaller matrix, or one that does not move."))

    @cache
    def minor(rows: tuple[int, ...], columns: tuple[int, ...]) -> int:
        """The determinant of these rows and columns, along the first row."""
        if not rows:
            return recorder.constant(1.0)
        total: int | None = None
        for place, column in enumerate(columns):
            rest = minor(rows[1:], columns[:place] + columns[place + 1 :])
            product = recorder.apply(Operation.MULTIPLY, matrix[rows[0] * size + column], rest)
            if total is None:
                total = product
            else:
                total = recorder.apply(Operation.SUBTRACT if place % 2 else Operation.ADD, total, product)
        assert total is not None
        return total

    everything = tuple(range(size))
    whole = minor(everything, everything)

    def entry(row: int, column: int) -> int:
        without = tuple(i for i in everything if i != column), tuple(i for i in everything if i != row)
        cofactor = minor(*without)
        signed = recorder.apply(Operation.NEGATE, cofactor) if (row + column) % 2 else cofactor
        return recorder.apply(Operation.DIVIDE, signed, whole)

    return [entry(row, column) for row in everything for column in everything]

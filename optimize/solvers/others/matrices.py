"""Linear and quadratic equations as matrices, for solvers that take numbers and no expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.repn.quadratic import QuadraticRepnVisitor
from pyomo.repn.util import OrderedVarRecorder
from scipy.sparse import coo_array, csr_array

from sd_models.system.model import FloatArray, IndexArray

from ...problems.pyomo_model import variable_sides
from ..highs import ConvexProgram
from .equations import Equations


@dataclass(frozen=True, eq=False)
class Matrices:
    """A `program` that minimizes, and which of its variables are levers, in their order; -1 for those it does not know.

    `whole` (mask) are those that have to be whole numbers, which few solvers know. `sign` is -1 where what people see
    is maximized, `constant` is in their direction, `held` are values of levers that no equation names.
    """

    program: ConvexProgram
    sign: float
    constant: float
    start: FloatArray
    places: IndexArray
    held: FloatArray
    whole: FloatArray

    def levers(self, values: FloatArray) -> FloatArray:
        """The levers among the values of all variables."""
        known = values[np.maximum(self.places, 0)] if len(values) else np.zeros(len(self.places))
        return np.where(self.places >= 0, known, self.held)

    def shown(self, cost: float) -> float:
        """A value of the program's cost as people see it."""
        return self.sign * cost + self.constant


def matrices(stated: Equations) -> Matrices:
    """The matrices of equations whose objective is at most quadratic and whose constraints are linear."""
    return _Reader(stated).read()


class _Reader:
    """Reads expressions by the numbers of their variables, in the order in which they come."""

    def __init__(self, stated: Equations) -> None:
        self.stated, self.order = stated, dict[int, Any]()
        self.visitor = QuadraticRepnVisitor({}, var_recorder=OrderedVarRecorder(self.order, {}, None))

    def read(self) -> Matrices:
        """All of it."""
        model = self.stated.model
        (goal,) = model.component_data_objects(pyo.Objective, active=True)
        sign = self.stated.sign
        aim = self.visitor.walk_expression(goal.expr)
        limits = [
            (*sides, self.visitor.walk_expression(body))
            for limit in model.component_data_objects(pyo.Constraint, active=True)
            for lower, body, upper in (limit.to_bounded_expression(evaluate_bounds=True),)
            for sides in ((lower, upper),)
        ]
        levers = list(model.levers.values())
        numbers = {key: place for place, key in enumerate(self.order)}
        variables = list(self.order.values())
        size = len(variables)
        cost = self._vector(aim.linear, numbers, size)
        entries = [
            (row, numbers[key], value) for row, (*_, found) in enumerate(limits) for key, value in found.linear.items()
        ]
        bounds = np.array([variable_sides(each) for each in variables]).reshape(-1, 2)
        program = ConvexProgram(
            cost=sign * cost,
            curvature=csr_array(sign * self._curvature(aim.quadratic or {}, numbers, size)),
            lower=bounds[:, 0],
            upper=bounds[:, 1],
            matrix=_sparse(entries, (len(limits), size)),
            row_lower=np.array(
                [-np.inf if low is None else low - f.constant for low, _, f in limits], dtype=np.float64
            ),
            row_upper=np.array(
                [np.inf if high is None else high - f.constant for _, high, f in limits], dtype=np.float64
            ),
        )
        start = np.array([each.value if each.value is not None else 0.0 for each in variables], dtype=np.float64)
        places = np.array([numbers.get(id(lever), -1) for lever in levers], dtype=np.int64)
        whole = np.array([not each.is_continuous() for each in variables], dtype=bool)
        return Matrices(program, sign, float(aim.constant), start, places, self.stated.levers, whole)

    @staticmethod
    def _vector(terms: dict[int, float], numbers: dict[int, int], size: int) -> FloatArray:
        found = np.zeros(size)
        for key, value in terms.items():
            found[numbers[key]] = value
        return found

    @staticmethod
    def _curvature(terms: dict[tuple[int, int], float], numbers: dict[int, int], size: int) -> csr_array:
        half = _sparse([(numbers[one], numbers[other], value) for (one, other), value in terms.items()], (size, size))
        return csr_array(half + half.T)


def _sparse(entries: list[tuple[int, int, float]], shape: tuple[int, int]) -> csr_array:
    rows = np.array([row for row, _, _ in entries], dtype=np.int64)
    columns = np.array([column for _, column, _ in entries], dtype=np.int64)
    values = np.array([value for _, _, value in entries], dtype=np.float64)
    return csr_array(coo_array((values, (rows, columns)), shape=shape))

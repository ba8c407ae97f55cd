"""Linear, quadratic and mixed-integer problems given in numbers, as programs with their equations.

All variables are levers and all rows are limits; a quadratic objective is one outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression
from scipy.sparse import csr_array, triu

from sd_models.system.model import FloatArray, IndexArray

from ..problems.program import NO_PLACES, Evaluation, Outcomes, Program


@dataclass(frozen=True, eq=False)
class Numbers:
    """minimize, or maximize, cost'x + 1/2 x'curvature x + constant within bounds and rows.

    `names` call the variables and `row_names` the rows; `integers` are the places of the whole ones.
    """

    cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    matrix: csr_array
    row_lower: FloatArray
    row_upper: FloatArray
    curvature: csr_array | None = None
    integers: IndexArray = field(default_factory=lambda: NO_PLACES)
    constant: float = 0.0
    maximize: bool = False
    names: tuple[str, ...] = ()
    row_names: tuple[str, ...] = ()
    reference: FloatArray | None = None

    @property
    def sign(self) -> float:
        """-1 where it is maximized."""
        return -1.0 if self.maximize else 1.0

    def program(self) -> Program:
        """The same as every solver sees it."""
        bent = self.curvature is not None
        rows, n = self.matrix.shape
        outcomes: Outcomes = Half(self.curvature) if self.curvature is not None else Nothing()
        return Program(
            outcomes=outcomes,
            sign=self.sign,
            lever_cost=self.sign * self.cost,
            outcome_cost=np.full(int(bent), self.sign),
            constant=self.sign * self.constant,
            lower=self.lower,
            upper=self.upper,
            lever_rows=self.matrix,
            outcome_rows=csr_array((rows, int(bent))),
            row_lower=self.row_lower,
            row_upper=self.row_upper,
            row_names=self.row_names,
            reference=np.clip(np.zeros(n), self.lower, self.upper) if self.reference is None else self.reference,
            integers=self.integers,
            equations=self.equations,
        )

    def equations(self, x: FloatArray) -> pyo.ConcreteModel:
        """The same in Pyomo, started at x."""
        model = pyo.ConcreteModel()
        names = self.names or tuple(f"x{place + 1}" for place in range(len(self.cost)))
        whole = set(self.integers.tolist())
        sides = dict(zip(names, zip(self.lower.tolist(), self.upper.tolist(), strict=True), strict=True))
        kinds = {name: pyo.Integers if place in whole else pyo.Reals for place, name in enumerate(names)}
        model.levers = pyo.Var(
            list(names), domain=lambda _, name: kinds[name], bounds=lambda _, name: _sides(*sides[name])
        )
        levers = list(model.levers.values())
        for lever, value in zip(levers, x.tolist(), strict=True):
            lever.set_value(value, skip_validation=True)
        model.limits = pyo.Constraint(pyo.Any)
        for key, row in self._rows(levers):
            model.limits[key] = row
        goal = LinearExpression(constant=self.constant, linear_coefs=self.cost.tolist(), linear_vars=levers)
        model.objective = pyo.Objective(expr=goal + self._bent(levers), sense=-1 if self.maximize else 1)
        model.scaling_factor = pyo.Suffix(direction=pyo.Suffix.EXPORT)
        return model

    def _rows(self, levers: list[Any]) -> Iterator[tuple[str, Any]]:
        """Each row under a name of its own."""
        matrix, told = self.matrix, self.row_names or ("row",) * self.matrix.shape[0]
        for row, name in enumerate(told):
            inside = slice(matrix.indptr[row], matrix.indptr[row + 1])
            body = LinearExpression(
                constant=0.0,
                linear_coefs=matrix.data[inside].tolist(),
                linear_vars=[levers[place] for place in matrix.indices[inside].tolist()],
            )
            lower, upper = _sides(float(self.row_lower[row]), float(self.row_upper[row]))
            yield f"{name} {row + 1}", (body == upper if lower == upper else (lower, body, upper))

    def _bent(self, levers: list[Any]) -> Any:
        """The quadratic part, each product once."""
        if self.curvature is None:
            return 0.0
        upper = triu(self.curvature).tocoo()
        parts = zip(upper.row.tolist(), upper.col.tolist(), upper.data.tolist(), strict=True)
        return pyo.quicksum(
            (0.5 * value * levers[i] ** 2 if i == j else value * levers[i] * levers[j]) for i, j, value in parts
        )


def _sides(lower: float, upper: float) -> tuple[float | None, float | None]:
    return (lower if np.isfinite(lower) else None, upper if np.isfinite(upper) else None)


@dataclass(frozen=True, eq=False)
class Nothing:
    """No outcomes: all is in the levers."""

    def evaluate(self, x: FloatArray) -> Evaluation:
        """The levers alone."""
        return Evaluation(x, np.zeros(0))

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """Of nothing."""
        return np.zeros((len(chosen), len(at.x)))

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:  # noqa: ARG002 - as in `Outcomes`
        """Nothing."""
        return np.zeros(len(at.x))

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:  # noqa: ARG002
        """Nothing."""
        return np.zeros(directions.shape)


@dataclass(frozen=True, eq=False)
class Half:
    """One outcome, 1/2 x'Q x; Q is symmetric."""

    matrix: csr_array

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Its value."""
        return Evaluation(x, np.array([0.5 * float(x @ (self.matrix @ x))]))

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """Q x."""
        return np.asarray(self.matrix @ at.x)[np.newaxis][chosen]

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """Q x times the weight."""
        return np.asarray(weights[0] * (self.matrix @ at.x))

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:  # noqa: ARG002
        """Q d times the weight."""
        return np.asarray(weights[0] * (self.matrix @ directions.T).T)

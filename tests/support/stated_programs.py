"""Small linear and quadratic programs with their equations: all variables are levers, 1/2 x'H x is an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
from scipy.sparse import csr_array

from optimize.problems.program import Evaluation, Program
from sd_models.system.model import FloatArray, IndexArray

CONSTANT = 3.0


@dataclass(frozen=True, eq=False)
class Curved:
    """1/2 x'H x as the one outcome."""

    matrix: FloatArray

    def evaluate(self, x: FloatArray) -> Evaluation:
        return Evaluation(x, np.array([0.5 * x @ self.matrix @ x]))

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        return np.array([self.matrix @ at.x])[chosen]

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        return np.asarray(weights[0] * (self.matrix @ at.x))

    def products(self, _: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        return np.asarray(weights[0] * directions @ self.matrix)


@dataclass(frozen=True, eq=False)
class Stated:
    """minimize 1/2 x'H x + g'x + 3 with rows and bounds, told so or (`sign` -1) as the maximum of its negative."""

    best: float
    matrix: FloatArray
    cost: FloatArray
    rows: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    lower: FloatArray
    upper: FloatArray
    sign: float = 1.0
    whole: tuple[int, ...] = ()

    def program(self) -> Program:
        """The program with its equations."""
        return Program(
            outcomes=Curved(self.matrix),
            sign=self.sign,
            lever_cost=self.cost,
            outcome_cost=np.ones(1),
            constant=CONSTANT,
            lower=self.lower,
            upper=self.upper,
            lever_rows=csr_array(self.rows),
            outcome_rows=csr_array((len(self.rows), 1)),
            row_lower=self.row_lower,
            row_upper=self.row_upper,
            equations=self._equations,
            integers=np.array(self.whole, dtype=np.int64),
        )

    def _equations(self, start: FloatArray) -> pyo.ConcreteModel:
        model: Any = pyo.ConcreteModel()
        model.levers = pyo.Var(range(len(self.cost)))
        x = list(model.levers.values())
        for lever, low, high, value in zip(x, self.lower, self.upper, start, strict=True):
            lever.setlb(_side(low))
            lever.setub(_side(high))
            lever.set_value(float(value))
        for place in self.whole:
            x[place].domain = pyo.Integers
        model.rows = pyo.ConstraintList()
        for row, low, high in zip(self.rows, self.row_lower, self.row_upper, strict=True):
            body = sum(float(a) * lever for a, lever in zip(row, x, strict=True) if a)
            model.rows.add(body == float(low) if low == high else (_side(low), body, _side(high)))
        bent = sum(0.5 * float(h) * x[i] * x[j] for (i, j), h in np.ndenumerate(self.matrix) if h)
        flat = sum(float(g) * lever for g, lever in zip(self.cost, x, strict=True))
        sense = pyo.minimize if self.sign > 0 else pyo.maximize
        model.objective = pyo.Objective(expr=self.sign * (bent + flat + CONSTANT), sense=sense)
        return model


def _side(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _quadratic() -> Stated:
    """Two equal weights that add up to one on a row; the others are held away from zero by a cost."""
    matrix, cost = np.diag([2.0, 2.0, 1.0]), np.array([0.0, 0.0, -3.0])
    rows = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    lower, upper = np.array([1.0, -np.inf]), np.array([1.0, 2.0])
    return Stated(0.5 - 4.0 + CONSTANT, matrix, cost, rows, lower, upper, np.full(3, -5.0), np.full(3, np.inf))


def _linear(whole: tuple[int, ...] = (), best: float = 13.0) -> Stated:
    """The best of six things, of which two and a half fit: maximized."""
    nothing = np.zeros((6, 6))
    sides = np.array([-np.inf]), np.array([2.5])
    cost = -np.arange(1.0, 7.0)
    return Stated(best - CONSTANT, nothing, cost, np.ones((1, 6)), *sides, np.zeros(6), np.ones(6), -1.0, whole)


STATED: Mapping[str, Stated] = {
    "quadratic": _quadratic(),
    "linear": _linear(),
    "whole numbers": _linear(tuple(range(6)), best=11.0),
}
"""Each with the best objective (`best`) as people see it."""

"""A small program by hand with everything that a program may have: rows of all kinds, and quadratic constraints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

import optimize as opt
from sd_models.system.model import FloatArray, IndexArray


class Curves:
    """y = (x0 x1, exp(x2), log x0): no number where x0 is not above zero."""

    def evaluate(self, x: FloatArray) -> opt.Evaluation:
        """The three outcomes."""
        with np.errstate(all="ignore"):
            return opt.Evaluation(x, np.array([x[0] * x[1], np.exp(x[2]), np.log(x[0])]))

    def gradients(self, at: opt.Evaluation, chosen: IndexArray) -> FloatArray:
        """By hand."""
        x = at.x
        return np.array([[x[1], x[0], 0.0], [0.0, 0.0, np.exp(x[2])], [1 / x[0], 0.0, 0.0]])[chosen]

    def pullback(self, at: opt.Evaluation, weights: FloatArray) -> FloatArray:
        """By hand."""
        return weights @ self.gradients(at, np.arange(3))

    def products(self, at: opt.Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """By hand."""
        hessian = np.zeros((3, 3))
        hessian[0, 1] = hessian[1, 0] = weights[0]
        hessian[2, 2] = weights[1] * np.exp(at.x[2])
        hessian[0, 0] = -weights[2] / at.x[0] ** 2
        return directions @ hessian


def curves(**changes: Any) -> opt.Program:
    """Rows of levers alone before and between rows with outcomes; quadratic constraints on levers alone and on both."""
    alone, mixed = np.zeros((6, 6)), np.zeros((6, 6))
    alone[0, 0] = alone[2, 2] = 2.0
    mixed[1, 1] = mixed[3, 3] = 4.0
    program = opt.Program(
        outcomes=Curves(),
        sign=-1.0,
        lever_cost=np.array([1.0, 0.0, 2.0]),
        outcome_cost=np.array([0.5, -1.0, 3.0]),
        constant=7.0,
        lower=np.array([-5.0, 0.0, -np.inf]),
        upper=np.array([5.0, np.inf, 9.0]),
        lever_rows=csr_array(np.array([[1.0, 1.0, 0], [0, 4.0, 0], [1.0, 0, -1.0], [0, 0, 0]])),
        outcome_rows=csr_array(np.array([[0.0, 0, 0], [1.0, 2.0, 0], [0, 0, 0], [0, 0, 1.0]])),
        row_lower=np.array([-np.inf, 1.0, 2.0, -3.0]),
        row_upper=np.array([4.0, 8.0, 2.0, np.inf]),
        row_names=("sum", "both", "difference", "logarithm"),
        quadratics=(
            opt.Quadratic("ball", csr_array(alone), np.zeros(6), 6.0),
            opt.Quadratic("mixed", csr_array(mixed), np.array([0, 0, 0, 0, 1.0, 0]), 9.0),
        ),
    )
    return replace(program, **changes)


POINT = np.array([2.0, 1.5, 0.3])

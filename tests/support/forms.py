"""Programs whose outcomes are quadratic forms of the levers: every derivative is known by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from optimize.problems.program import Evaluation, Program, Quadratic
from sd_models.system.model import FloatArray, IndexArray

INFINITY = np.inf


@dataclass
class Forms:
    """Outcomes x'M x / 2 for each symmetric matrix M (outcomes, levers, levers)."""

    matrices: FloatArray

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Their values."""
        return Evaluation(x, np.asarray(0.5 * (self.matrices @ x) @ x))

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """Their slopes."""
        return np.asarray((self.matrices @ at.x)[chosen])

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """The slope of their weighted sum."""
        return np.asarray(weights @ (self.matrices @ at.x))

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """With second derivatives that are the same everywhere."""
        assert len(at.y) == len(weights)
        return np.asarray(directions @ np.tensordot(weights, self.matrices, 1))


def of_forms(slope: Sequence[float], *matrices: Any, rows: Any = (), **changes: Any) -> Program:
    """A program that minimizes slope'x and the first form; its levers have no bounds, its rows no sides.

    `rows` are factors of the levers, and behind them, if any, of the forms.
    """
    count = len(slope)
    forms = np.array(matrices or [np.zeros((count, count))], dtype=float)
    factors = np.zeros((len(rows), count + len(forms)))
    for number, row in enumerate(rows):
        factors[number, : len(row)] = row
    given: dict[str, Any] = {
        "outcomes": Forms(forms),
        "lever_cost": np.array(slope, dtype=float),
        "outcome_cost": np.eye(len(forms))[0],
        "lower": np.full(count, -INFINITY),
        "upper": np.full(count, INFINITY),
        "lever_rows": csr_array(factors[:, :count]),
        "outcome_rows": csr_array(factors[:, count:]),
        "row_lower": np.full(len(rows), -INFINITY),
        "row_upper": np.full(len(rows), INFINITY),
    }
    return Program(**{**given, **{name: _array(value) for name, value in changes.items()}})


def _array(value: Any) -> Any:
    return np.array(value, dtype=float) if isinstance(value, list) else value


def ball(count: int, outcomes: int, bound: float) -> Quadratic:
    """The sum of the squares of so many levers, at most `bound`."""
    matrix = np.diag([2.0] * count + [0.0] * outcomes)
    return Quadratic("ball", csr_array(matrix), np.zeros(count + outcomes), bound)

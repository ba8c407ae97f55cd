"""Convex quadratic programs, solved by HiGHS, and their answers checked.

Why numbers go to HiGHS directly and not through Pyomo: each program has up to a million new coefficients; passing them
as arrays takes 10 ms, as Pyomo expressions seconds.

Why the augmented system of HiPO (Zanetti and Gondzio 2025): measured with 12,400 columns, 24,000 rows and 90 dense rows
it takes 2.8 s and leaves a residual of 1e-9; the normal equations, which HiPO prefers by itself, 4.3 s and 3e-6.
HiGHS's active-set method for quadratic programs cycles beyond a few hundred columns, so it is never asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_array, csr_array, tril

from sd_models.system.model import FloatArray

from ..problems.presolve import activities

# How long to wait for HiGHS before asking again whether to stop, and how long it gets to stop; in seconds.
PATIENCE = 0.05
GRACE = 0.7
# Without the interior-point method, quadratic programs of at most so many columns go to the active-set method.
FEW = 300
# A residual above this, relative to the largest cost, is no answer.
LARGEST_RESIDUAL = 1e-3


@dataclass(frozen=True, eq=False)
class ConvexProgram:
    """minimize cost'v + 1/2 v'curvature v subject to lower <= v <= upper, row_lower <= matrix v <= row_upper.

    `curvature` is symmetric and positive semidefinite.
    """

    cost: FloatArray
    curvature: csr_array
    lower: FloatArray
    upper: FloatArray
    matrix: csr_array
    row_lower: FloatArray
    row_upper: FloatArray

    def slack_rows(self) -> FloatArray:
        """Which rows (mask) the bounds of v alone keep within their own bounds."""
        least, most = activities(self.matrix, self.lower, self.upper)
        return np.asarray((most.values <= self.row_upper) & (least.values >= self.row_lower))

    def without(self, rows: FloatArray) -> ConvexProgram:
        """The program without some rows (mask)."""
        keep = ~rows.astype(bool)
        return ConvexProgram(
            self.cost,
            self.curvature,
            self.lower,
            self.upper,
            csr_array(self.matrix[np.flatnonzero(keep)]),
            self.row_lower[keep],
            self.row_upper[keep],
        )


@dataclass(frozen=True, eq=False)
class Answer:
    """Values, the multipliers of the rows (positive at an upper side, negative at a lower one), and how good they are.

    `residual` is the largest violation of the KKT conditions, multipliers relative to the largest cost; infinite where
    there is no answer. `stopped` says that it was asked to end.
    """

    values: FloatArray
    multipliers: FloatArray
    residual: float
    stopped: bool = False
    infeasible: bool = False

    @property
    def is_good(self) -> bool:
        """Whether the answer may be used."""
        return self.residual <= LARGEST_RESIDUAL


@cache
def has_hipo() -> bool:
    """Whether HiGHS has its interior-point method for quadratic programs (`highspy[extras]`)."""
    return find_spec("highspy_extras") is not None


def end_threads() -> None:
    """Ends the threads that HiGHS keeps for the next program, which begin again with it."""
    highspy.Highs.resetGlobalScheduler(True)


def solve(program: ConvexProgram, *, stop: Callable[[], bool]) -> Answer:
    """The minimum; another way where the first gives a wrong answer, as HiGHS sometimes does.

    `stop` is asked all the time whether to give up.
    """
    if not has_hipo() and len(program.cost) > FEW:
        program = replace(program, curvature=csr_array(program.curvature.shape))
    unneeded = program.slack_rows()
    smaller = program.without(unneeded)
    best: Answer | None = None
    for options in _ways(smaller):
        answer = _ask(smaller, options, stop)
        if answer.stopped or answer.infeasible or answer.is_good:
            best = answer
            break
        best = answer if best is None or answer.residual < best.residual else best
    assert best is not None
    multipliers = np.zeros(len(program.row_lower))
    multipliers[~unneeded.astype(bool)] = best.multipliers
    return Answer(best.values, multipliers, best.residual, best.stopped, best.infeasible)


def _ways(program: ConvexProgram) -> list[dict[str, str]]:
    """Options to try one after the other."""
    if not program.curvature.nnz:
        return [{"solver": "simplex"}, {"solver": "simplex", "presolve": "off"}, {"solver": "ipx"}]
    if not has_hipo():
        return [{"solver": "choose"}]
    return [
        {"solver": "hipo", "hipo_system": "augmented"},
        {"solver": "hipo", "hipo_system": "normaleq"},
        {"solver": "hipo", "hipo_system": "augmented", "presolve": "off"},
    ]


def _ask(program: ConvexProgram, options: dict[str, str], stop: Callable[[], bool]) -> Answer:
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.HandleUserInterrupt = True
    if highs.passModel(model_of(program)) == highspy.HighsStatus.kError:  # numbers beyond its largest; it would crash
        return _none(program)
    highs.startSolve()
    done = False
    while not done:
        done = highs.wait(PATIENCE)[0]
        if not done and stop():
            highs.cancelSolve()
            highs.wait(GRACE)
            return _none(program, stopped=True)
    return _answer(program, highs)


def _answer(program: ConvexProgram, highs: Any) -> Answer:
    solution = highs.getSolution()
    infeasible = highs.getModelStatus() in (
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kUnboundedOrInfeasible,
    )
    values = np.array(solution.col_value, dtype=np.float64)
    if infeasible or len(values) != len(program.cost) or not np.isfinite(values).all():
        return _none(program, infeasible=infeasible)
    multipliers = -np.array(solution.row_dual, dtype=np.float64)
    return Answer(values, multipliers, residual(program, values, multipliers))


def _none(program: ConvexProgram, *, stopped: bool = False, infeasible: bool = False) -> Answer:
    nothing = np.zeros(len(program.cost)), np.zeros(len(program.row_lower))
    return Answer(*nothing, float("inf"), stopped, infeasible)


def residual(program: ConvexProgram, values: FloatArray, multipliers: FloatArray) -> float:
    """By how much values and multipliers miss the KKT conditions of a program."""
    slope = program.cost + program.curvature @ values + program.matrix.T @ multipliers
    scale = max(1.0, float(np.abs(program.cost).max(initial=0.0)))
    room = np.where(slope > 0, values - program.lower, program.upper - values)
    rows = program.matrix @ values
    slack = np.where(multipliers > 0, program.row_upper - rows, rows - program.row_lower)
    parts = (
        np.minimum(np.abs(slope) / scale, np.maximum(room, 0.0)),
        np.minimum(np.abs(multipliers) / scale, np.maximum(slack, 0.0)),
        np.maximum(program.lower - values, values - program.upper),
        np.maximum(program.row_lower - rows, rows - program.row_upper),
    )
    return max(float(part.max(initial=0.0)) for part in parts)


def model_of(program: ConvexProgram) -> highspy.HighsModel:
    """The program as HiGHS takes it."""
    columns, matrix = len(program.cost), csc_array(program.matrix)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns, len(program.row_lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    model = highspy.HighsModel()
    model.lp_ = lp
    if program.curvature.nnz:
        model.hessian_ = _hessian(program.curvature)
    return model


def _hessian(curvature: csr_array) -> highspy.HighsHessian:
    lower = csc_array(tril(curvature))
    lower.sort_indices()
    hessian = highspy.HighsHessian()
    hessian.dim_ = lower.shape[0]
    hessian.format_ = highspy.HessianFormat.kTriangular
    hessian.start_, hessian.index_, hessian.value_ = lower.indptr, lower.indices, lower.data
    return hessian

"""What IPOPT is given: a nonlinear program in scaled variables, and the way back to levers and rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import casadi as ca

from sd_models.system.model import FloatArray

from ...problems.optimality import Multipliers


class NonlinearProgram(Protocol):
    """Functions, bounds and start of a nonlinear program that stands for a program."""

    @property
    def functions(self) -> tuple[ca.Function, Mapping[str, ca.Function]]:
        """The function (x, p) to (f, g) and those of its derivatives that nlpsol takes as options."""

    @property
    def begin_scaled(self) -> FloatArray:
        """The variables at the start."""

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each variable."""

    @property
    def constraint_bounds(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each constraint."""

    def levers(self, z: FloatArray) -> FloatArray:
        """The levers among the variables."""

    def multipliers(self, weights: FloatArray) -> Multipliers:
        """The multipliers of the program from those of the constraints."""

"""The parts of a system: dimensions, places in the file, equations and the numbers given in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .expression import Expr

FloatArray: TypeAlias = npt.NDArray[np.float64]
MISSING = -(2.0**109)
"""Vensim's :NA:, which is a number there (Vensim's manual, :NA:): `x = :NA:` compares with it."""
IndexArray: TypeAlias = npt.NDArray[np.int64]  # positions in other arrays
Mask: TypeAlias = npt.NDArray[np.bool_]  # which members of other arrays


class Kind(StrEnum):
    """What a variable is; it decides how its equations are read."""

    STOCK = "stock"  # the definition is the net flow, `initial` the value at the first time
    SAMPLE = "sample"  # a discrete stock: the definition is the value at the next time, `initial` the first value
    AUXILIARY = "auxiliary"  # the definition is the value; with `initial`, another one holds while stocks initialize
    CONSTANT = "constant"  # the value does not change in a run
    DATA = "data"  # a given series over time
    TABLE = "table"  # a given function of one argument, called with LOOKUP


class Method(StrEnum):
    """Integration with the fixed step TIME STEP."""

    EULER = "euler"
    RK2 = "rk2"
    RK4 = "rk4"


class Interpolation(StrEnum):
    """How a series or table is read between its points, and beyond them."""

    LINEAR = "linear"  # straight lines; the end values beyond
    EXTRAPOLATE = "extrapolate"  # straight lines; the end segments prolonged beyond
    BACKWARD = "backward"  # the value of the last point before (hold backward, discrete); the end values beyond
    FORWARD = "forward"  # the value of the next point (look forward); the end values beyond
    RAW = "raw"  # MISSING except at the points


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a model file, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Correspondence:
    """A subscript mapping: for each element of its owner, the elements of `target` that it stands for."""

    target: str
    elements: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Dimension:
    """A subscript range: a full dimension, or a subrange of the dimension `parent` (its own name for a full one)."""

    name: str
    elements: tuple[str, ...]
    parent: str
    mappings: tuple[Correspondence, ...] = ()

    @property
    def full(self) -> bool:
        """Whether the range is a dimension of its own, not a part of another."""
        return self.parent == self.name


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Given numbers, in the shape of the block of elements that the equation defines."""

    array: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Given points: `x` of shape (points,) ascending, `y` of shape (points, *block)."""

    x: FloatArray
    y: FloatArray
    interpolation: Interpolation = Interpolation.LINEAR


Definition: TypeAlias = Expr | Values | Series


@dataclass(frozen=True, slots=True)
class Equation:
    """The definition of a block of elements of a variable.

    `subscripts` has one entry for each dimension of the variable: a range, which becomes an axis of the definition, or
    a single element. `excluded` lists combinations (ranges or elements) that the block leaves out (:EXCEPT:).
    """

    subscripts: tuple[str, ...]
    definition: Definition
    initial: Expr | None = None
    excluded: tuple[tuple[str, ...], ...] = ()
    place: Place | None = None

    def rewritten(self, side: Callable[[Expr], Expr]) -> Equation:
        """The equation with its expressions rewritten, the definition before the initial value; what is given stays."""
        definition = self.definition if isinstance(self.definition, Values | Series) else side(self.definition)
        return replace(self, definition=definition, initial=None if self.initial is None else side(self.initial))

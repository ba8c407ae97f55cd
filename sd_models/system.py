"""The waist: a model as one frozen value, free of the file format it came from and of the target it goes to.

A `System` holds dimensions and variables. Every variable keeps its modeller's name, unit, documentation and place in
the file. Dimensions stay dimensions: the number of equations does not depend on the number of regions.

Left of this module stand files and PySD (`sources`, `flattening`), right of it rewrites and targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .errors import Fault, InvalidRequest, nearest
from .expression import Expr

FloatArray: TypeAlias = npt.NDArray[np.float64]


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
    RAW = "raw"  # NaN except at the points


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


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the model under its modeller's name.

    `origin` is empty for what stands in the file; for a variable that a macro or a rewrite added it names the variable
    that it serves. A `non_negative` stock is cut off at zero after each step.
    """

    name: str
    kind: Kind
    dimensions: tuple[str, ...]
    equations: tuple[Equation, ...]
    unit: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    documentation: str = ""
    place: Place | None = None
    origin: str = ""
    non_negative: bool = False


def key(name: str) -> str:
    """The name as models compare it: without case, with runs of blanks and underscores as one blank, unquoted."""
    text = name.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('\\"', '"')
    return " ".join(text.replace("_", " ").split()).casefold()


@dataclass(frozen=True)
class System:
    """A model: its dimensions and variables in the order of the file.

    >>> import sd_models as sd
    >>> system = sd.load("urbanization")
    >>> system["urban share"].unit
    'Dmnl'
    """

    name: str
    variables: Mapping[str, Variable]
    dimensions: Mapping[str, Dimension] = field(default_factory=dict)
    method: Method = Method.EULER
    path: Path | None = None
    notes: tuple[str, ...] = ()
    unit_synonyms: tuple[tuple[str, ...], ...] = ()

    @cached_property
    def _names(self) -> dict[str, str]:
        return {key(name): name for name in self.variables}

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and key(name) in self._names

    def __iter__(self) -> Iterator[Variable]:
        return iter(self.variables.values())

    def __getitem__(self, name: str) -> Variable:
        """The variable of that name, whatever its case and underscores; a misspelt name gets the nearest ones."""
        found = self._names.get(key(name))
        if found is None:
            advice = nearest(name, self.variables) or "`prosperity check` lists the variables."
            raise InvalidRequest(Fault(f"there is no variable {name!r}.", file=self.name, advice=advice))
        return self.variables[found]

    def shape(self, variable: Variable) -> tuple[int, ...]:
        """The number of elements along each dimension of the variable."""
        return tuple(len(self.dimensions[name].elements) for name in variable.dimensions)

    def of_kind(self, *kinds: Kind) -> tuple[Variable, ...]:
        """The variables of these kinds in the order of the file."""
        return tuple(variable for variable in self if variable.kind in kinds)

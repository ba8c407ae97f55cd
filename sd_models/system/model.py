"""The waist: a model as one frozen value, free of the file format it came from and of the target it goes to.

A `System` holds dimensions and variables. Every variable keeps its modeller's name, unit, documentation and place in
the file. Dimensions stay dimensions: the number of equations does not depend on the number of regions.

Left of this module stand files and PySD (`reading`), right of it rewrites and targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

from ..errors import Fault, InvalidModel, InvalidRequest, nearest_or_some
from .description import equation_line, left_text, number_text, page
from .equation import (
    MISSING,
    Correspondence,
    Definition,
    Dimension,
    Equation,
    FloatArray,
    IndexArray,
    Interpolation,
    Kind,
    Mask,
    Method,
    Place,
    Series,
    Values,
)

__all__ = [
    "MISSING",
    "Correspondence",
    "Definition",
    "Dimension",
    "Equation",
    "FloatArray",
    "IndexArray",
    "Interpolation",
    "Kind",
    "Mask",
    "Method",
    "Place",
    "Series",
    "System",
    "Values",
    "Variable",
    "key",
]

MOST_EQUATIONS = 12  # equations of a variable shown one by one


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the model under its modeller's name.

    `origin` is empty for what stands in the file; for a variable that a macro or a rewrite added it names the variable
    that it serves. Where `kinked` is false, a kink in an equation is none of the whole model: what the variable serves
    is smooth there, or has the kink itself. The value of a `held` auxiliary at the beginning of a step holds over the
    whole step, also where the method of integration asks in the midst of it.

    A `non_negative` stock or flow never falls below zero. Such a stock names its `inflows` and its `outflows`, the
    first one first to be served, which the rewrite `outflows` cuts to what it holds; a flow's own equation sees to it.

    `group` is the part of the model in which its file puts it (a group of Vensim, a group or module of XMILE), if any.
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
    kinked: bool = True
    held: bool = False
    inflows: tuple[str, ...] = ()
    outflows: tuple[str, ...] = ()
    group: str = ""

    def __str__(self) -> str:
        """Everything the model says about the variable: kind, equations, unit, limits, documentation, place.

        >>> from sd_models.system.expression import Number
        >>> print(Variable("birth rate", Kind.CONSTANT, (), (Equation((), Number(0.03)),), unit="1/year"))
        birth rate (constant)
          birth rate = 0.03
          unit: 1/year
        """
        return page(self.title, self.facts)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What a notebook shows."""
        printer.text(f"{self.name} ..." if cycle else str(self))

    @property
    def title(self) -> str:
        """The name with its dimensions, and the kind."""
        return f"{left_text(self.name, self.dimensions)} ({self.kind})"

    @property
    def facts(self) -> tuple[str, ...]:
        """A line for each equation and for whatever else the model says."""
        return (*self.equation_lines, *(f"{label}: {text}" for label, text in self.remarks.items()))

    @property
    def equation_lines(self) -> tuple[str, ...]:
        """A line for each equation, and how many are left out."""
        equations = [equation_line(self.name, self.kind, equation) for equation in self.equations[:MOST_EQUATIONS]]
        more = len(self.equations) - MOST_EQUATIONS
        return (*equations, *([f"... and {more} more equations"] if more > 0 else []))

    @property
    def remarks(self) -> dict[str, str]:
        """What the model says beside the equations, by label."""
        labelled = {
            "unit": self.unit,
            "limits": self._limits(),
            "documentation": " ".join(self.documentation.split()),
            "place": str(self.place or ""),
            "added for": self.origin,
        }
        return {label: text for label, text in labelled.items() if text}

    def outside(self, value: float) -> str:
        """The range that the modeller declared, in words, if a value is not in it; nothing if it is, or there is none.

        A range tells people what makes sense, as that of a slider does: nothing in a run is held by it.

        >>> closure = Variable("closure", Kind.CONSTANT, (), (), limits=(1.0, 3.0))
        >>> closure.outside(9.0), closure.outside(2.0)
        ('1 to 3', '')
        """
        low, high = self.limits
        if (low is None or value >= low) and (high is None or value <= high):
            return ""
        if low is None or high is None:
            return f"at most {number_text(high)}" if high is not None else f"at least {number_text(low or 0.0)}"
        return f"{number_text(low)} to {number_text(high)}"

    def _limits(self) -> str:
        low, high = ("?" if bound is None else number_text(bound) for bound in self.limits)
        limits = "" if self.limits == (None, None) else f"{low} to {high}"
        return ", ".join(part for part in (limits, self._floor() if self.non_negative else "") if part)

    def _floor(self) -> str:
        """How the variable stays above zero."""
        order = f": outflows are cut, {' before '.join(self.outflows)}" if len(self.outflows) > 1 else ""
        return f"never below 0{order or (': the outflow is cut' if self.outflows else '')}"


def fault_of(variable: Variable, found: str, advice: str = "", *, file: str = "") -> Fault:
    """What is wrong with a variable, at its place in the file; `file` stands for a place that is not known."""
    place = variable.place
    return Fault(found, variable.name, place.file if place else file, place.line if place else 0, advice)


@contextmanager
def blaming(variable: Variable, file: str) -> Iterator[None]:
    """Give the variable and its place to every fault of a model that is raised without a variable."""
    try:
        yield
    except InvalidModel as error:
        if all(fault.variable for fault in error.faults):
            raise
        named = (f if f.variable else fault_of(variable, f.found, f.advice, file=file) for f in error.faults)
        raise InvalidModel(named) from error


def key(name: str) -> str:
    """The name as models compare it: without case, with runs of blanks and underscores as one blank, unquoted."""
    text = name.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('\\"', '"')
    return " ".join(text.replace("_", " ").split()).casefold()


@dataclass(frozen=True)
class System:
    """A model: its dimensions and variables in the order of the file.

    `path` is the file that it was read from, `regions` the folder of data that stood in for the file's own, if any,
    `files` the files of data that were read.

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
    regions: Path | None = None
    files: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        return f"<System {self.name!r}: {len(self.variables)} variables, {len(self.dimensions)} subscript ranges>"

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
            own = [variable.name for variable in self if not variable.origin]  # rewrites add names that nobody knows
            advice = nearest_or_some(name, own)
            raise InvalidRequest(Fault(f"there is no variable {name!r}.", file=self.name, advice=advice))
        return self.variables[found]

    def shape(self, variable: Variable) -> tuple[int, ...]:
        """The number of elements along each dimension of the variable."""
        return tuple(len(self.dimensions[name].elements) for name in variable.dimensions)

    def size(self, variable: Variable) -> int:
        """The number of elements of the variable."""
        return prod(self.shape(variable))

    def of_kind(self, *kinds: Kind) -> tuple[Variable, ...]:
        """The variables of these kinds in the order of the file."""
        return tuple(variable for variable in self if variable.kind in kinds)

"""A model on a page: the summary of a system, and a variable with what surrounds it."""

from __future__ import annotations

from collections.abc import Mapping

from ..system.description import WIDTH, equation_line, left_text, page, shortened
from ..system.expression import references
from ..system.model import Kind, Series, System, Values, Variable


def describe(variable: Variable, system: System) -> str:
    """What the variable says of itself, the elements of its dimensions, and the variables that use it.

    >>> import sd_models as sd
    >>> system = sd.load("urbanization")
    >>> print(sd.describe(system["spreading speed"], system))
    spreading speed (constant)
      spreading speed = 0.0729
      unit: 1/Year
      limits: 0.06 to 0.085
      documentation: Logistic growth of the urban share. Source: as for the initial urbanization speed.
      place: model.mdl:163
      used by: urbanization
    """
    dimensions = [
        f"{name}: {shortened(system.dimensions[name].elements)}" for name in dict.fromkeys(variable.dimensions)
    ]
    users = shortened([other.name for other in system if variable.name in needed(other)])
    return page(variable.title, [*variable.facts, *dimensions, *([f"used by: {users}"] if users else [])])


def needed(variable: Variable) -> frozenset[str]:
    """The names that the equations of a variable refer to, initial values included."""
    sides = (side for equation in variable.equations for side in (equation.definition, equation.initial))
    return frozenset().union(*(references(s) for s in sides if s is not None and not isinstance(s, Values | Series)))


def summary(system: System) -> str:
    """The model on a page: its dimensions, then a line for each variable, grouped by kind.

    A line holds the equation, cut off where it is long, and the unit behind `~`.

    >>> import sd_models as sd
    >>> print(sd.summary(sd.load("urbanization")).splitlines()[0])
    urbanization: 77 variables, integrated by Euler's method
    """
    title = f"{system.name}: {len(system.variables)} variables, integrated by {METHOD_NAMES[system.method]}"
    dimensions = [f"{name} ({len(d.elements)}): {shortened(d.elements)}" for name, d in system.dimensions.items()]
    groups = [(heading, [_summary_line(v) for v in system.of_kind(kind)]) for kind, heading in HEADINGS.items()]
    parts = [("Dimensions", dimensions), *groups, ("Notes", list(system.notes))]
    blocks = ("\n".join((heading, *(f"  {_cut(line)}" for line in lines))) for heading, lines in parts if lines)
    return "\n\n".join((title, *blocks))


def _summary_line(variable: Variable) -> str:
    first = equation_line(variable.name, variable.kind, variable.equations[0]) if len(variable.equations) == 1 else ""
    many = f"{left_text(variable.name, variable.dimensions)} by {len(variable.equations)} equations"
    unit = f" ~ {variable.unit}" if variable.unit else ""
    return _cut(first or many, WIDTH - len(unit)) + unit


def _cut(text: str, width: int = WIDTH) -> str:
    return text if len(text) <= width else f"{text[: max(0, width - 4)]} ..."


METHOD_NAMES = {"euler": "Euler's method", "rk2": "Runge-Kutta 2", "rk4": "Runge-Kutta 4"}

HEADINGS: Mapping[Kind, str] = {
    Kind.STOCK: "Stocks",
    Kind.SAMPLE: "Samples",
    Kind.AUXILIARY: "Auxiliaries",
    Kind.CONSTANT: "Constants",
    Kind.DATA: "Data",
    Kind.TABLE: "Tables",
}

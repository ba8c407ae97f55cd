"""Variables as a plan names them: what is misspelt gets the nearest names, and what a plan says otherwise, how.

In other places `care[South]` names an element; a plan chooses elements beside the variable. A number in quotes is text.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sd_models.errors import InvalidRequest, nearest
from sd_models.system.model import System, Variable

from ..files.names import ALL, Part
from .plan import Plan

NUMBER = re.compile(r"\s*([+-]?(?:\d[\d,_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?:\s*%|\s+\D.*|\s*)")
AMOUNT = ""  # how an amount is written: the name of a variable alone


def named(system: System, name: str, written: str = "variable") -> Variable:
    """The variable of that name; InvalidRequest with advice for plans where there is none.

    `written` is the key behind which the name stands, `AMOUNT` for what a limit or a lever is held to.

    >>> import sd_models as sd
    >>> try:
    ...     named(sd.load("urbanization"), "0", AMOUNT)
    ... except InvalidRequest as error:
    ...     print(error.faults[0].advice)
    Write a number without quotes: 0.
    """
    try:
        return system[name]
    except InvalidRequest as error:
        advice = _advice(system, name, written)
        raise InvalidRequest([replace(fault, advice=advice or fault.advice) for fault in error.faults]) from error


def written_as(plan: Plan, name: str) -> str:
    """Behind which key a plan names a variable."""
    if name == plan.objective.variable:
        return "maximize" if plan.objective.maximize else "minimize"
    measured = {lever.variable for lever in plan.levers}
    measured |= {term.variable for limit in plan.limits for term in limit.listed}
    return "variable" if name in measured else AMOUNT


def _advice(system: System, name: str, written: str) -> str:
    number = NUMBER.fullmatch(name)
    if number:
        value = number[1].replace(",", "").replace("_", "")
        more = "" if value == name.strip() else " (in the unit of what it bounds)"
        return f"Write a number without quotes: {value}{more}."
    part = Part.of(name)
    if not part.elements or part.name not in system:
        return nearest(part.name, system.variables)
    variable = system[part.name]
    if not written:
        return f"An amount names a whole variable: add one to the model that is {name}, and name that."
    pairs = zip(variable.dimensions, part.elements, strict=False)
    where = ", ".join(f'{_key(d)} = "{element}"' for d, element in pairs if element != ALL)
    chosen = f" with where = {{ {where} }}" if where and len(part.elements) == len(variable.dimensions) else ""
    return f'Write {written} = "{variable.name}"{chosen}.'


def _key(dimension: str) -> str:
    """A key of TOML, in quotes where it needs them."""
    return dimension if re.fullmatch(r"[A-Za-z0-9_-]+", dimension) else f'"{dimension}"'

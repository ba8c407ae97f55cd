"""The outcomes of a page, in the order in which people look at them.

First the goal where it is something that people read, then the headlines of the model in the order of its table, then
what a limit holds and no headline tells of. Where such an outcome is by region and a headline is the sum of it, as
output is of the output of all provinces, the two are one outcome, with the headline's name and unit.

Why: a result is about its limits, and tells of these before other headlines; a page of sliders is about the model. And
the mean of an amount over regions says nothing to anybody beside the total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sd_models.system.expression import Reduce, Ref
from sd_models.system.model import Kind, System

from ..headlines.headline import Headline, headlines


def in_order(system: System, found: Sequence[Headline]) -> tuple[Headline, ...]:
    """The headlines of a problem in the order of a page; as they stand for a model that names none."""
    table = [system[one.variable].name for one in headlines(system)]
    if not table:
        return tuple(found)
    places = {system[one.variable].name: one for one in found}
    named = [one for one in found if system[one.variable].name in table]
    first = [one for one in found[:1] if one in named]
    others = [places[name] for name in table if name in places and places[name] not in first]
    added = [_named(system, one, named) for one in found if one not in named]
    return (*first, *others, *added)


def _named(system: System, one: Headline, known: Sequence[Headline]) -> Headline:
    """An outcome by region with the name and unit of the headline that adds it up, where there is one."""
    name = system[one.variable].name
    totals = (each for each in known if one.by and not each.by and summed(system, each.variable) == name)
    total = next(totals, None)
    if total is None:
        return one
    return replace(total, variable=one.variable, by=one.by)


def summed(system: System, name: str) -> str:
    """The variable of which another one is the sum over all its elements; nothing where it is something else.

    >>> import sd_models as sd
    >>> summed(sd.load("common_prosperity"), "national GDP")
    'GDP'
    """
    variable = system[name]
    if variable.kind is not Kind.AUXILIARY or variable.dimensions or len(variable.equations) != 1:
        return ""
    expr = definition = variable.equations[0].definition
    while isinstance(expr, Reduce) and expr.operator == "SUM":
        expr = expr.argument
    if expr is definition or not isinstance(expr, Ref):
        return ""
    whole = system[expr.name]
    axes = tuple((each.axis or "").removesuffix("!") for each in expr.subscripts)
    return whole.name if axes and axes == tuple(whole.dimensions) else ""

"""What a variable is the sum of: where more of a goal is better, so is more of each of its parts.

A national outcome is often the sum of a regional one. What is sought of all together is sought of each element then,
and who looks for losers has to look there. A variable counts as such a sum where its equation is made of additions, of
factors that are constants and never below zero, and of SUM, through other variables without dimensions. Anything else
(a difference, a ratio of two outcomes, a table) tells nothing of its parts: more of one may be better or worse.

Why not derivatives: their sign holds at one policy, and people are to be told the same of all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_models.system.expression import Call, Number, Reduce, Ref, fold
from sd_models.system.model import Kind, Series, System, Values, Variable

COMPUTED = (Kind.STOCK, Kind.SAMPLE, Kind.AUXILIARY)


@dataclass(frozen=True, slots=True)
class _Read:
    """What an expression is: a sum of variables, or a weight that is never below zero; neither where it is unknown."""

    names: frozenset[str] = frozenset()
    is_weight: bool = False

    @property
    def is_known(self) -> bool:
        return self.is_weight or bool(self.names)


UNKNOWN, WEIGHT = _Read(), _Read(is_weight=True)


def parts(system: System, name: str) -> tuple[str, ...]:
    """The variables of one dimension whose elements a variable sums, as the file has them in order; none if it has
    other parts besides that are no sums.

    >>> import sd_models as sd
    >>> parts(sd.load("common_prosperity"), "national GDP")
    ('GDP',)
    """
    found, seen, open_names = set[str](), {system[name].name}, [system[name].name]
    while open_names:
        summed = _summed(system, system[open_names.pop()])
        if not summed:
            return ()
        for part in map(system.__getitem__, sorted(summed - seen)):
            seen.add(part.name)
            if len(part.dimensions) == 1:
                found.add(part.name)
            elif not part.dimensions and part.kind is Kind.AUXILIARY:
                open_names.append(part.name)
            else:
                return ()
    return tuple(variable.name for variable in system if variable.name in found)


def _summed(system: System, variable: Variable) -> frozenset[str]:
    """The variables that the equation of a number sums; none where it does something else."""
    if variable.kind is not Kind.AUXILIARY or variable.dimensions or len(variable.equations) != 1:
        return frozenset()
    definition = variable.equations[0].definition
    if isinstance(definition, Values | Series):
        return frozenset()

    def of_ref(node: Ref) -> _Read:
        read = system.variables.get(node.name)
        if read is None:  # the time
            return UNKNOWN
        if read.kind in COMPUTED:
            return _Read(frozenset({read.name}))
        return WEIGHT if read.kind is Kind.CONSTANT and _is_never_negative(read) else UNKNOWN

    return fold(definition, number=_of_number, ref=of_ref, call=_of_call, reduce=_of_reduction).names


def _of_number(node: Number) -> _Read:
    return WEIGHT if node.value >= 0 else UNKNOWN


def _of_reduction(node: Reduce, part: _Read) -> _Read:
    return part if node.operator == "SUM" else UNKNOWN


def _of_call(node: Call, read: tuple[_Read, ...]) -> _Read:
    """A sum, or one times weights, or over a weight."""
    if not all(one.is_known for one in read):
        return UNKNOWN
    names = frozenset[str]().union(*(one.names for one in read))
    is_weight = all(one.is_weight for one in read)
    is_scaled = sum(not one.is_weight for one in read) <= 1
    if node.function == "+" or (node.function == "*" and is_scaled) or (node.function == "/" and read[-1].is_weight):
        return _Read(names, is_weight)
    return UNKNOWN


def _is_never_negative(variable: Variable) -> bool:
    """Whether the numbers of a constant are known, and none is below zero."""
    return all(
        (isinstance(side, Number) and side.value >= 0) or (isinstance(side, Values) and bool(np.all(side.array >= 0)))
        for side in (equation.definition for equation in variable.equations)
    )

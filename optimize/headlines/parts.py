"""What a variable is the sum of: where more of a goal is better, so is more of each of its parts.

A national outcome is often the sum of a regional one. What is sought of all together is sought of each element then,
and who looks for losers has to look there. A variable counts as such a sum where its equation is made of additions, of
factors that are constants above zero everywhere, and of SUM, through other variables without dimensions. Anything else
(a difference, a ratio of two outcomes, a table) tells nothing of its parts: more of one may be better or worse.

A part is a variable of which all elements are read. Of one whose elements count in part, nothing is told: a headline
has one direction for all of them. What a plan decides is no constant, whatever the file says, and no part either; what
it assumes is, with the value that it assumes.

Why not derivatives: their sign holds at one policy, and people are to be told the same of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sd_models.system.expression import Call, Number, Reduce, Ref, fold, range_of
from sd_models.system.model import Kind, Series, System, Values, Variable, key

COMPUTED = (Kind.STOCK, Kind.SAMPLE, Kind.AUXILIARY)


@dataclass(frozen=True, slots=True)
class _Read:
    """What an expression is: a sum of variables, or a weight that is above zero; neither where it is unknown.

    `cells` are the variables with the elements that are read of them, each besides with none.
    """

    cells: frozenset[tuple[str, str]] = frozenset()
    is_weight: bool = False

    @property
    def is_known(self) -> bool:
        return self.is_weight or bool(self.cells)


UNKNOWN, WEIGHT = _Read(), _Read(is_weight=True)


def parts(system: System, name: str, levers: Sequence[str] = ()) -> tuple[str, ...]:
    """The variables of one dimension whose elements a variable sums, all of them, as the file has them in order; none
    if it has other parts besides that are no sums. `levers` are decided by a plan.

    >>> import sd_models as sd
    >>> parts(sd.load("common_prosperity"), "national GDP")
    ('GDP',)
    """
    decided = frozenset(system[lever].name for lever in levers)
    read = _all_read(system, system[name].name, decided)
    whole = (v for v in system if len(v.dimensions) == 1 and v.name not in decided)
    return tuple(v.name for v in whole if _cells(v.name, system.dimensions[v.dimensions[0]].elements) <= read)


def _all_read(system: System, name: str, decided: frozenset[str]) -> frozenset[tuple[str, str]]:
    """What a variable sums, through others without dimensions; nothing where a part of it is no sum."""
    found, seen, open_names = set[tuple[str, str]](), {name}, [name]
    while open_names:
        summed = _summed(system, system[open_names.pop()], decided)
        if not summed:
            return frozenset()
        found |= summed
        for part in map(system.__getitem__, sorted({each for each, _ in summed} - seen)):
            seen.add(part.name)
            if part.name in decided or len(part.dimensions) == 1:
                continue
            if part.dimensions or part.kind is not Kind.AUXILIARY:
                return frozenset()
            open_names.append(part.name)
    return frozenset(found)


def _summed(system: System, variable: Variable, decided: frozenset[str]) -> frozenset[tuple[str, str]]:
    """What the equation of a number sums; nothing where it does something else, or a plan decides in its place."""
    is_computed = variable.kind is Kind.AUXILIARY and variable.name not in decided
    if not is_computed or variable.dimensions or len(variable.equations) != 1:
        return frozenset()
    definition = variable.equations[0].definition
    if isinstance(definition, Values | Series):
        return frozenset()

    def of_ref(node: Ref) -> _Read:
        read = system.variables.get(node.name)
        if read is None:  # the time
            return UNKNOWN
        if read.kind in COMPUTED or read.name in decided:
            return _Read(_cells(read.name, _elements(system, node)))
        return WEIGHT if read.kind is Kind.CONSTANT and _is_positive(read) else UNKNOWN

    return fold(definition, number=_of_number, ref=of_ref, call=_of_call, reduce=_of_reduction).cells


def _cells(name: str, elements: Sequence[str]) -> frozenset[tuple[str, str]]:
    return frozenset((name, key(element)) for element in ("", *elements))


def _elements(system: System, node: Ref) -> tuple[str, ...]:
    """The elements that are read along one dimension; none where that is not known, as by a mapping."""
    if len(node.subscripts) != 1:
        return ()
    (one,) = node.subscripts
    if one.axis is None:
        return (one.name,)
    is_itself = key(range_of(one.axis)) == key(one.name)
    return system.dimensions[one.name].elements if is_itself and one.name in system.dimensions else ()


def _of_number(node: Number) -> _Read:
    return WEIGHT if node.value > 0 else UNKNOWN


def _of_reduction(node: Reduce, part: _Read) -> _Read:
    return part if node.operator == "SUM" else UNKNOWN


def _of_call(node: Call, read: tuple[_Read, ...]) -> _Read:
    """A sum, or one times weights, or over a weight."""
    if not all(one.is_known for one in read):
        return UNKNOWN
    cells = frozenset[tuple[str, str]]().union(*(one.cells for one in read))
    is_weight = all(one.is_weight for one in read)
    is_scaled = sum(not one.is_weight for one in read) <= 1
    if node.function == "+" or (node.function == "*" and is_scaled) or (node.function == "/" and read[-1].is_weight):
        return _Read(cells, is_weight)
    return UNKNOWN


def _is_positive(variable: Variable) -> bool:
    """Whether the numbers of a constant are known, and all are above zero: what counts nothing is no part."""
    return all(
        (isinstance(side, Number) and side.value > 0) or (isinstance(side, Values) and bool(np.all(side.array > 0)))
        for side in (equation.definition for equation in variable.equations)
    )

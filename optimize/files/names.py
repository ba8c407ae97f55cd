"""`name[element]`: how the command line and the headers of CSV files name a variable or a part of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.system.model import IndexArray, Mask, System, Variable, key

ALL = "*"


@dataclass(frozen=True, slots=True)
class Part:
    """A variable, or with `elements` (one for each of its dimensions) a part of it.

    >>> Part.of("cost[CN-BJ, *]")
    Part(name='cost', elements=('CN-BJ', '*'))
    """

    name: str
    elements: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> Part:
        """The part that a text names; brackets inside a quoted name belong to the name."""
        text = text.strip()
        name, opened, inner = text[:-1].rpartition("[") if text.endswith("]") else ("", "", "")
        if not opened or not name.strip():
            return cls(text)
        return cls(name.strip(), tuple(element.strip() for element in inner.split(",")))

    def __str__(self) -> str:
        return part_label(self.name, self.elements)


def part_of(system: System, text: str) -> Part:
    """The variable or the part of one that a text names; brackets that belong to the name of a variable are its own."""
    return Part(text.strip()) if text.strip() in system else Part.of(text)


def part_label(name: str, elements: Sequence[str]) -> str:
    """The text that names a part."""
    return f"{name}[{', '.join(elements)}]" if elements else name


def part_labels(name: str, axes: Sequence[Sequence[str]]) -> Iterator[str]:
    """The texts that name every single element of a variable, the last dimension running fastest."""
    for elements in product(*axes):
        yield part_label(name, elements)


def axes_of(system: System, variable: Variable) -> dict[str, list[str]]:
    """The elements along each dimension of a variable."""
    return {dimension: list(system.dimensions[dimension].elements) for dimension in variable.dimensions}


def ranges_of(system: System) -> dict[str, tuple[str, ...]]:
    """All subscript ranges of a system, whole dimensions and parts of them."""
    return {name: dimension.elements for name, dimension in system.dimensions.items()}


def positions(
    part: Part, axes: Mapping[str, Sequence[str]], ranges: Mapping[str, Sequence[str]] | None = None
) -> tuple[IndexArray, ...]:
    """The positions along each axis that a part selects; InvalidRequest for elements that are not there.

    An entry may be an element, `*`, or one of `ranges`.
    """
    if not part.elements:
        return tuple(np.arange(len(elements)) for elements in axes.values())
    if len(part.elements) != len(axes):
        over = ", ".join(axes) or "none"
        found = f"{str(part)!r} has {len(part.elements)} subscripts; {part.name!r} has {len(axes)} dimensions ({over})."
        raise InvalidRequest(Fault(found))
    return tuple(
        np.array(_along(part, entry, dimension, axes[dimension], ranges or {}), dtype=np.int64)
        for entry, dimension in zip(part.elements, axes, strict=True)
    )


def part_mask(system: System, part: Part) -> Mask:
    """Which elements of its variable, flat, a part names."""
    variable = system[part.name]
    mask = np.zeros(system.shape(variable), dtype=bool)
    mask[np.ix_(*positions(part, axes_of(system, variable), ranges_of(system)))] = True
    return mask.ravel()


def _along(
    part: Part, entry: str, dimension: str, elements: Sequence[str], ranges: Mapping[str, Sequence[str]]
) -> list[int]:
    """The positions of an entry along one axis."""
    if entry == ALL:
        return list(range(len(elements)))
    places = {key(element): place for place, element in enumerate(elements)}
    if key(entry) in places:
        return [places[key(entry)]]
    named = {key(name): members for name, members in ranges.items()}.get(key(entry), ())
    if named and all(key(member) in places for member in named):
        return [places[key(member)] for member in named]
    advice = nearest(entry, elements) or f"It has: {', '.join(elements[:12])}{', ...' * (len(elements) > 12)}"
    raise InvalidRequest(Fault(f"{dimension!r} has no element {entry!r}, as {str(part)!r} asks for.", advice=advice))

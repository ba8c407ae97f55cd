"""Subscript ranges: which elements they have, which are parts of others, and how ranges correspond.

`Ranges` answers what flattening asks: what a name on a left-hand side means, which dimension a set of elements belongs
to, and whether one range stands for another by alias or mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .errors import Fault, InvalidModel
from .system import Correspondence, Dimension, Equation, key

# A model with more elements in one variable than this is refused: 8 MB a variable and time step.
LARGEST_VARIABLE = 1_000_000


@dataclass(frozen=True)
class Ranges:
    """All subscript ranges of a model by name, subranges and aliases included."""

    dimensions: Mapping[str, Dimension]

    @cached_property
    def _keys(self) -> dict[str, str]:
        return {key(name): name for name in self.dimensions}

    @cached_property
    def _elements(self) -> dict[str, tuple[str, str]]:
        """Key of an element to its name and the first full dimension that has it."""
        full = sorted(self.dimensions.values(), key=lambda dimension: not dimension.full)
        return {key(e): (e, d.name) for d in reversed(full) for e in reversed(d.elements)}

    def range_name(self, name: str) -> str | None:
        """The range of that name in its own spelling, or None."""
        return self._keys.get(key(name))

    def element_name(self, name: str) -> str | None:
        """The element of that name in its own spelling, or None."""
        found = self._elements.get(key(name))
        return found[0] if found else None

    def elements(self, name: str) -> tuple[str, ...]:
        """The elements that a range name or an element name stands for."""
        found = self.range_name(name)
        if found is not None:
            return self.dimensions[found].elements
        element = self.element_name(name)
        return (element,) if element is not None else ()

    def number(self, element: str) -> int:
        """The position of an element in its full dimension, counted from 1."""
        name, dimension = self._elements[key(element)]
        return self.dimensions[dimension].elements.index(name) + 1

    def home(self, parts: Sequence[str], taken: Iterable[str]) -> str | None:
        """The dimension that holds all elements of the parts (ranges or elements) and none of `taken` is.

        First a range that the modeller wrote, then one with exactly these elements, then the smallest that has them.
        """
        taken = set(taken)
        wanted = set().union(*(self.elements(part) for part in parts))
        written = [found for part in parts if (found := self.range_name(part)) is not None]
        candidates = [*written, *sorted(self.dimensions, key=lambda name: not self.dimensions[name].full)]
        fitting = [n for n in candidates if n not in taken and wanted <= set(self.dimensions[n].elements)]
        exact = [name for name in fitting if len(self.dimensions[name].elements) == len(wanted)]
        best = exact or sorted(fitting, key=lambda name: len(self.dimensions[name].elements))
        return best[0] if best else None

    def block(self, dimensions: Sequence[str], subscripts: Sequence[str]) -> tuple[npt.NDArray[np.int64], ...]:
        """Indices of the elements that the subscripts (ranges or elements) name, for an array over the dimensions."""
        places = []
        for name, subscript in zip(dimensions, subscripts, strict=True):
            number = {element: i for i, element in enumerate(self.dimensions[name].elements)}
            part = self.dimensions.get(subscript)
            places.append([number[element] for element in (part.elements if part else (subscript,))])
        return np.ix_(*places)

    def defined_twice(
        self, dimensions: Sequence[str], equations: Sequence[Equation]
    ) -> tuple[Equation, Equation] | None:
        """The first two equations that define the same element."""
        defined = np.full([len(self.dimensions[name].elements) for name in dimensions], -1)
        for i, equation in enumerate(equations):
            block = self.block(dimensions, equation.subscripts)
            left_out = np.full(defined.shape if equation.excluded else (), False)
            for group in equation.excluded:
                left_out[self.block(dimensions, group)] = True
            kept = ~(left_out[block] if equation.excluded else left_out)
            before = defined[block]
            twice = before[kept & (before >= 0)]
            if twice.size:
                return equations[int(twice[0])], equation
            defined[block] = np.where(kept, i, before)
        return None

    def corresponds(self, name: str, axis: str) -> bool:
        """Whether the range `name` can be moved along the axis of the range `axis`."""
        return self._along(self.dimensions[name], self.dimensions[axis]) is not None

    def aligned(self, name: str, axis: str) -> tuple[str, ...]:
        """For each element of the range `axis`, the element of the range `name` that corresponds to it."""
        one = self.dimensions[name]
        return self._along(one, self.dimensions[axis]) or one.elements

    def _along(self, one: Dimension, other: Dimension) -> tuple[str, ...] | None:
        """For each element of `other` the one of `one`, equal or mapped either way; None where one has none."""
        if one.elements == other.elements:
            return one.elements
        for owner, target in ((one, other), (other, one)):
            for mapping in owner.mappings:
                if key(mapping.target) == key(target.name):
                    found = self._sources(one, other, mapping) if owner is one else self._targets(one, mapping)
                    return found if len(found) == len(other.elements) else None
        return None

    def _sources(self, one: Dimension, other: Dimension, mapping: Correspondence) -> tuple[str, ...]:
        """The elements of `one` that its mapping sends to elements of `other`."""
        sent = {
            target: source
            for source, targets in zip(one.elements, mapping.elements, strict=False)
            for entry in targets
            for target in self.elements(entry)
        }
        return tuple(sent[e] for e in other.elements if e in sent) if sent else one.elements

    def _targets(self, one: Dimension, mapping: Correspondence) -> tuple[str, ...]:
        """The single elements of `one` to which a mapping of another range sends its elements."""
        targets = [[e for entry in entries for e in self.elements(entry)] for entries in mapping.elements]
        singles = (part[0] for part in targets if len(part) == 1 and part[0] in one.elements)
        return tuple(singles) if targets else one.elements


def build_ranges(
    given: Mapping[str, Sequence[str] | str], mappings: Mapping[str, tuple[Correspondence, ...]], file: str
) -> Ranges:
    """The ranges of a file: `given` holds the elements of each, or the name of the range that it copies (`<->`)."""
    lists = {name: _expanded(name, given, file) for name in given}
    names = {key(name): name for name in lists}
    parents = {name: _parent(name, lists, given) for name in lists}
    dimensions = {
        name: Dimension(name, elements, parents[name], _checked(name, lists, names, mappings.get(name, ()), file))
        for name, elements in lists.items()
    }
    return Ranges(dimensions)


def _expanded(
    name: str, given: Mapping[str, Sequence[str] | str], file: str, seen: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The elements of a range, with the names of other ranges in its list replaced by their elements."""
    if name in seen:
        raise InvalidModel(Fault(f"the subscript ranges {', '.join(seen)} contain each other.", name, file))
    names = {key(other): other for other in given}
    definition = given[name]
    parts = [definition] if isinstance(definition, str) else definition
    elements: list[str] = []
    for part in parts:
        other = names.get(key(part))
        elements.extend((part,) if other is None else _expanded(other, given, file, (*seen, name)))
        if len(elements) > LARGEST_VARIABLE:
            raise InvalidModel(Fault(f"more than {LARGEST_VARIABLE} elements in a subscript range.", name, file))
    if isinstance(definition, str) and key(definition) not in names:
        raise InvalidModel(Fault(f"it copies the subscript range {definition!r}, which is not defined.", name, file))
    return tuple(dict.fromkeys(elements))


def _parent(name: str, lists: Mapping[str, tuple[str, ...]], given: Mapping[str, Sequence[str] | str]) -> str:
    """The largest range that contains this one; of equal ranges the first that is not a copy."""
    elements = set(lists[name])
    larger = [other for other in lists if elements <= set(lists[other])]
    largest = max(len(lists[other]) for other in larger)
    equals = [other for other in larger if len(lists[other]) == largest]
    return next((other for other in equals if not isinstance(given[other], str)), equals[0])


def _checked(
    name: str,
    lists: Mapping[str, tuple[str, ...]],
    names: Mapping[str, str],
    mappings: tuple[Correspondence, ...],
    file: str,
) -> tuple[Correspondence, ...]:
    """The mappings of a range with targets in their own spelling; InvalidModel for one that does not fit."""
    checked = []
    for mapping in mappings:
        target = names.get(key(mapping.target))
        if target is None:
            raise InvalidModel(Fault(f"it is mapped to {mapping.target!r}, which is no subscript range.", name, file))
        if mapping.elements and len(mapping.elements) != len(lists[name]):
            found = f"the mapping to {target!r} lists {len(mapping.elements)} elements for {len(lists[name])}."
            raise InvalidModel(Fault(found, name, file, advice="List one element or subrange for each."))
        checked.append(replace(mapping, target=target))
    return tuple(checked)

"""Subscript ranges: which elements they have, which are parts of others, and how ranges correspond.

`Ranges` answers what flattening asks: what a name on a left-hand side means, which dimension a set of elements belongs
to, and whether one range stands for another by alias or mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..errors import Fault, InvalidModel, UnsafeModel
from .model import Correspondence, Dimension, Equation, key

# A model with more elements in one variable than this is refused: 8 MB a variable and time step.
LARGEST_VARIABLE = 1_000_000
MOST_NESTED = 100  # ranges in one another
MOST_ELEMENTS = 2_000_000  # of all ranges together
MOST_COMPARED = 50_000_000  # elements times ranges: what it takes to find which ranges contain others, in seconds


@dataclass(frozen=True)
class Ranges:
    """All subscript ranges of a model by name, subranges and aliases included."""

    dimensions: Mapping[str, Dimension]

    @cached_property
    def _keys(self) -> dict[str, str]:
        return {key(name): name for name in self.dimensions}

    @cached_property
    def _sets(self) -> dict[str, frozenset[str]]:
        """The elements of each range, full dimensions first."""
        ordered = sorted(self.dimensions, key=lambda name: not self.dimensions[name].full)
        return {name: frozenset(self.dimensions[name].elements) for name in ordered}

    @cached_property
    def _places(self) -> dict[str, dict[str, int]]:
        """The position of each element in each range."""
        return {name: {e: i for i, e in enumerate(d.elements)} for name, d in self.dimensions.items()}

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
        return self._places[dimension][name] + 1

    def home(self, parts: Sequence[str], taken: Iterable[str]) -> str | None:
        """The dimension that holds all elements of the parts (ranges or elements) and none of `taken` is.

        First a range that the modeller wrote, then one with exactly these elements, then the smallest that has them.
        """
        taken = set(taken)
        wanted = set().union(*(self.elements(part) for part in parts))
        written = [found for part in parts if (found := self.range_name(part)) is not None]
        fitting = [n for n in (*written, *self._sets) if n not in taken and wanted <= self._sets[n]]
        exact = [name for name in fitting if len(self.dimensions[name].elements) == len(wanted)]
        best = exact or sorted(fitting, key=lambda name: len(self.dimensions[name].elements))
        return best[0] if best else None

    def block(self, dimensions: Sequence[str], subscripts: Sequence[str]) -> tuple[npt.NDArray[np.int64], ...]:
        """Indices of the elements that the subscripts (ranges or elements) name, for an array over the dimensions."""
        places = []
        for name, subscript in zip(dimensions, subscripts, strict=True):
            number = self._places[name]
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
    lists = _Lists(given, file)
    for name in given:
        lists.expand(name)
    parents = lists.parents()
    dimensions = {
        name: Dimension(name, elements, parents[name], _checked(name, lists, mappings.get(name, ()), file))
        for name, elements in lists.found.items()
    }
    return Ranges(dimensions)


@dataclass
class _Lists:
    """The elements of each range, with the names of other ranges in its list replaced by their elements."""

    given: Mapping[str, Sequence[str] | str]
    file: str
    found: dict[str, tuple[str, ...]] = field(default_factory=dict)
    total: int = 0

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of the ranges by their key."""
        return {key(name): name for name in self.given}

    def expand(self, name: str, seen: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The elements of one range; `seen` are the ranges in which it stands."""
        if name in self.found:
            return self.found[name]
        if name in seen:
            raise self.invalid(f"the subscript ranges {', '.join(seen)} contain each other.", name)
        if len(seen) > MOST_NESTED:
            raise self.invalid(f"more than {MOST_NESTED} subscript ranges stand in one another.", name)
        definition = self.given[name]
        elements: dict[str, None] = {}
        for part in [definition] if isinstance(definition, str) else definition:
            other = self.names.get(key(part))
            new = (part,) if other is None else self.expand(other, (*seen, name))
            elements.update(dict.fromkeys(new))
            self.count(len(new), name)
            if len(elements) > LARGEST_VARIABLE:
                raise self.invalid(f"more than {LARGEST_VARIABLE} elements in a subscript range.", name)
        if isinstance(definition, str) and key(definition) not in self.names:
            raise self.invalid(f"it copies the subscript range {definition!r}, which is not defined.", name)
        self.found[name] = tuple(elements)
        return self.found[name]

    def count(self, more: int, name: str) -> None:
        """Count elements, also those that a list names again; UnsafeModel for too many."""
        self.total += more
        if self.total > MOST_ELEMENTS:
            found = f"more than {MOST_ELEMENTS} elements in all subscript ranges together."
            raise UnsafeModel(Fault(found, name, self.file, advice="Use fewer or smaller ranges."))

    def invalid(self, found: str, name: str) -> InvalidModel:
        """The error for a range."""
        return InvalidModel(Fault(found, name, self.file))

    def parents(self) -> dict[str, str]:
        """For each range the largest one that contains it; of equal ranges the first that is not a copy."""
        if len(self.found) * self.total > MOST_COMPARED:
            found = f"{len(self.found)} subscript ranges have {self.total} elements, too many to compare."
            raise UnsafeModel(Fault(found, file=self.file, advice="Use fewer or smaller ranges."))
        sets = {name: frozenset(elements) for name, elements in self.found.items()}
        ordered = sorted(sets, key=lambda name: (-len(sets[name]), isinstance(self.given[name], str)))
        return {name: next(other for other in ordered if sets[name] <= sets[other]) for name in sets}


def _checked(
    name: str,
    lists: _Lists,
    mappings: tuple[Correspondence, ...],
    file: str,
) -> tuple[Correspondence, ...]:
    """The mappings of a range with targets in their own spelling; InvalidModel for one that does not fit."""
    checked = []
    for mapping in mappings:
        target = lists.names.get(key(mapping.target))
        if target is None:
            raise InvalidModel(Fault(f"it is mapped to {mapping.target!r}, which is no subscript range.", name, file))
        if mapping.elements and len(mapping.elements) != len(lists.found[name]):
            found = f"the mapping to {target!r} lists {len(mapping.elements)} elements for {len(lists.found[name])}."
            raise InvalidModel(Fault(found, name, file, advice="List one element or subrange for each."))
        checked.append(replace(mapping, target=target))
    return tuple(checked)

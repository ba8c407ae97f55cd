"""The named parts into which subscript ranges fall, such as pillars of measures."""

from __future__ import annotations

from collections.abc import Mapping

from sd_models.system.model import System

Groups = Mapping[str, Mapping[str, tuple[str, ...]]]


def groups_of(system: System) -> Groups:
    """For each dimension the subranges that divide it into parts without overlap, where there are such."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, dimension in system.dimensions.items():
        parts = {n: d.elements for n, d in system.dimensions.items() if d.parent == name and len(d.elements) > 1}
        chosen: dict[str, tuple[str, ...]] = {}
        covered: set[str] = set()
        for part, elements in parts.items():
            if covered.isdisjoint(elements) and len(elements) < len(dimension.elements):
                chosen[part] = elements
                covered.update(elements)
        if len(chosen) > 1 and covered == set(dimension.elements):
            found[name] = chosen
    return found

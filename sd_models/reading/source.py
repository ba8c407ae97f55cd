"""What the front ends hand on: PySD's abstract model, and what it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pysd.translators.structures.abstract_model import AbstractModel

from ..system.model import Correspondence, Method


@dataclass(frozen=True, slots=True)
class Flows:
    """The names of the flows of a stock, in the order of the file."""

    inflows: tuple[str, ...] = ()
    outflows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A model file, parsed.

    `lines` gives, for (section name, element name as in the abstract model), the line of each of its components.
    `range_lines` gives the line of a subscript range by its name.
    `mappings` gives the explicit subscript mappings of a range, which the abstract model reduces to a name.
    `flows` gives, for (section name, element name) of a stock that cannot be negative, its flows by priority.
    `uniflows` are the flows (section name, element name) that cannot run backwards.
    `groups` gives, for (section name, element name), the group of the model in which the file puts it, if any.
    `unit_synonyms` are groups of unit names that the file declares to be equal.
    """

    path: Path
    model: AbstractModel
    lines: Mapping[tuple[str, str], tuple[int, ...]]
    range_lines: Mapping[str, int] = field(default_factory=dict)
    method: Method = Method.EULER
    mappings: Mapping[str, tuple[Correspondence, ...]] = field(default_factory=dict)
    unit_synonyms: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    flows: Mapping[tuple[str, str], Flows] = field(default_factory=dict)
    uniflows: frozenset[tuple[str, str]] = frozenset()
    groups: Mapping[tuple[str, str], str] = field(default_factory=dict)

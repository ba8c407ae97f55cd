"""What is counted and checked of a model as a whole: its size, its time, and what a reader would miss in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from ..analysis.outline import HEADINGS, METHOD_NAMES, needed
from ..analysis.units import Finding, check_units
from ..dynamics.timing import CONTROLS
from ..system.model import Kind, System, Variable


@dataclass(frozen=True)
class Assessment:
    """A model, and which of its variables use which."""

    system: System

    @cached_property
    def uses(self) -> Mapping[str, tuple[str, ...]]:
        """The variables that each one needs, in the order of the file."""
        places = {variable.name: place for place, variable in enumerate(self.system)}
        return {
            variable.name: tuple(sorted(needed(variable) & places.keys(), key=places.__getitem__))
            for variable in self.system
        }

    @cached_property
    def used_by(self) -> Mapping[str, tuple[str, ...]]:
        """The variables that need each one."""
        found: dict[str, list[str]] = {variable.name: [] for variable in self.system}
        for user, names in self.uses.items():
            for name in names:
                found[name].append(user)
        return {name: tuple(users) for name, users in found.items()}

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with units."""
        return check_units(self.system)

    @property
    def rows(self) -> Iterator[tuple[str, str]]:
        """What there is to say of the whole, and the figures."""
        system = self.system
        yield "Variables", f"{len(system.variables):,}"
        for kind, name in KINDS.items():
            if variables := list(system.of_kind(kind)):
                elements = sum(prod(system.shape(variable)) for variable in variables)
                more = f", {elements:,} elements" if elements > len(variables) else ""
                yield name, f"{len(variables):,}{more}"
        for name, dimension in system.dimensions.items():
            yield f"Dimension {name}", f"{len(dimension.elements):,} elements"
        yield "Integration", METHOD_NAMES[system.method]
        for name in CONTROLS:
            if name in system.variables:
                yield name, system[name].equation_lines[0].partition("= ")[2]
        yield "Without a comment", _some(self.silent)
        yield "Without a unit", _some([variable.name for variable in system if not variable.unit])
        yield "Units that do not agree", _some([str(finding) for finding in self.findings]) if self.findings else "none"
        yield "Used by no other variable", _some(self.outcomes)

    @property
    def silent(self) -> list[str]:
        """Variables of which the modeller says nothing."""
        return [variable.name for variable in self.system if not variable.documentation.strip() and not variable.origin]

    @property
    def outcomes(self) -> list[str]:
        """Variables that nothing else needs, but for the control of the run: outcomes, or left over."""
        return [name for name, users in self.used_by.items() if not users and name not in CONTROLS]

    @property
    def groups(self) -> dict[str, list[Variable]]:
        """The variables by the group that the file puts them in; in the order of the file."""
        found: dict[str, list[Variable]] = {}
        for variable in self.system:
            found.setdefault(variable.group, []).append(variable)
        return found


KINDS: Mapping[Kind, str] = {**HEADINGS, Kind.AUXILIARY: "Flows and auxiliaries"}
MOST = 40  # names that are told one by one


def _some(names: Sequence[str]) -> str:
    """How many, and which."""
    if not names:
        return "none"
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"{len(names)}: {', '.join(names[:MOST])}{more}"

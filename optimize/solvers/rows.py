"""A row of the table of solvers: what a solver is, what it takes, and why it does not take a problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from .solver import Solver
from .traits import Size, Trait

OURS = "common-prosperity"


class Works(StrEnum):
    """What a solver works on."""

    ON_LEVERS = "levers"  # runs of the program, and their derivatives
    ON_EQUATIONS = "equations"  # all that a run computes, stated in Pyomo
    ON_MATRICES = "matrices"  # linear or quadratic equations, as numbers


@dataclass(frozen=True, slots=True)
class Limit:
    """How large a problem a free licence takes: so many variables and constraints."""

    variables: int
    rows: int

    def excess(self, size: Size) -> str:
        """What is too large, in words; empty where nothing is."""
        pairs = ((size.variables, self.variables, "variables"), (size.rows, self.rows, "constraints"))
        return " and ".join(f"{found:,} {words} (at most {most:,})" for found, most, words in pairs if found > most)


@dataclass(frozen=True)
class Row:
    """A solver of the table.

    `kind` is the class behind it in `module` (below this package), which is loaded when it is made, `settings` its
    fields that make it this solver. `package` is what pip installs, `needs` modules that it brings. `takes` are the
    traits of the problems that it takes. `gives_bound`: whether it tells a bound that holds for all policies.
    `is_exact`: whether it ends at an optimum to its tolerance, and not somewhere near.
    """

    name: str
    module: str
    kind: str
    about: str
    works: Works
    takes: frozenset[Trait]
    licence: str
    package: str = OURS
    needs: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    limit: Limit | None = None
    gives_bound: bool = False
    is_exact: bool = True

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f"pip install {self.package}"

    def version(self) -> str | None:
        """The version that is installed, or None."""
        if any(find_spec(name) is None for name in self.needs):
            return None
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None

    def make(self, options: Mapping[str, object] | None = None) -> Solver:
        """The solver with those of the options that are its own."""
        kind = getattr(import_module(f".{self.module}", __package__), self.kind)
        known = {each.name for each in fields(kind)}
        own = {name: value for name, value in (options or {}).items() if name in known}
        made: Solver = kind(**{**self.settings, **own})
        return made


def refusal(row: Row, traits: Iterable[Trait] = (), size: Size | None = None) -> str | None:
    """Why a solver does not take a problem, in a sentence; None where it does."""
    if row.version() is None:
        return f"{row.name} is not installed. Install it: {row.install}."
    asked = [trait for trait in Trait if trait in set(traits) - row.takes]
    if asked:
        return f"{row.name} does not take this problem. It has {_listed(asked)}."
    excess = row.limit.excess(size) if row.limit is not None and size is not None else ""
    return f"{row.name} does not take this problem: beyond the free licence are its {excess}." if excess else None


def _listed(words: list[Trait]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else str(last)

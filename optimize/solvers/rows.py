"""A row of the table of solvers: what a solver is, what it takes, and why it does not take a problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from math import inf

from sd_models.errors import Fault, InvalidRequest

from .solver import Solver
from .traits import Size, Trait

OURS = "common-prosperity"


class Works(StrEnum):
    """What a solver works on."""

    ON_LEVERS = "levers"  # runs of the program, and their derivatives
    ON_EQUATIONS = "equations"  # all that a run computes, stated in Pyomo
    ON_MATRICES = "matrices"  # linear or quadratic equations, as numbers


class NotAccepted(InvalidRequest):
    """A solver does not take a problem; the sentence says why, `traits` what of it."""

    def __init__(self, reason: str, traits: Iterable[Trait] = ()) -> None:
        super().__init__(Fault(reason))
        self.traits = frozenset(traits)


@dataclass(frozen=True, slots=True)
class Limit:
    """How large a problem a free licence takes: so many variables, constraints, and both together; `harder` is the
    limit for problems that have one of the traits `of`."""

    variables: float = inf
    rows: float = inf
    together: float = inf
    harder: Limit | None = None
    of: frozenset[Trait] = frozenset()

    def excess(self, size: Size, traits: Iterable[Trait] = ()) -> str:
        """What is too large, in words; empty where nothing is."""
        if self.harder is not None and not self.of.isdisjoint(traits):
            return self.harder.excess(size)
        both = size.variables + size.rows
        found = (
            (size.variables, self.variables, "variables"),
            (size.rows, self.rows, "constraints"),
            (both, self.together, "variables and constraints together"),
        )
        return " and ".join(f"{count:,} {words} (at most {most:,.0f})" for count, most, words in found if count > most)

    def __str__(self) -> str:
        pairs = (
            (self.variables, "variables"),
            (self.rows, "constraints"),
            (self.together, "variables and constraints"),
        )
        told = ", ".join(f"{most:,.0f} {words}" for most, words in pairs if most < inf)
        kinds = " or ".join(trait for trait in Trait if trait in self.of)
        return told if self.harder is None else f"{told}; with {kinds} {self.harder}"


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
            return version(self.package.partition("[")[0])
        except PackageNotFoundError:
            return None

    def make(self, options: Mapping[str, object] | None = None) -> Solver:
        """The solver with those of the options that are its own; one with a field `row` is told its row."""
        kind = getattr(import_module(f".{self.module}", __package__), self.kind)
        known = {each.name for each in fields(kind)}
        given = {**self.settings, "row": self, **(options or {})}
        made: Solver = kind(**{name: value for name, value in given.items() if name in known})
        return made

    def __str__(self) -> str:
        return f"{self.name}, {self.package} {self.version()}"


def refusal(row: Row, traits: Iterable[Trait] = (), size: Size | None = None) -> str | None:
    """Why a solver does not take a problem, in a sentence; None where it does."""
    if row.version() is None:
        return f"{row.name} is not installed. Install it: {row.install}."
    asked = [trait for trait in Trait if trait in set(traits) - row.takes]
    if asked:
        return f"{row.name} does not take this problem. It has {_listed(asked)}."
    excess = row.limit.excess(size, traits) if row.limit is not None and size is not None else ""
    return f"{row.name} does not take this problem: beyond the free licence are its {excess}." if excess else None


def accept(row: Row, traits: frozenset[Trait], size: Size | None = None) -> None:
    """NotAccepted where a solver does not take a problem."""
    reason = refusal(row, traits, size)
    if reason is not None:
        raise NotAccepted(reason, traits - row.takes)


def _listed(words: list[Trait]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else str(last)

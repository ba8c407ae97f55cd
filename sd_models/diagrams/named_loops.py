"""The feedback loops of a view: those that comments of the model name, and short ones found in it.

A comment names a loop as modellers write it: `Loop R1 "growth": people -> births -> people`. Its mark stands in the
view of the variable with the comment. A loop that no comment names is marked where all of its variables are defined in
one view, they are at most `LONGEST`, and its polarity is known; its number goes on from the highest that is named.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..analysis.loops import Loop, Polarity, feedback_loops
from ..system.model import System

NAMED = re.compile(r'\b([RB])(\d{1,4}) "([^"]{1,80})": ([^.;|]*->[^.;|]*)')
LONGEST, MOST = 8, 8  # variables of a found loop, found loops of a view
LETTERS = {Polarity.REINFORCING: "R", Polarity.BALANCING: "B"}


@dataclass(frozen=True, slots=True)
class NamedLoop:
    """A feedback loop to be marked: its variables in order, and what it is called."""

    label: str
    name: str
    variables: tuple[str, ...]


def loops_of(system: System, sectors: Mapping[str, Sequence[str]]) -> dict[str, tuple[NamedLoop, ...]]:
    """The loops to be marked in each view."""
    named = {view: tuple(_named(system, members)) for view, members in sectors.items()}
    counts: Counter[str] = Counter()
    for loop in (loop for loops in named.values() for loop in loops):
        counts[loop.label[0]] = max(counts[loop.label[0]], int(loop.label[1:]))
    known = {frozenset(loop.variables) for loops in named.values() for loop in loops}
    found = [loop for loop in feedback_loops(system) if 2 <= len(loop.variables) <= LONGEST]
    unnamed = [loop for loop in found if loop.polarity in LETTERS and frozenset(loop.variables) not in known]
    return {view: (*named[view], *_numbered(unnamed, set(members), counts)) for view, members in sectors.items()}


def _named(system: System, members: Sequence[str]) -> Iterator[NamedLoop]:
    """The loops that comments of these variables name, each once."""
    seen: set[str] = set()
    for member in members:
        for letter, number, name, path in NAMED.findall(" ".join(system.variables[member].documentation.split())):
            variables = tuple(dict.fromkeys(_path(system, path)))
            if len(variables) > 1 and letter + number not in seen:
                seen.add(letter + number)
                yield NamedLoop(letter + number, name, variables)


def _path(system: System, path: str) -> Iterator[str]:
    """The variables of a path, as far as they are known; behind a comma the sentence goes on."""
    for step in path.split("->"):
        for text in (step, step.split(",")[0]):
            if text in system:
                yield system[text].name
                break


def _numbered(loops: Sequence[Loop], members: set[str], counts: Counter[str]) -> Iterator[NamedLoop]:
    inside = [loop for loop in loops if members.issuperset(loop.variables)]
    for loop in inside[:MOST]:
        letter = LETTERS[loop.polarity]
        counts[letter] += 1
        yield NamedLoop(f"{letter}{counts[letter]}", "", loop.variables)

"""Which variables share a view: the groups of the file, or else sectors of what belongs together.

Without groups a model of at most `LARGEST` variables is one view. A larger one is parted: stocks that flows join stay
together with these flows; then, again and again, the two parts with most links between them for their size are joined,
as long as both together hold at most `LARGEST` variables. What has no links to others is joined in the order of the
file. A view is called after the stock in it that has most links, or after its variable with most links.

The four variables that control a run are in no view, as modellers have it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from ..system.model import System, key
from .picture import Role
from .structure import CONTROLS, Structure

LARGEST = 40  # variables of a view that no group of the file makes
SMALL = 8  # variables without links that make a view of their own


def sectors(system: System, model: Structure) -> dict[str, tuple[str, ...]]:
    """The variables of each view by its name, in the order of the file; names differ in letters and digits alone."""
    names = [name for name in model.roles if key(name) not in CONTROLS]
    grouped: dict[str, list[str]] = {}
    for name in names:
        grouped.setdefault(system.variables[name].group, []).append(name)
    parts: list[tuple[str, Sequence[str]]] = []
    for group, members in grouped.items():
        if group:
            parts.append((group, members))
        elif len(members) <= LARGEST:
            parts.append((system.name, members))
        else:
            parts.extend((_title(model, part), part) for part in _derived(model, members))
    return _named(parts)


def _named(parts: Iterable[tuple[str, Sequence[str]]]) -> dict[str, tuple[str, ...]]:
    """The parts under names of which no two are the same word for PySD, which makes file names of them."""
    found: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for title, members in parts:
        name, number = title, 2
        while _word(name) in taken:
            name, number = f"{title} {number}", number + 1
        taken.add(_word(name))
        found[name] = tuple(members)
    return found


def _word(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum()).lstrip("0123456789")


def _links(model: Structure, members: Sequence[str]) -> Counter[tuple[str, str]]:
    """How many links there are between each two of the variables."""
    own = set(members)
    pairs = [(cause.name, name) for name in members for cause in model.causes[name]]
    for valve in model.valves:
        pairs += [(cause.name, stock) for cause in valve.causes for stock in valve.stocks]
        pairs += [(valve.flow, stock) for stock in valve.stocks]
    return Counter((min(pair), max(pair)) for pair in pairs if own.issuperset(pair) and pair[0] != pair[1])


def _derived(model: Structure, members: Sequence[str]) -> list[list[str]]:
    """The parts of a model without groups, each in the order of the file."""
    order = {name: place for place, name in enumerate(members)}
    parts = _chains(model, members)
    links = _between(parts, _links(model, members))
    while found := _closest(parts, links):
        _join(parts, links, *found)
    parts = _with_loose(parts, order)
    return sorted((sorted(part, key=order.__getitem__) for part in parts.values()), key=lambda part: order[part[0]])


Parts = dict[str, list[str]]
Between = dict[str, Counter[str]]


def _chains(model: Structure, members: Sequence[str]) -> Parts:
    """The parts to begin with: stocks with their flows, as far as they are few enough, and each other variable."""
    parts: Parts = {name: [name] for name in members}
    home = {name: name for name in members}
    for valve in model.valves:
        for one, other in combinations((*valve.stocks, *([valve.flow] if valve.flow else [])), 2):
            first, second = home.get(one, ""), home.get(other, "")
            if first and second and first != second and len(parts[first]) + len(parts[second]) <= LARGEST:
                moved = parts.pop(second)
                parts[first] += moved
                home.update(dict.fromkeys(moved, first))
    return parts


def _between(parts: Parts, links: Mapping[tuple[str, str], int]) -> Between:
    home = {name: part for part, names in parts.items() for name in names}
    found: Between = {part: Counter() for part in parts}
    for (one, other), count in links.items():
        if home[one] != home[other]:
            found[home[one]][home[other]] += count
            found[home[other]][home[one]] += count
    return found


def _closest(parts: Parts, links: Between) -> tuple[str, str] | None:
    """The two parts with most links for their size that are small enough together; the first of equals."""
    best, pair = 0.0, None
    for one in parts:
        for other, count in links[one].items():
            size = len(parts[one]) + len(parts[other])
            if size <= LARGEST and count / size > best:
                best, pair = count / size, (one, other)
    return pair


def _join(parts: Parts, links: Between, one: str, other: str) -> None:
    parts[one] += parts.pop(other)
    for third, count in links.pop(other).items():
        del links[third][other]
        if third != one:
            links[one][third] += count
            links[third][one] += count


def _with_loose(parts: Parts, order: Mapping[str, int]) -> Parts:
    """The parts, those with few variables joined while they fit."""
    found: Parts = {}
    last = ""
    for part, names in sorted(parts.items(), key=lambda item: min(map(order.__getitem__, item[1]))):
        if len(names) <= SMALL and last and len(found[last]) + len(names) <= LARGEST:
            found[last] += names
        else:
            found[part] = list(names)
            last = part if len(names) <= SMALL else last
    return found


def _title(model: Structure, members: Sequence[str]) -> str:
    """The stock with most links in a part, or its variable with most."""
    counts: Counter[str] = Counter()
    for pair, count in _links(model, members).items():
        counts.update(dict.fromkeys(pair, count))
    stocks = [name for name in members if model.roles[name] is Role.STOCK]
    return max(stocks or members, key=lambda name: counts[name]).strip('"')

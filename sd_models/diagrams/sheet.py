"""What is in a view before anything has a place: variables, shadows, valves and the arrows between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..analysis.polarity import Sign
from .labels import label_size, wrapped
from .picture import Role
from .structure import Cause, Structure, Valve

STOCK_WIDTH, STOCK_HEIGHT = 84.0, 40.0


@dataclass(frozen=True, slots=True)
class Word:
    """A variable in a view with the room that it takes; `key` tells it from its copies."""

    key: str
    name: str
    role: Role
    shadow: bool
    lines: tuple[str, ...]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow between two keys."""

    source: str
    target: str
    sign: Sign
    initial: bool


@dataclass(frozen=True)
class Sheet:
    """A view without places; valves by their keys, which are those of their flows where these have names."""

    name: str
    words: Mapping[str, Word]
    valves: Mapping[str, Valve]
    links: tuple[Link, ...]

    @cached_property
    def changed(self) -> frozenset[str]:
        """What arrows lead to."""
        return frozenset(link.target for link in self.links)


def sheet(name: str, members: Sequence[str], model: Structure) -> Sheet:
    """The view of some variables: they with all their causes, their stocks with all that fills and drains these."""
    own = set(members)
    valves = {_valve_key(valve): _inside(valve, own) for valve in model.valves if own.intersection(valve.stocks)}
    links = [link for member in members for link in _links(model.causes[member], member)]
    links += [link for key, valve in valves.items() for link in _links(valve.causes, key)]
    shown = dict.fromkeys((*members, *(v.flow for v in valves.values() if v.flow), *(link.source for link in links)))
    words = {other: _word(other, other, model, valves, shadow=other not in own) for other in shown}
    return Sheet(name, words, valves, tuple(links))


def _inside(valve: Valve, own: set[str]) -> Valve:
    """A valve as a view shows it: stocks of other views are outside."""
    source, target = (end if end in own else "" for end in (valve.source, valve.target))
    return replace(valve, source=source, target=target)


def _valve_key(valve: Valve) -> str:
    """The flow of a valve; one without has a key that no variable can have, of its stock and its way."""
    way = "change" if valve.both else "inflow" if valve.target else "outflow"
    return valve.flow or f"{valve.source or valve.target}\n{way}"


def _links(causes: Iterable[Cause], target: str) -> list[Link]:
    return [Link(cause.name, target, cause.sign, cause.initial) for cause in causes]


def _word(key: str, name: str, model: Structure, valves: Mapping[str, Valve], *, shadow: bool) -> Word:
    role = model.roles.get(name, Role.AUXILIARY)
    if (role is Role.FLOW and key not in valves) or (role is Role.STOCK and shadow):
        role = Role.AUXILIARY
    lines = wrapped(f"<{name}>" if shadow else name)
    width, height = label_size(lines)
    if role is Role.STOCK:
        width, height = max(STOCK_WIDTH, width + 8), max(STOCK_HEIGHT, height + 8)
    return Word(key, name, role, shadow, lines, width, height)


def with_shadow(view: Sheet, links: Sequence[Link], key: str) -> Sheet:
    """The view with a shadow of the links' common source, from which they come instead."""
    source = view.words[links[0].source]
    lines = wrapped(f"<{source.name}>")
    width, height = label_size(lines)
    copy = Word(key, source.name, Role.AUXILIARY, True, lines, width, height)
    moved = tuple(replace(link, source=key) if link in links else link for link in view.links)
    used = {link.source for link in moved}
    words = {k: word for k, word in view.words.items() if k in used or not word.shadow or k in view.valves}
    return replace(view, words={**words, key: copy}, links=moved)


def leaves(view: Sheet) -> dict[str, tuple[Word, ...]]:
    """For what has causes, those of them that have no cause and no other effect in the view."""
    effects: dict[str, list[str]] = {}
    for link in view.links:
        effects.setdefault(link.source, []).append(link.target)
    found: dict[str, list[Word]] = {}
    for key, word in view.words.items():
        if is_leaf(view, key) and len(effects.get(key, ())) == 1:
            found.setdefault(effects[key][0], []).append(word)
    return {key: tuple(words) for key, words in found.items()}


def is_leaf(view: Sheet, key: str) -> bool:
    """Whether something has no cause in the view, and no flow."""
    return key not in view.valves and view.words[key].role is not Role.STOCK and key not in view.changed


def with_leaves(view: Sheet) -> Sheet:
    """The view with a shadow beside each further effect of what has no cause there."""
    effects: dict[str, list[Link]] = {}
    for link in view.links:
        effects.setdefault(link.source, []).append(link)
    for source, links in effects.items():
        if is_leaf(view, source):
            for number, link in enumerate(links[1:]):
                view = with_shadow(view, [link], f"{source}\n{number}")
    return view

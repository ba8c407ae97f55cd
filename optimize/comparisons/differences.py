"""In what two results differ before anything was decided: model, plan and assumptions, in the words of plans.

What only one of two plans has is told by its name alone, however much it says; what is empty in one and absent in the
other is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..plans.plan import Plan
from ..results.result import Result

MOST_NAMES = 3  # of what only one plan has
OWN = "the model's own"
CALLED = {"lower": "lower bound", "upper": "upper bound", "fixed": "fixed values"}
PLAIN = {"factor": 1.0, "relative": 0.0, "absolute": 0.0}  # what an entry is that says nothing of it

Content = Mapping[str, Any]


def differences(one: Result, other: Result) -> Iterator[str]:
    """What is not the same in two results, in words."""
    names = [str(result.provenance["model"]) for result in (one, other)]
    if names[0] != names[1]:
        yield f"the models are {names[0]} and {names[1]}"
    else:
        yield from _files(one.provenance["files"], other.provenance["files"])
    yield from plan_differences(one.plan, other.plan)


def _files(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    changed = [name for name in one if name in other and one[name] != other[name]]
    if changed:
        yield f"{', '.join(changed)}: not the same in both"
    for files, rest, which in ((one, other, "first"), (other, one, "other")):
        alone = sorted(set(files) - set(rest))
        if alone:
            yield f"{', '.join(alone)}: in the {which} alone"


def plan_differences(one: Plan, other: Plan) -> Iterator[str]:
    """What the other plan asks otherwise than the first: a text for each lever, limit, and what else differs.

    >>> import optimize as opt
    >>> plan = opt.load_plan("urbanization")
    >>> list(plan_differences(plan, plan.model_copy(update={"horizon": (2026, 2041), "limits": ()})))
    ['horizon 2026 to 2041 instead of 2021 to 2031', 'without the limit budget']
    """
    found = [plan.model_dump(mode="json", by_alias=True, exclude_none=True) for plan in (one, other)]
    first, second = found
    yield from _changes({"horizon": _span(first)}, {"horizon": _span(second)})
    yield from _told("objective", *(_objective(content["objective"]) for content in found))
    for kind, name in (("lever", "variable"), ("limit", "name")):
        yield from _entries(kind, *(_by_name(content[kind], name) for content in found))
    yield from (f"constant {told}" for told in _changes(first["constants"], second["constants"], absent=OWN))
    yield from _told("solver", *(content["solver"] for content in found))


def _span(content: Content) -> str:
    return " to ".join(f"{time:.10g}" for time in content["horizon"])


def _objective(content: Content) -> Content:
    """An objective, whose direction and variable are one."""
    ways = ("maximize", "minimize")
    goal = next(f"{way} {content[way]}" for way in ways if way in content)
    return {"": goal, **{name: value for name, value in content.items() if name not in ways}}


def _by_name(entries: Sequence[Content], name: str) -> dict[str, Content]:
    """Levers or limits by what they are called; where several levers share a variable, with their elements."""
    names = [str(entry[name]) for entry in entries]
    called = [
        told if names.count(told) == 1 else f"{told} ({_text(entry['where'])})"
        for told, entry in zip(names, entries, strict=True)
    ]
    return {told: {k: v for k, v in entry.items() if k != name} for told, entry in zip(called, entries, strict=True)}


def _entries(kind: str, one: Mapping[str, Content], other: Mapping[str, Content]) -> Iterator[str]:
    """Levers or limits that differ, then those that one plan has alone."""
    for name in one:
        if name in other:
            yield from _told(f"{kind} {name}", one[name], other[name])
    for first, second, word in ((one, other, "without the"), (other, one, "besides, the")):
        alone = [name for name in first if name not in second]
        if alone:
            yield f"{word} {kind}{'s' if len(alone) > 1 else ''} {few(alone, MOST_NAMES)}"


def few(texts: Sequence[str], most: int, between: str = ", ") -> str:
    """The first of them, and how many more there are.

    >>> few(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return between.join(texts[:most]) + more


def _told(what: str, one: Content, other: Content) -> Iterator[str]:
    changes = ", ".join(_changes(one, other))
    if changes:
        yield f"{what}: {changes}"


def _changes(one: Content, other: Content, absent: str = "none") -> Iterator[str]:
    """What each key that differs is in the other, instead of what it is in the first."""
    for name in dict.fromkeys((*one, *other)):
        texts = [_text(content.get(name)) for content in (one, other)]
        if texts[0] == texts[1]:
            continue
        word = CALLED.get(name, name.replace("_", " "))
        if texts[1] or absent == OWN:
            yield f"{word} {texts[1] or absent} instead of {texts[0] or absent}".strip()
        else:
            yield f"no {word} instead of {texts[0]}"


def _text(value: Any) -> str:
    """A value of a plan in words; nothing for what is empty."""
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list):
        return "; ".join(map(_text, value)) if any(isinstance(v, list | dict) for v in value) else _flat(value)
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _flat(values: Sequence[Any]) -> str:
    return ", ".join(map(_text, values))


def _mapping(content: Content) -> str:
    """A value elsewhere, a term, a ramp, elements: what it is of, then what it says of that."""
    rest = {name: value for name, value in content.items() if name not in ("variable", "baseline")}
    of = [str(content["variable"])] if "variable" in content else []
    of += ["without the policy"] if content.get("baseline") is True else []
    said = [_part(name, value) for name, value in rest.items() if value is not False and value != PLAIN.get(name)]
    return " ".join((*of, ", ".join(filter(None, said)))).strip()


def _part(name: str, value: Any) -> str:
    word, text = name.replace("_", " "), _text(value)
    return word if value is True else f"{word} {text}" if text else ""

"""In what two results differ before anything was decided: model, plan and assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..plans.plan import Plan
from ..results.result import Result

MOST_DIFFERENCES = 8  # of plans, that are told
OWN = ("model", "data", "regions")  # told by provenance


def differences(one: Result, other: Result) -> Iterator[str]:
    """What is not the same in two results, in words."""
    names = [str(result.provenance["model"]) for result in (one, other)]
    if names[0] != names[1]:
        yield f"the models are {names[0]} and {names[1]}"
    else:
        yield from _files(one.provenance["files"], other.provenance["files"])
    found = list(plan_differences(one.plan, other.plan))
    yield from found[:MOST_DIFFERENCES]
    if len(found) > MOST_DIFFERENCES:
        yield f"and {len(found) - MOST_DIFFERENCES} more keys of the plans"


def _files(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    changed = [name for name in one if name in other and one[name] != other[name]]
    if changed:
        yield f"{', '.join(changed)}: not the same in both"
    for files, rest, which in ((one, other, "first"), (other, one, "other")):
        alone = sorted(set(files) - set(rest))
        if alone:
            yield f"{', '.join(alone)}: in the {which} alone"


def plan_differences(one: Plan, other: Plan) -> Iterator[str]:
    """The keys of two plans that differ, with both values.

    >>> import optimize as opt
    >>> plan = opt.load_plan("urbanization")
    >>> later = plan.model_copy(update={"horizon": (2026, 2041)})
    >>> list(plan_differences(plan, later))
    ['horizon: 2021, 2031 against 2026, 2041']
    """
    values = [dict(_leaves(plan.model_dump(mode="json", by_alias=True, exclude_none=True))) for plan in (one, other)]
    for key in dict.fromkeys((*values[0], *values[1])):
        told = [_text(found[key]) if key in found else "nothing" for found in values]
        if key.split(".")[0] not in OWN and told[0] != told[1]:
            yield f"{key}: {told[0]} against {told[1]}"


def _leaves(content: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a document by the way to them; entries of lists by their names."""
    if isinstance(content, Mapping) and content:
        for name, value in content.items():
            yield from _leaves(value, f"{key}.{name}" if key else str(name))
    elif isinstance(content, list) and any(isinstance(item, Mapping) for item in content):
        for number, item in enumerate(content, start=1):
            named = item.get("name", item.get("variable", number)) if isinstance(item, Mapping) else number
            yield from _leaves(item, f"{key}[{named}]")
    else:
        yield key, content


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:.10g}" if isinstance(value, float) else str(value)

"""What is wrong with a plan whose form has faults, beyond its form: so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import System

from ..files.documents import sound_part
from ..files.gathering import Faults
from ..plans.horizon import clock_of
from ..plans.plan import REPEATED, Plan, read_plan
from .binding import check_measured
from .problem import Problem


def further_faults(content: Mapping[str, Any], system: System, *, file: str = "") -> tuple[Fault, ...]:
    """Names, elements and times that do not fit a model, in what is sound of a plan's content.

    Nothing is said that may follow from what had to be left out.
    """
    faults = Faults(file)
    for place, name in _named(content):
        with faults.at(place):
            check_measured(system, name)
    apart = _apart(content)
    repeated = [limit["name"] for limit in _entries(content, "limit") if limit not in apart["limit"]]
    if repeated:
        faults.keep([Fault(f"{REPEATED.format(repeated[0])}.")], "limit")
    clock = clock_of(system)
    stand_ins = {"horizon": [clock.start, clock.end], "objective": {"maximize": "Time"}, "model": system.name}
    found = sound_part(apart, Plan, stand_ins)
    if found is not None:
        unsure, told = set(_unsure(found, content)), {fault.found for fault in faults.found}
        bound = _bound_faults(_whole(found, apart), system, file)
        faults.found += [fault for fault in bound if fault.variable not in unsure and fault.found not in told]
    return tuple(dict.fromkeys(faults.found))


def _entries(content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The tables of a list, without what is none."""
    entries = content.get(key, [])
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _named(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every variable that is named outright, after its place."""
    objective = content.get("objective")
    if isinstance(objective, dict):
        yield from (("objective", objective[key]) for key in ("maximize", "minimize") if _is_text(objective.get(key)))
    for lever in _entries(content, "lever"):
        if _is_text(lever.get("variable")):
            yield f"lever {lever['variable']!r}", lever["variable"]
    for limit in _entries(content, "limit"):
        place, terms = f"limit {limit.get('name', '?')!r}", limit.get("terms")
        parts = [limit, *(term for term in terms if isinstance(term, dict))] if isinstance(terms, list) else [limit]
        names = [part[key] for part in parts for key in ("sum", "variable", "by") if _is_text(part.get(key))]
        yield from ((place, name) for name in (*names, *(terms if isinstance(terms, dict) else ())))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _bound_faults(content: Mapping[str, Any], system: System, file: str) -> tuple[Fault, ...]:
    try:
        Problem(system, read_plan(content), file)
    except InvalidRequest as error:
        return error.faults
    return ()


def _apart(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with limits of one name numbered, so that these count each."""
    limits = _entries(content, "limit")
    names = [limit.get("name") for limit in limits]
    told = [
        {**limit, "name": f"{name} ({i + 1})"} if _is_text(name) and name in names[:i] else limit
        for i, (limit, name) in enumerate(zip(limits, names, strict=True))
    ]
    return {**content, "limit": told}


def _whole(found: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is sound without the limits of which a part was left out, which would mean something else."""
    return {**found, "limit": [limit for limit in found["limit"] if limit in asked["limit"]]}


def _unsure(found: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[str]:
    """The places of which nothing can be said."""
    before, after = _entries(content, "lever"), _entries(found, "lever")
    if len(before) != len(after) or found["objective"] != content.get("objective"):
        yield "objective"
    lengths = [[lever.get("every") for lever in levers] for levers in (before, after)]
    if lengths[0] != lengths[1] or found["horizon"] != content.get("horizon"):
        yield "horizon"

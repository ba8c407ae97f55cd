"""TOML files read strictly: no unknown key, no wrong type, no NaN; every fault at once, with the nearest valid name.

What a file may hold is a pydantic model derived from `Document`; what does not fit becomes one `Fault` each, for the
person who wrote the file.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from sd_models.errors import Fault, InvalidRequest, nearest

MOST_BYTES = 10_000_000
NAMES = ("name", "variable")  # keys by which people recognize an entry of a list


class Document(BaseModel):
    """A table of a TOML file: frozen, with no keys but its fields, and numbers that are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, populate_by_name=True)


Read = TypeVar("Read", bound=Document)


def read_document(path: Path, kind: type[Read]) -> Read:
    """The content of a TOML file; InvalidRequest lists everything that is wrong with it."""
    return document_of(read_toml(path), kind, file=path.name)


def document_of(content: Mapping[str, Any], kind: type[Read], *, file: str = "") -> Read:
    """The same from a dictionary, as Python users write it.

    >>> class Window(Document):
    ...     first: float
    >>> document_of({"frist": 2010, "first": 1}, Window)
    Traceback (most recent call last):
    sd_models.errors.InvalidRequest: there is no key 'frist'. Did you mean 'first'?
    """
    try:
        # By way of JSON, whose strict rules take a list for a tuple and a text for an enumeration, and nothing else.
        return kind.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        found = (_fault(content, kind, item, file) for item in error.errors(include_url=False))
        raise InvalidRequest(dict.fromkeys(found)) from error


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; InvalidRequest for a file that is none."""
    try:
        if not path.is_file():
            found = "is not a regular file." if path.exists() else "there is no such file."
            raise InvalidRequest(Fault(found, file=str(path), advice="Check the path."))
        if path.stat().st_size > MOST_BYTES:
            raise InvalidRequest(Fault(f"is larger than {MOST_BYTES:,} bytes.", file=path.name))
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        advice = "Texts stand in quotes, lists in [ ], and each table below its [name]."
        raise InvalidRequest(Fault(f"is not a TOML file: {error}.", file=path.name, advice=advice)) from error
    except OSError as error:
        raise InvalidRequest(Fault(f"cannot be read: {error.strerror}.", file=path.name)) from error


# --- faults -----------------------------------------------------------------------------------------------------------


def _fault(content: Mapping[str, Any], kind: type[Document], error: Any, file: str) -> Fault:
    """What pydantic found, in our words."""
    location, what = tuple(error["loc"]), str(error["type"])
    place = _place(content, location[:-1] if what in ("extra_forbidden", "missing") else location)
    if what == "extra_forbidden":
        fields = _fields(kind, location[:-1])
        advice = nearest(str(location[-1]), fields) or f"Possible keys: {', '.join(fields)}."
        return Fault(f"there is no key {location[-1]!r}.", place, file, advice=advice)
    if what == "missing":
        return Fault(f"the key {location[-1]!r} is missing.", place, file)
    if what == "value_error":
        return Fault(str(error["ctx"]["error"]), place, file)
    return Fault(_found(error), place, file, advice=_advice(error))


def _found(error: Any) -> str:
    message = str(error["msg"]).removeprefix("Input should be ").strip()
    value = error["input"]
    shown = "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
    return f"found {shown}; expected {message}."


def _advice(error: Any) -> str:
    """The nearest of the texts that are allowed."""
    expected = str(error.get("ctx", {}).get("expected", ""))
    allowed = [text.strip("'") for text in expected.replace(" or ", ", ").split(", ")]
    return nearest(error["input"], allowed) if expected and isinstance(error["input"], str) else ""


def _place(content: object, location: Sequence[str | int]) -> str:
    """Where in the file: keys, and entries of lists by their name or their number.

    >>> _place({"parameter": [{"name": "mobility", "lower": "x"}]}, ("parameter", 0, "lower"))
    "parameter 'mobility', lower"
    """
    parts: list[str] = []
    for step in location:
        match content:
            case dict() if step in content:
                content = content[step]
                parts.append(str(step))
            case list() if isinstance(step, int) and step < len(content):
                content = content[step]
                parts[-1:] = [f"{parts[-1] if parts else ''} {_named(content, step)}".strip()]
            case _:
                break
    return ", ".join(parts)


def _named(entry: object, number: int) -> str:
    names = [entry[name] for name in NAMES if name in entry] if isinstance(entry, dict) else []
    return repr(names[0]) if names and isinstance(names[0], str) else str(number + 1)


def _fields(kind: type[Document], location: Sequence[str | int]) -> list[str]:
    """The keys that the table at a place may have."""
    kinds: list[type[Document]] = [kind]
    for step in location:
        if isinstance(step, str):
            fields = (field for one in kinds for name, field in one.model_fields.items() if step in (name, field.alias))
            kinds = [found for field in fields for found in _documents(field.annotation)] or kinds
    return [field.alias or name for one in kinds for name, field in one.model_fields.items()]


def _documents(annotation: Any) -> Iterator[type[Document]]:
    """The documents inside an annotation such as `tuple[Parameter, ...] | None`."""
    if isinstance(annotation, type) and not get_origin(annotation) and issubclass(annotation, Document):
        yield annotation
    if get_origin(annotation) in (tuple, list, dict, Union, UnionType):
        for argument in get_args(annotation):
            yield from _documents(argument)

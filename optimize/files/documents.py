"""TOML files read strictly: no unknown key, no wrong type, no NaN; every fault at once, with the nearest valid name.

What a file may hold is a pydantic model derived from `Document`; what does not fit becomes one `Fault` each, for the
person who wrote the file.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from sd_models.errors import Fault, InvalidRequest, nearest

from .rows import read_text

MOST_BYTES = 10_000_000
MOST_FAULTS = 1000  # that are looked behind
BARE = re.compile(r"[A-Za-z0-9_-]+")  # keys that need no quotation marks
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
        return _validated(content, kind)
    except ValidationError as error:
        faults = _faults(content, kind, error.errors(include_url=False), file)
        raise InvalidRequest(dict.fromkeys(faults)) from error


def toml_text(content: Mapping[str, Any]) -> str:
    """A dictionary of plain values as TOML: tables and lists of tables at the top, what is inside these in one line.

    >>> print(toml_text({"horizon": [1.0, 2.0], "lever": [{"variable": "tax", "ramp": {"absolute": 0.5}}]}))
    horizon = [1.0, 2.0]
    <BLANKLINE>
    [[lever]]
    variable = "tax"
    ramp = { absolute = 0.5 }
    """
    simple = [f"{_key(name)} = {_inline(value)}" for name, value in content.items() if not _is_table(value)]
    blocks = ["\n".join(simple)] if simple else []
    for name, value in content.items():
        if _is_table(value):
            head = f"[{_key(name)}]" if isinstance(value, Mapping) else f"[[{_key(name)}]]"
            for table in [value] if isinstance(value, Mapping) else value:
                blocks.append("\n".join([head, *(f"{_key(k)} = {_inline(v)}" for k, v in table.items())]))
    return "\n\n".join(blocks)


def _is_table(value: Any) -> bool:
    """Whether a value is a table or a list of tables."""
    many = isinstance(value, list | tuple) and len(value) > 0
    return isinstance(value, Mapping) or (many and all(isinstance(item, Mapping) for item in value))


def _inline(value: Any) -> str:
    match value:
        case Mapping():
            inner = ", ".join(f"{_key(name)} = {_inline(item)}" for name, item in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple():
            return f"[{', '.join(map(_inline, value))}]"
    return json.dumps(value, ensure_ascii=False)  # JSON's texts, numbers and truth values are TOML's


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def sound_part(content: Mapping[str, Any], kind: type[Document], stand_ins: Mapping[str, Any]) -> dict[str, Any] | None:
    """The content without what does not fit: unknown keys, wrong values, entries of lists without what they need.

    `stand_ins` take the place of keys that are missing at the top; None where one is missing that has no such.
    """
    found: dict[str, Any] = json.loads(json.dumps(content, default=str))
    for _ in range(MOST_FAULTS):
        try:
            _validated(found, kind)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            if not _mended(found, tuple(first["loc"]), str(first["type"]), stand_ins):
                return None
        else:
            return found
    return None


def _mended(content: dict[str, Any], location: Location, what: str, stand_ins: Mapping[str, Any]) -> bool:
    """Whether one fault could be taken out of the content, or something put in place of what is missing."""
    if what == "missing" and len(location) == 1:
        content.update({key: value for key, value in stand_ins.items() if key == location[0]})
        return location[0] in content
    steps = location[:-1] if what == "missing" else location
    inner: Any = content
    depth = 0
    while depth < len(steps) - 1 and _holds(inner, steps[depth]) and _holds(inner[steps[depth]], steps[depth + 1]):
        inner, depth = inner[steps[depth]], depth + 1
    if not steps or not _holds(inner, steps[depth]):
        return False
    del inner[steps[depth]]
    return True


def _validated(content: Mapping[str, Any], kind: type[Read]) -> Read:
    # By way of JSON, whose strict rules take a list for a tuple and a text for an enumeration, and nothing else.
    return kind.model_validate_json(json.dumps(content, default=str))


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; InvalidRequest for a file that is none."""
    try:
        return tomllib.loads(read_text(path, MOST_BYTES))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        advice = "Texts stand in quotes, lists in [ ], and each table below its [name]."
        raise InvalidRequest(Fault(f"is not a TOML file: {error}.", file=path.name, advice=advice)) from error
    except OSError as error:
        raise InvalidRequest(Fault(f"cannot be read: {error.strerror}.", file=path.name)) from error


# --- faults -----------------------------------------------------------------------------------------------------------


Location: TypeAlias = tuple[str | int, ...]


def _faults(content: Mapping[str, Any], kind: type[Document], errors: Sequence[Any], file: str) -> Iterator[Fault]:
    """What pydantic found, in our words: one fault for each value, however many forms it could have had."""
    unions: dict[Location, list[Any]] = {}
    for error in errors:
        if error["type"] == "too_short" and error["input"]:
            continue  # a list whose entries are wrong, and told by themselves
        location = _union(content, error)
        if location is None:
            yield _fault(content, kind, error, file)
        else:
            unions.setdefault(location, []).append(error)
    for location, found in unions.items():
        nearest_form = _nearest_form(found, len(location))
        yield from (_fault(content, kind, error, file) for error in nearest_form)
        if not nearest_form:
            yield Fault(_no_form(found), _place(content, location), file, advice=_advice_of(found))


def _union(content: object, error: Any) -> Location | None:
    """Where the value stands whose form could be one of several; pydantic names the form behind it."""
    steps = error["loc"][:-1] if error["type"] == "missing" else error["loc"]
    for i, step in enumerate(steps):
        if not _holds(content, step):
            return tuple(steps[:i])
        content = content[step]  # type: ignore[index]
    return None


def _holds(content: object, step: str | int) -> bool:
    if isinstance(content, list | tuple):
        return isinstance(step, int) and step < len(content)
    return isinstance(content, Mapping) and step in content


def _nearest_form(errors: Sequence[Any], depth: int) -> list[Any]:
    """The errors of the form that a value comes nearest to; none where it is of another kind than all of them."""
    forms: dict[str | int, list[Any]] = {}
    for error in errors:
        forms.setdefault(error["loc"][depth], []).append(error)
    near = [found for found in forms.values() if not all(_other_kind(error, depth) for error in found)]
    return min(near, key=len, default=[])


def _other_kind(error: Any, depth: int) -> bool:
    """Whether a value is a number where a text is expected, or the like."""
    return len(error["loc"]) == depth + 1 and str(error["type"]).endswith(("_type", "literal_error"))


def _no_form(errors: Sequence[Any]) -> str:
    expected = list(dict.fromkeys(_expected(error) for error in errors))
    text = " or ".join(part for part in (", ".join(expected[:-1]), expected[-1]) if part)
    return f"found {_shown(errors[0]['input'])}; expected {text}."


def _fault(content: Mapping[str, Any], kind: type[Document], error: Any, file: str) -> Fault:
    """One thing that pydantic found."""
    location, what = tuple(error["loc"]), str(error["type"])
    place = _place(content, location[:-1] if what in ("extra_forbidden", "missing") else location)
    if what == "extra_forbidden":
        fields = _fields(kind, location[:-1])
        advice = nearest(str(location[-1]), fields) or f"Possible keys: {', '.join(fields)}."
        return Fault(f"there is no key {location[-1]!r}.", place, file, advice=advice)
    if what == "missing":
        last = location[-1]
        return Fault(
            f"{f'entry {last + 1}' if isinstance(last, int) else f'the key {last!r}'} is missing.", place, file
        )
    if what == "value_error":
        return Fault(f"{str(error['ctx']['error']).rstrip('.')}.", place, file)
    return Fault(f"found {_shown(error['input'])}; expected {_expected(error)}.", place, file, advice=_advice(error))


WORDS = {"valid ": "", "string": "text", "an object": "a table", "a array": "a list", "a integer": "a whole number"}


def _expected(error: Any) -> str:
    context = error.get("ctx", {})
    if error["type"] in ("too_short", "too_long"):
        bound = (
            f"at least {context['min_length']}" if error["type"] == "too_short" else f"at most {context['max_length']}"
        )
        return f"{bound} of them, not {len(error['input'])}"
    message = str(error["msg"]).removeprefix("Input should be ").strip()
    for theirs, ours in WORDS.items():
        message = message.replace(theirs, ours)
    return message


def _shown(value: object) -> str:
    return "a table" if isinstance(value, Mapping) else "a list" if isinstance(value, list | tuple) else repr(value)


def _advice_of(errors: Sequence[Any]) -> str:
    return next((advice for advice in map(_advice, errors) if advice), "")


def _advice(error: Any) -> str:
    """The nearest of the texts that are allowed."""
    expected = str(error.get("ctx", {}).get("expected", ""))
    allowed = [text.strip("'") for text in expected.replace(" or ", ", ").split(", ")]
    return nearest(error["input"], allowed) if expected and isinstance(error["input"], str) else ""


def _place(content: object, location: Location) -> str:
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
                continue  # the form that pydantic tried
    return ", ".join(parts)


def _named(entry: object, number: int) -> str:
    names = [entry[name] for name in NAMES if name in entry] if isinstance(entry, dict) else []
    return repr(names[0]) if names and isinstance(names[0], str) else str(number + 1)


def _fields(kind: type[Document], location: Location) -> list[str]:
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

"""Modules whose models stand in other files: read, where these lie beside the model, and put in place as models of it.

A file holds a model without a name, which becomes the model of the module, and may hold dimensions, macros and further
models. Its times are not read: one run has one clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ...errors import Fault, ModelError, UnreadableModel
from ...system.model import key
from ..guard import placed_inside
from .document import Tag, read_document
from .names import modules
from .words import unquoted

ENDINGS = (".xmile", ".xml", ".stmx", ".itmx")
MOST = 100  # files
PARTS = {"dimensions": "dim", "model_units": "unit", "macro": ""}  # tags, and what they hold, by name


def with_modules(root: Tag, path: Path) -> tuple[Tag, tuple[str, ...]]:
    """The document with the models of other files among its own, and notes on what was read.

    UnreadableModel names each module whose file is not there.
    """
    notes: list[str] = []
    waiting, done = list(root.all("model")), {key(unquoted(m.get("name"))) for m in root.all("model")}
    while waiting:
        for module in modules(waiting.pop(0)):
            reference, name = referred_file(module), unquoted(module.get("name"))
            if not reference or key(name) in done:
                continue
            if len(notes) >= MOST:
                raise UnreadableModel(Fault(f"more than {MOST} modules in files of their own.", line=module.line))
            done.add(key(name))
            read = _read(module, name, reference, path)
            models = [tag for tag in read.all("model") if key(unquoted(tag.get("name"))) not in done - {key(name)}]
            root = replace(root, children=(*root.children, *_new_parts(root, read), *models))
            waiting.extend(models)
            notes.append(
                f"The module {name!r} was read from {reference}; its own times, if any, are not those of the run."
            )
    return root, tuple(notes)


def _new_parts(root: Tag, read: Tag) -> Iterator[Tag]:
    """What a file defines for its models and the document does not yet, by name."""
    for group, item in PARTS.items():
        known = {key(unquoted(tag.get("name"))) for tag in _items(root, group, item)}
        new = [tag for tag in _items(read, group, item) if key(unquoted(tag.get("name"))) not in known]
        yield from [Tag(group, {}, "", 0, tuple(new))] if item and new else new


def _items(document: Tag, group: str, item: str) -> list[Tag]:
    groups = document.all(group)
    return [tag for one in groups for tag in one.all(item)] if item else list(groups)


def referred_file(tag: Tag) -> str:
    """The file in which a module or model says that it stands: `resource` in XMILE, `url` as Stella writes it."""
    return tag.get("resource") or tag.get("url") or tag.get("{http://iseesystems.com/XMILE}url")


def _read(module: Tag, name: str, reference: str, path: Path) -> Tag:
    """The document of a module, its unnamed model called after the module, without lines: they are another file's."""
    advice = f"Put {reference} beside {path.name}, or save the whole model in one file."
    try:
        file = placed_inside(path.parent, reference)
        if file.suffix.lower() not in ENDINGS or not file.is_file() or file == path.resolve():
            raise UnreadableModel(Fault("there is no such file.", advice=advice))
        document = read_document(file)
    except ModelError as error:
        why = " ".join(fault.found for fault in error.faults)
        found = f"the module {name!r} stands in the file {reference!r}: {why}"
        faults = [Fault(found, name, line=module.line, advice=fault.advice or advice) for fault in error.faults[:1]]
        raise type(error)(faults) from error
    return _without_lines(replace(document, children=tuple(_called(tag, name) for tag in document.children)))


def _called(tag: Tag, name: str) -> Tag:
    if tag.name != "model" or tag.get("name"):
        return tag
    return replace(tag, attributes={**tag.attributes, "name": name})


def _without_lines(tag: Tag) -> Tag:
    return replace(tag, line=0, children=tuple(map(_without_lines, tag.children)))

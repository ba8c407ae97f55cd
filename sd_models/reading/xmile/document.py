"""XMILE documents as plain values: the tags of the file's own namespace, with their text and line.

Vendors may add tags and attributes under their own prefix, and a reader must ignore them, so most do not even get here.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from lxml import etree

from ...errors import Fault, ModelError, UnreadableModel, UnsafeModel
from ..encodings import decoded
from ..guard import content, xml

# Tags that draw or annotate; nothing in them is computed.
DRAWING = frozenset(("views", "style", "display", "interface", "ai_information"))
# Vendors' tags that change what is computed, though they must not: they are read, or refused, but not passed over.
COMPUTING = frozenset(("maps_to", "netflow"))
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # which say themselves what they are
DEEPEST = 30  # tags in tags; a table of an array element in a macro is the seventh


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of the document; `attributes` are its plain ones, and `{vendor namespace}name` for others."""

    name: str
    attributes: Mapping[str, str]
    text: str
    line: int
    children: tuple[Tag, ...] = ()

    def all(self, name: str) -> tuple[Tag, ...]:
        """The children of that name, in order."""
        return tuple(child for child in self.children if child.name == name)

    def first(self, name: str) -> Tag | None:
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def content(self, name: str) -> str:
        """The text of the first child of that name without blanks around it, empty where there is none."""
        child = self.first(name)
        return child.text.strip() if child else ""

    def get(self, attribute: str) -> str:
        """The attribute without blanks around it, empty where there is none."""
        return self.attributes.get(attribute, "").strip()


@dataclass
class Faults:
    """What is wrong with a file, gathered while it is read."""

    file: str
    found: list[tuple[type[ModelError], Fault]] = field(default_factory=list)

    def add(self, found: str, tag: Tag, *, advice: str, variable: str = "") -> None:
        """Keep a fault of the tag's line."""
        self.found.append((UnreadableModel, Fault(found, variable, self.file, tag.line, advice)))

    @contextmanager
    def collecting(self, tag: Tag, variable: str = "") -> Iterator[None]:
        """Keep the faults of one tag, with its place, and go on with the next."""
        try:
            yield
        except ModelError as error:
            for fault in error.faults:
                name, line = fault.variable or variable, fault.line or tag.line
                self.found.append((type(error), replace(fault, variable=name, file=self.file, line=line)))

    def raise_all(self) -> None:
        """One error with all faults, if there are any; one that is unsafe makes the file unsafe."""
        unsafe = any(issubclass(kind, UnsafeModel) for kind, _ in self.found)
        if self.found:
            raise (UnsafeModel if unsafe else UnreadableModel)(dict.fromkeys(fault for _, fault in self.found))


@contextmanager
def placed(tag: Tag) -> Iterator[None]:
    """Give faults that know no line that of the tag."""
    try:
        yield
    except ModelError as error:
        raise type(error)(replace(fault, line=fault.line or tag.line) for fault in error.faults) from error


def xml_source(path: Path) -> tuple[bytes, str]:
    """The bytes of a document, and the encoding that had to be guessed, then in UTF-8 (see `encodings`)."""
    source = content(path)
    text, guess = decoded(source)
    likely = guess and not guess.startswith("Windows") and not source.startswith(UTF16)
    return (text.encode(), guess) if likely else (source, "")


def read_document(path: Path) -> Tag:
    """The `<xmile>` tag of a file; `UnreadableModel` or `UnsafeModel` for what is not strictly well-formed."""
    try:
        source, guess = xml_source(path)
        root = xml(source, file=path.name, encoding="utf-8" if guess else None)
        document = _tag(root, root.tag.rpartition("}")[0])
    except etree.XMLSyntaxError as error:  # where even the parser's own repairs find nothing
        found, advice = f"is not well-formed XML: {error.msg}.", "Is it a model?"
        raise UnreadableModel(Fault(found, file=path.name, advice=advice)) from error
    except ModelError as error:
        raise type(error)(replace(fault, file=path.name) for fault in error.faults) from error
    if document.name != "xmile":
        found, advice = (
            f"its outermost tag is <{document.name}>, not <xmile>.",
            "Save the model from your program as XMILE.",
        )
        raise UnreadableModel(Fault(found, file=path.name, advice=advice))
    return document


def _tag(element: etree._Element, namespace: str, depth: int = 1) -> Tag:
    name = element.tag.rpartition("}")[2]
    if depth > DEEPEST:
        raise UnreadableModel(Fault(f"more than {DEEPEST} tags inside one another.", line=element.sourceline))
    nodes = [node for node in element if isinstance(node.tag, str)]
    own = [node for node in nodes if _belongs(node, namespace)]
    text = (element.text or "") + "".join(node.tail or "" for node in element)
    if name == "doc":
        own, text = [], "".join(element.itertext())
    elif text.strip() and any(node.tag.rpartition("}")[2] != "doc" for node in nodes):
        found = f"<{name}> mixes text with other tags."
        raise UnreadableModel(Fault(found, line=element.sourceline, advice="Keep only the text."))
    children = []
    for node in own:
        children.append(_tag(node, namespace, depth + 1))
    return Tag(name, dict(element.attrib), text, element.sourceline or 0, tuple(children))


def _belongs(node: etree._Element, namespace: str) -> bool:
    """Whether a tag is the format's own; a prefix that the file does not declare stays in the name."""
    space, _, name = node.tag.rpartition("}")
    return name in COMPUTING or (space == namespace and ":" not in name and name not in DRAWING)

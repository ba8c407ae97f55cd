"""Pictures as the `<views>` of an XMILE file (XMILE 1.0, OASIS, section 6), in the place of those that it has.

A model of the file gets one stock-and-flow view, in which the views of ours stand below each other, each inside the
frame of its group where the file has that group. Why one: programs show the first of several and hide the others. What
the file has beside it, interfaces and styles, stays.

The standard draws each variable once and lets ghosts (`alias`) stand for it elsewhere; it knows no ghost of a variable
of another model, of time, or of a table that stands alone, so these and arrows from them are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from ..errors import Fault, InvalidRequest
from ..reading.xmile.document import Tag, read_document
from ..reading.xmile.names import declared_in, modules, qualified
from ..reading.xmile.words import unquoted
from ..system.model import key
from .picture import Arrow, Mark, Node, Pipe, View
from .shapes import Point
from .splicing import line_end

KINDS = {"stock": "stock", "flow": "flow", "aux": "aux"}
TITLE, GAP, MODULE = 40.0, 30.0, 140.0  # pixels above a view, below it, and from module to module
REACH = 30.0  # pixels from the valve of a flow that joins no stock of the view to its ends
STOCK_FLOW = ("", "stock_flow")
PLAIN = re.compile(r"[A-Za-z_\u00a1-\U0010ffff][\w$]*")
SIGNS = {1: "+", -1: "-"}


def with_views(text: str, views: Sequence[View], path: Path) -> str:
    """The text of an XMILE file with these pictures as the views of its models."""
    document = read_document(path)
    models = document.all("model")
    spans = _spans(text)
    if len(spans) != len(models):
        found = "its models stand where they cannot be found again."
        raise InvalidRequest(Fault(found, file=path.name, advice="Save it from its program anew."))
    source, end = text.encode("utf-8"), line_end(text)
    root = next((i for i, model in enumerate(models) if not model.get("name")), 0)
    for i in sorted(range(len(models)), key=lambda i: -spans[i].end):
        name = "" if i == root else unquoted(models[i].get("name"))
        view = _ModelView(models[i], name).text(views)
        source = spans[i].replaced(source, end.join(view.splitlines()), end)
    return source.decode("utf-8")


# --- places in the file -----------------------------------------------------------------------------------------------


@dataclass
class _Span:
    """Where in the bytes of a file the drawing of one model stands: before its end tag, or inside its views."""

    end: int = 0
    views: tuple[int, int, int] | None = None  # begin, begin of the end tag, end
    drawn: list[tuple[int, int]] = field(default_factory=list)

    def replaced(self, source: bytes, view: str, end: str) -> bytes:
        """The file with this view in place of those that draw stocks and flows."""
        new = view.encode()
        if self.views is None:
            return b"".join(
                (source[: self.end], b"<views>", end.encode(), new, b"</views>", end.encode(), source[self.end :])
            )
        begin, inner, after = self.views
        if inner == begin:  # <views/>
            return b"".join((source[:begin], b"<views>", end.encode(), new, b"</views>", source[after:]))
        for start, stop in reversed(self.drawn):
            source = source[:start] + source[stop:]
            inner -= stop - start
        place = self.drawn[0][0] if self.drawn else inner
        return source[:place] + new + source[place:]


def _spans(text: str) -> list[_Span]:
    """The places of all models, in the order of the file."""
    source = text.encode("utf-8")
    parser = expat.ParserCreate("utf-8")
    finder = _Finder(parser, source)
    parser.StartElementHandler, parser.EndElementHandler = finder.start, finder.finish
    parser.Parse(source, True)
    return finder.found


@dataclass
class _Finder:
    """Listens to a parser for models and their views."""

    parser: expat.XMLParserType
    source: bytes
    open: list[tuple[str, int, bool]] = field(default_factory=list)
    found: list[_Span] = field(default_factory=list)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """A tag begins."""
        path = tuple(tag for tag, _, _ in self.open)
        if (*path, name) == ("xmile", "model"):
            self.found.append(_Span())
        self.open.append((name, self.parser.CurrentByteIndex, attributes.get("type", "") in STOCK_FLOW))

    def finish(self, _name: str) -> None:
        """A tag ends."""
        path = tuple(tag for tag, _, _ in self.open)
        _, begin, draws = self.open.pop()
        here = self.parser.CurrentByteIndex
        after = self.source.index(b">", here) + 1
        if path == ("xmile", "model"):
            self.found[-1].end = here
        elif path == ("xmile", "model", "views"):
            self.found[-1].views = (begin, here, after)
        elif path == ("xmile", "model", "views", "view") and draws:
            self.found[-1].drawn.append((begin, after))


# --- the view ---------------------------------------------------------------------------------------------------------


@dataclass
class _ModelView:
    """The view of one model of the file while it is written."""

    model: Tag
    name: str
    uid: int = 0
    lines: list[str] = field(default_factory=list)
    primary: dict[str, tuple[str, str]] = field(default_factory=dict)  # a variable to its view and key there

    def text(self, views: Sequence[View]) -> str:
        """The `<view>` with all of the pictures that show variables of the model."""
        mine = [view for view in views if any(self._tag(node.name) and not node.shadow for node in view.nodes)]
        for view in mine:
            self._choose(view)
        top = 0.0
        for view in mine:
            top += self._add(view, top)
        self._modules(top)
        width, height = max((view.width for view in mine), default=0.0), top + MODULE
        size = f'page_width="{width:g}" page_height="{height:g}"'
        return "\n".join((f'<view type="stock_flow" {size}>', *self.lines, "</view>", ""))

    def _tag(self, name: str) -> str:
        """What draws a variable of this model; empty for another one and for a table that stands alone."""
        return self._kinds.get(key(name), "")

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return {key(item.name): KINDS.get(item.tag.name, "") for item in declared_in(self.model, self.name)}

    def _local(self, name: str) -> str:
        return name.removeprefix(qualified(self.name, "")) if self.name else name

    def _choose(self, view: View) -> None:
        """Keep where each variable is drawn itself: a flow where it joins a stock, others where they are defined."""
        joined = {pipe.flow for pipe in view.pipes if pipe.flow}
        for node in view.nodes:
            defined = not node.shadow and node.name not in self.primary
            if self._tag(node.name) and (node.key in joined or defined):
                self.primary[node.name] = (view.name, node.key)

    def _add(self, view: View, top: float) -> float:
        """The picture, so far down; how much room it takes."""
        title = self._local(view.name)
        if any(unquoted(group.get("name")) == title for group in self._groups()):
            box = f'x="0" y="{top:g}" width="{view.width:g}" height="{view.height + TITLE:g}"'
            self.lines.append(f"<group name={quoteattr(title)} {box}/>")
        pipes = {pipe.flow: pipe for pipe in view.pipes if pipe.flow}
        ends: dict[str, str] = {}
        for node in view.nodes:
            self._node(view, node, pipes.get(node.key), top + TITLE, ends)
        names = {node.key: node.name for node in view.nodes}
        for arrow in view.arrows:
            if arrow.source in ends and arrow.target in ends:
                self._arrow(arrow, ends[arrow.source], _reference(self._local(names[arrow.target])))
        for mark in view.marks:
            self._mark(mark, top + TITLE)
        return view.height + TITLE + GAP

    def _groups(self) -> Iterator[Tag]:
        yield from (group for part in (self.model, *self.model.all("variables")) for group in part.all("group"))

    def _next(self) -> int:
        self.uid += 1
        return self.uid

    def _node(self, view: View, node: Node, pipe: Pipe | None, top: float, ends: dict[str, str]) -> None:
        """A variable, or a ghost of it; what arrows call it is kept in `ends`."""
        kind, uid = self._tag(node.name), self._next()
        if not kind:
            return
        name, x, y = self._local(node.name), node.box.x, node.box.y + top
        if self.primary.get(node.name) != (view.name, node.key):
            self.lines.append(f'<alias uid="{uid}" x="{x:g}" y="{y:g}"><of>{_reference(name)}</of></alias>')
            ends[node.key] = f'<alias uid="{uid}"/>'
            return
        ends[node.key] = _reference(name)
        if kind == "flow":
            self._flow(name, pipe, Point(x, y), top)
        else:
            self.lines.append(f'<{kind} name={quoteattr(name)} x="{x:g}" y="{y:g}"/>')

    def _flow(self, name: str, pipe: Pipe | None, place: Point, top: float) -> None:
        if pipe is None:
            points = [Point(place.x - REACH, place.y), Point(place.x + REACH, place.y)]
        else:
            place = Point(pipe.valve.x, pipe.valve.y + top)
            points = [Point(p.x, p.y + top) for p in pipe.points if p != pipe.valve.middle]
        path = "".join(f'<pt x="{x:g}" y="{y:g}"/>' for x, y in points)
        side = ' label_side="right"' if pipe is not None and pipe.upright else ' label_side="bottom"'
        where = f'x="{place.x:g}" y="{place.y:g}"{side}'
        self.lines.append(f"<flow name={quoteattr(name)} {where}><pts>{path}</pts></flow>")

    def _arrow(self, arrow: Arrow, source: str, target: str) -> None:
        """An arrow, never to a ghost: these have no causes."""
        sign = f' polarity="{SIGNS[arrow.sign]}"' if arrow.sign in SIGNS else ""
        angle = f'uid="{self._next()}" angle="{arrow.arc.take_off:.4g}"{sign}'
        self.lines.append(f"<connector {angle}><from>{source}</from><to>{target}</to></connector>")

    def _mark(self, mark: Mark, top: float) -> None:
        box, text = mark.box, escape(f"{mark.label} {mark.name}".strip())
        where = f'x="{box.left:g}" y="{box.top + top:g}" width="{box.width:g}" height="{box.height:g}"'
        self.lines.append(f'<text_box uid="{self._next()}" {where} appearance="transparent">{text}</text_box>')

    def _modules(self, top: float) -> None:
        for i, module in enumerate(modules(self.model)):
            name = quoteattr(unquoted(module.get("name")))
            self.lines.append(f'<module name={name} x="{MODULE * (i + 0.5):g}" y="{top + MODULE / 2:g}"/>')


def _reference(name: str) -> str:
    """A name as arrows and ghosts write it."""
    text = "_".join(name.split())
    if not PLAIN.fullmatch(text):
        quoted = text.replace('"', '\\"')
        text = f'"{quoted}"'
    return escape(text)

"""`draw`: the pictures of a system, one for each of its views.

The stages are those of the package. Where an arrow would run through boxes or far over the view, a shadow of its source
is put beside its target and the view is placed again, as modellers do by hand; arrows of feedback loops stay as long as
they can, since the loop is what a diagram is looked at for.

Why a layout of our own: NetworkX, which is a dependency, has no layered one but through Graphviz, a program that people
would have to install, and none that knows of pipes. Stocks and their flows as blocks in a layered drawing are some
hundred lines, and the same file comes out on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np

from ..errors import Fault, InvalidRequest, nearest_or_some
from ..system.model import System, key
from .arrows import VALVE, Route, pieces, routes
from .chains import Block, blocks, moved_node, moved_pipe
from .coordinates import Join
from .marks import marks
from .named_loops import NamedLoop, loops_of
from .packing import places
from .picture import Arrow, Mark, Node, Pipe, View
from .sectors import sectors
from .shapes import Box, Point, around
from .sheet import Link, Sheet, sheet, with_leaves, with_shadow
from .structure import structure

BORDER = 30.0
FAR, FAR_IN_LOOPS = 520.0, 850.0  # pixels that an arrow may be long
ROUNDS = 8


def draw(system: System, *, view: str = "") -> tuple[View, ...]:
    """The pictures of a system, or that of the view of one name; InvalidRequest if there is none of that name.

    >>> import sd_models as sd
    >>> [view.name for view in draw(sd.load("urbanization"))][:2]
    ['People', 'Migration between provinces']
    """
    model = structure(system)
    parts = sectors(system, model)
    wanted = _wanted(parts, view, system.name)
    loops = loops_of(system, parts)
    return tuple(_drawn(with_leaves(sheet(name, parts[name], model)), loops[name]) for name in wanted)


def _wanted(parts: Mapping[str, Sequence[str]], view: str, model: str) -> list[str]:
    found = [name for name in parts if not view or key(name) == key(view)]
    if not found:
        advice = nearest_or_some(view, parts)
        raise InvalidRequest(Fault(f"there is no view {view!r}.", file=model, advice=advice))
    return found


@dataclass(frozen=True)
class _Placed:
    """A view with places, before its marks."""

    view: Sheet
    nodes: tuple[Node, ...]
    pipes: tuple[Pipe, ...]
    routes: tuple[Route, ...]

    def boxes(self) -> dict[str, Box]:
        """All boxes by what they are."""
        found = {node.key: node.box for node in self.nodes}
        for pipe in self.pipes:
            found[VALVE + pipe.key] = pipe.valve
            found.update({f"{pipe.key}\ncloud {i}": cloud for i, cloud in enumerate(pipe.clouds)})
        return found


def _drawn(view: Sheet, loops: Sequence[NamedLoop]) -> View:
    """A picture, with shadows where arrows would be too long."""
    placed = _placed(view)
    for round_ in range(ROUNDS):
        shortened = _with_shadows(placed, round_)
        if shortened is placed.view:
            break
        placed = _placed(shortened)
    return _framed(placed, loops)


def _placed(view: Sheet) -> _Placed:
    found = {block.key: block for block in blocks(view)}
    home = {node.key: block for block in found.values() for node in block.nodes}
    home |= {pipe.key: block for block in found.values() for pipe in block.pipes}
    found_places = places(found, [_join(link, home) for link in view.links])
    nodes = tuple(moved_node(node, *found_places[key]) for key, block in found.items() for node in block.nodes)
    pipes = tuple(moved_pipe(pipe, *found_places[key]) for key, block in found.items() for pipe in block.pipes)
    placed = _Placed(view, nodes, pipes, ())
    boxes = placed.boxes()
    return replace(placed, routes=routes(view.links, boxes, pipes, _bent(view)))


def _join(link: Link, home: Mapping[str, Block]) -> Join:
    one, other = home[link.source], home[link.target]
    return one.key, _offset(one, link.source), other.key, _offset(other, link.target)


def _offset(block: Block, key: str) -> float:
    """How far right of the middle of its block something is."""
    boxes = {pipe.key: pipe.valve for pipe in block.pipes} | {node.key: node.box for node in block.nodes}
    return boxes[key].x


def _looped(view: Sheet) -> set[Link]:
    """The arrows that are part of a circle, over pipes as well."""
    graph: nx.DiGraph[str] = nx.DiGraph((link.source, link.target) for link in view.links if not link.initial)
    graph.add_edges_from((key, stock) for key, valve in view.valves.items() for stock in valve.stocks)
    groups = enumerate(nx.strongly_connected_components(graph))
    home = {key: number for number, members in groups for key in members}
    return {link for link in view.links if not link.initial and home[link.source] == home[link.target]}


def _bent(view: Sheet) -> set[Link]:
    """The arrows that are bent in any case: those of circles, and of two the other way round."""
    pairs = {(link.source, link.target) for link in view.links}
    return _looped(view) | {link for link in view.links if (link.target, link.source) in pairs}


def _with_shadows(placed: _Placed, round_: int) -> Sheet:
    """The view with shadows beside the targets of arrows that are too long or run through boxes; the same if none."""
    looped = _looped(placed.view)
    boxes = placed.boxes()
    view = placed.view
    for route in placed.routes:
        link = route.link
        most = 1 + (link in looped)
        is_long = route.arc.length > (FAR_IN_LOOPS if link in looped else FAR)
        if (route.hits >= most or is_long) and link in view.links and _has_others(view, link):
            near = _together(view, link, boxes)
            view = with_shadow(view, near, f"{link.source}\n{link.target}\n{round_}")
    return view


def _has_others(view: Sheet, link: Link) -> bool:
    """Whether a shadow would help: what stands for a variable with one arrow only is moved to it anyway."""
    source = view.words[link.source]
    return not source.shadow or sum(other.source == link.source for other in view.links) > 1


def _together(view: Sheet, link: Link, boxes: Mapping[str, Box]) -> list[Link]:
    """The arrows of one source to targets near the target of one of them, which one shadow serves."""
    here = _middle(boxes, link.target)
    others = (other for other in view.links if other.source == link.source)
    return [o for o in others if o == link or math.dist(_middle(boxes, o.target), here) < FAR / 4]


def _middle(boxes: Mapping[str, Box], key: str) -> Point:
    """Where something is, or its valve if it has no name."""
    return boxes[key if key in boxes else VALVE + key].middle


def _framed(placed: _Placed, loops: Sequence[NamedLoop]) -> View:
    """The picture with its marks, moved to begin at the border."""
    boxes = placed.boxes()
    shown = {node.name: node.box.middle for node in placed.nodes if node.shadow}
    shown |= {node.name: node.box.middle for node in placed.nodes if not node.shadow}
    lines = np.vstack([np.zeros((0, 2)), *(route.arc.points() for route in placed.routes)])
    taken = [*boxes.values(), *(piece for pipe in placed.pipes for piece in pieces(pipe))]
    found = marks(loops, shown, taken, lines)
    frame = around((*boxes.values(), *(mark.box for mark in found), *_bulges(placed.routes), *_bends(placed.pipes)))
    x, y = (math.ceil(BORDER - side) for side in (frame.left, frame.top))
    return View(
        placed.view.name,
        tuple(moved_node(node, x, y) for node in placed.nodes),
        tuple(moved_pipe(pipe, x, y) for pipe in placed.pipes),
        tuple(_arrow(route, x, y) for route in placed.routes),
        tuple(Mark(mark.label, mark.name, mark.clockwise, mark.box.moved(x, y)) for mark in found),
        math.ceil(frame.width + 2 * BORDER),
        math.ceil(frame.height + 2 * BORDER),
    )


def _bulges(found: Iterable[Route]) -> Iterable[Box]:
    """Small boxes at the outermost points of arcs, so that they stay inside the frame."""
    return (Box(route.arc.peak.x, route.arc.peak.y, 1.0, 1.0) for route in found)


def _bends(pipes: Iterable[Pipe]) -> Iterable[Box]:
    return (Box(point.x, point.y, 4.0, 4.0) for pipe in pipes for point in pipe.points)


def _arrow(route: Route, x: float, y: float) -> Arrow:
    start, end = (Point(point.x + x, point.y + y) for point in (route.arc.start, route.arc.end))
    link = route.link
    ends = (link.source, link.target)
    return Arrow(*ends, link.sign, link.initial, route.at_valve, replace(route.arc, start=start, end=end))

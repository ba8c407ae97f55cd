"""Pictures as one SVG file that needs nothing else: views below each other, each under its name.

Everything carries its full name for who points at it and for screen readers; colours tell stocks, constants and shadows
apart, and so do frames, letters and brackets, so that nothing is lost in print.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from ..system.model import FloatArray
from .arrows import pieces
from .labels import LINE
from .picture import Arrow, Mark, Node, Pipe, Role, View
from .shapes import Arc, Box, Point, clipped
from .signs import sign_place

TITLE, GAP = 44.0, 24.0  # pixels of a view's name, and between views
HEAD, BASE = 9.0, 6.5  # pixels of an arrowhead
PIPE_HEAD = 14.0
SIGNS = {1: "+", -1: "\u2212"}
STYLE = """
text{font:12px Arial,Helvetica,sans-serif;text-anchor:middle;fill:#1c2733}
.title{font-size:17px;font-weight:bold;text-anchor:start}
.stock rect{fill:#fff;stroke:#1c2733;stroke-width:1.6}.stock text{font-weight:bold}
.constant text{fill:#5b6670;font-style:italic}.data text,.table text{fill:#5b6670}
.shadow text{fill:#8a949c}
.pipe path{fill:none;stroke:#1c2733;stroke-width:6}.pipe path+path{stroke:#fff;stroke-width:3.4}
.pipe polygon{fill:#fff;stroke:#1c2733;stroke-width:1.4}.pipe polygon.head{fill:#1c2733}
.pipe path.cloud{fill:#fff;stroke:#5b6670;stroke-width:1.2}
.arrow path{fill:none;stroke:#2f6db3;stroke-width:1.1}.arrow polygon,.arrow text{fill:#2f6db3}
.arrow text,.mark text{font-weight:bold}
.initial path{stroke-dasharray:4 3;stroke:#8a949c}.initial polygon{fill:#8a949c}
.mark path{fill:none;stroke:#a33c2b;stroke-width:1.3}.mark polygon,.mark text{fill:#a33c2b}
.mark text.name{font-weight:normal}
"""


def svg(views: Sequence[View]) -> str:
    """The text of the file."""
    width = max((view.width for view in views), default=0.0)
    height = sum(view.height + TITLE + GAP for view in views)
    size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>\n'
    paper = f'<rect width="{_n(width)}" height="{_n(height)}" fill="#fff"/>\n'
    return f"{head}{paper}{''.join(_stacked(views))}</svg>\n"


def _stacked(views: Sequence[View]) -> Iterator[str]:
    top = 0.0
    for view in views:
        title = f'<text class="title" x="20" y="28">{_text(view.name)}</text>'
        content = "\n".join(_content(view))
        yield f'<g transform="translate(0 {_n(top)})">\n{title}\n<g transform="translate(0 {_n(TITLE)})">\n{content}\n'
        yield "</g></g>\n"
        top += view.height + TITLE + GAP


def _content(view: View) -> Iterator[str]:
    """What lies below first: pipes, arrows, names, marks."""
    yield from map(_pipe, view.pipes)
    taken = [box for _, box in view.boxes()] + [box for pipe in view.pipes for box in pieces(pipe)]
    paths = [clipped(arrow.arc, *view.ends(arrow)) for arrow in view.arrows]
    for number, arrow in enumerate(view.arrows):
        yield _arrow(arrow, paths[number], [*paths[:number], *paths[number + 1 :]], taken)
    yield from map(_node, view.nodes)
    yield from map(_mark, view.marks)


def _n(number: float) -> str:
    """A number with at most one digit behind the point."""
    return f"{number:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    """Text of a model, which may hold anything, as it may stand in XML."""
    return escape("".join(letter if letter.isprintable() else " " for letter in text))


def _polygon(points: Sequence[Point], name: str = "") -> str:
    told = f' class="{name}"' if name else ""
    return f'<polygon{told} points="{" ".join(f"{_n(x)},{_n(y)}" for x, y in points)}"/>'


def _line(points: Sequence[Point]) -> str:
    return f'<path d="M{" L".join(f"{_n(x)} {_n(y)}" for x, y in points)}"/>'


def _head(tip: Point, direction: float, length: float = HEAD, base: float = BASE) -> list[Point]:
    """An arrowhead at a tip, seen from where the arrow comes; `direction` in radians."""
    x, y = tip.x - length * math.cos(direction), tip.y - length * math.sin(direction)
    across, along = base / 2 * math.sin(direction), base / 2 * math.cos(direction)
    return [tip, Point(x - across, y + along), Point(x + across, y - along)]


def _node(node: Node) -> str:
    box = node.box
    shadow = " shadow" if node.shadow else ""
    first = box.y - (len(node.lines) - 1) * LINE / 2 + 4
    lines = "".join(
        f'<text x="{_n(box.x)}" y="{_n(first + i * LINE)}">{_text(line)}</text>' for i, line in enumerate(node.lines)
    )
    frame = f"{_rectangle(box)}" if node.role is Role.STOCK else ""
    return f'<g class="{node.role}{shadow}"><title>{_text(node.name)}</title>{frame}{lines}</g>'


def _rectangle(box: Box) -> str:
    place = f'x="{_n(box.left)}" y="{_n(box.top)}" width="{_n(box.width)}" height="{_n(box.height)}"'
    return f"<rect {place}/>"


def _pipe(pipe: Pipe) -> str:
    """Two lines, the valve, clouds, and heads where the flow arrives."""
    points = list(pipe.points)
    heads = [_arrived(points)]
    if pipe.both:
        heads.append(_arrived(points[::-1]))
    x, y, wide, tall = pipe.valve.x, pipe.valve.y, pipe.valve.width / 2, pipe.valve.height / 2
    corners = [(-wide, -tall), (wide, tall), (wide, -tall), (-wide, tall)]
    if not pipe.upright:
        corners = [(-wide, -tall), (wide, -tall), (-wide, tall), (wide, tall)]
    valve = _polygon([Point(x + a, y + b) for a, b in corners])
    line = _line(points)
    clouds = "".join(map(_cloud, pipe.clouds))
    return f'<g class="pipe">{line}{line}{clouds}{"".join(_polygon(head, "head") for head in heads)}{valve}</g>'


def _arrived(points: Sequence[Point]) -> list[Point]:
    (x, y), end = points[-2], points[-1]
    return _head(end, math.atan2(end.y - y, end.x - x), PIPE_HEAD, PIPE_HEAD)


def _cloud(box: Box) -> str:
    """A ring of arcs."""
    x, y, r = box.x, box.y, box.width / 2 * 0.72
    points = [Point(x + r * math.cos(i * math.pi / 3), y + r * math.sin(i * math.pi / 3)) for i in range(7)]
    arcs = " ".join(f"A{_n(r * 0.55)} {_n(r * 0.55)} 0 0 1 {_n(p.x)} {_n(p.y)}" for p in points[1:])
    start = f"M{_n(points[0].x)} {_n(points[0].y)}"
    return f'<path class="cloud" d="{start} {arcs}"/>'


def _arrow(arrow: Arrow, points: FloatArray, others: Sequence[FloatArray], taken: list[Box]) -> str:
    start, end = Point(*points[0]), Point(*points[-1])
    back = Point(*points[-2]) if math.dist(points[-2], end) > 1 or len(points) < 3 else Point(*points[-3])
    direction = math.atan2(end.y - back.y, end.x - back.x)
    name = "arrow initial" if arrow.initial else "arrow"
    sign = _sign(arrow, points, others, taken) if arrow.sign in SIGNS else ""
    told = f"<title>{_text(arrow.source.split(chr(10))[0])} \u2192 {_text(arrow.target.split(chr(10))[0])}</title>"
    return f'<g class="{name}">{told}{_curve(arrow.arc, start, end)}{_polygon(_head(end, direction))}{sign}</g>'


def _curve(arc: Arc, start: Point, end: Point) -> str:
    if not arc.bend:
        return _line([start, end])
    radius = _n(arc.radius)
    return (
        f'<path d="M{_n(start.x)} {_n(start.y)} A{radius} {radius} 0 0 {int(arc.bend > 0)} {_n(end.x)} {_n(end.y)}"/>'
    )


def _sign(arrow: Arrow, points: FloatArray, others: Sequence[FloatArray], taken: list[Box]) -> str:
    """The polarity beside the arrow."""
    place = sign_place(points, others, -1 if arrow.arc.bend < 0 else 1, taken)
    taken.append(place)
    return f'<text x="{_n(place.x)}" y="{_n(place.y + 4)}">{SIGNS[arrow.sign or 0]}</text>'


def _mark(mark: Mark) -> str:
    """Three quarters of a circle with a head, and the label in it; below, the name."""
    r = 12.0
    x, y = mark.box.x, mark.box.top + r + 1
    turn = 1 if mark.clockwise else -1
    start, end = (Point(x - turn * r * math.sin(a), y + r * math.cos(a)) for a in (math.radians(40), math.radians(320)))
    ring = (
        f'<path d="M{_n(start.x)} {_n(start.y)} A{_n(r)} {_n(r)} 0 1 {int(mark.clockwise)} {_n(end.x)} {_n(end.y)}"/>'
    )
    head = _polygon(_head(Point(end.x - turn * 2, end.y + 2), math.radians(140 if mark.clockwise else 40), 7.0, 6.0))
    name = f'<text class="name" x="{_n(x)}" y="{_n(y + r + LINE)}">{_text(mark.name)}</text>' if mark.name else ""
    label = f'<text x="{_n(x)}" y="{_n(y + 4)}">{_text(mark.label)}</text>'
    return f'<g class="mark"><title>{_text(f"{mark.label} {mark.name}".strip())}</title>{ring}{head}{label}{name}</g>'

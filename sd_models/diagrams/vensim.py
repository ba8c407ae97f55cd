"""Pictures as the sketch of a Vensim `.mdl` file, in the place of the one that it has.

What the numbers of a line mean stands in Vensim's manual ("Sketch Information", "Objects"). Where that is silent, files
that Vensim saved were read: 64 marks an arrow between words, a 1 behind it one that only sets an initial value. 4 is
the end of a pipe with a head and 100 one without. A valve stands directly before its name; what leads to a valve
without a name counts as cause of its stock. Numbers of objects ascend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..errors import Fault, InvalidRequest
from ..reading.vensim.text import SETTINGS_MARK, SKETCH_MARK
from .picture import Arrow, Mark, Node, Pipe, Role, View
from .shapes import Box, Point
from .splicing import line_end

HEAD = r"\\\---/// Sketch information - do not modify anything except names"
VERSION = "V300  Do not put anything below this section - it will be ignored"
FONT = "$192-192-192,0,Times New Roman|12||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0"
GREY = "128-128-128,0-0-0,|12||128-128-128"
SIGNS = {1: ord("+"), -1: ord("-")}
CLOCKWISE, ANTICLOCKWISE, PLAIN, BOXED = 4, 5, 8, 3
ATTACHED = 32
WITH_HEAD, WITHOUT_HEAD = 4, 100


def with_sketch(text: str, views: Sequence[View], *, file: str, replaced: str = "") -> str:
    """The text of a Vensim file with these views as its sketch.

    `replaced` names a view of the file that the only one given takes the place of; the others stay. The equations and
    the settings are as they were.
    """
    equations, sketch, settings = _parts(text)
    end = line_end(text)
    if SKETCH_MARK.search(equations + settings):
        found = "has a mark of the sketch where none is expected."
        raise InvalidRequest(Fault(found, file=file, advice="Save it from Vensim anew."))
    new = [end.join(_lines(view)) + end for view in views]
    kept = _others(sketch, replaced) if replaced else []
    return f"{equations}{''.join((*kept, *new))}{settings or SETTINGS_MARK + end}"


def _parts(text: str) -> tuple[str, str, str]:
    """Equations, sketch and settings of a file; the settings begin with their mark."""
    found = SKETCH_MARK.search(text)
    start = found.start() if found else len(text)
    mark = text.find(SETTINGS_MARK, start if found else 0)
    if not found and mark >= 0:
        start = mark
    end = mark if mark >= 0 else len(text)
    equations = text[:start]
    if not equations.endswith(("\n", "\r")):
        equations += line_end(text)
    return equations, text[start:end], text[end:]


def _others(sketch: str, name: str) -> list[str]:
    """The views of a sketch but the one of that name, and those in which nothing is drawn."""
    starts = [match.start() for match in SKETCH_MARK.finditer(sketch)]
    ends = [*starts[1:], len(sketch)] if starts else []
    views = [sketch[start:end] for start, end in zip(starts, ends, strict=True)]
    return [view for view in views if _title(view).casefold() != name.casefold() and _is_drawn(view)]


def _title(view: str) -> str:
    return next((line[1:].strip() for line in view.splitlines() if line.startswith("*")), "")


def _is_drawn(view: str) -> bool:
    return any(line[:1].isdigit() for line in view.splitlines())


def _lines(view: View) -> Iterator[str]:
    """The lines of a view."""
    yield from (HEAD, VERSION, f"*{' '.join(view.name.split())}", FONT)
    yield from _Writer(view).lines()


def _half(length: float) -> int:
    return round(length / 2)


@dataclass
class _Writer:
    """A view while its objects get their numbers."""

    view: View
    number: int = 0
    nodes: dict[str, int] = field(default_factory=dict)
    valves: dict[str, int] = field(default_factory=dict)

    def next(self) -> int:
        """The next number of an object."""
        self.number += 1
        return self.number

    def lines(self) -> Iterator[str]:
        """Words first, then flows, arrows and marks."""
        flows = {pipe.flow for pipe in self.view.pipes}
        yield from (self._word(node) for node in self.view.nodes if node.key not in flows)
        named = {node.key: node for node in self.view.nodes}
        for pipe in self.view.pipes:
            yield from self._pipe(pipe, named.get(pipe.flow))
        yield from map(self._arrow, self.view.arrows)
        for mark in self.view.marks:
            yield from self._mark(mark)

    def _word(self, node: Node, attached: int = 0) -> str:
        number = self.nodes[node.key] = self.next()
        shape = BOXED if node.role is Role.STOCK else PLAIN
        bits, rest = (2, f"0,3,-1,0,0,0,{GREY}") if node.shadow else (3, f"0,0,{-1 if attached else 0},0,0,0")
        return f"10,{number},{node.name},{_place(node.box)},{shape | attached},{bits},{rest}"

    def _pipe(self, pipe: Pipe, label: Node | None) -> Iterator[str]:
        """Clouds, the two halves of the pipe, the valve, and directly behind it the name."""
        ends = dict.fromkeys(("source", "target"), 0)
        clouds = iter(pipe.clouds)
        for side, stock in (("source", pipe.source), ("target", pipe.target)):
            if stock:
                ends[side] = self.nodes[stock]
        order = [side for side in ("source", "target") if not ends[side]]
        if len(pipe.clouds) == 2:
            order.sort(key=lambda side: _first(pipe) != (side == "source"))
        for side, cloud in zip(order, clouds, strict=True):
            ends[side] = self.next()
            yield f"12,{ends[side]},48,{_place(cloud)},0,3,0,0,-1,0,0,0"
        first, second = self.next(), self.next()
        valve = self.valves[pipe.key] = self.next()
        points = list(pipe.points)
        middle = next(i for i, point in enumerate(points) if point == pipe.valve.middle)
        yield _half_pipe(first, valve, ends["target"], WITH_HEAD, points[middle:])
        yield _half_pipe(second, valve, ends["source"], WITH_HEAD if pipe.both else WITHOUT_HEAD, points[middle::-1])
        attached = ATTACHED if label is not None else 0
        shape, side_ = (33 - ATTACHED, 4) if pipe.upright else (34 - ATTACHED, 1)
        yield f"11,{valve},0,{_place(pipe.valve)},{shape | attached},3,0,0,{side_ if attached else 0},0,0,0"
        if label is not None:
            yield self._word(label, ATTACHED)

    def _arrow(self, arrow: Arrow) -> str:
        pipes = {pipe.key for pipe in self.view.pipes}
        to_valve = arrow.at_valve or (arrow.target in pipes and arrow.target not in self.nodes)
        target = (self.valves if to_valve else self.nodes)[arrow.target]
        sign = SIGNS.get(arrow.sign or 0, 0)
        shape, font, changed = int(bool(arrow.arc.bend)), "|12||0-0-255" if sign else "", 2 if sign else 0
        x, y = arrow.arc.peak
        ends = f"{self.nodes[arrow.source]},{target},{shape},0,{sign},0,{changed},64,{int(arrow.initial)}"
        return f"1,{self.next()},{ends},-1--1--1,{font},1|({round(x)},{round(y)})|"

    def _mark(self, mark: Mark) -> Iterator[str]:
        """The sign of the loop with its label, and its name below."""
        turn = CLOCKWISE if mark.clockwise else ANTICLOCKWISE
        ring = Box(mark.box.x, mark.box.top + 13, 26, 26)
        yield f"12,{self.next()},0,{_place(ring)},{turn},4,0,0,-1,0,0,0"
        yield mark.label
        if mark.name:
            name = Box(mark.box.x, mark.box.bottom - 7, mark.box.width, 14)
            yield f"12,{self.next()},0,{_place(name)},{PLAIN},4,0,0,-1,0,0,0"
            yield " ".join(mark.name.split()).lstrip("*$\\/|0123456789,- ") or mark.label


def _place(box: Box) -> str:
    """The middle, half of the width and half of the height."""
    return f"{round(box.x)},{round(box.y)},{_half(box.width)},{_half(box.height)}"


def _first(pipe: Pipe) -> bool:
    """Whether the first cloud of two is the one at the source."""
    start = pipe.points[0]
    near = [abs(cloud.x - start.x) + abs(cloud.y - start.y) for cloud in pipe.clouds]
    return near[0] <= near[1]


def _half_pipe(number: int, valve: int, end: int, head: int, points: Sequence[Point]) -> str:
    """Half of a pipe from its valve: straight with a point in its middle, or around a corner."""
    if len(points) == 2:
        x, y = ((points[0].x + points[1].x) / 2, (points[0].y + points[1].y) / 2)
        path = f"1|({round(x)},{round(y)})|"
    else:
        corner, last = (f"({round(point.x)},{round(point.y)})" for point in points[1:3])
        path = f"3|{corner}|{corner}|{last}|"
    return f"1,{number},{valve},{end},{head},0,0,22,0,0,0,-1--1--1,,{path}"

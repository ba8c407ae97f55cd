"""Stocks in a row with the pipes between them: parts of a view that are placed as one.

Stocks that flows join stand side by side, each before those that it flows into as far as that is possible. Between
neighbours runs the first flow that joins them. What comes from outside to the first stock or leaves the last one runs
along the row as well; other such flows stand upright on their stock, those into it above, those out of it below.
Flows between stocks that are no neighbours, and second ones between neighbours, run below the row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import networkx as nx

from .fans import BESIDE, BETWEEN, arch, beside, column, frame
from .picture import Node, Pipe, Role
from .shapes import Box, Point, around
from .sheet import Sheet, Word, leaves
from .structure import Valve

CLOUD = 20.0  # pixels across
VALVE = 16.0
REACH = 34.0  # pixels from a valve to a cloud or stock, at least
DROP = 8.0  # pixels from the middle of a valve to its label
MARGIN = 12.0
RISE = 74.0  # pixels from a stock to an upright cloud
LANE = 26.0  # pixels between a row and what runs below it, beside the height of a label


@dataclass(frozen=True)
class Block:
    """Nodes and pipes that keep their places to each other; (0, 0) is the middle of their box."""

    key: str
    nodes: tuple[Node, ...]
    pipes: tuple[Pipe, ...]
    width: float
    height: float


def blocks(view: Sheet) -> tuple[Block, ...]:
    """All that is in a view: a block for each chain of stocks, and one for each other variable."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(key for key, word in view.words.items() if word.role is Role.STOCK)
    for valve in view.valves.values():
        graph.add_edge(valve.stocks[0], valve.stocks[-1])
    order = {key: place for place, key in enumerate(view.words)}
    chains = [sorted(part, key=order.__getitem__) for part in nx.connected_components(graph)]
    found = [_chain(view, chain) for chain in sorted(chains, key=lambda chain: order[chain[0]])]
    placed = {node.key for block in found for node in block.nodes}
    fans = leaves(view)
    alone = [word for key, word in view.words.items() if key not in placed and fans.get(key)]
    for word in alone:
        found.append(_fan(word, fans[word.key]))
        placed.update(node.key for node in found[-1].nodes)
    return (*found, *(_fan(word, ()) for key, word in view.words.items() if key not in placed))


def _fan(word: Word, causes: Sequence[Word]) -> Block:
    """The block of a variable with the causes that it alone has."""
    places = beside(word, causes)
    nodes = [_node(word, 0.0, 0.0), *(_node(cause, *place) for cause, place in zip(causes, places, strict=True))]
    return _block(word.key, nodes, ())


def _block(key: str, nodes: Sequence[Node], pipes: Sequence[Pipe]) -> Block:
    boxes = [node.box for node in nodes]
    for pipe in pipes:
        boxes += [pipe.valve, *pipe.clouds, *(Box(point.x, point.y, VALVE, VALVE) for point in pipe.points)]
    whole = around(boxes)
    x, y = -whole.x, -whole.y
    placed = tuple(moved_node(node, x, y) for node in nodes)
    flows = tuple(moved_pipe(pipe, x, y) for pipe in pipes)
    return Block(key, placed, flows, math.ceil(whole.width) + 1, math.ceil(whole.height) + 1)


def _node(word: Word, x: float, y: float, width: float = 0.0) -> Node:
    box = Box(x, y, max(width, word.width), word.height)
    return Node(word.key, word.name, word.role, box, word.lines, word.shadow)


def _chain(view: Sheet, stocks: Sequence[str]) -> Block:
    """The block of stocks that flows join."""
    plan = _Plan(view, _in_order(view, stocks), leaves(view))
    plan.assign()
    plan.place()
    return _block(stocks[0], plan.nodes, plan.pipes)


def moved_node(node: Node, x: float, y: float) -> Node:
    """The node further right and down, its middle on a whole pixel, as files have it."""
    return replace(node, box=_settled(node.box, x, y))


def _settled(box: Box, x: float, y: float) -> Box:
    return Box(round(box.x + x), round(box.y + y), box.width, box.height)


def moved_pipe(pipe: Pipe, x: float, y: float) -> Pipe:
    """The pipe further right and down, on whole pixels."""
    points = tuple(Point(round(point.x + x), round(point.y + y)) for point in pipe.points)
    clouds = tuple(_settled(cloud, x, y) for cloud in pipe.clouds)
    return replace(pipe, points=points, valve=_settled(pipe.valve, x, y), clouds=clouds)


def _in_order(view: Sheet, stocks: Sequence[str]) -> list[str]:
    """The stocks, each before those that it flows into, in the order of the file where that leaves it open."""
    place = {stock: i for i, stock in enumerate(stocks)}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(stocks)
    joins = [v.stocks for v in view.valves.values() if len(v.stocks) == 2 and set(v.stocks) <= set(stocks)]
    for source, target in joins:
        graph.add_edge(source, target)
        if not nx.is_directed_acyclic_graph(graph):
            graph.remove_edge(source, target)
    return list(nx.lexicographical_topological_sort(graph, key=place.__getitem__))


@dataclass
class _Plan:
    """A chain while it is laid out: which flow runs where, then places from left to right."""

    view: Sheet
    stocks: list[str]
    causes: Mapping[str, tuple[Word, ...]]
    between: dict[int, str] = field(default_factory=dict)  # the gap behind a stock to its flow; -1 before the first
    above: dict[str, list[str]] = field(default_factory=dict)
    below: dict[str, list[str]] = field(default_factory=dict)
    lanes: list[str] = field(default_factory=list)
    boxes: dict[str, Box] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    pipes: list[Pipe] = field(default_factory=list)
    slots: dict[tuple[str, str], float] = field(default_factory=dict)  # where a flow meets a stock from below or above

    def assign(self) -> None:
        """Say of each flow where it runs."""
        place = {stock: i for i, stock in enumerate(self.stocks)}
        mine = {k: v for k, v in self.view.valves.items() if set(v.stocks) & set(self.stocks)}
        for key, valve in mine.items():
            if len(valve.stocks) == 2:
                first, second = sorted(place[stock] for stock in valve.stocks)
                if second == first + 1 and first not in self.between:
                    self.between[first] = key
                else:
                    self.lanes.append(key)
        for key, valve in mine.items():
            if len(valve.stocks) == 1:
                self._assign_open(key, valve)

    def _assign_open(self, key: str, valve: Valve) -> None:
        """A flow with one end outside: along the row where there is room, else upright."""
        stock = valve.stocks[0]
        if valve.target and stock == self.stocks[0] and -1 not in self.between:
            self.between[-1] = key
        elif stock == self.stocks[-1] and len(self.stocks) - 1 not in self.between and (valve.source or valve.both):
            self.between[len(self.stocks) - 1] = key
        else:
            side = self.above if valve.target else self.below
            side.setdefault(stock, []).append(key)

    def place(self) -> None:
        """Put all stocks and pipes in their places, from left to right."""
        x = 0.0
        if -1 in self.between:
            x = self._along(self.between[-1], x, "", self.stocks[0])
        for i, stock in enumerate(self.stocks):
            x = self._stock(stock, x)
            following = self.stocks[i + 1] if i + 1 < len(self.stocks) else ""
            if i in self.between:
                x = self._along(self.between[i], x, stock, following)
            else:
                x += 2 * MARGIN
        for _, finish in sorted(self._open_pipes, key=lambda item: item[0]):
            self.pipes.append(finish)
        self._upright()
        self._in_lanes()

    @property
    def _open_pipes(self) -> Iterator[tuple[float, Pipe]]:
        """The pipes along the row, whose ends are known now."""
        for i, key in self.between.items():
            left = self.boxes[self.stocks[i]].right if i >= 0 else self.boxes[f"{key}\nleft"].right
            last = i + 1 == len(self.stocks)
            right = self.boxes[f"{key}\nright"].left if last else self.boxes[self.stocks[i + 1]].left
            yield left, self._row_pipe(key, left, right)

    def _row_pipe(self, key: str, left: float, right: float) -> Pipe:
        valve = self.view.valves[key]
        middle = self.boxes[f"{key}\nvalve"]
        points = [Point(left, 0.0), Point(middle.x, 0.0), Point(right, 0.0)]
        clouds = tuple(self.boxes[f"{key}\n{side}"] for side in ("left", "right") if f"{key}\n{side}" in self.boxes)
        if self._runs_left(key):
            points.reverse()
        ends = (valve.source, valve.target)
        return Pipe(key, valve.flow, *ends, tuple(points), middle, both=valve.both, clouds=clouds)

    def _runs_left(self, key: str) -> bool:
        """Whether a flow along the row runs from right to left."""
        valve = self.view.valves[key]
        place = {stock: i for i, stock in enumerate(self.stocks)}
        if len(valve.stocks) == 2:
            return place[valve.source] > place[valve.target]
        at_left = self.between.get(-1) == key
        return at_left == bool(valve.source)

    def _along(self, key: str, x: float, left: str, right: str) -> float:
        """Room for a flow along the row from `x` on, with clouds where there is no stock; where it ends."""
        label = self.view.words.get(key)
        low = VALVE / 2 + DROP / 2 + (label.height if label else 0)
        below = frame(arch(low, self.causes.get(key, ())), self.causes.get(key, ()))
        reach = max((max(-box.left, box.right) for box in below), default=0.0)
        half = max(REACH + VALVE / 2, (label.width if label else 0) / 2 + MARGIN, reach + MARGIN / 2)
        if not left:
            self.boxes[f"{key}\nleft"] = Box(x + CLOUD / 2, 0.0, CLOUD, CLOUD)
            x += CLOUD
        middle = x + half
        self.boxes[f"{key}\nvalve"] = Box(middle, 0.0, VALVE * 0.75, VALVE)
        if label is not None:
            self.nodes.append(_node(label, middle, VALVE / 2 + DROP / 2 + label.height / 2))
        for cause, box in zip(self.causes.get(key, ()), below, strict=True):
            self.nodes.append(_node(cause, middle + box.x, box.y))
        x = middle + half
        if not right:
            self.boxes[f"{key}\nright"] = Box(x + CLOUD / 2, 0.0, CLOUD, CLOUD)
            x += CLOUD
        return x

    def _stock(self, stock: str, x: float) -> float:
        """A stock from `x` on, wide enough for what meets it from above and below; where it ends."""
        word = self.view.words[stock]
        above = [self._slot_width(key) for key in self.above.get(stock, [])]
        below = [self._slot_width(key) for key in self.below.get(stock, [])]
        lanes = [key for key in self.lanes if stock in self.view.valves[key].stocks]
        below += [2 * MARGIN] * len(lanes)
        initial = self.causes.get(stock, ()) if not below else ()
        under = frame(arch(word.height / 2, initial), initial)
        reach = max((max(-box.left, box.right) for box in under), default=0.0)
        width = max(word.width, sum(above), sum(below), 2 * reach + MARGIN)
        middle = x + width / 2
        for keys, widths in ((self.above.get(stock, []), above), ((*self.below.get(stock, []), *lanes), below)):
            start = middle - sum(widths) / 2
            for key, room in zip(keys, widths, strict=True):
                self.slots[stock, key] = start + MARGIN + self._column_width(key)
                start += room
        span = [slot for (owner, _), slot in self.slots.items() if owner == stock]
        reach = max((abs(slot - middle) for slot in span), default=0.0)
        node = _node(word, middle, 0.0, 2 * (reach + MARGIN))
        self.boxes[stock] = node.box
        self.nodes.append(node)
        self.nodes += [_node(cause, middle + box.x, box.y) for cause, box in zip(initial, under, strict=True)]
        return x + width

    def _slot_width(self, key: str) -> float:
        label = self.view.words.get(key)
        return 2 * MARGIN + (label.width if label else VALVE) + DROP + self._column_width(key)

    def _column_width(self, key: str) -> float:
        """The room of the causes left of an upright flow; none for one in a lane."""
        causes = self.causes.get(key, ()) if key not in self.lanes else ()
        return max((word.width for word in causes), default=-BESIDE) + BESIDE

    def _upright(self) -> None:
        """Flows with one end outside that stand on their stock or hang from it."""
        for up, side in ((-1, self.above), (1, self.below)):
            for stock, keys in side.items():
                for key in keys:
                    self._stand(key, self.boxes[stock], self.slots[stock, key], up)

    def _stand(self, key: str, stock: Box, x: float, up: int) -> None:
        valve, label = self.view.valves[key], self.view.words.get(key)
        border = stock.y + up * stock.height / 2
        cloud = Box(x, border + up * (RISE + CLOUD / 2), CLOUD, CLOUD)
        middle = Box(x, border + up * RISE / 2, VALVE, VALVE * 0.75)
        points = [Point(x, border + up * RISE), middle.middle, Point(x, border)]
        if valve.source:
            points.reverse()
        if label is not None:
            self.nodes.append(_node(label, x + VALVE / 2 + DROP / 2 + label.width / 2, middle.y))
        causes = self.causes.get(key, ())
        tall = sum(word.height + BETWEEN for word in causes) / 2
        start = border + up * max(RISE / 2, tall + MARGIN)
        places = column(x - BESIDE + MARGIN, start, causes)
        self.nodes += [_node(cause, *place) for cause, place in zip(causes, places, strict=True)]
        ends = (valve.source, valve.target)
        self.pipes.append(Pipe(key, valve.flow, *ends, tuple(points), middle, True, valve.both, (cloud,)))

    def _in_lanes(self) -> None:
        """Flows below the row, the longest lowest."""
        low = max([box.bottom for box in self.boxes.values()] + [node.box.bottom for node in self.nodes])
        low = max([low, *(cloud.bottom for pipe in self.pipes for cloud in pipe.clouds)])
        for key in sorted(self.lanes, key=lambda key: (self._span(key), self.lanes.index(key))):
            label = self.view.words.get(key)
            y = low + LANE
            self._lane(key, y)
            low = y + VALVE / 2 + DROP / 2 + (label.height if label else 0)

    def _span(self, key: str) -> float:
        valve = self.view.valves[key]
        return abs(self.slots[valve.source, key] - self.slots[valve.target, key])

    def _lane(self, key: str, y: float) -> None:
        valve, label = self.view.valves[key], self.view.words.get(key)
        first, last = self.slots[valve.source, key], self.slots[valve.target, key]
        middle = Box((first + last) / 2, y, VALVE * 0.75, VALVE)
        start, end = (Point(x, self.boxes[s].bottom) for x, s in ((first, valve.source), (last, valve.target)))
        points = (start, Point(first, y), middle.middle, Point(last, y), end)
        if label is not None:
            self.nodes.append(_node(label, middle.x, y + VALVE / 2 + DROP / 2 + label.height / 2))
        self.pipes.append(Pipe(key, valve.flow, valve.source, valve.target, points, middle, both=valve.both))

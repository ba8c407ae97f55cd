"""What every diagram must be, read off the equations again without the code that draws."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sd_models.diagrams.picture import Pipe, Role, View
from sd_models.diagrams.shapes import Box, Point
from sd_models.system.expression import references
from sd_models.system.model import Kind, Series, System, Values, Variable, key

ROOT = Path(__file__).parents[2]
CONTROLS = {"initial time", "final time", "time step", "saveper"}
NEAR = 1.6  # pixels by which two roundings may differ


def model_files() -> list[Path]:
    """The files of the library, of all features, and of problem families, but those that need other data."""
    folders = (ROOT / "sd_models", ROOT / "tests" / "models", ROOT / "optimize" / "families" / "models")
    files = [path for folder in folders for path in sorted(folder.rglob("*.*")) if path.suffix in (".mdl", ".xmile")]
    return [path for path in files if path.stem not in ("data_bare", "data_beside")]


def check(system: System, views: Sequence[View]) -> None:
    """All that holds of every diagram."""
    for view in views:
        check_boxes(view)
        check_pipes(system, view)
        check_ends(view)
    check_membership(system, views)
    for view in views:
        check_causes(system, view)


def check_boxes(view: View) -> None:
    """No box overlaps another, and all lie inside the view."""
    boxes = list(view.boxes())
    crowded = [(a, b) for i, (a, one) in enumerate(boxes) for b, other in boxes[:i] if one.overlaps(other)]
    assert not crowded, (view.name, crowded)
    outside = [
        a for a, box in boxes if min(box.left, box.top) < 0 or box.right > view.width or box.bottom > view.height
    ]
    assert not outside, (view.name, outside)


def check_membership(system: System, views: Sequence[View]) -> None:
    """Each variable of the file is defined in one view, that of its group; the four that control a run in none."""
    defined = Counter(node.name for view in views for node in view.nodes if not node.shadow)
    drawn = {v.name for v in system if not v.origin and key(v.name) not in CONTROLS}
    assert defined == Counter(drawn)
    for view in views:
        groups = {system.variables[node.name].group for node in view.nodes if not node.shadow}
        assert len(groups) == 1, (view.name, groups)


def check_ends(view: View) -> None:
    """Every arrow joins the middles of two boxes of the view, and shadows have no causes."""
    shadows = {node.key for node in view.nodes if node.shadow}
    for arrow in view.arrows:
        source, target = view.ends(arrow)
        assert arrow.arc.start == source.middle, arrow
        assert arrow.arc.end == target.middle, arrow
        assert arrow.target not in shadows, arrow


def check_pipes(system: System, view: View) -> None:
    """Every pipe begins and ends at the side of its stock or in a cloud, and its stocks name its flow."""
    boxes = {node.key: node.box for node in view.nodes}
    names = {node.key: node.name for node in view.nodes}
    for pipe in view.pipes:
        assert pipe.source != pipe.target, pipe
        assert len(pipe.clouds) == (not pipe.source) + (not pipe.target), pipe
        assert pipe.valve.middle in pipe.points, pipe
        for stock, point in ((pipe.source, pipe.points[0]), (pipe.target, pipe.points[-1])):
            ends = [boxes[stock]] if stock else list(pipe.clouds)
            assert any(_touches(point, box) for box in ends), pipe
            if stock:
                assert system.variables[names[stock]].kind is Kind.STOCK
                assert not pipe.flow or names[pipe.flow] in named(system, system.variables[names[stock]])
        check_straight(pipe)
    stocks = {node.key for node in view.nodes if node.role is Role.STOCK}
    assert stocks == {
        node.key for node in view.nodes if system_kind(system, node.name) is Kind.STOCK and not node.shadow
    }


def system_kind(system: System, name: str) -> Kind | None:
    """The kind of a variable; none for the time of the run."""
    found = system.variables.get(name)
    return found.kind if found else None


def check_straight(pipe: Pipe) -> None:
    """Pipes run along rows and columns."""
    for one, other in zip(pipe.points, pipe.points[1:], strict=False):
        assert one.x == other.x or one.y == other.y, pipe


def _touches(point: Point, box: Box) -> bool:
    """Whether a point lies on a side of a box."""
    across, down = abs(point.x - box.x) - box.width / 2, abs(point.y - box.y) - box.height / 2
    return max(across, down) <= NEAR and max(across, down) >= -NEAR


def check_causes(system: System, view: View) -> None:
    """What leads into each variable that is defined here is what its equations name, no more and no less."""
    names = {node.key: node.name for node in view.nodes}
    into: dict[str, set[str]] = {node.name: set() for node in view.nodes if not node.shadow}
    stock_of = {pipe.key: names[pipe.source or pipe.target] for pipe in view.pipes if not pipe.flow}
    for arrow in view.arrows:
        into[stock_of.get(arrow.target) or names[arrow.target]].add(names[arrow.source])
    for pipe in view.pipes:
        for stock in filter(None, (pipe.source, pipe.target)):
            if pipe.flow:
                into[names[stock]].add(names[pipe.flow])
    for name, causes in into.items():
        assert causes - {name} == named(system, system.variables[name]) - {name}, (view.name, name)


def named(system: System, variable: Variable) -> set[str]:
    """The variables of the file that the equations of one name, through those that reading added too."""
    found: set[str] = set()
    waiting, seen = [variable], {variable.name}
    while waiting:
        for name in _direct(waiting.pop()):
            other = system.variables.get(name)
            if other is not None and other.origin and name not in seen:
                seen.add(name)
                waiting.append(other)
            elif (other is not None and not other.origin) or name == "Time":
                found.add(name)
    return found


def _direct(variable: Variable) -> set[str]:
    sides = [side for equation in variable.equations for side in (equation.definition, equation.initial)]
    return {
        name
        for side in sides
        if side is not None and not isinstance(side, Values | Series)
        for name in references(side)
    }


def runs_through(view: View) -> int:
    """How many arrows of a view run through a box that is not theirs."""
    count = 0
    boxes = [box for _, box in view.boxes()]
    for arrow in view.arrows:
        own = view.ends(arrow)
        points = [Point(*point) for point in np.asarray(arrow.arc.points())]
        free = [point for point in points if not any(_holds(box, point) for box in own)]
        count += any(_holds(box, point) for box in boxes if box not in own for point in free)
    return count


def _holds(box: Box, point: Point) -> bool:
    return math.fabs(point.x - box.x) < box.width / 2 and math.fabs(point.y - box.y) < box.height / 2

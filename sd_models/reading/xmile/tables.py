"""Graphical functions of XMILE, and the lists of numbers in them."""

from __future__ import annotations

import math
import re

import numpy as np
from pysd.translators.structures.abstract_expressions import LookupsStructure

from ...errors import Fault, UnreadableModel
from .document import Tag, placed

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
INTERPOLATIONS = {"continuous": "interpolate", "extrapolate": "extrapolate", "discrete": "hold_backward"}
ABSENT = Tag("", {}, "", 0)


def points(table: Tag) -> LookupsStructure:
    """The points of a graphical function, by ascending x."""
    heights = _list(table, "ypts")
    widths = _list(table, "xpts") if table.first("xpts") else _spread(table.first("xscale"), len(heights))
    if len(widths) != len(heights) or not heights:
        found = f"its table has {len(widths)} points along x, but {len(heights)} values."
        raise UnreadableModel(Fault(found, line=table.line, advice="Give <ypts>, and <xpts> or <xscale> to match."))
    if not all(map(math.isfinite, widths)):
        raise UnreadableModel(
            Fault("the x of its table is too large.", line=table.line, advice="Rescale the variable.")
        )
    order = sorted(range(len(widths)), key=widths.__getitem__)
    return LookupsStructure(
        x=tuple(widths[i] for i in order),
        y=tuple(heights[i] for i in order),
        x_limits=(min(widths), max(widths)),
        y_limits=(min(heights), max(heights)),
        type=_interpolation(table),
    )


def _interpolation(table: Tag) -> str:
    kind = table.get("type").lower() or ("discrete" if table.get("discrete").lower() == "true" else "continuous")
    if kind not in INTERPOLATIONS:
        advice = f"Use one of {', '.join(INTERPOLATIONS)}."
        raise UnreadableModel(Fault(f"tables of type {kind!r} are not known.", line=table.line, advice=advice))
    return INTERPOLATIONS[kind]


def _list(table: Tag, name: str) -> list[float]:
    tag = table.first(name) or ABSENT
    separator = tag.attributes.get("sep", ",").strip()
    with placed(tag):
        return numbers(tag.text, re.escape(separator) if separator else r"\s+")


def numbers(text: str, separator: str) -> list[float]:
    """The numbers of a list; a separator may also end it."""
    parts = [part.strip() for part in re.split(separator, text.strip())]
    if parts[-1] == "":
        parts.pop()
    wrong = next((part for part in parts if not _is_number(part)), None)
    if wrong is not None:
        raise UnreadableModel(Fault(f"{wrong[:40]!r} is no number.", advice="Write numbers, parted by commas."))
    return [float(part) for part in parts]


def _spread(scale: Tag | None, count: int) -> list[float]:
    """That many points, evenly over the scale."""
    if scale is None:
        return []
    low, high = (numbers(scale.get(name), ",") for name in ("min", "max"))
    if len(low) != 1 or len(high) != 1:
        raise UnreadableModel(Fault("<xscale> needs min and max.", line=scale.line, advice="Write both."))
    with np.errstate(over="ignore", invalid="ignore"):
        return [float(x) for x in np.linspace(low[0], high[0], count)]


def _is_number(text: str) -> bool:
    return bool(NUMBER.fullmatch(text)) and math.isfinite(float(text))


def limits(tag: Tag) -> tuple[float | None, float | None]:
    """Limits are shown, not computed with: what is no number is none."""
    low, high = (tag.get(name) for name in ("min", "max"))
    return (float(low) if _is_number(low) else None, float(high) if _is_number(high) else None)

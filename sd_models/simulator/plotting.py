"""Trajectories as small multiples: a panel for each variable, drawn for print and screen.

Names come from the model file: `parse_math=False` keeps a dollar sign in them from starting a formula.

Why small multiples and not one set of axes: variables differ in unit and size, and a second axis misleads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..system.model import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL = (4.3, 2.9)  # inches
MOST_COLUMNS = 3
MOST_LINES = 5  # drawn in colours; more elements become a grey bundle with its extremes named
COLOURS = ("#0b6e99", "#c8553d", "#588157", "#8f5db7", "#b08900")
BUNDLE, INK, MUTED = "#9fb3bf", "#22313a", "#6b7780"
TITLE_WIDTH, UNIT_WIDTH, LABEL_WIDTH = 38, 26, 22  # characters


def plot(shown: xr.Dataset | Iterable[xr.DataArray], *, title: str = "", time_unit: str = "") -> Figure:
    """A figure with a panel for each variable of a run, labelled with its unit.

    Every variable has a `time` dimension; along its other dimensions up to five elements get a line each. More are a
    grey bundle, in which the median is drawn and the highest and lowest at the end are named. Save it with `savefig`.

    >>> import sd_models as sd
    >>> run = sd.simulate(sd.load("urbanization"), outputs=["urban share"])
    >>> len(plot(run).axes)
    1
    """
    from matplotlib.figure import Figure

    panels = list(shown.data_vars.values()) if isinstance(shown, xr.Dataset) else list(shown)
    columns = _columns(len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(PANEL[0] * columns, PANEL[1] * rows + 0.5 * bool(title)), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for place, values in zip(axes, panels, strict=False):
        _draw(place, values, time_unit)
    for place in axes[len(panels) :]:
        place.remove()
    if title:
        figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold", parse_math=False)
    return figure


def _columns(panels: int) -> int:
    """The number of panels side by side: two rows of two rather than one row of three and one panel."""
    return 2 if panels == 4 else max(1, min(MOST_COLUMNS, panels))


def _draw(axes: Axes, values: xr.DataArray, time_unit: str) -> None:
    """One variable."""
    table, names = _table(values)
    times = values["time"].to_numpy()
    if len(names) > MOST_LINES:
        _draw_bundle(axes, times, table, names)
    else:
        _draw_lines(axes, times, table, names)
    axes.margins(x=0.0 if values.sizes["time"] > 1 else 0.1)
    frame(axes, str(values.name), str(values.attrs.get("units", "")), time_unit)


def _table(values: xr.DataArray) -> tuple[FloatArray, list[str]]:
    """The values as (times, elements), and a name for each element; one without dimensions has none."""
    ordered = values.transpose("time", ...)
    axes = [[str(element) for element in ordered[dimension].values] for dimension in ordered.dims[1:]]
    names = [""]
    for elements in axes:
        names = [f"{name}, {element}" if name else element for name in names for element in elements]
    return ordered.to_numpy().astype(np.float64).reshape(len(ordered), -1), names


def _draw_lines(axes: Axes, times: FloatArray, table: FloatArray, names: Sequence[str]) -> None:
    """A coloured line for each element, named at its end."""
    for column, colour in zip(table.T, COLOURS, strict=False):
        axes.plot(times, column, color=colour, linewidth=1.8, solid_capstyle="round", marker=_marker(times))
    if len(names) > 1:
        _name_ends(axes, table, list(zip(names, range(len(names)), COLOURS, strict=False)))


def _draw_bundle(axes: Axes, times: FloatArray, table: FloatArray, names: Sequence[str]) -> None:
    """All elements in grey, their median in colour; the lowest and the highest at the end are named."""
    axes.plot(times, table, color=BUNDLE, linewidth=0.7, alpha=0.7, marker=_marker(times))
    median = np.median(table, axis=1)
    axes.plot(times, median, color=COLOURS[0], linewidth=2.2, solid_capstyle="round", marker=_marker(times))
    order = np.argsort(table[-1], kind="stable")
    extremes = [(names[i], int(i), MUTED) for i in (order[0], order[-1])]
    ends = np.column_stack([table, median])
    _name_ends(axes, ends, [*extremes, ("median", table.shape[1], COLOURS[0])])


def _marker(times: FloatArray) -> str | None:
    """A line through one point is none, so that it gets a dot."""
    return "o" if len(times) == 1 else None


def _name_ends(axes: Axes, table: FloatArray, labels: Sequence[tuple[str, int, str]]) -> None:
    """Names at the right ends of lines (name, column, colour), moved apart where they would cover each other."""
    finite = [label for label in labels if np.isfinite(table[-1, label[1]])]
    low, high = axes.get_ylim()
    ordered = sorted(finite, key=lambda label: float(table[-1, label[1]]))
    heights = _apart([float((table[-1, column] - low) / (high - low)) for _, column, _ in ordered])
    for (name, _, colour), height in zip(ordered, heights, strict=True):
        axes.annotate(
            _shortened(name),
            (1.0, height),
            xytext=(4, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=colour,
            annotation_clip=False,
            parse_math=False,
        )


def _apart(heights: Sequence[float], least: float = 0.085) -> list[float]:
    """Ascending heights (fractions of the axes) at least so far apart, moved up and then back below the top."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + least) if placed else height)
    top = 1.0
    for i in range(len(placed) - 1, -1, -1):
        placed[i] = min(placed[i], top)
        top = placed[i] - least
    return placed


def _shortened(name: str) -> str:
    return name if len(name) <= LABEL_WIDTH else f"{name[: LABEL_WIDTH - 3]}..."


def frame(axes: Axes, title: str, unit: str, time_unit: str) -> None:
    """Title, units, grid and ticks of a panel over time."""
    axes.set_title(fill(title, TITLE_WIDTH), loc="left", fontsize=10, color=INK, parse_math=False)
    axes.set_ylabel(fill(unit, UNIT_WIDTH), fontsize=8, color=MUTED, parse_math=False)
    axes.set_xlabel(time_unit, fontsize=8, color=MUTED, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(BUNDLE)
    axes.grid(axis="y", color="#e3e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, colors=MUTED, length=0)
    axes.locator_params(nbins=5)
    axes.ticklabel_format(useOffset=False)

"""Figures of a fit: a small panel for each element with observations as dots and the simulation as a line."""

from __future__ import annotations

from textwrap import fill, shorten
from typing import TYPE_CHECKING

import numpy as np

from sd_models.simulator.plotting import BUNDLE, COLOURS, INK, MUTED
from sd_models.system.model import FloatArray

from .accuracy import TOTAL, Rated
from .estimation import CalibrationResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL = (2.1, 1.55)  # inches
LARGE_PANEL = (4.3, 2.9)
HEAD = 0.5  # inches above the panels, with a title of one line
LINE = 0.17  # inches of each further line
LETTERS = 13  # of a title in an inch
MOST_COLUMNS = 6
MOST_PANELS = 36
TITLE_WIDTH = 26  # characters


def plot_series(result: CalibrationResult, place: int) -> Figure:
    """The fit of a series (its place in the calibration file), element by element, each with its mean error.

    Of more than 36 elements those with the largest errors are drawn. The hold-out, simulated with estimates that have
    not seen it, is a second line.
    """
    from matplotlib.figure import Figure

    target = result.score.targets[place]
    errors = {item.element: item for item in result.score.rated if item.series == target.asked.title}
    shown, left = _shown(target.labels, errors)
    columns = min(MOST_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    width, height = PANEL if len(shown) > 4 else LARGE_PANEL
    title = fill(_title(result, target.asked.title, left), int(LETTERS * width * columns))
    head = HEAD + LINE * title.count("\n")
    figure = Figure(figsize=(width * columns, height * rows + head))
    _spread(figure, width, height, head)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for panel, element in zip(axes, shown, strict=False):
        _draw(panel, result, place, element, errors[target.labels[element]])
    for panel in axes[len(shown) :]:
        panel.remove()
    for panel in axes[max(0, len(shown) - columns) : len(shown)]:  # the lowest of each column
        panel.tick_params(labelbottom=True)
    top = 1 - 0.1 / figure.get_size_inches()[1]
    figure.suptitle(title, x=0.01, y=top, ha="left", va="top", color=INK, fontsize=10, parse_math=False)
    return figure


def _spread(figure: Figure, width: float, height: float, head: float) -> None:
    """Room for titles and ticks in inches; Matplotlib's own layout takes as long as all the drawing."""
    across, down = figure.get_size_inches()
    left, bottom, top = 0.45 / across, 0.3 / down, 1 - (head + 0.05) / down
    inside = (width - 0.5, height - 0.45)
    figure.subplots_adjust(left, bottom, 1 - 0.1 / across, top, wspace=0.5 / inside[0], hspace=0.45 / inside[1])


def _title(result: CalibrationResult, name: str, left: int) -> str:
    unit = next(result.system[t.variable].unit for t in result.score.targets if t.asked.title == name)
    lines = "observed (dots), fitted (line)" + ", hold-out (dashed)" * (result.holdout is not None)
    more = f"; {left} elements with smaller errors are not shown" if left else ""
    return f"{name} [{unit or 'no unit'}]: {lines}, mean error{more}"


def _shown(labels: tuple[str, ...], errors: dict[str, Rated]) -> tuple[list[int], int]:
    """The places of the elements that are drawn, in the model's order, and how many are not."""
    observed = [place for place, label in enumerate(labels) if label in errors and label != TOTAL]
    if len(observed) <= MOST_PANELS:
        return observed, 0
    worst = sorted(observed, key=lambda place: -np.nan_to_num(errors[labels[place]].accuracy.mape))[:MOST_PANELS]
    return sorted(worst), len(observed) - MOST_PANELS


def _draw(axes: Axes, result: CalibrationResult, place: int, element: int, rated: Rated) -> None:
    target, simulated = result.score.targets[place], result.score.simulated[place]
    axes.plot(target.times, simulated[:, element], color=COLOURS[0], linewidth=1.4)
    axes.plot(target.times, target.values[:, element], "o", color=INK, markersize=2.4)
    if result.holdout:
        times, held, seen = _holdout_line(result, place, element)
        axes.plot(times, held, "--", color=COLOURS[1], linewidth=1.2)
        axes.plot(times, seen, "o", color=INK, markersize=2.4)
    label = target.labels[element]
    name = label[len(target.variable) + 1 : -1] if label != target.variable else ""
    error = f"{rated.accuracy.mape:.1%}" if np.isfinite(rated.accuracy.mape) else ""
    title = f"{shorten(name, TITLE_WIDTH, placeholder='...')}  {error}".strip()
    axes.set_title(title, fontsize=7, loc="left", color=INK, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(BUNDLE)
    axes.tick_params(labelsize=6, colors=MUTED, length=0)
    axes.locator_params(axis="x", nbins=3, integer=True)
    axes.locator_params(axis="y", nbins=4)
    axes.ticklabel_format(useOffset=False)


def _holdout_line(result: CalibrationResult, place: int, element: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Times, simulated and observed values of the hold-out."""
    assert result.holdout is not None
    target = result.holdout.targets[place]
    return target.times, result.holdout.simulated[place][:, element], target.values[:, element]

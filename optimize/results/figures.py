"""A result in figures: where the money goes, over time and over places, and what it changes.

Colours are those of Okabe and Ito (2008), which people with any kind of colour vision tell apart, and lightness within
a group. Names come from the model file: `parse_math=False` keeps a dollar sign in them from starting a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.simulator.plotting import BUNDLE, INK, MUTED, frame
from sd_models.simulator.plotting import plot as plot_trajectories
from sd_models.system.model import FloatArray

from .result import Result
from .tables import outcome_names, telling_dimension

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C7A00", "#5B5B5B")
SCALE = "cividis"  # of heat tables: lightness rises evenly, for every kind of colour vision
MOST_LAYERS = 7  # of a stack without groups; the smallest become one
MOST_TEXTS = 700  # cells of a heat table that have their number written
MOST_PANELS = 6
NOTHING = 1e-6  # a row with this part of the largest one is empty
LETTERS = 26  # of a label before it is broken


def plot(result: Result, what: str = "overview") -> Figure:
    """A figure of a result: "overview", "allocation", "shares", "trajectories" or "prices"; save it with `savefig`.

    InvalidRequest for one that there is not.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> figure = opt.plot(result, "prices")
    """
    if what not in FIGURES:
        advice = nearest(what, FIGURES) or f"There are: {', '.join(FIGURES)}."
        raise InvalidRequest(Fault(f"there is no figure {what!r}.", advice=advice))
    return FIGURES[what](result)


def _page(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _overview(result: Result) -> Figure:
    """Allocation, shares and trajectories on one page."""
    lever = _largest_lever(result)
    rows = result.total(lever).sizes
    tall = max(rows.values(), default=1)
    figure = _page(15, 9.2 if tall > 12 else 7.5)
    left, right = figure.subfigures(1, 2, squeeze=False)[0]
    if len(rows):
        top, bottom = left.subfigures(2, 1, squeeze=False)[:, 0]
        _stack(top, result, lever)
        _panels(bottom, result, columns=2, most=4)
        _heat(right, result, lever)
    else:
        _stack(left, result, lever)
        _panels(right, result, columns=2, most=6)
    title = f"{result.provenance['model']}: {result.plan.objective.variable}, {result.status.standing}"
    figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold", parse_math=False)
    return figure


def _allocation(result: Result) -> Figure:
    """A stack for each lever."""
    levers = [str(name) for name in result.policy.data_vars]
    figure = _page(8.5, 4.4 * len(levers))
    parts = figure.subfigures(len(levers), 1, squeeze=False).ravel()
    for part, lever in zip(parts, levers, strict=True):
        _stack(part, result, lever)
    return figure


def _shares(result: Result) -> Figure:
    """A heat table of the largest lever."""
    lever = _largest_lever(result)
    sizes = list(result.total(lever).sizes.values()) or [1]
    figure = _page(8.5, max(3.0, 1.8 + 0.26 * max(sizes)))
    draw_part = _heat if result.total(lever).ndim else _stack
    draw_part(figure, result, lever)
    return figure


def _trajectories(result: Result) -> Figure:
    """What the policy changes."""
    count = max(1, min(MOST_PANELS, len(outcome_names(result))))
    columns = 2 if count in (2, 4) else min(3, count)
    figure = _page(4.4 * columns, 3.0 * -(-count // columns))
    _panels(figure, result, columns=columns, most=MOST_PANELS)
    return figure


def _largest_lever(result: Result) -> str:
    """The lever with most elements."""
    return max(map(str, result.policy.data_vars), key=lambda name: result.policy[name].size)


# --- over time --------------------------------------------------------------------------------------------------------


def _stack(figure: Figure | SubFigure, result: Result, lever: str) -> None:
    """A lever over time, stacked by what it is for; levers that may be below zero are lines."""
    axes = figure.subplots()
    path = result.allocation[lever]
    times = np.append(path["time"].to_numpy(), result.plan.horizon[1] + result.plan.every)
    names, layers, colours = _layers(result, lever)
    held = np.concatenate([layers, layers[:, -1:]], axis=1)
    if (held < 0).any() or len(held) == 1:
        for name, layer, colour in zip(names, held, colours, strict=True):
            axes.step(times, layer, where="post", color=colour, linewidth=1.8, label=name)
    else:
        axes.stackplot(times, held, step="post", colors=colours, edgecolor="white", linewidth=0.4)
        _name_layers(axes, result, lever, names, held[:, -2], colours)
    frame(axes, lever, str(path.attrs.get("units", "")), result.time_unit)
    axes.set_xlim(times[0], times[-1])


def _layers(result: Result, lever: str) -> tuple[list[str], FloatArray, list[str]]:
    """Names, values (layers, periods) and colours: by group and element, else the largest elements."""
    path = result.allocation[lever]
    dims = [str(d) for d in path.dims if d != "time"]
    last = telling_dimension(result, dims)
    if last is None:
        return [lever], path.to_numpy()[np.newaxis], [COLOURS[0]]
    table = path.sum([d for d in dims if d != last]).transpose(last, "time")
    elements = [str(e) for e in table[last].to_numpy()]
    values = table.to_numpy()
    if last in result.groups:
        order, colours = _in_groups(result.groups[last], elements)
        return [elements[i] for i in order], values[order], colours
    order = np.argsort(-np.abs(values).sum(axis=1), kind="stable").tolist()
    names, kept = [elements[i] for i in order[:MOST_LAYERS]], values[order[:MOST_LAYERS]]
    if len(order) > MOST_LAYERS:
        names, kept = [*names, "all others"], np.vstack([kept, values[order[MOST_LAYERS:]].sum(axis=0)])
    return names, kept, list(COLOURS[: len(names)])


def _in_groups(groups: Mapping[str, Sequence[str]], elements: Sequence[str]) -> tuple[list[int], list[str]]:
    """The positions of elements group by group, and a shade of the group's colour for each."""
    order: list[int] = []
    colours: list[str] = []
    for colour, members in zip(COLOURS * len(groups), groups.values(), strict=False):
        inside = [elements.index(member) for member in members if member in elements]
        order += inside
        colours += [_lighter(colour, 0.55 * k / max(1, len(inside) - 1)) for k in range(len(inside))]
    return order, colours


def _lighter(colour: str, share: float) -> str:
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (255 - part) * share):02x}" for part in parts)


def _name_layers(
    axes: Axes, result: Result, lever: str, names: Sequence[str], last: FloatArray, colours: Sequence[str]
) -> None:
    """The names of groups, else of layers, at the right of the stack."""
    from matplotlib.patches import Patch

    path = result.allocation[lever]
    dimension = telling_dimension(result, [str(d) for d in path.dims if d != "time"])
    groups = result.groups.get(str(dimension))
    if groups is None:
        handles = [Patch(color=colour, label=name) for name, colour in zip(names, colours, strict=True)]
        axes.legend(handles=handles[::-1], fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return
    tops = np.cumsum(last)
    labels = []
    for group, members in groups.items():
        inside = [i for i, name in enumerate(names) if name in members]
        if inside:
            base = tops[inside[0]] - last[inside[0]]
            labels.append((group, float(base + tops[inside[-1]]) / 2, colours[inside[0]]))
    least = 0.075 * (float(tops[-1]) or 1.0)
    height = -np.inf
    for name, middle, colour in labels:
        height = max(middle, height + least)
        axes.annotate(
            fill(name, LETTERS),
            (1.0, height),
            xycoords=("axes fraction", "data"),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=colour,
            fontweight="bold",
            annotation_clip=False,
            parse_math=False,
        )


# --- over places ------------------------------------------------------------------------------------------------------


def _heat(figure: Figure | SubFigure, result: Result, lever: str) -> None:
    """What each row (a province) gets in the horizon, and what share of it each column (a measure, a year) takes."""
    table, title, dividers = _heat_table(result, lever)
    rows, columns = (str(d) for d in table.dims)
    values = table.to_numpy()
    sums = np.abs(values).sum(axis=1, keepdims=True)
    shares = np.divide(values, sums, out=np.zeros_like(values), where=sums > NOTHING * sums.max())
    axes, bars = figure.subplots(1, 2, width_ratios=(6, 1), sharey=True)
    axes.imshow(shares, aspect="auto", cmap=SCALE, vmin=min(0.0, float(shares.min())), interpolation="nearest")
    axes.set_xticks(range(table.sizes[columns]), [_short(e) for e in table[columns].to_numpy()], rotation=90)
    axes.set_yticks(range(table.sizes[rows]), [_short(e) for e in table[rows].to_numpy()])
    axes.tick_params(labelsize=7.5, colors=MUTED, length=0)
    axes.spines[:].set_visible(False)
    for at in dividers:
        axes.axvline(at - 0.5, color="white", linewidth=2.5)
    if shares.size <= MOST_TEXTS:
        _write_shares(axes, shares)
    axes.set_title(fill(title, 58), loc="left", fontsize=10, color=INK, parse_math=False)
    _bars(bars, values.sum(axis=1), str(result.total(lever).attrs["units"]))


def _heat_table(result: Result, lever: str) -> tuple[xr.DataArray, str, list[int]]:
    """Rows and columns of a heat table, its title, and where its groups of columns begin."""
    totals = result.total(lever)
    dims = [str(d) for d in totals.dims]
    if len(dims) == 1:
        amounts = result.amounts(lever).transpose(dims[0], "time")
        labels = [f"{time:g}" for time in amounts["time"].to_numpy()]
        return amounts.assign_coords(time=labels), f"{lever}: when each {dims[0]} spends its total, per cent", []
    last = str(telling_dimension(result, dims))
    first = next(d for d in dims if d != last)
    table = totals.sum([d for d in dims if d not in (first, last)]).transpose(first, last)
    groups = result.groups.get(last, {})
    elements = [str(e) for e in table[last].to_numpy()]
    order, _ = _in_groups(groups, elements)
    counts = [sum(member in elements for member in members) for members in groups.values()]
    dividers = np.cumsum(counts)[:-1].tolist() if groups else []
    title = f"{lever}: what each {first} spends its total on, per cent"
    return (table.isel({last: order}) if groups else table), title, dividers


def _write_shares(axes: Axes, shares: FloatArray) -> None:
    bright = 0.6 * float(shares.max())
    for (i, j), share in np.ndenumerate(shares):
        colour = "black" if share > bright else "white"
        axes.text(j, i, f"{100 * share:.0f}", ha="center", va="center", fontsize=6, color=colour)


def _bars(axes: Axes, sums: FloatArray, unit: str) -> None:
    axes.barh(range(len(sums)), sums, color=BUNDLE, height=0.75)
    axes.set_title(fill(f"total, {unit}", 16), loc="left", fontsize=8, color=MUTED, parse_math=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(labelsize=7, colors=MUTED, length=0, labelleft=False)
    axes.locator_params(axis="x", nbins=2)
    axes.grid(axis="x", color="#e3e8eb", linewidth=0.8)
    axes.set_axisbelow(True)


def _short(name: Any) -> str:
    text = str(name)
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 3]}..."


# --- what it changes --------------------------------------------------------------------------------------------------


def _panels(figure: Figure | SubFigure, result: Result, *, columns: int, most: int) -> None:
    """Trajectories with the policy and without, a panel each."""
    names = outcome_names(result)[:most]
    rows = -(-max(1, len(names)) // columns)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    times = result.trajectories["time"].to_numpy()
    for place, name in zip(axes, names, strict=False):
        with_it, without = (run[name].to_numpy() for run in (result.trajectories, result.baseline))
        place.plot(times, without, color=MUTED, linewidth=1.6, linestyle=(0, (4, 2)), label="without policy")
        place.plot(times, with_it, color=COLOURS[0], linewidth=2.0, label="with policy")
        place.axvline(result.plan.horizon[0], color=BUNDLE, linewidth=0.8)
        frame(place, name, str(result.trajectories[name].attrs.get("units", "")), result.time_unit)
        place.set_xlim(times[0], times[-1])
    for place in axes[len(names) :]:
        place.remove()
    if names:
        axes[0].legend(fontsize=8, frameon=False, labelcolor="linecolor")


# --- what limits are worth --------------------------------------------------------------------------------------------


def _prices(result: Result) -> Figure:
    """The prices of limits that bind in more than one period, a panel each."""
    binding = {n: p for n, p in result.shadow_prices.items() if p.sizes["time"] > 1 and p.to_numpy().any()}
    shown = [price.rename(name) for name, price in binding.items()]
    if not shown:
        raise InvalidRequest(Fault("no limit binds in more than one period, so there are no prices to draw."))
    return plot_trajectories(shown[:MOST_PANELS], title="Shadow prices", time_unit=result.time_unit)


FIGURES: Mapping[str, Callable[[Result], Figure]] = {
    "overview": _overview,
    "allocation": _allocation,
    "shares": _shares,
    "trajectories": _trajectories,
    "prices": _prices,
}

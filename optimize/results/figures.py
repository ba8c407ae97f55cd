"""A result in figures: where the money goes, over time and over places, and what it changes.

Colours are those of Okabe and Ito (2008), which people with any kind of colour vision tell apart, and lightness within
a group. Names come from the model file: `parse_math=False` keeps a dollar sign in them from starting a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.simulator.plotting import BUNDLE, INK, MUTED, frame
from sd_models.simulator.plotting import plot as plot_trajectories
from sd_models.system.model import FloatArray

from .gains import Outcome, panels
from .result import Result
from .uses import Use, uses
from .voice import Voice, voice_of

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
    use = _largest(result)
    rows = use.totals.sizes
    tall = max(rows.values(), default=1)
    figure = _page(15, 9.2 if tall > 12 else 7.5)
    left, right = figure.subfigures(1, 2, squeeze=False)[0]
    if len(rows):
        top, bottom = left.subfigures(2, 1, squeeze=False)[:, 0]
        _stack(top, result, use)
        _panels(bottom, result, columns=2, most=4)
        _heat(right, result, use)
    else:
        _stack(left, result, use)
        _panels(right, result, columns=2, most=6)
    goal = voice_of(result).name(result.plan.objective.variable)
    title = f"{result.provenance['model']}: {goal}, {result.status.word}"
    figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold", parse_math=False)
    return figure


def _allocation(result: Result) -> Figure:
    """A stack for each lever."""
    levers = list(uses(result, voice_of(result)))
    figure = _page(8.5, 4.4 * len(levers))
    parts = figure.subfigures(len(levers), 1, squeeze=False).ravel()
    for part, use in zip(parts, levers, strict=True):
        _stack(part, result, use)
    return figure


def _shares(result: Result) -> Figure:
    """A heat table of the largest lever."""
    use = _largest(result)
    sizes = list(use.totals.sizes.values()) or [1]
    figure = _page(8.5, max(3.0, 1.8 + 0.26 * max(sizes)))
    draw_part = _heat if use.dims else _stack
    draw_part(figure, result, use)
    return figure


def _trajectories(result: Result) -> Figure:
    """What the policy changes."""
    count = max(1, min(MOST_PANELS, len(panels(result))))
    columns = 2 if count in (2, 4) else min(3, count)
    figure = _page(4.4 * columns, 3.0 * -(-count // columns))
    _panels(figure, result, columns=columns, most=MOST_PANELS)
    return figure


def _largest(result: Result) -> Use:
    """The lever with most elements."""
    return max(uses(result, voice_of(result)), key=lambda use: use.paths.size)


# --- over time --------------------------------------------------------------------------------------------------------


def _stack(figure: Figure | SubFigure, result: Result, use: Use) -> None:
    """A lever over time, stacked by what it is for; levers that may be below zero or do not add up are lines."""
    axes, voice = figure.subplots(), voice_of(result)
    times = np.append(use.paths["time"].to_numpy(), result.plan.horizon[1] + result.plan.every)
    names, layers, colours = _layers(use)
    held = np.concatenate([layers, layers[:, -1:]], axis=1)
    if (held < 0).any() or len(held) == 1 or not use.is_total:
        for name, layer, colour in zip(names, held, colours, strict=True):
            axes.step(times, layer, where="post", color=colour, linewidth=1.8, label=voice.name(name))
    else:
        axes.stackplot(times, held, step="post", colors=colours, edgecolor="white", linewidth=0.4)
        _name_layers(axes, voice, use, names, held[:, -2], colours)
    frame(axes, voice.name(use.lever), use.unit.english, result.time_unit)
    axes.set_xlim(times[0], times[-1])


def _layers(use: Use) -> tuple[list[str], FloatArray, list[str]]:
    """Names, values (layers, periods) and colours: by group and element, else the largest elements."""
    if use.what is None:
        return [use.lever], use.paths.to_numpy()[np.newaxis], [COLOURS[0]]
    table = use.over(use.paths, [d for d in use.dims if d != use.what]).transpose(use.what, "time")
    elements = [str(e) for e in table[use.what].to_numpy()]
    values = table.to_numpy()
    if use.what in use.groups:
        order, colours = _in_groups(use.groups[use.what], elements)
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
    axes: Axes, voice: Voice, use: Use, names: Sequence[str], last: FloatArray, colours: Sequence[str]
) -> None:
    """The names of groups, else of layers, at the right of the stack."""
    from matplotlib.patches import Patch

    groups = use.groups.get(str(use.what))
    if groups is None:
        handles = [Patch(color=colour, label=voice.name(name)) for name, colour in zip(names, colours, strict=True)]
        axes.legend(handles=handles[::-1], fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return
    tops = np.cumsum(last)
    labels = []
    for group, members in groups.items():
        inside = [i for i, name in enumerate(names) if name in members]
        if inside:
            base = tops[inside[0]] - last[inside[0]]
            labels.append((voice.name(group), float(base + tops[inside[-1]]) / 2, colours[inside[0]]))
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


def _heat(figure: Figure | SubFigure, result: Result, use: Use) -> None:
    """What each row (a province) gets in the horizon, and what share of it each column (a measure, a year) takes."""
    voice = voice_of(result)
    table, title, dividers = _heat_table(voice, use)
    rows, columns = (str(d) for d in table.dims)
    values = table.to_numpy()
    sums = np.abs(values).sum(axis=1, keepdims=True)
    shares = np.divide(values, sums, out=np.zeros_like(values), where=sums > NOTHING * sums.max())
    axes, bars = figure.subplots(1, 2, width_ratios=(6, 1), sharey=True)
    axes.imshow(shares, aspect="auto", cmap=SCALE, vmin=min(0.0, float(shares.min())), interpolation="nearest")
    across, down = ([_short(voice.name(str(e))) for e in table[d].to_numpy()] for d in (columns, rows))
    axes.set_xticks(range(len(across)), across, rotation=90)
    axes.set_yticks(range(len(down)), down)
    axes.tick_params(labelsize=7.5, colors=MUTED, length=0)
    axes.spines[:].set_visible(False)
    for at in dividers:
        axes.axvline(at - 0.5, color="white", linewidth=2.5)
    if shares.size <= MOST_TEXTS:
        _write_shares(axes, shares)
    axes.set_title(fill(title, 58), loc="left", fontsize=10, color=INK, parse_math=False)
    word = voice.say("total" if use.is_total else "mean")
    bar_sums = values.sum(axis=1) / (1.0 if use.is_total or columns != "time" else use.length)
    _bars(bars, bar_sums, ", ".join(filter(None, (word, use.whole_unit.english))))


def _heat_table(voice: Voice, use: Use) -> tuple[xr.DataArray, str, list[int]]:
    """Rows and columns of a heat table, its title, and where its groups of columns begin."""
    lever, what, where = voice.name(use.lever), str(use.what), use.where
    if where is None:
        amounts = use.amounts.transpose(what, "time")
        labels = [f"{time:g}" for time in amounts["time"].to_numpy()]
        title = f"{lever}: when each {voice.inline(what)} spends its total, per cent"
        return amounts.assign_coords(time=labels), title, []
    table = use.totals.sum([d for d in use.dims if d not in (what, where)]).transpose(where, what)
    groups = use.groups.get(what, {})
    elements = [str(e) for e in table[what].to_numpy()]
    order, _ = _in_groups(groups, elements)
    counts = [sum(member in elements for member in members) for members in groups.values()]
    dividers = np.cumsum(counts)[:-1].tolist() if groups else []
    title = f"{lever}: what each {voice.inline(where)} spends its total on, per cent"
    return (table.isel({what: order}) if groups else table), title, dividers


def _write_shares(axes: Axes, shares: FloatArray) -> None:
    bright = 0.6 * float(shares.max())
    for (i, j), share in np.ndenumerate(shares):
        colour = "black" if share > bright else "white"
        axes.text(j, i, f"{100 * share:.0f}", ha="center", va="center", fontsize=6, color=colour)


def _bars(axes: Axes, sums: FloatArray, title: str) -> None:
    axes.barh(range(len(sums)), sums, color=BUNDLE, height=0.75)
    axes.set_title(fill(title, 16), loc="left", fontsize=8, color=MUTED, parse_math=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(labelsize=7, colors=MUTED, length=0, labelleft=False)
    axes.locator_params(axis="x", nbins=2)
    axes.grid(axis="x", color="#e3e8eb", linewidth=0.8)
    axes.set_axisbelow(True)


def _short(text: str) -> str:
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 3]}..."


# --- what it changes --------------------------------------------------------------------------------------------------


def _panels(figure: Figure | SubFigure, result: Result, *, columns: int, most: int) -> None:
    """Headline outcomes with the policy and without, a panel each, in the units of people."""
    shown, voice = panels(result)[:most], voice_of(result)
    rows = -(-max(1, len(shown)) // columns)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for place, one in zip(axes, shown, strict=False):
        _panel(place, one, voice)
        frame(place, one.headline.english, voice.people_unit(one.headline.unit), result.time_unit)
    for place in axes[len(shown) :]:
        place.remove()
    if shown:
        axes[0].legend(fontsize=8, frameon=False, labelcolor="linecolor")


def _panel(axes: Axes, one: Outcome, voice: Voice) -> None:
    """One outcome over the horizon; of an outcome by element the median, and all in the background."""
    times, without, policy = one.policy["time"].to_numpy(), _table(one.without), _table(one.policy)
    if policy.shape[1] > 1:
        axes.plot(times, without, color=MUTED, linewidth=0.5, alpha=0.3)
        axes.plot(times, policy, color=COLOURS[0], linewidth=0.5, alpha=0.3)
    middle, without_it = np.median(policy, axis=1), np.median(without, axis=1)
    axes.plot(times, without_it, color=MUTED, linewidth=1.6, linestyle=(0, (4, 2)), label=voice.say("without"))
    axes.plot(times, middle, color=COLOURS[0], linewidth=2.0, label=voice.say("with"))
    axes.set_xlim(times[0], times[-1])


def _table(values: xr.DataArray) -> FloatArray:
    """An outcome as (times, elements)."""
    return values.to_numpy().reshape(values.sizes["time"], -1)


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

"""The figures of the model's page, drawn from the model file and a run.

    python -m sd_models.common_prosperity.figures               # all of them, into figures/ beside the model

`structure.png` counts the links between the sectors of `model.mdl`, so it cannot be out of date; `stocks.png` shows the
stocks and flows of each sector, and refuses names that the model does not have. The other figures show the baseline:
`record.png` beside what was observed, one for each sector for all provinces.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from ..analysis.loops import influences
from ..reading.library import load
from ..simulator.plotting import BUNDLE, COLOURS, INK, MUTED, plot
from ..simulator.simulation import simulate
from ..system.model import Kind, System
from .folder import HERE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

STOCK = {"boxstyle": "square,pad=0.5", "facecolor": "#e8f1f4", "edgecolor": INK, "linewidth": 1.2}
PIPE = {"arrowstyle": "-|>", "color": COLOURS[0], "linewidth": 2.0}
LINES = 3  # least number of links between two sectors that is drawn
PLACES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "Public investment": (0.0, 2.0),
        "People": (1.0, 2.0),
        "Services and belonging": (2.0, 2.0),
        "Output": (0.0, 1.0),
        "Schooling and skills": (1.0, 1.0),
        "Income": (2.0, 1.0),
        "Public money": (0.0, 0.0),
        "Ecology": (1.0, 0.0),
        "Prosperity index": (2.0, 0.0),
    }
)
RECORD: Mapping[str, str] = MappingProxyType(
    {
        "national population": "population",
        "national urban share": "urban share",
        "national hukou urban share": "hukou urban share",
        "national GDP": "GDP",
        "national urban income": "urban income",
        "national rural income": "rural income",
        "national CO2": "CO2",
    }
)
SECTORS: Mapping[str, str] = MappingProxyType(
    {
        "people": "population, urban share, migrant share, migrants without local hukou, new citizens, "
        "transferred land",
        "output": "GDP, GDP a head, technology, private capital, schooling, congestion",
        "income": "urban income, rural income, income ratio, rural wage share, household share, transfer share",
        "ecology": "CO2, energy intensity, carbon content, particles, forest cover, urban green",
        "money": "debt ratio, fiscal restraint, land income, base spending a head, transfers received, "
        "public services a head",
        "index": "growth, spirit, ecology, sharing, overall prosperity, culture, belonging, migrant services, "
        "prosperity index",
        "nation": "national income ratio, national PM25, national debt ratio, theil between provinces, "
        "theil within provinces, middle income people, national schooling, national forest cover, welfare rate",
    }
)


@dataclass(frozen=True)
class Panel:
    """Stocks with their places, and flows: from a stock (None: from outside), to a stock (None), the flow's name."""

    title: str
    stocks: Mapping[str, tuple[float, float]]
    flows: Sequence[tuple[str | None, str | None, str]]


PANELS = (
    Panel(
        "People",
        {"rural population": (0.5, 2.1), "migrants without local hukou": (2.5, 2.1), "urban citizens": (4.5, 2.1)},
        (
            ("rural population", "migrants without local hukou", "moving to own towns"),
            ("migrants without local hukou", "urban citizens", "new citizens"),
            (None, "migrants without local hukou", "arrivals without hukou"),
            ("migrants without local hukou", None, "departures without hukou"),
            (None, "urban citizens", "arrivals with hukou"),
            ("urban citizens", None, "departures with hukou"),
            (None, "rural population", "natural growth rate"),
            ("rural population", None, "pool without hukou"),
        ),
    ),
    Panel(
        "Measures",
        {"programmes": (1.2, 2.1), "trained share": (3.6, 2.1)},
        (
            (None, "programmes", "programmes started"),
            ("programmes", None, "programmes worn out"),
            (None, "trained share", "reached"),
        ),
    ),
    Panel(
        "Output",
        {"private capital": (0.6, 2.1), "infrastructure": (2.5, 2.1), "technology": (4.2, 2.1)},
        (
            (None, "private capital", "investment"),
            (None, "infrastructure", "investment"),
            (None, "technology", "technology growth"),
            ("private capital", None, "depreciation"),
            ("infrastructure", None, "depreciation"),
        ),
    ),
    Panel(
        "Schooling, culture, belonging, services",
        {"schooling": (0.5, 2.1), "culture": (1.9, 2.1), "belonging": (3.2, 2.1), "migrant services": (4.6, 2.1)},
        (
            (None, "schooling", "desired schooling"),
            (None, "culture", "public culture"),
            ("culture", None, "fading of culture"),
            (None, "belonging", "culture"),
            (None, "migrant services", "reached"),
        ),
    ),
    Panel(
        "Ecology",
        {
            "energy intensity": (0.1, 2.1),
            "carbon content": (2.0, 2.1),
            "particles": (3.6, 2.1),
            "forest cover": (4.8, 2.1),
        },
        (
            ("energy intensity", None, "decline of energy intensity"),
            ("carbon content", None, "decline of carbon content"),
            (None, "particles", "desired particles"),
            (None, "forest cover", "later forest cover"),
        ),
    ),
    Panel(
        "Public money",
        {"public debt": (1.4, 2.1), "recent citizens": (4.0, 2.1)},
        (
            (None, "public debt", "base spending"),
            (None, "public debt", "cost of new citizens"),
            (None, "public debt", "interest"),
            (None, "public debt", "local borrowing for measures"),
            ("public debt", None, "own revenue"),
            ("public debt", None, "transfers received"),
            ("public debt", None, "land income"),
            (None, "recent citizens", "new citizens"),
            ("recent citizens", None, "integration time"),
        ),
    ),
)


def sectors(system: System) -> dict[str, str]:
    """The group of the model file in which each variable stands."""
    lines = (system.path or HERE / "model.mdl").read_text(encoding="utf-8").splitlines()
    heads = [(number, line[2:]) for number, line in enumerate(lines, 1) if line.startswith("\t.")]
    found = {}
    for variable in system:
        line = variable.place.line if variable.place else 0
        found[variable.name] = next((name for number, name in reversed(heads) if number < line), "")
    return found


def structure(system: System) -> Figure:
    """The sectors with their stocks, and how many links lead from one to another."""
    from matplotlib.figure import Figure

    where = sectors(system)
    links = Counter((where[a], where[b]) for a, b in influences(system).edges)
    figure = Figure(figsize=(12, 9), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(-0.35, 2.35)
    axes.set_ylim(-0.35, 2.35)
    axes.axis("off")
    boxes = {}
    for name in PLACES:
        held = [variable.name for variable in system.of_kind(Kind.STOCK) if where[variable.name] == name]
        boxes[name] = _sector(axes, name, held)
    figure.draw_without_rendering()  # boxes know their size only now
    for (cause, effect), count in sorted(links.items()):
        if count >= LINES and cause in PLACES and effect in PLACES and cause != effect:
            _link(axes, cause, effect, count, boxes)
    return figure


def _sector(axes: Axes, name: str, held: Sequence[str]) -> Text:
    """A box with the name of a sector and its stocks."""
    text = "\n".join([name, *(f"▭ {stock}" for stock in held)])
    box = {"boxstyle": "round,pad=0.6", "facecolor": "white", "edgecolor": COLOURS[0], "linewidth": 1.6}
    x, y = PLACES[name]
    return axes.text(x, y, text, ha="center", va="center", fontsize=8.5, color=INK, bbox=box, linespacing=1.4, zorder=3)


def _link(axes: Axes, cause: str, effect: str, count: int, boxes: Mapping[str, Text]) -> None:
    """An arrow as strong as the number of links; those to and fro bend apart."""
    a, b = np.array(PLACES[cause]), np.array(PLACES[effect])
    style = {"arrowstyle": "-|>,head_width=0.25,head_length=0.5", "color": BUNDLE, "linewidth": 0.6 + count / 7}
    ends = {"patchA": boxes[cause].get_bbox_patch(), "patchB": boxes[effect].get_bbox_patch()}
    bow = {"connectionstyle": "arc3,rad=0.16", "shrinkA": 0, "shrinkB": 1}
    axes.annotate("", xy=tuple(b), xytext=tuple(a), arrowprops=style | ends | bow, zorder=1)
    x, y = 0.5 * (a + b) + 0.08 * np.array([b[1] - a[1], a[0] - b[0]])
    halo = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    axes.text(x, y, str(count), fontsize=8, color=MUTED, ha="center", va="center", bbox=halo, zorder=2)


def stocks(system: System) -> Figure:
    """Stocks (boxes) and flows (arrows with a valve) of the sectors."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.5, 9.5), layout="constrained")
    for axes, panel in zip(figure.subplots(3, 2).ravel(), PANELS, strict=True):
        for name in (*panel.stocks, *(flow for *_, flow in panel.flows)):
            system[name]
        _draw_panel(axes, panel)
    return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    for source, target, flow in panel.flows:
        if source and target:
            _pipe(axes, panel.stocks[source], panel.stocks[target], flow)
    for name, place in panel.stocks.items():
        _beside(axes, place, [flow for source, target, flow in panel.flows if target == name and not source], 1)
        _beside(axes, place, [flow for source, target, flow in panel.flows if source == name and not target], -1)
        text = "\n".join(name.rsplit(" ", 1)) if len(name) > 14 else name
        axes.text(*place, text, ha="center", va="center", fontsize=8, color=INK, bbox=STOCK, zorder=4)
    axes.set_title(panel.title, loc="left", fontsize=11, color=INK)
    axes.set_xlim(-0.3, 5.6)
    axes.set_ylim(0.6, 3.6)
    axes.axis("off")


def _beside(axes: Axes, place: tuple[float, float], flows: Sequence[str], side: int) -> None:
    """One pipe for all flows from outside (side 1, above) or to outside (-1), their names beside its valve."""
    if not flows:
        return
    x, y = place
    outside, valve = y + 1.15 * side, y + 0.75 * side
    ends = ((x, outside), place) if side > 0 else (place, (x, outside))
    style = PIPE | {"shrinkA": 2 if side > 0 else 16, "shrinkB": 17 if side > 0 else 2}
    axes.annotate("", xy=ends[1], xytext=ends[0], arrowprops=style, zorder=2)
    axes.plot(x, valve, marker="D", color="white", markeredgecolor=COLOURS[0], markersize=6, zorder=3)
    names = "\n".join(flows)
    axes.text(x + 0.1, valve, names, fontsize=7.5, color=MUTED, zorder=5, ha="left", va="center")


def _pipe(axes: Axes, start: tuple[float, float], end: tuple[float, float], flow: str) -> None:
    """A flow from one stock to the next."""
    axes.annotate("", xy=end, xytext=start, arrowprops=PIPE | {"shrinkA": 45, "shrinkB": 48}, zorder=2)
    x, y = (start[0] + end[0]) / 2, start[1]
    axes.plot(x, y, marker="D", color="white", markeredgecolor=COLOURS[0], markersize=6, zorder=3)
    text = "\n".join(flow.rsplit(" ", 1))
    axes.text(x, y + 0.14, text, fontsize=7.5, color=MUTED, zorder=5, ha="center", va="bottom")


def record(run: xr.Dataset, folder: Path) -> Figure:
    """The nation, simulated (line) and observed (points)."""
    observed = pd.read_csv(folder / "national.csv").set_index("year")
    figure = plot(run[list(RECORD)])
    for axes, column in zip(figure.axes, RECORD.values(), strict=True):
        known = observed[column].dropna()
        axes.plot(known.index, known, "o", color=COLOURS[1], markersize=3.5, zorder=4)
    return figure


def figures(system: System, run: xr.Dataset, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Every figure with its name."""
    yield "structure", structure(system)
    yield "stocks", stocks(system)
    yield "record", record(run, folder)
    for name, variables in SECTORS.items():
        yield name, plot(run[variables.split(", ")])


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="figures", description="Draw the figures of the model's page.")
    parser.add_argument("--target", type=Path, default=HERE / "figures", help="folder for the figures")
    target: Path = parser.parse_args(arguments).target
    target.mkdir(parents=True, exist_ok=True)
    system = load("common_prosperity")
    for name, figure in figures(system, simulate(system), HERE / "provinces"):
        figure.savefig(target / f"{name}.png", dpi=75, metadata={"Software": None})
    print(f"Written: {target}")


if __name__ == "__main__":
    main()

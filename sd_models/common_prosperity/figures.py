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
from math import cos, pi, sin
from pathlib import Path
from textwrap import fill
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
LINES = 4  # least number of links between two sectors that is drawn
RING = (  # sectors around an ellipse, clockwise from the top
    "People",
    "Housing and land",
    "Income",
    "Accounts",
    "Inequality",
    "Prosperity index",
    "Energy and ecology",
    "Public money",
    "Public investment",
    "Output",
    "Schooling and skills",
    "Services, culture, belonging",
)
PLACES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {name: (sin(2 * pi * i / len(RING)), cos(2 * pi * i / len(RING))) for i, name in enumerate(RING)}
)
RECORD: Mapping[str, str] = MappingProxyType(
    {
        "national population": "population",
        "national urban share": "urban share",
        "national hukou urban share": "hukou urban share",
        "national GDP": "GDP",
        "national urban income": "urban income",
        "national rural income": "rural income",
        "national income ratio": "income ratio",
        "national CO2": "CO2",
        "national energy use": "energy",
        "national coal share": "coal share",
        "national clean share": "clean share",
        "national PM25": "particles",
        "national schooling": "schooling",
        "national belonging": "belonging",
        "national consumption share": "household consumption share",
    }
)
END_OF_RECORD = 2026  # the pictures of the record end here
SECTORS: Mapping[str, str] = MappingProxyType(
    {
        "people": "population, urban share, town population, migrants without local hukou, new citizens, "
        "expected advantage, housing burden, land a head, transferred land",
        "output": "GDP, GDP a head, technology, private capital, infrastructure, knowledge, rural schooling, "
        "urban schooling, radiation",
        "income": "urban income, rural income, income ratio, relative rural income, rural transfer, "
        "household factor share",
        "ecology": "CO2, energy use, energy intensity, coal share, clean share, carbon content, particles, "
        "forest cover, urban green",
        "money": "debt ratio, fiscal restraint, land income, base spending a head, transfers received, "
        "public services a head",
        "index": "growth, spirit, ecology, sharing, culture, belonging, migrant services, rural services, "
        "prosperity index",
        "nation": "national population, national urban share, national hukou urban share, national GDP, "
        "national income ratio, national CO2, national PM25, national debt ratio, national consumption share, "
        "utilization, theil between provinces, theil within provinces, middle income people, "
        "national prosperity index, national index without soft goods",
    }
)


# --- pictures of the structure ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Panel:
    """Stocks with their places, and flows: from a stock (None: from outside), to a stock (None), the flow's name."""

    title: str
    stocks: Mapping[str, tuple[float, float]]
    flows: Sequence[tuple[str | None, str | None, str]]


PANELS = (
    Panel(
        "People",
        {
            "rural population": (0.0, 2.1),
            "town population": (1.6, 2.1),
            "migrants without local hukou": (3.2, 2.1),
            "urban citizens": (4.9, 2.1),
        },
        (
            ("rural population", "town population", "moving to own towns"),
            ("town population", "migrants without local hukou", "advancing to cities"),
            ("migrants without local hukou", "urban citizens", "new citizens"),
            (None, "migrants without local hukou", "moving to own cities"),
            (None, "migrants without local hukou", "arrivals without hukou"),
            ("migrants without local hukou", None, "departures without hukou"),
            ("migrants without local hukou", None, "returning migrants"),
            (None, "urban citizens", "arrivals with hukou"),
            ("urban citizens", None, "departures with hukou"),
            (None, "rural population", "returning to the countryside"),
            ("rural population", None, "moving to own cities"),
            ("rural population", None, "leaving for other provinces"),
        ),
    ),
    Panel(
        "Housing and land; measures",
        {
            "urban housing": (0.3, 2.1),
            "farm land": (1.6, 2.1),
            "staff and builders": (2.9, 2.1),
            "programmes": (4.4, 2.1),
        },
        (
            (None, "urban housing", "building"),
            ("farm land", None, "land taken"),
            (None, "staff and builders", "works"),
            (None, "programmes", "programmes started"),
            ("programmes", None, "programmes worn out"),
        ),
    ),
    Panel(
        "Output",
        {
            "private capital": (0.2, 2.1),
            "infrastructure": (1.6, 2.1),
            "knowledge": (3.1, 2.1),
            "technology": (4.5, 2.1),
        },
        (
            (None, "private capital", "private investment"),
            (None, "infrastructure", "public works"),
            (None, "knowledge", "research share"),
            (None, "technology", "technology growth"),
            ("private capital", None, "wear of private capital"),
            ("infrastructure", None, "wear of infrastructure"),
            ("knowledge", None, "wear of knowledge"),
        ),
    ),
    Panel(
        "Demand; transfers; leases",
        {
            "utilization": (0.2, 2.1),
            "idle savings": (1.6, 2.1),
            "household factor share": (3.1, 2.1),
            "transferred land": (4.6, 2.1),
        },
        (
            (None, "utilization", "desired utilization"),
            (None, "idle savings", "demand ratio"),
            (None, "household factor share", "later household share"),
            (None, "transferred land", "desired transfer of land"),
        ),
    ),
    Panel(
        "Schooling, town and countryside alike",
        {"schooling of rural children": (0.7, 2.1), "rural schooling": (3.0, 2.1), "trained share": (4.8, 2.1)},
        (
            (None, "schooling of rural children", "desired rural schooling"),
            ("schooling of rural children", "rural schooling", "generation"),
            ("rural schooling", None, "lead of leavers"),
            (None, "trained share", "reached"),
        ),
    ),
    Panel(
        "Services, culture, belonging",
        {
            "migrant services": (0.2, 2.1),
            "rural services": (1.8, 2.1),
            "culture": (3.3, 2.1),
            "belonging": (4.6, 2.1),
        },
        (
            (None, "migrant services", "open migrant services"),
            (None, "migrant services", "migrant measures"),
            (None, "rural services", "open rural services"),
            (None, "rural services", "rural measures"),
            (None, "culture", "public culture"),
            ("culture", None, "fading of culture"),
            (None, "belonging", "desired belonging"),
        ),
    ),
    Panel(
        "Energy and ecology",
        {
            "energy intensity": (0.1, 2.1),
            "coal share": (1.4, 2.1),
            "clean share": (2.8, 2.1),
            "particles": (4.0, 2.1),
            "forest cover": (5.1, 2.1),
        },
        (
            ("energy intensity", None, "decline of energy intensity"),
            ("coal share", "clean share", "leaving coal"),
            (None, "clean share", "leaving oil and gas"),
            (None, "particles", "desired particles"),
            (None, "forest cover", "later forest cover"),
        ),
    ),
    Panel(
        "Public money",
        {"public debt": (1.2, 2.1), "recent citizens": (4.2, 2.1)},
        (
            (None, "public debt", "public consumption of a province"),
            (None, "public debt", "public works"),
            (None, "public debt", "household transfers"),
            (None, "public debt", "interest"),
            (None, "public debt", "local borrowing for measures"),
            ("public debt", None, "own revenue"),
            ("public debt", None, "contributions"),
            ("public debt", None, "net land income"),
            ("public debt", None, "transfers received"),
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
    figure = Figure(figsize=(13, 10.5), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(-1.25, 1.25)
    axes.set_ylim(-1.2, 1.2)
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

    figure = Figure(figsize=(14, 13), layout="constrained")
    places = list(zip(figure.subplots(4, 2).ravel(), PANELS, strict=True))
    for _, panel in places:
        for name in (*panel.stocks, *(flow for *_, flow in panel.flows)):
            system[name]
    boxes = [_stocks(axes, panel) for axes, panel in places]
    figure.draw_without_rendering()  # boxes know their size only now
    for (axes, panel), drawn in zip(places, boxes, strict=True):
        _flows(axes, panel, drawn)
    return figure


def _stocks(axes: Axes, panel: Panel) -> dict[str, Text]:
    """The boxes of a panel."""
    axes.set_title(panel.title, loc="left", fontsize=11, color=INK)
    axes.set_xlim(-0.3, 5.9)
    axes.set_ylim(0.6, 3.6)
    axes.axis("off")
    return {name: _stock(axes, name, place) for name, place in panel.stocks.items()}


def _stock(axes: Axes, name: str, place: tuple[float, float]) -> Text:
    return axes.text(*place, fill(name, 14), ha="center", va="center", fontsize=8, color=INK, bbox=STOCK, zorder=4)


def _flows(axes: Axes, panel: Panel, boxes: Mapping[str, Text]) -> None:
    """The pipes of a panel."""
    for source, target, flow in panel.flows:
        if source and target:
            _pipe(axes, boxes[source], boxes[target], flow)
    for name, place in panel.stocks.items():
        _beside(axes, place, [flow for source, target, flow in panel.flows if target == name and not source], 1)
        _beside(axes, place, [flow for source, target, flow in panel.flows if source == name and not target], -1)


def _beside(axes: Axes, place: tuple[float, float], flows: Sequence[str], side: int) -> None:
    """One pipe for all flows from outside (side 1, above) or to outside (-1), their names beside its valve."""
    if not flows:
        return
    x, y = place
    outside, valve = y + 1.15 * side, y + 0.75 * side
    ends = ((x, outside), place) if side > 0 else (place, (x, outside))
    style = PIPE | {"shrinkA": 2 if side > 0 else 20, "shrinkB": 20 if side > 0 else 2}
    axes.annotate("", xy=ends[1], xytext=ends[0], arrowprops=style, zorder=2)
    axes.plot(x, valve, marker="D", color="white", markeredgecolor=COLOURS[0], markersize=6, zorder=3)
    names = "\n".join(flows)
    axes.text(x + 0.1, valve, names, fontsize=7.5, color=MUTED, zorder=5, ha="left", va="center")


def _pipe(axes: Axes, source: Text, target: Text, flow: str) -> None:
    """A flow from one stock to the next."""
    (x0, y), (x1, _) = source.get_position(), target.get_position()
    ends = {"patchA": source.get_bbox_patch(), "patchB": target.get_bbox_patch(), "shrinkA": 0, "shrinkB": 1}
    axes.annotate("", xy=(x1, y), xytext=(x0, y), arrowprops=PIPE | ends, zorder=2)
    x = (x0 + x1) / 2
    axes.plot(x, y, marker="D", color="white", markeredgecolor=COLOURS[0], markersize=6, zorder=3)
    axes.text(x, y + 0.16, fill(flow, 11), fontsize=7.5, color=MUTED, zorder=5, ha="center", va="bottom")


# --- pictures of the baseline -----------------------------------------------------------------------------------------


def record(run: xr.Dataset, folder: Path) -> Figure:
    """The nation until the end of the record, simulated (line) and observed (points)."""
    observed = pd.read_csv(folder / "national.csv").set_index("time")
    figure = plot(run[list(RECORD)].sel(time=slice(None, END_OF_RECORD)))
    for axes, column in zip(figure.axes, RECORD.values(), strict=True):
        known = observed[column].dropna()
        axes.plot(known.index, known, "o", color=COLOURS[1], markersize=3.5, zorder=4)
    return figure


def figures(system: System, run: xr.Dataset, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Every picture with its name."""
    yield "structure", structure(system)
    yield "stocks", stocks(system)
    yield "record", record(run, folder)
    for name, variables in SECTORS.items():
        yield name, plot(run[variables.split(", ")])


# --- the command line -------------------------------------------------------------------------------------------------


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

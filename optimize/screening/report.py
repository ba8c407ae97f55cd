"""A screening as tables, CSV and JSON files, and a figure: bars of the parameters that matter most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill, shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from sd_models.simulator.plotting import BUNDLE, COLOURS, INK, MUTED

from ..files.provenance import provenance
from ..files.storage import finite, write_json, write_picture, write_table
from .screening import Screening

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 15
MOST_ROWS = 12
MOST_COLUMNS = 2
BAR, WIDTH = 0.24, 6.4  # inches
LABEL_WIDTH, TITLE_WIDTH = 40, 60  # characters

MEANING = {
    "morris": "effect: mean size of the change of the outcome as the parameter moves over its whole range; direction: "
    "the same with its sign",
    "sobol": "total: share of the outcome's variance, interactions included; alone: without them",
}


def effect_rows(found: Screening) -> Iterator[dict[str, Any]]:
    """One row for each outcome and parameter, the largest effects first."""
    for outcome, own in zip(found.outcomes, found.own, strict=True):
        columns = found.effects.get(outcome.label)
        for rank, place in enumerate(found.ranked(outcome.label) if columns else (), start=1):
            assert columns is not None
            yield {
                "outcome": outcome.label,
                "rank": rank,
                "parameter": found.ranges.labels[place],
                "low": float(found.ranges.low[place]),
                "high": float(found.ranges.high[place]),
                "unit": found.ranges.units[place],
                **{name: float(values[place]) for name, values in columns.items()},
                "outcome_now": float(own),
            }


def screening_document(found: Screening) -> dict[str, Any]:
    """Everything as one JSON object; numbers that are not finite are null."""
    document: dict[str, Any] = finite(
        {
            "model": found.system.name,
            "method": found.method.name,
            "meaning": MEANING[found.method.name],
            "samples": found.samples,
            "runs": len(found.design),
            "failed": int((~np.isfinite(found.values)).any(axis=1).sum()),
            "seed": found.seed,
            "interrupted": found.interrupted,
            "outcomes": [
                {
                    "outcome": outcome.label,
                    "unit": outcome.unit,
                    "now": float(found.own[i]),
                    **dict(zip(("lowest", "median", "highest"), _spread(found, i), strict=True)),
                }
                for i, outcome in enumerate(found.outcomes)
            ],
            "effects": list(effect_rows(found)),
            "seconds": found.seconds,
            "notes": list(found.notes),
            "provenance": provenance((found.system.path,)),
        }
    )
    return document


def _spread(found: Screening, place: int) -> list[float]:
    """The lowest, the median and the highest value of an outcome over all runs."""
    known = found.values[np.isfinite(found.values[:, place]), place]
    return [float(np.percentile(known, share)) if len(known) else np.nan for share in (0, 50, 100)]


def write_screening(found: Screening, folder: Path) -> list[Path]:
    """Writes effects, report and figure into a folder, each whole or not at all; the files."""
    folder.mkdir(exist_ok=True)
    files = [
        write_table(folder / "effects.csv", list(effect_rows(found))),
        write_json(folder / "report.json", screening_document(found)),
    ]
    if found.effects:
        files.append(write_picture(folder / "screening.png", plot_screening(found)))
    return files


# --- for people -------------------------------------------------------------------------------------------------------


def outcome_title(found: Screening, place: int) -> str:
    """An outcome, its unit, its value now and the span of all runs."""
    outcome = found.outcomes[place]
    low, _, high = _spread(found, place)
    unit = f" {outcome.unit}" if outcome.unit else ""
    return f"{outcome.label}: {found.own[place]:.4g}{unit} now; {low:.4g} to {high:.4g} in all runs"


@dataclass(frozen=True, slots=True)
class Tables:
    """A screening in tables: what it is, the columns, and title and rows for each outcome."""

    title: str
    headers: tuple[str, ...]
    outcomes: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]


def tables(found: Screening) -> Tables:
    """The tables of a screening; without outcomes where nobody waited for enough runs."""
    title = (
        f"{found.system.name}: {len(found.ranges)} parameters by {len(found.design):,} runs of {found.method.name} in "
        f"{found.seconds:.2g} s. {MEANING[found.method.name].capitalize()}."
    )
    places = range(len(found.outcomes)) if found.effects else ()
    shown = tuple((outcome_title(found, place), tuple(table_rows(found, place))) for place in places)
    return Tables(title, ("parameter", "range", *found.method.columns), shown)


def table_rows(found: Screening, place: int) -> list[tuple[str, ...]]:
    """The parameters with the largest effects on an outcome."""
    columns = found.effects[found.outcomes[place].label]
    return [
        (
            found.ranges.labels[i],
            f"{found.ranges.low[i]:g} to {found.ranges.high[i]:g}",
            *(f"{values[i]:.3g}" for values in columns.values()),
        )
        for i in found.ranked(found.outcomes[place].label)[:MOST_ROWS]
    ]


def plot_screening(found: Screening) -> Figure:
    """A panel of bars for each outcome: effects (Morris, coloured by sign) or total shares (Sobol), with intervals."""
    from matplotlib.figure import Figure

    bars = min(MOST_BARS, len(found.ranges))
    columns = min(MOST_COLUMNS, len(found.outcomes))
    rows = -(-len(found.outcomes) // columns)
    figure = Figure(figsize=(WIDTH * columns, (BAR * bars + 1.1) * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for place, panel in enumerate(axes[: len(found.outcomes)]):
        _draw(panel, found, place, bars)
    for panel in axes[len(found.outcomes) :]:
        panel.remove()
    return figure


def _draw(axes: Axes, found: Screening, place: int, bars: int) -> None:
    outcome = found.outcomes[place]
    columns = found.effects[outcome.label]
    effect, error = (columns[name] for name in found.method.columns[:2])
    shown = found.ranked(outcome.label)[:bars][::-1]
    direction = columns.get("direction")
    rising = [True if direction is None else bool(direction[i] >= 0) for i in shown]
    colours = [COLOURS[0] if up else COLOURS[1] for up in rising]
    axes.barh(range(len(shown)), effect[shown], xerr=error[shown], color=colours, ecolor=MUTED, height=0.7)
    names = [shorten(found.ranges.labels[i], LABEL_WIDTH, placeholder="...") for i in shown]
    axes.set_yticks(range(len(shown)), names, fontsize=7.5, color=INK, parse_math=False)
    axes.set_title(fill(outcome_title(found, place), TITLE_WIDTH), loc="left", fontsize=9, color=INK, parse_math=False)
    signs = " (red: lowers it)" if direction is not None else ""
    unit = f" [{outcome.unit}]" if outcome.unit and found.method.name == "morris" else ""
    what = "effect of the whole range" if found.method.name == "morris" else "share of the variance"
    axes.set_xlabel(f"{what}{unit}{signs}", fontsize=8, color=MUTED, parse_math=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(BUNDLE)
    axes.grid(axis="x", color="#e3e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7.5, colors=MUTED, length=0)
    axes.set_xlim(left=0)

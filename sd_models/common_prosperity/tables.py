"""The tables of the model's pages, made from its data folder, a run, and a calibration.

    python -m sd_models.common_prosperity.tables             # into README.md and docs/explanation/flagship.md
    python -m sd_models.common_prosperity.tables --fit DIR   # also the table of `prosperity calibrate --out DIR`

A table stands between `<!-- table NAME -->` and `<!-- end -->`; what is between is written here, so that a page says
what files and run say: `page` returns the text as it should be.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ..dynamics.timing import TimeSpan
from ..reading.library import load
from ..simulator.simulation import compile, simulate
from ..system.model import System
from .folder import HERE

PAGES = (HERE / "README.md", HERE.parents[1] / "docs" / "explanation" / "flagship.md")
KINDS = ("literature", "estimate", "fitted", "assumption")
# The full effect of a measure, and what brings half of it, with parameters of `parameters.csv` in braces.
MEASURES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "basic services": (
            "citizenship +{full effect on citizenization:%}, services of migrants +{full effect on migrant services:%}",
            "{cost of basic services:g} a migrant, once",
        ),
        "vocational skills": (
            "wage and product of the trained +{full effect on skills:%}",
            "{cost of vocational skills:g} a worker, once",
        ),
        "social insurance": (
            "migrants: transfers +{full effect on migrants transfers:%}, "
            "consumption gap -{full effect on consumption:%}, "
            "services +{full effect on insurance:%}, pay +{full effect of insurance on pay:%}",
            "{cost of social insurance:g} a migrant",
        ),
        "equal employment": (
            "migrants: pay +{full effect on equal pay:%}, log odds of belonging +{full effect on pay in belonging:g}",
            "{cost of equal employment:g} a migrant",
        ),
        "transport networks": (
            "log output +{full effect of transport networks:g}, mobility +{full effect on mobility:%}, "
            "private investment +{full effect on crowding in:%}",
            "a stock of {cost of transport networks:g} years of output",
        ),
        "regional agglomerations": (
            "productivity +{full effect on catching up:g} a year for a unit of log distance to the metropolis",
            "{cost of regional agglomerations:%} of output",
        ),
        "metropolitan areas": (
            "elasticity to density +{full effect of metropolitan areas:g}, congestion relieved by "
            "{full effect on congestion:%}, odds of the housing burden -{relief of housing:%}",
            "{cost of metropolitan areas:%} of output",
        ),
        "county carriers": (
            "rural product +{full effect on rural wages:%}, odds of small towns +{full effect on local jobs:%}",
            "{cost of county carriers:%} of output",
        ),
        "ecological restoration": (
            "particles -{full effect on particles:%} above background, forest +{full effect on forest:%} of open land, "
            "urban green +{full effect on urban green:g}",
            "{cost of ecological restoration:%} of output",
        ),
        "green production": (
            "share of coal -{full effect of green production:%} of it a year",
            "{initial abatement cost:g} yuan a tonne, rising; {public share of abatement:%} of it public",
        ),
        "cultural heritage": (
            "culture +{full effect on culture:%}, research +{full effect on research:%}",
            "{cost of cultural heritage:g} a person",
        ),
        "civic quality": (
            "log odds of belonging +{full effect on belonging:g}",
            "{cost of civic quality:g} a person",
        ),
        "rural revitalization": (
            "rural transfers +{full effect on rural transfers:%}, business +{full effect of revitalization:%}, "
            "services +{full effect of revitalization on services:%}",
            "{cost of rural revitalization:g} a rural person",
        ),
        "land rights": (
            "rural business +{full effect of land rights:%}, property +{full effect on property:%}, "
            "odds of leasing +{full effect on land transfer:%}, leaving +{full effect of exit rights:%}",
            "{cost of land rights:g} a rural person",
        ),
        "rural enterprise": (
            "rural product +{full effect of rural enterprise:%}",
            "{cost of rural enterprise:g} a rural person",
        ),
        "rural public services": (
            "rural services +{full effect on rural services:%}, education +{full effect on schooling:%}",
            "{cost of rural public services:g} a rural person",
        ),
    }
)
CLOSURES: Mapping[str, str] = MappingProxyType(
    {
        "income closure": "fading shares, convergence, public transfers",
        "productivity closure": "slow progress, middle progress, fast progress",
        "energy closure": "as in the last years, as on record, as pledged",
    }
)
OUTCOMES: Mapping[str, tuple[str, str]] = MappingProxyType(  # head of the column, and how its numbers print
    {
        "national GDP": ("output, trillion yuan", ".0f"),
        "national income ratio": ("income ratio", ".2f"),
        "national CO2": ("CO2, Mt", ",.0f"),
        "national urban share": ("urban share", ".3f"),
        "national debt ratio": ("debt over output", ".2f"),
        "national prosperity index": ("index", ".3f"),
        "national index without soft goods": ("without soft goods", ".3f"),
    }
)
HORIZON = 2050.5  # the middle of 2050
# A series, how it stands for the nation, and the first edition's errors 2010-2020: nation, provinces (mean).
SERIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "population": ("national population", ".09%, .47%"),
        "urban share": ("national urban share", ".19%, .65%"),
        "GDP": ("national GDP", ".56%, 1.8%"),
        "urban income": ("national urban income", ".96%, 1.7%"),
        "rural income": ("national rural income", ".38%, 1.3%"),
        "income ratio": ("national income ratio", ""),
        "CO2": ("national CO2", "2.7%, 4.7%"),
        "particles": ("national PM25", ""),
        "schooling": ("national schooling", "1.3%"),
        "public debt": ("", ""),
        "urban share by hukou": ("national hukou urban share", ""),
        "belonging of migrants": ("national belonging", ""),
        "energy use": ("national energy use", ""),
        "coal share": ("national coal share", ""),
        "clean share": ("national clean share", ""),
    }
)
COUNTED = ("national population", "national urban share", "national hukou urban share", "national forest cover")
LEVER = "public investment"
START, SHARE = 2026, 0.01  # of money for one measure alone: when, and how much of the baseline's output
INDEX = "prosperity index"
EFFECTS = ("growth", "spirit", "ecology", "sharing")
Rows = Iterator[Sequence[str]]


class Number(float):
    """A number that prints as on the page: no zero before the point, percentages without waste."""

    def __format__(self, form: str) -> str:
        """`{:%}` as per cent, `{:g}` short."""
        text = f"{100 * self:.3g}%" if form == "%" else super().__format__(form)
        return re.sub(r"^(-?)0\.", r"\1.", text)


def measures(folder: Path) -> Rows:
    """What each measure does for how much, from the tables of the folder."""
    yield "measure", "full effect", "half of it at", "delay, lifetime"
    parameters = pd.read_csv(folder / "parameters.csv").set_index("parameter")["value"]
    values = {
        str(name): Number(value) for name, value in zip(parameters.index, parameters.to_numpy(float), strict=True)
    }
    for row in pd.read_csv(folder / "measures.csv").itertuples():
        effect, half = MEASURES[str(row.measure)]
        times = f"{row[4]:g}, {row.lifetime:g}"  # a column with a blank in its name has a place only
        yield str(row.measure), effect.format_map(values), half.format_map(values), times


def kinds(folder: Path) -> Rows:
    """How many numbers and columns are of which kind, and how many sources were not verified."""
    yield "", *KINDS, "of these unverified"
    for name, what in (("parameters.csv", "parameters"), ("sources.csv", "columns of tables")):
        table = pd.read_csv(folder / name)
        counts = [int((table["kind"] == kind).sum()) for kind in KINDS]
        doubtful = int(table["source"].str.contains("unverified").sum())
        yield f"{len(table)} {what} (`{name}`)", *map(str, counts), str(doubtful)


def targets(run: xr.Dataset) -> Rows:
    """What others aim at or foresee beside the baseline, and whether it is met."""
    yield "", "year", "aim or projection", "baseline", "", "kind: source"
    for row in aims():
        found = reached(run, row)
        relative = not np.isnan(row["relative to"])
        name = row["variable"].removeprefix("national ") + (f" against {row['relative to']:.0f}" if relative else "")
        bounds = _bounds(row["least"], row["most"], relative)
        met = "met" if is_met(run, row) else "**missed**"
        yield name, f"{row['year']}", bounds, _number(found, relative), met, f"{row['kind']}: {row['source']}"


def aims() -> list[Mapping[str, Any]]:
    """The rows of `targets.csv`."""
    return [dict(row) for _, row in pd.read_csv(HERE / "targets.csv").iterrows()]


def reached(run: xr.Dataset, row: Mapping[str, Any]) -> float:
    """The value that a target speaks of, or its relative change."""
    found = _in_year(run, row["variable"], row["year"])
    relative = row["relative to"]
    return found if np.isnan(relative) else found / _in_year(run, row["variable"], relative) - 1


def _in_year(run: xr.Dataset, variable: str, year: float) -> float:
    """A statistic of a year: what is counted from its end, what flows from its middle."""
    return float(run[variable].sel(time=year + (1.0 if variable in COUNTED else 0.5)))


def is_met(run: xr.Dataset, row: Mapping[str, Any]) -> bool:
    """Whether it lies between its bounds, of which one may be missing."""
    found = reached(run, row)
    return not (found < row["least"] or found > row["most"])


def _bounds(least: float, most: float, relative: bool) -> str:
    if np.isnan(most):
        return f"at least {_number(least, relative)}"
    return f"at most {_number(most, relative)}" if np.isnan(least) else f"{_number(least)} to {_number(most)}"


def _number(value: float, relative: bool = False) -> str:
    if relative:
        return f"{100 * value:+.0f}%"
    return re.sub(r"^0\.", ".", f"{value:,.0f}" if value > 1000 else f"{value:.3g}")


def closures(system: System) -> Rows:
    """The nation in the middle of 2050 under each closure alone, the others as they are."""
    yield "closure", *(head for head, _ in OUTCOMES.values())
    default = simulate(system)
    yield "**the default**", *_outcomes(default)
    for name, cases in CLOSURES.items():
        for number, case in enumerate(cases.split(", "), 1):
            if number != float(default[name][0]):
                run = simulate(system, constants={name: number})
                yield f"{name.removesuffix(' closure')} {number}: {case}", *_outcomes(run)


def _outcomes(run: xr.Dataset) -> list[str]:
    values = [(float(run[name].sel(time=HORIZON)), form) for name, (_, form) in OUTCOMES.items()]
    return [re.sub(r"^0\.", ".", format(value, form)) for value, form in values]


def alone(system: System) -> Rows:
    """What a hundredth of the baseline's output does for one measure alone by the middle of 2050, its cost included."""
    yield "measure", *EFFECTS, "index", "without soft goods", "output", "income ratio", "CO2", "provinces that lose"
    simulator = compile(system, levers=[LEVER], time=TimeSpan(save_every=0.25))
    without = simulator.run()
    for measure in system.dimensions["measure"].elements:
        money = _spending(without, str(measure))
        changed, run = without.sel(time=HORIZON), simulator.run(levers={LEVER: money}).sel(time=HORIZON)
        yield str(measure), *_changes(changed, run), str(int((run[INDEX] < changed[INDEX]).sum()))


def _spending(run: xr.Dataset, measure: str) -> xr.DataArray:
    """The money, by residents over the provinces."""
    share = SHARE * run["national GDP"] * (run["time"] >= START) * run["population share"].sel(time=START, drop=True)
    one = xr.DataArray(run["measure"] == measure).astype(float)
    return (share * one).transpose("time", "province", "measure")


def _changes(before: xr.Dataset, after: xr.Dataset) -> Iterator[str]:
    """In per cent: of the four effects (whose national values are logarithms), and of outcomes."""
    for effect in EFFECTS:
        yield signed(float(np.exp(after[f"national {effect}"] - before[f"national {effect}"])) - 1)
    names = ("prosperity index", "index without soft goods", "GDP", "income ratio", "CO2")
    for name in names:
        yield signed(float(after[f"national {name}"] / before[f"national {name}"]) - 1)


def signed(change: float) -> str:
    """Per cent with a sign, and one figure after the point; 0 for less than half of that."""
    return "0" if abs(change) < 5e-4 else re.sub(r"^([+-])0\.", r"\1.", f"{100 * change:+.1f}")


def fit(report: Mapping[str, Any]) -> Rows:
    """Errors of the fit beside the first edition's, and those after the fit beside no change and drift."""
    yield "", "nation", "provinces: median", "mean", "worst", "first edition", *("after the fit: nation", "provinces")
    found = {row["series"]: row for row in report["summary"]}
    later = {row["series"]: row for row in report["holdout"]["summary"]}
    for name, (nation, first) in SERIES.items():
        whole, parts = found.get(nation), found.get(name)
        total = _percent(whole["mean"]) if whole else _percent(found[name]["total"])
        spread = (_percent(parts["median"]), _percent(parts["mean"]), _worst(parts)) if parts else ("", "", "")
        yield name, total, *spread, first, _judged(later.get(nation)), _judged(later.get(name))


def _judged(row: Mapping[str, Any] | None) -> str:
    """An error beside those of no change and drift, in bold if one of these is smaller."""
    if row is None:
        return ""
    rivals = [rival for rival in (row["naive"], row["drift"]) if rival is not None]
    error = _percent(row["mean"])
    shown = f"**{error}**" if min(rivals) < row["mean"] else error
    return f"{shown} ({', '.join(_percent(rival) for rival in rivals)})"


def _worst(row: Mapping[str, Any]) -> str:
    place = row["worst_element"].split("[")[1].rstrip("]")
    return f"{place} {_percent(row['worst'])}"


def _percent(value: float | None) -> str:
    return "" if value is None else re.sub(r"^0\.", ".", f"{100 * value:.2g}%")


def tables(system: System, run: xr.Dataset, folder: Path) -> dict[str, Callable[[], Rows]]:
    """The tables of the page that files and runs tell."""
    return {
        "measures": lambda: measures(folder),
        "kinds": lambda: kinds(folder),
        "targets": lambda: targets(run),
        "closures": lambda: closures(system),
        "alone": lambda: alone(system),
    }


def fitted(report: Mapping[str, Any]) -> dict[str, Callable[[], Rows]]:
    """The tables of the page that a calibration tells."""
    return {"fit": lambda: fit(report)}


def page(text: str, made: Mapping[str, Callable[[], Rows]]) -> str:
    """The text of a page with its tables as they should be; those that are not among `made` stay."""

    def table(match: re.Match[str]) -> str:
        if match[2] not in made:
            return match[0]
        content = "".join(f"| {' | '.join(row)} |\n" for row in _ruled(list(made[match[2]]())))
        return f"{match[1]}\n{content}<!-- end -->"

    return re.sub(r"(<!-- table (\w+) -->)\n.*?<!-- end -->", table, text, flags=re.DOTALL)


def _ruled(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """With the line below the head."""
    return [rows[0], ["---"] * len(rows[0]), *rows[1:]]


# --- the command line -------------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tables", description="Renew the tables of the model's pages.")
    parser.add_argument("--fit", type=Path, help="folder of `prosperity calibrate common_prosperity --out`")
    folder: Path | None = parser.parse_args(arguments).fit
    system = load("common_prosperity")
    made = tables(system, simulate(system), HERE / "provinces")
    if folder:
        made |= fitted(json.loads((folder / "report.json").read_text(encoding="utf-8")))
    for path in PAGES:
        path.write_text(page(path.read_text(encoding="utf-8"), made), encoding="utf-8")
    print(f"Written: the tables of {', '.join(path.name for path in PAGES)}")


if __name__ == "__main__":
    main()

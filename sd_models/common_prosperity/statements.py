"""What the default plan's policy brings, and what is said of it where assumptions are others.

    prosperity optimize --out RUN
    python -m sd_models.common_prosperity.statements RUN  # into README.md

Two tables are of the default assumptions: the nation without the policy, with the even split of the plan's budget, and
with the policy; and the provinces that gain least. The third has each closure, and draws of all ranges.

The money stays what the plan decided under the default assumptions; the model runs without it, with it, and with the
even split under others. A statement survives in a draw if it is true there. Ranges are those of `parameters.csv`, drawn
evenly and one by one (a Latin hypercube), closures kept: fitted numbers too, so that many a draw fits the record badly.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import qmc

from ..dynamics.timing import TimeSpan
from ..reading.library import load
from ..simulator.simulation import compile
from .folder import HERE
from .tables import CLOSURES, LEVER, PAGES, Rows, page, signed

DRAWS, SEED = 100, 1
SPAN = TimeSpan(stop=2051, save_every=0.25)  # the model's step: the plan limits means of years
PROTECTED, LAST = 2030, 2050  # the years in which the plan leaves nobody behind
LEAST = 0.99  # the part of an income that it leaves
PLEDGED = 2038  # from here on it keeps to the pledged path
DEBT = 1.25  # the part of a debt that it allows at the end
ROUNDING = 1e-6  # a limit that is missed by less holds
LOSERS = 5
YEARS = (2030.0, 2035.0, 2040.0, 2051.0)
NATION: Mapping[str, tuple[str, float, str]] = MappingProxyType(  # name, factor and form of what the table shows
    {
        "national prosperity index": ("index, points of 100", 100.0, ".1f"),
        "national index without soft goods": ("without soft goods", 100.0, ".1f"),
        "national GDP": ("output, trillion yuan", 1.0, ".1f"),
        "national urban income": ("urban income, thousand yuan", 1.0, ".1f"),
        "national rural income": ("rural income, thousand yuan", 1.0, ".1f"),
        "national income ratio": ("income ratio", 1.0, ".2f"),
        "national CO2": ("CO2, Mt", 1.0, ",.0f"),
        "national PM25": ("particles, µg/m³", 1.0, ".1f"),
        "national public debt": ("local debt, trillion yuan", 1.0, ".0f"),
        "middle income people": ("middle incomes, million people", 1.0, ".0f"),
    }
)
PROVINCES: Mapping[str, str] = MappingProxyType(
    {
        "prosperity index": "index",
        "GDP": "output",
        "urban income": "urban income",
        "rural income": "rural income",
        "CO2": "CO2",
        "public debt": "debt",
    }
)
INDEX, HARD = "national prosperity index", "national index without soft goods"
OUTPUTS = (
    *(INDEX, HARD, "national GDP", "national income ratio", "national CO2", "emissions pledged"),
    *("urban income", "rural income", "GDP", "public debt"),
)


def judged(without: xr.Dataset, policy: xr.Dataset, even: xr.Dataset) -> dict[str, xr.DataArray]:
    """Each statement, and in which runs of a batch it is true (run)."""
    nothing, end, split = (run.isel(time=-1) for run in (without, policy, even))
    yearly, before = (run.groupby(run["time"] // 1).mean() for run in (policy, without))
    later = yearly.sel(time=slice(PLEDGED, LAST))

    def kept(name: str, part: float) -> xr.DataArray:
        found, since = (run[name].sel(time=slice(PROTECTED, LAST)) for run in (yearly, before))
        return (found >= (part - ROUNDING) * since).all(["time", "province"])

    return {
        "The index is higher than without the policy": end[INDEX] > nothing[INDEX],
        "The index is higher than with the even split": end[INDEX] > split[INDEX],
        "Without soft goods it is higher than without the policy": end[HARD] > nothing[HARD],
        "Without soft goods it is higher than with the even split": end[HARD] > split[HARD],
        "Output is higher": end["national GDP"] > nothing["national GDP"],
        "The income ratio is lower": end["national income ratio"] < nothing["national income ratio"],
        "Emissions are lower": end["national CO2"] < nothing["national CO2"],
        f"Emissions keep to the pledged path from {PLEDGED} on": (
            later["national CO2"] <= (1 + ROUNDING) * later["emissions pledged"]
        ).all("time"),
        f"No province's rural income falls by more than {1 - LEAST:.0%} in {PROTECTED}-{LAST}": kept(
            "rural income", LEAST
        ),
        f"No province's urban income falls by more than {1 - LEAST:.0%} in {PROTECTED}-{LAST}": kept(
            "urban income", LEAST
        ),
        f"No province's output falls in {PROTECTED}-{LAST}": kept("GDP", 1.0),
        f"No province owes more than {DEBT:g} times as much": (
            end["public debt"] - nothing["public debt"] <= (DEBT - 1 + ROUNDING) * abs(nothing["public debt"])
        ).all("province"),
    }


def assumptions(folder: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """What to call the first runs of a batch, and the values of all parameters (run): the default, each closure alone,
    then draws, which have no names."""
    table = pd.read_csv(folder / "parameters.csv").set_index("parameter")
    moving = table[(table["low"] < table["high"]) & ~table.index.isin(CLOSURES)]
    cases = {"default": dict[str, float]()}
    for name, names in CLOSURES.items():
        for number in range(1, 1 + len(names.split(", "))):
            if number != table.loc[name, "value"]:
                cases[f"{name.removesuffix(' closure')} {number}"] = {name: number}
    drawn = qmc.scale(
        qmc.LatinHypercube(len(moving), seed=SEED).random(DRAWS), moving["low"].to_numpy(), moving["high"].to_numpy()
    )
    values = {
        str(name): np.array([case.get(str(name), table.loc[name, "value"]) for case in cases.values()], dtype=float)
        for name in [*CLOSURES, *moving.index]
    }
    for name, found in values.items():
        later = drawn[:, list(moving.index).index(name)] if name in moving.index else np.full(DRAWS, found[0])
        values[name] = np.concatenate([found, later])
    return list(cases), values


def statements(money: xr.DataArray, folder: Path = HERE / "provinces") -> Rows:
    """In which cases, and in how many draws, each statement is true of a policy: the money of the lever by its
    dimensions (time, province, measure)."""
    system = load("common_prosperity", regions=folder)
    cases, values = assumptions(folder)
    constants = {name: xr.DataArray(each, dims="run") for name, each in values.items()}
    even = compile(system, outputs=["even split"], time=SPAN).run()["even split"]
    simulator = compile(system, levers=[LEVER], constants=list(constants), outputs=OUTPUTS, time=SPAN)
    runs = [simulator.run(levers=levers, constants=constants) for levers in ({}, {LEVER: money}, {LEVER: even})]
    yield "statement, at the end of 2050", *cases, f"of {DRAWS} draws"
    for statement, truth in judged(*runs).items():
        found = truth.to_numpy()
        shown = ("yes" if each else "**no**" for each in found[: len(cases)])
        yield statement, *shown, str(int(found[len(cases) :].sum()))


def outcomes(money: xr.DataArray, folder: Path = HERE / "provinces") -> dict[str, Rows]:
    """The tables of the default assumptions."""
    simulator = compile(load("common_prosperity", regions=folder), levers=[LEVER], time=SPAN)
    without = simulator.run()
    policy, even = (simulator.run(levers={LEVER: levers}) for levers in (money, without["even split"]))
    return {"policy": _nation(without, even, policy), "behind": _behind(without, policy)}


def _nation(*runs: xr.Dataset) -> Rows:
    yield "without, even split, **policy**", *(str(int(year)) for year in YEARS[:-1]), "end of 2050"
    for name, (head, factor, form) in NATION.items():
        values = ([format(factor * float(run[name].sel(time=year)), form) for run in runs] for year in YEARS)
        yield head, *(f"{nothing}, {even}, **{policy}**" for nothing, even, policy in values)


def _behind(without: xr.Dataset, policy: xr.Dataset) -> Rows:
    yield "change at the end of 2050", *(f"{head}, %" for head in PROVINCES.values()), "urban income at its lowest, %"
    changes = {name: (policy[name] / without[name] - 1).transpose("time", "province") for name in PROVINCES}
    least = changes["prosperity index"].isel(time=-1).to_numpy().argsort()[:LOSERS]
    for place in least:
        ends = (signed(float(change[-1, place])) for change in changes.values())
        yield str(without["province"].to_numpy()[place]), *ends, signed(float(changes["urban income"][:, place].min()))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="statements", description="Judge what is said of the plan's policy.")
    parser.add_argument("run", type=Path, help="folder of `prosperity optimize --out`")
    run: Path = parser.parse_args(arguments).run
    try:
        with xr.open_dataset(run / "policy.nc") as policy:
            money = policy[LEVER].load()
    except (OSError, KeyError) as error:
        parser.error(f"{run} is no result of the flagship's plan: {error}")
    if set(money["province"].to_numpy()) != set(pd.read_csv(HERE / "provinces" / "initial.csv")["province"]):
        parser.error(f"{run} is not of the 31 provinces; expected a result of `prosperity optimize`")
    rows = {name: list(table) for name, table in {**outcomes(money), "statements": statements(money)}.items()}
    for path in PAGES:
        made = {name: partial(iter, table) for name, table in rows.items()}
        path.write_text(page(path.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    main()

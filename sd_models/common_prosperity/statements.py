"""What the default plan's policy brings, and what is said of it where assumptions are others.

    prosperity optimize --out RUN
    python -m sd_models.common_prosperity.statements RUN  # into README.md

Two tables are of the default assumptions: the nation without the policy, with the even split of the plan's budget, and
with the policy; and the provinces that gain least. The third has each closure, and draws of all ranges.

The money stays what the plan decided under the default assumptions; the model runs without it, with it, and with the
even split under others. A statement survives in a draw if it is true there. Ranges are those of `parameters.csv`, drawn
evenly and one by one (a Latin hypercube), closures kept: fitted numbers too, so that many a draw fits the record badly.

What a policy was to keep is read from the plan of its run, so that a sentence says what that plan asks for: which part
of an income, from which year on. A plan without a limit behind one of them is refused, and so is one of another model,
of other data, or of too few years for the tables, and a run that has no policy of which gains may be told.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import qmc

from ..dynamics.timing import TimeSpan
from ..errors import Fault, InvalidRequest
from ..reading.library import load
from ..simulator.simulation import Simulator, compile
from .folder import HERE
from .tables import CLOSURES, LEVER, PAGES, Rows, page, signed

DRAWS, SEED = 100, 1
ROUNDING = 1e-6  # a limit that is missed by less holds
LOSERS = 5
YEARS = (2030, 2035, 2040)  # that are shown before the end
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
KEPT: Mapping[str, str] = MappingProxyType(  # what no province is to lose, and what it is called
    {"rural income": "rural income", "urban income": "urban income", "GDP": "output"}
)
INDEX, HARD = "national prosperity index", "national index without soft goods"
EVEN = "even split"
MODEL, REGIONS = "common_prosperity", "provinces"  # whose tables these are
# What a run may be called, in `summary.status` of its `result.json`: it has a policy, and its search was not stopped.
POLICIES = (
    "proved optimum",
    "proved within a gap",
    "local optimum",
    "local optimum, not replayed yet",
    "stationary point",
    "no gradient",
    "best found, limit reached",
    "best found, stalled",
)
OUTPUTS = tuple(dict.fromkeys((*NATION, *PROVINCES, HARD, "emissions pledged", EVEN)))


@dataclass(frozen=True, slots=True)
class Promises:
    """What a plan asks of a policy.

    Each province keeps a part of variables from a year on (`kept`); the nation keeps to its pledge from the year
    `pledged` on; a province owes `debt` times as much at most when the year `last` ends.
    """

    kept: Mapping[str, tuple[float, int]]
    pledged: int
    debt: float
    last: int

    @property
    def span(self) -> TimeSpan:
        """The run to the end of the last year, with all steps: a plan limits means of years."""
        return TimeSpan(stop=self.last + 1, save_every=0.25)


def promises(plan: Mapping[str, Any]) -> Promises:
    """What a plan, as its file or the folder of a run has it, asks of a policy; InvalidRequest for one with other
    constants than the model's, or with no limit behind a sentence."""
    _check_model(plan)
    first, last = _years(plan)
    kept = {}
    for name in KEPT:
        limit = _limit(plan, name, "at_least", {"variable": name, "baseline": True})
        kept[name] = (_factor(limit, "at_least", most=1.0), _since(limit, first))
    debt = _limit(plan, "public debt", "at_most", {"variable": "public debt", "baseline": True}, when="final")
    pledge = _limit(plan, "national CO2", "at_most", {"variable": "emissions pledged"})
    promised = Promises(kept, _since(pledge, first), _factor(debt, "at_most", least=1.0), last)
    latest = max(promised.pledged, *(since for _, since in kept.values()))
    if latest > last:
        raise _refused(f"a limit holds from {latest} on, and the horizon ends in {last}.", "Let it begin before that.")
    return promised


def _refused(found: str, advice: str) -> InvalidRequest:
    return InvalidRequest(Fault(found, file="plan", advice=advice))


def _check_model(plan: Mapping[str, Any]) -> None:
    """InvalidRequest for a plan of another model, or of this one with other numbers."""
    for what, own in (("model", MODEL), ("regions", REGIONS)):
        if plan.get(what) != own:
            raise _refused(f"its `{what}` is {plan.get(what)!r}; expected {own!r}.", "The tables are of that alone.")
    for what in ("constants", "data"):
        if plan.get(what):
            found = f"it assumes otherwise than the model: {', '.join(map(str, plan[what]))}."
            raise _refused(found, "The tables are of the model's own assumptions.")


def _years(plan: Mapping[str, Any]) -> tuple[int, int]:
    """The first and the last year of a plan."""
    given = plan.get("horizon")
    if not (isinstance(given, list | tuple) and len(given) == 2 and all(map(_is_year, given))):
        raise _refused(f"its horizon is {given!r}; expected two whole years.", "Take a run of the default plan.")
    first, last = map(int, given)
    if last < YEARS[-1]:
        found = f"its horizon ends in {last}; the tables show {', '.join(map(str, YEARS))} and the end."
        raise _refused(found, f"Let it end in {YEARS[-1]} or later.")
    return first, last


def _is_year(given: Any) -> bool:
    return isinstance(given, int | float) and float(given).is_integer()


def _factor(limit: Mapping[str, Any], side: str, *, least: float = 0.0, most: float = math.inf) -> float:
    """The part of what it is without the policy that a limit asks for; InvalidRequest where no sentence says that."""
    given = limit[side].get("factor", 1.0)
    if isinstance(given, int | float) and 0 < given < math.inf and least <= given <= most:
        return float(given)
    expected = "above 0 and at most 1" if most == 1 else "1 or more"
    found = f"the limit {limit.get('name', '')!r} has the factor {given!r}; expected one {expected}."
    raise _refused(found, "What is said of it is that no province loses more than that part, or owes more.")


def _limit(
    plan: Mapping[str, Any], variable: str, side: str, amount: Mapping[str, Any], *, when: str = ""
) -> Mapping[str, Any]:
    """The one limit of a plan that holds a variable everywhere against an amount, `when` or from some year on."""
    found: list[Mapping[str, Any]] = [
        limit
        for limit in _limits(plan)
        if limit.get("variable") == variable
        and not limit.get("where")
        and not limit.get("shift")
        and _is(limit.get(side), amount)
        and (limit.get("when") == when if when else _since(limit, 0) >= 0)
    ]
    if len(found) != 1:
        where = f"everywhere{' at the end' if when else ''} {side.replace('_', ' ')}"
        told = f"{len(found) or 'no'} limits hold {variable!r} {where} {_named(amount)}"
        advice = "Take a run of the default plan, or of one with limits of the same kinds."
        raise _refused(f"{told}; expected one, behind what is said of it.", advice)
    return found[0]


def _limits(plan: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    given = plan.get("limit") or []
    if isinstance(given, list | tuple) and all(isinstance(one, Mapping) for one in given):
        return given
    raise _refused(f"its limits are {given!r}; expected a list of tables.", "Take a run of the default plan.")


def _named(amount: Mapping[str, Any]) -> str:
    return "a part of it without the policy" if amount.get("baseline") else repr(amount["variable"])


def _is(given: Any, amount: Mapping[str, Any]) -> bool:
    """Whether an amount is that of a variable; as a part of it, where that is what it is without the policy."""
    told = {"variable": given} if isinstance(given, str) else dict(given) if isinstance(given, Mapping) else {}
    factor = told.pop("factor", 1.0)
    return told == amount and (bool(amount.get("baseline")) or factor == 1.0)


def _since(limit: Mapping[str, Any], first: int) -> int:
    """The year from which on a limit holds to the end, `first` where it always does; below zero for other times."""
    when = limit.get("when", "always")
    if when == "always":
        return first
    is_open = isinstance(when, Mapping) and "from" in when and when.get("to") is None
    return math.ceil(when["from"]) if is_open else -1


def judged(promised: Promises, without: xr.Dataset, policy: xr.Dataset, even: xr.Dataset) -> dict[str, xr.DataArray]:
    """Each statement, and in which runs of a batch it is true (run)."""
    nothing, end, split = (run.isel(time=-1) for run in (without, policy, even))
    yearly, before = (run.groupby(run["time"] // 1).mean() for run in (policy, without))
    later = yearly.sel(time=slice(promised.pledged, promised.last))
    owed = end["public debt"] - nothing["public debt"]
    return {
        "The index is higher than without the policy": end[INDEX] > nothing[INDEX],
        "The index is higher than with the even split": end[INDEX] > split[INDEX],
        "Without soft goods it is higher than without the policy": end[HARD] > nothing[HARD],
        "Without soft goods it is higher than with the even split": end[HARD] > split[HARD],
        "Output is higher": end["national GDP"] > nothing["national GDP"],
        "The income ratio is lower": end["national income ratio"] < nothing["national income ratio"],
        "Emissions are lower": end["national CO2"] < nothing["national CO2"],
        f"Emissions keep to the pledged path from {promised.pledged} on": (
            later["national CO2"] <= (1 + ROUNDING) * later["emissions pledged"]
        ).all("time"),
        **dict(_kept(promised, yearly, before)),
        f"No province owes more than {promised.debt:g} times as much": (
            owed <= (promised.debt - 1 + ROUNDING) * abs(nothing["public debt"])
        ).all("province"),
    }


def _kept(promised: Promises, yearly: xr.Dataset, before: xr.Dataset) -> Iterator[tuple[str, xr.DataArray]]:
    """What no province loses, in any year from the one in which that is asked for."""
    for name, (part, since) in promised.kept.items():
        years = slice(since, promised.last)
        holds = yearly[name].sel(time=years) >= (part - ROUNDING) * before[name].sel(time=years)
        by = "" if part == 1 else f" by more than {100 * (1 - part):.4g}%"
        yield f"No province's {KEPT[name]} falls{by} in {since}-{promised.last}", holds.all(["time", "province"])


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


def compiled(promised: Promises, folder: Path = HERE / "provinces") -> Simulator:
    """The model with all that tables need, and all that they vary as inputs."""
    system, (_, values) = load("common_prosperity", regions=folder), assumptions(folder)
    return compile(system, levers=[LEVER], constants=list(values), outputs=OUTPUTS, time=promised.span)


def statements(
    simulator: Simulator, promised: Promises, money: xr.DataArray, folder: Path = HERE / "provinces"
) -> Rows:
    """In which cases, and in how many draws, each statement is true of a policy: the money of the lever by its
    dimensions (time, province, measure)."""
    cases, values = assumptions(folder)
    constants = {name: xr.DataArray(each, dims="run") for name, each in values.items()}
    even = simulator.run()[EVEN]
    runs = [simulator.run(levers=levers, constants=constants) for levers in ({}, {LEVER: money}, {LEVER: even})]
    yield f"statement, at the end of {promised.last}", *cases, f"of {DRAWS} draws"
    for statement, truth in judged(promised, *runs).items():
        found = truth.to_numpy()
        shown = ("yes" if each else "**no**" for each in found[: len(cases)])
        yield statement, *shown, str(int(found[len(cases) :].sum()))


def outcomes(simulator: Simulator, money: xr.DataArray) -> dict[str, Rows]:
    """The tables of the default assumptions."""
    without = simulator.run()
    policy, even = (simulator.run(levers={LEVER: levers}) for levers in (money, without[EVEN]))
    return {"policy": _nation(without, even, policy), "behind": _behind(without, policy)}


def _nation(*runs: xr.Dataset) -> Rows:
    end = float(runs[0]["time"][-1])
    last = f"end of {end - 1:g}"
    yield "without, even split, **policy**", *map(str, YEARS), last
    for name, (head, factor, form) in NATION.items():
        values = ([format(factor * float(run[name].sel(time=year)), form) for run in runs] for year in (*YEARS, end))
        yield head, *(f"{nothing}, {even}, **{policy}**" for nothing, even, policy in values)


def _behind(without: xr.Dataset, policy: xr.Dataset) -> Rows:
    yield (
        f"change at the end of {float(without['time'][-1]) - 1:g}",
        *(f"{head}, %" for head in PROVINCES.values()),
        "urban income at its lowest, %",
    )
    changes = {name: (policy[name] / without[name] - 1).transpose("time", "province") for name in PROVINCES}
    least = changes["prosperity index"].isel(time=-1).to_numpy().argsort()[:LOSERS]
    for place in least:
        ends = (signed(float(change[-1, place])) for change in changes.values())
        yield str(without["province"].to_numpy()[place]), *ends, signed(float(changes["urban income"][:, place].min()))


def check_policy(told: Mapping[str, Any]) -> None:
    """InvalidRequest for the `result.json` of a run that has no policy, whose search was stopped on its way, or that is
    of a folder of data with another name."""
    summary = told.get("summary") or {}
    status, violation = summary.get("status"), summary.get("largest_limit_violation")
    advice = "Take a run that ends with a policy."
    if status not in POLICIES:
        found = f"it is {status!r}; expected one of {', '.join(POLICIES)}."
        raise InvalidRequest(Fault(found, file="result.json", advice=advice))
    if violation is None or not violation <= ROUNDING:
        found = f"its limits are missed by {violation}; expected {ROUNDING:g} or less."
        raise InvalidRequest(Fault(found, file="result.json", advice=advice))
    regions = Path((told.get("provenance") or {}).get("regions_path") or REGIONS)
    if regions.name != REGIONS:
        found = f"it is of the data in {regions}; expected {REGIONS}."
        raise InvalidRequest(Fault(found, file="result.json", advice="The tables are of that data alone."))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="statements", description="Judge what is said of the plan's policy.")
    parser.add_argument("run", type=Path, help="folder of `prosperity optimize --out`")
    run: Path = parser.parse_args(arguments).run
    try:
        with xr.open_dataset(run / "policy.nc") as policy:
            money = policy[LEVER].load()
        told = json.loads((run / "result.json").read_text(encoding="utf-8"))
        check_policy(told)
        promised = promises(told["plan"])
    except (OSError, AttributeError, KeyError, TypeError, ValueError, InvalidRequest) as error:
        parser.error(f"{run} is no result of the flagship's plan: {error}")
    if set(money["province"].to_numpy()) != set(pd.read_csv(HERE / "provinces" / "initial.csv")["province"]):
        parser.error(f"{run} is not of the 31 provinces; expected a result of `prosperity optimize`")
    simulator = compiled(promised)
    tables = {**outcomes(simulator, money), "statements": statements(simulator, promised, money)}
    rows = {name: list(table) for name, table in tables.items()}
    for path in PAGES:
        made = {name: partial(iter, table) for name, table in rows.items()}
        path.write_text(page(path.read_text(encoding="utf-8"), made), encoding="utf-8")
    print(f"Written: the tables {', '.join(rows)} of {' and '.join(map(str, PAGES))}")


if __name__ == "__main__":
    main()

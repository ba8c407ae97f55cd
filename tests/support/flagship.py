"""The flagship compiled once with all its numbers as inputs, money for its measures, and what holds in every run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

import sd_models as sd
from sd_models.common_prosperity.folder import HERE
from sd_models.system.model import FloatArray, Kind, System

PROVINCES = HERE / "provinces"
LEVER = "public investment"
CONTROL = ("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER")
END = 2050.5  # the middle of the last year
# Nobody pays for the measures: what remains are their own channels.
FREE = {"share paid by the nation": 0.0, "restraint": 0.0, "crowding out": 0.0, "interest rate": 0.0}


def table(name: str, regions: str = "provinces") -> pd.DataFrame:
    """A table of a data folder."""
    return pd.read_csv(HERE / regions / name)


@cache
def system(regions: str = "provinces") -> System:
    """The model on a data folder."""
    return sd.load("common_prosperity", regions=regions)


@cache
def simulator(regions: str = "provinces") -> sd.Simulator:
    """Runs of the model that return every variable at every step, with the lever and all constants as inputs."""
    constants = [v.name for v in system(regions).of_kind(Kind.CONSTANT) if v.name not in (LEVER, *CONTROL)]
    return sd.compile(system(regions), levers=[LEVER], constants=constants, time=sd.TimeSpan(save_every=0.25))


def run(
    constants: Mapping[str, object] | None = None, money: xr.DataArray | None = None, regions: str = "provinces"
) -> xr.Dataset:
    """One run; `money` is a path of the lever."""
    return simulator(regions).run(constants=constants, levers={} if money is None else {LEVER: money})


@cache
def baseline(regions: str = "provinces") -> xr.Dataset:
    """The run without measures."""
    return run(regions=regions)


def names(dimension: str, regions: str = "provinces") -> list[str]:
    """The elements of a dimension."""
    return [str(element) for element in system(regions).dimensions[dimension].elements]


def own(name: str, regions: str = "provinces") -> FloatArray:
    """The model's own value of a constant."""
    found = baseline(regions)[name]
    return np.asarray(found.isel(time=0) if "time" in found.dims else found, dtype=float)


def spending(
    share: float = 0.01,
    *,
    only: str | None = None,
    regions: str = "provinces",
    start: float = 2026,
    stop: float = 2052,
) -> xr.DataArray:
    """A share of the baseline's output at each time, by residents, alike over measures or for one."""
    output = baseline(regions)["national GDP"]
    when = (output.time >= start) & (output.time < stop)
    parts = xr.DataArray(np.full(16, 1 / 16), {"measure": names("measure")})
    if only:
        parts = (parts.measure == only).astype(float)
    people = baseline(regions)["population share"].sel(time=2026, drop=True)
    return (share * (output * when) * people * parts).transpose("time", "province", "measure")


# --- what holds in every run ------------------------------------------------------------------------------------------


STOCKS_OF_PEOPLE = ("rural population", "town population", "migrants without local hukou", "urban citizens")
NOT_NEGATIVE = (
    *STOCKS_OF_PEOPLE,
    *("urban housing", "farm land", "private capital", "infrastructure", "knowledge", "technology", "GDP"),
    *("potential output", "private investment", "household factor income", "urban income", "rural income"),
    *("citizen income", "energy intensity", "energy use", "CO2", "particles", "rural schooling", "urban schooling"),
    *("interest", "programmes", "programmes started", "staff and builders", "works", "land income", "base spending"),
    *("recent citizens", "leaving the countryside", "arrivals without hukou", "arrivals with hukou", "new citizens"),
    *("returning migrants", "household consumption", "transferred land", "levy for measures", "building"),
    *("levied part of measures", "local borrowing for measures", "urban transfer", "rural transfer"),
)
SHARES = (
    *("urban share", "migrant share", "share to own towns", "share that leaves the province", "housing burden"),
    *("migrant services", "rural services", "culture", "belonging", "transferred land", "coal share", "clean share"),
    *("forest cover", "urban green", "household factor share", "payout share", "reached", "trained share", "score"),
    *("growth", "spirit", "ecology", "sharing", "prosperity index", "utilization", "levy rate", "fiscal restraint"),
    *("middle share of townspeople", "middle share of rural people", "unregistered share of towns"),
    *("propensity of migrants", "later propensity of citizens", "later propensity of rural people"),
    *("population share",),
)


def largest(found: xr.DataArray | float) -> float:
    """The largest absolute value."""
    return float(np.abs(np.asarray(found)).max())


def relative(found: xr.DataArray, to: xr.DataArray) -> float:
    """The largest absolute value relative to another variable, element by element."""
    return largest(found / to)


def open_accounts(found: xr.Dataset) -> list[str]:
    """The accounts that do not add up to 1e-9 of output (of people, for people), with what is missing."""
    output, nation = found["GDP"], found["national GDP"]
    step = float(found.time[1] - found.time[0])
    incomes = found["household factor income"] + found["household transfers"] + found["property income"]
    levied = found["levy rate"] * incomes
    programmes = found["urban programme transfers"] + found["rural programme transfers"]
    grown = (found["natural growth rate"] * found["population"]).sum("province")
    gaps = {
        "lending is net sales": relative(found["lending"] - found["net sales"], output),
        "incomes are paid by somebody": relative(found["household income"] - (incomes - levied + programmes), output),
        "taxes, incomes and surplus are output": relative(
            output - found["household factor income"] - found["taxes"] - found["operating surplus"], output
        ),
        "levy and borrowing pay the measures": relative(
            found["levied part of measures"] + found["local borrowing for measures"] - found["provincial investment"],
            output,
        ),
        "the levy is spent": relative(
            (found["levy for measures"] - found["levied part of measures"]).sum("province"), nation
        ),
        "provincial debt grows by what is not lent": relative(
            (found["public debt"].diff("time", label="lower") + step * found["lending of the province"]), output
        ),
        "central debt grows by what the nation does not lend": relative(
            found["central debt"].diff("time", label="lower") + step * found["lending of the nation"].sum("province"),
            nation,
        ),
        "transfers are those of the nation": relative(
            found["transfers received"].sum("province") - found["shared tax share"] * nation, nation
        ),
        "arrivals are departures without hukou": relative(
            (
                found["arrivals without hukou"]
                - found["departures without hukou"]
                - found["leaving for other provinces"]
            ).sum("province"),
            found["national population"],
        ),
        "arrivals are departures with hukou": relative(
            (found["arrivals with hukou"] - found["departures with hukou"]).sum("province"),
            found["national population"],
        ),
        "those who return arrive": relative(
            (found["returning migrants"] - found["returning to the countryside"]).sum("province"),
            found["national population"],
        ),
        "people change by births and deaths": relative(
            found["national population"].diff("time", label="lower") - step * grown, found["national population"]
        ),
        "leavers go somewhere": relative(
            found["leaving the countryside"]
            - found["moving to own towns"]
            - found["moving to own cities"]
            - found["leaving for other provinces"],
            found["population"],
        ),
        "private investment is what savers wish": relative(
            (found["private investment"] - found["wish to invest"]).sum("province"), nation
        ),
        "shares of energy stay below one": max(0.0, float((found["coal share"] + found["clean share"]).max()) - 1),
    }
    return [f"{name}: {gap:.2g}" for name, gap in gaps.items() if not gap <= 1e-9]


def faults(found: xr.Dataset) -> list[str]:
    """What is not finite, below zero, not a share, or does not add up, each with its worst value and where."""
    endless = [f"{name} is not finite" for name in found.data_vars if not np.isfinite(found[name]).all()]
    below = [_where(found[name], low=-1e-12) for name in NOT_NEGATIVE]
    beyond = [_where(found[name], low=-1e-12, high=1 + 1e-12) for name in SHARES]
    return [*endless, *(fault for fault in (*below, *beyond) if fault), *open_accounts(found)]


def _where(values: xr.DataArray, *, low: float, high: float = np.inf) -> str:
    """Name, value, place and time of the worst value outside the bounds; nothing if all are inside."""
    passed = np.maximum(low - values, values - high)
    if float(passed.max()) <= 0:
        return ""
    worst = values.isel({str(key): int(at) for key, at in passed.argmax(...).items()})
    place = ", ".join(str(worst[key].values) for key in worst.coords)
    return f"{values.name} is {float(worst):.3g} ({place})"

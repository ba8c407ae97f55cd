"""A small model of two lakes of fish whose constants stand in CSV files, and observations that it makes itself."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

import sd_models as sd
from sd_models.system.model import System

FISH = """{UTF-8}
lake: GET DIRECT SUBSCRIPT('numbers/lakes.csv', ',', 'A2', 'A', '') ~~|
fish[lake] = INTEG(growth[lake] - catch share * fish[lake], first fish[lake]) ~ t ~ Fish in the lakes. |
growth[lake] = growth rate * fertility * fish[lake] * (1 - fish[lake] / capacity[lake]) ~ t/Year ~|
growth rate = GET DIRECT CONSTANTS('numbers/single.csv', ',', 'B2') ~ 1/Year [0.05, 2] ~|
fertility = GET DIRECT CONSTANTS('numbers/single.csv', ',', 'B3') ~ Dmnl [0.1, 10] ~|
catch share = 0.1 ~ 1/Year [0, 0.5] ~|
capacity[lake] = GET DIRECT CONSTANTS('numbers/lakes.csv', ',', 'B2*') ~ t [1, 1000] ~|
first fish[lake] = GET DIRECT CONSTANTS('numbers/lakes.csv', ',', 'C2*') ~ t [0.1, 50] ~|
all fish = SUM(fish[lake!]) ~ t ~|
depth = 3 ~ m [1, 9] ~|
mean depth[lake] = depth ~ m ~|
sign = 5 - Time ~ Dmnl ~|
INITIAL TIME = 0 ~ Year ~ |
FINAL TIME = 20 ~ Year ~ |
TIME STEP = 0.25 ~ Year ~ |
SAVEPER = 1 ~ Year ~ |
"""
LAKES = 'lake,capacity,first fish\r\nnorth,100,5\r\n"south",40,"10"\r\n'
SINGLE = 'name,value,note\ngrowth rate,0.6,"fitted, or so"\nfertility,1.0,\n'
TRUE: Mapping[str, object] = {"growth rate": 0.8, "capacity": [120.0, 50.0], "first fish": [4.0, 12.0]}


def write_observations(path: Path, system: System, constants: Mapping[str, object], noise: float = 0.0) -> None:
    """A tidy table of fish by lake, of all fish, and of the mean depth, every year, from a run with these constants."""
    random = np.random.default_rng(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["lake", "year", "series", "value", "source"])
        for lake, year, series, value in rows_of(system, constants):
            writer.writerow([lake, year, series, value * np.exp(noise * random.normal()), "made up"])


def rows_of(system: System, constants: Mapping[str, object]) -> Iterator[tuple[str, int, str, float]]:
    """Lake, year, series and value of a run."""
    run = sd.simulate(system, constants=constants)
    for year in range(21):
        now = run.sel(time=year)
        for lake in run["lake"].to_numpy():
            yield str(lake), year, "Fish", float(now["fish"].sel(lake=lake))
            yield str(lake), year, "mean depth", float(now["mean depth"].sel(lake=lake))
        yield "", year, "all fish", float(now["all fish"])

"""Two trends of each county, by what the census of 2020 found: `counties/trends.csv`.

    python -m sd_models.common_prosperity.county_trends

*Urbanization pace* such that the urban share at the end of 2020 is the census's, between bounds. Without it rural
counties would urbanize too slowly: a model curved in the urban share is not the same for a province and for its parts.
*Openness* is that of the province times exp(`TRUST` times the logarithm of people counted over people found): where a
prior and a record meet. Both are computed with all counties as regions.

Why not as close to the record as can be: in the model a region loses people by those who leave the countryside and
migrants who move on alone, at rates that were found for provinces. Half of the counties would have an openness of
nothing, and keep it until 2050.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

import sd_models as sd

from .counties import TRENDS, census, county_folder, shifted
from .folder import HERE, INITIAL, read, weight

COUNTED = 2021.0  # the end of 2020
TRUST = 5.0  # about what a deviation of .5 for openness, .07 for people and a response of .1 make
PACES = (0.02, 4.0)  # the upper bound is that of calibration.toml; the lower one keeps a rate
ROUNDS = 60  # after 40 nothing moves by more than the fourth digit
_DAMPED = 0.4  # part of a step that is taken, since all counties share one pool


def fit(source: Path = HERE / "provinces") -> pd.DataFrame:
    """The table of trends: a row for each county."""
    people = census()
    with TemporaryDirectory() as folder:
        county_folder(source, Path(folder), trends=None)
        initial, regional = (read(Path(folder), name) for name in ("initial.csv", "regional.csv"))
        model = sd.load("common_prosperity", regions=folder)
        names = ["urbanization pace", "openness"]
        until = sd.TimeSpan(stop=COUNTED, save_every=1)
        simulator = sd.compile(model, constants=names, outputs=["population", "urban share"], time=until)
    wanted = _urban_share(source, people, initial)
    pace, own = (regional[name].to_numpy() for name in names)
    openness, weights = own, weight(INITIAL["urban income"], initial).to_numpy()
    change = np.maximum(np.abs(_logit(wanted) - _logit(initial["urban share"].to_numpy())), 0.25)
    for _ in range(ROUNDS):
        run = simulator.run(constants=dict(zip(names, (pace, openness), strict=True))).sel(time=COUNTED)
        ahead = (_logit(wanted) - _logit(run["urban share"].to_numpy())) / change
        pace = np.clip(pace * np.exp(np.clip(ahead, -0.7, 0.7)), *PACES)
        more = own * np.exp(TRUST * np.log(initial["census population"].to_numpy() / run["population"].to_numpy()))
        more *= (own @ weights) / (more @ weights)  # only relations count; the mean stays that of the provinces
        openness = openness ** (1 - _DAMPED) * more**_DAMPED
    return pd.DataFrame({"code": people["code"], **dict(zip(names, (pace, openness), strict=True))})


def _urban_share(source: Path, people: pd.DataFrame, initial: pd.DataFrame) -> np.ndarray:
    """The urban shares that the census of 2020 counted; their mean in a province is that of the yearbooks."""
    observed = pd.read_csv(source / "observations.csv").query("time == @COUNTED").set_index("province")["urban share"]
    counted = initial["census population"]
    parts = [
        shifted(rows["urban share 2020"], counted[rows.index], float(observed[str(name)]))
        for name, rows in people.groupby("province", sort=False)
    ]
    return np.asarray(pd.concat(parts)[people.index])


def _logit(share: np.ndarray) -> np.ndarray:
    """The logarithm of the odds."""
    return np.asarray(np.log(share / (1 - share)))


def main() -> None:
    """The command line."""
    fit().to_csv(TRENDS, float_format="%.4g", index=False, lineterminator="\n", encoding="utf-8")
    print(f"Written: {TRENDS}")


if __name__ == "__main__":
    main()

"""The tables of a data folder: which columns add up over regions, and what weighs the mean of the others.

`initial.csv` holds a row for each region, `regional.csv` its trends, `clusters.csv` the clusters that it belongs to,
`spending.csv` what it spends today on what the measures stand for, `observations.csv` a row for each region and time.
The other tables hold nothing of regions; every folder has them alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

HERE = Path(__file__).parent
REGION = "province"  # the first column of tables of regions, whatever the regions are
SHARED = ("parameters.csv", "measures.csv", "paths.csv", "national.csv", "sources.csv")

# What a column is per unit of, as a product of columns of `initial.csv`; nothing for what adds up.
_URBAN = ("population", "urban share")
_RURAL = ("population", "rural share")
_SPENDING = ("GDP", "spending share")
INITIAL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "population": (),
        "urban share": ("population",),
        "share without hukou": _URBAN,
        "town share": _URBAN,
        "GDP": (),
        "capital": (),
        "relative investment": ("GDP",),
        "rural schooling": _RURAL,
        "urban schooling": _URBAN,
        "urban income": _URBAN,
        "rural income": _RURAL,
        "spending share": ("GDP",),
        "later spending share": ("GDP",),
        "own revenue share": ("GDP",),
        "CO2": (),
        "energy": (),
        "particles": ("population",),
        "natural particles": ("population",),
        "debt": (),
        "land sale share": ("GDP",),
        "forest cover": ("land area",),
        "later forest cover": ("land area",),
        "land area": (),
        "ceiling of the urban share": ("population",),
        "census population": (),
        "record of spending": (),
    }
)
REGIONAL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "urbanization pace": _RURAL,
        "openness": _URBAN,
        "natural growth offset": ("population",),
        "technology growth offset": ("GDP",),
        "later household share": ("GDP",),
        "rural growth offset": _RURAL,
        "initial energy factor": ("CO2",),
        "energy decline offset": ("CO2",),
        "control offset": ("population",),
        "schooling momentum": ("population",),
        "vehicle share": ("GDP",),
    }
)
OBSERVED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "population": (),
        "urban share": ("population",),
        "urban income": _URBAN,
        "rural income": _RURAL,
        "income a head": ("population",),
        "income ratio": ("population",),
        "GDP": (),
        "CO2": (),
        "schooling": ("population",),
        "particles": ("population",),
        "public debt": (),
        "land income": (),
        "own revenue": (),
        "base spending": (),
    }
)
# Tables of regions whose columns are all weighed alike: parts of the people of a region, parts of its spending.
ALIKE: Mapping[str, tuple[str, ...]] = MappingProxyType({"clusters.csv": ("population",), "spending.csv": _SPENDING})


def read(folder: Path, name: str) -> pd.DataFrame:
    """A table of regions, with the region as its index, in the order of the file."""
    return pd.read_csv(folder / name).set_index(REGION)


def weight(columns: tuple[str, ...], initial: pd.DataFrame) -> pd.Series:
    """The product of columns of `initial.csv`, per region; `rural share` is what the urban share leaves."""
    known = initial.assign(**{"rural share": 1 - initial["urban share"]})
    return known[list(columns)].prod(axis=1)


def write(folder: Path, name: str, table: pd.DataFrame) -> None:
    """A table of regions, to seven digits: sums over regions keep six."""
    table.to_csv(folder / name, float_format="%.7g", lineterminator="\n", encoding="utf-8")


def copy_shared(source: Path, target: Path) -> None:
    """The tables that hold nothing of regions, from one folder into another, which is made if it is not there."""
    target.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        (target / name).write_bytes((source / name).read_bytes())

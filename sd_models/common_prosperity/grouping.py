"""A coarser data folder: regions put together, by sums and weighted means.

    python -m sd_models.common_prosperity.grouping                      # provinces/ and groups.csv make macro/
    python -m sd_models.common_prosperity.grouping --source FOLDER --groups TABLE --target FOLDER

Groups stand in a table with two columns, region and group; their order is that of their first regions. Trends of
a group are means over its regions, not fitted anew: the coarse model repeats the fine one as far as a mean can.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from .folder import ALIKE, HERE, INITIAL, OBSERVED, REGION, REGIONAL, copy_shared, read, weight, write

_BETWEEN = ("population", "urban share")  # counted at the turn of a year, and asked for in its middle


def group_folder(source: Path, groups: Mapping[str, str], target: Path) -> None:
    """Write the folder of the groups; `groups` names the group of each region of the source.

    Raises ValueError for regions without a group.
    """
    initial = read(source, "initial.csv")
    if lacking := [region for region in initial.index if region not in groups]:
        raise ValueError(f"no group for {', '.join(lacking)}; the table of groups needs a row for each region")
    copy_shared(source, target)
    write(target, "initial.csv", grouped(initial, INITIAL, initial, groups))
    write(target, "regional.csv", grouped(read(source, "regional.csv"), REGIONAL, initial, groups))
    for name, weights in ALIKE.items():
        table = read(source, name)
        write(target, name, grouped(table, dict.fromkeys(table.columns, weights), initial, groups))
    write(target, "observations.csv", _observed(pd.read_csv(source / "observations.csv"), groups))


def grouped(
    table: pd.DataFrame, columns: Mapping[str, tuple[str, ...]], initial: pd.DataFrame, groups: Mapping[str, str]
) -> pd.DataFrame:
    """Sums of the columns that add up, weighted means of the others; a row for each group.

    `columns` names what weighs a column (see `folder.py`), in columns of `initial`. Missing values are left out of sums
    and means; a group without any value has none.
    """
    labels = [groups[region] for region in table.index]
    found = {}
    for name in table.columns:
        weights = weight(columns[name], initial) if columns[name] else pd.Series(1.0, table.index)
        known = weights.where(table[name].notna())
        total = (table[name] * known).groupby(labels, sort=False).sum(min_count=1)
        found[name] = total / known.groupby(labels, sort=False).sum() if columns[name] else total
    return pd.DataFrame(found).rename_axis(REGION)


def _observed(table: pd.DataFrame, groups: Mapping[str, str]) -> pd.DataFrame:
    """Observations of the groups; people between the observed times weigh incomes, but are not observed."""
    table = table.set_index(REGION)
    between = {name: table.pivot(columns="time", values=name).interpolate(axis=1) for name in _BETWEEN}
    times = []
    for time, rows in table.groupby("time"):
        values = rows.drop(columns="time")
        weights = values.assign(**{name: known[time].reindex(values.index) for name, known in between.items()})
        times.append(grouped(values, OBSERVED, weights, groups).assign(time=time))
    found = pd.concat(times)
    order = list(dict.fromkeys(groups[region] for region in table.index.unique()))
    rank = np.argsort([order.index(region) for region in found.index], kind="stable")
    return found.iloc[rank][["time", *(name for name in found.columns if name != "time")]]


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="grouping", description="Make a coarser data folder.")
    parser.add_argument("--source", type=Path, default=HERE / "provinces", help="data folder to start from")
    parser.add_argument("--groups", type=Path, default=HERE / "groups.csv", help="table: region, group")
    parser.add_argument("--target", type=Path, default=HERE / "macro", help="data folder to write")
    asked = parser.parse_args(arguments)
    table = pd.read_csv(asked.groups)
    try:
        group_folder(asked.source, dict(zip(table.iloc[:, 0], table.iloc[:, 1], strict=True)), asked.target)
    except ValueError as error:
        parser.error(str(error))
    print(f"Written: {asked.target}")


if __name__ == "__main__":
    main()

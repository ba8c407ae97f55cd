"""A finer data folder, for tests of scale: each region split at random, its sums and means preserved.

    python -m sd_models.common_prosperity.splitting 333 --target fine           # 333 regions out of provinces/
    python -m sd_models.common_prosperity.splitting 2844 --target counties --seed 7

Parts of a region differ in size and in output a head, and incomes go with output; everything else is as in the whole.
It is no data: no figure of a part is a fact. The parts of a region add up to it at the start of the run; later they
drift from it, since people move to the richer ones.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from .folder import ALIKE, HERE, INITIAL, REGION, copy_shared, read, write

SPREAD = 0.25  # standard deviation of the logarithm of output a head over the parts of a region
SIZES = 3.0  # concentration of the shares of residents: high for parts of one size
INCOMES = ("urban income", "rural income")  # they go with output a head
OUTPUT = ("GDP", "capital", "CO2", "energy", "debt", "record of spending")  # they go with output


def split_folder(source: Path, regions: int, target: Path, *, seed: int = 0) -> None:
    """Write a folder with that many regions; the same seed gives the same folder.

    Raises ValueError for fewer regions than the source has. Observations are those of the source's regions and are left
    out: there is nothing to compare parts with.
    """
    initial = read(source, "initial.csv")
    if regions < len(initial):
        raise ValueError(f"{regions} regions are fewer than the {len(initial)} of {source.name}; use grouping instead")
    random = np.random.default_rng(seed)
    counts = _counts(initial["population"].to_numpy(), regions)
    parts = [_parts(initial.iloc[[row]], int(count), random) for row, count in enumerate(counts)]
    copy_shared(source, target)
    names = [f"{name} {part + 1}" for name, count in zip(initial.index, counts, strict=True) for part in range(count)]
    whole = np.repeat(np.arange(len(initial)), counts)
    write(target, "initial.csv", pd.concat(parts).set_axis(names).rename_axis(REGION))
    for name in ("regional.csv", *ALIKE):
        write(target, name, read(source, name).iloc[whole].set_axis(names).rename_axis(REGION))


def _counts(population: np.ndarray, regions: int) -> np.ndarray:
    """How many parts each region gets: one at least, the others by residents (largest remainders)."""
    quota = population / population.sum() * (regions - len(population))
    counts = np.floor(quota).astype(int)
    rest = regions - len(population) - counts.sum()
    counts[np.argsort(counts - quota, kind="stable")[:rest]] += 1
    return np.asarray(counts + 1)


def _parts(whole: pd.DataFrame, count: int, random: np.random.Generator) -> pd.DataFrame:
    """The parts of a region as rows of `initial.csv`, their sums and weighted means those of the whole."""
    people = random.dirichlet(np.full(count, SIZES))
    output = people * np.exp(SPREAD * random.standard_normal(count))
    output /= output.sum()
    parts = whole.iloc[np.zeros(count, dtype=int)].copy()
    for name in (name for name, weights in INITIAL.items() if not weights):
        parts[name] *= output if name in OUTPUT else people
    for name in INCOMES:
        parts[name] *= output / people
    return parts


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="splitting", description="Make a finer data folder, at random.")
    parser.add_argument("regions", type=int, help="how many regions")
    parser.add_argument("--target", type=Path, required=True, help="data folder to write")
    parser.add_argument("--source", type=Path, default=HERE / "provinces", help="data folder to start from")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    asked = parser.parse_args(arguments)
    try:
        split_folder(asked.source, asked.regions, asked.target, seed=asked.seed)
    except ValueError as error:
        parser.error(str(error))
    print(f"Written: {asked.target}")


if __name__ == "__main__":
    main()

"""Data folders of the flagship made from others: groups of regions, and regions split at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.flagship import faults

import sd_models as sd
from sd_models.common_prosperity import grouping, splitting
from sd_models.common_prosperity.folder import (
    ALIKE,
    HERE,
    INITIAL,
    OBSERVED,
    REGIONAL,
    SHARED,
    read,
    weight,
)
from sd_models.common_prosperity.grouping import group_folder
from sd_models.common_prosperity.splitting import split_folder

PROVINCES = HERE / "provinces"
MACRO = HERE / "macro"


def whole(region: str) -> str:
    """The region of which this one is a part."""
    return region.rpartition(" ")[0]


def test_macro_is_what_grouping_makes_of_the_provinces(tmp_path: Path) -> None:
    """Renewed by `python -m sd_models.common_prosperity.grouping`."""
    grouping.main(["--target", str(tmp_path / "macro")])
    made = {path.name: path.read_bytes() for path in (tmp_path / "macro").iterdir()}
    assert made == {path.name: path.read_bytes() for path in MACRO.iterdir()}


def test_groups_keep_sums_and_means() -> None:
    """People, output and emissions add up; means come out as over the provinces."""
    fine, coarse = read(PROVINCES, "initial.csv"), read(MACRO, "initial.csv")
    for name, columns in INITIAL.items():
        if columns:
            of_fine, of_coarse = (np.average(t[name], weights=weight(columns, t)) for t in (fine, coarse))
            assert of_coarse == pytest.approx(of_fine, rel=2e-3)
        else:
            assert coarse[name].sum() == pytest.approx(fine[name].sum(), rel=1e-6)


@pytest.mark.parametrize("name", ["regional.csv", *ALIKE])
def test_groups_keep_the_means_of_the_other_tables(name: str) -> None:
    """Trends by what they are trends of, clusters by people, spending by the money spent."""
    initial = read(PROVINCES, "initial.csv"), read(MACRO, "initial.csv")
    for column in read(PROVINCES, name):
        columns = ALIKE.get(name) or REGIONAL[str(column)]
        means = [
            np.average(read(folder, name)[column], weights=weight(columns, table))
            for folder, table in zip((PROVINCES, MACRO), initial, strict=True)
        ]
        assert means[1] == pytest.approx(means[0], rel=5e-3, abs=1e-6), column


@pytest.mark.parametrize("folder", [PROVINCES, MACRO], ids=lambda folder: str(folder.name))
def test_all_people_of_a_region_belong_to_clusters(folder: Path) -> None:
    """What a region misses of 1 would be lost on its way through the pools."""
    clusters = read(folder, "clusters.csv")
    np.testing.assert_allclose(clusters.sum(axis=1), 1, atol=1e-6)
    assert (clusters >= 0).all(axis=None)
    assert (clusters.sum() > 0).all()


@pytest.mark.parametrize("folder", [PROVINCES, MACRO], ids=lambda folder: str(folder.name))
def test_what_measures_stand_for_is_a_part_of_spending(folder: Path) -> None:
    spending = read(folder, "spending.csv")
    assert (spending > 0).all(axis=None)
    assert (spending.sum(axis=1) < 1).all()


@pytest.mark.parametrize("folder", [PROVINCES, MACRO], ids=lambda folder: str(folder.name))
def test_tables_of_a_folder_have_the_same_regions_in_the_same_order(folder: Path) -> None:
    regions = list(read(folder, "initial.csv").index)
    for name in ("regional.csv", *ALIKE):
        assert list(read(folder, name).index) == regions
    observed = pd.read_csv(folder / "observations.csv")["province"]
    assert list(dict.fromkeys(observed)) == regions


def test_every_column_says_how_it_adds_up() -> None:
    """A column that somebody adds to a table needs a line in `folder.py`."""
    assert list(read(PROVINCES, "initial.csv")) == list(INITIAL)
    assert list(read(PROVINCES, "regional.csv")) == list(REGIONAL)
    assert set(pd.read_csv(PROVINCES / "observations.csv")) == {"province", "time", *OBSERVED}


def test_observed_totals_of_groups_are_those_of_provinces() -> None:
    fine, coarse = (pd.read_csv(folder / "observations.csv") for folder in (PROVINCES, MACRO))
    for name in ("population", "GDP", "CO2"):
        totals = [table.groupby("time")[name].sum(min_count=1).dropna() for table in (fine, coarse)]
        pd.testing.assert_series_equal(totals[1], totals[0], rtol=1e-6)


def test_observed_means_of_groups_are_those_of_provinces() -> None:
    """Incomes of the middle of a year are weighed by the people of then, whom the record counts at its turns."""
    fine, coarse = (pd.read_csv(folder / "observations.csv") for folder in (PROVINCES, MACRO))
    for table in (fine, coarse):
        people = table.pivot(index="province", columns="time", values="population").interpolate(axis=1)
        table["people"] = [people.loc[row.province, row.time] for row in table.itertuples()]
    for name in ("urban share", "particles", "schooling", "income a head"):
        means = []
        for table in (fine, coarse):
            known = table[table[name].notna() & table["people"].notna()]
            means.append(
                (known[name] * known["people"]).groupby(known["time"]).sum() / known.groupby("time")["people"].sum()
            )
        pd.testing.assert_series_equal(means[1], means[0], rtol=5e-3, check_names=False)


def test_groups_are_observed_at_the_times_at_which_provinces_are() -> None:
    fine, coarse = (pd.read_csv(folder / "observations.csv") for folder in (PROVINCES, MACRO))
    assert sorted(set(coarse["time"])) == sorted(set(fine["time"]))
    assert (
        list(coarse.groupby("province", sort=False)["time"].apply(lambda times: times.is_monotonic_increasing))
        == [True] * 4
    )


def test_a_region_without_group_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no group for Beijing, Tianjin"):
        group_folder(PROVINCES, dict.fromkeys(read(PROVINCES, "initial.csv").index[2:], "all"), tmp_path)


def test_the_nation_as_one_region_runs(tmp_path: Path) -> None:
    """One region is no special case, but that nobody leaves for another one."""
    group_folder(PROVINCES, dict.fromkeys(read(PROVINCES, "initial.csv").index, "China"), tmp_path / "nation")
    run = sd.simulate(sd.load("common_prosperity", regions=tmp_path / "nation"), time=sd.TimeSpan(save_every=0.25))
    assert float(run["national GDP"].sel(time=2011)) == pytest.approx(54.84, rel=0.01)
    assert faults(run) == []


@pytest.mark.parametrize("regions", [31, 40, 333])
def test_parts_add_up_to_the_whole(regions: int, tmp_path: Path) -> None:
    """Sums and weighted means of every province, for any number of parts."""
    split_folder(PROVINCES, regions, tmp_path / "fine", seed=3)
    fine, coarse = read(tmp_path / "fine", "initial.csv"), read(PROVINCES, "initial.csv")
    assert len(fine) == regions
    assert len(set(fine.index)) == regions
    for name, columns in INITIAL.items():
        weights = weight(columns, fine) if columns else pd.Series(1.0, fine.index)
        total = (fine[name] * weights).groupby(whole, sort=False).sum()
        mean = total / weights.groupby(whole, sort=False).sum() if columns else total
        np.testing.assert_allclose(mean[coarse.index], coarse[name], rtol=1e-4)


def test_parts_have_the_trends_clusters_and_spending_of_the_whole(tmp_path: Path) -> None:
    split_folder(PROVINCES, 60, tmp_path / "fine", seed=3)
    for name in ("regional.csv", *ALIKE):
        fine, coarse = read(tmp_path / "fine", name), read(PROVINCES, name)
        np.testing.assert_allclose(fine, coarse.loc[[whole(region) for region in fine.index]], rtol=1e-6)
    assert not (tmp_path / "fine" / "observations.csv").exists()


def test_a_split_folder_keeps_the_accounts(tmp_path: Path) -> None:
    split_folder(PROVINCES, 60, tmp_path / "fine", seed=5)
    run = sd.simulate(sd.load("common_prosperity", regions=tmp_path / "fine"), time=sd.TimeSpan(save_every=0.25))
    assert faults(run) == []


def test_the_same_seed_makes_the_same_folder(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        splitting.main(["50", "--target", str(tmp_path / name), "--seed", str(seed)])
    tables = {name: (tmp_path / name / "initial.csv").read_bytes() for name in "abc"}
    assert tables["a"] == tables["b"] != tables["c"]


def test_a_split_folder_runs_and_starts_as_the_whole(tmp_path: Path) -> None:
    split_folder(PROVINCES, 100, tmp_path / "fine")
    names = ["national population", "national GDP", "national urban share"]
    fine = sd.simulate(sd.load("common_prosperity", regions=tmp_path / "fine"), outputs=names)
    coarse = sd.simulate(sd.load("common_prosperity"), outputs=names)
    for name in names:
        assert float(fine[name][0]) == pytest.approx(float(coarse[name][0]), rel=1e-4)
        np.testing.assert_allclose(fine[name], coarse[name], rtol=0.1)


def test_fewer_parts_than_regions_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        splitting.main(["30", "--target", str(tmp_path / "fine")])
    assert "30 regions are fewer than the 31 of provinces; use grouping instead" in capsys.readouterr().err


def test_folders_share_what_holds_nothing_of_regions() -> None:
    for name in SHARED:
        assert (MACRO / name).read_bytes() == (PROVINCES / name).read_bytes()

"""The library model `urbanization`: what holds for any reasonable run, and how near it is to the record of 2020."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pysd
import pytest
import xarray as xr

import sd_models as sd
from sd_models.reading.library import model_path
from sd_models.system.model import Kind, System

LEVER = "public investment in citizenization"


@pytest.fixture(scope="module")
def system() -> System:
    return sd.load("urbanization")


@pytest.fixture(scope="module")
def baseline(system: System) -> xr.Dataset:
    return sd.simulate(system)


def invest(system: System, baseline: xr.Dataset, share: float) -> xr.Dataset:
    """The run in which every province spends the share of its output of 2020 on citizenization each year."""
    output = (baseline["urban output"] + baseline["rural output"]).sel(time=2020, drop=True)
    return sd.simulate(system, constants={LEVER: share * output})


def test_every_variable_has_a_unit_and_a_comment(system: System) -> None:
    bare = [variable.name for variable in system if not (variable.unit and variable.documentation)]
    assert bare == []


def test_every_number_in_the_file_has_a_source(system: System) -> None:
    """A constant says where it comes from, or that it is an assumption, a scenario or a choice."""
    settings = {"INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER", "end of the record", LEVER}
    words = ("Source", "ssumption", "scenario", "Chosen", "Derivation")
    constants = [variable for variable in system.of_kind(Kind.CONSTANT) if variable.name not in settings]
    assert [v.name for v in constants if not any(word in v.documentation for word in words)] == []


def test_provinces_come_from_the_data_folder(system: System) -> None:
    elements = system.dimensions["province"].elements
    assert len(elements) == 31
    assert {"Beijing", "Inner Mongolia", "Tibet"} <= set(elements)


def test_every_column_of_the_data_has_a_source(system: System) -> None:
    folder = model_path("urbanization").parent / "provinces"
    described = {tuple(line.split(",")[:2]) for line in (folder / "sources.csv").read_text("utf-8").splitlines()}
    for name in ("initial.csv", "parameters.csv"):
        header = (folder / name).read_text("utf-8").splitlines()[0]
        assert {(name, column) for column in header.split(",")[1:]} <= described


def test_shares_stay_shares(baseline: xr.Dataset) -> None:
    for name in ("urban share", "national urban share", "household share", "investment share"):
        assert float(baseline[name].min()) > 0
        assert float(baseline[name].max()) < 1


def test_people_and_capital_stay_positive(baseline: xr.Dataset) -> None:
    for name in ("rural population", "urban population", "rural capital", "urban capital"):
        assert float(baseline[name].min()) > 0


def test_migration_between_provinces_loses_nobody(baseline: xr.Dataset) -> None:
    gap = baseline["arrivals"].sum("province") - baseline["leaving"].sum("province")
    assert float(np.abs(gap).max()) < 1e-10


@pytest.mark.parametrize(
    ("name", "year", "record", "tolerance"),
    [
        ("national urban share", 2010, 0.5033, 0.0005),
        ("national urban share", 2020, 0.6384, 0.005),
        ("national income ratio", 2020, 2.539, 0.05),
        ("national income a head", 2020, 34.16, 0.35),
    ],
)
def test_the_nation_meets_the_record(
    baseline: xr.Dataset, name: str, year: int, record: float, tolerance: float
) -> None:
    assert float(baseline[name].sel(time=year)) == pytest.approx(record, abs=tolerance)


def test_urbanization_slows_down_below_its_ceiling(baseline: xr.Dataset) -> None:
    share = baseline["national urban share"]
    gains = share.diff("time")
    assert float(share[-1]) < 0.85
    assert float(gains.min()) > 0
    assert float(gains[-1]) < float(gains[0]) / 4


def test_without_investment_there_are_no_services(baseline: xr.Dataset) -> None:
    assert float(np.abs(baseline["citizenization reached"]).max()) == 0


def test_investment_in_citizenization_urbanizes_with_falling_returns(system: System, baseline: xr.Dataset) -> None:
    shares = [float(invest(system, baseline, x)["national urban share"][-1]) for x in (0.0, 0.01, 0.02, 0.03)]
    gains = np.diff(shares)
    assert (gains > 0).all()
    assert (np.diff(gains) < 0).all()


def test_effects_saturate_below_one(system: System, baseline: xr.Dataset) -> None:
    reached = invest(system, baseline, 0.1)["citizenization reached"]
    assert 0.5 < float(reached[-1].min()) <= float(reached.max()) < 1


def test_the_best_investment_is_neither_nothing_nor_everything(system: System, baseline: xr.Dataset) -> None:
    incomes = [float(invest(system, baseline, x)["national income a head"][-1]) for x in (0.0, 0.01, 0.05)]
    assert incomes[2] < incomes[0] < incomes[1]


@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")  # of pandas, about PySD's own table
def test_pysd_runs_the_untouched_file_and_agrees(system: System, baseline: xr.Dataset, tmp_path: Path) -> None:
    """PySD reads the file without a warning; three years of it equal the compiled run."""
    folder = shutil.copytree(model_path("urbanization").parent, tmp_path / "urbanization")
    names = ["urban population", "national urban share", "expected income ratio", "reference urban share"]
    table = pysd.read_vensim(folder / "model.mdl").run(final_time=2013, return_columns=names)
    for name in names:
        columns = [column for column in table.columns if column.split("[")[0] == name]
        expected = baseline[name].sel(time=slice(None, 2013)).to_numpy().reshape(len(table), -1)
        np.testing.assert_allclose(table[columns].to_numpy(), expected, rtol=1e-9)

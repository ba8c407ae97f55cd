"""The library model `common_prosperity`: its file, its figures, and how its baseline fits the record."""

from __future__ import annotations

import csv
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

import sd_models as sd
from sd_models.library import model_path
from sd_models.system import System

FOLDER = model_path("common_prosperity").parent
PROVINCES = FOLDER / "provinces"


@pytest.fixture(scope="module")
def system() -> System:
    return sd.load("common_prosperity")


@pytest.fixture(scope="module")
def baseline(system: System) -> xr.Dataset:
    return sd.simulate(system)


def test_every_variable_has_a_unit_and_a_comment(system: System) -> None:
    assert [v.name for v in system if not (v.unit and v.documentation)] == []


def test_units_of_all_equations_agree(system: System) -> None:
    assert sd.check_units(system) == ()


def test_every_parameter_reads_the_row_of_its_name() -> None:
    """A row put in between moves no value to another parameter."""
    rows = list(csv.reader((PROVINCES / "parameters.csv").read_text(encoding="utf-8").splitlines()))
    lines = (FOLDER / "model.mdl").read_text(encoding="utf-8").splitlines()
    found = 0
    for name, cell in pairwise(lines):
        if "parameters.csv'," in cell:
            row = int(cell.split("'B")[1].split("'")[0])
            assert rows[row - 1][0] == name.removesuffix(" =")
            found += 1
    assert found == len(rows) - 1


def test_shares_stay_shares(baseline: xr.Dataset) -> None:
    for name in ("urban share", "migrant share", "household share", "culture", "belonging", "forest cover", "score"):
        assert float(baseline[name].min()) > 0
        assert float(baseline[name].max()) < 1


def test_the_income_ratio_stays_between_one_and_four(baseline: xr.Dataset) -> None:
    assert float(baseline["income ratio"].min()) > 1
    assert float(baseline["national income ratio"].max()) < 3.1


def test_migration_between_provinces_loses_nobody(baseline: xr.Dataset) -> None:
    arrivals = baseline["arrivals without hukou"].sum("province")
    assert float(np.abs(arrivals - baseline["pool without hukou"]).max()) < 1e-10

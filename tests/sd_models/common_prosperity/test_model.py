"""The library model `common_prosperity`: its file, its figures, and how its baseline fits the record."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import sd_models as sd
from optimize import calibrate
from optimize.calibration.fitting import Ending
from sd_models.analysis.loops import influences
from sd_models.common_prosperity import figures
from sd_models.common_prosperity.folder import HERE
from sd_models.system.model import Kind, System

PROVINCES = HERE / "provinces"
KINDS = ("literature", "estimate", "fitted", "assumption")
LOOP = re.compile(r'Loop ([RB]\d+) "([^"]+)": ([^.]+)\.')
# Named in the comments of the model: reinforcing and balancing.
LOOPS = {
    "R1": "accumulation",
    "R2": "vicious circle of income and schooling",
    "R3": "agglomeration",
    "R4": "public revenue",
    "R5": "infrastructure crowding in",
    "R6": "citizenization and demand",
    "R7": "culture and belonging",
    "R8": "land release",
    "R9": "metropolitan spill-over",
    "R10": "people attract people",
    "B1": "migration closes the gap",
    "B2": "congestion",
    "B3": "pollution",
    "B4": "diminishing returns",
    "B5": "fiscal burden of new citizens",
    "B6": "rural ageing",
    "B7": "end of land income",
    "B8": "abatement cost",
    "B9": "urbanization saturates",
    "B10": "wear",
}


@pytest.fixture(scope="module")
def system() -> System:
    return sd.load("common_prosperity")


@pytest.fixture(scope="module")
def baseline(system: System) -> xr.Dataset:
    return sd.simulate(system)


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(PROVINCES / name)


# --- the file ---------------------------------------------------------------------------------------------------------


def test_every_variable_has_a_unit_and_a_comment(system: System) -> None:
    assert [v.name for v in system if not (v.unit and v.documentation)] == []


def test_units_of_all_equations_agree(system: System) -> None:
    assert sd.check_units(system) == ()


def test_numbers_stand_in_the_data_folder(system: System) -> None:
    """But for the lever, conversions, and the control of the simulation."""
    text = (HERE / "model.mdl").read_text(encoding="utf-8")
    plain = [
        v.name for v in system.of_kind(Kind.CONSTANT) if re.search(rf"^{re.escape(v.name)}\b.* = -?\d", text, re.M)
    ]
    control = ["INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER"]
    conversions = ["thousands a head", "unit income", "initial land a head", "trillion yuan for yuan"]
    assert sorted(plain) == sorted(["public investment", *conversions, *control])


def test_every_parameter_reads_the_row_of_its_name() -> None:
    """A row put in between moves no value to another parameter."""
    names = table("parameters.csv")["parameter"]
    found = []
    for line, cell in pairwise((HERE / "model.mdl").read_text(encoding="utf-8").splitlines()):
        if "parameters.csv'," in cell:
            found.append(line.removesuffix(" ="))
            assert names[int(cell.split("'B")[1].split("'")[0]) - 2] == found[-1]
    assert sorted(found) == sorted(names)


def test_every_column_is_read_under_its_name() -> None:
    """Columns of regions, measures and years are found by their letters."""
    for name in ("initial.csv", "regional.csv", "paths.csv"):
        header = list(table(name))
        for line, cell in pairwise((HERE / "model.mdl").read_text(encoding="utf-8").splitlines()):
            if match := re.search(rf"{name}', ',',(?: 'A',)? '([A-Z])2", cell):
                column = header[ord(match[1]) - ord("A")]
                name_of_line = re.split(r"\[| :|:", line)[0].strip()
                assert name_of_line in (column, f"initial {column}"), line


def test_units_of_parameters_are_those_of_the_model(system: System) -> None:
    units = {row.parameter: row.unit for row in table("parameters.csv").itertuples()}
    assert {name: unit.replace("Dmnl", "1") for name in units if (unit := system[name].unit)} == units


def test_measures_are_those_of_the_table_and_stand_in_their_pillars(system: System) -> None:
    measures = table("measures.csv")
    assert list(measures["measure"]) == list(system.dimensions["measure"].elements)
    ranges = {
        "citizenization": "citizenization measure",
        "regional layout": "layout measure",
        "city quality": "quality measure",
        "rural integration": "integration measure",
    }
    assert list(ranges) == list(system.dimensions["pillar"].elements)
    for pillar, rows in measures.groupby("pillar", sort=False):
        assert list(rows["measure"]) == list(system.dimensions[ranges[str(pillar)]].elements)


def test_every_loop_that_a_comment_names_is_closed(system: System) -> None:
    """Each variable on its way is a direct cause of the next one, and the last is the first."""
    graph = influences(system)
    found = {}
    for variable in system:
        for label, name, path in LOOP.findall(" ".join(variable.documentation.split())):
            way = [step.strip() for step in path.split("->")]
            assert way[0] == way[-1] == variable.name
            assert [link for link in pairwise(way) if not graph.has_edge(*link)] == [], label
            found[label] = name
    assert found == LOOPS


# --- the figures ------------------------------------------------------------------------------------------------------


def test_what_is_known_and_what_is_assumed_is_counted() -> None:
    """The page tells these numbers; whoever verifies a figure or adds an assumption changes them."""
    parameters, sources = table("parameters.csv"), table("sources.csv")
    assert set(parameters["kind"]) | set(sources["kind"]) == set(KINDS)
    counted = {kind: int((parameters["kind"] == kind).sum()) for kind in KINDS}
    assert counted == {"literature": 22, "estimate": 16, "fitted": 7, "assumption": 122}
    assert int(parameters["source"].str.contains("unverified").sum()) == 11
    columns = {kind: int((sources["kind"] == kind).sum()) for kind in KINDS}
    assert columns == {"literature": 19, "estimate": 13, "fitted": 8, "assumption": 10}
    assert int(sources["source"].str.contains("unverified").sum()) == 5


def test_literature_and_estimates_name_their_source() -> None:
    parameters = table("parameters.csv")
    bare = parameters["source"].isna() & (parameters["kind"] != "assumption")
    assert list(parameters["parameter"][bare]) == []


def test_ranges_hold_their_values() -> None:
    parameters = table("parameters.csv")
    assert (parameters["low"] <= parameters["value"]).all()
    assert (parameters["value"] <= parameters["high"]).all()


def test_every_column_has_one_source() -> None:
    described = [(row.file, row.column) for row in table("sources.csv").itertuples()]
    keys = {"province", "year", "measure", "kind"}
    for name in ("initial.csv", "regional.csv", "measures.csv", "paths.csv", "observations.csv", "national.csv"):
        assert {(name, column) for column in table(name) if column not in keys} <= set(described)
    assert len(set(described)) == len(described)


def test_provinces_add_up_to_the_nation() -> None:
    """Vintages are reconciled: sums of provinces are the national figures of each year."""
    nation = table("national.csv").set_index("year")
    sums = table("observations.csv").groupby("year")[["population", "GDP"]].sum(min_count=31)
    for name in ("population", "GDP"):
        known = sums[name].dropna()
        np.testing.assert_allclose(known, nation[name][known.index], rtol=1e-4)
    emissions = table("initial.csv")["CO2"].sum()
    assert emissions == pytest.approx(nation["CO2"][2010], rel=1e-3)


# --- the record -------------------------------------------------------------------------------------------------------


# Mean absolute errors 2010-2020 that a prototype with four regions reached.
@pytest.mark.parametrize(
    ("variable", "column", "most"),
    [
        ("national population", "population", 0.0025),
        ("national urban share", "urban share", 0.0024),
        ("national GDP", "GDP", 0.011),
        ("national urban income", "urban income", 0.013),
        ("national rural income", "rural income", 0.013),
        ("national CO2", "CO2", 0.029),
    ],
)
def test_the_nation_fits_better_than_a_model_of_four_regions(
    baseline: xr.Dataset, variable: str, column: str, most: float
) -> None:
    observed = table("national.csv").set_index("year")[column].dropna()
    simulated = baseline[variable].sel(time=observed.index.to_numpy()).to_numpy()
    assert float(np.abs(simulated / observed - 1).mean()) <= most


def test_the_income_ratio_fits_better_too(baseline: xr.Dataset) -> None:
    nation = table("national.csv").set_index("year")
    observed = (nation["urban income"] / nation["rural income"]).to_numpy()
    simulated = baseline["national income ratio"].sel(time=nation.index.to_numpy()).to_numpy()
    assert float(np.abs(simulated / observed - 1).mean()) <= 0.021


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("population", 0.03),
        ("urban share", 0.03),
        ("urban income", 0.03),
        ("rural income", 0.03),
        ("GDP", 0.06),
        ("CO2", 0.10),
    ],
)
def test_half_of_the_provinces_fit_well(baseline: xr.Dataset, name: str, most: float) -> None:
    observed = table("observations.csv").pivot(index="province", columns="year", values=name)
    simulated = baseline[name].sel(time=observed.columns.to_numpy(), province=observed.index.to_numpy())
    error = (simulated.transpose("province", "time").to_numpy() / observed - 1).abs().mean(axis=1)
    assert float(error.median()) <= most


@pytest.mark.slow
def test_the_committed_trends_are_those_that_calibration_finds() -> None:
    """`prosperity calibrate common_prosperity --apply` would hardly change them."""
    found = calibrate("common_prosperity", holdout=False)
    assert found.ending is Ending.CONVERGED
    assert found.fit.misfit_at_start <= found.fit.misfit * 1.001


# --- the baseline -----------------------------------------------------------------------------------------------------


def test_shares_stay_shares(baseline: xr.Dataset) -> None:
    for name in ("urban share", "migrant share", "household share", "culture", "belonging", "forest cover", "score"):
        assert float(baseline[name].min()) > 0
        assert float(baseline[name].max()) < 1


def test_the_income_ratio_stays_between_one_and_three(baseline: xr.Dataset) -> None:
    """After 2020, in every province but two that start above 3."""
    assert float(baseline["national income ratio"].sel(time=slice(2012, None)).max()) < 3
    later = baseline["income ratio"].sel(time=slice(2026, None))
    assert 1 < float(later.min()) < float(later.max()) < 3.2


def test_nothing_explodes(baseline: xr.Dataset) -> None:
    """The nation grows slower and slower, urbanizes towards its ceiling, and its emissions peak by 2030."""
    growth = np.log(baseline["national GDP"]).diff("time")
    assert 0.01 < float(growth[-1]) < float(growth.sel(time=2035)) < 0.05
    assert 0.75 < float(baseline["national urban share"][-1]) < 0.82
    assert int(baseline["national CO2"].idxmax("time")) <= 2030
    assert float(baseline["debt ratio"].max()) < 1.5


def test_migration_between_provinces_loses_nobody(baseline: xr.Dataset) -> None:
    for kind in ("without", "with"):
        gap = baseline[f"arrivals {kind} hukou"].sum("province") - baseline[f"pool {kind} hukou"]
        assert float(np.abs(gap).max()) < 1e-10


def test_the_levy_pays_what_provinces_do_not_borrow(system: System) -> None:
    run = sd.simulate(system, constants={"public investment": 0.01}, time=sd.TimeSpan(stop=2012))
    paid = run["levy for measures"].sum("province") + run["local borrowing for measures"].sum("province")
    np.testing.assert_allclose(paid, run["total public investment"], rtol=1e-12)


# --- the figures ------------------------------------------------------------------------------------------------------


def test_figures_are_those_of_the_page(system: System, baseline: xr.Dataset) -> None:
    """Each is drawn from names that the model has, committed, and shown."""
    names = [name for name, _ in figures.figures(system, baseline, PROVINCES)]
    assert sorted(path.stem for path in (HERE / "figures").glob("*.png")) == sorted(names)
    shown = re.findall(r"\]\(figures/(\w+)\.png\)", (HERE / "README.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(names)

"""The library model `common_prosperity`: its file, its figures, and how its baseline fits 2011 to 2022."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from support.flagship import CONTROL, LEVER, PROVINCES, baseline, system, table

import sd_models as sd
from optimize import CalibrationResult, calibrate
from optimize.calibration.accuracy import Summary, summaries
from optimize.calibration.fitting import Ending
from sd_models.common_prosperity import figures
from sd_models.common_prosperity.folder import HERE
from sd_models.common_prosperity.tables import CLOSURES
from sd_models.diagrams.diagram import Format, written
from sd_models.diagrams.drawing import draw
from sd_models.system.model import Kind

MODEL = (HERE / "model.mdl").read_text(encoding="utf-8")
KINDS = ("literature", "estimate", "fitted", "assumption")
TABLES = ("initial.csv", "regional.csv", "clusters.csv", "spending.csv", "measures.csv", "paths.csv")
RECORDS = ("observations.csv", "national.csv")
KEYS = {"province", "time", "measure"}
LAST = 2023.0  # the end of 2022
CALL = re.compile(r"GET DIRECT (CONSTANTS|DATA|SUBSCRIPT)\('provinces/(\w+\.csv)', ',', (?:'A', )?'([A-Z]+)(\d+)(\*?)'")


def equations() -> list[tuple[str, str]]:
    """Name with subscripts and text of each equation, long lines joined."""
    parts = MODEL.replace("\\\n", " ").split("\n\n")
    found = []
    for part in parts:
        head, _, rest = part.partition("=")
        if "GET DIRECT" in rest and "~" in rest:
            found.append((head.split("|")[-1].strip().removesuffix(":INTERPOLATE: :").strip(), rest))
    return found


def column(letters: str) -> int:
    """The place of a column of a sheet, from 0."""
    place = 0
    for letter in letters:
        place = 26 * place + ord(letter) - ord("A") + 1
    return place - 1


def named(head: str) -> str:
    """The variable without its subscripts."""
    return head.partition("[")[0].strip()


# --- the file ---------------------------------------------------------------------------------------------------------


def test_every_variable_has_a_unit_and_a_comment() -> None:
    assert [v.name for v in system() if not (v.unit and v.documentation)] == []


def test_units_of_all_equations_agree() -> None:
    assert sd.check_units(system()) == ()


def test_numbers_stand_in_the_data_folder() -> None:
    """But for the lever, conversions, and the control of the simulation."""
    number = r"(?:\[[^]]*\])? =\s+-?[\d.e-]+\s*$"
    constants = system().of_kind(Kind.CONSTANT)
    plain = [v.name for v in constants if re.search(rf"^{re.escape(v.name)}{number}", MODEL, re.M)]
    conversions = ["thousands a head", "unit income", "trillion yuan for yuan", "one year", "output of no region"]
    assert sorted(plain) == sorted([LEVER, *conversions, *CONTROL])


def test_every_parameter_reads_the_row_of_its_name() -> None:
    """A row put in between moves no value to another parameter."""
    rows = table("parameters.csv")["parameter"]
    found = []
    for head, text in equations():
        if (call := CALL.search(text)) and call[2] == "parameters.csv":
            assert call[3] == "B", head
            assert rows[int(call[4]) - 2] == head
            found.append(head)
    assert sorted(found) == sorted(rows)


# Columns whose variable has a longer name: what the model says of the start of the run, and of the census.
OTHERWISE = {
    "energy": "energy on record",
    "census population": "census population",
    "price": "price of a measure",
    "lifetime": "lifetime of programmes",
}


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_read_under_its_name(name: str) -> None:
    """Columns of regions, measures and years are found by their letters; each is read, and once."""
    header = list(table(name))
    found = []
    for head, text in equations():
        call = CALL.search(text)
        if not call or call[2] != name or call[1] == "SUBSCRIPT":
            continue
        asked = header[column(call[3])]
        assert call[4] == "2", head
        if name in ("clusters.csv", "spending.csv"):
            asked_for = "cluster" if name == "clusters.csv" else "measure"
            assert asked == system().dimensions[asked_for].elements[0]
            assert header[1:] == [str(element) for element in system().dimensions[asked_for].elements]
            found += header[1:]
            continue
        wanted = {asked, f"initial {asked}", OTHERWISE.get(asked, asked)}
        assert named(head) in wanted, head
        found.append(asked)
    assert sorted(found) == sorted(set(header) - KEYS - {"pillar", "kind"})


def test_everything_that_is_read_from_the_folder_is_checked_above() -> None:
    read = {call[2] for _, text in equations() for call in CALL.finditer(text)}
    assert read == {*TABLES, "parameters.csv"}
    assert len([call for _, text in equations() for call in CALL.finditer(text)]) + 1 >= MODEL.count("GET DIRECT")


def test_units_of_parameters_are_those_of_the_model() -> None:
    units = {row.parameter: row.unit for row in table("parameters.csv").itertuples()}
    assert {name: unit.replace("Dmnl", "1") for name in units if (unit := system()[str(name)].unit)} == units


def test_comments_of_parameters_send_to_the_table() -> None:
    """So that nobody takes a number for knowledge without its range and source."""
    for name in table("parameters.csv")["parameter"]:
        assert "Range and source: provinces/parameters.csv." in " ".join(system()[str(name)].documentation.split())


def test_measures_are_those_of_the_table_and_stand_in_their_pillars() -> None:
    measures = table("measures.csv")
    assert list(measures["measure"]) == list(system().dimensions["measure"].elements)
    assert list(table("spending.csv"))[1:] == list(measures["measure"])
    ranges = {
        "citizenization": "citizenization measure",
        "regional layout": "layout measure",
        "city quality": "quality measure",
        "rural integration": "integration measure",
    }
    assert list(ranges) == list(system().dimensions["pillar"].elements)
    for pillar, rows in measures.groupby("pillar", sort=False):
        assert list(rows["measure"]) == list(system().dimensions[ranges[str(pillar)]].elements)


def test_indicators_are_those_of_the_four_effects() -> None:
    """Each counts once."""
    ranges = system().dimensions
    effects = [ranges[f"{name} indicator"].elements for name in ("growth", "spirit", "ecology", "sharing")]
    assert [str(name) for names in effects for name in names] == [str(name) for name in ranges["indicator"].elements]


def test_regions_exchange_what_they_exchange_through_pools() -> None:
    """No variable has a region twice: a step costs twice as much with twice the regions."""
    for variable in system():
        assert [str(name) for name in variable.dimensions].count("province") <= 1


# --- the figures ------------------------------------------------------------------------------------------------------


def test_kinds_are_the_four_that_the_page_explains() -> None:
    for name in ("parameters.csv", "sources.csv"):
        assert set(table(name)["kind"]) == set(KINDS)
    assert set(table("measures.csv")["kind"]) <= set(KINDS)


def test_most_of_what_is_assumed_says_so() -> None:
    """The page tells the counts; assumptions are the larger part, and nobody hides them."""
    counts = table("parameters.csv")["kind"].value_counts()
    assert counts["assumption"] > len(table("parameters.csv")) / 2
    assert counts["literature"] >= 30


@pytest.mark.parametrize("name", ["parameters.csv", "sources.csv"])
def test_literature_estimates_and_fits_name_their_source(name: str) -> None:
    rows = table(name)
    bare = rows["source"].isna() & (rows["kind"] != "assumption")
    assert list(rows[bare].iloc[:, 0]) == []


def test_ranges_hold_their_values() -> None:
    rows = table("parameters.csv")
    outside = rows[(rows["value"] < rows["low"]) | (rows["value"] > rows["high"])]
    assert list(outside["parameter"]) == []


def test_fitted_parameters_are_those_of_the_calibration() -> None:
    """What the file fits is called fitted, and nothing else is."""
    fitted = tomllib.loads((HERE / "calibration.toml").read_text(encoding="utf-8"))["parameter"]
    stored = {entry["name"] for entry in fitted if entry["store"]["file"] == "parameters.csv"}
    rows, sources = table("parameters.csv"), table("sources.csv")
    assert set(rows["parameter"][rows["kind"] == "fitted"]) == stored
    columns = {entry["store"]["column"] for entry in fitted if entry["store"]["file"] == "regional.csv"}
    assert set(sources["column"][sources["kind"] == "fitted"]) == columns == set(table("regional.csv")) - KEYS


def test_every_column_has_one_source() -> None:
    described = [(row.file, row.column) for row in table("sources.csv").itertuples()]
    expected = {(name, c) for name in (*TABLES, *RECORDS) for c in table(name) if c not in KEYS | {"kind", "pillar"}}
    assert expected <= set(described)
    assert {(file, name) for file, name in described if name not in KEYS} <= expected | {
        (file, name) for file, name in described if name in {"pillar", "kind"}
    }
    assert len(set(described)) == len(described)


def test_provinces_add_up_to_the_nation() -> None:
    """Vintages are reconciled: sums of provinces are the national figures of each time."""
    nation = table("national.csv").set_index("time")
    sums = table("observations.csv").groupby("time")[["population", "GDP"]].sum(min_count=31)
    for name in ("population", "GDP"):
        known = sums[name].dropna()
        assert len(known) >= 11
        np.testing.assert_allclose(known, nation[name][known.index], rtol=2e-4)
    assert table("initial.csv")["population"].sum() == pytest.approx(nation["population"][2011.0], rel=1e-3)
    assert table("initial.csv")["record of spending"].sum() == pytest.approx(
        table("observations.csv").groupby("time")["base spending"].sum(min_count=31)[2022.5], rel=1e-3
    )


# --- nothing later than 2022 ------------------------------------------------------------------------------------------

# What may be named of later years: studies by year of publication, pledges and targets that were announced, horizons.
STUDY = re.compile(r"\((?:OECD )?(?:19|20)\d\d[a-z]?\)|OECD \(20\d\d\)")
ANNOUNCED = re.compile(
    r"pledge of September 2025|by 2035|in 2035|in 2038|neutrality in 20\d\d|in 2050|until it ends at 2051|2050 is held"
    r"|about 2030|before 2023|Before 2038"
)
LATER = re.compile(r"\b20(?:2[3-9]|[3-9]\d)\b")


@pytest.mark.parametrize("regions", ["provinces", "macro"])
@pytest.mark.parametrize("name", RECORDS)
def test_no_observation_is_later_than_2022(name: str, regions: str) -> None:
    times = table(name, regions)["time"]
    assert times.max() <= LAST
    assert times.min() >= 2011


def test_what_is_counted_at_the_end_of_a_year_stands_at_its_turn_and_flows_in_its_middle() -> None:
    rows = table("observations.csv")
    turns = rows["time"] % 1 == 0
    for name in ("population", "urban share"):
        assert rows[name][~turns].isna().all(), name
    for name in ("GDP", "urban income", "rural income", "CO2", "particles", "base spending", "own revenue"):
        assert rows[name][turns].isna().all(), name


def test_the_calibration_sees_nothing_later_than_2022() -> None:
    asked = tomllib.loads((HERE / "calibration.toml").read_text(encoding="utf-8"))
    assert asked["window"]["to"] <= LAST
    assert asked["holdout"]["to"] <= LAST
    assert asked["holdout"]["fit_to"] <= 2020.5 <= asked["holdout"]["from"] + 0.5


def test_no_source_is_a_fact_of_after_2022() -> None:
    """Studies by their year, and targets that were announced, apart."""
    for name in ("parameters.csv", "sources.csv"):
        for source in table(name)["source"].dropna():
            rest = ANNOUNCED.sub("", STUDY.sub("", source))
            assert not LATER.search(rest), source


def test_paths_after_the_record_say_that_they_are_assumed() -> None:
    """Each is held to something that was known at the end of 2022."""
    sources = table("sources.csv")
    for name in set(table("paths.csv")) - KEYS:
        source = sources[(sources["file"] == "paths.csv") & (sources["column"] == name)]["source"].item()
        assert re.search(r"assumption|2022|[Pp]ledge", source), name
    end = table("parameters.csv").set_index("parameter").loc["end of the record"]
    assert end["high"] <= LAST


def test_trends_hold_until_the_end_of_the_record_and_fade_after_it() -> None:
    weight = baseline()["weight of the record"]
    assert float(weight.sel(time=slice(None, LAST)).min()) == 1
    assert float(weight.sel(time=2040)) < 0.05


# --- the record -------------------------------------------------------------------------------------------------------

# Mean absolute errors over the record, measured by `prosperity calibrate common_prosperity`, and a quarter more.
NATION = {
    "national population": ("population", 0.0006),
    "national urban share": ("urban share", 0.005),
    "national hukou urban share": ("hukou urban share", 0.037),
    "national GDP": ("GDP", 0.0105),
    "national urban income": ("urban income", 0.0135),
    "national rural income": ("rural income", 0.0105),
    "national income ratio": ("income ratio", 0.0145),
    "national CO2": ("CO2", 0.022),
    "national PM25": ("particles", 0.04),
    "national belonging": ("belonging", 0.05),
    "national schooling": ("schooling", 0.0075),
    "national energy use": ("energy", 0.016),
    "national coal share": ("coal share", 0.021),
    "national clean share": ("clean share", 0.053),
}
MEDIANS = {
    "population": 0.0055,
    "urban share": 0.007,
    "GDP": 0.02,
    "urban income": 0.019,
    "rural income": 0.015,
    "income ratio": 0.017,
    "CO2": 0.057,
    "particles": 0.07,
    "schooling": 0.0175,
    "public debt": 0.067,
}


@pytest.mark.parametrize("variable", NATION)
def test_the_nation_fits(variable: str) -> None:
    name, most = NATION[variable]
    observed = table("national.csv").set_index("time")[name].dropna()
    simulated = baseline()[variable].sel(time=observed.index.to_numpy()).to_numpy()
    assert float(np.abs(simulated / observed - 1).mean()) <= most


@pytest.mark.parametrize("name", MEDIANS)
def test_half_of_the_provinces_fit_well(name: str) -> None:
    """Tibet's emissions are a guess, and are left out."""
    observed = table("observations.csv").pivot(index="time", columns="province", values=name).dropna(how="all")
    observed = observed.drop(columns=["Tibet"] if name == "CO2" else [])
    simulated = baseline()[name].sel(time=observed.index.to_numpy(), province=observed.columns.to_numpy())
    error = (simulated.transpose("time", "province").to_numpy() / observed - 1).abs().mean()
    assert float(error.median()) <= MEDIANS[name]


def test_consumption_and_investment_are_those_of_the_national_accounts() -> None:
    """Not fitted: within four points of output at all years on record."""
    nation = table("national.csv").set_index("time")
    for variable, name in (
        ("national consumption share", "household consumption share"),
        ("national investment rate", "capital formation share"),
    ):
        observed = nation[name].dropna()
        gap = baseline()[variable].sel(time=observed.index.to_numpy()).to_numpy() - observed
        assert float(gap.abs().max()) < 0.06, variable


@cache
def fitted() -> CalibrationResult:
    """The fit to the record, and to what was known at the end of 2019 or 2020, which forecasts the rest."""
    return calibrate("common_prosperity")


@pytest.mark.slow
def test_the_committed_trends_are_those_that_calibration_finds() -> None:
    """`prosperity calibrate common_prosperity --apply` would hardly change them."""
    assert fitted().ending is Ending.CONVERGED
    assert fitted().fit.misfit_at_start <= fitted().fit.misfit * 1.002


# What the hold-out says, as the page tells it: forecasts of 2020 to 2022 that the fit has not seen.
BETTER_THAN_BOTH = (
    *("urban share", "GDP", "rural income", "particles", "national urban share", "national GDP"),
    *("national urban income", "national rural income", "national CO2", "national PM25", "national population"),
    *("national coal share", "national clean share"),
)
WORSE_THAN_NAIVE = ("population", "CO2", "income ratio", "national hukou urban share")


def forecasts() -> dict[str, Summary]:
    """How good each series is at times that the fit has not seen, beside no change and drift."""
    holdout = fitted().holdout
    assert holdout is not None
    return {item.series: item for item in summaries(holdout.rated)}


@pytest.mark.slow
def test_the_hold_out_says_what_the_page_says() -> None:
    """What beats no change and drift, and what neither of them: the latter stands on the page in bold."""
    found = forecasts()
    both = {name for name, item in found.items() if item.mean < item.naive and item.mean < item.drift}
    neither = {name for name, item in found.items() if not (item.mean < item.naive or item.mean < item.drift)}
    assert both == set(BETTER_THAN_BOTH)
    assert neither == set(WORSE_THAN_NAIVE)


@pytest.mark.slow
def test_the_nation_is_forecast_within_three_per_cent() -> None:
    found = forecasts()
    for name in (
        "national population",
        "national urban share",
        "national GDP",
        "national CO2",
        "national urban income",
    ):
        assert found[name].mean < 0.02, name
    for name in ("national rural income", "national income ratio"):
        assert found[name].mean < 0.035, name


# --- the figures of the page ------------------------------------------------------------------------------------------


def test_figures_are_those_of_the_page() -> None:
    """Each is drawn from names that the model has, committed, and shown."""
    run = sd.simulate(system())
    names = [name for name, _ in figures.figures(system(), run, PROVINCES)]
    assert sorted(path.stem for path in (HERE / "figures").glob("*.png")) == sorted(names)
    shown = re.findall(r"\]\(figures/(\w+)\.png\)", (HERE / "README.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(names)


def test_counts_of_the_page_are_those_of_the_tables() -> None:
    """How many numbers are known, fitted or assumed."""
    page = (HERE / "README.md").read_text(encoding="utf-8")
    for name, what in (("parameters.csv", "parameters"), ("sources.csv", "columns of tables")):
        rows = table(name)
        counts = [int((rows["kind"] == kind).sum()) for kind in KINDS]
        unverified = int(rows["source"].str.contains("unverified").sum())
        wanted = (
            f"| {len(rows)} {what} (`{name}`) | " + " | ".join(str(count) for count in (*counts, unverified)) + " |"
        )
        assert wanted in page, wanted


def test_pandas_reads_every_table() -> None:
    """No cell of a number is empty where the model reads it."""
    for name in (*TABLES, "parameters.csv"):
        numbers = table(name).select_dtypes("number")
        assert isinstance(numbers, pd.DataFrame)
        assert not numbers.isna().any(axis=None), name


def test_pairs_of_paths_are_in_order() -> None:
    times = table("paths.csv")["time"]
    assert all(earlier < later for earlier, later in pairwise(times))
    assert times.iloc[0] == 2011
    assert times.iloc[-1] >= 2051


@pytest.mark.parametrize("closure", CLOSURES)
def test_a_closure_has_the_range_of_its_cases(closure: str) -> None:
    """So that somebody who sets it to 0 or 9 is told."""
    assert system()[closure].limits == (1.0, 3.0)
    assert {system()[closure].outside(value) for value in (0.0, 9.0)} == {"1 to 3"}


def test_the_file_carries_its_sketch() -> None:
    """`prosperity diagram`, with the model as its own target, would change nothing."""
    assert written(system(), draw(system()), Format.VENSIM) == (HERE / "model.mdl").read_text(encoding="utf-8")

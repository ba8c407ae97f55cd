"""Data folders of counties: facts kept, provinces kept, counties of one province, a sample, a user's own figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.flagship import faults

import sd_models as sd
from optimize import load_plan
from sd_models.common_prosperity import counties, county_trends
from sd_models.common_prosperity.counties import CENSUS, TRENDS, census, county_folder, of_province, sample
from sd_models.common_prosperity.folder import ALIKE, HERE, INITIAL, REGIONAL, read, weight

PROVINCES = HERE / "provinces"


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    """The counties, by region name."""
    return census()


@pytest.fixture(scope="module")
def trends() -> pd.DataFrame:
    """The trends of counties, by code."""
    return pd.read_csv(TRENDS).set_index("code")


@pytest.fixture(scope="module")
def fine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all counties, as the command writes it."""
    folder = tmp_path_factory.mktemp("counties") / "fine"
    counties.main(["--target", str(folder)])
    return folder


@pytest.fixture(scope="module")
def ningxia(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the 22 counties of Ningxia and 30 provinces."""
    folder = tmp_path_factory.mktemp("counties") / "ningxia"
    counties.main(["--target", str(folder), "--province", "CN-NX"])
    return folder


def means(table: pd.DataFrame, name: str, place: pd.Series) -> pd.Series:
    """Sums of a column by province where it adds up, else its weighted means."""
    columns = INITIAL[name]
    weights = weight(columns, table) if columns else pd.Series(1.0, table.index)
    total = (table[name] * weights).groupby(place.to_numpy()).sum()
    return total / weights.groupby(place.to_numpy()).sum() if columns else total


# --- facts ------------------------------------------------------------------------------------------------------------


def test_every_county_has_a_name_of_its_own(people: pd.DataFrame) -> None:
    """2,848 counties and four prefectures without any; with the code where a name repeats."""
    assert len(people) == 2852
    assert people.index.is_unique
    assert not people.index.str.contains("[,;\"']").any()
    assert {"鼓楼区 320106", "鼓楼区 320302", "东莞市", "登封市"} <= set(people.index)


def test_people_of_zones_are_shared_out_over_their_prefecture(people: pd.DataFrame) -> None:
    """Nobody is lost; of islands without counties the whole province has its part (2,333 people)."""
    table = pd.read_csv(CENSUS)
    for name in ("population 2020", "urban population 2020"):
        for place in (["province"], ["province", "prefecture"]):
            before, after = (rows.groupby(place)[name].sum() for rows in (table, people))
            before = before[before.index.isin(after.index)]
            np.testing.assert_allclose(after[before.index], before, rtol=5e-4)
    assert (
        people["population 2020"] >= table.set_index("code")["population 2020"].loc[people["code"]].to_numpy()
    ).all()


def test_a_county_matched_in_2010_keeps_its_census(people: pd.DataFrame) -> None:
    table = pd.read_csv(CENSUS).set_index("code").loc[people["code"]].set_index(people.index)
    known = table["population 2010"].notna()
    assert known.sum() == 2724
    for name in ("population 2010", "schooling 2010"):
        assert (people[name][known] == table[name][known]).all()


def test_a_county_not_matched_changed_as_its_province(people: pd.DataFrame) -> None:
    """As many people fewer or more, in relation, as in the matched counties of the province."""
    there = people[people["province"] == "Guangdong"]
    new = ~there["code"].isin(pd.read_csv(CENSUS).dropna(subset=["population 2010"])["code"])
    matched, changed = (rows["population 2010"] / rows["population 2020"] for rows in (there[~new], there[new]))
    assert new.sum() > 0
    assert changed.std() < 1e-9
    assert matched.min() < changed.iloc[0] < matched.max()


def test_each_column_of_the_census_tells_its_source() -> None:
    told = pd.read_csv(CENSUS.with_name("sources.csv"))
    for path in (CENSUS, TRENDS):
        assert list(told["column"][told["file"] == path.name]) == list(pd.read_csv(path, nrows=1))
    assert set(told["kind"]) <= {"literature", "estimate", "fitted", "assumption"}


# --- folders ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", INITIAL)
def test_counties_add_up_to_their_province(fine: Path, people: pd.DataFrame, name: str) -> None:
    """Sums and weighted means of every province and column."""
    wanted = read(PROVINCES, "initial.csv")[name]
    found = means(read(fine, "initial.csv"), name, people["province"])
    np.testing.assert_allclose(found[wanted.index], wanted, rtol=2e-6)


def test_counties_differ_as_counties_do(fine: Path, people: pd.DataFrame) -> None:
    """Output a head by up to ten within a province; townspeople are better off everywhere; nobody earns all output."""
    table = read(fine, "initial.csv")
    spread = (
        (table["GDP"] / table["population"])
        .groupby(people["province"].to_numpy())
        .agg(lambda all_: all_.max() / all_.min())
    )
    assert 3 < spread.median() < 6
    assert spread.max() < 10
    ratio = table["urban income"] / table["rural income"]
    assert 1.5 < ratio.min() < ratio.max() < 4
    for name in ("urban share", "share without hukou", "town share"):
        assert 0 < table[name].min() < table[name].max() < 1


def test_tables_of_a_folder_have_the_same_regions(fine: Path, people: pd.DataFrame) -> None:
    for name in ("initial.csv", "regional.csv", *ALIKE):
        assert list(read(fine, name).index) == list(people.index)


def test_trends_are_those_of_the_province_but_for_two(fine: Path, people: pd.DataFrame, trends: pd.DataFrame) -> None:
    found, whole = read(fine, "regional.csv"), read(PROVINCES, "regional.csv").loc[people["province"]]
    for name in REGIONAL:
        wanted = trends[name].loc[people["code"]] if name in trends else whole[name]
        np.testing.assert_allclose(found[name], wanted, rtol=1e-6)


@pytest.mark.long
def test_the_trends_are_what_the_censuses_make_of_them(fine: Path, people: pd.DataFrame) -> None:
    """Renewed by `python -m sd_models.common_prosperity.county_trends`: how well they meet the census of 2020."""
    until = sd.TimeSpan(stop=county_trends.COUNTED, save_every=1)
    model = sd.load("common_prosperity", regions=fine)
    run = sd.simulate(model, outputs=["population", "urban share"], time=until).isel(time=-1)
    start = read(fine, "initial.csv")
    missed = np.abs(run["population"].to_numpy() / start["census population"] - 1)
    assert missed.median() < 0.1
    change = np.log(
        [run["population"].to_numpy() / start["population"], start["census population"] / start["population"]]
    )
    assert np.corrcoef(change)[0, 1] > 0.65
    assert np.abs(run["urban share"].to_numpy() - people["urban share 2020"]).median() < 0.02


def test_counties_of_a_province_stand_beside_the_other_provinces(ningxia: Path, people: pd.DataFrame) -> None:
    """Which are as in the folder of provinces, to the last digit but rounding."""
    found, whole = read(ningxia, "initial.csv"), read(PROVINCES, "initial.csv")
    others = whole.drop(index="Ningxia")
    assert list(found.index) == [*whole.index[:29], *people.index[people["province"] == "Ningxia"], *whole.index[30:]]
    np.testing.assert_allclose(found.loc[others.index], others, rtol=1e-6)
    np.testing.assert_allclose(
        read(ningxia, "regional.csv").loc[others.index], read(PROVINCES, "regional.csv").loc[others.index], rtol=1e-6
    )


def test_a_folder_of_counties_keeps_the_accounts_and_starts_as_the_nation(ningxia: Path) -> None:
    run = sd.simulate(sd.load("common_prosperity", regions=ningxia), time=sd.TimeSpan(save_every=0.25))
    assert faults(run) == []
    whole = sd.simulate(sd.load("common_prosperity"), outputs=["national GDP", "national population"])
    for name in whole.data_vars:
        assert float(run[name][0]) == pytest.approx(float(whole[name][0]), rel=1e-4)
        assert float(run[name].sel(time=2050)) == pytest.approx(float(whole[name].sel(time=2050)), rel=0.01)


def test_a_province_has_a_name_and_a_code(people: pd.DataFrame) -> None:
    assert of_province(people, "Henan") == of_province(people, "CN-HA")
    with pytest.raises(ValueError, match=r"no province 'Honan'; known are CN-BJ \(Beijing\)"):
        of_province(people, "Honan")


def test_a_sample_leaves_a_rest_of_each_province(people: pd.DataFrame, trends: pd.DataFrame, tmp_path: Path) -> None:
    """The same seed draws the same counties; what is left of a province makes it whole again."""
    drawn = sample(people, 333, 0)
    assert len(drawn) == 333
    assert drawn == sample(people, 333, 0) != sample(people, 333, 1)
    county_folder(PROVINCES, tmp_path, keep=drawn, trends=trends)
    found, whole = read(tmp_path, "initial.csv"), read(PROVINCES, "initial.csv")
    assert drawn <= set(found.index)
    place = people["province"].reindex(found.index)
    place = place.fillna(pd.Series(found.index.str.removeprefix("rest of "), found.index))
    for name in INITIAL:
        np.testing.assert_allclose(means(found, name, place)[whole.index], whole[name], rtol=2e-6)
    rest = read(tmp_path, "regional.csv").loc["rest of Henan"]
    np.testing.assert_allclose(rest, read(PROVINCES, "regional.csv").loc["Henan"], rtol=1e-6)
    with pytest.raises(ValueError, match="0 counties cannot be drawn"):
        sample(people, 0, 0)


# --- own figures ------------------------------------------------------------------------------------------------------


def test_own_figures_are_scaled_to_the_province(fine: Path, people: pd.DataFrame, tmp_path: Path) -> None:
    """What a county has more than the estimate, it has more relative to others; what follows output, likewise."""
    estimate = read(fine, "initial.csv")
    there = list(people.index[people["province"] == "Ningxia"])
    table = tmp_path / "own.csv"
    own = estimate.loc[there[:2], ["GDP", "rural income"]] * np.array([[1.5, 1.2], [1.0, 1.0]])
    own.assign(code=people["code"]).to_csv(table, index=False)
    counties.main(["--target", str(tmp_path / "own"), "--province", "Ningxia", "--own", str(table)])
    found = read(tmp_path / "own", "initial.csv").loc[there]
    for name, factor in (("GDP", 1.5), ("CO2", 1.5), ("rural income", 1.2), ("urban income", 1.0)):
        change = found[name] / estimate.loc[there, name]
        np.testing.assert_allclose(change / change.iloc[1], [factor] + [1] * (len(there) - 1), rtol=1e-5)
        kept = means(found, name, people["province"][there])
        np.testing.assert_allclose(kept, read(PROVINCES, "initial.csv")[name]["Ningxia"], rtol=2e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("county,GDP\na,1\n", "has county, GDP; expected code and any of GDP, urban income, rural income"),
        ("code,GDP\n1,1\n", "has 1, no codes of counties in census.csv"),
        ("code,GDP\n640104,1\n640104,2\n", "more than one row for 640104"),
        ("code,GDP\n640104,-1\n", "values that are not above zero"),
        ("code,GDP\n640104,1e-5\n", "incomes exceed output"),
    ],
)
def test_own_figures_that_do_not_fit_are_refused(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "own.csv"
    table.write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit):
        counties.main(["--target", str(tmp_path / "own"), "--own", str(table)])
    assert message in capsys.readouterr().err


# --- the plan ---------------------------------------------------------------------------------------------------------


def test_the_plan_of_counties_has_no_row_of_a_county_but_absorption() -> None:
    """Promises hold for the nation: rows that all levers enter stay few, however many counties there are."""
    plan = load_plan(HERE / "plans" / "counties.toml")
    assert plan.horizon == (2026, 2046)
    of_counties = [limit.name for limit in plan.limits if not str(limit.variable).startswith("national ")]
    assert of_counties == ["annual budget", "absorption"]


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ("code,rural income\n110101,inf\n", "not above zero or not finite"),
        ("code,urban income\n110101,True\n", "words in the column urban income"),
        ("", "is empty"),
    ],
)
def test_own_figures_that_are_no_numbers_are_refused(
    own: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a sentence; nothing is written."""
    (tmp_path / "own.csv").write_text(own, encoding="utf-8")
    target = tmp_path / "fine"
    with pytest.raises(SystemExit):
        counties.main(["--target", str(target), "--sample", "5", "--own", str(tmp_path / "own.csv")])
    assert told in capsys.readouterr().err
    assert not target.exists()


def test_a_folder_that_exists_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        counties.main(["--target", str(tmp_path), "--sample", "5"])
    assert "exists already" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

"""Data folders of counties: who lives there by two censuses; output and income of the province, shared out by rules.

    python -m sd_models.common_prosperity.counties --target fine                   # all counties
    python -m sd_models.common_prosperity.counties --target fine --province CN-HA  # the other provinces whole
    python -m sd_models.common_prosperity.counties --target fine --sample 333      # and what is left of each province
    python -m sd_models.common_prosperity.counties --target fine --own mine.csv    # a user's own output and incomes

`counties/census.csv` holds facts: 2,848 counties and the four prefectures that have none, which count as counties here;
137 development zones, whose people are shared out over the counties of their prefecture (of their province, if it has
none) by urban residents. What the census does not tell is an estimate: what adds up to the province goes by the rules
of `_rows`, two trends are fitted (`county_trends.py`), air, forest, taxes and the rest are those of the province. Sums
and weighted means (`folder.py`) of every province are kept, whatever the counties are.

A table of own columns has a column `code` and any of `OWN`, in the units of `initial.csv`. Counties that it leaves out
keep the estimate; then all are scaled to the province. Capital, energy, emissions, debt and spending follow an own
output.

Why rules with few round numbers, and no regression: no output or income of counties may be passed on with the project,
so that nothing can be fitted to them here. Whoever has these figures brings them as own columns.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from .folder import ALIKE, HERE, INITIAL, REGIONAL, copy_shared, read, weight, write
from .grouping import grouped

CENSUS = HERE / "counties" / "census.csv"
TRENDS = HERE / "counties" / "trends.csv"  # made by `county_trends.py`
YEARS = (2010, 2020)
SHARES = (0.01, 0.99)  # the model divides by rural people and by townspeople: every region has some of either
OWN = ("GDP", "urban income", "rural income")  # what a user's table may hold
OUTPUT = ("GDP", "capital", "CO2", "energy", "debt")  # they go with output
INCOMES = ("urban income", "rural income")

# Assumptions, all of them within a province.
AGRICULTURE = 0.4  # product of a worker in agriculture over that of others, of one residence and schooling
INCOME_ELASTICITY = 0.7  # of both incomes to productivity
SPENDING_ELASTICITY = 0.5  # of public spending a head to output a head
TOWNS = (0.03, 0.97)  # share of townspeople who live in towns and county seats: of a district, of other counties
AWAY = (0.6, 0.9, 0.9)  # part without hukou of those away within the county, from another county, another province

_MOVES = ("away within the county", "away from another county", "away from another province")
_PEOPLE = ["population 2020", "urban population 2020", *_MOVES]
_MEANS = ["schooling 2020", "share in agriculture"]


def census() -> pd.DataFrame:
    """The counties with the people of zones, by region name; unknown values as in the province.

    A county without comparable figures of 2010 has those of 2020, changed as the other counties of its province did
    since 2010: people by one factor, the odds of the urban share by one, schooling by a difference.
    """
    table = pd.read_csv(CENSUS)
    table["share in agriculture"] = _filled(table, table["share in agriculture"])
    for name in _MOVES:
        table[name] = table["population 2020"] * _filled(table, table[name] / table["population 2020"])
    found = _without_zones(table)
    found.index = pd.Index(_names(found))
    found["urban share 2020"] = found["urban population 2020"] / found["population 2020"]
    found["urban share 2010"] = found["urban population 2010"] / found["population 2010"]
    return pd.concat([_in_2010(rows) for _, rows in found.groupby("province", sort=False)])


def county_folder(
    source: Path,
    target: Path,
    *,
    keep: frozenset[str] | None = None,
    own: pd.DataFrame | None = None,
    trends: pd.DataFrame | None,
) -> None:
    """Write a folder whose regions are counties, and what is left of each province.

    `keep` names the counties that stand for themselves, all without it; what is left of a province has the name of the
    province if none of its counties does, and the trends of the province in any case. `own` and `trends` have the code
    as their index; without `trends` each county has those of its province.
    """
    whole, people = read(source, "initial.csv"), census()
    found = [_rows(whole.T[str(name)], rows, own) for name, rows in people.groupby("province", sort=False)]
    initial = pd.concat(found)[list(whole.columns)]
    _check(initial)
    groups = _groups(people, people.index if keep is None else keep)
    copy_shared(source, target)
    write(target, "initial.csv", grouped(initial, INITIAL, initial, groups))
    for name in ("regional.csv", *ALIKE):
        table = read(source, name).loc[people["province"]].set_axis(people.index)
        if name == "regional.csv" and trends is not None:
            alone = people["code"][[groups[county] == county for county in people.index]]
            table.loc[alone.index, list(trends)] = trends.loc[alone].to_numpy()
        columns = REGIONAL if name == "regional.csv" else dict.fromkeys(table.columns, ALIKE[name])
        write(target, name, grouped(table, columns, initial, groups))


def sample(people: pd.DataFrame, count: int, seed: int) -> frozenset[str]:
    """That many counties at random, each with the same chance: a large city is a county as any other."""
    if not 0 < count <= len(people):
        raise ValueError(f"{count} counties cannot be drawn from {len(people)}; ask for 1 to {len(people)}")
    return frozenset(np.random.default_rng(seed).choice(people.index.to_numpy(), count, replace=False))


def of_province(people: pd.DataFrame, asked: str) -> frozenset[str]:
    """The counties of a province, by its name or its code (CN-HA)."""
    table = pd.read_csv(HERE / "names.csv").query("grid == 'provinces'")
    names = {f"CN-{code}": name for code, name in zip(table["code"], table["name"], strict=True)}
    found = people.index[people["province"] == names.get(asked, asked)]
    if found.empty:
        known = ", ".join(f"{code} ({name})" for code, name in names.items())
        raise ValueError(f"no province {asked!r}; known are {known}")
    return frozenset(found)


def read_own(path: Path) -> pd.DataFrame:
    """A user's table: county code, and columns of `OWN`, all positive; empty cells keep the estimate."""
    try:
        table = pd.read_csv(path)
    except pd.errors.EmptyDataError as error:
        raise ValueError(f"{path.name} is empty") from error
    if "code" not in table or not set(table) & set(OWN):
        raise ValueError(f"{path.name} has {', '.join(map(str, table))}; expected code and any of {', '.join(OWN)}")
    found = table.set_index("code")[[name for name in OWN if name in table]]
    if twice := sorted(found.index[found.index.duplicated()]):
        raise ValueError(f"{path.name} has more than one row for {', '.join(map(str, twice))}")
    if unknown := sorted(set(found.index) - set(census()["code"])):
        raise ValueError(f"{path.name} has {', '.join(map(str, unknown[:5]))}, no codes of counties in {CENSUS.name}")
    if words := [name for name in found if found[name].dtype.kind not in "iuf"]:
        raise ValueError(f"{path.name} has words in the column {words[0]}; expected numbers")
    if ((found <= 0) | np.isinf(found)).any(axis=None):
        raise ValueError(
            f"{path.name} has values that are not above zero or not finite; leave a cell empty to keep the estimate"
        )
    return found


# --- facts ------------------------------------------------------------------------------------------------------------


def _filled(table: pd.DataFrame, share: pd.Series) -> pd.Series:
    """A share with the mean of the province, weighted by residents, where it is not known."""
    people = table["population 2020"].where(share.notna())
    place = table["province"]
    return share.fillna((share * people).groupby(place).transform("sum") / people.groupby(place).transform("sum"))


def _without_zones(table: pd.DataFrame) -> pd.DataFrame:
    """The counties, with the people of the zones of their prefecture, or province, by urban residents."""
    amounts = pd.concat([table[_PEOPLE], table[_MEANS].mul(table["population 2020"], axis=0)], axis=1)
    zone = table["kind"] == "zone"
    prefecture = table["province"] + table["prefecture"]
    with_counties = prefecture.isin(set(prefecture[~zone]))
    found = amounts[~zone].copy()
    for place, here in ((prefecture, with_counties), (table["province"], ~with_counties)):
        urban = table["urban population 2020"].where(~zone)
        share = urban / urban.groupby(place).transform("sum")
        people = amounts[zone & here].groupby(place).sum().reindex(place, fill_value=0).set_axis(table.index)
        found += people.mul(share, axis=0)[~zone]
    means = found[_MEANS].div(found["population 2020"], axis=0)
    return table[~zone].astype({"code": int}).assign(**found[_PEOPLE], **means)


def _in_2010(rows: pd.DataFrame) -> pd.DataFrame:
    """The counties of a province with figures of 2010 for all of them."""
    known = rows[rows["population 2010"].notna()]
    then, now = (known[f"population {year}"] for year in YEARS)
    urban = pd.Series(
        {year: known[f"urban population {year}"].sum() / known[f"population {year}"].sum() for year in YEARS}
    )
    learned = np.average(known["schooling 2010"], weights=then) - np.average(known["schooling 2020"], weights=now)
    change = _odds(urban)
    odds = _odds(rows["urban share 2020"].clip(*SHARES)) * change[2010] / change[2020]
    return rows.assign(
        **{
            "population 2010": rows["population 2010"].fillna(rows["population 2020"] * then.sum() / now.sum()),
            "urban share 2010": rows["urban share 2010"].fillna(odds / (1 + odds)),
            "schooling 2010": rows["schooling 2010"].fillna(rows["schooling 2020"] + learned),
        }
    )


def _names(rows: pd.DataFrame) -> list[str]:
    """The name of each county; with its code where another one has the same."""
    twice, codes = rows["county"].duplicated(keep=False), rows["code"].astype(str)
    return list(rows["county"].where(~twice, rows["county"] + " " + codes))


def _groups(people: pd.DataFrame, keep: frozenset[str] | pd.Index) -> dict[str, str]:
    """The region of the folder to which each county belongs."""
    kept = people.index.isin(keep)
    split = set(people["province"][kept])
    left = [f"rest of {province}" if province in split else province for province in people["province"]]
    return dict(zip(people.index, np.where(kept, people.index, left), strict=True))


# --- estimates --------------------------------------------------------------------------------------------------------


def _rows(whole: pd.Series, people: pd.DataFrame, own: pd.DataFrame | None) -> pd.DataFrame:
    """Rows of `initial.csv` for the counties of a province, their sums and weighted means those of the province.

    Output goes by labour as the model counts it (a rural resident is a part of a townsperson), the return to schooling,
    and agriculture, whose workers produce less; both incomes by the productivity of that labour, less than one for one.
    """
    rows = pd.DataFrame([whole] * len(people), index=people.index).astype(float)
    rows["population"] = _shared(whole["population"], people["population 2010"])
    rows["census population"] = _shared(whole["census population"], people["population 2020"])
    rows["urban share"] = shifted(
        people["urban share 2010"], weight(INITIAL["urban share"], rows), whole["urban share"]
    )
    rows["land area"] = _shared(whole["land area"], weight(("population", "rural share"), rows))
    away = sum(part * people[name] for part, name in zip(AWAY, _MOVES, strict=True)) / people["urban population 2020"]
    rows["share without hukou"] = shifted(
        away, weight(INITIAL["share without hukou"], rows), whole["share without hukou"]
    )
    seats = pd.Series(np.where(people["county"].str.endswith("区"), *TOWNS), people.index)
    rows["town share"] = shifted(seats, weight(INITIAL["town share"], rows), whole["town share"])
    _set_schooling(rows, whole, people)
    productivity = _productivity(people)
    _set_output(rows, whole, productivity, _own(own, "GDP", people))
    for name in INCOMES:
        estimate = rows[name] * productivity**INCOME_ELASTICITY
        estimate = _scaled(estimate, rows, whole, name)
        rows[name] = _scaled(_own(own, name, people).fillna(estimate), rows, whole, name)
    return rows


def _set_schooling(rows: pd.DataFrame, whole: pd.Series, people: pd.DataFrame) -> None:
    """Townspeople and rural people both learn as much more than those of the province as the census tells of all."""
    expected = rows["urban share"] * whole["urban schooling"] + (1 - rows["urban share"]) * whole["rural schooling"]
    relative = people["schooling 2010"] / expected
    for name in ("rural schooling", "urban schooling"):
        rows[name] = _scaled(rows[name] * relative, rows, whole, name)


def _productivity(people: pd.DataFrame) -> pd.Series:
    """Product of labour by schooling and agriculture, in any unit."""
    learned: pd.Series = np.exp(_parameter("return to schooling") * people["schooling 2010"])
    return learned * (1 - (1 - AGRICULTURE) * people["share in agriculture"])


def _set_output(rows: pd.DataFrame, whole: pd.Series, productivity: pd.Series, own: pd.Series) -> None:
    """Output, what goes with it, and public spending, which goes by less than one for one."""
    labour = rows["urban share"] + _parameter("rural labour weight") * (1 - rows["urban share"])
    estimate = _shared(whole["GDP"], rows["population"] * labour * productivity)
    share = _shared(1.0, own.fillna(estimate))
    for name in OUTPUT:
        rows[name] = whole[name] * share
    a_head = (rows["GDP"] / rows["population"]) ** (SPENDING_ELASTICITY - 1)
    for name in ("spending share", "later spending share"):
        rows[name] = _scaled(rows[name] * a_head, rows, whole, name)
    rows["record of spending"] = _shared(whole["record of spending"], rows["GDP"] * a_head)


def _own(own: pd.DataFrame | None, name: str, people: pd.DataFrame) -> pd.Series:
    """A user's column for these counties; nothing where there is none."""
    if own is None or name not in own:
        return pd.Series(np.nan, people.index)
    return own[name].reindex(people["code"]).set_axis(people.index)


def _parameter(name: str) -> float:
    """The model's own number."""
    return float(pd.read_csv(HERE / "provinces" / "parameters.csv").set_index("parameter")["value"][name])


def _shared(total: float, parts: pd.Series) -> pd.Series:
    """A total in proportion to the parts."""
    return total * parts / parts.sum()


def _scaled(values: pd.Series, rows: pd.DataFrame, whole: pd.Series, name: str) -> pd.Series:
    """Values times a factor, so that their weighted mean is the province's."""
    return values * float(whole[name] / np.average(values, weights=weight(INITIAL[name], rows)))


def shifted(values: pd.Series, weights: pd.Series, mean: float) -> pd.Series:
    """Shares whose odds are times a factor, so that their weighted mean is this one; none is 0 or 1."""
    odds, parts = _odds(values.clip(*SHARES)).to_numpy(), (weights / weights.sum()).to_numpy()
    low, high = -30.0, 30.0  # logarithms of factors that are out of reach
    for _ in range(60):  # halves the bracket down to the last bit
        middle = (low + high) / 2
        below = parts @ (1 / (1 + np.exp(-middle) / odds)) < mean
        low, high = (middle, high) if below else (low, middle)
    return pd.Series(1 / (1 + np.exp(-low) / odds), values.index)


def _odds(share: pd.Series) -> pd.Series:
    """A share over what it leaves of 1."""
    return share / (1 - share)


def _check(initial: pd.DataFrame) -> None:
    """Raise ValueError for counties whose people earn more than they produce: own columns that do not fit together."""
    a_head = initial["urban share"] * initial["urban income"] + (1 - initial["urban share"]) * initial["rural income"]
    above = initial.index[a_head * initial["population"] / 1000 > initial["GDP"]]
    if len(above):
        some = ", ".join(above[:5])
        raise ValueError(f"incomes exceed output in {len(above)} counties: {some}; own columns must fit together")


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="counties", description="Make a data folder of counties.")
    parser.add_argument("--target", type=Path, required=True, help="data folder to write")
    parser.add_argument(
        "--source", type=Path, default=HERE / "provinces", help="data folder of provinces to start from"
    )
    parser.add_argument("--own", type=Path, help="table: code, and any of " + ", ".join(OWN))
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--province", help="counties of this province only, by code (CN-HA) or name; the others whole")
    choice.add_argument("--sample", type=int, help="that many counties at random, and what is left of provinces")
    asked = parser.parse_args(arguments)
    try:
        if asked.target.exists():
            raise ValueError(f"{asked.target} exists already; name a new folder")
        own = read_own(asked.own) if asked.own else None
        keep = _kept(asked.province, asked.sample, asked.seed)
        trends = pd.read_csv(TRENDS).set_index("code")
        county_folder(asked.source, asked.target, keep=keep, own=own, trends=trends)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except KeyError as error:
        parser.error(f"{asked.source} has no row or column {error}; expected a folder with the provinces of the model")
    print(f"Written: {asked.target}")


def _kept(province: str | None, count: int | None, seed: int) -> frozenset[str] | None:
    """The counties that are asked for; nothing for all."""
    if province is not None:
        return of_province(census(), province)
    return None if count is None else sample(census(), count, seed)


if __name__ == "__main__":
    main()

"""Each yuan of the flagship has a payer and a receiver, each person a place: for random policies and numbers."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from support.flagship import (
    LEVER,
    baseline,
    faults,
    largest,
    names,
    open_accounts,
    own,
    run,
    spending,
    table,
)

POLICIES = 100
BATCH = 10
YEARS = np.arange(2011.0, 2052.0)
# What a random draw leaves alone: years, and cases that are whole numbers.
CLOSURES = ("income closure", "productivity closure", "energy closure")
YEARS_OF_THE_MODEL = ("end of the record", "start of plans")


def random_money(random: np.random.Generator) -> xr.DataArray:
    """A policy that nobody would choose: who gets what, how much, and when differ by orders of magnitude."""
    output = own("initial GDP")[:, None]
    chosen = random.random((31, 16)) < random.random()
    size = random.choice([0.001, 0.01, 0.1, 1.0]) * 10 ** random.uniform(-2, 0, (31, 16))
    start, stop = random.choice([2011, 2020, 2026, 2040]), random.choice([2030, 2045, 2060])
    when = (start <= YEARS) & (stop > YEARS)
    path = output * chosen * size * when[:, None, None] * 10 ** random.uniform(-1, 0.5, (len(YEARS), 31, 16))
    places = {"time": YEARS, "province": names("province"), "measure": names("measure")}
    return xr.DataArray(path, places, dims=("time", "province", "measure"))


def random_numbers(random: np.random.Generator) -> dict[str, float]:
    """All parameters somewhere in their ranges, and any closures."""
    rows = table("parameters.csv").itertuples()
    kept = (*CLOSURES, *YEARS_OF_THE_MODEL)
    drawn = {str(row.parameter): random.uniform(row.low, row.high) for row in rows if row.parameter not in kept}
    return {**drawn, **{name: float(random.integers(1, 4)) for name in CLOSURES}}


def test_the_accounts_of_the_baseline_are_closed() -> None:
    assert open_accounts(baseline()) == []


@pytest.mark.parametrize("batch", range(POLICIES // BATCH))
def test_the_accounts_are_closed_for_random_policies_and_numbers(batch: int) -> None:
    """Ten of a hundred runs: random money for random measures, and each parameter anywhere in its range."""
    for number in range(batch * BATCH, (batch + 1) * BATCH):
        random = np.random.default_rng(number)
        found = run(random_numbers(random), random_money(random))
        assert open_accounts(found) == [], number


@pytest.mark.parametrize("number", range(10))
def test_nobody_is_below_zero_whatever_the_numbers_within_their_ranges(number: int) -> None:
    random = np.random.default_rng(1000 + number)
    assert faults(run(random_numbers(random), spending(random.uniform(0, 0.1)))) == []


def test_accounts_that_leak_are_found() -> None:
    """The check itself: a yuan that vanishes, a person who vanishes."""
    leaky = baseline().copy()
    leaky["household income"] = leaky["household income"] * (1 - 1e-8)
    leaky["arrivals without hukou"] = leaky["arrivals without hukou"] * (1 - 1e-6)
    assert [text.split(":")[0] for text in open_accounts(leaky)] == [
        "incomes are paid by somebody",
        "arrivals are departures without hukou",
    ]


def test_each_component_of_a_household_income_is_paid_by_somebody() -> None:
    """Production pays wages and business, enterprises and debtors property, budgets transfers and programmes."""
    found = run(money=spending(0.05))
    for kind, people in (("urban", "urban population"), ("rural", "rural population")):
        gross = found[f"{kind} factor income"] + found[f"{kind} transfer"]
        gross = gross + found["urban property"] * (found["property parity"] if kind == "rural" else 1)
        programmes = found[f"{kind} programme transfers"] / found[people] * 1000
        net = (1 - found["levy rate"]) * gross + programmes
        assert largest(found[f"{kind} income"] / net - 1) < 1e-12


def test_citizens_and_migrants_share_what_townspeople_earn() -> None:
    found = run(money=spending(0.05))
    earned = found["citizen income"] * (
        found["urban citizens"]
        + found["town population"]
        + (1 - found["pay gap of migrants"]) * found["migrants without local hukou"]
    )
    assert largest(earned / (found["urban income"] * found["urban population"]) - 1) < 1e-12


def test_the_levy_falls_on_all_incomes_alike() -> None:
    """So much of the incomes of households and of the surplus of enterprises, in each province."""
    found = run(money=spending(0.05)).sel(time=slice(2026, None))
    assert largest(found["levy for measures"] / found["levy base"] / found["levy rate"] - 1) < 1e-12
    assert float(found["levy rate"].min()) > 0.01


def test_the_levy_never_takes_all() -> None:
    found = run(money=spending(100.0))
    assert 0.9 < float(found["levy rate"].max()) < 1
    assert float(found["urban income"].min()) > 0


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_nation_pays_its_share_of_the_measures(share: float) -> None:
    """All but what the levy itself brings down."""
    found = run({"share paid by the nation": share}, spending(0.05)).sel(time=2030)
    paid = found["levied part of measures"] * (1 + found["levy pressure"])
    assert largest(paid / found["provincial investment"] - share) < 1e-12


def test_programmes_and_money_in_the_delay_are_worth_what_was_paid() -> None:
    """What is at work and what has worn out adds up to the money, less what haste cost."""
    money = spending(0.05, stop=2030)
    found = run({"elasticity of cost to strain": 0.0}, money)
    step = 0.25
    worn = found["programmes worn out"].isel(time=slice(None, -1)).sum("time") * step
    spent = money.isel(time=slice(None, -1)).sum("time") * step
    worth = (found["programmes"].isel(time=-1) + worn).transpose("province", "measure")
    np.testing.assert_allclose(worth, spent, rtol=1e-3)
    hasty = run(money=money)
    worn = hasty["programmes worn out"].isel(time=slice(None, -1)).sum("time") * step
    assert (hasty["programmes"].isel(time=-1) + worn < worth).all()


def test_people_of_a_province_change_by_births_and_moves_alone() -> None:
    found = run(money=spending(0.05))
    change = found["population"].diff("time", label="lower") / 0.25
    moves = found["arrivals without hukou"] + found["arrivals with hukou"] + found["returning to the countryside"]
    moves = moves - found["departures without hukou"] - found["departures with hukou"]
    moves = moves - found["leaving for other provinces"] - found["returning migrants"]
    gap = change - found["natural growth rate"] * found["population"] - moves
    assert largest(gap / found["population"]) < 1e-9


def test_nothing_changes_before_the_money_comes() -> None:
    """No foresight: until 2026 a run with measures is the baseline."""
    found = run(money=spending(0.05))
    before = found.time < 2026
    for name in ("national GDP", "urban income", "public debt", "population", "score"):
        np.testing.assert_array_equal(found[name][before], baseline()[name][before])


def test_the_nations_accounts_are_those_of_its_provinces() -> None:
    """What the nation lends in all provinces, and nothing else, pays off its debt; its interest stays its own."""
    found = run(money=spending(0.05))
    lent = found["lending of the nation"].sum("province").isel(time=slice(None, -1)).sum("time") * 0.25
    assert float(found["central debt"][-1]) == pytest.approx(-float(lent), rel=1e-9)


def test_the_macro_regions_keep_the_accounts_too() -> None:
    assert open_accounts(run(money=spending(0.05, regions="macro"), regions="macro")) == []


def test_nothing_is_spent_beyond_today_unless_somebody_does() -> None:
    assert largest(baseline()[LEVER]) == 0
    assert largest(baseline()["reached"]) == 0

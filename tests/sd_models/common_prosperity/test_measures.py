"""What each measure of the flagship does alone: at 1% of the national output from 2026 on, by residents."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from support.flagship import END, FREE, baseline, largest, names, own, run, spending, table

MEASURES = tuple(table("measures.csv")["measure"])
PARTS = ("growth", "spirit", "ecology", "sharing")
PILLARS = {str(row.measure): str(row.pillar) for row in table("measures.csv").itertuples()}
KEPT = (
    *PARTS,
    *(f"national {part}" for part in PARTS),
    *("national GDP", "national urban income", "national rural income", "national income ratio", "national CO2"),
    *("national PM25", "national schooling", "national rural schooling", "national belonging", "national urban share"),
    *("national hukou urban share", "rural over citizen services", "national prosperity index", "reached"),
    *("theil between provinces", "national forest cover", "transferred land", "culture", "migrant services"),
    *("congestion", "technology", "town population", "national public debt"),
)


@cache
def alone(measure: str, share: float = 0.01, *, free: bool = True) -> xr.Dataset:
    """Outcomes of 2050 with money for one measure; nobody pays for it, unless `free` is false."""
    money = spending(share, only=measure) if share else None
    return run(FREE if free else {}, money)[list(KEPT)].sel(time=END).load()


def gain(measure: str, outcome: str, share: float = 0.01, *, free: bool = True) -> xr.DataArray:
    """What the money adds to an outcome of 2050."""
    return alone(measure, share, free=free)[outcome] - alone("", 0.0, free=free)[outcome]


# --- by the four effects ----------------------------------------------------------------------------------------------


# Growth, spirit, ecology, sharing: the sign in most provinces and the nation; 0 where channels of both signs meet.
SIGNS: dict[str, tuple[int, int, int, int]] = {
    "basic services": (1, 1, -1, 1),
    "vocational skills": (1, 1, -1, 1),
    "social insurance": (1, 1, -1, 1),
    "equal employment": (1, 1, -1, 1),
    "transport networks": (1, 1, -1, 1),
    "regional agglomerations": (1, 1, -1, 0),
    "metropolitan areas": (1, 1, -1, 1),
    "county carriers": (0, 1, 0, 1),
    "ecological restoration": (1, 1, 1, 1),
    "green production": (1, 1, 1, 1),
    "cultural heritage": (1, 1, -1, 1),
    "civic quality": (1, 1, -1, 1),
    "rural revitalization": (0, 1, 0, 1),
    "land rights": (1, 1, -1, 1),
    "rural enterprise": (0, 1, 0, 1),
    "rural public services": (0, 1, 0, 1),
}


def test_the_signs_are_of_all_measures() -> None:
    assert tuple(SIGNS) == MEASURES


@pytest.mark.parametrize("measure", MEASURES)
def test_a_measure_moves_each_effect_as_it_should(measure: str) -> None:
    """Output is dirty: what raises it lowers ecology, unless it is for ecology. In 2 of 3 provinces at least."""
    for part, sign in zip(PARTS, SIGNS[measure], strict=True):
        if sign:
            assert sign * float(gain(measure, f"national {part}")) > 0, part
            assert int((sign * gain(measure, part) > 0).sum()) >= 21, part


@pytest.mark.parametrize("measure", MEASURES)
def test_no_measure_is_free(measure: str) -> None:
    """Those who pay have less: with levy and debt growth is lower than without, in the nation."""
    assert float(gain(measure, "national growth", free=False)) < float(gain(measure, "national growth"))


# --- by what it is for ------------------------------------------------------------------------------------------------

PURPOSES: list[tuple[str, str, float]] = [
    # measure, outcome, change in per cent that it reaches at least (of half what was measured)
    ("basic services", "national hukou urban share", 2.0),
    ("basic services", "migrant services", 5.0),
    ("vocational skills", "national rural income", 2.5),
    ("vocational skills", "national GDP", 0.9),
    ("social insurance", "migrant services", 2.0),
    ("equal employment", "national GDP", 0.8),
    ("equal employment", "national belonging", 3.5),
    ("transport networks", "national GDP", 0.6),
    ("regional agglomerations", "technology", 0.1),
    ("regional agglomerations", "theil between provinces", -0.7),
    ("metropolitan areas", "national GDP", 0.7),
    ("metropolitan areas", "congestion", -2.0),
    ("county carriers", "national rural income", 0.7),
    ("county carriers", "town population", 1.0),
    ("ecological restoration", "national PM25", -1.9),
    ("ecological restoration", "national forest cover", 1.0),
    ("green production", "national CO2", -10.0),
    ("green production", "national PM25", -5.0),
    ("cultural heritage", "culture", 5.0),
    ("cultural heritage", "national belonging", 1.7),
    ("civic quality", "national belonging", 7.0),
    ("rural revitalization", "national rural income", 2.2),
    ("rural revitalization", "national income ratio", -2.3),
    ("land rights", "national rural income", 2.6),
    ("land rights", "transferred land", 5.0),
    ("rural enterprise", "national rural income", 1.3),
    ("rural public services", "rural over citizen services", 3.0),
    ("rural public services", "national rural schooling", 0.19),
]


def percent(measure: str, outcome: str) -> float:
    """The change of the mean of an outcome, in per cent."""
    return 100 * float(gain(measure, outcome).mean() / alone("", 0.0)[outcome].mean())


@pytest.mark.parametrize(("measure", "outcome", "least"), PURPOSES)
def test_measures_do_what_they_are_for(measure: str, outcome: str, least: float) -> None:
    assert percent(measure, outcome) * np.sign(least) >= abs(least)


def test_every_measure_is_for_something() -> None:
    assert {measure for measure, *_ in PURPOSES} == set(MEASURES)


@pytest.mark.parametrize("measure", ["county carriers", "rural revitalization", "land rights", "rural enterprise"])
def test_rural_measures_bring_town_and_countryside_together_at_the_towns_cost(measure: str) -> None:
    """What production pays to households is shared anew: the ratio falls, and urban income with it."""
    assert percent(measure, "national income ratio") < -0.7
    assert float(gain(measure, "national urban income", free=False)) < 0
    assert float(gain(measure, "national rural income", free=False)) > 0


@pytest.mark.parametrize("measure", ["transport networks", "metropolitan areas", "vocational skills"])
def test_what_raises_output_raises_emissions(measure: str) -> None:
    assert percent(measure, "national GDP") > 0.5
    assert percent(measure, "national CO2") > 0.5


# --- how much of it ---------------------------------------------------------------------------------------------------

FOR: dict[str, tuple[str, int]] = {measure: (outcome, int(np.sign(least))) for measure, outcome, least in PURPOSES}


@pytest.mark.parametrize("measure", MEASURES)
def test_more_money_does_more_and_each_further_yuan_less(measure: str) -> None:
    """At 1, 2, 3 and 4% of output, for what the measure is for."""
    outcome, sign = FOR[measure]
    steps = [sign * float(gain(measure, outcome, share).mean()) for share in (0.0, 0.01, 0.02, 0.03, 0.04)]
    gains = np.diff(steps)
    assert (gains > 0).all(), gains
    assert (np.diff(gains) < 0).all(), gains


@pytest.mark.parametrize("start", [2026, 2040])
def test_reached_never_falls_with_more_money(start: int) -> None:
    """Also while haste makes programmes dear: for each measure, province and time."""
    runs = [run(money=spending(share, start=start))["reached"] for share in (0.005, 0.02, 0.08, 0.32)]
    for less, more in pairwise(runs):
        assert float((more - less).min()) > -1e-12


def test_a_doubled_price_lowers_what_is_reached() -> None:
    cheap = run(money=spending(0.05))["reached"].sel(time=END)
    dear = run({"price of a measure": np.full(16, 2.0)}, spending(0.05))["reached"].sel(time=END)
    assert (dear < cheap).all()


def test_reached_is_half_at_the_programmes_for_half_effect() -> None:
    found = run(money=spending(0.05)).sel(time=END)
    share = found["programmes"] / found["programmes for half effect"]
    np.testing.assert_allclose(found["reached"], 1 - 0.5**share, rtol=1e-12)


def test_effects_fade_when_spending_ends() -> None:
    """Each measure in each province, by a half at least within two of its lifetimes, where there is as much time."""
    reached = run(money=spending(0.05, stop=2030))["reached"]
    assert (reached.isel(time=-1) < reached.max("time")).all()
    lives = xr.DataArray(own("lifetime of programmes"), {"measure": names("measure")})
    short = reached.sel(measure=lives.measure[lives <= 10])
    assert (short.isel(time=-1) < short.max("time") / 2).all()


@pytest.mark.parametrize("measure", MEASURES)
def test_effects_come_after_the_execution_delay_and_not_at_once(measure: str) -> None:
    """A third of the delay after the start there is next to nothing; what is reached grows on until the end."""
    delay = float(own("execution delay")[MEASURES.index(measure)])
    reached = run(money=spending(0.01, only=measure))["reached"].sel(measure=measure).mean("province")
    early = float(reached.sel(time=2026 + delay / 3, method="nearest"))
    assert early < 0.1 * float(reached.sel(time=2026 + 3 * delay, method="nearest"))
    assert (np.diff(reached.sel(time=slice(2027, None))) > -2e-3).all()


# --- absorption -------------------------------------------------------------------------------------------------------


def cost_of_haste(money: xr.DataArray) -> xr.DataArray:
    return run(money=money)["cost of haste"]


def test_haste_costs_where_spending_jumps() -> None:
    """A jump by 5% of output makes programmes dearer at once in every province and field, and hardly after years."""
    cost = cost_of_haste(spending(0.05))
    assert float(cost.sel(time=2026).min()) > 1.05
    assert float(cost.sel(time=2040).max()) < 1.1


def test_haste_costs_nothing_where_nothing_is_hasty() -> None:
    """Neither a slow rise nor an end of spending costs more than the growth of the economy itself makes it: a tenth."""
    slow = spending(0.01) * (baseline().time - 2026).clip(0) / 25
    assert float(cost_of_haste(slow).sel(time=slice(2026, None)).max()) < 1.12
    assert float(cost_of_haste(spending(0.05, stop=2035)).sel(time=slice(2035, None)).max()) < 1.1


def test_the_same_money_reaches_more_where_it_comes_slowly() -> None:
    """A lump in a year, or the same over five."""
    lump = spending(0.05, start=2026, stop=2027)
    slow = spending(0.01, start=2026, stop=2031)
    scale = float(lump.sum() / slow.sum())
    fast, steady = (
        run({"lifetime of programmes": np.full(16, 1e9)}, money)["programmes"] for money in (lump, slow * scale)
    )
    assert (fast.sum("measure").isel(time=-1) < steady.sum("measure").isel(time=-1)).all()


def test_transfers_of_programmes_have_an_end() -> None:
    """However much money: what is paid out to people stays below the full effect."""
    found = run(money=spending(5.0)).sel(time=END)
    for kind in ("urban", "rural"):
        paid = found[f"{kind} programme transfers"] / found[f"most {kind} programme transfers"]
        assert largest(paid) <= 1
    assert float(paid.min()) > 0.9

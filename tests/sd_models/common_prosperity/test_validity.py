"""Whether the flagship's numbers can be trusted: at half the step, against targets, in PySD, with its default plans."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from support.flagship import LEVER, baseline, names, run, spending, system

import sd_models as sd
from optimize import load_plan
from sd_models.common_prosperity.folder import HERE

NATION = (
    *("national GDP", "national urban income", "national rural income", "national income ratio", "national CO2"),
    *("national PM25", "national urban share", "national population", "national schooling", "national public debt"),
    *("national belonging", "rural over citizen services", "national prosperity index"),
)


def at_step(step: float, money: xr.DataArray) -> xr.Dataset:
    time = sd.TimeSpan(step=step, save_every=1)
    simulator = sd.compile(system(), levers=[LEVER], outputs=list(NATION), time=time)
    return simulator.run(levers={LEVER: money})


@pytest.mark.parametrize("share", [0.0, 0.05])
def test_half_the_step_moves_hardly_anything(share: float) -> None:
    """The error of Euler's method is small beside all else, in every year and with a jump of spending."""
    whole, half = (at_step(step, spending(share)) for step in (0.25, 0.125))
    for name in NATION:
        np.testing.assert_allclose(half[name], whole[name], rtol=0.015, err_msg=name)


@pytest.mark.parametrize("row", pd.read_csv(HERE / "targets.csv").to_dict("records"), ids=lambda r: str(r["variable"]))
def test_the_baseline_meets_and_misses_targets_as_the_page_says(row: Mapping[str, float]) -> None:
    """What flows in a year is taken from its middle, what is counted from its end, as statistics do."""
    found = in_year(str(row["variable"]), row["year"])
    if not np.isnan(row["relative to"]):
        found = found / in_year(str(row["variable"]), row["relative to"]) - 1
    met = not (found < row["least"] or found > row["most"])
    assert row["baseline"] == ("met" if met else "missed"), found


COUNTED = ("national urban share", "national hukou urban share", "national forest cover", "national population")


def in_year(variable: str, year: float) -> float:
    """A statistic of the baseline for a calendar year."""
    return float(baseline()[variable].sel(time=year + (1.0 if variable in COUNTED else 0.5)))


@pytest.mark.slow
@pytest.mark.parametrize("regions", ["macro", pytest.param("provinces", marks=pytest.mark.long)])
def test_pysd_runs_the_untouched_file_and_agrees(regions: str) -> None:
    """Two years with money for every measure, every variable."""
    span = sd.TimeSpan(stop=2013)
    count = len(names("province", regions))
    money = {LEVER: np.full((count, 16), 0.002)}
    compiled = sd.simulate(system(regions), constants=money, time=span)
    pysd = sd.replay(system(regions), constants=money, time=span)
    for name in compiled.data_vars:
        peak = float(np.abs(compiled[name]).max())
        np.testing.assert_allclose(pysd[name], compiled[name], rtol=1e-9, atol=1e-12 * peak, err_msg=str(name))


def test_the_macro_regions_tell_the_nations_story_too() -> None:
    """Four regions out of means, not fitted: near the provinces' nation, and that is all."""
    for name, most in (("national population", 0.01), ("national urban share", 0.03), ("national GDP", 0.1)):
        np.testing.assert_allclose(baseline("macro")[name], baseline()[name], rtol=most, err_msg=name)


# --- order of the world -----------------------------------------------------------------------------------------------


def test_the_nation_grows_slower_and_slower_and_its_emissions_peak() -> None:
    growth = np.log(baseline()["national GDP"].sel(time=np.arange(2025.5, 2051))).diff("time")
    assert 0.005 < float(growth[-1]) < float(growth.sel(time=2035.5)) < float(growth[0]) < 0.06
    assert 2026 <= float(baseline()["national CO2"].idxmax("time")) <= 2035
    assert (np.diff(baseline()["national urban share"]) > 0).all()


def test_projections_of_others_hold_the_baseline() -> None:
    """Ranges seen in the literature for 2050; a model outside of them would have to say why."""
    last = baseline().sel(time=2051)
    assert 1270 < float(last["national population"]) < 1350  # UN 2022, low and high of the medium's revisions: 1,313
    assert 0.75 < float(last["national urban share"]) < 0.84
    assert 0.4 < float(last["national consumption share"]) < 0.65
    assert 1.2 < float(last["national income ratio"]) < 2.4


def test_no_province_leaves_the_world_that_is_known() -> None:
    """Output and incomes keep their order of magnitude, ratios their bounds, in each province until 2050."""
    later = baseline().sel(time=slice(2023, None))
    assert 0.9 < float(later["income ratio"].min()) < float(later["income ratio"].max()) < 3.3
    assert float(later["urban share"].max()) < 0.97
    assert float((later["GDP a head"] / later["national GDP a head"]).max()) < 4
    assert float((later["GDP a head"] / later["national GDP a head"]).min()) > 0.25
    assert float(later["housing burden"].max()) < 0.6
    assert 0.8 < float(later["utilization"].min()) < float(later["utilization"].max()) < 1.01


def test_what_the_nation_sells_abroad_stays_within_what_others_buy() -> None:
    """Net sales of all provinces are near the external demand of the file: below a tenth of output at all times."""
    abroad = baseline()["net sales"].sum("province") / baseline()["national GDP"]
    assert -0.03 < float(abroad.min()) < float(abroad.max()) < 0.08


def test_the_record_on_incomes_bears_all_three_closures() -> None:
    """Until the end of the record they are one model, but for education and land; in 2050 they are three."""
    runs = {case: run({"income closure": float(case)})["national income ratio"] for case in (1, 2, 3)}
    for found in runs.values():
        np.testing.assert_allclose(
            found.sel(time=slice(2011.5, 2022.5)), runs[2].sel(time=slice(2011.5, 2022.5)), rtol=0.06
        )
    ends = sorted(float(found[-1]) for found in runs.values())
    assert ends[-1] - ends[0] > 0.15


def test_cases_of_productivity_and_energy_differ_after_the_record_alone() -> None:
    for closure, outcome, order in (
        ("productivity closure", "national GDP", 1),
        ("energy closure", "national CO2", -1),
    ):
        runs = [run({closure: float(case)})[outcome] for case in (1, 2, 3)]
        record = slice(None, 2023.0)
        for found in runs:
            np.testing.assert_array_equal(found.sel(time=record), runs[0].sel(time=record))
        assert (np.diff([order * float(found[-1]) for found in runs]) > 0).all()


# --- the plans --------------------------------------------------------------------------------------------------------


PLANS = [HERE / "plan.toml", *sorted(HERE.glob("plans/*.toml"))]


@pytest.mark.parametrize("path", PLANS, ids=lambda path: str(path.stem))
def test_plans_are_for_the_model_and_its_lever(path: Path) -> None:
    plan = load_plan(path)
    assert plan.model == "common_prosperity"
    assert {lever.variable for lever in plan.levers} == {LEVER}


def test_beside_the_default_plan_stand_the_even_split_and_one_for_each_effect() -> None:
    assert {path.stem for path in PLANS} == {
        *("plan", "counties", "even_split", "growth", "culture", "ecology", "sharing")
    }


def test_an_even_split_of_the_budget_beats_the_baseline_and_gains_more_than_soft_goods() -> None:
    """What 5% of output brings by 2050: the index rises, also without soft goods."""
    found = run(money=spending(0.05))
    for name in ("national prosperity index", "national index without soft goods"):
        assert float(found[name].sel(time=2050.5)) > float(baseline()[name].sel(time=2050.5)) * 1.01, name


def test_today_s_spending_is_part_of_what_is_spent() -> None:
    """What measures stand for today is a part of a province's own budget, never more than all of it."""
    parts = baseline()["share of spending today"].sum("measure")
    assert 0.1 < float(parts.min()) < float(parts.max()) < 0.9

"""Runs as datasets: names, dimensions, times, attributes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from support.models import CONTROLS, loaded

import sd_models as sd

TEXT = """region: north, south, west ~~|
coast: north, west ~~|
sector: farms, mills ~~|
k[region, sector] = 1, 2; 3, 4; 5, 6; ~ person/Year [0, 9] ~ How many. |
s[coast] = INTEG(k[coast, farms], 0) ~ person ~|
late = SMOOTH(Time, 2) ~~|
fixed = 2 * 3 ~~|
table((0,0),(1,1)) ~~|
"""


def test_a_dataset_has_the_modellers_names_in_the_order_of_the_file(tmp_path: Path) -> None:
    """All variables but tables and what rewrites added; fixed ones repeat at every time."""
    run = sd.simulate(loaded(tmp_path, TEXT))
    own = ["k", "s", "late", "fixed"]
    assert list(run.data_vars) == [*own, "INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER"]
    assert run["k"].dims == ("time", "region", "sector")
    assert run["s"].dims == ("time", "coast")
    assert run["fixed"].values.tolist() == [6] * 9
    assert run["k"].isel(time=3).values.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert run["s"].sel(coast="west", time=4) == 20


def test_a_dataset_has_units_and_documentation(tmp_path: Path) -> None:
    """In the attributes that plots and files understand; the run's own beside them."""
    system = loaded(tmp_path, TEXT + "d = DELAY FIXED(Time, 0.7, 0) ~~|\n")
    run = sd.simulate(system)
    assert run["k"].attrs == {"units": "person/Year", "long_name": "How many."}
    assert run["late"].attrs == {"units": "", "long_name": ""}
    assert run.attrs == {"model": "case", "method": "euler", "notes": ["d: a fixed delay is rounded to 1 steps."]}


def test_a_dataset_has_the_elements_of_the_dimensions_that_it_shows(tmp_path: Path) -> None:
    """And no others."""
    run = sd.simulate(loaded(tmp_path, TEXT), outputs=["s"])
    assert set(run.coords) == {"time", "coast"}
    assert run["coast"].values.tolist() == ["north", "west"]


def test_outputs_that_are_named_stand_alone(tmp_path: Path) -> None:
    """In the order of the file, whatever their spelling; what a rewrite added behind them."""
    run = sd.simulate(loaded(tmp_path, TEXT), outputs=["late: smooth", "FIXED", "s"])
    assert list(run.data_vars) == ["s", "fixed", "late: SMOOTH"]
    assert list(sd.simulate(loaded(tmp_path, TEXT), outputs="late").data_vars) == ["late"]
    assert list(sd.simulate(loaded(tmp_path, TEXT), outputs=[]).data_vars) == []


def test_only_saved_times_are_shown(tmp_path: Path) -> None:
    """The values are those of a run that saves all."""
    system = loaded(tmp_path, TEXT)
    every = sd.simulate(system)
    some = sd.simulate(system, time=sd.TimeSpan(save_every=1.5))
    assert some["time"].values.tolist() == [0, 1.5, 3]
    xr.testing.assert_equal(some["s"], every["s"].sel(time=[0, 1.5, 3]))


def test_a_batch_has_runs_first(tmp_path: Path) -> None:
    """Fixed variables too."""
    batch = sd.simulate(
        loaded(tmp_path, TEXT),
        constants={"k": xr.DataArray(np.ones((2, 3, 2)), dims=("run", "r", "c")).rename(r="region", c="sector")},
    )
    assert batch["s"].dims == ("run", "time", "coast")
    assert batch["fixed"].shape == (2, 9)


def test_a_dimension_that_is_called_like_something_else_is_labelled(tmp_path: Path) -> None:
    """Variables go before dimensions, and so do the dimensions that all results have."""
    text = "time: t1, t2 ~~|\nrun: r1 ~~|\nzone: z1 ~~|\nzone = 1 ~~|\nx[time, run, zone] = 1 ~~|"
    run = sd.simulate(loaded(tmp_path, text))
    assert run["x"].dims == ("time", "time (subscript)", "run (subscript)", "zone (subscript)")
    assert run["time (subscript)"].values.tolist() == ["t1", "t2"]


def test_a_run_that_ends_early_shows_what_there_was(tmp_path: Path) -> None:
    """FINAL TIME may follow from the run."""
    controls = CONTROLS.replace("FINAL TIME = 4", "FINAL TIME = 4 - x")
    run = sd.simulate(loaded(tmp_path, "x = INTEG(1, 0) ~~|", controls=controls))
    assert run["time"].values.tolist() == [0, 0.5, 1, 1.5, 2]
    assert run["x"].values.tolist() == [0, 0.5, 1, 1.5, 2]


def test_outputs_that_are_named_end_where_the_whole_run_ends(tmp_path: Path) -> None:
    """So FINAL TIME is among them where it moves, and of a batch the longest run counts."""
    controls = CONTROLS.replace("FINAL TIME = 4", "Final Time = 4 - x")
    system = loaded(tmp_path, "x = INTEG(speed, 0) ~~|\nspeed = 1 ~~|", controls=controls)
    run = sd.simulate(system, outputs=["x"])
    assert list(run.data_vars) == ["x", "Final Time"]
    assert run["time"].values[-1] == 2
    batch = sd.simulate(system, constants={"speed": xr.DataArray([3.0, 0.5, 1.0], dims="run")})
    assert batch["time"].values[-1] == 3

"""Runs that are not numbers: the first variable, its element and time; and models that say that values are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support.models import faults, loaded

import sd_models as sd
from sd_models.errors import Fault, SimulationError

RANGES = "region: north, south, west ~~|\ncoast: north, west ~~|\nk[region] = 0, 1, 2 ~~|\n"
ADVICE = "Look for a division by zero, a logarithm or root of a negative number, or overflow; ZIDZ divides safely."


@pytest.mark.parametrize(
    ("text", "line", "variable", "found"),
    [
        ("x = 1 / (Time - 2) ~~|", 4, "x", "x is infinite at time 2."),
        ("x = LN(0.7 - Time) ~~|", 4, "x", "x is not a number at time 1."),
        ("x = SQRT(1.6 - Time) ~~|", 4, "x", "x is not a number at time 2."),
        ("x = (1.6 - Time) ^ 0.5 ~~|", 4, "x", "x is not a number at time 2."),
        ("x = EXP(1000 * Time) ~~|", 4, "x", "x is infinite at time 1."),
        ("x = ARCSIN(Time) ~~|", 4, "x", "x is not a number at time 1.5."),
        ("x = 1 / 0 ~~|\ny = x * Time ~~|", 4, "x", "x is infinite at time 0."),
        ("x = 0 / 0 ~~|", 4, "x", "x is not a number at time 0."),
        ("y[region] = 1 / (k[region] - 1) ~~|", 4, "y", "y[south] is infinite at time 0."),
        ("y[region] = 1 / (k[region] - Time) ~~|", 4, "y", "y[north] is infinite at time 0."),
        ("y[region] = LN(1.2 + k[region] - Time) ~~|", 4, "y", "y[north] is not a number at time 1.5."),
        ("z[region, coast] = 1 / (k[region] + k[coast] - 4) ~~|", 4, "z", "z[west, west] is infinite at time 0."),
        ("s = INTEG(1, 0 / 0) ~~|", 4, "s", "s is not a number at time 0."),
        ("s = INTEG(1 / (2 - s), 0) ~~|\n", 4, "s", None),
        ("x = s + y ~~|\ny = 2 * z ~~|\nz = LN(-s) ~~|\ns = INTEG(x, 1) ~~|", 6, "z", "z is not a number at time 0."),
        ("x = INTEG(z, 0) ~~|\nz = 1 / (Time - 1) ~~|", 5, "z", "z is infinite at time 1."),
    ],
)
def test_a_run_that_is_no_number_says_where_it_began(
    tmp_path: Path, text: str, line: int, variable: str, found: str | None
) -> None:
    """The first variable in the order of evaluation, at the first time, with its element."""
    system = loaded(tmp_path, RANGES + text)
    if found is None:
        assert np.isfinite(sd.simulate(system)["s"]).all()
        return
    expected = Fault(found, variable, "case.mdl", line, ADVICE)
    assert faults(SimulationError, lambda: sd.simulate(system)) == (expected,)


def test_the_cause_is_found_though_it_is_no_output(tmp_path: Path) -> None:
    """And though the output is not the first that it spoils."""
    system = loaded(tmp_path, "x = INTEG(y, 0) ~~|\ny = z + 1 ~~|\nz = 1 / (Time - 1) ~~|")
    (fault,) = faults(SimulationError, lambda: sd.simulate(system, outputs=["x"]))
    assert (fault.variable, fault.line) == ("z", 3)
    assert fault.found.startswith("z is infinite at time 1")


def test_of_a_batch_the_first_run_that_fails_is_told(tmp_path: Path) -> None:
    """With its own inputs."""
    system = loaded(tmp_path, "x = 1 / (a - Time) ~~|\na = 9 ~~|")
    batch = xr.DataArray([9.0, 3.0, 1.0], dims="run")
    (fault,) = faults(SimulationError, lambda: sd.simulate(system, constants={"a": batch}))
    assert fault.found == "x is infinite at time 3."


def test_what_an_unused_branch_or_another_output_holds_does_not_matter(tmp_path: Path) -> None:
    """Only what is asked for must be a number."""
    system = loaded(tmp_path, "x = IF THEN ELSE(Time > 2, 1 / (Time - 2), 5) ~~|\ny = LN(-1) ~~|")
    assert np.isfinite(sd.simulate(system, outputs=["x"])["x"]).all()
    assert faults(SimulationError, lambda: sd.simulate(system))[0].variable == "y"


# --- missing values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "x[region] = k[region] ~~|\ny[coast] = 1 ~~|\nz[region] :EXCEPT: [south] = 5 ~~|\nw = SUM(z[region!]) ~~|",
        "x ~~|\ny = x * 2 ~~|",
    ],
)
def test_where_the_model_says_that_values_are_missing_a_run_goes_on(tmp_path: Path, text: str) -> None:
    """By gaps in data and elements without equation; also through what follows from them."""
    (tmp_path / "v.csv").write_text("Time,x\n0,\n4,\n", encoding="utf-8")
    run = sd.simulate(loaded(tmp_path, RANGES + text, data=[tmp_path / "v.csv"]))
    assert any(np.isnan(run[name]).any() for name in run.data_vars)


def test_what_does_not_follow_from_a_missing_value_must_be_a_number(tmp_path: Path) -> None:
    """And infinity is never missing."""
    missing = f"{RANGES}x[region] :EXCEPT: [south] = 1 ~~|\n"
    system = loaded(tmp_path, f"{missing}y = SUM(x[region!]) + 1 ~~|\nz = LN(-Time) ~~|")
    assert faults(SimulationError, lambda: sd.simulate(system))[0].variable == "z"
    system = loaded(tmp_path, f"{missing}y[region] = x[region] / (Time - 1) ~~|")
    assert faults(SimulationError, lambda: sd.simulate(system))[0].found.endswith("is infinite at time 1.")


def test_a_missing_value_can_be_asked_for(tmp_path: Path) -> None:
    """It is a number, -2^109, as in Vensim: it equals itself and is less than others; PySD's equals nothing."""
    text = "x = :NA: ~~|\ny = IF THEN ELSE(x = :NA:, 1, 2) ~~|\nz = IF THEN ELSE(x < 0, 1, 2) ~~|\nw = MAX(x, 3) ~~|"
    run = sd.simulate(loaded(tmp_path, text))
    assert [float(run[name][0]) for name in "xyzw"] == [-(2.0**109), 1, 1, 3]


def test_raw_data_is_na_between_its_points(tmp_path: Path) -> None:
    """So a model can ask whether there is a value; the replay has the same and says so."""
    (tmp_path / "v.csv").write_text("t,0,2,3\nv,1,,4\n", encoding="utf-8")
    text = "d :RAW: := GET DIRECT DATA('v.csv', ',', '1', 'B2') ~~|\ny = IF THEN ELSE(d = :NA:, 0, d) ~~|"
    system = loaded(tmp_path, text)
    ours, theirs = sd.simulate(system), sd.replay(system)
    assert ours["y"].to_numpy().tolist() == [1, 0, 0, 0, 0, 0, 4, 0, 0]
    np.testing.assert_array_equal(ours["y"], theirs["y"])
    np.testing.assert_array_equal(ours["d"], theirs["d"])
    assert any("-2^109" in note for note in theirs.attrs["notes"])

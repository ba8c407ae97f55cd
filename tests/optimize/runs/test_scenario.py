"""A scenario is a model with other constants, levers and times; both engines run it alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from support.models import loaded

from optimize.command_line.requests import Engine
from optimize.files.names import Part
from optimize.runs.comparison import largest_gap
from optimize.runs.scenario import Setting, open_model, read_scenario, run_scenario, setting
from sd_models.dynamics.timing import TimeSpan
from sd_models.errors import InvalidRequest, UnsupportedFunction


def run(model: Path, engine: Engine = Engine.NATIVE, **given: Any) -> xr.Dataset:
    """The run of a scenario."""
    scenario = read_scenario(str(model), **given)
    return run_scenario(scenario, engine, open_model(scenario, engine))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("loss rate=0.2", Setting(Part("loss rate"), 0.2)),
        ("inflow[ north ] = -1e3", Setting(Part("inflow", ("north",)), -1000.0)),
        ("a=b=3", Setting(Part("a=b"), 3.0)),
    ],
)
def test_a_setting_is_a_name_and_a_number(text: str, expected: Setting) -> None:
    """The value stands behind the last equals sign."""
    assert setting(text) == expected


@pytest.mark.parametrize(
    "text", ["loss rate", "=3", "", "loss rate=", "loss rate=much", "loss rate=inf", "loss rate=nan"]
)
def test_a_setting_without_name_or_number_is_refused(text: str) -> None:
    """Infinity and NaN are no values of constants."""
    with pytest.raises(InvalidRequest):
        setting(text)


def test_settings_change_constants_and_single_elements(lakes_file: Path) -> None:
    """Other elements keep their values, and a later setting goes before an earlier one."""
    found = run(lakes_file, settings=["inflow=1", "inflow[coast]=2", "INFLOW[East]=3", "first_water=0"])
    assert found["inflow"].isel(time=0).values.tolist() == [1, 2, 3]
    assert found["water"].isel(time=0).values.tolist() == [0, 0, 0]
    kept = run(lakes_file, settings=["inflow[east]=3"])
    assert kept["inflow"].isel(time=0).values.tolist() == [4, 6, 3]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("los rate=1", "Did you mean 'loss rate'"),
        ("inflow[nort]=1", "Did you mean 'north'"),
        ("loss rate[north]=1", "has 0 dimensions"),
        ("water=1", "is a stock"),
        ("loss[north]=1", "changes during the run"),
    ],
)
def test_settings_that_make_no_sense_are_refused(lakes_file: Path, text: str, told: str) -> None:
    """A stock has no one value, and an element of a formula cannot be frozen while the others move."""
    with pytest.raises(InvalidRequest) as error:
        run(lakes_file, settings=[text])
    assert told in str(error.value)


def test_both_engines_run_a_scenario_alike(lakes_file: Path, tmp_path: Path) -> None:
    """Constants, single elements, a policy and another time span."""
    policy = tmp_path / "policy.csv"
    policy.write_text("time,inflow[north]\n1,20\n2.5,0\n", encoding="utf-8")
    settings = ["loss rate=0.3", "inflow[east]=1"]
    time = TimeSpan(stop=5.0, step=0.5)
    one, symbolic, other = (run(lakes_file, engine, settings=settings, policy=policy, time=time) for engine in Engine)
    assert largest_gap(one, other).small
    assert largest_gap(symbolic, other).small
    assert one["inflow"].sel(region="north").values.tolist() == [4, 4, 20, 20, 20, *[0.0] * 6]
    assert any("before 1 " in note for note in one.attrs["notes"])


def test_a_policy_sees_the_constants_that_are_set(lakes_file: Path, tmp_path: Path) -> None:
    """Where the policy leaves a lever alone, it has the value that was set, not the file's."""
    policy = tmp_path / "policy.csv"
    policy.write_text("time,inflow[north]\n2,20\n", encoding="utf-8")
    found = run(lakes_file, settings=["inflow=1"], policy=policy)
    assert found["inflow"].sel(region="north").values.tolist() == [1, 1, 20, 20, 20]
    assert found["inflow"].sel(region="east").values.tolist() == [1] * 5


def test_outputs_limit_what_is_returned(lakes_file: Path) -> None:
    """Only the variables named."""
    scenario = read_scenario(str(lakes_file))
    for engine in Engine:
        found = run_scenario(scenario, engine, open_model(scenario, engine), outputs=["total water"])
        assert list(found.data_vars) == ["total water"]


def test_what_cannot_be_compiled_runs_in_pysd(folder: Path) -> None:
    """Whole variables can be set there; single elements and policies need the compiled model."""
    model = folder / "allocated.mdl"
    with pytest.raises(UnsupportedFunction):
        run(model)
    found = run(model, Engine.PYSD, settings=["supply=2"])
    assert np.isclose(found["shipments"].isel(time=0).sum(), 2.0)
    with pytest.raises(UnsupportedFunction):
        run(model, Engine.PYSD, settings=["request[a]=2"])


def test_a_run_of_one_time_is_noted(lakes_file: Path) -> None:
    """A start after the end is more likely a slip than a wish."""
    assert any("one time only" in note for note in run(lakes_file, time=TimeSpan(start=9.0)).attrs["notes"])


@pytest.mark.parametrize("engine", [Engine.NATIVE, Engine.PYSD])
@pytest.mark.parametrize(
    ("limits", "value", "told"),
    [
        ("[1,3,1]", 9, "1 to 3"),
        ("[1,3]", 0, "1 to 3"),
        ("[1,?]", 0, "at least 1"),
        ("[?,3]", 4, "at most 3"),
        ("[1,3,1]", 3, ""),
        ("[?,?]", 9, ""),
        ("", 9, ""),
    ],
)
def test_a_value_outside_the_range_of_the_model_is_noted(
    tmp_path: Path, engine: Engine, limits: str, value: int, told: str
) -> None:
    """It runs all the same: a range is that of a slider. Elements count like all of a variable."""
    lines = f"side: left, right ~~|\n case[side] = 1, 2 ~ Dmnl {limits} ~|\n x = SUM(case[side!]) ~~|\n"
    system = loaded(tmp_path, lines)
    found = run(tmp_path / "case.mdl", engine, settings=[f"case[left]={value}"])
    assert float(found["x"][0]) == value + 2
    said = [note for note in found.attrs["notes"] if "range" in note]
    whole = f"case[left] = {value} is outside the range that the model gives it: {told}."
    assert said == ([whole] if told else [])
    assert system["case"].outside(2) == ""

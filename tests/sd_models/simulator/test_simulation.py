"""Runs: what they give, how inputs move them, and batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.models import faults, loaded

import sd_models as sd
from sd_models.errors import InvalidRequest
from sd_models.system.model import Kind, System

TEXT = """region: north, south ~~|
k[region] = 1, 2 ~~|
tax = 0.5 ~~|
moving = Time * 2 ~~|
table((0,0),(2,3),(9,5)) ~~|
s[region] = INTEG(k[region] * (1 - tax) - s[region] / 4 + late, k[region] * 2) ~~|
late = DELAY FIXED(SUM(s[region!]), 1, 3) ~~|
smooth[region] = SMOOTH3(s[region], 2) ~~|
read[region] = table(s[region]) + moving ~~|
capped = INTEG(IF THEN ELSE(capped > 2, 0, tax), 1) ~~|
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> System:
    return loaded(tmp_path_factory.mktemp("model"), TEXT)


@pytest.fixture(scope="module")
def simulator(system: System) -> sd.Simulator:
    return sd.compile(system, levers=["tax"], constants=["k"], initial=["s", "capped"])


def by_hand(k: float, tax: list[float], start: float, late: list[float]) -> list[float]:
    """Euler's method for s, written out."""
    values = [start]
    for rate, inflow in zip(tax, late, strict=True):
        values.append(values[-1] + 0.5 * (k * (1 - rate) - values[-1] / 4 + inflow))
    return values


# --- one run ----------------------------------------------------------------------------------------------------------


def test_a_run_is_eulers_method(system: System) -> None:
    """Step by step, with the step of the file."""
    run = sd.simulate(system)
    late = run["late"].to_numpy()[:-1]
    for i, k in enumerate((1, 2)):
        expected = by_hand(k, [0.5] * 8, 2 * k, list(late))
        np.testing.assert_allclose(run["s"].isel(region=i), expected, rtol=1e-14)
    assert run["late"].values[:2].tolist() == [3, 3]
    assert run["late"].values[2:].tolist() == run["s"].sum("region").values[:-2].tolist()


def test_a_compiled_model_runs_as_the_system(system: System, simulator: sd.Simulator) -> None:
    """Without inputs, with inputs, and again after other inputs."""
    xr.testing.assert_identical(simulator.run(), sd.simulate(system))
    path = np.linspace(0, 1, 9)
    given_all = {"levers": {"tax": path}, "constants": {"k": [3.0, 4.0]}, "initial": {"s": [1.0, 5.0]}}
    xr.testing.assert_allclose(simulator.run(**given_all), sd.simulate(system, **given_all), rtol=1e-14)
    xr.testing.assert_identical(simulator.run(), sd.simulate(system))


def test_a_lever_holds_over_each_step(system: System) -> None:
    """Its last value moves nothing any more, but is what the run shows."""
    path = np.linspace(0, 1, 9)
    run = sd.simulate(system, levers={"tax": path})
    assert run["tax"].values.tolist() == path.tolist()
    expected = by_hand(2, list(path[:-1]), 4, list(run["late"].to_numpy()[:-1]))
    np.testing.assert_allclose(run["s"].sel(region="south"), expected, rtol=1e-14)


def test_a_lever_may_take_the_place_of_an_equation(system: System) -> None:
    """And so may a constant; the rest follows."""
    run = sd.simulate(system, levers={"moving": 10 + np.arange(9.0)}, constants={"late": 1})
    assert run["moving"].values.tolist() == [10, 11, 12, 13, 14, 15, 16, 17, 18]
    assert run["late"].values.tolist() == [1] * 9
    np.testing.assert_allclose(run["s"].isel(region=0), by_hand(1, [0.5] * 8, 2, [1] * 8), rtol=1e-14)


def test_an_initial_value_is_that_of_the_stock_alone(system: System) -> None:
    """What starts from the same expression starts where it did; a smooth starts from its input."""
    run = sd.simulate(system, initial={"s": [10, 20]}).isel(time=0)
    assert run["s"].values.tolist() == [10, 20]
    assert run["smooth"].values.tolist() == [10, 20]
    assert run["k"].values.tolist() == [1, 2]


def test_a_constant_moves_the_initial_values_that_follow_from_it(system: System) -> None:
    """As in the file."""
    assert sd.simulate(system, constants={"k": [3, 4]})["s"].isel(time=0).values.tolist() == [6, 8]


def test_other_outputs_are_the_same_run(system: System) -> None:
    """Whatever is asked for; what only rewrites know can be asked for too."""
    whole = sd.simulate(system)
    for name in ("s", "capped", "late", "read"):
        xr.testing.assert_identical(sd.simulate(system, outputs=[name])[name], whole[name])
    chain = sd.simulate(system, outputs=["smooth: SMOOTH"])["smooth: SMOOTH"]
    np.testing.assert_array_equal(chain.isel({chain.dims[1]: -1}), whole["smooth"])


def test_another_time_span_is_another_run(system: System) -> None:
    """Delays are as long as before, in smaller steps."""
    run = sd.simulate(system, time=sd.TimeSpan(step=0.25, save_every=1))
    assert run["time"].values.tolist() == [0, 1, 2, 3, 4]
    assert run["late"].values[:2].tolist() == [3, sd.simulate(system)["s"].isel(time=0).sum()]
    simulator = sd.compile(system, time=sd.TimeSpan(step=0.25))
    assert len(simulator.times) == 17


def test_a_simulator_knows_its_system(system: System, simulator: sd.Simulator) -> None:
    """As it was given."""
    assert simulator.system is system


# --- batches ----------------------------------------------------------------------------------------------------------

NUMBERS = st.floats(-3, 3)
PATHS = st.lists(NUMBERS, min_size=9, max_size=9)
RUNS = st.lists(st.tuples(PATHS, st.tuples(NUMBERS, NUMBERS), NUMBERS), min_size=1, max_size=4)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RUNS)
def test_a_batch_is_its_runs_side_by_side(
    simulator: sd.Simulator, runs: list[tuple[list[float], tuple[float, float], float]]
) -> None:
    """To the last bit, with every input different in every run."""
    paths, constants, starts = (np.array(part) for part in zip(*runs, strict=True))
    batch = simulator.run(
        levers={"tax": xr.DataArray(paths, {"time": simulator.times}, ("run", "time"))},
        constants={"k": xr.DataArray(constants, dims=("run", "region"))},
        initial={"capped": xr.DataArray(starts, dims="run")},
    )
    for i, (path, constant, start) in enumerate(runs):
        alone = simulator.run(levers={"tax": path}, constants={"k": constant}, initial={"capped": start})
        xr.testing.assert_identical(batch.isel(run=i), alone)


def test_a_batch_needs_no_simulator(system: System) -> None:
    """Constants that are the same for all runs stand beside those that differ."""
    batch = sd.simulate(system, constants={"tax": xr.DataArray([0.1, 0.2], dims="run"), "k": [5, 6]})
    alone = sd.simulate(system, constants={"tax": 0.2, "k": [5, 6]})
    xr.testing.assert_allclose(batch.isel(run=1), alone, rtol=1e-14)


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_values", "found"),
    [
        ({"levers": {"s": 1}}, "'s' is a stock; expected constant or auxiliary or data."),
        ({"levers": {"table": 1}}, "'table' is a table; expected constant or auxiliary or data."),
        ({"constants": {"s": 1}}, "'s' is a stock; a constant value cannot stand for it."),
        ({"initial": {"k": 1}}, "'k' is a constant; expected stock or sample."),
        ({"levers": {"taxes": 1}}, "there is no variable 'taxes'."),
        ({"outputs": ["s", "table"]}, "'table' is a table; it has no value of its own in a run."),
        ({"outputs": ["r"]}, "there is no variable 'r'."),
        ({"levers": {"TIME STEP": 1}}, "'TIME STEP' sets the time points of a run, so it cannot be an input"),
    ],
)
def test_what_cannot_be_given_or_asked_is_refused(system: System, given_values: dict[str, object], found: str) -> None:
    """By the role that a variable can take."""
    (fault,) = faults(InvalidRequest, lambda: sd.simulate(system, **given_values))  # type: ignore[arg-type]
    assert fault.found.startswith(found)
    assert fault.file == "case"


def test_no_run_changes_the_system(system: System) -> None:
    """Systems are values."""
    before = dict(system.variables)
    sd.simulate(system, constants={"k": 3}, levers={"moving": 1}, time=sd.TimeSpan(stop=1))
    assert system.variables == before
    assert system["k"].kind is Kind.CONSTANT


def test_a_model_without_stocks_or_steps_runs(tmp_path: Path) -> None:
    """Every time has its own values."""
    run = sd.simulate(loaded(tmp_path, "x = Time * 2 ~~|"))
    assert run["x"].values.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert sd.simulate(loaded(tmp_path, "x = INTEG(1, 5) ~~|"), time=sd.TimeSpan(stop=0))["x"].values.tolist() == [5]

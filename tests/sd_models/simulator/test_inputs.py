"""What is given to a run: values in every form that people have them in."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.models import faults, loaded

import sd_models as sd
from sd_models.errors import InvalidRequest
from sd_models.simulator.inputs import Value

TEXT = """region: north, south, west ~~|
sector: farms, mills ~~|
coast: north, west ~~|
k[region] = 1, 2, 3 ~~|
tax = 2 ~~|
tax rate[region] = tax + 1 ~~|
m[region, sector] = 1, 2; 3, 4; 5, 6; ~~|
moving = Time * tax ~~|
flow[region] = k[region] * tax + SUM(m[region, sector!]) + moving ~~|
s[region] = INTEG(flow[region], k[region]) ~~|
late = SMOOTHI(moving, 2, 5) ~~|
table((0,0),(9,9)) ~~|
read = table(tax) ~~|
sector = 7 ~~|
"""
LEVERS, CONSTANTS = ("tax", "m"), ("k", "moving")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> sd.Simulator:
    """Levers tax and m, constants k and moving, and the initial value of s."""
    system = loaded(tmp_path_factory.mktemp("model"), TEXT)
    return sd.compile(system, levers=LEVERS, constants=CONSTANTS, initial=["s", "late: SMOOTH"])


def labelled(values: object, region: list[str]) -> xr.DataArray:
    """A value with a name for each element."""
    return xr.DataArray(values, {"region": region}, ("region",))


def held(values: object, times: object) -> xr.DataArray:
    """A path that holds each value from its time on."""
    return xr.DataArray(values, {"time": times}, ("time",))


# --- constants and initial values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        [4, 5, 6],
        (4.0, 5.0, 6.0),
        np.array([4, 5, 6]),
        xr.DataArray([4, 5, 6], dims="region"),
        labelled([6, 4, 5], ["west", "north", "south"]),
        labelled([4, 5, 6], ["north", "south", "west"]).assign_coords(time=3, note="x"),
    ],
)
def test_an_array_is_given_in_order_or_by_names(simulator: sd.Simulator, value: Value) -> None:
    """Lists, tuples, arrays, and DataArrays whose names say which number is whose; other coordinates do not matter."""
    assert simulator.inputs(constants={"K": value}).constants[:3, 0].tolist() == [4, 5, 6]
    assert simulator.inputs(initial={"s": value}).initials[:3, 0].tolist() == [4, 5, 6]
    assert simulator.run(constants={"k": value})["k"].isel(time=-1).values.tolist() == [4, 5, 6]


@pytest.mark.parametrize("value", [4, 4.0, np.float32(4), np.array(4), xr.DataArray(4), True + 3])
def test_one_number_is_for_every_element(simulator: sd.Simulator, value: Value) -> None:
    """Of whatever type."""
    assert simulator.inputs(constants={"k": value}).constants[:3, 0].tolist() == [4, 4, 4]


def test_dimensions_stand_in_any_order(simulator: sd.Simulator) -> None:
    """Also under the label that a result gives to a dimension that is called like a variable."""
    array = np.arange(6.0).reshape(3, 2)
    for value in (
        xr.DataArray(array, dims=("region", "sector")),
        xr.DataArray(array.T, dims=("sector", "region")),
        xr.DataArray(array, dims=("region", "sector (subscript)")),
    ):
        assert simulator.inputs(levers={"m": value}).levers[1:, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_results_can_be_given_back(simulator: sd.Simulator) -> None:
    """The value at a time as constant, the whole trajectory as lever."""
    run = simulator.run()
    assert run["m"].dims == ("time", "region", "sector (subscript)")
    again = simulator.run(levers={"m": run["m"] * 1, "tax": run["tax"]}, constants={"k": run["k"].isel(time=0)})
    xr.testing.assert_identical(again, run)


def test_what_is_not_given_keeps_the_models_own_value(simulator: sd.Simulator) -> None:
    """Numbers, and for a constant in place of an equation its value at the first time; for a lever its whole path."""
    inputs = simulator.inputs()
    assert inputs.constants[:, 0].tolist() == [1, 2, 3, 0]
    assert inputs.initials[:, 0].tolist() == [1, 2, 3, 5]
    assert inputs.levers[0].tolist() == [2.0] * 9
    moving = sd.compile(simulator.system, levers=["moving", "tax rate"]).inputs().levers
    assert moving[0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert moving[1:, 0].tolist() == [3, 3, 3]


# --- paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (3, [3] * 9),
        (np.arange(9.0), [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (np.arange(8.0), [0, 1, 2, 3, 4, 5, 6, 7, 7]),
        (held([1.0, 5.0], [0, 2]), [1, 1, 1, 1, 5, 5, 5, 5, 5]),
        (held([1.0, 5.0, 9.0], [-10, 1.9, 400]), [1, 1, 1, 1, 5, 5, 5, 5, 5]),
        (held([1.0], [0]), [1] * 9),
        (held([1.0, 5.0], [0, 0.5 + 1e-12]), [1, 5, 5, 5, 5, 5, 5, 5, 5]),
    ],
)
def test_a_lever_takes_a_path(simulator: sd.Simulator, value: Value, path: list[float]) -> None:
    """A number, a value for each time or each step, or values that hold from their own times on."""
    assert simulator.inputs(levers={"tax": value}).levers[0].tolist() == path


def test_a_path_of_an_array_has_time_first(simulator: sd.Simulator) -> None:
    """Named dimensions may stand in any order."""
    array = np.arange(9 * 6.0).reshape(9, 3, 2)
    expected = array.reshape(9, 6).T
    named = xr.DataArray(np.moveaxis(array, 0, 2), {"time": simulator.times}, ("region", "sector", "time"))
    for value in (array, named):
        np.testing.assert_array_equal(simulator.inputs(levers={"m": value}).levers[1:], expected)
    assert simulator.inputs(levers={"m": array[0]}).levers[1:, -1].tolist() == [0, 1, 2, 3, 4, 5]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0.01, 5), st.floats(-9, 9)), max_size=6), st.floats(-3, 0))
def test_a_value_holds_from_its_time_to_the_next(
    simulator: sd.Simulator, points: list[tuple[float, float]], first: float
) -> None:
    """At every time of the run, the last of the values whose time has come."""
    starts = np.cumsum([first, *(width for width, _ in points)])
    values = [0.0, *(value for _, value in points)]
    path = simulator.inputs(levers={"tax": held(values, starts)}).levers[0]
    expected = [values[int(np.flatnonzero(starts <= time + 4e-9)[-1])] for time in simulator.times]
    assert path.tolist() == expected


# --- batches ----------------------------------------------------------------------------------------------------------


def test_a_run_dimension_makes_a_batch(simulator: sd.Simulator) -> None:
    """What has none is the same for all runs; one run equals a run alone."""
    tax = xr.DataArray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], {"time": [0, 2]}, ("run", "time"))
    k = xr.DataArray(np.arange(9.0).reshape(3, 3), dims=("run", "region"))
    batch = simulator.inputs(levers={"tax": tax}, constants={"k": k, "moving": 4}, initial={"s": 7})
    assert batch.runs == 3
    for run in range(3):
        given_alone = {"tax": tax.isel(run=run)}, {"k": k.isel(run=run), "moving": 4}, {"s": 7}
        levers, constants, initial = given_alone
        alone = simulator.inputs(levers=levers, constants=constants, initial=initial)
        assert alone.runs is None
        one = batch.one(run, 9)
        np.testing.assert_array_equal(one.levers, alone.levers)
        np.testing.assert_array_equal(one.constants, alone.constants)
        np.testing.assert_array_equal(one.initials, alone.initials)


# --- faults -----------------------------------------------------------------------------------------------------------

RUNS = xr.DataArray(np.ones((2, 3)), dims=("run", "region"))


@pytest.mark.parametrize(
    ("role", "values", "found"),
    [
        ("constants", {"k": [1, 2]}, "the value for 'k' has shape (2,); expected one number or an array of shape (3,)"),
        ("constants", {"k": np.ones((9, 3))}, "the value for 'k' has shape (9, 3); expected one number"),
        ("constants", {"k": [1, np.nan, 2]}, "the value for 'k' holds NaN or infinity."),
        ("constants", {"k": np.inf}, "the value for 'k' holds NaN or infinity."),
        ("constants", {"k": "many"}, "the value for 'k' is no number and no array of numbers."),
        ("constants", {"k": [1, [2], 3]}, "the value for 'k' is no number and no array of numbers."),
        ("constants", {"k": 1j}, "the value for 'k' is no number and no array of numbers."),
        ("constants", {"k": 10**400}, "the value for 'k' is no number and no array of numbers."),
        ("constants", {"k": xr.DataArray([1, 2, 3], dims="sector")}, "the value for 'k' has the dimension 'sector'"),
        ("constants", {"k": held([1, 2], [0, 1])}, "the value for 'k' has the dimension 'time'; expected ('region',)."),
        ("constants", {"k": labelled([1, 2], ["north", "west"])}, "the value for 'k' has 'south' of 'region' 0 times."),
        (
            "constants",
            {"k": labelled([1, 2, 3, 4], ["north", "south", "west", "west"])},
            "the value for 'k' has 'west' of 'region' 2 times.",
        ),
        (
            "constants",
            {"k": labelled([1, 2, 3], ["North", "south", "west"])},
            "the value for 'k' has 'North', which is no element of 'region'.",
        ),
        ("constants", {"tax": 3}, "'tax' was not compiled as one of constants."),
        ("constants", {"mving": 3}, "there is no variable 'mving'."),
        ("initial", {"k": 3}, "'k' was not compiled as one of initial."),
        ("levers", {"tax": np.ones(7)}, "the value for 'tax' has shape (7,); expected one number"),
        ("levers", {"m": np.ones((9, 2, 3))}, "the value for 'm' has shape (9, 2, 3)"),
        ("levers", {"tax": np.full(9, np.nan)}, "the path of 'tax' holds NaN or infinity."),
        ("levers", {"tax": held([1.0, np.nan], [0, 99])}, "the path of 'tax' holds NaN or infinity."),
        ("levers", {"tax": held([1.0, 2.0], [1, 2])}, "the path of 'tax' starts at 1; expected ascending times from 0"),
        ("levers", {"tax": held([1.0, 2.0], [0, 0])}, "the path of 'tax' starts at 0; expected ascending times"),
        ("levers", {"tax": held([], [])}, "the path of 'tax' has no times; expected ascending times from 0 on."),
        ("levers", {"tax": xr.DataArray(np.ones(9), dims="time")}, "the path of 'tax' has no times"),
        ("levers", {"tax": held([1.0], ["now"])}, "the value for 'tax' is no number and no array of numbers."),
        (
            "levers",
            {"tax": RUNS.isel(region=0), "m": RUNS.isel(run=[0, 1, 1])[:, 0]},
            "the inputs are for 2 and 3 runs",
        ),
        ("levers", {"tax": RUNS[[], 0]}, "the inputs are for 0 runs; expected one number above 0."),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    simulator: sd.Simulator, role: str, values: dict[str, Value], found: str
) -> None:
    """With what was found and what is expected."""
    (fault,) = faults(InvalidRequest, lambda: simulator.inputs(**{role: values}))
    assert fault.found.startswith(found)
    assert fault.file == "case"


def test_an_input_that_was_not_compiled_says_how(simulator: sd.Simulator) -> None:
    """The advice can be copied."""
    (fault,) = faults(InvalidRequest, lambda: simulator.inputs(levers={"k": 1}))
    assert fault.advice == "Name it: sd.compile(system, levers=['k'])."


def test_a_misspelt_element_gets_the_nearest(simulator: sd.Simulator) -> None:
    """Elements are compared as they stand in results."""
    value = labelled([1, 2, 3], ["north", "sout", "west"])
    (fault,) = faults(InvalidRequest, lambda: simulator.inputs(constants={"k": value}))
    assert fault.advice == "Did you mean 'south'?"

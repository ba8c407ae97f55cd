"""Parameters are found in the model with bounds, start and prior, and all that do not fit are named at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optimize.calibration.parameters import parameters_of
from optimize.calibration.specification import Parameter
from sd_models.errors import InvalidRequest
from sd_models.system.model import System


def test_parameters_stand_side_by_side(system: System) -> None:
    """Whole variables and elements; limits of the model unless the file says otherwise; start from the model."""
    asked = [
        Parameter(name="Growth_Rate", upper=1.5),
        Parameter(name="capacity", without={"lake": ("north",)}, start=45.0, deviation=3.0),
        Parameter(name="first fish", where={"LAKE": ("north",)}, lower=1.0, prior=6.0, deviation=2.0),
        Parameter(name="first fish[south]"),
    ]
    found = parameters_of(system, asked)
    assert found.labels == ("growth rate", "capacity[south]", "first fish[north]", "first fish[south]")
    assert found.variables == ("growth rate", "capacity", "first fish")
    np.testing.assert_equal(found.lower, [0.05, 1, 1, 0.1])
    np.testing.assert_equal(found.upper, [1.5, 1000, 50, 50])
    np.testing.assert_equal(found.start, [0.6, 45, 5, 10])
    np.testing.assert_equal(found.prior, [np.nan, 40, 6, np.nan])
    arrays = found.arrays(system, np.array([1.0, 2.0, 3.0, 4.0]))
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "growth rate": 1.0,
        "capacity": [100.0, 2.0],
        "first fish": [3.0, 4.0],
    }


def test_elements_to_leave_out_may_be_those_of_another_folder(system: System) -> None:
    """They are noted, unless they look misspelt."""
    (note,) = parameters_of(system, [Parameter(name="capacity", without={"lake": ("Tibet", "north")})]).notes
    assert note == "capacity: without Tibet, which the model does not have."
    with pytest.raises(InvalidRequest, match="Did you mean 'north'"):
        parameters_of(system, [Parameter(name="capacity", without={"lake": ("norht",)})])


def test_sizes_of_parameters_without_bounds(system: System) -> None:
    """The distance of the bounds, else the standard deviation of the prior, else the start."""
    asked = [Parameter(name="capacity[north]"), Parameter(name="capacity[south]", deviation=7.0)]
    without = system.variables["capacity"]
    free = type(system)(
        **{
            **vars_of(system),
            "variables": {
                **system.variables,
                "capacity": type(without)(**{**vars_of(without), "limits": (None, None)}),
            },
        }
    )
    found = parameters_of(free, asked)
    assert np.isinf(found.upper).all()
    np.testing.assert_equal(found.size, [100, 7])


def vars_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass."""
    return {name: getattr(value, name) for name in type(value).__dataclass_fields__}


WRONG = {
    "unknown": ({"name": "grwth rate"}, "Did you mean 'growth rate'"),
    "element": ({"name": "capacity[nroth]"}, "Did you mean 'north'"),
    "stock": ({"name": "fish"}, "is a stock, no parameter"),
    "moving": ({"name": "growth"}, "not constant: it changes during a run"),
    "dimension": ({"name": "capacity", "where": {"sea": ("a",)}}, "no dimension 'sea'"),
    "nothing left": ({"name": "capacity", "without": {"lake": ("*",)}}, "leave none of its elements"),
    "start": ({"name": "growth rate", "start": 5.0}, "start = 5 is not within its bounds, 0.05 to 2"),
    "prior": ({"name": "growth rate", "prior": 5.0, "deviation": 1.0}, "prior = 5 is not within"),
    "own value": ({"name": "capacity", "upper": 50.0}, "capacity[north]"),
    "bounds": ({"name": "growth rate", "lower": 3.0}, "lower bound 3 is not below its upper bound 2"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_named(case: str, system: System) -> None:
    """With variable, element and the nearest name."""
    content, told = WRONG[case]
    with pytest.raises(InvalidRequest) as raised:
        parameters_of(system, [Parameter.model_validate(content)])
    assert told in str(raised.value)


def test_all_that_do_not_fit_are_named_at_once(system: System) -> None:
    """Also two entries for the same element."""
    contents = [content for content, _ in WRONG.values()]
    asked = [Parameter.model_validate(content) for content in [*contents, {"name": "depth"}, {"name": "depth"}]]
    with pytest.raises(InvalidRequest) as raised:
        parameters_of(system, asked)
    faults = [str(fault) for fault in raised.value.faults]
    assert all(any(told in fault for fault in faults) for _, told in WRONG.values())
    assert any('"depth": two entries' in fault for fault in faults)

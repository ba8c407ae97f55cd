"""Residuals are the definition's, and their Jacobian is that of difference quotients, forward as backward."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import sd_models as sd
from optimize.calibration.misfit import Misfit, Target
from optimize.calibration.parameters import Parameters, parameters_of
from optimize.calibration.specification import ObservedSeries, Parameter, Transform
from sd_models.errors import InvalidRequest, SimulationError
from sd_models.system.model import FloatArray, System

ASKED = (
    Parameter(name="growth rate", deviation=0.5),
    Parameter(name="capacity[south]"),
    Parameter(name="first fish", lower=1.0, upper=20.0),
)


def target(name: str, times: list[float], values: FloatArray, **series: object) -> Target:
    """A series with these observations."""
    asked = ObservedSeries.model_validate({"variable": name, **series})
    labels = tuple(f"{name}[{i}]" for i in range(values.shape[1]))
    return Target(asked, name, labels, np.array(times), values)


def misfit_of(system: System, parameters: Parameters) -> Misfit:
    """Fish as logarithms and all fish as levels, some between the steps, one missing."""
    fish = np.array([[5.0, 10.0], [20.0, np.nan], [90.0, 30.0]])
    targets = [
        target("fish", [0.0, 5.0, 12.1], fish, deviation=0.1, weight=4.0),
        target("all fish", [1.0, 7.6], np.array([[15.0], [60.0]]), transform=Transform.LEVEL, deviation=2.0),
        target("mean depth", [3.0], np.array([[3.3, 2.7]]), deviation=0.1),
    ]
    outputs = ["fish", "all fish", "mean depth"]
    return Misfit(sd.compile(system, constants=parameters.variables, outputs=outputs), parameters, targets)


@pytest.fixture
def misfit(system: System) -> Misfit:
    """The misfit of the small model."""
    return misfit_of(system, parameters_of(system, ASKED))


def test_residuals_follow_from_a_run(misfit: Misfit, system: System) -> None:
    """Each by its definition, from a run in another way; priors come last."""
    values = np.array([0.7, 44.0, 5.5, 9.0])
    constants = {"growth rate": 0.7, "capacity": [100.0, 44.0], "first fish": [5.5, 9.0]}
    run = sd.simulate(system, constants=constants, time=sd.TimeSpan(save_every=0.25))
    between = run.interp(time=[0, 5, 12.1, 1, 7.6])
    fish, total = between["fish"].to_numpy()[:3], between["all fish"].to_numpy()[3:]
    logs = 2 * np.log(fish.ravel()[[0, 1, 2, 4, 5]] / [5, 10, 20, 90, 30]) / 0.1
    levels = (total - [15, 60]) / 2
    depth = np.log(3 / np.array([3.3, 2.7])) / 0.1
    expected = [*logs, *levels, *depth, (0.7 - 0.6) / 0.5]
    np.testing.assert_allclose(misfit.residuals(values), expected, rtol=1e-9, atol=1e-12)
    assert len(misfit) == len(expected)


@pytest.mark.parametrize("direction", ["_forward", "_backward"])
def test_the_jacobian_is_that_of_difference_quotients(
    direction: str, misfit: Misfit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both directions."""
    monkeypatch.setattr(Misfit, "takes_forward", direction == "_forward")
    values = np.array([0.7, 44.0, 5.5, 9.0])
    found = misfit.jacobian(values)
    for place, step in enumerate(1e-6 * values):
        change = np.zeros(4)
        change[place] = step
        quotient = (misfit.residuals(values + change) - misfit.residuals(values - change)) / (2 * step)
        np.testing.assert_allclose(found[:, place], quotient, rtol=1e-6, atol=1e-7)


def test_few_residuals_take_the_adjoint(system: System) -> None:
    """The cheaper of the two ways."""
    parameters = parameters_of(system, [Parameter(name="capacity"), Parameter(name="first fish")])
    whole = misfit_of(system, parameters)
    assert whole.takes_forward
    one = Misfit(whole.simulator, parameters, [whole.targets[1].between(1, 1)])
    assert not one.takes_forward
    assert one.jacobian(parameters.start).shape == (1, 4)


def test_a_run_that_is_no_number_has_no_residuals(misfit: Misfit, system: System) -> None:
    """It is told by variable and time where somebody must know."""
    values = np.array([1e200, 44.0, 5.5, 9.0])
    assert not np.isfinite(misfit.residuals(values)).all()
    with pytest.raises(SimulationError, match="fish"):
        misfit.check(values)


def test_a_simulated_value_without_logarithm_is_told(system: System) -> None:
    """The variable, the time, and what to do."""
    parameters = parameters_of(system, [Parameter(name="growth rate")])
    simulator = sd.compile(system, constants=["growth rate"], outputs=["sign"])
    wrong = Misfit(simulator, parameters, [target("sign", [4.0, 8.0], np.array([[1.0], [1.0]]))])
    with pytest.raises(InvalidRequest, match=r"time 8 has no logarithm. Take transform = 'level'"):
        wrong.check(parameters.start)


def test_recent_observations_may_weigh_more(system: System) -> None:
    """A half-life before the last one, an observation weighs half."""
    parameters = parameters_of(system, [Parameter(name="growth rate")])
    simulator = sd.compile(system, constants=["growth rate"], outputs=["all fish"])
    values = np.full((3, 1), 30.0)
    plain, aged = (
        Misfit(simulator, parameters, [target("all fish", [0.0, 3.0, 6.0], values, **options)])
        for options in ({}, {"half_life": 3.0})
    )
    ratios = aged.residuals(parameters.start) ** 2 / plain.residuals(parameters.start) ** 2
    np.testing.assert_allclose(ratios, [0.25, 0.5, 1.0])


def test_deviations_have_a_default() -> None:
    """One per cent, of the size of a level."""
    values = np.array([[100.0], [-300.0]])
    level = target("all fish", [0.0, 1.0], values, transform=Transform.LEVEL)
    assert level.deviation == pytest.approx(2.0)
    assert replace(level, asked=ObservedSeries(variable="all fish")).deviation == pytest.approx(0.01)
